"""Generates docs/hooks/ from the hook specifications. With `--check`, it only reports differences."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import tornchat
from tornchat.hooks.specs import HOOKS, Hook

PAGES = Path(__file__).parent / "hooks"
VERBS = {
    "ask": "Plugins are called in the order of `[tornchat] plugins`; the first answer that is not None wins, "
    "and later plugins are not called.",
    "one": "Exactly one loaded plugin may provide it; the server does not start with two. None is a valid "
    "answer if the return type permits it.",
    "chain": "Plugins are called in the order of `[tornchat] plugins`; each receives the result of the "
    "previous plugin, and may refuse.",
    "collect": "All plugins are called, in the order of `[tornchat] plugins`; all answers are used.",
    "decide": "Plugins are asked in the order of `[tornchat] plugins`, each about the rooms that no plugin "
    "before it has decided; rooms without a decision are listed.",
    "in_order": "Plugins are called one after another, in the order of `[tornchat] plugins`. The first "
    "failure ends the operation.",
    "unwind": "Plugins are called one after another, in the reverse order of `[tornchat] plugins`.",
    "tell": "All plugins are notified. Each plugin receives one event at a time; the core does not wait.",
}
FAILURES = {
    "ask": "It fails closed: no later plugin is called, and the operation fails as unavailable.",
    "one": "The operation fails as unavailable; a failure never counts as a refusal.",
    "chain": "It fails closed: the message is not stored, and is refused with `unavailable`.",
    "collect": "Its answer is omitted; those of the other plugins are used.",
    "decide": "It fails closed: no later plugin is called, and the operation fails as unavailable.",
    "in_order": "No later plugin is called.",
    "unwind": "The other plugins are still called.",
    "tell": "The other plugins are still notified.",
}
OWN = {
    "startup": "The start is aborted, and the plugins already started are shut down in reverse order.",
    "shutdown": "The other plugins are still shut down.",
    "store_messages": "`NotStored` means that nothing was stored, and the messages are "
    "refused with `unavailable`. After any other failure the outcome is unknown and is determined from "
    "the log. The deadline does not end the call: the core logs that the storage is late, and waits "
    "for the call to end. Senders are answered within five seconds in any case.",
    "migrate": "`tornchat migrate` fails, since an incomplete migration is an error.",
    "check": "The failure is reported as a fault of the plugin.",
    "check_cluster": "The failure counts as a fault, and the server does not start.",
    "health": "The plugin is reported as failed; the answers of the others are used.",
    "authorize": 'It fails closed. "join": the connection is closed with 1013. "send": the '
    'message is not stored, and is refused with `unavailable`. "create": the room is not created.',
    "authorize_rooms": "It fails closed: no list is shown now.",
    "read_admitted": "No session is closed; the core calls it again after a few seconds.",
    "store_users": "The core calls it again until the users are stored.",
    "record_audit": "The action is not undone. The core keeps the entries and calls it again "
    "every few seconds.",
    "broadcast_scope": "The server does not start.",
    "entry_kinds": "The server does not start. If a function of a kind fails later, its draft is refused "
    "with `unavailable`.",
    "publish": "The payload is lost; the other nodes read the missing entries from the log.",
    "subscribe": "The room works within this node; the core retries every few seconds.",
    "unsubscribe": "Payloads that still arrive for the room are dropped.",
    "join_presence": "The user joins on this node; the core repeats the call until it succeeds.",
    "leave_presence": "The user leaves on this node; the core repeats the call until it succeeds.",
    "read_sanctions": "A room whose sanctions are not known yet can't be joined: the "
    "connection is closed with 1013. In rooms in use, the last known sanctions remain in effect; they "
    "are read again every few seconds.",
    "search_messages": "The search fails as unavailable.",
    "read_presence": "The user list remains as it was last sent; the core reads it again every few seconds.",
}
"""Hooks whose failure has other effects than their verb says."""
MORE_TYPES = {"Consumer": ["Batch"], "Participant": ["PresenceChange"]}
"""Types that are not in the fields of a type, but belong to it."""
RAISED = {"ChatError": "Rejected"}
"""Declared exception -> the subclass that plugins raise."""
FAILURE_WORDS = (
    "If a hook raises, returns a wrong type or misses its deadline, the failure is logged with the name of "
    "the plugin, and only the operation that called the hook fails. A failure never counts as a refusal. "
    "The page of each hook describes the effects."
)
CALL_WORDS = (
    "Methods may be `async` or plain, unless the page of the hook says otherwise. "
    "A plain method runs on the event loop and must return at once; if it "
    "blocks the loop for longer than `[server] watchdog_seconds`, the log names it. A method may omit "
    "arguments that it does not need. Deadlines are set in the section `[deadlines]`:"
)
STANDARD = {
    "Any": "from typing import Any",
    "Literal": "from typing import Literal",
    "Mapping": "from collections.abc import Mapping",
    "Sequence": "from collections.abc import Sequence",
    "click": "import click",
}


def pages() -> dict[str, str]:
    """Return file name -> text, for every hook and the index."""
    found = {f"{name}.md": page(name, hook) for name, hook in HOOKS.items()}
    return {"index.md": index(), "chat.md": handle_page(), **found}


def index() -> str:
    """Return the index page, with a table of all hooks."""
    rows = [
        f"| [{name}]({name}.md) | {hook.promise.role} | {hook.verb} | {_seconds(hook)} "
        f"| {'yes' if hook.promise.required else 'no'} | {_first_sentence(name)} |"
        for name, hook in HOOKS.items()
    ]
    verbs = [line for verb, words in VERBS.items() for line in _item(f"**{verb}**: {words}")]
    return "\n".join(
        [
            "# Hooks",
            "",
            "A plugin is a class with methods of these names, marked with `@hookimpl`.",
            "[Plugins](../plugins.md) describes how to write one, [the handle](chat.md) what it can do.",
            "These pages are generated from `tornchat/hooks/specs/` by `docs/make_hook_pages.py`.",
            "",
            "| hook | role | verb | deadline | required | purpose |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "## The verbs",
            "",
            "The verb defines how the answers of several plugins are combined.",
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


def page(name: str, hook: Hook[..., Any]) -> str:
    """Return the page of a hook."""
    promise = hook.promise
    with_several, on_failure = VERBS[hook.verb], OWN.get(name, FAILURES[hook.verb])
    return "\n".join(
        [
            f"# {name}",
            "",
            "```python",
            *implementation(name),
            "```",
            "",
            inspect.getdoc(HOOKS[name].function) or "",
            "",
            "| | |",
            "| --- | --- |",
            f"| role | {promise.role} |",
            f"| verb | {hook.verb} |",
            f"| required | {'yes: without it the server does not start' if promise.required else 'no'} |",
            f"| deadline | {_seconds(hook)}; `[deadlines] {name}` changes it |",
            *_table_rows(hook),
            "",
            *_wrapped(f"**With several plugins.** {with_several}"),
            "",
            *_wrapped(
                "**On failure** (it raises, returns a wrong type or misses its deadline). "
                f"The log names the plugin. {on_failure}"
            ),
            "",
            *_types(name),
            "[All hooks](index.md)",
            "",
        ]
    )


def handle_page() -> str:
    """Return the page of what plugins and host applications can do."""
    lines = [
        "# The handle",
        "",
        "`startup(chat)` gives a plugin a `ChatHandle`. A `ChatApp` has the methods of `Actions`, too.",
        "",
        "## Actions",
        "",
        inspect.getdoc(tornchat.Actions) or "",
        "",
        *_methods(tornchat.Actions),
        "## Only for plugins",
        "",
        *_wrapped(
            "`node_id` is the name of this server process in its cluster, `data_dir` the directory of "
            "`[tornchat] data_dir`. `exclusive` is true if no other server may use the storage, and `writes` "
            "false for a command that only reads: a plugin then changes nothing on its own account."
        ),
        "",
        *_methods(tornchat.ChatHandle),
        "[All hooks](index.md)",
        "",
    ]
    return "\n".join(lines)


def _methods(protocol: type) -> list[str]:
    """Return the lines about the methods that a protocol itself declares."""
    lines: list[str] = []
    for name, method in vars(protocol).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            waits = "await " if inspect.iscoroutinefunction(method) else ""
            lines += [f"### {name}", "", "```text", f"{waits}chat.{name}{_arguments(method)}", "```", ""]
            lines += [inspect.getdoc(method) or "", ""]
    return lines


def _arguments(method: Any) -> str:
    signature = inspect.signature(method)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    return re.sub(r"'([^']*)'", r"\1", str(signature.replace(parameters=parameters)))


def implementation(name: str) -> list[str]:
    """Return the lines of an implementation of the hook, with its imports."""
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
    found = inspect.signature(HOOKS[name].function).parameters.values()
    return [(parameter.name, str(parameter.annotation)) for parameter in found]


def _returned(name: str) -> tuple[bool, str]:
    """Return whether the hook may be awaited, and the type of its result."""
    annotation = str(inspect.signature(HOOKS[name].function).return_annotation)
    tree = ast.parse(annotation, mode="eval").body
    while isinstance(tree, ast.BinOp):
        tree = tree.left
    if isinstance(tree, ast.Subscript) and ast.unparse(tree.value) == "Awaitable":
        return True, ast.unparse(tree.slice)
    return False, annotation


def _types(name: str) -> list[str]:
    """Return the lines that describe the types in the signature."""
    words = _words(" ".join(t for _, t in _parameters(name)) + " " + _returned(name)[1])
    if "StoreResult" in words:
        words = [*(word for word in words if word != "StoreResult"), "Stored", "Refusal"]
    rows = [_described(word) for word in _with_fields(words)]
    if "ChatHandle" in words:
        rows.append("- `ChatHandle`: see [the handle](chat.md)")
    return ["## Types", "", *rows, ""] if rows else []


def _with_fields(words: list[str]) -> list[str]:
    """Return the names of the structs among the words, and of those in their fields, and so on."""
    found: list[str] = []
    waiting = [word for word in words if word in tornchat.__all__]
    while waiting:
        word = waiting.pop(0)
        form = getattr(tornchat, word)
        if word in found or not getattr(form, "__struct_fields__", ()):
            continue
        found.append(word)
        fields = [str(hint) for hint in form.__annotations__.values()]
        waiting += [
            other
            for other in _words(" ".join(fields + MORE_TYPES.get(word, [])))
            if other in tornchat.__all__
        ]
    return found


def _described(word: str) -> str:
    """Return the line about a struct: its fields, and what it is."""
    form = getattr(tornchat, word)
    fields = ", ".join(f"`{field}: {_bare(form.__annotations__[field])}`" for field in form.__struct_fields__)
    return f"- `{word}`: {fields}. {_plain_sentence(inspect.getdoc(form) or '')}".rstrip()


def _bare(annotation: str) -> str:
    """Return the annotation without the notes of `Annotated`."""

    class Bare(ast.NodeTransformer):
        def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
            self.generic_visit(node)
            noted = ast.unparse(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple)
            return node.slice.elts[0] if noted and isinstance(node.slice, ast.Tuple) else node

    return ast.unparse(Bare().visit(ast.parse(annotation, mode="eval")))


def _plain_sentence(words: str) -> str:
    first = " ".join(words.partition("\n\n")[0].split())
    return first if first.endswith((".", ":")) else f"{first}."


def _words(annotations: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"[A-Za-z]\w*", annotations)))


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 100, break_long_words=False, break_on_hyphens=False)


def _item(words: str) -> list[str]:
    first, *rest = _wrapped(words)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _seconds(hook: Hook[..., Any]) -> str:
    return f"{hook.promise.deadline:g} s"


def _table_rows(hook: Hook[..., Any]) -> list[str]:
    """Return the rows of the table that only some hooks have."""
    raises = ", ".join(f"`{RAISED.get(error.__name__, error.__name__)}`" for error in hook.promise.raises)
    return [
        *([f"| may raise | {raises}; this is not a failure |"] if raises else []),
        *(["| function | plain; the server does not start with an `async def` |"] if not hook.waits else []),
    ]


def _first_sentence(name: str) -> str:
    words = " ".join((inspect.getdoc(HOOKS[name].function) or "").split("\n\n")[0].split())
    return words.split(". ")[0].rstrip(".").replace("|", "\\|") + "."


def differences() -> list[str]:
    """Return the differences between docs/hooks and the hook specifications."""
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
    """Write the pages to docs/hooks, and remove others."""
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
