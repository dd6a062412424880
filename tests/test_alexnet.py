"""cnncourse.alexnet against the paper's table, TensorFlow, Keras, a numerical gradient, and loops over pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnncourse.alexnet import (
    alexnet,
    alexnet_params,
    alexnet_shapes,
    alexnet_table,
    kernels_to_channels_first,
    local_response_norm,
    local_response_norm_backward,
    random_crop,
    random_flip,
    to_channels_first,
    to_channels_last,
    top_k_accuracy,
)


def rng(seed=0):
    return np.random.default_rng(seed)


# Krizhevsky et al. (2012), section 3.5, with an input of 227 and one network in place of two halves.
TABLE = [
    ((55, 55, 96), 11 * 11 * 3 * 96 + 96, 55 * 55 * 96 * 11 * 11 * 3),
    ((27, 27, 96), 0, 0),
    ((27, 27, 256), 5 * 5 * 96 * 256 + 256, 27 * 27 * 256 * 5 * 5 * 96),
    ((13, 13, 256), 0, 0),
    ((13, 13, 384), 3 * 3 * 256 * 384 + 384, 13 * 13 * 384 * 3 * 3 * 256),
    ((13, 13, 384), 3 * 3 * 384 * 384 + 384, 13 * 13 * 384 * 3 * 3 * 384),
    ((13, 13, 256), 3 * 3 * 384 * 256 + 256, 13 * 13 * 256 * 3 * 3 * 384),
    ((6, 6, 256), 0, 0),
    ((4096,), 6 * 6 * 256 * 4096 + 4096, 6 * 6 * 256 * 4096),
    ((4096,), 4096 * 4096 + 4096, 4096 * 4096),
    ((1000,), 4096 * 1000 + 1000, 4096 * 1000),
]


def test_shapes_and_parameters_are_the_papers_table():
    assert alexnet_shapes() == [(227, 227, 3), *(shape for shape, _, _ in TABLE)]
    assert alexnet_params() == [parameters for _, parameters, _ in TABLE]
    assert sum(alexnet_params()) == 62_378_344


def test_the_table_adds_what_costs_no_parameters_and_counts_every_product():
    table = alexnet_table(batch_size=128)
    names = "input conv1 norm1 pool1 conv2 norm2 pool2 conv3 conv4 conv5 pool5 flatten fc6 fc7 fc8"
    assert [row.name for row in table] == names.split()
    assert table.total.parameters == 62_378_344
    assert table.total.multiply_adds == 128 * sum(products for _, _, products in TABLE)
    assert table[1].memory == 128 * 55 * 55 * 96 * 4


def test_shapes_and_parameters_are_those_of_the_network_in_keras():
    import keras
    from keras import layers

    network = keras.Sequential(
        [
            keras.Input((227, 227, 3)),
            layers.Conv2D(96, 11, strides=4),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(256, 5, padding="same"),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(384, 3, padding="same"),
            layers.Conv2D(384, 3, padding="same"),
            layers.Conv2D(256, 3, padding="same"),
            layers.MaxPooling2D(3, 2),
            layers.Flatten(),
            *[layers.Dense(units) for units in (4096, 4096, 1000)],
        ]
    )
    kept = [layer for layer in network.layers if not isinstance(layer, layers.Flatten)]
    assert alexnet_shapes()[1:] == [layer.output.shape[1:] for layer in kept]
    assert alexnet_params() == [layer.count_params() for layer in kept]


def test_the_model_has_the_tables_shapes_and_parameters():
    import keras

    with keras.StatelessScope(initialize_variables=False):  # no weight is made
        model = alexnet((227, 227, 3), 1000)
    kept = [layer for layer in model.layers if type(layer).__name__ not in ("Flatten", "Dropout")]
    assert alexnet_shapes() == [model.input_shape[1:], *(layer.output.shape[1:] for layer in kept)]
    assert alexnet_params() == [layer.count_params() for layer in kept]
    assert model.count_params() == 62_378_344


def test_the_model_answers_with_probabilities_for_any_shape_and_number_of_classes():
    model = alexnet((67, 80, 1), 3)
    probabilities = np.asarray(model(rng().standard_normal((2, 67, 80, 1))))
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_weights_begin_for_a_relu_where_one_follows():
    import keras

    with keras.StatelessScope(initialize_variables=False):
        layers = [layer for layer in alexnet((67, 67, 3), 2).layers if layer.count_params()]
    kinds = [type(layer.kernel_initializer).__name__ for layer in layers]
    assert kinds == ["HeNormal"] * 7 + ["GlorotUniform"]
    assert [layer.activation.__name__ for layer in layers] == ["relu"] * 7 + ["softmax"]


def direct_norm(images, size, k, alpha, beta):
    """The paper's sum, channel by channel: j from max(0, c - n/2) to min(C - 1, c + n/2)."""
    out = np.empty(images.shape)
    channels = images.shape[-1]
    for c in range(channels):
        first, last = max(0, c - size // 2), min(channels - 1, c + size // 2)
        squares = sum(images[..., j].astype(float) ** 2 for j in range(first, last + 1))
        out[..., c] = images[..., c] / (k + alpha * squares) ** beta
    return out


@st.composite
def norms(draw):
    """Images and the constants of a normalisation; windows narrower and wider than the channels."""
    shape = draw(st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 9)))
    images = rng(draw(st.integers(0, 2**32 - 1))).standard_normal(shape) * draw(st.sampled_from([1, 30]))
    constants = dict(
        size=draw(st.sampled_from([1, 3, 5, 7, 21])),
        k=draw(st.sampled_from([1.0, 2.0])),
        alpha=draw(st.sampled_from([1e-4, 0.5])),
        beta=draw(st.sampled_from([0.5, 0.75, 1.0])),
    )
    return images, constants


