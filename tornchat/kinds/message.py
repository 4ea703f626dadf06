"""The kind `message`: a text that somebody says."""

from __future__ import annotations

from tornchat.kinds.kind import EntryKind

KIND = EntryKind(name="message", shape="message")
