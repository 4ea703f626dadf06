"""Calls about the users whom the caller blocks."""

from __future__ import annotations

from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Output, UserId
from tornchat.server.http.api.users import UserPath


class BlockList(Output, frozen=True):
    """The ids of all users whom the caller blocks, sorted."""

    user_ids: list[UserId]


async def list_blocks(call: Call) -> BlockList:
    """List the users whom the caller blocks. Clients hide their messages; the server sends them."""
    return BlockList(user_ids=list(await call.chat.blocks.read(call.user)))


async def block_user(call: Call, path: UserPath) -> None:
    """Block a user, for the caller only. At most 1,000 users."""
    await call.chat.blocks.block(call.user, path.user_id)


async def unblock_user(call: Call, path: UserPath) -> None:
    """End a block."""
    await call.chat.blocks.unblock(call.user, path.user_id)


_BLOCK = "/api/me/blocks/{user_id}"
ENDPOINTS = (
    Endpoint("GET", "/api/me/blocks", list_blocks, problems=(501,)),
    Endpoint("PUT", _BLOCK, block_user, status=204, problems=(501,)),
    Endpoint("DELETE", _BLOCK, unblock_user, status=204, problems=(404, 501)),
)
