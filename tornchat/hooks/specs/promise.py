"""The declaration of a hook: a function signature, and a promise of how it is called.

The class of a declaration is its verb. `tornchat.hooks.caller` reads everything it needs to call a hook from
the declaration, so that a hook can't be called in another way than it is declared. The type checker refuses
an argument or a use of an answer that does not match the signature.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, Literal, ParamSpec, TypeAlias, TypeVar

import msgspec
import pluggy

from tornchat.hooks.specs.answer import Answer, answer_of, shared_arguments

PROJECT = "tornchat"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Decorator that marks a plugin's method as the implementation of the hook of the same name."""
_hookspec = pluggy.HookspecMarker(PROJECT)

Verb: TypeAlias = Literal["ask", "decide", "one", "chain", "collect", "in_order", "unwind", "tell"]
Absence: TypeAlias = Literal["settings", "not_provided", "nothing"]
Arguments = ParamSpec("Arguments")
Given = TypeVar("Given")
Accept: TypeAlias = Callable[[Any], Any]
"""Returns the answer to use, or raises `TypeError` or `ValueError` for an answer that is not accepted."""
Merge: TypeAlias = Callable[[Any, Any], Any]
"""(value passed to a plugin, its answer) -> value for the next plugin. Raises like `Accept`."""


class Promise(msgspec.Struct, frozen=True):
    """How a hook is called.

    - `deadline`: seconds.
    - `required`: a loaded plugin must provide the hook.
    - `raises`: the exceptions that reach the caller. Any other exception is a failure of the plugin.
    - `absent`: what a call of a `one` hook does if no plugin provides it: it raises `SettingsError`, raises
      `ChatError` (`not_provided`), or does nothing.
    - `accept`: checks an answer beyond its type.
    - `merge`: combines the answers of a chain.
    """

    deadline: float
    role: str
    required: bool = False
    raises: tuple[type[Exception], ...] = ()
    absent: Absence = "settings"
    accept: Accept | None = None
    merge: Merge | None = None


class Hook(Generic[Arguments, Given]):
    """A declared hook: its name, its signature (`function`) and its promise.

    `answer` is the type of its answers, and `shared` are the indexes of the arguments that are collections.
    Both are read from the signature.
    """

    verb: ClassVar[Verb]
    waits: ClassVar[bool] = True
    """Whether an implementation may be `async def`."""

    __slots__ = ("answer", "exact", "function", "name", "promise", "shared")

    def __init__(self, function: Callable[Arguments, object], promise: Promise) -> None:
        self.function = _hookspec(function)
        self.name: str = function.__name__
        self.promise = promise
        self.answer: Answer = answer_of(function)
        self.shared = shared_arguments(function)
        checked = self.answer.item or self.answer.choices or promise.accept
        self.exact: type | None = None if checked else self.answer.form
        """The class whose own instances need no further check."""
        if self.answer.waits is not self.waits:
            raise TypeError(f"{self.name}: the verb and the signature differ in whether it may be awaited")


class Ask(Hook[Arguments, Given]):
    """The first answer that is not None wins."""

    verb = "ask"


class Decide(Hook[Arguments, Given]):
    """Each plugin decides what no plugin before it has decided."""

    verb = "decide"


class One(Hook[Arguments, Given]):
    """One plugin provides it."""

    verb = "one"


class OneNow(Hook[Arguments, Given]):
    """One plugin provides it, as a plain function."""

    verb = "one"
    waits = False


class Begun(Hook[Arguments, Given]):
    """One plugin provides it. A call is begun and never cancelled; the deadline only says when it is late."""

    verb = "one"


class Chain(Hook[Arguments, Given]):
    """Each plugin receives the answer of the previous one as its first argument."""

    verb = "chain"


class Collect(Hook[Arguments, Given]):
    """All plugins are called; a failure leaves out one answer."""

    verb = "collect"


