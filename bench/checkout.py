"""The tornchat that is measured: the installed one, or the one in a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bench.client import BenchError
from bench.limits import lifted
from bench.servers import environment

SECONDS = 30
MODULES = ("tornchat", "tornchat_jwt", "tornchat_local", "tornchat_peewee")
WHERE = f"import {', '.join(MODULES)}\nfor module in {', '.join(MODULES)}: print(module.__file__)"


class Checkout:
    """A tornchat and its default plugins, run by this interpreter; `root` None is the installed one.

    Entry points come from the installed tornchat, so a checkout does not have to be installed.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root.resolve() if root else None

    @property
    def environ(self) -> Mapping[str, str]:
        """Environment variables that make an interpreter import this tornchat."""
        if self._root is None:
            return {}
        return {"PYTHONPATH": f"{self._root}{os.pathsep}{self._root / 'plugins'}"}

    @cached_property
    def settings(self) -> frozenset[str]:
        """The settings that this tornchat has, as `section.key`."""
        return frozenset(_settings(self._output("-m", "tornchat", "config")))

    @property
    def unlimited(self) -> list[str]:
        """Words for `tornchat serve` that switch its limits off; only settings that this tornchat has."""
        return lifted(self.settings)

    def check(self) -> None:
        """Raise `BenchError` if the interpreter would import something else than what the root contains."""
        for line in self._output("-c", WHERE).splitlines():
            if self._root and not Path(line).resolve().is_relative_to(self._root):
                raise BenchError(f"{self._root} is no checkout of tornchat: {line} would be measured instead")

    def _output(self, *words: str) -> str:
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            done = subprocess.run(
                [sys.executable, *words],
                cwd=place,
                env=environment(self.environ),
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        if done.returncode:
            name = self._root or "the installed tornchat"
            raise BenchError(f"{name} does not start: {done.stderr.strip()[-2000:]}")
        return done.stdout


def _settings(printed: str) -> Iterator[str]:
    """Yield `section.key` for each setting that `tornchat config` has printed."""
    section = ""
    for line in printed.splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        elif " = " in line:
            yield f"{section}.{line.partition(' = ')[0]}"


def tornchat_command(checkout: Checkout, options: Sequence[str], port: int) -> list[str]:
    """Return the command that serves a checkout without limits; `options` are more words for it."""
    words = [*checkout.unlimited, *options]
    return [sys.executable, "-m", "tornchat", "serve", "--port", str(port), *words]
