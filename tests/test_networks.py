"""cnncourse.networks against Keras's networks with the same weights; files that are whole and files that are not."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import layers, losses, networks
from cnncourse.layers import (
    Activation,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    Layer,
    LocalResponseNormalization,
    MaxPooling2D,
    SpatialDropout1D,
    SpatialDropout2D,
)
from cnncourse.networks import LeNet5, Sequential, SimpleConvNet, TextCNN
from cnncourse.optimizers import SGD, Adam, RMSprop

# The same networks, ours and Keras's


def keras_local_response_norm(x):
    """The paper's formula over 3 neighbours, k = 1, alpha = 0.5, beta = 0.75; TensorFlow's own has no float64."""
    import keras

    squares = keras.ops.pad(x**2, [[0, 0], [0, 0], [0, 0], [1, 1]])
    return x / (1 + 0.5 * (squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:])) ** 0.75


def simple_conv_net():
    import keras.layers as k

    ours = SimpleConvNet(input_shape=(12, 11, 2), filters=5, kernel_size=3, hidden_units=7, weight_std=0.3, dtype=float)
    theirs = [
        k.Conv2D(5, 3, activation="relu"),
        k.MaxPooling2D(2),
        k.Flatten(),
        k.Dense(7, activation="relu"),
        k.Dense(10),
    ]
    return ours, theirs


def lenet5(modern, input_shape):
    import keras.layers as k

    activation, pooling = ("relu", k.MaxPooling2D) if modern else ("tanh", k.AveragePooling2D)
    theirs = [
        k.Conv2D(6, 5, activation=activation, padding="same" if input_shape[0] == 28 else "valid"),
        pooling(2),
        k.Conv2D(16, 5, activation=activation),
        pooling(2),
        k.Conv2D(120, 5, activation=activation),
        k.Flatten(),
        k.Dense(84, activation=activation),
        k.Dense(10),
    ]
    return LeNet5(input_shape, modern=modern, dtype=float), theirs


def text_cnn(num_classes):
    import keras.layers as k

    theirs = [
        k.Embedding(50, 32),
        k.Conv1D(32, 7, activation="relu"),
        k.MaxPooling1D(7),
        k.Conv1D(32, 5, activation="relu"),
        k.GlobalMaxPooling1D(),
        k.Dense(num_classes),
    ]
    return TextCNN(50, 60, num_classes, dtype=float), theirs


def normalized():
    import keras.layers as k

    ours = [
        Conv2D(6, 3, padding="same", use_bias=False),
        BatchNormalization(),
        Activation("relu"),
        LocalResponseNormalization(3, 1, 0.5),
        SpatialDropout2D(0),
        AveragePooling2D((2, 3)),
        Flatten(),
        Dropout(0),
        Dense(8, use_bias=False),
        BatchNormalization(momentum=0.9, epsilon=0.01),
        Activation("tanh"),
        Dense(4),
    ]
    theirs = [
        k.Conv2D(6, 3, padding="same", use_bias=False),
        k.BatchNormalization(),
        k.Activation("relu"),
        k.Lambda(keras_local_response_norm),
        k.SpatialDropout2D(0),
        k.AveragePooling2D((2, 3)),
        k.Flatten(),
        k.Dropout(0),
        k.Dense(8, use_bias=False),
        k.BatchNormalization(momentum=0.9, epsilon=0.01),
        k.Activation("tanh"),
        k.Dense(4),
    ]
    return Sequential(ours, (8, 9, 3), dtype=float), theirs


def overlapping():
    import keras.layers as k

    ours = [
        Conv2D(6, (5, 4), (2, 1), "same", activation="relu"),
        MaxPooling2D(3, 2, "same"),
        Conv2D(8, 3, dilation_rate=2, activation="sigmoid"),
        AveragePooling2D(3, 1, "same"),
        Conv2D(5, 1),
        GlobalAveragePooling2D(),
    ]
    theirs = [
        k.Conv2D(6, (5, 4), (2, 1), "same", activation="relu"),
        k.MaxPooling2D(3, 2, "same"),
        k.Conv2D(8, 3, dilation_rate=2, activation="sigmoid"),
        k.AveragePooling2D(3, 1, "same"),
        k.Conv2D(5, 1),
        k.GlobalAveragePooling2D(),
    ]
    return Sequential(ours, (25, 14, 2), dtype=float), theirs


def causal_text():
    import keras.layers as k

    ours = [
        Embedding(50, 8),
        SpatialDropout1D(0),
        Conv1D(8, 3, padding="causal", dilation_rate=2, activation="tanh"),
        AveragePooling1D(3, 2, "same"),
        GlobalAveragePooling1D(),
        Dense(1, activation="sigmoid"),
    ]
    theirs = [
        k.Embedding(50, 8),
        k.SpatialDropout1D(0),
        k.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="tanh"),
        k.AveragePooling1D(3, 2, "same"),
        k.GlobalAveragePooling1D(),
        k.Dense(1, activation="sigmoid"),
    ]
    return Sequential(ours, (20,), "mean_squared_error", dtype=float), theirs


TWINS = {
    "SimpleConvNet": simple_conv_net,
    "LeNet5 modern": lambda: lenet5(True, (28, 28, 1)),
    "LeNet5 of 1998": lambda: lenet5(False, (32, 32, 1)),
    "TextCNN of two classes": lambda: text_cnn(1),
    "TextCNN of 46 classes": lambda: text_cnn(46),
    "normalized": normalized,
    "overlapping": overlapping,
    "causal text": causal_text,
}
KERAS_LOSSES = {
    losses.softmax_cross_entropy: ("SparseCategoricalCrossentropy", {"from_logits": True}),
    losses.binary_cross_entropy: ("BinaryCrossentropy", {"from_logits": True}),
    losses.mean_squared_error: ("MeanSquaredError", {}),
}


def twins(name):
    """Our network, Keras's with the same weights, Keras's loss."""
    import keras

    network, keras_layers = TWINS[name]()
    model = keras.Sequential([keras.Input(network.input_shape), *keras_layers])
    model.set_weights(network.get_weights())
    loss, options = KERAS_LOSSES[network.loss]
    return network, model, getattr(keras.losses, loss)(**options)


def batch(network, count, seed=0):
    rng = np.random.default_rng(seed)
    if network.layers[0].reads_tokens:
        x = rng.integers(0, 50, (count, *network.input_shape))
    else:
        x = rng.standard_normal((count, *network.input_shape))
    if network.output_shape == (1,):
        return x, rng.integers(0, 2, (count, 1)) * (1.0 if network.loss is losses.mean_squared_error else 1)
    return x, rng.integers(0, network.output_shape[0], count)


def every_twin(test):
    return pytest.mark.usefixtures("float64")(pytest.mark.parametrize("name", TWINS)(test))


@every_twin
def test_outputs_loss_and_every_gradient_are_keras(name):
    import tensorflow as tf

    network, model, keras_loss = twins(name)
    rng = np.random.default_rng(1)
    network.set_weights([array + rng.uniform(0, 0.1, array.shape) for array in network.get_weights()])
    model.set_weights(network.get_weights())
    x, y = batch(network, 5)
    np.testing.assert_allclose(network.predict(x), model(x, training=False).numpy(), atol=1e-12)

    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        expected_loss = keras_loss(y, outputs)
    expected = tape.gradient(expected_loss, [variable.value for variable in model.trainable_variables])
    loss, gradients = network.loss_and_gradients(x, y)
    assert loss == pytest.approx(float(expected_loss), rel=1e-12)
    np.testing.assert_allclose(network.outputs, outputs.numpy(), atol=1e-12)
    assert list(gradients) == list(network.params)
    for gradient, theirs in zip(gradients.values(), expected, strict=True):
        np.testing.assert_allclose(gradient, tf.convert_to_tensor(theirs).numpy(), atol=1e-12)
    for state, theirs in zip(network.state.values(), model.non_trainable_variables, strict=False):
        np.testing.assert_allclose(state, theirs.numpy(), atol=1e-12)


# Numbers that float32 holds exactly, since Keras's optimizers round theirs to it.
OPTIMIZERS = {
    "SGD": (SGD, dict(learning_rate=2**-6, momentum=0.875)),
    "RMSprop": (RMSprop, dict(learning_rate=2**-8, rho=0.875, momentum=0.5, epsilon=2**-20)),
    "Adam": (Adam, dict(learning_rate=2**-7, beta_1=0.875, beta_2=1 - 2**-10, epsilon=2**-20)),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("SimpleConvNet", "SGD"),
        ("SimpleConvNet", "Adam"),
        ("SimpleConvNet", "RMSprop"),
        ("LeNet5 modern", "Adam"),
        ("LeNet5 of 1998", "SGD"),
        ("TextCNN of two classes", "RMSprop"),
        ("normalized", "Adam"),
        ("overlapping", "SGD"),
    ],
)
def test_thirty_steps_of_training_leave_keras_weights(name, optimizer):
    import keras
    import tensorflow as tf

    network, model, keras_loss = twins(name)
    kind, options = OPTIMIZERS[optimizer]
    ours, theirs = kind(**options), getattr(keras.optimizers, optimizer)(**options)
    theirs.build(model.trainable_variables)

    @tf.function
    def keras_step(x, y):
        with tf.GradientTape() as tape:
            loss = keras_loss(y, model(x, training=True))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        # As whole tables: Keras squares the gradients of a token that occurs twice before it adds them up.
        theirs.apply([tf.convert_to_tensor(gradient) for gradient in gradients], model.trainable_variables)
        return loss

    before = network.get_weights()
    for step in range(30):
        x, y = batch(network, 4, seed=step)
        loss, gradients = network.loss_and_gradients(x, y)
        ours.update(network.params, gradients)
        assert loss == pytest.approx(keras_step(x, y).numpy(), rel=1e-9)
    for array, expected, old in zip(network.get_weights(), model.get_weights(), before, strict=True):
        assert np.abs(array - old).max() > 1e-4
        np.testing.assert_allclose(array, expected, atol=1e-10)


@every_twin
def test_weights_go_to_keras_and_back_in_its_order(name):
    network, model, _ = twins(name)
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in model.get_weights()])
    network.set_weights(model.get_weights())
    x, _ = batch(network, 3)
    np.testing.assert_allclose(network.predict(x), model(x, training=False).numpy(), rtol=1e-9)
    for ours, theirs in zip(network.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_layers_are_named_as_keras_names_them():
    import keras

    kinds = [("Conv2D", (2, 1)), ("Conv2D", (2, 1)), ("MaxPooling2D", ()), ("BatchNormalization", ())]
    kinds += [("Conv2D", (2, 1)), ("SpatialDropout2D", (0.1,)), ("GlobalAveragePooling2D", ()), ("Dense", (2,))]
    kinds += [("Dropout", (0.1,)), ("Activation", ("relu",)), ("Dense", (2,))]
    network = Sequential([getattr(layers, kind)(*arguments) for kind, arguments in kinds], (6, 6, 1))
    keras.backend.clear_session()
    assert network.names == [getattr(keras.layers, kind)(*arguments).name for kind, arguments in kinds]


# Shapes and parameters, counted by hand


def sizes(network):
    return [sum(array.size for array in layer.params.values()) for layer in network.layers]


def test_simple_conv_net_has_433890_parameters():
    network = SimpleConvNet()
    assert network.output_shapes == [(24, 24, 30), (12, 12, 30), (12, 12, 30), (4320,), (100,), (10,)]
    assert sizes(network) == [5 * 5 * 1 * 30 + 30, 0, 0, 0, 12 * 12 * 30 * 100 + 100, 100 * 10 + 10]
    assert sum(sizes(network)) == 433_890


def test_simple_conv_nets_weights_begin_normal_and_its_biases_at_0():
    network = SimpleConvNet(weight_std=0.03)
    for name, array in network.params.items():
        if name.endswith("bias"):
            assert not array.any()
        else:
            assert array.std() == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize("input_shape", [(32, 32, 1), (28, 28, 1)])
def test_lenet5_has_the_papers_maps_and_61706_parameters(modern, input_shape):
    network = LeNet5(input_shape, modern=modern)
    maps = [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (1, 1, 120), (120,), (84,), (10,)]  # figure 2
    assert network.output_shapes == maps
    assert sizes(network) == [25 * 6 + 6, 0, 25 * 6 * 16 + 16, 0, 400 * 120 + 120, 0, 120 * 84 + 84, 84 * 10 + 10]
    assert sum(sizes(network)) == 61_706


def test_lenet5_reads_mnists_images_as_if_they_were_padded_to_32():
    small, large = LeNet5((28, 28, 1)), LeNet5((32, 32, 1))
    large.set_weights(small.get_weights())
    x = np.random.default_rng(0).standard_normal((2, 28, 28, 1))
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    np.testing.assert_allclose(small.predict(x), large.predict(padded), atol=1e-5)


@pytest.mark.parametrize(("num_classes", "loss"), [(1, "binary_cross_entropy"), (46, "softmax_cross_entropy")])
def test_text_cnn_counts(num_classes, loss):
    network = TextCNN(1000, 100, num_classes)
    assert network.output_shapes == [(100, 32), (94, 32), (13, 32), (9, 32), (32,), (num_classes,)]
    assert sizes(network) == [32_000, 7 * 32 * 32 + 32, 0, 5 * 32 * 32 + 32, 0, 33 * num_classes]
    assert network.loss is getattr(losses, loss)


def test_text_cnn_needs_41_tokens():
    assert TextCNN(10, 41).output_shape == (1,)
    with pytest.raises(ValueError, match=r"conv1d_1 cannot read samples of shape \(4, 32\)"):
        TextCNN(10, 40)


def test_the_summary_is_a_table_of_names_shapes_and_parameters(capsys):
    network = Sequential([Conv2D(4, 3), BatchNormalization(), Flatten(), Dense(10)], (8, 8, 1))
    network.summary()
    assert capsys.readouterr().out.splitlines() == [
        "Layer                                     Output shape     Parameters",
        "─" * 69,
        "conv2d (Conv2D)                           (None, 6, 6, 4)          40",
        "batch_normalization (BatchNormalization)  (None, 6, 6, 4)          16",
        "flatten (Flatten)                         (None, 144)               0",
        "dense (Dense)                             (None, 10)            1,450",
        "─" * 69,
        "Parameters: 1,506, of which 1,498 are trained",
    ]
    assert str(SimpleConvNet()).endswith("Parameters: 433,890")


# Forward, backward, and what they share


def tiny(seed=0, units=6, dtype=np.float32):
    dense = [Flatten(), Dense(units, activation="tanh"), Dense(4)]
    return Sequential(
        [Conv2D(3, 3, activation="relu"), BatchNormalization(), *dense], (5, 6, 2), seed=seed, dtype=dtype
    )


def test_params_are_the_layers_own_arrays():
    network = tiny()
    assert network.params["conv2d/kernel"] is network.layers[0].params["kernel"]
    assert network.state["batch_normalization/moving_mean"] is network.layers[1].state["moving_mean"]
    x, _ = batch(network, 3)
    network.set_weights([np.zeros_like(array) for array in network.get_weights()])
    assert network.params["dense/kernel"] is network.layers[3].params["kernel"]
    network.params["dense_1/bias"] += 7
    assert (network.predict(x) == 7).all()


def test_weights_are_handed_out_and_taken_as_copies():
    network = tiny()
    weights = network.get_weights()
    network.set_weights(weights)
    before = [array.copy() for array in weights]
    for array in weights:
        array += 1
    for array, own in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(array, own)


def test_a_seed_says_all_that_is_random():
    def outputs(seed):
        network = Sequential([Dense(8), Dropout(0.5), Dense(3)], (5,), seed=seed)
        return np.stack([network.forward(np.ones((4, 5)), training=True) for _ in range(3)])

    np.testing.assert_array_equal(outputs(3), outputs(3))
    np.testing.assert_array_equal(outputs(3), outputs(np.random.default_rng(3)))
    assert (outputs(3) != outputs(4)).any()
    assert (outputs(3)[0] != outputs(3)[1]).any()


def test_backward_gives_the_gradient_at_the_input_and_training_does_without_it():
    from cnncourse.activations import numerical_gradient

    network = tiny(dtype=np.float64)
    x, y = batch(network, 3)
    loss, grad = losses.softmax_cross_entropy(network.forward(x, training=True), y)
    d_x = network.backward(grad)
    with_it = dict(network.gradients)
    moved = x.copy()
    numeric = numerical_gradient(lambda x: losses.softmax_cross_entropy(network.forward(x, training=True), y)[0], moved)
    np.testing.assert_allclose(d_x, numeric, atol=1e-8)

    network.forward(x, training=True)
    assert network.backward(grad, input_gradient=False) is None
    for name, gradient in network.gradients.items():
        np.testing.assert_array_equal(gradient, with_it[name])


def test_nothing_is_taken_back_below_the_first_layer_that_is_trained():
    class Wall(Layer):
        def forward(self, x, training=False):
            return x

    network = Sequential([Wall(), Dense(3)], (4,))
    loss, gradients = network.loss_and_gradients(np.ones((2, 4)), [0, 1])
    assert loss > 0 and gradients["dense/kernel"].any()
    with pytest.raises(NotImplementedError):
        network.backward(np.ones((2, 3)))


def test_a_step_of_training_stays_in_float32():
    for network in (tiny(), SimpleConvNet((12, 12, 1)), TextCNN(50, 60), LeNet5(modern=False)):
        x, y = batch(network, 3)
        optimizer = Adam()
        for _ in range(2):
            _, gradients = network.loss_and_gradients(x, y)
            optimizer.update(network.params, gradients)
        arrays = [network.outputs, *gradients.values(), *network.params.values(), *network.state.values()]
        arrays += [network.predict(x), *network.get_weights()]
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_inputs_of_any_number_type_are_read_and_left_alone():
    network = tiny()
    x = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 2)).astype(np.uint8)
    y = np.array([0, 1, 2])
    x.setflags(write=False)
    y.setflags(write=False)
    expected = network.predict(x.astype(np.float32))
    np.testing.assert_array_equal(network.predict(x), expected)
    np.testing.assert_array_equal(network.predict(x.tolist()), expected)
    network.loss_and_gradients(x, y)
    network.evaluate(x, y)


@given(st.integers(0, 7), st.integers(1, 9))
@settings(max_examples=20)
def test_predictions_do_not_depend_on_the_batches(count, batch_size):
    network = tiny(dtype=np.float64)
    x, _ = batch(network, count)
    one_by_one = [network.forward(x[i : i + 1])[0] for i in range(count)]
    predicted = network.predict(x, batch_size=batch_size)
    assert predicted.shape == (count, 4)
    np.testing.assert_allclose(predicted, np.reshape(one_by_one, (count, 4)), atol=1e-12)


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=20)
def test_evaluate_is_the_mean_over_samples_whatever_the_batches(count, batch_size):
    network = tiny(dtype=np.float64)
    x, y = batch(network, count)
    logits = network.predict(x)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.mean([-np.log(row[label]) for row, label in zip(probabilities, y, strict=True)])
    right = np.mean([row.argmax() == label for row, label in zip(logits, y, strict=True)])
    loss, accuracy = network.evaluate(x, y, batch_size)
    assert (loss, accuracy) == (pytest.approx(expected), pytest.approx(right))


def test_predicting_does_not_need_memory_for_all_samples_at_once():
    import tracemalloc

    network = Sequential([Conv2D(30, 3, padding="same"), Flatten(), Dense(2)], (16, 16, 1))
    x = np.zeros((2000, 16, 16, 1), np.float32)
    network.predict(x[:10])
    tracemalloc.start()
    network.predict(x, batch_size=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2000 * 16 * 16 * 30 * 4 / 10  # a tenth of the feature maps of all samples


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "hits"),
    [
        ("softmax_cross_entropy", [[1, 3], [5, 4], [0, 1]], [1, 0, 0], 2),
        ("binary_cross_entropy", [[0.1], [-0.1], [0.4], [-3]], [1, 0, 1, 1], 3),
        ("binary_cross_entropy", [[0.1], [-0.1], [0.4], [-3]], [[1], [0], [1], [1]], 3),
        ("mean_squared_error", [[0.1], [0.9], [0.6]], [[0], [1], [0]], 2),
        ("mean_squared_error", [[0.1, 0.2], [0.9, 0]], [[0, 1], [0, 1]], 1),
    ],
)
def test_what_counts_as_right(loss, outputs, targets, hits):
    network = Sequential([Dense(len(outputs[0]))], (3,), loss)
    assert network.hits(np.array(outputs), targets) == hits


def test_a_loss_may_be_any_function():
    def absolute(outputs, targets):
        return np.abs(outputs - targets).mean(), np.sign(outputs - targets) / outputs.size

    network = Sequential([Dense(1)], (2,), absolute)
    assert network.loss_and_gradients(np.ones((3, 2)), np.full((3, 1), 9))[1]["dense/bias"].tolist() == [-1]


def test_a_network_says_log_of_the_classes_before_it_has_learned_anything():
    network = SimpleConvNet((12, 12, 1))
    loss, _ = network.evaluate(*batch(network, 200))
    assert loss == pytest.approx(np.log(10), abs=0.01)


# Files


def assert_same_weights(network, weights):
    for ours, expected in zip(network.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, expected)


def trained(seed=1):
    """A network whose state is no longer what it began as."""
    network = tiny(seed)
    network.forward(batch(network, 8)[0], training=True)
    return network


@pytest.mark.parametrize("name", ["weights.npz", "weights", "my weights.v2", "gewichte-ü"])
def test_what_is_saved_is_loaded_from_exactly_that_name(tmp_path, name):
    network, other = trained(), tiny(2)
    network.save(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    arrays = list(other.params.values())
    other.load(str(tmp_path / name))
    assert_same_weights(other, network.get_weights())
    assert all(array is own for array, own in zip(arrays, other.params.values(), strict=True))
    network.save(str(tmp_path / name))  # over the old one
    assert os.listdir(tmp_path) == [name]


def test_a_saved_file_is_plain_numpy_with_readable_names(tmp_path):
    network = trained()
    network.save(tmp_path / "w")
    with np.load(tmp_path / "w") as archive:
        assert archive.files == [
            "conv2d/kernel",
            "conv2d/bias",
            "batch_normalization/gamma",
            "batch_normalization/beta",
            "batch_normalization/moving_mean",
            "batch_normalization/moving_variance",
            "dense/kernel",
            "dense/bias",
            "dense_1/kernel",
            "dense_1/bias",
        ]
        np.testing.assert_array_equal(archive["dense/kernel"], network.params["dense/kernel"])


def test_a_saved_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "any").touch()
    trained().save(tmp_path / "w")
    assert (tmp_path / "w").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("where", ["numpy.savez", "os.replace"])
def test_an_interrupted_save_leaves_the_old_file_whole_and_nothing_else(tmp_path, monkeypatch, where):
    old = trained(1)
    old.save(tmp_path / "w")

    def interrupted(file, *_, **__):
        if hasattr(file, "write"):
            file.write(b"PK half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(where, interrupted)
        trained(2).save(tmp_path / "w")
    assert os.listdir(tmp_path) == ["w"]
    network = tiny(3)
    network.load(tmp_path / "w")
    assert_same_weights(network, old.get_weights())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file, its bytes, and the weights in it."""
    network = trained()
    path = tmp_path_factory.mktemp("saved") / "w"
    network.save(path)
    return path, path.read_bytes(), network.get_weights()


