"""What a node counts and times."""
