"""The contract of messages that change: compare and set, repeats, reading the present state."""

from __future__ import annotations

import msgspec
import pytest

from tornchat import Changed, Draft, Entry, Page, Refusal, Stored
from tornchat.testing.fixtures import deletion, draft, edit
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import opened, read, results, stored, texts

MANY = 300


class ChangingContract(Contract):
    """Tests of a storage plugin with `changes = True`. Part of `StorageContract`."""

    @promise("store_messages: an edit gives its target the text, the next revision, its time and its place")
    async def test_edit_changes_its_target(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        given = edit(1, "uno", room, 0)
        [entry] = await stored(stage, given)
        assert (entry.seq, entry.kind, entry.target, entry.text) == (3, "edit", 1, "uno"), f"it is {entry}"
        assert entry.revision == 1, f"the entry has the revision {entry.revision}"
        [one, two] = await messages(stage, room)
        assert one.more is not None, "the message does not say that it was edited"
        found = (one.text, one.revision, one.more.edited_at, one.position)
        assert found == ("uno", 1, given.sent_at, 3), f"text, revision, edited_at and position are {found}"
        assert (two.text, two.more) == ("two", None), f"the other message is {two}"
        page = await read(stage, room)
        assert page.entries == (one, two, entry), f"read_history gives {page.entries}"

    @promise(
        "store_messages: a draft that expects another revision is stale, says the present one, and is lost"
    )
    async def test_stale_draft_is_refused(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        await stored(stage, edit(1, "two", room, 0))
        for expects in (0, 2):
            [result] = await results(stage, edit(1, "three", room, expects))
            verify_refused(result, "stale")
            assert isinstance(result, Refusal)
            assert result.revision == 1, f"the revision is 1, and it says {result.revision}"
        assert await texts(stage, room) == ["two", "two"], "it has changed something"

    @promise("store_messages: the drafts of one batch are compared one after the other")
    async def test_drafts_of_a_batch_see_each_other(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        batch = [edit(1, "a", room, 0), edit(1, "b", room, 0), edit(1, "c", room, 1)]
        batch += [draft("new", room), edit(4, "newer", room, 0), deletion(1, room), edit(1, "d", room, 2)]
        first, same, second, new, newer, gone, late = await results(stage, *batch)
        verify_refused(same, "stale")
        verify_refused(late, "not_found")
        places = [
            result.entry.seq for result in (first, second, new, newer, gone) if isinstance(result, Stored)
        ]
        assert places == [2, 3, 4, 5, 6], f"the places are {places}"
        found = [message.text for message in await messages(stage, room)]
        assert found == ["", "newer"], f"the texts are {found}"

    @promise("store_messages: what is no message, deleted or in another room is not_found")
    async def test_targets_that_are_no_messages(self, stage: Stage) -> None:
        room, _ = await new_room(stage, "one", "two"), await new_room(stage, "1", "2", "3", "4", "5")
        await stored(stage, deletion(2, room))
        for target in (-1, 0, 2, 3, 4, 99):
            [result] = await results(stage, edit(target, "x", room, None))
            verify_refused(result, "not_found")
        assert await texts(stage, room) == ["one", "", ""], "it has changed something"

    @promise("store_messages: a deletion wins over edits before it, and their texts are gone, too")
    async def test_deletion_empties_what_acted_on_the_message(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "stays")
        await stored(stage, edit(1, "two", room, 0), edit(1, "three", room, 1), edit(2, "here", room, 0))
        await stored(stage, deletion(1, room))
        found = await texts(stage, room)
        assert found == ["", "here", "", "", "here", ""], f"the texts are {found}"

    @promise(
        "read_history, read_messages, latest_positions: acts counts what acts on messages, also if pruned"
    )
    async def test_acts_are_counted(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        assert await acts(stage, room) == [0, 0, 0], "there is none yet"
        await stored(stage, edit(1, "uno", room, 0), draft("three", room), deletion(1, room))
        found = await acts(stage, room)
        assert found == [2, 2, 2], f"there are two, and it says {found}"
        if not stage.provides("prune_history"):
            return
        await stage.call("prune_history", room=room, before_ms=2**50, limit=4, unread_before_ms=None)
        found = await acts(stage, room)
        assert found == [2, 2, 2], f"there were two, and after pruning it says {found}"

    # --- repeats ---

    @promise("store_messages: a client id counts before the target: a repeat gives the first entry back")
    async def test_repeats_give_the_first_entry(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        first = edit(1, "two", room, 0, "e1", "the request")
        [entry] = await stored(stage, first)
        await stored(stage, edit(1, "three", room, 1))
        for text in ("two", "what a filter made of it"):
            [result] = await results(stage, edit(1, text, room, 0, "e1", "the request"))
            assert isinstance(result, Stored), f"the repeat got {result}"
            assert (result.entry.seq, result.repeated) == (entry.seq, True), f"the repeat got {result}"
        [other] = await results(stage, edit(1, "two", room, 2, "e1", "another request"))
        verify_refused(other, "conflict")
        [message] = await results(stage, draft("two", room, client_id="e1"))
        verify_refused(message, "conflict")
        await stored(stage, deletion(1, room))
        [again] = await results(stage, edit(1, "two", room, 0, "e1", "whatever"))
        assert isinstance(again, Stored), f"after a deletion the repeat got {again}"

    @promise("store_messages: a message is known by what was sent, also after it was edited")
    async def test_an_edited_message_is_known_by_its_first_text(self, stage: Stage) -> None:
        room = await new_room(stage)
        await stored(stage, draft("one", room, client_id="c1"))
        await stored(stage, edit(1, "two", room, 0))
        [same] = await results(stage, draft("one", room, client_id="c1"))
        assert isinstance(same, Stored), f"the repeat got {same}"
        assert same.repeated, "it was stored again"
        [other] = await results(stage, draft("two", room, client_id="c1"))
        verify_refused(other, "conflict")

    @promise("find_stored: gives what a sender stored with a client id, and its digest")
    async def test_find_stored(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        [message] = await stored(stage, draft("hello", room, client_id="c1"))
        [act] = await stored(stage, edit(1, "two", room, 0, "e1", "a digest"))
        for client_id, wanted in (("c1", message.seq), ("e1", act.seq), ("nothing", None)):
            found = await stage.call("find_stored", room=room, sender_id="id-ann", client_id=client_id)
            assert (found and found.seq) == wanted, f"for {client_id} it gave {found}"
        found = await stage.call("find_stored", room=room, sender_id="id-ann", client_id="e1")
        assert found.more.digest == "a digest", f"its digest is {found.more}"

    # --- reading ---

    @promise("read_messages: counts messages, whatever else is between them, in their present state")
    async def test_read_messages_counts_messages(self, stage: Stage) -> None:
        room = await new_room(stage, "1", "2", "3")
        await stored(stage, *[edit(2, f"edit {number}", room, number) for number in range(MANY)])
        await stored(stage, draft("4", room), draft("5", room))
        wants: tuple[tuple[int | None, int | None, int | None, int, list[str]], ...] = (
            (None, None, None, 3, ["3", "4", "5"]),
            (None, MANY + 4, None, 2, [f"edit {MANY - 1}", "3"]),
            (1, None, None, 2, [f"edit {MANY - 1}", "3"]),
            (1, 3, None, 9, [f"edit {MANY - 1}"]),
            (MANY + 5, None, None, 9, []),
            (None, None, 3, 3, [f"edit {MANY - 1}", "3", "4"]),
            (None, None, 100, 2, ["3", "4"]),
        )
        for after, before, around, limit, wanted in wants:
            found = [one.text for one in await messages(stage, room, after, before, around, limit)]
            asked = f"after={after}, before={before}, around={around}, limit={limit}"
            assert found == wanted, f"with {asked} it gave {found}, not {wanted}"

    @promise("read_changed: the older messages that were acted on since, and how many messages are new")
    async def test_read_changed(self, stage: Stage) -> None:
        room = await new_room(stage, "1", "2", "3", "4")
        await stored(stage, edit(3, "before", room, 0))
        await stored(stage, edit(1, "a", room, 0), edit(1, "b", room, 1), edit(4, "c", room, 0))
        await stored(stage, draft("new", room), edit(9, "newer", room, 0), deletion(4, room))
        wants: tuple[tuple[int, int, list[str]], ...] = (
            (5, 1, ["b"]),
            (0, 5, []),
            (6, 1, ["b"]),
            (7, 1, []),
            (9, 0, ["newer"]),
            (11, 0, []),
        )
        for since, count, wanted in wants:
            changed = await _changed(stage, room, since)
            found = [message.text for message in changed.messages]
            assert (changed.count, found) == (count, wanted), f"since {since} it gave {changed}"
        bounds = (changed.first_seq, changed.head_seq)
        assert bounds == (1, 11), f"the bounds are {bounds}"

    @promise(
        "prune_history: an edit that stands later than its pruned message keeps no text, and counts go on"
    )
    async def test_pruned_messages_leave_no_text_in_later_entries(self, stage: Stage) -> None:
        if not stage.provides("prune_history"):
            pytest.skip("the plugin does not prune")
        room = await new_room(stage)
        old, new = (
            msgspec.structs.replace(draft(text, room), sent_at=at) for text, at in (("old", 1), ("new", 9))
        )
        await stored(stage, old, edit(1, "old edit", room, 0), new, edit(1, "edit", room, 1))
        assert await stage.call("prune_history", room=room, before_ms=5, limit=9, unread_before_ms=None) == 1
        page = await read(stage, room, after=0)
        assert [entry.text for entry in page.entries] == ["", "new", ""], f"it left {page.entries}"
        await stage.call("prune_history", room=room, before_ms=2**50, limit=2, unread_before_ms=None)
        await stored(stage, draft("newest", room), edit(5, "last", room, 0))
        assert (await _changed(stage, room, 3)).count == 1, "it counts messages wrongly after pruning"

    @promise("store_messages: what was changed outlives a restart")
    async def test_changes_outlive_a_restart(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        await stored(stage, edit(1, "two", room, 0))
        before = await read(stage, room)
        await stage.restart()
        after = await read(stage, room)
        assert after == before, f"before it held {before}, then {after}"


def verify_refused(result: object, code: str) -> None:
    """Verify that a draft was refused with this code."""
    found = result.code if isinstance(result, Refusal) else result
    assert found == code, f"it got {found!r}, not {code!r}"


async def new_room(stage: Stage, *said: str) -> str:
    """Create a room with these messages and return its name. Skips the test if messages can't change."""
    if getattr(stage.plugin, "changes", False) is not True:
        pytest.skip("the plugin has no changes = True")
    room = (await opened(stage)).name
    drafts: list[Draft] = [draft(text, room) for text in said]
    if drafts:
        await stored(stage, *drafts)
    return room


async def messages(
    stage: Stage,
    room: str,
    after: int | None = None,
    before: int | None = None,
    around: int | None = None,
    limit: int = 100,
    thread: int | None = None,
) -> tuple[Entry, ...]:
    """Read messages of an existing room with `read_messages`."""
    bounds = {"after": after, "before": before, "around": around, "thread": thread}
    page = await stage.call("read_messages", room=room, **bounds, limit=limit)
    assert isinstance(page, Page), f"read_messages gave {page!r} for a room that is there"
    return page.entries


async def acts(stage: Stage, room: str) -> list[int]:
    """Return the number of acting entries as each hook that reads the head of a log says it."""
    reads = {"room": room, "after": None, "before": None}
    history = await stage.call("read_history", **reads, limit=1)
    found = await stage.call("read_messages", **reads, around=None, thread=None, limit=1)
    heads = await stage.call("latest_positions", rooms=[room])
    return [history.acts, found.acts, heads[room].acts]


async def _changed(stage: Stage, room: str, since: int) -> Changed:
    changed = await stage.call("read_changed", room=room, since=since, limit=100)
    assert isinstance(changed, Changed), f"read_changed gave {changed!r} for a room that is there"
    return changed
