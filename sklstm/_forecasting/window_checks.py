"""Errors and warnings about windows, and about forecasts from them, that are missing or not usable."""

import numpy as np
from sklearn.utils._param_validation import InvalidParameterError

from sklstm._components.naive import seasonal_naive
from sklstm._forecasting.baselines import SEASONAL_NAIVE
from sklstm._forecasting.regressor_input import accepts_nan
from sklstm._forecasting.settings import part_of, regressor_to_clone, strictest_reader
from sklstm._forecasting.window_spec import NoWindowError
from sklstm._utils.user_warning import warn_user

# The fewest windows that the default regressor trains on. With fewer, forecasts are those of the baseline or, without
# one, repeat the last value. A series of six rows gives five.
FEWEST_WINDOWS = 5


# ---- training


def check_windows(forecaster, data, builder, n_windows, n_dropped):
    """Raise NoWindowError without any window to train on; warn of windows left out because of missing values."""
    name, L = type(strictest_reader(forecaster)).__name__, builder.spec.window_length
    if not n_windows:
        if builder.keeps_incomplete:
            whose = "the longest series" if data.spec.output_format.is_panel else "y"
            raise NoWindowError(
                f"No window of window_length={L} can be trained on: {whose} has {data.longest} rows, but no value "
                "that is followed by another one, with its exogenous variables. Give more rows."
            )
        has = "no series has more than" if data.spec.output_format.is_panel else "y has at most"
        needed = L + (builder.spec.n_ahead if builder.spec.n_known else 1)
        run = max(_longest_run(part) for part in _complete_rows(data))
        raise NoWindowError(
            f"No window of window_length={L} can be trained on: {_complete_only(forecaster, name)}. That needs "
            f"{needed} rows in a row without NaN, and {has} {run}. "
            + _how_to_get_windows(forecaster, data, builder, run - builder.spec.n_ahead)
        )
    n_at_ends = L - 1 + (builder.spec.n_ahead - 1 if builder.spec.n_known else 0)
    n_lost = n_dropped - sum(min(n_at_ends, len(part) - 1) for part in data.series.values())
    if n_lost > 0 and not builder.keeps_incomplete and forecaster.drop_incomplete == "auto":
        warn_user(
            f"{n_lost} windows are left out, because a value is missing in them and "
            f"{_complete_only(forecaster, name)}. To train on them too, {_how_to_keep_incomplete(forecaster, name)}."
        )


def unseen_lags_message(forecaster, builder, regressor_set, samples, error):
    """Explain an error of a regressor that was trained on lags without any value; None if all lags have values.

    Some regressors that accept NaN fail if all values of a column are NaN.
    """
    if isinstance(error, InvalidParameterError | NoWindowError) or builder.reads_sequences:
        return None
    n_lags, L = min(_n_lags_with_values(part, samples) for part in regressor_set.parts), builder.spec.window_length
    if n_lags == L:
        return None
    name = type(regressor_to_clone(forecaster)).__name__
    why, how = f"only the {n_lags} last steps of a window have values", f"Choose window_length={n_lags} or less"
    if not n_lags:
        why, how = "a column has no value in any of them", "Leave out columns of X that are always NaN"
    return (
        f"{name} cannot be trained on windows of window_length={L}: {why} ({error}). {how}, or choose LSTMRegressor()"
        f"{_and_keep(forecaster)}."
    )


def warn_of_few_windows(n_windows, has_baseline):
    """Warn that the default regressor has too few windows to train on."""
    instead = "are those of the baseline alone" if has_baseline else "repeat the last value"
    warn_user(
        f"There are {n_windows} windows to train on, but the default regressor needs at least {FEWEST_WINDOWS}: "
        f"forecasts {instead}. Give more rows, or choose a regressor."
    )


def warn_of_unread_columns(data, members, regressor_set):
    """Warn if no part of a baseline without a regressor reads the columns of X."""
    if not members or regressor_set.is_used or not len(data.spec.columns) or regressor_set.baseline.of_windows:
        return
    warn_user(
        "Nothing reads the columns of X: the baseline does not, and the trust in the regressor is 0. Set trust=1, or "
        "choose a baseline that reads them, such as baseline=RidgeCV()."
    )


def _complete_rows(data):
    """Return for each series which of its rows have no missing value."""
    tables = (np.hstack([part.y, part.known[: len(part)], part.past]) for part in data.series.values())
    return [~np.isnan(table).any(axis=1) for table in tables]


def _longest_run(is_complete):
    """Return the largest number of True values in a row."""
    ends = np.flatnonzero(np.r_[True, ~is_complete, True])
    return int(np.diff(ends).max()) - 1


def _n_lags_with_values(part, samples):
    """Return how many of the last lags have a value in some sample that a regressor learns from."""
    windows = samples.windows[samples.rows_at(np.flatnonzero(part.learnt(samples)))]
    without = np.isnan(windows).all(axis=0).any(axis=1)
    return without[::-1].argmax() if without.any() else len(without)


def _every_lag_has_values(data, spec):
    """Return whether each lag has a value before some target."""
    complete = _complete_rows(data)
    ahead = range(spec.n_ahead, spec.window_length + spec.n_ahead)
    return all(any((part[:-rows] & part[rows:]).any() for part in complete) for rows in ahead)


