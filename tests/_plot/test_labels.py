import numpy as np
import pandas as pd
import pytest

from sklstm._plot.labels import format_name, format_name_of, is_missing


@pytest.mark.parametrize("name", [None, np.nan, pd.NA, pd.NaT])
def test_what_is_missing_has_no_name(name):
    assert is_missing(name)
    assert format_name(name) == "(no name)"


@pytest.mark.parametrize(
    ("name", "text", "text_of_series"),
    [
        ("north", "north", "north"),
        (7, "7", "series 7"),
        (("north", 7), "north, 7", "north, 7"),
        ((1, 2), "1, 2", "series 1, 2"),
        (False, "False", "series False"),
    ],
)
def test_numbers_are_preceded_by_what_they_name(name, text, text_of_series):
    assert not is_missing(name)
    assert format_name(name) == text
    assert format_name_of("series", name) == text_of_series
