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
    for column in range(values.shape[1]):
        numbers = values[:, column]
        call = _conversion(numbers, values.shape[1] > 1)
        if call is None:
            continue
        columns = getattr(table, "columns", None)
        key = column if columns is None else columns[column]
        statements = [made_by] if made_by else [] if columns is not None else [f"{name} = pd.DataFrame({name})"]
        statements.append(f"{name} = {name}.set_index({call.format(f'{name}.pop({key!r})')})")
        raise ValueError(
            f"Column {key!r} of {name} holds dates as numbers, {numbers[0]:.0f} … {numbers[-1]:.0f}, and would be "
            f"forecast as a target. If they are the times of the rows, {'; '.join(statements)} makes them the index. "
            "Otherwise leave the column out."
        )


def _conversion(numbers, is_one_of_several):
    """Return the call that converts a column of numbers to times; None if they are not dates."""
    known = numbers[~np.isnan(numbers)]
    if len(known) < FEWEST or not np.isfinite(known).all():
        return None
    steps = np.diff(known)
    if (known != np.floor(known)).any() or known.min() < -(2**62) or known.max() >= 2**62:
        may_be_years = is_one_of_several and len(numbers) == len(known) >= FEWEST_OTHERS
        return _conversion_of_years(known) if may_be_years else None
    import pandas as pd

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
    if whole[0] >= 1800 and whole[-1] < 2200 and (steps == 1).all():
        return 'pd.to_datetime({}.astype("int64").astype(str), format="%Y")'
    for unit, (parts, first_year) in UNITS.items():
        first, last = ((year - 1970) * 31_556_952 * parts for year in (first_year, LAST_YEAR))
        if first <= whole[0] and whole[-1] < last and not (whole.astype(np.int64) % (60 * parts)).any():
            return f'pd.to_datetime({{}}.astype("int64"), unit="{unit}")'
    return None


def _conversion_of_years(years):
    """Return the call that converts years with decimals, as R writes months and quarters; None if they are not."""
    if years.min() < 1800 or years.max() >= 2200:
        return None
    for parts, freq in ((12, "M"), (4, "Q")):
        places = np.round(years * parts)
        if (np.abs(years * parts - places) < ROUNDED).all() and (np.diff(places) == 1).all():
            ordinals = f"(({{}} - 1970) * {parts}).round().astype(int)"
            return f'pd.PeriodIndex.from_ordinals({ordinals}, freq="{freq}")'
    return None
