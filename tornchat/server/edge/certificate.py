"""The certificate of the server: `[server] certfile` and `keyfile`, their checks and their faults."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tornchat.config.settings import Settings
from tornchat.errors import SettingsError
from tornchat.model import Fault

SOON = timedelta(days=14)
"""A certificate that expires earlier causes a warning."""
X509_V_ERR_CERT_NOT_YET_VALID = 9
X509_V_ERR_CERT_HAS_EXPIRED = 10
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY_ENDING = b" PRIVATE KEY-----"

log = logging.getLogger("tornchat.tls")


class Certificate:
    """The files of a certificate chain and its private key. Nothing of the key is ever shown."""

    def __init__(self, certfile: Path, keyfile: Path | None) -> None:
        self._certfile = certfile
        self._keyfile = keyfile

    @classmethod
    def of(cls, settings: Settings) -> Certificate | None:
        """Return the certificate that the settings name; None without TLS. Raises `SettingsError`."""
        certfile, keyfile = settings.server.certfile, settings.server.keyfile
        if certfile is not None:
            return cls(certfile, keyfile)
        if keyfile is not None:
            raise SettingsError("[server] keyfile is set, but certfile is not.", "Set both, or neither.")
        return None

    def context(self) -> ssl.SSLContext:
        """Read the files and return a context for TLS 1.2 and later. Raises `SettingsError`."""
        self._refuse_unfit_files()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._certfile, self._keyfile, password=_no_password)
        except _EncryptedKeyError:
            what = f"{self._place_of_key} is encrypted, and a server has nobody to ask for the password."
            cure = "Decrypt it: openssl pkey -in KEY -out NEW, and chmod 600 NEW."
            raise SettingsError(what, cure) from None
        except ssl.SSLError as error:
            raise self._fault(error) from None
        except OSError as error:  # a file was replaced meanwhile
            what = f"{self._places}: {error.strerror or type(error).__name__}."
            raise SettingsError(what, "Check the paths and permissions.") from None
        return context

    def faults(self, now: datetime | None = None) -> list[Fault]:
        """Return what is wrong with the files, or with the period in which the certificate is valid."""
        try:
            context = self.context()
        except SettingsError as error:
            return [Fault(error.what, error.cure)]
        return _faults_of_period(self._certfile, context, now or datetime.now(UTC))

    @property
    def _places(self) -> str:
        own = f"[server] certfile {self._certfile}"
        return own if self._keyfile is None else f"{own} and keyfile {self._keyfile}"

    @property
    def _place_of_key(self) -> str:
        setting = "certfile" if self._keyfile is None else "keyfile"
        return f"[server] {setting} {self._keyfile or self._certfile}"

    def _refuse_unfit_files(self) -> None:
        """Raise `SettingsError` for a file that can't be read or does not contain what it should."""
        certificate = _read("certfile", self._certfile)
        if _CERTIFICATE not in certificate:
            raise SettingsError(
                f"[server] certfile {self._certfile} contains no PEM certificate.",
                "Name the file that begins with -----BEGIN CERTIFICATE-----, such as fullchain.pem.",
            )
        setting, path = ("certfile", self._certfile) if self._keyfile is None else ("keyfile", self._keyfile)
        if _KEY_ENDING not in (certificate if self._keyfile is None else _read(setting, path)):
            raise SettingsError(
                f"[server] {setting} {path} contains no PEM private key.",
                "Name the file with the key in [server] keyfile, such as privkey.pem.",
            )

    def _fault(self, error: ssl.SSLError) -> SettingsError:
        if error.reason == "KEY_VALUES_MISMATCH":
            what = f"{self._place_of_key} is not the key of the certificate in certfile {self._certfile}."
            return SettingsError(what, "Name the key that the certificate was issued for.")
        what = f"{self._places} can't be used: {error.reason or 'they are damaged'}."
        return SettingsError(what, "Check them with: openssl x509 -in CERTFILE -noout -text.")


class _EncryptedKeyError(Exception):
    """The private key needs a password."""


def _no_password() -> str:
    """Refuse a password. Without this function, OpenSSL would ask for one on the terminal."""
    raise _EncryptedKeyError


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"[server] {setting} {path} can't be read: {error.strerror or type(error).__name__}.",
            "Check the path, and that the user of the server may read it.",
        ) from None


def _faults_of_period(path: Path, context: ssl.SSLContext, now: datetime) -> list[Fault]:
    renew = "Renew it, and send SIGHUP to the server."
    try:
        end = _valid_until(path, context)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == X509_V_ERR_CERT_HAS_EXPIRED:
            return [Fault(f"The certificate in [server] certfile {path} has expired.", renew)]
        if error.verify_code == X509_V_ERR_CERT_NOT_YET_VALID:
            what = f"The certificate in [server] certfile {path} is not valid yet."
            return [Fault(what, "Check the clock of this machine, or wait.")]
        return []  # clients may see it differently
    if end is None or end - now > SOON:
        return []
    what = f"The certificate in [server] certfile {path} expires at {end:%Y-%m-%d %H:%M} UTC."
    return [Fault(what, renew, warning=True)]


def _valid_until(path: Path, context: ssl.SSLContext) -> datetime | None:
    """Return the end of the certificate's validity, as a client that trusts it sees it.

    The standard library decodes only verified certificates of a peer, so this makes a handshake in memory.
    Raises `ssl.SSLCertVerificationError`.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.load_verify_locations(path)
    seen = _handshake(trusting, context).getpeercert() or {}
    end = seen.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC) if isinstance(end, str) else None


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):  # TLS 1.3 needs one round
        if _steps(ours.do_handshake) & _steps(theirs.do_handshake):
            break
    return ours


def _steps(handshake: Callable[[], None]) -> bool:
    try:
        handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the context for the certificate in the settings; None without TLS. Raises `SettingsError`."""
    certificate = Certificate.of(settings)
    return None if certificate is None else certificate.context()


def certificate_faults(settings: Settings) -> list[Fault]:
    """Return what is wrong with the certificate in the settings."""
    try:
        certificate = Certificate.of(settings)
    except SettingsError as error:
        return [Fault(error.what, error.cure)]
    return [] if certificate is None else certificate.faults()


def log_certificate_faults(settings: Settings) -> None:
    """Log what is wrong with the certificate in the settings."""
    for fault in certificate_faults(settings):
        log.log(logging.WARNING if fault.warning else logging.ERROR, "%s %s", fault.what, fault.cure)
