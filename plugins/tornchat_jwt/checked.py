"""HMAC with a secret that was checked when it was loaded.

PyJWT asks with every token whether the secret is a public key, a certificate or a JWK in disguise: a third
of what a verification costs. The answer for one secret is always the same.
"""

from __future__ import annotations

import jwt
from jwt.algorithms import HMACAlgorithm


class CheckedHmac(HMACAlgorithm):
    """Takes one key as it is. Any other one is checked as ever."""

    def __init__(self, algorithm: HMACAlgorithm, key: bytes) -> None:
        """`key` is one that `algorithm.prepare_key` has accepted."""
        super().__init__(algorithm.hash_alg)
        self._checked = key

    def prepare_key(self, key: str | bytes) -> bytes:
        return self._checked if key is self._checked else super().prepare_key(key)


def checked_once(reader: jwt.PyJWT, key: bytes) -> None:
    """Let `reader` check `key` now, and not again. Raises `jwt.InvalidKeyError`.

    A PyJWT that keeps its algorithms elsewhere goes on checking it each time.
    """
    signatures = getattr(reader, "_jws", None)
    if not isinstance(signatures, jwt.PyJWS):
        return
    for name in signatures.get_algorithms():
        algorithm = signatures.get_algorithm_by_name(name)
        if type(algorithm) is HMACAlgorithm:
            algorithm.prepare_key(key)
            signatures.unregister_algorithm(name)
            signatures.register_algorithm(name, CheckedHmac(algorithm, key))
