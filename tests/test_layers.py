"""cnncourse.layers against Keras's layers with the same weights, and against numerical gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import layers
from cnncourse.activations import numerical_gradient
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
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Layer,
    LocalResponseNormalization,
    MaxPooling1D,
    MaxPooling2D,
    SpatialDropout1D,
    SpatialDropout2D,
)

pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")  # Keras, of one channel

seeds = st.integers(0, 2**32 - 1)
small = st.integers(1, 3)
size = st.integers(4, 8)
pairs = st.tuples(small, small)
images = st.tuples(small, size, size, small)
sequences = st.tuples(small, size, small)
paddings = st.sampled_from(["valid", "same"])
activations = st.sampled_from([None, "relu", "tanh", "sigmoid", "softmax"])

# One of each, with the shape of a batch that it reads.
EVERY = {
    "Activation": (lambda: Activation("tanh"), (3, 5)),
    "AveragePooling1D": (lambda: AveragePooling1D(3, 2, "same"), (2, 7, 3)),
    "AveragePooling2D": (lambda: AveragePooling2D((2, 3), 2, "same"), (2, 5, 7, 3)),
    "BatchNormalization": (lambda: BatchNormalization(), (3, 4, 4, 2)),
    "Conv1D": (lambda: Conv1D(4, 3, 2, "causal", activation="relu"), (2, 7, 3)),
    "Conv2D": (lambda: Conv2D(4, (3, 2), 2, "same", activation="relu"), (2, 5, 6, 3)),
    "Dense": (lambda: Dense(4, activation="sigmoid"), (3, 5)),
    "Dropout": (lambda: Dropout(0.5), (3, 5)),
    "Embedding": (lambda: Embedding(6, 3), (2, 5)),
    "Flatten": (lambda: Flatten(), (2, 3, 4)),
    "GlobalAveragePooling1D": (lambda: GlobalAveragePooling1D(), (2, 5, 3)),
    "GlobalAveragePooling2D": (lambda: GlobalAveragePooling2D(), (2, 4, 5, 3)),
    "GlobalMaxPooling1D": (lambda: GlobalMaxPooling1D(), (2, 5, 3)),
    "GlobalMaxPooling2D": (lambda: GlobalMaxPooling2D(), (2, 4, 5, 3)),
    "LocalResponseNormalization": (lambda: LocalResponseNormalization(3, 1, 0.5), (2, 3, 3, 6)),
    "MaxPooling1D": (lambda: MaxPooling1D(3, 2, "same"), (2, 7, 3)),
    "MaxPooling2D": (lambda: MaxPooling2D((2, 3), 2, "same"), (2, 5, 7, 3)),
    "SpatialDropout1D": (lambda: SpatialDropout1D(0.5), (2, 5, 3)),
    "SpatialDropout2D": (lambda: SpatialDropout2D(0.5), (2, 4, 5, 3)),
}
every_layer = pytest.mark.parametrize("name", EVERY)


def batch_for(layer, shape, rng, dtype=np.float64):
    x = rng.integers(0, 6, shape) if layer.reads_tokens else rng.standard_normal(shape).astype(dtype)
    x.setflags(write=False)
    return x


def made(name, dtype=np.float64, seed=0):
    """The layer of that name, built, and a batch for it that cannot be written to."""
    make, shape = EVERY[name]
    rng = np.random.default_rng(seed)
    layer = make()
    layer.build(shape[1:], rng, dtype)
    for array in (*layer.params.values(), *layer.state.values()):  # zeros and ones would hide mistakes
        array += rng.uniform(0.1, 0.5, array.shape)
    return layer, batch_for(layer, shape, rng, dtype)


def assert_is_keras(layer, keras_layer, shape, seed, training=False):
    """Same weights, same batch: the same outputs, gradients and state as Keras, in float64."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    output_shape = layer.build(shape[1:], rng, np.float64)
    x = batch_for(layer, shape, rng)
    keras_layer.build(shape)
    ours = {**layer.params, **layer.state}
    for array in ours.values():
        array += rng.uniform(0.1, 0.5, array.shape)
    keras_layer.set_weights(list(ours.values()))

    x_variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        theirs = keras_layer(x_variable, training=training)
        grad = rng.standard_normal(theirs.shape)
        loss = tf.reduce_sum(theirs * grad)
    grad.setflags(write=False)
    y = layer.forward(x, training)
    assert y.shape[1:] == output_shape
    np.testing.assert_allclose(y, theirs.numpy(), atol=1e-10)

    variables = keras_layer.trainable_variables
    d_x, *expected = tape.gradient(loss, [x_variable, *(variable.value for variable in variables)])
    got = layer.backward(grad)
    if not layer.reads_tokens:
        np.testing.assert_allclose(got, d_x.numpy(), atol=1e-10)
    assert [variable.name for variable in variables] == list(layer.gradients)
    for gradient, their_gradient in zip(layer.gradients.values(), expected, strict=True):
        np.testing.assert_allclose(gradient, tf.convert_to_tensor(their_gradient).numpy(), atol=1e-10)
    for array, their_array in zip(layer.state.values(), keras_layer.non_trainable_variables, strict=False):
        np.testing.assert_allclose(array, their_array.numpy(), atol=1e-12)


