"""One call of `fit` or `partial_fit`, from checked rows to fitted attributes.

Functions here take an `LSTMRegressor` and set what begins with `_` on it; it replaces its attributes,
and never changes them, so that a failure can put the old ones back (`restored_on_error`).
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np

from sklstm._estimator.forecast_start import ForecastStart
from sklstm._estimator.input_checks import check_every_channel, check_step_answers
from sklstm._estimator.settings import (
    batch_size,
    fixed_settings,
    new_layout,
    new_loss,
    new_optimizer,
    new_trainer,
    number_of_targets,
    penalty,
)
from sklstm._network.fit_scaling import ScalingSettings
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective
from sklstm._training.holdout import hold_out, n_to_train_on
from sklstm._training.loop import INTERRUPTED, Watch
from sklstm._training.progress import Progress
from sklstm._utils.magnitude import scaled_for_r2
from sklstm._utils.random import own_generator
from sklstm._utils.recursion_bounds import WindowRange
from sklstm._utils.threads import threads_for
from sklstm._utils.windows import merged_rows


def begin(model, data):
    """Draw weights, fit the scaling, and start optimiser, generator and history anew."""
    loss, dtype = new_loss(model), data.X.dtype
    n_channels, n_outputs = data.X.shape[2], data.n_outputs
    n_targets = number_of_targets(model, n_channels, n_outputs)
    every_step = data.every_step or _predicts_next_steps(model, data, n_targets)
    settings = ScalingSettings(n_targets, model.instance_norm, model.standardize, data.gaps)
    layout = new_layout(model, n_channels, n_outputs * loss.n_levels)
    model._network = fit_network(layout, loss, data, dtype, settings, every_step=every_step, dropout=model.dropout)
    model.n_outputs_, model._y_ndim = n_outputs, data.y_ndim
    model.theta_ = model._network.initial_theta(model._rng, dtype)
    model._progress, model._optimizer, model._latest = Progress(), None, None
    model._fixed = fixed_settings(model)


def _predicts_next_steps(model, data, n_targets):
    """Whether the steps inside of the rows count too: with "auto" where the rows show that they can."""
    if model.loss_steps != "auto":
        return model.loss_steps == "all"
    return not model.bidirectional and ForecastStart.after(data.X, data.y, data.weight, None, n_targets).is_continued


def check_resumable(model, data):
    """Complain where training cannot continue with these parameters or rows."""
    for name, value in fixed_settings(model).items():
        if value != model._fixed[name]:
            raise ValueError(
                f"{name}={value!r}, but training continues a model with {name}={model._fixed[name]!r}. Fit a clone, "
                "or without warm_start."
            )
    if data.n_outputs != model.n_outputs_ or data.y_ndim != model._y_ndim:
        raise ValueError(
            f"y has {data.n_outputs} outputs and {data.y_ndim} dimensions, but training continues a model with "
            f"{model.n_outputs_} and {model._y_ndim}."
        )


@dataclass
class State:
    """What training changes in place."""

    theta: np.ndarray
    optimizer: Any
    rng: Any
    progress: Progress

    def copied(self):
        """The same, to go on with by itself."""
        optimizer, rng = deepcopy((self.optimizer, self.rng))
        return State(self.theta.copy(), optimizer, rng, replace(self.progress))

    def attributes(self, keeps_best=False):
        """Of a model whose training ends here, with the best weights or with the last."""
        progress = self.progress
        kept = progress.best_theta if keeps_best and progress.best_theta is not None else self.theta
        private = {
            "_optimizer": self.optimizer,
            "_rng": self.rng,
            "_progress": progress,
            "_latest": None if kept is self.theta else self.theta,
        }
        return private | fitted_attributes(kept.copy(), progress, kept is not self.theta)


def train(model, data, y, *, resume, new_period, n_epochs, tasks):
    """Train for up to `n_epochs` epochs on checked rows, whose targets came as `y`, and set the attributes.

    `new_period` lets the schedule begin again.

    Returns
    -------
    ending : str
        How training ended.
    """
    _check_sizes(model, data)
    if not resume:
        model._rng = own_generator(model.random_state)
        model._split_seed = int(model._rng.spawn(1)[0].integers(2**31))  # the generator goes on as without
    data = _divided(model, data)
    if not resume:
        check_every_channel(data)
    merged = _merged(model, data)
    if resume:
        check_resumable(model, data)
        model._network = model._network.updated(data, model.theta_.dtype)
    else:
        begin(model, data if merged is None else merged)
    previous = model._forecast_start if resume else None
    model._seen = WindowRange.from_windows(data.X, model._network.scaling.n_targets, model._seen if resume else None)
    model._forecast_start = ForecastStart.after(
        data.X, data.y, data.weight, y, model._network.scaling.n_targets, previous
    )
    state = _state_to_change(model)
    previous, model._trained_on = getattr(model, "_trained_on", None), _fingerprint(model, data)
    validate = _validator(model._network, data)
    state.progress.watch(validate, same_rows=model._trained_on == previous)
    state.progress.begin_period(new_period, model.max_iter)
    ending = _run(model, data, merged, n_epochs, state, validate, tasks)
    vars(model).update(state.attributes(ending == INTERRUPTED or data.validation is not None))
    return ending


def _check_sizes(model, data):
    """Complain of numbers that do not fit the rows, before a generator is used."""
    number_of_targets(model, data.X.shape[2], data.n_outputs)
    if model.early_stopping and data.validation is None:
        n_to_train_on(len(data.rows), model.validation_fraction, model.validation_gap)


def _fingerprint(model, data):
    """What tells whether losses of one call can be compared with those of another."""
    parts = data.X[data.rows[[0, -1]]], data.y[:, -1] if data.every_step else data.y
    sums = [crc32(np.ascontiguousarray(part)) for part in parts]
    return data.X.shape, len(data.rows), float(data.weight.sum()), model.alpha, *sums


def _divided(model, data):
    """The rows with some held out, if they are to be and the user brought none."""
    if not model.early_stopping or data.validation is not None:
        return data
    settings = model.validation_fraction, model.validation_split, model.validation_gap, model._split_seed
    return data.divided(*hold_out(data.rows, *settings))


def _merged(model, data):
    """The rows to train on with equal ones as one, if they are all in one batch; else None.

    Many epochs can make of a rounding what they like, so a row of weight 2 must not only be worth the
    row twice but go through the same sums. Of several batches neither holds, and of dropout: a row that
    comes twice is drawn for twice.
    """
    if model.dropout or not (model.solver == "lbfgs" or len(data.rows) <= batch_size(model, len(data.rows))):
        return None
    rows, weight = merged_rows(data.X, data.y, data.weight, data.rows, data.gaps.skipped_steps)
    return replace(data, rows=rows, weight=weight)


def _state_to_change(model):
    """Copies of where training is, so that a failure leaves the originals."""
    state = State(_latest_theta(model), None, model._rng, model._progress).copied()
    state.optimizer = new_optimizer(model, model._network.layout, state.theta)
    if state.optimizer is not None:
        state.optimizer.take_over(model._optimizer)
    return state


def _latest_theta(model):
    """Where training goes on: the last weights, unless the kept ones were changed by hand since."""
    if model._latest is None or not np.array_equal(model.theta_, model._progress.best_theta):
        return model.theta_
    return model._latest


def _run(model, data, merged, n_epochs, state, validate, tasks):
    network, theta = model._network, state.theta
    objective = Objective(network, data, penalty(model), theta.dtype, state.rng, merged)

    def end_epoch(progress, theta):
        _report(model.verbose, progress)
        return tasks.end_epoch(lambda: state.copied().attributes())

    watch = Watch(model.tol, model.n_iter_no_change, validate, tasks.begin_epoch, end_epoch)
    trainer = new_trainer(model, len(data.rows), n_epochs)
    # three products a step: forward, backward, and its part of the weights' gradient
    with threads_for(3 * trainer.batch_size * network.layout.matrix_size):
        return trainer.run(theta, objective, state.optimizer, state.rng, state.progress, watch)


def _report(verbose, progress):
    if verbose and progress.n_epochs % int(verbose) == 0:
        line = f"Iteration {progress.n_epochs}, loss = {progress.loss:.8f}"
        if progress.watches_validation:
            line += f", validation loss = {progress.validation_loss:.8f}"
        print(line)


def _validator(network, data):
    """Measures theta on the validation rows: their loss, and R² of their answers; None without such rows."""
    if data.validation is None:
        return None
    from sklearn.metrics import r2_score

    held = data.validation
    y, weight = held.y[held.rows], held.weight[held.rows]

    def validate(theta):
        loss, answers = network.evaluate(theta, held, data.every_step)
        truth, answers, w = check_step_answers(y, answers, weight) if data.every_step else (y, answers, weight)
        # of one answer, or with one that is not finite, there is no R²
        known = len(truth) > 1 and np.isfinite(answers).all()
        return loss, float(r2_score(*scaled_for_r2(truth, answers), sample_weight=w)) if known else np.nan

    return validate


def fitted_attributes(theta, progress, keeps_best):
    """The fitted attributes of a model with these weights: the best ones, or the last.

    Not the curves, which are as long as the history: properties make them of `progress`.
    """
    n_epochs = progress.n_epochs
    score = progress.best_score if keeps_best else progress.score
    return {
        "theta_": theta,
        "loss_": progress.loss,
        "best_loss_": progress.smallest_loss if n_epochs else np.nan,
        "best_iter_": progress.best_epoch if keeps_best else n_epochs,
        "best_validation_score_": score if progress.watches_validation else None,
        "n_iter_": n_epochs,
        "t_": progress.n_seen,
    }
