"""Checks of the URL in the settings, for what the client library would misread or not survive."""

from __future__ import annotations

from urllib.parse import parse_qsl

from tornchat import SettingsError

_SUPPORTED = ("db", "username", "password", "client_name", "socket_keepalive")
_KNOWN = frozenset(
    {
        "decode_responses",
        "encoding",
        "encoding_errors",
        "health_check_interval",
        "max_connections",
        "protocol",
        "retry_on_error",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_read_size",
        "socket_timeout",
        "timeout",
    }
)
"""Options that the library takes and this plugin does not. Names of others may be parts of a password."""
_ENCODE = "Percent-encode special characters in a user and a password: / is %2F, ? is %3F, # is %23."


def refuse_misread(url: str) -> None:
    """Raise `SettingsError` for a URL that would be misread.

    Its text contains no part of the URL but the name of a known option.
    """
    if "#" in url:
        raise SettingsError("The URL of [redis] has a # in it.", _ENCODE)
    scheme, _, rest = url.partition("://")
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    _refuse_split_password(scheme, authority, path, query)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not _is_supported(name, value):
            _refuse_option(name)


def _refuse_split_password(scheme: str, authority: str, path: str, query: str) -> None:
    """Raise `SettingsError` if the @ that ends a password is not in the authority, but behind it."""
    mark = ""
    if "@" in path and (scheme != "unix" or authority):
        mark = "/"
    elif "@" in query.partition("=")[0]:
        mark = "?"
    if mark:
        raise SettingsError(f"The URL of [redis] has a password or a user with a {mark} in it.", _ENCODE)


def _is_supported(name: str, value: str) -> bool:
    return name in _SUPPORTED or name.startswith("ssl_") or (name, value) == ("protocol", "2")


def _refuse_option(name: str) -> None:
    named = f"the option {name}, which" if name in _KNOWN else "an option that"
    raise SettingsError(
        f"The URL of [redis] has {named} is not supported.",
        f"Remove it. The options are {', '.join(_SUPPORTED)} and, for rediss, ssl_...; "
        "socket_timeout is a setting of [redis].",
    )
