"""The default regressor of a `Forecaster`."""

from sklstm._estimator.regressor import LSTMRegressor
from sklstm._utils.public import public

FREE = ("random_state", "verbose")  # parameters that a default regressor may have its own values of


@public
def default_regressor():
    """Create the default regressor of a `Forecaster`, to change or tune its parameters.

    `Forecaster(default_regressor())` and `Forecaster()` give exactly the same forecasts. The parameters were chosen by
    their accuracy on many real series. `Forecaster.fit` replaces `loss_steps="auto"` as the strategy requires.

    Returns
    -------
    regressor : LSTMRegressor
        An unfitted regressor.

    See Also
    --------
    Forecaster : Forecast with it.

    Examples
    --------
    >>> from sklstm import Forecaster, default_regressor
    >>> forecaster = Forecaster(default_regressor()).set_params(regressor__hidden_size=16)
    >>> forecaster.regressor.hidden_size
    16
    """
    # chosen by benchmarks/accuracy.py
    return LSTMRegressor(
        instance_norm="last",
        loss="absolute_error",
        loss_steps="auto",
        solver="adamw",
        alpha=0.1,
        batch_size="large",
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=1000,
        max_updates="auto",
        random_state=0,
    )


def is_default(regressor):
    """Whether a regressor has the type and the parameters of the default one, with any seed."""
    if type(regressor) is not LSTMRegressor:
        return False
    default, settings = default_regressor().get_params(), regressor.get_params()
    return all(_is_same(settings[name], value) for name, value in default.items() if name not in FREE)


def _is_same(left, right):
    """Whether two parameters are equal; objects are only equal to themselves."""
    return left is right or (isinstance(left, str | int | float | None) and left == right)
