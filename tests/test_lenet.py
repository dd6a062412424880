"""cnncourse.lenet against LeCun et al. (1998), Keras, scikit-learn, and counting by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import lenet
from cnncourse.lenet import (
    confusion_matrix,
    lenet5_params,
    lenet5_shapes,
    lenet5_table,
    one_hot,
    train_epoch,
    train_network,
    train_validation_split,
)

LABELS = st.lists(st.integers(0, 6), max_size=20)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_it_holds_every_function_that_the_assignment_asks_for():
    asked = {"one_hot", "train_validation_split", "sgd_step", "momentum_step", "adam_step", "lenet5_shapes"}
    assert asked | {"lenet5_params", "train_epoch", "confusion_matrix", "train_network"} <= set(lenet.__all__)


@given(LABELS, st.integers(7, 9))
def test_one_hot_is_keras(labels, num_classes):
    import keras

    expected = keras.utils.to_categorical(np.array(labels, int), num_classes)
    np.testing.assert_array_equal(one_hot(labels, num_classes), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_any_integer_type_are_the_same_classes(dtype):
    labels = np.array([3, 15, 3], dtype)
    before = labels.copy()
    assert one_hot(labels, 16).argmax(axis=1).tolist() == [3, 15, 3]
    assert confusion_matrix(labels, labels, 16)[15, 15] == 1  # 15 · 16 + 15 is no uint8
    assert confusion_matrix(labels, labels, 20)[15, 15] == 1
    np.testing.assert_array_equal(labels, before)


@given(st.integers(0, 60), st.integers(0, 12), st.integers(0, 1000))
def test_a_split_is_disjoint_complete_and_keeps_samples_with_their_labels(count, twelfths, seed):
    x = np.arange(count * 2).reshape(count, 2)
    y = x[:, 0] * 10
    x_train, y_train, x_val, y_val = train_validation_split(x, y, twelfths / 12, rng(seed))
    assert abs(len(x_val) - count * twelfths / 12) <= 0.5  # the nearest whole number
    np.testing.assert_array_equal(np.sort(np.concatenate([x_train, x_val]), axis=0), x)
    np.testing.assert_array_equal(y_train, x_train[:, 0] * 10)
    np.testing.assert_array_equal(y_val, x_val[:, 0] * 10)


def test_a_split_is_shuffled_by_its_seed_and_by_nothing_else():
    x, y = np.arange(100), np.arange(100)
    first, again, other = (train_validation_split(x, y, 0.3, rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert set(first[2].tolist()) != set(other[2].tolist())
    for part in (first[0], first[2]):
        assert part.tolist() != sorted(part.tolist())
    # Every sample gets its turn: over 200 splits each is put aside 60 times, give or take five standard deviations.
    turns = sum(np.isin(x, train_validation_split(x, y, 0.3, rng(seed))[2]).astype(int) for seed in range(200))
    assert np.abs(turns - 60).max() < 5 * np.sqrt(200 * 0.3 * 0.7)


def test_a_split_leaves_its_inputs_alone_and_shares_no_memory_with_them():
    x, y = rng().standard_normal((10, 3, 2, 1)).astype(np.float32), np.arange(10, dtype=np.uint8)
    before = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    parts = train_validation_split(x, y, 0.25, rng())
    assert [part.dtype for part in parts] == [np.float32, np.uint8] * 2
    assert not any(np.may_share_memory(part, array) for part in parts for array in (x, y))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


# LeCun et al. (1998), section II.B, layer by layer: 5 × 5 kernels, 2 × 2 subsampling, 120, 84 and 10 units.
TABLE = [
    ((28, 28, 6), 6 * (25 + 1), 28 * 28 * 6 * 25),
    ((14, 14, 6), 0, 0),
    ((10, 10, 16), 16 * (6 * 25 + 1), 10 * 10 * 16 * 6 * 25),
    ((5, 5, 16), 0, 0),
    ((1, 1, 120), 48_120, 120 * 16 * 25),  # the paper's own count: "Layer C5 has 48,120 trainable connections"
    ((84,), 10_164, 84 * 120),  # "fully connected to C5. It has 10,164 trainable parameters"
    ((10,), 10 * 85, 10 * 84),
]


def test_shapes_and_parameters_are_the_papers():
    assert lenet5_shapes() == [(32, 32, 1), *(shape for shape, _, _ in TABLE)]
    assert lenet5_params() == [parameters for _, parameters, _ in TABLE]
    assert sum(lenet5_params()) == 61_706


def test_the_table_counts_every_product_and_byte():
    table = lenet5_table(batch_size=2, dtype="float64")
    assert [row.name for row in table] == ["input", "C1", "S2", "C3", "S4", "C5", "flatten", "F6", "output"]
    assert table.total.parameters == 61_706
    assert table.total.multiply_adds == 2 * sum(products for _, _, products in TABLE)
    assert table[1].memory == 2 * 28 * 28 * 6 * 8


def test_shapes_and_parameters_are_those_of_the_network_in_keras():
    import keras
    from keras import layers

    network = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5),
            layers.AveragePooling2D(2),
            layers.Conv2D(120, 5),
            layers.Flatten(),
            layers.Dense(84),
            layers.Dense(10),
        ]
    )
    kept = [layer for layer in network.layers if not isinstance(layer, layers.Flatten)]
    assert lenet5_shapes()[1:] == [layer.output.shape[1:] for layer in kept]
    assert lenet5_params() == [layer.count_params() for layer in kept]


class Line:
    """Linear regression, whose mean loss and gradients are a line each; it remembers the batches that it saw."""

    def __init__(self, features):
        self.params = {"kernel": np.zeros(features), "bias": np.zeros(())}
        self.batches = []
        self.losses = []

    def loss_and_gradients(self, x, y):
        self.batches.append((x, y))
        error = x @ self.params["kernel"] + self.params["bias"] - y
        self.losses.append(np.mean(error**2))
        return self.losses[-1], {"kernel": 2 * x.T @ error / len(x), "bias": 2 * np.mean(error)}


def descent(lr):
    def update(params, gradients):
        for name, gradient in gradients.items():
            params[name] -= lr * gradient

    return SimpleNamespace(update=update)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 1000))
def test_an_epoch_shows_every_sample_once_with_its_label_and_ends_with_the_short_batch(count, batch_size, seed):
    x = np.arange(count, dtype=float)[:, None]
    network = Line(1)
    loss = train_epoch(network, x, 10 * x[:, 0], batch_size, descent(0.0), rng(seed))
    seen, labels = (np.concatenate(parts) for parts in zip(*network.batches, strict=True))
    assert sorted(seen[:, 0].tolist()) == list(range(count))
    np.testing.assert_array_equal(labels, 10 * seen[:, 0])
    full, rest = divmod(count, batch_size)
    assert [len(x) for x, _ in network.batches] == [batch_size] * full + [rest] * (rest > 0)
    assert loss == pytest.approx(np.mean((10 * x) ** 2))  # nothing was learned: each sample's loss, each counted once


def test_an_epochs_order_is_drawn_from_its_generator_anew_each_time():
    x, y = np.arange(40.0)[:, None], np.zeros(40)

    def order(generator):
        network = Line(1)
        train_epoch(network, x, y, 7, descent(0.0), generator)
        return np.concatenate([x for x, _ in network.batches])[:, 0].tolist()

    one = rng(1)
    first, second = order(one), order(one)
    assert first == order(rng(1))
    assert len({tuple(o) for o in (first, second, sorted(first))}) == 3


def test_an_epoch_is_keras_steps_over_the_same_batches():
    import keras

    x, weights = rng().standard_normal((23, 3)), np.array([1.0, -2.0, 0.5])
    y = x @ weights + 3
    network = Line(3)
    loss = train_epoch(network, x, y, 5, descent(0.1), rng(1))

    keras_line = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    keras_line.compile(keras.optimizers.SGD(0.1), "mse")
    weighted = 0.0
    for batch, targets in network.batches:
        weighted += float(keras_line.test_on_batch(batch, targets[:, None])) * len(batch)
        keras_line.train_on_batch(batch, targets[:, None])
    assert loss == pytest.approx(weighted / 23, rel=1e-4)
    kernel, bias = keras_line.get_weights()
    np.testing.assert_allclose(network.params["kernel"], kernel[:, 0], rtol=1e-4)
    np.testing.assert_allclose(network.params["bias"], bias[0], rtol=1e-4)


def test_gradients_may_come_as_a_list_and_the_loss_as_any_number():
    steps = []
    network = SimpleNamespace(params=[np.zeros(1)], loss_and_gradients=lambda x, y: (np.float32(len(x)), [np.ones(1)]))
    optimizer = SimpleNamespace(update=lambda params, gradients: steps.append((params, gradients)))
    loss = train_epoch(network, list(range(5)), list("abcde"), 2, optimizer, rng())
    assert loss == (2 * 2 + 2 * 2 + 1 * 1) / 5 and type(loss) is float
    assert len(steps) == 3 and all(params is network.params and isinstance(g, list) for params, g in steps)


@settings(max_examples=40)
@given(LABELS, st.integers(0, 1000), st.integers(7, 9))
def test_confusion_matrix_is_scikit_learns(labels, seed, num_classes):
    metrics = pytest.importorskip("sklearn.metrics")
    predictions = rng(seed).integers(0, num_classes, len(labels))
    matrix = confusion_matrix(labels, predictions, num_classes)
    expected = np.zeros((num_classes, num_classes), int)
    if labels:
        expected = metrics.confusion_matrix(labels, predictions, labels=range(num_classes))
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype.kind == "i"


def test_rows_are_the_true_classes():
    assert confusion_matrix([0, 0, 0, 2], [1, 1, 0, 2], 3).tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: one_hot([0, 3], 3), "labels must be whole numbers from 0 to 2, got 3"),
        (lambda: one_hot([0, -1], 3), "got -1"),
        (lambda: one_hot([0, 0.5], 3), "got 0.5"),
        (lambda: one_hot([[0, 1]], 3), r"labels must have 1 dimension, got shape \(1, 2\)"),
        (lambda: train_validation_split(np.ones(3), np.ones(4), 0.5, rng()), "3 samples and 4 labels"),
        (lambda: train_validation_split(np.ones(3), np.ones(3), 1.5, rng()), "from 0 to 1, got 1.5"),
        (lambda: train_validation_split(np.ones(3), np.ones(3), -0.1, rng()), "got -0.1"),
        (lambda: train_epoch(Line(1), np.ones((3, 1)), np.ones(2), 1, descent(0.1), rng()), "3 samples and 2 labels"),
        (lambda: train_epoch(Line(1), np.ones((0, 1)), np.ones(0), 1, descent(0.1), rng()), "at least 1 sample"),
        (lambda: train_epoch(Line(1), np.ones((3, 1)), np.ones(3), 0, descent(0.1), rng()), "batch_size .* got 0"),
        (lambda: confusion_matrix([0, 1], [0], 2), "got 2 labels, 1 predictions"),
        (lambda: confusion_matrix([0, 2], [0, 1], 2), "labels must be whole numbers from 0 to 1, got 2"),
        (lambda: confusion_matrix([0, 1], [0, 2], 2), "predictions must be whole numbers from 0 to 1, got 2"),
        (lambda: confusion_matrix([0, 1], [[0.2, 0.8], [1, 0]], 2), r"predictions must have 1 dimension, got shape"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_batch_size_in_a_small_integer_type_loses_no_sample():
    seen = []
    network = SimpleNamespace(params={}, loss_and_gradients=lambda x, y: (seen.extend(x) or 0.0, {}))
    optimizer = SimpleNamespace(update=lambda params, gradients: None)
    train_epoch(network, np.arange(300), np.zeros(300), np.uint8(64), optimizer, np.random.default_rng(0))
    assert sorted(seen) == list(range(300))


def digits(count, seed=0):
    """Of scikit-learn's digits, some to train on and the others: (x, y, x of the others, y of the others)."""
    found = pytest.importorskip("sklearn.datasets").load_digits()
    order = rng(seed).permutation(len(found.target))
    x, y = found.images[order, :, :, np.newaxis] / 16, found.target[order]
    return x[:count], y[:count], x[count:], y[count:]


