"""The checks of 09-dropout: references held against Keras, limits held against exact tails, what may be shared."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from cnncourse import dropout as library
from cnncourse.checks import dropout as bank
from cnncourse.checks import functions, task, verdict
from cnncourse.checks.engine import INPUTS_KEPT, judge

ASSIGNMENT = "09-dropout"
RATES = (0.07, 0.2, 0.43, 0.5, 0.62, 0.75)


def keeps(rng, shape, rate):
    return (rng.random(shape) >= rate).astype(float)


def dropout(x, rate, rng, training=True):
    mask = keeps(rng, x.shape, rate) if training else np.ones(x.shape)
    return x * mask / (1 - rate if training else 1), mask


# -- the references come from outside --------------------------------------------------------------------------------


def test_the_backward_reference_is_the_gradient_of_multiplying_by_the_mask():
    import tensorflow as tf

    for case, (expected,) in task(ASSIGNMENT, "dropout_backward").draw(0):
        grad, mask, rate = case.args
        x = tf.Variable(np.ones(grad.shape))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(x * np.asarray(mask, float) / (1 - rate) * np.asarray(grad, float))
        np.testing.assert_allclose(expected, tape.gradient(loss, x), atol=1e-6)


def test_the_normalising_reference_is_keras():
    import keras

    for seed in range(3):
        for case, _ in task(ASSIGNMENT, "batch_norm").draw(seed):
            x, gamma, beta, running, *training = case.args
            layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype="float64")
            layer.build(x.shape)
            layer.set_weights([gamma, beta, *running])
            theirs = layer(x.astype(float), training=(training or [True])[0])
            ours, new = bank.normalise(*case.args)
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
            np.testing.assert_allclose(new, layer.get_weights()[2:], atol=1e-6)


def test_the_stopping_reference_is_keras():
    import keras

    for seed in range(3):
        for case, (expected,) in task(ASSIGNMENT, "early_stopping").draw(seed):
            losses, patience = case.args
            callback = keras.callbacks.EarlyStopping(mode="min", patience=patience, restore_best_weights=True)
            callback.set_model(keras.Sequential())
            callback.model.stop_training = False
            callback.on_train_begin()
            for epoch, loss in enumerate(losses):
                callback.on_epoch_end(epoch, {"val_loss": loss})
                if callback.model.stop_training:
                    break
            assert expected.tolist() == [epoch, callback.best_epoch]


def by_keras(random, shape_of):
    """Keras draws; the mask is what it makes of ones."""

    def fn(x, rate, rng, training=True):
        ones = np.ones(shape_of(x.shape), "f4")
        if not training or rate == 0:
            return np.array(x, float), ones
        factors = np.asarray(random.dropout(ones, rate, seed=int(rng.integers(2**31))))
        return x * factors, (factors != 0).astype(float)

    return fn


@pytest.mark.parametrize(
    ("name", "shape_of"), [("dropout", lambda s: s), ("spatial_dropout2d", lambda s: (s[0], 1, 1, s[3]))]
)
def test_what_keras_draws_is_accepted_and_its_own_mistakes_would_not_be(name, shape_of):
    from keras import random

    allowing = dataclasses.replace(task(ASSIGNMENT, name), libraries=True, seconds=60)
    found = judge(allowing, by_keras(random, shape_of), [(0, False)])
    assert found.passed, found.message


@pytest.mark.parametrize("name", ["dropout", "dropout_backward", "spatial_dropout2d", "batch_norm", "early_stopping"])
def test_the_librarys_own_functions_are_right(name):
    allowing = dataclasses.replace(task(ASSIGNMENT, name), libraries=True)
    assert judge(allowing, getattr(library, name), [(seed, False) for seed in range(3)]).passed


# -- false rejects ---------------------------------------------------------------------------------------------------


def statistics(name):
    """The cases that a right function fails by chance, with how many numbers each looks at."""
    return [case for case, _ in task(ASSIGNMENT, name).draw(0) if case.leeway and case.leeway > 0.06]


@pytest.mark.parametrize("name", ["dropout", "spatial_dropout2d"])
def test_a_right_function_is_rejected_less_than_once_in_a_million_times(name):
    risk = 0.0
    for case in statistics(name):
        probe = case.probe
        numbers = np.asarray(case.expected, float)
        if case.leeway == bank.FAR:  # numbers of standard errors, of a binomial share each
            x, rate, _ = case.args
            p = rate if probe is bank.share else rate**2 + (1 - rate) ** 2
            units = x.size if name == "dropout" else x.shape[0] * x.shape[3]
            n = units // 3 if probe is bank.share else units // 2 - max(x.shape)
            off = bank.limit(p, n) * n
            tail = stats.binom.cdf(math.floor(n * p - off), n, p) + stats.binom.sf(math.ceil(n * p + off) - 1, n, p)
            risk += tail * np.sum(np.abs(numbers) < bank.ALWAYS)
        elif case.about == "the share that is dropped":  # of 200 calls, each at least one coin
            rate = case.args[1]
            units = case.args[0].size if name == "dropout" else case.args[0].shape[0] * case.args[0].shape[3]
            n = 200 * units
            risk += 2 * stats.binom.sf(math.floor(n * (rate + case.leeway)), n, rate)
        else:  # the spread of 200 counts of 24 fair coins; the sum of their squares is nearly a chi-square
            assert case.leeway == 0.7 and case.args[1] == 0.5
            risk += stats.chi2.sf(200 * 1.7, 200) + stats.chi2.cdf(200 * 0.3, 200)
    assert len(statistics(name)) == 10
    assert risk < 1e-6


@pytest.mark.parametrize("name", ["dropout", "spatial_dropout2d"])
def test_a_right_function_passes_with_other_draws_than_ours(name):
    solution = task(ASSIGNMENT, name).accepted[0]
    assert all(verdict(ASSIGNMENT, name, solution, seed).passed for seed in range(100, 140))


# -- what must not matter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dropout", "spatial_dropout2d"])
def test_the_result_is_a_new_array_when_predicting_too(name):
    right = task(ASSIGNMENT, name).reference

    def hands_back(x, rate, rng, training=True):
        return (x, np.ones(x.shape)) if not training else right(x, rate, rng)

    def in_place(x, rate, rng, training=True):
        output, mask = right(x, rate, rng, training)
        x[...] = output
        return x, mask

    found = verdict(ASSIGNMENT, name, hands_back)
    assert found.misconception == "result is not a fresh array" and found.score == 0.9
    found = verdict(ASSIGNMENT, name, in_place)
    assert found.misconception == "input changed" and found.feedback.properties[INPUTS_KEPT] is False


def test_a_mask_may_be_of_any_kind_of_numbers_and_as_large_as_the_images_or_not():
    for kind in (bool, int, np.int8, np.float32):
        assert verdict(ASSIGNMENT, "dropout", lambda *a, kind=kind: [(r := dropout(*a))[0], r[1].astype(kind)]).passed

    def spread(images, rate, rng, training=True):
        output, mask = bank.drop_maps(images, rate, rng, training)
        return output, np.broadcast_to(mask, images.shape)

    assert verdict(ASSIGNMENT, "spatial_dropout2d", spread).passed


def test_running_numbers_may_be_a_tuple_a_list_or_an_array():
    for kind in (tuple, list, np.array, lambda pair: [array.tolist() for array in pair]):

        def norm(x, gamma, beta, running, training=True, kind=kind):
            output, new = bank.normalise(x, gamma, beta, running, training)
            return output, kind(new)

        assert verdict(ASSIGNMENT, "batch_norm", norm).passed


def test_running_numbers_that_are_overwritten_are_noticed():
    def in_place(x, gamma, beta, running, training=True):
        output, new = bank.normalise(x, gamma, beta, running, training)
        for old, array in zip(running, new, strict=True):
            old[...] = array
        return output, running

    assert verdict(ASSIGNMENT, "batch_norm", in_place).misconception == "input changed"


def test_a_backward_pass_for_full_masks_only_costs_nothing_and_is_told():
    def by_index(grad, mask, rate):
        out = np.zeros(grad.shape)
        for index in np.ndindex(grad.shape):
            out[index] = grad[index] * mask[index] / (1 - rate)
        return out

    found = verdict(ASSIGNMENT, "dropout_backward", by_index)
    assert found.passed and "spatial_dropout2d" in found.message


def test_a_result_of_another_shape_is_told_with_both_shapes():
    def flat(x, rate, rng, training=True):
        output, mask = dropout(x, rate, rng, training)
        return output.ravel(), mask.ravel()

    found = verdict(ASSIGNMENT, "dropout", flat)
    assert not found.passed and "they are the same, always" in " ".join(found.message.split())


def test_each_result_of_batch_norm_has_properties_of_its_own():
    still = next(m for m in task(ASSIGNMENT, "batch_norm").misconceptions if m.name == "momentum of 0.99")
    properties = verdict(ASSIGNMENT, "batch_norm", still.wrong).feedback.properties
    failed = [about for about, holds in properties.items() if not holds]
    assert set(failed) <= {"the running mean", "the running variance", bank.KINDS}


def test_the_functions_are_those_of_the_assignment():
    assert functions(ASSIGNMENT) == ["dropout", "dropout_backward", "spatial_dropout2d", "batch_norm", "early_stopping"]
