"""The one place that turns a `random_state` into a generator; never the global one."""

from contextlib import contextmanager
from numbers import Integral

import numpy as np


def own_generator(random_state):
    """A new `numpy.random.Generator`, decided by `random_state` alone.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        An integer gives the same generator every time, None a fresh one; a generator is consumed.
    """
    if random_state is None or isinstance(random_state, Integral):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(2**63, size=2))
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4))
    raise ValueError(f"random_state must be an int, RandomState, Generator or None, got {random_state!r}.")


@contextmanager
def unused_on_error(random_state):
    """Put a user's generator back to where it was if the block fails; of anything else nothing is used up."""
    restore = _restorer(random_state)
    try:
        yield
    except BaseException:
        restore()
        raise


def _restorer(random_state):
    """What brings a generator back to where it is now."""
    if isinstance(random_state, np.random.Generator):
        state = random_state.bit_generator.state
        return lambda: setattr(random_state.bit_generator, "state", state)
    if isinstance(random_state, np.random.RandomState):
        state = random_state.get_state(legacy=False)
        return lambda: random_state.set_state(state)
    return lambda: None
