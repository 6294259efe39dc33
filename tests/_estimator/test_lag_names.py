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
        ("lag(y, {})", "y"),  # R
        ("dplyr::lag(y, n = {}L)", "y"),
        ("L(y, {})", "y"),  # dynlm
        ("y_{{t-{}}}", "y"),  # LaTeX
        ("t-{}_y", "y"),  # pandas: df.shift(1).add_prefix("t-1_")
        ("(t-{}) y", "y"),
        ("t-{}h", ""),
        ("y_t-{}D", "y"),
        ("lag{}.y", "y"),
        ("yLag{}", "y"),
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
        "lagged_count_1h",  # beside lagged_mean_24h, in an example of scikit-learn
        "L(y, -1)",
        "t-1.5",
        "lag1.5",
        "L.y",
        "y_t",
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


@pytest.mark.parametrize(
    "names",
    [
        ("y_lag", "y_lag2", "y_lag3"),
        ("y_lag", "y_lag_2", "y_lag_3"),
        ("y_prev", "y_prev_2", "y_prev_3"),
        ("y_shift", "y_shift2", "y_shift3"),
        ("L.y", "L2.y", "L3.y"),  # Stata
        ("y_lag", "y_lag-2", "y_lag-3"),
    ],
)
def test_a_name_without_a_number_is_lag_1_where_only_that_is_missing(names):
    assert lags_of(list(names)) == {"y": LAGS}
    assert lags_of([names[0], names[2]]) in ({"y": {3: 1}}, {"y": {-3: 1}}, {"y": {3: 1, 0: 0}})


def test_the_present_value_of_a_channel_beside_its_times():
    assert lags_of(["y_t", "y_t-1", "y_t-2", "a_t-1", "a_t-2"]) == {"y": {0: 0, 1: 1, 2: 2}, "a": {1: 3, 2: 4}}
    assert lags_of(["y_t", "y_lag_1", "y_lag_2"]) == {"y": {1: 1, 2: 2}}
    assert lags_of(["y_t", "y_t-0", "y_t-1"]) == {"y": {0: 1, 1: 2}}


def test_units_of_one_and_of_several_are_the_same():
    assert lags_of(["y_lag_1_day", "y_lag_2_days", "y_lag_3_days_ago"]) == {"y": LAGS}
    assert lags_of(["y(t-1 hour)", "y(t-2 hours)", "y(t-3 Hours)"]) == {"y": LAGS}
    assert lags_of(["lag_1_step", "lag_2_steps", "lag_3"]) == {"": LAGS}
    with pytest.raises(ValueError, match="'lag_1d' counts in d, but another lag of this channel in h"):
        lags_of(["lag_1h", "lag_2h", "lag_1d"])
    with pytest.raises(ValueError, match="'t-24h' counts in h, but another lag of this channel in rows"):
        lags_of(["t-1", "t-2", "t-24h"])


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
