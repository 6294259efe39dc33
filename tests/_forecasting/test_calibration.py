import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklstm import Forecaster
from sklstm._forecasting.calibration import calibration_split, check_coverage
from sklstm._forecasting.intervals import ErrorRequest
from sklstm._series.series import SeriesData

STRATEGIES = ["recursive", "multioutput", "direct", "auto"]
STEPS = 3


# ---- what is asked for


@pytest.mark.parametrize(
    ("given", "checked"),
    [(0.9, (0.9,)), (np.float32(0.5), (0.5,)), ([0.5, 0.9], (0.5, 0.9)), ((0.9, 0.5, 0.9), (0.9, 0.5))],
)
def test_coverages_become_a_tuple_without_repetitions(given, checked):
    assert check_coverage(given) == checked


@pytest.mark.parametrize("given", [0, 1, 90, -0.1, np.nan, [], [0.5, 1.0], [[0.5]], "high", ["a"], {0.5: 1}])
def test_what_is_no_share_is_refused(given):
    with pytest.raises(ValueError, match=r"coverage must be a number between 0 and 1, or a list of them; got"):
        check_coverage(given)


# ---- where the tail begins


def of_stamps(stamps):
    stamps = pd.Index(stamps)
    y = np.zeros((len(stamps), 1))
    return SeriesData(y, y[:, :0], y[:, :0], stamps, None, np.arange(len(stamps)))


@pytest.mark.parametrize(
    ("size", "n_rows", "n_head"),
    [(0.2, 10, 8), (0.25, 10, 7), (0.2, 11, 8), (3, 10, 7), (8, 10, 2), (1, 3, 2), (0.01, 10, 9), (np.int64(4), 9, 5)],
)
def test_the_tail_is_a_share_rounded_up_or_a_number(size, n_rows, n_head):
    assert calibration_split({None: of_stamps(range(n_rows))}, size) == {None: n_head}
    assert calibration_split({"a": of_stamps(range(n_rows))}, size) == {"a": n_head}


@pytest.mark.parametrize(("size", "n_rows"), [(9, 10), (10, 10), (99, 10), (0.9, 10), (1, 2), (0.2, 2)])
def test_two_rows_must_be_left(size, n_rows):
    for series in ({None: of_stamps(range(n_rows))}, {"a": of_stamps(range(n_rows)), "b": of_stamps([0])}):
        with pytest.raises(ValueError, match=rf"calibration_size={size} takes \d+ of {n_rows} rows. At least 2"):
            calibration_split(series, size)


def test_a_panel_is_cut_at_one_time_stamp():
    series = {
        "all along": of_stamps(range(20)),
        "ends early": of_stamps(range(10)),
        "begins late": of_stamps(range(17, 20)),
        "across": of_stamps(range(12, 18)),
        "begins with the tail": of_stamps([16, 17]),
    }
    assert calibration_split(series, 0.2) == {
        "all along": 16,
        "ends early": 10,
        "begins late": 0,
        "across": 4,
        "begins with the tail": 0,
    }


def test_dates_cut_a_panel_as_numbers_do():
    days = pd.date_range("2024-01-01", periods=20)
    series = {"a": of_stamps(days[:18]), "b": of_stamps(days[5:])}
    assert calibration_split(series, 5) == {"a": 15, "b": 10}


def test_a_panel_without_a_series_on_both_sides_of_the_cut_is_refused():
    series = {"a": of_stamps(range(40)), "b": of_stamps(range(45, 55))}
    with pytest.raises(ValueError, match=r"takes the last 10 of 50 times for calibration, but no series"):
        calibration_split(series, 0.2)
    assert calibration_split(series, 11) == {"a": 39, "b": 0}


# ---- errors


def forecaster(strategy, **settings):
    steps = None if strategy == "recursive" else STEPS
    # series of unlike size bring Ridge to run away
    settings = {"regressor": Ridge(), "window_length": 4, "calibration_size": 20, "clip_recursion": False, **settings}
    return Forecaster(strategy=strategy, steps=steps, intervals="conformal", **settings)


