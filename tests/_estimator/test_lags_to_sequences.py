import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LagsToSequences, LSTMRegressor, WindowTransformer, make_windows
from tests.tools import fit, model

SERIES = np.random.default_rng(0).normal(size=(60, 2)).cumsum(axis=0)
WINDOWS, Y = make_windows(SERIES, 5, n_outputs=1)  # the target and another channel, the oldest step first
Y = Y[:, 0]


def lag_table(names=False):
    """The lags of the target, newest first, then those of the other channel, and a column that is no lag."""
    table = np.hstack((WINDOWS[:, ::-1, 0], WINDOWS[:, ::-1, 1], np.arange(len(Y))[:, np.newaxis]))
    columns = [f"{channel}_lag_{lag}" for channel in "ya" for lag in range(1, 6)]
    return pd.DataFrame(table, columns=[*columns, "count"]) if names else table


def check_right(sequences):
    np.testing.assert_array_equal(sequences[:, :, :2], WINDOWS)
    np.testing.assert_array_equal(sequences[:, :, 2], np.tile(np.arange(len(Y))[:, np.newaxis], (1, 5)))


def test_by_position_and_by_names():
    check_right(LagsToSequences(5, n_channels=2, layout="channels").fit_transform(lag_table()))
    named = lag_table(names=True)
    check_right(LagsToSequences().fit_transform(named))
    check_right(LagsToSequences(names=list(named)).fit_transform(lag_table()))
    order = np.random.default_rng(1).permutation(11)
    found = LagsToSequences(target="y").fit(named.iloc[:, order])
    check_right(found.transform(named.iloc[:, order]))
    assert found.channels_ == ["y", "a", "count"]
    assert found.n_features_in_ == 11
    np.testing.assert_array_equal(found.feature_names_in_, named.columns[order])


@pytest.mark.parametrize("flat", [WINDOWS.reshape(len(Y), -1), pd.DataFrame(WINDOWS.reshape(len(Y), -1))])
def test_columns_without_names_are_read_by_position(flat):
    found = LagsToSequences(n_channels=2, order="oldest_first").fit_transform(flat)
    np.testing.assert_array_equal(found, WINDOWS)


def test_names_of_the_window_transformer():
    frame = pd.DataFrame(SERIES, columns=["y", "a"])
    flat = WindowTransformer(5, flatten=True).set_output(transform="pandas").fit_transform(frame)
    np.testing.assert_array_equal(LagsToSequences().fit_transform(flat), WindowTransformer(5).fit_transform(frame))


def test_names_that_tell_no_lags_are_told():
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["price", "month", "holiday"])
    with pytest.warns(UserWarning, match=r"tell no lags: \['price', 'month', 'holiday'\]\. .*, the newest first\. Set"):
        LagsToSequences().fit(frame)
    with pytest.warns(UserWarning, match="by their positions, the oldest first, of 3 channels"):
        LagsToSequences(n_channels=3, order="oldest_first").fit(frame)
    LagsToSequences(1).fit(frame)
    LagsToSequences(3).fit(frame)
    LagsToSequences(names=["lag_1", "month", "holiday"]).fit(frame.to_numpy())
    LagsToSequences().fit(frame.iloc[:, :1])


@pytest.mark.parametrize(
    "columns",
    [
        [5, 4, 3, 2, 1, 0],
        range(1, 7),
        pd.MultiIndex.from_product([["lag_1", "lag_2", "lag_3"], ["y", "a"]]),  # of pd.concat with keys
        pd.date_range("2024-01-01", periods=6),
    ],
)
def test_names_that_are_no_text_are_told(columns):
    frame = pd.DataFrame(np.arange(24.0).reshape(4, 6), columns=columns)
    with pytest.warns(UserWarning, match="tell no lags: .* rename the columns"):
        LagsToSequences().fit(frame)
    LagsToSequences(6).fit(frame)
    named = frame.set_axis([f"{name}_lag_{lag}" for lag in (1, 2, 3) for name in "ya"], axis=1)
    np.testing.assert_array_equal(LagsToSequences().fit(named).columns_, [[4, 5], [2, 3], [0, 1]])


def test_names_of_an_array_do_not_rename_a_frame():
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["lagged_1h", "lagged_2h", "month"])
    names = ["y_lag_1", "y_lag_2", "month"]
    with pytest.raises(
        ValueError, match=r"X\.set_axis\(names, axis=1\)\), or give an array, np\.asarray\(X\)"
    ) as caught:
        LagsToSequences(names=names).fit(frame)
    assert "'lagged_1h'" in str(caught.value)
    found = LagsToSequences().fit_transform(frame.set_axis(names, axis=1))
    np.testing.assert_array_equal(found, LagsToSequences(names=names).fit_transform(np.asarray(frame)))
    np.testing.assert_array_equal(found[0], [[1, 2], [0, 2]])


def test_one_lag_is_one_step():
    frame = pd.DataFrame(np.arange(8.0).reshape(4, 2), columns=["month", "lag_1"])
    found = LagsToSequences().fit(frame)
    assert found.channels_ == ["lag", "month"]
    np.testing.assert_array_equal(found.transform(frame), frame[["lag_1", "month"]].to_numpy()[:, np.newaxis])


