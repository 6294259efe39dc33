"""What several packages use: windows, indexes, checks, warnings, threads."""
