"""tslearn: its data sets of series of several lengths are sequences of an LSTM."""

import numpy as np
import pytest

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

tslearn = pytest.importorskip("tslearn.utils")

X, Y = make_windows(load_airline(), 24)


def lstm():
    return LSTMRegressor(4, max_iter=30, instance_norm="last", random_state=0)


def test_a_data_set_is_read_as_sequences():
    data = tslearn.to_time_series_dataset(list(X))
    np.testing.assert_array_equal(lstm().fit(data, Y).predict(data), lstm().fit(X, Y).predict(X))


def test_series_of_several_lengths_are_read_without_their_padding():
    shorter = [window[number % 5 :] for number, window in enumerate(X)]
    data = tslearn.to_time_series_dataset(shorter)  # NaN at the end
    model = lstm().fit(data, Y)
    predictions = model.predict(data)
    for number in (1, 2, 3, 4):
        alone = model.predict(shorter[number][np.newaxis])
        np.testing.assert_allclose(predictions[number], alone[0], rtol=1e-9)
