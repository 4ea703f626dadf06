"""`tornchat config`: prints the effective settings and their sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import click
import msgspec

from tornchat.cli.masking import MASK, is_secret, printable, without_passwords
from tornchat.cli.options import Given, with_settings
from tornchat.cli.sample import ini
from tornchat.config.sections import SECTIONS, secret_keys
from tornchat.config.settings import DEADLINES, Settings
from tornchat.hooks.loader import load_plugins
from tornchat.hooks.specs import HOOKS

COLUMN = 50


@click.command("config")
@with_settings
def command(given: Given) -> None:
    """Show the effective settings and their sources. Secrets are masked."""
    settings = given.settings()
    plugins = {plugin.name: plugin.settings_type for plugin in load_plugins(settings).plugins}
    for name, form in {**SECTIONS, **plugins}.items():
        if msgspec.structs.fields(form):
            _show(settings, name, _values(settings, name, form))
    deadlines = {hook: settings.deadlines.get(hook, d.promise.deadline) for hook, d in HOOKS.items()}
    _show(settings, DEADLINES, deadlines.items())


def _show(settings: Settings, section: str, values: Iterable[tuple[str, object]]) -> None:
    click.echo(f"[{section}]")
    for key, value in values:
        line = f"{key} = {printable(ini(value))}"
        click.echo(f"{line:<{COLUMN}} # {printable(_source(settings, section, key))}")
    click.echo()


def _source(settings: Settings, section: str, key: str) -> str:
    source = settings.source(section, key)
    if key == "data_dir" and source == "default" and section != "tornchat":
        return "[tornchat] data_dir"
    return source


def _values(settings: Settings, section: str, form: type[msgspec.Struct]) -> Iterator[tuple[str, object]]:
    values: Mapping[str, object] = msgspec.structs.asdict(settings.section(section, form))
    marked = secret_keys(form)
    for key, value in values.items():
        secret = key in marked or (is_secret(key) and not isinstance(value, (bool, int, float)))
        yield key, MASK if secret and value else without_passwords(ini(value))
