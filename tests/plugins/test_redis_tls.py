"""`rediss://`: over TLS, to a real Valkey behind a terminator, since the wheel's has no TLS itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tornchat_redis import RedisPlugin

from tests.tls import make_certificate, tls_before
from tests.valkey import valkey
from tornchat import SettingsError
from tornchat.testing import RecordingChat


def test_what_is_published_over_tls_is_heard(tmp_path: Path) -> None:
    async def play() -> None:
        certificate = make_certificate(tmp_path)
        with valkey() as server:
            async with tls_before(server.url.removeprefix("unix://"), certificate) as port:
                url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate.certificate}"
                started = RedisPlugin(RedisPlugin.Settings(url=url))
                chat = RecordingChat(tmp_path)
                await started.startup(chat)
                try:
                    await started.subscribe("room:hall")
                    started.publish("room:hall", b"over TLS")
                    await chat.until(lambda: chat.payloads("room:hall") == [b"over TLS"], "the payload")
                    assert set(started.health().values()) == {"ok"}
                finally:
                    await started.shutdown()

    asyncio.run(play())


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        certificate = make_certificate(tmp_path)
        with valkey() as server:
            async with tls_before(server.url.removeprefix("unix://"), certificate) as port:
                started = RedisPlugin(RedisPlugin.Settings(url=f"rediss://127.0.0.1:{port}/0"))
                with pytest.raises(SettingsError, match="certificate"):
                    await started.startup(RecordingChat(tmp_path))
                await started.shutdown()

    asyncio.run(play())
