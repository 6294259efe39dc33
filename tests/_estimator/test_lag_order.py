"""The guard of `fit`: rows that are windows of a series, whose steps are in another order than an LSTM reads."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import resample

from sklstm import Forecaster, LagsToSequences, LSTMRegressor, WindowTransformer, make_windows
from sklstm.datasets import load_airline
from tests.tools import label

L = 6
RNG = np.random.default_rng(0)
TARGET, A, B = SERIES = RNG.normal(size=(3, 90)).cumsum(axis=1)
Y = TARGET[L:]
OLD = sliding_window_view(TARGET, L)[:-1]
SEQUENCES = np.stack([sliding_window_view(series, L)[:-1] for series in SERIES], axis=2)  # right as they are
STEPS = SEQUENCES.reshape(len(Y), -1)
BLOCKS = SEQUENCES.transpose(0, 2, 1).reshape(len(Y), -1)
BLOCKS_NEW = SEQUENCES[:, ::-1].transpose(0, 2, 1).reshape(len(Y), -1)
EXOG = np.stack((A, B), axis=1)[L:]
CALENDAR = np.tile(np.cos(np.arange(12) * np.pi / 6), 10)[3:93], np.tile(np.sin(np.arange(12) * np.pi / 6), 10)[:90]
ROWS = np.random.default_rng(1).permutation(600)
LONG = RNG.normal(size=700).cumsum()
FAR_LAGS = np.stack([TARGET[25 - lag : len(TARGET) - lag] for lag in (25, 24, 12, 3, 2, 1)], axis=1)  # in order
DAYS = pd.date_range("2024-01-01", periods=len(Y))


def table_of(series, lags, ahead=1):
    """Rows of some lags of a series, and the value `ahead` steps after the last one."""
    rows = np.arange(max(lags), len(series) - ahead + 1)
    return np.stack([series[rows - lag] for lag in lags], axis=1), series[rows + ahead - 1]


FAR_APART = table_of(LONG, (168, 24, 3, 2, 1))


def lstm(**settings):
    return LSTMRegressor(2, max_iter=2, learning_rate="cosine", random_state=0, **settings)


def told(X, y=Y, **settings):
    """The warning of a fit; None without one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lstm(**settings).fit(X, y)
    assert len(caught) <= 1
    assert not caught or caught[0].filename == __file__
    return str(caught[0].message) if caught else None


