"""Forecasts from many origins in the past, and how good they were."""

import warnings
from dataclasses import dataclass
from numbers import Integral
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, validate_params

from sklstm._calibration import check_coverage
from sklstm._forecaster import Forecaster
from sklstm._naive import naive_scales, seasonal_naive
from sklstm._scores import scores
from sklstm._series import interval_names, read_training, rows_of


@dataclass(frozen=True)
class BacktestResult:
    """Forecasts from several origins, and their scores.

    Parameters
    ----------
    frame : DataFrame
        One row per forecast value, with the columns `series` (of panels), `target` (of several targets), `origin` (the
        last row known), `step` (1 is the row after it), `time`, `truth`, `forecast`, `naive` (the
        seasonal naive forecast), `scale` (its mean absolute error in the rows known at the origin) and
        `lower_90`, `upper_90`, … for each coverage. Rows whose truth is missing are not in it.

    See Also
    --------
    backtest : Makes one.
    BacktestDisplay : Draws the errors by the number of steps ahead.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklstm import Forecaster, backtest
    >>> from sklstm.datasets import load_airline
    >>> ridge = Forecaster(Ridge(), window_length=12)
    >>> result = backtest(ridge, None, load_airline(), steps=3, n_origins=12, season=12)
    >>> result.metrics_by("step")["mae"].round(1).to_dict()
    {1: 18.4, 2: 19.8, 3: 17.0}
    """

    frame: Any

    @property
    def metrics(self):
        """Scores of all rows, a Series: see `metrics_by`."""
        return scores(self.frame)

    def metrics_by(self, by):
        """Scores of each group of rows.

        Parameters
        ----------
        by : str or list of str
            "step", "origin", "series", "target", "time", or several of them.

        Returns
        -------
        metrics : DataFrame
            A row per group with `mae` and `rmse` in units of the target; `smape`, the mean of
            100 · 2|e| / (|truth| + |forecast|) in percent; `mase`, the mean of |e| / scale; `skill`,
            1 - MAE / MAE of the seasonal naive; and for each coverage `coverage_90`, the share of truths
            inside, and `width_90`, the mean width. Where series differ in size, the large ones decide all
            but `mase` and `smape`: score them by "series".
        """
        return scores(self.frame, by)


