"""The lease of this node on its sessions in Redis, and the removal of sessions of dead nodes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from tornchat import Unavailable
from tornchat_redis.rooms import PresenceScripts
from tornchat_redis.slices import in_slices

log = logging.getLogger("tornchat.redis")

RENEWALS = 4
"""Number of renewals per lease duration."""
ON_TIME = 0.5
"""A renewal is on time if it follows the one before within this part of the lease duration."""


class Lease:
    """The lease of this node. A node whose lease is lost or in doubt enters all its sessions again.

    It ends the sessions of dead nodes only if its own renewals prove that they could have renewed their
    leases: it held its own without doubt for a whole duration, and the last renewal was on time. After a
    pause of the server or of the machine, the first node that renews finds the leases of others expired.
    """

    def __init__(
        self,
        rooms: PresenceScripts,
        ttl: float,
        enter_all: Callable[[], Coroutine[Any, Any, None]],
        on_settled: Callable[[], None],
        now: Callable[[], float] | None = None,
    ) -> None:
        """`now` returns the time in seconds; by default it is that of the running loop."""
        self._rooms = rooms
        rooms.on_strange = self.doubt
        self._ttl = ttl
        self._enter_all = enter_all
        self._on_settled = on_settled
        self._wake = asyncio.Event()
        self._now = now or asyncio.get_running_loop().time
        self._renewed_at = self._held_since = self._now()
        self._settles_at: float | None = None
        """Loop time (seconds) at which all sessions are entered once more after a recovery."""
        self._in_doubt = True
        self._is_entered = False

    @property
    def holds(self) -> bool:
        """True if, as far as is known, Redis contains exactly this node's sessions."""
        return self._is_entered and not self._in_doubt

    def doubt(self) -> None:
        """Record that commands or data may have been lost, and renew the lease now."""
        self._in_doubt = True
        self.look()

    def look(self) -> None:
        """Make `run` renew the lease now."""
        self._wake.set()

    async def run(self) -> None:
        """Keep renewing the lease, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._ttl / RENEWALS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.renew()
            except Unavailable:
                self._in_doubt = True

    async def renew(self) -> None:
        """Renew the lease, enter all sessions if necessary, and remove dead nodes. Raises `Unavailable`."""
        self._is_entered, self._in_doubt = self.holds, False
        before = self._renewed_at
        kept, complete, dead = await self._renew()
        now = self._renewed_at
        if not kept or not self._is_entered:
            # A lease that is kept after a doubt may have been renewed by a command considered lost.
            self._held_since = now
            await self._recover(now)
        elif self._settles_at is not None and now >= self._settles_at and complete:
            await self._settle()
        on_time = now - before < ON_TIME * self._ttl
        if dead and complete and on_time and now - self._held_since > self._ttl:
            await self._while_renewing(self._reap(dead))

    async def _renew(self) -> tuple[bool, bool, list[str]]:
        renewed = await self._rooms.renew(secrets.token_hex(6))
        # The time is that of the reply: the server may have been stopped before it executed the command.
        self._renewed_at = self._now()
        return renewed

    async def _while_renewing(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, which may take longer than the lease: other nodes would end this node's sessions."""
        task = asyncio.create_task(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self._ttl / RENEWALS)
                if not task.done():
                    kept, *_ = await self._renew()
                    self._in_doubt |= not kept
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _recover(self, now: float) -> None:
        self._is_entered = False
        await self._while_renewing(self._enter_all())
        self._is_entered = True
        self._settles_at = now + self._ttl
        self._on_settled()

    async def _settle(self) -> None:
        """Enter all sessions once more, after the rebuild, since commands considered lost may have run."""
        await self._while_renewing(self._enter_all())
        self._settles_at = None
        self._on_settled()

    async def _reap(self, nodes: list[str]) -> None:
        for node in nodes:
            rooms = await self._rooms.of(node)
            if rooms:
                log.warning("node %s is dead: removing its sessions from %d rooms", node, len(rooms))
            await in_slices(rooms, partial(self._rooms.reap, node))
            await self._rooms.forget(node)
