"""A room on this node: stream, members, in-order acceptance, recovery, flush; the registry of loaded rooms."""
