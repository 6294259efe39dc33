"""Rows of tables as sktime has them: which ones a horizon asks for, which are new, and series below several levels.

All of it is pandas; sktime is not needed.
"""

from itertools import pairwise

import numpy as np

from sklstm._series.columns import in_named_order
from sklstm._time_index.regular_index import regular_end

# ---- series below several levels


def flattened(index):
    """Return an index whose levels above the time are one, of names, and the levels of each name.

    Parameters
    ----------
    index : Index
        Of one series, a panel (series, time), or a hierarchy of more levels.

    Returns
    -------
    index : Index
        With two levels at most.
    keys : dict of tuple
        The values of the levels above the time, by name; empty unless there are several.
    """
    import pandas as pd

    if index.nlevels <= 2:
        return index, {}
    codes, found = index.droplevel(-1).factorize()
    names = np.array([repr(key) for key in found], dtype=object)
    times = index.get_level_values(-1)
    return pd.MultiIndex.from_arrays([names[codes], times], names=["series", times.name]), dict(
        zip(names, found, strict=True)
    )


def restored(index, keys, names):
    """Return the index that was flattened, from that with two levels.

    Parameters
    ----------
    index : Index
    keys : dict of tuple
        As from `flattened`.
    names : list
        Names of the levels.
    """
    import pandas as pd

    if index.nlevels == 1 or not keys:
        return index.set_names(names)
    above = pd.MultiIndex.from_tuples([keys[name] for name in index.get_level_values(0)])
    levels = [above.get_level_values(number) for number in range(above.nlevels)]
    return pd.MultiIndex.from_arrays([*levels, index.get_level_values(1)], names=names)


def times_by_series(index):
    """Return the times of each series, by name; those of a single series have the name None."""
    if index.nlevels == 1:
        return {None: index}
    codes, names = index.get_level_values(0).factorize()
    order = np.argsort(codes, kind="stable")
    ends = np.r_[0, np.cumsum(np.bincount(codes, minlength=len(names)))]
    times = index.get_level_values(1)[order]
    return {name: times[first:last] for name, (first, last) in zip(names, pairwise(ends), strict=True)}


def joined(times):
    """Return the index of several series from the times of each, by name."""
    import pandas as pd

    if None in times:
        return times[None]
    first, *others = times.values()
    names = pd.Index(list(times), tupleize_cols=False).repeat([len(part) for part in times.values()])
    return pd.MultiIndex.from_arrays([names, first.append(others)])


# ---- the rows that a horizon asks for


class Horizon:
    """The values of a sktime `ForecastingHorizon`.

    Parameters
    ----------
    values : Index
        Numbers of steps or durations after the last row of each series, or times.
    is_relative : bool
        Whether they are not times.
    """

    def __init__(self, values, is_relative):
        self._values = values
        self._is_relative = is_relative

    def n_steps(self, known, future):
        """Return how many steps have to be forecast.

        Parameters
        ----------
        known : dict of Index
            The times of the history, by series.
        future : callable
            Takes a number of steps; returns the times of so many rows after the history, by series.

        Returns
        -------
        n_steps : int
            0 if all rows are in the history.
        """
        if all(self._counts_rows(times) for times in known.values()):
            return max(0, int(self._values.max()))
        latest = {key: self._times(times).max() for key, times in known.items()}
        if not any(_is_after(latest[key], times[-1]) for key, times in known.items()):
            return 0
        n_steps = 1
        while any(_is_after(latest[key], times[-1]) for key, times in future(n_steps).items()):
            n_steps *= 2
        return max(int((times <= latest[key]).sum()) for key, times in future(n_steps).items())

    def rows(self, known, future):
        """Return the times that are asked for of each series, by name.

        Parameters
        ----------
        known, future : dict of Index
            The times of the history and of the steps to forecast, by series.

        Raises
        ------
        ValueError
            If a step reaches before the first row of a series.
        """
        return {key: self._rows_of(times, future.get(key)) for key, times in known.items()}

    def _rows_of(self, known, future):
        if not self._counts_rows(known):
            return self._times(known)
        positions = len(known) - 1 + self._values.to_numpy()
        if positions.min() < 0:
            raise ValueError(
                f"fh asks for {-int(self._values.min())} rows before the last one, but there are {len(known)} rows "
                f"from {known[0]} to {known[-1]}. The least is {1 - len(known)}."
            )
        return (known if future is None else known.append(future))[positions]

    def _counts_rows(self, times):
        """Whether steps are numbers of rows: not where sktime adds them to whole numbers that are times."""
        return self._is_relative and self._values.dtype.kind in "iu" and times.dtype.kind not in "iu"

    def _times(self, known):
        """Return the times that are asked for of one series."""
        return known[-1] + self._values if self._is_relative else self._values


def steps_of(horizon, index):
    """Return the last step of a horizon after the rows of an index; 0 if all is in-sample."""
    known = times_by_series(index)
    ends = {key: regular_end(times, "y", key) for key, times in known.items()}
    # a series of one date tells no frequency; others may
    ends = {key: end for key, end in ends.items() if end.step is not None}
    known = {key: known[key] for key in ends} or known
    return horizon.n_steps(known, lambda n: {key: end.next_values(n) for key, end in ends.items()})


