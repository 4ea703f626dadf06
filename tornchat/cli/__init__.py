"""The command `tornchat`. Each subcommand is a module of this package, imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from tornchat.cli.masking import without_secrets
from tornchat.cli.options import Given
from tornchat.errors import SettingsError, Unavailable
from tornchat.version import __version__

COMMANDS = (
    "serve",
    "chat",
    "token",
    "init",
    "check",
    "config",
    "plugins",
    "migrate",
    "history",
    "room",
    "user",
    "audit",
    "consumers",
    "reports",
    "asyncapi",
    "openapi",
    "worker",
)


class Commands(click.Group):
    """The built-in commands and those that the loaded plugins add."""

    _from_plugins: dict[str, click.Command] | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(self._plugin_commands(()))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return self._plugin_commands(()).get(cmd_name)
        command: click.Command = importlib.import_module(f"tornchat.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            self._plugin_commands(args)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (SettingsError, Unavailable) as fault:
            raise click.ClickException(without_secrets(" ".join(str(fault).split()))) from None

    def _plugin_commands(self, args: Sequence[str]) -> dict[str, click.Command]:
        """Load the plugins' commands, once. Built-in commands must work even if the settings are invalid."""
        if self._from_plugins is None:
            self._from_plugins = {}
            from tornchat.cli import extras  # noqa: PLC0415 (built-in commands load no plugins)

            self._from_plugins = extras.commands(Given.within(args), COMMANDS)
        return self._from_plugins


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tornchat", message="%(prog)s %(version)s")
def main() -> None:
    """A realtime chat server that stores every message on disk before delivering it.

    Start a server with `tornchat serve`, and get a token with `tornchat token USERNAME`.
    """
