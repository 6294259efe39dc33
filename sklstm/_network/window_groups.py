"""Groups of windows of very different size, such as those of the small and the large series of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

# Two groups are apart if the deviations of all windows of one are more than this many times those of the other.
GAP = 30

# A group has at least so many windows. Fewer may be flat by chance.
FEWEST_IN_GROUP = 10


def group_limits(deviation: FloatArray, change: FloatArray) -> FloatArray:
    """Return the deviations that separate groups of windows, ascending, (n_groups - 1,).

    Windows that vary little beside others are a group of their own only if their targets stay close to them. A flat
    stretch of a series that moves again later is none: there, a target is as far away as the large windows are wide.

    Parameters
    ----------
    deviation : ndarray of shape (n,)
        The standard deviation of each window; 0 if it is constant. Constant windows are in no small group.
    change : ndarray of shape (n,)
        The largest distance of each window's last value to its targets.
    """
    varies = deviation > 0
    order = np.argsort(deviation[varies], kind="stable")
    deviation, change = deviation[varies][order], np.maximum.accumulate(change[varies][order])
    below, above = deviation[:-1], deviation[1:]
    is_limit = (above > GAP * below) & (change[:-1] <= GAP * below)
    limits, first = [], 0
    for last in np.flatnonzero(is_limit).tolist():
        if min(last + 1 - first, len(deviation) - last - 1) >= FEWEST_IN_GROUP:
            limits.append(np.sqrt(below[last]) * np.sqrt(above[last]))
            first = last + 1
    return np.array(limits)


def group_of(deviation: FloatArray, limits: FloatArray) -> IntArray:
    """Return the number of each window's group, by the limits (n_groups - 1,); constant windows are in the last."""
    return np.where(deviation > 0, np.searchsorted(limits, deviation), len(limits))


def is_rounding(deviation: FloatArray, last: FloatArray) -> BoolArray:
    """Whether each deviation is no more than the rounding of a constant in the precision of `last`, its last value."""
    constant: BoolArray = deviation <= np.finfo(last.dtype).eps * np.abs(last)
    return constant
