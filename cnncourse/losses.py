"""How wrong a network is, as one number, and in which direction each of its outputs should move.

``book/foundations.md`` compares the losses, ``book/backprop.md`` differentiates them. Each function returns the mean
loss of a batch, a float, and the gradient *of that mean*, an array in the dtype of the network's outputs. The
cross-entropies read logits, the scores before softmax or sigmoid, which keeps them exact for scores of any size.
"""

from __future__ import annotations

import numpy as np

from cnncourse.activations import sigmoid
from cnncourse.arrays import floats

__all__ = ["binary_cross_entropy", "mean_squared_error", "softmax_cross_entropy"]


def mean_squared_error(predictions, targets):
    """The mean of the squared differences, and its gradient.

    ``loss = mean((predictions - targets)²)``, ``gradient = 2 · (predictions - targets) / size``

    Args:
        predictions: any shape but an empty one.
        targets: the same shape.

    Returns:
        ``(loss, gradient)``: a float, and an array in the shape of the predictions.

    Raises:
        ValueError: the shapes differ, or there is nothing to average.

    >>> mean_squared_error([[1, 2]], [[1, 4]])
    (2.0, array([[ 0., -2.]]))

    Source: Keras's ``keras.losses.MeanSquaredError``.
    """
    (predictions,), (targets,) = floats(predictions), floats(targets)
    if targets.shape != predictions.shape:
        raise ValueError(f"targets must have the predictions' shape {predictions.shape}, got {targets.shape}")
    if predictions.size == 0:
        raise ValueError(f"predictions must hold at least one number, got shape {predictions.shape}")
    differences = predictions - targets.astype(predictions.dtype, copy=False)
    return _mean(np.square(differences)), differences * (2 / differences.size)


def softmax_cross_entropy(logits, labels):
    """Minus the logarithm of the probability that softmax gives to the right class, averaged, and its gradient.

    ``loss = mean over n of (log Σ_k exp(logits[n, k]) - logits[n, labels[n]])``,
    ``gradient = (softmax(logits) - one-hot labels) / N``

    Args:
        logits: ``(N, C)``, one score for each class.
        labels: ``(N,)``, whole numbers from 0 to C - 1.

    Returns:
        ``(loss, gradient)``: a float, and an ``(N, C)`` array.

    Raises:
        ValueError: logits that are not 2-D or empty, labels of another length or outside the range.

    >>> loss, gradient = softmax_cross_entropy([[1000, 1000]], [0])
    >>> round(loss, 4), gradient
    (0.6931, array([[-0.5,  0.5]]))

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.2.2.3; Keras's
    ``keras.losses.SparseCategoricalCrossentropy(from_logits=True)``.
    """
    (logits,) = floats(logits)
    if logits.ndim != 2 or logits.size == 0:
        raise ValueError(f"logits must be shaped (samples, classes), neither of them 0, got shape {logits.shape}")
    count, classes = logits.shape
    rows, labels = np.arange(count), _labels(labels, count, classes)

    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    loss = _mean(np.log(sums[:, 0]) - shifted[rows, labels])

    gradient = powers / sums
    gradient[rows, labels] -= 1
    gradient /= count
    return loss, gradient


def binary_cross_entropy(logits, labels):
    """The cross-entropy of two classes, told apart by one score and a sigmoid, averaged, and its gradient.

    ``loss = mean(-y · log σ(z) - (1 - y) · log(1 - σ(z))) = mean(max(z, 0) - z · y + log(1 + exp(-|z|)))``,
    ``gradient = (σ(z) - y) / N``. The second form of the loss overflows nowhere.

    Args:
        logits: ``(N,)`` or ``(N, 1)``, the score ``z`` of class 1.
        labels: ``(N,)`` or ``(N, 1)``, each ``y`` 0 or 1.

    Returns:
        ``(loss, gradient)``: a float, and an array in the shape of the logits.

    Raises:
        ValueError: logits of another shape or empty, labels of another length or other than 0 and 1.

    >>> loss, gradient = binary_cross_entropy([0, 1000], [1, 1])
    >>> round(loss, 4), gradient
    (0.3466, array([-0.25,  0.  ]))

    Source: Keras's ``keras.losses.BinaryCrossentropy(from_logits=True)``.
    """
    (logits,) = floats(logits)
    count = logits.size
    if count == 0 or logits.shape not in ((count,), (count, 1)):
        raise ValueError(f"logits must be shaped (samples,) or (samples, 1), not empty, got shape {logits.shape}")
    labels = np.asarray(labels)
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    targets = _labels(labels, count, 2).astype(logits.dtype).reshape(logits.shape)

    losses = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return _mean(losses), (sigmoid(logits) - targets) / count


def _mean(losses) -> float:
    return float(losses.mean(dtype=np.float64))


def _labels(labels, count, classes):
    """The labels as indices, after making sure that there is one for each sample and that each is a class."""
    labels = np.asarray(labels)
    if labels.shape != (count,):
        hint = ": for one-hot rows take labels.argmax(axis=1)" if labels.shape == (count, classes) else ""
        raise ValueError(f"labels must be {count} whole numbers, one for each sample, got shape {labels.shape}{hint}")
    if labels.dtype.kind not in "fiub":
        raise ValueError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {labels[0]!r} for sample 0 of the batch"
        )
    right = (labels >= 0) & (labels < classes) & (labels == np.floor(labels))
    if not right.all():
        n = int(right.argmin())
        raise ValueError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {labels[n]} for sample {n} of the batch"
        )
    return labels.astype(np.intp)
