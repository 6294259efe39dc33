"""Season and baselines of series, as arrays: what is taken off before a regressor learns, and put back on forecasts."""
