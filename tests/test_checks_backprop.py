"""The checks of 04-backprop: their references agree with TensorFlow's gradients and with sums done by hand."""

import dataclasses

import numpy as np
import pytest

from cnncourse import backprop
from cnncourse.checks import backprop as bank
from cnncourse.checks import functions, task, verdict
from cnncourse.checks.engine import judge

ASSIGNMENT = "04-backprop"


def drawn(name):
    """Every case of a function that counts, with its arrays as floats and its optional arguments filled in."""
    for seed in range(2):
        for case, _ in task(ASSIGNMENT, name).draw(seed):
            arrays = [a.astype(float) if isinstance(a, np.ndarray) and a.dtype.kind != "b" else a for a in case.args]
            yield case, arrays


def settings(kernel_size, stride=1, padding=0):
    return [value if isinstance(value, tuple) else (value, value) for value in (kernel_size, stride, padding)]


def tensorflows_patches(images, *how):
    import tensorflow as tf

    kernel_size, stride, (rows, columns) = settings(*how)
    images = tf.pad(images, [(0, 0), (rows, rows), (columns, columns), (0, 0)])
    patches = tf.image.extract_patches(images, [1, *kernel_size, 1], [1, *stride, 1], [1, 1, 1, 1], padding="VALID")
    return tf.reshape(patches, (-1, patches.shape[-1]))


# -- the references come from outside --------------------------------------------------------------------------------


def test_im2cols_reference_is_tensorflows_patches():
    for _, (images, *how) in drawn("im2col"):
        np.testing.assert_allclose(bank.columns_of(images, *how), tensorflows_patches(images, *how), atol=1e-12)


def test_col2ims_reference_is_the_gradient_of_tensorflows_patches():
    import tensorflow as tf

    for _, (columns, image_shape, *how) in drawn("col2im"):
        images = tf.Variable(np.zeros(image_shape))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tensorflows_patches(images, *how) * columns)
        np.testing.assert_allclose(bank.image_of(columns, image_shape, *how), tape.gradient(loss, images), atol=1e-10)


