"""From names to plugins: where there is doubt, it refuses to start and names the cure."""

from __future__ import annotations

import sys

import msgspec
import pytest

from tornchat import hookimpl
from tornchat.config.settings import load
from tornchat.errors import SettingsError
from tornchat.hooks.loader import load_plugins

DEFAULT = ["jwt", "peewee", "local"]


def chat(tmp_path, *names, extra=None, **sections):
    given = {"tornchat": {"data_dir": tmp_path, "plugins": [*DEFAULT, *names]}, **sections}
    return load_plugins(load(settings=given), extra)


def refusal(tmp_path, *names, **more):
    with pytest.raises(SettingsError) as refused:
        chat(tmp_path, *names, **more)
    return str(refused.value)


class Quiet:
    """A plugin that does nothing, and has no settings."""


def made(**methods):
    return type("Made", (Quiet,), methods)


@hookimpl
def authentikate(self, credentials): ...


@hookimpl
def authenticate(self, credential): ...


def unmarked(self, credentials): ...


@hookimpl(tryfirst=True)
def first(self, credentials): ...


@hookimpl(trylast=True)
def last(self, credentials): ...


@hookimpl(wrapper=True)
def wrapper(self, credentials):
    return (yield)


@hookimpl
def subscribe(self, topic): ...


@hookimpl(optionalhook=True)
def optional(self, credentials): ...


@hookimpl
def defaulted(self, draft, user=None): ...


@hookimpl
def by_keyword(self, *, draft, user): ...


def broken(self):
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"authentikate": authentikate}, ["authentikate", "Did you mean authenticate?"]),
        ({"authenticate": authenticate}, ["credential", "docs/hooks"]),
        ({"authenticate": unmarked}, ["authenticate without a mark", "@hookimpl"]),
        ({"authenticate": first}, ["tryfirst", "the only order"]),
        ({"authenticate": last}, ["trylast", "the only order"]),
        ({"authenticate": wrapper}, ["wrapper", "the only order"]),
        ({"authentikate": optional}, ["marks authentikate as an optionalhook", "plain @hookimpl"]),
        ({"filter_message": defaulted}, ["never be given user in filter_message", "without a default"]),
        ({"filter_message": by_keyword}, ["never be given draft, user in filter_message", "plain ones"]),
        ({"Settings": dict}, ["The Settings of the plugin mine are no section", "msgspec.Struct"]),
        ({"subscribe": subscribe}, ["local and mine both provide subscribe", "Take one of them out"]),
        (
            {"__init__": broken},
            ["mine (this application) can't be made", "is made with one argument, its settings"],
        ),
    ],
)
def test_a_class_that_is_no_plugin(tmp_path, methods, words):
    message = refusal(tmp_path, "mine", extra={"mine": made(**methods)})
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("names", "sections", "words"),
    [
        (["locale"], {}, "There is no plugin 'locale'. Did you mean local?"),
        (["zzz"], {}, "Installed are: jwt, local, peewee"),
        (["local"], {}, "names local more than once"),
        ([], {"jtw": {"a": "b"}}, "[jtw] belongs to no loaded plugin. Did you mean [jwt]?"),
        ([], {"deadlines": {"publihs": 1}}, "[deadlines] publihs is not a hook. Did you mean publish?"),
        ([], {"local": {"x": "1"}}, "[local] x (settings) is not a setting"),
    ],
)
def test_settings_that_fit_no_plugin(tmp_path, names, sections, words):
    assert words in refusal(tmp_path, *names, **sections)


@pytest.mark.parametrize("missing", DEFAULT)
def test_a_role_that_nobody_fills(tmp_path, missing):
    left = [name for name in DEFAULT if name != missing]
    with pytest.raises(SettingsError, match=r"Nobody fills the role .* installed are: jwt, local, peewee"):
        load_plugins(load(settings={"tornchat": {"data_dir": tmp_path, "plugins": left}}))


def install(directory, distribution, target, name="parrot"):
    """What pip leaves behind for a distribution that offers one plugin."""
    info = directory / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tornchat]\n{name} = {target}\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A place where packages are installed, with two distributions that both offer `parrot`."""
    directory = tmp_path / "site"
    directory.mkdir()
    for package in ("grey_parrot", "green_parrot"):
        source = f"class Plugin:\n    colour = {package!r}\n"
        (directory / f"{package}.py").write_text(source)
        install(directory, package.replace("_", "-"), f"{package}:Plugin")
    (directory / "lame.py").write_text("import a_module_that_is_not_there\n")
    (directory / "notaclass.py").write_text("plugin = 5\n")
    install(directory, "lame", "lame:Plugin", "lame")
    install(directory, "notaclass", "notaclass:plugin", "notaclass")
    monkeypatch.syspath_prepend(directory)
    yield directory
    for module in ("grey_parrot", "green_parrot", "lame", "notaclass"):
        sys.modules.pop(module, None)


def test_one_name_by_two_distributions_is_refused(tmp_path, site):
    message = refusal(tmp_path, "parrot")
    assert "The plugin parrot is offered more than once. Write which you mean:" in message
    assert "grey-parrot:parrot" in message
    assert "grey_parrot" not in sys.modules


def test_unless_it_is_said_which(tmp_path, site):
    loaded = chat(tmp_path, "grey-parrot:parrot")
    assert (loaded.plugins[-1].name, loaded.plugins[-1].distribution) == ("parrot", "grey-parrot")
    assert "green_parrot" not in sys.modules  # what is not named is never imported
    assert "There is no plugin 'blue-parrot:parrot'" in refusal(tmp_path, "blue-parrot:parrot")
    assert "names parrot more than once" in refusal(tmp_path, "grey-parrot:parrot", "green-parrot:parrot")


def test_a_plugin_that_cannot_be_imported(tmp_path, site):
    message = refusal(tmp_path, "lame")
    assert "The plugin lame (lame) can't be imported: ModuleNotFoundError" in message
    assert "is no class" in refusal(tmp_path, "notaclass")


def test_a_plugin_may_take_fewer_arguments(tmp_path):
    heard = []

    @hookimpl
    def connection_closed(self, duration):
        heard.append(duration)

    loaded = chat(tmp_path, "mine", extra={"mine": made(connection_closed=connection_closed)})
    (found,) = [i for i in loaded.hooks.implementations() if i.plugin == "mine"]
    found.function("c1", 1000, 2.5)
    assert heard == [2.5]
    assert (loaded.plugins[-1].hooks, loaded.plugins[-1].roles) == (("connection_closed",), ("events",))


def test_two_chats_share_nothing(tmp_path):
    class Parrot:
        class Settings(msgspec.Struct):
            words: str = ""

        def __init__(self, settings):
            self.settings = settings

        @hookimpl
        def health(self):
            return {"words": self.settings.words}

    first = chat(tmp_path, "mine", extra={"mine": Parrot}, mine={"words": "one"})
    second = chat(tmp_path, "mine", extra={"mine": Parrot}, mine={"words": "two"})
    functions = [{i.function for i in loaded.hooks.implementations()} for loaded in (first, second)]
    assert not functions[0] & functions[1]
    answers = [i.function() for f in (first, second) for i in f.hooks.implementations() if i.plugin == "mine"]
    assert answers == [{"words": "one"}, {"words": "two"}]
