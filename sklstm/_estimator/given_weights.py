"""A fitted `LSTMRegressor` from given weights, and the weights of a fitted one, for other libraries.

A model from weights has seen no training samples. It predicts as the weights say, forecasts from a `context`, and
trains on with `partial_fit`. It has no history, and its scaling changes nothing.
"""

import numpy as np

from sklstm._estimator.fitted_network import fitted_network
from sklstm._estimator.fitting import new_generator
from sklstm._estimator.input_checks import InputSpec
from sklstm._estimator.settings import check_settings, new_layout, new_loss, new_missing_rule, number_of_targets
from sklstm._estimator.training_state import NO_FINGERPRINT, TrainingState
from sklstm._network.losses import Poisson
from sklstm._network.network import Network
from sklstm._network.plain_weights import LayerWeights, NetworkWeights, folded_weights, largest_shift
from sklstm._network.scaling import WITH_DEVIATION, Scaling
from sklstm._training.progress import Progress
from sklstm._utils.attributes import NAMES, set_at_once
from sklstm._utils.forecast_bounds import WindowRange
from sklstm._utils.plain_parameters import with_plain_parameters
from sklstm._utils.user_warning import warn_user

# Predictions with folded weights are to be equal to this, in the units of standardised values.
TOLERANCE = 1e-6


def fit_by_weights(regressor, weights, *, every_step):
    """Set the fitted attributes of a regressor so that it predicts with given weights.

    Parameters
    ----------
    regressor : LSTMRegressor
        Its `hidden_size`, `n_layers` and `bidirectional` are those of the weights.
    weights : NetworkWeights
        In float32 or float64, which becomes the precision of all computations.
    every_step : bool
        Whether there is a prediction at every step (`y` of three dimensions), or one for each sample. A single output
        for each sample is (n_samples,), as for a `y` of one dimension.

    Returns
    -------
    regressor : LSTMRegressor
        Fitted.
    """
    regressor._validate_params()
    plain = with_plain_parameters(regressor)
    settings = check_settings(plain)
    network = _network_of(plain, settings, weights, every_step)
    rng, split_seed = new_generator(regressor.random_state)
    nothing = np.full(network.n_channels, np.nan)
    state = TrainingState(
        network=network,
        settings=settings,
        y_ndim=3 if every_step else 1 if network.n_outputs == 1 else 2,
        forecast_start=None,
        window_range=WindowRange(nothing, nothing, network.scaling.n_targets),
        fingerprint=NO_FINGERPRINT,
        split_seed=split_seed,
        rng=rng,
        progress=Progress(),
        optimizer=None,
        max_updates=None,
        theta=weights.to_theta(),
    )
    spec = InputSpec(True, network.n_channels, weights.readout_weight.dtype)
    form = {"n_features_in_": network.n_channels, NAMES: None, "_input_spec": spec}
    return set_at_once(regressor, form | state.attributes())


def _network_of(regressor, settings, weights, every_step):
    """Make the Network, whose scaling changes nothing."""
    loss, layout = new_loss(settings), weights.layout
    _check_needs_no_samples(regressor, loss)
    n_inputs, dtype = layout.n_channels, weights.readout_weight.dtype
    n_channels = _number_of_channels(regressor, n_inputs)
    n_targets = number_of_targets(regressor, n_channels, layout.n_values)
    rule = new_missing_rule(regressor, n_targets)
    scaling = Scaling(n_targets, regressor.instance_norm, missing_rule=rule)
    without_steps = loss.every_level(weights.readout_bias[:, np.newaxis])[..., 0].astype(dtype)
    trains_every_step = every_step or regressor.loss_steps == "all"
    layout = new_layout(regressor, n_inputs, layout.n_values)
    return Network(layout, trains_every_step, loss, scaling, without_steps, regressor.dropout)


def _number_of_channels(regressor, n_inputs):
    """Return the number of channels of a network with so many inputs at a step."""
    n_channels, rest = divmod(n_inputs, new_missing_rule(regressor, 0).n_inputs_per_channel)
    if rest:
        raise ValueError(
            f"missing='indicator' reads two inputs for each channel, its value and whether that is missing, but the "
            f"weights have {n_inputs} inputs. Choose missing='skip'."
        )
    return n_channels


