"""Conversion between the claims of a token and users."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeAlias

import jwt

from tornchat import User
from tornchat_jwt.settings import Settings

Claims: TypeAlias = Mapping[str, object]

# No control characters, no bidirectional controls and no lone surrogates.
_TEXT = re.compile("[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]{1,256}")
_NO_ROLES: frozenset[str] = frozenset()  # shared, since each frozenset takes 200 bytes
LATEST = 2.0**53
"""The latest `exp` in Unix seconds, whatever the maximum lifetime."""
_USERNAME_CLAIMS = ("username", "preferred_username", "name")


class ClaimsError(Exception):
    """The claims do not describe a user: `claim` must be `expected`. No value is in them."""

    def __init__(self, claim: str, expected: str) -> None:
        super().__init__(claim, expected)
        self.claim = claim
        self.expected = expected


class ClaimRules:
    """Converts claims to users and back, with the claim names and limits of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._types = ("access", *settings.more_token_types)
        self._username_claims = (
            _USERNAME_CLAIMS if settings.username_claim is None else (settings.username_claim,)
        )

    def user(self, claims: Claims, now: float) -> User:
        """Return the user that the claims describe. `now` is Unix time in seconds.

        The user's id is `sub`, or `user_id` if there is no `sub`; `expires_at` is `exp`. Ids and names must
        have 1 to 256 characters and must not be blank. Raises `ClaimsError`, and `jwt.ExpiredSignatureError`
        if `exp` has passed: no leeway applies to it. The caller must have verified the signature.
        """
        for name in ("token_type", "typ"):
            if name in claims and claims[name] not in self._types:
                raise ClaimsError(name, f"one of {', '.join(self._types)} ([jwt] more_token_types)")
        return self._identity(claims, self._expiry(claims, now), _issued_at(claims))

    def claims(self, user: User, now: float, lifetime: float) -> dict[str, object]:
        """Return claims that `user` converts back to the same user, valid for `lifetime` seconds from `now`.

        Raises `ClaimsError` if the user's id or name, or the configured claim names, make that impossible.
        """
        settings = self._settings
        claims: dict[str, object] = {
            settings.roles_claim: sorted(user.roles),
            self._username_claims[0]: user.username,
            settings.user_id_claim or "sub": user.id,
        }
        claims = {"sub": user.id} | claims | self._registered(now, lifetime)
        if self._identity(claims, user.expires_at, user.issued_at) != user:
            raise ClaimsError("username", "read back from the claims that it is written to")
        return claims

    def _registered(self, now: float, lifetime: float) -> dict[str, object]:
        """Return the registered claims. Times are rounded so that the lifetime is not shortened."""
        claims = {"iat": int(now), "exp": math.ceil(now + lifetime), "token_type": "access"}
        names = {"aud": self._settings.audience, "iss": self._settings.issuer}
        return claims | {name: value for name, value in names.items() if value is not None}

    def _identity(self, claims: Claims, expires_at: float | None, issued_at: float | None) -> User:
        user_id = self._id(claims)
        username, roles = self._username(claims, user_id), self._roles(claims)
        return User(user_id, username, roles, expires_at, issued_at)

    def _id(self, claims: Claims) -> str:
        name = self._settings.user_id_claim or ("sub" if "sub" in claims else "user_id")
        value = claim_at(claims, name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return _text(value, name)

    def _username(self, claims: Claims, user_id: str) -> str:
        for name in self._username_claims:
            value = claim_at(claims, name)
            if isinstance(value, str) and value.strip():
                return _text(value, name)
        return user_id

    def _roles(self, claims: Claims) -> frozenset[str]:
        roles = claim_at(claims, self._settings.roles_claim)
        if not isinstance(roles, list) or not roles or not all(_is_text(role) for role in roles):
            return _NO_ROLES
        return frozenset(roles)

    def _expiry(self, claims: Claims, now: float) -> float:
        expiry = claims.get("exp")
        if not isinstance(expiry, int | float) or isinstance(expiry, bool) or expiry != expiry:
            raise ClaimsError("exp", "a number")
        if expiry <= now:
            raise jwt.ExpiredSignatureError
        # One more second, because `exp` is rounded up when a token is issued.
        if expiry > min(now + self._settings.max_lifetime + 1, LATEST):
            longest = self._settings.max_lifetime
            raise ClaimsError("exp", f"at most {longest:g} s ahead ([jwt] max_lifetime), in seconds")
        return float(expiry)


def claim_at(claims: Claims, path: str) -> object:
    """Return the claim `path`, or the one that a dotted path leads to; None if there is none.

    A claim whose name contains the dots takes precedence, on each level, over one that is nested.
    """
    if path in claims or "." not in path:
        return claims.get(path)
    for place in reversed([place for place, letter in enumerate(path) if letter == "."]):
        inner = claims.get(path[:place])
        found = claim_at(inner, path[place + 1 :]) if isinstance(inner, Mapping) else None
        if found is not None:
            return found
    return None


def _issued_at(claims: Claims) -> float | None:
    """The claim `iat`; None if it is no time. That it is not ahead was checked before, if it is a number."""
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or isinstance(issued, bool) or not 0 <= issued < 2**53:
        return None
    return float(issued)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None and not value.isspace()


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not _is_text(value):
        raise ClaimsError(name, "a text of 1 to 256 characters, not blank, without control characters")
    return value
