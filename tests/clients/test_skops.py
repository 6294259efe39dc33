"""skops: every estimator is dumped and loaded, and only the public classes of sklstm have to be trusted."""

from datetime import date, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from dateutil.tz import tzoffset
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, StandardScaler

import sklstm
from sklstm import Forecaster, LSTMRegressor, WindowTransformer, default_regressor, make_windows
from sklstm._utils import pickle_version
from sklstm.datasets import load_airline

sio = pytest.importorskip("skops.io")

AIRLINE = load_airline()
LSTM = LSTMRegressor(4, max_iter=3, random_state=0)
OWN = {f"sklstm.{name}" for name in ("Forecaster", "LSTMRegressor", "WindowTransformer")}
OF_SEARCHES = {"sklearn.metrics._scorer._PassthroughScorer"}
KNOWN = pd.DataFrame({"month": AIRLINE.index.month / 12.0, "oil": np.cos(np.arange(144.0))}, AIRLINE.index)
PANEL = pd.concat({"air": AIRLINE, "sea": AIRLINE.iloc[::-1].set_axis(AIRLINE.index)}, names=["way"])
WINDOWS, NEXT = make_windows(AIRLINE, 12)
TABLE = WINDOWS[:, :, 0]


def again(estimator):
    """Dump, see what is to be trusted, and load. skops does not trust all of scikit-learn: no splitter, for example."""
    data = sio.dumps(estimator)
    untrusted = sio.get_untrusted_types(data=data)
    assert {name for name in untrusted if not name.startswith("sklearn.model_selection.")} - OF_SEARCHES <= OWN
    return sio.loads(data, trusted=untrusted)


def assert_same(one, other):
    if isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    else:
        np.testing.assert_array_equal(one, other)


REGRESSORS = {
    "default": {},
    "float32": {},
    "generator": {"random_state": np.random.default_rng(3), "dropout": 0.2},
    "random state": {"random_state": np.random.RandomState(3)},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    "poisson": {"loss": "poisson", "bidirectional": True},
    "stopping": {"solver": "adamw", "learning_rate": "adaptive", "n_layers": 2},
    "sgd": {"solver": "sgd", "instance_norm": "standard", "missing": "indicator"},
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_predict_and_go_on_to_the_bit(name):
    X = WINDOWS.astype("f4") if name == "float32" else WINDOWS
    original = clone(LSTM).set_params(**REGRESSORS[name]).fit(X, NEXT)
    loaded = again(original)
    for rows in (X[:1], X):
        assert_same(loaded.predict(rows), original.predict(rows))
    assert_same(loaded.forecast(5), original.forecast(5))
    for each in (loaded, original):
        each.partial_fit(X, NEXT).partial_fit(X[::2], NEXT[::2])
    assert_same(loaded.theta_, original.theta_)
    assert loaded.loss_curve_ == original.loss_curve_


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"early_stopping": True}], ids=str)
def test_a_warm_start_goes_on(settings):
    original = clone(LSTM).set_params(warm_start=True, **settings).fit(WINDOWS, NEXT)
    loaded = again(original)
    assert_same(loaded.fit(WINDOWS, NEXT).theta_, original.fit(WINDOWS, NEXT).theta_)


