"""How often one user may enter rooms, create them and report messages, over all of the user's connections."""

from __future__ import annotations

import asyncio

from tornchat.config.sections import LimitsSection
from tornchat.errors import TRY_AGAIN_LATER, ChatError, Closed
from tornchat.offenders import Offenders
from tornchat.rates import Rates

SECONDS_PER_HOUR = 3600


class Pace:
    """Rates of joins, of new rooms and of reports. What exceeds them is refused with the seconds to wait."""

    def __init__(self, limits: LimitsSection, offenders: Offenders) -> None:
        self._joins = Rates(limits.joins_per_second, limits.join_burst)
        self._rooms = Rates(limits.rooms_per_hour / SECONDS_PER_HOUR, limits.rooms_per_hour)
        self._reports = Rates(limits.reports_per_hour / SECONDS_PER_HOUR, limits.reports_per_hour)
        self._offenders = offenders

    def join(self, user: str) -> None:
        """Count a join. Raises `Closed` (1013, `retry_after=SECONDS`) above the rate."""
        if wait := self._joins.wait(user, _now()):
            self._offenders.note("joins_per_second", f"user {user!r}", "joins are closed with 1013")
            raise Closed(TRY_AGAIN_LATER, f"retry_after={max(wait, 1.0):.1f}")

    def create(self, user: str) -> None:
        """Count a new room. Raises `ChatError` (`rate_limited`) above the rate."""
        if wait := self._rooms.wait(user, _now()):
            self._offenders.note("rooms_per_hour", f"user {user!r}", "rooms are not created")
            raise ChatError("rate_limited", "Too many new rooms.", round(wait, 1))

    def report(self, user: str) -> None:
        """Count a report of a message. Raises `ChatError` (`rate_limited`) above the rate."""
        if wait := self._reports.wait(user, _now()):
            self._offenders.note("reports_per_hour", f"user {user!r}", "reports are refused")
            raise ChatError("rate_limited", "Too many reports.", round(wait, 1))

    def create_by_joining(self, user: str) -> None:
        """Count a new room. Raises `Closed` (1013, `retry_after=SECONDS`) above the rate."""
        try:
            self.create(user)
        except ChatError as error:
            raise Closed(TRY_AGAIN_LATER, f"retry_after={error.retry_after}") from None


def _now() -> float:
    return asyncio.get_running_loop().time()
