"""How far a long work is: a bar where a person looks on, else a line now and then. Both on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click

LINE_SECONDS = 2.0
Told: TypeAlias = Callable[[int, int | None], None]
"""To be called with how much is done, and how much there is if that is known."""


@contextmanager
def shown(words: str) -> Iterator[Told]:
    """Show how far it is with what `words` say, such as "exporting"."""
    if sys.stderr.isatty():
        with _bar(words) as told:
            yield told
    else:
        yield Lines(words).told


class Lines:
    """A line at most every two seconds, so that a log of it stays short."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._next: float | None = None

    def told(self, done: int, total: int | None) -> None:
        """Write a line if the last one, or the beginning, is a while ago."""
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
