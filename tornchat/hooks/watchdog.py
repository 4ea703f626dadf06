"""Finds what blocks the event loop, and names it in the log: most often a plugin's plain function that waits.

A thread asks the loop for a sign of life. When none comes it looks at what the loop's thread is doing. The
loop itself only sets a flag a few times per second; calls of plugins cost nothing more.
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

from tornchat.hooks.caller import Implementation
from tornchat.hooks.calls import Hooks

log = logging.getLogger("tornchat.hooks")

GRACE_SECONDS = 0.02
"""A process that was stopped as a whole gets this long to show that its loop is well."""
MOST_SECONDS = 10.0
"""A stall that lasts longer is logged before it ends: it may never."""


class Watchdog:
    """Watches the loop that `start` is called on. Nothing of it is left after `close`."""

    def __init__(self, hooks: Hooks, seconds: float = 0.2) -> None:
        """A loop that shows no life for `seconds` is blocked; 0 is never."""
        self._hooks = hooks
        self._owners = _owners(hooks)
        self._seconds = seconds
        self._alive = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch. On the loop's own thread."""
        if self._seconds:
            arguments = (asyncio.get_running_loop(), threading.get_ident())
            self._thread = threading.Thread(
                target=self._watch, args=arguments, name="tornchat watchdog", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """End the watch; its thread has ended when this returns. Idempotent."""
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
        del frame  # it would keep alive what its variables name
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
    found = {_code(implementation.function): implementation for implementation in hooks.implementations()}
    return {code: implementation for code, implementation in found.items() if code is not None}


def _code(function: Callable[..., Any]) -> CodeType | None:
    """The code that is run when `function` is called, below wrappers, partials and methods."""
    below: Any = inspect.unwrap(function)
    while isinstance(below, (partial, MethodType)):
        below = inspect.unwrap(below.func if isinstance(below, partial) else below.__func__)
    if not inspect.isfunction(below):
        below = getattr(type(below), "__call__", None)  # noqa: B004 (its code is wanted, not whether it has any)
    code = getattr(below, "__code__", None)
    return code if isinstance(code, CodeType) else None
