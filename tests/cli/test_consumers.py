"""`tornchat consumers`: how far they are, and setting them back and forward."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner, Result

from tests.cli.histories import own_log
from tests.plugins.peeweekit import say, storage
from tornchat import ConsumerClaim, CursorMove
from tornchat.cli import main


def run(place: Path, *words: str) -> Result:
    with own_log():
        return CliRunner().invoke(main, ["consumers", *words, "--set", f"tornchat.data_dir={place}"])


async def have_a_consumer(place: Path) -> None:
    async with storage(place, "tea", "den") as chat:
        await chat.hold_consumers("n1", [ConsumerClaim("bot")], 10.0)
        await say(chat, "a", "b", room="tea")
        [unread] = await chat.read_unread({"tea": ["bot"]}, 10)
        await chat.move_cursors("n1", [CursorMove("bot", "tea", unread.page.epoch, 0, 0, "it is away")])


def test_it_shows_the_lag_and_sets_cursors(tmp_path: Path) -> None:
    asyncio.run(have_a_consumer(tmp_path))
    assert run(tmp_path).output.startswith("bot\ton node n1\t2 entries behind in 1 rooms")
    assert run(tmp_path, "bot").output == "tea\tat 0 of 2\t2 entries behind\tit is away\n"
    assert json.loads(run(tmp_path, "bot", "--json").output)["error"] == "it is away"
    assert run(tmp_path, "bot", "--skip").output == "The cursor was set in 2 rooms.\n"
    assert run(tmp_path, "bot").output == ""
    assert run(tmp_path, "bot", "--room", "tea", "--replay-from", "2").exit_code == 0
    assert run(tmp_path, "bot").output == "tea\tat 1 of 2\t1 entries behind\n"


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    asyncio.run(have_a_consumer(tmp_path))
    assert "Give the NAME" in run(tmp_path, "--skip").output
    assert "one of --replay-from and --skip" in run(tmp_path, "bot", "--skip", "--replay-from", "1").output
    assert "No consumer nobody" in run(tmp_path, "nobody", "--skip").output
    assert "--room is for" in run(tmp_path, "bot", "--room", "tea").output
