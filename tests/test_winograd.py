"""cnncourse.winograd against a direct loop, Keras, and numerical gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import winograd
from cnncourse.winograd import winograd_conv2d, winograd_conv2d_backward
from tests import oracles


@st.composite
def layers(draw):
    """Images of any size a 3 × 3 kernel fits into, kernels, bias, and padding."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    padding = draw(st.sampled_from(["valid", "same", 1, (0, 2), (3, 1), ((0, 1), (2, 0))]))
    height, width = draw(st.integers(3, 11)), draw(st.integers(3, 11))
    count, c_in, c_out = (draw(st.integers(1, 3)) for _ in range(3))
    images = rng.standard_normal((count, height, width, c_in))
    return images, rng.standard_normal((3, 3, c_in, c_out)), rng.standard_normal(c_out), padding


@given(layers(), st.sampled_from([(1, 1), (20, 8), (2**13, 512)]))
def test_it_is_the_direct_loop_however_the_work_is_cut(layer, sizes):
    images, kernels, bias, padding = layer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "TILE", sizes[0])
        patch.setattr(winograd, "BLOCK", sizes[1])
        out = winograd_conv2d(images, kernels, bias, padding)
        grad = np.random.default_rng(0).standard_normal(out.shape)
        gradients = winograd_conv2d_backward(grad, images, kernels, padding)
    np.testing.assert_allclose(out, oracles.conv2d(images, kernels, bias, padding=padding), atol=1e-10)
    expected = oracles.conv2d_backward(grad, images, kernels, padding=padding)
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@settings(max_examples=20)
@given(layers())
def test_it_is_keras_with_keras_gradients(layer):
    import keras
    import tensorflow as tf

    images, kernels, bias, padding = layer
    padding = padding if isinstance(padding, str) else "same"
    variables = [tf.Variable(array) for array in (images, kernels, bias)]
    with tf.GradientTape() as tape:
        out = keras.ops.conv(variables[0], variables[1], padding=padding) + variables[2]
        grad = np.random.default_rng(0).standard_normal(out.shape)
        loss = tf.reduce_sum(out * grad)
    np.testing.assert_allclose(winograd_conv2d(images, kernels, bias, padding), out, atol=1e-10)
    gradients = winograd_conv2d_backward(grad, images, kernels, padding)
    for ours, theirs in zip(gradients, tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)


def test_in_float32_it_stays_within_a_hundred_thousandth_of_the_exact_numbers():
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal((2, 28, 28, 64)), rng.standard_normal((3, 3, 64, 64))
    narrow = images.astype(np.float32), kernels.astype(np.float32)
    exact = oracles.conv2d(narrow[0].astype(float), narrow[1].astype(float), np.zeros(64), padding="same")
    out = winograd_conv2d(*narrow, padding="same")
    assert out.dtype == np.float32
    assert np.abs(out - exact).max() <= 1e-5 * np.abs(exact).max()


def test_the_first_layer_may_do_without_its_images_gradient():
    images, kernels, grad = np.ones((1, 5, 5, 2)), np.ones((3, 3, 2, 1)), np.ones((1, 3, 3, 1))
    d_images, d_kernels, d_bias = winograd_conv2d_backward(grad, images, kernels, input_gradient=False)
    assert d_images is None and d_kernels.shape == kernels.shape and d_bias.tolist() == [9]


@given(layers())
def test_inputs_stay_as_they_are_and_views_are_as_good_as_copies(layer):
    images, kernels, bias, padding = layer
    views = [images[:, ::-1, ::-1], kernels[::-1, ::-1], bias[::-1]]
    copies = [array.copy() for array in views]
    for array in views:
        array.flags.writeable = False
    out = winograd_conv2d(*views, padding)
    gradients = winograd_conv2d_backward(out, *views[:2], padding)
    np.testing.assert_allclose(out, winograd_conv2d(*copies, padding), atol=1e-12)
    for array, copy in zip(views, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not any(np.may_share_memory(array, result) for result in (out, *gradients))


def test_an_empty_batch_gives_an_empty_result():
    images, kernels = np.zeros((0, 5, 5, 2)), np.zeros((3, 3, 2, 4))
    out = winograd_conv2d(images, kernels)
    assert out.shape == (0, 3, 3, 4)
    d_images, d_kernels, _ = winograd_conv2d_backward(out, images, kernels)
    assert d_images.shape == images.shape and not d_kernels.any()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, w: winograd_conv2d(x, w[:2]), r"must be 3 × 3 here, got shape \(2, 3, 2, 4\)"),
        (lambda x, w: winograd_conv2d(x, w[..., 0]), r"must be 3 × 3 here, got shape \(3, 3, 2\)|4 dimensions"),
        (lambda x, w: winograd_conv2d(x[:, :2], w), "a kernel of 3 does not fit into an input of 2"),
        (lambda x, w: winograd_conv2d(x, w, np.zeros(3)), r"each of the 4 filters, got shape \(3,\)"),
        (lambda x, w: winograd_conv2d(x, w, padding="full"), "got 'full'"),
        (lambda x, w: winograd_conv2d_backward(x, x, w), r"shape \(1, 3, 3, 4\), got \(1, 5, 5, 2\)"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call(np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2, 4)))
