"""Logging to stderr, one line per event. Text from clients can't forge further lines."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tornchat.cli.masking import printable, without_headers, without_secrets
from tornchat.cli.stderr import QueuedStderr

if TYPE_CHECKING:
    from tornado.web import RequestHandler

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
QUIET_SECONDS = 60.0
MOST_LINES = 20
"""Lines of one statement of Tornado's in `QUIET_SECONDS`."""
http = logging.getLogger("tornchat.http")
_QUERY = re.compile(r"(/[^\s?'\"]*)\?[^\s'\"]+")
"""A path with its query."""


class OneLine(logging.Formatter):
    """Formats a record as one line of text: escapes control characters and masks secrets."""

    _second = -1
    _stamp = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the local time. It is formatted once per second, since many reconnects log many lines."""
        second = int(record.created)
        if second != self._second:
            self._second, self._stamp = second, super().formatTime(record, "%Y-%m-%d %H:%M:%S")
        return f"{self._stamp},{int(record.msecs):03d}"

    def format(self, record: logging.LogRecord) -> str:
        return printable(without_secrets(super().format(record)))


class JsonLine(logging.Formatter):
    """Formats a record as one JSON object: time (UTC), level, logger, message, `extra`, and traceback."""

    _usual = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self._facts = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= self._facts
        line |= {key: value for key, value in vars(record).items() if key not in self._usual}
        if record.exc_info or record.exc_text:
            found = record.exc_text if not record.exc_info else self.formatException(record.exc_info)
            line["traceback"] = found
        return json.dumps({key: _value(value) for key, value in line.items()})


def _value(value: object) -> object:
    """Convert a value to a JSON type. Masking secrets before encoding keeps the result valid JSON."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_secrets(str(value))


def without_requests(record: logging.LogRecord) -> bool:
    """Take what Tornado quotes of requests, their headers and queries, out of its own log lines."""
    if record.name.startswith("tornado"):
        text = record.getMessage()
        if text.startswith("Malformed HTTP message"):
            text = text.partition(": ")[0]
        record.msg, record.args = without_headers(_QUERY.sub(r"\1?...", text)), ()
        if record.exc_info:
            quoted = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = without_headers(_QUERY.sub(r"\1?...", quoted)), None
    return True


class Seldom(logging.Filter):
    """Lets a line of Tornado pass `MOST_LINES` times a minute: clients can cause any number of them.

    The next line of the same statement then tells how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, int], tuple[float, int]] = {}
        """Statement -> when its minute began, and how many lines there were in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("tornado"):
            return True
        statement = (record.pathname, record.lineno)
        since, lines = self._told.get(statement, (record.created, 0))
        if record.created - since >= QUIET_SECONDS:
            if lines > MOST_LINES:
                more = f" ({lines - MOST_LINES} more lines like this were left out)"
                record.msg, record.args = record.getMessage() + more, ()
            since, lines = record.created, 0
        self._told[statement] = (since, lines + 1)
        return lines < MOST_LINES


def to_stderr(
    level: str, form: Literal["text", "json"] = "text", worker: int | None = None, *, queued: bool = False
) -> None:
    """Configure logging to stderr, from `level` on. The number `worker` is included in each line.

    `queued`: logging never blocks; lines are dropped and counted while nobody reads stderr.
    """
    handler: logging.Handler = QueuedStderr() if queued else logging.StreamHandler()
    named = FORMAT if worker is None else FORMAT.replace("%(name)s", f"worker {worker}: %(name)s")
    handler.addFilter(without_requests)
    handler.addFilter(Seldom())
    handler.setFormatter(JsonLine(worker) if form == "json" else OneLine(named))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def change_level(former: str, level: str, note: Callable[[], None]) -> None:
    """Log from another level on. `note` logs the change, at the more verbose of the two."""
    root = logging.getLogger()
    root.setLevel(min(logging.getLevelNamesMapping()[each.upper()] for each in (former, level)))
    note()
    root.setLevel(level.upper())


def log_request(handler: RequestHandler) -> None:
    """Log an HTTP request without its query, which may contain a token."""
    request = handler.request
    milliseconds = 1000 * request.request_time()
    http.debug("%s %s %d %.1f ms", request.method, request.path, handler.get_status(), milliseconds)
