import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler

from sklstm._forecasting.series import SeriesData
from sklstm._forecasting.target_scaling import TargetScaler, check_transformer

LOG = FunctionTransformer(np.log, np.exp)


def series(y, known=None, past=None):
    y = np.asarray(y, dtype=float).reshape(len(y), -1)
    nothing = np.empty((len(y), 0))
    return SeriesData(y, nothing if known is None else known, nothing if past is None else past, None, None, None)


def work(units, key, part):
    """y, known and past of a whole series, its centre and its scale."""
    place = units.place(key, part, len(part))
    return *units.to_work(part.y, part.known, part.past, place.centre, place.size), place.centre, place.scale


def scales(units):
    return {key: place.scale for key, place in units.places.items()}


@pytest.fixture
def panel():
    rng = np.random.default_rng(0)
    parts = {key: series(rng.lognormal(size=(n, 2)) * size) for key, n, size in [("a", 9, 1), ("b", 14, 1000)]}
    parts["a"].y[3, 0] = np.nan
    parts["b"].y[5] = np.nan
    return parts


@pytest.mark.parametrize("transformer", [None, LOG, PowerTransformer(), StandardScaler()])
@pytest.mark.parametrize("is_centred", [True, False])
def test_there_and_back(panel, transformer, is_centred):
    units = TargetScaler.of(transformer, panel, is_centred)
    for key, part in panel.items():
        y, _, _, centre, _ = work(units, key, part)
        known = ~np.isnan(part.y).any(axis=1) if transformer is not None else np.ones(len(part), dtype=bool)
        np.testing.assert_allclose(units.to_user(y + centre)[known], part.y[known], rtol=1e-9)
        np.testing.assert_allclose(units.transformed(part.y), y + centre, rtol=1e-9)
        if is_centred:
            np.testing.assert_allclose(np.nanmean(y, axis=0), 0, atol=1e-9 * np.nanmax(np.abs(part.y)))
        else:
            assert not centre.any()


def test_one_transformer_is_fitted_on_all_series_without_rows_that_miss_a_target(panel):
    units = TargetScaler.of(StandardScaler(), panel, is_centred=False)
    rows = np.concatenate([part.y for part in panel.values()])
    rows = rows[~np.isnan(rows).any(axis=1)]
    np.testing.assert_allclose(units.transformer.mean_, rows.mean(axis=0))
    y = work(units, "a", panel["a"])[0]
    assert np.isnan(y[3]).all()  # both, where one is missing
    assert np.isfinite(np.delete(y, 3, axis=0)).all()


def test_the_scale_is_the_mean_absolute_change_from_row_to_row():
    """Changes to and from a missing value are not known."""
    parts = {"a": series([1, 3, np.nan, 10, 9]), "b": series([0, 100, -100])}
    assert scales(TargetScaler.of(None, parts, is_centred=True)) == {"a": (2 + 1) / 2, "b": (100 + 200) / 2}


def test_the_scale_is_that_of_transformed_targets():
    parts = {"a": series(np.exp([1.0, 4.0, 2.0])), "b": series(np.exp([0.0, 0.5]))}
    assert scales(TargetScaler.of(LOG, parts, is_centred=False)) == pytest.approx({"a": 2.5, "b": 0.5})


def test_a_series_that_does_not_change_has_the_mean_scale_of_the_others():
    parts = {"a": series([1, 3]), "b": series([5, 5, 5]), "c": series([0, 8]), "d": series([4.0])}
    assert scales(TargetScaler.of(None, parts, is_centred=False)) == {"a": 2, "b": 5, "c": 8, "d": 5}
    assert scales(TargetScaler.of(None, {"b": parts["b"], "d": parts["d"]}, is_centred=False)) == {"b": 1, "d": 1}


def test_errors_of_a_single_series_are_as_they_are():
    assert scales(TargetScaler.of(None, {None: series([1, 5, 3])}, is_centred=True)) == {None: 1}


