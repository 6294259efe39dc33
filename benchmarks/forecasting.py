"""Recursive forecasts: what a step costs beside a prediction of the same rows."""

import numpy as np

from benchmarks import _peers
from benchmarks._models import fit, regressor
from sklstm import make_windows


class ForecastStep:
    """A step of `forecast`, beside one `predict` of as many rows."""

    params = (((1, 1000), (10_000, 48)),)
    param_names = ("contexts, steps",)

    def setup(self, shape):
        _peers.set_threads(1)
        X, y = make_windows(np.sin(np.arange(10_100, dtype=np.float32) / 5), 24)
        self.estimator = fit(regressor(32, instance_norm="last"), X[:2000], y[:2000])
        self.contexts = X[: shape[0]]

    def time_sklstm(self, shape):
        return self.estimator.forecast(shape[1], context=self.contexts)

    def time_predictions(self, shape):
        for _ in range(shape[1]):
            self.estimator.predict(self.contexts)
