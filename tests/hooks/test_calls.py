"""The verbs: how the answers of several plugins become one, and what a plugin that fails can't harm."""

from __future__ import annotations

import asyncio

import pytest

from tornchat.errors import NotStored, Rejected, SettingsError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.model import Credentials, Draft, Fault, User

ROMEO = User("1", "romeo")
CREDENTIALS = Credentials("hall", "::1", "s3cret", "header", {"authorization": "s3cret"}, {"c": "s3cret"})
DRAFT = Draft("d1", "hall", "1", "romeo", "hi", 0, "c1")


def plain(answer):
    def function(*arguments):
        if isinstance(answer, BaseException):
            raise answer
        return answer(*arguments) if callable(answer) else answer

    return function


def in_steps(answer):
    async def function(*arguments):
        await asyncio.sleep(0)
        return plain(answer)(*arguments)

    return function


def in_a_future(answer):
    def settle(future, arguments):
        try:
            future.set_result(plain(answer)(*arguments))
        except BaseException as error:
            future.set_exception(error)

    def function(*arguments):
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(settle, future, arguments)
        return future

    return function


EACH = pytest.mark.parametrize("kind", [plain, in_steps, in_a_future])


def hooks(deadlines=None, **answers):
    """Hooks whose plugins `p1`, `p2` ... implement each hook with these functions."""
    given = {
        hook: [Implementation(f"p{i}", hook, function) for i, function in enumerate(functions, 1)]
        for hook, functions in answers.items()
    }
    return Hooks(given, deadlines or {})


@EACH
@pytest.mark.parametrize(
    ("answers", "allowed"),
    [([], True), ([None, None], True), ([None, False, True], False), ([True, False], True)],
)
def test_ask_takes_the_first_answer_and_false_is_one(kind, answers, allowed):
    asked = hooks(authorize=[kind(answer) for answer in answers])
    assert asyncio.run(asked.authorize(ROMEO, "join", "hall")) is allowed


@EACH
@pytest.mark.parametrize(
    "failure", [ValueError("no"), "junk", Rejected("no"), NotStored(), SettingsError("a", "b")]
)
def test_authentication_fails_closed_and_asks_nobody_else(kind, failure, caplog):
    asked = hooks(authenticate=[kind(None), kind(failure), kind(ROMEO)])
    with pytest.raises(Unavailable):
        asyncio.run(asked.authenticate(CREDENTIALS))
    assert "plugin p2 failed in authenticate: " in caplog.text


@EACH
@pytest.mark.parametrize(
    "user",
    [
        User("", "romeo"),
        User(1, "romeo"),
        User("1", None),
        User("1", "romeo", "admin"),
        User("1", "romeo", expires_at="2030-01-01"),
        User("1", "romeo", expires_at=float("nan")),
    ],
)
def test_a_user_of_wrong_types_is_nobody_and_its_plugin_is_named(kind, user, caplog):
    asked = hooks(authenticate=[kind(None), kind(user)])
    with pytest.raises(Unavailable):
        asyncio.run(asked.authenticate(CREDENTIALS))
    assert "plugin p2 failed in authenticate: TypeError: it returned a User of wrong types" in caplog.text


@EACH
def test_what_is_not_available_is_logged_when_it_goes_and_when_it_is_back(kind, caplog):
    caplog.set_level("INFO")
    outage = [Unavailable("the disk is gone"), Unavailable("the disk is gone"), None, None]
    answers = [*outage, *outage]

    def next_answer(*arguments):
        return kind(answers.pop(0))(*arguments)

    asked = hooks(read_history=[next_answer])
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(Unavailable):
                asyncio.run(asked.read_history("hall", None, None, 1))
        for _ in range(2):
            assert asyncio.run(asked.read_history("hall", None, None, 1)) is None
    assert caplog.messages == 2 * [
        "plugin p1 can't answer read_history: the disk is gone",
        "plugin p1 answers read_history again",
    ]


