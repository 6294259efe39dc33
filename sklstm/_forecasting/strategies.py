"""Strategies: ways to forecast several steps with regressors that read windows.

To add one, write a subclass of `Strategy` and add it to `STRATEGIES`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.regressor_input import clone_for_windows
from sklstm._forecasting.window_builder import ForecastWindows
from sklstm._forecasting.window_regressor import WindowRegressor
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._utils.recursive_forecast import forecast_recursively


@dataclass(frozen=True)
class Strategy:
    """How regressors forecast several steps. Unless a subclass overrides it, one regressor predicts all steps.

    Parameters
    ----------
    n_ahead : int
        Number of steps that are predicted at once.
    """

    n_ahead: int

    name: ClassVar[str]
    feeds_back: ClassVar[bool] = False  # whether forecasts are fed back as if they had been observed

    @classmethod
    def from_steps(cls, steps):
        """Make the strategy for the parameter `steps` of a Forecaster."""
        if steps is None:
            raise ValueError(f"strategy={cls.name!r} needs steps, the number of rows that are predicted at once.")
        return cls(steps)

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
        if steps > self.n_ahead:
            raise ValueError(
                f"{steps} steps are asked for, but strategy={self.name!r} {verb} fitted with steps={self.n_ahead}. Fit "
                f"with steps={steps}" + ("." if past_names else ", or with strategy='recursive'.")
            )

    def gives_quantiles(self, regressor):
        """Whether the regressors predict quantiles of every step."""
        return hasattr(regressor, "predict_quantiles")

    def error_steps(self, steps):
        """Return how many steps ahead `sample_paths` needs errors."""
        return steps

    def forecast(self, regressors, windows, future, steps, limits=None):
        """Forecast, (n, steps, n_targets); see `RegressorSet.forecast`."""
        forecasts = [part.predict(windows) for part in regressors if part.steps.start < steps]
        return np.concatenate(forecasts, axis=1)[:, :steps]

    def quantiles(self, regressors, windows, steps):
        """Predict every quantile level, (n, steps, n_targets, n_levels)."""
        quantiles = [part.predict_quantiles(windows) for part in regressors if part.steps.start < steps]
        return np.concatenate(quantiles, axis=1)[:, :steps]

    def sample_paths(self, regressors, start, points, errors, n_paths, rng):
        """Simulate paths; see `RegressorSet.sample_paths`. Each path adds all errors from one origin."""
        return points + errors[rng.integers(len(errors), size=n_paths)] * start.error_scale


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

    def error_steps(self, steps):
        return 1

    def forecast(self, regressors, windows, future, steps, limits=None):
        (part,) = regressors
        if type(part.regressor) is LSTMRegressor:  # the same result, but windows are checked only once
            clip = False if limits is None else limits
            X_future = future if future.size else None
            forecasts = part.regressor.forecast(steps, X_future, context=windows, clip=clip)
            return forecasts.reshape(len(windows), steps, part.spec.n_targets)
        return forecast_recursively(_next_step(part), windows, steps, part.spec.n_targets, future, limits)

    def sample_paths(self, regressors, start, points, errors, n_paths, rng):
        """Simulate paths. At each step, each path adds a one-step error drawn for it, and the sum is fed back."""
        (part,) = regressors
        windows, future = (np.repeat(values, n_paths, axis=0) for values in (start.windows, start.future))
        size = np.where(start.size > 0, start.size, np.inf)  # a constant series has no errors
        predict = with_errors(_next_step(part), errors[:, 0] * (start.error_scale / size), rng)
        n_targets = part.spec.n_targets
        return start.unscaled(forecast_recursively(predict, windows, len(points), n_targets, future, start.limits))


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


STRATEGIES = {strategy.name: strategy for strategy in (Recursive, MultiOutput, Direct)}


def make_strategy(name, steps):
    """Make the Strategy for the parameters `strategy` and `steps` of a Forecaster."""
    return STRATEGIES[name].from_steps(steps)


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
    def from_regressors(cls, regressors, spec, strategy):
        """Make a set of given regressors, in the order of the strategy."""
        steps = map(strategy.steps_of, range(strategy.n_regressors))
        return cls(strategy, tuple(map(WindowRegressor, regressors, [spec] * len(regressors), steps)))

    @classmethod
    def from_template(cls, regressor, spec, strategy, verbose=False):
        """Make a set of unfitted clones of a regressor, as many as the strategy needs."""
        clones = [
            clone_for_windows(regressor, spec, strategy.feeds_back, verbose) for _ in range(strategy.n_regressors)
        ]
        return cls.from_regressors(clones, spec, strategy)

    @property
    def regressors(self):
        """The regressors themselves."""
        return [part.regressor for part in self.parts]

    @property
    def spec(self) -> WindowSpec:
        """What the windows contain."""
        return self.parts[0].spec

    def fit(self, samples, tasks):
        """Train every regressor on the samples whose targets are all known, with a task for callbacks each."""
        for part in self.parts:
            X, y, weights = part.training_data(samples)
            ahead = f", {part.steps.stop} ahead" if len(self.parts) > 1 else ""
            about = f"{type(part.regressor).__name__}{ahead}, on {len(X)} windows"
            with tasks.part("fit-regressor", part.regressor, about):
                part.fit(X, y, weights)
        return self

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

    def forecast(self, windows, future, steps, limits=None):
        """Forecast `steps` steps after each window, (n, steps, n_targets).

        `future` holds the known columns of the steps that are appended to the windows, and `limits` the bounds of
        what is fed back, as for `forecast_recursively`.
        """
        return self.strategy.forecast(self.parts, windows, future, steps, limits)

    def quantiles(self, windows, steps):
        """Predict every quantile level, (n, steps, n_targets, n_levels)."""
        return self.strategy.quantiles(self.parts, windows, steps)

    def sample_paths(self, start: ForecastWindows, points, errors, n_paths, rng):
        """Simulate paths (n_paths, steps, n_targets) after one window, in transformed units.

        `points` (steps, n_targets) are the forecasts from the window. The errors (n_errors,
        `strategy.error_steps(steps)`, n_targets) were divided by the error scale of their series.
        """
        return self.strategy.sample_paths(self.parts, start, points, errors, n_paths, rng)


def _next_step(part):
    """Make a function that predicts the next step of windows, (n, n_targets); infinite where infinity was fed back."""

    def predict(windows):
        lost = np.isinf(windows).any(axis=(1, 2))  # one infinite row would make most regressors refuse all rows
        forecasts = np.full((len(windows), part.spec.n_targets), np.inf)
        if not lost.all():
            forecasts[~lost] = part.predict(windows[~lost] if lost.any() else windows)[:, 0]
        return np.where(np.isfinite(forecasts), forecasts, np.inf)

    return predict


def with_errors(predict, errors, rng):
    """Return `predict` plus errors: a row of `errors` (n, n_targets), drawn for each window, for all its targets."""

    def predict_with_errors(windows):
        return predict(windows) + errors[rng.integers(len(errors), size=len(windows))]

    return predict_with_errors
