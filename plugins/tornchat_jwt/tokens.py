"""Tokens: text that is turned into a user if its signature and its claims are good."""

from __future__ import annotations

import logging
import time

import jwt
from jwt.types import Options

from tornchat import SettingsError, User
from tornchat_jwt.checked import checked_once
from tornchat_jwt.claims import ClaimRules, ClaimsError
from tornchat_jwt.keys import Key
from tornchat_jwt.settings import Settings

MAX_TOKEN_BYTES = 8192

logger = logging.getLogger("tornchat.jwt")


class Tokens:
    """Reads and writes tokens by one set of settings; what is the same for all of them is made once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rules = ClaimRules(settings)
        self._jwt = jwt.PyJWT(_options(settings))

    def trust(self, key: Key) -> None:
        """Take `key` for checked: PyJWT would look at it anew with every token."""
        if isinstance(key, bytes):
            checked_once(self._jwt, key)

    def read(self, token: str, key: Key) -> User | None:
        """Say whose token it is; None if it is bad in whatever way. Raises nothing.

        Headers that point to other keys (`jku`, `jwk`, `x5u` ...) are not looked at.
        """
        settings = self._settings
        try:
            claims = self._jwt.decode(
                token,
                key,
                algorithms=settings.algorithms,
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=settings.leeway,
            )
            return self._rules.user(claims, time.time())
        except Exception as error:  # parsers raise far more than they document
            _log_refusal(error)
            return None

    def key_wanted(self, token: str) -> tuple[str | None, str] | None:
        """Say which key id (None: it names none) and algorithm a token wants; None if it is a bad one."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in self._settings.algorithms:
                raise jwt.InvalidAlgorithmError
            return header.get("kid"), algorithm
        except Exception as error:
            _log_refusal(error)
            return None

    def issue(self, user: User, lifetime: float, key: Key) -> str:
        """Sign a token that `read` accepts for `lifetime` seconds. Raises `SettingsError`."""
        if not lifetime <= self._settings.max_lifetime:
            raise SettingsError(
                f"A lifetime of {lifetime:g} seconds is longer than [jwt] max_lifetime allows.",
                "Ask for a shorter one.",
            )
        try:
            claims = self._rules.claims(user, time.time(), lifetime)
        except ClaimsError:
            raise SettingsError(
                f"No token can be made for the user {user.id!r}.",
                "An id and a name have 1 to 256 characters, none of them a control character; "
                "check [jwt] user_id_claim, username_claim and roles_claim.",
            ) from None
        return self._jwt.encode(claims, key, self._settings.algorithms[0])  # type: ignore[arg-type]


def plausible(token: str) -> bool:
    """Say whether it is worth parsing: ASCII, and at most `MAX_TOKEN_BYTES` long."""
    return len(token) <= MAX_TOKEN_BYTES and token.isascii()


def _options(settings: Settings) -> Options:
    return {
        "require": ["exp"],
        "enforce_minimum_key_length": True,
        # Without an audience of our own, a token that names one is as good as any.
        "verify_aud": settings.audience is not None,
        # Which claim is the id, and what it may be, is for the claim rules to say.
        "verify_sub": False,
    }


def _log_refusal(error: Exception) -> None:
    # The class only: messages may quote the token.
    facts = {"event": "token_refused", "reason": type(error).__name__}
    logger.info("token refused: %(reason)s", facts, extra=facts)
