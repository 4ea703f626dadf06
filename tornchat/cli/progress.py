"""Progress display on stderr: a progress bar in a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click

LINE_SECONDS = 2.0
Told: TypeAlias = Callable[[int, int | None], None]
"""Progress callback: receives the number of items processed and the total, if known."""


@contextmanager
def shown(words: str) -> Iterator[Told]:
    """Context manager that yields a progress callback. `words` is the label, such as "exporting"."""
    if sys.stderr.isatty():
        with _bar(words) as told:
            yield told
    else:
        yield Lines(words).told


class Lines:
    """Prints the progress as a line, at most every `LINE_SECONDS`."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._next: float | None = None

    def told(self, done: int, total: int | None) -> None:
        """Print a line if `LINE_SECONDS` have passed since the last one, or since the start."""
        now = time.monotonic()
        if self._next is None:
            self._next = now + LINE_SECONDS
        elif now >= self._next:
            self._next = now + LINE_SECONDS
            click.echo(f"{self._words}: {done:,}{f' of {total:,}' if total is not None else ''}", err=True)


@contextmanager
def _bar(words: str) -> Iterator[Told]:
    from rich.console import Console  # noqa: PLC0415 (takes long, and is for terminals only)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
