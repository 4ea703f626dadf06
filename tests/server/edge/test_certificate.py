"""`[server] certfile` and `keyfile`: a fault is told with the file, the cause and the cure."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.tls import Certificate as Files
from tests.tls import make_certificate
from tornchat import Fault
from tornchat.config.settings import load
from tornchat.server.edge.certificate import certificate_faults, tls_context

YEAR = 24 * 365


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return make_certificate(tmp_path, YEAR)


def faults(certfile: Path | None, keyfile: Path | None) -> list[Fault]:
    given = {"certfile": certfile, "keyfile": keyfile}
    named = {key: str(path) for key, path in given.items() if path is not None}
    return certificate_faults(load(settings={"server": named}))


def test_a_good_one_has_no_faults(files: Files) -> None:
    assert faults(files.certificate, files.key) == []
    assert faults(None, None) == []


def test_both_may_be_in_one_file(files: Files, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(files.key.read_bytes() + files.certificate.read_bytes())
    assert faults(both, None) == []


def test_the_context_has_tls_1_2_and_later(files: Files) -> None:
    given = {"server": {"certfile": str(files.certificate), "keyfile": str(files.key)}}
    context = tls_context(load(settings=given))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def missing(files: Files) -> tuple[Path, Path]:
    return files.certificate.with_name("missing.pem"), files.key


def missing_key(files: Files) -> tuple[Path, Path]:
    return files.certificate, files.key.with_name("missing.pem")


def unreadable(files: Files) -> tuple[Path, Path]:
    files.key.unlink()
    files.key.mkdir()
    return files.certificate, files.key


def another_key(files: Files) -> tuple[Path, Path]:
    (files.key.parent / "other").mkdir()
    return files.certificate, make_certificate(files.key.parent / "other").key


def swapped(files: Files) -> tuple[Path, Path]:
    return files.key, files.certificate


def without_key(files: Files) -> tuple[Path, None]:
    return files.certificate, None


def encrypted(files: Files) -> tuple[Path, Path]:
    key = load_pem_private_key(files.key.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame"))
    files.key.write_bytes(locked)
    return files.certificate, files.key


def damaged(files: Files) -> tuple[Path, Path]:
    files.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return files.certificate, files.key


@pytest.mark.parametrize(
    ("spoil", "file", "words"),
    [
        (missing, "missing.pem", "certfile .* can't be read: No such file"),
        (missing_key, "missing.pem", "keyfile .* can't be read: No such file"),
        (unreadable, "key.pem", "keyfile .* can't be read: Is a directory"),
        (another_key, "other/key.pem", "keyfile .* is not the key of the certificate in certfile"),
        (swapped, "key.pem", "certfile .* contains no PEM certificate"),
        (without_key, "cert.pem", "certfile .* contains no PEM private key"),
        (encrypted, "key.pem", "keyfile .* is encrypted"),
        (damaged, "cert.pem", "can't be used"),
    ],
)
def test_a_fault_names_file_cause_and_cure_and_nothing_of_the_key(
    files: Files, spoil: Callable[[Files], tuple[Path, Path | None]], file: str, words: str
) -> None:
    secret = files.key.read_text().splitlines()[1]
    [fault] = faults(*spoil(files))
    assert file in fault.what
    assert fault.cure
    assert not fault.warning
    assert secret not in f"{fault}"
    assert re.search(words, fault.what)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(files: Files) -> None:
    files.key.chmod(0)
    [fault] = faults(files.certificate, files.key)
    assert "Permission denied" in fault.what


def test_a_key_without_a_certificate(files: Files) -> None:
    [fault] = faults(None, files.key)
    assert "certfile is not" in fault.what


def test_one_that_expires_soon_is_a_warning(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, 24 * 5)
    [fault] = faults(files.certificate, files.key)
    assert fault.warning
    assert "expires at" in fault.what
    assert "UTC" in fault.what


def test_one_that_has_expired_is_a_fault(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, -1)
    [fault] = faults(files.certificate, files.key)
    assert not fault.warning
    assert "has expired" in fault.what
