"""The `Forecaster`, which forecasts series with a regressor."""

from collections.abc import Hashable
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from sklstm._estimator.scores import r2
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._forecasting.baselines import KINDS
from sklstm._forecasting.calibration import check_coverage
from sklstm._forecasting.fit_checks import check_is_followed, check_parts, check_past_only, warn_of_column
from sklstm._forecasting.fitted_forecaster import FittedForecaster, Forgotten, InSample
from sklstm._forecasting.fitted_locally import FittedLocally, train_models_further
from sklstm._forecasting.fitting import begin_tasks, train
from sklstm._forecasting.intervals import CALIBRATED
from sklstm._forecasting.pooling import GLOBAL, LOCAL
from sklstm._forecasting.regressor_input import (
    accepts_nan,
    has_poor_score,
    is_random,
    lstm_prefixes,
    needs_nonnegative,
    takes_several,
)
from sklstm._forecasting.seasonal_index import seasonal_index
from sklstm._forecasting.settings import (
    DEFAULT,
    check_settings,
    is_learnt,
    part_of,
    regressor_to_clone,
    strategy_of,
    window_length_of,
)
from sklstm._forecasting.strategies import AUTO, STRATEGIES
from sklstm._forecasting.updating import check_learning_rate
from sklstm._forecasting.window_checks import check_forecasts
from sklstm._series.continuation import check_follows, forecast_indexes, future_indexes
from sklstm._series.history import History
from sklstm._series.leak_checks import check_leaks
from sklstm._series.requested_rows import (
    FutureRows,
    check_gaps,
    check_not_forgotten,
    find_training_rows,
    read_future,
    read_rows,
)
from sklstm._series.series_input import read_history, read_new_rows, read_training, read_truth
from sklstm._utils.argument_checks import (
    MOST_ITERATIONS,
    MOST_STEPS,
    CheckedParametersMixin,
    check_flag,
    check_same_length,
    validate_arguments,
)
from sklstm._utils.attributes import NAMES, feature_names, on_snapshot, set_at_once
from sklstm._utils.callbacks import CallbackSupportMixin
from sklstm._utils.checks import check_fitted, check_steps
from sklstm._utils.checksums import table_checksums
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.interrupts import raises_interrupts
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.pickle_version import SavedMixin
from sklstm._utils.plain_parameters import on_plain_copy
from sklstm._utils.public import public
from sklstm._utils.training_log import ResumableMixin, call_with_log

COMPONENTS = ["baseline", "correction", "season", "forecast"]


