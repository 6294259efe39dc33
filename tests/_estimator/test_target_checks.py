import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from tests._estimator.tools import X3, Y, fitted, refuses


def refuses_next_steps(X, y, match, **settings):
    model = fitted()
    model.set_params(loss_steps="all", **settings)
    refuses(model, lambda: model.fit(X, y), ValueError, match)


def test_next_steps_need_an_output_for_each_target_channel():
    refuses_next_steps(X3, np.ones((12, 3)), "y has 3 outputs for n_targets=1")
    refuses_next_steps(X3, Y, "n_targets=2 does not fit 2 channels and 1 outputs", n_targets=2)


@pytest.mark.parametrize(
    "change",
    [lambda X, y: (X, 2 * y), lambda X, y: (X, np.roll(y, -1)), lambda X, y: (X[:, :, ::-1], y)],
    ids=["other units", "two rows ahead", "another channel"],
)
def test_next_steps_need_windows_that_the_targets_go_on_with(change):
    table = np.random.default_rng(0).standard_normal((60, 2))
    X, y = make_windows(table, 5, n_outputs=1)
    refuses_next_steps(*change(np.array(X), y), "is not the newest step of the next sample")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_next_steps_are_fine_where_rows_do_not_follow_each_other_or_repeat():
    """Shuffled, strided, and windows of nothing that are followed by this and that."""
    table = np.random.default_rng(0).standard_normal((60, 1))
    model = LSTMRegressor(2, loss_steps="all", max_iter=2)
    X, y = make_windows(table, 5)
    order = np.random.default_rng(1).permutation(len(X))
    model.fit(X[order], y[order])
    model.fit(X[::3], y[::3])
    counts = np.random.default_rng(0).poisson(0.7, 300).astype(float)
    X, y = make_windows(counts, 4)  # many of which follow each other by chance
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(len(X))
        model.fit(X[order], y[order])
    sparse = np.zeros(200)
    sparse[::17] = 3.0
    X, y = make_windows(sparse, 5)
    order = np.random.default_rng(1).permutation(len(X))
    model.fit(X[order], y[order])
    weight = np.ones(len(X))
    weight[3], y = 0, y.copy()
    y[3] = 1e6
    model.fit(X, y, sample_weight=weight)


def test_a_target_of_weight_zero_hides_nothing_from_the_check_of_next_steps():
    X, y = make_windows(np.random.default_rng(0).standard_normal(60), 5)
    wrong, weight = 2 * y, np.ones(len(X))
    wrong[5], weight[5] = 1e30, 0
    with pytest.raises(ValueError, match="is not the newest step"):
        LSTMRegressor(2, loss_steps="all").fit(X, wrong, sample_weight=weight)


def test_counts_inside_the_rows_are_checked_where_they_are_targets():
    series = np.concatenate(([-1.0, -2.0], np.random.default_rng(0).poisson(3, 60)))
    X, y = make_windows(series, 5)
    with pytest.raises(ValueError, match=r"needs y >= 0, but the smallest target is -2"):
        LSTMRegressor(2, loss="poisson", loss_steps="all").fit(X, y)
    LSTMRegressor(2, loss="poisson", tol=1).fit(X, y)


def test_counts_are_checked_beside_missing_ones():
    X = np.random.default_rng(0).standard_normal((20, 5, 2))
    y = np.random.default_rng(1).poisson(3, (20, 2)).astype(float)
    y[0, 0] = np.nan
    LSTMRegressor(2, loss="poisson", tol=1).fit(X, y)
    y[4, 1] = -2
    with pytest.raises(ValueError, match="needs y >= 0, but the smallest target is -2"):
        LSTMRegressor(2, loss="poisson").fit(X, y)


def continued(n_steps=4, n_rows=40):
    """Windows of a series and their targets."""
    return make_windows(np.random.default_rng(0).standard_normal(n_rows).cumsum(), n_steps)


@pytest.mark.parametrize("instance_norm", ["last", "mean", "last-standard"])
def test_targets_in_another_unit_than_their_windows_warn(instance_norm):
    X, y = continued()
    model = LSTMRegressor(2, instance_norm=instance_norm, random_state=0)
    for other in ((X - 3) / 7, X.astype(np.float32) * 0.1):
        with pytest.warns(
            UserWarning, match=r"y is the next step of X in another unit \(y = .* \* x \+ .*scale y as well"
        ):
            model.partial_fit(other, y)


