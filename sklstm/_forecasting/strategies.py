"""Strategies: ways to forecast several steps with regressors that read windows.

To add one, write a subclass of `Strategy` and add it to `STRATEGIES`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sklstm._estimator.channel_names import names_in_use, use_channel_names
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.built_windows import ForecastWindows
from sklstm._forecasting.regressor_input import clone_for_windows, takes_missing_targets
from sklstm._forecasting.window_regressor import WindowRegressor
from sklstm._forecasting.window_spec import WindowSpec, rows_read
from sklstm._utils.parallel import call_each
from sklstm._utils.recursive_forecast import clipped, forecast_recursively


@dataclass(frozen=True)
class Strategy:
    """How regressors forecast several steps. Unless a subclass overrides it, one regressor predicts all steps.

    Parameters
    ----------
    n_ahead : int
        Number of steps that are predicted at once.
    is_auto : bool, default=False
        Whether strategy="auto" chose it. Then a forecast further than `n_ahead` feeds blocks of `n_ahead` steps back,
        and a regressor that accepts this is trained on windows of which only some targets are known.
    """

    n_ahead: int
    is_auto: bool = False

    name: ClassVar[str]
    feeds_back: ClassVar[bool] = False  # whether each prediction is fed back as if it had been observed

    @classmethod
    def from_steps(cls, steps):
        """Make the strategy for the parameter `steps` of a Forecaster."""
        if steps is None:
            raise ValueError(f"strategy={cls.name!r} needs steps, the number of rows that are predicted at once.")
        return cls(steps)

    @property
    def extends(self):
        """Whether it can forecast further than `n_ahead` steps, by feeding forecasts back."""
        return self.feeds_back or self.is_auto

    @property
    def predicts_next(self):
        """Whether all predictions are of the next step: an LSTM may then learn every step of a window."""
        return self.feeds_back or (self.is_auto and self.n_ahead == 1)

    @property
    def n_regressors(self):
        """How many regressors it trains."""
        return 1

    def steps_of(self, number):
        """Return the steps that the regressor with this number predicts; steps and numbers count from 0."""
        return range(self.n_ahead)

    def check_reach(self, steps, past_names=(), verb="was"):
        """Raise ValueError if the strategy cannot forecast so many steps.

        `past_names` are the names of the past-only columns. `verb` sets the tense of the message:
        "was" fitted or "is" fitted.
        """
        if steps <= self.n_ahead or (self.is_auto and not past_names):
            return
        if self.is_auto:
            raise ValueError(
                f"{steps} steps are asked for, but the Forecaster {verb} fitted with steps={self.n_ahead}, and there "
                f"are no forecasts of the past_only columns {past_names} to feed back. Fit with steps={steps}."
            )
        raise ValueError(
            f"{steps} steps are asked for, but strategy={self.name!r} {verb} fitted with steps={self.n_ahead}. Fit "
            f"with steps={steps}" + ("." if past_names else ", or with strategy='recursive'.")
        )

    def rows_read(self, steps):
        """Return how many rows ahead known columns are read to forecast `steps` steps."""
        return rows_read(steps, self.n_ahead)

    def gives_quantiles(self, regressor):
        """Whether the regressors predict quantiles of every step."""
        return hasattr(regressor, "predict_quantiles")

    def error_steps(self, steps):
        """Return how many steps ahead `sample_paths` needs errors."""
        return min(steps, self.n_ahead)

    def forecast(self, regressors, start, steps):
        """Forecast, (n, steps, n_targets); see `RegressorSet.forecast`."""
        if steps <= self.n_ahead:
            return clipped(predict_steps(regressors, start.windows, steps), start.limits)
        return self.feed_back(self.next_block(regressors), start, steps)

    def forecast_blocks(self, next_block, start, steps):
        """Forecast, (n, steps, n_targets), with a function that predicts the next block of windows."""
        if steps <= self.n_ahead:
            return clipped(next_block(start.windows)[:, :steps], start.limits)
        return self.feed_back(next_block, start, steps)

    def next_block(self, regressors):
        """Make a function that predicts the next block of windows, (n, n_ahead, n_targets).

        It is infinite where infinity was fed back.
        """
        shape = self.n_ahead, regressors[0].spec.n_targets

        def predict(windows):
            lost = np.isinf(windows).any(axis=(1, 2))  # one infinite row would make most regressors refuse all rows
            forecasts = np.full((len(windows), *shape), np.inf)
            if not lost.all():
                forecasts[~lost] = predict_steps(regressors, windows[~lost] if lost.any() else windows, self.n_ahead)
            return np.where(np.isfinite(forecasts), forecasts, np.inf)

        return predict

    def feed_back(self, predict, start, steps):
        """Forecast one block after another from ForecastWindows, with `predict`, which predicts a block."""
        n_targets = start.centre.shape[1]
        return forecast_recursively(predict, start.windows, steps, n_targets, start.future, start.limits, self.n_ahead)

    def quantiles(self, regressors, windows, steps):
        """Predict every quantile level, (n, steps, n_targets, n_levels)."""
        quantiles = [part.predict_quantiles(windows) for part in regressors if part.steps.start < steps]
        return np.concatenate(quantiles, axis=1)[:, :steps]

    def sample_paths(self, next_block, start, points, errors, n_paths, rng):
        """Simulate paths; see `RegressorSet.sample_paths`. Each path adds all errors from one origin.

        Further ahead than `n_ahead`, it does so for each block, and the sum is fed back.
        """
        if len(points) <= self.n_ahead:
            return points + errors[rng.integers(len(errors), size=n_paths)] * start.error_scale
        return self._fed_back_paths(next_block, start, len(points), errors, n_paths, rng)

    def _fed_back_paths(self, next_block, start, steps, errors, n_paths, rng):
        """Simulate paths. To each block, each path adds the errors from one origin, and the sum is fed back."""
        size = np.where(start.size > 0, start.size, np.inf)  # a constant series has no errors
        start = start.at(np.zeros(n_paths, dtype=np.int64))
        predict = with_errors(next_block(start), _scaled_errors(errors, start.error_scale[:1], size), rng)
        return start.unscaled(self.feed_back(predict, start, steps))


class Recursive(Strategy):
    """One regressor predicts the next step, and each forecast is fed back into the window of the next one."""

    name = "recursive"
    feeds_back = True

    @classmethod
    def from_steps(cls, steps):
        return cls(1)

    def check_reach(self, steps, past_names=(), verb="was"):
        if past_names and steps > 1:
            raise ValueError(
                f"strategy='recursive' has no forecasts of the past_only columns {past_names} to feed back, so "
                f"it reaches one step ahead. Fit with strategy='direct' or 'multioutput', and steps={steps}."
            )

    def gives_quantiles(self, regressor):
        return False  # quantiles cannot be fed back

    def forecast(self, regressors, start, steps):
        (part,) = regressors
        if type(part.regressor) is LSTMRegressor:  # the same result, but windows are checked only once
            clip = False if start.limits is None else start.limits
            X_future = start.future if start.future.size else None
            forecasts = part.regressor.forecast(steps, X_future, context=start.windows, clip=clip)
            return forecasts.reshape(len(start.windows), steps, part.spec.n_targets)
        return self.feed_back(self.next_block(regressors), start, steps)

    def sample_paths(self, next_block, start, points, errors, n_paths, rng):
        """Simulate paths. At each step, each path adds a one-step error drawn for it, and the sum is fed back."""
        return self._fed_back_paths(next_block, start, len(points), errors, n_paths, rng)


class MultiOutput(Strategy):
    """One regressor with several outputs predicts all steps."""

    name = "multioutput"


class Direct(Strategy):
    """Each step has a regressor of its own."""

    name = "direct"

    @property
    def n_regressors(self):
        return self.n_ahead

    def steps_of(self, number):
        return range(number, number + 1)


AUTO = "auto"
STRATEGIES = {strategy.name: strategy for strategy in (Recursive, MultiOutput, Direct)}


def make_strategy(name, steps):
    """Make the Strategy for the parameters `strategy` and `steps` of a Forecaster."""
    return STRATEGIES[name].from_steps(steps)


def choose_strategy(steps, n_windows, extends, takes_several):
    """Make the Strategy for strategy="auto" with `steps`.

    Parameters
    ----------
    steps : int
    n_windows : int
        Number of windows of the longest series.
    extends : bool
        Whether forecasts can be fed back. Then the steps that are predicted at once are the largest divisor of `steps`
        that leaves at least half of the windows all their targets, because the known columns of `steps` rows are given.
    takes_several : bool
        Whether the regressor takes several outputs.
    """
    most = (n_windows + 1) // 2 if extends else steps
    n_ahead = next((n for n in range(min(steps, most), 1, -1) if steps % n == 0), 1)
    return (MultiOutput if takes_several else Direct)(n_ahead, is_auto=True)


@dataclass(frozen=True)
class RegressorSet:
    """The regressors of a strategy.

    Parameters
    ----------
    strategy : Strategy
    parts : tuple of WindowRegressor
    """

    strategy: Strategy
    parts: tuple[WindowRegressor, ...]

    @classmethod
    def from_regressors(cls, regressors, spec, strategy, is_relative=False):
        """Make a set of given regressors, in the order of the strategy."""
        parts = []
        for number, regressor in enumerate(regressors):
            steps = strategy.steps_of(number)
            learns_partly = strategy.is_auto and len(steps) > 1 and takes_missing_targets(regressor)
            parts.append(WindowRegressor(regressor, spec, steps, learns_partly, is_relative))
        return cls(strategy, tuple(parts))

    @classmethod
    def from_template(cls, regressor, spec, strategy, verbose=False, is_relative=False):
        """Make a set of unfitted clones of a regressor, as many as the strategy needs."""
        clones = [
            clone_for_windows(regressor, spec, strategy.predicts_next, verbose) for _ in range(strategy.n_regressors)
        ]
        return cls.from_regressors(clones, spec, strategy, is_relative)

    @property
    def regressors(self):
        """The regressors themselves."""
        return [part.regressor for part in self.parts]

    @property
    def learns_partly(self):
        """Whether the regressors are trained on windows of which only some targets are known."""
        return any(part.learns_partly for part in self.parts)

    @property
    def spec(self) -> WindowSpec:
        """What the windows contain."""
        return self.parts[0].spec

    def fit(self, samples, tasks, n_jobs=None):
        """Return a set whose regressors were trained on the samples with known targets, each with a task for callbacks.

        With workers, the regressors are copies.
        """
        if len(self.parts) == 1:
            fit_part(*self._call(self.parts[0], samples, tasks))
            return self
        calls = (self._call(part, samples, tasks) for part in self.parts)
        return replace(self, parts=tuple(call_each(fit_part, calls, len(self.parts), n_jobs)))

    def _call(self, part, samples, tasks):
        """Return the arguments of `fit_part`."""
        X, y, weights = part.training_data(samples)
        ahead = f", {part.steps.stop} ahead" if len(self.parts) > 1 else ""
        about = f"{type(part.regressor).__name__}{ahead}, on {len(X)} windows"
        names = names_in_use()
        return part, X, y, weights, tasks.part("fit-regressor", part.regressor, about), names

    def partial_fit(self, samples, draw_older=None, learning_rate_init=None):
        """Train every regressor further.

        `samples(reach)` returns the samples of which a target is new; a sample needs the rows up to `reach` after its
        first target. `draw_older(reach, n)` draws from the other samples.
        """
        for part in self.parts:
            # a window contains the known columns of all steps, so it was incomplete until the last of them was known
            reach = (self.strategy.n_ahead if self.spec.n_known else part.steps.stop) - 1
            older = draw_older and (lambda n, reach=reach: draw_older(reach, n))
            part.partial_fit(samples(reach), older, learning_rate_init)

    def forecast(self, start: ForecastWindows, steps):
        """Forecast `steps` steps after each window, (n, steps, n_targets) in scaled units."""
        return self.strategy.forecast(self.parts, start, steps)

    def predict(self, windows, steps):
        """Predict up to `n_ahead` steps after windows, (n, steps, n_targets) in scaled units."""
        return predict_steps(self.parts, windows, steps)

    def quantiles(self, start: ForecastWindows, steps):
        """Predict every quantile level, (n, steps, n_targets, n_levels)."""
        return self.strategy.quantiles(self.parts, start.windows, steps)

    def sample_paths(self, start: ForecastWindows, points, errors, n_paths, rng):
        """Simulate paths (n_paths, steps, n_targets) after one window, in adjusted units.

        `points` (steps, n_targets) are the forecasts from the window. The errors (n_errors,
        `strategy.error_steps(steps)`, n_targets) were divided by the error scale of their series.
        """
        next_block = self.strategy.next_block(self.parts)
        return self.strategy.sample_paths(lambda _: next_block, start, points, errors, n_paths, rng)


def fit_part(part, X, y, weights, task, names):
    """Train one WindowRegressor within its task, with names of the channels for messages; return it."""
    with use_channel_names(names), task:
        part.fit(X, y, weights)
    return part


def predict_steps(regressors, windows, steps):
    """Predict the first `steps` steps after windows, (n, steps, n_targets)."""
    forecasts = [part.predict(windows) for part in regressors if part.steps.start < steps]
    return np.concatenate(forecasts, axis=1)[:, :steps]


def _scaled_errors(errors, error_scale, size):
    """Convert errors from units of the error scale to scaled units, although these may be very small or large."""
    with np.errstate(all="ignore"):
        ratio = error_scale / size
        return np.where(np.isfinite(ratio), errors * ratio, errors * error_scale / size)


def with_errors(predict, errors, rng):
    """Return `predict` plus errors: one of the `errors` (n, …), drawn for each window, for all its predictions."""

    def predict_with_errors(windows):
        return predict(windows) + errors[rng.integers(len(errors), size=len(windows))]

    return predict_with_errors
