"""`/healthz`: the process lives. `/readyz`: it may be sent clients, and how its plugins are."""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from tornchat.server.http.api.document import answering
from tornchat.server.http.handler import SiteHandler


class Health(msgspec.Struct, frozen=True):
    """What `/healthz` answers: ok, as long as the event loop turns."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """What `/readyz` answers. `status` is ok, degraded (a part of a plugin is not ok, and clients are
    served all the same), starting, draining or stopped. `plugins`: name -> part -> "ok" or what is wrong."""

    status: str
    plugins: dict[str, dict[str, str]]


class HealthHandler(SiteHandler):
    """Alive as long as the event loop turns."""

    openapi = MappingProxyType({"get": answering("Is it alive?", Health, {200: "Yes."})})

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
    """503 until the chat has started, and from the moment on in which it is being stopped."""

    openapi = MappingProxyType(
        {
            "get": answering(
                "May it be sent clients?", Readiness, {200: "Yes.", 503: "No; it starts or stops."}
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
        fine = all(words == "ok" for parts in plugins.values() for words in parts.values())
        return Readiness("ok" if fine else "degraded", plugins)
