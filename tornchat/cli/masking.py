"""What must not be shown: secrets among the settings, tokens in log lines, control characters anywhere."""

from __future__ import annotations

import re

MASK = "***"
_SECRET_NAME = re.compile(
    r"(^|[_-])(secret|password|passwd|passphrase|token|key|credentials?)$", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(://[^:@/\s]*:).*@")
_URL_OPTION = re.compile(r"([?&][^=&\s]*(?:secret|passw|token|key)[^=&\s]*=)[^&\s]+", re.IGNORECASE)
_PASSWORD_IN_LINE = re.compile(r"(://[^:@/\s]*:)[^\s'\"]*@")
_TOKEN_OPTION = re.compile(r"(\btoken=)[^&\s'\"]+", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


def is_secret(key: str) -> bool:
    """Say whether a setting of this name holds a secret."""
    return _SECRET_NAME.search(key) is not None


def without_passwords(text: str) -> str:
    """Give `text` with the passwords in its URLs masked."""
    return _URL_OPTION.sub(rf"\1{MASK}", _URL_PASSWORD.sub(rf"\1{MASK}@", text))


def without_secrets(text: str) -> str:
    """Give a line of the log with everything masked that is, or follows `token=` as, a token, and with the
    passwords in its URLs masked."""
    if "=" in text:  # most lines have none: looking for the patterns would cost a third of a line
        text = _TOKEN_OPTION.sub(rf"\1{MASK}", text)
    if "://" in text:
        text = _PASSWORD_IN_LINE.sub(rf"\1{MASK}@", text)
    return _JWT.sub(MASK, text) if "eyJ" in text else text


def printable(text: str) -> str:
    """Give `text` on one line, with what could steer a terminal or fake a line written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
