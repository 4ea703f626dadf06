"""`jwt`: which tokens let somebody in, as whom, and which never do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tornchat_jwt import JwtPlugin

from tornchat import Credentials, SettingsError, User

Settings = JwtPlugin.Settings

SECRET = "a secret of more than thirty-two bytes, for these tests only"
HOUR = 3600
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEYS = {
    "RS256": RSA_KEY,
    "PS512": RSA_KEY,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def pem(private_key: Any) -> bytes:
    text: bytes = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text


def plugin(**settings: Any) -> JwtPlugin:
    return JwtPlugin(Settings(**({"secret": SECRET} | settings)))


def claims(**changes: Any) -> dict[str, Any]:
    """Juliet's claims, good for an hour; a change to `...` leaves the claim out."""
    good = {"sub": "u-7", "username": "juliet", "exp": int(time.time()) + HOUR}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def signed(payload: dict[str, Any] | str, key: Any = SECRET, alg: str = "HS256", **headers: Any) -> str:
    """Sign a payload, which may be JSON text that no JSON library would write."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return jwt.PyJWS().encode(text.encode(errors="surrogatepass"), key, alg, headers)


def token(**changes: Any) -> str:
    return signed(claims(**changes))


def raw(**changes: str) -> str:
    """Like `token`, but each claim is JSON text."""
    literals = {name: json.dumps(value) for name, value in claims().items()} | changes
    return signed("{" + ", ".join(f'"{name}": {text}' for name, text in literals.items()) + "}")


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(**header: Any) -> str:
    return f"{segment(header)}.{segment(claims())}."


def signed_by_hand(key: bytes, **header: Any) -> str:
    """PyJWT refuses to sign with a public key or an odd header; an attacker doesn't."""
    signing_input = f"{segment({'alg': 'HS256'} | header)}.{segment(claims())}"
    digest = hmac.new(key, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def flipped(good: str) -> str:
    head, _, signature = good.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def deep(levels: int) -> str:
    return raw(sub="[" * levels + "]" * levels)


def whose(auth: JwtPlugin, offered: str | None) -> Any:
    return auth.authenticate(Credentials(room="verona", remote_ip="127.0.0.1", token=offered))


def test_the_forgers_tools_make_good_tokens_too() -> None:
    for good in (token(), raw(), signed_by_hand(SECRET.encode())):
        assert whose(plugin(), good).id == "u-7"


# --- good tokens --------------------------------------------------------------------------------------


def test_a_good_token_says_who_its_bearer_is() -> None:
    expiry = int(time.time()) + HOUR

    user = whose(plugin(), token(exp=expiry, roles=["admin", "poet"]))

    assert user == User("u-7", "juliet", frozenset({"admin", "poet"}), float(expiry))


GOOD_CLAIMS: dict[str, tuple[dict[str, Any], dict[str, Any], User]] = {
    "user_id where there is no sub": ({}, {"sub": ..., "user_id": "u-8"}, User("u-8", "juliet")),
    "user_id as a number": ({}, {"sub": ..., "user_id": 8}, User("8", "juliet")),
    "sub counts more than user_id": ({}, {"user_id": 8}, User("u-7", "juliet")),
    "user_id_claim": ({"user_id_claim": "uid"}, {"uid": 12}, User("12", "juliet")),
    "user_id_claim, and any sub": ({"user_id_claim": "uid"}, {"uid": "a", "sub": 5}, User("a", "juliet")),
    "preferred_username": ({}, {"username": ..., "preferred_username": "jul"}, User("u-7", "jul")),
    "name": ({}, {"username": "", "name": "Juliet C."}, User("u-7", "Juliet C.")),
    "a name of spaces": ({}, {"username": "  "}, User("u-7", "u-7")),
    "no name at all": ({}, {"username": ...}, User("u-7", "u-7")),
    "names that are no text": ({}, {"username": 5, "name": ["x"]}, User("u-7", "u-7")),
    "username_claim": ({"username_claim": "nick"}, {"nick": "jules"}, User("u-7", "jules")),
    "username_claim, not there": ({"username_claim": "nick"}, {}, User("u-7", "u-7")),
    "an emoji of several characters": ({}, {"username": "👩‍🚀 é"}, User("u-7", "👩‍🚀 é")),
    "a name of 256 characters": ({}, {"username": "n" * 256}, User("u-7", "n" * 256)),
    "roles_claim": ({"roles_claim": "groups"}, {"groups": ["a"]}, User("u-7", "juliet", frozenset("a"))),
    "sub as a number": ({}, {"sub": 7}, User("7", "juliet")),
    "roles_claim, a path": (
        {"roles_claim": "realm_access.roles"},
        {"realm_access": {"roles": ["a"]}},
        User("u-7", "juliet", frozenset("a")),
    ),
    "roles_claim, a path through a name with a dot": (
        {"roles_claim": "resource_access.my.client.roles"},
        {"resource_access": {"my": 1, "my.client": {"roles": ["a"]}}},
        User("u-7", "juliet", frozenset("a")),
    ),
    "roles_claim, a name with dots": (
        {"roles_claim": "https://example.org/roles"},
        {"https://example.org/roles": ["a"], "https://example": {"org/roles": ["b"]}},
        User("u-7", "juliet", frozenset("a")),
    ),
    "roles_claim, a path to nothing": (
        {"roles_claim": "realm_access.roles"},
        {"realm_access": ["roles"], "roles": ["admin"]},
        User("u-7", "juliet"),
    ),
    "user_id_claim and username_claim, paths": (
        {"user_id_claim": "user.id", "username_claim": "user.name"},
        {"user": {"id": 12, "name": "jul"}},
        User("12", "jul"),
    ),
    "roles as text": ({}, {"roles": "admin"}, User("u-7", "juliet")),
    "roles that are not all text": ({}, {"roles": ["admin", 5]}, User("u-7", "juliet")),
    "the audience, alone": ({"audience": "chat"}, {"aud": "chat"}, User("u-7", "juliet")),
    "the audience, among others": ({"audience": "chat"}, {"aud": ["mail", "chat"]}, User("u-7", "juliet")),
    "an audience nobody asked for": ({}, {"aud": "mail"}, User("u-7", "juliet")),
    "the issuer": ({"issuer": "https://id"}, {"iss": "https://id"}, User("u-7", "juliet")),
    "token_type access": ({}, {"token_type": "access"}, User("u-7", "juliet")),
    "typ Bearer, if allowed": ({"more_token_types": ("Bearer",)}, {"typ": "Bearer"}, User("u-7", "juliet")),
    "iat a little ahead, as clocks differ": ({}, {"iat": int(time.time()) + 5}, User("u-7", "juliet")),
    "nbf a little ahead, as clocks differ": ({}, {"nbf": int(time.time()) + 5}, User("u-7", "juliet")),
    "nbf within a configured leeway": (
        {"leeway": float(HOUR)},
        {"nbf": int(time.time()) + HOUR // 2},
        User("u-7", "juliet"),
    ),
    "iat in the past": ({}, {"iat": int(time.time()) - 5}, User("u-7", "juliet")),
}


@pytest.mark.parametrize("name", GOOD_CLAIMS)
def test_claims_are_read_as_a_user(name: str) -> None:
    settings, changes, expected = GOOD_CLAIMS[name]

    user = whose(plugin(**settings), token(**changes))

    assert (user.id, user.username, user.roles) == (expected.id, expected.username, expected.roles)


@pytest.mark.parametrize("algorithm", PRIVATE_KEYS)
def test_a_public_key_verifies(algorithm: str, tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(pem(PRIVATE_KEYS[algorithm]))
    auth = plugin(secret=None, public_key_file=path, algorithms=(algorithm,))

    assert whose(auth, signed(claims(), PRIVATE_KEYS[algorithm], algorithm)).id == "u-7"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)

# --- bad tokens ---------------------------------------------------------------------------------------

NOW = int(time.time())
BAD_TOKENS: dict[str, str | None] = {
    "none offered": None,
    "empty": "",
    "one space": " ",
    "spaces around": f" {token()} ",
    "a space inside": token().replace(".", ". "),
    "1 segment": "abc",
    "2 segments": token().rpartition(".")[0],
    "5 segments": f"{token()}.a.b",
    "only dots": "..",
    "not base64": "!!!!.!!!!.!!!!",
    "header not JSON": f"{base64.urlsafe_b64encode(b'nope').decode()}.e30.e30",
    "header a list": "W10.e30.e30",
    "payload a list": signed("[]"),
    "payload not JSON": signed("nope"),
    "over 8 KiB": token(padding="x" * 8192),
    "non-ASCII": token() + "é",
    "a lone surrogate": "\ud800." + token(),
    "a NUL": token() + "\0",
    "flipped signature": flipped(token()),
    "no signature": token().rpartition(".")[0] + ".",
    "another secret": signed(claims(), SECRET[::-1]),
    "alg none": unsigned(alg="none"),
    "alg nOnE": unsigned(alg="nOnE"),
    "alg missing": unsigned(typ="JWT"),
    "alg a list": unsigned(alg=["HS256"]),
    "alg null": unsigned(alg=None),
    "other HMAC algorithm": signed(claims(), SECRET * 2, "HS512"),
    "other kind of algorithm": signed(claims(), RSA_KEY, "RS256"),
    "kid a path, empty key": signed(claims(), "\0" * 32, kid="../../../../dev/null"),
    "kid with SQL": signed(claims(), "attacker" * 8, kid="x' UNION SELECT 'attacker"),
    "kid a number": signed_by_hand(SECRET.encode(), kid=5),
    "alg twisted": signed_by_hand(SECRET.encode(), alg="hs256"),
    "jku": signed(claims(), RSA_KEY, "RS256", jku="https://127.0.0.1:1/keys"),
    "x5u": signed(claims(), RSA_KEY, "RS256", x5u="https://127.0.0.1:1/cert"),
    "jwk": signed(claims(), "attacker" * 8, jwk={"kty": "oct", "k": "YXR0YWNrZXI"}),
    "unknown crit": signed(claims(), crit=["tornado"], tornado=True),
    "crit empty": signed(claims(), crit=[]),
    "crit b64, detached": signed(claims(), crit=["b64"], b64=False),
    "expired": token(exp=NOW - 1),
    "nbf ahead": token(nbf=NOW + HOUR),
    "nbf a list": token(nbf=[]),
    "nbf NaN": token(nbf=float("nan")),
    "iat ahead": token(iat=NOW + HOUR),
    "iat not a number": token(iat={}),
    "no exp": token(exp=...),
    "exp null": token(exp=None),
    "exp zero": token(exp=0),
    "exp negative": token(exp=-1),
    "exp NaN": raw(exp="NaN"),
    "exp Infinity": raw(exp="Infinity"),
    "exp 1e400": raw(exp="1e400"),
    "exp 10^400": raw(exp="1" + "0" * 400),
    "exp of 5,000 digits": raw(exp="1" + "0" * 5000),
    "exp a list": token(exp=[NOW + HOUR]),
    "exp true": token(exp=True),
    "exp text": token(exp=str(NOW + HOUR)),
    "exp in milliseconds": token(exp=(NOW + HOUR) * 1000),
    "sub missing": token(sub=...),
    "sub empty": token(sub=""),
    "sub of spaces": token(sub="  "),
    "sub of other spaces": token(sub="\u2003\u00a0"),
    "sub true": token(sub=True),
    "sub a fraction": token(sub=7.5),
    "sub of 300 digits": token(sub=10**300),
    "sub null, with a user_id": token(sub=None, user_id="u-8"),
    "sub a list": token(sub=["u-7"]),
    "sub of 257 characters": token(sub="s" * 257),
    "sub with a line break": token(sub="u-7\r\nadmin"),
    "sub with NUL": token(sub="u-7\0"),
    "sub a lone surrogate": raw(sub='"\\ud800"'),
    "payload not UTF-8": raw(sub='"\ud800"'),
    "user_id true": token(sub=..., user_id=True),
    "user_id a fraction": token(sub=..., user_id=1.5),
    "user_id of 300 digits": token(sub=..., user_id=10**300),
    "token_type refresh": token(token_type="refresh"),
    "token_type null": token(token_type=None),
    "token_type a list": token(token_type=["access"]),
    "typ Refresh": token(typ="Refresh"),
    "jti a number": token(jti=5),
    "deep payload": deep(2_900),
    "100,000-deep payload": deep(100_000),
    "username of 10 KB": token(username="n" * 10_000),
    "username of 257 characters": token(username="n" * 257),
    "username with an escape": token(username="\x1b[31mjuliet"),
    "username with C1 control": token(username="juliet\x9b"),
    "username with a line separator": token(username="juliet\u2028romeo"),
    "username that turns the text": token(username="\u202eteiluj"),
    "username a lone surrogate": raw(username='"\\udfff"'),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_nobodys(name: str) -> None:
    assert whose(plugin(), BAD_TOKENS[name]) is None


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_nobodys_with_a_public_key_either(name: str, tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(pem(PRIVATE_KEYS["ES256"]))

    assert whose(plugin(secret=None, public_key_file=path, algorithms=("ES256",)), BAD_TOKENS[name]) is None


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        pytest.param({"audience": "chat"}, {}, id="no aud"),
        pytest.param({"audience": "chat"}, {"aud": "mail"}, id="another aud"),
        pytest.param({"audience": "chat"}, {"aud": ["mail", "post"]}, id="other auds"),
        pytest.param({"audience": "chat"}, {"aud": ["chat", 5]}, id="aud not all text"),
        pytest.param({"audience": "chat"}, {"aud": {"chat": 1}}, id="aud an object"),
        pytest.param({"issuer": "https://id"}, {}, id="no iss"),
        pytest.param({"issuer": "https://id"}, {"iss": "https://id.evil"}, id="another iss"),
        pytest.param({"issuer": "https://id"}, {"iss": ["https://id"]}, id="iss a list"),
        pytest.param({"user_id_claim": "uid"}, {}, id="the id's claim is missing"),
        pytest.param({"user_id_claim": "uid"}, {"uid": False}, id="the id is false"),
        pytest.param({"username_claim": "nick"}, {"nick": "a\nb"}, id="line break in the name's claim"),
        pytest.param({"max_lifetime": 60.0}, {}, id="beyond max_lifetime"),
        pytest.param({"more_token_types": ("Bearer",)}, {"typ": "Refresh"}, id="a type not allowed"),
        pytest.param({"leeway": float(HOUR)}, {"exp": NOW - 1}, id="expired, whatever the leeway"),
        pytest.param({"leeway": 0.0}, {"nbf": NOW + HOUR // 2}, id="nbf ahead without a leeway"),
        pytest.param({"max_lifetime": float("inf")}, {"exp": float("inf")}, id="exp Infinity"),
    ],
)
def test_a_token_for_other_settings_is_nobodys(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    assert whose(plugin(**settings), token(**changes)) is None


@pytest.mark.parametrize("spelling", [pem(RSA_KEY), pem(RSA_KEY).strip(), pem(RSA_KEY)[:-1]])
def test_the_public_key_is_no_secret(spelling: bytes, tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(pem(RSA_KEY))

    assert (
        whose(plugin(secret=None, public_key_file=path, algorithms=("RS256",)), signed_by_hand(spelling))
        is None
    )


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_no_text_at_all_raises(text: str) -> None:
    assert whose(plugin(), text) is None


@given(
    st.dictionaries(st.sampled_from(["sub", "username", "roles", "exp", "nbf", "iat", "typ", "aud"]), JSON)
)
@effort(max_examples=200)
def test_no_claims_at_all_raise(odd: dict[str, Any]) -> None:
    user = whose(plugin(), signed(claims() | odd))

    assert user is None or (user.id and user.username)


def test_a_refusal_is_logged_by_its_class_and_never_with_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    for bad in BAD_TOKENS.values():
        whose(plugin(), bad)

    expected = "token refused: ExpiredSignatureError: exp must be later than this server's clock"
    assert expected in caplog.messages
    assert all(len(bad) < 3 or bad not in caplog.text for bad in BAD_TOKENS.values() if bad)
    assert SECRET not in caplog.text
    assert not any(record.exc_info for record in caplog.records)


# What is logged, for the settings and the token: class, claim and the start of the expectation.
REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "expired": ({}, token(exp=NOW - 1), "ExpiredSignatureError: exp must be later than this server's clock"),
    "exp missing": ({}, token(exp=...), "MissingRequiredClaimError: exp must be present"),
    "exp text": ({}, token(exp="soon"), "ClaimsError: exp must be a number"),
    "exp too late": ({"max_lifetime": 60.0}, token(), "ClaimsError: exp must be at most 60 s"),
    "exp negative": ({}, token(exp=-1), "ExpiredSignatureError: exp must be later"),
    "nbf ahead": (
        {},
        token(nbf=NOW + HOUR),
        "ImmatureSignatureError: nbf must be at most 10 s ahead of this",
    ),
    "nbf a list": ({}, token(nbf=[]), "DecodeError: nbf must be a number"),
    "iat ahead": (
        {},
        token(iat=NOW + HOUR),
        "ImmatureSignatureError: iat must be at most 10 s ahead of this",
    ),
    "iat an object": ({}, token(iat={}), "InvalidIssuedAtError: iat must be a number"),
    "aud missing": ({"audience": "chat"}, token(), "MissingRequiredClaimError: aud must be equal to or cont"),
    "another aud": ({"audience": "chat"}, token(aud="mail"), "InvalidAudienceError: aud must be equal to or"),
    "another iss": ({"issuer": "us"}, token(iss="them"), "InvalidIssuerError: iss must be equal to [jwt] is"),
    "sub missing": ({}, token(sub=...), "ClaimsError: user_id must be a text of 1 to 256 characters"),
    "sub blank": ({}, token(sub=" "), "ClaimsError: sub must be a text of 1 to 256 characters"),
    "the id's claim": ({"user_id_claim": "uid"}, token(), "ClaimsError: uid must be a text of 1 to 256"),
    "username": ({}, token(username="a\nb"), "ClaimsError: username must be a text of 1 to 256 characters"),
    "typ": ({}, token(typ="Refresh"), "ClaimsError: typ must be one of access ([jwt] more_token_types)"),
    "jti": ({}, token(jti=5), "InvalidJTIError: jti must be a text"),
    "alg": ({}, signed(claims(), SECRET * 2, "HS512"), "InvalidAlgorithmError: alg must be one of HS256"),
    "kid a number": ({}, signed_by_hand(SECRET.encode(), kid=5), "InvalidTokenError: kid must be a text"),
    "crit": ({}, signed(claims(), crit=["x"], x=1), "InvalidTokenError: crit must be absent"),
    "another key": ({}, signed(claims(), SECRET[::-1]), "InvalidSignatureError: signature must be made with"),
    "no JWT": ({}, "abc", "DecodeError: token must be a signed JWT"),
    "too long": ({}, "x" * 9000, "MalformedTokenError: token must be at most 8192 ASCII characters"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_class_claim_and_expectation(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    settings, bad, expected = REFUSALS[name]

    assert whose(plugin(**settings), bad) is None

    (record,) = caplog.records
    assert record.getMessage().startswith(f"token refused: {expected}")
    facts = vars(record)
    assert (facts["event"], facts["reason"]) == ("token_refused", expected.partition(":")[0])
    assert expected.partition(": ")[2].startswith(f"{facts['claim']} must be ")
    assert facts["expected"]


def test_a_request_without_a_token_is_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    assert whose(plugin(), None) is None
    assert caplog.records == []


# --- issued tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="as it comes"),
        pytest.param({"algorithms": ("HS384", "HS256")}, id="HS384"),
        pytest.param({"audience": "chat", "issuer": "us"}, id="audience and issuer"),
        pytest.param({"user_id_claim": "uid"}, id="user_id_claim"),
        pytest.param({"username_claim": "nick"}, id="username_claim"),
        pytest.param({"roles_claim": "realm_access.roles"}, id="a path"),
        pytest.param({"user_id_claim": "a", "username_claim": "b", "roles_claim": "c"}, id="all claims"),
    ],
)
def test_an_issued_token_is_accepted(settings: dict[str, Any]) -> None:
    auth = plugin(**settings)

    user = whose(auth, auth.issue_token(User("u-7", "Juliet Ç", frozenset({"poet"})), HOUR))

    assert (user.id, user.username, user.roles) == ("u-7", "Juliet Ç", {"poet"})
    assert HOUR - 5 < user.expires_at - time.time() <= HOUR + 1


def test_an_issued_token_says_what_every_verifier_expects() -> None:
    issued = plugin(audience="chat", issuer="us").issue_token(User("u-7", "juliet"), 60)

    found = jwt.decode(issued, SECRET, ["HS256"], audience="chat", issuer="us")

    assert found["sub"] == "u-7"
    assert found["token_type"] == "access"
    assert found["exp"] - found["iat"] in {60, 61}


def test_the_longest_lifetime_is_accepted_and_a_longer_one_is_not_issued() -> None:
    auth = plugin(max_lifetime=60.0)

    assert whose(auth, auth.issue_token(User("u-7", "juliet"), 60)) is not None
    for lifetime in (61, float("inf"), float("nan")):
        with pytest.raises(SettingsError, match="max_lifetime"):
            auth.issue_token(User("u-7", "juliet"), lifetime)


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(User("", "juliet"), id="no id"),
        pytest.param(User("u-7", ""), id="no name"),
        pytest.param(User("u-7", "a\nb"), id="line break"),
        pytest.param(User("u-7", "\ud800"), id="lone surrogate"),
        pytest.param(User("u-7", "n" * 257), id="257 characters"),
    ],
)
def test_no_token_is_issued_that_would_be_refused(user: User) -> None:
    with pytest.raises(SettingsError, match="No token can be made"):
        plugin().issue_token(user, 60)


def test_claim_names_that_hide_each_other_are_noticed() -> None:
    with pytest.raises(SettingsError, match="No token can be made"):
        plugin(username_claim="sub").issue_token(User("u-7", "juliet"), 60)


def test_public_keys_issue_nothing(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(pem(RSA_KEY))

    with pytest.raises(SettingsError, match="can't sign"):
        plugin(secret=None, public_key_file=path, algorithms=("RS256",)).issue_token(User("a", "b"), 60)


def test_a_leeway_never_prolongs_a_session() -> None:
    expiry = int(time.time()) + 30

    assert whose(plugin(leeway=60.0), token(exp=expiry)).expires_at == expiry


def test_check_says_that_a_configured_leeway_does_not_cover_exp() -> None:
    (told,) = asyncio.run(plugin(leeway=60.0).check())

    assert told.warning
    assert "exp" in told.what
    assert asyncio.run(plugin().check()) == []
    assert asyncio.run(plugin(leeway=0.0).check()) == []
