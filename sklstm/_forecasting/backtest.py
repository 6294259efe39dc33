"""Backtests: forecasts from many origins in the past, and their scores."""

from dataclasses import dataclass
from numbers import Integral
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.utils._param_validation import Interval, InvalidParameterError

from sklstm._components.naive import seasonal_naive
from sklstm._forecasting.calibration import check_coverage
from sklstm._forecasting.fit_checks import check_parts
from sklstm._forecasting.fitting import fit_rows
from sklstm._forecasting.folds import check_truths, folds_from_cv, last_folds
from sklstm._forecasting.forecaster import Forecaster
from sklstm._forecasting.metrics import check_frame, naive_scales, scores
from sklstm._forecasting.pooling import models_of
from sklstm._forecasting.settings import check_request, check_settings, season_length_of, strategy_of, window_length_of
from sklstm._series.leak_checks import check_leaks
from sklstm._series.output_format import interval_names
from sklstm._series.series_input import read_training
from sklstm._utils.argument_checks import MOST_STEPS, shown, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.interrupts import raises_interrupts
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.plain_parameters import plain, with_plain_parameters
from sklstm._utils.public import public
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import rows_after

if TYPE_CHECKING:
    import pandas as pd

LONGEST_SEASON = 2**62  # in rows, which are counted in int64