WRONG = {
    "newest first": (OLD[:, ::-1], "LagsToSequences(6)"),
    "skforecast with exogenous columns": (np.hstack((OLD[:, ::-1], EXOG)), "LagsToSequences(6)"),
    "darts with a covariate of the row": (np.hstack((OLD, EXOG)), "LagsToSequences(6, order='oldest_first')"),
    "exogenous columns in front": (
        np.hstack((EXOG, OLD[:, ::-1])),
        "LagsToSequences(names=[*(f'other_{i}' for i in range(0, 2)), *(f'x0_lag_{i}' for i in range(1, 7))])",
    ),
    "mlforecast": (
        pd.DataFrame(np.hstack((EXOG, OLD[:, ::-1])), columns=["a", "b", *(f"lag{i}" for i in range(1, 7))]),
        "LagsToSequences()",
    ),
    "names that are no lags": (pd.DataFrame(OLD[:, ::-1], columns=list("abcdef")), "LagsToSequences(6)"),
    "sktime": (BLOCKS, "LagsToSequences(6, n_channels=3, order='oldest_first', layout='channels')"),
    "sktime with a calendar": (
        np.hstack([OLD, *(sliding_window_view(column, L)[:-1] for column in CALENDAR)]),
        "LagsToSequences(6, n_channels=3, order='oldest_first', layout='channels')",
    ),
    "darts with a calendar": (
        np.hstack((OLD, np.stack([sliding_window_view(c, L)[:-1] for c in CALENDAR], axis=2).reshape(len(Y), -1))),
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(6, 0, -1)), "
        "*(f'x{c}_lag_{i}' for i in range(6, 0, -1) for c in range(1, 3))])",
    ),
    "a calendar behind": (np.column_stack((OLD[:, ::-1], *(column[L:] for column in CALENDAR))), "LagsToSequences(6)"),
    "blocks, newest first": (BLOCKS_NEW, "LagsToSequences(6, n_channels=3, layout='channels')"),
    "blocks and other columns": (np.hstack((BLOCKS_NEW, EXOG)), "LagsToSequences(6, n_channels=3, layout='channels')"),
    "steps, newest first": (SEQUENCES[:, ::-1].reshape(len(Y), -1), "LagsToSequences(6, n_channels=3)"),
    "darts with past covariates": (
        np.hstack((OLD, SEQUENCES[:, :, 1:].reshape(len(Y), -1))),
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(6, 0, -1)), "
        "*(f'x{c}_lag_{i}' for i in range(6, 0, -1) for c in range(1, 3))])",
    ),
    "blocks of different length": (
        np.hstack((OLD, sliding_window_view(A, L)[:-1, -3:])),
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(6, 0, -1)), *(f'x1_lag_{i}' for i in range(3, 0, -1))])",
    ),
    "a column between the lags": (
        np.hstack((OLD[:, :3:-1], EXOG[:, :1], OLD[:, 3::-1])),
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(1, 3)), *(f'other_{i}' for i in range(2, 3)), "
        "*(f'x0_lag_{i}' for i in range(3, 7))])",
    ),
    "columns between the lags, the oldest first, and another series": (
        np.hstack((OLD[:, :2], EXOG, OLD[:, 2:], SEQUENCES[:, :, 1])),
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(6, 4, -1)), *(f'other_{i}' for i in range(2, 4)), "
        "*(f'x0_lag_{i}' for i in range(4, 0, -1)), *(f'x1_lag_{i}' for i in range(6, 0, -1))])",
    ),
    "names of a target that is not first": (
        pd.DataFrame(BLOCKS_NEW[:, ::-1], columns=[f"{name}_lag{lag}" for name in "bay" for lag in range(6, 0, -1)]),
        "LagsToSequences(target='y')",
    ),
    "target in the last block": (
        BLOCKS[:, ::-1],
        "LagsToSequences(names=[*(f'x0_lag_{i}' for i in range(1, 7)), *(f'x1_lag_{i}' for i in range(1, 7)), "
        "*(f'x2_lag_{i}' for i in range(1, 7))], target='x2')",
    ),
    "standardised": (StandardScaler().fit_transform(OLD[:, ::-1]), "LagsToSequences(6)"),
    "scaled blocks": (
        MinMaxScaler().fit_transform(BLOCKS),
        "LagsToSequences(6, n_channels=3, order='oldest_first', layout='channels')",
    ),
    "two standardised lags": (StandardScaler().fit_transform(OLD[:, :3:-1]), "LagsToSequences(2)"),
    "three scaled lags": (MinMaxScaler().fit_transform(OLD[:, :2:-1]), "LagsToSequences(3)"),
    "3-D with a column that is no lag": (
        np.hstack((OLD, EXOG[:, :1]))[:, :, np.newaxis],
        "LagsToSequences(6, order='oldest_first').fit_transform(X.reshape(len(X), -1))",
    ),
    "3-D, newest first, with a column that is no lag": (
        np.hstack((OLD[:, ::-1], EXOG[:, :1]))[:, :, np.newaxis],
        "LagsToSequences(6).fit_transform(X.reshape(len(X), -1))",
    ),
    "float32": (OLD[:, ::-1].astype(np.float32), "LagsToSequences(6)"),
    "3-D, with values at every step that are lags of each other": (
        np.dstack((OLD[:, ::-1], *(np.tile(A[4 - lag : len(Y) + 4 - lag, np.newaxis], L) for lag in (1, 2, 3)))),
        "X[:, ::-1]",
    ),
    "3-D": (SEQUENCES[:, ::-1], "X[:, ::-1]"),
    "3-D, one channel": (OLD[:, ::-1, np.newaxis], "X[:, ::-1]"),
    "channels before steps": (SEQUENCES.transpose(0, 2, 1), "X.transpose(0, 2, 1)"),
    "channels before steps, newest first": (
        SEQUENCES[:, ::-1].transpose(0, 2, 1),
        "X.transpose(0, 2, 1)[:, ::-1]",
    ),
    "lags as channels of one step": (OLD[:, np.newaxis], "X.transpose(0, 2, 1)"),
    "blocks cut into steps": (
        BLOCKS.reshape(SEQUENCES.shape),
        "LagsToSequences(6, n_channels=3, order='oldest_first', layout='channels').fit_transform("
        "X.reshape(len(X), -1))",
    ),
}


