"""Check the tables that displays draw, and select series and targets from them."""

import numpy as np

from sklstm._forecasting.metrics import floats
from sklstm._plot.axes import LARGEST
from sklstm._plot.labels import is_missing
from sklstm._utils.argument_checks import shown
from sklstm._utils.checks import is_pandas

MAX_NAMES = 10  # in a message
LAST_YEAR = 9999  # that Python's dates, with which matplotlib labels an axis, can hold


# ---- checks of whole tables


def check_table(table, name, n_levels=None):
    """Raise an error unless a table is pandas with an index of time, or of series and time.

    Parameters
    ----------
    table : object
    name : str
        Name of the table, for messages.
    n_levels : int, default=None
        Number of index levels of the forecast, which the table must have too; None if there is no forecast.

    Raises
    ------
    TypeError, ValueError
    """
    if not is_pandas(table):
        raise TypeError(f"{name} must be a pandas Series or DataFrame, got {type(table).__name__}.")
    if n_levels is None and table.index.nlevels > 2:
        raise ValueError(
            f"{name} has {table.index.nlevels} index levels. It must have one (time), or two for a panel (series, "
            "time)."
        )
    n_levels = table.index.nlevels if n_levels is None else n_levels
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
        f"{name} has the column(s) {join_names(labels)}, which are not numeric. Move the series and the time to the "
        f"index: {name} = {name}.{call}. Leave other such columns out."
    )


def _is_numeric(column):
    try:
        floats(column, "the column")
    except ValueError:
        return False
    return True


def check_increases(times, name, series=None):
    """Raise an error unless an index increases from row to row."""
    if not _increases(times):
        where = "" if series is None else f" of series {series!r}"
        raise ValueError(
            f"The index of {name}{where} must increase from row to row, without a time twice. "
            f"{name}.sort_index() sorts the rows."
        )


def _increases(times):
    """Whether an index increases; False if its values cannot be compared."""
    try:
        return bool(times.is_monotonic_increasing and times.is_unique)
    except TypeError:
        return False


# ---- choice of series and targets


def choose(what, chosen, known):
    """List the chosen names among those known, in the order chosen; None chooses all."""
    if chosen is None:
        return known
    places = [find_name(name, known) for name in _as_list(chosen, known)]
    is_panel = what != "series" or known != [None]
    if not is_panel or not places or None in places or len(set(places)) < len(places):
        available = join_names(known) if is_panel else "none, as it is not a panel"
        raise ValueError(
            f"{what} must be None or a list of those that are there, each once ({available}), got {shown(chosen)}."
        )
    return [known[place] for place in places]


def _as_list(chosen, known):
    """Put a single name, which may be a tuple, into a list; of what is no list, return an empty one."""
    import pandas as pd

    if isinstance(chosen, str) or not np.iterable(chosen) or find_name(chosen, known) is not None:
        return [chosen]
    return list(chosen) if isinstance(chosen, list | tuple | np.ndarray | pd.Index | pd.Series) else []


def find_name(name, names):
    """Return the position of a name among others, None if it is not there; all missing names are equal."""
    return next((k for k, other in enumerate(names) if is_same_name(name, other)), None)


def is_same_name(name, other):
    if is_missing(name) or is_missing(other):
        return is_missing(name) and is_missing(other)
    try:
        return bool(name == other)
    except Exception:  # an array, or what cannot be compared, is not a name
        return False


def join_names(names):
    """List names, for messages; of many, the first ones."""
    return ", ".join(map(repr, names[:MAX_NAMES])) + (", …" if len(names) > MAX_NAMES else "")


def series_keys(index):
    """List the keys of the series in order of appearance; [None] for a single series."""
    import pandas as pd

    return [None] if index.nlevels == 1 else list(index.levels[0].take(pd.unique(np.asarray(index.codes[0]))))


def target_names(table):
    return list(table.columns) if table.ndim == 2 else [table.name]


def select_series(table, series, what):
    """Select the rows of one series, indexed by time."""
    if series is None:
        return table
    codes = dict(zip(table.index.levels[0], range(len(table.index.levels[0])), strict=True))
    rows = np.flatnonzero(np.asarray(table.index.codes[0]) == codes.get(series, -1))
    if not len(rows):
        raise ValueError(
            f"{what} has no series {series!r}, but the forecast does. It has {join_names(series_keys(table.index))}."
        )
    return table.iloc[rows].set_axis(table.index.get_level_values(1)[rows], axis=0)


def select_target(table, target, names, what):
    """Select the column of one target, in float64; a single column may have any name."""
    own = target_names(table)
    column = 0 if len(names) == len(own) == 1 else find_name(target, own)
    if column is None:
        raise ValueError(f"{what} has no column {target!r}, as history has. It has {join_names(own)}.")
    return numeric_columns(as_frame(table), [column], own, what).iloc[:, 0]


def as_frame(table):
    return table.to_frame(0) if table.ndim == 1 else table  # pyarrow cannot hold every name


def numeric_columns(table, columns, names, what):
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
