"""Location of the server: a fixed address, the master known to Sentinels, or a node of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError

Options = Mapping[str, Any]
SENTINEL_PORT = 26379


class RedisPlace(Protocol):
    """Locates the server."""

    async def find(self) -> AbstractConnection:
        """Return an unopened connection to the current server. Raises `RedisError` or `OSError`."""


class RedisAddress:
    """A server at a fixed address."""

    def __init__(self, url: str, options: Options) -> None:
        """Raises `ValueError` or `TypeError` if the URL is invalid."""
        parts = urlsplit(url)
        if parts.scheme == "unix" and not parts.path:
            raise ValueError("no path")
        self._pool = ConnectionPool.from_url(url, **options)
        self.make()

    def make(self) -> AbstractConnection:
        """Return an unopened connection."""
        connection: AbstractConnection = self._pool.make_connection()
        return connection

    async def find(self) -> AbstractConnection:
        """See `RedisPlace`."""
        return self.make()


class _Several(NamedTuple):
    """A URL that names several servers: `scheme://user@host:port,host:port/path?query`."""

    scheme: str
    user: str
    hosts: Sequence[str]
    path: str
    query: str

    def url(self, host: str, path: str = "", *, user: bool = True) -> str:
        """Return the URL of one of the servers."""
        return f"{self.scheme}://{self.user if user else ''}{host}/{path}{self.query}"


class Sentinels:
    """The master of a service that Sentinels monitor.

    The URL is `redis+sentinel://<host>:<port>,<host>:<port>/<service>/<number>`.
    """

    def __init__(self, url: str, options: Options) -> None:
        self._url, self._options = _split(url), options
        self._service, _, self._number = self._url.path.partition("/")
        if not self._service:
            raise ValueError("no service")
        hosts = [host if ":" in host else f"{host}:{SENTINEL_PORT}" for host in self._url.hosts]
        self._seeds = [RedisAddress(self._url.url(host, user=False), options) for host in hosts]

    async def find(self) -> AbstractConnection:
        """See `RedisPlace`."""
        words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
        host, port = await _first_answer(self._seeds, words)
        return RedisAddress(self._url.url(_joined(host, port), self._number), self._options).make()


class Cluster:
    """The master of the cluster slot that contains all keys.

    The URL is `redis+cluster://<host>:<port>,<host>:<port>`.
    """

    def __init__(self, url: str, options: Options, key: str) -> None:
        self._url, self._options = _split(url), options
        self._slot = key_slot(key.encode())
        self._seeds = [RedisAddress(self._url.url(host), options) for host in self._url.hosts]

    async def find(self) -> AbstractConnection:
        """See `RedisPlace`."""
        for first, last, master, *_ in await _first_answer(self._seeds, ("CLUSTER", "SLOTS")):
            if first <= self._slot <= last:
                return RedisAddress(self._url.url(_joined(*master[:2])), self._options).make()
        raise NoConnection("no server of the cluster has the slot")


def place_of(url: str, options: Options, key: str) -> RedisPlace:
    """Return the place for `url`, without connecting. Raises `ValueError` or `TypeError`."""
    kind = url.partition("://")[0].partition("+")[2]
    if kind == "sentinel":
        return Sentinels(url, options)
    return Cluster(url, options, key) if kind == "cluster" else RedisAddress(url, options)


def _split(url: str) -> _Several:
    scheme, _, rest = url.partition("://")
    rest, mark, query = rest.partition("?")
    place, _, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    return _Several(scheme.partition("+")[0], user + at, hosts.split(","), path, mark + query)


def _joined(host: bytes, port: int | bytes) -> str:
    name = host.decode("ascii")
    return f"[{name}]:{int(port)}" if ":" in name else f"{name}:{int(port)}"


async def _first_answer(seeds: Sequence[RedisAddress], words: Sequence[str]) -> Any:
    """Query the servers in order and return the first non-empty reply. Raises the last error if none."""
    failure: Exception = NoConnection("nobody knows where the server is")
    for seed in seeds:
        connection = seed.make()
        try:
            await connection.connect()
            await connection.send_command(*words)
            answer = await connection.read_response()
            if answer:
                return answer
        except (RedisError, OSError) as error:
            failure = error
        finally:
            await connection.disconnect(nowait=True)
    raise failure
