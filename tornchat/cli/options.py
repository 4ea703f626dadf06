"""The options `--config` and `--set` of all commands, and loading of the settings with them."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from tornchat.cli.masking import holds_password, is_secret
from tornchat.config.settings import Settings, load, parse_override

DEFAULT_FILE = Path("tornchat.ini")
BESIDE_A_SERVER = (
    "The server may run meanwhile, and obeys within seconds. With SQLite 3.51.2 or older, as in most "
    "Pythons, whatever changes something is refused beside a running server: stop it first, or use a newer "
    "SQLite (pip install 'tornchat[apsw]') or PostgreSQL."
)
"""The end of `--help` of the commands that change something in storage."""


class Given(NamedTuple):
    """The values of `--config` and `--set`."""

    config: Path | None = None
    overrides: tuple[str, ...] = ()

    @classmethod
    def within(cls, args: Sequence[str]) -> Given:
        """Extract the two options from arguments whose command is not known yet."""
        found: dict[str, list[str]] = {"--config": [], "--set": []}
        for place, argument in enumerate(args):
            name, equals, value = argument.partition("=")
            if name in found and (equals or place + 1 < len(args)):
                found[name].append(value if equals else args[place + 1])
        return cls(Path(found["--config"][-1]) if found["--config"] else None, tuple(found["--set"]))

    def settings(self) -> Settings:
        """Load the settings, including the environment. Raises `SettingsError`."""
        path = self.config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
        return load(path, os.environ, self.layer())

    def layer(self) -> dict[str, dict[str, object]]:
        """Return the values of `--set` as section -> key -> value. Raises `SettingsError`."""
        layer: dict[str, dict[str, object]] = {}
        for text in self.overrides:
            section, key, value = parse_override(text)
            layer.setdefault(section, {})[key] = value
        return layer

    def also(self, section: str, **keys: object) -> Given:
        """Return a copy with further values for a section, which take precedence. None is ignored."""
        more = [f"{section}.{key}={value}" for key, value in keys.items() if value is not None]
        return self._replace(overrides=(*self.overrides, *more))

    def words(self) -> list[str]:
        """Return the options for a child process, including secrets, which this command line shows too."""
        words = ["--config", str(self.config)] if self.config else []
        return words + [word for text in self.overrides for word in ("--set", text)]

    def flags(self) -> str:
        """Return the options quoted for a shell, without the values of secrets."""
        words = ["--config", str(self.config)] if self.config else []
        for text in self.overrides:
            section, key, _ = parse_override(text)
            words += ["--set", f"{section}.{key}=..." if is_secret(key) or holds_password(text) else text]
        return "".join(" " + shlex.quote(word) for word in words)


CONFIG = click.Option(
    ["--config"],
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The settings file. [default: ./tornchat.ini if it exists]",
)
SET = click.Option(
    ["--set", "overrides"], multiple=True, metavar="SECTION.KEY=VALUE", help="A setting; may be repeated."
)


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator that adds the two options to a command, whose function receives them as `given`."""

    @functools.wraps(function)
    def run(*, config: Path | None, overrides: tuple[str, ...], **rest: Any) -> Any:
        return function(Given(config, overrides), **rest)

    # click reads this list from its end.
    vars(run).setdefault("__click_params__", [])[:0] = [SET, CONFIG]
    return run
