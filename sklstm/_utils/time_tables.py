"""Read the times of tables that do not keep them in an index of pandas' own: polars, pyarrow, and Arrow in pandas.

polars and pyarrow have no index. A single column of times becomes the index, so it is never taken for a target. None of
these libraries is imported here: a user with such a table has imported its library already.
"""

import datetime
import sys
from contextlib import contextmanager

import numpy as np

# Keys in `attrs` of tables that were converted to pandas. Without times, rows are taken as consecutive, like those of
# arrays. CONVERSION is the statement by which the user makes such a table.
NO_INDEX = "sklstm_no_index"
CONVERSION = "sklstm_conversion"


def is_of(library, data, *classes):
    """Whether an object is of one of the classes of a library, without importing the library."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, tuple(getattr(module, name) for name in classes))


def is_polars(data):
    """Whether a table is a polars DataFrame, LazyFrame or Series."""
    return is_of("polars", data, "Series", "DataFrame", "LazyFrame")


def is_arrow(data):
    """Whether a table is a pyarrow Table or RecordBatch."""
    return is_of("pyarrow", data, "Table", "RecordBatch")


def is_foreign(data):
    """Whether a table or a Series is of polars or pyarrow."""
    return is_polars(data) or is_arrow(data)


def is_table(data):
    """Whether what is of polars or pyarrow has columns with names."""
    return is_arrow(data) or is_of("polars", data, "DataFrame", "LazyFrame")


# ---- indexes of pandas


def as_times(index):
    """Return an index of times as a DatetimeIndex; any other index unchanged.

    Times of Arrow (dates and timestamps) and objects that are all `datetime.date` are read. Of several levels, the
    last one is.

    Parameters
    ----------
    index : pandas Index

    Examples
    --------
    >>> import datetime
    >>> import pandas as pd
    >>> from sklstm._utils.time_tables import as_times
    >>> as_times(pd.Index([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)], name="day"))
    DatetimeIndex(['2024-01-01', '2024-01-02'], dtype='datetime64[...]', name='day', freq=None)
    """
    if index.nlevels == 1:
        return _converted(index) if _holds_times(index) else index
    last, number = index.levels[-1], index.nlevels - 1
    return index.set_levels(_converted(last), level=number) if _holds_times(last) else index


def _holds_times(index):
    """Whether an index of one level holds dates or timestamps, but is no DatetimeIndex."""
    dtype = index.dtype
    if isinstance(dtype, np.dtype):
        return dtype.kind == "O" and index.inferred_type == "date"
    return hasattr(dtype, "pyarrow_dtype") and str(dtype.pyarrow_dtype).startswith(("timestamp", "date"))


def _converted(index):
    """Convert an index of times; leave one with times beyond the range of pandas as it is."""
    import pandas as pd

    try:
        return _in_usual_unit(pd.DatetimeIndex(pd.to_datetime(index), name=index.name))
    except (ValueError, OverflowError):
        return index


def _in_usual_unit(times):
    """Return a DatetimeIndex in nanoseconds, if they can hold it, with pandas 2, which compares equal units alone."""
    usual = type(times)(["2000-01-01"]).unit
    try:
        return times.as_unit(usual) if usual == "ns" else times
    except (ValueError, OverflowError):
        return times


# ---- tables of polars and pyarrow


def to_pandas(data, name, reads_times=True):
    """Convert a table of polars or pyarrow to a DataFrame; a single column of times becomes its index.

    Parameters
    ----------
    data : polars DataFrame or LazyFrame, pyarrow Table or RecordBatch
    name : str
        Name of `data` in messages.
    reads_times : bool, default=True
        If False, columns of times stay columns.

    Returns
    -------
    frame : DataFrame
        Its columns keep their order and names.

    Raises
    ------
    TypeError
        If the table is lazy, or if it is not clear which column is the time: there are several, or one beside a time
        of day or beside text. The message says how to make it clear.
    """
    if hasattr(data, "collect"):
        raise TypeError(f"{name} is a polars LazyFrame. Pass {name}.collect().")
    frame = _polars_frame(data) if is_polars(data) else _unless_repeated(data, name).to_pandas(date_as_object=False)
    if not _counts_rows(frame.index):  # the index that pyarrow keeps of a table from pandas
        return frame
    times = [column for column, dtype in frame.dtypes.items() if dtype.kind == "M"]
    if not (times and reads_times):
        frame.attrs.update({NO_INDEX: True, CONVERSION: f"{name} = {conversion(data, name)}"})
        return frame
    _check_one_time(data, frame, times, name)
    index = frame.pop(times[0])
    frame.index = _in_usual_unit(type_of_times()(index, name=times[0]))
    frame.attrs[CONVERSION] = (
        f"{name} = {conversion(data, name)}; {name}.index = pd.DatetimeIndex({name}.pop({times[0]!r}))"
    )
    return frame


def type_of_times():
    """Return pandas' class of indexes of times."""
    import pandas as pd

    return pd.DatetimeIndex


