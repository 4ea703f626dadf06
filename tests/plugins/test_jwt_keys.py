"""`jwt`: where the key comes from, and the settings it refuses to start with."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from tornchat_jwt import JwtPlugin
from tornchat_jwt.keys import load_key

from tornchat import ChatHandle, Credentials, SettingsError, User

Settings = JwtPlugin.Settings

SECRET = "a secret of more than thirty-two bytes, for these tests only"
JULIET = User("u-7", "juliet")
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE_PEM = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
WEAK_PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=1024)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
EC_PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)


CHAT = cast(ChatHandle, object())  # this plugin asks it for nothing


def start(auth: JwtPlugin) -> None:
    asyncio.run(auth.startup(CHAT))


def faults(auth: JwtPlugin) -> list[str]:
    return [fault.what for fault in asyncio.run(auth.check())]


def accepts(auth: JwtPlugin, token: str) -> bool:
    return auth.authenticate(Credentials(room="verona", remote_ip="127.0.0.1", token=token)) is not None


def file(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def written(settings: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Flush a value `{content}` into the path of a file that holds the content."""
    return {
        name: file(directory / name, *value) if isinstance(value, set) else value
        for name, value in settings.items()
    }


# --- the key that is made -----------------------------------------------------------------------------


def test_without_a_key_one_is_made_for_its_owner_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "data"

    start(JwtPlugin(Settings(data_dir=data_dir)))

    key = data_dir / "jwt.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert len(key.read_text()) >= 64
    assert key.read_text() == key.read_text().strip()
    assert os.listdir(data_dir) == ["jwt.key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_made_key_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    start(JwtPlugin(Settings(data_dir=tmp_path)))
    key = tmp_path / "jwt.key"
    key.chmod(mode)
    auth = JwtPlugin(Settings(data_dir=tmp_path))

    with pytest.raises(SettingsError) as caught:
        start(auth)

    assert caught.value.what == f"The key file {key} may be read or written by others than its owner."
    assert f"chmod 600 {key}" in caught.value.cure
    assert faults(auth) == [caught.value.what]
    key.chmod(0o400)
    start(auth)


def test_the_made_key_stays_the_same(tmp_path: Path) -> None:
    issued = JwtPlugin(Settings(data_dir=tmp_path)).issue_token(JULIET, 60)

    assert accepts(JwtPlugin(Settings(data_dir=tmp_path)), issued)


def test_the_made_key_is_long_enough_for_every_algorithm(tmp_path: Path) -> None:
    auth = JwtPlugin(Settings(data_dir=tmp_path, algorithms=("HS512", "HS384", "HS256")))

    assert accepts(auth, auth.issue_token(JULIET, 60))


def test_white_space_around_a_kept_key_does_not_count(tmp_path: Path) -> None:
    issued = JwtPlugin(Settings(secret=SECRET)).issue_token(JULIET, 60)
    file(tmp_path / "jwt.key", f"\n {SECRET}\r\n").chmod(0o600)

    assert accepts(JwtPlugin(Settings(data_dir=tmp_path)), issued)


ISSUE = """
import sys
from pathlib import Path
from tornchat import User
from tornchat_jwt import JwtPlugin
auth = JwtPlugin(JwtPlugin.Settings(data_dir=Path(sys.argv[1])))
sys.stdin.readline()
print(auth.issue_token(User("u-7", "juliet"), 60))
"""


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ISSUE, str(tmp_path / "data")]
    starting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    tokens = [process.communicate()[0].strip() for process in starting]

    auth = JwtPlugin(Settings(data_dir=tmp_path / "data"))
    assert [accepts(auth, token) for token in tokens] == [True] * 6
    assert os.listdir(tmp_path / "data") == ["jwt.key"]


def test_a_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    auth = JwtPlugin(Settings(data_dir=file(tmp_path / "a file", "x") / "data"))

    assert "can't be made" in faults(auth)[0]
    with pytest.raises(SettingsError, match="can't be made"):
        start(auth)


# --- the key that is given ----------------------------------------------------------------------------


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    issued = JwtPlugin(Settings(secret=SECRET)).issue_token(JULIET, 60)

    auth = JwtPlugin(Settings(secret_file=file(tmp_path / "secret", SECRET + "\n")))

    assert accepts(auth, issued)


def test_32_bytes_are_enough_and_are_counted_in_utf_8() -> None:
    start(JwtPlugin(Settings(secret="é" * 16)))


