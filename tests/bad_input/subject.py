"""An estimator that is attacked: each call that succeeds is followed by a fresh copy."""

import pickle
import warnings

import joblib
from sklearn.exceptions import ConvergenceWarning


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
        """Return a hash of all attributes but the parameters."""
        parameters = self.estimator.get_params(deep=False)
        return joblib.hash({name: value for name, value in vars(self.estimator).items() if name not in parameters})

    def _renew(self):
        self.estimator = pickle.loads(self._pickled)
