"""Convert forecasts to pandas with the names and dimensions of `y`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.checks import is_pandas, n_dimensions

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd


@dataclass(frozen=True)
class OutputFormat:
    """Names and dimensions of the targets.

    Parameters
    ----------
    y_ndim : int
        1 for a single target, 2 for a column per target.
    names : label, Index or None
        The name of the Series or the columns of the DataFrame; None for arrays.
    levels : list or None
        Names of the two levels of a panel's index; None for a single series.
    """

    y_ndim: int
    names: "Hashable | pd.Index"
    levels: "list[Hashable] | None"

    @classmethod
    def from_targets(cls, y, index):
        """Read the format of `y`, whose rows have this index (None for arrays)."""
        names = (y.columns if y.ndim == 2 else y.name) if is_pandas(y) else None
        return cls(n_dimensions(y), names, list(index.names) if index is not None and index.nlevels > 1 else None)

    @property
    def is_panel(self):
        return self.levels is not None

    def target_names(self, n_targets):
        """List the name of each target; targets of arrays are numbered from 0."""
        return list(range(n_targets)) if self.names is None else list(self._columns(n_targets))

    def described_targets(self, n_targets):
        """List the name of each target in messages."""
        if self.y_ndim == 1:
            return ["y" if self.names is None else f"the target {self.names!r}"]
        return [f"the target {name!r}" for name in self.target_names(n_targets)]

    def target_index(self, n_targets):
        """Return the names of the targets as an Index with one level, for use as a column."""
        return self._columns(n_targets).to_flat_index()

    def _columns(self, n_targets):
        """Return the columns of a frame of targets."""
        import pandas as pd

        return pd.RangeIndex(n_targets) if self.names is None else self.names

    def to_pandas(self, values, index):
        """Convert values (n, n_targets) to a Series or DataFrame."""
        import pandas as pd

        if self.y_ndim == 1:
            return pd.Series(values[:, 0], index=index, name=self.names)
        return pd.DataFrame(values, index=index, columns=self.names)

    def to_frame(self, forecasts, index, coverages):
        """Convert forecasts (n, n_targets, 1 + 2 n_coverages) to pandas, with columns for the ends of intervals."""
        if not coverages:
            return self.to_pandas(forecasts[..., 0], index)
        return self.to_columns(forecasts, index, ["forecast", *interval_names(coverages)])

    def to_columns(self, forecasts, index, columns):
        """Convert values (n, n_targets, n_columns) to a DataFrame with these columns for each target."""
        import pandas as pd

        columns = pd.Index(columns)
        if self.y_ndim == 1:
            return pd.DataFrame(forecasts[:, 0], index=index, columns=columns)
        names = self._columns(forecasts.shape[1])
        if names.nlevels == 1:
            columns = pd.MultiIndex.from_product([names, columns], names=[names.name, None])
        else:  # one level more
            columns = pd.MultiIndex.from_tuples(
                [(*name, c) for name in names for c in columns], names=[*names.names, None]
            )
        return pd.DataFrame(forecasts.reshape(len(forecasts), -1), index=index, columns=columns)

    def rows_to_pandas(self, series, values):
        """Convert values (n, n_targets) at the rows of each SeriesData, both by key, to pandas."""
        index = self.join({key: part.known_index for key, part in series.items()})
        return self.to_pandas(np.concatenate(list(values.values())), index)

    def join(self, indexes):
        """Join the indexes of several series, by key, into one."""
        import pandas as pd

        if not self.is_panel:
            return indexes[None]
        first, *others = indexes.values()
        keys = pd.Index(list(indexes), tupleize_cols=False).repeat([len(index) for index in indexes.values()])
        return pd.MultiIndex.from_arrays([keys, first.append(others)], names=self.levels)


def interval_names(coverages):
    """List the column names of interval ends, such as lower_90 and upper_90."""
    return [f"{side}_{percent(coverage)}" for coverage in coverages for side in ("lower", "upper")]


def percent(coverage):
    """Format a coverage in percent, as in the names of interval columns: 90, 97.5."""
    return f"{100 * coverage:.6g}"
