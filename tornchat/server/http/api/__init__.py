"""The HTTP API. Routing, validation and the OpenAPI document are derived from one table of endpoints."""