def _unless_repeated(table, name):
    """Return a pyarrow table; ValueError if a column is there twice, which pandas could not select."""
    names = table.schema.names
    repeated = [column for column in names if names.count(column) > 1]
    if repeated:
        raise ValueError(f"{name} has the column {repeated[0]!r} more than once. Rename it by {name}.rename_columns.")
    return table


def _counts_rows(index):
    """Whether an index only counts rows from 0."""
    import pandas as pd

    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _polars_frame(data):
    """Convert the columns of a polars DataFrame, without pyarrow, which polars' own conversion needs."""
    import pandas as pd

    columns = dict(enumerate(map(polars_values, data)))
    return pd.DataFrame(columns, index=range(len(data))).set_axis(list(data.columns), axis=1)


def polars_values(series):
    """Return the values of a polars Series as an array; lists and structs stay objects, and times keep their zone."""
    zone = getattr(series.dtype, "time_zone", None)
    if zone is not None:
        return type_of_times()(series.to_numpy()).tz_localize("UTC").tz_convert(zone)
    if not series.dtype.is_nested():
        return series.to_numpy()
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def _check_one_time(data, frame, times, name):
    """Raise TypeError unless it is clear which column is the time of the rows, and that they are of one series."""
    library = "polars" if is_polars(data) else "pyarrow"
    drop = f"{name} = {name}.drop({{}})" if library == "polars" else f"{name} = {name}.drop_columns({{}})"
    if len(times) > 1:
        raise TypeError(
            f"{name} has {len(times)} columns of times, {', '.join(map(repr, times))}, and it is not clear which one "
            f"is that of the rows. Leave the others out: {drop.format(times[1:])} takes {times[0]!r}."
        )
    objects = {column: frame[column] for column, dtype in frame.dtypes.items() if dtype.kind == "O"}
    clocks = [column for column, values in objects.items() if _first_kind(values) is datetime.time]
    if clocks:
        day, clock = (f"{name}.pop({column!r}).astype(str)" for column in (times[0], clocks[0]))
        raise TypeError(
            f"{name} has dates in the column {times[0]!r} and times of day in {clocks[0]!r}. Join them: {name} = "
            f"{conversion(data, name)}; {name}.index = pd.to_datetime({day} + ' ' + {clock})."
        )
    keys = [column for column, dtype in frame.dtypes.items() if _holds_text(frame[column], dtype)]
    if keys:
        raise TypeError(
            f"Column {keys[0]!r} of {name} holds text or categories, but numbers are needed. If it says which series a "
            f"row belongs to, move it to the index with the times for a Forecaster: {name} = {conversion(data, name)}; "
            f"{name} = {name}.set_index([{keys[0]!r}, {times[0]!r}]). Encode other text as numbers, or leave it out: "
            f"{drop.format([keys[0]])}."
            + (f" ({name} = {conversion(data, name)} converts polars to pandas.)" if library == "polars" else "")
        )


def conversion(data, name):
    """Return the expression by which the user makes a table of polars or pyarrow pandas, without an index."""
    return f"pd.DataFrame({name}.to_dicts())" if is_polars(data) else f"{name}.to_pandas(date_as_object=False)"


def _first_kind(column):
    """Return the type of the first value that is not missing."""
    present = column.dropna()
    return type(present.iloc[0]) if len(present) else type(None)


def _holds_text(column, dtype):
    return str(dtype) in ("str", "string", "category") or (dtype.kind == "O" and _first_kind(column) is str)


def statement_of(table):
    """Return the statement by which the user makes a converted table pandas; None if the table was pandas."""
    return getattr(table, "attrs", {}).get(CONVERSION)


@contextmanager
def advising_pandas(**tables):
    """Say in an error about the index of a table how to make it pandas, as the advice there is for pandas.

    Parameters
    ----------
    **tables
        The tables by the names that messages call them, as `as_numbers` returns them.
    """
    try:
        yield
    except ValueError as error:
        message = str(error)
        statements = [
            statement_of(table)
            for name, table in tables.items()
            if f"index of {name} " in message and statement_of(table)
        ]
        if not statements:
            raise
        raise ValueError(f"{message} First make it pandas: {'; '.join(statements)}.") from error
