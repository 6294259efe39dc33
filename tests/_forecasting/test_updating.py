from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import LSTMRegressor
from sklstm._forecasting.updating import check_learning_rate
from sklstm._forecasting.window_regressor import N_REPLAYED
from tests._forecasting.tools import (
    COLUMNS,
    READERS,
    SHAPES,
    WITH_AUTO,
    H,
    Recorder,
    RecordingLSTM,
    forecaster,
    series,
    slow_training,
    split,
    step_rows,
)
from tests.tools import model, pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def in_order(rows, targets):
    """Rows with their targets, sorted."""
    table = np.column_stack((rows.reshape(len(rows), -1), targets))
    return table[np.lexsort(table.T)]


@pairwise(
    "reader, strategy, columns, shape",
    ["flat", "sequences"],
    WITH_AUTO,
    COLUMNS,
    ["single", "panel"],
    where=lambda reader, strategy, columns, shape: (reader, strategy) != ("sequences", "auto"),
)
def test_an_update_that_trains_goes_once_over_every_new_window(reader, strategy, columns, shape):
    X, y = series(34, columns, shape)
    (X_0, X_1), (y_0, y_1) = split(X, 5), split(y, 5)
    fitted = forecaster(READERS[reader], columns, strategy, dtype="float64").fit(X_0, y_0)
    expected = slow_training(X, y, strategy, reader)[0]
    for rows in ([range(5)], [range(2), range(2, 5)], [[step] for step in range(5)]):
        f, seen = deepcopy(fitted), [[(r.X_, r.y_)] for r in fitted.regressors_]
        for steps in rows:
            new_X, new_y = (
                pd.concat([step_rows(data, k) for k in steps]) if data is not None else None for data in (X_1, y_1)
            )
            f.update(new_X, new_y, train=True)
            for regressor, parts in zip(f.regressors_, seen, strict=True):
                parts.append((regressor.X_, regressor.y_))
        for parts, (windows, targets, _) in zip(seen, expected, strict=True):
            mine, wanted = (
                in_order(*(np.concatenate(part) for part in zip(*parts, strict=True))),
                in_order(windows, targets),
            )
            if reader == "sequences":  # older windows come with the new ones again
                mine, wanted = (np.unique(np.nan_to_num(table, nan=-1e9), axis=0) for table in (mine, wanted))
            np.testing.assert_array_equal(mine, wanted)


class Taught(RecordingLSTM):
    """Keeps what each call of `partial_fit` gets."""

    def partial_fit(self, X, y):
        self.taught_ = [*getattr(self, "taught_", []), (np.array(X), np.array(y))]
        return self


def single_targets(windows, targets):
    """A row for each target that is known: its window, its number and its value; sorted."""
    row, number = np.nonzero(~np.isnan(targets))
    return in_order(windows[row], np.c_[number, targets[row, number]])


