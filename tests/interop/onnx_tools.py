"""Networks with random settings and samples, and what runs their ONNX models."""

import warnings

import numpy as np
import pytest

from sklstm import LSTMRegressor
from sklstm.interop.onnx import to_onnx

# Differences are compared with this share of the size of predictions and targets.
TOLERANCE = 1e-5


def onnx_libraries():
    """Return onnx and onnxruntime; skip the test if one is not installed."""
    return pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")


def runners(model):
    """Return functions (outputs, inputs) that run a model in ONNX Runtime and in onnx's reference evaluator."""
    onnx, runtime = onnx_libraries()
    from onnx.reference import ReferenceEvaluator

    onnx.checker.check_model(model, full_check=True)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    has_both_directions = any(part.s == b"bidirectional" for node in model.graph.node for part in node.attribute)
    if has_both_directions and tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 23):
        return (session.run,)  # the evaluator has one direction
    return session.run, ReferenceEvaluator(model).run


def check_agrees(estimator, *samples, size=1.0):
    """Both runners return what `predict` and, if it is there, `predict_quantiles` return; `size` is that of targets."""
    model = to_onnx(estimator)
    for run in runners(model):
        for X in samples:
            wanted = {"y": estimator.predict(X)}
            if hasattr(estimator, "predict_quantiles"):
                wanted["quantiles"] = estimator.predict_quantiles(X)
            with np.errstate(over="ignore"):  # onnx's sigmoid is 1 / (1 + exp(-x))
                found = run(None, {"X": X})
            assert [output.name for output in model.graph.output] == list(wanted)
            for got, want in zip(found, wanted.values(), strict=True):
                assert (got.shape, got.dtype) == (want.shape, want.dtype)
                np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE * size)


def random_settings(rng):
    """Draw parameters that suit each other."""
    loss = rng.choice(["squared_error", "absolute_error", "huber", "quantile", "poisson"])
    levels = [0.3, (0.9,), (0.1, 0.5, 0.9), (0.05, 0.2, 0.45, 0.6), (0.6, 0.8)]
    n_layers, is_bidirectional = int(rng.integers(1, 4)), bool(rng.integers(2))
    norms = [None, "last", "mean", "standard", "last-standard"]
    return {
        "hidden_size": int(rng.integers(1, 5)),
        "n_layers": n_layers,
        "bidirectional": is_bidirectional,
        "dropout": rng.choice([0, 0.3]),
        "loss": str(loss),
        "quantile": levels[rng.integers(len(levels))],
        "instance_norm": None if loss == "poisson" else norms[rng.integers(len(norms))],
        "missing": str(rng.choice(["skip", "indicator"])),
        "standardize": bool(rng.random() < 0.7),
        "loss_steps": "last" if is_bidirectional else str(rng.choice(["last", "all"])),
        "max_iter": 3,
        "random_state": 0,
    }


def random_samples(rng, settings):
    """Draw samples and targets for such parameters, which get `n_channels` and `n_targets` here."""
    n, n_steps, n_channels = 12, int(rng.integers(1, 8)), int(rng.integers(1, 4))
    n_targets, n_ahead = int(rng.integers(1, n_channels + 1)), int(rng.integers(1, 3))
    y_ndim = int(rng.integers(2, 4)) if n_targets * n_ahead > 1 else int(rng.integers(1, 4))
    if settings["loss_steps"] == "all":
        n_ahead = 1
    X = rng.normal(size=(n, n_steps, n_channels)).cumsum(axis=1) + 3 * rng.normal(size=(n, 1, n_channels))
    y = np.tile(X[:, -1, :n_targets], n_ahead) + rng.normal(size=(n, n_targets * n_ahead))
    if y_ndim == 3:
        y = np.tile(X[..., :n_targets], n_ahead) + rng.normal(size=(n, n_steps, n_targets * n_ahead))
    if settings["loss"] == "poisson":  # with loss_steps="all", channels are targets, too
        X, y = np.abs(X), np.abs(y)
    dtype, is_table = rng.choice([np.float32, np.float64]), bool(rng.integers(2))
    X, y = X.astype(dtype), y[:, 0] if y_ndim == 1 else y
    settings["n_targets"] = n_targets
    if is_table:
        X = X.reshape(n, -1)
        settings["n_channels"] = n_channels
    return X, y


def with_missing(rng, X, n_channels):
    """Return samples with missing values of every kind: leading steps, single values, and a sample without a step."""
    X = X.copy()
    sequences = X.reshape(len(X), -1, n_channels)
    n_leading = rng.integers(0, sequences.shape[1], len(X))
    sequences[np.arange(sequences.shape[1]) < n_leading[:, np.newaxis]] = np.nan
    sequences[rng.random(sequences.shape) < 0.1] = np.nan
    sequences[0] = np.nan
    return X


def random_case(seed):
    """Return a fitted network with random settings, and several sets of samples to predict."""
    rng = np.random.default_rng(seed)
    settings = random_settings(rng)
    X, y = random_samples(rng, settings)
    n_channels = settings.get("n_channels", X.shape[-1])
    missing = with_missing(rng, X, n_channels)
    learnt = missing if rng.random() < 0.5 else X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of skipped steps, and that training is short
        estimator = LSTMRegressor(**settings).fit(learnt, y)
    samples = [X, missing, missing[:1], X[3:4]]
    if X.ndim == 3:  # sequences may have another number of steps
        samples += [np.concatenate((missing, X), axis=1), X[:, -1:]]
    return estimator, samples
