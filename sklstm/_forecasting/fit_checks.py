"""Checks of what a forecaster is given to fit, beyond those of single parameters and of the tables."""

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError

from sklstm._forecasting.fitting import n_in_workers
from sklstm._forecasting.regressor_input import check_regressor
from sklstm._forecasting.settings import regressor_to_clone
from sklstm._forecasting.target_transformer import check_transformer
from sklstm._utils.argument_checks import attribute_of, naming, shown
from sklstm._utils.checks import is_pandas
from sklstm._utils.user_warning import warn_user


def check_past_only(past_only):
    """Raise an error unless `past_only` is None or a list; for one name, show the list to write."""
    if isinstance(past_only, str):
        raise InvalidParameterError(
            "The 'past_only' parameter of Forecaster must be an array-like or None. Got "
            f"{shown(past_only)} instead: write past_only=[{shown(past_only)}]."
        )
    is_list = isinstance(past_only, list | tuple | range) or attribute_of(past_only, "ndim") == 1
    if past_only is not None and not is_list:
        raise InvalidParameterError(
            "The 'past_only' parameter of Forecaster must be an array-like or None: a list of columns. Got "
            f"{shown(past_only)} instead."
        )


def check_parts(forecaster):
    """Check the types of the estimators in a forecaster."""
    from sklstm._forecasting.forecaster import Forecaster  # which imports this module

    with naming("regressor"):
        check_regressor(regressor_to_clone(forecaster))
    for name in ("regressor", "baseline"):
        if isinstance(getattr(forecaster, name), Forecaster):
            raise TypeError(
                f"{name} must predict values from windows, got a Forecaster. Pass the regressor inside of it."
            )
    if forecaster.baseline is not None and not isinstance(forecaster.baseline, str):
        with naming("baseline"):
            check_regressor(forecaster.baseline, name="baseline")
    check_transformer(forecaster.target_transformer)


def check_is_followed(forecaster, data, log):
    """Raise ValueError if fits are made in workers, which a Checkpoint cannot follow."""
    n_fits = n_in_workers(forecaster, data) if log.is_used else 0
    if n_fits:
        raise ValueError(
            f"n_jobs={forecaster.n_jobs!r} makes {n_fits} fits in workers, which a Checkpoint cannot follow: a killed "
            "fit could not be resumed. Set n_jobs=1, or leave the Checkpoint out."
        )


def warn_of_column(forecaster, y):
    """Warn of an array with one column as targets, as scikit-learn demands of regressors with a single output."""
    is_column = not is_pandas(y) and np.shape(y)[1:] == (1,)
    if is_column and not get_tags(forecaster).target_tags.multi_output:
        warn_user(
            f"A column-vector y was passed when a 1d array was expected. {type(forecaster).__name__} forecasts one "
            "target with this regressor: pass y.ravel(), or a frame whose column has a name.",
            DataConversionWarning,
        )