JWKS = {"jwks_url": "https://id.example/keys", "algorithms": ("RS256",)}
MISSING = Path("/nowhere/key")

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "secret empty": ({"secret": ""}, "shorter than the 32 bytes"),
    "secret of 31 bytes": ({"secret": "x" * 31}, "shorter than the 32 bytes"),
    "secret too short for HS512": ({"secret": "x" * 63, "algorithms": ("HS256", "HS512")}, "the 64 bytes"),
    "secret file empty": ({"secret_file": {" \n"}}, "shorter than the 32 bytes"),
    "secret file missing": ({"secret_file": MISSING}, "can't be read"),
    "secret file a directory": ({"secret_file": Path("/")}, "can't be read"),
    "secret file binary": ({"secret_file": {b"\xff" * 64}}, "not UTF-8"),
    "secret a public key": ({"secret": PUBLIC_PEM.decode()}, "no secret"),
    "two secrets": ({"secret": SECRET, "secret_file": MISSING}, "several sources"),
    "secret and public key": ({"secret": SECRET, "public_key_file": {PUBLIC_PEM}}, "several sources"),
    "public key and JWKS": ({"public_key_file": {PUBLIC_PEM}, **JWKS}, "several sources"),
    "HMAC with a public key": ({"public_key_file": {PUBLIC_PEM}}, "HS256 must not be used with public keys"),
    "HMAC beside RSA": (
        {"public_key_file": {PUBLIC_PEM}, "algorithms": ("RS256", "HS256")},
        "HS256 must not be used with public keys",
    ),
    "HMAC with a JWKS": (JWKS | {"algorithms": ("HS256",)}, "HS256 must not be used with public keys"),
    "RSA with a secret": ({"secret": SECRET, "algorithms": ("RS256",)}, "needs the issuer's public key"),
    "RSA with nothing": ({"algorithms": ("RS256",)}, "needs the issuer's public key"),
    "algorithm none": ({"secret": SECRET, "algorithms": ("HS256", "none")}, "'none' is not"),
    "algorithm nOnE": ({"secret": SECRET, "algorithms": ("nOnE",)}, "'nOnE' is not"),
    "algorithm unknown": ({"secret": SECRET, "algorithms": ("HS255",)}, "'HS255' is not"),
    "no algorithm": ({"secret": SECRET, "algorithms": ()}, "is empty"),
    "public key missing": ({"public_key_file": MISSING, "algorithms": ("RS256",)}, "can't be read"),
    "public key of another kind": (
        {"public_key_file": {EC_PEM}, "algorithms": ("RS256",)},
        "no key for RS256",
    ),
    "public key of another curve": (
        {"public_key_file": {EC_PEM}, "algorithms": ("ES256", "ES384")},
        "no key for ES384",
    ),
    "public key not PEM": ({"public_key_file": {"hello"}, "algorithms": ("EdDSA",)}, "no key for EdDSA"),
    "private key": ({"public_key_file": {PRIVATE_PEM}, "algorithms": ("RS256",)}, "private key"),
    "weak key": ({"public_key_file": {WEAK_PEM}, "algorithms": ("PS256",)}, "too short for PS256"),
    "JWKS without TLS": (JWKS | {"jwks_url": "http://id.example/keys"}, "neither an https URL"),
    "JWKS look-alike host": (JWKS | {"jwks_url": "http://localhost.evil.example/"}, "neither an https URL"),
    "JWKS user as host": (JWKS | {"jwks_url": "http://127.0.0.1@evil.example/"}, "neither an https URL"),
    "JWKS from a file": (JWKS | {"jwks_url": "file:///etc/passwd"}, "neither an https URL"),
    "JWKS no URL": (JWKS | {"jwks_url": "https://[::1"}, "neither an https URL"),
    "JWKS empty": (JWKS | {"jwks_url": ""}, "neither an https URL"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_that_do_not_add_up_stop_the_start(name: str, tmp_path: Path) -> None:
    settings, words = REFUSED[name]
    auth = JwtPlugin(Settings(**written(settings, tmp_path)))

    with pytest.raises(SettingsError, match=words) as caught:
        start(auth)

    assert caught.value.cure
    assert words in faults(auth)[0]


@pytest.mark.parametrize("name", REFUSED)
def test_settings_that_do_not_add_up_issue_no_token(name: str, tmp_path: Path) -> None:
    settings, _ = REFUSED[name]

    with pytest.raises(SettingsError):
        JwtPlugin(Settings(**written(settings, tmp_path))).issue_token(JULIET, 60)


def test_a_kept_key_that_was_cut_short_stops_the_start(tmp_path: Path) -> None:
    file(tmp_path / "jwt.key", "").chmod(0o600)

    with pytest.raises(SettingsError, match="shorter than the 32 bytes"):
        start(JwtPlugin(Settings(data_dir=tmp_path)))


# --- check, health and the settings themselves ----------------------------------------------------------


def test_check_finds_nothing_wrong_and_changes_nothing(tmp_path: Path) -> None:
    assert faults(JwtPlugin(Settings(data_dir=tmp_path / "data"))) == []
    assert faults(JwtPlugin(Settings(secret=SECRET))) == []
    assert os.listdir(tmp_path) == []


def test_health_is_ok_with_a_key_at_hand() -> None:
    assert JwtPlugin(Settings(secret=SECRET)).health() == {"auth": "ok"}


def test_secrets_show_neither_in_a_repr_nor_in_an_error() -> None:
    settings = Settings(secret="hunter2", jwks_url="https://me:hunter2@id.example/keys")

    with pytest.raises(SettingsError) as caught:
        start(JwtPlugin(settings))

    assert "hunter2" not in f"{settings!r} {settings} {settings.__rich_repr__()} {caught.value}"


def test_a_misspelt_key_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="secrets"):
        msgspec.convert({"secrets": "x"}, Settings)


def test_paths_are_read_as_such_and_negative_seconds_refused() -> None:
    def to_path(kind: Any, value: str) -> Any:
        return kind(value)

    read = msgspec.convert({"data_dir": "d", "secret_file": "s"}, Settings, dec_hook=to_path)

    assert (read.data_dir, read.secret_file) == (Path("d"), Path("s"))
    with pytest.raises(msgspec.ValidationError, match="leeway"):
        msgspec.convert({"leeway": "-1"}, Settings, strict=False)


def test_a_byte_order_mark_of_a_secret_file_is_dropped(tmp_path: Path) -> None:
    marked, plain = tmp_path / "marked", tmp_path / "plain"
    marked.write_text("\ufeff" + "s" * 64, encoding="utf-8")
    plain.write_text("s" * 64, encoding="utf-8")
    for path in (marked, plain):
        path.chmod(0o600)

    assert load_key(Settings(secret_file=marked)) == load_key(Settings(secret_file=plain))
