"""Convert input to numbers. Dates, text and other values that NumPy would convert silently are errors.

Every table, series and array of the user is converted by `as_numbers`. It does not import polars, nor pandas unless the
input is polars: a user with a table has imported its library already.
"""

import datetime
from decimal import Decimal
from numbers import Complex, Real

import numpy as np
from scipy.sparse import issparse

from sklstm._utils.argument_checks import conversion_error
from sklstm._utils.numeric_input_messages import (
    NotNumericError,
    array_advice,
    complex_message,
    first_value,
    foreign_advice,
    frame_advice,
    grouped_message,
    is_row,
    lost_index_message,
    not_numeric_message,
    ragged_message,
    series_advice,
)
from sklstm._utils.time_tables import NO_INDEX, as_times, is_foreign, is_of, is_table, polars_values, to_pandas

LONGEST = 8  # bytes of a number that is kept as it is; a longer one becomes float64


def as_numbers(data, name, sequences=False, *, reads_times=False):
    """Convert values to numbers, and keep their container; missing values become NaN.

    Parameters
    ----------
    data : any array-like, or None
        Masked entries, None and pd.NA are missing values. Booleans become 0 and 1.
    name : str
        Name of `data` in messages.
    sequences : bool, default=False
        Whether rows may be sequences; the message then says how to pad sequences of different lengths.
    reads_times : bool, default=False
        Whether the rows are those of a series. Then a single column of times in a table of polars or pyarrow becomes
        its index.

    Returns
    -------
    data : None, scalar, ndarray, sparse matrix, Series or DataFrame
        `data` itself if it is numeric. Tables of polars and pyarrow become pandas, and
        any other container becomes an array. An index that holds dates or timestamps in another way
        becomes a DatetimeIndex.

    Raises
    ------
    TypeError
        If it holds dates, durations, text, categories or other objects. The message says how to convert them. Also for
        groups of rows and, with `reads_times`, for a table of another library that has an index.
    ValueError
        If it holds complex numbers, or if its rows differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.numeric_input import as_numbers
    >>> as_numbers(np.ma.masked_equal([1, -999, 3], -999), "y")
    array([ 1., nan,  3.])
    >>> as_numbers(np.array(["2024-01-01"], dtype="datetime64[D]"), "y")
    Traceback (most recent call last):
        ...
    TypeError: y holds dates (2024-01-01), but numbers are needed. ...
    """
    if data is None or issparse(data) or (isinstance(data, Real) and not isinstance(data, np.timedelta64)):
        return data
    if is_foreign(data):
        return _foreign_numbers(data, name, reads_times)
    if is_of("pandas", data, "Series", "DataFrame"):
        data = _with_times(data)
        return _frame_numbers(data, name) if data.ndim == 2 else _series_numbers(data, name)
    if not isinstance(data, np.ndarray | list | tuple):
        _check_is_no_other_table(data, name, reads_times)
    return _array_numbers(data, name, sequences)


def _check_is_no_other_table(data, name, reads_times):
    """Raise TypeError for groups, and for a table of another library whose index would be lost with its times."""
    if "GroupBy" in type(data).__name__:
        raise TypeError(grouped_message(data, name))
    message = lost_index_message(data, name) if reads_times else None
    if message:
        raise TypeError(message)


def in_native_order(data):
    """Return an array in the byte order of the machine, as scikit-learn's checks know float32 in this order only."""
    if not isinstance(data, np.ndarray) or data.dtype.isnative:
        return data
    return data.astype(data.dtype.newbyteorder("="))


def index_of(data):
    """Return the pandas index of a table; None if it has none, so that its rows are taken as consecutive."""
    if not is_of("pandas", data, "Series", "DataFrame") or data.attrs.get(NO_INDEX):
        return None
    return as_times(data.index)


def _with_times(table):
    """Give a table whose index holds times in another way a DatetimeIndex."""
    index = as_times(table.index)
    return table if index is table.index else table.set_axis(index, axis=0)


# ---- arrays


def _array_numbers(data, name, sequences):
    """Convert an array-like that is not a pandas or polars table."""
    if isinstance(data, np.matrix):  # scikit-learn's message does not say which argument
        raise TypeError(f"{name} is an np.matrix, which is not supported. Pass np.asarray({name}).")
    array = _as_array(data, name, sequences)
    try:
        return _numbers(array, name)
    except NotNumericError as found:
        has_kinds = array.ndim == 2 and array.dtype == object  # otherwise all values are of one kind
        where = f"Column {_column_of(array, found.value)} of {name}" if has_kinds else name
        raise TypeError(not_numeric_message(where, found, array_advice(array, name, found))) from None


def _unmasked(data):
    """Replace masked entries by NaN, also in lists of masked arrays."""
    if isinstance(data, list | tuple):
        may_hold_some = any(issubclass(kind, list | tuple | np.ma.MaskedArray) for kind in set(map(type, data)))
        return [_unmasked(part) for part in data] if may_hold_some else data
    if not isinstance(data, np.ma.MaskedArray):
        return data
    mask, kind = np.ma.getmaskarray(data), data.dtype.kind
    if not mask.any() or kind in "Mm":
        return data.data
    values = data.data.astype(data.dtype if kind in "fc" else np.float64 if kind in "iub" else object)
    values[mask] = None if values.dtype == object else np.nan
    return values


