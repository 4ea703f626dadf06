"""Versions that differ in their migration steps, for tests of upgrades."""

from __future__ import annotations

from pathlib import Path

from tornchat_peewee import PeeweePlugin
from tornchat_peewee.schema import STEPS, Schema

ADDS = """
ADDITIVE = True
STATEMENTS = ["ALTER TABLE message ADD COLUMN mood TEXT", "CREATE TABLE mood (name TEXT)"]
"""
RENAMES = """
ADDITIVE = False
MINIMUM = "2.0"
WAY_BACK = "Rename the table back."
STATEMENTS = ["ALTER TABLE message RENAME TO story"]
"""
UP = """

def up(migrator, database):
    for statement in STATEMENTS:
        database.execute_sql(statement)
"""


def version_with(place: Path, **steps: str) -> type[PeeweePlugin]:
    """The plugin of a version that has these steps, besides those of this one, in a directory of its own.

    `steps` are the names, each after an underscore, and what is declared and executed.
    """
    place.mkdir(parents=True, exist_ok=True)
    for name, text in steps.items():
        (place / f"{name[1:]}.py").write_text(text + UP)

    class Version(PeeweePlugin):
        schema = Schema(STEPS, place)

    return Version
