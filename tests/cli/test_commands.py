"""The commands that look, write or sign, and end."""

from __future__ import annotations

import configparser
import json
import re
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from tests.cli.process import run
from tornchat.app import ChatApp
from tornchat.cli.sample import sample
from tornchat.config.settings import load

ROOT = Path(__file__).parents[2]


def claims(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_version_is_quick_to_say(tmp_path):
    assert re.fullmatch(r"tornchat \d+\.\d+\.\d+\n", run(tmp_path, "--version").stdout)


def test_a_token_stands_alone_on_the_last_line(tmp_path):
    told = run(tmp_path, "token", "alice", "--id", "7", "--ttl", "60", "--role", "admin", "--role", "staff")
    found = claims(told.stdout.splitlines()[-1])
    assert (found["sub"], found["username"], found["exp"] - found["iat"]) in [
        ("7", "alice", 60),
        ("7", "alice", 61),
    ]
    assert sorted(found["roles"]) == ["admin", "staff"]


def test_the_sample_is_the_root_file(tmp_path):
    assert run(tmp_path, "init").returncode == 0
    assert (tmp_path / "tornchat.ini").read_text() == (ROOT / "tornchat.ini").read_text() == sample({})


def test_the_sample_as_it_is_changes_nothing():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(sample({}))
    assert not any(dict(parser.items(section)) for section in parser.sections())


def test_every_line_of_the_sample_can_be_uncommented(tmp_path):
    path = tmp_path / "all.ini"
    # A key without a value is one that is not set.
    path.write_text(re.sub(r"^# (\w+ = .)", r"\1", sample({}), flags=re.MULTILINE))
    settings, defaults = load(path), load()
    for section in ("tornchat", "rooms", "limits", "server"):
        assert getattr(settings, section) == getattr(defaults, section)
    assert settings.deadlines["startup"] == 30
    ChatApp(settings)


@pytest.mark.long
def test_init_refuses_to_overwrite(tmp_path):
    assert run(tmp_path, "init", "a.ini").returncode == 0
    again = run(tmp_path, "init", "a.ini")
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
    assert "--force" in again.stderr
    forced = run(tmp_path, "init", "a.ini", "--force", "--set", "tornchat.port=9000")
    assert forced.returncode == 0
    assert "\nport = 9000\n" in (tmp_path / "a.ini").read_text()


def test_check_finds_nothing_and_changes_nothing(tmp_path):
    told = run(tmp_path, "check")
    assert told.returncode == 0
    assert "peewee" in told.stdout
    assert not list(tmp_path.iterdir())


def test_check_names_each_fault_with_its_cure(tmp_path):
    told = run(tmp_path, "check", "--set", "jwt.secret=short", "--set", "peewee.url=mysql://u:hidden@h/d")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 2
    assert "hidden" not in told.stderr


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("tornchat.host=chat.invalid", "[tornchat] host: tornchat can't listen on chat.invalid:"),
        ("tornchat.host=192.0.2.1", "[tornchat] host: tornchat can't listen on 192.0.2.1:"),
        ("tornchat.data_dir=/proc/x", "[tornchat] data_dir: /proc/x can't be written:"),
        ("tornchat.data_dir=/dev/null", "[tornchat] data_dir: /dev/null can't be written:"),
        ("rooms.name_pattern=[0-9]+", "[rooms] default: no room can be called 'general'"),
        ("rooms.default=..", "[rooms] default: no room can be called '..'"),
    ],
)
def test_check_finds_what_serve_would_stumble_over(tmp_path, given, fault):
    told = run(tmp_path, "check", "--set", given)
    assert told.returncode == 1
    assert f"tornchat: {fault}" in told.stderr


@pytest.mark.long
def test_check_and_serve_name_variables_that_are_no_settings(tmp_path):
    told = run(tmp_path, "check", TORNCHAT_HOST="hidden")
    assert told.returncode == 0
    line = "tornchat: warning: TORNCHAT_HOST is no setting. Did you mean TORNCHAT_TORNCHAT__HOST or"
    assert told.stderr.startswith(line)
    assert "hidden" not in told.stderr
    served = run(tmp_path, "serve", "--host", "chat.invalid", TORNCHAT_HOST="hidden")
    assert "TORNCHAT_HOST is no setting. Did you mean" in served.stderr


def test_check_succeeds_with_a_warning(tmp_path):
    told = run(tmp_path, "check", "--set", "jwt.leeway=60")
    assert told.returncode == 0
    assert told.stderr.startswith("jwt: warning: [jwt] leeway = 60 applies to nbf and iat only")


def test_config_says_where_each_value_came_from_and_masks_secrets(tmp_path):
    (tmp_path / "tornchat.ini").write_text("[rooms]\nhistory_limit = 7\n[jwt]\nsecret = " + "s" * 64)
    url = "sqlite://user:hidden@/x"
    told = run(tmp_path, "config", "--set", f"peewee.url={url}", TORNCHAT_TORNCHAT__PORT="9000")
    lines = {re.sub(r"\s+", " ", line) for line in told.stdout.splitlines()}
    assert {"port = 9000 # environment", "history_limit = 7 # tornchat.ini"} <= lines
    assert {"secret = *** # tornchat.ini", "host = 127.0.0.1 # default"} <= lines
    assert "hidden" not in told.stdout
    assert "sss" not in told.stdout


def test_plugins_lists_roles_and_hooks(tmp_path):
    told = run(tmp_path, "plugins")
    assert "jwt (tornchat)" in told.stdout
    assert "storage" in told.stdout


@pytest.mark.long
def test_migrate_names_its_steps_once(tmp_path):
    assert "peewee: " in run(tmp_path, "migrate").stdout
    assert run(tmp_path, "migrate").stdout == "Nothing to do.\n"


@pytest.mark.parametrize(
    "command",
    [["serve"], ["check"], ["config"], ["plugins"], ["migrate"], ["token", "a"], ["chat", "r", "--as", "a"]],
)
@pytest.mark.parametrize("fault", ["rooms.nothing=1", "tornchat.port=x", "tornchat.plugins=nobody", "x"])
def test_a_fault_in_the_settings_is_one_line(tmp_path, command, fault):
    told = run(tmp_path, *command, "--set", fault)
    assert told.returncode in (1, 2)
    assert len(told.stderr.splitlines()) == 1


def test_a_broken_file_does_not_take_the_help_away(tmp_path):
    (tmp_path / "tornchat.ini").write_text("[rooms\nnonsense")
    told = run(tmp_path, "--help")
    assert told.returncode == 0
    assert "serve" in told.stdout
    assert run(tmp_path, "serve").returncode == 1


def test_a_missing_file_is_a_fault(tmp_path):
    assert run(tmp_path, "check", "--config", "none.ini").returncode == 1
