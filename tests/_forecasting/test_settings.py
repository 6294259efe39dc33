import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import Forecaster, LSTMRegressor, backtest
from tests._forecasting.tools import forecaster, rows_only, series
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_past_only_columns_let_a_recursive_forecast_reach_one_step():
    X, y = series(30, "past")
    f = forecaster(Ridge(), "past").fit(X, y)
    assert len(f.forecast(1)) == 1
    for call in (
        lambda: f.forecast(2),
        lambda: f.predict(rows_only(f.forecast(1)).reindex(columns=["p"]).iloc[[0, 0]]),
    ):
        with pytest.raises(ValueError, match=r"Fit with strategy='direct' or 'multioutput', and steps=2|2 times"):
            call()


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_the_steps_that_are_advised_beside_past_only_columns_can_be_forecast(strategy):
    X, y = series(30, "past")
    with pytest.raises(ValueError, match=r"with steps=3\. Fit with steps=5\.$"):
        forecaster(Ridge(), "past", strategy).fit(X, y).forecast(5)
    with pytest.raises(ValueError, match=r"Fit with strategy='direct' or 'multioutput', and steps=5\.$"):
        forecaster(Ridge(), "past").fit(X, y).forecast(5)
    assert len(forecaster(Ridge(), "past", strategy, steps=5).fit(X, y).forecast(5)) == 5


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_steps_beyond_the_strategy_are_refused(strategy):
    _, y = series(30)
    f = forecaster(Ridge(), strategy=strategy).fit(None, y)
    with pytest.raises(ValueError, match=r"was fitted with steps=3\. Fit with steps=4, or with strategy='recursive'\."):
        f.forecast(4)
    assert len(f.set_params(steps=4).fit(None, y).forecast(4)) == 4
    assert len(f.set_params(strategy="recursive").fit(None, y).forecast(4)) == 4
    f = forecaster(Ridge(), strategy=strategy).fit(None, y)
    with pytest.raises(ValueError, match="4 steps are asked for"):
        f.predict(np.empty((4, 0)))
    with pytest.raises(ValueError, match="needs steps"):
        Forecaster(Ridge(), strategy=strategy).fit(None, y)


