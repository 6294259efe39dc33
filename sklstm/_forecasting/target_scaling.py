"""From the units of the user's series to those that a forecaster's regressor works in, and back."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import clone

from sklstm._utils.checks import check_output
from sklstm._utils.magnitude import power_of_two

# The width of a series is that of this share of its values, as some may be outliers. (Those equal to the median do
# not count: there may be many.)
MOST = 0.9

# A window that ends this many times further from the centre than the training rows went is at another level. Nearer,
# float32 loses no more than a few millionths of their reach.
FAR = 30

# A history that is this many times as wide as the training rows, or as narrow, is of another size.
OTHER_SIZE = 30


@dataclass(frozen=True)
class Place:
    """What the values of one series are relative to, each an ndarray of shape (n_targets,).

    Parameters
    ----------
    centre, size
        What is taken off its targets, and what they are divided by then; 0 for a series that has only one value,
        which is its forecast as long as it has.
    scale
        What its errors are relative to, as the series of a panel differ in size; 1 for a single series.
    width, reach
        How far most of its values are from the median, and the furthest from the centre.
    """

    centre: np.ndarray
    size: np.ndarray
    scale: np.ndarray
    width: np.ndarray
    reach: np.ndarray

    @classmethod
    def of_many(cls, places, counts):
        """Several, each so many times, with an axis in front."""
        columns = ([getattr(place, field.name) for place in places] for field in fields(cls))
        return cls(*(np.repeat(np.array(column), counts, axis=0) for column in columns))

    def at(self, rows):
        """Some of several."""
        return Place(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def divisor(self):
        """The size, or 1 where there is none."""
        return np.where(self.size > 0, self.size, 1)

    @property
    def far(self):
        """The values in work units beyond which a window is at another level."""
        return FAR * self.reach / self.divisor

    def is_left(self, last):
        """Which of several, given the last values of their series in work units, are far from these or have no size."""
        return ((np.abs(last) > self.far) | (self.size == 0)).any(axis=1)

    def move(self, windows):
        """What to take off windows (n, L, n_targets) in work units, and to divide by then, (n, n_targets) each."""
        level, width = np.array([_width(window) for window in windows]).transpose(1, 0, 2)
        has_size = self.size > 0
        is_far = np.abs(level) > self.far
        return np.where(is_far | ~has_size, level, 0), np.where(has_size, 1, width)

    def moved(self, shift, zoom):
        """Where `shift` more, in work units, is taken off and `zoom` times as much divides."""
        return replace(self, centre=self.centre + shift * self.divisor, size=self.divisor * zoom)


@dataclass(frozen=True)
class TargetScaler:
    """The target transformer, and what each series is relative to.

    All of it is of the training rows; a series that was not among them has its own.

    Parameters
    ----------
    transformer : estimator or None
        Fitted on the targets of all series.
    places : dict of Place
        By key.
    known, past : ndarray of shape (2, n_known) and (2, n_past)
        What is taken off the columns and what they are divided by, of all series together: columns may tell the
        series apart.
    is_centred : bool
        Whether anything is taken off.
    is_sized : bool
        Whether each series is divided by its own width.
    """

    transformer: Any
    places: dict
    known: np.ndarray
    past: np.ndarray
    is_centred: bool
    is_sized: bool

    @classmethod
    def of(cls, target_transformer, series, is_centred, is_sized=False):
        """Fitted to the series that are learnt from, by key."""
        parts = list(series.values())
        transformer = None
        if target_transformer is not None:
            transformer = _fitted(target_transformer, np.concatenate([part.y for part in parts]))
        y = {key: _transformed(transformer, part.y) for key, part in series.items()}
        scales = _scales(y)
        places = {key: _place(values, scales[key], is_centred, is_sized) for key, values in y.items()}
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("known", "past")]
        columns = [_place(values, None, is_centred, is_sized=False) for values in columns]
        known, past = (np.stack((place.centre, place.size)) for place in columns)
        return cls(transformer, places, known, past, is_centred, is_sized)

    def place(self, key, series, n_rows):
        """What a series is relative to: its first `n_rows` rows, if it was not learnt from."""
        if key in self.places:
            return self.places[key]
        y = self._finite(series.values("y", 0, n_rows))
        change = _typical_change(y)
        scale = np.where(change > 0, change, self._usual_scale)
        return _place(y, scale, self.is_centred, self.is_sized)

    @cached_property
    def _usual_scale(self):
        """The mean scale of the series that were learnt from: that of one which does not change."""
        return _mean(np.stack([place.scale for place in self.places.values()]))

    def of_histories(self, series):
        """The same for series to go on from instead of those learnt from: of another size, they have their own."""
        if not self.is_centred:
            return self
        other = {}
        for key, part in series.items():
            trained = self.places.get(key)
            if trained is None:
                continue
            y = self._finite(part.values("y", 0, len(part)))
            own = _place(y, trained.scale, self.is_centred, self.is_sized)
            ratio = np.divide(own.width, trained.width, out=np.ones_like(own.width), where=trained.width > 0)
            is_other = (ratio > OTHER_SIZE) | ((ratio < 1 / OTHER_SIZE) & (ratio > 0))
            ratio = np.where(is_other, ratio, 1)
            is_other |= np.abs(own.centre - trained.centre) > FAR * trained.reach
            if is_other.any():
                centre = np.where(is_other, own.centre, trained.centre)
                sizes = (trained.size, trained.scale, trained.width, trained.reach)
                other[key] = Place(centre, *(size * ratio for size in sizes))
        return replace(self, places={**self.places, **other}) if other else self

    def to_work(self, y, known, past, centre, size):
        """The arrays y, known and past of rows whose targets have this centre and size, (n, n_targets)."""
        known, past = ((values - part[0]) / part[1] for values, part in ((known, self.known), (past, self.past)))
        return (self._finite(y) - centre) / np.where(size > 0, size, 1), known, past

    def _finite(self, y):
        """Targets in the transformer's units, if it takes every row of y that is known."""
        values = self.transformed(y)
        bad = ~np.isfinite(values).all(axis=1) & ~np.isnan(y).any(axis=1)
        if bad.any():
            raise ValueError(
                f"target_transformer={self.transformer!r} makes {values[bad][0].tolist()} of y={y[bad][0].tolist()}, "
                "which is not finite. Choose a transformer that takes such values, or give them as NaN: missing."
            )
        return values

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