def mended(X, advice):
    """The sequences that the advice makes of X."""
    made = eval(advice, {"X": X, "LagsToSequences": LagsToSequences})
    return made.fit_transform(X) if isinstance(made, LagsToSequences) else made


@pytest.mark.parametrize("name", WRONG)
def test_another_order_is_told_with_the_line_that_mends_it(name):
    X, advice = WRONG[name]
    message = told(X)
    given = re.search(r"make_pipeline\((.*), LSTMRegressor\(…\)\)\.$|Give (.*?), to fit and to predict\.", message)
    assert next(filter(None, given.groups())) == advice
    sequences = mended(X, advice)
    assert told(sequences, missing="indicator") is None
    if (
        ((isinstance(X, np.ndarray) and X.dtype == np.float64) or "target" in name)
        and "scaled" not in name
        and "standard" not in name
    ):
        np.testing.assert_array_equal(sequences[:, :, 0], OLD)


def test_lags_with_gaps_between_them_are_lags_of_one_series():
    y = Y[25 - L :]
    for table in (FAR_LAGS[:, ::-1], np.hstack((FAR_LAGS[:, ::-1], EXOG[25 - L :]))):
        message = told(table, y)
        assert "The rows of X are 6 lags of a series, the newest first" in message
        assert "LagsToSequences(6), LSTM" in message
        assert told(LagsToSequences(6).fit_transform(table), y) is None
        np.testing.assert_array_equal(LagsToSequences(6).fit_transform(table)[:, :, 0], FAR_LAGS)


def test_made_up_names_are_for_an_array():
    frame = pd.DataFrame(np.hstack((EXOG, OLD[:, ::-1])), columns=list("abcdefgh"))
    message = told(frame)
    assert message.endswith("LSTMRegressor(…)), and give X.to_numpy(), to fit and to predict.")
    advice = re.search(r"make_pipeline\((.*), LSTMRegressor\(…\)\)", message)[1]
    with pytest.raises(ValueError, match="are not the names of the columns of X"):
        mended(frame, advice)
    assert told(mended(frame.to_numpy(), advice)) is None


@pytest.mark.parametrize("lags", [(1, 2, 3, 168), (1, 2, 336, 337), (1, 7, 14, 28), (1, 24, 168), (1, 12, 13, 14)])
def test_lags_far_apart_are_lags_of_one_series(lags):
    X, y = table_of(LONG, lags)
    message = told(X, y)
    assert f"The rows of X are {len(lags)} lags of a series, the newest first, but" in message
    assert f"LagsToSequences({len(lags)}), LSTM" in message
    assert told(X[:, ::-1], y) is None
    assert told(X[::-1, ::-1], y[::-1]) is None


def shuffled(X, y, seed=0):
    rows = np.random.default_rng(seed).permutation(len(y))
    return X[rows], y[rows]


SHUFFLES = {
    "all rows": shuffled,
    "a random part": lambda X, y: train_test_split(X, y, test_size=0.4, random_state=0)[::2],
    "drawn with repetition": lambda X, y: resample(X, y, random_state=0),
}
SHUFFLED = {
    "newest first": (OLD[:, ::-1], "LagsToSequences(6)"),
    "two lags": (OLD[:, :3:-1], "LagsToSequences(2)"),
    "newest first, and columns behind": (np.hstack((OLD[:, ::-1], EXOG)), "LagsToSequences(6)"),
    "oldest first, and columns behind": (np.hstack((OLD, EXOG)), "LagsToSequences(6, order='oldest_first')"),
    "oldest first, and a calendar behind": (
        np.column_stack((OLD, np.arange(len(Y)) % 7)),
        "LagsToSequences(6, order='oldest_first')",
    ),
    "steps, newest first": (SEQUENCES[:, ::-1].reshape(len(Y), -1), "LagsToSequences(6, n_channels=3)"),
    "3-D": (SEQUENCES[:, ::-1], "X[:, ::-1]"),
    "channels before steps": (SEQUENCES.transpose(0, 2, 1), "X.transpose(0, 2, 1)"),
    "blocks": (BLOCKS, "LagsToSequences(6, n_channels=3, order='oldest_first', layout='channels')"),
    "3-D, with values at every step": (
        WRONG["3-D, with values at every step that are lags of each other"][0],
        "X[:, ::-1]",
    ),
    "float32": (OLD[:, ::-1].astype(np.float32), "LagsToSequences(6)"),
}


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("name", SHUFFLED)
def test_shuffled_rows_hide_nothing(name, shuffle):
    """If the targets are values of the series: they say which row is the next one, and so what is newer."""
    X, advice = SHUFFLED[name]
    X, y = SHUFFLES[shuffle](X, Y.astype(X.dtype))
    message = told(X, y)
    assert advice in message
    assert told(mended(X, advice), y, missing="indicator") is None


