"""Reports of messages over HTTP, and slow mode."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

TEA = "/api/rooms/tea"
REASON = {"reason": "It is spam."}


@pytest.mark.gen_test
async def test_a_message_is_reported_and_the_report_is_resolved():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        await ask(chat, "POST", f"{TEA}/messages", "bob", {"message": "buy this"})
        for _ in range(2):
            assert (await ask(chat, "POST", f"{TEA}/messages/1/reports", "cat", REASON)).status == 204
        assert (await ask(chat, "GET", f"{TEA}/reports", "cat")).code == "forbidden"
        told = (await ask(chat, "GET", f"{TEA}/reports", "ann")).json
        [report] = told["reports"]
        assert told["next"] is None
        told_of = {key: report[key] for key in ("room", "seq", "reporter", "reason", "state", "closed_by")}
        assert told_of == {
            "room": "tea",
            "seq": 1,
            "reporter": "id-cat",
            "reason": "It is spam.",
            "state": "open",
            "closed_by": None,
        }
        assert (report["sender_id"], report["message"]) == ("id-bob", "buy this")
        mine = await ask(chat, "GET", "/api/admin/reports", "eve", roles=("moderator",))
        assert mine.json == told
        assert (await ask(chat, "GET", "/api/admin/reports", "ann")).code == "forbidden"
        place = f"{TEA}/reports/{report['id']}"
        assert (await ask(chat, "PUT", place, "cat", {"state": "resolved"})).code == "forbidden"
        assert (await ask(chat, "PUT", place, "ann", {"state": "open"})).status == 422
        assert (await ask(chat, "PUT", place, "ann", {"state": "resolved"})).status == 204
        assert (await ask(chat, "PUT", place, "ann", {"state": "resolved"})).code == "not_found"
        assert (await ask(chat, "GET", f"{TEA}/reports", "ann")).json["reports"] == []
        [closed] = (await ask(chat, "GET", f"{TEA}/reports?state=resolved", "ann")).json["reports"]
        assert closed["closed_by"] == "id-ann"


@pytest.mark.gen_test
async def test_a_report_needs_a_message_and_a_reason():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (await ask(chat, "POST", f"{TEA}/messages/1/reports", "bob", REASON)).code == "not_found"
        for reason in ("", " ", "x" * 501, None, "\0"):
            told = await ask(chat, "POST", f"{TEA}/messages/1/reports", "bob", {"reason": reason})
            assert told.status == 422, reason


@pytest.mark.gen_test
async def test_a_room_is_put_into_slow_mode():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (await ask(chat, "PATCH", TEA, "bob", {"slow_seconds": 30})).code == "forbidden"
        for seconds in (-1, 21_601, "1", None, 1.5):
            assert (await ask(chat, "PATCH", TEA, "ann", {"slow_seconds": seconds})).status == 422, seconds
        changed = await ask(chat, "PATCH", TEA, "ann", {"slow_seconds": 30})
        assert (changed.status, changed.json["slow_seconds"]) == (200, 30)
        assert (await ask(chat, "GET", TEA, "bob")).json == changed.json
        assert (await ask(chat, "GET", "/api/rooms", "bob")).json["rooms"] == [changed.json]
        assert (await ask(chat, "POST", f"{TEA}/messages", "bob", {"message": "one"})).status == 201
        told = await ask(chat, "POST", f"{TEA}/messages", "bob", {"message": "two"})
        assert (told.status, told.code) == (429, "slow_mode")
        assert 25 < int(told.headers["Retry-After"]) <= 30
        assert (await ask(chat, "POST", f"{TEA}/messages", "ann", {"message": "two"})).status == 201
