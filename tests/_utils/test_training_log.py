import threading
from dataclasses import dataclass

import numpy as np
import pytest

from sklstm._utils.training_log import (
    _LOG,
    ResumableMixin,
    TrainingLog,
    Unfinished,
    call_with_log,
    current_log,
    training_log,
)


@dataclass
class Training:
    checksums: dict
    ending: str | None = None


class Writer:
    def __init__(self):
        self.written, self.closed = [], False

    def is_due(self, n_epochs):
        return n_epochs % 2 == 0

    def check(self, training):
        if training.ending:
            raise TypeError("cannot be written")

    def write(self, trainings, inputs):
        self.written.append(([part.ending for part in trainings], inputs))

    def close(self):
        self.closed = True


def test_a_log_is_open_during_a_fit_only():
    assert current_log() is None
    with training_log("fit") as log:
        assert current_log() is log
        with training_log("fit") as same:  # resume, which calls fit
            assert same is log
        with training_log("another fit, of a callback") as other:
            assert current_log() is other is not log
        seen = []
        thread = threading.Thread(target=lambda: seen.append(current_log()))
        thread.start()
        thread.join()
        assert seen == [None]
    assert current_log() is None


def test_fits_inside_are_parts():
    with training_log("forecaster", has_parts=True) as log, training_log("regressor") as same:
        assert same is log


def test_a_log_without_a_writer_is_not_used():
    log = TrainingLog("fit")
    assert not log.is_used
    log.begin_fit(lambda: pytest.fail("nothing to compare"))
    assert log.begin_training(Training({}, "unwritable"), Training) is None
    log.after_epoch(2, lambda: pytest.fail("nothing to write"))
    log.end_training(lambda: pytest.fail("nothing to write"))


def test_what_is_written():
    writer = Writer()
    with training_log("fit") as log:
        log.writer = writer
        log.begin_fit(lambda: {"y": "1"})
        for ending in ("one", "two"):
            assert log.begin_training(Training({}), Training) is None
            for n in range(1, 4):
                log.after_epoch(n, lambda: Training({}))
            log.end_training(lambda ending=ending: Training({}, ending))
        with pytest.raises(TypeError, match="cannot be written"):
            log.begin_training(Training({}, "unwritable"), Training)
        assert not writer.closed
    assert writer.closed
    assert writer.written == [
        ([None], {"y": "1"}),
        (["one"], {"y": "1"}),
        (["one", None], {"y": "1"}),
        (["one", "two"], {"y": "1"}),
    ]


def test_earlier_trainings_are_taken_over_in_order():
    earlier = Training({"X": "1"}, "converged"), Training({"X": "2"})
    log = TrainingLog("fit", unfinished=Unfinished({}, {"y": "1"}, earlier))
    log.begin_fit(lambda: {"y": "1"})
    assert log.next_earlier is earlier[0]
    assert log.begin_training(Training({"X": "1"}), Training) is earlier[0]
    with pytest.raises(ValueError, match=r"^X: not what the checkpoint was written for"):
        log.begin_training(Training({"X": "3"}), Training)
    assert log.next_earlier is None
    assert log.begin_training(Training({"X": "4"}), Training) is None


@pytest.mark.parametrize(
    ("found", "named"), [({"X": "1", "y": "2"}, "y"), ({"X": "1"}, "y"), ({"X": "1", "y": "1", "w": "3"}, "w")]
)
def test_other_inputs_are_named(found, named):
    log = TrainingLog("fit", unfinished=Unfinished({}, {"X": "1", "y": "1"}, ()))
    with pytest.raises(ValueError, match=f"^{named}: not what"):
        log.begin_fit(lambda: found)


class Estimator(ResumableMixin):
    def __init__(self, unfinished=None, **parameters):
        self._parameters = parameters
        self._unfinished = unfinished

    def get_params(self):
        return self._parameters

    def resume(self):
        return self._resume(lambda: current_log().owner)


SAME = np.array([1.0])


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        (1, 1, True),
        (1, 2, False),
        ("a", "a", True),
        (None, None, True),
        (None, 0, False),
        (SAME, np.array([1.0]), True),
        (SAME, np.array([2.0]), False),
        ([SAME, "a"], [np.array([1.0]), "a"], True),
        ([1, 2], [1], False),
        (object(), object(), False),
        (SAME, [1.0], False),
    ],
)
def test_parameters_are_compared(before, now, is_same):
    estimator = Estimator(Unfinished({"a": before, "b__verbose": 1}, None, ()), a=now, b__verbose=2)
    if is_same:
        assert estimator.resume() is estimator
    else:
        with pytest.raises(ValueError, match=r"a=.* but the fit that was interrupted had a="):
            estimator.resume()


def test_without_a_fit_to_resume():
    with pytest.raises(ValueError, match="this Estimator has none"):
        Estimator().resume()


def test_a_log_is_open_during_a_call_only():
    def fit(log):
        assert current_log() is log
        _LOG.set(TrainingLog("left open"))  # as Ctrl-C between two lines could
        return log.owner

    assert call_with_log(fit, "fit") == "fit"
    assert current_log() is None
