"""An issuer's published keys (JWKS), fetched in the background while known keys remain usable."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jwt
import msgspec
from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from tornchat import Unavailable
from tornchat_jwt.settings import Settings

FETCH_SECONDS = 2.5
"""Timeout of a fetch, shorter than the deadline of the hook `authenticate`, which may wait for it."""
RETRY_SECONDS = 1.0
"""Minimum pause after a failed fetch."""
MAX_BODY_BYTES = 256 * 1024
MOST_SOUGHT = 1000
"""Maximum number of unknown key ids that are remembered between two fetches."""

logger = logging.getLogger("tornchat.jwt")


class KeySet:
    """The keys of an issuer, as last fetched.

    At most one fetch runs at a time. If it fails, the previous keys remain in use. A token with an unknown
    key id triggers a fetch, at most once per `jwks_cool_down` seconds, whenever the last fetch for another
    reason was. A key id is unknown for good only after a fetch that began while it was sought.
    """

    def __init__(self, settings: Settings, former: KeySet | None = None) -> None:
        """Begin with the keys of `former`, if that has the same URL and algorithms."""
        self._settings = settings
        self._keys: Mapping[tuple[str | None, str], jwt.PyJWK] = {}
        if former is not None and former._source == self._source:
            self._keys = former._keys
        self._fetch: asyncio.Task[None] | None = None
        self._tried_at = self._fetched_at = self._sought_at = -math.inf
        self._sought: set[int] = set()  # hashes, since the ids come from unverified tokens and may be long
        self._absent: set[int] = set()
        self._failure: str | None = "the key set was not fetched yet"

    @property
    def _source(self) -> tuple[str | None, tuple[str, ...]]:
        return self._settings.jwks_url, self._settings.algorithms

    @property
    def is_empty(self) -> bool:
        """True while no keys are known."""
        return not self._keys

    @property
    def failure(self) -> str | None:
        """The reason why the last fetch failed, without the URL; None if it succeeded."""
        return self._failure

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return a known key, or None. Without a key id, return the only key for `algorithm`, if unique.

        Keys older than `jwks_max_age` seconds are still returned, but a fetch is started.
        """
        if self._keys and time.monotonic() - self._fetched_at >= self._settings.jwks_max_age:
            self._refresh()
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, name), key in self._keys.items() if name == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    async def search(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return a key that may be new, fetching the set if permitted; None if there is no such key.

        Raises `Unavailable` if that can't be told: the last fetch failed, or began before the key was sought.
        """
        wanted = hash((key_id, algorithm))
        if len(self._sought) < MOST_SOUGHT:
            self._sought.add(wanted)
        await self._wait(self._seek())
        key = self.find(key_id, algorithm)
        if key is None and self._failure is not None:
            raise Unavailable(self._failure)
        if key is None and wanted not in self._absent:
            raise Unavailable("it is not known yet whether the issuer has published the key of this token")
        return key

    async def refresh(self) -> None:
        """Fetch the set, or wait for the current fetch, unless the last one is too recent. Never raises."""
        await self._wait(self._refresh())

    async def close(self) -> None:
        """Wait for the current fetch, which ends within `FETCH_SECONDS`."""
        await self._wait(self._fetch)

    @staticmethod
    async def _wait(fetch: asyncio.Task[None] | None) -> None:
        # `wait` does not cancel the fetch, which other callers share, if this caller is cancelled.
        if fetch is not None:
            await asyncio.wait({fetch})

    def _seek(self) -> asyncio.Task[None] | None:
        """Return the current fetch, or one for an unknown key id if their cool-down is over, or None."""
        cool_down, now = self._settings.jwks_cool_down, time.monotonic()
        if self._failure is not None or now - self._sought_at < cool_down:
            return self._refresh()
        if self._fetch is None or self._fetch.done():
            self._sought_at = now
            self._fetch = asyncio.create_task(self._replace_keys())
        return self._fetch

    def _refresh(self) -> asyncio.Task[None] | None:
        if self._fetch is not None and not self._fetch.done():
            return self._fetch
        cool_down = self._settings.jwks_cool_down
        pause = cool_down if self._failure is None else min(cool_down, RETRY_SECONDS)
        if time.monotonic() - self._tried_at < pause:
            return None
        self._fetch = asyncio.create_task(self._replace_keys())
        return self._fetch

    async def _replace_keys(self) -> None:
        sought, self._sought = self._sought, set()
        try:
            keys = parse_key_set(await self._body(), self._settings.algorithms)
        except Exception as error:  # the response comes from a foreign server and may be anything
            self._failed(_reason(error))
        else:
            self._succeeded(keys)
            self._absent = sought
        self._tried_at = time.monotonic()

    async def _body(self) -> bytes:
        client = SimpleAsyncHTTPClient(
            force_instance=True, max_body_size=MAX_BODY_BYTES, max_buffer_size=MAX_BODY_BYTES
        )
        try:
            response = await client.fetch(
                str(self._settings.jwks_url),
                connect_timeout=FETCH_SECONDS,
                request_timeout=FETCH_SECONDS,
                follow_redirects=False,
                decompress_response=False,
            )
        finally:
            client.close()
        return response.body

    def _failed(self, reason: str) -> None:
        if self._failure != reason:
            logger.warning("the key set can't be fetched: %s", reason)
        self._failure = reason

    def _succeeded(self, keys: Mapping[tuple[str | None, str], jwt.PyJWK]) -> None:
        if self._failure is not None:
            logger.info("the key set was fetched: %d keys", len(keys))
        self._keys, self._failure, self._fetched_at = keys, None, time.monotonic()


def parse_key_set(body: bytes, algorithms: tuple[str, ...]) -> dict[tuple[str | None, str], jwt.PyJWK]:
    """Parse a JWKS document and return the keys for `algorithms`, by (key id, algorithm).

    Keys for other algorithms or purposes, private keys and weak keys are omitted. Raises `ValueError` if no
    key remains, and other exceptions for a malformed document.
    """
    keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
    for description in msgspec.json.decode(body)["keys"]:
        for key in _fitting_keys(description, algorithms):
            keys.setdefault((key.key_id, key.algorithm_name), key)
    if not keys:
        raise ValueError("no usable key")
    return keys


def _fitting_keys(description: Any, algorithms: tuple[str, ...]) -> Iterator[jwt.PyJWK]:
    for algorithm in algorithms:
        try:
            if _is_meant_for(description, algorithm):
                yield _checked(jwt.PyJWK.from_dict(description, algorithm))
        except Exception:  # noqa: S112 (one invalid key must not affect the others)
            continue


def _is_meant_for(description: dict[str, Any], algorithm: str) -> bool:
    return (
        description.get("alg", algorithm) == algorithm
        and description.get("use", "sig") == "sig"
        and "verify" in description.get("key_ops", ["verify"])
        and isinstance(description.get("kid", ""), str)
        and "d" not in description
    )


def _checked(key: jwt.PyJWK) -> jwt.PyJWK:
    too_short = key.Algorithm.check_key_length(key.Algorithm.prepare_key(key.key))
    if too_short is not None:
        raise jwt.InvalidKeyError(too_short)
    return key


def _reason(error: Exception) -> str:
    """Return the class and status of an error; its message may contain the URL, and that a password."""
    if isinstance(error, HTTPClientError):
        return f"{type(error).__name__} {error.code}"
    return type(error).__name__ if isinstance(error, OSError) else "the answer holds no usable key"
