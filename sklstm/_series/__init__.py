"""A user's tables as series and back: columns, panels, histories, indexes of forecasts, leaks."""
