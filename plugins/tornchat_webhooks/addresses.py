"""Refuses private addresses where a connection is made, so that no name and no redirect leads there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from tornado.netutil import DefaultLoopResolver, Resolver

from tornchat_webhooks.settings import Network


class PublicResolver(Resolver):
    """A resolver that gives only public addresses, and those in the allowed networks."""

    def initialize(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._resolver = DefaultLoopResolver()

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        """Return the addresses of the host. Raises `OSError` if none of them is allowed."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [(kind, address) for kind, address in found if self.allows(address[0])]
        if not allowed:
            raise OSError("the host has only private addresses, and [webhooks] allow has none of them")
        return allowed

    def allows(self, text: str) -> bool:
        """Return whether a webhook may be sent to this address."""
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        if any(address.version == network.version and address in network for network in self._allowed):
            return True
        return address.is_global and not address.is_multicast
