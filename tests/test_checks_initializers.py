"""The checks of 08-initializers: references held against Keras and SciPy, limits against exact tails, what may be."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from cnncourse import initializers as library
from cnncourse.checks import functions, task, verdict
from cnncourse.checks import initializers as bank
from cnncourse.checks.engine import judge

ASSIGNMENT = "08-initializers"
NORMAL = [name for name in bank.NAMES if name.endswith("normal")]


# -- the references come from outside --------------------------------------------------------------------------------


def test_the_fans_are_keras():
    from keras.src.initializers.random_initializers import compute_fans

    for seed in range(3):
        for case, (expected,) in task(ASSIGNMENT, "fans").draw(seed):
            assert tuple(expected) == compute_fans(*case.args)


@pytest.mark.parametrize("name", bank.NAMES)
def test_the_deviations_are_keras(name):
    import keras

    for shape in (*bank.DENSE, *bank.CONVOLUTIONS):
        theirs = np.asarray(keras.initializers.get(name).__class__(seed=1)(shape))
        wanted = bank.deviation_of(name, shape)
        assert abs(math.log(theirs.std() / wanted)) < bank.limit_of_deviation(theirs.size)


def test_the_distributions_are_scipys():
    (flat,), (normal, cut) = bank.LAWS[bank.uniform], bank.LAWS[bank.normal]
    np.testing.assert_allclose(flat, stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)).cdf(bank.GRID), atol=1e-12)
    np.testing.assert_allclose(normal, stats.norm.cdf(bank.GRID), atol=1e-12)
    assert bank.CUT_DEVIATION == pytest.approx(stats.truncnorm(-2, 2).std(), abs=1e-9)
    np.testing.assert_allclose(cut, stats.truncnorm(-2, 2).cdf(bank.GRID * bank.CUT_DEVIATION), atol=1e-9)


def test_the_spread_of_linear_layers_is_the_product_of_their_deviations():
    """Without an activation n units with weights of variance v multiply the variance by n · v."""
    found = bank.spread(4, 400, lambda shape, rng: rng.normal(0, 0.1, shape), lambda x: x, np.random.default_rng(0))
    np.testing.assert_allclose(found, [2, 4, 8, 16], rtol=0.05)


def by_keras(name):
    import keras

    def fn(shape, rng):
        seeded = keras.initializers.get(name).__class__(seed=int(rng.integers(2**31)))
        return np.asarray(seeded(shape))

    return fn


@pytest.mark.parametrize("name", bank.NAMES)
def test_what_keras_draws_is_accepted(name):
    allowing = dataclasses.replace(task(ASSIGNMENT, name), libraries=True, seconds=60)
    found = judge(allowing, by_keras(name), [(seed, False) for seed in range(2)])
    assert found.passed, found.message


@pytest.mark.parametrize("name", ["fans", *bank.NAMES, "activation_spread"])
def test_the_librarys_own_functions_are_right(name):
    allowing = dataclasses.replace(task(ASSIGNMENT, name), libraries=True)
    assert judge(allowing, getattr(library, name), [(seed, False) for seed in range(3)]).passed


# -- false rejects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_a_right_initializer_is_rejected_less_than_once_in_a_million_times(kind):
    risk = 0.0
    for shape in (*bank.DENSE, *bank.CONVOLUTIONS):  # the mean of n squares of normal numbers is a chi-square / n
        n, off = math.prod(shape), bank.limit_of_deviation(math.prod(shape))
        risk += stats.chi2.cdf(n * math.exp(-2 * off), n) + stats.chi2.sf(n * math.exp(2 * off), n)
    beyond = 2 * stats.norm.sf(bank.FAR)
    for shape in (bank.DENSE[0], bank.CONVOLUTIONS[1]):
        n = math.prod(shape)
        risk += beyond + 2 * len(shape) * beyond  # the mean, and two correlations along each axis
        risk += 2 * math.exp(-2 * n * bank.limit_of_distribution(n) ** 2)
    n = math.prod(bank.DENSE[0])
    if kind == "uniform":
        risk += math.exp(-n / 1000)
    else:
        risk += (1 - 2 * stats.norm.sf(3.1)) ** n + 2 * n * stats.norm.sf(7.7)
    assert risk < 1e-6


def test_the_limits_are_tight_enough_for_what_is_cut_off_and_for_a_uniform_distribution():
    smallest = min(math.prod(shape) for shape in (*bank.DENSE, *bank.CONVOLUTIONS))
    assert abs(math.log(stats.truncnorm(-2, 2).std())) > 2 * bank.limit_of_deviation(smallest)
    (flat,), normals = bank.LAWS[bank.uniform], bank.LAWS[bank.normal]
    for law in normals:
        assert np.abs(law - flat).max() > 2 * bank.limit_of_distribution(math.prod(bank.DENSE[0]))


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal"])
def test_a_right_initializer_passes_with_other_draws_than_ours(name):
    solution = task(ASSIGNMENT, name).accepted[0]
    assert all(verdict(ASSIGNMENT, name, solution, seed).passed for seed in range(100, 160))


# -- what must not matter, and what must ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NORMAL)
def test_normal_numbers_may_be_cut_off_at_two_deviations_when_they_are_widened(name):
    (low, high), narrowed = stats.norm.cdf([-2, 2]), stats.truncnorm(-2, 2).std()

    def cut(shape, rng):
        drawn = stats.norm.ppf(low + (high - low) * rng.random(shape)) / narrowed
        return drawn * bank.deviation_of(name, shape)

    def cut_and_left(shape, rng):
        return cut(shape, rng) * narrowed

    allowing = dataclasses.replace(task(ASSIGNMENT, name), libraries=True)
    assert judge(allowing, cut, [(0, False)]).passed
    assert judge(allowing, cut_and_left, [(0, False)]).misconception == "cut off and not widened"


def test_an_orthogonal_kernel_of_the_right_spread_is_accepted():
    def orthogonal(shape, rng):
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, _ = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q if rows >= columns else q.T
        return q.reshape(shape) * math.sqrt(max(rows, columns)) * bank.deviation_of("he_normal", shape)

    assert verdict(ASSIGNMENT, "he_normal", orthogonal).passed


def test_the_courses_fans_may_be_used_and_its_initializers_may_not():
    def with_fans(shape, rng):
        return rng.normal(0, math.sqrt(2 / library.fans(shape)[0]), shape)

    def borrowed(shape, rng):
        return library.he_normal(shape, rng)

    assert verdict(ASSIGNMENT, "he_normal", with_fans).passed
    assert verdict(ASSIGNMENT, "he_normal", borrowed).misconception == "not from scratch"


def test_one_wrong_fan_costs_the_properties_of_the_spread_alone():
    def without_window(shape, rng):
        return rng.normal(0, math.sqrt(2 / shape[-2]), shape)

    properties = verdict(ASSIGNMENT, "he_normal", without_window).feedback.properties
    failed = [about for about, holds in properties.items() if not holds]
    assert failed == ["the standard deviation of convolution kernels"]


def test_fans_for_two_kinds_of_kernels_alone_cost_the_third():
    def two_kinds(shape):
        if len(shape) == 2:
            return shape
        kh, kw, c_in, c_out = shape
        return kh * kw * c_in, kh * kw * c_out

    properties = verdict(ASSIGNMENT, "fans", two_kinds).feedback.properties
    assert [about for about, holds in properties.items() if not holds] == ["kernels for sequences"]


def batch_of(size, lying=False):
    def fn(depth, width, initializer, activation, rng):
        x, result = rng.standard_normal((width, size) if lying else (size, width)), []
        for _ in range(depth):
            w = initializer((width, width), rng)
            x = activation(w @ x if lying else x @ w)
            result.append(x.std())
        return result

    return fn


@pytest.mark.parametrize("fn", [batch_of(32), batch_of(1000), batch_of(3000), batch_of(100, lying=True)])
def test_the_size_and_the_orientation_of_the_batch_are_the_learners_choice(fn):
    for seed in range(4):
        found = verdict(ASSIGNMENT, "activation_spread", fn, seed)
        assert found.passed, found.message


def test_the_spread_may_be_a_list_a_tuple_or_an_array():
    for kind in (list, tuple, np.array, lambda numbers: [float(n) for n in numbers]):
        fn = batch_of(200)
        assert verdict(ASSIGNMENT, "activation_spread", lambda *args, kind=kind, fn=fn: kind(fn(*args))).passed


def test_the_functions_are_those_of_the_assignment():
    assert functions(ASSIGNMENT) == ["fans", *bank.NAMES, "activation_spread"]