def test_shuffled_rows_with_times_are_put_in_their_order():
    """So targets in another unit are no matter."""
    frame = pd.DataFrame(OLD[:, ::-1], DAYS)
    rows = np.random.default_rng(0).permutation(len(Y))
    assert "LagsToSequences(6)" in told(frame.iloc[rows], -Y[rows])
    assert told(frame.iloc[rows, ::-1], -Y[rows]) is None
    panel = pd.concat({"a": frame, "b": 2 * frame})
    rows = np.random.default_rng(0).permutation(len(panel))
    assert "LagsToSequences(6)" in told(panel.iloc[rows], np.r_[-Y, -Y][rows])
    part = np.sort(rows[:100])  # every other row or so, in order
    assert "LagsToSequences(6)" in told(panel.to_numpy()[part], np.r_[-Y, -Y][part])


RIGHT_SHUFFLED = {
    "oldest first": (OLD, Y),
    "3-D": (SEQUENCES, Y),
    "steps": (STEPS, Y, {"n_channels": 3}),
    "one channel": (OLD[:, :, np.newaxis], Y),
    "gaps": table_of(LONG, (28, 14, 7, 1)),
    "gaps at the far end": table_of(LONG, (168, 3, 2, 1)),
    "gaps in between": table_of(LONG, (24, 23, 12, 3, 2, 1)),
    "three ahead": table_of(LONG, range(8, 0, -1), 3),
    "counts": table_of(RNG.poisson(0.5, 200).astype(float), range(6, 0, -1)),
    "few digits": table_of(RNG.integers(0, 9, 400).astype(float), range(5, 0, -1)),
    "a walk of whole numbers": table_of(RNG.integers(-1, 2, 400).cumsum().astype(float), range(5, 0, -1)),
    "a season": table_of(np.tile(RNG.normal(size=12), 20), range(6, 0, -1)),
    "a symmetric season": table_of(np.tile([0.0, 1, 3, 5, 3, 1], 30), range(4, 0, -1)),
    "a sine": table_of(np.sin(np.arange(200) * np.pi / 6), range(9, 0, -1)),
    "constant": table_of(np.ones(90), range(5, 0, -1)),
    "no windows": (RNG.normal(size=(300, 6)), RNG.normal(size=300)),
    "no windows, few values": (RNG.integers(0, 4, (300, 6)).astype(float), RNG.integers(0, 4, 300).astype(float)),
    "statistics at every step": (
        LagsToSequences(L).fit_transform(np.column_stack((OLD[1:, ::-1], OLD[1:].mean(axis=1), OLD[:-1].mean(axis=1)))),
        Y[1:],
    ),
    "the target among the columns": (np.c_[Y, RNG.normal(size=(len(Y), 5))], Y),
    "the target in each column": (np.tile(Y[:, np.newaxis], (1, 5)), Y),
}


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("name", RIGHT_SHUFFLED)
def test_shuffled_rows_cause_no_false_alarm(name, shuffle):
    X, y, *settings = RIGHT_SHUFFLED[name]
    X, y = SHUFFLES[shuffle](X, y)
    assert told(X, y, **(settings[0] if settings else {})) is None


@pytest.mark.parametrize("name", WRONG)
def test_losses_at_all_steps_refuse_another_order(name):
    X, advice = WRONG[name]
    model = lstm(n_targets=1, loss_steps="all")
    with pytest.raises(ValueError, match=r"loss_steps='all' needs steps in the order of time\. The rows of X are"):
        model.fit(X, Y)
    assert not hasattr(model, "theta_")
    if "scaled" not in name and "standard" not in name:  # or the targets have another unit
        model.set_params(missing="indicator").fit(mended(X, advice), Y)


