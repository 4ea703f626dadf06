"""The queue of drafts: fair between users, and quick for those who send little."""

from __future__ import annotations

import asyncio

import pytest

from tornchat.log.queue import CROWDED_SECONDS, HEAVY_PAUSE, HEAVY_SHARE, MOST_OF_A_USER, Pending, Queue
from tornchat.model import Draft

MOST = 1000


def pending(user, number):
    draft = Draft(f"{user}{number}", "hall", user, user, "text", 0)
    return Pending(draft, lambda result: None, float(number))


def ids(batch):
    return [found.draft.draft_id for found in batch]


async def with_a_heavy_user():
    """A queue that a flooder has filled, and whose connections wait for space."""
    queue = Queue()
    for number in range(MOST_OF_A_USER):
        queue.add(pending("flooder", number))
    waiting = asyncio.create_task(queue.space("flooder"))
    await asyncio.sleep(0)
    return queue, waiting


def test_a_heavy_user_gets_a_share_and_the_others_get_all_while_they_send():
    async def play():
        queue, waiting = await with_a_heavy_user()
        queue.add(pending("juliet", 100))
        batch = queue.take(MOST, now=5.0)
        users = [found.draft.sender_id for found in batch]
        assert (users.count("flooder"), users.count("juliet")) == (HEAVY_SHARE, 1)
        await asyncio.wait_for(waiting, 1)

    asyncio.run(play())


def test_between_its_shares_a_heavy_user_pauses_and_the_others_do_not():
    async def play():
        queue, waiting = await with_a_heavy_user()
        queue.add(pending("juliet", 100))
        queue.take(MOST, now=5.0)
        queue.add(pending("juliet", 101))
        assert ids(queue.take(MOST, now=5.0 + HEAVY_PAUSE / 2)) == ["juliet101"]
        assert queue.take(MOST, now=5.0 + HEAVY_PAUSE / 2) == []
        assert len(queue.take(MOST, now=5.1 + HEAVY_PAUSE)) == HEAVY_SHARE
        await waiting

    asyncio.run(play())


@pytest.mark.parametrize("others", [False, True])
def test_a_heavy_user_who_sends_alone_is_not_held_back(others):
    async def play():
        queue, waiting = await with_a_heavy_user()
        now = 5.0
        if others:
            queue.add(pending("juliet", 100))
            queue.take(MOST, now)
            now += CROWDED_SECONDS + 0.1
        count = len(queue)
        assert len(queue.take(MOST, now)) == count
        await waiting

    asyncio.run(play())


def test_drafts_of_a_heavy_user_stay_in_order():
    async def play():
        queue, waiting = await with_a_heavy_user()
        taken, now = [], 5.0
        while len(queue):
            queue.add(pending("juliet", 1000 + int(now * 10)))
            taken += queue.take(MOST, now)
            now += 0.1
        mine = [found for found in ids(taken) if found.startswith("flooder")]
        assert mine == [f"flooder{number}" for number in range(MOST_OF_A_USER)]
        await waiting

    asyncio.run(play())


def test_a_user_who_has_nothing_left_in_the_queue_is_heavy_no_more():
    async def play():
        queue, waiting = await with_a_heavy_user()
        queue.drain()
        await waiting
        for number in range(MOST_OF_A_USER):
            queue.add(pending("flooder", number))
        queue.add(pending("juliet", 100))
        assert len(queue.take(MOST, now=5.0)) == MOST_OF_A_USER + 1

    asyncio.run(play())


def test_drafts_older_than_a_time_are_removed_from_the_front():
    queue = Queue()
    for number in (1, 2, 3):
        queue.add(pending("romeo", number))
    assert ids(queue.expired(before=2.5)) == ["romeo1", "romeo2"]
    assert ids(queue.waiting) == ["romeo3"]
