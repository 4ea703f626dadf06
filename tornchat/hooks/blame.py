"""Logs the failures of plugins, each with the name of its plugin."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tornchat.errors import CODES, REQUEST_CODES, ChatError, NotStored, SettingsError, Unavailable
from tornchat.hooks.frames import CodePlace, raising_frames, worth_logging
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.words import cleaned, one_line

log = logging.getLogger("tornchat.hooks")

MOST_RETRY_SECONDS = 86_400.0


class Failed(Unavailable):
    """A plugin failed; the failure has been logged."""


class Blame:
    """Logs and counts the failures of one chat's plugins."""

    def __init__(self) -> None:
        self.down: set[tuple[str, str]] = set()
        """(plugin, hook) pairs that raised `Unavailable` and have not answered since."""

    @staticmethod
    def failed(
        implementation: Implementation,
        error: BaseException,
        kind: str = "error",
        frames: Sequence[CodePlace] = (),
    ) -> Failed:
        """Log the failure with the plugin's name and its own stack frames. Return the exception to raise.

        `frames` takes the place of the frames of the error's traceback.
        """
        plugin, hook, name = implementation.plugin, implementation.hook, type(error).__name__
        implementation.failures[kind] += 1
        places = worth_logging(implementation.function, frames or raising_frames(error))
        where = "".join(f"\n  {place}" for place in places)
        facts = {"event": "hook_failed", "plugin": plugin, "hook": hook, "kind": kind}
        log.error("plugin %s failed in %s: %s: %s%s", plugin, hook, name, one_line(error), where, extra=facts)
        return Failed(f"plugin {plugin} failed in {hook} ({name})")

    def unavailable(self, implementation: Implementation, error: Unavailable) -> Unavailable:
        """Log, once per outage, that a plugin can't answer. Return the exception to raise."""
        if isinstance(error, Failed):  # logged where it happened
            return error
        known = (implementation.plugin, implementation.hook)
        implementation.failures["unavailable"] += 1
        reason = one_line(error)
        if known not in self.down:
            self.down.add(known)
            facts = {"event": "hook_down", "plugin": known[0], "hook": known[1], "reason": reason}
            log.warning("plugin %(plugin)s can't answer %(hook)s: %(reason)s", facts, extra=facts)
        return error if reason == str(error) else Unavailable(reason)

    def answered(self, implementation: Implementation) -> None:
        """Log the end of an outage, if there was one."""
        known = (implementation.plugin, implementation.hook)
        if known in self.down:
            self.down.discard(known)
            facts = {"event": "hook_up", "plugin": known[0], "hook": known[1]}
            log.info("plugin %(plugin)s answers %(hook)s again", facts, extra=facts)

    def passed_on(self, implementation: Implementation, error: Exception) -> Exception:
        """Return the exception that the caller receives for one that the hook's promise allows.

        Its text is made safe to show; a text that had to be changed is logged as a failure of the plugin.
        """
        if isinstance(error, ChatError):
            return self._refusal(implementation, error)
        if isinstance(error, SettingsError):
            return SettingsError(cleaned(error.what), cleaned(error.cure))
        return NotStored(one_line(error)) if isinstance(error, NotStored) else error

    def _refusal(self, implementation: Implementation, error: ChatError) -> Exception:
        code, text, wait = (getattr(error, name, None) for name in ("code", "text", "retry_after"))
        if code not in CODES and code not in REQUEST_CODES:
            return self.failed(
                implementation, ValueError("it raised a ChatError without a known code"), "junk"
            )
        safe, seconds = cleaned(text), _seconds(wait)
        if (safe, seconds) == (text, wait):
            return error
        self.failed(implementation, ValueError("its refusal has a text or a wait that can't be sent"), "junk")
        error.text, error.retry_after = safe, seconds
        return error


def _seconds(wait: object) -> float | None:
    if isinstance(wait, (int, float)) and 0 <= wait <= MOST_RETRY_SECONDS:
        return wait
    return None
