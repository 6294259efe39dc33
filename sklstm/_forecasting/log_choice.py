"""Choose the series whose logarithm is taken, by the errors of theta with and without it."""

from dataclasses import dataclass

import numpy as np

from sklstm._components.season import seasonal_values
from sklstm._components.theta import follow_each
from sklstm._utils.windows import rows_after

FEWEST_BEFORE = 4  # rows before a tail that tell anything of a series
LARGEST = 700  # logarithm of a forecast, so that the forecast is finite


@dataclass(frozen=True)
class LogRule:
    """Which logarithms to take.

    Parameters
    ----------
    setting : {None, True, "auto"}, default=None
        As the parameter `log` of a Forecaster.
    steps : int, default=1
        How many steps are forecast.
    is_panel : bool, default=False
        Whether one choice is made for all positive series.
    of_positive : ndarray of bool of shape (n_targets,) or None, default=None
        This choice for later series; None until it is made.
    """

    setting: bool | str | None = None
    steps: int = 1
    is_panel: bool = False
    of_positive: np.ndarray | None = None

    def choose(self, y, positions, season_length):
        """Choose the targets of each series whose logarithm is taken, (n_targets,) by key; see `choose_log`."""
        if self.setting == "auto" and self.of_positive is None:
            return choose_log(y, positions, season_length, self.steps, self.is_panel)
        if self.setting == "auto":
            return {key: is_positive(rows) & self.of_positive for key, rows in y.items()}
        return {key: np.full(rows.shape[1], self.setting is True) for key, rows in y.items()}


NO_LOG = LogRule()


def choose_log(y, positions, season_length, steps, is_panel):
    """Choose the targets of each series whose logarithm is taken, (n_targets,) by key.

    The errors are those of theta without the season, from every origin in the last half of the rows. For a single
    series, the logarithm is taken if they are smaller with it. In a panel, one regressor learns from all series, so all
    positive series have it, unless the errors are smaller without it by more than their standard error.

    Parameters
    ----------
    y : dict of ndarray of shape (n, n_targets)
        Targets in transformed units, by key.
    positions : dict of ndarray of int of shape (n,)
        Positions in the season.
    season_length : int
        Rows in a season; 1 for no season.
    steps : int
        How many steps are forecast.
    is_panel : bool
        Whether one choice is made for all positive series.
    """
    positive = {key: is_positive(rows) for key, rows in y.items()}
    long = {key: np.where(positive[key], rows, np.nan) for key, rows in y.items() if len(rows) >= steps + FEWEST_BEFORE}
    long = {key: rows for key, rows in long.items() if positive[key].any()}
    if not long:
        return {key: part & is_panel for key, part in positive.items()}
    with_log, without = (_relative_errors(long, positions, season_length, steps, is_log) for is_log in (True, False))
    gains = without - with_log
    if is_panel:
        helps = _helps_a_panel(gains)
        return {key: part & helps for key, part in positive.items()}
    return {key: part & (gains[0] > 0) for key, part in positive.items()}


def is_positive(y):
    """Whether each target of a series (n, n_targets) is positive, as far as it is known."""
    return ~(y <= 0).any(axis=0) & ~np.isnan(y).all(axis=0)


def _helps_a_panel(gains):
    """Whether the logarithm helps a panel, or harms by at most a standard error, by the gains (n_series, n_targets)."""
    known = np.isfinite(gains)
    n = known.sum(axis=0)
    gains = np.where(known, gains, 0)
    mean = gains.sum(axis=0) / np.maximum(n, 1)
    variance = (np.where(known, gains - mean, 0) ** 2).sum(axis=0) / np.maximum(n - 1, 1)
    return (n < 2) | (mean >= -np.sqrt(variance / np.maximum(n, 1)))


def _relative_errors(y, positions, season_length, steps, is_log):
    """Return the errors of theta in units of the mean change, (n_series, n_targets), on the scale of y.

    They are NaN for a constant series.
    """
    z = {key: np.log(rows) if is_log else rows for key, rows in y.items()}
    seasons = {key: seasonal_values(rows, positions[key], season_length) for key, rows in z.items()}
    followed = follow_each([rows - seasons[key][positions[key]] for key, rows in z.items()])
    errors = []
    for (key, rows), (_, lines) in zip(y.items(), followed, strict=True):
        origins = np.arange(len(rows) - len(rows) // 2, len(rows))
        paths = lines.at(origins - 1).path(steps) + rows_after(seasons[key][positions[key]], origins, steps)
        paths = np.exp(np.minimum(paths, LARGEST)) if is_log else paths
        error = present_mean(np.abs(paths - rows_after(rows, origins, steps)))
        change = present_mean(np.abs(np.diff(rows, axis=0))[np.newaxis])
        errors.append(error / np.where(change > 0, change, np.nan))
    return np.array(errors)


def present_mean(values):
    """Return the mean over present values of each row, then over rows: (n, steps, k) becomes (k,)."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        rows = np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)
        present = ~np.isnan(rows)
        return np.where(present, rows, 0).sum(axis=0) / present.sum(axis=0)
