from math import ceil

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklstm import Forecaster, LSTMRegressor
from sklstm._forecasting.intervals import N_PATHS, conformal_radii, n_needed, path_quantiles
from tests._forecasting.tools import PLAIN, Recorder, forecaster, series
from tests.tools import fit, model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STRATEGIES = ["recursive", "multioutput", "direct", "auto"]
STEPS = 3


@pytest.fixture
def walk():
    return 100 + np.random.default_rng(0).normal(size=80).cumsum()


def fitted(y, strategy="recursive", intervals="conformal", X=None, **settings):
    steps = None if strategy == "recursive" else STEPS
    settings = {"regressor": Ridge(), "window_length": 4, "calibration_size": 20, **settings}
    return fit(Forecaster(strategy=strategy, steps=steps, intervals=intervals, **settings), X, y)


def panel():
    rng = np.random.default_rng(2)
    return pd.concat({k: pd.Series(size * rng.normal(size=60).cumsum()) for k, size in [("a", 1.0), ("b", 1e3)]})


# ---- conformal


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_interval_is_as_wide_as_the_errors_of_its_step(walk, strategy):
    y = np.column_stack((walk, walk[::-1]))
    forecaster = fitted(y, strategy)
    frame = forecaster.forecast(STEPS, coverage=[0.5, 0.9])
    radii = conformal_radii(forecaster._fitted.batch_forecaster.intervals.errors.compute(STEPS), [0.5, 0.9])
    for target in range(2):
        for c, name in enumerate(("50", "90")):
            point = frame[target, "forecast"]
            np.testing.assert_allclose(frame[target, f"upper_{name}"] - point, radii[:, target, c])
            np.testing.assert_allclose(point - frame[target, f"lower_{name}"], radii[:, target, c])


def test_intervals_of_a_panel_are_in_proportion_to_the_mean_change_of_all_its_rows():
    y = panel()
    forecaster = fitted(y, clip_recursion=False)  # series of unlike size bring Ridge to run away
    frame = forecaster.forecast(STEPS, coverage=0.9)
    radii = conformal_radii(forecaster._fitted.batch_forecaster.intervals.errors.compute(STEPS), [0.9])[:, 0, 0]
    for key in "ab":
        size = np.abs(np.diff(y.loc[key])).mean()
        np.testing.assert_allclose((frame["upper_90"] - frame["forecast"]).loc[key], radii * size)


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_a_transformer_that_falls_turns_no_interval_round(walk, intervals):
    down = FunctionTransformer(np.negative, np.negative)
    frame = fitted(walk, intervals=intervals, target_transformer=down).forecast(STEPS, coverage=[0.5, 0.9])
    ordered = frame[["lower_90", "lower_50", "forecast", "upper_50", "upper_90"]].to_numpy()
    assert (np.diff(ordered, axis=1) > 0).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_errors_in_sample_do_not_count(walk, strategy, intervals):
    """The nearest neighbour makes none."""
    forecaster = fitted(walk, strategy, intervals, regressor=KNeighborsRegressor(1))
    assert (forecaster.residuals_.to_numpy()[4 : 80 - STEPS] == 0).all()
    frame = forecaster.forecast(STEPS, coverage=0.8)
    assert (frame["upper_80"] - frame["lower_80"] > 1).all()


# ---- sample paths


def share_of(coverage, n_errors):
    return coverage * (n_errors + 1) / (n_errors - 1)


