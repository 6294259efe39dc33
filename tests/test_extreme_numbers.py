"""Values at the limits of each precision: no overflow, no RuntimeWarning, finite and right predictions."""

import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, make_windows
from sklstm._network.scaling import INSTANCE_NORMS
from tests.tools import pairwise

T = np.arange(70)
WAVE = np.sin(T / 3) + 0.1 * np.random.default_rng(0).standard_normal(70)
WAVE /= np.abs(WAVE).max()

# Series in float64: all up to 1e300, and as small as they can be.
SERIES = {
    "1e300": WAVE * 1e300,
    "1e160": WAVE * 1e160,
    "1e-160": WAVE * 1e-160,
    "1e-300": WAVE * 1e-300,
    "subnormal": WAVE * 1e-310,
    "smallest": np.round(WAVE * 5) * 5e-324,
    "largest constant": np.full(70, 1e300),
    "smallest constant": np.full(70, 5e-324),
    "zero": np.zeros(70),
    "either sign": np.where(T % 2, 1e300, -1e300),
    "large offset": 0.9e300 + 1e286 * WAVE,
    "huge and tiny": np.where(T % 2, 1e300, 1e-300),
    "one huge": np.where(T == 40, 1e300, WAVE),
    "one tiny": np.where(T == 40, 1e-300, 0.0),
}
SERIES_32 = {
    "1e37": WAVE * 1e37,
    "1e30": WAVE * 1e30,
    "1e-30": WAVE * 1e-30,
    "subnormal": WAVE * 1e-40,
    "constant": np.full(70, 1e37),
    "either sign": np.where(T % 2, 1e37, -1e37),
    "offset": 1e9 + WAVE * 1e4,
}
LOSSES = {
    "squared": {},
    "absolute": {"loss": "absolute_error"},
    "huber": {"loss": "huber"},
    "quantiles": {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
    "every step": {"loss_steps": "all"},
    "lbfgs": {"solver": "lbfgs"},
    "adamw": {"solver": "adamw", "alpha": 0.1},
    "held out": {"early_stopping": True},
    "indicator": {"missing": "indicator"},
}


def regressor(max_iter=2, **settings):
    return LSTMRegressor(4, **{"learning_rate": "cosine", **settings}, max_iter=max_iter, random_state=0)


def fitted(series, model, weight=None):
    X, y = make_windows(series, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that training ends early
        model.fit(X, y, weight)
    return model, X, y


def check_finite(model, X, y):
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.score(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of clipping
        assert np.isfinite(model.forecast(3)).all()


@pairwise("name, norm, loss, state", SERIES, [None, *INSTANCE_NORMS], LOSSES, ["warn", "raise"])
def test_float64(name, norm, loss, state):
    with np.errstate(all=state, under="raise" if state == "raise" else "ignore"):
        check_finite(*fitted(SERIES[name], regressor(instance_norm=norm, **LOSSES[loss])))


@pairwise("name, norm, loss, state", SERIES_32, [None, *INSTANCE_NORMS], LOSSES, ["warn", "raise"])
def test_float32(name, norm, loss, state):
    series = SERIES_32[name].astype(np.float32)
    with np.errstate(all=state, under="raise" if state == "raise" else "ignore"):
        check_finite(*fitted(series, regressor(instance_norm=norm, **LOSSES[loss])))


@pytest.mark.parametrize("norm", [None, *INSTANCE_NORMS])
@pytest.mark.parametrize(
    ("dtype", "unit"),
    [("f8", 2.0**996), ("f8", 2.0**200), ("f8", 2.0**-990), ("f4", 2.0**122), ("f4", 2.0**80), ("f4", 2.0**-95)],
)
def test_predictions_follow_the_unit(norm, dtype, unit):
    """As far as digits are not lost, the answer is that of ordinary values."""
    series = WAVE.astype(dtype)
    plain, X, y = fitted(series, regressor(max_iter=5, instance_norm=norm))
    model, of_unit, _ = fitted(series * series.dtype.type(unit), regressor(max_iter=5, instance_norm=norm))
    tolerance = 1e-9 if dtype == "f8" else 1e-4
    np.testing.assert_allclose(model.predict(of_unit) / unit, plain.predict(X), rtol=tolerance, atol=tolerance)
    assert model.loss_curve_ == pytest.approx(plain.loss_curve_, rel=1e-4)
    assert model.score(of_unit, y * unit) == pytest.approx(plain.score(X, y), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("dtype", "largest"), [("f8", 1e300), ("f4", 1e37)])
def test_larger_values_are_refused_by_name(dtype, largest):
    X, y = make_windows(WAVE.astype(dtype), 5)
    model = regressor()
    for argument, call in {
        "X": lambda: model.fit(X * 20 * largest, y),
        "y": lambda: model.fit(X, y * 20 * largest),
    }.items():
        with np.errstate(over="ignore"), pytest.raises(ValueError, match=f"Input {argument} contains .* up to"):
            call()
    assert not hasattr(model, "theta_")


def test_largest_float32_is_refused_without_a_warning():
    X, y = make_windows((WAVE * 3.4e38).astype(np.float32), 5)
    with pytest.raises(ValueError, match="Input X contains infinity or a value too large for float32"):
        regressor().fit(X, y)
    with pytest.raises(ValueError, match="Input y contains infinity or a value too large for float32"):
        regressor().fit(np.ones_like(X), y)
    model, X, _ = fitted(WAVE.astype(np.float32), regressor())
    with pytest.raises(ValueError, match="Input X"):
        model.predict(X * np.float32(3e38))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("norm", [None, *INSTANCE_NORMS])
def test_channels_of_very_different_size(dtype, norm):
    """Each has a unit of its own, and the small one decides the target."""
    rng = np.random.default_rng(0)
    largest = {"f4": 1e37, "f8": 1e300}[dtype]
    small, large = rng.normal(size=(2, 60, 3))
    X = np.stack((small / largest, large / 4 * largest), axis=2).astype(dtype)
    y = (small[:, -1] / largest).astype(dtype)
    model = regressor(60, instance_norm=norm).fit(X, y)
    plain = regressor(60, instance_norm=norm).fit(np.stack((small, large), axis=2), small[:, -1])
    assert model.score(X, y) == pytest.approx(plain.score(np.stack((small, large), axis=2), small[:, -1]), abs=0.05)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_constant_channels_and_targets_are_predicted_exactly(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4, 3)).astype(dtype)
    X[..., 1] = 7
    y = np.stack((np.full(30, 1e30), np.zeros(30), X[:, -1, 0]), axis=1).astype(dtype)
    model = regressor(n_targets=1).fit(X, y)
    found = model.predict(X[:5] * 3)
    np.testing.assert_array_equal(found[:, :2], y[:5, :2])
    assert np.ptp(found[:, 2]) > 0


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_thousand_channels(n_threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3, 1000)) * 10.0 ** rng.integers(-300, 300, 1000)
    y = rng.normal(size=40)
    with threadpool_limits(n_threads, "blas"):
        model = regressor(3).fit(X, y)
        assert np.isfinite(model.predict(X)).all()
        small = regressor(3).fit((X / np.abs(X).max(axis=(0, 1))).astype(np.float32), y)
    assert np.isfinite(small.predict(X[:1] * 0)).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_sequence_of_a_hundred_thousand_steps(dtype):
    series = np.sin(np.arange(100_000) / 10)
    X = series[np.newaxis, :, np.newaxis].astype(dtype)
    model = LSTMRegressor(2, max_iter=1, learning_rate="cosine", random_state=0).fit(X, np.ones(1, dtype))
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("norm", [None, *INSTANCE_NORMS])
def test_float32_and_float64_agree(norm):
    models = [fitted(WAVE.astype(dtype), regressor(5, instance_norm=norm)) for dtype in ("f4", "f8")]
    single, double = (model.predict(X) for model, X, _ in models)
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_saturated_gates_have_finite_gradients(dtype):
    X, y = make_windows(WAVE.astype(dtype), 5)
    model = regressor(1).fit(X, y)
    model.theta_[...] = np.sign(model.theta_) * 1e30
    model.readout_weight_[...] = 1
    model.readout_bias_[...] = 0
    assert np.isfinite(model.predict(X)).all()
    model.partial_fit(X, y)
    assert np.isfinite(model.theta_).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_exploding_gradients_are_clipped(dtype):
    """Targets that are not scaled have gradients of their size, which have no square."""
    size = {"f4": 1e16, "f8": 1e149}[dtype]
    X, y = make_windows(WAVE.astype(dtype), 5)
    model = regressor(3, standardize=False, clip_norm=1.0, learning_rate_init=1.0, solver="sgd")
    before = regressor(1, standardize=False, learning_rate_init=1e-12).fit(X, y).theta_
    model.set_params(max_iter=1, batch_size=1000).fit(X, (y * size).astype(dtype))
    assert 0.01 < np.linalg.norm((model.theta_ - before).astype(float)) < 2.5  # one update, with Nesterov's 1.9


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e38, 1e290])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_weights_of_any_size(size, solver, dtype):
    series = WAVE.astype(dtype)
    weight = np.random.default_rng(0).uniform(1, 2, 65)
    plain, X, _ = fitted(series, regressor(3, solver=solver), weight)
    model, _, _ = fitted(series, regressor(3, solver=solver), weight * size)
    tolerance = {"f4": 1e-4, "f8": 1e-9}[dtype]
    np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_noise_on_a_large_offset_is_learnt_in_float32(offset):
    """float32 cannot tell 1e9 from 1e9 + 1: a Forecaster subtracts the level first, in float64."""
    rng = np.random.default_rng(0)
    noise = np.zeros(300)
    for t in range(1, 300):
        noise[t] = 0.95 * noise[t - 1] + 0.3 * rng.standard_normal()
    settings = {"window_length": 6, "baseline": None, "season": None, "log": None}
    forecasts = {}
    for dtype in ("float32", "float64"):
        model = Forecaster(regressor(20), dtype=dtype, **settings).fit(None, offset + noise)
        forecasts[dtype] = model.forecast(5) - offset
        fitted_values = np.asarray(model.fitted_values_).ravel()[6:] - offset
        assert np.corrcoef(fitted_values, noise[6:])[0, 1] > 0.85
    np.testing.assert_allclose(forecasts["float32"], forecasts["float64"], atol=5e-3)


def test_windows_hold_any_number():
    table = np.array([[1e308, 5e-324], [-1e308, -0.0], [np.nan, 1.0]])
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        np.testing.assert_array_equal(WindowTransformer(1, lead=0).fit_transform(table)[:, 0], table)
        np.testing.assert_array_equal(make_windows(table, 1)[1], table[1:])