# As Keras


@settings(max_examples=30)
@given(images, pairs, pairs, paddings, small, small, st.booleans(), activations, seeds)
def test_conv2d_is_keras(shape, kernel_size, strides, padding, dilation, filters, use_bias, activation, seed):
    import keras

    if strides != (1, 1):
        dilation = 1  # Keras refuses both at once
    if padding == "valid":
        shape = (shape[0], shape[1] + 3, shape[2] + 3, shape[3])
    arguments = filters, kernel_size, strides, padding
    options = dict(dilation_rate=dilation, use_bias=use_bias, activation=activation)
    theirs = keras.layers.Conv2D(*arguments, **options, dtype="float64")
    assert_is_keras(Conv2D(*arguments, **options), theirs, shape, seed)


@settings(max_examples=30)
@given(sequences, small, small, paddings | st.just("causal"), small, small, st.booleans(), activations, seeds)
def test_conv1d_is_keras(shape, kernel_size, strides, padding, dilation, filters, use_bias, activation, seed):
    import keras

    if strides != 1:
        dilation = 1
    if padding == "valid":
        shape = (shape[0], shape[1] + 3, shape[2])
    arguments = filters, kernel_size, strides, padding
    options = dict(dilation_rate=dilation, use_bias=use_bias, activation=activation)
    theirs = keras.layers.Conv1D(*arguments, **options, dtype="float64")
    assert_is_keras(Conv1D(*arguments, **options), theirs, shape, seed)


@settings(max_examples=20)
@given(small, size, size, st.booleans(), activations, seeds)
def test_dense_is_keras(count, features, units, use_bias, activation, seed):
    import keras

    theirs = keras.layers.Dense(units, activation=activation, use_bias=use_bias, dtype="float64")
    assert_is_keras(Dense(units, activation=activation, use_bias=use_bias), theirs, (count, features), seed)


@settings(max_examples=10)
@given(small, size, size, seeds)
def test_embedding_is_keras(count, steps, width, seed):
    import keras

    theirs = keras.layers.Embedding(6, width, dtype="float64")
    assert_is_keras(Embedding(6, width), theirs, (count, steps), seed)


@settings(max_examples=15)
@given(images, st.sampled_from(["relu", "tanh", "sigmoid", "softmax", "linear"]), seeds)
def test_activation_is_keras(shape, name, seed):
    import keras

    assert_is_keras(Activation(name), keras.layers.Activation(name, dtype="float64"), shape, seed)


@pytest.mark.parametrize("name", ["MaxPooling2D", "AveragePooling2D"])
@settings(max_examples=20)
@given(images, pairs, st.none() | pairs, paddings, seeds)
def test_pooling_of_images_is_keras(name, shape, pool_size, strides, padding, seed):
    import keras

    theirs = getattr(keras.layers, name)(pool_size, strides, padding, dtype="float64")
    assert_is_keras(getattr(layers, name)(pool_size, strides, padding), theirs, shape, seed)


