"""Checksums (SHA-256) of tables, by which a fit that is resumed sees whether they are the same."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.numeric_input import index_of
from sklstm._utils.windows import row_chunks

if TYPE_CHECKING:
    import pandas as pd


def checksum(*parts: object) -> str:
    """Return the checksum of arrays (by shape, precision and values) and of anything else by its representation.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.checksums import checksum
    >>> checksum(np.zeros(2), "a") == checksum(np.zeros(2), "a"), checksum(np.zeros(2)) == checksum(np.zeros((2, 1)))
    (True, False)
    """
    digest = sha256()
    for part in parts:
        if not isinstance(part, np.ndarray):
            digest.update(f"{part!r};".encode())
            continue
        digest.update(f"{part.shape} {part.dtype.newbyteorder('=').str};".encode())
        rows = part.reshape(1, -1) if part.ndim == 0 else part
        for chunk in row_chunks(len(rows), rows[:1].size):
            values = rows[chunk]
            digest.update(np.ascontiguousarray(values, values.dtype.newbyteorder("=")).data)
    return digest.hexdigest()


def table_checksums(**tables: object) -> dict[str, str]:
    """Return the checksums of tables of numbers by name: of their values in float64, indexes and column names."""
    return {
        name: checksum(None if table is None else np.asarray(table, dtype=np.float64), *labels_of(table))
        for name, table in tables.items()
    }


def labels_of(table: object) -> tuple[object, ...]:
    """Return what `checksum` needs of the index and the column names of a table; () if it has none."""
    index = index_of(table)
    if index is None:
        return ()
    columns = getattr(table, "columns", None)
    name = [getattr(table, "name", None)] if columns is None else list(columns)
    return (*_index_parts(index), name)


def _index_parts(index: pd.Index) -> list[object]:
    """Return the values of an index as whole numbers where it has them, and else as labels."""
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        levels = [_index_parts(index.get_level_values(level)) for level in range(index.nlevels)]
        return [part for level in levels for part in level]
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return [str(index.dtype), index.asi8, index.name]
    if index.dtype.kind in "iuf":
        return [str(index.dtype.kind), index.to_numpy(), index.name]
    return [index.tolist(), index.name]