@pytest.mark.parametrize("transformer", [None, FunctionTransformer(np.log, np.exp)])
def test_paths_that_are_fed_back_are_those_of_a_slow_loop(walk, transformer):
    forecaster = fitted(walk, intervals="bootstrap", target_transformer=transformer)
    work, back = (lambda v: v, lambda v: v) if transformer is None else (np.log, np.exp)
    bands = forecaster._fitted.batch_forecaster.intervals
    errors, rng = bands.errors.compute(1)[:, 0, 0], np.random.default_rng(bands.seed)
    errors = errors - errors.mean()  # what is wrong on average would be a drift
    drawn = [rng.integers(len(errors), size=N_PATHS) for _ in range(STEPS)]
    paths = np.empty((N_PATHS, STEPS))
    for path in range(N_PATHS):
        history = list(work(walk[-4:]))
        for step in range(STEPS):
            answer = forecaster.regressors_[0].predict([history[-4:]])[0] + errors[drawn[step][path]]
            history.append(answer)
            paths[path, step] = answer
    share = share_of(0.8, 20)
    expected = back(np.quantile(paths, [(1 - share) / 2, (1 + share) / 2], axis=0))
    frame = forecaster.forecast(STEPS, coverage=0.8)
    np.testing.assert_allclose(frame[["lower_80", "upper_80"]].to_numpy().T, expected, rtol=1e-9)


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
def test_otherwise_the_errors_of_all_steps_of_one_origin_are_drawn_together(walk, strategy):
    forecaster = fitted(walk, strategy, "bootstrap")
    bands = forecaster._fitted.batch_forecaster.intervals
    errors = bands.errors.compute(STEPS)[: 20 - STEPS + 1, :, 0]  # the last origins do not know all steps
    drawn = (errors - errors.mean(axis=0))[np.random.default_rng(bands.seed).integers(len(errors), size=N_PATHS)]
    frame = forecaster.forecast(STEPS, coverage=0.8)
    share = share_of(0.8, len(errors))
    expected = frame["forecast"].to_numpy() + np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2], axis=0)
    np.testing.assert_allclose(frame[["lower_80", "upper_80"]].to_numpy().T, expected)


def test_beyond_steps_each_block_of_a_path_gets_the_errors_of_one_origin_and_is_fed_back(walk):
    forecaster = fitted(walk, "auto", "bootstrap")
    bands, steps = forecaster._fitted.batch_forecaster.intervals, 2 * STEPS + 1
    errors = bands.errors.compute(STEPS)[: 20 - STEPS + 1, :, 0]  # the last origins do not know all steps
    errors, rng = errors - errors.mean(axis=0), np.random.default_rng(bands.seed)
    drawn = [rng.integers(len(errors), size=N_PATHS) for _ in range(3)]
    paths = np.empty((N_PATHS, steps))
    for path in range(N_PATHS):
        history = list(walk[-4:])
        for block in range(3):
            answer = forecaster.regressors_[0].predict([history[-4:]])[0] + errors[drawn[block][path]]
            history += answer.tolist()
        paths[path] = history[4:][:steps]
    share = share_of(0.8, len(errors))
    frame = forecaster.forecast(steps, coverage=0.8)
    expected = np.quantile(paths, [(1 - share) / 2, (1 + share) / 2], axis=0)
    np.testing.assert_allclose(frame[["lower_80", "upper_80"]].to_numpy().T, expected, rtol=1e-9)
    first = forecaster.forecast(STEPS, coverage=0.8).to_numpy()
    np.testing.assert_allclose(frame.to_numpy()[:STEPS], first, rtol=1e-9)


def test_conformal_intervals_beyond_steps_need_enough_errors_of_those_steps(walk):
    forecaster = fitted(walk, "auto")
    frame = forecaster.forecast(2 * STEPS, coverage=0.8)
    radii = conformal_radii(forecaster._fitted.batch_forecaster.intervals.errors.compute(2 * STEPS), [0.8])
    np.testing.assert_allclose(frame["upper_80"] - frame["forecast"], radii[:, 0, 0])
    with pytest.raises(ValueError, match=r"needs at least 4 errors of 18 steps ahead, .* give 3\. Set a larger"):
        forecaster.forecast(18, coverage=0.8)
    assert len(fitted(walk, "auto", calibration_size=30).forecast(18, coverage=0.8)) == 18


