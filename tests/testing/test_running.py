"""`running_chat` and its clients, as the author of a plugin uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing.memory import SwearFilter
from tornchat import Credentials
from tornchat.testing import RecordingChat, draft, running_chat


@pytest.mark.gen_test
async def test_two_users_talk() -> None:
    async with running_chat() as server:
        ann, bob = await server.connect("tea", "ann"), await server.connect("tea", "bob")
        await ann.say("hello")
        assert [await ann.hear_message(), await bob.hear_message()] == ["hello", "hello"]
        ann.close()
        bob.close()


@pytest.mark.gen_test
async def test_a_plugin_is_loaded_after_the_default_ones() -> None:
    async with running_chat(plugins={"swear": SwearFilter}) as server:
        ann = await server.connect("tea", "ann")
        await ann.say("damn")
        assert await ann.hear_message() == "Mind your language."


@pytest.mark.gen_test
async def test_settings_and_data_directory_may_be_given(tmp_path: Path) -> None:
    given = {"tornchat": {"data_dir": tmp_path}, "limits": {"message_chars": 3}}
    async with running_chat(given) as server:
        ann = await server.connect("tea", "ann")
        await ann.say("long")
        assert await ann.hear_message() == "The message is longer than 3 characters."
    assert (tmp_path / "jwt.key").exists()


@pytest.mark.gen_test
async def test_its_tokens_are_the_servers_own() -> None:
    async with running_chat() as server:
        token = server.token("ann", "moderator")
        user = await server.app.hooks.authenticate(Credentials("tea", "127.0.0.1", token, "header"))
        assert user is not None
        assert (user.id, user.username, user.roles) == ("id-ann", "ann", {"moderator"})


@pytest.mark.gen_test
async def test_who_is_there_at_the_end_is_closed_with_1001() -> None:
    async with running_chat() as server:
        ann = await server.connect("tea", "ann")
        nobody = await server.connect("tea")
        assert await nobody.closed() == 4001
    assert await ann.closed() == 1001


@pytest.mark.gen_test
async def test_a_recording_chat_waits_for_what_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = RecordingChat(tmp_path)
    chat.deliver("room:tea", b"1")
    await chat.until(lambda: chat.payloads("room:tea") == [b"1"], "nothing came")
    monkeypatch.setattr("tornchat.testing.fixtures.PATIENCE", 0.01)
    with pytest.raises(AssertionError, match="nothing was missed"):
        await chat.until(lambda: chat.missed > 0, "nothing was missed")


def test_each_draft_has_an_id_of_its_own() -> None:
    assert draft().draft_id != draft().draft_id
