"""Metrics for Prometheus: definitions, collection, and access control."""
