"""Speed of `forecast`, of `backtest`, and of fitting a forecaster."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from benchmarks import _peers
from benchmarks._models import fit, regressor
from benchmarks._rivals import former_default
from sklstm import Forecaster, backtest, make_windows
from sklstm.datasets import load_airline

BATCH = 32
ALONE = {
    "season": None,
    "baseline": None,
    "log": None,
    "window_length": 24,
}  # a network without a baseline


class ForecastStep:
    """`forecast` of an LSTM, compared with one call of `predict` on the same samples for each step."""

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
    """`backtest` without refit (including a fit on 76 rows), compared with `predict` on all its windows."""

    params = (((1000, 24),),)
    param_names = ("origins, steps",)

    def setup(self, shape):
        _peers.set_threads(1)
        n_origins, steps = shape
        n_rows = 76 + n_origins + steps - 1
        self.series = np.sin(np.arange(n_rows) / 5)
        self.forecaster = Forecaster(regressor(32, instance_norm="last", max_iter=1), **ALONE)
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
    """Fit the airline series with a network alone and forecast two years, compared with the same in a PyTorch loop.

    Both use the same windows, normalised by their last value and standard deviation. Both learn the next value at every
    step with the absolute error, AdamW, a cosine schedule, batches of 32 and clipped gradients. Steps before the first
    row are skipped in sklstm, and zeros in PyTorch. Batches come from a `DataLoader`, as in PyTorch's tutorials, or
    from shuffled indices, which is faster.
    """

    params = ((1, 2),)
    param_names = ("threads",)

    def setup(self, threads):
        _peers.set_threads(threads)
        self.passengers = load_airline()[:-24]
        self.settings = former_default(seed=0)

    def time_sklstm(self, threads):
        return Forecaster(self.settings, **ALONE).fit(None, self.passengers).forecast(24)

    def time_pytorch(self, threads):
        def batches(*tensors):
            return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_size=BATCH, shuffle=True)

        return self._forecast_of_loop(batches)

    def time_pytorch_indexed(self, threads):
        return self._forecast_of_loop(_ShuffledBatches)

    def _forecast_of_loop(self, batches):
        padded = np.concatenate((np.full(23, np.nan), self.passengers.to_numpy())).astype(np.float32)
        windows = torch.tensor(np.lib.stride_tricks.sliding_window_view(padded, 25).copy())
        x, last, deviation = self._relative(windows[:, :-1])
        y = (windows[:, 1:] - last) / deviation
        model = _EveryStep(self.settings.hidden_size)
        loss_of = torch.nn.L1Loss()
        optimizer = torch.optim.AdamW(model.parameters(), self.settings.learning_rate_init, weight_decay=1.0)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.settings.max_iter)
        loader = batches(x.nan_to_num()[..., None], y)
        for _ in range(self.settings.max_iter):
            for inputs, targets in loader:
                known = ~targets.isnan()
                optimizer.zero_grad(set_to_none=True)
                loss_of(model(inputs)[known], targets[known]).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            schedule.step()
        return self._fed_back(model, windows[-1:, 1:])

    def _relative(self, windows):
        """Normalise windows; also return the last value and the standard deviation of their present steps."""
        known = ~windows.isnan()
        last = windows[:, -1:]
        mean = windows.nansum(dim=1, keepdim=True) / known.sum(dim=1, keepdim=True)
        deviation = ((windows - mean) ** 2).nansum(dim=1, keepdim=True).div(known.sum(dim=1, keepdim=True)).sqrt()
        deviation = torch.where(deviation > 0, deviation, deviation[deviation > 0].mean())
        return (windows - last) / deviation, last, deviation

    def _fed_back(self, model, window):
        forecasts = []
        with torch.inference_mode():
            for _ in range(24):
                x, last, deviation = self._relative(window)
                forecasts.append(model(x[..., None])[:, -1:] * deviation + last)
                window = torch.cat((window[:, 1:], forecasts[-1]), dim=1)
        return torch.cat(forecasts, dim=1)[0].numpy()


class _ShuffledBatches:
    """Batches of tensors, shuffled anew in every pass over them."""

    def __init__(self, *tensors):
        self.tensors = tensors

    def __iter__(self):
        for rows in torch.randperm(len(self.tensors[0])).split(BATCH):
            yield [tensor[rows] for tensor in self.tensors]


class _EveryStep(torch.nn.Module):
    """`nn.LSTM` and a linear layer on the state of every step."""

    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden_size, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x):
        return self.readout(self.lstm(x)[0])[..., 0]
