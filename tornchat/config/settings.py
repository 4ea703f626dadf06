"""Loading and validation of the settings.

A value is taken from the first of these sources that provides it: the command line, the environment
(`TORNCHAT_<SECTION>__<KEY>`), the ini file, and the defaults. `<key>_file` names a file that contains the
value of `<key>`. A section named after a loaded plugin contains the settings of that plugin.
"""

from __future__ import annotations

import configparser
import ipaddress
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from tornchat.config.sections import (
    AuditSection,
    ConsumersSection,
    GuestSection,
    HistorySection,
    LimitsSection,
    MessagesSection,
    MetricsSection,
    RoomsSection,
    ServerSection,
    TornchatSection,
    UsersSection,
    describe,
    secret_keys,
)
from tornchat.config.values import decode, has_comment, misfit, prepare
from tornchat.config.variables import overridden, strange
from tornchat.errors import SettingsError

DEADLINES = "deadlines"
SHORTEST_TOKEN = 16
MISSING = re.compile(r"Object missing required field `(\w+)`")
PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")
"""A path below which a chat can be. It needs no escaping anywhere, and can't be taken for another host."""
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^\s/?#@*]+/?", re.IGNORECASE)

S = TypeVar("S", bound=msgspec.Struct)
Layer: TypeAlias = Mapping[str, Mapping[str, object]]


class Value(msgspec.Struct, frozen=True):
    """A raw value and its source: "command line", "environment", the file's name, or "settings".

    A value with a lower `rank` takes precedence.
    """

    given: object
    source: str
    rank: int


