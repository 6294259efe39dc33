"""imbalanced-learn: its pipeline, and rare targets that are repeated before an LSTM learns."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from sklstm.datasets import load_airline

pipeline = pytest.importorskip("imblearn.pipeline")
imblearn = pytest.importorskip("imblearn")
over_sampling = pytest.importorskip("imblearn.over_sampling")

FRAME = load_airline().to_frame()


def lstm():
    return LSTMRegressor(4, max_iter=30, instance_norm="last", random_state=0)


def test_its_pipeline_is_that_of_scikit_learn():
    y = FRAME["passengers"]
    models = [make(WindowTransformer(12), lstm()) for make in (pipeline.make_pipeline, make_pipeline)]
    found, expected = (model.fit(FRAME[:-12], y[:-12]).predict(FRAME[-12:]) for model in models)
    np.testing.assert_array_equal(found, expected)


def test_rows_that_are_drawn_again_are_learnt_as_by_hand():
    X, y = make_windows(FRAME["passengers"], 12)
    table, y = X[:, :, 0], y.to_numpy()
    is_peak = (y > 500).astype(int)
    sampler = over_sampling.RandomOverSampler(random_state=0)
    sampler.fit_resample(table, is_peak)
    rows = sampler.sample_indices_
    resample = imblearn.FunctionSampler(func=lambda X, y: (X[rows], y[rows]), validate=False)
    found = pipeline.make_pipeline(resample, lstm()).fit(table, y).predict(table)
    np.testing.assert_array_equal(found, lstm().fit(table[rows], y[rows]).predict(table))
    assert (y[rows] > 500).mean() == 0.5
