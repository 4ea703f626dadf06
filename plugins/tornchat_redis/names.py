"""How keys and channels are called. Names of rooms come from users: they are encoded, never taken raw."""

from __future__ import annotations

from urllib.parse import quote


class Names:
    """The names of one chat, all under its prefix.

    Channels have no number of a database: two chats on one server need two prefixes. The prefix is a hash
    tag, so that a cluster has all keys, which the scripts change several of at once, in one place.
    """

    def __init__(self, prefix: str, node: str, *, sharded: bool = False) -> None:
        self._prefix = prefix
        self.node = node
        shard = "S" if sharded else ""
        self.publish, self.subscribe, self.unsubscribe = (
            f"{shard}{word}" for word in ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")
        )
        """The commands: the channels of a shard are others than those of a whole cluster."""
        self.presence = self._key("presence")
        """The channel of every change of a roster."""
        self.nodes = self._key("nodes")
        """The channel on which a node says that it could not publish something."""
        self.beat = self._key("beat", node)
        """The channel on which this node hears nobody but itself."""
        self.origin = self._key("origin")
        self.rebuilding = self._key("rebuilding")
        self.leases = self._key("leases")

    def topic(self, topic: str) -> str:
        """The channel of a topic."""
        return self._key("topic", topic)

    def rooms(self, node: str) -> str:
        """The key of the rooms in which a node has sessions: a set."""
        return self._key("rooms", node)

    def room(self, room: str, node: str) -> tuple[str, ...]:
        """What a script needs to change a room for a node, in this order.

        The origin, the mark of a rebuild, the version, the users (id to participant), the counts (id to
        number of sessions), the node's sessions (session to id), the node's rooms and the leases.
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
    """Give `name` with nothing but letters, digits and `_.-~%`: no two names are the same then."""
    return quote(name, safe="", errors="surrogatepass")
