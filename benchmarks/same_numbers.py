"""Check that the numbers equal those of an earlier commit, to the bit.

python -m benchmarks.same_numbers COMMIT

Trains and forecasts with this tree and with the package at that commit, in one process. Compares weights, losses,
predictions, forecasts and intervals bit by bit. The exit status is 1 if any of them differs. For those that differ, it
prints the largest difference / the largest number. Configurations that the package at that commit does not know, such
as a new loss, are named and skipped.
"""

import argparse
import sys
import tempfile
import warnings
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

import sklstm
from benchmarks._models import DEEP, GRID, rows
from benchmarks.compare import package_of
from sklstm.datasets import load_airline

# Each setting changes one parameter of the defaults, or a few that belong together.
SETTINGS = (
    *({"loss": loss} for loss in ("squared_error", "absolute_error", "huber", "poisson")),
    {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
    *({"instance_norm": norm} for norm in ("standard", "mean", "last", "last-standard")),
    *({"solver": solver} for solver in ("sgd", "adamw", "rmsprop", "lbfgs")),
    *({"learning_rate": schedule} for schedule in ("invscaling", "cosine", "adaptive")),
    {"learning_rate": "cosine", "max_updates": 37, "batch_size": "large"},
    {"loss_steps": "all"},
    {"missing": "indicator"},
    {"early_stopping": True, "validation_gap": 2},
    {"n_layers": 2, "dropout": 0.2},
    {"bidirectional": True, "clip_norm": 0.5},
    {"forget_bias": "chrono"},
    {"alpha": 0.1, "clip_value": 0.01, "standardize": False},
)


def lstm(package, settings, dtype):
    """Yield weights, loss curve and predictions of one setting, for samples with missing steps and sample weights."""
    series = np.random.default_rng(0).normal(size=(160, 2)).astype(dtype).cumsum(axis=0) / 8
    X, y = package.make_windows(series, window_length=9)
    X, y = X.copy(), y[:, 0].copy()
    if settings.get("loss") == "poisson":
        y = np.abs(y)
    elif "loss_steps" not in settings:
        X[::7, 2:4] = np.nan
    weight = None if "loss_steps" in settings else np.linspace(0.5, 2, len(X))
    model = package.LSTMRegressor(6, max_iter=12, random_state=0, **settings).fit(X, y, sample_weight=weight)
    yield model.theta_
    yield model.loss_curve_
    yield model.predict(X)
    if settings.get("loss") == "quantile":
        yield model.predict_quantiles(X)


def epoch(package, shape, deep, dtype):
    """Yield weights and predictions after one epoch on a shape of the benchmarks."""
    batch, steps, channels, hidden = shape
    X, y = rows(4 * batch, steps, channels, dtype)
    model = package.LSTMRegressor(hidden, batch_size=batch, max_iter=1, random_state=0, **deep).fit(X, y)
    yield model.theta_
    yield model.predict(X)


def small(package, kind):
    """Return a regressor for a forecaster: a briefly trained LSTM, or one of scikit-learn."""
    if kind in ("lstm", "quantiles"):
        levels = (
            {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)} if kind == "quantiles" else {"loss": "absolute_error"}
        )
        settings = {
            "instance_norm": "last-standard",
            "loss_steps": "auto",
            "solver": "adamw",
            "learning_rate": "cosine",
        }
        return package.LSTMRegressor(
            5, alpha=1.0, learning_rate_init=0.005, max_iter=4, random_state=0, **settings, **levels
        )
    return {"ridge": Ridge(), "trees": HistGradientBoostingRegressor(max_iter=5)}[kind]


def alone(package):
    """Return the parameters of a forecaster whose regressor corrects nothing."""
    known = package.Forecaster().get_params(deep=False)
    return {name: None for name in ("season", "baseline", "log") if name in known}


def forecaster(package, strategy, kind, intervals, transformer):
    """Yield forecasts with intervals, in-sample forecasts, and forecasts after an update."""
    y, n_before, is_fed_back = load_airline(), 130, strategy == "recursive"
    X = pd.DataFrame({"month": np.sin(y.index.month.to_numpy()), "past": y.rolling(7).mean().bfill()})
    X = X[["month"]] if is_fed_back else X
    model = package.Forecaster(
        small(package, kind),
        window_length=12,
        strategy=strategy,
        steps=None if is_fed_back else 6,
        intervals=intervals,
        calibration_size=30,
        past_only=None if is_fed_back else ["past"],
        target_transformer=transformer,
        **alone(package),
    )
    model.fit(X[:n_before], y[:n_before])
    asked = {"X_future": X[["month"]][n_before : n_before + 6]}
    if intervals or (kind == "quantiles" and not is_fed_back):
        asked["coverage"] = [0.8]
    yield model.forecast(6, **asked)
    yield model.fitted_values_
    yield model.update(X[n_before:136], y[n_before:136]).forecast(6, X_future=X[["month"]][136:142])


