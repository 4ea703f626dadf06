"""The client as a package: its types, what npm packs, and what TypeScript says of our JavaScript."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.javascript.typescript import (
    ALONE,
    CLIENT,
    DECLARATIONS,
    OURS,
    STATIC,
    STRICT,
    declarations,
    install,
    run,
)
from tornchat.server.http.files import StaticFiles
from tornchat.version import __version__

CONSUMER = """
import { TornchatClient, TornchatError, newId, type Message } from "tornchat";

const base = new URL("https://chat.example.org/");
const chat = new TornchatClient({ room: "general", token: async () => "token", base });
const shown: Message[] = [];
chat.addEventListener("message", ({ detail }) => shown.push(detail));
chat.addEventListener("state", ({ detail }) => console.log(detail.state, detail.retryAt?.toFixed()));
chat.connect();
export const sent: Promise<number> = chat.send("Hello", newId(), { reply_to: 1 }).then(({ seq }) => seq);
export const code = (error: unknown): string => (error instanceof TornchatError ? error.code : "");
// @ts-expect-error: there is no such event
chat.addEventListener("massage", () => {});
"""


@pytest.fixture(scope="module")
def tsc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        found = install(tmp_path_factory.mktemp("typescript"))
    except AssertionError as error:
        pytest.skip(f"npm can't fetch TypeScript here: {error}")
    if found is None:
        pytest.skip("there is no npm in the PATH, which fetches TypeScript")
    return found


@pytest.mark.long
def test_the_modules_that_draw_nothing_have_no_type_errors(tsc: Path, tmp_path: Path) -> None:
    run(
        [tsc, "--noEmit", *STRICT, *OURS, CLIENT, *(STATIC / "chat" / f"{name}.js" for name in ALONE)],
        tmp_path,
    )


@pytest.mark.long
def test_the_shipped_declarations_are_those_of_the_client(tsc: Path, tmp_path: Path) -> None:
    cure = "run: python -m tests.javascript.typescript"
    assert DECLARATIONS.read_text(encoding="utf-8") == declarations(tsc, tmp_path), cure


@pytest.mark.long
def test_what_npm_packs_is_what_the_server_serves_and_a_strict_consumer_takes_it(
    tsc: Path, tmp_path: Path
) -> None:
    npm = shutil.which("npm")
    assert npm is not None
    [packed] = json.loads(run([npm, "pack", "--json", CLIENT.parent], tmp_path))
    assert (packed["name"], packed["version"]) == ("tornchat", __version__)
    home = tmp_path / "node_modules" / "tornchat"
    with tarfile.open(tmp_path / packed["filename"]) as archive:
        archive.extractall(tmp_path, filter="data")
    home.parent.mkdir()
    (tmp_path / "package").rename(home)
    files = StaticFiles()
    names = {path.name for path in home.iterdir()}
    assert names == {"package.json", CLIENT.name, DECLARATIONS.name}
    for name in names:
        served = files.get(f"client/{name}")
        assert served is not None
        assert served.content == (home / name).read_bytes()
    old = files.get(CLIENT.name)
    assert old is not None
    assert old.content == CLIENT.read_bytes()
    (tmp_path / "consumer.ts").write_text(CONSUMER)
    run([tsc, "--noEmit", *STRICT, "--lib", "ES2023,DOM", "consumer.ts"], tmp_path)
