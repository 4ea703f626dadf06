"""Deliberately wrong plugins of auth, broadcast, presence and filter: each breaks one promise."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from tornchat_local import LocalPlugin

from tests.testing.memory import SwearFilter, TableAuth
from tornchat import Credentials, Draft, Participant, PresenceChange, Rejected, Roster, User, hookimpl

# --- auth ---


class LetsGarbageIn(TableAuth):
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        return User("id-ann", "ann") if credentials.token is not None else None


class LetsGuestsIn(TableAuth):
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        return self.users.get(credentials.token or "") or User("guest", "guest")


class BelievesPrefixes(TableAuth):
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        token = credentials.token or ""
        return next((user for good, user in self.users.items() if token.startswith(good)), None)


class ChokesOnGarbage(TableAuth):
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        (credentials.token or "").encode("utf-8")  # a lone surrogate can't be
        return self.users.get(credentials.token or "")


class GivesAnEmptyId(TableAuth):
    def __init__(self) -> None:
        self.users = {"a good token of ann": User("", "ann")}


class IssuesForeverTokens(TableAuth):
    @hookimpl
    def issue_token(self, user: User, lifetime: float) -> str:
        self.users[f"a token of {user.id}"] = user
        return f"a token of {user.id}"


class ForgetsRoles(TableAuth):
    @hookimpl
    def issue_token(self, user: User, lifetime: float) -> str:
        self.users[f"a token of {user.id}"] = User(user.id, user.username)
        return f"a token of {user.id}"


# --- broadcast and presence ---


class ForgetsARoom(LocalPlugin):
    @hookimpl
    def subscribe(self, topic: str) -> None:
        self._topics = {topic}


class HoldsAHundredTopics(LocalPlugin):
    @hookimpl
    def subscribe(self, topic: str) -> None:
        if len(self._topics) < 100:
            super().subscribe(topic)


class GoesOnAfterUnsubscribe(LocalPlugin):
    @hookimpl
    def unsubscribe(self, topic: str) -> None:
        pass


class DropsAllTopics(LocalPlugin):
    @hookimpl
    def unsubscribe(self, topic: str) -> None:
        self._topics.clear()


class PassesOnEverything(LocalPlugin):
    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        assert self._chat is not None
        self._chat.deliver(topic, payload)


class SendsText(LocalPlugin):
    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        super().publish(topic, payload.decode(errors="replace").encode())


class DeliversFromAThread(LocalPlugin):
    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        thread = threading.Thread(target=super().publish, args=(topic, payload))
        thread.start()
        thread.join()
        super().publish(topic, payload)


class CountsTabs(LocalPlugin):
    @hookimpl
    def join_presence(self, room: str, user: Participant, session: str) -> bool:
        first = super().join_presence(room, user, session)
        if not first:
            self._changed(room, self._rooms[room], PresenceChange("join", user))
        return True


class LeavesWithTheFirstTab(LocalPlugin):
    @hookimpl
    def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        for other in list(self._rooms[room].sessions.get(user.id, ())) if room in self._rooms else ():
            super().leave_presence(room, user, other)
        return True


class SkipsAVersion(LocalPlugin):
    def _changed(self, room: str, state: Any, change: Any) -> None:
        state.version += 1
        super()._changed(room, state, change)


class CountsFromZeroAgain(LocalPlugin):
    @hookimpl
    def read_presence(self, room: str) -> Roster:
        roster = super().read_presence(room)
        return roster if roster.users else Roster(0, ())


class TellsNothing(LocalPlugin):
    @hookimpl
    def startup(self) -> None:
        pass


class HasOneRoom(LocalPlugin):
    @hookimpl
    def join_presence(self, user: Participant, session: str) -> bool:
        return super().join_presence("the one", user, session)

    @hookimpl
    def read_presence(self) -> Roster:
        return super().read_presence("the one")


# --- filter ---


class ReturnsNone(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> None:
        return None


class ChangesTheSender(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        return msgspec.structs.replace(draft, sender_id="root")


class MakesANewDraft(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        return msgspec.structs.replace(draft, draft_id="mine")


class RaisesValueError(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        raise ValueError("no")


class RejectsEverything(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        raise Rejected("No.")


class EmptiesTheText(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        return msgspec.structs.replace(draft, text=draft.text.strip("ax"))


class RejectsWithAnUnknownCode(SwearFilter):
    @hookimpl
    def filter_message(self, draft: Draft) -> Draft:
        raise Rejected("No.", code="nope")
