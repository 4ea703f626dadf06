"""Migration of a database to the schema of this version."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import peewee
from playhouse.migrations import Migration, Runner

from tornchat import Fault, SettingsError
from tornchat_peewee.backend import Backend

STEPS = Path(__file__).parent / "steps"
TABLE = "schema_step"
CURE = "See that it may be written, and that no other program keeps it locked."


def migrate(backend: Backend) -> list[str]:
    """Apply the missing migration steps, under a lock between processes, and return their names.

    May run in any thread; its connection is closed afterwards. Raises `SettingsError` if the database can't
    be used or was created by a newer version.
    """
    with backend.migrating():
        try:
            backend.connect()
            return _apply(Runner(backend.database, str(STEPS), table_name=TABLE))
        except peewee.PeeweeException as error:
            raise SettingsError(
                f"The database can't be opened or migrated: {backend.explain(error)}", CURE
            ) from error


def newer_fault(taken: Iterable[str]) -> Fault | None:
    """Return a fault if the applied steps `taken` include one that this version does not know."""
    known = {step.name for step in Migration.load_directory(str(STEPS))}
    unknown = [name for name in taken if name not in known]
    if not unknown:
        return None
    what = f"The database was made by a newer version: it knows the step {unknown[-1]}."
    return Fault(what, "Install that version, or restore an older backup.")


def refuse(fault: Fault | None) -> None:
    """Raise `SettingsError` if `fault` is not None."""
    if fault is not None:
        raise SettingsError(fault.what, fault.cure)


def _apply(runner: Any) -> list[str]:
    refuse(newer_fault(sorted(runner.applied())))
    names: list[str] = runner.up()
    return names
