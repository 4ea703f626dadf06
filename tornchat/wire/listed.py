"""The items of the user list, encoded once per user."""

from __future__ import annotations

import msgspec

from tornchat.model import Participant


class ListedUser(msgspec.Struct):
    """A user in the user list, for the dialect that does not mark guests."""

    id: str
    username: str


_encode = msgspec.json.Encoder().encode


def encode_participant(participant: Participant, marked: bool = False) -> bytes:
    """Return a participant as an item of the user list; with `marked`, it says that a guest is one."""
    return _encode(participant if marked else ListedUser(participant.id, participant.username))
