"""Random generators made from `random_state`, never NumPy's global one."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import TypeAlias

import numpy as np

from sklstm._utils.argument_checks import shown

RandomSource: TypeAlias = "int | np.random.RandomState | np.random.Generator | None"


def own_generator(random_state: RandomSource) -> np.random.Generator:
    """Make a new generator that depends on `random_state` alone.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        An integer gives the same generator every time. None gives a different one every time. A RandomState or
        Generator seeds the new generator, which advances its own state.
    """
    if random_state is None or isinstance(random_state, Integral):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(2**63, size=2))
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4))
    raise ValueError(f"random_state must be an int, RandomState, Generator or None, got {shown(random_state)}.")


def restorer(random_state: RandomSource) -> Callable[[], None]:
    """Return a function that restores the present state of a generator, or does nothing for anything else."""
    if isinstance(random_state, np.random.Generator):
        bit_generator, state = random_state.bit_generator, random_state.bit_generator.state
        return lambda: setattr(bit_generator, "state", state)
    if isinstance(random_state, np.random.RandomState):
        set_state, earlier = random_state.set_state, random_state.get_state(legacy=False)
        return lambda: set_state(earlier)
    return lambda: None
