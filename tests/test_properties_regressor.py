"""Properties of LSTMRegressor that hold for all settings and all kinds of samples."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone

from sklstm import LSTMRegressor, make_windows
from tests.property_samples import (
    LAYOUTS,
    LIMITS,
    NORMS,
    SIZES,
    Drawn,
    assert_clear,
    fitted,
    only_expected_warnings,
    regressors,
    samples,
)
from tests.property_settings import examples

# What float32 can resolve after some layers, and float64 after sums in another order.
ROUNDING = {"float32": 2e-4, "float64": 1e-9}


def assert_close(found, expected, scale=None):
    """Whether predictions are equal but for rounding, beside the size of all of them; NaN at the same places."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    size = np.nanmax(np.abs(expected), initial=0) if scale is None else scale
    tolerance = ROUNDING[expected.dtype.name] * max(size, np.finfo(expected.dtype).tiny)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def answers(regressor, X):
    """Everything that a regressor predicts for samples, as arrays."""
    found = [regressor.predict(X)]
    if regressor.loss == "quantile":
        found.append(regressor.predict_quantiles(X))
    return found


def answers_or_error(regressor, X):
    """The answers, or the clear error if a prediction is not finite."""
    try:
        return answers(regressor, X)
    except ValueError as error:
        assert_clear(error)
        return [str(error)]


def assert_same_bits(found, expected):
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


# ---- predictions are finite


@pytest.mark.parametrize("state", ["warn", "raise"])
@examples(60)
@given(regressors(), samples(sizes=SIZES), st.integers(1, 4))
def test_predictions_are_finite_or_an_error_is_clear(state, regressor, drawn, steps):
    drawn = drawn.with_targets(regressor)
    set_by_user = np.errstate(all=state) if state == "raise" else np.errstate()
    with set_by_user:
        before = np.geterr()
        model = fitted(regressor, drawn)
        assert np.geterr() == before
        if model is None:
            assert not hasattr(regressor, "theta_")
            return
        with only_expected_warnings():
            try:
                found = answers(model, drawn.X)
                for part in found:
                    assert np.isfinite(part).all() or (drawn.y.ndim == 3 and np.isnan(drawn.X).any())
                    assert part.dtype == drawn.X.dtype
                if len(found) == 2:
                    assert not (np.diff(found[1], axis=-1) < 0).any()
                assert np.isfinite(model.loss_curve_).all()
                assert not np.isposinf(model.score(drawn.X, drawn.y, drawn.weight))
                assert np.isfinite(np.asarray(model.forecast(steps))).all()
            except ValueError as error:
                assert_clear(error)
        assert np.geterr() == before


@examples(40)
@given(
    regressors(standardize=True, alpha=0.0, learning_rate_init=1e-3),
    samples(n_dimensions=(1, 2), weights=st.none()),
    st.integers(0, 2**32 - 1),
)
def test_samples_beyond_those_of_training_have_finite_predictions(regressor, drawn, seed):
    """At the limits of the precision, gates are open or shut."""
    model = fitted(regressor, drawn)
    assume(model is not None)
    drawn = drawn.with_targets(regressor)
    largest = LIMITS[drawn.X.dtype.name][-1]
    factor = np.random.default_rng(seed).choice([1, -1, 1e-20, 0], drawn.X.shape)
    X = (np.where(np.isnan(drawn.X), np.nan, largest) * factor).astype(drawn.X.dtype)
    try:
        found = answers(model, X)
    except ValueError as error:
        assert_clear(error)
        found = []
    assert found or regressor.instance_norm or regressor.loss == "poisson"
    for part in found:
        assert np.isfinite(part).all()


# ---- samples do not depend on one another


