"""cnncourse.dropout against Keras's layers, gradients and callbacks, a numerical gradient, and statistics by hand."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import dropout as module
from cnncourse.dropout import (
    batch_norm,
    batch_norm_backward,
    dropout,
    dropout_backward,
    early_stopping,
    spatial_dropout1d,
    spatial_dropout2d,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# The function, an input's shape, and the shape of its mask.
KINDS = {
    "dropout": (dropout, (4, 3, 5, 2), (4, 3, 5, 2)),
    "spatial_dropout2d": (spatial_dropout2d, (4, 3, 5, 2), (4, 1, 1, 2)),
    "spatial_dropout1d": (spatial_dropout1d, (4, 5, 2), (4, 1, 2)),
}
EVERY_KIND = pytest.mark.parametrize("name", KINDS)


def generator(seed=0):
    return np.random.default_rng(seed)


# Dropout --------------------------------------------------------------------------------------------------------------


@EVERY_KIND
@given(seed=st.integers(0, 1000), rate=st.sampled_from([0, 0.1, 0.5, 0.75]))
def test_what_is_kept_is_enlarged_and_the_rest_is_zero(name, seed, rate):
    function, shape, mask_shape = KINDS[name]
    x = generator(seed).standard_normal(shape)
    output, mask = function(x, rate, generator(seed + 1))
    assert mask.shape == mask_shape and set(np.unique(mask)) <= {0, 1}
    everywhere = np.broadcast_to(mask, shape)
    np.testing.assert_allclose(output[everywhere == 1], x[everywhere == 1] / (1 - rate), rtol=1e-15)
    assert not output[everywhere == 0].any()
    if rate == 0:
        assert mask.all()


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_the_rate_is_the_share_that_is_dropped_and_the_expectation_stays(rate):
    """200,000 numbers: the share's standard deviation is at most 0.0011; six of them are allowed, the seed is fixed."""
    x = np.full((200, 1000), 3.0)
    output, mask = dropout(x, rate, generator())
    deviation = math.sqrt(rate * (1 - rate) / x.size)
    assert abs(mask.mean() - (1 - rate)) < 6 * deviation
    assert abs(output.mean() - 3) < 6 * 3 * deviation / (1 - rate)


def test_every_number_is_dropped_on_its_own():
    """Neighbours along each axis are kept together in one of four cases, not in one of two."""
    _, mask = dropout(np.ones((100, 80, 60)), 0.5, generator())
    for axis in range(3):
        first, second = np.split(mask, 2, axis=axis)
        np.testing.assert_allclose(np.mean(first * second), 0.25, atol=0.005)
        shifted = np.mean(np.take(mask, range(59), axis) * np.take(mask, range(1, 60), axis))
        np.testing.assert_allclose(shifted, 0.25, atol=0.005)


@pytest.mark.parametrize(("name", "layer"), [("spatial_dropout2d", "SpatialDropout2D"), ("dropout", "Dropout")])
def test_what_is_dropped_together_is_what_keras_drops_together(name, layer):
    """On ones the output shows the mask; along each of the axes it varies, or not, as Keras's does."""
    import keras

    images = np.ones((40, 5, 6, 30), np.float32)
    theirs = np.asarray(getattr(keras.layers, layer)(0.4, seed=1)(images, training=True))
    ours, _ = KINDS[name][0](images, 0.4, generator())
    assert set(np.unique(ours).round(5)) == set(np.unique(theirs).round(5))
    for axis in range(4):
        assert np.ptp(ours, axis=axis).any() == np.ptp(theirs, axis=axis).any()


@EVERY_KIND
def test_predicting_gives_the_input_back_as_a_fresh_array(name):
    function, shape, mask_shape = KINDS[name]
    x, rng = generator().standard_normal(shape), generator()
    before = rng.bit_generator.state
    output, mask = function(x, 0.5, rng, training=False)
    np.testing.assert_array_equal(output, x)
    np.testing.assert_array_equal(mask, np.ones(mask_shape))
    assert not np.may_share_memory(output, x) and rng.bit_generator.state == before


@EVERY_KIND
def test_the_gradient_flows_where_the_numbers_did(name):
    """Dropout is linear once its mask is drawn, so what it sends back is <grad, dropout(x)> = <d_x, x>, for any x."""
    function, shape, _ = KINDS[name]
    grad, x, ones = generator(1).standard_normal(shape), generator(2).standard_normal(shape), np.ones(shape)
    _, mask = function(ones, 0.3, generator(3))
    d_x = dropout_backward(grad, mask, 0.3)
    assert d_x.shape == shape
    np.testing.assert_allclose(d_x, grad * function(ones, 0.3, generator(3))[0], rtol=1e-14)
    np.testing.assert_allclose(np.sum(d_x * x), np.sum(grad * function(x, 0.3, generator(3))[0]), rtol=1e-12)


