"""Communication between nodes: broadcast of entries, control messages, presence, and cached sanctions."""
