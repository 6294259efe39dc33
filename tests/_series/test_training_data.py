import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sklstm import backtest
from sklstm._series.series_input import read_training
from tests._forecasting.tools import REGRESSORS, SHAPES, L, forecaster, series, shuffled, slow_training
from tests._series.tables import Reader, panel
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_what_is_done_to_the_data_after_fit_has_no_effect():
    rng = np.random.default_rng(0)
    X, y, future = rng.normal(size=(30, 2)), rng.normal(size=30), rng.normal(size=(3, 2))
    f = forecaster(Ridge()).fit(X, y)
    forecast = f.forecast(3, future)
    X[:] = y[:] = 99
    pd.testing.assert_series_equal(f.forecast(3, future), forecast)


def test_rows_of_weight_zero_are_not_learnt_but_stay_in_windows():
    X, y = series(40, "known")
    weight = np.ones(40)
    weight[10:15] = 0
    f = forecaster(Ridge(), "known").fit(X, y, weight)
    ((rows, targets, _),) = slow_training(X, y, "recursive", "flat")[0]
    learnt = np.delete(np.arange(len(rows)), np.arange(10, 15) - L)
    by_hand = Ridge().fit(rows[learnt], targets[learnt])
    np.testing.assert_allclose(f.regressors_[0].coef_, by_hand.coef_)
    assert not np.allclose(by_hand.coef_, Ridge().fit(rows, targets).coef_)


@pytest.mark.parametrize(
    "change",
    [
        lambda y: y.round().astype("int64"),
        lambda y: y.round().astype("Int64"),
        lambda y: y.round().astype("Int64").mask(np.arange(len(y)) == 15),
        lambda y: y.astype("Float64").mask(np.arange(len(y)) == 15),
        lambda y: y.astype(object),
        lambda y: y.astype("float32"),
        lambda y: y > y.mean(),
    ],
    ids=["int64", "Int64", "Int64 with NA", "Float64 with NA", "object", "float32", "bool"],
)
def test_every_dtype_of_numbers_is_read_as_float64(change):
    X, y = series(40, "known")
    X, y = X.apply(change), change(y)
    plain = [pd.DataFrame(data).astype(object).apply(pd.to_numeric).astype("float64") for data in (X, y)]
    new = forecaster(REGRESSORS["boosting"], "known")
    forecast = clone(new).fit(X[:-3], y[:-3]).forecast(3, X[-3:])
    expected = clone(new).fit(plain[0][:-3], plain[1].iloc[:-3, 0]).forecast(3, plain[0][-3:])
    pd.testing.assert_series_equal(forecast, expected)


def test_every_memory_layout_is_read():
    X, y = series(40, "known", "several")
    X, y = X.to_numpy(), y.to_numpy()
    expected = forecaster(model(max_iter=2)).fit(X[:-3], y[:-3]).forecast(3, X[-3:])
    frozen = X.copy(), y.copy()
    for data in frozen:
        data.flags.writeable = False
    for X_other, y_other in (
        (np.asfortranarray(X), np.asfortranarray(y)),
        (X[::-1].copy()[::-1], y[::-1].copy()[::-1]),
        frozen,
        (X.tolist(), y.tolist()),
    ):
        f = forecaster(model(max_iter=2)).fit(X_other[:-3], y_other[:-3])
        pd.testing.assert_frame_equal(f.forecast(3, X_other[-3:]), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_are_those_of_the_rows_that_their_index_names(shape):
    X, y = series(30, "known", shape)
    weight = pd.Series(np.random.default_rng(2).uniform(size=len(y)), y.index)
    expected = forecaster(Ridge(), "known").fit(X, y, weight.to_numpy())
    got = forecaster(Ridge(), "known").fit(X, y, shuffled(weight))
    np.testing.assert_array_equal(got.regressors_[0].coef_, expected.regressors_[0].coef_)
    got = forecaster(Ridge(), "known").fit(X, y.to_numpy(), shuffled(weight))  # then it is X that tells the rows
    np.testing.assert_array_equal(got.regressors_[0].coef_, expected.regressors_[0].coef_)


def test_weights_of_other_rows_are_refused():
    _, y = series(30)
    weight = pd.Series(1.0, y.index)
    for other in (weight.shift(1, freq="D"), weight.reset_index(drop=True), weight[:-1], pd.concat([weight, weight])):
        with pytest.raises(ValueError, match="sample_weight and y have different rows"):
            forecaster(Ridge()).fit(None, y, other)
        with pytest.raises(ValueError, match="sample_weight and y have different rows"):
            backtest(forecaster(Ridge()), None, y, steps=2, n_origins=3, sample_weight=other)


@pytest.mark.parametrize("first", [0, 9])
def test_some_rows_are_those_of_a_table_without_the_others(first):
    X, y = series(30, "both", "panel")
    data = Reader(X, y, past_only=["p"]).data
    part = data.between({key: (min(first, len(one)), min(20, len(one))) for key, one in data.series.items()})
    alone = Reader(X.iloc[part.rows], y.iloc[part.rows], past_only=["p"]).data
    assert list(part.series) == list(alone.series)
    for key, one in alone.series.items():
        other = part.series[key]
        for name in ("y", "known", "past", "stamps"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
        np.testing.assert_array_equal(other.rows, part.rows[one.rows])
        assert other.index.equals(one.index)
        assert other.end.next_values(2).equals(one.end.next_values(2))


@pytest.mark.parametrize(
    ("stop", "weight", "message"),
    [
        (1, None, "n_samples=1 row"),
        (5, None, "column 'z' of y has only NaN"),
        (9, np.arange(30) > 8, "(?i)sample.weight|non-zero"),
    ],
)
def test_some_rows_may_be_too_few(stop, weight, message):
    _, y = series(30, shape="several")
    y.iloc[1:6, 1] = np.nan
    weight = None if weight is None else weight.astype(float)
    data = read_training(forecaster(Ridge()), None, y, weight)
    begin = 1 if stop == 5 else 0
    with pytest.raises(ValueError, match=message):
        data.between({None: (begin, stop)}).check_enough()


def test_rows_are_counted_over_all_series():
    data = Reader(None, panel({"a": (0, 5), "b": (2, 7), "c": (1, 3)})).data
    assert (data.n_rows, data.longest) == (15, 7)
    part = data.between({"c": (0, 2), "a": (4, 5), "b": (3, 3)})
    assert (list(part.series), part.n_rows, part.longest, part.rows.tolist()) == (["a", "c"], 3, 2, [4, 12, 13])


def test_a_target_without_a_value_is_named():
    for y, name in (
        (np.full(5, np.nan), "y"),
        (np.full((5, 1), np.nan), "column 0 of y"),
        (np.c_[np.arange(5.0), np.full(5, np.nan)], "column 1 of y"),
    ):
        with pytest.raises(ValueError, match=f"^{name} has only NaN"):
            Reader(None, y)
    known = panel({"a": (0, 5), "b": (2, 7)}).mask(lambda y: y < 100)
    assert len(Reader(None, known).series) == 2  # some series have values
