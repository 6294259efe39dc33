"""How a regressor that knows rows and targets predicts a series several steps ahead."""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.regressor_input import clone_for_windows, takes_several, to_regressor_input, weight_keywords
from sklstm._forecasting.window_builder import as_slice
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._utils.checks import check_output
from sklstm._utils.recursion import forecast_recursively

STRATEGIES = ("recursive", "multioutput", "direct")

# Rows that tell whether a regressor learns one output where it did not learn several.
N_TRIED = 100
# How LSTMs are trained on: `benchmarks/updates.py` measures it. Passes over the new windows, each at a share of the
# first rate, and how many older windows come with each new one.
TUNING_RATES = tuple(0.5 * (1 + cos(pi * done / 5)) for done in range(5))
TUNING_SHARE = 0.1  # of `learning_rate_init`, where no rate is given
N_REPLAYED = 15


@dataclass(frozen=True)
class RegressorSet:
    """Regressors that forecast windows together.

    Parameters
    ----------
    spec : WindowSpec
        What is in a window.
    strategy : str
        One of `STRATEGIES`.
    regressors : list of estimator
        One, or with "direct" one for each step.
    """

    spec: WindowSpec
    strategy: str
    regressors: list

    @classmethod
    def of(cls, regressor, spec, strategy, verbose=False):
        """Unfitted clones of a regressor."""
        n_regressors = spec.n_ahead if strategy == "direct" else 1
        return cls(spec, strategy, [clone_for_windows(regressor, spec, strategy, verbose) for _ in range(n_regressors)])

    # ---- training

    def fit(self, samples, tasks):
        """Train every regressor on the samples whose targets are known to it, and tell callbacks."""
        for step, regressor in enumerate(self.regressors):
            learnt = self._learnt(step, samples)
            if not learnt.any():
                raise ValueError(f"There is no window whose targets, up to {self.spec.n_ahead} steps ahead, are known.")
            X, y, weights = self._rows(step, samples, learnt)
            ahead = f", {step + 1} ahead" if self.strategy == "direct" else ""
            about = f"{type(regressor).__name__}{ahead}, on {len(X)} windows"
            with tasks.part("fit-regressor", regressor, about):
                _fit(regressor, X, y, weights)
        return self

    def partial_fit(self, samples, older=None, learning_rate_init=None):
        """Train every regressor on `samples(reach)`: those whose target that many rows ahead is new.

        An LSTM was trained until its rate was nothing, and one pass at the full rate would undo that. So it goes
        over them in several, at a small rate that falls, each time with others that `older(reach, n)` draws.
        Any other regressor goes over the new ones once.
        """
        for step, regressor in enumerate(self.regressors):
            # a window whose known columns are known only now has had no target learnt yet
            is_late = self.strategy == "multioutput" or self.spec.n_known
            reach = self.spec.n_ahead - 1 if is_late else step
            new = samples(reach)
            learnt = self._learnt(step, new)
            if not learnt.any():
                continue
            networks = _networks(regressor)
            for share in TUNING_RATES if networks else (1.0,):
                drawn = older(reach, N_REPLAYED * int(learnt.sum())) if networks and older else None
                rows = new if drawn is None else drawn.followed_by(new)
                X, y, _ = self._rows(step, rows, self._learnt(step, rows))
                with _small_rates(networks, share, learning_rate_init):
                    regressor.partial_fit(X, y)

    @property
    def _n_outputs(self):
        """Outputs of one regressor."""
        return self.spec.n_targets * (self.spec.n_ahead if self.strategy == "multioutput" else 1)

    def _learnt(self, step, samples):
        """Which samples the regressor of a step learns from: its targets are known, and count."""
        targets, weight = self._targets(step, samples)
        known = ~np.isnan(targets).any(axis=1)
        return known if weight is None else known & (weight > 0)

    def _targets(self, step, samples):
        """The targets of the regressor of a step, and the least weight of each row of them."""
        targets, weight = samples.targets, samples.weight
        if self.strategy == "direct":
            targets = targets[:, step * self.spec.n_targets :][:, : self.spec.n_targets]
            weight = weight if weight is None else weight[:, step : step + 1]
        return targets, weight if weight is None else weight.min(axis=1)

    def _rows(self, step, samples, learnt):
        """X, y and the weights by keyword that the regressor of a step is given."""
        regressor, rows = self.regressors[step], np.flatnonzero(learnt)
        targets, weight = self._targets(step, samples)
        y = targets[as_slice(rows)]
        keywords = {} if weight is None else weight_keywords(regressor, weight[rows])
        X = to_regressor_input(regressor, samples.windows, self.spec, samples.rows_at(rows))
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
        return answers.reshape(len(windows), -1, self.spec.n_targets)[:, :steps]

    def _fed_back(self, windows, future, steps, limits):
        (regressor,), n_targets = self.regressors, self.spec.n_targets
        if type(regressor) is LSTMRegressor:  # the same, but its rows are checked once and not at every step
            clip = False if limits is None else limits
            answers = regressor.forecast(steps, future if future.size else None, context=windows, clip=clip)
            return answers.reshape(len(windows), steps, n_targets)
        return forecast_recursively(self.one_step, windows, steps, n_targets, future, limits)

    def one_step(self, windows):
        """What a recursive forecast predicts next, (n, n_targets); infinite where infinity was fed back."""
        (regressor,) = self.regressors
        lost = np.isinf(windows).any(axis=(1, 2))  # most regressors refuse all rows for the sake of one
        answers = np.full((len(windows), self.spec.n_targets), np.inf)
        if not lost.all():
            answers[~lost] = self._answers("predict", regressor, windows[~lost] if lost.any() else windows)
        return np.where(np.isfinite(answers), answers, np.inf)

    def quantiles(self, windows, steps):
        """Every level that regressors with a quantile loss predict, (n, steps, n_targets, n_levels)."""
        levels = [
            self._answers("predict_quantiles", regressor, windows, keep=1) for regressor in self.regressors[:steps]
        ]
        shape = len(windows), -1, self.spec.n_targets, levels[0].shape[-1]
        return np.stack(levels, axis=1).reshape(shape)[:, :steps]

    def _answers(self, method, regressor, windows, keep=0):
        """What a method of one regressor answers, (n, n_outputs) with so many further axes."""
        with np.errstate(over="ignore", invalid="ignore"):  # whoever asked sees what is not finite
            answers = getattr(regressor, method)(to_regressor_input(regressor, windows, self.spec))
        return check_output(answers, f"{type(regressor).__name__}.{method}", len(windows), self._n_outputs, keep)


