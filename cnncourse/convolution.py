"""Convolution in two dimensions, forward and backward, as the chapter ``book/convolution.md`` teaches it.

Images are shaped ``(N, H, W, C)``: batch, rows, columns, channels. Kernels are shaped ``(kh, kw, C, F)``: rows,
columns, channels in, filters. With ``data_format="channels_first"`` images are ``(N, C, H, W)``; kernels stay as they
are, as in Keras. float32 stays float32, integers become float64, inputs are never written to, and results never share
memory with them.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnncourse.shapes import dilated_size, output_size, pair, same_padding

__all__ = ["conv2d", "conv2d_backward", "conv2d_params", "convolve2d", "correlate2d", "sobel_edges"]

SOBEL_X = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def correlate2d(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Slide a kernel over an image; at each place multiply and sum (cross-correlation, valid part).

    ``out[i, j] = Σ_a Σ_b image[i + a, j + b] · kernel[a, b]``

    Args:
        image: ``(H, W)``.
        kernel: ``(kh, kw)``, no larger than the image.

    Returns:
        ``(H - kh + 1, W - kw + 1)``.

    Raises:
        ValueError: an argument is not 2-D, or the kernel does not fit.

    >>> correlate2d(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, -1]]))
    array([[-1., -1.],
           [-1., -1.]])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), equation 9.6.
    """
    image, kernel = _floats(image, kernel)
    for name, array in (("image", image), ("kernel", kernel)):
        if array.ndim != 2:
            raise ValueError(f"{name} must have 2 dimensions, got shape {array.shape}")
    return conv2d(image[None, :, :, None], kernel[:, :, None, None])[0, :, :, 0]


