"""From what a user calls a series (Series, DataFrame or array, one or a panel of them) to arrays, and back."""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, check_array, check_consistent_length
from sklearn.utils.validation import _check_feature_names_in, validate_data

from sklstm._forecasting.intervals import percent
from sklstm._forecasting.leaks import CHANGES, EXACT, find_copies
from sklstm._forecasting.panel import series_positions
from sklstm._utils.checks import check_has_columns, check_weights, is_pandas, n_dimensions
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.row_alignment import in_order_of
from sklstm._utils.time_index import regular_end, steps_after
from sklstm._utils.user_warning import warn_user


@dataclass(frozen=True)
class SeriesData:
    """One series, in the user's units: what was observed, and the columns beside it.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
        NaN where an observation is missing.
    known : ndarray of shape (n + n_future, n_known)
        Columns that are known in advance, perhaps for more rows.
    past : ndarray of shape (n, n_past)
        Columns that are not.
    index : pandas Index or None
        Of its rows; None for arrays, which follow each other.
    end : IndexEnd or None
        Where the index ends.
    rows : ndarray of int of shape (n,)
        Where its rows were in the table that it came in.
    """

    y: np.ndarray
    known: np.ndarray
    past: np.ndarray
    index: Any
    end: Any
    rows: np.ndarray

    def __len__(self):
        return len(self.y)

    def values(self, name, first, stop):
        """Rows `first` to `stop`, as far as there are any, of one of its arrays or of its stamps."""
        return getattr(self, name)[first:stop]

    def followed_by(self, other):
        """The same with the rows of another, which directly follow and have the same kind of index."""
        joined = {
            name: np.concatenate((getattr(self, name), getattr(other, name))) for name in ("y", "known", "past", "rows")
        }
        index = None if self.index is None else self.index.append(other.index)
        return SeriesData(**joined, index=index, end=other.end)

    @property
    def stamps(self):
        """The times of its rows as numbers that can be compared between series."""
        if self.index is None:
            return np.arange(len(self))
        return self.index.asi8 if hasattr(self.index, "asi8") else self.index.to_numpy()

    @property
    def known_index(self):
        """The index of its rows; those of arrays count from 0."""
        import pandas as pd

        return pd.RangeIndex(len(self)) if self.index is None else self.index


@dataclass(frozen=True)
class History:
    """A series that rows are added to, each addition at the cost of what it adds.

    It is kept in pieces, each at least twice as long as the one after it. So there are few of them, and a row is
    copied only when its piece is joined to one before it: for n rows about log2(n) times. Pieces never change, so that
    copies of a History are independent.

    Parameters
    ----------
    pieces : tuple of Series
        Which follow each other.
    future : ndarray of shape (n_future, n_known)
        Columns that are known for the rows after them.
    """

    pieces: tuple
    future: Any

    @classmethod
    def of(cls, series):
        """Of one piece."""
        return cls((series,), series.known[len(series) :])

    def __len__(self):
        return sum(map(len, self.pieces))

    @property
    def end(self):
        """Where its index ends: an IndexEnd, or None for arrays."""
        return self.pieces[-1].end

    @property
    def whole(self):
        """All of it as a Series."""
        whole = self.pieces[-1]
        for piece in self.pieces[-2::-1]:  # the short ones first
            whole = piece.followed_by(whole)
        return whole

    def values(self, name, first, stop):
        """Rows `first` to `stop`, as far as there are any, of an array of its series or of their stamps."""
        found, begin = [self.pieces[0].values(name, first, stop)], len(self.pieces[0])
        for piece in self.pieces[1:]:
            if first < begin + len(piece) and begin < stop:
                found.append(piece.values(name, max(0, first - begin), stop - begin))
            begin += len(piece)
        if name == "known" and begin < stop:
            found.append(self.future[max(0, first - begin) : stop - begin])
        return found[0] if len(found) == 1 else np.concatenate(found)

    def knowing(self, known):
        """The same with the known columns of the rows that follow."""
        return replace(self, future=known)

    def followed_by(self, other):
        """The same with the rows of a Series, which directly follow."""
        pieces = [*self.pieces, self._in_line(other)]
        if self.end is not None and self.end.step is None:  # too few rows to tell a frequency
            whole = History(tuple(pieces), None).whole
            pieces = [replace(whole, end=regular_end(whole.index))]
        while len(pieces) > 1 and len(pieces[-2]) < 2 * len(pieces[-1]):
            last = pieces.pop()
            pieces[-1] = pieces[-1].followed_by(last)
        return History(tuple(pieces), self.future[:0])

    def _in_line(self, other):
        """Rows that follow, with the index that they have here; arrays follow in the way that is known here."""
        if self.end is None:
            return replace(other, index=None, end=None)
        index = self.next_index(len(other)) if other.end is None else other.index
        if getattr(self.end.last, "tz", None) is not None:
            index = index.tz_convert(self.end.last.tz)
        return replace(other, index=index, end=replace(self.end, last=type(self.end.last)(index[-1])))

    def next_index(self, steps):
        """The index of the rows that follow; None where it cannot be told."""
        import pandas as pd

        if self.end is None:
            return pd.RangeIndex(len(self), len(self) + steps)
        return None if self.end.step is None else self.end.next_values(steps)