@validate_params(
    {
        "forecaster": [Forecaster],
        "y": ["array-like"],
        "steps": [Interval(Integral, 1, None, closed="left")],
        "n_origins": [Interval(Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "refit": ["boolean", Interval(Integral, 1, None, closed="left")],
        "season": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def backtest(
    forecaster,
    X,
    y,
    *,
    steps,
    n_origins=None,
    cv=None,
    refit=True,
    season=1,
    coverage=None,
    sample_weight=None,
    verbose=0,
):
    """Forecast from many origins in the past, each time from what was known then, and score it.

    Parameters
    ----------
    forecaster : Forecaster
        It is cloned.
    X : array-like of shape (n_rows, n_columns) or None
        The columns beside `y`, as for `Forecaster.fit`.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The series, one or a panel.
    steps : int
        How many rows to forecast from each origin.
    n_origins : int, default=None
        Forecast from that many origins, one row (of panels, one time stamp) apart, of which the last has
        `steps` rows after it: the rows that are scored are the last n_origins + steps - 1. Give either this
        or `cv`.
    cv : splitter or iterable of (train, test), default=None
        Origins are the ends of the training rows; forecasts are scored at the test rows among the `steps`
        that follow. `TimeSeriesSplit(n, test_size=steps)` lets origins lie a whole horizon apart; `split_panel` is
        for panels.
    refit : bool or int, default=True
        True trains anew at each origin; False once, on the rows before the first one, so that all origins
        are one batch; k at every k-th origin.
    season : int, default=1
        Rows in a season, for the seasonal naive that errors are compared with: 12 for months. With 1 they are
        compared with the last value, which is easy to beat where there are seasons.
    coverage : float or list of float, default=None
        Intervals to give and to score: see `Forecaster.forecast`.
    sample_weight : array-like of shape (n_rows,), default=None
        As for `Forecaster.fit`.
    verbose : int, default=0
        1 prints a line for each training.

    Returns
    -------
    result : BacktestResult
        Its `frame` has a row per forecast value, its `metrics` and `metrics_by("step")` the scores.

    Raises
    ------
    ValueError, TypeError
        Before anything is trained, where a parameter is not as described or there are too few rows.

    Warns
    -----
    UserWarning
        If a truth could not be forecast, as the window before it could not be read.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklstm import Forecaster, backtest
    >>> from sklstm.datasets import load_airline
    >>> ridge = Forecaster(Ridge(), window_length=12)
    >>> result = backtest(ridge, None, load_airline(), steps=12, n_origins=24, season=12)
    >>> result.frame.shape
    (288, 7)
    >>> print(f"{result.metrics['mase']:.2f}, one month ahead {result.metrics_by('step').loc[1, 'mase']:.2f}")
    0.74, one month ahead 0.60
    """
    if (n_origins is None) == (cv is None):
        raise ValueError(f"Give n_origins or cv, one of them; got n_origins={n_origins!r} and cv={cv!r}.")
    coverages = () if coverage is None else check_coverage(coverage)
    reader = clone(forecaster)
    series, labels = read_training(reader, X, y)
    if cv is None:
        # all known columns that are read ahead have to be there at the last origin
        reads_further = forecaster.strategy != "recursive" and reader.n_features_in_ > reader._is_past.sum()
        reach = max(steps, forecaster.steps or 0) if reads_further else steps
        folds = _folds_before_the_end(series, steps, n_origins, reach)
    else:
        folds = _folds_of(series, steps, cv, len(y))
    n_fits = 1 if refit is True else len(folds) if refit is False else refit
    tables = []
    for first in range(0, len(folds), n_fits):
        group, begin = folds[first : first + n_fits], perf_counter()
        fitted = clone(forecaster).fit(*(rows_of(part, group[0].train(series)) for part in (X, y, sample_weight)))
        tables += _forecasts_of(fitted, series, group, steps, coverages, season, labels)
        if verbose:
            print(
                f"backtest: {min(first + n_fits, len(folds))} of {len(folds)} origins, {perf_counter() - begin:.1f} s"
            )
    return BacktestResult(_joined(tables))


@dataclass(frozen=True)
class _Fold:
    """What is known at one origin, and which of the rows after it are scored.

    Parameters
    ----------
    origins : dict of int
        Rows known of each series, by key.
    scored : dict of ndarray of bool of shape (steps,)
    chosen : ndarray of int or None
        The rows of the user's table to train on, where it is not all that is known.
    """

    origins: dict
    scored: dict
    chosen: Any = None

    def train(self, series):
        """The rows of the user's table to train on."""
        if self.chosen is not None:
            return self.chosen
        return np.sort(np.concatenate([series[key].rows[:origin] for key, origin in self.origins.items()]))


def _folds_before_the_end(series, steps, n_origins, reach):
    """Origins one time stamp apart, of which the last has `reach` stamps after it."""
    stamps = np.unique(np.concatenate([part.stamps for part in series.values()]))
    if len(stamps) < reach + n_origins + 1:
        raise ValueError(
            f"n_origins={n_origins} with steps={reach} take {reach + n_origins + 1} rows at least, as two must be "
            f"known at the first origin; there are {len(stamps)}."
        )
    first = len(stamps) - reach - n_origins + 1
    folds = []
    for stamp in stamps[first : first + n_origins]:
        origins = {key: int(np.searchsorted(part.stamps, stamp)) for key, part in series.items()}
        folds.append(_fold(series, origins, steps))
    return folds


def _fold(series, origins, steps):
    """All that is known before some origins; what comes after them is scored."""
    scored = {key: origin + np.arange(steps) < len(series[key]) for key, origin in origins.items() if origin}
    return _Fold(origins, {key: rows for key, rows in scored.items() if rows.any()})


def _folds_of(series, steps, cv, n_rows):
    """Origins at the ends of training rows."""
    from sklearn.model_selection import check_cv  # whose import takes as long as that of sklstm

    order = np.argsort(np.concatenate([part.rows for part in series.values()]))
    stamps = np.concatenate([part.stamps for part in series.values()])[order]  # row by row of the user's table
    folds = []
    for train, test in check_cv(cv).split(np.empty((n_rows, 1)), None):
        is_known, is_asked = np.zeros((2, n_rows), dtype=bool)
        is_known[train], is_asked[test] = True, True
        _check_in_time(stamps, is_known, is_asked)
        folds.append(_fold_of(series, steps, is_known, is_asked))
    return folds


def _fold_of(series, steps, is_known, is_asked):
    """The ends of the training rows of each series, and which of the steps after them are test rows."""
    origins, scored = {}, {}
    for key, part in series.items():
        known, asked = np.flatnonzero(is_known[part.rows]), np.flatnonzero(is_asked[part.rows])
        if not len(known) or not len(asked):
            continue
        origin = known[-1] + 1
        if origin - known[0] != len(known):
            raise ValueError(
                f"cv gives training rows with a gap: {len(known)} of rows {known[0]} … {known[-1]}. They must "
                "follow each other, as those of TimeSeriesSplit and split_panel do."
            )
        rows = np.isin(origin + np.arange(steps), asked)
        if rows.any():
            origins[key], scored[key] = int(origin), rows
    return _Fold(origins, scored, np.flatnonzero(is_known))


def _check_in_time(stamps, is_known, is_asked):
    """Whether nothing is learnt, from any series, that was not known before the rows that are scored."""
    if is_known.any() and is_asked.any() and stamps[is_known].max() >= stamps[is_asked].min():
        raise ValueError(
            "cv gives training rows that are no earlier than its test rows. TimeSeriesSplit splits a single series by "
            "time, and split_panel a panel."
        )


def _forecasts_of(fitted, series, folds, steps, coverages, season, labels):
    """Tables of the forecasts from the origins of some folds, in one batch."""
    folds_of = {key: [fold for fold in folds if key in fold.scored] for key in series if key in fitted._history}
    folds_of = {key: members for key, members in folds_of.items() if members}
    origins = {key: np.array([fold.origins[key] for fold in members]) for key, members in folds_of.items()}
    if not origins:
        return []
    answers = fitted._forecast_at(series, origins, steps, coverages)
    scored = {key: np.stack([fold.scored[key] for fold in members]) for key, members in folds_of.items()}
    return [
        _table(key, series[key], origins[key], scored[key], answers[key], coverages, season, labels) for key in origins
    ]


def _table(key, part, origins, scored, answers, coverages, season, labels):
    """The forecasts of one series, a row for each origin, step and target whose truth is known."""
    import pandas as pd

    steps, n_targets = answers.shape[1:3]
    rows = origins[:, np.newaxis] + np.arange(steps)
    truth = np.concatenate((part.y, np.full((steps, n_targets), np.nan)))[rows]
    kept = scored[..., np.newaxis] & ~np.isnan(truth)
    origin, step, target = np.nonzero(kept)
    index = part.known_index
    columns = {"series": key} if labels.is_panel else {}
    if labels.y_ndim == 2:
        names = np.arange(n_targets) if labels.names is None else labels.names
        columns["target"] = names.take(target)
    columns |= {
        "origin": index[origins[origin] - 1],
        "step": step + 1,
        "time": index[rows[origin, step]],
        "truth": truth[kept],
        "forecast": answers[..., 0][kept],
        "naive": seasonal_naive(part.y, season, origins, steps)[kept],
        "scale": naive_scales(part.y, season, origins)[origin, target],
    }
    ends = interval_names(coverages)
    columns |= {name: answers[..., number][kept] for number, name in enumerate(ends, start=1)}
    return pd.DataFrame(columns)


def _joined(tables):
    """One table, without the rows that could not be forecast."""
    import pandas as pd

    if not tables:
        raise ValueError("There is nothing to score: no series has rows both before and after an origin.")
    frame = pd.concat(tables, ignore_index=True)
    known = frame["forecast"].notna()
    if not known.all():
        warnings.warn(
            f"{int((~known).sum())} of {len(frame)} rows could not be forecast, as the window before them could not be "
            "read; they are left out.",
            UserWarning,
            stacklevel=4,  # backtest, scikit-learn's wrapper of it, the caller
        )
    return frame[known].reset_index(drop=True)
