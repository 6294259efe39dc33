"""The residuals that a ResidualsDisplay shows: checked, split by series and target, with their autocorrelation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._plot.axes import check_n_panels
from sklstm._plot.labels import is_missing
from sklstm._plot.tables import (
    as_frame,
    check_increases,
    check_table,
    choose,
    numeric_columns,
    select_series,
    select_target,
    series_keys,
    target_names,
)
from sklstm._utils.argument_checks import shown
from sklstm._utils.checks import is_pandas
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.threads import with_one_blas_thread

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("over time", "histogram", "autocorrelation")  # the axes of one series and target
LAGS_OF_SEASON = 2  # the autocorrelation of a fitted forecaster reaches at least so many seasons back
CONFIDENCE = 1.96  # standard errors that 95 % of the autocorrelations of white noise lie within


@dataclass(frozen=True)
class ResidualRow:
    """The residuals of one series and target, which a row of axes shows.

    Parameters
    ----------
    series, target : object
        As in `Subplot`.
    values : Series
        The residuals from the first one to the last one; NaN between them where there is none.
    autocorrelation : ndarray of shape (n_lags,)
    """

    series: Hashable
    target: Hashable
    values: pd.Series
    autocorrelation: np.ndarray

    @property
    def known(self):
        """The residuals without NaN, an array."""
        return self.values.dropna().to_numpy()

    @property
    def bound(self):
        """Within it (and its negative) lie 95 % of the autocorrelations of white noise."""
        return CONFIDENCE / np.sqrt(len(self.known))


def difference(y_true, y_pred):
    """Return truth minus predictions as pandas, with the index of the truth."""
    import pandas as pd

    if is_pandas(y_true) and is_pandas(y_pred) and not y_true.index.equals(y_pred.index):
        raise ValueError(
            f"y_pred must have the index of y_true ({len(y_true)} rows), got another one ({len(y_pred)} rows). Select "
            "its rows with y_pred.reindex(y_true.index)."
        )
    index, columns = (getattr(y_true, name, None) if is_pandas(y_true) else None for name in ("index", "columns"))
    truth, forecast = (_as_array(values, name) for values, name in ((y_true, "y_true"), (y_pred, "y_pred")))
    if truth.shape != forecast.shape:
        raise ValueError(f"y_pred must have the shape of y_true, {truth.shape}; got {forecast.shape}.")
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        values = truth - forecast
    if values.ndim == 1:
        return pd.Series(values, index=index, name=getattr(y_true, "name", None))
    return pd.DataFrame(values, index=index, columns=columns)


def _as_array(values, name):
    """Convert truth or predictions to an array of float64."""
    table = values if is_pandas(values) else _as_table(values, name)
    check_table(table, name)
    names = target_names(table)
    found = numeric_columns(as_frame(table), range(len(names)), names, name).to_numpy()
    return found[:, 0] if table.ndim == 1 else found


def _as_table(values, name):
    """Convert numbers, but those of pandas, to a Series or a DataFrame of float64."""
    import pandas as pd

    try:
        with np.errstate(over="ignore"):  # infinity is refused later
            found = np.asarray(as_numbers(values, name), dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} must be numbers, got {shown(values)}: {error}") from error
    if found.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions, got {shown(values)}.")
    return pd.Series(found) if found.ndim == 1 else pd.DataFrame(found)


def read_rows(residuals, n_lags, series, targets, max_panels):
    """Check the residuals and split them into a ResidualRow for each series and target."""
    check_table(residuals, "residuals")
    series = choose("series", series, series_keys(residuals.index))
    names = target_names(residuals)
    targets = choose("targets", targets, names)
    check_n_panels({"series": series, "targets": targets}, len(KINDS), max_panels)
    return [_read_row(residuals, key, target, names, n_lags) for key in series for target in targets]


def _read_row(residuals, key, target, names, n_lags):
    """Select and check the residuals of one series and target."""
    values = select_target(select_series(residuals, key, "residuals"), target, names, "residuals")
    check_increases(values.index, "residuals", key)
    known = np.flatnonzero(values.notna())
    where = "" if key is None else f" of series {key!r}"
    if len(known) < 2:
        raise ValueError(f"residuals{where} has {len(known)} value(s) that are not missing; at least 2 are needed.")
    values = values[known[0] : known[-1] + 1]
    if n_lags is not None and n_lags >= len(values):
        raise ValueError(
            f"n_lags must be smaller than the number of residuals{where}, {len(values)}; got {shown(n_lags)}."
        )
    n_lags = _default_lags(len(known)) if n_lags is None else int(n_lags)
    shown_target = None if is_missing(target) and len(names) == 1 else target
    return ResidualRow(key, shown_target, values, autocorrelation(values.to_numpy(), n_lags))


def lags_with_seasons(residuals, season):
    """Return the number of lags to show of a forecaster's residuals, so that two seasons are among them.

    Parameters
    ----------
    residuals : Series or DataFrame
        Of every series and target, so many lags can be shown.
    season : int, None or dict of them by series
        The attribute `season_`.

    Returns
    -------
    n_lags : int or None
        None without a season: then each series shows the usual number.
    """
    longest = max((one or 0 for one in season.values()), default=0) if isinstance(season, dict) else season or 0
    if not longest:
        return None
    keys = series_keys(residuals.index)
    counts = [select_series(as_frame(residuals), key, "residuals").notna().sum().min() for key in keys]
    n = int(min((count for count in counts if count > 1), default=0))
    return max(_default_lags(n), min(LAGS_OF_SEASON * longest, n // 2)) or None


def _default_lags(n):
    """Return the number of lags that statistical software shows of n residuals."""
    return max(1, min(int(10 * np.log10(max(n, 1))), n - 1))


@with_one_blas_thread  # which rounds long products
def autocorrelation(values, n_lags):
    """Compute the autocorrelation of a series at the lags 1 to `n_lags`.

    Parameters
    ----------
    values : ndarray of shape (n,)
        NaN where a value is missing.
    n_lags : int
        Less than n.

    Returns
    -------
    autocorrelation : ndarray of shape (n_lags,)
        NaN if all values are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._plot.residual_tables import autocorrelation
    >>> autocorrelation(np.array([1.0, 2, 3, 4]), 2)
    array([ 0.25, -0.3 ])
    """
    first = values[np.isfinite(values)][0]
    values = values / 2 - first / 2  # so that equal values become 0, and large ones do not overflow
    largest = np.nanmax(np.abs(values))
    if largest == 0:
        return np.full(n_lags, np.nan)
    values = values / largest
    values = np.nan_to_num(values - np.nanmean(values))
    return np.array([values[lag:] @ values[:-lag] for lag in range(1, n_lags + 1)]) / (values @ values)
