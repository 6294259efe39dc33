"""Find out on a held-out tail how the members of a baseline and the regressor are mixed."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.metrics import naive_scales
from sklstm._forecasting.settings import horizon_of, season_length_of, trust_of
from sklstm._forecasting.trust import (
    FEWEST_FOR_ONE,
    PRIOR,
    TRUSTS,
    shares_by_error,
    trust_for_one,
    trust_of_panel,
)
from sklstm._forecasting.window_spec import NoWindowError
from sklstm._series.series import SeriesData
from sklstm._utils.caches import cached_property
from sklstm._utils.windows import rows_after

FEWEST_BEFORE = 4  # rows of a series before its tail


@dataclass(frozen=True)
class Mixing:
    """What a held-out tail decides: how much each member of a baseline counts, and the regressor.

    Parameters
    ----------
    trust : float
        How much of the correction is added, from 0 to 1.
    shares : ndarray of shape (n_members,) or None, default=None
        The share of each member of the baseline; None for equal ones.
    """

    trust: float
    shares: np.ndarray | None = None

    def applied_to(self, corrected):
        """Return a CorrectedSet with this mixing; shares of other members than it has are left as they are."""
        baseline, n_ahead = corrected.baseline, corrected.strategy.n_ahead
        if self.shares is not None and len(self.shares) == len(baseline.shares):
            baseline = replace(baseline, shares=self.shares)
        mixture = replace(corrected.mixture, trust=np.full(n_ahead, float(self.trust)))
        return replace(corrected, baseline=baseline, mixture=mixture)


def find_mixing(forecaster, data, n_members, fit_head):
    """Find the Mixing of a forecaster.

    Parameters
    ----------
    forecaster : Forecaster
    data : TrainingData
    n_members : int
        How many members the baseline has.
    fit_head : callable (data, trains)
        Fits on the rows before the tails. It returns a BatchForecaster, whose regressors are trained if `trains`.
    """
    is_panel, given = data.spec.output_format.is_panel, trust_of(forecaster)
    n_tail, trains = tail_lengths(forecaster, data), trains_on_head(forecaster, data)
    usual = Mixing((PRIOR if is_panel else 0.0) if given is None else given)
    if not n_tail or not (trains or n_members > 1):
        return usual
    head = data.between({key: (0, len(data.series[key]) - n) for key, n in n_tail.items()})
    try:
        head.check_enough()
    except ValueError:
        return usual
    try:
        batch = fit_head(head, trains)
    except NoWindowError:  # all rows together may have some
        return usual
    trains = trains and batch.regressor_set.is_used  # not if the head has too few windows
    return _mixing_by(_Tail.from_head(batch, data, n_tail, forecaster), usual, trains, is_panel)


def _mixing_by(tail, usual, trains, is_panel):
    """Return the Mixing that the errors on the tail speak for."""
    members = [tail.errors(tail.points(Mixing(0.0, share))) for share in np.eye(tail.n_members)]
    shares = shares_by_error(np.array([_mean(errors) for errors in members])) if len(members) > 1 else None
    if not trains:
        return Mixing(usual.trust, shares)
    baseline, whole = tail.points(Mixing(0.0, shares)), tail.points(Mixing(1.0, shares))
    if is_panel:
        with np.errstate(invalid="ignore"):  # a series with an infinite forecast has no error, and is left out
            errors = [tail.errors(baseline + trust * (whole - baseline)) for trust in TRUSTS]
        return Mixing(trust_of_panel(np.array(errors)), shares)
    (error_of_baseline,), (error_of_whole,) = tail.errors(baseline), tail.errors(whole)
    return Mixing(trust_for_one(error_of_baseline, error_of_whole), shares)


def _mean(errors):
    """Return the mean of the errors of some series, passing over NaN; NaN if there is nothing else."""
    known = errors[~np.isnan(errors)]
    return known.mean() if len(known) else np.nan


def trains_on_head(forecaster, data):
    """Whether regressors are trained on the rows before the tails, to find the trust in them."""
    if trust_of(forecaster) is not None:
        return False
    if data.spec.output_format.is_panel:
        return len(tail_lengths(forecaster, data)) > 1
    return data.longest - 1 - horizon_of(forecaster, data) >= FEWEST_FOR_ONE


def tail_lengths(forecaster, data):
    """Return the number of rows in the tail of each series, by key; short series are left out."""
    horizon = horizon_of(forecaster, data)
    if not data.spec.output_format.is_panel:
        lengths = {key: min(2 * horizon, len(part) // 3) for key, part in data.series.items()}
        return {key: n for key, n in lengths.items() if n}
    long = (key for key, part in data.series.items() if len(part) >= horizon + FEWEST_BEFORE)
    return dict.fromkeys(long, horizon)


@dataclass(frozen=True)
class _Tail:
    """The held-out rows at the end of each series, and forecasts of them. All dicts are by key.

    Parameters
    ----------
    batch : BatchForecaster
        Fitted on the rows before them.
    series : dict of SeriesData
        All rows of the series.
    origins : dict of ndarray of int of shape (n_origins,)
        One before each held-out row.
    steps : int
        How many steps are forecast from each.
    scales : dict of ndarray of shape (n_targets,)
        What errors are divided by; in the user's units.
    weights : dict of ndarray of shape (n_rows,)
        The sample weight of each row.
    """

    batch: BatchForecaster
    series: dict[Hashable, SeriesData]
    origins: dict[Hashable, np.ndarray]
    steps: int
    scales: dict[Hashable, np.ndarray]
    weights: dict[Hashable, np.ndarray]

    @classmethod
    def from_head(cls, batch, data, n_tail, forecaster):
        steps, season_length = horizon_of(forecaster, data), season_length_of(forecaster, data)
        series = {key: data.series[key] for key in n_tail}
        origins = {key: np.arange(len(part) - n_tail[key], len(part)) for key, part in series.items()}
        scales = {key: _scale(part.y[: origins[key][0]], season_length) for key, part in series.items()}
        weight = np.ones(1 + max(part.rows.max() for part in series.values())) if data.weight is None else data.weight
        weights = {key: weight[part.rows] for key, part in series.items()}
        return cls(batch, series, origins, steps, scales, weights)

    @property
    def n_members(self):
        return len(self.batch.regressor_set.baseline.shares)

    @cached_property
    def windows(self):
        """The ForecastWindows at all origins, which no Mixing changes."""
        return self.batch.windows_at(self.series, self.origins, self.steps)

    def points(self, mixing):
        """Return the forecasts from all origins with a Mixing, in adjusted units."""
        batch = replace(self.batch, regressor_set=mixing.applied_to(self.batch.regressor_set))
        return batch.point_forecasts(self.windows, self.steps)

    def errors(self, points):
        """Return the mean absolute error of each series, in units of that of the naive forecast before the tail.

        Each error counts by the weight of its row. A series without an error that counts has NaN.
        """
        forecasts = self.batch.restored(self.windows, points)
        ends = np.cumsum([len(rows) for rows in self.origins.values()])[:-1]
        errors = []
        for (key, rows), values in zip(self.origins.items(), np.split(forecasts, ends), strict=True):
            found = np.abs(values - rows_after(self.series[key].y, rows, self.steps)) / self.scales[key]
            known = np.isfinite(found)
            weight = rows_after(self.weights[key][:, np.newaxis], rows, self.steps)
            weight = np.broadcast_to(weight, found.shape)[known]
            errors.append(np.average(found[known], weights=weight) if weight.any() else np.nan)
        return np.array(errors)


def _scale(y, season_length):
    """Return the error of the naive forecast of a series, (n_targets,); NaN if there is none or it is 0."""
    n = np.array([len(y)])
    seasonal, plain = naive_scales(y, season_length, n)[0], naive_scales(y, 1, n)[0]
    scale = np.where(np.isnan(seasonal), plain, seasonal)
    return np.where(scale > 0, scale, np.nan)
