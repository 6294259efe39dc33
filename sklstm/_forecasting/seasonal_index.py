"""The season of the training series as a table, with the fields of dates that tell the position."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from sklstm._forecasting.adjustment import DAYS_IN_WEEK, SeriesAdjustment
from sklstm._forecasting.fitted_forecaster import FittedForecaster
from sklstm._time_index.season import season_length

COLUMNS = ["factor", "addend"]
# The field of a date that tells the position, and the value of the first position, by the number of rows in the season
# of an index whose season it is: 7 of days, not of any other step.
FIELDS = {12: ("month", 1), 4: ("quarter", 1), 7: ("weekday", 0), 5: ("weekday", 0), 24: ("hour", 0)}
OTHER_FIELD = ("position", 0)


def seasonal_index(fitted: FittedForecaster):
    """Return the table that `Forecaster.seasonal_index` describes."""
    length, adjuster = fitted.season_length, fitted.builder.scaler.adjuster
    if length is None:
        raise ValueError(
            "The forecaster takes no season off, so there is no seasonal index. Set season to the number of rows in a "
            "season before fit, for example Forecaster(season=12) for months."
        )
    ends = [part.end for part in fitted.data.series.values()]
    is_calendar = all(season_length(end) == length for end in ends)
    field, first = FIELDS.get(length, OTHER_FIELD) if is_calendar else OTHER_FIELD
    levels = {field: range(first, first + length)}
    if adjuster.has_week:
        levels = {"weekday": range(DAYS_IN_WEEK)} | levels
    values = np.concatenate([_factors_and_addends(adjuster.adjustments[key]) for key in fitted.data.series])
    index = _index(levels, fitted.data.spec.output_format.levels, list(fitted.data.series))
    return fitted.data.spec.output_format.to_columns(values, index, COLUMNS)


def _index(levels: dict[str, range], of_panel: list[Hashable] | None, keys: list[Hashable]):
    """Make the index of the positions, by the name of their levels; of a panel, with the keys of its series first."""
    import pandas as pd

    names, places = list(levels), list(levels.values())
    if of_panel is not None:
        index = pd.MultiIndex.from_product([range(len(keys)), *places])
        return index.set_levels(pd.Index(keys, tupleize_cols=False), level=0).set_names([of_panel[0], *names])
    if len(places) == 1:
        return pd.RangeIndex(places[0].start, places[0].stop, name=names[0])
    return pd.MultiIndex.from_product(places, names=names)


def _factors_and_addends(adjustment: SeriesAdjustment):
    """Return the season of one series as factors and addends, (n_positions, n_targets, 2)."""
    season, is_log = adjustment.season, adjustment.is_log
    factors = np.where(is_log, np.exp(np.where(is_log, season, 0)), 1.0)
    return np.stack((factors, np.where(is_log, 0.0, season)), axis=-1)
