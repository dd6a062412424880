"""cnncourse.convolution against Keras, SciPy, a numerical gradient, and hand computation."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import conv2d as looped_conv2d
from oracles import conv2d_backward as looped_conv2d_backward
from oracles import layers_2d
from scipy import ndimage, signal

from cnncourse import convolution
from cnncourse.convolution import conv2d, conv2d_backward, conv2d_params, convolve2d, correlate2d, sobel_edges

IMAGE = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]])
KERNEL = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]])


@st.composite
def layers(draw, dilations=True):
    """A layer that fits: images, kernels, bias and the arguments of conv2d."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kh, kw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    dilation = (1, 1)
    if dilations and stride == (1, 1):  # Keras refuses both at once
        dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    reach = ((kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1)
    height, width = (draw(st.integers(f, f + 5)) for f in reach)
    count, c_in, c_out = (draw(st.integers(1, 3)) for _ in range(3))
    padding = draw(st.sampled_from(["valid", "same"]))
    images = rng.standard_normal((count, height, width, c_in))
    kernels = rng.standard_normal((kh, kw, c_in, c_out))
    return images, kernels, rng.standard_normal(c_out), dict(stride=stride, padding=padding, dilation=dilation)


def keras_conv2d(images, kernels, bias, stride, padding, dilation):
    import keras

    return keras.ops.conv(images, kernels, strides=stride, padding=padding, dilation_rate=dilation) + bias


def test_the_worked_example_of_the_chapter():
    assert correlate2d(IMAGE, KERNEL).tolist() == [[15, 16], [6, 15]]
    with_bias = conv2d(IMAGE[None, :, :, None], KERNEL[:, :, None, None], [3])
    assert with_bias[0, :, :, 0].tolist() == [[18, 19], [9, 18]]


@given(layers())
def test_correlate2d_and_convolve2d_are_scipys(layer):
    images, kernels, _, _ = layer
    image, kernel = images[0, :, :, 0], kernels[:, :, 0, 0]
    np.testing.assert_allclose(correlate2d(image, kernel), signal.correlate2d(image, kernel, "valid"), atol=1e-12)
    np.testing.assert_allclose(convolve2d(image, kernel), signal.convolve2d(image, kernel, "valid"), atol=1e-12)


@given(layers())
def test_conv2d_is_keras(layer):
    images, kernels, bias, options = layer
    expected = keras_conv2d(images, kernels, bias, **options)
    np.testing.assert_allclose(conv2d(images, kernels, bias, **options), expected, atol=1e-10)


@given(layers())
def test_channels_first_is_channels_last_with_its_axes_moved(layer):
    images, kernels, bias, options = layer
    expected = np.moveaxis(conv2d(images, kernels, bias, **options), 3, 1)
    moved = np.moveaxis(images, 3, 1)
    np.testing.assert_array_equal(conv2d(moved, kernels, bias, **options, data_format="channels_first"), expected)
    grad = np.random.default_rng(0).standard_normal(expected.shape)
    d_images, d_kernels, d_bias = conv2d_backward(grad, moved, kernels, **options, data_format="channels_first")
    last = conv2d_backward(np.moveaxis(grad, 1, 3), images, kernels, **options)
    np.testing.assert_allclose(np.moveaxis(d_images, 1, 3), last[0])
    np.testing.assert_allclose(d_kernels, last[1])
    np.testing.assert_allclose(d_bias, last[2])


@settings(max_examples=40)
@given(layers())
def test_conv2d_backward_is_keras_gradient(layer):
    import tensorflow as tf

    images, kernels, bias, options = layer
    variables = [tf.Variable(array) for array in (images, kernels, bias)]
    with tf.GradientTape() as tape:
        out = keras_conv2d(*variables, **options)
        grad = np.random.default_rng(0).standard_normal(out.shape)
        loss = tf.reduce_sum(out * grad)
    for ours, theirs in zip(
        conv2d_backward(grad, images, kernels, **options), tape.gradient(loss, variables), strict=True
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)


@settings(max_examples=15)
@given(layers(), st.integers(1, 2), st.integers(0, 2))
def test_conv2d_backward_is_the_numerical_gradient(layer, dilation, padding):
    """Also where Keras cannot go: stride and dilation at once, explicit padding."""
    images, kernels, bias, options = layer
    options = dict(stride=options["stride"], padding=(padding, padding + dilation), dilation=dilation)
    try:
        out = conv2d(images, kernels, bias, **options)
    except ValueError:
        assume(False)  # this kernel does not fit
    grad = np.random.default_rng(0).standard_normal(out.shape)
    for k, analytic in enumerate(conv2d_backward(grad, images, kernels, **options)):
        arguments = [images, kernels, bias]
        numeric = np.empty(arguments[k].shape)
        for index in np.ndindex(numeric.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [array.copy() for array in arguments]
                moved[k][index] += step
                ends.append(np.sum(conv2d(*moved, **options) * grad))
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(analytic, numeric, atol=1e-6)


@given(layers_2d())
def test_every_layer_and_its_gradients_are_the_loops(layer):
    """Every padding, gaps between windows, stride and dilation at once, few channels and many."""
    images, kernels, bias, grad, options = layer
    looped = looped_conv2d(images, kernels, bias, **options)
    np.testing.assert_allclose(conv2d(images, kernels, bias, **options), looped, atol=1e-10)
    np.testing.assert_allclose(conv2d(images, kernels, **options), looped - bias, atol=1e-10)
    for ours, expected in zip(
        conv2d_backward(grad, images, kernels, **options),
        looped_conv2d_backward(grad, images, kernels, **options),
        strict=True,
    ):
        np.testing.assert_allclose(ours, expected, atol=1e-10)


def test_each_side_has_its_own_padding():
    image, kernel = np.array([[1, 2], [3, 4]])[None, :, :, None], np.array([[1, 10], [100, 1000]])[:, :, None, None]
    out = conv2d(image, kernel, padding=((1, 0), (0, 2)))
    assert out[0, :, :, 0].tolist() == [[2100, 200, 0], [4321, 402, 0]]
    d_image, d_kernel, _ = conv2d_backward(np.ones_like(out), image, kernel, padding=((1, 0), (0, 2)))
    assert d_image[0, :, :, 0].tolist() == [[101, 1111], [100, 1100]]
    assert d_kernel[:, :, 0, 0].tolist() == [[3, 2], [10, 6]]


def test_between_windows_that_lie_apart_no_pixel_gets_a_gradient():
    images, kernels = np.ones((1, 7, 8, 1)), np.array([[1, 2], [3, 4]])[:, :, None, None]
    d_images, _, _ = conv2d_backward(np.ones((1, 2, 3, 1)), images, kernels, stride=(4, 3))
    rows = [[1, 2, 0, 1, 2, 0, 1, 2], [3, 4, 0, 3, 4, 0, 3, 4], [0] * 8, [0] * 8]
    assert d_images[0, :, :, 0].tolist() == [*rows, *rows[:3]]


def test_explicit_padding_is_zeros_around_the_image():
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal((2, 4, 5, 2)), rng.standard_normal((3, 2, 2, 3))
    by_hand = np.zeros((2, 6, 9, 2))
    by_hand[:, 1:5, 2:7] = images
    np.testing.assert_array_equal(conv2d(images, kernels, padding=(1, 2)), conv2d(by_hand, kernels))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(dtype):
    images, kernels, bias = np.ones((1, 4, 4, 2), dtype), np.ones((3, 3, 2, 2), dtype), np.ones(2)
    out = conv2d(images, kernels, bias)
    gradients = conv2d_backward(out, images, kernels)
    assert {array.dtype for array in (out, *gradients)} == {np.dtype(dtype)}
    assert correlate2d(images[0, :, :, 0], kernels[:, :, 0, 0]).dtype == dtype
    assert sobel_edges(images[0, :, :, 0]).dtype == dtype


def test_whole_numbers_become_floats_and_do_not_overflow():
    image = np.full((3, 3), 255, np.uint8)
    assert correlate2d(image, np.ones((3, 3), np.uint8)).tolist() == [[9 * 255.0]]
    assert correlate2d(IMAGE, KERNEL).dtype == np.float64


@given(layers())
def test_inputs_stay_as_they_are_and_views_are_as_good_as_copies(layer):
    images, kernels, bias, options = layer
    arguments = [images[:, ::-1].swapaxes(1, 2), kernels.swapaxes(0, 1)[:, ::-1], bias]
    options = {**options, "stride": options["stride"][::-1], "dilation": options["dilation"][::-1]}
    copies = [np.ascontiguousarray(array) for array in arguments]
    before = [array.copy() for array in arguments]
    for array in arguments:
        array.flags.writeable = False
    out = conv2d(*arguments, **options)
    np.testing.assert_allclose(out, conv2d(*copies, **options), atol=1e-12)
    gradients = conv2d_backward(out, *arguments[:2], **options)
    for array, original in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(array, original)
        assert not any(np.may_share_memory(array, result) for result in (out, *gradients))


def test_a_kernel_of_one_entry_gives_a_fresh_array():
    image = np.arange(6.0).reshape(2, 3)
    assert not np.may_share_memory(image, correlate2d(image, np.ones((1, 1))))


def test_an_empty_batch_gives_an_empty_result():
    out = conv2d(np.zeros((0, 5, 5, 2)), np.zeros((3, 3, 2, 4)), np.zeros(4))
    assert out.shape == (0, 3, 3, 4)
    d_images, d_kernels, _ = conv2d_backward(out, np.zeros((0, 5, 5, 2)), np.zeros((3, 3, 2, 4)))
    assert d_images.shape == (0, 5, 5, 2) and not d_kernels.any()


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 3, 1, 6), (5, 1, 3, 4), (11, 11, 3, 96)])
def test_conv2d_params_counts_what_keras_counts(shape, use_bias):
    import keras

    kh, kw, c_in, c_out = shape
    network = keras.Sequential([keras.Input((16, 16, c_in)), keras.layers.Conv2D(c_out, (kh, kw), use_bias=use_bias)])
    assert conv2d_params(*shape, use_bias) == network.count_params()


