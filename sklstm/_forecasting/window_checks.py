"""Errors and warnings about windows, and about forecasts from them, that are missing or not usable."""

import numpy as np

from sklstm._forecasting.regressor_input import accepts_nan
from sklstm._forecasting.settings import regressor_to_clone
from sklstm._utils.user_warning import warn_user

# The fewest windows that the default regressor trains on; with fewer it repeats the last value. A series of six rows
# gives five.
FEWEST_WINDOWS = 5


# ---- training


def check_windows(forecaster, data, builder, n_windows, n_dropped):
    """Raise ValueError without any window to train on; warn of windows left out because of missing values."""
    name, L = type(regressor_to_clone(forecaster)).__name__, builder.spec.window_length
    if not n_windows:
        whose = "the longest series" if data.spec.output_format.is_panel else "y"
        if builder.keeps_incomplete:
            raise ValueError(
                f"No window of window_length={L} can be trained on: {whose} has {data.longest} rows, but nowhere a "
                "value followed by another value with its known columns. Give more rows."
            )
        raise ValueError(
            f"No window of window_length={L} can be trained on: {_complete_only(forecaster, name)}. That needs "
            f"{L + 1} rows in a row without NaN, and {whose} has {data.longest} rows in all. Choose a shorter "
            f"window_length, or {_how_to_keep_incomplete(forecaster, name)}."
        )
    n_at_ends = L - 1 + (builder.spec.n_ahead - 1 if builder.spec.n_known else 0)
    n_lost = n_dropped - sum(min(n_at_ends, len(part) - 1) for part in data.series.values())
    if n_lost > 0 and not builder.keeps_incomplete and forecaster.drop_incomplete == "auto":
        warn_user(
            f"{n_lost} windows are left out, because a value is missing in them and "
            f"{_complete_only(forecaster, name)}. To train on them too, {_how_to_keep_incomplete(forecaster, name)}."
        )


def warn_of_few_windows(n_windows):
    """Warn that the default regressor has too few windows to train on."""
    warn_user(
        f"There are {n_windows} windows to train on, but the default regressor needs at least {FEWEST_WINDOWS}: "
        "forecasts repeat the last value. Give more rows, or choose a regressor."
    )


def _complete_only(forecaster, name):
    """Say why incomplete windows are left out."""
    return "drop_incomplete=True" if forecaster.drop_incomplete is True else f"{name} takes complete ones only"


def _how_to_keep_incomplete(forecaster, name):
    """Say how to train on incomplete windows."""
    if forecaster.drop_incomplete is True and accepts_nan(regressor_to_clone(forecaster)):
        return "set drop_incomplete='auto'"
    if name == "Pipeline":
        return "make SimpleImputer() the first step of the pipeline"
    return (
        "choose LSTMRegressor() or HistGradientBoostingRegressor(), or impute inside of `regressor`: "
        f"Forecaster(make_pipeline(SimpleImputer(), {name}()))"
    )


# ---- forecasts


def check_forecasts(forecaster, builder, histories, forecasts):
    """Raise ValueError if no series can be forecast. If some cannot, make their forecasts NaN and warn.

    Parameters
    ----------
    forecaster : Forecaster
    builder : WindowBuilder
    histories : dict of History
    forecasts : dict of ndarray
        By key; changed in place.
    """
    without = [key for key, values in forecasts.items() if np.isnan(values).any()]
    if not without:
        return
    why = _why_no_forecast(forecaster, builder, without[0], histories[without[0]])
    if len(without) == len(forecasts):
        raise ValueError(why)
    for key in without:
        forecasts[key][...] = np.nan
    warn_user(f"{len(without)} of {len(forecasts)} series cannot be forecast, and are NaN: {without}. {why}")


def _why_no_forecast(forecaster, builder, key, history):
    """Say why a series has no forecast."""
    L, name = builder.spec.window_length, type(regressor_to_clone(forecaster)).__name__
    window = history.values("y", max(0, len(history) - L), len(history))
    n_known = int((~np.isnan(window).any(axis=1)).sum())
    whose = "The history" if key is None else f"The history of the series {key!r}"
    if n_known >= (1 if builder.keeps_incomplete else L):
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


def warn_of_divergence(name, clipped, n_forecasts):
    """Warn that forecasts diverged when they were fed back, and were clipped."""
    which = "the forecast is" if n_forecasts == 1 else f"{clipped.n_rows} of {n_forecasts} forecasts are"
    warn_user(
        f"{name} diverges when its forecasts are fed back: at step {clipped.step}, and perhaps later, {which} clipped "
        "to the range that the history supports. Forecast fewer steps, give more rows, or choose strategy='direct' or "
        "'multioutput'. For exponential growth use a logarithm as target_transformer; for changing levels use "
        "instance_norm='last' in an LSTMRegressor. clip_recursion=False switches clipping off."
    )
