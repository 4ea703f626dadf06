"""Generation of tornchat.ini from the typed sections, with the default and description of each setting."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from tornchat.config.sections import SECTIONS, TornchatSection, describe
from tornchat.config.settings import DEADLINES
from tornchat.errors import SettingsError
from tornchat.hooks.offers import choose, settings_type
from tornchat.hooks.specs import HOOKS

WIDTH = 100
HEAD = """\
tornchat.ini: the settings of a tornchat server.

This file lists every setting with its default. To change a setting, remove the "#" in front of it.
The command line (--set section.key=value) and the environment (TORNCHAT_<SECTION>__<KEY>) take
precedence over this file. The items of a list are separated by commas. Booleans are yes or no.
<key>_file instead of <key> names a file that contains the value.

`tornchat config` shows the effective settings, and `tornchat check` validates them."""
DEADLINES_WORDS = "Maximum duration of a plugin call in seconds, for each hook."


def sample(chosen: Mapping[str, Mapping[str, object]]) -> str:
    """Return the text of tornchat.ini. The `chosen` settings (section -> key -> value) are not commented out.

    Raises `SettingsError` if one of them is not a setting of the core or of a default plugin.
    """
    left = {(section, key) for section, keys in chosen.items() for key in keys}
    lines = list(_prose(HEAD))
    for name, words, settings in _sections():
        lines += ["", "", f"[{name}]", *_prose(words)]
        for key, description, default in settings:
            left.discard((name, key))
            lines += ["", *_prose(description)] if description else []
            lines.append(_line(key, default, chosen.get(name, {})))
    for section, key in sorted(left):
        raise SettingsError(f"[{section}] {key} is not in this file.", "`tornchat init` alone shows what is.")
    return "\n".join(lines) + "\n"


def forms() -> dict[str, type[msgspec.Struct]]:
    """Return the typed sections of the core and of the default plugins that have settings."""
    plugins = {offer.name: settings_type(offer) for offer in choose(TornchatSection().plugins, {})}
    return {**SECTIONS, **{name: form for name, form in plugins.items() if msgspec.structs.fields(form)}}


def ini(value: object) -> str:
    """Return a value in the syntax of ini files."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list, frozenset)):
        return ", ".join(ini(item) for item in value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value) if isinstance(value, (str, int, Path)) else repr(value)


def _sections() -> Iterator[tuple[str, str, Iterable[tuple[str, str, object]]]]:
    for name, form in forms().items():
        yield name, inspect.getdoc(form) or "", list(_settings(form))
    deadlines = [(hook, "", declared.promise.deadline) for hook, declared in HOOKS.items()]
    yield DEADLINES, DEADLINES_WORDS, deadlines


def _settings(form: type[msgspec.Struct]) -> Iterator[tuple[str, str, object]]:
    words = describe(form)
    for field in msgspec.structs.fields(form):
        default = None if field.default is msgspec.NODEFAULT else field.default
        yield field.name, words[field.name], default


def _line(key: str, default: object, chosen: Mapping[str, object]) -> str:
    value = chosen.get(key, default)
    return f"{'' if key in chosen else '# '}{key} = {ini(value)}".rstrip()


def _prose(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ";"
        for line in textwrap.wrap(paragraph, WIDTH, break_on_hyphens=False, break_long_words=False):
            yield f"; {line}"
