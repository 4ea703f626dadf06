"""Measures tornchat and its peers side by side: `python -m bench`. docs/performance.md says how."""