def test_names_win_over_order_and_layout():
    check_right(LagsToSequences(5, n_channels=2, order="oldest_first", layout="steps").fit_transform(lag_table(True)))


def test_what_contradicts_the_names_is_refused():
    with pytest.raises(ValueError, match=r"n_lags=3, but the names of the columns tell 5 lags\. Leave n_lags=None"):
        LagsToSequences(3).fit(lag_table(True))
    with pytest.raises(ValueError, match=r"n_channels=3, but the names of the columns tell lags of 2: \['y', 'a'\]"):
        LagsToSequences(n_channels=3).fit(lag_table(True))


def test_a_value_at_the_last_step_only_needs_indicators():
    sequences = LagsToSequences(extra="last").fit_transform(lag_table(True))
    assert np.isnan(sequences[:, :-1, 2]).all()
    np.testing.assert_array_equal(sequences[:, -1, 2], np.arange(len(Y)))
    with pytest.warns(UserWarning, match=r"steps are skipped .* Set missing='indicator'"):
        model(max_iter=1, learning_rate="cosine").fit(sequences, Y)
    fit(model(max_iter=1, missing="indicator"), sequences, Y)


def test_zero_in_place_of_nan_would_drown_a_value_far_from_zero():
    """Why values that are missing are NaN: a mean of 2000 leaves little of what changes from row to row."""
    years = np.column_stack((lag_table()[:, :5], 2000 + np.arange(len(Y)) / 12))
    sequences = LagsToSequences(5, extra="last").fit_transform(years)
    spread = np.nanstd(sequences[:, :, 1]) / np.std(np.nan_to_num(sequences[:, :, 1]))
    assert spread < 0.01


def test_dtypes_are_kept_and_nan_too():
    for dtype, expected in ((np.float32, np.float32), (np.float64, np.float64), (np.int32, np.float64)):
        assert LagsToSequences().fit_transform(np.arange(6).reshape(2, 3).astype(dtype)).dtype == expected
    table = np.array([[1.0, np.nan], [np.nan, 2.0]])
    np.testing.assert_array_equal(LagsToSequences().fit_transform(table)[..., 0], table[:, ::-1])


def test_the_input_is_not_changed_nor_shared():
    table = lag_table()
    before = table.copy()
    LagsToSequences(5, extra="last").fit_transform(table)[:] = 0
    np.testing.assert_array_equal(table, before)


def test_sparse_tables_and_other_columns_are_refused():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        LagsToSequences().fit(csr_array(np.eye(3)))
    fitted = LagsToSequences().fit(lag_table(True))
    with pytest.raises(ValueError, match="feature names"):
        fitted.transform(lag_table(True).iloc[:, ::-1])
    with pytest.raises(ValueError, match="features"):
        LagsToSequences().fit(lag_table()).transform(lag_table()[:, :-1])


def test_an_array_may_follow_a_frame_as_in_skforecast():
    fitted = LagsToSequences().fit(lag_table(True))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        check_right(fitted.transform(lag_table()))


def test_a_pipeline_learns_as_from_windows():
    expected = fit(model(instance_norm="last"), WINDOWS, Y)
    table = lag_table()[:, :-1]
    lags = LagsToSequences(n_channels=2, layout="channels")
    found = fit(make_pipeline(clone(lags), model(instance_norm="last")), table, Y)
    np.testing.assert_array_equal(found.predict(table), expected.predict(WINDOWS))
    np.testing.assert_array_equal(found[-1].forecast(3, SERIES[-3:, 1]), expected.forecast(3, SERIES[-3:, 1]))


def test_a_search_tries_parameters_and_output_stays_an_array():
    pipeline = Pipeline(
        [("lags", LagsToSequences(5, n_channels=2, layout="channels")), ("lstm", model(learning_rate="cosine"))]
    )
    grid = {"lags__extra": ["repeat", "last"], "lstm__missing": ["indicator"]}
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(2)).fit(lag_table(), Y)
    assert search.best_params_["lags__extra"] in ("repeat", "last")
    with config_context(transform_output="pandas"):
        check_right(LagsToSequences(5, n_channels=2, layout="channels").fit_transform(lag_table()))
    assert isinstance(pipeline.set_output(transform="pandas")[0].fit_transform(lag_table()), np.ndarray)


def test_columns_that_a_scaler_names_are_read():
    scaler = StandardScaler().set_output(transform="pandas")
    sequences = make_pipeline(scaler, LagsToSequences()).fit_transform(lag_table(True))
    assert sequences.shape == (len(Y), 5, 3)
    fit(LSTMRegressor(2, max_iter=2, learning_rate="cosine", random_state=0), sequences, Y)


def test_a_fit_that_fails_changes_nothing():
    fitted = LagsToSequences().fit(lag_table(True))
    before = vars(fitted).copy()
    with pytest.raises(ValueError, match="same lag"):
        fitted.fit(pd.DataFrame(np.eye(3), columns=["lag1", "lag_1", "lag2"]))
    assert vars(fitted) == before
