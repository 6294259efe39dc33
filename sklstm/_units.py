"""From the units of the user's series to those that a forecaster's regressor works in, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from sklstm._validation import check_answers


@dataclass(frozen=True)
class Units:
    """The target transformer, and what each series is relative to.

    All of it is of the training rows; a series that was not among them has its own.

    Parameters
    ----------
    transformer : estimator or None
        Fitted on the targets of all series.
    centres : dict of ndarray of shape (n_targets,)
        What is taken off the targets of each series, by key.
    scales : dict of ndarray of shape (n_targets,)
        What errors are relative to, as the series of a panel differ in size; 1 for a single series.
    known, past : ndarray of shape (n_known,) and (n_past,)
        What is taken off the columns, of all series together: columns may tell the series apart.
    is_centred : bool
        Whether anything is taken off.
    """

    transformer: Any
    centres: dict
    scales: dict
    known: np.ndarray
    past: np.ndarray
    is_centred: bool

    @classmethod
    def of(cls, target_transformer, series, is_centred):
        """Fitted to the series that are learnt from, by key."""
        parts = list(series.values())
        transformer = None
        if target_transformer is not None:
            transformer = _fitted(target_transformer, np.concatenate([part.y for part in parts]))
        y = {key: _transformed(transformer, part.y) for key, part in series.items()}
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("known", "past")]
        centre = _mean if is_centred else _zeros
        centres = {key: centre(values) for key, values in y.items()}
        return cls(transformer, centres, _scales(y), *map(centre, columns), is_centred)

    def relative_to(self, key, series):
        """The centre of a series' targets and their scale, each (n_targets,)."""
        if key in self.centres:
            return self.centres[key], self.scales[key]
        y = _transformed(self.transformer, series.values("y", 0, len(series)))
        centre = _mean(y) if self.is_centred else _zeros(y)
        return centre, _positive({**self.scales, key: _typical_change(y)})[key]

    def to_work(self, y, known, past, centre):
        """The arrays y, known and past of rows whose targets have this centre, (n, n_targets) or (n_targets,)."""
        values = self.transformed(y)
        self._check_finite(values, y)
        return values - centre, known - self.known, past - self.past

    def _check_finite(self, values, y):
        """Whether the transformer takes every row of y that is known."""
        bad = ~np.isfinite(values).all(axis=1) & ~np.isnan(y).any(axis=1)
        if bad.any():
            raise ValueError(
                f"target_transformer={self.transformer!r} makes {values[bad][0].tolist()} of y={y[bad][0].tolist()}, "
                "which is not finite. Choose a transformer that takes such values, or give them as NaN: missing."
            )

    def scales_of(self, targets):
        """What errors are relative to if these targets (n, n_targets), by key, are all that is learnt from."""
        return _scales({key: _transformed(self.transformer, y) for key, y in targets.items()})

    def transformed(self, values):
        """Targets (…, n_targets) in the transformer's units, with their centre."""
        return _transformed(self.transformer, values.reshape(-1, values.shape[-1])).reshape(values.shape)

    def to_user(self, values):
        """Targets (…, n_targets), with their centre, in the user's units."""
        if self.transformer is None:
            return values
        rows = values.reshape(-1, values.shape[-1])
        known = np.isfinite(rows).all(axis=1)
        answers = np.full(rows.shape, np.nan)
        if known.any():
            with np.errstate(over="ignore", invalid="ignore"):  # whoever asked sees what is not finite
                answers[known] = _checked(self.transformer, "inverse_transform", rows[known])
        return answers.reshape(values.shape)


def _zeros(values):
    return np.zeros(values.shape[1])


def _mean(values):
    """Of each column, over what is present; 0 where nothing is."""
    present = ~np.isnan(values)
    return np.where(present, values, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)


def _scales(y):
    """What errors of each series are relative to, by key."""
    if None in y:
        return {None: np.ones(y[None].shape[1])}
    return _positive({key: _typical_change(values) for key, values in y.items()})


def _typical_change(y):
    """Mean absolute change from one row to the next, (n_targets,)."""
    return _mean(np.abs(np.diff(y, axis=0)))


def _positive(scales):
    """Scales by key; a series that does not change has the mean of those that do."""
    values = np.stack(list(scales.values()))
    usual = _mean(np.where(values > 0, values, np.nan))
    return {key: np.where(scale > 0, scale, np.where(usual > 0, usual, 1)) for key, scale in scales.items()}


def _transformed(transformer, y):
    """Targets as the transformer has them: rows without a missing one; the others are missing."""
    if transformer is None:
        return y
    known = ~np.isnan(y).any(axis=1)
    answers = np.full(y.shape, np.nan)
    if known.any():
        answers[known] = _checked(transformer, "transform", y[known])
    return answers


def _checked(transformer, method, values):
    """What a method of the target transformer makes of values (n, n_targets), in the same shape."""
    who = f"target_transformer={transformer!r}: {method}"
    return check_answers(getattr(transformer, method)(values), who, *values.shape)


def check_transformer(target_transformer):
    """Whether it can be a target transformer, as far as can be told before it is fitted."""
    if isinstance(target_transformer, type):
        name = target_transformer.__name__
        raise TypeError(f"target_transformer must be an instance, got the class {name}: write {name}().")
    missing = [name for name in ("transform", "inverse_transform") if not hasattr(target_transformer, name)]
    if target_transformer is not None and missing:
        raise TypeError(f"target_transformer must have {missing[0]}, got {target_transformer!r}.")


def _fitted(target_transformer, y):
    """A clone fitted on the rows without a missing target, which must undo what it does."""
    check_transformer(target_transformer)
    known = y[~np.isnan(y).any(axis=1)]
    if not len(known):
        raise ValueError("No row of y has a value of every target: there is nothing to fit target_transformer on.")
    transformer = clone(target_transformer).fit(known)
    there = _checked(transformer, "transform", known)
    if not np.isfinite(there).all():
        raise ValueError(
            f"target_transformer={target_transformer!r} gives values that are not finite for the training targets."
        )
    back = _checked(transformer, "inverse_transform", there)
    if not np.allclose(back, known, rtol=1e-3, atol=1e-3 * np.abs(known).max()):
        raise ValueError(
            f"target_transformer={target_transformer!r} does not undo itself: inverse_transform(transform(y)) is not "
            "y. FunctionTransformer needs inverse_func, as in FunctionTransformer(np.log1p, np.expm1)."
        )
    return transformer
