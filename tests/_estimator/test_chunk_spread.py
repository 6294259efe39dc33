"""Which chunks are alike: those of mixed rows are, those in order of time are not if the series has moved."""

import re
import warnings

import numpy as np
import pytest

from sklstm import LSTMRegressor, make_windows
from sklstm._estimator.chunk_spread import ChunkSpread
from sklstm.datasets import load_airline

RNG = np.random.default_rng(0)


def share(y, n_chunks=5):
    spread = ChunkSpread()
    for part in np.array_split(np.asarray(y, float), n_chunks):
        spread.add(part.reshape(len(part), -1) if part.ndim < 3 else part)
    return spread.share_between()


def test_share_is_that_of_the_variance():
    y = RNG.normal(size=500) + np.repeat(np.arange(5), 100)
    between = np.var([part.mean() for part in np.split(y, 5)])
    assert share(y)[0] == pytest.approx(1 - (1 - between / y.var()) * 499 / 495, rel=1e-12)


@pytest.mark.parametrize("unit", [1e-290, 1e-30, 1, 1e290])
def test_unit_does_not_matter(unit):
    y = RNG.normal(size=(400, 2)) + np.linspace(0, 9, 400)[:, np.newaxis]
    np.testing.assert_allclose(share(unit * y), share(y), rtol=1e-9)


def test_missing_targets_do_not_count():
    y = np.arange(400.0)
    with_gaps = np.c_[np.where(RNG.random(400) < 0.5, np.nan, y), y, np.full(400, np.nan)]
    with_gaps[:80, 0] = np.nan  # none in the first chunk
    assert share(with_gaps)[0] == pytest.approx(share(with_gaps[80:, :1][~np.isnan(with_gaps[80:, 0])], 4)[0], abs=0.01)
    assert share(with_gaps)[2] == 0


def test_last_step_counts():
    y = RNG.normal(size=(300, 4, 1))
    y[:, -1, 0] = np.arange(300)
    assert share(y)[0] > 0.9


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(1000),
        np.full(1000, 1e300),
        np.arange(90),  # few
        np.arange(40) // 8,
        np.append(np.zeros(999), 1e9),  # one outlier
    ],
)
def test_no_alarm(y):
    assert share(y, 5)[0] < 0.3


def test_no_alarm_in_many_small_chunks():
    """With one sample in a chunk, all variance is between chunks."""
    assert share(RNG.normal(size=1000), 500)[0] == 0
    assert share(RNG.normal(size=1000), 100)[0] < 0.3


@pytest.mark.parametrize("seed", range(20))
def test_mixed_rows_are_alike(seed):
    """Whatever the targets: heavy tails, ties, two groups, a trend."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(100, 3000))
    draws = (
        rng.standard_cauchy(n),
        rng.integers(0, 2, n),
        1.0 * (rng.random(n) < 0.01),
        np.arange(n),
        rng.random(n) ** 9,
    )
    for y in draws:
        assert share(rng.permutation(y), int(rng.integers(2, n // 10 + 1)))[0] < 0.4


def chunks_of(X, y, rows, n_chunks=4):
    return [(X[part], y[part]) for part in np.array_split(rows, n_chunks)]


def test_warning_and_its_advice():
    X, y = make_windows(load_airline().to_numpy(float), 12)
    n_chunks = 4
    with pytest.warns(UserWarning, match=r"The 4 chunks are not alike: \d\d % of the variance of y") as caught:
        LSTMRegressor(2).fit_scaling(chunks_of(X, y, np.arange(len(X))))
    names = {"np": np, "X": X, "n_chunks": n_chunks}
    exec(re.search("`(rows = [^`]*)`", str(caught[0].message))[1], names)
    parts = eval(re.search(r"np\.array_split\(rows, n_chunks\)", str(caught[0].message))[0], names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LSTMRegressor(2).fit_scaling([(X[part], y[part]) for part in parts])


@pytest.mark.parametrize("settings", [{}, {"instance_norm": "last"}, {"instance_norm": "standard"}])
def test_it_is_given_once_whatever_the_scaling(settings):
    X, y = make_windows(np.arange(400.0) + RNG.normal(size=400), 8)
    with pytest.warns(UserWarning, match="not alike") as caught:
        LSTMRegressor(2, **settings).fit_scaling(lambda: iter(chunks_of(X, y, np.arange(len(X)))))
    assert len(caught) == 1


def test_a_column_is_named():
    X, y = make_windows(RNG.normal(size=400), 8)
    y = np.c_[y, np.arange(len(y))]
    with pytest.warns(UserWarning, match="variance of column 1 of y"):
        LSTMRegressor(2, n_targets=1).fit_scaling(chunks_of(X, y, np.arange(len(X))))


def test_a_single_chunk_is_like_itself():
    X, y = make_windows(np.arange(400.0), 8)
    LSTMRegressor(2).fit_scaling([(X, y)])


def learner(**settings):
    return LSTMRegressor(4, learning_rate="cosine", max_iter=9, random_state=0, **settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("level", "deviation"), [(1e4, 10), (-1e4, 10), (0, 1e3), (1e-3, 1)])
def test_a_first_chunk_of_one_row_does_not_tell_the_scale(level, deviation, dtype):
    X, y = make_windows((level + deviation * np.sin(np.arange(200) / 3)).astype(dtype), 6)
    model = learner().partial_fit(X[:1], np.full(1, level, dtype))
    with pytest.warns(
        UserWarning, match=r"The first chunk had equal targets, so that y is scaled by .* Begin with"
    ) as told:
        model.partial_fit(X, y)
    assert told[0].filename == __file__
    assert f"changes by {np.abs(y - level).max():.3g}." in str(told[0].message)
    model.partial_fit(X, y)  # it is said once
    learner().fit_scaling([(X[:100], y[:100]), (X[100:], y[100:])]).partial_fit(X[:1], y[:1]).partial_fit(X, y)


def test_the_scale_of_one_of_several_targets():
    X, y = make_windows(RNG.normal(size=(60, 2)) + np.array([0, 5000]), 6)
    first = np.c_[y[:9, 0], np.full(9, 5000.0)]
    with pytest.warns(UserWarning, match="column 1 of y is scaled by 8.19e\\+03"):
        learner().partial_fit(X[:9], first).partial_fit(X, y)


@pytest.mark.parametrize(
    "settings",
    [{}, {"standardize": False}, {"instance_norm": "last"}, {"instance_norm": "standard"}, {"loss": "poisson"}],
)
def test_equal_targets_whose_size_is_a_scale_cause_no_false_alarm(settings):
    X, y = make_windows(3 + RNG.poisson(2, 80).astype(float), 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learner(**settings).partial_fit(X[:1], y[:1]).partial_fit(X, y)
        learner(**settings).partial_fit(X[:9], np.full(9, 4.0)).partial_fit(X[:9], np.full(9, 4.0)).partial_fit(X, y)
        learner(**settings).partial_fit(X, y).partial_fit(1000 * X, 1000 * y)
