"""The text of tornchat.ini, made from the typed sections: every setting, its default and what it is for."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from tornchat.config.sections import SECTIONS, TornchatSection, describe
from tornchat.config.settings import DEADLINES
from tornchat.errors import SettingsError
from tornchat.hooks.caller import promises
from tornchat.hooks.loader import choose, settings_type

WIDTH = 100
HEAD = """\
tornchat.ini: the settings of a tornchat server.

Every setting is here with its default. To change one, take away the "#" before it. What stands on
the command line (--set section.key=value) or in the environment (TORNCHAT_<SECTION>__<KEY>) is
stronger than this file. Lists are separated by commas; yes and no are said as such. <key>_file
instead of <key> names a file that holds the value.

See what is in force with `tornchat config`, and whether it adds up with `tornchat check`."""
DEADLINES_WORDS = "Seconds after which a plugin that does not answer is given up, for each hook."


def sample(chosen: Mapping[str, Mapping[str, object]]) -> str:
    """Write tornchat.ini. What is `chosen` (section -> key -> value) stands in it without its "#".

    Raises `SettingsError` if a chosen one is not a setting of the core or of a default plugin.
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
    """The typed sections of the core and of the default plugins; a plugin without settings is left out."""
    plugins = {name: settings_type(choose(name, {})) for name in TornchatSection().plugins}
    return {**SECTIONS, **{name: form for name, form in plugins.items() if msgspec.structs.fields(form)}}


def ini(value: object) -> str:
    """Write a value as it stands in an ini file."""
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
    deadlines = [(hook, "", promise.deadline) for hook, promise in promises().items()]
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
