"""Posts batches to one webhook. What is not answered with a success is posted again, by the consumer."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from tornchat import Batch, Entry, Unavailable
from tornchat_webhooks.body import body_of
from tornchat_webhooks.signing import signed_headers
from tornchat_webhooks.targets import Target


class Sender:
    """The sender of one webhook."""

    def __init__(self, name: str, target: Target) -> None:
        self.client: AsyncHTTPClient | None = None
        """Set while the server runs."""
        self._name = name
        self._target = target
        self._sent: dict[str, tuple[str, int]] = {}
        """Room -> the last entry (epoch, seq) that was posted of a batch whose rest failed."""

    async def take(self, batch: Batch) -> None:
        """Post the batch. Raises `Unavailable` if the receiver did not answer with a success."""
        if self._target.batch:
            await self._post(batch, batch.entries)
            return
        for entry in batch.entries:
            if not self._was_sent(batch, entry):
                await self._post(batch, (entry,))
                self._sent[batch.room] = (batch.epoch, entry.seq)
        self._sent.pop(batch.room, None)

    def _was_sent(self, batch: Batch, entry: Entry) -> bool:
        epoch, seq = self._sent.get(batch.room, ("", 0))
        return epoch == batch.epoch and entry.seq <= seq

    async def _post(self, batch: Batch, entries: Sequence[Entry]) -> None:
        if self.client is None:
            raise Unavailable("the server does not run")
        now = int(time.time())
        body = body_of(batch, entries, now)
        message_id = batch.key(entries[0])
        if len(entries) > 1:
            message_id += f"-{entries[-1].seq}"
        headers = signed_headers(self._target.key, message_id, now, body)
        request = HTTPRequest(
            self._target.url,
            method="POST",
            body=body,
            headers={"Content-Type": "application/json", "User-Agent": "tornchat", **headers},
            follow_redirects=False,
            request_timeout=self._target.timeout,
            connect_timeout=self._target.timeout,
            decompress_response=False,
        )
        try:
            answer = await self.client.fetch(request, raise_error=False)
        except Exception as error:  # the client of Tornado has many; none of them shows the URL
            raise Unavailable(self._words(f"could not be reached ({type(error).__name__})")) from None
        if answer.code == 599:
            raise Unavailable(self._words(f"gave no answer ({type(answer.error).__name__}: {answer.reason})"))
        if not 200 <= answer.code < 300:
            raise Unavailable(self._words(f"answered {answer.code}"))

    def _words(self, what: str) -> str:
        return f"the webhook {self._name} ({self._target.host}) {what}"
