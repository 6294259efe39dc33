"""Convert the user's tables to series and back, and check them: columns, panels, histories, indexes, leaks."""