def _place(y, scale, is_centred, is_sized):
    """What a series with these values (n, n_targets) is relative to."""
    if not is_centred:
        nothing = np.zeros(y.shape[1])
        return Place(nothing, nothing + 1, scale, nothing, nothing + np.inf)
    middle, width = _width(y)
    centre = _mean(y)
    # a mean that outliers drew away would leave the others few digits
    centre = np.where(np.abs(centre - middle) > FAR * width, middle, centre)
    reach = np.nan_to_num(np.fmax.reduce(np.abs(y - centre), axis=0, initial=0))
    return Place(centre, width if is_sized else _within_float32(reach), scale, width, reach)


def _width(y):
    """Median of the present values of each column, and how far from it most of those that differ are at most."""
    answers = np.zeros((2, y.shape[1]))
    for column, values in enumerate(y.T):
        values = values[~np.isnan(values)]
        if len(values):
            middle = np.median(values)
            distance = np.abs(values - middle)
            is_other = distance > 4 * np.finfo(float).eps * np.abs(middle)
            answers[:, column] = middle, np.quantile(distance[is_other], MOST) if is_other.any() else 0
    return answers


def _within_float32(reach):
    """1, or the power of two that brings values which float32 cannot hold near to 1."""
    unit = power_of_two(reach)
    return np.where(np.abs(np.log2(unit)) > 60, unit, 1)


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
    return check_output(getattr(transformer, method)(values), who, *values.shape)


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
