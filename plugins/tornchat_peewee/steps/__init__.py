"""Migration steps: one numbered module per change of the schema, applied once each, in order.

A step must not be edited after a release. It declares the tables as they were at that time.
"""