def test_targets_in_the_unit_of_their_windows_or_of_something_else_do_not_warn():
    X, y = continued()
    later, shuffled = np.roll(y, 2), np.random.default_rng(1).permutation(len(y))
    for rows, targets in ((X, y), (X.astype(np.float32), y), (X, y**2), (X, later), (X[shuffled] / 7, y[shuffled])):
        LSTMRegressor(2, instance_norm="last").partial_fit(rows, targets)
    LSTMRegressor(2, instance_norm="last").partial_fit(X[:5] / 7, y[:5])
    LSTMRegressor(2, instance_norm="last").partial_fit(np.ones((20, 3, 1)), np.full(20, 2.0))
    LSTMRegressor(2).partial_fit(X / 7, y)


def test_the_line_that_scales_the_target_as_well_mends_it():
    series = pd.Series(np.random.default_rng(0).standard_normal(60).cumsum(), index=pd.date_range("2024", periods=60))
    lstm = LSTMRegressor(2, instance_norm="last", max_iter=2, learning_rate="cosine", random_state=0)
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, WindowTransformer(4), lstm)
    with pytest.warns(UserWarning, match="in another unit") as record:
        model.fit(series.to_frame("y"), series)
    call = re.search(r"TransformedTargetRegressor.*\)\)", str(record[0].message))[0]
    names = {"model": model, "TransformedTargetRegressor": TransformedTargetRegressor, "StandardScaler": StandardScaler}
    mended = eval(call, names).fit(series.to_frame("y"), series).predict(series.to_frame("y"))
    plain = make_pipeline(WindowTransformer(4), lstm).fit(series.to_frame("y"), series).predict(series.to_frame("y"))
    np.testing.assert_allclose(mended, plain, rtol=1e-6)


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200])
def test_another_unit_is_found_in_values_of_any_size(size):
    X, y = continued()
    model = LSTMRegressor(2, instance_norm="last", random_state=0)
    with pytest.warns(UserWarning, match=r"\(y = (7|6\.99\d+|7\.00\d+) \* x"):
        model.partial_fit(X * size, y * size * 7)


SQUARES = {"limit": 1e17, "dtype": np.float32}, {"limit": 1e150, "dtype": np.float64}


@pytest.mark.parametrize("case", SQUARES, ids=["float32", "float64"])
@pytest.mark.parametrize("instance_norm", [None, "last", "mean"])
def test_targets_that_are_squared_as_they_are_must_not_be_huge(case, instance_norm):
    X, y = (part.astype(case["dtype"]) for part in continued())
    unit = case["dtype"](case["limit"] * 100)
    model = LSTMRegressor(2, instance_norm=instance_norm, standardize=False, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=r"y has targets from -.*squares them.*Set standardize=True, or divide X"):
        model.fit(X * unit, y * unit)
    assert not hasattr(model, "theta_")
    model.set_params(standardize=True, learning_rate="cosine").fit(X * unit, y * unit)
    assert np.isfinite(model.predict(X * unit)).all()
    model.set_params(standardize=False).fit(X * unit / unit, y * unit / unit)
    for other in ({"loss": "absolute_error"}, {"loss": "huber"}):
        rows = clone(model).set_params(**other).fit(X * unit, y * unit).predict(X * unit)
        assert np.isfinite(rows).all()


def test_only_targets_that_count_are_squared():
    X, y = continued()
    y[3], weight = 1e300, np.ones(len(y))
    model = LSTMRegressor(2, standardize=False, max_iter=1, learning_rate="cosine", random_state=0)
    with pytest.raises(ValueError, match=r"to 1e\+300"):
        model.fit(X, y, weight)
    weight[3] = 0
    model.fit(X, y, weight)
    constant = LSTMRegressor(2, standardize=False, instance_norm="last", max_iter=1, learning_rate="cosine")
    constant.fit(np.full((9, 4, 1), 1e300), np.full(9, 1e300))
    with pytest.raises(ValueError, match=r"y_val has targets .* divide X and y_val"):
        model.set_params(early_stopping=True).fit(X[5:], y[5:], X_val=X[:5], y_val=y[:5])


def test_targets_whose_changes_float32_rounds_away_warn():
    X, y = continued()
    model = LSTMRegressor(2, random_state=0)
    small, far = X.astype(np.float32), 1e9 + y
    with pytest.warns(
        UserWarning, match=r"y varies from 99\d+\.\d+ to .*float32, the precision of X. Give X in float64, or"
    ):
        model.partial_fit(small, far)
    for rows, targets in (
        (X, far), (small, far - 1e9), (small, far.astype(np.float32)), (small, np.full(len(y), 1e9 + 0.1)),
        (small, 0.1 + y * 1e-16), (small, y * 1e4 + 1e9),
    ):  # fmt: skip
        LSTMRegressor(2, random_state=0).partial_fit(rows, targets)
    weight = np.arange(len(y)) % 2
    LSTMRegressor(2, random_state=0).partial_fit(small, np.where(weight, y, far), weight)
