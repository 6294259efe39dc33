"""`Forecaster`, `backtest`, and the parts that they are made of."""
