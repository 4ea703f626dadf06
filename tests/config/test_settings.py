"""Settings: where a value comes from, and what is said when it does not fit."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from tornchat.config.sections import SECTIONS, describe
from tornchat.config.settings import Settings, load, parse_override
from tornchat.errors import SettingsError


def ini(directory, text):
    path = directory / "tornchat.ini"
    path.write_text(text, encoding="utf-8")
    return path


LAYERS = {
    "overrides": {"tornchat": {"port": "1"}},
    "environ": {"TORNCHAT_TORNCHAT__PORT": "2"},
    "path": "[tornchat]\nport = 3\n",
    "settings": {"tornchat": {"port": 4}},
}


@pytest.mark.parametrize("strongest", range(5))
def test_command_line_then_environment_then_file_then_defaults(tmp_path, strongest):
    given = dict(list(LAYERS.items())[strongest:])
    if "path" in given:
        given["path"] = ini(tmp_path, given["path"])
    settings = load(**given)
    sources = ["command line", "environment", str(tmp_path / "tornchat.ini"), "settings", "default"]
    assert settings.tornchat.port == [1, 2, 3, 4, 8888][strongest]
    assert settings.source("tornchat", "port") == sources[strongest]


def test_a_file_may_hold_a_value(tmp_path):
    secret = tmp_path / "port"
    secret.write_text(" 9000\n")
    key = {"TORNCHAT_TORNCHAT__PORT_FILE": str(secret)}
    assert load(environ=key).tornchat.port == 9000
    settings = load(ini(tmp_path, "[tornchat]\nport = 1\n"), key)
    assert (settings.tornchat.port, settings.source("tornchat", "port")) == (9000, "environment")
    assert load(overrides={"tornchat": {"port": "2"}}, environ=key).tornchat.port == 2
    with pytest.raises(SettingsError, match="has both port and port_file"):
        load(settings={"tornchat": {"port": 1, "port_file": secret}})


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("On", True), ("1", True), ("true", True), ("no", False), ("OFF", False), ("0", False)],
)
def test_yes_and_no(text, value):
    assert load(settings={"rooms": {"auto_create": text}}).rooms.auto_create is value


@pytest.mark.parametrize("text", ["jwt, peewee,local", "jwt peewee local", "\njwt\npeewee\nlocal\n"])
def test_lists_by_comma_or_line(text):
    assert load(settings={"tornchat": {"plugins": text}}).tornchat.plugins == ("jwt", "peewee", "local")


def test_percent_signs_mean_nothing(tmp_path):
    path = ini(tmp_path, "[rooms]\nname_pattern = %(x)s%%\n")
    assert load(path).rooms.name_pattern == "%(x)s%%"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tornchat]\nport = hunter2\n", "[tornchat] port ({}): expected a whole number. Correct"),
        ("[tornchat]\nport = 70000\n", "[tornchat] port ({}): expected a whole number <= 65535. Correct"),
        ("[tornchat]\nprt = hunter2\n", "[tornchat] prt ({}) is not a setting. The settings there are:"),
        ("[rooms]\nauto_create = hunter2\n", "[rooms] auto_create ({}): expected yes or no. Correct"),
        ("[deadlines]\npublish = hunter2\n", "[deadlines] publish ({}): expected a number. Correct"),
        ("[deadlines]\npublish = 0\n", "[deadlines] publish ({}): expected a number > 0.0. Correct"),
        ("[deadlines]\npublish = nan\n", "[deadlines] publish ({}): expected a number > 0.0. Correct"),
        ("hunter2\n", "{} can't be read: line 1 stands before the first [section]."),
        ("[tornchat]\nhunter2\n", "{} can't be read: line 2 is not key = value."),
        (
            "[tornchat]\nport=1\nport=hunter2\n",
            "{} can't be read: line 3 gives [tornchat] port a second time",
        ),
        ("[tornchat]\n[tornchat]\n", "{} can't be read: line 2 begins [tornchat] a second time"),
        (
            "[tornchat]\nport_file = hunter2\n",
            "[tornchat] port_file ({}) names a file that can't be read: No",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_cure_and_no_value(tmp_path, text, message):
    path = ini(tmp_path, text)
    with pytest.raises(SettingsError) as refused:
        load(path)
    assert str(refused.value).startswith(message.format(path))
    assert "hunter2" not in str(refused.value)
    assert refused.value.cure


def test_a_file_that_is_missing_or_not_utf8(tmp_path):
    path = tmp_path / "tornchat.ini"
    with pytest.raises(SettingsError, match=os.strerror(errno.ENOENT)):
        load(path)
    path.write_bytes(b"[tornchat]\nhost = \xff\n")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(path)


class Mine(msgspec.Struct, forbid_unknown_fields=True):
    data_dir: Path
    colour: str = "red"


def test_a_plugin_is_handed_the_data_dir_unless_it_has_its_own():
    settings = load(settings={"tornchat": {"data_dir": "~/chat"}, "mine": {"colour": "blue"}})
    assert settings.section("mine", Mine) == Mine(Path("~/chat").expanduser(), "blue")
    settings = load(settings={"mine": {"data_dir": "/here"}})
    assert settings.section("mine", Mine).data_dir == Path("/here")


def test_only_what_has_two_underscores_is_a_setting():
    settings = load(environ={"TORNCHAT_CONFIG": "x", "HOME": "/", "TORNCHAT_MINE__COLOUR": "blue"})
    assert list(settings.section_names()) == ["mine"]


@pytest.mark.parametrize("text", ["port=1", "tornchat.port", ".port=1", "tornchat.=1"])
def test_an_override_that_is_none(text):
    with pytest.raises(SettingsError, match=r"section\.key=value"):
        parse_override(text)


def test_an_override():
    assert parse_override("jwt.secret=a=b") == ("jwt", "secret", "a=b")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_explained(section):
    assert all(describe(SECTIONS[section]).values())


def test_no_settings_are_the_defaults():
    assert Settings().server.watchdog_seconds == 0.2


@pytest.mark.parametrize("pattern", ["[", "(a", "a{2,1}", "*"])
def test_a_name_pattern_that_is_none(pattern):
    with pytest.raises(SettingsError, match=r"\[rooms\] name_pattern \(command line\) is no regular expr"):
        load(overrides={"rooms": {"name_pattern": pattern}})


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/chat", "https://*.example.org"])
def test_an_origin_that_no_page_has(origin):
    with pytest.raises(SettingsError, match=r"allowed_origins \(settings\): .* is no origin of a page"):
        load(settings={"server": {"allowed_origins": origin}})


def test_origins_that_pages_have():
    origins = "https://example.org, http://[::1]:8000/ app://here *"
    assert len(load(settings={"server": {"allowed_origins": origins}}).server.allowed_origins) == 4


@pytest.mark.parametrize("text", ["[tornchat]\nport = 9000\n", "; a comment\n[tornchat]\nport = 9000\n", ""])
def test_a_byte_order_mark_is_dropped(tmp_path, text):
    assert load(ini(tmp_path, "\ufeff" + text)).tornchat.port == (9000 if text else 8888)


def test_a_byte_order_mark_of_a_file_that_holds_a_value_is_dropped(tmp_path):
    (tmp_path / "port").write_text("\ufeff9000\n", encoding="utf-8")
    assert load(settings={"tornchat": {"port_file": str(tmp_path / "port")}}).tornchat.port == 9000


@pytest.mark.parametrize(
    ("section", "key", "given", "choices"),
    [
        ("tornchat", "log_level", "loud", "expected debug, info, warning or error"),
        ("tornchat", "log_format", "xml", "expected text or json"),
        ("tornchat", "loop", "trio", "expected auto, asyncio or uvloop"),
        ("guest", "enabled", "maybe", "expected auto, yes or no"),
        ("limits", "connections", "many", "expected a whole number >= 0 or auto"),
        ("limits", "connections", "-1", "expected a whole number >= 0 or auto"),
    ],
)
def test_a_mistaken_choice_lists_the_choices(section, key, given, choices):
    with pytest.raises(SettingsError) as refused:
        load(overrides={section: {key: given}})
    assert str(refused.value).startswith(f"[{section}] {key} (command line): {choices}. ")


class Patterned(msgspec.Struct, forbid_unknown_fields=True):
    prefix: Annotated[str, Meta(pattern="^[a-z]+$", description="The prefix, of letters a to z.")] = "a"


def test_a_text_of_the_wrong_form_is_told_in_words():
    with pytest.raises(
        SettingsError, match=r"\[mine\] prefix \(settings\): it does not have the form"
    ) as told:
        load(settings={"mine": {"prefix": "1"}}).section("mine", Patterned)
    assert "The prefix, of letters a to z." in str(told.value)
    assert "^[" not in str(told.value)


def test_the_case_of_a_choice_does_not_matter():
    given = {"tornchat": {"log_level": "DEBUG", "log_format": "Json", "loop": "AsyncIO"}}
    settings = load(environ={"TORNCHAT_LIMITS__CONNECTIONS": "Auto"}, overrides=given)
    assert (settings.tornchat.log_level, settings.tornchat.log_format) == ("debug", "json")
    assert (settings.tornchat.loop, settings.limits.connections) == ("asyncio", "auto")


def test_variables_that_are_no_settings_are_named_with_what_they_may_mean():
    environ = {
        "TORNCHAT_HOST": "hunter2",
        "TORNCHAT_URL": "hunter2",
        "TORNCHAT_TOKEN": "hunter2",
        "TORNCHAT_WORKER": "1",
        "TORNCHAT_TORNCHAT__PORT": "1",
    }
    assert load(environ=environ).strange_variables == {
        "TORNCHAT_HOST": ("TORNCHAT_TORNCHAT__HOST", "TORNCHAT_METRICS__HOST"),
        "TORNCHAT_URL": (),
    }


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e999"])
@pytest.mark.parametrize("key", ["server.drain_seconds", "limits.messages_per_second", "deadlines.publish"])
def test_a_number_is_finite(key, number):
    section, name = key.split(".")
    with pytest.raises(SettingsError, match=rf"\[{section}\] {name} \(command line\): expected a .*number"):
        load(overrides={section: {name: number}})


@pytest.mark.parametrize("mark", [";", "#"])
@pytest.mark.parametrize(
    ("section", "line"), [("tornchat", "data_dir = /x {} comment"), ("tornchat", "host = ::1 {} comment")]
)
def test_a_comment_behind_a_value_is_refused(tmp_path, section, line, mark):
    path = ini(tmp_path, f"[{section}]\n{line.format(mark)}\n")
    with pytest.raises(SettingsError, match="a comment needs a line of its own"):
        load(path)


def test_such_a_mark_inside_a_value_is_no_comment(tmp_path):
    path = ini(tmp_path, "[tornchat]\ndata_dir = /x;y/#z\n[metrics]\ntoken = abcdefgh ; ijklmnop\n")
    settings = load(path)
    assert (settings.tornchat.data_dir, settings.metrics.token) == (Path("/x;y/#z"), "abcdefgh ; ijklmnop")


def test_an_empty_name_pattern_is_refused():
    with pytest.raises(SettingsError, match=r"\[rooms\] name_pattern \(command line\): expected a text"):
        load(overrides={"rooms": {"name_pattern": ""}})


class Keyed(msgspec.Struct, forbid_unknown_fields=True):
    key: Annotated[str, Meta(description="The key of the account.")]


def test_a_required_setting_that_is_missing_is_named_with_what_it_is():
    with pytest.raises(SettingsError) as told:
        load(settings={"mine": {}}).section("mine", Keyed)
    assert str(told.value) == (
        "[mine] key is required and not set. Write key = ... there. The key of the account."
    )
