"""Group commit with a scripted storage: each draft has one outcome, and only one."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from msgspec.structs import replace

from tornchat.errors import ChatError, NotStored
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.log import commit
from tornchat.log.commit import NOT_NOW, UNCONFIRMED, Committer
from tornchat.model import Draft, Entry, Page, Refusal, Stored
from tornchat.tasks import Tasks


def draft(number, room="hall", client_id=None):
    return Draft(f"d{number}", room, "1", "romeo", str(number), 0, client_id)


class Served:
    """A flush that is always complete."""

    unfinished = False


class Storage:
    """Keeps a log per room. Each call waits for `gate`, then ends as `script` says."""

    def __init__(self, deadline=5.0):
        self.calls, self.logs, self.script = [], {}, []
        self.refused = set()
        self.gate, self.began = asyncio.Event(), asyncio.Queue()
        self.gate.set()
        self.seen = []
        functions = {"store_messages": self.store_messages, "read_history": self.read_history}
        given = {name: [Implementation("storage", name, f)] for name, f in functions.items()}
        hooks = Hooks(given, {"store_messages": deadline})
        self.tasks = Tasks()
        self.committer = Committer(hooks, self.tasks, Served(), self.on_stored)
        self.outcomes = {}

    async def store_messages(self, drafts):
        self.calls.append([d.draft_id for d in drafts])
        self.began.put_nowait(len(self.calls))
        await self.gate.wait()
        error, keeps = self.script.pop(0) if self.script else (None, True)
        results = [self.append(d) for d in drafts] if keeps else []
        if error is not None:
            raise error
        return results

    def append(self, d):
        if d.draft_id in self.refused:
            return Refusal("conflict")
        log = self.logs.setdefault(d.room, [])
        log.append(Entry(len(log) + 1, d.sender_id, d.sender_username, d.text, 0, d.draft_id, d.client_id))
        return Stored(log[-1], "e1")

    def read_history(self, room, after, before, limit):
        log = self.logs.get(room, [])
        return Page(tuple(log[after or 0 :][:limit]), 1, len(log), "e1")

    def on_stored(self, batch, results):
        self.seen.append([type(result).__name__ for result in results])
        for pending, result in zip(batch, results, strict=True):
            pending.settle(result)

    def submit(self, *drafts):
        for d in drafts:
            future = asyncio.get_running_loop().create_future()
            self.outcomes.setdefault(d.draft_id, []).append(future)
            self.committer.submit(d, future.set_result)  # a second answer would raise InvalidStateError

    async def outcome(self, number):
        return await asyncio.wait_for(self.outcomes[f"d{number}"][0], 5)


def play(scene, **given):
    async def main():
        storage = Storage(**given)
        try:
            await scene(storage)
        finally:
            storage.gate.set()
            await storage.committer.close(5)
            await storage.tasks.close()

    asyncio.run(main())


def test_what_comes_while_a_call_runs_is_one_next_call():
    async def scene(storage):
        storage.gate.clear()
        storage.submit(draft(1))
        await storage.began.get()
        storage.submit(draft(2), draft(3, "garden"), draft(4))
        storage.gate.set()
        stored = [await storage.outcome(number) for number in (1, 2, 3, 4)]
        assert storage.calls == [["d1"], ["d2", "d3", "d4"]]
        assert [result.entry.text for result in stored] == ["1", "2", "3", "4"]
        assert [result.entry.seq for result in stored] == [1, 2, 1, 3]

    play(scene)


def test_health_is_the_outcome_of_the_last_commit(monkeypatch):
    async def play():
        storage = Storage()
        health = [storage.committer.health]
        storage.script = [(NotStored("disk full"), False)]
        for number in range(2):
            with contextlib.suppress(ChatError):
                await storage.committer.store(draft(number))
            health.append(storage.committer.health)
        storage.script = [(NotStored("disk full"), False)]
        with contextlib.suppress(ChatError):
            await storage.committer.store(draft(2))
        monkeypatch.setattr(commit, "FAILURE_SECONDS", 0.0)
        return [*health, storage.committer.health]

    assert asyncio.run(play()) == ["ok", "disk full", "ok", "ok"]


def test_one_refusal_harms_no_other():
    async def scene(storage):
        storage.refused = {"d2"}
        storage.submit(draft(1), draft(2), draft(3))
        found = [await storage.outcome(number) for number in (1, 2, 3)]
        assert [type(result) for result in found] == [Stored, Refusal, Stored]

    play(scene)


@pytest.mark.parametrize(
    ("error", "keeps", "client_id", "outcome"),
    [
        (NotStored("disk full"), False, None, NOT_NOW),
        (OSError("cut"), True, None, Stored),
        (OSError("cut"), False, None, NOT_NOW),
        (OSError("cut"), False, "c1", UNCONFIRMED),  # it may be a repeat of one further back
        (asyncio.CancelledError(), True, "c1", Stored),
    ],
)
def test_a_call_that_fails(error, keeps, client_id, outcome):
    async def scene(storage):
        storage.script = [(error, keeps)]
        storage.submit(draft(1, client_id=client_id))
        found = await storage.outcome(1)
        assert (type(found) if outcome is Stored else found) == outcome
        storage.submit(draft(2))
        assert isinstance(await storage.outcome(2), Stored)  # it recovers by itself

    play(scene)


def test_junk_instead_of_results_is_looked_up():
    async def scene(storage):
        original = storage.append
        storage.append = lambda d: original(d) and None
        storage.submit(draft(1))
        assert isinstance(await storage.outcome(1), Stored)

    play(scene)


def test_no_second_call_before_the_first_has_ended(caplog):
    async def scene(storage):
        storage.gate.clear()
        storage.submit(draft(1))
        await storage.began.get()
        storage.submit(draft(2))
        storage.committer.expire()
        storage.committer.expire()
        assert caplog.text.count("has not answered in time") == 1  # the deadline is logged, not told
        assert storage.calls == [["d1"]]
        storage.gate.set()
        assert isinstance(await storage.outcome(1), Stored)
        assert isinstance(await storage.outcome(2), Stored)

    play(scene, deadline=-1.0)


def test_who_waits_too_long_is_answered_once(monkeypatch):
    monkeypatch.setattr(commit, "PATIENCE", -1.0)

    async def scene(storage):
        storage.gate.clear()
        storage.submit(draft(1))
        await storage.began.get()
        storage.submit(draft(2))
        storage.committer.expire()
        storage.committer.expire()
        assert await storage.outcome(1) == UNCONFIRMED
        assert await storage.outcome(2) == NOT_NOW
        storage.gate.set()
        await storage.committer.close(5)
        assert storage.calls == [["d1"]]  # what was refused is never stored
        assert storage.seen == [["Stored"]]  # the room is told, the sender not again

    play(scene)


def test_too_many_are_refused(monkeypatch):
    monkeypatch.setattr("tornchat.log.queue.MOST_WAITING", 2)

    async def scene(storage):
        storage.submit(draft(1), draft(2))
        with pytest.raises(ChatError) as refused:
            storage.submit(draft(3, client_id="c3"))
        assert (refused.value.code, refused.value.client_id) == ("busy", "c3")

    play(scene)


def test_a_call_takes_so_many_and_no_more(monkeypatch):
    monkeypatch.setattr(commit, "MOST_IN_A_CALL", 2)

    async def scene(storage):
        storage.submit(draft(1), draft(2), draft(3))
        await storage.outcome(3)
        assert storage.calls == [["d1", "d2"], ["d3"]]

    play(scene)


def of(user, number):
    return replace(draft(number), sender_id=user)


def test_a_full_call_takes_drafts_round_by_user_and_each_users_in_order(monkeypatch):
    monkeypatch.setattr(commit, "MOST_IN_A_CALL", 4)

    async def scene(storage):
        flood = [of("flooder", number) for number in range(1, 6)]
        storage.submit(*flood, of("romeo", 6), of("juliet", 7), of("romeo", 8))
        await storage.outcome(5)
        assert storage.calls == [["d1", "d6", "d7", "d2"], ["d3", "d4", "d5", "d8"]]

    play(scene)


def test_a_user_with_many_drafts_in_the_queue_waits_and_others_do_not(monkeypatch):
    monkeypatch.setattr("tornchat.log.queue.MOST_OF_A_USER", 2)

    async def scene(storage):
        storage.gate.clear()
        storage.submit(of("romeo", 1))
        await storage.began.get()
        storage.submit(of("romeo", 2), of("romeo", 3))
        queue = storage.committer.queue
        assert queue.full_for("romeo")
        waits = [asyncio.create_task(queue.space("romeo")) for _ in range(2)]
        await asyncio.wait_for(queue.space("juliet"), 1)
        await asyncio.sleep(0)
        assert not any(task.done() for task in waits)
        storage.gate.set()
        await asyncio.wait_for(asyncio.gather(*waits), 1)

    play(scene)


def test_close_finishes_what_waits():
    async def scene(storage):
        storage.submit(draft(1), draft(2))
        await storage.committer.close(5)
        assert [type(await storage.outcome(number)) for number in (1, 2)] == [Stored, Stored]
        with pytest.raises(ChatError, match="busy"):
            storage.submit(draft(3))

    play(scene)


@pytest.mark.long
def test_close_answers_what_can_not_be_finished():
    async def scene(storage):
        storage.gate.clear()
        storage.submit(draft(1))
        await storage.began.get()
        storage.submit(draft(2))
        await storage.committer.close(0.01)
        assert await storage.outcome(1) == UNCONFIRMED
        assert await storage.outcome(2) == NOT_NOW

    play(scene)


# --- gathering ---


async def submits_in_turns(storage, count):
    """Submit two drafts in each of `count` turns of the loop; give the sizes of the calls."""
    for turn in range(count):
        for number in (2 * turn, 2 * turn + 1):
            storage.committer.submit(draft(number), lambda result: None)
        await asyncio.sleep(0)
    await storage.committer.flush(5)
    return [len(call) for call in storage.calls]


def test_drafts_that_come_in_consecutive_turns_are_one_call(monkeypatch):
    monkeypatch.setattr("tornchat.log.commit.GATHER_SECONDS", 5.0)

    async def play():
        assert await submits_in_turns(Storage(), 10) == [20]

    asyncio.run(play())


def test_drafts_that_come_during_a_call_are_gathered_after_it(monkeypatch):
    monkeypatch.setattr("tornchat.log.commit.GATHER_SECONDS", 5.0)

    async def play():
        storage = Storage()
        storage.gate.clear()
        loop = asyncio.get_running_loop()
        storage.committer.submit(draft(0), lambda result: loop.call_soon(storage.submit, draft(2)))
        await storage.began.get()
        storage.submit(draft(1))
        storage.gate.set()
        await storage.outcome(1)
        await storage.committer.flush(5)
        assert [len(call) for call in storage.calls] == [1, 2]

    asyncio.run(play())


def test_a_lone_draft_waits_for_no_extra_turn():
    async def play():
        storage = Storage()
        storage.committer.submit(draft(1), lambda result: None)
        await asyncio.sleep(0)
        assert storage.committer.in_flight == 1

    asyncio.run(play())


@pytest.mark.parametrize("bound", ["time", "flush"])
def test_gathering_ends_with_its_time_and_while_members_are_served(monkeypatch, bound):
    monkeypatch.setattr("tornchat.log.commit.GATHER_SECONDS", 0.0 if bound == "time" else 5.0)
    monkeypatch.setattr(Served, "unfinished", bound == "flush")

    async def play():
        sizes = await submits_in_turns(Storage(), 10)
        assert sum(sizes) == 20
        assert len(sizes) > 1

    asyncio.run(play())


def test_a_full_call_begins_at_once(monkeypatch):
    monkeypatch.setattr("tornchat.log.commit.GATHER_SECONDS", 5.0)
    monkeypatch.setattr("tornchat.log.commit.MOST_IN_A_CALL", 4)

    async def play():
        sizes = await submits_in_turns(Storage(), 10)
        assert sum(sizes) == 20
        assert max(sizes) == 4

    asyncio.run(play())


def test_all_drafts_of_a_call_that_hangs_are_answered(monkeypatch):
    monkeypatch.setattr(commit, "PATIENCE", -1.0)

    async def scene(storage):
        storage.gate.clear()
        storage.submit(draft(1), draft(2), draft(3))
        await storage.began.get()
        storage.submit(draft(4), draft(5))
        storage.committer.expire()
        assert [await storage.outcome(number) for number in (1, 2, 3)] == [UNCONFIRMED] * 3
        assert [await storage.outcome(number) for number in (4, 5)] == [NOT_NOW] * 2

    play(scene)


def test_a_room_that_fails_to_take_its_entries_does_not_stop_the_commits(caplog):
    async def scene(storage):
        on_stored, failures = storage.committer._on_stored, [ValueError("no such luck")]

        def fails_once(batch, results):
            on_stored(batch, results)
            if failures:
                raise failures.pop()

        storage.committer._on_stored = fails_once
        storage.gate.clear()
        storage.submit(draft(1))
        await storage.began.get()
        storage.submit(draft(2))
        flushed = asyncio.create_task(storage.committer.flush(5))
        await asyncio.sleep(0)
        storage.gate.set()
        assert isinstance(await storage.outcome(2), Stored)
        await asyncio.wait_for(flushed, 1)
        assert [record.exc_info[0] for record in caplog.records] == [ValueError]

    play(scene)
