"""The handler of API calls: origin, authentication, rate limit, inputs and deadline."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from tornado.web import HTTPError, RequestHandler, stream_request_body

from tornchat.errors import UNAUTHORIZED, Closed
from tornchat.model import User
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.decoding import inputs
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.problems import MEDIA_TYPE, Problem, problem_of, problem_of_status
from tornchat.server.http.handler import SiteHandler
from tornchat.server.http.site import Site
from tornchat.server.ws import handshake
from tornchat.service import rights

log = logging.getLogger("tornchat.http")

MAX_BODY_BYTES = 65536
MOST_ORIGIN = 200
"""Maximum number of characters of an Origin header in the log."""
CALL_SECONDS = 20.0
"""A whole call's deadline. Each hook that it asks has a shorter one of its own."""
COOKIE_ALONE = (
    "A call with a cookie needs an Origin header, a bearer token, or the XSRF token of this site: a page of "
    "another site could have sent it."
)
NOTHING: Mapping[str, Endpoint] = MappingProxyType({})
_encode = msgspec.json.Encoder().encode


@stream_request_body
class ApiHandler(SiteHandler):
    """Handles all calls at one path. `endpoints` maps the allowed methods to their endpoints."""

    def initialize(self, site: Site, prefix: str, endpoints: Mapping[str, Endpoint] = NOTHING) -> None:
        super().initialize(site, prefix)
        self._endpoints = endpoints
        self._received = bytearray()
        self._caller: User | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_connection_close(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        super().on_connection_close()

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> str | None:
        return None  # responses must not be cached

    # --- the body ---

    def prepare(self) -> None:
        """Refuse a body before reading it if its Content-Length is too large."""
        length = self.request.headers.get("Content-Length", "0")
        if len(length) > 12 or (length.isdecimal() and int(length) > MAX_BODY_BYTES):
            self._refuse(_too_big())

    def data_received(self, chunk: bytes) -> None:
        """Append to the body, until it exceeds the limit by at most one chunk."""
        if len(self._received) <= MAX_BODY_BYTES:
            self._received += chunk

    # --- the methods ---

    async def get(self, *segments: str) -> None:
        await self._answer(segments)

    async def head(self, *segments: str) -> None:
        await self._answer(segments)

    async def post(self, *segments: str) -> None:
        await self._answer(segments)

    async def put(self, *segments: str) -> None:
        await self._answer(segments)

    async def patch(self, *segments: str) -> None:
        await self._answer(segments)

    async def delete(self, *segments: str) -> None:
        await self._answer(segments)

    async def options(self, *segments: str) -> None:
        """Answer with the allowed methods, and with CORS headers for allowed origins."""
        try:
            self._check_origin()
            self.set_status(204)
            self.set_header("Allow", self._allowed())
        except Problem as problem:
            self._refuse(problem)

    async def _answer(self, segments: tuple[str, ...]) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                body = await self._run(segments)
        except TimeoutError:
            self._refuse(self._late())
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            self._refuse(problem)
        else:
            if body:
                await self.send(body)  # as slowly as the client reads

    def _late(self) -> Problem:
        """Return the problem for a missed deadline. Calls that change something may still take effect."""
        if self.request.method in ("GET", "HEAD"):
            return Problem("unavailable", "This is not available now. Please try again.")
        return Problem("unconfirmed", "It is not known whether this was done. Look, before you try again.")

    async def _run(self, segments: tuple[str, ...]) -> bytes:
        """Do what is called for, set the status and the headers, and return the body."""
        self._check_origin()
        endpoint = self._endpoint()
        self._caller = user = await self._user(endpoint, segments)
        self.request.body = bytes(self._received)
        if len(self.request.body) > MAX_BODY_BYTES:
            raise _too_big()
        given = inputs(endpoint, self.request, segments)
        login = self.site.edge.login(self)
        call = Call(self.site, self.outside, self.request, user, endpoint.status, login, self._note_failure)
        answer = await endpoint.run(call, **given)
        self.set_status(call.status)
        for name, value in call.headers.items():
            self.set_header(name, value)
        if answer is None:
            self.clear_header("Content-Type")
            return b""
        encoded = _encode(answer)
        return b"" if endpoint.tagged and self._is_known(encoded) else encoded

    def _is_known(self, body: bytes) -> bool:
        """Return whether the caller has this answer already; the status is then 304."""
        self.set_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        known = self.check_etag_header()
        if known:
            self.set_status(304)
        return known

    def _endpoint(self) -> Endpoint:
        method = self.request.method
        found = self._endpoints.get("GET" if method == "HEAD" else method or "")
        if found is not None:
            return found
        if not self._endpoints:
            raise Problem("not_found", "There is no such call; /openapi.json has them all.")
        raise self._method_not_allowed()

    def _method_not_allowed(self) -> Problem:
        allowed = self._allowed()
        return Problem("method_not_allowed", f"Allowed here: {allowed}.", headers={"Allow": allowed})

    def _allowed(self) -> str:
        more = ["HEAD"] if "GET" in self._endpoints else []
        return ", ".join([*self._endpoints, *more, "OPTIONS"])

    # --- who calls ---

    def check_xsrf_cookie(self) -> None:
        """Called in a host with `xsrf_cookies=True`, for calls that change something.

        The chat refuses what a page of another site sends by its Origin. Only a call with cookies and without
        an Origin needs the host's XSRF token: a browser sends no bearer token by itself. Raises `HTTPError`.
        """
        headers = self.request.headers
        bearer = headers.get("Authorization", "").lower().startswith("bearer ")
        if bearer or "Origin" in headers or "Cookie" not in headers:
            return
        try:
            RequestHandler.check_xsrf_cookie(self)
        except HTTPError as error:
            raise CookieAlone(error.status_code, error.log_message) from None

    def check_trusted_origin(self, origin: str) -> bool:
        """Return whether a page of `origin` may call, in a host with `cross_origin_protection=True`."""
        return handshake.origin_allowed(self.request, self.site.settings.server.allowed_origins)

    def _check_origin(self) -> None:
        """Raise `Problem` for a page of a foreign origin, since cookies may authenticate its requests."""
        allowed = self.site.settings.server.allowed_origins
        if not handshake.origin_allowed(self.request, allowed):
            self._tell_refused_origin(self.request.headers["Origin"][:MOST_ORIGIN])
            raise Problem("forbidden", "This origin may not call. See [server] allowed_origins.")
        if allowed:
            self.add_header("Vary", "Origin")
            self._share(self.request.headers.get("Origin"))

    def _tell_refused_origin(self, origin: str) -> None:
        if self.site.edge.offenders.may_tell("refused_origin", self.client.offender):
            facts = {"event": "refused_origin", "origin": origin, "ip": self.client.address}
            log.warning("refused origin %(origin)r from %(ip)s", facts, extra=facts)

    def _share(self, origin: str | None) -> None:
        """Set the CORS headers that permit a page of an allowed origin to read the response."""
        if origin is not None:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Allow-Methods", self._allowed())
            self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
            self.set_header("Access-Control-Expose-Headers", "Retry-After")
            self.set_header("Access-Control-Max-Age", "600")
            self.set_header("Cross-Origin-Resource-Policy", "cross-origin")

    async def _user(self, endpoint: Endpoint, segments: tuple[str, ...]) -> User | None:
        """Authenticate the caller, if the endpoint requires it. Raises `Problem`, `Closed`."""
        if endpoint.who == "anybody":
            self._count_address()
            return None
        room = dict(zip(endpoint.parameters, segments, strict=True)).get("room", "")
        try:
            user = await self.site.chat.connecting.connect(
                handshake.header_credentials(self.request, room), self.site.edge.login(self)
            )
        except Closed as refusal:
            await self._note_failure(refusal)
            self._count_address()
            raise
        self._count(("user", user.id))
        if endpoint.who == "admin" and not rights.may(rights.standings(user), "read dashboard"):
            raise Problem("forbidden", "This is for users with the role admin.")
        return user

    async def _note_failure(self, refusal: Closed) -> None:
        """Log and count a refused login, and wait until it may be answered."""
        edge = self.site.edge
        self.site.chat.connecting.turned_away(refusal)
        told = edge.offenders.may_tell("auth_failure", f"{self.client.offender} {refusal.cause}")
        facts = {"event": "auth_failure", "ip": self.client.address, "cause": refusal.cause}
        level = logging.INFO if told else logging.DEBUG
        log.log(level, "a call from %(ip)s: refused: %(cause)s", facts, extra=facts)
        if refusal.code == UNAUTHORIZED:
            await edge.logins.delay(self.client.network, self._gone)

    def _count_address(self) -> None:
        if self.client.network is not None:
            self._count(("address", self.client.network))

    def _count(self, caller: Hashable) -> None:
        wait = self.site.rates.wait(caller, asyncio.get_running_loop().time())
        if wait:
            raise Problem("rate_limited", "Too many calls; slow down.", retry_after=wait)

    # --- refusals ---

    def _refuse(self, problem: Problem) -> None:
        self._note_refusal(problem)
        self.set_status(problem.status)
        self.set_header("Content-Type", MEDIA_TYPE)
        for name, value in problem.headers.items():
            self.set_header(name, value)
        self.finish(_encode(problem.body))

    def _note_refusal(self, problem: Problem) -> None:
        """Count and log a refused message; the answer has the same request id as the log line."""
        endpoint, connections = self._endpoints.get(self.request.method or ""), self.site.connections
        if endpoint is None or not endpoint.sends or connections is None:
            return
        request = secrets.token_hex(8)
        self.set_header("X-Request-Id", request)
        room = dict(zip(endpoint.parameters, self.path_args, strict=True)).get("room", "")
        user = self._caller.id if self._caller is not None else ""
        connections.chat.refusing.note(problem.code, problem.detail, "http", request, user, room)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an unexpected exception with a problem that does not reveal its cause.

        An `HTTPError`, such as the host's application raises, keeps its status.
        """
        match kwargs.get("exc_info", (None, None, None))[1]:
            case HTTPError(status_code=405):
                self._refuse(self._method_not_allowed())
            case CookieAlone():
                self._refuse(Problem("forbidden", COOKIE_ALONE))
            case _:
                self._refuse(problem_of_status(status_code))


class CookieAlone(HTTPError):
    """A call in a host with `xsrf_cookies=True`, which somebody else may have made the browser send."""


def _too_big() -> Problem:
    return Problem("too_big", f"A body has at most {MAX_BODY_BYTES} bytes.")
