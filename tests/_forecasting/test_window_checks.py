import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import Forecaster
from tests._forecasting.tools import STRATEGIES, L, forecaster, rows_only, series
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_a_forecast_that_the_transformer_cannot_undo_is_explained():
    y = 100.0 + np.arange(30.0)
    bounded = FunctionTransformer(lambda y: y, lambda z: np.where(z < 129.5, z, np.nan))
    f = Forecaster(Ridge(1e-9), window_length=2, target_transformer=bounded).fit(None, y)
    with pytest.raises(ValueError, match=r"(?s)not finite: either target_transformer=Func.* cannot transform it back"):
        f.forecast(2)


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_missing_values_at_the_end_are_explained():
    _, y = series(30)
    y.iloc[-2:] = np.nan
    f = forecaster(Ridge()).fit(None, y)
    with pytest.raises(ValueError, match=r"last window_length=3 rows have 1 values, and Ridge needs all of them"):
        f.forecast(2)
    assert forecaster(model()).fit(None, y).forecast(2).notna().all()
    y.iloc[-L:] = np.nan
    with pytest.raises(ValueError, match="needs at least one"):
        forecaster(model()).fit(None, y).forecast(2)


def test_windows_lost_to_missing_values_are_counted_in_a_warning():
    X, y = series(30, "both")
    y.iloc[10] = np.nan
    for strategy in STRATEGIES:
        with pytest.warns(UserWarning, match=f"^{L} windows are left out") as caught:
            forecaster(Ridge(), "both", strategy).fit(X, y)
        assert caught[0].filename == __file__


def test_a_forecast_that_overflows_on_the_way_is_refused():
    y = pd.Series(2.0 ** np.arange(40))
    f = Forecaster(LinearRegression(), window_length=1, clip_recursion=False).fit(None, y)
    assert np.isfinite(f.forecast(900)).all()
    with pytest.raises(ValueError, match="leads to a forecast, or an end of an interval, that is not finite"):
        f.forecast(1100)


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_forecasts_and_intervals_that_overflow_in_the_transformer_are_refused(intervals):
    y = pd.Series(10 + 0.1 * np.arange(90) + np.random.default_rng(0).normal(size=90))
    bound = y.max() + 0.2  # above the forecasts, below the upper ends
    overflowing = FunctionTransformer(lambda y: y / 10, lambda z: np.where(z > bound / 10, np.inf, z * 10))
    f = forecaster(Ridge(), target_transformer=overflowing, intervals=intervals, calibration_size=40).fit(None, y)
    assert np.isfinite(f.forecast(2)).all()
    with pytest.raises(ValueError, match="end of an interval, that is not finite"):
        f.forecast(10, coverage=0.9)


def lame_panel():
    """Two series that can be forecast by three rows, one of two rows, and one without a value at its end."""
    _, y = series(30, shape="panel")
    short, gone = y.loc[["a"]].iloc[:2], y.loc[["c"]].copy()
    gone.iloc[-2:] = np.nan
    return pd.concat([y.loc[["b"]], short, gone, y.loc[["a"]].rename({"a": "d"})])


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_series_that_cannot_be_forecast_leave_the_others_theirs():
    y = lame_panel()
    f = forecaster(Ridge()).fit(None, y)
    with pytest.warns(UserWarning, match=r"2 of 4 series cannot be forecast, and are NaN: \['a', 'c'\]") as caught:
        forecast = f.forecast(2)
    assert [warning.filename for warning in caught] == [__file__]
    assert forecast[["a", "c"]].isna().all()
    assert forecast[["a", "c"]].index.get_level_values(0).tolist() == ["a", "a", "c", "c"]
    for key in "bd":
        alone = f.forecast(2, history=y.xs(key))
        np.testing.assert_allclose(forecast[key], alone, rtol=1e-12)
    rows = rows_only(forecast)
    with pytest.warns(UserWarning, match="2 of 4 series"):
        np.testing.assert_array_equal(f.predict(rows), forecast)
    with pytest.warns(UserWarning, match="2 of 4 series"):
        score = f.score(rows, forecast.fillna(0) + np.arange(8))
    assert score == pytest.approx(f.score(rows.loc[["b", "d"]], (forecast.fillna(0) + np.arange(8))[["b", "d"]]))


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_series_none_of_which_can_be_forecast_are_an_error():
    f = forecaster(Ridge()).fit(None, lame_panel())
    lame = f.history_[["a", "c"]]
    with pytest.raises(ValueError, match="The history of the series 'a' cannot be forecast from"):
        f.forecast(2, history=lame)
    with pytest.raises(ValueError, match="The history of the series 'a' cannot be forecast from"):
        f.predict(after_end(lame.loc[["a"]]))


def after_end(y):
    """The row after the last of a single series of a panel."""
    key, day = y.index[-1]
    index = pd.MultiIndex.from_tuples([(key, day + pd.Timedelta(1, "D"))], names=y.index.names)
    return pd.DataFrame(index=index)


