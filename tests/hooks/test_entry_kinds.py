"""Kinds that plugins declare: what keeps the server from starting, and functions that fail."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.polls import asks, on_polls
from tests.scenarios.test_changes import _answer, enters, history, says, tells
from tests.service.test_directory import ROMEO
from tests.stage import Stage
from tornchat import Changes, Draft, Entry, EntryKind, Rejected, SettingsError, User, hookimpl
from tornchat.app import ChatApp
from tornchat.errors import ChatError
from tornchat.model import Refusal


def nothing(target: Entry, draft: Draft) -> Changes | Refusal:
    return Changes()


def plugin_of(*kinds: object) -> type:
    class Declaring:
        @hookimpl
        def entry_kinds(self) -> Sequence[EntryKind]:
            return [one() if callable(one) else one for one in kinds]  # type: ignore[misc]

    return Declaring


def kind(**fields: Any) -> Callable[[], EntryKind]:
    return lambda: EntryKind(**{"name": "poke", "shape": "revision", "revise": nothing, **fields})


class Listed(msgspec.Struct, array_like=True):
    x: int = 0


class Strange(msgspec.Struct):
    x: ChatApp


async def slow(target: Entry, draft: Draft) -> Changes:
    return Changes()


REFUSED: list[tuple[str, object]] = [
    ("is not named as", kind(name="Poke")),
    ("is not named as", kind(name=5)),
    ("has the shape 'gesture'", kind(shape="gesture")),
    ("needs `revise`", kind(revise=None)),
    ("an async function", kind(revise=slow)),
    ("an array in JSON", kind(data=Listed)),
    ("no msgspec.Struct", kind(data=dict)),
    ("msgspec can't decode", kind(data=Strange)),
    ("a mark has tokens only", kind(shape="mark", revise=None, data=Strange)),
    ("which only marks have", kind(check=nothing)),
    ("a message has no target", kind(shape="message", revise=None, targets=("poll",))),
    ("and speaks", kind(shape="message", revise=None, speaks=False)),
    ("the text 'poll' as `targets`", kind(targets="poll")),
    ("it returned a Sequence with str, not EntryKind", "poke"),
]


@pytest.mark.parametrize(("words", "declared"), REFUSED)
def test_a_declaration_that_can_not_be_meant_stops_the_start(
    words: str, declared: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match="The plugin pokes failed to declare its kinds"):
        started(tmp_path, pokes=plugin_of(declared))
    assert re.search(f"plugin pokes failed in entry_kinds: .*{re.escape(words)}", caplog.text)


def started(tmp_path: Path, **plugins: type) -> ChatApp:
    names = ", ".join(["jwt", "peewee", "local", *plugins])
    return ChatApp({"tornchat": {"plugins": names, "data_dir": str(tmp_path)}}, plugins)


@pytest.mark.parametrize("name", ["message", "edit", "deletion", "reaction", "append", "close"])
def test_the_names_of_built_in_kinds_are_taken(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"The plugin pokes declares a kind '{name}', which is built in"):
        started(tmp_path, pokes=plugin_of(kind(name=name)))


@pytest.mark.parametrize("field", ["takes_text", "grows", "closes"])
def test_what_needs_a_frame_of_its_own_is_for_built_in_kinds(field: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The plugin pokes declares a kind 'poke' that takes a text"):
        started(tmp_path, pokes=plugin_of(kind(**{field: True})))


def test_two_plugins_with_one_name_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one and two both declare a kind 'poke'") as refusal:
        started(tmp_path, one=plugin_of(kind()), two=plugin_of(kind()))
    assert "Take one of them out of" in refusal.value.cure


def raises(target: Entry, draft: Draft) -> Changes:
    raise ZeroDivisionError("a secret of the plugin")


def exits(target: Entry, draft: Draft) -> Changes:
    raise SystemExit


def blocks(target: Entry, draft: Draft) -> Changes:
    time.sleep(0.3)
    return Changes(text="late")


def other_sender(target: Entry, draft: Draft) -> Any:
    return replace(draft, sender_id="juliet")


def other_target(target: Entry, draft: Draft) -> Any:
    return replace(target, sender_id="juliet", text="taken over")


def awaits(target: Entry, draft: Draft) -> Any:
    return slow(target, draft)


def answers(value: Any) -> Callable[[Entry, Draft], Any]:
    return lambda target, draft: value


JUNK: list[tuple[str, Callable[[Entry, Draft], Any]]] = [
    ("ZeroDivisionError", raises),
    ("it raised SystemExit", exits),
    ("no answer within 0.1 s, but after", blocks),
    ("not Changes or a Refusal", other_sender),
    ("not Changes or a Refusal", other_target),
    ("not Changes or a Refusal", awaits),
    ("not Changes or a Refusal", answers(None)),
    ("not Changes or a Refusal", answers("text")),
    ("a text that is empty", answers(Changes(text=" "))),
    ("a text that is empty", answers(Changes(text="\ud800"))),
    ("a text that is empty", answers(Changes(text=5))),  # type: ignore[arg-type]
    ("a `meta` that is no JSON object", answers(Changes(meta="[]"))),
    ("a `meta` that is no JSON object", answers(Changes(meta='{"a":"' + "x" * 9000 + '"}'))),
    ("a `data` that is no msgspec.Struct", answers(Changes(data={"a": 1}))),  # type: ignore[arg-type]
    ("This kind has no `data`", answers(Changes(data=ROMEO))),
    ("a piece or a status", answers(Changes(piece="more"))),
    ("a piece or a status", answers(Changes(status="complete"))),
    ("`empties` is no bool", answers(Changes(empties="yes"))),  # type: ignore[arg-type]
    ("the code 'nonsense'", answers(Refusal("nonsense"))),
]


@pytest.mark.parametrize(("words", "revise"), JUNK)
def test_a_function_that_fails_stores_nothing_and_the_chat_goes_on(
    words: str, revise: Callable[[Entry, Draft], Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        await tells(romeo, type="revise", id="r", kind="poke", seq=1)
        error = await _answer(romeo, "r")
        assert error["code"] == "unavailable"
        assert "secret" not in error["error"]
        await says(romeo, "two")
        page = await verona.chat.history("general")
        assert [(entry.text, entry.sender_id) for entry in page.entries] == [
            ("one", "romeo"),
            ("two", "romeo"),
        ]
        assert page.head_seq == 2

    on_polls(tmp_path, play, {"pokes": plugin_of(kind(revise=revise))}, deadlines={"entry_kinds": 0.1})
    [record] = [
        one
        for one in caplog.records
        if one.name == "tornchat.hooks" and one.levelno == logging.ERROR and "failed in" in one.getMessage()
    ]
    assert "plugin pokes failed in entry_kinds" in record.getMessage()
    assert words in record.getMessage()


def test_a_check_that_fails_stores_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        for number, kind_ in enumerate(("bad", "junk")):
            await tells(romeo, type="mark", id=f"m{number}", kind=kind_, seq=1, tokens=["x"])
            assert (await _answer(romeo, f"m{number}"))["code"] == "unavailable"

    marks = [kind(name="bad", shape="mark", revise=None, check=raises)]
    marks += [kind(name="junk", shape="mark", revise=None, check=answers(True))]
    on_polls(tmp_path, play, {"pokes": plugin_of(*marks)})
    assert "not None or a Refusal" in caplog.text


def test_a_refusal_is_passed_on_with_cleaned_words(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        await tells(romeo, type="revise", id="r", kind="poke", seq=1)
        error = await _answer(romeo, "r")
        assert (error["code"], error["error"]) == ("forbidden", "not \ufffdnow")

    on_polls(tmp_path, play, {"pokes": plugin_of(kind(revise=answers(Refusal("forbidden", "not \x1bnow"))))})


class Outrun:
    """Declares a revision that the target outruns: it is edited each time that the revision is prepared."""

    times = 0
    stage: Stage

    @hookimpl
    def entry_kinds(self) -> Sequence[EntryKind]:
        return [EntryKind(name="poke", shape="revision", action="poke", revise=self.revise)]

    def revise(self, target: Entry, draft: Draft) -> Changes:
        return Changes(text=f"{target.text}!")

    @hookimpl
    async def filter_message(self, draft: Draft, user: User) -> Draft:
        """The target has been read, and the draft is not stored yet."""
        if draft.kind == "poke" and Outrun.times:
            Outrun.times -= 1
            await Outrun.stage.chat.edit("general", 1, f"edit {Outrun.times}", by=ROMEO)
        if "damn" in draft.text:
            raise Rejected("Mind your language.")
        return draft


@pytest.mark.parametrize(("times", "text"), [(1, "edit 0!"), (2, "edit 0!"), (3, None)])
def test_a_revision_is_tried_three_times(times: int, text: str | None, tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        Outrun.stage = verona
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        for seen in ("over a socket", "in the process"):
            Outrun.times = times
            if seen == "over a socket":
                await tells(romeo, type="revise", id="r", kind="poke", seq=1)
                answer = (await _answer(romeo, "r")).get("code", "stored")
            else:
                try:
                    await verona.chat.revise("general", 1, "poke", by=ROMEO)
                    answer = "stored"
                except ChatError as error:
                    answer = error.code
            assert answer == ("stored" if text is not None else "stale"), seen
            [entry] = (await verona.chat.history("general")).entries
            assert entry.text == text or text is None

    on_polls(tmp_path, play, {"outrun": Outrun})


class Growing:
    @hookimpl
    def entry_kinds(self) -> Sequence[EntryKind]:
        def grow(target: Entry, draft: Draft) -> Changes:
            return Changes(text=target.text * 1000 if "grow" in target.text else "damn")

        return [EntryKind(name="grow", shape="revision", revise=grow)]


@pytest.mark.parametrize(("said", "code"), [("grow", "message_too_long"), ("swear", "rejected")])
def test_what_a_function_makes_of_a_text_is_measured_and_filtered(
    said: str, code: str, tmp_path: Path
) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, said)
        await tells(romeo, type="revise", id="r", kind="grow", seq=1)
        assert (await _answer(romeo, "r"))["code"] == code
        [message, _] = await history(await enters(verona, "paris"))
        assert message["message"] == said

    on_polls(tmp_path, play, {"growing": Growing, "outrun": Outrun}, limits={"message_chars": 2000})


def test_a_filter_sees_the_data_of_a_poll_and_may_refuse_it(tmp_path: Path) -> None:
    class Filter:
        @hookimpl
        def filter_message(self, draft: Draft, user: User) -> Draft:
            if "damn" in draft.data:
                raise Rejected("Mind your language.")
            return draft

    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await asks(romeo, "p", options=["damn", "tea"])
        assert (await _answer(romeo, "p"))["error"] == "Mind your language."

    on_polls(tmp_path, play, {"filter": Filter})


def test_the_watchdog_names_the_plugin_of_a_function_that_blocks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        await tells(romeo, type="revise", id="r", kind="poke", seq=1)
        await _answer(romeo, "r")
        await asyncio.to_thread(verona.app._watchdog.close)

    on_polls(tmp_path, play, {"pokes": plugin_of(kind(revise=blocks))}, server={"watchdog_seconds": 0.05})
    assert "by plugin pokes in entry_kinds" in caplog.text
