"""Samples of the state of a node, one every 2 s over the last 15 minutes, for the dashboard."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tornchat.metrics.histogram import Histogram, quantile
from tornchat.server.http.metrics.families import backlog, sessions
from tornchat.server.ws.connections import Connections
from tornchat.service.chat import Chat

SAMPLE_SECONDS = 2.0
MOST_SAMPLES = 450
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")

GAUGES: Mapping[str, Callable[[Chat, Connections], float]] = MappingProxyType(
    {
        "connections": lambda chat, connections: len(connections),
        "sessions": lambda chat, connections: sessions(chat),
        "rooms": lambda chat, connections: len(chat.rooms),
        "store_queue": lambda chat, connections: chat.committer.waiting + chat.committer.in_flight,
        "behind_bytes": lambda chat, connections: backlog(chat)[1],
        "memory_bytes": lambda chat, connections: _memory(),
    }
)
"""Series -> function that reads its current value."""
RATES: Mapping[str, Callable[[Chat], float]] = MappingProxyType(
    {
        "received": lambda chat: chat.counts.received,
        "stored": lambda chat: chat.counts.stored,
        "delivered": lambda chat: chat.counts.deliveries,
        "sent_bytes": lambda chat: chat.counts.sent_bytes,
        "published": lambda chat: chat.publisher.published,
        "arrived": lambda chat: chat.publisher.received,
        "cpu": lambda chat: time.process_time(),
    }
)
"""Series -> function that reads a counter; the series is its increase per second."""
HISTOGRAMS: Mapping[str, Callable[[Chat], Histogram]] = MappingProxyType(
    {
        "commit": lambda chat: chat.committer.seconds,
        "delivery": lambda chat: chat.turn.seconds,
        "lag": lambda chat: chat.lag.seconds,
    }
)
"""Prefix -> histogram; the series `<prefix>_p50` and `<prefix>_p99` (seconds) cover one sample interval."""
SERIES = (*GAUGES, *RATES, *(f"{name}_{share}" for name in HISTOGRAMS for share in ("p50", "p99")))


class Samples:
    """A ring buffer of samples. Call `take` every `SAMPLE_SECONDS`."""

    def __init__(self, chat: Chat, connections: Connections) -> None:
        self._chat = chat
        self._connections = connections
        self.started_at = time.time()
        """Unix time in seconds."""
        self._taken_at = time.monotonic()
        self._grown = {name: read(chat) for name, read in RATES.items()}
        self._counts = {name: list(read(chat).counts) for name, read in HISTOGRAMS.items()}
        self._ring: deque[tuple[float, list[float | None]]] = deque(maxlen=MOST_SAMPLES)

    def take(self) -> None:
        """Record a sample: current values, and rates and quantiles since the last call."""
        now = time.monotonic()
        seconds, self._taken_at = max(now - self._taken_at, 0.001), now
        gauges = [float(read(self._chat, self._connections)) for read in GAUGES.values()]
        values = [*gauges, *self._rates(seconds), *self._quantiles()]
        self._ring.append((round(time.time(), 1), values))

    def since(self, moment: float) -> tuple[list[float], dict[str, list[float | None]]]:
        """Return the samples later than `moment` (Unix time, seconds): their times, and series -> values."""
        found = [sample for sample in self._ring if sample[0] > moment]
        columns = {name: [values[i] for _, values in found] for i, name in enumerate(SERIES)}
        return [at for at, _ in found], columns

    def _rates(self, seconds: float) -> Iterator[float]:
        for name, read in RATES.items():
            before, self._grown[name] = self._grown[name], read(self._chat)
            yield round((self._grown[name] - before) / seconds, 3)

    def _quantiles(self) -> Iterator[float | None]:
        for name, read in HISTOGRAMS.items():
            histogram = read(self._chat)
            before, self._counts[name] = self._counts[name], list(histogram.counts)
            fresh = [now - then for now, then in zip(self._counts[name], before, strict=True)]
            for share in (0.5, 0.99):
                found = quantile(histogram.bounds, fresh, share)
                yield None if found is None else round(found, 6)


def _memory() -> float:
    """Return the resident memory in bytes; 0 if the system does not provide it."""
    try:
        return float(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0.0
