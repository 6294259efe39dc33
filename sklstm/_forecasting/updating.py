"""Train fitted regressors further on rows that follow the training rows."""

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from sklstm._estimator.channel_names import use_channel_names
from sklstm._forecasting.fitted_forecaster import FittedForecaster, window_channels
from sklstm._forecasting.regressor_input import lstm_prefixes
from sklstm._forecasting.window_regressor import why_no_partial_fit
from sklstm._series.history import History
from sklstm._utils.argument_checks import shown
from sklstm._utils.plain_parameters import plain

HIGHEST_RATE = 1e30  # as that of an LSTMRegressor


def check_learning_rate(learning_rate_init, train, regressors):
    """Check the value of `learning_rate_init`, and that a regressor uses it; return it as a Python number."""
    is_number = isinstance(learning_rate_init, Real)
    if not is_number or isinstance(learning_rate_init, bool | np.bool_ | np.timedelta64):
        raise ValueError(f"learning_rate_init must be a number above 0, got {shown(learning_rate_init)}.")
    learning_rate_init = plain(learning_rate_init)  # in half precision, the highest rate would be infinite
    if not 0 < learning_rate_init <= HIGHEST_RATE:
        raise ValueError(
            f"learning_rate_init must be a number above 0, and at most {HIGHEST_RATE:g}; got "
            f"{shown(learning_rate_init)}."
        )
    if not train or not any(lstm_prefixes(regressor) for regressor in regressors):
        raise ValueError(
            f"learning_rate_init={learning_rate_init} is used by an LSTMRegressor with train=True only. Leave it out; "
            "other regressors have parameters of their own for this."
        )
    return learning_rate_init


def train_further(fitted, histories, n_new, learning_rate_init):
    """Train on the windows with new targets, together with some of the older windows; then adjust the seasons.

    Parameters
    ----------
    fitted : FittedForecaster
    histories : dict of History
        The histories including the new rows, by key.
    n_new : dict of int
        Number of new rows, by key.
    learning_rate_init : float or None
        As in `Forecaster.update`.

    Returns
    -------
    fitted : FittedForecaster
        The same with copies of the regressors, trained further.
    """
    reasons = [reason for reason in map(why_no_partial_fit, fitted.regressors) if reason]
    if reasons:
        raise ValueError(f"update(train=True) needs partial_fit; {reasons[0]}, or call fit on all rows.")
    regressor_set, windows = deepcopy(fitted.batch_forecaster.regressor_set), _Windows(fitted, histories, n_new)
    with use_channel_names(window_channels(fitted.data.spec, fitted.builder.spec.n_ahead)):
        regressor_set.partial_fit(windows.new, windows.older, learning_rate_init)
    trained = replace(fitted.batch_forecaster, regressor_set=regressor_set)
    return replace(fitted, batch_forecaster=trained.readjusted(histories))


@dataclass
class _Windows:
    """Draws windows of histories for one call of `train_further`."""

    fitted: FittedForecaster
    histories: dict[Hashable, History]
    n_new: dict[Hashable, int]

    def __post_init__(self):
        self._lengths = {key: len(history) for key, history in self.histories.items()}
        # the seed draws other windows at each update, but the same ones in each run
        self._rng = np.random.default_rng(sum(self._lengths.values()))

    def new(self, reach):
        """Return the windows whose target `reach` rows after the first one is new.

        If regressors learn from windows of which only some targets are known, the other targets are left out: they
        have been learnt before, unless the window could not be read then, or their weight was 0.
        """
        first = {key: max(1, self._lengths[key] - n - reach) for key, n in self.n_new.items()}
        origins = {key: np.arange(first[key], self._lengths[key]) for key in self.n_new}
        batch_forecaster, n_learnt = self.fitted.batch_forecaster, None
        if batch_forecaster.regressor_set.learns_partly and batch_forecaster.builder.reads_windows_early:
            n_learnt = {key: self._lengths[key] - n for key, n in self.n_new.items()}
        return batch_forecaster.training_windows(self.histories, origins, n_learnt=n_learnt)

    def older(self, reach, n_drawn):
        """Draw up to `n_drawn` of the windows whose targets, up to `reach` rows after the first, are not new."""
        known = {key: max(0, self._lengths[key] - self.n_new.get(key, 0) - reach - 1) for key in self.histories}
        ends = np.cumsum(list(known.values()))
        drawn = np.unique(self._rng.integers(ends[-1], size=n_drawn)) if ends[-1] else np.empty(0, int)
        parts = np.split(drawn, np.searchsorted(drawn, ends[:-1]))
        origins = {key: part - end + known[key] + 1 for key, part, end in zip(known, parts, ends, strict=True)}
        origins = {key: rows[self._are_drawn(key, rows)] for key, rows in origins.items()}
        origins = {key: rows for key, rows in origins.items() if len(rows)}
        return self.fitted.batch_forecaster.training_windows(self.histories, origins) if origins else None

    def _are_drawn(self, key, origins):
        """Keep each window at random, with a probability in proportion to the weight of its training rows."""
        data, n_ahead = self.fitted.data, self.fitted.builder.spec.n_ahead
        if data.weight is None or key not in data.series:
            return np.ones(len(origins), bool)
        weight = data.weight[data.series[key].rows]
        weight = np.concatenate((weight / data.weight.max(), np.ones(n_ahead)))
        rows = origins[:, np.newaxis] + np.arange(n_ahead)
        return self._rng.random(len(origins)) < weight[np.minimum(rows, len(weight) - 1)].min(axis=1)
