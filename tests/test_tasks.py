"""An owner of tasks ends all of them, and one failure ends neither a repetition nor the others."""

from __future__ import annotations

import asyncio
import time

import pytest

from tornchat.tasks import SLICE_SECONDS, Reruns, Slices, Tasks


def test_closing_cancels_all_tasks_and_waits_for_them() -> None:
    async def main() -> None:
        tasks, ended = Tasks(), []

        async def work(number: int) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(number)

        for number in range(3):
            tasks.start(work(number), f"task {number}")
        await asyncio.sleep(0)
        await asyncio.wait_for(tasks.close(), 5)
        assert sorted(ended) == [0, 1, 2]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_finishing_waits_for_what_ends_in_time_and_cancels_the_rest() -> None:
    async def main() -> None:
        tasks, ended = Tasks(), []

        async def quick() -> None:
            await asyncio.sleep(0.01)
            ended.append("quick")

        async def stuck() -> None:
            await asyncio.Event().wait()
            ended.append("stuck")

        tasks.start(quick(), "quick")
        tasks.start(stuck(), "stuck")
        await asyncio.wait_for(tasks.finish(0.1), 5)
        assert ended == ["quick"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_a_repetition_goes_on_after_a_failure_which_is_logged(
    caplog: pytest.LogCaptureFixture, is_async: bool
) -> None:
    async def main() -> None:
        tasks, calls, third = Tasks(), [], asyncio.Event()

        def count() -> None:
            calls.append(len(calls))
            if len(calls) == 3:
                third.set()
            raise ValueError(f"call {len(calls)}")

        async def count_later() -> None:
            await asyncio.sleep(0)
            count()

        tasks.every(0.001, count_later if is_async else count, "count")
        await asyncio.wait_for(third.wait(), 5)
        await tasks.close()

    asyncio.run(main())
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info][:2] == [
        "call 1",
        "call 2",
    ]


def test_a_task_that_fails_is_logged_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        tasks = Tasks()

        async def fail() -> None:
            raise ValueError("no such luck")

        tasks.start(fail(), "the one that fails")
        await tasks.finish(1)

    asyncio.run(main())
    assert caplog.messages == ["task the one that fails failed"]


def test_a_rerun_that_fails_can_be_requested_again(caplog: pytest.LogCaptureFixture) -> None:
    """A key that stayed marked as running would never run again."""

    async def main() -> list[str]:
        tasks, runs = Tasks(), []

        async def work(key: str) -> None:
            runs.append(key)
            if len(runs) == 1:
                raise ValueError("the first time")

        reruns = Reruns(tasks, work, "work", 1)
        assert reruns.request("a")
        assert not reruns.request("a")
        await tasks.finish(1)
        assert reruns.request("a")
        await tasks.finish(1)
        return runs

    assert asyncio.run(main()) == ["a", "a"]


@pytest.mark.parametrize("calls", [1, 100])
def test_slices_run_a_few_calls_per_turn_in_order(calls: int) -> None:
    async def main() -> None:
        slices, ran, most = Slices(most=3), list[int](), 0
        for number in range(calls):
            slices.put(lambda number=number: ran.append(number))
        while len(ran) < calls:
            before = len(ran)
            await asyncio.sleep(0)
            most = max(most, len(ran) - before)
        assert ran == list(range(calls))
        assert most <= 3

    asyncio.run(main())


def test_slices_end_their_turn_after_a_few_milliseconds() -> None:
    async def main() -> None:
        slices, ran = Slices(), list[int]()

        def slow(number: int) -> None:
            ran.append(number)
            time.sleep(2 * SLICE_SECONDS)

        for number in range(3):
            slices.put(lambda number=number: slow(number))
        for turn in range(1, 4):
            await asyncio.sleep(0)
            assert ran == list(range(turn))

    asyncio.run(main())


def test_a_call_that_fails_does_not_end_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        slices, done = Slices(), asyncio.Event()
        slices.put(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
        slices.put(done.set)
        await asyncio.wait_for(done.wait(), 5)

    asyncio.run(main())
    assert "ZeroDivisionError" in caplog.text
