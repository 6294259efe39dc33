"""Intervals around forecasts, each kind with `ends`: lower and upper, in transformed units.

Conformal intervals: Papadopoulos, H. et al. (2002), *Inductive Confidence Machines for Regression*, with the
errors of each step by themselves; they assume that errors to come are like those of the tail. Sample paths:
Efron, B. and Tibshirani, R. (1993), *An Introduction to the Bootstrap*, applied to errors of rows not learnt from.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from sklstm._utils.recursion import forecast_recursively


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

    def ends(self, forecaster, contexts, points, coverages):
        errors = self.errors.enough(
            **errors_wanted("conformal", forecaster.regressor_set.strategy, points.shape[1], coverages)
        )
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

    def ends(self, forecaster, contexts, points, coverages):
        steps = points.shape[1]
        is_fed_back = forecaster.regressor_set.strategy == "recursive"
        errors = self.errors.enough(**errors_wanted("bootstrap", forecaster.regressor_set.strategy, steps, coverages))
        errors = errors - errors.mean(axis=0)  # or what the tail was off on average would be fed back as a drift
        ends = []
        for row in range(len(points)):
            rng = np.random.default_rng(self.seed)  # for each, so that no interval depends on what else is asked for
            if np.isnan(points[row]).any():
                paths = np.full((1, *points[row].shape), np.nan)
            elif is_fed_back:
                paths = self._fed_back(forecaster, contexts, row, steps, errors[:, 0], rng)
            else:
                paths = points[row] + errors[rng.integers(len(errors), size=N_PATHS)] * contexts.scale[row]
            ends.append(path_quantiles(paths, coverages, len(errors)))
        return tuple(np.stack(end) for end in zip(*ends, strict=True))

    def _fed_back(self, forecaster, contexts, row, steps, errors, rng):
        """Paths (N_PATHS, steps, n_targets) from one context."""
        windows, future = (
            np.repeat(part[row : row + 1], N_PATHS, axis=0) for part in (contexts.windows, contexts.future)
        )
        size = np.where(contexts.size[row] > 0, contexts.size[row], np.inf)  # a constant has no errors
        predict = noisy(forecaster.regressor_set.one_step, errors * (contexts.scale[row] / size), rng)
        limits = contexts.at(slice(row, row + 1)).limits
        paths = forecast_recursively(predict, windows, steps, forecaster.builder.spec.n_targets, future, limits)
        return contexts.undone(paths, slice(row, row + 1))


@dataclass(frozen=True)
class Levels:
    """The quantiles that the regressors themselves predict.

    Parameters
    ----------
    levels : tuple of float
    """

    levels: tuple

    def ends(self, forecaster, contexts, points, coverages):
        steps, sides = points.shape[1], self.sides(coverages)
        answers = forecaster.answered(
            contexts, steps, lambda part: forecaster.regressor_set.quantiles(part.windows, steps)
        )
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


# Paths drawn for a series: with these a quantile of 5 % is known to within 0.7 %.
N_PATHS = 1000


def n_needed(coverage):
    """How many errors an interval of this coverage takes at least."""
    return ceil(coverage / (1 - coverage) - 1e-9)


def percent(coverage):
    """A coverage in per cent, as columns of intervals are called by it: 90, 97.5."""
    return f"{100 * coverage:.6g}"


def conformal_radii(errors, coverages):
    """Half the width of the interval of each coverage, by step and target.

    The quantile is the ceil((n + 1) c)-th smallest of the n absolute errors: of as many errors and one more
    that are exchangeable, the last is that large at most with probability c or more.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets)
        NaN where there is none; at least `n_needed` of each step.
    coverages : sequence of float

    Returns
    -------
    radii : ndarray of shape (steps, n_targets, n_coverages)
    """
    ordered = np.sort(np.abs(errors), axis=0)  # NaN comes last
    n = (~np.isnan(errors)).sum(axis=0)
    ranks = [np.ceil((n + 1) * c - 1e-9).astype(int) for c in coverages]
    return np.stack([np.take_along_axis(ordered, rank[np.newaxis] - 1, axis=0)[0] for rank in ranks], axis=-1)


def noisy(predict, errors, rng):
    """`predict` with an error drawn for each window, from (n, n_targets): a row, so targets err together."""

    def answer(windows):
        return predict(windows) + errors[rng.integers(len(errors), size=len(windows))]

    return answer


def path_quantiles(paths, coverages, n_errors):
    """Lower and upper ends (…, n_coverages) of the middle share of paths (n_paths, …).

    Between quantiles of n errors lies another one with a probability of (n - 1) / (n + 1) times their share. So
    the share is larger by as much; all paths, where the errors are too few for that.
    """
    shares = np.minimum(np.asarray(coverages) * (n_errors + 1) / max(n_errors - 1, 1), 1)
    return tuple(np.moveaxis(np.quantile(paths, (1 + side * shares) / 2, axis=0), 0, -1) for side in (-1, 1))
