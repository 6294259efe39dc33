"""Forecasts that are a baseline and what a regressor has learnt to add to it.

Smyl, S. (2020), *A hybrid method of exponential smoothing and recurrent neural networks for time series forecasting*,
won the M4 competition by this idea. Lai et al. (2018), *Modeling long- and short-term temporal patterns with deep
neural networks* (LSTNet), add an autoregressive model to a network in this way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.baselines import BaselineStart, SeriesBaseline
from sklstm._forecasting.built_windows import ForecastWindows
from sklstm._forecasting.strategies import RegressorSet
from sklstm._utils.forecast_bounds import newest
from sklstm._utils.recursive_forecast import clipped
from sklstm._utils.threads import with_one_blas_thread
from sklstm._utils.windows import row_chunks


@dataclass(frozen=True)
class Baseline:
    """The weighted mean of one or several baselines.

    Parameters
    ----------
    of_series : tuple of SeriesBaseline
        Those that forecast each series from its own rows.
    of_windows : tuple of RegressorSet
        Those that are regressors, which read windows relative to their last value.
    shares : ndarray of shape (n_baselines,)
        The weight of each; they add up to 1.
    """

    of_series: tuple[SeriesBaseline, ...]
    of_windows: tuple[RegressorSet, ...]
    shares: np.ndarray

    def start(self, rows, origins, steps, feeds_back):
        """Return a BaselineStart at some origins; see `SeriesBaseline.start`."""
        return BaselineStart(tuple(part.start(rows, origins, steps, feeds_back) for part in self.of_series))

    def at(self, rows, lengths):
        """Return the baseline with its states after so many rows of each series, by key."""
        return replace(self, of_series=tuple(part.at(rows, lengths) for part in self.of_series))

    def compact(self):
        """Return the baseline for series of which the rows before its states are no longer kept."""
        return replace(self, of_series=tuple(part.compact() for part in self.of_series))

    def without(self, keys):
        """Return the baseline without the states of some series."""
        return replace(self, of_series=tuple(part.without(keys) for part in self.of_series))

    def paths(self, start: ForecastWindows, baseline: BaselineStart, windows, steps):
        """Return the forecasts of every baseline, (n_baselines, n, steps, n_targets), in scaled units.

        `start` has the units. `baseline` and `windows` are those to forecast from.
        """
        paths = [start.scaled(member.path(steps)) for member in baseline.members]
        return np.stack(paths + [relative_path(part, windows, steps) for part in self.of_windows])

    def mean(self, paths):
        """Return the mean of forecasts (n_baselines, …)."""
        return np.tensordot(self.shares, paths, 1)


@dataclass(frozen=True)
class Mixture:
    """How a baseline and a regressor make one forecast.

    Parameters
    ----------
    weight : float
        The regressor learns to add to last + weight · (baseline - last), where `last` is the last value.
    trust : ndarray of shape (n_ahead,)
        How much of the correction is added at each step, from 0 (none) to 1 (all).
    """

    weight: float
    trust: np.ndarray

    def reference(self, baseline, last):
        """Return what the regressor adds to, from forecasts (n, steps, n_targets) and last values (n, n_targets)."""
        last = last[:, np.newaxis]
        return last + self.weight * (baseline - last)

    def refer(self, samples, baseline, last):
        """Return samples with the reference to a baseline (n, n_ahead, n_targets)."""
        return replace(samples, reference=self.reference(baseline, last).reshape(len(samples), -1))

    def mixed(self, baseline, whole):
        """Mix forecasts (n, steps, n_targets, …) of the baseline with those of the sum."""
        trust = self.trust[: baseline.shape[1]].reshape(-1, *[1] * (baseline.ndim - 2))
        return baseline + trust * (whole - baseline)


@dataclass(frozen=True)
class CorrectedSet:
    """A baseline and the regressors that correct it. It forecasts as a RegressorSet does.

    Parameters
    ----------
    regressor_set : RegressorSet
        What corrects; its regressors read windows relative to their last value.
    baseline : Baseline
    mixture : Mixture
    """

    regressor_set: RegressorSet
    baseline: Baseline
    mixture: Mixture

    @property
    def strategy(self):
        return self.regressor_set.strategy

    @property
    def parts(self):
        return self.regressor_set.parts

    @property
    def spec(self):
        return self.regressor_set.spec

    @property
    def is_used(self):
        """Whether the regressors are used at all."""
        return bool(self.mixture.trust.any())

    @property
    def regressors(self):
        return self.regressor_set.regressors if self.is_used else []

    @property
    def learns_partly(self):
        return self.regressor_set.learns_partly

    def fit(self, samples, tasks, n_jobs=None):
        """Train the regressors if they are used; see `RegressorSet.fit`."""
        return replace(self, regressor_set=self.regressor_set.fit(samples, tasks, n_jobs)) if self.is_used else self

    def partial_fit(self, samples, draw_older=None, learning_rate_init=None):
        """Train the regressors further if they are used; see `RegressorSet.partial_fit`."""
        if self.is_used:
            self.regressor_set.partial_fit(samples, draw_older, learning_rate_init)

    def with_reference(self, samples, rows, origins):
        """Return samples, made at some origins of series, with what the regressor is to add to.

        Parameters
        ----------
        samples : TrainingWindows
        rows, origins
            As for `SeriesBaseline.start`.
        """
        n_ahead = self.spec.n_ahead
        start = self.baseline.start(rows, origins, n_ahead, feeds_back=False)
        last = samples.last(self.spec.n_targets)
        paths = [samples.scaling.scaled(member.path(n_ahead)[samples.numbers]) for member in start.members]
        paths += [relative_path_of_samples(part, samples, last) for part in self.baseline.of_windows]
        return self.mixture.refer(samples, self.baseline.mean(np.stack(paths)), last)

    def forecast(self, start: ForecastWindows, steps):
        """Forecast `steps` steps after each window, (n, steps, n_targets) in scaled units."""
        if not self.is_used:
            return clipped(self._baseline_alone(start, steps), start.limits)
        start = self._with_whole_blocks(start)
        return self.strategy.forecast_blocks(NextBlock(self, start), start, steps)

    def baseline_path(self, start: ForecastWindows, steps):
        """Return the baseline along a forecast, (n, steps, n_targets) in scaled units."""
        if not self.is_used:
            return self.forecast(start, steps)
        start = self._with_whole_blocks(start)
        block = NextBlock(self, start)
        self.strategy.forecast_blocks(block, start, steps)
        return np.concatenate(block.baselines, axis=1)[:, :steps]

    def _baseline_alone(self, start: ForecastWindows, steps):
        """Return the mean of what every baseline forecasts by itself, (n, steps, n_targets) in scaled units.

        A baseline of a series forecasts any number of steps at once. Its own forecasts would tell it nothing new.
        """
        if steps <= self.strategy.n_ahead:
            return self.baseline.mean(self.baseline.paths(start, start.baseline, start.windows, steps))
        paths = [start.scaled(member.path(steps)) for member in start.baseline.members]
        learnt = [
            self.strategy.forecast_blocks(relative_block(part), start, steps) for part in self.baseline.of_windows
        ]
        return self.baseline.mean(np.stack(paths + learnt))

    def quantiles(self, start: ForecastWindows, steps):
        """Predict every quantile level, (n, steps, n_targets, n_levels)."""
        baseline = self.baseline.mean(self.baseline.paths(start, start.baseline, start.windows, steps))
        reference = self.mixture.reference(baseline, newest(start.windows[..., : self.spec.n_targets]))
        learnt = self.regressor_set.quantiles(start, steps)
        return self.mixture.mixed(baseline[..., np.newaxis], reference[..., np.newaxis] + learnt)

    def sample_paths(self, start: ForecastWindows, points, errors, n_paths, rng):
        """Simulate paths; see `RegressorSet.sample_paths`."""
        start = self._with_whole_blocks(start)
        return self.strategy.sample_paths(lambda start: NextBlock(self, start), start, points, errors, n_paths, rng)

    def _with_whole_blocks(self, start: ForecastWindows):
        """Return windows of at least `n_ahead` rows, so that a baseline can follow all rows of a block."""
        n_missing = max(0, self.strategy.n_ahead - self.spec.window_length)
        return replace(start, windows=np.pad(start.windows, ((0, 0), (n_missing, 0), (0, 0)), constant_values=np.nan))


class NextBlock:
    """Predicts one block of steps after another, and follows the baseline along what is fed back.

    Parameters
    ----------
    corrected : CorrectedSet
    start : ForecastWindows
        The windows before the first block.

    Attributes
    ----------
    state : BaselineStart
        The baselines before the next block.
    baselines : list of ndarray of shape (n, n_ahead, n_targets)
        The baseline of each block so far, in scaled units.
    """

    def __init__(self, corrected, start):
        self.corrected, self.start, self.state = corrected, start, start.baseline
        self.baselines = []

    def __call__(self, windows):
        """Predict the next block of windows, (n, n_ahead, n_targets); infinite where infinity was fed back."""
        corrected, n_ahead, n_targets = self.corrected, self.corrected.spec.n_ahead, self.corrected.spec.n_targets
        lost = np.isinf(windows).any(axis=(1, 2))
        if lost.any():
            windows = np.where(lost[:, np.newaxis, np.newaxis], 0, windows)
        if self.baselines:
            self.state = self.state.after(self.start.unscaled(windows[:, -n_ahead:, :n_targets]))
        windows = windows[:, -corrected.spec.window_length :]
        baseline = corrected.baseline.mean(corrected.baseline.paths(self.start, self.state, windows, n_ahead))
        self.baselines.append(baseline)
        forecasts = baseline
        if corrected.is_used:
            reference = corrected.mixture.reference(baseline, newest(windows[..., :n_targets]))
            forecasts = corrected.mixture.mixed(baseline, reference + corrected.regressor_set.predict(windows, n_ahead))
        return np.where(np.isfinite(forecasts) & ~lost[:, np.newaxis, np.newaxis], forecasts, np.inf)


@with_one_blas_thread
def relative_path(part: RegressorSet, windows, steps):
    """Return the forecasts (n, steps, n_targets) of a RegressorSet that learnt changes from the last value."""
    last = newest(windows[..., : part.spec.n_targets])  # which may lie before the rows that the part reads
    return part.predict(windows[:, -part.spec.window_length :], steps) + last[:, np.newaxis]


def relative_block(part: RegressorSet):
    """Return a function that predicts the next block of windows as `relative_path` does.

    It is infinite where infinity was fed back.
    """

    def predict(windows):
        lost = np.isinf(windows).any(axis=(1, 2))[:, np.newaxis, np.newaxis]
        forecasts = relative_path(part, np.where(lost, 0, windows), part.spec.n_ahead)
        return np.where(np.isfinite(forecasts) & ~lost, forecasts, np.inf)

    return predict


@with_one_blas_thread
def relative_path_of_samples(part: RegressorSet, samples, last):
    """Do the same as `relative_path` for the windows of TrainingWindows, whose last values (n, n_targets) are given.

    It copies some of the windows at a time.
    """
    spec, rows = part.spec, samples.rows_at(np.arange(len(samples)))
    found = np.empty((len(samples), spec.n_ahead, spec.n_targets))
    for chunk in row_chunks(len(samples), samples.windows[0].size):
        found[chunk] = part.predict(samples.windows[rows[chunk]][:, -spec.window_length :], spec.n_ahead)
    return found + last[:, np.newaxis]
