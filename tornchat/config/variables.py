"""Environment variables: `TORNCHAT_<SECTION>__<KEY>` sets a key of a section."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from tornchat.config.sections import SECTIONS

PREFIX = "TORNCHAT_"
_OTHERS = frozenset({"TORNCHAT_TOKEN", "TORNCHAT_WORKER"})
# Kubernetes sets these in each container, if a service is called tornchat.
_OF_SERVICES = re.compile(r"TORNCHAT_(SERVICE_(HOST|PORT).*|PORT_\d+_(TCP|UDP).*)")


def overridden(environ: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Return the settings in the environment: section -> key -> value."""
    layer: dict[str, dict[str, object]] = {}
    for name, text in environ.items():
        section, double, key = name.removeprefix(PREFIX).partition("__")
        if name.startswith(PREFIX) and double and section and key:
            layer.setdefault(section.lower(), {})[key.lower()] = text
    return layer


def strange(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the variables that look like settings and are none, with the names that may be meant."""
    names = [name for name in environ if name.startswith(PREFIX) and "__" not in name.strip("_")]
    return {name: tuple(_near(name)) for name in names if not _is_known(name, environ[name])}


def _is_known(name: str, value: str) -> bool:
    of_service = _OF_SERVICES.fullmatch(name) or re.match(r"(tcp|udp)://", value)
    return name in _OTHERS or of_service is not None


def _near(name: str) -> Iterator[str]:
    rest = name.removeprefix(PREFIX).lower()
    for section, form in SECTIONS.items():
        for field in msgspec.structs.fields(form):
            if rest in (field.name, f"{section}_{field.name}"):
                yield f"{PREFIX}{section}__{field.name}".upper()
