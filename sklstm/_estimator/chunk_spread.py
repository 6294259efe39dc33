"""Whether the chunks of `fit_scaling` are alike, as they are if each holds samples of all times.

A network that is trained on unlike chunks, one after the other, forgets the first of them: McCloskey, M. and Cohen,
N. J. (1989), *Catastrophic interference in connectionist networks*, Psychology of Learning and Motivation 24.
"""

import numpy as np

from sklstm._utils.user_warning import warn_user

# Chunks are unlike if more than this share of the variance of a target is between them. On chunks in order of time,
# errors were 1.6 of those of mixed chunks at a share of 0.75, and 1.01 to 1.02 below 0.5 (`benchmarks.beyond_memory`).
LARGEST_SHARE = 0.5
# Of fewer samples, in all and in a mean chunk, chance may make chunks unlike.
FEWEST_SAMPLES, FEWEST_IN_CHUNK = 100, 10


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
