"""cnncourse.activations against Keras and its gradients, SciPy, and hand computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import special

from cnncourse import activations
from cnncourse.activations import (
    affine,
    affine_backward,
    numerical_gradient,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh_backward,
)

SHAPES = array_shapes(min_dims=1, max_dims=4, max_side=5)
SCORES = arrays(np.float64, SHAPES, elements=st.floats(-1000, 1000) | st.sampled_from([0.0, -0.0, 1.0, -1.0]))
FORWARD_AND_BACKWARD = {
    "relu": (relu, relu_backward, "input"),
    "sigmoid": (sigmoid, sigmoid_backward, "output"),
    "tanh": (np.tanh, tanh_backward, "output"),
    "softmax": (softmax, softmax_backward, "output"),
}


pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:You are using a softmax:UserWarning"),  # Keras, of a single class
]


@st.composite
def dense_layers(draw):
    """Input, weights, bias and a gradient of the output, of sizes that differ."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, inputs, outputs = (draw(st.integers(1, 6)) for _ in range(3))
    shapes = (count, inputs), (inputs, outputs), (outputs,), (count, outputs)
    return [rng.standard_normal(shape) for shape in shapes]


@given(SCORES)
def test_relu_sigmoid_and_softmax_are_scipys_and_keras_even_for_scores_of_a_thousand(x):
    import keras

    np.testing.assert_array_equal(relu(x), keras.ops.relu(x))
    tiny = np.finfo(np.float64).tiny  # below it TensorFlow lets the processor round to 0
    np.testing.assert_allclose(sigmoid(x), special.expit(x), rtol=1e-14, atol=tiny)
    np.testing.assert_allclose(softmax(x), special.softmax(x, axis=-1), rtol=1e-12, atol=tiny)
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1, rtol=1e-14)


@pytest.mark.parametrize("name", FORWARD_AND_BACKWARD)
@settings(max_examples=30)
@given(x=SCORES, seed=st.integers(0, 1000))
def test_backward_is_keras_gradient(name, x, seed):
    import keras
    import tensorflow as tf

    forward, backward, reads = FORWARD_AND_BACKWARD[name]
    grad = np.random.default_rng(seed).standard_normal(x.shape)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        out = getattr(keras.ops, name)(variable)
        loss = tf.reduce_sum(out * grad)
    expected = tape.gradient(loss, variable).numpy()
    np.testing.assert_allclose(backward(grad, x if reads == "input" else forward(x)), expected, atol=1e-12)


def test_relu_lets_no_gradient_through_at_zero():
    assert relu_backward([1, 1, 1, 1], [-0.0, 0.0, 1e-300, -1e-300]).tolist() == [0, 0, 1, 0]


def test_softmax_of_three_scores_by_hand():
    expected = np.array([1, 2, 5]) / 8
    np.testing.assert_allclose(softmax(np.log([1, 2, 5])), expected, rtol=1e-15)


def test_a_number_that_is_none_stays_visible():
    assert np.isnan(relu([np.nan])).all() and np.isnan(sigmoid([np.nan])).all() and np.isnan(softmax([np.nan, 1])).all()


def test_affine_by_hand():
    out = affine([[1, 2], [3, 4], [0, 0]], [[1, 0, -1], [2, 1, 0]], [100, 200, 300])
    assert out.tolist() == [[105, 202, 299], [111, 204, 297], [100, 200, 300]]


@given(dense_layers())
def test_affine_and_its_gradients_are_keras(layer):
    import keras
    import tensorflow as tf

    x, w, b, grad = layer
    variables = [tf.Variable(array) for array in (x, w, b)]
    with tf.GradientTape() as tape:
        out = keras.ops.add(keras.ops.matmul(variables[0], variables[1]), variables[2])
        loss = tf.reduce_sum(out * grad)
    np.testing.assert_allclose(affine(x, w, b), out, atol=1e-12)
    np.testing.assert_allclose(affine(x, w), out - b, atol=1e-12)
    for ours, theirs in zip(affine_backward(grad, x, w), tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@settings(max_examples=20)
@given(dense_layers())
def test_affine_backward_is_the_numerical_gradient(layer):
    x, w, b, grad = layer
    d_x, d_w, d_b = affine_backward(grad, x, w)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(affine(x, w, b) * grad), x), d_x, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda w: np.sum(affine(x, w, b) * grad), w), d_w, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda b: np.sum(affine(x, w, b) * grad), b), d_b, atol=1e-8)


