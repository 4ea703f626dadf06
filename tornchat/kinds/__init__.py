"""The built-in kinds of entries: each module declares one, in its `KIND`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from tornchat.kinds.kind import Changes, EntryKind


def _declared() -> Mapping[str, EntryKind]:
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    kinds = [kind for module in modules if isinstance(kind := getattr(module, "KIND", None), EntryKind)]
    return MappingProxyType({kind.name: kind for kind in kinds})


BUILT_IN: Mapping[str, EntryKind] = _declared()
"""Name -> declaration."""

__all__ = ["BUILT_IN", "Changes", "EntryKind"]
