"""`jwt` keeps the contract of auth: with a secret of its own, and with somebody else's public key."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tornchat_jwt import JwtPlugin

from tornchat import Credentials
from tornchat.testing import AuthContract

ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())


class TestWithItsOwnKey(AuthContract):
    def make_plugin(self, tmp_path: Path) -> JwtPlugin:
        return JwtPlugin(JwtPlugin.Settings(data_dir=tmp_path))


class TestWithAPublicKey(AuthContract):
    def make_plugin(self, tmp_path: Path) -> JwtPlugin:
        pem = tmp_path / "issuer.pem"
        pem.write_bytes(ISSUER_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return JwtPlugin(JwtPlugin.Settings(public_key_file=pem, algorithms=("ES256",)))

    def good_credentials(self, plugin: Any) -> Credentials:
        claims = {"sub": "id-ann", "username": "ann", "exp": int(time.time()) + 3600}
        return Credentials("tea", "127.0.0.1", jwt.encode(claims, ISSUER_KEY, "ES256"), "header")

    test_issued_token_is_accepted = None  # who has only the public key issues no tokens
    test_issued_token_ends_with_its_lifetime = None
