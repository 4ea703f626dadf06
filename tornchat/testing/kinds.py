"""The contract of plugins that bring kinds of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from tornchat import Changes, Draft, Entry, EntryKind, Mark, More
from tornchat.errors import ChatError
from tornchat.hooks.entrykinds import misfit
from tornchat.kinds import BUILT_IN
from tornchat.model import PLAIN
from tornchat.testing.fixtures import draft
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.wire import data


class KindsContract(Contract):
    """Tests of a plugin that provides `entry_kinds`.

    Subclass it; define `make_plugin`, `examples` for each kind with `data`, and `sets` for each mark.
    """

    roles = ("kinds",)
    examples: ClassVar[Mapping[str, Sequence[msgspec.Struct]]] = MappingProxyType({})
    """Kind -> values of its type of `data`, as different as possible."""
    sets: ClassVar[Mapping[str, Sequence[Sequence[str]]]] = MappingProxyType({})
    """Kind of marks -> sets of tokens, allowed ones and others."""

    @promise("entry_kinds: the kinds are declared anew under the same names, and none of them is built in")
    async def test_names(self, stage: Stage) -> None:
        kinds = await _kinds(stage)
        names = [kind.name for kind in kinds]
        assert names, "it declares no kinds"
        assert len({*names}) == len(names), f"a name is there twice: {', '.join(names)}"
        taken = sorted({*names} & {*BUILT_IN})
        assert not taken, f"these kinds are built in: {', '.join(taken)}"
        assert [kind.name for kind in await _kinds(stage)] == names, "the second call declares other kinds"
        for kind in kinds:
            unknown = sorted({*kind.targets} - {*names} - {*BUILT_IN})
            assert not unknown, f"{kind.name} acts on kinds that are not declared: {', '.join(unknown)}"

    @promise("entry_kinds: `data` has at most 8 KiB of JSON, and is read again as it was")
    async def test_data(self, stage: Stage) -> None:
        for kind in await _kinds(stage):
            if kind.data is None:
                continue
            assert self.examples.get(kind.name), f"write `examples` with some `data` of the kind {kind.name}"
            for example in self.examples[kind.name]:
                text = data.fitted(data.text_of(example), kind.data)
                again = msgspec.json.decode(text, type=kind.data)
                assert again == example, f"{example!r} is read again as {again!r}"

    @promise("revise: returns Changes that can be stored, or a Refusal")
    async def test_revise_answers(self, stage: Stage) -> None:
        kinds = {kind.name: kind for kind in await _kinds(stage)}
        for kind, target, given in self._calls(list(kinds.values())):
            if kind.revise is None:
                continue
            answer = kind.revise(target, given)
            assert not misfit(answer), f"for {target.kind} {target.data}: {misfit(answer)}"
            if isinstance(answer, Changes) and answer.data is not None:
                wanted = kinds.get(target.kind)
                assert wanted is not None, f"it gives a {target.kind} `data`, which such a message has not"
                _verify_fits(answer.data, wanted)

    @promise("check: returns None, or a Refusal")
    async def test_check_answers(self, stage: Stage) -> None:
        for kind, target, given in self._calls(await _kinds(stage)):
            if kind.check is None:
                continue
            answer = kind.check(target, given)
            fine = answer is None or (not isinstance(answer, Changes) and not misfit(answer))
            assert fine, f"for {given.tokens} on {target.data} it returned {answer!r}"

    @promise("revise, check: pure functions, which answer the same twice")
    async def test_functions_are_pure(self, stage: Stage) -> None:
        for kind, target, given in self._calls(await _kinds(stage)):
            function = kind.revise or kind.check
            if function is None:
                continue
            before = msgspec.json.encode((target, given))
            first, second = function(target, given), function(target, given)
            assert first == second, f"for the same call of {kind.name} it gives {first}, then {second}"
            assert msgspec.json.encode((target, given)) == before, f"{kind.name} changes what it is given"

    def _calls(self, kinds: Sequence[EntryKind]) -> Iterator[tuple[EntryKind, Entry, Draft]]:
        """Yield the calls of functions: each kind with each target, and each `data` and set of its own."""
        acting = [kind for kind in kinds if kind.shape != "message"]
        own = [kind.name for kind in kinds if kind.shape == "message"]
        for kind in acting:
            assert kind.shape != "mark" or self.sets.get(kind.name), f"write `sets` of the mark {kind.name}"
            for name in kind.targets or (*own, PLAIN):
                for target in self._messages(name):
                    for given in self._drafts(kind):
                        yield kind, target, given

    def _messages(self, name: str) -> Iterator[Entry]:
        bare = Entry(1, "id-ann", "ann", "hello", 1_710_417_600_000, "d1", kind=name)
        for example in self.examples.get(name, ()):
            yield replace(bare, more=More(data=data.text_of(example)))
        if name not in self.examples:
            yield bare

    def _drafts(self, kind: EntryKind) -> Iterator[Draft]:
        bare = replace(draft("", sender="bob"), kind=kind.name, target=1, more=More())
        for tokens in self.sets.get(kind.name, ()):
            yield replace(bare, more=More(mark=Mark(tokens=tuple(tokens))))
        for example in self.examples.get(kind.name, ()):
            yield replace(bare, more=More(data=data.text_of(example)))
        if kind.shape == "revision" and kind.data is None:
            yield bare


async def _kinds(stage: Stage) -> Sequence[EntryKind]:
    kinds: Sequence[EntryKind] = await stage.call("entry_kinds")
    assert all(isinstance(kind, EntryKind) for kind in kinds), f"it returned {kinds!r}"
    return kinds


def _verify_fits(value: msgspec.Struct, kind: EntryKind) -> None:
    try:
        data.fitted(data.text_of(value), kind.data)
    except ChatError as error:
        raise AssertionError(f"the `data` that it gives does not fit {kind.name}: {error.text}") from None