@EACH
def test_one_may_answer_none_where_none_is_an_answer(kind, caplog):
    assert asyncio.run(hooks(open_room=[kind(None)]).open_room("hall", ROMEO, True, 0, None)) is None
    with pytest.raises(Unavailable):
        asyncio.run(hooks(read_presence=[kind(None)]).read_presence("hall"))
    assert "it returned NoneType, not Roster" in caplog.text
    with pytest.raises(SettingsError, match="No loaded plugin provides read_presence"):
        asyncio.run(hooks().read_presence("hall"))


def say(text, **more):
    return lambda draft, user: Draft("x", "y", "z", "root", draft.text + text, 9, **more)


@EACH
def test_a_chain_passes_the_text_on_and_nothing_else(kind):
    chain = hooks(filter_message=[kind(say("!")), kind(lambda draft, user: draft), kind(say("?"))])
    found = asyncio.run(chain.filter_message(DRAFT, ROMEO))
    assert found == Draft("d1", "hall", "1", "romeo", "hi!?", 0, "c1")


@EACH
def test_a_chain_may_refuse(kind):
    with pytest.raises(Rejected, match="mind your words"):
        asyncio.run(hooks(filter_message=[kind(Rejected("mind your words"))]).filter_message(DRAFT, ROMEO))


@EACH
@pytest.mark.parametrize("junk", [None, "text", KeyError("x"), lambda d, u: Draft("", "", "", "", 5, 0)])
def test_a_filter_fails_closed(kind, junk, caplog):
    with pytest.raises(Unavailable):
        asyncio.run(hooks(filter_message=[kind(junk)]).filter_message(DRAFT, ROMEO))
    assert "plugin p1 failed in filter_message" in caplog.text


@EACH
def test_collect_leaves_out_who_fails(kind, caplog):
    fault = Fault("broken", "mend it")
    found = hooks(
        health=[kind({"a": "ok"}), kind(OSError()), kind("ok")],
        check=[kind([fault]), kind(OSError()), kind(["broken"])],
        http_routes=[kind([1]), kind(5), kind(None)],
        cli_commands=[plain(OSError()), plain(None)],
    )
    failed = {"health": "failed"}
    assert asyncio.run(found.health()) == {"p1": {"a": "ok"}, "p2": failed, "p3": failed}
    assert asyncio.run(found.check())[0] == ("p1", fault)
    assert asyncio.run(found.check())[1][1].what == "Its check failed."
    assert asyncio.run(found.check())[2] == (
        "p3",
        Fault("Its check gave no faults.", "Report it to its author."),
    )
    assert asyncio.run(found.http_routes(None)) == [1]
    found.cli_commands(None)
    assert "plugin p1 failed in cli_commands" in caplog.text


@EACH
@pytest.mark.parametrize(
    "failure", [OSError("x"), NotStored("x"), Rejected("x"), SettingsError("What.", "Cure.")]
)
def test_a_start_that_fails_is_undone_in_reverse(kind, failure, caplog):
    undone = []
    stops = [kind(lambda n=n: undone.append(n)) for n in (1, 2, 3)]
    life = hooks(startup=[kind(None), kind(failure), kind(None)], shutdown=stops)
    with pytest.raises(SettingsError):
        asyncio.run(life.startup(None))
    assert undone == [2, 1]


