"""P8: who does not read is closed; the others notice nothing."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from tests.stage import Stage, open_stage

SAID = 400


async def deaf(verona: Stage, number: int) -> socket.socket:
    """A client that shakes hands and never reads again, with a small buffer in its kernel."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", verona.port))
    request = (
        f"GET /ws/chat/hall/?token={verona.token(f'deaf{number}')} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{verona.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(client, request.encode())
    assert (await loop.sock_recv(client, 12)).endswith(b"101")
    return client


def test_who_does_not_read_is_closed_and_the_others_hear_everything(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"send_buffer_bytes": 65536, "message_chars": 0}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await verona.enters("juliet", "hall")
            clients = [await deaf(verona, number) for number in range(5)]
            romeo = await verona.enters("romeo", "hall")
            text = "x" * 20_000
            left: set[str] = set()

            async def hear() -> int:
                heard = 0
                while heard < SAID or len(left) < len(clients):
                    frame = await juliet.next()
                    heard += frame["type"] == "chat_message"
                    if frame["type"] == "user_leave":
                        left.add(frame["user_id"])
                return heard

            hearing = asyncio.create_task(hear())
            for number in range(SAID):
                await romeo.says(f"{number} {text}")
                await romeo.hears()
            assert await hearing == SAID
            assert left == {f"deaf{number}" for number in range(5)}
            for client in clients:
                client.close()

    asyncio.run(play())
