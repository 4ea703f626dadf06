"""How often users may join rooms, create them, report and block, over all of their connections."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from tornchat.config.sections import GuestSection, LimitsSection
from tornchat.errors import TRY_AGAIN_LATER, ChatError, Closed
from tornchat.model import User
from tornchat.offenders import Offenders
from tornchat.rates import Rates

SECONDS_PER_HOUR = 3600


class Pace:
    """Rates of joins, new rooms, reports and guests' blocks. What exceeds them is refused.

    One client may become any number of guests, so that what they store is also counted for all together.
    """

    def __init__(self, limits: LimitsSection, guest: GuestSection, offenders: Offenders) -> None:
        self._joins = Rates(limits.joins_per_second, limits.join_burst)
        self._rooms = Rates(limits.rooms_per_hour / SECONDS_PER_HOUR, limits.rooms_per_hour)
        self._reports = Rates(limits.reports_per_hour / SECONDS_PER_HOUR, limits.reports_per_hour)
        self._guest_rooms = Rates(guest.rooms_per_hour / SECONDS_PER_HOUR, guest.rooms_per_hour)
        self._guest_notes = Rates(guest.notes_per_hour / SECONDS_PER_HOUR, guest.notes_per_hour)
        self._offenders = offenders

    def reload(self, limits: LimitsSection, guest: GuestSection) -> None:
        """Apply other limits, to the users seen before, too."""
        self._guest_rooms.change(guest.rooms_per_hour / SECONDS_PER_HOUR, guest.rooms_per_hour)
        self._guest_notes.change(guest.notes_per_hour / SECONDS_PER_HOUR, guest.notes_per_hour)
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
            self._refuse("rooms_per_hour", f"user {user.id!r}", wait, "rooms")
        if user.is_guest and (wait := self._guest_rooms.wait("guests", _now())):
            self._refuse("guest_rooms_per_hour", "all guests", wait, "rooms")

    def report(self, user: User) -> None:
        """Count a report of a message. Raises `ChatError` (`rate_limited`) above the rate."""
        if wait := self._reports.wait(user.id, _now()):
            self._refuse("reports_per_hour", f"user {user.id!r}", wait, "reports")
        self._note_of_guest(user, "reports")

    def block(self, user: User) -> None:
        """Count a block of somebody. Raises `ChatError` (`rate_limited`) above the rate of guests."""
        self._note_of_guest(user, "blocks")

    def _note_of_guest(self, user: User, what: str) -> None:
        if user.is_guest and (wait := self._guest_notes.wait("guests", _now())):
            self._refuse("guest_notes_per_hour", "all guests", wait, what)

    def _refuse(self, limit: str, offender: str, wait: float, what: str) -> NoReturn:
        self._offenders.note(limit, offender, f"new {what} are refused")
        raise ChatError("rate_limited", f"Too many new {what}.", round(wait, 1))

    def create_by_joining(self, user: User) -> None:
        """Count a new room. Raises `Closed` (1013, `retry_after=SECONDS`) above the rate."""
        try:
            self.create(user)
        except ChatError as error:
            raise Closed(TRY_AGAIN_LATER, f"retry_after={error.retry_after}") from None


def _now() -> float:
    return asyncio.get_running_loop().time()
