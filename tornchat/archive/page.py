"""The format HTML: a self-contained page without scripts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import BinaryIO

from tornchat.archive.formats import Identity, whole_lines
from tornchat.archive.state import RoomState
from tornchat.model import PLAIN, Entry, More
from tornchat.wire.times import timestamp

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class HtmlPage:
    """The format `html`. Each entry is one line of the file."""

    end = b"</ol>\n</main>\n</body>\n</html>\n"

    def begin(self, room: str, epoch: str) -> bytes:
        style = files("tornchat.archive").joinpath("page.css").read_text("utf-8")
        title = escape(room)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n<ol>\n"
        ).encode()

    def records(self, entries: Sequence[Entry]) -> bytes:
        return "".join(map(_item, entries)).encode()

    def state(self, state: RoomState) -> bytes:
        return b""  # cannot be imported

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        return whole_lines(file, b"<li")

    def identity(self, record: bytes) -> Identity:
        seq, _, rest = record.partition(b'id="m')[2].partition(b'" data-draft="')
        return int(seq), rest.partition(b'"')[0].decode()


def _item(entry: Entry) -> str:
    stamp = timestamp(entry.sent_at)
    hue = zlib.crc32(entry.sender_id.encode()) % 360
    return (
        f'<li id="m{entry.seq}" data-draft="{_escaped(entry.draft_id)}" style="--hue:{hue}">'
        f"<b><bdi>{_escaped(entry.sender_username)}</bdi></b>"
        f' <time datetime="{stamp}">{stamp[:10]} {stamp[11:16]}</time>{_body(entry)}</li>\n'
    )


def _body(entry: Entry) -> str:
    if entry.target is not None:
        did = "deleted" if entry.empties else "changed" if entry.mark is None else "marked"
        did = "closed" if entry.closes else "added to" if entry.offset is not None else did
        return f'<p class="gone">{did} <a href="#m{entry.target}">a message</a></p>'
    if not entry.text:
        return '<p class="gone">This message was deleted.</p>'
    return _kind(entry) + _context(entry) + f'<p dir="auto">{_escaped(entry.text)}</p>' + _marks(entry)


def _marks(entry: Entry) -> str:
    """Return how many users have put each token on a message."""
    tallies = [one for found in entry.marks.values() for one in found.items()]
    told = ", ".join(f"<bdi>{_escaped(token)}</bdi> {tally.count}" for token, tally in tallies)
    return f'<p class="marks">{told}</p>' if told else ""


def _kind(entry: Entry) -> str:
    """Return of which kind a message is that a plugin brought, and its `data`, which is JSON."""
    if entry.kind == PLAIN:
        return ""
    data = f" <code>{_escaped(entry.data)}</code>" if entry.data else ""
    return f'<p class="kind">{_escaped(entry.kind)}{data}</p>'


def _context(entry: Entry) -> str:
    """Return what a message answers, and whose thread it is in, as links."""
    more = entry.more or More()
    places = {"in reply to": more.reply_to, "in the thread of": more.thread}
    links = [f'{words} <a href="#m{seq}">a message</a>' for words, seq in places.items() if seq is not None]
    return f'<p class="gone">{", ".join(links)}</p>' if links else ""


def _escaped(text: str) -> str:
    """Escape `text` for HTML, including line breaks, since each entry is one line."""
    return escape(text).replace("\r", "&#13;").replace("\n", "&#10;")
