"""Replies, threads, mentions and `meta`, as plays over WebSockets, HTTP and both dialects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_changes import deletes, enters, history, on_stage, says, tells
from tests.stage import Player, Stage
from tornchat import User

META = {"colour": "red", "parts": [1, 2.5, None, {"deep": True}]}


async def sends(player: Player, client_id: str, message: str = "text", **more: object) -> dict[str, Any]:
    """Send a message and return its answer, an acknowledgement or an error."""
    await tells(player, type="send", id=client_id, message=message, **more)
    while (answer := await player.next())["type"] not in ("ack", "error"):
        pass
    return answer


def said(frames: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """What the messages of a history say beyond who sent them when."""
    plain = ("type", "sender_id", "sender_username", "timestamp", "seq")
    messages = [frame for frame in frames if frame["type"] == "chat_message"]
    return {one["seq"]: {key: one[key] for key in one if key not in plain} for one in messages}


def test_a_reply_in_a_thread_is_told_and_kept_and_counted(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "root")
        mentions = {"users": ["juliet", "paris"], "room": False}
        answer = await sends(romeo, "s1", reply_to=1, thread=1, mentions=mentions, meta=META)
        assert answer == {"type": "ack", "id": "s1", "seq": 2}
        await sends(romeo, "s2", "plain in the thread", thread=1)
        reply = {"message": "text", "reply_to": 1, "thread": 1, "mentions": mentions, "meta": META}
        live = [await juliet.next_of("chat_message") for _ in range(3)]
        assert said(live) == {
            1: {"message": "root"},
            2: reply,
            3: {"message": "plain in the thread", "thread": 1},
        }
        root = {"message": "root", "replies": {"count": 2, "last_seq": 3}}
        for player in (await enters(verona, "paris"), await enters(verona, "nurse", 0, romeo.epoch)):
            assert said(await history(player)) == {**said(live), 1: root}

    on_stage(tmp_path, play)


DEEPEST = {"x": json.loads("[" * 31 + "]" * 31)}
LARGEST = {"x": "y" * (8 * 1024 - len('{"x":""}'))}
REFUSED = [
    ({"thread": 2}, "invalid_message"),  # in a thread itself
    *[({field: 3}, "not_found") for field in ("reply_to", "thread")],  # deleted
    *[({field: 4}, "not_found") for field in ("reply_to", "thread")],  # a deletion
    *[({field: 5}, "not_found") for field in ("reply_to", "thread")],  # another room has one there
    *[({field: 0}, "not_found") for field in ("reply_to", "thread")],
    *[({field: -1}, "invalid_message") for field in ("reply_to", "thread")],
    *[({field: "1"}, "invalid_message") for field in ("reply_to", "thread")],
    ({"mentions": {"users": [f"u{n}" for n in range(51)]}}, "invalid_message"),
    ({"mentions": {"users": [""]}}, "invalid_message"),
    ({"mentions": {"users": ["u" * 257]}}, "invalid_message"),
    ({"mentions": ["romeo"]}, "invalid_message"),
    ({"meta": []}, "invalid_message"),
    ({"meta": "text"}, "invalid_message"),
    ({"meta": {"x": DEEPEST["x"] + [1], "y": [DEEPEST["x"]]}}, "invalid_message"),
    ({"meta": {"x": LARGEST["x"] + "y"}}, "invalid_message"),
]


def test_what_can_not_be_said_is_refused_with_its_code(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, elsewhere = await enters(verona, "romeo"), await verona.enters("tybalt", "elsewhere", v1=True)
        await says(romeo, "root")
        await sends(romeo, "reply", thread=1)
        await says(romeo, "slip")
        await deletes(romeo, "d", 3)
        await romeo.next_of("ack")
        await says(elsewhere, *"12345")
        for number, (more, code) in enumerate(REFUSED):
            answer = await sends(romeo, f"bad{number}", **more)
            assert (answer["type"], answer.get("code"), answer["id"]) == ("error", code, f"bad{number}"), more
        for meta in ([], {"x": LARGEST["x"] + "y"}, {"y": [DEEPEST["x"]]}):
            await tells(romeo, type="edit", id="bad", seq=1, revision=0, message="new", meta=meta)
            assert (await romeo.next_of("error"))["code"] == "invalid_message"
        [*_, last] = await history(await enters(verona, "paris"))
        assert last["position"] == 4, "nothing of it was stored"
        for number, meta in enumerate((DEEPEST, LARGEST)):
            assert (await sends(romeo, f"good{number}", meta=meta))["type"] == "ack"

    on_stage(tmp_path, play, limits={"messages_per_second": 0})


def test_who_may_not_see_the_room_can_be_mentioned(tmp_path: Path) -> None:
    """The mention is stored as it was said, whether or not there is such a user."""

    async def play(verona: Stage) -> None:
        await verona.chat.create_room("balcony", by=User("romeo", "romeo"), private=True)
        romeo = await verona.enters("romeo", "balcony", v1=True)
        mentions = {"users": ["tybalt", "nobody at all"]}
        await tells(romeo, type="send", id="m1", message="soft!", mentions=mentions)
        told = (await romeo.next_of("chat_message"))["mentions"]
        assert told == {**mentions, "room": False}
        assert (await romeo.next_of("ack"))["seq"] == 1
        assert await (await verona.enters("tybalt", "balcony", v1=True)).is_closed() == 4000

    on_stage(tmp_path, play)


NOT_JSON = [
    b'{"type":"send","id":"x","message":"m","meta":{"a":1,"a":2}}',
    b'{"type":"send","id":"x","message":"m","meta":{"a":NaN}}',
    b'{"type":"send","id":"x","message":"m","meta":{"a":1e999}}',
    b'{"type":"send","id":"x","message":"m","meta":{"a":"\\ud800"}}',
    b'{"type":"send","id":"x","message":"m","thread":1,"thread":2}',
    b'{"type":"send","id":"x","message":"m","meta":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
]


@pytest.mark.parametrize("frame", NOT_JSON, ids=range(len(NOT_JSON)))
def test_meta_is_json_that_all_parsers_read_alike(tmp_path: Path, frame: bytes) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "root")
        await romeo.socket.send(frame.decode())
        assert (await romeo.next_of("error"))["code"] in ("invalid_json", "invalid_message")
        await says(romeo, "it goes on")

    on_stage(tmp_path, play)


def test_edits_change_meta_and_nothing_else_that_a_message_says(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "root")
        await sends(romeo, "s", reply_to=1, thread=1, mentions={"users": ["juliet"]}, meta={"a": 1})
        for revision, more in enumerate(({}, {"meta": {"b": 2}}, {"meta": {}})):
            await tells(
                romeo, type="edit", id=f"e{revision}", seq=2, revision=revision, message="new", **more
            )
            changed = await juliet.next_of("message_changed")
            assert changed.get("meta") == more.get("meta")
            assert not {"mentions", "reply_to", "thread"} & {*changed}
        frames = [await history(await enters(verona, "paris"))]
        wanted = {"message": "new", "revision": 3, "position": 5, "reply_to": 1, "thread": 1, "meta": {}}
        wanted["mentions"] = {"users": ["juliet"], "room": False}
        message = said(frames[0])[2]
        assert message.pop("edited_at")
        assert message == wanted
        resumed = await history(await enters(verona, "juliet", 2, romeo.epoch))
        assert [(one["seq"], one["meta"]) for one in resumed[:-1]] == [(2, {})]

    on_stage(tmp_path, play)


def test_a_repeat_says_the_same_whatever_happened_since(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "root")
        more = {"reply_to": 1, "thread": 1, "mentions": {"users": ["juliet"]}, "meta": {"a": 1}}
        first = await sends(romeo, "s", **more)
        for again in range(4):
            assert await sends(romeo, "s", **more) == first
            if again < 3:
                for other in ({}, {**more, "meta": {"a": 2}}, {**more, "mentions": {"room": True}}):
                    assert (await sends(romeo, "s", **other))["code"] == "conflict", other
            if again < 2:
                assert (await sends(romeo, "say root", "root", **more))["code"] == "conflict"
            if again == 0:
                await tells(romeo, type="edit", id="e", seq=2, revision=0, message="new", meta={})
            elif again < 3:
                await deletes(romeo, f"d{again}", again)  # first the root, then the reply
            if again < 3:
                await romeo.next_of("ack")
        assert await sends(romeo, "s") == first, "nobody knows any more what it said"

    on_stage(tmp_path, play, limits={"messages_per_second": 0})


def test_a_deleted_reply_is_not_counted_and_a_deleted_root_takes_no_more(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "root")
        for number in range(3):
            await sends(romeo, f"s{number}", thread=1, meta={"secret": number})
        await deletes(romeo, "d", 3)
        await romeo.next_of("ack")
        for player in (await enters(verona, "paris"), await enters(verona, "nurse", 0, romeo.epoch)):
            found = said(await history(player))
            assert found[1]["replies"] == {"count": 2, "last_seq": 4}
            assert found[3] == {"message": "", "thread": 1, "position": 5}
        await deletes(romeo, "d1", 1)
        await romeo.next_of("ack")
        for field in ("thread", "reply_to"):
            assert (await sends(romeo, f"late {field}", **{field: 1}))["code"] == "not_found"
        found = said(await history(await enters(verona, "tybalt")))
        assert found[1] == {"message": "", "position": 6, "replies": {"count": 2, "last_seq": 4}}

    on_stage(tmp_path, play)


def test_a_tail_counts_as_storage_does(tmp_path: Path) -> None:
    """A room that is loaded tells the same as one that is read."""

    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "root")
        for number in range(4):
            await sends(romeo, f"s{number}", thread=1)
        for seq in (5, 2, 5):
            await deletes(romeo, f"d{seq}", seq)
            await romeo.next_of("ack")
            kept = said(await history(await enters(verona, "paris")))
            page = await verona.chat._hooks.read_messages("general", None, None, None, None, 100)
            assert kept[1]["replies"] == vars_of(page.entries[0].more.replies)

    on_stage(tmp_path, play)


def vars_of(replies: Any) -> dict[str, int]:
    return {"count": replies.count, "last_seq": replies.last_seq}
