"""Messages about input that is not numeric: what it holds, and how to convert it.

A call that may fail for some values is tried on the input before a message shows it. pandas is imported inside the
functions.
"""

import datetime
from collections.abc import Iterator, Set

import numpy as np

from sklstm._utils.argument_checks import attribute_of
from sklstm._utils.ignored_warnings import ignored_warnings

ENCODING_ADVICE = "Encode categories as numbers (OneHotEncoder), and use NaN for missing values."


class NotNumericError(Exception):
    """Raised for a value that is not a number.

    Parameters
    ----------
    kind : {"date", "duration", "text", "category", "other"}
    value : object
        The first such value.
    """

    def __init__(self, kind, value):
        super().__init__(kind, value)
        self.kind, self.value = kind, value

    def __str__(self):
        """Describe the values, for messages."""
        if self.kind == "other":
            return f"values of the type {type(self.value).__name__}"
        value = repr(str(self.value)) if isinstance(self.value, str) else str(self.value)
        plural = {"date": "dates", "duration": "durations", "text": "text", "category": "categories"}[self.kind]
        return f"{plural} ({value})"


def not_numeric_message(where, found, advice):
    """Return a message that says what a table or column holds, and how to convert it to numbers."""
    return f"{where} holds {found}, but numbers are needed. {advice}"


def array_advice(array, name, found):
    """Say how to convert an array."""
    if found.kind == "date":
        return f"Put times into the index of a Series or DataFrame, and leave them out of {name}."
    if found.kind == "duration":
        if array.dtype.kind == "m":
            return f'{name} = {name} / np.timedelta64(1, "s") converts them to seconds.'
        return "Convert them to seconds with total_seconds()."
    if found.kind == "text" and _works(lambda: array.astype(np.float64)):
        return f"It holds numbers as text: {name} = np.asarray({name}, dtype=float)."
    if found.kind == "text":
        return ENCODING_ADVICE
    if array.dtype.names:
        return f"It is a structured array: pd.DataFrame({name}) makes its fields columns."
    return " ".join(filter(None, (_advice_for_object(found.value), _advice_for_container(array, name, found.value))))


def _advice_for_container(array, name, value):
    """Say how to convert an object that is a table in itself, or rows that are dicts; None for other objects."""
    if array.ndim == 0 and hasattr(value, "__arrow_c_stream__"):
        return f"It can be read by Arrow: pass pa.table({name}), with `import pyarrow as pa`."
    if array.ndim == 0 and isinstance(value, Iterator):
        return f"{name} = list({name}) reads its values."
    if array.ndim == 0 and isinstance(value, Set):
        return "A set has no order. Give a list."
    if isinstance(value, dict) and array.ndim < 2:
        return _advice_for_dicts(array.tolist(), name)
    return None


def _advice_for_dicts(data, name):
    """Say what pandas makes of a dict or a list of dicts; None if it makes nothing of it."""
    import pandas as pd

    if _works(lambda: pd.DataFrame(data)):
        return f"pd.DataFrame({name}) makes a table of it, with `import pandas as pd`."
    if not _works(lambda: pd.Series(data, dtype=float)):
        return None
    if name.startswith("X"):
        return f"pd.DataFrame([{name}]) makes a row of it, with `import pandas as pd`."
    return f"pd.Series({name}) makes a series of it, with `import pandas as pd`."


def grouped_message(data, name):
    """Return a message that a GroupBy is no table."""
    table = f"{name}.obj" if hasattr(data, "obj") else "the table that was grouped"
    return (
        f"{name} is a {type(data).__name__}, which holds no rows. Pass {table}. A Forecaster needs the series and the "
        'time as its index: set_index(["series", "time"]), with the names of these columns.'
    )


def lost_index_message(data, name):
    """Return a message that a table of another library would lose its index; None for what has none.

    Only tables and series with an index of their own are meant, such as those of Modin, cuDF, Dask and xarray.
    """
    several = attribute_of(data, "indexes")
    index = attribute_of(data, "index") if several is None else several
    if index is None or callable(index) or not hasattr(data, "__array__"):
        return None
    calls = ("to_pandas", "modin.to_pandas", "_to_pandas", "compute")
    call = next((f"{name}.{call}()" for call in calls if _has(data, call)), None)
    kind = type(data)
    advice = f"Pass {call}" if call else "Pass a table of pandas"
    return f"{name} is a {kind.__name__} of {kind.__module__.partition('.')[0]}, whose index would be lost. {advice}."


