import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from sklstm.datasets import load_airline
from tests._estimator.tools import FRAME, TABLE, by_hand


@pytest.mark.parametrize("lead", [0, 1, 3])
@pytest.mark.parametrize("window_length", [1, 4, 15])
def test_rows_hold_the_windows_that_end_lead_rows_before(window_length, lead):
    expected = by_hand(TABLE, TABLE[:0], window_length, lead)
    windows = WindowTransformer(window_length, lead=lead).fit_transform(TABLE)
    np.testing.assert_array_equal(windows, expected)
    flat = WindowTransformer(window_length, lead=lead, flatten=True).fit_transform(TABLE)
    np.testing.assert_array_equal(flat, expected.reshape(10, -1))


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
    assert WindowTransformer.get_feature_names_out.__doc__.startswith("Return names such as")
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


def test_the_transformer_and_make_windows_agree():
    full, y = make_windows(FRAME, 4, lead=2)
    kept = WindowTransformer(4, lead=2).fit_transform(FRAME)
    np.testing.assert_array_equal(kept[-len(full) :], full)
    pd.testing.assert_frame_equal(y, FRAME[-len(full) :])


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


def test_windows_that_would_fill_memory_with_missing_values_are_refused_before_any_work():
    transformer = WindowTransformer(2).fit(TABLE)
    n_rows = len(TABLE)
    with pytest.raises(ValueError, match=rf"window_length=5000000 and lead=1 .*window_length \+ lead - 1 <= {n_rows}"):
        transformer.set_params(window_length=5_000_000).fit(TABLE)
    assert transformer.set_params(window_length=2).transform(TABLE).shape[1] == 2
    assert WindowTransformer(n_rows).fit_transform(TABLE).shape[:2] == (n_rows, n_rows)
    assert WindowTransformer(1000).fit_transform(TABLE).shape[1] == 1000  # a few rows of padding are cheap


@pytest.mark.parametrize(
    "wrong", [{"window_length": 0}, {"lead": -1}, {"flatten": "yes"}, {"window_length": 2.5}], ids=str
)
def test_wrong_parameters_are_refused_and_leave_the_last_fit(wrong):
    transformer = WindowTransformer(2).fit(TABLE)
    expected = transformer.transform(TABLE)
    (name,) = wrong
    with pytest.raises(ValueError, match=f"The '{name}' parameter of WindowTransformer must be"):
        transformer.set_params(**wrong).fit(TABLE)
    np.testing.assert_array_equal(transformer.transform(TABLE), expected)


def test_padding_is_limited_to_64_megabytes():
    """As float64 and, beside them, as the table with the rows before it: 16 bytes for each value."""
    longest = 2**26 // 16 // TABLE.shape[1]
    assert hasattr(WindowTransformer(longest).fit(TABLE), "n_features_in_")
    with pytest.raises(ValueError, match=r"would fill 0\.0671 GB with missing values"):
        WindowTransformer(longest + 1).fit(TABLE)
