"""Train one regressor on windows, and predict with it."""

from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, cos, pi

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import InvalidParameterError

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.solvers import partial_fit_obstacle
from sklstm._forecasting.regressor_input import (
    InputFormat,
    needs_table,
    takes_several,
    to_regressor_input,
    weight_keywords,
)
from sklstm._forecasting.window_spec import NoWindowError, WindowSpec
from sklstm._utils.caches import PickledByFields, cached_property
from sklstm._utils.checks import check_output
from sklstm._utils.forecast_bounds import newest
from sklstm._utils.ignored_warnings import ignored_warnings
from sklstm._utils.windows import as_slice, row_chunks

# Number of samples used to find out whether a regressor that failed on several outputs can learn a single one.
N_TRIED = 100
# How `partial_fit` trains an LSTM, as measured by `benchmarks/updates.py`. It makes one pass over the new windows for
# each of these learning rates, which are relative to the first one.
TUNING_RATES = tuple(0.5 * (1 + cos(pi * done / 5)) for done in range(5))
TUNING_SHARE = 0.1  # the first rate as a share of `learning_rate_init`, unless a rate is given
N_REPLAYED = 15  # older windows for each new one in a pass


@dataclass(frozen=True)
class WindowRegressor(PickledByFields):
    """A regressor that reads windows and predicts some of the steps ahead.

    Parameters
    ----------
    regressor : estimator
    spec : WindowSpec
        What the windows contain.
    steps : range
        The steps ahead that it predicts; 0 is the first.
    learns_partly : bool, default=False
        Whether it is trained on samples of which only some targets are known; the others are NaN in its `y`.
    is_relative : bool, default=False
        Whether it gets windows relative to their last value, and learns what to add to a reference.
    """

    regressor: BaseEstimator
    spec: WindowSpec
    steps: range
    learns_partly: bool = False
    is_relative: bool = False

    @cached_property
    def input_format(self):
        """The form in which it takes windows; cached, because small predictions are fast compared to finding out."""
        return InputFormat.from_regressor(self.regressor)

    @property
    def networks(self):
        """The fitted LSTMs that its `partial_fit` trains: itself, or those of a MultiOutputRegressor."""
        parts = [self.regressor, *getattr(self.regressor, "estimators_", ())]
        return [part for part in parts if isinstance(part, LSTMRegressor)]

    # ---- training

    def learnt(self, samples):
        """Return which samples it learns from: those whose targets are all known and have a positive weight.

        With `learns_partly`, one such target is enough.
        """
        targets, weight = self._targets(samples)
        missing = np.isnan(targets)
        known = ~(missing.all(axis=1) if self.learns_partly else missing.any(axis=1))
        return known if weight is None else known & (weight > 0)

    def training_data(self, samples):
        """Return X and y for `fit`, and the sample weights by keyword."""
        learnt = self.learnt(samples)
        if not learnt.any():
            raise NoWindowError(
                f"There is no window whose targets, up to {self.spec.n_ahead} steps ahead, are known. Give more rows."
            )
        rows = np.flatnonzero(learnt)
        targets, weight = self._targets(samples)
        y = targets[as_slice(rows)]
        keywords = {} if weight is None else weight_keywords(self.regressor, weight[rows])
        X = self._input(samples.windows, samples.rows_at(rows))
        is_column = y.shape[1] == 1 and not needs_table(self.regressor)
        return X, y[:, 0] if is_column else y, keywords

    def _targets(self, samples):
        """Return the targets of its steps, and for each sample the smallest weight of these targets.

        With `learns_partly`, targets of weight 0 are NaN, and the weight of a sample is the smallest of the others.
        """
        n_targets, first, stop = self.spec.n_targets, self.steps.start, self.steps.stop
        columns = slice(first * n_targets, stop * n_targets)
        targets = samples.targets[:, columns]
        if self.is_relative:
            targets = targets - samples.reference[:, columns]
        if samples.weight is None:
            return targets, None
        weight = samples.weight[:, first:stop]
        if not self.learns_partly:
            return targets, weight.min(axis=1)
        targets = np.where(np.repeat(weight > 0, n_targets, axis=1), targets, np.nan)
        counts = ~np.isnan(targets).reshape(len(targets), -1, n_targets).all(axis=2)
        return targets, np.where(counts, weight, np.inf).min(axis=1)

    def _check_every_step(self, y):
        """Raise NoWindowError if a step has no target in y (n, n_steps * n_targets); only missing targets are NaN."""
        without = np.isnan(y).all(axis=0)
        if without.any():
            step = self.steps[int(without.argmax()) // self.spec.n_targets]
            raise NoWindowError(
                f"There is no window whose target {step + 1} steps ahead is known. Give more rows, or choose steps="
                f"{max(step, 1)}."
            )

    def fit(self, X, y, keywords):
        """Train the regressor. If it fails because it takes a single output only, the error says so."""
        if self.learns_partly:
            self._check_every_step(y)
        try:
            self.regressor.fit(X, y, **keywords)
        except InvalidParameterError:
            raise
        except (ValueError, TypeError) as error:
            if y.ndim == 1 or takes_several(self.regressor) or not _takes_one(self.regressor, X, y[:, 0], keywords):
                raise
            raise ValueError(
                f"{type(self.regressor).__name__} does not take {y.shape[1]} outputs at once ({error}). "
                "strategy='direct' trains one regressor for each step; MultiOutputRegressor trains one for each target."
            ) from error

    def partial_fit(self, new, draw_older=None, learning_rate_init=None):
        """Train further on new samples.

        An LSTM has been trained until its learning rate was close to 0, and one pass at the full rate would undo
        that. So it takes several passes at small, falling rates, each time together with older samples, drawn by
        `draw_older(n)`. Any other regressor takes one pass over the new samples.
        """
        n_new, networks = self._n_complete(new), self.networks
        if not n_new:
            return
        for share in TUNING_RATES if networks else (1.0,):
            older = draw_older(N_REPLAYED * n_new) if networks and draw_older else None
            X, y, _ = self.training_data(new if older is None else older.followed_by(new))
            with _small_rates(networks, share, learning_rate_init):
                self.regressor.partial_fit(X, y)

    def _n_complete(self, samples):
        """Return how many samples with all targets have as many targets as these samples, rounded up."""
        targets = self._targets(samples)[0][self.learnt(samples)]
        return ceil((~np.isnan(targets)).sum() / max(targets.shape[1], 1))

    # ---- forecasts

    def predict(self, windows):
        """Predict, (n, n_steps, n_targets)."""
        return self._call("predict", windows)

    def predict_quantiles(self, windows):
        """Predict every quantile level, (n, n_steps, n_targets, n_levels)."""
        return self._call("predict_quantiles", windows, n_axes=1)

    def _input(self, windows, rows=None):
        """Convert windows, or some rows of them, to the input of the regressor."""
        if self.is_relative:
            windows, rows = relative_windows(windows, rows, self.spec.n_targets), None
        table = to_regressor_input(windows, self.spec, self.input_format, rows)
        if self.is_relative and self.input_format is InputFormat.LAG_TABLE:
            # a change from the last row follows from how the known columns change, so those of that row are needed
            return np.concatenate((table, self.spec.known_of_last_row(windows)), axis=1)
        return table

    def _call(self, method, windows, n_axes=0):
        """Predict with a method of the regressor, whose result has `n_axes` axes after the targets."""
        with np.errstate(over="ignore", invalid="ignore"):  # the caller handles what is not finite
            predictions = getattr(self.regressor, method)(self._input(windows))
        who, n_targets = f"{type(self.regressor).__name__}.{method}", self.spec.n_targets
        predictions = check_output(predictions, who, len(windows), len(self.steps) * n_targets, n_axes)
        return predictions.reshape(len(windows), len(self.steps), n_targets, *predictions.shape[2:])


def relative_windows(windows, rows, n_targets):
    """Return windows (n, L, C), or the `rows` among them, with targets relative to their last value, as a copy."""
    relative = np.array(windows if rows is None else windows[rows])
    for chunk in row_chunks(len(relative), relative[0].size if len(relative) else 1):
        targets = relative[chunk, :, :n_targets]
        with np.errstate(over="ignore"):  # regressors refuse what is not finite
            targets -= newest(targets)[:, np.newaxis]
    return relative


def why_no_partial_fit(regressor):
    """Say why a fitted regressor has no `partial_fit`, and what to choose instead; None if it has one."""
    if hasattr(regressor, "partial_fit"):
        return None
    name = type(regressor).__name__
    obstacle = partial_fit_obstacle(regressor) if isinstance(regressor, LSTMRegressor) else None
    if obstacle is not None:
        parameter, instead = obstacle
        return f"{name} has none with {parameter}={getattr(regressor, parameter)!r}. Choose {parameter}={instead!r}"
    return f"{name} has none. Choose an LSTMRegressor (which standardizes its inputs itself) or an SGDRegressor"


@contextmanager
def _small_rates(networks, share, learning_rate_init):
    """Set small learning rates on LSTMs, and restore their own afterwards."""
    before = [(part.learning_rate, part.learning_rate_init) for part in networks]
    for part, (schedule, rate) in zip(networks, before, strict=True):
        rate = TUNING_SHARE * rate if learning_rate_init is None else learning_rate_init
        schedule = "constant" if schedule == "cosine" else schedule  # a cosine would restart at its full rate
        part.set_params(learning_rate=schedule, learning_rate_init=share * rate)
    try:
        yield
    finally:
        for part, (schedule, rate) in zip(networks, before, strict=True):
            part.set_params(learning_rate=schedule, learning_rate_init=rate)


def _takes_one(regressor, X, y, keywords):
    """Whether a regressor that failed on several outputs can learn the first of them, from a few rows."""
    some = {key: value[:N_TRIED] for key, value in keywords.items()}
    try:
        with ignored_warnings():
            clone(regressor).fit(X[:N_TRIED], y[:N_TRIED], **some)
    except Exception:
        return False
    return True
