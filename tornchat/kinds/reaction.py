"""The kind `reaction`: which emoji a user has put on a message."""

from __future__ import annotations

from tornchat.kinds.kind import EntryKind

KIND = EntryKind(name="reaction", shape="mark")
