"""What kind of values a user gave: real numbers pass, and what would be taken for some in silence is refused.

Every table, series and array of numbers comes in through `as_numbers`. pandas and polars are never imported for it:
whoever holds a frame has its library loaded already.
"""

import datetime
import sys
import warnings
from decimal import Decimal
from numbers import Complex, Real

import numpy as np
from scipy.sparse import issparse

# Marks frames that were made of polars, whose rows have no times: like those of arrays, they follow each other.
NO_INDEX = "sklstm_no_index"


def as_numbers(data, name, sequences=False):
    """Values as numbers, in the container that they came in; what is missing is NaN.

    Parameters
    ----------
    data : any array-like, or None
        Masked entries, None and pd.NA are missing; booleans are 0 and 1.
    name : str
        What `data` is called in messages.
    sequences : bool, default=False
        Whether rows may be sequences of unlike lengths that can be padded with NaN.

    Returns
    -------
    data : None, scalar, ndarray, sparse matrix, Series or DataFrame
        Itself where it is numeric already; pandas where it was polars; an array where it was neither.

    Raises
    ------
    TypeError
        If it holds dates, durations, text, categories or other objects: they are named, with what to write.
    ValueError
        If it is complex, or ragged.

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
    if is_polars(data):
        return _polars_numbers(data, name)
    if _is_of("pandas", data, "Series", "DataFrame"):
        return _frame_numbers(data, name) if data.ndim == 2 else _series_numbers(data, name)
    return _array_numbers(data, name, sequences)


def index_of(data):
    """The pandas index that tells the rows' times; None where rows merely follow each other."""
    if not _is_of("pandas", data, "Series", "DataFrame") or data.attrs.get(NO_INDEX):
        return None
    return data.index


def is_polars(data):
    """Whether it is a frame or series of polars."""
    return _is_of("polars", data, "Series", "DataFrame", "LazyFrame")


def _is_of(library, data, *classes):
    """Whether it is of one of a library's classes; if it is, the library is loaded."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, tuple(getattr(module, name) for name in classes))


class _NoNumbersError(Exception):
    """Values of a kind ("date", "duration", "text", "category" or "other"), with one of them."""

    def __init__(self, kind, value):
        super().__init__(kind, value)
        self.kind, self.value = kind, value

    def __str__(self):
        """What they are, for messages."""
        if self.kind == "other":
            return f"values of the type {type(self.value).__name__}"
        shown = repr(str(self.value)) if isinstance(self.value, str) else str(self.value)
        what = {"date": "dates", "duration": "durations", "text": "text", "category": "categories"}[self.kind]
        return f"{what} ({shown})"


# ---- arrays


def _array_numbers(data, name, sequences):
    """Any array-like that is no table with names."""
    array = _as_array(_unmasked(data), name, sequences)
    try:
        return _numbers(array)
    except _NoNumbersError as found:
        has_kinds = array.ndim == 2 and array.dtype == object  # else all values are of one
        where = f"Column {_column_of(array, found.value)} of {name}" if has_kinds else name
        raise TypeError(_refusal(where, found, _array_advice(array, name, found))) from None


def _unmasked(data):
    """The same with NaN for masked entries, also of the masked arrays in a list."""
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
    """An ndarray, as it is if it is one; of objects that are rows themselves an array of these."""
    if isinstance(data, np.ndarray) and not _holds_rows(data):
        return data
    try:
        return np.asarray(list(data) if isinstance(data, np.ndarray) else data)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(_ragged_message(data, name, sequences)) from error


def _holds_rows(array):
    return array.dtype == object and array.ndim == 1 and len(array) > 0 and all(map(_is_row, array))


def _is_row(value):
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _numbers(array):
    """The values of an ndarray, of objects in float64."""
    kind = array.dtype.kind
    if kind in "fiub" or array.size == 0:
        return array
    if kind == "c":
        raise ValueError(_complex_message(array.dtype))
    if kind == "O":
        return _numbers_of_objects(array)
    first = array.ravel()[0]
    raise _NoNumbersError({"M": "date", "m": "duration", "V": "other"}.get(kind, "text"), first)


def _numbers_of_objects(array):
    values = array.ravel().tolist()
    kinds = {kind: _kind_of(kind) for kind in set(map(type, values))}
    if set(kinds.values()) - {"number", "missing"}:
        found = next(value for value in values if kinds[type(value)] not in ("number", "missing"))
        if kinds[type(found)] == "complex":
            raise ValueError(_complex_message(found))
        raise _NoNumbersError(kinds[type(found)], found)
    numbers = [np.nan if kinds[type(value)] == "missing" else _as_float(value) for value in values]
    return np.array(numbers, dtype=np.float64).reshape(array.shape)


def _as_float(value):
    """A number in float64; what is too large is infinite, which no entry takes."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _kind_of(kind):
    """What the values of a Python type are."""
    if issubclass(kind, datetime.timedelta | np.timedelta64):  # NumPy's is a subclass of its integers
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
    """Which column of a table of objects a value is in."""
    return next(column for column in range(array.shape[1]) if any(item is value for item in array[:, column]))


