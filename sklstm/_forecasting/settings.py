"""Read the parameters of a forecaster, and check that they fit each other and the data."""

import numpy as np

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.settings import quantile_levels
from sklstm._forecasting.baselines import RIDGE_LONG, RIDGE_SHORT, SEASONAL_NAIVE, THETA
from sklstm._forecasting.calibration import calibration_split, check_enough_errors
from sklstm._forecasting.default_regressor import default_regressor
from sklstm._forecasting.intervals import CALIBRATED, Levels
from sklstm._forecasting.log_choice import LogRule
from sklstm._forecasting.pooling import is_local, models_of, naming_series
from sklstm._forecasting.regressor_input import (
    accepts_nan,
    check_regressor_settings,
    learns_next_step_only,
    lstm_prefixes,
    needs_nonnegative,
    takes_several,
)
from sklstm._forecasting.strategies import AUTO, choose_strategy, make_strategy
from sklstm._time_index.season import season_length
from sklstm._utils.plain_parameters import plain

DEFAULT = "default"  # of the parameters whose default depends on the regressor
DAYS = (24, 48)  # seasons that are a day
USUAL_HORIZON = 8  # steps that recursive forecasts are judged by, if a season is shorter
USUAL_WINDOW = 24  # rows
SHORTEST_OF_PANEL = 9  # rows in the windows of a panel without a long season


def regressor_to_clone(forecaster):
    """Return the regressor that a forecaster clones."""
    return default_regressor() if forecaster.regressor is None else forecaster.regressor


def strategy_of(forecaster, data):
    """Return the Strategy for the parameters of a forecaster and its TrainingData.

    "auto" is recursive without `steps`, and for an LSTM that learns next steps only.
    """
    steps, regressor = plain(forecaster.steps), regressor_to_clone(forecaster)
    if forecaster.strategy != AUTO:
        return make_strategy(forecaster.strategy, steps)
    if steps is None or learns_next_step_only(regressor):
        return make_strategy("recursive", steps)
    reads_any = keeps_incomplete(forecaster) and lstm_prefixes(regressor)  # others need a value in every lag
    n_windows = data.longest - (1 if reads_any else window_length_of(forecaster, data))
    return choose_strategy(steps, n_windows, not data.spec.columns.is_past.any(), takes_several(regressor))


def _is_default(value):
    """Whether the value of a parameter is the one that depends on the regressor."""
    return isinstance(value, str) and value == DEFAULT


def part_of(forecaster, name):
    """Return the value of `season`, `log` or `baseline` (its name): "default" becomes "auto" or None, and False None.

    "default" is "auto" for an LSTMRegressor that may predict negative values, and None for any other regressor.
    """
    value, regressor = plain(getattr(forecaster, name)), regressor_to_clone(forecaster)
    if value is False:
        return None
    if not _is_default(value):
        return value
    return "auto" if isinstance(regressor, LSTMRegressor) and not needs_nonnegative(regressor) else None


def season_length_of(forecaster, data):
    """Return the number of positions in a season of the training data; 1 for no season.

    "auto" takes none of a panel whose series differ in it.
    """
    season = part_of(forecaster, "season")
    if season != "auto":
        return 1 if season is None else plain(season)
    lengths = {season_length(part.end) for part in data.series.values()} - {None}
    return lengths.pop() if len(lengths) == 1 else 1


def has_week(forecaster, data):
    """Whether the season is a day that "auto" has found. Then the week is looked for as well."""
    return part_of(forecaster, "season") == "auto" and season_length_of(forecaster, data) in DAYS


def log_of(forecaster, data):
    """Return the LogRule of a forecaster."""
    log = part_of(forecaster, "log")
    if log == "auto" and forecaster.target_transformer is not None:
        log = None
    return LogRule(log, horizon_of(forecaster, data), data.spec.output_format.is_panel)


def horizon_of(forecaster, data):
    """Return how many steps ahead a forecaster is meant for: `steps`, or a season (at least `USUAL_HORIZON` steps).

    With past-only columns, it is what the strategy reaches.
    """
    steps = plain(forecaster.steps)
    if data.spec.columns.is_past.any():
        return strategy_of(forecaster, data).n_ahead
    return max(season_length_of(forecaster, data), USUAL_HORIZON) if steps is None else steps


def baseline_of(forecaster, data):
    """Return the members of the baseline of a forecaster: their names and regressors; () for no baseline.

    "auto" is theta for a panel. For a single series it is the mean of theta and of ridge regressions on shorter and on
    longer windows. A panel has series of many kinds, of which one ridge regression says little. With columns known in
    advance, it is the ridge regressions alone, because theta does not read them.
    """
    baseline = part_of(forecaster, "baseline")
    if baseline is None or (_is_default(forecaster.baseline) and _drifts(forecaster, data)):
        return ()
    if isinstance(baseline, str) and baseline == "auto":
        if has_known_columns(data):
            return RIDGE_SHORT, RIDGE_LONG
        return (THETA,) if data.spec.output_format.is_panel else (THETA, RIDGE_SHORT, RIDGE_LONG)
    return (baseline,)


