"""Which offers of permessage-deflate are accepted, and with what answer (RFC 7692, 7.1)."""

from __future__ import annotations

import pytest

from tornchat.server.ws.extensions import MOST_OFFERS, agree

ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offer", "asked", "window"),
    [
        ("permessage-deflate", "", 12),
        (" permessage-deflate ; client_max_window_bits ", "", 12),
        ("permessage-deflate; client_max_window_bits=8", "", 12),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", "", 12),
        ("permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=12", 12),
        ("permessage-deflate; server_max_window_bits=12", "; server_max_window_bits=12", 12),
        ("permessage-deflate; server_max_window_bits=11", "; server_max_window_bits=9", 9),
        ("permessage-deflate; server_max_window_bits=9", "; server_max_window_bits=9", 9),
        ('permessage-deflate; server_max_window_bits="10"', "; server_max_window_bits=9", 9),
        ("x-webkit-deflate-frame, permessage-deflate", "", 12),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", "", 12),
        ("permessage-deflate; nonsense, permessage-deflate; server_max_window_bits = 9", None, 9),
    ],
)
def test_an_offer_that_can_be_kept(offer, asked, window):
    agreed = agree([offer])
    assert agreed is not None
    assert agreed.window_bits == window
    assert agreed.header == ANSWER + ("; server_max_window_bits=9" if asked is None else asked)


@pytest.mark.parametrize(
    "parameters",
    [
        "server_max_window_bits=8",  # zlib has none
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=99",
        "server_max_window_bits=09",
        "server_max_window_bits=-9",
        "server_max_window_bits=",
        "server_max_window_bits",
        'server_max_window_bits="9',
        "server_max_window_bits=\u0661\u0660",
        "server_max_window_bits=" + "9" * 5_000,
        "client_max_window_bits=7",
        "client_max_window_bits=x",
        "client_max_window_bits=",
        "server_no_context_takeover=1",
        "client_no_context_takeover=yes",
        "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_max_window_bits=9",
        "server_max_window_bits=9; server_max_window_bits=9",
        "SERVER_MAX_WINDOW_BITS=9; junk",
        "junk",
        "=",
        "",
        ";;",
    ],
    ids=lambda value: value[:40],
)
def test_an_offer_that_can_not(parameters):
    assert agree([f"permessage-deflate; {parameters}"]) is None
    assert agree([f"permessage-deflate; {parameters}", "permessage-deflate"]) is not None


@pytest.mark.parametrize(
    "headers",
    [[], [""], [";;=,\x01,"], ["," * 60_000], [";" * 60_000], ["permessage-deflated"], ["gzip"], ['"', '"']],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_offer(headers):
    assert agree(headers) is None


def test_an_endless_list_is_not_read_to_its_end():
    assert agree(["x," * (MOST_OFFERS - 1) + "permessage-deflate"]) is not None
    assert agree(["x," * MOST_OFFERS + "permessage-deflate"]) is None
