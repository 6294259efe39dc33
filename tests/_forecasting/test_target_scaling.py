import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler
from sklearn.svm import SVR

from sklstm import Forecaster, backtest
from sklstm._forecasting.series_scaling import FAR, ScalingRule, error_scales
from sklstm._series.series import SeriesData
from tests._forecasting.tools import PLAIN, SHAPES, WITH_AUTO, H, RecordingLSTM, forecaster, scaler_of, slow_training
from tests._forecasting.tools import series as example
from tests.tools import model, pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LOG = FunctionTransformer(np.log, np.exp)


def series(y, known=None, past=None):
    y = np.asarray(y, dtype=float).reshape(len(y), -1)
    nothing = np.empty((len(y), 0))
    return SeriesData(y, nothing if known is None else known, nothing if past is None else past, None, None, None)


def work(units, key, part):
    """y, known and past of a whole series, its centre and its scale."""
    _, scaling = units.units_of(key, part, len(part))
    y = units.scale(units.transform(part.y), scaling.centre, scaling.size)
    return y, *units.scale_columns(part.known, part.past), scaling.centre, scaling.error_scale


def scales(units):
    return {key: scaling.error_scale for key, scaling in units.scalings.items()}


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
    units = scaler_of(transformer, panel, is_centred)
    for key, part in panel.items():
        y, _, _, centre, _ = work(units, key, part)
        known = ~np.isnan(part.y).any(axis=1) if transformer is not None else np.ones(len(part), dtype=bool)
        np.testing.assert_allclose(units.inverse_transform(y + centre)[known], part.y[known], rtol=1e-9)
        np.testing.assert_allclose(units.transform(part.y), y + centre, rtol=1e-9)
        if is_centred:
            np.testing.assert_allclose(np.nanmean(y, axis=0), 0, atol=1e-9 * np.nanmax(np.abs(part.y)))
        else:
            assert not centre.any()


def test_one_transformer_is_fitted_on_all_series_without_rows_that_miss_a_target(panel):
    units = scaler_of(StandardScaler(), panel, is_centred=False)
    rows = np.concatenate([part.y for part in panel.values()])
    rows = rows[~np.isnan(rows).any(axis=1)]
    np.testing.assert_allclose(units.transformer.mean_, rows.mean(axis=0))
    y = work(units, "a", panel["a"])[0]
    assert np.isnan(y[3]).all()  # both, where one is missing
    assert np.isfinite(np.delete(y, 3, axis=0)).all()


def test_the_scale_is_the_mean_absolute_change_from_row_to_row():
    """Changes to and from a missing value are not known."""
    parts = {"a": series([1, 3, np.nan, 10, 9]), "b": series([0, 100, -100])}
    assert scales(scaler_of(None, parts, is_centred=True)) == {"a": (2 + 1) / 2, "b": (100 + 200) / 2}


def test_the_scale_is_that_of_transformed_targets():
    parts = {"a": series(np.exp([1.0, 4.0, 2.0])), "b": series(np.exp([0.0, 0.5]))}
    assert scales(scaler_of(LOG, parts, is_centred=False)) == pytest.approx({"a": 2.5, "b": 0.5})


def test_a_series_that_does_not_change_has_the_mean_scale_of_the_others():
    parts = {"a": series([1, 3]), "b": series([5, 5, 5]), "c": series([0, 8]), "d": series([4.0])}
    assert scales(scaler_of(None, parts, is_centred=False)) == {"a": 2, "b": 5, "c": 8, "d": 5}
    assert scales(scaler_of(None, {"b": parts["b"], "d": parts["d"]}, is_centred=False)) == {"b": 1, "d": 1}


def test_errors_of_a_single_series_are_as_they_are():
    assert scales(scaler_of(None, {None: series([1, 5, 3])}, is_centred=True)) == {None: 1}


def test_a_series_that_was_not_learnt_from_has_units_of_its_own(panel):
    units = scaler_of(None, panel, is_centred=True)
    new = series(np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]))
    y, _, _, centre, scale = work(units, "new", new)
    np.testing.assert_allclose(centre, [3, 20])
    np.testing.assert_allclose(scale, [2.5, 15])
    np.testing.assert_allclose(y, new.y - [3, 20])
    constant = work(units, "constant", series(np.full((3, 2), 7.0)))[4]
    np.testing.assert_allclose(constant, np.mean(list(scales(units).values()), axis=0))