def test_a_series_that_was_not_learnt_from_has_units_of_its_own(panel):
    units = TargetScaler.of(None, panel, is_centred=True)
    new = series(np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]))
    y, _, _, centre, scale = work(units, "new", new)
    np.testing.assert_allclose(centre, [3, 20])
    np.testing.assert_allclose(scale, [2.5, 15])
    np.testing.assert_allclose(y, new.y - [3, 20])
    constant = work(units, "constant", series(np.full((3, 2), 7.0)))[4]
    np.testing.assert_allclose(constant, np.mean(list(scales(units).values()), axis=0))


def test_scales_of_part_of_the_rows_are_in_the_units_of_all(panel):
    """What intervals of a panel need: errors and scales in the same units, though learnt from other rows."""
    units = TargetScaler.of(StandardScaler(), panel, is_centred=False)
    heads = {key: part.y[:5] for key, part in panel.items()}
    for key, scale in units.scales_of(heads).items():
        changes = np.abs(np.diff(units.transformed(heads[key]), axis=0))
        np.testing.assert_allclose(scale, np.nanmean(changes, axis=0))
    assert units.scales_of({None: heads["a"]})[None].tolist() == [1, 1]


def test_columns_are_relative_to_the_mean_of_all_series():
    """Series by series it would take away what a column tells them apart by."""
    parts = {
        "a": series([1, 2], known=np.array([[0.0], [0.0]]), past=np.array([[1.0], [np.nan]])),
        "b": series([3, 4], known=np.array([[10.0], [10.0]]), past=np.array([[3.0], [5.0]])),
    }
    units = TargetScaler.of(None, parts, is_centred=True)
    assert [work(units, key, part)[1].tolist() for key, part in parts.items()] == [[[-5], [-5]], [[5], [5]]]
    np.testing.assert_array_equal(work(units, "a", parts["a"])[2], [[-2], [np.nan]])
    _, known, past, *_ = work(TargetScaler.of(None, parts, is_centred=False), "b", parts["b"])
    assert known.tolist() == [[10], [10]]
    assert past.tolist() == [[3], [5]]


@pytest.mark.parametrize("transformer", [None, StandardScaler()])
def test_each_series_of_a_panel_is_as_wide_as_the_others(panel, transformer):
    """Each target by itself; both ways."""
    units = TargetScaler.of(transformer, panel, is_centred=True, is_sized=True)
    for key, part in panel.items():
        y, _, _, centre, _ = work(units, key, part)
        distance = np.abs(y - np.nanmedian(y, axis=0))
        for column in distance.T:
            np.testing.assert_allclose(np.quantile(column[column > 1e-12], 0.9), 1)
        known = ~np.isnan(y).any(axis=1)
        back = units.to_user(y * units.places[key].size + centre)
        np.testing.assert_allclose(back[known], part.y[known], rtol=1e-9)


def test_an_outlier_decides_neither_centre_nor_width():
    y = np.sin(np.arange(50.0))
    clean = TargetScaler.of(None, {"a": series(y)}, True, True).places["a"]
    y[7] = 1e12
    place = TargetScaler.of(None, {"a": series(y)}, True, True).places["a"]
    np.testing.assert_allclose(place.width, clean.width, rtol=0.1)
    assert abs(place.centre) < 1


def test_a_series_of_one_value_has_no_size(panel):
    units = TargetScaler.of(None, {"a": series([0.1] * 7), "b": series([1, 2])}, True, True)
    assert units.places["a"].size == 0
    y, *_ = work(units, "a", series([0.1, 0.1]))
    np.testing.assert_allclose(y, 0, atol=1e-15)


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_a_single_series_is_divided_only_where_float32_could_not_hold_it(size):
    y = size * np.array([[1.0], [2.0], [4.0]])
    units = TargetScaler.of(None, {None: series(y, known=y, past=y)}, is_centred=True)
    parts = work(units, None, series(y, known=y, past=y))[:3]
    for part in parts:
        assert 1e-20 < np.abs(part).max() < 1e20
    if size == 1:
        np.testing.assert_array_equal(parts[0], y - y.mean())


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0), (1e4, 0), (1, 1e7), (1e-6, 1e7), (1, -1e3)])
def test_a_history_of_another_size_or_level_is_relative_to_itself(factor, shift):
    y = np.random.default_rng(0).normal(size=(60, 1))
    units = TargetScaler.of(None, {None: series(y)}, is_centred=True)
    history = series(y * factor + shift)
    there, *_ = work(units.of_histories({None: history}), None, history)
    np.testing.assert_allclose(there, work(units, None, series(y))[0], atol=1e-2)  # 1e-8 of 1e7


