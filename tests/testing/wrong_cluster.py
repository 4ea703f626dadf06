"""Deliberately wrong plugins for several nodes: each breaks one promise, as a tired author might."""

from __future__ import annotations

import asyncio

from tests.testing.cluster import Hall, MemoryCluster
from tornchat import Participant, PresenceChange, hookimpl


class HasNoLease(MemoryCluster):
    """Whose node dies stays for ever."""

    def renew(self) -> None:
        """Nothing ends."""


class ForgetsOthersSessions(MemoryCluster):
    """Takes everybody of a dead node for gone, also who is there by another node."""

    def end(self, node: str) -> None:
        for name, hall in self.server.rooms.items():
            gone = {user.id for of, user in hall.sessions.values() if of == node}
            for session, (_, user) in list(hall.sessions.items()):
                if user.id in gone:
                    self.drop(name, hall, session, user)


class EndsTheDeadInOneVersion(MemoryCluster):
    """Changes a roster without a version for each change."""

    def end(self, node: str) -> None:
        for hall in self.server.rooms.values():
            hall.sessions = {key: one for key, one in hall.sessions.items() if one[0] != node}


class HasNoGrace(MemoryCluster):
    """Takes a break of the connection for the node's end."""

    async def lose(self) -> None:
        self.end(self.id)
        await super().lose()


class NeverMisses(MemoryCluster):
    """Does not say that it may have lost something."""

    def found_again(self) -> None:
        pass


class StaysDeaf(MemoryCluster):
    """Listens to nothing any more after a break."""

    async def lose(self) -> None:
        await super().lose()
        self.hears = False


class LooksThenWrites(MemoryCluster):
    """Has no compare-and-swap: another node may have changed the roster meanwhile."""

    @hookimpl
    async def join_presence(self, room: str, user: Participant, session: str) -> bool:
        hall = self.server.rooms.setdefault(room, Hall())
        first = user.id not in hall.users()
        await asyncio.sleep(0)
        hall.sessions[session] = (self.id, user)
        if first:
            self.changed(room, hall, PresenceChange("join", user))
        return first


class LooksThenLeaves(MemoryCluster):
    @hookimpl
    async def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        hall = self.server.rooms.get(room, Hall())
        last = [key for key, (_, one) in hall.sessions.items() if one == user] == [session]
        await asyncio.sleep(0)
        hall.sessions.pop(session, None)
        if last:
            self.changed(room, hall, PresenceChange("leave", user))
        return last
