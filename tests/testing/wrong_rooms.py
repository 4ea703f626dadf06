"""Deliberately wrong plugins of what rooms say of themselves: each breaks one promise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tests.testing.memory_rooms import MemoryRooms
from tornchat import RoomDescription, RoomInfo, User, hookimpl

# --- descriptions ----------------------------------------------------------------------------------------


class DescribesInAscii(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        plain = None if title is None else title.encode("ascii", "replace").decode()
        return super().describe_room(room, plain, topic, private)


class ReplacesTheWholeDescription(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        return super().describe_room(room, title or "", topic or "", bool(private))


class ReadsBeforeItWrites(MemoryRooms):
    @hookimpl
    async def describe_room(  # type: ignore[override]
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        before = self.read_descriptions([room]).get(room)
        await asyncio.sleep(0)
        if before is None:
            return None
        given = (before.title if title is None else title, before.topic if topic is None else topic)
        return super().describe_room(room, *given, before.private if private is None else private)


class DescribesAnything(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        return super().describe_room(room, title, topic, private) or RoomDescription(title or "")


class OpensRoomsWithoutTexts(MemoryRooms):
    @hookimpl
    def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        info = super().open_room(name, user, create, owned_limit, owner)
        return None if info is None else replace(info, title="", topic="")


class AdmitsWhoWasAdmitted(MemoryRooms):
    @hookimpl
    def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return rooms


class ForgetsDescriptions(MemoryRooms):
    @hookimpl
    def startup(self) -> None:
        for log in self.rooms().values():
            log.info = replace(log.info, title="", topic="")
