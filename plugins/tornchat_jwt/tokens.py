"""Verification and issuing of tokens."""

from __future__ import annotations

import logging
import time

import jwt
from jwt.types import Options

from tornchat import SettingsError, User
from tornchat_jwt.checked import checked_once
from tornchat_jwt.claims import ClaimRules, ClaimsError
from tornchat_jwt.keys import Key
from tornchat_jwt.refusals import MAX_TOKEN_BYTES, MalformedTokenError, refusal
from tornchat_jwt.seldom import Seldom
from tornchat_jwt.settings import Settings

logger = logging.getLogger("tornchat.jwt")


class Tokens:
    """Verifies and issues tokens according to the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seldom = Seldom()
        self._rules = ClaimRules(settings)
        self._jwt = jwt.PyJWT(_options(settings))

    def trust(self, key: Key) -> None:
        """Skip PyJWT's check of `key` for every token. The key must have been checked before."""
        if isinstance(key, bytes):
            checked_once(self._jwt, key)

    def read(self, token: str, key: Key) -> User | None:
        """Return the user of the token, or None if it is invalid in any way. Never raises.

        Headers that refer to other keys (`jku`, `jwk`, `x5u` and others) are ignored.
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
            self.refuse(error)
            return None

    def key_wanted(self, token: str) -> tuple[str | None, str] | None:
        """Return the key id (or None) and the algorithm in the token's header; None if it is invalid."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in self._settings.algorithms:
                raise jwt.InvalidAlgorithmError
            return header.get("kid"), algorithm
        except Exception as error:
            self.refuse(error)
            return None

    def plausible(self, token: str) -> bool:
        """Return whether the token is ASCII and has at most `MAX_TOKEN_BYTES` bytes, and log if not."""
        if len(token) <= MAX_TOKEN_BYTES and token.isascii():
            return True
        self.refuse(MalformedTokenError())
        return False

    def refuse(self, error: Exception) -> None:
        """Log that a token is refused because of `error`: class, claim and expectation, never a value.

        There is one line a minute of each kind, with the number of those that were left out before it.
        """
        found = refusal(error, self._settings)
        left_out = self._seldom.left_out(found)
        if left_out is None:
            return
        facts = {"event": "token_refused", **found._asdict(), "left_out": left_out}
        words = "token refused: %(reason)s: %(claim)s must be %(expected)s"
        more = " (and %(left_out)d more lines like this before)" if left_out else ""
        logger.info(words + more, facts, extra=facts)

    def issue(self, user: User, lifetime: float, key: Key) -> str:
        """Return a signed token that `read` accepts for `lifetime` seconds. Raises `SettingsError`."""
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


def _options(settings: Settings) -> Options:
    return {
        "require": ["exp"],
        "enforce_minimum_key_length": True,
        # Without a configured audience, tokens for any audience are accepted.
        "verify_aud": settings.audience is not None,
        # The claim rules compare `exp` exactly, since PyJWT would apply the leeway to it too.
        "verify_exp": False,
        # The claim rules validate the id, which may be in another claim.
        "verify_sub": False,
    }
