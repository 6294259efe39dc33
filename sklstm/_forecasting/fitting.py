"""Fit a forecaster: from checked training rows to a `FittedForecaster`."""

from dataclasses import replace

import numpy as np
from sklearn.base import _fit_context, clone

from sklstm._estimator.channel_names import use_channel_names
from sklstm._forecasting.baseline_fitting import fit_baseline
from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.calibration import CalibrationErrors
from sklstm._forecasting.correction import CorrectedSet, Mixture
from sklstm._forecasting.default_regressor import is_default
from sklstm._forecasting.fitted_forecaster import FittedForecaster, window_channels
from sklstm._forecasting.fitted_locally import FittedLocally
from sklstm._forecasting.intervals import CALIBRATED
from sklstm._forecasting.mixing import Mixing, find_mixing, trains_on_head
from sklstm._forecasting.pooling import GLOBAL, is_local, models_of, naming_series
from sklstm._forecasting.regressor_input import lstm_prefixes, reads_by_channel
from sklstm._forecasting.series_scaling import ScalingRule
from sklstm._forecasting.settings import (
    baseline_of,
    has_week,
    keeps_incomplete,
    log_of,
    quantile_intervals,
    regressor_to_clone,
    season_length_of,
    strategy_of,
    weight_of,
    window_length_of,
)
from sklstm._forecasting.strategies import RegressorSet
from sklstm._forecasting.target_scaling import fit_scaler
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._forecasting.window_checks import (
    FEWEST_WINDOWS,
    check_windows,
    unseen_lags_message,
    warn_of_few_windows,
    warn_of_unread_columns,
)
from sklstm._forecasting.window_spec import NoWindowError, WindowSpec
from sklstm._series.leak_checks import check_leaks
from sklstm._series.series_input import rows_of
from sklstm._utils.callbacks import begin_fit, printing_tasks, without_callbacks
from sklstm._utils.forecast_bounds import REACH, REACH_OF_DEFAULT
from sklstm._utils.ignored_warnings import ignored_warnings
from sklstm._utils.parallel import call_each, is_parallel
from sklstm._utils.plain_parameters import plain, with_plain_parameters


def begin_tasks(forecaster, original, data, X, y, sample_weight):
    """Begin the tasks of a fit to TrainingData, which callbacks follow.

    They get the forecaster that is fitted (`original`, of which `forecaster` is a copy) and the user's tables.
    """
    if is_local(forecaster, data):
        n_fits = len(data.series)
    else:
        finds_trust = bool(baseline_of(forecaster, data)) and trains_on_head(forecaster, data)
        n_fits = (1 + finds_trust) * strategy_of(forecaster, data).n_regressors + (forecaster.intervals is not None)
    return printing_tasks(begin_fit(original, n_fits, X, y, sample_weight), n_fits, forecaster.verbose)


@_fit_context(prefer_skip_nested_validation=False)
def fit_rows(forecaster, data, proper, X, y):
    """Fit on some rows of tables that were read already.

    Parameters
    ----------
    forecaster : Forecaster
        Only its parameters are used; it is not changed.
    data : TrainingData
        The rows to train on.
    proper : TrainingData or None
        The proper training rows, as `check_settings` returns them.
    X, y
        The whole tables, of which callbacks get the rows to train on.

    Returns
    -------
    fitted : FittedForecaster
    """
    original, forecaster = forecaster, with_plain_parameters(forecaster)
    tasks = begin_tasks(forecaster, original, data, *(rows_of(part, data.rows) for part in (X, y, data.weight)))
    # all rows together may show no leak
    check_leaks(data, X, window_length_of(forecaster, data), strategy_of(forecaster, data).n_ahead)
    fitted = train(forecaster, data, proper, X, y, tasks)
    tasks.end_fit()
    return fitted


