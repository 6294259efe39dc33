"""The forecaster: series in, their future out."""

import warnings
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._estimator.channel_names import ChannelNames, use_channel_names
from sklstm._estimator.settings import quantile_levels
from sklstm._estimator.window_transformer import WindowTransformer
from sklstm._forecasting.batch_forecaster import BatchForecaster
from sklstm._forecasting.calibration import Errors, calibration_split, check_coverage, check_tail
from sklstm._forecasting.default_regressor import default_regressor, is_default
from sklstm._forecasting.intervals import CALIBRATED, Bootstrap, Conformal, Levels
from sklstm._forecasting.metrics import seasonal_naive
from sklstm._forecasting.regressor_input import (
    accepts_nan,
    check_regressor,
    lstm_prefixes,
    needs_counts,
    reads_by_channel,
)
from sklstm._forecasting.series import (
    History,
    TrainingRows,
    check_follows,
    check_leaks,
    known_names,
    past_names,
    place_of,
    read_future,
    read_history,
    read_more,
    read_rows,
    read_training,
    read_truth,
    read_weights,
    rows_of,
)
from sklstm._forecasting.strategies import STRATEGIES, RegressorSet, make_strategy
from sklstm._forecasting.target_scaling import TargetScaler, check_transformer
from sklstm._forecasting.window_builder import WindowBuilder
from sklstm._forecasting.window_regressor import why_no_partial_fit
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._utils.callbacks import CallbackSupportMixin, announced, begin_fit, without_callbacks
from sklstm._utils.checks import check_steps, check_weights, restored_on_error
from sklstm._utils.magnitude import scaled_for_r2
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.python_numbers import plain, plain_parameters
from sklstm._utils.random import own_generator
from sklstm._utils.recursion_bounds import REACH, REACH_OF_DEFAULT
from sklstm._utils.user_warning import warn_user
from sklstm._utils.versioned import VersionedMixin

# With fewer, the default regressor repeats the last value: six rows of a series make five.
FEWEST_WINDOWS = 5


LONGEST_GAP = 10  # in lengths of the history: learning curves leave out up to nine tenths of the rows before a test


