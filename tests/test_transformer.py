import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
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
    with pytest.warns(UserWarning, match="feature names"):
        np.testing.assert_array_equal(transformer.transform(TABLE[6:]), cold)
    np.testing.assert_array_equal(transformer.transform(FRAME[3:]), by_hand(TABLE[3:], TABLE[:0], 3, 1))
    with pytest.warns(UserWarning, match=r"begins at 2024-01-08.*2024-01-06.*2024-01-07"):
        np.testing.assert_array_equal(transformer.transform(FRAME[7:]), by_hand(TABLE[7:], TABLE[:0], 3, 1))


def test_parameters_set_after_fit_act_from_the_next_fit_on():
    transformer = WindowTransformer(3).fit(FRAME[:6]).set_params(window_length=2, lead=4)
    np.testing.assert_array_equal(transformer.transform(FRAME[6:]), by_hand(TABLE[6:], TABLE[:6], 3, 1))


def test_an_array_is_always_cold_and_never_warns():
    transformer = WindowTransformer(3).fit(TABLE[:6])
    np.testing.assert_array_equal(transformer.transform(TABLE[6:]), by_hand(TABLE[6:], TABLE[:0], 3, 1))
    assert np.isnan(transformer.transform(TABLE[6:].tolist())[0]).all()


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


def test_a_table_out_of_order_warns_where_it_is_fitted():
    with pytest.warns(UserWarning, match=r"not in order.*shuffle=False") as record:
        WindowTransformer(3).fit_transform(FRAME[::-1])
    assert len(record) == 1
    WindowTransformer(3).fit(FRAME.reset_index(drop=True)).transform(FRAME.reset_index(drop=True)[:2])


def test_a_scaler_that_keeps_pandas_keeps_the_windows_warm():
    steps = StandardScaler().set_output(transform="pandas"), WindowTransformer(3)
    model = make_pipeline(*steps).fit(FRAME[:6])
    assert np.isfinite(model.transform(FRAME[6:])).all()
    cold = make_pipeline(StandardScaler(), WindowTransformer(3)).fit(FRAME[:6])
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
