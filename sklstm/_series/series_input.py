"""Check the user's input (Series, DataFrame or array; one series or a panel) and convert it to `SeriesData`."""

from dataclasses import replace
from itertools import islice

import numpy as np
from sklearn.utils import _safe_indexing

from sklstm._series.columns import in_named_order, read_training_columns
from sklstm._series.history import History
from sklstm._series.output_format import OutputFormat
from sklstm._series.panel import series_positions
from sklstm._series.series import SeriesData
from sklstm._series.training_data import TableSpec, TrainingData
from sklstm._time_index.numeric_dates import check_no_dates
from sklstm._time_index.regular_index import has_step, regular_end, steps_after
from sklstm._time_index.season import step_unit
from sklstm._time_index.steps import step_name
from sklstm._utils.argument_checks import as_array, check_same_length, naming, shown
from sklstm._utils.checks import check_has_columns, check_size, check_weights, is_pandas, n_dimensions
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.row_alignment import are_in, in_order_of
from sklstm._utils.time_tables import advising_pandas, statement_of
from sklstm._utils.user_warning import warn_user


def rows_of(data, rows):
    """Select rows of any array-like; None stays None."""
    if data is None:
        return None
    return _safe_indexing(data if is_pandas(data) else np.asarray(data), rows)


# ---- training rows


def read_training(forecaster, X, y, sample_weight=None):
    """Check and convert the arguments of `fit`.

    Parameters
    ----------
    forecaster : Forecaster
        Its `past_only` is read, and scikit-learn's checks set `n_features_in_` and `feature_names_in_` on it.
    X, y, sample_weight
        As in `fit`; X and y as numbers.

    Returns
    -------
    data : TrainingData
    """
    _check_has_targets(X, y)
    values, index = _check_targets(y), _common_index(X, y)
    columns, spec = read_training_columns(forecaster, X, len(values), forecaster.past_only)
    check_same_length(X=columns, y=values)
    with advising_pandas(X=X, y=y):
        series = split_into_series(values, columns, spec.is_past, index, _table_with_index(y))
    check_no_dates(max((part.y for part in series.values()), key=len), y, "y", statement_of(y))
    output_format = OutputFormat.from_targets(y, index)
    data = TrainingData(series, TableSpec(values.shape[1], spec, output_format, _common_step(series)))
    data.check_enough()
    return replace(data, weight=_read_weights(sample_weight, X, y))


def _read_weights(sample_weight, X, y):
    """Return the weight of each row of y, aligned by its index if it has one; None stays None."""
    if sample_weight is None:
        return None
    weight = as_numbers(sample_weight, "sample_weight")
    return check_weights(in_order_of(weight, _common_index(X, y), "sample_weight", "y"), y)


# ---- rows after the fit


def read_new_rows(forecaster, spec, X, y):
    """Check and convert the arguments of `update`.

    Parameters
    ----------
    forecaster : Forecaster
        The fitted forecaster, for scikit-learn's checks.
    spec : TableSpec
        The form of the training tables.
    X, y
        As in `update`.

    Returns
    -------
    series : dict of SeriesData, by key
    """
    X, y = as_numbers(X, "X", reads_times=True), as_numbers(y, "y", reads_times=True)
    return _read_like(forecaster, spec, X, y)


