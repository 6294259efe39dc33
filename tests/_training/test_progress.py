from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from sklstm._training import progress as _progress
from sklstm._training.progress import Progress
from tests.tools import interrupted_at_line


def recorded(*losses, progress=None, validation=None):
    progress = Progress() if progress is None else progress
    for loss in losses:
        progress.record(np.array([loss]), loss, validation, 0.0)
    return progress


def test_a_copy_of_the_history_goes_on_by_itself():
    first = recorded(3.0, 2.0)
    second, third = replace(first), replace(first)
    recorded(1.0, progress=second)
    recorded(5.0, 4.0, progress=third, validation=(7.0, 0.5))
    recorded(0.5, progress=second)
    fourth = recorded(6.0, progress=replace(third))
    recorded(2.0, progress=third, validation=(8.0, 0.1))
    assert first.loss_curve == [3.0, 2.0]
    assert second.loss_curve == [3.0, 2.0, 1.0, 0.5]
    assert third.loss_curve == [3.0, 2.0, 5.0, 4.0, 2.0]
    np.testing.assert_array_equal(third.validation_loss_curve, [np.nan, np.nan, 7.0, 7.0, 8.0])
    np.testing.assert_array_equal(third.validation_scores, [np.nan, np.nan, 0.5, 0.5, 0.1])
    np.testing.assert_array_equal(fourth.validation_scores, [np.nan, np.nan, 0.5, 0.5, np.nan])
    np.testing.assert_array_equal(second.validation_scores, [np.nan] * 4)
    assert [part.smallest_loss for part in (first, second, third)] == [2.0, 0.5, 2.0]
    assert second.losses is first.losses  # the first continuation does not copy


@pytest.mark.parametrize("validation", [None, (7.0, 0.5)], ids=["training", "validation"])
def test_ctrl_c_inside_of_a_record_leaves_the_epoch_before(validation):
    functions = Progress.record, _progress._with_value
    for number in count(1):
        progress = recorded(3.0, 2.0, validation=validation)
        before = repr(progress.loss_curve), repr(progress.validation_scores), progress.best_epoch, progress.n_stale
        came = interrupted_at_line(number, lambda: recorded(1.0, progress=progress, validation=validation), functions)  # noqa: B023
        if not came:
            break
        curves = progress.loss_curve, progress.validation_loss_curve, progress.validation_scores
        assert [len(curve) for curve in curves] == [progress.n_epochs] * 3
        assert before == (
            repr(progress.loss_curve),
            repr(progress.validation_scores),
            progress.best_epoch,
            progress.n_stale,
        )
        recorded(1.5, progress=progress)
        assert progress.loss_curve == [3.0, 2.0, 1.5]
    assert number > 10
    assert progress.loss_curve == [3.0, 2.0, 1.0]


def test_a_period_begins_again_when_it_is_over_or_always():
    progress = Progress(n_epochs=5, period_start=3)
    progress.begin_period(always=False, length=3)
    assert progress.period_start == 3
    progress.begin_period(always=False, length=2)
    assert progress.period_start == 5
    progress.n_epochs = 6
    progress.begin_period(always=True, length=100)
    assert progress.period_start == 6
