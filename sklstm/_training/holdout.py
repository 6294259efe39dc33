"""Hold out validation samples for early stopping."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import IntArray


def hold_out(
    rows: IntArray, fraction: float, split: Literal["last", "random"], gap: int, seed: int
) -> tuple[IntArray, IntArray]:
    """Split samples into training and validation samples.

    Neighbouring windows share most of their steps. A random split would therefore leak: choose "last" unless the
    samples are independent.

    Parameters
    ----------
    rows : ndarray of int of shape (n,)
        Indices of the samples, in the order of time.
    fraction : float
        Share of the samples to hold out, rounded up.
    split : {"last", "random"}
    gap : int
        Number of samples between the two parts that are used for neither. It must be 0 for "random".
    seed : int
        Decides a random split.

    Returns
    -------
    training, validation : ndarray of int
    """
    n_training = n_to_train_on(len(rows), fraction, gap)
    n_held_out = len(rows) - n_training - gap
    if split == "random":
        from sklearn.model_selection import train_test_split  # this import takes as long as that of sklstm

        training, validation = train_test_split(rows, test_size=n_held_out, random_state=seed)
        return np.sort(training), np.sort(validation)
    return rows[:n_training], rows[-n_held_out:]


def n_to_train_on(n_samples: int, fraction: float, gap: int) -> int:
    """Return the number of samples that remain to train on; raise ValueError if none do."""
    n_training = n_samples - ceil(fraction * n_samples) - gap
    if n_training < 1:
        raise ValueError(
            f"With n_samples={n_samples} (of positive weight), validation_fraction={fraction} and "
            f"validation_gap={gap}, no sample is left to train on. Give more samples, or lower these parameters."
        )
    return n_training
