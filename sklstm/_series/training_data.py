"""`TrainingData`: the series and weights of one fit, and the form of the user's tables."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklstm._series.columns import ColumnSpec
from sklstm._series.output_format import OutputFormat
from sklstm._series.series import SeriesData
from sklstm._utils.checks import check_weights

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableSpec:
    """The form of the tables that `fit` was given; later tables must have the same.

    Parameters
    ----------
    n_targets : int
    columns : ColumnSpec
        The columns of X.
    output_format : OutputFormat
        Names and dimensions of y.
    step : DateOffset, int or None, default=None
        The step that the indexes of all series of a panel have; None if they differ.
    """

    n_targets: int
    columns: ColumnSpec
    output_format: OutputFormat
    step: "pd.DateOffset | int | None" = None


@dataclass(frozen=True)
class TrainingData:
    """The rows of one fit.

    Parameters
    ----------
    series : dict of SeriesData
        By key; None is the key of a single series.
    spec : TableSpec
    weight : ndarray of shape (n_rows,) or None
        The weight of each row of the user's table.
    """

    series: dict[Hashable, SeriesData]
    spec: TableSpec
    weight: np.ndarray | None = None

    @property
    def n_rows(self):
        return sum(map(len, self.series.values()))

    @property
    def longest(self):
        """The length of the longest series."""
        return max(map(len, self.series.values()))

    def between(self, spans):
        """Select rows (first, stop) of some of the series, by key.

        The series are in the order of their first selected row in the user's table.
        """
        parts = {key: self.series[key].between(first, stop) for key, (first, stop) in spans.items() if first < stop}
        return replace(self, series=dict(sorted(parts.items(), key=lambda item: item[1].rows[0])))

    @property
    def rows(self):
        """Positions of all rows in the user's table, ascending."""
        return np.sort(np.concatenate([part.rows for part in self.series.values()]))

    def check_enough(self):
        """Raise ValueError unless there are two rows, a value of each target, and a weight above 0."""
        no_value = np.all([np.isnan(part.y).all(axis=0) for part in self.series.values()], axis=0)
        if no_value.any():
            output_format = self.spec.output_format
            names = None if output_format.y_ndim == 1 else output_format.target_names(len(no_value))
            which = "y" if names is None else f"column {names[no_value.argmax()]!r} of y"
            raise ValueError(f"{which} has only NaN: there is nothing to learn from.")
        if self.n_rows < 2:
            raise ValueError(f"y has n_samples={self.n_rows} row, but at least two are needed to learn a next value.")
        if self.weight is not None:
            check_weights(self.weight[self.rows], self.rows)
