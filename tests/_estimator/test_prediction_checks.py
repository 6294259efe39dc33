import numpy as np
import pytest

from tests import tools
from tests._estimator.tools import X3, Y, fitted


def test_answers_at_every_step_are_compared_with_their_like():
    steps, last = fitted(y=np.cumsum(X3, axis=1)), fitted()
    for model, y in ((steps, np.zeros((11, 5, 2))), (steps, np.zeros((12, 4, 2))), (steps, Y), (last, X3)):
        with pytest.raises(ValueError, match=r"y has shape .*, but the predictions have shape"):
            model.score(X3, y)
    for weight in (np.ones(11), np.ones((12, 1)), -np.ones(12)):
        with pytest.raises(ValueError, match=r"sample_weight|Sample weights|[Nn]egative"):
            steps.score(X3, X3, weight)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_that_answers_with_no_number_says_so():
    X, y = np.random.default_rng(0).normal(size=(2, 20, 5, 1))
    fitted = tools.model().fit(X, y[:, 0, 0])
    fitted.readout_bias_[:] = np.inf
    for attempt in (lambda: fitted.predict(X), lambda: fitted.forecast(2, context=X)):
        with pytest.raises(ValueError, match="The prediction for row 0 of 20 is not finite"):
            attempt()
    every = tools.model().fit(np.where(np.arange(5)[:, np.newaxis] == 2, np.nan, X), y)
    assert np.isnan(every.predict(np.where(np.arange(5)[:, np.newaxis] == 2, np.nan, X))).sum() == 20
