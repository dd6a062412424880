"""Padding and stride, as the chapter ``book/padding_stride.md`` teaches them.

The sizes come from :mod:`cnncourse.shapes` and the layer from :mod:`cnncourse.convolution`; this module adds the
padding itself and what it does for the pixels at the edge.
"""

from __future__ import annotations

import numpy as np

from cnncourse.arrays import floats
from cnncourse.convolution import conv2d, conv2d_backward
from cnncourse.shapes import causal_padding, fits_exactly, output_size, pair, receptive_field, same_padding

__all__ = [
    "causal_padding",
    "conv2d",
    "fits_exactly",
    "output_size",
    "pad2d",
    "pixel_utilisation",
    "receptive_field",
    "same_padding",
]


def pad2d(images: np.ndarray, padding, value: float = 0.0) -> np.ndarray:
    """Put a frame of one value around every image, the same on both sides.

    ``out[n, p + i, q + j, c] = images[n, i, j, c]`` with ``padding = (p, q)``

    Args:
        images: ``(N, H, W, C)``.
        padding: an int or a pair (rows, columns): how many pixels are added on each side.
        value: what the added pixels hold.

    Returns:
        ``(N, H + 2p, W + 2q, C)``, a fresh array even where nothing is added.

    Raises:
        ValueError: the images are not 4-D, or the padding is not a whole number of at least 0.

    >>> pad2d(np.ones((1, 1, 2, 1)), 1)[0, :, :, 0]
    array([[0., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 0., 0., 0.]])

    Source: Keras's ``ZeroPadding2D``.
    """
    (images,) = floats(images)
    if images.ndim != 4:
        raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
    rows, columns = pair(padding, "padding", least=0)
    return np.pad(images, ((0, 0), (rows, rows), (columns, columns), (0, 0)), constant_values=value)


def pixel_utilisation(image_size, kernel_size, stride=1, padding="valid", dilation=1) -> np.ndarray:
    """How many output pixels each input pixel takes part in.

    Few at the edges, more of them with padding, none where a stride leaves a pixel out. The count is a gradient: with
    every weight 1, each output pixel sends 1 back to every pixel of its window.

    Args:
        image_size: an int or a pair (rows, columns).
        kernel_size: an int or a pair (rows, columns).
        stride, padding, dilation: as :func:`conv2d` takes them.

    Returns:
        ``(H, W)``, whole numbers.

    Raises:
        ValueError: as :func:`conv2d`.

    >>> pixel_utilisation((3, 4), 2)
    array([[1, 2, 2, 1],
           [2, 4, 4, 2],
           [1, 2, 2, 1]])
    """
    image = np.zeros((1, *pair(image_size, "image_size"), 1))
    kernel = np.ones((*pair(kernel_size, "kernel_size"), 1, 1))
    output = conv2d(image, kernel, stride=stride, padding=padding, dilation=dilation)
    counts, _, _ = conv2d_backward(np.ones_like(output), image, kernel, stride, padding, dilation)
    return counts[0, :, :, 0].round().astype(int)
