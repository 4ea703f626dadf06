"""What the HTTP side, the WebSockets and the listening server share about clients and their limits."""

from __future__ import annotations

import asyncio
import logging
import math
import resource
import time
from collections import Counter
from functools import partial

from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream
from tornado.web import RequestHandler

from tornchat.config.sections import LimitsSection
from tornchat.config.settings import Settings
from tornchat.metrics.counts import Counts
from tornchat.offenders import Offenders
from tornchat.rates import Rates, network_of
from tornchat.server.edge.addresses import Client, Proxies, is_local
from tornchat.server.edge.hostlogin import HostLogin, Identify, Login
from tornchat.server.edge.logins import FailedLogins
from tornchat.server.edge.outside import Outside
from tornchat.server.edge.readers import SlowReaders
from tornchat.server.edge.sockets import UserSockets

MOST_MARGIN = 64
"""Descriptors that are kept for files, databases and the bus: so many, or a quarter if that is less."""
NO_LIMIT = 1 << 20
"""What counts as the number of descriptors where the system names none."""
MOST_FORWARDERS = 1_000
FULL_RETRY_SECONDS = 5
"""`Retry-After` of a connection that is refused because there are too many."""

log = logging.getLogger("tornchat.limits")


class Edge:
    """One per `ChatApp`. Addresses, limits per address and user, and the number of connections."""

    def __init__(self, settings: Settings, identify: Identify | None = None) -> None:
        """`identify` is the login of the host's application, if it has one."""
        limits = settings.limits
        self._limits = limits
        self.proxies = Proxies(settings.server.trusted_proxies)
        self.outside = Outside(settings.server.prefix, self.proxies)
        self.offenders = Offenders(time.monotonic)
        self._host = HostLogin(identify, self.offenders) if identify is not None else None
        self.logins = FailedLogins(limits.failed_logins_per_minute, self.offenders)
        self.sockets = UserSockets(limits.sockets_per_user, limits.sockets_per_room, self.offenders)
        self.readers = SlowReaders(self.offenders)
        self.most = 0
        """The most connections; 0 is no limit. Known once the chat has started."""
        self.paused = False
        """True while no connection is accepted, since there are no descriptors left."""
        self._plain: dict[IOStream, str] = {}
        self._upgraded = 0
        self._networks: Counter[str] = Counter()
        self._handshakes = Rates(limits.handshakes_per_second, limits.handshake_burst)
        self._forwarders: dict[str, None] = {}

    def begin(self, counts: Counts) -> None:
        """Count in `counts` from now on, and find out how many connections there may be."""
        self.offenders.counts = counts.limits
        self._allow(self._limits)
        self.logins.begin(self.most)

    def reload(self, limits: LimitsSection) -> None:
        """Apply other limits. Connections beyond them stay open."""
        self._allow(limits)
        self.logins.per_minute = limits.failed_logins_per_minute
        self.logins.limit(self.most)
        self.sockets.limit(limits.sockets_per_user, limits.sockets_per_room)
        self._handshakes.change(limits.handshakes_per_second, limits.handshake_burst)

    def _allow(self, limits: LimitsSection) -> None:
        self._limits = limits
        self.most = affordable() if limits.connections == "auto" else limits.connections

    def login(self, handler: RequestHandler) -> Login | None:
        """Return what asks the host's application who makes this request; None if it has no login."""
        return partial(self._host.user_of, handler) if self._host is not None else None

    # --- addresses ---

    def client(self, request: HTTPServerRequest) -> Client:
        """Return who sent `request`, and make its `remote_ip` the client's address."""
        found = self.proxies.client(request)
        request.remote_ip = found.address
        if found.network is None:
            self._note_forwarder(found.address)
        return found

    def _note_forwarder(self, peer: str) -> None:
        if peer in self._forwarders:
            return
        if len(self._forwarders) >= MOST_FORWARDERS:
            self._forwarders.pop(next(iter(self._forwarders)))
        self._forwarders[peer] = None
        if self.offenders.may_tell("untrusted_proxy", peer):
            log.warning(
                "%s sends forwarding headers and is not in [server] trusted_proxies: its clients' addresses "
                "are not known, and limits per address are off for it",
                peer,
                extra={"event": "untrusted_proxy", "ip": peer},
            )

    # --- connections ---

    @property
    def connections(self) -> int:
        """How many connections are open: WebSockets, and those of the server of our own that are none."""
        return len(self._plain) + self._upgraded

    @property
    def is_full(self) -> bool:
        """True if no more connections are accepted, or only to be refused."""
        return self.paused or bool(self.most and self.connections >= self.most)

    def admits(self, peer: str) -> bool:
        """Return True if one more TCP connection of `peer` may be accepted."""
        most = self._limits.connections_per_address
        network = network_of(peer)
        if not most or self._networks.get(network, 0) < most or self._is_exempt(peer):
            return True
        self.offenders.note("connections_per_address", network, "more connections are refused with 429")
        return False

    def _is_exempt(self, peer: str) -> bool:
        return is_local(peer) or peer in self._forwarders or self.proxies.trusts(peer)

    def opened(self, stream: IOStream, peer: str) -> None:
        """Count a TCP connection in."""
        network = self._plain[stream] = network_of(peer)
        self._networks[network] += 1

    def closed(self, stream: IOStream | None) -> None:
        """Count a TCP connection out: it has ended, or is a WebSocket now. Idempotent."""
        network = None if stream is None else self._plain.pop(stream, None)
        if network is not None:
            self._forget(network)

    def upgraded(self, client: Client) -> None:
        """Count a WebSocket in."""
        self._upgraded += 1
        if client.network:
            self._networks[client.network] += 1

    def ended(self, client: Client) -> None:
        """Count a WebSocket out."""
        self._upgraded -= 1
        if client.network:
            self._forget(client.network)

    def _forget(self, network: str) -> None:
        self._networks[network] -= 1
        if self._networks[network] <= 0:
            del self._networks[network]

    # --- handshakes ---

    def handshake_wait(self, client: Client) -> int:
        """Return 0 if `client` may open a WebSocket now, or the seconds after which it may try again."""
        network = client.network
        if network is None or client.exempt:
            return 0
        wait = self._handshakes.wait(network, asyncio.get_running_loop().time())
        if wait:
            self.offenders.note("handshakes_per_address", network, "handshakes are refused with 429")
            return math.ceil(wait)
        most = self._limits.connections_per_address
        own = 1 if client.direct and self._plain else 0  # the connection that the handshake came on
        if most and self._networks.get(network, 0) - own >= most:
            self.offenders.note("connections_per_address", network, "handshakes are refused with 429")
            return FULL_RETRY_SECONDS
        return 0

    def is_crowded(self) -> bool:
        """Return True if one more WebSocket would be one too many. Counted and logged if so."""
        if not self.most or self.connections - bool(self._plain) < self.most:
            return False
        self.offenders.note("connections", "this server", "more connections are refused with 503")
        return True


def affordable() -> int:
    """How many connections the descriptors of this process allow."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = NO_LIMIT if soft == resource.RLIM_INFINITY else soft
    return max(1, descriptors - min(MOST_MARGIN, descriptors // 4))