@examples(60)
@given(regressors(max_iter=1), samples(weights=st.none()), st.randoms(use_true_random=False))
def test_order_subset_and_batch_size_do_not_change_a_prediction(regressor, drawn, random):
    model = fitted(regressor, drawn)
    assume(model is not None)
    X = drawn.with_targets(regressor).X
    expected = answers(model, X)
    rows = random.sample(range(len(X)), random.randint(1, len(X)))
    many = np.resize(np.arange(len(X)), 400)
    for chosen in (rows, rows[:1], many):
        for found, whole in zip(answers(model, X[chosen]), expected, strict=True):
            assert_close(found, whole[chosen], np.nanmax(np.abs(whole), initial=0))


@examples(60)
@given(regressors(max_iter=1), samples(weights=st.none(), n_dimensions=(1, 2)), st.integers(1, 7))
def test_padding_with_nan_does_not_change_a_prediction(regressor, drawn, n_missing):
    model = fitted(regressor, drawn)
    assume(model is not None)
    X = drawn.with_targets(regressor).X
    front = np.full((len(X), n_missing, X.shape[2]), np.nan, X.dtype)
    for found, expected in zip(answers(model, np.concatenate((front, X), axis=1)), answers(model, X), strict=True):
        assert_close(found, expected)


@examples(40)
@given(regressors(max_iter=2, dropout=0.0, forget_bias=1.0, loss_steps="last"), samples(n_dimensions=(1, 2)))
def test_padding_with_nan_does_not_change_a_fit(regressor, drawn):
    assume(drawn.X.dtype == np.float64)
    model = fitted(regressor, drawn)
    assume(model is not None)
    X = drawn.with_targets(regressor).X
    padded = np.concatenate((np.full_like(X[:, :2], np.nan), X), axis=1)
    other = fitted(clone(regressor), Drawn(padded, drawn.y, drawn.weight))
    assert_close(other.loss_curve_[0] * np.ones(1), model.loss_curve_[0] * np.ones(1))


# ---- units of data


def with_weights_of(model, X, y, source):
    """A clone fitted anew to other data, with the trained weights of `source`."""
    with only_expected_warnings():
        other = clone(model).set_params(max_iter=1, early_stopping=False).fit(X, y)
    other.theta_[...] = source.theta_
    return other


UNITS = st.sampled_from([1e-100, 1e-6, 0.3, 1.0, 7.0, 1e5, 1e100])
SHIFTS = st.sampled_from([0.0, 1.0, -30.0])


@examples(60)
@given(
    regressors(instance_norm=None, standardize=True, early_stopping=False, max_iter=1),
    samples(dtype="float64", weights=st.none()),
    st.lists(st.tuples(UNITS, SHIFTS), min_size=6, max_size=6),
)
def test_standardize_makes_predictions_follow_the_units_of_each_channel_and_target(regressor, drawn, units):
    assume(regressor.loss_steps == "last")
    model = fitted(regressor, drawn)
    assume(model is not None)
    drawn = drawn.with_targets(regressor)
    n_channels, y = drawn.X.shape[2], drawn.y
    unit, shift = (np.array(part) for part in zip(*units, strict=True))
    if regressor.loss == "poisson":
        shift[:] = 0
    X = (drawn.X + shift[:n_channels]) * unit[:n_channels]
    to_targets = (0, 1.0) if regressor.loss == "poisson" else (shift[3], unit[3])
    if y.ndim > 1:
        n_outputs = y.shape[-1]
        to_targets = shift[3 : 3 + n_outputs], unit[3 : 3 + n_outputs]
    other = with_weights_of(model, X, (y + to_targets[0]) * to_targets[1], model)
    expected = (model.predict(drawn.X) + to_targets[0]) * to_targets[1]
    size = to_targets[1] * (np.nanmax(np.abs(y)) + 1000)
    with np.errstate(invalid="ignore"):
        off = np.abs(other.predict(X) - expected) / size
    assert np.nanmax(off, initial=0) < 1e-10