def indexed(kind):
    """The series with another kind of index."""
    days = pd.date_range("2024-03-01", periods=144, freq="D")
    return {
        "months": AIRLINE,
        "zone": AIRLINE.set_axis(days.tz_localize("Europe/Berlin")),
        "UTC": AIRLINE.set_axis(days.tz_localize("UTC")),
        "hours": AIRLINE.set_axis(pd.date_range("2024-03-30", periods=144, freq="h", tz="America/New_York")),
        "offset": AIRLINE.set_axis(days.tz_localize("+05:30")),
        "named offset": AIRLINE.set_axis(days.tz_localize(timezone(timedelta(hours=2), "CEST"))),
        "dateutil": AIRLINE.set_axis(days.tz_localize(tzoffset(None, 7200))),
        "business days": AIRLINE.set_axis(pd.bdate_range("2024-01-01", periods=144)),
        "two a month": AIRLINE.set_axis(pd.date_range("2010", periods=144, freq="SMS")),
        "periods": AIRLINE.to_period("M"),
        "weeks": AIRLINE.set_axis(pd.period_range("2020", periods=144, freq="W-WED")),
        "numbers": AIRLINE.set_axis(np.arange(7, 7 + 3 * 144, 3)),
        "array": AIRLINE.to_numpy(),
        "two targets": pd.DataFrame({"a": AIRLINE, ("b", 1): -AIRLINE}),
        "names": pd.DataFrame(
            np.c_[AIRLINE, -AIRLINE], AIRLINE.index, pd.Index([("a", 1), ("b", 2)], tupleize_cols=False)
        ),
        "categories": pd.DataFrame(np.c_[AIRLINE, -AIRLINE], AIRLINE.index, pd.cut([7, 1], 3, labels=list("low"))),
        "durations": pd.DataFrame(np.c_[AIRLINE, -AIRLINE], AIRLINE.index, pd.timedelta_range("1h", periods=2)),
        "panel": PANEL,
        "panel of periods": PANEL.set_axis(
            pd.MultiIndex.from_arrays([PANEL.index.get_level_values(0), PANEL.index.get_level_values(1).to_period("M")])
        ),
    }[kind]


KINDS = (
    "months zone UTC hours offset periods weeks numbers array panel|business days|two a month|two targets|"
    "panel of periods|named offset|dateutil|names|categories|durations"
)
KINDS = [kind for part in KINDS.split("|") for kind in (part.split() if part.startswith("months") else [part])]


@pytest.mark.parametrize("kind", KINDS)
def test_forecasters_of_every_index_forecast_and_update_to_the_bit(kind):
    y = indexed(kind)
    original = Forecaster(LSTM, steps=3, intervals="conformal").fit(None, y)
    loaded = again(original)
    assert_same(loaded.forecast(7, coverage=[0.5, 0.8]), original.forecast(7, coverage=[0.5, 0.8]))
    assert_same(loaded.components(3), original.components(3))
    for attribute in ("history_", "fitted_values_", "residuals_"):
        assert_same(getattr(loaded, attribute), getattr(original, attribute))
    new = original.forecast(4)
    for train in (False, True):
        for each in (loaded, original):
            each.update(None, new, train=train)
        assert_same(loaded.forecast(3), original.forecast(3))
        new = original.forecast(2)
    assert_same(again(original.compact()).forecast(3, coverage=0.8), loaded.forecast(3, coverage=0.8))


LABELS = {
    "dates": [date(2024, 1, 1), date(2024, 1, 2)],
    "decimals": [Decimal("1.10"), Decimal(2)],
    "intervals": [pd.Interval(0, 1), pd.Interval(1, 2)],
    "complex numbers": [1 + 2j, 3j],
    "sets": [frozenset("a"), frozenset("b")],
    "UUIDs": [UUID(int=1), UUID(int=2)],
    "large numbers": [2**53 + 1, 2**53 + 2],
    "times": [pd.Timestamp("2024", tz="Asia/Tokyo"), pd.Timestamp("2025", tz="Asia/Tokyo")],
}


@pytest.mark.parametrize("name", LABELS)
def test_panels_with_labels_of_every_kind(name):
    y = pd.concat([AIRLINE, 2 * AIRLINE], keys=LABELS[name])
    original = Forecaster(Ridge(), window_length=6).fit(None, y)
    loaded = again(original)
    assert_same(loaded.forecast(2), original.forecast(2))
    assert_same(loaded.history_, original.history_)


FORECASTERS = {
    "default": Forecaster(steps=12),
    "default regressor": Forecaster(
        default_regressor().set_params(max_iter=2), baseline="theta", intervals="bootstrap"
    ),
    "known and past": Forecaster(LSTM, steps=2, past_only=["oil"], intervals="conformal"),
    "labels": Forecaster(LSTM, steps=2, past_only=pd.Index(["oil"]), dtype=np.float64),
    "series of labels": Forecaster(LSTM, steps=2, past_only=pd.Series(["oil"])),
    "quantiles": Forecaster(
        clone(LSTM).set_params(loss="quantile", quantile=[0.1, 0.5, 0.9]), steps=3, strategy="multioutput"
    ),
    "ridge": Forecaster(Ridge(), window_length=12, intervals="conformal"),
    "direct": Forecaster(Ridge(), steps=3, strategy="direct", baseline="seasonal_naive", season=12),
    "pipeline inside": Forecaster(make_pipeline(StandardScaler(), LSTM), steps=2, log=True),
    "transformed": Forecaster(LSTM, target_transformer=PowerTransformer()),
    "function": Forecaster(LSTM, target_transformer=FunctionTransformer(np.log1p, np.expm1)),
    "several": Forecaster(MultiOutputRegressor(LSTM), steps=2, target_transformer=MinMaxScaler()),
    "bagging": Forecaster(BaggingRegressor(LSTM, n_estimators=2, random_state=0), window_length=12),
}


