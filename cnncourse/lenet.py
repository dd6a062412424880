"""LeNet-5's table and what training it takes: labels, splits, steps, an epoch, a confusion matrix, a trained network.

The chapter ``book/lenet.md`` teaches them. Labels are whole numbers from 0, one for each sample.
"""

from __future__ import annotations

import numpy as np

from cnncourse.arrays import class_numbers
from cnncourse.layers import Conv2D, Dense, Flatten, MaxPooling2D
from cnncourse.networks import Sequential
from cnncourse.optimizers import SGD, adam_step, momentum_step, sgd_step
from cnncourse.shapes import ConvShape, DenseShape, FlattenShape, LayerTable, PoolShape, layer_table, whole_number

__all__ = [
    "adam_step",
    "confusion_matrix",
    "lenet5_params",
    "lenet5_shapes",
    "lenet5_table",
    "momentum_step",
    "one_hot",
    "sgd_step",
    "train_epoch",
    "train_network",
    "train_validation_split",
]

INPUT_SHAPE = (32, 32, 1)
# The paper's names: C convolves, S subsamples, F is fully connected. Here C3 sees all six maps of S2.
LAYERS = (
    ConvShape(6, 5, name="C1"),
    PoolShape(2, name="S2"),
    ConvShape(16, 5, name="C3"),
    PoolShape(2, name="S4"),
    ConvShape(120, 5, name="C5"),
    FlattenShape(),
    DenseShape(84, name="F6"),
    DenseShape(10, name="output"),
)


def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """A row for each label: 1 in the column of its class, 0 in the others.

    Args:
        labels: ``(N,)``, whole numbers from 0 to num_classes - 1.
        num_classes: how many columns.

    Returns:
        ``(N, num_classes)``, float64.

    Raises:
        ValueError: labels that are not 1-D, or one that is no class.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])

    Source: Keras's ``to_categorical``.
    """
    labels = _classes(labels, num_classes, "labels")
    rows = np.zeros((len(labels), num_classes))
    rows[np.arange(len(labels)), labels] = 1
    return rows


def train_validation_split(x: np.ndarray, y: np.ndarray, fraction: float, rng: np.random.Generator):
    """Shuffle the samples with their labels, then put some of them aside for validation.

    Args:
        x, y: arrays with a sample, and its label, in each entry of their first axis.
        fraction: the share put aside, from 0 to 1; ``round(fraction * N)`` samples.
        rng: a NumPy generator.

    Returns:
        ``(x_train, y_train, x_val, y_val)``: fresh arrays in which every sample occurs once.

    Raises:
        ValueError: not as many labels as samples, or a fraction outside 0 to 1.

    >>> x_train, y_train, x_val, y_val = train_validation_split(np.ones((10, 2)), np.ones(10), 0.2, np.random.default_rng(0))
    >>> x_train.shape, y_train.shape, x_val.shape, y_val.shape
    ((8, 2), (8,), (2, 2), (2,))

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 5.3.
    """  # noqa: E501
    x, y = _samples(x, y)
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be from 0 to 1, got {fraction}")
    order = rng.permutation(len(x))
    validation, training = np.split(order, [round(fraction * len(x))])
    return x[training], y[training], x[validation], y[validation]


def lenet5_table(batch_size: int = 1, dtype: str = "float32") -> LayerTable:
    """LeNet-5 layer by layer: shapes, parameters, multiply-adds, bytes. See :func:`cnncourse.shapes.layer_table`.

    The form in use today: C3 sees all six maps, pooling has no parameters, and the output is a dense layer.

    >>> lenet5_table().total.parameters
    61706

    Source: LeCun, Bottou, Bengio & Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998),
    section II.B.
    """
    return layer_table(INPUT_SHAPE, LAYERS, batch_size, dtype)


def lenet5_shapes() -> list[tuple[int, ...]]:
    """The 32 × 32 × 1 input, then the output of each of the seven layers.

    C5 convolves maps of 5 × 5 with kernels of 5 × 5, so its 120 maps have one pixel each.

    >>> lenet5_shapes()
    [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (1, 1, 120), (84,), (10,)]

    Source: LeCun et al. (1998), section II.B and figure 2.
    """
    return [row.output_shape for row in _seven_layers()]


def lenet5_params() -> list[int]:
    """How many parameters each layer of :func:`lenet5_shapes` has after the input: 0 for pooling.

    >>> lenet5_params()
    [156, 0, 2416, 0, 48120, 10164, 850]

    Source: LeCun et al. (1998), section II.B, with C3 connected to all maps of S2.
    """
    return [row.parameters for row in _seven_layers()[1:]]


