"""What nodes tell each other: entries, control messages, presence; and the sanctions known on this node."""