@dataclass(frozen=True)
class OutputFormat:
    """What answers are called.

    Parameters
    ----------
    y_ndim : int
        Whether there is one target (1) or a column for each (2).
    names : object
        Name of the Series or columns of the DataFrame.
    levels : list or None
        Names of the two levels of a panel's index; None for a single series.
    """

    y_ndim: int
    names: Any
    levels: Any

    @property
    def is_panel(self):
        return self.levels is not None

    def target_names(self, n_targets):
        """A name for each target; those of arrays count from 0."""
        return list(range(n_targets)) if self.names is None else list(self.names)

    def targets(self, n_targets):
        """How messages speak of each target."""
        if self.y_ndim == 1:
            return ["y" if self.names is None else f"the target {self.names!r}"]
        return [f"the target {name!r}" for name in self.target_names(n_targets)]

    def to_pandas(self, values, index):
        """Values (n, n_targets) as a Series or DataFrame."""
        import pandas as pd

        if self.y_ndim == 1:
            return pd.Series(values[:, 0], index=index, name=self.names)
        return pd.DataFrame(values, index=index, columns=self.names)

    def to_frame(self, answers, index, coverages):
        """Answers (n, n_targets, 1 + 2 n_coverages), with the ends of intervals if there are any."""
        import pandas as pd

        if not coverages:
            return self.to_pandas(answers[..., 0], index)
        columns = pd.Index(["forecast", *interval_names(coverages)])
        if self.y_ndim == 1:
            return pd.DataFrame(answers[:, 0], index=index, columns=columns)
        names = pd.RangeIndex(answers.shape[1]) if self.names is None else self.names
        if names.nlevels == 1:
            columns = pd.MultiIndex.from_product([names, columns], names=[names.name, None])
        else:  # one level more
            columns = pd.MultiIndex.from_tuples(
                [(*name, c) for name in names for c in columns], names=[*names.names, None]
            )
        return pd.DataFrame(answers.reshape(len(answers), -1), index=index, columns=columns)

    def join(self, indexes):
        """One index of those of the series, by key."""
        import pandas as pd

        if not self.is_panel:
            return indexes[None]
        first, *others = indexes.values()
        keys = pd.Index(list(indexes), tupleize_cols=False).repeat([len(index) for index in indexes.values()])
        return pd.MultiIndex.from_arrays([keys, first.append(others)], names=self.levels)


def interval_names(coverages):
    """Columns of the ends of intervals, such as lower_90 and upper_90."""
    return [f"{side}_{percent(coverage)}" for coverage in coverages for side in ("lower", "upper")]


