"""Storing drafts in the log: group commit, recovery of unknown outcomes, and retention."""
