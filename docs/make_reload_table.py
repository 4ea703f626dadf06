"""Write the table of reloaded settings into docs/operating.md: `python docs/make_reload_table.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tornchat.cli.sample import forms
from tornchat.config.reloading import reloads

PAGE = Path(__file__).parent / "operating.md"
BEGIN = "<!-- written by docs/make_reload_table.py -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """Return the table, from the declarations of the sections."""
    rows = [f"| `[{name}]` | {live or 'none'} | {restart or 'none'} |" for name, live, restart in _rows()]
    head = "| section | applied by SIGHUP | fixed until the server is started again |"
    return "\n".join([head, "| --- | --- | --- |", *rows, ""])


def page(text: str) -> str:
    """Return the text of the page with the current table."""
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + table() + END + rest.partition(END)[2]


def _rows() -> Iterator[tuple[str, str, str]]:
    for name, form in forms().items():
        declared = reloads(form)
        live, restart = (
            [key for key, how in declared.items() if how == wanted] for wanted in ("live", "restart")
        )
        if live or restart:
            rest = [key for key in declared if key not in live]
            yield name, _listed(live, rest), ", ".join(f"`{key}`" for key in restart)


def _listed(live: list[str], rest: list[str]) -> str:
    """Return the names, or say that it is all of them, if there are many."""
    if len(live) > 5:
        return "all" + (f" but {', '.join(f'`{key}`' for key in rest)}" if rest else "")
    return ", ".join(f"`{key}`" for key in live)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