def results(x, w, b, grad):
    """Every function of the module but the numerical gradient, called once. x and grad have one shape, w is square."""
    y = (relu(x), sigmoid(x), softmax(x), affine(x, w, b))
    return (
        *y,
        relu_backward(grad, x),
        sigmoid_backward(grad, y[1]),
        tanh_backward(grad, np.tanh(1.0 * x)),
        softmax_backward(grad, y[2]),
        *affine_backward(grad, x, w),
    )


def four_arrays(dtype):
    rng = np.random.default_rng(0)
    return [(9 * rng.standard_normal(shape)).astype(dtype) for shape in ((4, 3), (3, 3), (3,), (4, 3))]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64), (np.int8, np.float64)],
)
def test_floats_keep_their_type_and_whole_numbers_become_floats(given, expected):
    arrays = four_arrays(given)
    computed = results(*arrays)
    assert {array.dtype for array in computed} == {np.dtype(expected)}
    for ours, exact in zip(computed, results(*(array.astype(np.float64) for array in arrays)), strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-5, atol=1e-4)


def test_the_gradient_of_a_float32_network_stays_float32_whatever_it_is_given():
    x = np.ones((2, 3), np.float32)
    assert relu_backward(np.ones((2, 3)), x).dtype == np.float32
    assert affine(x, x.T, np.zeros(2)).dtype == np.float32
    assert {array.dtype for array in affine_backward(np.ones((2, 2)), x, x.T)} == {np.dtype(np.float32)}


def test_inputs_stay_as_they_are_results_are_fresh_and_views_are_as_good_as_copies():
    whole = four_arrays(np.float64)
    views = [array.repeat(2, axis=0)[::2][::-1] for array in whole]
    before = [array.copy() for array in views]
    for array in views:
        array.flags.writeable = False
    computed = results(*views)
    for array, original in zip(views, before, strict=True):
        np.testing.assert_array_equal(array, original)
        assert not any(np.may_share_memory(array, result) for result in computed)
    for ours, expected in zip(computed, results(*before), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_an_empty_batch_gives_an_empty_result():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)
    assert affine(np.zeros((0, 3)), np.zeros((3, 2)), np.zeros(2)).shape == (0, 2)
    d_x, d_w, d_b = affine_backward(np.zeros((0, 2)), np.zeros((0, 3)), np.zeros((3, 2)))
    assert d_x.shape == (0, 3) and d_w.tolist() == [[0, 0]] * 3 and d_b.tolist() == [0, 0]


# numerical_gradient ---------------------------------------------------------------------------------------------------


@given(arrays(np.float64, array_shapes(min_dims=0, max_dims=4, max_side=4), elements=st.floats(-3, 3)))
def test_the_numerical_gradient_of_a_sine_is_a_cosine(x):
    x = np.array(x)
    before = x.tobytes()
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sin(x).sum(), x), np.cos(x), atol=1e-9)
    assert x.tobytes() == before


def test_differences_are_centred():
    """A one-sided difference of x³ at 1 with a step of 0.1 gives 3.31; a centred one 3 + 0.1²."""
    np.testing.assert_allclose(numerical_gradient(lambda x: x[0] ** 3, np.array([1.0]), eps=0.1), [3.01], rtol=1e-12)


@pytest.mark.parametrize(
    "view", [lambda x: x.T, lambda x: x[::-1, ::2], lambda x: x[1:2], lambda x: np.asfortranarray(x)]
)
def test_views_get_their_gradient_and_stay_as_they_are(view):
    base = np.random.default_rng(0).standard_normal((4, 6))
    x, before = view(base), base.copy()
    weights = np.random.default_rng(1).standard_normal(x.shape)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2 * weights), x), 2 * x * weights, atol=1e-8)
    np.testing.assert_array_equal(base, before)