def test_without_a_window_the_rows_are_counted():
    with pytest.raises(ValueError, match=r"needs 7 rows in a row without NaN, and y has at most 6\. "):
        Forecaster(Ridge(), window_length=6).fit(None, np.arange(6.0))
    panel = pd.concat({key: pd.Series(np.arange(n) ** 1.5) for key, n in (("a", 4), ("b", 6))})
    with pytest.raises(ValueError, match=r"and no series has more than 6\. "):
        Forecaster(Ridge(), window_length=6).fit(None, panel)
    X = np.arange(12.0)[:, np.newaxis]  # the last window is followed by the exogenous variables of two steps
    with pytest.raises(ValueError, match=r"needs 13 rows in a row without NaN, and y has at most 12\. "):
        Forecaster(Ridge(), window_length=11, strategy="direct", steps=2).fit(X, X[:, 0] ** 1.5)
    with pytest.raises(InvalidParameterError, match="max_iter"):  # whatever the lags
        Forecaster(HistGradientBoostingRegressor(max_iter=-1), window_length=14).fit(None, np.arange(6.0))
    with pytest.raises(ValueError, match="window_length=2 can be trained on: y has 4 rows, but no value that"):
        Forecaster(model(), window_length=2).fit(None, [np.nan, np.nan, np.nan, 1.0])


class NeedsValues(HistGradientBoostingRegressor):
    """Refuses columns without values, as boosting does in some versions of scikit-learn."""

    def fit(self, X, y, sample_weight=None):
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        if np.isnan(X[weight > 0]).all(axis=0).any():
            raise ValueError("a column is empty")
        return super().fit(X, y, sample_weight)


def refuses_columns_of_nan(regressor):
    try:
        regressor.fit(np.c_[np.arange(8.0), np.full(8, np.nan)], np.arange(8.0))
    except ValueError:
        return True
    return False


REFUSING = [one for one in (NeedsValues(), HistGradientBoostingRegressor()) if refuses_columns_of_nan(one)]


@pytest.mark.parametrize("regressor", REFUSING)
@pytest.mark.parametrize("corrects", [{}, {"baseline": "theta", "trust": 1}])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_lags_without_values_before_a_target_with_a_weight(strategy, corrects, regressor):
    """The rows of the longest windows have weight 0, and boosting does not read columns of NaN."""
    y, weight = np.arange(8.0) ** 1.5, np.r_[np.ones(5), 0, 0, 0]
    forecaster = Forecaster(regressor, window_length=6, strategy=strategy, steps=2, **corrects)
    why = f"{type(regressor).__name__} cannot be trained on windows of window_length=6: only the .* last steps of"
    with pytest.raises(ValueError, match=why) as error:
        forecaster.fit(None, y, sample_weight=weight)
    longest = int(re.search(r"Choose window_length=(\d) or less", str(error.value))[1])
    forecaster.set_params(window_length=longest).fit(None, y, sample_weight=weight)


@pytest.mark.parametrize("regressor", REFUSING)
def test_a_column_without_values_that_a_regressor_cannot_read(regressor):
    y, X = np.arange(8.0) ** 1.5, np.c_[np.arange(8.0), np.full(8, np.nan)]
    forecaster = Forecaster(regressor, window_length=3)
    with pytest.raises(ValueError, match=r"a column has no value in any of them .* Leave out columns of X that are"):
        forecaster.fit(X, y)
    forecaster.fit(X[:, :1], y)


SHORT = pd.Series(np.random.default_rng(0).normal(size=10), pd.date_range("2024", periods=10))
TOO_SHORT = {
    "as long as a window": SHORT[:8],
    "panel": pd.concat({"a": SHORT[:6], "b": SHORT[:8]}),
    "holes": SHORT.where(np.arange(10) % 5 > 0),
    "holes in a long series": pd.Series(np.arange(40) ** 0.5).where(np.arange(40) % 5 > 0),
    "a long hole": SHORT.where(~np.isin(np.arange(10), [0, 4, 5])),
}
LOST = {
    "ridge": Forecaster(Ridge(), window_length=8),
    "boosting": Forecaster(HistGradientBoostingRegressor(), window_length=8),
    "complete only": Forecaster(HistGradientBoostingRegressor(), window_length=8, drop_incomplete=True),
    "ridge, complete only": Forecaster(Ridge(), window_length=8, drop_incomplete=True),
    "imputed": Forecaster(make_pipeline(SimpleImputer(), Ridge()), window_length=8, drop_incomplete=True),
    "lstm, complete only": Forecaster(model(max_iter=2), window_length=8, drop_incomplete=True),
    "two steps": Forecaster(Ridge(), window_length=8, strategy="direct", steps=2),
}