def assert_refused(path, said):
    network = tiny(4)
    before = network.get_weights()
    with pytest.raises(ValueError, match=said) as refusal:
        network.load(path)
    assert str(path) in str(refusal.value)
    assert_same_weights(network, before)


@given(st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(saved, share):
    path, whole, _ = saved
    cut = path.with_name("cut")
    cut.write_bytes(whole[: int(share * len(whole))])
    assert_refused(cut, "does not hold a network's weights, or is damaged: .* Save the network again")


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(max_examples=200)
def test_a_flipped_byte_is_refused_or_does_no_harm(saved, share, mask):
    path, whole, weights = saved
    damaged = bytearray(whole)
    damaged[int(share * len(whole))] ^= mask
    flipped = path.with_name("flipped")
    flipped.write_bytes(damaged)
    network = tiny(4)
    before = network.get_weights()
    try:
        network.load(flipped)
    except ValueError as refusal:
        assert "flipped" in str(refusal)
        assert_same_weights(network, before)
    else:
        assert_same_weights(network, weights)


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"weights, please",
        as_npy(np.zeros(3)),
        pickle.dumps(Bomb()),
        npz(**{"conv2d/kernel": np.array([Bomb()], dtype=object)}),
    ],
    ids=["empty", "a beginning", "text", "npy", "pickle", "npz with a pickle inside"],
)
def test_a_file_of_another_kind_is_refused_and_never_executed(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w").write_bytes(content)
    assert_refused(tmp_path / "w", "does not hold a network's weights, or is damaged")
    assert os.listdir(tmp_path) == ["w"]


def test_a_zip_without_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert_refused(tmp_path / "w", "does not hold a network's weights, or is damaged: readme.txt is not an array")


def test_text_under_the_name_of_an_array_is_refused(saved, tmp_path):
    (tmp_path / "w").write_bytes(changed(saved, **{"dense/bias": None}))
    with zipfile.ZipFile(tmp_path / "w", "a") as archive:
        archive.writestr("dense/bias", "hello")
    assert_refused(tmp_path / "w", "does not hold a network's weights, or is damaged: dense/bias is not an array")


def changed(saved, **arrays):
    """The weights of the file with some others; None takes an array out."""
    with np.load(saved[0]) as archive:
        weights = {name: archive[name] for name in archive.files} | arrays
    return npz(**{name: array for name, array in weights.items() if array is not None})


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"dense/bias": None}, "another network: dense/bias is missing. Load it into one of"),
        ({"dense_2/bias": np.zeros(3)}, "another network: dense_2/bias is unknown here"),
        ({"dense/bias": np.zeros(7)}, r"dense/bias should be numbers of shape \(6,\), got float64 of shape \(7,\)"),
        ({"dense/bias": np.zeros((6, 1))}, r"of shape \(6,\), got float64 of shape \(6, 1\)"),
        ({"dense/bias": np.zeros(6, complex)}, "got complex128"),
        ({"dense/bias": np.array(["a"] * 6)}, "got <U1"),
        ({"dense/bias": np.array([1, np.nan, 2, 3, np.inf, 4])}, "not loaded: 2 of the 6 numbers in dense/bias"),
        ({"dense/bias": np.full(6, 1e300)}, "6 of the 6 numbers in dense/bias"),
    ],
)
def test_the_weights_of_another_network_are_refused(saved, tmp_path, arrays, said):
    (tmp_path / "w").write_bytes(changed(saved, **arrays))
    assert_refused(tmp_path / "w", said)


