"""Check the tables of history, forecast and truth, and split them into subplots."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklstm._forecasting.metrics import coverages
from sklstm._plot.axes import check_n_panels
from sklstm._plot.labels import format_name, is_missing
from sklstm._plot.tables import (
    as_frame,
    check_increases,
    check_table,
    choose,
    find_name,
    is_same_name,
    join_names,
    numeric_columns,
    select_series,
    select_target,
    series_keys,
    target_names,
)
from sklstm._utils.argument_checks import shown
from sklstm._utils.checks import is_pandas
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.time_tables import as_times, is_table, to_pandas

if TYPE_CHECKING:
    import pandas as pd

# By default, the history shown is `HORIZONS_OF_HISTORY` times as long as the forecast, and at least `MIN_HISTORY` rows.
HORIZONS_OF_HISTORY = 3
MIN_HISTORY = 24
# Above components, which take up the width of the forecast only, it is as long as the forecast, and at least this:
MIN_HISTORY_ABOVE_COMPONENTS = 12

COMPONENTS = ("baseline", "season", "correction")  # in the order in which they are shown


@dataclass(frozen=True)
class Subplot:
    """The data that one Axes shows: one target of one series.

    Parameters
    ----------
    series : object
        Key of the series; None if there is only one.
    target : object
        Name of the target; None if the only target has no name.
    history : Series
        The last rows of the history.
    forecast : DataFrame
        Has the columns `forecast`, `lower_90`, `upper_90`, …
    truth : Series or None
        The truth, with the index of the forecast.
    components : DataFrame or None
        The parts of the forecast to show, with its index: some of `COMPONENTS`.
    """

    series: Hashable
    target: Hashable
    history: pd.Series
    forecast: pd.DataFrame
    truth: pd.Series | None
    components: pd.DataFrame | None = None

    @property
    def shown_components(self):
        """The names of the parts to show."""
        return [] if self.components is None else list(self.components.columns)

    @property
    def has_baseline(self):
        """Whether the correction is one of a baseline, and not all that the regressor forecasts."""
        return "baseline" in self.shown_components


def read_subplots(tables, series, targets, max_panels, n_history):
    """Check the tables of a ForecastDisplay and split them into subplots.

    Parameters
    ----------
    tables : tuple (history, forecast, truth, components)
        As for `ForecastDisplay`.
    series, targets, max_panels, n_history
        As for `ForecastDisplay.plot`.

    Returns
    -------
    subplots : list of Subplot
        All targets of the first series, then those of the next.
    """
    history, forecast, truth, components = _check_tables(*tables)
    series = choose("series", series, series_keys(forecast.index))
    targets = choose("targets", targets, target_names(history))
    chosen = {"series": series, "targets": targets}
    if len(series) * len(targets) > max_panels:  # before much is read
        check_n_panels(chosen, 1 if components is None else 1 + len(COMPONENTS), max_panels, components is not None)
    tables = (history, forecast, truth, components)
    subplots = [_read_subplot(tables, key, target, n_history) for key in series for target in targets]
    subplots = _without_zeros(subplots)
    check_n_panels(chosen, 1 + len(subplots[0].shown_components), max_panels)
    if truth is not None and all(subplot.truth is None for subplot in subplots):
        times = forecast.index.get_level_values(-1)
        raise ValueError(
            f"truth has no value between {times.min()} and {times.max()}, the first and last time of the forecast."
        )
    return subplots


def _without_zeros(subplots):
    """Leave out the components that are zero in all subplots; one stays."""
    if subplots[0].components is None:
        return subplots
    has_values = np.any([np.nan_to_num(subplot.components).any(axis=0) for subplot in subplots], axis=0)
    shown = [name for name, has in zip(COMPONENTS, has_values, strict=True) if has] or ["baseline"]
    return [replace(subplot, components=subplot.components[shown]) for subplot in subplots]


# ---- checks of whole tables


def _check_tables(history, forecast, truth, components):
    """Check each table as a whole; return them as pandas, with times in their indexes."""
    names = ("history", "forecast", "truth", "components")
    tables = zip((history, forecast, truth, components), names, strict=True)
    history, forecast, truth, components = (_with_times(table, name) for table, name in tables)
    n_levels = forecast.index.nlevels if is_pandas(forecast) else 1
    check_table(history, "history", n_levels)
    check_table(forecast, "forecast", n_levels)
    if not len(forecast):
        raise ValueError("The forecast has no rows. Forecast at least one step.")
    if truth is not None and not is_pandas(truth):
        truth = _truth_from_array(truth, history, forecast)
    if truth is not None:
        check_table(truth, "truth", n_levels)
        if not truth.index.is_unique:
            raise ValueError(f"truth has {truth.index[truth.index.duplicated()][0]} more than once in its index.")
    if components is not None:
        _check_components(components, forecast)
    return history, forecast, truth, components


def _with_times(table, name):
    """Convert a table of polars or pyarrow to pandas, and times of Arrow in an index; leave anything else as it is."""
    if is_pandas(table):
        return table if as_times(table.index) is table.index else table.set_axis(as_times(table.index), axis=0)
    if not is_table(table):
        return table
    frame = to_pandas(table, name)
    if index_of(frame) is None:
        raise TypeError(
            f"{name} is a table without an index, and has no column of times. Add one, or pass pandas with an index."
        )
    return frame


def _check_components(components, forecast):
    """Raise an error unless components is a DataFrame with the rows of the forecast."""
    if not is_pandas(components) or components.ndim != 2:
        raise TypeError(
            "components must be None or a DataFrame, as Forecaster.components returns it; got "
            f"{type(components).__name__}."
        )
    check_table(components, "components", forecast.index.nlevels)
    if not components.index.equals(forecast.index):
        raise ValueError(
            f"components must have the index of the forecast ({len(forecast)} rows from {forecast.index[0]}), got "
            f"{len(components)} rows{f' from {components.index[0]}' if len(components) else ''}. Compute it with the "
            "arguments of the forecast: components = forecaster.components(steps, ...)."
        )


def _truth_from_array(truth, history, forecast):
    """Give the truth, an array, the index of the rows that are forecast."""
    import pandas as pd

    n_targets = history.shape[1] if history.ndim == 2 else 1
    try:
        with np.errstate(over="ignore"):
            values = np.asarray(as_numbers(truth, "truth"), dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(
            f"truth must be a pandas Series or DataFrame or an array of numbers, got {shown(truth)}: {error}"
        ) from error
    if values.ndim and not len(values):
        raise ValueError(f"truth has no rows, shape {values.shape}. Pass None to show no truth.")
    if history.index.nlevels != 1 or values.ndim not in (1, 2) or values.reshape(len(values), -1).shape[1] != n_targets:
        raise TypeError(
            f"truth must be a pandas Series or DataFrame or, for a single series, an array of {n_targets} column(s); "
            f"got {type(truth).__name__}."
        )
    values = _rows_of_forecast(values.reshape(len(values), n_targets), history, forecast)
    index = forecast.index[: len(values)]
    if history.ndim == 1:
        return pd.Series(values[:, 0], index=index, name=history.name)
    return pd.DataFrame(values, index=index, columns=history.columns)


def _rows_of_forecast(values, history, forecast):
    """Leave out the rows of the history if an array begins with them."""
    n_known, names = len(history), target_names(history)
    known = numeric_columns(as_frame(history), range(len(names)), names, "history")
    if len(values) > n_known and np.array_equal(values[:n_known], known, equal_nan=True):
        return values[n_known:][: len(forecast)]
    if len(values) > len(forecast):
        raise ValueError(
            f"truth is an array of {len(values)} rows. It is longer than the forecast ({len(forecast)} rows) and does "
            f"not begin with the {n_known} rows of the history. Pass the rows of the forecast only, or a pandas "
            "object with an index."
        )
    return values


# ---- one series and target


def _read_subplot(tables, series, target, n_history):
    """Select one series and target from all tables."""
    history, forecast, truth, components = tables
    names = target_names(history)
    if components is not None:
        components = _select_components(select_series(components, series, "components"), target, names)
    forecast = _select_forecast(select_series(forecast, series, "forecast"), target, names)
    history = select_target(select_series(history, series, "history"), target, names, "history")
    _check_order(history.index, forecast.index, series)
    if n_history is None and components is None:
        n_history = max(HORIZONS_OF_HISTORY * len(forecast), MIN_HISTORY)
    elif n_history is None:
        n_history = max(len(forecast), MIN_HISTORY_ABOVE_COMPONENTS)
    truth = _select_truth(truth, series, target, names, forecast.index)
    if is_missing(target):
        target = None if len(names) == 1 else format_name(target)
    return Subplot(series, target, history[-int(n_history) :], forecast, truth, components)


def _select_truth(truth, series, target, names, index):
    """Select the truth at the times of the forecast; None if there is none."""
    if truth is None or (series is not None and series not in series_keys(truth.index)):
        return None
    truth = select_target(select_series(truth, series, "truth"), target, names, "truth")
    try:
        truth = truth.reindex(index)
    except (TypeError, ValueError) as error:  # periods of another frequency
        raise TypeError(
            f"The indexes of truth and forecast differ in kind: {truth.index[:1]} and {index[:1]} ({error})."
        ) from error
    return None if truth.isna().all() else truth


def _select_forecast(forecast, target, names):
    """Select the columns `forecast`, `lower_90`, … of one target."""
    own = list(forecast.columns) if forecast.ndim == 2 else ["forecast"]
    found = _forecast_columns(own, target, names)
    if not found:
        raise ValueError(
            f"The forecast has the columns {join_names(own)} and the history {join_names(names)}. The forecast must "
            "have the columns of the history; or, for one target, 'forecast', 'lower_90', 'upper_90', …; or both, in "
            "two levels."
        )
    values = numeric_columns(as_frame(forecast), list(found.values()), own, "forecast").set_axis(list(found), axis=1)
    _check_intervals(values)
    return values


def _check_intervals(forecast):
    """Raise an error unless the ends of intervals are pairs, the lower one below the upper one."""
    pairs = {f"lower_{coverage}": f"upper_{coverage}" for coverage in coverages(forecast.columns)}
    alone = [label for label in forecast.columns if _is_limit(label) and label not in {*pairs, *pairs.values()}]
    if alone:
        raise ValueError(
            f"forecast has the column {alone[0]!r}, which is not one of two ends of an interval, such as 'lower_90' "
            "and 'upper_90' of one that covers 90 %. Leave it out, or add the other end."
        )
    for lower, upper in pairs.items():
        crossed = (forecast[lower] > forecast[upper]).to_numpy()
        if crossed.any():
            raise ValueError(
                f"forecast has a {lower} above its {upper} in row {int(crossed.argmax())}. Are the columns exchanged?"
            )


def _forecast_columns(own, target, names):
    """Return positions of a target's forecast and interval ends among columns, by their names; empty without any."""
    if len(own) == len(names) and all(find_name(name, own) is not None for name in names):
        return {"forecast": find_name(target, own)}
    found = _columns_of_target(own, target, names)
    if "forecast" not in found:
        return {}
    return {label: k for label, k in found.items() if _is_forecast_or_limit(label)}


