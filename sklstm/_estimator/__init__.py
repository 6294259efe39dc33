"""`LSTMRegressor` and `WindowTransformer`: scikit-learn's face of the LSTM."""
