"""Reports this node's sessions to the presence plugin, in order for each session.

If the plugin is unavailable, sessions still join and leave on this node, and the calls that failed are
retried until they succeed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import User

MOST_LATE = 1000
"""If more sessions than this have pending steps, a pending join is dropped when its session leaves."""


class _Step(NamedTuple):
    """A join or leave to report to the plugin."""

    kind: str
    room: str
    user: User
    session: str


class _Turn(asyncio.Lock):
    """Serializes the steps of one session. `steps` is the number of steps that run or wait."""

    steps = 0


class Presence:
    """Reports joins and leaves to the presence plugin. `retry` must be called regularly."""

    def __init__(
        self, hooks: Hooks, joined: Callable[[str, User], None], left: Callable[[str, User], None]
    ) -> None:
        """`joined` and `left` are told of a user's first session in a room and of the end of the last one."""
        self._hooks = hooks
        self._joined = joined
        self._left = left
        self._late: dict[str, deque[_Step]] = {}
        """Session -> its pending steps, in order."""
        self._retrying = asyncio.Lock()
        self._turns: dict[str, _Turn] = {}

    async def enter(self, room: str, user: User, session: str) -> None:
        """Report that a session joined the room. Raises nothing."""
        await self._take(_Step("join", room, user, session))

    async def leave(self, room: str, user: User, session: str) -> None:
        """Report that a session left the room. Raises nothing."""
        await self._take(_Step("leave", room, user, session))

    async def _take(self, step: _Step) -> None:
        # Running and pending steps go first; otherwise a leave could overtake its own join.
        turn = self._turns.get(step.session)
        if turn is None:
            turn = self._turns[step.session] = _Turn()
        turn.steps += 1
        try:
            async with turn:
                await self._take_now(step)
        finally:
            turn.steps -= 1
            if not turn.steps:
                del self._turns[step.session]

    async def _take_now(self, step: _Step) -> None:
        if step.session in self._late:
            self._wait(step)
            return
        try:
            await self._do(step)
        except Unavailable:
            self._late[step.session] = deque([step])

    def _wait(self, step: _Step) -> None:
        """Append a pending step. Above `MOST_LATE` sessions, a leave replaces the earlier pending steps."""
        late = self._late[step.session]
        if len(self._late) > MOST_LATE and step.kind == "leave":
            late.clear()  # the leave is still reported, because the outcome of the join is unknown
        late.append(step)

    async def retry(self) -> None:
        """Report pending steps, in order for each session; stop at the first that fails again."""
        async with self._retrying:
            while self._late:
                session, steps = next(iter(self._late.items()))
                step = steps[0]
                try:
                    await self._do(step)
                except Unavailable:
                    self._late[session] = self._late.pop(session)  # the next retry starts with the others
                    return
                if steps[0] is step:  # otherwise a leave has replaced it in the meantime
                    steps.popleft()
                if not steps:
                    del self._late[session]

    async def close(self) -> None:
        """Retry once more, then drop pending steps: the plugin drops the sessions when the lease expires."""
        await self.retry()
        self._late.clear()

    async def _do(self, step: _Step) -> None:
        participant = step.user.participant
        if step.kind == "join":
            if await self._hooks.join_presence(step.room, participant, step.session):
                self._joined(step.room, step.user)
        elif await self._hooks.leave_presence(step.room, participant, step.session):
            self._left(step.room, step.user)
