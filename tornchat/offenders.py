"""What outsiders can cause without end: a count of each excess, and one log line per offender and minute.

Lines that are left out are counted, and the counts are logged once a minute.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable

QUIET_SECONDS = 60.0
"""After a line about an offender and a limit, there is no other one for so long."""
MOST_OFFENDERS = 1_000
"""Offenders that are remembered per limit, and so its most lines per minute. More are counted only."""

log = logging.getLogger("tornchat.limits")


class Offenders:
    """Counts every excess in `counts`, and logs the first one of each offender in a minute."""

    def __init__(
        self, clock: Callable[[], float], counts: Counter[str] | None = None, most: int = MOST_OFFENDERS
    ) -> None:
        """`clock` returns seconds. At most `most` offenders are remembered per limit."""
        self.counts: Counter[str] = Counter() if counts is None else counts
        """Limit -> how often it was exceeded."""
        self._clock = clock
        self._most = most
        self._told: defaultdict[str, OrderedDict[str, float]] = defaultdict(OrderedDict)
        self._left_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._told.values()))

    def note(self, limit: str, offender: str, words: str) -> None:
        """Record that `offender` exceeded `limit`. `words` says what the server does about it."""
        self.counts[limit] += 1
        if self.may_tell(limit, offender):
            facts = {"event": "limit", "limit": limit, "offender": offender}
            log.warning("%s has reached the limit %s: %s", offender, limit, words, extra=facts)

    def may_tell(self, subject: str, offender: str) -> bool:
        """Return True if no line about this subject and offender was allowed within the last minute.

        The subjects are a fixed set of names. Each has its own bound, so that many offenders of one limit
        keep no line about another one out of the log. A line that is not allowed is counted as left out.
        """
        now, told = self._clock(), self._told[subject]
        while told and now - next(iter(told.values())) >= QUIET_SECONDS:
            told.popitem(last=False)
        if offender in told or len(told) >= self._most:
            self._left_out[subject] += 1
            return False
        told[offender] = now
        return True

    def sum_up(self) -> None:
        """Log how many lines about each subject were left out since the last call. Called once a minute."""
        left_out, self._left_out = self._left_out, Counter()
        for subject, lines in sorted(left_out.items()):
            facts = {"event": "left_out", "subject": subject, "lines": lines}
            log.warning("%(lines)d more lines about %(subject)s were left out", facts, extra=facts)


def place_of(error: BaseException) -> str:
    """Return the class of an error and the line that raised it: the same for all that have one cause."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = "" if trace is None else f" {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return type(error).__name__ + line
