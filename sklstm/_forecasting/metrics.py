"""Compute scores of forecasts, and the errors of the seasonal naive forecast that they are compared with.

Sources: Hyndman and Koehler (2006), *Another look at measures of forecast accuracy*, for the MASE;
Makridakis et al. (2000), *The M3-Competition*, for the sMAPE.
"""

import numpy as np

from sklstm._utils.argument_checks import is_whole_number, shown
from sklstm._utils.numeric_input import as_numbers

KEYS = ("series", "target", "origin", "step", "time")
VALUES = ("truth", "forecast", "naive", "scale")
LARGEST = 1e303  # of values: a forecaster takes up to 1e300, and percentages of larger ones overflow
LAST_STEP = 2**53  # whole numbers above are not exact in float64


def scores(frame, by=None):
    """Score a table of forecasts as a whole, or by groups of rows.

    Parameters
    ----------
    frame : DataFrame
        One row for each forecast value, with the columns `truth`, `forecast`, `naive` (the naive forecast, or NaN),
        `scale` (mean absolute in-sample error of the naive forecast), and `lower_90`, `upper_90` for each coverage.
    by : str or list of str, default=None
        Columns whose values make the groups: "step", "series", "target", "origin", "time", or several of them.

    Returns
    -------
    scores : Series or, with `by`, DataFrame with a row for each group
        - `mae` and `rmse`, in units of the target;
        - `smape`, the mean of 100 · 2|e| / (|truth| + |forecast|), between 0 and 200 percent; 0 for rows where both
          are 0;
        - `mase`, the mean of |e| / scale over the rows with a scale above 0 (a constant series has the scale 0);
        - `skill`, 1 - MAE / MAE of the naive forecast, both over the rows with a naive forecast: 0 is as good as the
          naive forecast, 1 is perfect;
        - for each coverage `coverage_90`, the share of truths inside the interval (ends included), and
          `width_90`, the mean width, both over the rows with an interval.

        A score is NaN if it has no rows. The skill is also NaN if the naive forecast has no error.

    Raises
    ------
    TypeError
        If `frame` is not a DataFrame.
    ValueError
        If there are no rows, if a column is absent or not numeric, or if truth or forecast is not finite.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._forecasting.metrics import scores
    >>> rows = {"step": [1, 2], "truth": [10.0, 12], "forecast": [11.0, 12], "naive": [8.0, 12], "scale": [2.0, 2]}
    >>> scores(pd.DataFrame(rows))[["mae", "mase", "skill"]].to_dict()
    {'mae': 0.5, 'mase': 0.25, 'skill': 0.5}
    """
    check_frame(frame)
    keys = [] if by is None else _keys(frame, by)
    if not len(frame):
        raise ValueError("There are no forecasts to score: frame has no rows. Are all truths missing?")
    codes, labels = (
        zip(*(_factorized(frame[key]) for key in keys), strict=True) if keys else ([np.zeros(len(frame))], ())
    )
    terms = error_terms(frame)
    unit = _unit_of_squares(terms["mae"].to_numpy())
    terms["squared"] = (terms["mae"] / unit) ** 2
    table = terms.groupby(list(codes)).mean()
    own, naive = table.pop("own").to_numpy(), table.pop("naive").to_numpy()
    table.insert(1, "rmse", np.sqrt(table.pop("squared")) * unit)
    table.insert(4, "skill", 1 - _ratio(own, naive))
    return table.set_axis(_group_index(table.index, labels, keys)) if keys else table.iloc[0].rename(None)


def _unit_of_squares(errors):
    """Return a power of two to divide errors by, so that squares do not overflow or underflow; 1 if not needed."""
    largest = errors.max()
    if 1e-150 < largest < 1e150 or largest == 0:
        return 1.0
    return np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)


def _factorized(column):
    """Number the labels of a column, in sorted order if they can be sorted; a missing label comes last."""
    import pandas as pd

    try:
        return pd.factorize(column, sort=True, use_na_sentinel=False)
    except TypeError:  # labels of different types
        return pd.factorize(column, use_na_sentinel=False)


def _group_index(numbers, labels, keys):
    """Make the index of groups from their numbers and labels; labels may be tuples."""
    import pandas as pd

    if len(keys) > 1:
        return pd.MultiIndex(levels=labels, codes=[numbers.codes[k] for k in range(len(keys))], names=keys)
    return labels[0].take(numbers).rename(keys[0])