def train_epoch(network, x: np.ndarray, y: np.ndarray, batch_size: int, optimizer, rng: np.random.Generator) -> float:
    """Train on every sample once, batch by batch, in a fresh order; the last batch may be shorter.

    Args:
        network: has ``params`` and ``loss_and_gradients(x, y)``, which returns the batch's mean loss and the gradients.
        x, y: arrays with a sample, and its label, in each entry of their first axis.
        batch_size: samples in a batch, at least 1.
        optimizer: has ``update(params, gradients)``, which changes the parameters in place.
        rng: a NumPy generator, which draws the order.

    Returns:
        The mean loss over the samples, each measured before the step that it took part in.

    Raises:
        ValueError: not as many labels as samples, no samples at all, or a batch size below 1.

    >>> from types import SimpleNamespace
    >>> network = SimpleNamespace(params={}, loss_and_gradients=lambda x, y: (np.mean(x), {}))
    >>> optimizer = SimpleNamespace(update=lambda params, gradients: None)
    >>> train_epoch(network, np.arange(5.0), np.zeros(5), 2, optimizer, np.random.default_rng(0))
    2.0

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), algorithm 8.1.
    """
    x, y = _samples(x, y)
    if not len(x):
        raise ValueError("there must be at least 1 sample to train on, got 0")
    batch_size = whole_number(batch_size, "batch_size")
    order = rng.permutation(len(x))
    total = 0.0
    for first in range(0, len(x), batch_size):
        batch = order[first : first + batch_size]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(network.params, gradients)
        total += float(loss) * len(batch)
    return total / len(x)


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """How often samples of each true class (row) were taken for each class (column).

    Args:
        labels, predictions: ``(N,)``, whole numbers from 0 to num_classes - 1.
        num_classes: how many rows and columns.

    Returns:
        ``(num_classes, num_classes)``, counts; what was right stands on the diagonal.

    Raises:
        ValueError: arrays that are not 1-D or not of one length, or a number that is no class.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2)
    array([[1, 1],
           [0, 1]])

    Source: scikit-learn's ``confusion_matrix``.
    """
    labels = _classes(labels, num_classes, "labels")
    predictions = _classes(predictions, num_classes, "predictions")
    if len(labels) != len(predictions):
        raise ValueError(f"every label needs a prediction, got {len(labels)} labels, {len(predictions)} predictions")
    # Each pair (true, predicted) as one number, the place it has in the matrix read row by row.
    pairs = labels * num_classes + predictions
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def train_network(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, epochs: int = 20) -> Sequential:
    """A small convolutional network for images of 8 × 8 pixels in ten classes, built and trained.

    LeNet-5's beginning: a convolution and pooling, twice as many filters since there is one such pair only, and a dense
    layer for the answer. A thousand images take it about a second.

    Args:
        x: ``(N, 8, 8, 1)``, images with numbers from 0 to 1.
        y: ``(N,)``, labels from 0 to 9.
        rng: a NumPy generator, which draws the first weights and the order of the samples.
        epochs: how often every sample is shown.

    Returns:
        The network; ``predict(x)`` gives logits ``(N, 10)``.

    Raises:
        ValueError: not as many labels as samples, images of another size, or a label that is no class.

    >>> images = np.eye(8)[np.arange(16) % 8, :, np.newaxis, np.newaxis] * np.ones((1, 8, 8, 1))
    >>> network = train_network(images, np.arange(16) % 8, np.random.default_rng(0))
    >>> network.predict(images[:8]).argmax(axis=1)
    array([0, 1, 2, 3, 4, 5, 6, 7])

    Source: LeCun et al. (1998), section II; scikit-learn's digits are what ``book/lenet.md`` trains it on.
    """
    layers = [
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(10),
    ]
    network = Sequential(layers, input_shape=(8, 8, 1), seed=rng)
    optimizer = SGD(learning_rate=0.1, momentum=0.9)
    for _ in range(whole_number(epochs, "epochs")):
        train_epoch(network, x, y, 32, optimizer, rng)
    return network


def _seven_layers() -> list:
    return [row for row in lenet5_table() if row.name != "flatten"]


def _samples(x, y) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y):
        raise ValueError(f"every sample needs a label, got {len(x)} samples and {len(y)} labels")
    return x, y


def _classes(numbers, num_classes: int, name: str) -> np.ndarray:
    numbers = np.asarray(numbers)
    if numbers.ndim != 1:
        raise ValueError(f"{name} must have 1 dimension, got shape {numbers.shape}")
    return class_numbers(numbers, num_classes, name)
