"""The complete contract of storage and history: rooms, storing, changing, streaming, reading and pruning."""

from __future__ import annotations

from tornchat.testing.changing import ChangingContract
from tornchat.testing.history import HistoryContract
from tornchat.testing.marking import MarkingContract
from tornchat.testing.pruning import PruningContract
from tornchat.testing.rooms import RoomsContract
from tornchat.testing.storing import StoringContract
from tornchat.testing.streaming import StreamingContract
from tornchat.testing.threads import ThreadsContract
from tornchat.testing.typed import TypedContract


class StorageContract(
    RoomsContract,
    StoringContract,
    ChangingContract,
    ThreadsContract,
    MarkingContract,
    StreamingContract,
    TypedContract,
    HistoryContract,
    PruningContract,
):
    """Tests of a storage plugin. Subclass it and define `make_plugin`.

    Calls of `make_plugin` with the same `tmp_path` must use the same storage. The tests use unique names for
    rooms and senders, so that they may share a database.
    """

    roles = ("storage", "history")
