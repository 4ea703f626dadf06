"""Entering rooms of the same server by other ways than their names: direct rooms and invites."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from typing import TypeVar

import msgspec

from tornchat.client.calls import Answer, call, url_of
from tornchat.client.errors import CallRefused
from tornchat.client.token import TokenSource

Form = TypeVar("Form")


class _Direct(msgspec.Struct):
    name: str


class _Accepted(msgspec.Struct):
    room: str


class _Problem(msgspec.Struct):
    code: str = "unavailable"
    detail: str = ""


async def open_direct(
    url: str, token: TokenSource, user_ids: Collection[str], *, tls: ssl.SSLContext | None = None
) -> str:
    """Return the URL of the one room of the user of this token and the users with these ids, for `connect`.

    `url` is the URL of any room of the server, and the other arguments are as for `connect`. Raises
    `CallRefused`: `not_found` if one of them is not known or can't be reached, and others; `NotConnected` if
    there is no answer; and `ValueError` if the URL or the token is invalid.
    """
    body = {"user_ids": list(user_ids)}
    answer = await call(url, token, "POST", "direct", body, tls=tls)
    return url_of(url, _read(answer, _Direct).name)


async def accept_invite(
    url: str, token: TokenSource, invite: str, *, tls: ssl.SSLContext | None = None
) -> str:
    """Make the user a member of the room that an invite is for, and return its URL, for `connect`.

    `invite` is the token of the invite. It may be accepted again. Raises `CallRefused`: `invite_expired`,
    `invite_used_up`, `not_found` if it was revoked or its room deleted, and others; otherwise as
    `open_direct`.
    """
    answer = await call(url, token, "POST", "invites/accept", {"token": invite}, tls=tls)
    return url_of(url, _read(answer, _Accepted).room)


def _read(answer: Answer, form: type[Form]) -> Form:
    """Return the body of an answer. Raises `CallRefused`."""
    try:
        if answer.status < 300:
            return msgspec.json.decode(answer.body, type=form)
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise CallRefused("unavailable", f"The server answered {answer.status}.") from None
    raise CallRefused(problem.code, problem.detail)