def _check_needs_no_samples(regressor, loss):
    """Raise ValueError if parameters need what only training samples tell, or weights cannot have."""
    if regressor.standardize:
        raise ValueError(
            "standardize=True needs the mean and deviation of training samples, which weights do not have. Choose "
            "standardize=False, and scale X as it was scaled when the weights were trained."
        )
    if regressor.instance_norm in WITH_DEVIATION:
        raise ValueError(
            f"instance_norm={regressor.instance_norm!r} needs the typical deviation of training samples, which weights "
            "do not have. Choose instance_norm='last', 'mean' or None."
        )
    if loss.n_levels > 1:
        raise ValueError(
            f"quantile={regressor.quantile!r} names several quantiles, which an LSTMRegressor computes as sums of "
            "increments, so that they never cross. The read-out of another library does not. Name one quantile."
        )


# ---- weights of a fitted regressor


def weights_with_scaling(regressor, dtype=None, log_mean=False):
    """Return the weights with which an LSTM without scaling predicts what a fitted regressor predicts.

    Parameters
    ----------
    regressor : LSTMRegressor
        Fitted.
    dtype : numpy dtype, default=None
        Precision of the weights; that of the regressor by default.
    log_mean : bool, default=False
        Whether the outputs are to be the logarithms of the predictions, which the Poisson loss needs.

    Returns
    -------
    weights : NetworkWeights

    Raises
    ------
    NotFittedError
    ValueError
        If an LSTM with a linear read-out cannot make these predictions.
    """
    fitted = fitted_network(regressor)
    network, theta = fitted.network, fitted.theta
    dtype = np.dtype(theta.dtype if dtype is None else dtype)
    _check_is_linear(network, log_mean)
    if not np.isfinite(theta).all():
        raise ValueError("theta_ has weights that are not finite. Fit again with a smaller learning_rate_init.")
    _warn_of_precision(network, dtype)
    if network.loss.n_levels > 1:
        warn_user(
            f"Only quantile {network.loss.levels[network.loss.middle]:g}, which predict returns, is converted. The "
            f"other {network.loss.n_levels - 1} quantiles are sums of increments, and not linear."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        folded = folded_weights(network, theta)
    return _rounded(folded, dtype)


def _check_is_linear(network, log_mean):
    """Raise ValueError if predictions are not a linear read-out of an LSTM that reads `X` itself."""
    scaling, is_poisson = network.scaling, isinstance(network.loss, Poisson)
    if scaling.instance_norm is not None:
        raise ValueError(
            f"instance_norm={scaling.instance_norm!r} normalises each window by its own values, which an LSTM layer "
            "does not. Fit with instance_norm=None, or export the whole model with sklstm.interop.onnx.to_onnx."
        )
    if scaling.missing_rule.by_channel:
        raise ValueError(
            "missing='indicator' adds an input for each channel, which an LSTM layer does not. Fit with "
            "missing='skip', or export the whole model with sklstm.interop.onnx.to_onnx."
        )
    if is_poisson and not log_mean:
        raise ValueError(
            "loss='poisson' predicts the exponential of a linear read-out. With log_mean=True, the read-out gives the "
            "logarithms of the predictions, as PyTorch's PoissonNLLLoss takes them: apply exp to them."
        )
    if log_mean and not is_poisson:
        raise ValueError("log_mean=True is for loss='poisson' only. Choose log_mean=False.")


def _warn_of_precision(network, dtype):
    """Warn if the mean of a channel, folded into biases, costs too many digits."""
    shift = largest_shift(network)
    rounding = shift * np.finfo(dtype).eps
    if rounding > TOLERANCE:
        warn_user(
            f"The mean of a channel is {shift:.3g} times its deviation. With the standardisation in the weights, "
            f"{dtype} rounds it to about {rounding:.1g} deviations, and predictions differ accordingly. Subtract a "
            "constant from this channel before fit, or choose dtype=np.float64 and compute in it."
        )


def _rounded(weights, dtype):
    """Return weights in a precision; ValueError if it cannot hold them."""

    def rounded(values):
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            result = values.astype(dtype)
            is_near = np.abs(result - values) <= TOLERANCE * np.abs(values)
        if not (np.isfinite(result) & is_near).all():
            raise ValueError(
                f"With the scaling in them, weights of about {np.abs(values).max():.3g} or "
                f"{np.abs(values[values != 0]).min(initial=1):.3g} do not fit into {dtype}. Divide X or y by a "
                "constant before fit, or choose dtype=np.float64."
            )
        return result

    layers = [LayerWeights(*map(rounded, vars(layer).values())) for layer in weights.layers]
    return NetworkWeights(layers, weights.n_directions, *map(rounded, (weights.readout_weight, weights.readout_bias)))
