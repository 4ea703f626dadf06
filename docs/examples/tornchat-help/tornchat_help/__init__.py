"""A bot that answers !help once, however many nodes run and whatever dies."""

from collections.abc import Sequence

from tornchat import Batch, ChatError, ChatHandle, Consumer, User, hookimpl

BOT = User("helpbot", "Help", frozenset({"bot"}))
ANSWER = "Say !help to read this. Be kind to each other."


class HelpPlugin:
    @hookimpl
    def startup(self, chat: ChatHandle) -> None:
        self._chat = chat

    @hookimpl
    def consumers(self) -> Sequence[Consumer]:
        return [Consumer("help", self.take, kinds=("message",))]

    async def take(self, batch: Batch) -> None:
        for entry in batch.entries:
            if entry.text == "!help":
                try:  # an entry that comes again gets the same id, and so no second answer
                    await self._chat.say(batch.room, ANSWER, sender=BOT, id=f"reply:{batch.key(entry)}")
                except ChatError as error:
                    if error.code != "rejected":  # by a filter, which would refuse it for ever
                        raise
