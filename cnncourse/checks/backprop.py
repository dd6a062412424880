"""What right means for the functions of 04-backprop, and the ways people get them wrong.

The chapter is ``book/backprop.md``. The references go from output pixel to output pixel, written apart from
:mod:`cnncourse.backprop`; the tests hold them against TensorFlow's gradients.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from cnncourse.checks.given import Scalar
from cnncourse.checks.materials import (
    KINDS,
    backwards,
    bytes_of,
    every_other,
    in_a_sum,
    misconceptions,
    normals,
    number,
    products,
    whole_numbers,
)
from cnncourse.checks.task import Case, Panel, Task

ASSIGNMENT = "04-backprop"

# -- references ------------------------------------------------------------------------------------------------------


def both(value) -> tuple[int, int]:
    """Rows and columns, of an int or a pair."""
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def places(shape, kernel_size, stride, padding) -> tuple[int, int]:
    """How many windows there are from top to bottom, and from left to right."""
    sizes = zip(shape[1:3], both(kernel_size), both(stride), both(padding), strict=True)
    return tuple((n + 2 * p - f) // s + 1 for n, f, s, p in sizes)


def meetings(shape, kernel_size, stride, padding, output=None):
    """Every output pixel (i, j), entry of the window (a, b) and pixel of the image (y, x) that meet."""
    (kh, kw), (sh, sw), (ph, pw) = both(kernel_size), both(stride), both(padding)
    for i, j in np.ndindex(output or places(shape, kernel_size, stride, padding)):
        for a, b in np.ndindex(kh, kw):
            y, x = i * sh + a - ph, j * sw + b - pw
            if 0 <= y < shape[1] and 0 <= x < shape[2]:
                yield i, j, a, b, y, x


def windows_of(images, kernel_size, stride=1, padding=0):
    """Every window on its own: (N, oh, ow, kh, kw, C)."""
    images = np.asarray(images, float)
    size = places(images.shape, kernel_size, stride, padding)
    out = np.zeros((len(images), *size, *both(kernel_size), images.shape[3]))
    for i, j, a, b, y, x in meetings(images.shape, kernel_size, stride, padding):
        out[:, i, j, a, b] = images[:, y, x]
    return out


def flattened(windows):
    return windows.reshape(int(np.prod(windows.shape[:3])), int(np.prod(windows.shape[3:])))


def columns_of(images, kernel_size, stride=1, padding=0):
    return flattened(windows_of(images, kernel_size, stride, padding))


def image_of(columns, image_shape, kernel_size, stride=1, padding=0):
    size = places(image_shape, kernel_size, stride, padding)
    windows = np.asarray(columns, float).reshape(image_shape[0], *size, *both(kernel_size), image_shape[3])
    out = np.zeros(image_shape)
    for i, j, a, b, y, x in meetings(image_shape, kernel_size, stride, padding):
        out[:, y, x] += windows[:, i, j, a, b]
    return out


def layer_backward(grad, images, kernels, stride=1, padding=0):
    grad, images, kernels = (np.asarray(array, float) for array in (grad, images, kernels))
    d_images, d_kernels = np.zeros(images.shape), np.zeros(kernels.shape)
    for i, j, a, b, y, x in meetings(images.shape, kernels.shape[:2], stride, padding):
        d_images[:, y, x] += grad[:, i, j] @ kernels[a, b].T
        d_kernels[a, b] += images[:, y, x].T @ grad[:, i, j]
    return d_images, d_kernels, grad.sum(axis=(0, 1, 2))


def rectified(x):
    return np.where(np.asarray(x, float) > 0, np.asarray(x, float), 0.0)


def rectified_backward(grad, x):
    return np.where(np.asarray(x, float) > 0, np.asarray(grad, float), 0.0)


def weighted_sums(x, w, b):
    x, w, b = (np.asarray(array, float) for array in (x, w, b))
    out = np.zeros((x.shape[0], w.shape[1]))
    for n, m in np.ndindex(out.shape):
        out[n, m] = sum(x[n, d] * w[d, m] for d in range(len(w))) + b[m]
    return out


def weighted_sums_backward(grad, x, w):
    grad, x, w = (np.asarray(array, float) for array in (grad, x, w))
    d_x, d_w, d_b = np.zeros(x.shape), np.zeros(w.shape), np.zeros(w.shape[1])
    for n, m in np.ndindex(grad.shape):
        d_x[n] += grad[n, m] * w[:, m]
        d_w[:, m] += grad[n, m] * x[n]
        d_b[m] += grad[n, m]
    return d_x, d_w, d_b


def cross_entropy(logits, labels):
    logits = np.asarray(logits, float)
    loss, d_logits = 0.0, np.zeros(logits.shape)
    for n, label in enumerate(labels):
        scores = logits[n] - logits[n].max()
        total = np.exp(scores).sum()
        loss += np.log(total) - scores[label]
        d_logits[n] = np.exp(scores) / total
        d_logits[n, label] -= 1
    return loss / len(logits), d_logits / len(logits)


def differences(f, x, eps=1e-5):
    out = np.zeros(np.shape(x))
    for index in np.ndindex(out.shape):
        above, below = np.array(x, float), np.array(x, float)
        above[index] += eps
        below[index] -= eps
        out[index] = (float(f(above)) - float(f(below))) / (2 * eps)
    return out


# -- one of several results ------------------------------------------------------------------------------------------


def results(*wanted):
    """Makes cases about some of a function's results."""
    return lambda about, *args: Case(about, args, parts=wanted)


# -- cases -----------------------------------------------------------------------------------------------------------

# Images, kernel size, then stride and padding where they are given. Each property varies one thing.
WINDOWS = {
    "one image, one channel": [
        ((1, 3, 3, 1), 2),
        ((1, 2, 2, 1), 1),
        ((1, 2, 2, 1), 2),
        ((1, 4, 4, 1), 3),
        ((1, 5, 5, 1), 2, 1, 0),
        ((1, 1, 1, 1), 1),
    ],
    "images and kernels that are not square": [
        ((1, 2, 3, 1), 2),
        ((1, 3, 2, 1), 2),
        ((1, 3, 3, 1), (1, 2)),
        ((1, 3, 3, 1), (2, 1)),
        ((1, 3, 5, 1), (3, 2)),
        ((1, 6, 4, 1), (2, 3)),
        ((1, 3, 4, 1), (1, 4)),
        ((1, 4, 2, 1), (4, 1), 1),
    ],
    "several channels": [((1, 3, 3, 2), 2), ((1, 2, 2, 3), 1), ((1, 2, 2, 3), 2), ((1, 4, 4, 4), 3), ((1, 4, 4, 5), 2)],
    "several images": [((2, 3, 3, 1), 2), ((3, 2, 2, 1), 1), ((4, 4, 4, 1), 3), ((2, 4, 4, 1), 2)],
    "strides": [
        ((1, 4, 4, 1), 2, 2),
        ((1, 3, 3, 1), 1, 2),
        ((1, 5, 5, 1), 3, 2),
        ((1, 5, 5, 1), 2, 3),
        ((1, 6, 6, 1), 2, 3, 0),
        ((1, 4, 4, 1), 3, 2),
        ((1, 6, 6, 1), 2, (2, 2)),
        ((1, 8, 8, 1), 3, 4),
    ],
    "padding": [
        ((1, 2, 2, 1), 2, 1, 1),
        ((1, 3, 3, 1), 3, 1, 1),
        ((1, 2, 2, 1), 1, 1, 1),
        ((1, 2, 2, 1), 3, 1, 2),
        ((1, 3, 3, 1), 2, 1, (1, 1)),
        ((1, 2, 2, 1), 2, 1, 3),
    ],
    "strides and padding that differ in rows and columns": [
        ((1, 4, 4, 1), 2, (1, 2)),
        ((1, 4, 4, 1), 2, (2, 1)),
        ((1, 6, 6, 1), 2, (3, 2)),
        ((1, 3, 3, 1), 2, 1, (1, 0)),
        ((1, 3, 3, 1), 2, 1, (0, 1)),
        ((1, 4, 4, 1), 3, 1, (1, 2)),
        ((1, 5, 5, 1), 3, (2, 1), (0, 1)),
    ],
    "everything together": [
        ((2, 3, 3, 2), 2, 1, 1),
        ((2, 5, 4, 3), (2, 3), (2, 1), (1, 0)),
        ((3, 4, 6, 2), (3, 2), (2, 3), (1, 2)),
        ((2, 7, 5, 3), (1, 3), (3, 2), (2, 1)),
        ((2, 4, 5, 2), (3, 2), (1, 2)),
    ],
}


def im2col_cases(rng):
    cases = []
    for about, rows in WINDOWS.items():
        for k, (shape, *how) in enumerate(rows):
            cases.append(Case(about, ((normals if k % 3 == 2 else whole_numbers)(rng, *shape), *how)))
    cases.append(Case(KINDS, (whole_numbers(rng, 1, 3, 3, 1).astype(int), 2)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 3, 3, 1), 2)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 1).astype("f4"), 2)))
    cases.append(Case(KINDS, (every_other(normals(rng, 1, 3, 3, 1)), 2)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 1).transpose(0, 2, 1, 3), 2)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 1)[:, ::-1], 2)))
    about = "everything together"
    cases.append(Case(about, (whole_numbers(rng, 2, 3, 3, 2).astype(int), 2, 1, 1)))
    cases.append(Case(about, (bytes_of(rng, 1, 3, 3, 2), 3, 2, 1)))
    cases.append(Case(about, (every_other(normals(rng, 2, 3, 4, 2)), 2, 2, 1)))
    cases.append(Case(about, (normals(rng, 2, 3, 3, 3).transpose(0, 3, 1, 2), 2)))
    cases.append(Case(about, (backwards(normals(rng, 2, 3, 3, 2)), (2, 1))))
    return cases


def col2im_cases(rng):
    cases = []

    def add(about, draw, shape, *how):
        (kh, kw), size = both(how[0]), places(shape, *how, *(1, 0)[len(how) - 1 :])
        columns = draw(rng, shape[0] * size[0] * size[1], kh * kw * shape[3])
        cases.append(Case(about, (columns, shape, *how)))

    for about, rows in WINDOWS.items():
        for k, row in enumerate(rows):
            add(about, normals if k % 3 == 2 else whole_numbers, *row)
    add(KINDS, lambda rng, *shape: whole_numbers(rng, *shape).astype(int), (1, 3, 3, 1), 2)
    add(KINDS, lambda rng, *shape: normals(rng, *shape).astype("f4"), (1, 3, 3, 1), 2)
    add(KINDS, lambda rng, *shape: every_other(normals(rng, *shape)), (1, 3, 3, 1), 2)
    add(KINDS, lambda rng, *shape: normals(rng, *shape[::-1]).T, (1, 3, 3, 1), 2)
    add(KINDS, lambda rng, *shape: backwards(normals(rng, *shape)), (1, 3, 3, 1), 2)
    about = "everything together"
    add(about, lambda rng, *shape: whole_numbers(rng, *shape).astype(int), (2, 3, 3, 2), 2, 1, 1)
    add(about, lambda rng, *shape: every_other(normals(rng, *shape)), (2, 3, 4, 2), 2, 2, 1)
    add(about, lambda rng, *shape: normals(rng, *shape[::-1]).T, (2, 3, 3, 3), 2)
    return cases


D_IMAGES, D_KERNELS, D_BIAS = (f"the gradient of the {name}" for name in ("images", "kernels", "bias"))

# Images, kernels, then stride and padding where they are given.
LAYERS = {
    "": [
        ((1, 3, 3, 1), (2, 2, 1, 1)),
        ((1, 2, 2, 1), (2, 2, 1, 1)),
        ((1, 2, 2, 1), (1, 1, 1, 1)),
        ((1, 4, 4, 1), (3, 3, 1, 1)),
        ((1, 2, 4, 1), (2, 2, 1, 1)),
        ((1, 4, 3, 1), (1, 3, 1, 1)),
        ((1, 3, 4, 1), (3, 2, 1, 1)),
        ((1, 3, 3, 2), (2, 2, 2, 1)),
        ((1, 3, 3, 1), (2, 2, 1, 3)),
        ((1, 3, 3, 2), (2, 2, 2, 2)),
        ((1, 2, 3, 3), (1, 2, 3, 2)),
        ((2, 3, 3, 1), (2, 2, 1, 1)),
        ((3, 2, 3, 2), (2, 1, 2, 4)),
        ((2, 2, 2, 3), (2, 2, 3, 2)),
    ],
    ", with strides": [
        ((1, 4, 4, 1), (2, 2, 1, 1), 2),
        ((1, 3, 3, 1), (1, 1, 1, 1), 2),
        ((1, 4, 4, 1), (3, 3, 1, 1), 2),
        ((1, 5, 5, 1), (3, 3, 1, 1), 2),
        ((1, 6, 6, 1), (2, 2, 1, 1), 3),
        ((1, 4, 4, 1), (2, 2, 1, 1), (1, 2)),
        ((1, 4, 4, 1), (2, 2, 1, 1), (2, 1)),
        ((1, 5, 6, 1), (3, 2, 1, 1), (2, 3), 0),
    ],
    ", with padding": [
        ((1, 2, 2, 1), (2, 2, 1, 1), 1, 1),
        ((1, 3, 3, 1), (3, 3, 1, 1), 1, 1),
        ((1, 2, 2, 1), (1, 1, 1, 1), 1, 1),
        ((1, 2, 2, 1), (2, 2, 1, 1), 1, 2),
        ((1, 3, 3, 1), (2, 2, 1, 1), 1, (1, 0)),
        ((1, 3, 3, 1), (2, 2, 1, 1), 1, (0, 1)),
        ((1, 3, 4, 1), (3, 2, 1, 1), 1, (1, 2)),
    ],
}
TOGETHER = [
    ((2, 3, 3, 2), (2, 2, 2, 3), 2, 1),
    ((2, 5, 4, 2), (3, 2, 2, 3), (2, 1), (1, 0)),
    ((3, 4, 6, 3), (2, 3, 3, 2), (2, 3), (1, 2)),
    ((2, 6, 5, 1), (2, 3, 1, 4), (3, 2), (2, 1)),
]


def layer_backward_cases(rng):
    images_only, kernels_only, bias_only, first_two = (results(*wanted) for wanted in ((0,), (1,), (2,), (0, 1)))

    def drawn(image_shape, kernel_shape, *how, draw=whole_numbers):
        size = places(image_shape, kernel_shape[:2], *how, *(1, 0)[len(how) :])
        arrays = ((image_shape[0], *size, kernel_shape[3]), image_shape, kernel_shape)
        return *(draw(rng, *shape) for shape in arrays), *how

    cases = []
    for how, rows in LAYERS.items():
        for k, row in enumerate(rows):
            draw = normals if k % 3 == 2 else whole_numbers
            cases.append(images_only(D_IMAGES + how, *drawn(*row, draw=draw)))
            cases.append(kernels_only(D_KERNELS + how, *drawn(*row, draw=draw)))
    for row in [*LAYERS[""][::3], LAYERS[", with strides"][2], LAYERS[", with padding"][0], LAYERS[""][8], *TOGETHER]:
        cases.append(bias_only(D_BIAS, *drawn(*row)))
    grad, images, kernels = drawn((2, 3, 3, 1), (2, 2, 1, 3), draw=normals)
    cases.append(bias_only(D_BIAS, (grad * 10).round().astype(int), images, kernels))
    cases.append(bias_only(D_BIAS, grad.astype("f4"), images, kernels))
    cases.append(bias_only(D_BIAS, every_other(grad), images, kernels))
    cases.append(bias_only(D_BIAS, grad, images.round().astype(int), kernels.round().astype(int)))
    for row in TOGETHER:
        cases.append(first_two("everything together", *drawn(*row)))
    shapes = ((1, 3, 3, 2), (2, 2, 2, 2))
    for whole in ((0,), (1,), (2,), (0, 1, 2)):
        arrays = drawn(*shapes, draw=normals)
        arrays = [(9 * a).round().astype(int) if k in whole else a for k, a in enumerate(arrays)]
        cases.append(first_two(KINDS, *arrays))
    cases.append(first_two(KINDS, *(array.astype("f4") for array in drawn(*shapes, draw=normals))))
    cases.append(first_two(KINDS, *(every_other(array) for array in drawn(*shapes, draw=normals))))
    grad, images, kernels = drawn(*shapes, draw=normals)
    cases.append(
        first_two(KINDS, grad.transpose(0, 2, 1, 3), images.transpose(0, 2, 1, 3), kernels.transpose(1, 0, 3, 2))
    )
    cases.append(kernels_only(KINDS, grad, bytes_of(rng, 1, 3, 3, 2), kernels))
    cases.append(first_two(KINDS, grad[:, ::-1], images[:, :, ::-1], backwards(kernels)))
    return cases


