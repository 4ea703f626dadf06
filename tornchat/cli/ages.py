"""Parsing of ages on the command line, such as `90d` and `12h`."""

from __future__ import annotations

import re
from types import MappingProxyType

import click

UNITS = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800})
MOST_SECONDS = 10**10


def seconds(age: str) -> int:
    """Convert an age, an integer with a unit, to seconds. Raises `click.BadParameter`."""
    found = re.fullmatch(r"(\d{1,10})([smhdw])", age, re.ASCII)
    if found is None:
        raise click.BadParameter(f"{age!r} is no age: write 90d, 12h, 30m or 2w.")
    return min(int(found[1]) * UNITS[found[2]], MOST_SECONDS)