def test_a_history_like_the_training_rows_keeps_their_place():
    """Its level tells something."""
    y = np.random.default_rng(0).normal(size=(60, 1))
    units = TargetScaler.of(None, {None: series(y)}, is_centred=True)
    assert units.of_histories({None: series(y[-20:] * 3 + 2)}) is units


def test_a_series_that_was_not_learnt_from_is_seen_up_to_its_first_origin(panel):
    units = TargetScaler.of(None, panel, True, True)
    new = np.random.default_rng(0).normal(size=(30, 2))
    other = new.copy()
    other[10:] += 1000
    one, two = (units.place("new", series(y), 10) for y in (new, other))
    np.testing.assert_array_equal([one.centre, one.size, one.scale], [two.centre, two.size, two.scale])


def test_answers_that_are_not_known_stay_missing(panel):
    units = TargetScaler.of(LOG, panel, is_centred=False)
    answers = units.to_user(np.array([[[0.0, np.nan], [0.0, 1.0]], [[np.inf, 0.0], [np.nan, np.nan]]]))
    np.testing.assert_allclose(answers, [[[np.nan] * 2, [1, np.e]], [[np.nan] * 2, [np.nan] * 2]])


def transformer(function, inverse=None):
    """Without scikit-learn's own check, which only warns."""
    return FunctionTransformer(function, inverse, check_inverse=False)


REFUSED = {
    "has no inverse": (transformer(np.log), "does not undo itself.*needs inverse_func"),
    "undoes something else": (transformer(np.log, np.expm1), "does not undo itself"),
    "is not finite": (transformer(lambda y: np.log(y - y.min()), np.exp), "not finite"),
    "has more columns": (
        transformer(lambda y: np.column_stack((y, y)), np.exp),
        r"an array of shape \(3, 2\), but 3 rows of 1 values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_transformer_that_cannot_be_undone_is_refused(name):
    refused, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        TargetScaler.of(refused, {None: series([1, 2, 4])}, is_centred=False)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_later_value_that_the_transformer_does_not_take_is_refused():
    units = TargetScaler.of(LOG, {None: series([1, 2, 4])}, is_centred=False)
    nothing = np.empty((3, 0))
    with pytest.raises(ValueError, match=r"makes \[-inf\] of y=\[0.0\], which is not finite"):
        units.to_work(np.array([[4.0], [np.nan], [0.0]]), nothing, nothing, 0, np.ones(1))


def test_a_transformer_without_inverse_transform_is_a_type_error():
    class OneWay:
        def fit(self, X):
            return self

        def transform(self, X):
            return X

    with pytest.raises(TypeError, match="target_transformer must have inverse_transform"):
        TargetScaler.of(OneWay(), {None: series([1, 2])}, is_centred=False)


def test_a_class_is_no_transformer():
    with pytest.raises(TypeError, match=r"got the class StandardScaler: write StandardScaler\(\)"):
        check_transformer(StandardScaler)
    check_transformer(StandardScaler())


def test_a_transformer_needs_a_row_with_every_target():
    y = np.array([[1, np.nan], [np.nan, 2]])
    with pytest.raises(ValueError, match="No row of y has a value of every target"):
        TargetScaler.of(LOG, {None: series(y)}, is_centred=False)


def test_the_users_transformer_is_not_fitted():
    scaler = StandardScaler()
    TargetScaler.of(scaler, {None: series([1, 2, 4])}, is_centred=False)
    assert not hasattr(scaler, "mean_")
