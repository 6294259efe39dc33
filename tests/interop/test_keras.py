"""Weights from Keras and back. What needs Keras is skipped without it; lists of arrays do not."""

import warnings
from itertools import product

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor
from sklstm.interop.keras import from_keras, get_weights
from tests.tools import fit, model

# what Keras and its backend warn of is theirs
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RNG = np.random.default_rng(0)
X = 3 + RNG.normal(size=(40, 6, 2)) * [2, 0.5]
Y = 100 + 20 * X[:, -1, 0]


@pytest.fixture(scope="module")
def keras():
    """Keras, which runs on PyTorch unless the environment says otherwise: see `tests/conftest.py`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def built(keras, n_layers=1, bidirectional=False, n_outputs=1, every_step=False, dtype="float64", **settings):
    """A Keras model with random weights, larger than the initial ones."""
    activation = settings.pop("activation", None)
    layers = [keras.layers.Input((None, 2), dtype=dtype)]
    for level in range(n_layers):
        returns = every_step or level < n_layers - 1
        layer = keras.layers.LSTM(5, return_sequences=returns, dtype=dtype, **settings)
        layers.append(keras.layers.Bidirectional(layer, dtype=dtype) if bidirectional else layer)
    found = keras.Sequential([*layers, keras.layers.Dense(n_outputs, activation=activation, dtype=dtype)])
    rng = np.random.default_rng(1)
    found.set_weights([rng.normal(0, 0.5, part.shape).astype(part.dtype) for part in found.get_weights()])
    return found


def predicted(keras_model, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(keras_model.predict(X, verbose=0))


def assert_near(found, expected, scale=1.0):
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-6, atol=1e-6 * scale)


# ---- from Keras


SETTINGS = list(product((1, 3), (False, True), (False, True), ("float32", "float64")))


@pytest.mark.parametrize(("n_layers", "bidirectional", "every_step", "dtype"), SETTINGS, ids=str)
def test_predictions_are_keras(keras, n_layers, bidirectional, every_step, dtype):
    theirs = built(keras, n_layers, bidirectional, 1 + every_step, every_step, dtype)
    X = np.random.default_rng(0).normal(size=(7, 6, 2)).astype(dtype)
    ours = [from_keras(theirs), from_keras(theirs.layers)]
    ours += [from_keras(given, return_sequences=every_step) for given in (
        theirs.get_weights(), [layer.get_weights() for layer in theirs.layers])]  # fmt: skip
    for found in ours:
        assert_near(found.predict(X), predicted(theirs, X))
        assert (found.hidden_size, found.n_layers, found.bidirectional) == (5, n_layers, bidirectional)


def test_layers_without_biases_and_without_an_effect(keras):
    theirs = keras.Sequential(
        [
            keras.layers.Input((None, 2)),
            keras.layers.LSTM(4, use_bias=False, return_sequences=True, dropout=0.2, unit_forget_bias=False),
            keras.layers.Dropout(0.2),
            keras.layers.LSTM(4, recurrent_dropout=0.1),
            keras.layers.Dense(2, use_bias=False),
        ]
    )
    found = from_keras(theirs)
    assert_near(found.predict(X.astype(np.float32)), predicted(theirs, X.astype(np.float32)))
    np.testing.assert_array_equal(from_keras(theirs.get_weights()).theta_, found.theta_)
    assert found.dropout == 0


def test_a_functional_model_and_a_dense_layer_at_every_step(keras):
    inputs = keras.Input((6, 2))
    states = keras.layers.LSTM(4, return_sequences=True)(inputs)
    theirs = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(1))(states))
    assert_near(from_keras(theirs).predict(X.astype(np.float32)), predicted(theirs, X.astype(np.float32)))


def test_the_exponential_is_the_link_of_the_poisson_loss(keras):
    theirs = built(keras, activation="exponential")
    found = from_keras(theirs, loss="poisson")
    assert_near(found.predict(X), predicted(theirs, X), 100)
    with pytest.raises(ValueError, match=r"activation='exponential', but 'linear' is needed. Give loss='poisson'"):
        from_keras(theirs)
    with pytest.raises(ValueError, match="activation='linear', but 'exponential' is needed"):
        from_keras(built(keras), loss="poisson")


def test_training_goes_on(keras):
    """One step of Keras' gradient descent, whose mean squared error is twice ours."""
    theirs = built(keras, n_layers=2, n_outputs=2)
    y = np.random.default_rng(2).normal(size=(40, 2))
    ours = from_keras(theirs, solver="sgd", momentum=0, clip_norm=None, learning_rate_init=0.2, batch_size=40)
    start = ours.theta_
    ours.partial_fit(X, y)
    theirs.compile(keras.optimizers.SGD(0.1), loss="mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.train_on_batch(X, y)
    np.testing.assert_allclose(ours.theta_, from_keras(theirs).theta_, rtol=1e-6, atol=1e-8)
    assert np.abs(ours.theta_ - start).max() > 0.01


# ---- to Keras


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("y", [Y, np.stack((Y, -Y), axis=1), X[..., :1] * 5], ids=["1-D", "2-D", "3-D"])
def test_keras_predicts_the_same(keras, y, bidirectional, dtype):
    ours = model(hidden_size=5, bidirectional=bidirectional, n_layers=2, n_targets=1)
    centred = (X - 3).astype(dtype)
    fit(ours, centred, y.astype(dtype))
    theirs = built(keras, 2, bidirectional, ours.n_outputs_, y.ndim == 3, dtype)
    theirs.set_weights(get_weights(ours))
    assert_near(ours.predict(centred), predicted(theirs, centred), np.abs(y).max())


def test_logarithms_of_the_poisson_loss(keras):
    ours = fit(model(hidden_size=5, loss="poisson"), X, np.round(Y))
    with pytest.raises(ValueError, match="log_mean=True"):
        get_weights(ours)
    theirs = built(keras, activation="exponential")
    theirs.set_weights(get_weights(ours, log_mean=True))
    assert_near(ours.predict(X), predicted(theirs, X), 100)


# ---- lists of arrays, without Keras


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("n_layers", [1, 3])
def test_there_and_back(n_layers, bidirectional):
    ours = fit(model(n_layers=n_layers, bidirectional=bidirectional), X, Y)
    arrays = get_weights(ours)
    assert len(arrays) == 3 * n_layers * (1 + bidirectional) + 2
    back = from_keras(arrays)
    np.testing.assert_allclose(back.predict(X), ours.predict(X), rtol=1e-9)
    again = get_weights(back)
    for array, other in zip(again, arrays, strict=True):
        np.testing.assert_array_equal(array, other)
        assert array.flags.c_contiguous
        assert not np.shares_memory(array, back.theta_)
    single = fit(model(), (X - 3).astype(np.float32), Y.astype(np.float32))
    assert {array.dtype for array in get_weights(single)} == {np.dtype(np.float32)}
    assert {array.dtype for array in get_weights(single, dtype=np.float64)} == {np.dtype(np.float64)}


def test_an_array_has_its_place():
    """Kernels are transposed; the gates are i, f, c, o there, and i, f, o, c (g) here."""
    ours = fit(model(standardize=False), X - 3, X[:, -1, 0])
    kernel, recurrent, bias, dense, dense_bias = get_weights(ours)
    for theirs, name in ((kernel.T, "weight_ih_"), (recurrent.T, "weight_hh_"), (bias, "bias_")):
        i, f, o, c = np.split(getattr(ours, name)[0], 4)
        np.testing.assert_array_equal(theirs, np.concatenate((i, f, c, o)))
    np.testing.assert_array_equal(dense.T, ours.readout_weight_)
    np.testing.assert_array_equal(dense_bias, ours.readout_bias_)


def arrays(n_layers=1, n_directions=1, n_units=4):
    """Kernel, recurrent kernel and bias of each layer and direction, then of the Dense layer."""
    shapes = []
    for level in range(n_layers):
        n_inputs = 2 if level == 0 else n_directions * 4
        shapes += n_directions * [(n_inputs, 16), (4, 16), (16,)]
    return [RNG.normal(size=shape) for shape in [*shapes, (n_directions * n_units, 1), (1,)]]


def changed(number, change, **sizes):
    found = arrays(**sizes)
    found[number] = change(found[number])
    return found


LONG, BOTH = arrays(n_layers=2), arrays(n_directions=2)
REFUSED = {
    "nothing": ([], "layers has 0 arrays"),
    "no Dense layer": (arrays()[:3], "LSTM 0 has 1 arrays"),
    "no Dense layer above two": (LONG[:6], "LSTM 1"),
    "only a Dense layer": (arrays()[3:], "layers has 2 arrays"),
    "a GRU": (changed(1, lambda array: array[:, :12]), "This is a GRU"),
    "a GRU with its bias": ([RNG.normal(size=s) for s in ((2, 12), (4, 12), (2, 12), (4, 1), (1,))], "This is a GRU"),
    "an RNN": (changed(1, lambda array: array[:, :4]), "This is a simple recurrent network"),
    "a kernel that is transposed": (changed(0, np.transpose), "kernel of LSTM 0 has the shape (16, 2)"),
    "a recurrent kernel that is transposed": (changed(1, np.transpose), "(16, 4)"),
    "a vector": (changed(0, np.ravel), "kernel of LSTM 0 has the shape (32,)"),
    "a bias that is too short": (changed(2, lambda array: array[:-1]), "bias of LSTM 0 has the shape (15,)"),
    "a missing array": (LONG[:3] + LONG[4:], "LSTM 1"),
    "an array too many": ([*LONG, LONG[-1]], "LSTM"),
    "another size": (LONG[:4] + [RNG.normal(size=s) for s in ((3, 12), (12,), (3, 1), (1,))], "(4, 16)"),
    "a Dense layer for other states": (changed(3, lambda array: array[:-1]), "The Dense layer reads 3 values"),
    "a bias of the Dense layer": (changed(4, lambda array: np.ones(3)), "bias of the Dense layer has the shape (3,)"),
    "a layer left out": (LONG[3:], "none"),
    "both directions and one": (BOTH[:6] + [RNG.normal(size=s) for s in ((8, 16), (4, 16), (16,), (4, 1), (1,))],
                                "reads"),
    "one direction above both": (BOTH[:3] + BOTH[6:], "there are 1 LSTM layers and directions"),
    "NaN": (changed(1, lambda array: array * np.nan), "array 1 has values that are NaN"),
    "two precisions": (changed(1, lambda array: array.astype(np.float32)), "must have one precision"),
    "half precision": (changed(1, lambda array: array.astype(np.float16)), "float16"),
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in REFUSED if REFUSED[case][1] != "none"])
@pytest.mark.parametrize("in_lists", [False, True])
def test_refused(case, in_lists):
    given, says = REFUSED[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        from_keras([given[:2], given[2:]] if in_lists else given)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 700


def test_an_upper_layer_alone_is_a_network_of_its_own():
    """Nothing in its arrays says that it read states."""
    assert from_keras(LONG[3:]).n_features_in_ == 4


@pytest.mark.parametrize("given", [3, None, "model.keras", {"lstm": 1}, np.ones(3)], ids=str)
def test_what_is_no_list(given):
    with pytest.raises(TypeError, match="layers must be a Keras model, a list of layers, or a list of arrays, got"):
        from_keras(given)


def test_what_is_no_array():
    for part in ("a", None, 3, np.ones((2, 16), int)):
        with pytest.raises(TypeError, match="layers: array 0 must be an array of float32 or float64, got"):
            from_keras([part, *arrays()[1:]])


def test_parameters():
    assert from_keras(arrays(), n_targets=1, random_state=3).random_state == 3
    for settings, error, says in (
        ({"hidden_size": 5}, ValueError, "the weights have hidden_size=4"),
        ({"standardize": True}, ValueError, "standardize=True needs"),
        ({"units": 5}, TypeError, "no parameter 'units'"),
        ({"return_sequences": "yes"}, TypeError, "return_sequences must be True or False, got 'yes'"),
    ):
        with pytest.raises(error, match=says):
            from_keras(arrays(), **settings)


def test_estimators_that_cannot_be_exported():
    with pytest.raises(NotFittedError):
        get_weights(LSTMRegressor())
    with pytest.raises(TypeError, match=r"get_weights takes a fitted LSTMRegressor, got [\s\S]*pipeline\[-1\]"):
        get_weights(make_pipeline(fit(model(), X, Y)))
    for settings in ({"instance_norm": "mean"}, {"missing": "indicator"}):
        with pytest.raises(ValueError, match=r"sklstm.interop.onnx.to_onnx"):
            get_weights(fit(model(n_targets=1, **settings), X, Y))
    with pytest.raises(ValueError, match="dtype must be"):
        get_weights(fit(model(), X, Y), dtype=np.float16)
    with pytest.raises(TypeError, match="log_mean must be"):
        get_weights(fit(model(), X, Y), log_mean="yes")


# ---- layers that cannot be converted


def test_layers_that_cannot_be_converted(keras):
    L, dense = keras.layers, keras.layers.Dense(1)
    inputs = L.Input((None, 2))

    def sequential(*layers):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return keras.Sequential([inputs, *layers])

    both = L.Bidirectional
    cases = [
        (sequential(L.GRU(4), dense), "GRU"),
        (sequential(both(L.GRU(4)), L.Dense(1)), "GRU"),
        (sequential(L.SimpleRNN(4), L.Dense(1)), "SimpleRNN"),
        (sequential(L.Masking(), L.LSTM(4), L.Dense(1)), "Masking"),
        (sequential(L.LSTM(4, activation="relu"), L.Dense(1)), "activation='relu', but 'tanh' is needed"),
        (sequential(L.LSTM(4, recurrent_activation="hard_sigmoid"), L.Dense(1)), "recurrent_activation="),
        (sequential(L.LSTM(4, go_backwards=True), L.Dense(1)), "go_backwards=True"),
        (sequential(both(L.LSTM(4), merge_mode="sum"), L.Dense(1)), "merge_mode='sum'"),
        (sequential(L.LSTM(4), L.Dense(1, activation="relu")), "activation='relu', but 'linear' is needed"),
        (sequential(L.LSTM(4), L.Dense(3), L.Dense(1)), "Dense"),
        (sequential(L.LSTM(4, return_sequences=True), L.GlobalMaxPooling1D(), L.Dense(1)), "GlobalMaxPooling1D"),
        (sequential(L.LSTM(4)), "one LSTM layer or more, and the Dense layer"),
        (sequential(L.LSTM(4, return_sequences=True), L.LSTM(4)), "The last layer must be a Dense layer"),
        (sequential(L.LSTM(4, return_sequences=True), L.LSTM(3), L.Dense(1)), "has 3 units"),
        (sequential(both(L.LSTM(4, return_sequences=True)), L.LSTM(4), L.Dense(1)), "bidirectional and others are not"),
        ([L.LSTM(4), L.Dense(1)], "has no weights yet"),
        ([], "0 arrays"),
    ]  # fmt: skip
    for given, says in cases:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            from_keras(given)
        assert says in str(caught.value)
    with pytest.raises(ValueError, match="return_sequences=True, but the last LSTM layer has return_sequences=False"):
        from_keras(built(keras), return_sequences=True)
    with pytest.raises(TypeError, match="layers or arrays, not both"):
        from_keras([L.LSTM(4), np.ones((4, 1))])
    x = keras.Input((None, 2))
    two = keras.Model(x, [L.Dense(1)(L.LSTM(4)(x)), L.Dense(1)(L.LSTM(4)(x))])
    with pytest.raises(ValueError, match="several inputs or outputs"):
        from_keras(two)
    states = L.LSTM(4, return_sequences=True)(x)
    assert from_keras(keras.Model(x, L.Dense(1)(L.LSTM(4)(states)))).n_layers == 2


def test_models_that_are_no_chain_of_layers(keras):
    L = keras.layers
    x, lstm, dense = keras.Input((None, 2)), L.LSTM(2), L.Dense(1)
    again = L.LSTM(2, return_sequences=True)
    cases = {
        "applies lstm_again 2 times": lstm(again(again(x))),
        "does more than its layers do: ": lstm(x * 2.0),
        "does more than its layers do: get_item": L.LSTM(2, return_sequences=True)(x)[:, -1],
    }
    again.name = "lstm_again"
    for says, states in cases.items():
        with pytest.raises(ValueError, match=f"The model {says}"):
            from_keras(keras.Model(x, dense(states)))
    with pytest.raises(ValueError, match="does more than its layers do: multiply"):
        from_keras(keras.Model(x, dense(lstm(x)) * 2.0))


def test_layers_that_are_given_more_than_their_input(keras):
    L, x = keras.layers, keras.Input((None, 2))
    ones = keras.ops.ones((3, 4))
    cases = {
        "gives lstm more than its input: initial_state": (L.LSTM(4, name="lstm"), {"initial_state": [ones, ones]}),
        "gives both more than its input: initial_state": (
            L.Bidirectional(L.LSTM(4), name="both"),
            {"initial_state": [ones] * 4},
        ),
        "gives lstm more than its input: mask": (L.LSTM(4, name="lstm"), {"mask": ones > 0}),
        "gives lstm more than its input: training": (L.LSTM(4, dropout=0.5, name="lstm"), {"training": True}),
    }
    for says, (lstm, arguments) in cases.items():
        with pytest.raises(ValueError, match=f"The model {says}\\."):
            from_keras(keras.Model(x, L.Dense(1)(lstm(x, **arguments))))
    with pytest.raises(ValueError, match=r"more than its input: argument 2\."):
        from_keras(keras.Model(x, L.Dense(1)(L.LSTM(4)(x, [ones, ones]))))
    states = L.Dropout(0.5, name="random")(L.LSTM(4)(x), training=True)
    with pytest.raises(ValueError, match=r"gives random more than its input: training\."):
        from_keras(keras.Model(x, L.Dense(1)(states)))


def test_classes_with_the_names_of_keras(keras):
    L = keras.layers

    class Dense(L.Dense):
        def call(self, inputs):
            return 3 * super().call(inputs)

    class Sequential(keras.Sequential):
        def call(self, inputs, **arguments):
            return 2 * super().call(inputs, **arguments)

    inputs = L.Input((None, 2))
    with pytest.raises(ValueError, match=r"The last layer must be a Dense layer, but .* is of the kind Dense of tests"):
        from_keras(keras.Sequential([inputs, L.LSTM(4), Dense(1)]))
    with pytest.raises(ValueError, match=r"The model is a Sequential of tests.*, whose `call` may do anything"):
        from_keras(Sequential([inputs, L.LSTM(4), L.Dense(1)]))


def test_a_model_with_a_call_of_its_own(keras):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.lstm = keras.layers.Dense(1), keras.layers.LSTM(3)

        def call(self, x):
            return self.dense(self.lstm(x))

    own = Own()
    want = predicted(own, X.astype(np.float32))
    with pytest.raises(
        ValueError, match=r"The model is a Own of .*, whose `call` may do anything.*give these layers as a li"
    ):
        from_keras(own)
    assert_near(from_keras([own.lstm, own.dense]).predict(X.astype(np.float32)), want)  # the advised call
