"""Forecasts from many origins in the past, and how good they were."""

from dataclasses import dataclass
from numbers import Integral
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, validate_params

from sklstm._forecasting.calibration import check_coverage
from sklstm._forecasting.forecaster import Forecaster
from sklstm._forecasting.metrics import check_frame, naive_scales, scores, seasonal_naive
from sklstm._forecasting.series import check_leaks, interval_names, read_weights, rows_of
from sklstm._forecasting.strategies import make_strategy
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.python_numbers import plain
from sklstm._utils.user_warning import warn_user


@dataclass(frozen=True)
class BacktestResult:
    """Forecasts from several origins, and their scores.

    Parameters
    ----------
    frame : DataFrame
        One row per forecast value, with the columns `series` (of panels), `target` (of several targets), `origin` (the
        last row known), `step` (1 is the row after it), `time`, `truth`, `forecast`, `naive` (the
        naive forecast: the value of the `season` before or, where that is 1, the last value), `scale` (its mean
        absolute error in the rows known at the origin) and `lower_90`, `upper_90`, … for each coverage. Rows whose
        truth is missing are not in it. `frame.attrs["season"]` is the season.

    Raises
    ------
    TypeError, ValueError
        If `frame` is no DataFrame, or a column that scores need is not there, is no number or not finite.

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

    def __post_init__(self):
        check_frame(self.frame)

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
            1 - MAE / MAE of the naive forecast, which is the last value where `backtest` was given no `season`; and
            for each coverage `coverage_90`, the share of truths
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
        "sample_weight": ["array-like", None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=False,  # or the parameters of what is trained would not be looked at
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
        Rows in a season: 12 for months, 4 for quarters, 7 for days, 24 for hours, 52 for weeks. Errors are compared
        with the seasonal naive forecast, the value of the season before. With 1 they are compared with the last value,
        which is easy to beat where there are seasons.
    coverage : float or list of float, default=None
        Intervals to give and to score: see `Forecaster.forecast`.
    sample_weight : array-like of shape (n_rows,), default=None
        As for `Forecaster.fit`; pandas is aligned with `y` by its index.
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
        If a truth could not be forecast, as the window before it could not be read, or if the season is longer than
        all that is known at any origin.

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
    steps, n_origins, refit, season, verbose = map(plain, (steps, n_origins, refit, season, verbose))
    X, y = as_numbers(X, "X"), as_numbers(y, "y")
    reader, weight = clone(forecaster), read_weights(sample_weight, X, y)
    series, labels = reader._checked(X, y, weight, steps, coverages)
    check_leaks(reader, X, series, labels, max(steps, plain(reader.steps) or 1))
    if cv is None:
        folds = _folds_before_the_end(series, steps, n_origins, _reach(reader, steps))
    else:
        folds = _folds_of(series, steps, cv, len(y))
    _check_truths(series, folds)
    n_fits = int(refit) if refit else len(folds)
    groups = [folds[first : first + n_fits] for first in range(0, len(folds), n_fits)]
    for known in (group[0].train(series) for group in groups):
        clone(forecaster)._checked(*(rows_of(part, known) for part in (X, y, weight)), steps, coverages)
    tables = []
    for number, group in enumerate(groups):
        begin, known = perf_counter(), group[0].train(series)
        fitted = clone(forecaster).fit(*(rows_of(part, known) for part in (X, y, weight)))
        tables += _forecasts_of(fitted, series, group, steps, coverages, season, labels)
        if verbose:
            n_done = min((number + 1) * n_fits, len(folds))
            print(f"backtest: {n_done} of {len(folds)} origins, {perf_counter() - begin:.1f} s")
    return BacktestResult(_joined(tables, season))


def _reach(reader, steps):
    """How many rows after an origin have to be there: all known columns that are read ahead do."""
    has_known = reader.n_features_in_ > reader._is_past.sum()
    return max(steps, make_strategy(reader.strategy, plain(reader.steps)).n_ahead) if has_known else steps


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
            f"n_origins={n_origins} with steps={steps} take {reach + n_origins + 1} rows at least, as two must be "
            f"known at the first origin and {reach} follow the last; there are {len(stamps)}."
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
    for is_known, is_asked in _masks(check_cv(cv), n_rows):
        _check_in_time(stamps, is_known, is_asked)
        folds.append(_fold_of(series, steps, is_known, is_asked))
    scored = [fold for fold in folds if fold.scored]
    if not scored:
        raise ValueError(
            f"There is nothing to score: in none of the {len(folds)} folds of cv={cv!r} is a test row among the "
            f"steps={steps} rows that follow the training rows of its series. Choose a smaller gap, or more steps."
        )
    return scored


def _masks(splitter, n_rows):
    """Training and test rows of each fold as a pair of masks."""
    masks = []
    try:
        for train, test in splitter.split(np.empty((n_rows, 1)), None):
            masks.append(np.zeros((2, n_rows), dtype=bool))
            masks[-1][0, train], masks[-1][1, test] = True, True
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"cv must give pairs (training rows, test rows), by their numbers among the {n_rows} rows of y. Fold "
            f"{len(masks)} fails: {error}"
        ) from error
    if not masks:
        raise ValueError("cv gives no folds.")
    return masks


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


def _check_truths(series, folds):
    """Whether there is a truth to score a forecast by."""
    for fold in folds:
        for key, rows in fold.scored.items():
            if not np.isnan(series[key].y[fold.origins[key] + np.flatnonzero(rows)]).all():
                return
    raise ValueError("There is nothing to score: every row of y that is to be forecast is NaN.")


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
    columns = {"series": pd.Index([key], tupleize_cols=False).repeat(len(origin))} if labels.is_panel else {}
    if labels.y_ndim == 2:
        names = pd.RangeIndex(n_targets) if labels.names is None else labels.names
        columns["target"] = names.to_flat_index().take(target)
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


def _joined(tables, season):
    """One table, without the rows that could not be forecast."""
    import pandas as pd

    if not sum(map(len, tables)):
        raise ValueError(
            "There is nothing to score: no series has a truth after an origin as well as rows that were trained on."
        )
    frame = pd.concat([table for table in tables if len(table)], ignore_index=True)
    frame.attrs["season"] = season
    _tell_of_season(frame, season)
    known = frame["forecast"].notna()
    if not known.all():
        warn_user(
            f"{int((~known).sum())} of {len(frame)} rows could not be forecast, as the window before them could not be "
            "read; they are left out."
        )
    return frame[known].reset_index(drop=True)


def _tell_of_season(frame, season):
    """Warn where there is nothing to compare with."""
    if frame["naive"].isna().all():
        warn_user(
            "There is no naive forecast to compare with: no row that is scored has a known value one or more seasons "
            f"before it (season={season} rows). Choose a shorter season."
        )
