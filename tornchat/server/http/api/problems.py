"""Problem details (RFC 9457): the error responses of the API."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http.client import responses
from types import MappingProxyType

import msgspec

from tornchat.errors import (
    REMOVED,
    ROOM_NOT_FOUND,
    UNAUTHORIZED,
    ChatError,
    Closed,
    SettingsError,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
"""Default for `Retry-After` in seconds."""

STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "unauthorized": 401,
        "forbidden": 403,
        "muted": 403,
        "too_many_rooms": 403,
        "too_many_sanctions": 403,
        "too_many_members": 403,
        "too_many_invites": 403,
        "not_found": 404,
        "room_not_found": 404,
        "room_gone": 404,
        "method_not_allowed": 405,
        "conflict": 409,
        "stale": 409,
        "too_many_marks": 409,
        "not_open": 409,
        "still_open": 409,
        "room_taken": 409,
        "name_taken": 409,
        "invite_expired": 410,
        "invite_used_up": 410,
        "too_big": 413,
        "unsupported_media_type": 415,
        "rate_limited": 429,
        "slow_mode": 429,
        "internal_error": 500,
        "not_provided": 501,
        "unsupported": 501,
        "unavailable": 503,
        "unconfirmed": 503,
        "busy": 503,
    }
)
"""Error code -> status. Other codes concern the input and have the status 422."""


class InputError(msgspec.Struct, frozen=True):
    """An error in the input, with its path, such as `body.username`."""

    path: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The response to a failed call (RFC 9457). `code` is for programs, `detail` for users.

    With the code `stale`, `revision` is the message's present one.
    """

    title: str
    status: int
    detail: str
    code: str
    type: str = msgspec.field(default_factory=lambda: "about:blank")
    errors: tuple[InputError, ...] = ()
    revision: int | None = None


class Problem(Exception):
    """A refused call. `retry_after` is the time in seconds after which it may be repeated."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: float | None = None,
        errors: tuple[InputError, ...] = (),
        revision: int | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        """`status` replaces the code's own one."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status or STATUSES.get(code, 422)
        self.errors = errors
        self.revision = revision
        self.headers = {**(headers or {}), **self._usual_headers(retry_after)}

    def _usual_headers(self, retry_after: float | None) -> dict[str, str]:
        if self.status == 401:
            return {"WWW-Authenticate": "Bearer"}
        if self.status in (429, 503):
            return {"Retry-After": str(max(1, math.ceil(retry_after or RETRY_SECONDS)))}
        return {}

    @property
    def body(self) -> ProblemBody:
        """The body of the response."""
        title = responses.get(self.status, "Error")
        return ProblemBody(
            title, self.status, self.detail, self.code, errors=self.errors, revision=self.revision
        )


def problem_of_status(status: int) -> Problem:
    """Return the problem for a status that the host's application decided on, or Tornado."""
    if status >= 500 and status != 503:
        return Problem("internal_error", "The server failed; its log says why.", status=status)
    code = next((code for code, own in STATUSES.items() if own == status), "refused")
    words = responses.get(status, "Refused")
    return Problem(code, f"The call was refused before the chat was asked: {words}.", status=status)


def problem_of(error: Exception) -> Problem | None:
    """Convert an exception of the chat to a problem; None if it is an unexpected exception."""
    match error:
        case Problem():
            return error
        case ChatError():
            return Problem(error.code, error.text, retry_after=error.retry_after, revision=error.revision)
        case Closed() if error.code == UNAUTHORIZED:
            return Problem("unauthorized", "A good bearer token is needed in the Authorization header.")
        case Closed() if error.code == ROOM_NOT_FOUND:
            return Problem("not_found", "There is no such room.")
        case Closed() if error.code == REMOVED:
            return Problem("forbidden", "This user is banned from the whole site.")
        case Closed() | Unavailable():
            return Problem("unavailable", "This is not available now. Please try again.")
        case SettingsError():
            return Problem("not_provided", "No loaded plugin provides this.")
    return None
