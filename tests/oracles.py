"""Convolution, pooling and their gradients, spelled out from their formulas: what the fast versions are held against.

Nothing here is imported from the package, nothing is padded, and nothing is clever: each output pixel is visited on its
own, and what lies outside the image is left out of its sum.
"""

from contextlib import contextmanager
from itertools import product

import numpy as np
import pytest
from hypothesis import strategies as st

CHANNELS = (1, 2, 3, 5, 16, 17, 20)


def zeros_around(sizes, reach, stride, padding):
    """((top, bottom), (left, right)) of any padding that a convolution takes."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        sides = []
        for n, f, s in zip(sizes, reach, stride, strict=True):
            places = len(range(0, n, s))
            total = max(0, s * (places - 1) + f - n)
            sides.append((total // 2, total - total // 2))
        return tuple(sides)
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    return tuple((side, side) if isinstance(side, int) else tuple(side) for side in padding)


def both(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def places(n, reach, stride, before, after):
    """Where a window's first entry lies, for every window along one axis; negative where it lies in the padding."""
    return range(-before, n + after - reach + 1, stride)


def meetings(image_shape, kernel_size, stride, padding, dilation):
    """Every output pixel (i, j), kernel entry (a, b) and the image's pixel (y, x) that meet; the output's size."""
    sizes, stride, dilation = image_shape[1:3], both(stride), both(dilation)
    reach = [d * (f - 1) + 1 for f, d in zip(kernel_size, dilation, strict=True)]
    around = zeros_around(sizes, reach, stride, padding)
    rows, columns = (places(n, r, s, *p) for n, r, s, p in zip(sizes, reach, stride, around, strict=True))
    met = []
    for (i, top), (j, left) in product(enumerate(rows), enumerate(columns)):
        for a, b in product(*map(range, kernel_size)):
            y, x = top + dilation[0] * a, left + dilation[1] * b
            if 0 <= y < sizes[0] and 0 <= x < sizes[1]:
                met.append((i, j, a, b, y, x))
    return met, (len(rows), len(columns))


def conv2d(images, kernels, bias, stride=1, padding="valid", dilation=1):
    met, size = meetings(images.shape, kernels.shape[:2], stride, padding, dilation)
    out = np.zeros((len(images), *size, kernels.shape[3])) + bias
    for i, j, a, b, y, x in met:
        out[:, i, j] += images[:, y, x] @ kernels[a, b]
    return out


def conv2d_backward(grad, images, kernels, stride=1, padding="valid", dilation=1):
    met, _ = meetings(images.shape, kernels.shape[:2], stride, padding, dilation)
    d_images, d_kernels, d_bias = np.zeros(images.shape), np.zeros(kernels.shape), np.zeros(kernels.shape[3])
    for i, j, a, b, y, x in met:
        d_images[:, y, x] += grad[:, i, j] @ kernels[a, b].T
        d_kernels[a, b] += images[:, y, x].T @ grad[:, i, j]
    for pixel in grad.reshape(-1, len(d_bias)):
        d_bias += pixel
    return d_images, d_kernels, d_bias


def meetings_in_time(steps, kernel_size, stride, padding, dilation):
    """Every output step t, kernel entry a and the sequence's step that meet; how many output steps there are."""
    reach = dilation * (kernel_size - 1) + 1
    if padding == "causal":
        before, after = reach - 1, 0
    else:
        before, after = zeros_around((steps,), (reach,), (stride,), padding)[0]
    starts = places(steps, reach, stride, before, after)
    met = [(t, a, start + dilation * a) for t, start in enumerate(starts) for a in range(kernel_size)]
    return [(t, a, step) for t, a, step in met if 0 <= step < steps], len(starts)


def conv1d(sequences, kernels, bias, stride=1, padding="valid", dilation=1):
    met, length = meetings_in_time(sequences.shape[1], len(kernels), stride, padding, dilation)
    out = np.zeros((len(sequences), length, kernels.shape[2])) + bias
    for n in range(len(sequences)):
        for t, a, step in met:
            out[n, t] += sequences[n, step] @ kernels[a]
    return out


def conv1d_backward(grad, sequences, kernels, stride=1, padding="valid", dilation=1):
    met, _ = meetings_in_time(sequences.shape[1], len(kernels), stride, padding, dilation)
    d_sequences, d_kernels = np.zeros(sequences.shape), np.zeros(kernels.shape)
    for n in range(len(sequences)):
        for t, a, step in met:
            d_sequences[n, step] += kernels[a] @ grad[n, t]
            d_kernels[a] += np.outer(sequences[n, step], grad[n, t])
    return d_sequences, d_kernels, np.add.reduce(grad.reshape(-1, kernels.shape[2]))


