"""cnncourse.losses against Keras's losses and their gradients, SciPy, a numerical gradient, and hand computation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from cnncourse import losses
from cnncourse.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@st.composite
def batches(draw):
    """Logits and labels of a few samples and classes; some logits are as large as ±1000."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, classes = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    logits = rng.standard_normal((count, classes)) * draw(st.sampled_from([0.1, 1, 10, 300]))
    return logits, rng.integers(0, classes, count)


def keras_loss(name, labels, outputs):
    """Keras's mean loss and its gradient with respect to the network's outputs."""
    import keras
    import tensorflow as tf

    variable = tf.Variable(outputs)
    options = {} if name == "MeanSquaredError" else {"from_logits": True}
    with tf.GradientTape() as tape:
        loss = getattr(keras.losses, name)(dtype=outputs.dtype.name, **options)(labels, variable)
    return loss.numpy(), tape.gradient(loss, variable).numpy()


def numerical_gradient(f, x):
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += 1e-5
        down[index] -= 1e-5
        gradient[index] = (f(up) - f(down)) / 2e-5
    return gradient


@given(batches())
def test_softmax_cross_entropy_is_keras(batch):
    logits, labels = batch
    loss, gradient = softmax_cross_entropy(logits, labels)
    expected, expected_gradient = keras_loss("SparseCategoricalCrossentropy", labels, logits)
    np.testing.assert_allclose(loss, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-14)


@given(batches(), st.booleans(), st.booleans())
def test_binary_cross_entropy_is_keras_with_and_without_a_second_axis(batch, logits_2d, labels_2d):
    logits = batch[0][:, 0]
    labels = np.random.default_rng(len(logits)).integers(0, 2, len(logits))
    expected, expected_gradient = keras_loss("BinaryCrossentropy", labels[:, None].astype(float), logits[:, None])
    if logits_2d:
        logits = logits[:, None]
    if labels_2d:
        labels = labels[:, None]
    loss, gradient = binary_cross_entropy(logits, labels)
    np.testing.assert_allclose(loss, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient, expected_gradient.reshape(logits.shape), atol=1e-14)


@given(batches())
def test_mean_squared_error_is_keras(batch):
    predictions = batch[0]
    targets = np.random.default_rng(1).standard_normal(predictions.shape)
    loss, gradient = mean_squared_error(predictions, targets)
    expected, expected_gradient = keras_loss("MeanSquaredError", targets, predictions)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-14)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_each_gradient_is_the_numerical_gradient_of_the_mean(seed):
    rng = np.random.default_rng(seed)
    outputs, targets = rng.standard_normal((2, 5, 3))
    labels, binary = rng.integers(0, 3, 5), rng.integers(0, 2, 5)
    for loss, x, y in (
        (softmax_cross_entropy, outputs, labels),
        (binary_cross_entropy, outputs[:, 0], binary),
        (mean_squared_error, outputs, targets),
    ):
        expected = numerical_gradient(lambda x, loss=loss, y=y: loss(x, y)[0], x)
        np.testing.assert_allclose(loss(x, y)[1], expected, atol=1e-9)


def test_softmax_cross_entropy_by_hand():
    """Probabilities 1/8, 2/8, 5/8, and 1/2, 1/4, 1/4."""
    loss, gradient = softmax_cross_entropy(np.log([[1, 2, 5], [2, 1, 1]]), [1, 0])
    assert loss == pytest.approx((math.log(4) + math.log(2)) / 2)
    np.testing.assert_allclose(gradient, [[1 / 16, -6 / 16, 5 / 16], [-1 / 4, 1 / 8, 1 / 8]], atol=1e-15)


@pytest.mark.parametrize("classes", [2, 10, 46])
def test_a_network_that_knows_nothing_loses_the_logarithm_of_the_number_of_classes(classes):
    loss, _ = softmax_cross_entropy(np.zeros((3, classes)), [0, 1, classes - 1])
    assert loss == pytest.approx(math.log(classes))


