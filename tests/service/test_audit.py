"""Who did what to whom: recorded once, also if the storage does not answer for a while, and in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT, WATCH, refused
from tests.stage import open_stage
from tornchat import AuditEntry, Unavailable, hookimpl
from tornchat.wire import Said


def test_every_act_is_recorded_with_who_did_it_to_whom(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            chat = stage.chat
            await chat.directory.create_room(JULIET, "hall")
            await chat.posting.post(TYBALT, "hall", Said("a word"))
            await chat.posting.post(ROMEO, "hall", Said("another"))
            await chat.directory.set_member(JULIET, "hall", "romeo", "moderator")
            await chat.moderation.delete_message(ROMEO, "hall", 1)
            await chat.moderation.mute(ROMEO, "hall", "tybalt", 60)
            await chat.moderation.lift(JULIET, "hall", "tybalt", "mute")
            await chat.moderation.set_slow_mode(ROMEO, "hall", 30)
            invite, token = await chat.inviting.invite(JULIET, "hall", "member", 60.0, 2)
            await chat.inviting.accept(TYBALT, token)
            await chat.inviting.accept(TYBALT, token)  # who is a member already
            await chat.inviting.revoke(JULIET, "hall", invite.id)
            await chat.directory.remove_member(JULIET, "hall", "tybalt")
            await chat.describing.describe(ROMEO, "hall", title="The hall", topic="")
            await chat.describing.describe(JULIET, "hall", kind="private")
            await chat.describing.describe(JULIET, "hall", kind="open")
            await chat.moderation.ban(WATCH, "hall", "tybalt", 60)
            await chat.moderation.kick(JULIET, "hall", "romeo")
            await chat.directory.set_member(JULIET, "hall", "romeo", "owner")
            await chat.directory.remove_member(ROMEO, "hall", "juliet")
            await chat.site.ban(PRINCE, "tybalt", 60)
            await chat.site.lift_ban(PRINCE, "tybalt")
            await chat.site.revoke(PRINCE, "tybalt")
            await chat.site.disconnect(PRINCE, "tybalt")
            await chat.directory.delete_room(PRINCE, "hall")
            assert await refused(chat.moderation.ban(TYBALT, "hall", "romeo", 60)) == "room_not_found"
            found = await chat.audit.read(PRINCE)
            acts = [(one.actor, one.action, one.target, one.detail) for one in reversed(found)]
            assert acts == [
                ("juliet", "create room", "", ""),
                ("juliet", "set member", "romeo", "moderator"),
                ("romeo", "delete message", "tybalt", "message 1"),
                ("romeo", "mute", "tybalt", "60 s"),
                ("juliet", "lift mute", "tybalt", ""),
                ("romeo", "set slow mode", "", "30 s"),
                ("juliet", "create invite", "", f"{invite.id}: 2 as member"),
                ("tybalt", "accept invite", "tybalt", f"{invite.id}: member"),
                ("juliet", "revoke invite", "", invite.id),
                ("juliet", "remove member", "tybalt", ""),
                ("romeo", "describe room", "", "title, topic"),
                ("juliet", "describe room", "", "private"),
                ("juliet", "describe room", "", "open"),
                ("watch", "ban", "tybalt", "60 s"),
                ("juliet", "kick", "romeo", ""),
                ("juliet", "set member", "romeo", "owner"),
                ("romeo", "remove member", "juliet", ""),
                ("prince", "ban from site", "tybalt", "60 s"),
                ("prince", "lift ban from site", "tybalt", ""),
                ("prince", "revoke tokens", "tybalt", ""),
                ("prince", "disconnect", "tybalt", ""),
                ("prince", "delete room", "", ""),
            ]
            assert all(abs(one.at / 1000 - time.time()) < 60 for one in found)
            assert {one.room for one in found} == {"hall", ""}
            mine = await chat.audit.read(PRINCE, limit=2, user_id="romeo")
            assert [one.action for one in mine] == ["remove member", "set member"]

    asyncio.run(play())


def test_what_can_not_be_stored_at_once_is_stored_once_later(tmp_path: Path) -> None:
    class Flaky(PeeweePlugin):
        fails = 2

        @hookimpl
        async def record_audit(self, entries: Sequence[AuditEntry]) -> None:
            Flaky.fails -= 1
            if Flaky.fails >= 1:
                raise Unavailable("not now")
            await super().record_audit(entries)
            if Flaky.fails == 0:
                raise Unavailable("stored, but the answer is lost")

    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": Flaky}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.directory.create_room(JULIET, "garden")
            assert len(await stage.chat.audit.read(PRINCE)) <= 2
            await stage.chat.audit.write()
            found = await stage.chat.audit.read(PRINCE)
            assert [one.room for one in found] == ["garden", "hall"]

    asyncio.run(play())


def test_old_entries_are_forgotten_after_the_days_of_the_settings(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"audit": {"keep_days": 30}}) as stage:
            now = int(time.time() * 1000)
            ages = [(f"k{days}", now - days * 86_400_000) for days in (400, 31, 29, 0)]
            await stage.chat._hooks.record_audit([AuditEntry(key, at, "ann", "ban") for key, at in ages])
            await stage.chat.audit.prune()
            assert [one.key for one in await stage.chat.audit.read(PRINCE)] == ["k0", "k29"]

    asyncio.run(play())


def test_the_log_has_a_line_for_programs_and_no_name_of_a_private_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            with caplog.at_level(logging.INFO, "tornchat.audit"):
                await stage.chat.directory.create_room(JULIET, "hall")
                await stage.chat.directory.create_room(JULIET, "balcony", private=True)
                await stage.chat.directory.set_member(JULIET, "balcony", "romeo", "member")

    asyncio.run(play())
    lines = [vars(record) for record in caplog.records if record.name == "tornchat.audit"]
    assert [(one["event"], one["actor"], one["action"], one["room"].partition(":")[0]) for one in lines] == [
        ("audit", "juliet", "create room", "hall"),
        ("audit", "juliet", "create room", "private"),
        ("audit", "juliet", "set member", "private"),
    ]
    assert lines[1]["room"] == lines[2]["room"]
    assert not [one for one in lines if "balcony" in str(one["message"])]
