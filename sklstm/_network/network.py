"""The whole model as functions of one flat vector: rows in the user's units in, answers out.

This is where rows become features first (`lstm.py`) and back: rows X (B, T, F) and y (B, K) or
(B, T, K) here, x (T, F, B) and y (…, K, B) below.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklstm._network import initializers, stack
from sklstm._network import readout as linear
from sklstm._network.layout import Layout
from sklstm._network.scaling import SKIP, Moments, Scaling, counted_weight, fit_scaling, last_present
from sklstm._utils.windows import row_chunks

# Rows predicted at once: enough to fill the vector units, few enough to stay in the cache.
PREDICTION_ROWS = 256


@dataclass(frozen=True)
class Network:
    """LSTM layers and a linear read-out, with the change of units around them.

    Parameters
    ----------
    layout : Layout
        Sizes, and where each parameter lies in `theta`.
    every_step : bool
        Whether training looks at the answers at every step or at the last one only.
    loss : object
        One of `losses.py`.
    scaling : Scaling
        Units of the inputs and outputs.
    empty_answer : ndarray of shape (Q, K)
        Output for a row with no present step: the best constant for the targets.
    dropout : float, default=0.0
        Probability of dropping a state, in training.
    """

    layout: Layout
    every_step: bool
    loss: Any
    scaling: Scaling
    empty_answer: np.ndarray
    dropout: float = 0.0

    @property
    def n_outputs(self):
        """K: the read-out's values over those that the loss needs of each output."""
        return self.layout.n_values // self.loss.n_levels

    @property
    def n_channels(self):
        """F of the rows: the network may read an indicator beside each channel."""
        return self.layout.n_channels // self.scaling.gaps.n_inputs_per_channel

    def initial_theta(self, rng, dtype):
        """Draw a parameter vector."""
        theta = np.zeros(self.layout.size)
        layers, readout = self.layout.matrices(theta)
        H = self.layout.hidden_size
        for number, matrix in enumerate(layers):
            # indicators begin at 0: what is missing is the mean until more is learnt, and one that never is stays so
            width = matrix.shape[1] - 1 - H
            drawn = self.n_channels if number < self.layout.n_directions else width
            matrix[:, np.r_[:drawn, width : width + 1 + H]] = initializers.lstm_matrix(rng, drawn, H)
        readout[...] = initializers.readout_matrix(rng, readout.shape[1] - 1, len(readout))
        readout[:, 0] = self.loss.initial_bias(self.n_outputs)
        return theta.astype(dtype)

    def after(self, X, y, weight, rows, dtype):
        """The same for training that goes on with other rows, as in `fit_network`."""
        pieces = _pieces(X, y, weight, rows, self.every_step, dtype, self.scaling.gaps)
        return replace(self, scaling=self.scaling.after(pieces, dtype))

    def training_workspace(self, n_steps, n_samples, dtype):
        """Buffers for `loss_and_gradient` of batches of one shape."""
        return stack.Workspace(self.layout, n_steps, n_samples, dtype, self.every_step, dropout=self.dropout)

    def predict(self, theta, X, every_step, every_level=False):
        """Answers (n, K) or, at every step, (n, T, K) for rows X (n, T, F), in the precision of `theta`.

        With an answer at every step, NaN at missing ones; the last answer is one that a missing step
        does not change. `every_level` adds an axis for the levels of the loss at the end.
        """
        n_rows, n_steps, _ = X.shape
        shape = (n_rows, n_steps, self.n_outputs) if every_step else (n_rows, self.n_outputs)
        answers = np.empty(shape + (self.loss.n_levels,) * every_level, theta.dtype)
        # what an every-step read-out says last is not what both directions leave last
        joined = self.every_step and self.layout.n_directions > 1
        for rows, raw, missing, reference in self._answered(theta, X, every_step or joined):
            answers[rows] = self._answers(raw, missing, reference, every_step, every_level)
        return answers

    def _answered(self, theta, X, every_step, rows=None):
        """For rows of X, all or those numbered, in pieces: which they are, and what `_raw` says of them."""
        ws, n_rows = None, len(X) if rows is None else len(rows)
        for start in range(0, n_rows, PREDICTION_ROWS):
            piece = slice(start, min(start + PREDICTION_ROWS, n_rows))
            part = X[piece if rows is None else rows[piece]]
            shape = part.shape[1], len(part)
            if ws is None or ws.shape != shape:
                ws = stack.Workspace(self.layout, *shape, theta.dtype, every_step, for_gradient=False)
            yield piece if rows is None else rows[piece], *self._raw(theta, part, ws)[:3]

    def _raw(self, theta, rows, ws, rng=None):
        """What the read-out says of rows, (…, QK, B); what `Scaling.inputs` does; the states."""
        layers, readout = self.layout.matrices(theta)
        n_channels = rows.shape[2]
        ws.x[:, :n_channels] = rows.transpose(1, 2, 0)
        missing, reference = self.scaling.inputs(ws.x[:, :n_channels], ws.x[:, n_channels:])
        states = stack.forward(layers, ws, missing, rng)
        return linear.forward(readout, states), missing, reference, states

    def _answers(self, raw, missing, reference, every_step, every_level):
        """Raw values in the user's units, the rows as first axis again."""
        loss = self.loss
        if raw.ndim == 3 and not every_step:
            raw = last_present(raw, None if missing is None else missing[:, np.newaxis])
        y = loss.every_level(raw) if every_level else loss.point(raw)
        self.scaling.outputs(y, reference)
        if missing is not None:
            if every_step:
                np.copyto(y, np.nan, where=missing.reshape(len(missing), *[1] * (y.ndim - 2), -1))
            else:
                empty = self.empty_answer if every_level else self.empty_answer[loss.middle]
                np.copyto(y, empty[..., np.newaxis], where=missing.all(axis=0))
        y = np.moveaxis(y, -1, 0)
        return np.swapaxes(y, -1, -2) if every_level else y

    def loss_and_gradient(self, theta, X, y, weight, ws, rng=None):
        """Loss of one batch of rows and its gradient with respect to `theta`.

        Parameters
        ----------
        theta : ndarray of shape (layout.size,)
        X : ndarray of shape (B, T, F)
        y : ndarray of shape (B, K) or (B, T, K)
            As `training_targets` gives them.
        weight : ndarray of shape (B,)
        ws : Workspace
            Made by `training_workspace` for this shape.
        rng : numpy.random.Generator, default=None
            Draws what is dropped.

        Returns
        -------
        loss : float
            Weighted mean per target that counts, standardised.
        gradient : ndarray of shape (layout.size,)
        weight : ndarray of shape (B,) or (T, B)
            Of each target.
        """
        raw, missing, reference, states = self._raw(theta, X, ws, rng)
        target, weight = self._targets(y, weight, reference, theta.dtype)
        loss, d_raw = self.loss(raw, target, weight)

        gradient = np.empty_like(theta)
        layers, readout = self.layout.matrices(theta)
        d_layers, d_readout = self.layout.matrices(gradient)
        d_readout[...], d_states = linear.backward(readout, states, d_raw)
        stack.backward(layers, ws, d_states, d_layers, missing)
        return loss, gradient, weight

    def _targets(self, y, weight, reference, dtype):
        """Targets in the network's units, features first, and the weight of each: 0 where it is NaN."""
        target = _features_first(y).astype(dtype, order="C")
        if self.every_step:
            weight = counted_weight(target, weight)
            target[np.isnan(target)] = 0
        self.scaling.targets(target, reference)
        return target, weight

    def evaluate(self, theta, X, y, weight, rows, every_answer):
        """Loss of rows that are not trained on (as in `Objective`), and their answers as from `predict`.

        The penalty is no part of this loss. `every_answer` asks for the answers at every step.
        """
        answers, total, counted = [], 0.0, 0.0
        for part, raw, missing, reference in self._answered(theta, X, self.every_step, rows):
            y_part = training_targets(X[part], y[part], self.every_step, self.scaling.gaps)
            target, w = self._targets(y_part, weight[part], reference, theta.dtype)
            share = float(w.sum())
            loss, _ = self.loss(raw, target, (w / share).astype(theta.dtype))
            total, counted = total + loss * share, counted + share
            answers.append(self._answers(raw, missing, reference, every_answer, every_level=False))
        return total / counted, np.concatenate(answers)


