"""The tasks that the plugins of a test have started, by node, so that a node can end as by SIGKILL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar, copy_context
from typing import Any, TypeAlias, TypeVar

Result = TypeVar("Result")
Work: TypeAlias = Coroutine[Any, Any, Result] | Generator[Any, None, Result]


class Nodes:
    """The nodes of one test. A task belongs to the node within which it was created."""

    def __init__(self) -> None:
        self._node: ContextVar[object] = ContextVar("node", default=None)
        self._tasks: dict[object, set[asyncio.Task[Any]]] = {}

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record the tasks that are created from now on."""
        loop.set_task_factory(self._create)

    def within(self, node: object, call: Callable[[], Result]) -> Result:
        """Call a function whose tasks, and those that they create, belong to `node`."""
        context = copy_context()
        context.run(self._node.set, node)
        return context.run(call)

    async def kill(self, node: object) -> None:
        """Cancel the tasks of `node`, and wait until they have ended."""
        tasks = self._tasks.pop(node, set())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _create(
        self, loop: asyncio.AbstractEventLoop, work: Work[Result], **options: Any
    ) -> asyncio.Task[Result]:
        task: asyncio.Task[Result] = asyncio.Task(work, loop=loop, **options)
        node = self._node.get()
        if node is not None:
            tasks = self._tasks.setdefault(node, set())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return task
