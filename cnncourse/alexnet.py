"""AlexNet's table, its normalisation and its augmentation, as the chapter ``book/alexnet.md`` teaches them.

Images are shaped ``(N, H, W, C)``. What computes returns floats (float32 stays float32, integers become float64); what
only moves pixels (transposing, flipping, cropping) keeps their type.

Source of all of it: Krizhevsky, Sutskever & Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*
(2012); the sections are named below.
"""

from __future__ import annotations

import numpy as np

from cnncourse.arrays import class_numbers, floats
from cnncourse.shapes import (
    ConvShape,
    DenseShape,
    FlattenShape,
    LayerTable,
    PoolShape,
    SameShape,
    layer_table,
    pair,
    whole_number,
)

__all__ = [
    "alexnet",
    "alexnet_params",
    "alexnet_shapes",
    "alexnet_table",
    "kernels_to_channels_first",
    "local_response_norm",
    "local_response_norm_backward",
    "random_crop",
    "random_flip",
    "to_channels_first",
    "to_channels_last",
    "top_k_accuracy",
]

INPUT_SHAPE = (227, 227, 3)
# One network, not split over two GPUs. Every convolution is followed by a ReLU, and so are fc6 and fc7.
LAYERS = (
    ConvShape(96, 11, strides=4, name="conv1"),
    SameShape("norm1"),
    PoolShape(3, strides=2, name="pool1"),
    ConvShape(256, 5, padding=2, name="conv2"),
    SameShape("norm2"),
    PoolShape(3, strides=2, name="pool2"),
    ConvShape(384, 3, padding=1, name="conv3"),
    ConvShape(384, 3, padding=1, name="conv4"),
    ConvShape(256, 3, padding=1, name="conv5"),
    PoolShape(3, strides=2, name="pool5"),
    FlattenShape(),
    DenseShape(4096, name="fc6"),
    DenseShape(4096, name="fc7"),
    DenseShape(1000, name="fc8"),
)


def alexnet_table(batch_size: int = 1, dtype: str = "float32") -> LayerTable:
    """AlexNet layer by layer: shapes, parameters, multiply-adds, bytes. See :func:`cnncourse.shapes.layer_table`.

    >>> alexnet_table().total.parameters
    62378344

    Source: section 3.5, without the split over two GPUs; 227 × 227, since the paper's 224 does not lead to its 55.
    """
    return layer_table(INPUT_SHAPE, LAYERS, batch_size, dtype)


def alexnet_shapes() -> list[tuple[int, ...]]:
    """The 227 × 227 × 3 input, then the output of each of the eleven layers that convolve, pool or connect fully.

    >>> alexnet_shapes()[:3]
    [(227, 227, 3), (55, 55, 96), (27, 27, 96)]

    Source: section 3.5 and figure 2.
    """
    return [row.output_shape for row in _eleven_layers()]


def alexnet_params() -> list[int]:
    """How many parameters each layer of :func:`alexnet_shapes` has after the input: 0 for pooling.

    >>> sum(alexnet_params())
    62378344

    Source: section 3.5 and figure 2, without the split over two GPUs.
    """
    return [row.parameters for row in _eleven_layers()[1:]]