def relu_cases(rng):
    about, shapes = "one row of numbers", ((3,), (1,), (5,))
    cases = [Case(about, (mixed(rng, *shape),)) for shape in shapes]
    cases.append(Case(about, (normals(rng, 12),)))
    cases.append(Case("tables and images", (mixed(rng, 2, 3),)))
    cases.append(Case("tables and images", (mixed(rng, 3, 2),)))
    cases.append(Case("tables and images", (mixed(rng, 1, 4),)))
    cases.append(Case("tables and images", (normals(rng, 2, 3, 2),)))
    cases.append(Case("tables and images", (normals(rng, 2, 3, 4, 2),)))
    for values in ([0.0, 0.0], [-0.0, 3.0], [0.0, -2.0, 0.0, 5.0]):
        cases.append(Case("zeros", (np.array(values),)))
    about = "negative numbers only, positive numbers only"
    cases.append(Case(about, (-np.abs(whole_numbers(rng, 3)),)))
    cases.append(Case(about, (-np.abs(normals(rng, 2, 3)) - 0.01,)))
    cases.append(Case(about, (np.abs(whole_numbers(rng, 3)),)))
    cases.append(Case(about, (np.abs(normals(rng, 2, 2)) + 0.01,)))
    about = "large numbers and small ones"
    cases.append(Case(about, (np.array([300.0, -300.0]) * rng.uniform(1, 2, 2),)))
    cases.append(Case(about, (np.array([0.3, -0.3, 0.004, -0.004]) * rng.uniform(1, 2, 4),)))
    cases.append(Case(about, (np.array([1000.0, -1000.0, 0.5, -0.5]) * rng.uniform(1, 2, 4),)))
    cases.append(Case(KINDS, (mixed(rng, 4).astype(int),)))
    cases.append(Case(KINDS, (normals(rng, 2, 3).astype("f4"),)))
    cases.append(Case(KINDS, (every_other(mixed(rng, 2, 3)),)))
    cases.append(Case(KINDS, (mixed(rng, 2, 3).T,)))
    cases.append(Case(KINDS, (backwards(mixed(rng, 2, 3)),)))
    return cases


def mixed(rng, *shape):
    """Whole numbers of which the first is negative and the last positive, where there are two or more."""
    x = whole_numbers(rng, *shape)
    x.flat[0], x.flat[-1] = -abs(x.flat[0]), abs(x.flat[-1])
    return x


def relu_backward_cases(rng):
    def add(about, x, grad=None):
        cases.append(Case(about, (signs(np.shape(x)) if grad is None else grad, x)))

    def signs(shape):
        """Gradients of both signs wherever x has one sign: four combinations, and more as there is room."""
        grad = whole_numbers(rng, *shape) if shape else np.array(3.0)
        grad.flat[::2], grad.flat[1::2] = np.abs(grad.flat[::2]), -np.abs(grad.flat[1::2])
        return grad

    cases = []
    about = "one row of numbers"
    add(about, np.array([-2.0, 3.0]))
    add(about, np.array([-2.0, -3.0, 4.0, 5.0]))
    add(about, np.array([0.5, 0.25, -0.5, -0.25]) * rng.uniform(1, 2, 4))
    add(about, normals(rng, 12), normals(rng, 12))
    about = "tables and images"
    add(about, mixed(rng, 2, 3))
    add(about, mixed(rng, 3, 2))
    add(about, mixed(rng, 1, 4))
    add(about, normals(rng, 2, 3, 2), normals(rng, 2, 3, 2))
    add(about, normals(rng, 2, 3, 2, 3), normals(rng, 2, 3, 2, 3))
    about = "zeros"
    add(about, np.zeros(2))
    add(about, np.array([0.0, 0.0, 4.0, -3.0]))
    add(about, np.array([-0.0, -0.0, 2.0]))
    add("gradients of 0", np.array([2.0, -2.0, 3.0, -3.0]), np.zeros(4))
    add("gradients of 0", np.array([5.0, 4.0, -3.0]), np.array([0.0, 2.0, 2.0]))
    about = "negative numbers only, positive numbers only"
    add(about, -np.abs(whole_numbers(rng, 3)))
    add(about, np.abs(whole_numbers(rng, 3)))
    add(about, np.abs(normals(rng, 2, 2)) + 0.01)
    about = "large numbers and small ones"
    add(about, np.array([300.0, 200.0, -300.0, -200.0]) * rng.uniform(1, 2, 4))
    add(about, np.array([1e-3, 1e-6, -1e-3, -1e-6]), normals(rng, 4))
    add(KINDS, mixed(rng, 4).astype(int), normals(rng, 4))
    add(KINDS, normals(rng, 4), whole_numbers(rng, 4).astype(int))
    add(KINDS, mixed(rng, 4).astype(int), whole_numbers(rng, 4).astype(int))
    add(KINDS, normals(rng, 2, 3).astype("f4"), normals(rng, 2, 3).astype("f4"))
    add(KINDS, every_other(mixed(rng, 2, 3)), every_other(normals(rng, 2, 3)))
    add(KINDS, mixed(rng, 3, 2), normals(rng, 2, 3).T)
    add(KINDS, backwards(mixed(rng, 3, 2)), normals(rng, 3, 2))
    return cases


def affine_cases(rng):
    cases = []

    def add(about, count, inputs, outputs, draw=whole_numbers, bias=False):
        b = draw(rng, outputs) if bias else np.zeros(outputs)
        cases.append(Case(about, (draw(rng, count, inputs), draw(rng, inputs, outputs), b)))

    about = "one sample"
    add(about, 1, 2, 1)
    add(about, 1, 1, 1)
    add(about, 1, 2, 3)
    add(about, 1, 4, 2, normals)
    about = "several samples"
    add(about, 2, 2, 1)
    add(about, 3, 2, 4)
    add(about, 5, 3, 2, normals)
    about = "as many inputs as outputs, or as samples"
    add(about, 1, 2, 2)
    add(about, 2, 2, 2)
    add(about, 3, 3, 2)
    add(about, 3, 2, 3, normals)
    add(about, 3, 3, 3, normals)
    about = "bias"
    add(about, 1, 1, 1, bias=True)
    add(about, 1, 1, 3, bias=True)
    add(about, 2, 3, 2, bias=True)
    add(about, 3, 2, 3, bias=True)
    add(about, 4, 3, 2, normals, bias=True)
    cases.append(Case(about, (normals(rng, 2, 3), normals(rng, 3, 2), whole_numbers(rng, 2).astype(int))))
    cases.append(Case(about, (whole_numbers(rng, 2, 3), whole_numbers(rng, 3, 2), normals(rng, 2))))
    cases.append(Case(about, (*(whole_numbers(rng, 2, 2).astype(int) for _ in range(2)), normals(rng, 2))))
    cases.append(Case(KINDS, (whole_numbers(rng, 2, 3).astype(int), normals(rng, 3, 2), np.zeros(2))))
    cases.append(Case(KINDS, (normals(rng, 2, 3), whole_numbers(rng, 3, 2).astype(int), np.zeros(2))))
    cases.append(Case(KINDS, (bytes_of(rng, 2, 3), whole_numbers(rng, 3, 2).astype(int), np.zeros(2))))
    cases.append(Case(KINDS, (*(whole_numbers(rng, 2, 2).astype(int) for _ in range(2)), np.zeros(2, int))))
    cases.append(Case(KINDS, (*(normals(rng, *s).astype("f4") for s in ((2, 3), (3, 2))), np.zeros(2, "f4"))))
    cases.append(Case(KINDS, (every_other(normals(rng, 2, 3)), normals(rng, 2, 3).T, np.zeros(2))))
    cases.append(Case(KINDS, (normals(rng, 3, 2).T, backwards(normals(rng, 3, 2)), np.zeros(2))))
    return cases


def affine_backward_cases(rng):
    x_only, w_only, b_only, first_two = (results(*wanted) for wanted in ((0,), (1,), (2,), (0, 1)))

    def drawn(count, inputs, outputs, draw=whole_numbers):
        return tuple(draw(rng, *shape) for shape in ((count, outputs), (count, inputs), (inputs, outputs)))

    cases = []
    one = ((1, 1, 1), (1, 2, 1), (1, 1, 2), (1, 2, 3), (1, 3, 3), (1, 4, 2))
    several = ((2, 1, 1), (2, 2, 1), (3, 2, 2), (2, 3, 4), (3, 3, 2), (4, 2, 4), (3, 3, 3), (5, 4, 3))
    for case, about in ((x_only, "d_x"), (w_only, "d_w"), (b_only, "d_b")):
        for many, rows in ((", one sample", one), (", several samples", several)):
            for k, row in enumerate(rows):
                cases.append(case(about + many, *drawn(*row, normals if k % 4 == 3 else whole_numbers)))
    for whole in ((0,), (1,), (2,), (0, 1, 2)):
        arrays = drawn(2, 3, 2, normals)
        cases.append(
            first_two(KINDS, *((9 * a).round().astype(int) if k in whole else a for k, a in enumerate(arrays)))
        )
    cases.append(first_two(KINDS, *(array.astype("f4") for array in drawn(2, 3, 4, normals))))
    cases.append(first_two(KINDS, *(every_other(array) for array in drawn(2, 3, 4, normals))))
    cases.append(first_two(KINDS, normals(rng, 4, 2).T, normals(rng, 3, 2).T, normals(rng, 4, 3).T))
    cases.append(first_two(KINDS, *(backwards(array) for array in drawn(2, 3, 4, normals))))
    grad, x, w = drawn(3, 2, 4, normals)
    cases.append(w_only(KINDS, grad, bytes_of(rng, 3, 2), w))
    for kind in (lambda a: (9 * a).round().astype(int), lambda a: a.astype("f4"), every_other, backwards):
        cases.append(b_only("d_b, several samples", kind(grad), x, w))
    cases.append(b_only("d_b, several samples", grad, x.round().astype(int), w.round().astype(int)))
    return cases


def cross_entropy_cases(rng):
    loss_only, gradient_only, the_two = (results(*wanted) for wanted in ((0,), (1,), (0, 1)))

    def drawn(count, classes, spread=1.0):
        """Scores, and labels that are not always the largest score, nor always the same."""
        labels = (np.arange(count) + rng.integers(classes)) % classes
        return normals(rng, count, classes) * spread, rng.permutation(labels)

    cases = []
    for about, case in (("the loss", loss_only), ("the gradient", gradient_only)):
        for label in (0, 1):
            cases.append(case(f"{about} of one sample", np.array([[2.0, 1.0]]), np.array([label])))
        cases.append(case(f"{about} of one sample", np.zeros((1, 2)), np.array([1])))
        cases.append(case(f"{about} of one sample", np.array([[1.0, -2.0, 3.0]]), np.array([1])))
        for label in range(3):
            cases.append(case(f"{about} of one sample", normals(rng, 1, 3), np.array([label])))
        cases.append(case(f"{about} of one sample", *drawn(1, 10, 3)))
        cases.append(case(f"{about} of one sample", np.array([[6.0, -6.0, 0.0]]), np.array([1])))
        for count, classes, spread in ((2, 2, 1), (2, 3, 1), (3, 2, 2), (3, 3, 2), (4, 10, 1), (6, 3, 4), (5, 4, 1)):
            cases.append(case(f"{about} of several samples", *drawn(count, classes, spread)))
        cases.append(
            case(f"{about} of several samples", normals(rng, 3, 3) + [[5.0], [0.0], [-5.0]], np.array([2, 2, 0]))
        )
        cases.append(case(f"{about} of several samples", np.zeros((4, 10)), rng.permutation(10)[:4]))
        cases.append(
            case(f"{about} of several samples", np.array([[400.0, 399.0], [-400.0, -401.0]]), np.array([1, 1]))
        )
        logits, labels = drawn(3, 4)
        cases.append(case(f"{about} of several samples", logits.astype("f4"), labels.astype("u1")))
        cases.append(case(f"{about} of several samples", (4 * logits).round().astype(int), labels.astype("i4")))
        cases.append(case(f"{about} of several samples", every_other(logits), every_other(labels)))
        cases.append(case(f"{about} of several samples", normals(rng, 3, 2).T, backwards(np.array([2, 0]))))
    about = "scores of ±1000"
    cases.append(the_two(about, np.array([[1000.0, 1000.0]]), np.array([0])))
    cases.append(the_two(about, np.array([[1000.0, -1000.0]]), np.array([0])))
    cases.append(the_two(about, np.array([[-1000.0, -1000.0, -1001.0]]), np.array([1])))
    cases.append(the_two(about, np.array([[1000.0, 1001.0]]), np.array([0])))
    cases.append(the_two(about, np.array([[-1000.0, -1002.0]]), np.array([1])))
    about = "scores of ±1000 that are quite wrong"
    cases.append(the_two(about, np.array([[1000.0, -1000.0]]), np.array([1])))
    cases.append(the_two(about, np.array([[-1000.0, 1000.0, 0.0]]), np.array([0])))
    cases.append(the_two(about, np.array([[1000.0, 0.0, -1000.0]]), np.array([1])))
    logits, labels = drawn(1, 4)
    for kind in ("u1", "i1", "i4", "u8"):
        cases.append(the_two(KINDS, logits, labels.astype(kind)))
    cases.append(the_two(KINDS, whole_numbers(rng, 1, 2).astype(int), np.array([1])))
    cases.append(the_two(KINDS, (2 * normals(rng, 1, 3)).round().astype(int), np.array([1])))
    cases.append(the_two(KINDS, logits.astype("f4"), labels))
    cases.append(the_two(KINDS, every_other(logits), every_other(labels)))
    cases.append(the_two(KINDS, normals(rng, 3, 1).T, np.array([2])))
    cases.append(the_two(KINDS, logits[:, ::-1], labels))
    return cases


def squares(rng, *shape):
    weights = rng.choice([1.0, 2.0, 3.0, -1.0, -2.0], shape)
    return Scalar("the sum of weights · x²", "np.sum(weights * x**2)", weights=weights)


def cubes(rng, *shape):
    weights = rng.choice([1.0, 2.0, 3.0, -1.0, -2.0], shape)
    return Scalar("the sum of weights · x³", "np.sum(weights * x**3)", weights=weights)


def sines(rng, *shape):
    return Scalar("the sum of sin(waves · x)", "np.sum(np.sin(waves * x))", waves=rng.uniform(1, 2, shape))


def coupled(rng, *shape):
    matrix = rng.standard_normal((int(np.prod(shape)),) * 2)
    form = "float((flat := np.asarray(x, float).reshape(-1)) @ matrix @ flat)"
    return Scalar("xᵀ · A · x, with the entries of x in a row", form, matrix=matrix)


def numerical_gradient_cases(rng):
    cases = []

    def add(about, f, x, *eps):
        cases.append(Case(about, (f, x, *eps)))

    about = "one row of numbers"
    add(about, Scalar("x[0]²", "x[0] ** 2"), np.array([3.0]))
    add(about, squares(rng, 2), whole_numbers(rng, 2))
    add(about, sines(rng, 3), normals(rng, 3))
    add(about, squares(rng, 4), normals(rng, 4))
    add(about, Scalar("3·x[0] − 2·x[1]", "3 * x[0] - 2 * x[1]"), np.array([0.0, 0.0]))
    add(about, Scalar("x[0] / 200 − x[1]", "x[0] / 200 - x[1]"), normals(rng, 2))
    about = "entries that depend on each other"
    add(about, Scalar("x[0] · x[1]", "x[0] * x[1]"), np.array([3.0, 5.0]))
    add(about, coupled(rng, 3), normals(rng, 3))
    add(about, Scalar("the product of all entries", "np.prod(x)"), whole_numbers(rng, 3))
    add(about, Scalar("the length of x", "np.sqrt((x**2).sum())"), whole_numbers(rng, 4))
    about = "tables, and three axes"
    add(about, squares(rng, 2, 2), whole_numbers(rng, 2, 2))
    add(about, sines(rng, 2, 3), normals(rng, 2, 3))
    add(about, sines(rng, 3, 1), normals(rng, 3, 1))
    add(about, coupled(rng, 2, 2, 3), normals(rng, 2, 2, 3))
    add(about, Scalar("x[0, 1]² + x[1, 0]", "x[0, 1] ** 2 + x[1, 0]", (2, 3)), normals(rng, 2, 3))
    about = "the eps that is given"
    add(about, Scalar("x[0]³", "x[0] ** 3"), np.array([2.0]), 0.5)
    add(about, cubes(rng, 3), whole_numbers(rng, 3), 0.5)
    add(about, cubes(rng, 3), np.zeros(3), 1.0)
    add(about, cubes(rng, 2, 2), normals(rng, 2, 2), 0.1)
    add(about, sines(rng, 3), normals(rng, 3), 0.5)
    add(about, Scalar("the sum of exp(x)", "np.exp(x).sum()"), normals(rng, 2), 1.0)
    add(about, Scalar("x[0]² · x[1]²", "x[0] ** 2 * x[1] ** 2"), np.array([2.0, 3.0]), 1.0)
    add(about, squares(rng, 3), whole_numbers(rng, 3), 1e-3)
    add(about, Scalar("the sum of x⁵", "(x**5).sum()"), normals(rng, 3), 0.5)
    about = "the eps of 1e-5 where none is given"
    add(about, Scalar("sin(1000 · x[0])", "np.sin(1000 * x[0])"), rng.integers(1, 9, 1) * np.pi / 1000)
    add(about, Scalar("sin(1000 · x[0]) + x[1]", "np.sin(1000 * x[0]) + x[1]"), np.zeros(2))
    about = "functions that look at the type and the shape of x, and keep it"
    add(about, Scalar("x[0]² + 3·x[2]", "x[0] ** 2 + 3 * x[2]", (3,)), normals(rng, 3))
    add(about, Scalar("the sum of x², in a row of one", "np.sum(x * x)", (1, 3)), normals(rng, 1, 3))
    add(about, Scalar("2·x[0] as an array without axes", "np.array(2 * x[0])", (2,)), whole_numbers(rng, 2))
    add(about, Scalar("x[1, 0, 1]²", "x[1, 0, 1] ** 2", (2, 2, 2)), whole_numbers(rng, 2, 2, 2))
    about = "float32 and views"
    add(about, squares(rng, 2, 3), every_other(whole_numbers(rng, 2, 3)))
    add(about, sines(rng, 3, 2), normals(rng, 2, 3).T)
    add(about, coupled(rng, 4), every_other(normals(rng, 4)))
    add(about, sines(rng, 3, 2), backwards(normals(rng, 3, 2)))
    add(about, sines(rng, 2, 3, 2), normals(rng, 2, 2, 3).swapaxes(1, 2))
    slopes = rng.permutation([1.5, -2.0, 3.0])
    sloping = Scalar("the sum of slopes · x", "np.sum(slopes * x)", slopes=slopes)
    add(about, sloping, (np.arange(-1, 2) / 4).astype("f4"), 0.5)
    says = (
        "where x holds integers, your steps are cut off: an array of integers cannot hold 3.00001. This costs nothing, "
        "since x is an array of floats; a copy by `astype(float)` would take both."
    )
    cases.append(Case("integers", (squares(rng, 3), whole_numbers(rng, 3).astype(int)), advice=says))
    return cases


