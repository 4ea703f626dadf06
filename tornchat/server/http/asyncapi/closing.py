"""Descriptions of the close codes."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tornchat.errors import (
    FINAL_CLOSE_CODES,
    GOING_AWAY,
    INVALID_TEXT,
    POLICY_VIOLATION,
    POSITION_LOST,
    PROTOCOL_ERROR,
    REMOVED,
    ROOM_NOT_FOUND,
    TOO_BIG,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    UNSUPPORTED_DATA,
)


class CloseCode(NamedTuple):
    """A close code and its meaning."""

    code: int
    meaning: str

    @property
    def then(self) -> Literal["final", "retry"]:
        """ "final", or "retry" if a client should reconnect automatically."""
        return "final" if self.code in FINAL_CLOSE_CODES else "retry"


CLOSE_CODES = (
    CloseCode(GOING_AWAY, "the server is going away; the reason is `retry_after=4.2`, in seconds"),
    CloseCode(PROTOCOL_ERROR, "a frame broke the WebSocket protocol"),
    CloseCode(UNSUPPORTED_DATA, "a binary message"),
    CloseCode(INVALID_TEXT, "text that is not UTF-8, or compressed data that is broken"),
    CloseCode(POLICY_VIOLATION, "flooding, or more than 20 refused messages in 10 seconds"),
    CloseCode(TOO_BIG, "a message larger than `[limits] frame_bytes`"),
    CloseCode(
        TRY_AGAIN_LATER,
        "not now: you read too slowly, have too many connections, the server is too busy, or a part of it is "
        "not available",
    ),
    CloseCode(ROOM_NOT_FOUND, "the room is not there, could not be created, or is not for you"),
    CloseCode(UNAUTHORIZED, "the token is missing, bad or expired"),
    CloseCode(REMOVED, "removed by a moderator"),
    CloseCode(POSITION_LOST, "the position is lost: reconnect without `since` and take a fresh history"),
)
