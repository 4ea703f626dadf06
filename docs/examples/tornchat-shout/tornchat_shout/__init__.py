"""A tornchat plugin: some rooms shout, and some words are not said."""

from __future__ import annotations

import re

import msgspec

from tornchat import Draft, Rejected, User, hookimpl


class ShoutSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[shout]`: the rooms in which everybody shouts, and the words that nobody may say anywhere."""

    rooms: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()


class ShoutPlugin:
    """`shout`: changes and refuses messages before they are stored."""

    Settings = ShoutSettings

    def __init__(self, settings: ShoutSettings) -> None:
        self._rooms = frozenset(settings.rooms)
        words = "|".join(map(re.escape, settings.banned))
        self._banned = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None

    @hookimpl
    def filter_message(self, draft: Draft, user: User) -> Draft:
        if self._banned is not None and self._banned.search(draft.text):
            raise Rejected("That is not said here.")
        if draft.room not in self._rooms:
            return draft
        return msgspec.structs.replace(draft, text=draft.text.upper())
