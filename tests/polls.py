"""The plugin `polls` of the documentation, for tests that load it in their own process."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.scenarios.test_changes import tells
from tests.stage import Player, Stage, open_stage

EXAMPLE = Path(__file__).parents[1] / "docs/examples/tornchat-polls"
OPTIONS = ["tea", "coffee"]


def _loaded() -> Any:
    name = "tornchat_polls"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EXAMPLE / name / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # msgspec looks there for the types that annotations name
        spec.loader.exec_module(module)
    return sys.modules[name]


tornchat_polls = _loaded()
PollsPlugin: type = tornchat_polls.PollsPlugin


def on_polls(
    tmp_path: Path,
    play: Callable[[Stage], Awaitable[None]],
    more: dict[str, type] | None = None,
    **settings: dict[str, object],
) -> None:
    """Run a play on a stage with the plugin `polls`, and with the plugins in `more`."""
    plugins = {"polls": PollsPlugin, **(more or {})}
    settings["tornchat"] = {"plugins": ", ".join(["jwt", *plugins, "peewee", "local"])}

    async def main() -> None:
        async with open_stage(tmp_path, settings, plugins) as stage:
            await play(stage)

    asyncio.run(main())


async def asks(player: Player, client_id: str = "p", text: str = "Tea or coffee?", **data: object) -> None:
    """Send a poll."""
    said = {"options": OPTIONS, **data}
    await tells(player, type="send", id=client_id, message=text, kind="poll", data=said)


async def votes(player: Player, client_id: str, seq: int, *tokens: str) -> None:
    await tells(player, type="mark", id=client_id, kind="vote", seq=seq, tokens=tokens)


async def closes(player: Player, client_id: str, seq: int, **fields: object) -> None:
    await tells(player, type="revise", id=client_id, kind="close-poll", seq=seq, **fields)
