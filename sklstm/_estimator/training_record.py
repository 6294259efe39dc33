"""`TrainingRecord`, what a checkpoint keeps of the training of one `LSTMRegressor`."""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._estimator.input_checks import input_form
from sklstm._estimator.solvers import solver_of
from sklstm._estimator.training_state import TrainingState
from sklstm._training.lbfgs import Evaluations
from sklstm._utils.argument_checks import shown
from sklstm._utils.checksums import checksum, labels_of
from sklstm._utils.plain_parameters import plain
from sklstm._utils.training_log import current_log

SAVED = "saved"  # ending of a record that was not made during a fit
# Parameters that do not change what is trained, or whose effect is part of the state.
NOT_COMPARED = ("random_state", "verbose", "warm_start")


@dataclass(frozen=True)
class TrainingRecord:
    """The state of training after an epoch, and what is needed to go on from there.

    Parameters
    ----------
    checksums : dict of str
        Checksums of the samples, by the name of the argument, and of the parameters.
    form : dict
        The fitted attributes that describe the form of the samples.
    state : TrainingState
        With the last weights.
    continues : bool
        Whether the fit continues an earlier one (`warm_start`).
    keeps_best : bool
        Whether the fitted weights are those of the best epoch, or the last ones.
    ending : str or None
        How training ended; None if it goes on.
    evaluations : Evaluations or None
        For "lbfgs": the evaluations so far.
    """

    checksums: dict[str, str]
    form: dict[str, object]
    state: TrainingState
    continues: bool
    keeps_best: bool
    ending: str | None = None
    evaluations: Evaluations | None = None

    @property
    def n_done(self):
        """Number of epochs of the fit that are done."""
        return self.state.progress.n_epochs - self.state.progress.period_start

    def attributes(self):
        """Return the fitted attributes of a regressor in this state."""
        return self.form | self.state.copied().attributes(self.keeps_best)


def saved_record(attributes):
    """Return the TrainingRecord of a fitted regressor, and its weights if they differ from those of the record.

    Parameters
    ----------
    attributes : dict
        All attributes of the regressor.
    """
    state, theta = attributes["_state"], attributes["theta_"]
    keeps_best = state.theta is not None
    if not keeps_best:
        state = replace(state, theta=theta)
    record = TrainingRecord({}, input_form(attributes), state, continues=False, keeps_best=keeps_best, ending=SAVED)
    is_changed = keeps_best and not np.array_equal(theta, state.progress.best_theta)
    return record, theta if is_changed else None


def training_checksums(regressor, data, X, y):
    """Return the checksums of what a regressor is trained on.

    Parameters
    ----------
    regressor : LSTMRegressor
    data : TrainingSet
        The samples as they are used.
    X, y : array-like
        As the user gave them, for their names and times.
    """
    parameters = {
        name: _as_read(value) for name, value in sorted(regressor.get_params().items()) if name not in NOT_COMPARED
    }
    names = [str(name) for name in getattr(X, "columns", ())]
    checksums = {
        "parameters": checksum(parameters),
        "X": checksum(data.X, names),
        "y": checksum(data.y, data.y_ndim, *labels_of(y)),
        "sample_weight": checksum(data.weight),
    }
    if data.validation is not None:
        held_out = data.validation
        parts = {"X_val": held_out.X, "y_val": held_out.y, "sample_weight_val": held_out.weight}
        checksums |= {name: checksum(part) for name, part in parts.items()}
    return checksums


def _as_read(value):
    """Return a parameter as it is after it was written to a file and read: with Python numbers, also in a list."""
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else plain(value)


class Recorder:
    """Records one training in the log of the fit, if there is one in use.

    Parameters
    ----------
    log : TrainingLog or None
    record : TrainingRecord or None
        The training in its first state.
    earlier : TrainingRecord or None
        The training of a killed fit, which this one continues.
    evaluations : Evaluations or None
        Of "lbfgs".
    """

    def __init__(self, log=None, record=None, earlier=None, evaluations=None):
        self._log, self._record = log, record
        self.earlier, self.evaluations = earlier, evaluations

    @classmethod
    def begin(cls, regressor, data, given, state, *, continues, budget):
        """Begin to record a training.

        Parameters
        ----------
        regressor : LSTMRegressor
        data : TrainingSet
            Before validation samples are held out.
        given : tuple (X, y)
            As the user gave them.
        state : TrainingState
            Before the first epoch.
        continues : bool
        budget : Budget
            Calls of `partial_fit` are not recorded.
        """
        log = current_log()
        if log is None or not log.is_used or not budget.is_whole_fit:
            return cls()
        checksums = training_checksums(regressor, data, *given)
        record = TrainingRecord(checksums, input_form(vars(regressor)), state, continues, keeps_best=True)
        earlier = log.begin_training(record, TrainingRecord)
        if earlier is not None:
            _check_same_form(earlier, state)
        evaluations = None if solver_of(regressor).uses_batches else _evaluations(earlier, state)
        return cls(log, record, earlier, evaluations)

    @property
    def n_done(self):
        """Number of epochs that are done already."""
        return 0 if self.earlier is None else self.earlier.n_done

    def after_epoch(self, state, ending):
        """Write a checkpoint if it is time; `ending` says how training ends now, if it does."""
        if self._log is None:
            return
        keeps_best = ending is None or state.progress.watches_validation
        record = replace(self._record, state=state, keeps_best=keeps_best, ending=ending, evaluations=self.evaluations)
        self._log.after_epoch(record.n_done, lambda: record)

    def end(self, state, ending, keeps_best):
        """Keep the training, which has ended."""
        if self._log is not None:
            self._log.end_training(lambda: replace(self._record, state=state, keeps_best=keeps_best, ending=ending))


def check_earlier_settings(settings):
    """Raise ValueError if the next training of a killed fit had other settings, before memory is taken for these."""
    log = current_log()
    earlier = None if log is None else log.next_earlier
    if earlier is not None:
        check_same_settings(settings, earlier.state.settings)


def check_same_settings(settings, expected):
    """Raise ValueError if settings of a regressor differ from those that a checkpoint expects."""
    for name, value in settings.items():
        if value != expected[name]:
            raise ValueError(
                f"{name}={shown(value)}, but the checkpoint is of a network with {name}={shown(expected[name])}. "
                "Call fit."
            )


def _check_same_form(earlier, state):
    """Raise ValueError if the state that was read from a file is not one that can follow the first state of a fit."""
    if earlier.state.y_ndim != state.y_ndim:
        raise ValueError(f"The checkpoint has y of {earlier.state.y_ndim} dimensions, not {state.y_ndim}. Call fit.")
    network, other = state.network, earlier.state.network
    if (network.layout, network.every_step) != (other.layout, other.every_step):
        raise ValueError(f"The checkpoint has another network, {other.layout}, than the fit. Call fit.")
    for name in ("n_targets", "instance_norm", "missing_rule"):
        if getattr(network.scaling, name) != getattr(other.scaling, name):
            raise ValueError(f"The checkpoint has another {name} of its scaling than the fit. Call fit.")


def _evaluations(earlier, state):
    """Return where "lbfgs" records its evaluations; those of an earlier training that goes on are there already."""
    if earlier is None or earlier.ending is not None:
        return Evaluations(state.theta.copy())
    if earlier.evaluations is None:
        raise ValueError("The checkpoint has no evaluations, which solver='lbfgs' needs to go on. Call fit.")
    return earlier.evaluations.copied()