def test_quantiles_reach_as_far_as_they_are_predicted(walk):
    settings = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9], "max_iter": 2}
    forecaster = fitted(walk, "auto", None, regressor=model(**settings))
    assert len(forecaster.forecast(STEPS, coverage=0.8)) == STEPS
    assert len(forecaster.forecast(STEPS + 1)) == STEPS + 1
    with pytest.raises(ValueError, match=rf"of {STEPS + 1} steps .* quantiles of {STEPS} steps at once, and quantiles"):
        forecaster.forecast(STEPS + 1, coverage=0.8)
    for other in (
        {"strategy": "multioutput", "steps": STEPS + 1},
        {"intervals": "conformal"},
        {"intervals": "bootstrap"},
    ):
        changed = fit(clone(forecaster).set_params(**other), None, walk)
        assert len(changed.forecast(STEPS + 1, coverage=0.8)) == STEPS + 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_paths_of_a_panel_are_in_proportion_to_its_series(strategy):
    """Two series that are alike but for their size, and a regressor that does not mind it."""
    walk = np.random.default_rng(2).normal(size=60).cumsum()
    y = pd.concat({"a": pd.Series(walk), "b": pd.Series(1000 * walk)})
    forecaster = fitted(y, strategy, "bootstrap", regressor=Ridge(alpha=1e-12, fit_intercept=False))
    frame = forecaster.forecast(STEPS, coverage=0.8)
    widths = frame["upper_80"] - frame["lower_80"]
    np.testing.assert_allclose(widths.loc["b"] / widths.loc["a"], 1000, rtol=0.2)  # drawn for each


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_paths_have_the_centre_that_was_taken_off_in_float32(walk, strategy):
    wide, narrow = (
        fitted(walk, strategy, "bootstrap", regressor=Ridge(random_state=0), dtype=dtype).forecast(STEPS, coverage=0.8)
        for dtype in ("float64", "float32")
    )
    np.testing.assert_allclose(narrow, wide, rtol=1e-4)


def test_known_columns_are_read_along_the_paths(walk):
    """Columns that decide all leave errors of nothing."""
    X = np.random.default_rng(1).normal(size=(90, 2))
    y = X.sum(axis=1)
    forecaster = fitted(y[:80], intervals="bootstrap", X=X[:80], regressor=Ridge(alpha=1e-9))
    frame = forecaster.forecast(10, X[80:], coverage=0.8)
    np.testing.assert_allclose(frame, np.repeat(y[80:, np.newaxis], 3, axis=1), atol=1e-5)


def test_skewed_errors_have_skewed_intervals():
    y = np.random.default_rng(0).exponential(size=1500)
    settings = {"window_length": 1, "calibration_size": 1000, "regressor": Ridge(alpha=1e9)}
    skewed, even = (
        fitted(y, intervals=intervals, **settings).forecast(1, coverage=0.9)[["lower_90", "upper_90"]].to_numpy()[0]
        for intervals in ("bootstrap", "conformal")
    )
    np.testing.assert_allclose(skewed, -np.log([0.95, 0.05]), atol=0.4)
    assert skewed[0] > -0.05
    assert even[0] < -0.1


def test_what_is_drawn_is_decided_by_the_regressors_random_state(walk):
    def interval(regressor):
        forecaster = fitted(walk, intervals="bootstrap", regressor=regressor)
        frames = [forecaster.forecast(STEPS, coverage=0.8) for _ in range(2)]
        pd.testing.assert_frame_equal(*frames)  # asked again, the same
        return frames[0]["lower_80"].to_numpy()

    settings = {"max_depth": 2, "max_features": 1.0}
    seeds = [0, 0, 1]
    one, again, other = (interval(Ridge(random_state=seed)) for seed in seeds)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(*(interval(make_pipeline(StandardScaler(), Ridge())) for _ in range(2)))
    state = np.random.RandomState(3)
    one, again = (interval(DecisionTreeRegressor(random_state=state, **settings)) for _ in range(2))
    np.testing.assert_array_equal(one, again)  # the user's generator is left alone


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_origin_that_cannot_be_read_has_no_interval(walk, strategy, intervals):
    engine = fitted(walk, strategy, intervals)._fitted.batch_forecaster
    series = fitted(walk, strategy, intervals)._history[None].whole
    series.y[40] = np.nan
    answers = engine.forecast({None: series}, {None: np.array([40, 42, 45])}, STEPS, (0.5, 0.8))[None]
    assert answers.shape == (3, STEPS, 1, 5)
    assert np.isnan(answers[1]).all()
    assert np.isfinite(answers[[0, 2]]).all()


# ---- levels of a quantile loss


def quantile_lstm(quantile=(0.05, 0.25, 0.5, 0.75, 0.95), **settings):
    return LSTMRegressor(3, max_iter=3, loss="quantile", quantile=list(quantile), random_state=0, **settings)


