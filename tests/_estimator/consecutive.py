"""Rows that are windows of one series, and where a forecast starts after them."""

import numpy as np

from sklstm._estimator.forecast_start import ForecastStart
from sklstm._estimator.training_set import TrainingSet
from sklstm._network.missing_values import SKIP


def after(X, y, given, previous=None, weight=None):
    weight = np.ones(len(X)) if weight is None else weight
    data = TrainingSet(X, y, weight, np.arange(len(X)), y_ndim=2, n_targets=1, missing_rule=SKIP)
    return ForecastStart.from_training_rows(data, given, previous)


VALUES = np.arange(12.0)


X = np.stack([VALUES[k : k + 3] for k in range(8)])[..., np.newaxis]


Y = VALUES[3:11, np.newaxis]
