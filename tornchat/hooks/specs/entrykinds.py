"""The hook in which plugins declare kinds of entries."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.hooks.specs.promise import collect_now
from tornchat.kinds import EntryKind


@collect_now(role="kinds", deadline=1.0)
def entry_kinds() -> Sequence[EntryKind]:
    """Return the kinds of entries that the plugin brings. A plain function.

    Called once, when the plugins are loaded, before `startup`. The server does not start if the call fails,
    if two plugins declare a kind of one name, or if a kind has the name of a built-in one. `docs/kinds.md`
    shows a whole plugin.

    The functions `revise` and `check` of a kind are called on the event loop, for each draft and again when
    the target has changed meanwhile. They are pure: they read the target and the draft, and return what is to
    be stored. They must return at once. If one raises, returns something else than it should, or takes longer
    than the deadline of this hook, the draft is not stored, and its sender receives `unavailable`.
    """
