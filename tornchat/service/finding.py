"""The use case of finding users by their names, where the site has a directory of users."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import KnownUser, User
from tornchat.service.access import require_on_site
from tornchat.service.blocks import Blocks
from tornchat.service.names import name_key


class Finding:
    """Finds users on behalf of users."""

    def __init__(self, hooks: Hooks, blocks: Blocks, is_directory: bool) -> None:
        """`is_directory` is `[users] directory`."""
        self._hooks = hooks
        self._blocks = blocks
        self._is_directory = is_directory

    async def find(self, user: User, words: str, limit: int = 20) -> Sequence[KnownUser]:
        """Return known users whose names begin like `words`, without those who block `user`, sorted by name.

        Raises `Unavailable`, and `ChatError`: `not_found` if there is no directory, `forbidden` for guests,
        and `invalid_message` for words in which nothing is seen.
        """
        if not self._is_directory:
            raise ChatError("not_found", "This chat has no directory of users ([users] directory).")
        require_on_site(user, "find users")
        prefix = name_key(words)
        if not prefix:
            raise ChatError("invalid_message", "Name at least one letter or digit.")
        found = await self._hooks.search_users(prefix, limit)
        hidden = await self._blocks.blockers(user.id, [one.id for one in found])
        return [one for one in found if one.id not in hidden]
