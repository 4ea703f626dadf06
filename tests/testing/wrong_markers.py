"""Deliberately wrong plugins of markers and inboxes: each breaks one promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tornchat import InboxEntry, Marker, ReadRoom, ReadState, hookimpl


class TakesTheLastMarker(PeeweePlugin):
    """Each call begins a generation of its own."""

    count = 100

    @hookimpl
    async def store_markers(self, markers: Sequence[Marker]) -> Sequence[Marker]:
        self.count += 1
        return await super().store_markers([replace(one, generation=self.count) for one in markers])


class SaysNothingOfWhatStands(PeeweePlugin):
    @hookimpl
    async def store_markers(self, markers: Sequence[Marker]) -> Sequence[Marker]:
        await super().store_markers(markers)
        return []


class BeginsAtGenerationZero(PeeweePlugin):
    @hookimpl
    async def store_markers(self, markers: Sequence[Marker]) -> Sequence[Marker]:
        return await super().store_markers(
            [replace(one, generation=max(0, one.generation)) for one in markers]
        )


class CountsAllEntries(PeeweePlugin):
    @hookimpl
    async def read_markers(self, wanted: Mapping[str, Sequence[str]]) -> Sequence[ReadState]:
        return [replace(one, number=one.seq) for one in await super().read_markers(wanted)]


class LeavesOutWhoHasReadNothing(PeeweePlugin):
    @hookimpl
    async def read_markers(self, wanted: Mapping[str, Sequence[str]]) -> Sequence[ReadState]:
        return [one for one in await super().read_markers(wanted) if one.seq]


class KeepsMarkersInMemory(PeeweePlugin):
    def __init__(self, settings: PeeweePlugin.Settings) -> None:
        super().__init__(settings)
        self.kept: dict[tuple[str, str], Marker] = {}

    @hookimpl
    async def store_markers(self, markers: Sequence[Marker]) -> Sequence[Marker]:
        self.kept |= {(one.user_id, one.room): one for one in markers}
        return []

    @hookimpl
    async def read_markers(self, wanted: Mapping[str, Sequence[str]]) -> Sequence[ReadState]:
        found = []
        for one in await super().read_markers(wanted):
            kept = self.kept.get((one.user_id, one.room))
            found.append(replace(one, seq=kept.seq, generation=kept.generation) if kept else one)
        return found


class ForgetsRoles(PeeweePlugin):
    @hookimpl
    async def read_rooms_of(self, user_id: str, after: str | None, limit: int) -> Sequence[ReadRoom]:
        return [replace(one, role=None) for one in await super().read_rooms_of(user_id, after, limit)]


class ReadsRoomsFromTheNameOn(PeeweePlugin):
    @hookimpl
    async def read_rooms_of(self, user_id: str, after: str | None, limit: int) -> Sequence[ReadRoom]:
        return await super().read_rooms_of(user_id, after and after[:-1], limit)


class CountsActsAsUnread(PeeweePlugin):
    @hookimpl
    async def read_rooms_of(self, user_id: str, after: str | None, limit: int) -> Sequence[ReadRoom]:
        found = await super().read_rooms_of(user_id, after, limit)
        return [replace(one, unread=one.seq - one.read_seq) for one in found]


class MentionsTheBlocked(PeeweePlugin):
    @hookimpl
    async def set_block(self, user_id: str, blocked_id: str, limit: int) -> bool:
        return True


class ReadsTheInboxOldestFirst(PeeweePlugin):
    @hookimpl
    async def read_inbox(self, user_id: str, before: int | None, limit: int) -> Sequence[InboxEntry]:
        return list(reversed(await super().read_inbox(user_id, before, limit)))


class TellsNobodyOfEverybody(PeeweePlugin):
    @hookimpl
    async def read_inbox(self, user_id: str, before: int | None, limit: int) -> Sequence[InboxEntry]:
        return [one for one in await super().read_inbox(user_id, before, limit) if not one.everybody]


class RemembersTexts(PeeweePlugin):
    @hookimpl
    async def read_inbox(self, user_id: str, before: int | None, limit: int) -> Sequence[InboxEntry]:
        return [replace(one, text="look") for one in await super().read_inbox(user_id, before, limit)]
