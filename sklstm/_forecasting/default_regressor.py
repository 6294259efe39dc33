"""The regressor that a `Forecaster` trains where the user chose none."""

from sklstm._estimator.regressor import LSTMRegressor


def default_regressor():
    """Make the regressor that a `Forecaster` without one trains.

    `Forecaster(default_regressor())` and `Forecaster()` are the same to the bit; this one has parameters to set
    and to search over. The settings did well on many real series. Those that depend on the strategy are
    decided in `fit`: `loss_steps="auto"`.

    Returns
    -------
    regressor : LSTMRegressor
        Not fitted.

    See Also
    --------
    Forecaster : Trains it.

    Examples
    --------
    >>> from sklstm import Forecaster, default_regressor
    >>> forecaster = Forecaster(default_regressor()).set_params(regressor__hidden_size=16)
    >>> forecaster.regressor.hidden_size
    16
    """
    # chosen by benchmarks/accuracy.py
    return LSTMRegressor(
        instance_norm="last-standard",
        loss="absolute_error",
        loss_steps="auto",
        solver="adamw",
        alpha=1.0,
        learning_rate="cosine",
        learning_rate_init=0.005,
        random_state=0,
    )


def is_default(regressor):
    """Whether a regressor is the default one, by its settings."""
    if type(regressor) is not LSTMRegressor:
        return False
    default = default_regressor().get_params()
    settings = {**regressor.get_params(), "verbose": default["verbose"]}  # which changes nothing that is learnt
    return all(_is_same(value, default[name]) for name, value in settings.items())


def _is_same(left, right):
    return left is right or (isinstance(left, str | int | float | None) and left == right)
