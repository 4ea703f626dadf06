"""`tornchat init`: writes a tornchat.ini with all settings."""

from __future__ import annotations

from pathlib import Path

import click

from tornchat.cli.options import DEFAULT_FILE, Given, with_settings
from tornchat.cli.sample import sample
from tornchat.config.settings import load
from tornchat.errors import SettingsError


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), required=False)
@with_settings
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def command(given: Given, file: Path | None, force: bool) -> None:
    """Write tornchat.ini, or FILE ("-" is stdout), with a description of every setting.

    Settings given with --set are active in the file; the others are commented out.
    """
    chosen = given.layer()
    load(overrides=chosen)
    text = sample(chosen)
    path = file or given.config or DEFAULT_FILE
    if str(path) == "-":
        click.echo(text, nl=False)
    else:
        _write(path, text, force)
        click.echo(f"{path} is written, with the default and the description of every setting.")


def _write(path: Path, text: str, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SettingsError(
            f"{path} is there already.", "Name another file, or overwrite it with --force."
        ) from None
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror}.", "Name another file.") from None
