import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import TimeSeriesSplit

from sklstm import BacktestResult, Forecaster, LSTMRegressor, backtest, split_panel
from tests._forecasting.tools import forecaster, series, shuffled
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS", name="month")
SERIES = pd.Series(np.sin(np.arange(60) * np.pi / 6) + 0.1 * rng.normal(size=60), MONTHS, name="sales")
COLUMNS = pd.DataFrame({"known": rng.normal(size=60), "past": rng.normal(size=60)}, MONTHS)
RIDGE = Forecaster(Ridge(), window_length=4)
DIRECT = Forecaster(Ridge(), window_length=4, strategy="direct", steps=3, past_only=["past"])
LSTM = Forecaster(model(max_iter=20, tol=1e9, n_iter_no_change=1), window_length=4)
BARE = SERIES.to_frame()[[]]
PANEL = pd.concat({"a": SERIES, "b": SERIES[7:] * 50, "c": SERIES[:-9] + 3}, names=["shop", "month"])


def by_hand(forecaster, X, y, origins, steps, fit_at):
    """One fit and one forecast at a time, as (origin, step) -> value."""
    answers = {}
    for origin in origins:
        first = fit_at(origin)
        fitted = clone(forecaster).fit(X[:first], y[:first])
        if origin > first:
            fitted.update(X[first:origin], y[first:origin])
        for step, value in enumerate(fitted.predict(X[origin : origin + steps]), start=1):
            answers[y.index[origin - 1], step] = value
    return answers


