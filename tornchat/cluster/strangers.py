"""Detection of nodes that write to the same storage, but that the broadcast does not connect with this one.

So do two servers without a broadcast on one database, or two clusters with different ones: what is said on
one side reaches the members of the other after seconds, moderation likewise, and nobody notices the cause.

An id of a draft tells the node that made it. Nodes say hello on the broadcast, so that each knows the others
of its cluster. A node whose fresh entries are found in the log again and again, and of which no payload was
ever received, is a stranger. A node that was heard once never is, whatever happens to the broadcast later.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeVar

from tornchat.model import Entry

Value = TypeVar("Value")

HELLO_SECONDS = 10.0
"""Interval at which a node says hello."""
SPAN_SECONDS = 60.0
"""How long entries of a node must be found, so that one that is ending, or has just begun, is no stranger."""
MOST_AGE_MS = 30_000
"""Older entries don't count: they were written during an outage, or come from an imported history."""
FINDS = 3
MOST_NODES = 1_000
"""Nodes that are remembered."""
WRITER = re.compile(r"([0-9a-f]{12})-\d+")
"""The draft ids of nodes. Those of imports and of other programs have another form."""

log = logging.getLogger("tornchat.cluster")


class Strangers:
    """What this node knows of the others. `clock` returns seconds."""

    def __init__(self, node_id: str, alone: bool, clock: Callable[[], float]) -> None:
        """`alone`: there is no broadcast to other processes."""
        self._node_id = node_id
        self._alone = alone
        self._clock = clock
        self._heard: OrderedDict[str, None] = OrderedDict()
        self._suspects: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Node -> when an entry of it was first found, and how often since."""
        self._echoed_at: float | None = None
        self._told = False
        self.found = 0
        """Number of nodes found that write to this storage and are not connected."""

    def heard(self, node: str) -> bool:
        """Note a payload of another node. Return whether it is the first one."""
        is_new = node not in self._heard
        _remember(self._heard, node, None)
        self._suspects.pop(node, None)
        return is_new

    def echoed(self) -> None:
        """Note that this node's own hello came back: the broadcast works."""
        self._echoed_at = self._clock()

    def may_have_missed(self) -> None:
        """Suspect nobody for what was found until now, since payloads may have been lost."""
        self._suspects.clear()

    def read(self, entries: Iterable[Entry]) -> None:
        """Note entries that were read from the log, since no payload announced them."""
        if self._is_deaf():
            return
        earliest = time.time() * 1000 - MOST_AGE_MS
        fresh = (WRITER.fullmatch(entry.draft_id) for entry in entries if entry.sent_at >= earliest)
        for node in {found[1] for found in fresh if found is not None}:
            if node != self._node_id and node not in self._heard:
                self._suspect(node)

    def _is_deaf(self) -> bool:
        """Return whether the broadcast has stopped returning this node's own payloads, if it ever did."""
        return self._echoed_at is not None and self._clock() - self._echoed_at > 2.5 * HELLO_SECONDS

    def _suspect(self, node: str) -> None:
        since, finds = self._suspects.get(node, (self._clock(), 0))
        _remember(self._suspects, node, (since, finds + 1))
        if finds + 1 >= FINDS and self._clock() - since >= SPAN_SECONDS:
            del self._suspects[node]
            _remember(self._heard, node, None)  # counted once
            self.found += 1
            self._tell(node)

    def _tell(self, node: str) -> None:
        if self._told:
            return
        self._told = True
        one = "make both one chat with redis" if self._alone else "give both the same [redis] url and prefix"
        facts = {"event": "foreign_node", "node": node}
        log.error(
            "Another server writes to this database (node %(node)s), and the broadcast does not connect it "
            "with this one: messages and moderation pass between them only after seconds. Give one of them "
            f"another database, or {one}.",
            facts,
            extra=facts,
        )


def _remember(kept: OrderedDict[str, Value], key: str, value: Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_NODES:
        kept.popitem(last=False)
