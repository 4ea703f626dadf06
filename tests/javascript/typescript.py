"""TypeScript, which checks our JavaScript and writes the declarations of the client.

    python -m tests.javascript.typescript

writes `tornchat-client.d.ts` anew, after the client has changed. It needs npm.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

VERSION = "5.9.3"
STATIC = Path(__file__).parents[2] / "tornchat" / "server" / "static"
CLIENT = STATIC / "client" / "tornchat-client.js"
DECLARATIONS = CLIENT.with_suffix(".d.ts")
STRICT = ("--strict", "--target", "ES2023", "--module", "ES2022", "--moduleResolution", "bundler")
OURS = ("--allowJs", "--checkJs", "--lib", "ES2023,DOM,DOM.Iterable")
ALONE = (
    *("api", "emoji", "entry", "formatting", "fuzzy", "inline", "kept", "log", "markdown", "mentions"),
    *("outbox", "places", "readmarker", "standing", "stream", "strings", "strings.de", "text"),
)
"""The modules that are checked strictly: those that draw nothing."""


def install(folder: Path) -> Path | None:
    """Install TypeScript in an empty folder; return the compiler, or None without npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    run([npm, "install", *options, f"typescript@{VERSION}"], folder)
    return folder / "node_modules" / ".bin" / "tsc"


def run(command: Sequence[str | Path], folder: Path) -> str:
    """Run a command; raise `AssertionError` with what it printed if it fails."""
    done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def declarations(tsc: Path, folder: Path) -> str:
    """Return the declarations of the client as it is now."""
    run([tsc, "--declaration", "--emitDeclarationOnly", *STRICT, *OURS, "--outDir", folder, CLIENT], folder)
    return (folder / DECLARATIONS.name).read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        found = install(Path(name))
        assert found is not None, "npm is not in the PATH"
        DECLARATIONS.write_text(declarations(found, Path(name)), encoding="utf-8")