@pairwise("columns, shape, is_messy", COLUMNS, SHAPES, [False, True])
def test_updates_of_an_lstm_under_auto_teach_each_target_once(monkeypatch, columns, shape, is_messy):
    """Windows of which some targets were known before are taught the new ones, if they could be read before."""
    monkeypatch.setattr("sklstm._forecasting.window_regressor.N_REPLAYED", 0)
    X, y = series(34, columns, shape)
    if is_messy:
        y = y.mask(np.random.default_rng(1).random(y.shape) < 0.2)
    (X_0, X_1), (y_0, y_1) = split(X, 7), split(y, 7)
    f = forecaster(Taught(), columns, "auto", dtype="float64").fit(X_0, y_0)
    parts = [(f.regressors_[0].X_, f.regressors_[0].y_)]
    for steps in (range(1), range(1, 3), range(3, 7)):
        new = [None if data is None else pd.concat([step_rows(data, k) for k in steps]) for data in (X_1, y_1)]
        n_before = len(getattr(f.regressors_[0], "taught_", []))
        f.update(*new, train=True)
        parts += getattr(f.regressors_[0], "taught_", [])[n_before : n_before + 1]  # the first of five passes
    mine = single_targets(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    np.testing.assert_array_equal(mine, single_targets(*slow_training(X, y, "auto", "sequences")[0][0][:2]))


def test_a_new_row_counts_under_auto_as_much_as_one_window_when_older_ones_are_drawn():
    """One new row is a target of H windows, which are H new targets: as many as one window has."""
    _, y = series(34)
    f = forecaster(Taught(), strategy="auto").fit(None, y[:30]).update(None, y[30:31], train=True)
    windows, targets = f.regressors_[0].taught_[0]
    assert np.isnan(targets).any(axis=1).sum() == H
    assert 5 < len(windows) - H <= N_REPLAYED  # some are drawn twice


@pytest.mark.parametrize("transformer", [None, FunctionTransformer(np.log, np.exp)])
def test_an_update_that_trains_is_partial_fit_by_hand(transformer):
    _, y = series(34)
    f = forecaster(SGDRegressor(random_state=0, eta0=1e-4), target_transformer=transformer).fit(None, y[:30])
    transformed = y if transformer is None else np.log(y)
    by_hand = deepcopy(f.regressors_[0])
    rows, targets, _ = slow_training(None, transformed, "recursive", "flat")[0][0]
    before = f.forecast(3)
    by_hand.partial_fit(rows[-4:], targets[-4:])
    f.update(None, y[30:], train=True)
    np.testing.assert_allclose(f.regressors_[0].coef_, by_hand.coef_)
    assert not np.allclose(f.forecast(3), before)


def test_an_update_that_fails_in_training_leaves_the_forecaster_as_it_was():
    _, y = series(30)
    f = forecaster(Recorder(), strategy="direct").fit(None, y[:25])

    def stopped(X, y):
        raise ArithmeticError

    f.regressors_[-1].partial_fit = stopped
    before = [regressor.X_ for regressor in f.regressors_]
    with pytest.raises(ArithmeticError):
        f.update(None, y[25:], train=True)
    assert len(f.history_) == 25
    assert all(regressor.X_ is X for regressor, X in zip(f.regressors_, before, strict=True))


def test_training_on_needs_partial_fit():
    _, y = series(30)
    f = forecaster(Ridge()).fit(None, y[:20])
    with pytest.raises(ValueError, match=r"needs partial_fit; Ridge has none\. Choose an LSTMRegressor"):
        f.update(None, y[20:], train=True)
    assert len(f.history_) == 20


@pytest.mark.parametrize("strategy", WITH_AUTO)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_lstm_goes_on_training(shape, strategy):
    _, y = series(34, shape=shape)
    old, new = split(y, 4)
    f = forecaster(model(max_iter=2), strategy=strategy).fit(None, old)
    theta, n_iter = f.regressors_[0].theta_.copy(), f.regressors_[0].n_iter_
    f.update(None, new, train=True)
    assert (f.regressors_[0].theta_ != theta).any()
    assert f.regressors_[0].n_iter_ == n_iter + 5
    assert f.regressors_[0].learning_rate_init == 0.01  # small steps are taken for a while


@pytest.mark.parametrize(
    ("regressor", "mend"),
    [
        (model(early_stopping=True), {"regressor__early_stopping": False}),
        (model(solver="lbfgs"), {"regressor__solver": "adam"}),
        (make_pipeline(StandardScaler(), model()), {"regressor": model()}),
    ],
)
def test_what_has_no_partial_fit_says_what_does(regressor, mend):
    _, y = series(40)
    f = forecaster(regressor).fit(None, y[:30])
    (name, value), *_ = mend.items()
    advised = "LSTMRegressor" if name == "regressor" else f"{name.removeprefix('regressor__')}={value!r}"
    with pytest.raises(ValueError, match=f"needs partial_fit; .*Choose .*{advised}"):
        f.update(None, y[30:], train=True)
    assert len(f.history_) == 30
    f.set_params(**mend).fit(None, y[:30]).update(None, y[30:], train=True)
    assert len(f.history_) == 40


def test_a_rate_of_ones_own_is_that_of_an_lstm():
    _, y = series(40)
    f = forecaster(model(), strategy="recursive").fit(None, y[:30])
    slow, fast = (deepcopy(f).update(None, y[30:], train=True, learning_rate_init=rate) for rate in (1e-6, 0.1))
    moved = [np.abs(g.regressors_[0].theta_ - f.regressors_[0].theta_).max() for g in (slow, fast)]
    assert moved[0] < 1e-4 < 1e-2 < moved[1]
    for rate in (0, -1.0, np.inf, "fast"):
        with pytest.raises(ValueError, match="learning_rate_init must be a number above 0"):
            f.update(None, y[30:], train=True, learning_rate_init=rate)
    with pytest.raises(ValueError, match="is used by an LSTMRegressor"):
        f.update(None, y[30:], learning_rate_init=0.1)
    with pytest.raises(ValueError, match="is used by an LSTMRegressor"):
        forecaster(SGDRegressor()).fit(None, y[:30]).update(None, y[30:], train=True, learning_rate_init=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_older_windows_that_come_with_new_ones_do_not_lead_to_rows_of_weight_zero(shape):
    _, y = series(40, shape=shape)
    old, new = split(y, 4)
    asked, weight = [], np.ones(len(old))
    spoilt = old.copy()
    weight[5:20] = 0
    spoilt.iloc[5:20] += 1e6  # in windows they stay, as targets they are not learnt

    class Watching(LSTMRegressor):
        def partial_fit(self, X, y):
            asked.append(np.array(y))
            return super().partial_fit(X, y)

    f = forecaster(Watching(**model().get_params()), dtype="float64").fit(None, spoilt, sample_weight=weight)
    f.update(None, new, train=True)
    targets = np.concatenate(asked)
    assert len(asked) == 5
    assert len(targets) > 5 * len(new)
    assert targets.max() < 1e5


def test_small_rates_that_fall_are_taken_and_the_own_one_is_given_back():
    _, y = series(40)
    rates = []

    class Watching(LSTMRegressor):
        def partial_fit(self, X, y):
            rates.append((self.learning_rate, self.learning_rate_init))
            return super().partial_fit(X, y)

    regressor = Watching(**model(learning_rate="cosine", learning_rate_init=0.02).get_params())
    f = forecaster(regressor).fit(None, y[:30]).update(None, y[30:], train=True)
    schedules, sizes = zip(*rates, strict=True)
    assert set(schedules) == {"constant"}
    np.testing.assert_allclose(sizes, 0.002 * np.array([1, 0.9045, 0.6545, 0.3455, 0.0955]), rtol=1e-3)  # a cosine
    assert (f.regressors_[0].learning_rate, f.regressors_[0].learning_rate_init) == ("cosine", 0.02)


@pytest.mark.parametrize("rate", [0, 0.0, -1.0, np.inf, np.nan, True, "0.1", None])
def test_a_learning_rate_is_a_number_above_0(rate):
    with pytest.raises(ValueError, match="learning_rate_init must be a number above 0"):
        check_learning_rate(rate, True, [model()])


def test_a_learning_rate_is_for_lstms_that_are_trained():
    check_learning_rate(0.1, True, [Ridge(), model()])
    for train, regressors in ((False, [model()]), (True, [Ridge(), Ridge()])):
        with pytest.raises(ValueError, match="used by an LSTMRegressor with train=True only"):
            check_learning_rate(0.1, train, regressors)


def test_rows_without_a_value_train_nothing():
    _, y = series(34)
    y.iloc[30:] = np.nan
    for regressor in (SGDRegressor(random_state=0), model()):
        f = forecaster(regressor).fit(None, y[:30])
        before = f.forecast(2, history=y[:30])
        f.update(None, y[30:], train=True)
        pd.testing.assert_series_equal(f.forecast(2, history=y[:30]), before)


@pytest.mark.parametrize("size", [1e300, -1e300, 1e39])
@pytest.mark.parametrize("steps", [None, 2])
def test_new_rows_beyond_the_precision_are_refused_without_a_warning(size, steps):
    """Windows relative to their last value overflow in float32 before the network refuses them."""
    _, rows = series(48)
    settings = {"baseline": "theta", "trust": 1.0, "window_length": 4, "steps": steps}
    fitted = forecaster(model(hidden_size=2, max_iter=1), **settings).fit(None, rows[:42])
    before = fitted.forecast(2)
    with pytest.raises(ValueError, match="infinity or a value too large for float32"):
        fitted.update(None, 0 * rows[42:] + size, train=True)
    assert fitted.forecast(2).equals(before)