def _networks(regressor):
    """The fitted LSTMs that `partial_fit` of a regressor trains on: itself, or those of a MultiOutputRegressor."""
    parts = [regressor, *getattr(regressor, "estimators_", ())]
    return [part for part in parts if isinstance(part, LSTMRegressor)]


def why_not_trained_on(regressor):
    """Why a fitted regressor has no `partial_fit`, and what helps; None if it has."""
    if hasattr(regressor, "partial_fit"):
        return None
    name, settings = type(regressor).__name__, {"early_stopping": True, "solver": "lbfgs"}
    cause = [f"{key}={value!r}" for key, value in settings.items() if getattr(regressor, key, None) == value]
    if isinstance(regressor, LSTMRegressor) and cause:
        mend = "early_stopping=False" if "early" in cause[0] else "solver='adam'"
        return f"{name} does not have with {cause[0]}: choose {mend}"
    return f"{name} does not have: choose an LSTMRegressor (which standardizes its inputs itself) or an SGDRegressor"


@contextmanager
def _small_rates(networks, share, learning_rate_init):
    """Let LSTMs take small steps for a while."""
    before = [(part.learning_rate, part.learning_rate_init) for part in networks]
    for part, (schedule, rate) in zip(networks, before, strict=True):
        rate = TUNING_SHARE * rate if learning_rate_init is None else learning_rate_init
        # where a cosine would begin again, at its full rate
        part.set_params(learning_rate="constant" if schedule == "cosine" else schedule, learning_rate_init=share * rate)
    try:
        yield
    finally:
        for part, (schedule, rate) in zip(networks, before, strict=True):
            part.set_params(learning_rate=schedule, learning_rate_init=rate)


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
