import numpy as np
import pandas as pd
import pytest

from sklstm._plot.labels import as_label, check_name, format_name, format_name_of, format_names, is_missing


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


def test_what_has_no_name_is_not_named():
    assert format_names("shop", 3) == "shop, target 3"
    assert format_names(None, "sales") == "sales"
    assert format_names(None, None) == ""


def test_what_cannot_be_printed_is_written_as_in_python():
    assert format_name("a\tb\0\ud800\nc") == "a\\tb\\x00\\ud800\nc"
    assert format_name("x" * 41) == "x" * 39 + "…"
    assert format_name("x" * 40) == "x" * 40


@pytest.mark.parametrize(("text", "label"), [("$a$", r"\$a\$"), ("_a", " _a"), ("a_b", "a_b"), ("", "")])
def test_a_label_shows_a_text_as_it_is(text, label):
    assert as_label(text) == label


def test_a_name_is_text_or_none():
    check_name(None, "name")
    check_name("a", "name")
    with pytest.raises(TypeError, match="name must be text or None, got b'a'"):
        check_name(b"a", "name")
