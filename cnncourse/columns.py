"""Convolution as a matrix product, tile by tile: what makes the library's convolutions fast.

The windows of an image, each written out as one row, make a matrix; times the kernels, each written out as one
column, it holds every output pixel (the chapter on backpropagation calls this ``im2col``). Written out whole, that
matrix is many times larger than the images and has to travel to memory and back. Here it is written a *tile* at a time
into a buffer that stays in the processor's cache, and is multiplied while it is there.

:class:`Geometry` knows which pixel meets which entry of the kernel, :func:`product` multiplies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnncourse.arrays import channels_last
from cnncourse.shapes import dilated_size, output_size, pair, same_padding

__all__ = ["Geometry", "aligned", "aligned_empty", "folded", "pixels_of", "product", "product_over_pixels"]

# Numbers in a tile: half a MiB of float32, which leaves room in the cache for the kernels and the output.
TILE = 2**17

# The longest columns that are worth writing out at once; longer ones leave room for too few pixels.
LONGEST = 600

# OpenBLAS multiplies small matrices as they lie, where others are first copied into a better order. It has the code for
# that on processors with AVX-512 and takes it up to 100³ multiply-adds; there many small products beat a large one.
_FOUND = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
SMALL_PRODUCT = 100**3 if {"AVX512_SKX", "X86_V4"} & set(_FOUND) else 0


class Geometry:
    """Where the kernel's entries meet the images' pixels, checked once for forward and backward.

    Args:
        images, kernels: ``(N, H, W, C)``, or ``(N, C, H, W)``, and ``(kh, kw, C, F)``; only their shapes are read.
        stride, padding, dilation, data_format: as in :func:`cnncourse.convolution.conv2d`.

    Raises:
        ValueError: shapes that do not belong together, a kernel that does not fit, an impossible argument.
    """

    def __init__(self, images, kernels, stride, padding, dilation, data_format):
        for name, array in (("images", images), ("kernels", kernels)):
            if array.ndim != 4:
                raise ValueError(f"{name} must have 4 dimensions, got shape {array.shape}")
        self.data_format = data_format
        count, height, width, channels = channels_last(images, data_format).shape
        kh, kw, c_in, filters = kernels.shape
        if c_in != channels:
            raise ValueError(f"kernels for {c_in} channels cannot read images of {channels} channels")
        for name, number in (("channels", channels), ("filters", filters)):
            if number < 1:
                raise ValueError(f"the number of {name} must be at least 1, got {number}")
        self.kernel_size, self.channels = (kh, kw), channels
        self.stride, self.dilation = pair(stride, "stride"), pair(dilation, "dilation")
        self.reach = (dilated_size(kh, self.dilation[0]), dilated_size(kw, self.dilation[1]))
        self.padding = explicit_padding((height, width), self.reach, self.stride, padding)
        self.padded_shape = (count, height + sum(self.padding[0]), width + sum(self.padding[1]), channels)
        out = [output_size(n, f, 0, s) for n, f, s in zip(self.padded_shape[1:3], self.reach, self.stride, strict=True)]
        self.output_shape = (count, *out, filters)

    def parts(self) -> list[slice]:
        """The kernel's rows, as many together as make columns of a good length; all of them for most kernels."""
        kh, kw = self.kernel_size
        rows = max(1, LONGEST // (kw * self.channels))
        return [slice(first, min(first + rows, kh)) for first in range(0, kh, rows)]

    def tiles(self) -> Iterator[tuple[slice, slice]]:
        """The output in parts whose columns fit into a tile: some whole images, or some rows of one image."""
        count, height, width, filters = self.output_shape
        entries = self.parts()[0].stop * self.kernel_size[1] * self.channels
        # A product of fewer rows than this spends its time bringing the kernels into order.
        pixels = max(TILE // entries, 3 * filters)
        images = max(1, pixels // (height * width))
        rows = -(-height // max(1, round(height * width / pixels)))
        for first in range(0, count, images):
            for row in range(0, height, rows):
                yield slice(first, min(first + images, count)), slice(row, min(row + rows, height))

    def columns(self, images: np.ndarray) -> Iterator[tuple[tuple[slice, slice], slice, np.ndarray]]:
        """The tiles, for each the kernel's rows in parts, and the windows written out: ``(images, pixels, K + 1)``.

        K is the number of entries in these rows of the kernel. The last column is all ones: it multiplies the bias. The
        next columns are written over the ones before.
        """
        # Numbers that lie side by side are copied together: in a window they are those of one kernel row, for one
        # entry of the kernel they are those of one output row. The longer run decides what varies fastest.
        by_window = self.kernel_size[1] * self.channels >= 16
        buffer = np.empty(0, images.dtype)
        for tile, here in self._tiles_of(channels_last(images, self.data_format)):
            every = self.windows(here)[:, tile[1]]
            for part in self.parts():
                windows = every[..., part, :]
                count, height, width, channels, kh, kw = windows.shape
                entries, pixels = kh * kw * channels, height * width
                size = count * pixels * (entries + 1)
                if buffer.size < size:
                    buffer = np.empty(size, images.dtype)
                if by_window:
                    columns = buffer[:size].reshape(count, pixels, entries + 1)
                    into = columns[..., :-1].reshape(count, height, width, kh, kw, channels)
                    into[...] = windows.transpose(0, 1, 2, 4, 5, 3)
                    columns[..., -1] = 1
                    yield tile, part, columns.reshape(1, -1, entries + 1)
                else:
                    columns = buffer[:size].reshape(count, entries + 1, pixels)
                    into = columns[:, :-1].reshape(count, kh, kw, channels, height, width)
                    into[...] = windows.transpose(0, 4, 5, 3, 1, 2)
                    columns[:, -1] = 1
                    yield tile, part, columns.mT

    def _tiles_of(self, images: np.ndarray) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
        """The tiles, each with its images inside their border of zeros, which all of them share."""
        bordered = filled = None
        for tile in self.tiles():
            here = images[tile[0]]
            if here.shape[1:] != self.padded_shape[1:]:
                if bordered is None:
                    bordered = np.zeros((len(here), *self.padded_shape[1:]), images.dtype)
                if filled != tile[0]:
                    self.crop(bordered)[: len(here)] = here
                    filled = tile[0]
                here = bordered[: len(here)]
            yield tile, here

    def windows(self, padded: np.ndarray) -> np.ndarray:
        """Every window of images that have their border, as a view: ``(N, oh, ow, C, kh, kw)``."""
        n, h, w, c = padded.strides
        (sh, sw), (dh, dw) = self.stride, self.dilation
        shape = (len(padded), *self.output_shape[1:3], self.channels, *self.kernel_size)
        return as_strided(padded, shape, (n, h * sh, w * sw, c, h * dh, w * dw), writeable=False)

    def pad(self, images: np.ndarray) -> np.ndarray:
        """The images, channels last, with their border of zeros."""
        images = channels_last(images, self.data_format)
        if images.shape == self.padded_shape:
            return images
        padded = np.zeros(self.padded_shape, images.dtype)
        self.crop(padded)[...] = images
        return padded

    def crop(self, padded: np.ndarray) -> np.ndarray:
        """A view of the images inside their border."""
        (top, bottom), (left, right) = self.padding
        return padded[:, top : padded.shape[1] - bottom, left : padded.shape[2] - right]


def explicit_padding(sizes, reach, stride, padding) -> tuple[tuple[int, int], tuple[int, int]]:
    """What ``padding`` stands for: ((top, bottom), (left, right)), in pixels."""
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding == "same":
            return tuple(same_padding(n, f, s) for n, f, s in zip(sizes, reach, stride, strict=True))
        raise ValueError(f"padding must be 'valid', 'same', an int or a pair (rows, columns), got {padding!r}")
    if isinstance(padding, (tuple, list)) and any(isinstance(side, (tuple, list)) for side in padding):
        if len(padding) != 2 or not all(isinstance(side, (tuple, list)) for side in padding):
            raise ValueError(f"padding must be a pair for the rows and a pair for the columns, got {padding!r}")
        return tuple(pair(side, "padding", least=0) for side in padding)
    rows, columns = pair(padding, "padding", least=0)
    return (rows, rows), (columns, columns)


def aligned(matrix: np.ndarray) -> np.ndarray:
    """A copy that begins at a multiple of 64 bytes, where the processor reads a whole cache line at once."""
    copy = aligned_empty(matrix.size, matrix.dtype).reshape(matrix.shape)
    copy[...] = matrix
    return copy


def aligned_empty(size: int, dtype) -> np.ndarray:
    """Room for ``size`` numbers that begins at a multiple of 64 bytes."""
    memory = np.empty(size * np.dtype(dtype).itemsize + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + memory.size - 64].view(dtype)


def pixels_of(tile: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A view of a tile of the output, with as many images and pixels as its columns: ``(images, pixels, F)``."""
    return tile.reshape(*columns.shape[:2], -1)


def _blocks(pixels: int, small: int) -> int:
    """How many rows to multiply at once; all of them where OpenBLAS has nothing for small products."""
    rows = SMALL_PRODUCT // small // 4 * 4
    return rows if 8 <= rows < pixels else pixels


def product(rows: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> np.ndarray:
    """``out[n] = rows[n] @ matrix``, in blocks that the processor likes.

    Args:
        rows: ``(images, pixels, K)``.
        matrix: ``(K, F)``, :func:`aligned`.
        out: ``(images, pixels, F)``, written to.
    """
    count, pixels, entries = rows.shape
    block = _blocks(pixels, matrix.size)
    whole = pixels // block * block
    np.matmul(
        rows[:, :whole].reshape(count, -1, block, entries),
        matrix,
        out=out[:, :whole].reshape(count, -1, block, out.shape[2]),
    )
    if whole < pixels:
        np.matmul(rows[:, whole:], matrix, out=out[:, whole:])
    return out


def product_over_pixels(rows: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """``Σ_n rows[n].T @ grad[n]``: what all windows together send to every entry of the kernels, ``(K, F)``.

    Args:
        rows: ``(images, pixels, K)``.
        grad: ``(images, pixels, F)``.
    """
    return rows[0].T @ grad[0] if len(rows) == 1 else np.matmul(rows.mT, grad).sum(axis=0)


def folded(grad: np.ndarray, kernels: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Every output pixel's gradient times the kernels, added up where the windows lay: the images' gradient, padded.

    Some images at a time lie behind one another in one strip of pixels, with zeros between them, as many as a kernel
    reaches over. For one entry of the kernel, the way from an output pixel to the image's pixel is then the same
    everywhere: what that entry sends is the strip shifted, and adding it is one long addition. With strides, the
    images' pixels are dealt out to one strip for each place within a stride.

    Args:
        grad: ``(N, oh, ow, F)``.
        kernels: ``(kh, kw, C, F)``.
    """
    (count, oh, ow, filters), channels, dtype = geometry.output_shape, geometry.channels, kernels.dtype
    (sh, sw), (dh, dw) = geometry.stride, geometry.dilation
    padded = np.zeros(geometry.padded_shape, dtype)
    if oh * ow <= geometry.kernel_size[0] * geometry.kernel_size[1]:  # fewer windows than entries: window by window
        sent = (grad.reshape(-1, filters) @ kernels.reshape(-1, filters).T).reshape(count, oh, ow, *kernels.shape[:3])
        for i, j in np.ndindex(oh, ow):
            rows = slice(i * sh, i * sh + geometry.reach[0], dh)
            padded[:, rows, j * sw : j * sw + geometry.reach[1] : dw] += sent[:, i, j]
        return padded

    height, width = oh + (geometry.reach[0] - 1) // sh, ow + (geometry.reach[1] - 1) // sw
    matrix = aligned(kernels.reshape(-1, filters))
    places = [  # of the kernel's entries: the strip, and how far it is shifted
        ((a * dh % sh, b * dw % sw, c), (a * dh // sh) * width + b * dw // sw)
        for a, b, c in np.ndindex(*kernels.shape[:3])
    ]
    length = max(TILE // len(matrix), 4096)
    together = max(1, min(count, length // (height * width)))

    strip = np.zeros((together, height, width, filters), dtype)
    strips = np.empty((sh, sw, channels, (together + 1) * height * width), dtype)
    buffer = np.empty((len(matrix), min(length, together * height * width)), dtype)
    for first in range(0, count, together):
        images = grad[first : first + together]
        pixels = strip[: len(images)]
        pixels[:, :oh, :ow] = images
        pixels = pixels.reshape(-1, filters)
        strips[...] = 0
        for start in range(0, len(pixels), length):
            some = pixels[start : start + length]
            sent = np.matmul(matrix, some.T, out=buffer[:, : len(some)])
            for (where, shift), row in zip(places, sent, strict=True):
                strips[where][start + shift : start + shift + len(row)] += row
        dealt = strips[..., : len(pixels)].reshape(sh, sw, channels, -1, height, width).transpose(3, 4, 0, 5, 1, 2)
        # Where strides leave pixels over at the end, no window reached them; where the strips end later, they are 0.
        whole = dealt.reshape(len(images), height * sh, width * sw, channels)
        whole = whole[:, : padded.shape[1], : padded.shape[2]]
        padded[first : first + len(images), : whole.shape[1], : whole.shape[2]] = whole
    return padded
