"""The contract of filters: permitted changes and refusals of messages before they are stored."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tornchat import Draft, Rejected
from tornchat.errors import CODES
from tornchat.testing.fixtures import draft, user
from tornchat.testing.kit import BrokenPromise, Contract, Stage, promise

STRANGE = (
    "a",
    " x ",
    "x" * 4000,
    "line\nline\r\n",
    "<script>alert(1)</script>",
    "'; DROP TABLE log; --",
    "\x1b[31mred\x07",
    "z̷̧̛a̸l̶g̵o̴",
    "\u202eevil",
    "日本語 😀 ﷽ ǅ ß İ",
    "{0} %s %(x)s ${y} \\1",
    "(((((((((((((((((((((((((((((",
)
"""Unusual but valid texts, which a filter must accept, change or reject."""


class FilterContract(Contract):
    """Tests of a filter plugin. Subclass it; define `make_plugin`, a `room`, and `harmless` texts."""

    roles = ("filter",)
    room = "tea"
    harmless: tuple[str, ...] = ("Good morning!", "Is anybody here?", "日本語 😀")

    def test_it_provides_filter_message(self, tmp_path: Path) -> None:
        """Check that the plugin implements `filter_message` with `@hookimpl`."""
        if not Stage(self, tmp_path).provides("filter_message"):
            raise BrokenPromise("filter_message with @hookimpl over it is missing.")

    @promise("filter_message: a draft is returned, or Rejected is raised; None is no answer")
    async def test_it_returns_a_draft_or_rejects(self, stage: Stage) -> None:
        for text in (*self.harmless, *STRANGE):
            await self._filtered(stage, draft(text, self.room))

    @promise("filter_message: only the text is changed")
    async def test_it_changes_only_the_text(self, stage: Stage) -> None:
        for text in (*self.harmless, *STRANGE):
            given = draft(text, self.room, client_id="client-1")
            got = await self._filtered(stage, given)
            changed = [] if got is None else _changed_fields(given, got)
            assert not changed, f"for {text[:40]!r} it changed {', '.join(changed)}"

    @promise("filter_message: harmless words pass unchanged")
    async def test_harmless_words_pass_unchanged(self, stage: Stage) -> None:
        for text in self.harmless:
            got = await self._filtered(stage, draft(text, self.room))
            assert got is not None, f"it rejected {text!r}"
            assert got.text == text, f"it made {got.text!r} of {text!r}"

    @promise("filter_message: what is returned can be sent: a text, not empty, without NUL")
    async def test_what_it_returns_can_be_sent(self, stage: Stage) -> None:
        for text in (*self.harmless, *STRANGE):
            got = await self._filtered(stage, draft(text, self.room))
            fine = got is None or (isinstance(got.text, str) and got.text.strip() and "\0" not in got.text)
            assert fine, f"it made {got!r} of {text[:40]!r}; raise Rejected to refuse a message"

    @promise("filter_message: several drafts at once are not mixed up")
    async def test_drafts_at_once_are_not_mixed_up(self, stage: Stage) -> None:
        given = [draft(f"{text} {number}", self.room) for number, text in enumerate(self.harmless * 5)]
        got = await asyncio.gather(*[self._filtered(stage, one) for one in given])
        pairs = [(a.draft_id, b.draft_id) for a, b in zip(given, got, strict=True) if b is not None]
        mixed = [pair for pair in pairs if pair[0] != pair[1]]
        assert not mixed, f"for {mixed[0][0]} it returned {mixed[0][1]}"

    async def _filtered(self, stage: Stage, given: Draft) -> Draft | None:
        """Return the filtered draft; None if it was rejected with `Rejected`."""
        try:
            got = await stage.call("filter_message", draft=given, user=user("ann"))
        except Rejected as refusal:
            _verify_refusal(refusal)
            return None
        assert isinstance(got, Draft), f"for {given.text[:40]!r} it returned {got!r}, which is no Draft"
        return got


def _verify_refusal(refusal: Rejected) -> None:
    assert refusal.code in CODES, f"it rejects with the unknown code {refusal.code!r}"
    assert refusal.text, "it rejects without words for the sender"


def _changed_fields(given: Draft, got: Draft) -> list[str]:
    fields = [name for name in Draft.__struct_fields__ if name != "text"]
    return [name for name in fields if getattr(given, name) != getattr(got, name)]
