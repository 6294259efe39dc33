"""Baselines: simple forecasts of each series, which a regressor corrects.

A baseline forecasts from all rows up to the origin, in adjusted units. What it knows is kept as a *state*, which takes
each further row in constant time. So forecasts after an update, or after forecasts that are fed back, need no earlier
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from sklstm._components.naive import seasonal_naive
from sklstm._components.theta import Lines, ThetaState, follow_each

THETA, NAIVE, SEASONAL_NAIVE = "theta", "naive", "seasonal_naive"
RIDGE_SHORT, RIDGE_LONG = "ridge_short", "ridge_long"  # parts of "auto"

Rows = Callable[[Hashable, int, int], np.ndarray]  # the adjusted rows `first` to `stop` of the series of a key


class State(Protocol):
    """What a baseline knows of some columns after some rows."""

    n_columns: int

    def columns(self, which) -> Self:
        """Return the state of some columns."""

    def after(self, y) -> Self:
        """Return the state after more rows (n_rows, n_columns)."""

    def path(self, steps):
        """Forecast the next steps, (steps, n_columns)."""


@dataclass(frozen=True)
class Theta:
    """The state of the theta baseline, as a `State`.

    Parameters
    ----------
    state : ThetaState
    """

    state: ThetaState

    @classmethod
    def follow_each(cls, series, season_length):
        """Follow some series from their first row on: return their states, and functions for earlier forecasts.

        Each function takes origins (n,), at least 1, and steps, and returns forecasts (n, steps, n_targets).
        """
        states, lines = zip(*follow_each(series), strict=True)
        return [cls(state) for state in states], [LinePaths(part) for part in lines]

    @classmethod
    def joined(cls, states):
        """Return the state of the columns of some states, one after the other."""
        return cls(ThetaState.joined([state.state for state in states]))

    @property
    def n_columns(self):
        return len(self.state.n_values)

    def columns(self, which):
        return Theta(self.state.columns(which))

    def after(self, y):
        return Theta(self.state.follow(y)[0])

    def path(self, steps):
        return self.state.line.path(steps)


@dataclass(frozen=True)
class LinePaths:
    """Forecasts of a series from each of its rows that are straight lines.

    Parameters
    ----------
    lines : Lines of shape (n_rows, n_targets)
    """

    lines: Lines

    def __call__(self, origins, steps):
        return self.lines.at(origins - 1).path(steps)


@dataclass(frozen=True)
class Naive:
    """The state of the (seasonal) naive baseline, as a `State`.

    Parameters
    ----------
    newest : ndarray of shape (season_length, n_columns)
        The newest value at each position of the season; that of the next row is first.
    """

    newest: np.ndarray

    @classmethod
    def follow_each(cls, series, season_length):
        """Do the same as `Theta.follow_each`."""
        states = [cls(np.full((season_length, y.shape[1]), np.nan)).after(y) for y in series]
        return states, [NaivePaths(y, season_length) for y in series]

    @classmethod
    def joined(cls, states):
        """Return the state of the columns of some states, one after the other."""
        return cls(np.concatenate([state.newest for state in states], axis=1))

    @property
    def n_columns(self):
        return self.newest.shape[1]

    def columns(self, which):
        return Naive(self.newest[:, which])

    def after(self, y):
        season_length, y = len(self.newest), np.concatenate((self.newest, y))
        return Naive(seasonal_naive(y, season_length, np.array([len(y)]), season_length)[0])

    def path(self, steps):
        return self.newest[np.arange(steps) % len(self.newest)]


@dataclass(frozen=True)
class NaivePaths:
    """(Seasonal) naive forecasts of a series from each of its rows.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_targets)
    season_length : int
    """

    y: np.ndarray
    season_length: int

    def __call__(self, origins, steps):
        return seasonal_naive(self.y, self.season_length, origins, steps)


KINDS = {THETA: Theta, NAIVE: Naive, SEASONAL_NAIVE: Naive}


@dataclass(frozen=True)
class SeriesBaseline:
    """A baseline that forecasts each series from its own rows alone.

    Parameters
    ----------
    kind : class
        `Theta` or `Naive`.
    season_length : int
        For `Naive`; 1 repeats the last value.
    ends : dict of (int, State), by key
        Numbers of rows, and the state after so many.
    is_compact : bool, default=False
        Whether the rows before `ends` are no longer kept. Then forecasts always start from these states.
    """

    kind: type[Theta] | type[Naive]
    season_length: int
    ends: dict[Hashable, tuple[int, State]]
    is_compact: bool = False

    @classmethod
    def from_name(cls, name, season_length):
        """Make a baseline that knows no series yet."""
        return cls(KINDS[name], season_length if name == SEASONAL_NAIVE else 1, {})

    def training_paths(self, series, origins, steps):
        """Forecast from origins in the training rows; return forecasts by key, and the baseline at their end.

        Parameters
        ----------
        series : dict of ndarray of shape (n, n_targets)
            The adjusted training rows, by key.
        origins : dict of ndarray of int of shape (n_origins,)
        steps : int

        Returns
        -------
        forecasts : dict of ndarray of shape (n_origins, steps, n_targets)
        baseline : SeriesBaseline
        """
        states, paths = self.kind.follow_each(list(series.values()), self.season_length)
        ends = {key: (len(y), state) for (key, y), state in zip(series.items(), states, strict=True)}
        by_key = dict(zip(series, paths, strict=True))
        return {key: by_key[key](rows, steps) for key, rows in origins.items()}, replace(self, ends=ends)

    def start(self, rows: Rows, origins, steps, feeds_back):
        """Return the baseline at some origins of each series, by key, as a FixedStart or StateStart.

        Parameters
        ----------
        rows : callable
            Returns adjusted rows of a series.
        origins : dict of ndarray of int of shape (n_origins,)
        steps : int
            How many steps will be forecast.
        feeds_back : bool
            Whether forecasts will be fed back.
        """
        is_known = all((known == self.ends.get(key, (-1,))[0]).all() for key, known in origins.items())
        if is_known or feeds_back or self.is_compact:
            return self._states(rows, origins)
        series = [rows(key, 0, known.max(initial=1)) for key, known in origins.items()]
        _, paths = self.kind.follow_each(series, self.season_length)
        parts = [path(np.maximum(known, 1), steps) for path, known in zip(paths, origins.values(), strict=True)]
        values, known = np.concatenate(parts), np.concatenate(list(origins.values()))
        return FixedStart(np.where((known > 0)[:, np.newaxis, np.newaxis], values, np.nan))

    def _states(self, rows: Rows, origins):
        """Return the state at some origins of each series, by key, as a StateStart."""
        found, n_targets = [], 1
        for key, known in origins.items():
            ordered, which = np.unique(known, return_inverse=True)
            at, state = self._end_before(rows, key, ordered[0])
            states = []
            for origin in ordered:
                state = state if origin == at else state.after(rows(key, at, origin))
                at = origin
                states.append(state)
            found += [states[number] for number in which]
            n_targets = rows(key, 0, 0).shape[1]
        return StateStart(self.kind.joined(found), n_targets)

    def _end_before(self, rows: Rows, key, first):
        """Return a number of rows that is not larger than `first`, and the state after so many."""
        if key in self.ends and self.ends[key][0] <= first:
            return self.ends[key]
        return first, self.kind.follow_each([rows(key, 0, first)], self.season_length)[0][0]

    def at(self, rows: Rows, lengths):
        """Return the baseline with the states after so many rows of each series, by key."""
        ends = {key: (n, self._states(rows, {key: np.array([n])}).state) for key, n in lengths.items()}
        return replace(self, ends={**self.ends, **ends})

    def compact(self):
        """Return the baseline for series of which the rows before `ends` are no longer kept."""
        return replace(self, is_compact=True)

    def without(self, keys):
        """Return the baseline without the states of some series."""
        return replace(self, ends={key: end for key, end in self.ends.items() if key not in keys})


@dataclass(frozen=True)
class FixedStart:
    """Forecasts of a baseline from some origins.

    Parameters
    ----------
    values : ndarray of shape (n, steps, n_targets)
        In adjusted units.
    """

    values: np.ndarray

    def __getitem__(self, rows):
        return FixedStart(self.values[rows])

    def path(self, steps):
        """Forecast the next steps, (n, steps, n_targets)."""
        return self.values[:, :steps]


@dataclass(frozen=True)
class StateStart:
    """The state of a baseline at some origins, after which forecasts can be fed back.

    Parameters
    ----------
    state : State
        With `n_targets` columns for each origin.
    n_targets : int
    """

    state: State
    n_targets: int

    def __getitem__(self, rows):
        columns = np.arange(self.state.n_columns).reshape(-1, self.n_targets)[rows]
        return StateStart(self.state.columns(columns.ravel()), self.n_targets)

    def path(self, steps):
        """Forecast the next steps, (n, steps, n_targets)."""
        return self.state.path(steps).reshape(steps, -1, self.n_targets).swapaxes(0, 1)

    def after(self, values):
        """Return the state after more rows (n, n_rows, n_targets)."""
        rows = values.swapaxes(0, 1).reshape(values.shape[1], -1)
        return StateStart(self.state.after(rows), self.n_targets)


@dataclass(frozen=True)
class BaselineStart:
    """Some baselines at the origins of ForecastWindows.

    Parameters
    ----------
    members : tuple of FixedStart or StateStart
    """

    members: tuple[FixedStart | StateStart, ...]

    def __getitem__(self, rows):
        return BaselineStart(tuple(member[rows] for member in self.members))

    def after(self, values):
        """Return the baselines after forecasts (n, n_rows, n_targets) that are fed back."""
        return BaselineStart(tuple(member.after(values) for member in self.members))


NO_BASELINE = BaselineStart(())