class Settings:
    """The effective settings: the typed sections of the core, and `section()` for those of plugins."""

    def __init__(
        self,
        layers: Iterable[tuple[str, Layer]] = (),
        path: Path | None = None,
        strange_variables: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        """`layers` are pairs of a source and its {section: {key: value}}, in order of precedence.

        `path` is the path of the ini file, if there is one. Raises `SettingsError` if a value in a core
        section is invalid.
        """
        self.path = path
        self.strange_variables = strange_variables
        """Environment variables that are no settings, with the names that may be meant."""
        self._values: dict[str, dict[str, Value]] = {}
        for rank, (source, layer) in enumerate(layers):
            for section, keys in layer.items():
                mine = self._values.setdefault(section, {})
                for key, given in keys.items():
                    mine.setdefault(key, Value(given, source, rank))
        self.tornchat = self.section("tornchat", TornchatSection)
        self.rooms = self.section("rooms", RoomsSection)
        self.messages = self.section("messages", MessagesSection)
        self.history = self.section("history", HistorySection)
        self.audit = self.section("audit", AuditSection)
        self.consumers = self.section("consumers", ConsumersSection)
        self.limits = self.section("limits", LimitsSection)
        self.server = self.section("server", ServerSection)
        self.guest = self.section("guest", GuestSection)
        self.users = self.section("users", UsersSection)
        self.metrics = self.section("metrics", MetricsSection)
        self.deadlines = self._deadlines()
        self._refuse_bad_pattern()
        self._refuse_bad_origins()
        self._refuse_bad_metrics()
        self._refuse_bad_proxies()
        self._refuse_bad_prefix()

    def become(self, other: Settings) -> None:
        """Take over the values of `other`, for everybody who holds this object."""
        vars(self).update(vars(other))

    def section(self, name: str, form: type[S]) -> S:
        """Return the section `name` as an instance of `form`, a `msgspec.Struct`.

        A field `data_dir` defaults to [tornchat] data_dir. Raises `SettingsError`, with the section, the key
        and the source, if a value is invalid or a key is unknown.
        """
        fields = {field.name: field for field in msgspec.structs.fields(form)}
        values: dict[str, object] = {}
        if name != "tornchat" and "data_dir" in fields:
            values["data_dir"] = self.tornchat.data_dir
        for key, value in self._values.get(name, {}).items():
            if key not in secret_keys(form):
                self._refuse_comment(name, key, value)
            self._place(name, key, value, fields, values)
        try:
            section = msgspec.convert(values, form, strict=False, dec_hook=decode)
        except msgspec.ValidationError as error:
            raise self._misfit(name, str(error), form) from None
        for key in fields:
            _refuse_infinite(name, key, self.source(name, key), getattr(section, key))
        return section

    def _refuse_comment(self, section: str, key: str, value: Value) -> None:
        if value.source == str(self.path) and has_comment(value.given):
            what = f"[{section}] {key} ({value.source}): a comment needs a line of its own."
            raise SettingsError(what, "Move what follows the ; or # to the line above.")

    def _place(
        self, section: str, key: str, value: Value, fields: Mapping[str, Any], values: dict[str, object]
    ) -> None:
        target = key.removesuffix("_file")
        if key in fields:
            if not self._is_outranked(section, value, key + "_file", fields):
                values[key] = prepare(value.given, fields[key].type)
        elif key != target and target in fields:
            if not self._is_outranked(section, value, target, fields):
                values[target] = prepare(_read(section, key, value), fields[target].type)
        else:
            known = ", ".join(sorted(fields)) or "none"
            raise SettingsError(
                f"[{section}] {key} ({value.source}) is not a setting.", f"The settings there are: {known}."
            )

    def _is_outranked(self, section: str, value: Value, twin: str, fields: Mapping[str, Any]) -> bool:
        """Return whether `twin` (`<key>_file` for `<key>`, or the reverse) takes precedence over `value`.

        Raises `SettingsError` if one source sets both.
        """
        other = self._values[section].get(twin)
        if other is None or (twin in fields and twin.endswith("_file")):
            return False
        if other.rank == value.rank:
            key = twin.removesuffix("_file")
            what = f"[{section}] has both {key} and {key}_file ({value.source})."
            raise SettingsError(what, "Remove one of them.")
        return other.rank < value.rank

    def _deadlines(self) -> Mapping[str, float]:
        return MappingProxyType({hook: self._deadline(hook) for hook in self._values.get(DEADLINES, {})})

    def _deadline(self, hook: str) -> float:
        given, form = self._values[DEADLINES][hook].given, Annotated[float, Meta(gt=0)]
        try:
            seconds = float(msgspec.convert(given, form, strict=False))
        except msgspec.ValidationError as error:
            raise self._misfit(DEADLINES, f"{error} - at `$.{hook}`") from None
        _refuse_infinite(DEADLINES, hook, self.source(DEADLINES, hook), seconds)
        return seconds

    def _refuse_bad_pattern(self) -> None:
        try:
            re.compile(self.rooms.name_pattern)
        except (re.error, RecursionError, OverflowError) as error:
            where = self.source("rooms", "name_pattern")
            what = f"[rooms] name_pattern ({where}) is no regular expression: {error}."
            raise SettingsError(what, "The default is [A-Za-z0-9_-]{1,64}.") from None

    def _refuse_bad_origins(self) -> None:
        """Raise `SettingsError` for an origin that no page can have, such as one without a scheme."""
        for origin in self.server.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                where = self.source("server", "allowed_origins")
                what = f"[server] allowed_origins ({where}): {origin!r} is no origin of a page."
                raise SettingsError(what, "Write https://example.org, with a port if it has one, or *.")

    def _refuse_bad_metrics(self) -> None:
        """Raise `SettingsError` for an invalid network, or a token that is short enough to be guessed."""
        for network in self.metrics.allow:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                where = self.source("metrics", "allow")
                what = f"[metrics] allow ({where}): {network!r} is no network."
                raise SettingsError(what, "Write an address, or a network as 10.0.0.0/8.") from None
        if self.metrics.token is not None and len(self.metrics.token) < SHORTEST_TOKEN:
            where = self.source("metrics", "token")
            what = f"[metrics] token ({where}) has fewer than {SHORTEST_TOKEN} characters."
            raise SettingsError(what, "Give a random one, as `openssl rand -hex 16` makes it.")

    def _refuse_bad_proxies(self) -> None:
        for network in self.server.trusted_proxies:
            try:
                ipaddress.ip_network("::/0" if network == "unix" else network)
            except ValueError:
                where = self.source("server", "trusted_proxies")
                what = f"[server] trusted_proxies ({where}): {network!r} is no network."
                raise SettingsError(what, "Write an address, a network as 10.0.0.0/8, or unix.") from None

    def _refuse_bad_prefix(self) -> None:
        if not PREFIX.fullmatch(self.server.prefix.removesuffix("/")):
            where = self.source("server", "prefix")
            what = f"[server] prefix ({where}): {self.server.prefix!r} is no path below which a chat can be."
            raise SettingsError(what, "Write /talk, with letters, digits and -._~ between the slashes.")

    def _misfit(self, section: str, words: str, form: type[msgspec.Struct] | None = None) -> SettingsError:
        if missing := MISSING.fullmatch(words):
            key = missing[1]
            meaning = describe(form).get(key) if form else None
            cure = f"Write {key} = ... there." + (f" {meaning}" if meaning else "")
            return SettingsError(f"[{section}] {key} is required and not set.", cure)
        what, _, path = words.partition(" - at `$")
        key = path.strip("`.").split("[")[0]
        source = self.source(section, key)
        where = f" {key} ({source})" if key else ""
        types = {field.name: field.type for field in msgspec.structs.fields(form)} if form else {}
        told = misfit(what, types.get(key), describe(form).get(key, "") if form else "")
        return SettingsError(f"[{section}]{where}: {told}.", "Correct or remove it.")

    def source(self, section: str, key: str) -> str:
        """Return the source of the value of a key; "default" if no source sets it."""
        values = self._values.get(section, {})
        given = [value for value in (values.get(key), values.get(key + "_file")) if value is not None]
        return min(given, key=lambda value: value.rank).source if given else "default"

    def section_names(self) -> Iterable[str]:
        """Return the names of the sections with at least one value set, including those of the core."""
        return [name for name, keys in self._values.items() if keys]


def load(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Layer | None = None,
    settings: Layer | None = None,
) -> Settings:
    """Load the settings. In order of precedence: `overrides`, `environ`, the ini file `path`, `settings`.

    Raises `SettingsError` if the file is missing, is not UTF-8 or is not a valid ini file, or if a value is
    invalid.
    """
    layers: list[tuple[str, Layer]] = []
    if overrides:
        layers.append(("command line", overrides))
    if environ:
        layers.append(("environment", overridden(environ)))
    if path is not None:
        layers.append((str(path), _from_file(path)))
    if settings:
        layers.append(("settings", settings))
    return Settings(layers, path, strange(environ or {}))


def parse_override(text: str) -> tuple[str, str, str]:
    """Split `section.key=value` into its parts. Raises `SettingsError` if it has another form."""
    name, equals, value = text.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and section and key):
        raise SettingsError(
            f"{name!r} is not a setting.", "Write section.key=value, as in tornchat.port=9000."
        )
    return section, key, value


def _from_file(path: Path) -> Layer:
    # `default_section=""` disables the section whose values apply to all sections.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SettingsError(
            f"{path} can't be read: {_reason(error)}.", "`tornchat init` writes a good one."
        ) from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _reason(error: Exception) -> str:
    """Return a description of an error in a file, with the line number but without the line's content."""
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first [section]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is not key = value"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno} gives [{error.section}] {error.option} a second time"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno} begins [{error.section}] a second time"
        case OSError():
            return error.strerror or type(error).__name__
        case UnicodeDecodeError():
            return "it is not UTF-8"
    return type(error).__name__


def _refuse_infinite(section: str, key: str, source: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        what = f"[{section}] {key} ({source}): expected a finite number."
        raise SettingsError(what, "Correct or remove it.")


def _read(section: str, key: str, value: Value) -> str:
    try:
        return Path(str(value.given)).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        # Without the file's name, since a user may have written the secret itself in its place.
        raise SettingsError(
            f"[{section}] {key} ({value.source}) names a file that can't be read: {_reason(error)}.",
            "Correct it.",
        ) from None
