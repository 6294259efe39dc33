"""Errors of forecasts of the calibration rows, from which intervals are computed."""

from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from numbers import Integral

import numpy as np

from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.series_scaling import error_scales
from sklstm._forecasting.target_scaling import TargetScaler
from sklstm._series.history import History
from sklstm._series.output_format import percent
from sklstm._series.series import SeriesData
from sklstm._utils.argument_checks import shown
from sklstm._utils.caches import PickledByFields, cached_property
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.windows import rows_after


def check_coverage(coverage):
    """Check one or several coverages; return a tuple without repetitions."""
    try:
        with np.errstate(over="ignore"):
            shares = np.atleast_1d(np.asarray(as_numbers(coverage, "coverage"), dtype=float))
    except (TypeError, ValueError, OverflowError):
        shares = np.empty(0)
    if shares.ndim != 1 or not len(shares) or not ((shares > 0) & (shares < 1)).all():
        raise ValueError(f"coverage must be a number between 0 and 1, or a list of them; got {shown(coverage)}.")
    shares = tuple(dict.fromkeys(shares.tolist()))
    _check_names(shares)
    return shares


def _check_names(shares):
    """Raise ValueError if two coverages, or one of them and 100 %, would give the same column names."""
    named = {"100": 1.0}
    for share in shares:
        other = named.setdefault(percent(share), share)
        if other != share:
            raise ValueError(
                f"coverage={share!r} and {other!r} have the same column name, 'lower_{percent(share)}', which has six "
                "digits of the percentage. Round them, and give each coverage once."
            )


def calibration_split(series, calibration_size):
    """Return the number of proper training rows of each series, by key; the calibration rows follow them.

    `calibration_size` is a share or number of times, so the calibration rows of all series in a panel begin at
    the same time. No series is trained on rows that are as late as the calibration rows of another one.
    """
    if len(series) == 1:
        (part,) = series.values()
        return dict.fromkeys(series, len(part) - _n_calibration(calibration_size, len(part)))
    stamps = np.unique(np.concatenate([part.stamps for part in series.values()]))
    first = stamps[len(stamps) - _n_calibration(calibration_size, len(stamps))]
    rows = {key: int(np.searchsorted(part.stamps, first)) for key, part in series.items()}
    if not any(0 < rows[key] < len(part) for key, part in series.items()):
        raise ValueError(
            f"calibration_size={calibration_size} takes the last {int((stamps >= first).sum())} of {len(stamps)} times "
            "for calibration, but no series has rows both there and before. Choose another calibration_size."
        )
    return rows


def _n_calibration(calibration_size, n_rows):
    """Return the number of calibration rows among `n_rows`."""
    is_number = isinstance(calibration_size, Integral)
    size = int(calibration_size) if is_number else ceil(calibration_size * n_rows)
    if not 0 < size <= n_rows - 2:
        raise ValueError(
            f"calibration_size={calibration_size} takes {size} of {n_rows} rows. At least 2 must be left to train on."
        )
    return size


def check_enough_errors(series, calibration_size, request):
    """Raise ValueError if the calibration rows cannot give the errors of a request. Nothing is trained for this."""
    n_proper, steps = calibration_split(series, calibration_size), request.steps
    truths = [
        rows_after(part.y, np.arange(n_proper[key], len(part)), steps) for key, part in series.items() if n_proper[key]
    ]
    request.take(np.concatenate(truths))


# Number of horizons whose errors are kept. They are as large as the forecasts of all calibration rows.
N_KEPT = 4

# Calibration rows of each series that `Forecaster.compact` keeps. The quantile of 10 000 errors at 99 % has a standard
# error of 0.1 %.
MOST_ROWS = 10_000


@dataclass
class CalibrationErrors(PickledByFields):
    """Errors of forecasts of the calibration rows, divided by the error scale of each series.

    Parameters
    ----------
    forecaster : BatchForecaster
        A forecaster that was trained on the proper training rows.
    series : dict of SeriesData or History
        All rows, by key.
    n_proper : dict of int
        The number of rows of each series before the first origin: the proper training rows.
    scaler : TargetScaler
        The scaler of the forecaster that was trained on all rows. The errors are in its adjusted units.
    scales : dict of ndarray of shape (n_targets,), default=None
        The error scales of the proper training rows, by key. None computes them.
    """

    forecaster: BatchForecaster
    series: dict[Hashable, SeriesData | History]
    n_proper: dict[Hashable, int]
    scaler: TargetScaler
    scales: dict[Hashable, np.ndarray] | None = None

    def enough(self, request):
        """Return the errors that a request needs; ValueError if there are too few."""
        return request.take(self.compute(request.steps))

    def compute(self, steps):
        """Compute the errors (n_origins, steps, n_targets) from every origin before a calibration row.

        They are NaN where the truth or the forecast is missing. Those of the last few horizons are kept.
        """
        errors = self._kept.get(steps)
        if errors is None:
            errors = self._errors(steps)
            others = [item for item in self._kept.items() if item[0] != steps]
            self._kept = dict([*others, (steps, errors)][-N_KEPT:])  # a new one, as other threads read it
        return errors

    def compact(self):
        """Return the errors of at most the last `MOST_ROWS` rows of each series, without the rows before them."""
        starts = {key: max(self.n_proper[key], len(part) - MOST_ROWS) for key, part in self.series.items()}
        histories = {
            key: part if isinstance(part, History) else History.from_series(part) for key, part in self.series.items()
        }
        before = {key: part.without_rows_after(starts[key]) for key, part in histories.items()}
        n_read = self.forecaster.builder.spec.window_length
        return CalibrationErrors(
            self.forecaster.from_ends(before),
            {key: part.without_rows_before(starts[key] - n_read) for key, part in histories.items()},
            starts,
            self.scaler,
            self._scales(),
        )

    def _scales(self):
        if self.scales is not None:
            return self.scales
        return error_scales({key: y[: self.n_proper[key]] for key, y in self._truth.items()})

    def _errors(self, steps):
        origins = {key: np.arange(self.n_proper[key], len(part)) for key, part in self.series.items()}
        origins = {key: rows for key, rows in origins.items() if len(rows)}
        forecasts, scales = self.forecaster.forecast(self.series, origins, steps), self._scales()
        errors = [
            rows_after(self._truth[key], rows - self.series[key].n_forgotten, steps)
            - self.scaler.logs(key, forecasts[key][..., 0])
            for key, rows in origins.items()
        ]
        return np.concatenate([part / scales[key] for key, part in zip(origins, errors, strict=True)])

    @cached_property
    def _kept(self):
        """The errors of the last horizons, by number of steps; the latest comes last."""
        return {}

    @cached_property
    def _truth(self):
        """The targets of the rows that are kept in adjusted units plus the season, by key."""
        kept = {key: part.values("y", part.n_forgotten, len(part)) for key, part in self.series.items()}
        return {key: self.scaler.logs(key, y) for key, y in kept.items()}
