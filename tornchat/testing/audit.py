"""The contract of the audit: what was recorded stays as it is, in its order, until it is pruned."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tornchat import AuditEntry
from tornchat.testing.kit import Contract, Stage, promise, unique


class AuditContract(Contract):
    """What `record_audit`, `read_audit` and `prune_audit` promise."""

    roles = ("audit",)

    @promise("record_audit, read_audit: what was recorded is read, to the letter, newest first")
    async def test_what_is_recorded_is_read(self, stage: Stage) -> None:
        room = unique("tea")
        given = [_entry(room, action=f"act {number}", detail="Ä 😀 '; --") for number in range(3)]
        await _record(stage, *given)
        found = await _read(stage, room=room)
        assert _without_ids(found) == given[::-1], f"of {given} it gave {found}"
        ids = [entry.id for entry in found]
        assert sorted(set(ids), reverse=True) == ids, f"the ids are {ids}"

    @promise("record_audit: an entry with a key that is there is left out, and changes nothing")
    async def test_a_repeat_changes_nothing(self, stage: Stage) -> None:
        room = unique("tea")
        first, second = _entry(room), _entry(room)
        await _record(stage, first)
        await _record(stage, replace(first, action="another act"), second)
        found = await _read(stage, room=room)
        assert _without_ids(found) == [second, first], f"it gave {found}"

    @promise("read_audit: by user, as actor or target, and by room")
    async def test_by_user_and_room(self, stage: Stage) -> None:
        tea, den, bob = unique("tea"), unique("den"), unique("bob")
        given = [_entry(tea, actor=bob), _entry(den, target=bob), _entry(tea)]
        await _record(stage, *given)
        for who, room, wanted in (
            (bob, None, [given[1], given[0]]),
            (bob, tea, [given[0]]),
            (None, tea, [given[2], given[0]]),
            (None, unique("nowhere"), []),
        ):
            found = await _read(stage, user_id=who, room=room)
            assert _without_ids(found) == wanted, f"by {who} and {room} it gave {found}"

    @promise("read_audit: page by page, each entry once")
    async def test_page_by_page(self, stage: Stage) -> None:
        room = unique("tea")
        await _record(stage, *(_entry(room) for _ in range(5)))
        whole = await _read(stage, room=room)
        found: list[AuditEntry] = []
        before: int | None = None
        while page := await _read(stage, before=before, limit=2, room=room):
            assert len(page) <= 2, f"it gave {len(page)} entries for a limit of 2"
            found += page
            before = page[-1].id
        assert found == whole, f"page by page it gave {found}"

    @promise("prune_audit: the oldest before that time, at most limit, and no other")
    async def test_pruned_are_the_oldest(self, stage: Stage) -> None:
        room = unique("tea")
        given = [replace(_entry(room), at=at) for at in (1, 2, 3, 2_000_000_000_000)]
        await _record(stage, *given)
        pruned = 0
        while count := await stage.call("prune_audit", before_ms=3, limit=1):
            assert count == 1, f"it pruned {count} for a limit of 1"
            pruned += count
        found = await _read(stage, room=room)
        assert _without_ids(found) == [given[3], given[2]], f"left are {found}"
        assert pruned >= 2, f"it says that it pruned {pruned}"

    @promise("The audit outlives a restart, and goes on")
    async def test_it_is_in_storage(self, stage: Stage) -> None:
        room = unique("tea")
        first, second = _entry(room), _entry(room)
        await _record(stage, first)
        await stage.restart()
        await _record(stage, second)
        found = await _read(stage, room=room)
        assert _without_ids(found) == [second, first], f"after a restart it gave {found}"


def _entry(
    room: str, actor: str = "ann", target: str = "cat", action: str = "ban", detail: str = ""
) -> AuditEntry:
    return AuditEntry(unique("key"), 2_000_000_000_000, actor, action, room, target, detail)


async def _record(stage: Stage, *entries: AuditEntry) -> None:
    await stage.call("record_audit", entries=entries)


async def _read(
    stage: Stage,
    before: int | None = None,
    limit: int = 100,
    user_id: str | None = None,
    room: str | None = None,
) -> Sequence[AuditEntry]:
    found = await stage.call("read_audit", before=before, limit=limit, user_id=user_id, room=room)
    assert all(isinstance(one, AuditEntry) for one in found), f"read_audit gave {found!r}"
    return list(found)


def _without_ids(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    return [replace(entry, id=0) for entry in entries]
