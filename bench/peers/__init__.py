"""The servers that tornchat is measured against, each the few lines that its own docs would have one write.

A peer is a program that takes its port as the only argument. Rooms are the last part of the URL's path;
`{"message": text}` is answered by a `chat_message` with that text to everybody in the room.
"""