def test_weights_of_float64_are_read_into_float32(saved, tmp_path):
    network = tiny(dtype=np.float64)
    network.save(tmp_path / "w")
    other = tiny(5)
    other.load(tmp_path / "w")
    assert_same_weights(other, [array.astype(np.float32) for array in network.get_weights()])


def test_a_file_that_is_not_there_is_no_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        tiny().load(tmp_path / "w")
    with pytest.raises(IsADirectoryError):
        tiny().load(tmp_path)


def test_a_place_where_nothing_can_be_saved_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    for path, error in (
        ("no/weights", FileNotFoundError),
        ("file/weights", NotADirectoryError),
        (".", IsADirectoryError),
        ("..", IsADirectoryError),
        (tmp_path, IsADirectoryError),
    ):
        with pytest.raises(error) as refusal:
            tiny().save(path)
        assert str(refusal.value).endswith(f": {str(path)!r}")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    "network",
    [
        SimpleConvNet((9, 9, 1), filters=2, hidden_units=4),
        LeNet5(),
        TextCNN(1000, 41),
        Sequential([Flatten(), Dense(4), BatchNormalization(), Dropout(0.5), Activation("linear")], (3, 3)),
    ],
    ids=["SimpleConvNet", "LeNet5", "TextCNN", "Sequential"],
)
def test_a_pickled_network_is_the_same_network(network):
    """As a process of its own, or ``copy.deepcopy``, needs it."""
    twin = pickle.loads(pickle.dumps(network))
    x, y = batch(network, 3)
    np.testing.assert_array_equal(twin.predict(x), network.predict(x))
    assert twin.loss_and_gradients(x, y)[0] == network.loss_and_gradients(x, y)[0]
    assert_same_weights(twin, network.get_weights())
    for name, layer in zip(twin.names, twin.layers, strict=True):
        for key, array in layer.params.items():
            assert array is twin.params[f"{name}/{key}"]
        for key, array in layer.state.items():
            assert array is twin.state[f"{name}/{key}"]


