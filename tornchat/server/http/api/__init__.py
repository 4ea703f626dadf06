"""The HTTP API: one table of endpoints, from which routing, validation and the document come."""
