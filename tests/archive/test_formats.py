"""Each format: what stands in a file, what of it is whole after a cut, and that nothing in it can run."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest

from tornchat.archive.formats import Format
from tornchat.archive.jsonl import JsonLines, entry_of
from tornchat.archive.page import HtmlPage
from tornchat.archive.table import CONTROLS, FORMULA_STARTS, Table, harmless
from tornchat.model import Entry, More

NASTY = (
    '<script>alert("1")</script>',
    "</li>\n<li>\r\nnext line",
    '"quoted" and, separated\r\n"',
    "=HYPERLINK(1)",
    "@SUM(1)",
    "\u202eevil 日本語 \u2028 \x85 ﷽",
    "&amp; ' \t",
)
ENTRIES = [
    *(Entry(n, "id-<i>", '"><img src=x>', text, n * 1000, f"d-{n}") for n, text in enumerate(NASTY, start=1)),
    Entry(8, "1", "romeo", "", 8000, "d-8"),
    Entry(9, "1", "romeo", "", 9000, "d-9", kind="deletion", target=8),
    Entry(10, "1", "romeo", "ay", 10_000, "d-10", more=More(reply_to=2, thread=1, meta='{"<i>":"=1"}')),
]
FORMATS = [JsonLines(), Table(), HtmlPage()]
IDS = ["jsonl", "csv", "html"]


def file_of(form: Format) -> bytes:
    return form.begin("hall", "e1") + form.records(ENTRIES) + form.end


@pytest.mark.parametrize("form", FORMATS, ids=IDS)
def test_wherever_a_file_is_cut_what_is_whole_before_it_is_known(form: Format) -> None:
    begin, records = form.begin("hall", "e1"), [form.records([entry]) for entry in ENTRIES]
    whole = file_of(form)
    ends = [len(begin) + len(b"".join(records[:count])) for count in range(len(records) + 1)]
    for cut in range(len(begin), len(whole) + 1):
        file = io.BytesIO(whole[:cut])
        file.seek(len(begin))
        count = max(number for number, end in enumerate(ends) if end <= cut)
        assert list(form.whole(file)) == records[:count], f"cut at {cut}"


@pytest.mark.parametrize("form", FORMATS, ids=IDS)
def test_a_record_says_which_entry_it_is_of(form: Format) -> None:
    for entry in ENTRIES:
        assert form.identity(form.records([entry])) == (entry.seq, entry.draft_id)
    with pytest.raises((ValueError, IndexError)):
        form.identity(b"nonsense\r\n")


def test_json_lines_hold_the_entries_as_they_are() -> None:
    _, *lines = file_of(JsonLines()).splitlines(keepends=True)
    assert [entry_of(line) for line in lines] == ENTRIES


def test_a_table_has_the_texts_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(file_of(Table()).decode(), newline="")))
    assert [row["text"].removeprefix("'") for row in rows] == [entry.text for entry in ENTRIES]
    assert not [
        cell for row in rows for cell in row.values() if cell.startswith((*FORMULA_STARTS, *CONTROLS))
    ]
    assert [rows[-1][name] for name in ("reply_to", "thread", "meta")] == ["2", "1", '{"<i>":"=1"}']


BEFORE = (
    "\n",
    "\r",
    "\t",
    " ",
    "\xa0",
    "\ufeff",
    "\u200b",
    "\u2060",
    "\u200e",
    "\u3000",
    "\0",
    " \n\ufeff\xa0",
)


@pytest.mark.parametrize("before", ["", *BEFORE], ids=ascii)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff20"], ids=ascii)
def test_a_formula_is_escaped_behind_anything_invisible(before: str, start: str) -> None:
    assert harmless(f"{before}{start}1+1") == f"'{before}{start}1+1"


@pytest.mark.parametrize("cell", ["", " ", "\n", "hello = you", " hello", "\xa01 + 1", "\ufeffx"], ids=ascii)
def test_a_cell_that_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "p":
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts and data.strip("\n"):
            self.texts[-1] += data


def test_a_page_shows_the_texts_and_nothing_in_it_can_run_or_load() -> None:
    page = file_of(HtmlPage()).decode()
    reader = Reader()
    reader.feed(page)
    assert not {"script", "img", "link", "iframe", "object"} & set(reader.tags)
    assert not [name for name in reader.attributes if name.startswith("on") or name == "src"]
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?:", page)
    for text in NASTY:
        assert any(text.replace("\r", "\n") in shown.replace("\r", "\n") for shown in reader.texts), text
    assert page.count("<li ") == len(ENTRIES)
    assert {"in reply to a message, in the thread of a message"} <= {*reader.texts}
    assert "color-scheme: light dark" in page
