"""The adding problem, a generated task with long memory."""

from numbers import Integral

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
        "n_steps": [Interval(Integral, 4, None, closed="left")],
        "random_state": ["random_state", np.random.Generator],
    }
)
def make_adding_problem(n_samples=1000, n_steps=100, random_state=None):
    """Generate sequences in which two values are marked, and their sum is asked for at the end.

    A network must remember both values over the rest of the sequence, at least half of it, and ignore all others. It
    is the classic test of long memory. The step before the target says nothing about it.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of sequences.
    n_steps : int, default=100
        Length of the shortest sequences, at least 4. Lengths are uniform from `n_steps` to `n_steps + n_steps // 10`.
    random_state : int, RandomState, Generator or None, default=None
        Determines the sequences. Pass an int for reproducible output across multiple calls.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps + n_steps // 10, 2)
        Two channels. The first holds values, uniform in [-1, 1]. The second is 1 at the two marked steps, -1 at the
        first and the last step, and 0 at all others. Steps before the first one of a shorter sequence are NaN. The
        first mark is at one of the first ten steps (of the first `n_steps // 2`, if these are fewer), the second one
        at another of the first `n_steps // 2`.
    y : ndarray of shape (n_samples,)
        0.5 + (sum of both marked values) / 4, between 0 and 1. A mark at the first step stays -1 and adds 0.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8), section 5.4. There, a
    sequence counts as correct if the error is below 0.04.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> from sklstm.datasets import make_adding_problem
    >>> X, y = make_adding_problem(n_samples=2, n_steps=6, random_state=1)
    >>> X.shape, y.shape
    ((2, 6, 2), (2,))
    >>> X[0, :, 1]
    array([-1.,  0.,  1.,  0.,  0., -1.])
    """
    n_samples, n_steps = plain(n_samples), plain(n_steps)
    longest = n_steps + n_steps // 10
    what = f"n_samples={shown(n_samples)} sequences with n_steps={shown(n_steps)}"
    check_memory(24 * n_samples * longest, what, "Choose smaller numbers.")
    rng = own_generator(random_state)
    start = longest - rng.integers(n_steps, longest, n_samples, endpoint=True)
    X = np.zeros((n_samples, longest, 2))
    X[..., 0] = rng.uniform(-1, 1, (n_samples, longest))
    X[np.arange(longest) < start[:, np.newaxis]] = np.nan
    first = rng.integers(min(10, n_steps // 2), size=n_samples)
    second = rng.integers(n_steps // 2 - 1, size=n_samples)
    second += second >= first  # among those that are not marked yet
    y, rows = np.full(n_samples, 0.5), np.arange(n_samples)
    for marked in (first, second):
        y += np.where(marked > 0, X[rows, start + marked, 0], 0) / 4
        X[rows, start + marked, 1] = 1
    X[rows, start, 1] = X[:, -1, 1] = -1
    return X, y