@pytest.mark.parametrize("name", ["MaxPooling1D", "AveragePooling1D"])
@settings(max_examples=20)
@given(sequences, small, st.none() | small, paddings, seeds)
def test_pooling_of_sequences_is_keras(name, shape, pool_size, strides, padding, seed):
    import keras

    theirs = getattr(keras.layers, name)(pool_size, strides, padding, dtype="float64")
    assert_is_keras(getattr(layers, name)(pool_size, strides, padding), theirs, shape, seed)


@pytest.mark.parametrize(("name", "shape"), [("MaxPooling2D", (2, 7, 5, 3)), ("MaxPooling1D", (2, 7, 3))])
def test_pooling_takes_two_side_by_side_unless_told_otherwise_as_in_keras(name, shape):
    import keras

    assert_is_keras(getattr(layers, name)(), getattr(keras.layers, name)(dtype="float64"), shape, 0)


@pytest.mark.parametrize("name", ["GlobalMaxPooling2D", "GlobalAveragePooling2D"])
@settings(max_examples=8)
@given(images, seeds)
def test_global_pooling_of_images_is_keras(name, shape, seed):
    import keras

    assert_is_keras(getattr(layers, name)(), getattr(keras.layers, name)(dtype="float64"), shape, seed)


@pytest.mark.parametrize("name", ["GlobalMaxPooling1D", "GlobalAveragePooling1D"])
@settings(max_examples=8)
@given(sequences, seeds)
def test_global_pooling_of_sequences_is_keras(name, shape, seed):
    import keras

    assert_is_keras(getattr(layers, name)(), getattr(keras.layers, name)(dtype="float64"), shape, seed)


@settings(max_examples=8)
@given(images, seeds)
def test_flatten_is_keras(shape, seed):
    import keras

    assert_is_keras(Flatten(), keras.layers.Flatten(dtype="float64"), shape, seed)


@settings(max_examples=20)
@given(images | sequences | st.tuples(st.integers(2, 5), small), st.booleans(), seeds)
def test_batch_normalization_is_keras_in_training_and_in_prediction(shape, training, seed):
    import keras

    theirs = keras.layers.BatchNormalization(dtype="float64")
    assert_is_keras(BatchNormalization(), theirs, shape, seed, training)
    options = dict(momentum=0.5, epsilon=0.1)
    theirs = keras.layers.BatchNormalization(**options, dtype="float64")
    assert_is_keras(BatchNormalization(**options), theirs, shape, seed, training)


