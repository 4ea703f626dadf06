"""Who talks while things break: users of the Python client, and strict ones on the bare wire."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.chaos.door import Door
from tests.chaos.record import Record, extras
from tests.stage import V1
from tornchat.client import (
    Client,
    Connected,
    Disconnected,
    Event,
    Message,
    SendRefused,
    UserJoined,
    UserLeft,
    UserList,
    connect,
)

VISITOR = "visitor"
"""Nobody writes down that one of these comes or goes."""
IN_FLIGHT = 5
SURELY_FAILED = frozenset({"unavailable", "busy", "rate_limited"})


class Actor:
    """One user. `done` is set when there is no more to say."""

    def __init__(self, name: str, door: Door, token: str, record: Record, chance: Random) -> None:
        self.name = name
        self.door = door
        self.url = f"ws://127.0.0.1:{door.port}/ws/chat/hall/"
        self.token = token
        self.chance = chance
        self.waiting: set[str] = set()
        self._record = record
        self._number = 0

    def note(self, what: str, **facts: object) -> None:
        """Write down what this user was told."""
        self._record.note(self.name, what, **facts)

    def next_message(self) -> tuple[str, str]:
        """An id and a text that nobody has used."""
        self._number += 1
        message_id = f"{self.name}-{self._number}"
        self.waiting.add(message_id)
        self.note("sent", id=message_id)
        return message_id, f"{message_id} says {'x' * self.chance.randrange(100)}"

    def answered(self, what: str, message_id: str, **facts: object) -> None:
        """Write down what became of a message; it is told once."""
        if message_id in self.waiting:
            self.waiting.discard(message_id)
            self.note(what, id=message_id, **facts)

    def pause(self) -> float:
        """Seconds until the next message."""
        return self.chance.uniform(0.3, 2.0)

    def note_state(self) -> None:
        """Write down what this user shows, if it keeps messages."""

    async def stay(self, quiet: asyncio.Event) -> None:
        """Be there until cancelled; say nothing more once it is `quiet`."""
        raise NotImplementedError


class ClientActor(Actor):
    """Is here by `tornchat.client`, which resumes and sends again. It edits, deletes and marks, too."""

    _chat: Client | None = None

    def note_state(self) -> None:
        if self._chat is not None:
            held = {str(seq): one for seq, one in self._chat.messages.items()}
            said = {
                seq: extras(one.reply_to, one.thread, one.meta, one.replies, one.marks)
                for seq, one in held.items()
            }
            self.note("holds", texts={seq: one.text for seq, one in held.items()}, said=said)

    async def stay(self, quiet: asyncio.Event) -> None:
        async with connect(self.url, self.token, wait=False) as chat, asyncio.TaskGroup() as tasks:
            self._chat = chat
            tasks.create_task(self._listen(chat))
            while not quiet.is_set():
                await asyncio.sleep(self.pause())
                if len(self.waiting) < IN_FLIGHT and not quiet.is_set():
                    tasks.create_task(self._say(chat))

    async def _stream(self, chat: Client) -> None:
        """Write a message piece by piece, while things break."""
        words = [f"{self.name} {number}, " for number in range(self.chance.randrange(2, 12))]
        try:
            async with chat.stream() as answer:
                for word in words:
                    await answer.write(word)
                    await asyncio.sleep(self.chance.uniform(0, 0.3))
            self.note("streamed", seq=answer.seq, text="".join(words))
        except SendRefused:
            pass  # it was deleted meanwhile

    async def _say(self, chat: Client) -> None:
        if self.chance.random() < 0.15:
            await self._stream(chat)
            return
        message_id, text = self.next_message()
        late = [seq for seq, one in chat.messages.items() if one.text][-5:]
        try:
            if late and self.chance.random() < 0.25:
                tokens = self._tokens(message_id)
                place = await chat.mark(self.chance.choice(late), tokens, message_id=message_id)
                self.answered("acked", message_id, seq=place, stood=not tokens)
            else:
                self.answered("acked", message_id, seq=await self._write(chat, message_id, text))
        except SendRefused as refusal:
            self.answered("failed", message_id, code=refusal.code)

    def _tokens(self, message_id: str) -> list[str]:
        """None, or some that others have, too, and one that makes another set of them."""
        if self.chance.random() < 0.3:
            return []
        return [*self.chance.sample("abc", self.chance.randrange(3)), message_id]

    async def _write(self, chat: Client, message_id: str, text: str) -> int:
        """Say something, or change what was said; gives the place of it."""
        mine = [seq for seq, one in chat.messages.items() if one.sender_id == self.name and one.text][-5:]
        if mine and (chance := self.chance.random()) < 0.4:
            target = self.chance.choice(mine)
            if chance < 0.1:
                return await chat.delete(target, message_id)
            meta = {"new": text} if chance < 0.2 else None
            return await chat.edit(target, text, None, message_id, meta=meta)
        more = self._more(chat) if self.chance.random() < 0.4 else {}
        return await chat.send(text, message_id, **more)

    def _more(self, chat: Client) -> dict[str, Any]:
        """What a message says beyond its text: it answers a late one, perhaps in a thread."""
        late = [one for one in chat.messages.values() if one.text][-5:]
        more: dict[str, Any] = {"meta": {"n": self.chance.randrange(100)}}
        if late:
            more["reply_to"] = self.chance.choice(late).seq
        if roots := [one.seq for one in late if one.thread is None]:
            more["thread"] = self.chance.choice(roots)
        return more

    async def _listen(self, chat: Client) -> None:
        async for event in chat:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case Connected():
                self.note("entered", seq=event.seq, recovered=event.recovered, node=self.door.node)
            case Disconnected():
                self.note("lost", reason=event.reason)
            case UserList():
                self.note("roster", users=[u.id for u in event.users if not u.id.startswith(VISITOR)])
            case Message():
                self.note("seen", seq=event.seq, text=event.text)
            case UserJoined() | UserLeft() if not event.user_id.startswith(VISITOR):
                self.note("joined" if isinstance(event, UserJoined) else "left", user=event.user_id)


class StrictActor(Actor):
    """Is here by a bare WebSocket, never resumes and never sends again: each answer is final."""

    async def stay(self, quiet: asyncio.Event) -> None:
        while True:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                async with open_socket(
                    self.url, additional_headers=headers, subprotocols=[V1], proxy=None, max_queue=None
                ) as socket:
                    await self._visit(socket, quiet)
            except (OSError, ConnectionClosed, InvalidHandshake, InvalidMessage, EOFError, TimeoutError):
                pass
            finally:
                for message_id in list(self.waiting):
                    self.answered("unknown", message_id)
            await asyncio.sleep(self.chance.uniform(0.1, 1.0))

    async def _visit(self, socket: ClientConnection, quiet: asyncio.Event) -> None:
        talking: asyncio.Task[None] | None = None
        try:
            async for payload in socket:
                frame = json.loads(payload)
                self._hear(frame)
                if frame["type"] == "welcome":
                    talking = asyncio.create_task(self._talk(socket, quiet))
        finally:
            if talking is not None:
                self.note("lost", reason="closed")
                talking.cancel()
                await asyncio.wait({talking})

    async def _talk(self, socket: ClientConnection, quiet: asyncio.Event) -> None:
        while not quiet.is_set():
            await asyncio.sleep(self.pause())
            if len(self.waiting) < IN_FLIGHT and not quiet.is_set():
                message_id, text = self.next_message()
                await socket.send(json.dumps({"type": "send", "id": message_id, "message": text}))

    def _hear(self, frame: dict[str, object]) -> None:
        match frame:
            case {"type": "welcome", "seq": seq, "recovered": recovered}:
                self.note("entered", seq=seq, recovered=recovered, node=self.door.node)
            case {"type": "room_users_list", "users": list(users)}:
                self.note("roster", users=[u["id"] for u in users if not u["id"].startswith(VISITOR)])
            case {"type": "chat_message", "seq": seq, "message": text}:
                self.note("seen", seq=seq, text=text)
            case {"type": "user_join" | "user_leave" as kind, "user_id": str(user)}:
                if not user.startswith(VISITOR):
                    self.note("joined" if kind == "user_join" else "left", user=user)
            case {"type": "ack", "id": str(message_id), "seq": seq}:
                self.answered("acked", message_id, seq=seq)
            case {"type": "error", "id": str(message_id), "code": str(code)}:
                self.answered("failed" if code in SURELY_FAILED else "unknown", message_id, code=code)