@public
@dataclass(frozen=True)
class BacktestResult:
    """Forecasts from several origins, and their scores.

    Parameters
    ----------
    frame : DataFrame
        One row for each forecast value whose truth is known. The columns are `series` (for panels), `target`
        (for several targets), `origin` (the time of the last row known), `step` (1 is the next row), `time`, `truth`,
        `forecast`, `naive` (the seasonal naive forecast: the value one season before or, with `season=1`, the last
        value), `scale` (the mean absolute error of that forecast in the rows known at the origin), and `lower_90`,
        `upper_90`, … for each coverage. `frame.attrs["season"]` is the season. No forecast is there twice, as it would
        count twice.

    Raises
    ------
    TypeError, ValueError
        If `frame` is not a DataFrame, if a column that the scores need is absent, not numeric or not finite, or if a
        forecast is there twice.

    See Also
    --------
    backtest : Forecast from several origins; returns a BacktestResult.
    BacktestDisplay : Plot scores by the number of steps ahead.

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

    frame: "pd.DataFrame"

    def __post_init__(self):
        check_frame(self.frame)

    @property
    @with_default_error_state
    def metrics(self):
        """Scores of all forecasts, as a Series. `metrics_by` describes them.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster, backtest
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=13)
        >>> result = backtest(forecaster, None, load_airline(), steps=3, n_origins=6, season=12)
        >>> result.metrics.round(1)
        mae      12.5
        rmse     14.0
        smape     2.5
        mase      0.4
        skill     0.8
        dtype: float64
        """
        return scores(self.frame)

    @with_default_error_state
    def metrics_by(self, by):
        """Score groups of forecasts separately.

        Parameters
        ----------
        by : str or list of str
            Columns that define the groups: "step", "origin" or "time"; for a panel "series", for several targets
            "target"; or several of them.

        Returns
        -------
        metrics : DataFrame
            One row for each group, with the columns

            - `mae` and `rmse`, in units of the target;
            - `smape`, the mean of `200 * abs(e) / (abs(truth) + abs(forecast))`, in percent, where e is the error;
            - `mase`, the mean of `abs(e) / scale`;
            - `skill`, 1 - MAE / MAE of the seasonal naive forecast;
            - for each coverage, `coverage_90` is the share of truths inside the interval, and `width_90` the
              mean width of the interval.

            If series differ in size, the large ones dominate `mae`, `rmse`, `skill` and the widths. Then use
            `by="series"`.

        Raises
        ------
        ValueError
            If `frame` has no such column.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster, backtest
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=13)
        >>> result = backtest(forecaster, None, load_airline(), steps=3, n_origins=6, season=12)
        >>> result.metrics_by("step")[["mae", "skill"]].round(1)
               mae  skill
        step
        1     14.3    0.7
        2     13.6    0.7
        3      9.7    0.8
        """
        return scores(self.frame, by)


@public
@validate_arguments(
    {
        "forecaster": [Forecaster],
        "y": ["array-like"],
        "steps": [Interval(Integral, 1, MOST_STEPS, closed="both")],
        "n_origins": [Interval(Integral, 1, None, closed="left"), None],
        "refit": ["boolean", Interval(Integral, 1, None, closed="left")],
        "season": [Interval(Integral, 1, LONGEST_SEASON, closed="both"), None],
        "sample_weight": ["array-like", None],
        "verbose": ["verbose"],
    }
)
@with_default_error_state
@raises_interrupts
def backtest(
    forecaster,
    X,
    y,
    *,
    steps,
    n_origins=None,
    cv=None,
    refit=True,
    season=None,
    coverage=None,
    sample_weight=None,
    verbose=0,
):
    """Forecast from many origins in the past, each time from the rows known then, and score the forecasts.

    An origin is the last row that is known; the rows after it are forecast.

    Parameters
    ----------
    forecaster : Forecaster
        The forecaster to score. It is cloned.
    X : array-like of shape (n_rows, n_columns) or None
        Exogenous variables, as for `Forecaster.fit`.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The series, one or a panel.
    steps : int
        Number of rows to forecast from each origin.
    n_origins : int, default=None
        Number of origins, one row (in a panel, one time) apart. The last one is `steps` rows before the end, so
        the last n_origins + steps - 1 rows are scored. All are earlier if the forecaster reads exogenous variables
        further ahead, because its own `steps` is larger. Give either `n_origins` or `cv`.
    cv : splitter or iterable of (train, test), default=None
        Each fold forecasts the `steps` rows after its training rows, and scores those that are test rows. With
        `TimeSeriesSplit(n, test_size=steps)`, origins are a whole forecast horizon apart. For panels use
        `split_panel`.
    refit : bool or int, default=True
        True fits at each origin. False fits once, on the rows before the first origin, and forecasts from all
        origins in one batch. A number k fits at every k-th origin.
    season : int, default=None
        Number of rows in a season: 12 for months, 4 for quarters, 7 for days, 24 for hours, 52 for weeks. Errors are
        compared with those of the seasonal naive forecast, which repeats the value one season before. With 1 it
        repeats the last value, which is easy to beat for seasonal series. None is the season of the forecaster, or 1
        if it takes none off.
    coverage : float or list of float, default=None
        Coverage of the intervals to compute and to score, as for `Forecaster.forecast`.
    sample_weight : array-like of shape (n_rows,), default=None
        Weights for training, as for `Forecaster.fit`. They do not weight the scores.
    verbose : int, default=0
        1 prints a line for each fit.

    Returns
    -------
    result : BacktestResult
        Its `frame` has a row for each forecast value; `metrics` and `metrics_by` score them.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described, or if there are too few rows. All this is checked before any training.

    Warns
    -----
    UserWarning
        If rows cannot be forecast because of missing values, or if no scored row has a value one or more seasons
        before it.

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
        raise ValueError(f"Give n_origins or cv, one of them; got n_origins={shown(n_origins)} and cv={shown(cv)}.")
    _check_not_overridden(forecaster)
    coverages = () if coverage is None else check_coverage(coverage)
    steps, n_origins, refit, season, verbose = map(plain, (steps, n_origins, refit, season, verbose))
    X, y, forecaster = as_numbers(X, "X", reads_times=True), as_numbers(y, "y", reads_times=True), clone(forecaster)
    data = _read(forecaster, X, y, sample_weight, steps, coverages)
    season = season_length_of(forecaster, data) if season is None else season
    if cv is None:
        folds = last_folds(data.series, steps, n_origins, _rows_read_ahead(forecaster, data, steps))
    else:
        folds = folds_from_cv(data.series, steps, cv, len(y))
    check_truths(data.series, folds)
    size = int(refit) if refit else len(folds)
    groups = [folds[first : first + size] for first in range(0, len(folds), size)]
    parts = [_checked_part(forecaster, data, group[0], steps, coverages) for group in groups]
    tables = []
    for number, (group, (part, proper)) in enumerate(zip(groups, parts, strict=True), start=1):
        begin = perf_counter()
        fitted = _fit_part(forecaster, part, proper, X, y)
        tables += _forecast_folds(fitted, data, group, steps, coverages, season)
        if verbose:
            n_done = min(number * size, len(folds))
            print(f"backtest: {n_done} of {len(folds)} origins, {perf_counter() - begin:.1f} s")
    return BacktestResult(_joined(tables, season))


def _check_not_overridden(forecaster):
    """Raise TypeError for a subclass that overrides `fit` or `forecast`, because a backtest calls neither."""
    kind = type(forecaster)
    for method in ("fit", "forecast"):
        if getattr(kind, method) is not getattr(Forecaster, method):
            raise TypeError(
                f"backtest does not call {kind.__name__}.{method}: it trains and forecasts as Forecaster itself does. "
                f"Pass a Forecaster, and move what {method} adds into its regressor or its target_transformer."
            )


@_fit_context(prefer_skip_nested_validation=False)
def _read(forecaster, X, y, sample_weight, steps, coverages):
    """Check the parameters of the forecaster and read the tables, as `fit` on all rows does."""
    forecaster = with_plain_parameters(forecaster)
    check_parts(forecaster)
    data = read_training(forecaster, X, y, sample_weight)
    check_settings(forecaster, data)
    check_request(forecaster, data, steps, coverages)
    check_leaks(data, X, window_length_of(forecaster, data), max(steps, forecaster.steps or 1))
    return data


