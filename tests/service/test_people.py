"""Looking for a name among everybody who is here."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from tornchat.hooks.calls import Hooks
from tornchat.model import Participant
from tornchat.service import people as module
from tornchat.service.names import name_key
from tornchat.service.people import SLICE, People


def test_a_look_for_a_name_gives_others_their_turn_in_many_small_rooms(monkeypatch) -> None:
    """A guest's request must not block the server, however the people are spread over rooms."""
    compared, most = 0, 0

    def counted(name: str) -> str:
        nonlocal compared
        compared += 1
        return name_key(name)

    def room(number: int) -> SimpleNamespace:
        here = [Participant(str(number), f"user {number}")]
        return SimpleNamespace(roster=SimpleNamespace(participants=lambda: here))

    async def main() -> None:
        nonlocal compared, most
        rooms = SimpleNamespace(loaded=lambda: [room(number) for number in range(10 * SLICE)])
        looking = asyncio.create_task(People(Hooks({}, {}), rooms).has_name("nobody"))
        while not looking.done():
            compared = 0
            await asyncio.sleep(0)
            most = max(most, compared)
        assert not await looking

    monkeypatch.setattr(module, "name_key", counted)
    asyncio.run(main())
    assert 0 < most <= SLICE + 1
