"""This node's sessions in the presence plugin: each enters and leaves in its order, however long it takes.

The plugin may be away for a while. Then a session joins here all the same, and what it could not be told
is told again until it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakValueDictionary

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import User

MOST_LATE = 1000
"""So many sessions are told of in full after the plugin was away."""


class _Step(NamedTuple):
    """Something that the plugin is still to be told."""

    kind: str
    room: str
    user: User
    session: str


class Presence:
    """Tells the presence plugin who is here. `retry` is to be called regularly."""

    def __init__(self, hooks: Hooks, tell: Callable[..., None]) -> None:
        self._hooks = hooks
        self._tell = tell
        self._late: dict[str, deque[_Step]] = {}
        """Session -> what the plugin is still to be told of it, in order."""
        self._retrying = asyncio.Lock()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def enter(self, room: str, user: User, session: str) -> None:
        """Count a session in. Raises nothing."""
        await self._take(_Step("join", room, user, session))

    async def leave(self, room: str, user: User, session: str) -> None:
        """Count a session out. Raises nothing."""
        await self._take(_Step("leave", room, user, session))

    async def _take(self, step: _Step) -> None:
        # What is under way or late goes first, or a leave could overtake its own join.
        turn = self._turns.get(step.session) or asyncio.Lock()
        self._turns[step.session] = turn
        async with turn:
            if step.session in self._late:
                self._wait(step)
                return
            try:
                await self._do(step)
            except Unavailable:
                self._late[step.session] = deque([step])

    def _wait(self, step: _Step) -> None:
        """Tell it after what is late. When many are late, who has gone is only said to have gone."""
        late = self._late[step.session]
        if len(self._late) > MOST_LATE and step.kind == "leave":
            late.clear()  # the leave is told in any case: nobody knows what became of the join
        late.append(step)

    async def retry(self) -> None:
        """Tell what is late, each session's in order; stops at the first that still can't be told."""
        async with self._retrying:
            while self._late:
                session, steps = next(iter(self._late.items()))
                step = steps[0]
                try:
                    await self._do(step)
                except Unavailable:
                    self._late[session] = self._late.pop(session)  # next time the others come first
                    return
                if steps[0] is step:  # it has left meanwhile, if not
                    steps.popleft()
                if not steps:
                    del self._late[session]

    async def close(self) -> None:
        """Forget what is late: who could not be told in time finds out by the end of this node's lease."""
        await self.retry()
        self._late.clear()

    async def _do(self, step: _Step) -> None:
        participant = step.user.participant
        if step.kind == "join":
            if await self._hooks.join_presence(step.room, participant, step.session):
                self._tell("user_joined", step.room, step.user)
        elif await self._hooks.leave_presence(step.room, participant, step.session):
            self._tell("user_left", step.room, step.user)
