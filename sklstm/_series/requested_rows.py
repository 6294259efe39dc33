"""Check the rows that `predict` and `forecast` are called with: training rows, or rows that follow the history."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from sklstm._series.continuation import rows_said, rows_skipped
from sklstm._series.series_input import is_panel_index, split_index
from sklstm._time_index.messages import format_time
from sklstm._time_index.suggested_repairs import UserTable
from sklstm._utils.argument_checks import shown
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.time_tables import advising_pandas
from sklstm._utils.user_warning import warn_user

# The longest gap between the history and the rows to forecast, relative to the length of the history. It is 10 because
# scikit-learn's learning curves train on as little as a tenth of the rows before the test rows.
LONGEST_GAP = 10
# Fewest different targets by which rows without an index are recognised as some of the training rows.
FEWEST_VALUES = 4

STEPS_ADVICE = "To forecast a number of steps, call forecast(steps)."


@dataclass(frozen=True)
class FutureRows:
    """Rows of one series that follow its history.

    Parameters
    ----------
    rows : ndarray of int
        Their positions in the user's table.
    n_skipped : int
        Number of rows between the history and the first of them.
    known : ndarray of shape (n_rows, n_known)
        The values of the known columns in `rows`.
    """

    rows: np.ndarray
    n_skipped: int
    known: np.ndarray

    @property
    def steps(self):
        """How many steps ahead the last row is."""
        return self.n_skipped + len(self.rows)


@dataclass(frozen=True)
class InSampleRows:
    """Rows of one series that were trained on.

    Parameters
    ----------
    rows : ndarray of int
        Their positions in the user's table.
    positions : ndarray of int
        Their positions in the series.
    """

    rows: np.ndarray
    positions: np.ndarray


# ---- predict


def read_rows(forecaster, data, history, X, *, has_truth=False):
    """Check the X that is given to `predict`, and find out which rows it has.

    Parameters
    ----------
    forecaster : Forecaster
        The fitted forecaster, for scikit-learn's checks.
    data : TrainingData
        The training data.
    history : dict of History
        The histories, by key.
    X : array-like
        As in `predict`.
    has_truth : bool
        Whether the caller has the truth of the rows, and so knows that they are not all the training rows.

    Returns
    -------
    rows : dict of FutureRows, or dict of InSampleRows
        By key.
    """
    _check_are_rows(X)
    X, columns, training = as_numbers(X, "X", reads_times=True), data.spec.columns, data.series
    values = columns.read(forecaster, X)
    if not len(values):
        raise ValueError(f"X: Found array with 0 sample(s) (shape={values.shape}) while a minimum of 1 is required.")
    known, index = values[:, ~columns.is_past], index_of(X)
    _check_levels(history, index, "X")
    parts = split_index(index, len(known), "X")
    if index is None:
        _warn_of_training_rows(known, training.get(None), has_truth)
    in_sample = {} if index is None else _find_training_rows(training, parts)
    if not in_sample:
        if index is not None:
            _check_not_updated(training, history, parts)
        with advising_pandas(X=X):
            return _follow(history, known, parts, "X")
    n_trained = sum(int((part.positions >= 0).sum()) for part in in_sample.values())
    if n_trained < len(known):
        raise ValueError(
            f"{n_trained} of the {len(known)} rows of X were trained on, the others were not. For training rows "
            "predict returns in-sample forecasts one step ahead; for rows that follow the history, forecasts from its "
            "end. Call predict once for each."
        )
    for key, rows, times in parts:
        _check_as_trained(columns, known[rows], training[key].known[in_sample[key].positions], times)
    return in_sample


def check_not_forgotten(history, X):
    """Raise ValueError for an X of `predict` that has rows of a history, by key, which is no longer kept whole."""
    index = index_of(as_numbers(X, "X", reads_times=True))
    if index is None:
        return
    for key, _, times in split_index(index, len(index), "X"):
        end = history[key].end if key in history else None
        try:
            is_known = times <= end.last
        except (AttributeError, TypeError, ValueError):  # arrays, or times of another kind, which others refuse
            continue
        if is_known.any():
            raise ValueError(
                f"{rows_said(int(is_known.sum()))} of {UserTable('X', key)} are of the history, the first at "
                f"{format_time(times[is_known.argmax()])}. In-sample forecasts need the training rows, which `compact` "
                f"has removed; rows after {format_time(end.last)} can be forecast."
            )


def find_training_rows(forecaster, data, X, y):
    """Find the training rows among the arguments of `score` if X has no index, so that `predict` could not.

    The index of y says which rows they are or, if it has none either, its values: those of all training rows.

    Parameters
    ----------
    forecaster, data
        As for `read_rows`.
    X, y
        As in `score`.

    Returns
    -------
    rows : dict of InSampleRows, by key, or None
        None if X has an index, or if the rows are not those of training.
    """
    if X is None or isinstance(X, Integral):
        return None
    X, y = as_numbers(X, "X", reads_times=True), as_numbers(y, "y", reads_times=True)
    if index_of(X) is not None or y is None:
        return None
    columns, index, single = data.spec.columns, index_of(y), data.series.get(None)
    known = columns.read(forecaster, X)[:, ~columns.is_past]
    if index is None or (single is not None and single.index is None):
        return _if_all_training_rows(single, known, np.asarray(y))
    if len(index) != len(known):
        return None
    parts = split_index(index, len(index), "y")
    found = _find_training_rows(data.series, parts)
    if len(found) < len(parts) or any((part.positions < 0).any() for part in found.values()):
        return None
    for key, rows, times in parts:
        _check_as_trained(columns, known[rows], data.series[key].known[found[key].positions], times)
    return found


def _if_all_training_rows(part, known, y):
    """Return all rows of a series (None of a panel) if known columns and targets have their values; else None."""
    if part is None or y.ndim not in (1, 2) or len(y) != len(known) or y.dtype.kind not in "fiub":
        return None
    given, trained = np.c_[known, y.reshape(len(y), -1)], np.c_[part.known[: len(part)], part.y]
    if _are_equal(given, trained):
        everything = np.arange(len(part))
        return {None: InSampleRows(everything, everything)}
    _warn_of_some_training_rows(given, trained)
    return None


def _warn_of_some_training_rows(given, trained):
    """Warn if known columns and targets are those of some training rows, but have no index that says so.

    Rows that training has several times may come once more after the history.
    """
    n_given, n_starts = len(given), len(trained) - len(given) + 1
    if given.shape[1] != trained.shape[1] or n_starts < 1 or len(np.unique(given[:, -1])) < FEWEST_VALUES:
        return
    starts = np.flatnonzero(_is_same(trained[:n_starts], given[0]).all(axis=1))
    starts = [int(start) for start in starts if _are_equal(trained[start : start + n_given], given)]
    if len(starts) == 1:
        warn_user(
            f"X and y have the values of the training rows {starts[0]} to {starts[0] + n_given - 1} but no index, so "
            "they are taken for the rows that follow the history, and forecasts of these are scored. Give X and y an "
            "index."
        )


def _is_same(values, others):
    return (values == others) | (np.isnan(values) & np.isnan(others))


def _are_equal(values, others):
    return values.shape == others.shape and np.array_equal(values, others, equal_nan=True)


def _warn_of_training_rows(known, part, has_truth):
    """Warn if an array may be the training rows: its rows are taken to follow the history.

    Rows without columns, or with constant ones, are like those of training if they are as many. A caller that has the
    truth knows better then.
    """
    if part is None or not _are_equal(known, part.known):
        return
    if (known != known[:1]).any():
        warn_user(
            f"X has the values of the {rows_said(len(known))} of training but no index, so it is taken for the rows "
            "that follow the history. For in-sample forecasts, see fitted_values_, or give X and y an index."
        )
    elif not has_truth:
        warn_user(
            f"X has as many rows as fit had, {len(known)}, but no index and no values that tell whether they are those "
            "rows. It is taken for the rows that follow the history. If a scorer has passed the training rows "
            "(return_train_score=True, learning_curve, validation_curve), their score is meaningless: give X and y an "
            "index, or leave scoring=None."
        )


def _check_are_rows(X):
    """Raise ValueError for None and for a number of steps."""
    if isinstance(X, Integral):
        n = shown(X)
        is_number = X > 0 and not isinstance(X, bool)
        advice = f"To forecast {n} steps, call forecast({n})." if is_number else STEPS_ADVICE
        raise ValueError(f"predict needs the rows X to forecast, got {n}. {advice}")
    if X is None:
        raise ValueError(
            "predict and score need the rows to forecast: X of n rows, or a frame without columns but with their index "
            f"(series.to_frame()[[]]), or an (n, 0) array. {STEPS_ADVICE}"
        )


def _find_training_rows(training, parts):
    """Find the rows of X that were trained on, by key; empty if there are none. Other rows have the position -1."""
    found, positions = {}, {}
    for key, rows, times in parts:
        if key not in training:
            continue
        which = id(training[key].index), id(times)
        if which not in positions:
            positions[which] = _positions(training[key], times)
        found[key] = InSampleRows(rows, positions[which])
    return found if any((part.positions >= 0).any() for part in found.values()) else {}


def _check_not_updated(training, history, parts):
    """Raise ValueError for rows that `update` added: they are part of the history, and were not trained on."""
    for key, _, times in parts:
        if key not in training or training[key].end is None or len(training[key]) == len(history[key]):
            continue
        try:
            is_added = (times > training[key].end.last) & (times <= history[key].end.last)
        except (TypeError, ValueError):  # times of another kind, which `steps_after` refuses
            continue
        if is_added.any():
            first, end = format_time(times[is_added.argmax()]), format_time(history[key].end.last)
            raise ValueError(
                f"{int(is_added.sum())} of the {len(times)} rows of {UserTable('X', key)} were added by update, the "
                f"first at {first}. predict returns in-sample forecasts of the rows of fit, and forecasts of the rows "
                f"after {end}. To forecast rows that update adds, call predict before update."
            )


def _positions(part, times):
    """Return the positions of times among the rows of a training series; -1 for times that it does not have."""
    none = np.full(len(times), -1)
    try:
        if part.end is None or (times > part.end.last).all() or _are_recounted(part.index, times):
            return none
        return part.index.get_indexer(times)
    except (TypeError, ValueError):  # times of another kind, which `steps_after` refuses
        return none


def _are_recounted(trained, times):
    """Whether the training index counts rows from 0 and `times` has fewer: then they may be other rows."""
    return trained.dtype.kind in "iu" and trained[0] == 0 and len(times) < len(trained)


def _check_as_trained(columns, given, trained, times):
    """Check that known columns have the same values at training rows as in training."""
    differs = (given != trained) & ~(np.isnan(given) & np.isnan(trained))
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise ValueError(
            f"The column {columns.known_names[column]!r} of X is {given[row, column]} at {times[row]}, but was "
            f"{trained[row, column]} in training. For training rows, predict returns in-sample forecasts, so X must "
            "have the values that it had in training."
        )


def check_gaps(history, futures):
    """Warn if rows begin long after the history of their series; raise ValueError if the gap is very long."""
    longest = max(futures, key=lambda key: futures[key].n_skipped / len(history[key]))
    n_skipped, n_known = futures[longest].n_skipped, len(history[longest])
    of = "" if longest is None else f" of the series {longest!r}"
    gap = (
        f"There is a gap of {rows_said(n_skipped)} between the history{of}, which has {rows_said(n_known)}, and the "
        "rows to forecast"
    )
    advice = "Check the index, or pass the rows of the gap to `update` first; their y may be NaN."
    if n_skipped > LONGEST_GAP * n_known:
        raise ValueError(f"{gap}. It must not be longer than {LONGEST_GAP} times the history. {advice}")
    if n_skipped > n_known:
        warn_user(f"{gap}. Its rows are forecast too, although it is longer than the history. {advice}")


# ---- forecast


def read_future(forecaster, columns, history, X_future, steps):
    """Check the X_future that is given to `forecast`: the known columns of the next rows, at least `steps`.

    Parameters
    ----------
    forecaster : Forecaster
        The fitted forecaster, for scikit-learn's checks.
    columns : ColumnSpec
        The columns of the training rows.
    history : dict of History
        The histories, by key.
    X_future : array-like or None
    steps : int

    Returns
    -------
    futures : dict of FutureRows, by key
    """
    if X_future is None:
        if not columns.is_past.all():
            raise ValueError(
                f"X_future is needed, with the columns {columns.known_names} of the {steps} rows to forecast. "
                f"future_index({steps}) returns their index."
            )
        return {key: FutureRows(np.arange(steps), 0, np.empty((steps, 0))) for key in history}
    X_future = as_numbers(X_future, "X_future", reads_times=True)
    known, index = columns.read_known(forecaster, X_future), index_of(X_future)
    _check_levels(history, index, "X_future")
    with advising_pandas(X_future=X_future):
        futures = _follow(history, known, split_index(index, len(known), "X_future"), "X_future")
    missing = [key for key in history if key not in futures]
    if missing:
        raise ValueError(f"X_future has no rows for {len(missing)} series: {missing[:5]}.")
    for key, future in futures.items():
        of = "" if key is None else f" for the series {key!r}"
        if future.n_skipped:
            raise ValueError(f"X_future begins {rows_said(future.n_skipped)} after the first row to forecast{of}.")
        if len(future.rows) < steps:
            raise ValueError(f"X_future has {rows_said(len(future.rows))}{of}, but steps={steps} are to be forecast.")
    return {key: replace(futures[key], rows=np.arange(steps)) for key in history}


# ---- both


def check_known_columns(futures, strategy, steps, reads_nan):
    """Check that there are known columns, without a gap, for all rows that the strategy reads.

    `reads_nan` says whether the regressor reads NaN for those that are not given; strategies other than "auto" do not
    use this.
    """
    n_needed = strategy.rows_read(steps)
    for key, future in futures.items():
        of = "" if key is None else f" of the series {key!r}"
        if future.n_skipped:
            raise ValueError(
                f"There is a gap of {rows_said(future.n_skipped)} between the history{of} and the rows to forecast. "
                "The known columns of its rows are needed too: begin X directly after the history."
            )
        n_given = len(future.known)
        if n_given >= n_needed or (strategy.is_auto and reads_nan):
            continue
        given = f"Known columns are given for {rows_said(n_given)}{of}, but"
        if not strategy.is_auto:
            raise ValueError(f"{given} strategy={strategy.name!r} reads those of all steps={n_needed} rows ahead.")
        raise ValueError(
            f"{given} {strategy.n_ahead} steps are predicted at once, so those of {rows_said(n_needed)} are read. Give "
            f"these rows (future_index({n_needed}) returns their index), fit with steps={n_given}, or choose a "
            "regressor that reads NaN there, such as HistGradientBoostingRegressor() or "
            "LSTMRegressor(missing='indicator')."
        )


def _check_levels(history, index, name):
    """Check that rows are those of a panel if, and only if, the history is a panel."""
    if None not in history and not is_panel_index(index):
        raise ValueError(
            f"{name} must be pandas with an index of two levels, series and time, as the history is a panel."
        )
    if None in history and is_panel_index(index):
        raise ValueError(f"{name} has an index of {index.nlevels} levels, but the history is a single series.")


def _follow(history, known, parts, name):
    """Check that the rows of each series follow its history; return FutureRows by key."""
    unknown = [key for key, _, _ in parts if key not in history]
    if unknown:
        raise ValueError(
            f"{name} has rows of the series {unknown[0]!r}, which has no history. To forecast a new series, use "
            "forecast(steps, history=...). To cross-validate a panel, use cv=split_panel(y, n_splits, test_size)."
        )
    n_skipped = rows_skipped(history, [(key, times) for key, _, times in parts], name)
    return {key: FutureRows(rows, n_skipped[key], known[rows]) for key, rows, _ in parts}
