"""Forecasts: what a step, a backtest and a whole fit and forecast cost."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from benchmarks import _peers
from benchmarks._models import fit, regressor
from sklstm import Forecaster, backtest, make_windows
from sklstm._strategies import default_regressor
from sklstm.datasets import load_airline


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


class Backtest:
    """A backtest without refit, with its reading, training (76 rows) and table, beside `predict` of all its windows."""

    params = (((1000, 24),),)
    param_names = ("origins, steps",)

    def setup(self, shape):
        _peers.set_threads(1)
        n_origins, steps = shape
        n_rows = 76 + n_origins + steps - 1
        self.series = np.sin(np.arange(n_rows) / 5)
        self.forecaster = Forecaster(regressor(32, instance_norm="last", max_iter=1))
        windows = make_windows(self.series.astype(np.float32), 24)[0]
        self.windows = windows[np.arange(n_origins * steps) % len(windows)]
        self.estimator = fit(regressor(32, instance_norm="last", max_iter=1), windows[:64], windows[:64, -1, 0])

    def time_sklstm(self, shape):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return backtest(self.forecaster, None, self.series, steps=shape[1], n_origins=shape[0], refit=False)

    def time_predict(self, shape):
        return self.estimator.predict(self.windows)


class AirlineForecast:
    """Fit the airline series and forecast two years, beside a plain PyTorch loop over the same windows and epochs.

    The loop counts the error of the last step only, which costs it less than the forecaster's default.
    """

    params = ((1, 2),)
    param_names = ("threads",)

    def setup(self, threads):
        _peers.set_threads(threads)
        self.passengers = load_airline()[:-24]

    def time_sklstm(self, threads):
        return Forecaster().fit(None, self.passengers).forecast(24)

    def time_pytorch(self, threads):
        settings = default_regressor("recursive")
        series = self.passengers.to_numpy(np.float32)
        mean, deviation = series.mean(), series.std()
        X, y = (torch.tensor(part) for part in make_windows((series - mean) / deviation, 24))
        model = _peers.TorchModel(1, settings.hidden_size)
        optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate_init)
        for _ in range(settings.max_iter):
            _peers.torch_epoch(model, optimizer, X, y, 32)
        window = X[-1:].clone()
        with torch.inference_mode():
            for _ in range(24):
                window = torch.cat((window[:, 1:], model(window)[:, None, None]), dim=1)
        return window[0, :, 0] * deviation + mean
