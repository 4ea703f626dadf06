"""Migration of a database to the schema of this version."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import peewee
from playhouse.migrations import Migration, Runner

from tornchat import Fault, SettingsError
from tornchat_peewee.declaration import Declaration, fault_of_unknown

STEPS = Path(__file__).parent / "steps"
TABLE = "schema_step"
DECLARING = "0006_declarations"
"""The step from which on the table contains the declarations of steps."""

logger = logging.getLogger("tornchat.peewee")


class Schema:
    """The schema that the steps in these directories result in."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories

    def fault(self, connection: Any) -> Fault | None:
        """Return a fault if the database has steps that this schema does not have: a warning if it works.

        `connection` is of any driver, and the table of steps exists.
        """
        known = {step.name for step in self.steps()}
        return fault_of_unknown([step for step in _taken(connection) if step.step not in known])

    def steps(self) -> list[Any]:
        """Return the steps as playhouse's `Migration`, in order."""
        return sorted(step for path in self._directories for step in Migration.load_directory(str(path)))

    def apply(self, database: Any) -> list[str]:
        """Apply the missing steps and return their names. The caller holds the migration lock."""
        names: list[str] = _Runner(database, self).up()
        return names


CURRENT = Schema(STEPS)
"""The schema of this version."""


def refuse(fault: Fault | None) -> None:
    """Raise `SettingsError` if `fault` is one that keeps the server from working; log a warning."""
    if fault is not None and not fault.warning:
        raise SettingsError(fault.what, fault.cure)
    if fault is not None:
        logger.warning("%s %s", fault.what, fault.cure, extra={"event": "newer_schema"})


class _Runner(Runner):  # type: ignore[misc]  # playhouse has no types
    """Playhouse's runner, which also stores the declaration of each step, in the step's transaction."""

    def __init__(self, database: Any, schema: Schema) -> None:
        super().__init__(database, table_name=TABLE)
        self._own = schema

    def migrations(self) -> list[Any]:
        return self._own.steps()

    def _run(self, name: str, module: ModuleType, direction: str, fake: bool = False) -> None:
        with self.migrator.migration_context(True):
            module.up(self.migrator, self.database)
            self.History.create(name=name)
            if name >= DECLARING:
                self._store(Declaration.of(name, module))

    def _store(self, told: Declaration) -> None:
        class Step(peewee.Model):
            name = peewee.TextField()
            additive = peewee.BooleanField()
            minimum = peewee.TextField()
            way_back = peewee.TextField()

            class Meta:
                database = self.database
                primary_key = False
                table_name = TABLE

        values = {"additive": told.additive, "minimum": told.minimum, "way_back": told.way_back}
        Step.update(values).where(Step.name == told.step).execute()


def _taken(connection: Any) -> list[Declaration]:
    names = [name for (name,) in connection.execute(f"SELECT name FROM {TABLE} ORDER BY name")]  # noqa: S608 (a constant)
    if DECLARING not in names:
        return [Declaration(name) for name in names]
    told = connection.execute(f"SELECT name, additive, minimum, way_back FROM {TABLE} ORDER BY name")  # noqa: S608
    return [Declaration(name, bool(additive), *texts) for name, additive, *texts in told]