def test_the_layers_gradients_are_tensorflows():
    import tensorflow as tf

    for _, (grad, images, kernels, *how) in drawn("conv2d_backward"):
        _, stride, (rows, columns) = settings(kernels.shape[:2], *how)
        variables = [tf.Variable(images), tf.Variable(kernels), tf.Variable(np.zeros(kernels.shape[3]))]
        with tf.GradientTape() as tape:
            padded = tf.pad(variables[0], [(0, 0), (rows, rows), (columns, columns), (0, 0)])
            patches = tensorflows_patches(padded, kernels.shape[:2], stride)
            out = patches @ tf.reshape(variables[1], (-1, kernels.shape[3])) + variables[2]
            loss = tf.reduce_sum(tf.reshape(out, grad.shape) * grad)
        for ours, theirs in zip(
            bank.layer_backward(grad, images, kernels, *how), tape.gradient(loss, variables), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_the_layers_gradients_are_those_of_tensorflows_own_convolution():
    import tensorflow as tf

    for _, (grad, images, kernels, *how) in drawn("conv2d_backward"):
        _, stride, (rows, columns) = settings(kernels.shape[:2], *how)
        if stride[0] != stride[1]:
            continue  # TensorFlow's gradient on a CPU takes equal strides only
        around = [[0, 0], [rows, rows], [columns, columns], [0, 0]]
        options = {"strides": [1, *stride, 1], "padding": around}
        with tf.GradientTape() as tape:
            variables = [tf.Variable(images.astype("f4")), tf.Variable(kernels.astype("f4"))]
            out = tf.nn.conv2d(*variables, **options)
            loss = tf.reduce_sum(out * grad.astype("f4"))
        for ours, theirs in zip(
            bank.layer_backward(grad, images, kernels, *how), tape.gradient(loss, variables), strict=False
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_relu_is_keras_and_its_gradient_tensorflows():
    import keras
    import tensorflow as tf

    for _, (x,) in drawn("relu"):
        np.testing.assert_allclose(bank.rectified(x), keras.ops.relu(x), rtol=1e-6)
    for _, (grad, x) in drawn("relu_backward"):
        variable = tf.Variable(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.relu(variable) * grad)
        np.testing.assert_allclose(bank.rectified_backward(grad, x), tape.gradient(loss, variable))


def test_the_affine_layer_is_keras_and_its_gradients_tensorflows():
    import keras
    import tensorflow as tf

    for _, (x, w, b) in drawn("affine"):
        layer = keras.layers.Dense(w.shape[1], dtype="float64")
        layer.build(x.shape)
        layer.set_weights([w, b])
        np.testing.assert_allclose(bank.weighted_sums(x, w, b), layer(x), atol=1e-10)
    for _, (grad, x, w) in drawn("affine_backward"):
        variables = [tf.Variable(x), tf.Variable(w), tf.Variable(np.zeros(w.shape[1]))]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((variables[0] @ variables[1] + variables[2]) * grad)
        for ours, theirs in zip(bank.weighted_sums_backward(grad, x, w), tape.gradient(loss, variables), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_the_loss_and_its_gradient_are_tensorflows():
    import tensorflow as tf

    for _, (logits, labels) in drawn("softmax_cross_entropy"):
        variable = tf.Variable(logits)
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels.astype(int), variable)
            loss = tf.reduce_mean(each)
        ours, gradient = bank.cross_entropy(logits, labels.astype(int))
        np.testing.assert_allclose(ours, loss, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(gradient, tape.gradient(loss, variable), atol=1e-12)


@pytest.mark.parametrize("eps", [1e-5, 0.01, 0.5])
def test_the_centred_difference_is_the_one_done_by_hand(eps):
    x = np.array([[2.0, -1.0], [0.5, 3.0]])
    # ((x + e)³ − (x − e)³) / 2e = 3x² + e², and (sin(x + e) − sin(x − e)) / 2e = cos x · sin(e) / e
    np.testing.assert_allclose(bank.differences(lambda x: (x**3).sum(), x, eps), 3 * x**2 + eps**2, rtol=1e-8)
    np.testing.assert_allclose(
        bank.differences(lambda x: np.sin(x).sum(), x, eps), np.cos(x) * np.sin(eps) / eps, rtol=1e-8
    )


def test_the_gradients_are_what_the_centred_differences_say():
    rng = np.random.default_rng(0)
    images, kernels, grad = (rng.standard_normal(s) for s in ((2, 4, 5, 2), (2, 3, 2, 3), (2, 3, 2, 3)))

    def loss(images, kernels):
        columns = tensorflows_patches(images, (2, 3), (2, 2), (1, 0)).numpy()
        return float(np.sum((columns @ kernels.reshape(-1, 3)) * grad.reshape(-1, 3)))

    d_images, d_kernels, _ = bank.layer_backward(grad, images, kernels, 2, (1, 0))
    np.testing.assert_allclose(d_images, bank.differences(lambda x: loss(x, kernels), images), atol=1e-8)
    np.testing.assert_allclose(d_kernels, bank.differences(lambda k: loss(images, k), kernels), atol=1e-8)


# -- what is accepted and what is not --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", functions(ASSIGNMENT))
def test_the_library_is_right(name):
    fn = getattr(backprop, name)
    allowing = dataclasses.replace(task(ASSIGNMENT, name), may_use=(f"{fn.__module__}.{name}",))
    found = judge(allowing, fn, [(seed, False) for seed in range(20)])
    assert found.passed, found.message


def test_the_layer_may_be_built_on_the_librarys_columns():
    def lent(grad, images, kernels, stride=1, padding=0):
        from cnncourse.backprop import col2im, im2col

        rows, matrix = grad.reshape(-1, grad.shape[3]), kernels.reshape(-1, grad.shape[3])
        columns = im2col(images, kernels.shape[:2], stride, padding)
        d_images = col2im(rows @ matrix.T, images.shape, kernels.shape[:2], stride, padding)
        return d_images, (columns.T @ rows).reshape(kernels.shape), rows.sum(axis=0)

    assert verdict(ASSIGNMENT, "conv2d_backward", lent).passed
    borrowed = verdict(ASSIGNMENT, "conv2d_backward", backprop.conv2d_backward)
    assert borrowed.misconception == "not from scratch"


def test_a_view_is_accepted_where_nothing_is_left_to_do():
    def windows_as_they_lie(images, kernel_size, stride=1, padding=0):
        return bank.im2col_by_sliding(images, kernel_size, stride, padding)

    images = np.ones((1, 3, 3, 2))
    assert np.shares_memory(windows_as_they_lie(images, 1), images)
    assert verdict(ASSIGNMENT, "im2col", windows_as_they_lie).passed

    def back_as_they_lie(columns, image_shape, kernel_size, stride=1, padding=0):
        if np.ndim(kernel_size) == 0 and (kernel_size, stride, padding) == (1, 1, 0):
            return columns.reshape(image_shape)
        return bank.image_of(columns, image_shape, kernel_size, stride, padding)

    assert verdict(ASSIGNMENT, "col2im", back_as_they_lie).passed


def test_an_argument_handed_back_is_not_a_fresh_result():
    found = verdict(ASSIGNMENT, "relu", lambda x: x if (x > 0).all() else np.maximum(x, 0))
    assert found.misconception == "result is not a fresh array"
    found = verdict(ASSIGNMENT, "relu_backward", lambda grad, x: grad if (x > 0).all() else grad * (x > 0))
    assert found.misconception == "result is not a fresh array"


def test_x_is_left_as_it_was():
    def stays_below(f, x, eps=1e-5):
        gradient = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            x[index] += eps
            above = f(x)
            x[index] -= 2 * eps
            gradient[index] = (above - f(x)) / (2 * eps)
        return gradient

    assert verdict(ASSIGNMENT, "numerical_gradient", stays_below).misconception == "input changed"


def test_integers_cut_the_steps_off_and_cost_nothing():
    found = verdict(ASSIGNMENT, "numerical_gradient", bank.in_place)
    assert found.passed and "integers" in found.message
    copying = verdict(ASSIGNMENT, "numerical_gradient", bank.by_flat_copies)
    assert copying.passed and "integers" not in copying.message


@pytest.mark.parametrize("kind", [float, np.float32, np.array])
def test_the_loss_may_be_a_number_of_any_kind(kind):
    def solution(logits, labels):
        loss, gradient = bank.cross_entropy_by_rows(logits, labels)
        return [kind(loss), gradient]

    assert verdict(ASSIGNMENT, "softmax_cross_entropy", solution).passed


# -- partial credit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mistake", "fails"),
    [
        ("im2col", "padding ignored", {"padding", "strides and padding that differ in rows and columns"}),
        ("im2col", "channels before the kernel's rows and columns", {"several channels"}),
        ("im2col", "first image used for all", {"several images"}),
        ("conv2d_backward", "d_bias averaged", {"the gradient of the bias"}),
        ("conv2d_backward", "stride ignored in d_images", {"the gradient of the images, with strides"}),
        ("conv2d_backward", "d_kernels averaged over the batch", {"the gradient of the kernels"}),
        ("relu_backward", "gradient passes at 0", {"zeros"}),
        ("affine", "bias forgotten", {"bias"}),
        ("affine_backward", "d_b not summed", {"d_b, one sample", "d_b, several samples"}),
        ("softmax_cross_entropy", "gradient not divided by N", {"the gradient of several samples"}),
        ("softmax_cross_entropy", "logarithm of a probability that is 0", {"scores of ±1000 that are quite wrong"}),
        ("numerical_gradient", "eps ignored", {"the eps that is given"}),
    ],
)
def test_one_mistake_costs_its_own_properties(name, mistake, fails):
    wrong = next(m.wrong for m in task(ASSIGNMENT, name).misconceptions if m.name == mistake)
    properties = verdict(ASSIGNMENT, name, wrong).feedback.properties
    assert {about for about, holds in properties.items() if not holds} - {"everything together"} == fails


def test_a_gradient_that_is_wrong_is_shown_with_its_arithmetic():
    wrong = bank.of_gradients(d_kernels=lambda g, x, k, s, p, right: right * 2)
    text = " ".join(verdict(ASSIGNMENT, "conv2d_backward", wrong).message.split())
    assert "your d_kernels[:, :, 0, 0]" in text and "expected d_kernels[:, :, 0, 0]" in text
    assert "pixel times gradient, summed:" in text
