"""Keeping a network from learning its training data by heart, as ``book/dropout.md`` explains.

Dropout and batch normalisation compute one thing while a network is trained and another when it predicts; ``training``
says which. float32 stays float32, integers become float64, inputs are never written to, and results never share memory
with them.
"""

from __future__ import annotations

import math

import numpy as np

from cnncourse.arrays import floats, sum_over_rows
from cnncourse.shapes import whole_number

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "dropout",
    "dropout_backward",
    "early_stopping",
    "spatial_dropout1d",
    "spatial_dropout2d",
]


def dropout(x, rate, rng, training=True):
    """Inverted dropout: in training each number is kept with probability ``1 - rate``, and what is kept is enlarged.

    ``out = x · mask / (1 - rate)``, so that the expected output is ``x``. When predicting the output *is* ``x``.

    Args:
        x: any shape.
        rate: the share that is dropped, from 0 to below 1.
        rng: a ``numpy.random.Generator``.
        training: whether to drop anything.

    Returns:
        ``(output, mask)``, both in the shape of ``x``; the mask holds zeros and ones, when predicting only ones.

    Raises:
        ValueError: the rate is below 0, or 1 and above.

    >>> output, mask = dropout(np.ones(6), 0.5, np.random.default_rng(0))
    >>> output, mask
    (array([2., 0., 0., 0., 2., 2.]), array([1., 0., 0., 0., 1., 1.]))

    Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, *Dropout: a simple way to prevent neural networks
    from overfitting* (2014), sections 4 and 10.
    """
    (x,) = floats(x)
    return _drop(x, x.shape, rate, rng, training)


def dropout_backward(grad, mask, rate):
    """The gradient of :func:`dropout` in training: it flows where the numbers did, enlarged as they were.

    ``d_x = grad · mask / (1 - rate)``

    Args:
        grad: in the shape of the output.
        mask: what :func:`dropout`, :func:`spatial_dropout2d` or :func:`spatial_dropout1d` returned.
        rate: as it was given there.

    Raises:
        ValueError: a mask that does not fit, or a rate below 0, or 1 and above.

    >>> dropout_backward([1, 1, 1], [1, 0, 1], 0.75)
    array([4., 0., 4.])

    Source: Srivastava et al. (2014), section 5.1.
    """
    rate = _rate(rate)
    (grad,) = floats(grad)
    mask = np.asarray(mask, dtype=grad.dtype)
    if mask.ndim != grad.ndim or any(m not in (1, g) for m, g in zip(mask.shape, grad.shape, strict=True)):
        raise ValueError(f"a mask of shape {mask.shape} does not fit a gradient of shape {grad.shape}")
    out = grad * mask
    out /= 1 - rate
    return out


def spatial_dropout2d(images, rate, rng, training=True):
    """Dropout of whole feature maps: neighbouring pixels say much the same, so they are dropped together.

    Args:
        images: ``(N, H, W, C)``.
        rate, rng, training: as for :func:`dropout`.

    Returns:
        ``(output, mask)``: the output in the images' shape, the mask ``(N, 1, 1, C)``, one number for each map.

    Raises:
        ValueError: images that are not 4-D, or a rate below 0, or 1 and above.

    >>> output, mask = spatial_dropout2d(np.ones((1, 2, 2, 3)), 0.5, np.random.default_rng(0))
    >>> output[0, :, :, 0], mask.shape
    (array([[2., 2.],
           [2., 2.]]), (1, 1, 1, 3))

    Source: Tompson, Goroshin, Jain, LeCun & Bregler, *Efficient object localization using convolutional networks*
    (2015), section 3.3; Keras's ``keras.layers.SpatialDropout2D``.
    """
    (images,) = floats(images)
    if images.ndim != 4:
        raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
    return _drop(images, (len(images), 1, 1, images.shape[3]), rate, rng, training)


def spatial_dropout1d(sequences, rate, rng, training=True):
    """Dropout of whole channels of a sequence: :func:`spatial_dropout2d` for text.

    Args:
        sequences: ``(N, T, C)``.
        rate, rng, training: as for :func:`dropout`.

    Returns:
        ``(output, mask)``: the output in the sequences' shape, the mask ``(N, 1, C)``.

    Raises:
        ValueError: sequences that are not 3-D, or a rate below 0, or 1 and above.

    >>> spatial_dropout1d(np.ones((2, 5, 3)), 0.5, np.random.default_rng(0))[1].shape
    (2, 1, 3)

    Source: Keras's ``keras.layers.SpatialDropout1D``.
    """
    (sequences,) = floats(sequences)
    if sequences.ndim != 3:
        raise ValueError(f"sequences must have 3 dimensions, got shape {sequences.shape}")
    return _drop(sequences, (len(sequences), 1, sequences.shape[2]), rate, rng, training)


def early_stopping(val_losses, patience):
    """When training should have ended, given the validation loss of each epoch.

    It ends after ``patience`` epochs in a row without a loss strictly lower than all before, or else after the last
    epoch. The parameters to keep are those of the lowest loss until then, the first of them if there are several.

    Args:
        val_losses: the validation losses, one for each epoch. NaN is never lower.
        patience: how many epochs without progress to wait for, at least 1.

    Returns:
        ``(epoch to stop after, epoch to restore)``, both counted from 0.

    Raises:
        ValueError: there is no epoch, or patience is not a whole number of at least 1.

    >>> early_stopping([0.9, 0.5, 0.6, 0.5, 0.1], patience=2)
    (3, 1)

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), algorithm 7.1; Keras's
    ``keras.callbacks.EarlyStopping(restore_best_weights=True)``.
    """
    patience = whole_number(patience, "patience")
    if len(val_losses) == 0:
        raise ValueError("val_losses must hold at least one epoch's loss, got none")
    lowest, best = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < lowest:
            lowest, best = loss, epoch
        elif epoch - best == patience:
            break
    return epoch, best


