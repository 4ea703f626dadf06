"""The house: floors, what may be imported where, and no state that two chats could share."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "tornchat").glob("*.py"))
ALL = [*sorted((ROOT / "tornchat").rglob("*.py")), *sorted((ROOT / "plugins").rglob("*.py"))]

FLOORS = {
    name: floor
    for floor, names in enumerate(
        [
            "errors framing histogram limits messages orders sections tasks tells version",
            "config counts deflate hookspecs looplag rates wire",
            "client compressed drafts feed roster verbs",
            "optional",
            "hooks",
            "archive loader lookup presence pruning publisher room sanctions watchdog",
            "commit history repair turn",
            "rooms",
            "access enforcement",
            "directory joining moderation posts",
            "chat",
            "server",
            "app",
            "cli testing __main__ __init__",
        ]
    )
    for name in names.split()
}
SAME_FLOOR = {
    ("archive", "archive"),
    ("cli", "cli"),
    ("client", "client"),
    ("hookspecs", "hookspecs"),
    ("server", "server"),
    ("testing", "testing"),
    ("wire", "wire"),
    ("__main__", "cli"),
}
"""(importer, imported): inside one package, and the command line's entrance."""
ONLY_IN = {
    "tornado": {"server", "app", "cli", "testing", "tornchat_jwt"},  # jwt: its HTTP client fetches the keys
    "pluggy": {"hookspecs", "hooks", "loader", "__init__"},
    "jwt": {"tornchat_jwt"},
    "peewee": {"tornchat_peewee"},
    "playhouse": {"tornchat_peewee"},
    "prometheus_client": {"server"},
    "apsw": {"tornchat_peewee"},
    "psycopg": {"tornchat_peewee"},
    "redis": {"tornchat_redis"},
    "uvloop": {"cli"},
}
TESTED_ELSEWHERE = {
    "__init__": "an import is its test",
    "__main__": "tests/cli",
    "errors": "a table",
    "hookspecs": "test_hooks",
    "optional": "test_hooks",
    "verbs": "test_hooks",
    "messages": "types",
    "version": "one line",
    "chat": "scenarios",
    "access": "scenarios",
    "enforcement": "scenarios",
    "joining": "scenarios",
    "feed": "test_room_properties",
    "history": "scenarios",
    "repair": "scenarios",
    "room": "test_room_properties",
    "sections": "test_config",
    "drafts": "scenarios",
    "tasks": "scenarios",
}


def part_of(path: Path) -> str:
    """A plugin, a sub-package of the core, or a module of it."""
    return path.relative_to(ROOT).with_suffix("").parts[1]


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports; for `from tornchat import x`, `tornchat.x`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write the whole name"
            found |= {node.module or ""}
            if node.module == "tornchat":
                found |= {f"tornchat.{alias.name}" for alias in node.names}
    return found


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in ALL if p.parts[-2] != "plugins"], ids=named)
def test_libraries_stay_in_their_part(path):
    for name in imported(path):
        library = name.partition(".")[0]
        assert part_of(path) in ONLY_IN.get(library, {part_of(path)}), f"{library} has no place here"


@pytest.mark.parametrize("path", [p for p in ALL if "plugins" not in p.parts], ids=named)
def test_a_file_imports_only_from_floors_below(path):
    mine = part_of(path)
    for name in imported(path):
        theirs = name.removeprefix("tornchat.").partition(".")[0]
        if name.startswith("tornchat.") and theirs in FLOORS:
            below = FLOORS[theirs] < FLOORS[mine] or (mine, theirs) in SAME_FLOOR
            assert below, f"{mine} (floor {FLOORS[mine]}) imports {theirs} (floor {FLOORS[theirs]})"
        elif name == "tornchat" and mine not in ("__init__", "cli", "testing", "__main__"):
            names = {n for n in imported(path) if n.startswith("tornchat.")}
            assert all(n.split(".")[1] in FLOORS for n in names), "from tornchat import <module> only"


@pytest.mark.parametrize("path", [p for p in ALL if "plugins" in p.parts], ids=named)
def test_a_plugin_knows_the_vocabulary_and_no_other_plugin(path):
    text = path.read_text()
    for name in imported(path):
        package = name.partition(".")[0]
        assert package == part_of(path) or not package.startswith("tornchat_"), name
    assert "from tornchat." not in text
    assert "import tornchat." not in text


MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"dict", "list", "set", "defaultdict", "deque", "Counter", "OrderedDict", "WeakValueDictionary"}


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_module_keeps_state(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and "__all__" not in ast.unparse(node):
            value = node.value
            call = value.func if isinstance(value, ast.Call) else None
            maker = getattr(call, "id", getattr(call, "attr", ""))
            assert not isinstance(value, MUTABLE), f"line {node.lineno}: make it a MappingProxyType or tuple"
            assert maker not in MAKERS, f"line {node.lineno}: two chats would share it"


@pytest.mark.parametrize("path", CORE, ids=named)
def test_every_core_module_has_a_test_of_its_name(path):
    has_one = (ROOT / "tests" / f"test_{path.stem}.py").exists()
    assert has_one or path.stem in TESTED_ELSEWHERE


def test_every_hook_has_a_page():
    pages = ROOT / "docs" / "hooks"
    if pages.exists():
        from tornchat.verbs import promises

        assert [hook for hook in promises() if not (pages / f"{hook}.md").exists()] == []
