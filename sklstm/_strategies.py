"""How a regressor that knows rows and targets predicts a series several steps ahead."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from sklstm._lags import Lags
from sklstm._reading import prepared, read, takes_several, weight_keywords
from sklstm._recursion import forecast_recursively
from sklstm._regressor import LSTMRegressor
from sklstm._sampling import as_slice
from sklstm._validation import check_answers

STRATEGIES = ("recursive", "multioutput", "direct")

# Rows that tell whether a regressor learns one output where it did not learn several.
N_TRIED = 100


def default_regressor():
    """Make the regressor that a `Forecaster` without one trains.

    `Forecaster(default_regressor())` and `Forecaster()` are the same to the bit; this one has parameters to set
    and to search over. The settings did well on many real series. Those that depend on the strategy are
    decided in `fit`: `loss_steps="auto"`.

    Returns
    -------
    regressor : LSTMRegressor
        Not fitted.

    See Also
    --------
    Forecaster : Trains it.

    Examples
    --------
    >>> from sklstm import Forecaster, default_regressor
    >>> forecaster = Forecaster(default_regressor()).set_params(regressor__hidden_size=16)
    >>> forecaster.regressor.hidden_size
    16
    """
    # chosen by benchmarks/accuracy.py
    return LSTMRegressor(
        instance_norm="last-standard",
        loss="absolute_error",
        loss_steps="auto",
        solver="adamw",
        alpha=1.0,
        learning_rate="cosine",
        learning_rate_init=0.005,
        random_state=0,
    )


def is_default(regressor):
    """Whether a regressor is the default one, by its settings."""
    if type(regressor) is not LSTMRegressor:
        return False
    default = default_regressor().get_params()
    return all(_is_same(value, default[name]) for name, value in regressor.get_params().items())


def _is_same(left, right):
    return left is right or (isinstance(left, str | int | float | None) and left == right)


@dataclass(frozen=True)
class Model:
    """Regressors that forecast windows together.

    Parameters
    ----------
    lags : Lags
        What is in a window.
    strategy : str
        One of `STRATEGIES`.
    regressors : list of estimator
        One, or with "direct" one for each step.
    """

    lags: Lags
    strategy: str
    regressors: list

    @classmethod
    def of(cls, regressor, lags, strategy):
        """Unfitted clones of a regressor."""
        n_regressors = lags.n_ahead if strategy == "direct" else 1
        return cls(lags, strategy, [prepared(regressor, lags, strategy) for _ in range(n_regressors)])

    # ---- training

    def fit(self, samples, tasks):
        """Train every regressor on the samples whose targets are known to it, and tell callbacks."""
        for step, regressor in enumerate(self.regressors):
            learnt = self._learnt(step, samples)
            if not learnt.any():
                raise ValueError(f"There is no window whose targets, up to {self.lags.n_ahead} steps ahead, are known.")
            X, y, weights = self._rows(step, samples, learnt)
            with tasks.part("fit-regressor", regressor):
                _fit(regressor, X, y, weights)
        return self

    def partial_fit(self, samples):
        """Go once with every regressor over `samples(reach)`: those whose target that many rows ahead is new."""
        for step, regressor in enumerate(self.regressors):
            # a window whose known columns are known only now has had no target learnt yet
            is_late = self.strategy == "multioutput" or self.lags.n_known
            reach = self.lags.n_ahead - 1 if is_late else step
            new = samples(reach)
            learnt = self._learnt(step, new)
            if learnt.any():
                X, y, _ = self._rows(step, new, learnt)
                regressor.partial_fit(X, y)

    @property
    def _n_outputs(self):
        """Outputs of one regressor."""
        return self.lags.n_targets * (self.lags.n_ahead if self.strategy == "multioutput" else 1)

    def _learnt(self, step, samples):
        """Which samples the regressor of a step learns from: its targets are known, and count."""
        targets, weight = self._targets(step, samples)
        known = ~np.isnan(targets).any(axis=1)
        return known if weight is None else known & (weight > 0)

    def _targets(self, step, samples):
        """The targets of the regressor of a step, and the least weight of each row of them."""
        targets, weight = samples.targets, samples.weight
        if self.strategy == "direct":
            targets = targets[:, step * self.lags.n_targets :][:, : self.lags.n_targets]
            weight = weight if weight is None else weight[:, step : step + 1]
        return targets, weight if weight is None else weight.min(axis=1)

    def _rows(self, step, samples, learnt):
        """X, y and the weights by keyword that the regressor of a step is given."""
        regressor, rows = self.regressors[step], np.flatnonzero(learnt)
        targets, weight = self._targets(step, samples)
        y = targets[as_slice(rows)]
        keywords = {} if weight is None else weight_keywords(regressor, weight[rows])
        X = read(regressor, samples.windows, self.lags, samples.rows_at(rows))
        return X, y[:, 0] if y.shape[1] == 1 else y, keywords

    # ---- answers

    def forecast(self, windows, future, steps, limits=None):
        """Predict `steps` steps after each window, (n, steps, n_targets).

        `future` are the known columns of steps that are appended, and `limits` the bounds of what is fed back, as
        for `forecast_recursively`.
        """
        if self.strategy == "recursive":
            return self._fed_back(windows, future, steps, limits)
        regressors = self.regressors[:steps]
        answers = np.stack([self._answers("predict", regressor, windows) for regressor in regressors], axis=1)
        return answers.reshape(len(windows), -1, self.lags.n_targets)[:, :steps]

    def _fed_back(self, windows, future, steps, limits):
        (regressor,), n_targets = self.regressors, self.lags.n_targets
        if type(regressor) is LSTMRegressor:  # the same, but its rows are checked once and not at every step
            clip = False if limits is None else limits
            answers = regressor.forecast(steps, future if future.size else None, context=windows, clip=clip)
            return answers.reshape(len(windows), steps, n_targets)
        return forecast_recursively(self.one_step, windows, steps, n_targets, future, limits)

    def one_step(self, windows):
        """What a recursive forecast predicts next, (n, n_targets); infinite where infinity was fed back."""
        (regressor,) = self.regressors
        lost = np.isinf(windows).any(axis=(1, 2))  # most regressors refuse all rows for the sake of one
        answers = np.full((len(windows), self.lags.n_targets), np.inf)
        if not lost.all():
            answers[~lost] = self._answers("predict", regressor, windows[~lost] if lost.any() else windows)
        return np.where(np.isfinite(answers), answers, np.inf)

    def quantiles(self, windows, steps):
        """Every level that regressors with a quantile loss predict, (n, steps, n_targets, n_levels)."""
        levels = [
            self._answers("predict_quantiles", regressor, windows, keep=1) for regressor in self.regressors[:steps]
        ]
        shape = len(windows), -1, self.lags.n_targets, levels[0].shape[-1]
        return np.stack(levels, axis=1).reshape(shape)[:, :steps]

    def _answers(self, method, regressor, windows, keep=0):
        """What a method of one regressor answers, (n, n_outputs) with so many further axes."""
        with np.errstate(over="ignore", invalid="ignore"):  # whoever asked sees what is not finite
            answers = getattr(regressor, method)(read(regressor, windows, self.lags))
        return check_answers(answers, f"{type(regressor).__name__}.{method}", len(windows), self._n_outputs, keep)


def _fit(regressor, X, y, weights):
    """Train; a failure is explained where it is that of a regressor that takes no several outputs."""
    try:
        regressor.fit(X, y, **weights)
    except InvalidParameterError:
        raise
    except (ValueError, TypeError) as error:
        if y.ndim == 1 or takes_several(regressor) or not _takes_one(regressor, X, y[:, 0], weights):
            raise
        raise ValueError(
            f"{type(regressor).__name__} does not take {y.shape[1]} outputs at once ({error}). strategy='direct' "
            "trains one for each step; MultiOutputRegressor makes one for each target."
        ) from error


def _takes_one(regressor, X, y, weights):
    """Whether a regressor that failed on several outputs learns the first of them, from a few rows."""
    some = {key: value[:N_TRIED] for key, value in weights.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clone(regressor).fit(X[:N_TRIED], y[:N_TRIED], **some)
    except Exception:
        return False
    return True