def test_scales_of_part_of_the_rows_are_in_the_units_of_all(panel):
    """What intervals of a panel need: errors and scales in the same units, though learnt from other rows."""
    units = scaler_of(StandardScaler(), panel, is_centred=False)
    heads = {key: units.transform(part.y)[:5] for key, part in panel.items()}
    for key, scale in error_scales(heads).items():
        np.testing.assert_allclose(scale, np.nanmean(np.abs(np.diff(heads[key], axis=0)), axis=0))
    assert error_scales({None: heads["a"]})[None].tolist() == [1, 1]


def test_columns_are_relative_to_the_mean_of_all_series():
    """Series by series it would take away what a column tells them apart by."""
    parts = {
        "a": series([1, 2], known=np.array([[0.0], [0.0]]), past=np.array([[1.0], [np.nan]])),
        "b": series([3, 4], known=np.array([[10.0], [10.0]]), past=np.array([[3.0], [5.0]])),
    }
    units = scaler_of(None, parts, is_centred=True)
    assert [work(units, key, part)[1].tolist() for key, part in parts.items()] == [[[-5], [-5]], [[5], [5]]]
    np.testing.assert_array_equal(work(units, "a", parts["a"])[2], [[-2], [np.nan]])
    _, known, past, *_ = work(scaler_of(None, parts, is_centred=False), "b", parts["b"])
    assert known.tolist() == [[10], [10]]
    assert past.tolist() == [[3], [5]]


@pytest.mark.parametrize("transformer", [None, StandardScaler()])
def test_each_series_of_a_panel_is_as_wide_as_the_others(panel, transformer):
    """Each target by itself; both ways."""
    units = scaler_of(transformer, panel, is_centred=True, is_sized=True)
    for key, part in panel.items():
        y, _, _, centre, _ = work(units, key, part)
        distance = np.abs(y - np.nanmedian(y, axis=0))
        for column in distance.T:
            np.testing.assert_allclose(np.quantile(column[column > 1e-12], 0.9), 1)
        known = ~np.isnan(y).any(axis=1)
        back = units.inverse_transform(y * units.scalings[key].size + centre)
        np.testing.assert_allclose(back[known], part.y[known], rtol=1e-9)


def test_an_outlier_decides_neither_centre_nor_width():
    y = np.sin(np.arange(50.0))
    clean = scaler_of(None, {"a": series(y)}, True, True).scalings["a"]
    y[7] = 1e12
    scaling = scaler_of(None, {"a": series(y)}, True, True).scalings["a"]
    np.testing.assert_allclose(scaling.width, clean.width, rtol=0.1)
    assert abs(scaling.centre) < 1


def test_a_series_of_one_value_has_no_size(panel):
    units = scaler_of(None, {"a": series([0.1] * 7), "b": series([1, 2])}, True, True)
    assert units.scalings["a"].size == 0
    y, *_ = work(units, "a", series([0.1, 0.1]))
    np.testing.assert_allclose(y, 0, atol=1e-15)


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_a_single_series_is_divided_only_where_float32_could_not_hold_it(size):
    y = size * np.array([[1.0], [2.0], [4.0]])
    units = scaler_of(None, {None: series(y, known=y, past=y)}, is_centred=True)
    parts = work(units, None, series(y, known=y, past=y))[:3]
    for part in parts:
        assert 1e-20 < np.abs(part).max() < 1e20
    if size == 1:
        np.testing.assert_array_equal(parts[0], y - y.mean())


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0), (1e4, 0), (1, 1e7), (1e-6, 1e7), (1, -1e3)])
def test_a_history_of_another_size_or_level_is_relative_to_itself(factor, shift):
    y = np.random.default_rng(0).normal(size=(60, 1))
    units = scaler_of(None, {None: series(y)}, is_centred=True)
    history = series(y * factor + shift)
    there, *_ = work(units.for_histories({None: history}), None, history)
    np.testing.assert_allclose(there, work(units, None, series(y))[0], atol=1e-2)  # 1e-8 of 1e7


def test_a_history_like_the_training_rows_keeps_their_place():
    """Its level tells something."""
    y = np.random.default_rng(0).normal(size=(60, 1))
    units = scaler_of(None, {None: series(y)}, is_centred=True)
    assert units.for_histories({None: series(y[-20:] * 3 + 2)}) is units


