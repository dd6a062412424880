"""Pooling in two dimensions, forward and backward, as the chapter ``book/pooling.md`` teaches it.

Images are shaped ``(N, H, W, C)``, or ``(N, C, H, W)`` with ``data_format="channels_first"``. Every channel is pooled
on its own. All windows are gone through at once: the pixels that lie at the same place of their windows form a smaller
image, so a pool of 2 × 2 compares four images, however many windows there are. float32 stays float32, integers become
float64, inputs are never written to, and results never share memory with them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnncourse.arrays import channels_last, floats, in_data_format, output_gradient, sum_over_rows
from cnncourse.columns import explicit_padding
from cnncourse.shapes import output_size, pair

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_max_pool2d",
    "global_max_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_pool2d_route",
    "max_pool2d_with_winners",
]

# Pixels' numbers that are pooled at a time: 1 MiB of float32, which stays in the processor's cache.
TILE = 2**18


def max_pool2d(images, pool, stride=None, padding="valid", data_format="channels_last"):
    """The largest number of every window, channel by channel.

    ``out[n, i, j, c] = max_{a, b} images[n, s·i + a, s·j + b, c]``

    Args:
        images: ``(N, H, W, C)``, or ``(N, C, H, W)`` with ``data_format="channels_first"``.
        pool: the window's size, an int or a pair (rows, columns), in pixels.
        stride: an int or a pair; the pool's size by default, so that windows lie side by side.
        padding: ``"valid"`` (none), or ``"same"`` (an output of ⌈size / stride⌉); padding never wins.
        data_format: ``"channels_last"`` or ``"channels_first"``.

    Returns:
        ``(N, oh, ow, C)``, or ``(N, C, oh, ow)`` with ``data_format="channels_first"``.

    Raises:
        ValueError: images that are not 4-D, a pool that does not fit, an impossible stride, padding or data format.

    >>> image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    >>> max_pool2d(image[None, :, :, None], pool=2)[0, :, :, 0]
    array([[6., 8.],
           [3., 4.]])

    Source: Zhou & Chellappa, *Computation of optical flow using a neural network* (1988); Goodfellow, Bengio &
    Courville, *Deep Learning* (2016), section 9.3.
    """
    (images,) = floats(images)
    windows = Windows(images, pool, stride, padding, data_format)
    out = np.empty(windows.output_shape, images.dtype)
    for tile, padded in windows.tiles(images, -np.inf):
        first, *others = windows.entries(padded)
        out[tile] = first
        for pixels in others:
            np.maximum(out[tile], pixels, out=out[tile])
    return in_data_format(out, data_format)


def max_pool2d_with_winners(images, pool, stride=None, padding="valid", data_format="channels_last"):
    """:func:`max_pool2d`, and which entry of its window each maximum was, for :func:`max_pool2d_route`.

    Args, errors and the first result are those of :func:`max_pool2d`.

    Returns:
        ``(out, winners)``, both in the output's shape. A winner is its entry's number in row order, from 0; among equal
        ones the first wins.

    >>> out, winners = max_pool2d_with_winners(np.array([[3, 7], [7, 1]])[None, :, :, None], pool=2)
    >>> winners.item()
    1
    """
    (images,) = floats(images)
    windows = Windows(images, pool, stride, padding, data_format)
    out = np.empty(windows.output_shape, images.dtype)
    winners = np.empty(windows.output_shape, np.uint8 if windows.size <= 256 else np.int32)
    winners[...] = windows.first_real_entry()
    for tile, padded in windows.tiles(images, -np.inf):
        best, winner = out[tile], winners[tile]
        for number, pixels in enumerate(windows.entries(padded)):
            if number == 0:
                best[...] = pixels
                continue
            # Numbers grow, so where this entry is larger than all before it, its number is the larger one too.
            larger = np.greater(pixels, best).view(np.uint8)
            np.maximum(winner, np.multiply(larger, number, dtype=winner.dtype), out=winner)
            np.maximum(best, pixels, out=best)
    return in_data_format(out, data_format), in_data_format(winners, data_format)


def max_pool2d_route(grad, winners, images_shape, pool, stride=None, padding="valid", data_format="channels_last"):
    """The gradient of :func:`max_pool2d`, when the forward pass kept the winners: each pixel's goes to its winner.

    Args:
        grad: the loss's gradient with respect to the output, in the output's shape.
        winners: from :func:`max_pool2d_with_winners`.
        images_shape: the shape of the images.
        pool, stride, padding, data_format: as they were given to :func:`max_pool2d_with_winners`.

    Returns:
        The gradient with respect to the images, in their shape. (It is multiplied by 1 for the winner and by 0 for the
        others: an infinite gradient makes nan of those.)

    Raises:
        ValueError: as :func:`max_pool2d`, and when ``grad`` or ``winners`` has another shape than the output.

    >>> grad, winners = np.full((1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1), 1)
    >>> max_pool2d_route(grad, winners, (1, 2, 2, 1), pool=2)[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.5, applied to a maximum.
    """
    (grad,) = floats(grad)
    windows = Windows(np.broadcast_to(grad.dtype.type(0), images_shape), pool, stride, padding, data_format)
    winners = output_gradient(winners, windows.output_shape, data_format, "winners")
    grad = output_gradient(grad, windows.output_shape, data_format)
    return windows.send(grad, lambda tile, number: winners[tile] == number)


def max_pool2d_backward(grad, images, pool, stride=None, padding="valid", data_format="channels_last"):
    """The gradient of :func:`max_pool2d` with respect to its images; among equal pixels the first in row order gets it.

    Args:
        grad: the loss's gradient with respect to the output, in the output's shape.
        images, pool, stride, padding, data_format: as they were given to :func:`max_pool2d`.

    Returns:
        The gradient with respect to the images, in their shape: windows that overlap add up.

    Raises:
        ValueError: as :func:`max_pool2d`, and when ``grad`` has another shape than the output.

    >>> image = np.array([[3, 7], [7, 1]])[None, :, :, None]
    >>> max_pool2d_backward(np.full((1, 1, 1, 1), 5), image, pool=2)[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]])

    Source: as :func:`max_pool2d_route`.
    """
    (images,) = floats(images)
    _, winners = max_pool2d_with_winners(images, pool, stride, padding, data_format)
    grad = np.asarray(grad, images.dtype)
    return max_pool2d_route(grad, winners, images.shape, pool, stride, padding, data_format)


def avg_pool2d(images, pool, stride=None, padding="valid", data_format="channels_last"):
    """The mean of every window, channel by channel; at the border of ``"same"`` padding only real pixels count.

    Args, returns and errors are those of :func:`max_pool2d`.

    >>> image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    >>> avg_pool2d(image[None, :, :, None], pool=2)[0, :, :, 0]
    array([[3.25, 5.25],
           [2.  , 2.  ]])

    Source: LeCun et al., *Gradient-based learning applied to document recognition* (1998), section II.B.
    """
    (images,) = floats(images)
    windows = Windows(images, pool, stride, padding, data_format)
    out = np.zeros(windows.output_shape, images.dtype)
    for tile, padded in windows.tiles(images, 0):
        for pixels in windows.entries(padded):
            out[tile] += pixels
        out[tile] /= windows.real_pixels(images.dtype)
    return in_data_format(out, data_format)


def avg_pool2d_backward(grad, images, pool, stride=None, padding="valid", data_format="channels_last"):
    """The gradient of :func:`avg_pool2d` with respect to its images: every pixel of a window gets an equal share.

    Args, returns and errors are those of :func:`max_pool2d_backward`; of the images only shape and type are read.

    >>> avg_pool2d_backward(np.full((1, 1, 1, 1), 8.0), np.zeros((1, 2, 2, 1)), pool=2)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    (images,) = floats(images)
    windows = Windows(images, pool, stride, padding, data_format)
    grad = output_gradient(np.asarray(grad, images.dtype), windows.output_shape, data_format)
    return windows.send(grad / windows.real_pixels(images.dtype), lambda tile, number: images.dtype.type(1))


