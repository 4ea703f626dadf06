"""The dialect `v1`, the subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""
