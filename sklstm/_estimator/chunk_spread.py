"""Whether chunks are alike, as they are if each holds samples of all times.

A network that is trained on unlike chunks, one after the other, forgets the first of them: McCloskey, M. and Cohen,
N. J. (1989), *Catastrophic interference in connectionist networks*, Psychology of Learning and Motivation 24.
"""

import numpy as np

from sklstm._estimator.channel_names import are_given
from sklstm._utils.user_warning import warn_user

# Chunks are unlike if more than this share of the variance of a target is between them. On chunks in order of time,
# errors were 1.6 of those of mixed chunks at a share of 0.75, and 1.01 to 1.02 below 0.5 (`benchmarks.beyond_memory`).
LARGEST_SHARE = 0.5
# Of fewer samples, in all and in a mean chunk, chance may make chunks unlike.
FEWEST_SAMPLES, FEWEST_IN_CHUNK = 100, 10
# The scale of equal targets is about their size. It is of no use if targets change by so much less or more: R² was 0.95
# where they changed by 0.05 of it, and below 0 at 0.001.
USELESS = 100


class ChunkSpread:
    """Numbers, means and variances of the targets of each chunk."""

    def __init__(self):
        self._of_chunks = []

    def add(self, y):
        """Add the targets of a chunk, (n, n_outputs) or (n, n_steps, n_outputs), with NaN for those that are missing.

        Of targets at every step, the last one counts.
        """
        y = (y[:, -1] if y.ndim == 3 else y).astype(np.float64)
        known = ~np.isnan(y)
        count = known.sum(axis=0)
        divisor = np.maximum(count, 1)
        y[~known] = 0
        largest = np.maximum(np.abs(y).max(axis=0, initial=0), np.finfo(float).tiny)  # squares do not overflow
        relative = y / largest
        mean = relative.sum(axis=0) / divisor
        squares = np.where(known, relative - mean, 0) ** 2
        self._of_chunks.append((count, mean, squares.sum(axis=0) / divisor, largest))

    def share_between(self):
        """Return the share of the variance of each target that is between chunks, (n_outputs,), less that of chance.

        It is 0 for a target with too few samples.
        """
        count, mean, variance, largest = (np.array(part) for part in zip(*self._of_chunks, strict=True))
        unit = largest / largest.max(axis=0)
        mean, variance = mean * unit, variance * unit**2
        n, n_chunks = count.sum(axis=0), (count > 0).sum(axis=0)
        is_enough = (n >= FEWEST_SAMPLES) & (n >= FEWEST_IN_CHUNK * n_chunks) & (n_chunks > 1)
        n = np.maximum(n, 1)
        within = (count * variance).sum(axis=0)
        between = (count * (mean - (count * mean).sum(axis=0) / n) ** 2).sum(axis=0)
        is_enough &= within + between > 0
        total = np.where(is_enough, within + between, 1)
        share = 1 - within / total * (n - 1) / np.maximum(n - n_chunks, 1)  # random chunks have 0 on average
        return np.where(is_enough, share, 0)

    def warn_if_unlike(self):
        """Warn if most of the variance of a target is between chunks."""
        share = self.share_between()
        output = int(share.argmax())
        if share[output] > LARGEST_SHARE:
            of = "y" if len(share) == 1 else f"column {output} of y"
            warn_user(
                f"The {len(self._of_chunks)} chunks are not alike: {100 * share[output]:.0f} % of the variance of {of} "
                "is between them, as if they held different times or series. A network that is trained on one after "
                "the other may forget the first ones. Mix the rows: `rows = np.random.default_rng(0).permutation("
                "len(X))`, and for each `part` of np.array_split(rows, n_chunks) the chunk (X[part], y[part]). If the "
                "rows cannot be mixed, read the chunks in another order in each epoch."
            )


def warn_of_first_scale(before, after, data):
    """Warn if targets were equal in all chunks so far, and in this one change by far less or more than their scale.

    Parameters
    ----------
    before, after : Scaling
        Before and after this chunk.
    data : TrainingSet
    """
    has_size_as_scale = before.target_mean is not None and before.target_spread is None
    if are_given() or before.instance_norm is not None or not has_size_as_scale:
        return
    change, scale = _change(before, data)
    useless = _is_equal(before) & ~_is_equal(after) & ((change > USELESS * scale) | (change * USELESS < scale))
    if useless.any():
        output = int(useless.argmax())
        of = "y" if len(useless) == 1 else f"column {output} of y"
        warn_user(
            f"The first chunk had equal targets, so that {of} is scaled by {scale[output]:.3g}; this one changes by "
            f"{change[output]:.3g}. Training keeps the scale of the first chunk. Begin with "
            "clone(model).fit_scaling(chunks), and `from sklearn.base import clone`, or with a chunk of many samples."
        )


def _is_equal(scaling):
    """Whether each target, (n_outputs,), was the same in all samples."""
    constant = np.full(len(scaling.target_mean), np.nan) if scaling.constant is None else scaling.constant.ravel()
    is_equal = np.zeros(len(constant), bool) if scaling.is_constant is None else scaling.is_constant.ravel()
    return np.isfinite(constant) | is_equal


def _change(scaling, data):
    """Return by how much targets differ from their mean at most, and their scale, both (n_outputs,) in units of y."""
    unit = np.ones(1) if scaling.target_unit is None else scaling.target_unit.ravel().astype(np.float64)
    mean, scale = (part.ravel().astype(np.float64) for part in (scaling.target_mean, scaling.target_scale))
    y = data.y[data.rows].reshape(-1, data.n_outputs)
    with np.errstate(over="ignore"):
        return np.fmax.reduce(np.abs(y - mean * unit), axis=0, initial=0), scale * unit
