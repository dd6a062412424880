"""Convolution with 3 × 3 kernels by Winograd's minimal filtering: a quarter of the multiplications.

Four neighbouring outputs of a kernel of three entries depend on six inputs, and cost 4 · 3 = 12 multiplications. They
need only six, one for each input, if inputs, kernel and outputs are combined in the right way: the outputs are
coefficients of a product of polynomials, and a polynomial is known by its values at six points. In two dimensions 144
multiplications become 36. The combinations (:data:`INPUTS`, :data:`KERNELS`, :data:`OUTPUTS`) are small matrices, whose
cost is shared by all filters or by all images; the price is a rounding error several times as large.

The chapter ``book/convolution.md`` tells it as a further reading; :func:`cnncourse.convolution.conv2d` is what the
layers use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnncourse.arrays import filter_bias, floats, output_gradient, sum_over_rows
from cnncourse.blas import one_blas_thread
from cnncourse.columns import Geometry, aligned, aligned_empty

__all__ = ["winograd_conv2d", "winograd_conv2d_backward"]

# For outputs in 4 × 4 and kernels of 3 × 3, values at the points 0, ±1, ±2 and infinity.
INPUTS = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
KERNELS = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
OUTPUTS = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])

# In both directions at once: what a 6 × 6 window, a 3 × 3 kernel and a 6 × 6 product become, each read row by row.
INPUTS_2D, KERNELS_2D, OUTPUTS_2D = (np.kron(matrix, matrix) for matrix in (INPUTS, KERNELS, OUTPUTS))

# How many windows' channels are worked on at a time, and how many of their numbers are combined by one product.
TILE, BLOCK = 2**13, 512


def winograd_conv2d(images, kernels, bias=None, padding="valid"):
    """:func:`cnncourse.convolution.conv2d` for 3 × 3 kernels and stride 1, with a quarter of the multiplications.

    Args:
        images: ``(N, H, W, C)``.
        kernels: ``(3, 3, C, F)``.
        bias: ``(F,)``, or None.
        padding: as in :func:`cnncourse.convolution.conv2d`.

    Returns:
        ``(N, oh, ow, F)``.

    Raises:
        ValueError: kernels of another size, and whatever :func:`cnncourse.convolution.conv2d` raises it for.

    >>> winograd_conv2d(np.ones((1, 4, 5, 2)), np.ones((3, 3, 2, 1)))[0, :, :, 0].round(6)
    array([[18., 18., 18.],
           [18., 18., 18.]])

    Source: Lavin & Gray, *Fast algorithms for convolutional neural networks* (2016), equations 8 to 12 and section 4.2;
    Winograd, *Arithmetic complexity of computations* (1980).
    """
    images, kernels = floats(images, kernels)
    tiles = _Tiles(images, kernels, padding)
    there = aligned(tiles.combined(KERNELS_2D, kernels.reshape(9, -1)).reshape(36, *kernels.shape[2:]))
    # The bias is one more product, which counts once in each of the 16 outputs.
    outputs = np.hstack([OUTPUTS_2D, np.ones((16, 1))])
    bias = filter_bias(bias, kernels.shape[3], kernels.dtype)
    blocks = tiles.blocks(out := np.empty(tiles.out_shape, images.dtype))
    with one_blas_thread():
        for place, windows in tiles.windows(images):
            products = tiles.room("products", 37, windows.shape[1], len(bias))
            np.matmul(windows, there, out=products[:36])
            products[36] = bias
            blocks[place] = tiles.combined(outputs, products).reshape(blocks[place].shape)
    return np.ascontiguousarray(out[:, : tiles.height, : tiles.width])


def winograd_conv2d_backward(grad, images, kernels, padding="valid", input_gradient=True):
    """:func:`cnncourse.convolution.conv2d_backward` for 3 × 3 kernels and stride 1, in the same way.

    Args:
        grad: the loss's gradient with respect to the output, in the output's shape.
        images, kernels, padding: as they were given to :func:`winograd_conv2d`.
        input_gradient: whether the images' gradient is wanted.

    Returns:
        ``(d_images, d_kernels, d_bias)``; ``d_images`` is None when ``input_gradient`` is False.

    Raises:
        ValueError: as :func:`winograd_conv2d`, and when ``grad`` has another shape than the output.

    >>> _, d_kernels, _ = winograd_conv2d_backward(np.ones((1, 2, 2, 1)), np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)))
    >>> d_kernels[0, :, 0, 0].round(6)
    array([4., 4., 4.])

    Source: as :func:`winograd_conv2d`; the chain rule through its three matrices.
    """
    images, kernels = floats(images, kernels)
    tiles = _Tiles(images, kernels, padding)
    grad = output_gradient(np.asarray(grad, images.dtype), tiles.geometry.output_shape)
    blocks = tiles.blocks(tiles.whole(grad))
    d_there = np.zeros((36, *kernels.shape[2:]), images.dtype)
    with one_blas_thread():
        for place, windows in tiles.windows(images):
            sent = tiles.combined(OUTPUTS_2D.T, tiles.copy("grad", blocks[place]).reshape(16, -1))
            sent = sent.reshape(36, -1, kernels.shape[3])
            d_there += np.matmul(windows.mT, sent, out=tiles.room("d_there", *d_there.shape))
        d_kernels = tiles.combined(KERNELS_2D.T, d_there.reshape(36, -1)).reshape(kernels.shape).copy()
    d_bias = sum_over_rows(grad)
    if not input_gradient:
        return None, d_kernels, d_bias
    # A convolution again, as in conv2d_backward; padding beyond two pixels met no image, so it is cut off.
    around = [(max(0, 2 - before), max(0, 2 - after)) for before, after in tiles.geometry.padding]
    (top, bottom), (left, right) = ((max(0, before - 2), max(0, after - 2)) for before, after in tiles.geometry.padding)
    grad = grad[:, top : grad.shape[1] - bottom, left : grad.shape[2] - right]
    return winograd_conv2d(grad, kernels[::-1, ::-1].swapaxes(2, 3), None, around), d_kernels, d_bias


class _Tiles:
    """The output in blocks of 4 × 4, and the windows of 6 × 6 that they depend on."""

    def __init__(self, images, kernels, padding):
        if kernels.shape[:2] != (3, 3):
            raise ValueError(f"kernels must be 3 × 3 here, got shape {kernels.shape}; conv2d takes any size")
        self.geometry = Geometry(images, kernels, 1, padding, 1, "channels_last")
        count, self.height, self.width, filters = self.geometry.output_shape
        self.rows, self.columns = -(-self.height // 4), -(-self.width // 4)
        self.out_shape = (count, 4 * self.rows, 4 * self.columns, filters)
        self.dtype, self.rooms = images.dtype, {}

    def blocks(self, out: np.ndarray) -> np.ndarray:
        """The output's pixels by their place in the block: ``(4, 4, N, rows, columns, F)``, a view."""
        count, _, _, filters = self.out_shape
        return out.reshape(count, self.rows, 4, self.columns, 4, filters).transpose(2, 4, 0, 1, 3, 5)

    def whole(self, grad: np.ndarray) -> np.ndarray:
        """The output's gradient in whole blocks, with zeros where the last ones reach beyond it."""
        if grad.shape == self.out_shape:
            return np.ascontiguousarray(grad)
        whole = np.zeros(self.out_shape, self.dtype)
        whole[:, : self.height, : self.width] = grad
        return whole

    def windows(self, images: np.ndarray) -> Iterator[tuple[tuple, np.ndarray]]:
        """Some blocks at a time: their place in :meth:`blocks`, and their windows, combined: ``(36, windows, C)``."""
        count, channels = len(images), images.shape[3]
        padded = np.zeros((count, 4 * self.rows + 2, 4 * self.columns + 2, channels), self.dtype)
        _, height, width, _ = self.geometry.padded_shape
        self.geometry.crop(padded[:, :height, :width])[...] = images
        every = sliding_window_view(padded, (6, 6), axis=(1, 2))[:, ::4, ::4].transpose(4, 5, 0, 1, 2, 3)
        most = max(1, TILE // channels)
        together = max(1, most // (self.rows * self.columns))
        rows = min(self.rows, max(1, most // self.columns))
        for first in range(0, count, together):
            for row in range(0, self.rows, rows):
                place = np.s_[:, :, first : first + together, row : row + rows]
                windows = self.combined(INPUTS_2D, self.copy("windows", every[place]).reshape(36, -1))
                yield place, windows.reshape(36, -1, channels)

    def combined(self, matrix: np.ndarray, stack: np.ndarray) -> np.ndarray:
        """``matrix @ stack``, in blocks that the processor likes; the next one of that size is written over it."""
        matrix, stack = matrix.astype(self.dtype), stack.reshape(len(stack), -1)
        out = self.room(f"combined {matrix.shape}", len(matrix), stack.shape[1])
        whole = stack.shape[1] // BLOCK * BLOCK
        parts, results = (array[:, :whole].reshape(len(array), -1, BLOCK).swapaxes(0, 1) for array in (stack, out))
        np.matmul(matrix, parts, out=results)
        np.matmul(matrix, stack[:, whole:], out=out[:, whole:])
        return out

    def copy(self, name: str, array: np.ndarray) -> np.ndarray:
        room = self.room(name, *array.shape)
        room[...] = array
        return room

    def room(self, name: str, *shape: int) -> np.ndarray:
        """An array to write to, the same memory under the same name: asking for new memory takes longer than it."""
        size = math.prod(shape)
        if name not in self.rooms or self.rooms[name].size < size:
            self.rooms[name] = aligned_empty(size, self.dtype)
        return self.rooms[name][:size].reshape(shape)
