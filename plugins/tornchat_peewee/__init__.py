"""Storage, history, directory, moderation and search in SQLite or PostgreSQL, through Peewee."""

from tornchat_peewee.plugin import PeeweePlugin

__all__ = ["PeeweePlugin"]
