"""Indexes, and what is advised about them, that the tests of this folder share."""

import re

import numpy as np
import pandas as pd
import pytest

from sklstm._series.panel import series_positions
from sklstm._time_index.regular_index import regular_end

ADVICE = re.compile(
    r"y(?:\.index)? = .+?(?= (?:makes|gives|adds|sorts|keeps|takes|tells|joins|repairs|converts|puts|if)\b|\. |\.$)"
)


def advised(message):
    """The statements in a message."""
    return [found.removeprefix("(") for found in ADVICE.findall(message)]


def check(index):
    """What a Forecaster asks of an index, of one series or of several."""
    if index.nlevels == 1:
        return [regular_end(index)]
    times = index.get_level_values(1)
    return [regular_end(times[rows], "y", key) for key, rows in series_positions(index)]


def mended(index, form=pd.Series):
    """The message that an index brings, and a table after each of the statements in it."""
    y = form(np.arange(1.0, len(index) + 1), index=index)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        check(y.index)
    tables = []
    for statement in advised(str(error.value)):
        names = {"y": y.copy(), "pd": pd}
        exec(statement, names)
        tables.append(names["y"])
    return str(error.value), tables


def as_series_and_frame(names):
    """Parametrize by name and kind of table; in the fast suite the kinds take turns."""
    cases = [
        pytest.param(name, form, id=f"{name}-{form.__name__}", marks=() if number % 2 == turn else pytest.mark.slow)
        for number, name in enumerate(names)
        for turn, form in enumerate((pd.Series, pd.DataFrame))
    ]
    return pytest.mark.parametrize(("name", "form"), cases)


def without_frequency(index):
    return pd.DatetimeIndex(index, freq=None) if isinstance(index, pd.DatetimeIndex) else index


def stamps(*values, **options):
    return pd.DatetimeIndex(list(values), **options)


def dropped(index, *rows):
    return without_frequency(index.delete(list(rows)))


DAYS = pd.date_range("2024-01-01", periods=12)


HOURS = pd.date_range("2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin")


SANTIAGO = [str(day) for day in pd.date_range("2023-08-30", periods=9).date]  # on 3 September there is no midnight


WEEK_DAYS = pd.bdate_range("2024-01-01", periods=30)


def texts(index, form):
    return index.strftime(form)


def numbers(index, form):
    return pd.Index(index.strftime(form).astype(int))


def jittered(index, low, high, unit):
    off = np.random.default_rng(0).integers(low, high, len(index))
    return without_frequency(pd.DatetimeIndex(index + pd.to_timedelta(off, unit=unit)))


MONTHS = pd.date_range("2023-05-01", periods=30, freq="MS")


MINUTES = pd.date_range("2024-01-01 10:00", periods=100, freq="min", unit="ns")
