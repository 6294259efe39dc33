"""Strategies of the property tests of LSTMRegressor: settings, samples of every kind, and layouts of arrays."""

import tempfile
import warnings
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor
from sklstm._network.losses import LOSSES
from sklstm._network.scaling import INSTANCE_NORMS

NORMS = [None, *INSTANCE_NORMS]
LIMITS = {"float32": (1e-42, 1e-30, 1e30, 1e37), "float64": (1e-310, 1e-300, 1e200, 1e300)}

# Values of every parameter of LSTMRegressor but `verbose`.
SETTINGS = {
    "hidden_size": st.integers(1, 4),
    "n_layers": st.integers(1, 2),
    "bidirectional": st.booleans(),
    "dropout": st.sampled_from([0.0, 0.0, 0.3]),
    "forget_bias": st.sampled_from([1.0, -100.0, 100.0, "chrono"]),
    "instance_norm": st.sampled_from(NORMS),
    "standardize": st.sampled_from([True, True, False]),
    "missing": st.sampled_from(["skip", "indicator"]),
    "loss": st.sampled_from(sorted(LOSSES)),
    "delta": st.sampled_from([1.0, 1e-3, 1e300]),
    "quantile": st.sampled_from([0.5, 0.9, (0.1, 0.5, 0.9), (0.2, 0.7)]),
    "loss_steps": st.sampled_from(["last", "last", "auto", "all"]),
    "solver": st.sampled_from(["adam", "adamw", "rmsprop", "sgd", "lbfgs"]),
    "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive", "cosine"]),
    "learning_rate_init": st.sampled_from([1e-4, 1e-2]),
    "power_t": st.sampled_from([0.0, 0.5]),
    "momentum": st.sampled_from([0.0, 0.9]),
    "nesterovs_momentum": st.booleans(),
    "beta_1": st.sampled_from([0.0, 0.9]),
    "beta_2": st.sampled_from([0.0, 0.999]),
    "epsilon": st.sampled_from([1e-8, 1e-3]),
    "rho": st.sampled_from([0.0, 0.9]),
    "alpha": st.sampled_from([0.0, 0.0, 0.1]),
    "clip_norm": st.sampled_from([1.0, 1e-3]),
    "clip_value": st.sampled_from([None, 0.1]),
    "batch_size": st.sampled_from(["auto", "large", 1, 3]),
    "max_iter": st.integers(1, 3),
    "max_updates": st.sampled_from([None, "auto", 1, 5]),
    "max_fun": st.sampled_from([1, 15000]),
    "tol": st.sampled_from([0.0, 1e-4]),
    "n_iter_no_change": st.sampled_from([1, 10, np.inf]),
    "early_stopping": st.sampled_from([False, False, True]),
    "validation_fraction": st.sampled_from([0.1, 0.4]),
    "validation_split": st.sampled_from(["last", "random"]),
    "validation_gap": st.sampled_from([0, 0, 1]),
    "shuffle": st.booleans(),
    "warm_start": st.booleans(),
    "random_state": st.integers(0, 2**31 - 1),
}


@st.composite
def regressors(draw, **fixed):
    """An LSTMRegressor with any settings; `fixed` ones are values or strategies."""
    chosen = {name: draw(strategy) for name, strategy in SETTINGS.items() if name not in fixed}
    chosen |= {name: draw(value) if isinstance(value, st.SearchStrategy) else value for name, value in fixed.items()}
    if chosen["loss"] == "poisson":  # its targets are not made relative
        chosen["instance_norm"] = None
    if chosen["validation_split"] == "random":
        chosen["validation_gap"] = 0
    if chosen["solver"] == "lbfgs":  # needs the same loss at each evaluation
        chosen["dropout"], chosen["max_updates"] = 0.0, None
    if chosen["bidirectional"] and chosen["loss_steps"] == "all":
        chosen["loss_steps"] = "auto"
    return LSTMRegressor(**chosen)


class Drawn:
    """Samples X (n, T, F), targets y and weights or None."""

    def __init__(self, X, y, weight=None):
        self.X, self.y, self.weight = X, y, weight

    def __repr__(self):
        """The arrays in few lines."""
        with np.printoptions(threshold=20, edgeitems=2, precision=4):
            parts = (f"{name} {np.shape(part)} {' '.join(str(part).split())}" for name, part in vars(self).items())
            return f"Drawn({self.X.dtype}, {', '.join(parts)})"

    def with_targets(self, regressor):
        """The same samples with targets that the loss accepts."""
        if regressor.loss != "poisson":
            return self
        return Drawn(np.abs(self.X), np.abs(self.y), self.weight)


KINDS = st.sampled_from(["noise", "noise", "windows", "constant", "whole numbers", "offset", "few values"])
WEIGHTS = st.sampled_from([None, "random", "some are 0", "1e-300", "1e290", "one is huge"])
MISSING = st.sampled_from(["none", "none", "entries", "first steps", "a whole sample"])


