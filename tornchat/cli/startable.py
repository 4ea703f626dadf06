"""Checks of what `tornchat serve` needs of this machine. Nothing is changed."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tornchat.cli.listening import bind
from tornchat.config.settings import Settings
from tornchat.errors import SettingsError
from tornchat.model import Fault
from tornchat.server.edge.certificate import certificate_faults
from tornchat.service.access import UNSAFE_NAMES


def faults_of_node(settings: Settings) -> list[tuple[str, Fault]]:
    """Return the faults of the core's own settings, as (`tornchat`, fault)."""
    faults = [
        *_variables(settings),
        *_address("[tornchat] host", settings.tornchat.host, settings.tornchat.port),
        *_directory(settings.tornchat.data_dir),
        *_default_room(settings),
        *certificate_faults(settings),
    ]
    if settings.metrics.port:
        faults += _address("[metrics] host", settings.metrics.host, settings.metrics.port)
    return [("tornchat", fault) for fault in faults]


def strange_variables(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield a sentence and a cure for each environment variable that looks like a setting and is none."""
    for name, near in settings.strange_variables.items():
        cure = f"Did you mean {' or '.join(near)}?" if near else "Settings are TORNCHAT_<SECTION>__<KEY>."
        yield f"{name} is no setting.", cure


def _variables(settings: Settings) -> Iterator[Fault]:
    for what, cure in strange_variables(settings):
        yield Fault(what, cure, warning=True)


def _address(setting: str, host: str, port: int) -> Iterator[Fault]:
    """Yield a fault if the address can't be bound. An occupied port is none: the server may be running."""
    try:
        for bound in bind(host, port):
            bound.close()
    except SettingsError as error:
        if getattr(error.__context__, "errno", None) != errno.EADDRINUSE:
            yield Fault(f"{setting}: {error.what}", error.cure)


def _directory(path: Path) -> Iterator[Fault]:
    """Yield a fault if no file can be made in the directory, or in the first one above it that exists."""
    nearest = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        what = f"[tornchat] data_dir: {path} can't be written: {error.strerror}."
        yield Fault(what, "Make it writable for this user, or choose another.")


def _default_room(settings: Settings) -> Iterator[Fault]:
    name, pattern = settings.rooms.default, settings.rooms.name_pattern
    if name in UNSAFE_NAMES or not re.fullmatch(pattern, name):
        yield Fault(
            f"[rooms] default: no room can be called {name!r}, since [rooms] name_pattern is {pattern}.",
            "Change one of the two.",
        )
