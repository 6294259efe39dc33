import numpy as np
import pytest

from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.missing_values import SKIP, MissingRule, last_present, n_present
from sklstm._network.scaling import INSTANCE_NORMS
from tests._network.tools import data


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_channels_with_gaps_of_their_own_are_scaled_by_what_is_present_of_each(instance_norm):
    x, y, weight = data()
    x[2, 1, 9], x[3, :, 10], x[:, 0, 11] = np.nan, np.nan, np.nan  # one, a step, and all of a target channel
    missing_rule = MissingRule(by_channel=True, n_needed=2 if instance_norm else 0)
    settings = {"n_targets": 2, "instance_norm": instance_norm, "standardize": True, "missing_rule": missing_rule}
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(**settings))
    changed, indicators = x.copy(), np.full_like(x, 7)
    missing, reference = scaling.inputs(changed, indicators)
    np.testing.assert_array_equal(indicators, np.isnan(x))
    np.testing.assert_array_equal(changed[np.isnan(x)], 0)
    expected = np.isnan(x).all(axis=1)
    expected[:, 11] |= instance_norm is not None
    np.testing.assert_array_equal(missing, expected)
    for channel in range(3):
        weights = np.where(np.isnan(x[:, channel]) | missing, 0, weight)
        mean = np.average(changed[:, channel], weights=weights)
        assert mean == pytest.approx(0, abs=1e-12)
        assert np.average((changed[:, channel] - mean) ** 2, weights=weights) == pytest.approx(1)
    if instance_norm in ("last", "last-standard"):
        last = [[[v for v in x[:, k, b] if v == v] or [0] for b in range(20)] for k in range(2)]
        np.testing.assert_array_equal(reference[0], [[values[-1] for values in part] for part in last])


@pytest.mark.parametrize("missing_rule", [SKIP, MissingRule(by_channel=True), MissingRule(by_channel=True, n_needed=2)])
def test_steps_are_skipped_as_a_slow_loop_says(missing_rule):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5, 3))
    X[rng.random(X.shape) < 0.4] = np.nan
    skipped = missing_rule.skipped_steps(X)
    for row, steps in zip(X, skipped, strict=True):
        lacks_a_target = any(all(np.isnan(step[k]) for step in row) for k in range(missing_rule.n_needed))
        for step, is_skipped in zip(row, steps, strict=True):
            missing = all if missing_rule.by_channel else any
            assert is_skipped == (missing(np.isnan(step)) or lacks_a_target)
    assert 0 < skipped.mean() < 1


def test_of_a_whole_table_nothing_is_missing():
    x = np.ones((4, 2, 3))
    for missing_rule in (SKIP, MissingRule(by_channel=True)):
        assert missing_rule.missing_values(x) is missing_rule.fill_missing(x) is missing_rule.skipped(None) is None
    assert n_present(x, None) == 4
    np.testing.assert_array_equal(last_present(x, None), x[-1])


@pytest.mark.parametrize("missing_rule", [SKIP, MissingRule(by_channel=True)])
def test_each_window_has_its_present_values(missing_rule):
    """A window without a present value counts one, the last."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 2, 6))
    x[rng.random(x.shape) < 0.3] = x[:, :, 0] = np.nan
    filled = x.copy()
    missing = missing_rule.fill_missing(filled)
    is_missing = np.broadcast_to(missing, x.shape)
    np.testing.assert_array_equal(filled[is_missing], 0)
    np.testing.assert_array_equal(filled[~is_missing], x[~is_missing])
    counts, newest = np.broadcast_to(n_present(x, missing), x.shape[1:]), last_present(filled, missing)
    for channel, window in np.ndindex(x.shape[1:]):
        present = filled[~is_missing[:, channel, window], channel, window]
        assert counts[channel, window] == max(len(present), 1)
        assert newest[channel, window] == (present[-1] if len(present) else 0)


@pytest.mark.parametrize("n_channels", [1, 2, 7, 8, 9, 20])
def test_a_step_of_any_number_of_channels_is_missing_where_one_of_them_is(n_channels):
    x = np.zeros((30, n_channels, 4))
    x[np.random.default_rng(0).random(x.shape) < 0.1] = np.nan
    missing = SKIP.missing_values(x)
    np.testing.assert_array_equal(missing, np.isnan(x).any(axis=1, keepdims=True))


def test_of_complete_windows_the_last_value_is_that_of_the_last_step():
    x = data()[0][:, :, 8:].copy()
    newest = last_present(x, None)
    np.testing.assert_array_equal(newest, x[5])
    np.testing.assert_array_equal(last_present(x, np.zeros(x.shape, bool)), newest)
    newest[...] = 0  # a copy
    assert (x[5] != 0).all()
    assert n_present(x, None) == 6
