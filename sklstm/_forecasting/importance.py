"""Permutation importance: by how much forecasts become worse if what they are made from is shuffled among origins.

Breiman (2001), *Random forests*; Fisher, Rudin and Dominici (2019), *All models are wrong, but many are useful*.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from textwrap import shorten

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Bunch

from sklstm._forecasting.adjustment import SeriesAdjustment
from sklstm._forecasting.fitted_forecaster import FittedForecaster
from sklstm._series.continuation import check_follows
from sklstm._series.series import SeriesData
from sklstm._utils.argument_checks import like, shown
from sklstm._utils.memory import check_memory
from sklstm._utils.overflow import power_of_two
from sklstm._utils.random import own_generator
from sklstm._utils.windows import rows_after

MOST_ROWS = 1 << 17  # of the copies of series that are forecast in one batch
LARGEST_SQUARED = 1e150  # squares of larger values may overflow
BYTES_OF_VERSION = 200  # the least that a changed version of the series takes, before it is made
LAG, STEP = "lag", "step"
LEVELS = ["variable", "kind", "number"]


@dataclass(frozen=True)
class ForecastInput:
    """One value that forecasts are made from.

    Parameters
    ----------
    variable : object
        The name of the target or the column.
    array : {"y", "known", "past"}
        Where it is in a SeriesData.
    column : int
        Position in that array.
    offset : int
        Its row, relative to the origin: -1 is the last row that is known, 0 the first one to forecast.
    """

    variable: Hashable
    array: str
    column: int
    offset: int

    @property
    def label(self):
        """The name, the kind (a lag, or a step ahead), and the number of the lag or step, which count from 1."""
        return (self.variable, LAG, -self.offset) if self.offset < 0 else (self.variable, STEP, self.offset + 1)


@dataclass(frozen=True)
class OriginRows:
    """A series, the origins to forecast from, and the orders into which values are shuffled among them.

    Parameters
    ----------
    series : SeriesData
        The rows that forecasts read, and the rows that are forecast.
    adjustment : SeriesAdjustment
    adjusted, season : ndarray of shape (n, n_targets)
        The targets in adjusted units, and what was taken off as their season.
    origins : ndarray of int of shape (n_origins,)
    orders : ndarray of int of shape (n_repeats, n_origins)
        Permutations of the origins.
    """

    series: SeriesData
    adjustment: SeriesAdjustment
    adjusted: np.ndarray
    season: np.ndarray
    origins: np.ndarray
    orders: np.ndarray


# ---- the result


def importances(fitted: FittedForecaster, histories, new, steps, n_repeats=5, *, scoring, random_state):
    """Compute the importance of all inputs of forecasts.

    Parameters
    ----------
    fitted : FittedForecaster
    histories : dict of History
        What is known of each series, by key.
    new : dict of SeriesData
        The rows to forecast, which must follow histories of series that were trained on.
    steps, n_repeats, scoring, random_state
        As for `Forecaster.permutation_importance`.

    Returns
    -------
    result : Bunch
        As `Forecaster.permutation_importance` returns it.
    """
    series, n_known = _followed_histories(fitted, histories, new)
    score, inputs = _scorer(scoring), _inputs(fitted, steps)
    origins = _origins(fitted, series, n_known, steps)
    _check_fits(n_repeats, len(inputs), sum(map(len, origins.values())))
    rng = own_generator(random_state)
    parts = {key: _origin_rows(fitted, key, series[key], rows, n_repeats, rng) for key, rows in origins.items()}
    truth = np.concatenate([rows_after(part.series.y, part.origins, steps) for part in parts.values()])
    (whole,) = _forecasts(fitted, parts, steps, [_unchanged])
    is_scored = ~np.isnan(truth) & ~np.isnan(whole)
    _check_scored(is_scored, fitted)
    decreases = np.empty((truth.shape[2], len(inputs), n_repeats))
    pairs = list(np.ndindex(decreases.shape[1:]))
    versions = [_shuffler(fitted, inputs[i], repeat) for i, repeat in pairs]
    for (i, repeat), changed in zip(pairs, _forecasts(fitted, parts, steps, versions), strict=True):
        for k in range(truth.shape[2]):
            kept = is_scored[..., k] & ~np.isnan(changed[..., k])
            decreases[k, i, repeat] = _decrease(score, *(values[..., k][kept] for values in (truth, whole, changed)))
    scores = [score(truth[..., k][kept], whole[..., k][kept]) for k, kept in enumerate(np.moveaxis(is_scored, -1, 0))]
    return _to_bunch(fitted, inputs, decreases, scores, scoring)


def _check_fits(n_repeats, n_inputs, n_origins):
    """Raise ValueError if so many repeats do not fit into memory."""
    n_bytes = n_repeats * (n_inputs * BYTES_OF_VERSION + 8 * n_origins)
    check_memory(n_bytes, f"n_repeats={n_repeats} with {n_inputs} lags and columns", "Choose fewer repeats.")


def _followed_histories(fitted, histories, new):
    """Check the new rows; return the series that have some, from their first row on, and the length of their histories.

    They are in the order of the histories, whatever that of the rows, as random numbers are drawn for each series.
    """
    check_follows(histories, new)
    _check_trained(fitted, new)
    fitted.check_logarithms(new)
    known = {key: history for key, history in histories.items() if key in new}
    if any(history.n_forgotten for history in known.values()):
        raise ValueError(
            "permutation_importance reads all rows of the history, of which `compact` has removed some. Call it before "
            "compact(), or call fit."
        )
    series = {key: history.followed_by(new[key]).whole for key, history in known.items()}
    return series, {key: len(history) for key, history in known.items()}


def _decrease(score, truth, whole, changed):
    """Return by how much a score becomes smaller; NaN if there is nothing to score."""
    return score(truth, whole) - score(truth, changed) if len(truth) else np.nan


def _to_bunch(fitted, inputs, decreases, scores, scoring):
    """Name the results of (n_targets, n_inputs, n_repeats)."""
    import pandas as pd

    spec = fitted.data.spec
    labels, levels, scores = [one.label for one in inputs], LEVELS, np.array(scores)
    if spec.output_format.y_ndim == 2:
        names = spec.output_format.target_index(spec.n_targets)
        labels, levels = [(name, *label) for name in names for label in labels], ["target", *LEVELS]
        scores = pd.Series(scores, index=names)
    else:
        scores = float(scores[0])
    index = _index(labels, levels)
    table = pd.DataFrame(decreases.reshape(-1, decreases.shape[2]), index=index)
    table.columns.name = "repeat"
    unit = float(power_of_two(np.fmax.reduce(np.abs(decreases), axis=None, initial=0)))  # squares must not overflow
    return Bunch(
        importances_mean=(table / unit).mean(axis=1) * unit,
        importances_std=(table / unit).std(axis=1, ddof=0) * unit,
        importances=table,
        score=scores,
        scoring=scoring if isinstance(scoring, str) else getattr(scoring, "__name__", type(scoring).__name__),
    )


def _index(labels, names):
    """Make the index of inputs. Its levels are in the order of the rows, so that pandas selects from it fast."""
    import pandas as pd

    parts = [pd.factorize(pd.Index(values, tupleize_cols=False)) for values in zip(*labels, strict=True)]
    return pd.MultiIndex(levels=[level for _, level in parts], codes=[codes for codes, _ in parts], names=names)


# ---- scores


class _Predictions(RegressorMixin, BaseEstimator):
    """Passes forecasts to a scorer of scikit-learn, which asks for predictions.

    Parameters
    ----------
    values : ndarray of shape (n,)
    """

    def __init__(self, values=None):
        self.values = values

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return self.values

    def __sklearn_is_fitted__(self):
        return True


def _scorer(scoring) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function that scores forecasts (n,) of truths (n,); larger is better."""
    from sklearn.metrics import check_scoring, get_scorer_names  # it takes long to import

    wanted = "scoring must be a scorer or the name of one, such as 'neg_mean_absolute_error' or 'r2'"
    if not isinstance(scoring, str) and not callable(scoring):
        raise TypeError(f"{wanted}; got {shown(scoring)}.")
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        raise ValueError(f"{wanted}; got {shown(scoring)}. sklearn.metrics.get_scorer_names() lists them.")
    try:
        scorer = check_scoring(_Predictions(), scoring=scoring)
    except (TypeError, ValueError) as error:
        raise like(error, f"{wanted}; got {shown(scoring)}: {shorten(str(error), 300)}") from error

    def score(truth, forecasts):
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
                found = float(scorer(_Predictions(forecasts), np.arange(len(truth))[:, np.newaxis], truth))
        except (TypeError, ValueError, AttributeError) as error:
            message = f"scoring={shown(scoring)} cannot score forecasts: {shorten(str(error), 300)}"
            raise like(error, message) from error
        largest = max(np.abs(truth).max(), np.abs(forecasts).max())
        if largest > LARGEST_SQUARED and not np.isfinite(found):
            raise ValueError(
                f"y or X is so large that truths or forecasts reach {largest:.3g}, of which scoring={shown(scoring)} "
                f"is {found}. Divide it by a constant before fit, or choose scoring='neg_mean_absolute_error'."
            )
        return found

    return score


