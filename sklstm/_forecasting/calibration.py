"""How far the forecasts of rows that were not learnt from are off: what intervals are made of."""

from dataclasses import dataclass, field
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np

from sklstm._forecasting.intervals import percent
from sklstm._utils.windows import rows_after


def check_coverage(coverage):
    """One share or several, each in (0, 1), as a tuple."""
    try:
        shares = np.atleast_1d(np.asarray(coverage, dtype=float))
    except (TypeError, ValueError):
        shares = np.empty(0)
    if shares.ndim != 1 or not len(shares) or not ((shares > 0) & (shares < 1)).all():
        raise ValueError(f"coverage must be a share in (0, 1), or several; got {coverage!r}.")
    shares = tuple(dict.fromkeys(shares.tolist()))
    _check_names(shares)
    return shares


def _check_names(shares):
    """Whether the columns of intervals have names of their own, which say what they are."""
    named = {"100": 1.0}
    for share in shares:
        other = named.setdefault(percent(share), share)
        if other != share:
            raise ValueError(
                f"coverage={share!r} cannot be told from {other!r}: columns are called by per cent with six digits, "
                f"'lower_{percent(share)}' for both. Round it, and give each once."
            )


def calibration_split(series, calibration_size):
    """How many rows of each series come before the tail that is kept from training, by key.

    The tail is the last share (or number) of all time stamps, so that a series of a panel learns nothing
    from the tail of another.
    """
    if len(series) == 1:
        (part,) = series.values()
        return dict.fromkeys(series, len(part) - _size(calibration_size, len(part)))
    stamps = np.unique(np.concatenate([part.stamps for part in series.values()]))
    first = stamps[len(stamps) - _size(calibration_size, len(stamps))]
    rows = {key: int(np.searchsorted(part.stamps, first)) for key, part in series.items()}
    if not any(0 < rows[key] < len(part) for key, part in series.items()):
        raise ValueError(
            f"calibration_size={calibration_size} keeps the last {int((stamps >= first).sum())} of {len(stamps)} time "
            "stamps, but no series has rows there as well as before: choose another size."
        )
    return rows


def _size(calibration_size, n_rows):
    is_number = isinstance(calibration_size, Integral)
    size = int(calibration_size) if is_number else ceil(calibration_size * n_rows)
    if not 0 < size <= n_rows - 2:
        raise ValueError(
            f"calibration_size={calibration_size} takes {size} of {n_rows} rows: at least 2 must be left to learn from."
        )
    return size


@dataclass
class Errors:
    """Errors over the tail of each series of what was fitted on the heads, relative to the series' scale.

    Parameters
    ----------
    forecaster : BatchForecaster
        Fitted on the heads.
    series : dict of Series
        Heads and tails, by key.
    heads : dict of int
        Rows of the head of each.
    scaler : TargetScaler
        Of the final fit: errors are in its transformed units.
    """

    forecaster: Any
    series: dict
    heads: dict
    scaler: Any
    _known: dict = field(default_factory=dict)

    def of(self, steps):
        """Errors (n_origins, steps, n_targets) from every origin in a tail; NaN where there is no truth."""
        if steps not in self._known:
            tails = {key: np.arange(self.heads[key], len(part)) for key, part in self.series.items()}
            tails = {key: origins for key, origins in tails.items() if len(origins)}
            answers = self.forecaster.forecast(self.series, tails, steps)
            scales = self.scaler.scales_of({key: part.y[: self.heads[key]] for key, part in self.series.items()})
            errors = [self._of(key, tails[key], answers[key][..., 0]) / scales[key] for key in tails]
            self._known[steps] = np.concatenate(errors)
        return self._known[steps]

    def _of(self, key, origins, answers):
        """Errors of one series in transformed units, (n_origins, steps, n_targets)."""
        truth = rows_after(self.scaler.transformed(self.series[key].y), origins, answers.shape[1])
        return truth - self.scaler.transformed(answers)

    def enough(self, request):
        """The errors that a request asks for; ValueError if they are too few."""
        return request.take(self.of(request.steps))


def check_tail(series, calibration_size, request):
    """Whether the tails of series can give the errors of a request, before anything is trained."""
    tails = calibration_split(series, calibration_size)
    truths = [
        rows_after(part.y, np.arange(tails[key], len(part)), request.steps)
        for key, part in series.items()
        if tails[key]
    ]
    request.take(np.concatenate(truths))
