"""The contract of reports: one per user and message, for those who see the room, as long as the message."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat import Report, ReportState, User
from tornchat.testing.fixtures import deletion, draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, stored

ADMIN = User("id-root", "root", frozenset({"admin"}))


class ReportsContract(Contract):
    """What `store_report`, `read_reports` and `close_report` promise, besides storage and directory."""

    roles = ("reports",)

    @promise("store_report, read_reports: what was stored is read with the message, newest first")
    async def test_what_is_reported_is_read(self, stage: Stage) -> None:
        room = await _said(stage, "rude", "ruder")
        given = [_report(room, seq, "bob", reason="Ä 😀 '; --") for seq in (1, 2)]
        await _store(stage, *given)
        found = await _read(stage, room)
        assert [_as_given(one) for one in found] == given[::-1], f"of {given} it gave {found}"
        messages = [(one.sender_id, one.sender_username, one.text) for one in found]
        assert messages == [("id-ann", "ann", "ruder"), ("id-ann", "ann", "rude")], f"it gave {messages}"

    @promise("store_report: False for a repeat of the same user and message, which changes nothing")
    async def test_one_report_per_user_and_message(self, stage: Stage) -> None:
        room = await _said(stage, "rude")
        first, other = _report(room, 1, "bob"), _report(room, 1, "cat")
        await _store(stage, first, other)
        done = await stage.call("store_report", report=_report(room, 1, "bob", reason="again"))
        assert done is False, f"for a repeat it gave {done!r}"
        found = await _read(stage, room)
        assert [_as_given(one) for one in found] == [other, first], f"it gave {found}"

    @promise("store_report: None for what is no message, or was deleted")
    async def test_no_message_is_none(self, stage: Stage) -> None:
        room = await _said(stage, "rude", "ruder")
        await stored(stage, deletion(1, room=room))
        for place, seq in ((room, 0), (room, 1), (room, 3), (room, 4), (unique("nowhere"), 1)):
            done = await stage.call("store_report", report=_report(place, seq, "bob"))
            assert done is None, f"for {seq} in {place} it gave {done!r}"
        assert await _read(stage, room) == [], "it is read nevertheless"

    @promise("Reports of a message are deleted with it, and no others")
    async def test_deleted_with_the_message(self, stage: Stage) -> None:
        room, other = await _said(stage, "rude", "ruder"), await _said(stage, "rude")
        await _store(
            stage, *(_report(place, seq, "bob") for place, seq in ((room, 1), (room, 2), (other, 1)))
        )
        await stored(stage, deletion(1, room=room))
        left = [(one.room, one.seq) for place in (room, other) for one in await _read(stage, place)]
        assert left == [(room, 2), (other, 1)], f"left are {left}"

    @promise("Reports of a message are deleted when it is pruned")
    async def test_deleted_with_pruned_messages(self, stage: Stage) -> None:
        room = await _said(stage, "rude", "ruder")
        await _store(stage, *(_report(room, seq, "bob") for seq in (1, 2)))
        if stage.provides("prune_history"):
            await stage.call(
                "prune_history", room=room, before_ms=4_000_000_000_000, limit=1, unread_before_ms=None
            )
            left = [one.seq for one in await _read(stage, room)]
            assert left == [2], f"left are {left}"

    @promise("read_reports: by room, state and user, as reporter or sender, page by page")
    async def test_parts_of_the_queue(self, stage: Stage) -> None:
        room, bob = await _said(stage, "rude", "ruder"), unique("bob")
        [entry] = await stored(stage, draft("mine", room=room, sender=bob))
        given = [(bob, 1), ("cat", 2), ("cat", entry.seq)]
        await _store(stage, *(_report(room, seq, reporter) for reporter, seq in given))
        whole = await _read(stage, room)
        assert await _close(stage, room, whole[1].id) is True, "an open report was not closed"
        for part, wanted in (
            ({"state": "open"}, [entry.seq, 1]),
            ({"state": "resolved"}, [2]),
            ({"state": "dismissed"}, []),
            ({"user_id": bob}, [1]),
            ({"user_id": f"id-{bob}"}, [entry.seq]),
            ({"before": whole[1].id}, [1]),
            ({"limit": 2}, [entry.seq, 2]),
        ):
            found = [one.seq for one in await _read(stage, room, **part)]
            assert found == wanted, f"for {part} it gave {found}"

    @promise("read_reports: of rooms that are visible to the user only")
    async def test_reports_of_private_rooms_are_hidden(self, stage: Stage) -> None:
        room = unique("cell")
        await stage.call("create_room", name=room, user=user(), private=True, owned_limit=0, owner=user().id)
        await stored(stage, draft("rude", room=room))
        await _store(stage, _report(room, 1, "bob"))
        moderator = User("id-eve", "eve", frozenset({"moderator"}))
        for who, wanted in ((user(), 1), (ADMIN, 1), (moderator, 0)):
            for place in (room, None):
                found = [one for one in await _read(stage, place, who) if one.room == room]
                assert len(found) == wanted, f"to {who.id} it gave {found}"

    @promise("close_report: an open one of this room, once")
    async def test_closed_once(self, stage: Stage) -> None:
        room, other = await _said(stage, "rude"), await _said(stage, "rude")
        await _store(stage, _report(room, 1, "bob"))
        [report] = await _read(stage, room)
        assert await _close(stage, other, report.id) is False, "it was closed by another room"
        assert await _close(stage, room, report.id + 1) is False, "one that is not there was closed"
        assert await _close(stage, room, report.id, "dismissed") is True, "an open one was not closed"
        assert await _close(stage, room, report.id) is False, "it was closed twice"
        [closed] = await _read(stage, room)
        assert (closed.state, closed.closed_by) == ("dismissed", "id-mo"), f"it gave {closed}"

    @promise("Reports outlive a restart, and are the same on the second node")
    async def test_reports_are_in_storage(self, stage: Stage) -> None:
        room = await _said(stage, "rude")
        await _store(stage, _report(room, 1, "bob"))
        other = await stage.second_or_self()
        assert len(await _read(other, room)) == 1, "the second node does not see it"
        await stage.restart()
        assert len(await _read(stage, room)) == 1, "it is gone after a restart"


async def _said(stage: Stage, *texts: str) -> str:
    """Open a room in which Ann said this."""
    room = (await opened(stage)).name
    await stored(stage, *(draft(text, room=room) for text in texts))
    return room


def _report(room: str, seq: int, reporter: str, reason: str = "it is rude") -> Report:
    return Report(room, seq, reporter, reason, 1_710_417_600_000)


def _as_given(report: Report) -> Report:
    return Report(report.room, report.seq, report.reporter, report.reason, report.at)


async def _store(stage: Stage, *reports: Report) -> None:
    for report in reports:
        done = await stage.call("store_report", report=report)
        assert done is True, f"store_report gave {done!r} for a message that is there"


async def _read(
    stage: Stage,
    room: str | None,
    user: User = ADMIN,
    state: ReportState | None = None,
    user_id: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Report]:
    part = {"room": room, "state": state, "user_id": user_id, "before": before, "limit": limit}
    found = await stage.call("read_reports", user=user, **part)
    assert all(isinstance(one, Report) for one in found), f"read_reports gave {found!r}"
    return list(found)


async def _close(stage: Stage, room: str, report_id: int, state: ReportState = "resolved") -> object:
    part = {"room": room, "report_id": report_id, "state": state, "closed_by": "id-mo"}
    return await stage.call("close_report", **part)
