"""The contracts of kinds catch wrong plugins, by the name of the promise that they break."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.testing import wrong_kinds
from tests.testing.test_marks_catch import caught
from tornchat.testing import BrokenPromise, KindsContract


class Kinds(KindsContract):
    examples: ClassVar = {"card": [wrong_kinds.Card("one")], "lossy": [wrong_kinds.Lossy("one")]}
    sets: ClassVar = {"star": [[], ["1"]]}

    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin()


@pytest.mark.parametrize(("plugin", "test"), wrong_kinds.STORAGES)
def test_a_wrong_storage_is_caught(plugin: Any, test: str, tmp_path: Path) -> None:
    caught(plugin, test, tmp_path)


@pytest.mark.parametrize(("plugin", "test"), wrong_kinds.KINDS)
def test_a_wrong_plugin_is_caught(plugin: type, test: str, tmp_path: Path) -> None:
    contract = Kinds(plugin)
    with pytest.raises(BrokenPromise) as broken:
        getattr(contract, test)(tmp_path)
    assert str(broken.value).splitlines()[0] == f"Broken promise: {getattr(contract, test).__doc__}"


@pytest.mark.parametrize("test", [name for name in dir(Kinds) if name.startswith("test_")])
def test_a_right_one_passes(test: str, tmp_path: Path) -> None:
    getattr(Kinds(wrong_kinds.Right), test)(tmp_path)