@settings(max_examples=10)
@given(st.integers(1, 9), st.sampled_from([1, 3, 5]), seeds)
def test_local_response_normalization_is_tensorflows(channels, size, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    layer = LocalResponseNormalization(size, k=1.5, alpha=0.3, beta=0.6)
    layer.build((3, 2, channels), rng)
    x, grad = rng.standard_normal((2, 2, 3, 2, channels), np.float32)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = tf.nn.local_response_normalization(variable, depth_radius=size // 2, bias=1.5, alpha=0.3, beta=0.6)
        loss = tf.reduce_sum(y * grad)
    np.testing.assert_allclose(layer.forward(x), y.numpy(), rtol=1e-5)
    np.testing.assert_allclose(layer.backward(grad), tape.gradient(loss, variable).numpy(), atol=1e-5)


def test_local_response_normalization_has_the_papers_constants():
    layer = LocalResponseNormalization()
    layer.build((1, 1, 7), np.random.default_rng(0), np.float64)
    in_the_middle = layer.forward(np.full((1, 1, 1, 7), 100.0))[0, 0, 0, 3]
    assert in_the_middle == pytest.approx(100 / (2 + 1e-4 * 5 * 100**2) ** 0.75, rel=1e-12)  # section 3.3


def test_an_embedding_begins_uniform_as_keras_does():
    layer = Embedding(1000, 32)
    layer.build((5,), np.random.default_rng(0))
    table = layer.params["embeddings"]
    assert np.abs(table).max() <= 0.05
    assert table.std() == pytest.approx(0.05 / np.sqrt(3), rel=0.02)


def test_kernels_begin_glorot_uniform_and_biases_at_0_as_in_keras():
    for layer, shape in ((Conv2D(30, 5), (28, 28, 4)), (Conv1D(30, 25), (100, 4)), (Dense(30), (100,))):
        layer.build(shape, np.random.default_rng(0))
        kernel = layer.params["kernel"]
        fan_in, fan_out = kernel.size / 30, 30 * (kernel.size / 30 / shape[-1])
        limit = np.sqrt(6 / (fan_in + fan_out))
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert not layer.params["bias"].any()


def test_a_kernel_may_begin_as_any_function_or_name_says():
    layer = Dense(3, kernel_initializer=lambda shape, rng: np.full(shape, 7))
    layer.build((2,), np.random.default_rng(0))
    assert layer.params["kernel"].tolist() == [[7, 7, 7], [7, 7, 7]]
    layer = Dense(200, kernel_initializer="he_normal")
    layer.build((400,), np.random.default_rng(0))
    assert layer.params["kernel"].std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)


# What every layer promises


def test_every_layer_of_the_module_is_tested_here():
    assert set(EVERY) | {"Layer"} == set(layers.__all__)


@every_layer
def test_gradients_are_the_numerical_ones(name):
    layer, x = made(name)
    grad = np.random.default_rng(1).standard_normal(layer.forward(x).shape)
    d_x = layer.backward(grad)

    def loss(_):
        return np.sum(layer.forward(x) * grad)

    for key, param in layer.params.items():
        np.testing.assert_allclose(layer.gradients[key], numerical_gradient(loss, param), atol=1e-7)
    if not layer.reads_tokens:
        x = x.copy()  # numerical_gradient moves its entries
        np.testing.assert_allclose(d_x, numerical_gradient(loss, x), atol=1e-7)


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("training", [False, True])
def test_floats_keep_their_type_and_inputs_are_untouched(name, dtype, training):
    layer, x = made(name, dtype)
    y = layer.forward(x, training)
    grad = np.ones_like(y)
    grad.setflags(write=False)
    y.setflags(write=False)
    d_x = layer.backward(grad)  # writing to x, y or grad would raise
    arrays = [y, *layer.params.values(), *layer.gradients.values(), *layer.state.values()]
    if not layer.reads_tokens:
        assert d_x.shape == x.shape
        arrays.append(d_x)
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


@every_layer
def test_build_says_the_shape_that_forward_gives_and_every_parameter_gets_a_gradient(name):
    make, shape = EVERY[name]
    layer = make()
    rng = np.random.default_rng(0)
    output_shape = layer.build(shape[1:], rng)
    y = layer.forward(batch_for(layer, (5, *shape[1:]), rng, np.float32))
    assert y.shape == (5, *output_shape)
    layer.backward(np.ones_like(y), input_gradient=False)
    assert {key: array.shape for key, array in layer.gradients.items()} == {
        key: array.shape for key, array in layer.params.items()
    }


@every_layer
def test_what_a_layer_has_returned_stays_as_it_was(name):
    layer, x = made(name)
    rng = np.random.default_rng(2)
    returned = []
    for shape in (x.shape, x.shape, (1, *x.shape[1:])):
        y = layer.forward(batch_for(layer, shape, rng), training=len(x) > 1)
        d_x = layer.backward(rng.standard_normal(y.shape))
        arrays = [array for array in (y, d_x, *layer.gradients.values()) if array is not None]
        returned += [(array, array.copy()) for array in arrays]
    for array, copy in returned:
        np.testing.assert_array_equal(array, copy)


@every_layer
@pytest.mark.parametrize("count", [1, 4])
def test_a_gradient_for_another_number_of_samples_is_refused(name, count):
    layer, x = made(name)
    y = layer.forward(x, training=True)
    with pytest.raises(ValueError):
        layer.backward(np.ones((count, *y.shape[1:])))


@every_layer
def test_a_layer_may_be_built_again_in_another_type(name):
    make, shape = EVERY[name]
    used = make()
    used.build(shape[1:], np.random.default_rng(0), np.float32)
    used.backward(np.ones_like(used.forward(batch_for(used, shape, np.random.default_rng(0), np.float32))))
    returned = []
    for layer in (used, make()):
        layer.build(shape[1:], np.random.default_rng(1), np.float64)
        y = layer.forward(batch_for(layer, shape, np.random.default_rng(2)))
        d_x = layer.backward(np.random.default_rng(3).standard_normal(y.shape))
        returned.append([array for array in (y, d_x, *layer.gradients.values()) if array is not None])
    for array, expected in zip(*returned, strict=True):
        np.testing.assert_array_equal(array, expected)


@every_layer
def test_backward_without_forward_says_what_is_missing(name):
    make, shape = EVERY[name]
    layer = make()
    output_shape = layer.build(shape[1:], np.random.default_rng(0))
    with pytest.raises(RuntimeError, match=f"{name}.backward .* call forward first"):
        layer.backward(np.ones((2, *output_shape)))


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_a_layer_that_was_not_built_says_so_where_it_cannot_do_without(name, training):
    make, shape = EVERY[name]
    layer = make()
    x = batch_for(layer, shape, np.random.default_rng(0))
    if name in ("BatchNormalization", "Conv1D", "Conv2D", "Dense", "Embedding") or ("Dropout" in name and training):
        with pytest.raises(RuntimeError, match=f"^{name} .*: call build first"):
            layer.forward(x, training)
    else:
        assert len(layer.forward(x, training)) == len(x)


@every_layer
def test_every_layer_can_be_pickled(name):
    import pickle

    layer, x = made(name)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer)).forward(x), layer.forward(x))


