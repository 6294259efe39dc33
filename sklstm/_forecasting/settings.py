"""Read the parameters of a forecaster, and check that they fit each other and the data."""

from sklstm._estimator.settings import quantile_levels
from sklstm._forecasting.calibration import calibration_split, check_enough_errors
from sklstm._forecasting.default_regressor import default_regressor
from sklstm._forecasting.intervals import CALIBRATED, Levels
from sklstm._forecasting.regressor_input import accepts_nan, learns_next_step_only, lstm_prefixes, takes_several
from sklstm._forecasting.strategies import AUTO, choose_strategy, make_strategy
from sklstm._utils.plain_parameters import plain


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
    n_windows = data.longest - (1 if reads_any else forecaster.window_length)
    return choose_strategy(steps, n_windows, not data.spec.columns.is_past.any(), takes_several(regressor))


def keeps_incomplete(forecaster):
    """Whether a forecaster trains on incomplete windows."""
    if forecaster.drop_incomplete == "auto":
        return accepts_nan(regressor_to_clone(forecaster))
    return not forecaster.drop_incomplete


def quantile_intervals(forecaster, strategy):
    """Intervals between quantiles that the regressors of a forecaster predict; None if they predict none."""
    regressor = regressor_to_clone(forecaster)
    return Levels(quantile_levels(regressor)) if strategy.gives_quantiles(regressor) else None


def check_settings(forecaster, data):
    """Check that the parameters fit each other and the training data.

    Returns
    -------
    proper : TrainingData or None
        The proper training rows; None without `intervals`.
    """
    regressor = regressor_to_clone(forecaster)
    if forecaster.drop_incomplete is False and not accepts_nan(regressor):
        raise ValueError(
            f"drop_incomplete=False keeps incomplete windows, but {type(regressor).__name__} does not accept NaN "
            "according to its tags. Set drop_incomplete='auto', or choose another regressor."
        )
    return None if forecaster.intervals is None else _proper_training_data(forecaster, data)


def _proper_training_data(forecaster, data):
    """Return the proper training rows; ValueError if they are too few."""
    lengths = calibration_split(data.series, forecaster.calibration_size)
    longest, setting = max(lengths.values()), f"calibration_size={forecaster.calibration_size}"
    if longest <= forecaster.window_length and not keeps_incomplete(forecaster):
        raise ValueError(
            f"intervals={forecaster.intervals!r} with {setting} leaves {longest} rows to train on before the "
            f"calibration rows, but window_length={forecaster.window_length} needs at least "
            f"{forecaster.window_length + 1}. Choose a smaller calibration_size or window_length, or give more rows."
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
