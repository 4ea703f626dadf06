"""What one does to the code now and then: `nox` runs tests, lint and types; `nox --list` names all."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024"
nox.options.sessions = ["tests", "lint", "types"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run all tests, or what is named: `nox -s tests-3.13 -- tests/rooms/test_room.py`."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def folder(session: nox.Session) -> None:
    """Run the tests of one folder: `nox -s folder -- rooms`."""
    if not session.posargs:
        session.error("Name a folder of tests/, such as: nox -s folder -- rooms")
    session.install("-e", ".[test]")
    name, *options = session.posargs
    session.run("pytest", f"tests/{name}", *options)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("ruff>=0.12,<1")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the code, the bench and what the tests share."""
    session.install("-e", ".[test,bench]")
    session.run("mypy")


@nox.session(name="bench-quick")
def bench_quick(session: nox.Session) -> None:
    """Measure for under three minutes, which shows a loss of a fifth, not of a twentieth."""
    session.install("-e", ".[bench]")
    session.run("python", "-m", "bench", "--quick", *session.posargs)


@nox.session
def hosts(session: nox.Session) -> None:
    """Mount the chat in Jupyter Server and Bokeh, which are too large for the extra `test`."""
    session.install("-e", ".[test]", "jupyter-server>=2.21", "bokeh>=3.9")
    session.run("pytest", "-n", "0", "tests/test_hosts.py")
