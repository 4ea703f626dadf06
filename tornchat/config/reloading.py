"""What a running process takes over from settings that were read again, and what needs a new process.

`Meta(extra={"reload": ...})` of a setting, or the attribute `reload` of its section, declares one of

- `live`: the running process applies it;
- `workers`: a new process applies it, so that the replacement of the workers is sufficient (the default);
- `restart`: only a new start of the whole server applies it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from tornchat.config.sections import SECTIONS
from tornchat.config.settings import DEADLINES, Settings

Reload: TypeAlias = Literal["live", "workers", "restart"]
S = TypeVar("S", bound=msgspec.Struct)


class Changes(NamedTuple):
    """The names of changed settings, as `[section] key`, without their values."""

    applied: tuple[str, ...] = ()
    """Those that the running process uses from now on."""
    waiting: tuple[str, ...] = ()
    """Those that it ignores until it is restarted."""

    def __add__(self, other: Changes) -> Changes:  # type: ignore[override]
        return Changes(self.applied + other.applied, self.waiting + other.waiting)


def reloads(form: type[msgspec.Struct]) -> Mapping[str, Reload]:
    """Return how each setting of a section is applied."""
    usual: Reload = getattr(form, "reload", "workers")
    hints = get_type_hints(form, include_extras=True)
    return {key: _declared(hints[key], usual) for key in form.__struct_fields__}


def merged(name: str, running: S, wanted: S) -> tuple[S, Changes]:
    """Return section `name` as it is `running`, with the values of `wanted` that are applied live."""
    declared, changed = reloads(type(running)), [*_changed(running, wanted)]
    live = [key for key in changed if declared[key] == "live"]
    section = msgspec.structs.replace(running, **{key: getattr(wanted, key) for key in live})
    waiting = [key for key in changed if key not in live]
    return section, Changes(_named(name, live), _named(name, waiting))


def reloaded(running: Settings, wanted: Settings) -> tuple[Settings, Changes]:
    """Return `wanted` without the changes that a running process does not apply. Neither is changed."""
    result, changes = copy.copy(wanted), Changes()
    for name in SECTIONS:
        section, change = merged(name, getattr(running, name), getattr(wanted, name))
        setattr(result, name, section)
        changes += change
    hooks = sorted(running.deadlines.keys() | wanted.deadlines.keys())
    late = [hook for hook in hooks if running.deadlines.get(hook) != wanted.deadlines.get(hook)]
    result.deadlines = running.deadlines
    return result, changes + Changes(waiting=_named(DEADLINES, late))


def needing_restart(running: Settings, wanted: Settings) -> tuple[str, ...]:
    """Return the changed settings that need a new start even if all workers are replaced."""
    return tuple(
        name
        for section, form in SECTIONS.items()
        for key in _changed(getattr(running, section), getattr(wanted, section))
        for name in _named(section, [key] if reloads(form)[key] == "restart" else [])
    )


def _changed(running: msgspec.Struct, wanted: msgspec.Struct) -> Iterator[str]:
    for key in running.__struct_fields__:
        if getattr(running, key) != getattr(wanted, key):
            yield key


def _named(section: str, keys: list[str]) -> tuple[str, ...]:
    return tuple(f"[{section}] {key}" for key in keys)


def _declared(hint: object, usual: Reload) -> Reload:
    notes = [note.extra for note in get_args(hint)[1:] if isinstance(note, Meta) and note.extra]
    given = [note["reload"] for note in notes if "reload" in note]
    found: Reload = given[0] if given else usual
    return found
