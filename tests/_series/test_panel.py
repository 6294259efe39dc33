import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sklstm._series.panel import series_positions, split_panel

DAYS = pd.date_range("2024-01-01", periods=6)
# a: 0 1 2 3 4 5; b: 2 3 4 5 (begins late); c: 0 1 2 (ends early). Rows:
#            0  1  2  3  4  5 | 6  7  8  9 | 10 11 12
UNEVEN = pd.MultiIndex.from_tuples(
    [("a", day) for day in DAYS] + [("b", day) for day in DAYS[2:]] + [("c", day) for day in DAYS[:3]],
    names=["shop", "day"],
)


def as_lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


def panel(tuples):
    return pd.MultiIndex.from_tuples(tuples, names=["shop", "day"])


# ---- folds


def test_folds_are_those_made_by_hand():
    assert as_lists(split_panel(UNEVEN, n_splits=2, test_size=2)) == [
        ([0, 1, 10, 11], [2, 3, 12]),  # days 0, 1 | 2, 3; b has no row in training, and is not tested
        ([0, 1, 2, 3, 6, 7, 10, 11, 12], [4, 5, 8, 9]),  # days 0 to 3 | 4, 5; c has ended
    ]


def test_folds_with_a_gap_are_those_made_by_hand():
    assert as_lists(split_panel(UNEVEN, 3, 1, gap=1)) == [
        ([0, 1, 10, 11], [3]),  # days 0, 1 | 3
        ([0, 1, 2, 6, 10, 11, 12], [4, 8]),
        ([0, 1, 2, 3, 6, 7, 10, 11, 12], [5, 9]),
    ]
    assert as_lists(split_panel(UNEVEN, 1, 2, gap=2)) == [([0, 1, 10, 11], [4, 5])]  # b begins inside of the gap


def test_a_series_that_ended_before_the_test_block_is_tested_at_the_stamps_it_has():
    index = panel([("a", 0), ("a", 1), ("a", 2), ("a", 3), ("b", 0), ("b", 3)])
    assert as_lists(split_panel(index, 1, 2)) == [([0, 1, 4], [2, 3, 5])]


@pytest.mark.parametrize("gap", [0, 2])
def test_one_series_is_split_as_scikit_learn_splits_it(gap):
    index = pd.MultiIndex.from_product([["a"], pd.period_range("2024-01", periods=20, freq="M")])
    expected = TimeSeriesSplit(4, test_size=3, gap=gap).split(np.zeros(20))
    assert as_lists(split_panel(index, 4, 3, gap)) == as_lists(expected)


@pytest.mark.parametrize("gap", [0, 1])
def test_the_order_of_the_rows_does_not_matter(gap):
    order = np.random.default_rng(0).permutation(len(UNEVEN))
    folds = zip(split_panel(UNEVEN, 2, 1, gap), split_panel(UNEVEN[order], 2, 1, gap), strict=True)
    for (train, test), (train_of_mixed, test_of_mixed) in folds:
        assert set(order[train_of_mixed]) == set(train)
        assert set(order[test_of_mixed]) == set(test)
        for positions in (train_of_mixed, test_of_mixed):
            assert (np.diff(positions) > 0).all()


@pytest.mark.parametrize(
    "times",
    [
        DAYS.tz_localize("Europe/Berlin"),
        DAYS.to_period("D"),
        pd.RangeIndex(6),
        pd.Index([3, 5, 7, 11, 13, 17]),
        pd.Index([0.5, 0.75, 1.0, 1.25, 1.5, 1.75]),
    ],
    ids=["time zone", "periods", "range", "integers", "floats"],
)
def test_stamps_of_any_kind_are_split(times):
    index = UNEVEN.set_levels(times, level=1)
    assert as_lists(split_panel(index, 2, 2)) == as_lists(split_panel(UNEVEN, 2, 2))


