"""A Tornado that changed is refused at import, with the cure."""

from __future__ import annotations

import importlib
import sys

import pytest
import tornado.util
import tornado.websocket

from tornchat.server.edge import tornado_private


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (tornado.util, "_websocket_mask"),
        (tornado.websocket, "_WebSocketParams"),
        (tornado.websocket.WebSocketProtocol13, "_receive_frame_loop"),
    ],
)
def test_a_missing_name_is_refused_with_the_cure(monkeypatch, where, name):
    monkeypatch.delitem(sys.modules, tornado_private.__name__)
    monkeypatch.delattr(where, name)
    if isinstance(where, type):
        monkeypatch.setattr(where.__base__, name, None)
    with pytest.raises(ImportError, match=rf"{name}.*pip install 'tornado>=6.6.1,<7'"):
        importlib.import_module(tornado_private.__name__)


def test_the_refusal_names_the_version_found():
    assert tornado.version in str(tornado_private.refusal("it is another"))
