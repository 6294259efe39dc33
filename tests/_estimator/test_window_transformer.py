import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from sklstm.datasets import load_airline

TABLE = np.arange(1.0, 21.0).reshape(10, 2)  # rows (1, 2), (3, 4), …
DAYS = pd.date_range("2024-01-01", periods=10, name="day")
FRAME = pd.DataFrame(TABLE, index=DAYS, columns=["y", "z"])


def by_hand(table, before, window_length, lead):
    """Row t holds the rows t - lead - window_length + 1 … t - lead, of `before` where they are earlier."""
    long = np.vstack((np.full((100, table.shape[1]), np.nan), before, table))
    first = len(long) - len(table)
    return np.array([long[first + t - lead - window_length + 1 : first + t - lead + 1] for t in range(len(table))])


@pytest.mark.parametrize("lead", [0, 1, 3])
@pytest.mark.parametrize("window_length", [1, 4, 15])
def test_rows_hold_the_windows_that_end_lead_rows_before(window_length, lead):
    expected = by_hand(TABLE, TABLE[:0], window_length, lead)
    windows = WindowTransformer(window_length, lead=lead).fit_transform(TABLE)
    np.testing.assert_array_equal(windows, expected)
    flat = WindowTransformer(window_length, lead=lead, flatten=True).fit_transform(TABLE)
    np.testing.assert_array_equal(flat, expected.reshape(10, -1))


@pytest.mark.parametrize("lead", [0, 1, 3])
@pytest.mark.parametrize("window_length", [1, 4, 15])
@pytest.mark.parametrize("n_train", [1, 5, 8])
def test_a_frame_that_follows_reaches_back_into_the_training_rows(window_length, lead, n_train):
    frame = FRAME.asfreq("D")
    transformer = WindowTransformer(window_length, lead=lead).fit(frame[:n_train])
    expected = by_hand(TABLE[n_train:], TABLE[:n_train], window_length, lead)
    np.testing.assert_array_equal(transformer.transform(frame[n_train:]), expected)
    np.testing.assert_array_equal(
        transformer.transform(frame[:n_train]), by_hand(TABLE[:n_train], TABLE[:0], window_length, lead)
    )


def test_what_does_not_follow_is_cold():
    transformer = WindowTransformer(3).fit(FRAME[:6])
    cold = by_hand(TABLE[6:], TABLE[:0], 3, 1)
    np.testing.assert_array_equal(
        transformer.transform(FRAME[6:].rename_axis(None)), by_hand(TABLE[6:], TABLE[:6], 3, 1)
    )
    with pytest.warns(UserWarning, match="feature names"), pytest.warns(UserWarning, match="X has no index of time"):
        np.testing.assert_array_equal(transformer.transform(TABLE[6:]), cold)
    with pytest.warns(UserWarning, match=r"begins at 2024-01-04.*ends at 2024-01-06.*not those of fit"):
        np.testing.assert_array_equal(transformer.transform(FRAME[3:]), by_hand(TABLE[3:], TABLE[:0], 3, 1))
    with pytest.warns(UserWarning, match=r"begins at 2024-01-08.*2024-01-06.*2024-01-07"):
        np.testing.assert_array_equal(transformer.transform(FRAME[7:]), by_hand(TABLE[7:], TABLE[:0], 3, 1))


def test_parameters_set_after_fit_act_from_the_next_fit_on():
    transformer = WindowTransformer(3).fit(FRAME[:6]).set_params(window_length=2, lead=4, flatten=True)
    np.testing.assert_array_equal(transformer.transform(FRAME[6:]), by_hand(TABLE[6:], TABLE[:6], 3, 1))
    assert not hasattr(transformer, "get_feature_names_out")
    assert transformer.fit(FRAME[:6]).transform(FRAME[6:]).shape == (4, 4)
    transformer.set_params(window_length=3, flatten=False)
    assert transformer.get_feature_names_out().tolist() == ["y_lag5", "z_lag5", "y_lag4", "z_lag4"]
    assert transformer.set_output(transform="pandas").transform(FRAME[6:]).shape == (4, 4)


