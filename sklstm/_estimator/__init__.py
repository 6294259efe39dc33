"""The scikit-learn estimators `LSTMRegressor`, `WindowTransformer` and `LagsToSequences`, and `make_windows`."""
