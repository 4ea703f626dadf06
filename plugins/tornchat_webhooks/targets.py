"""The file of the webhooks: where entries are posted, which ones, and how they are signed."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from tornchat import SettingsError

SECRET_PREFIX = "whsec_"  # noqa: S105 (a prefix)
SECRET_BYTES = (24, 64)
"""The least and the most bytes of a secret, as Standard Webhooks has it."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
CURE = "docs/webhooks.md shows the file."


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, repr_omit_defaults=True):
    """One webhook. `secret` begins with "whsec_". `rooms` and `kinds` are lists of names; not given: all."""

    url: str
    secret: str
    rooms: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    start: Literal["now", "beginning"] = "now"
    batch: bool = True
    timeout: Annotated[float, Meta(gt=0, le=60)] = 10.0

    def __repr__(self) -> str:
        return f"Target({self.host!r})"

    @property
    def host(self) -> str:
        """The host of the URL, which is all of it that a log may show."""
        return urlsplit(self.url).hostname or ""

    @property
    def key(self) -> bytes:
        """The key of the signatures."""
        return base64.b64decode(self.secret.removeprefix(SECRET_PREFIX), validate=True)


def read_targets(path: Path) -> dict[str, Target]:
    """Return name -> webhook. Raises `SettingsError`, which shows no URL and no secret."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=dict[str, Target])
    except OSError as error:
        raise SettingsError(f"[webhooks] file {path} can't be read: {error.strerror}.", CURE) from None
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path}: {_without_value(error)}.", CURE) from None
    for name, target in found.items():
        words = _misfit(name, target)
        if words:
            raise SettingsError(f"{path}: the webhook {name} {words}.", CURE)
    return found


def _without_value(error: Exception) -> str:
    """A syntax error of TOML quotes no values, but an error of a type may."""
    return str(error).partition(", got")[0]


def _misfit(name: str, target: Target) -> str:
    if not _NAME.fullmatch(name):
        return "has a name other than a-z, 0-9 and -"
    try:
        url = urlsplit(target.url)
        port_ok = url.port is None or url.port > 0
    except ValueError:
        return "has a URL that is none"
    if url.scheme not in ("http", "https") or not url.hostname or not port_ok:
        return "has a URL that is not http:// or https://"
    if url.username is not None or url.password is not None:
        return "has a URL with credentials; the signature says who sends"
    try:
        size = len(target.key)
    except (binascii.Error, ValueError):
        size = 0
    if not target.secret.startswith(SECRET_PREFIX) or not SECRET_BYTES[0] <= size <= SECRET_BYTES[1]:
        return "has a secret that is not whsec_ and 24 to 64 bytes in base64"
    return ""
