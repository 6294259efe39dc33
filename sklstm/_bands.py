"""Intervals around forecasts, each kind with `ends`: lower and upper, in transformed units.

Conformal intervals: Papadopoulos, H. et al. (2002), *Inductive Confidence Machines for Regression*, with the
errors of each step by themselves; they assume that errors to come are like those of the tail. Sample paths:
Efron, B. and Tibshirani, R. (1993), *An Introduction to the Bootstrap*, applied to errors of rows not learnt from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklstm._intervals import N_PATHS, conformal_radii, noisy, path_quantiles
from sklstm._recursion import forecast_recursively


def errors_wanted(intervals, strategy, steps, coverages):
    """Which errors the intervals of one kind take, as keywords of `Errors.enough`."""
    if intervals == "conformal":
        return {"steps": steps, "coverages": coverages}
    is_fed_back = strategy == "recursive"
    return {"steps": 1 if is_fed_back else steps, "coverages": coverages, "one_sided": False, "together": True}


@dataclass(frozen=True)
class Conformal:
    """As wide as the tail's errors of the same step were.

    Parameters
    ----------
    errors : Errors
        Of a forecaster that had not seen the tail.
    """

    errors: Any

    def ends(self, engine, contexts, points, coverages):
        errors = self.errors.enough(**errors_wanted("conformal", engine.model.strategy, points.shape[1], coverages))
        radii = conformal_radii(errors, coverages) * contexts.scale[:, np.newaxis, :, np.newaxis]
        return points[..., np.newaxis] - radii, points[..., np.newaxis] + radii


@dataclass(frozen=True)
class Bootstrap:
    """The middle of many sample paths, along each of which errors of the tail are drawn.

    Where each step is fed back, one-step errors are drawn step by step; else the errors that one origin of
    the tail had at all steps.

    Parameters
    ----------
    errors : Errors
        Of a forecaster that had not seen the tail.
    seed : int
        Decides what is drawn.
    """

    errors: Any
    seed: int

    def ends(self, engine, contexts, points, coverages):
        steps = points.shape[1]
        is_fed_back = engine.model.strategy == "recursive"
        errors = self.errors.enough(**errors_wanted("bootstrap", engine.model.strategy, steps, coverages))
        errors = errors - errors.mean(axis=0)  # or what the tail was off on average would be fed back as a drift
        ends = []
        for row in range(len(points)):
            rng = np.random.default_rng(self.seed)  # for each, so that no interval depends on what else is asked for
            if np.isnan(points[row]).any():
                paths = np.full((1, *points[row].shape), np.nan)
            elif is_fed_back:
                paths = self._fed_back(engine, contexts, row, steps, errors[:, 0], rng)
            else:
                paths = points[row] + errors[rng.integers(len(errors), size=N_PATHS)] * contexts.scale[row]
            ends.append(path_quantiles(paths, coverages, len(errors)))
        return tuple(np.stack(end) for end in zip(*ends, strict=True))

    def _fed_back(self, engine, contexts, row, steps, errors, rng):
        """Paths (N_PATHS, steps, n_targets) from one context."""
        windows, future = (
            np.repeat(part[row : row + 1], N_PATHS, axis=0) for part in (contexts.windows, contexts.future)
        )
        size = np.where(contexts.size[row] > 0, contexts.size[row], np.inf)  # a constant has no errors
        predict = noisy(engine.model.one_step, errors * (contexts.scale[row] / size), rng)
        limits = contexts.at(slice(row, row + 1)).limits
        paths = forecast_recursively(predict, windows, steps, engine.sampler.lags.n_targets, future, limits)
        return contexts.undone(paths, slice(row, row + 1))


@dataclass(frozen=True)
class Levels:
    """The quantiles that the regressors themselves predict.

    Parameters
    ----------
    levels : tuple of float
    """

    levels: tuple

    def ends(self, engine, contexts, points, coverages):
        steps, sides = points.shape[1], self.sides(coverages)
        answers = engine.answered(contexts, steps, lambda part: engine.model.quantiles(part.windows, steps))
        return tuple(answers[..., side] for side in sides)

    def sides(self, coverages):
        """Where the lower and the upper ends are among the levels; complains of a level that is not there."""
        return [[self._position((1 + side * coverage) / 2, coverage) for coverage in coverages] for side in (-1, 1)]

    def _position(self, level, coverage):
        close = np.isclose(self.levels, level, atol=1e-6)
        if not close.any():
            raise ValueError(
                f"coverage={coverage} needs the quantile {level:.6g}, but the regressor was fitted on "
                f"quantile={list(self.levels)}."
            )
        return int(close.argmax())
