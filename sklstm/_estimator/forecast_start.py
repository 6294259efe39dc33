"""Where a forecast begins that is given no context: the end of the training rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklstm._utils.checks import is_pandas
from sklstm._utils.index_steps import end_if_regular
from sklstm._utils.user_warning import warn_user

# How many of the last rows have to continue each other for a forecast to go on from them.
N_COMPARED = 100


@dataclass(frozen=True)
class ForecastStart:
    """The last training row, its target, and the time that the target is at.

    Parameters
    ----------
    window : ndarray of shape (1, n_steps, n_channels)
        The last row.
    target : ndarray of shape (n_outputs,)
        Its target (at the last step).
    is_continued : bool
        Whether each row's target is the newest step of the next row.
    is_pandas : bool
        Whether the targets came as a Series or DataFrame.
    end : IndexEnd or None
        Where the targets' index ends.
    names : object
        Name of the Series or columns of the DataFrame.
    """

    window: np.ndarray
    target: np.ndarray
    is_continued: bool
    is_pandas: bool
    end: Any
    names: Any

    @classmethod
    def after(cls, X, y, weight, given, n_targets, previous=None):
        """The end of rows X and targets y (2-D or 3-D), which the user gave as `given`.

        A target of weight 0 is missing. Rows that come one at a time are compared with the `previous`
        origin.
        """
        rows, targets = X[-N_COMPARED:], (y[-N_COMPARED:, -1] if y.ndim == 3 else y[-N_COMPARED:])
        targets = np.where(weight[-N_COMPARED:, np.newaxis] > 0, targets, np.nan).astype(y.dtype)
        is_continued = targets.shape[1] == n_targets
        if len(X) == 1 and previous is not None and previous.window.shape[1:] == X.shape[1:]:
            rows, targets = np.concatenate((previous.window, X)), np.stack((previous.target, targets[0]))
            is_continued = is_continued and previous.is_continued
        pandas = is_pandas(given)
        return cls(
            window=X[-1:].copy(),
            target=targets[-1].copy(),
            is_continued=is_continued and _continue_each_other(rows, targets),
            is_pandas=pandas,
            end=end_if_regular(given.index) if pandas else None,
            names=(given.columns if given.ndim == 2 else given.name) if pandas else None,
        )

    def window_after(self, others):
        """The last window moved on by one step: its target, and `others` (1, 1, n_others), are the newest."""
        if not self.is_continued:
            raise ValueError(
                "forecast without context goes on from the training rows, but there the target of a row is not the "
                "newest step of the next one. It must be its first channels, in the same order and units, at lead=1; "
                "flattened windows need n_channels set. Do not scale, shuffle or difference outside of the model, or "
                "give context."
            )
        newest = np.concatenate((self.target[np.newaxis, np.newaxis], others), axis=2)
        return np.concatenate((self.window[:, 1:], newest.astype(self.window.dtype)), axis=1)

    def times(self, steps):
        """The times of the steps that a forecast appends, from the last target's on, if y told them."""
        if self.end is None or self.end.step is None or isinstance(self.end.last, int):
            return None
        return self.end.from_last(steps)

    def label(self, answers):
        """Answers (steps,) or (steps, n_outputs) as pandas, where the training targets were."""
        if not self.is_pandas:
            return answers
        import pandas as pd

        if self.end is None or self.end.step is None:
            warn_user(
                "The index of y cannot be continued (it is no index of time, or its steps do not agree on a "
                "frequency): the forecast counts steps from 1. y.asfreq(...) sets a frequency."
            )
            index = pd.RangeIndex(1, len(answers) + 1)
        else:
            index = self.end.next_values(len(answers))
        if answers.ndim == 1:
            return pd.Series(answers, index=index, name=self.names)
        return pd.DataFrame(answers, index=index, columns=self.names)


def _continue_each_other(rows, targets):
    """Whether each row is the one before it, moved on by one step, with that one's target as the newest.

    Rows before which others are missing (their target was) cannot tell: their newest step has no value.
    """
    newest = rows[1:, -1, : targets.shape[1]]
    known = np.isfinite(newest).all(axis=1)
    if len(rows) > 1 and not known.any():
        return False
    moved_on = np.array_equal(rows[1:, :-1][known], rows[:-1, 1:][known], equal_nan=True)
    return moved_on and _same_but_rounding(targets[:-1][known], newest[known])


def _same_but_rounding(left, right):
    """Whether two arrays agree to four units in the last place of the coarser one."""
    dtype = min(left.dtype, right.dtype, key=lambda dtype: dtype.itemsize)
    left, right = left.astype(dtype), right.astype(dtype)
    known = ~np.isnan(left)
    distance = np.abs(left - right)[known]
    return bool((distance <= 4 * np.finfo(dtype).eps * np.abs(right)[known]).all())
