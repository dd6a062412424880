"""The checks of 02-padding-stride: references from TensorFlow, Keras, papers and gradients; impossible arguments."""

import numpy as np
import pytest

from cnncourse import padding_stride
from cnncourse.checks import functions, task, verdict
from cnncourse.checks import padding_stride as bank

ASSIGNMENT = "02-padding-stride"
SEEDS = range(5)


def cases(name):
    for seed in SEEDS:
        for case, expected in task(ASSIGNMENT, name).draw(seed):
            yield case, expected and expected[0]


def both(value):
    return value if isinstance(value, tuple) else (value, value)


# -- the references come from outside --------------------------------------------------------------------------------


def test_the_sizes_are_tensorflows():
    import tensorflow as tf

    for case, expected in cases("output_size"):
        n, f, p, s = (*case.args, *(0, 1)[len(case.args) - 2 :])
        if case.raises:
            assert min(n, f, s) < 1 or p < 0 or f > n + 2 * p
            continue
        padded = tf.pad(tf.zeros((1, n, 1)), ((0, 0), (p, p), (0, 0)))
        assert expected == tf.nn.conv1d(padded, tf.zeros((f, 1, 1)), s, "VALID").shape[1]


def test_pixels_are_left_over_where_the_last_one_changes_nothing():
    """A convolution of ones sees the last pixel of the padded axis, or does not."""
    for case, expected in cases("fits_exactly"):
        n, f, p, s = case.args
        last = np.zeros(n + 2 * p)
        last[-1] = 1
        assert bool(expected) == bool(np.convolve(last, np.ones(f), "valid")[::s].any())


def test_same_padding_is_tensorflows():
    """A kernel of f filters, each of which picks one pixel of the window: the padded ones come out as 0."""
    import tensorflow as tf

    for case, expected in cases("same_padding"):
        n, f, s = (*case.args, 1)[:3]
        pixels = tf.reshape(tf.range(1.0, n + 1), (1, n, 1))
        windows = tf.nn.conv1d(pixels, tf.eye(f)[:, None, :], s, "SAME")[0].numpy()  # places × pixels of the window
        before = int(np.argmax(windows[0] > 0))
        after = int(np.argmax(windows[-1][::-1] > 0))
        assert tuple(expected) == (before, after)


def test_frames_are_keras():
    import keras

    for case, expected in cases("pad2d"):
        images, padding, value = (*case.args, 0.0)[:3]
        (p, q), images = both(padding), np.array(images, float)
        found = keras.ops.pad(images, ((0, 0), (p, p), (q, q), (0, 0)), constant_values=float(value))
        np.testing.assert_allclose(expected, found)


def test_the_layer_is_tensorflows():
    import tensorflow as tf

    for case, expected in cases("conv2d"):
        images, kernels, bias, *rest = case.args
        stride, padding = (*rest, *(1, "valid")[len(rest) :])
        x, w, b = (np.array(array, np.float64) for array in (images, kernels, bias))
        if isinstance(padding, str):
            how = padding.upper()
        else:
            (p, q), how = both(padding), "VALID"
            x = np.pad(x, ((0, 0), (p, p), (q, q), (0, 0)))
        found = tf.nn.conv2d(x, w, both(stride), how) + b
        np.testing.assert_allclose(expected, found, atol=1e-5)


def test_receptive_fields_are_the_pixels_that_change_an_output():
    """One bright pixel after the other; kernels of ones; the outputs at the beginning that are not 0."""
    import tensorflow as tf

    for layers in {tuple(case.args[0]) for case, _ in cases("receptive_field")}:
        y = tf.eye(320)[:, :, None]  # 320 sequences of 320 pixels
        for kernel, stride in layers:
            y = tf.nn.conv1d(y, tf.ones((kernel, 1, 1)), stride, "VALID")
        seen = np.flatnonzero(y[:, 0, 0])
        assert bank.see(layers) == seen[-1] - seen[0] + 1


def test_receptive_fields_of_the_literature():
    """Araujo, Norris & Sim, Computing receptive fields of convolutional neural networks (2019), their table."""
    vgg16 = [(3, 1)] * 2 + [(2, 2)] + [(3, 1)] * 2 + [(2, 2)] + ([(3, 1)] * 3 + [(2, 2)]) * 3
    assert bank.see(bank.ALEXNET) == 195
    assert bank.see(vgg16) == 212


def test_the_arithmetic_of_the_guide_to_convolution():
    """Dumoulin & Visin (2016), sections 2.1 to 2.4, and the first layers of networks everybody builds."""
    assert [bank.count_places(*args) for args in ((4, 3), (5, 4, 2), (5, 3, 1), (5, 3, 2), (5, 3, 0, 2))] == [
        2,
        6,
        5,
        7,
        2,
    ]
    assert bank.count_places(5, 3, 1, 2) == bank.count_places(6, 3, 1, 2) == 3
    assert bank.ends_at_the_end(5, 3, 1, 2) and not bank.ends_at_the_end(6, 3, 1, 2)
    assert bank.count_places(227, 11, 0, 4) == 55 and bank.count_places(224, 7, 3, 2) == 112
    assert bank.pads_of_same(224, 7, 2) == (2, 3)


# -- impossible arguments --------------------------------------------------------------------------------------------

RIGHT = bank.size_by_formula


@pytest.mark.parametrize("error", [TypeError, AssertionError, ZeroDivisionError, Exception])
def test_another_error_is_told_so(error):
    def output_size(n, f, padding=0, stride=1):
        try:
            return RIGHT(n, f, padding, stride)
        except ValueError:
            raise error("impossible") from None

    found = verdict(ASSIGNMENT, "output_size", output_size)
    assert found.misconception == "another error than asked for" and "ValueError" in found.message
    assert found.score == pytest.approx(6 / 8)


