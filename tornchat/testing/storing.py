"""The part of the storage contract about storing: a draft gets one position in its room's log, or none."""

from __future__ import annotations

import asyncio

import msgspec

from tornchat import Draft, Entry, Refusal, Stored
from tornchat.errors import CODES
from tornchat.testing.fixtures import deletion, draft
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import head_of, opened, read, results, stored, texts

STRANGE = (" ", "\n", "'; DROP TABLE log; --", "\x1b[31m", "z̷̧̛a̸", "\u202eevil", "日本語 😀", "x" * 10_000)
"""Texts that must be stored unchanged."""

TORN = 5
"""How many calls a crash cuts, one turn of the loop later each, and how many drafts each has."""
LONG = "x" * 100


class StoringContract(Contract):
    """Tests of `store_messages`. Part of `StorageContract`."""

    @promise("store_messages: seq is 1, 2, 3 ... without a gap, within a batch and from batch to batch")
    async def test_seq_is_gapless(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        got = await stored(stage, draft("1", room), draft("2", room), draft("3", room))
        got += await stored(stage, draft("4", room))
        got += await stored(stage, draft("5", room), draft("6", room))
        _verify_seqs(got, [1, 2, 3, 4, 5, 6])

    @promise("store_messages: seq rises in draft order, and the log is in that order")
    async def test_seq_rises_in_draft_order(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        said = [str(number) for number in range(50)]
        entries = await stored(stage, *[draft(text, room) for text in said])
        _verify_seqs(entries, list(range(1, 51)))
        assert await texts(stage, room) == said, "the log is not in draft order"

    @promise("store_messages: drafts of many rooms in one batch are counted room by room")
    async def test_rooms_in_one_batch_are_counted_apart(self, stage: Stage) -> None:
        tea, den = (await opened(stage)).name, (await opened(stage)).name
        rooms = [tea, den, den, tea, den]
        entries = await stored(stage, *[draft("hello", room) for room in rooms])
        _verify_seqs(entries, [1, 1, 2, 2, 3])

    @promise("store_messages: one result per draft, in the drafts' order")
    async def test_results_are_in_draft_order(self, stage: Stage) -> None:
        tea, den = (await opened(stage)).name, (await opened(stage)).name
        given = [draft(f"{number}", (tea, den)[number % 2]) for number in range(10)]
        entries = await stored(stage, *given)
        got = [entry.draft_id for entry in entries]
        assert got == [one.draft_id for one in given], "the results are in another order than the drafts"

    @promise("store_messages: the entry is the draft, and the log gives it back as it is")
    async def test_entry_is_the_draft(self, stage: Stage) -> None:
        info = await opened(stage)
        given = draft("hello", info.name, client_id="client-1")
        [result] = await results(stage, given)
        assert result == Stored(_entry(given, 1), info.epoch), f"of {given} it made {result}"
        page = await read(stage, info.name)
        assert page.entries == (_entry(given, 1),), f"of {given} the log holds {page.entries}"

    @promise("store_messages: what anybody reads is stored, also if the server is killed at that moment")
    async def test_what_is_seen_outlives_a_crash(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        call = asyncio.ensure_future(results(stage, draft("hello", room)))
        while not call.done() and not await texts(stage, room):  # noqa: ASYNC110 (nobody tells what is shown)
            await asyncio.sleep(0)
        seen = await texts(stage, room)
        await stage.crash()
        await asyncio.gather(call, return_exceptions=True)
        assert await texts(stage, room) == seen == ["hello"], f"before the crash {seen} was read"

    @promise("store_messages: a crash in the middle of a call leaves whole entries without a gap")
    async def test_crash_in_the_middle_leaves_whole_entries(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        for turns in range(TORN):
            drafts = [draft(f"{turns}.{number} {LONG}", room) for number in range(TORN)]
            call = asyncio.ensure_future(results(stage, *drafts))
            for _ in range(turns):
                await asyncio.sleep(0)
            await stage.crash()
            await asyncio.gather(call, return_exceptions=True)
            page = await read(stage, room)
            torn = [entry.text[:40] for entry in page.entries if not entry.text.endswith(LONG)]
            assert not torn, f"after the crash the log has {torn}"
            _verify_seqs(await stored(stage, draft(LONG, room)), [len(page.entries) + 1])

    @promise("store_messages: of two nodes that store at once, each draft gets a seq of its own")
    async def test_two_nodes_store_at_once(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, await stage.second()
        drafts = [draft(f"{number}", room) for number in range(20)]
        calls = [stored(node, *drafts[at::4]) for at, node in enumerate((stage, other, stage, other))]
        entries = [entry for some in await asyncio.gather(*calls) for entry in some]
        _verify_seqs(sorted(entries, key=lambda entry: entry.seq), list(range(1, 21)))
        page = await read(other, room)
        assert {*page.entries} == {*entries}, f"the log has {page.entries}, not {entries}"

    @promise("store_messages: texts are kept to the letter")
    async def test_texts_are_kept_to_the_letter(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await stored(stage, *[draft(text, room) for text in STRANGE])
        kept = await texts(stage, room)
        changed = [(a[:40], b[:40]) for a, b in zip(STRANGE, kept, strict=True) if a != b]
        assert not changed, f"of {changed[0][0]!r} it made {changed[0][1]!r}"

    @promise("store_messages: no drafts, no results")
    async def test_empty_batch(self, stage: Stage) -> None:
        assert await results(stage) == [], "an empty batch got results"

    # --- repeats ---

    @promise("store_messages: a repeat in a later call gives the first entry back and uses no seq")
    async def test_repeat_in_a_later_call_uses_no_seq(self, stage: Stage) -> None:
        info = await opened(stage)
        [first] = await stored(stage, draft("once", info.name, client_id="c1"))
        again = draft("once", info.name, client_id="c1")
        [result] = await results(stage, again)
        assert result == Stored(first, info.epoch, repeated=True), f"the repeat got {result}"
        _verify_seqs(await stored(stage, draft("next", info.name)), [2])
        assert await texts(stage, info.name) == ["once", "next"], "the repeat was stored, too"

    @promise("store_messages: a repeat in the same batch gives the first entry back and uses no seq")
    async def test_repeat_in_the_same_batch_uses_no_seq(self, stage: Stage) -> None:
        info = await opened(stage)
        batch = [draft(text, info.name, client_id=text) for text in ("once", "once", "next")]
        first, repeat, following = await results(stage, *batch)
        assert isinstance(first, Stored), f"the first of two got {first}"
        assert repeat == Stored(first.entry, info.epoch, repeated=True), f"the repeat got {repeat}"
        assert following == Stored(_entry(batch[2], 2), info.epoch), f"the next one got {following}"
        assert await texts(stage, info.name) == ["once", "next"], "the repeat was stored, too"

    @promise("store_messages: the same client id with another text is a conflict, and uses no seq")
    async def test_other_text_is_a_conflict(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await stored(stage, draft("this", room, client_id="c1"))
        later = await results(stage, draft("that", room, client_id="c1"))
        twins = await results(stage, *[draft(text, room, client_id="c2") for text in ("one", "other")])
        for result in (later[0], twins[1]):
            code = result.code if isinstance(result, Refusal) else result
            assert code == "conflict", f"the other text got {code!r}"
        assert await texts(stage, room) == ["this", "one"], "the conflict was stored"
        _verify_seqs(await stored(stage, draft("next", room)), [3])

    @promise("store_messages: a client id is one sender's in one room; others may use it, too")
    async def test_client_ids_are_each_senders_and_rooms_own(self, stage: Stage) -> None:
        tea, den = (await opened(stage)).name, (await opened(stage)).name
        batch = [
            draft("ann's", tea, "ann", "c1"),
            draft("bob's", tea, "bob", "c1"),
            draft("ann's elsewhere", den, "ann", "c1"),
        ]
        _verify_seqs(await stored(stage, *batch), [1, 2, 1])

    @promise("store_messages: without a client id the same text twice is two messages")
    async def test_same_text_without_a_client_id_is_stored_twice(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        _verify_seqs(await stored(stage, draft("yes", room), draft("yes", room)), [1, 2])

    @promise("store_messages: a repeat is known after a restart, too")
    async def test_repeat_is_known_after_a_restart(self, stage: Stage) -> None:
        info = await opened(stage)
        [first] = await stored(stage, draft("once", info.name, client_id="c1"))
        await stage.restart()
        [result] = await results(stage, draft("once", info.name, client_id="c1"))
        assert result == Stored(first, info.epoch, repeated=True), f"the repeat got {result}"

    # --- refusals ---

    @promise("store_messages: a draft that can't be stored is a Refusal and does not harm the others")
    async def test_refused_draft_does_not_harm_the_others(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        batch = [draft("before", room), draft("lost", unique("nowhere")), draft("after", room)]
        before, lost, after = await results(stage, *batch)
        assert isinstance(lost, Refusal), f"a draft for a room that is not there got {lost}"
        assert lost.code in CODES, f"it was refused with the unknown code {lost.code!r}"
        for result in (before, after):
            assert isinstance(result, Stored), f"a good draft beside it got {result}"
        assert await texts(stage, room) == ["before", "after"], "the good drafts were not stored"

    @promise("store_messages: a draft that names another epoch is refused as room_gone, and stores nothing")
    async def test_draft_of_another_epoch_is_refused(self, stage: Stage) -> None:
        info = await opened(stage)
        stale = msgspec.structs.replace(draft("too late", info.name), epoch=f"not {info.epoch}")
        fresh = msgspec.structs.replace(draft("in time", info.name), epoch=info.epoch)
        late, stored_one = await results(stage, stale, fresh)
        assert isinstance(late, Refusal), f"the draft of another epoch got {late}"
        assert late.code == "room_gone", f"it was refused as {late.code!r}"
        assert isinstance(stored_one, Stored), f"the draft of this epoch got {stored_one}"
        assert await texts(stage, info.name) == ["in time"], "the draft of another epoch was stored"

    # --- deletions ---

    @promise("store_messages: a deletion blanks its target's text, and the target keeps its place")
    async def test_deletion_blanks_the_text_and_keeps_the_place(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        said = [draft(text, room) for text in ("one", "two", "three")]
        await stored(stage, *said)
        [deleted] = await stored(stage, deletion(2, room))
        assert (deleted.seq, deleted.kind, deleted.target) == (4, "deletion", 2), f"its entry is {deleted}"
        blank = msgspec.structs.replace(_entry(said[1], 2), text="")
        wanted = (_entry(said[0], 1), blank, _entry(said[2], 3), deleted)
        page = await read(stage, room)
        kept = tuple(msgspec.structs.replace(entry, more=None) for entry in page.entries)
        assert kept == wanted, f"afterwards the log holds {page.entries}"

    @promise("store_messages: a deletion may follow its target in the same batch")
    async def test_deletion_in_the_same_batch(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await stored(stage, draft("a slip", room), deletion(1, room))
        assert await texts(stage, room) == ["", ""], "the text is still there"

    # --- durability ---

    @promise("store_messages: what is returned as Stored outlives a restart, and counting goes on")
    async def test_log_outlives_a_restart(self, stage: Stage) -> None:
        info = await opened(stage)
        entries = await stored(stage, draft("one", info.name), draft("two", info.name))
        await stage.restart()
        page = await read(stage, info.name)
        assert list(page.entries) == entries, f"before it held {entries}, then {page.entries}"
        assert page.epoch == info.epoch, "the room has another epoch"
        _verify_seqs(await stored(stage, draft("three", info.name)), [3])

    @promise("store_messages: what is returned as Stored outlives a crash at once, without a shutdown")
    async def test_log_outlives_a_crash(self, stage: Stage) -> None:
        info = await opened(stage)
        for number in range(1, 4):
            [entry] = await stored(stage, draft(str(number), info.name, client_id=str(number)))
            await stage.crash()
            page = await read(stage, info.name)
            assert page.entries[-1:] == (entry,), f"after the crash the log ends with {page.entries[-1:]}"
        [result] = await results(stage, draft("2", info.name, client_id="2"))
        repeated = isinstance(result, Stored) and result.repeated
        assert repeated, f"after the crash a repeat got {result}"

    @promise("latest_positions: sees at once what was stored before the call")
    async def test_head_moves_with_the_log(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        for seq in range(1, 6):
            await stored(stage, draft("hello", room))
            head = await head_of(stage, room)
            assert head.seq == seq, f"after {seq} messages the head is {head.seq}"


def _verify_seqs(entries: list[Entry], wanted: list[int]) -> None:
    got = [entry.seq for entry in entries]
    assert got == wanted, f"the drafts got seq {got}, not {wanted}"


def _entry(given: Draft, seq: int) -> Entry:
    return Entry(
        seq=seq,
        sender_id=given.sender_id,
        sender_username=given.sender_username,
        text=given.text,
        sent_at=given.sent_at,
        draft_id=given.draft_id,
        client_id=given.client_id,
        kind=given.kind,
        target=given.target,
    )