def _how_to_get_windows(forecaster, data, builder, longest):
    """Say how to get windows to train on, which may have `longest` steps at most."""
    name = type(strictest_reader(forecaster)).__name__
    shorter = f"Choose window_length={longest} or less" if longest > 0 else "Give more rows"
    if builder.reads_sequences or _every_lag_has_values(data, builder.spec):
        return f"{shorter}, or {_how_to_keep_incomplete(forecaster, name)}."
    return f"{shorter}, or choose LSTMRegressor(){_and_keep(forecaster)}."


def _and_keep(forecaster):
    """Say that incomplete windows must be kept, unless they are."""
    return " with drop_incomplete='auto'" if forecaster.drop_incomplete is True else ""


def _complete_only(forecaster, name):
    """Say why incomplete windows are left out."""
    return "drop_incomplete=True" if forecaster.drop_incomplete is True else f"{name} takes complete ones only"


def _how_to_keep_incomplete(forecaster, name):
    """Say how to train on incomplete windows."""
    if forecaster.drop_incomplete is True and accepts_nan(regressor_to_clone(forecaster)):
        return "set drop_incomplete='auto'"
    if name == "Pipeline":
        return "make SimpleImputer() the first step of the pipeline"
    if accepts_nan(regressor_to_clone(forecaster)):  # but the baseline does not
        return f"choose baseline='theta', or impute inside of it: baseline=make_pipeline(SimpleImputer(), {name}())"
    return (
        "choose LSTMRegressor() or HistGradientBoostingRegressor(), or impute inside of `regressor`: "
        f"Forecaster(make_pipeline(SimpleImputer(), {name}())){_and_keep(forecaster)}"
    )


# ---- forecasts


def check_forecasts(forecaster, fitted, histories, forecasts):
    """Raise ValueError if no series can be forecast. If some cannot, make their forecasts NaN and warn.

    Parameters
    ----------
    forecaster : Forecaster
    fitted : FittedForecaster or FittedLocally
    histories : dict of History
    forecasts : dict of ndarray
        By key; changed in place.
    """
    without = [key for key, values in forecasts.items() if np.isnan(values).any()]
    if not without:
        return
    why = _why_no_forecast(forecaster, fitted.builder_of(without[0]), without[0], histories[without[0]])
    if len(without) == len(forecasts):
        raise ValueError(why)
    for key in without:
        forecasts[key][...] = np.nan
    warn_user(f"{len(without)} of {len(forecasts)} series cannot be forecast, and are NaN: {without}. {why}")


def _why_no_forecast(forecaster, builder, key, history):
    """Say why a series has no forecast."""
    L, name = builder.spec.window_length, type(strictest_reader(forecaster)).__name__
    window = history.values("y", max(0, len(history) - L), len(history))
    n_known = int((~np.isnan(window).any(axis=1)).sum())
    whose = "The history" if key is None else f"The history of the series {key!r}"
    if n_known >= (1 if builder.keeps_incomplete else L):
        season = builder.scaler.adjuster.season_length
        if _lacks_position(part_of(forecaster, "baseline"), history, season):
            return (
                f"{whose} cannot be forecast from: baseline='seasonal_naive' repeats the last season of {season} rows, "
                "but there is a position in the season without a value. Give more rows, or choose baseline='theta'."
            )
        return (
            f"{whose} leads to a forecast, or an end of an interval, that is not finite: either target_transformer="
            f"{forecaster.target_transformer!r} cannot transform it back, or {name} predicts infinite values. Choose "
            "another transformer, or a smaller coverage."
        )
    if builder.keeps_incomplete:
        needs, advice = "a window needs at least one", "."
    else:
        needs, advice = f"{name} needs all of them", f", or {_how_to_keep_incomplete(forecaster, name)}."
    return (
        f"{whose} cannot be forecast from: its last window_length={L} rows have {n_known} values, and {needs}. Give "
        f"more rows{advice}"
    )


def _lacks_position(baseline, history, season):
    """Whether a baseline repeats the last season of a history in which there is no value at some position."""
    if not isinstance(baseline, str) or baseline != SEASONAL_NAIVE:
        return False
    n = len(history)
    return bool(np.isnan(seasonal_naive(history.values("y", 0, n), season, np.array([n]), season)).any())


def warn_of_divergence(name, n_ahead, clipped, n_forecasts):
    """Warn that forecasts, fed back in blocks of `n_ahead` steps, diverged and were clipped."""
    instead = "choose strategy='direct' or 'multioutput'" if n_ahead == 1 else "fit with a larger `steps`"
    which = "the forecast is" if n_forecasts == 1 else f"{clipped.n_rows} of {n_forecasts} forecasts are"
    warn_user(
        f"{name} diverges when its forecasts are fed back: at step {clipped.step}, and perhaps later, {which} clipped "
        "to the range that the history supports. Forecast fewer steps, give more rows, or "
        f"{instead}. For exponential growth use a logarithm as target_transformer; for changing levels use "
        "instance_norm='last' in an LSTMRegressor. clip_recursion=False switches clipping off."
    )