def _features_first(values):
    """View of rows with the rows as last axis; np.moveaxis takes ten times as long to say so."""
    return values.T if values.ndim == 2 else values.transpose(1, 2, 0)


def training_targets(X, y, every_step, gaps=SKIP):
    """What is compared with the answers: y (B, K) or, at every step, (B, T, K) with NaN where none counts.

    Where there is a target for the last step only, the target of each step before it is what follows
    it in the row, in the first K channels: where both steps are present, and this value.
    """
    if not every_step:
        return y
    missing = gaps.skipped_steps(X)
    if y.ndim == 3:
        return np.where(missing[..., np.newaxis], np.nan, y)
    targets = np.concatenate((X[:, 1:, : y.shape[1]], y[:, np.newaxis]), axis=1)
    targets[:, :-1][missing[:, :-1] | missing[:, 1:]] = np.nan
    return targets


def fit_network(layout, every_step, loss, X, y, weight, rows, dtype, *, dropout=0.0, gaps=SKIP, **scaling):
    """Make a `Network` whose scaling is fitted to the given rows (as in `Objective`).

    `scaling` are the settings of `fit_scaling`.
    """
    weight = weight / weight.max()  # of weights that are all huge or tiny, sums of squares would not fit
    fitted = fit_scaling(
        lambda: _pieces(X, y, weight, rows, every_step, dtype, gaps),
        dtype,
        is_centred=not loss.needs_nonnegative,
        gaps=gaps,
        **scaling,
    )
    empty = _empty_answer(loss, X, y, weight, rows, gaps)
    return Network(layout, every_step, loss.scaled(fitted), fitted, empty.astype(dtype), dropout)


def _pieces(X, y, weight, rows, every_step, dtype, gaps):
    """The given rows, what is compared with their answers, features first in `dtype`, and their weights, in pieces."""
    for chunk in row_chunks(len(rows), X.shape[1] * X.shape[2]):
        part = rows[chunk]
        x, target = X[part], training_targets(X[part], y[part], every_step, gaps)
        yield *(_features_first(values).astype(dtype, order="C") for values in (x, target)), weight[part]


def _empty_answer(loss, X, y, weight, rows, gaps):
    """The best constant answer to the targets of the given rows, (Q, K)."""
    moments, parts, weights = Moments(), [], []
    for chunk in row_chunks(len(rows), X.shape[1] * X.shape[2]):
        part = rows[chunk]
        target = _features_first(training_targets(X[part], y[part], y.ndim == 3, gaps))
        counted = counted_weight(target, weight[part])
        if loss.constant_is_mean:  # which is taken piece by piece; an order needs them all
            moments.add(target, counted)
        else:
            parts.append(np.moveaxis(target, -2, 0).reshape(target.shape[-2], -1))
            weights.append(counted.ravel())
    if loss.constant_is_mean:
        return np.broadcast_to(moments.mean, (loss.n_levels, len(moments.mean)))
    return loss.constant(np.concatenate(parts, axis=1), np.concatenate(weights))
