"""A small right plugin of what rooms say of themselves: the wrong ones are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tests.testing.memory import head
from tests.testing.memory_managing import MemoryManaging
from tornchat import RoomDescription, RoomInfo, RoomSummary, User, hookimpl


def described(info: RoomInfo) -> RoomDescription:
    return RoomDescription(info.title, info.topic, info.private)


class MemoryRooms(MemoryManaging):
    @hookimpl
    def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        rooms = [self.disk[one.name] for one in super().list_rooms(user, after, limit)]
        return [
            RoomSummary(
                log.info.name,
                log.info.epoch,
                log.info.private,
                log.info.owner,
                head(log),
                log.info.slow_seconds,
                log.info.title,
                log.info.topic,
            )
            for log in rooms
        ]

    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        if room not in self.disk:
            return None
        given = {"title": title, "topic": topic, "private": private}
        values = {key: value for key, value in given.items() if value is not None}
        self.disk[room].info = msgspec.structs.replace(self.disk[room].info, **values)
        return described(self.disk[room].info)

    @hookimpl
    def read_descriptions(self, rooms: Sequence[str]) -> Mapping[str, RoomDescription]:
        return {room: described(self.disk[room].info) for room in rooms if room in self.disk}