def last_window(y):
    """Of the last four rows, as they are in float64."""
    return np.asarray(y, dtype=np.float64)[-4:].reshape(1, 4, -1)


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
@pytest.mark.parametrize("transformer", [None, FunctionTransformer(np.log, np.exp)])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_the_ends_are_what_the_regressors_predict(walk, strategy, transformer, n_targets):
    y = walk if n_targets == 1 else np.column_stack((walk, walk[::-1]))
    work, back = (lambda v: v, lambda v: v) if transformer is None else (np.log, np.exp)
    settings = {"regressor": quantile_lstm(), "target_transformer": transformer, "dtype": "float64", **PLAIN}
    forecaster = fitted(y, strategy, None, **settings)
    levels = [r.predict_quantiles(last_window(work(y))).reshape(-1, n_targets, 5) for r in forecaster.regressors_]
    levels = back(np.concatenate(levels))
    frame = forecaster.forecast(STEPS, coverage=[0.5, 0.9])
    ends = frame.to_numpy().reshape(STEPS, n_targets, 5)
    np.testing.assert_allclose(ends, levels[..., [2, 1, 3, 0, 4]], rtol=1e-6)


def test_the_centre_is_put_back_to_the_levels(walk):
    settings = {"regressor": quantile_lstm(), "strategy": "multioutput", "intervals": None}
    narrow, wide = (fitted(walk, dtype=dtype, **settings).forecast(STEPS, coverage=0.9) for dtype in (None, "float64"))
    np.testing.assert_allclose(narrow, wide, atol=0.5)  # of about 100
    assert (narrow > 90).all(axis=None)


def test_levels_of_a_panel_are_each_series_own():
    """One series is a thousand times larger, so each is centred and divided by its size, in float64 too."""
    y = panel()
    regressor = quantile_lstm(instance_norm="standard")
    forecaster = fitted(y, "multioutput", None, regressor=regressor, dtype="float64", **PLAIN)
    frame = forecaster.forecast(STEPS, coverage=0.9)
    for key in "ab":
        part = y.loc[key]
        size = (part - part.median()).abs().loc[lambda distance: distance > 0].quantile(0.9)
        levels = forecaster.regressors_[0].predict_quantiles(last_window((part - part.mean()) / size))
        levels = levels * size + part.mean()
        np.testing.assert_allclose(frame.loc[key, ["lower_90", "upper_90"]], levels[0][:, [0, -1]], rtol=1e-6)


@pytest.mark.parametrize(("coverage", "level"), [(0.8, "0.1"), ([0.9, 0.6], "0.2"), (0.99, "0.005")])
def test_a_level_that_was_not_fitted_is_named(walk, coverage, level):
    forecaster = fitted(walk, "multioutput", None, regressor=quantile_lstm())
    with pytest.raises(
        ValueError, match=rf"needs the quantile {level}, but .* quantile=\[0.05, 0.25, 0.5, 0.75, 0.95\]"
    ):
        forecaster.forecast(STEPS, coverage=coverage)


def test_levels_on_one_side_do_for_no_interval(walk):
    forecaster = fitted(walk, "multioutput", None, regressor=quantile_lstm([0.1, 0.5]))
    with pytest.raises(ValueError, match=r"coverage=0.8 needs the quantile 0.9"):
        forecaster.forecast(STEPS, coverage=0.8)


def test_levels_by_arithmetic_are_found_whatever_the_rounding(walk):
    forecaster = fitted(walk, "multioutput", None, regressor=quantile_lstm([0.3 / 2, 1 - 0.15]))
    frame = forecaster.forecast(STEPS, coverage=0.7)
    assert (frame["lower_70"] <= frame["upper_70"]).all()


def test_intervals_that_are_asked_for_come_before_levels(walk):
    forecaster = fitted(walk, "multioutput", "conformal", regressor=quantile_lstm(), log=None)
    frame = forecaster.forecast(STEPS, coverage=0.8)  # no such level
    np.testing.assert_allclose(frame["upper_80"] - frame["forecast"], frame["forecast"] - frame["lower_80"])