def _is_after(time, other):
    try:
        return time > other
    except TypeError as error:
        raise TypeError(f"fh has the time {time!r}, which is of another kind than {other!r} in y.") from error


def check_rows_exist(asked, known, found):
    """Check that every row that is asked for is one of a training row or of a step.

    Parameters
    ----------
    asked, known, found : Index
        The rows that are asked for, those of the history, and those that have a forecast.

    Raises
    ------
    ValueError
        With the first row that has no forecast, and why.
    """
    is_missing = ~asked.isin(found)
    if not is_missing.any():
        return
    first = asked[is_missing][0]
    if first in known:
        raise ValueError(
            f"fh asks for {first}, a known row. Known rows have forecasts if fit has learnt from them, not if update "
            "has added them, and no intervals. Call fit on all rows, or ask for later ones."
        )
    raise ValueError(
        f"fh asks for {first}, which is no row of the series: y ends at {known[-1]}, and its index goes on with other "
        f"times. Times from {known[0]} on, in the frequency of y, have forecasts."
    )


def check_same_reach(asked, future):
    """Raise ValueError if series have to be forecast differently far: exogenous variables are needed equally far."""
    reach = {key: int((future[key] <= times.max()).sum()) for key, times in asked.items()}
    if len(set(reach.values())) > 1:
        near, far = min(reach, key=reach.get), max(reach, key=reach.get)
        raise ValueError(
            f"fh is {reach[near]} steps after the end of series {near!r}, but {reach[far]} after that of {far!r}. With "
            "exogenous variables all series are forecast equally far. Give fh as numbers of steps, or set "
            "pooling='local'."
        )


def check_every_step(index, future):
    """Raise ValueError if exogenous variables lack the row of a step, also of one that `fh` leaves out.

    Parameters
    ----------
    index : Index
        Of the rows of X after the history.
    future : dict of Index
        The times of the steps to forecast, by series.
    """
    given = times_by_series(index)
    for key, times in future.items():
        absent = times[~times.isin(given.get(key, times[:0]))]
        if len(absent):
            where = "" if key is None else f" of series {key!r}"
            raise ValueError(
                f"X leaves out {absent[0]}{where}. Forecasts need the rows of all steps up to the last one in fh, also "
                "where fh has gaps. As sktime's evaluate and searches pass on the rows in fh alone, give them "
                f"fh=range(1, {len(times) + 1})."
            )


# ---- new rows


def like_fit(y, names):
    """Return new rows with the columns of fit: those of several targets in their order, a single one with its name.

    Parameters
    ----------
    y : DataFrame
    names : list
        The columns of `y` in fit.

    Raises
    ------
    ValueError
        If several targets have other names.
    """
    given = list(y.columns)
    if len(given) == len(names) == 1:
        return y.set_axis(names, axis=1)
    if set(given) != set(names):
        raise ValueError(f"y has the columns {given}, but fit had {names}. Give these, in any order, or call fit anew.")
    return in_named_order(y, names)


def rows_after(y, history):
    """Return the rows of `y` that are not in the history yet.

    Parameters
    ----------
    y, history : DataFrame
        With the same columns.

    Returns
    -------
    rows : DataFrame

    Raises
    ------
    ValueError
        If a row has other values than in the history, or if nothing is new and the rows end before the history does.
    """
    is_known = y.index.isin(history.index)
    again = y[is_known]
    before = history.loc[again.index].to_numpy(float)
    differs = ~((before == again.to_numpy(float)) | (np.isnan(before) & np.isnan(again.to_numpy(float)))).all(axis=1)
    if differs.any():
        row = int(differs.argmax())
        raise ValueError(
            f"y has {again.iloc[row].tolist()} at {again.index[row]}, which was {before[row].tolist()} before. update "
            "adds rows; call fit on all rows to change old ones."
        )
    if is_known.all():
        _check_ends_like(y.index, history.index)
    return y[~is_known]


def _check_ends_like(index, history):
    """Raise ValueError if known rows end before the history."""
    ends = times_by_series(history)
    for key, times in times_by_series(index).items():
        if times[-1] != ends[key][-1]:
            raise ValueError(
                f"y ends at {times[-1]}, but the rows up to {ends[key][-1]} are known. A forecast from an earlier time "
                "needs a forecaster that was fitted on the rows up to it."
            )


# ---- exogenous variables


def at_rows(X, index):
    """Return the rows of `X`, if it is not None, at those of an index, of which it may lack some."""
    return None if X is None else X[X.index.isin(index)]


def rows_beyond(X, known):
    """Return the rows of `X`, if it is not None, after the last one of each series.

    Parameters
    ----------
    X : DataFrame or None
    known : dict of Index
        The times of the history, by series.
    """
    if X is None:
        return None
    times, is_later = X.index.get_level_values(-1), np.ones(len(X), bool)
    series = {None: slice(None)} if X.index.nlevels == 1 else X.groupby(level=0).indices
    for key in series.keys() & known.keys():
        is_later[series[key]] = times[series[key]] > known[key][-1]
    return X[is_later]
