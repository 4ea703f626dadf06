"""What is reloaded is declared with each setting, and documented from there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from tornchat.config.reloading import Changes, needing_restart, reloaded, reloads
from tornchat.config.sections import LimitsSection, ServerSection, TornchatSection
from tornchat.config.settings import load

DOCS = Path(__file__).parents[2] / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reload_table", DOCS / "make_reload_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_in_the_documentation_is_the_declaration() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    assert text == maker().page(text), "run docs/make_reload_table.py"


def test_a_declaration_is_that_of_the_setting_or_else_of_its_section() -> None:
    assert set(reloads(LimitsSection).values()) == {"live"}
    assert reloads(ServerSection)["allowed_origins"] == "live"
    assert reloads(ServerSection)["compression"] == "workers"
    assert reloads(TornchatSection)["port"] == "restart"


def test_only_live_settings_are_taken_over() -> None:
    running = load(settings={"limits": {"burst": 7}})
    given = {
        "limits": {"burst": 8},
        "tornchat": {"port": 1, "log_level": "error"},
        "deadlines": {"health": 9},
    }
    wanted = load(settings=given)
    result, changes = reloaded(running, wanted)
    assert changes == Changes(
        ("[tornchat] log_level", "[limits] burst"), ("[tornchat] port", "[deadlines] health")
    )
    assert (result.limits.burst, result.tornchat.log_level) == (8, "error")
    assert (result.tornchat.port, dict(result.deadlines)) == (running.tornchat.port, {})
    assert (running.limits.burst, wanted.tornchat.port) == (7, 1), "neither is changed"


def test_several_workers_need_a_restart_only_for_what_their_parent_holds() -> None:
    given = {"server": {"workers": 2, "compression": True}, "tornchat": {"host": "::1"}}
    assert needing_restart(load(), load(settings=given)) == ("[tornchat] host", "[server] workers")