def _drifts(forecaster, data):
    """Whether a baseline would make forecasts drift away from what columns known in advance say.

    With a baseline, each step forecasts a change. If each is fed back, the errors of the changes add up.
    """
    is_recursive = forecaster.strategy == "recursive" or (forecaster.strategy == AUTO and forecaster.steps is None)
    return is_recursive and has_known_columns(data)


def has_known_columns(data):
    """Whether any column of the training data is known in advance."""
    return not data.spec.columns.is_past.all()


def is_learnt(baseline):
    """Whether a baseline is a regressor, which learns from windows."""
    return baseline is not None and not isinstance(baseline, str)


def weight_of(forecaster, members):
    """Return the weight of the baseline in what the regressor learns to add to."""
    if forecaster.baseline_weight == "auto":
        return 0.5 if members == (THETA,) else 1.0
    return plain(forecaster.baseline_weight)


def trust_of(forecaster):
    """Return the trust in the regressor that a forecaster was given; None if it is to be found out.

    Quantiles need no baseline to be corrected: their distance is what they were trained for.
    """
    if forecaster.trust != "auto":
        return plain(forecaster.trust)
    return 1.0 if hasattr(regressor_to_clone(forecaster), "predict_quantiles") else None


def window_length_of(forecaster, data):
    """Return the number of rows in a window of a forecaster."""
    if forecaster.window_length != "auto":
        return plain(forecaster.window_length)
    if not baseline_of(forecaster, data):
        return USUAL_WINDOW
    is_panel, season = data.spec.output_format.is_panel, season_length_of(forecaster, data)
    shortest = SHORTEST_OF_PANEL if is_panel else USUAL_WINDOW
    return max(shortest, 2 * season + 1 if season > 1 else 1)


def keeps_incomplete(forecaster):
    """Whether a forecaster trains on incomplete windows."""
    if forecaster.drop_incomplete == "auto":
        return accepts_nan(strictest_reader(forecaster))
    return not forecaster.drop_incomplete


def strictest_reader(forecaster):
    """Return which regressor of a forecaster decides whether windows must be complete.

    It is the one that corrects, unless that accepts NaN and the baseline is a regressor that does not.
    """
    baseline = part_of(forecaster, "baseline")
    readers = [regressor_to_clone(forecaster)] + ([baseline] if is_learnt(baseline) else [])
    return next((reader for reader in readers if not accepts_nan(reader)), readers[0])


def quantile_intervals(forecaster, strategy):
    """Intervals between quantiles that the regressors of a forecaster predict; None if they predict none."""
    regressor = regressor_to_clone(forecaster)
    return Levels(quantile_levels(regressor)) if strategy.gives_quantiles(regressor) else None


def check_settings(forecaster, data):
    """Check that the parameters fit each other and the training data.

    Returns
    -------
    proper : TrainingData or None
        The proper training rows; None without `intervals`. With a model for each series, a dict of them.
    """
    if not is_local(forecaster, data):
        return _check_model(forecaster, data)
    proper = {}
    for key, part in models_of(forecaster, data).items():
        with naming_series(key):
            part.check_enough()
            proper[key] = _check_model(forecaster, part)
    return proper


def _check_model(forecaster, data):
    """Check the settings of one model; return its proper training rows or None."""
    regressor = regressor_to_clone(forecaster)
    reader = strictest_reader(forecaster)
    if forecaster.drop_incomplete is False and not accepts_nan(reader):
        raise ValueError(
            f"drop_incomplete=False keeps incomplete windows, but {type(reader).__name__} does not accept NaN "
            "according to its tags. Set drop_incomplete='auto', or choose another regressor."
        )
    _check_parts(forecaster, data, regressor)
    if part_of(forecaster, "baseline") is not None:  # then the regressor may never be trained
        check_regressor_settings(regressor)
    if is_learnt(part_of(forecaster, "baseline")):
        check_regressor_settings(part_of(forecaster, "baseline"))
    return None if forecaster.intervals is None else _proper_training_data(forecaster, data)


def _check_parts(forecaster, data, regressor):
    """Check that season, logarithm and baseline fit each other, the regressor and the data."""
    given = {name: part_of(forecaster, name) for name in ("season", "log", "baseline")}
    given = {name: value for name, value in given.items() if value is not None}
    if given and needs_nonnegative(regressor):
        name, value = next(iter(given.items()))
        raise ValueError(
            f"{name}={value!r} gives the regressor targets below 0, but {type(regressor).__name__} needs targets that "
            f"are not negative. Set {name}=None."
        )
    if "log" in given and not _is_default(forecaster.log):
        _check_log(forecaster, data, given["log"])
    _check_baseline(forecaster, data, regressor)


