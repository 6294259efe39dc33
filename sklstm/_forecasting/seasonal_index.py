"""The season of the training series as a table, with the fields of dates that tell the position."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import product

import numpy as np

from sklstm._forecasting.adjustment import DAYS_IN_WEEK, Adjuster, SeriesAdjustment
from sklstm._forecasting.fitted_forecaster import FittedForecaster
from sklstm._forecasting.fitted_locally import FittedLocally
from sklstm._series.history import History
from sklstm._time_index.season import season_length

COLUMNS = ["factor", "addend"]
# The field of a date that tells the position, and the value of the first position, by the number of rows in the season
# of an index whose season it is: 7 of days, not of any other step.
FIELDS = {12: ("month", 1), 4: ("quarter", 1), 7: ("weekday", 0), 5: ("weekday", 0), 24: ("hour", 0)}
OTHER_FIELD = ("position", 0)


def seasonal_index(fitted: FittedForecaster | FittedLocally, histories: Mapping[Hashable, History]):
    """Return the table that `Forecaster.seasonal_index` describes; `histories` are those of the series, by key."""
    seasons = fitted.seasons
    if not seasons:
        raise ValueError(
            "The forecaster takes no season off, so there is no seasonal index. Set season to the number of rows in a "
            "season before fit, for example Forecaster(season=12) for months."
        )
    _check_weeks(seasons)
    lengths = {key: adjuster.season_length for key, (adjuster, _) in seasons.items()}
    is_calendar = all(season_length(histories[key].end) == length for key, length in lengths.items())
    is_calendar = is_calendar and len(set(lengths.values())) == 1
    levels = {key: _levels(adjuster, is_calendar) for key, (adjuster, _) in seasons.items()}
    output_format = fitted.data.spec.output_format
    values = np.concatenate([_factors_and_addends(adjustment) for _, adjustment in seasons.values()])
    return output_format.to_columns(values, _index(levels, output_format.levels), COLUMNS)


def _check_weeks(seasons: dict[Hashable, tuple[Adjuster, SeriesAdjustment]]) -> None:
    """Raise ValueError if the week is taken off some series only, which one table cannot show."""
    has_week = {key: adjuster.has_week for key, (adjuster, _) in seasons.items()}
    if len(set(has_week.values())) > 1:
        one, other = (next(key for key, has in has_week.items() if has is which) for which in (True, False))
        raise ValueError(
            f"Day and week are taken off the series {one!r}, but one season off {other!r}: their tables have other "
            "levels. Fit a forecaster of each, for example "
            f"clone(forecaster).fit(None, y.loc[{one!r}]).seasonal_index()."
        )


def _levels(adjuster: Adjuster, is_calendar: bool) -> dict[str, range]:
    """Return the positions of a season, by the name of their levels."""
    length = adjuster.season_length
    field, first = FIELDS.get(length, OTHER_FIELD) if is_calendar else OTHER_FIELD
    levels = {field: range(first, first + length)}
    return {"weekday": range(DAYS_IN_WEEK)} | levels if adjuster.has_week else levels


def _index(levels: dict[Hashable, dict[str, range]], of_panel: list[Hashable] | None):
    """Make the index of the positions of each series; of a panel, with the keys of its series as first level."""
    import pandas as pd

    first = next(iter(levels.values()))
    if of_panel is None:
        names, places = list(first), list(first.values())
        if len(places) == 1:
            return pd.RangeIndex(places[0].start, places[0].stop, name=names[0])
        return pd.MultiIndex.from_product(places, names=names)
    rows = [(number, *place) for number, own in enumerate(levels.values()) for place in product(*own.values())]
    index = pd.MultiIndex.from_tuples(rows, names=[of_panel[0], *first])
    return index.set_levels(pd.Index(list(levels), tupleize_cols=False), level=0)


def _factors_and_addends(adjustment: SeriesAdjustment):
    """Return the season of one series as factors and addends, (n_positions, n_targets, 2)."""
    season, is_log = adjustment.season, adjustment.is_log
    factors = np.where(is_log, np.exp(np.where(is_log, season, 0)), 1.0)
    return np.stack((factors, np.where(is_log, 0.0, season)), axis=-1)
