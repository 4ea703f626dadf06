"""HMAC verification without repeated checks of the secret.

PyJWT checks for every token whether the secret is actually a public key, a certificate or a JWK. That takes
a third of the time of a verification, although the result for a secret never changes.
"""

from __future__ import annotations

import jwt
from jwt.algorithms import HMACAlgorithm


class CheckedHmac(HMACAlgorithm):
    """HMAC algorithm that accepts one key without checking it. Other keys are checked as usual."""

    def __init__(self, algorithm: HMACAlgorithm, key: bytes) -> None:
        """`key` must have been accepted by `algorithm.prepare_key`."""
        super().__init__(algorithm.hash_alg)
        self._checked = key

    def prepare_key(self, key: str | bytes) -> bytes:
        return self._checked if key is self._checked else super().prepare_key(key)


def checked_once(reader: jwt.PyJWT, key: bytes) -> None:
    """Check `key` now and make `reader` skip the check later. Raises `jwt.InvalidKeyError`.

    With a version of PyJWT that stores its algorithms differently, this does nothing.
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
