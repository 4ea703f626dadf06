"""The type of a hook's answers, read from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from tornchat import markers, marks, model


class Answer(NamedTuple):
    """`form` is the type of an answer, `item` the types of its items, `none` whether None is an answer.

    `choices` are the only values allowed, if there are any. `waits` tells whether the answer may be awaited.
    """

    form: type
    item: tuple[type, ...] = ()
    none: bool = False
    choices: tuple[object, ...] = ()
    waits: bool = False

    def misfit(self, answer: object, with_items: bool = True) -> str:
        """Return what is wrong with an answer; "" for one that has this type."""
        if answer is None:
            return "" if self.none else self._not_this(answer)
        if not isinstance(answer, self.form) or (self.form is Sequence and isinstance(answer, str)):
            return self._not_this(answer)
        if self.choices and answer not in self.choices:
            return f"it returned {answer!r:.40}, not one of {', '.join(map(str, self.choices))}"
        return self._misfit_item(answer) if self.item and with_items else ""

    def _misfit_item(self, answer: Any) -> str:
        items = answer.values() if self.form is Mapping else answer
        for item in items:
            if not isinstance(item, self.item):
                names = " or ".join(form.__name__ for form in self.item)
                return f"it returned a {self.form.__name__} with {type(item).__name__}, not {names}"
        return ""

    def _not_this(self, answer: object) -> str:
        return f"it returned {type(answer).__name__}, not {self.form.__name__}"


def answer_of(function: Callable[..., object]) -> Answer:
    """Return the type of the answers of the hook with this signature."""
    members = _members(_hint(function, "return"))
    waits = any(get_origin(member) is Awaitable for member in members)
    rest = [member for member in members if get_origin(member) is not Awaitable]
    forms = [member for member in rest if member is not NoneType]
    none = len(forms) < len(rest)
    if not forms:
        return Answer(object, none=none, waits=waits)
    (form,) = forms  # a hook has one type of answer, and None
    if get_origin(form) is Literal:
        return Answer(str, (), none, get_args(form), waits)
    items = get_args(form)[-1:]
    kinds = tuple(get_origin(kind) or kind for item in items for kind in _members(item) if kind is not Any)
    return Answer(get_origin(form) or form, kinds, none, (), waits)


def shared_arguments(function: Callable[..., object]) -> tuple[int, ...]:
    """Return the indexes of the arguments that are collections, which a plugin might change."""
    hints = [str(function.__annotations__[name]) for name in inspect.signature(function).parameters]
    return tuple(i for i, hint in enumerate(hints) if "Sequence[" in hint or "Mapping[" in hint)


def _hint(function: Callable[..., object], name: str) -> Any:
    holder = SimpleNamespace(__annotations__={name: function.__annotations__[name]})
    return get_type_hints(holder, function.__globals__, vars(marks) | vars(markers) | vars(model))[name]


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
