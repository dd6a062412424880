"""cnncourse.backprop: im2col and col2im against loops, TensorFlow's patches and hand computation; what it passes on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import SEEDS, both, meetings, numerical_gradient
from oracles import conv2d as looped_conv2d
from oracles import conv2d_backward as looped_conv2d_backward

from cnncourse import activations, backprop, convolution, losses
from cnncourse.backprop import col2im, im2col

IMAGE = np.arange(1, 10).reshape(1, 3, 3, 1)


@st.composite
def windows(draw):
    """Images, their columns written out by loops, and the arguments of im2col."""
    rng = np.random.default_rng(draw(SEEDS))

    def int_or_pair(low, high):
        numbers = tuple(rng.integers(low, high + 1, 2).tolist())
        return numbers if rng.random() < 0.5 else numbers[0]

    kernel_size, stride, padding = int_or_pair(1, 4), int_or_pair(1, 4), int_or_pair(0, 3)
    least = [max(1, f - 2 * p) for f, p in zip(both(kernel_size), both(padding), strict=True)]
    shape = (rng.integers(1, 4), *(n + rng.integers(7) for n in least), [1, 2, 3, 5][rng.integers(4)])
    images = rng.standard_normal(shape)
    met, size = meetings(shape, both(kernel_size), stride, padding, 1)
    columns = np.zeros((len(images), *size, *both(kernel_size), images.shape[3]))
    for i, j, a, b, y, x in met:
        columns[:, i, j, a, b] = images[:, y, x]
    columns = columns.reshape(len(images) * size[0] * size[1], -1)
    return images, columns, dict(kernel_size=kernel_size, stride=stride, padding=padding)


def tensorflows_patches(images, kernel_size, stride, padding):
    import tensorflow as tf

    rows, columns = both(padding)
    images = tf.pad(images, [(0, 0), (rows, rows), (columns, columns), (0, 0)])
    patches = tf.image.extract_patches(
        images, [1, *both(kernel_size), 1], [1, *both(stride), 1], [1, 1, 1, 1], padding="VALID"
    )
    return tf.reshape(patches, (-1, patches.shape[-1]))


def test_the_windows_of_three_by_three_pixels_by_hand():
    assert im2col(IMAGE, 2).tolist() == [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert im2col(IMAGE, (1, 3), stride=2).tolist() == [[1, 2, 3], [7, 8, 9]]
    assert im2col(IMAGE, (3, 1), stride=2).tolist() == [[1, 4, 7], [3, 6, 9]]
    assert im2col(IMAGE, 2, stride=2, padding=1).tolist() == [[0, 0, 0, 1], [0, 0, 2, 3], [0, 4, 0, 7], [5, 6, 8, 9]]
    assert im2col(IMAGE[:, :1], (1, 2), padding=(0, 1)).tolist() == [[0, 1], [1, 2], [2, 3], [3, 0]]


def test_channels_lie_side_by_side_and_images_one_after_the_other():
    images = np.array([[[[1, 10], [2, 20], [3, 30]]], [[[4, 40], [5, 50], [6, 60]]]])
    assert im2col(images, (1, 2)).tolist() == [[1, 10, 2, 20], [2, 20, 3, 30], [4, 40, 5, 50], [5, 50, 6, 60]]


def test_every_row_goes_back_to_its_window_and_overlaps_add_up_by_hand():
    columns = [[1, 2, 3, 4], [10, 20, 30, 40], [100, 200, 300, 400], [1000, 2000, 3000, 4000]]
    added = [[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]]
    assert col2im(columns, (1, 3, 3, 1), 2)[0, :, :, 0].tolist() == added
    apart = [[4, 30, 40], [200, 1000, 2000], [400, 3000, 4000]]
    assert col2im(columns, (1, 3, 3, 1), 2, stride=2, padding=1)[0, :, :, 0].tolist() == apart
    left_over = col2im(np.ones((1, 4)), (1, 3, 3, 1), 2, stride=2)
    assert left_over[0, :, :, 0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


@given(windows())
def test_im2col_is_the_loops_and_tensorflows_patches(window):
    images, columns, options = window
    found = im2col(images, **options)
    np.testing.assert_array_equal(found, columns)
    np.testing.assert_array_equal(found, tensorflows_patches(images, **options).numpy())


@given(windows())
def test_col2im_is_the_adjoint_and_tensorflows_gradient(window):
    import tensorflow as tf

    images, columns, options = window
    sent = np.random.default_rng(0).standard_normal(columns.shape)
    returned = col2im(sent, images.shape, **options)
    assert returned.shape == images.shape
    np.testing.assert_allclose((returned * images).sum(), (sent * columns).sum(), atol=1e-9)
    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tensorflows_patches(variable, **options) * sent)
    np.testing.assert_allclose(returned, tape.gradient(loss, variable).numpy(), atol=1e-12)


@settings(max_examples=10)
@given(windows())
def test_col2im_is_the_numerical_gradient_of_im2col(window):
    images, columns, options = window
    sent = np.random.default_rng(0).standard_normal(columns.shape)
    numeric = numerical_gradient(
        lambda moved: np.sum(im2col(moved[None], **options) * sent[: len(columns) // len(images)]), images[0]
    )
    np.testing.assert_allclose(col2im(sent, images.shape, **options)[0], numeric, atol=1e-8)


@given(windows(), SEEDS)
def test_columns_times_kernels_are_a_convolution_and_its_gradients(window, seed):
    images, _, options = window
    rng = np.random.default_rng(seed)
    kernels = rng.standard_normal((*both(options["kernel_size"]), images.shape[3], 3))
    matrix = kernels.reshape(-1, 3)
    layer = dict(stride=options["stride"], padding=options["padding"])
    expected = looped_conv2d(images, kernels, 0, **layer)
    columns = im2col(images, **options)
    np.testing.assert_allclose((columns @ matrix).reshape(expected.shape), expected, atol=1e-10)
    grad = rng.standard_normal(expected.shape)
    d_images, d_kernels, d_bias = looped_conv2d_backward(grad, images, kernels, **layer)
    rows = grad.reshape(-1, 3)
    np.testing.assert_allclose(col2im(rows @ matrix.T, images.shape, **options), d_images, atol=1e-10)
    np.testing.assert_allclose((columns.T @ rows).reshape(kernels.shape), d_kernels, atol=1e-10)
    for ours, looped in zip(
        backprop.conv2d_backward(grad, images, kernels, **layer), (d_images, d_kernels, d_bias), strict=True
    ):
        np.testing.assert_allclose(ours, looped, atol=1e-10)


@given(windows())
def test_views_are_as_good_as_copies_inputs_stay_and_results_are_fresh(window):
    images, columns, options = window
    arguments = []
    for array in (images, columns):
        wide = np.full([2 * n for n in array.shape], np.nan)
        arguments.append(wide[(slice(None, None, -2),) * array.ndim])
        arguments[-1][...] = array
        arguments[-1].flags.writeable = False
    results = im2col(arguments[0], **options), col2im(arguments[1], images.shape, **options)
    np.testing.assert_array_equal(results[0], columns)
    np.testing.assert_array_equal(results[1], col2im(columns, images.shape, **options))
    np.testing.assert_array_equal(arguments[0], images)
    np.testing.assert_array_equal(arguments[1], columns)
    for ours in results:
        assert ours.flags.c_contiguous and ours.flags.writeable
        assert not any(np.may_share_memory(ours, array.base) for array in arguments)


@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (1, 1, 1, 1), (1, 3, 4, 1), (5, 1, 1, 3)])
def test_a_kernel_of_one_pixel_copies_there_and_back(shape):
    images = np.arange(np.prod(shape, dtype=float)).reshape(shape)
    columns = im2col(images, 1)
    back = col2im(columns, shape, 1)
    np.testing.assert_array_equal(columns, images.reshape(-1, shape[3]))
    np.testing.assert_array_equal(back, images)
    assert not np.may_share_memory(columns, images) and not np.may_share_memory(back, columns)


@pytest.mark.parametrize("shape", [(1, 3, 3, 2), (3, 3, 3, 1)])
def test_a_kernel_of_the_images_size_makes_one_row_of_each_and_shares_nothing(shape):
    images = np.arange(np.prod(shape, dtype=float)).reshape(shape)
    columns = im2col(images, 3)
    back = col2im(columns, shape, 3)
    np.testing.assert_array_equal(columns, images.reshape(shape[0], -1))
    np.testing.assert_array_equal(back, images)
    assert not np.may_share_memory(columns, images) and not np.may_share_memory(back, columns)


@pytest.mark.parametrize(
    ("given_type", "expected"),
    [(np.float32, np.float32), (np.float64, np.float64), (np.uint8, np.float64), (int, np.float64), (bool, np.float64)],
)
def test_floats_keep_their_type_and_whole_numbers_add_up_without_overflow(given_type, expected):
    images = np.full((2, 4, 4, 1), 200).astype(given_type)
    columns = im2col(images, 2)
    back = col2im(np.full((18, 4), 200).astype(given_type), images.shape, 2)
    assert {columns.dtype, back.dtype} == {np.dtype(expected)}
    assert columns.max() == float(images.max()) and back.max() == 4 * float(images.max())
    np.testing.assert_array_equal(im2col(images.tolist(), 2), columns)


def test_an_empty_batch_has_no_rows():
    images = np.zeros((0, 4, 5, 3), np.float32)
    assert im2col(images, (2, 3)).shape == (0, 18)
    assert col2im(np.zeros((0, 18), np.float32), images.shape, (2, 3)).shape == images.shape


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(kernel_size=0), "kernel_size must be at least 1, got 0"),
        (dict(kernel_size=(2, 2.5)), "kernel_size must be a whole number, got 2.5"),
        (dict(kernel_size=(2, 2, 2)), r"kernel_size must be an int or a pair .*got \(2, 2, 2\)"),
        (dict(kernel_size=(4, 1)), "a kernel of 4 does not fit into an input of 3"),
        (dict(kernel_size=7, padding=1), "a kernel of 7 does not fit into an input of 5"),
        (dict(kernel_size=2, stride=0), "stride must be at least 1, got 0"),
        (dict(kernel_size=2, stride=(1, -2)), "stride must be at least 1, got -2"),
        (dict(kernel_size=2, padding=-1), "padding must be at least 0, got -1"),
        (dict(kernel_size=2, padding="same"), "padding must be an int or a pair .*got 'same'"),
        (dict(kernel_size=2, padding=((1, 1), (1, 1))), r"padding must be a whole number, got \(1, 1\)"),
    ],
)
def test_impossible_arguments_raise_there_and_back_and_name_the_number(arguments, said):
    with pytest.raises(ValueError, match=said):
        im2col(np.zeros((1, 3, 4, 1)), **arguments)
    with pytest.raises(ValueError, match=said):
        col2im(np.zeros((6, 4)), (1, 3, 4, 1), **arguments)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: im2col(np.zeros((3, 4, 1)), 2), r"images must have 4 dimensions, got shape \(3, 4, 1\)"),
        (lambda: im2col(np.full((1, 1, 1, 1), "a"), 1), "arrays of numbers"),
        (lambda: im2col(np.zeros((1, 0, 4, 1)), 1), "n must be at least 1, got 0"),
        (lambda: col2im(np.zeros((6, 4)), (3, 4, 1), 2), r"4 dimensions, got shape \(3, 4, 1\)"),
        (lambda: col2im(np.zeros((6, 3)), (1, 3, 4, 1), 2), r"columns must .* \(6, 4\), got \(6, 3\)"),
        (lambda: col2im(np.zeros((4, 6)), (1, 3, 4, 1), 2), r"columns must .* \(6, 4\), got \(4, 6\)"),
        (lambda: col2im(np.zeros(24), (1, 3, 4, 1), 2), r"columns must .* \(6, 4\), got \(24,\)"),
    ],
)
def test_what_is_not_images_or_their_columns_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_it_holds_every_function_that_the_assignment_asks_for():
    asked = {
        "im2col",
        "col2im",
        "conv2d_backward",
        "relu",
        "relu_backward",
        "affine",
        "affine_backward",
        "softmax_cross_entropy",
        "numerical_gradient",
    }
    assert asked <= set(backprop.__all__) and list(backprop.__all__) == sorted(backprop.__all__)
    assert backprop.conv2d_backward is convolution.conv2d_backward
    assert backprop.softmax_cross_entropy is losses.softmax_cross_entropy
    for name in ("relu", "relu_backward", "affine", "affine_backward", "numerical_gradient"):
        assert getattr(backprop, name) is getattr(activations, name)
    for name in backprop.__all__:
        assert ">>>" in getattr(backprop, name).__doc__, name
