"""An estimator that is attacked: each call that succeeds is followed by a fresh copy."""

import pickle
import warnings

from sklearn.exceptions import ConvergenceWarning

from tests.tools import saved_state


class Subject:
    """An estimator, fitted.

    Parameters
    ----------
    estimator : fitted estimator
    """

    def __init__(self, estimator):
        self._pickled = pickle.dumps(estimator)
        self._renew()

    def call(self, method, arguments):
        """Call a method of the estimator."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            answer = getattr(self.estimator, method)(**arguments)
        self._renew()
        return answer

    def with_parameters(self, work, parameters):
        """Call `work(estimator)` with some parameters, which must be the same objects after it."""
        earlier = self.estimator.get_params(deep=False)
        self.estimator.set_params(**parameters)
        try:
            work(self.estimator)
        except Exception:
            for name, value in parameters.items():
                if getattr(self.estimator, name) is not value:
                    raise RuntimeError(f"{name} was changed") from None
            vars(self.estimator).update(earlier)
            raise
        self._renew()

    def fitted_state(self):
        """Return a hash of what is saved but the parameters."""
        return saved_state(self.estimator, self.estimator.get_params(deep=False))

    def _renew(self):
        self.estimator = pickle.loads(self._pickled)
