"""The package's own files: their types, how long they are kept, and that nothing else is given away."""

from __future__ import annotations

import asyncio
import gzip
from types import SimpleNamespace

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from tests.hosting import hosting, settings
from tests.server.http.web import Answer, ask
from tornchat import ChatApp
from tornchat.server.http.files import ROOT, TYPES, StaticFiles
from tornchat.testing import RunningChat, running_chat

NAME = "tokens.css"
LARGE = next(name for name in StaticFiles() if name.endswith("swagger-ui-bundle.js"))


@pytest.mark.gen_test
async def test_a_file_is_asked_for_each_time_and_kept_for_ever_under_its_version():
    async with running_chat() as chat:
        plain = await ask(chat, "GET", f"/static/{NAME}")
        assert plain.status == 200
        assert plain.body == (ROOT / NAME).read_bytes()
        assert plain.headers["Content-Type"] == "text/css; charset=utf-8"
        assert plain.headers["X-Content-Type-Options"] == "nosniff"
        assert plain.headers["Cache-Control"] == "no-cache"
        versioned = await ask(chat, "GET", StaticFiles().url("", NAME))
        assert versioned.body == plain.body
        assert "immutable" in versioned.headers["Cache-Control"]
        other = await ask(chat, "GET", f"/static/{'0' * 12}/{NAME}")
        assert (other.body, other.headers["Cache-Control"]) == (plain.body, "no-cache")


@pytest.mark.gen_test
async def test_who_has_it_already_is_not_sent_it_again():
    async with running_chat() as chat:
        etag = (await ask(chat, "GET", f"/static/{NAME}")).headers["ETag"]
        again = await ask(chat, "GET", f"/static/{NAME}", headers={"If-None-Match": etag})
        assert (again.status, again.body) == (304, b"")
        head = await ask(chat, "HEAD", f"/static/{NAME}")
        assert (head.status, head.body, head.headers["ETag"]) == (200, b"", etag)