def alexnet(input_shape: tuple[int, int, int], num_classes: int):
    """AlexNet as a Keras model, in the form in which it is built today.

    Without the split over two GPUs and without local response normalisation, and with weights that begin as
    ``he_normal`` where a ReLU follows. Keras is imported here.

    Args:
        input_shape: ``(H, W, C)`` of an image; 67 × 67 is the smallest.
        num_classes: how many units the last layer has.

    Returns:
        A ``keras.Sequential``, not compiled.

    >>> alexnet((67, 67, 1), 10).output_shape
    (None, 10)

    Source: section 3.5 and figure 2; dropout as in section 4.2.
    """
    from keras import Input, Sequential, layers

    def conv(filters, kernel_size, strides=1, padding="same"):
        return layers.Conv2D(filters, kernel_size, strides, padding, activation="relu", kernel_initializer="he_normal")

    def dense(units):
        return layers.Dense(units, activation="relu", kernel_initializer="he_normal")

    return Sequential(
        [
            Input(input_shape),
            conv(96, 11, strides=4, padding="valid"),
            layers.MaxPooling2D(3, strides=2),
            conv(256, 5),
            layers.MaxPooling2D(3, strides=2),
            conv(384, 3),
            conv(384, 3),
            conv(256, 3),
            layers.MaxPooling2D(3, strides=2),
            layers.Flatten(),
            dense(4096),
            layers.Dropout(0.5),
            dense(4096),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="alexnet",
    )


def local_response_norm(
    images: np.ndarray, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> np.ndarray:
    """Divide every activation by what its neighbours in the channels next to it amount to.

    ``out[…, c] = images[…, c] / (k + alpha · Σ_j images[…, j]²) ** beta``, with j from c - size // 2 to c + size // 2
    as far as there are channels.

    Args:
        images: ``(N, H, W, C)``, or any array with its channels last.
        size: how many neighbouring channels are summed, the channel itself included; odd.
        k, alpha, beta: the formula's constants. ``alpha`` multiplies the sum; some libraries divide it by ``size``.

    Returns:
        The images' shape.

    Raises:
        ValueError: ``size`` is not an odd number of at least 1.

    >>> local_response_norm(np.array([[[[1.0, 2.0, 3.0]]]]), size=3, k=1, alpha=1, beta=1)
    array([[[[0.16666667, 0.13333333, 0.21428571]]]])

    Source: section 3.3; ``tf.nn.local_response_normalization`` with ``depth_radius = size // 2``.
    """
    (images,) = floats(images)
    return images * _norm(images, size, k, alpha) ** -float(beta)


def local_response_norm_backward(
    grad: np.ndarray, images: np.ndarray, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> np.ndarray:
    """The gradient of :func:`local_response_norm` with respect to its images.

    With ``norm = k + alpha · Σ_j images[…, j]²``, channel c reaches its own output, and the norm of every neighbour j:

    ``d_images[…, c] = grad[…, c] · norm[…, c] ** -beta``
    ``- 2 · alpha · beta · images[…, c] · Σ_j grad[…, j] · images[…, j] · norm[…, j] ** (-beta - 1)``

    Args:
        grad: the loss's gradient with respect to the output, in the images' shape.
        images, size, k, alpha, beta: as they were given to :func:`local_response_norm`.

    Returns:
        The images' shape.

    Raises:
        ValueError: as :func:`local_response_norm`, and when ``grad`` has another shape than the images.

    >>> grad, images = np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), 2.0)
    >>> local_response_norm_backward(grad, images, size=1, k=1, alpha=1, beta=1).round(2)  # 1/5 - 2 · 2²/5²
    array([[[[-0.12]]]])

    Source: the derivative of section 3.3's formula.
    """
    (images,) = floats(images)
    grad = np.asarray(grad, dtype=images.dtype)
    if grad.shape != images.shape:
        raise ValueError(f"grad must have the images' shape {images.shape}, got {grad.shape}")
    norm = _norm(images, size, k, alpha)
    direct = grad * norm ** -float(beta)
    through_norms = _sum_over_neighbours(direct * images / norm, size)
    return direct - 2 * float(alpha) * float(beta) * images * through_norms


def to_channels_first(images: np.ndarray) -> np.ndarray:
    """``(N, H, W, C)`` to ``(N, C, H, W)``: a view of the same pixels. Raises ``ValueError`` unless images are 4-D.

    >>> to_channels_first(np.ones((8, 28, 20, 3))).shape
    (8, 3, 28, 20)
    """
    return _four_axes(images).transpose(0, 3, 1, 2)


def to_channels_last(images: np.ndarray) -> np.ndarray:
    """``(N, C, H, W)`` to ``(N, H, W, C)``: a view of the same pixels. Raises ``ValueError`` unless images are 4-D.

    >>> to_channels_last(np.ones((8, 3, 28, 20))).shape
    (8, 28, 20, 3)
    """
    return _four_axes(images).transpose(0, 2, 3, 1)


def kernels_to_channels_first(kernels: np.ndarray) -> np.ndarray:
    """``(kh, kw, C, F)``, Keras's order, to ``(F, C, kh, kw)``, PyTorch's: a view. Raises ``ValueError`` unless 4-D.

    >>> kernels_to_channels_first(np.ones((11, 5, 3, 96))).shape
    (96, 3, 11, 5)
    """
    return _four_axes(kernels, "kernels").transpose(3, 2, 0, 1)


def random_flip(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn each image left to right with probability ½, whatever happens to the others.

    Args:
        images: ``(N, H, W, C)``.
        rng: a NumPy generator.

    Returns:
        ``(N, H, W, C)``, a fresh array of the images' type.

    Raises:
        ValueError: the images are not 4-D.

    >>> random_flip(np.arange(3).reshape(1, 1, 3, 1), np.random.default_rng(2)).ravel()
    array([2, 1, 0])

    Source: section 4.1; Keras's ``RandomFlip("horizontal")``.
    """
    images = _four_axes(images)
    turned = rng.random(len(images)) < 0.5
    return np.where(turned[:, None, None, None], images[:, :, ::-1], images)


def random_crop(images: np.ndarray, size, rng: np.random.Generator) -> np.ndarray:
    """Cut a piece out of each image, from a place of its own; every place is equally likely.

    Args:
        images: ``(N, H, W, C)``.
        size: an int or a pair (rows, columns), at most the images' size.
        rng: a NumPy generator.

    Returns:
        ``(N, rows, columns, C)``, a fresh array of the images' type.

    Raises:
        ValueError: the images are not 4-D or smaller than the piece.

    >>> random_crop(np.ones((8, 256, 256, 3)), 227, np.random.default_rng(0)).shape
    (8, 227, 227, 3)

    Source: section 4.1; Keras's ``RandomCrop``, which gives one place to a whole batch.
    """
    images, (height, width) = _four_axes(images), pair(size, "size")
    count, rows, columns, _ = images.shape
    if height > rows or width > columns:
        raise ValueError(f"a piece of {height} × {width} cannot be cut out of images of {rows} × {columns}")
    top = rng.integers(rows - height + 1, size=(count, 1, 1))
    left = rng.integers(columns - width + 1, size=(count, 1, 1))
    # Image n's rows and columns, broadcast to (N, height, width); the channels come along.
    return images[np.arange(count)[:, None, None], top + np.arange(height)[:, None], left + np.arange(width)]


def top_k_accuracy(probabilities: np.ndarray, labels: np.ndarray, k: int = 5) -> float:
    """The share of the samples whose true class is among the k most probable ones.

    A class counts as among them when fewer than k classes are more probable, so a tie does no harm.

    Args:
        probabilities: ``(N, classes)``; scores of any kind will do.
        labels: ``(N,)``, whole numbers from 0 to classes - 1.
        k: at least 1.

    Returns:
        A number from 0 to 1.

    Raises:
        ValueError: shapes that do not belong together, no samples, a label that is no class, ``k`` below 1.

    >>> top_k_accuracy(np.array([[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]]), np.array([2, 2]), k=2)
    0.5

    Source: section 2, which defines the top-5 error; Keras's ``SparseTopKCategoricalAccuracy``.
    """
    (probabilities,), labels = floats(probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(f"probabilities must have the shape (samples, classes), got {probabilities.shape}")
    count, classes = probabilities.shape
    if labels.shape != (count,):
        raise ValueError(f"labels must hold one class for each of the {count} samples, got shape {labels.shape}")
    labels = class_numbers(labels, classes, "labels")
    k = whole_number(k, "k")
    of_the_true_class = np.take_along_axis(probabilities, labels[:, None], axis=1)
    more_probable = (probabilities > of_the_true_class).sum(axis=1)
    return float(np.mean((more_probable < k) & np.isfinite(of_the_true_class[:, 0])))  # nan is no answer


def _eleven_layers() -> list:
    return [row for row in alexnet_table() if row.name not in ("norm1", "norm2", "flatten")]


def _four_axes(array, name: str = "images") -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 4:
        raise ValueError(f"{name} must have 4 dimensions, got shape {array.shape}")
    return array


def _norm(images: np.ndarray, size: int, k: float, alpha: float) -> np.ndarray:
    norm = _sum_over_neighbours(images * images, size)
    norm *= float(alpha)  # in place, and as Python's floats, which leave float32 as it is
    norm += float(k)
    return norm


def _sum_over_neighbours(array: np.ndarray, size: int) -> np.ndarray:
    """The sum over ``size`` neighbours along the last axis: the array, and its shifts to either side, added up."""
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be an odd number of at least 1, got {size}")
    total = array.copy()
    for shift in range(1, min(size // 2 + 1, array.shape[-1])):
        total[..., shift:] += array[..., :-shift]
        total[..., :-shift] += array[..., shift:]
    return total