def _checked_part(forecaster, data, fold, steps, coverages):
    """Return the training rows of a fold and its proper training rows; ValueError if they are too few."""
    part = data.between(fold.training)
    part.check_enough()
    forecaster = with_plain_parameters(forecaster)
    proper = check_settings(forecaster, part)
    check_request(forecaster, part, steps, coverages)
    return part, proper


def _fit_part(forecaster, part, proper, X, y):
    """Fit on the training rows of a fold. Explain an error, if they are few, by the number of origins."""
    try:
        return fit_rows(forecaster, part, proper, X, y)
    except ValueError as error:
        if part.longest > window_length_of(forecaster, part) or isinstance(error, InvalidParameterError):
            raise
        raise ValueError(
            f"{error} Only the {part.longest} rows before the first origin are trained on. For more, choose fewer "
            "origins or folds."
        ) from error


def _rows_read_ahead(forecaster, data, steps):
    """Return how many rows must follow an origin: `steps`, or more if known columns are read further ahead."""
    if data.spec.columns.is_past.all():
        return steps
    return max(strategy_of(forecaster, part).rows_read(steps) for part in models_of(forecaster, data).values())


def _forecast_folds(fitted, data, folds, steps, coverages, season):
    """Forecast from the origins of some folds in one batch; return a table for each series."""
    folds_of = {key: [fold for fold in folds if key in fold.scored] for key in data.series if key in fitted.data.series}
    folds_of = {key: members for key, members in folds_of.items() if members}
    origins = {key: np.array([fold.origin(key) for fold in members]) for key, members in folds_of.items()}
    if not origins:
        return []
    spans = {key: (folds[0].origin(key), int(rows.max())) for key, rows in origins.items()}
    fitted.check_logarithms({key: data.series[key].between(*span) for key, span in spans.items() if span[0] < span[1]})
    begins = {key: folds[0].training[key][0] for key in origins}  # what came before was not trained on, and is not read
    series = {key: data.series[key].between(first, len(data.series[key])) for key, first in begins.items()}
    forecasts = fitted.forecast(series, {key: rows - begins[key] for key, rows in origins.items()}, steps, coverages)
    tables = []
    for key, members in folds_of.items():
        scored = np.stack([fold.scored[key] for fold in members])
        series_format = key, data.spec.output_format
        tables.append(_table(data.series[key], series_format, origins[key], scored, forecasts[key], coverages, season))
    return tables


def _table(part, series_format, origins, scored, forecasts, coverages, season):
    """Make the table of one series: a row for each origin, step and target that is scored and has a truth."""
    import pandas as pd

    (key, output_format), (steps, n_targets) = series_format, forecasts.shape[1:3]
    rows = origins[:, np.newaxis] + np.arange(steps)
    truth = rows_after(part.y, origins, steps)
    kept = scored[..., np.newaxis] & ~np.isnan(truth)
    origin, step, target = np.nonzero(kept)
    index = part.known_index
    columns = {"series": pd.Index([key], tupleize_cols=False).repeat(len(origin))} if output_format.is_panel else {}
    if output_format.y_ndim == 2:
        columns["target"] = output_format.target_index(n_targets).take(target)
    columns |= {
        "origin": index[origins[origin] - 1],
        "step": step + 1,
        "time": index[rows[origin, step]],
        "truth": truth[kept],
        "forecast": forecasts[..., 0][kept],
        "naive": seasonal_naive(part.y, season, origins, steps)[kept],
        "scale": naive_scales(part.y, season, origins)[origin, target],
    }
    ends = interval_names(coverages)
    columns |= {name: forecasts[..., number][kept] for number, name in enumerate(ends, start=1)}
    return pd.DataFrame(columns)


def _joined(tables, season):
    """Join tables to one, without the rows that could not be forecast."""
    import pandas as pd

    if not sum(map(len, tables)):
        raise ValueError("There is nothing to score: no series has training rows as well as a truth after an origin.")
    frame = pd.concat([table for table in tables if len(table)], ignore_index=True)
    frame.attrs["season"] = season
    if frame["naive"].isna().all():
        warn_user(
            "There is no naive forecast to compare with: no row that is scored has a value one or more seasons before "
            f"it (season={season} rows). Choose a shorter season."
        )
    known = frame["forecast"].notna()
    if not known.any():
        raise ValueError(
            f"There is nothing to score: none of {len(frame)} rows of y could be forecast, because values are missing "
            "in the windows before them. Choose a shorter window_length, or a regressor that reads NaN, such as "
            "LSTMRegressor() or HistGradientBoostingRegressor()."
        )
    if not known.all():
        warn_user(
            f"{int((~known).sum())} of {len(frame)} rows could not be forecast, because values are missing in the "
            "windows before them. They are left out of the scores."
        )
    return frame[known].reset_index(drop=True)
