"""What nodes tell each other: opaque bytes, which may be lost."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

from tornchat.hooks.specs.promise import hookspec


@hookspec("one", role="broadcast", required=True)
def broadcast_scope() -> Literal["process", "cluster"]:
    """Say how far `publish` reaches: only this process, or all the nodes of a cluster."""


@hookspec("one", role="broadcast", required=True, deadline=4.0)
def subscribe(topic: str) -> Awaitable[None] | None:
    """From the return of this call on, pass what is published on `topic` to `chat.deliver`."""


@hookspec("one", role="broadcast", required=True, deadline=4.0)
def unsubscribe(topic: str) -> Awaitable[None] | None:
    """Stop passing on `topic`. Unknown topics are fine."""


@hookspec("one", role="broadcast", required=True, deadline=1.0)
def publish(topic: str, payload: bytes) -> Awaitable[None] | None:
    """Send opaque bytes to everybody subscribed to `topic`. May lose, repeat or reorder.

    Whenever something may have been lost, call `chat.may_have_missed()`. Topics are `room:<name>`
    and `nodes`.
    """
