"""The objects shared by the HTTP handlers of one chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tornado.template import Loader

from tornchat.config.settings import Settings
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.loader import Plugin
from tornchat.rates import Rates
from tornchat.server.edge.edge import Edge
from tornchat.server.http.checkup import Checkup
from tornchat.server.http.files import StaticFiles
from tornchat.server.http.guests import Guests
from tornchat.server.http.metrics.exposition import Exposition
from tornchat.server.http.samples import Samples
from tornchat.server.ws.connections import Connections
from tornchat.service.chat import Chat

TEMPLATES = Path(__file__).parents[1] / "templates"
Phase: TypeAlias = Literal["starting", "running", "draining", "stopped"]


class Site:
    """The shared state of the HTTP handlers: one per `ChatApp`, for all prefixes it is mounted under.

    The owner sets `phase` and `samples`.
    """

    def __init__(
        self,
        settings: Settings,
        hooks: Hooks,
        plugins: Sequence[Plugin],
        connections: Callable[[], Connections | None],
        edge: Edge,
    ) -> None:
        """`connections` returns the open connections; None while the chat does not run."""
        self.settings = settings
        self.hooks = hooks
        self.plugins = plugins
        self.edge = edge
        self.phase: Phase = "starting"
        self.samples: Samples | None = None
        """Samples for the dashboard; None until the chat runs."""
        limits = settings.limits
        self.rates = Rates(limits.requests_per_second, limits.request_burst)
        self.guests = Guests(settings, plugins)
        self.files = StaticFiles()
        self.checkup = Checkup(hooks)
        self.exposition = Exposition(hooks, connections, self.checkup)
        self.templates = Loader(str(TEMPLATES))
        self.plugin_routes: Sequence[Any] = ()
        """Routes from the hook `http_routes`, once the chat has started. Any: Tornado's rules."""
        self.documents: dict[str, dict[str, Any]] = {}
        """Prefix -> the OpenAPI document, generated on first use. Any: JSON types."""
        self._connections = connections

    def reload(self, settings: Settings) -> None:
        """Apply the limits in `settings`, and forget what was generated from the former ones."""
        self.rates.change(settings.limits.requests_per_second, settings.limits.request_burst)
        self.guests.reload(settings)
        self.documents.clear()

    @property
    def connections(self) -> Connections | None:
        """The open connections; None while the chat does not run."""
        return self._connections()

    @property
    def chat(self) -> Chat:
        """The chat. Raises `Unavailable` while it does not run."""
        found = self._connections()
        if found is None:
            raise Unavailable("the chat does not run")
        return found.chat