@examples(60)
@given(
    regressors(instance_norm="last", early_stopping=False, max_iter=1, loss=st.sampled_from(["huber", "quantile"])),
    samples(dtype="float64", weights=st.none(), n_dimensions=(1, 2)),
    st.sampled_from([1.0, -30.0, 1e4]),
)
def test_instance_norm_last_makes_predictions_follow_a_shift(regressor, drawn, shift):
    """The level of a window is subtracted, so the fit itself is the same but for rounding."""
    model = fitted(regressor, drawn)
    assume(model is not None and not np.isnan(drawn.X).all(axis=(1, 2)).any())
    assume(not np.isnan(drawn.X).any())  # a window without a target channel has a constant prediction
    X = drawn.X.copy()
    X[..., : model.n_outputs_ if model.n_outputs_ <= X.shape[2] else 1] += shift
    other = with_weights_of(model, X, drawn.y + shift, model)
    expected = model.predict(drawn.X) + shift
    size = np.nanmax(np.abs(drawn.y)) + np.nanmax(np.abs(drawn.X)) + abs(shift)
    assert np.abs(other.predict(X) - expected).max() < 1e-10 * size
    targets = drawn.y.reshape(len(X), -1)
    if (np.nanmin(targets, axis=0) < np.nanmax(targets, axis=0)).all():  # else the training value is predicted
        assert np.abs(model.predict(X) - expected).max() < 1e-10 * size


# ---- the same bits


@examples(60)
@given(regressors(), samples(), st.lists(st.sampled_from(sorted(LAYOUTS)), min_size=3, max_size=3))
def test_arrays_in_any_layout_give_the_same_bits(regressor, drawn, names):
    model = fitted(regressor, drawn)
    assume(model is not None)
    drawn = drawn.with_targets(regressor)
    X, y = (LAYOUTS[name](part) for name, part in zip(names, (drawn.X, drawn.y), strict=False))
    weight = None if drawn.weight is None else LAYOUTS[names[2]](drawn.weight)
    with only_expected_warnings():
        other = clone(regressor).fit(X, y, weight)
    np.testing.assert_array_equal(other.theta_, model.theta_)
    expected = answers(model, drawn.X)
    assert_same_bits(answers(model, X), expected)
    assert_same_bits(answers(other, drawn.X), expected)
    np.testing.assert_array_equal(drawn.X, np.asarray(X))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layout_of_every_argument_gives_the_same_bits(layout, dtype):
    """All samples in one batch: they are sorted by their bytes."""
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(20, 3, 2)).astype(dtype), rng.normal(size=(20, 1)).astype(dtype), rng.random(20)
    model = LSTMRegressor(3, solver="sgd", max_iter=2, learning_rate="cosine", random_state=0)
    expected = clone(model).fit(X, y, weight).theta_
    held = LAYOUTS[layout]
    for arguments in ((held(X), y, weight), (X, held(y), weight), (X, y, held(weight))):
        np.testing.assert_array_equal(clone(model).fit(*arguments).theta_, expected)


@examples(40)
@given(regressors(), samples())
def test_copies_and_a_second_fit_give_the_same_bits(regressor, drawn):
    model = fitted(regressor, drawn)
    assume(model is not None)
    drawn = drawn.with_targets(regressor)
    expected = answers_or_error(model, drawn.X)
    again = fitted(clone(model), drawn)
    for other in (pickle.loads(pickle.dumps(model)), deepcopy(model), again):
        assert_same_bits(answers_or_error(other, drawn.X), expected)
    assert again.loss_curve_ == model.loss_curve_


# ---- weights


ONE_BATCH = {"dropout": 0.0, "early_stopping": False, "batch_size": 10**4, "max_updates": None}


