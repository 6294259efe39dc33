"""Checkpoints: files from which a fit that was killed is resumed."""
