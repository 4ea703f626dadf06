"""One plugin's implementation of one hook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tornchat.hooks.specs import HOOKS
from tornchat.metrics.histogram import CALLS, Histogram


class Implementation:
    """One plugin's implementation of one hook, called with the hook's positional arguments.

    `declared` is the hook. `seconds` is a histogram of call durations. `failures` counts failed calls by
    kind: `error` (an exception), `timeout`, `junk` (an invalid return value) and `unavailable` (raised by the
    plugin itself). `stalls` counts how often the implementation blocked the event loop.
    """

    __slots__ = ("began", "declared", "failures", "function", "hook", "plugin", "seconds", "stalls")

    def __init__(self, plugin: str, hook: str, function: Callable[..., Any]) -> None:
        self.plugin = plugin
        self.hook = hook
        self.declared = HOOKS[hook]
        self.function = function
        self.seconds = Histogram(CALLS)
        self.failures: Counter[str] = Counter()
        self.stalls = 0
        self.began = 0.0
