"""Credentials: plugins can't change them for each other, and no secret is shown."""

from __future__ import annotations

from typing import Any

import pytest

from tornchat.model import Credentials


def test_no_secret_is_in_the_repr() -> None:
    found = Credentials("tea", "203.0.113.9", "secret-1", "header", {"x": "secret-2"}, {"login": "secret-3"})
    assert "secret" not in f"{found!r} {found}"


@pytest.mark.parametrize("part", ["headers", "cookies"])
def test_plugins_get_copies_that_they_cannot_change(part: str) -> None:
    given = {"login": "ann"}
    mapping: Any = getattr(Credentials("tea", "203.0.113.9", headers=given, cookies=given), part)
    given["login"] = "bob"
    assert mapping["login"] == "ann"
    with pytest.raises(TypeError):
        mapping["login"] = "bob"


def test_cookies_are_a_login_once_a_plugin_has_looked_at_one() -> None:
    found = Credentials("tea", "203.0.113.9", cookies={"login": "ann", "theme": "dark"})
    assert not found.used
    assert set(found.cookies) == {"login", "theme"}
    assert not found.used
    assert found.cookies["login"] == "ann"
    assert found.used
