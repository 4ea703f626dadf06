"""Faults of plugins."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """A problem that keeps the server from working, and how to correct it.

    With `warning`, the server works, but possibly not as intended: `tornchat check` shows it and succeeds.
    """

    what: str
    cure: str
    warning: bool = False