def test_names_without_a_table_say_what_to_do():
    transformer = WindowTransformer(2)
    for _ in range(2):
        with pytest.raises(AttributeError, match=r"have no columns to name.*flatten=True"):
            transformer.get_feature_names_out()
        transformer.fit(FRAME)
    assert WindowTransformer.get_feature_names_out.__doc__.startswith("Names such as")
    assert WindowTransformer(flatten=True).fit(FRAME).get_feature_names_out().shape == (48,)


@pytest.mark.filterwarnings("ignore:X has feature names")
def test_arrays_are_always_cold_and_warn_where_they_are_not_the_training_rows():
    transformer = WindowTransformer(3).fit(TABLE[:6])
    for rows in (TABLE[6:], TABLE[6:].tolist(), TABLE[:5], pl.DataFrame(TABLE[6:])):
        with pytest.warns(UserWarning, match="X, like the table of fit, has no index of time"):
            windows = transformer.transform(rows)
        np.testing.assert_array_equal(windows, by_hand(np.asarray(rows), TABLE[:0], 3, 1))
    for rows in (TABLE[:6], TABLE[:6].tolist(), TABLE * (1 + 1e-15), TABLE):
        transformer.transform(rows)


def test_rows_without_times_that_repeat_the_first_ones_are_others():
    """Zeros at the beginning of a night, or of a series of rare sales."""
    rare = np.zeros((50, 1))
    rare[30] = 5
    transformer = WindowTransformer(3).fit(rare[:40])
    with pytest.warns(UserWarning, match="no history"):
        transformer.transform(rare[40:])
    shifted = pd.DataFrame(TABLE[:6]) * 2
    with pytest.warns(UserWarning, match="counts from 0 again"):
        WindowTransformer(3).fit(pd.DataFrame(TABLE)).transform(shifted)


def test_windows_that_reach_back_to_nothing_need_no_history():
    WindowTransformer(1, lead=0).fit(TABLE[:6]).transform(TABLE[6:])


def test_the_training_rows_in_front_give_arrays_their_history():
    """What the warning advises for arrays."""
    transformer = WindowTransformer(3).fit(TABLE[:6])
    windows = transformer.transform(np.concatenate((TABLE[:6], TABLE[6:])))[-4:]
    np.testing.assert_array_equal(windows, by_hand(TABLE[6:], TABLE[:6], 3, 1))


def test_windows_are_views_of_one_copy():
    long = np.zeros((1000, 2), dtype=np.float32)
    for flatten in (False, True):
        windows = WindowTransformer(100, flatten=flatten).fit_transform(long)
        base = windows
        while base.base is not None:
            base = base.base
        assert base.nbytes <= (1000 + 100) * 2 * 4
        assert not windows.flags.writeable
    long[:] = 1
    assert np.nanmax(windows) == 0


@pytest.mark.parametrize(
    ("dtype", "given", "expected"),
    [(None, "f4", "f4"), (None, "f8", "f8"), (None, "i4", "f8"), ("float32", "f8", "f4"), (np.float64, "f4", "f8")],
)
def test_precision(dtype, given, expected):
    assert WindowTransformer(2, dtype=dtype).fit_transform(TABLE.astype(given)).dtype == expected


