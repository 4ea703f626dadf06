"""All uses of private Tornado names. If Tornado changes one of them, this module fails on import."""

from __future__ import annotations

from socket import socket

import tornado
from tornado.iostream import BaseIOStream, IOStream
from tornado.web import RequestHandler

SUPPORTED = ">=6.6.1,<7"


def refusal(what: str) -> ImportError:
    """Return the exception to raise if the installed Tornado is not supported."""
    return ImportError(
        f"tornchat can't read WebSocket frames with Tornado {tornado.version}: {what}. "
        f"Install a supported version: pip install 'tornado{SUPPORTED}'"
    )


try:
    from tornado.util import _websocket_mask as unmask
    from tornado.websocket import WebSocketProtocol13
    from tornado.websocket import _WebSocketParams as WebSocketParams
except ImportError as error:
    raise refusal(str(error)) from error


def streams_body(handler: type[RequestHandler]) -> bool:
    """Return whether the handler class is decorated with `stream_request_body`."""
    return bool(getattr(handler, "_stream_request_body", False))


OVERRIDDEN = (
    "_abort",
    "_handle_websocket_headers",
    "_parse_extensions_header",
    "_receive_frame_loop",
)
"""Methods of `WebSocketProtocol13` that `upgrade.py` overrides; Tornado must still call them."""


def require(protocol: type, names: tuple[str, ...] = OVERRIDDEN) -> None:
    """Raise `ImportError` if the class lacks one of the methods `names`."""
    for name in names:
        if not callable(getattr(protocol, name, None)):
            raise refusal(f"{protocol.__name__}.{name} is missing")


require(WebSocketProtocol13)
require(RequestHandler, ("_log",))


def bytes_written(stream: IOStream) -> int:
    """Return the number of bytes written to the stream that the kernel has accepted so far."""
    written: int = stream._total_write_done_index
    return written


def bytes_read(stream: IOStream) -> bytes:
    """Return the data that the stream has received but that has not been read from it."""
    return bytes(stream._read_buffer)


def release_socket(stream: IOStream) -> socket:
    """Return the stream's socket, which is the caller's from now on, and close the rest of the stream.

    No descriptor is needed for it, as it would be for a duplicate.
    """
    if stream._state is not None:
        stream.io_loop.remove_handler(stream.socket)
        stream._state = None
    given = stream.socket
    own = socket(given.family, given.type, given.proto, fileno=given.detach())
    own.setblocking(False)
    stream.close()
    return own


for _name in ("_total_write_done_index", "_read_buffer", "_state"):
    if _name not in BaseIOStream.__init__.__code__.co_names:
        raise refusal(f"IOStream has no {_name}")

__all__ = [
    "WebSocketParams",
    "WebSocketProtocol13",
    "bytes_read",
    "bytes_written",
    "release_socket",
    "unmask",
]
