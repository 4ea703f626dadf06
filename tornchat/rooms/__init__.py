"""Rooms on this node: streams, members, in-order acceptance, recovery, flush, and the room registry."""