def _check_log(forecaster, data, log):
    """Check that a logarithm that is asked for is the only transformation and, if it is `True`, that it exists."""
    if forecaster.target_transformer is not None:
        raise ValueError(
            f"log={log!r} and target_transformer are two transformations of y. Choose one: with target_transformer="
            f"{forecaster.target_transformer!r}, set log=None."
        )
    if log is True and any((part.y <= 0).any() for part in data.series.values()):
        smallest = min(np.nanmin(part.y) for part in data.series.values() if not np.isnan(part.y).all())
        raise ValueError(
            f"log=True needs values above 0, but the smallest of y is {smallest:.6g}. Set log='auto', which takes the "
            "logarithm of positive series only"
            + (", or target_transformer=FunctionTransformer(np.log1p, np.expm1)." if smallest > -1 else ".")
        )


def _check_baseline(forecaster, data, regressor):
    """Check that the parameters that concern the baseline fit each other, the regressor and the data."""
    baseline = part_of(forecaster, "baseline")
    if is_learnt(baseline) and needs_nonnegative(baseline):
        raise ValueError(
            f"A regressor as the baseline learns changes, which may be below 0, but {type(baseline).__name__} needs "
            "targets that are not negative. Choose another one, such as baseline=RidgeCV()."
        )
    if isinstance(baseline, str) and baseline == SEASONAL_NAIVE and season_length_of(forecaster, data) == 1:
        raise ValueError(
            "baseline='seasonal_naive' needs a season, but season="
            f"{forecaster.season!r} gives none for this index. Set season to the number of rows in a season."
        )
    if trust_of(forecaster) not in (None, 1) and hasattr(regressor, "predict_quantiles"):
        raise ValueError(
            f"trust={forecaster.trust!r} would make the distances between quantiles smaller, which "
            f"{type(regressor).__name__} is to predict. Set trust='auto', or choose a regressor without quantiles and "
            "intervals='conformal'."
        )
    for name in ("baseline_weight", "trust"):
        value = getattr(forecaster, name)
        if value != "auto" and baseline is None:
            raise ValueError(
                f"{name}={value!r} needs a baseline, but there is none. Set baseline='theta', or leave {name} out."
            )


def _proper_training_data(forecaster, data):
    """Return the proper training rows; ValueError if they are too few."""
    lengths = calibration_split(data.series, forecaster.calibration_size)
    longest, setting = max(lengths.values()), f"calibration_size={forecaster.calibration_size}"
    window_length = window_length_of(forecaster, data)
    if longest <= window_length and not keeps_incomplete(forecaster):
        raise ValueError(
            f"intervals={forecaster.intervals!r} with {setting} leaves {longest} rows to train on before the "
            f"calibration rows, but window_length={window_length} needs at least "
            f"{window_length + 1}. Choose a smaller calibration_size or window_length, or give more rows."
        )
    proper = data.between({key: (0, n) for key, n in lengths.items()})
    try:
        proper.check_enough()
    except ValueError as error:
        raise ValueError(
            f"intervals={forecaster.intervals!r} with {setting} leaves {proper.n_rows} rows before the calibration "
            f"rows, but no model can be trained on these: {error}"
        ) from error
    return proper


def check_request(forecaster, data, steps, coverages):
    """Check that a forecaster, once fitted on the data, will be able to forecast these steps and intervals."""
    for key, part in models_of(forecaster, data).items():
        with naming_series(key):
            _check_request_of_model(forecaster, part, steps, coverages)


def _check_request_of_model(forecaster, data, steps, coverages):
    """Check what is asked of one model."""
    strategy = strategy_of(forecaster, data)
    levels = quantile_intervals(forecaster, strategy)
    strategy.check_reach(steps, data.spec.columns.past_names, verb="is")
    if not coverages:
        return
    if forecaster.intervals is not None:
        request = CALIBRATED[forecaster.intervals].request(strategy, steps, coverages)
        check_enough_errors(data.series, forecaster.calibration_size, request)
    elif levels is not None:
        levels.check_reach(strategy, steps)
        levels.sides(coverages)
    else:
        raise ValueError(no_intervals_message(coverages))


def no_intervals_message(coverages):
    """Explain how to get intervals from a forecaster that computes none."""
    shown = coverages[0] if len(coverages) == 1 else list(coverages)
    return (
        f"coverage={shown} needs intervals. Choose them before fit: Forecaster(intervals='conformal') or "
        "'bootstrap', or an LSTMRegressor with loss='quantile' under strategy='multioutput' or 'direct'."
    )