def test_a_recursive_forecast_has_no_levels_to_give(walk):
    forecaster = fitted(walk, "recursive", None, regressor=quantile_lstm())
    with pytest.raises(ValueError, match="needs intervals"):
        forecaster.forecast(STEPS, coverage=0.9)


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_intervals_of_a_series_do_not_depend_on_what_else_is_forecast(strategy):
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=60)
    panel = pd.concat({key: pd.Series(rng.normal(size=60), days) for key in "abc"})
    settings = {"window_length": 3, "intervals": "bootstrap", "strategy": strategy, "steps": 2}
    f = Forecaster(Ridge(), **settings).fit(None, panel)
    together = f.forecast(2, coverage=0.8)
    for keys in (["b"], ["c", "b"]):
        some = f.forecast(2, history=pd.concat([panel.loc[[key]] for key in keys]), coverage=0.8)
        pd.testing.assert_frame_equal(some.loc["b"], together.loc["b"], rtol=1e-9, check_freq=False)
    assert together.loc["a"].ne(together.loc["b"]).all(axis=None)


# with the fraction that each means exactly
COVERAGES = {
    **{0.1: (1, 10), 0.25: (1, 4), 1 / 3: (1, 3), 0.5: (1, 2), 0.6: (3, 5), 2 / 3: (2, 3), 0.7: (7, 10)},
    # times 100 more than a whole number, in floating point
    **{0.07: (7, 100), 0.28: (7, 25), 0.55: (11, 20), 0.56: (14, 25)},
    **{0.75: (3, 4), 0.8: (4, 5), 0.9: (9, 10), 0.95: (19, 20), 0.975: (39, 40), 0.99: (99, 100)},
}


