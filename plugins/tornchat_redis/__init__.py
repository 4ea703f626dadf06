"""Broadcast and presence between nodes, through Redis or Valkey."""

from tornchat_redis.plugin import RedisPlugin

__all__ = ["RedisPlugin"]
