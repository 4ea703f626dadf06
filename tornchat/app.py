"""`ChatApp`, a complete chat that can be mounted in any Tornado application."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tornado.routing import URLSpec
from tornado.web import Application, RequestHandler

from tornchat.config.reloading import Changes, reloaded
from tornchat.config.settings import Settings, load
from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.loader import load_plugins
from tornchat.hooks.reloading import PluginSettings
from tornchat.hooks.watchdog import Watchdog
from tornchat.model import PLAIN, Mentions, Stored, User
from tornchat.offenders import QUIET_SECONDS
from tornchat.server.edge.edge import Edge
from tornchat.server.edge.hostlogin import Identify
from tornchat.server.edge.readers import LOOK_SECONDS
from tornchat.server.http.callers import Callers
from tornchat.server.http.handler import NotFoundHandler, WithoutVersion
from tornchat.server.http.pluginroutes import plugin_rules
from tornchat.server.http.samples import SAMPLE_SECONDS, Samples
from tornchat.server.http.site import Site
from tornchat.server.routing import PrefixedApplication, probe_routes, site_routes, unknown_calls
from tornchat.server.ws.connections import Connections
from tornchat.server.ws.socket import ChatSocket
from tornchat.server.ws.wheel import TICK_SECONDS
from tornchat.service.acting import Acting, UseCases
from tornchat.service.chat import Chat
from tornchat.service.saying import Data
from tornchat.tasks import Tasks

ROOM_PATH = r"/ws/chat/([^/]*)/?"
TIDY_SECONDS = 3.0
"""Maximum seconds for the last commits and leaves, after all connections have ended."""

Route: TypeAlias = tuple[str, type[RequestHandler] | list[Any], dict[str, Any]]
"""Any: the arguments are the handlers' own, and the rules Tornado's."""
Given: TypeAlias = Settings | Mapping[str, Mapping[str, object]] | Path | str | None


class ChatApp(Acting):
    """A chat with its settings, plugins, rooms and connections. A process may contain several of them.

    chat = ChatApp({"tornchat": {"data_dir": "chat-data"}})
    app = tornado.web.Application(chat.routes(prefix="/talk") + my_routes)
    await chat.start()
    ...
    await chat.close()
    """

    def __init__(
        self,
        settings: Given = None,
        plugins: Mapping[str, type] | None = None,
        *,
        identify: Identify | None = None,
    ) -> None:
        """`settings` is the path of an ini file, a mapping section -> key -> value, or a `Settings`.

        `plugins` maps names to plugin classes, in addition to entry points; `[tornchat] plugins` selects
        those to load.

        `identify` is the login of the application that the chat is mounted in: `async def identify(handler)`
        returns the `User` who makes the request of a Tornado handler, or None. It is asked before the plugins
        for each connection and call, so that no plugin needs to authenticate. It has three seconds; what it
        raises, or an answer too late, closes a connection with 1013 and refuses a call with 503.

        Raises `SettingsError` if the settings or the plugins are invalid.
        """
        self.settings = copy.copy(_settings(settings))
        """The effective settings. They change when `reload` is called."""
        loaded = load_plugins(self.settings, plugins, ("authenticate",) if identify is not None else ())
        self._plugin_settings = PluginSettings(loaded)
        self.plugins = loaded.plugins
        self.hooks = loaded.hooks
        self._tasks = Tasks()
        self._closing = asyncio.Lock()
        self._reloading = asyncio.Lock()
        self._watchdog: Watchdog | None = None
        self._connections: Connections | None = None
        self._chat: Chat | None = None
        self.edge = Edge(self.settings, identify)
        """Addresses and limits, for the server that listens."""
        self._site = Site(self.settings, self.hooks, self.plugins, self._shared, self.edge)
        self._callers = Callers(self._site)

    def routes(self, prefix: str = "") -> list[Route]:
        """Return the rules for `tornado.web.Application`. They must precede a catch-all rule.

        They are tuples (pattern, handler, arguments), which the handler lists of Jupyter and Bokeh take, too.

        The rules for rooms, the HTTP API, the pages and their files are all under `prefix`; `[server] api`
        and `pages` disable parts of them. Requests before `start` and after `close` are answered with 503.

        The routes of plugins (`http_routes`) are served under `prefix`, too, from `start` on, by the host's
        application with its settings; what none of them serves is left to the host's next rules.
        """
        prefix = prefix.rstrip("/")
        own, last = (
            [(rule.regex.pattern, rule.handler_class, rule.kwargs or {}) for rule in rules]
            for rules in (self._routes(prefix), unknown_calls(self._site, prefix))
        )
        return [*own, plugin_rules(self._site, prefix), *last]

    def _routes(self, prefix: str) -> list[URLSpec]:
        rooms = URLSpec(re.escape(prefix) + ROOM_PATH, ChatSocket, {"connections": self._shared})
        return [rooms, *site_routes(self._site, prefix)]

    def _shared(self) -> Connections | None:
        return self._connections

    @property
    def draining(self) -> bool:
        """True while `close` runs. A load balancer should then send no more clients."""
        return self._closing.locked()

    async def start(self) -> None:
        """Start the plugins and the background tasks. Raises `SettingsError`, with nothing left running."""
        if self._connections is not None:
            raise SettingsError(
                "This chat is started already.", "Call start() once; close() before the next."
            )
        chat = Chat(self.settings, self.hooks, self._callers)
        await chat.start()
        self._site.plugin_routes = await self.hooks.http_routes(chat)
        self._site.documents.clear()
        self._chat = chat
        self.edge.begin(chat.counts)
        self._connections = Connections(chat, self.settings, self._tasks, self.edge)
        self._tasks.every(LOOK_SECONDS, self.edge.readers.look, "slow readers")
        self._tasks.every(QUIET_SECONDS, self.edge.offenders.sum_up, "left out")
        self._site.checkup.begin(self._tasks, lambda: chat.committer.health)
        self._site.phase = "running"
        self._site.samples = samples = Samples(chat, self._connections)
        self._tasks.every(SAMPLE_SECONDS, samples.take, "samples")
        self._tasks.every(TICK_SECONDS, self._connections.wheel.turn, "wheel")
        self._watchdog = Watchdog(self.hooks, self.settings.server.watchdog_seconds)
        self._watchdog.start()

    async def reload(self, settings: Given = None) -> Changes:
        """Apply new settings while the chat runs, as far as that is possible, and return what has changed.

        `settings` are all settings, given as to `ChatApp`. Connections stay open, and limits apply to the
        users who are here from now on. Raises `SettingsError` if they are invalid, a plugin refuses them, or
        the chat does not run; then nothing has changed.
        """
        async with self._reloading:
            wanted = _settings(settings)
            if self._chat is None:
                raise SettingsError("This chat does not run.", "Await ChatApp.start() first.")
            merged, changes = reloaded(self.settings, wanted)
            changes += await self._plugin_settings.reload(wanted)
            self._adopt(merged)
            return changes

    def _adopt(self, settings: Settings) -> None:
        self.settings.become(settings)
        self.edge.reload(settings.limits)
        self._site.reload(settings)
        if self._chat is not None and self._connections is not None:  # it may have been closed meanwhile
            self._chat.reload(settings)
            self._connections.reload()

    async def close(self) -> None:
        """Finish the commits, close all connections with 1001 and shut the plugins down. Idempotent.

        Closing many connections is spread over `[server] drain_seconds`; each is served until it is closed.
        The call returns when the last client has disconnected, but at the latest after `drain_seconds` plus
        the time for shutting down the plugins.
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
        self.edge.logins.close()
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
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        kind: str = PLAIN,
        data: Data | None = None,
        trusted: bool = True,
    ) -> Stored:
        """Send `text` to `room` as `sender` and return the stored entry. See `Actions.say`.

        Call it on the event loop on which `start` ran. Raises `Unavailable` also before `start` and after
        `close`.
        """
        return await self._running().say(
            room,
            text,
            sender=sender,
            id=id,
            thread=thread,
            reply_to=reply_to,
            mentions=mentions,
            meta=meta,
            kind=kind,
            data=data,
            trusted=trusted,
        )

    def issue_token(self, user: User, lifetime: float = 3600.0) -> str:
        """Return a token with which clients are `user` for `lifetime` seconds, also before `start`.

        The host's application gives it to a client that it knows, such as the page or a bot. Raises
        `SettingsError` if no loaded plugin issues tokens, or if it can't with its settings.
        """
        return self.hooks.issue_token(user, lifetime)

    def _running(self) -> Chat:
        if self._chat is None:
            raise Unavailable("the chat does not run; await ChatApp.start() first")
        return self._chat

    def _use_cases(self) -> UseCases:
        return self._running()._use_cases()

    def metrics_application(self) -> Application:
        """Return an application with only `/metrics` and the health checks, for a separate port."""
        return Application(probe_routes(self._site), **self._unknown())

    async def application(self, **settings: Any) -> Application:
        """Return an application with the chat and the routes of its plugins. Call it after `start`.

        `settings` are settings of `tornado.web.Application`, such as `log_function`.
        """
        assert self._chat is not None
        routes = [*self._routes(""), *self._site.plugin_routes, *unknown_calls(self._site, "")]
        prefix = self.settings.server.prefix.rstrip("/")
        return PrefixedApplication(prefix, routes, **{**self._unknown(), **settings})

    def _unknown(self) -> dict[str, Any]:
        """Tornado's settings for an application of our own: what is answered to unknown paths, and how."""
        return {
            "default_handler_class": NotFoundHandler,
            "default_handler_args": {"site": self._site, "prefix": ""},
            "transforms": [WithoutVersion],
        }


def _settings(given: Given) -> Settings:
    if isinstance(given, Settings):
        return given
    if given is None:
        return load()
    if isinstance(given, (str, Path)):
        return load(Path(given))
    return load(settings=given)
