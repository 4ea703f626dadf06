"""The hooks of one chat's plugins, as typed functions for the core."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from tornchat.hooks.caller import Caller
from tornchat.hooks.entrykinds import EntryKinds
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.lifecycle import Lifecycle
from tornchat.hooks.messages import Messages
from tornchat.hooks.roomrights import RoomRights
from tornchat.hooks.specs import (
    ChatHandle,
    audit,
    auth,
    blocks,
    broadcast,
    consumers,
    descriptions,
    direct,
    directory,
    entrykinds,
    events,
    extensions,
    filters,
    invites,
    markers,
    moderation,
    presence,
    reports,
    search,
    slow,
    storage,
    users,
)
from tornchat.hooks.verbs import Verbs
from tornchat.model import Draft, StoreResult, User


class Hooks:
    """The hooks, called by the core.

    An attribute with the name of a hook calls it: `tornchat.hooks.specs` documents its arguments and its
    answer, and `Verbs.bind` the exceptions. `Lifecycle` documents the calls of a plugin's life.
    """

    def __init__(
        self, implementations: Mapping[str, Sequence[Implementation]], deadlines: Mapping[str, float]
    ) -> None:
        """`deadlines`: hook name -> seconds, in the place of the declared deadline.

        Raises `SettingsError` if a plugin's kinds of entries can't be used.
        """
        self._caller = Caller(deadlines)
        self._verbs = Verbs(implementations, self._caller)
        self.stalls = 0
        """How often code other than a plugin's blocked the event loop."""
        self.tells = self._verbs.tells
        self.implementations = self._verbs.implementations
        self.deadline = self._caller.deadline
        self.close = self._verbs.close
        self._bind_life(Lifecycle(self._verbs))
        self._bind_rooms(self._verbs)
        self._bind_nodes(self._verbs)
        self._bind_people(self._verbs)
        self._bind_consumers(self._verbs)
        self.kinds = self._declared_kinds(self._verbs)

    def _declared_kinds(self, verbs: Verbs) -> EntryKinds:
        hook = entrykinds.entry_kinds
        found = {implementation.plugin: implementation for implementation in verbs.of(hook.name)}
        return EntryKinds(verbs.bind(hook)(), found, self._caller.blame, self.deadline(hook.name))

    def _bind_life(self, life: Lifecycle) -> None:
        self.startup = life.startup
        self.startup_of = life.startup_of
        self.reload = life.reload
        self.shutdown = life.shutdown
        self.check = life.check
        self.cluster_faults = life.cluster_faults
        self.migrate = life.migrate
        self.health = life.health
        self.broadcast_scope = life.scope

    def _bind_rooms(self, verbs: Verbs) -> None:
        self.open_room = verbs.bind(storage.open_room)
        self.renew_epoch = verbs.bind(storage.renew_epoch)
        self.begin_store = verbs.bind(storage.store_messages)
        self.read_history = verbs.bind(storage.read_history)
        self.latest_positions = verbs.bind(storage.latest_positions)
        messages = Messages(verbs)
        self.changes = messages.changes
        self.read_messages = messages.read
        self.read_changed = messages.changed
        self.read_marks = verbs.bind(storage.read_marks)
        self.find_stored = verbs.bind(storage.find_stored)
        self.read_open = verbs.bind(storage.read_open)
        self.streams = self.changes and bool(verbs.of(storage.read_open.name))
        """Whether messages can be streamed."""
        self.prune_history = verbs.bind(storage.prune_history)
        self.list_rooms = verbs.bind(directory.list_rooms)
        self.create_room = verbs.bind(directory.create_room)
        self.delete_room = verbs.bind(directory.delete_room)
        self.read_members = verbs.bind(directory.read_members)
        self.set_member = verbs.bind(directory.set_member)
        self.remove_member = verbs.bind(directory.remove_member)
        self.describe_room = verbs.bind(descriptions.describe_room)
        self.read_descriptions = verbs.bind(descriptions.read_descriptions)
        self.store_invite = verbs.bind(invites.store_invite)
        self.read_invites = verbs.bind(invites.read_invites)
        self.revoke_invite = verbs.bind(invites.revoke_invite)
        self.find_invite = verbs.bind(invites.find_invite)
        self.use_invite = verbs.bind(invites.use_invite)
        self.find_direct = verbs.bind(direct.find_direct)
        self.create_direct = verbs.bind(direct.create_direct)
        self.filter_message = verbs.bind(filters.filter_message)
        self.read_sanctions = verbs.bind(moderation.read_sanctions)
        self.set_sanction = verbs.bind(moderation.set_sanction)
        self.lift_sanction = verbs.bind(moderation.lift_sanction)
        self.search_messages = verbs.bind(search.search_messages)
        self.search_rooms = verbs.bind(search.search_rooms)
        self.set_slow_mode = verbs.bind(slow.set_slow_mode)
        self.read_slow_modes = verbs.bind(slow.read_slow_modes)
        self.read_latest_messages = verbs.bind(slow.read_latest_messages)

    def _bind_nodes(self, verbs: Verbs) -> None:
        self.authenticate = verbs.bind(auth.authenticate)
        self._authorize = verbs.bind(auth.authorize)
        self.issue_token = verbs.bind(auth.issue_token)
        self.subscribe = verbs.bind(broadcast.subscribe)
        self.unsubscribe = verbs.bind(broadcast.unsubscribe)
        self.publish = verbs.bind(broadcast.publish)
        self.join_presence = verbs.bind(presence.join_presence)
        self.leave_presence = verbs.bind(presence.leave_presence)
        self.read_presence = verbs.bind(presence.read_presence)
        self.messages_stored = verbs.bind(events.messages_stored)
        self.user_joined = verbs.bind(events.user_joined)
        self.user_left = verbs.bind(events.user_left)
        self.connection_opened = verbs.bind(events.connection_opened)
        self.connection_closed = verbs.bind(events.connection_closed)
        self._http_routes = verbs.bind(extensions.http_routes)
        self.cli_commands = verbs.bind(extensions.cli_commands)

    def _bind_people(self, verbs: Verbs) -> None:
        rights = RoomRights(verbs, self._caller)
        self.authorize_rooms = rights.authorize_rooms
        self.read_admitted = rights.read_admitted
        self.record_audit = verbs.bind(audit.record_audit)
        self.read_audit = verbs.bind(audit.read_audit)
        self.prune_audit = verbs.bind(audit.prune_audit)
        self.store_users = verbs.bind(users.store_users)
        self.read_users = verbs.bind(users.read_users)
        self.erase_user = verbs.bind(users.erase_user)
        self.search_users = verbs.bind(users.search_users)
        self.find_users = verbs.bind(users.find_users)
        self.read_blocks = verbs.bind(blocks.read_blocks)
        self.set_block = verbs.bind(blocks.set_block)
        self.lift_block = verbs.bind(blocks.lift_block)
        self.find_blockers = verbs.bind(blocks.find_blockers)
        self.store_report = verbs.bind(reports.store_report)
        self.read_reports = verbs.bind(reports.read_reports)
        self.close_report = verbs.bind(reports.close_report)
        self.store_markers = verbs.bind(markers.store_markers)
        self.read_markers = verbs.bind(markers.read_markers)
        self.read_rooms_of = verbs.bind(markers.read_rooms_of)
        self.read_inbox = verbs.bind(markers.read_inbox)

    def _bind_consumers(self, verbs: Verbs) -> None:
        self.consumers = verbs.bind(consumers.consumers)
        self.take = self._caller.take
        self.hold_consumers = verbs.bind(consumers.hold_consumers)
        self.find_unread = verbs.bind(consumers.find_unread)
        self.read_unread = verbs.bind(consumers.read_unread)
        self.move_cursors = verbs.bind(consumers.move_cursors)
        self.read_consumers = verbs.bind(consumers.read_consumers)
        self.read_cursors = verbs.bind(consumers.read_cursors)
        self.set_cursors = verbs.bind(consumers.set_cursors)

    def provides(self, hook: str) -> bool:
        """Return whether any loaded plugin implements `hook`."""
        return bool(self._verbs.of(hook))

    def provider(self, hook: str) -> str:
        """Return the name of the plugin that provides `hook`, which one must."""
        return self._verbs.of(hook)[0].plugin

    async def authorize(self, user: User, action: str, room: str) -> bool:
        """Return whether no plugin forbids the action. Raises `Unavailable`."""
        return await self._authorize(user, action, room) is not False

    def store_results(self, call: asyncio.Future[object], drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        """Return the results of a finished `begin_store` call.

        The outcome of the drafts may be looked up in the log only after the plugin's call has ended. Raises
        `NotStored`, or `Unavailable` if the outcome is unknown.
        """
        (storage_plugin,) = self._verbs.of(storage.store_messages.name)
        results = cast("Sequence[StoreResult]", self._caller.outcome(call, storage_plugin))
        if len(results) != len(drafts):
            raise self._caller.blame.failed(
                storage_plugin, TypeError("it did not return one result per draft"), "junk"
            )
        return results

    async def http_routes(self, chat: ChatHandle) -> list[Any]:
        """Return the routes of all plugins."""
        return [route for _, routes in await self._http_routes(chat) for route in routes or ()]