def errors_of(fitted, steps=STEPS):
    return fitted._fitted.batch_forecaster.intervals.errors.compute(steps)


def slow_errors(settings, X, y, n_head, steps=STEPS, work=lambda y: y):
    """Fitted on the head alone, told one row after another, and asked each time."""
    head = settings.set_params(intervals=None).fit(None if X is None else X[:n_head], y[:n_head])
    errors, n_known = np.full((len(y) - n_head, steps, y.shape[1] if y.ndim == 2 else 1), np.nan), 0
    needs = steps if settings.steps is None else settings.steps
    for row, origin in enumerate(range(n_head, len(y))):
        if origin > n_head:
            head.update(None if X is None else X[origin - 1 : origin], y[origin - 1 : origin])
        here = min(steps, len(y) - origin)
        if X is not None and len(y) - origin < needs:
            if settings.steps is not None:
                continue  # reads known columns that are not there
            needs = here
        answers = head.forecast(here, None if X is None else X[origin:]).to_numpy().reshape(here, -1)
        truth = np.asarray(y[origin : origin + here]).reshape(here, -1)
        errors[row, :here] = work(truth) - work(answers)
        n_known += 1
    assert n_known
    return errors


@pytest.fixture
def walk():
    return 100 + np.random.default_rng(0).normal(size=80).cumsum()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("columns", [0, 2])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_errors_are_those_of_forecasts_one_at_a_time(walk, strategy, columns, n_targets):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, columns)) if columns else None
    y = walk if n_targets == 1 else np.column_stack((walk, rng.normal(size=80)))
    if columns:
        y = y + (X[:, 0] if n_targets == 1 else X)
    expected = slow_errors(forecaster(strategy), X, y, 60)
    np.testing.assert_allclose(errors_of(forecaster(strategy).fit(X, y)), expected, atol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_errors_of_a_transformed_target_are_in_its_units(walk, strategy):
    log = FunctionTransformer(np.log, np.exp)
    expected = slow_errors(forecaster(strategy, target_transformer=log), None, walk, 60, work=np.log)
    fitted = forecaster(strategy, target_transformer=log).fit(None, walk)
    np.testing.assert_allclose(errors_of(fitted), expected, atol=1e-9)


def test_errors_are_in_the_units_of_the_last_fit(walk):
    """The head has been standardised by itself."""
    expected = slow_errors(forecaster("recursive", target_transformer=StandardScaler()), None, walk, 60)
    fitted = forecaster("recursive", target_transformer=StandardScaler()).fit(None, walk)
    np.testing.assert_allclose(errors_of(fitted), expected / walk.std(), atol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_missing_truths_have_no_error_and_missing_windows_none_either(walk, strategy):
    walk[[30, 65, 72]] = np.nan
    regressor = DecisionTreeRegressor(min_samples_leaf=2, random_state=0)
    expected = slow_errors(forecaster(strategy, regressor=regressor), None, walk, 60)
    errors = errors_of(forecaster(strategy, regressor=regressor).fit(None, walk))
    np.testing.assert_allclose(errors, expected, atol=1e-9)
    assert np.isnan(errors[5, 0])
    assert np.isnan(errors[4, 1])
    complete = forecaster(strategy)
    with pytest.warns(UserWarning, match="windows are left out"):
        errors = errors_of(complete.fit(None, walk))
    assert np.isnan(errors[6:10]).all()  # row 65 is in the windows of the origins 66 to 69


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_tail_is_not_learnt_from(walk, strategy):
    """Other values from some row of the tail on change no error before it, and no model of the head."""
    fitted = forecaster(strategy).fit(None, walk)
    walk[70:] = 0
    changed = forecaster(strategy).fit(None, walk)
    one, other = fitted._fitted.batch_forecaster.intervals.errors, changed._fitted.batch_forecaster.intervals.errors
    regressors = (errors.forecaster.regressor_set.regressors for errors in (one, other))
    for before, after in zip(*regressors, strict=True):
        np.testing.assert_array_equal(before.coef_, after.coef_)
    for step in range(STEPS):
        np.testing.assert_array_equal(one.compute(STEPS)[: 10 - step, step], other.compute(STEPS)[: 10 - step, step])
    assert not np.allclose(one.compute(STEPS)[10, 0], other.compute(STEPS)[10, 0])
    for before, after in zip(fitted.regressors_, changed.regressors_, strict=True):
        assert not np.array_equal(before.coef_, after.coef_)  # that of all rows is another


def test_weights_of_the_head_count(walk):
    weight = np.random.default_rng(0).random(80)
    fitted = forecaster("recursive").fit(None, walk, weight)
    head = Forecaster(Ridge(), window_length=4).fit(None, walk[:60], weight[:60])
    regressor = fitted._fitted.batch_forecaster.intervals.errors.forecaster.regressor_set.regressors[0]
    np.testing.assert_array_equal(regressor.coef_, head.regressors_[0].coef_)


def uneven_panel():
    """Series of different lengths and sizes; "late" has nothing before the tail, "early" nothing in it."""
    rng = np.random.default_rng(2)
    spans = {"long": (0, 60, 1.0), "early": (0, 35, 10.0), "late": (55, 5, 1.0), "large": (20, 40, 1000.0)}
    return pd.concat(
        {k: pd.Series(size * rng.normal(size=n).cumsum(), index=range(a, a + n)) for k, (a, n, size) in spans.items()}
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("transformer", [None, StandardScaler()])
def test_errors_of_a_panel_are_relative_to_the_changes_before_the_cut(strategy, transformer):
    y = uneven_panel()
    settings = forecaster(strategy, calibration_size=15, target_transformer=transformer)
    before = y[y.index.get_level_values(1) < 45]
    fitted = forecaster(strategy, calibration_size=15, target_transformer=transformer).fit(None, y)
    head = settings.set_params(intervals=None).fit(None, before)
    expected = []
    for key in ("long", "large"):
        series, size = y.loc[key], np.abs(np.diff(before.loc[key])).mean()
        of_series = np.full((15, STEPS), np.nan)
        for row, origin in enumerate(range(45, 60)):
            history = pd.concat({key: series[series.index < origin]})
            truth = series[series.index >= origin][:STEPS].to_numpy()
            answers = head.forecast(STEPS, history=history).to_numpy()[: len(truth)]
            of_series[row, : len(truth)] = (truth - answers) / size
        expected.append(of_series)
    np.testing.assert_allclose(errors_of(fitted)[..., 0], np.concatenate(expected), atol=1e-9)


def test_rows_of_a_panel_may_come_in_any_order_of_series():
    y = uneven_panel()
    mixed = y.sort_index(level=1, kind="stable")
    one, other = (forecaster("recursive", calibration_size=15).fit(None, series) for series in (y, mixed))
    np.testing.assert_allclose(np.sort(errors_of(one), axis=0), np.sort(errors_of(other), axis=0), atol=1e-9)


# ---- whether they are enough


ABSOLUTE = [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), ([0.5, 0.9], 9)]
SIGNED = [(0.5, 3), (0.8, 9), (0.9, 19), ([0.5, 0.9], 19)]  # each end takes its share of them


@pytest.mark.parametrize(
    ("intervals", "coverage", "needed"),
    [("conformal", *case) for case in ABSOLUTE] + [("bootstrap", *case) for case in SIGNED],
)
def test_as_many_errors_as_the_message_says_are_enough(walk, intervals, coverage, needed):
    """A tail of n rows has n - 2 errors three steps ahead; paths whose steps are fed back take those of one step."""
    steps = STEPS if intervals == "conformal" else 1
    settings = {"intervals": intervals, "window_length": 4}
    enough = Forecaster(Ridge(), calibration_size=needed + steps - 1, **settings).fit(None, walk)
    assert (enough.forecast(STEPS, coverage=coverage).iloc[:, 1] > 0).all()
    if needed + steps > 2:
        few = Forecaster(Ridge(), calibration_size=needed + steps - 2, **settings).fit(None, walk)
        with pytest.raises(
            ValueError, match=rf"needs at least {needed} errors of {steps} steps .* give {needed - 1}\."
        ):
            few.forecast(STEPS, coverage=coverage)


def test_rows_in_which_something_is_missing_do_not_count_together(walk):
    """With a hole in every third row, no origin has the errors of three steps, though each step has many."""
    walk[::3] = np.nan
    settings = {"strategy": "direct", "regressor": DecisionTreeRegressor(), "calibration_size": 30}
    errors = forecaster(**settings).fit(None, walk)._fitted.batch_forecaster.intervals.errors
    assert (~np.isnan(errors.enough(ErrorRequest(STEPS, [0.9])))).sum(axis=0).min() >= 9
    with pytest.raises(ValueError, match=r"needs at least 9 errors of 3 steps ahead, .* give 0\."):
        errors.enough(ErrorRequest(STEPS, [0.9], together=True))
    assert len(errors.enough(ErrorRequest(2, [0.5], together=True))) == 9  # origins 52, 55, … 76


@pytest.mark.parametrize("coverage", [[0.9, 0.9000001], [0.5, 0.9, 0.90000000001], 0.9999999])
def test_coverages_that_would_have_one_name_are_refused(coverage):
    with pytest.raises(ValueError, match="have the same column name"):
        check_coverage(coverage)


def test_coverages_with_names_of_their_own_are_kept():
    assert check_coverage([0.9, 0.90001, 0.9, 0.999999]) == (0.9, 0.90001, 0.999999)


@pytest.mark.parametrize("given", [0.0, 1.0, -0.1, [], [0.5, 1.0], [[0.5]], "much", None, np.nan])
def test_a_coverage_is_a_share(given):
    with pytest.raises(ValueError, match=r"coverage must be a number between 0 and 1, or a list of them"):
        check_coverage(given)


def test_coverages_are_told_apart_by_their_names():
    assert check_coverage(0.9) == (0.9,)
    assert check_coverage([0.5, 0.9, 0.5]) == (0.5, 0.9)
    for same in ([0.9, 0.9 + 1e-9], 1 - 1e-9):
        with pytest.raises(ValueError, match="have the same column name"):
            check_coverage(same)


@pytest.mark.parametrize(("size", "n_proper"), [(1, 9), (8, 2), (0.01, 9), (0.25, 7), (0.8, 2)])
def test_two_rows_at_least_are_left_to_train_on(size, n_proper):
    assert calibration_split(rows_from({None: range(10)}), size) == {None: n_proper}
    for wrong in (0, 9, 0.81, -1):
        with pytest.raises(ValueError, match=r"of 10 rows\. At least 2 must be left"):
            calibration_split(rows_from({None: range(10)}), wrong)


def test_calibration_rows_begin_at_one_time_in_all_series():
    panel = rows_from({"a": range(10), "b": range(5, 12), "late": range(9, 12), "early": range(3)})
    assert calibration_split(panel, 4) == {"a": 8, "b": 3, "late": 0, "early": 3}
    with pytest.raises(ValueError, match="takes the last 5 of 10 times"):
        calibration_split(rows_from({"a": range(5), "b": range(5, 10)}), 5)


def rows_from(stamps):
    """Series of nothing, with integers as time stamps, by key."""
    return {
        key: SeriesData(*np.zeros((3, len(rows), 0)), pd.RangeIndex(rows.start, rows.stop), None, np.arange(len(rows)))
        for key, rows in stamps.items()
    }