@pytest.mark.parametrize(
    "call",
    [
        lambda: Conv2D(4, 3, 1, "same", 2),  # Keras has data_format there
        lambda: Conv1D(4, 3, 1, "same", 2),
        lambda: BatchNormalization(0.9),  # and the axis here
    ],
)
def test_arguments_that_stand_elsewhere_in_keras_must_be_named(call):
    with pytest.raises(TypeError, match="positional argument"):
        call()


@every_layer
def test_a_layer_built_again_begins_anew(name):
    make, shape = EVERY[name]
    layer, x = made(name)
    layer.backward(np.ones_like(layer.forward(x, training=True)))
    layer.build(shape[1:], np.random.default_rng(5), np.float64)
    fresh = make()
    fresh.build(shape[1:], np.random.default_rng(5), np.float64)
    assert layer.gradients == {}
    np.testing.assert_array_equal(layer.forward(x, training=True), fresh.forward(x, training=True))
    for kind in ("params", "state"):
        for key, array in getattr(fresh, kind).items():
            np.testing.assert_array_equal(getattr(layer, kind)[key], array)


@pytest.mark.parametrize("name", ["Conv2D", "Conv1D"])
def test_the_gradient_at_the_input_can_be_left_out(name):
    layer, x = made(name)
    grad = np.ones_like(layer.forward(x))
    layer.backward(grad)
    with_it = dict(layer.gradients)
    assert layer.backward(grad, input_gradient=False) is None
    for key, gradient in with_it.items():
        np.testing.assert_array_equal(layer.gradients[key], gradient)


# Dropout and batch normalisation


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    layer = Dropout(rate)
    layer.build((1000,), np.random.default_rng(0), np.float64)
    y = layer.forward(np.full((100, 1000), 3.0), training=True)
    assert np.mean(y == 0) == pytest.approx(rate, abs=0.01)  # six standard deviations
    assert np.allclose(y[y != 0], 3 / (1 - rate))
    assert y.mean() == pytest.approx(3, rel=0.03)


@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout2D", "SpatialDropout1D"])
def test_gradients_pass_where_numbers_did_and_the_mask_changes_from_batch_to_batch(name):
    layer, x = made(name)
    x = np.full(x.shape, 2.0)
    masks = []
    for _ in range(20):
        y = layer.forward(x, training=True)
        grad = np.full(x.shape, 5.0)
        np.testing.assert_allclose(layer.backward(grad), y * 2.5)
        masks.append((y != 0).tobytes())
    assert len(set(masks)) > 10


@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout2D", "SpatialDropout1D"])
def test_everything_passes_when_predicting_and_at_rate_0(name):
    layer, x = made(name)
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)
    layer = type(layer)(0)
    layer.build(x.shape[1:], np.random.default_rng(0), np.float64)
    np.testing.assert_array_equal(layer.forward(x, training=True), x)
    np.testing.assert_array_equal(layer.backward(x), x)