def test_a_function_that_ignores_its_argument_sees_the_array_move():
    """As when a network's loss is differentiated with respect to one of the network's own parameters."""
    params = {"w": np.array([3.0, 4.0])}
    gradient = numerical_gradient(lambda _: np.sum(params["w"] ** 2), params["w"])
    np.testing.assert_allclose(gradient, [6, 8], atol=1e-8)


def test_the_array_is_as_it_was_even_when_the_function_fails():
    x = np.array([0.1, 0.2, 0.3])

    def fails_at_the_second_entry(x):
        if x[1] != 0.2:
            raise ZeroDivisionError
        return 0.0

    with pytest.raises(ZeroDivisionError):
        numerical_gradient(fails_at_the_second_entry, x)
    assert x.tolist() == [0.1, 0.2, 0.3]


def test_float32_is_divided_by_the_way_that_it_went():
    """1000 ± 0.0001 is stored in float32 as 1000.00012 and 999.99988: the way is 0.00024 and not 0.0002."""
    x = np.array([1000, -1000], np.float32)
    before = x.tobytes()
    gradient = numerical_gradient(lambda x: 3 * x[0].astype(np.float64) - 2 * x[1].astype(np.float64), x, eps=1e-4)
    assert gradient.tolist() == [3, -2] and gradient.dtype == np.float64 and x.tobytes() == before


def test_lists_and_whole_numbers_are_read_as_floats():
    x = np.array([[1, 2]])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [[2, 4]], atol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), [1, 2]), [2, 4], atol=1e-9)
    assert x.tolist() == [[1, 2]]


X, W = np.zeros((2, 3)), np.zeros((3, 4))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: affine(np.zeros(3), W, np.zeros(4)), r"x must have 2 dimensions, got shape \(3,\)"),
        (lambda: affine(X, np.zeros(3), np.zeros(4)), r"w must have 2 dimensions, got shape \(3,\)"),
        (lambda: affine(X, W.T, np.zeros(3)), r"w of shape \(4, 3\) expects 4 inputs, got x with 3"),
        (lambda: affine(X, W, np.zeros(3)), r"b must .* each of the 4 outputs, got shape \(3,\)"),
        (lambda: affine(X, W, np.zeros((2, 4))), r"b must .* each of the 4 outputs, got shape \(2, 4\)"),
        (lambda: affine_backward(np.zeros((3, 4)), X, W), r"output's shape \(2, 4\), got \(3, 4\)"),
        (lambda: affine_backward(np.zeros(4), X, W), r"output's shape \(2, 4\), got \(4,\)"),
        (lambda: relu_backward(np.zeros(3), X), r"output's shape \(2, 3\), got \(3,\)"),
        (lambda: sigmoid_backward(np.zeros((2, 1)), X), r"output's shape \(2, 3\), got \(2, 1\)"),
        (lambda: tanh_backward(np.zeros((1, 3)), X), r"output's shape \(2, 3\), got \(1, 3\)"),
        (lambda: softmax_backward(np.zeros((3, 2)), X), r"output's shape \(2, 3\), got \(3, 2\)"),
        (lambda: softmax(np.zeros((2, 0))), r"at least one class .* got shape \(2, 0\)"),
        (lambda: softmax(3.0), r"at least one class .* got shape \(\)"),
        (lambda: relu("a"), "arrays of numbers"),
        (lambda: numerical_gradient(np.sum, np.zeros(2), eps=0), "eps must be above 0, got 0"),
        (lambda: numerical_gradient(np.sum, np.zeros(2), eps=float("nan")), "eps must be above 0, got nan"),
        (lambda: numerical_gradient(np.sum, np.full(2, 1e16)), "eps=1e-05 is too small to move x.0. = 1e.16"),
        (lambda: numerical_gradient(np.sum, np.full(2, 1e4, np.float32)), "= 10000.0 in float32"),
        (lambda: numerical_gradient(np.sin, np.zeros(2)), r"f must return one number, got shape \(2,\)"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_every_public_function_shows_an_example_and_its_source():
    for name in activations.__all__:
        text = getattr(activations, name).__doc__
        assert ">>>" in text and "Source:" in text, name


def test_a_read_only_array_has_a_numerical_gradient_too():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**2).sum(), x), [2, 4], atol=1e-6)