def _complex_message(what):
    return f"Complex data not supported: {what}. Give real and imaginary parts as two columns (.real, .imag)."


def _ragged_message(data, name, sequences):
    """Why a list of rows is no array, and how sequences become one."""
    rows = [_even(part) for part in data]
    lengths = [len(row) if _is_row(row) else 1 for row in rows]
    odd = next((number for number, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return f"{name} has an inhomogeneous shape: the parts of its rows have unlike lengths."
    message = f"{name} has an inhomogeneous shape: row 0 has length {lengths[0]}, row {odd} has {lengths[odd]}. "
    steps = {row.shape[1:] if isinstance(row, np.ndarray) and row.ndim in (1, 2) else None for row in rows}
    if not sequences or len(steps) > 1 or None in steps:
        return message + "All rows must have the same length, with NaN where a value is missing."
    before = "((n - len(part), 0), (0, 0))" if rows[0].ndim == 2 else "(n - len(part), 0)"
    return (
        f"{message}Pad the shorter ones with NaN in front, which is passed over: n = max(map(len, {name})); {name} = "
        f"np.stack([np.pad(np.asarray(part, dtype=float), {before}, constant_values=np.nan) for part in {name}])"
    )


def _even(part):
    """A row as an array, or as it is if it is ragged itself."""
    try:
        return np.asarray(part)
    except ValueError:
        return part


# ---- tables with names


def _polars_numbers(data, name):
    """A polars frame or series as pandas, whose rows count from 0."""
    import pandas as pd

    if hasattr(data, "collect"):
        raise TypeError(f"{name} is a polars LazyFrame: write {name}.collect().")
    try:
        if hasattr(data, "columns"):
            columns = dict(enumerate(map(_polars_values, data)))
            numbers = pd.DataFrame(columns, index=range(len(data))).set_axis(list(data.columns), axis=1)
            numbers = _frame_numbers(numbers, name)
        else:
            numbers = _series_numbers(pd.Series(_polars_values(data), name=data.name or None), name)
    except TypeError as error:
        raise TypeError(f"{error} ({_from_polars(data, name)} makes pandas of polars.)") from None
    numbers.attrs[NO_INDEX] = True
    return numbers


def _polars_values(series):
    """The values of a polars series, whose lists and structs stay objects."""
    if not series.dtype.is_nested():
        return series.to_numpy()
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def _from_polars(data, name):
    if hasattr(data, "columns"):
        return f"{name} = pd.DataFrame({name}.to_dicts())"
    return f"{name} = pd.Series({name}.to_list())"


def _series_numbers(series, name):
    """A pandas Series of numbers."""
    import pandas as pd

    if _is_plain(series.dtype):
        return series
    try:
        return pd.Series(_column_numbers(series), index=series.index, name=series.name)
    except _NoNumbersError as found:
        raise TypeError(_refusal(name, found, _series_advice(series, name, found))) from None


def _frame_numbers(frame, name):
    """A pandas DataFrame of numbers."""
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(
            f"{name} has the column {twice!r} more than once, but columns are known by their names: "
            f"{name}.loc[:, ~{name}.columns.duplicated()] keeps the first of each."
        )
    wrong = [position for position, dtype in enumerate(frame.dtypes) if not _is_plain(dtype)]
    numbers = frame.copy(deep=False) if wrong else frame
    for position in wrong:
        try:
            numbers.isetitem(position, _column_numbers(frame.iloc[:, position]))
        except _NoNumbersError as found:
            where = f"Column {frame.columns[position]!r} of {name}"
            raise TypeError(_refusal(where, found, _frame_advice(frame, position, name, found))) from None
    return numbers


def _is_plain(dtype):
    """Whether values of this dtype are NumPy's real numbers."""
    return isinstance(dtype, np.dtype) and dtype.kind in "fiub"


def _column_numbers(column):
    """The values of a pandas Series as an array of numbers."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _column_numbers(column.sparse.to_dense())
    if isinstance(dtype, pd.CategoricalDtype):
        raise _NoNumbersError("category", _first(column))
    if dtype.kind in "Mm":
        raise _NoNumbersError("date" if dtype.kind == "M" else "duration", _first(column))
    is_number = pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)
    if isinstance(dtype, np.dtype) or not is_number:
        return _numbers(column.to_numpy(dtype=object if dtype.kind == "O" else None))
    precision = np.float32 if getattr(dtype, "numpy_dtype", None) == np.float32 else np.float64
    return column.to_numpy(dtype=precision, na_value=np.nan)


def _first(column):
    """The first value that is there."""
    present = column.dropna()
    return present.iloc[0] if len(present) else column.iloc[0] if len(column) else None


# ---- messages


def _refusal(where, found, advice):
    return f"{where} holds {found}, but numbers are needed. {advice}"


def _array_advice(array, name, found):
    if found.kind == "date":
        return f"Give times as the index of a Series or DataFrame, and leave them out of {name}."
    if found.kind == "duration":
        if array.dtype.kind == "m":
            return f'{name} = {name} / np.timedelta64(1, "s") makes seconds of it.'
        return "Make seconds of them: total_seconds()."
    if found.kind == "text" and _works(lambda: array.astype(np.float64)):
        return f"It is numbers as text: {name} = np.asarray({name}, dtype=float)."
    if found.kind == "text":
        return "Encode categories as numbers (OneHotEncoder), and mark what is missing by NaN."
    if array.dtype.names:
        return f"It is a structured array: pd.DataFrame({name}) has its fields as columns."
    return _python_says(found.value)


def _series_advice(series, name, found):
    if found.kind == "date":
        return f"The index holds the time, {name} what is measured then."
    if found.kind == "duration":
        return f"{name} = {_as_durations(series, name)}.dt.total_seconds() makes seconds of it."
    if found.kind == "text":
        return _as_numeric(series, name) or "Encode categories as numbers, and mark what is missing by NaN."
    if found.kind == "category":
        return _as_float_call(series, name) or f"{name}.cat.codes numbers them, if their order means something."
    return _python_says(found.value)


def _frame_advice(frame, position, name, found):
    import pandas as pd

    column, key = frame.iloc[:, position], frame.columns[position]
    cell = f"{name}[{key!r}]"
    if found.kind == "date":
        is_time = isinstance(column.dtype, pd.PeriodDtype | pd.DatetimeTZDtype | np.dtype) and column.dtype != object
        return _time_advice(key, repr(key) if is_time else f"pd.to_datetime(df.pop({key!r}))")
    if found.kind == "duration":
        return f"{cell} = {_as_durations(column, cell)}.dt.total_seconds() makes seconds of it."
    if found.kind == "other":
        return _python_says(found.value)
    mend = _as_numeric(column, cell) if found.kind == "text" else _as_float_call(column, cell)
    if mend:
        return mend
    if found.kind == "text" and _works(lambda: pd.to_datetime(column)):
        return "It is dates as text. " + _time_advice(key, f"pd.to_datetime(df.pop({key!r}))")
    return (
        f"{name} = pd.get_dummies({name}, columns=[{key!r}]) makes columns of 0 and 1 of it (OneHotEncoder in a "
        f"pipeline). If it tells which series a row belongs to, a Forecaster reads it from the index: "
        f"{_panel_call(frame, key)}."
    )


def _time_advice(key, index):
    return (
        f"The index holds the time: df = df.set_index({index}), where df is the table that X and y are taken from. Or "
        f"leave it out: df.drop(columns={key!r})."
    )


def _panel_call(frame, key):
    """What makes the index of a panel of a long table."""
    import pandas as pd

    if isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex):
        return f"df = df.set_index({key!r}, append=True).swaplevel()"
    times = [name for name, dtype in frame.dtypes.items() if dtype.kind == "M" or isinstance(dtype, pd.PeriodDtype)]
    return f"df = df.set_index([{key!r}, {times[0]!r}])" if times else "df = df.set_index([series, time])"


def _as_numeric(column, name):
    """How text becomes numbers, where all or most of it is some."""
    import pandas as pd

    column = column.astype(object)  # for text of pyarrow, NaN is no missing value
    if _works(lambda: pd.to_numeric(column)):
        return f"It is numbers as text: {name} = pd.to_numeric({name})."
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().mean() <= 0.5:
        return None
    odd = _first(column[numbers.isna()])
    return f'It is numbers as text, but for {odd!r}: {name} = pd.to_numeric({name}, errors="coerce") makes NaN of that.'


def _as_float_call(column, name):
    """How categories that are numbers become numbers."""
    if not _works(lambda: column.astype(float)):
        return None
    return f"They are numbers: {name} = {name}.astype(float)."


def _as_durations(column, name):
    return f"pd.to_timedelta({name})" if column.dtype == object else name


def _python_says(value):
    """Why an object is no number."""
    if _is_row(value):
        return "A cell is one number: np.stack makes one array of a list of arrays of the same shape."
    try:
        float(value)
    except (TypeError, ValueError) as error:
        return f"({error})"
    return "Convert it."


def _works(call):
    """Whether a conversion does without an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except (TypeError, ValueError, OverflowError):
            return False
    return True
