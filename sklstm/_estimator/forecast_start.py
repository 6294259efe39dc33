"""`ForecastStart`, from which a forecast without context starts: the end of the training samples."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._estimator.sample_continuity import N_COMPARED, SamplePairs, last_targets
from sklstm._time_index.steps import IndexEnd, end_if_regular
from sklstm._utils.checks import is_pandas
from sklstm._utils.user_warning import warn_user

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ForecastStart:
    """The last training sample, its target, and the time of the target.

    Parameters
    ----------
    window : ndarray of shape (1, n_steps, n_channels)
        The last sample.
    target : ndarray of shape (n_outputs,)
        Its target, at the last step; NaN where it is missing or its weight is 0.
    is_continuous : bool
        Whether the target of each sample is the newest step of the next sample.
    others_follow : bool
        False if the first channels of each sample are those of the sample before, moved on by one step, but the others
        are not.
    is_pandas : bool
        Whether the targets were a Series or DataFrame.
    end : IndexEnd or None
        End of the index of the targets.
    names : object
        The name of the Series, or the columns of the DataFrame.
    """

    window: np.ndarray
    target: np.ndarray
    is_continuous: bool
    others_follow: bool
    is_pandas: bool
    end: IndexEnd | None
    names: "Hashable | pd.Index"

    @classmethod
    def from_training_rows(cls, data, y, previous=None):
        """Take the end of a training set; `y` are the targets as the user gave them.

        `partial_fit` may get one sample at a time, so a single sample is compared with the `previous` start.
        """
        rows, targets = data.X[-N_COMPARED:], last_targets(data.y, data.weight)
        has_targets = is_continuous = data.n_outputs == data.n_targets
        if len(rows) == 1 and previous is not None and previous.window.shape[1:] == rows.shape[1:]:
            rows, targets = np.concatenate((previous.window, rows)), np.stack((previous.target, targets[0]))
            is_continuous = previous.is_continuous
            has_targets = has_targets and (is_continuous or not previous.others_follow)
        of_targets = SamplePairs.from_samples(rows[:, :, : data.n_targets], targets)
        has_targets = has_targets and of_targets.are_continuous()
        is_continuous = is_continuous and has_targets and SamplePairs.from_samples(rows, targets).are_continuous()
        pandas = is_pandas(y)
        return cls(
            window=data.X[-1:].copy(),
            target=targets[-1].copy(),
            is_continuous=is_continuous,
            others_follow=is_continuous or not has_targets,
            is_pandas=pandas,
            end=end_if_regular(y.index) if pandas else None,
            names=(y.columns if y.ndim == 2 else y.name) if pandas else None,
        )

    def check_others_follow(self):
        """Raise ValueError if a window that is moved on by one step is none of those that were trained on."""
        if not self.others_follow:
            raise ValueError(
                "forecast moves the window on by one step for each step ahead, but some channels of the training "
                "samples are not those of the sample before, moved on by one step: they hold values of a row, as the "
                "extra columns of LagsToSequences. Predict one row after the other, and put each prediction into the "
                "lags of the next row. Or give these columns as X to a Forecaster, which does that."
            )

    def next_window(self, others):
        """Return the last window moved on by one step, which holds its target and `others` (1, 1, n_others)."""
        self.check_others_follow()
        if not self.is_continuous:
            raise ValueError(
                "forecast without context continues the training samples, but the target of a sample is not the newest "
                "step of the next sample. Targets must be the first channels of the next step (lead=1), in the same "
                "order and units; flattened windows need n_channels. Do not scale, shuffle or difference outside of "
                "the model, or give context."
            )
        newest = np.concatenate((self.target[np.newaxis, np.newaxis], others), axis=2)
        return np.concatenate((self.window[:, 1:], newest.astype(self.window.dtype)), axis=1)

    def times(self, steps):
        """Return the times of the steps that a forecast appends, from the last target on; None if unknown."""
        if self.end is None or self.end.step is None or isinstance(self.end.last, int):
            return None
        return self.end.from_last(steps)

    def to_output(self, forecast):
        """Return a forecast (steps,) or (steps, n_outputs) as pandas, if the training targets were pandas."""
        if not self.is_pandas:
            return forecast
        import pandas as pd

        if self.end is None or self.end.step is None:
            warn_user(
                "The index of y cannot be continued (it is not an index of time, or has no regular step), so the "
                "forecast counts steps from 1. y.asfreq(...) sets a frequency."
            )
            index = pd.RangeIndex(1, len(forecast) + 1)
        else:
            index = self.end.next_values(len(forecast))
        if forecast.ndim == 1:
            return pd.Series(forecast, index=index, name=self.names)
        return pd.DataFrame(forecast, index=index, columns=self.names)