@public
class Forecaster(
    CheckedParametersMixin,
    CallbackSupportMixin,
    ResumableMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    SavedMixin,
    BaseEstimator,
):
    """Forecast a series, or a panel of series, with an LSTM or any other scikit-learn regressor.

    The forecaster cuts the series into windows and trains a regressor to predict the values after each window. It
    never uses values that are unknown at forecast time, and returns forecasts with the continued index. `predict`
    forecasts the rows that follow those of `fit`. So `cross_val_score` or `GridSearchCV` with `TimeSeriesSplit`
    scores real forecasts, several steps ahead.

    By default, the season is taken off each series, simple methods forecast the rest (the baseline), and an LSTM learns
    what they get wrong. Its correction is added as far as it has proved useful on the last rows of the series. If you
    know your horizon, give it as `steps`: `Forecaster(steps=12)`.

    Parameters
    ----------
    regressor : estimator, default=None
        The regressor that predicts the next values from a window. It is cloned. An `LSTMRegressor` gets windows as
        sequences. A meta-estimator with an LSTMRegressor inside (a Pipeline, a BaggingRegressor) gets them
        flattened; `n_channels` of the LSTMRegressor is set, and `n_targets` if it is None. Any other regressor
        gets a lag table: one column for each value in the window. None is `default_regressor()`, an LSTMRegressor
        with settings that did well on many real series. Notes say how to tune it.
    window_length : int or "auto", default="auto"
        Number of rows in a window: the past rows that the regressor reads. Choose at least one season, better two.
        "auto" is 24 without a baseline. With one, it is two seasons and a row, but at least 24 rows of a single series,
        and 9 of a panel.
    strategy : {"auto", "recursive", "multioutput", "direct"}, default="auto"
        How to forecast several steps ahead. "recursive" trains a regressor for one step and feeds its forecasts
        back. "multioutput" trains one regressor for all `steps` at once; it must support several outputs. "direct"
        trains one clone for each of the `steps`. The last two forecast at most `steps` steps ahead, have fewer
        windows to train on, and may use `past_only` variables.

        "auto" is recursive without `steps`. With `steps`, it is multioutput if the regressor's tag `multi_output` says
        that it takes several outputs, and direct otherwise. It forecasts further than `steps`, too. Notes say how, and
        what else differs. Change it if you want forecasts of more than `steps` steps to be an error.
    steps : int, default=None
        Number of steps to predict at once: the forecast horizon that you need. Required by "multioutput" and "direct",
        not used by "recursive".
    past_only : list of str or int, default=None
        Exogenous variables that are *not* known in advance, such as a measured temperature: their column names in `X`
        or, for arrays, positions. All others must be known in advance, such as a calendar or a planned price. With
        past-only variables, forecasts reach one step with "recursive" and `steps` steps with the others, because there
        are no forecasts of them to feed back.
    target_transformer : transformer, default=None
        Transforms `y` before training; forecasts are transformed back with `inverse_transform`. Examples are
        `FunctionTransformer(np.log1p, np.expm1)` and `PowerTransformer()`. In a panel, one transformer is fitted to
        all series. For intervals it must be monotonic in each target.
    season : int, "auto", "default" or None, default="default"
        Number of rows in the season that is taken off each series before windows are cut, and put back on forecasts. It
        is estimated from the training rows, at positions that come from the index (the month, the hour), and shrunk by
        its noise. A series with fewer than two seasons of rows has none. "auto" takes the number from the frequency of
        the index: 12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business days, 24 for hours and 48 for
        half-hours; else, and for a panel whose series differ in it, there is no season. Of hours and half-hours, the
        week is taken off as well if the series shows one. None takes no season off. "default" is "auto" for an
        LSTMRegressor that may predict negative values, and None for any other regressor.
    log : bool, "auto", "default" or None, default="default"
        Whether the logarithm of `y` is taken, before the season. Then the season and errors are in proportion to the
        level. "auto" takes it of positive series, if theta forecasts them better with it; in a panel it is taken of all
        positive series or of none. It cannot be combined with a `target_transformer`. None is the same as False.
        "default" as for `season`, but None with a `target_transformer`.
    baseline : {"auto", "theta", "naive", "seasonal_naive", "default", None} or estimator, default="default"
        A simple forecast that the regressor corrects: it learns y - (last + baseline_weight · (baseline - last)) from
        windows relative to `last`, their last value. "theta" is exponential smoothing plus half of the trend. "naive"
        repeats the last value, and "seasonal_naive" the last season, of what is left without the season. These do not
        read `X`. An estimator that is given here is trained on the same windows. "auto" is theta for a panel; for a
        single series, it is the mean of theta and of ridge regressions on shorter and longer windows, each with a share
        by its error on the last rows. With variables known in advance, it is the ridge regressions alone, which read
        them. None makes the regressor forecast alone. "default" as for `season`, but None for recursive forecasts with
        variables known in advance, which would drift.
    baseline_weight : float in [0, 1] or "auto", default="auto"
        How much of the baseline's forecast the regressor corrects, see `baseline`. "auto" is 0.5 for theta, as an LSTM
        extrapolates trends itself, and 1 for the others.
    trust : float in [0, 1] or "auto", default="auto"
        How much of what the regressor adds to the baseline counts. 1 adds all of it. With 0, the baseline forecasts
        alone and no regressor is trained. "auto" finds out: a regressor that is trained first without the last rows of
        each series (their tails) forecasts these. In a panel, the trust that would have been best there counts, moved
        towards 0.25, the more so the fewer series there are. For a single series, the trust is at least 0.5 if the
        regressor made the forecasts better, and nearer to 1 if they became much better. If not, or with fewer than 60
        windows with known targets, it is 0. For a regressor that predicts quantiles, it can only be 1, as less would
        bring the quantiles together.
    intervals : {"conformal", "bootstrap"}, default=None
        How to compute intervals around forecasts; None computes none. Both kinds need a second fit: a model trained
        without the last rows (the calibration rows) forecasts these, and its errors give the intervals around the
        forecasts of the model trained on all rows. "conformal" takes a quantile of the absolute errors of the same
        step as half the width. "bootstrap" simulates paths by adding resampled, centred one-step errors at each
        step. Its random numbers come from the regressor's `random_state`; the seed is 0 if that is None or absent.
    calibration_size : float or int, default=0.2
        Share or number of the rows (in a panel, of the times) that are calibration rows. An interval with
        coverage c needs at least c / (1 - c) errors of each step, with "bootstrap" (1 + c) / (1 - c). Many more make
        it more stable.
    drop_incomplete : bool or "auto", default="auto"
        Whether to train on complete windows only. Incomplete windows contain missing values or, most often, reach
        back before the first row. "auto" leaves them out unless the regressor accepts NaN. `n_dropped_` counts the
        windows left out.
    dtype : {"float32", "float64"} or numpy dtype, default=None
        Precision of the windows. None is float32 for an LSTMRegressor and float64 for all other regressors. With
        float32, the mean of each series is subtracted in float64 first. In a panel, an LSTMRegressor also gets each
        series divided by its own spread, so that small series count as much as large ones. With float64, both are done
        for an LSTMRegressor in a panel whose series differ in spread by more than a factor of 3, or clearly in level.
        Targets that must not be negative, as with `loss="poisson"`, are never centred. In such a panel, an
        LSTMRegressor gets each series divided by its mean.
    clip_recursion : bool, default=True
        Whether to clip forecasts that diverge when they are fed back ("recursive" and "auto"). They diverge if they
        leave the range of the training rows and the window by more than three times that range, and by more than three
        times as far as the linear trend of these rows leads. A warning then names the step. Exogenous variables that
        leave their own range widen the bounds. Notes describe the bounds of the default regressor.
    pooling : {"global", "local"}, default="global"
        How many models a panel has. "global" trains one on all series, which helps short series and forecasts new ones.
        "local" trains one for each series, with the same result as a fit on this series alone. Choose it for long
        series that have little in common, and compare the two with `backtest`. Not used for a single series.
    n_jobs : int, default=None
        How many fits run at the same time, through joblib: those of the series with pooling="local", else those of the
        regressors of "direct". None is 1, unless `joblib.parallel_config` says otherwise, and -1 is as many as there
        are processors. The bits of the result are the same with any number, in processes, in threads and on a cluster.
        Set it if there are seconds of work for each worker. A `Checkpoint` needs 1.
    verbose : bool or int, default=False
        Whether to print progress: each of several fits as it begins, and the epochs of every LSTMRegressor whose own
        `verbose` is False. A number n prints every nth epoch.

    Attributes
    ----------
    strategy_ : {"recursive", "multioutput", "direct"}
        The strategy that was used. It is `strategy`, unless that is "auto".
    steps_ : int
        Number of steps that are predicted at once: `steps`, or fewer on a short series under "auto"; 1 if recursive.
        With pooling="local", `steps_`, `season_` and `trust_` are dicts with the value of each series.
    season_ : int or None
        Number of rows in the season that is taken off, where a series is long enough to have one; None for no season.
    trust_ : float or None
        How much of what the regressor adds to the baseline counts; None without a baseline.
    regressors_ : list of estimator
        The fitted clones: one, or with "direct" one for each step. Empty if `trust_` is 0. With pooling="local", those
        of each series, one after the other.
    n_dropped_ : int
        Number of windows left out of training because of missing values.
    history_ : Series or DataFrame
        All rows known so far: those of `fit` and of `update`. After `compact`, the last ones, which are kept.
    fitted_values_ : Series or DataFrame
        In-sample forecasts of the training rows, one step ahead. NaN where the regressor cannot read the window.
    residuals_ : Series or DataFrame
        Training rows minus `fitted_values_`.
    n_features_in_ : int
        Number of columns of `X`; 0 without `X`.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the columns, if `X` was a DataFrame whose column names are strings.

    See Also
    --------
    LSTMRegressor : The type of the default regressor.
    backtest : Forecast from many origins in the past, and score the forecasts.
    split_panel : Split a panel by time, for cross-validation.

    Notes
    -----
    **Windows.** The window before row o consists of the rows s = o - window_length, …, o - 1. Its step s has the
    targets and the past-only variables of row s, and the variables known in advance of row s + 1 (if `steps` are
    predicted at once, of rows s + 1, …, s + steps). So the last step has the variables known in advance of the rows to
    predict. A lag table has the targets and past-only variables of all steps, oldest first, followed by the variables
    known in advance of the rows to predict.

    **Strategy "auto".** A forecast further than `steps` is made in blocks: the forecast of `steps` steps is fed back as
    if it had been observed, and the next `steps` steps are predicted. This needs the variables known in advance of
    whole blocks, and is not possible with past-only variables. If fewer rows of the known variables are given, the
    missing values are NaN where the regressor reads NaN (in a lag table, or in an LSTMRegressor with
    `missing="indicator"`), and an error otherwise.

    Under "auto", an LSTMRegressor (also at the end of a Pipeline) learns from windows of which only some of the next
    `steps` targets are known, too: the last windows of each series, and those before a missing value or a row of weight
    0. Other regressors do without such windows. On a short series, `steps_` is smaller than `steps`: the largest
    divisor of it that leaves at least half of the windows of the longest series all their targets. An LSTMRegressor
    with `loss_steps="all"` learns next steps only, so "auto" is recursive.

    **Missing values.** NaN in `y` is a missing value. It is never a target in training. In windows, an LSTMRegressor
    skips the step if any target is missing; with `missing="indicator"`, only if all channels are. Regressors that do
    not accept NaN are trained without such windows, and a warning says how many are left out.

    **Default regressor.** `Forecaster()` equals `Forecaster(default_regressor())`; the latter has parameters to tune.
    Its forecasts are medians. Its windows are at most half as long as the series (the longest one of a panel). With
    fewer than five windows to train on, the baseline forecasts alone, and a warning says so.

    **Bounds.** Forecasts of the default regressor, and of any regressor with a baseline, are clipped without a warning:
    they leave the range of the rows by at most that range, or as far as the linear trend of the rows leads if that is
    further. With "auto" and `steps`, those of other regressors are clipped to wider bounds from the second block on.
    The forecast of a constant series is its value.

    **Season of later rows.** `update` continues the season of `fit`; with `train=True` it is estimated again. A
    `history` has a season of its own if it has two seasons of rows. If a later value of a series whose logarithm is
    taken is not above 0, a warning says what it is read as; with `log=True`, it is an error.

    **Arrays.** Arrays have no index, so the rows to predict are taken to follow the history directly, even if a
    splitter left a gap. A scaler before a Forecaster turns frames into arrays: make it part of `regressor` instead.

    **Intervals.** Coverage holds for each step by itself, not jointly for the whole path, and on average over
    origins, as long as future errors are like those of the calibration rows. An LSTMRegressor with `loss="quantile"`
    under "multioutput" or "direct", or "auto" with `steps`, needs no `intervals`: its quantiles are the ends, up to
    `steps` steps ahead.

    **Panels.** An index with two levels (series, time) makes a panel. One model is trained on all series, unless
    pooling="local". The errors for intervals are relative to the mean absolute change of each series.

    References
    ----------
    `baseline`: Assimakopoulos, V. and Nikolopoulos, K. (2000). The theta model: a decomposition approach to
    forecasting. International Journal of Forecasting 16(4). Hyndman, R. J. and Billah, B. (2003). Unmasking the Theta
    method. International Journal of Forecasting 19(2).

    `strategy`: Ben Taieb, S. et al. (2012). A review and comparison of strategies for multi-step ahead time series
    forecasting. Expert Systems with Applications 39(8).

    `intervals`: Lei, J. et al. (2018). Distribution-free predictive inference for regression. JASA 113(523).
    Hyndman, R. J. and Athanasopoulos, G. (2021). Forecasting: principles and practice, section 5.5.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklstm import Forecaster
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline()
    >>> forecaster = Forecaster(steps=12).fit(None, passengers)
    >>> forecaster.forecast(12).shape
    (12,)

    Any regressor can forecast, here from a table of the last twelve values:

    >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, passengers)
    >>> forecaster.forecast(2).round()
    month
    1961-01-01    465.0
    1961-02-01    429.0
    Freq: MS, Name: passengers, dtype: float64

    R² of forecasts of twelve months, after each of four training sets:

    >>> rows = passengers.to_frame()[[]]  # the index, without any columns
    >>> cross_val_score(forecaster, rows, passengers, cv=TimeSeriesSplit(4, test_size=12)).round(2)
    array([0.96, 0.6 , 0.91, 0.94])
    """

    feature_names_in_ = feature_names

    _fitted: FittedForecaster | FittedLocally  # as `fit` made it, or `update` with train=True
    _in_sample: InSample | Forgotten
    _history: dict[Hashable, History]  # by key

    _parameter_constraints: dict = {
        "regressor": [HasMethods(["fit"]), None],
        "window_length": [StrOptions({"auto"}), Interval(Integral, 1, MOST_STEPS, closed="both")],
        "strategy": [StrOptions({AUTO, *STRATEGIES})],
        "steps": [Interval(Integral, 1, MOST_STEPS, closed="both"), None],
        "past_only": ["array-like", None],
        "target_transformer": [HasMethods(["fit", "transform"]), None],
        "season": [StrOptions({"auto", DEFAULT}), Interval(Integral, 2, MOST_STEPS, closed="both"), None],
        "baseline": [StrOptions({"auto", DEFAULT, *KINDS}), HasMethods(["fit", "predict"]), None],
        "baseline_weight": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "trust": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "log": ["boolean", StrOptions({"auto", DEFAULT}), None],
        "intervals": [StrOptions(set(CALIBRATED)), None],
        "calibration_size": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "drop_incomplete": ["boolean", StrOptions({"auto"})],
        "dtype": WindowTransformer._parameter_constraints["dtype"],
        "clip_recursion": ["boolean"],
        "pooling": [StrOptions({GLOBAL, LOCAL})],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        regressor=None,
        *,
        window_length="auto",
        strategy="auto",
        steps=None,
        past_only=None,
        target_transformer=None,
        season="default",
        log="default",
        baseline="default",
        baseline_weight="auto",
        trust="auto",
        intervals=None,
        calibration_size=0.2,
        drop_incomplete="auto",
        dtype=None,
        clip_recursion=True,
        pooling="global",
        n_jobs=None,
        verbose=False,
    ):
        self.regressor = regressor
        self.window_length = window_length
        self.strategy = strategy
        self.steps = steps
        self.past_only = past_only
        self.target_transformer = target_transformer
        self.season = season
        self.log = log
        self.baseline = baseline
        self.baseline_weight = baseline_weight
        self.trust = trust
        self.intervals = intervals
        self.calibration_size = calibration_size
        self.drop_incomplete = drop_incomplete
        self.dtype = dtype
        self.clip_recursion = clip_recursion
        self.pooling = pooling
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _state_codec(self):
        """Return what reads and writes the attributes; imported when it is needed, as it knows this class."""
        from sklstm._forecasting.state_kinds import STATE_CODEC

        return STATE_CODEC

    def set_params(self, **params):
        """Set parameters of the forecaster; `regressor__name` sets one of its regressor.

        Parameters
        ----------
        params : dict
            Values by name.

        Returns
        -------
        self : Forecaster

        Examples
        --------
        >>> from sklstm import Forecaster
        >>> Forecaster(steps=6).set_params(steps=12, trust=0).get_params()["steps"]
        12
        """
        nested = [name for name in params if name.startswith("regressor__")]
        if nested and self.regressor is None and "regressor" not in params:
            raise ValueError(
                f"{nested[0]} cannot be set, as regressor is None. Pass the default regressor, which has parameters: "
                "Forecaster(default_regressor()), with `from sklstm import default_regressor`."
            )
        return super().set_params(**params)

    # ---- training

    def _validate_params(self):
        check_past_only(self.past_only)
        super()._validate_params()

    @_fit_context(prefer_skip_nested_validation=False)
    @with_default_error_state
    @raises_interrupts
    def fit(self, X, y=None, sample_weight=None):
        """Train on the series `y`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns) or None
            Exogenous variables: numeric columns at the same rows as `y`. They must be known in advance and without
            NaN unless `past_only` names them. None, a frame without columns and an array of shape (n_rows, 0) all
            mean that there are none.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series in time order. Several targets, one per column, are forecast together. NaN is a missing value.
            The index of a Series or DataFrame gives the times: a DatetimeIndex or PeriodIndex without gaps, or whole
            numbers. An index with two levels, series and time, makes a panel. In a table of polars or pyarrow, a single
            column of dates or timestamps gives the times; all results are pandas.
        sample_weight : array-like of shape (n_rows,), default=None
            Weight of each row as a *target*, aligned by its index if it has one. A row with weight 0 is never a target,
            but remains in the windows. Rows that one sample predicts together get the smallest of their weights.

        Returns
        -------
        self : Forecaster
            The fitted forecaster.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an input is not as described. Inputs are checked before any training. If `fit` fails, the
            forecaster stays as it was.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), steps=12).fit(None, passengers)  # no exogenous variables
        >>> forecaster.strategy_
        'multioutput'
        """
        return call_with_log(lambda log: self._fit_tables(log, X, y, sample_weight), self, has_parts=True)

    def _fit_tables(self, log, *tables):
        """Train, and set the fitted attributes; return the forecaster."""
        attributes, tasks = self._trained(self, log, *tables)

        def finish():
            tasks.end_fit()
            self._forget_unfinished()

        return set_at_once(self, attributes, finish)

    @on_plain_copy
    def _trained(self, original, log, *tables):
        """Check everything and train; return the fitted attributes, and the tasks of the fit, which go on."""
        check_parts(self)
        X, y = as_numbers(tables[0], "X", reads_times=True), as_numbers(tables[1], "y", reads_times=True)
        data = read_training(self, X, y, tables[2])
        proper = check_settings(self, data)
        check_leaks(data, X, window_length_of(self, data), strategy_of(self, data).n_ahead)
        warn_of_column(self, y)
        tasks = begin_tasks(self, original, data, *tables)
        check_is_followed(self, data, log)
        log.begin_fit(lambda: table_checksums(X=X, y=y, sample_weight=data.weight))
        fitted = train(self, data, proper, X, y, tasks)
        n_features = len(data.spec.columns)
        attributes = fitted.attributes | {
            "n_features_in_": n_features,
            NAMES: vars(self).get(NAMES) if n_features else None,  # else of an earlier fit
            "_fitted": fitted,
            "_in_sample": InSample(fitted),
            "_history": {key: History.from_series(part) for key, part in data.series.items()},
        }
        return attributes, tasks

    def resume(self, X, y=None, sample_weight=None):
        """Finish a `fit` that was killed, from its last checkpoint.

        The forecaster is one that `load_checkpoint` returns. Networks that were trained are taken over, the one in
        training is continued, and all else is computed again, which takes little time. The result has the same bits as
        that of a fit that was never killed. Set a `Checkpoint` on the forecaster again if this fit may be killed too.

        Parameters
        ----------
        X, y, sample_weight
            The same as in the `fit` that was killed. Their checksums are compared.

        Returns
        -------
        self : Forecaster
            The fitted forecaster.

        Raises
        ------
        ValueError
            If the forecaster was not loaded from a checkpoint, if its parameters were changed since (only `verbose` may
            be), or if the data differ. Also as for `fit`.

        Examples
        --------
        >>> import pytest, tempfile
        >>> callbacks = pytest.importorskip("sklearn.callback")
        >>> from pathlib import Path
        >>> from sklstm import Checkpoint, Forecaster, load_checkpoint
        >>> from sklstm.datasets import load_airline
        >>> path = Path(tempfile.mkdtemp()) / "fit.npz"
        >>> forecaster = Forecaster(steps=12).set_callbacks(Checkpoint(path)).fit(None, load_airline())

        If this process had been killed, another one would continue:

        >>> resumed = load_checkpoint(path).resume(None, load_airline())
        >>> bool((resumed.forecast(12) == forecaster.forecast(12)).all())
        True
        """
        return self._resume(lambda: self.fit(X, y, sample_weight))

    # ---- forecasts

    @with_default_error_state
    @on_snapshot
    def predict(self, X):
        """Forecast the rows of `X`, which follow the history.

        If the index of `X` is that of training rows, `predict` returns in-sample forecasts one step ahead:
        `fitted_values_`. So training and test scores have different horizons.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The exogenous variables of the rows to forecast. If there are none, pass a frame that has only the index, or
            an array of shape (n_rows, 0). The values of `past_only` variables are not used.

            The rows of an array follow the history directly. A frame may skip rows after the history if no exogenous
            variable is known in advance: then the skipped rows are forecast too. More skipped rows than the history
            has cause a warning, and more than ten times as many an error.

            Training rows may be in any order, and their variables known in advance must have the values that they had
            in training.
            If the training index counts rows from 0, `X` is taken for training rows only if it has all of them,
            because such numbers say nothing about time.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets)
            Forecasts in the order of the rows of `X`. Training rows that are NaN in `fitted_values_`, such as the first
            ones, get the newest value before them here or, if there is none, the mean of their series.

        Raises
        ------
        ValueError
            If the rows do not follow the history, if some but not all of them were trained on (rows of `update` were
            not), if columns are missing or extra, or if the strategy cannot forecast so many steps.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), window_length=13).fit(None, passengers[:-12])
        >>> forecaster.predict(passengers[-12:].to_frame()[[]]).shape  # the times of the last year, without any columns
        (12,)
        """
        check_fitted(self, "_fitted")
        return self._predictions(self._read_rows(X))

    def _read_rows(self, X, *, has_truth=False):
        """Return the rows that `predict` is asked for, by key; see `read_rows`."""
        if isinstance(self._in_sample, Forgotten):
            check_not_forgotten(self._history, X)
        return read_rows(self, self._fitted.data, self._history, X, has_truth=has_truth)

    def _predictions(self, asked):
        """Return what `predict` does for the rows that are asked for, by key."""
        forecasts = np.empty((sum(len(part.rows) for part in asked.values()), self._fitted.data.spec.n_targets))
        for key, values in self._forecast_rows(asked).items():
            forecasts[asked[key].rows] = values
        return forecasts[:, 0] if self._output_format.y_ndim == 1 else forecasts

    def _forecast_rows(self, asked):
        """Forecast the rows of each series, (n_rows, n_targets) by key; series with equally many in one batch."""
        if not all(isinstance(part, FutureRows) for part in asked.values()):
            return {key: self._in_sample.filled(key)[part.positions] for key, part in asked.items()}
        check_gaps(self._history, asked)
        found = {}
        for steps in {future.steps for future in asked.values()}:
            alike = {key: future for key, future in asked.items() if future.steps == steps}
            found |= self._forecast_next(self._fitted, self._history, alike, steps)
        check_forecasts(self, self._fitted, self._history, found)
        return {key: found[key][future.n_skipped :, :, 0] for key, future in asked.items()}

    def _forecast_next(self, fitted, histories, futures, steps, coverages=()):
        """Forecast the rows after some histories, (steps, n_targets, 1 + 2 n_coverages) by key."""
        forecasts = fitted.forecast(*self._starts(fitted, histories, futures, steps), steps, coverages)
        return {key: values[0] for key, values in forecasts.items()}

    def _starts(self, fitted, histories, futures, steps):
        """Return histories with their futures, and the origin at the end of each."""
        series = {key: histories[key].with_future(future.known) for key, future in futures.items()}
        fitted.check_known_columns(futures, steps)
        return series, {key: np.array([len(history)]) for key, history in series.items()}

    @with_default_error_state
    @on_snapshot
    def forecast(self, steps, X_future=None, *, history=None, coverage=None):
        """Forecast the next `steps` rows, as a Series or DataFrame.

        Parameters
        ----------
        steps : int
            Number of rows to forecast, at most 1 000 000.
        X_future : array-like of shape (n_rows, n_columns), default=None
            The exogenous variables known in advance of these rows, if there are any. It may have more rows, and
            `past_only` variables may be left out. A forecaster with the parameter `steps` needs that many rows
            or, for a longer forecast, a multiple, unless `strategy` is "recursive".
        history : Series, DataFrame, array or tuple (X, y), default=None
            Rows to forecast from instead of those of `fit` and `update`: `y`, or (X, y) with exogenous variables. They
            may be of a series that was not trained on. After a fit on a panel, they may also be a single series,
            without the series level in the index. If their level or size is far from that of the training rows, they
            are scaled by their own values. Rows with another step than those of `fit`, such as days after months,
            warn.
        coverage : float or list of float, default=None
            Coverage of the intervals, between 0 and 1: the share of truths that they should contain. None
            computes no intervals.

        Returns
        -------
        forecast : Series or DataFrame
            With the continued index (both levels for a panel), and one column for each of several targets. With
            `coverage`, a DataFrame with the columns "forecast", "lower_90", "upper_90", …; with several targets, the
            first level of the columns has their names.

        Raises
        ------
        ValueError
            As for `predict`. Also if `coverage` is given, but the forecaster computes no intervals or has too few
            errors for them.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), window_length=13, intervals="conformal").fit(None, passengers)
        >>> forecaster.forecast(2).index.strftime("%Y-%m").tolist()
        ['1961-01', '1961-02']
        >>> forecaster.forecast(2, coverage=0.8).columns.tolist()
        ['forecast', 'lower_80', 'upper_80']
        """
        check_fitted(self, "_fitted")
        steps, coverages = check_steps(steps), () if coverage is None else check_coverage(coverage)
        fitted, histories, futures, output_format = self._read_request(steps, X_future, history)
        forecasts = self._forecast_next(fitted, histories, futures, steps, coverages)
        check_forecasts(self, fitted, histories, forecasts)
        index = output_format.join(forecast_indexes(histories, steps, X_future))
        return output_format.to_frame(np.concatenate(list(forecasts.values())), index, coverages)

    def _read_request(self, steps, X_future, history):
        """Read the arguments of `forecast`: return what forecasts, histories, their futures and the output format."""
        fitted, histories, output_format = self._fitted, self._history, self._output_format
        if history is not None:
            histories, output_format = read_history(self, fitted.data.spec, history)
        futures = read_future(self, fitted.data.spec.columns, histories, X_future, steps)
        if history is not None:
            fitted = fitted.for_histories(histories)
            fitted.check_logarithms(histories)
        return fitted, histories, futures, output_format

    @with_default_error_state
    @on_snapshot
    def components(self, steps, X_future=None, *, history=None):
        """Return the parts of which a forecast is the sum.

        Parameters
        ----------
        steps, X_future, history
            As for `forecast`.

        Returns
        -------
        components : DataFrame
            With the index of the forecast and four columns in the units of `y`: "baseline", "correction" (what the
            regressor adds), "season", and "forecast", their sum. With several targets, the first level of the columns
            has their names. If a logarithm was taken, the season is the forecast minus that without season. Without a
            baseline, the baseline is 0, and the correction is all that the regressor forecasts.

        Raises
        ------
        ValueError
            As for `forecast`.

        Examples
        --------
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(steps=12).fit(None, load_airline())
        >>> forecaster.components(12).columns.to_list()
        ['baseline', 'correction', 'season', 'forecast']
        """
        check_fitted(self, "_fitted")
        steps = check_steps(steps)
        fitted, histories, futures, output_format = self._read_request(steps, X_future, history)
        parts = fitted.components(*self._starts(fitted, histories, futures, steps), steps)
        check_forecasts(self, fitted, histories, parts)
        index = output_format.join(forecast_indexes(histories, steps, X_future))
        return output_format.to_columns(np.concatenate(list(parts.values())), index, COMPONENTS)

    @with_default_error_state
    @on_snapshot
    def seasonal_index(self):
        """Return the season that was taken off each training series, by position.

        Returns
        -------
        index : DataFrame
            One row for each position in the season. A value is what is left without the season, times "factor", plus
            "addend". The factor is 1 where no logarithm is taken, and the addend is 0 where one is. With several
            targets, the first level of the columns has their names. With a `target_transformer`, values are
            transformed.

            The index is named by the field of a date that tells the position: "month" and "quarter" count from 1,
            "hour" and "weekday" from 0 (Monday), as in pandas. It has two levels, "weekday" and the position in the
            day, if the week is taken off as well. Any other season counts "position" from 0, as do the seasons of
            series with seasons of several lengths (with pooling="local"). A panel has its series as first level.

        Raises
        ------
        ValueError
            If the forecaster takes no season off, or day and week off some series, and one season off others.

        See Also
        --------
        SeasonDisplay : Plot it.

        Examples
        --------
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(trust=0).fit(None, load_airline())
        >>> forecaster.seasonal_index()["factor"].loc[[1, 7, 11]].round(2)
        month
        1     0.92
        7     1.28
        11    0.81
        Name: factor, dtype: float64
        """
        check_fitted(self, "_fitted")
        return seasonal_index(self._fitted, self._history)

    @with_default_error_state
    @on_snapshot
    @validate_arguments(
        {
            "n_repeats": [Interval(Integral, 1, MOST_ITERATIONS, closed="both")],
            "random_state": ["random_state", np.random.Generator],
        }
    )
    def permutation_importance(self, X, y, *, steps, n_repeats=5, scoring="neg_mean_absolute_error", random_state=None):
        """Measure how much forecasts of held-out rows rely on each lag and column.

        From every origin in the rows, `steps` steps are forecast and scored. Then one input is shuffled among the
        origins, and they are forecast and scored again, all steps. The importance of the input is by how much the score
        decreases. An input is one row of one variable, seen from the origin: a lag of a target
        or of a past-only variable, or a step ahead of a variable that is known in advance. For an LSTMRegressor, which
        reads these in the past too, also their lags.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns) or None
            The exogenous variables of the rows in `y`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Rows that follow the history directly, as for `update`. They are not added to it. The more rows, the
            steadier the result.
        steps : int
            Number of rows to forecast from each origin.
        n_repeats : int, default=5
            How often each input is shuffled.
        scoring : str or callable, default="neg_mean_absolute_error"
            A scorer of scikit-learn or its name. It gets the truths and the forecasts of all origins and steps of one
            target; larger is better.
        random_state : int, RandomState, Generator or None, default=None
            Determines the permutations; all inputs get the same ones. Pass an int for reproducible results.

        Returns
        -------
        result : Bunch
            - `importances_mean` and `importances_std` : Series with one value for each input, the mean and the standard
              deviation over the repeats;
            - `importances` : DataFrame with one row for each input and one column for each repeat;
            - `score` : float, the score of the unchanged forecasts; a Series with one for each of several targets;
            - `scoring` : str, its name.

            The levels of the index are "variable", "kind" ("lag" or "step") and "number": lag 1 is the last row of the
            history, step 1 the first row after it. With several targets, the level "target" before them says whose
            score it is. A target without a name is called "y", and a column that has the name of a target gets " (X)"
            after it.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, if the rows do not follow the history, or if there are fewer than two
            origins in each series. Also if a series was not trained on.

        See Also
        --------
        ImportanceDisplay : Plot it.
        sklearn.inspection.permutation_importance : The same for rows of a table.

        Notes
        -----
        Targets are shuffled without their season: the value of another origin gets the season of its new place. In a
        panel, values are shuffled within each series, missing values like all others.

        As in any permutation importance, inputs that hold the same information share their importance, as neighbouring
        lags often do. A value from far away in time may be unlike its new neighbours. So on a series with a trend, the
        last lags look more important the longer the rows are. Rows before the window, which a theta baseline reads, are
        left as they are.

        Forecasts are made n_inputs · n_repeats times from each origin.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, passengers[:-36])
        >>> result = forecaster.permutation_importance(None, passengers[-36:], steps=6, random_state=0)

        The values one year before the six months that are forecast count most. Seen from the origin, they are the lags
        7 to 12:

        >>> sorted(result.importances_mean["passengers", "lag"].nlargest(6).index)
        [7, 8, 9, 10, 11, 12]
        """
        from sklstm._forecasting.importance import check_steps_ahead, importances

        check_fitted(self, "_fitted")
        fitted, steps = self._fitted, check_steps(steps)
        check_steps_ahead(fitted, steps)
        new = read_new_rows(self, fitted.data.spec, X, y)
        options = {"scoring": scoring, "random_state": random_state}
        return importances(fitted, self._history, new, steps, int(n_repeats), **options)

    @with_default_error_state
    @on_snapshot
    def future_index(self, steps, *, history=None):
        """Return the index of the next `steps` rows, which a forecast has and its `X_future` needs.

        Parameters
        ----------
        steps : int
            Number of rows.
        history : Series, DataFrame, array or tuple (X, y), default=None
            Rows to continue instead of those of `fit` and `update`, as for `forecast`. `y` is enough.

        Returns
        -------
        index : DatetimeIndex, PeriodIndex, RangeIndex or MultiIndex
            For a panel, it has both levels, and `steps` rows of each series after its own end.

        Raises
        ------
        ValueError
            If the history is too short to tell its frequency.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> def calendar(index):
        ...     return pd.DataFrame({"is_summer": index.month.isin([7, 8]) * 1.0}, index=index)
        >>> forecaster = Forecaster(Ridge()).fit(calendar(passengers.index), passengers)
        >>> forecaster.future_index(2)
        DatetimeIndex(['1961-01-01', '1961-02-01'], dtype='datetime64[...]', name='month', freq='MS')
        >>> forecaster.forecast(2, calendar(forecaster.future_index(2))).round()
        month
        1961-01-01    458.0
        1961-02-01    412.0
        Freq: MS, Name: passengers, dtype: float64
        """
        check_fitted(self, "_fitted")
        steps = check_steps(steps)
        histories, output_format = self._history, self._output_format
        if history is not None:
            histories, output_format = read_history(self, self._fitted.data.spec, history, reads_columns=False)
        return output_format.join(future_indexes(histories, steps))

    # ---- what is known

    @property
    def _output_format(self):
        """Names and dimensions of the targets."""
        return self._fitted.data.spec.output_format

    @property
    @with_default_error_state
    @on_snapshot
    def history_(self):
        """All rows known so far, as pandas: those of `fit` and of `update`. After `compact`, those that are kept.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge()).fit(None, passengers[:-12]).update(None, passengers[-12:])
        >>> forecaster.history_.shape
        (144,)
        """
        check_fitted(self, "_fitted")
        return self._targets_of({key: part.whole for key, part in self._history.items()})

    @property
    @with_default_error_state
    @on_snapshot
    def fitted_values_(self):
        """In-sample forecasts of the training rows, one step ahead, as pandas. `update` does not change them.

        They are NaN where the regressor cannot read the window, as before the first whole one.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> fitted = Forecaster(Ridge(), window_length=12).fit(None, load_airline()).fitted_values_
        >>> fitted.shape, int(fitted.isna().sum())
        ((144,), 12)
        """
        check_fitted(self, "_fitted")
        return self._output_format.rows_to_pandas(self._fitted.data.series, self._in_sample.forecasts)

    @property
    @with_default_error_state
    @on_snapshot
    def residuals_(self):
        """Training rows minus `fitted_values_`, in the units of `y`.

        These errors are in-sample and one step ahead, so they are smaller than those of most forecasts.
        `ResidualsDisplay` draws them.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> residuals = Forecaster(Ridge(), window_length=12).fit(None, load_airline()).residuals_
        >>> bool(residuals.abs().mean() < 20)  # thousand passengers
        True
        """
        check_fitted(self, "_fitted")
        fitted_values = self.fitted_values_
        return self._targets_of(self._fitted.data.series) - fitted_values

    def _targets_of(self, series):
        """Convert the targets of series, by key, to pandas."""
        return self._output_format.rows_to_pandas(series, {key: part.y for key, part in series.items()})

    @with_default_error_state
    @raises_interrupts
    def update(self, X, y=None, train=False, *, learning_rate_init=None):
        """Add newly observed rows to the history; later forecasts start after them.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns) or None
            The exogenous variables of the new rows, as for `fit`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The new rows, as for `fit`. They follow the history directly. In a panel, they may be of any of the
            series, and of new ones.
        train : bool, default=False
            Whether to train further, with `partial_fit` of the regressors, on the windows whose targets are new. An
            LSTMRegressor makes five passes over these windows, each time with fifteen older windows for each new one,
            at a learning rate that decreases towards zero. Any other regressor makes one pass over the new windows
            alone. The scaling of the series, the target transformer and the intervals stay as `fit` made them.
        learning_rate_init : float, default=None
            Initial learning rate of an LSTMRegressor for this training. None is a tenth of its `learning_rate_init`,
            which did no harm on real series. A higher rate adapts faster if the series has changed.

        Returns
        -------
        self : Forecaster
            The forecaster with the longer history.

        Raises
        ------
        ValueError, TypeError
            If the rows do not follow the history directly or are not as those of `fit`, or if a regressor has no
            `partial_fit`. The forecaster then stays as it was.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecaster = Forecaster(Ridge(), window_length=13).fit(None, passengers[:-12])
        >>> forecaster.update(None, passengers[-12:]).forecast(1).index[0]  # after the new rows
        Timestamp('1961-01-01 00:00:00')
        """
        return set_at_once(self, self._updated(X, y, train, learning_rate_init))

    @on_snapshot
    def _updated(self, X, y, train, learning_rate_init):
        """Return the attributes after an update."""
        check_fitted(self, "_fitted")
        train = check_flag(train, "train")
        if learning_rate_init is not None:
            learning_rate_init = check_learning_rate(
                learning_rate_init, train, self.regressors_ or [regressor_to_clone(self)]
            )
        new = read_new_rows(self, self._fitted.data.spec, X, y)
        self._fitted.check_series(new)
        check_follows(self._history, new)
        self._fitted.check_logarithms(new)
        history = {**self._history}
        for key, part in new.items():
            history[key] = history[key].followed_by(part) if key in history else History.from_series(part)
        if train and isinstance(self._in_sample, Forgotten):
            self._in_sample.refuse("update(train=True) also trains on older windows, from the training rows")
        if train:
            n_new = {key: len(part) for key, part in new.items()}
            fitted = train_models_further(self._fitted, history, n_new, learning_rate_init)
        else:
            fitted = self._fitted.followed_by({key: history[key] for key in new})
        return {"_fitted": fitted, "_history": history, "regressors_": fitted.regressors}

    @with_default_error_state
    @raises_interrupts
    def compact(self):
        """Remove the training rows, but for the last ones that forecasts read. So a file becomes small.

        What remains forecasts as before: `forecast`, `predict` of later rows, `components`, intervals and `update` give
        the same numbers. `history_` then has the rows that are kept: the last `window_length` rows of each series, and
        later those that `update` adds. Call it again after many updates. The size of a file no longer depends on the
        number of training rows; intervals keep at most 10 000 calibration rows of each series, the latest.

        `fitted_values_`, `residuals_`, `predict` of training rows and `update(train=True)` need the rows that are gone,
        and raise an error from now on. To keep them as well, call it on a copy: `copy.deepcopy(forecaster).compact()`.

        Returns
        -------
        self : Forecaster
            The forecaster without most of its rows.

        Raises
        ------
        NotFittedError
            If it is not fitted.

        Notes
        -----
        If there were more calibration rows than are kept, intervals come from the errors of the latest ones.
        A regressor that keeps its samples, such as KNeighborsRegressor, still does. Series that `update` has added
        after the fit keep all their rows.

        Examples
        --------
        >>> import pickle
        >>> import numpy as np
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> forecaster = Forecaster(Ridge()).fit(None, np.sin(np.arange(100_000.0)))
        >>> before, forecast = len(pickle.dumps(forecaster)), forecaster.forecast(3)
        >>> bool((forecaster.compact().forecast(3) == forecast).all())
        True
        >>> before > 800_000, len(pickle.dumps(forecaster)) < 10_000
        (True, True)
        """
        return set_at_once(self, self._compacted())

    @on_snapshot
    def _compacted(self):
        """Return the attributes without most rows."""
        check_fitted(self, "_fitted")
        fitted = self._fitted.compact()
        history = {key: fitted.compact_history(key, part) for key, part in self._history.items()}
        return {"_fitted": fitted, "_in_sample": Forgotten(), "_history": history}

    @with_default_error_state
    @on_snapshot
    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R² of `predict(X)`.

        Rows after the history are scored by the forecasts that start at its end, so they are 1, 2, 3, … steps ahead.
        Training rows are scored by in-sample forecasts, each one step ahead from the rows before it: `fitted_values_`.
        So a training score (`return_train_score=True`, `learning_curve`) has another horizon than a test score.

        Parameters
        ----------
        X : array-like
            As for `predict`. If it has no index, its rows are training rows if the index of `y` says so or, if `y` has
            none either, if both have the values of all training rows.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The truth, aligned with `X` by index and column names if they have them. Rows with NaN are left out,
            and so are those of series that cannot be forecast.
        sample_weight : array-like of shape (n_rows,), default=None
            Weight of each row, aligned by its index if it has one.

        Returns
        -------
        score : float
            1 for perfect forecasts, 0 for forecasts as good as the mean of `y`. Worse ones are negative.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError, TypeError
            As for `predict`. Also if `y` or `sample_weight` do not have the rows of `X`, or a weight is negative.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> train, test = passengers[:-12], passengers[-12:]
        >>> forecaster = Forecaster(Ridge(), window_length=13).fit(None, train)
        >>> forecaster.score(test.to_frame()[[]], test) > 0.9  # R² of forecasts of a year, made at its beginning
        True
        """
        check_fitted(self, "_fitted")
        data, history = self._fitted.data, self._history
        rows = None if isinstance(self._in_sample, Forgotten) else find_training_rows(self, data, X, y)
        truth, weight = read_truth(data.spec, history, X, y, sample_weight, rows is not None)
        # `_predictions` warns of series that cannot be forecast
        forecasts = self._predictions(self._read_rows(X, has_truth=True) if rows is None else rows)
        check_same_length(X=forecasts, y=truth)
        known = ~np.isnan(np.c_[truth.reshape(len(truth), -1), forecasts.reshape(len(truth), -1)]).any(axis=1)
        if not known.any():
            raise ValueError(
                f"There is nothing to score: none of {len(truth)} rows has both a value in y and a forecast."
            )
        return r2(truth[known], forecasts[known], None if weight is None else weight[known])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        learnt = [regressor_to_clone(self), *([self.baseline] if is_learnt(part_of(self, "baseline")) else [])]
        # NaN in columns known in advance; an LSTM would skip the whole step, targets included
        tags.input_tags.allow_nan = all(accepts_nan(part) and not lstm_prefixes(part) for part in learnt)
        tags.target_tags.multi_output = all(map(takes_several, learnt))
        tags.target_tags.positive_only = self.target_transformer is None and any(map(needs_nonnegative, learnt))
        tags.regressor_tags.poor_score = has_poor_score(learnt[0])
        tags.non_deterministic = any(map(is_random, learnt))
        return tags
