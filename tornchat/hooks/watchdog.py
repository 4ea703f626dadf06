"""Detects code that blocks the event loop, and logs it. The usual cause is a plugin's blocking function.

A thread schedules a callback on the loop at intervals. If the callback does not run in time, the thread
inspects the stack of the loop's thread. The loop only sets a flag a few times per second; plugin calls have
no additional cost.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType, FrameType, MethodType
from typing import Any

from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation

log = logging.getLogger("tornchat.hooks")

GRACE_SECONDS = 0.02
"""Additional seconds to wait, so that a process that was suspended as a whole is not reported as blocked."""
MOST_SECONDS = 10.0
"""A stall that lasts longer than this is logged before it ends, because it may never end."""


class Watchdog:
    """Watches the event loop on which `start` is called. `close` ends its thread."""

    def __init__(self, hooks: Hooks, seconds: float = 0.2) -> None:
        """A loop that does not respond for `seconds` counts as blocked; 0 disables the watchdog."""
        self._hooks = hooks
        self._owners = _owners(hooks)
        self._seconds = seconds
        self._alive = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start watching. Must be called on the loop's thread."""
        if self._seconds:
            arguments = (asyncio.get_running_loop(), threading.get_ident())
            self._thread = threading.Thread(
                target=self._watch, args=arguments, name="tornchat watchdog", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Stop watching, and wait for the thread to end. Idempotent."""
        self._closing.set()
        self._alive.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        while not self._closing.wait(self._seconds / 2):
            self._alive.clear()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(self._alive.set)
            except RuntimeError:  # the loop was closed
                return
            if not self._closing.is_set() and not self._is_alive_within(self._seconds):
                self._blame(thread, asked)

    def _is_alive_within(self, seconds: float) -> bool:
        return self._alive.wait(seconds) or self._alive.wait(GRACE_SECONDS)

    def _blame(self, thread: int, asked: float) -> None:
        frame = sys._current_frames().get(thread)
        owner = self._owner(frame)
        culprit = f"plugin {owner.plugin} in {owner.hook}" if owner is not None else _place(frame)
        del frame  # the frame would keep its local variables alive
        (owner or self._hooks).stalls += 1
        self._alive.wait(MOST_SECONDS)
        facts = {"event": "loop_blocked", "seconds": round(time.monotonic() - asked, 3), "culprit": culprit}
        log.error("the event loop was blocked for %(seconds).1f s by %(culprit)s", facts, extra=facts)
        self._alive.wait()

    def _owner(self, frame: FrameType | None) -> Implementation | None:
        while frame is not None:
            if frame.f_code in self._owners:
                return self._owners[frame.f_code]
            frame = frame.f_back
        return None


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "something unknown"
    return f"{frame.f_code.co_qualname} {frame.f_code.co_filename}:{frame.f_lineno}"


def _owners(hooks: Hooks) -> Mapping[CodeType, Implementation]:
    found = {_code(function): implementation for function, implementation in hooks.kinds.functions()}
    found |= {_code(implementation.function): implementation for implementation in hooks.implementations()}
    return {code: implementation for code, implementation in found.items() if code is not None}


def _code(function: Callable[..., Any]) -> CodeType | None:
    """Return the code object that runs when `function` is called, without wrappers, partials and methods."""
    below: Any = inspect.unwrap(function)
    while isinstance(below, (partial, MethodType)):
        below = inspect.unwrap(below.func if isinstance(below, partial) else below.__func__)
    if not inspect.isfunction(below):
        below = getattr(type(below), "__call__", None)  # noqa: B004 (its code is wanted, not whether it has any)
    code = getattr(below, "__code__", None)
    return code if isinstance(code, CodeType) else None