def exact_rank(n, p, q):
    """ceil((n + 1) p / q) in whole numbers."""
    return -(-(n + 1) * p // q)


# ---- formulas


@pytest.mark.parametrize("coverage", COVERAGES)
def test_the_errors_needed_are_the_fewest_whose_rank_exists(coverage):
    enough = [n for n in range(1, 200) if exact_rank(n, *COVERAGES[coverage]) <= n]
    assert n_needed(coverage) == enough[0]


def test_a_radius_is_the_error_of_its_rank():
    """Of 1, 2, … n in any order, the rank itself; wherever (n + 1) c is whole it must not be rounded up."""
    for n in range(1, 102):
        errors = np.random.default_rng(n).permutation(n) + 1.0
        errors *= np.where(np.arange(n) % 2, -1, 1)
        possible = [c for c in COVERAGES if n_needed(c) <= n]
        radii = conformal_radii(errors.reshape(n, 1, 1), possible)
        assert radii[0, 0].tolist() == [exact_rank(n, *COVERAGES[c]) for c in possible], n


def test_radii_are_those_of_a_slow_sort_where_errors_are_missing():
    rng = np.random.default_rng(0)
    errors, coverages = rng.normal(size=(60, 4, 3)), [0.5, 0.8, 0.9]
    errors[rng.random(errors.shape) < 0.3] = np.nan
    radii = conformal_radii(errors, coverages)
    assert radii.shape == (4, 3, 3)
    for step in range(4):
        for target in range(3):
            known = sorted(abs(e) for e in errors[:, step, target] if e == e)
            expected = [known[ceil((len(known) + 1) * c) - 1] for c in coverages]
            np.testing.assert_array_equal(radii[step, target], expected)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("n", [9, 10, 29])
def test_exchangeable_errors_are_held_with_the_probability_promised(n, coverage):
    """Over all ways in which n + 1 errors can come last: at least c of them, and no more than 1 / (n + 1) above."""
    errors = np.random.default_rng(n).normal(size=n + 1)
    held = [
        abs(errors[last]) <= conformal_radii(np.delete(errors, last).reshape(n, 1, 1), [coverage])[0, 0, 0]
        for last in range(n + 1)
    ]
    assert coverage <= np.mean(held) < coverage + 1 / (n + 1)


def test_path_quantiles_have_the_middle_share_of_many_paths():
    paths = np.random.default_rng(0).permuted(np.arange(1001.0)[:, np.newaxis, np.newaxis] * np.ones((2, 3)), axis=0)
    lower, upper = path_quantiles(paths, [0.5, 0.9], n_errors=10**9)
    assert lower.shape == upper.shape == (2, 3, 2)
    np.testing.assert_allclose(lower, np.broadcast_to([250, 50], (2, 3, 2)), atol=1e-4)
    np.testing.assert_allclose(upper, np.broadcast_to([750, 950], (2, 3, 2)), atol=1e-4)


@pytest.mark.parametrize("n", [19, 50])
def test_between_the_quantiles_of_few_errors_lies_another_as_often_as_is_promised(n):
    """20 000 times n errors and one more."""
    errors = np.random.default_rng(n).normal(size=(n + 1, 20_000))
    lower, upper = path_quantiles(errors[:n], [0.8, 0.9], n)
    held = ((errors[n, :, np.newaxis] >= lower) & (errors[n, :, np.newaxis] <= upper)).mean(axis=0)
    np.testing.assert_allclose(held, [0.8, 0.9], atol=0.015)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_where_errors_are_too_few_all_paths_are_held(n):
    paths = np.arange(7.0)[:, np.newaxis]
    lower, upper = path_quantiles(paths, [0.9], n)
    assert (lower.item(), upper.item()) == (0, 6)


# ---- the proof
#
# Truths are drawn 300 times for each series, from where it ends and with the noise that it was made with. So the
# coverage of each interval is known to within 2.5 points, and its mean over the series to within a tenth of that.

STEPS, N_SERIES, N_ROWS, N_TAIL = 6, 500, 600, 200
PROCESSES = {"AR(2), normal": ((0.6, 0.3), "normal"), "AR(1), Laplace": ((0.8, 0.0), "laplace")}


class LeastSquares(RegressorMixin, BaseEstimator):
    """As LinearRegression, without what that takes time for."""

    def __init__(self, has_intercept=True):
        self.has_intercept = has_intercept

    def fit(self, X, y):
        self.coef_ = np.linalg.lstsq(np.column_stack((X, np.full(len(X), self.has_intercept))), y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_[:-1] + self.coef_[-1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def continued(last, weights, noise):
    """What follows the last two values (…, 2) of a process with this noise (…, n)."""
    values = np.concatenate((np.broadcast_to(last, (*noise.shape[:-1], 2)), noise), axis=-1)
    for t in range(2, values.shape[-1]):
        values[..., t] += weights[0] * values[..., t - 1] + weights[1] * values[..., t - 2]
    return values[..., 2:]


def simulated(process, shape, rng):
    """Series of this shape (…, n_rows) and a function that continues their ends, 300 times each."""
    weights, noise = PROCESSES[process]
    draw = getattr(rng, noise)
    before = 100
    values = continued(np.zeros(2), weights, draw(size=(*shape[:-1], before + shape[-1])))[..., before:]
    return values, lambda last: continued(last, weights, draw(size=(300, STEPS)))


def held(frame, truths, coverage):
    """Share of truths (n, steps) in the interval of each step."""
    lower, upper = (frame[f"{side}_{100 * coverage:g}"].to_numpy() for side in ("lower", "upper"))
    return ((truths >= lower) & (truths <= upper)).mean(axis=0)


QUICKLY = {("conformal", "direct", "AR(2), normal"), ("bootstrap", "recursive", "AR(1), Laplace")}


@pytest.mark.parametrize(
    ("intervals", "strategy", "process"),
    [
        pytest.param(*case, marks=() if case in QUICKLY else pytest.mark.slow)
        for intervals in ("conformal", "bootstrap")
        for case in (
            (intervals, "recursive", "AR(2), normal"),
            (intervals, "recursive", "AR(1), Laplace"),
            (intervals, "multioutput", "AR(1), Laplace"),  # with least squares much the same as the next
            (intervals, "direct", "AR(2), normal"),
        )
    ],
)
def test_intervals_hold_the_share_that_they_promise(intervals, strategy, process):
    rng = np.random.default_rng(0)
    series, futures = simulated(process, (N_SERIES, N_ROWS), rng)
    forecaster = Forecaster(
        LeastSquares(),
        window_length=2,
        strategy=strategy,
        steps=None if strategy == "recursive" else STEPS,
        intervals=intervals,
        calibration_size=N_TAIL,
    )
    shares = []
    for y in series:
        frame = forecaster.fit(None, y).forecast(STEPS, coverage=[0.8, 0.9])
        truths = futures(y[-2:])
        shares.append([held(frame, truths, coverage) for coverage in (0.8, 0.9)])
    np.testing.assert_allclose(np.mean(shares, axis=0), np.array([[0.8], [0.9]]) * np.ones(STEPS), rtol=0, atol=0.03)


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_intervals_of_a_panel_fit_series_of_any_size(intervals):
    """Errors are relative to each series' mean absolute change.

    The regressor answers a series of twice the size with twice as much. One with an intercept would be no use for
    the small ones: it is that of the large ones.
    """
    rng = np.random.default_rng(1)
    sizes = np.array([1e-3, 1.0, 1e3, 1e6])
    regressor = LeastSquares(has_intercept=False)
    forecaster = Forecaster(regressor, window_length=2, intervals=intervals, calibration_size=40)
    shares = []
    for _ in range(40):
        series, futures = simulated("AR(2), normal", (3 * len(sizes), 120), rng)
        scale = np.tile(sizes, 3)
        table = pd.concat({k: pd.Series(scale[k] * y) for k, y in enumerate(series)})
        frame = forecaster.fit(None, table).forecast(STEPS, coverage=0.9)
        of_each = [held(frame.loc[k] / scale[k], futures(y[-2:]), 0.9) for k, y in enumerate(series)]
        shares.append(np.reshape(of_each, (3, len(sizes), STEPS)).mean(axis=0))
    # 120 series of each size
    np.testing.assert_allclose(np.mean(shares, axis=0), 0.9, rtol=0, atol=0.03)


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_intervals_of_logarithms_are_those_of_the_logarithms_turned_back(intervals):
    (y,), _ = simulated("AR(2), normal", (1, 200), np.random.default_rng(0))
    settings = {"window_length": 2, "intervals": intervals, "calibration_size": 60}
    log = FunctionTransformer(np.log, np.exp)
    plain = Forecaster(LeastSquares(), **settings).fit(None, y).forecast(STEPS, coverage=[0.8, 0.9])
    turned = Forecaster(LeastSquares(), target_transformer=log, **settings).fit(None, np.exp(y))
    turned = turned.forecast(STEPS, coverage=[0.8, 0.9])
    assert (turned > 0).all(axis=None)
    pd.testing.assert_frame_equal(turned, np.exp(plain), rtol=1e-6)


class Counting(Recorder):
    """Counts its trainings."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.n_fits += 1
        return super().fit(X, y, sample_weight)


def test_rows_before_the_tail_that_cannot_be_learnt_from_are_found_before_any_training():
    _, y = series(40)
    Counting.n_fits = 0
    f = forecaster(Counting(), intervals="conformal", calibration_size=10)
    is_tail = np.arange(40) >= 30
    for rows, weight, message in (
        (y.where(is_tail), None, "leaves 30 rows before the calibration rows, .* y has only NaN"),
        (y, is_tail.astype(float), "(?i)leaves 30 rows before the calibration rows, .* sample.weight"),
    ):
        with pytest.raises(ValueError, match=message):
            f.fit(None, rows, weight)
    assert Counting.n_fits == 0


def test_a_fit_for_intervals_warns_once_at_the_users_line():
    X, y = series(80, "known", seed=5)
    y.iloc[[20, 30]] = np.nan
    with pytest.warns(UserWarning, match="6 windows are left out") as caught:
        forecaster(Ridge(), intervals="conformal").fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_a_network_inside_warns_at_the_users_line():
    _, y = series(60)
    with pytest.warns(ConvergenceWarning) as caught:
        forecaster(LSTMRegressor(2, max_iter=2), intervals="conformal").fit(None, y)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
@pytest.mark.parametrize("settings", [{}, {"strategy": "multioutput", "steps": 1}])
def test_intervals_that_overflow_are_refused_without_a_warning(intervals, settings):
    """In a panel, errors are relative to the size of each series, and may be beyond what it can be multiplied by."""
    sizes = [68, -116, -230, -242, 156, 206, 53, 114, 21, 217, 157]
    y = pd.concat({"c": pd.Series([10.0**size for size in sizes])})
    settings = {"window_length": 1, "calibration_size": 9, "intervals": intervals, **settings}
    forecaster = fit(Forecaster(Ridge(), **settings), None, y)
    assert np.isfinite(forecaster.forecast(1)).all()
    with pytest.raises(ValueError, match="an end of an interval, that is not finite"):
        forecaster.forecast(1, coverage=0.8)