# -- what to show of a case ------------------------------------------------------------------------------------------


def settings(kernel_size, stride=1, padding=0):
    return both(kernel_size), both(stride), both(padding)


def called_with(kernel_size, stride=1, padding=0) -> str:
    sizes = zip(("Kernel", "stride", "padding"), settings(kernel_size, stride, padding), strict=True)
    return ", ".join(f"{name} {rows} × {columns}" for name, (rows, columns) in sizes) + "."


def visible(start, length, size) -> slice:
    """The part of a window that lies on the image."""
    return slice(max(start, 0), max(min(start + length, size), 0))


def a_sum(pairs) -> str:
    shown = [f"{in_a_sum(x)}·{in_a_sum(w)}" for x, w in pairs]
    return " + ".join(shown if len(shown) <= 9 else [*shown[:8], "…"])


def added_up(values) -> str:
    if len(values) == 1:
        return number(values[0])
    shown = " + ".join(map(in_a_sum, values[:9])) + (" + …" if len(values) > 9 else "")
    return f"{shown} = {number(np.sum(values))}"


def explain_im2col(args, index):
    images, *how = args
    (kh, kw), (sh, sw), (ph, pw) = settings(*how)
    n, i, j = (int(k) for k in np.unravel_index(index[0], (len(images), *places(images.shape, *settings(*how)))))
    a, b, c = (int(k) for k in np.unravel_index(index[1], (kh, kw, images.shape[3])))
    top, left = i * sh - ph, j * sw - pw
    y, x = top + a, left + b
    inside = 0 <= y < images.shape[1] and 0 <= x < images.shape[2]
    there = f"images[{n}, {y}, {x}, {c}] = {number(images[n, y, x, c])}" if inside else "padding, which is 0"
    window = (visible(top, kh, images.shape[1]), visible(left, kw, images.shape[2]))
    return [Panel(f"images[{n}, :, :, {c}]", images[n, :, :, c], window)], (
        f"{called_with(*how)} Row {index[0]} is the window of output pixel [{i}, {j}] in image {n}. Its column "
        f"{index[1]} belongs to the kernel's entry [{a}, {b}] and channel {c}: there lies {there}."
    )


def explain_col2im(args, index):
    columns, shape, *how = args
    size, (_, kw) = places(shape, *settings(*how)), both(how[0])
    n, y, x, c = index
    met = []
    for i, j, a, b, row, column in meetings(shape, *settings(*how)):
        if (row, column) == (y, x):
            met.append(((n * size[0] + i) * size[1] + j, (a * kw + b) * shape[3] + c))
    start = (slice(met[0][0], met[0][0] + 1), slice(met[0][1], met[0][1] + 1)) if met and max(met[0]) < 10 else None
    total = (
        " + ".join(f"columns[{r}, {k}]" for r, k in met)
        + " = "
        + " + ".join(in_a_sum(columns[place]) for place in met)
        + f" = {number(sum(columns[place] for place in met))}"
        if len(met) > 1
        else f"columns[{met[0][0]}, {met[0][1]}] = {number(columns[met[0]])}"
        if met
        else "nothing, so 0"
    )
    panel = Panel(f"columns {columns.shape[0]} × {columns.shape[1]}", np.asarray(columns)[:10, :12], start)
    says = f"{called_with(*how)} Pixel [{n}, {y}, {x}, {c}] lies in {len(met)} window{'s' * (len(met) != 1)}: {total}."
    return [panel], says


def explain_layer_backward(args, index, part=0):
    grad, images, kernels, *how = args
    how = (kernels.shape[:2], *how)
    met = list(meetings(images.shape, *settings(*how)))
    if part == 0:
        n, y, x, c = index
        pairs = [
            (grad[n, i, j, f], kernels[a, b, c, f])
            for i, j, a, b, row, column in met
            if (row, column) == (y, x)
            for f in range(kernels.shape[3])
        ]
        panels = [Panel(f"grad[{n}, :, :, 0]", grad[n, :, :, 0]), Panel(f"kernels[:, :, {c}, 0]", kernels[:, :, c, 0])]
        what = f"images[{n}, {y}, {x}, {c}] gets back the gradient of every output it was part of, times the weight"
    elif part == 1:
        a, b, c, f = index
        pairs = [
            (images[n, y, x, c], grad[n, i, j, f])
            for n in range(len(images))
            for i, j, row, column, y, x in met
            if (row, column) == (a, b)
        ]
        panels = [Panel(f"images[0, :, :, {c}]", images[0, :, :, c]), Panel(f"grad[0, :, :, {f}]", grad[0, :, :, f])]
        what = f"kernels[{a}, {b}, {c}, {f}] met a pixel for every output: pixel times gradient"
    else:
        (f,) = index
        values = grad[..., f].ravel()
        panels = [Panel(f"grad[0, :, :, {f}]", grad[0, :, :, f])]
        return panels, f"bias[{f}] was added to every output of filter {f}: {added_up(values)}."
    total = number(sum(float(one) * float(other) for one, other in pairs))
    return panels, f"{called_with(*how)} {what}, summed: {f'{a_sum(pairs)} = {total}' if pairs else 'none, so 0'}."


def explain_relu(args, index):
    (x,) = args
    here = ", ".join(map(str, index))
    says = f"x[{here}] is {number_of(x[index])}, and max(x, 0) is {number_of(max(x[index], 0))}."
    return [last_plane("x", x, index)], says


def explain_relu_backward(args, index):
    grad, x = args
    here, above = ", ".join(map(str, index)), x[index] > 0
    passes = "above 0, so the gradient passes" if above else "not above 0, so nothing passes"
    says = f"x[{here}] is {number_of(x[index])}: {passes}. The entry is {number_of(grad[index] if above else 0)}."
    return [last_plane("grad", grad, index), last_plane("x", x, index)], says


def number_of(value) -> str:
    """A number in four digits, however small."""
    return f"{float(value) + 0.0:.4g}".replace("-", "−")


def last_plane(title, array, index):
    """The rows and columns in which an entry stands: an array's last two axes."""
    if array.ndim > 2:
        title = f"{title}[{', '.join(map(str, index[:-2]))}]"
    index, array = (0, *index)[-2:], np.atleast_2d(array[index[:-2]])
    return Panel(title, array, (slice(index[0], index[0] + 1), slice(index[1], index[1] + 1)))


def explain_affine(args, index):
    x, w, b = args
    n, m = index
    row, column = (slice(n, n + 1), slice(0, x.shape[1])), (slice(0, len(w)), slice(m, m + 1))
    panels = [Panel("x", x, row), Panel("w", w, column), Panel("b", np.atleast_2d(b), (slice(0, 1), slice(m, m + 1)))]
    return panels, (
        f"Entry [{n}, {m}] is row {n} of x times column {m} of w, and b[{m}]: {products(x[n], w[:, m])} + "
        f"{in_a_sum(b[m])} = {number(x[n].astype(float) @ w[:, m] + b[m])}."
    )


def explain_affine_backward(args, index, part=0):
    grad, x, w = (np.asarray(array, float) for array in args)
    if part == 0:
        n, d = index
        says = f"x[{n}, {d}] reached every output m through w[{d}, m]: {products(grad[n], w[d])} = "
        return [Panel("grad", grad, (slice(n, n + 1), slice(0, 99))), Panel("w", w, (slice(d, d + 1), slice(0, 99)))], (
            f"{says}{number(grad[n] @ w[d])}."
        )
    if part == 1:
        d, m = index
        says = f"w[{d}, {m}] met x[n, {d}] in every sample n: {products(x[:, d], grad[:, m])} = "
        return [Panel("x", x, (slice(0, 99), slice(d, d + 1))), Panel("grad", grad, (slice(0, 99), slice(m, m + 1)))], (
            f"{says}{number(x[:, d] @ grad[:, m])}."
        )
    (m,) = index
    says = f"b[{m}] was added to output {m} of every sample: {added_up(grad[:, m])}."
    return [Panel("grad", grad, (slice(0, 99), slice(m, m + 1)))], says


def explain_cross_entropy(args, index, part=0):
    logits, labels = np.asarray(args[0], float), args[1]
    panels = [Panel("logits", logits), Panel("labels", np.reshape(labels, (-1, 1)))]
    if part == 0 or not index:
        losses = [cross_entropy(logits[n : n + 1], labels[n : n + 1])[0] for n in range(len(logits))]
        each = " + ".join(number_of(loss) for loss in losses)
        mean = f"({each}) / {len(losses)} = {number_of(np.mean(losses))}" if len(losses) > 1 else each
        return panels, f"A sample's loss is −log of the probability of its label. The mean is {mean}."
    n, k = index
    probability = np.exp(logits[n, k] - logits[n].max()) / np.exp(logits[n] - logits[n].max()).sum()
    hot = int(labels[n] == k)
    return panels, (
        f"Sample {n} gives class {k} the probability {number_of(probability)}, and its label is {labels[n]}: "
        f"({number_of(probability)} − {hot}) / {len(logits)} = {number_of((probability - hot) / len(logits))}."
    )


def explain_numerical_gradient(args, index):
    f, x, *eps = args
    eps = eps[0] if eps else 1e-5
    above, below = np.array(x, float), np.array(x, float)
    above[index] += eps
    below[index] -= eps
    up, down = float(f(above)), float(f(below))
    here = f"x[{', '.join(map(str, index))}]" if index else "x"
    panels = [last_plane("x", np.asarray(x, float), index)] if index else []
    digits = (lambda value: f"{value:.10g}".replace("-", "−")) if eps < 0.01 else number_of
    return panels, (
        f"f is {f.words}, eps is {eps:g}. With {here} = {number_of(x[index])} moved up f is {digits(up)}, moved down "
        f"{digits(down)}. Their difference over 2·eps is {number_of((up - down) / (2 * eps))}."
    )


# -- the ways people get windows wrong -------------------------------------------------------------------------------


def with_settings(function, change, position):
    """``function`` with kernel size, stride and padding changed; they are its arguments from ``position`` on."""

    def wrong(*args):
        return function(*args[:position], *change(*settings(*args[position:])))

    return wrong


def square_of(k):
    return lambda pair: (pair[k], pair[k])


def swapped(pair):
    return pair[::-1]


def windows_in(order, rows=3):
    """The windows' axes in another order, written out as rows and columns as if they lay in the right one."""
    return lambda *args: flattened(windows_of(*args).transpose(order))