@pytest.mark.parametrize(
    ("settings", "X", "y", "error", "message"),
    [
        ({}, "series", None, ValueError, r"fit\(None, series\)"),
        ({}, None, np.full(30, np.nan), ValueError, "has only NaN"),
        ({}, None, np.r_[np.ones(29), np.inf], ValueError, "infinity"),
        ({}, np.full((30, 1), np.inf), np.arange(30.0), ValueError, "infinity"),
        ({}, np.ones((29, 1)), np.arange(30.0), ValueError, "inconsistent"),
        ({}, None, np.ones((3, 3, 3)), ValueError, "dim 3"),
        ({}, None, [1.0], ValueError, "n_samples=1 row"),
        ({"past_only": ["q"]}, np.ones((30, 1)), np.arange(30.0), ValueError, r"past_only names 'q'.*\[0\]"),
        ({"past_only": [True]}, np.ones((30, 2)), np.arange(30.0), ValueError, "past_only names True"),
        ({"past_only": "k"}, np.ones((30, 1)), np.arange(30.0), ValueError, "past_only"),
        ({"strategy": "multioutput", "steps": 2.0}, None, np.arange(30.0), ValueError, "steps"),
        ({"window_length": 0}, None, np.arange(30.0), ValueError, "window_length"),
        ({"window_length": 30}, None, np.arange(30.0), ValueError, "No window of window_length=30"),
        ({"target_transformer": FunctionTransformer(np.log1p)}, None, np.arange(30.0), ValueError, "is not invertible"),
        ({"target_transformer": FunctionTransformer(np.log, np.exp)}, None, np.arange(30.0), ValueError, "not finite"),
        ({"target_transformer": Normalizer()}, None, np.arange(30.0), TypeError, "must have inverse_transform"),
        ({"drop_incomplete": False}, None, np.arange(30.0), ValueError, "does not accept NaN"),
        ({"strategy": "direct", "steps": 40}, None, np.arange(30.0), ValueError, "no window whose targets"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_refused_fit_says_why_and_leaves_the_forecaster_as_it_was(settings, X, y, error, message):
    X = series(30)[1] if isinstance(X, str) else X
    f = forecaster(Ridge()).fit(None, series(25)[1])
    attributes, forecast = {**vars(f)}, f.forecast(3)
    parameters = f.get_params()
    with pytest.raises(error, match=message):
        f.set_params(**settings).fit(X, y)
    f.set_params(**parameters)
    assert {name: id(value) for name, value in vars(f).items() if name not in parameters} == {
        name: id(value) for name, value in attributes.items() if name not in parameters
    }
    pd.testing.assert_series_equal(f.forecast(3), forecast)


def test_intervals_are_computed_in_each_way_that_is_advised():
    _, y = series(60)
    with pytest.raises(ValueError, match=r"^coverage=0\.8 needs.*intervals='conformal'\) or 'bootstrap', or "):
        forecaster(Ridge()).fit(None, y).forecast(2, coverage=0.8)
    with pytest.raises(ValueError, match=r"^coverage=\[0\.5, 0\.8\] needs intervals"):
        forecaster(Ridge()).fit(None, y).forecast(2, coverage=[0.5, 0.8])
    quantiles = model(loss="quantile", quantile=[0.1, 0.5, 0.9], max_iter=2)
    ways = [forecaster(Ridge(), intervals=intervals) for intervals in ("conformal", "bootstrap")]
    ways += [forecaster(quantiles, strategy=strategy) for strategy in ("multioutput", "direct")]
    for way in ways:
        assert way.fit(None, y).forecast(2, coverage=0.8).columns.tolist() == ["forecast", "lower_80", "upper_80"]


@pytest.mark.parametrize("call", ["fit", "backtest"])
def test_the_list_that_is_advised_for_one_past_only_column_is_accepted(call):
    X, y = series(30, "past")

    def run(past_only):
        f = Forecaster(Ridge(), window_length=3, past_only=past_only)
        return f.fit(X, y) if call == "fit" else backtest(f, X, y, steps=1, n_origins=2)

    with pytest.raises(InvalidParameterError, match=r"Got 'p' instead: write past_only=\['p'\]\.$"):
        run("p")
    run(["p"])


def promoted(n=90, n_series=1, past_only=False):
    """A series, or a panel, that a column drives; the column is known in advance."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([range(n_series), pd.date_range("2024", periods=n)])
    X = pd.DataFrame({"promo": rng.integers(2, size=len(index)) * 1.0}, index)
    y = 20 * X["promo"] + rng.normal(size=len(index))
    return (X, y) if n_series > 1 else (X.loc[0], y.loc[0])


@pytest.mark.parametrize("n_series", [1, 3])
def test_by_default_the_baseline_reads_columns_that_are_known_in_advance(n_series):
    X, y = promoted(n_series=n_series)
    times = X.index.get_level_values(-1)
    is_known = times < times.unique()[83]
    model = Forecaster(LSTMRegressor(4, max_iter=2, random_state=0), steps=7, trust=0.0)
    forecast = model.fit(X[is_known], y[is_known]).forecast(7, X[~is_known])
    assert np.abs(forecast - y[~is_known]).mean() < 6  # theta alone would be wrong by 10


def test_recursive_forecasts_with_known_columns_have_no_baseline_unless_it_is_asked_for():
    X, y = promoted()
    lstm = LSTMRegressor(4, max_iter=2, random_state=0)
    assert Forecaster(lstm).fit(X, y).trust_ is None
    assert Forecaster(lstm, strategy="recursive", steps=7).fit(X, y).trust_ is None
    assert Forecaster(lstm, baseline="auto").fit(X, y).trust_ is not None
    assert Forecaster(lstm).fit(None, y).trust_ is not None
    assert Forecaster(lstm, past_only=["promo"]).fit(X, y).trust_ is not None


@pytest.mark.filterwarnings("error")
def test_a_warning_says_that_nothing_reads_the_columns():
    X, y = promoted()
    settings = {"steps": 7, "window_length": 7, "baseline": "theta"}
    with pytest.warns(UserWarning, match="Nothing reads the columns of X: .*Set trust=1, or .* baseline=RidgeCV()"):
        Forecaster(Ridge(), trust=0.0, **settings).fit(X, y)
    Forecaster(Ridge(), trust=1.0, **settings).fit(X, y)
    Forecaster(Ridge(), trust=0.0, **{**settings, "baseline": RidgeCV()}).fit(X, y)


def test_windows_without_targets_are_too_few_for_an_explicit_strategy():
    y = pd.Series(np.arange(60.0), pd.date_range("2024", periods=60))
    with pytest.warns(UserWarning, match="There are 0 windows to train on.*the baseline alone"):
        model = Forecaster(strategy="multioutput", steps=80).fit(None, y)
    assert model.trust_ == 0


@pytest.mark.filterwarnings("ignore:Nothing reads the columns")
def test_theta_stands_in_where_too_few_windows_are_complete_enough_for_a_regression():
    X, y = promoted(n=13)
    lstm = LSTMRegressor(4, max_iter=2, random_state=0)
    forecasts = [
        Forecaster(lstm, strategy="direct", steps=4, baseline=baseline, trust=0.0, season=None, log=None)
        .fit(X[:9], y[:9])
        .forecast(4, X[9:])
        for baseline in ("auto", "theta")
    ]
    np.testing.assert_array_equal(*forecasts)
