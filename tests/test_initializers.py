"""cnncourse.initializers against the papers' variances, Keras's initializers, and SciPy's distributions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from cnncourse import initializers
from cnncourse.initializers import activation_spread, fans

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# What the papers and Keras's documentation say, from the fans.
VARIANCES = {
    "random_uniform": lambda fan_in, fan_out: 0.1**2 / 12,
    "random_normal": lambda fan_in, fan_out: 0.05**2,
    "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
    "lecun_uniform": lambda fan_in, fan_out: 1 / fan_in,
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
}
# Fan in and fan out differ by 10 to 40 times, and no two of the variances above are alike.
SHAPES = [(100, 1000), (1000, 100), (5, 4, 10, 400), (10, 100, 20), (2, 3, 4, 50, 20)]
EVERY_ONE = pytest.mark.parametrize("name", VARIANCES)


def initialize(name, shape, seed=0, **options):
    return getattr(initializers, name)(shape, np.random.default_rng(seed), **options)


@given(st.lists(st.integers(1, 7), max_size=6))
def test_fans_are_keras(shape):
    from keras.src.initializers.random_initializers import compute_fans

    assert fans(shape) == fans(tuple(shape)) == compute_fans(tuple(shape))


def test_fans_of_lenets_layers_by_hand():
    assert fans((5, 5, 6, 16)) == (150, 400)
    assert fans((400, 120)) == (400, 120)
    assert fans((3, 128, 64)) == (384, 192)
    assert fans(np.array([120, 84])) == (120, 84) and fans(10) == fans((10,)) == (10, 10)


@EVERY_ONE
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numbers_have_the_papers_distribution(name, shape):
    """Kolmogorov's test would reject the right distribution once in a million seeds; this seed is fixed."""
    *kernel, c_in, c_out = shape
    variance = VARIANCES[name](math.prod(kernel) * c_in, math.prod(kernel) * c_out)
    values = initialize(name, shape)
    assert values.shape == shape
    if name.endswith("uniform"):
        limit = math.sqrt(3 * variance)
        expected = stats.uniform(-limit, 2 * limit)
        assert np.abs(values).max() <= limit
    else:
        expected = stats.norm(0, math.sqrt(variance))
    assert stats.kstest(values.ravel(), expected.cdf).pvalue > 1e-6
    # The standard error of a variance is at most √(2 / n) of it.
    np.testing.assert_allclose(values.var(), variance, rtol=5 * math.sqrt(2 / values.size))


@EVERY_ONE
@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_spread_and_mean_are_keras(name, shape):
    import keras

    theirs = np.asarray(keras.initializers.get(name).__class__(seed=1)(shape))
    ours = initialize(name, shape)
    error = 1 / math.sqrt(ours.size)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=5 * error)
    np.testing.assert_allclose(ours.mean(), theirs.mean(), atol=7 * error * theirs.std())


def test_normal_numbers_are_not_truncated():
    values = initialize("he_normal", (100, 1000))
    beyond = np.mean(np.abs(values) > 2 * math.sqrt(2 / 100))
    np.testing.assert_allclose(beyond, 2 * stats.norm.sf(2), rtol=0.1)


@EVERY_ONE
def test_a_seed_gives_the_same_numbers_again_in_either_precision_and_goes_on_with_others(name):
    first = initialize(name, (30, 20), seed=7)
    np.testing.assert_array_equal(initialize(name, [30, 20], seed=7), first)
    rounded = initialize(name, (30, 20), seed=7, dtype=np.float32)
    assert first.dtype == np.float64 and rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, first.astype(np.float32))
    rng = np.random.default_rng(7)
    twice = [getattr(initializers, name)((30, 20), rng) for _ in range(2)]
    assert not np.isin(twice[1], twice[0]).any()
    assert not np.isin(initialize(name, (30, 20), seed=8), first).any()
    assert len(np.unique(first)) == first.size