@given(st.integers(3, 9), st.integers(3, 9), st.integers(0, 1000))
def test_sobel_edges_is_scipys_gradient(height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(float)
    across, down = (ndimage.sobel(image, axis)[1:-1, 1:-1] for axis in (1, 0))
    np.testing.assert_allclose(sobel_edges(image), np.sqrt(across**2 + down**2), atol=1e-9)


IMAGES, KERNELS = np.zeros((2, 5, 6, 3)), np.zeros((3, 2, 3, 4))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: correlate2d(np.zeros(3), np.zeros((2, 2))), r"image must have 2 dimensions, got shape \(3,\)"),
        (lambda: correlate2d(np.zeros((3, 3)), np.zeros(2)), r"kernel must have 2 dimensions, got shape \(2,\)"),
        (lambda: correlate2d(np.zeros((2, 3)), np.zeros((3, 3))), "a kernel of 3 does not fit into an input of 2"),
        (lambda: convolve2d(np.zeros((2, 3)), np.zeros((1, 4))), "a kernel of 4 does not fit into an input of 3"),
        (lambda: conv2d(IMAGES, KERNELS[:, :, :, 0]), r"kernels must have 4 dimensions, got shape \(3, 2, 3\)"),
        (lambda: conv2d(IMAGES[0], KERNELS), r"images must have 4 dimensions, got shape \(5, 6, 3\)"),
        (lambda: conv2d(IMAGES, KERNELS[:, :, :2]), "kernels for 2 channels cannot read images of 3"),
        (lambda: conv2d(IMAGES, KERNELS, np.zeros(3)), r"each of the 4 filters, got shape \(3,\)"),
        (lambda: conv2d(IMAGES, KERNELS, stride=0), "stride must be at least 1, got 0"),
        (lambda: conv2d(IMAGES, KERNELS, dilation=(1, 0)), "dilation must be at least 1, got 0"),
        (lambda: conv2d(IMAGES, KERNELS, dilation=3), "a kernel of 7 does not fit into an input of 5"),
        (lambda: conv2d(IMAGES, KERNELS, padding=-1), "padding must be at least 0, got -1"),
        (lambda: conv2d(IMAGES, KERNELS, padding="full"), "got 'full'"),
        (lambda: conv2d(IMAGES, KERNELS, data_format="NHWC"), "got 'NHWC'"),
        (lambda: conv2d(np.zeros((1, 0, 4, 3)), KERNELS), "n must be at least 1, got 0"),
        (lambda: conv2d_backward(np.zeros((2, 3, 4, 4)), IMAGES, KERNELS), r"\(2, 3, 5, 4\), got \(2, 3, 4, 4\)"),
        (lambda: correlate2d(np.array([["a"]]), np.array([["b"]])), "arrays of numbers"),
        (lambda: conv2d_params(3, 0, 1, 1), "kw must be at least 1, got 0"),
        (lambda: sobel_edges(np.zeros((2, 5))), "a kernel of 3 does not fit into an input of 2"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: conv2d(IMAGES, KERNELS[..., :0]), "filters.*got 0"),
        (lambda: conv2d(IMAGES[..., :0], KERNELS[:, :, :0]), "channels.*got 0"),
        (lambda: conv2d_backward(np.zeros((2, 3, 5, 4)), IMAGES[..., :0], KERNELS[:, :, :0]), "channels.*got 0"),
        (lambda: conv2d(IMAGES, KERNELS, padding=((1, 2), 3)), r"padding must .*got \(\(1, 2\), 3\)"),
    ],
)
def test_layers_without_channels_or_filters_and_half_a_pair_are_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_importing_the_package_loads_numpy_and_nothing_else_from_outside():
    code = (
        "import sys; before = set(sys.modules); import numpy; import numpy.lib.stride_tricks; ours = set(sys.modules);"
        "import cnncourse, cnncourse.convolution; new = {m.split('.')[0] for m in set(sys.modules) - ours};"
        "print(sorted(m for m in new - set(sys.stdlib_module_names) if m != 'cnncourse'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_function_says_its_shapes_and_shows_an_example():
    for name in convolution.__all__:
        text = getattr(convolution, name).__doc__
        assert ">>>" in text, name


def test_counts_do_not_overflow_in_numpys_small_integers():
    assert conv2d_params(*map(np.uint8, (11, 11, 3, 96))) == 34_944
    assert conv2d_params(*map(np.int16, (5, 5, 256, 256))) == 1_638_656
    with pytest.raises(ValueError, match="kh must be a whole number, got 3.5"):
        conv2d_params(3.5, 3, 1, 1)