def check_frame(frame, name="frame", needed=VALUES):
    """Check that a table has the columns of a `BacktestResult`, and values that can be scored."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"{name} must be a DataFrame of forecasts, such as backtest(...).frame; got {type(frame).__name__}."
        )
    absent = [column for column in needed if column not in frame.columns]
    if absent:
        raise ValueError(
            f"{name} has no column {', '.join(map(repr, absent))}. A table of forecasts, such as backtest(...).frame, "
            f"has {', '.join(needed)}."
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has the column {twice[0]!r} more than once.")
    for column in ("truth", "forecast"):
        odd = np.flatnonzero(~np.isfinite(_floats(frame, column, name)))
        if len(odd):
            raise ValueError(
                f"The column {column!r} of {name} has {frame[column].iloc[odd[0]]} in row {odd[0]}. Leave such rows "
                f"out: {name}[np.isfinite({name}[{column!r}])]."
            )
    _check_values(frame, name)
    _check_keys(frame, name)
    _check_season(frame, name)


def _check_values(frame, name):
    """Check the values that enter scores: their size, the sign of the scale, and the ends of intervals."""
    for column in VALUES:
        values = _floats(frame, column, name)
        lowest = 0 if column == "scale" else -LARGEST
        _refuse(frame, name, column, (values < lowest) | (values > LARGEST), f"numbers from {lowest:g} to {LARGEST:g}")
    for coverage in coverages(frame.columns):
        if not 0 < float(coverage) < 100:
            raise ValueError(f"{name} has the column 'lower_{coverage}'; a coverage is between 0 and 100 percent.")
        lower, upper = (_floats(frame, f"{side}_{coverage}", name) for side in ("lower", "upper"))
        for side, values in (("lower", lower), ("upper", upper)):
            is_huge = np.isfinite(values) & (np.abs(values) > LARGEST)
            _refuse(
                frame, name, f"{side}_{coverage}", is_huge, f"numbers from {-LARGEST:g} to {LARGEST:g}, or infinity"
            )
        _refuse(frame, name, f"lower_{coverage}", lower > upper, f"numbers up to those of 'upper_{coverage}'")
    for column in frame.columns:
        side, _, coverage = column.partition("_") if isinstance(column, str) else ("", "", "")
        other = {"lower": "upper", "upper": "lower"}.get(side)
        if other and _is_number(coverage) and f"{other}_{coverage}" not in frame.columns:
            raise ValueError(
                f"{name} has the column {column!r} without '{other}_{coverage}'. Add it, or leave out both."
            )


def _refuse(frame, name, column, is_wrong, wanted):
    """Raise an error that shows the first of the values that are wrong."""
    odd = np.flatnonzero(is_wrong)
    if len(odd):
        raise ValueError(
            f"The column {column!r} of {name} must hold {wanted}; it has {frame[column].iloc[odd[0]]} in row {odd[0]}."
        )


def _check_keys(frame, name):
    """Check the columns that say which forecast a row is: whole steps, labels with a hash, no row twice."""
    if "step" in frame.columns:
        step = _floats(frame, "step", name)
        is_wrong = ~((step >= 1) & (step <= LAST_STEP) & (step == np.floor(step)))
        _refuse(frame, name, "step", is_wrong | (frame["step"].dtype.kind == "b"), "whole numbers from 1 on")
    keys = [key for key in KEYS if key in frame.columns]
    for key in keys:
        try:
            frame[key].nunique()
        except TypeError as error:
            raise ValueError(f"The column {key!r} of {name} must hold labels: {error}.") from error
    if {"origin", "step"} <= set(keys):
        is_known = frame["origin"].notna()
        repeated = np.flatnonzero(frame.duplicated([key for key in keys if key != "time"]) & is_known)
        if len(repeated):
            raise ValueError(
                f"{name} has the forecast of row {repeated[0]} more than once, which would count several times. "
                f"{name}.drop_duplicates() leaves out equal rows; give several forecasters tables of their own."
            )


def _check_season(frame, name):
    """Check the season that a table was scored with, if it says so."""
    season = frame.attrs.get("season")
    if season is not None and not (is_whole_number(season) and season >= 1):
        raise ValueError(f'{name}.attrs["season"] must be a whole number of at least 1, or None; got {shown(season)}.')


def floats(column, what):
    """Convert a column to float64, with NaN for missing values; ValueError if it is not numeric."""
    try:
        return np.asarray(as_numbers(column, what), dtype=np.float64)
    except (TypeError, ValueError) as error:
        known = column.dropna()
        first = f", and its first value is {known.iloc[0]!r}" if len(known) else ""
        raise ValueError(
            f"{what[0].upper()}{what[1:]} must be numbers, but its dtype is {column.dtype}{first}."
        ) from error


def error_terms(frame):
    """Compute the terms whose means are the scores, row by row.

    Parameters
    ----------
    frame : DataFrame
        As for `scores`.

    Returns
    -------
    terms : DataFrame with the rows of `frame`
        `mae` (the absolute error), `smape` and `mase`; `own` and `naive`, the absolute errors of the forecast and of
        the naive forecast where both exist; `coverage_90` (0 or 1) and `width_90` for each coverage. A term that does
        not exist is NaN.
    """
    import pandas as pd

    truth, forecast, naive, scale = (_floats(frame, name) for name in VALUES)
    error = np.abs(truth - forecast)
    smape = _ratio(200 * error, np.abs(truth) + np.abs(forecast), otherwise=0.0)
    terms = {"mae": error, "smape": smape, "mase": _ratio(error, scale)}
    terms |= {"own": np.where(np.isnan(naive), np.nan, error), "naive": np.abs(truth - naive)}
    for coverage in coverages(frame.columns):
        lower, upper = (_floats(frame, f"{side}_{coverage}") for side in ("lower", "upper"))
        inside = ((lower <= truth) & (truth <= upper)).astype(np.float64)
        terms[f"coverage_{coverage}"] = np.where(np.isnan(lower) | np.isnan(upper), np.nan, inside)
        terms[f"width_{coverage}"] = upper - lower
    return pd.DataFrame(terms, index=frame.index)


def coverages(columns):
    """List the coverages, in percent as text, of the pairs of columns `lower_…`, `upper_…`; largest last."""
    names = set(columns)
    found = [name.removeprefix("lower_") for name in names if isinstance(name, str) and name.startswith("lower_")]
    return sorted((text for text in found if f"upper_{text}" in names and _is_number(text)), key=float)


def _is_number(text):
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


def _keys(frame, by):
    """Return the columns to group by, as a list."""
    import pandas as pd

    keys = list(by) if isinstance(by, list | tuple | np.ndarray | pd.Index) and np.iterable(by) else [by]
    known = [key for key in KEYS if key in frame.columns]
    if not keys or not all(isinstance(key, str) and key in known for key in keys) or len(set(keys)) < len(keys):
        raise ValueError(
            f"by must be None or among {known}, got {shown(by)}. frame has no others to group by. "
            "Only panels have 'series', and only several targets 'target'."
        )
    return keys


def _floats(frame, column, name="frame"):
    return floats(frame[column], f"the column {column!r} of {name}")


def _ratio(numerator, denominator, otherwise=np.nan):
    """Divide where the denominator is positive; return `otherwise` elsewhere."""
    result = np.full(np.shape(numerator), otherwise, dtype=np.float64)
    with np.errstate(over="ignore"):  # a scale of almost 0 may make the error infinite
        return np.divide(numerator, denominator, out=result, where=denominator > 0)


def naive_scales(values, season, origins):
    """Compute the mean absolute error of the seasonal naive forecast, one season ahead, before each origin.

    Parameters
    ----------
    values, season, origins
        As for `sklstm._components.naive.seasonal_naive`.

    Returns
    -------
    scales : ndarray of shape (n_origins, K)
        Mean of |values[t] - values[t - season]| over t < origin; NaN where there is no such pair.
    """
    errors = np.abs(values[season:] - values[:-season])
    known = ~np.isnan(errors)
    before = np.zeros((2, len(values) + 1, values.shape[1]))  # number and sum of the errors before each row
    np.cumsum(known, axis=0, out=before[0, season + 1 :])
    np.cumsum(np.where(known, errors, 0), axis=0, out=before[1, season + 1 :])
    n, total = before[:, origins]
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