@pytest.mark.gen_test
async def test_texts_are_compressed_for_those_who_take_it_and_each_encoding_has_its_etag():
    async with running_chat() as chat:
        path = f"/static/{NAME}"
        plain = await packed_or_not(chat, path)
        packed = await packed_or_not(chat, path, {"Accept-Encoding": "br, gzip;q=0.8"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert (varies(plain), varies(packed)) == ({"Accept-Encoding"}, {"Accept-Encoding"})
        assert plain.headers["ETag"] != packed.headers["ETag"]
        for etag, status in ((packed.headers["ETag"], 304), (plain.headers["ETag"], 200)):
            headers = {"Accept-Encoding": "gzip", "If-None-Match": etag}
            assert (await packed_or_not(chat, path, headers)).status == status
        refused = await packed_or_not(chat, path, {"Accept-Encoding": "gzip;q=0"})
        assert "Content-Encoding" not in refused.headers


@pytest.mark.gen_test
async def test_a_file_is_compressed_once_though_many_ask_for_it_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
):
    compressed: list[int] = []
    together: list[int] = []
    under_way = 0

    def compress(content: bytes, mtime: float) -> bytes:
        nonlocal under_way
        under_way += 1
        together.append(under_way)
        packed = gzip.compress(content, mtime=mtime)
        compressed.append(len(content))
        under_way -= 1
        return packed

    monkeypatch.setattr("tornchat.server.http.files.gzip", SimpleNamespace(compress=compress))
    async with running_chat() as chat:
        paths = [f"/static/{name}" for name in (LARGE, NAME) for _ in range(20)]
        answers = await asyncio.gather(*(ask(chat, "GET", path) for path in paths))
    assert {answer.status for answer in answers} == {200}
    assert sorted(compressed) == sorted(len((ROOT / name).read_bytes()) for name in (LARGE, NAME))
    assert together == [1, 1], "more than one at a time would take the loop's share of the CPU"


@pytest.mark.gen_test
async def test_the_icon_is_where_browsers_look_for_it():
    async with running_chat() as chat:
        icon = await ask(chat, "GET", "/favicon.ico")
        assert (icon.status, icon.headers["Content-Type"]) == (200, "image/svg+xml")
        assert (await ask(chat, "HEAD", "/favicon.ico")).status == 200


async def packed_or_not(chat: RunningChat, path: str, headers: dict[str, str] | None = None) -> Answer:
    """Ask for a file with just these headers, and leave the answer as it comes."""
    url = f"http://127.0.0.1:{chat.port}{path}"
    request = HTTPRequest(url, headers=headers, decompress_response=False)
    told = await AsyncHTTPClient().fetch(request, raise_error=False)
    return Answer(told.code, told.headers, told.body)


def varies(answer: Answer) -> set[str]:
    """What the answer depends on."""
    return set(answer.headers["Vary"].replace(" ", "").split(","))


@pytest.mark.gen_test
async def test_pages_of_allowed_origins_can_load_the_client_and_others_can_not():
    friend, policy = "https://shop.example", "Cross-Origin-Resource-Policy"
    async with running_chat({"server": {"allowed_origins": friend}}) as chat:
        path = StaticFiles().url("", "tornchat-client.js")
        module = await ask(chat, "GET", path, headers={"Origin": friend})
        assert module.headers["Access-Control-Allow-Origin"] == friend
        assert (module.headers[policy], varies(module)) == ("cross-origin", {"Origin", "Accept-Encoding"})
        script = await ask(chat, "GET", path)
        assert (script.headers[policy], varies(script)) == ("cross-origin", {"Origin", "Accept-Encoding"})
        foreign = await ask(chat, "GET", path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in foreign.headers
        again = await ask(
            chat, "GET", path, headers={"Origin": friend, "If-None-Match": module.headers["ETag"]}
        )
        assert (again.status, again.headers["Access-Control-Allow-Origin"]) == (304, friend)
        page = await ask(chat, "GET", f"/static/{NAME}", headers={"Origin": friend})
        assert page.headers[policy] == "same-origin"
    async with running_chat() as chat:
        alone = await ask(chat, "GET", path, headers={"Origin": friend})
        assert "Access-Control-Allow-Origin" not in alone.headers
        assert alone.headers[policy] == "same-origin"


NOT_THERE = (
    "",
    "nothing.js",
    "../static.py",
    "../../version.py",
    "..%2fstatic.py",
    "%2e%2e/static.py",
    "....//static.py",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "tokens.css%00.js",
    "tokens.css/",
    "vendor",
    "vendor/",
    "%ff%fe",
    "TOKENS.CSS",
    "x" * 5000,
)


@pytest.mark.gen_test
async def test_nothing_else_is_given_away():
    async with running_chat() as chat:
        for path in NOT_THERE:
            told = await ask(chat, "GET", f"/static/{path}")
            assert told.status == 404, path
            assert told.headers["Content-Type"] == "text/plain; charset=utf-8", path
        assert (await ask(chat, "POST", f"/static/{NAME}", raw=b"")).status == 405


def test_a_linked_file_is_a_file_and_every_file_has_a_type(tmp_path):
    """Some packagers install with symbolic links, which Tornado's own handler refuses."""
    (tmp_path / "real").write_text("a{}")
    (tmp_path / "linked.css").symlink_to(tmp_path / "real")
    file = StaticFiles(tmp_path).get("linked.css")
    assert file is not None
    assert (file.content, file.media_type) == (b"a{}", TYPES[".css"])
    for name in StaticFiles():
        assert name.endswith(("LICENSE", "NOTICE", "SUMS")) or "." + name.rpartition(".")[2] in TYPES, name


def test_other_content_has_another_version(tmp_path):
    (tmp_path / "a.css").write_text("a{}")
    one = StaticFiles(tmp_path).version
    assert StaticFiles(tmp_path).version == one
    (tmp_path / "a.css").write_text("b{}")
    assert StaticFiles(tmp_path).version != one
    with pytest.raises(KeyError, match="nothing"):
        StaticFiles(tmp_path).url("", "nothing.css")


@pytest.mark.gen_test
async def test_they_are_under_the_prefix_and_can_be_left_out(tmp_path):
    chat = ChatApp(settings(tmp_path))
    bare = ChatApp(settings(tmp_path / "bare", server={"api": "no", "pages": False}))
    routes = [*chat.routes("/talk/"), *bare.routes("/bare")]
    async with hosting(routes, chat, bare) as host:
        running = RunningChat(chat, int(host.address.partition(":")[2]))
        assert (await ask(running, "GET", f"/talk/static/{NAME}")).status == 200
        assert (await ask(running, "GET", "/talk/api/")).status == 200
        for path in ("/static/" + NAME, "/api/", "/bare/static/" + NAME, "/bare/api/", "/talkXapi/"):
            assert (await ask(running, "GET", path)).status == 404, path
        assert (await ask(running, "GET", "/bare/healthz")).status == 200
