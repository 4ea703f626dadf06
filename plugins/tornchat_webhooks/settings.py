"""The settings in `[webhooks]`."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat import SettingsError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Webhooks to other servers."""

    file: Annotated[
        Path,
        Meta(
            description="The TOML file that lists the webhooks, with their URLs, secrets and filters. "
            "It may be missing if incoming is set."
        ),
    ] = Path("webhooks.toml")
    incoming: Annotated[
        Path | None,
        Meta(
            description="The TOML file that lists the incoming webhooks, with their secrets and rooms. "
            "Not set: there are none."
        ),
    ] = None
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of private addresses to which webhooks may be sent, such as 10.0.0.0/8. "
            "All public addresses are allowed."
        ),
    ] = ()

    def networks(self) -> tuple[Network, ...]:
        """Return the allowed networks. Raises `SettingsError`."""
        try:
            return tuple(ipaddress.ip_network(text) for text in self.allow)
        except ValueError as error:
            raise SettingsError(f"[webhooks] allow: {error}.", "Write networks such as 10.0.0.0/8.") from None
