"""The Tornado server: WebSocket connections, the HTTP API, pages and metrics."""
