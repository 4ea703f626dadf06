"""Names of keys and channels. Room names come from users and are therefore encoded."""

from __future__ import annotations

from urllib.parse import quote


class Names:
    """The names of one chat, all with its prefix.

    Two chats on one server need different prefixes, even in different databases, since channels are common
    to all databases. The prefix is a hash tag, so that all keys of a chat are in one slot of a cluster, as
    scripts that change several keys require.
    """

    def __init__(self, prefix: str, node: str, *, sharded: bool = False) -> None:
        self._prefix = prefix
        self.node = node
        shard = "S" if sharded else ""
        self.publish, self.subscribe, self.unsubscribe = (
            f"{shard}{word}" for word in ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")
        )
        """The commands to use; sharded channels have their own."""
        self.presence = self._key("presence")
        """The channel for changes of rosters."""
        self.nodes = self._key("nodes")
        """The channel on which a node reports that it has lost payloads."""
        self.beat = self._key("beat", node)
        """The channel on which this node publishes beats to itself."""
        self.origin = self._key("origin")
        self.rebuilding = self._key("rebuilding")
        self.leases = self._key("leases")

    def topic(self, topic: str) -> str:
        """Return the channel of a topic."""
        return self._key("topic", topic)

    def rooms(self, node: str) -> str:
        """Return the key of the set of rooms in which a node has sessions."""
        return self._key("rooms", node)

    def room(self, room: str, node: str) -> tuple[str, ...]:
        """Return the keys for a script that changes a room on behalf of a node.

        In this order: the origin, the marker of a rebuild, the version, the users (id to participant), the
        counts (id to number of sessions), the node's sessions (session to user id), the node's rooms and the
        leases.
        """
        return (
            self.origin,
            self.rebuilding,
            self._key("version", room),
            self._key("users", room),
            self._key("counts", room),
            self._key("sessions", room, node),
            self.rooms(node),
            self.leases,
        )

    def _key(self, *parts: str) -> str:
        return ":".join([f"{{{self._prefix}}}", *map(_plain, parts)])


def _plain(name: str) -> str:
    """Encode `name` injectively into letters, digits and `_.-~%`."""
    return quote(name, safe="", errors="surrogatepass")