def test_binary_cross_entropy_is_softmax_cross_entropy_of_the_logits_0_and_z():
    z, labels = np.array([-3.0, 0.5, 40.0, 2.0]), [0, 1, 0, 1]
    loss, gradient = binary_cross_entropy(z, labels)
    both, both_gradient = softmax_cross_entropy(np.stack([np.zeros(4), z], axis=1), labels)
    assert loss == pytest.approx(both)
    np.testing.assert_allclose(gradient, both_gradient[:, 1], atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand_lose_a_thousand_and_nothing_overflows(dtype):
    logits = np.array([[1000, -1000, 0], [1000, -1000, 0], [-1000, 1000, 1000]], dtype)
    loss, gradient = softmax_cross_entropy(logits, [0, 1, 2])
    assert loss == pytest.approx((0 + 2000 + math.log(2)) / 3)
    expected = np.array([[0, 0, 0], [1, -1, 0], [0, 0.5, -0.5]]) / 3
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    loss, gradient = binary_cross_entropy(np.array([1000, -1000, 1000, -1000], dtype), [1, 0, 0, 1])
    assert loss == 500 and gradient.tolist() == [0, 0, 0.25, -0.25]


def test_a_small_loss_keeps_its_digits():
    """With one logit 30 above the other the loss is log(1 + exp(-30)), and not the 0 that 1 - σ(30) rounds to."""
    loss, _ = binary_cross_entropy([30.0], [1])
    np.testing.assert_allclose(loss, math.log1p(math.exp(-30)), rtol=1e-12)
    assert binary_cross_entropy([-30.0], [0])[0] == loss


@given(batches())
def test_the_gradients_of_a_sample_sum_to_zero(batch):
    np.testing.assert_allclose(softmax_cross_entropy(*batch)[1].sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_is_a_python_float_and_the_gradient_has_the_type_of_the_outputs(dtype):
    logits = np.linspace(-1, 1, 6, dtype=dtype).reshape(3, 2)
    for loss, gradient in (
        softmax_cross_entropy(logits, [0, 1, 1]),
        binary_cross_entropy(logits[:, :1], np.array([0.0, 1.0, 1.0])),
        mean_squared_error(logits, np.ones((3, 2))),
    ):
        assert type(loss) is float and gradient.dtype == dtype


@pytest.mark.parametrize("kind", [list, tuple, np.int8, np.uint8, np.int64, np.uint64, np.float32])
def test_labels_of_every_kind_of_whole_number_are_right(kind):
    rng = np.random.default_rng(0)
    logits, labels = rng.integers(-5, 5, (4, 3)), [2, 0, 1, 2]
    loss, gradient = softmax_cross_entropy(logits.tolist(), kind(labels))
    probabilities = special.softmax(logits, axis=1)
    assert loss == pytest.approx(-np.log(probabilities[range(4), labels]).mean())
    np.testing.assert_allclose(gradient, (probabilities - np.eye(3)[labels]) / 4, atol=1e-15)
    booleans = np.array([True, False, True, True])
    assert binary_cross_entropy(logits[:, 0], booleans)[0] == binary_cross_entropy(logits[:, 0], [1, 0, 1, 1])[0]


def test_inputs_stay_as_they_are_and_views_are_as_good_as_copies():
    rng = np.random.default_rng(0)
    outputs, targets = rng.standard_normal((2, 3, 5))
    outputs, targets = outputs.T[::-1], targets.T[::-1]
    labels = np.array([2, 9, 0, 9, 1, 9, 1, 9, 0, 9])[::2]
    for array in (outputs, targets, labels):
        array.flags.writeable = False
    for loss, x, y in (
        (softmax_cross_entropy, outputs, labels),
        (binary_cross_entropy, outputs[:, 0], labels > 0),
        (mean_squared_error, outputs, targets),
    ):
        value, gradient = loss(x, y)
        of_copies, gradient_of_copies = loss(np.ascontiguousarray(x), np.ascontiguousarray(y))
        assert value == pytest.approx(of_copies, rel=1e-14)
        np.testing.assert_allclose(gradient, gradient_of_copies, atol=1e-15)
        assert not np.may_share_memory(gradient, x) and not np.may_share_memory(gradient, y)


LOGITS = np.zeros((3, 4))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: softmax_cross_entropy(LOGITS, [0, 4, 1]), "whole numbers from 0 to 3, got 4 for sample 1"),
        (lambda: softmax_cross_entropy(LOGITS, [0, 1, -1]), "whole numbers from 0 to 3, got -1 for sample 2"),
        (lambda: softmax_cross_entropy(LOGITS, [0.5, 1, 1]), "whole numbers from 0 to 3, got 0.5 for sample 0"),
        (lambda: softmax_cross_entropy(LOGITS, [0, np.nan, 1]), "whole numbers from 0 to 3, got nan for sample 1"),
        (lambda: softmax_cross_entropy(LOGITS, [0, np.inf, 1]), "whole numbers from 0 to 3, got inf for sample 1"),
        (lambda: softmax_cross_entropy(LOGITS, ["a", "b", "c"]), "whole numbers from 0 to 3, got .*'a'.* for sample 0"),
        (lambda: softmax_cross_entropy(LOGITS, np.eye(4)[:3]), r"shape \(3, 4\): for one-hot rows take labels.argmax"),
        (lambda: softmax_cross_entropy(LOGITS, [0, 1]), r"3 whole numbers, one for each sample, got shape \(2,\)"),
        (lambda: softmax_cross_entropy(LOGITS, 1), r"3 whole numbers, one for each sample, got shape \(\)"),
        (lambda: softmax_cross_entropy(LOGITS, np.eye(4)[:3]), r"3 whole numbers, .* got shape \(3, 4\)"),
        (lambda: softmax_cross_entropy(LOGITS[0], [0]), r"shaped \(samples, classes\), .* got shape \(4,\)"),
        (lambda: softmax_cross_entropy(LOGITS[None], [0]), r"shaped \(samples, classes\), .* got shape \(1, 3, 4\)"),
        (lambda: softmax_cross_entropy(LOGITS[:0], []), r"neither of them 0, got shape \(0, 4\)"),
        (lambda: softmax_cross_entropy(LOGITS[:, :0], [0] * 3), r"neither of them 0, got shape \(3, 0\)"),
        (lambda: binary_cross_entropy(LOGITS[:, 0], [0, 2, 1]), "whole numbers from 0 to 1, got 2 for sample 1"),
        (lambda: binary_cross_entropy(LOGITS[:, 0], [[0], [1], [-1]]), "from 0 to 1, got -1 for sample 2"),
        (lambda: binary_cross_entropy(LOGITS[:, :1], [0, 1]), r"3 whole numbers, .* got shape \(2,\)"),
        (lambda: binary_cross_entropy(LOGITS, [0, 1, 1]), r"\(samples,\) or \(samples, 1\), .* got shape \(3, 4\)"),
        (lambda: binary_cross_entropy(np.zeros((1, 3)), [0, 1, 1]), r"got shape \(1, 3\)"),
        (lambda: binary_cross_entropy([], []), r"not empty, got shape \(0,\)"),
        (lambda: mean_squared_error(np.zeros(3), np.zeros((3, 1))), r"predictions' shape \(3,\), got \(3, 1\)"),
        (lambda: mean_squared_error([], []), r"at least one number, got shape \(0,\)"),
        (lambda: mean_squared_error(["a"], ["b"]), "arrays of numbers"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_every_public_function_shows_an_example_and_its_source():
    for name in losses.__all__:
        text = getattr(losses, name).__doc__
        assert ">>>" in text and "Source:" in text, name
