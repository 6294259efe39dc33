"""Which rows are kept from training to stop it by."""

from math import ceil

import numpy as np


def hold_out(rows, fraction, split, gap, seed):
    """Divide rows into those to train on and those to validate on.

    Rows next to each other share most of their steps, so the *last* ones are a fair test and a random
    draw is not, unless the rows are independent of each other.

    Parameters
    ----------
    rows : ndarray of int of shape (n,)
        In the order of time.
    fraction : float
        Share to hold out, rounded up.
    split : {"last", "random"}
    gap : int
        Rows between the two parts that belong to neither; only for "last".
    seed : int
        Decides a random draw.

    Returns
    -------
    training, validation : ndarray of int
    """
    n_training = n_to_train_on(len(rows), fraction, gap)
    n_held_out = len(rows) - n_training - gap
    if split == "random":
        from sklearn.model_selection import train_test_split  # whose import would double that of sklstm

        return tuple(map(np.sort, train_test_split(rows, test_size=n_held_out, random_state=seed)))
    return rows[:n_training], rows[-n_held_out:]


def n_to_train_on(n_rows, fraction, gap):
    """How many of so many rows are left to train on; complains if none is."""
    n_training = n_rows - ceil(fraction * n_rows) - gap
    if n_training < 1:
        raise ValueError(
            f"With n_samples={n_rows} (of positive weight), validation_fraction={fraction} and validation_gap={gap} no "
            "row is left to train on. Give more rows, or lower them."
        )
    return n_training
