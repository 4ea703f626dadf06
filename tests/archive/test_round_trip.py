"""A history goes into a file and back, on both kinds of database, and is what it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import JULIET, ROMEO, Place, deletion, draft, say, storage
from tornchat import Mark, Tally
from tornchat.archive.export import Export, Exported
from tornchat.archive.jsonl import JsonLines
from tornchat.archive.opening import Opening
from tornchat.archive.partfile import PartFile
from tornchat.archive.restore import Restore
from tornchat.archive.source import Source
from tornchat.errors import SettingsError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.model import Entry, Mentions, More, Replies, Sanction, User
from tornchat.service.drafts import Drafts
from tornchat.testing.fixtures import closing, edit, opening, piece, saying

anything = Drafts("import", 0).check
PRINCE = User("prince", "prince", frozenset({"admin"}))
HOOKS = (
    "open_room",
    "store_messages",
    "read_history",
    "latest_positions",
    "prune_history",
    "create_room",
    "read_members",
    "set_member",
    "read_sanctions",
    "set_sanction",
    "set_slow_mode",
    "describe_room",
)


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[tuple[PeeweePlugin, Hooks]]:
    async with storage(place, "hall") as chat:
        functions = {name: getattr(chat, name) for name in HOOKS}
        create = chat.create_room
        functions["create_room"] = lambda name, user, *rest: create(name, *rest)  # it does not take `user`
        yield chat, Hooks({name: [Implementation("peewee", name, functions[name])] for name in HOOKS}, {})


async def export(hooks: Hooks, room: str, path: Path) -> Exported:
    with PartFile(path).growing() as file:
        return await Export(hooks, room, JsonLines(), lambda done, total: None).resume(file)


async def restore(hooks: Hooks, path: Path, room: str, public: bool = False) -> dict[str, int]:
    opening = Opening(hooks, "general", public)
    work = Restore(hooks, Source(path, anything), room, opening, lambda done, total: None)
    await work.run()
    return dict(work.outcomes)


async def log(chat: PeeweePlugin, room: str) -> list[Entry]:
    page = await chat.read_history(room, 0, None, 10_000)
    assert page is not None
    return list(page.entries)


def without_places(entries: list[Entry]) -> list[Entry]:
    return [msgspec.structs.replace(entry, seq=0) for entry in entries if entry.text]


async def talk(chat: PeeweePlugin, count: int) -> None:
    """Two speakers, one of whom names its messages."""
    for number in range(count):
        user, client_id = (ROMEO, f"c{number}") if number % 2 else (JULIET, None)
        sent_at = 1_600_000_000_000 + number
        await chat.store_messages(
            [draft(f"line {number}\n", user=user, client_id=client_id, sent_at=sent_at)]
        )


def test_it_comes_back_in_order_with_its_times_and_senders(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            await talk(chat, 20)
            path = tmp_path / "hall.jsonl"
            assert await export(hooks, "hall", path) == Exported(0, 20, 0)
            assert await restore(hooks, path, "den") == {"stored": 20}
            assert await restore(hooks, path, "den") == {"known": 20}
            assert await restore(hooks, path, "hall") == {"known": 20}
            assert without_places(await log(chat, "den")) == without_places(await log(chat, "hall"))
            assert len(await log(chat, "hall")) == 20
            room = await chat.open_room("den", ROMEO, False, 0, None)
            assert room.owner == ROMEO.id

    asyncio.run(play())


def test_an_export_goes_on_where_the_file_ends(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "hall.jsonl"
            await talk(chat, 3)
            await export(hooks, "hall", path)
            await say(chat, "four", "five")
            assert await export(hooks, "hall", path) == Exported(3, 2, 0)
            assert await export(hooks, "hall", path) == Exported(5, 0, 0)
            assert await restore(hooks, path, "den") == {"stored": 5}

    asyncio.run(play())
    assert not list(tmp_path.glob("*.part"))


def test_what_was_deleted_is_not_brought_back_and_is_deleted_there_too(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            early, late = tmp_path / "early.jsonl", tmp_path / "late.jsonl"
            await talk(chat, 3)
            await export(hooks, "hall", early)
            assert await restore(hooks, early, "den") == {"stored": 3}
            await chat.store_messages([deletion(2)])
            assert (await export(hooks, "hall", early)).added == 1
            await export(hooks, "hall", late)
            for path in (early, late):  # the early one still has the text
                room = f"fresh-{path.stem}"
                assert await restore(hooks, path, room) == {"stored": 2, "deleted": 2}
                assert [entry.text for entry in await log(chat, room)] == ["line 0\n", "line 2\n"]
                await restore(hooks, path, "den")
            texts = [(entry.kind, entry.text) for entry in await log(chat, "den")]
            kinds = ["message", "message", "message", "deletion"]
            assert texts == list(zip(kinds, ["line 0\n", "", "line 2\n", ""], strict=True))

    asyncio.run(play())


def test_what_was_pruned_between_two_exports_is_told(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "hall.jsonl"
            await talk(chat, 6)
            part = tmp_path / "hall.jsonl.part"
            form = JsonLines()
            room = await chat.open_room("hall", ROMEO, False, 0, ROMEO.id)
            part.write_bytes(form.begin("hall", room.epoch) + form.records((await log(chat, "hall"))[:2]))
            assert await hooks.prune_history("hall", 1_600_000_000_001, 100, None) == 1
            assert await export(hooks, "hall", path) == Exported(2, 4, 0)

    asyncio.run(play())


@pytest.mark.parametrize("what", ["another room", "another log", "no export", "a damaged end"])
def test_a_file_that_is_not_of_this_log_is_refused_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    async def play() -> None:
        async with opened(tmp_path / "data") as (chat, hooks):
            path = tmp_path / "file.jsonl"
            await talk(chat, 3)
            await export(hooks, "hall", path)
            if what == "another room":
                await chat.open_room("den", ROMEO, True, 0, ROMEO.id)
            elif what == "another log":
                path.write_bytes(path.read_bytes().replace(b'"draft_id":"', b'"draft_id":"x'))
            elif what == "no export":
                path.write_bytes(b"something else of mine")
            else:
                path.write_bytes(path.read_bytes() + b'{"seq": 4}\n')
            before = path.read_bytes()
            with pytest.raises(SettingsError):
                await export(hooks, "den" if what == "another room" else "hall", path)
            assert path.read_bytes() == before

    asyncio.run(play())
    assert not list(tmp_path.glob("*.part"))


def test_two_exports_at_once_don_t_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hall.jsonl"
    with PartFile(path).growing() as file:
        file.write(b"mine")
        with pytest.raises(SettingsError, match="Somebody else"), PartFile(path).growing():
            pass
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"seq":1,"sender_id":"1"', "line 2: the file is cut off"),
        (JsonLines().records([Entry(0, "1", "r", "x", 0, "d")]), "line 2: seq 0 comes after 0"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_anything_is_stored(
    tmp_path: Path, line: bytes, words: str
) -> None:
    path = tmp_path / "hall.jsonl"
    path.write_bytes(JsonLines().begin("hall", "e") + line)
    with pytest.raises(SettingsError, match=words):
        Source(path, anything)
    path.write_bytes(b"a,b\n")
    with pytest.raises(SettingsError, match="line 1"):
        Source(path, anything)


FAR = 4e9
"""Unix seconds, long after the test."""


async def a_private_room(chat: PeeweePlugin, name: str, owner: str | None = "juliet") -> None:
    """A room with a member, a moderator, a ban, a mute, a kick and slow mode."""
    await chat.create_room(name, True, 0, owner)
    await chat.set_member(name, "romeo", "member", 0, 0)
    await chat.set_member(name, "nurse", "moderator", 0, 0)
    for user_id, kind in (("tybalt", "ban"), ("paris", "mute"), ("rosaline", "kick")):
        await chat.set_sanction(Sanction(name, user_id, kind, FAR, "juliet", "owner", 5.0), 0)
    await chat.set_slow_mode(name, 30)
    await chat.describe_room(name, "A cell", "Bare", None)


async def state(chat: PeeweePlugin, name: str) -> object:
    """What the room is: its owner, and what an export has of it."""
    info = await chat.open_room(name, PRINCE, False, 0, None)
    members = [(one.user_id, one.role) for one in await chat.read_members(name, None)]
    sanctions = [msgspec.structs.replace(one, room="") for one in await chat.read_sanctions([name])]
    kept: dict[str, object] = {one.user_id: one for one in sanctions if one.kind != "kick"}
    if info.slow_seconds:
        kept["slow mode"] = info.slow_seconds
    if info.title:
        kept["texts"] = info.title, info.topic
    return info.private, info.owner, members, kept


@pytest.mark.parametrize("entries", [0, 3])
def test_a_room_comes_back_as_what_it_was(place: Place, tmp_path: Path, entries: int) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "cell.jsonl"
            await a_private_room(chat, "cell")
            for number in range(entries):
                await chat.store_messages([draft(f"line {number}", "cell")])
            await export(hooks, "cell", path)
            await chat.set_member("cell", "benvolio", "member", 0, 0)
            assert (await export(hooks, "cell", path)).kept == entries  # the new state replaces the old one
            await restore(hooks, path, "crypt")
            assert await state(chat, "crypt") == await state(chat, "cell")
            assert not [one for one in await chat.read_sanctions(["crypt"]) if one.kind == "kick"]
            assert len(await log(chat, "crypt")) == entries

    asyncio.run(play())


def test_an_import_that_was_interrupted_gives_the_members_their_roles(tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(tmp_path / "data") as (chat, hooks):
            path = tmp_path / "cell.jsonl"
            await a_private_room(chat, "cell")
            await say(chat, "one", room="cell")
            await export(hooks, "cell", path)
            await chat.create_room("crypt", True, 0, "juliet")
            await restore(hooks, path, "crypt")
            assert await state(chat, "crypt") == await state(chat, "cell")
            await chat.remove_member("crypt", "romeo")
            await restore(hooks, path, "crypt")
            assert "romeo" not in [one.user_id for one in await chat.read_members("crypt", None)]

    asyncio.run(play())


def test_a_file_that_does_not_tell_makes_a_room_for_admins_only(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "hall.jsonl"
            await talk(chat, 3)
            await export(hooks, "hall", path)
            older = path.read_bytes().splitlines(keepends=True)[:-1]
            path.write_bytes(b"".join(older))
            assert await restore(hooks, path, "den") == {"stored": 3}
            assert await state(chat, "den") == (True, None, [], {})
            with pytest.raises(SettingsError, match="is public"):
                await restore(hooks, path, "hall")
            assert await restore(hooks, path, "hall", public=True) == {"known": 3}
            assert await restore(hooks, path, "square", public=True) == {"stored": 3}
            assert await state(chat, "square") == (False, None, [], {})

    asyncio.run(play())


def test_private_messages_never_go_into_a_public_room(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "cell.jsonl"
            await a_private_room(chat, "cell")
            await say(chat, "a secret", room="cell")
            await export(hooks, "cell", path)
            with pytest.raises(SettingsError, match="is public"):
                await restore(hooks, path, "hall")
            assert await log(chat, "hall") == []
            await chat.create_room("den", True, 0, None)
            await say(chat, "of the den", room="den")
            await restore(hooks, path, "den")
            assert await state(chat, "den") == (True, None, [], {}), "who was not let in still is not"
            public = tmp_path / "hall.jsonl"
            await export(hooks, "hall", public)
            await restore(hooks, public, "den")
            assert (await chat.open_room("den", PRINCE, False, 0, None)).private

    asyncio.run(play())


@pytest.mark.parametrize(("room", "owner"), [("general", "juliet"), ("cellar", "guest-1")])
def test_nobody_owns_the_default_room_and_guests_own_nothing(tmp_path: Path, room: str, owner: str) -> None:
    async def play() -> None:
        async with opened(tmp_path / "data") as (chat, hooks):
            path = tmp_path / "cell.jsonl"
            await a_private_room(chat, "cell", owner)
            await export(hooks, "cell", path)
            await restore(hooks, path, room)
            private, found, members, _ = await state(chat, room)
            assert (private, found, members) == (True, None, [("nurse", "moderator"), ("romeo", "member")])

    asyncio.run(play())


@pytest.mark.parametrize(
    "end",
    [
        b'{"state":{}}\n',
        b'{"state":nonsense\n',
        b'{"state":{"private":true}}',
        b'{"state":{"private":true}}\n\n',
    ],
)
def test_a_state_that_can_not_be_read_is_refused(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "hall.jsonl"
    path.write_bytes(JsonLines().begin("hall", "e") + end)
    with pytest.raises(SettingsError, match="line 2"):
        Source(path, anything)


def test_edits_come_back_in_order_and_twice_imported_is_once(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            await say(chat, "one", "two", "three")
            for target, text, expects in ((1, "uno", 0), (1, "un", 1), (2, "due", 0), (3, "tre", 0)):
                more = More(expects=expects)
                await chat.store_messages([draft(text, kind="edit", target=target, more=more)])
            await chat.store_messages([deletion(2)])
            await say(chat, "four")
            await export(hooks, "hall", tmp_path / "hall.jsonl")
            await chat.open_room("attic", ROMEO, True, 0, ROMEO.id)
            await say(chat, "was there before", room="attic")
            for again in (False, True):
                outcomes = await restore(hooks, tmp_path / "hall.jsonl", "attic")
                assert outcomes == {"known" if again else "stored": 6, "deleted": 3}
                page = await chat.read_messages("attic", 0, None, None, None, 99)
                found = [(message.text, message.revision) for message in page.entries]
                assert found == [("was there before", 0), ("un", 2), ("tre", 1), ("four", 0)]

    asyncio.run(play())


def test_replies_threads_mentions_and_meta_come_back_in_another_place(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            path = tmp_path / "hall.jsonl"
            await talk(chat, 2)
            said = More(reply_to=2, thread=1, mentions=Mentions(("bob",), True), meta='{"a":1}')
            await chat.store_messages([saying(said, "hall", "3"), saying(More(thread=1), "hall", "4")])
            edited = edit(3, "new", "hall", 0)
            await chat.store_messages(
                [msgspec.structs.replace(edited, more=More(meta='{"b":2}')), deletion(2, "hall")]
            )
            await chat.store_messages([saying(More(thread=1, reply_to=3), "hall", "7")])
            await export(hooks, "hall", path)
            await chat.open_room("den", ROMEO, True, 0, ROMEO.id)
            await chat.store_messages([draft("first", "den")])
            for _ in range(2):  # the second time all of it is known
                await restore(hooks, path, "den")
            page = await chat.read_messages("den", None, None, None, None, 100)
            found = {one.text: one.more for one in page.entries}
            assert found["line 0\n"] == More(replies=Replies(3, 6))
            assert found["new"] is not None
            kept = (found["new"].reply_to, found["new"].thread, found["new"].mentions, found["new"].meta)
            assert kept == (None, 2, said.mentions, '{"b":2}'), "what it answered was deleted"
            assert found["4"] == More(thread=2)
            assert found["7"] == More(thread=2, reply_to=3)

    asyncio.run(play())


def test_marks_come_back_and_not_those_that_were_erased(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            await talk(chat, 2)
            acts = [("x", "y"), ("y",), ()]
            users = [ROMEO, JULIET, JULIET]
            for user, tokens in zip(users, acts, strict=True):
                more = More(mark=Mark(tokens=tokens))
                await chat.store_messages([draft("", user=user, kind="reaction", target=1, more=more)])
            path = tmp_path / "hall.jsonl"
            await export(hooks, "hall", path)
            assert await restore(hooks, path, "den") == {"stored": 5}
            assert await restore(hooks, path, "den") == {"known": 5}
            assert await log(chat, "den") == await log(chat, "hall")
            [message, *_] = await log(chat, "den")
            assert message.marks == {"reaction": {t: Tally(1, (ROMEO.id,)) for t in ("x", "y")}}
            while await chat.erase_user(ROMEO.id, 100):
                pass
            left = await log(chat, "den")
            assert not left[0].marks
            assert ROMEO.id not in {entry.sender_id for entry in left}
            assert next(entry.mark for entry in left if entry.target == 1) == Mark()

    asyncio.run(play())


def test_streamed_messages_come_back_closed(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(place) as (chat, hooks):
            begins = (opening("one", "hall"), opening("left open", "hall"), draft("between"))
            await chat.store_messages(begins)
            await chat.store_messages([piece(1, 3, " two", "hall"), piece(2, 9, " with a piece", "hall")])
            await chat.store_messages([closing(1, "hall", "cancelled"), edit(1, "edited", "hall", 0)])
            long = opening("x" * 5_000, "hall")
            await chat.store_messages([long, closing(8, "hall")])
            await export(hooks, "hall", tmp_path / "hall.jsonl")
            outcomes = await restore(hooks, tmp_path / "hall.jsonl", "again", public=True)
            assert outcomes == {"stored": 5, "known": 4}
            found = [(one.text, one.more.status if one.more else "") for one in await log(chat, "again")]
            assert found == [
                ("edited", "cancelled"),
                ("left open with a piece", "failed"),
                ("between", ""),
                ("edited", ""),  # the edit
                ("x" * 5_000, "complete"),
            ]
            assert (await restore(hooks, tmp_path / "hall.jsonl", "again", public=True))["known"] == 9

    asyncio.run(play())
