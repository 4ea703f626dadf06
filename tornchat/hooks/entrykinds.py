"""The kinds of entries of one chat: the built-in ones, and those that its plugins declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import Any

import msgspec

from tornchat.errors import CODES, ChatError, SettingsError
from tornchat.hooks.blame import Blame
from tornchat.hooks.guard import called
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.words import cleaned, is_encodable
from tornchat.kinds import BUILT_IN, Changes, EntryKind
from tornchat.model import Draft, Entry, Refusal
from tornchat.wire import data, meta

DELETED = Refusal("not_found", "The message was deleted.")
"""The answer for a deleted message, of which no plugin is asked."""
CURE = "Take one of them out of [tornchat] plugins, or give one of the kinds another name."


class EntryKinds:
    """Kinds by name. Functions of kinds of plugins are called so that only the operation at hand can fail."""

    def __init__(
        self,
        declared: Sequence[tuple[str, Sequence[EntryKind] | None]],
        found: Mapping[str, Implementation],
        blame: Blame,
        seconds: float,
    ) -> None:
        """`declared`: plugin -> its kinds, None if it failed. `found`: plugin -> its hook `entry_kinds`.

        A function that takes longer than `seconds` fails. Raises `SettingsError` for a plugin that failed,
        and a name that is declared twice.
        """
        self._blame = blame
        self._seconds = seconds
        self._found = found
        self._owners: dict[str, str] = {}
        self._calls: dict[str, Implementation] = {}
        kinds = dict(BUILT_IN)
        for plugin, answer in declared:
            if answer is None:
                raise SettingsError(
                    f"The plugin {plugin} failed to declare its kinds.", "The log says where."
                )
            for kind in answer:
                self._add(kinds, plugin, kind)
        self.by_name: Mapping[str, EntryKind] = MappingProxyType(kinds)

    def _add(self, kinds: dict[str, EntryKind], plugin: str, kind: EntryKind) -> None:
        self._refuse_taken(kind.name, plugin)
        if kind.takes_text or kind.grows or kind.closes:
            raise SettingsError(
                f"The plugin {plugin} declares a kind {kind.name!r} that takes a text, grows or closes.",
                "Only built-in kinds do, which have frames of their own. Report it to its author.",
            )
        kinds[kind.name] = kind
        self._owners[kind.name] = plugin
        if function := kind.revise or kind.check:
            self._calls[kind.name] = _call_of(self._found[plugin], function)

    def _refuse_taken(self, name: str, plugin: str) -> None:
        if name in BUILT_IN:
            raise SettingsError(
                f"The plugin {plugin} declares a kind {name!r}, which is built in.",
                "Report it to its author, or take it out of [tornchat] plugins.",
            )
        if name in self._owners:
            raise SettingsError(f"{self._owners[name]} and {plugin} both declare a kind {name!r}.", CURE)

    def __iter__(self) -> Iterator[EntryKind]:
        return iter(self.by_name.values())

    def get(self, name: str) -> EntryKind | None:
        """Return the declaration; None if no loaded plugin declares this kind."""
        return self.by_name.get(name)

    def of_plugins(self) -> list[EntryKind]:
        """Return the kinds that plugins declare."""
        return [kind for kind in self if kind.name in self._owners]

    def functions(self) -> Iterator[tuple[Callable[..., Any], Implementation]]:
        """Iterate over the functions of kinds, each with the hook with which its plugin declares them."""
        for name, call in self._calls.items():
            yield call.function, self._found[self._owners[name]]

    def revise(self, kind: EntryKind, target: Entry, draft: Draft) -> Changes | Refusal:
        """Return what a revision does to its target. Raises `Unavailable` if the plugin's function fails."""
        if kind.revise is None:
            raise ValueError(f"the kind {kind.name} is no revision")
        if kind.name not in self._calls:
            return kind.revise(target, draft)
        if not target.text:
            return DELETED
        answer = self._call(kind.name, target, draft)
        if words := misfit(answer):
            raise self._blame.failed(self._calls[kind.name], TypeError(words), "junk")
        return _cleaned(answer) if isinstance(answer, Refusal) else answer

    def data_of(self, draft: Draft, target: Entry, changes: Changes) -> str:
        """Return the text of the `data` that a revision gives its target; "" if it stays as it is.

        Raises `Unavailable` if it is not what the target's kind declares.
        """
        if changes.data is None:
            return ""
        kind = self.get(target.kind)
        try:
            return data.fitted(data.text_of(changes.data), kind.data if kind is not None else None)
        except ChatError as error:
            raise self._blame.failed(self._calls[draft.kind], error.with_traceback(None), "junk") from None

    def refusal(self, kind: EntryKind, target: Entry, draft: Draft) -> Refusal | None:
        """Return why a mark may not be set; None if it may. Raises like `revise`."""
        if kind.check is None:
            return None
        if not target.text:
            return DELETED
        answer = self._call(kind.name, target, draft)
        if answer is None:
            return None
        if not isinstance(answer, Refusal) or misfit(answer):
            words = f"it returned {answer!r:.200}, not None or a Refusal with a known code"
            raise self._blame.failed(self._calls[kind.name], TypeError(words), "junk")
        return _cleaned(answer)

    def _call(self, name: str, target: Entry, draft: Draft) -> Any:
        """Call a function on the loop. Raises `Unavailable` if it fails or is late."""
        call, began = self._calls[name], perf_counter()
        try:
            answer = called(call, (target, draft))
        except Exception as error:
            raise self._blame.failed(call, error) from None
        took = perf_counter() - began
        if inspect.iscoroutine(answer):
            answer.close()  # refused by the caller; it must not warn that it was never awaited
        if took > self._seconds:
            late = TimeoutError(f"no answer within {self._seconds:g} s, but after {took:.1f} s")
            raise self._blame.failed(call, late, "timeout")
        return answer


def _call_of(hook: Implementation, function: Any) -> Implementation:
    """Return the function of a kind as a call of its plugin. Failures are counted as those of the hook."""
    call = Implementation(hook.plugin, hook.hook, function)
    call.failures = hook.failures
    return call


def misfit(answer: object) -> str:
    """Return what is wrong with the answer of a plugin's function; "" if nothing is."""
    if isinstance(answer, Refusal):
        return "" if answer.code in CODES else f"it returned a Refusal with the code {answer.code!r:.40}"
    if not isinstance(answer, Changes):
        return f"it returned {answer!r:.200}, not Changes or a Refusal"
    text, typed = answer.text, answer.data
    if text is not None and not (isinstance(text, str) and is_encodable(text) and text.strip()):
        return "it returned Changes with a text that is empty or not encodable"
    if answer.meta is not None and not (isinstance(answer.meta, str) and meta.is_text(answer.meta)):
        return "it returned Changes with a `meta` that is no JSON object, too large or too deep"
    if typed is not None and not isinstance(typed, msgspec.Struct):
        return "it returned Changes with a `data` that is no msgspec.Struct"
    if answer.piece is not None or answer.status:
        return "it returned Changes with a piece or a status, as built-in kinds do"
    return "" if isinstance(answer.empties, bool) else "it returned Changes whose `empties` is no bool"


def _cleaned(refusal: Refusal) -> Refusal:
    revision = refusal.revision if isinstance(refusal.revision, int) else None
    return Refusal(refusal.code, cleaned(refusal.reason) if refusal.reason else "", revision)
