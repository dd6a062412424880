"""The checks of 07-alexnet: references from the paper, Keras and TensorFlow; how seldom a right function is refused."""

import math

import numpy as np
import pytest

from cnncourse.checks import alexnet as bank
from cnncourse.checks import task, verdict

ASSIGNMENT = "07-alexnet"


def drawn(name, seed=0):
    return task(ASSIGNMENT, name).draw(seed)


# -- the references come from outside --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    """The table in Keras, without weights."""
    import keras
    from keras import layers

    with keras.StatelessScope(initialize_variables=False):
        return keras.Sequential(
            [
                keras.Input((227, 227, 3)),
                layers.Conv2D(96, 11, strides=4),
                layers.MaxPooling2D(3, 2),
                layers.Conv2D(256, 5, padding="same"),
                layers.MaxPooling2D(3, 2),
                layers.Conv2D(384, 3, padding="same"),
                layers.Conv2D(384, 3, padding="same"),
                layers.Conv2D(256, 3, padding="same"),
                layers.MaxPooling2D(3, 2),
                layers.Flatten(),
                layers.Dense(4096),
                layers.Dense(4096),
                layers.Dense(1000),
            ]
        )


def test_the_table_is_keras_and_the_papers_total(network):
    layers = [layer for layer in network.layers if layer.name.partition("_")[0] != "flatten"]
    assert bank.shapes() == [(227, 227, 3), *(layer.output.shape[1:] for layer in layers)]
    assert bank.params() == [layer.count_params() for layer in layers]
    assert sum(bank.params()) == 62_378_344


def test_the_transpositions_are_keras_permutations():
    import keras

    for name, dims in (("to_channels_first", (3, 1, 2)), ("to_channels_last", (2, 3, 1))):
        for case, (expected,) in drawn(name):
            moved = keras.layers.Permute(dims)(case.args[0].astype("float32"))
            np.testing.assert_array_equal(expected.astype("float32"), moved)


def test_kernels_moved_to_the_front_make_the_same_convolution():
    """With images and kernels in PyTorch's order the sums are those of Keras."""
    import keras

    for case, (expected,) in drawn("kernels_to_channels_first"):
        kernels = case.args[0].astype(float)
        kh, kw, channels, filters = kernels.shape
        image = np.random.default_rng(0).standard_normal((1, kh, kw, channels))
        keras_says = np.asarray(keras.ops.conv(image, kernels))[0, 0, 0]
        first = image.transpose(0, 3, 1, 2)[0]
        assert np.allclose([np.sum(first * expected[f]) for f in range(filters)], keras_says, atol=1e-6)


