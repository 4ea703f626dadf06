"""Broadcast and presence inside one process: the embedded default, with nothing to install."""

from tornchat_local.plugin import LocalPlugin

__all__ = ["LocalPlugin"]
