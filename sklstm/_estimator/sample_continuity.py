"""Check whether training samples are consecutive windows of one series.

If they are, each sample is the one before it moved on by one step, and its newest step is the target of that sample.
Only the last samples are compared. `forecast` needs this to hold for all of them; `loss_steps="all"` is refused only if
they clearly contradict it.
"""

from dataclasses import dataclass

import numpy as np

# Number of samples that are compared, the last ones.
N_COMPARED = 100

# A target clearly differs from the newest step of the next sample if their relative difference is larger.
CLEAR_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class SamplePairs:
    """Pairs of consecutive samples, from the last training samples.

    Parameters
    ----------
    follows : ndarray of bool of shape (n_pairs,)
        Whether the second sample is the first one moved on by one step.
    newest : ndarray of shape (n_pairs, n_outputs)
        The first channels of the newest step of the second sample.
    targets : ndarray of shape (n_pairs, n_outputs)
        The target of the first sample; NaN where it is missing.
    """

    follows: np.ndarray
    newest: np.ndarray
    targets: np.ndarray

    @classmethod
    def from_samples(cls, X, targets):
        """Make the pairs of samples X (n, n_steps, n_channels) with targets (n, n_outputs), n at most `N_COMPARED`."""
        earlier, later = X[:-1, 1:], X[1:, :-1]
        same = (later == earlier) | (np.isnan(later) & np.isnan(earlier))
        return cls(same.all(axis=(1, 2)), X[1:, -1, : targets.shape[1]], targets[:-1])

    def are_continuous(self):
        """Whether every sample follows the one before it, and each target is the newest step of the next sample.

        Pairs in which the newest step is missing are not compared, as samples without a target may have been left out
        there. If no pair can be compared, the result is False; with a single sample it is True.
        """
        known = np.isfinite(self.newest).all(axis=1)
        if len(known) and not known.any():
            return False
        return bool(self.follows[known].all()) and _agree_in_last_places(self.targets[known], self.newest[known])

    def comparable(self):
        """Return the newest steps and the targets of the pairs in which both are known.

        There are none if fewer than 90 % of the samples follow each other: in a series with few distinct values, some
        do so by chance.
        """
        known = self.follows & np.isfinite(self.newest).all(axis=1) & np.isfinite(self.targets).all(axis=1)
        if not self.follows.size or self.follows.mean() < 0.9:
            known = np.zeros_like(known)
        return self.newest[known], self.targets[known]

    def are_contradicted(self):
        """Whether samples follow each other, but most targets clearly differ from the next sample's newest step."""
        newest, targets = self.comparable()
        negligible = 1e-8 * np.abs(targets).max(initial=0)
        agrees = np.isclose(newest, targets, rtol=CLEAR_DIFFERENCE, atol=negligible).all(axis=1)
        return len(agrees) > 0 and agrees.mean() < 0.5


def last_targets(y, weight):
    """Return the targets of the last `N_COMPARED` samples at their last step; NaN if missing or of weight 0."""
    return targets_of(y, weight, slice(-N_COMPARED, None))


def targets_of(y, weight, rows):
    """Return the targets of some samples at their last step; NaN if missing or of weight 0."""
    y = y[rows, -1] if y.ndim == 3 else y[rows]
    return np.where(weight[rows, np.newaxis] > 0, y, np.nan).astype(y.dtype)


def _agree_in_last_places(left, right):
    """Whether two arrays agree to four units in the last place of the coarser one, where `left` is not NaN."""
    dtype = min(left.dtype, right.dtype, key=lambda dtype: dtype.itemsize)
    left, right = left.astype(dtype), right.astype(dtype)
    known = ~np.isnan(left)
    distance = np.abs(left - right)[known]
    return bool((distance <= 4 * np.finfo(dtype).eps * np.abs(right)[known]).all())