@pytest.mark.parametrize(("make", "shape"), [(SpatialDropout2D, (50, 3, 4, 20)), (SpatialDropout1D, (50, 6, 20))])
def test_spatial_dropout_drops_whole_maps(make, shape):
    layer = make(0.25)
    layer.build(shape[1:], np.random.default_rng(0), np.float64)
    y = layer.forward(np.ones(shape), training=True).reshape(50, -1, 20)
    assert (y == y[:, :1]).all()
    assert np.mean(y[:, 0] == 0) == pytest.approx(0.25, abs=0.06)


def test_batch_normalization_changes_its_state_in_place_and_only_while_training():
    layer, x = made("BatchNormalization")
    arrays = list(layer.state.values())
    before = [array.copy() for array in arrays]
    layer.forward(x)
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)
    layer.forward(x, training=True)
    for array, old in zip(arrays, before, strict=True):
        assert (array != old).all()
    assert all(array is own for array, own in zip(arrays, layer.state.values(), strict=True))


# A layer of your own, and mistakes


def test_a_layer_of_your_own_needs_forward_and_backward():
    class Double(Layer):
        def forward(self, x, training=False):
            self.kept = x
            return 2 * x

        def backward(self, grad, input_gradient=True):
            self.recall()
            return 2 * grad

    layer = Double()
    assert layer.build((4, 5), np.random.default_rng(0)) == (4, 5)
    with pytest.raises(RuntimeError, match="Double.backward"):
        layer.backward(np.ones((1, 4, 5)))
    assert layer.forward(np.ones((1, 4, 5))).sum() == layer.backward(np.ones((1, 4, 5))).sum() == 40


def build(layer, shape):
    return layer.build(shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Conv2D(0, 3), "filters must be at least 1, got 0"),
        (lambda: Conv2D(8, 0), "kernel_size must be at least 1, got 0"),
        (lambda: Conv2D(8, (3, 3, 3)), r"kernel_size must be an int or a pair .*, got \(3, 3, 3\)"),
        (lambda: Conv1D(8, 2.5), "kernel_size must be a whole number, got 2.5"),
        (lambda: Dense("8"), "units must be a whole number, got '8'"),
        (lambda: Embedding(0, 8), "input_dim must be at least 1, got 0"),
        (lambda: Embedding(8, -1), "output_dim must be at least 1, got -1"),
        (lambda: Activation("swish"), "activation must be one of linear, relu, sigmoid, softmax, tanh, got 'swish'"),
        (lambda: Conv2D(8, 3, activation="Relu"), "got 'Relu'"),
        (lambda: Dense(8, kernel_initializer="xavier"), "xavier"),
        (lambda: Dropout(1), "rate must be at least 0 and below 1, got 1"),
        (lambda: SpatialDropout2D(-0.1), "rate must be at least 0 and below 1, got -0.1"),
        (lambda: build(Conv2D(8, 3), (28, 28)), r"of shape \(rows, columns, channels\), got \(28, 28\)"),
        (lambda: build(Conv1D(8, 3), (28, 28, 1)), r"\(steps, channels\), got \(28, 28, 1\)"),
        (lambda: build(Dense(8), (4, 4, 2)), r"expected an input of shape \(features\), got \(4, 4, 2\)"),
        (lambda: build(Dense(8), 4), r"input_shape must be a tuple, like \(28, 28, 1\), got 4"),
        (lambda: build(MaxPooling2D(2), (28,)), r"\(rows, columns, channels\), got \(28,\)"),
        (lambda: build(Conv2D(8, 5), (4, 9, 1)), "a kernel of 5 does not fit into an input of 4"),
        (lambda: build(Conv2D(8, 3, padding="full"), (9, 9, 1)), "got 'full'"),
        (lambda: build(Conv2D(8, 3, strides=0), (9, 9, 1)), "stride must be at least 1, got 0"),
        (lambda: build(MaxPooling2D(5), (4, 9, 1)), "5 does not fit into an input of 4"),
        (lambda: build(LocalResponseNormalization(size=4), (4, 9, 1)), "size must be an odd number .* got 4"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()
