"""New settings for the plugins of one chat while it runs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tornchat.config.reloading import Changes, merged
from tornchat.config.settings import Settings
from tornchat.hooks.lifecycle import Sections
from tornchat.hooks.loader import Loaded, refuse_unknown_sections


class PluginSettings:
    """The settings that the loaded plugins work with."""

    def __init__(self, loaded: Loaded) -> None:
        self._hooks = loaded.hooks
        self._running: Sections = loaded.sections

    async def reload(self, wanted: Settings) -> Changes:
        """Make the plugins apply `wanted`, and return what has changed. Raises `SettingsError`."""
        # Plugins that are not loaded yet may have sections already.
        refuse_unknown_sections(wanted, {*self._running, *wanted.tornchat.plugins})
        sections, changes = self._merged(wanted)
        await self._hooks.reload(self._running, sections)
        self._running = sections
        return changes

    def _merged(self, wanted: Settings) -> tuple[Mapping[str, msgspec.Struct], Changes]:
        sections, changes = dict[str, msgspec.Struct](), Changes()
        able = {found.plugin for found in self._hooks.implementations() if found.hook == "reload"}
        for name, running in self._running.items():
            section, change = merged(name, running, wanted.section(name, type(running)))
            if name not in able:
                section, change = running, Changes(waiting=change.applied + change.waiting)
            sections[name] = section
            changes += change
        return sections, changes
