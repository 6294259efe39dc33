"""How good forecasts were: errors beside the truth and beside the seasonal naive.

The rows come as a tidy table, one forecast value each: `truth`, `forecast`, `naive`, `scale`, and a pair
`lower_90`, `upper_90` for each coverage, beside what tells them apart (`series`, `target`, `origin`, `step`).

Sources: Hyndman and Koehler (2006), *Another look at measures of forecast accuracy*, for the MASE;
Makridakis et al. (2000), *The M3-Competition*, for the sMAPE.
"""

import numpy as np

KEYS = ("series", "target", "origin", "step", "time")


def scores(frame, by=None):
    """Scores of a table of forecasts, of all its rows or of each group of them.

    Parameters
    ----------
    frame : DataFrame
        One row per forecast value, with the columns `truth`, `forecast`, `naive` (the seasonal naive forecast,
        NaN where there is none), `scale` (mean absolute in-sample error of the seasonal naive), and a
        pair such as `lower_90`, `upper_90` for each coverage.
    by : str or list of str, default=None
        What to score separately: "step", "series", "target", "origin", "time", or several of them.

    Returns
    -------
    scores : Series or, with `by`, DataFrame with a row per group
        `mae` and `rmse`, in units of the target. `smape`: the mean of 100 · 2|e| / (|truth| + |forecast|), in
        percent between 0 and 200, a row where both are 0 counting as 0. `mase`: the mean of |e| / scale over the rows
        whose scale is known and not 0 (a constant series has no scale to measure by). `skill`: 1 - MAE / MAE of
        the seasonal naive, both over the rows where that is known; 0 is as good as it, 1 is perfect. For each
        coverage `coverage_90`, the share of truths inside of the interval (its ends included), and `width_90`,
        its mean width; rows without an interval are left out. NaN where nothing is left, and for a skill
        beside a naive forecast that made no error.

    Raises
    ------
    ValueError
        If there are no rows, or no column `by`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._scores import scores
    >>> rows = {"step": [1, 2], "truth": [10.0, 12], "forecast": [11.0, 12], "naive": [8.0, 12], "scale": [2.0, 2]}
    >>> scores(pd.DataFrame(rows))[["mae", "mase", "skill"]].to_dict()
    {'mae': 0.5, 'mase': 0.25, 'skill': 0.5}
    """
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error

    if not len(frame):
        raise ValueError("no forecasts to score: the table has no rows. Were all truths missing?")
    groups = np.zeros(len(frame)) if by is None else [frame[key] for key in _keys(frame, by)]
    table = error_terms(frame).groupby(groups, observed=True).mean()
    grouped = [group for _, group in frame[["truth", "forecast"]].groupby(groups, observed=True)]
    table["mae"] = [mean_absolute_error(group["truth"], group["forecast"]) for group in grouped]
    table.insert(1, "rmse", [root_mean_squared_error(group["truth"], group["forecast"]) for group in grouped])
    own, naive = table.pop("own").to_numpy(), table.pop("naive").to_numpy()
    table.insert(4, "skill", 1 - _ratio(own, naive))
    return table.iloc[0].rename(None) if by is None else table


def error_terms(frame):
    """What the scores are means of, row by row.

    Parameters
    ----------
    frame : DataFrame
        As for `scores`.

    Returns
    -------
    terms : DataFrame with the rows of `frame`
        `mae` (the absolute error), `smape`, `mase`; `own` and `naive`, the absolute errors of the forecast
        and of the seasonal naive where that is known; `coverage_90` (0 or 1) and `width_90` for each coverage.
        NaN where there is none.
    """
    import pandas as pd

    truth, forecast, naive, scale = (_floats(frame, name) for name in ("truth", "forecast", "naive", "scale"))
    error = np.abs(truth - forecast)
    smape = _ratio(200 * error, np.abs(truth) + np.abs(forecast), otherwise=0.0)
    terms = {"mae": error, "smape": smape, "mase": _ratio(error, scale)}
    terms |= {"own": np.where(np.isnan(naive), np.nan, error), "naive": np.abs(truth - naive)}
    for coverage in coverages(frame.columns):
        lower, upper = _floats(frame, f"lower_{coverage}"), _floats(frame, f"upper_{coverage}")
        inside = ((lower <= truth) & (truth <= upper)).astype(np.float64)
        terms[f"coverage_{coverage}"] = np.where(np.isnan(lower) | np.isnan(upper), np.nan, inside)
        terms[f"width_{coverage}"] = upper - lower
    return pd.DataFrame(terms, index=frame.index)


def coverages(columns):
    """The coverages, in percent and as text, that have a pair of columns `lower_…`, `upper_…`; widest last."""
    names = set(columns)
    found = [name.removeprefix("lower_") for name in names if isinstance(name, str) and name.startswith("lower_")]
    return sorted((text for text in found if f"upper_{text}" in names), key=float)


def _keys(frame, by):
    """The columns to group by, as a list."""
    keys = [by] if isinstance(by, str) else list(by)
    known = [key for key in KEYS if key in frame.columns]
    unknown = [key for key in keys if key not in known]
    if unknown or not keys:
        raise ValueError(
            f"by must be None or among {known}, got {by!r}: 'series' is there for panels only, 'target' for "
            "several targets."
        )
    return keys


def _floats(frame, name):
    return frame[name].to_numpy(dtype=np.float64)


def _ratio(numerator, denominator, otherwise=np.nan):
    """Quotients where the denominator is positive."""
    result = np.full(np.shape(numerator), otherwise, dtype=np.float64)
    return np.divide(numerator, denominator, out=result, where=denominator > 0)
