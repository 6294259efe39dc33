import matplotlib.pyplot as plt
import numpy as np
import pytest

from sklstm._plot.style import area_style, check_styles, line_style, mark_isolated_points, naming_style

NAN = np.nan


def test_keywords_that_matplotlib_takes_pass():
    check_styles(line_kwargs={"c": "red", "scalex": False}, interval_kwargs={"facecolor": "red"}, spread_kwargs=None)
    check_styles(bar_kwargs={"fc": "red", "width": 0.3})


@pytest.mark.parametrize(
    "styles",
    [
        {"line_kwargs": {"colour": "red"}},
        {"line_kwargs": {"color": "no colour"}},
        {"line_kwargs": {"c": "red", "color": "red"}},
        {"interval_kwargs": {"marker": "o"}},
        {"line_kwargs": {"zorder": "x"}},  # matplotlib notices this and the next ones only when it draws
        {"line_kwargs": {"path_effects": 3}},
        {"line_kwargs": {"label": r"$\bad$"}},
        {"interval_kwargs": {"agg_filter": 3}},
        {"interval_kwargs": {"urls": 3}},
        {"spread_kwargs": {"urls": 3}},
        {"line_kwargs": {"ms": 1e300}},  # these would take minutes
        {"line_kwargs": {"linewidth": np.inf}},
        {"line_kwargs": {"mew": -1e5}},
        {"best_kwargs": {"lw": NAN}},
        {"interval_kwargs": {"lw": 1e5}},
        {"best_kwargs": {"scalex": True}},
        {"bar_kwargs": {"hatch": 3}},
        {"bar_kwargs": {"lw": 1e5}},
        {"bar_kwargs": {"fc": "red", "facecolor": "red"}},
    ],
)
def test_keywords_that_matplotlib_does_not_take_are_named(styles):
    (name,) = styles
    with pytest.raises((TypeError, ValueError), match=name):
        check_styles(**styles)


def test_an_error_names_the_keywords_if_there_are_any():
    message = r"matplotlib does not accept line_kwargs=\{'color': 'red'\}: odd"
    with pytest.raises(ValueError, match=message), naming_style("line_kwargs", {"color": "red"}):
        raise RuntimeError("odd")
    with pytest.raises(RuntimeError, match="odd"), naming_style("line_kwargs", None):
        raise RuntimeError("odd")


def test_the_sample_is_drawn_on_no_figure_of_pyplot():
    check_styles(line_kwargs={"color": "red"}, best_kwargs={"color": "red"}, spread_kwargs={"color": "red"})
    assert not plt.get_fignums()


def test_the_users_keywords_replace_defaults_under_any_of_their_names():
    assert line_style({"color": "red", "linewidth": 2}, {"c": "blue"}) == {"color": "blue", "linewidth": 2}
    assert area_style({"facecolor": "red"}, {"fc": "blue"}) == {"facecolor": "blue"}
    assert line_style({"color": "red"}, None) == {"color": "red"}


def test_values_without_a_neighbour_are_marked():
    values = np.array([1.0, NAN, 2.0, NAN, 3.0, 4.0, NAN, 5.0])
    marked = mark_isolated_points({"color": "red"}, values, offset=1, markersize=4)
    assert marked == {"color": "red", "marker": "o", "markevery": [1, 3, 8], "markersize": 4}
    for style, shown in (({"marker": ""}, values), ({}, np.array([1.0, 2.0])), ({}, np.array([]))):
        assert mark_isolated_points(style, shown) is style
