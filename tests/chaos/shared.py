"""A user on a connection for many rooms: resumes each room where it was, and never sends again."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.chaos.cast import IN_FLIGHT, SURELY_FAILED, VISITOR, Actor
from tests.chaos.door import Door
from tests.chaos.record import Record
from tests.stage import V1

HALL = "hall"
SIDES = ("left", "right")
"""Rooms that are joined, too, and talked in; what is heard there is not written down."""
POSITION_LOST = 4010


class SharedActor(Actor):
    """Is in the hall and in two other rooms by one bare WebSocket."""

    def __init__(self, name: str, door: Door, token: str, record: Record, chance: Random) -> None:
        super().__init__(name, door, token, record, chance)
        self.url = f"ws://127.0.0.1:{door.port}/ws/chat/"
        self._epoch = ""
        self._position: int | None = None
        self._live = False
        self._is_in = False
        self._ahead: set[int] = set()
        """Messages seen behind the position: an interrupted resume, which the next one repeats."""
        self._repeats: set[int] = set()

    async def stay(self, quiet: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        options: dict[str, Any] = {"additional_headers": headers, "subprotocols": [V1], "max_queue": None}
        while True:
            try:
                async with open_socket(self.url, proxy=None, **options) as socket:
                    await self._visit(socket, quiet)
            except (OSError, ConnectionClosed, InvalidHandshake, InvalidMessage, EOFError, TimeoutError):
                pass
            finally:
                self._lose("closed")
            await asyncio.sleep(self.chance.uniform(0.1, 1.0))

    async def _visit(self, socket: ClientConnection, quiet: asyncio.Event) -> None:
        talking = asyncio.create_task(self._talk(socket, quiet))
        try:
            for room in (HALL, *SIDES):
                await self._join(socket, room)
            async for payload in socket:
                frame = json.loads(payload)
                if frame["type"] == "closed":
                    await self._come_again(socket, frame)
                elif frame.get("room") == HALL:
                    self._hear(frame)
        finally:
            talking.cancel()
            await asyncio.wait({talking})

    async def _join(self, socket: ClientConnection, room: str) -> None:
        place: dict[str, object] = {}
        if room == HALL and self._position is not None:
            place = {"since": self._position, "epoch": self._epoch}
        await socket.send(json.dumps({"type": "join", "id": f"join-{room}", "room": room, **place}))

    async def _come_again(self, socket: ClientConnection, closed: dict[str, Any]) -> None:
        if closed["room"] == HALL:
            if closed["code"] == POSITION_LOST:
                self._position = None
            self._lose(closed["reason"])
        await asyncio.sleep(self.chance.uniform(0.1, 0.5))
        await self._join(socket, closed["room"])

    def _lose(self, reason: str) -> None:
        """The session in the hall has ended: nothing that was sent is answered any more."""
        if self._is_in:
            self.note("lost", reason=reason)
        self._is_in = self._live = False
        self._repeats, self._ahead = self._repeats | self._ahead, set()
        for message_id in list(self.waiting):
            self.answered("unknown", message_id)

    async def _talk(self, socket: ClientConnection, quiet: asyncio.Event) -> None:
        while not quiet.is_set():
            await asyncio.sleep(self.pause())
            noise = {"type": "send", "room": self.chance.choice(SIDES), "id": f"n{self.chance.random()}"}
            await socket.send(json.dumps({**noise, "message": "x" * self.chance.randrange(1, 1000)}))
            if self._live and len(self.waiting) < IN_FLIGHT and not quiet.is_set():
                message_id, text = self.next_message()
                said = {"type": "send", "room": HALL, "id": message_id, "message": text}
                await socket.send(json.dumps(said))

    def _hear(self, frame: dict[str, Any]) -> None:
        match frame:
            case {"type": "welcome", "seq": seq, "recovered": recovered}:
                self._enter(frame["epoch"], seq, recovered)
            case {"type": "caught_up", "position": int(position)}:
                self._live, self._position = True, position
                self._ahead, self._repeats = set(), set()
            case {"type": "room_users_list", "users": list(users)}:
                self.note("roster", users=[u["id"] for u in users if not u["id"].startswith(VISITOR)])
            case {"type": "chat_message", "seq": int(seq), "message": text}:
                self._see(seq, text)
            case {"type": "message_changed" | "message_deleted" | "marked", "position": int(position)}:
                self._reach(position)
            case {"type": "user_join" | "user_leave" as kind, "user_id": str(user)}:
                if not user.startswith(VISITOR):
                    self.note("joined" if kind == "user_join" else "left", user=user)
            case {"type": "ack", "id": str(message_id), "seq": seq}:
                self.answered("acked", message_id, seq=seq)
            case {"type": "error", "id": str(message_id), "code": str(code)}:
                self.answered("failed" if code in SURELY_FAILED else "unknown", message_id, code=code)

    def _enter(self, epoch: str, seq: int, recovered: bool) -> None:
        self._is_in, self._epoch = True, epoch
        if not recovered:
            self._position = None
            self._ahead, self._repeats = set(), set()
        self.note("entered", seq=seq, recovered=recovered, node=self.door.node)

    def _see(self, seq: int, text: str) -> None:
        if seq in self._repeats:
            self._repeats.discard(seq)
        else:
            self.note("seen", seq=seq, text=text)
        if self._live:
            self._reach(seq)
        else:
            self._ahead.add(seq)

    def _reach(self, position: int) -> None:
        if self._live and self._position is not None:
            self._position = max(self._position, position)
