"""Descriptions of refused tokens for the log, which never contain a value of the token."""

from __future__ import annotations

from typing import NamedTuple

import jwt
from jwt.exceptions import InvalidJTIError

from tornchat_jwt.claims import ClaimsError
from tornchat_jwt.settings import Settings

MAX_TOKEN_BYTES = 8192
_CLOCK = "this server's clock"


class MalformedTokenError(Exception):
    """The token is too long or not ASCII."""


class UnknownKeyError(Exception):
    """The key set contains no key with the key id and the algorithm of the token."""


class Refusal(NamedTuple):
    """Why a token is refused. `claim` is a claim, a header parameter, or a part of the token."""

    reason: str
    claim: str
    expected: str


def refusal(error: Exception, settings: Settings) -> Refusal:
    """Describe the error that a token caused.

    Messages of errors are compared with fixed texts only and never passed on, since they may contain parts
    of the token.
    """
    return Refusal(type(error).__name__, *(_of_claim(error, settings) or _of_header(error, settings)))


def _of_claim(error: Exception, settings: Settings) -> tuple[str, str] | None:
    match error:
        case ClaimsError():
            return error.claim, error.expected
        case jwt.MissingRequiredClaimError():
            return error.claim, _required(error.claim, settings)
        case jwt.ExpiredSignatureError():
            return "exp", f"later than {_CLOCK}"
        case jwt.InvalidAudienceError():
            return "aud", _required("aud", settings)
        case jwt.InvalidIssuerError():
            return "iss", _required("iss", settings)
        case InvalidJTIError():
            return "jti", "a text"
    return _of_time(error, settings)


def _of_time(error: Exception, settings: Settings) -> tuple[str, str] | None:
    match error:
        case jwt.ImmatureSignatureError():
            claim = "iat" if str(error).endswith("(iat)") else "nbf"
            return claim, f"at most {settings.leeway:g} s ahead of {_CLOCK} ([jwt] leeway)"
        case jwt.InvalidIssuedAtError():
            return "iat", "a number"
        case jwt.DecodeError() if str(error).startswith("Not Before claim"):
            return "nbf", "a number"
    return None


def _required(claim: str, settings: Settings) -> str:
    match claim:
        case "aud":
            return f"equal to or containing [jwt] audience, {settings.audience!r}"
        case "iss":
            return f"equal to [jwt] issuer, {settings.issuer!r}"
    return "present"


def _of_header(error: Exception, settings: Settings) -> tuple[str, str]:
    match error:
        case MalformedTokenError():
            return "token", f"at most {MAX_TOKEN_BYTES} ASCII characters"
        case UnknownKeyError():
            return "kid", "the id of a key that [jwt] jwks_url publishes for the token's algorithm"
        case jwt.InvalidAlgorithmError():
            return "alg", f"one of {', '.join(settings.algorithms)} ([jwt] algorithms) that fits the key"
        case jwt.InvalidSignatureError():
            return "signature", "made with the key of this chat or of its issuer"
        case jwt.InvalidTokenError() if str(error).startswith("Key ID"):
            return "kid", "a text"
        case jwt.InvalidTokenError() if "crit" in str(error).lower():
            return "crit", "absent, since no extensions are supported"
    return "token", "a signed JWT"
