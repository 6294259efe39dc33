"""The time index of a table: its step, how it continues, and what to do about one that is not regular."""
