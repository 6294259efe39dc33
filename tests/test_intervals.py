"""The formulas, and the proof: intervals hold the share of truths that they promise."""

from math import ceil

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.preprocessing import FunctionTransformer

from sklstm import Forecaster
from sklstm._intervals import conformal_radii, n_needed, noisy, path_quantiles

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


@pytest.mark.parametrize("n", range(1, 102))
def test_a_radius_is_the_error_of_its_rank(n):
    """Of 1, 2, … n in any order, the rank itself; wherever (n + 1) c is whole it must not be rounded up."""
    errors = np.random.default_rng(n).permutation(n) + 1.0
    errors *= np.where(np.arange(n) % 2, -1, 1)
    possible = [c for c in COVERAGES if n_needed(c) <= n]
    radii = conformal_radii(errors.reshape(n, 1, 1), possible)
    assert radii[0, 0].tolist() == [exact_rank(n, *COVERAGES[c]) for c in possible]


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


def test_targets_err_together():
    errors = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    answers = noisy(lambda windows: windows[:, -1], errors, np.random.default_rng(0))(np.zeros((3000, 5, 2)))
    drawn, counts = np.unique(answers, axis=0, return_counts=True)
    np.testing.assert_array_equal(drawn, errors)
    assert (np.abs(counts - 1000) < 5 * np.sqrt(3000 * 2 / 9)).all()


def test_errors_are_drawn_anew_for_each_step_and_by_the_generator_alone():
    errors, windows = np.arange(1000.0)[:, np.newaxis], np.zeros((8, 3, 1))
    predict = noisy(lambda w: w[:, -1], errors, np.random.default_rng(3))
    first, second = predict(windows), predict(windows)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(noisy(lambda w: w[:, -1], errors, np.random.default_rng(3))(windows), first)


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


@pytest.mark.parametrize(
    ("strategy", "process"),
    [
        ("recursive", "AR(2), normal"),
        ("recursive", "AR(1), Laplace"),
        ("multioutput", "AR(1), Laplace"),  # with least squares much the same as the next
        ("direct", "AR(2), normal"),
    ],
)
@pytest.mark.parametrize("intervals", ["conformal", "bootstrap"])
def test_intervals_hold_the_share_that_they_promise(strategy, intervals, process):
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