@given(norms())
def test_local_response_norm_is_the_papers_formula(norm):
    images, constants = norm
    np.testing.assert_allclose(local_response_norm(images, **constants), direct_norm(images, **constants), rtol=1e-12)


@settings(max_examples=30)
@given(norms())
def test_local_response_norm_and_its_gradient_are_tensorflows(norm):
    import tensorflow as tf

    images, constants = norm
    images = images.astype(np.float32)
    grad = rng(1).standard_normal(images.shape).astype(np.float32)
    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        out = tf.nn.local_response_normalization(
            variable, constants["size"] // 2, constants["k"], constants["alpha"], constants["beta"]
        )
        loss = tf.reduce_sum(out * grad)
    np.testing.assert_allclose(local_response_norm(images, **constants), out, rtol=1e-4, atol=1e-6)
    ours = local_response_norm_backward(grad, images, **constants)
    np.testing.assert_allclose(ours, tape.gradient(loss, variable), rtol=1e-3, atol=1e-4)


@settings(max_examples=20)
@given(norms())
def test_local_response_norm_backward_is_the_numerical_gradient(norm):
    images, constants = norm
    grad = rng(1).standard_normal(images.shape)
    numeric = np.empty(images.shape)
    for index in np.ndindex(images.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = images.copy()
            moved[index] += step
            ends.append(np.sum(direct_norm(moved, **constants) * grad))
        numeric[index] = (ends[0] - ends[1]) / 2e-5
    np.testing.assert_allclose(local_response_norm_backward(grad, images, **constants), numeric, atol=1e-6)


def test_the_defaults_are_the_papers_constants():
    images = rng().standard_normal((1, 2, 2, 8)) * 50
    np.testing.assert_allclose(local_response_norm(images), direct_norm(images, 5, 2, 1e-4, 0.75))
    np.testing.assert_array_equal(
        local_response_norm_backward(images, images),
        local_response_norm_backward(images, images, size=5, k=2, alpha=1e-4, beta=0.75),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type_whatever_the_constants_are(dtype):
    images = np.ones((1, 2, 2, 4), dtype)
    out = local_response_norm(images, 3, np.float64(2), np.float64(1e-4), np.float64(0.75))
    d_images = local_response_norm_backward(out, images, 3, np.float64(2), np.float64(1e-4), np.float64(0.75))
    assert out.dtype == d_images.dtype == dtype


def test_whole_numbers_are_normalised_as_floats_and_do_not_overflow():
    images = np.full((1, 1, 1, 3), 255, np.uint8)
    np.testing.assert_allclose(local_response_norm(images, alpha=1.0), direct_norm(images, 5, 2, 1.0, 0.75))


def test_the_normalisation_leaves_its_inputs_alone_and_gives_fresh_arrays():
    images = rng().standard_normal((2, 3, 4, 5))[:, ::-1].swapaxes(1, 2)
    before = images.copy()
    images.flags.writeable = False
    for size in (1, 5):
        out = local_response_norm(images, size)
        d_images = local_response_norm_backward(images, images, size)
        assert not np.may_share_memory(out, images) and not np.may_share_memory(d_images, images)
        np.testing.assert_allclose(out, local_response_norm(before, size))
    np.testing.assert_array_equal(images, before)


def test_channels_change_places_and_keep_their_pixels():
    images = rng().standard_normal((2, 3, 4, 5))
    first = to_channels_first(images)
    assert first.shape == (2, 5, 3, 4)
    for n, i, j, c in np.ndindex(images.shape):
        assert first[n, c, i, j] == images[n, i, j, c]
    np.testing.assert_array_equal(to_channels_last(first), images)


def test_kernels_change_to_pytorchs_order_and_keep_their_entries():
    kernels = rng().standard_normal((2, 3, 4, 5))
    moved = kernels_to_channels_first(kernels)
    assert moved.shape == (5, 4, 2, 3)
    for a, b, c, f in np.ndindex(kernels.shape):
        assert moved[f, c, a, b] == kernels[a, b, c, f]


def test_random_flip_turns_each_image_as_a_whole_and_about_half_of_them():
    images = rng().integers(0, 256, (400, 3, 4, 2), dtype=np.uint8)
    flipped = random_flip(images, rng(1))
    turned = np.array([not np.array_equal(new, old) for new, old in zip(flipped, images, strict=True)])
    for new, old, was_turned in zip(flipped, images, turned, strict=True):
        np.testing.assert_array_equal(new, np.fliplr(old) if was_turned else old)
    assert 160 <= turned.sum() <= 240  # four standard deviations around 200
    assert flipped.dtype == images.dtype


def test_random_crop_takes_every_place_about_equally_often_and_rows_apart_from_columns():
    height, width, size = 5, 7, (3, 4)
    # Every pixel's number tells its row and column.
    numbered = np.arange(height * width).reshape(height, width, 1)
    crops = random_crop(np.repeat(numbered[None], 6000, axis=0), size, rng())
    assert crops.shape == (6000, 3, 4, 1)
    counts = np.zeros((3, 4), int)
    for crop in crops:
        top, left = divmod(int(crop[0, 0, 0]), width)
        np.testing.assert_array_equal(crop, numbered[top : top + 3, left : left + 4])
        counts[top, left] += 1
    # 6000 / 12 for each place: none may be further off than five standard deviations.
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500)


def test_every_image_is_cropped_from_itself():
    images = np.broadcast_to(np.arange(6).reshape(6, 1, 1, 1), (6, 8, 8, 3))
    np.testing.assert_array_equal(random_crop(images, 5, rng()), images[:, :5, :5])


def test_a_crop_of_the_full_size_is_the_image():
    images = rng().standard_normal((2, 3, 4, 2))
    np.testing.assert_array_equal(random_crop(images, (3, 4), rng()), images)


@pytest.mark.parametrize("change", [random_flip, lambda images, rng: random_crop(images, (3, 5), rng)])
def test_augmentation_repeats_with_its_seed_gives_fresh_arrays_and_leaves_the_images_alone(change):
    images = rng().standard_normal((9, 3, 5, 2)).astype(np.float32)
    before = images.copy()
    images.flags.writeable = False
    new = change(images, rng(1))
    np.testing.assert_array_equal(new, change(images, rng(1)))
    np.testing.assert_array_equal(images, before)
    assert new.dtype == np.float32 and not np.may_share_memory(new, images)
    assert change(images[:0], rng()).shape == (0, 3, 5, 2)
    assert change(images[:1], rng()).shape == (1, 3, 5, 2)


@given(
    scores=arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(2, 8)), elements=st.integers(0, 5)),
    seed=st.integers(0, 1000),
    k=st.integers(1, 9),
)
def test_top_k_accuracy_is_keras_ties_included(scores, seed, k):
    import tensorflow as tf

    labels = rng(seed).integers(0, scores.shape[1], len(scores))
    expected = tf.reduce_mean(tf.cast(tf.math.in_top_k(labels, scores, k), tf.float64))
    assert top_k_accuracy(scores, labels, k) == pytest.approx(float(expected))