def global_max_pool2d(images, data_format="channels_last"):
    """The largest number of every channel: ``(N, H, W, C)`` to ``(N, C)``. Raises ``ValueError`` without pixels.

    >>> global_max_pool2d(np.array([[1, 9], [3, 4]])[None, :, :, None])
    array([[9.]])

    Source: Keras's ``GlobalMaxPooling2D``.
    """
    return _pixels(images, data_format).max(axis=1)


def global_max_pool2d_backward(grad, images, data_format="channels_last"):
    """The gradient of :func:`global_max_pool2d`: ``(N, C)`` to the images' shape; the first of equal maxima gets it.

    >>> global_max_pool2d_backward([[5]], np.array([[1, 9], [9, 4]])[None, :, :, None])[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]])
    """
    pixels = _pixels(images, data_format)
    d_pixels = np.zeros_like(pixels)
    first = pixels.argmax(axis=1)[:, None]
    np.put_along_axis(d_pixels, first, _per_channel(grad, pixels), axis=1)
    return _as_images(d_pixels, images, data_format)


def global_avg_pool2d(images, data_format="channels_last"):
    """The mean of every channel: ``(N, H, W, C)`` to ``(N, C)``. Raises ``ValueError`` without pixels.

    >>> global_avg_pool2d(np.array([[1, 9], [3, 3]])[None, :, :, None])
    array([[4.]])

    Source: Lin, Chen & Yan, *Network in network* (2014), section 3.2.
    """
    pixels = _pixels(images, data_format)
    return sum_over_rows(pixels, axes=1) / pixels.shape[1]


