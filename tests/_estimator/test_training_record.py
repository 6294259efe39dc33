import numpy as np
import pytest

from sklstm._estimator.training_record import saved_record
from sklstm._utils.training_log import TrainingLog, training_log
from tests.tools import fit, model

X = np.random.default_rng(0).normal(size=(20, 3, 1))
Y = X.sum(axis=(1, 2))


class Writer:
    """Keeps what it is asked to write."""

    def __init__(self, every=1):
        self.every, self.written = every, []

    def is_due(self, n_epochs):
        return n_epochs % self.every == 0

    def check(self, training):
        assert training.n_done == 0

    def write(self, trainings, inputs):
        self.written.append([(part.n_done, part.ending, part.keeps_best) for part in trainings])

    def close(self):
        pass


def written(estimator, every=1):
    writer = Writer(every)
    with training_log(estimator) as log:
        assert isinstance(log, TrainingLog)
        log.writer = writer
        fit(estimator, X, Y)
    return writer.written


def test_epochs_and_the_end_are_recorded():
    assert written(model(max_iter=3)) == [
        [(1, None, True)],
        [(2, None, True)],
        [(3, None, True)],
        [(3, "exhausted", False)],
    ]
    assert written(model(max_iter=5), every=2) == [[(2, None, True)], [(4, None, True)], [(5, "exhausted", False)]]
    assert written(model(max_iter=2, early_stopping=True))[-1] == [(2, "exhausted", True)]


def test_epochs_of_an_earlier_fit_are_not_counted():
    estimator = fit(model(max_iter=3, warm_start=True), X, Y)
    assert written(estimator)[0] == [(1, None, True)]


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True, "learning_rate_init": 0.5}])
def test_the_record_of_a_fitted_regressor_gives_its_attributes(settings):
    estimator = fit(model(max_iter=4, **settings), X, Y)
    record, changed = saved_record(vars(estimator))
    attributes = record.attributes()
    assert changed is None
    assert attributes.keys() == {name for name in vars(estimator) if name.endswith("_") or name[0] == "_"}
    for name in ("theta_", "loss_", "best_loss_", "best_iter_", "n_iter_", "t_", "best_validation_score_"):
        np.testing.assert_array_equal(attributes[name], getattr(estimator, name))
    estimator.theta_[0] += 1
    record, changed = saved_record(vars(estimator))
    assert changed is None if not settings else changed is estimator.theta_
