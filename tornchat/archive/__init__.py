"""Export of a room's history to a file in several formats, and import from JSON lines."""