def _columns_of_target(own, target, names):
    """Return positions of the columns of one target by their names, the last level; empty without any."""
    if "forecast" in own:
        return {label: k for k, label in enumerate(own)} if len(names) == 1 else {}
    prefixes = (target,), target  # a name of several levels is followed by one more
    return {
        label[-1]: k for k, label in enumerate(own) if isinstance(label, tuple) and _is_any_of(label[:-1], prefixes)
    }


def _select_components(components, target, names):
    """Select the columns of `COMPONENTS` of one target."""
    own = list(components.columns)
    # without a level of targets, they are those of the only target
    flat = len(names) == 1 and not any(isinstance(label, tuple) for label in own)
    found = {label: k for k, label in enumerate(own)} if flat else _columns_of_target(own, target, names)
    missing = [name for name in COMPONENTS if name not in found]
    if missing:
        where = "" if flat else f" of target {target!r}"
        raise ValueError(
            f"components lacks the column(s) {join_names(missing)}{where}. It has {join_names(own)}. Pass it as "
            "Forecaster.components returns it."
        )
    positions = [found[name] for name in COMPONENTS]
    return numeric_columns(components, positions, own, "components").set_axis(list(COMPONENTS), axis=1)


def _is_forecast_or_limit(label):
    return label == "forecast" or _is_limit(label)


def _is_limit(label):
    name = label[-1] if isinstance(label, tuple) and label else label
    return isinstance(name, str) and name.startswith(("lower_", "upper_"))


def _is_any_of(prefix, prefixes):
    """Whether the upper levels of a column name equal any of the prefixes."""
    return any(
        isinstance(one, tuple) and len(one) == len(prefix) and all(map(is_same_name, prefix, one)) for one in prefixes
    )


def _check_order(history, forecast, series):
    """Raise an error unless the index of the forecast begins after that of the history."""
    where = "" if series is None else f" of series {series!r}"
    for name, times in (("history", history), ("forecast", forecast)):
        check_increases(times, name, series)
    if not len(history):
        return
    try:
        is_after = forecast.min() > history.max()
    except (TypeError, ValueError) as error:  # dates and numbers, with and without a time zone, unlike periods
        raise TypeError(
            f"The indexes of history and forecast{where} must be of one kind. The history ends at {history.max()!r}, "
            f"the forecast begins at {forecast.min()!r}."
        ) from error
    if not is_after:
        raise ValueError(
            f"The history{where} ends at {history.max()}, but the forecast begins at {forecast.min()}. Pass as "
            "history only what precedes the forecast, and pass later values as truth."
        )
