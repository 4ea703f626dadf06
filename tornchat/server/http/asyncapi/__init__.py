"""The AsyncAPI 3.0 document of the WebSocket, generated from the types of the frames."""
