"""From errors that a forecaster made on rows it had not seen to intervals around its forecasts."""

from math import ceil

import numpy as np

# Paths drawn for a series: with these a quantile of 5 % is known to within 0.7 %.
N_PATHS = 1000


def n_needed(coverage):
    """How many errors an interval of this coverage takes at least."""
    return ceil(coverage / (1 - coverage) - 1e-9)


def percent(coverage):
    """A coverage in per cent, as columns of intervals are called by it: 90, 97.5."""
    return f"{100 * coverage:.6g}"


def conformal_radii(errors, coverages):
    """Half the width of the interval of each coverage, by step and target.

    The quantile is the ceil((n + 1) c)-th smallest of the n absolute errors: of as many errors and one more
    that are exchangeable, the last is that large at most with probability c or more.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets)
        NaN where there is none; at least `n_needed` of each step.
    coverages : sequence of float

    Returns
    -------
    radii : ndarray of shape (steps, n_targets, n_coverages)
    """
    ordered = np.sort(np.abs(errors), axis=0)  # NaN comes last
    n = (~np.isnan(errors)).sum(axis=0)
    ranks = [np.ceil((n + 1) * c - 1e-9).astype(int) for c in coverages]
    return np.stack([np.take_along_axis(ordered, rank[np.newaxis] - 1, axis=0)[0] for rank in ranks], axis=-1)


def noisy(predict, errors, rng):
    """`predict` with an error drawn for each window, from (n, n_targets): a row, so targets err together."""

    def answer(windows):
        return predict(windows) + errors[rng.integers(len(errors), size=len(windows))]

    return answer


def path_quantiles(paths, coverages, n_errors):
    """Lower and upper ends (…, n_coverages) of the middle share of paths (n_paths, …).

    Between quantiles of n errors lies another one with a probability of (n - 1) / (n + 1) times their share. So
    the share is larger by as much; all paths, where the errors are too few for that.
    """
    shares = np.minimum(np.asarray(coverages) * (n_errors + 1) / max(n_errors - 1, 1), 1)
    return tuple(np.moveaxis(np.quantile(paths, (1 + side * shares) / 2, axis=0), 0, -1) for side in (-1, 1))
