"""Sizes of saved estimators: `python -m benchmarks.saving [LARGEST]` prints a table, up to so many rows.

Files of skops are measured if it is installed. Series are hourly, with a day and a week in them.
"""

import copy
import io
import pickle
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

# Numbers of rows, and what is fitted to them. Of a million rows, a file is the rows, whatever the regressor.
LENGTHS = {10_000: Forecaster(steps=24), 1_000_000: Forecaster(Ridge(), window_length=24)}


def series(n_rows):
    """An hourly series."""
    hours = np.arange(n_rows)
    noise = np.random.default_rng(0).normal(size=n_rows)
    values = 100 + 10 * np.sin(hours * 2 * np.pi / 24) + 5 * np.sin(hours * 2 * np.pi / 168) + noise
    return pd.Series(values, pd.date_range("1900-01-01", periods=n_rows, freq="h"))


def pickled(estimator):
    return len(pickle.dumps(estimator))


def compressed(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file, compress=3)
    return len(file.getvalue())


def by_skops(estimator):
    try:
        import skops.io
    except ImportError:
        return None
    return len(skops.io.dumps(estimator))


WAYS = {"pickle": pickled, "joblib, compress=3": compressed, "skops": by_skops}


def estimators(largest):
    """Yield names and fitted estimators; each Forecaster, then the same made compact."""
    airline = load_airline()
    yield "`LSTMRegressor(32)`, 132 windows", LSTMRegressor(32, random_state=0).fit(*make_windows(airline, 12))
    yield from of_both_kinds(Forecaster(steps=12), airline)
    for n_rows, forecaster in LENGTHS.items():
        if n_rows <= largest:
            yield from of_both_kinds(forecaster, series(n_rows))


def of_both_kinds(forecaster, y):
    """Fit a forecaster; yield it before and after `compact`."""
    name, n_rows = f"`{forecaster!r}`", f"{len(y):,}".replace(",", " ")
    forecaster.fit(None, y)
    yield f"{name}, {n_rows} rows", forecaster
    yield f"the same after `compact()`, {n_rows} rows", copy.deepcopy(forecaster).compact()


def size(n_bytes):
    """Format a size."""
    if n_bytes is None:
        return "–"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.0f} kB"


def main(largest=1_000_000):
    print("| estimator |", " | ".join(WAYS), "|")
    print("|---|" + "--:|" * len(WAYS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, estimator in estimators(largest):
            print(f"| {name} |", " | ".join(size(measure(estimator)) for measure in WAYS.values()), "|", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