RIGHT = {
    "oldest first": (OLD, Y),
    "steps": (STEPS, Y, {"n_channels": 3}),
    "3-D": (SEQUENCES, Y),
    "rows in reverse, steps not": (OLD[::-1], Y[::-1]),
    "rows in reverse, other targets": (pd.DataFrame(OLD[::-1], DAYS[::-1]), pd.Series(-Y[::-1], DAYS[::-1])),
    "rows in reverse, three steps ahead": (OLD[:-2][::-1], Y[2:][::-1]),
    "three steps ahead": (OLD[:-2], Y[2:]),
    "shuffled": (OLD[::-1][RNG.permutation(len(Y))], Y),
    "every third window": (OLD[::3], Y[::3]),
    "every fifth window": (OLD[::5], Y[::5]),
    "every second 3-D window": (SEQUENCES[::2], Y[::2]),
    "standardised": (StandardScaler().fit_transform(OLD), Y),
    "standardised steps": (StandardScaler().fit_transform(STEPS), Y, {"n_channels": 3}),
    "scaled": (MinMaxScaler().fit_transform(OLD), Y),
    "constant": (np.ones((40, 6)), np.ones(40)),
    "a constant channel": (SEQUENCES * [1, 0, 1], Y),
    "no series": (RNG.normal(size=(60, 5)), np.arange(60.0)),
    "dummies of the months": (np.tile(np.eye(12), (5, 1)), np.arange(60.0)),
    "dummies as channels of one step": (np.tile(np.eye(12), (5, 1))[:, np.newaxis], np.arange(60.0)),
    "a period of two": (sliding_window_view(np.tile([1.0, 2.0], 40), 5), np.arange(76.0)),
    "a period of two, reversed": (sliding_window_view(np.tile([1.0, 2.0], 40), 4)[:, ::-1], np.arange(77.0)),
    "a ramp": (sliding_window_view(np.arange(60.0), 5)[:-1], np.arange(5.0, 60)),
    "a counter": (np.arange(300.0).reshape(60, 5), np.arange(60.0)),
    "a sine": (sliding_window_view(np.sin(np.arange(90) * np.pi / 6), 24)[:-1], np.sin(np.arange(24, 90) * np.pi / 6)),
    "mostly zero": (sliding_window_view(np.where(np.arange(90) % 7, 0.0, np.arange(90)), 5)[:-1], np.arange(85.0)),
    "few rows": (OLD[:3, ::-1], Y[:3]),
    "one row": (OLD[:1, ::-1], Y[:1]),
    "differences": (np.diff(OLD, axis=1), Y - OLD[:, -1]),
    "relative windows": (OLD - OLD[:, -1:], Y - OLD[:, -1]),
    "known in advance, moved up": (np.stack((OLD, sliding_window_view(A, L)[1:]), axis=2), Y),
    "some lags": (FAR_LAGS, Y[25 - L :]),
    "some lags, 3-D": (FAR_LAGS[:, :, np.newaxis], Y[25 - L :]),
    "windows of a table of lags": (sliding_window_view(OLD[:, ::-1], 2, axis=0).transpose(0, 2, 1)[:-1], Y[2:]),
    "channels that are lags of each other": (np.stack((OLD[1:], OLD[:-1]), axis=2), Y[1:]),
    "lags far apart": table_of(LONG, (168, 3, 2, 1)),
    "lags far apart, few rows": tuple(part[:60] for part in table_of(LONG, (168, 3, 2, 1))),
    "lags far apart, 3-D": (FAR_APART[0][:, :, np.newaxis], FAR_APART[1]),
    "lags of weeks": table_of(LONG, (28, 21, 14, 7, 6, 5, 4, 3, 2, 1)),
    "every third row of lags with gaps": tuple(part[::3] for part in table_of(LONG, (48, 24, 12, 3, 2, 1))),
    "a random part, in order": tuple(part[np.sort(ROWS[:200])] for part in table_of(LONG, (5, 4, 3, 2, 1))),
    "two scaled lags": (MinMaxScaler().fit_transform(OLD[:, 4:]), Y),
    "huge values": (1e298 * OLD, Y),
    "huge values of both signs": (1e300 * np.sign(RNG.normal(size=(60, 5))) * RNG.random((60, 5)), np.arange(60.0)),
    "two trends": (np.c_[np.arange(60.0), 3 * np.arange(60.0) + 1], np.arange(60.0)),
    "cosine and sine of the quarter": (
        StandardScaler().fit_transform(np.c_[np.cos(np.arange(60) * np.pi / 2), np.sin(np.arange(60) * np.pi / 2)]),
        Y[:60],
    ),
    "a season with lags far apart": table_of(np.tile(RNG.normal(size=12), 30), (118, 59, 6)),
    "two equal channels": (np.stack((OLD, OLD), axis=2), Y),
    "statistics of the row and of the row before, at every step": (
        LagsToSequences(L).fit_transform(np.column_stack((OLD[1:, ::-1], OLD[1:].mean(axis=1), OLD[:-1].mean(axis=1)))),
        Y[1:],
    ),
    "the same at the last step": (
        LagsToSequences(L, extra="last").fit_transform(
            np.column_stack((OLD[2:, ::-1], EXOG[2:, 0], EXOG[1:-1, 0], EXOG[:-2, 0]))
        ),
        Y[2:],
        {"missing": "indicator"},
    ),
    "parts in another order, whose first and last rows overlap": tuple(
        np.concatenate([part[start : start + 16] for start in (40, 60, 0, 20)]) for part in (OLD[:-2], Y[2:])
    ),
    "exogenous values at every step": (LagsToSequences(L).fit_transform(np.hstack((OLD[:, ::-1], EXOG))), Y),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_there_is_no_false_alarm(name):
    X, y, *settings = RIGHT[name]
    assert told(X, y, **(settings[0] if settings else {})) is None


@pytest.mark.parametrize("share", [0.05, 0.4])
def test_missing_values_hide_nothing_and_alarm_nobody(share):
    gaps = TARGET.copy()
    gaps[np.random.default_rng(1).random(90) < share] = np.nan
    windows = sliding_window_view(gaps, L)[:-1]
    assert told(windows) is None
    assert "LagsToSequences(6)" in told(windows[:, ::-1])


def test_rows_of_many_short_series():
    series = RNG.normal(size=(20, 12)).cumsum(axis=1)
    X = sliding_window_view(series, 5, axis=1)[:, :-1].reshape(-1, 5)
    y = series[:, 5:].ravel()
    assert told(X, y) is None
    assert "LagsToSequences(5)" in told(X[:, ::-1], y)


def test_rows_in_reverse_order_with_the_newest_value_first():
    """Each row looks like the one before moved on; the targets tell the direction of time, or an index does."""
    assert "LagsToSequences(6)" in told(OLD[::-1, ::-1], Y[::-1])
    assert "LagsToSequences(6)" in told(pd.DataFrame(OLD[::-1, ::-1], DAYS[::-1]), -Y[::-1])


@pytest.mark.parametrize("cut", [make_windows, lambda table, n: (WindowTransformer(n).fit_transform(table), table)])
def test_windows_of_this_package_are_right(cut):
    for table in (load_airline().to_numpy(float)[:, np.newaxis], SERIES.T):
        X, y = cut(table, 9)
        assert told(X, y[:, :1]) is None


@pytest.mark.parametrize("regressor", [lstm(), make_pipeline(StandardScaler(), lstm())], ids=label)
def test_a_forecaster_cuts_windows_right(regressor):
    X = pd.DataFrame({"a": A, "b": B}, pd.date_range("2024-01-01", periods=90))
    y = pd.Series(TARGET, X.index)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for settings in ({}, {"past_only": ["b"], "strategy": "direct", "steps": 2}, {"baseline": "auto"}):
            Forecaster(regressor, window_length=7, **settings).fit(X, y)


def test_the_guard_looks_at_the_last_rows_first():
    changed = np.vstack((RNG.normal(size=(200, L)), OLD[:, ::-1], OLD[:20, ::-1]))
    assert "LagsToSequences(6)" in told(changed, np.zeros(len(changed)))
    noise = RNG.normal(size=(100, L))
    assert "LagsToSequences(6)" in told(np.vstack((OLD[:, ::-1], noise)), np.zeros(len(Y) + 100))
    assert told(np.vstack((OLD[:, ::-1], np.repeat(noise, 60, axis=0))), np.zeros(len(Y) + 6000)) is None


def test_a_warning_is_given_once_while_training_continues():
    with pytest.warns(UserWarning, match="the newest first"):
        model = lstm().partial_fit(OLD[:, ::-1], Y)
    model = pickle.loads(pickle.dumps(model)).partial_fit(OLD[:, ::-1], Y)
    with pytest.warns(UserWarning, match="the newest first"):
        model.fit(OLD[:, ::-1], Y)
    model.set_params(warm_start=True).fit(OLD[:, ::-1], Y)


CHUNKS = {
    "newest first": (OLD[:, ::-1], OLD, Y, "LagsToSequences(6)"),
    "two steps ahead": (OLD[:-1, ::-1], OLD[:-1], Y[1:], "LagsToSequences(6)"),
    "3-D": (SEQUENCES[:, ::-1], SEQUENCES, Y, "X[:, ::-1]"),
    "float32": (OLD[:, ::-1].astype(np.float32), OLD.astype(np.float32), Y.astype(np.float32), "LagsToSequences(6)"),
    "in reverse": (OLD[::-1, ::-1], OLD[::-1], Y[::-1], "LagsToSequences(6)"),
    "with other columns": (
        np.hstack((OLD[:, ::-1], EXOG)),
        np.random.default_rng(2).normal(size=(len(Y), 8)),
        Y,
        "LagsToSequences(6)",
    ),
}


@pytest.mark.parametrize("n_rows", [8, 20, 40])
@pytest.mark.parametrize("name", CHUNKS)
def test_a_later_chunk_in_another_order_is_told(name, n_rows):
    wrong, right, y, advice = CHUNKS[name]
    model = lstm().partial_fit(right[:5], y[:5])  # too few to tell
    for start in range(0, len(y) - n_rows, n_rows):
        model.partial_fit(right[start : start + n_rows], y[start : start + n_rows])
    with pytest.warns(UserWarning, match="The rows of X are 6 lags of") as caught:
        model.partial_fit(wrong[-n_rows:], y[-n_rows:])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert advice in str(caught[0].message)
    model.partial_fit(wrong[-n_rows:], y[-n_rows:])  # it is said once


def test_a_later_chunk_is_refused_by_losses_at_all_steps_and_changes_nothing():
    model = lstm(loss_steps="all").partial_fit(OLD[:40], Y[:40])
    before = vars(model).copy()
    with pytest.raises(ValueError, match="loss_steps='all' needs steps in the order of time"):
        model.partial_fit(OLD[40:, ::-1], Y[40:])
    assert vars(model) == before


def test_a_fit_that_continues_an_earlier_one_looks_again():
    model = lstm(warm_start=True).fit(OLD, Y)
    with pytest.warns(UserWarning, match="the newest first"):
        model.fit(*shuffled(OLD[:, ::-1], Y))


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "rows in reverse, other targets"])  # without index
def test_later_chunks_cause_no_false_alarm(name):
    X, y, *settings = RIGHT[name]
    X, y = np.asarray(X), np.asarray(y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = lstm(**(settings[0] if settings else {})).partial_fit(X, y)
        for start in range(0, min(len(y), 60), 12):
            model.partial_fit(X[start : start + 12], y[start : start + 12])
        model.partial_fit(*shuffled(X, y))
        model.partial_fit(X, -y)


@pytest.mark.parametrize("n_rows", [8, 12, 30, 64])
@pytest.mark.parametrize("kind", ["walk", "noise", "counts", "few digits", "steps", "rare", "calendar beside"])
def test_small_chunks_of_many_forms_cause_no_false_alarm(kind, n_rows):
    rng = np.random.default_rng(n_rows)
    for _ in range(3):
        series = rng.normal(size=(300, 3)).cumsum(axis=0)
        if kind == "noise":
            series = rng.normal(size=(300, 3))
        if kind == "counts":
            series = rng.poisson(1, (300, 3)).astype(float)
        if kind == "few digits":
            series = rng.integers(0, 9, (300, 3)).astype(float)
        if kind == "steps":
            series = np.repeat(series[:60], 5, axis=0)
        if kind == "rare":
            series[rng.random(series.shape) < 0.9] = 0
        if kind == "calendar beside":
            series[:, 1:] = np.stack((np.arange(300) % 12, np.arange(300) % 7 < 2), axis=1)
        windows, y = make_windows(series, int(rng.integers(2, 9)), n_outputs=1)
        start, random_rows = int(rng.integers(0, 200)), rng.permutation(len(y))[:n_rows]
        for rows in (np.arange(start, start + n_rows), random_rows, np.sort(random_rows)):
            for X in (windows[rows], windows[rows, :, :1].reshape(n_rows, -1)):
                assert_silent_after_another_chunk(X, y[rows, 0])


def assert_silent_after_another_chunk(X, y):
    noise = np.random.default_rng(0).normal(size=(5, *X.shape[1:]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lstm().partial_fit(noise, np.arange(5.0)).partial_fit(X, y)