def test_a_network_that_diverged_does_not_overwrite_a_file(saved):
    path, whole, _ = saved
    network = trained()
    network.params["dense/kernel"][0, :2] = np.nan, np.inf
    with pytest.raises(ValueError, match="was not written: 2 of the 216 numbers in dense/kernel are infinite or not a"):
        network.save(path)
    assert path.read_bytes() == whole


# Mistakes

SHARED = Dense(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Sequential([], (3,)), "at least one layer, got none"),
        (lambda: Sequential([SHARED, SHARED], (3,)), "each layer may stand in a network once"),
        (lambda: Sequential([Dense(3)], (3,), loss="hinge"), "loss must be a function or one of .*, got 'hinge'"),
        (lambda: Sequential([Conv2D(3, 3), Dense(3)], (8, 8, 1)), r"dense cannot read samples of shape \(6, 6, 3\)"),
        (lambda: SimpleConvNet((4, 28, 1)), r"conv2d cannot read samples of shape \(4, 28, 1\): a kernel of 5"),
        (lambda: tiny().predict(np.zeros((5, 6, 2))), r"of shape \(N, 5, 6, 2\), got \(5, 6, 2\)"),
        (lambda: tiny().forward(np.zeros((1, 5, 6, 3))), r"of shape \(N, 5, 6, 2\), got \(1, 5, 6, 3\)"),
        (lambda: Sequential([Dense(3)], ()), "features"),
        (lambda: Sequential([Dense(3)], 4), r"input_shape must be a tuple, like \(28, 28, 1\), got 4"),
        (lambda: Sequential([Dense(3)], (None,)), "each size of input_shape must be a whole number, got None"),
        (lambda: tiny().predict(np.zeros((1, 5, 6, 2)), batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda: tiny().evaluate(np.zeros((1, 5, 6, 2)), [0], 1.5), "batch_size must be a whole number, got 1.5"),
        (lambda: tiny().evaluate(np.zeros((2, 5, 6, 2)), [0]), "got 2 samples and 1"),
        (lambda: tiny().evaluate(np.zeros((0, 5, 6, 2)), []), "one target for each sample, got 0 samples"),
        (lambda: tiny().set_weights([np.zeros(3)]), "has 10 arrays of weights, got 1"),
        (lambda: tiny().set_weights(tiny(units=7).get_weights()), r"dense/kernel has shape \(36, 6\), got \(36, 7\)"),
        (lambda: TextCNN(10, 50).predict(np.full((1, 50), 10)), "10"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_weights_that_do_not_fit_change_nothing():
    network = tiny()
    before = network.get_weights()
    with pytest.raises(ValueError, match="dense_1/bias"):
        network.set_weights([array + 1 for array in before[:-1]] + [np.zeros(5)])
    with pytest.raises(ValueError):
        network.set_weights([array + 1 for array in before[:-1]] + [["a", "b", "c", "d"]])
    assert_same_weights(network, before)


def test_every_network_of_the_module_is_tested_here():
    assert networks.__all__ == ["LeNet5", "Sequential", "SimpleConvNet", "TextCNN"]


def test_simple_conv_net_pools_before_relu_and_gives_what_the_other_order_gives_to_the_last_bit():
    ours = SimpleConvNet((9, 9, 2), filters=4, kernel_size=2, hidden_units=5, weight_std=0.5)
    classic = [Conv2D(4, 2, activation="relu"), MaxPooling2D(2), Flatten(), Dense(5, activation="relu"), Dense(10)]
    other = Sequential(classic, (9, 9, 2))
    other.set_weights(ours.get_weights())
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 9, 9, 2)), rng.integers(0, 10, 20)
    (loss, gradients), (other_loss, others) = (network.loss_and_gradients(x, y) for network in (ours, other))
    np.testing.assert_array_equal(ours.outputs, other.outputs)
    assert loss == other_loss
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, others[name])
