"""The log: one line per event on stderr, in which nobody else's text can fake another line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tornchat.cli.masking import printable, without_secrets

if TYPE_CHECKING:
    from tornado.web import RequestHandler

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
http = logging.getLogger("tornchat.http")


class OneLine(logging.Formatter):
    """Writes out control characters, line ends among them, and masks what looks like a token."""

    _second = -1
    _stamp = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Local time; made once per second, since a herd that comes back makes thousands of lines."""
        second = int(record.created)
        if second != self._second:
            self._second, self._stamp = second, super().formatTime(record, "%Y-%m-%d %H:%M:%S")
        return f"{self._stamp},{int(record.msecs):03d}"

    def format(self, record: logging.LogRecord) -> str:
        return printable(without_secrets(super().format(record)))


class JsonLine(logging.Formatter):
    """One object per line: time (UTC), level, logger, message, what came as `extra`, and the traceback."""

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
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({key: _value(value) for key, value in line.items()})


def _value(value: object) -> object:
    """As it is if JSON has it. Text is masked before it is encoded: a mask must not break the encoding."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_secrets(str(value))


def to_stderr(level: str, form: Literal["text", "json"] = "text", worker: int | None = None) -> None:
    """Send the log of this process to stderr, from `level` on; a `worker` is named in each line."""
    handler = logging.StreamHandler()
    named = FORMAT if worker is None else FORMAT.replace("%(name)s", f"worker {worker}: %(name)s")
    handler.setFormatter(JsonLine(worker) if form == "json" else OneLine(named))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def log_request(handler: RequestHandler) -> None:
    """Log a plain HTTP request without its query, which may hold a token."""
    request = handler.request
    milliseconds = 1000 * request.request_time()
    http.debug("%s %s %d %.1f ms", request.method, request.path, handler.get_status(), milliseconds)
