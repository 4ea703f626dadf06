"""The dialect `classic`, byte for byte what it was: compared with a transcript of the release before.

`tests/release_before/classic.txt` has the frames that two classic users got from that release while others
talked and deleted. Here the same is said with all that messages can say now, and edited.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.scenarios.test_changes import deletes, edits, enters, on_stage, tells
from tests.stage import Player, Stage

TRANSCRIPT = Path(__file__).parents[1] / "release_before" / "classic.txt"
TEXTS = ("one", 'zwei "2" \\ </script>', "три 😀\n", "gone")
STAMP = re.compile(r'"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"')


async def frames(player: Player, count: int) -> list[str]:
    """The next frames as they are on the wire, without the times."""
    found = [str(await player.receive()) for _ in range(count)]
    return [STAMP.sub('"timestamp":"T"', frame) for frame in found]


async def sends(romeo: Player, text: str, **more: object) -> None:
    await tells(romeo, type="send", id=f"say {text}", message=text, **more)
    await romeo.next_of("ack")


def test_classic_frames_are_those_of_the_release_before(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        tybalt = await verona.enters("tybalt", "general")
        heard = await frames(tybalt, 2)  # the list, and that he has entered
        romeo = await enters(verona, "romeo")
        mentions = {"users": ["tybalt"], "room": True}
        await sends(romeo, TEXTS[0], meta={"a": 1}, mentions=mentions)
        for text in TEXTS[1:]:
            await sends(romeo, text, reply_to=1, thread=1, meta={"b": [text]})
        await edits(romeo, "e1", 1, 0, TEXTS[0])
        await deletes(romeo, "d1", 4)
        for _ in range(2):
            await romeo.next_of("ack")
        await tybalt.socket.send("no JSON")
        await tybalt.socket.send('{"message":"mine"}')
        heard += await frames(tybalt, 7)
        paris = await verona.enters("paris", "general")
        heard += await frames(paris, 6)
        await romeo.leaves()
        heard += await frames(paris, 1)
        assert "".join(f"{frame}\n" for frame in heard) == TRANSCRIPT.read_text("utf-8")

    on_stage(tmp_path, play)