@examples(60)
@given(regressors(**ONE_BATCH), samples(weights=st.none()), st.integers(0, 2**32 - 1))
def test_integer_weights_are_repeated_samples(regressor, drawn, seed):
    drawn = drawn.with_targets(regressor)
    weight = np.random.default_rng(seed).integers(0, 4, len(drawn.X)).astype(np.float64)
    weight[0] = 2
    # the order of samples says whether they are windows of one series
    regressor.set_params(loss_steps="last")
    rows = np.repeat(np.arange(len(weight)), weight.astype(int))
    model = fitted(regressor, Drawn(drawn.X, drawn.y, weight))
    assume(model is not None)
    other = fitted(clone(regressor), Drawn(drawn.X[rows], drawn.y[rows], None))
    assert_same_bits(answers(other, drawn.X), answers(model, drawn.X))


@examples(60)
@given(
    regressors(alpha=0.0),
    samples(n_dimensions=(1, 2), weights=st.sampled_from(["random", "some are 0"])),
    st.sampled_from([2.0**-900, 0.25, 2.0**900]),
)
def test_weights_in_another_unit_change_nothing(regressor, drawn, unit):
    model = fitted(regressor, drawn)
    assume(model is not None)
    other = fitted(clone(regressor), Drawn(drawn.X, drawn.y, drawn.weight * unit))
    X = drawn.with_targets(regressor).X
    assert_same_bits(answers(other, X), answers(model, X))
    assert other.loss_curve_ == model.loss_curve_


# ---- forecasts


@st.composite
def forecasters(draw):
    """A regressor that is fitted to the windows of a series (n,) or (n, k), and contexts."""
    regressor = draw(regressors(loss_steps=st.sampled_from(["last", "auto"]), max_iter=2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, n_steps, n_targets = draw(st.integers(12, 30)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    series = rng.standard_normal((n, n_targets))
    series = series.cumsum(axis=0) if draw(st.booleans()) else series
    series = (np.abs(series) if regressor.loss == "poisson" else series).astype(draw(st.sampled_from(["f4", "f8"])))
    X, y = make_windows(series, n_steps)
    model = fitted(regressor, Drawn(X, y))
    assume(model is not None)
    return model, X, rng


@examples(50)
@given(forecasters(), st.integers(1, 7))
def test_a_recursive_forecast_equals_as_many_single_steps(drawn, steps):
    model, X, rng = drawn
    windows = X[rng.integers(0, len(X), 3)]
    try:
        found = model.forecast(steps, context=windows, clip=False)
    except ValueError as error:
        return assert_clear(error)
    for step in range(steps):
        one = model.forecast(1, context=windows, clip=False)
        np.testing.assert_array_equal(one[:, 0], model.predict(windows))
        np.testing.assert_array_equal(found[:, step], one[:, 0])
        windows = np.concatenate((windows[:, 1:], one), axis=1)


@examples(50)
@given(forecasters(), st.integers(2, 12), st.sampled_from([0.0, 1.0, 1e3, -1e6]))
def test_forecasts_keep_their_bounds(drawn, steps, bias):
    """However far the read-out is off: from the second step on, within four ranges of all windows."""
    model, X, rng = drawn
    model.readout_bias_[...] += bias
    windows = X[rng.integers(0, len(X), 2)]
    try:
        with only_expected_warnings():
            found = model.forecast(steps, context=windows)
    except ValueError as error:
        return assert_clear(error)
    low, high = X.min(axis=(0, 1)).astype(float), X.max(axis=(0, 1)).astype(float)
    reach = 3 * (high - low)
    for window, forecast in zip(windows, found, strict=True):
        # a first forecast that is far off is not clipped, and does not widen the bounds
        margin = 1e-5 * (np.abs(low) + np.abs(high) + reach)
        assert (forecast[1:] >= low - reach - margin).all(), window
        assert (forecast[1:] <= high + reach + margin).all(), window


def test_every_parameter_is_drawn():
    """Except what a property fixes, and how much is printed."""
    from tests.property_samples import SETTINGS

    others = {"verbose", "n_channels", "n_targets"}
    assert set(SETTINGS) | others == set(LSTMRegressor().get_params())
    assert NORMS == [None, "last", "mean", "standard", "last-standard"]