# ---- origins and inputs


def _origins(fitted: FittedForecaster, series, n_known, steps):
    """Return the origins in each series, by key, after which there are all rows that are needed."""
    n_after = fitted.strategy.rows_read(steps) if fitted.builder.spec.n_known else steps
    origins = {key: np.arange(n_known[key], len(part) - n_after + 1) for key, part in series.items()}
    origins = {key: rows for key, rows in origins.items() if len(rows)}
    if max(map(len, origins.values()), default=0) < 2:
        longest = max(len(part) - n_known[key] for key, part in series.items())
        raise ValueError(
            f"y must have at least {n_after + 1} rows of a series, so that there are two origins with {n_after} rows "
            f"after them, and more make the result steadier; got {longest}. Hold out more rows from fit, or choose "
            "fewer steps."
        )
    return origins


def _origin_rows(fitted: FittedForecaster, key, series, origins, n_repeats, rng):
    """Return the OriginRows of one series."""
    scaler = fitted.builder.scaler
    adjustment = scaler.adjuster.adjustments[key]
    begin = max(0, int(origins[0]) - fitted.builder.spec.window_length)
    begin = 0 if fitted.batch_forecaster.reads_whole_series else begin
    series = series.between(begin, len(series))
    adjusted = scaler.adjusted_rows(series, 0, len(series), adjustment)
    season = scaler.adjuster.seasons(key, series, len(series))
    orders = np.array([rng.permutation(len(origins)) for _ in range(n_repeats)])
    return OriginRows(series, adjustment, adjusted, season, origins - begin, orders)