def read_history(forecaster, spec, history, reads_columns=True):
    """Check and convert the argument `history` of `forecast`.

    Parameters
    ----------
    forecaster, spec
        As in `read_new_rows`.
    history : y or (X, y)
        After a fit on a panel, it may be a single series.
    reads_columns : bool, default=True
        If False, only the index of the series is used, and X is ignored.

    Returns
    -------
    histories : dict of History, by key
    output_format : OutputFormat
        The format of the forecast.
    """
    if isinstance(history, tuple) and len(history) != 2:
        raise ValueError(f"history must be y or a tuple (X, y), got a tuple of {len(history)}: {shown(history)}.")
    X, y = history if isinstance(history, tuple) else (None, history)
    with naming("history"):
        X = as_numbers(X, "X", reads_times=True)
        y = as_numbers(y, "y" if isinstance(history, tuple) else "history", reads_times=True)
        series = _read_like(forecaster, spec, X, y, may_be_single=True, reads_columns=reads_columns)
    output_format = spec.output_format
    if is_pandas(y) and y.ndim == 1:
        output_format = replace(output_format, names=y.name)
    if None in series:
        output_format = replace(output_format, levels=None)
    return {key: History.from_series(part) for key, part in series.items()}, output_format


def read_truth(spec, history, X, y, sample_weight, is_in_sample=False):
    """Check the truth and the weights that are given to `score`.

    Parameters
    ----------
    spec : TableSpec
        The form of the training tables.
    history : dict of History
        The histories, by key.
    X, y, sample_weight
        As in `score`.
    is_in_sample : bool, default=False
        Whether y is at training rows.

    Returns
    -------
    truth : ndarray of shape (n,) or (n, n_targets)
        The truth at the rows of X.
    weight : ndarray of shape (n,) or None
    """
    weight = as_numbers(sample_weight, "sample_weight")
    y = _targets_in_order(spec.output_format, as_numbers(y, "y", reads_times=True))
    index = index_of(as_numbers(X, "X", reads_times=True))
    if index is None and index_of(y) is not None:
        index = y.index
        if not is_in_sample:
            _check_directly_follows(history, index)
    y = in_order_of(y, index, "y", "X")
    truth = as_array(y, "y", dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan")
    n_given = truth.shape[1] if truth.ndim == 2 else 1
    if n_given != spec.n_targets:
        raise ValueError(f"y has {n_given} targets, but the Forecaster was fitted on {spec.n_targets}.")
    if weight is None:
        return truth, None
    return truth, check_weights(in_order_of(weight, index, "sample_weight", "y"), truth)


def _check_directly_follows(history, index):
    """Check that y begins directly after the history, as the rows of an array X do."""
    for key, _, times in split_index(index, len(index), "y"):
        end = history[key].end if key in history else None
        n_skipped = 0 if end is None else steps_after(end, times, "y")
        if n_skipped or key not in history:
            raise ValueError(
                f"y begins at {times[0]}, but the rows of an array X follow the history directly. Give X as a "
                "frame with the index of y."
            )


def _read_like(forecaster, spec, X, y, may_be_single=False, reads_columns=True):
    """Check tables against those of the fit; return their series. `may_be_single`: after a panel, one series may do."""
    _check_has_targets(X, y)
    output_format = spec.output_format
    y = _targets_in_order(output_format, y)
    values, index = _check_targets(y), _common_index(X, y)
    columns = np.full((len(values), len(spec.columns)), np.nan)
    if reads_columns:
        columns = spec.columns.read(forecaster, X, len(values))
        check_same_length(X=columns, y=values)
    if values.shape[1] != spec.n_targets:
        raise ValueError(f"y has {values.shape[1]} targets, but the Forecaster was fitted on {spec.n_targets}.")
    if is_panel_index(index) != output_format.is_panel and not (output_format.is_panel and may_be_single):
        raise ValueError(
            f"y has {'a' if is_panel_index(index) else 'no'} two-level index (series, time), but the Forecaster was "
            f"fitted on {'several series' if output_format.is_panel else 'a single series'}."
            + (" y = pd.concat({key: y}) adds the name of the series as a level." if output_format.is_panel else "")
        )
    usual = None if index is None else spec.step
    with advising_pandas(X=X, y=y, history=y):
        series = split_into_series(values, columns, spec.columns.is_past, index, _table_with_index(y), usual)
    _warn_of_other_step(series, usual)
    return series


def _warn_of_other_step(series, usual):
    """Warn, for the first such series, if rows are not as far apart as those of the fit, by the calendar."""
    unit = step_unit(usual)
    steps = {key: part.end.step for key, part in series.items() if unit is not None and part.end is not None}
    other = (key for key, step in steps.items() if step != usual and step_unit(step) not in (None, unit))
    for key in islice(other, 1):
        name, end = "history" if key is None else f"series {key!r}", series[key].end
        warn_user(
            f"The rows of the {name} follow each other in steps of {step_name(end.step, end.last)}, but the Forecaster "
            f"was fitted on steps of {getattr(usual, 'freqstr', usual)}. Its windows and its season are taken for as "
            "many rows. Give rows with the same step, or fit another Forecaster."
        )


# ---- targets


def _targets_in_order(output_format, y):
    """Put the columns of a frame of targets into the order of the fit, if both have names."""
    if not is_pandas(y) or y.ndim < 2 or output_format.names is None or output_format.y_ndim < 2:
        return y
    if set(y.columns) != set(output_format.names):
        raise ValueError(
            f"y has the columns {list(y.columns)}, but the Forecaster was fitted on {list(output_format.names)}."
        )
    return in_named_order(y, output_format.names)


def _check_has_targets(X, y):
    """Check that y is given; often the series is passed as X."""
    if y is not None:
        return
    message = "Forecaster requires y to be passed, but the target y is None."
    if n_dimensions(X) == 1:
        message += " A series by itself is y: write fit(None, series) or update(None, series)."
    elif is_pandas(X):
        message += (
            ' Pass the target column as y, fit(df.drop(columns="y"), df["y"]), or fit(None, df) if all are targets.'
        )
    raise ValueError(message)


def _check_targets(y):
    """Convert `y` to (n, n_targets) in float64; NaN is a missing value."""
    check_has_columns(y, "y")
    if n_dimensions(y) == 0:
        raise ValueError(
            "y must have the shape (n_rows,) or (n_rows, n_targets), with rows in time order; got () of a single "
            f"value, {shown(y)}."
        )
    values = as_array(y, "y", dtype=np.float64, ensure_2d=False, ensure_all_finite=False, ensure_min_samples=0)
    _check_no_infinity(values, y)
    if 0 in values.shape[1:]:
        raise ValueError(
            f"y must have the shape (n_rows,) or (n_rows, n_targets), with rows in time order; got {values.shape}."
        )
    check_size(values, "y")
    if not len(values):
        raise ValueError("Found array with 0 sample(s) in y while a minimum of 1 is required.")
    return values[:, np.newaxis] if values.ndim == 1 else values


def _check_no_infinity(values, y):
    """Raise ValueError if a value of y is infinite, with the first row of such a value."""
    is_infinite = np.isinf(values)
    if is_infinite.any():
        row = int(np.argwhere(is_infinite)[0, 0])
        is_named = is_pandas(y)
        at = f"{y.index[row]}" if is_named else f"row {row}"
        advice = "y.replace([np.inf, -np.inf], np.nan)" if is_named else "np.where(np.isinf(y), np.nan, y)"
        raise ValueError(
            f"Input y contains infinity or a value too large for float64, at {at}. y = {advice} makes missing values "
            "of infinite ones."
        )


# ---- the index


def is_panel_index(index):
    """Whether an index has more levels than that of a single series."""
    return index is not None and index.nlevels > 1


def _common_index(X, y):
    """Return the index of the rows: that of y or, if y is an array, that of X."""
    known, index = index_of(X), index_of(y)
    if known is None or index is None:
        return known if index is None else index
    if not known.equals(index):
        raise ValueError(
            f"X and y have different indexes: {_first_difference(known, index)}. Align them: "
            f"{_aligning_call(known, index)}."
        )
    return index


def _first_difference(known, index):
    """Say where the indexes of X and y differ first."""
    if len(known) != len(index):
        return f"X has {len(known)} rows and y has {len(index)}"
    row = int((np.asarray(known != index)).argmax())
    return f"row {row} is {known[row]} in X and {index[row]} in y"


def _aligning_call(known, index):
    """Return the call that aligns X with y."""
    there = are_in(index, known) if known.nlevels == index.nlevels else np.zeros(len(index), bool)
    if there.all() and known.is_unique:
        return "X = X.loc[y.index]"
    if there.any() and known.is_unique:
        return "X = X.reindex(y.index), where X is NaN at the rows that it does not have"
    if len(known) != len(index):
        return "give both the same index"
    return "X.index = y.index, if they belong together row by row"


def _table_with_index(y):
    """Return the name, for messages, of the table whose index is used."""
    return "X" if index_of(y) is None else "y"


# ---- one table, several series


def split_into_series(y, columns, is_past, index, name, usual=None):
    """Split a table into its series; return SeriesData by key.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
    columns : ndarray of shape (n, n_columns)
    is_past : ndarray of bool of shape (n_columns,)
    index : pandas Index or None
    name : str
        Name, for messages, of the table that has the index.
    usual : DateOffset, int or None, default=None
        The step of earlier series.
    """
    series, ends = {}, {None: None}
    for key, rows, times in split_index(index, len(y), name):
        which = None if times is None else id(times)
        if which not in ends:
            ends[which] = regular_end(times, name, key)
        part = columns[rows]
        series[key] = SeriesData(y[rows], part[:, ~is_past], part[:, is_past], times, ends[which], rows)
    return _with_common_step(series, usual) if is_panel_index(index) or usual is not None else series


def split_index(index, n_rows, name):
    """List key, row numbers and times of each series; equal times are one object, to be checked only once."""
    if not is_panel_index(index):
        return [(None, np.arange(n_rows), None if index is None else _own_index(index[:]))]
    positions = series_positions(index, name)
    times, stamps, found, parts = index.get_level_values(1), np.asarray(index.codes[1]), {}, []
    for key, rows in positions:
        which = stamps[rows].tobytes()
        if which not in found:
            found[which] = _own_index(times[rows])
        parts.append((key, rows, found[which]))
    return parts


def _own_index(index):
    """Return an index of which the user has no reference, and whose pickle is always the same.

    pandas keeps its unit when it is first asked for, and pickles it then.
    """
    getattr(index, "unit", None)
    return index


def _common_step(series):
    """Return the step that all series have; None if they differ or have no index."""
    first, *others = (None if part.end is None else part.end.step for part in series.values())
    return first if all(step == first for step in others) else None


def _with_common_step(series, usual=None):
    """Give series that are too short to tell their frequency that of the others.

    Such a series has no known step, or is one whole number, or has another step than the longest series although its
    rows follow each other by that step as well: three months may also be steps of four weeks.

    Parameters
    ----------
    series : dict of SeriesData, by key
    usual : DateOffset, int or None, default=None
        The step of earlier series. None is that of the longest of these.

    Returns
    -------
    series : dict of SeriesData, by key
    """
    tells = {key: part.end.step is not None and len(part) > 1 for key, part in series.items()}
    if usual is None:
        longest = max(filter(tells.get, series), key=lambda key: len(series[key]), default=None)
        if longest is None:
            return series
        usual = series[longest].end.step
    others = [key for key, part in series.items() if not (tells[key] and part.end.step == usual)]
    distinct = {id(series[key].index): key for key in others}  # equal indexes are one object
    found = {which: has_step(series[key].index, series[key].end, usual) for which, key in distinct.items()}
    fits = {key: found[id(series[key].index)] for key in others}
    if not all(fits[key] for key in others if tells[key]):  # the series do differ
        fits = {key: tells[key] and fits[key] for key in others}
    ends = {key: replace(series[key].end, step=usual) for key in others if fits[key]}
    return {key: replace(part, end=ends[key]) if key in ends else part for key, part in series.items()}