@EVERY_KIND
@pytest.mark.parametrize(("given", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64")])
def test_floats_keep_their_type_and_inputs_stay_as_they_are(name, given, expected):
    function, shape, _ = KINDS[name]
    x = generator().integers(-9, 9, shape[::-1]).astype(given).T
    before = x.copy()
    x.flags.writeable = False
    output, mask = function(x, np.float64(0.5), generator())
    d_x = dropout_backward(x, mask.astype(np.float64), np.float64(0.5))
    assert output.dtype == mask.dtype == d_x.dtype == expected
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(output, d_x)
    np.testing.assert_array_equal(output, function(before.astype(float), 0.5, generator())[0])
    assert not any(np.may_share_memory(x, result) for result in (output, mask, d_x))


def test_an_empty_batch_and_a_single_number_are_no_exceptions():
    output, mask = dropout(np.zeros((0, 3)), 0.5, generator())
    assert output.shape == mask.shape == (0, 3)
    assert spatial_dropout2d(np.zeros((0, 2, 2, 3)), 0.5, generator())[1].shape == (0, 1, 1, 3)
    kept = [float(dropout(3.0, 0.5, generator(seed))[0]) for seed in range(40)]
    assert set(kept) == {0.0, 6.0}


# Batch normalisation --------------------------------------------------------------------------------------------------


@st.composite
def normalisations(draw):
    """x of two to four dimensions with means and spreads of its own in each channel, gamma, beta and running."""
    rng = generator(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(2, 5)), *(draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 3)))))
    channels = shape[-1]
    x = rng.standard_normal(shape) * 10.0 ** rng.integers(-1, 2, channels) + rng.integers(-5, 5, channels)
    return x, *rng.standard_normal((2, channels)), (rng.standard_normal(channels), rng.random(channels) + 0.1)


def keras_batch_norm(x, gamma, beta, running, momentum, epsilon):
    import keras

    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, dtype="float64")
    layer.build(x.shape)
    layer.set_weights([gamma, beta, *running])
    return layer


