"""Loading of the local key from the settings, a configured file or a generated file."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import jwt

from tornchat import SettingsError
from tornchat_jwt.settings import Settings, refuse_contradictions

if TYPE_CHECKING:
    from jwt.algorithms import AllowedPublicKeys

Key: TypeAlias = "AllowedPublicKeys | jwt.PyJWK | bytes"
"""A parsed and checked key for the verification of signatures."""

KEY_FILE = "jwt.key"
_MINIMUM_BYTES = MappingProxyType({"HS256": 32, "HS384": 48, "HS512": 64})
_CURE = 'python -c "import secrets; print(secrets.token_urlsafe(64))" makes a good one.'


def load_key(settings: Settings) -> Key:
    """Return the local key, generating `<data_dir>/jwt.key` if necessary.

    Raises `SettingsError` if the settings contradict each other, a file can't be read or written, or the key
    is not suitable for the algorithms.
    """
    refuse_contradictions(settings)
    if settings.public_key_file is not None:
        return _public_key(settings.public_key_file, settings.algorithms)
    return _hmac_key(*_secret(settings), settings.algorithms)


def check_key(settings: Settings) -> None:
    """Raise the `SettingsError` that `load_key` would raise, but create no file.

    A missing key file is accepted if it can be created.
    """
    path = generated_key_path(settings)
    if path is None or os.path.exists(path):
        load_key(settings)
    elif not _can_be_made(path):
        raise _cannot_make(path, "the directory is not writable")


def generated_key_path(settings: Settings) -> Path | None:
    """Return the path of the generated key; None if the settings provide a key."""
    if settings.verifies_only or settings.secret is not None or settings.secret_file is not None:
        return None
    return settings.data_dir / KEY_FILE


def create_key_file(path: Path) -> None:
    """Write a new secret to `path`, readable by its owner only, unless the file already exists.

    The file is created atomically, so that processes calling this concurrently all read the same key.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(descriptor)
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process has created the key
    finally:
        os.unlink(temporary)


def _secret(settings: Settings) -> tuple[str, str]:
    """Return the secret and a description of its source for error messages."""
    if settings.secret is not None:
        return settings.secret, "[jwt] secret"
    if settings.secret_file is not None:
        return _read(settings.secret_file), f"The secret in {settings.secret_file}"
    path = settings.data_dir / KEY_FILE
    if not os.path.exists(path):
        _make(path)
    _refuse_open_mode(path)
    return _read(path), f"The secret in {path}"


def _refuse_open_mode(path: Path) -> None:
    """Raise `SettingsError` if other users may access the generated key file.

    The files in the settings are not checked, since the mode of a mounted secret often can't be chosen.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # reading the file raises a precise error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"The key file {path} may be read or written by others than its owner.",
            f"Say chmod 600 {path}; if somebody may have read it, remove it, and a new one is made.",
        )


def _make(path: Path) -> None:
    try:
        create_key_file(path)
    except OSError as error:
        raise _cannot_make(path, error.strerror or type(error).__name__) from None


def _can_be_made(path: Path) -> bool:
    nearest = next(parent for parent in path.absolute().parents if os.path.exists(parent))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _cannot_make(path: Path, reason: str) -> SettingsError:
    return SettingsError(
        f"The key file {path} can't be made: {reason}.",
        "Make [tornchat] data_dir writable, or set [jwt] secret or secret_file.",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise SettingsError(f"The key file {path} can't be read: {reason}.", "Check its path and permissions.")


def _hmac_key(secret: str, where: str, algorithms: tuple[str, ...]) -> bytes:
    minimum = max(_MINIMUM_BYTES[name] for name in algorithms)
    key = secret.encode(errors="surrogateescape")
    if len(key) < minimum:
        raise SettingsError(f"{where} is shorter than the {minimum} bytes it needs.", _CURE)
    try:
        jwt.get_algorithm_by_name(algorithms[0]).prepare_key(key)
    except jwt.InvalidKeyError:
        raise SettingsError(f"{where} is a public key or a certificate, which is no secret.", _CURE) from None
    return key


def _public_key(path: Path, algorithms: tuple[str, ...]) -> AllowedPublicKeys:
    pem = _read(path)
    keys = [_parsed(pem, path, name) for name in algorithms]
    public: AllowedPublicKeys = keys[0]
    return public


def _parsed(pem: str, path: Path, name: str) -> Any:
    algorithm = jwt.get_algorithm_by_name(name)
    try:
        key = algorithm.prepare_key(pem)
    except Exception:
        raise SettingsError(
            f"{path} holds no key for {name}.", "Give a PEM public key, and the algorithms that go with it."
        ) from None
    if not hasattr(key, "verify"):
        raise SettingsError(f"{path} holds a private key.", "Give the public key only.")
    if algorithm.check_key_length(key) is not None:
        raise SettingsError(f"The key in {path} is too short for {name}.", "Use 2048 bits or more.")
    return key
