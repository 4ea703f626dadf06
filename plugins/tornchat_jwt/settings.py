"""The settings in `[jwt]` and their validation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from tornchat import Fault, SettingsError

HMAC_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
PUBLIC_KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384", "ES512", "EdDSA"}
)
LEEWAY = 10.0
TEN_YEARS = 10 * 365 * 86400.0

Seconds = Annotated[float, Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Authentication with signed tokens.

    At most one of `secret`, `secret_file`, `public_key_file` and `jwks_url` may be set. If none is set, a
    secret is generated once and stored in `<data_dir>/jwt.key`.
    """

    reload: ClassVar[str] = "live"

    secret: Annotated[
        str | None,
        Meta(
            description="The HMAC secret, at least 32 bytes of UTF-8 (HS384: 48, HS512: 64).",
            extra={"secret": True},
        ),
    ] = None
    secret_file: Annotated[
        Path | None,
        Meta(description="A file that contains the HMAC secret; surrounding white space is ignored."),
    ] = None
    public_key_file: Annotated[
        Path | None,
        Meta(description="A PEM file with the issuer's public key. No tokens can then be issued."),
    ] = None
    jwks_url: Annotated[
        str | None,
        Meta(description="The URL of the issuer's public keys: https, or http on a loopback host."),
    ] = None
    jwks_max_age: Annotated[
        Seconds,
        Meta(description="Seconds after which the published keys are fetched again, in the background."),
    ] = 300.0
    jwks_cool_down: Annotated[
        Seconds,
        Meta(
            description="Minimum seconds between fetches triggered by unknown key ids; until the "
            "next one, tokens with further unknown key ids are answered with 1013."
        ),
    ] = 30.0
    algorithms: Annotated[
        tuple[str, ...],
        Meta(description="The accepted signature algorithms. The first one signs the tokens issued here."),
    ] = ("HS256",)
    audience: Annotated[
        str | None, Meta(description="The value that `aud` must equal or contain. Not set: any value.")
    ] = None
    issuer: Annotated[
        str | None, Meta(description="The value that `iss` must equal. Not set: any value.")
    ] = None
    leeway: Annotated[
        Seconds,
        Meta(
            description="Tolerance in seconds for `nbf` and `iat`, since clocks may differ; none for `exp`."
        ),
    ] = LEEWAY
    max_lifetime: Annotated[
        Seconds,
        Meta(description="Maximum seconds from now to `exp`; else a token is refused. Default: ten years."),
    ] = TEN_YEARS
    user_id_claim: Annotated[
        str | None,
        Meta(description="The claim with the user's id. Not set: `sub`, or `user_id` if there is no `sub`."),
    ] = None
    username_claim: Annotated[
        str | None,
        Meta(description="The claim with the name. Not set: `username`, `preferred_username` or `name`."),
    ] = None
    roles_claim: Annotated[
        str,
        Meta(
            description="The claim with the user's roles, a list of strings, or a path to it (a.b). "
            "Other values mean no roles."
        ),
    ] = "roles"
    more_token_types: Annotated[
        tuple[str, ...],
        Meta(
            description="Accepted values of `token_type` and `typ` besides `access`. Keycloak uses `Bearer`."
        ),
    ] = ()
    data_dir: Annotated[
        Path,
        Meta(
            description="The directory of `jwt.key`. Not set: [tornchat] data_dir.",
            extra={"reload": "workers"},
        ),
    ] = Path("tornchat-data")

    @property
    def verifies_only(self) -> bool:
        """True if the keys are public keys, so that no tokens can be issued."""
        return self.public_key_file is not None or self.jwks_url is not None

    def __repr__(self) -> str:
        return f"Settings(algorithms={self.algorithms!r}, audience={self.audience!r}, issuer={self.issuer!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("algorithms", self.algorithms), ("audience", self.audience), ("issuer", self.issuer)]


def contradictions(settings: Settings) -> Iterator[Fault]:
    """Yield the faults in the settings themselves. No file is read and nothing is fetched."""
    yield from _key_source_faults(settings)
    yield from _algorithm_faults(settings)
    if settings.jwks_url is not None and not _is_safe_url(settings.jwks_url):
        yield Fault(
            "[jwt] jwks_url is neither an https URL nor an http URL of a loopback host.",
            "Keys fetched without TLS can be anybody's: write https://...",
        )


def warnings(settings: Settings) -> Iterator[Fault]:
    """Yield what works, but possibly not as intended."""
    if settings.leeway not in (0.0, LEEWAY):
        yield Fault(
            f"[jwt] leeway = {settings.leeway:g} applies to nbf and iat only; a token ends at its exp.",
            "Let the issuer give a later exp if tokens end too early.",
            warning=True,
        )


def refuse_contradictions(settings: Settings) -> None:
    """Raise `SettingsError` for the first fault in the settings."""
    for fault in contradictions(settings):
        raise SettingsError(fault.what, fault.cure)


def _key_source_faults(settings: Settings) -> Iterator[Fault]:
    names = ("secret", "secret_file", "public_key_file", "jwks_url")
    given = [name for name in names if getattr(settings, name) is not None]
    if len(given) > 1:
        yield Fault(f"[jwt] names several sources of keys: {', '.join(given)}.", "Keep one of them.")


def _algorithm_faults(settings: Settings) -> Iterator[Fault]:
    fitting = PUBLIC_KEY_ALGORITHMS if settings.verifies_only else HMAC_ALGORITHMS
    choice = f"Choose from {', '.join(sorted(fitting))}."
    if not settings.algorithms:
        yield Fault("[jwt] algorithms is empty.", choice)
    for name in settings.algorithms:
        if name not in HMAC_ALGORITHMS | PUBLIC_KEY_ALGORITHMS:
            yield Fault(f"[jwt] algorithms: {name!r} is not a signature algorithm known here.", choice)
        elif name not in fitting and settings.verifies_only:
            # Anyone could sign tokens, using the public key as the HMAC secret.
            yield Fault(f"[jwt] algorithms: {name} must not be used with public keys.", choice)
        elif name not in fitting:
            yield Fault(
                f"[jwt] algorithms: {name} needs the issuer's public key.",
                "Set public_key_file or jwks_url, or use HS256.",
            )


def _is_safe_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _valid_port = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host or "")))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
