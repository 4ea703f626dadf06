"""Broadcast and presence in the memory of one process."""

from __future__ import annotations

from typing import Literal

import msgspec

from tornchat import ChatHandle, Participant, PresenceChange, Roster, hookimpl


class LocalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[local]` has no settings."""


class _Room:
    """The participants of a room and their sessions."""

    __slots__ = ("participants", "sessions", "version")

    def __init__(self, version: int) -> None:
        self.version = version
        self.participants: dict[str, Participant] = {}
        self.sessions: dict[str, set[str]] = {}


class LocalPlugin:
    """The plugin `local`, for a single process. Payloads reach subscribers in the same process only."""

    Settings = LocalSettings

    def __init__(self, settings: LocalSettings) -> None:
        self._topics: set[str] = set()
        self._rooms: dict[str, _Room] = {}
        self._latest = 0
        """The highest version of a room that became empty; new rooms start from it, so that versions grow."""
        self._chat: ChatHandle | None = None

    @hookimpl
    def startup(self, chat: ChatHandle) -> None:
        self._chat = chat

    @hookimpl
    def shutdown(self) -> None:
        self._topics.clear()
        self._rooms.clear()

    @hookimpl
    def health(self) -> dict[str, str]:
        return {"broadcast": "ok", "presence": "ok"}

    @hookimpl
    def broadcast_scope(self) -> Literal["process", "cluster"]:
        return "process"

    @hookimpl
    def subscribe(self, topic: str) -> None:
        self._topics.add(topic)

    @hookimpl
    def unsubscribe(self, topic: str) -> None:
        self._topics.discard(topic)

    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        if topic in self._topics and self._chat is not None:
            self._chat.deliver(topic, payload)

    @hookimpl
    def join_presence(self, room: str, user: Participant, session: str) -> bool:
        state = self._rooms.setdefault(room, _Room(self._latest))
        sessions = state.sessions.setdefault(user.id, set())
        first = not sessions
        sessions.add(session)
        if first:
            state.participants[user.id] = user
            self._changed(room, state, PresenceChange("join", user))
        return first

    @hookimpl
    def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        state = self._rooms.get(room)
        sessions = state.sessions.get(user.id) if state is not None else None
        if state is None or sessions is None or session not in sessions:
            return False
        sessions.discard(session)
        if sessions:
            return False
        del state.sessions[user.id]
        gone = state.participants.pop(user.id)
        if not state.participants:
            del self._rooms[room]
            self._latest = max(self._latest, state.version + 1)
        self._changed(room, state, PresenceChange("leave", gone))
        return True

    @hookimpl
    def read_presence(self, room: str) -> Roster:
        state = self._rooms.get(room)
        if state is None:
            return Roster(self._latest, ())
        return Roster(state.version, tuple(state.participants.values()))

    def _changed(self, room: str, state: _Room, change: PresenceChange) -> None:
        state.version += 1
        if self._chat is not None:
            self._chat.presence_changed(room, state.version, change)
