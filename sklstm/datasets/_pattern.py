"""A generated series that repeats a pattern."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from sklstm._utils.argument_checks import shown, validate_arguments
from sklstm._utils.memory import check_memory
from sklstm._utils.plain_parameters import plain
from sklstm._utils.public import public
from sklstm._utils.random import own_generator


@public
@validate_arguments(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "pattern_length": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, 1e300, closed="both")],
        "random_state": ["random_state", np.random.Generator],
    }
)
def make_pattern(n_samples=200, pattern_length=3, noise=0.05, random_state=None):
    """Generate a noisy series that repeats one period of a sine.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows of the series.
    pattern_length : int, default=3
        Number of rows per period. They are equally spaced, and the end of a period is the first row of the next.
    noise : float, default=0.05
        Standard deviation of the Gaussian noise.
    random_state : int, RandomState, Generator or None, default=None
        Determines the noise. Pass an int for reproducible output across multiple calls.

    Returns
    -------
    series : ndarray of shape (n_samples,)
        The values, between -1 and 1 apart from the noise.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> from sklstm.datasets import make_pattern
    >>> make_pattern(6, noise=0).round(3) + 0.0
    array([ 0.   ,  0.866, -0.866,  0.   ,  0.866, -0.866])
    """
    n_samples, pattern_length, noise = map(plain, (n_samples, pattern_length, noise))
    what = f"n_samples={shown(n_samples)} with pattern_length={shown(pattern_length)}"
    check_memory(32 * (n_samples + pattern_length), what, "Choose smaller numbers.")
    pattern = np.sin(2 * np.pi * np.arange(pattern_length) / pattern_length)
    noise = own_generator(random_state).normal(0, abs(noise), n_samples)  # NumPy refuses -0.0
    return np.resize(pattern, n_samples) + noise
