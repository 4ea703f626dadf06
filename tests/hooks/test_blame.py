"""The log of a failure shows the plugin's own code, however deep the library below it fails."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from tests.hooks.test_calls import CREDENTIALS, hooks, in_steps, plain
from tornchat.errors import Unavailable


def library(depth):
    """A function of another package that calls itself `depth` times, then fails."""
    space = {"__name__": "somebody.elses"}
    exec("def deeper(n):\n    if n: return deeper(n - 1)\n    raise OSError('no space')\n", space)
    return space["deeper"](depth)


def my_plugins_query(*arguments):
    library(50)


def my_plugins_recursion(credentials):
    # With `*arguments`, CPython 3.13.0 checks no recursion limit and fills the memory.
    my_plugins_recursion(credentials)


@pytest.mark.parametrize("kind", [plain, in_steps])
def test_the_plugins_own_frames_are_always_there(kind, caplog):
    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[kind(my_plugins_query)]).authenticate(CREDENTIALS))
    assert "in my_plugins_query\n" in caplog.text
    assert "in library\n" in caplog.text  # the plugin's own, too
    assert caplog.text.count("in deeper") == 5
    assert "tornchat/hooks" not in caplog.text


def test_a_recursion_does_not_fill_the_log(caplog):
    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[my_plugins_recursion]).authenticate(CREDENTIALS))
    assert 10 <= caplog.text.count("in my_plugins_recursion") <= 30


def test_a_partial_of_a_bound_method_is_the_plugins(caplog):
    class Plugin:
        def authenticate(self, extra, credentials):
            library(10)

    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[partial(Plugin().authenticate, 1)]).authenticate(CREDENTIALS))
    assert "in authenticate\n" in caplog.text


def test_a_hook_that_hangs_is_shown_where_it_waits(caplog):
    async def my_wait():
        await asyncio.Event().wait()

    async def authenticate(credentials):
        await my_wait()

    async def main():
        asked = hooks({"authenticate": 0.02}, authenticate=[authenticate])
        with pytest.raises(Unavailable):
            await asked.authenticate(CREDENTIALS)
        await asked.close()

    asyncio.run(main())
    assert "no answer within 0.02 s\n" in caplog.text
    assert "in authenticate\n" in caplog.text
    assert "in my_wait\n" in caplog.text
