import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from sklstm._components.naive import seasonal_naive
from sklstm._forecasting.metrics import coverages, naive_scales, scores

NAN = np.nan


def backtest_frame(seed=0):
    """Two series, three origins, four steps; some rows without a naive forecast, a scale, an interval."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([["b", "a"], [10, 14, 18], [1, 2, 3, 4]], names=["series", "origin", "step"])
    frame = index.to_frame(index=False)
    frame["time"] = frame["origin"] + frame["step"]
    for name in ("truth", "forecast", "naive"):
        frame[name] = rng.normal(size=len(frame))
    frame["scale"] = np.where(frame["series"] == "a", 0.5, 2.0)
    for coverage, half in (("90", 1.0), ("97.5", 1.5)):
        frame[f"lower_{coverage}"] = frame["forecast"] - half
        frame[f"upper_{coverage}"] = frame["forecast"] + half
    frame.loc[[0, 5], "naive"] = NAN
    frame.loc[[1, 6], "scale"] = [NAN, 0]
    frame.loc[3, ["lower_90", "upper_90"]] = NAN
    frame.loc[7, ["truth", "forecast"]] = 0
    return frame


def one_by_one(rows):
    """The scores from a loop over the rows, by the formulas."""
    sums = {}
    squared = []
    for row in rows.to_dict("records"):
        error = abs(row["truth"] - row["forecast"])
        squared.append(error * error)
        sums.setdefault("mae", []).append(error)
        size = abs(row["truth"]) + abs(row["forecast"])
        sums.setdefault("smape", []).append(100 * 2 * error / size if size else 0)
        if row["scale"] > 0:
            sums.setdefault("mase", []).append(error / row["scale"])
        if row["naive"] == row["naive"]:
            sums.setdefault("own", []).append(error)
            sums.setdefault("naive", []).append(abs(row["truth"] - row["naive"]))
        for coverage in ("90", "97.5"):
            lower, upper = row[f"lower_{coverage}"], row[f"upper_{coverage}"]
            if lower == lower:
                sums.setdefault(f"coverage_{coverage}", []).append(lower <= row["truth"] <= upper)
                sums.setdefault(f"width_{coverage}", []).append(upper - lower)
    answer = {name: sum(values) / len(values) for name, values in sums.items()}
    answer["rmse"] = (sum(squared) / len(squared)) ** 0.5
    answer["skill"] = 1 - answer.pop("own") / answer.pop("naive")
    return answer


NAMES = ["mae", "rmse", "smape", "mase", "skill", "coverage_90", "width_90", "coverage_97.5", "width_97.5"]


def test_scores_of_all_rows_are_those_of_a_loop():
    frame = backtest_frame()
    answer = scores(frame)
    assert list(answer.index) == NAMES
    assert answer.name is None
    expected = one_by_one(frame)
    assert_allclose(answer, [expected[name] for name in NAMES], rtol=1e-12)
    assert 0 < answer["coverage_90"] < answer["coverage_97.5"] < 1  # else it would tell nothing


@pytest.mark.parametrize("by", ["step", "series", "origin", "time", ["step"], ["series", "step"], ("origin", "series")])
def test_scores_of_groups_are_those_of_the_groups_rows(by):
    frame = backtest_frame()
    answer = scores(frame, by)
    keys = [by] if isinstance(by, str) else list(by)
    assert list(answer.index.names) == keys
    assert list(answer.columns) == NAMES
    seen = 0
    for label, row in answer.iterrows():
        labels = label if isinstance(label, tuple) else (label,)
        rows = frame[np.all([frame[key] == value for key, value in zip(keys, labels, strict=True)], axis=0)]
        seen += len(rows)
        expected = one_by_one(rows)
        assert_allclose(row, [expected.get(name, NAN) for name in NAMES], rtol=1e-12)
    assert seen == len(frame)
    assert answer.index.is_monotonic_increasing


def test_rows_in_another_order_have_the_same_scores():
    frame = backtest_frame()
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(scores(shuffled, "step"), scores(frame, "step"))


def test_a_table_filtered_or_of_categories_is_scored_as_it_is():
    frame = backtest_frame().astype({"series": pd.CategoricalDtype(["a", "b", "c"])})
    only = frame[frame["series"] == "b"]
    assert list(scores(only, "series").index) == ["b"]
    assert_allclose(scores(only, "series").iloc[0], scores(only))


def test_what_cannot_be_known_is_nan():
    frame = backtest_frame().assign(naive=NAN, scale=0.0, lower_90=NAN)
    answer = scores(frame)
    assert_array_equal(answer.index[answer.isna()], ["mase", "skill", "coverage_90", "width_90"])


def test_beside_a_perfect_naive_forecast_there_is_no_skill():
    frame = backtest_frame()
    assert np.isnan(scores(frame.assign(naive=frame["truth"]))["skill"])


def test_perfect_forecasts():
    frame = backtest_frame()
    answer = scores(frame.assign(forecast=frame["truth"], lower_90=frame["truth"], upper_90=frame["truth"]))
    expected = {"mae": 0, "rmse": 0, "smape": 0, "mase": 0, "skill": 1, "coverage_90": 1, "width_90": 0}
    assert answer[list(expected)].to_dict() == expected


@pytest.mark.parametrize(("factor", "same"), [(-3.0, ["smape", "mase", "skill", "coverage_90"])])
def test_scores_without_a_unit_do_not_depend_on_it(factor, same):
    frame = backtest_frame()
    measured = ["truth", "forecast", "naive"]
    other = frame.assign(**{name: factor * frame[name] for name in measured}, scale=abs(factor) * frame["scale"])
    other["lower_90"], other["upper_90"] = factor * frame["upper_90"], factor * frame["lower_90"]
    assert_allclose(scores(other)[same], scores(frame)[same], rtol=1e-12)
    assert_allclose(scores(other)[["mae", "rmse"]], 3 * scores(frame)[["mae", "rmse"]], rtol=1e-12)


def test_float32_forecasts_are_scored_in_float64():
    frame = backtest_frame()
    frame["forecast"] = frame["forecast"].astype(np.float32)
    assert scores(frame)["smape"] == scores(frame.astype({"forecast": np.float64}))["smape"]


@pytest.mark.parametrize("by", ["horizon", "target", ["step", "truth"], []])
def test_grouping_by_what_is_not_there_is_refused(by):
    with pytest.raises(ValueError, match=r"by must be None or among \['series', 'origin', 'step', 'time'\], got"):
        scores(backtest_frame(), by)


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no forecasts to score"):
        scores(backtest_frame().iloc[:0])


def test_coverages_are_in_order_of_width():
    names = ["lower_97.5", "upper_97.5", "lower_5", "upper_5", "lower_10", "upper_10", "lower_1", "truth", 3]
    assert coverages(names) == ["5", "10", "97.5"]


def test_errors_are_those_of_scikit_learn():
    frame = backtest_frame()
    for by in ("series", ["origin", "step"]):
        answer = scores(frame, by)
        for label, rows in frame.groupby(by):
            expected = [f(rows["truth"], rows["forecast"]) for f in (mean_absolute_error, root_mean_squared_error)]
            assert_allclose(answer.loc[label, ["mae", "rmse"]], expected, rtol=1e-12)


LABELS = {
    "tuples": [("Close", "AAPL"), ("Close", "MSFT")],
    "booleans": [False, True],
    "None last": ["a", None],
    "NaN last": [1.0, NAN],
    "numbers and text": [1, "a"],
    "of unlike kinds": [(1, 2), "a", 3],  # which cannot be sorted
    "sets": [frozenset([1]), frozenset([2])],
    "stamps": list(pd.date_range("2020", periods=2)),
}


@pytest.mark.parametrize("by", ["target", ["target", "step"], ["step", "target"]])
@pytest.mark.parametrize("kind", LABELS)
def test_no_label_vanishes(kind, by):
    labels = LABELS[kind]
    parts = [backtest_frame(seed).assign(target=seed) for seed in range(len(labels))]
    frame = pd.concat(parts, ignore_index=True)
    column = pd.Index(labels, tupleize_cols=False)
    answer = scores(frame.assign(target=column.take(frame["target"])), by)
    expected = scores(frame, by)
    assert answer.index.names == expected.index.names
    assert_array_equal(answer.to_numpy(), expected.to_numpy())
    named = answer.index.get_level_values("target")
    assert [label if label == label else None for label in named] == [
        label if label == label else None for label in column.take(expected.index.get_level_values("target"))
    ]


@pytest.mark.parametrize("by", [3, None.__class__, ["step", 3], ["step", "step"], [["step"]], {"step": 1}.values()])
def test_what_names_no_columns_is_refused(by):
    with pytest.raises(ValueError, match=r"by must be None or among \["):
        scores(backtest_frame(), by)


FRAME = backtest_frame()
BAD = {
    "a list": ([1, 2], TypeError, "frame must be a DataFrame of forecasts, .* got list"),
    "a Series": (FRAME["truth"], TypeError, "got Series"),
    "no naive": (FRAME.drop(columns=["naive", "scale"]), ValueError, "frame has no column 'naive', 'scale'"),
    "twice": (FRAME[[*FRAME, "truth"]], ValueError, "the column 'truth' more than once"),
    "text": (FRAME.assign(truth="many"), ValueError, "column 'truth' of frame .*its first value is 'many'"),
    "times": (FRAME.assign(naive=pd.Timestamp("2020")), ValueError, "column 'naive' of frame must be numbers"),
    "complex": (FRAME.assign(forecast=1j), ValueError, "column 'forecast' of frame must be numbers"),
    "text in an interval": (FRAME.assign(upper_90="b"), ValueError, "column 'upper_90' of frame must be numbers"),
    "infinite": (FRAME.assign(forecast=np.inf), ValueError, "column 'forecast' of frame has inf in row 0"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_table_of_forecasts_is_refused(what):
    frame, error, message = BAD[what]
    with pytest.raises(error, match=message):
        scores(frame)


@pytest.mark.parametrize("column", ["truth", "forecast"])
def test_rows_without_a_value_are_refused_and_the_advice_leaves_them_out(column):
    frame = backtest_frame()
    frame.loc[5, column] = NAN
    with pytest.raises(ValueError, match=f"'{column}' of frame has nan in row 5") as caught:
        scores(frame)
    advice = re.search(r"rows out: (.*)\.$", str(caught.value)).group(1)
    pd.testing.assert_series_equal(scores(eval(advice, {"np": np, "frame": frame})), scores(frame.drop(5)))


def test_columns_that_may_be_missing_are_read_as_such():
    frame = backtest_frame()
    names = ["truth", "forecast", "naive", "scale"]
    pd.testing.assert_series_equal(scores(frame.astype(dict.fromkeys(names, "Float64"))), scores(frame))
    pd.testing.assert_series_equal(scores(frame.astype(dict.fromkeys(names, object))), scores(frame))


def test_names_that_only_look_like_intervals_are_none():
    assert coverages(["lower_bound", "upper_bound", "lower_nan", "upper_nan", "lower_90", "upper_90"]) == ["90"]


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_the_scores_of_tiny_and_huge_series_are_those_of_others(size):
    frame = pd.DataFrame({"truth": [1.0, 5, 2], "forecast": [2.0, 3, 2], "naive": [0.0, 1, 2], "scale": 2.0})
    one, other = scores(frame), scores(frame * size)
    own = ["mae", "rmse"]
    np.testing.assert_allclose(other[own] / size, one[own])
    np.testing.assert_allclose(other.drop(own), one.drop(own))


rng = np.random.default_rng(0)


def slow_naive(values, season, origin, step):
    """Season after season back from the row that is forecast."""
    row = origin + step - 1
    while row >= origin or (row >= 0 and np.isnan(values[row])):
        row -= season
    return values[row] if row >= 0 else np.nan


@pytest.mark.parametrize("season", [1, 3, 7, 30])
@pytest.mark.parametrize("missing", [0, 0.4])
def test_both_are_those_of_a_slow_search(season, missing):
    values = rng.normal(size=(23, 2))
    values[rng.random(values.shape) < missing] = np.nan
    origins, steps = np.array([0, 1, 5, 22, 23]), 9
    forecast, scales = seasonal_naive(values, season, origins, steps), naive_scales(values, season, origins)
    for i, origin in enumerate(origins):
        for k in range(2):
            column = values[:, k]
            expected = [slow_naive(column, season, origin, step) for step in range(1, steps + 1)]
            np.testing.assert_array_equal(forecast[i, :, k], expected)
            errors = [abs(column[t] - column[t - season]) for t in range(season, origin)]
            errors = [error for error in errors if not np.isnan(error)]
            np.testing.assert_allclose(scales[i, k], np.mean(errors) if errors else np.nan, rtol=1e-12)


def test_nothing_after_an_origin_is_read():
    values, origins = rng.normal(size=(20, 1)), np.array([12])
    changed = values.copy()
    changed[12:] += 100
    for function, further in ((seasonal_naive, (6,)), (naive_scales, ())):
        np.testing.assert_array_equal(function(values, 4, origins, *further), function(changed, 4, origins, *further))
