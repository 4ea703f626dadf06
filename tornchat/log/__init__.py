"""Drafts on their way to disk: group commit, unknown outcomes and retention."""
