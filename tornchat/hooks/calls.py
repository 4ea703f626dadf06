"""Typed methods for calling each hook. They validate the plugins' answers.

Unless documented otherwise, each method raises `Unavailable` if a plugin fails or misses its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, cast

from tornchat.errors import CODES, ChatError, NotStored, SettingsError, Unavailable
from tornchat.hooks import specs
from tornchat.hooks.caller import Implementation
from tornchat.hooks.optional import OptionalCalls
from tornchat.model import (
    Credentials,
    Draft,
    Entry,
    Fault,
    Page,
    Participant,
    Position,
    Refusal,
    RoomInfo,
    Roster,
    Stored,
    StoreResult,
    User,
)


class Hooks(OptionalCalls):
    """The hooks of one chat's plugins, called by the core."""

    # --- auth ---

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Return the user that the credentials belong to, or None. Raises `Unavailable`."""
        return await self._ask("authenticate", User, credentials)

    async def authorize(self, user: User, action: str, room: str) -> bool:
        return await self._ask("authorize", bool, user, action, room) is not False

    async def authorize_rooms(self, user: User, rooms: Sequence[str]) -> set[str]:
        """Return those of `rooms` that the user may join.

        In the order of the settings, a plugin decides what no plugin before it has decided: all rooms in one
        call of `authorize_rooms`, or one by one in its `authorize` if it implements only that.
        """
        undecided, allowed = list(rooms), set[str]()
        batched = {one.plugin: one for one in self._implementations.get("authorize_rooms", ())}
        single = {one.plugin: one for one in self._implementations.get("authorize", ())}
        for plugin in dict.fromkeys([*single, *batched]):
            if not undecided:
                break
            if plugin in batched:
                answers = await self._call(batched[plugin], (user, undecided))
                self._check(batched[plugin], answers, Mapping)
            else:
                answers = {room: await self._decision(single[plugin], user, room) for room in undecided}
            allowed |= {room for room in undecided if answers.get(room) is True}
            undecided = [room for room in undecided if answers.get(room) is None]
        return allowed | set(undecided)

    async def _decision(self, implementation: Implementation, user: User, room: str) -> bool | None:
        answer = await self._call(implementation, (user, "join", room))
        if answer is not None:
            self._check(implementation, answer, bool)
        return cast("bool | None", answer)

    async def issue_token(self, user: User, lifetime: float) -> str:
        return cast(str, await self._one("issue_token", str, user, lifetime))

    # --- storage and history ---

    async def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None = None
    ) -> RoomInfo | None:
        arguments = (name, user, create, owned_limit, owner)
        return await self._one("open_room", RoomInfo, *arguments, optional=True)

    async def renew_epoch(self, room: str, epoch: str) -> None:
        """Assign a new epoch; do nothing if no plugin provides the hook. Raises `Unavailable`."""
        if self.provides("renew_epoch"):
            await self._one("renew_epoch", object, room, epoch, optional=True)

    def begin_store(self, drafts: Sequence[Draft]) -> asyncio.Future[object]:
        """Start a `store_messages` call without a deadline. Only one may run at a time.

        The outcome of the drafts may be looked up in the log only after the plugin's call has ended.
        """
        return self._begin(self._sole("store_messages"), (drafts,))

    def store_results(self, call: asyncio.Future[object], drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        """Return the results of a finished store call.

        Raises `NotStored`, or `Unavailable` if the outcome is unknown.
        """
        implementation = self._sole("store_messages")
        results = self._outcome(implementation, call)
        if not _fits(results, drafts):
            raise self._failed(implementation, TypeError("it did not return one result per draft"), "junk")
        return cast("Sequence[StoreResult]", results)

    async def read_history(self, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        return await self._one("read_history", Page, room, after, before, limit, optional=True)

    async def latest_positions(self, rooms: Sequence[str]) -> Mapping[str, Position]:
        return cast("Mapping[str, Position]", await self._one("latest_positions", Mapping, rooms))

    async def prune_history(self, room: str | None, before_ms: int, limit: int) -> int:
        return cast(int, await self._one("prune_history", int, room, before_ms, limit))

    # --- moderation ---

    async def filter_message(self, draft: Draft, user: User) -> Draft:
        for implementation in self._implementations["filter_message"]:
            answer = await self._call(implementation, (draft, user))
            self._check(implementation, answer, Draft)
            if answer is not draft:
                self._check(implementation, answer.text, str)
                draft = Draft(
                    draft_id=draft.draft_id,
                    room=draft.room,
                    sender_id=draft.sender_id,
                    sender_username=draft.sender_username,
                    text=answer.text,
                    sent_at=draft.sent_at,
                    client_id=draft.client_id,
                    kind=draft.kind,
                    target=draft.target,
                    epoch=draft.epoch,
                )
        return draft

    # --- broadcast and presence ---

    def broadcast_scope(self) -> Literal["process", "cluster"]:
        """Return the reach of `publish`. Raises `SettingsError` if the hook fails, which stops the start."""
        implementation = self._sole("broadcast_scope")
        try:
            scope = self._at_once(implementation)
            if scope not in ("process", "cluster"):
                raise self._failed(
                    implementation, TypeError("it returned neither process nor cluster"), "junk"
                )
        except Unavailable as error:
            raise _no_start(error) from None
        return cast("Literal['process', 'cluster']", scope)

    async def subscribe(self, topic: str) -> None:
        await self._one("subscribe", object, topic, optional=True)

    async def unsubscribe(self, topic: str) -> None:
        await self._one("unsubscribe", object, topic, optional=True)

    async def publish(self, topic: str, payload: bytes) -> None:
        await self._one("publish", object, topic, payload, optional=True)

    async def join_presence(self, room: str, user: Participant, session: str) -> bool:
        return bool(await self._one("join_presence", bool, room, user, session))

    async def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        return bool(await self._one("leave_presence", bool, room, user, session))

    async def read_presence(self, room: str) -> Roster:
        return cast(Roster, await self._one("read_presence", Roster, room))

    # --- life ---

    async def startup(self, chat: specs.ChatHandle) -> None:
        """Start the plugins in order.

        Raises `SettingsError` on failure, after shutting down the plugins already started and the one that
        failed, because it may have opened some of its resources.
        """
        for plugin, fault in await self.cluster_faults():
            raise SettingsError(f"Several nodes can't be one chat ({plugin}): {fault.what}", fault.cure)
        await self.startup_of(chat, {i.plugin for i in self._implementations["startup"]})

    async def startup_of(self, chat: specs.ChatHandle, plugins: Collection[str]) -> None:
        """Start only these plugins, in the way `startup` does. For commands that do not run a node."""
        started: list[str] = []
        for implementation in self._implementations["startup"]:
            if implementation.plugin not in plugins:
                continue
            started.append(implementation.plugin)
            try:
                await self._call(implementation, (chat,))
            except BaseException as error:  # a cancelled start must also release its resources
                await self.shutdown(started)
                if isinstance(error, (Unavailable, ChatError, NotStored)):
                    raise _no_start(error) from None
                raise

    async def shutdown(self, plugins: Collection[str] | None = None) -> None:
        """Shut the plugins down in reverse order. A plugin that fails does not affect the others."""
        for implementation in reversed(self._implementations["shutdown"]):
            if plugins is None or implementation.plugin in plugins:
                await self._contained(implementation, ())

    async def check(self) -> list[tuple[str, Fault]]:
        """Return all faults as (plugin, fault). A check that fails counts as a fault of its plugin."""
        found: list[tuple[str, Fault]] = []
        for plugin, faults in await self._collect("check", Sequence):
            found.extend((plugin, fault) for fault in _faults(faults))
        return found + await self.cluster_faults()

    async def cluster_faults(self) -> list[tuple[str, Fault]]:
        """Return the faults of `check_cluster` as (plugin, fault); empty if this is not a cluster node.

        Raises `SettingsError`.
        """
        if not self.provides("check_cluster") or self.broadcast_scope() == "process":
            return []
        answers = await self._collect("check_cluster", Sequence)
        return [(plugin, fault) for plugin, faults in answers for fault in _faults(faults)]

    async def migrate(self) -> list[tuple[str, str]]:
        """Return the steps taken as (plugin, step). The first failure is raised and stops the migration."""
        steps: list[tuple[str, str]] = []
        for implementation in self._implementations["migrate"]:
            taken = await self._call(implementation, ())
            self._check(implementation, taken, Sequence)
            steps.extend((implementation.plugin, step) for step in taken)
        return steps

    async def health(self) -> dict[str, dict[str, str]]:
        """Return plugin -> component -> "ok" or a problem; a failed call has one component, `health`."""
        answers = await self._collect("health", Mapping)
        return {name: {"health": "failed"} if a is None else dict(a) for name, a in answers}

    # --- extensions and events ---

    async def http_routes(self, chat: specs.ChatHandle) -> list[Any]:
        answers = await self._collect("http_routes", Sequence, chat)
        return [route for _, routes in answers for route in routes or ()]

    def cli_commands(self, group: Any) -> None:
        for implementation in self._implementations["cli_commands"]:
            try:
                self._at_once(implementation, group)
            except Unavailable:
                pass  # the failure is logged; the other plugins still add their commands

    def messages_stored(self, room: str, entries: Sequence[Entry]) -> None:
        self.tell("messages_stored", room, entries)


def _faults(answer: Sequence[object] | None) -> list[Fault]:
    """Return the faults in a plugin's answer. A failed check or an invalid item adds a fault."""
    if answer is None:
        return [Fault("Its check failed.", "The log says why.")]
    faults = [fault for fault in answer if isinstance(fault, Fault)]
    junk = [Fault("Its check gave no faults.", "Report it to its author.")]
    return faults if len(faults) == len(answer) else faults + junk


def _no_start(error: Exception) -> SettingsError:
    return SettingsError(f"{error}.".replace("..", "."), "The log says where; `tornchat check` says more.")


def _is_refusal(result: object) -> bool:
    return type(result) is Refusal and result.code in CODES


def _fits(results: object, drafts: Sequence[Draft]) -> bool:
    return (
        isinstance(results, Sequence)
        and len(results) == len(drafts)
        and all(type(result) is Stored or _is_refusal(result) for result in results)
    )