def rows_of(data, rows):
    """Some rows of any array-like; None stays."""
    if data is None:
        return None
    return _safe_indexing(data if is_pandas(data) else np.asarray(data), rows)


# ---- what is learnt from


def read_training(forecaster, X, y):
    """Check what `fit` was given; the forecaster takes on the columns of X.

    Returns
    -------
    series : dict of Series, by key (None for a single series)
    output_format : OutputFormat
    """
    _check_given(forecaster, X, y)
    values, index = _check_target(y), _index_of(X, y)
    columns = check_columns(forecaster, X, len(values), reset=True)
    check_consistent_length(columns, values)
    _check_has_value(values, y)
    if len(values) < 2:
        raise ValueError(f"y has n_samples={len(values)} rows: there is nothing to learn a next value from.")
    series = _divide(forecaster, values, columns, index, _holder(y))
    names = (y.columns if y.ndim == 2 else y.name) if is_pandas(y) else None
    levels = list(index.names) if _is_panel(index) else None
    return series, OutputFormat(n_dimensions(y), names, levels)


def read_more(forecaster, X, y, may_be_single=False, reads_columns=True):
    """The series of other rows, for a fitted forecaster; beside a panel perhaps a single one.

    Without `reads_columns` X is passed over, as all that is asked for is the index.
    """
    _check_given(forecaster, X, y)
    output_format = forecaster._output_format
    y = _in_order_of_targets(output_format, y)
    values, index = _check_target(y), _index_of(X, y)
    columns = np.full((len(values), forecaster.n_features_in_), np.nan)
    if reads_columns:
        columns = check_columns(forecaster, X, len(values), reset=False)
        check_consistent_length(columns, values)
    n_targets = next(iter(forecaster._history.values())).values("y", 0, 1).shape[1]
    if values.shape[1] != n_targets:
        raise ValueError(f"y has {values.shape[1]} targets, but the Forecaster was fitted on {n_targets}.")
    if _is_panel(index) != output_format.is_panel and not (output_format.is_panel and may_be_single):
        raise ValueError(
            f"y has {'a' if _is_panel(index) else 'no'} two-level index (series, time), but the Forecaster was fitted "
            f"on {'several series' if output_format.is_panel else 'a single series'}."
            + (" y = pd.concat({key: y}) puts the name of the series in front." if output_format.is_panel else "")
        )
    return _divide(forecaster, values, columns, index, _holder(y))


def read_history(forecaster, history, reads_columns=True):
    """Other series to go on from, y or (X, y), and the output_format of their forecast."""
    X, y = history if isinstance(history, tuple) else (None, history)
    X, y = as_numbers(X, "X"), as_numbers(y, "y" if isinstance(history, tuple) else "history")
    series, output_format = read_more(forecaster, X, y, True, reads_columns), forecaster._output_format
    series = {key: History.of(part) for key, part in series.items()}
    if is_pandas(y) and y.ndim == 1:
        output_format = replace(output_format, names=y.name)
    return series, replace(output_format, levels=None) if None in series else output_format


def read_weights(sample_weight, X, y):
    """The weight of each row of y, by its index if it has one; None stays."""
    if sample_weight is None:
        return None
    weight = as_numbers(sample_weight, "sample_weight")
    return check_weights(in_order_of(weight, _index_of(X, y), "sample_weight", "y"), y)


