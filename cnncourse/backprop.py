"""What the chapter ``book/backprop.md`` needs to train a network: each layer's way back, and ``im2col``.

``im2col`` writes every window of the images out as one row of a matrix, so that a convolution becomes a matrix product;
``col2im`` is its adjoint, which adds every row back to where its window lay. The layers of the library do the same
tile by tile (:mod:`cnncourse.columns`); these two are the plain form, and what the exercise asks for.
"""

from __future__ import annotations

import numpy as np

from cnncourse.activations import affine, affine_backward, numerical_gradient, relu, relu_backward
from cnncourse.arrays import floats
from cnncourse.columns import Geometry
from cnncourse.convolution import conv2d_backward
from cnncourse.losses import softmax_cross_entropy
from cnncourse.shapes import pair

__all__ = [
    "affine",
    "affine_backward",
    "col2im",
    "conv2d_backward",
    "im2col",
    "numerical_gradient",
    "relu",
    "relu_backward",
    "softmax_cross_entropy",
]


def im2col(images, kernel_size, stride=1, padding=0) -> np.ndarray:
    """Every window of the images as one row.

    Args:
        images: ``(N, H, W, C)``.
        kernel_size: an int or a pair (rows, columns), in pixels.
        stride: an int or a pair.
        padding: an int or a pair: zeros on both sides.

    Returns:
        ``(N·oh·ow, kh·kw·C)``: rows in the order of the output's pixels, columns in the order of the kernel's entries,
        so that ``im2col(images, (kh, kw)) @ kernels.reshape(kh·kw·C, F)`` is a convolution.

    Raises:
        ValueError: images that are not 4-D, a kernel that does not fit, an impossible stride or padding.

    >>> im2col(np.arange(6.0).reshape(1, 2, 3, 1), kernel_size=2)
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.]])

    Source: Chellapilla, Puri & Simard, *High performance convolutional neural networks for document processing* (2006),
    section 3.
    """
    (images,) = floats(images)
    geometry = _geometry(images, kernel_size, stride, padding)
    windows = np.array(geometry.windows(geometry.pad(images)).transpose(0, 1, 2, 4, 5, 3))
    return windows.reshape(np.prod(windows.shape[:3]), np.prod(windows.shape[3:]))


def col2im(columns, image_shape, kernel_size, stride=1, padding=0) -> np.ndarray:
    """Every row back to its window, overlaps added up: the adjoint of :func:`im2col`.

    ``(im2col(x) * columns).sum() == (x * col2im(columns)).sum()`` for all ``x`` and ``columns``.

    Args:
        columns: ``(N·oh·ow, kh·kw·C)``.
        image_shape: ``(N, H, W, C)``.
        kernel_size, stride, padding: as they were given to :func:`im2col`.

    Returns:
        ``(N, H, W, C)``.

    Raises:
        ValueError: as :func:`im2col`, and when the columns have another shape than :func:`im2col` would give them.

    >>> col2im(np.ones((2, 4)), (1, 2, 3, 1), kernel_size=2)[0, :, :, 0]
    array([[1., 2., 1.],
           [1., 2., 1.]])

    Source: as :func:`im2col`.
    """
    (columns,) = floats(columns)
    geometry = _geometry(np.broadcast_to(columns.dtype.type(0), image_shape), kernel_size, stride, padding)
    count, height, width, _ = geometry.output_shape
    kh, kw = geometry.kernel_size
    expected = (count * height * width, kh * kw * geometry.channels)
    if columns.shape != expected:
        raise ValueError(f"columns must have the shape that im2col gives them, {expected}, got {columns.shape}")
    columns = columns.reshape(count, height, width, kh, kw, geometry.channels)
    padded = np.zeros(geometry.padded_shape, columns.dtype)
    row_step, column_step = geometry.stride
    for a in range(kh):
        for b in range(kw):
            rows = slice(a, a + row_step * (height - 1) + 1, row_step)
            padded[:, rows, b : b + column_step * (width - 1) + 1 : column_step] += columns[:, :, :, a, b]
    return geometry.crop(padded).copy()


def _geometry(images, kernel_size, stride, padding) -> Geometry:
    if images.ndim != 4:
        raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
    pair(padding, "padding", least=0)  # an int or a pair; names are convolution's
    kernels = np.broadcast_to(images.dtype.type(0), (*pair(kernel_size, "kernel_size"), images.shape[3], 1))
    return Geometry(images, kernels, stride, padding, 1, "channels_last")
