import numpy as np
import pytest

from sklstm._training.lbfgs import Evaluations, LBFGSTrainer, _Evaluator
from sklstm._training.loop import CONVERGED, EXHAUSTED, INTERRUPTED
from sklstm._training.progress import Progress
from sklstm._utils.interrupts import raises_interrupts
from tests._training.tools import Interrupted, interrupted, monitoring, underflowing


def whole_batch(objective, max_iter=50, max_fun=1000, tol=0.0, **settings):
    theta, progress = np.zeros(2), Progress()
    progress.watch(settings.get("validate"), same_rows=True)
    monitor, seen = monitoring({"tol": tol, **settings})
    ending = LBFGSTrainer(max_iter, max_fun, 1e-8, 4).run(theta, objective, None, None, progress, monitor)
    return ending, theta, progress, seen


def test_whole_batches_find_the_minimum():
    objective = interrupted(np.inf)
    ending, theta, progress, seen = whole_batch(objective)
    assert ending == CONVERGED
    expected = np.average(objective.rows, axis=0, weights=objective.weight)
    np.testing.assert_allclose(theta, expected, atol=1e-7)
    assert progress.loss_curve[-1] == min(progress.loss_curve) == objective(theta, np.arange(10))[0]
    assert seen == [part for epoch in range(1, progress.n_epochs + 1) for part in ("begin", epoch)]
    assert progress.n_seen >= 10 * progress.n_epochs


class Valley(Interrupted):
    """Rosenbrock's function, which takes about thirty iterations."""

    def __call__(self, theta, batch):
        super().__call__(theta, batch)
        x, y = theta
        gradient = np.array([2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)])
        return 100 * (y - x**2) ** 2 + (1 - x) ** 2, gradient, 1.0


def valley(after=np.inf):
    return Valley(after, np.zeros((10, 2)), np.ones(10))


def test_whole_batches_end_where_their_limits_are():
    ending, theta, progress, _ = whole_batch(valley(), n_iter_no_change=np.inf)
    assert ending == CONVERGED
    np.testing.assert_allclose(theta, 1, atol=1e-4)
    for limit in ({"max_iter": 5}, {"max_fun": 7}):
        ending, _, progress, _ = whole_batch(valley(), **limit)
        assert ending == EXHAUSTED
        assert progress.n_epochs <= 7
    ending, _, progress, _ = whole_batch(valley(), stop_after=3)
    assert (ending, progress.n_epochs) == (CONVERGED, 3)
    ending, _, progress, _ = whole_batch(valley(), tol=1e-8, validate=lambda theta: (1.0, 0.0), n_iter_no_change=2)
    assert (ending, progress.n_epochs, progress.best_epoch) == (CONVERGED, 4, 1)
    ending, theta, progress, _ = whole_batch(valley(after=12))
    assert ending == INTERRUPTED
    np.testing.assert_array_equal(progress.best_theta, whole_batch(valley(), max_iter=progress.best_epoch)[1])


@pytest.mark.parametrize("call", [whole_batch, raises_interrupts(whole_batch)])
def test_an_interruption_is_raised_before_the_first_iteration_and_inside_of_others(call):
    with pytest.raises(KeyboardInterrupt):
        call(valley(after=1 if call is whole_batch else 12))


def test_whole_batches_of_what_is_at_its_minimum_are_an_epoch():
    objective = interrupted(np.inf)
    objective.rows = np.zeros((10, 2))
    ending, theta, progress, _ = whole_batch(objective)
    assert (ending, progress.loss_curve, progress.best_epoch) == (CONVERGED, [0.0], 1)
    np.testing.assert_array_equal(theta, 0)


def test_underflow_is_no_error_even_if_numpy_is_told_to_raise_it():
    with np.errstate(all="raise"):
        ending, *_ = whole_batch(underflowing())
    assert ending == CONVERGED


def recorded_run(theta, objective, progress, evaluations, n_done=0, **settings):
    monitor, _ = monitoring({"tol": 0.0, **settings})
    trainer = LBFGSTrainer(50, 1000, 1e-8, 4).continued(n_done, evaluations)
    trainer.run(theta, objective, None, None, progress, monitor)
    return theta, progress


@pytest.mark.parametrize("stop_after", [1, 5, 12])
def test_a_run_that_ended_early_goes_on_to_the_bit_and_repeats_no_evaluation(stop_after):
    whole, first, second = valley(), valley(), valley()
    expected, of_whole = recorded_run(np.zeros(2), whole, Progress(), Evaluations(np.zeros(2)))
    evaluations = Evaluations(np.zeros(2))
    theta, progress = recorded_run(np.zeros(2), first, Progress(), evaluations, stop_after=stop_after)
    assert progress.n_epochs == stop_after
    assert len(evaluations) == len(first.batches) < len(whole.batches)
    kept = evaluations.copied()
    theta, progress = recorded_run(theta, second, progress, kept, stop_after)
    np.testing.assert_array_equal(theta, expected)
    assert progress.loss_curve == of_whole.loss_curve
    assert progress.n_seen == of_whole.n_seen
    assert len(first.batches) + len(second.batches) == len(whole.batches) == len(kept)
    assert len(evaluations) == len(first.batches)  # a copy was continued


def test_a_run_that_takes_other_steps_than_the_recorded_ones_is_refused():
    evaluations = Evaluations(np.zeros(2))
    theta, progress = recorded_run(np.zeros(2), valley(), Progress(), evaluations, stop_after=3)
    evaluations.start = np.ones(2) / 7
    with pytest.raises(ValueError, match="other steps than in the fit that was interrupted"):
        recorded_run(theta, valley(), progress, evaluations, 3)


def test_the_loss_where_it_was_evaluated_last_is_not_evaluated_again():
    objective = valley()
    evaluate, (first, second) = _Evaluator(objective, np.dtype(np.float64), Progress()), np.array([[0.5, 2], [3, 1]])
    expected = [valley().whole(theta)[0] for theta in (first, second)]
    assert evaluate(first)[0] == evaluate.loss_at(first.copy()) == expected[0]
    assert len(objective.batches) == 1
    assert evaluate.loss_at(second) == expected[1]
    assert evaluate.loss_at(first) == expected[0]
    assert len(objective.batches) == 3
