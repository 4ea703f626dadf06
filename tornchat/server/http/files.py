"""The files that come with the package. Only what is there can be asked for, however it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).parents[1] / "static"
TYPES = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".ico": "image/x-icon",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".map": "application/json",
        ".mjs": "text/javascript; charset=utf-8",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".woff2": "font/woff2",
    }
)
"""Suffix -> media type. Not those of the machine, which may know `.js` as something else."""


class File(NamedTuple):
    """A file in memory, its media type and its ETag."""

    content: bytes
    media_type: str
    etag: str


class StaticFiles:
    """The files under `static/`, by their path in it. They don't change while the server runs."""

    def __init__(self, root: Path = ROOT) -> None:
        # A list of what there is, so that no path, however written, leads elsewhere; and symbolic links,
        # with which some packagers install, are files as all others.
        self._paths = {
            path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()
        }
        self._loaded: dict[str, File] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def get(self, name: str) -> File | None:
        """The file at this path; None if there is none."""
        if name not in self._paths:
            return None
        if name not in self._loaded:
            content = self._paths[name].read_bytes()
            media_type = TYPES.get(self._paths[name].suffix, "application/octet-stream")
            self._loaded[name] = File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        return self._loaded[name]

    @cached_property
    def version(self) -> str:
        """A name for the content of all of them: what is asked for by it never changes."""
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def url(self, prefix: str, name: str) -> str:
        """Where `name` is served, for ever. Raises `KeyError` if there is no such file.

        The version stands before the path, so that what a script imports by a relative path is of the
        same version.
        """
        if name not in self._paths:
            raise KeyError(f"there is no file {name} under static/")
        return f"{prefix}/static/{self.version}/{name}"