@pytest.mark.parametrize(
    ("forecaster", "X"), [(RIDGE, BARE), (DIRECT, COLUMNS), (LSTM, BARE), (RIDGE, COLUMNS[["known"]])]
)
@pytest.mark.parametrize("refit", [True, False, 3])
def test_it_is_a_loop_of_fits_and_forecasts(forecaster, X, refit):
    steps, n_origins = 3, 8
    result = backtest(forecaster, X, SERIES, steps=steps, n_origins=n_origins, refit=refit)
    first = len(SERIES) - steps - n_origins + 1
    origins = range(first, first + n_origins)
    every = {True: 1, False: n_origins}.get(refit, refit)
    expected = by_hand(forecaster, X, SERIES, origins, steps, lambda o: first + (o - first) // every * every)
    frame = result.frame.set_index(["origin", "step"])
    assert list(frame.index) == list(expected)
    np.testing.assert_allclose(frame["forecast"], list(expected.values()), rtol=1e-4 if forecaster is LSTM else 1e-9)
    np.testing.assert_array_equal(frame["truth"], SERIES.loc[frame["time"]])


@pytest.mark.parametrize("X", [BARE, COLUMNS[["known"]]], ids=["bare", "known"])
@pytest.mark.parametrize("refit", [True, False, 3])
@pytest.mark.parametrize("lstm", [True, False])
def test_blocks_are_a_loop_of_fits_and_forecasts_too(lstm, X, refit):
    n_origins, forecaster = 8, clone(LSTM if lstm else RIDGE).set_params(steps=2)
    n_ahead = 4 if len(X.columns) else 3  # the known columns of whole blocks
    result = backtest(forecaster, X, SERIES, steps=3, n_origins=n_origins, refit=refit)
    first = len(SERIES) - n_ahead - n_origins + 1
    origins, every = range(first, first + n_origins), {True: 1, False: n_origins}.get(refit, refit)
    expected = by_hand(forecaster, X, SERIES, origins, n_ahead, lambda o: first + (o - first) // every * every)
    frame = result.frame.set_index(["origin", "step"])
    assert list(frame.index) == [where for where in expected if where[1] <= 3]
    wanted = [expected[where] for where in frame.index]
    np.testing.assert_allclose(frame["forecast"], wanted, rtol=1e-4 if lstm else 1e-9)


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize(
    ("forecaster", "X"),
    [
        (DIRECT, COLUMNS),
        (clone(RIDGE).set_params(steps=2), COLUMNS[["known"]]),
        (clone(LSTM).set_params(steps=2), BARE),
    ],
    ids=["direct", "ridge under auto", "lstm under auto"],
)
def test_nothing_after_an_origin_changes_its_forecasts(forecaster, X, refit):
    before = backtest(forecaster, X, SERIES, steps=3, n_origins=6, refit=refit, season=12).frame
    changed, columns = SERIES.copy(), X.copy()
    changed.iloc[-5:] += 100
    if "past" in columns:  # the known one is known
        columns.iloc[-5:, 1] += 100
    after = backtest(forecaster, columns, changed, steps=3, n_origins=6, refit=refit, season=12).frame
    early = before["origin"] <= MONTHS[-6]
    assert 0 < early.sum() < len(before)
    names = ["forecast", "naive", "scale"]
    pd.testing.assert_frame_equal(before.loc[early, names], after.loc[early, names])
    assert not np.allclose(before.loc[~early, "forecast"], after.loc[~early, "forecast"])


@pytest.mark.parametrize("refit", [True, False, 2])
def test_a_panel_is_scored_series_by_series(refit):
    result = backtest(RIDGE, None, PANEL, steps=4, cv=split_panel(PANEL, 3, 4), refit=refit, season=12)
    frame = result.frame
    assert list(frame.columns[:4]) == ["series", "origin", "step", "time"]
    for fold, (train, test) in enumerate(split_panel(PANEL, 3, 4)):
        y = PANEL.iloc[train]
        for shop in PANEL.iloc[test].index.unique(0):
            rows = frame[(frame["series"] == shop) & (frame["origin"] == y.loc[shop].index[-1])]
            np.testing.assert_array_equal(rows["truth"], PANEL.loc[shop].loc[rows["time"]])
            if refit is True:
                answers = clone(RIDGE).fit(None, y).forecast(4).loc[shop]
                np.testing.assert_allclose(rows["forecast"], answers.loc[rows["time"]], err_msg=f"{fold} {shop}")
    by_series = result.metrics_by("series")
    for shop in by_series.index:
        rows = frame[frame["series"] == shop]
        assert by_series.loc[shop, "mae"] == pytest.approx(mean_absolute_error(rows["truth"], rows["forecast"]))


def test_origins_of_a_panel_are_time_stamps():
    frame = backtest(RIDGE, None, PANEL, steps=4, n_origins=12).frame
    ends = frame.groupby("series")["origin"].agg(["min", "max"])
    assert ends.loc["a"].tolist() == ends.loc["b"].tolist() == [MONTHS[-16], MONTHS[-5]]
    assert ends.loc["c"].tolist() == [MONTHS[-16], MONTHS[-11]]  # it ends nine months earlier
    assert frame["time"].max() == MONTHS[-1]


def test_several_targets_and_missing_truths():
    y = pd.concat({"up": SERIES, "down": -SERIES}, axis=1)
    y.iloc[-2, 0] = np.nan
    frame = backtest(LSTM, None, y, steps=3, n_origins=2).frame
    assert list(frame.columns[:4]) == ["target", "origin", "step", "time"]
    assert frame["target"].value_counts().to_dict() == {"down": 6, "up": 4}
    assert frame["truth"].notna().all()


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_rows_that_cannot_be_forecast_are_told():
    y = SERIES.copy()
    y.iloc[-9] = np.nan  # in the window of four origins, for two steps each
    with pytest.warns(UserWarning, match="8 of 18 rows could not be forecast"):
        frame = backtest(RIDGE, None, y, steps=2, n_origins=10, refit=False).frame
    assert len(frame) == 10


def test_intervals_are_those_of_a_fit_and_are_scored():
    forecaster = Forecaster(LinearRegression(), window_length=4, intervals="conformal", calibration_size=25)
    result = backtest(forecaster, None, SERIES, steps=3, n_origins=4, refit=False, coverage=[0.5, 0.9])
    fitted = clone(forecaster).fit(None, SERIES[:54]).forecast(3, coverage=[0.5, 0.9])
    pd.testing.assert_frame_equal(
        result.frame.loc[:2, fitted.columns], fitted.reset_index(drop=True), check_exact=False
    )
    rows = result.frame
    inside = (rows["lower_50"] <= rows["truth"]) & (rows["truth"] <= rows["upper_50"])
    assert result.metrics["coverage_50"] == inside.mean()
    assert result.metrics["width_90"] == pytest.approx((rows["upper_90"] - rows["lower_90"]).mean())


def test_arrays_count_from_0(capsys):
    frame = backtest(RIDGE, None, SERIES.to_numpy(), steps=2, n_origins=3, verbose=1).frame
    assert frame["origin"].tolist() == [55, 55, 56, 56, 57, 57]
    assert frame["time"].tolist() == [56, 57, 57, 58, 58, 59]
    assert capsys.readouterr().out.count("backtest: ") == 3


def test_weights_reach_the_fit():
    weight = np.ones(60)
    weight[:30] = 0
    settings = {"steps": 1, "n_origins": 1}
    frame = backtest(RIDGE, None, SERIES, sample_weight=weight, **settings).frame
    fitted = clone(RIDGE).fit(None, SERIES[:59], weight[:59])
    assert frame.loc[0, "forecast"] == pytest.approx(fitted.forecast(1).iloc[0])
    assert frame.loc[0, "forecast"] != backtest(RIDGE, None, SERIES, **settings).frame.loc[0, "forecast"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "n_origins or cv"),
        ({"n_origins": 2, "cv": TimeSeriesSplit(2)}, "n_origins or cv"),
        ({"n_origins": 58}, "needs at least 62 rows"),
        ({"n_origins": 2, "coverage": 90}, "coverage must be a number"),
        ({"n_origins": 2, "coverage": 0.9}, "needs intervals"),
        ({"n_origins": 0}, "n_origins"),
        ({"n_origins": 2, "refit": 0}, "refit"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        backtest(RIDGE, None, SERIES, steps=3, **settings)


class Trained(Exception):
    """Raised by what is trained."""


class Untrained(Ridge):
    """What must not be trained, as something is wrong."""

    def fit(self, X, y, sample_weight=None):
        raise Trained


class Unleveled(LSTMRegressor):
    fit = Untrained.fit


def untrained(**settings):
    return Forecaster(Untrained(), window_length=4, **settings)


LATE = {"n_origins": None, "cv": [(np.arange(40), np.arange(40, 43)), (np.arange(45, 50), np.arange(50, 53))]}
NO_WEIGHT = "zero for every row|at least one non-zero"  # ours, or that of scikit-learn 1.9
FAULTS = {
    "no intervals": (untrained(), {"coverage": 0.5}, "needs intervals"),
    "coverages alike": (untrained(intervals="conformal"), {"coverage": [0.9, 0.9000001]}, "have the same column name"),
    "no steps": (untrained(strategy="direct"), {}, "needs steps"),
    "reach": (untrained(strategy="direct", steps=2), {}, "3 steps are asked for, .* is fitted with steps=2"),
    "auto and past-only": (
        untrained(past_only=["past"], steps=2),
        {"X": COLUMNS},
        r"is fitted with steps=2, and there are no forecasts of the past_only columns \['past'\]",
    ),
    "levels under auto": (
        Forecaster(Unleveled(loss="quantile", quantile=[0.1, 0.9]), steps=2),
        {"coverage": 0.8},
        "Intervals of 3 steps are asked for, .* of 2 steps at once",
    ),
    "past-only": (untrained(past_only=["past"]), {"X": COLUMNS}, "it reaches one step ahead"),
    "few errors": (
        untrained(intervals="conformal", calibration_size=10),
        {"coverage": 0.9},
        r"needs at least 9 errors of 3 steps .* give 8",
    ),
    "few errors with a sign": (
        untrained(intervals="bootstrap", calibration_size=18),
        {"coverage": 0.9},
        "needs at least 19 errors of 1 steps ahead, .* give 18",
    ),
    "missing truths": (
        untrained(intervals="conformal", calibration_size=12),
        {"coverage": 0.9, "y": SERIES.where(np.arange(60) % 3 > 0)},
        "needs at least 9 errors",
    ),
    "too many calibration rows": (
        untrained(intervals="conformal", calibration_size=59),
        {"coverage": 0.5},
        "At least 2 must be left",
    ),
    "few proper training rows": (
        untrained(intervals="conformal", calibration_size=51),
        {"coverage": 0.5},
        "leaves 4 rows to train on before the calibration rows, but window_length=4 needs at least 5",
    ),
    "levels": (
        Forecaster(Unleveled(loss="quantile", quantile=[0.1, 0.9]), strategy="direct", steps=3),
        {"coverage": 0.5},
        "needs the quantile 0.25",
    ),
    "steps": (untrained(), {"steps": "a"}, "steps"),
    "season": (untrained(), {"season": 0}, "season"),
    "hidden size": (Forecaster(LSTMRegressor(hidden_size=-3)), {}, "'hidden_size' parameter"),
    "window length": (untrained().set_params(window_length=0), {}, "'window_length' parameter"),
    "few weights": (untrained(), {"sample_weight": np.ones(40)}, r"sample_weight.shape == \(40,\), expected \(60,\)"),
    "many weights": (untrained(), {"sample_weight": np.ones(500)}, r"sample_weight.shape == \(500,\)"),
    "no weights": (
        untrained(),
        {"sample_weight": np.r_[np.zeros(57), 1, 1, 1]},
        NO_WEIGHT,
    ),
    "a later fold": (untrained(intervals="conformal", calibration_size=10), LATE, "takes 10 of 5 rows"),
    "a later fold of weights": (
        untrained(),
        LATE | {"sample_weight": np.r_[np.ones(45), np.zeros(15)]},
        NO_WEIGHT,
    ),
    "no truth": (untrained(), {"y": SERIES.where(np.arange(60) < 50)}, "every row of y that is to be forecast is NaN"),
    "gap": (untrained(), {"n_origins": None, "cv": TimeSeriesSplit(3, test_size=3, gap=3)}, "Choose a smaller gap, or"),
    "no pairs": (untrained(), {"n_origins": None, "cv": [np.arange(20)]}, "cv must give pairs .* Fold 0 fails"),
    "no folds": (untrained(), {"n_origins": None, "cv": []}, "cv gives no folds"),
    "no such rows": (untrained(), {"n_origins": None, "cv": [([1, 2], [60])]}, "among the 60 rows of y. Fold 1 fails"),
    "too many folds": (untrained(), {"n_origins": None, "cv": TimeSeriesSplit(99)}, "Fold 0 fails: .*folds=100"),
}


@pytest.mark.parametrize("refit", [True, False, np.False_])
@pytest.mark.parametrize("what", FAULTS)
def test_faults_are_found_before_anything_is_trained(what, refit):
    forecaster, given, message = FAULTS[what]
    if what.startswith("a later") and not refit:
        pytest.skip("only the first fold is trained on")
    given = {"X": None, "y": SERIES, "steps": 3, "n_origins": 3, "refit": refit} | given
    with pytest.raises(ValueError, match=message):
        backtest(forecaster, given.pop("X"), given.pop("y"), **given)


def test_what_is_not_wrong_is_trained():
    """The cases above would prove nothing where everything is refused."""
    for settings in ({}, {"intervals": "conformal", "calibration_size": 12}):
        with pytest.raises(Trained):
            backtest(untrained(**settings), None, SERIES, steps=3, n_origins=3, coverage=0.9 if settings else None)


TUPLES = [("a", 1), ("b", 2)]


@pytest.mark.parametrize("keys", [TUPLES, [True, False], [frozenset([1]), frozenset([2])], [1.5, 2.5]])
def test_keys_of_any_kind_name_their_series(keys):
    level = pd.Index(keys, tupleize_cols=False).repeat(60)
    y = pd.concat([SERIES, 2 * SERIES])
    y.index = pd.MultiIndex.from_arrays([level, y.index], names=["key", "month"])
    result = backtest(RIDGE, None, y, steps=2, n_origins=3, refit=False)
    assert result.frame["series"].tolist() == [key for key in keys for _ in range(6)]
    plain = backtest(RIDGE, None, pd.concat({0: SERIES, 1: 2 * SERIES}), steps=2, n_origins=3, refit=False)
    by_key, expected = result.metrics_by("series"), plain.metrics_by("series")
    for number, key in enumerate(keys):
        np.testing.assert_allclose(by_key[by_key.index == key], expected[expected.index == number])


@pytest.mark.parametrize("names", [TUPLES, [True, False], [None, "b"], [np.nan, "b"], [2020, "a"]])
def test_names_of_any_kind_name_their_targets(names):
    index = pd.MultiIndex.from_tuples(names) if names is TUPLES else names
    y = pd.concat([SERIES, 2 * SERIES], axis=1).set_axis(index, axis=1)
    result = backtest(RIDGE, None, y, steps=2, n_origins=3)
    expected = backtest(RIDGE, None, y.to_numpy(), steps=2, n_origins=3).metrics_by("target")
    by_target = result.metrics_by("target")
    assert len(by_target) == 2
    kept = [name if name == name else None for name in result.frame["target"]]
    assert set(kept) == {None if name != name else name for name in names}
    np.testing.assert_allclose(sorted(by_target["mae"]), sorted(expected["mae"]))


def test_the_season_is_kept_beside_the_table():
    assert backtest(RIDGE, None, SERIES, steps=2, n_origins=3).frame.attrs == {"season": 1}
    assert backtest(RIDGE, None, SERIES, steps=2, n_origins=3, season=np.uint8(12)).frame.attrs == {"season": 12}


def test_a_season_of_a_narrow_kind_is_the_same_number():
    given = [backtest(RIDGE, None, SERIES, steps=2, n_origins=3, season=season).frame for season in (12, np.uint8(12))]
    pd.testing.assert_frame_equal(*given)


def test_a_season_that_is_too_long_is_told():
    with pytest.warns(UserWarning, match="Choose a shorter season") as caught:
        frame = backtest(RIDGE, None, SERIES, steps=2, n_origins=3, season=10**12).frame
    assert frame["naive"].isna().all()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("frame", "error"), [({"a": 1}, TypeError), (SERIES.to_frame(), ValueError), (None, TypeError)]
)
def test_a_result_is_of_a_table_of_forecasts(frame, error):
    with pytest.raises(error, match=r"such as backtest\(\.\.\.\)\.frame"):
        BacktestResult(frame)


def test_the_forecaster_is_left_alone():
    forecaster = clone(RIDGE).fit(None, SERIES[:30])
    before = forecaster.forecast(3)
    backtest(forecaster, None, SERIES, steps=3, n_origins=2)
    pd.testing.assert_series_equal(forecaster.forecast(3), before)


def test_weights_are_those_of_their_rows():
    weight = pd.Series(np.linspace(0.1, 1, 60), MONTHS)
    settings = {"steps": 2, "n_origins": 3}
    expected = backtest(RIDGE, None, SERIES, sample_weight=weight.to_numpy(), **settings).frame
    shuffled = backtest(RIDGE, None, SERIES, sample_weight=weight.sample(frac=1, random_state=0), **settings).frame
    pd.testing.assert_frame_equal(shuffled, expected)
    with pytest.raises(ValueError, match="sample_weight"):
        backtest(RIDGE, None, SERIES, sample_weight=weight.set_axis(MONTHS + pd.DateOffset(years=9)), **settings)


def test_a_backtest_weighs_the_rows_that_the_index_names():
    _, y = series(40)
    weight = pd.Series(np.random.default_rng(2).uniform(size=len(y)), y.index)
    one, other = (
        backtest(forecaster(Ridge()), None, y, steps=2, n_origins=3, sample_weight=w)
        for w in (weight.to_numpy(), shuffled(weight))
    )
    pd.testing.assert_frame_equal(one.frame, other.frame)


def test_parameters_of_the_forecaster_are_checked_as_well():
    with pytest.raises(ValueError, match="'window_length' parameter"):
        backtest(Forecaster(Ridge(), window_length=0), None, SERIES, steps=2, n_origins=3)


@pytest.mark.parametrize("method", ["fit", "forecast"])
def test_a_subclass_whose_methods_would_be_passed_over_is_refused(method):
    same = type("Named", (Forecaster,), {})(Ridge(), window_length=3)
    other = type("Other", (Forecaster,), {method: lambda self, *args: self})(Ridge(), window_length=3)
    X, y = series(20)
    frame = backtest(same, X, y, steps=2, n_origins=3).frame
    pd.testing.assert_frame_equal(
        frame, backtest(Forecaster(Ridge(), window_length=3), X, y, steps=2, n_origins=3).frame
    )
    with pytest.raises(TypeError, match=rf"does not call Other\.{method}"):
        backtest(other, X, y, steps=2, n_origins=3)


def test_training_rows_that_are_few_are_those_before_the_first_origin():
    y = pd.Series(np.arange(60.0) ** 0.5)
    few = Forecaster(Ridge(), window_length=20)
    with pytest.raises(ValueError, match=r"y has at most 13\. .* Only the 13 rows .* choose fewer origins"):
        backtest(few, None, y, steps=3, n_origins=45)
    assert len(backtest(few, None, y, steps=3, n_origins=30).frame) == 90


@pytest.mark.parametrize(
    ("refit", "counts"), [(True, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (3, [3, 5]), (9, [5]), (False, [5])]
)
def test_the_origins_that_are_done_are_printed_after_each_fit(refit, counts, capsys):
    ridge = Forecaster(Ridge(), window_length=2)
    backtest(ridge, None, np.arange(20.0) ** 1.1, steps=2, n_origins=5, refit=refit, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" origins")[0] for line in lines] == [f"backtest: {n} of 5" for n in counts]
    backtest(ridge, None, np.arange(20.0) ** 1.1, steps=2, n_origins=5, refit=refit)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("refit", [True, 2, False])
@pytest.mark.parametrize("baseline", [None, "theta", "naive"])
def test_rows_before_the_training_rows_of_a_fold_are_not_read(baseline, refit):
    """What came before is not trained on; a baseline that had followed it would count the training rows twice."""
    f = Forecaster(Ridge(), window_length=8, strategy="recursive", season=None, log=None, baseline=baseline)
    cv = TimeSeriesSplit(3, test_size=4, max_train_size=20)

    def forecasts(y):
        return backtest(f, None, y, steps=4, cv=cv, refit=refit, season=1).frame

    changed, frame = SERIES.copy(), forecasts(SERIES)
    changed[:28] = 1e6
    np.testing.assert_array_equal(forecasts(changed)["forecast"], frame["forecast"])
    begin, end = len(SERIES) - 12 - 20, len(SERIES) - 12
    by_hand = clone(f).fit(None, SERIES[begin:end]).forecast(4)
    np.testing.assert_allclose(frame["forecast"][:4], by_hand, rtol=1e-10)
    if refit is False:
        by_hand = clone(f).fit(None, SERIES[begin:end]).update(None, SERIES[end : end + 4]).forecast(4)
        np.testing.assert_allclose(frame["forecast"][4:8], by_hand, rtol=1e-10)


@pytest.mark.filterwarnings("ignore:.*windows are left out")
def test_a_backtest_without_any_forecast_is_refused():
    y = SERIES.copy()
    y[-8:-4] = np.nan
    with pytest.raises(ValueError, match=r"none of 4 rows of y could be forecast.*window_length"):
        backtest(RIDGE, None, y, steps=4, n_origins=1)
