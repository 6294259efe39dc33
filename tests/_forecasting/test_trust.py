"""Shares and trust from errors: by hand, at their ends, and whatever the unit."""

import numpy as np
import pytest

from sklstm._forecasting.trust import (
    N_PRIOR,
    PRIOR,
    TRUSTS,
    shares_by_error,
    trust_for_one,
    trust_of_panel,
)


def test_the_share_of_a_baseline_is_in_proportion_to_one_over_its_error():
    np.testing.assert_allclose(shares_by_error(np.array([1.0, 2.0, 4.0])), [4 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(shares_by_error(np.array([1.0, 2.0, 4.0]) * 1e-200), [4 / 7, 2 / 7, 1 / 7])


def test_a_baseline_without_an_error_has_all_shares():
    np.testing.assert_array_equal(shares_by_error(np.array([0.0, 2.0, 0.0])), [0.5, 0, 0.5])
    np.testing.assert_array_equal(shares_by_error(np.zeros(2)), [0.5, 0.5])


def test_shares_are_equal_if_an_error_is_missing():
    np.testing.assert_array_equal(shares_by_error(np.array([1.0, np.nan, 3.0, 4.0])), np.full(4, 0.25))


@pytest.mark.parametrize(
    ("baseline", "whole", "trust"),
    [(2.0, 1.0, 0.8), (1.0, 0.75, 0.64), (1.0, 1.0, 0.0), (1.0, 2.0, 0.0), (0.0, 1.0, 0.0), (1.0, 0.0, 1.0)],
)
def test_a_single_series_trusts_by_inverse_squares_if_the_sum_was_better(baseline, whole, trust):
    for size in (1e-200, 1.0, 1e200):
        assert trust_for_one(baseline * size, whole * size) == pytest.approx(trust)


@pytest.mark.parametrize("errors", [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf), (0.0, 0.0), (np.nan, np.nan)])
def test_a_single_series_without_errors_trusts_nothing(errors):
    assert trust_for_one(*errors) == 0


def panel_errors(best, n_series, seed=0, noise=0.0):
    """Errors that are smallest at one trust in every series."""
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(1, 2, n_series)
    return (TRUSTS[:, np.newaxis] - best - noise * rng.normal(size=n_series)) ** 2 + sizes


@pytest.mark.parametrize("best", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("n_series", [2, 10, 1000])
def test_a_panel_that_is_sure_is_moved_to_the_prior_as_by_ten_more_series(best, n_series):
    assert trust_of_panel(panel_errors(best, n_series)) == pytest.approx(
        (n_series * best + N_PRIOR * PRIOR) / (n_series + N_PRIOR)
    )


def test_a_panel_that_is_not_sure_takes_the_prior():
    errors = np.abs(np.random.default_rng(0).normal(size=(1, 30))) + 0 * TRUSTS[:, np.newaxis]
    assert trust_of_panel(errors) == pytest.approx(PRIOR)


@pytest.mark.parametrize("n_series", [2, 5, 40])
@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
def test_it_is_the_trust_nearest_to_the_prior_that_is_not_clearly_worse_than_the_best(noise, n_series):
    for seed in range(10):
        errors = panel_errors(0.9, n_series, seed, noise)
        chosen = (trust_of_panel(errors) * (n_series + N_PRIOR) - N_PRIOR * PRIOR) / n_series
        best = min(errors, key=lambda part: part.sum())
        is_good = []
        for part in errors:
            losses = [left - right for left, right in zip(part, best, strict=True)]
            is_good.append(np.mean(losses) <= np.std(losses, ddof=1) / n_series**0.5)
        assert is_good[int(np.abs(TRUSTS - chosen).argmin())]
        nearer = np.abs(TRUSTS - PRIOR) < abs(chosen - PRIOR) - 1e-9
        assert not np.array(is_good)[nearer].any()


@pytest.mark.parametrize("n_known", [0, 1, 5])
def test_series_without_errors_are_left_out(n_known):
    errors = panel_errors(1.0, n_known)
    missing = np.full((len(TRUSTS), 3), np.nan)
    missing[4:, 1] = 1.0
    found = trust_of_panel(np.hstack((errors, missing)))
    assert found == trust_of_panel(errors)
    assert (found == PRIOR) == (n_known < 2)


@pytest.mark.parametrize("unit", [2.0**-500, 2.0**900])
def test_trust_of_a_panel_is_the_same_whatever_the_unit_of_the_errors(unit):
    errors = np.random.default_rng(0).uniform(0, 100, size=(len(TRUSTS), 7))
    assert trust_of_panel(errors * unit) == trust_of_panel(errors)


def test_trust_lies_between_none_and_all():
    for seed in range(20):
        errors = np.random.default_rng(seed).uniform(0, 1, (len(TRUSTS), 12))
        assert 0 <= trust_of_panel(errors) <= 1
