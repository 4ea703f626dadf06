"""The health checks: `/healthz` for liveness, and `/readyz` for readiness with the state of the plugins."""

from __future__ import annotations

from types import MappingProxyType
from typing import TypeAlias

import msgspec

from tornchat.server.http.api.document import answering
from tornchat.server.http.handler import SiteHandler
from tornchat.server.http.metrics.handler import is_allowed, slow_guesses

Plugins: TypeAlias = dict[str, dict[str, str]]


class Health(msgspec.Struct, frozen=True):
    """The response of `/healthz`. `status` is "ok" if the event loop runs."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """The response of `/readyz`.

    `status` is "ok", "degraded" (a part of a plugin reports an error, but clients are served), "full" (no
    more connections are accepted), "refusing" (messages can't be stored), "starting", "draining" or
    "stopped". `plugins` is the last known plugin name -> part -> "ok" or an error; it is empty for clients
    that may not read the metrics.
    """

    status: str
    plugins: Plugins


class HealthHandler(SiteHandler):
    """Answers 200 as long as the event loop runs."""

    openapi = MappingProxyType(
        {"get": answering("Check whether the process is alive", Health, {200: "It is alive."})}
    )

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> str | None:
        return None

    async def get(self) -> None:
        self.write(msgspec.json.encode(Health("ok")))

    async def head(self) -> None:
        await self.get()


class ReadyHandler(HealthHandler):
    """Answers 200 while the chat runs, and 503 before it has started, once it is stopping, if it is full,
    and after a failed commit.

    The answer is the last known state, so that it comes at once even if a plugin hangs.
    """

    openapi = MappingProxyType(
        {
            "get": answering(
                "Check whether the node accepts clients",
                Readiness,
                {
                    200: "It accepts clients.",
                    503: "It is full, can't store messages, is starting or stopping.",
                },
            )
        }
    )

    async def get(self) -> None:
        found = await self._readiness()
        if found.status not in ("ok", "degraded"):
            self.set_status(503)
            self.set_header("Retry-After", "1")
        self.write(msgspec.json.encode(found))

    async def _readiness(self) -> Readiness:
        site = self.site
        plugins = await site.checkup.plugins() if site.phase == "running" else {}
        if site.phase != "running":
            return Readiness(site.phase, {})
        status = self._status(plugins)
        if is_allowed(self.request, site.settings.metrics):
            return Readiness(status, plugins)
        await slow_guesses(self, site.settings.metrics)
        return Readiness(status, {})

    def _status(self, plugins: Plugins) -> str:
        if self.site.edge.is_full:
            return "full"
        if not self.site.checkup.stores:
            return "refusing"
        fine = all(words == "ok" for parts in plugins.values() for words in parts.values())
        return "ok" if fine else "degraded"
