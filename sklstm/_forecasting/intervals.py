"""Intervals around forecasts.

The method `ends` of each kind returns the lower and upper ends in adjusted units.

Conformal intervals: Papadopoulos, H. et al. (2002), *Inductive Confidence Machines for Regression*, applied to the
errors of each step separately. They assume that future errors are like those of the calibration rows.

Bootstrap intervals: Efron, B. and Tibshirani, R. (1993), *An Introduction to the Bootstrap*, applied to errors of the
calibration rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from sklearn.base import clone

from sklstm._utils.random import own_generator

if TYPE_CHECKING:
    from sklstm._forecasting.calibration import CalibrationErrors

# Number of paths simulated for each forecast. With 1000, the level of a 5 % quantile has a standard error of 0.7 %.
N_PATHS = 1000


@dataclass(frozen=True)
class ErrorRequest:
    """The calibration errors that intervals need.

    Parameters
    ----------
    steps : int
        How many steps ahead the errors are needed.
    coverages : tuple of float
    one_sided : bool, default=True
        Whether the ends come from one quantile of the absolute errors. If not, each end is a quantile of the signed
        errors, which needs more errors.
    together : bool, default=False
        Whether to use only origins from which the errors of all steps and targets are known.
    """

    steps: int
    coverages: tuple[float, ...]
    one_sided: bool = True
    together: bool = False

    def take(self, errors):
        """Select from errors (n, steps, n_targets) those to use; ValueError if they are too few."""
        if self.together:
            errors = errors[~np.isnan(errors).any(axis=(1, 2))]
        n, coverage = int((~np.isnan(errors)).sum(axis=0).min()), max(self.coverages)
        needed = n_needed(coverage if self.one_sided else (1 + coverage) / 2)
        if n < needed:
            raise ValueError(
                f"coverage={coverage} needs at least {needed} errors of {self.steps} steps ahead, but the calibration "
                f"rows give {n}. Set a larger calibration_size (a whole number counts rows), give more rows, or ask "
                "for less coverage."
            )
        return errors


class Intervals(Protocol):
    """One kind of intervals."""

    def compact(self) -> Self:
        """Return intervals that keep few rows."""

    def ends(self, regressor_set, windows, points, coverages):
        """Return lower and upper ends (n, steps, n_targets, n_coverages) around points (n, steps, n_targets)."""


@dataclass(frozen=True)
class Conformal:
    """Symmetric intervals, whose half width is a quantile of the absolute calibration errors of the same step.

    Parameters
    ----------
    errors : CalibrationErrors
    """

    errors: CalibrationErrors

    @classmethod
    def from_errors(cls, errors, regressor):
        """Intervals around the forecasts of clones of a regressor."""
        return cls(errors)

    def compact(self):
        return replace(self, errors=self.errors.compact())

    @staticmethod
    def request(strategy, steps, coverages):
        """Return which errors these intervals need."""
        return ErrorRequest(steps, coverages)

    def ends(self, regressor_set, windows, points, coverages):
        errors = self.errors.enough(self.request(regressor_set.strategy, points.shape[1], coverages))
        radii = conformal_radii(errors, coverages) * windows.error_scale[:, np.newaxis, :, np.newaxis]
        return points[..., np.newaxis] - radii, points[..., np.newaxis] + radii


@dataclass(frozen=True)
class Bootstrap:
    """Quantiles of simulated paths, each of which adds resampled calibration errors to the forecasts.

    Parameters
    ----------
    errors : CalibrationErrors
    seed : int
        Seed of the generator that draws the errors.
    """

    errors: CalibrationErrors
    seed: int

    @classmethod
    def from_errors(cls, errors, regressor):
        """Intervals whose draws depend on the `random_state` of a regressor alone."""
        state = getattr(clone(regressor), "random_state", None)  # of a clone, as drawing changes a generator
        generator = own_generator(0 if state is None else state)  # without a seed, the draws are always the same
        return cls(errors, int(generator.integers(2**63)))

    def compact(self):
        return replace(self, errors=self.errors.compact())

    @staticmethod
    def request(strategy, steps, coverages):
        """Return which errors these intervals need."""
        return ErrorRequest(strategy.error_steps(steps), coverages, one_sided=False, together=True)

    def ends(self, regressor_set, windows, points, coverages):
        errors = self.errors.enough(self.request(regressor_set.strategy, points.shape[1], coverages))
        errors = errors - errors.mean(axis=0)  # a mean other than 0 would be fed back as a drift
        ends = []
        for row, point in enumerate(points):
            rng = np.random.default_rng(self.seed)  # a new one for each row, so that rows do not depend on each other
            if np.isnan(point).any():
                paths = np.full((1, *point.shape), np.nan)
            else:
                start = windows.at(slice(row, row + 1))
                paths = regressor_set.sample_paths(start, point, errors, N_PATHS, rng)
            ends.append(path_quantiles(paths, coverages, len(errors)))
        return tuple(np.stack(end) for end in zip(*ends, strict=True))


# The kinds of intervals that need calibration errors, by the parameter `intervals` of a Forecaster.
CALIBRATED = {"conformal": Conformal, "bootstrap": Bootstrap}


@dataclass(frozen=True)
class Levels:
    """Intervals between quantiles that the regressors predict.

    Parameters
    ----------
    levels : tuple of float
        The levels of these quantiles.
    """

    levels: tuple[float, ...]

    def compact(self):
        return self

    def ends(self, regressor_set, windows, points, coverages):
        steps = points.shape[1]
        self.check_reach(regressor_set.strategy, steps)
        quantiles = windows.fill_readable(lambda part: regressor_set.quantiles(part, steps))
        return tuple(quantiles[..., side] for side in self.sides(coverages))

    @staticmethod
    def check_reach(strategy, steps):
        """Raise ValueError for steps whose quantiles are not predicted: quantiles cannot be fed back."""
        if steps > strategy.n_ahead:
            raise ValueError(
                f"Intervals of {steps} steps are asked for, but the regressor predicts quantiles of "
                f"{strategy.n_ahead} steps at once, and quantiles cannot be fed back. Ask for {strategy.n_ahead} steps "
                f"or less, fit with strategy={strategy.name!r} and steps={steps}, or with intervals='conformal' or "
                "'bootstrap'."
            )

    def sides(self, coverages):
        """Return the positions of the lower and of the upper ends among the levels; ValueError if one is missing."""
        return [[self._position((1 + side * coverage) / 2, coverage) for coverage in coverages] for side in (-1, 1)]

    def _position(self, level, coverage):
        close = np.isclose(self.levels, level, atol=1e-6)
        if not close.any():
            raise ValueError(
                f"coverage={coverage} needs the quantile {level:.6g}, but the regressor was fitted on "
                f"quantile={list(self.levels)}."
            )
        return int(close.argmax())


def n_needed(coverage):
    """Return the smallest number of errors that an interval of this coverage needs."""
    return ceil(coverage / (1 - coverage) - 1e-9)


def conformal_radii(errors, coverages):
    """Compute half the width of the interval of each coverage, by step and target.

    For the coverage c, it is the ceil((n + 1) c)-th smallest of the n absolute errors. If these and the next error are
    exchangeable, the next one is at most that large with probability c or more.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets)
        NaN where one is missing. Each step has at least `n_needed` errors.
    coverages : sequence of float

    Returns
    -------
    radii : ndarray of shape (steps, n_targets, n_coverages)
    """
    ordered = np.sort(np.abs(errors), axis=0)  # NaN comes last
    n = (~np.isnan(errors)).sum(axis=0)
    ranks = np.stack([np.ceil((n + 1) * c - 1e-9).astype(int) for c in coverages])
    return np.moveaxis(np.take_along_axis(ordered, ranks - 1, axis=0), 0, -1)


def path_quantiles(paths, coverages, n_errors):
    """Compute the ends (…, n_coverages) between which the central share of paths (n_paths, …) lies.

    A new error falls between two quantiles of n errors less often than the quantiles say: (n - 1) / (n + 1) times as
    often. So the share of paths is enlarged by the inverse factor, at most to all paths.
    """
    shares = np.minimum(np.asarray(coverages) * (n_errors + 1) / max(n_errors - 1, 1), 1)
    return tuple(np.moveaxis(np.quantile(paths, (1 + side * shares) / 2, axis=0), 0, -1) for side in (-1, 1))
