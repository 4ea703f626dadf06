"""The use cases: posting, joining, reading, directory, moderation and access."""
