"""The models whose accuracy is compared (`benchmarks.accuracy`)."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster, LSTMRegressor, default_regressor

WINDOW = 24
RANDOM = ("sklstm", "mlp", "before")  # models that are trained with several seeds; PyTorch takes too long


def ours(steps, seed=0):
    """Return `Forecaster(steps=steps)`, with another seed."""
    return Forecaster(default_regressor().set_params(random_state=seed), steps=steps)


def of_windows(regressor, n_rows):
    """Return a forecaster that feeds forecasts of a regressor back, with nothing taken off the series.

    It reads the last `WINDOW` values, or on a short series half of its rows.
    """
    nothing = {name: None for name in ("season", "baseline", "log") if name in Forecaster().get_params()}
    window = max(1, min(WINDOW, n_rows // 2))
    return Forecaster(regressor, strategy="recursive", window_length=window, **nothing)


def rival(model, seed, n_rows):
    """Return the forecaster of a model by its name; `n_rows` is the smallest number of rows that it is fitted to."""
    match model:
        case "ridge":
            regressor = make_pipeline(StandardScaler(), Ridge())
        case "mlp":
            network = make_pipeline(StandardScaler(), MLPRegressor(max_iter=500, random_state=seed))
            regressor = TransformedTargetRegressor(network, transformer=StandardScaler())
        case "torch":
            from benchmarks._torch_regressor import TorchRegressor

            regressor = TorchRegressor(random_state=seed)
        case "before":
            regressor = former_default(seed)
    return of_windows(regressor, n_rows)


def former_default(seed):
    """Return the regressor that was the default before seasons and baselines: a network on windows."""
    return LSTMRegressor(
        instance_norm="last-standard",
        loss="absolute_error",
        loss_steps="auto",
        solver="adamw",
        alpha=1.0,
        learning_rate="cosine",
        learning_rate_init=0.005,
        random_state=seed,
    )