def test_the_normalisation_is_tensorflows():
    import tensorflow as tf

    for case, (expected,) in drawn("local_response_norm"):
        images, *given = case.args
        size, k, alpha, beta = (*given, *(5, 2.0, 1e-4, 0.75)[len(given) :])
        theirs = tf.nn.local_response_normalization(images.astype("float32"), size // 2, k, alpha, beta)
        np.testing.assert_allclose(expected, theirs, rtol=1e-4, atol=1e-4)


def test_the_normalisation_of_the_notebooks_example_is_done_by_hand():
    out = bank.normalised(np.array([[[[1, 2, 3]]]]), 3, 1, 1, 1)
    np.testing.assert_allclose(out.ravel(), [1 / 6, 2 / 15, 3 / 14])


def test_the_accuracy_is_keras():
    import keras

    for case, (expected,) in drawn("top_k_accuracy"):
        probabilities, labels, *k = case.args
        metric = keras.metrics.SparseTopKCategoricalAccuracy(k[0] if k else 5)
        metric.update_state(labels.astype("int64"), probabilities.astype("float32"))
        assert expected == pytest.approx(float(metric.result()))


def test_no_scores_are_tied():
    for seed in range(5):
        for case, _ in drawn("top_k_accuracy", seed):
            assert all(len(set(row)) == len(row) for row in case.args[0].tolist())


# -- what is random --------------------------------------------------------------------------------------------------


def tail(n: int, p: float, distance: float) -> float:
    """How likely n coins are further than ``distance`` from p: exactly, by the binomial distribution."""
    from scipy.stats import binom

    low, high = math.ceil(n * (p - distance)) - 1, math.floor(n * (p + distance))
    return binom.cdf(low, n, p) + binom.sf(high, n, p)


def test_a_right_flip_is_refused_less_than_once_in_a_million_times():
    by_chance = [
        tail(8000, 0.5, bank.limit(0.5, 8000)),  # the share that is flipped
        4 * tail(400, 0.5, bank.limit(0.5, 400)),  # by place in the batch
        3 * tail(1000, 0.5, bank.limit(0.5, 1000)),  # two images alike
        22 * 2 * 2.0 ** -(30 * 8),  # one side is never seen
        2 * 2.0 ** -(50 * 2),  # two series of draws are equal
    ]
    from scipy.stats import chi2

    by_chance.append(chi2.sf(1.7 * 200, 200) + chi2.cdf(0.3 * 200, 200))  # the spread of the number of flips
    assert sum(by_chance) < 1e-6


def test_a_right_crop_is_refused_less_than_once_in_a_million_times():
    by_chance = []
    for case, _ in drawn("random_crop"):
        if case.probe is bank.share_of_places:
            images, size, _ = case.args
            count = int(np.prod(bank.places_of(images, size)))
            by_chance.append(count * tail(len(images), 1 / count, case.leeway))
        if case.probe is bank.offsets_alike:
            assert (case.leeway, len(case.args[0])) == (bank.limit(0.5, 1000), 2000)
            by_chance += [3 * tail(1000, 1 / 2, case.leeway), 3 * tail(1000, 1 / 3, case.leeway)]
    assert len(by_chance) == 5
    by_chance.append(8 * tail(400, 0.5, bank.limit(0.5, 400)))  # by place in the batch
    by_chance += [9.0 ** -(5 * 8 - 1), 2 * 9.0**-100]  # always there; two series of draws are equal
    assert sum(by_chance) < 1e-6


@pytest.mark.parametrize("name", ["random_flip", "random_crop"])
def test_right_functions_that_draw_are_accepted_whatever_the_seed(name):
    for seed in range(100, 115):
        found = verdict(ASSIGNMENT, name, task(ASSIGNMENT, name).reference, seed)
        assert found.passed, found.message


def flips_by(decide):
    def random_flip(images, rng):
        out = images.copy()
        flags = np.asarray(decide(rng, len(images)), bool)
        out[flags] = out[flags][:, :, ::-1]
        return out

    return random_flip


@pytest.mark.parametrize(
    ("decide", "name"),
    [
        (lambda rng, n: np.full(n, rng.integers(2)), "one coin for the whole batch"),
        (lambda rng, n: [rng.random() < 0.25 for _ in range(n)], "a quarter flipped"),
        (lambda rng, n: rng.choice([0, 1, 1], n), "two thirds flipped"),
        (lambda rng, n: np.random.default_rng(42).integers(0, 2, n), "the same numbers every time"),
        (lambda rng, n: np.random.randint(0, 2, n), "from NumPy's own generator"),
        (lambda rng, n: np.isin(np.arange(n), rng.choice(n, n // 2, replace=False)), "exactly half, every time"),
    ],
)
def test_mistakes_are_named_by_what_they_do_and_not_by_their_draws(decide, name):
    for seed in range(3):
        assert verdict(ASSIGNMENT, "random_flip", flips_by(decide), seed).misconception == name


def crops_by(draw):
    def random_crop(images, size, rng):
        h, w = (size, size) if isinstance(size, int) else size
        out = []
        for image, (top, left) in zip(
            images, draw(rng, len(images), images.shape[1] - h, images.shape[2] - w), strict=True
        ):
            out.append(image[top : top + h, left : left + w])
        return np.array(out)

    return random_crop


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda rng, n, a, b: [(rng.integers(0, a), rng.integers(0, b)) for _ in range(n)], "last place left out"),
        (lambda rng, n, a, b: [(a // 2, b // 2)] * n, "the middle, always"),
        (lambda rng, n, a, b: [(rng.integers(a + 1), rng.integers(b + 1))] * n, "one place for the whole batch"),
        (
            lambda rng, n, a, b: [(round(rng.uniform(0, a)), round(rng.uniform(0, b))) for _ in range(n)],
            "rounded to the nearest place",
        ),
    ],
)
def test_mistakes_in_cropping_are_named_by_what_they_do(draw, name):
    for seed in range(3):
        found = verdict(ASSIGNMENT, "random_crop", crops_by(draw), seed)
        assert found.misconception == name, found.message


def test_the_smallest_batch_that_shows_it_is_told():
    draw = lambda rng, n, a, b: [(rng.integers(max(a, 1)), rng.integers(b + 1)) for _ in range(n)]  # noqa: E731
    found = verdict(ASSIGNMENT, "random_crop", crops_by(draw))
    text = " ".join(found.message.split())
    assert found.misconception == "last row left out" and "begins at the second one 0% of the time" in text


# -- the tables keep their secret ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alexnet_shapes", "alexnet_params"])
def test_a_wrong_list_is_answered_by_a_hint_and_not_by_the_list(name):
    right = task(ASSIGNMENT, name).reference()
    for k in range(len(right)):
        wrong = [*right[:k], (7, 7, 7) if name == "alexnet_shapes" else 77, *right[k + 1 :]]
        found = verdict(ASSIGNMENT, name, lambda wrong=wrong: wrong)
        assert not found.passed and found.score == pytest.approx(0.8 if name == "alexnet_shapes" else 0.75)
        text = found.message.replace(",", "")
        if name == "alexnet_params":
            assert not any(str(count) in text for count in right if count)
        else:
            assert not any(f"{shape[0]} × {shape[1]} × {shape[2]}" in text for shape in right[1:9])


# -- Keras builds that are accepted ----------------------------------------------------------------------------------


def test_a_compiled_model_is_accepted():
    def alexnet(input_shape, num_classes):
        model = bank.network(input_shape, num_classes)
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    found = verdict(ASSIGNMENT, "alexnet", alexnet)
    assert found.passed, found.message


def test_one_forgotten_initializer_costs_only_what_depends_on_it():
    def alexnet(input_shape, num_classes):
        from keras import layers

        model = bank.network(input_shape, num_classes)
        assert isinstance(model.layers[-3], layers.Dense)
        model.layers[-3].kernel_initializer = "glorot_uniform"
        return type(model)([layer if k != 11 else _plain(layer) for k, layer in enumerate(model.layers)])

    def _plain(layer):
        return type(layer)(layer.units, activation="relu")

    found = verdict(ASSIGNMENT, "alexnet", alexnet)
    failed = [about for about, holds in found.feedback.properties.items() if not holds]
    assert failed == ["how the weights begin", "other images, and other classes"]
