"""The oracle for short series: simple exponential smoothing plus half of the slope, one value after another.

Assimakopoulos, V. and Nikolopoulos, K. (2000), *The theta model*; Hyndman, R. J. and Billah, B. (2003), *Unmasking
the theta method*.
"""

import numpy as np

CONSTANTS = [0.05 * k for k in range(1, 20)]


def smoothed(y, constant):
    """The last level, the time that it speaks of, and the sum of squared errors of one step."""
    level, time, errors = float(y[0]), 0.0, 0.0
    for t in range(1, len(y)):
        error = y[t] - level
        errors += error**2
        share = max(constant, 1 / (t + 1))  # the mean of what there is, as long as that is more
        level += share * error
        time += share * (t - time)
    return level, time, errors


def theta(y, steps):
    """Forecast so many steps: the level of the constant that did best, and half of the slope of the line through y."""
    times = np.arange(len(y))
    slope = np.polyfit(times, y, 1)[0] * min(1, (len(y) - 1) / 5) if len(y) > 1 else 0.0
    level, time, _ = min((smoothed(y, constant) for constant in CONSTANTS), key=lambda result: result[2])
    ahead = len(y) - 1 - time + np.arange(1, steps + 1)
    return level + 0.5 * slope * ahead


def excess(path, y):
    """How far a path leaves the range of y."""
    return max(path.max() - y.max(), y.min() - path.min(), 0.0)


def allowed(y, steps):
    """How far a default may leave it: the larger of one range and twice what theta leaves it by."""
    size = max(np.ptp(y), np.abs(np.diff(y)).mean())
    return max(size, 2 * excess(theta(y, steps), y))
