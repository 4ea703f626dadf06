"""The clients of the release before, where messages change: nothing is lost, doubled or undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.browser.chromium import FLAGS, executable
from tests.release_before.client import Message, MessageDeleted, connect
from tests.scenarios.test_changes import deletes, edits, enters, tells
from tests.scenarios.test_marks import PARTY, UP, reacts
from tests.stage import Player, Stage, open_stage

BEFORE = Path(__file__).parent.parent / "release_before" / "tornchat-client.js"
DRIVER = """
async ([base, token]) => {
  const { TornchatClient } = await import("/before/tornchat-client.js");
  const chat = new TornchatClient({ base, room: "general", token });
  window.told = [];
  const tell = (...words) => told.push(words);
  chat.addEventListener("message", ({ detail }) => tell("said", detail.seq, detail.message));
  chat.addEventListener("deleted", ({ detail }) => tell("deleted", detail.position, `${detail.seq}`));
  chat.connect();
}
"""
Told = Callable[[], Awaitable[list[list[Any]]]]
"""Returns what the client has told so far: kind, position, text or target."""


class Author:
    """Somebody who says, edits and deletes, and waits for each ack."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._count = 0
        self._revisions: dict[int, int] = {}

    async def _acknowledged(self) -> int:
        self._count += 1
        ack = await self._player.next_of("ack")
        return int(ack.get("position", ack["seq"]))

    async def says(self, *texts: str) -> None:
        for text in texts:
            await self._player.says(text, f"id-{self._count}")
            await self._acknowledged()

    async def edits(self, *seqs: int) -> None:
        for seq in seqs:
            revision = self._revisions.get(seq, 0)
            await edits(self._player, f"id-{self._count}", seq, revision, f"{seq}, edited {revision + 1}")
            self._revisions[seq] = revision + 1
            await self._acknowledged()

    async def replies(self, text: str, to: int) -> None:
        more = {"reply_to": to, "mentions": {"users": ["juliet"]}, "meta": {"colour": "red"}}
        await tells(self._player, type="send", id=f"id-{self._count}", message=text, thread=1, **more)
        await self._acknowledged()

    async def deletes(self, *seqs: int) -> None:
        for seq in seqs:
            await deletes(self._player, f"id-{self._count}", seq)
            await self._acknowledged()

    async def marks(self, seq: int, *tokens: str) -> None:
        await reacts(self._player, f"id-{self._count}", seq, *tokens)
        await self._acknowledged()


@asynccontextmanager
async def python_client(verona: Stage) -> AsyncIterator[Told]:
    url = f"ws://127.0.0.1:{verona.port}/ws/chat/general/"
    told: list[list[Any]] = []

    async def listen() -> None:
        async for event in chat:
            if isinstance(event, Message):
                told.append(["said", event.seq, event.text])
            elif isinstance(event, MessageDeleted):
                told.append(["deleted", event.position, str(event.seq)])

    async def found() -> list[list[Any]]:
        return told

    async with connect(url, verona.token("juliet")) as chat:
        listening = asyncio.create_task(listen())
        yield found
        listening.cancel()


@asynccontextmanager
async def javascript_client(verona: Stage) -> AsyncIterator[Told]:
    if executable() is None:
        pytest.skip("there is no Chromium")
    base = f"http://127.0.0.1:{verona.port}/"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        page = await browser.new_page()
        await page.route("**/before/tornchat-client.js", lambda route: route.fulfill(path=BEFORE))
        await page.goto(base)
        await page.evaluate(DRIVER, [base, verona.token("juliet")])
        yield lambda: page.evaluate("window.told")
        await browser.close()


async def until_told(told: Told, position: int) -> list[list[Any]]:
    async with asyncio.timeout(15):
        while not any(place == position for _, place, _ in await told()):  # noqa: ASYNC110 (a browser's)
            await asyncio.sleep(0.02)
    return await told()


def cut_off(verona: Stage, user: str) -> None:
    """End this user's connections; the client comes back after half a second."""
    for member in verona.chat.rooms.get("general").members():
        if member.user.id == user:
            member.outlet.end(1001, "retry_after=0.5")


@pytest.mark.parametrize("client", [python_client, javascript_client])
@pytest.mark.long
def test_a_client_of_the_release_before_loses_nothing(tmp_path: Path, client: Callable[[Stage], Any]) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            author = Author(await enters(verona, "romeo"))
            await author.says("1", "2", "3", "4", "5")
            async with client(verona) as told:
                await until_told(told, 5)
                await author.edits(2)  # 6
                await author.deletes(3)  # 7
                await author.replies("8", to=1)
                await until_told(told, 8)
                cut_off(verona, "juliet")
                await author.edits(1, 8)  # 9, 10
                await author.says("11")
                await author.edits(11)  # 12
                await author.deletes(4)  # 13
                await author.edits(2)  # 14
                await author.says("15")
                await author.edits(15, 1)  # 16, 17
                await until_told(told, 15)
                await author.edits(15)  # 18, live
                cut_off(verona, "juliet")
                await author.edits(1)  # 19
                await author.replies("20", to=8)
                await until_told(told, 20)
                cut_off(verona, "juliet")
                await author.edits(20)  # 21
                await asyncio.sleep(0.8)  # it comes back to changes only
                await author.says("22")
                found = await until_told(told, 22)
            said = [place for kind, place, _ in found if kind == "said"]
            assert said == [1, 2, 3, 4, 5, 8, 11, 15, 20, 22]
            assert [(place, seq) for kind, place, seq in found if kind == "deleted"] == [(7, "3"), (13, "4")]
            assert [place for _, place, _ in found] == sorted(place for _, place, _ in found)

    asyncio.run(play())


@pytest.mark.parametrize("client", [python_client, javascript_client])
@pytest.mark.long
def test_a_client_of_the_release_before_is_not_disturbed_by_marks(
    tmp_path: Path, client: Callable[[Stage], Any]
) -> None:
    """It knows no `marked` and no `marks`: it goes on, resumes where it was, and is told nothing twice."""

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            author = Author(await enters(verona, "romeo"))
            await author.says("1", "2", "3")
            await author.marks(1, UP)  # 4, in its history
            async with client(verona) as told:
                await until_told(told, 3)
                await author.marks(2, UP, PARTY)  # 5, live
                await author.says("6")
                await until_told(told, 6)
                cut_off(verona, "juliet")
                await author.marks(3, UP)  # 7, while it is away
                await author.marks(2)  # 8
                await author.says("9")
                await author.marks(9, PARTY)  # 10, of a message that it has not seen
                await until_told(told, 9)
                cut_off(verona, "juliet")
                await author.marks(6, UP)  # 11
                await author.deletes(3)  # 12, marked
                await until_told(told, 12)
                cut_off(verona, "juliet")
                await author.marks(9)  # 13
                await asyncio.sleep(0.8)  # it comes back to marks only
                await author.says("14")
                found = await until_told(told, 14)
            said = [(place, text) for kind, place, text in found if kind == "said"]
            assert said == [(place, str(place)) for place in (1, 2, 3, 6, 9, 14)]
            assert [(place, seq) for kind, place, seq in found if kind == "deleted"] == [(12, "3")]

    asyncio.run(play())
