"""The metrics of one chat in a text format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client.exposition import choose_encoder

from tornchat.hooks.calls import Hooks
from tornchat.server.http.checkup import Checkup
from tornchat.server.http.metrics.collector import registry_of
from tornchat.server.http.metrics.families import Node
from tornchat.server.ws.connections import Connections


class Exposition:
    """Encodes the metrics of one chat. It has its own registry, separate from other chats in the process."""

    def __init__(self, hooks: Hooks, connections: Callable[[], Connections | None], checkup: Checkup) -> None:
        """`connections` returns the open connections; None while the chat does not run."""
        self._hooks = hooks
        self._connections = connections
        self._checkup = checkup
        self._health: Mapping[str, Mapping[str, str]] = {}
        self._registry = registry_of(self._node)

    async def text(self, accept: str) -> tuple[bytes, str]:
        """Return the encoded metrics and their content type, chosen by the `Accept` header of the request."""
        if self._connections() is not None:
            self._health = await self._checkup.plugins()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _node(self) -> Node | None:
        connections = self._connections()
        if connections is None:
            return None
        return Node(connections.chat, self._hooks, len(connections), self._health)
