"""The table of rights, cell by cell: over WebSocket, HTTP and in process; and the page that shows it."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.server.http.web import Answer, ask
from tornchat import ChatError, KnownUser, Report, Sanction, User
from tornchat.model import SITE, Mentions, More, Standing
from tornchat.service.names import name_key
from tornchat.service.rights import GRANTS, OVER, RANKS, STANDINGS, Act, outranks
from tornchat.testing import RunningChat, running_chat
from tornchat.wire import Said

DOCS = Path(__file__).parents[2] / "docs"
TOKEN_ROLES = {"admin": ("admin",), "site moderator": ("moderator",), "guest": ("guest",)}
ROOM_ROLES = ("owner", "moderator", "member")
HEIR, VICTIM, LORD = (User(f"id-{name}", name) for name in ("heir", "victim", "lord"))
ROOT = User("id-root", "root", frozenset({"admin"}))
EVERYBODY = More(mentions=Mentions(room=True))
V1 = {"Sec-WebSocket-Protocol": "tornchat.v1"}


class Actor:
    """A user who is one thing, in rooms that are made for one act each."""

    def __init__(self, chat: RunningChat, standing: Standing) -> None:
        self.chat = chat
        self.core = chat.app._chat
        self.standing = standing
        self.roles = TOKEN_ROLES.get(standing, ())
        self.user = User("id-actor", "actor", frozenset(self.roles))
        self._numbers = count(1)

    async def room(self, private: bool = False) -> str:
        """A room in which the actor is what it is, where everybody else whom an act needs has been."""
        name, hooks = f"room{next(self._numbers)}", self.chat.app.hooks
        owner = self.user.id if self.standing == "owner" else LORD.id
        await hooks.create_room(name, LORD, private, 0, owner)
        if self.standing in ("moderator", "member"):
            await hooks.set_member(name, self.user.id, self.standing, 0, 0)
        await hooks.set_member(name, VICTIM.id, "member", 0, 0)
        await self.core.say(name, "first", sender=VICTIM)
        await self.core.say(name, "second", sender=HEIR)
        return name

    def new_name(self) -> str:
        return f"new{next(self._numbers)}"

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        return await ask(self.chat, method, path, "actor", body, roles=self.roles)

    async def lifted(self, room: str, kind: str) -> None:
        """Set a sanction of the victim that anybody who may lift any may lift."""
        ends = time.time() + 60
        assert await self.chat.app.hooks.set_sanction(
            Sanction(room, VICTIM.id, kind, ends, LORD.id, "moderator", time.time()),  # type: ignore[arg-type]
            0,
        )


@asynccontextmanager
async def acting(standing: Standing) -> AsyncIterator[Actor]:
    limits = {"requests_per_second": 0}
    async with running_chat({"limits": limits, "users": {"directory": True}}) as chat:
        await chat.app.hooks.store_users([KnownUser(VICTIM.id, VICTIM.username, name_key(VICTIM.username))])
        yield Actor(chat, standing)


# --- HTTP: each act as a call, and what says that it was done --------------------------------------------


async def http(actor: Actor, act: Act) -> bool:
    answer = await HTTP[act](actor)
    assert answer.status in (200, 201, 204, 403, 404), (act, answer.status, answer.body)
    return answer.status < 300


async def own_by_http(actor: Actor) -> Answer:
    made = await actor.ask("POST", "/api/rooms", {"name": actor.new_name()})
    assert made.status == 201
    return made if made.json["owner"] == actor.user.id else made._replace(status=403)


async def see_by_http(actor: Actor, private: bool = False) -> Answer:
    room = await actor.room(private)
    told = [
        await actor.ask("GET", f"/api/rooms/{room}{more}") for more in ("", "/messages", "/users", "/members")
    ]
    found = await actor.ask("GET", f"/api/rooms/{room}/search?q=first")
    listed = [one["name"] for one in (await actor.ask("GET", "/api/rooms?limit=200")).json["rooms"]]
    assert {one.status for one in (*told, found)} == ({200} if room in listed else {404})
    return told[0]


async def delete_own_by_http(actor: Actor) -> Answer:
    room = await actor.room()
    seq = (await actor.core.say(room, "mine", sender=actor.user)).entry.seq
    return await actor.ask("DELETE", f"/api/rooms/{room}/messages/{seq}")


REASON = {"reason": "It is rude."}


async def close_by_http(actor: Actor) -> Answer:
    room = await actor.room()
    return await actor.ask(
        "PUT", f"/api/rooms/{room}/reports/{await reported(actor, room)}", {"state": "resolved"}
    )


async def reported(actor: Actor, room: str) -> int:
    """The id of a report of the first message."""
    assert await actor.chat.app.hooks.store_report(Report(room, 1, HEIR.id, "It is rude.", 0))
    [report] = await actor.chat.app.hooks.read_reports(ROOT, room, "open", None, None, 9)
    return report.id


async def ignore_by_http(actor: Actor) -> Answer:
    room = await slow_room(actor)
    path = f"/api/rooms/{room}/messages"
    told = [await actor.ask("POST", path, {"message": "hello"}) for _ in range(2)]
    assert told[0].status == 201
    assert told[1].status == 201 or (told[1].status, told[1].code) == (429, "slow_mode")
    return told[1] if told[1].status == 201 else told[1]._replace(status=403)


async def slow_room(actor: Actor) -> str:
    room = await actor.room()
    assert await actor.chat.app.hooks.set_slow_mode(room, 600)
    return room


async def lift_by_http(actor: Actor) -> Answer:
    room = await actor.room()
    await actor.lifted(room, "mute")
    return await actor.ask("DELETE", f"/api/rooms/{room}/mutes/{VICTIM.id}")


async def ban_by_http(actor: Actor) -> Answer:
    banned = await actor.ask("PUT", f"/api/users/{VICTIM.id}/ban", {"seconds": 60})
    await actor.lifted(SITE, "ban")
    lifted = await actor.ask("DELETE", f"/api/users/{VICTIM.id}/ban")
    assert banned.status == lifted.status
    return banned


async def accept_by_http(actor: Actor) -> Answer:
    _, token = await actor.core.inviting.invite(ROOT, await actor.room(True))
    return await actor.ask("POST", "/api/invites/accept", {"token": token})


def call(method: str, path: str, body: object = None) -> Callable[[Actor], Awaitable[Answer]]:
    """An act that is one call; `{room}` in its path is a room of its own."""

    async def run(actor: Actor) -> Answer:
        room = await actor.room() if "{room}" in path else ""
        whom = {"room": room, "victim": VICTIM.id, "heir": HEIR.id, "me": actor.user.id}
        given = body(actor) if callable(body) else body
        return await actor.ask(method, path.format(**whom), given)

    return run


SECONDS = {"seconds": 60}
HTTP: dict[Act, Callable[[Actor], Awaitable[Answer]]] = {
    "see": see_by_http,
    "see private": lambda actor: see_by_http(actor, True),
    "send": call("POST", "/api/rooms/{room}/messages", {"message": "hello"}),
    "mention room": call(
        "POST", "/api/rooms/{room}/messages", {"message": "hello", "mentions": {"room": True}}
    ),
    "delete own message": delete_own_by_http,
    "delete message": call("DELETE", "/api/rooms/{room}/messages/1"),
    "report message": call("POST", "/api/rooms/{room}/messages/1/reports", REASON),
    "read reports": call("GET", "/api/rooms/{room}/reports"),
    "close report": close_by_http,
    "describe room": call("PATCH", "/api/rooms/{room}", {"title": "Tea"}),
    "set kind": call("PATCH", "/api/rooms/{room}", {"kind": "private"}),
    "set slow mode": call("PATCH", "/api/rooms/{room}", {"slow_seconds": 60}),
    "ignore slow mode": ignore_by_http,
    "read sanctions": call("GET", "/api/rooms/{room}/sanctions"),
    "kick": call("POST", "/api/rooms/{room}/kick", {"user_id": VICTIM.id}),
    "ban": call("PUT", "/api/rooms/{room}/bans/{victim}", SECONDS),
    "mute": call("PUT", "/api/rooms/{room}/mutes/{victim}", SECONDS),
    "lift": lift_by_http,
    "set member": call("PUT", "/api/rooms/{room}/members/{heir}", {"role": "moderator"}),
    "invite": call("POST", "/api/rooms/{room}/invites", {}),
    "accept invite": accept_by_http,
    "remove member": call("DELETE", "/api/rooms/{room}/members/{victim}"),
    "hand over": call("PUT", "/api/rooms/{room}/members/{heir}", {"role": "owner"}),
    "leave": call("DELETE", "/api/rooms/{room}/members/{me}"),
    "delete room": call("DELETE", "/api/rooms/{room}"),
    "create room": call("POST", "/api/rooms", lambda actor: {"name": actor.new_name()}),
    "create private room": call(
        "POST", "/api/rooms", lambda actor: {"name": actor.new_name(), "private": True}
    ),
    "open direct room": call("POST", "/api/direct", {"user_ids": [VICTIM.id]}),
    "find users": call("GET", "/api/users?q=vic"),
    "own": own_by_http,
    "block": call("PUT", "/api/me/blocks/{victim}"),
    "disconnect": call("POST", "/api/users/{victim}/disconnect"),
    "ban from site": ban_by_http,
    "revoke tokens": call("POST", "/api/users/{victim}/revoke", {}),
    "read site sanctions": call("GET", "/api/admin/sanctions"),
    "read all reports": call("GET", "/api/admin/reports"),
    "read audit": call("GET", "/api/admin/audit"),
    "read dashboard": call("GET", "/api/admin/overview"),
}

# --- in process ------------------------------------------------------------------------------------------


async def in_process(actor: Actor, act: Act) -> bool:
    done, code = await outcome(IN_PROCESS[act](actor))
    assert code in ("", "forbidden", "room_not_found", "not_found"), (act, code)
    return not code and done is not False


async def outcome(work: Awaitable[Any]) -> tuple[Any, str]:
    """What came back, and the code of the refusal; empty if it was none."""
    try:
        return await work, ""
    except ChatError as refused:
        return None, refused.code


def use(
    work: Callable[[Actor, str], Awaitable[Any]], private: bool = False
) -> Callable[[Actor], Awaitable[Any]]:
    """An act in a room of its own."""

    async def run(actor: Actor) -> Any:
        return await work(actor, await actor.room(private))

    return run


async def see(actor: Actor, room: str) -> None:
    await actor.core.directory.read_room(actor.user, room)
    await actor.core.reading.read_history(actor.user, room)
    await actor.core.reading.search(actor.user, room, "first")
    await actor.core.reading.read_users(actor.user, room)


async def delete_own(actor: Actor, room: str) -> None:
    seq = (await actor.core.say(room, "mine", sender=actor.user)).entry.seq
    await actor.core.moderation.delete_message(actor.user, room, seq)


async def lift(actor: Actor, room: str) -> None:
    await actor.lifted(room, "mute")
    await actor.core.moderation.lift(actor.user, room, VICTIM.id, "mute")


async def close(actor: Actor, room: str) -> None:
    await actor.core.reports.close(actor.user, room, await reported(actor, room), "dismissed")


async def ignore(actor: Actor) -> bool:
    room = await slow_room(actor)
    await actor.core.posting.post(actor.user, room, Said("hello"))
    code = (await outcome(actor.core.posting.post(actor.user, room, Said("hello"))))[1]
    assert code in ("", "slow_mode")
    return not code


async def accept(actor: Actor, room: str) -> None:
    _, token = await actor.core.inviting.invite(ROOT, room)
    await actor.core.inviting.accept(actor.user, token)


async def own(actor: Actor) -> bool:
    made = await actor.core.directory.create_room(actor.user, actor.new_name())
    return bool(made.owner == actor.user.id)


async def create(actor: Actor, private: bool) -> None:
    await actor.core.directory.create_room(actor.user, actor.new_name(), private)


IN_PROCESS: dict[Act, Callable[[Actor], Awaitable[Any]]] = {
    "see": use(see),
    "see private": use(see, private=True),
    "send": use(lambda a, room: a.core.posting.post(a.user, room, Said("hello"))),
    "mention room": use(lambda a, room: a.core.posting.post(a.user, room, Said("hello", more=EVERYBODY))),
    "delete own message": use(delete_own),
    "delete message": use(lambda a, room: a.core.moderation.delete_message(a.user, room, 1)),
    "report message": use(lambda a, room: a.core.reports.report(a.user, room, 1, "rude")),
    "read reports": use(lambda a, room: a.core.reports.read(a.user, room, None)),
    "close report": use(close),
    "describe room": use(lambda a, room: a.core.describing.describe(a.user, room, topic="green")),
    "set kind": use(lambda a, room: a.core.describing.describe(a.user, room, kind="private")),
    "set slow mode": use(lambda a, room: a.core.moderation.set_slow_mode(a.user, room, 60)),
    "ignore slow mode": ignore,
    "read sanctions": use(lambda a, room: a.core.moderation.read_sanctions(a.user, room)),
    "kick": use(lambda a, room: a.core.moderation.kick(a.user, room, VICTIM.id)),
    "ban": use(lambda a, room: a.core.moderation.ban(a.user, room, VICTIM.id, 60)),
    "mute": use(lambda a, room: a.core.moderation.mute(a.user, room, VICTIM.id, 60)),
    "lift": use(lift),
    "set member": use(lambda a, room: a.core.directory.set_member(a.user, room, HEIR.id, "moderator")),
    "invite": use(lambda a, room: a.core.inviting.invite(a.user, room)),
    "accept invite": use(accept),
    "remove member": use(lambda a, room: a.core.directory.remove_member(a.user, room, VICTIM.id)),
    "hand over": use(lambda a, room: a.core.directory.set_member(a.user, room, HEIR.id, "owner")),
    "leave": use(lambda a, room: a.core.directory.remove_member(a.user, room, a.user.id)),
    "delete room": use(lambda a, room: a.core.directory.delete_room(a.user, room)),
    "create room": lambda a: create(a, False),
    "create private room": lambda a: create(a, True),
    "open direct room": lambda a: a.core.direct.open(a.user, [VICTIM.id]),
    "find users": lambda a: a.core.finding.find(a.user, "vic"),
    "own": own,
    "block": lambda a: a.core.blocks.block(a.user, VICTIM.id),
    "disconnect": lambda a: a.core.site.disconnect(a.user, VICTIM.id),
    "ban from site": lambda a: a.core.site.ban(a.user, VICTIM.id, 60),
    "revoke tokens": lambda a: a.core.site.revoke(a.user, VICTIM.id),
    "read site sanctions": lambda a: a.core.site.read_sanctions(a.user),
    "read all reports": lambda a: a.core.reports.read_all(a.user, None),
    "read audit": lambda a: a.core.audit.read(a.user),
}

# --- WebSocket: what can be done over it -----------------------------------------------------------------


async def enter(actor: Actor, room: str) -> Any:
    token = actor.chat.token("actor", *actor.roles)
    return await actor.chat.connect(room, Authorization=f"Bearer {token}", **V1)


async def is_in(actor: Actor, room: str) -> bool:
    client = await enter(actor, room)
    frame = await client.hear()
    assert frame is not None or client.close_code == 4000
    return frame is not None


async def send_by_socket(
    actor: Actor, room: str, number: str = "1", refusal: str = "", mentions: str = "{}"
) -> bool:
    client = await enter(actor, room)
    frame = f'{{"type":"send","id":"{number}","message":"hello","mentions":{mentions}}}'
    await client._connection.write_message(frame)
    while (frame := await client.hear()) is not None:
        if frame["type"] in ("ack", "error"):
            assert frame.get("code", refusal) == refusal or not refusal
            return bool(frame["type"] == "ack")
    return False


async def ignore_by_socket(actor: Actor) -> bool:
    room = await slow_room(actor)
    assert await send_by_socket(actor, room)
    return await send_by_socket(actor, room, "2", "slow_mode")


async def own_by_socket(actor: Actor) -> bool:
    name = actor.new_name()
    assert await is_in(actor, name)
    return bool((await actor.core.directory.read_room(LORD, name)).owner == actor.user.id)


SOCKET: dict[Act, Callable[[Actor], Awaitable[bool]]] = {
    "see": use(is_in),
    "see private": use(is_in, private=True),
    "send": use(send_by_socket),
    "mention room": use(lambda a, room: send_by_socket(a, room, mentions='{"room":true}')),
    "ignore slow mode": ignore_by_socket,
    "create room": lambda actor: is_in(actor, actor.new_name()),
    "own": own_by_socket,
}


async def by_socket(actor: Actor, act: Act) -> bool:
    return await SOCKET[act](actor)


# --- the cells -------------------------------------------------------------------------------------------


@pytest.mark.gen_test(timeout=30)
@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize(
    ("way", "acts"),
    [(http, HTTP), (in_process, IN_PROCESS), (by_socket, SOCKET)],
    ids=["http", "process", "socket"],
)
async def test_each_cell_is_as_the_table_says(standing, way, acts):
    async with acting(standing) as actor:
        found = {act: await way(actor, act) for act in acts}
    assert found == {act: standing in GRANTS[act] for act in acts}


def test_every_act_of_the_table_is_tried():
    assert set(HTTP) == set(GRANTS)
    assert set(IN_PROCESS) == set(GRANTS) - {"read dashboard"}  # which is of the HTTP side only


@pytest.mark.gen_test(timeout=30)
@pytest.mark.parametrize("setter", STANDINGS)
async def test_who_moderates_whom(setter):
    async with acting(setter) as actor:
        found = {}
        for whom in STANDINGS:
            room, victim = await actor.room(), User(f"id-{whom}", whom, frozenset(TOKEN_ROLES.get(whom, ())))
            actor.core.people.note(victim)  # as if it had been here
            if whom in ROOM_ROLES:
                if whom == setter == "owner":
                    continue  # a room has one owner
                await actor.chat.app.hooks.set_member(room, victim.id, whom, 0, 0)
            path = f"/api/rooms/{room}/mutes/{victim.id.replace(' ', '%20')}"
            found[whom] = (await actor.ask("PUT", path, SECONDS)).status == 204
            acts = [actor.core.moderation.ban(actor.user, room, victim.id, 60)]
            acts.append(actor.core.moderation.kick(actor.user, room, victim.id))
            assert [await allowed(act) for act in acts] == [found[whom]] * 2
    assert found == {whom: whom in OVER.get(setter, ()) for whom in found}


@pytest.mark.gen_test(timeout=30)
@pytest.mark.parametrize("lifter", RANKS)
async def test_who_lifts_whose(lifter):
    async with acting(lifter) as actor:
        found = {}
        for setter in RANKS:
            room = await actor.room()
            sanction = Sanction(room, VICTIM.id, "mute", time.time() + 60, LORD.id, setter, time.time())
            assert await actor.chat.app.hooks.set_sanction(sanction, 0)
            shorter = await allowed(actor.core.moderation.mute(actor.user, room, VICTIM.id, 1))
            assert await actor.chat.app.hooks.set_sanction(sanction, 0)
            found[setter] = (await actor.ask("DELETE", f"/api/rooms/{room}/mutes/{VICTIM.id}")).status == 204
            assert shorter == found[setter]
    assert found == {setter: not outranks(setter, {lifter}) for setter in RANKS}


async def allowed(work: Awaitable[None]) -> bool:
    code = (await outcome(work))[1]
    assert code in ("", "forbidden")
    return not code


def test_the_page_is_what_the_table_says():
    assert (DOCS / "rights.md").read_text(encoding="utf-8") == maker().page(), "run docs/make_rights_page.py"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_rights_page", DOCS / "make_rights_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
