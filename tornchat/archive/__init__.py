"""A room's history as a file: written in one of several formats, and read back from JSON lines."""