def train(forecaster, data, proper, X, y, tasks):
    """Train the regressors and, for intervals, a second set on the proper training rows; or both for each series.

    Parameters
    ----------
    forecaster, data, proper, X, y
        As in `fit_rows`.
    tasks : tasks of the fit
        As `begin_tasks` makes them.

    Returns
    -------
    fitted : FittedForecaster or FittedLocally
    """
    if is_local(forecaster, data):
        return _train_locally(forecaster, data, proper, X, y, tasks)
    fitted = _train_regressors(forecaster, data, tasks)
    intervals = _make_intervals(forecaster, fitted, proper, lambda before: fit_rows(before, proper, None, X, y), tasks)
    return replace(fitted, batch_forecaster=replace(fitted.batch_forecaster, intervals=intervals))


def n_in_workers(forecaster, data):
    """Return how many fits are made in workers of joblib; 0 if none is."""
    n_fits = len(data.series) if is_local(forecaster, data) else strategy_of(forecaster, data).n_regressors
    return n_fits if is_parallel(plain(forecaster.n_jobs), n_fits) else 0


def _train_locally(forecaster, data, proper, X, y, tasks):
    """Train a model for each series, as a fit on this series alone does; return a FittedLocally."""
    one = without_callbacks(clone(forecaster).set_params(pooling=GLOBAL))  # callbacks follow `tasks`
    if n_in_workers(forecaster, data):
        one.set_params(n_jobs=1)  # no workers of workers

    def calls():
        for key, part in models_of(forecaster, data).items():
            own, rows = clone(one), data.series[key].rows
            task = tasks.part("fit-series", own, f"the series {key!r}, {part.n_rows} rows")
            yield key, own, part, proper[key], rows_of(X, rows), rows_of(y, rows), task

    models = call_each(fit_series, calls(), len(data.series), plain(forecaster.n_jobs))
    return FittedLocally(data, dict(zip(data.series, models, strict=True)))


def fit_series(key, forecaster, part, proper, X, y, task):
    """Fit a forecaster on one series, within its task; return a FittedForecaster."""
    with naming_series(key), task:
        return fit_rows(forecaster, part, proper, X, y)


def _train_regressors(forecaster, data, tasks):
    """Train the regressors; return a FittedForecaster without intervals."""
    members = baseline_of(forecaster, data)
    if not members:
        return _fit(forecaster, data, members, None, tasks)

    def fit_head(head, trains):
        with ignored_warnings():  # the fit on all rows warns
            return _fit(forecaster, head, members, Mixing(1.0), tasks, trains).batch_forecaster

    return _fit(forecaster, data, members, find_mixing(forecaster, data, len(members), fit_head), tasks)


def _fit(forecaster, data, members, mixing, tasks, trains=True):
    """Fit the baseline, if it has members, and the regressors.

    Parameters
    ----------
    forecaster, data, tasks
        As in `train`.
    members : tuple of str or estimator
        The members of the baseline; () for none.
    mixing : Mixing or None
        How much each member and the regressors count; None without a baseline.
    trains : bool, default=True
        Whether to train the regressors. They are not trained either if they do not count.
    """
    regressor, strategy = regressor_to_clone(forecaster), strategy_of(forecaster, data)
    by_default = is_default(regressor)
    builder, adjusted = _fit_window_builder(forecaster, data, regressor, strategy)
    origins = {key: np.arange(1, len(part)) for key, part in data.series.items()}
    samples = builder.training_windows(adjusted, origins, data.weight, is_adjusted=True)
    n_dropped = sum(map(len, origins.values())) - len(samples)
    check_windows(forecaster, data, builder, len(samples), n_dropped)
    n_windows = samples.n_complete if members and not strategy.is_auto else len(samples)
    has_too_few = by_default and n_windows < FEWEST_WINDOWS
    if has_too_few:
        warn_of_few_windows(n_windows, bool(members))
    if (strategy.extends or members) and forecaster.clip_recursion:
        builder = builder.with_bounds(data.series, REACH_OF_DEFAULT if by_default or members else REACH)
    regressor_set = RegressorSet.from_template(
        regressor, builder.spec, strategy, forecaster.verbose, is_relative=bool(members)
    )
    if members:
        baseline, paths = fit_baseline(members, builder, adjusted, origins, samples)
        mixture = Mixture(weight_of(forecaster, members), np.ones(strategy.n_ahead))
        mixing = replace(mixing, trust=0.0) if has_too_few else mixing
        regressor_set = mixing.applied_to(CorrectedSet(regressor_set, baseline, mixture))
        samples = mixture.refer(samples, regressor_set.baseline.mean(paths), samples.last(builder.spec.n_targets))
    if trains:
        regressor_set = _train(forecaster, data, builder, regressor_set, samples, tasks)
        warn_of_unread_columns(data, members, regressor_set)
    batch_forecaster = BatchForecaster(builder, regressor_set, repeats_last=has_too_few and not members)
    return FittedForecaster(data, batch_forecaster, n_dropped, type(regressor).__name__, not (by_default or members))