@pytest.mark.parametrize("options", [{}, {"momentum": 0.99, "epsilon": 1e-3}], ids=["ours", "Keras's own"])
@settings(max_examples=30)
@given(layer=normalisations())
def test_batch_norm_is_keras_in_training_and_in_prediction_and_so_are_its_gradients(options, layer):
    import tensorflow as tf

    x, gamma, beta, running = layer
    theirs = keras_batch_norm(*layer, **{"momentum": 0.9, "epsilon": 1e-5, **options})
    for step in range(3):
        batch = x + step
        output, running = batch_norm(batch, gamma, beta, running, **options)
        np.testing.assert_allclose(output, theirs(batch, training=True), atol=1e-9)
        np.testing.assert_allclose(running, theirs.get_weights()[2:], rtol=1e-9, atol=1e-12)
    output, same = batch_norm(x, gamma, beta, running, training=False, **options)
    np.testing.assert_allclose(output, theirs(x, training=False), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(same, running)

    grad = generator(1).standard_normal(x.shape)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(theirs(variable, training=True) * grad)
    gradients = tape.gradient(loss, [variable, theirs.gamma.value, theirs.beta.value])
    epsilon = {name: value for name, value in options.items() if name == "epsilon"}
    for ours, expected in zip(batch_norm_backward(grad, x, gamma, **epsilon), gradients, strict=True):
        np.testing.assert_allclose(ours, expected.numpy(), rtol=1e-7, atol=1e-8)


@settings(max_examples=15)
@given(normalisations())
def test_batch_norm_backward_is_the_numerical_gradient(layer):
    x, gamma, beta, running = layer
    x = (x - x.mean()) / (x.std() + 0.1)  # so that a step of 1e-6 is small for every channel
    grad = generator(1).standard_normal(x.shape)
    arguments = [x, gamma, beta]
    for k, analytic in enumerate(batch_norm_backward(grad, x, gamma, epsilon=0.1)):
        numeric = np.empty(analytic.shape)
        for index in np.ndindex(numeric.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [array.copy() for array in arguments]
                moved[k][index] += step
                ends.append(np.sum(batch_norm(*moved, running, epsilon=0.1)[0] * grad))
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(analytic, numeric, atol=1e-6)


def test_batch_norm_by_hand():
    """Mean 2 and variance 1 without epsilon: -1 and 1, times 3, plus 10; running means move a tenth of the way."""
    x = np.array([[1.0], [3.0]])
    output, (mean, variance) = batch_norm(x, [3], [10], ([7], [11]), epsilon=0)
    assert output.tolist() == [[7.0], [13.0]]
    np.testing.assert_allclose([mean, variance], [[6.5], [10.0]])
    output, running = batch_norm(x, [3], [10], ([1.0], [4.0]), training=False, epsilon=0)
    assert output.tolist() == [[10.0], [13.0]] and [array.tolist() for array in running] == [[1], [4]]


def test_each_channel_gets_mean_0_and_variance_1_over_all_other_axes():
    x = generator().gamma(2.0, 3.0, (20, 4, 5, 3)) * [1, 10, 100]
    output, _ = batch_norm(x, np.ones(3), np.zeros(3), (np.zeros(3), np.ones(3)))
    np.testing.assert_allclose(output.mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(output.var(axis=(0, 1, 2)), 1, rtol=1e-5)


def test_a_batch_moved_or_stretched_as_a_whole_sends_back_no_gradient():
    x, grad = generator().standard_normal((6, 5, 2)), generator(1).standard_normal((6, 5, 2))
    d_x, _, _ = batch_norm_backward(grad, x, [1.0, -2.0], epsilon=0)
    np.testing.assert_allclose(d_x.sum(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose((d_x * x).sum(axis=(0, 1)), 0, atol=1e-12)


def test_one_sample_alone_becomes_beta_in_training():
    output, _ = batch_norm([[5.0, -3.0]], [2, 2], [1, 7], (np.zeros(2), np.ones(2)))
    assert output.tolist() == [[1, 7]]
    assert not batch_norm_backward([[1.0, 1.0]], [[5.0, -3.0]], [2, 2])[0].any()


@pytest.mark.parametrize(("given", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64")])
def test_batch_norm_keeps_floats_and_its_inputs(given, expected):
    x = generator().integers(-9, 9, (3, 5, 4)).astype(given).transpose(1, 2, 0)
    arguments = [x, np.arange(1.0, 4.0), np.arange(3.0), (np.zeros(3), np.ones(3))]
    flat = [*arguments[:3], *arguments[3]]
    before = [array.copy() for array in flat]
    for array in flat:
        array.flags.writeable = False
    options = {"momentum": np.float64(0.8), "epsilon": np.float64(1e-3)}
    for training in (True, False):
        output, running = batch_norm(*arguments, training=training, **options)
        gradients = batch_norm_backward(x, x, arguments[1], epsilon=np.float64(1e-3))
        computed = [output, *running, *gradients]
        assert {array.dtype for array in computed} == {np.dtype(expected)}
        assert not any(np.may_share_memory(array, result) for array in flat for result in computed)
    for array, original in zip(flat, before, strict=True):
        np.testing.assert_array_equal(array, original)
    exact = batch_norm_backward(before[0].astype(float), before[0].astype(float), before[1], epsilon=1e-3)
    for ours, float64 in zip(gradients, exact, strict=True):
        np.testing.assert_allclose(ours, float64, rtol=1e-4, atol=1e-4)


def test_float32_keeps_its_digits_over_a_large_batch():
    x = generator().standard_normal((200, 20, 20, 3)).astype(np.float32) * 2 + 3
    output, (mean, variance) = batch_norm(x, np.ones(3), np.zeros(3), (np.zeros(3), np.zeros(3)), momentum=0)
    np.testing.assert_allclose(mean, x.astype(np.float64).mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(output.var(axis=(0, 1, 2), dtype=np.float64), 1, rtol=1e-4)


def test_predicting_needs_no_batch():
    one, none = np.array([[3.0, 5.0]]), np.zeros((0, 2))
    arguments = (np.ones(2), np.zeros(2), (np.ones(2), np.ones(2)))
    assert batch_norm(one, *arguments, training=False, epsilon=0)[0].tolist() == [[2, 4]]
    assert batch_norm(none, *arguments, training=False)[0].shape == (0, 2)


# Early stopping -------------------------------------------------------------------------------------------------------


def keras_early_stopping(losses, patience):
    import keras

    callback = keras.callbacks.EarlyStopping(mode="min", patience=patience, restore_best_weights=True)
    callback.set_model(keras.Sequential())
    callback.model.stop_training = False
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if callback.model.stop_training:
            break
    return epoch, callback.best_epoch


@given(st.lists(st.integers(0, 6), min_size=1, max_size=15), st.integers(1, 5))
def test_early_stopping_is_keras(losses, patience):
    losses = [loss / 10 for loss in losses]
    assert early_stopping(losses, patience) == keras_early_stopping(losses, patience)
    assert early_stopping(np.array(losses, np.float32), np.int64(patience)) == early_stopping(losses, patience)


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([0.9], 1, (0, 0)),
        ([0.9, 0.8, 0.7], 1, (2, 2)),
        ([0.9, 0.8, 0.85, 0.7], 1, (2, 1)),
        ([0.9, 0.8, 0.85, 0.7], 2, (3, 3)),
        ([0.5, 0.5, 0.5, 0.1], 2, (2, 0)),
        ([0.5, 0.6, 0.7], 3, (2, 0)),
        ([0.5, 0.6, 0.7, 0.8, 0.1], 3, (3, 0)),
        ([5, 4, 6, 4, 3, 9, 9, 9], 3, (7, 4)),
        ([math.nan, 0.5, math.nan, 0.4], 2, (3, 3)),
        ([0.5, math.nan, math.nan, 0.4], 2, (2, 0)),
        ([math.inf, math.inf], 5, (1, 0)),
    ],
)
def test_early_stopping_by_hand(losses, patience, expected):
    assert early_stopping(losses, patience) == expected


# What cannot be -------------------------------------------------------------------------------------------------------

X, C = np.zeros((4, 3)), np.zeros(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dropout(X, 1, generator()), "rate must be from 0 to below 1, got 1"),
        (lambda: dropout(X, -0.1, generator()), "rate must be from 0 to below 1, got -0.1"),
        (lambda: dropout(X, math.nan, generator(), training=False), "rate must be from 0 to below 1, got nan"),
        (lambda: spatial_dropout2d(X[None, None], 1.5, generator()), "rate must be from 0 to below 1, got 1.5"),
        (lambda: spatial_dropout2d(X, 0.5, generator()), r"images must have 4 dimensions, got shape \(4, 3\)"),
        (lambda: spatial_dropout1d(X, 0.5, generator()), r"sequences must have 3 dimensions, got shape \(4, 3\)"),
        (lambda: spatial_dropout1d(X[None], 2, generator()), "rate must be from 0 to below 1, got 2"),
        (lambda: dropout_backward(X, X, 1.0), "rate must be from 0 to below 1, got 1.0"),
        (lambda: dropout_backward(X, np.ones((4, 2)), 0.5), r"shape \(4, 2\) does not fit .* shape \(4, 3\)"),
        (lambda: dropout_backward(X, np.ones(3), 0.5), r"shape \(3,\) does not fit .* shape \(4, 3\)"),
        (lambda: dropout_backward(X[:1], X, 0.5), r"shape \(4, 3\) does not fit .* shape \(1, 3\)"),
        (lambda: batch_norm(C, C, C, (C, C)), r"x must have at least 2 dimensions, got shape \(3,\)"),
        (lambda: batch_norm(X, C[:2], C, (C, C)), r"gamma .* each of the 3 channels, got \(2,\)"),
        (lambda: batch_norm(X, C, X, (C, C)), r"beta .* each of the 3 channels, got \(4, 3\)"),
        (lambda: batch_norm(X, C, C, (C[:1], C)), r"mean .* each of the 3 channels, got \(1,\)"),
        (lambda: batch_norm(X, C, C, (C, 1.0)), r"variance .* each of the 3 channels, got \(\)"),
        (lambda: batch_norm(X, C, C, (C, C, C)), "the pair .mean, variance., got 3 arrays"),
        (lambda: batch_norm(X, C, C, (C, C), momentum=1.1), "momentum must be from 0 to 1, got 1.1"),
        (lambda: batch_norm(X, C, C, (C, C), epsilon=-1), "epsilon must be at least 0, got -1"),
        (lambda: batch_norm(X[:0], C, C, (C, C)), r"at least one number .* got shape \(0, 3\)"),
        (lambda: batch_norm_backward(X[:3], X, C), r"output's shape \(4, 3\), got \(3, 3\)"),
        (lambda: batch_norm_backward(X, X, C[:1]), r"gamma .* each of the 3 channels, got \(1,\)"),
        (lambda: batch_norm_backward(X, X, C, epsilon=-1), "epsilon must be at least 0, got -1"),
        (lambda: early_stopping([], 1), "at least one epoch's loss"),
        (lambda: early_stopping([0.5], 0), "patience must be at least 1, got 0"),
        (lambda: early_stopping([0.5], 1.5), "patience must be a whole number, got 1.5"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_momentum_and_epsilon_are_the_courses_unless_told_otherwise():
    defaults = {name: argument.default for name, argument in inspect.signature(batch_norm).parameters.items()}
    assert defaults["momentum"] == 0.9 and defaults["epsilon"] == 1e-5
    assert inspect.signature(batch_norm_backward).parameters["epsilon"].default == 1e-5


def test_every_public_function_shows_an_example_and_its_source():
    for name in module.__all__:
        text = getattr(module, name).__doc__
        assert ">>>" in text and "Source:" in text, name
