"""Reports: who reports what, who sees it, and what becomes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT, WATCH, refused
from tests.stage import Stage, open_stage
from tornchat.wire import Said


async def rude_words(stage: Stage, room: str = "hall", private: bool = False) -> None:
    """Tybalt is rude in a room of Juliet's, whose member Romeo is."""
    await stage.chat.directory.create_room(JULIET, room, private)
    for whom in ("romeo", "tybalt"):
        await stage.chat.directory.set_member(JULIET, room, whom, "member")
    for text in ("rude", "ruder"):
        await stage.chat.posting.post(TYBALT, room, Said(text))


def test_moderators_see_the_message_until_they_have_dealt_with_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            reports = stage.chat.reports
            await rude_words(stage)
            for seq in (1, 2):
                await reports.report(ROMEO, "hall", seq, "He is rude.")
            await reports.report(ROMEO, "hall", 2, "He is rude, I say.")
            found = (await reports.read(JULIET, "hall", "open")).reports
            assert [(one.seq, one.reporter, one.sender_id, one.text) for one in found] == [
                (2, "romeo", "tybalt", "ruder"),
                (1, "romeo", "tybalt", "rude"),
            ]
            assert found[0].reason == "He is rude."
            await reports.close(JULIET, "hall", found[0].id, "dismissed")
            await reports.close(WATCH, "hall", found[1].id, "resolved")
            assert await refused(reports.close(JULIET, "hall", found[1].id, "dismissed")) == "not_found"
            assert (await reports.read(JULIET, "hall", "open")).reports == ()
            closed = (await reports.read(JULIET, "hall", None)).reports
            assert [(one.state, one.closed_by) for one in closed] == [
                ("dismissed", "juliet"),
                ("resolved", "watch"),
            ]
            acts = [
                (one.actor, one.action, one.target, one.detail)
                for one in reversed(await stage.chat.audit.read(PRINCE))
                if "report" in one.action
            ]
            ids = [one.id for one in found]
            assert acts == [
                ("romeo", "report message", "tybalt", "message 1"),
                ("romeo", "report message", "tybalt", "message 2"),
                ("juliet", "dismiss report", "", f"report {ids[0]}"),
                ("watch", "resolve report", "", f"report {ids[1]}"),
            ]

    asyncio.run(play())


def test_what_is_deleted_is_in_no_queue(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await rude_words(stage)
            await stage.chat.reports.report(ROMEO, "hall", 1, "He is rude.")
            await stage.chat.moderation.delete_message(JULIET, "hall", 1)
            assert (await stage.chat.reports.read(JULIET, "hall", None)).reports == ()
            assert await refused(stage.chat.reports.report(ROMEO, "hall", 1, "x")) == "not_found"
            assert await refused(stage.chat.reports.report(ROMEO, "hall", 9, "x")) == "not_found"

    asyncio.run(play())


def test_only_who_reads_a_room_reports_in_it_and_only_who_sees_it_finds_its_reports(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            reports = stage.chat.reports
            await rude_words(stage, "cell", private=True)
            await rude_words(stage)
            assert await refused(reports.report(WATCH, "cell", 1, "x")) == "room_not_found"
            for room in ("cell", "hall"):
                await reports.report(ROMEO, room, 1, "He is rude.")
            assert await refused(reports.read(ROMEO, "cell", "open")) == "forbidden"
            assert await refused(reports.read(WATCH, "cell", "open")) == "room_not_found"
            assert await refused(reports.read_all(JULIET, "open")) == "forbidden"
            for who, rooms in ((PRINCE, ["hall", "cell"]), (WATCH, ["hall"])):
                found = (await reports.read_all(who, "open")).reports
                assert [one.room for one in found] == rooms, who
            [report] = (await reports.read(JULIET, "cell", "open")).reports
            assert await refused(reports.close(WATCH, "cell", report.id, "resolved")) == "room_not_found"
            assert await refused(reports.close(JULIET, "hall", report.id, "resolved")) == "not_found"

    asyncio.run(play())


def test_all_pages_are_read_one_after_the_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await rude_words(stage)
            for who in (ROMEO, TYBALT):
                for seq in (1, 2):
                    await stage.chat.reports.report(who, "hall", seq, "He is rude.")
            found, before = [], None
            while True:
                page = await stage.chat.reports.read_all(WATCH, "open", before, 3)
                found += page.reports
                if (before := page.next) is None:
                    break
            assert [(one.reporter, one.seq) for one in found] == [
                ("tybalt", 2),
                ("tybalt", 1),
                ("romeo", 2),
                ("romeo", 1),
            ]

    asyncio.run(play())


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501, "a\0b", "a\ud800"])
def test_a_reason_that_is_none(tmp_path: Path, reason: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await rude_words(stage)
            assert await refused(stage.chat.reports.report(ROMEO, "hall", 1, reason)) == "invalid_message"

    asyncio.run(play())


def test_so_many_are_reported_in_an_hour(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"limits": {"reports_per_hour": 1}}) as stage:
            await rude_words(stage)
            await stage.chat.reports.report(ROMEO, "hall", 1, "He is rude.")
            assert await refused(stage.chat.reports.report(ROMEO, "hall", 2, "x")) == "rate_limited"
            await stage.chat.reports.report(TYBALT, "hall", 2, "I am rude.")
            assert stage.chat.counts.limits["reports_per_hour"] == 1

    asyncio.run(play())
