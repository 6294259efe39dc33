"""A small network, and data with missing values and weights, for the tests of this folder."""

import numpy as np

from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.layout import Layout
from sklstm._network.losses import make_loss
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective
from sklstm._network.samples import Samples

N, T, F, H, K = 7, 5, 2, 3, 2
LEVELS = (0.1, 0.5, 0.8)


def example(every_step=False, missing=True, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(10, 3, (N, T, F)).astype(dtype)
    y = rng.normal(10, 3, (N, T, K) if every_step else (N, K)).astype(dtype)
    if missing:
        X[0, :3], X[1, 2, 1], X[2, 4, 0] = np.nan, np.nan, np.nan
        if every_step:
            y[0, :3] = y[1, 2] = np.nan
    return X, y, rng.uniform(0.5, 2, N).astype(dtype)


def without_some_targets(y):
    """Targets (N, K) of which three samples have one only."""
    y = y.copy()
    y[[1, 4, 6], [0, 1, 0]] = np.nan
    return y


def objective(
    X, y, weight, every_step=False, alpha=0.0, instance_norm=None, standardize=True, loss="squared_error", **sizes
):
    """With `every_step` and targets of the last step only, the earlier targets are the next steps of the sample."""
    rows, dropout, missing_rule = np.arange(N), sizes.pop("dropout", 0.0), sizes.pop("missing_rule", MissingRule())
    loss = make_loss(loss, delta=0.3, quantile=LEVELS)
    settings, samples = ScalingSettings(2, instance_norm, standardize, missing_rule), Samples(X, y, weight, rows)
    layout = Layout(X.shape[2] * missing_rule.n_inputs_per_channel, H, K * loss.n_levels, **sizes)
    network = fit_network(layout, loss, samples, X.dtype, settings, every_step=every_step, dropout=dropout)
    return Objective(network, samples, alpha, X.dtype, np.random.default_rng(0))


def start(network, dtype=np.float64):
    theta = network.initial_theta(np.random.default_rng(1), dtype)
    return theta + np.random.default_rng(2).normal(0, 0.3, theta.shape).astype(dtype)


def data(seed=0):
    """Return x (T, F, B) = (6, 3, 20) with missing values, y (K, B) = (4, 20), and weights."""
    rng = np.random.default_rng(seed)
    x = rng.normal(100, 5, (6, 3, 20)) * np.array([1.0, 10.0, 100.0])[:, np.newaxis]
    x[1, 0, :3] = x[5, 2, 3:6] = x[:4, 1, 7] = np.nan
    return x, rng.normal(100, 5, (4, 20)), rng.uniform(0, 2, 20)


def fitted_scaling(instance_norm, standardize=True, dtype=np.float64, pieces=1):
    x, y, weight = data()

    def chunks():
        for part in np.array_split(np.arange(20), pieces):
            yield x[..., part].astype(dtype), y[..., part].astype(dtype), weight[part]

    return fit_scaling(chunks, dtype, ScalingSettings(2, instance_norm, standardize))
