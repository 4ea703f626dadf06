"""What several processes of one chat need."""

from __future__ import annotations

from tornchat.hooks.calls import Hooks
from tornchat.model import Fault


def faults_of_workers(hooks: Hooks, workers: int) -> list[tuple[str, Fault]]:
    """Give (plugin, fault): why so many processes would not be one chat. Raises `SettingsError`."""
    if workers == 1 or hooks.broadcast_scope() == "cluster":
        return []
    what = f"[server] workers is {workers}, but what is said in one process would not reach the others."
    cure = "Load redis in the place of this plugin ([tornchat] plugins), or set workers = 1."
    return [(hooks.provider("broadcast_scope"), Fault(what, cure))]
