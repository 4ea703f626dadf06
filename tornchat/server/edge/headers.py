"""Headers of every answer, whichever handler gives it."""

from __future__ import annotations

from types import MappingProxyType

SECURITY_HEADERS = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
)
"""For what is no page. A page may load from its own site, and says so itself."""
