"""Check the arguments of `LSTMRegressor.forecast`, `X_future` and `clip`, and whether its forecasts run away."""

import numpy as np

from sklstm._estimator.input_checks import FLOATS, check_range
from sklstm._utils.argument_checks import as_array, shown
from sklstm._utils.checks import is_pandas
from sklstm._utils.forecast_bounds import find_clipped
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.user_warning import warn_user


def check_bounds(clip, shape):
    """Broadcast the pair `clip` to bounds (2, *shape) of the forecasts; return None for `clip=False`."""
    if clip is False:
        return None
    try:
        low, high = (np.broadcast_to(_numbers_in(side), shape) for side in _pair(clip))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"clip must be True, False or a pair (low, high) that broadcasts to the shape {shape}, got {shown(clip)}."
        ) from error
    if not (low <= high).all():
        raise ValueError(
            f"clip must be a pair (low, high), but low is larger than high, or one of them is NaN; got {shown(clip)}."
        )
    return np.stack((low, high))


def _pair(clip):
    """Return the parts of a sequence; anything else, as a set or text, has no order or no numbers."""
    if not isinstance(clip, list | tuple | np.ndarray):
        raise TypeError
    return clip


def _numbers_in(side):
    """Convert one side of the bounds, which may be infinite, to float64."""
    if isinstance(side, bool | np.bool_ | np.timedelta64):
        raise TypeError
    return np.asarray(as_numbers(side, "clip"), dtype=np.float64)


def check_future(X_future, shape, *, per_context, times=None):
    """Return the values of the channels that are not targets, at the steps that are appended.

    Parameters
    ----------
    X_future : array-like or None
        Has the shape below with contexts. Without, it has no first axis, and for one channel may be (n_steps,).
    shape : tuple (n_windows, n_steps, n_channels)
        The shape that is needed.
    per_context : bool
        Whether the user gave contexts.
    times : pandas Index, default=None
        Times of the steps, if they are known.

    Returns
    -------
    future : ndarray of this shape
    """
    _, n_steps, n_channels = shape
    X_future = as_numbers(X_future, "X_future")
    if n_channels == 0 or n_steps == 0:
        if X_future is not None and np.size(X_future):
            why = "every channel is a target" if n_channels == 0 else "a forecast of one step appends no step"
            raise ValueError(f"X_future must be None: {why}.")
        return np.empty(shape)
    wanted = shape if per_context else shape[1:]
    if X_future is None:
        when = "" if times is None else f", at {times[0]} … {times[-1]}"
        raise ValueError(
            f"X_future of shape {wanted} is needed: values of the channels that are not targets, at the steps "
            f"appended{when}."
        )
    future = as_array(X_future, "X_future", dtype=FLOATS, ensure_2d=False, allow_nd=True)
    if not per_context and n_channels == 1 and future.shape == (n_steps,):
        future = future[:, np.newaxis]
    check_range(future, future.dtype, "X_future")
    if future.shape != wanted:
        why = " for the windows of context" if per_context else ""
        raise ValueError(f"X_future has shape {future.shape}, expected {wanted}{why}.")
    if times is not None and is_pandas(X_future) and isinstance(X_future.index, type(times)):
        _check_times(X_future.index, times)
    return future.reshape(shape)


def _check_times(given, times):
    if not given.equals(times):
        raise ValueError(
            f"X_future is for {given[0]} … {given[-1]}, but the steps appended are at {times[0]} … {times[-1]}. Each "
            "forecast reads a window that ends one step before it."
        )


def warn_of_clipping(forecasts, bounds):
    """Warn if forecasts (n, steps, n_targets) have reached bounds (2, n, steps, n_targets)."""
    clipped = find_clipped(forecasts, bounds)
    if clipped is not None:
        warn_user(
            f"The recursion runs away: from step {clipped.step} of {forecasts.shape[1]} on, {clipped.n_rows} of "
            f"{len(forecasts)} forecasts would leave {clipped.low:.6g} … {clipped.high:.6g}, and are clipped. Forecast "
            "fewer steps, train on more rows, predict several steps at once (y with a column for each), or set "
            "instance_norm. clip=False turns clipping off."
        )
