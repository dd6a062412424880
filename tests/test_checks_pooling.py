"""The checks of 03-pooling: references from Keras and its gradients, and what is special about pooling's inputs."""

import numpy as np
import pytest

from cnncourse import pooling
from cnncourse.checks import functions, task, verdict
from cnncourse.checks import pooling as bank

ASSIGNMENT = "03-pooling"
ALL = "everything at once"
SEEDS = range(5)


def cases(name):
    for seed in SEEDS:
        for case, (expected,) in task(ASSIGNMENT, name).draw(seed):
            yield case.args, expected


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def arguments(images, pool, stride=None, padding="valid"):
    return np.array(images, dtype=np.float64), both(pool), both(pool if stride is None else stride), padding


# -- the references come from outside --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "layer"), [("max_pool2d", "max_pool"), ("avg_pool2d", "average_pool")])
def test_the_references_are_keras(name, layer):
    import keras

    for args, expected in cases(name):
        out = getattr(keras.ops, layer)(*arguments(*args), data_format="channels_last")
        np.testing.assert_allclose(expected, out, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("global_max_pool2d", "GlobalMaxPooling2D"), ("global_avg_pool2d", "GlobalAveragePooling2D")],
)
def test_the_global_references_are_keras(name, layer, float64):
    import keras

    for (images,), expected in cases(name):
        np.testing.assert_allclose(expected, getattr(keras.layers, layer)()(np.array(images, float)), atol=1e-5)


def test_the_gradient_is_tensorflows():
    """Ties included: TensorFlow's own maximum, on a CPU, is the first in row order."""
    import tensorflow as tf

    for (grad, *args), expected in cases("max_pool2d_backward"):
        images, pool, stride, _ = arguments(*args)
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = tf.nn.max_pool2d(x, pool, stride, "VALID")
        found = tape.gradient(out, x, output_gradients=tf.constant(np.array(grad, np.float64)))
        np.testing.assert_allclose(expected, found, atol=1e-5)


def test_the_references_by_hand():
    image = np.array([[1.0, 3, 2], [4, 2, 0], [5, 1, 6]])[None, :, :, None]
    assert bank.max_pool(image, 2, None, "same")[0, :, :, 0].tolist() == [[4, 2], [5, 6]]
    assert bank.avg_pool(image, 2, None, "same")[0, :, :, 0].tolist() == [[2.5, 1], [3, 6]]
    assert bank.max_pool(image, 2, 1)[0, :, :, 0].tolist() == [[4, 3], [5, 6]]
    assert (bank.global_max(image).item(), bank.global_avg(image).item()) == (6, 24 / 9)
    ties = np.array([[3.0, 7], [7, 1]])[None, :, :, None]
    assert bank.max_pool_backward(np.full((1, 1, 1, 1), 5.0), ties, 2)[0, :, :, 0].tolist() == [[0, 5], [0, 0]]


# -- what a learner may bring ----------------------------------------------------------------------------------------


def by_the_lent_padding(images, pool, stride=None, padding="valid"):
    from cnncourse.padding_stride import output_size, same_padding

    images = np.asarray(images, float)
    (ph, pw), (sh, sw) = both(pool), both(pool if stride is None else stride)
    rows = same_padding(images.shape[1], ph, sh) if padding == "same" else (0, 0)
    columns = same_padding(images.shape[2], pw, sw) if padding == "same" else (0, 0)
    padded = np.pad(images, ((0, 0), rows, columns, (0, 0)), constant_values=-np.inf)
    oh, ow = output_size(padded.shape[1], ph, 0, sh), output_size(padded.shape[2], pw, 0, sw)
    out = np.zeros((len(images), oh, ow, images.shape[3]))
    for i in range(oh):
        for j in range(ow):
            out[:, i, j] = padded[:, i * sh : i * sh + ph, j * sw : j * sw + pw].max(axis=(1, 2))
    return out


def test_the_sizes_of_the_assignment_before_may_be_borrowed():
    found = verdict(ASSIGNMENT, "max_pool2d", by_the_lent_padding)
    assert found.passed, found.message


def test_pooling_may_not_be_borrowed():
    for name in functions(ASSIGNMENT):
        found = verdict(ASSIGNMENT, name, getattr(pooling, name))
        assert (found.score, found.misconception) == (0, "not from scratch")


def test_optional_arguments_may_be_taken_by_name_only():
    found = verdict(
        ASSIGNMENT, "max_pool2d", lambda x, p, *, stride=None, padding="valid": bank.max_pool(x, p, stride, padding)
    )
    assert found.passed, found.message
    found = verdict(
        ASSIGNMENT, "max_pool2d_backward", lambda g, x, p, *, stride=None: bank.max_pool_backward(g, x, p, stride)
    )
    assert found.passed, found.message


def test_a_photograph_of_bytes_is_as_good_as_one_of_floats():
    def adds_pixels(images, pool, stride=None, padding="valid"):
        (ph, pw), (sh, sw) = both(pool), both(pool if stride is None else stride)
        if images.dtype != np.uint8:
            return bank.avg_pool(images, pool, stride, padding)
        oh, ow = (images.shape[1] - ph) // sh + 1, (images.shape[2] - pw) // sw + 1
        total = 0
        for a in range(ph):
            for b in range(pw):
                total = total + images[:, a : a + sh * (oh - 1) + 1 : sh, b : b + sw * (ow - 1) + 1 : sw]
        return total / (ph * pw)

    found = verdict(ASSIGNMENT, "avg_pool2d", adds_pixels)
    assert found.misconception == "bytes wrap around" and "uint8" in found.message


def test_one_mistake_costs_the_property_it_belongs_to():
    lost = {
        ("max_pool2d", "maximum starts at 0"): {"numbers below zero, and zeros", "padding “same”", bank.KINDS, ALL},
        ("avg_pool2d", "padding counted as zeros"): {"padding “same”", bank.KINDS, ALL},
        ("max_pool2d", "windows that hang over the border"): {"rows and columns left over", ALL},
        ("max_pool2d_backward", "every equal maximum gets the gradient"): {"equal maxima", ALL},
        ("max_pool2d_backward", "nothing sent to negative maxima"): {"numbers below zero", "equal maxima", ALL},
        ("max_pool2d_backward", "a pixel keeps its last gradient only"): {"windows that overlap", "equal maxima", ALL},
    }
    for (name, mistake), expected in lost.items():
        wrong = next(m.wrong for m in task(ASSIGNMENT, name).misconceptions if m.name == mistake)
        properties = verdict(ASSIGNMENT, name, wrong).feedback.properties
        assert {about for about, holds in properties.items() if not holds} <= expected, (name, mistake)


def test_the_message_shows_the_window_and_its_arithmetic():
    wrong = task(ASSIGNMENT, "avg_pool2d").misconceptions[0].wrong
    text = " ".join(verdict(ASSIGNMENT, "avg_pool2d", wrong).message.split())
    assert "places are real pixels" in text and "padding 'same'" in text and "/ " in text


def test_minus_infinity_at_the_border_is_wrong():
    """Windows that lie in the padding alone exist for nobody who pads as TensorFlow does."""

    def pads_too_much(images, pool, stride=None, padding="valid"):
        if padding == "valid":
            return bank.max_pool(images, pool, stride)
        (ph, pw), images = both(pool), np.asarray(images, float)
        padded = np.pad(images, ((0, 0), (ph, ph), (pw, pw), (0, 0)), constant_values=-np.inf)
        return bank.max_pool(padded, pool, stride)

    found = verdict(ASSIGNMENT, "max_pool2d", pads_too_much)
    assert not found.passed and not found.feedback.properties["padding “same”"]
