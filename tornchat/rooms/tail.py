"""The end of a room's log in memory: the newest messages, in their present state, and other entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from tornchat.model import Entry, Replies

MOST_CHARS = 4 * 1024 * 1024
"""Characters of texts, `meta` and `data` in the tail, beyond which it has fewer messages than it may have."""


class Tail:
    """The newest messages and acting entries of one room. All positions are those of its log."""

    __slots__ = ("_chars", "_most", "acts", "acts_since", "messages", "messages_since")

    def __init__(self, most: int) -> None:
        """`most` is the maximum number of messages, and of acting entries."""
        self._most = most
        self._chars = 0
        self.messages: deque[Entry] = deque()
        self.acts: deque[Entry] = deque(maxlen=most)
        self.messages_since = 0
        """The tail has all messages after this position."""
        self.acts_since = 0
        """The tail has all acting entries after this position."""

    def start(self, messages: Sequence[Entry], since: int, head: int) -> None:
        """Set the messages to all those after `since` in a log that ends at `head`.

        Where messages follow each other without a gap, there are no acting entries, so that all are known.
        """
        self.messages_since, self.acts_since = since, head
        for message in reversed(messages):
            if message.seq != self.acts_since:
                break
            self.acts_since -= 1
        for message in messages:
            self.append(message)
        self.trim()

    def precede(self, acts: Sequence[Entry], since: int) -> None:
        """Add acting entries: all that stand after `since` and not after `acts_since`, oldest first."""
        kept = acts[max(0, len(acts) - (self._most - len(self.acts))) :]
        self.acts_since = since if len(kept) == len(acts) else acts[-len(kept) - 1].seq
        self.acts.extendleft(reversed(kept))

    def append(self, message: Entry) -> None:
        """Append the next message. `trim` is called after the last one."""
        self.messages.append(message)
        self._chars += len(message.text) if message.more is None else _chars(message)

    def trim(self) -> int:
        """Remove the oldest messages beyond the limits; return how many."""
        messages, chars = self.messages, self._chars
        excess, count = len(messages) - self._most, 0
        while count < excess or (chars > MOST_CHARS and len(messages) > 1):
            # Not by `_remove_first`, since all messages of a busy room leave here.
            removed = messages.popleft()
            chars -= len(removed.text) if removed.more is None else _chars(removed)
            self.messages_since = removed.seq
            count += 1
        self._chars = chars
        return count

    def _remove_first(self) -> None:
        removed = self.messages.popleft()
        self._chars -= _chars(removed)
        self.messages_since = removed.seq

    def act(self, entry: Entry) -> int | None:
        """Append the next acting entry; return the index of its target if that has changed."""
        if len(self.acts) == self._most:
            self.acts_since = self.acts[0].seq if self.acts else entry.seq
        self.acts.append(entry)
        index = self.index(entry.target or 0)
        if index is None:
            return None
        before = self.messages[index]
        after = self.messages[index] = before.after(entry)
        self._chars += _chars(after) - _chars(before)
        return None if after is before else index

    def continues(self, piece: Entry) -> bool:
        """Return whether a piece begins where the text of its message ends, as far as the tail knows.

        It does not if a piece before it was read from storage after the message was closed, without its text.
        """
        index = self.index(piece.target or 0)
        return index is None or piece.offset == len(self.messages[index].text)

    def closing(self, act: Entry) -> Entry:
        """Return what closes a streamed message, with the whole text unless the tail has all of it."""
        whole = act.more.whole if act.more is not None else None
        if act.text or whole is None:
            return act
        index = self.index(act.target or 0)
        known = index is not None and self.messages[index].text == whole.text
        return act if known else msgspec.structs.replace(act, text=whole.text)

    def replied(self, reply: Entry) -> int | None:
        """Count a new message in its thread; return the index of the thread's first message if it changed.

        A message that was read from storage knows its thread as of then, which may include the new one.
        """
        index = self.index(reply.thread or 0)
        if index is None:
            return None
        root = self.messages[index]
        known = root.more.replies if root.more is not None else None
        count, last_seq = (known.count, known.last_seq) if known is not None else (0, 0)
        if reply.seq <= last_seq:
            return None
        self.messages[index] = root.with_replies(Replies(count + bool(reply.text), reply.seq))
        return index

    def recounted(self, deleted: int) -> int | None:
        """Count the thread of a deleted message again; return the index of its first message, if any.

        It is counted also if the message came as a deleted one: its thread may have been read before. The
        tail has all messages after one that it has, and thus the whole thread.
        """
        at = self.index(deleted)
        thread = self.messages[at].thread if at is not None else None
        index = self.index(thread) if thread is not None else None
        if index is None:
            return None
        replies = [message for message in self.messages if message.thread == thread]
        count = sum(1 for message in replies if message.text)
        self.messages[index] = self.messages[index].with_replies(Replies(count, replies[-1].seq))
        return index

    def index(self, seq: int) -> int | None:
        """Return the index of the message at `seq`; None if the tail does not have it."""
        low = self._bisect(seq - 1)
        return low if low < len(self.messages) and self.messages[low].seq == seq else None

    def after(self, since: int) -> int:
        """Return the index of the first message after `since`."""
        return self._bisect(since)

    def _bisect(self, seq: int) -> int:
        """Return the number of messages up to `seq`."""
        low, high = 0, len(self.messages)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.messages[middle].seq <= seq else (low, middle)
        return low

    def prune(self, first_seq: int) -> int:
        """Remove what is before `first_seq`; return the number of messages removed."""
        count = 0
        while self.messages and self.messages[0].seq < first_seq:
            self._remove_first()
            count += 1
        self.messages_since = max(self.messages_since, first_seq - 1)
        while self.acts and self.acts[0].seq < first_seq:
            self.acts.popleft()
        self.acts_since = max(self.acts_since, first_seq - 1)
        return count

    def covers(self, since: int) -> bool:
        """Return whether the tail has all entries after `since`."""
        return since >= self.messages_since and since >= self.acts_since

    def may_cover(self, since: int) -> bool:
        """Return whether only acting entries are missing after `since`, and all of them have room here."""
        free = self._most - len(self.acts)
        return self.messages_since <= since < self.acts_since <= since + free

    def acted_on(self, since: int) -> list[int] | None:
        """Return the indexes of the messages up to `since` that entries after it acted on, oldest first.

        Deleted messages are left out. None if the tail does not have all of these messages.
        """
        found: set[int] = set()
        for act in reversed(self.acts):
            if act.seq <= since:
                break
            if (act.target or 0) <= since:
                index = self.index(act.target or 0)
                if index is None:
                    return None
                found.add(index)
        return sorted(index for index in found if self.messages[index].text)

    def deletions(self, since: int) -> list[Entry]:
        """Return the deletions after `since`, oldest first."""
        return [act for act in self.acts if act.seq > since and act.empties]


def _chars(message: Entry) -> int:
    return len(message.text) + len(message.meta) + len(message.data)