def test_levels_that_are_not_used_or_not_sorted_do_not_count():
    more = panel([("c", "2020-01-01"), ("c", "2030-01-01")]).set_levels(
        pd.to_datetime(["2020-01-01", "2030-01-01"]), level=1
    )
    index = more.append(UNEVEN)[2:]
    assert len(index.levels[1]) == 8
    assert as_lists(split_panel(index, 2, 2)) == as_lists(split_panel(UNEVEN, 2, 2))
    backwards = pd.MultiIndex(
        levels=[UNEVEN.levels[0], UNEVEN.levels[1][::-1]], codes=[UNEVEN.codes[0], 5 - UNEVEN.codes[1]]
    )
    assert backwards.equals(UNEVEN)
    assert as_lists(split_panel(backwards, 2, 2)) == as_lists(split_panel(UNEVEN, 2, 2))


@pytest.mark.parametrize("make", [pd.Series, pd.DataFrame])
def test_a_table_is_split_by_its_index(make):
    table = make(np.zeros(len(UNEVEN)), index=UNEVEN)
    assert as_lists(split_panel(table, 2, 2)) == as_lists(split_panel(UNEVEN, 2, 2))
    assert [key for key, _ in series_positions(table)] == ["a", "b", "c"]


class LastOfEach(RegressorMixin, BaseEstimator):
    """Each series' last training value; a series without one would be a KeyError."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y):
        self.last_ = y.groupby(level=0).last()
        self.end_ = y.index.get_level_values(1).max()
        return self

    def predict(self, X):
        assert X.index.get_level_values(1).min() > self.end_
        return self.last_.loc[X.index.get_level_values(0)].to_numpy() + self.shift


def test_folds_serve_as_cv():
    y = pd.Series([*range(6), *range(12, 16), *range(20, 23)], index=UNEVEN, dtype=float)
    X = y.to_frame("x")
    folds = split_panel(y.index, 2, 2)
    scores = cross_val_score(LastOfEach(), X, y, cv=folds, scoring="neg_mean_absolute_error")
    assert_array_equal(scores, [-(1 + 2 + 1) / 3, -(1 + 2 + 1 + 2) / 4])  # a a c; a a b b
    search = GridSearchCV(LastOfEach(), {"shift": [0.0, 1.5]}, cv=folds, scoring="neg_mean_absolute_error").fit(X, y)
    assert search.best_params_ == {"shift": 1.5}


# ---- what cannot be split


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 2), r"3 folds of 2 times with a gap of 0 need at least 7 different times, .* has 6"),
        ((2, 2, 2), r"with a gap of 2 need at least 7"),
        ((0, 1), "n_splits"),
        ((2, 0), "test_size"),
        ((2, 1, -1), "gap"),
        ((2, 1.5), "test_size"),
    ],
)
def test_folds_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        split_panel(UNEVEN, *arguments)


def test_as_many_folds_as_fit_are_made():
    index = UNEVEN[:6]
    assert as_lists(split_panel(index, 5, 1))[0] == ([0], [1])
    assert as_lists(split_panel(index, 1, 3, gap=2)) == [([0], [3, 4, 5])]


def test_a_fold_without_anything_to_test_is_refused():
    index = panel([("a", 0), ("a", 1), ("b", 2), ("b", 3)])
    with pytest.raises(ValueError, match=r"tests 2 … 2 has no row to test: no series .* before 2\. .*n_splits"):
        split_panel(index, 2, 1)
    assert as_lists(split_panel(index, 1, 1)) == [([0, 1, 2], [3])]
    index = panel([*(("a", k) for k in range(8)), *(("b", k) for k in range(8, 13))])
    with pytest.raises(ValueError, match=r"tests 10 … 12 has no row to test: no series .* before 8\. "):
        split_panel(index, 1, 3, gap=2)


@pytest.mark.parametrize("function", [lambda index: split_panel(index, 1, 1), series_positions])
class TestWhatIsNoPanel:
    @pytest.mark.parametrize("data", [np.zeros((4, 2)), [("a", 0), ("a", 1)], None])
    def test_not_from_pandas(self, function, data):
        with pytest.raises(TypeError, match=rf"MultiIndex of two levels .*got {type(data).__name__}"):
            function(data)

    @pytest.mark.parametrize(
        ("index", "levels"), [(DAYS, 1), (pd.MultiIndex.from_product([[0, 1], ["a"], DAYS]), 3), (pd.Series([1.0]), 1)]
    )
    def test_not_two_levels(self, function, index, levels):
        with pytest.raises(ValueError, match=rf"two levels \(series, time\), got {levels}"):
            function(index)

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            (panel([("a", 0), ("a", 1), (None, 2), ("a", 2)]), "Row 2 .* no series: (.*) leaves"),
            (panel([("a", 0), ("a", np.nan), ("a", 2)]), "Row 1 .* no time: (.*) leaves"),
            (panel([("a", pd.NaT), ("a", DAYS[0]), ("a", DAYS[1])]), "Row 0 .* no time: (.*) leaves"),
        ],
        ids=["key", "number", "NaT"],
    )
    def test_missing_keys_and_stamps(self, function, index, message):
        with pytest.raises(ValueError, match=message) as error:
            function(index)
        call = str(error.value).partition(": ")[2].partition(" leaves")[0]
        assert len(function(eval(call, {"y": pd.Series(0.0, index=index)}))) == 1

    def test_text_instead_of_time(self, function):
        y = pd.Series(0.0, index=panel([("a", "2024-9-1"), ("a", "2024-10-1")]))
        call = "y.index = y.index.set_levels(pd.to_datetime(y.index.levels[1]), level=1)"
        with pytest.raises(ValueError, match=r"second level of the index of .* must be the time") as error:
            function(y)
        assert call in str(error.value)
        exec(call, {"y": y, "pd": pd})
        assert len(function(y)) == 1
        if function is not series_positions:
            assert as_lists(function(y)) == [([0], [1])]

    def test_levels_the_wrong_way_round(self, function):
        y = pd.Series(0.0, index=UNEVEN.swaplevel())
        with pytest.raises(ValueError, match=r"y\.index = y\.index\.swaplevel\(\) puts the series first"):
            function(y)
        y.index = y.index.swaplevel()
        assert len(function(y))


# ---- whose rows


def test_rows_of_a_series_need_not_be_next_to_each_other():
    index = panel([("z", 0), ("b", 0), ("z", 1), ("a", 5), ("b", 1), ("z", 2)])
    found = series_positions(index)
    assert [key for key, _ in found] == ["z", "b", "a"]
    assert [rows.tolist() for _, rows in found] == [[0, 2, 5], [1, 4], [3]]


@pytest.mark.parametrize(
    "keys",
    [[7, 3, 5], pd.Categorical(["y", "x", "z"]), list(pd.to_datetime(["2024-03-01", "2024-01-01", "2024-02-01"]))],
)
def test_keys_of_any_kind_find_their_rows(keys):
    index = pd.MultiIndex.from_product([keys, [0, 1]])[[0, 2, 4, 1, 3, 5]]
    table = pd.Series(np.arange(6), index=index)
    found = series_positions(index)
    assert [key for key, _ in found] == list(keys)
    for key, rows in found:
        assert_array_equal(table.loc[key].to_numpy(), rows)


def test_series_without_rows_are_none():
    assert [key for key, _ in series_positions(UNEVEN[6:10])] == ["b"]
    assert series_positions(UNEVEN[:0]) == []


def test_every_row_is_of_one_series():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_arrays([rng.integers(0, 300, 2000), np.arange(2000)])
    found = series_positions(index)
    assert_array_equal(np.sort(np.concatenate([rows for _, rows in found])), np.arange(2000))
    keys = index.get_level_values(0)
    assert len(found) == keys.nunique()
    for key, rows in found:
        assert (keys[rows] == key).all()
        assert (np.diff(rows) > 0).all()
