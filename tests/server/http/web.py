"""Plain HTTP requests to a running chat, and answers that are easy to look at."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

from tornchat.testing import RunningChat


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem (RFC 9457), whose form is checked, too."""
        assert self.headers["Content-Type"] == "application/problem+json"
        told = self.json
        assert {"type", "title", "status", "detail", "code"} <= set(told)
        assert told["status"] == self.status
        return str(told["code"])


async def ask(
    chat: RunningChat,
    method: str,
    path: str,
    user: str | None = None,
    body: object = None,
    *,
    roles: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
) -> Answer:
    """Make one request: as `user` (whose id is `id-<user>`) with `roles`, with `body` as JSON, or `raw`."""
    sent = dict(headers or {})
    if user is not None:
        sent["Authorization"] = f"Bearer {chat.token(user, *roles)}"
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
        raw = json.dumps(body).encode()
    request = HTTPRequest(
        f"http://127.0.0.1:{chat.port}{path}",
        method=method,
        headers=sent,
        body=raw,
        allow_nonstandard_methods=True,
        follow_redirects=False,
    )
    found = await AsyncHTTPClient().fetch(request, raise_error=False)
    return Answer(found.code, found.headers, found.body)
