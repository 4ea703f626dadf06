"""Counters, histograms and event loop lag of a node."""