def test_zeros_and_ones_draw_nothing():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert initializers.zeros((2, 3), rng).tolist() == [[0.0] * 3] * 2
    assert initializers.ones(3, dtype="float32").tolist() == [1.0] * 3
    assert rng.bit_generator.state == before
    assert initializers.zeros(2).dtype == np.float64 and initializers.ones(2, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("name", [*VARIANCES, "zeros", "ones"])
def test_get_knows_keras_names(name):
    import keras

    assert initializers.get(name) is getattr(initializers, name)
    assert keras.initializers.get(name) is not None


def test_get_returns_a_function_as_it_is():
    def mine(shape, rng):
        return rng.random(shape)

    assert initializers.get(mine) is mine


# activation_spread ----------------------------------------------------------------------------------------------------


def relu(x):
    return np.maximum(x, 0)


def spread_of(name, activation, depth=8, width=300, seed=0):
    initializer = getattr(initializers, name)
    return activation_spread(depth, width, initializer, activation, np.random.default_rng(seed))


def test_lecun_keeps_the_variance_of_a_linear_network_at_1():
    np.testing.assert_allclose(spread_of("lecun_normal", lambda x: x), 1, rtol=0.1)


@pytest.mark.parametrize(("name", "gain"), [("he_normal", 2), ("lecun_uniform", 1), ("random_normal", 300 * 0.05**2)])
def test_variance_grows_by_the_fan_in_times_the_weights_variance_in_each_linear_layer(name, gain):
    expected = [math.sqrt(gain) ** layer for layer in range(1, 9)]
    np.testing.assert_allclose(spread_of(name, lambda x: x), expected, rtol=0.1)


@pytest.mark.parametrize(("name", "gain"), [("he_normal", 1), ("he_uniform", 1), ("glorot_normal", 0.5)])
def test_relu_halves_what_he_doubles(name, gain):
    """After a ReLU of normal numbers with variance v: mean √(v / 2π), mean square v / 2. He et al., section 2.2.

    The mean square, times fan_in · variance, is the next v. The spread is √(mean square · (1 - 1 / π)).
    """
    first = math.sqrt(gain * (1 - 1 / math.pi))
    expected = [first * math.sqrt(gain) ** layer for layer in range(5)]
    spreads = [spread_of(name, relu, depth=5, seed=seed) for seed in range(8)]
    np.testing.assert_allclose(np.mean(spreads, axis=0), expected, rtol=0.1)


def test_spread_is_measured_around_the_mean():
    """A sigmoid's output has the mean 1/2; its spread after a layer that keeps the variance at 1, by integration."""
    expected = math.sqrt(stats.norm.expect(lambda z: (special.expit(z) - 0.5) ** 2))
    np.testing.assert_allclose(spread_of("lecun_normal", special.expit, depth=1), [expected], rtol=0.03)


def test_glorot_keeps_tanh_alive_where_small_weights_let_it_die():
    assert spread_of("glorot_uniform", np.tanh, depth=20)[-1] > 0.15
    assert spread_of("random_normal", np.tanh, depth=20, width=100)[-1] < 1e-4


def test_every_layer_gets_weights_of_its_own_and_its_own_input():
    shapes, seen = [], []

    def identity(shape, rng):
        shapes.append(shape)
        return np.eye(*shape) * (len(shapes) + 1)

    def watch(x):
        seen.append(x.std())
        return x

    spread = activation_spread(3, 50, identity, watch, np.random.default_rng(0))
    assert shapes == [(50, 50)] * 3 and spread == seen
    np.testing.assert_allclose(spread, [2, 6, 24], rtol=0.02)
    assert all(type(value) is float for value in spread)


GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fans((3, 0)), r"sizes of at least 1, got \(3, 0\)"),
        (lambda: fans((3, -1, 2)), r"sizes of at least 1, got \(3, -1, 2\)"),
        (lambda: fans((3.0, 2)), r"whole numbers, got \(3.0, 2\)"),
        (lambda: fans("he"), "whole numbers, got 'he'"),
        (lambda: fans(None), "whole numbers, got None"),
        (lambda: initializers.he_normal((0, 3), GENERATOR), r"at least 1, got \(0, 3\)"),
        (lambda: initializers.random_normal((2, 0), GENERATOR), r"at least 1, got \(2, 0\)"),
        (lambda: initializers.zeros(-1), "at least 1, got -1"),
        (lambda: initializers.random_uniform((2, 3), GENERATOR, dtype=int), "float32 or float64, got int64"),
        (lambda: initializers.ones((2, 3), dtype=bool), "float32 or float64, got bool"),
        (lambda: initializers.get("xavier"), "'xavier'; there are glorot_normal, glorot_uniform, he_normal, .* zeros"),
        (lambda: initializers.get(None), "None; there are glorot_normal"),
        (lambda: initializers.get(["he_normal"]), r"\['he_normal'\]; there are"),
        (lambda: activation_spread(0, 3, initializers.ones, np.tanh, GENERATOR), "depth must be at least 1, got 0"),
        (lambda: activation_spread(3, 0, initializers.ones, np.tanh, GENERATOR), "width must be at least 1, got 0"),
        (lambda: activation_spread(3, 3, "ones", np.tanh, GENERATOR), "initializer must be a function, got 'ones'"),
        (lambda: activation_spread(3, 3, initializers.ones, "tanh", GENERATOR), "activation must be .*, got 'tanh'"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_every_public_function_shows_an_example_and_its_source():
    for name in initializers.__all__:
        text = getattr(initializers, name).__doc__
        assert ">>>" in text and "Source:" in text, name
