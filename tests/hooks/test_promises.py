"""The declared promise drives the call: the verb, the exceptions and the answers stand in one place."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from tests.hooks.test_calls import DRAFT, EACH, ROMEO, hooks, plain
from tornchat import hookimpl
from tornchat.config.settings import load
from tornchat.errors import ChatError, NotStored, Rejected, SettingsError, Unavailable
from tornchat.hooks.loader import load_plugins
from tornchat.hooks.specs import HOOKS
from tornchat.hooks.specs.promise import one, one_now


@pytest.mark.parametrize("hook", HOOKS.values(), ids=list(HOOKS))
def test_a_hook_that_one_plugin_provides_is_refused_twice_and_no_other(hook, tmp_path):
    """The loader and the caller read the same verb."""

    def method(self, *arguments):
        return ()  # plugins are asked for `entry_kinds` when they are loaded

    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ("self", *inspect.signature(hook.function).parameters)
    ]
    method.__name__, method.__signature__ = hook.name, inspect.Signature(parameters)
    names = ["jwt", "peewee", "local", "first", "second"]
    extra = {name: type(name, (), {hook.name: hookimpl(method)}) for name in ("first", "second")}
    settings = load(settings={"tornchat": {"data_dir": tmp_path, "plugins": names}})
    if hook.verb == "one":
        with pytest.raises(SettingsError, match=f"both provide {hook.name}, which only one may"):
            load_plugins(settings, extra)
    else:
        found = load_plugins(settings, extra).hooks.implementations()
        assert {i.plugin for i in found if i.hook == hook.name} >= {"first", "second"}


@EACH
@pytest.mark.parametrize("failure", [OSError("no space"), SettingsError("Too old.", "Upgrade."), "junk", [5]])
def test_a_migration_stops_at_the_first_failure_as_declared(kind, failure):
    asked = []
    found = hooks(migrate=[kind(["made a table"]), kind(failure), plain(lambda: asked.append("later") or [])])
    with pytest.raises(SettingsError if isinstance(failure, SettingsError) else Unavailable):
        asyncio.run(found.migrate())
    assert asked == []
    assert HOOKS["migrate"].verb == "in_order"
    assert asyncio.run(hooks(migrate=[kind(["made a table"])]).migrate()) == [("p1", "made a table")]


@EACH
@pytest.mark.parametrize("failure", [NotStored("x"), SettingsError("What.", "Cure."), KeyError("x")])
def test_what_a_hook_may_not_raise_is_a_failure_of_its_plugin(kind, failure, caplog):
    """A filter may refuse. It can't claim that nothing was stored, or end the server with a setting."""
    with pytest.raises(Unavailable):
        asyncio.run(hooks(filter_message=[kind(failure)]).filter_message(DRAFT, ROMEO))
    with pytest.raises(Unavailable):
        asyncio.run(hooks(create_room=[kind(failure)]).create_room("hall", ROMEO, False, 0, None))
    assert caplog.text.count("plugin p1 failed in ") == 2


@EACH
def test_what_a_hook_may_raise_reaches_the_caller(kind):
    with pytest.raises(ChatError) as refused:
        asyncio.run(
            hooks(create_room=[kind(Rejected("", "room_taken"))]).create_room("a", ROMEO, False, 0, None)
        )
    assert refused.value.code == "room_taken"


def test_what_nobody_provides_is_answered_as_declared():
    nobody = hooks()
    with pytest.raises(ChatError, match="No loaded plugin provides list_rooms"):
        asyncio.run(nobody.list_rooms(ROMEO, None, 1))
    with pytest.raises(SettingsError, match="No loaded plugin provides prune_history"):
        asyncio.run(nobody.prune_history(None, 0, 1, None))
    with pytest.raises(SettingsError, match="No loaded plugin provides issue_token"):
        nobody.issue_token(ROMEO, 1.0)
    assert asyncio.run(nobody.renew_epoch("hall", "e1")) is None


@pytest.mark.parametrize(
    ("hook", "arguments", "junk"),
    [
        ("latest_positions", (["hall"],), {"hall": 5}),
        ("read_members", ("hall", None), ["romeo"]),
        ("search_messages", ("hall", "love", None, 5), ["romeo"]),
        ("open_room", ("hall", ROMEO, True, 0, None), "hall"),
        ("read_presence", ("hall",), None),
    ],
)
def test_an_answer_of_another_type_than_the_signature_says_is_refused(hook, arguments, junk, caplog):
    with pytest.raises(Unavailable):
        asyncio.run(getattr(hooks(**{hook: [plain(junk)]}), hook)(*arguments))
    assert f"plugin p1 failed in {hook}: TypeError: it returned " in caplog.text


@pytest.mark.parametrize(
    "hook", [hook for hook in HOOKS.values() if not hook.waits], ids=lambda hook: hook.name
)
def test_a_plain_hook_that_is_async_is_refused_at_the_start(hook, tmp_path):
    async def method(self): ...

    method.__name__ = hook.name
    settings = load(settings={"tornchat": {"data_dir": tmp_path, "plugins": ["mine"]}})
    with pytest.raises(SettingsError, match=f"def {hook.name}"):
        load_plugins(settings, {"mine": type("Mine", (), {hook.name: hookimpl(method)})})


def test_a_plain_hook_that_returns_a_coroutine_is_a_failure(caplog):
    async def later(*arguments): ...

    with pytest.raises(Unavailable):
        hooks(issue_token=[later]).issue_token(ROMEO, 1.0)
    assert "it returned coroutine, not str" in caplog.text


def test_a_verb_and_a_signature_that_differ_are_no_declaration():
    def waits() -> int: ...

    def returns() -> int: ...

    waits.__annotations__["return"] = "Awaitable[int] | int"
    for declare, function in ((one(role="x"), returns), (one_now(role="x"), waits)):
        with pytest.raises((TypeError, NameError)):
            declare(function)
