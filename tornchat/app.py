"""ChatApp: a whole chat that mounts into any Tornado application, started, drained and closed with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tornado.routing import URLSpec
from tornado.web import Application

from tornchat.config.settings import Settings, load
from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.loader import load_plugins
from tornchat.hooks.watchdog import Watchdog
from tornchat.model import Stored, User
from tornchat.server.http.samples import SAMPLE_SECONDS, Samples
from tornchat.server.http.site import Site
from tornchat.server.routing import probe_routes, site_routes, unknown_calls
from tornchat.server.ws.connections import Connections
from tornchat.server.ws.socket import ChatSocket
from tornchat.server.ws.wheel import TICK_SECONDS
from tornchat.service.chat import Chat
from tornchat.tasks import Tasks

ROOM_PATH = r"/ws/chat/([^/]*)/?"
TIDY_SECONDS = 3.0
"""What the last commits and leaves may take when the connections are gone; the plugins come after that."""

Given: TypeAlias = Settings | Mapping[str, Mapping[str, object]] | Path | str | None


class ChatApp:
    """One chat: its settings, plugins, rooms and connections. Several live in one process, apart.

    chat = ChatApp({"tornchat": {"data_dir": "chat-data"}})
    app = tornado.web.Application(chat.routes(prefix="/talk") + my_routes)
    await chat.start()
    ...
    await chat.close()
    """

    def __init__(self, settings: Given = None, plugins: Mapping[str, type] | None = None) -> None:
        """`settings` is a path to an ini file, section -> key -> value, or a `Settings`.

        `plugins` offers plugin classes by name, as entry points do; `[tornchat] plugins` says which
        are loaded. Raises `SettingsError` on anything that is in doubt.
        """
        self.settings = _settings(settings)
        loaded = load_plugins(self.settings, plugins)
        self.plugins = loaded.plugins
        self.hooks = loaded.hooks
        self._tasks = Tasks()
        self._closing = asyncio.Lock()
        self._watchdog: Watchdog | None = None
        self._connections: Connections | None = None
        self._chat: Chat | None = None
        self._site = Site(self.settings, self.hooks, self.plugins, self._shared)

    def routes(self, prefix: str = "") -> list[URLSpec]:
        """The rules to give to `tornado.web.Application`; put them before a catch-all rule.

        Rooms, the HTTP API, the pages and what they load are all under `prefix`; `[server] api` and `pages`
        leave those out. What comes before `start` or after `close` is answered with 503.
        """
        prefix = prefix.rstrip("/")
        return [*self._routes(prefix), *unknown_calls(self._site, prefix)]

    def _routes(self, prefix: str) -> list[URLSpec]:
        rooms = URLSpec(re.escape(prefix) + ROOM_PATH, ChatSocket, {"connections": self._shared})
        return [rooms, *site_routes(self._site, prefix)]

    def _shared(self) -> Connections | None:
        return self._connections

    @property
    def draining(self) -> bool:
        """True from the call of `close` until it has ended: nobody should be sent here any more."""
        return self._closing.locked()

    async def start(self) -> None:
        """Start the plugins and the chat's own work. Raises `SettingsError`; then nothing is left running."""
        if self._connections is not None:
            raise SettingsError(
                "This chat is started already.", "Call start() once; close() before the next."
            )
        chat = Chat(self.settings, self.hooks)
        await chat.start()
        self._chat = chat
        self._connections = Connections(chat, self.settings, self._tasks)
        self._site.phase = "running"
        self._site.samples = samples = Samples(chat, self._connections)
        self._tasks.every(SAMPLE_SECONDS, samples.take, "samples")
        self._tasks.every(TICK_SECONDS, self._connections.wheel.turn, "wheel")
        self._watchdog = Watchdog(self.hooks, self.settings.server.watchdog_seconds)
        self._watchdog.start()

    async def close(self) -> None:
        """Finish the commits, close the connections with 1001, shut the plugins down. Idempotent.

        Many connections are closed one after another over `[server] drain_seconds`, few of them at once.
        Until its turn comes each is served as ever. It ends when the last client is gone, at the latest
        after `drain_seconds` and what the plugins take to shut down.
        """
        async with self._closing:
            await self._close()

    async def _close(self) -> None:
        connections, chat = self._connections, self._chat
        if connections is None or chat is None:
            return
        self._site.phase = "draining"
        self._connections = self._chat = None
        chat.draining = True
        now = asyncio.get_running_loop().time
        end = now() + self.settings.server.drain_seconds
        await chat.finish_commits(end - now())
        await connections.drain(max(0.0, end - now()))
        await self._tasks.close()
        if self._watchdog is not None:
            self._watchdog.close()
        await chat.close(TIDY_SECONDS)
        self._site.phase = "stopped"

    async def say(
        self,
        room: str,
        text: str,
        *,
        sender: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """Say `text` in `room` as `sender` and return the stored entry: see `ChatHandle.say`.

        On the event loop that `start` ran on. Raises `Unavailable` before `start` and after `close`, too.
        """
        if self._chat is None:
            raise Unavailable("the chat does not run; await ChatApp.start() first")
        return await self._chat.say(room, text, sender=sender, id=id, trusted=trusted)

    def metrics_application(self) -> Application:
        """`/metrics` and the health checks alone, for a port that only some can reach."""
        return Application(probe_routes(self._site))

    async def application(self, **settings: Any) -> Application:
        """The chat alone, with its plugins' own routes, as an application. After `start`.

        `settings` are Tornado's, such as `log_function`.
        """
        assert self._chat is not None
        extra: list[Any] = await self.hooks.http_routes(self._chat)
        self._site.plugin_routes = extra
        return Application([*self._routes(""), *extra, *unknown_calls(self._site, "")], **settings)


def _settings(given: Given) -> Settings:
    if isinstance(given, Settings):
        return given
    if given is None:
        return load()
    if isinstance(given, (str, Path)):
        return load(Path(given))
    return load(settings=given)
