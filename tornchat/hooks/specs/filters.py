"""What messages may say."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Draft, User


@hookspec("chain", role="filter", deadline=1.0)
def filter_message(draft: Draft, user: User) -> Awaitable[Draft] | Draft:
    """Return the draft, changed or not; raise `Rejected` to refuse it with words for its sender.

    Only the text may be changed. A plugin that raises anything else, returns no draft or misses its
    deadline fails closed: the draft is not stored, and its sender is told `unavailable`.
    """