def _train(forecaster, data, builder, regressor_set, samples, tasks):
    """Train regressors on samples, and return their set. An error that lags without values cause says so."""
    with use_channel_names(window_channels(data.spec, builder.spec.n_ahead)):
        try:
            return regressor_set.fit(samples, tasks, plain(forecaster.n_jobs))
        except ValueError as error:
            message = unseen_lags_message(forecaster, builder, regressor_set, samples, error)
            if message is None:
                raise
            raise NoWindowError(message) from error


def _fit_window_builder(forecaster, data, regressor, strategy):
    """Fit the WindowBuilder of a forecaster; return it with the series in adjusted units."""
    window_length, n_past = window_length_of(forecaster, data), int(data.spec.columns.is_past.sum())
    if is_default(regressor):  # longer windows would be longer than most training windows, which begin at the first row
        window_length = min(window_length, max(1, data.longest // 2))
    n_known = len(data.spec.columns) - n_past
    spec = WindowSpec(window_length, strategy.n_ahead, data.spec.n_targets, n_known, n_past)
    has_lstm, has_baseline = bool(lstm_prefixes(regressor)), bool(baseline_of(forecaster, data))
    dtype = np.dtype(forecaster.dtype or ("float32" if has_lstm else "float64"))
    rule = ScalingRule.from_regressor(regressor, dtype, data.spec.output_format.is_panel, has_baseline)
    season = season_length_of(forecaster, data), has_week(forecaster, data)
    scaler, adjusted = fit_scaler(forecaster.target_transformer, data.series, rule, *season, log_of(forecaster, data))
    builder = WindowBuilder(
        spec,
        scaler,
        dtype,
        keeps_incomplete(forecaster),
        reads_sequences=has_lstm,
        reads_by_channel=reads_by_channel(regressor),
        allows_fewer_known=strategy.is_auto,
    )
    return builder, adjusted


def _make_intervals(forecaster, fitted, proper, fit_proper, tasks):
    """Return what computes intervals, or None. `fit_proper` fits a forecaster on the proper training rows."""
    if proper is None:
        return quantile_intervals(forecaster, fitted.strategy)
    errors = _calibration_errors(forecaster, fitted, proper, fit_proper, tasks)
    return CALIBRATED[forecaster.intervals].from_errors(errors, regressor_to_clone(forecaster))


def _calibration_errors(forecaster, fitted, proper, fit_proper, tasks):
    """Train on the proper training rows; return the CalibrationErrors."""
    before = without_callbacks(clone(forecaster).set_params(intervals=None))  # callbacks follow `tasks`
    about = f"the {proper.n_rows} rows before the calibration rows, for intervals"
    with tasks.part("fit-head", before, about), ignored_warnings():  # the fit on all rows has warned
        trained = fit_proper(before)
    n_rows = {key: len(proper.series[key]) for key in fitted.data.series if key in proper.series}
    series = {key: fitted.data.series[key] for key in n_rows}
    return CalibrationErrors(trained.batch_forecaster, series, n_rows, fitted.builder.scaler)