def _as_array(data, name, sequences):
    """Convert to an ndarray. A one-dimensional array of rows becomes two-dimensional."""
    try:
        data = _unmasked(data)
        if isinstance(data, np.ndarray) and not _holds_rows(data):
            return data
        return np.asarray(list(data) if isinstance(data, np.ndarray) else data)
    except Exception as error:
        if isinstance(error, ValueError) and "inhomogeneous" in str(error):
            raise ValueError(ragged_message(data, name, sequences)) from error
        raise conversion_error(error, data, name) from error


def _holds_rows(array):
    return array.dtype == object and array.ndim == 1 and len(array) > 0 and all(map(is_row, array))


def _numbers(array, name):
    """Return an ndarray if it is numeric, or as float64 if it holds objects that are numbers; else raise an error."""
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize > LONGEST:
        with np.errstate(over="ignore"):  # what becomes infinite is refused later
            return array.astype(np.float64)
    if kind in "fiub" or array.size == 0:
        return array
    if kind == "c":
        raise ValueError(complex_message(name, array.dtype))
    if kind == "O":
        return _numbers_of_objects(array, name)
    first = array.ravel()[0]
    raise NotNumericError({"M": "date", "m": "duration", "V": "other"}.get(kind, "text"), first)


def _numbers_of_objects(array, name):
    """Convert an array of objects to float64."""
    values = array.ravel().tolist()
    kinds = {kind: _kind_of(kind) for kind in set(map(type, values))}
    if set(kinds.values()) - {"number", "missing"}:
        found = next(value for value in values if kinds[type(value)] not in ("number", "missing"))
        if kinds[type(found)] == "complex":
            raise ValueError(complex_message(name, found))
        raise NotNumericError(kinds[type(found)], found)
    numbers = [np.nan if kinds[type(value)] == "missing" else _as_float(value) for value in values]
    return np.array(numbers, dtype=np.float64).reshape(array.shape)


def _as_float(value):
    """Convert a number. Beyond the range of float64 it becomes infinite, which later checks refuse."""
    try:
        return np.nan if isinstance(value, Decimal) and value.is_nan() else float(value)  # also of a signaling NaN
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _kind_of(kind):
    """Return the kind of the values of a Python type."""
    if issubclass(kind, datetime.timedelta | np.timedelta64):  # np.timedelta64 is a subclass of np.signedinteger
        return "duration"
    if issubclass(kind, type(None) | np.ma.core.MaskedConstant) or kind.__name__ in ("NAType", "NaTType"):
        return "missing"
    if issubclass(kind, Real | Decimal | np.bool_):
        return "number"
    if issubclass(kind, Complex):
        return "complex"
    if issubclass(kind, str | bytes):
        return "text"
    is_date = issubclass(kind, datetime.date | datetime.time | np.datetime64) or kind.__name__ == "Period"
    return "date" if is_date else "other"


def _column_of(array, value):
    """Return the number of the column of an array of objects that holds a value."""
    return next(column for column in range(array.shape[1]) if any(item is value for item in array[:, column]))


# ---- tables with names


def _foreign_numbers(data, name, reads_times):
    """Convert a table of polars or pyarrow, or a polars Series, to pandas. Without times, rows are numbered from 0."""
    import pandas as pd

    if is_table(data):
        data_in_pandas, convert = to_pandas(data, name, reads_times), _frame_numbers
    else:
        data_in_pandas, convert = pd.Series(polars_values(data), name=data.name or None), _series_numbers
        data_in_pandas.attrs[NO_INDEX] = True
    try:
        numbers = convert(data_in_pandas, name)
    except TypeError as error:
        raise TypeError(f"{error} ({foreign_advice(data, name)})") from None
    numbers.attrs.update(data_in_pandas.attrs)
    return numbers


def _series_numbers(series, name):
    """Convert a pandas Series."""
    import pandas as pd

    if _is_plain(series.dtype):
        return series
    try:
        return pd.Series(_column_numbers(series, name), index=series.index, name=series.name)
    except NotNumericError as found:
        raise TypeError(not_numeric_message(name, found, series_advice(series, name, found))) from None


def _frame_numbers(frame, name):
    """Convert a pandas DataFrame."""
    if not frame.columns.is_unique:
        repeated = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(
            f"{name} has the column {repeated!r} more than once. "
            f"{name}.loc[:, ~{name}.columns.duplicated()] keeps the first of each name."
        )
    wrong = [position for position, dtype in enumerate(frame.dtypes) if not _is_plain(dtype)]
    numbers = frame.copy(deep=False) if wrong else frame
    for position in wrong:
        try:
            numbers.isetitem(position, _column_numbers(frame.iloc[:, position], name))
        except NotNumericError as found:
            where = f"Column {frame.columns[position]!r} of {name}"
            raise TypeError(not_numeric_message(where, found, frame_advice(frame, position, name, found))) from None
    return numbers


def _is_plain(dtype):
    """Whether a dtype is one of NumPy's real numbers, up to double precision."""
    return isinstance(dtype, np.dtype) and dtype.kind in "fiub" and dtype.itemsize <= LONGEST


def _column_numbers(column, name):
    """Convert the values of a pandas Series to an array."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _column_numbers(column.sparse.to_dense(), name)
    if isinstance(dtype, pd.CategoricalDtype):
        raise NotNumericError("category", first_value(column))
    if dtype.kind in "Mm":
        raise NotNumericError("date" if dtype.kind == "M" else "duration", first_value(column))
    is_number = pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)
    if isinstance(dtype, np.dtype) or not is_number:
        return _numbers(column.to_numpy(dtype=object if dtype.kind == "O" else None), name)
    precision = np.float32 if getattr(dtype, "numpy_dtype", None) == np.float32 else np.float64
    return column.to_numpy(dtype=precision, na_value=np.nan)