def positions(start, offset=lambda padding: padding):
    """Windows that begin at ``start(i, stride)``, as many as there should be; what lies outside the image is 0."""

    def wrong(images, kernel_size, stride=1, padding=0):
        images = np.asarray(images, float)
        (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
        size = places(images.shape, kernel_size, stride, padding)
        out = np.zeros((len(images), *size, kh, kw, images.shape[3]))
        for i, j, a, b in np.ndindex(*size, kh, kw):
            y, x = start(i, sh, kh) + a - offset(ph), start(j, sw, kw) + b - offset(pw)
            if 0 <= y < images.shape[1] and 0 <= x < images.shape[2]:
                out[:, i, j, a, b] = images[:, y, x]
        return flattened(out)

    return wrong


def zeros_around(images, padding, sides):
    (ph, pw), images = both(padding), np.asarray(images, float)
    around = {"after": ((0, 2 * ph), (0, 2 * pw)), "before": ((2 * ph, 0), (2 * pw, 0)), "once": ((0, ph), (0, pw))}
    return np.pad(images, ((0, 0), *around[sides], (0, 0)))


def padded_otherwise(sides):
    return lambda images, kernel_size, stride=1, padding=0: columns_of(
        zeros_around(images, padding, sides), kernel_size, stride
    )


def border_repeated(images, kernel_size, stride=1, padding=0):
    ph, pw = both(padding)
    images = np.pad(np.asarray(images, float), ((0, 0), (ph, ph), (pw, pw), (0, 0)), mode="edge")
    return columns_of(images, kernel_size, stride)


def padded_on_every_axis(images, kernel_size, stride=1, padding=0):
    ph, pw = both(padding)
    images = np.pad(np.asarray(images, float), ((ph, ph), (ph, ph), (pw, pw), (pw, pw)))
    return columns_of(images, kernel_size, stride)


def of_columns(change):
    """A change of the right columns, given the windows' axes (N, oh, ow, kh, kw, C)."""
    return lambda *args: change(windows_of(*args))


def one_more_where_it_does_not_divide(images, kernel_size, stride=1, padding=0):
    images = np.asarray(images, float)
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    _, height, width, _ = images.shape
    more = ((-(height + 2 * ph - kh)) % sh, (-(width + 2 * pw - kw)) % sw)
    images = np.pad(images, ((0, 0), (ph, ph + more[0]), (pw, pw + more[1]), (0, 0)))
    return columns_of(images, kernel_size, stride)


def without_last(windows):
    return flattened(windows[:, :-1, :-1])


def all_of_one(take):
    """Only one image, or one channel, copied to the place of all."""

    def change(windows):
        return flattened(np.broadcast_to(windows[take], windows.shape))

    return of_columns(change)


def by_reshaping_alone(windows):
    kh_kw_c_first = windows.transpose(3, 4, 5, 0, 1, 2)
    return kh_kw_c_first.reshape(flattened(windows).shape)


STRIDE_ROWS = "the stride's rows are used for both directions. A pair is (rows, columns): each has its own."
STRIDE_COLUMNS = "the stride's columns are used for both directions. A pair is (rows, columns): each has its own."

IM2COL_MISCONCEPTIONS = misconceptions(
    (
        "channels before the kernel's rows and columns",
        windows_in((0, 1, 2, 5, 3, 4)),
        "Each row lists channel after channel. Here the kernels are (kh, kw, C, F), so within a row the channel runs "
        "fastest: all channels of a pixel stand side by side.",
    ),
    (
        "rows and columns of the matrix exchanged",
        of_columns(lambda windows: flattened(windows).T),
        "Your windows stand upright, one in each column. Here every window is a row, so that the kernels can be "
        "multiplied from the right.",
    ),
    (
        "stride ignored",
        with_settings(columns_of, lambda k, s, p: (k, 1, p), 1),
        "Your windows move by one pixel whatever the stride is.",
    ),
    (
        "padding ignored",
        with_settings(columns_of, lambda k, s, p: (k, s, 0), 1),
        "No zeros are put around the images: the windows that begin outside of them are missing.",
    ),
    (
        "windows begin at i instead of i · stride",
        positions(lambda i, s, f: i),
        "There are as many windows as the stride says, and they begin side by side. Window i begins at pixel "
        "i · stride.",
    ),
    (
        "windows begin at i · kernel size",
        positions(lambda i, s, f: i * f),
        "Your windows follow one another without overlapping. Window i begins at i · stride, however large it is.",
    ),
    (
        "one stride for both directions (rows)",
        with_settings(columns_of, lambda k, s, p: (k, square_of(0)(s), p), 1),
        f"Of a pair {STRIDE_ROWS}",
    ),
    (
        "one stride for both directions (columns)",
        with_settings(columns_of, lambda k, s, p: (k, square_of(1)(s), p), 1),
        f"Of a pair {STRIDE_COLUMNS}",
    ),
    (
        "strides exchanged",
        with_settings(columns_of, lambda k, s, p: (k, swapped(s), p), 1),
        "The two strides are exchanged. A pair is (rows, columns): the first is the step from top to bottom.",
    ),
    (
        "one padding for both directions (rows)",
        with_settings(columns_of, lambda k, s, p: (k, s, square_of(0)(p)), 1),
        "Of a pair the padding of the rows is used for both directions. A pair is (rows, columns).",
    ),
    (
        "one padding for both directions (columns)",
        with_settings(columns_of, lambda k, s, p: (k, s, square_of(1)(p)), 1),
        "Of a pair the padding of the columns is used for both directions. A pair is (rows, columns).",
    ),
    (
        "paddings exchanged",
        with_settings(columns_of, lambda k, s, p: (k, s, swapped(p)), 1),
        "The two paddings are exchanged. A pair is (rows, columns): the first is above and below.",
    ),
    (
        "kernel's height used for its width",
        with_settings(columns_of, lambda k, s, p: (square_of(0)(k), s, p), 1),
        "The kernel is taken to be square, as wide as it is high. A pair is (rows, columns).",
    ),
    (
        "kernel's width used for its height",
        with_settings(columns_of, lambda k, s, p: (square_of(1)(k), s, p), 1),
        "The kernel is taken to be square, as high as it is wide. A pair is (rows, columns).",
    ),
    (
        "kernel's height and width exchanged",
        with_settings(columns_of, lambda k, s, p: (swapped(k), s, p), 1),
        "The kernel's two sizes are exchanged. A pair is (rows, columns).",
    ),
    (
        "windows read column by column",
        windows_in((0, 1, 2, 4, 3, 5)),
        "Within a row of your matrix the window's pixels come column by column. They come as the kernel's entries do: "
        "one row of the window after the other.",
    ),
    (
        "windows taken from top to bottom first",
        windows_in((0, 2, 1, 3, 4, 5)),
        "Your windows follow one another down the image. They come in the order of the output's pixels: first along a "
        "row, then the next row.",
    ),
    (
        "images change fastest from row to row",
        windows_in((1, 2, 0, 3, 4, 5)),
        "The same window of all images comes first, then the next window. All windows of the first image come "
        "before those of the second.",
    ),
    (
        "reshaped without a transposition",
        of_columns(by_reshaping_alone),
        "The shape is right and the numbers are shuffled: `reshape` reads an array in the order of its axes and never "
        "reorders them. Bring the axes into the order (N, oh, ow, kh, kw, C) by `transpose` first.",
    ),
    (
        "last window of each direction missing",
        of_columns(without_last),
        "The last window in each direction is missing. There are (n + 2p − f) // s + 1 of them, and the + 1 counts the "
        "one that begins at 0.",
    ),
    (
        "a window more where the stride does not divide",
        one_more_where_it_does_not_divide,
        "Where the stride does not divide, you add a window that hangs over the edge. Only whole windows count: the "
        "division is rounded down.",
    ),
    (
        "all zeros after the image",
        padded_otherwise("after"),
        "All zeros stand below and to the right of the image. Padding p puts p on every side.",
    ),
    (
        "zeros on one side only",
        padded_otherwise("once"),
        "Zeros are put below and to the right only. Padding p puts p on every side: 2p in each direction.",
    ),
    (
        "zeros around batch and channels too",
        padded_on_every_axis,
        "Zeros are put around every axis, so there are more images and more channels than before. `np.pad` with a "
        "single number does that: name a pair for each of the four axes, (0, 0) for batch and channels.",
    ),
    (
        "border repeated instead of zeros",
        border_repeated,
        "Around the image you repeat its border. Padding is zeros here.",
    ),
    (
        "kernel flipped",
        of_columns(lambda windows: flattened(windows[:, :, :, ::-1, ::-1])),
        "Each window is written backwards. A layer does not turn its kernel: the first entry of a row is the window's "
        "upper left pixel.",
    ),
    (
        "only the first image",
        of_columns(lambda windows: flattened(windows[:1])),
        "Only the windows of the first image are there. Those of the others follow below.",
    ),
    (
        "first image used for all",
        all_of_one(np.s_[:1]),
        "Every image of the batch gets the windows of the first one.",
    ),
    (
        "only the first channel",
        of_columns(lambda windows: flattened(windows[..., :1])),
        "Only the first channel is there. A row has kh · kw · C numbers: all channels of all pixels of its window.",
    ),
    (
        "channels added up",
        of_columns(lambda windows: flattened(windows.sum(-1, keepdims=True))),
        "The channels are added up already. That is what the product with the kernels does, with a weight for each; "
        "here every number is kept.",
    ),
    (
        "a matrix for each image",
        of_columns(lambda windows: windows.reshape(len(windows), windows.shape[1] * windows.shape[2], -1)),
        "Each image has a matrix of its own. One matrix is asked for, in which the images' rows follow one another: "
        "(N·oh·ow, kh·kw·C).",
    ),
    (
        "rows not put below one another",
        of_columns(lambda windows: windows.reshape(*windows.shape[:3], -1)),
        "Your result still has the output's axes. One matrix is asked for, in which all rows stand below one another: "
        "(N·oh·ow, kh·kw·C).",
    ),
    (
        "axes of the windows kept",
        of_columns(lambda windows: windows),
        "Every window is there, with all six axes (N, oh, ow, kh, kw, C). One more `reshape` makes rows and columns of "
        "them.",
    ),
)


def back_by(place, merge=np.add, offset=lambda padding: padding):
    """Every row put back where ``place`` says; where numbers meet, ``merge`` says what is kept."""

    def wrong(columns, image_shape, kernel_size, stride=1, padding=0):
        count, height, width, channels = image_shape
        (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
        size = places(image_shape, kernel_size, stride, padding)
        windows = np.asarray(columns, float).reshape(count, *size, kh, kw, channels)
        out = np.zeros(image_shape)
        for i, j, a, b in np.ndindex(*size, kh, kw):
            y, x = place(i, sh, kh) + a - offset(ph), place(j, sw, kw) + b - offset(pw)
            if 0 <= y < height and 0 <= x < width:
                out[:, y, x] = merge(out[:, y, x], windows[:, i, j, a, b])
        return out

    return wrong


def strided(i, s, f):
    return i * s


def entry_by_entry(columns, image_shape, kernel_size, stride=1, padding=0):
    """Overwriting in the order of the kernel's entries: of the windows that meet, the first in the image wins."""
    size = places(image_shape, kernel_size, stride, padding)
    windows = np.asarray(columns, float).reshape(image_shape[0], *size, *both(kernel_size), image_shape[3])
    out = np.zeros(image_shape)
    for i, j, a, b, y, x in sorted(meetings(image_shape, kernel_size, stride, padding), key=lambda met: met[2:4]):
        out[:, y, x] = windows[:, i, j, a, b]
    return out


def averaged(columns, image_shape, *how):
    met = image_of(np.ones(np.shape(columns)), image_shape, *how)
    return image_of(columns, image_shape, *how) / np.maximum(met, 1)


def rows_in(order):
    """The matrix read as windows whose axes come in another order."""
    inverse = np.argsort(order)

    def wrong(columns, image_shape, kernel_size, stride=1, padding=0):
        sizes = (image_shape[0], *places(image_shape, kernel_size, stride, padding))
        sizes = (*sizes, *both(kernel_size), image_shape[3])
        windows = np.asarray(columns, float).reshape([sizes[k] for k in order]).transpose(inverse)
        return image_of(flattened(windows), image_shape, kernel_size, stride, padding)

    return wrong


def cut_differently(cut):
    """The padded image, of which ``cut(padded, image_shape, padding)`` is returned."""

    def wrong(columns, image_shape, kernel_size, stride=1, padding=0):
        (ph, pw), (count, height, width, channels) = both(padding), image_shape
        padded = image_of(columns, (count, height + 2 * ph, width + 2 * pw, channels), kernel_size, stride)
        return cut(padded, image_shape, (ph, pw))

    return wrong


def between(padded, shape, padding):
    ph, pw = padding
    return padded[:, ph:-ph, pw:-pw]


def on_small_canvas(columns, image_shape, kernel_size, stride=1, padding=0):
    """As large as the windows reach, not as the image is."""
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    oh, ow = places(image_shape, kernel_size, stride, padding)
    out = image_of(columns, image_shape, kernel_size, stride, padding)
    return out[:, : (oh - 1) * sh + kh - ph, : (ow - 1) * sw + kw - pw]


def whole_windows_only(columns, image_shape, kernel_size, stride=1, padding=0):
    """Windows that reach into the padding are left out."""
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = image_shape
    size = places(image_shape, kernel_size, stride, padding)
    windows = np.array(columns, dtype=float).reshape(count, *size, kh, kw, channels)
    for i, j in np.ndindex(size):
        if not (0 <= i * sh - ph <= height - kh and 0 <= j * sw - pw <= width - kw):
            windows[:, i, j] = 0
    return image_of(flattened(windows), image_shape, kernel_size, stride, padding)


def of_image(change):
    return lambda *args: change(image_of(*args))


COL2IM_MISCONCEPTIONS = misconceptions(
    (
        "overlaps overwritten",
        back_by(strided, merge=lambda old, new: new),
        "Where windows overlap, the last one wins and the others are lost. Every window that a pixel was part of adds "
        "to it: `+=`, into an array of zeros.",
    ),
    (
        "overlaps overwritten, entry by entry",
        entry_by_entry,
        "Where windows overlap, one number is kept and the others are lost. A pixel sums what comes back from all of "
        "its windows: `+=`, into an array of zeros.",
    ),
    (
        "overlaps averaged",
        averaged,
        "Where windows overlap you take the mean. That would undo `im2col`; what is asked for is its adjoint, in which "
        "overlaps add up, as gradients do.",
    ),
    (
        "largest kept where windows overlap",
        back_by(strided, merge=lambda old, new: np.where(np.abs(new) > np.abs(old), new, old)),
        "Where windows overlap the largest number is kept. They add up.",
    ),
    (
        "padding left on",
        cut_differently(lambda padded, shape, padding: padded),
        "The image comes back with its padding still around it. Cut that off: the result has the shape `image_shape`.",
    ),
    (
        "padding not cut off above and to the left",
        back_by(strided, offset=lambda padding: 0),
        "Your image begins where its padding began: it has the right size and lies shifted. With padding the first "
        "window begins outside of the image, at [−padding, −padding].",
    ),
    (
        "nothing left when the padding is 0",
        cut_differently(between),
        "`[p:-p]` is empty when p is 0, for −0 is 0. Write where the image ends: `[p : p + height]`.",
    ),
    (
        "stride ignored",
        back_by(lambda i, s, f: i),
        "The windows are put back side by side, one pixel further each. Window i began at i · stride.",
    ),
    (
        "windows put back without overlap",
        back_by(lambda i, s, f: i * f),
        "The windows are laid out like tiles. Window i began at i · stride, and with a stride below the kernel's size "
        "they overlap.",
    ),
    (
        "strides exchanged",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, swapped(both(s))),
        "The two strides are exchanged. A pair is (rows, columns): the first is the step from top to bottom.",
    ),
    (
        "one stride for both directions (rows)",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, square_of(0)(both(s))),
        f"Of a pair {STRIDE_ROWS}",
    ),
    (
        "one stride for both directions (columns)",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, square_of(1)(both(s))),
        f"Of a pair {STRIDE_COLUMNS}",
    ),
    (
        "paddings exchanged",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, both(s), swapped(both(p))),
        "The two paddings are exchanged. A pair is (rows, columns): the first is above and below.",
    ),
    (
        "one padding for both directions (rows)",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, both(s), square_of(0)(both(p))),
        "Of a pair the padding of the rows is used for both directions. A pair is (rows, columns).",
    ),
    (
        "one padding for both directions (columns)",
        lambda columns, shape, k, s=1, p=0: at_strides(columns, shape, k, s, p, both(s), square_of(1)(both(p))),
        "Of a pair the padding of the columns is used for both directions. A pair is (rows, columns).",
    ),
    (
        "as large as the windows reach",
        on_small_canvas,
        "Rows and columns that no window reaches are missing. The result has the shape `image_shape`, and what no "
        "window has seen is 0.",
    ),
    (
        "windows at the border left out",
        whole_windows_only,
        "Windows that reach into the padding are left out altogether. The part of them that lies on the image counts.",
    ),
    (
        "channels before the kernel's rows and columns",
        rows_in((0, 1, 2, 5, 3, 4)),
        "Each row is read channel by channel. In `im2col`'s rows the channel runs fastest: (kh, kw, C).",
    ),
    (
        "windows read column by column",
        rows_in((0, 1, 2, 4, 3, 5)),
        "Each row is read as if the window's pixels came column by column. They come one row of the window after the "
        "other: (kh, kw, C).",
    ),
    (
        "windows taken from top to bottom first",
        rows_in((0, 2, 1, 3, 4, 5)),
        "The windows are put back down the image first. They come in the order of the output's pixels: along a row, "
        "then the next row.",
    ),
    (
        "images change fastest from row to row",
        rows_in((1, 2, 0, 3, 4, 5)),
        "The rows are dealt out to the images in turn. All windows of the first image come before those of the second.",
    ),
    (
        "reshaped without a transposition",
        rows_in((3, 4, 5, 0, 1, 2)),
        "The columns are reshaped to axes in another order than they have: `reshape` reads on and never reorders. The "
        "matrix is (N, oh, ow) by (kh, kw, C); transpose after that if you like.",
    ),
    (
        "kernel flipped",
        lambda columns, *args: image_of(flipped_windows(columns, *args), *args),
        "Each row is put back turned by 180°. Its first entry belongs to the window's upper left pixel.",
    ),
    (
        "first image used for all",
        of_image(lambda out: np.repeat(out[:1], len(out), axis=0)),
        "Every image of the batch gets what belongs to the first.",
    ),
    (
        "only the first image written",
        of_image(lambda out: np.concatenate([out[:1], np.zeros_like(out[1:])])),
        "Only the first image is filled, the others are 0.",
    ),
    (
        "images added up",
        of_image(lambda out: np.repeat(out.sum(axis=0, keepdims=True), len(out), axis=0)),
        "All images of the batch are added up. Each has windows of its own.",
    ),
    (
        "channels added up",
        of_image(lambda out: np.repeat(out.sum(axis=3, keepdims=True), out.shape[3], axis=3)),
        "The channels are added up. Each keeps its own numbers.",
    ),
    (
        "fractions cut off",
        of_image(np.trunc),
        "Your result holds whole numbers: what comes after the point is lost. Let the array hold floats.",
    ),
    (
        "rows and columns of the image exchanged",
        of_image(lambda out: out.swapaxes(1, 2)),
        "Rows and columns of your images are exchanged. `image_shape` is (N, rows, columns, C).",
    ),
    (
        "axes of size 1 lost",
        of_image(np.squeeze),
        "Axes of size 1 are gone: `np.squeeze` does that. The result has the shape `image_shape`, always four axes.",
    ),
)


def at_strides(columns, image_shape, kernel_size, stride, padding, step, offset=None):
    """As many windows as there are, put back with other steps, or from another beginning."""
    (kh, kw), (ph, pw) = both(kernel_size), offset or both(padding)
    size = places(image_shape, kernel_size, stride, padding)
    windows = np.asarray(columns, float).reshape(image_shape[0], *size, kh, kw, image_shape[3])
    out = np.zeros(image_shape)
    for i, j, a, b, y, x in meetings(image_shape, kernel_size, step, (ph, pw), size):
        out[:, y, x] += windows[:, i, j, a, b]
    return out


def flipped_windows(columns, image_shape, kernel_size, stride=1, padding=0):
    size = places(image_shape, kernel_size, stride, padding)
    windows = np.asarray(columns, float).reshape(image_shape[0], *size, *both(kernel_size), image_shape[3])
    return flattened(windows[:, :, :, ::-1, ::-1])


# -- the ways people get a layer's gradients wrong -------------------------------------------------------------------


def of_gradients(d_images=None, d_kernels=None, d_bias=None):
    """The right gradients, but for those that are made from (grad, images, kernels, stride, padding, right one)."""

    def wrong(grad, images, kernels, stride=1, padding=0):
        args = (*(np.asarray(array, float) for array in (grad, images, kernels)), both(stride), both(padding))
        right = layer_backward(grad, images, kernels, stride, padding)
        return tuple(
            one if make is None else make(*args, one)
            for one, make in zip(right, (d_images, d_kernels, d_bias), strict=True)
        )

    return wrong


def moved_back(step=None, offset=None, turn=False, merge=np.add):
    """The images' gradient with other steps, another beginning, turned kernels, or without adding up."""

    def make(grad, images, kernels, stride, padding, right):
        if turn:
            kernels = kernels[::-1, ::-1]
        out = np.zeros(images.shape)
        met = meetings(
            images.shape,
            kernels.shape[:2],
            step(stride) if step else stride,
            offset(padding) if offset else padding,
            grad.shape[1:3],
        )
        for i, j, a, b, y, x in met:
            out[:, y, x] = merge(out[:, y, x], grad[:, i, j] @ kernels[a, b].T)
        return out

    return make


def met_again(step=None, offset=None):
    """The kernels' gradient with other steps, or another beginning."""

    def make(grad, images, kernels, stride, padding, right):
        out = np.zeros(kernels.shape)
        met = meetings(
            images.shape,
            kernels.shape[:2],
            step(stride) if step else stride,
            offset(padding) if offset else padding,
            grad.shape[1:3],
        )
        for i, j, a, b, y, x in met:
            out[a, b] += images[:, y, x].T @ grad[:, i, j]
        return out

    return make


def with_padding_on(grad, images, kernels, stride, padding, right):
    (ph, pw), (count, height, width, channels) = padding, images.shape
    padded = np.zeros((count, height + 2 * ph, width + 2 * pw, channels))
    return layer_backward(grad, padded, kernels, stride)[0]


def by_filters_and_channels_exchanged(grad, images, kernels, stride, padding, right):
    """The kernels' last two axes as they are, where they should meet the other way round."""
    return layer_backward(grad, images, kernels.swapaxes(2, 3), stride, padding)[0]


def cut_of(which, dtype_of):
    """A gradient in an array made by ``zeros_like`` of something that may hold integers."""

    def wrong(grad, images, kernels, stride=1, padding=0):
        right = list(layer_backward(grad, images, kernels, stride, padding))
        dtype = np.asarray((grad, images, kernels)[dtype_of]).dtype
        right[which] = right[which].astype(dtype)
        return tuple(right)

    return wrong


def unit_gradient(grad, images, kernels, stride=1, padding=0):
    return layer_backward(np.ones(np.shape(grad)), images, kernels, stride, padding)


def right_times(factor):
    """All gradients times a factor made from the gradient's shape."""

    def wrong(grad, images, kernels, stride=1, padding=0):
        parts = layer_backward(grad, images, kernels, stride, padding)
        return tuple(part * factor(np.shape(grad)) for part in parts)

    return wrong


def in_order(*order, of):
    return lambda *args: tuple(of(*args)[k] for k in order)


def both_gradients(step=None, offset=None):
    return of_gradients(moved_back(step, offset), met_again(step, offset))


