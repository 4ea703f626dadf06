"""Who may join which rooms, and who is in which, asked for many rooms at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tornchat.hooks.caller import Caller
from tornchat.hooks.specs import auth, directory
from tornchat.hooks.verbs import Verbs
from tornchat.model import User


class RoomRights:
    """Batched questions about rooms, for plugins with and without the batched hooks."""

    def __init__(self, verbs: Verbs, caller: Caller) -> None:
        self._caller = caller
        self._batched = {found.plugin: found for found in verbs.of(auth.authorize_rooms.name)}
        self._single = {found.plugin: found for found in verbs.of(auth.authorize.name)}
        self._has_admitted = bool(verbs.of(directory.read_admitted.name))
        self._has_members = bool(verbs.of(directory.read_members.name))
        self._read_admitted = verbs.bind(directory.read_admitted)
        self._read_members = verbs.bind(directory.read_members)

    async def authorize_rooms(self, user: User, rooms: Sequence[str]) -> set[str]:
        """Return those of `rooms` that the user may join. Raises `Unavailable`.

        In the order of the settings, a plugin decides what no plugin before it has decided: all rooms in one
        call of `authorize_rooms`, or one by one in its `authorize` if it implements only that.
        """
        undecided, allowed = tuple(rooms), set[str]()
        for plugin in dict.fromkeys([*self._single, *self._batched]):
            if not undecided:
                break
            answers = await self._decisions(plugin, user, undecided)
            allowed |= {room for room in undecided if answers.get(room) is True}
            undecided = tuple(room for room in undecided if answers.get(room) is None)
        return allowed | set(undecided)

    async def _decisions(self, plugin: str, user: User, rooms: tuple[str, ...]) -> Mapping[str, bool | None]:
        if plugin in self._batched:
            answers: Mapping[str, bool | None] = await self._caller.call(self._batched[plugin], (user, rooms))
            return answers
        return {room: await self._caller.call(self._single[plugin], (user, "join", room)) for room in rooms}

    async def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """Ask `read_members` if the hook is not provided; without a directory everybody is admitted."""
        if self._has_admitted:
            return await self._read_admitted(rooms)
        if not self._has_members:
            return rooms
        return {
            room: [member.user_id for member in await self._read_members(room, users)]
            for room, users in rooms.items()
        }