def test_a_start_that_is_cancelled_is_undone():
    async def main():
        undone = []
        life = hooks(startup=[lambda chat: asyncio.Event().wait()], shutdown=[lambda: undone.append(1)])
        task = asyncio.create_task(life.startup(None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled(), undone

    assert asyncio.run(main()) == (True, [1])


@EACH
def test_tells_reach_everybody_in_order(kind, caplog):
    async def main():
        heard = []
        listeners = hooks(user_joined=[kind(ValueError("x")), kind(lambda room, user: heard.append(room))])
        for room in ("a", "b", "c"):
            listeners.user_joined(room, ROMEO)
        assert heard == []
        await listeners.close()
        return heard

    assert asyncio.run(main()) == ["a", "b", "c"]
    assert caplog.text.count("plugin p1 failed in user_joined: ValueError: x") == 3


async def hang(*arguments):
    await asyncio.Event().wait()


async def hang_on(*arguments):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


def hang_in_a_future(*arguments):
    return asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("function", [hang, hang_on, hang_in_a_future])
def test_a_deadline_holds_even_for_who_ignores_it(function, caplog):
    async def main():
        asked = hooks({"authenticate": 0.02}, authenticate=[function])
        with pytest.raises(Unavailable):
            await asyncio.wait_for(asked.authenticate(CREDENTIALS), 1)
        await asked.close()

    asyncio.run(main())
    assert "TimeoutError: no answer within 0.02 s" in caplog.text


@EACH
@pytest.mark.parametrize(
    ("failure", "raised"),
    [(NotStored("full"), NotStored), (OSError(), Unavailable), (Rejected(), Unavailable)],
)
def test_storing(kind, failure, raised, caplog):
    async def main(answer):
        storage = hooks(store_messages=[kind(answer)])
        call = storage.begin_store([DRAFT])
        await asyncio.wait({call})
        return storage.store_results(call, [DRAFT])

    with pytest.raises(raised):
        asyncio.run(main(failure))
    for junk in (None, [], [DRAFT], 5):
        with pytest.raises(Unavailable):
            asyncio.run(main(junk))


@pytest.mark.parametrize("junk", [None, "galaxy", OSError("x")])
def test_without_a_scope_there_is_no_start(junk, caplog):
    with pytest.raises(SettingsError, match="plugin p1 failed in broadcast_scope"):
        hooks(broadcast_scope=[plain(junk)]).broadcast_scope()


def test_no_secret_reaches_the_log(caplog):
    def authenticate(credentials):
        raise ValueError(f"can't read {credentials!r}")

    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[authenticate]).authenticate(CREDENTIALS))
    assert "can't read Credentials(room='hall'" in caplog.text
    assert "s3cret" not in caplog.text


@EACH
@pytest.mark.parametrize("answer", [[Fault("one key each", "share one")], OSError(), "junk"])
def test_what_would_not_work_on_several_nodes_stops_the_start_of_one(kind, answer):
    started = []
    found = hooks(
        broadcast_scope=[plain("cluster")],
        check_cluster=[kind([]), kind(answer)],
        startup=[plain(started.append)],
    )
    with pytest.raises(SettingsError, match="Several nodes can't be one chat"):
        asyncio.run(found.startup(None))
    assert started == []
    assert [plugin for plugin, _ in asyncio.run(found.check())] == ["p2"]


def test_one_node_alone_is_not_asked_about_others():
    started = []
    found = hooks(
        broadcast_scope=[plain("process")],
        check_cluster=[plain([Fault("one key each", "share one")])],
        startup=[plain(lambda chat: started.append("started"))],
    )
    asyncio.run(found.startup(None))
    assert started == ["started"]
    assert asyncio.run(found.check()) == []


@EACH
@pytest.mark.parametrize(
    "escape", [SystemExit(3), asyncio.CancelledError(), GeneratorExit(), BaseException("x")]
)
def test_what_would_end_more_than_the_call_is_contained_and_blamed(kind, escape, caplog):
    if kind is in_steps and isinstance(escape, GeneratorExit):
        pytest.skip("a coroutine can't raise it")
    asked = hooks(authenticate=[kind(escape)])
    with pytest.raises(Unavailable):
        asyncio.run(asked.authenticate(CREDENTIALS))
    assert "plugin p1 failed in authenticate: " in caplog.text


@EACH
@pytest.mark.parametrize("escape", [SystemExit(3), asyncio.CancelledError()])
def test_a_store_call_that_raises_them_has_an_unknown_outcome(kind, escape, caplog):
    async def play():
        asked = hooks(store_messages=[kind(escape)])
        call = asked.begin_store([DRAFT])
        await asyncio.wait({call})
        with pytest.raises(Unavailable):
            asked.store_results(call, [DRAFT])

    asyncio.run(play())
    assert "plugin p1 failed in store_messages: " in caplog.text


def test_a_future_of_a_plugin_is_awaited_as_it_is_and_needs_no_task():
    async def play():
        given = asyncio.get_running_loop().create_future()
        asked = hooks(store_messages=[lambda drafts: given], read_history=[lambda *asked: given])
        assert asked.begin_store([DRAFT]) is given
        reading = asyncio.create_task(asked.read_history("hall", None, None, 1))
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task(), reading}
        given.set_result(None)
        assert await reading is None

    asyncio.run(play())
