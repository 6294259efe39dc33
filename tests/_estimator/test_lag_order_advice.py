import pytest

from sklstm._estimator.lag_order_advice import advice, description, lags_to_sequences
from sklstm._estimator.lag_reading import Reading


def chain(*columns):
    return tuple(range(*columns))


def test_description_counts_what_there_is():
    one = Reading([chain(3)], 5, 1, None)
    assert description(one) == (
        "The rows of X are 3 lags of a series, the newest first, and 2 other columns, but the regressor reads them as "
        "5 steps of 1 channel, the oldest step first."
    )
    blocks = Reading([chain(2, -1, -1), chain(5, 2, -1)], 6, 6, None)
    assert description(blocks) == (
        "The rows of X are 3 lags of each of 2 channels, the oldest first, one channel after the other, but the "
        "regressor reads them as 1 step of 6 channels, the oldest step first."
    )


@pytest.mark.parametrize(
    ("chains", "n_columns", "target", "expected"),
    [
        ([chain(3)], 3, 0, "LagsToSequences(3)"),
        ([chain(2, -1, -1)], 3, None, "LagsToSequences(3, order='oldest_first')"),
        ([chain(0, 6, 2), chain(1, 6, 2)], 6, 0, "LagsToSequences(3, n_channels=2)"),
        ([chain(3), chain(6, 9)], 9, 0, "LagsToSequences(3, n_channels=3, layout='channels')"),  # with a constant block
        (
            [chain(0, 6, 2), chain(1, 6, 2)],
            6,
            1,
            "LagsToSequences(names=[*(f'x{c}_lag_{i}' for i in range(1, 4) for c in range(0, 2))], target='x1')",
        ),
        (
            [chain(0, 6, 3), chain(6, 8)],
            8,
            0,
            "LagsToSequences(names=['x0_lag_1', *(f'other_{i}' for i in range(1, 3)), 'x0_lag_2', "
            "*(f'other_{i}' for i in range(4, 6)), *(f'x1_lag_{i}' for i in range(1, 3))])",
        ),
    ],
)
def test_the_shortest_call_that_reads_the_columns(chains, n_columns, target, expected):
    assert lags_to_sequences(Reading(chains, n_columns, 1, target)) == expected


def test_names_that_tell_lags_need_no_parameters():
    reading = Reading([chain(3)], 3, 1, None)
    assert "make_pipeline(LagsToSequences(), LSTMRegressor(…))" in advice(reading, False, ["lag1", "lag2", "lag3"])
    assert "make_pipeline(LagsToSequences(3), LSTMRegressor(…))" in advice(reading, False, ["lag1", "lag_1", "lag3"])
