"""The WebSocket's document: AsyncAPI 3.0, written from the types that read and write the frames."""