class CollectNow(Hook[Arguments, Given]):
    """All plugins are called, as plain functions; a failure leaves out one answer."""

    verb = "collect"
    waits = False


class InOrder(Hook[Arguments, Given]):
    """Plugins are called one after another; the first failure is raised."""

    verb = "in_order"


class Unwind(Hook[Arguments, Given]):
    """Plugins are called one after another in reverse order; a failure does not stop it."""

    verb = "unwind"


class Tell(Hook[Arguments, Given]):
    """All plugins are notified, without waiting for them."""

    verb = "tell"


_Either: TypeAlias = Callable[Arguments, Awaitable[Given] | Given]


def ask(
    *, role: str, deadline: float = 5.0, required: bool = False, accept: Accept | None = None
) -> Callable[[_Either[Arguments, Given]], Ask[Arguments, Given]]:
    """Declare an `Ask`. None means that the plugin has no answer."""
    return lambda function: Ask(function, Promise(deadline, role, required, accept=accept))


def decide(*, role: str, deadline: float) -> Callable[[_Either[Arguments, Given]], Decide[Arguments, Given]]:
    """Declare a `Decide`. The answer maps each item to a decision; None or no key means no decision."""
    return lambda function: Decide(function, Promise(deadline, role))


def one(
    *,
    role: str,
    deadline: float = 5.0,
    required: bool = False,
    raises: tuple[type[Exception], ...] = (),
    absent: Absence = "settings",
) -> Callable[[_Either[Arguments, Given]], One[Arguments, Given]]:
    """Declare a `One`. None is an answer where the signature says so."""
    return lambda function: One(function, Promise(deadline, role, required, raises, absent))


def one_now(
    *,
    role: str,
    required: bool = False,
    raises: tuple[type[Exception], ...] = (),
    accept: Accept | None = None,
) -> Callable[[Callable[Arguments, Given]], OneNow[Arguments, Given]]:
    """Declare a `OneNow`."""
    return lambda function: OneNow(function, Promise(5.0, role, required, raises, accept=accept))


def begun(
    *, role: str, deadline: float, required: bool, raises: tuple[type[Exception], ...], accept: Accept
) -> Callable[[_Either[Arguments, Given]], Begun[Arguments, Given]]:
    """Declare a `Begun`."""
    return lambda function: Begun(function, Promise(deadline, role, required, raises, accept=accept))


def chain(
    *, role: str, deadline: float, raises: tuple[type[Exception], ...], merge: Merge
) -> Callable[[_Either[Arguments, Given]], Chain[Arguments, Given]]:
    """Declare a `Chain`."""
    return lambda function: Chain(function, Promise(deadline, role, raises=raises, merge=merge))


def collect(
    *, role: str, deadline: float = 5.0, accept: Accept | None = None
) -> Callable[[_Either[Arguments, Given]], Collect[Arguments, Given]]:
    """Declare a `Collect`."""
    return lambda function: Collect(function, Promise(deadline, role, accept=accept))


def collect_now(
    *, role: str, deadline: float = 5.0
) -> Callable[[Callable[Arguments, Given]], CollectNow[Arguments, Given]]:
    """Declare a `CollectNow`."""
    return lambda function: CollectNow(function, Promise(deadline, role))


def in_order(
    *, role: str, deadline: float, raises: tuple[type[Exception], ...], accept: Accept | None = None
) -> Callable[[_Either[Arguments, Given]], InOrder[Arguments, Given]]:
    """Declare an `InOrder`."""
    return lambda function: InOrder(function, Promise(deadline, role, raises=raises, accept=accept))


def unwind(*, role: str, deadline: float) -> Callable[[_Either[Arguments, Given]], Unwind[Arguments, Given]]:
    """Declare an `Unwind`."""
    return lambda function: Unwind(function, Promise(deadline, role))


def tell(*, role: str) -> Callable[[_Either[Arguments, Given]], Tell[Arguments, Given]]:
    """Declare a `Tell`."""
    return lambda function: Tell(function, Promise(5.0, role))
