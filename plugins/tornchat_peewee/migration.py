"""Migration of a database to the schema of its backend."""

from __future__ import annotations

import peewee

from tornchat import SettingsError
from tornchat_peewee.backend import Backend

CURE = "See that it may be written, and that no other program keeps it locked."


def migrate(backend: Backend) -> list[str]:
    """Apply the missing migration steps, under a lock between processes, and return their names.

    May run in any thread; its connection is closed afterwards. Raises `SettingsError` if the database can't
    be used, or a newer version has changed it so that this one can't work with it.
    """
    with backend.migrating():
        try:
            backend.connect()
            return backend.schema.apply(backend.database)
        except peewee.PeeweeException as error:
            raise SettingsError(
                f"The database can't be opened or migrated: {backend.explain(error)}", CURE
            ) from error
