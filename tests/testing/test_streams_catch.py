"""The contract of streamed messages catches wrong storages, by the name of the promise that they break."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.acting import Acting

from tests.testing import wrong_streams
from tests.testing.test_marks_catch import caught
from tornchat.testing import StorageContract
from tornchat.testing.kit import Contract


@pytest.mark.parametrize(("acting", "test"), wrong_streams.ACTINGS)
def test_wrong_acting_is_caught(
    acting: type[Acting], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat_peewee.batch.Acting", acting)
    caught(PeeweePlugin, test, tmp_path)


@pytest.mark.parametrize(("plugin", "test"), wrong_streams.PLUGINS)
def test_a_wrong_plugin_is_caught(plugin: type[PeeweePlugin], test: str, tmp_path: Path) -> None:
    caught(plugin, test, tmp_path)


def test_no_two_parts_of_the_contract_have_a_test_of_the_same_name() -> None:
    """Else one of them would never be run."""
    parts = [part for part in StorageContract.__mro__ if part not in (StorageContract, *Contract.__mro__)]
    names = Counter(name for part in parts for name in vars(part) if name.startswith("test_"))
    assert len(parts) > 5
    assert [name for name, count in names.items() if count > 1] == []
