"""Storage and history in a database, through Peewee. SQLite needs nothing to be installed or set up."""

from tornchat_peewee.plugin import PeeweePlugin

__all__ = ["PeeweePlugin"]
