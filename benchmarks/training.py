"""Speed of training: one update compared with its matrix products, and `fit` compared with PyTorch and skorch."""

import numpy as np
import torch

from benchmarks import _peers
from benchmarks._models import DEEP, GRID, MISSING, fit, regressor, rows, with_missing
from sklstm._network.objective import Objective
from sklstm._network.samples import Samples
from sklstm._training.optimizers import Adam, clip


class TrainingStep:
    """One update of the weights, compared with the matrix products that it needs."""

    params = (tuple(shape for shape in GRID if shape[3] >= 64), ("float32", "float64"), (1, 2))
    param_names = ("batch, steps, channels, hidden", "dtype", "threads")

    def setup(self, shape, dtype, threads):
        batch, steps, channels, hidden = shape
        _peers.set_threads(threads)
        X, y = rows(batch, steps, channels, dtype)
        model = fit(regressor(hidden, batch), X, y)
        every = np.arange(batch)
        weight = np.ones(batch, dtype)
        samples = Samples(X, y[:, np.newaxis], weight, every)
        self.objective = Objective(model._state.network, samples, 0.0, model.theta_.dtype)
        self.theta, self.every, self.optimizer = model.theta_, every, Adam(model.theta_, 0.9, 0.999, 1e-8)
        rng = np.random.default_rng(0)
        width = channels + 1 + hidden
        shapes = {
            "matrix": (4 * hidden, width),
            "z": (width, batch),
            "weight_hh_T": (hidden, 4 * hidden),
            "d_a": (4 * hidden, batch),
            "all_d_a": (4 * hidden, steps * batch),
            "all_z": (steps * batch, width),
        }
        self.bare = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
        self.out = {name: np.empty((shapes[name][0], batch), dtype) for name in ("matrix", "weight_hh_T")}

    def time_sklstm(self, *_):
        _, gradient, _ = self.objective(self.theta, self.every)
        clip(gradient, None, _peers.CLIP_NORM)
        self.optimizer.update(self.theta, gradient, 1e-9)

    def time_products(self, shape, *_):
        bare, out = self.bare, self.out
        for _ in range(shape[1]):
            np.matmul(bare["matrix"], bare["z"], out["matrix"])
        for _ in range(shape[1]):
            np.matmul(bare["weight_hh_T"], bare["d_a"], out["weight_hh_T"])
        bare["all_d_a"] @ bare["all_z"]


def _size(shape):
    batch, steps, _, hidden = shape
    return batch * steps * hidden


def _n_batches(shape):
    """Return a number of batches for which an epoch takes a few tenths of a second at most."""
    return 60 if _size(shape) <= 100_000 else 20 if _size(shape) <= 500_000 else 6


class FitEpoch:
    """A whole `fit` of a few epochs, compared with a plain PyTorch loop on tensors that already exist."""

    params = (GRID, ("float32", "float64"), (1, 2))
    param_names = ("batch, steps, channels, hidden", "dtype", "threads")
    epochs = 3

    def setup(self, shape, dtype, threads, **sizes):
        batch, steps, channels, hidden = shape
        _peers.set_threads(threads)
        self.X, self.y = rows(_n_batches(shape) * batch, steps, channels, dtype)
        if _size(shape) > 90_000:
            self.epochs = 1  # takes long enough
        self.estimator = regressor(hidden, batch, self.epochs, **sizes)
        self.model = _peers.TorchModel(channels, hidden, getattr(torch, dtype), **sizes)
        self.optimizer = torch.optim.Adam(self.model.parameters(), _peers.LEARNING_RATE)
        self.tensors = torch.tensor(self.X), torch.tensor(self.y)

    def time_sklstm(self, *_):
        fit(self.estimator, self.X, self.y)

    def time_pytorch(self, shape, *_):
        for _ in range(self.epochs):
            _peers.torch_epoch(self.model, self.optimizer, *self.tensors, shape[0])


class FitEpochDeep(FitEpoch):
    """`fit` with two layers or both directions, compared with PyTorch."""

    params = (GRID, tuple(DEEP), (1, 2))
    param_names = ("batch, steps, channels, hidden", "network", "threads")
    epochs = 1

    def setup(self, shape, network, threads):
        super().setup(shape, "float32", threads, **DEEP[network])


class FitTwoThreads:
    """`fit` with two threads available, compared with one. Layers too small for two threads must not become slower."""

    params = (GRID, ("float32",))
    param_names = ("batch, steps, channels, hidden", "dtype")

    def setup(self, shape, dtype):
        batch, steps, channels, hidden = shape
        self.X, self.y = rows(_n_batches(shape) * batch, steps, channels, dtype)
        self.estimator = regressor(hidden, batch)

    def time_sklstm(self, *_):
        _peers.set_threads(2)
        fit(self.estimator, self.X, self.y)

    def time_one_thread(self, *_):
        _peers.set_threads(1)
        fit(self.estimator, self.X, self.y)


class FitMissing:
    """`fit` of samples with missing steps, compared with the same samples without."""

    params = (((32, 24, 1, 32), (64, 48, 8, 64), (128, 100, 8, 128)), tuple(MISSING), ("last step", "every step"))
    param_names = ("batch, steps, channels, hidden", "missing", "targets")

    def setup(self, shape, pattern, targets):
        batch, steps, channels, hidden = shape
        _peers.set_threads(1)
        self.X, self.y = rows(_n_batches(shape) * batch, steps, channels)
        self.with_missing = with_missing(self.X, pattern)
        if targets == "every step":
            self.y = self.X[:, :, :1].cumsum(axis=1)
        self.estimator = regressor(hidden, batch)

    def time_sklstm(self, *_):
        fit(self.estimator, self.with_missing, self.y)

    def time_complete(self, *_):
        fit(self.estimator, self.X, self.y)


class FitEpochSkorch:
    """`fit`, compared with skorch, through which users of scikit-learn usually use PyTorch."""

    params = (((32, 24, 1, 32),), ("float32",), (1,))
    param_names = ("batch, steps, channels, hidden", "dtype", "threads")
    epochs = 3

    def setup(self, shape, dtype, threads):
        batch, steps, channels, hidden = shape
        _peers.set_threads(threads)
        self.X, self.y = rows(2000, steps, channels, dtype)
        self.estimator = regressor(hidden, batch, self.epochs)
        self.peer = _peers.skorch_regressor(channels, hidden, batch, self.epochs)

    def time_sklstm(self, *_):
        fit(self.estimator, self.X, self.y)

    def time_skorch(self, *_):
        self.peer.fit(self.X, self.y)
