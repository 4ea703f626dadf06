"""Calls for the dashboard: state, rooms, sessions and hooks of this node."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from tornchat.errors import Unavailable
from tornchat.metrics.histogram import quantile
from tornchat.rooms.room import Room
from tornchat.server.http.api.admin_forms import (
    HookCalls,
    HookList,
    LoadedRoom,
    LoadedRooms,
    Node,
    Now,
    OpenSession,
    OpenSessions,
    Overview,
    OverviewQuery,
    RoomsOrder,
    Series,
    SessionsOrder,
    Totals,
)
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import timestamp
from tornchat.server.http.metrics.families import backlog, sessions
from tornchat.server.http.samples import SAMPLE_SECONDS
from tornchat.server.ws.connections import OpenConnection
from tornchat.service.session import Session
from tornchat.version import __version__

SLICE = 2000
"""Number of rooms or connections processed per iteration of the event loop."""

Item = TypeVar("Item")
Row = TypeVar("Row", LoadedRoom, OpenSession)


async def read_overview(call: Call, query: OverviewQuery) -> Overview:
    """Read the state of this node and its recent history."""
    site, samples = call.site, call.site.samples
    if samples is None:
        raise Unavailable("the chat does not run")
    scope = site.hooks.broadcast_scope()
    plugins = [plugin.name for plugin in site.plugins]
    started = timestamp(samples.started_at)
    node = Node(id=call.chat.node_id, version=__version__, scope=scope, started_at=started, plugins=plugins)
    health = await site.checkup.plugins()
    times, values = samples.since(query.since)
    series = Series(seconds=SAMPLE_SECONDS, times=times, values=values)
    return Overview(node=node, now=_now(call), totals=_totals(call), health=health, series=series)


def _now(call: Call) -> Now:
    chat, connections = call.chat, call.site.connections
    behind_sessions, behind_bytes = backlog(chat)
    return Now(
        connections=len(connections or ()),
        sessions=sessions(chat),
        rooms=len(chat.rooms),
        store_waiting=chat.committer.waiting,
        store_in_flight=chat.committer.in_flight,
        behind_sessions=behind_sessions,
        behind_bytes=behind_bytes,
        broadcast_queue=chat.publisher.waiting,
    )


def _totals(call: Call) -> Totals:
    counts, rooms, publisher = call.chat.counts, call.chat.rooms, call.chat.publisher
    implementations = list(call.site.hooks.implementations())
    return Totals(
        received=counts.received,
        stored=counts.stored,
        stored_by_kind=counts.stored_by_kind(),
        delivered=counts.deliveries,
        sent_bytes=counts.sent_bytes,
        slow_consumers=counts.slow,
        gaps_found=rooms.gaps,
        gap_messages_repaired=rooms.repaired,
        positions_lost=rooms.lost,
        broadcast_published=publisher.published,
        broadcast_received=publisher.received,
        broadcast_dropped=publisher.dropped,
        broadcast_refused=publisher.ignored,
        broadcast_interruptions=rooms.missed,
        loop_stalls=call.site.hooks.stalls + sum(found.stalls for found in implementations),
        hook_failures=sum(found.failures.total() for found in implementations),
        closed=dict(counts.closed),
        refused=counts.refused_by_code(),
        auth_failures=dict(counts.auth_failures),
        handshakes_refused=dict(counts.handshakes_refused),
    )


async def read_loaded_rooms(call: Call, query: RoomsOrder) -> LoadedRooms:
    """List the rooms loaded on this node."""
    wanted, rows = query.q.casefold(), []
    async for room in _calmly(list(call.chat.rooms.loaded())):
        if wanted in room.info.name.casefold():
            rows.append(_room(room))
    first = _first(rows, query.sort, query.order, query.limit)
    return LoadedRooms(node=call.chat.node_id, rooms=first, found=len(rows))


async def read_open_sessions(call: Call, query: SessionsOrder) -> OpenSessions:
    """List the sessions on this node, with user, room, address and duration."""
    connections = call.site.connections
    wanted, now, rows = query.q.casefold(), asyncio.get_running_loop().time(), []
    async for one in _calmly(connections.all() if connections is not None else ()):
        found = [_session(one, session, now) for session in one.sessions]
        rows += [row for row in found if wanted in f"{row.username} {row.user_id} {row.room}".casefold()]
    first = _first(rows, query.sort, query.order, query.limit)
    return OpenSessions(node=call.chat.node_id, sessions=first, found=len(rows))


async def _calmly(items: Sequence[Item]) -> AsyncIterator[Item]:
    """Yield all items, and let other tasks run after every `SLICE` items."""
    for number, item in enumerate(items, 1):
        yield item
        if number % SLICE == 0:
            await asyncio.sleep(0)


def _first(rows: Iterable[Row], sort: str, order: str, limit: int) -> list[Row]:
    pick = heapq.nlargest if order == "down" else heapq.nsmallest
    return pick(limit, rows, key=attrgetter(sort))


def _room(room: Room) -> LoadedRoom:
    return LoadedRoom(
        name=room.info.name,
        private=room.info.private,
        owner=room.info.owner,
        sessions=room.population,
        users=len(room.roster),
        seq=room.seq,
        behind_bytes=room.backlog()[1],
    )


def _session(connection: OpenConnection, session: Session, now: float) -> OpenSession:
    member = session.member
    return OpenSession(
        connection=connection.id,
        user_id=session.user.id,
        username=session.user.username,
        room=session.room.info.name,
        remote_ip=connection.remote_ip,
        dialect=member.stream.dialect.name,
        seconds=round(now - connection.opened_at, 1),
        behind_bytes=max(0, member.stream.end - member.cursor) + member.aside_bytes,
    )


async def read_hook_calls(call: Call) -> HookList:
    """List the durations and failures of the plugins' hooks."""
    return HookList(
        hooks=[
            HookCalls(
                plugin=found.plugin,
                hook=found.hook,
                calls=sum(found.seconds.counts),
                total=round(found.seconds.total, 6),
                p50=quantile(found.seconds.bounds, found.seconds.counts, 0.5),
                p99=quantile(found.seconds.bounds, found.seconds.counts, 0.99),
                failures=dict(found.failures),
                stalls=found.stalls,
            )
            for found in call.site.hooks.implementations()
        ]
    )


ENDPOINTS = (
    Endpoint("GET", "/api/admin/overview", read_overview, "admin"),
    Endpoint("GET", "/api/admin/rooms", read_loaded_rooms, "admin"),
    Endpoint("GET", "/api/admin/sessions", read_open_sessions, "admin"),
    Endpoint("GET", "/api/admin/hooks", read_hook_calls, "admin"),
)