@pytest.mark.parametrize("answer", [None, -1, "impossible", float("nan")])
def test_an_answer_in_place_of_an_error_is_wrong(answer):
    def output_size(n, f, padding=0, stride=1):
        try:
            return RIGHT(n, f, padding, stride)
        except ValueError:
            return answer

    found = verdict(ASSIGNMENT, "output_size", output_size)
    assert not found.passed and found.score == pytest.approx(6 / 8)


def test_each_test_of_an_argument_counts():
    for unchecked in ("n", "f", "padding", "stride", "fit"):
        wrong = bank.counting(bank.right_size, bank.all_but(unchecked))
        found = verdict(ASSIGNMENT, "output_size", wrong)
        lost = [about for about, holds in found.feedback.properties.items() if not holds]
        assert lost == ["kernels that do not fit" if unchecked == "fit" else "impossible arguments"]


def test_possible_arguments_are_never_judged_where_nothing_is_said_of_impossible_ones():
    for name in functions(ASSIGNMENT):
        for case, _ in cases(name):
            assert not case.raises or name == "output_size"
    for name, arguments in (("fits_exactly", slice(4)), ("output_size", slice(4))):
        for case, _ in cases(name):
            if not case.raises:
                assert RIGHT(*case.args[arguments]) >= 1


# -- what a learner may bring ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bool, int, float, np.bool_, np.array])
def test_yes_and_no_of_any_kind(kind):
    assert verdict(ASSIGNMENT, "fits_exactly", lambda *args: kind(bank.exact_by_remainder(*args))).passed


@pytest.mark.parametrize("kind", [tuple, list, np.array, lambda pair: tuple(map(float, pair)), np.float32])
def test_pairs_of_any_kind(kind):
    assert verdict(ASSIGNMENT, "same_padding", lambda n, f, stride=1: kind(bank.same_by_ceil(n, f, stride))).passed


def lent(images, kernels, bias, stride=1, padding="valid"):
    from cnncourse.padding_stride import output_size, pad2d, same_padding

    images = np.asarray(images, float)
    (kh, kw), (sh, sw) = kernels.shape[:2], both(stride)
    if padding == "same":
        rows, columns = same_padding(images.shape[1], kh, sh), same_padding(images.shape[2], kw, sw)
        images = np.pad(images, ((0, 0), rows, columns, (0, 0)))
    elif padding != "valid":
        images = pad2d(images, padding)
    oh, ow = output_size(images.shape[1], kh, 0, sh), output_size(images.shape[2], kw, 0, sw)
    out = np.zeros((len(images), oh, ow, kernels.shape[3]))
    for i in range(oh):
        for j in range(ow):
            window = images[:, i * sh : i * sh + kh, j * sw : j * sw + kw]
            out[:, i, j] = np.tensordot(window, kernels, 3) + bias
    return out


def test_what_the_notebook_lends_may_be_used_and_the_layer_itself_may_not():
    found = verdict(ASSIGNMENT, "conv2d", lent)
    assert found.passed, found.message
    for name in functions(ASSIGNMENT):
        found = verdict(ASSIGNMENT, name, getattr(padding_stride, name))
        assert (found.passed, found.score) == (False, 0)
        assert found.misconception == "not from scratch"


def test_the_layer_of_the_notebook_before_does_not_do_this_one():
    def strided(images, kernels, bias, stride=1, padding="valid"):
        from cnncourse.convolution import conv2d

        return conv2d(images, kernels, bias, stride=stride, padding=padding)

    assert verdict(ASSIGNMENT, "conv2d", strided).misconception == "not from scratch"


def test_optional_arguments_may_be_taken_by_name_only():
    def output_size(n, f, *, padding=0, stride=1):
        return RIGHT(n, f, padding, stride)

    def conv2d(images, kernels, bias, *, stride=1, padding="valid"):
        return bank.layer_by_loops(images, kernels, bias, stride, padding)

    assert verdict(ASSIGNMENT, "output_size", output_size).passed
    assert verdict(ASSIGNMENT, "conv2d", conv2d).passed


def test_a_layer_that_calls_the_learners_own_functions():
    names = {"np": np}
    code = (
        "def same_padding(n, f, stride=1):\n    raise NotImplementedError\n"
        "def conv2d(images, kernels, bias, stride=1, padding='valid'):\n    return same_padding(*images.shape[1:3])\n"
    )
    exec(code, names)
    found = verdict(ASSIGNMENT, "conv2d", names["conv2d"])
    assert found.misconception == "needs a function that is not written yet" and "same_padding" in found.message


def test_one_mistake_costs_the_property_it_belongs_to():
    everything = "everything at once"
    lost = {
        ("output_size", "rounded up"): {
            "strides that leave pixels over",
            "padding and strides",
            "layers of real networks",
        },
        ("pad2d", "value ignored"): {"another value", bank.KINDS, everything},
        ("conv2d", "odd pixel before the image"): {
            "padding “same”, stride 1",
            "padding “same” with a stride",
            everything,
        },
        ("conv2d", "padding's pair exchanged"): {"pairs for rows and columns", everything},
        ("conv2d", "bias forgotten"): {
            "several images, channels and filters, with a bias",
            "padding by a number",
            bank.KINDS,
            everything,
        },
        ("receptive_field", "0 for an empty list"): {"no layer, and one"},
    }
    for (name, mistake), expected in lost.items():
        wrong = next(m.wrong for m in task(ASSIGNMENT, name).misconceptions if m.name == mistake)
        properties = verdict(ASSIGNMENT, name, wrong).feedback.properties
        assert {about for about, holds in properties.items() if not holds} == expected, (name, mistake)