class Forecaster(CallbackSupportMixin, MetaEstimatorMixin, RegressorMixin, VersionedMixin, BaseEstimator):
    """Forecast a series, or a panel of them, with an LSTM or any other scikit-learn regressor.

    It cuts windows, keeps what is not known yet out of them, and continues the index. The rows that
    `predict` is asked for follow those of `fit`, so scikit-learn's own tools, with `TimeSeriesSplit`,
    score true forecasts several steps ahead.

    Parameters
    ----------
    regressor : estimator, default=None
        What predicts a value from the window before it; it is cloned. An `LSTMRegressor` reads windows as
        sequences. So does one inside of something else (a Pipeline, a BaggingRegressor), which gets them
        flattened; `n_channels` and, if it is None, `n_targets` are set for it. Any other regressor reads
        spec as columns. None is an LSTMRegressor with settings that did well on many real series: see Notes,
        from which one also starts to tune it.
    window_length : int, default=24
        Rows that a forecast looks back: long enough to see what repeats (two years of months, say).
    strategy : {"recursive", "multioutput", "direct"}, default="recursive"
        How to get several steps ahead: a model of one step whose forecasts are fed back; one model for all
        `steps` at once, if it takes several outputs; or a clone for each of the `steps`. The last two
        reach `steps` ahead and no further, train on fewer targets, and may use `past_only` columns.
    steps : int, default=None
        How many steps are predicted at once. Needed by "multioutput" and "direct".
    past_only : list of str or int, default=None
        Columns of `X` that are *not* known in advance (a temperature that was measured), by name or, for
        arrays, by position. All others are: a calendar, a price that is set. With "recursive" they
        allow one step ahead only, as there is nothing to feed back.
    target_transformer : transformer, default=None
        Applied to `y` before anything else and undone on forecasts, with scikit-learn's `transform` and
        `inverse_transform`: `FunctionTransformer(np.log1p, np.expm1)`, `PowerTransformer()`. Of panels
        it is one for all series. For intervals it must be monotone, each target by itself.
    intervals : {"conformal", "bootstrap"}, default=None
        Whether `forecast` can give intervals, from the errors made on a tail of the rows by a model
        trained on the rows before it; then all rows are trained on. "conformal" is as wide as the errors of the
        same step were; "bootstrap" draws paths along which one-step errors (less their mean) are added and
        fed back, by the regressor's `random_state`, or 0 where it has none. Costs a second fit.
    calibration_size : float or int, default=0.2
        Share, or number, of the rows (of panels, of the time stamps) in that tail. An interval with
        coverage c takes c / (1 - c) errors of each step at least ("bootstrap" (1 + c) / (1 - c)); many more
        make it steadier.
    drop_incomplete : bool or "auto", default="auto"
        Whether windows in which a step is missing, above all those that reach back before the first row,
        are left out of training. "auto" leaves them out unless the regressor accepts NaN. The number of
        windows left out is `n_dropped_`.
    dtype : {"float32", "float64"} or numpy dtype, default=None
        Precision of the windows. None is float32 for an LSTMRegressor, after the mean of each series was
        taken off in float64 and, in a panel, each was divided by its own width (so that small series count as
        much as large ones); and float64, without either, for all others.
    clip_recursion : bool, default=True
        Whether forecasts that are fed back ("recursive") are held where they run away: beyond the range of
        the training rows and the window by more than three times that range, and by more than three times what
        the straight line through them brings. Then a warning names the step. Known columns that leave their own
        range widen this; one that leaps further than ever before widens it more. See Notes for the default regressor.
    verbose : bool or int, default=False
        Whether to print how `fit` goes: which fit of how many begins, where there are several, and the epochs of
        any LSTMRegressor in it whose own `verbose` is False. A number n prints every nth epoch.

    Attributes
    ----------
    regressors_ : list of estimator
        The fitted clones: one, or with "direct" one for each step.
    n_dropped_ : int
        Windows left out of training as something that they read is missing.
    history_ : Series or DataFrame
        The series as known so far.
    fitted_values_ : Series or DataFrame
        Forecasts one step ahead of the training rows, in sample; NaN where the window could not be read.
    residuals_ : Series or DataFrame
        Training rows less `fitted_values_`.
    n_features_in_ : int
        Number of columns of `X`; 0 without.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Their names, where `X` was a DataFrame with such names.

    See Also
    --------
    LSTMRegressor : Reads the windows by default.
    backtest : Forecasts from many origins, and how good they were.
    split_panel : Folds of a panel by time.

    Notes
    -----
    In the window before row o, step s (o - window_length … o - 1) carries the targets of row s, the
    known columns of row s + 1 (with "multioutput" and "direct" those of s + 1 … s + steps), and the past-only
    columns of row s. So the last step carries the known columns of the rows that are predicted. For other
    regressors than LSTMs the columns are the targets and past-only columns of all steps, oldest first,
    and then the known columns of the rows that are predicted.

    A row whose `y` is NaN is an observation that is missing: it is not trained on, and where it is in a
    window it is passed over (regressors that accept no NaN do without the window, and a warning tells how
    many). For an LSTM, a row of several targets is missing if one of them is.

    The default regressor is `default_regressor()`, whose forecasts are medians. It looks back over half of the
    (longest) series at most; with fewer than five windows it repeats the last value, and a warning says so. Its
    recursion is held without a warning, and closer: it leaves the range by no more than that range, or by what
    the straight line through the training rows brings. A constant stays constant.

    The rows of arrays follow each other, and so those to predict follow the history directly, even if a
    splitter left a gap. A scaler in front of a Forecaster makes arrays of frames: put it into `regressor`.

    Intervals hold for each step by itself, not for all of them together, and on average over origins, as
    long as errors to come are like those of the tail. Without `intervals`, an LSTMRegressor with
    `loss="quantile"` under "multioutput" or "direct" gives its own.

    A panel, whose index has two levels (series, time), is learnt by one model. Errors that make intervals
    are taken relative to the mean absolute change of each series.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklstm import Forecaster
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline()
    >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, passengers)
    >>> forecaster.forecast(2).round()
    month
    1961-01-01    465.0
    1961-02-01    429.0
    Freq: MS, Name: passengers, dtype: float64

    Twelve months ahead, at the ends of four training sets:

    >>> rows = passengers.to_frame()[[]]  # the index, without any columns
    >>> cross_val_score(forecaster, rows, passengers, cv=TimeSeriesSplit(4, test_size=12)).round(2)
    array([0.96, 0.6 , 0.91, 0.94])
    """

    _parameter_constraints: dict = {
        "regressor": [HasMethods(["fit"]), None],
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions(set(STRATEGIES))],
        "steps": [Interval(Integral, 1, None, closed="left"), None],
        "past_only": ["array-like", None],
        "target_transformer": [HasMethods(["fit", "transform"]), None],
        "intervals": [StrOptions(set(CALIBRATED)), None],
        "calibration_size": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "drop_incomplete": ["boolean", StrOptions({"auto"})],
        "dtype": WindowTransformer._parameter_constraints["dtype"],
        "clip_recursion": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        regressor=None,
        *,
        window_length=24,
        strategy="recursive",
        steps=None,
        past_only=None,
        target_transformer=None,
        intervals=None,
        calibration_size=0.2,
        drop_incomplete="auto",
        dtype=None,
        clip_recursion=True,
        verbose=False,
    ):
        self.regressor = regressor
        self.window_length = window_length
        self.strategy = strategy
        self.steps = steps
        self.past_only = past_only
        self.target_transformer = target_transformer
        self.intervals = intervals
        self.calibration_size = calibration_size
        self.drop_incomplete = drop_incomplete
        self.dtype = dtype
        self.clip_recursion = clip_recursion
        self.verbose = verbose

    def set_params(self, **params):
        """Set parameters of the forecaster, and of its regressor as `regressor__name`.

        Parameters
        ----------
        params : dict
            By name.

        Returns
        -------
        self : Forecaster
        """
        nested = [name for name in params if name.startswith("regressor__")]
        if nested and self.regressor is None and "regressor" not in params:
            raise ValueError(
                f"{nested[0]} cannot be set, as regressor is None. Name the default one, which has parameters: "
                "Forecaster(default_regressor()), with `from sklstm import default_regressor`."
            )
        return super().set_params(**params)

    # ---- training

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None):
        """Learn to continue the series `y`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns) or None
            Columns beside `y` at the same rows, numeric and, unless `past_only` names them, known in advance and
            without NaN. None, a frame without columns or an (n_rows, 0) array for a series by itself.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series in the order of time, or several that are forecast together; NaN where an
            observation is missing. The index of a Series or DataFrame tells the times: a DatetimeIndex
            or PeriodIndex without gaps, or whole numbers. Two levels, series and time, make a panel.
        sample_weight : array-like of shape (n_rows,), default=None
            How much the *target* at each row counts, by its index where it has one; 0 leaves it out of
            what is learnt, not out of the windows. Several targets at once count as the least of them.

        Returns
        -------
        self : Forecaster
            Fitted.

        Raises
        ------
        ValueError, TypeError
            Before anything is computed, where a parameter or an input is not as described. An earlier fit
            stays as it was.
        """
        n_parts = self._strategy().n_regressors + (self.intervals is not None)
        tasks = announced(begin_fit(self, n_parts, X, y, sample_weight), n_parts, self.verbose)
        with plain_parameters(self), restored_on_error(self):
            self._check_parts()
            X, y = as_numbers(X, "X"), as_numbers(y, "y")
            series, self._output_format = read_training(self, X, y)
            weight = read_weights(sample_weight, X, y)
            self._check_settings(series)
            if self.intervals is not None:
                self._check_head(X, y, weight, series)
            check_leaks(self, X, series, self._output_format, self._strategy().n_ahead)
            self._learn(series, weight, tasks)
            self._batch_forecaster = replace(
                self._batch_forecaster, intervals=self._make_intervals(X, y, weight, tasks)
            )
            self._values_made_by, self._fitted_values = self._batch_forecaster, None
            tasks.end_fit()
        return self

    def _check_parts(self):
        """Whether the estimators inside are of the kinds that they have to be."""
        check_regressor(self._template())
        if isinstance(self.regressor, Forecaster):
            raise TypeError("regressor must predict a value from a window, got a Forecaster: give its regressor.")
        check_transformer(self.target_transformer)

    def _check_settings(self, series):
        """Whether the parameters go together, and with the series."""
        template = self._template()
        if self.drop_incomplete is False and not accepts_nan(template):
            raise ValueError(
                f"drop_incomplete=False keeps windows with missing steps, but {type(template).__name__} accepts no "
                "NaN, as far as its tags tell."
            )
        if self.intervals is not None:
            self._check_heads(max(calibration_split(series, self.calibration_size).values()), template)

    def _check_heads(self, longest, template):
        """Whether the rows before the tail are enough for a window, where it must be complete."""
        if longest <= self.window_length and not self._keeps_incomplete(template):
            raise ValueError(
                f"intervals={self.intervals!r} with calibration_size={self.calibration_size} leaves {longest} rows to "
                f"train on before the tail, but window_length={self.window_length} takes "
                f"{self.window_length + 1} at least. Choose a smaller calibration_size or window_length, or give more "
                "rows."
            )

    def _keeps_incomplete(self, template):
        """Whether windows in which a step is missing are learnt from."""
        return accepts_nan(template) if self.drop_incomplete == "auto" else not self.drop_incomplete

    def _head_rows(self, series):
        """How many rows of each series come before the tail, by key, and where they are in the user's table."""
        head_rows = {key: n for key, n in calibration_split(series, self.calibration_size).items() if n}
        return head_rows, np.sort(np.concatenate([series[key].rows[:n] for key, n in head_rows.items()]))

    def _check_head(self, X, y, weight, series):
        """Whether the rows before the tail can be learnt from by themselves."""
        _, rows = self._head_rows(series)
        try:
            read_training(without_callbacks(clone(self)), rows_of(X, rows), rows_of(y, rows))
            check_weights(rows_of(weight, rows), rows)
        except ValueError as error:
            raise ValueError(
                f"intervals={self.intervals!r} with calibration_size={self.calibration_size} leaves {len(rows)} rows "
                f"before the tail, which cannot be learnt from: {error}"
            ) from error

    def _checked(self, X, y, weight, steps, coverages):
        """What `fit` would read of some rows, if it can learn from them what is asked for."""
        self._validate_params()
        with plain_parameters(self):
            self._check_parts()
            series, output_format = read_training(self, X, y)
            self._check_settings(series)
            self._check_asked(series, steps, coverages)
        if weight is not None:
            check_weights(weight, y)
        return series, output_format

    def _check_asked(self, series, steps, coverages):
        """Whether, fitted on all of the series, it could forecast so many steps, with such intervals."""
        self._strategy().check_reach(steps, self.past_only if self._is_past.any() else None, was="is")
        if not coverages:
            return
        if self.intervals is not None:
            request = CALIBRATED[self.intervals].request(self._strategy(), steps, coverages)
            check_tail(series, self.calibration_size, request)
        elif self._strategy().gives_quantiles(self._template()):
            Levels(quantile_levels(self._template())).sides(coverages)
        else:
            raise ValueError(without_intervals(coverages))

    def _strategy(self):
        """The strategy that the parameters name."""
        return make_strategy(self.strategy, plain(self.steps))

    def _template(self):
        """The regressor that is cloned."""
        return default_regressor() if self.regressor is None else self.regressor

    def _learn(self, series, weight, tasks):
        """Train the regressors on all of the series, and remember them."""
        template, strategy = self._template(), self._strategy()
        n_targets, n_past = next(iter(series.values())).y.shape[1], int(self._is_past.sum())
        window_length, by_default = self.window_length, is_default(template)
        if by_default:  # or windows would be longer when forecasts are fed back than any that was learnt from
            window_length = min(window_length, max(1, max(map(len, series.values())) // 2))
        spec = WindowSpec(window_length, strategy.n_ahead, n_targets, self.n_features_in_ - n_past, n_past)
        dtype = np.dtype(self.dtype or ("float32" if lstm_prefixes(template) else "float64"))
        is_centred = dtype == np.float32 and not needs_counts(template)
        is_sized = is_centred and self._output_format.is_panel and bool(lstm_prefixes(template))
        scaler = TargetScaler.of(self.target_transformer, series, is_centred, is_sized)
        reads = {"reads_sequences": bool(lstm_prefixes(template)), "reads_by_channel": reads_by_channel(template)}
        builder = WindowBuilder(spec, scaler, dtype, self._keeps_incomplete(template), **reads)
        origins = {key: np.arange(1, len(part)) for key, part in series.items()}
        samples = builder.samples(series, origins, weight)
        self.n_dropped_ = sum(map(len, origins.values())) - len(samples)
        self._check_windows(samples, series, builder)
        repeats_last = by_default and len(samples) < FEWEST_WINDOWS
        if repeats_last:
            self._warn_of_few(len(samples))
        if strategy.feeds_back and self.clip_recursion:
            builder = builder.supporting(series, REACH_OF_DEFAULT if by_default else REACH)
        self._tells_of_hold, self._weight = not by_default, weight
        regressor_set = RegressorSet.from_template(template, spec, strategy, self.verbose)
        with use_channel_names(self._channels(spec)):
            regressor_set.fit(samples, tasks)
        self._batch_forecaster = BatchForecaster(builder, regressor_set, repeats_last=repeats_last)
        self.regressors_ = self._batch_forecaster.regressor_set.regressors
        self._training, self._history = series, {key: History.of(part) for key, part in series.items()}

    def _channels(self, spec):
        """What the user calls the channels of a window."""
        known, past = known_names(self), past_names(self)
        columns = [f"the column {name!r} of X" for name in [*known * spec.n_ahead, *past]]
        return ChannelNames([*self._output_format.targets(spec.n_targets), *columns], spec.n_targets)

    def _check_windows(self, samples, series, builder):
        """Complain if no window is left; tell of those lost to missing values, not of those at either end."""
        name, L = type(self._template()).__name__, builder.spec.window_length
        if not len(samples):
            longest = max(map(len, series.values()))
            whose = "the longest series" if self._output_format.is_panel else "y"
            if builder.keeps_incomplete:
                raise ValueError(
                    f"No window of window_length={L} can be learnt from: {whose} has {longest} rows, but no value that "
                    "is followed by another one, with its known columns. Give more rows."
                )
            raise ValueError(
                f"No window of window_length={L} can be learnt from: {self._complete_only(name)}, and {whose} has "
                f"{longest} rows, of which some may be NaN; {L + 1} in a row are needed. Choose a shorter "
                f"window_length, or {self._taking_incomplete(name)}."
            )
        n_at_ends = L - 1 + (builder.spec.n_ahead - 1 if builder.spec.n_known else 0)
        n_lost = self.n_dropped_ - sum(min(n_at_ends, len(part) - 1) for part in series.values())
        if n_lost > 0 and not builder.keeps_incomplete and self.drop_incomplete == "auto":
            warn_user(
                f"{n_lost} windows are left out, as a value is missing in them and {self._complete_only(name)}. "
                f"Others are learnt from too if you {self._taking_incomplete(name)}."
            )

    def _complete_only(self, name):
        """Why incomplete windows are left out: by the user's choice, or as the regressor takes none."""
        return "drop_incomplete=True" if self.drop_incomplete is True else f"{name} takes complete ones only"

    def _taking_incomplete(self, name):
        """What lets incomplete windows be learnt from."""
        if self.drop_incomplete is True and accepts_nan(self._template()):
            return "set drop_incomplete='auto'"
        if name == "Pipeline":
            return "make SimpleImputer() the first step of the pipeline"
        return (
            "choose LSTMRegressor() or HistGradientBoostingRegressor(), or impute inside of `regressor`: "
            f"Forecaster(make_pipeline(SimpleImputer(), {name}()))"
        )

    def _warn_of_few(self, n_windows):
        warn_user(
            f"There are {n_windows} windows to learn from, and the default regressor takes {FEWEST_WINDOWS} at least: "
            "forecasts repeat the last value. Give more rows, or choose a regressor."
        )

    def _make_intervals(self, X, y, weight, tasks):
        """What puts intervals around forecasts; None where nothing does."""
        template = self._template()
        if self.intervals is not None:
            errors = self._errors(X, y, weight, tasks)
            if self.intervals == "conformal":
                return Conformal(errors)
            state = getattr(clone(template), "random_state", None)  # of a clone: a generator is consumed
            generator = own_generator(0 if state is None else state)  # what has no seed draws the same each time
            return Bootstrap(errors, int(generator.integers(2**63)))
        if self._strategy().gives_quantiles(template):
            return Levels(quantile_levels(template))
        return None

    def _errors(self, X, y, weight, tasks):
        """Train on the head of each series, to see how far off the tail is forecast."""
        series, scaler = self._training, self._batch_forecaster.builder.scaler
        head_rows, rows = self._head_rows(series)
        head = without_callbacks(clone(self).set_params(intervals=None))  # they are told through `tasks`
        about = f"the {len(rows)} rows before the tail, for intervals"
        with tasks.part("fit-head", head, about), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit on all rows has warned
            head.fit(*(rows_of(part, rows) for part in (X, y, weight)))
        whole = {key: series[key] for key in head_rows}
        return Errors(head._batch_forecaster, whole, head_rows, scaler)

    # ---- answers

    def predict(self, X):
        """Forecast the rows of `X`, which follow the history.

        Rows that were trained on, as the index of `X` says, are answered with their forecasts one step ahead, in
        sample: `fitted_values_`. So training and test scores have different horizons.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The columns of the rows to forecast; without columns a frame of the index alone, or an
            (n_rows, 0) array. What `past_only` columns hold there is not used. The rows of arrays are
            taken to follow the history directly. Those of pandas may begin later: then the gap is
            forecast through, if there are no known columns (with a warning if it is longer than the history, and up
            to ten times its length). Or all are at times that were trained on, in any order,
            with the known columns that they had there. (Rows counted from 0 tell no times: they are taken for training
            rows only if they are all of them.)

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets)
            In the order of the rows of `X`. Training rows whose window could not be read, as the first ones, have
            no value in `fitted_values_`; here they have the newest value before them or, where there is none, the mean
            of their series.

        Raises
        ------
        ValueError
            If the rows do not follow the history (rows of `update` are history, and not trained on), if only some
            of them were trained on, if columns are missing or extra, or if more steps are asked for than the
            strategy reaches.
        """
        check_is_fitted(self)
        asked = read_rows(self, as_numbers(X, "X"))
        answers = np.empty(
            (sum(len(part.rows) for part in asked.values()), self._batch_forecaster.builder.spec.n_targets)
        )
        if any(isinstance(part, TrainingRows) for part in asked.values()):
            for key, part in asked.items():
                answers[part.rows] = _without_holes(self._in_sample()[key], self._training[key].y)[part.positions]
        else:
            for key, values in self._forecast_rows(asked).items():
                answers[asked[key].rows] = values
        return answers[:, 0] if self._output_format.y_ndim == 1 else answers

    def _check_gaps(self, futures):
        """Refuse, or warn of, rows that begin long after the history of their series."""
        longest = max(futures, key=lambda key: futures[key].n_skipped / len(self._history[key]))
        n_skipped, n_known = futures[longest].n_skipped, len(self._history[longest])
        of = "" if longest is None else f" of the series {longest!r}"
        begins = (
            f"The rows{of} begin {n_skipped} rows after the first one that follows the history, which has {n_known}"
        )
        mend = "Check the index, or give the rows between to `update` first; their y may be NaN."
        if n_skipped > LONGEST_GAP * n_known:
            raise ValueError(f"{begins}: so long a gap is not forecast through. {mend}")
        if n_skipped > n_known:
            warn_user(f"{begins}: the gap is forecast through, and is longer than what is known. {mend}")

    def _forecast_rows(self, futures):
        """Forecasts (n_rows, n_targets) of the rows of each series by key, in one batch for all of equal length."""
        self._check_gaps(futures)
        found = {}
        for steps in {future.steps for future in futures.values()}:
            alike = {key: future for key, future in futures.items() if future.steps == steps}
            found |= self._forecast_from(self._history, alike, steps)
        self._tell_of_none(self._history, found)
        return {key: found[key][future.n_skipped :, :, 0] for key, future in futures.items()}

    def forecast(self, steps, X_future=None, *, history=None, coverage=None):
        """Forecast the next `steps` rows, as pandas.

        Parameters
        ----------
        steps : int
            How many.
        X_future : array-like of shape (n_rows, n_columns), default=None
            The columns of these rows (or of more), where there are known ones; those of `past_only` may be left
            out. With "multioutput" and "direct" all `steps` of the fit are read.
        history : Series, DataFrame, array or tuple (X, y), default=None
            Other series to go on from than those known: `y` or, where there are columns, both. One that was
            not learnt from is forecast by what was learnt from the others; beside a panel it may be
            a single series, without the level of series. One that is at quite another level, or of quite
            another size, than the rows that were learnt from is taken relative to its own.
        coverage : float or list of float, default=None
            Share of truths that intervals should hold, in (0, 1).

        Returns
        -------
        forecast : Series or DataFrame
            With the index continued; for several targets a column for each. With `coverage` a DataFrame with
            the columns "forecast", "lower_90", "upper_90", … (for several targets below a level with
            their names). For a panel with its two levels.

        Raises
        ------
        ValueError
            As for `predict`; for `coverage` also where nothing gives intervals, or too few errors are known.
        """
        check_is_fitted(self)
        steps, X_future = check_steps(steps), as_numbers(X_future, "X_future")
        coverages = () if coverage is None else check_coverage(coverage)
        series, output_format = (self._history, self._output_format) if history is None else read_history(self, history)
        futures = read_future(self, series, X_future, steps)
        batch_forecaster = self._batch_forecaster if history is None else self._batch_forecaster.for_histories(series)
        answers = self._forecast_from(series, futures, steps, coverages, batch_forecaster)
        self._tell_of_none(series, answers)
        index = output_format.join(_indexes_of_forecast(series, steps, X_future))
        return output_format.to_frame(np.concatenate(list(answers.values())), index, coverages)

    def future_index(self, steps, *, history=None):
        """The index of the next `steps` rows: that of a forecast, and of the columns that it needs.

        Parameters
        ----------
        steps : int
            How many rows.
        history : Series, DataFrame, array or tuple (X, y), default=None
            Other series to go on from than those known, as for `forecast`; `y` is enough.

        Returns
        -------
        index : DatetimeIndex, PeriodIndex, RangeIndex or MultiIndex
            Of a panel with its two levels, `steps` rows of each series after its own end.

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
        check_is_fitted(self)
        steps = check_steps(steps)
        known = self._history, self._output_format
        series, output_format = known if history is None else read_history(self, history, reads_columns=False)
        indexes = _next_indexes(series, steps)
        for key, index in indexes.items():
            if index is None:
                raise ValueError(_why_no_frequency(key, series[key]))
        return output_format.join(indexes)

    def _forecast_from(self, history, futures, steps, coverages=(), batch_forecaster=None):
        """Answers (steps, n_targets, 1 + 2 n_coverages) after the ends of some series, by key."""
        series = {key: history[key].knowing(future.known) for key, future in futures.items()}
        self._check_reach(steps)
        self._check_known(futures)
        origins = {key: np.array([len(part)]) for key, part in series.items()}
        answers = self._forecast_at(series, origins, steps, coverages, batch_forecaster)
        return {key: values[0] for key, values in answers.items()}

    def _tell_of_none(self, history, answers):
        """Warn of the series without a forecast, all of whose answers become NaN; complain if no other has one."""
        without = [key for key, values in answers.items() if np.isnan(values).any()]
        if not without:
            return
        why = self._why_none(without[0], history[without[0]])
        if len(without) == len(answers):
            raise ValueError(why)
        for key in without:
            answers[key][...] = np.nan
        warn_user(f"{len(without)} of {len(answers)} series cannot be forecast, and are NaN: {without}. {why}")

    def _forecast_at(self, series, origins, steps, coverages=(), batch_forecaster=None):
        """Answers (n_origins, steps, n_targets, 1 + 2 n_coverages) from some origins of series, by key."""
        self._check_reach(steps)
        if coverages and self._batch_forecaster.intervals is None:
            raise ValueError(without_intervals(coverages))
        tell = self._warn_of_hold if self._tells_of_hold else None
        return (batch_forecaster or self._batch_forecaster).forecast(series, origins, steps, coverages, tell)

    def _warn_of_hold(self, held, n_rows):
        """Tell that a recursion ran away."""
        which = "the forecast is" if n_rows == 1 else f"{held.n_rows} of {n_rows} forecasts are"
        warn_user(
            f"{type(self._template()).__name__} runs away when its forecasts are fed back: at step {held.step}, and "
            f"perhaps later, {which} held at the edge of what the history supports. Forecast fewer steps, give more "
            "rows, or choose strategy='direct' or 'multioutput'; for growth by a rate a logarithm as "
            "target_transformer, for levels that change instance_norm='last' in an LSTMRegressor. "
            "clip_recursion=False lets it go."
        )

    def _check_reach(self, steps):
        """Whether so many steps can be forecast."""
        fitted = self._batch_forecaster
        fitted.regressor_set.strategy.check_reach(steps, self.past_only if fitted.builder.spec.n_past else None)

    def _check_known(self, futures):
        """Whether the known columns reach as far as they are read, without a hole."""
        strategy, spec = self._batch_forecaster.regressor_set.strategy, self._batch_forecaster.builder.spec
        if not spec.n_known:
            return
        for key, future in futures.items():
            of = "" if key is None else f" of the series {key!r}"
            if future.n_skipped:
                raise ValueError(
                    f"The rows{of} begin {future.n_skipped} after the first one that follows its history. To forecast "
                    "through the gap, the known columns of its rows are needed: begin X there."
                )
            if len(future.known) < spec.n_ahead:
                raise ValueError(
                    f"{len(future.known)} rows{of} of known columns are given, but strategy={strategy.name!r} reads "
                    f"those of all steps={spec.n_ahead} rows ahead."
                )

    def _why_none(self, key, series):
        """Why a series cannot be forecast."""
        builder = self._batch_forecaster.builder
        spec, name = builder.spec, type(self._template()).__name__
        window = series.values("y", max(0, len(series) - spec.window_length), len(series))
        n_known = int((~np.isnan(window).any(axis=1)).sum())
        whose = "The history" if key is None else f"The history of the series {key!r}"
        if n_known >= (1 if builder.keeps_incomplete else spec.window_length):
            return (
                f"{whose} leads to a forecast, or an end of an interval, that is not finite: target_transformer="
                f"{self.target_transformer!r} cannot undo it, or {name} has no bound. Choose another transformer, or a "
                "smaller coverage."
            )
        wanted = "at least one" if builder.keeps_incomplete else "all of them"
        return (
            f"{whose} cannot be forecast from: its last window_length={spec.window_length} rows hold {n_known} values, "
            f"and {'a window' if builder.keeps_incomplete else name} needs {wanted}. Give more rows"
            + ("." if builder.keeps_incomplete else f", or {self._taking_incomplete(name)}.")
        )

    # ---- what is known

    @property
    def history_(self):
        """The series as known so far, as pandas: the training rows and those of `update`."""
        check_is_fitted(self)
        return self._observed({key: part.whole for key, part in self._history.items()})

    @property
    def fitted_values_(self):
        """Forecasts one step ahead of the training rows, in sample, as pandas; whatever `update` brought since."""
        check_is_fitted(self)
        return self._as_pandas(self._training, list(self._in_sample().values()))

    def _in_sample(self):
        """The forecasts of training rows (n, n_targets) by key, of what `fit` trained; computed once."""
        if self._fitted_values is None:
            origins = {key: np.arange(len(part)) for key, part in self._training.items()}
            answers = self._values_made_by.forecast(self._training, origins, 1)
            self._fitted_values = {key: values[:, 0, :, 0] for key, values in answers.items()}
        return self._fitted_values

    @property
    def residuals_(self):
        """Training rows less `fitted_values_`."""
        return self._observed(self._training) - self.fitted_values_

    def _observed(self, series):
        """The targets of series by key, as pandas."""
        return self._as_pandas(series, [part.y for part in series.values()])

    def _as_pandas(self, series, values):
        """Values (n, n_targets) at the rows of each series, as pandas."""
        index = self._output_format.join({key: part.known_index for key, part in series.items()})
        return self._output_format.to_pandas(np.concatenate(values), index)

    def update(self, X, y=None, train=False, *, learning_rate_init=None):
        """Take newly observed rows as history; later forecasts go on from there.

        Parameters
        ----------
        X, y
            The new rows, as for `fit`. They follow the history directly. In a panel, any of the series, and
            new ones.
        train : bool, default=False
            Whether to train further on the windows whose targets are new, with the regressors' `partial_fit`. An
            LSTMRegressor goes five times over them, each time with fifteen older ones for each of them, at a rate
            that falls to nothing; any other regressor goes over them once. Units, the target transformer and
            intervals stay as `fit` made them.
        learning_rate_init : float, default=None
            The first rate of an LSTMRegressor. None is a tenth of its own, which did no harm on real series; more
            adapts faster where the series has changed.

        Returns
        -------
        self : Forecaster
            With a longer history.
        """
        check_is_fitted(self)
        train = plain(train)
        if not isinstance(train, bool):
            raise TypeError(f"train must be True or False, got {train!r}.")
        if learning_rate_init is not None:
            self._check_rate(learning_rate_init, train)
        new = read_more(self, as_numbers(X, "X"), as_numbers(y, "y"))
        check_follows(self._history, new)
        history = {**self._history}
        for key, part in new.items():
            history[key] = history[key].followed_by(part) if key in history else History.of(part)
        if train:
            self._train_on(history, {key: len(part) for key, part in new.items()}, learning_rate_init)
        self._history = history
        return self

    def _check_rate(self, learning_rate_init, train):
        """Whether a rate has a meaning here."""
        is_number = isinstance(learning_rate_init, Real) and not isinstance(learning_rate_init, bool)
        if not is_number or not 0 < learning_rate_init < np.inf:
            raise ValueError(f"learning_rate_init must be a number above 0, got {learning_rate_init!r}.")
        if not train or not any(lstm_prefixes(regressor) for regressor in self.regressors_):
            raise ValueError(
                f"learning_rate_init={learning_rate_init} is that of an LSTMRegressor under train=True, which there is "
                "not. Other regressors have their own."
            )

    def _train_on(self, history, n_new, learning_rate_init):
        """Train further on the windows whose last target is new, beside some of the older ones."""
        reasons = [reason for reason in map(why_no_partial_fit, self.regressors_) if reason]
        if reasons:
            raise ValueError(f"train=True needs partial_fit, which {reasons[0]}; or fit anew, on all rows.")
        regressor_set, builder = deepcopy(self._batch_forecaster.regressor_set), self._batch_forecaster.builder
        lengths = {key: len(part) for key, part in history.items()}
        rng = np.random.default_rng(sum(lengths.values()))  # other windows each time, the same in each run

        def samples(reach):
            first = {key: max(1, lengths[key] - n - reach) for key, n in n_new.items()}
            return builder.samples(history, {key: np.arange(first[key], lengths[key]) for key in n_new})

        def older(reach, n_drawn):
            known = {key: max(0, lengths[key] - n_new.get(key, 0) - reach - 1) for key in history}
            ends = np.cumsum(list(known.values()))
            drawn = np.unique(rng.integers(ends[-1], size=n_drawn)) if ends[-1] else np.empty(0, int)
            parts = np.split(drawn, np.searchsorted(drawn, ends[:-1]))
            origins = {key: part - end + known[key] + 1 for key, part, end in zip(known, parts, ends, strict=True)}
            origins = {key: rows[self._counts(key, rows, rng)] for key, rows in origins.items()}
            origins = {key: rows for key, rows in origins.items() if len(rows)}
            return builder.samples(history, origins) if origins else None

        with use_channel_names(self._channels(builder.spec)):
            regressor_set.partial_fit(samples, older, learning_rate_init)
        self._batch_forecaster = replace(self._batch_forecaster, regressor_set=regressor_set)
        self.regressors_ = regressor_set.regressors

    def _counts(self, key, origins, rng):
        """Which windows of the training rows are learnt from again: by chance, in proportion to their weights."""
        if self._weight is None or key not in self._training:
            return np.ones(len(origins), bool)
        weight = self._weight[self._training[key].rows]
        weight = np.concatenate((weight / self._weight.max(), np.ones(self._batch_forecaster.builder.spec.n_ahead)))
        rows = origins[:, np.newaxis] + np.arange(self._batch_forecaster.builder.spec.n_ahead)
        return rng.random(len(origins)) < weight[np.minimum(rows, len(weight) - 1)].min(axis=1)

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R² of `predict(X)`, over the rows whose truth is known.

        Parameters
        ----------
        X : array-like
            As for `predict`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The truth, by name and index where it has them; rows with NaN are left out, and those of
            a series that cannot be forecast.
        sample_weight : array-like of shape (n_rows,), default=None
            How much each row counts, by its index where it has one.

        Returns
        -------
        score : float
            1 for perfect forecasts, 0 for the mean of `y`.
        """
        from sklearn.metrics import r2_score

        check_is_fitted(self)
        truth, weight = read_truth(self, X, y, sample_weight)
        answers = self.predict(X)
        check_consistent_length(truth, answers)
        # of a series that cannot be forecast, predict warns
        known = ~np.isnan(np.c_[truth.reshape(len(truth), -1), answers.reshape(len(truth), -1)]).any(axis=1)
        if not known.any():
            raise ValueError(
                f"There is nothing to score: none of {len(truth)} rows of y holds a value that is forecast."
            )
        weight = None if weight is None else weight[known]
        return r2_score(*scaled_for_r2(truth[known], answers[known]), sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        template = self._template()
        tags.input_tags.allow_nan = accepts_nan(template) and not lstm_prefixes(template)  # as columns known in advance
        tags.target_tags.multi_output = True
        return tags


def without_intervals(coverages):
    """What to say where nothing gives intervals."""
    return (
        f"coverage={coverages} needs intervals, set before fit: Forecaster(intervals='conformal') or "
        "'bootstrap', or an LSTMRegressor with loss='quantile' under strategy='multioutput' or 'direct'."
    )


def _without_holes(forecasts, y):
    """Forecasts (n, n_targets) of rows y; where there is none the newest value before, else the mean of y."""
    newest = seasonal_naive(y, 1, np.arange(len(y)), 1)[:, 0]
    present = ~np.isnan(y)
    n_present, total = present.sum(axis=0), np.where(present, y, 0).sum(axis=0)
    mean = np.divide(total, n_present, out=np.full(len(total), np.nan), where=n_present > 0)
    naive = np.where(np.isnan(newest), mean, newest)
    return np.where(np.isnan(forecasts), naive, forecasts)


def _next_indexes(series, steps):
    """The index of the rows that follow, by key; None where it cannot be told. Equal ends are continued once."""
    places = {key: place_of(part) for key, part in series.items()}
    one_of = {place: series[key] for key, place in places.items()}
    found = {place: part.next_index(steps) for place, part in one_of.items()}
    return {key: found[place] for key, place in places.items()}


def _indexes_of_forecast(series, steps, X_future):
    """The index of the rows forecast, by key."""
    indexes = _next_indexes(series, steps)
    if all(index is not None for index in indexes.values()):
        return indexes
    times = index_of(X_future)
    if None in series and times is not None:
        return {None: times[:steps]}
    import pandas as pd

    warn_user(
        "The index of y is too short to tell its frequency: the forecast counts steps from 1. y.asfreq(...) sets one."
    )
    return dict.fromkeys(series, pd.RangeIndex(1, steps + 1))


def _why_no_frequency(key, part):
    """Why the index of a history cannot be continued."""
    if key is not None:
        return (
            f"The index of the series {key!r}, {len(part)} rows up to {part.end.last}, is too short to tell its "
            "frequency, and the other series do not agree on one. Three rows of it tell it."
        )
    return (
        f"The index of y, {len(part)} rows up to {part.end.last}, is too short to tell its frequency. Set it before "
        'fit: y = y.asfreq("D") for days, "h" for hours, "MS" for months; or give more rows.'
    )