@pytest.mark.filterwarnings("ignore:.*windows are left out")
@pytest.mark.parametrize("y", TOO_SHORT.values(), ids=TOO_SHORT)
@pytest.mark.parametrize("name", LOST)
def test_each_way_that_is_advised_to_get_windows_trains(name, y):
    f = LOST[name]
    try:
        clone(f).fit(None, y)
    except ValueError as error:
        message = str(error)
    else:
        assert name == "boosting"  # which accepts columns of NaN in some versions of scikit-learn
        return
    ways = [
        {"window_length": int(found)}
        for length in re.findall(r"Choose window_length=(\d+) or less", message)
        for found in {1, length}
    ]
    kept = {"drop_incomplete": "auto"} if "drop_incomplete='auto'" in message else {}
    regressors = ["LSTMRegressor()", "HistGradientBoostingRegressor()", "make_pipeline(SimpleImputer(), Ridge())"]
    names = {
        "LSTMRegressor": lambda: model(max_iter=2),
        "HistGradientBoostingRegressor": HistGradientBoostingRegressor,
        "make_pipeline": make_pipeline,
        "SimpleImputer": SimpleImputer,
        "Ridge": Ridge,
    }
    ways += [{"regressor": eval(call, names)} | kept for call in regressors if call in message]
    ways += [kept] if "or set drop_incomplete" in message else []
    assert ways
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping features")
        for way in ways:
            clone(f).set_params(**way).fit(None, y)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("columns", ["none", "known"])
def test_windows_that_reach_over_the_ends_of_series_are_not_told(columns):
    """Of a series of two rows there is one window that could be, and not as many as fit before a long one."""
    X, y = series(30, columns, "panel")
    y = y.groupby(level=0).head(20)
    short = y.loc[["a"]].iloc[:2].rename({"a": "short"})
    y = pd.concat([y, short])
    X = None if X is None else pd.concat([X.loc[X.index.isin(y.index)], X.loc[["a"]].iloc[:2].rename({"a": "short"})])
    X = None if X is None else X.loc[y.index]
    forecaster(Ridge(), columns, "multioutput", window_length=4).fit(X, y)


@pytest.mark.parametrize(("n_missing", "said"), [(0, 0), (1, 4)])
def test_windows_left_out_are_those_that_a_value_is_missing_from(n_missing, said):
    _, y = series(30, shape="panel")
    y = pd.concat([y, y.loc[["a"]].iloc[:2].rename({"a": "short"})])
    y.iloc[10 : 10 + n_missing] = np.nan
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forecaster(Ridge(), window_length=4).fit(None, y)
    assert [str(warning.message).split()[0] for warning in caught] == [str(said)] * bool(said)


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_the_values_in_the_last_window_are_counted():
    _, y = series(30)
    y.iloc[[-4, -2]] = np.nan  # three rows are read, and two of them are known
    with pytest.raises(ValueError, match="last window_length=3 rows have 2 values"):
        forecaster(Ridge(), window_length=3).fit(None, y).forecast(1)


@pytest.mark.parametrize(("y", "advice"), [([1.0, 2, 3], "Choose window_length=2 or less"), ([1.0], "Give more rows")])
def test_a_shorter_window_is_advised_where_one_can_be_trained_on(y, advice):
    panel = pd.concat({k: pd.Series(y, pd.date_range("2024", periods=len(y))) for k in "ab"}, names=["shop", "day"])
    with pytest.raises(ValueError, match=advice):
        Forecaster(Ridge(), window_length=5).fit(None, panel)
    if len(y) > 1:
        Forecaster(Ridge(), window_length=2).fit(None, panel)


def test_it_is_said_why_incomplete_windows_are_left_out():
    """By the regressor, or by the user."""
    y = TOO_SHORT["holes"]
    for f, why in ((Forecaster(Ridge(), window_length=8), "Ridge takes complete ones only"),
                   (Forecaster(Ridge(), window_length=8, drop_incomplete=True), "drop_incomplete=True")):  # fmt: skip
        with pytest.raises(ValueError, match=rf"can be trained on: {why}\. That needs 9 rows"):
            f.fit(None, y)
    _, y = series(30)
    y.iloc[10] = np.nan
    with pytest.warns(UserWarning, match="a value is missing in them and Ridge takes complete ones only"):
        forecaster(Ridge()).fit(None, y)


def test_a_series_of_which_a_later_step_has_no_forecast_has_none():
    rising, flat = 100.0 + np.arange(30.0), np.random.default_rng(0).normal(size=30)
    y = pd.concat({"flat": pd.Series(flat), "rising": pd.Series(rising)})
    bounded = FunctionTransformer(lambda y: y, lambda z: np.where(z < 130.5, z, np.nan))
    f = Forecaster(Ridge(1e-9), window_length=2, target_transformer=bounded, clip_recursion=False).fit(None, y)
    assert f.forecast(1).notna().all()
    with pytest.warns(UserWarning, match=r"1 of 2 series cannot be forecast, and are NaN: \['rising'\]"):
        forecast = f.forecast(3)
    assert forecast["rising"].isna().all()
    assert forecast["flat"].notna().all()
