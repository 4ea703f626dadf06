"""The file of the incoming webhooks: who speaks where, and the secrets that let them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
from msgspec import Meta

from tornchat import SettingsError, User

CURE = "docs/webhooks.md shows the file."
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One incoming webhook: whoever has the secret says up to `per_minute` things in `room`."""

    secret: str
    room: str
    username: str
    per_minute: Annotated[int, Meta(ge=1, le=6000)] = 60

    def __repr__(self) -> str:
        return f"Spec({self.room!r})"


class Door:
    """An incoming webhook, with its rate: a bucket that holds what one minute allows."""

    def __init__(self, name: str, spec: Spec, now: Callable[[], float] = monotonic) -> None:
        self.room = spec.room
        self.user = User(f"webhook:{name}", spec.username, frozenset({"bot"}))
        self._per_second = spec.per_minute / 60
        self._most = self._left = float(spec.per_minute)
        self._now = now
        self._filled = now()
        self._lacks_room = False

    def first_without_room(self) -> bool:
        """Note that the room does not exist; return False if that was noted since it last existed."""
        known, self._lacks_room = self._lacks_room, True
        return not known

    def has_room(self) -> None:
        """Note that the room exists."""
        self._lacks_room = False

    def wait(self) -> float:
        """Count a message; return 0, or the seconds after which the next one is allowed."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._filled) * self._per_second)
        self._filled = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


class Doors:
    """The incoming webhooks by their secrets, of which only digests are kept."""

    def __init__(self, specs: Mapping[str, Spec]) -> None:
        self._doors = {_digest(spec.secret): Door(name, spec) for name, spec in specs.items()}

    def find(self, secret: str) -> Door | None:
        """Return the webhook with this secret. The time it takes tells nothing about other secrets."""
        return self._doors.get(_digest(secret))


def read_doors(path: Path) -> Doors:
    """Return the incoming webhooks in the file. Raises `SettingsError`, which shows no secret."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=dict[str, Spec])
    except OSError as error:
        raise SettingsError(f"[webhooks] incoming {path} can't be read: {error.strerror}.", CURE) from None
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path}: {str(error).partition(', got')[0]}.", CURE) from None
    secrets: dict[str, str] = {}
    for name, spec in found.items():
        words = _misfit(name, spec)
        if spec.secret in secrets:
            words = f"has the secret of {secrets[spec.secret]}"
        if words:
            raise SettingsError(f"{path}: the incoming webhook {name!r} {words}.", CURE)
        secrets[spec.secret] = name
    return Doors(found)


def _misfit(name: str, spec: Spec) -> str:
    if not _NAME.fullmatch(name):
        return "has a name other than a-z, 0-9 and -"
    if not _SECRET.fullmatch(spec.secret):
        return "has a secret that is not 32 to 128 characters of A-Z, a-z, 0-9, _ and -"
    if not spec.room or not spec.username.strip():
        return "has no room or no username"
    return ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
