"""Checks for running several processes as one chat."""

from __future__ import annotations

from tornchat.hooks.calls import Hooks
from tornchat.model import Fault


def faults_of_workers(hooks: Hooks, workers: int) -> list[tuple[str, Fault]]:
    """Return faults, with plugin names, if `workers` processes can't share a chat. Raises `SettingsError`."""
    if workers == 1 or hooks.broadcast_scope() == "cluster":
        return []
    what = f"[server] workers is {workers}, but what is said in one process would not reach the others."
    cure = "Load redis in the place of this plugin ([tornchat] plugins), or set workers = 1."
    return [(hooks.provider("broadcast_scope"), Fault(what, cure))]
