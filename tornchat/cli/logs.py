"""The log: one line per event on stderr, in which nobody else's text can fake another line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tornchat.cli.masking import printable, without_tokens

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
        return printable(without_tokens(super().format(record)))


def to_stderr(level: str) -> None:
    """Send the log of this process to stderr, from `level` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def log_request(handler: RequestHandler) -> None:
    """Log a plain HTTP request without its query, which may hold a token."""
    request = handler.request
    milliseconds = 1000 * request.request_time()
    http.debug("%s %s %d %.1f ms", request.method, request.path, handler.get_status(), milliseconds)
