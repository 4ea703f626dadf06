"""A room on this node: stream, members, in-order acceptance, recovery, flush; and the loaded rooms."""
