"""What several plugins receive is immutable: none of them can change what the others and the core have."""

from __future__ import annotations

import asyncio

import pytest

from tests.hooks.test_calls import DRAFT, ROMEO, hooks
from tornchat.model import Credentials, Entry, User

ENTRY = Entry(1, "1", "romeo", "hi", 0, "d1")


def emptying(seen):
    def clear(*arguments):
        for argument in arguments:
            if hasattr(argument, "clear"):
                argument.clear()
        seen.append(arguments)

    return clear


def test_one_listener_does_not_empty_the_next_ones_entries():
    async def main():
        seen, entries = [], [ENTRY]
        listeners = hooks(messages_stored=[emptying(seen), emptying(seen)])
        listeners.messages_stored("hall", entries)
        entries.clear()  # the core may use its list again before the listeners run
        await listeners.close()
        return seen

    assert asyncio.run(main()) == [("hall", (ENTRY,))] * 2


@pytest.mark.parametrize(
    ("hook", "before", "given"),
    [
        ("store_messages", (), [DRAFT]),
        ("latest_positions", (), ["hall"]),
        ("read_sanctions", (), ["hall"]),
        ("read_members", ("hall",), ["romeo"]),
    ],
)
def test_a_plugin_does_not_change_the_cores_list(hook, before, given, caplog):
    seen, kept = [], list(given)
    provider = hooks(**{hook: [emptying(seen)]})
    call = provider.begin_store if hook == "store_messages" else getattr(provider, hook)

    async def main():
        await asyncio.gather(call(*before, given), return_exceptions=True)

    asyncio.run(main())
    assert given == kept
    assert seen == [(*before, tuple(kept))]


def test_headers_and_cookies_are_read_only():
    headers, cookies = {"authorization": "s3cret"}, {"c": "1"}
    credentials = Credentials("hall", "::1", None, None, headers, cookies)
    for mapping in (credentials.headers, credentials.cookies, Credentials("hall", "::1").headers):
        with pytest.raises(TypeError):
            mapping["authorization"] = "another"
    headers.clear()
    assert credentials.headers == {"authorization": "s3cret"}
    assert credentials.cookies == {"c": "1"}


def test_the_roles_that_a_plugin_gives_are_frozen():
    roles = {"guest"}

    async def main():
        asked = hooks(authenticate=[lambda credentials: User("1", "romeo", roles)])
        return await asked.authenticate(Credentials("hall", "::1"))

    user = asyncio.run(main())
    roles.add("admin")
    assert user.roles == frozenset({"guest"})
    assert isinstance(user.roles, frozenset)
    assert asyncio.run(hooks(authenticate=[lambda credentials: ROMEO]).authenticate(None)) is ROMEO
