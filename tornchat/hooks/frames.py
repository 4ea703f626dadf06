"""The stack frames of a failed call: which of them show the plugin's own code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import dropwhile
from traceback import walk_tb
from types import FrameType
from typing import Any, NamedTuple

MOST_OWN = 20
"""Frames of the plugin's own code that are logged; a recursion may have thousands."""
LAST = 5
"""Innermost frames that are logged, whosever code they are."""


class CodePlace(NamedTuple):
    """A line of code that was running, without the frame, which would keep its local variables alive."""

    module: str
    file: str
    line: int | None
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def raising_frames(error: BaseException) -> Sequence[CodePlace]:
    """Return the frames that an exception passed, without those of the core's call."""
    frames = [_place(frame, line) for frame, line in walk_tb(error.__traceback__)]
    return list(dropwhile(lambda place: place.module.startswith("tornchat.hooks."), frames))


def waiting_frames(answer: Any) -> Sequence[CodePlace]:
    """Return the frames of a suspended coroutine, outermost first; empty for any other awaitable."""
    found: list[CodePlace] = []
    while len(found) < 1000 and getattr(answer, "cr_frame", None) is not None:
        found.append(_place(answer.cr_frame, answer.cr_frame.f_lineno))
        answer = answer.cr_await
    return found


def worth_logging(function: Callable[..., Any], frames: Sequence[CodePlace]) -> Sequence[CodePlace]:
    """Return the frames of the code of the plugin with this function, and the innermost frames."""
    packages = _packages(function)
    own = [i for i, place in enumerate(frames) if i == 0 or _package(place.module) in packages]
    if len(own) > MOST_OWN:
        own = own[: MOST_OWN // 2] + own[-MOST_OWN // 2 :]
    kept = sorted({*own, *range(max(0, len(frames) - LAST), len(frames))})
    return [frames[index] for index in kept]


def _place(frame: FrameType, line: int | None) -> CodePlace:
    code = frame.f_code
    return CodePlace(str(frame.f_globals.get("__name__", "")), code.co_filename, line, code.co_name)


def _packages(function: Callable[..., Any]) -> set[str]:
    """Return the top-level packages of a plugin's function, and of the class of the plugin."""
    below: Any = function
    while isinstance(below, partial) or hasattr(below, "__wrapped__"):
        below = below.func if isinstance(below, partial) else below.__wrapped__
    owner = type(getattr(below, "__self__", below))
    names = (getattr(below, "__module__", None), owner.__module__)
    return {_package(name) for name in names if name is not None} - {"builtins"}


def _package(module: str) -> str:
    return module.partition(".")[0]