def _inputs(fitted: FittedForecaster, steps):
    """List the ForecastInputs: lags of targets and past-only columns, then known columns, the farthest lag first."""
    spec, builder = fitted.data.spec, fitted.builder
    window_length, columns = builder.spec.window_length, spec.columns
    lags = range(-window_length, 0)
    # an LSTM also reads the known columns of the rows in its window, but for the first one
    before = lags[1:] if builder.reads_sequences else range(0)
    rows_of_known = [*before, *range(fitted.strategy.rows_read(steps))]
    names = _target_names(fitted)
    taken = set(names)
    found = [ForecastInput(name, "y", k, row) for k, name in enumerate(names) for row in lags]
    for array, labels, rows in (("past", columns.past_names, lags), ("known", columns.known_names, rows_of_known)):
        found += [
            ForecastInput(f"{name} (X)" if name in taken else name, array, k, row)
            for k, name in enumerate(labels)
            for row in rows
        ]
    return found


def _target_names(fitted):
    """Return the names of the targets; "y" for the only one without a name, y0 and y1 for those of arrays."""
    output_format, n_targets = fitted.data.spec.output_format, fitted.data.spec.n_targets
    if output_format.y_ndim == 1:
        return ["y" if output_format.names is None else output_format.names]
    if output_format.names is None:
        return [f"y{k}" for k in range(n_targets)]
    return list(output_format.target_index(n_targets))


