"""WebSocket connections: handshake, frames, inbox, outbox and heartbeat."""