def global_avg_pool2d_backward(grad, images, data_format="channels_last"):
    """The gradient of :func:`global_avg_pool2d`: ``(N, C)`` to the images' shape, an equal share for every pixel.

    >>> global_avg_pool2d_backward([[8]], np.zeros((1, 2, 2, 1)))[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    pixels = _pixels(images, data_format)
    share = _per_channel(grad, pixels) / pixels.dtype.type(pixels.shape[1])
    return _as_images(np.broadcast_to(share, pixels.shape).copy(), images, data_format)


class Windows:
    """Where the windows lie, checked once for forward and backward."""

    def __init__(self, images, pool, stride, padding, data_format):
        if images.ndim != 4:
            raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
        if not (isinstance(padding, str) and padding in ("valid", "same")):
            raise ValueError(f"padding must be 'valid' or 'same', got {padding!r}")
        self.data_format = data_format
        count, *self.image_size, channels = channels_last(images, data_format).shape
        self.pool = pair(pool, "pool")
        self.size = self.pool[0] * self.pool[1]
        self.stride = self.pool if stride is None else pair(stride, "stride")
        self.padding = explicit_padding(self.image_size, self.pool, self.stride, padding)
        self.padded_size = tuple(n + sum(p) for n, p in zip(self.image_size, self.padding, strict=True))
        out = [output_size(n, f, 0, s) for n, f, s in zip(self.padded_size, self.pool, self.stride, strict=True)]
        self.output_shape = (count, *out, channels)

    def tiles(self, images, border) -> Iterator[tuple[slice, np.ndarray]]:
        """The images, channels last and padded, some at a time, and which ones they are."""
        images = channels_last(images, self.data_format)
        for tile in self._tiles():
            here = images[tile]
            if any(map(any, self.padding)):
                here = np.pad(here, ((0, 0), *self.padding, (0, 0)), constant_values=here.dtype.type(border))
            yield tile, here

    def _tiles(self) -> Iterator[slice]:
        count, channels = self.output_shape[0], self.output_shape[3]
        step = max(1, TILE // max(1, self.padded_size[0] * self.padded_size[1] * channels))
        return (slice(first, min(first + step, count)) for first in range(0, count, step))

    def entries(self, padded) -> Iterator[np.ndarray]:
        """For each entry of the window, in row order, the pixels that lie there: views in the output's shape."""
        (sh, sw), (_, oh, ow, _) = self.stride, self.output_shape
        for a in range(self.pool[0]):
            for b in range(self.pool[1]):
                yield padded[:, a : a + sh * (oh - 1) + 1 : sh, b : b + sw * (ow - 1) + 1 : sw]

    def send(self, grad, share) -> np.ndarray:
        """The images' gradient: each window's entry gets the window's gradient times ``share(tile, number)``."""
        (top, _), (left, _) = self.padding
        height, width = self.image_size
        covered = [s * out for s, out in zip(self.stride, self.output_shape[1:3], strict=True)] == [*self.padded_size]
        blank = np.empty if self.stride == self.pool and covered else np.zeros  # where every pixel will be written to
        d_padded = blank((len(grad), *self.padded_size, grad.shape[3]), grad.dtype)
        for tile in self._tiles():
            for number, pixels in enumerate(self.entries(d_padded[tile])):
                a, b = divmod(number, self.pool[1])
                if a < self.stride[0] and b < self.stride[1]:  # the first to reach these pixels
                    np.multiply(grad[tile], share(tile, number), out=pixels)
                else:
                    pixels += grad[tile] * share(tile, number)
        d_images = d_padded[:, top : top + height, left : left + width]
        return np.ascontiguousarray(in_data_format(d_images, self.data_format))

    def real_pixels(self, dtype) -> np.ndarray:
        """How many pixels of each window are not padding: ``(oh, ow, 1)``."""
        per_axis = [
            np.minimum(np.arange(out) * s - before + f, n) - np.maximum(np.arange(out) * s - before, 0)
            for out, n, f, s, (before, _) in zip(
                self.output_shape[1:3], self.image_size, self.pool, self.stride, self.padding, strict=True
            )
        ]
        return np.multiply.outer(*per_axis).astype(dtype)[:, :, None]

    def first_real_entry(self) -> np.ndarray:
        """The number of each window's first entry that is not padding: ``(oh, ow, 1)``."""
        rows, columns = (
            np.maximum(before - np.arange(out) * s, 0)
            for out, s, (before, _) in zip(self.output_shape[1:3], self.stride, self.padding, strict=True)
        )
        return np.add.outer(rows * self.pool[1], columns)[:, :, None]


def _pixels(images, data_format) -> np.ndarray:
    """``(N, H·W, C)``."""
    (images,) = floats(images)
    if images.ndim != 4:
        raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
    images = channels_last(images, data_format)
    if 0 in images.shape[1:3]:
        raise ValueError(f"images without pixels have no maximum and no mean, got shape {images.shape}")
    return images.reshape(len(images), images.shape[1] * images.shape[2], images.shape[3])


def _per_channel(grad, pixels) -> np.ndarray:
    grad = np.asarray(grad, pixels.dtype)
    if grad.shape != (len(pixels), pixels.shape[2]):
        raise ValueError(f"grad must have the output's shape {(len(pixels), pixels.shape[2])}, got {grad.shape}")
    return grad[:, None]


def _as_images(d_pixels, images, data_format) -> np.ndarray:
    last = channels_last(np.asarray(images), data_format).shape
    return in_data_format(d_pixels.reshape(last), data_format)
