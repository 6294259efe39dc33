import pytest

from sklstm._estimator.lag_names import lags_of

LAGS = {1: 0, 2: 1, 3: 2}


@pytest.mark.parametrize(
    ("pattern", "channel"),
    [
        ("lag_{}", ""),  # skforecast
        ("lag{}", ""),  # mlforecast
        ("y_lag_{}", "y"),  # feature-engine, skforecast with several series
        ("y_lag_{}D", "y"),  # feature-engine with freq
        ("y_lag{}", "y"),  # WindowTransformer
        ("y_target_lag-{}", "y_target"),  # darts
        ("lag_{}__y", "y"),  # sktime
        ("lag_{}_y", "y"),
        ("var1(t-{})", "var1"),
        ("y_t-{}", "y"),
        ("y_shift_{}", "y"),
        ("Sales Lag {}", "Sales"),
        ("LAG_0{}", ""),
    ],
)
def test_names_of_other_libraries(pattern, channel):
    assert lags_of([pattern.format(lag) for lag in (1, 2, 3)]) == {channel: LAGS}


@pytest.mark.parametrize(
    "name",
    ["flag_1", "lag", "lag_x", "rolling_mean_lag1_window_size3", "month", "", "y_lag_1.5", "lagoon2", "y(t+1)"],
)
def test_what_is_no_lag(name):
    assert lags_of([name]) == {}
    assert lags_of(["lag1", "lag2", name]) == {"": {1: 0, 2: 1}}


def test_a_single_lag_beside_others_is_none():
    assert lags_of(["lag1", "expanding_mean_lag1", "lag2"]) == {"": {1: 0, 2: 2}}
    assert lags_of(["a_lag_1", "b_lag_1"]) == {}


def test_the_target_without_a_name_is_first():
    assert list(lags_of(["a_lag1", "a_lag2", "lag1", "lag2"])) == ["", "a"]


def test_minus_means_earlier_and_then_plus_means_later():
    names = ["y_target_lag-2", "y_target_lag-1", "a_futcov_lag-1", "a_futcov_lag0", "a_futcov_lag1"]
    assert lags_of(names) == {"y_target": {2: 0, 1: 1}, "a_futcov": {1: 2, 0: 3, -1: 4}}


def test_a_column_with_the_name_of_a_channel_is_its_present_value_if_all_have_one():
    assert lags_of(["y", "y_lag_1", "y_lag_2"]) == {"y": {0: 0, 1: 1, 2: 2}}
    assert lags_of(["a", "y_lag_1", "a_lag_1", "y_lag_2", "a_lag_2"]) == {"y": {1: 1, 2: 3}, "a": {1: 2, 2: 4}}
    assert lags_of(["y(t-2)", "y(t-1)", "y(t)"]) == {"y": {2: 0, 1: 1, 0: 2}}


def test_lags_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="'lag_1' and 'lag1' are the same lag"):
        lags_of(["lag_1", "lag_2", "lag1"])
    with pytest.raises(ValueError, match="'y_lag_2W' counts in W, but another lag of this channel in D"):
        lags_of(["y_lag_1D", "y_lag_2W"])