def pool2d(kind, images, pool, stride, padding, grad=None):
    """Pooling and, with a gradient of its output, the images' gradient."""
    stride = pool if stride is None else stride
    met, size = meetings(images.shape, both(pool), stride, padding, 1)
    out = np.zeros((len(images), *size, images.shape[3]))
    d_images = np.zeros(images.shape)
    windows = {place: [] for place in product(*map(range, size))}
    for i, j, _, _, y, x in met:
        windows[i, j].append((y, x))  # in row order, and only real pixels
    for n, c in product(range(len(images)), range(images.shape[3])):
        for (i, j), pixels in windows.items():
            values = [images[n, y, x, c] for y, x in pixels]
            if kind == "max":
                out[n, i, j, c] = max(values)
                receivers = [pixels[values.index(max(values))]]  # index finds the first
            else:
                out[n, i, j, c] = sum(values) / len(values)
                receivers = pixels
            for y, x in receivers:
                if grad is not None:
                    d_images[n, y, x, c] += grad[n, i, j, c] / len(receivers)
    return out, d_images


def numerical_gradient(f, x, step=1e-3):
    """Centred differences of a scalar function of one float64 array; exact where it is linear."""
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        ends = []
        for moved_by in (step, -step):
            moved = x.copy()
            moved[place] += moved_by
            ends.append(f(moved))
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient


@contextmanager
def constants(module, **values):
    """Some of a module's numbers set to others, for as long as the ``with`` lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(module, name, value)
        yield


SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def layers_2d(draw, channels=CHANNELS, strides=(1, 1, 1, 2, 3, 4), more=8):
    """A convolutional layer that fits: images, kernels, bias, the gradient of its output, the arguments of conv2d.

    Every kind of padding; kernels that overlap, lie side by side or leave gaps; dilation with and without stride. Only
    the seed is hypothesis's own: left to choose the numbers, it prefers small ones, and much is never met.
    """
    rng = np.random.default_rng(draw(SEEDS))

    def numbers(low, high, count=2):
        return tuple(rng.integers(low, high + 1, count).tolist())

    kernel_size, stride = numbers(1, 4), tuple(rng.choice(strides, 2).tolist())
    stride = (stride[0], stride[0]) if rng.random() < 0.5 else stride
    dilation = [(1, 1), (1, 1), (2, 2), (1, 3), (3, 2)][rng.integers(5)]
    padding = ["valid", "same", *numbers(0, 4, 1), numbers(0, 3), (numbers(0, 3), numbers(0, 3))][rng.integers(5)]
    reach = [d * (f - 1) + 1 for f, d in zip(kernel_size, dilation, strict=True)]
    around = ((0, 0), (0, 0)) if isinstance(padding, str) else zeros_around((), (), (), padding)
    least = [1 if padding == "same" else max(1, r - sum(p)) for r, p in zip(reach, around, strict=True)]
    count, *sizes = (n + extra for n, extra in zip((1, *least), (*numbers(0, 4, 1), *numbers(0, more)), strict=True))
    images = rng.standard_normal((count, *sizes, rng.choice(channels)))
    kernels = rng.standard_normal((*kernel_size, images.shape[3], rng.choice([1, 2, 3, 5])))
    _, out_size = meetings(images.shape, kernel_size, stride, padding, dilation)
    bias, grad = rng.standard_normal(kernels.shape[3]), rng.standard_normal((count, *out_size, kernels.shape[3]))
    return images, kernels, bias, grad, dict(stride=stride, padding=padding, dilation=dilation)


def tensorflows_conv2d(images, kernels, bias, stride, padding, dilation):
    """The same layer of tensors, by TensorFlow. It has no gradient for dilation, so zeros go between the entries."""
    import tensorflow as tf

    spread = []
    for f, d in zip(kernels.shape[:2], dilation, strict=True):
        spread.append(np.zeros((d * (f - 1) + 1, f)))
        spread[-1][np.arange(f) * d, np.arange(f)] = 1
    kernels = tf.einsum("pa,abcf,qb->pqcf", spread[0], kernels, spread[1])
    if not isinstance(padding, str):
        images = tf.pad(images, [(0, 0), *zeros_around((), (), (), padding), (0, 0)])
        padding = "valid"
    return tf.nn.conv2d(images, kernels, stride, padding.upper()) + bias
