"""Broadcast and presence within one process, without an external server. Loaded by default."""

from tornchat_local.plugin import LocalPlugin

__all__ = ["LocalPlugin"]
