"""Small tables whose values count up, and what a forecaster keeps of those that it is fitted on."""

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._series.history import History
from sklstm._series.requested_rows import read_future, read_rows
from sklstm._series.series_input import read_history, read_new_rows, read_training
from sklstm._utils.numeric_input import as_numbers

N = 8
DAYS = pd.date_range("2024-01-01", periods=40)


class Reader:
    """What a forecaster has read, as in `fit`."""

    def __init__(self, X, y, **settings):
        self.forecaster = Forecaster(Ridge(), **settings)
        self.data = read_training(self.forecaster, as_numbers(X, "X"), as_numbers(y, "y"))
        self.series, self.columns = self.data.series, self.data.spec.columns
        self.output_format = self.data.spec.output_format
        self.history = {key: History.from_series(part) for key, part in self.series.items()}

    def new_rows(self, X, y):
        return read_new_rows(self.forecaster, self.data.spec, X, y)

    def other_history(self, history):
        return read_history(self.forecaster, self.data.spec, history)

    def rows(self, X):
        return read_rows(self.forecaster, self.data, self.history, X)

    def future(self, X_future, steps):
        return read_future(self.forecaster, self.columns, self.history, X_future, steps)


def frame(n=N, columns="abc", start=0, index=DAYS):
    values = 100.0 * np.arange(len(columns)) + np.arange(start, start + n)[:, np.newaxis]
    return pd.DataFrame(values, index=index[start : start + n], columns=list(columns))


def daily(n=N, start=0, **settings):
    return pd.Series(np.arange(float(start), start + n), index=DAYS[start : start + n], **settings)


def panel(spans, name="sold", times=DAYS):
    """Series (first row, length) by key, each counting from 100 times its number."""
    parts = {k: pd.Series(100.0 * i + np.arange(n), times[a : a + n]) for i, (k, (a, n)) in enumerate(spans.items())}
    return pd.concat(parts, names=["shop", "day"]).rename(name)
