"""The life cycle of a node's chat."""

from __future__ import annotations

import asyncio

import pytest

from tornchat import ChatApp, hookimpl


class Hanging:
    """A broadcast whose `subscribe` never returns."""

    down = False

    @hookimpl
    def broadcast_scope(self) -> str:
        return "process"

    @hookimpl
    async def subscribe(self, topic: str) -> None:
        await asyncio.Event().wait()

    @hookimpl
    async def unsubscribe(self, topic: str) -> None:
        pass

    @hookimpl
    async def publish(self, topic: str, payload: bytes) -> None:
        pass

    @hookimpl
    def join_presence(self, room: str, user: object, session: str) -> bool:
        return True

    @hookimpl
    def leave_presence(self, room: str, user: object, session: str) -> bool:
        return True

    @hookimpl
    async def read_presence(self, room: str) -> object:
        raise NotImplementedError

    @hookimpl
    def shutdown(self) -> None:
        Hanging.down = True


def test_a_start_that_is_given_up_leaves_nothing_running(tmp_path):
    async def play():
        settings = {
            "tornchat": {"plugins": ("jwt", "peewee", "hanging"), "data_dir": str(tmp_path)},
            "jwt": {"secret": "s" * 64},
        }
        chat = ChatApp(settings, {"hanging": Hanging})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await chat.start()
        assert Hanging.down
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(play())
