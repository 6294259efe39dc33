"""`Forecaster`, `backtest` and what they are made of."""
