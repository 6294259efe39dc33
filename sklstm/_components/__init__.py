"""Parts of series that are estimated without a regressor, as arrays: the season, and simple forecasts."""
