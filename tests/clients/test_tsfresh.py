"""tsfresh: its features of windows, beside an LSTM or as its table."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

tsfresh = pytest.importorskip("tsfresh")
settings = pytest.importorskip("tsfresh.feature_extraction")
transformers = pytest.importorskip("tsfresh.transformers")


def test_its_features_are_a_table_of_an_lstm():
    X, y = make_windows(load_airline(), 12)
    long = pd.DataFrame(X[:, :, 0]).melt(ignore_index=False, var_name="step").reset_index(names="window")
    found = transformers.FeatureAugmenter(
        settings.MinimalFCParameters(),
        column_id="window",
        column_sort="step",
        timeseries_container=long,
        n_jobs=0,
        disable_progressbar=True,
    ).transform(pd.DataFrame(index=range(len(y))))
    np.testing.assert_allclose(found["value__mean"], X.mean(axis=(1, 2)))
    model = make_pipeline(StandardScaler(), LSTMRegressor(4, max_iter=30, n_channels=found.shape[1], random_state=0))
    predictions = model.fit(found, y.to_numpy()).predict(found)
    by_hand = LSTMRegressor(4, max_iter=30, random_state=0)
    sequences = StandardScaler().fit_transform(found)[:, np.newaxis]
    np.testing.assert_allclose(predictions, by_hand.fit(sequences, y.to_numpy()).predict(sequences), rtol=1e-9)
