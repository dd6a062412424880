"""Convolution in two dimensions, forward and backward, as the chapter ``book/convolution.md`` teaches it.

Images are shaped ``(N, H, W, C)``: batch, rows, columns, channels. Kernels are shaped ``(kh, kw, C, F)``: rows,
columns, channels in, filters. With ``data_format="channels_first"`` images are ``(N, C, H, W)``; kernels stay as they
are, as in Keras. float32 stays float32, integers become float64, inputs are never written to, and results never share
memory with them.
"""

from __future__ import annotations

import numpy as np

from cnncourse.arrays import filter_bias, floats, in_data_format, output_gradient
from cnncourse.blas import one_blas_thread
from cnncourse.columns import Geometry, aligned, folded, pixels_of, product, product_over_pixels
from cnncourse.shapes import whole_number

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
    image, kernel = floats(image, kernel)
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
            (rows, columns): zeros on both sides; or ((top, bottom), (left, right)).
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
    images, kernels = floats(images, kernels)
    geometry = Geometry(images, kernels, stride, padding, dilation, data_format)
    out = np.empty(geometry.output_shape, images.dtype)
    # The kernels as matrices, with a row for each entry and one row more: the columns end with a one, so that row is
    # added everywhere. In the first matrix it is the bias.
    bias = filter_bias(bias, kernels.shape[3], kernels.dtype)
    matrices = {}
    for part in geometry.parts():
        rows = kernels[part].reshape(-1, len(bias))
        matrices[part.start] = aligned(np.vstack([rows, bias if part.start == 0 else np.zeros_like(bias)]))
    with one_blas_thread():
        for tile, part, columns in geometry.columns(images):
            pixels = pixels_of(out[tile], columns)
            if part.start == 0:
                product(columns, matrices[0], out=pixels)
            else:
                pixels += product(columns, matrices[part.start], out=np.empty_like(pixels))
    return in_data_format(out, data_format)


def conv2d_backward(
    grad,
    images,
    kernels,
    stride=1,
    padding="valid",
    dilation=1,
    data_format="channels_last",
    input_gradient=True,
):
    """The gradients of :func:`conv2d` with respect to its images, its kernels and its bias.

    Args:
        grad: the loss's gradient with respect to the layer's output, in the output's shape.
        images, kernels, stride, padding, dilation, data_format: as they were given to :func:`conv2d`.
        input_gradient: whether the images' gradient is wanted; a network's first layer has no use for it.

    Returns:
        ``(d_images, d_kernels, d_bias)`` in the shapes of the images, the kernels and ``(F,)``; ``d_images`` is
        None when ``input_gradient`` is False.

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
    images, kernels = floats(images, kernels)
    geometry = Geometry(images, kernels, stride, padding, dilation, data_format)
    grad = output_gradient(np.asarray(grad, images.dtype), geometry.output_shape, data_format)

    # Every window met its output pixel's gradient; the bias met it times one.
    d_kernels, d_bias = np.zeros(kernels.shape, kernels.dtype), np.zeros(kernels.shape[3], kernels.dtype)
    with one_blas_thread():
        for tile, part, columns in geometry.columns(images):
            met = product_over_pixels(columns, pixels_of(grad[tile], columns))
            d_kernels[part] += met[:-1].reshape(d_kernels[part].shape)
            if part.start == 0:
                d_bias += met[-1]
    if not input_gradient:
        return None, d_kernels, d_bias

    # Every output pixel sends its gradient, times the kernel, back to its window. Seen from an image's pixel that is a
    # convolution again: of the gradient, padded, with the kernels turned by 180° and their channels exchanged.
    around = [(f - 1 - before, f - 1 - after) for f, (before, after) in zip(geometry.reach, geometry.padding)]  # noqa: B905
    many = grad.shape[1] * grad.shape[2] > kernels.shape[0] * kernels.shape[1]
    if many and geometry.stride == (1, 1) and geometry.channels >= 16 and min(map(min, around)) >= 0:
        d_images = conv2d(grad, kernels[::-1, ::-1].swapaxes(2, 3), None, 1, around, dilation)
    else:
        with one_blas_thread():
            d_images = geometry.crop(folded(grad, kernels, geometry))
    return np.ascontiguousarray(in_data_format(d_images, data_format)), d_kernels, d_bias


def conv2d_params(kh: int, kw: int, c_in: int, c_out: int, use_bias: bool = True) -> int:
    """How many parameters a convolutional layer has; the size of its images does not matter.

    ``kh · kw · c_in · c_out``, and one more for each filter with a bias. Raises ``ValueError`` for a size below 1.

    >>> conv2d_params(3, 3, 3, 64)
    1792
    """
    given = {"kh": kh, "kw": kw, "c_in": c_in, "c_out": c_out}
    kh, kw, c_in, c_out = (whole_number(value, name) for name, value in given.items())
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
    image, sobel_x = floats(image, np.array(SOBEL_X, dtype=np.float32))
    return np.hypot(correlate2d(image, sobel_x), correlate2d(image, sobel_x.T))