def convolve2d(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The mathematical convolution, valid part: the kernel is turned by 180° before it slides.

    ``out[i, j] = Σ_a Σ_b image[i + a, j + b] · kernel[kh - 1 - a, kw - 1 - b]``

    Args, returns and errors are those of :func:`correlate2d`.

    >>> convolve2d(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, -1]]))
    array([[1., 1.],
           [1., 1.]])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), equation 9.5.
    """
    return correlate2d(image, np.flip(np.asarray(kernel)))


def conv2d(images, kernels, bias=None, stride=1, padding="valid", dilation=1, data_format="channels_last"):
    """A convolutional layer's forward pass.

    ``out[n, i, j, f] = bias[f] + Σ_a Σ_b Σ_c images[n, s·i + d·a, s·j + d·b, c] · kernels[a, b, c, f]``

    Args:
        images: ``(N, H, W, C)``, or ``(N, C, H, W)`` with ``data_format="channels_first"``.
        kernels: ``(kh, kw, C, F)``.
        bias: ``(F,)``, or None.
        stride: an int or a pair (rows, columns), in pixels.
        padding: ``"valid"`` (none), ``"same"`` (an output of ⌈size / stride⌉, as TensorFlow pads), an int or a pair of
            (rows, columns): zeros on both sides.
        dilation: an int or a pair: the distance between neighbouring entries of the kernel, in pixels.
        data_format: ``"channels_last"`` or ``"channels_first"``.

    Returns:
        ``(N, oh, ow, F)``, or ``(N, F, oh, ow)`` with ``data_format="channels_first"``.

    Raises:
        ValueError: shapes that do not belong together, a kernel that does not fit, an impossible stride, padding,
            dilation or data format.

    >>> conv2d(np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 5)), np.zeros(5)).shape
    (1, 2, 2, 5)

    Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016).
    """
    images, kernels = _floats(images, kernels)
    geometry = _Geometry(images, kernels, stride, padding, dilation, data_format)
    # (N, oh, ow, C, kh, kw) · (kh, kw, C, F), summed over the kernel's rows, columns and channels.
    out = np.tensordot(geometry.windows(images), kernels, axes=((4, 5, 3), (0, 1, 2)))
    if bias is not None:
        out += _bias(bias, kernels)
    return geometry.from_channels_last(out)


def conv2d_backward(grad, images, kernels, stride=1, padding="valid", dilation=1, data_format="channels_last"):
    """The gradients of :func:`conv2d` with respect to its images, its kernels and its bias.

    Args:
        grad: the loss's gradient with respect to the layer's output, in the output's shape.
        images, kernels, stride, padding, dilation, data_format: as they were given to :func:`conv2d`.

    Returns:
        ``(d_images, d_kernels, d_bias)`` in the shapes of the images, the kernels and ``(F,)``.

    Raises:
        ValueError: as :func:`conv2d`, and when ``grad`` has another shape than the output.

    >>> grad, images, kernels = np.ones((1, 2, 2, 1)), np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    >>> d_images, d_kernels, d_bias = conv2d_backward(grad, images, kernels)
    >>> d_images[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> d_bias
    array([4.])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), equations 9.11 and 9.13.
    """
    images, kernels = _floats(images, kernels)
    geometry = _Geometry(images, kernels, stride, padding, dilation, data_format)
    grad = geometry.to_channels_last(np.asarray(grad, dtype=images.dtype))
    if grad.shape != geometry.output_shape:
        expected = geometry.from_channels_last(np.empty(geometry.output_shape, np.bool_)).shape
        raise ValueError(f"grad must have the output's shape {expected}, got {geometry.from_channels_last(grad).shape}")

    d_bias = grad.sum(axis=(0, 1, 2))
    # Every window met its output pixel's gradient: (C, kh, kw, F), brought into the kernels' order.
    d_kernels = np.tensordot(geometry.windows(images), grad, axes=((0, 1, 2), (0, 1, 2))).transpose(1, 2, 0, 3)
    # What each output pixel sends to each pixel of its window: (N, oh, ow, kh, kw, C). Windows overlap, so they add.
    sent = np.tensordot(grad, kernels, axes=((3,), (3,)))
    d_padded = np.zeros(geometry.padded_shape, dtype=sent.dtype)
    for a in range(kernels.shape[0]):
        for b in range(kernels.shape[1]):
            d_padded[geometry.pixels_under(a, b)] += sent[:, :, :, a, b]
    d_images = geometry.from_channels_last(geometry.crop(d_padded))
    return np.ascontiguousarray(d_images), np.ascontiguousarray(d_kernels), d_bias


def conv2d_params(kh: int, kw: int, c_in: int, c_out: int, use_bias: bool = True) -> int:
    """How many parameters a convolutional layer has; the size of its images does not matter.

    ``kh · kw · c_in · c_out``, and one more for each filter with a bias. Raises ``ValueError`` for a size below 1.

    >>> conv2d_params(3, 3, 3, 64)
    1792
    """
    for name, value in (("kh", kh), ("kw", kw), ("c_in", c_in), ("c_out", c_out)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    return kh * kw * c_in * c_out + (c_out if use_bias else 0)


def sobel_edges(image: np.ndarray) -> np.ndarray:
    """How steep an image is at each pixel: the length of the gradient measured by the two Sobel kernels.

    ``sqrt(gx² + gy²)`` with ``gx`` the cross-correlation with [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]] and ``gy`` with its
    transpose.

    Args:
        image: ``(H, W)``, at least 3 × 3.

    Returns:
        ``(H - 2, W - 2)``, never negative.

    Raises:
        ValueError: the image is not 2-D or smaller than 3 × 3.

    >>> sobel_edges(np.array([[0, 0, 1], [0, 0, 1], [0, 0, 1]]))
    array([[4.]])

    Source: Sobel & Feldman's operator (1968), as in Gonzalez & Woods, *Digital Image Processing*, section 10.2.
    """
    image, sobel_x = _floats(image, np.array(SOBEL_X, dtype=np.float32))
    return np.hypot(correlate2d(image, sobel_x), correlate2d(image, sobel_x.T))


class _Geometry:
    """Where the kernel's entries meet the images' pixels, checked once for forward and backward."""

    def __init__(self, images, kernels, stride, padding, dilation, data_format):
        if data_format not in ("channels_last", "channels_first"):
            raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
        self.channels_first = data_format == "channels_first"
        for name, array in (("images", images), ("kernels", kernels)):
            if array.ndim != 4:
                raise ValueError(f"{name} must have 4 dimensions, got shape {array.shape}")
        count, height, width, channels = self.to_channels_last(images).shape
        kh, kw, c_in, filters = kernels.shape
        if c_in != channels:
            raise ValueError(f"kernels for {c_in} channels cannot read images of {channels} channels")
        self.stride = pair(stride, "stride")
        self.dilation = pair(dilation, "dilation")
        reach = (dilated_size(kh, self.dilation[0]), dilated_size(kw, self.dilation[1]))
        self.padding = _padding((height, width), reach, self.stride, padding)
        self.padded_shape = (count, height + sum(self.padding[0]), width + sum(self.padding[1]), channels)
        out = [output_size(n, f, 0, s) for n, f, s in zip(self.padded_shape[1:3], reach, self.stride, strict=True)]
        self.reach = reach
        self.output_shape = (count, *out, filters)

    def to_channels_last(self, array):
        return array.transpose(0, 2, 3, 1) if self.channels_first else array

    def from_channels_last(self, array):
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if self.channels_first else array

    def windows(self, images):
        """Every window, as a view: ``(N, oh, ow, C, kh, kw)``."""
        padded = np.pad(self.to_channels_last(images), ((0, 0), *self.padding, (0, 0)))
        (row_step, column_step), (row_gap, column_gap) = self.stride, self.dilation
        every = sliding_window_view(padded, self.reach, axis=(1, 2))
        return every[:, ::row_step, ::column_step, :, ::row_gap, ::column_gap]

    def pixels_under(self, a: int, b: int):
        """The padded pixels that the kernel's entry (a, b) meets, one for each output pixel."""

        def along(axis, entry):
            first = entry * self.dilation[axis]
            return slice(first, first + self.stride[axis] * (self.output_shape[1 + axis] - 1) + 1, self.stride[axis])

        return (slice(None), along(0, a), along(1, b))

    def crop(self, padded):
        (top, bottom), (left, right) = self.padding
        return padded[:, top : padded.shape[1] - bottom, left : padded.shape[2] - right]


def _padding(sizes, reach, stride, padding):
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding == "same":
            return tuple(same_padding(n, f, s) for n, f, s in zip(sizes, reach, stride, strict=True))
        raise ValueError(f"padding must be 'valid', 'same', an int or a pair (rows, columns), got {padding!r}")
    rows, columns = pair(padding, "padding", least=0)
    return (rows, rows), (columns, columns)


def _floats(*arrays):
    """The arrays as one floating type: float32 with float32 stays float32, integers become float64."""
    arrays = [np.asarray(array) for array in arrays]
    dtype = np.result_type(*arrays)
    if dtype.kind not in "fiub":
        raise ValueError(f"expected arrays of numbers, got {dtype}")
    return [array.astype(dtype if dtype.kind == "f" else np.float64, copy=False) for array in arrays]


def _bias(bias, kernels):
    bias = np.asarray(bias, dtype=kernels.dtype)
    if bias.shape != kernels.shape[3:]:
        raise ValueError(
            f"bias must have one number for each of the {kernels.shape[3]} filters, got shape {bias.shape}"
        )
    return bias