def test_top_k_accuracy_counts_five_unless_told_and_is_the_accuracy_for_one():
    import keras

    probabilities = rng().dirichlet(np.ones(20), 50).astype(np.float32)
    labels = rng(1).integers(0, 20, 50)
    metric = keras.metrics.SparseTopKCategoricalAccuracy(5)
    metric.update_state(labels, probabilities)
    assert top_k_accuracy(probabilities, labels) == pytest.approx(float(metric.result()))
    assert top_k_accuracy(probabilities, labels, k=1) == np.mean(probabilities.argmax(axis=1) == labels)
    assert top_k_accuracy(probabilities, labels, k=20) == 1


def test_lists_are_as_good_as_arrays():
    assert top_k_accuracy([[1, 3, 2], [3, 2, 1]], [2, 2], k=2) == 0.5


ONES = np.ones((2, 4, 5, 3))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: local_response_norm(ONES, size=4), "size must be an odd number of at least 1, got 4"),
        (lambda: local_response_norm(ONES, size=-1), "got -1"),
        (lambda: local_response_norm_backward(ONES[:1], ONES), r"shape \(2, 4, 5, 3\), got \(1, 4, 5, 3\)"),
        (lambda: local_response_norm_backward(ONES, ONES, size=2), "got 2"),
        (lambda: to_channels_first(ONES[0]), r"images must have 4 dimensions, got shape \(4, 5, 3\)"),
        (lambda: to_channels_last(ONES[0]), r"images must have 4 dimensions, got shape \(4, 5, 3\)"),
        (lambda: kernels_to_channels_first(ONES[0]), r"kernels must have 4 dimensions, got shape \(4, 5, 3\)"),
        (lambda: random_flip(ONES[0], rng()), r"images must have 4 dimensions, got shape \(4, 5, 3\)"),
        (lambda: random_crop(ONES[0], 2, rng()), r"images must have 4 dimensions, got shape \(4, 5, 3\)"),
        (lambda: random_crop(ONES, 5, rng()), "a piece of 5 × 5 cannot be cut out of images of 4 × 5"),
        (lambda: random_crop(ONES, (4, 6), rng()), "a piece of 4 × 6 cannot"),
        (lambda: random_crop(ONES, 0, rng()), "size must be at least 1, got 0"),
        (lambda: top_k_accuracy(np.ones(3), [1]), r"\(samples, classes\), got \(3,\)"),
        (lambda: top_k_accuracy(np.ones((0, 3)), []), r"got \(0, 3\)"),
        (lambda: top_k_accuracy(np.ones((2, 3)), [1]), r"each of the 2 samples, got shape \(1,\)"),
        (lambda: top_k_accuracy(np.ones((2, 3)), [1, 3]), "whole numbers from 0 to 2, got 3"),
        (lambda: top_k_accuracy(np.ones((2, 3)), [-1, 1]), "got -1"),
        (lambda: top_k_accuracy(np.ones((2, 3)), [0.5, 1]), "got 0.5"),
        (lambda: top_k_accuracy(np.ones((2, 3)), [0, 1], k=0), "k must be at least 1, got 0"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_network_that_answers_nan_is_never_right():
    assert top_k_accuracy(np.full((4, 10), np.nan), [1, 2, 3, 4], 1) == 0
    assert top_k_accuracy([[0.1, np.nan, 0.9]], [1], 1) == 0