@pytest.mark.parametrize("name", FORECASTERS)
def test_forecasters_of_every_kind(name):
    columns = KNOWN if name in ("known and past", "labels", "series of labels") else None
    original = clone(FORECASTERS[name]).fit(None if columns is None else columns[:140], AIRLINE[:140])
    loaded = again(original)
    known = None if columns is None else columns[140:142]
    coverage = 0.8 if original.intervals or name == "quantiles" else None
    assert_same(loaded.forecast(2, known, coverage=coverage), original.forecast(2, known, coverage=coverage))
    assert_same(loaded.fitted_values_, original.fitted_values_)
    for each in (loaded, original):
        each.update(known, AIRLINE[140:142])
    known = None if columns is None else columns[142:]
    assert_same(loaded.forecast(2, known), original.forecast(2, known))


ROWS = AIRLINE.to_frame()[[]]
COMPOSED = {  # estimator, X, y, X to predict
    "search": (
        GridSearchCV(LSTM, {"hidden_size": [2, 3]}, cv=TimeSeriesSplit(2)),
        TABLE,
        NEXT.to_numpy(),
        TABLE,
    ),
    "search of a forecaster": (
        GridSearchCV(Forecaster(LSTM), {"window_length": [6, 12]}, cv=TimeSeriesSplit(2, test_size=12)),
        ROWS[:140],
        AIRLINE[:140],
        ROWS[140:],
    ),
    "windows": (make_pipeline(WindowTransformer(6), LSTM), AIRLINE.to_frame(), AIRLINE, AIRLINE.to_frame()),
    "flat windows": (
        make_pipeline(StandardScaler(), WindowTransformer(6, flatten=True, dtype="float32"), LSTM),
        AIRLINE.to_frame(),
        AIRLINE,
        AIRLINE.to_frame(),
    ),
    "several": (MultiOutputRegressor(LSTM), TABLE, np.c_[NEXT, -NEXT], TABLE),
    "transformed": (TransformedTargetRegressor(LSTM, transformer=StandardScaler()), TABLE, NEXT, TABLE),
    "bagging": (BaggingRegressor(LSTM, n_estimators=2, random_state=0), TABLE, NEXT, TABLE),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_estimators_with_ours_inside(name):
    estimator, X, y, rows = COMPOSED[name]
    original = clone(estimator).fit(X, y)
    assert_same(again(original).predict(rows), original.predict(rows))


@pytest.mark.parametrize("table", [AIRLINE.to_frame(), AIRLINE.to_frame().to_numpy(), KNOWN.to_period("M")])
def test_window_transformers(table):
    original = WindowTransformer(5).fit(table[:100])
    loaded = again(original)
    for rows in (table[100:], table):
        assert_same(loaded.transform(rows), original.transform(rows))


def test_what_is_not_fitted():
    for estimator in (LSTM, Forecaster(LSTM), WindowTransformer(3), Forecaster()):
        assert repr(again(estimator)) == repr(estimator)


def test_a_file_of_another_version_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(pickle_version, "__version__", "0.0.1")
    sio.dump(clone(LSTM).fit(TABLE, NEXT), tmp_path / "model.skops")
    monkeypatch.undo()
    with pytest.warns(UserWarning, match=rf"pickled with sklstm 0\.0\.1 and is unpickled with {sklstm.__version__}"):
        sio.load(tmp_path / "model.skops", trusted=["sklstm.LSTMRegressor"])


def test_nothing_is_loaded_unless_it_is_trusted():
    data = sio.dumps(Forecaster(LSTM).fit(None, AIRLINE))
    with pytest.raises(sio.exceptions.UntrustedTypesFoundException, match="LSTMRegressor"):
        sio.loads(data)
