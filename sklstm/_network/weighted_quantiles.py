"""Quantiles of weighted values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

# Cumulative weights that are below a level by at most this share of the total are taken to reach it: a rounded sum of
# weights may be on either side, and an element of weight 2 would not always be as the element twice.
ROUNDING = 1e-9


def weighted_quantiles(values: FloatArray, weight: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the smallest values at which the cumulative weight reaches each level; values of weight 0 are ignored.

    np.quantile does the same with `weights`, but not in NumPy 1.26, and with rounding it may take the next value.

    Parameters
    ----------
    values : ndarray of shape (K, n)
    weight : ndarray of shape (n,) or (K, n)
    levels : ndarray of shape (Q,)
        Each in (0, 1].

    Returns
    -------
    quantiles : ndarray of shape (Q, K) in float64
    """
    order = np.argsort(values, axis=-1)
    cdf = np.take_along_axis(np.broadcast_to(weight, values.shape), order, axis=-1).cumsum(axis=-1, dtype=np.float64)
    cdf /= cdf[:, -1:]
    rank = np.stack([(cdf <= max(level - ROUNDING, 0)).sum(axis=-1) for level in levels], axis=-1)
    return np.take_along_axis(np.take_along_axis(values, order, axis=-1), rank, axis=-1).T.astype(np.float64)