def test_names_count_the_lag_of_each_step():
    transformer = WindowTransformer(2, lead=2, flatten=True).fit(FRAME)
    assert transformer.get_feature_names_out().tolist() == ["y_lag3", "z_lag3", "y_lag2", "z_lag2"]
    table = transformer.set_output(transform="pandas").transform(FRAME)
    assert table.index.equals(FRAME.index)
    for lag in (2, 3):
        expected = FRAME["y"].shift(lag).rename(f"y_lag{lag}")
        pd.testing.assert_series_equal(table[f"y_lag{lag}"], expected, check_freq=False)
    same_step = WindowTransformer(2, lead=0, flatten=True).fit(TABLE)
    assert same_step.get_feature_names_out().tolist() == ["x0_lag1", "x1_lag1", "x0_lag0", "x1_lag0"]
    assert not hasattr(WindowTransformer(2).fit(TABLE), "get_feature_names_out")


def test_set_output_leaves_sequences_alone():
    model = make_pipeline(StandardScaler(), WindowTransformer(3), LSTMRegressor(2, max_iter=1))
    model.set_output(transform="pandas")
    assert isinstance(model[:-1].fit_transform(FRAME), np.ndarray)
    with config_context(transform_output="pandas"):
        assert isinstance(WindowTransformer(3).fit_transform(FRAME), np.ndarray)
        assert isinstance(WindowTransformer(3, flatten=True).fit_transform(FRAME), pd.DataFrame)


def test_the_beginning_of_the_training_rows_needs_no_history():
    WindowTransformer(3).fit(FRAME.reset_index(drop=True)).transform(FRAME.reset_index(drop=True)[:2])


def test_a_scaler_that_keeps_pandas_keeps_the_windows_warm():
    steps = StandardScaler().set_output(transform="pandas"), WindowTransformer(3)
    model = make_pipeline(*steps).fit(FRAME[:6])
    assert np.isfinite(model.transform(FRAME[6:])).all()
    cold = make_pipeline(StandardScaler(), WindowTransformer(3)).fit(FRAME[:6])
    with pytest.warns(UserWarning, match=r'StandardScaler\(\).set_output\(transform="pandas"\)'):
        assert np.isnan(cold.transform(FRAME[6:])[0]).all()


def test_test_folds_are_warm():
    """A rule that only the windows know: y is the value two rows before, exact from the first test row on."""
    y = pd.Series(np.random.default_rng(0).standard_normal(60), index=pd.date_range("2024", periods=60, freq="h"))
    model = make_pipeline(WindowTransformer(2, flatten=True), SimpleImputer(), LinearRegression())
    frame, target = y.to_frame("y"), y.shift(2).fillna(y.mean())
    scores = cross_val_score(model, frame, target, cv=TimeSeriesSplit(3), scoring="neg_max_error")
    np.testing.assert_allclose(scores, 0, atol=0.2)


def test_flat_windows_serve_regressors_that_accept_nan():
    y = load_airline()
    model = make_pipeline(WindowTransformer(12, flatten=True), HistGradientBoostingRegressor(random_state=0))
    assert model.fit(y.to_frame()[:-24], y[:-24]).predict(y.to_frame()[-24:]).shape == (24,)


