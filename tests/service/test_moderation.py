"""Who may moderate whom. What follows from it on every node is played in scenarios/test_moderation.py."""

from __future__ import annotations

import asyncio

import pytest

from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT, WATCH, refused
from tests.stage import open_stage
from tornchat import User
from tornchat.wire import Said

MERCUTIO = User("mercutio", "Mercutio")


def test_members_moderators_owner_and_admins_in_this_order(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            directory, moderation = stage.chat.directory, stage.chat.moderation
            await directory.create_room(JULIET, "hall")
            for name in ("romeo", "mercutio"):
                await directory.set_member(JULIET, "hall", name, "moderator")
            may = [(ROMEO, "tybalt"), (WATCH, "tybalt"), (JULIET, "romeo"), (PRINCE, "juliet")]
            may_not = [(ROMEO, "mercutio"), (ROMEO, "juliet"), (WATCH, "romeo"), (TYBALT, "guest")]
            for who, whom in may:
                await moderation.mute(who, "hall", whom, 60)
            for who, whom in may_not:
                assert await refused(moderation.mute(who, "hall", whom, 60)) == "forbidden", (who, whom)
            assert await refused(moderation.read_sanctions(TYBALT, "hall")) == "forbidden"
            found = await moderation.read_sanctions(ROMEO, "hall")
            assert {(one.user_id, one.kind) for one in found} == {(whom, "mute") for _, whom in may}
            assert await refused(moderation.lift(ROMEO, "hall", "tybalt", "ban")) == "not_found"

    asyncio.run(play())


def test_bans_and_mutes_bind_no_admin_and_no_moderator_of_the_site(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            directory, moderation = stage.chat.directory, stage.chat.moderation
            await directory.create_room(JULIET, "hall")
            await directory.set_member(JULIET, "hall", "romeo", "moderator")
            for whom in ("prince", "watch"):  # who has never been here is not known to be anything
                await moderation.ban(ROMEO, "hall", whom, 60)
                await moderation.mute(ROMEO, "hall", whom, 60)
            for who in (PRINCE, WATCH):
                player = await stage.enters(who.id, "hall", token=stage.token(who.id, roles=list(who.roles)))
                assert await player.next_of("room_users_list")
                await player.says("I am heard.")
                assert await player.hears() == "I am heard."
                await stage.chat.posting.post(who, "hall", Said("Here, too."))
            for whom in ("prince", "watch"):  # now they are known
                for act in (moderation.ban, moderation.mute):
                    assert await refused(act(ROMEO, "hall", whom, 60)) == "forbidden"
                    assert await refused(act(JULIET, "hall", whom, 60)) == "forbidden"
                assert await refused(moderation.kick(ROMEO, "hall", whom)) == "forbidden"
            await moderation.mute(PRINCE, "hall", "watch", 60)  # an admin's binds a moderator
            assert await refused(stage.chat.posting.post(WATCH, "hall", Said("Hush."))) == "muted"
            await directory.delete_room(PRINCE, "hall")

    asyncio.run(play())


def test_who_is_known_to_be_an_admin_is_known_on_every_node_and_after_a_restart(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            token = stage.token("prince", roles=["admin"])
            await (await stage.enters("prince", "hall", token=token)).leaves()
            await stage.chat.people.write()
        async with open_stage(tmp_path) as stage:
            assert await refused(stage.chat.moderation.ban(JULIET, "hall", "prince", 60)) == "forbidden"

    asyncio.run(play())


def test_who_set_a_sanction_outranks_who_may_lift_it(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            directory, moderation = stage.chat.directory, stage.chat.moderation
            await directory.create_room(JULIET, "hall")
            await directory.set_member(JULIET, "hall", "romeo", "moderator")
            upwards = [ROMEO, JULIET, WATCH, PRINCE]
            for place, setter in enumerate(upwards):
                await moderation.mute(setter, "hall", "tybalt", 600)
                for lower in upwards[:place]:
                    lift = moderation.lift(lower, "hall", "tybalt", "mute")
                    assert await refused(lift) == "forbidden", (lower, setter)
                    shorter = moderation.mute(lower, "hall", "tybalt", 0.001)  # replaced, it would be lifted
                    assert await refused(shorter) == "forbidden", (lower, setter)
                for higher in upwards[place:]:
                    await moderation.lift(higher, "hall", "tybalt", "mute")
                    await moderation.mute(setter, "hall", "tybalt", 600)
                await moderation.lift(setter, "hall", "tybalt", "mute")

    asyncio.run(play())


def test_nobody_lifts_their_own(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            directory, moderation = stage.chat.directory, stage.chat.moderation
            await directory.create_room(JULIET, "hall")
            await directory.set_member(JULIET, "hall", "romeo", "moderator")
            for setter, whom in ((JULIET, ROMEO), (PRINCE, JULIET), (PRINCE, WATCH)):
                await moderation.mute(setter, "hall", whom.id, 600)
                assert await refused(moderation.lift(whom, "hall", whom.id, "mute")) == "forbidden", whom
                assert await refused(stage.chat.posting.post(whom, "hall", Said("no"))) == "muted"
            await moderation.mute(ROMEO, "hall", "tybalt", 600)
            await directory.set_member(JULIET, "hall", "tybalt", "moderator")  # now of the same rank
            assert await refused(moderation.lift(TYBALT, "hall", "tybalt", "mute")) == "forbidden"

    asyncio.run(play())


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 1e12])
def test_a_time_that_is_none(tmp_path, seconds):
    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            assert (
                await refused(stage.chat.moderation.ban(JULIET, "hall", "romeo", seconds))
                == "invalid_message"
            )

    asyncio.run(play())


def test_a_message_is_deleted_by_its_sender_and_by_moderators(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            moderation, posting, reading = stage.chat.moderation, stage.chat.posting, stage.chat.reading
            await stage.chat.directory.create_room(JULIET, "hall")
            for text in ("one", "two"):
                await posting.post(ROMEO, "hall", Said(text))
            assert await refused(moderation.delete_message(TYBALT, "hall", 1)) == "forbidden"
            await moderation.delete_message(ROMEO, "hall", 1)
            await moderation.delete_message(JULIET, "hall", 2)
            for seq in (0, -1, 3, 99):  # 3 is a deletion
                assert await refused(moderation.delete_message(JULIET, "hall", seq)) == "not_found", seq
            page = await reading.read_history(TYBALT, "hall")
            assert [entry.text for entry in page.entries] == [""] * 4

    asyncio.run(play())


def test_a_banned_user_can_not_delete_their_messages_until_the_ban_ends(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            moderation, posting = stage.chat.moderation, stage.chat.posting
            await stage.chat.directory.create_room(JULIET, "hall")
            await posting.post(ROMEO, "hall", Said("mine"))
            await moderation.ban(JULIET, "hall", "romeo", 60)
            assert await refused(moderation.delete_message(ROMEO, "hall", 1)) == "room_not_found"
            page = await stage.chat.reading.read_history(JULIET, "hall")
            assert [entry.text for entry in page.entries] == ["mine"]
            await moderation.lift(JULIET, "hall", "romeo", "ban")
            await moderation.delete_message(ROMEO, "hall", 1)
            page = await stage.chat.reading.read_history(JULIET, "hall")
            assert [entry.text for entry in page.entries] == ["", ""]

    asyncio.run(play())


def test_a_banned_moderator_moderates_nobody(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            moderation, posting = stage.chat.moderation, stage.chat.posting
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.directory.set_member(JULIET, "hall", "romeo", "moderator")
            await posting.post(TYBALT, "hall", Said("not his"))
            await moderation.ban(JULIET, "hall", "romeo", 60)
            for work in (
                moderation.delete_message(ROMEO, "hall", 1),
                moderation.kick(ROMEO, "hall", "tybalt"),
                moderation.ban(ROMEO, "hall", "tybalt", 60),
                moderation.lift(ROMEO, "hall", "romeo", "ban"),
                moderation.read_sanctions(ROMEO, "hall"),
            ):
                assert await refused(work) == "room_not_found"

    asyncio.run(play())


@pytest.mark.parametrize("kind", ["ban", "mute", "kick"])
def test_a_room_has_so_many_sanctions_of_a_kind_and_no_more(tmp_path, kind):
    """Else the owner of a room could fill the disk with bans of users who are not there."""

    async def play():
        async with open_stage(tmp_path, {"limits": {"sanctions_per_room": 2}}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            moderation = stage.chat.moderation

            def sanction(whom):
                seconds = () if kind == "kick" else (60,)
                return getattr(moderation, kind)(JULIET, "hall", whom, *seconds)

            for whom in ("a", "b", "a"):  # a second one of a user replaces the first
                await sanction(whom)
            assert await refused(sanction("c")) == "too_many_sanctions"
            if kind == "kick":
                await moderation.ban(JULIET, "hall", "c", 60)  # each kind has a bound of its own
                return
            await moderation.kick(JULIET, "hall", "c")
            await moderation.lift(JULIET, "hall", "a", kind)
            await sanction("c")

    asyncio.run(play())
