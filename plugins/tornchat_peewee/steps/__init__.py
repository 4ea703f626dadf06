"""How the tables came to be: one numbered step per change, applied in order, each once.

A step is never edited after a release. It declares the tables as they were then, on its own.
"""
