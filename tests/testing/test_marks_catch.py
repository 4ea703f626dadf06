"""The contract of marks catches wrong storages, by the name of the promise that they break."""

from __future__ import annotations

from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.marking import Marking
from tornchat_peewee.standing import Standing

from tests.testing import wrong_marks
from tornchat.testing import BrokenPromise, StorageContract


class Storage(StorageContract):
    def __init__(self, plugin: type[PeeweePlugin]) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> PeeweePlugin:
        return self.plugin(PeeweePlugin.Settings(url=f"sqlite:///{tmp_path / 'chat.db'}", data_dir=tmp_path))


def caught(plugin: type[PeeweePlugin], test: str, tmp_path: Path) -> None:
    contract = Storage(plugin)
    with pytest.raises(BrokenPromise) as broken:
        getattr(contract, test)(tmp_path)
    assert str(broken.value).splitlines()[0] == f"Broken promise: {getattr(contract, test).__doc__}"


@pytest.mark.parametrize(("marking", "test"), wrong_marks.MARKINGS)
def test_wrong_marking_is_caught(
    marking: type[Marking], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat_peewee.acting.Marking", marking)
    caught(PeeweePlugin, test, tmp_path)


@pytest.mark.parametrize(("standing", "test"), wrong_marks.STANDING)
def test_wrong_ids_of_standing_sets_are_caught(
    standing: type[Standing], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat_peewee.acting.Standing", standing)
    caught(PeeweePlugin, test, tmp_path)


@pytest.mark.parametrize(("plugin", "test"), wrong_marks.PLUGINS)
def test_a_wrong_plugin_is_caught(plugin: type[PeeweePlugin], test: str, tmp_path: Path) -> None:
    caught(plugin, test, tmp_path)
