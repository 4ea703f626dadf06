"""Write docs/hooks/ from the hookspecs: `python docs/make_hook_pages.py`, or `--check` to compare only."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import sys
import textwrap
from pathlib import Path

import tornchat
from tornchat.hooks.caller import promises
from tornchat.hooks.specs import SPECS, Promise

PAGES = Path(__file__).parent / "hooks"
VERBS = {
    "ask": "Plugins are asked in the order of `[tornchat] plugins`; the first answer that is not None wins, "
    "and nobody after it is asked.",
    "one": "Exactly one loaded plugin may provide it; two are refused at the start. None is an answer, "
    "where the return type allows it.",
    "chain": "Plugins are called in the order of `[tornchat] plugins`; each gets what the one before "
    "returned, and may refuse.",
    "collect": "Everybody is asked, in the order of `[tornchat] plugins`; all answers count.",
    "startup": "Everybody is called, one after another, in the order of `[tornchat] plugins`.",
    "tell": "Everybody is told. Each plugin is told one thing after another, and nobody waits for it.",
}
FAILURES = {
    "ask": "It fails closed: no later plugin is asked, and what was asked for is not done now.",
    "one": "What was asked for is not done now; it never counts as a no.",
    "chain": "It fails closed: the message is not stored, and its sender is told `unavailable`.",
    "collect": "Its answer is left out; the others' count.",
    "startup": "The start is stopped, and the plugins that were started are shut down in reverse order.",
    "tell": "The others are told all the same.",
}
OWN = {
    "shutdown": (
        "Everybody is called, one after another, in the reverse order of `[tornchat] plugins`.",
        "The others are shut down all the same.",
    ),
    "store_messages": (
        VERBS["one"],
        "`NotStored` means that nothing was stored, and the senders are told `unavailable`. Anything else "
        "leaves it unknown: the log is read for what became of the drafts. The deadline does not end the "
        "call: after it the log says that the storage is late, and the core waits for the call's own end. "
        "Senders have their answer within five seconds in any case.",
    ),
    "migrate": (VERBS["collect"], "`tornchat migrate` ends with the failure: half a migration is a fault."),
    "check": (VERBS["collect"], "A plugin that can't check itself counts as a fault of its own."),
    "check_cluster": (VERBS["collect"], "That counts as a fault, which stops the start."),
    "health": (VERBS["collect"], "The plugin counts as failed; the others' answers count."),
    "authorize": (
        VERBS["ask"],
        'It fails closed. "join": the connection is closed with 1013. "send": the message is not stored, '
        "and its sender is told `unavailable`.",
    ),
    "broadcast_scope": (VERBS["one"], "The server does not start."),
    "publish": (VERBS["one"], "The payload is lost; the other nodes find what is missing in the log."),
    "subscribe": (VERBS["one"], "The room works inside this node; the core tries again every few seconds."),
    "unsubscribe": (VERBS["one"], "What still arrives for the room is dropped."),
    "join_presence": (
        VERBS["one"],
        "The user joins on this node; the core tells the plugin again until it takes it.",
    ),
    "leave_presence": (
        VERBS["one"],
        "The user leaves on this node; the core tells the plugin again until it takes it.",
    ),
    "read_sanctions": (
        VERBS["one"],
        "Nobody enters a room whose sanctions are not known yet: the connection is closed with 1013. In "
        "rooms that are in use what was read last goes on to hold; it is read again every few seconds.",
    ),
    "search_messages": (VERBS["one"], 'The search is answered with "not now".'),
    "read_presence": (
        VERBS["one"],
        "The list stays as it was told last; the core reads it again every few seconds.",
    ),
}
"""Hooks of which more is to be said than their verb does: (with several plugins, when one fails)."""
FAILURE_WORDS = (
    "A hook that raises, gives back the wrong type or misses its deadline is logged with the plugin's "
    "name, and harms the one operation that asked for it. It never counts as a no. Each page says what "
    "happens then."
)
CALL_WORDS = (
    "`async` and plain methods both work. A plain one runs on the event loop and must return at once; one "
    "that blocks the loop for longer than `[server] watchdog_seconds` is named in the log. A method may "
    "leave out arguments that it has no use for. A deadline is changed in the section `[deadlines]`:"
)
STANDARD = {
    "Any": "from typing import Any",
    "Literal": "from typing import Literal",
    "Mapping": "from collections.abc import Mapping",
    "Sequence": "from collections.abc import Sequence",
    "click": "import click",
}


def pages() -> dict[str, str]:
    """File name -> text, for every hook and the index."""
    found = {f"{name}.md": page(name, promise) for name, promise in promises().items()}
    return {"index.md": index(), **found}


def index() -> str:
    """All hooks in one table."""
    rows = [
        f"| [{name}]({name}.md) | {promise.role} | {promise.verb} | {_seconds(promise)} "
        f"| {'yes' if promise.required else 'no'} | {_first_sentence(name)} |"
        for name, promise in promises().items()
    ]
    verbs = [line for verb, words in VERBS.items() for line in _item(f"**{verb}**: {words}")]
    return "\n".join(
        [
            "# Hooks",
            "",
            "A plugin is a class with methods of these names, marked with `@hookimpl`.",
            "[Plugins](../plugins.md) says how one is made and loaded. These pages are written from",
            "`tornchat/hooks/specs/` by `docs/make_hook_pages.py`.",
            "",
            "| hook | role | verb | deadline | required | what for |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "## The verbs",
            "",
            "The verb says how the answers of several plugins become one.",
            "",
            *verbs,
            "",
            "## Failures",
            "",
            *_wrapped(FAILURE_WORDS),
            "",
            *_wrapped(CALL_WORDS),
            "",
            "```ini",
            "[deadlines]",
            "filter_message = 3",
            "```",
            "",
        ]
    )


def page(name: str, promise: Promise) -> str:
    """One hook."""
    with_several, on_failure = OWN.get(name, (VERBS[promise.verb], FAILURES[promise.verb]))
    return "\n".join(
        [
            f"# {name}",
            "",
            "```python",
            *implementation(name),
            "```",
            "",
            inspect.getdoc(SPECS[name]) or "",
            "",
            "| | |",
            "| --- | --- |",
            f"| role | {promise.role} |",
            f"| verb | {promise.verb} |",
            f"| required | {'yes: without it the server does not start' if promise.required else 'no'} |",
            f"| deadline | {_seconds(promise)}; `[deadlines] {name}` changes it |",
            "",
            *_wrapped(f"**With several plugins.** {with_several}"),
            "",
            *_wrapped(
                "**When it fails** (it raises, gives back the wrong type or misses its deadline). "
                f"The log names the plugin. {on_failure}"
            ),
            "",
            *_types(name),
            "[All hooks](index.md)",
            "",
        ]
    )


def implementation(name: str) -> list[str]:
    """The hook as it stands in a plugin, with its imports."""
    arguments = ", ".join(["self", *(f"{n}: {t}" for n, t in _parameters(name))])
    asynchronous, returned = _returned(name)
    words = _words(" ".join(t for _, t in _parameters(name)) + " " + returned)
    ours = ["hookimpl", *(word for word in words if word in tornchat.__all__)]
    lines = sorted(STANDARD[word] for word in words if word in STANDARD)
    standard = sorted((line for line in lines if "click" not in line), key=lambda line: line.split()[1])
    third = [line for line in lines if "click" in line]
    return [
        *standard,
        *([""] if standard else []),
        *third,
        f"from tornchat import {', '.join(sorted(ours, key=lambda word: (word[0].islower(), word)))}",
        "",
        "",
        "class MyPlugin:",
        "    @hookimpl",
        f"    {'async ' if asynchronous else ''}def {name}({arguments}) -> {returned}: ...",
    ]


def _parameters(name: str) -> list[tuple[str, str]]:
    found = inspect.signature(SPECS[name]).parameters.values()
    return [(parameter.name, str(parameter.annotation)) for parameter in found]


def _returned(name: str) -> tuple[bool, str]:
    """Whether it may be awaited, and what it gives then."""
    annotation = str(inspect.signature(SPECS[name]).return_annotation)
    tree = ast.parse(annotation, mode="eval").body
    while isinstance(tree, ast.BinOp):
        tree = tree.left
    if isinstance(tree, ast.Subscript) and ast.unparse(tree.value) == "Awaitable":
        return True, ast.unparse(tree.slice)
    return False, annotation


def _types(name: str) -> list[str]:
    """The fields of the types in the signature."""
    words = _words(" ".join(t for _, t in _parameters(name)) + " " + _returned(name)[1])
    if "StoreResult" in words:
        words = [*(word for word in words if word != "StoreResult"), "Stored", "Refusal"]
    rows = []
    for word in words:
        fields = getattr(getattr(tornchat, word, None), "__struct_fields__", ())
        if fields:
            hints = getattr(tornchat, word).__annotations__
            rows.append(f"- `{word}`: " + ", ".join(f"`{field}: {hints[field]}`" for field in fields))
    if "ChatHandle" in words:
        rows.append(
            "- `ChatHandle`: `node_id: str`, `data_dir: Path`, `deliver(topic, payload)`, "
            "`may_have_missed()`, `presence_changed(room, version, change)`; "
            "to be called on the event loop only"
        )
    return ["## Types", "", *rows, ""] if rows else []


def _words(annotations: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"[A-Za-z]\w*", annotations)))


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 100, break_long_words=False, break_on_hyphens=False)


def _item(words: str) -> list[str]:
    first, *rest = _wrapped(words)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _seconds(promise: Promise) -> str:
    return f"{promise.deadline:g} s"


def _first_sentence(name: str) -> str:
    words = " ".join((inspect.getdoc(SPECS[name]) or "").split("\n\n")[0].split())
    return words.split(". ")[0].rstrip(".").replace("|", "\\|") + "."


def differences() -> list[str]:
    """What in docs/hooks is not as the hookspecs say."""
    wanted = pages()
    found = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    lines: list[str] = []
    for name in sorted({*wanted, *found}):
        old, new = found.get(name, ""), wanted.get(name, "")
        lines += difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"docs/hooks/{name}", "hookspecs", ""
        )
    return lines


def write() -> None:
    """Make docs/hooks what the hookspecs say."""
    PAGES.mkdir(exist_ok=True)
    wanted = pages()
    for path in PAGES.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (PAGES / name).write_text(text, encoding="utf-8")


def main() -> int:
    if "--check" in sys.argv[1:]:
        lines = differences()
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return 1 if lines else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
