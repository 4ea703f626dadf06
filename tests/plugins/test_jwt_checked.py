"""`jwt`: a secret is checked once, and no other key passes unchecked."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest
from jwt.algorithms import HMACAlgorithm
from tornchat_jwt.checked import checked_once
from tornchat_jwt.settings import Settings
from tornchat_jwt.tokens import Tokens

SECRET = b"a secret of more than thirty-two bytes, for these tests only"
OTHER = b"another one of more than thirty-two bytes, for these tests only"
JWK = b'{"kty": "oct", "k": "YSBzZWNyZXQgb2YgbW9yZSB0aGFuIHRoaXJ0eS10d28gYnl0ZXM"}'


def token(key: bytes) -> str:
    return jwt.encode({"sub": "u-7", "exp": time.time() + 60}, key, "HS256")


def test_the_secret_is_looked_at_once_for_many_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bytes] = []
    prepare = HMACAlgorithm.prepare_key

    def watched(self: HMACAlgorithm, key: bytes) -> bytes:
        looked_at.append(key)
        return prepare(self, key)

    good = token(SECRET)
    monkeypatch.setattr(HMACAlgorithm, "prepare_key", watched)
    tokens = Tokens(Settings(data_dir=tmp_path))
    tokens.trust(SECRET)
    at_start = len(looked_at)
    for _ in range(3):
        assert tokens.read(good, SECRET) is not None
    assert len(looked_at) == at_start > 0


def test_a_forged_signature_is_refused_as_before(tmp_path: Path) -> None:
    tokens = Tokens(Settings(data_dir=tmp_path))
    tokens.trust(SECRET)
    assert tokens.read(token(SECRET), SECRET) is not None
    assert tokens.read(token(OTHER), SECRET) is None
    assert tokens.read(token(SECRET)[:-2] + "AA", SECRET) is None
    assert tokens.read(token(OTHER), OTHER) is not None


def test_a_key_that_is_no_secret_is_refused_when_it_is_given_and_when_another_was() -> None:
    reader = jwt.PyJWT()
    with pytest.raises(jwt.InvalidKeyError):
        checked_once(reader, JWK)
    checked_once(reader, SECRET)
    with pytest.raises(jwt.InvalidKeyError):
        reader.decode(token(SECRET), JWK, ["HS256"])


def test_other_readers_of_the_process_are_left_alone() -> None:
    checked_once(jwt.PyJWT(), SECRET)
    assert type(jwt.get_algorithm_by_name("HS256")) is HMACAlgorithm
    assert type(jwt.PyJWS().get_algorithm_by_name("HS256")) is HMACAlgorithm
