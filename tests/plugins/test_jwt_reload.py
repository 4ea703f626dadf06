"""`jwt`: the hook `reload` reads keys and settings again, or refuses them and changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import jwt
import pytest
from tornchat_jwt import JwtPlugin

from tests.plugins.test_jwt_jwks import (
    CAPULET,
    MONTAGUE,
    Issuer,
    knows,
    published,
    serving,
    started,
    token,
)
from tornchat import SettingsError

FIRST, SECOND = "a" * 40, "b" * 40


def test_keys_that_the_issuer_has_added_and_removed() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer) as auth:
            issuer.keys = (published(CAPULET, "c"),)
            await auth.reload(auth._settings)
            assert await knows(auth, token(CAPULET, "c"))
            assert not await knows(auth, token(MONTAGUE, "m"))

    asyncio.run(play())


def test_known_keys_stay_while_the_issuer_fails_but_another_issuer_must_answer() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer) as auth:
            issuer.status = 500
            await auth.reload(auth._settings)
            assert await knows(auth, token(MONTAGUE, "m"))
            other = JwtPlugin.Settings(jwks_url=issuer.url + "/other", algorithms=("ES256",))
            with pytest.raises(SettingsError, match="jwks_url gives no keys"):
                await auth.reload(other)
            assert await knows(auth, token(MONTAGUE, "m"))

    asyncio.run(play())


def test_a_secret_is_replaced_and_a_bad_one_is_not(tmp_path: Path) -> None:
    def signed(secret: str) -> str:
        return jwt.encode({"sub": "romeo", "exp": 4e9}, secret, "HS256")

    async def play() -> None:
        auth = JwtPlugin(JwtPlugin.Settings(secret=FIRST, data_dir=tmp_path, max_lifetime=4e9))
        await auth.reload(JwtPlugin.Settings(secret=SECOND, data_dir=tmp_path, max_lifetime=4e9))
        assert await knows(auth, signed(SECOND))
        assert not await knows(auth, signed(FIRST))
        for bad in ({"secret": "short"}, {"secret": FIRST, "algorithms": ("ES256",)}):
            with pytest.raises(SettingsError):
                await auth.reload(JwtPlugin.Settings(data_dir=tmp_path, **bad))
        assert await knows(auth, signed(SECOND))

    asyncio.run(play())
