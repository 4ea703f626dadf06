"""The static files of the package. Only existing files can be requested, so that no path escapes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import posixpath
import re
import threading
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
        ".ts": "text/plain; charset=utf-8",
        ".txt": "text/plain; charset=utf-8",
        ".woff2": "font/woff2",
    }
)
"""Suffix -> media type. The types of the operating system are not used, since they may be wrong."""


_IMPORT = re.compile(r'^(?:import|export) (?:[^;"]* from )?"(\.[^"]+)";', re.M)
"""A static import of a file of ours. The vendored ones are minified, and need no others."""


MOVED = MappingProxyType({"tornchat-client.js": "client/tornchat-client.js"})
"""The address that sites load a file from -> where the file is."""
LEAST_SAVED = 0.1
"""A file is compressed if this saves that share of it at least: pictures and fonts are compressed already."""


class File(NamedTuple):
    """The content of a file, its media type and its ETag. `gzipped` is None if that saves little."""

    content: bytes
    media_type: str
    etag: str
    gzipped: bytes | None

    @classmethod
    def of(cls, content: bytes, media_type: str) -> File:
        """Compress a file, once for all who ask for it."""
        gzipped = gzip.compress(content, mtime=0)
        saves = len(gzipped) <= len(content) * (1 - LEAST_SAVED)
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return cls(content, media_type, etag, gzipped if saves else None)


class StaticFiles:
    """The files under `static/`, by relative path, and by the addresses that they had before.

    They must not change while the server runs.
    """

    def __init__(self, root: Path = ROOT) -> None:
        # Enumerated at the start, so that no requested path leads outside. Symbolic links are included, since
        # some package managers install files as links.
        self._paths = {
            path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()
        }
        for before, now in MOVED.items():
            if now in self._paths:
                self._paths[before] = self._paths[now]
        self._loaded: dict[str, File] = {}
        self._compressing = threading.Lock()
        """Held while a file is compressed: one at a time, and each once, however many ask for it."""
        self._imported: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    async def load(self, name: str) -> File | None:
        """Return the file at this path; None if it does not exist. Large files take a while to compress."""
        if name not in self._loaded and name in self._paths:
            await asyncio.to_thread(self.get, name)
        return self._loaded.get(name)

    def get(self, name: str) -> File | None:
        """Return the file at this path; None if it does not exist. It may block for some 100 ms."""
        if name not in self._paths:
            return None
        with self._compressing:
            if name not in self._loaded:
                path = self._paths[name]
                media_type = TYPES.get(path.suffix, "application/octet-stream")
                self._loaded[name] = File.of(path.read_bytes(), media_type)
            return self._loaded[name]

    @cached_property
    def version(self) -> str:
        """A hash of all files, used in URLs so that responses can be cached without expiry."""
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def modules(self, *names: str) -> list[str]:
        """Return these scripts and all that they import, so that a page can ask for all at once.

        What they import dynamically is left out. Raises `KeyError` if a file does not exist.
        """
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._imports(name)
        return sorted(found)

    def _imports(self, name: str) -> list[str]:
        if name not in self._imported:
            folder, text = posixpath.dirname(name), self._paths[name].read_text(encoding="utf-8")
            paths = (posixpath.join(folder, path) for path in _IMPORT.findall(text))
            self._imported[name] = [posixpath.normpath(path) for path in paths]
        return self._imported[name]

    def url(self, base: str, name: str) -> str:
        """Return the versioned URL of a file. Raises `KeyError` if it does not exist.

        `base` is where the chat is, as seen from the page: "." or "..".

        The version precedes the path, so that relative imports of a script have the same version.
        """
        if name not in self._paths:
            raise KeyError(f"there is no file {name} under static/")
        return f"{base}/static/{self.version}/{name}"
