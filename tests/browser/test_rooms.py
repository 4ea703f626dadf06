"""The link of an invite at the page, and direct rooms and invites in the client that sites copy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_door import token
from tests.cli.process import serving

INVITE = """
async ([token, room]) => {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const post = async (path, body) => {
    const answer = await fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json();
  };
  await post("rooms", { name: room, private: true });
  return post(`rooms/${room}/invites`, {});
}
"""
MEET = """
async ([romeo, juliet, invite]) => {
  const { TornchatClient, openDirect, acceptInvite } = await import("/static/tornchat-client.js");
  const base = location.origin + "/";
  const code = (error) => error.code;
  const came = new TornchatClient({ base, room: "general", token: juliet });
  came.connect();
  await came.send("Here I am.");
  came.close();
  const room = await openDirect({ base, token: romeo, userIds: ["juliet"] });
  const chat = new TornchatClient({ base, room, token: juliet });
  const heard = new Promise((tell) => chat.addEventListener("message", ({ detail }) => tell(detail.message)));
  const titled = new Promise((tell) => chat.addEventListener("room", ({ detail }) => tell(detail)));
  chat.connect();
  const other = new TornchatClient({ base, room, token: romeo });
  other.connect();
  await other.send("Hello.");
  const text = await heard;
  const headers = { Authorization: `Bearer ${invite.by}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ title: "The two of us" });
  await fetch(`/api/rooms/${room}`, { method: "PATCH", headers, body });
  const found = {
    text,
    same: (await openDirect({ base, token: juliet, userIds: ["romeo"] })) === room,
    unknown: await openDirect({ base, token: romeo, userIds: ["nobody"] }).catch(code),
    accepted: await acceptInvite({ base, token: romeo, invite: invite.token }),
    usedUp: await acceptInvite({ base, token: juliet, invite: invite.token }).catch(code),
    titled: await titled,
  };
  for (const one of [chat, other]) one.close();
  return found;
}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A server, and the tokens of users there."""
    folder = tmp_path_factory.mktemp("rooms")
    with serving(folder, *SETTINGS) as (_, address):
        tokens = {name: token(folder, name) for name in ("romeo", "juliet")}
        yield address, {**tokens, "prince": token(folder, "prince", "--role", "admin")}


def test_the_link_of_an_invite_leads_into_its_room(
    arrives: Arrives, house: tuple[str, dict[str, str]]
) -> None:
    address, tokens = house
    bob = arrives(address).opens()
    invite = bob.evaluates(INVITE, [tokens["juliet"], "den"])
    bob.page.goto("about:blank")
    bob.opens(invite["url"])
    bob.page.get_by_label("Your name").fill("Bob")
    bob.page.keyboard.press("Enter")
    bob.is_in("den")
    expect(bob.page).to_have_url(re.compile("/#den$"))
    late = arrives(address).opens(invite["url"])
    late.page.get_by_label("Your name").fill("Late")
    late.page.keyboard.press("Enter")
    late.is_in("general").reads("The invite was used as often as it may be.")
    late.leaves(but=[410])


def test_a_script_opens_a_direct_room_and_accepts_an_invite(
    arrives: Arrives, house: tuple[str, dict[str, str]]
) -> None:
    address, tokens = house
    page = arrives(address).opens()
    invite = page.evaluates(INVITE, [tokens["prince"], "hall"])
    given = [tokens["romeo"], tokens["juliet"], {"token": invite["token"], "by": tokens["prince"]}]
    found = page.evaluates(MEET, given)
    titled = found.pop("titled")
    assert (titled["title"], titled["kind"]) == ("The two of us", "direct")
    assert found == {
        "text": "Hello.",
        "same": True,
        "unknown": "not_found",
        "accepted": "hall",
        "usedUp": "invite_used_up",
    }
    page.leaves(but=[404, 410])
