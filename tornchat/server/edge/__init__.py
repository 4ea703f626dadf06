"""The network edge: who a client is, how much one address or user may take, and when nobody is let in."""
