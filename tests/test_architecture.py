"""The architecture: which folder imports which, where each library is imported, and no shared state."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "tornchat").rglob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.parts[-2] != "plugins")
ALL = [*CORE, *PLUGINS]

ORDER = """
    version
    marks
    model
    markers
    errors
    kinds
    metrics
    tasks
    rates offenders streaming
    config
    wire
    client hooks
    archive
    log rooms cluster
    service
    server.edge
    server.ws
    server.http
    server.routing
    app
    cli testing
"""
"""The parts of the core, lowest first. A part imports only from lines above its own, and from itself."""
RANKS = {part: rank for rank, line in enumerate(ORDER.split("\n")) for part in line.split()}
VOCABULARY = {"version", "marks", "markers", "model", "errors", "kinds", "hooks"}
"""What `tornchat/__init__.py` offers; `ChatApp` is fetched on first use."""
ONLY_IN = {
    "tornado": {
        "server.edge",
        "server.ws",
        "server.http",
        "server.routing",
        "app",
        "cli",
        "testing",
        "tornchat_jwt",
        "tornchat_webhooks",
    },
    "pluggy": {"hooks"},
    "jwt": {"tornchat_jwt"},
    "peewee": {"tornchat_peewee"},
    "playhouse": {"tornchat_peewee"},
    "prometheus_client": {"server.http"},
    "apsw": {"tornchat_peewee"},
    "psycopg": {"tornchat_peewee"},
    "redis": {"tornchat_redis"},
    "uvloop": {"cli"},
}
"""Library -> the only parts that import it. The plugins jwt and webhooks use Tornado's HTTP client."""


def part_of(module: str) -> str:
    """The part that `module`, a name without the leading `tornchat.`, belongs to."""
    first, _, rest = module.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "server" and rest else first


def part_of_file(path: Path) -> str:
    """The part of the core, or the plugin, that a file belongs to."""
    below = path.relative_to(ROOT).with_suffix("").parts[1:]
    return part_of(".".join(part for part in below if part != "__init__")) or "__init__"


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports; for `from tornchat import x`, `tornchat.x`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write the whole name"
            whole = node.module == "tornchat" or (ROOT / (node.module or "").replace(".", "/")).is_dir()
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if whole else {node.module or ""}
    return found


def of_the_core(path: Path) -> set[str]:
    """The parts of the core that a file imports."""
    return {
        part_of(name.removeprefix("tornchat.")) for name in imported(path) if name.startswith("tornchat.")
    }


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_library_is_imported_in_its_part_only(path):
    for name in imported(path):
        library = name.partition(".")[0]
        assert part_of_file(path) in ONLY_IN.get(library, {part_of_file(path)}), (
            f"{library} has no place here"
        )


@pytest.mark.parametrize("path", CORE, ids=named)
def test_a_folder_imports_only_from_those_below_it(path):
    mine, theirs = part_of_file(path), of_the_core(path)
    if mine == "__init__":
        assert theirs <= VOCABULARY | {"app"}
    elif mine == "__main__":
        assert theirs == {"cli"}
    elif mine == "server":
        assert not theirs
    else:
        vocabulary = {part for part in theirs if part not in RANKS}
        assert all(part[0].isupper() or part in ("hookimpl", "__version__") for part in vocabulary)
        above = {part for part in theirs - vocabulary - {mine} if RANKS[part] >= RANKS[mine]}
        assert not above, f"{mine} imports {above}, which is not below it"


def test_every_folder_is_in_the_order():
    folders = {path.parent for path in CORE if path.name == "__init__.py"} - {ROOT / "tornchat"}
    parts = {part_of(".".join(path.relative_to(ROOT / "tornchat").parts)) for path in folders}
    assert parts - {"server"} <= set(RANKS)


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_plugin_imports_the_vocabulary_and_no_other_plugin(path):
    text = path.read_text()
    for name in imported(path):
        package = name.partition(".")[0]
        assert package == part_of_file(path) or not package.startswith("tornchat_"), name
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


def test_the_test_folders_mirror_the_source():
    folders = {path.parent.relative_to(ROOT / "tornchat") for path in CORE}
    missing = {str(folder) for folder in folders if not (ROOT / "tests" / folder).is_dir()}
    assert not missing - {"hooks/specs"}  # declarations only; docs/hooks and tests/hooks cover them


def test_every_folder_says_what_it_is():
    for path in CORE:
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text())), f"{named(path)} has no docstring"


def test_every_hook_has_a_page():
    from tornchat.hooks.specs import HOOKS

    assert [hook for hook in HOOKS if not (ROOT / "docs/hooks" / f"{hook}.md").exists()] == []
