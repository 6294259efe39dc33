"""One call of `fit` or `partial_fit`: from checked samples to fitted attributes.

Nothing here changes the regressor or its earlier state. `train` returns the fitted attributes, and the regressor sets
them. A call that fails therefore leaves it as it was.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklstm._estimator.chunk_spread import warn_of_first_scale
from sklstm._estimator.forecast_start import ForecastStart
from sklstm._estimator.given_scaling import GivenScaling
from sklstm._estimator.input_checks import input_form
from sklstm._estimator.prediction_checks import at_present_steps
from sklstm._estimator.scores import n_scored, r2
from sklstm._estimator.settings import new_layout, new_loss, resolve_loss_steps
from sklstm._estimator.solvers import resolve_max_updates, solver_of
from sklstm._estimator.training_record import Recorder, check_earlier_settings
from sklstm._estimator.training_set import check_every_channel, check_every_output
from sklstm._estimator.training_state import TrainingState
from sklstm._network.fit_scaling import ScalingSettings, reads_once
from sklstm._network.initializers import CHRONO
from sklstm._network.network import fit_network, fit_network_to_parts
from sklstm._network.objective import Objective
from sklstm._network.samples import merge_equal, most_present_steps
from sklstm._network.stack import training_threads
from sklstm._training.holdout import hold_out
from sklstm._training.loop import CONVERGED, EXHAUSTED, INTERRUPTED, OUT_OF_UPDATES, STUCK, Monitor
from sklstm._training.progress import Progress
from sklstm._utils.forecast_bounds import WindowRange
from sklstm._utils.random import own_generator
from sklstm._utils.threads import shared_threads, with_one_blas_thread
from sklstm._utils.user_warning import warn_user


@dataclass(frozen=True)
class Budget:
    """How long one call trains at most.

    Parameters
    ----------
    n_epochs : int
    is_whole_fit : bool
        Whether the call is a `fit`. Then it also takes at most `max_updates` updates, and the schedule of the learning
        rate begins again. A call of `partial_fit` is one epoch of a longer schedule.
    """

    n_epochs: int
    is_whole_fit: bool

    def max_updates(self, regressor, n_rows):
        """Return the largest number of updates on `n_rows` samples; None without such a limit."""
        return resolve_max_updates(regressor, n_rows) if self.is_whole_fit else None


ONE_PASS = Budget(n_epochs=1, is_whole_fit=False)


@with_one_blas_thread  # initial weights are rounded by BLAS, too
def train(regressor, data, X, y, settings, earlier=None, *, budget, tasks):
    """Train on checked samples, and return the fitted attributes.

    Parameters
    ----------
    regressor : LSTMRegressor
        Its parameters are read.
    data : TrainingSet
    X, y : array-like
        The samples and targets as the user gave them.
    settings : dict
        The parameters that cannot change while training continues.
    earlier : TrainingState or GivenScaling, default=None
        State from which training continues, or the scaling with which it begins.
    budget : Budget
        How long to train at most.
    tasks
        The tasks of `begin_fit`, which report every epoch to callbacks.

    Returns
    -------
    ending : str
        How training ended.
    attributes : dict
        The fitted attributes by name.
    """
    if budget.is_whole_fit:
        check_earlier_settings(settings)
    state, divided, merged = _begun(regressor, data, y, settings, earlier, budget)
    continues = isinstance(earlier, TrainingState)
    recorder = Recorder.begin(regressor, data, (X, y), state, continues=continues, budget=budget)
    record = recorder.earlier
    if record is not None:
        state, divided = record.state.copied(), _with_validation_rows(regressor, data, record.state.split_seed)
        state = replace(state, optimizer=_optimizer(regressor, state.network.layout, state.theta, state))
        merged = _merged(regressor, divided)
        if record.ending is not None:
            recorder.end(state, record.ending, record.keeps_best)
            return record.ending, input_form(vars(regressor)) | state.attributes(record.keeps_best)
    ending = _run(regressor, (divided, merged), budget.n_epochs, state, tasks, recorder)
    keeps_best = ending == INTERRUPTED or divided.validation is not None
    if ending != INTERRUPTED:
        recorder.end(state, ending, keeps_best)
    return ending, input_form(vars(regressor)) | state.attributes(keeps_best)


def _begun(regressor, data, y, settings, earlier, budget):
    """Return the TrainingState before the first epoch of a call, and the samples: divided, and merged or None."""
    if earlier is not None:
        _check_resumable(data, settings, earlier)
    given, earlier = (earlier, None) if isinstance(earlier, GivenScaling) else (None, earlier)
    if earlier is None:
        rng, split_seed = new_generator(regressor.random_state)
    else:
        rng, split_seed = deepcopy(earlier.rng), earlier.split_seed
    data = _with_validation_rows(regressor, data, split_seed)
    merged = _merged(regressor, data)
    start = ForecastStart.from_training_rows(data, y, earlier and earlier.forecast_start)
    if earlier is None:
        if given is None:
            check_every_channel(data)
            check_every_output(data)
            network = _new_network(regressor, settings, merged or data, _trains_every_step(regressor, data, start))
        else:
            network = given.network.updated(data, given.dtype)
        theta, progress = _initial_theta(regressor, network, data, rng), Progress()
    else:
        network = earlier.network.updated(data, earlier.theta.dtype)
        warn_of_first_scale(earlier.network.scaling, network.scaling, data)
        theta, progress = earlier.theta.copy(), replace(earlier.progress)
    state = TrainingState(
        network=network,
        settings=settings,
        y_ndim=data.y_ndim,
        forecast_start=start,
        window_range=WindowRange.from_windows(data.X, data.n_targets, earlier and earlier.window_range),
        fingerprint=_fingerprint(regressor, data),
        split_seed=split_seed,
        rng=rng,
        progress=progress,
        optimizer=_optimizer(regressor, network.layout, theta, earlier),
        max_updates=budget.max_updates(regressor, len(data.rows)),
        theta=theta,
    )
    same_rows = earlier is not None and earlier.fingerprint == state.fingerprint
    progress.watch(_validator(network, data), same_rows)
    # the schedule of a `fit` with `max_updates` may have ended before `max_iter` epochs
    new_period = budget.is_whole_fit or (earlier is not None and earlier.max_updates is not None)
    progress.begin_period(new_period, regressor.max_iter)
    return state, data, merged


def new_generator(random_state):
    """Return the generator of a training that begins, and the seed that draws which samples are held out."""
    rng = own_generator(random_state)
    return rng, int(rng.spawn(1)[0].integers(2**31))  # spawning leaves `rng` where it was


def scaling_of_chunks(regressor, settings, read):
    """Fit the scaling to all chunks that a ChunkReader reads; return a GivenScaling."""
    first, loss = read.first, new_loss(settings)
    start = ForecastStart.from_training_rows(first, first.y, None)
    scaling = _scaling_settings(regressor, first)
    if read.is_read_once and not reads_once(scaling):
        raise ValueError(
            f"instance_norm={regressor.instance_norm!r} needs several passes over the chunks, but chunks is an "
            "iterator, which can be read once. Give a function that returns it: fit_scaling(read) instead of "
            "fit_scaling(read())."
        )
    network = fit_network_to_parts(
        _layout(regressor, first, loss),
        loss,
        read,
        first.X.dtype,
        scaling,
        every_step=_trains_every_step(regressor, first, start),
        dropout=regressor.dropout,
        by_target=not first.every_step and first.n_outputs > 1,
    )
    return GivenScaling(network, settings, first.y_ndim, read.form)


def _check_resumable(data, settings, earlier):
    """Raise an error if training cannot continue with these parameters and targets."""
    for name, value in settings.items():
        if value != earlier.settings[name]:
            raise ValueError(
                f"{name}={value!r}, but training continues a model with {name}={earlier.settings[name]!r}. Fit a "
                "clone, or set warm_start=False."
            )
    n_outputs = earlier.network.n_outputs
    if data.n_outputs != n_outputs or data.y_ndim != earlier.y_ndim:
        raise ValueError(
            f"y has {data.n_outputs} outputs and {data.y_ndim} dimensions, but training continues a model with "
            f"{n_outputs} and {earlier.y_ndim}."
        )


def _with_validation_rows(regressor, data, seed):
    """Hold out validation samples if early stopping needs them and the user gave none."""
    if not regressor.early_stopping or data.validation is not None:
        return data
    fraction, split, gap = regressor.validation_fraction, regressor.validation_split, regressor.validation_gap
    return data.divided(*hold_out(data.rows, fraction, split, gap, seed))


def _merged(regressor, data):
    """Merge equal samples and add their weights, if all samples are in one batch; else return None.

    A sample of weight 2 then gives exactly the same result as two equal samples. Otherwise they would differ by
    rounding, which training amplifies. Several batches, or dropout, make them differ anyway.
    """
    if regressor.dropout or not solver_of(regressor).trains_in_one_batch(regressor, len(data.rows)):
        return None
    return merge_equal(data, data.missing_rule)


def _trains_every_step(regressor, data, start):
    """Whether the loss counts a prediction at every step."""
    steps = resolve_loss_steps(regressor.loss_steps, regressor.bidirectional, start.is_continuous)
    return data.every_step or steps == "all"


def _new_network(regressor, settings, data, every_step):
    """Fit the scaling, and make the network."""
    loss, dtype = new_loss(settings), data.X.dtype
    layout, scaling = _layout(regressor, data, loss), _scaling_settings(regressor, data)
    return fit_network(layout, loss, data, dtype, scaling, every_step=every_step, dropout=regressor.dropout)


def _layout(regressor, data, loss):
    n_inputs = data.X.shape[2] * data.missing_rule.n_inputs_per_channel
    return new_layout(regressor, n_inputs, data.n_outputs * loss.n_levels)


def _scaling_settings(regressor, data):
    return ScalingSettings(data.n_targets, regressor.instance_norm, regressor.standardize, data.missing_rule)


def _initial_theta(regressor, network, data, rng):
    """Draw the initial parameters. For "chrono", units are to remember for as long as the longest sample."""
    is_chrono = regressor.forget_bias == CHRONO
    n_steps = most_present_steps(data, data.missing_rule) if is_chrono else 1
    return network.initial_theta(rng, network.empty_prediction.dtype, regressor.forget_bias, n_steps)


def _optimizer(regressor, layout, theta, earlier):
    """Make the optimiser. It takes over the moments of the earlier one if that is of the same kind."""
    optimizer = solver_of(regressor).new_optimizer(regressor, layout, theta)
    if optimizer is not None and earlier is not None:
        optimizer.take_over(earlier.optimizer)
    return optimizer


def _fingerprint(regressor, data):
    """Return a value that is equal for two calls if their losses can be compared."""
    parts = data.X[data.rows[[0, -1]]], data.y[:, -1] if data.every_step else data.y
    sums = [crc32(np.ascontiguousarray(part)) for part in parts]
    return data.X.shape, len(data.rows), float(data.weight.sum()), regressor.alpha, *sums


def _validator(network, data):
    """Return a function from weights to loss and R² on the validation samples; None without such samples."""
    if data.validation is None:
        return None
    held_out = data.validation
    y, weight = held_out.y[held_out.rows], held_out.weight[held_out.rows]

    def validate(theta):
        loss, predictions = network.evaluate(theta, held_out, data.every_step)
        compared = at_present_steps(y, predictions, weight) if data.every_step else (y, predictions, weight)
        y_true, y_pred, sample_weight = compared
        if n_scored(y_true) < 2 or not np.isfinite(y_pred).all():
            return loss, np.nan  # R² is not defined
        return loss, r2(y_true, y_pred, sample_weight)

    return validate


def _run(regressor, samples, n_epochs, state, tasks, recorder):
    """Train the weights of the state in place on samples and merged samples; return how training ended."""

    def end_epoch(progress):
        _report(regressor.verbose, progress)
        stops = tasks.end_epoch(lambda: input_form(vars(regressor)) | state.copied().attributes())
        recorder.after_epoch(state, CONVERGED if stops else None)
        return stops

    (data, merged), network, solver = samples, state.network, solver_of(regressor)
    objective = Objective(network, data, solver.penalty(regressor), state.theta.dtype, state.rng, merged)
    validate = _validator(network, data)
    monitor = Monitor(regressor.tol, regressor.n_iter_no_change, validate, tasks.begin_epoch, end_epoch)
    trainer = solver.new_trainer(regressor, len(objective), n_epochs, state.max_updates)
    trainer = trainer.continued(recorder.n_done, recorder.evaluations)

    def run(n_threads):
        objective.n_threads = n_threads
        return trainer.run(state.theta, objective, state.optimizer, state.rng, state.progress, monitor)

    return shared_threads(run, training_threads(state.network.layout, trainer.batch_size))


def _report(verbose, progress):
    if verbose and progress.n_epochs % int(verbose) == 0:
        line = f"Iteration {progress.n_epochs}, loss = {progress.loss:.8f}"
        if progress.watches_validation:
            line += f", validation loss = {progress.validation_loss:.8f}"
        print(line)


# ---- warnings


def warn_of_interruption(regressor):
    """Warn that Ctrl-C ended training."""
    warn_user(
        f"Training interrupted by user after {regressor.n_iter_} epochs; the weights of epoch {regressor.best_iter_} "
        "are kept."
    )


def warn_of_ending(regressor, ending):
    """Warn if training ended before the loss stopped improving."""
    if ending == INTERRUPTED:
        warn_of_interruption(regressor)
    elif ending == STUCK:
        warn_user(
            "L-BFGS found no better weights in its last direction, and the optimization hasn't converged yet. Try "
            "standardize=True, X in float64, or another solver.",
            ConvergenceWarning,
        )
    elif ending in (EXHAUSTED, OUT_OF_UPDATES):
        message = solver_of(regressor).exhausted_message(regressor, ending)
        if message:
            warn_user(message, ConvergenceWarning)
