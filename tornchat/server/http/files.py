"""The static files of the package. Only existing files can be requested, so that no path escapes."""

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
"""Suffix -> media type. The types of the operating system are not used, since they may be wrong."""


class File(NamedTuple):
    """The content of a file, its media type and its ETag."""

    content: bytes
    media_type: str
    etag: str


class StaticFiles:
    """The files under `static/`, by relative path. They must not change while the server runs."""

    def __init__(self, root: Path = ROOT) -> None:
        # Enumerated at the start, so that no requested path leads outside. Symbolic links are included, since
        # some package managers install files as links.
        self._paths = {
            path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()
        }
        self._loaded: dict[str, File] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def get(self, name: str) -> File | None:
        """Return the file at this path; None if it does not exist."""
        if name not in self._paths:
            return None
        if name not in self._loaded:
            content = self._paths[name].read_bytes()
            media_type = TYPES.get(self._paths[name].suffix, "application/octet-stream")
            self._loaded[name] = File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        return self._loaded[name]

    @cached_property
    def version(self) -> str:
        """A hash of all files, used in URLs so that responses can be cached without expiry."""
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def url(self, base: str, name: str) -> str:
        """Return the versioned URL of a file. Raises `KeyError` if it does not exist.

        `base` is where the chat is, as seen from the page: "." or "..".

        The version precedes the path, so that relative imports of a script have the same version.
        """
        if name not in self._paths:
            raise KeyError(f"there is no file {name} under static/")
        return f"{base}/static/{self.version}/{name}"
