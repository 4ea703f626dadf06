"""The membership of one connection in one room."""

from __future__ import annotations

from tornchat.model import User
from tornchat.rates import Strikes
from tornchat.rooms.member import Member
from tornchat.rooms.room import Room
from tornchat.service.quota import Quota


class Session:
    """The membership of one connection in one room."""

    __slots__ = ("id", "joined", "member", "quota", "room", "strikes", "user")

    def __init__(self, session_id: str, user: User, room: Room, member: Member) -> None:
        self.id = session_id
        self.user = user
        self.room = room
        self.member = member
        self.quota: Quota | None = None
        """Set when the user says something on this connection for the first time."""
        self.strikes = Strikes()
        self.joined = False
        """True once the history has been sent; from then on the room flushes live messages to the member."""

    def renew(self, user: User) -> None:
        """Continue with another token of the user."""
        self.user = self.member.user = user

    def drained(self) -> None:
        """Send the pending frames: the socket accepts data again."""
        if self.joined and self.room.present(self.member):
            self.member.ready = True
            self.room.catch_up(self.member)

    def next_slice(self) -> bytes:
        """Return the next pending frames, about 64 KiB, of a session whose socket accepts data again.

        If there are none, the room writes to its member again by itself.
        """
        if not self.joined or not self.room.present(self.member):
            return b""
        data = self.member.stream.due(self.member)
        self.member.ready = not data
        return data
