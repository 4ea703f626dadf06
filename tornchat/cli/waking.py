"""An event loop that signals wake up, whichever thread they are delivered to."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

NONE = -1


@contextmanager
def woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Wake `loop` for each signal meanwhile, so that the handlers of `signal.signal` run at once.

    Python runs them in the main thread between two instructions. A signal that arrives in another thread, or
    just before the loop waits for events, does not end that wait; a loop without timers would wait for ever.
    A loop that has a descriptor of its own for this keeps it. Call it in the main thread.
    See the Python documentation of `signal.set_wakeup_fd`.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        former = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        if former != NONE:
            signal.set_wakeup_fd(former)
        loop.add_reader(ours, ours.recv, 4096)
        try:
            yield
        finally:
            loop.remove_reader(ours)
            if former == NONE:
                signal.set_wakeup_fd(NONE)
