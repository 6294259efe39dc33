"""MAPIE: its intervals of an LSTM that reads tables and of one that reads sequences are the same."""

import numpy as np
import pytest

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

mapie = pytest.importorskip("mapie.regression")

WINDOWS, TARGETS = make_windows(load_airline(), 24)
Y = TARGETS.to_numpy()
SEQUENCES = {"one channel": WINDOWS, "two channels": np.concatenate([WINDOWS, np.log(WINDOWS)], axis=2)}
TRAIN, CALIBRATE, TEST = slice(0, 70), slice(70, 108), slice(108, None)


def lstm(n_channels=1):
    return LSTMRegressor(8, max_iter=50, instance_norm="last", n_channels=n_channels, random_state=0)


def split(X, model):
    intervals = mapie.SplitConformalRegressor(model, confidence_level=0.8, prefit=False)
    intervals.fit(X[TRAIN], Y[TRAIN]).conformalize(X[CALIBRATE], Y[CALIBRATE])
    return intervals.predict_interval(X[TEST])


def prefit(X, model):
    intervals = mapie.SplitConformalRegressor(model.fit(X[TRAIN], Y[TRAIN]), confidence_level=0.8, prefit=True)
    intervals.conformalize(X[CALIBRATE], Y[CALIBRATE])
    return intervals.predict_interval(X[TEST])


def cross(X, model):
    intervals = mapie.CrossConformalRegressor(model, confidence_level=0.8, cv=3, random_state=0)
    return intervals.fit_conformalize(X[:108], Y[:108]).predict_interval(X[TEST])


def jackknife(X, model):
    intervals = mapie.JackknifeAfterBootstrapRegressor(model, confidence_level=0.8, resampling=3, random_state=0)
    return intervals.fit_conformalize(X[:108], Y[:108]).predict_interval(X[TEST])


def of_series(X, model):
    intervals = mapie.TimeSeriesRegressor(model, method="enbpi", cv=3, random_state=0)
    return intervals.fit(X[:108], Y[:108]).predict(X[TEST], confidence_level=0.8)


@pytest.mark.parametrize("channels", SEQUENCES)
@pytest.mark.parametrize("make", [split, prefit, cross, jackknife, of_series])
def test_intervals_of_sequences_are_those_of_tables(make, channels):
    X = SEQUENCES[channels]
    predictions, intervals = make(X, lstm())
    table = make(X.reshape(len(X), -1), lstm(X.shape[2]))
    np.testing.assert_array_equal(predictions, table[0])
    np.testing.assert_array_equal(intervals, table[1])
    assert (intervals[:, 0] < intervals[:, 1]).all()


def test_split_intervals_are_the_quantile_of_the_errors_by_hand():
    X = SEQUENCES["one channel"]
    predictions, intervals = prefit(X, lstm())
    model = lstm().fit(X[TRAIN], Y[TRAIN])
    errors = np.sort(np.abs(Y[CALIBRATE] - model.predict(X[CALIBRATE])))
    width = errors[int(np.ceil(0.8 * (len(errors) + 1))) - 1]
    np.testing.assert_array_equal(predictions, model.predict(X[TEST]))
    np.testing.assert_allclose(intervals[:, 1, 0] - predictions, width, rtol=1e-9)


def test_a_model_that_is_not_fitted_is_noticed():
    intervals = mapie.SplitConformalRegressor(lstm(), confidence_level=0.8, prefit=True)
    with pytest.raises(Exception, match=r"[Nn]ot fitted"):
        intervals.conformalize(WINDOWS[CALIBRATE], Y[CALIBRATE]).predict_interval(WINDOWS[TEST])
