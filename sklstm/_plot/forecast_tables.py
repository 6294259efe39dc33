"""Check the tables of history, forecast and truth, and split them into subplots."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklstm._forecasting.metrics import coverages, floats
from sklstm._plot.axes import LARGEST
from sklstm._plot.labels import format_name, is_missing
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

LAST_YEAR = 9999  # that Python's dates, with which matplotlib labels an axis, can hold

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
    series = _choose("series", series, _series_keys(forecast.index))
    targets = _choose("targets", targets, _target_names(history))
    if len(series) * len(targets) > max_panels:  # before much is read
        _check_n_axes(series, targets, 0 if components is None else len(COMPONENTS), max_panels)
    tables = (history, forecast, truth, components)
    subplots = [_read_subplot(tables, key, target, n_history) for key in series for target in targets]
    subplots = _without_zeros(subplots)
    _check_n_axes(series, targets, len(subplots[0].shown_components), max_panels)
    if truth is not None and all(subplot.truth is None for subplot in subplots):
        times = forecast.index.get_level_values(-1)
        raise ValueError(
            f"truth has no value between {times.min()} and {times.max()}, the first and last time of the forecast."
        )
    return subplots


def _check_n_axes(series, targets, n_components, max_panels):
    """Raise an error if more than `max_panels` axes are needed."""
    n_axes = len(series) * len(targets) * (1 + n_components)
    if n_axes <= max_panels:
        return
    what, some = ("series", series) if len(series) > 1 else ("targets", targets)
    n_fit = min(3, max_panels * len(some) // n_axes)
    example = f"Choose some, for example with {what}={some[:n_fit]!r}, or raise" if n_fit else "Show fewer, or raise"
    need = f", each with up to {n_components} component(s), need up to" if n_components else " need"
    raise ValueError(
        f"{len(series)} series of forecast with {len(targets)} target(s) of history{need} {n_axes} axes, more than "
        f"max_panels={max_panels}. "
        f"{example} max_panels."
    )


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
    _check_table(history, "history", n_levels)
    _check_table(forecast, "forecast", n_levels)
    if not len(forecast):
        raise ValueError("The forecast has no rows. Forecast at least one step.")
    if truth is not None and not is_pandas(truth):
        truth = _truth_from_array(truth, history, forecast)
    if truth is not None:
        _check_table(truth, "truth", n_levels)
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
    _check_table(components, "components", forecast.index.nlevels)
    if not components.index.equals(forecast.index):
        raise ValueError(
            f"components must have the index of the forecast ({len(forecast)} rows from {forecast.index[0]}), got "
            f"{len(components)} rows{f' from {components.index[0]}' if len(components) else ''}. Compute it with the "
            "arguments of the forecast: components = forecaster.components(steps, ...)."
        )


def _check_table(table, name, n_levels):
    """Raise an error unless a table is pandas with an index of time, or of series and time."""
    if not is_pandas(table):
        raise TypeError(f"{name} must be a pandas Series or DataFrame, got {type(table).__name__}.")
    if table.index.nlevels != n_levels or n_levels > 2:
        raise ValueError(
            f"{name} has {table.index.nlevels} index level(s) and the forecast has {n_levels}. Both must have one "
            "level (time), or two for a panel (series, time)."
        )
    if any(table.index.get_level_values(level).isna().any() for level in range(n_levels)):
        raise ValueError(f"{name} has rows whose series or time is missing in the index. Leave them out.")
    _check_times(table.index.get_level_values(-1), name)
    if table.ndim == 2:
        _check_columns(table, name)


def _check_times(times, name):
    """Raise an error unless the last level of an index can be placed on an axis, in order."""
    import pandas as pd

    if not len(times):
        return
    if isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        odd = times[(times.year < 1) | (times.year > LAST_YEAR)]
        if len(odd):
            raise ValueError(f"The index of {name} has {odd[0]}. Only years from 1 to {LAST_YEAR} can be plotted.")
        return
    if times.dtype.kind in "iuf":
        odd = times[np.abs(times.to_numpy(dtype=np.float64)) > LARGEST]
        if len(odd):
            raise ValueError(f"The index of {name} has {odd[0]}. Numbers in it must be finite.")
    elif not (times.dtype.kind == "O" and times.inferred_type in ("date", "datetime")):
        raise TypeError(
            f"The index of {name} must hold times or numbers, got {shown(times[0])} ({times.dtype}). "
            f"{name}.set_axis(pd.to_datetime({name}.index)) makes times of dates written as text, and "
            f"{name}.reset_index(drop=True) numbers the rows."
        )


def _check_columns(table, name):
    """Raise an error if there are no columns, if names repeat, or if only some are numeric, as in a long table."""
    if not table.shape[1]:
        raise ValueError(f"{name} has no columns; it must have one for each target.")
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise ValueError(f"{name} has the column {repeated[0]!r} more than once.")
    kinds = [table.iloc[:, k].dtype.kind for k in range(table.shape[1])]
    others = [k for k, kind in enumerate(kinds) if kind not in "iufb" and not _is_numeric(table.iloc[:, k])]
    if not 0 < len(others) < table.shape[1]:
        return
    labels = [table.columns[k] for k in sorted(others, key=lambda k: kinds[k] == "M")]  # the series, then the time
    is_by_time = len(others) == 1 and kinds[others[0]] != "M" and table.index.nlevels == 1
    call = f"set_index({labels[0]!r}, append=True).swaplevel()" if is_by_time else f"set_index({labels!r})"
    raise ValueError(
        f"{name} has the column(s) {_join_names(labels)}, which are not numeric. Move the series and the time to the "
        f"index: {name} = {name}.{call}. Leave other such columns out."
    )


def _is_numeric(column):
    try:
        floats(column, "the column")
    except ValueError:
        return False
    return True


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
    n_known, names = len(history), _target_names(history)
    known = _numeric_columns(_as_frame(history), range(len(names)), names, "history")
    if len(values) > n_known and np.array_equal(values[:n_known], known, equal_nan=True):
        return values[n_known:][: len(forecast)]
    if len(values) > len(forecast):
        raise ValueError(
            f"truth is an array of {len(values)} rows. It is longer than the forecast ({len(forecast)} rows) and does "
            f"not begin with the {n_known} rows of the history. Pass the rows of the forecast only, or a pandas "
            "object with an index."
        )
    return values


# ---- choice of series and targets


def _choose(what, chosen, known):
    """List the chosen names among those known, in the order chosen; None chooses all."""
    if chosen is None:
        return known
    places = [_find_name(name, known) for name in _as_list(chosen, known)]
    is_panel = what != "series" or known != [None]
    if not is_panel or not places or None in places or len(set(places)) < len(places):
        available = _join_names(known) if is_panel else "none, as it is not a panel"
        raise ValueError(
            f"{what} must be None or a list of those in the forecast, each once ({available}), got {shown(chosen)}."
        )
    return [known[place] for place in places]


def _as_list(chosen, known):
    """Put a single name, which may be a tuple, into a list; of what is no list, return an empty one."""
    import pandas as pd

    if isinstance(chosen, str) or not np.iterable(chosen) or _find_name(chosen, known) is not None:
        return [chosen]
    return list(chosen) if isinstance(chosen, list | tuple | np.ndarray | pd.Index | pd.Series) else []


def _find_name(name, names):
    """Return the position of a name among others, None if it is not there; all missing names are equal."""
    return next((k for k, other in enumerate(names) if _is_same_name(name, other)), None)


def _is_same_name(name, other):
    if is_missing(name) or is_missing(other):
        return is_missing(name) and is_missing(other)
    try:
        return bool(name == other)
    except Exception:  # an array, or what cannot be compared, is not a name
        return False


def _join_names(names, max_names=10):
    return ", ".join(map(repr, names[:max_names])) + (", …" if len(names) > max_names else "")


def _series_keys(index):
    """List the keys of the series in order of appearance; [None] for a single series."""
    import pandas as pd

    return [None] if index.nlevels == 1 else list(index.levels[0].take(pd.unique(np.asarray(index.codes[0]))))


def _target_names(table):
    return list(table.columns) if table.ndim == 2 else [table.name]


# ---- one series and target


def _read_subplot(tables, series, target, n_history):
    """Select one series and target from all tables."""
    history, forecast, truth, components = tables
    names = _target_names(history)
    if components is not None:
        components = _select_components(_select_series(components, series, "components"), target, names)
    forecast = _select_forecast(_select_series(forecast, series, "forecast"), target, names)
    history = _select_target(_select_series(history, series, "history"), target, names, "history")
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
    if truth is None or (series is not None and series not in _series_keys(truth.index)):
        return None
    truth = _select_target(_select_series(truth, series, "truth"), target, names, "truth")
    try:
        truth = truth.reindex(index)
    except (TypeError, ValueError) as error:  # periods of another frequency
        raise TypeError(
            f"The indexes of truth and forecast differ in kind: {truth.index[:1]} and {index[:1]} ({error})."
        ) from error
    return None if truth.isna().all() else truth


def _select_series(table, series, what):
    """Select the rows of one series, indexed by time."""
    if series is None:
        return table
    codes = dict(zip(table.index.levels[0], range(len(table.index.levels[0])), strict=True))
    rows = np.flatnonzero(np.asarray(table.index.codes[0]) == codes.get(series, -1))
    if not len(rows):
        raise ValueError(
            f"{what} has no series {series!r}, but the forecast does. It has {_join_names(_series_keys(table.index))}."
        )
    return table.iloc[rows].set_axis(table.index.get_level_values(1)[rows], axis=0)


def _select_target(table, target, names, what):
    """Select the column of one target, in float64; a single column may have any name."""
    own = _target_names(table)
    column = 0 if len(names) == len(own) == 1 else _find_name(target, own)
    if column is None:
        raise ValueError(f"{what} has no column {target!r}, as history has. It has {_join_names(own)}.")
    return _numeric_columns(_as_frame(table), [column], own, what).iloc[:, 0]


def _as_frame(table):
    return table.to_frame() if table.ndim == 1 else table


def _numeric_columns(table, columns, names, what):
    """Select columns by position and convert them to float64; the new columns are numbered."""
    import pandas as pd

    values = [floats(table.iloc[:, k], f"the column {names[k]!r} of {what}") for k in columns]
    for k, column in zip(columns, values, strict=True):
        is_odd = np.abs(column) > LARGEST
        if is_odd.any():
            row = int(is_odd.argmax())
            raise ValueError(
                f"The column {names[k]!r} of {what} has {column[row]} in row {row}. Only finite numbers up to "
                f"{LARGEST:g} can be plotted; NaN leaves a gap."
            )
    return pd.DataFrame(np.stack(values, axis=1), index=table.index)


def _select_forecast(forecast, target, names):
    """Select the columns `forecast`, `lower_90`, … of one target."""
    own = list(forecast.columns) if forecast.ndim == 2 else ["forecast"]
    found = _forecast_columns(own, target, names)
    if not found:
        raise ValueError(
            f"The forecast has the columns {_join_names(own)} and the history {_join_names(names)}. The forecast must "
            "have the columns of the history; or, for one target, 'forecast', 'lower_90', 'upper_90', …; or both, in "
            "two levels."
        )
    values = _numeric_columns(_as_frame(forecast), list(found.values()), own, "forecast").set_axis(list(found), axis=1)
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
    if len(own) == len(names) and all(_find_name(name, own) is not None for name in names):
        return {"forecast": _find_name(target, own)}
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
            f"components lacks the column(s) {_join_names(missing)}{where}. It has {_join_names(own)}. Pass it as "
            "Forecaster.components returns it."
        )
    positions = [found[name] for name in COMPONENTS]
    return _numeric_columns(components, positions, own, "components").set_axis(list(COMPONENTS), axis=1)


def _is_forecast_or_limit(label):
    return label == "forecast" or _is_limit(label)


def _is_limit(label):
    name = label[-1] if isinstance(label, tuple) and label else label
    return isinstance(name, str) and name.startswith(("lower_", "upper_"))


def _is_any_of(prefix, prefixes):
    """Whether the upper levels of a column name equal any of the prefixes."""
    return any(
        isinstance(one, tuple) and len(one) == len(prefix) and all(map(_is_same_name, prefix, one)) for one in prefixes
    )


def _increases(times):
    """Whether an index increases; False if its values cannot be compared."""
    try:
        return bool(times.is_monotonic_increasing and times.is_unique)
    except TypeError:
        return False


def _check_order(history, forecast, series):
    """Raise an error unless the index of the forecast begins after that of the history."""
    where = "" if series is None else f" of series {series!r}"
    for name, times in (("history", history), ("forecast", forecast)):
        if not _increases(times):
            raise ValueError(
                f"The index of {name}{where} must increase from row to row, without a time twice. "
                f"{name}.sort_index() sorts the rows."
            )
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
