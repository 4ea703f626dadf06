"""The settings in `[peewee]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class PeeweeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Storage of the messages."""

    url: Annotated[
        str,
        Meta(
            description="The database: sqlite:///<path>, apsw:///<path> or "
            "postgresql://<user>:<password>@<host>/<database>. "
            "Not set: the SQLite file `tornchat.db` in `data_dir`."
        ),
    ] = ""
    synchronous: Annotated[
        Literal["NORMAL", "FULL", "EXTRA"],
        Meta(description="SQLite's durability: FULL survives a power failure, NORMAL only a killed process."),
    ] = "FULL"
    readers: Annotated[int, Meta(ge=1, le=16, description="Number of threads for reading, 1 to 16.")] = 2
    busy_timeout: Annotated[
        float,
        Meta(ge=0, le=3, description="Maximum wait in seconds for a lock in the database, at most 3."),
    ] = 2.0
    data_dir: Annotated[
        Path, Meta(description="The directory of `tornchat.db`. Not set: [tornchat] data_dir.")
    ] = Path("tornchat-data")

    def __repr__(self) -> str:
        """Hide the password in the URL."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"PeeweeSettings({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        values = msgspec.structs.asdict(self)
        return list({**values, "url": without_secrets(self.url)}.items())


def without_secrets(url: str) -> str:
    """Return `url` without secrets: only the path of a file is shown."""
    if not url or url.startswith(("sqlite:///", "apsw:///")):
        return url.partition("?")[0]
    scheme, separator, _ = url.partition("://")
    return f"{scheme}://..." if separator else "(not a URL)"