def _has(data, path):
    """Whether an object has a method, perhaps below an attribute."""
    for name in path.split("."):
        data = getattr(data, name, None)
    return callable(data)


def series_advice(series, name, found):
    """Say how to convert a pandas Series."""
    if found.kind == "date":
        return f"Put times into the index; {name} must hold the values measured at these times."
    if found.kind == "duration":
        return f"{name} = {_as_durations(series, name)}.dt.total_seconds() converts them to seconds."
    if found.kind == "text":
        return _advice_for_text(series, name) or ENCODING_ADVICE
    if found.kind == "category":
        return _advice_for_categories(series, name) or f"If their order has a meaning, number them by {name}.cat.codes."
    return _advice_for_object(found.value)


def frame_advice(frame, position, name, found):
    """Say how to convert one column of a DataFrame."""
    import pandas as pd

    column, key = frame.iloc[:, position], frame.columns[position]
    cell = f"{name}[{key!r}]"
    if isinstance(found.value, datetime.time):
        return (
            f'{cell} = {cell}.map(lambda time: time.hour, na_action="ignore") converts them to hours. Or leave it out: '
            f"{name} = {name}.drop(columns={key!r}). Times of day alone are not the times of the rows."
        )
    if found.kind == "date":
        is_time = isinstance(column.dtype, pd.PeriodDtype | pd.DatetimeTZDtype | np.dtype) and column.dtype != object
        return _time_advice(key, repr(key) if is_time else f"pd.to_datetime(df.pop({key!r}))")
    if found.kind == "duration":
        return _advice_for_durations(column, key, cell)
    if found.kind == "other":
        return _advice_for_object(found.value)
    conversion = _advice_for_text(column, cell) if found.kind == "text" else _advice_for_categories(column, cell)
    if conversion:
        return conversion
    if found.kind == "text" and _works(lambda: _check_dates(column)):
        return "It holds dates as text. " + _time_advice(key, f"pd.to_datetime(df.pop({key!r}))")
    return (
        f"{name} = pd.get_dummies({name}, columns=[{key!r}]) encodes it as columns of 0 and 1 (in a pipeline, use "
        f"OneHotEncoder). If it says which series a row belongs to, move it to the index for a Forecaster: "
        f"{_panel_call(frame, key)}."
    )


def _time_advice(key, index):
    return (
        f"Move it to the index: df = df.set_index({index}), where df is the table that X and y are taken from. Or, if "
        f"it is not the time of the rows, leave it out: df.drop(columns={key!r})."
    )


def _check_dates(column):
    """Raise ValueError unless text is dates; pandas reads "M1" and "T2" as times of the year 1."""
    import pandas as pd

    if (pd.DatetimeIndex(pd.to_datetime(column.dropna())).year == 1).any():
        raise ValueError


def _advice_for_durations(column, key, cell):
    """Say how to convert durations to numbers, and, if they may be the times of the rows, to an index."""
    seconds = f"{cell} = {_as_durations(column, cell)}.dt.total_seconds() converts them to seconds."
    if not _works(lambda: _check_increasing(column)):
        return seconds
    times = f'pd.Timestamp("1970-01-01") + {_as_durations(column, f"df.pop({key!r})")}'
    return (
        f"If they are the times of the rows, count them from a moment that you choose: df = df.set_index({times}), "
        f"where df is the table that X and y are taken from. Otherwise {seconds}"
    )


def _check_increasing(durations):
    """Raise ValueError unless durations, which may be objects, increase from row to row."""
    import pandas as pd

    index = pd.TimedeltaIndex(pd.to_timedelta(durations))
    if not (index.is_monotonic_increasing and index.is_unique):
        raise ValueError


def _panel_call(frame, key):
    """Return the call that gives a long table the index of a panel."""
    import pandas as pd

    if isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex):
        return f"df = df.set_index({key!r}, append=True).swaplevel()"
    times = [name for name, dtype in frame.dtypes.items() if dtype.kind == "M" or isinstance(dtype, pd.PeriodDtype)]
    return f"df = df.set_index([{key!r}, {times[0]!r}])" if times else "df = df.set_index([series, time])"


