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
        ("t-{}", ""),
        ("t - {}", ""),
        ("(t-{})", ""),
        ("y[t-{}]", "y"),
        ("y(t\N{MINUS SIGN}{})", "y"),
        ("value(t-{}h)", "value"),
        ("value_lag_0{}", "value"),
        ("y_lagged_{}", "y"),
        ("lags_{}", ""),
        ("lag({})", ""),
        ("Lag[{}]", ""),
        ("y (lag {})", "y"),
        ("y:lag:{}", "y"),
        ("y|lag={}", "y"),
        ("y_lag_{}_days", "y"),
        ("y lag {} weeks ago", "y"),
        ("y_lag_{}.0", "y"),
        ("y_prev_{}", "y"),
        ("previous_{}", ""),
        ("y.shift({})", "y"),
        ("y_tm{}", "y"),
        ("y_tminus{}", "y"),
        ("y_minus_{}", "y"),
        ("y(-{})", "y"),
        ("L{}.y", "y"),  # statsmodels
        ("y.L{}", "y"),
        ("lag {} of y", "y"),
        ("num__lag_{}", ""),  # a ColumnTransformer
        ("remainder__y_lag_{}", "y"),
    ],
)
def test_names_of_other_libraries(pattern, channel):
    assert lags_of([pattern.format(lag) for lag in (1, 2, 3)]) == {channel: LAGS}


@pytest.mark.parametrize(
    "name",
    [
        "flag_1",
        "lag",
        "lag_x",
        "rolling_mean_lag1_window_size3",
        "month",
        "",
        "y_lag_1.5",
        "lagoon2",
        "y(t+1)",
        "t",
        "y_1",
        "y_shift_-1",
        "y.shift(-1)",
        "atm1",
        "norm_l1",
        "value__autocorrelation__lag_1",
        "value__c3__lag_2",
        "lag_mean_7",
    ],
)
def test_what_is_no_lag(name):
    assert lags_of([name]) == {}
    assert lags_of(["lag1", "lag2", name]) == {"": {1: 0, 2: 1}}


def test_a_single_lag_beside_others_is_none():
    assert lags_of(["lag1", "expanding_mean_lag1", "lag2"]) == {"": {1: 0, 2: 2}}
    assert lags_of(["a_lag_1", "a_lag_2", "b_lag_1"]) == {"a": {1: 0, 2: 1}}


def test_single_lags_are_lags_if_there_are_no_others():
    assert lags_of(["month", "lag_1"]) == {"": {1: 1}}
    assert lags_of(["a_lag_1", "b_lag_1", "c"]) == {"a": {1: 0}, "b": {1: 1}}
    assert lags_of(["y", "y_lag_1"]) == {"y": {0: 0, 1: 1}}


def test_the_target_without_a_name_is_first():
    assert list(lags_of(["a_lag1", "a_lag2", "lag1", "lag2"])) == ["", "a"]


def test_minus_means_earlier_and_then_plus_means_later():
    names = ["y_target_lag-2", "y_target_lag-1", "a_futcov_lag-1", "a_futcov_lag0", "a_futcov_lag1"]
    assert lags_of(names) == {"y_target": {2: 0, 1: 1}, "a_futcov": {1: 2, 0: 3, -1: 4}}


def test_a_column_with_the_name_of_a_channel_is_its_present_value_if_all_have_one():
    assert lags_of(["y", "y_lag_1", "y_lag_2"]) == {"y": {0: 0, 1: 1, 2: 2}}
    assert lags_of(["a", "y_lag_1", "a_lag_1", "y_lag_2", "a_lag_2"]) == {"y": {1: 1, 2: 3}, "a": {1: 2, 2: 4}}
    assert lags_of(["y(t-2)", "y(t-1)", "y(t)"]) == {"y": {2: 0, 1: 1, 0: 2}}


def test_the_present_value_has_the_name_of_time_alone():
    assert lags_of(["t-2", "t-1", "t"]) == {"": {2: 0, 1: 1, 0: 2}}
    assert lags_of(["lag_2", "lag_1", "t"]) == {"": {2: 0, 1: 1}}


def test_minus_means_earlier_only_where_lags_are_written_alike():
    assert lags_of(["y_lag-1", "y_lag-2", "x_lag_1", "x_lag_2"]) == {"y": {1: 0, 2: 1}, "x": {1: 2, 2: 3}}


def test_prefixes_are_left_out_unless_they_make_a_difference():
    assert lags_of(["num__x_lag_1", "num__x_lag_2", "num__lag_1", "num__lag_2", "remainder__month"]) == {
        "": {1: 2, 2: 3},
        "x": {1: 0, 2: 1},
    }
    assert lags_of(["a__lag_1", "a__lag_2", "b__lag_1", "b__lag_2"]) == {"a": {1: 0, 2: 1}, "b": {1: 2, 2: 3}}
    assert lags_of(["lag_1__y", "lag_2__y", "lag_1__x", "lag_2__x"]) == {"y": {1: 0, 2: 1}, "x": {1: 2, 2: 3}}
    assert lags_of(["lag_1__y", "lag_1__x"]) == {"y": {1: 0}, "x": {1: 1}}


def test_lags_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="'lag_1' and 'lag1' are the same lag"):
        lags_of(["lag_1", "lag_2", "lag1"])
    with pytest.raises(ValueError, match="'y_lag_2W' counts in W, but another lag of this channel in D"):
        lags_of(["y_lag_1D", "y_lag_2W"])
    with pytest.raises(ValueError, match="'x_lag_1W' counts in W, but lags of another channel in D"):
        lags_of(["y_lag_1D", "y_lag_2D", "x_lag_1W", "x_lag_2W"])
    assert lags_of(["y_lag_1D", "y_lag_2D", "x_lag_1", "x_lag_2"]) == {"y": {1: 0, 2: 1}, "x": {1: 2, 2: 3}}
    assert lags_of(["y_lag_1D", "y_lag_2D", "x_lag_1W"]) == {"y": {1: 0, 2: 1}}