def batch_norm(x, gamma, beta, running, training=True, momentum=0.9, epsilon=1e-5):
    """Batch normalisation: each channel gets mean 0 and variance 1, then a scale and a shift that are learned.

    ``out = gamma · (x - mean) / √(variance + epsilon) + beta``. In training, mean and variance are those of the batch,
    over all axes but the last, and the running ones move towards them:
    ``running ← momentum · running + (1 - momentum) · batch``. When predicting, the running ones are used. The variance
    is biased, the mean of the squared distances, in both places.

    Args:
        x: ``(..., C)``, at least 2-D.
        gamma, beta: ``(C,)``, the scale and the shift.
        running: the pair (mean, variance), each ``(C,)``; zeros and ones before the first batch.
        training: whether to use the batch's own mean and variance.
        momentum: the share of the running numbers that is kept, from 0 to 1. Keras's layer has 0.99.
        epsilon: keeps the division from 0. Keras's layer has 1e-3.

    Returns:
        ``(output, new running)``, all in the dtype of ``x``.

    Raises:
        ValueError: shapes that do not belong together, an empty batch in training, momentum outside its range, or an
            epsilon below 0.

    >>> output, running = batch_norm([[1, 10], [3, 30]], np.ones(2), np.zeros(2), (np.zeros(2), np.ones(2)))
    >>> output.round(3), running[0]
    (array([[-1., -1.],
           [ 1.,  1.]]), array([0.2, 2. ]))

    Source: Ioffe & Szegedy, *Batch normalization: accelerating deep network training by reducing internal covariate
    shift* (2015), algorithm 1; running mean and variance as in Keras's ``keras.layers.BatchNormalization``.
    """
    if len(running) != 2:
        raise ValueError(f"running must be the pair (mean, variance), got {len(running)} arrays")
    mean, variance = running
    x, gamma, beta, mean, variance = _channels(x, gamma=gamma, beta=beta, mean=mean, variance=variance)
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be from 0 to 1, got {momentum}")
    momentum = float(momentum)
    if training:
        batch_mean, batch_variance, out = _moments(x)
        running = (
            momentum * mean + (1 - momentum) * batch_mean,
            momentum * variance + (1 - momentum) * batch_variance,
        )
        variance = batch_variance
    else:
        running = (mean.copy(), variance.copy())
        out = x - mean
    out *= gamma / _deviation(variance, epsilon)
    out += beta
    return out, running


def batch_norm_backward(grad, x, gamma, epsilon=1e-5):
    """The gradients of :func:`batch_norm` in training, through the batch's mean and variance too.

    With ``x_hat`` the normalised input, ``deviation = √(variance + epsilon)`` and means over all axes but the last:
    ``d_x = gamma / deviation · (grad - mean(grad) - x_hat · mean(grad · x_hat))``, ``d_gamma = Σ grad · x_hat``,
    ``d_beta = Σ grad``.

    Args:
        grad: in the shape of ``x``.
        x, gamma, epsilon: as they were given to :func:`batch_norm`.

    Returns:
        ``(d_x, d_gamma, d_beta)``.

    Raises:
        ValueError: as :func:`batch_norm`, and when ``grad`` has another shape than ``x``.

    >>> d_x, d_gamma, d_beta = batch_norm_backward([[1.0], [0.0]], [[1.0], [3.0]], [1.0])
    >>> d_gamma.round(3), d_beta
    (array([-1.]), array([1.]))

    Source: Ioffe & Szegedy (2015), section 3.
    """
    x, gamma = _channels(x, gamma=gamma)
    grad = np.asarray(grad, dtype=x.dtype)
    if grad.shape != x.shape:
        raise ValueError(f"grad must have the output's shape {x.shape}, got {grad.shape}")
    _, variance, x_hat = _moments(x)
    deviation = _deviation(variance, epsilon)
    x_hat /= deviation
    count = x.size // x.shape[-1]
    d_gamma = sum_over_rows(grad * x_hat)
    d_beta = sum_over_rows(grad)
    x_hat *= d_gamma / count
    d_x = grad - x_hat
    d_x -= d_beta / count
    d_x *= gamma / deviation
    return d_x, d_gamma, d_beta


def _drop(x, mask_shape, rate, rng, training):
    rate = _rate(rate)
    if not training:
        return x.copy(), np.ones(mask_shape, x.dtype)
    mask = (rng.random(mask_shape) >= rate).astype(x.dtype)
    out = x * mask
    out /= 1 - rate
    return out, mask


def _rate(rate) -> float:
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be from 0 to below 1, got {rate}")
    return float(rate)


def _channels(x, **per_channel):
    """x, and the arrays that hold one number for each of its channels, in the dtype of x."""
    (x,) = floats(x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 dimensions, got shape {x.shape}")
    arrays = []
    for name, array in per_channel.items():
        array = np.asarray(array, dtype=x.dtype)
        if array.shape != x.shape[-1:]:
            raise ValueError(f"{name} must have one number for each of the {x.shape[-1]} channels, got {array.shape}")
        arrays.append(array)
    return x, *arrays


def _moments(x):
    """The mean and the biased variance of each channel, and x less the mean."""
    if x.size == 0:
        raise ValueError(f"x must hold at least one number to take the mean of, got shape {x.shape}")
    count = x.size // x.shape[-1]
    mean = sum_over_rows(x) / count
    centred = x - mean
    return mean, sum_over_rows(np.square(centred)) / count, centred


def _deviation(variance, epsilon):
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon}")
    return np.sqrt(variance + float(epsilon))
