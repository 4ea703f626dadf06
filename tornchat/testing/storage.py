"""The contract of storage and history, whole: rooms, storing, reading, and pruning."""

from __future__ import annotations

from tornchat.testing.history import HistoryContract
from tornchat.testing.pruning import PruningContract
from tornchat.testing.rooms import RoomsContract
from tornchat.testing.storing import StoringContract


class StorageContract(RoomsContract, StoringContract, HistoryContract, PruningContract):
    """Subclass it and write `make_plugin`: called twice with one `tmp_path`, it is one and the same place.

    Rooms and senders have names of their own in every test, so that a shared database will do.
    """

    roles = ("storage", "history")
