"""The scikit-learn estimators `LSTMRegressor` and `WindowTransformer`, and `make_windows`."""
