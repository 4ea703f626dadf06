"""The plugin class: one durable consumer for each webhook, and the route of the incoming ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornado.simple_httpclient import SimpleAsyncHTTPClient

from tornchat import ChatHandle, Consumer, hookimpl
from tornchat_webhooks.addresses import PublicResolver
from tornchat_webhooks.doors import read_doors
from tornchat_webhooks.incoming import PATH, Incoming
from tornchat_webhooks.sender import Sender
from tornchat_webhooks.settings import WebhookSettings
from tornchat_webhooks.targets import Target, read_targets

MOST_REQUESTS = 64
"""Requests at the same time, to all webhooks together."""
MOST_ANSWER_BYTES = 64 * 1024
SINGLE_SECONDS = 600.0
"""For a batch whose entries are posted one by one."""


class WebhooksPlugin:
    """The plugin `webhooks`."""

    Settings = WebhookSettings

    def __init__(self, settings: WebhookSettings) -> None:
        """Raises `SettingsError`."""
        self._allowed = settings.networks()
        self._doors = read_doors(settings.incoming) if settings.incoming is not None else None
        only_incoming = self._doors is not None and not settings.file.exists()
        self._targets = {} if only_incoming else read_targets(settings.file)
        self._senders = {name: Sender(name, target) for name, target in self._targets.items()}
        self._client: SimpleAsyncHTTPClient | None = None

    @hookimpl
    def consumers(self) -> Sequence[Consumer]:
        return [_consumer(name, target, self._senders[name]) for name, target in self._targets.items()]

    @hookimpl
    def http_routes(self, chat: ChatHandle) -> Sequence[Any]:
        """Any: Tornado's rules."""
        return [] if self._doors is None else [(PATH, Incoming, {"chat": chat, "doors": self._doors})]

    @hookimpl
    def startup(self) -> None:
        self._client = SimpleAsyncHTTPClient(
            force_instance=True,
            resolver=PublicResolver(allowed=self._allowed),
            max_clients=MOST_REQUESTS,
            max_body_size=MOST_ANSWER_BYTES,
        )
        for sender in self._senders.values():
            sender.client = self._client

    @hookimpl
    def shutdown(self) -> None:
        for sender in self._senders.values():
            sender.client = None
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _consumer(name: str, target: Target, sender: Sender) -> Consumer:
    return Consumer(
        f"webhooks:{name}",
        sender.take,
        rooms="*" if target.rooms is None else target.rooms,
        kinds="*" if target.kinds is None else target.kinds,
        start=target.start,
        deadline=target.timeout + 5.0 if target.batch else SINGLE_SECONDS,
    )
