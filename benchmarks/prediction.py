"""Speed of `predict`, compared with PyTorch and ONNX Runtime with the same weights. Predictions are compared first."""

import numpy as np
import torch

from benchmarks import _peers
from benchmarks._models import DEEP, fit, regressor, rows


class Predict:
    """`predict` of many samples, including the validation of the input."""

    # samples, time steps, channels, hidden units
    params = (((10_000, 24, 1, 32), (2_000, 48, 4, 64), (1_000, 168, 8, 128)), (1, 2))
    param_names = ("rows, steps, channels, hidden", "threads")

    def setup(self, shape, threads):
        n_rows, steps, channels, hidden = shape
        _peers.set_threads(threads)
        self.X, y = rows(n_rows, steps, channels)
        self.estimator = fit(regressor(hidden, standardize=False), self.X[:64], y[:64])
        self.model, self.tensor = _peers.torch_model(self.estimator), torch.tensor(self.X)
        self.session = _peers.onnx_session(self.estimator, steps, threads)
        ours = self.time_sklstm()
        for peer in (self.time_pytorch, self.time_onnxruntime):
            np.testing.assert_allclose(peer(), ours, rtol=1e-3, atol=1e-4)

    def time_sklstm(self, *_):
        return self.estimator.predict(self.X)

    def time_pytorch(self, *_):
        with torch.inference_mode():
            return self.model(self.tensor).numpy()

    def time_onnxruntime(self, *_):
        return self.session.run(None, {"x": self.X})[0]


class PredictTwoThreads:
    """`predict` with two threads available, compared with one."""

    params = Predict.params[:1]
    param_names = Predict.param_names[:1]

    def setup(self, shape):
        n_rows, steps, channels, hidden = shape
        self.X, y = rows(n_rows, steps, channels)
        self.estimator = fit(regressor(hidden), self.X[:64], y[:64])

    def time_sklstm(self, *_):
        _peers.set_threads(2)
        self.estimator.predict(self.X)

    def time_one_thread(self, *_):
        _peers.set_threads(1)
        self.estimator.predict(self.X)


class PredictDeep:
    """`predict` with two layers or both directions, compared with PyTorch."""

    params = (((2_000, 24, 1, 32), (1_000, 48, 4, 64)), tuple(DEEP))
    param_names = ("rows, steps, channels, hidden", "network")

    def setup(self, shape, network):
        n_rows, steps, channels, hidden = shape
        _peers.set_threads(1)
        self.X, y = rows(n_rows, steps, channels)
        self.estimator = fit(regressor(hidden, standardize=False, **DEEP[network]), self.X[:64], y[:64])
        self.model, self.tensor = _peers.torch_model(self.estimator), torch.tensor(self.X)
        np.testing.assert_allclose(self.time_pytorch(), self.time_sklstm(), rtol=1e-3, atol=1e-4)

    time_sklstm, time_pytorch = Predict.time_sklstm, Predict.time_pytorch


class PredictOneRow(Predict):
    """`predict` of a single sample, the latency of a service, compared with a call of a module with its read-out."""

    params = (((1, 24, 1, 32),), (1,))

    def setup(self, shape, threads):
        super().setup((64, *shape[1:]), threads)
        self.X, self.tensor = self.X[:1], self.tensor[:1]

    def time_pytorch(self, *_):
        with torch.no_grad():
            return self.model(self.tensor).numpy()
