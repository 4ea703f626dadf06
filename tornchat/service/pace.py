"""How often one user may enter rooms, create them and report messages, over all of the user's connections."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from tornchat.config.sections import LimitsSection
from tornchat.errors import TRY_AGAIN_LATER, ChatError, Closed
from tornchat.model import User
from tornchat.offenders import Offenders
from tornchat.rates import Rates

SECONDS_PER_HOUR = 3600


class Pace:
    """Rates of joins, of new rooms and of reports. What exceeds them is refused with the seconds to wait."""

    def __init__(self, limits: LimitsSection, guest_rooms_per_hour: int, offenders: Offenders) -> None:
        """`guest_rooms_per_hour` is for all guests together: one client may become any number of them."""
        self._joins = Rates(limits.joins_per_second, limits.join_burst)
        self._rooms = Rates(limits.rooms_per_hour / SECONDS_PER_HOUR, limits.rooms_per_hour)
        self._reports = Rates(limits.reports_per_hour / SECONDS_PER_HOUR, limits.reports_per_hour)
        self._guest_rooms = Rates(guest_rooms_per_hour / SECONDS_PER_HOUR, guest_rooms_per_hour)
        self._offenders = offenders

    def reload(self, limits: LimitsSection, guest_rooms_per_hour: int) -> None:
        """Apply other limits, to the users seen before, too."""
        self._guest_rooms.change(guest_rooms_per_hour / SECONDS_PER_HOUR, guest_rooms_per_hour)
        self._joins.change(limits.joins_per_second, limits.join_burst)
        self._rooms.change(limits.rooms_per_hour / SECONDS_PER_HOUR, limits.rooms_per_hour)
        self._reports.change(limits.reports_per_hour / SECONDS_PER_HOUR, limits.reports_per_hour)

    def join(self, user: str) -> None:
        """Count a join. Raises `Closed` (1013, `retry_after=SECONDS`) above the rate."""
        if wait := self._joins.wait(user, _now()):
            self._offenders.note("joins_per_second", f"user {user!r}", "joins are closed with 1013")
            raise Closed(TRY_AGAIN_LATER, f"retry_after={max(wait, 1.0):.1f}")

    def create(self, user: User) -> None:
        """Count a new room. Raises `ChatError` (`rate_limited`) above the rate."""
        if wait := self._rooms.wait(user.id, _now()):
            self._refuse("rooms_per_hour", f"user {user.id!r}", wait)
        if user.is_guest and (wait := self._guest_rooms.wait("guests", _now())):
            self._refuse("guest_rooms_per_hour", "all guests", wait)

    def report(self, user: str) -> None:
        """Count a report of a message. Raises `ChatError` (`rate_limited`) above the rate."""
        if wait := self._reports.wait(user, _now()):
            self._offenders.note("reports_per_hour", f"user {user!r}", "reports are refused")
            raise ChatError("rate_limited", "Too many reports.", round(wait, 1))

    def _refuse(self, limit: str, offender: str, wait: float) -> NoReturn:
        self._offenders.note(limit, offender, "rooms are not created")
        raise ChatError("rate_limited", "Too many new rooms.", round(wait, 1))

    def create_by_joining(self, user: User) -> None:
        """Count a new room. Raises `Closed` (1013, `retry_after=SECONDS`) above the rate."""
        try:
            self.create(user)
        except ChatError as error:
            raise Closed(TRY_AGAIN_LATER, f"retry_after={error.retry_after}") from None


def _now() -> float:
    return asyncio.get_running_loop().time()