def panel(package, strategy, kind):
    """Yield forecasts of a panel, from the training rows and from another history, and a backtest without refit."""
    index = pd.MultiIndex.from_product([["a", "b", "c"], pd.date_range("2020", periods=60, freq="D")])
    y = pd.Series(np.random.default_rng(0).normal(size=180).cumsum() + 50, index, name="y")
    y.iloc[[20, 90]] = np.nan
    steps = None if strategy == "recursive" else 4
    model = package.Forecaster(small(package, kind), window_length=7, strategy=strategy, steps=steps, **alone(package))
    yield model.fit(None, y).forecast(4)
    yield model.forecast(4, history=y[:50])
    yield package.backtest(model, None, y, steps=4, n_origins=5, refit=False).frame


def cases():
    """Yield a name and a function of the package for each configuration to compare."""
    for dtype, settings in product(("float32", "float64"), SETTINGS):
        yield f"LSTM {dtype} {settings}", partial(lstm, settings=settings, dtype=dtype)
    for dtype, shape, deep in product(("float32", "float64"), GRID[:5], ({}, *DEEP.values())):
        yield f"epoch {dtype} {shape} {deep}", partial(epoch, shape=shape, deep=deep, dtype=dtype)
    strategies, log = ("recursive", "multioutput", "direct", "auto"), FunctionTransformer(np.log, np.exp)
    for strategy, kind in product(strategies, ("lstm", "ridge", "trees", "quantiles")):
        for intervals, transformer in ((None, None), ("conformal", log), ("bootstrap", StandardScaler())):
            if (strategy == "multioutput" and kind == "trees") or (kind == "quantiles" and intervals):
                continue
            settings = {"strategy": strategy, "kind": kind, "intervals": intervals, "transformer": transformer}
            yield f"forecaster {settings}", partial(forecaster, **settings)
    for strategy, kind in product(strategies, ("lstm", "ridge")):
        yield f"panel {strategy} {kind}", partial(panel, strategy=strategy, kind=kind)


def same(left, right):
    """Whether two results are equal to the bit, including their labels."""
    if isinstance(left, pd.Series | pd.DataFrame):
        labels = left.index.equals(right.index) and (left.ndim == 1 or left.columns.equals(right.columns))
        return labels and left.equals(right)
    left, right = np.asarray(left), np.asarray(right)
    return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=True)


def difference(left, right):
    """Return the largest difference of two results as a share of the largest number; inf if they cannot be compared."""
    frames = [part.select_dtypes("number") if isinstance(part, pd.DataFrame) else part for part in (left, right)]
    left, right = (np.asarray(part, dtype=np.float64) for part in frames)
    if left.shape != right.shape or not np.array_equal(np.isfinite(left), np.isfinite(right)):
        return np.inf
    known = np.isfinite(left)
    return np.abs(left - right)[known].max(initial=0) / max(np.abs(right)[known].max(initial=0), np.finfo(float).tiny)


def main():
    """Compare all cases and print those that differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_numbers", description=__doc__)
    parser.add_argument("commit")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    n_compared, n_other, n_skipped, largest = 0, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as directory:
        before = package_of(options.commit, directory)
        for name, function in cases():
            now = list(function(sklstm))
            try:
                then = list(function(before))
            except (InvalidParameterError, TypeError) as error:  # an unknown value, an unknown parameter
                print(f"skipped, unknown at {options.commit}: {name}: {error}", flush=True)
                n_skipped += 1
                continue
            equal = [same(*pair) for pair in zip(now, then, strict=True)]
            n_compared, n_other = n_compared + len(equal), n_other + equal.count(False)
            if not all(equal):
                differences = [difference(*pair) for pair in zip(now, then, strict=True)]
                largest = max(largest, *differences)
                print(f"differs by {' '.join(f'{part:.0e}' for part in differences)}: {name}", flush=True)
    n_cases = len(list(cases())) - n_skipped
    print(f"{n_compared} arrays and tables of {n_cases} configurations compared, {n_other} differ; {n_skipped} skipped")
    print(f"largest difference / largest number: {largest:.0e}")
    sys.exit(n_other > 0)


if __name__ == "__main__":
    main()
