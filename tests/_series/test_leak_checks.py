import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sklstm import Forecaster, backtest
from sklstm._series.leak_checks import only_warning_of_leaks
from tests._forecasting.tools import H, forecaster, walk

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def advised(error):
    """The call that a message ends with."""
    return re.search(r"fit\(.*\)", str(error.value)).group()


LEAKS = {
    "the frame that y is of": lambda X, y: y.to_frame(),
    "beside others": lambda X, y: X.assign(copy=2 * y.astype("float32")),
    "two of them": lambda X, y: X.assign(now=-y, later=y.shift(-3)).fillna(0),
    "an array": lambda X, y: np.c_[X, y * 3 + 1],
    "an array of nothing else": lambda X, y: np.c_[y],
}


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_gives_the_target_away_is_refused_with_the_call_that_mends(name, shape):
    X, y = walk(shape=shape)
    if name == "two of them" and shape == "panel":
        pytest.skip("shift crosses from one series to the next")
    X = LEAKS[name](X, y)
    f = forecaster(Ridge()).fit(None, y)
    before = f.forecast(2)
    with pytest.raises(ValueError, match="gives away what is to be forecast") as error:
        f.fit(X, y)
    pd.testing.assert_series_equal(f.forecast(2), before)
    f = eval(f"f.{advised(error)}", {"f": f, "X": X, "y": y, "np": np})
    assert f.n_features_in_ == np.shape(X)[1] - (2 if name == "two of them" else 1)


@pytest.mark.parametrize("rows", [slice(None), slice(0, 30)], ids=["all", "few"])
def test_no_search_no_score_and_no_backtest_takes_a_column_that_gives_the_target_away(rows):
    _, y = walk()
    y = y[rows]
    X, f, folds = y.to_frame(), forecaster(Ridge()), TimeSeriesSplit(2, test_size=3)
    for attempt in (
        lambda: backtest(f, X, y, steps=3, n_origins=4),
        lambda: cross_val_score(f, X, y, cv=folds, error_score="raise"),
        lambda: GridSearchCV(f, {"window_length": [3, 4]}, cv=folds, error_score="raise").fit(X, y),
    ):
        with pytest.raises(ValueError, match=r"its column 'sales' is y at the same row. Leave it out: fit\(None, y\)"):
            attempt()


def test_a_column_that_gives_the_target_away_in_the_rows_of_one_fit_alone_is_refused_there():
    """As a column of actuals that goes on with forecasts: before the first origin, it is a copy."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    X = np.r_[y[:40], rng.normal(size=20)][:, np.newaxis]
    ridge = Forecaster(Ridge(), window_length=4, calibration_size=20)
    ridge.fit(X, y)
    with pytest.raises(ValueError, match="'x0' is y at the same row"):
        backtest(ridge, X, y, steps=1, n_origins=30)
    with pytest.raises(ValueError, match="'x0' is y at the same row"):
        ridge.set_params(intervals="conformal").fit(X, y)


def test_of_past_only_columns_those_of_later_rows_give_the_target_away():
    _, y = walk()
    X = pd.DataFrame({"now": y, "next": y.shift(-1)})
    f = Forecaster(HistGradientBoostingRegressor(max_iter=2), window_length=3, past_only=["now", "next"])
    with pytest.raises(ValueError, match="'next' is y 1 row later") as error:
        f.fit(X, y)
    assert "'now'" not in advised(error)
    eval(f"f.{advised(error)}", {"f": f.set_params(past_only=["now"]), "X": X, "y": y})


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_what_is_known_too_late_for_all_steps_gives_the_target_away(strategy):
    _, y = walk()
    f = forecaster(Ridge(), strategy=strategy)
    with pytest.raises(ValueError, match="'sales' is y 2 rows before"):
        f.fit(y.shift(H - 1).dropna().to_frame(), y[H - 1 :])
    f.fit(y.shift(H).dropna().to_frame(), y[H:])


def test_every_target_is_compared_by_its_name():
    X, y = walk(shape="several")
    with pytest.raises(ValueError, match=r"'copy' is the target 'z' at the same row"):
        forecaster(Ridge()).fit(X.assign(copy=y["z"]), y)
    with pytest.raises(ValueError, match="'x0' is the target 1 2 rows later"):
        forecaster(Ridge()).fit(y["z"].shift(-2)[:-2].to_numpy()[:, np.newaxis], y[:-2].to_numpy())


@pytest.mark.parametrize(
    ("nearly", "message"),
    [
        (lambda y: y + 0.005 * np.random.default_rng(0).normal(size=len(y)), "changes almost exactly as y at the same"),
        (lambda y: np.exp(y / 3), "is in the same order as y"),
    ],
)
def test_a_column_that_nearly_gives_the_target_away_warns_at_the_users_line(nearly, message):
    X, y = walk()
    with pytest.warns(UserWarning, match=message) as caught:
        forecaster(Ridge()).fit(X.assign(near=nearly(y)), y)
    assert [warning.filename for warning in caught] == [__file__]


def test_what_a_backtest_reads_further_ahead_than_it_is_known_gives_the_target_away():
    _, y = walk()
    before, y = y.shift(2).dropna().to_frame("before"), y[2:]
    backtest(forecaster(Ridge()), before, y, steps=2, n_origins=3)
    with pytest.raises(ValueError, match="'before' is y 2 rows before"):
        backtest(forecaster(Ridge()), before, y, steps=3, n_origins=3)


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (lambda y: y, r"'copy' is y at the same row\."),
        (lambda y: 2 * y, r"'copy' is 2 times y at the same row\."),
        (lambda y: y + 5, r"'copy' is y at the same row, plus a constant\."),
        (lambda y: 5 - y / 4, r"'copy' is -0.25 times y at the same row, plus a constant\."),
    ],
)
def test_a_copy_is_told_by_its_factor_and_constant(copy, said):
    X, y = walk()
    with pytest.raises(ValueError, match=said):
        forecaster(Ridge()).fit(X.assign(copy=copy(y)), y)


def test_a_caller_that_may_not_refuse_warns_of_a_copy():
    X, y = walk()
    message = r"'copy' is y at the same row\. .* Keep it only if it is known before"
    with pytest.warns(UserWarning, match=message), only_warning_of_leaks():
        fitted = forecaster(Ridge()).fit(X.assign(copy=y), y)
    assert fitted.n_features_in_ == X.shape[1] + 1
    with pytest.raises(ValueError, match="'copy' is y at the same row"):
        fitted.fit(X.assign(copy=y), y)
