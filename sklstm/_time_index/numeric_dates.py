"""Find columns of numbers that are dates, such as 20240131, before they are taken for targets.

pandas is imported inside the functions: it is needed only for numbers that may be dates.
"""

import numpy as np

from sklstm._time_index.steps import integer_date_format

FEWEST = 3  # values that are dates of eight digits or more; of others, that could also count something, `FEWEST_OTHERS`
FEWEST_OTHERS = 8
# Time since 1970: the parts of a second, and the first year. Earlier times are small numbers, except in small parts.
UNITS = {"s": (1, 1990), "ms": (10**3, 1990), "us": (10**6, 1900), "ns": (10**9, 1900)}
LAST_YEAR = 2100
ROUNDED = 0.07  # of a month: years with two decimals
FIRST_YEAR, END_OF_YEARS = 1800, 2200
N_FIRST = 1000  # values that are looked at before the others
# The argument of PeriodIndex.from_fields and the frequency, by the number of rows in a year.
PARTS_OF_A_YEAR = {12: ("month", "M"), 4: ("quarter", "Q")}


def check_no_dates(values, table, name, made_by=None):
    """Raise ValueError for a column of targets whose values are dates.

    Parameters
    ----------
    values : ndarray of shape (n, n_targets)
        The targets of one series.
    table : array-like
        The table that they are from, in pandas or an array.
    name : str
        Name of the table, for messages.
    made_by : str, default=None
        The statement that makes the user's table pandas.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._time_index.numeric_dates import check_no_dates
    >>> check_no_dates(np.array([[20240130, 1.0], [20240131, 2.0], [20240201, 3.0]]), None, "y")
    Traceback (most recent call last):
        ...
    ValueError: Column 0 of y holds dates as numbers, 20240130 … 20240201, and would be forecast as a target. ...
    """
    columns = getattr(table, "columns", None)
    keys = list(range(values.shape[1]) if columns is None else columns)[: values.shape[1]]
    for column, key in enumerate(keys):
        index = _index_call(values, column, name, keys)
        if index is None:
            continue
        first, last = values[[0, -1], column]
        made = [made_by] if made_by else [] if columns is not None else [f"{name} = pd.DataFrame({name})"]
        statements = "; ".join((*made, f"{name} = {name}.set_index({index})"))
        advice = f"If they are the times of the rows, {statements} makes them the index. Otherwise leave"
        raise ValueError(
            f"Column {key!r} of {name} holds dates as numbers, {first:.0f} … {last:.0f}, and would be forecast as a "
            f"target. {advice if index else 'Set an index of the times of the rows, and leave'} the column out."
        )


def _index_call(values, column, name, keys):
    """Return the call that makes an index of a column of dates, "" if there is no such call; None for other columns."""
    if not _may_be_dates(values[:N_FIRST, column]):
        return None
    is_one_of_several = values.shape[1] > 1
    call = _conversion(values[:, column], is_one_of_several)
    if call is not None:
        return call.format(f"{name}.pop({keys[column]!r})")
    n_rows = _rows_in_a_year(values[:, column]) if is_one_of_several else None
    return None if n_rows is None else _index_of_fields(values, column, n_rows, name, keys)


def _may_be_dates(numbers):
    """Whether numbers are whole or years with decimals; from a few, a quick answer for most long series."""
    known = numbers[~np.isnan(numbers)]
    return bool((known == np.floor(known)).all() or ((known >= FIRST_YEAR) & (known < END_OF_YEARS)).all())


def _rows_in_a_year(numbers):
    """Return in how many rows each year of a column stands; None if the numbers are not years in rows of equal number.

    The first and the last year may be incomplete.
    """
    if len(numbers) < FEWEST_OTHERS or not (np.floor(numbers) == numbers).all():
        return None
    if numbers[0] < FIRST_YEAR or numbers[-1] >= END_OF_YEARS or not np.isin(np.diff(numbers), (0, 1)).all():
        return None
    counts = np.unique(numbers, return_counts=True)[1]
    whole = counts[1:-1]
    return int(whole[0]) if len(whole) and whole[0] > 1 and (whole == counts.max()).all() else None


def _index_of_fields(values, column, n_parts, name, keys):
    """Return the call that makes an index of years and their months or quarters; "" if there is no column of these.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
    column : int
        The column of years.
    n_parts : int
        Rows in a year.
    name : str
        Name of the table.
    keys : list
        Names of the columns.
    """
    field, frequency = PARTS_OF_A_YEAR.get(n_parts, (None, None))
    years = values[:, column]
    parts = (np.arange(len(years)) - np.searchsorted(years, years[0] + 1)) % n_parts + 1
    for other, found in zip(keys, values.T, strict=True):
        if field and (found == parts).all():
            year, part = (f"{name}.pop({key!r}).astype(int)" for key in (keys[column], other))
            return f'pd.PeriodIndex.from_fields(year={year}, {field}={part}, freq="{frequency}")'
    return ""


def _conversion(numbers, is_one_of_several):
    """Return the call that converts a column of numbers to times; None if they are not dates."""
    known = numbers[~np.isnan(numbers)]
    if len(known) < FEWEST or not np.isfinite(known).all():
        return None
    if (known != np.floor(known)).any() or known.min() < -(2**62) or known.max() >= 2**62:
        may_be_years = is_one_of_several and len(numbers) == len(known) >= FEWEST_OTHERS
        return _conversion_of_years(known) if may_be_years else None
    import pandas as pd

    steps = np.diff(known)
    whole, is_increasing = pd.Index(known.astype(np.int64)), bool((steps > 0).all())
    is_complete = len(known) == len(numbers)
    is_clear = (is_increasing and is_complete) or (
        len(known) >= FEWEST_OTHERS and (steps != steps[0]).any()
    )  # or may be a count
    form = integer_date_format(whole) if is_clear else None
    if form and len(str(whole[0])) >= 8:
        as_text = 'astype("int64").astype(str)' if is_complete else 'astype("Int64").astype("string")'
        return f'pd.to_datetime({{}}.{as_text}, format="{form}")'
    if not is_increasing or not is_complete or len(known) < FEWEST_OTHERS or not is_one_of_several:
        return None
    if form and (steps != steps[0]).any():
        return f'pd.to_datetime({{}}.astype("int64").astype(str), format="{form}")'
    return _conversion_of_counts(known, steps)


def _conversion_of_counts(whole, steps):
    """Return the call that converts years, or the time since 1970; None if the numbers are neither."""
    if whole[0] >= FIRST_YEAR and whole[-1] < END_OF_YEARS and (steps == 1).all():
        return 'pd.to_datetime({}.astype("int64").astype(str), format="%Y")'
    for unit, (parts, first_year) in UNITS.items():
        first, last = ((year - 1970) * 31_556_952 * parts for year in (first_year, LAST_YEAR))
        if first <= whole[0] and whole[-1] < last and not (whole.astype(np.int64) % (60 * parts)).any():
            return f'pd.to_datetime({{}}.astype("int64"), unit="{unit}")'
    return None


def _conversion_of_years(years):
    """Return the call that converts years with decimals, as R writes months and quarters; None if they are not."""
    if years.min() < FIRST_YEAR or years.max() >= END_OF_YEARS:
        return None
    for parts, freq in ((12, "M"), (4, "Q")):
        places = np.round(years * parts)
        if (np.abs(years * parts - places) < ROUNDED).all() and (np.diff(places) == 1).all():
            ordinals = f"(({{}} - 1970) * {parts}).round().astype(int)"
            return f'pd.PeriodIndex.from_ordinals({ordinals}, freq="{freq}")'
    return None