def test_a_series_that_was_not_learnt_from_is_seen_up_to_its_first_origin(panel):
    units = scaler_of(None, panel, True, True)
    new = np.random.default_rng(0).normal(size=(30, 2))
    other = new.copy()
    other[10:] += 1000
    one, two = (units.units_of("new", series(y), 10)[1] for y in (new, other))
    np.testing.assert_array_equal([one.centre, one.size, one.error_scale], [two.centre, two.size, two.error_scale])


def test_answers_that_are_not_known_stay_missing(panel):
    units = scaler_of(LOG, panel, is_centred=False)
    answers = units.inverse_transform(np.array([[[0.0, np.nan], [0.0, 1.0]], [[np.inf, 0.0], [np.nan, np.nan]]]))
    np.testing.assert_allclose(answers, [[[np.nan] * 2, [1, np.e]], [[np.nan] * 2, [np.nan] * 2]])


def transformer(function, inverse=None):
    """Without scikit-learn's own check, which only warns."""
    return FunctionTransformer(function, inverse, check_inverse=False)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_later_value_that_the_transformer_does_not_take_is_refused():
    units = scaler_of(LOG, {None: series([1, 2, 4])}, is_centred=False)
    with pytest.raises(ValueError, match=r"transforms y=\[0.0\] to \[-inf\], which is not finite"):
        units.transform_observed(np.array([[4.0], [np.nan], [0.0]]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("regressor", [RecordingLSTM(), make_pipeline("passthrough", RecordingLSTM())], ids=["", "in"])
def test_in_float32_the_mean_of_each_series_is_taken_off_first_and_its_width_in_panels(shape, regressor):
    X, y = example(20, "both", shape)
    fitted = forecaster(regressor, "both", "multioutput").fit(X, y + 1e9)
    recorder = fitted.regressors_[0] if isinstance(regressor, RecordingLSTM) else fitted.regressors_[0][-1]
    mean = y.groupby(level=0).transform("mean") if shape == "panel" else y.mean()
    size = y.groupby(level=0).transform(width) if shape == "panel" else 1
    ((rows, targets, _),), _ = slow_training(X - X.mean(), (y - mean) / size, "multioutput", "sequences")
    assert recorder.X_.dtype == np.float32
    tolerance = {"rtol": 1e-5, "atol": 1e-5}  # 1e9 + y has seven decimals
    np.testing.assert_allclose(recorder.X_.reshape(rows.shape), rows, **tolerance)
    np.testing.assert_allclose(recorder.y_, targets, **tolerance)


def width(values):
    """How far nine in ten of the values beside the median are from it, at most."""
    distance = (values - values.median()).abs()
    return distance[distance > 1e-9].quantile(0.9)


def test_an_offset_of_any_size_does_not_matter_in_float32():
    _, y = example(60)
    f = forecaster(model(max_iter=20, hidden_size=8))
    there, here = f.fit(None, y + 1e9).forecast(5) - 1e9, f.fit(None, y).forecast(5)
    np.testing.assert_allclose(there, here, rtol=1e-5)
    assert here.nunique() == 5


TRANSFORMERS = {
    "log1p": FunctionTransformer(np.log1p, np.expm1),
    "power": PowerTransformer(),
    "standard": StandardScaler(),
}


@pytest.mark.filterwarnings("ignore:.*windows are left out")
@pairwise("name, strategy, shape, with_holes", TRANSFORMERS, WITH_AUTO, SHAPES, [False, True])
def test_a_target_transformer_is_as_good_as_doing_it_by_hand(name, strategy, shape, with_holes):
    _, y = example(30, shape=shape)
    y = np.exp(y / 10)
    if with_holes:
        y.iloc[[4, 11, 12]] = np.nan
    table = pd.DataFrame(y)
    by_hand = clone(TRANSFORMERS[name]).fit(table.dropna().to_numpy())
    there = table.copy()
    there[:] = np.where(table.isna(), np.nan, by_hand.transform(table.fillna(1.0).to_numpy()))
    there = there if y.ndim == 2 else there["sales"]
    expected = forecaster(Ridge(), strategy=strategy).fit(None, there)
    f = forecaster(Ridge(), strategy=strategy, target_transformer=TRANSFORMERS[name]).fit(None, y)
    back = by_hand.inverse_transform(pd.DataFrame(expected.forecast(H)).to_numpy())
    np.testing.assert_allclose(pd.DataFrame(f.forecast(H)), back)
    fitted_values = pd.DataFrame(expected.fitted_values_)
    known = fitted_values.notna().all(axis=1)
    back = by_hand.inverse_transform(fitted_values[known].to_numpy())
    np.testing.assert_allclose(pd.DataFrame(f.fitted_values_)[known], back)
    assert pd.DataFrame(f.fitted_values_)[~known].isna().all(axis=None)
    np.testing.assert_array_equal(pd.DataFrame(f.history_).loc[y.index], table)
    assert not hasattr(f.target_transformer, "n_features_in_")


def waves(sizes, n=60, n_ahead=6):
    """A panel of noisy waves of these sizes by key, and what follows."""
    index = pd.date_range("2024", periods=n + n_ahead, freq="D")
    parts = {}
    for k, (key, size) in enumerate(sizes.items()):
        rng = np.random.default_rng(k)
        parts[key] = pd.Series(
            size * (np.sin(np.arange(n + n_ahead) / (2 + k)) + 0.05 * rng.normal(size=len(index))), index
        )
    panel = pd.concat(parts)
    is_known = panel.index.get_level_values(1) < index[n]
    return panel[is_known], panel[~is_known]


def learner(**settings):
    return model(**{"max_iter": 30, "hidden_size": 8, "instance_norm": "last-standard", **settings})


@pairwise(
    "ratio, strategy, kind",
    [1e-9, 1e-3, 1e3, 1e9, 2.0**40],
    ["recursive", "multioutput"],
    [None, "last", "last-standard"],
)
def test_the_size_of_a_series_beside_others_does_not_matter(ratio, strategy, kind):
    """So a small one is forecast as well as beside one of its own size; intervals too."""

    def answers(size):
        y, _ = waves({"small": 1.0, "large": size})
        f = Forecaster(learner(instance_norm=kind), window_length=8, strategy=strategy, steps=6, intervals="conformal")
        return f.fit(None, y).forecast(6, coverage=0.5)

    one, other = answers(1.0), answers(ratio)
    np.testing.assert_allclose(other.loc["small"], one.loc["small"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(other.loc["large"] / ratio, one.loc["large"], rtol=1e-4, atol=1e-4)


RATIOS = [float(f"{ratio:.3g}") for ratio in 10 ** np.random.default_rng(0).uniform(-9, 9, size=12)]


@pairwise(
    "ratio, order, level, strategy, kind, dtype",
    [1e-9, *RATIOS, 1e9],
    ["one first", "other first"],
    [0, 1e6],
    WITH_AUTO,
    [None, "mean", "standard", "last", "last-standard", "poisson"],
    ["float32", "float64"],
)
def test_no_ratio_of_sizes_makes_a_series_constant(ratio, order, level, strategy, kind, dtype):
    """Both series are forecast as beside one that is five times as large, in either order and in both precisions."""
    settings = {"loss": "poisson", "instance_norm": None} if kind == "poisson" else {"instance_norm": kind}
    level = 3 if kind == "poisson" else level  # counts are not centred

    def answers(size):
        y, _ = waves({"one": 1.0, "other": 1.0}, n=40)
        y = (y + level) * np.where(y.index.get_level_values(0) == "other", size, 1)
        y = pd.concat({key: y.loc[key] for key in sorted(["one", "other"], reverse=order == "other first")})
        steps = None if strategy == "recursive" else 3
        f = Forecaster(learner(max_iter=5, **settings), window_length=8, strategy=strategy, steps=steps, dtype=dtype)
        forecasts = f.fit(None, y).forecast(3)
        return np.concatenate((forecasts["one"], forecasts["other"] / size)) - level

    found = answers(ratio)
    np.testing.assert_allclose(found, answers(5.0), rtol=1e-4, atol=1e-4)
    assert len(np.unique(found)) == 6


@pytest.mark.parametrize("is_first", [True, False])
def test_a_count_that_is_always_0_stays_so_beside_others(is_first):
    y, _ = waves({"wave": 1e-6, "large": 1e6})
    parts = {"zero": y.loc["wave"] * 0, "wave": y.loc["wave"] + 2e-6, "large": y.loc["large"] + 2e6}
    y = pd.concat(dict(list(parts.items())[:: 1 if is_first else -1]))
    forecast = Forecaster(learner(instance_norm=None, loss="poisson"), window_length=8).fit(None, y).forecast(6)
    assert (forecast >= 0).all()
    assert forecast["wave"].max() < 1e-5
    assert 1e5 < forecast["large"].max() < 1e7


@pairwise("dtype, kind", ["float32", "float64"], [None, "last", "last-standard"])
def test_a_small_series_is_forecast_beside_a_large_one_as_alone(kind, dtype):
    """Of the same kind; over five seeds the mean error was 0.5 to 0.75 of that alone."""
    index, errors = pd.date_range("2024", periods=86), []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        parts = {"small": 1e-6 * np.sin(np.arange(86) / 3), "large": 1e6 * np.sin(np.arange(86) / 3 + 2)}
        parts = {key: pd.Series(y + 0.05 * np.abs(y).max() * rng.normal(size=86), index) for key, y in parts.items()}
        y, truth = pd.concat({key: part[:80] for key, part in parts.items()}), parts["small"][80:]
        f = Forecaster(
            learner(random_state=seed, max_iter=60, learning_rate="cosine", instance_norm=kind),
            window_length=8,
            dtype=dtype,
            **PLAIN,
        )
        beside, alone = f.fit(None, y).forecast(6)["small"], f.fit(None, y["small"]).forecast(6)
        errors.append([np.abs(answers - truth).mean() for answers in (beside, alone)])
    beside, alone = np.mean(errors, axis=0)
    assert beside < 1.5 * alone


@pytest.mark.parametrize("value", [0.0, 5.0, 1e-9, -1e9])
def test_a_series_of_a_panel_that_does_not_change_stays_as_it_is_until_it_does(value):
    y, _ = waves({"wave": 1.0, "large": 1e6})
    constant = pd.concat({"constant": y.loc["wave"] * 0 + value})
    # without a logarithm, which a constant above 0 would have, but not the values that follow
    f = Forecaster(learner(), window_length=8, log=None).fit(None, pd.concat((y, constant)))
    np.testing.assert_allclose(f.forecast(3)["constant"], value, rtol=1e-15)
    for size in (1e4, 1e-3):
        wave = pd.concat({"constant": size * y.loc["wave"]})
        there = f.forecast(3, history=pd.concat((y, wave)))  # a warning that it diverges would be an error
        assert np.abs(there["constant"]).max() < 3 * size
        assert there["constant"].nunique() == 3


def test_a_series_of_a_few_rows_beside_others():
    y, _ = waves({"wave": 1.0, "large": 1e6})
    few = pd.concat({"few": y.loc["wave"].iloc[-2:] * 1e-3})
    f = Forecaster(learner(), window_length=8).fit(None, pd.concat((y, few)))
    assert np.abs(f.forecast(3)["few"]).max() < 0.01


@pytest.mark.parametrize("kind", [None, "last", "last-standard"])
@pytest.mark.parametrize("level", [1e4, -1e7, 1e9])
def test_a_history_at_another_level_is_forecast_from_there(level, kind):
    """Under a key that was learnt from, or not; alone, or in a panel.

    Values up to 3 have a resolution of 2.4e-7 in float32, and five steps feed their rounding back.
    """
    y, _ = waves({"a": 1.0, "b": 3.0})
    for known in (y.loc["a"], y):
        f = Forecaster(learner(instance_norm=kind), window_length=8).fit(None, known)
        there = f.forecast(5, history=known + level) - level
        np.testing.assert_allclose(there, f.forecast(5), atol=1e-5 + 4e-16 * abs(level))


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("train", [False, True])
def test_an_update_that_moves_a_series_far_away_loses_no_digits(shape, train):
    """As float64 has them: the same as from a level that float32 can hold."""
    y, _ = waves({"a": 1.0, "b": 3.0}, n=90)
    days = y.index.get_level_values(1)
    answers = []
    for level in (1e4, 1e8):
        moved = y.where(days < days[60], y + level)
        moved = moved if shape == "panel" else moved["a"]
        is_new = moved.index.get_level_values(-1) >= days[60]
        f = Forecaster(learner(), window_length=8, **PLAIN).fit(None, moved[~is_new])
        f.update(None, moved[is_new], train=train)
        answers.append(f.forecast(5) - level)
    np.testing.assert_allclose(*answers, atol=1e-5 if not train else 1e-2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["last-standard", None, "poisson"])
@pytest.mark.parametrize("factor", [1e-8, 1e-3, 1e6])
def test_a_history_of_another_size_is_forecast_in_proportion(factor, kind, dtype):
    y, _ = waves({"a": 1.0, "b": 2.5})
    regressor = learner(instance_norm=kind)
    if kind == "poisson":
        y, regressor = y.abs() + 1, learner(loss="poisson", instance_norm=None)
    for known in (y.loc["a"], y):
        f = Forecaster(regressor, window_length=8, intervals="conformal", dtype=dtype).fit(None, known)
        here, there = (f.forecast(5, history=known * size, coverage=0.5) for size in (1, factor))
        np.testing.assert_allclose(there / factor, here, atol=1e-4)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("sizes", [{"a": 1.0, "b": 2.5}, {"a": 1.0, "b": 1e4}])
@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_a_new_series_of_another_size_is_forecast_in_proportion(factor, sizes, train):
    """In float64, whether the series of the training rows were alike or not."""
    (y, _), (new, _), answers = waves(sizes), waves({"new": 1.0}), []
    for size in (factor, 64 * factor):
        f = Forecaster(learner(instance_norm=None, max_iter=5), window_length=8, dtype="float64").fit(None, y)
        f.update(None, size * new, train=train)
        answers.append(f.forecast(5)["new"] / size)
    np.testing.assert_allclose(*answers, rtol=1e-6)
    assert answers[0].nunique() == 5


def test_a_new_series_beside_one_of_another_size_changes_nothing_for_it():
    y, _ = waves({"a": 1.0, "b": 3.0})
    f = Forecaster(learner(instance_norm=None), window_length=8).fit(None, y)
    history = pd.concat({"new": y.loc["b"], "a": 1e6 * y.loc["a"]})
    together, alone = f.forecast(5, history=history), f.forecast(5, history=history.loc[["a"]])
    np.testing.assert_allclose(together["a"], alone["a"], rtol=1e-4)


def test_the_history_that_was_learnt_from_is_forecast_the_same_when_it_is_given():
    y, _ = waves({"a": 1.0, "b": 1e5})
    f = Forecaster(learner(instance_norm=None), window_length=8).fit(None, y)
    np.testing.assert_array_equal(f.forecast(5, history=y), f.forecast(5))


@pytest.mark.filterwarnings("ignore:.*which has no logarithm")
@pytest.mark.parametrize("row", [45, 70])
def test_where_a_series_goes_later_changes_no_forecast_before(row):
    """Also of a series that leaps, or that begins to change after the training rows."""
    y, _ = waves({"a": 1.0, "b": 3.0}, n=90)
    days = y.index.get_level_values(1)
    y["b"] = np.where(days.unique() < days[50], 7.0, y["b"])
    other = y.where(days < y["a"].index[row], 1e6 * y + 1e9)
    settings = {"steps": 1, "n_origins": 50, "refit": False}
    f = Forecaster(learner(max_iter=3), window_length=8, log=None)
    frames = [backtest(f, None, part, **settings).frame for part in (y, other)]
    before = frames[0]["origin"] < y["a"].index[row]
    np.testing.assert_array_equal(frames[0].loc[before, "forecast"], frames[1].loc[before, "forecast"])
    assert set(frames[0].loc[before, "series"]) == {"a", "b"}


@pytest.mark.parametrize(
    "regressor",
    [Ridge(), SVR(), HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5), MLPRegressor(max_iter=50)],
    ids=lambda regressor: type(regressor).__name__,
)
@pytest.mark.parametrize("shape", ["panel", "single"])
@pytest.mark.parametrize("ratio", [1e-9, *10 ** np.random.default_rng(2).uniform(-9, 9, 2), 1e9])
def test_a_regressor_that_reads_any_unit_forecasts_series_of_any_size(monkeypatch, regressor, shape, ratio):
    """As beside a series of its own size, or alone in another unit; powers of two make the comparison exact."""
    choose = ScalingRule.from_regressor
    monkeypatch.setattr(ScalingRule, "from_regressor", lambda *args: choose(*args[:3], reads_any_unit=True))
    regressor, answers = clone(regressor), []
    if isinstance(regressor, MLPRegressor):
        regressor.set_params(random_state=0)
    for size in (1.0, np.exp2(np.round(np.log2(ratio)))):
        y, _ = waves({"a": 1.0, "b": 1.0})
        y["b"] = size * y["b"]
        y = y if shape == "panel" else y["b"]
        forecast = Forecaster(regressor, window_length=8).fit(None, y).forecast(5)
        answers.append(np.concatenate((forecast["a"], forecast["b"] / size)) if shape == "panel" else forecast / size)
    np.testing.assert_allclose(*answers, rtol=1e-9)
    assert len(np.unique(answers[1])) > 2


def test_targets_are_divided_by_their_size_and_not_by_zero():
    units = scaler_of(None, {None: series(np.arange(4.0))}, is_centred=True)
    y, centre, size = np.array([[11.0, 24.0, 33.0], [10.0, 20.0, 30.0], [0.5, 4.0, 0.0]])
    np.testing.assert_array_equal(units.scale(y, centre, size), [2, 1, 3])


@pytest.mark.parametrize("is_sized", [False, True])
@pytest.mark.parametrize(("factor", "is_other"), [(29, False), (31, True), (1 / 29, False), (1 / 31, True), (0, False)])
def test_a_history_is_of_another_size_beyond_thirty_times_or_a_thirtieth(factor, is_other, is_sized):
    y = np.random.default_rng(0).normal(size=(60, 2))
    units = scaler_of(None, {"a": series(y), "b": series(y)}, True, is_sized)
    history = y * [factor, 1]
    own = units.for_histories({"a": series(history), "new": series(y)})
    assert (own is not units) == is_other
    if is_other:
        trained, new = units.scalings["a"], own.scalings["a"]
        for name in ("size", "error_scale", "width", "max_distance"):
            np.testing.assert_allclose(getattr(new, name), getattr(trained, name) * [factor, 1])
        np.testing.assert_allclose(new.centre, [history[:, 0].mean(), trained.centre[1]])
        assert own.scalings["b"] is units.scalings["b"]
        assert set(own.scalings) == {"a", "b"}


def test_a_history_is_at_another_level_beyond_thirty_times_the_largest_distance():
    y = np.random.default_rng(0).normal(size=(60, 1))
    units = scaler_of(None, {None: series(y)}, is_centred=True)
    distance = np.abs(y - y.mean()).max()
    for shift in (FAR * 0.99, -FAR * 0.99, FAR * 1.01, -FAR * 1.01):
        assert (units.for_histories({None: series(y + shift * distance)}) is units) == (abs(shift) < FAR)
    plain = scaler_of(None, {None: series(y)}, is_centred=False)
    assert plain.for_histories({None: series(y + 1e6)}) is plain


def test_the_first_row_that_becomes_infinite_is_named():
    units = scaler_of(LOG, {None: series([1.0, 2.0, 3.0])}, is_centred=False)
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=r"y=\[0\.0\] to \[-inf\]"):
        units.units_of("new", series([1.0, np.nan, 0.0, 4.0, -1.0]), 4)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"y=\[-1\.0\] to \[nan\]"):
        units.units_of("new", series([1.0, -1.0, 0.5, -2.0]), 4)


@pytest.mark.parametrize(("error", "is_accepted"), [(0.9, True), (-0.9, True), (5.0, False), (-5.0, False)])
def test_an_inverse_may_be_off_by_a_thousandth_of_the_largest_value(error, is_accepted):
    y = {None: series([0.0, 1.0, -1000.0, 3.0])}
    rounding = transformer(lambda y: y, lambda z: z + error)
    if is_accepted:
        assert scaler_of(rounding, y, is_centred=False).transformer is not None
    else:
        with pytest.raises(ValueError, match="is not invertible"):
            scaler_of(rounding, y, is_centred=False)


@pytest.mark.parametrize("exponent", [250, -250])
def test_a_regressor_that_reads_users_units_gets_those_whose_squares_are_numbers(exponent):
    X, y = example(60, "known", "panel")
    unit = np.ldexp(1.0, int(np.frexp(10.0**exponent)[1]))  # a power of two changes no digit
    f = Forecaster(make_pipeline(StandardScaler(), Ridge()), window_length=3)
    plain, extreme = (clone(f).fit(X * factor, y * factor).fitted_values_ for factor in (1.0, unit))
    np.testing.assert_allclose(extreme / unit, plain, rtol=1e-9)