def read_truth(forecaster, X, y, sample_weight):
    """The truth (n,) or (n, n_targets) at the rows of X that are predicted, and its weights or None."""
    weight = as_numbers(sample_weight, "sample_weight")
    y, index = _in_order_of_targets(forecaster._output_format, as_numbers(y, "y")), index_of(X)
    if index is None and index_of(y) is not None:  # rows of arrays follow the history
        index = y.index
        for key, _, times in _parts(index, len(y), "y"):
            end = forecaster._history[key].end if key in forecaster._history else None
            n_skipped = 0 if end is None else steps_after(end, times, "y")
            if n_skipped or key not in forecaster._history:
                raise ValueError(
                    f"y begins at {times[0]}, but the rows of an array X follow the history directly. Give X as a "
                    "frame with the index of y."
                )
    y = in_order_of(y, index, "y", "X")
    truth = check_array(y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y")
    if weight is None:
        return truth, None
    return truth, check_weights(in_order_of(weight, index, "sample_weight", "y"), truth)


def _in_order_of_targets(output_format, y):
    """A frame of targets with its columns as in the fit, where both have names."""
    if not is_pandas(y) or y.ndim < 2 or output_format.names is None or output_format.y_ndim < 2:
        return y
    given = _named_columns(y)
    if set(given) != set(output_format.names):
        raise ValueError(
            f"y has the columns {list(y.columns)}, but the Forecaster was fitted on {list(output_format.names)}."
        )
    return _in_named_order(y, given, output_format.names)


def _check_given(forecaster, X, y):
    """Whether there is a y; often it is where X belongs."""
    if y is not None:
        return
    message = f"{type(forecaster).__name__} requires y to be passed, but the target y is None."
    if n_dimensions(X) == 1:
        message += " A series by itself is y: write fit(None, series) or update(None, series)."
    elif is_pandas(X):
        message += (
            ' Give the columns beside it as X, fit(df.drop(columns="y"), df["y"]), or fit(None, df) if all are targets.'
        )
    raise ValueError(message)


def _check_target(y):
    """`y` as (n, n_targets) in float64; NaN is a missing observation."""
    check_has_columns(y, "y")
    values = check_array(
        y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y", ensure_min_samples=0
    )
    if values.ndim == 0 or 0 in values.shape[1:]:
        raise ValueError(f"y has shape {values.shape}; it is (n_rows,) or (n_rows, n_targets), in the order of time.")
    if not len(values):
        raise ValueError("Found array with 0 sample(s) in y while a minimum of 1 is required.")
    return values[:, np.newaxis] if values.ndim == 1 else values


def _check_has_value(values, y):
    empty = np.isnan(values).all(axis=0)
    if empty.any():
        which = (
            "y"
            if n_dimensions(y) == 1
            else f"column {(y.columns if is_pandas(y) else range(len(empty)))[empty.argmax()]!r} of y"
        )
        raise ValueError(f"{which} holds NaN only: there is nothing to learn from.")


def _index_of(X, y):
    """The index that tells the rows' times: that of y or, where y is an array, that of X."""
    known, index = index_of(X), index_of(y)
    if known is None or index is None:
        return known if index is None else index
    if not known.equals(index):
        raise ValueError(
            f"X and y are at different rows: {_first_difference(known, index)}. Align them: "
            f"{_aligning_call(known, index)}."
        )
    return index


def _first_difference(known, index):
    if len(known) != len(index):
        return f"X has {len(known)} and y has {len(index)}"
    row = int((np.asarray(known != index)).argmax())
    return f"row {row} is {known[row]} in X and {index[row]} in y"


def _aligning_call(known, index):
    """What gives X the rows of y, as far as it has them."""
    there = index.isin(known) if known.nlevels == index.nlevels else np.zeros(len(index), bool)
    if there.all() and known.is_unique:
        return "X = X.loc[y.index]"
    if there.any() and known.is_unique:
        return "X = X.reindex(y.index), where X is NaN at the rows that it does not have"
    if len(known) != len(index):
        return "give both the same index"
    return "X.index = y.index, if they belong together row by row"


def _is_panel(index):
    return index is not None and index.nlevels > 1


def _holder(y):
    """What the table is called whose index tells the times."""
    return "X" if index_of(y) is None else "y"


def _divide(forecaster, y, columns, index, name):
    """The series of a table, by key; `name` is that of the one whose index it is."""
    past, series, ends = forecaster._is_past, {}, {None: None}
    for key, rows, times in _parts(index, len(y), name):
        which = None if times is None else id(times)
        if which not in ends:
            ends[which] = regular_end(times, name, key)
        part = columns[rows]
        series[key] = SeriesData(y[rows], part[:, ~past], part[:, past], times, ends[which], rows)
    return _with_common_step(series) if _is_panel(index) else series


def _parts(index, n_rows, name):
    """Key, row numbers and times of each series; equal times are one object, which is looked at once."""
    if not _is_panel(index):
        return [(None, np.arange(n_rows), index)]
    positions = series_positions(index, name)
    times, stamps, found, parts = index.get_level_values(1), np.asarray(index.codes[1]), {}, []
    for key, rows in positions:
        which = stamps[rows].tobytes()
        if which not in found:
            found[which] = times[rows]
        parts.append((key, rows, found[which]))
    return parts


def _with_common_step(series):
    """Series too short to tell their frequency have that of the others, if these agree."""
    steps = {part.end.step for part in series.values()} - {None}
    if len(steps) != 1:
        return series
    (step,) = steps
    return {
        key: part if part.end.step is not None else replace(part, end=replace(part.end, step=step))
        for key, part in series.items()
    }


# ---- columns


def check_columns(forecaster, X, n_rows, *, reset):
    """Exogenous columns as (n, n_features_in_) in float64; none is as good as no X.

    With `reset` the forecaster takes on their number, names, and which of them are past-only.
    """
    if is_pandas(X) and X.ndim == 1:
        raise ValueError(
            "X must be a table of columns, got a Series. What is forecast is y: fit(None, series). A column beside it "
            "is column.to_frame(), and rows to forecast without columns are series.to_frame()[[]]."
        )
    if reset:
        forecaster._column_names = _named_columns(X)
    if X is None or _has_no_columns(X):
        columns = np.empty((n_rows if X is None else len(X), 0))
        if reset:
            forecaster.n_features_in_ = 0
            vars(forecaster).pop("feature_names_in_", None)
        elif forecaster.n_features_in_:
            raise ValueError(f"X has no columns, but the Forecaster was fitted on {_names(forecaster)}.")
    elif not reset and not forecaster.n_features_in_:
        raise ValueError("X has columns, but the Forecaster was fitted without any: give a frame of the index alone.")
    else:
        X = X if reset else _in_order(forecaster, X)
        columns = validate_data(forecaster, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
    if reset:
        forecaster._is_past = _past_only(forecaster)
    _check_known(forecaster, columns[:, ~forecaster._is_past], X)
    return columns


def _in_named_order(frame, given, names):
    """Columns in the order of some names; booleans among them would choose rows."""
    places = {name: place for place, name in enumerate(given)}
    return frame.iloc[:, [places[name] for name in names]]


def _named_columns(X):
    """The names of a frame's columns, which are matched by them; None of anything else."""
    if not is_pandas(X) or X.ndim != 2:
        return None
    return list(X.columns)


def _has_no_columns(X):
    return getattr(X, "shape", (None,))[1:] == (0,)


def _check_known(forecaster, known, X):
    """Whether the columns known in advance are known."""
    unknown = np.isnan(known)
    if unknown.any() and not forecaster.__sklearn_tags__().input_tags.allow_nan:
        row, column = np.argwhere(unknown)[0]
        at = f"{X.index[row]}" if is_pandas(X) else f"row {row}"
        raise ValueError(
            f"The column {known_names(forecaster)[column]!r} of X is NaN at {at}, but columns are known in advance "
            "unless past_only names them. Impute it (X.interpolate(), X.ffill()), or name it in past_only."
        )


def _names(forecaster):
    """Names of the columns; arrays have x0, x1 and so on."""
    return forecaster._column_names or list(_check_feature_names_in(forecaster, generate_names=True))


def known_names(forecaster):
    """Names of the columns that are known in advance."""
    return [name for name, past in zip(_names(forecaster), forecaster._is_past, strict=True) if not past]


def past_names(forecaster):
    """Names of the columns that are known only afterwards."""
    return [name for name, past in zip(_names(forecaster), forecaster._is_past, strict=True) if past]


def _in_order(forecaster, X):
    """A frame with the columns in the order of the fit, where they have the same names."""
    names, given = forecaster._column_names, _named_columns(X)
    if names is None or given is None:
        return X
    if set(given) == set(names):
        return _in_named_order(X, given, names)
    if not all(isinstance(name, str) for name in (*names, *given)):  # of strings scikit-learn says which
        raise ValueError(f"X has the columns {given}, but the Forecaster was fitted on {names}.")
    return X


def _past_only(forecaster):
    """Which columns are known only afterwards, as a mask."""
    mask, names = np.zeros(forecaster.n_features_in_, dtype=bool), forecaster._column_names
    choices = list(range(len(mask))) if names is None else names
    wanted = () if forecaster.past_only is None else forecaster.past_only
    for column in wanted:
        if column not in choices or isinstance(column, bool | np.bool_):  # True is no number 1
            raise ValueError(f"past_only names {column!r}, but the columns of X are {choices}.")
        mask[choices.index(column)] = True
    return mask


def check_leaks(forecaster, X, series, output_format, steps):
    """Whether a column gives away the targets that it is there to help forecast, `steps` ahead at once.

    A column that is a copy of a target that is not known yet is refused; of one that nearly is, a warning tells.
    """
    past, copies = forecaster._is_past, []
    last, targets = max(steps, forecaster.window_length), [part.y for part in series.values()]
    for kind, first in (("known", 1 - steps), ("past", 1)):
        columns = [getattr(part, kind)[: len(part)] for part in series.values()]
        numbers = np.flatnonzero(past if kind == "past" else ~past)
        if len(numbers):
            found = find_copies(columns, targets, first, last)
            copies += [replace(copy, column=int(numbers[copy.column])) for copy in found]
    exact, near = ([copy for copy in copies if (copy.kind == EXACT) == is_exact] for is_exact in (True, False))
    if exact:
        raise ValueError(_what_is_copied(forecaster, X, series, output_format, exact))
    if near:
        message = _what_is_copied(forecaster, X, series, output_format, near)
        warn_user(f"{message} Keep it only if it is known before the target is.")


def _what_is_copied(forecaster, X, series, output_format, copies):
    """What columns are copies of, and how to leave them out."""
    names, numbers = _names(forecaster), [copy.column for copy in copies]
    what = ", ".join(_described(copy, repr(names[copy.column]), output_format, list(series)) for copy in copies)
    if len(numbers) == len(names):
        rest = "None"
    elif is_pandas(X):
        rest = f"X.drop(columns={[names[number] for number in numbers]!r})"
    else:
        rest = f"np.delete(X, {numbers}, axis=1)"
    return f"X gives away what is to be forecast: its column {what}. Leave it out: fit({rest}, y)."


def _described(copy, name, output_format, keys):
    """What a column is a copy of."""
    target = (
        "y" if output_format.y_ndim == 1 else f"the target {output_format.target_names(copy.target + 1)[copy.target]!r}"
    )
    rows = f"{abs(copy.lag)} row{'' if abs(copy.lag) == 1 else 's'} {'later' if copy.lag > 0 else 'before'}"
    where = "at the same row" if copy.lag == 0 else rows
    if output_format.is_panel:
        where += f" in the series {keys[copy.series]!r}"
    if copy.kind != EXACT:
        verb = "changes almost exactly as" if copy.kind == CHANGES else "is in the same order as"
        return f"{name} {verb} {target} {where}"
    if abs(copy.factor - 1) > 1e-4:
        target = f"{copy.factor:.4g} times {target}"
    return f"{name} is {target} {where}{', plus a constant' if copy.offset else ''}"


# ---- what is asked for


@dataclass(frozen=True)
class FutureRows:
    """Rows of one series to forecast.

    Parameters
    ----------
    rows : ndarray of int
        Where they are in the user's table.
    n_skipped : int
        Rows between the history and them.
    known : ndarray of shape (n_rows, n_known)
        From the first row after the history on.
    """

    rows: np.ndarray
    n_skipped: int
    known: np.ndarray

    @property
    def steps(self):
        return self.n_skipped + len(self.rows)


@dataclass(frozen=True)
class TrainingRows:
    """Rows of one series that were trained on.

    Parameters
    ----------
    rows : ndarray of int
        Where they are in the user's table.
    positions : ndarray of int
        Which rows of the series they are.
    """

    rows: np.ndarray
    positions: np.ndarray


def read_rows(forecaster, X):
    """The rows that `predict` is asked for, by key: all `FutureRows`, or all `TrainingRows`."""
    if isinstance(X, Integral):
        raise ValueError(f"predict needs the rows to forecast, got {X}: forecast({X}) counts steps.")
    if X is None:
        raise ValueError(
            "predict and score need the rows to forecast: X of n rows, or a frame without columns but with their index "
            "(series.to_frame()[[]]), or an (n, 0) array. forecast(steps) counts steps instead."
        )
    columns = check_columns(forecaster, X, 0, reset=False)
    if not len(columns):
        raise ValueError(f"Found array with 0 sample(s) (shape={columns.shape}) while a minimum of 1 is required.")
    known, index = columns[:, ~forecaster._is_past], index_of(X)
    _check_levels(forecaster._history, index, "X")
    parts = _parts(index, len(known), "X")
    trained = None if index is None else _trained_on(forecaster, known, parts)
    return trained or _follow(forecaster._history, known, parts, "X")


def _trained_on(forecaster, known, parts):
    """The rows of X by series if they were trained on, as their times say; None if none of them was."""
    training, found, places = forecaster._training, {}, {}
    for key, rows, times in parts:
        if key not in training:
            continue
        which = id(training[key].index), id(times)
        if which not in places:
            places[which] = _positions(training[key], times)
        found[key] = TrainingRows(rows, places[which])
    n_trained = sum(int((part.positions >= 0).sum()) for part in found.values())
    if not n_trained:
        return None
    if n_trained < len(known):
        raise ValueError(
            f"{n_trained} of the {len(known)} rows of X were trained on, the others were not. Training rows are "
            "answered with their forecasts one step ahead, rows that follow the history with forecasts from its end: "
            "call predict once for each."
        )
    for key, rows, times in parts:
        _check_as_trained(forecaster, known[rows], training[key].known[found[key].positions], times)
    return found


def _positions(part, times):
    """Which rows of a training series are at some times; -1 for none."""
    nowhere = np.full(len(times), -1)
    try:
        if part.end is None or (times > part.end.last).all() or _is_counted_anew(part.index, times):
            return nowhere
        return part.index.get_indexer(times)
    except (TypeError, ValueError):  # times of another kind, of which `steps_after` complains
        return nowhere


def _is_counted_anew(trained, times):
    """Whether rows may be any, that were counted from 0 as those of training were: some of these, and not all."""
    return trained.dtype.kind in "iu" and trained[0] == 0 and len(times) < len(trained)


def _check_as_trained(forecaster, given, trained, times):
    """Whether known columns at training rows are those that were trained on."""
    differs = (given != trained) & ~(np.isnan(given) & np.isnan(trained))
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise ValueError(
            f"The column {known_names(forecaster)[column]!r} of X is {given[row, column]} at {times[row]}, but was "
            f"{trained[row, column]} in training. Rows that were trained on are answered with the forecasts of "
            "training, so X must hold what it held there."
        )


def read_future(forecaster, history, X_future, steps):
    """What `forecast` is given, by key: the known columns of the next rows, at least `steps`."""
    if X_future is None:
        if not forecaster._is_past.all():
            names = known_names(forecaster)
            raise ValueError(
                f"X_future is needed: the columns {names} of the {steps} rows to forecast. future_index({steps}) is "
                "their index."
            )
        return {key: FutureRows(np.arange(steps), 0, np.empty((steps, 0))) for key in history}
    known, index = _known_columns(forecaster, X_future), index_of(X_future)
    _check_levels(history, index, "X_future")
    futures = _follow(history, known, _parts(index, len(known), "X_future"), "X_future")
    missing = [key for key in history if key not in futures]
    if missing:
        raise ValueError(f"X_future has no rows for {len(missing)} series: {missing[:5]}.")
    for key, future in futures.items():
        of = "" if key is None else f" for the series {key!r}"
        if future.n_skipped:
            raise ValueError(f"X_future begins {_rows_said(future.n_skipped)} after the first row to forecast{of}.")
        if len(future.rows) < steps:
            raise ValueError(f"X_future has {len(future.rows)} rows{of}; steps={steps} need as many.")
    return {key: replace(futures[key], rows=np.arange(steps)) for key in history}


def _known_columns(forecaster, X):
    """The columns known in advance of an X_future with all columns, or with these alone."""
    past = forecaster._is_past
    names, given = forecaster._column_names, _named_columns(X)
    width = np.shape(X)[1] if n_dimensions(X) == 2 else None
    if past.any() and names is not None and given is not None:
        absent = [name for name, is_past in zip(names, past, strict=True) if is_past and name not in given]
        X = X.reindex(columns=[*given, *absent])
    elif past.any() and width == int((~past).sum()):
        if not width:
            return np.empty((len(X), 0))
        known = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", input_name="X_future")
        _check_known(forecaster, known, X)
        return known
    return check_columns(forecaster, X, 0, reset=False)[:, ~past]


def _check_levels(history, index, name):
    """Whether rows are of a panel where the history is one."""
    if None not in history and not _is_panel(index):
        raise ValueError(
            f"{name} must be pandas with an index of two levels, series and time, as the history is a panel."
        )
    if None in history and _is_panel(index):
        raise ValueError(f"{name} has an index of {index.nlevels} levels, but the history is a single series.")


def _follow(history, known, parts, name):
    """The rows of X by series, each checked to follow its history."""
    futures, skipped = {}, {}
    for key, rows, times in parts:
        if key not in history:
            raise ValueError(
                f"{name} has rows of the series {key!r}, which has no history here. forecast(steps, history=...) "
                "forecasts a new series. Folds of a panel are cut by time: cv=split_panel(y, n_splits, test_size)."
            )
        end = history[key].end
        which = place_of(history[key]), id(times)
        if which not in skipped:
            skipped[which] = 0 if end is None or times is None else steps_after(end, times, name, key)
        futures[key] = FutureRows(rows, skipped[which], known[rows])
    return futures


def place_of(history):
    """What tells where a history ends: equal places are followed by equal indexes."""
    return len(history) if history.end is None else (history.end, getattr(history.end.last, "tz", None))


def check_follows(history, new):
    """Whether new rows of series, by key, begin where their history ends."""
    checked = set()
    for key, part in new.items():
        if key not in history or history[key].end is None:
            continue
        which = place_of(history[key]), id(part.index)
        if which not in checked:
            _check_follows(history[key], part, key)
            checked.add(which)


def _check_follows(history, part, key):
    name = "y" if key is None else f"y.loc[{key!r}]"
    if part.end is None:
        if history.end.step is None:
            raise ValueError(
                f"{name} is an array, but the index of the history is too short to tell its frequency: give {name} the "
                "index of its rows."
            )
        return
    n_skipped = steps_after(history.end, part.index, "y", key)
    if n_skipped:
        raise ValueError(
            f"{name} begins at {part.index[0]}, {_rows_said(n_skipped)} after the first one that follows the history, "
            f"which ends at {history.end.last}. Give the rows between as well; their y may be NaN."
        )


def _rows_said(n):
    return f"{n} row" if n == 1 else f"{n} rows"