@pytest.mark.parametrize(("count", "enough"), [(200, 0.85), (1100, 0.95)])
def test_the_trained_network_reads_digits_it_has_not_seen(count, enough):
    x, y, others, labels = digits(count)
    logits = train_network(x, y, rng()).predict(others)
    assert logits.shape == (len(others), 10)
    assert np.mean(logits.argmax(axis=1) == labels) > enough


def test_the_trained_network_learns_what_it_is_given_and_nothing_else():
    x, y, others, labels = digits(300)
    names = np.array([3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
    before = x.copy(), y.copy()
    answers = train_network(x, names[y], rng()).predict(others).argmax(axis=1)
    assert np.mean(answers == names[labels]) > 0.85
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_the_same_seed_trains_the_same_network_and_another_seed_another():
    x, y, others, _ = digits(60)
    state = np.random.get_state()[1].copy()
    one, again, other = (train_network(x, y, rng(seed), epochs=3).predict(others[:5]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((4, 8, 8, 1)), np.zeros(3, int), "4 samples and 3 labels"),
        (np.zeros((4, 7, 8, 1)), np.zeros(4, int), r"samples of shape \(N, 8, 8, 1\), got \(4, 7, 8, 1\)"),
        (np.zeros((4, 8, 8, 1)), np.full(4, 10), "got 10"),
    ],
)
def test_a_network_is_not_trained_on_what_does_not_fit(x, y, said):
    with pytest.raises(ValueError, match=said):
        train_network(x, y, rng())
