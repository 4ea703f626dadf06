"""Hooks for the broadcast between nodes. Payloads are opaque bytes and may be lost.

Topics are `room:<name>`, `nodes` and `users`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

from tornchat.hooks.specs.promise import one, one_now


@one_now(role="broadcast", required=True)
def broadcast_scope() -> Literal["process", "cluster"]:
    """Return the reach of `publish`: "process" for this process only, "cluster" for all nodes.

    A plain function. It may be called before `startup`.
    """


@one(role="broadcast", required=True, deadline=4.0)
def subscribe(topic: str) -> Awaitable[None] | None:
    """Subscribe to `topic`: payloads published after this call returns are passed to `chat.deliver`."""


@one(role="broadcast", required=True, deadline=4.0)
def unsubscribe(topic: str) -> Awaitable[None] | None:
    """End the subscription to `topic`. A topic without a subscription is ignored."""


@one(role="broadcast", required=True, deadline=1.0)
def publish(topic: str, payload: bytes) -> Awaitable[None] | None:
    """Send an opaque payload to all subscribers of `topic`. Payloads may be lost, repeated or reordered.

    The plugin calls `chat.may_have_missed()` whenever payloads may have been lost. Topics are
    `room:<name>`, `nodes` and `users`. A room's payload is the entries of one commit: mostly some hundred
    bytes, and up to some megabytes; a receiver ignores those above 16 MiB. A plugin that can't send a payload
    of that size drops it, which counts as a loss.
    """