@pytest.mark.parametrize("lead", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_make_windows_by_hand(lead, stride):
    X, y = make_windows(TABLE, 4, lead=lead, stride=stride)
    starts = range(0, 10 - 4 - lead + 1, stride)
    np.testing.assert_array_equal(X, [TABLE[s : s + 4] for s in starts])
    np.testing.assert_array_equal(y, [TABLE[s + 3 + lead] for s in starts])
    X, y = make_windows(TABLE, 4, lead=lead, stride=stride, targets="all", n_outputs=1)
    np.testing.assert_array_equal(X, [TABLE[s : s + 4] for s in starts])
    np.testing.assert_array_equal(y, [TABLE[s + lead : s + lead + 4, :1] for s in starts])
    assert np.shares_memory(X, TABLE)
    assert np.shares_memory(y, TABLE)


def test_make_windows_takes_every_kind_of_series():
    X, y = make_windows(TABLE[:, 0], 4)
    assert (X.shape, y.shape) == ((6, 4, 1), (6,))
    assert make_windows(TABLE, 4, n_outputs=1)[1].shape == (6, 1)
    assert make_windows(TABLE[:, 0], 4, targets="all")[1].shape == (6, 4, 1)
    assert make_windows([1, 2, 3, 4], 2)[0].dtype == np.float64
    X, y = make_windows(FRAME["y"], 4)
    pd.testing.assert_series_equal(y, FRAME["y"][4:])
    X, y = make_windows(FRAME, 4, lead=2, stride=2, n_outputs=1)
    pd.testing.assert_frame_equal(y, FRAME[["y"]][5::2])
    assert X.shape == (3, 4, 2)
    gap = FRAME["y"].where(FRAME["y"] != 5)
    assert np.isnan(make_windows(gap, 4)[0]).sum() == 3


def test_the_transformer_and_make_windows_agree():
    full, y = make_windows(FRAME, 4, lead=2)
    kept = WindowTransformer(4, lead=2).fit_transform(FRAME)
    np.testing.assert_array_equal(kept[-len(full) :], full)
    pd.testing.assert_frame_equal(y, FRAME[-len(full) :])


UNORDERED = {
    "two levels": (pd.MultiIndex.from_product([["a", "b"], DAYS[:5]]), "2 levels.*one series into the next"),
    "three levels": (pd.MultiIndex.from_product([["a", "b"], ["c"], DAYS[:5]]), "3 levels"),
    "descending": (DAYS[::-1], r"not in order.*X\.sort_index\(\)"),
    "shuffled": (DAYS[np.random.default_rng(0).permutation(10)], "not in order.*TimeSeriesSplit"),
    "duplicates": (DAYS[[0, 1, 2, 2, 3, 4, 5, 6, 7, 8]], "2 times.*duplicated"),
    "a gap": (DAYS[:9].append(pd.DatetimeIndex(["2024-01-15"])), r"gap.*X\.asfreq\(\"D\"\).*TimeSeriesSplit"),
    "a gap of periods": (DAYS.to_period("D").delete(5).append(pd.PeriodIndex(["2024-01-11"], freq="D")), "gap"),
    "a gap of row numbers": (pd.Index([*range(5), *range(6, 11)]), r"gap.*X\.reset_index\(drop=True\)"),
    "descending row numbers": (pd.RangeIndex(9, -1, -1), "not in order"),
    "row numbers of two tables": (pd.Index([*range(5), *range(5)]), "2 times"),
    "no date": (DAYS[:9].append(pd.DatetimeIndex([None])), "NaT"),
    "irregular": (pd.DatetimeIndex(DAYS + pd.to_timedelta(np.arange(10) ** 2, unit="min")), "no regular step"),
    "dates as text, descending": (DAYS[::-1].strftime("%Y-%m-%d"), "not in order.*sort_index"),
    "dates as objects, descending": (pd.Index(DAYS.date[::-1], dtype=object), "not in order.*sort_index"),
    "decimal numbers, descending": (pd.Index(np.arange(10)[::-1] / 2), "not in order.*sort_index"),
    "durations, descending": (DAYS[::-1] - DAYS[0], "not in order.*sort_index"),
    "names of series": (pd.Index(["a"] * 5 + ["b"] * 5), "'a' more than once.*several series"),
}


@pytest.mark.parametrize("name", UNORDERED)
def test_an_index_by_which_rows_do_not_follow_each_other_is_refused(name):
    index, message = UNORDERED[name]
    frame = FRAME.set_axis(index)
    fitted = WindowTransformer(3).fit(FRAME)
    with pytest.raises(ValueError, match=message):
        WindowTransformer(3).fit(frame)
    with pytest.raises(ValueError, match=message):
        fitted.transform(frame)
    for series in (frame, frame["y"]):
        with pytest.raises(ValueError, match=message.replace("X", "series")):
            make_windows(series, 3)


IN_ORDER = {
    "text": list("jihgfedcba"),
    "dates as text": DAYS.strftime("%Y-%m-%d"),
    "decimal numbers": np.arange(10) / 2,
    "durations": DAYS - DAYS[0],
    "working days": pd.bdate_range("2024-01-01", periods=10),
    "months": pd.period_range("2024-01", periods=10, freq="M"),
    "every second row": range(0, 20, 2),
    "times with a zone": pd.date_range("2024-03-28", periods=10, tz="Europe/Berlin"),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_any_other_index_passes(name):
    frame = FRAME.set_axis(IN_ORDER[name])
    np.testing.assert_array_equal(WindowTransformer(3).fit_transform(frame), by_hand(TABLE, TABLE[:0], 3, 1))
    pd.testing.assert_frame_equal(make_windows(frame, 3)[1], frame.iloc[3:])


def test_what_cannot_be_decided_passes():
    """As for Forecaster: five days in a row may be working days, and two stamps be any step."""
    for n_rows in (1, 2, 5):
        WindowTransformer(3).fit(FRAME[:n_rows])
    assert len(make_windows(FRAME[:5], 3)[0]) == 2


def test_the_advice_for_a_panel_and_for_a_gap_works():
    panel = pd.concat({"a": FRAME, "b": FRAME * 2}, names=["shop", "day"])
    with pytest.raises(ValueError, match=r"Cut each by itself, \[make_windows") as error:
        WindowTransformer(3).fit(panel)
    call = re.search(r"(\[make_windows.*\]),", str(error.value))[1]
    parts = eval(call, {"X": panel, "make_windows": make_windows})
    assert [X.shape for X, _ in parts] == [(7, 3, 2), (7, 3, 2)]
    gap = FRAME.drop(DAYS[4])
    with pytest.raises(ValueError, match="has a gap") as error:
        WindowTransformer(3).fit(gap)
    mended = eval(re.search(r"X\.asfreq\(.*?\)", str(error.value))[0], {"X": gap})
    assert WindowTransformer(3).fit_transform(mended).shape == (10, 3, 2)


@pytest.mark.filterwarnings("ignore:.*first windows have no history")  # of the first fold, which lies before all others
def test_folds_with_a_gap_are_refused():
    model = make_pipeline(
        WindowTransformer(3, flatten=True), SimpleImputer(keep_empty_features=True), LinearRegression()
    )
    with pytest.raises(ValueError, match=r"KFold have such a gap.*TimeSeriesSplit"):
        cross_val_score(model, FRAME, FRAME["y"], cv=KFold(3), error_score="raise")


def test_a_scaler_in_front_warns_and_the_line_that_it_shows_mends():
    y = pd.Series(np.sin(np.arange(120) / 3), index=pd.date_range("2024", periods=120, freq="h"), name="y")
    rest = WindowTransformer(6, flatten=True), SimpleImputer(keep_empty_features=True), LinearRegression()

    def scores(*scaler):
        return cross_val_score(make_pipeline(*scaler, *rest), y.to_frame(), y, cv=TimeSeriesSplit(3, test_size=12))

    plain = scores()
    with pytest.warns(UserWarning, match=r"no history and stay empty.*scaler in front") as record:
        cold = scores(StandardScaler())
    call = re.search(r"StandardScaler\(\)\.set_output\(.*?\)", str(record[0].message))[0]
    mended = scores(eval(call, {"StandardScaler": StandardScaler}))
    np.testing.assert_allclose(mended, plain, atol=0.02)
    assert (cold < plain - 0.05).all()
    with pytest.warns(UserWarning, match="scaler in front"):
        cross_val_score(make_pipeline(StandardScaler(), *rest), y.to_frame(), y, cv=KFold(3))


def test_predicting_the_training_rows_needs_no_history_whatever_rounds_before():
    model = make_pipeline(StandardScaler(), PCA(), WindowTransformer(3, flatten=True)).fit(FRAME)
    assert model.transform(FRAME).shape == (10, 6)
