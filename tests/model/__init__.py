"""Tests of the common types."""
