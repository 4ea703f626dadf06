"""The path of a message, from a WebSocket, from HTTP or from code in the process:

    admit -> filter -> look again -> commit -> accept -> publish -> acknowledge

`Posting` checks a draft and submits it to the committer, which passes the results of each store call to
`Posting.ended`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial

from msgspec.structs import replace

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.sanctions import Sanctions
from tornchat.cluster.slowmodes import SlowModes
from tornchat.errors import TRY_AGAIN_LATER, UNAUTHORIZED, ChatError, Closed, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.words import is_encodable
from tornchat.log.commit import PATIENCE, Committer, refused
from tornchat.log.queue import Pending
from tornchat.metrics.counts import Counts
from tornchat.model import PLAIN, SITE, Draft, Entry, More, Refusal, RoomInfo, Stored, StoreResult, User
from tornchat.rooms.flush import Flush
from tornchat.rooms.registry import Registry
from tornchat.service import rights
from tornchat.service.access import Access, TrustedUser, as_given, trusted_user
from tornchat.service.admission import refuse_off_site
from tornchat.service.audit import Audit
from tornchat.service.changing import TRIES, Changing, Ready
from tornchat.service.drafts import Drafts
from tornchat.service.growing import Growing
from tornchat.service.kinds import Kinds
from tornchat.service.knownrooms import KnownRooms
from tornchat.service.quota import Quota, Quotas
from tornchat.service.session import Session
from tornchat.service.slow import SlowMode
from tornchat.tasks import Tasks
from tornchat.wire import Said

Refuse = Callable[[Session, ChatError, str | None], None]


class Posting:
    """Stores messages from all callers in the log and sends stored entries to members and other nodes."""

    def __init__(
        self,
        hooks: Hooks,
        tasks: Tasks,
        access: Access,
        sanctions: Sanctions,
        rooms: Registry,
        broadcast: Broadcast,
        flush: Flush,
        drafts: Drafts,
        quotas: Quotas,
        slow_modes: SlowModes,
        counts: Counts,
        audit: Audit,
        edit_seconds: float,
        refuse: Refuse,
        stored: Callable[[str, str, Sequence[Entry]], None],
    ) -> None:
        """`refuse` sends a session the error frame of a draft that is refused.

        `edit_seconds` is the time for which messages may be edited; 0: forever. `stored` is called with room,
        epoch and new entries of each log that this node has added to.
        """
        self._stored = stored
        self._hooks = hooks
        self._access = access
        self._sanctions = sanctions
        self._rooms = rooms
        self._broadcast = broadcast
        self._flush = flush
        self._known = KnownRooms(access, rooms)
        self._drafts = drafts
        self.quotas = quotas
        self._slow_rooms = slow_modes.seconds
        self._slow = SlowMode(hooks, access, rooms, slow_modes)
        self._counts = counts
        self._audit = audit
        self._tasks = tasks
        self._refuse = refuse
        self._kinds = Kinds(hooks.kinds)
        self._now = asyncio.get_running_loop().time
        self._gated = hooks.provides("authorize") or hooks.provides("filter_message")
        self._filters = hooks.provides("filter_message")
        self.committer = Committer(hooks, tasks, flush, self.ended)
        growing = Growing(hooks, rooms, drafts, self._filtered, self.committer.flush)
        rules = (self._kinds, access, self._filtered, drafts.check, growing)
        self._changing = Changing(hooks, *rules, edit_seconds)

    # --- the callers ---

    def say(self, session: Session, said: Said, size: int) -> Awaitable[None] | None:
        """Accept a message of `size` bytes from a session, which later receives its echo or an error frame.

        An awaitable is returned if the user is over the rate, or if plugins are asked. The caller awaits it
        before the connection's next message, which keeps its order and slows its sender down. Raises `Closed`
        (4001) if the user's token has expired.
        """
        if _expired(session.user):
            raise Closed(UNAUTHORIZED, "token expired")
        quota, messages = session.quota or self._quota(session), 1
        try:
            if said.target is None:
                self._drafts.check(said.text)
            else:
                self._check_change(said)
                messages = self._messages(said)
            user = session.user.id
            if self.committer.queue.full_for(user) or quota.delays(size, self._now(), messages):
                self.quotas.note(user)
                return self._slowed(session, quota, said, size, messages)
            return self._admitted(session, said)
        except ChatError as error:
            self._refuse(session, error, said.client_id)
        return None

    def _check_change(self, said: Said) -> None:
        """Check the text of what acts on a message, if it brings one. Raises `ChatError`."""
        kind = self._kinds.of(said)
        if kind.grows:
            self._drafts.check_piece(said.text)
        elif kind.has_text:
            self._drafts.check(said.text)

    def _quota(self, session: Session) -> Quota:
        session.quota = self.quotas.of(session.user.id)
        return session.quota

    def _messages(self, said: Said) -> int:
        """As how many messages it counts in the rate: a piece of a streamed message counts in bytes only."""
        return 0 if self._kinds.of(said).grows else 1

    async def _slowed(self, session: Session, quota: Quota, said: Said, size: int, messages: int) -> None:
        """Wait until the user may say more; the user's connections take turns."""
        async with quota.turn:
            await self.committer.queue.space(session.user.id)
            await quota.wait(size, messages)
        try:
            if self._still_there(session) and (gates := self._admitted(session, said)) is not None:
                await gates
        except ChatError as error:
            self._refuse(session, error, said.client_id)

    async def pace(self, user: User, size: int) -> None:
        """Count a frame of `size` bytes that is no message, and wait while the user is above the rate."""
        quota = self.quotas.of(user.id)
        if quota.delays(size, self._now()):
            self.quotas.note(user.id)
            async with quota.turn:
                await quota.wait(size)

    def _admitted(self, session: Session, said: Said) -> Awaitable[None] | None:
        """Pass a message on that is within its user's rate. Raises `ChatError`."""
        draft = self._drafts.make(session.user, session.room.info, said)
        if self._sanctions.mutes and (said.target is None or self._kinds.of(said).speaks):
            self._refuse_muted(draft.room, session.user)
        if said.target is not None:
            return self._change(session, draft, said)
        if draft.more is not None:
            self._refuse_unsupported(draft)
            return self._through_gates(session, self._kinds.message(draft, said))
        if self._gated or (self._slow_rooms and draft.room in self._slow_rooms):
            return self._through_gates(session, draft)
        self._submit(session, draft)
        return None

    async def post(self, user: User, room: str, said: Said) -> Stored:
        """Send a message as `user`, without a session, and return the stored entry.

        A repeated client id returns the entry that was stored first, with `repeated` set. Raises `ChatError`
        with the codes of error frames or `room_not_found`, `Closed` (4001) if the token expires meanwhile,
        and `Unavailable` if a plugin fails.
        """
        info = await self._access.see(user, room)
        self._drafts.check(said.text)
        self._refuse_fast(user, said)
        await self._refuse_sanctioned(user, room)
        draft = self._made(user, info, said)
        slow = await self._slow.binds(user, info, draft)
        draft = await self._gates(user, draft)
        await self._space(draft)
        await self._look_again(user, draft)
        if slow:
            return await self._slowly(draft, info)
        return await self.committer.store(draft, self._access.position(room))

    def _made(self, user: User, room: RoomInfo, said: Said) -> Draft:
        """Return the draft of a message. Raises `ChatError` (`unsupported`, `invalid_message`)."""
        draft = self._drafts.make(user, room, said)
        if draft.more is None:
            return draft
        self._refuse_unsupported(draft)
        return self._kinds.message(draft, said)

    async def _slowly(self, draft: Draft, room: RoomInfo) -> Stored:
        """Store a draft of a user who waits in this room, unless it comes too early. Raises `ChatError`."""
        draft = self._slow.take(draft, room)
        try:
            stored = await self.committer.store(draft, self._access.position(room.name))
        except ChatError as error:
            self._slow.fail(draft, error)
            raise
        self._slow.settle(draft, stored)
        return stored

    async def change(self, user: User, room: str, said: Said) -> Stored:
        """Change a message as `user`, without a session, and return the entry that did.

        A trusted user is not asked for rates, mutes, bans and rights, but filters are asked. Raises like
        `post`, and `ChatError` with `not_found`, `forbidden`, `stale` and `unsupported`.
        """
        kind = self._kinds.of(said)
        _refuse_unencodable(user, said)
        info = await self._access.see(user, room)
        trusted = isinstance(user, TrustedUser)
        self._check_change(said)
        if kind.speaks and not trusted:
            self._refuse_fast(user, said)
            await self._refuse_sanctioned(user, room)
        draft = self._drafts.make(user, info, said)
        await self._space(draft)
        left = TRIES
        while True:
            left -= 1
            ready = await self._changing.prepare(user, info, draft, said)
            if isinstance(ready, Stored):
                return ready
            if not trusted:
                await self._look_again(user, draft, kind.speaks)
            try:
                return await self._store_change(user, info, ready)
            except ChatError as error:
                if not (left and _is_outrun(error, said)):
                    raise

    async def _store_change(self, user: User, room: RoomInfo, ready: Ready) -> Stored:
        stored = await self.committer.store(ready.draft, self._access.position(room.name))
        if ready.moderates is not None and not stored.repeated:
            await self._moderated(user, room, ready.draft, ready.moderates)
        return stored

    def _refuse_fast(self, user: User, said: Said) -> None:
        more = len(said.more.meta) + len(said.more.data) if said.more is not None else 0
        size = len(said.text.encode()) + more
        messages = 1 if said.target is None else self._messages(said)
        if wait := self.quotas.of(user.id).take(size, self._now(), messages):
            self.quotas.note(user.id)
            raise ChatError("rate_limited", "", round(wait, 3), said.client_id)

    async def _moderated(self, user: User, room: RoomInfo, draft: Draft, sender_id: str) -> None:
        """Record that a user acted on a message of `sender_id`, if that needed a right."""
        if right := self._kinds.right(draft):
            await self._audit.record(user, right, room, sender_id, f"message {draft.target}")

    async def say_as(self, user: User, room: str, said: Said, trusted: bool) -> Stored:
        """Send a message on behalf of code in the process. See `ChatHandle.say`."""
        _refuse_unencodable(user, said)
        if not trusted:
            return await self.post(user, room, said)
        self._drafts.check(said.text)
        actor = trusted_user(user)
        try:
            return await self._say_in(await self._known.find(actor, room), user, said)
        except ChatError as error:
            if error.code != "room_gone":
                raise
        return await self._say_in(await self._known.find_again(actor, room), user, said)

    async def _say_in(self, info: RoomInfo, user: User, said: Said) -> Stored:
        draft = await self._filtered(user, self._made(user, info, said))
        await self._space(draft)
        return await self.committer.store(draft, self._access.position(info.name))

    # --- admit ---

    def _refuse_muted(self, room: str, user: User) -> None:
        if wait := self._sanctions.muted_for(room, user):
            raise ChatError("muted", "", round(wait, 3))

    async def _refuse_sanctioned(self, user: User, room: str, speaks: bool = True) -> None:
        """Refuse who is banned, or muted and `speaks`, in any room. Raises `ChatError`, `Unavailable`."""
        until = await self._sanctions.until(room, user)
        if "ban" in until:
            raise ChatError("room_not_found")
        if "mute" in until and speaks:
            raise ChatError("muted", "", round(max(0.0, until["mute"] - time.time()), 3))

    # --- filter ---

    async def _through_gates(self, session: Session, draft: Draft) -> None:
        """Authorize and filter a session's draft, then submit it. If a plugin fails, the draft is refused."""
        try:
            slow = await self._slow.binds(session.user, session.room.info, draft)
            filtered = await self._gates(session.user, draft)
            if self._still_there(session):
                if slow:
                    filtered = self._slow.take(filtered, session.room.info)
                self._submit(session, filtered, slow=slow)
        except ChatError as error:
            self._refuse(session, error, draft.client_id)
        except Unavailable:
            self._refuse(session, ChatError("unavailable"), draft.client_id)

    async def _change(self, session: Session, draft: Draft, said: Said, left: int = TRIES - 1) -> None:
        """Prepare a session's draft that acts on a message, then submit it; `left` more times if outrun."""
        room = session.room.info
        try:
            ready = await self._changing.prepare(session.user, room, draft, said)
            if not self._still_there(session, self._kinds.of(said).speaks):
                return
            if isinstance(ready, Stored):
                self._acknowledge(session, draft.client_id, ready)
                return
            again = partial(self._change, session, draft, said, left - 1) if left else None
            retried = again if _is_compared_here(said) else None
            self._submit(session, ready.draft, moderates=ready.moderates, again=retried)
        except ChatError as error:
            self._refuse(session, error, draft.client_id)
        except Unavailable:
            self._refuse(session, ChatError("unavailable"), draft.client_id)

    async def _gates(self, user: User, draft: Draft) -> Draft:
        for action in self._kinds.actions(draft):
            if not await self._hooks.authorize(user, action, draft.room):
                raise ChatError("forbidden")
        if draft.more is not None and draft.more.mentions is not None and draft.more.mentions.room:
            await self._refuse_mention(user, draft.room)
        return await self._filtered(user, draft)

    async def _refuse_mention(self, user: User, room: str) -> None:
        """Refuse who may not mention everybody in the room. Raises `ChatError` (`forbidden`)."""
        allowed = rights.may(rights.standings(user), "mention room")
        if not (allowed and await self._hooks.authorize(user, "mention_room", room)):
            raise ChatError("forbidden", "You may not mention everybody in this room.")

    def _refuse_unsupported(self, draft: Draft) -> None:
        """Refuse a message that says more than a text if the storage keeps no more."""
        if draft.more is not None and not self._hooks.changes:
            raise ChatError("unsupported", "The storage of this chat keeps texts only.")
        if draft.opens and not self._hooks.streams:
            raise ChatError("unsupported", "The storage of this chat has no streamed messages.")

    async def _filtered(self, user: User, draft: Draft, check: Callable[[str], None] | None = None) -> Draft:
        if not self._filters:
            return draft
        filtered = await self._hooks.filter_message(draft, as_given(user))
        (check or self._drafts.check)(filtered.text)
        if draft.more is None and (filtered.text != draft.text or filtered.more is not None):
            # a repeat is known by what its sender sent
            return replace(filtered, more=replace(filtered.more or More(), digest=draft.digest))
        return filtered

    async def _space(self, draft: Draft) -> None:
        """Wait until the queue has space for another draft of its sender. Raises `ChatError` (`busy`)."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.committer.queue.space(draft.sender_id)
        except TimeoutError:
            raise ChatError("busy", "", 1.0, draft.client_id) from None

    # --- look again: check state that an await may have changed; no await follows before `submit` ---

    def _still_there(self, session: Session, speaks: bool = True) -> bool:
        """Return whether the session may still send; False if it has ended, and its draft is dropped.

        Raises `ChatError` if the user has been muted, unless the draft does not speak.
        """
        if not session.room.present(session.member):
            return False
        if _expired(session.user):
            session.member.outlet.end(UNAUTHORIZED, "token expired")
            return False
        room = session.room.info.name
        if self._sanctions.bans(room, session.user) or self._rooms.get(room) is not session.room:
            return False  # its connection is being closed
        if speaks:
            self._refuse_muted(room, session.user)
        return True

    async def _look_again(self, user: User, draft: Draft, speaks: bool = True) -> None:
        """Check existence of the room, ban, mute and expiry again, after the last plugin call.

        Raises `ChatError`, `Closed` (4001, 4003), `Unavailable`.
        """
        await self._sanctions.know(SITE)
        if self._rooms.warm(draft.room) is None or not self._sanctions.knows(draft.room):
            await self._refuse_sanctioned(user, draft.room, speaks)
            await self._access.exists(user, draft.room)
        refuse_off_site(self._sanctions, user)
        if self._sanctions.bans(draft.room, user):
            raise ChatError("room_not_found")
        if speaks:
            self._refuse_muted(draft.room, user)
        if _expired(user):
            raise Closed(UNAUTHORIZED, "token expired")

    def upkeep(self) -> None:
        """Forget what is not needed any more. To be called from time to time."""
        self._slow.upkeep()

    # --- commit ---

    def _submit(
        self,
        session: Session,
        draft: Draft,
        *,
        slow: bool = False,
        moderates: str | None = None,
        again: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        """Pass a draft to the committer. `again` prepares it again if its target has changed meanwhile."""
        answer = partial(self._acknowledge, session, draft.client_id)
        if slow or moderates is not None or again is not None:
            answer = partial(self._answer, session, draft, slow, moderates, again)
        self.committer.submit(draft, answer, session.room.seq)

    def _answer(
        self,
        session: Session,
        draft: Draft,
        slow: bool,
        moderates: str | None,
        again: Callable[[], Coroutine[None, None, None]] | None,
        result: StoreResult,
    ) -> None:
        if again is not None and type(result) is Refusal and result.code == "stale":
            self._tasks.start(again(), "revision")
            return
        if slow:
            self._slow.settle(draft, result)
        self._acknowledge(session, draft.client_id, result)
        if moderates is not None and type(result) is Stored and not result.repeated:
            record = self._moderated(session.user, session.room.info, draft, moderates)
            self._tasks.start(record, "audit")

    # --- accept, publish, acknowledge ---

    def ended(self, batch: Sequence[Pending], results: Sequence[StoreResult]) -> None:
        """Process the results of a store call: settle the drafts, then deliver and publish the new entries.

        Drafts are settled first, because a room sends an ack together with the entry it belongs to.
        """
        self._flush.hold()
        try:
            for (room, epoch), entries in self._settled(batch, results).items():
                self._rooms.accept(room, epoch, entries)
                self._broadcast.publish(room, epoch, entries)
                self._hooks.messages_stored(room, entries)
                self._counts.stored += len(entries)
                for entry in entries:
                    if entry.kind != PLAIN:
                        self._counts.kinds[entry.kind] += 1
                self._stored(room, epoch, entries)
            self._flush.brings(batch[0].arrived)
        finally:
            self._flush.end()

    @staticmethod
    def _settled(
        batch: Sequence[Pending], results: Sequence[StoreResult]
    ) -> dict[tuple[str, str], list[Entry]]:
        """Settle the drafts, and return the new entries by room and epoch."""
        fresh: dict[tuple[str, str], list[Entry]] = {}
        for pending, result in zip(batch, results, strict=True):
            pending.settle(result)
            if type(result) is Stored and not result.repeated:
                fresh.setdefault((pending.draft.room, result.epoch), []).append(result.entry)
        return fresh

    def _acknowledge(self, session: Session, client_id: str | None, result: StoreResult) -> None:
        if type(result) is Refusal:
            if result.code == "unconfirmed" and client_id is None:
                session.member.outlet.end(TRY_AGAIN_LATER, "unconfirmed")
            else:
                self._refuse(session, refused(result, client_id), client_id)
        elif client_id is not None and type(result) is Stored:
            session.room.ack(session.member, client_id, result.entry)


def _refuse_unencodable(user: User, said: Said) -> None:
    said_words = (said.text, said.client_id or "", *(said.tokens or ()))
    if not all(map(is_encodable, (*said_words, user.id, user.username))):
        raise ChatError("invalid_message", "A lone surrogate can't be stored.", None, said.client_id)


def _is_outrun(error: ChatError, said: Said) -> bool:
    """Return whether the target has changed since it was read here."""
    return error.code == "stale" and _is_compared_here(said)


def _is_compared_here(said: Said) -> bool:
    """Return whether the sender names neither a revision nor an offset, so that what was read here counts."""
    return said.expects is None and (said.more is None or said.more.offset is None)


def _expired(user: User) -> bool:
    return user.expires_at is not None and user.expires_at <= time.time()