LAYER_BACKWARD_MISCONCEPTIONS = misconceptions(
    (
        "kernel not turned on the way back",
        of_gradients(moved_back(turn=True)),
        "`d_images` meets the kernel the wrong way round. An entry that looked at the pixel to its right sends its "
        "gradient back to the right: when the way back is written as a correlation, the kernel is turned by 180°; "
        "when it is written as `col2im`, it is not.",
    ),
    (
        "overlaps overwritten in d_images",
        of_gradients(moved_back(merge=lambda old, new: new)),
        "In `d_images` the last window wins where windows overlap. A pixel that took part in several outputs gets the "
        "sum of what comes back: `+=`.",
    ),
    (
        "d_bias averaged",
        of_gradients(d_bias=lambda g, x, k, s, p, right: g.mean(axis=(0, 1, 2))),
        "`d_bias` is a mean over all pixels and images. The bias was added to each output, so their gradients are "
        "summed.",
    ),
    (
        "d_bias summed over the batch only",
        of_gradients(d_bias=lambda g, x, k, s, p, right: g.sum(axis=0)),
        "`d_bias` is summed over the images only and keeps the pixels. One number for each filter is asked for: the "
        "bias was added at every pixel.",
    ),
    (
        "d_bias summed over the pixels only",
        of_gradients(d_bias=lambda g, x, k, s, p, right: g.sum(axis=(1, 2))),
        "`d_bias` is summed over rows and columns and keeps the images. The same bias served all of them: sum over the "
        "batch too.",
    ),
    (
        "d_bias of the first image",
        of_gradients(d_bias=lambda g, x, k, s, p, right: g[0].sum(axis=(0, 1))),
        "`d_bias` looks at the first image only. The same bias served all of the batch.",
    ),
    (
        "d_bias averaged over the batch",
        of_gradients(d_bias=lambda g, x, k, s, p, right: right / len(g)),
        "`d_bias` is divided by the number of images. Where the loss is a mean, that division has been made already, "
        "in `grad`.",
    ),
    (
        "d_bias averaged over the pixels",
        of_gradients(d_bias=lambda g, x, k, s, p, right: right / (g.shape[1] * g.shape[2])),
        "`d_bias` is divided by the number of pixels. The bias was added to every one of them, so their gradients are "
        "summed.",
    ),
    (
        "one d_bias for all filters",
        of_gradients(d_bias=lambda g, x, k, s, p, right: g.sum()),
        "`d_bias` is one number. Each filter has a bias of its own, and so a gradient of its own: leave the last axis.",
    ),
    (
        "d_bias with axes of size 1",
        of_gradients(d_bias=lambda g, x, k, s, p, right: right.reshape(1, 1, 1, -1)),
        "`d_bias` keeps three axes of size 1. It has the bias's shape, (F,).",
    ),
    (
        "d_bias left at 0",
        of_gradients(d_bias=lambda g, x, k, s, p, right: np.zeros_like(right)),
        "`d_bias` is 0: nothing was written into it.",
    ),
    (
        "d_bias counts the outputs",
        of_gradients(d_bias=lambda g, x, k, s, p, right: np.full_like(right, g[..., 0].size)),
        "`d_bias` counts outputs. Each of them passes its own number of `grad` to the bias, not 1.",
    ),
    (
        "d_kernels averaged over the batch",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right / len(g)),
        "`d_kernels` is divided by the number of images. Where the loss is a mean, that division has been made "
        "already, in `grad`.",
    ),
    (
        "d_kernels averaged over the pixels",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right / (g.shape[1] * g.shape[2])),
        "`d_kernels` is divided by the number of places. A weight serves them all, and their gradients are summed.",
    ),
    (
        "d_kernels of the first image",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: layer_backward(g[:1], x[:1], k, s, p)[1]),
        "`d_kernels` looks at the first image only. The same kernels served all of the batch: their gradients add up.",
    ),
    (
        "d_kernels of the last image",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: layer_backward(g[-1:], x[-1:], k, s, p)[1]),
        "`d_kernels` holds what the last image says. Start it once, before the loop over images, and add with `+=`.",
    ),
    (
        "d_kernels turned",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right[::-1, ::-1]),
        "`d_kernels` is turned by 180°. Turning belongs to the images' gradient; here entry [a, b] meets the pixels "
        "that it met on the way forward.",
    ),
    (
        "d_kernels transposed",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right.swapaxes(2, 3)),
        "`d_kernels` has channels and filters exchanged. It has the kernels' shape, (kh, kw, C, F).",
    ),
    (
        "rows and columns of d_kernels exchanged",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right.swapaxes(0, 1)),
        "`d_kernels` has rows and columns exchanged. Its entry [a, b] belongs to row a of the window, and column b.",
    ),
    (
        "d_kernels as a matrix",
        of_gradients(d_kernels=lambda g, x, k, s, p, right: right.reshape(-1, right.shape[3])),
        "`d_kernels` is still a matrix, kh·kw·C by F. Reshape it to the kernels' shape.",
    ),
    (
        "filters and channels exchanged in d_images",
        of_gradients(by_filters_and_channels_exchanged),
        "On the way back filters and channels change roles: `d_images[..., c]` sums over the filters f, with the "
        "weights kernels[a, b, c, f].",
    ),
    (
        "padding left on d_images",
        of_gradients(with_padding_on),
        "`d_images` still has the padding around it. The zeros were not part of the images, so their gradient is cut "
        "off.",
    ),
    (
        "padding not cut off d_images above and to the left",
        of_gradients(moved_back(offset=lambda padding: (0, 0))),
        "`d_images` begins where the padding began: it has the right size and lies shifted. With padding the first "
        "window begins outside of the image, at [−padding, −padding].",
    ),
    (
        "padding ignored in d_kernels",
        of_gradients(d_kernels=met_again(offset=lambda padding: (0, 0))),
        "`d_kernels` takes the first window to begin at pixel [0, 0]. With padding it begins outside of the image, as "
        "on the way forward.",
    ),
    (
        "padding ignored",
        both_gradients(offset=lambda padding: (0, 0)),
        "Both gradients take the first window to begin at pixel [0, 0]. With padding it begins outside of the image.",
    ),
    (
        "stride ignored in d_images",
        of_gradients(moved_back(step=lambda stride: (1, 1))),
        "`d_images` puts neighbouring outputs back one pixel apart. Output i came from the window that began at i · "
        "stride.",
    ),
    (
        "stride ignored in d_kernels",
        of_gradients(d_kernels=met_again(step=lambda stride: (1, 1))),
        "`d_kernels` pairs output i with the window that begins at i. It began at i · stride.",
    ),
    (
        "stride ignored",
        both_gradients(step=lambda stride: (1, 1)),
        "Both gradients pair output i with the window that begins at i. It began at i · stride.",
    ),
    ("strides exchanged", both_gradients(step=swapped), "The two strides are exchanged. A pair is (rows, columns)."),
    (
        "one stride for both directions (rows)",
        both_gradients(step=square_of(0)),
        f"Of a pair {STRIDE_ROWS}",
    ),
    (
        "one stride for both directions (columns)",
        both_gradients(step=square_of(1)),
        f"Of a pair {STRIDE_COLUMNS}",
    ),
    (
        "paddings exchanged",
        both_gradients(offset=swapped),
        "The two paddings are exchanged. A pair is (rows, columns).",
    ),
    (
        "one padding for both directions",
        both_gradients(offset=square_of(0)),
        "Of a pair the padding of the rows is used for both directions. A pair is (rows, columns).",
    ),
    (
        "order of the results",
        in_order(1, 2, 0, of=layer_backward),
        "The three gradients come in another order. First the images', then the kernels', then the bias's.",
    ),
    (
        "kernels' gradient first",
        in_order(1, 0, 2, of=layer_backward),
        "The first two gradients are exchanged. First the images', then the kernels'.",
    ),
    (
        "grad not used",
        unit_gradient,
        "Your answer is the same for every `grad`: it is taken to be 1 everywhere. Each output's gradient weighs what "
        "comes back from it.",
    ),
    (
        "everything divided by the batch",
        right_times(lambda shape: 1 / shape[0]),
        "All gradients are divided by the number of images. Where the loss is a mean, that division has been made "
        "already, in `grad`.",
    ),
    (
        "all signs the other way round",
        right_times(lambda shape: -1),
        "All signs are the other way round. The minus belongs to the step that descends, not to the gradient.",
    ),
    (
        "d_images cut to whole numbers",
        cut_of(0, 1),
        "Where the images are integers, `d_images` loses its fractions: `np.zeros_like(images)` can hold nothing else "
        "then. Let it hold floats.",
    ),
    (
        "d_kernels cut to whole numbers",
        cut_of(1, 2),
        "Where the kernels are integers, `d_kernels` loses its fractions: `np.zeros_like(kernels)` can hold nothing "
        "else then. Let it hold floats.",
    ),
    (
        "only the first channel of d_images",
        of_gradients(lambda g, x, k, s, p, right: right * (np.arange(x.shape[3]) == 0)),
        "Only the first channel of `d_images` is filled.",
    ),
    (
        "only the first filter in d_images",
        of_gradients(lambda g, x, k, s, p, right: layer_backward(g[..., :1], x, k[..., :1], s, p)[0]),
        "`d_images` hears from the first filter only. Every filter looked at the images, so all their gradients add "
        "up.",
    ),
    (
        "only the last filter in d_images",
        of_gradients(lambda g, x, k, s, p, right: layer_backward(g[..., -1:], x, k[..., -1:], s, p)[0]),
        "`d_images` keeps what the last filter says: in the loop over filters `=` overwrites where `+=` would add.",
    ),
    (
        "first image used for all in d_images",
        of_gradients(lambda g, x, k, s, p, right: np.repeat(right[:1], len(right), axis=0)),
        "Every image of `d_images` holds the first one's gradient.",
    ),
)

# -- the ways people get the rest of a network wrong -----------------------------------------------------------------


def of_floats(make):
    @np.errstate(all="ignore")
    def wrong(*args):
        return make(*(np.asarray(array, float) for array in args))

    return wrong


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


