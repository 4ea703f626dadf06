"""Marks as plays: reactions over WebSockets, with their races, repeats and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.test_changes import (
    _answer,
    enters,
    history,
    on_stage,
    says,
    tells,
)
from tests.stage import Player, Stage

UP, PARTY, HEART = "\N{THUMBS UP SIGN}", "\N{PARTY POPPER}", "\N{HEAVY BLACK HEART}"


async def reacts(player: Player, client_id: str, seq: object, *tokens: object) -> None:
    await tells(player, type="mark", id=client_id, kind="reaction", seq=seq, tokens=tokens)


async def reacted(player: Player, client_id: str, seq: int, *tokens: str) -> dict[str, Any]:
    """React, and return the answer."""
    await reacts(player, client_id, seq, *tokens)
    return await _answer(player, client_id)


async def marks_of(verona: Stage, seq: int = 1) -> dict[str, Any]:
    """The marks of a message that a newcomer is told."""
    frames = await history(await enters(verona, "newcomer"))
    [message] = [frame for frame in frames if frame.get("seq") == seq]
    return message.get("marks", {})  # type: ignore[no-any-return]


def test_a_reaction_is_told_and_acknowledged_and_is_in_later_histories(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one")
        await reacts(juliet, "m1", 1, UP, PARTY)
        assert await romeo.next_of("marked") == {
            "type": "marked",
            "kind": "reaction",
            "seq": 1,
            "position": 2,
            "counts": {UP: 1, PARTY: 1},
            "changes": [{"user_id": "juliet", "added": [UP, PARTY], "removed": []}],
        }
        assert (await juliet.next_of("marked"))["position"] == 2
        assert await juliet.next() == {"type": "ack", "id": "m1", "seq": 1, "position": 2}
        await reacts(juliet, "m2", 1, PARTY, HEART)
        marked = await romeo.next_of("marked")
        assert marked["counts"] == {UP: 0, HEART: 1}
        assert marked["changes"] == [{"user_id": "juliet", "added": [HEART], "removed": [UP]}]
        [message, end] = await history(await enters(verona, "paris"))
        assert (message["position"], end["position"]) == (3, 3)
        assert "revision" not in message
        one = {"count": 1, "users": ["juliet"]}
        assert message["marks"] == {"reaction": {PARTY: one, HEART: one}}
        await reacts(juliet, "m3", 1)
        assert (await romeo.next_of("marked"))["counts"] == {PARTY: 0, HEART: 0}
        assert await marks_of(verona) == {}

    on_stage(tmp_path, play)