def _advice_for_text(column, name):
    """Say how to convert text to numbers; None unless at least half of the text is numbers."""
    import pandas as pd

    column = column.astype(object)  # for text of pyarrow, NaN is not a missing value
    if _works(lambda: pd.to_numeric(column)):
        return f"It holds numbers as text: {name} = pd.to_numeric({name})."
    if _works(lambda: pd.to_numeric(_with_decimal_points(column))):
        return (
            f'It holds numbers with commas. For decimal commas, {name} = pd.to_numeric({name}.str.replace(",", ".")), '
            'or read_csv(..., decimal=","). For thousands, read_csv(..., thousands=",").'
        )
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().mean() <= 0.5:
        return None
    other = first_value(column[numbers.isna()])
    return (
        f'It holds numbers as text, except {other!r}: {name} = pd.to_numeric({name}, errors="coerce") replaces other '
        "text by NaN."
    )


def _with_decimal_points(column):
    """Replace commas by points; TypeError if some values are not text."""
    if not column.dropna().map(lambda value: isinstance(value, str)).all():
        raise TypeError
    return column.str.replace(",", ".")


def _advice_for_categories(column, name):
    """Say how to convert categories to numbers; None unless the categories are numbers."""
    if not _works(lambda: column.astype(float)):
        return None
    return f"They are numbers: {name} = {name}.astype(float)."


def _as_durations(column, name):
    return f"pd.to_timedelta({name})" if column.dtype == object else name


def _advice_for_object(value):
    """Say why an object cannot be converted to a number, or how to."""
    if is_row(value):
        return "Each cell must hold one number. np.stack joins a list of arrays of the same shape into one array."
    try:
        float(value)
    except (TypeError, ValueError) as error:
        return f"({error})"
    return "Convert it to a number."


def _works(call):
    """Whether a conversion raises no error."""
    with ignored_warnings():
        try:
            call()
        except (TypeError, ValueError, OverflowError):
            return False
    return True


def foreign_advice(data, name):
    """Return the statement that converts a table of polars or pyarrow, or a polars Series, to pandas."""
    if hasattr(data, "to_pylist"):
        return f"{name} = {name}.to_pandas() converts pyarrow to pandas."
    if hasattr(data, "columns"):
        return f"{name} = pd.DataFrame({name}.to_dicts()) converts polars to pandas."
    return f"{name} = pd.Series({name}.to_list()) converts polars to pandas."


def complex_message(name, what):
    """Return a message that complex numbers are not supported."""
    return (
        f"Complex data not supported: {name} holds {what}. Give real and imaginary parts as two columns (.real, .imag)."
    )


def ragged_message(data, name, sequences):
    """Return a message that says why rows do not form an array, and how to pad sequences of different lengths."""
    rows = [_as_array_if_regular(part) for part in data]
    lengths = [len(row) if is_row(row) else 1 for row in rows]
    other = next((number for number, length in enumerate(lengths) if length != lengths[0]), None)
    if other is None:
        return f"{name} has an inhomogeneous shape: the parts of its rows differ in length."
    message = f"{name} has an inhomogeneous shape: row 0 has length {lengths[0]}, row {other} has {lengths[other]}. "
    steps = {row.shape[1:] if isinstance(row, np.ndarray) and row.ndim in (1, 2) else None for row in rows}
    if not sequences or len(steps) > 1 or None in steps:
        return message + "All rows must have the same length. Use NaN for missing values."
    before = "((n - len(part), 0), (0, 0))" if rows[0].ndim == 2 else "(n - len(part), 0)"
    return (
        f"{message}Pad the shorter ones with NaN in front, which LSTMs skip: n = max(map(len, {name})); {name} = "
        f"np.stack([np.pad(np.asarray(part, dtype=float), {before}, constant_values=np.nan) for part in {name}])"
    )


def _as_array_if_regular(part):
    """Convert a row to an array; return it as it is if it is ragged itself."""
    try:
        return np.asarray(part)
    except Exception:  # anything, as objects convert themselves to arrays
        return part


def is_row(value):
    """Whether a value is itself a list or an array."""
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def first_value(column):
    """Return the first value of a column that is not missing or, if all are, the first value; None without rows."""
    present = column.dropna()
    return present.iloc[0] if len(present) else column.iloc[0] if len(column) else None
