"""docs/http-api.md: every call there is has a line of curl there, and each line is answered as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.cli.process import serving
from tests.server.http.web import ask
from tests.test_docs import DOCS, blocks
from tornchat.server.http.api.problems import STATUSES
from tornchat.server.http.api.table import ENDPOINTS
from tornchat.testing import running_chat

PAGE = "docs/http-api.md"


class Line(NamedTuple):
    """A line of curl, and the status it is said to be answered with."""

    command: str
    status: str

    @property
    def method(self) -> str:
        found = re.search(r"-X (\w+)", self.command)
        return found[1] if found else "POST" if "--json" in self.command else "GET"

    @property
    def path(self) -> str:
        return re.search(r"8888(/[^\s?\"]*)", self.command)[1]


def lines() -> Iterator[Line]:
    for block in blocks(PAGE, "sh"):
        for line in block.text.splitlines():
            command, _, status = line.partition("  # ")
            if command.startswith("curl "):
                yield Line(command, status)


def bash(folder, command: str, **variables: str) -> str:
    command = command.replace("tornchat token", f"{sys.executable} -m tornchat token")
    environ = {**os.environ, **variables}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.long
def test_each_line_is_answered_as_it_says(tmp_path):
    with serving(tmp_path) as (_, address):
        tokens = dict(re.findall(r"^(\w+)=(\$\(tornchat token .*\))$", blocks(PAGE, "sh")[0].text, re.M))
        tokens = {name: bash(tmp_path, f"echo {command}") for name, command in tokens.items()}
        for line in lines():
            command = line.command.replace("127.0.0.1:8888", address)
            told = bash(tmp_path, f"{command} -sS -w '\\n%{{http_code}}'", **tokens)
            assert told.rpartition("\n")[2] == line.status, f"{line.command}\n{told}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_call_has_a_line(endpoint):
    fitting = [line for line in lines() if re.fullmatch(endpoint.pattern, line.path)]
    assert any(line.method == endpoint.method for line in fitting)


def test_every_code_of_a_refusal_is_on_the_page():
    text = (DOCS / "http-api.md").read_text(encoding="utf-8")
    for code, status in STATUSES.items():
        assert re.search(rf"^\| {status} \|.*`{code}`", text, re.M), code


@pytest.mark.gen_test
async def test_the_plugin_on_the_page_adds_a_call_that_describes_itself():
    [block] = blocks(PAGE, "python")
    found: dict[str, Any] = {}
    exec(compile(block.text, PAGE, "exec"), found)
    async with running_chat(plugins={"motto": found["MottoPlugin"]}) as chat:
        assert (await ask(chat, "GET", "/motto")).body == b"A room is a log."
        document = json.loads((await ask(chat, "GET", "/openapi.json")).body)
        assert document["paths"]["/motto"]["get"]["summary"] == "Say the motto."
