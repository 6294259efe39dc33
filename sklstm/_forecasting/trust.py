"""Decide, by errors on a held-out tail, how much each baseline counts and how far the regressor is trusted."""

import numpy as np

from sklstm._utils.overflow import power_of_two

TRUSTS = np.linspace(0, 1, 21)  # that compete
PRIOR = 0.25  # trust without evidence from other series
N_PRIOR = 10  # as how many series the prior counts
FEWEST_FOR_ONE = 60  # windows of a single series, with all targets, from which on a regressor is trusted at all


def shares_by_error(errors):
    """Return the share of each baseline in their mean, in proportion to 1 / error.

    Parameters
    ----------
    errors : ndarray of shape (n_baselines,)
        Mean absolute errors on the tail. NaN if one could not be computed.

    Returns
    -------
    shares : ndarray of shape (n_baselines,)
        Equal if an error is missing.
    """
    if np.isnan(errors).any():
        return np.full(len(errors), 1 / len(errors))
    if not errors.min():
        return (errors == 0) / (errors == 0).sum()
    shares = errors.min() / errors
    return shares / shares.sum()


def trust_for_one(baseline, whole):
    """Return the trust in the regressor of a single series, by the errors of the baseline and of the sum.

    The tail of one series says little. So the regressor counts only if the sum was better than the baseline. Then both
    count by the inverse squares of their errors, as in the best mean of two forecasts with independent errors: the
    regressor half if it was a little better, and nearly fully if it was much better.
    """
    return 1 / (1 + (whole / baseline) ** 2) if whole < baseline else 0.0


def trust_of_panel(errors):
    """Return the trust in the regressor of a panel.

    It is the trust nearest to `PRIOR` whose mean error is at most one standard error above the smallest one. It is
    then moved towards `PRIOR`, the more so the fewer series there are.

    Parameters
    ----------
    errors : ndarray of shape (n_trusts, n_series)
        The error of each series with each of `TRUSTS`, relative to the size of the series. Series with NaN are left
        out.
    """
    errors = errors[:, np.isfinite(errors).all(axis=0)]
    n_series = errors.shape[1]
    if n_series < 2:
        return PRIOR
    errors = errors / power_of_two(errors.max())  # so that squares do not overflow
    mean = errors.mean(axis=1)
    best = mean.argmin()
    deviation = (errors - errors[best]).std(axis=1, ddof=1) / np.sqrt(n_series)
    good = TRUSTS[mean <= mean[best] + deviation]
    nearest = good[np.abs(good - PRIOR).argmin()]
    return float((n_series * nearest + N_PRIOR * PRIOR) / (n_series + N_PRIOR))
