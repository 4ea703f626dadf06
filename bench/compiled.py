"""Programs in C, compiled when they are first needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from bench.servers import Missing

CACHE = Path(__file__).parent / ".cache"


def compiler() -> str | None:
    """The path of the C compiler; None if there is none."""
    return shutil.which("cc")


def compiled(source: Path) -> Path:
    """The program of a source file, compiled if it is older. Raises `Missing` without a compiler."""
    command = compiler()
    if command is None:
        raise Missing("there is no C compiler that is called as cc")
    program = CACHE / source.stem
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        CACHE.mkdir(exist_ok=True)
        made = CACHE / f"{source.stem}.{os.getpid()}"  # another process may run the old one, or compile too
        subprocess.run([command, "-O2", "-o", str(made), str(source)], check=True)
        made.replace(program)
    return program