def weights_of(kind, n, rng):
    """Weights of a kind of `WEIGHTS`, at least one of them positive."""
    if kind is None:
        return None
    weight = rng.uniform(0.5, 2, n)
    if kind == "some are 0":
        weight[1:][rng.random(n - 1) < 0.3] = 0
    elif kind == "one is huge":
        weight *= 1e-300
        weight[rng.integers(n)] = 1e290
    elif kind != "random":
        weight *= float(kind)
    return weight


def values_of(kind, shape, rng):
    """Values of a kind of `KINDS`."""
    values = rng.standard_normal(shape)
    if kind == "constant":
        return np.full(shape, values.flat[0])
    if kind == "whole numbers":
        return np.round(values * 5)
    if kind == "offset":
        return values + 1000
    return np.sign(values) if kind == "few values" else values


def without_some(X, kind, rng):
    """Samples X (n, T, F), changed in place, with missing values of a kind of `MISSING`."""
    n, n_steps, _ = X.shape
    if kind == "entries":
        X[rng.random(X.shape) < 0.1] = np.nan
    elif kind == "first steps":
        for row, n_missing in enumerate(rng.integers(0, n_steps, n)):
            X[row, :n_missing] = np.nan
    elif kind == "a whole sample" and n > 1:
        X[rng.integers(n)] = np.nan
    return X


@st.composite
def samples(draw, *, dtype=None, sizes=None, missing=MISSING, n_dimensions=(1, 2, 3), weights=WEIGHTS):
    """Samples of any kind; of any size with `sizes`, a strategy of factors by dtype."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, n_steps, n_channels = draw(st.integers(2, 25)), draw(st.integers(1, 6)), draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["float64", "float64", "float32"])) if dtype is None else dtype
    kind, n_dim = draw(KINDS), draw(st.sampled_from(n_dimensions))
    if kind == "windows":
        series = rng.standard_normal((n + n_steps, n_channels)).cumsum(axis=0)
        windows = np.lib.stride_tricks.sliding_window_view(series, n_steps, axis=0).transpose(0, 2, 1)
        X = windows[:-1].copy()
        y = {1: series[n_steps:, 0], 2: series[n_steps:], 3: windows[1:].copy()}[n_dim].copy()
    else:
        X = values_of(kind, (n, n_steps, n_channels), rng)
        n_outputs = draw(st.integers(1, 3))
        y = values_of(kind, {1: (n,), 2: (n, n_outputs), 3: (n, n_steps, n_outputs)}[n_dim], rng)
    X = without_some(X, draw(missing), rng)
    if n_dim == 2 and y.shape[1] > 1 and draw(st.booleans()):
        y[rng.random(n) < 0.3, -1] = np.nan
    weight = weights_of(draw(weights), n, rng)
    if sizes is not None:
        X, y = X * draw(sizes[dtype]), y * draw(sizes[dtype])
        limit = LIMITS[dtype][-1]
        X, y = np.clip(X, -limit, limit), np.clip(y, -limit, limit)
    return Drawn(X.astype(dtype), y.astype(dtype), weight)


# Factors of samples: ordinary ones, and those at the limits of each precision.
SIZES = {dtype: st.sampled_from([1.0, 1.0, *limits]) for dtype, limits in LIMITS.items()}


def strided(array):
    wide = np.full([2 * n for n in array.shape], 7, array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def backwards(array):
    return np.ascontiguousarray(array[::-1])[::-1]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    raw[...] = array
    return raw


def memory_mapped(array):
    with tempfile.TemporaryFile() as file:
        array.tofile(file)
        return np.memmap(file, array.dtype, "r", shape=array.shape)


# Ways to hold the same numbers in the same precision.
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": strided,
    "backwards": backwards,
    "read-only": read_only,
    "unaligned": unaligned,
    "memory-mapped": memory_mapped,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "masked": np.ma.masked_invalid,
}


@contextmanager
def only_expected_warnings():
    """Ignore what users are told about their data; a RuntimeWarning stays an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fitted(regressor, drawn):
    """Fit, and return the regressor; None if it refuses the samples with an error that names what is wrong."""
    drawn = drawn.with_targets(regressor)
    with only_expected_warnings():
        try:
            return regressor.fit(drawn.X, drawn.y, drawn.weight)
        except ValueError as error:
            assert_clear(error)
            return None


NAMES = {
    "X",
    "y",
    "sample_weight",
    "X_val",
    "y_val",
    "n_samples",
    "context",
    "X_future",
    "prediction",
    "n_targets",
    *SETTINGS,
}


def assert_clear(error):
    """Whether the message of an error names an argument or a parameter."""
    words = str(error).replace("=", " ").replace("(", " ").replace(",", " ").replace(".", " ").split()
    assert NAMES & set(words), error
    assert len(str(error)) < 600, error