RELU_MISCONCEPTIONS = misconceptions(
    (
        "maximum along an axis",
        of_floats(lambda x: np.max(x, 0)),
        "`np.max(x, 0)` takes the largest number along axis 0. Comparing entry by entry is the work of `np.maximum`.",
    ),
    (
        "absolute value",
        of_floats(np.abs),
        "Negative numbers come out positive. The ReLU makes them 0.",
    ),
    (
        "negative numbers kept",
        of_floats(lambda x: x.copy()),
        "Your result is the input: nothing was cut. What lies below 0 becomes 0.",
    ),
    (
        "the other side cut off",
        of_floats(lambda x: np.minimum(x, 0)),
        "The positive numbers are gone and the negative ones are left. It is the other way round.",
    ),
    (
        "leaky",
        of_floats(lambda x: np.where(x > 0, x, 0.01 * x)),
        "Negative numbers come through at a hundredth. That is the leaky ReLU; the plain one makes them 0.",
    ),
    (
        "leaky, at a tenth",
        of_floats(lambda x: np.where(x > 0, x, 0.1 * x)),
        "Negative numbers come through at a tenth. That is a leaky ReLU; the plain one makes them 0.",
    ),
    (
        "leaky, at a fifth",
        of_floats(lambda x: np.where(x > 0, x, 0.2 * x)),
        "Negative numbers come through at a fifth. That is a leaky ReLU; the plain one makes them 0.",
    ),
    (
        "a step",
        of_floats(lambda x: (x > 0).astype(float)),
        "Positive numbers have become 1. That is the derivative; the ReLU itself leaves them as they are.",
    ),
    (
        "cut off at 1",
        of_floats(lambda x: np.clip(x, 0, 1)),
        "Numbers above 1 are cut off. The ReLU has no upper end.",
    ),
    (
        "cut off at 6",
        of_floats(lambda x: np.clip(x, 0, 6)),
        "Numbers above 6 are cut off. That is ReLU6, of networks for telephones; the ReLU has no upper end.",
    ),
    (
        "cut off at 255",
        of_floats(lambda x: np.clip(x, 0, 255)),
        "Numbers above 255 are cut off. That is the range of a picture; the ReLU has no upper end.",
    ),
    (
        "negative numbers left out",
        of_floats(lambda x: x[x > 0]),
        "Negative numbers are left out, so the result has fewer entries than the input and its shape is lost. They "
        "stay, as 0.",
    ),
    (
        "sigmoid",
        of_floats(lambda x: 1 / (1 + np.exp(-x))),
        "This is the sigmoid, an S between 0 and 1. The ReLU is max(x, 0).",
    ),
    ("tanh", of_floats(np.tanh), "This is tanh, an S between −1 and 1. The ReLU is max(x, 0)."),
    (
        "softplus",
        of_floats(softplus),
        "This is the softplus, a rounded ReLU. The ReLU has a corner at 0: max(x, 0).",
    ),
    (
        "exponential below 0",
        of_floats(lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
        "Below 0 yours follows an exponential curve. That is the ELU; the ReLU is 0 there.",
    ),
    (
        "times the sigmoid",
        of_floats(lambda x: x / (1 + np.exp(-x))),
        "This is x · sigmoid(x), called SiLU or swish. The ReLU is max(x, 0).",
    ),
    (
        "only above 1",
        of_floats(lambda x: np.where(x > 1, x, 0)),
        "Numbers between 0 and 1 have become 0. Everything above 0 stays as it is.",
    ),
    (
        "0 where there is any negative number",
        of_floats(lambda x: x.copy() if (x > 0).all() else np.zeros_like(x)),
        "One negative number makes everything 0. Each entry is decided on its own.",
    ),
    (
        "kept where the sum is positive",
        of_floats(lambda x: x.copy() if x.sum() > 0 else np.zeros_like(x)),
        "The whole array is kept or dropped at once. Each entry is decided on its own.",
    ),
    (
        "fractions cut off",
        of_floats(lambda x: np.trunc(np.maximum(x, 0))),
        "Your result holds whole numbers: what comes after the point is lost.",
    ),
    (
        "halved",
        of_floats(lambda x: np.maximum(x, 0) / 2),
        "Your numbers are half as large as they should be. x and |x| together make 2 · max(x, 0).",
    ),
    (
        "doubled",
        of_floats(lambda x: x + np.abs(x)),
        "Your numbers are twice as large as they should be. x and |x| together make 2 · max(x, 0).",
    ),
    (
        "squared",
        of_floats(lambda x: np.maximum(x, 0) * x),
        "Positive numbers are squared. They stay as they are.",
    ),
    (
        "flattened",
        of_floats(lambda x: np.maximum(x, 0).ravel()),
        "The numbers are right and lie in one long row. The result has the input's shape.",
    ),
)

RELU_BACKWARD_MISCONCEPTIONS = misconceptions(
    (
        "gradient passes at 0",
        of_floats(lambda g, x: g * (x >= 0)),
        "At x = 0 the gradient passes. The curve has a corner there and no slope of its own; by agreement it is 0: the "
        "gradient passes only where x is above 0.",
    ),
    (
        "half the gradient at 0",
        of_floats(lambda g, x: g * np.heaviside(x, 0.5)),
        "At x = 0 half of the gradient passes. By agreement it is 0 there: the gradient passes only where x is above "
        "0.",
    ),
    (
        "decided by grad instead of x",
        of_floats(lambda g, x: g * (g > 0)),
        "You pass on what is positive in `grad`. Whether the gradient passes depends on x, and its own sign does not "
        "matter.",
    ),
    (
        "decided by grad and x",
        of_floats(lambda g, x: g * (g > 0) * (x > 0)),
        "Negative gradients are dropped. Where x is above 0 every gradient passes, of either sign.",
    ),
    (
        "slope instead of gradient",
        of_floats(lambda g, x: (x > 0).astype(float)),
        "This is the ReLU's own slope, 1 or 0. The chain rule multiplies it by what comes from above, `grad`.",
    ),
    (
        "gradient passed everywhere",
        of_floats(lambda g, x: g.copy()),
        "`grad` comes out as it went in. Where x was not above 0 the ReLU let nothing through, and nothing comes back.",
    ),
    (
        "times x instead of the slope",
        of_floats(lambda g, x: g * np.maximum(x, 0)),
        "`grad` is multiplied by what the ReLU gave. The chain rule wants its slope: 1 where x is above 0, else 0.",
    ),
    ("times x", of_floats(lambda g, x: g * x), "`grad` is multiplied by x. The chain rule wants the slope: 1 or 0."),
    (
        "the other side passes",
        of_floats(lambda g, x: g * (x <= 0)),
        "The gradient passes where x is not above 0 and stops where it is. It is the other way round.",
    ),
    (
        "arguments exchanged",
        of_floats(lambda g, x: x * (g > 0)),
        "The two arguments are exchanged: what comes out is x. First comes the gradient, then x.",
    ),
    (
        "leaky",
        of_floats(lambda g, x: np.where(x > 0, g, 0.01 * g)),
        "A hundredth of the gradient passes below 0. That belongs to the leaky ReLU.",
    ),
    (
        "leaky, at a tenth",
        of_floats(lambda g, x: np.where(x > 0, g, 0.1 * g)),
        "A tenth of the gradient passes below 0. That belongs to a leaky ReLU.",
    ),
    (
        "turned round below 0",
        of_floats(lambda g, x: g * np.sign(x)),
        "Below 0 the gradient comes back with the other sign. That is the slope of |x|; the ReLU's is 0 there.",
    ),
    (
        "only above 1",
        of_floats(lambda g, x: g * (x > 1)),
        "Between 0 and 1 nothing passes. The gradient passes wherever x is above 0.",
    ),
    (
        "divided by the batch",
        of_floats(lambda g, x: g * (x > 0) / len(g)),
        "The gradient is divided by the number of samples. The loss makes that division, once.",
    ),
    (
        "entries left out",
        of_floats(lambda g, x: g[x > 0]),
        "Entries that do not pass are left out, and the shape is lost. They stay, as 0.",
    ),
    (
        "summed up",
        of_floats(lambda g, x: np.sum(g * (x > 0))),
        "The gradients are added up. Each entry of x has a gradient of its own: the result has x's shape.",
    ),
    (
        "forward instead of backward",
        of_floats(lambda g, x: np.maximum(x, 0)),
        "This is the ReLU itself. Its backward step takes `grad` and lets it pass where x is above 0.",
    ),
    (
        "cut to whole numbers",
        lambda g, x: rectified_backward(g, x).astype(np.asarray(x).dtype),
        "Where x holds integers the gradient loses its fractions: `np.zeros_like(x)` can hold nothing else then.",
    ),
    (
        "slope of a sigmoid",
        of_floats(lambda g, x: g / (2 + np.exp(-x) + np.exp(x))),
        "This is the gradient of a sigmoid. The ReLU's slope is 1 where x is above 0, else 0.",
    ),
    (
        "negative gradients turned round",
        of_floats(lambda g, x: np.abs(g) * (x > 0)),
        "Your gradients are all positive. Where x is above 0 `grad` passes as it is, sign included.",
    ),
    (
        "all signs the other way round",
        of_floats(lambda g, x: -g * (x > 0)),
        "All signs are the other way round. The minus belongs to the step that descends.",
    ),
    (
        "flattened",
        of_floats(lambda g, x: (g * (x > 0)).ravel()),
        "The numbers are right and lie in one long row. The result has x's shape.",
    ),
)


def of_affine(make):
    """From the weighted sums without their bias, and the bias."""
    return of_floats(lambda x, w, b: make(x @ w, b))


AFFINE_MISCONCEPTIONS = misconceptions(
    (
        "bias forgotten",
        of_affine(lambda out, b: out),
        "The bias is missing: b[m] is added to output m of every sample.",
    ),
    ("bias subtracted", of_affine(lambda out, b: out - b), "The bias is subtracted. It is added."),
    (
        "bias multiplied",
        of_affine(lambda out, b: out * b),
        "The bias multiplies the result. It is added: a bias of 0 changes nothing.",
    ),
    (
        "bias along the samples",
        of_affine(lambda out, b: out + b[:, None]),
        "The bias is laid along the samples; where the sizes agree, NumPy does not complain. b[m] belongs to output m.",
    ),
    (
        "bias added for every input",
        of_floats(lambda x, w, b: x @ w + len(w) * b),
        "The bias is added once for each input. It belongs outside the sum over d: once for each output.",
    ),
    (
        "one bias for all outputs",
        of_affine(lambda out, b: out + b[0]),
        "Every output gets the first bias. b[m] belongs to output m.",
    ),
    (
        "all biases added to every output",
        of_affine(lambda out, b: out + b.sum()),
        "Every output gets the sum of all biases. b[m] belongs to output m.",
    ),
    (
        "bias added to the first sample only",
        of_floats(lambda x, w, b: x @ w + b * (np.arange(len(x)) == 0)[:, None]),
        "Only the first sample gets the bias. Every sample does.",
    ),
    (
        "bias added before the weights",
        of_floats(lambda x, w, b: (x + b) @ w),
        "The bias is added to x, before the product. It is added to the outputs.",
    ),
    (
        "weights transposed",
        of_floats(lambda x, w, b: x @ w.T + b),
        "The weights are transposed. Their rows belong to the inputs, their columns to the outputs: (D, M), as in "
        "Keras.",
    ),
    (
        "inputs transposed",
        of_floats(lambda x, w, b: x.T @ w + b),
        "x is transposed. Its rows are the samples, and each row meets a column of w.",
    ),
    (
        "result transposed",
        of_affine(lambda out, b: (out + b).T),
        "Your result is transposed. A row for each sample, a column for each output: (N, M).",
    ),
    (
        "mean instead of sum",
        of_floats(lambda x, w, b: x @ w / len(w) + b),
        "The products are averaged over the inputs. They are summed.",
    ),
    (
        "samples added up",
        of_affine(lambda out, b: np.broadcast_to(out.sum(axis=0), out.shape) + b),
        "The samples are added up. Each has a result of its own.",
    ),
    (
        "first sample used for all",
        of_affine(lambda out, b: np.repeat(out[:1] + b, len(out), axis=0)),
        "Every sample gets the first one's result.",
    ),
    (
        "only the first sample",
        of_affine(lambda out, b: out[:1] + b),
        "Only the first sample has a result. The result has a row for every sample.",
    ),
    (
        "last input left out",
        of_floats(lambda x, w, b: x[:, :-1] @ w[:-1] + b),
        "The last input takes no part. The sum runs over all of d, from 0 to D − 1.",
    ),
    (
        "only the last product kept",
        of_floats(lambda x, w, b: x[:, -1:] * w[-1] + b),
        "Each output keeps the last of its products. In the loop `=` overwrites where `+=` would add.",
    ),
    (
        "outputs not reset",
        of_floats(lambda x, w, b: np.cumsum(x @ w, axis=1) + b),
        "Each output still contains those before it: the sum has to start at 0 for every output.",
    ),
    (
        "ReLU applied",
        of_affine(lambda out, b: np.maximum(out + b, 0)),
        "Negative results have become 0. The affine layer has no activation: the ReLU comes after it, on its own.",
    ),
    (
        "softmax applied",
        of_affine(
            lambda out, b: (
                np.exp(out + b - (out + b).max(1, keepdims=True))
                / np.exp(out + b - (out + b).max(1, keepdims=True)).sum(1, keepdims=True)
            )
        ),
        "Your rows are probabilities. The softmax comes later, with the loss.",
    ),
    (
        "axes of size 1 lost",
        of_affine(lambda out, b: np.squeeze(out + b)),
        "Axes of size 1 are gone: `np.squeeze` does that. The result is (N, M), always two axes.",
    ),
    (
        "fractions cut off for whole numbers",
        lambda x, w, b: weighted_sums(x, w, b).astype(np.asarray(x).dtype),
        "With an x of integers your result loses its fractions: an array with x's dtype can hold nothing else.",
    ),
    (
        "bias cut to whole numbers",
        lambda x, w, b: np.asarray(x) @ w + np.asarray(b).astype((np.asarray(x) @ np.asarray(w)).dtype),
        "Where x and w hold integers the bias loses its fractions: an array of integers can hold nothing else.",
    ),
)


def of_affine_gradients(d_x=None, d_w=None, d_b=None):
    """The right gradients, but for those that are made from (grad, x, w, right one)."""

    def wrong(grad, x, w):
        args = tuple(np.asarray(array, float) for array in (grad, x, w))
        right = weighted_sums_backward(grad, x, w)
        return tuple(
            one if make is None else make(*args, one) for one, make in zip(right, (d_x, d_w, d_b), strict=True)
        )

    return wrong


def affine_cut(which, dtype_of):
    def wrong(grad, x, w):
        right = list(weighted_sums_backward(grad, x, w))
        right[which] = right[which].astype(np.asarray((grad, x, w)[dtype_of]).dtype)
        return tuple(right)

    return wrong


AFFINE_BACKWARD_MISCONCEPTIONS = misconceptions(
    (
        "d_w transposed",
        of_affine_gradients(d_w=lambda g, x, w, right: right.T),
        "`d_w` is transposed. It has the shape of w, (D, M): a gradient for each weight, at the weight's own place.",
    ),
    (
        "w not transposed in d_x",
        of_affine_gradients(lambda g, x, w, right: g @ w),
        "`d_x` is grad · w, and fits by accident where D = M. The way back goes from outputs to inputs: grad · wᵀ.",
    ),
    (
        "d_b averaged",
        of_affine_gradients(d_b=lambda g, x, w, right: g.mean(axis=0)),
        "`d_b` is averaged over the samples. The bias was added to each, so their gradients are summed; a mean in the "
        "loss is in `grad` already.",
    ),
    (
        "d_b not summed",
        of_affine_gradients(d_b=lambda g, x, w, right: g.copy()),
        "`d_b` still has a row for each sample. One bias served them all: sum over the samples.",
    ),
    (
        "d_b summed over the outputs",
        of_affine_gradients(d_b=lambda g, x, w, right: g.sum(axis=1)),
        "`d_b` is summed over the outputs and has a number for each sample. It is the other way round: (M,), summed "
        "over the samples.",
    ),
    (
        "d_b summed to one number",
        of_affine_gradients(d_b=lambda g, x, w, right: g.sum()),
        "`d_b` is one number. Each output has a bias of its own: `sum(axis=0)` leaves the outputs' axis.",
    ),
    (
        "d_b with an axis of size 1",
        of_affine_gradients(d_b=lambda g, x, w, right: g.sum(axis=0, keepdims=True)),
        "`d_b` has two axes. It has the shape of b, (M,).",
    ),
    (
        "d_b of the first sample",
        of_affine_gradients(d_b=lambda g, x, w, right: g[0].copy()),
        "`d_b` looks at the first sample only. The same bias served them all: sum.",
    ),
    (
        "d_b of ones",
        of_affine_gradients(d_b=lambda g, x, w, right: np.ones_like(right)),
        "`d_b` is 1 everywhere. That is the slope; the chain rule multiplies it by `grad` and sums over the samples.",
    ),
    (
        "d_b left at 0",
        of_affine_gradients(d_b=lambda g, x, w, right: np.zeros_like(right)),
        "`d_b` is 0: nothing was written into it.",
    ),
    (
        "d_w averaged",
        of_affine_gradients(d_w=lambda g, x, w, right: right / len(g)),
        "`d_w` is averaged over the samples. A mean in the loss is in `grad` already; here the gradients are summed.",
    ),
    (
        "d_w and d_b averaged",
        of_affine_gradients(d_w=lambda g, x, w, right: right / len(g), d_b=lambda g, x, w, right: right / len(g)),
        "`d_w` and `d_b` are averaged over the samples. A mean in the loss is in `grad` already; here the gradients "
        "are summed.",
    ),
    (
        "d_w of the first sample",
        of_affine_gradients(d_w=lambda g, x, w, right: np.outer(x[0], g[0])),
        "`d_w` looks at the first sample only. The same weights served them all: their gradients add up.",
    ),
    (
        "d_w of the last sample",
        of_affine_gradients(d_w=lambda g, x, w, right: np.outer(x[-1], g[-1])),
        "`d_w` holds what the last sample says: in the loop `=` overwrites where `+=` would add.",
    ),
    (
        "x not transposed in d_w",
        of_affine_gradients(d_w=lambda g, x, w, right: x @ g),
        "`d_w` is x · grad, and fits by accident where N = D. Sum over the samples: xᵀ · grad.",
    ),
    (
        "d_w without grad",
        of_affine_gradients(d_w=lambda g, x, w, right: x.T @ np.ones_like(g)),
        "`d_w` does not depend on `grad`: it sums the inputs. The chain rule multiplies each by its output's gradient.",
    ),
    (
        "d_w from w instead of x",
        of_affine_gradients(d_w=lambda g, x, w, right: w * g.sum(axis=0)),
        "`d_w` is made from w. What multiplied the weight on the way forward is what its gradient is multiplied by: x.",
    ),
    (
        "d_x without grad",
        of_affine_gradients(lambda g, x, w, right: np.ones_like(g) @ w.T),
        "`d_x` does not depend on `grad`. The chain rule multiplies each weight by its output's gradient.",
    ),
    (
        "d_x transposed",
        of_affine_gradients(lambda g, x, w, right: right.T),
        "`d_x` is transposed. It has the shape of x, (N, D).",
    ),
    (
        "d_x averaged",
        of_affine_gradients(lambda g, x, w, right: right / g.shape[1]),
        "`d_x` is averaged over the outputs. Each input reached all of them, and what comes back is summed.",
    ),
    (
        "samples mixed in d_x",
        of_affine_gradients(lambda g, x, w, right: np.broadcast_to(right.sum(axis=0), right.shape).copy()),
        "`d_x` adds the samples up. Each sample's input has a gradient of its own.",
    ),
    (
        "everything divided by the batch",
        lambda g, x, w: tuple(part / len(g) for part in weighted_sums_backward(g, x, w)),
        "All gradients are divided by the number of samples. A mean in the loss is in `grad` already.",
    ),
    (
        "all signs the other way round",
        lambda g, x, w: tuple(-part for part in weighted_sums_backward(g, x, w)),
        "All signs are the other way round. The minus belongs to the step that descends.",
    ),
    (
        "grad not used",
        lambda g, x, w: weighted_sums_backward(np.ones(np.shape(g)), x, w),
        "Your answer is the same for every `grad`: it is taken to be 1 everywhere.",
    ),
    (
        "weights' gradient first",
        in_order(1, 2, 0, of=weighted_sums_backward),
        "The results come in another order. First d_x, then d_w, then d_b.",
    ),
    (
        "d_x and d_w exchanged",
        in_order(1, 0, 2, of=weighted_sums_backward),
        "The first two results are exchanged. First d_x, then d_w.",
    ),
    (
        "d_x cut to whole numbers",
        affine_cut(0, 1),
        "Where x holds integers `d_x` loses its fractions: `np.zeros_like(x)` can hold nothing else then.",
    ),
    (
        "d_w cut to whole numbers",
        affine_cut(1, 2),
        "Where w holds integers `d_w` loses its fractions: `np.zeros_like(w)` can hold nothing else then.",
    ),
)


def softmax(logits, axis=-1):
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[np.asarray(labels)]


def of_probabilities(loss=None, gradient=None, probabilities=softmax):
    """The right loss and gradient, but for what is made from (probabilities, one-hot labels)."""

    @np.errstate(all="ignore")
    def wrong(logits, labels):
        logits = np.asarray(logits, float)
        right = list(cross_entropy(logits, labels))
        p, hot = probabilities(logits), one_hot(logits, labels)
        if loss:
            right[0] = loss(p, hot)
        if gradient:
            right[1] = gradient(p, hot)
        return tuple(right)

    return wrong


def log_of_right(p, hot, eps=0.0):
    return -np.mean(np.log((p * hot).sum(axis=1) + eps))


def mean_gradient(p, hot):
    return (p - hot) / len(p)


def unshifted(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def shifted_by_all(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum(axis=1, keepdims=True)


def from_one(logits, labels):
    """Labels counted from 1, the last of them wrapping round."""
    return cross_entropy(logits, (np.asarray(labels).astype(int) - 1) % np.shape(logits)[1])


@np.errstate(divide="ignore")
def every_label_of_the_batch(logits, labels):
    """``p[:, labels]`` in place of ``p[rows, labels]``."""
    logits = np.asarray(logits, float)
    p = softmax(logits)
    gradient = p.copy()
    gradient[:, labels] -= 1
    return -np.mean(np.log(p[:, labels])), gradient / len(p)


def right_gradient_and(loss):
    return lambda logits, labels: (loss(np.asarray(logits, float), labels), cross_entropy(logits, labels)[1])


def shift_forgotten_in_the_loss(logits, labels):
    """log Σ exp of the shifted scores, minus the score as it was."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - logits[np.arange(len(logits)), labels])


def score_of_the_label(logits, labels):
    return -np.mean(logits[np.arange(len(logits)), labels])


CROSS_ENTROPY_MISCONCEPTIONS = misconceptions(
    (
        "gradient not divided by N",
        of_probabilities(gradient=lambda p, hot: p - hot),
        "The loss is right, and `d_logits` is N times too large: it is the gradient of the *mean* loss, in which each "
        "sample counts 1/N.",
    ),
    (
        "sum instead of mean",
        of_probabilities(lambda p, hot: len(p) * log_of_right(p, hot, 1e-300), lambda p, hot: p - hot),
        "Loss and gradient are those of the sum over the samples. The mean is asked for: divide both by N.",
    ),
    (
        "loss not divided by N",
        lambda logits, labels: (len(logits) * cross_entropy(logits, labels)[0], cross_entropy(logits, labels)[1]),
        "The loss is summed over the samples, while the gradient belongs to their mean. Divide the loss by N as well.",
    ),
    (
        "largest score not subtracted",
        of_probabilities(log_of_right, mean_gradient, unshifted),
        "exp(1000) is infinite, and infinity over infinity is nan. Subtract each row's largest score first: the "
        "probabilities stay the same and the largest power is exp(0) = 1.",
    ),
    (
        "logarithm of a probability that is 0",
        of_probabilities(log_of_right),
        "A probability that is too small for a float is 0, and its logarithm infinite. Do not take the way over the "
        "probability: with z the score less the largest one, log p = z − log Σ exp(z).",
    ),
    *(
        (
            f"{eps:g} added before the logarithm",
            of_probabilities(lambda p, hot, eps=eps: log_of_right(p, hot, eps)),
            f"Something like {eps:g} is added to the probability before the logarithm, or the probability is clipped "
            f"there. It avoids −∞ and bends the loss: where the answer is quite wrong, the loss stops at "
            f"{-np.log(eps):.0f}, and the right one goes on growing. log p = z − log Σ exp(z) needs no such help.",
        )
        for eps in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-300)
    ),
    (
        "probabilities clipped",
        of_probabilities(lambda p, hot: log_of_right(np.clip(p, 1e-7, 1 - 1e-7), hot)),
        "Probabilities are clipped before the logarithm: where the answer is quite wrong, the loss stops growing. "
        "log p = z − log Σ exp(z) needs no such help.",
    ),
    (
        "softmax over the batch",
        of_probabilities(log_of_right, mean_gradient, lambda logits: softmax(logits, axis=0)),
        "The softmax runs down the samples. Each *sample's* scores become probabilities: along axis 1, with "
        "`keepdims=True`.",
    ),
    (
        "softmax over everything",
        of_probabilities(log_of_right, mean_gradient, lambda logits: softmax(logits, axis=(0, 1))),
        "All samples share one sum, so the probabilities of one sample do not add up to 1. Sum along axis 1.",
    ),
    (
        "largest score of the whole batch subtracted",
        of_probabilities(log_of_right, mean_gradient, shifted_by_all),
        "One largest score is subtracted from the whole batch. A sample whose scores are all far below it keeps "
        "nothing but zeros, and 0 / 0 is nan. Each row subtracts its own largest score.",
    ),
    (
        "all labels of the batch for every sample",
        every_label_of_the_batch,
        "`p[:, labels]` takes every sample's probability of every label in the batch, N × N numbers. One for each "
        "sample is meant: `p[np.arange(N), labels]`.",
    ),
    (
        "sign of the loss",
        lambda logits, labels: (-cross_entropy(logits, labels)[0], cross_entropy(logits, labels)[1]),
        "The loss is negative. The logarithm of a probability is never above 0, and the loss is *minus* that.",
    ),
    (
        "sign of the gradient",
        of_probabilities(gradient=lambda p, hot: (hot - p) / len(p)),
        "`d_logits` points the other way: labels minus probabilities is the way downhill. The gradient points uphill, "
        "probabilities minus labels.",
    ),
    (
        "labels not subtracted in the gradient",
        of_probabilities(gradient=lambda p, hot: p / len(p)),
        "`d_logits` holds the probabilities. The label's class has 1 subtracted: p − 1 there, p elsewhere.",
    ),
    (
        "1 subtracted from every class",
        of_probabilities(gradient=lambda p, hot: (p - 1) / len(p)),
        "1 is subtracted from every class. Only the label's class has it subtracted.",
    ),
    (
        "gradient of the label's class only",
        of_probabilities(gradient=lambda p, hot: (p - hot) * hot / len(p)),
        "Only the label's class has a gradient. The other scores are in the softmax's sum, so theirs is p.",
    ),
    (
        "gradient with respect to the probabilities",
        of_probabilities(gradient=lambda p, hot: -hot / np.maximum(p, 1e-300) / len(p)),
        "This is the gradient with respect to the probabilities, −1/p. With respect to the scores, through the "
        "softmax, it becomes p minus the one-hot label.",
    ),
    (
        "gradient divided by the number of entries",
        of_probabilities(gradient=lambda p, hot: (p - hot) / p.size),
        "`d_logits` is divided by N · C. The mean runs over the N samples.",
    ),
    (
        "gradient divided by the number of classes",
        of_probabilities(gradient=lambda p, hot: (p - hot) / p.shape[1]),
        "`d_logits` is divided by the number of classes. The mean runs over the N samples: `len(logits)`.",
    ),
    (
        "loss averaged over the classes too",
        lambda logits, labels: (
            cross_entropy(logits, labels)[0] / np.shape(logits)[1],
            cross_entropy(logits, labels)[1],
        ),
        "The loss is a mean over N · C numbers, most of them 0. The mean runs over the N samples.",
    ),
    (
        "loss and gradient averaged over the classes too",
        lambda logits, labels: tuple(part / np.shape(logits)[1] for part in cross_entropy(logits, labels)),
        "Loss and gradient are divided by N · C. The mean runs over the N samples.",
    ),
    (
        "a loss for each sample",
        lambda logits, labels: (
            np.array([cross_entropy(logits[n : n + 1], labels[n : n + 1])[0] for n in range(len(labels))]),
            cross_entropy(logits, labels)[1],
        ),
        "The loss is an array with a number for each sample. One number is asked for: their mean.",
    ),
    (
        "logarithm to the base 2",
        lambda logits, labels: (cross_entropy(logits, labels)[0] / np.log(2), cross_entropy(logits, labels)[1]),
        "The loss is in bits, by a logarithm to the base 2. The natural one is meant, `np.log`.",
    ),
    (
        "logarithm to the base 10",
        lambda logits, labels: (cross_entropy(logits, labels)[0] / np.log(10), cross_entropy(logits, labels)[1]),
        "The logarithm is to the base 10. The natural one is meant, `np.log`.",
    ),
    (
        "logarithm forgotten",
        of_probabilities(lambda p, hot: 1 - (p * hot).sum(axis=1).mean()),
        "The loss is one minus the probability. Take minus its logarithm: that grows without end as the answer gets "
        "worse.",
    ),
    (
        "logarithm of the mean",
        of_probabilities(lambda p, hot: -np.log(np.mean((p * hot).sum(axis=1)))),
        "The logarithm is taken of the mean probability. Each sample's probability first, then the mean of the "
        "logarithms.",
    ),
    (
        "squared error",
        of_probabilities(lambda p, hot: np.mean(np.sum((p - hot) ** 2, axis=1))),
        "The loss is a squared error. The cross-entropy is −log of the label's probability.",
    ),
    (
        "halved squared error",
        of_probabilities(lambda p, hot: np.mean(np.sum((p - hot) ** 2, axis=1)) / 2),
        "The loss is half a squared error. The cross-entropy is −log of the label's probability.",
    ),
    (
        "each class on its own",
        of_probabilities(lambda p, hot: -np.mean(np.sum(np.log(np.maximum(hot * p + (1 - hot) * (1 - p), 1e-300)), 1))),
        "The loss also counts log(1 − p) of the other classes. That belongs to classes which are decided one by one; "
        "with a softmax the label's class says it all.",
    ),
    (
        "minus the label's score",
        right_gradient_and(score_of_the_label),
        "The loss is minus the label's score. Scores are not logarithms of probabilities yet: log Σ exp of all scores "
        "is missing.",
    ),
    (
        "largest score subtracted in one place only",
        right_gradient_and(shift_forgotten_in_the_loss),
        "In log Σ exp(z) − z[label] one z has its largest score subtracted and the other has not. Both are the same z.",
    ),
    (
        "entropy of the probabilities",
        of_probabilities(lambda p, hot: -np.mean(np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1))),
        "The loss is −Σ p · log p and never looks at the labels. The label's class alone counts: −log p[label].",
    ),
    (
        "softmax taken twice",
        of_probabilities(log_of_right, mean_gradient, lambda logits: softmax(softmax(logits))),
        "The softmax is taken twice, and its probabilities become scores once more.",
    ),
    (
        "softmax forgotten in the gradient",
        lambda logits, labels: (
            cross_entropy(logits, labels)[0],
            (np.asarray(logits, float) - one_hot(np.asarray(logits), labels)) / len(logits),
        ),
        "`d_logits` is made from the scores themselves. It is the probabilities minus the one-hot labels.",
    ),
    (
        "sigmoid instead of softmax",
        of_probabilities(log_of_right, mean_gradient, lambda logits: np.exp(-np.logaddexp(0, -logits))),
        "Each score goes through a sigmoid of its own. With a softmax a sample's probabilities add up to 1.",
    ),
    (
        "exponential forgotten",
        of_probabilities(log_of_right, mean_gradient, lambda logits: logits / logits.sum(axis=1, keepdims=True)),
        "The scores are divided by their sum without the exponential, so they may come out negative. softmax(z) is "
        "exp(z) / Σ exp(z).",
    ),
    (
        "labels counted from 1",
        from_one,
        "Each label is taken for the class before it. Classes are counted from 0.",
    ),
    (
        "largest probability instead of the label's",
        of_probabilities(lambda p, hot: -np.mean(np.log(p.max(axis=1)))),
        "The loss looks at the largest probability, right or wrong. It is the *label's* probability that counts.",
    ),
    (
        "first sample only",
        lambda logits, labels: (cross_entropy(logits[:1], labels[:1])[0], cross_entropy(logits, labels)[1]),
        "The loss is that of the first sample. It is the mean over all.",
    ),
    (
        "loss of the label's error share",
        of_probabilities(lambda p, hot: np.mean(p.argmax(axis=1) != hot.argmax(axis=1))),
        "The loss is the share of wrong answers. That has no slope to learn from; the loss is −log of the label's "
        "probability.",
    ),
)


def each_entry(make):
    """``make(f, x, index, eps)`` for every entry of x."""

    def wrong(f, x, eps=1e-5):
        x = np.array(x, dtype=float)
        out = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            out[index] = make(f, x, index, eps)
        return out

    return wrong


def at(f, x, index, step):
    """f with one entry moved."""
    moved = x.copy()
    moved[index] += step
    return float(f(moved))


def of_differences(change):
    return lambda f, x, eps=1e-5: change(differences(f, x, eps), eps)


def not_put_back(f, x, eps=1e-5, left=-1.0):
    """Every entry stays where its second step left it."""
    x = np.array(x, dtype=float)
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        out[index] = (at(f, x, index, eps) - at(f, x, index, -eps)) / (2 * eps)
        x[index] += left * eps
    return out


def flat_copy(f, x, eps=1e-5):
    """``x.ravel()`` is moved, which is x itself only where x lies in one piece."""
    whole = x if x.flags.c_contiguous else np.zeros(0)
    if not whole.size:
        value = float(f(np.array(x, float)))
        return np.zeros(x.shape) * value
    return differences(f, x, eps)


def row_by_row(f, x, eps=1e-5):
    """A loop over the first axis moves a whole row."""
    x = np.array(x, dtype=float)
    out = np.zeros(x.shape)
    for i in range(len(x)):
        out[i] = (at(f, x, i, eps) - at(f, x, i, -eps)) / (2 * eps)
    return out


def all_at_once(f, x, eps=1e-5):
    x = np.array(x, dtype=float)
    return np.full(x.shape, (float(f(x + eps)) - float(f(x - eps))) / (2 * eps))


def given_flat(f, x, eps=1e-5):
    """f sees the entries in one row."""
    return differences(f, np.array(x, dtype=float).ravel(), eps).reshape(np.shape(x))


def in_float32(f, x, eps=1e-5):
    def rounded(moved):
        return np.float32(f(moved.astype(np.float32)))

    return differences(rounded, x, eps)


CENTRED_SAYS = "A centred difference moves the entry both ways: (f(x + eps) − f(x − eps)) / (2 · eps)."

NUMERICAL_GRADIENT_MISCONCEPTIONS = misconceptions(
    (
        "forward difference",
        each_entry(lambda f, x, i, eps: (at(f, x, i, eps) - at(f, x, i, 0)) / eps),
        f"You compare f ahead with f where x is. The error of that shrinks with eps only, that of the centred "
        f"difference with eps². {CENTRED_SAYS}",
    ),
    (
        "backward difference",
        each_entry(lambda f, x, i, eps: (at(f, x, i, 0) - at(f, x, i, -eps)) / eps),
        f"You compare f where x is with f behind. {CENTRED_SAYS}",
    ),
    (
        "divided by eps instead of 2 · eps",
        of_differences(lambda out, eps: 2 * out),
        "Your numbers are twice too large: from x − eps to x + eps the entry moves by 2 · eps.",
    ),
    (
        "forward difference divided by 2 · eps",
        each_entry(lambda f, x, i, eps: (at(f, x, i, eps) - at(f, x, i, 0)) / (2 * eps)),
        f"You move one way only and divide by the length of two. {CENTRED_SAYS} When the entry has been moved up by "
        "eps, it takes 2 · eps to get down.",
    ),
    (
        "not divided",
        of_differences(lambda out, eps: 2 * eps * out),
        "The difference is not divided by the way gone, 2 · eps.",
    ),
    (
        "precedence of the division",
        of_differences(lambda out, eps: 2 * eps * out / 2 * eps),
        "`/ 2 * eps` divides by 2 and then *multiplies* by eps. Put 2 · eps into parentheses.",
    ),
    (
        "eps ignored",
        lambda f, x, eps=1e-5: differences(f, x),
        "Your eps is always the same. Whoever calls the function may choose it.",
    ),
    (
        "half a step each way",
        lambda f, x, eps=1e-5: differences(f, x, eps / 2),
        "You move by eps / 2 each way. Asked for is eps each way, and 2 · eps below the fraction.",
    ),
    (
        "steps that grow with x",
        each_entry(
            lambda f, x, i, eps: (
                (at(f, x, i, eps * max(1, abs(x[i]))) - at(f, x, i, -eps * max(1, abs(x[i]))))
                / (2 * eps * max(1, abs(x[i])))
            )
        ),
        "Your step grows with the entry. Asked for is eps, for every entry.",
    ),
    (
        "a whole row moved at once",
        row_by_row,
        "A loop over `len(x)` walks along the first axis, and `x[i]` is a whole row when x has more axes. Move one "
        "entry at a time: `np.ndindex(x.shape)` lists all indices.",
    ),
    (
        "all entries moved at once",
        all_at_once,
        "All entries are moved together, so you get the slope in one direction, in every place. Move one entry, leave "
        "the others, and put it back before the next.",
    ),
    (
        "a single number",
        lambda f, x, eps=1e-5: all_at_once(f, x, eps).ravel()[0],
        "`x + eps` moves all entries together, and one number comes out. The gradient has x's shape: a number for each "
        "entry, moved on its own.",
    ),
    (
        "entries left below",
        not_put_back,
        "Each entry stays at x − eps while the next is tried. Put it back to what it was first.",
    ),
    (
        "entries left above",
        lambda f, x, eps=1e-5: not_put_back(f, x, eps, 1.0),
        "Each entry stays at x + eps while the next is tried. Put it back to what it was first.",
    ),
    (
        "a flat copy moved instead of x",
        flat_copy,
        "`x.ravel()` and `x.reshape(-1)` are x itself only while x lies in memory in one piece; of a view they make a "
        "copy, and f never sees it move. `np.ndindex(x.shape)` works for every array.",
    ),
    (
        "f is given a flat array",
        given_flat,
        "f is called with the entries in one row. It expects an array of x's shape, and may look at it.",
    ),
    (
        "flat gradient",
        of_differences(lambda out, eps: out.ravel()),
        "The numbers are right and lie in one row. The gradient has x's shape.",
    ),
    (
        "second derivative",
        each_entry(lambda f, x, i, eps: (at(f, x, i, eps) - 2 * at(f, x, i, 0) + at(f, x, i, -eps)) / eps**2),
        "This is the second derivative, how fast the slope changes. The first one is asked for.",
    ),
    (
        "all signs the other way round",
        of_differences(lambda out, eps: -out),
        "f(x − eps) − f(x + eps) has the opposite sign. What is ahead comes first.",
    ),
    (
        "only the first entry",
        of_differences(lambda out, eps: np.where(np.arange(out.size).reshape(out.shape) == 0, out, 0)),
        "Only the first entry has a gradient. Is `return` inside the loop?",
    ),
    (
        "float32",
        in_float32,
        "Somewhere numbers are kept in float32. Its seven digits leave next to nothing of a difference over 1e-5: "
        "gradient checks are made in float64.",
    ),
    (
        "absolute values",
        of_differences(lambda out, eps: np.abs(out)),
        "All your slopes are positive. The difference keeps its sign.",
    ),
    (
        "fractions cut off",
        of_differences(lambda out, eps: np.trunc(out)),
        "Your gradient holds whole numbers: what comes after the point is lost. Let it hold floats.",
    ),
    (
        "four-point formula",
        each_entry(
            lambda f, x, i, eps: (
                (8 * (at(f, x, i, eps) - at(f, x, i, -eps)) - at(f, x, i, 2 * eps) + at(f, x, i, -2 * eps)) / (12 * eps)
            )
        ),
        f"You use a formula of four points. It is more exact, and not what is asked for here. {CENTRED_SAYS}",
    ),
)


# -- right solutions in other styles ---------------------------------------------------------------------------------


def padded(images, padding):
    ph, pw = both(padding)
    return np.pad(images, ((0, 0), (ph, ph), (pw, pw), (0, 0)))


def im2col_by_window(images, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), _ = settings(kernel_size, stride, padding)
    images = padded(images, padding)
    rows = []
    for image in images:
        for top in range(0, image.shape[0] - kh + 1, sh):
            for left in range(0, image.shape[1] - kw + 1, sw):
                rows.append(image[top : top + kh, left : left + kw].ravel())
    return np.array(rows)


def im2col_by_sliding(images, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    images = padded(images, padding) if ph or pw else images
    windows = sliding_window_view(images, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * images.shape[3])


def im2col_by_entry(images, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), _ = settings(kernel_size, stride, padding)
    images = padded(np.asarray(images, np.float32), padding)
    count, height, width, channels = images.shape
    oh, ow = (height - kh) // sh + 1, (width - kw) // sw + 1
    columns = np.empty((count, oh, ow, kh, kw, channels), np.float32)
    for a in range(kh):
        for b in range(kw):
            columns[:, :, :, a, b] = images[:, a : a + sh * oh : sh, b : b + sw * ow : sw]
    return columns.reshape(count * oh * ow, -1)


def pixel_numbers(shape, kernel_size, stride, padding):
    """For every entry of the columns, which entry of the padded images it is, counted along the array."""
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = shape[0], shape[1] + 2 * ph, shape[2] + 2 * pw, shape[3]
    n, i, j, a, b, c = np.ogrid[:count, : (height - kh) // sh + 1, : (width - kw) // sw + 1, :kh, :kw, :channels]
    return flattened(((n * height + i * sh + a) * width + j * sw + b) * channels + c)


def im2col_by_index(images, kernel_size, stride=1, padding=0):
    numbers = pixel_numbers(images.shape, kernel_size, stride, padding)
    return np.take(padded(images, padding), numbers)


def im2col_by_strides(images, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), _ = settings(kernel_size, stride, padding)
    images = padded(images, padding)
    n, y, x, c = images.strides
    size = tuple((k - f) // s + 1 for k, f, s in zip(images.shape[1:3], (kh, kw), (sh, sw), strict=True))
    shape = (len(images), *size, kh, kw, images.shape[3])
    return np.array(as_strided(images, shape, (n, y * sh, x * sw, y, x, c)).reshape(np.prod(shape[:3]), -1), float)


def im2col_by_python(images, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = images.shape
    columns = []
    for n in range(count):
        for i in range((height + 2 * ph - kh) // sh + 1):
            for j in range((width + 2 * pw - kw) // sw + 1):
                row = []
                for a in range(kh):
                    for b in range(kw):
                        y, x = i * sh + a - ph, j * sw + b - pw
                        on_the_image = 0 <= y < height and 0 <= x < width
                        row += [float(images[n, y, x, c]) if on_the_image else 0.0 for c in range(channels)]
                columns.append(row)
    return np.array(columns)


def col2im_by_window(columns, image_shape, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = image_shape
    image = np.zeros((count, height + 2 * ph, width + 2 * pw, channels))
    row = 0
    for n in range(count):
        for top in range(0, height + 2 * ph - kh + 1, sh):
            for left in range(0, width + 2 * pw - kw + 1, sw):
                image[n, top : top + kh, left : left + kw] += columns[row].reshape(kh, kw, channels)
                row += 1
    return image[:, ph : ph + height, pw : pw + width]


def col2im_by_entry(columns, image_shape, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = image_shape
    oh, ow = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    columns = columns.reshape(count, oh, ow, kh, kw, channels).astype(np.float32)
    image = np.zeros((count, height + 2 * ph + sh - 1, width + 2 * pw + sw - 1, channels), np.float32)
    for a in range(kh):
        for b in range(kw):
            image[:, a : a + sh * oh : sh, b : b + sw * ow : sw] += columns[:, :, :, a, b]
    return image[:, ph : height + ph, pw : width + pw].copy()


def col2im_by_index(columns, image_shape, kernel_size, stride=1, padding=0):
    (ph, pw), (count, height, width, channels) = both(padding), image_shape
    image = np.zeros((count, height + 2 * ph, width + 2 * pw, channels))
    np.add.at(image.reshape(-1), pixel_numbers(image_shape, kernel_size, stride, padding), columns)
    return image[:, ph : height + ph, pw : width + pw]


def col2im_by_counting(columns, image_shape, kernel_size, stride=1, padding=0):
    (ph, pw), (count, height, width, channels) = both(padding), image_shape
    shape = (count, height + 2 * ph, width + 2 * pw, channels)
    numbers = pixel_numbers(image_shape, kernel_size, stride, padding).ravel()
    image = np.bincount(numbers, np.asarray(columns, float).ravel(), int(np.prod(shape))).reshape(shape)
    return np.ascontiguousarray(image[:, ph : height + ph, pw : width + pw])


def col2im_by_matrix(columns, image_shape, kernel_size, stride=1, padding=0):
    """The adjoint as what it is: the transpose of im2col's own matrix."""
    (ph, pw), (count, height, width, channels) = both(padding), image_shape
    size = count * (height + 2 * ph) * (width + 2 * pw) * channels
    matrix = np.zeros((columns.size, size))
    matrix[np.arange(columns.size), pixel_numbers(image_shape, kernel_size, stride, padding).ravel()] = 1
    image = (matrix.T @ columns.ravel()).reshape(count, height + 2 * ph, width + 2 * pw, channels)
    return image[:, ph : height + ph, pw : width + pw]


def col2im_one_by_one(columns, image_shape, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = settings(kernel_size, stride, padding)
    count, height, width, channels = image_shape
    image = np.zeros(image_shape)
    windows = ((height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1)
    for row, (n, i, j) in enumerate(np.ndindex(count, *windows)):
        for column, (a, b, c) in enumerate(np.ndindex(kh, kw, channels)):
            y, x = i * sh + a - ph, j * sw + b - pw
            if 0 <= y < height and 0 <= x < width:
                image[n, y, x, c] += columns[row, column]
    return image


def backward_by(to_columns, to_image):
    """The gradients as matrix products between im2col and col2im."""

    def right(grad, images, kernels, stride=1, padding=0):
        kh, kw, channels, filters = kernels.shape
        rows, matrix = grad.reshape(-1, filters), kernels.reshape(-1, filters)
        columns = to_columns(images, (kh, kw), stride, padding)
        d_images = to_image(rows @ matrix.T, images.shape, (kh, kw), stride, padding)
        return d_images, (columns.T @ rows).reshape(kernels.shape), rows.sum(axis=0)

    return right


def backward_by_loops(grad, images, kernels, stride=1, padding=0):
    (kh, kw, _, filters), (sh, sw), (ph, pw) = kernels.shape, both(stride), both(padding)
    big = padded(np.asarray(images, float), padding)
    d_big, d_kernels, d_bias = np.zeros(big.shape), np.zeros(kernels.shape), np.zeros(filters)
    for n, i, j, f in np.ndindex(grad.shape):
        window = np.s_[n, i * sh : i * sh + kh, j * sw : j * sw + kw]
        d_big[window] += grad[n, i, j, f] * kernels[..., f]
        d_kernels[..., f] += grad[n, i, j, f] * big[window]
        d_bias[f] += grad[n, i, j, f]
    return d_big[:, ph : ph + images.shape[1], pw : pw + images.shape[2]], d_kernels, d_bias


def backward_by_einsum(grad, images, kernels, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = kernels.shape[:2], both(stride), both(padding)
    big = padded(images, padding)
    windows = sliding_window_view(big, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
    d_kernels = np.einsum("nijcab,nijf->abcf", windows, grad)
    d_big = np.zeros(big.shape)
    for a in range(kh):
        for b in range(kw):
            back = np.einsum("nijf,cf->nijc", grad, kernels[a, b])
            d_big[:, a : a + sh * grad.shape[1] : sh, b : b + sw * grad.shape[2] : sw] += back
    d_images = d_big[:, ph : ph + images.shape[1], pw : pw + images.shape[2]]
    return [d_images, d_kernels, np.einsum("nijf->f", grad)]


def backward_by_turned_kernels(grad, images, kernels, stride=1, padding=0):
    """The way back as a convolution: the gradient spread out by the stride meets the turned kernels."""
    (kh, kw, _, filters), (sh, sw), (ph, pw) = kernels.shape, both(stride), both(padding)
    count, height, width, _ = images.shape
    spread = np.zeros((count, height + 2 * ph - kh + 1, width + 2 * pw - kw + 1, filters))
    spread[:, ::sh, ::sw][:, : grad.shape[1], : grad.shape[2]] = grad
    wide = np.pad(spread, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    turned = kernels[::-1, ::-1].transpose(0, 1, 3, 2)
    d_images = np.einsum("nyxfab,abfc->nyxc", sliding_window_view(wide, (kh, kw), axis=(1, 2)), turned)
    met = sliding_window_view(padded(images, padding), spread.shape[1:3], axis=(1, 2))
    d_kernels = np.einsum("nabcij,nijf->abcf", met, spread)
    return d_images[:, ph : ph + height, pw : pw + width], d_kernels, np.sum(grad, axis=(0, 1, 2))


def in_single_precision(solution):
    def right(*arrays):
        return solution(*(np.asarray(a, np.float32) if isinstance(a, np.ndarray) else a for a in arrays))

    return right


def relu_in_place(x):
    out = np.array(x, dtype=float)
    out[out < 0] = 0
    return out


def relu_by_loop(x):
    return np.array([value if value > 0 else 0 for value in x.ravel().tolist()], dtype=float).reshape(x.shape)


def relu_backward_in_place(grad, x):
    out = np.array(grad, dtype=float)
    out[x <= 0] = 0
    return out


def relu_backward_by_loop(grad, x):
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            out[index] = grad[index]
    return out


def affine_by_rows(x, w, b):
    return np.array([np.dot(row, w) + b for row in x])


def affine_with_a_column_of_ones(x, w, b):
    return np.hstack([x, np.ones((len(x), 1))]) @ np.vstack([w, b])


def affine_by_sum(x, w, b):
    return (x[:, :, None] * w[None]).sum(axis=1) + b


def affine_backward_by_samples(grad, x, w):
    d_w = sum(np.outer(x[n], grad[n]) for n in range(len(x)))
    d_x = np.stack([w @ grad[n] for n in range(len(x))])
    return [d_x, d_w, np.ones(len(x)) @ grad]


def affine_backward_by_einsum(grad, x, w):
    return np.einsum("nm,dm->nd", grad, w), np.einsum("nd,nm->dm", x, grad), np.einsum("nm->m", grad)


def affine_backward_by_dot(grad, x, w):
    return np.dot(grad, w.T), np.dot(x.T, grad), np.sum(grad, axis=0)


def affine_backward_with_ones(grad, x, w):
    both_at_once = np.hstack([x, np.ones((len(x), 1))]).T @ grad
    return (w @ grad.T).T, both_at_once[:-1], both_at_once[-1]


def cross_entropy_by_rows(logits, labels):
    logits = logits - logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    rows = np.arange(len(logits))
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1
    return -log_p[rows, labels].mean(), gradient / len(logits)


def cross_entropy_by_logaddexp(logits, labels):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    hot = np.eye(logits.shape[1])[labels]
    return float(-np.sum(log_p * hot) / len(labels)), (np.exp(log_p) - hot) / len(labels)


def cross_entropy_by_samples(logits, labels):
    losses, gradient = [], []
    for scores, label in zip(logits.tolist(), labels.tolist(), strict=True):
        powers = [np.exp(score - max(scores)) for score in scores]
        losses.append(np.log(sum(powers)) + max(scores) - scores[label])
        gradient.append([power / sum(powers) - (k == label) for k, power in enumerate(powers)])
    return sum(losses) / len(losses), np.array(gradient) / len(losses)


def cross_entropy_by_margins(logits, labels):
    """log Σ exp(z − z[label]): no shift, since the differences are enough; large ones are taken apart."""
    margins = logits - np.take_along_axis(logits, np.asarray(labels, int)[:, None], axis=1)
    largest = margins.max(axis=1)
    loss = largest + np.log(np.exp(margins - largest[:, None]).sum(axis=1))
    p = np.exp(margins - loss[:, None])
    return np.array(loss.mean()), (p - (np.arange(logits.shape[1]) == np.asarray(labels)[:, None])) / len(p)


def in_place(f, x, eps=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + eps
        above = f(x)
        x[index] = kept - eps
        below = f(x)
        x[index] = kept
        gradient[index] = (above - below) / (2 * eps)
    return gradient


def by_enumerating(f, x, eps=1e-5):
    gradient = {}
    for index, value in np.ndenumerate(x):
        moved = [x.astype(np.float64), x.astype(np.float64)]
        moved[0][index], moved[1][index] = value + eps, value - eps
        gradient[index] = np.subtract(*map(f, moved)) / (2 * eps)
    return np.reshape(list(gradient.values()), x.shape)


def by_iterator(f, x, eps=1e-5):
    gradient = np.zeros_like(x, dtype=float)
    numbers = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    for _ in numbers:
        index = numbers.multi_index
        kept = x[index].copy()
        x[index] = kept + eps
        above = f(x)
        x[index] = kept - eps
        below = f(x)
        x[index] = kept
        gradient[index] = (above - below) / (2 * eps)
    return gradient


def by_directions(f, x, eps=1e-5):
    slopes = []
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = eps
        step = step.reshape(x.shape)
        slopes.append((float(f(x + step)) - float(f(x - step))) / eps / 2)
    return np.array(slopes).reshape(x.shape)


def by_flat_copies(f, x, eps=1e-5):
    gradient = np.empty(x.shape)
    for k in range(x.size):
        values = []
        for sign in (1, -1):
            moved = np.array(x, dtype=np.float64)
            moved.flat[k] += sign * eps
            values.append(f(moved))
        gradient.flat[k] = (values[0] - values[1]) / (2 * eps)
    return gradient


# -- the tasks -------------------------------------------------------------------------------------------------------


def columns_may_be_a_view(images, kernel_size, stride=1, padding=0):
    """Where windows lie in memory as rows of a matrix do, NumPy's `reshape` has nothing to copy."""
    return not any(both(padding)) and np.may_share_memory(im2col_by_sliding(images, kernel_size, stride), images)


def image_may_be_a_view(columns, image_shape, kernel_size, stride=1, padding=0):
    """Where no windows overlap, there is nothing to add up."""
    windows = places(image_shape, kernel_size, stride, padding)
    return all(s >= f or n == 1 for n, f, s in zip(windows, both(kernel_size), both(stride), strict=True))


TASKS = (
    Task(
        ASSIGNMENT,
        "im2col",
        "im2col(images, kernel_size, stride=1, padding=0)",
        columns_of,
        im2col_cases,
        IM2COL_MISCONCEPTIONS,
        read="backprop-im2col",
        accepted=(
            im2col_by_window,
            im2col_by_sliding,
            im2col_by_entry,
            im2col_by_index,
            im2col_by_strides,
            im2col_by_python,
        ),
        explain=explain_im2col,
        shape="It is (N·oh·ow, kh·kw·C): a row for every window, a column for every number of a window.",
        keywords=("stride", "padding"),
        may_share=columns_may_be_a_view,
    ),
    Task(
        ASSIGNMENT,
        "col2im",
        "col2im(columns, image_shape, kernel_size, stride=1, padding=0)",
        image_of,
        col2im_cases,
        COL2IM_MISCONCEPTIONS,
        read="backprop-col2im",
        accepted=(
            col2im_by_window,
            col2im_by_entry,
            col2im_by_index,
            col2im_by_counting,
            col2im_by_matrix,
            col2im_one_by_one,
        ),
        explain=explain_col2im,
        shape="It is `image_shape`, whatever the windows reached.",
        keywords=("stride", "padding"),
        helpers=("im2col",),
        may_share=image_may_be_a_view,
    ),
    Task(
        ASSIGNMENT,
        "conv2d_backward",
        "conv2d_backward(grad, images, kernels, stride=1, padding=0)",
        layer_backward,
        layer_backward_cases,
        LAYER_BACKWARD_MISCONCEPTIONS,
        read="backprop-conv2d-backward",
        accepted=(
            backward_by(im2col_by_sliding, col2im_by_window),
            in_single_precision(backward_by(im2col_by_entry, col2im_by_entry)),
            backward_by_loops,
            backward_by_einsum,
            backward_by_turned_kernels,
        ),
        explain=explain_layer_backward,
        result=("array", "array", "array"),
        parts=("d_images", "d_kernels", "d_bias"),
        axes=((1, 2), (0, 1), (0, 1)),
        shape="The three have the shapes of the images, the kernels and the bias.",
        keywords=("stride", "padding"),
        helpers=("im2col", "col2im"),
        may_use=("cnncourse.backprop.im2col", "cnncourse.backprop.col2im"),
    ),
    Task(
        ASSIGNMENT,
        "relu",
        "relu(x)",
        rectified,
        relu_cases,
        RELU_MISCONCEPTIONS,
        read="backprop-relu",
        accepted=(
            lambda x: np.maximum(x, 0),
            lambda x: np.where(x > 0, x, 0.0),
            lambda x: x * (x > 0),
            lambda x: (x + np.abs(x)) / 2,
            lambda x: np.clip(np.asarray(x, np.float32), 0, None),
            relu_in_place,
            relu_by_loop,
        ),
        explain=explain_relu,
        shape="It is the shape of x.",
    ),
    Task(
        ASSIGNMENT,
        "relu_backward",
        "relu_backward(grad, x)",
        rectified_backward,
        relu_backward_cases,
        RELU_BACKWARD_MISCONCEPTIONS,
        read="backprop-relu-backward",
        accepted=(
            lambda grad, x: grad * (x > 0),
            lambda grad, x: np.where(x > 0, grad, 0),
            lambda grad, x: np.float32(grad) * np.heaviside(x, 0),
            lambda grad, x: grad * np.sign(np.maximum(x, 0)),
            relu_backward_in_place,
            relu_backward_by_loop,
        ),
        explain=explain_relu_backward,
        shape="It is the shape of x.",
        helpers=("relu",),
    ),
    Task(
        ASSIGNMENT,
        "affine",
        "affine(x, w, b)",
        weighted_sums,
        affine_cases,
        AFFINE_MISCONCEPTIONS,
        read="backprop-affine",
        accepted=(
            lambda x, w, b: x @ w + b,
            lambda x, w, b: np.einsum("nd,dm->nm", x, w) + np.asarray(b),
            in_single_precision(lambda x, w, b: np.dot(x, w) + b),
            affine_by_rows,
            affine_with_a_column_of_ones,
            affine_by_sum,
        ),
        explain=explain_affine,
        shape="It is (N, M): a row for each sample, a column for each output.",
    ),
    Task(
        ASSIGNMENT,
        "affine_backward",
        "affine_backward(grad, x, w)",
        weighted_sums_backward,
        affine_backward_cases,
        AFFINE_BACKWARD_MISCONCEPTIONS,
        read="backprop-affine-backward",
        accepted=(
            lambda grad, x, w: (grad @ w.T, x.T @ grad, grad.sum(axis=0)),
            affine_backward_by_dot,
            affine_backward_by_samples,
            affine_backward_by_einsum,
            affine_backward_with_ones,
            in_single_precision(affine_backward_by_dot),
        ),
        explain=explain_affine_backward,
        result=("array", "array", "array"),
        parts=("d_x", "d_w", "d_b"),
        shape="The three have the shapes of x, w and b.",
        helpers=("affine",),
    ),
    Task(
        ASSIGNMENT,
        "softmax_cross_entropy",
        "softmax_cross_entropy(logits, labels)",
        cross_entropy,
        cross_entropy_cases,
        CROSS_ENTROPY_MISCONCEPTIONS,
        read="backprop-softmax-cross-entropy",
        accepted=(
            cross_entropy_by_rows,
            cross_entropy_by_logaddexp,
            cross_entropy_by_samples,
            cross_entropy_by_margins,
            lambda logits, labels: cross_entropy_by_rows(np.asarray(logits, np.float32), labels),
        ),
        explain=explain_cross_entropy,
        result=("value", "array"),
        parts=("loss", "d_logits"),
        shape="`d_logits` has the shape of the logits.",
    ),
    Task(
        ASSIGNMENT,
        "numerical_gradient",
        "numerical_gradient(f, x, eps=1e-5)",
        differences,
        numerical_gradient_cases,
        NUMERICAL_GRADIENT_MISCONCEPTIONS,
        read="backprop-numerical-gradient",
        accepted=(in_place, by_enumerating, by_iterator, by_directions, by_flat_copies),
        explain=explain_numerical_gradient,
        shape="It is the shape of x.",
        keywords=("eps",),
    ),
)