# ---- forecasts


def _forecasts(fitted: FittedForecaster, parts, steps, versions):
    """Forecast from every origin in some versions of the series, yield (n_origins, steps, n_targets) for each.

    A version is a function (part, number) that returns the series of an origin of an OriginRows. Several are forecast
    in one batch, unless they are large.
    """
    n_rows = sum(len(part.series) * len(part.origins) for part in parts.values())
    size = max(1, MOST_ROWS // n_rows)
    for first in range(0, len(versions), size):
        batch = versions[first : first + size]
        series: dict[int, SeriesData] = {}
        origins: dict[int, np.ndarray] = {}
        keys: dict[int, Hashable] = {}
        for version in batch:
            for key, part in parts.items():
                for number, origin in enumerate(part.origins):
                    copy = len(keys)
                    series[copy], origins[copy], keys[copy] = version(part, number), np.array([origin]), key
        forecasts = fitted.batch_forecaster.for_copies(keys).forecast(series, origins, steps)
        yield from np.split(np.concatenate([values[..., 0] for values in forecasts.values()]), len(batch))


def _unchanged(part: OriginRows, number):
    """Return the series as it is."""
    return part.series


def _shuffler(fitted: FittedForecaster, one: ForecastInput, repeat):
    """Return a function (part, number) that returns the series of an origin with the value of another origin."""

    def change(part: OriginRows, number):
        row, other = (int(part.origins[k]) + one.offset for k in (number, part.orders[repeat, number]))
        if min(row, other) < 0 or row == other:
            return part.series
        values = getattr(part.series, one.array).copy()
        values[row, one.column] = (
            values[other, one.column] if one.array != "y" else _in_season(fitted, part, one.column, row, other)
        )
        return replace(part.series, **{one.array: values})

    return change


def _in_season(fitted: FittedForecaster, part: OriginRows, target, row, other):
    """Return the target that row `other` would have at the place of `row` in the season, in the user's units."""
    scaler = fitted.builder.scaler
    if scaler.transformer is None and not scaler.adjuster.changes:
        return part.series.y[other, target]
    values = part.adjusted[row].copy()
    values[target] = part.adjusted[other, target]
    values = values + part.season[row]
    is_log = part.adjustment.is_log
    values = np.where(is_log, np.exp(np.where(is_log, values, 0)), values)
    return scaler.inverse_transform(values[np.newaxis])[0, target]


def _check_scored(is_scored, fitted):
    """Raise an error if there is a target without a forecast to score."""
    if not is_scored.any(axis=(0, 1)).all():
        raise ValueError(
            f"There is nothing to score: of some target, none of {is_scored[..., 0].size} rows has both a value in y "
            f"and a forecast. Are values missing in y or X? {fitted.name} needs complete windows."
        )


def check_steps_ahead(fitted, steps):
    """Raise ValueError unless there is one model, which forecasts so many steps."""
    fitted.check_one_model("permutation_importance")
    fitted.strategy.check_reach(steps, fitted.data.spec.columns.past_names)


def _check_trained(fitted: FittedForecaster, series):
    """Raise ValueError if a series, by key, was not trained on."""
    other = [key for key in series if key not in fitted.builder.scaler.scalings]
    if other:
        raise ValueError(
            f"y has the series {other[0]!r}, which was not trained on. Leave it out, or fit on its earlier rows too."
        )
