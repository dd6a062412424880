"""What right means for the functions of 02-padding-stride, and the ways people get them wrong.

The chapter is ``book/padding_stride.md``. The references count places one by one and sum windows one by one, written
apart from :mod:`cnncourse.shapes` and :mod:`cnncourse.convolution`; the tests hold them against Keras and TensorFlow.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnncourse.checks.materials import (
    KINDS,
    backwards,
    bytes_of,
    every_other,
    in_a_sum,
    misconceptions,
    normals,
    number,
    whole_numbers,
)
from cnncourse.checks.task import Case, Panel, Task

ASSIGNMENT = "02-padding-stride"

# -- references ------------------------------------------------------------------------------------------------------


def places(n, f, padding=0, stride=1):
    """Where the kernel's first entry may lie; the image begins at 0."""
    return range(-padding, n + padding - f + 1, stride)


def count_places(n, f, padding=0, stride=1):
    if n < 1 or f < 1 or padding < 0 or stride < 1:
        raise ValueError("n, f and stride are at least 1, padding at least 0")
    if not places(n, f, padding, stride):
        raise ValueError("the kernel does not fit")
    return len(places(n, f, padding, stride))


def ends_at_the_end(n, f, padding, stride):
    return places(n, f, padding, stride)[-1] + f == n + padding


def pads_of_same(n, f, stride=1):
    windows = math.ceil(n / stride)
    reach = (windows - 1) * stride + f  # from the first pixel of the first window to the last of the last
    total = max(reach - n, 0)
    return total // 2, total - total // 2


def put_a_frame(images, padding, value=0.0):
    rows, columns = pair(padding)
    count, height, width, channels = np.shape(images)
    out = np.full((count, height + 2 * rows, width + 2 * columns, channels), float(value))
    out[:, rows : rows + height, columns : columns + width] = images
    return out


def layer(images, kernels, bias, stride=1, padding="valid"):
    images, kernels, bias = (np.asarray(array, float) for array in (images, kernels, bias))
    (count, height, width, _), (kh, kw, _, filters) = images.shape, kernels.shape
    sh, sw = pair(stride)
    rows = columns = (0, 0)
    if padding == "same":
        rows, columns = pads_of_same(height, kh, sh), pads_of_same(width, kw, sw)
    elif padding != "valid":
        rows, columns = ((side, side) for side in pair(padding))
    padded = np.pad(images, ((0, 0), rows, columns, (0, 0)))
    oh = len(range(0, padded.shape[1] - kh + 1, sh))
    ow = len(range(0, padded.shape[2] - kw + 1, sw))
    out = np.zeros((count, oh, ow, filters))
    for i in range(oh):
        for j in range(ow):
            window = padded[:, i * sh : i * sh + kh, j * sw : j * sw + kw]
            out[:, i, j] = np.tensordot(window, kernels, axes=3) + bias
    return out


def pair(value):
    return value if isinstance(value, (tuple, list)) else (value, value)


def see(layers):
    """From one output pixel back to the input: k pixels of a layer's output see (k − 1) · s + f of its input."""
    span = 1
    for kernel, stride in reversed(layers):
        span = (span - 1) * stride + kernel
    return span


# -- cases -----------------------------------------------------------------------------------------------------------


def size_cases(rng):
    def draw(*limits):
        return tuple(int(rng.integers(low, high)) for low, high in limits)

    def fitting(padding, stride):
        f = int(rng.integers(2, 8))
        p = int(rng.integers(1, 4)) if padding else 0
        s = int(rng.integers(2, 6)) if stride else 1
        return f + int(rng.integers(1, 12)), f, p, s

    about = "no padding, stride 1"
    cases = [Case(about, args) for args in ((3, 2), (5, 3), (4, 4), (7, 1), (1, 1), (28, 5), (9, 4, 0), (9, 4, 0, 1))]
    cases += [Case(about, fitting(False, False)[:2]) for _ in range(2)]
    about = "padding"
    cases += [
        Case(about, args) for args in ((3, 3, 1), (5, 2, 1), (6, 5, 2), (4, 1, 3), (2, 6, 2), (3, 5, 1), (7, 4, 2, 1))
    ]
    cases += [Case(about, fitting(True, False)[:3]) for _ in range(2)]
    about = "strides"
    cases += [
        Case(about, args)
        for args in (
            (5, 3, 0, 2),
            (4, 2, 0, 2),
            (7, 3, 0, 4),
            (9, 3, 0, 3),
            (4, 4, 0, 3),
            (13, 1, 0, 4),
            (23, 3, 0, 5),
            (31, 3, 0, 7),
        )
    ]
    about = "strides that leave pixels over"
    cases += [
        Case(about, args)
        for args in ((4, 3, 0, 2), (5, 2, 0, 2), (8, 3, 0, 4), (6, 3, 0, 5), (5, 3, 0, 7), (11, 4, 0, 3))
    ]
    cases += [Case(about, (3 * s + 2 + 1, 3, 0, s)) for s in draw((3, 6), (3, 6))]
    about = "padding and strides"
    cases += [
        Case(about, args)
        for args in ((3, 3, 1, 2), (5, 3, 1, 2), (6, 3, 1, 2), (7, 4, 2, 3), (2, 5, 2, 2), (1, 3, 1, 4), (10, 5, 3, 4))
    ]
    cases += [Case(about, fitting(True, True)) for _ in range(3)]
    about = "layers of real networks"
    cases += [Case(about, args) for args in ((227, 11, 0, 4), (224, 7, 3, 2), (55, 3, 0, 2), (224, 3, 1, 1), (32, 5))]
    about = "kernels that do not fit"
    cases += [
        Case(about, args, raises=True)
        for args in ((2, 3), (1, 5), (3, 4, 0, 2), (3, 6, 1), (1, 8, 3, 1), (2, 9, 3, 5), (4, 9, 2, 3), (4, 7, 1, 4))
    ]
    about = "impossible arguments"
    cases += [
        Case(about, args, raises=True)
        for args in (
            (0, 1, 1),
            (0, 2, 3, 2),
            (-1, 1, 2),
            (-3, 2, 5, 2),
            (-2, -3),
            (5, 0),
            (4, 0, 1, 2),
            (5, -1),
            (6, -2, 1, 3),
            (5, 3, -1),
            (9, 2, -2, 3),
            (5, 3, 0, 0),
            (6, 2, 2, 0),
            (5, 3, 0, -1),
            (7, 2, 1, -2),
            (5, 5, 0, -3),
        )
    ]
    return cases


def exact_cases(rng):
    cases = []

    def add(about, *quadruples):
        cases.extend(Case(about, args) for args in quadruples)

    add("stride 1", (3, 2, 0, 1), (5, 3, 1, 1), (4, 4, 0, 1), (6, 1, 2, 1), (7, 4, 3, 1))
    add("no padding, exactly", (5, 3, 0, 2), (4, 2, 0, 2), (7, 3, 0, 4), (9, 3, 0, 3), (10, 1, 0, 3), (8, 5, 0, 3))
    add(
        "no padding, pixels left over",
        (4, 3, 0, 2),
        (5, 2, 0, 2),
        (8, 3, 0, 4),
        (6, 3, 0, 2),
        (9, 4, 0, 3),
        (6, 5, 0, 2),
    )
    add(
        "padding, exactly",
        (5, 3, 1, 2),
        (3, 3, 2, 4),
        (6, 4, 1, 2),
        (5, 3, 2, 3),
        (7, 3, 1, 3),
        (4, 5, 2, 3),
        (8, 4, 3, 5),
    )
    add(
        "padding, pixels left over",
        *(
            (6, 3, 1, 2),
            (5, 4, 1, 2),
            (4, 3, 1, 3),
            (5, 3, 1, 3),
            (6, 5, 2, 4),
            (4, 3, 2, 3),
            (8, 2, 1, 5),
            (9, 3, 3, 5),
        ),
    )
    add("kernels as large as what they look at", (3, 3, 0, 2), (5, 5, 0, 4), (3, 3, 0, 5), (3, 5, 1, 3), (2, 8, 3, 9))
    add("strides larger than what is left", (4, 3, 0, 2), (5, 3, 0, 3), (3, 3, 1, 5), (6, 4, 1, 9), (4, 3, 0, 1000))
    add("layers of real networks", (227, 11, 0, 4), (224, 11, 0, 4), (224, 7, 3, 2), (55, 3, 0, 2), (13, 3, 0, 2))
    for _ in range(6):
        f, p, s, k = (int(rng.integers(*limits)) for limits in ((2, 7), (1, 4), (3, 7), (1, 5)))
        n = f + 3 * s + k * s - 2 * p
        add("padding, exactly", (n, f, p, s))
        add("padding, pixels left over", (n + 1 + k % (s - 1), f, p, s))
    return cases


def same_cases(rng):
    cases = []

    def add(about, *calls):
        cases.extend(Case(about, args) for args in calls)

    add("odd kernels", (5, 3), (3, 1), (7, 5), (4, 7), (6, 3, 1))
    add("even kernels", (5, 2), (4, 4), (7, 6), (3, 2, 1))
    add("strides that divide the size", (4, 3, 2), (6, 3, 3), (6, 5, 2), (8, 4, 2), (9, 4, 3), (8, 7, 4), (12, 8, 3))
    add("strides that do not divide it", (5, 3, 2), (7, 2, 2), (5, 4, 3), (7, 6, 3), (10, 5, 4), (11, 6, 4), (9, 7, 5))
    add("strides larger than the kernel", (4, 1, 2), (6, 2, 4), (9, 3, 5), (4, 2, 3), (7, 1, 3), (10, 3, 5), (5, 2, 4))
    add("kernels larger than the image", (2, 5), (1, 4), (3, 8, 2), (2, 6, 3), (1, 3, 2), (3, 7, 5))
    add("layers of real networks", (224, 7, 2), (224, 3), (227, 11, 4), (112, 3, 2), (28, 5))
    for _ in range(3):
        f, s, k = (int(rng.integers(*limits)) for limits in ((4, 10), (2, 4), (2, 6)))
        add("strides that divide the size", (k * s, f, s))
        add("strides that do not divide it", (k * s + 1, f, s))
    return cases


def pad_cases(rng):
    cases = []

    def add(about, shape, *args, draw=whole_numbers):
        cases.append(Case(about, (draw(rng, *shape), *args)))

    about = "one pixel all round"
    add(about, (1, 1, 1, 1), 1)
    add(about, (1, 2, 2, 1), 1)
    add(about, (1, 3, 3, 1), 1, draw=normals)
    about = "wider frames, and none"
    add(about, (1, 2, 2, 1), 2)
    add(about, (1, 3, 3, 1), 3)
    add(about, (1, 2, 2, 1), 5)
    add(about, (1, 2, 2, 1), 0)
    add(about, (1, 3, 3, 1), (0, 0))
    about = "rows and columns of different widths"
    add(about, (1, 2, 2, 1), (1, 2))
    add(about, (1, 2, 2, 1), (2, 1))
    add(about, (1, 2, 2, 1), (0, 1))
    add(about, (1, 2, 2, 1), (1, 0))
    add(about, (1, 3, 3, 1), (3, 1), draw=normals)
    add(about, (1, 2, 2, 1), (2, 2))
    about = "another value"
    add(about, (1, 2, 2, 1), 1, 7)
    add(about, (1, 2, 2, 1), 1, -2.5)
    add(about, (1, 2, 2, 1), 2, 0.25)
    add(about, (1, 2, 2, 1), 1, 0.0)
    add(about, (1, 3, 3, 1), 1, -90.0, draw=normals)
    cases.append(Case(about, (whole_numbers(rng, 1, 3, 3, 1) * np.eye(3)[:, :, None], 1, 5.0)))
    about = "images that are not square"
    add(about, (1, 2, 3, 1), 1)
    add(about, (1, 4, 1, 1), 1)
    add(about, (1, 2, 5, 1), 2, draw=normals)
    about = "several images and channels"
    add(about, (2, 2, 2, 1), 1)
    add(about, (1, 2, 2, 3), 1)
    add(about, (3, 2, 2, 2), 1)
    add(about, (2, 3, 3, 4), 2, draw=normals)
    cases.append(Case(KINDS, (whole_numbers(rng, 1, 2, 2, 1).astype(int), 1)))
    cases.append(Case(KINDS, (whole_numbers(rng, 1, 2, 2, 1).astype(int), 1, 0.5)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 2).astype("f4"), 1)))
    cases.append(Case(KINDS, (every_other(normals(rng, 1, 2, 2, 2)), 1)))
    cases.append(Case(KINDS, (backwards(normals(rng, 2, 3, 3, 1)), 2)))
    cases.append(Case(KINDS, (normals(rng, 2, 3, 3, 2).transpose(3, 2, 1, 0), 1)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 2, 2, 1), 1)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 2, 2, 1), 1, -3)))
    about = "everything at once"
    add(about, (2, 2, 4, 3), (3, 1), -1.5)
    add(about, (3, 5, 2, 2), (1, 4), draw=normals)
    return cases


def layer_cases(rng):
    """Layers. Each property varies one thing."""
    cases = []

    def add(about, images, kernels, *args, draw=whole_numbers, bias=False):
        x, w = draw(rng, *images), draw(rng, *kernels)
        b = draw(rng, kernels[-1]) if bias else np.zeros(kernels[-1])
        cases.append(Case(about, (x, w, b, *args)))

    about = "strides"
    add(about, (1, 3, 3, 1), (1, 1, 1, 1), 2)
    add(about, (1, 4, 4, 1), (2, 2, 1, 1), 2)
    add(about, (1, 5, 5, 1), (3, 3, 1, 1), 2)
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), 3)
    add(about, (1, 8, 8, 1), (2, 2, 1, 1), 2)
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), 1, "valid")
    add(about, (1, 9, 9, 1), (3, 3, 1, 1), 2, "valid", draw=normals)
    add(about, (1, 10, 10, 1), (4, 4, 1, 1), 3, "valid", draw=normals)
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), 2)
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), 2)
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), 2)
    add(about, (1, 6, 6, 1), (2, 2, 1, 1), 3)
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), 5)
    add(about, (1, 8, 8, 1), (3, 3, 1, 1), 2, draw=normals)
    about = "padding by a number"
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), 1, 1)
    add(about, (1, 3, 3, 1), (3, 3, 1, 1), 1, 1)
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), 1, 2)
    add(about, (1, 2, 2, 1), (3, 3, 1, 1), 1, 1)
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), 1, 0)
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), 1, 3, bias=True)
    add(about, (1, 5, 5, 1), (4, 4, 1, 1), 1, 2, draw=normals)
    about = "padding “same”, stride 1"
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), 1, "same")
    add(about, (1, 3, 3, 1), (3, 3, 1, 1), 1, "same")
    add(about, (1, 4, 4, 1), (4, 4, 1, 1), 1, "same")
    add(about, (1, 3, 3, 1), (1, 1, 1, 1), 1, "same")
    add(about, (1, 3, 3, 1), (5, 5, 1, 1), 1, "same")
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), 1, "same", draw=normals)
    about = "padding “same” with a stride"
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), 2, "same")
    add(about, (1, 4, 4, 1), (2, 2, 1, 1), 2, "same")
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), 2, "same")
    add(about, (1, 5, 5, 1), (3, 3, 1, 1), 2, "same")
    add(about, (1, 6, 6, 1), (5, 5, 1, 1), 2, "same")
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), 3, "same")
    add(about, (1, 4, 4, 1), (1, 1, 1, 1), 3, "same")
    add(about, (1, 6, 6, 1), (2, 2, 1, 1), 4, "same")
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), 4, "same")
    add(about, (1, 2, 2, 1), (5, 5, 1, 1), 2, "same")
    add(about, (1, 7, 7, 1), (6, 6, 1, 1), 3, "same", draw=normals)
    add(about, (1, 8, 8, 1), (7, 7, 1, 1), 3, "same", draw=normals)
    add(about, (1, 10, 10, 1), (3, 3, 1, 1), 5, "same", draw=normals)
    about = "pairs for rows and columns"
    add(about, (1, 3, 3, 1), (1, 1, 1, 1), (1, 2))
    add(about, (1, 3, 3, 1), (1, 1, 1, 1), (2, 1))
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), (1, 3))
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), (3, 1))
    add(about, (1, 7, 7, 1), (3, 3, 1, 1), (2, 4), draw=normals)
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), 1, (0, 1))
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), 1, (1, 0))
    add(about, (1, 3, 3, 1), (3, 3, 1, 1), 1, (2, 1))
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), (2, 3), (1, 2))
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), (3, 1), (1, 0), draw=normals)
    add(about, (1, 5, 5, 1), (3, 3, 1, 1), (2, 1), "same")
    add(about, (1, 7, 7, 1), (5, 5, 1, 1), (1, 3), "same")
    about = "images and kernels that are not square"
    add(about, (1, 3, 5, 1), (1, 1, 1, 1), 2)
    add(about, (1, 5, 3, 1), (3, 1, 1, 1), 2)
    add(about, (1, 3, 5, 1), (1, 3, 1, 1), 2)
    add(about, (1, 2, 4, 1), (2, 2, 1, 1), 1, 1)
    add(about, (1, 3, 3, 1), (1, 3, 1, 1), 1, "same")
    add(about, (1, 3, 4, 1), (3, 5, 1, 1), 1, "same")
    add(about, (1, 4, 4, 1), (5, 1, 1, 1), 1, "same")
    add(about, (1, 3, 5, 1), (3, 5, 1, 1), 2, "same")
    add(about, (1, 5, 7, 1), (3, 5, 1, 1), 2, "same", draw=normals)
    add(about, (1, 5, 8, 1), (4, 6, 1, 1), 3, "same", draw=normals)
    about = "several images, channels and filters, with a bias"
    add(about, (1, 3, 3, 1), (2, 2, 1, 1), bias=True)
    add(about, (1, 3, 3, 1), (2, 2, 1, 2), bias=True)
    add(about, (1, 3, 3, 2), (2, 2, 2, 1))
    add(about, (2, 3, 3, 1), (2, 2, 1, 1))
    add(about, (2, 3, 3, 2), (2, 2, 2, 3), bias=True)
    add(about, (1, 3, 3, 3), (2, 2, 3, 3), bias=True)
    add(about, (2, 5, 5, 2), (3, 3, 2, 4), 2, bias=True, draw=normals)
    add(about, (3, 4, 4, 2), (3, 3, 2, 2), 1, "same", bias=True, draw=normals)
    x, w = whole_numbers(rng, 1, 3, 3, 1).astype(int), normals(rng, 2, 2, 1, 1)
    cases.append(Case(KINDS, (x, w, np.zeros(1))))
    cases.append(Case(KINDS, (x, w, np.zeros(1), 1, 1)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 1), whole_numbers(rng, 2, 2, 1, 1).astype(int), np.zeros(1, int))))
    x, w = (whole_numbers(rng, *shape).astype(int) for shape in ((1, 4, 4, 2), (2, 2, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.array([2, 3]))))
    x, w = (normals(rng, *shape).astype("f4") for shape in ((1, 4, 4, 2), (3, 3, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.zeros(2, "f4"))))
    x, w = every_other(normals(rng, 1, 4, 4, 2)), every_other(normals(rng, 2, 2, 2, 2))
    cases.append(Case(KINDS, (x, w, np.zeros(2))))
    x, w = backwards(normals(rng, 2, 3, 3, 1)), backwards(normals(rng, 2, 2, 1, 1))
    cases.append(Case(KINDS, (x, w, np.zeros(1))))
    w = whole_numbers(rng, 2, 2, 1, 1)
    cases.append(Case(KINDS, (bytes_of(rng, 1, 3, 3, 1), w.astype(int), np.zeros(1))))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 4, 4, 1), w / 7, np.zeros(1))))
    about = "everything at once"
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), 2, 1)
    add(about, (1, 5, 5, 1), (3, 3, 1, 1), 2, 1)
    add(about, (1, 5, 5, 1), (2, 2, 1, 1), 3, 2, draw=normals)
    add(about, (2, 5, 7, 2), (2, 3, 2, 3), (2, 3), "same", bias=True)
    add(about, (3, 6, 4, 3), (3, 2, 3, 2), (1, 2), (2, 1), bias=True, draw=normals)
    add(about, (2, 7, 6, 2), (3, 2, 2, 4), (3, 2), bias=True, draw=normals)
    x, w = normals(rng, 1, 5, 5, 2).swapaxes(1, 2), normals(rng, 3, 3, 2, 2).transpose(1, 0, 3, 2)
    cases.append(Case(about, (x, w, np.zeros(2), 2, "same")))
    return cases


ALEXNET = [(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)]


def field_cases(rng):
    cases = [
        Case("no layer, and one", ([],)),
        Case("no layer, and one", ([(3, 1)],)),
        Case("no layer, and one", ([(5, 2)],)),
        Case("no layer, and one", ([(1, 3)],)),
        Case("no layer, and one", ([(4, 4)],)),
        Case("several layers of stride 1", ([(3, 1), (3, 1)],)),
        Case("several layers of stride 1", ([(5, 1), (2, 1)],)),
        Case("several layers of stride 1", ([(3, 1), (1, 1), (4, 1)],)),
        Case("several layers of stride 1", ([(3, 1)] * 5,)),
        Case("a stride in the first layer", ([(3, 2), (3, 1)],)),
        Case("a stride in the first layer", ([(2, 2), (5, 1)],)),
        Case("a stride in the first layer", ([(4, 3), (3, 1), (2, 1)],)),
        Case("a stride in the last layer", ([(3, 1), (3, 2)],)),
        Case("a stride in the last layer", ([(5, 1), (3, 1), (2, 4)],)),
        Case("several strides", ([(3, 2), (3, 2)],)),
        Case("several strides", ([(3, 2), (2, 3), (4, 1)],)),
        Case("several strides", ([(2, 3), (3, 2), (5, 2), (3, 1)],)),
        Case("several strides", ([(3, 2), (3, 2), (3, 2), (3, 2)],)),
        Case("kernels of 1, and strides longer than the kernel", ([(1, 2), (3, 1)],)),
        Case("kernels of 1, and strides longer than the kernel", ([(1, 2), (1, 3), (2, 1)],)),
        Case("kernels of 1, and strides longer than the kernel", ([(2, 5), (2, 1)],)),
        Case("layers of real networks", ([(5, 1), (2, 2), (5, 1), (2, 2)],)),
        Case("layers of real networks", (ALEXNET,)),
        Case("layers of real networks", ([(7, 2), (3, 2), (3, 1), (3, 1)],)),
    ]
    for count in (2, 3, 4):
        layers = [(int(f), int(s)) for f, s in zip(rng.integers(2, 7, count), rng.integers(2, 4, count), strict=True)]
        cases.append(Case("several strides", (layers,)))
    return cases


# -- what to show of a case ------------------------------------------------------------------------------------------


def explain_size(args, index):
    n, f, p, s = (*args, *(0, 1)[len(args) - 2 :]) if len(args) < 4 else args
    begins = [k + p for k in places(n, f, p, s)]
    shown = ", ".join(map(str, begins[:6])) + (f", …, {begins[-1]}" if len(begins) > 6 else "")
    padded = f"{n} + 2·{p} = {n + 2 * p}" if p else f"{n}"
    return [], f"Of {padded} pixels, counted from 0, a kernel of {f} can begin on {shown}."


def explain_exact(args, index):
    n, f, p, s = args
    begin = places(n, f, p, s)[-1] + p
    end, last = begin + f - 1, n + 2 * p - 1
    left = f"{last - end} left over, so False" if last > end else "nothing is left over, so True"
    return [], (
        f"With padding the pixels are 0 to {last}. The kernel's last place begins on pixel {begin} and ends on pixel "
        f"{end}: {left}."
    )


def explain_same(args, index):
    n, f, s = (*args, 1)[:3]
    windows = -(-n // s)
    reach = (windows - 1) * s + f
    missing = f"{reach} − {n} = {reach - n} missing" if reach > n else f"{n} are enough, nothing is missing"
    return [], (
        f"⌈{n} / {s}⌉ = {windows} window{'s' * (windows > 1)} of {f} reach over ({windows} − 1)·{s} + {f} = {reach} "
        f"pixels: {missing}."
    )


def explain_pad(args, index):
    images, padding, value = (*args, 0.0)[:3]
    n, i, j, c = index
    (rows, columns), (height, width) = pair(padding), images.shape[1:3]
    inside = 0 <= i - rows < height and 0 <= j - columns < width
    pixel = (slice(i - rows, i - rows + 1), slice(j - columns, j - columns + 1)) if inside else None
    call = f"With padding {padding!r}" + (f" and value {value!r}" if len(args) > 2 else "")
    holds = f"pixel [{i - rows}, {j - columns}] of the image" if inside else f"frame and holds {number(value)}"
    return [Panel(f"images[{n}, :, :, {c}]", images[n, :, :, c], pixel)], f"{call}: entry {list(index)} is {holds}."


def explain_layer(args, index):
    images, kernels, bias, stride, padding = (*args, *(1, "valid")[len(args) - 3 :]) if len(args) < 5 else args
    (n, i, j, f), (kh, kw, channels, _), (sh, sw) = index, kernels.shape, pair(stride)
    rows, columns = (
        as_asked(size, k, s, padding if isinstance(padding, str) else pair(padding)[axis])
        for axis, (size, k, s) in enumerate(zip(images.shape[1:3], (kh, kw), (sh, sw), strict=True))
    )
    padded = np.pad(np.asarray(images, float), ((0, 0), rows, columns, (0, 0)))
    window = (slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
    panels, sums = [], []
    frame = ", padded" if any((*rows, *columns)) else ""
    for c in range(channels):
        panels.append(Panel(f"images[{n}, :, :, {c}]{frame}", padded[n, :, :, c], window))
        panels.append(Panel(f"kernels[:, :, {c}, {f}]", kernels[:, :, c, f]))
        sums.append(float(np.sum(padded[n, window[0], window[1], c] * kernels[:, :, c, f])))
    total = sum(sums) + float(bias[f])
    added = " + ".join(in_a_sum(value) for value in sums)
    pads = f"padding {padding!r}"
    if padding == "same":
        pads += f" (rows {rows[0]} before and {rows[1]} after, columns {columns[0]} and {columns[1]})"
    return panels, (
        f"With stride {stride!r} and {pads}, entry {list(index)} looks at the marked window. Its products add up to "
        f"{added}, with the bias {in_a_sum(bias[f])}: {number(total)}."
    )


def explain_field(args, index):
    (layers,) = args
    if not layers:
        return [], "Without a layer an output pixel is an input pixel."
    size, step, told = 1, 1, []
    for kernel, stride in layers:
        told.append(f"({kernel}, {stride}) adds ({kernel} − 1)·{step}")
        size, step = size + (kernel - 1) * step, step * stride
    return [], f"Start with 1 pixel. {'; '.join(told)}."


# -- the ways people count places wrong ------------------------------------------------------------------------------


def refusing(n, f, padding, stride):
    if n < 1 or f < 1 or padding < 0 or stride < 1:
        raise ValueError("impossible")
    if f > n + 2 * padding:
        raise ValueError("does not fit")


def counting(formula, check=refusing):
    def wrong(n, f, padding=0, stride=1):
        check(n, f, padding, stride)
        return formula(n, f, padding, stride)

    return wrong


def right_size(n, f, p, s):
    return (n + 2 * p - f) // s + 1


def nothing_checked(n, f, p, s):
    pass


def only_the_fit_checked(n, f, p, s):
    if f > n + 2 * p:
        raise ValueError("does not fit")


def only_the_arguments_checked(n, f, p, s):
    if n < 1 or f < 1 or p < 0 or s < 1:
        raise ValueError("impossible")


def all_but(*unchecked):
    """Every argument is tested but these, and the fit too."""

    def check(n, f, p, s):
        tests = {"n": n < 1, "f": f < 1, "padding": p < 0, "stride": s < 1, "fit": f > n + 2 * p}
        if any(fails for name, fails in tests.items() if name not in unchecked):
            raise ValueError("impossible")

    return check


def refusing_also(test):
    def check(n, f, p, s):
        refusing(n, f, p, s)
        if test(n, f, p, s):
            raise ValueError("refused")

    return check


def at_least_one(size):
    if size < 1:
        raise ValueError("does not fit")
    return size


PLACES = "The formula is ⌊(n + 2p − f) / s⌋ + 1."

SIZE_MISCONCEPTIONS = misconceptions(
    (
        "the + 1 forgotten",
        counting(lambda n, f, p, s: (n + 2 * p - f) // s),
        "You count the steps. The place where the kernel starts is one more: 3 pixels and a kernel of 3 make one "
        "place.",
    ),
    (
        "padding counted on one side",
        counting(lambda n, f, p, s: (n + p - f) // s + 1, refusing),
        "The padding is counted once. It is added on both sides: the axis has n + 2p pixels.",
    ),
    (
        "rounded up",
        counting(lambda n, f, p, s: math.ceil((n + 2 * p - f) / s) + 1),
        "Where the stride does not divide, you round up, and the last window hangs over the border. Only whole "
        "windows count: round down.",
    ),
    (
        "rounded to the nearest",
        counting(lambda n, f, p, s: round((n + 2 * p - f) / s) + 1),
        "Where the stride does not divide, you round to the nearest number. A window that is half there does not fit: "
        "round down.",
    ),
    (
        "not rounded",
        counting(lambda n, f, p, s: (n + 2 * p - f) / s + 1),
        "Where the stride does not divide, your answer has a fraction. There is no half place: round down, as `//` "
        "does.",
    ),
    (
        "nothing is impossible",
        counting(right_size, nothing_checked),
        "Your numbers are right, and impossible arguments get a number too. A kernel that does not fit, n, f or s "
        "below 1, or p below 0: each of these asks for a `ValueError`.",
    ),
    (
        "0 where the kernel does not fit",
        counting(
            lambda n, f, p, s: max(right_size(n, f, p, s), 0) if f <= n + 2 * p else 0, only_the_arguments_checked
        ),
        "Where the kernel does not fit you answer 0. Whoever asked would go on with an empty array: raise a "
        "`ValueError`.",
    ),
    (
        "a kernel that does not fit is accepted",
        counting(right_size, only_the_arguments_checked),
        "A kernel that is larger than the padded input gets a number, which is 0 or below. It does not fit: "
        "`raise ValueError`.",
    ),
    (
        "only results below 1 refused",
        lambda n, f, padding=0, stride=1: at_least_one((n + 2 * padding - f) // stride + 1),
        "You look at the result alone. A kernel of 0 or a padding of −1 may still give a number that looks right: test "
        "n, f, p and s themselves.",
    ),
    (
        "only the fit tested",
        counting(right_size, only_the_fit_checked),
        "You test whether the kernel fits, and nothing else. n, f and s are at least 1, p at least 0; anything else "
        "asks for a `ValueError`.",
    ),
    (
        "a padding below 0 accepted",
        counting(right_size, all_but("padding")),
        "A padding below 0 gets a number. There is no such frame: `raise ValueError`.",
    ),
    (
        "an input of 0 pixels accepted",
        counting(right_size, all_but("n")),
        "An input without a pixel gets a number as soon as there is padding. n is at least 1: `raise ValueError`.",
    ),
    (
        "a kernel of 0 accepted",
        counting(right_size, all_but("f")),
        "A kernel of 0 pixels, or fewer, gets a number. f is at least 1: `raise ValueError`.",
    ),
    (
        "a stride below 1 accepted",
        counting(right_size, all_but("stride")),
        "A stride below 1 is not refused: 0 ends with a division by zero, and a negative one gets a number. "
        "s is at least 1: `raise ValueError`.",
    ),
    (
        "0 allowed where 1 is the least",
        counting(
            lambda n, f, p, s: right_size(n, f, p, s) if s else 0,
            lambda n, f, p, s: refusing(n or 1, f or 1, p, s or 1) if f <= n + 2 * p else refusing(1, 2, 0, 1),
        ),
        "You refuse numbers below 0 and let n, f or s be 0. Each of them is at least 1.",
    ),
    (
        "refused where the stride does not divide",
        counting(right_size, refusing_also(lambda n, f, p, s: (n + 2 * p - f) % s)),
        "You refuse sizes that the stride does not divide. Those are possible: the pixels left over are not looked at, "
        "and the number is rounded down.",
    ),
    (
        "refused where the kernel is as large as the input",
        counting(right_size, refusing_also(lambda n, f, p, s: f == n + 2 * p)),
        "A kernel that is exactly as large as the padded input fits, once. You refuse it.",
    ),
    (
        "fit tested without the padding",
        counting(right_size, refusing_also(lambda n, f, p, s: f > n)),
        "You test whether the kernel fits into the bare input. With padding there is more room: n + 2p pixels.",
    ),
    (
        "padding of 0 refused",
        counting(right_size, refusing_also(lambda n, f, p, s: p == 0)),
        "You refuse a padding of 0. No padding is possible; below 0 is not.",
    ),
    (
        "stride ignored",
        counting(lambda n, f, p, s: n + 2 * p - f + 1),
        "The stride does not appear. With a stride of 2 the kernel has only about half as many places. " + PLACES,
    ),
    (
        "padding ignored",
        counting(lambda n, f, p, s: (n - f) // s + 1),
        "The padding does not appear. It adds p pixels on either side. " + PLACES,
    ),
    (
        "padding subtracted",
        counting(lambda n, f, p, s: (n - 2 * p - f) // s + 1),
        "The padding is taken away. It is added: the frame makes more room.",
    ),
    (
        "the + 1 inside the division",
        counting(lambda n, f, p, s: (n + 2 * p - f + 1) // s),
        "The 1 is divided too. It is the place where the kernel starts, and is added after the division.",
    ),
    (
        "brackets forgotten",
        counting(lambda n, f, p, s: n + 2 * p - f // s + 1),
        "Only f is divided by the stride: `/` comes before `+` and `−`. Brackets belong around n + 2p − f.",
    ),
    (
        "padding added after the division",
        counting(lambda n, f, p, s: (n - f) // s + 1 + 2 * p),
        "The padding is added to the result. It is a part of the axis on which the stride walks: add it before "
        "dividing.",
    ),
    (
        "size of padding “same”",
        counting(lambda n, f, p, s: -(-n // s)),
        "This is ⌈n / s⌉, the size with padding “same”. Here the padding is given. " + PLACES,
    ),
    (
        "kernel's size not subtracted",
        counting(lambda n, f, p, s: (n + 2 * p) // s + 1),
        "The kernel's size does not appear. A larger kernel has fewer places. " + PLACES,
    ),
    (
        "places as if kernels lay side by side",
        counting(lambda n, f, p, s: (n + 2 * p) // f),
        "You divide by the kernel's size, as if kernels lay side by side. They move by the stride.",
    ),
    (
        "divided by stride + 1",
        counting(lambda n, f, p, s: (n + 2 * p - f) // (s + 1) + 1),
        "You divide by s + 1. From place to place it is s pixels.",
    ),
    (
        "one place too many",
        counting(lambda n, f, p, s: (n + 2 * p - f) // s + 2),
        "Your answer is one too large. The last place begins on pixel n + 2p − f, counted from 0.",
    ),
    (
        "padding and stride exchanged",
        lambda n, f, padding=0, stride=1: count_places(n, f, stride, padding),
        "Padding and stride have changed places. The order is n, f, padding, stride.",
    ),
    (
        "a stride of 2 unless one is given",
        lambda n, f, padding=0, stride=2: count_places(n, f, padding, stride),
        "Called without a stride you take 2. It is 1 unless one is given.",
    ),
    (
        "a padding of 1 unless one is given",
        lambda n, f, padding=1, stride=1: count_places(n, f, padding, stride),
        "Called without a padding you take 1. It is 0 unless one is given.",
    ),
)


def whether(formula):
    return lambda n, f, padding, stride: bool(formula(n, f, padding, stride))


def value_of(formula):
    return lambda n, f, padding, stride: formula(n, f, padding, stride)


EXACT_MISCONCEPTIONS = misconceptions(
    (
        "answered the wrong way round",
        whether(lambda n, f, p, s: (n + 2 * p - f) % s),
        "You say True where pixels are left over and False where it fits. A remainder of 0 means that it fits.",
    ),
    (
        "remainder instead of yes or no",
        value_of(lambda n, f, p, s: (n + 2 * p - f) % s),
        "You return the remainder. The question is whether it is 0: True or False.",
    ),
    (
        "padding counted on one side",
        whether(lambda n, f, p, s: (n + p - f) % s == 0),
        "The padding is counted once. It is added on both sides: n + 2p − f is divided by s.",
    ),
    (
        "padding ignored",
        whether(lambda n, f, p, s: (n - f) % s == 0),
        "The padding does not appear. It makes the axis longer by 2p: n + 2p − f is divided by s.",
    ),
    (
        "kernel's size not subtracted",
        whether(lambda n, f, p, s: (n + 2 * p) % s == 0),
        "The kernel's size does not appear. It is n + 2p − f that is divided by s.",
    ),
    (
        "input divided by the stride",
        whether(lambda n, f, p, s: n % s == 0),
        "You ask whether the stride divides the input's size. It is n + 2p − f that is divided by s.",
    ),
    (
        "one pixel too many",
        whether(lambda n, f, p, s: (n + 2 * p - f + 1) % s == 0),
        "You divide n + 2p − f + 1. The 1 of the formula is added after the division; the remainder is that of "
        "n + 2p − f.",
    ),
    (
        "one pixel too few",
        whether(lambda n, f, p, s: (n + 2 * p - f - 1) % s == 0),
        "You divide n + 2p − f − 1. It is n + 2p − f that is divided by s.",
    ),
    (
        "input divided by the kernel",
        whether(lambda n, f, p, s: (n + 2 * p) % f == 0),
        "You ask whether kernels side by side fill the axis. They move by the stride: n + 2p − f is divided by s.",
    ),
    (
        "kernel divided by the stride",
        whether(lambda n, f, p, s: f % s == 0),
        "You ask whether the stride divides the kernel's size. It is n + 2p − f that is divided by s.",
    ),
    (
        "brackets forgotten",
        whether(lambda n, f, p, s: n + 2 * p - f % s == 0),
        "Only f is divided: `%` comes before `+` and `−`. Brackets belong around n + 2p − f.",
    ),
    (
        "number of places divided by the stride",
        whether(lambda n, f, p, s: right_size(n, f, p, s) % s == 0),
        "You divide the number of places by the stride. Look at n + 2p − f, from which that number is made.",
    ),
    (
        "whether it fits at all",
        whether(lambda n, f, p, s: n + 2 * p >= f),
        "You ask whether the kernel fits at all. The question is whether pixels are left over at the end.",
    ),
    (
        "whether anything is left after the first place",
        whether(lambda n, f, p, s: (n + 2 * p - f) // s),
        "You look at the quotient, which counts the steps. The question is about the remainder: `%`.",
    ),
    (
        "never exactly",
        whether(lambda n, f, p, s: False),
        "You say False whatever the arguments. When is the remainder 0?",
    ),
    (
        "only where the kernel covers everything",
        whether(lambda n, f, p, s: n + 2 * p == f),
        "You say True where the kernel is as large as the padded input. It also fits exactly when the last of several "
        "places ends at the end.",
    ),
    (
        "padding subtracted",
        whether(lambda n, f, p, s: (n - 2 * p - f) % s == 0),
        "The padding is taken away. It is added on both sides.",
    ),
    (
        "the number of places instead of yes or no",
        value_of(right_size),
        "You return the number of places. The question is whether the division leaves no remainder: True or False.",
    ),
    (
        "the quotient with its fraction",
        value_of(lambda n, f, p, s: (n + 2 * p - f) / s),
        "You return the quotient. The question is whether it is a whole number: True or False.",
    ),
)


def pads(total, split=lambda t: (t // 2, t - t // 2)):
    return lambda n, f, stride=1: split(total(n, f, stride))


def right_total(n, f, s):
    return max((-(-n // s) - 1) * s + f - n, 0)


def both_sides(t):
    return t // 2, t // 2


SAME_MISCONCEPTIONS = misconceptions(
    (
        "odd pixel before",
        pads(right_total, lambda t: (t - t // 2, t // 2)),
        "When an odd number of pixels is needed, you put the odd one before. TensorFlow puts it after.",
    ),
    (
        "stride ignored",
        pads(lambda n, f, s: f - 1),
        "Your padding is f − 1 pixels whatever the stride. That is right for a stride of 1; a longer one needs fewer, "
        "since there are only ⌈n / s⌉ windows.",
    ),
    (
        "half of f − 1 on each side",
        pads(lambda n, f, s: f - 1, both_sides),
        "You take (f − 1) / 2 on each side, which is right for odd kernels and a stride of 1. How many pixels do "
        "⌈n / s⌉ windows reach over?",
    ),
    (
        "half the kernel on each side",
        pads(lambda n, f, s: f, both_sides),
        "You take half of f on each side, which is right for odd kernels and a stride of 1. How many pixels do ⌈n / s⌉ "
        "windows reach over?",
    ),
    (
        "odd pixel lost",
        pads(right_total, both_sides),
        "The total is halved and rounded down on both sides, so that an odd pixel is lost. The rest goes after.",
    ),
    (
        "rounded up on both sides",
        pads(right_total, lambda t: (-(-t // 2), -(-t // 2))),
        "The total is halved and rounded up on both sides: an odd total becomes one too large.",
    ),
    (
        "halves with a fraction",
        pads(right_total, lambda t: (t / 2, t / 2)),
        "An odd total gives you half pixels. The smaller half goes before, the larger one after.",
    ),
    (
        "all of it on each side",
        pads(right_total, lambda t: (t, t)),
        "The total is put on each side. It is shared: half before, half after.",
    ),
    (
        "all of it before",
        pads(right_total, lambda t: (t, 0)),
        "All the padding comes before. It is shared: half before, half after, the odd pixel after.",
    ),
    (
        "all of it after",
        pads(right_total, lambda t: (0, t)),
        "All the padding comes after. It is shared: half of it, rounded down, comes before.",
    ),
    (
        "negative padding",
        pads(lambda n, f, s: (-(-n // s) - 1) * s + f - n),
        "Where the stride is longer than the kernel your padding may be negative. Then no padding is needed: 0.",
    ),
    (
        "as many outputs as inputs",
        pads(lambda n, f, s: (n - 1) * s + f - n),
        "Your padding keeps the size n although the stride is longer than 1. “same” means ⌈n / s⌉ outputs.",
    ),
    (
        "number of windows rounded down",
        pads(lambda n, f, s: max((n // s - 1) * s + f - n, 0)),
        "You pad for ⌊n / s⌋ windows. With “same” none is given up: ⌈n / s⌉, rounded up.",
    ),
    (
        "f − s, whatever the size",
        pads(lambda n, f, s: max(f - s, 0)),
        "You pad f − s pixels. That is right when the stride divides n; else the last window has less to reach: it "
        "depends on n mod s.",
    ),
    (
        "one window too many",
        pads(lambda n, f, s: max(-(-n // s) * s + f - n, 0)),
        "You count the reach of one window more than there are: from the first of k windows to the last it is (k − 1) "
        "steps.",
    ),
    (
        "one window too many where the stride divides",
        pads(lambda n, f, s: max(f - n % s, 0)),
        "Where the stride divides n you pad for one window too many. There are n / s windows, rounded up: ⌊n / s⌋ + 1 "
        "is one more when nothing is left, and f − n mod s subtracts 0 where it should subtract s.",
    ),
    (
        "what is left over without padding",
        pads(lambda n, f, s: -(n - f) % s if n >= f else f - n),
        "You pad until the stride divides n − f, so that nothing is left over. “same” asks for ⌈n / s⌉ outputs, which "
        "may take more.",
    ),
    (
        "no padding",
        pads(lambda n, f, s: 0),
        "You never pad. With a stride of 1 the output is to be as large as the input: how many pixels does that take?",
    ),
    (
        "total and outputs",
        lambda n, f, stride=1: (-(-n // stride), right_total(n, f, stride)),
        "You return the number of outputs and the total. The pixels before and after are asked for.",
    ),
    (
        "after and before exchanged for strides only",
        lambda n, f, stride=1: pads_of_same(n, f, stride)[:: -1 if stride > 1 else 1],
        "With a stride of 1 you are right; with a longer one the odd pixel comes before. It always comes after.",
    ),
    (
        "a stride of 2 unless one is given",
        lambda n, f, stride=2: pads_of_same(n, f, stride),
        "Called without a stride you take 2. It is 1 unless one is given.",
    ),
)

# -- the ways people put a wrong frame -------------------------------------------------------------------------------


def framing(read=lambda p: ((pair(p)[0],) * 2, (pair(p)[1],) * 2), mode="constant"):
    """A frame that is read wrongly, or filled wrongly: ``read`` gives (before, after) of rows and of columns."""

    def wrong(images, padding, value=0.0):
        images = np.asarray(images, float)
        rows, columns = read(padding)
        how = {"constant_values": float(value)} if mode == "constant" else {}
        return np.pad(images, ((0, 0), rows, columns, (0, 0)), mode=mode, **how)

    return wrong


def of_frame(change):
    return lambda images, padding, value=0.0: change(put_a_frame(images, padding, value))


def of_value(change):
    return lambda images, padding, value=0.0: put_a_frame(images, padding, change(value))


def corners_empty(images, padding, value=0.0):
    rows, columns = pair(padding)
    out = put_a_frame(put_a_frame(images, (rows, 0), value), (0, columns), 0)
    out[:, rows : out.shape[1] - rows] = put_a_frame(images, (0, columns), value)
    return out


def in_the_corner(images, padding, value=0.0):
    out = np.full(put_a_frame(images, padding).shape, float(value))
    out[:, : np.shape(images)[1], : np.shape(images)[2]] = images
    return out


def at_the_end(images, padding, value=0.0):
    rows, columns = pair(padding)
    out = np.full(put_a_frame(images, padding).shape, float(value))
    out[:, 2 * rows :, 2 * columns :] = images
    return out


def image_not_copied(images, padding, value=0.0):
    return np.full(put_a_frame(images, padding).shape, float(value))


def value_added(images, padding, value=0.0):
    return put_a_frame(np.asarray(images, float) + value, padding, value)


def frame_cuts_the_image(images, padding, value=0.0):
    """The frame is painted onto the image's own border."""
    rows, columns = pair(padding)
    images = np.asarray(images, float)
    out = np.full(images.shape, float(value))
    inside = np.s_[:, rows : images.shape[1] - rows, columns : images.shape[2] - columns]
    out[inside] = images[inside]
    return out


def in_their_type(images, padding, value=0.0):
    images = np.asarray(images)
    if images.dtype.kind == "f":
        return put_a_frame(images, padding, value)
    return put_a_frame(images, padding, int(value)).astype(int).astype(images.dtype)


def around_everything(images, padding, value=0.0):
    rows, columns = pair(padding)
    side = max(rows, columns)
    return np.pad(
        put_a_frame(images, padding, value), ((side, side), (0, 0), (0, 0), (side, side)), constant_values=value
    )


def around_channels(images, padding, value=0.0):
    rows, columns = pair(padding)
    ways = ((0, 0), (0, 0), (rows, rows), (columns, columns))
    return np.pad(np.asarray(images, float), ways, constant_values=float(value))


def around_images(images, padding, value=0.0):
    rows, columns = pair(padding)
    ways = ((rows, rows), (columns, columns), (0, 0), (0, 0))
    return np.pad(np.asarray(images, float), ways, constant_values=float(value))


def first_image_for_all(images, padding, value=0.0):
    out = put_a_frame(images, padding, value)
    return np.repeat(out[:1], len(out), axis=0)


def first_channel_for_all(images, padding, value=0.0):
    out = put_a_frame(images, padding, value)
    return np.repeat(out[..., :1], out.shape[3], axis=3)


def only_first(where):
    def wrong(images, padding, value=0.0):
        out = np.full(put_a_frame(images, padding).shape, float(value))
        out[where] = put_a_frame(images, padding, value)[where]
        return out

    return wrong


def whole_numbers_refused(images, padding, value=0.0):
    if np.asarray(images).dtype.kind != "f":
        raise TypeError("floats only")
    return put_a_frame(images, padding, value)


def nothing_for_0(images, padding, value=0.0):
    """``out[p:-p] = images``: with p = 0 the slice is empty."""
    if 0 in pair(padding):
        raise ValueError("could not broadcast input array")
    return put_a_frame(images, padding, value)


PAD_MISCONCEPTIONS = misconceptions(
    (
        "value ignored",
        of_value(lambda value: 0.0),
        "Your frame is 0 whatever `value` says.",
    ),
    (
        "padded on one side only, before",
        framing(lambda p: ((pair(p)[0], 0), (pair(p)[1], 0))),
        "The padding comes before the image only. It is a frame: as much after as before.",
    ),
    (
        "padded on one side only, after",
        framing(lambda p: ((0, pair(p)[0]), (0, pair(p)[1]))),
        "The padding comes after the image only. It is a frame: as much before as after.",
    ),
    (
        "padding shared between the sides",
        framing(lambda p: tuple((side // 2, side - side // 2) for side in pair(p))),
        "The padding is divided between the two sides. It is how many pixels are added on *each* of them.",
    ),
    (
        "padding doubled",
        framing(lambda p: tuple((2 * side,) * 2 for side in pair(p))),
        "Your frame is twice as wide. The padding is how many pixels are added on each side.",
    ),
    (
        "pair read as before and after",
        framing(lambda p: (tuple(pair(p)),) * 2),
        "You read the pair as (before, after). It is (rows, columns), the same on both sides.",
    ),
    (
        "rows and columns of the pair exchanged",
        framing(lambda p: tuple((side,) * 2 for side in pair(p)[::-1])),
        "The pair is read as (columns, rows). Rows come first, as in an array's shape.",
    ),
    (
        "first number of the pair used for both",
        framing(lambda p: ((pair(p)[0],) * 2,) * 2),
        "Columns get as wide a frame as rows: only the first number of the pair is used.",
    ),
    (
        "second number of the pair used for both",
        framing(lambda p: ((pair(p)[1],) * 2,) * 2),
        "Rows get as wide a frame as columns: only the second number of the pair is used.",
    ),
    (
        "only rows padded",
        framing(lambda p: ((pair(p)[0],) * 2, (0, 0))),
        "The frame is above and below, and missing at the left and right.",
    ),
    (
        "only columns padded",
        framing(lambda p: ((0, 0), (pair(p)[1],) * 2)),
        "The frame is at the left and right, and missing above and below.",
    ),
    (
        "images and channels padded too",
        around_everything,
        "The batch and the channels get a frame as well: `np.pad` with one number pads every axis. Give each axis its "
        "own pair, (0, 0) for those that stay.",
    ),
    (
        "axes of rows and columns mistaken: columns and channels",
        around_channels,
        "You pad columns and channels. Images are (N, rows, columns, C): axes 1 and 2 get the frame.",
    ),
    (
        "axes of rows and columns mistaken: images and rows",
        around_images,
        "You pad images and rows. Images are (N, rows, columns, C): axes 1 and 2 get the frame.",
    ),
    (
        "border repeated",
        framing(mode="edge"),
        "Your frame repeats the pixels at the border. It holds one value everywhere.",
    ),
    (
        "opposite side wrapped around",
        framing(mode="wrap"),
        "Your frame goes on at the image's opposite side. It holds one value everywhere.",
    ),
    (
        "image in the upper left corner",
        in_the_corner,
        "The result is large enough, and the image lies in its upper left corner. Its first pixel belongs p rows down "
        "and q columns to the right.",
    ),
    (
        "image in the lower right corner",
        at_the_end,
        "The result is large enough, and the image lies in its lower right corner. Its first pixel belongs p rows down "
        "and q columns to the right.",
    ),
    (
        "image not copied",
        image_not_copied,
        "There is a frame and nothing in it: the image was never written into the middle.",
    ),
    (
        "frame painted over the image",
        frame_cuts_the_image,
        "Your result is as large as the image, and its border is painted over. The frame is put *around* the image: "
        "the result is larger.",
    ),
    (
        "value added to the image",
        value_added,
        "The image's own pixels have changed: the value is added to them. It belongs into the frame only.",
    ),
    (
        "corners without the value",
        corners_empty,
        "The four corners of your frame are 0. They belong to it: the value stands there too.",
    ),
    (
        "value taken without its sign",
        of_value(abs),
        "The value's sign is lost.",
    ),
    (
        "value taken as a whole number",
        of_value(int),
        "The value's fraction is lost: it is kept as a whole number.",
    ),
    (
        "a value of 1 unless one is given",
        lambda images, padding, value=1.0: put_a_frame(images, padding, value),
        "Called without a value your frame holds 1. It holds 0 unless a value is given.",
    ),
    (
        "fractions of the value lost for whole-numbered images",
        in_their_type,
        "With images of whole numbers the frame loses its fraction: an array of their dtype can hold nothing else. Let "
        "the result hold floats.",
    ),
    (
        "a frame of one pixel, always",
        framing(lambda p: ((1, 1), (1, 1))),
        "Your frame is one pixel wide whatever the padding says.",
    ),
    (
        "no frame of 0 pixels",
        nothing_for_0,
        "A padding of 0 fails. `[p:-p]` is empty when p is 0: count to p + height instead.",
    ),
    (
        "rows and columns exchanged",
        of_frame(lambda out: out.swapaxes(1, 2)),
        "Rows and columns of your result are exchanged. Its shape is (N, rows, columns, C).",
    ),
    (
        "first image used for all",
        first_image_for_all,
        "Every image of the batch is the first one. Image n is `images[n]`.",
    ),
    (
        "first channel used for all",
        first_channel_for_all,
        "Every channel is the first one. Channel c is `images[..., c]`.",
    ),
    (
        "only the first image copied",
        only_first(np.s_[:1]),
        "Only the first image is there. Does your loop reach every image?",
    ),
    (
        "only the first channel copied",
        only_first(np.s_[..., :1]),
        "Only the first channel is there. Does your loop reach every channel?",
    ),
    (
        "only the first image returned",
        of_frame(lambda out: out[:1]),
        "The batch comes back as one image. The result's first axis counts the images, like the input's.",
    ),
    (
        "axes of size 1 lost",
        of_frame(np.squeeze),
        "Axes of size 1 are gone from your result: `np.squeeze` does that. The result always has four.",
    ),
    (
        "whole numbers refused",
        whole_numbers_refused,
        "It works with floats and stops at integers. Both are numbers to this function.",
    ),
)

# -- the ways people get a layer with padding and stride wrong -------------------------------------------------------


def as_asked(n, f, s, padding):
    """The padding before and after of one axis; ``padding`` is "valid", "same" or a number."""
    if padding == "valid":
        return 0, 0
    return pads_of_same(n, f, s) if padding == "same" else (padding, padding)


def correlations(images, kernels):
    windows = sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("nijcab,abcf->nijf", windows, kernels, optimize=True)


def layer_by(frame=as_asked, steps=pair, sides=pair, sums=correlations, mode="constant", pick=None, after=None):
    """A layer that can be got wrong in each of its parts."""

    def wrong(images, kernels, bias, stride=1, padding="valid"):
        images, kernels, bias = (np.asarray(array, float) for array in (images, kernels, bias))
        asked = (padding, padding) if isinstance(padding, str) else sides(padding)
        strides = steps(stride)
        rows, columns = (
            frame(n, f, s, p) for n, f, s, p in zip(images.shape[1:3], kernels.shape[:2], strides, asked, strict=True)
        )
        padded = np.pad(images, ((0, 0), rows, columns, (0, 0)), mode=mode)
        out = sums(padded, kernels)
        out = out[:, :: strides[0], :: strides[1]] if pick is None else pick(out, strides)
        out = out + bias
        return out if after is None else after(out)

    return wrong


def when_same(change):
    """A mistake made with padding "same" alone."""
    return layer_by(frame=lambda n, f, s, p: change(n, f, s) if p == "same" else as_asked(n, f, s, p))


def when_number(change):
    """A mistake made with a number as padding alone."""
    return layer_by(frame=lambda n, f, s, p: as_asked(n, f, s, p) if isinstance(p, str) else change(p))


def one_apart(out, strides):
    """The right number of windows, each one pixel after the other."""
    rows, columns = (-(-n // s) for n, s in zip(out.shape[1:3], strides, strict=True))
    return out[:, :rows, :columns]


def hanging_over(n, f, s, p):
    before, after = as_asked(n, f, s, p)
    return before, after + (-(n + before + after - f)) % s


def dilated(images, kernels, bias, stride=1, padding="valid"):
    """The stride between the kernel's entries instead of between its places."""
    (sh, sw), (kh, kw, channels, filters) = pair(stride), np.shape(kernels)
    spread = np.zeros(((kh - 1) * sh + 1, (kw - 1) * sw + 1, channels, filters))
    spread[::sh, ::sw] = kernels
    return layer(images, spread, bias, 1, padding)


def framed_result(images, kernels, bias, stride=1, padding="valid"):
    """The result of the bare image, brought to size by zeros around it."""
    out = layer(images, kernels, bias, stride, padding)
    kh, kw = np.shape(kernels)[:2]
    if padding == "valid" or kh > np.shape(images)[1] or kw > np.shape(images)[2]:
        return out
    bare = layer(images, kernels, bias, stride)
    top, left = ((n - m) // 2 for n, m in zip(out.shape[1:3], bare.shape[1:3], strict=True))
    framed = np.zeros_like(out)
    framed[:, top : top + bare.shape[1], left : left + bare.shape[2]] = bare
    return framed


def size_without_padding(images, kernels, bias, stride=1, padding="valid"):
    out, (sh, sw) = layer(images, kernels, bias, stride, padding), pair(stride)
    rows, columns = (
        (n - f) // s + 1 for n, f, s in zip(np.shape(images)[1:3], np.shape(kernels)[:2], (sh, sw), strict=True)
    )
    return out[:, : max(rows, 0), : max(columns, 0)]


def stride_only(axis):
    return lambda stride: tuple(s if k == axis else 1 for k, s in enumerate(pair(stride)))


def with_kernels(change):
    return lambda images, kernels, bias, stride=1, padding="valid": layer(
        images, change(np.asarray(kernels, float)), bias, stride, padding
    )


def with_bias(change):
    return lambda images, kernels, bias, stride=1, padding="valid": layer(
        images, kernels, change(np.asarray(bias, float), np.shape(kernels)), stride, padding
    )


def of_layer(change):
    return layer_by(after=change)


def same_of_the_other_axis(images, kernels, bias, stride=1, padding="valid"):
    """The padding of rows worked out from columns, and the other way round."""
    if padding != "same":
        return layer(images, kernels, bias, stride, padding)
    (kh, kw), (sh, sw), (height, width) = np.shape(kernels)[:2], pair(stride), np.shape(images)[1:3]
    frame = ((0, 0), pads_of_same(width, kw, sw), pads_of_same(height, kh, sh), (0, 0))
    return layer(np.pad(np.asarray(images, float), frame), kernels, bias, stride)


def same_of_one_axis(images, kernels, bias, stride=1, padding="valid"):
    """The padding of rows used for columns too."""
    if padding != "same":
        return layer(images, kernels, bias, stride, padding)
    frame = pads_of_same(np.shape(images)[1], np.shape(kernels)[0], pair(stride)[0])
    return layer(np.pad(np.asarray(images, float), ((0, 0), frame, frame, (0, 0))), kernels, bias, stride)


def same_keeps_the_size(images, kernels, bias, stride=1, padding="valid"):
    return layer(images, kernels, bias, 1 if padding == "same" else stride, padding)


def stride_without_padding_only(images, kernels, bias, stride=1, padding="valid"):
    return layer(images, kernels, bias, stride if padding in ("valid", 0) else 1, padding)


def numbers_refused(images, kernels, bias, stride=1, padding="valid"):
    if not isinstance(padding, str):
        raise ValueError("padding must be valid or same")
    return layer(images, kernels, bias, stride, padding)


def pairs_refused(images, kernels, bias, stride=1, padding="valid"):
    if isinstance(stride, tuple) or isinstance(padding, tuple):
        raise TypeError("not a number")
    return layer(images, kernels, bias, stride, padding)


def floats_only(images, kernels, bias, stride=1, padding="valid"):
    if np.asarray(images).dtype.kind != "f":
        raise TypeError("floats only")
    return layer(images, kernels, bias, stride, padding)


def in_the_images_type(images, kernels, bias, stride=1, padding="valid"):
    found, kind = layer(images, kernels, bias, stride, padding), np.asarray(images).dtype
    return found.astype(kind) if kind.kind == "f" else found.astype(int).astype(kind)


def first_channel_only(images, kernels, bias, stride=1, padding="valid"):
    return layer(np.asarray(images)[..., :1], np.asarray(kernels)[:, :, :1], bias, stride, padding)


def kernels_square(axis):
    """The window has the kernel's size along one axis in both directions; where that does not fit it is an error."""

    def wrong(images, kernels, bias, stride=1, padding="valid"):
        kernels = np.asarray(kernels, float)
        side = kernels.shape[axis]
        square = np.zeros((side, side, *kernels.shape[2:]))
        if side < max(kernels.shape[:2]):
            raise ValueError("operands could not be broadcast together")
        square[: kernels.shape[0], : kernels.shape[1]] = kernels
        return layer(images, square, bias, stride, padding)

    return wrong


SAME = (
    "Padding “same” makes ⌈n / s⌉ windows and pads no more than they need; when that is an odd number of pixels, the "
    "odd one comes after the image."
)

LAYER_MISCONCEPTIONS = misconceptions(
    (
        "stride ignored",
        layer_by(steps=lambda stride: (1, 1)),
        "Your kernel moves by one pixel, whatever the stride. From place to place it is `stride` pixels.",
    ),
    (
        "windows start one pixel apart",
        layer_by(pick=one_apart),
        "The number of windows is right, but the window of entry [i, j] begins at pixel [i, j]. Each step is as long "
        "as the stride: where does window number i begin?",
    ),
    (
        "stride for rows only",
        layer_by(steps=stride_only(0)),
        "From row to row the kernel moves by the stride; from column to column it moves by one.",
    ),
    (
        "stride for columns only",
        layer_by(steps=stride_only(1)),
        "From column to column the kernel moves by the stride; from row to row it moves by one.",
    ),
    (
        "padding ignored",
        layer_by(frame=lambda n, f, s, p: (0, 0)),
        "No frame is put around the image: your result is that of “valid”, whatever the padding says.",
    ),
    (
        "“same” ignored",
        when_same(lambda n, f, s: (0, 0)),
        "With “same” your result is that of “valid”. " + SAME,
    ),
    (
        "a number as padding ignored",
        when_number(lambda p: (0, 0)),
        "A number as padding puts no frame around the image. It says how many zeros come on each side.",
    ),
    (
        "padded as for a stride of 1",
        when_same(lambda n, f, s: ((f - 1) // 2, f // 2)),
        "With “same” you pad f − 1 pixels, as for a stride of 1. A longer stride needs fewer: only as many as the "
        "last window hangs over.",
    ),
    (
        "odd pixel before the image",
        when_same(lambda n, f, s: pads_of_same(n, f, s)[::-1]),
        "The padding is as large as it should be, and its odd pixel lies before the image. As TensorFlow does it, the "
        "odd pixel comes after.",
    ),
    (
        "half the kernel on each side",
        when_same(lambda n, f, s: (f // 2, f // 2)),
        "With “same” you pad half the kernel on each side. That is right for odd kernels and a stride of 1. " + SAME,
    ),
    (
        "half of f − 1 on each side",
        when_same(lambda n, f, s: ((f - 1) // 2, (f - 1) // 2)),
        "With “same” you pad (f − 1) / 2 on each side. That is right for odd kernels and a stride of 1. " + SAME,
    ),
    (
        "odd pixel lost",
        when_same(lambda n, f, s: (pads_of_same(n, f, s)[0],) * 2),
        "With “same” the padding is halved and rounded down on both sides, so that an odd pixel is lost. It comes "
        "after the image.",
    ),
    (
        "rounded up on both sides",
        when_same(lambda n, f, s: (pads_of_same(n, f, s)[1],) * 2),
        "With “same” the padding is halved and rounded up on both sides, so that there is a pixel too many before the "
        "image and everything shifts.",
    ),
    (
        "all padding after the image",
        when_same(lambda n, f, s: (0, sum(pads_of_same(n, f, s)))),
        "With “same” all the padding lies after the image. Half of it, rounded down, belongs before.",
    ),
    (
        "all padding before the image",
        when_same(lambda n, f, s: (sum(pads_of_same(n, f, s)), 0)),
        "With “same” all the padding lies before the image. Half of it belongs after, and the odd pixel too.",
    ),
    (
        "“same” taken for the image's own size",
        same_keeps_the_size,
        "With “same” the kernel moves by one pixel, so that the result is as large as the image. The stride counts "
        "there as well: ⌈n / s⌉ along each axis.",
    ),
    (
        "stride ignored with padding",
        stride_without_padding_only,
        "As soon as there is padding, your kernel moves by one pixel. The stride counts there as well.",
    ),
    (
        "padding of rows and columns exchanged with “same”",
        same_of_the_other_axis,
        "With “same” rows get the padding of columns, and columns that of rows. Each axis has its own size, kernel and "
        "stride.",
    ),
    (
        "padding of rows used for columns with “same”",
        same_of_one_axis,
        "With “same” columns get as much padding as rows. Each axis has its own size, kernel and stride.",
    ),
    (
        "windows that hang over the border",
        layer_by(frame=hanging_over),
        "Where the stride leaves pixels over, you add a last window that hangs over the border. Only whole windows "
        "count: the number of places is rounded down.",
    ),
    (
        "last row and column missing",
        of_layer(lambda out: out[:, :-1, :-1]),
        "The last row and the last column of the result are missing. An axis has ⌊(n + 2p − f) / s⌋ + 1 places: is the "
        "+ 1 there?",
    ),
    (
        "output's size without the padding",
        size_without_padding,
        "The image is padded, and the output's size is that of the bare image: the last places are never visited. "
        "⌊(n + 2p − f) / s⌋ + 1.",
    ),
    (
        "number shared between the sides",
        when_number(lambda p: (p // 2, p - p // 2)),
        "A number as padding is divided between the two sides. It is how many zeros come on *each* side.",
    ),
    (
        "number padded before the image only",
        when_number(lambda p: (p, 0)),
        "A number as padding comes before the image only. It is how many zeros come on each side.",
    ),
    (
        "number padded after the image only",
        when_number(lambda p: (0, p)),
        "A number as padding comes after the image only. It is how many zeros come on each side.",
    ),
    (
        "padding's pair exchanged",
        layer_by(sides=lambda padding: pair(padding)[::-1]),
        "The padding's pair is read as (columns, rows). Rows come first.",
    ),
    (
        "first number of the padding's pair used for both",
        layer_by(sides=lambda padding: (pair(padding)[0],) * 2),
        "Columns get as wide a frame as rows: only the first number of the pair is used.",
    ),
    (
        "second number of the padding's pair used for both",
        layer_by(sides=lambda padding: (pair(padding)[1],) * 2),
        "Rows get as wide a frame as columns: only the second number of the pair is used.",
    ),
    (
        "padding's pair read as before and after",
        layer_by(
            sides=lambda padding: (pair(padding),) * 2,
            frame=lambda n, f, s, p: as_asked(n, f, s, p) if isinstance(p, str) else tuple(p),
        ),
        "The padding's pair is read as (before, after). It is (rows, columns), the same on both sides.",
    ),
    (
        "stride's pair exchanged",
        layer_by(steps=lambda stride: pair(stride)[::-1]),
        "The stride's pair is read as (columns, rows). Rows come first.",
    ),
    (
        "first number of the stride's pair used for both",
        layer_by(steps=lambda stride: (pair(stride)[0],) * 2),
        "From column to column the kernel moves as far as from row to row: only the first number of the pair is used.",
    ),
    (
        "second number of the stride's pair used for both",
        layer_by(steps=lambda stride: (pair(stride)[1],) * 2),
        "From row to row the kernel moves as far as from column to column: only the second number of the pair is used.",
    ),
    (
        "both pairs exchanged",
        layer_by(steps=lambda stride: pair(stride)[::-1], sides=lambda padding: pair(padding)[::-1]),
        "Pairs are read as (columns, rows). Rows come first, as in an array's shape.",
    ),
    (
        "pairs refused",
        pairs_refused,
        "It works with numbers and stops at pairs. Stride and padding may each be a pair (rows, columns).",
    ),
    (
        "numbers as padding refused",
        numbers_refused,
        "“valid” and “same” work, and a number or a pair is refused. Those say how many zeros come on each side.",
    ),
    (
        "stride between the kernel's entries",
        dilated,
        "You pull the kernel's entries apart by the stride: that is dilation. The kernel stays as it is, and moves by "
        "the stride.",
    ),
    (
        "frame around the result",
        framed_result,
        "The zeros are put around the *result*. They belong around the image, before the kernel slides: then the "
        "border of the result is computed too.",
    ),
    (
        "padded with the pixels at the border",
        layer_by(mode="edge"),
        "The pixels at the border are repeated in the padding. It holds zeros.",
    ),
    (
        "padded with the opposite side",
        layer_by(mode="wrap"),
        "The padding goes on at the image's opposite side. It holds zeros.",
    ),
    (
        "a stride of 2 unless one is given",
        lambda images, kernels, bias, stride=2, padding="valid": layer(images, kernels, bias, stride, padding),
        "Called without a stride you take 2. It is 1 unless one is given.",
    ),
    (
        "“same” unless something is given",
        lambda images, kernels, bias, stride=1, padding="same": layer(images, kernels, bias, stride, padding),
        "Called without a padding you take “same”. It is “valid” unless something is given.",
    ),
    (
        "“valid” padded like “same”",
        layer_by(frame=lambda n, f, s, p: as_asked(n, f, s, "same" if p == "valid" else p)),
        "With “valid” your image is padded. “valid” means no padding: the kernel stays on real pixels.",
    ),
    (
        "kernel flipped",
        with_kernels(lambda kernels: kernels[::-1, ::-1]),
        "The kernels are flipped before they slide. A layer computes the cross-correlation, and flips nothing.",
    ),
    (
        "kernel transposed",
        with_kernels(lambda kernels: kernels.swapaxes(0, 1)),
        "The kernel's rows meet the image's columns. Kernels are shaped (rows, columns, channels, filters).",
    ),
    (
        "kernel's height used for its width",
        kernels_square(0),
        "Your code takes kernels to be square, with their number of rows for both.",
    ),
    (
        "kernel's width used for its height",
        kernels_square(1),
        "Your code takes kernels to be square, with their number of columns for both.",
    ),
    (
        "bias forgotten",
        with_bias(lambda bias, shape: 0 * bias),
        "The bias is missing. Each filter's own is added to every entry of its map, once.",
    ),
    (
        "bias added for every channel",
        with_bias(lambda bias, shape: shape[2] * bias),
        "The bias is added once for each channel. Channels are summed first; then the bias is added, once.",
    ),
    (
        "bias added for every kernel entry",
        with_bias(lambda bias, shape: shape[0] * shape[1] * bias),
        "The bias is added for each of the window's pixels. It belongs outside the sum: once for each output entry.",
    ),
    (
        "one bias for all filters",
        with_bias(lambda bias, shape: np.full_like(bias, bias[0])),
        "Every filter gets the first filter's bias. `bias[f]` belongs to filter f.",
    ),
    (
        "only the first channel used",
        first_channel_only,
        "Only the first channel is looked at. A filter has a kernel for every channel, and their results are added up.",
    ),
    (
        "filters and channels exchanged",
        with_kernels(lambda kernels: kernels.swapaxes(2, 3)),
        "The kernels' last two axes are exchanged. Their shape is (kh, kw, channels, filters).",
    ),
    (
        "first filter used for all",
        with_kernels(lambda kernels: np.repeat(kernels[..., :1], kernels.shape[3], axis=3)),
        "All your maps come from the first filter. Map f is made by `kernels[..., f]`.",
    ),
    (
        "first image used for all",
        of_layer(lambda out: np.repeat(out[:1], len(out), axis=0)),
        "Every image of the batch gets the first one's result. Image n is `images[n]`.",
    ),
    (
        "only the first image returned",
        of_layer(lambda out: out[:1]),
        "The batch comes back as one image. The result's first axis counts the images, like the input's.",
    ),
    (
        "mean instead of sum",
        lambda images, kernels, bias, stride=1, padding="valid": (
            layer(images, kernels, 0 * np.asarray(bias), stride, padding) / np.prod(np.shape(kernels)[:3]) + bias
        ),
        "The products are averaged. They are added up.",
    ),
    (
        "negative results cut off",
        of_layer(lambda out: np.maximum(out, 0)),
        "Negative results have become 0. That is the ReLU, a layer of its own.",
    ),
    (
        "fractions cut off for whole-numbered images",
        in_the_images_type,
        "With images of whole numbers your result loses its fractions: an array of their dtype can hold nothing else. "
        "Let it hold floats.",
    ),
    (
        "fractions cut off",
        of_layer(np.trunc),
        "Your result holds whole numbers: what comes after the point is lost.",
    ),
    (
        "whole numbers refused",
        floats_only,
        "It works with floats and stops at images of integers. Both are numbers to this function.",
    ),
    (
        "axes of size 1 lost",
        of_layer(np.squeeze),
        "Axes of size 1 are gone from your result: `np.squeeze` does that. The result always has four.",
    ),
    (
        "channels first",
        of_layer(lambda out: out.transpose(0, 3, 1, 2)),
        "The filters come before the rows and columns in your result. Its shape is (N, rows, columns, filters).",
    ),
    (
        "rows and columns exchanged",
        of_layer(lambda out: out.swapaxes(1, 2)),
        "Rows and columns of your maps are exchanged. The result's shape is (N, rows, columns, filters).",
    ),
)

# -- the ways people see too much or too little ----------------------------------------------------------------------


def walking(size=1, step=1, grow=lambda size, step, f, s: size + (f - 1) * step, stretch=lambda step, s: step * s):
    def wrong(layers):
        now, jump = size, step
        for f, s in layers:
            now, jump = grow(now, jump, f, s), stretch(jump, s)
        return now

    return wrong


def own_stride_first(layers):
    now, jump = 1, 1
    for f, s in layers:
        jump *= s
        now += (f - 1) * jump
    return now


def empty_fails(layers):
    if not layers:
        raise IndexError("list index out of range")
    return see(layers)


def last_stride_too(layers):
    return see(layers) * math.prod(s for _, s in layers)


FIELD_MISCONCEPTIONS = misconceptions(
    (
        "strides ignored",
        walking(stretch=lambda step, s: step),
        "Every layer adds f − 1 pixels, as if all strides were 1. After a stride of 2 neighbours lie two pixels apart: "
        "a later kernel reaches twice as far.",
    ),
    (
        "a layer's own stride stretches its kernel",
        own_stride_first,
        "Each kernel is stretched by its own stride as well. How far apart its inputs lie is decided by the strides "
        "*before* it; its own counts for the layers after.",
    ),
    (
        "only the stride before counts",
        lambda layers: 1 + sum((f - 1) * s for (f, _), (_, s) in zip(layers, [(1, 1), *layers[:-1]], strict=True)),
        "Each kernel is stretched by the stride of the layer before it alone. All the strides before it are "
        "multiplied.",
    ),
    (
        "only its own stride counts",
        lambda layers: 1 + sum((f - 1) * s for f, s in layers),
        "Each kernel is stretched by its own stride alone. It is the strides *before* it, multiplied, that decide how "
        "far apart its inputs lie.",
    ),
    (
        "strides added",
        lambda layers: 1 + sum((f - 1) * max(1, sum(s for _, s in layers[:k])) for k, (f, _) in enumerate(layers)),
        "The strides before a layer are added. They are multiplied: two of 2 make neighbours lie four pixels apart.",
    ),
    (
        "layers taken from the last to the first",
        lambda layers: see(layers[::-1]),
        "You go through the layers in the other direction than your formula needs. The first layer's stride stretches "
        "all that come after it, the last one's none.",
    ),
    (
        "kernels added",
        walking(size=0, grow=lambda size, step, f, s: size + f * step),
        "Each layer adds f pixels times the step. It adds f − 1: one of its f inputs was there already.",
    ),
    (
        "kernels added to the first pixel",
        walking(grow=lambda size, step, f, s: size + f * step),
        "Each layer adds f. It adds f − 1: one of its f inputs was there already.",
    ),
    (
        "kernels' sizes added, strides ignored",
        lambda layers: sum(f for f, _ in layers),
        "The kernels' sizes are added. The second layer adds f − 1 pixels to what the first has seen, and more where "
        "there are strides.",
    ),
    (
        "kernels' sizes multiplied",
        lambda layers: math.prod(f for f, _ in layers),
        "The kernels' sizes are multiplied. Windows of neighbours overlap: each layer adds f − 1 times the step.",
    ),
    (
        "counted from 0",
        walking(size=0),
        "Your answer is one too small. An output pixel without any layer sees one pixel: start with 1.",
    ),
    (
        "0 for an empty list",
        lambda layers: see(layers) if layers else 0,
        "For an empty list you answer 0. Without a layer the output pixel is the input pixel: it sees 1.",
    ),
    (
        "an empty list fails",
        empty_fails,
        "An empty list fails. Without a layer the output pixel is the input pixel: it sees 1.",
    ),
    (
        "only the first layer",
        lambda layers: layers[0][0] if layers else 1,
        "Only the first layer counts in your answer. Look at the indentation of `return`.",
    ),
    (
        "only the last layer",
        lambda layers: layers[-1][0] if layers else 1,
        "Only the last layer counts in your answer: each one overwrites what the ones before it have seen.",
    ),
    (
        "the first layer left out",
        lambda layers: see(layers[1:]),
        "The first layer does not count in your answer. Python counts from 0.",
    ),
    (
        "the last layer left out",
        lambda layers: see(layers[:-1]),
        "The last layer does not count in your answer. Where does your loop end?",
    ),
    (
        "kernel and stride exchanged",
        lambda layers: see([(s, f) for f, s in layers]),
        "Kernel and stride have changed places. Each entry is (kernel, stride).",
    ),
    (
        "largest kernel",
        lambda layers: max((f for f, _ in layers), default=1),
        "You return the largest kernel. What each layer sees is added to what the layers before have seen.",
    ),
    (
        "distance instead of size",
        lambda layers: math.prod(s for _, s in layers),
        "This is how far apart neighbouring outputs lie in the input: the product of the strides. How many pixels one "
        "output sees is asked for.",
    ),
    (
        "multiplied by all strides",
        last_stride_too,
        "The whole is multiplied by the strides. A stride stretches the kernels after it, and nothing else.",
    ),
    (
        "size multiplied, step forgotten",
        walking(grow=lambda size, step, f, s: size * s + (f - 1)),
        "You multiply by the stride and add f − 1 from the first layer on. That order belongs to a walk from the last "
        "layer to the first; from the first on, keep the step apart.",
    ),
    (
        "both sides of the kernel added",
        walking(grow=lambda size, step, f, s: size + 2 * (f // 2) * step),
        "Each layer adds half a kernel on both sides, rounded down: for even kernels that is f and not f − 1.",
    ),
    (
        "half a kernel on both sides, too small for even kernels",
        walking(grow=lambda size, step, f, s: size + 2 * ((f - 1) // 2) * step),
        "Each layer adds half of f − 1 on both sides, rounded down: for even kernels a pixel is lost.",
    ),
    (
        "square of the size",
        lambda layers: see(layers) ** 2,
        "This counts the pixels of a square. The size along one axis is asked for.",
    ),
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def size_by_formula(n, f, padding=0, stride=1):
    if min(n, f, stride) < 1 or padding < 0 or n + 2 * padding < f:
        raise ValueError(f"no place for a kernel of {f}")
    return (n + 2 * padding - f) // stride + 1


def size_by_floor(n, f, padding=0, stride=1):
    for least, value in ((1, n), (1, f), (0, padding), (1, stride)):
        if value < least:
            raise ValueError(value)
    size = math.floor((n + 2 * padding - f) / stride) + 1
    if size < 1:
        raise ValueError("too large")
    return float(size)


def size_by_walking(n, f, padding=0, stride=1):
    if not (n >= 1 and f >= 1 and stride >= 1 and padding >= 0):
        raise ValueError
    count, begin = 0, -padding
    while begin + f <= n + padding:
        count, begin = count + 1, begin + stride
    if count == 0:
        raise ValueError
    return count


def size_by_numpy(n, f, padding=0, stride=1):
    if np.any(np.array([n, f, stride]) < 1) or padding < 0:
        raise ValueError("impossible")
    begins = np.arange(0, n + 2 * padding - f + 1, stride)
    if begins.size == 0:
        raise ValueError("does not fit")
    return np.int64(begins.size)


def size_by_divmod(n, f, padding=0, stride=1):
    class DoesNotFit(ValueError):
        pass

    if n <= 0 or f <= 0 or stride <= 0 or padding < 0 or f - 2 * padding > n:
        raise DoesNotFit
    steps, _ = divmod(n - f + 2 * padding, stride)
    return steps + 1


def exact_by_remainder(n, f, padding, stride):
    return (n + 2 * padding - f) % stride == 0


def exact_by_numpy(n, f, padding, stride):
    return np.equal(np.mod(n + 2 * padding - f, stride), 0)


def exact_as_number(n, f, padding, stride):
    return int(not (n + 2 * padding - f) % stride)


def exact_by_size(n, f, padding, stride):
    return (size_by_formula(n, f, padding, stride) - 1) * stride + f == n + 2 * padding


def exact_by_walking(n, f, padding, stride):
    end = f
    while end < n + 2 * padding:
        end += stride
    return end == n + 2 * padding


def exact_by_division(n, f, padding, stride):
    return ((n + 2 * padding - f) / stride).is_integer()


def same_by_ceil(n, f, stride=1):
    total = max((math.ceil(n / stride) - 1) * stride + f - n, 0)
    return total // 2, total - total // 2


def same_by_remainder(n, f, stride=1):
    total = max(f - (n % stride or stride), 0)
    return [total // 2, (total + 1) // 2]


def same_by_numpy(n, f, stride=1):
    total = max(((n - 1) // stride) * stride + f - n, 0)
    return np.array([np.floor(total / 2), np.ceil(total / 2)])


def same_by_trying(n, f, stride=1):
    """One pixel after the other, after and before in turn, until the last window fits."""
    before = after = 0
    while before + n + after < (-(-n // stride) - 1) * stride + f:
        if after > before:
            before += 1
        else:
            after += 1
    return before, after


def same_by_last_window(n, f, stride=1):
    last = range(0, n, stride)[-1]
    total = last + f - n if last + f > n else 0
    before = int(total / 2)
    return np.int32(before), np.int32(total - before)


def pad_by_numpy(images, padding, value=0.0):
    rows, columns = padding if isinstance(padding, tuple) else (padding, padding)
    images = images.astype(float)
    return np.pad(images, [(0, 0), (rows, rows), (columns, columns), (0, 0)], "constant", constant_values=value)


def pad_by_loops(images, padding, value=0.0):
    p, q = padding if isinstance(padding, tuple) else (padding, padding)
    count, height, width, channels = images.shape
    out = np.empty((count, height + 2 * p, width + 2 * q, channels))
    for n, i, j, c in np.ndindex(out.shape):
        inside = p <= i < p + height and q <= j < q + width
        out[n, i, j, c] = images[n, i - p, j - q, c] if inside else value
    return out


def pad_by_joining(images, padding, value=0.0):
    p, q = pair(padding)
    count, height, width, channels = images.shape
    beside = np.full((count, height, q, channels), value, np.float32)
    middle = np.concatenate([beside, images.astype(np.float32), beside], axis=2)
    above = np.full((count, p, width + 2 * q, channels), value, np.float32)
    return np.concatenate([above, middle, above], axis=1)


def pad_by_matrices(images, padding, value=0.0):
    """Rows and columns moved by matrices that hold a single 1 in each column."""
    p, q = pair(padding)
    height, width = images.shape[1:3]
    down, right = np.eye(height + 2 * p, height, -p), np.eye(width + 2 * q, width, -q)
    moved = np.einsum("ih,nhwc,jw->nijc", down, images, right)
    inside = np.outer(down.sum(axis=1), right.sum(axis=1))[:, :, None]
    return moved + (1 - inside) * value


def pad_by_places(images, padding, value=0.0):
    p, q = pair(padding)
    height, width = images.shape[1:3]
    i, j = np.arange(-p, height + p), np.arange(-q, width + q)
    taken = images[:, i.clip(0, height - 1)][:, :, j.clip(0, width - 1)]
    inside = ((i >= 0) & (i < height))[:, None] & ((j >= 0) & (j < width))
    return np.where(inside[None, :, :, None], taken, np.float64(value))


def padded_for(images, kernels, stride, padding):
    (sh, sw), images = pair(stride), np.asarray(images, float)
    if padding == "valid":
        rows = columns = (0, 0)
    elif padding == "same":
        rows = same_by_ceil(images.shape[1], kernels.shape[0], sh)
        columns = same_by_ceil(images.shape[2], kernels.shape[1], sw)
    else:
        rows, columns = ((side, side) for side in pair(padding))
    return np.pad(images, ((0, 0), rows, columns, (0, 0))), sh, sw


def layer_by_loops(images, kernels, bias, stride=1, padding="valid"):
    padded, sh, sw = padded_for(images, kernels, stride, padding)
    count, height, width, _ = padded.shape
    kh, kw, _, filters = kernels.shape
    out = np.zeros((count, (height - kh) // sh + 1, (width - kw) // sw + 1, filters))
    for n, i, j, f in np.ndindex(out.shape):
        window = padded[n, i * sh : i * sh + kh, j * sw : j * sw + kw, :]
        out[n, i, j, f] = np.sum(window * kernels[:, :, :, f]) + bias[f]
    return out


def layer_by_subsampling(images, kernels, bias, stride=1, padding="valid"):
    """Every place is computed, and those between the steps are thrown away."""
    padded, sh, sw = padded_for(images, kernels, stride, padding)
    windows = sliding_window_view(padded, kernels.shape[:2], axis=(1, 2))
    return (np.einsum("nijcab,abcf->nijf", windows, kernels) + bias)[:, ::sh, ::sw]


def layer_by_slices(images, kernels, bias, stride=1, padding="valid"):
    padded, sh, sw = padded_for(images, kernels, stride, padding)
    kh, kw, _, filters = kernels.shape
    oh, ow = (padded.shape[1] - kh) // sh + 1, (padded.shape[2] - kw) // sw + 1
    out = np.tile(np.asarray(bias, float), (len(images), oh, ow, 1))
    for a in range(kh):
        for b in range(kw):
            out += padded[:, a : a + sh * oh : sh, b : b + sw * ow : sw][:, :oh, :ow] @ kernels[a, b]
    return out


def layer_by_columns(images, kernels, bias, stride=1, padding="valid"):
    """One matrix product in float32."""
    padded, sh, sw = padded_for(images, kernels, stride, padding)
    kh, kw, channels, filters = kernels.shape
    windows = sliding_window_view(padded.astype(np.float32), (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * channels)
    return (columns @ kernels.reshape(-1, filters).astype(np.float32) + bias).reshape(*windows.shape[:3], filters)


def layer_by_stamping(images, kernels, bias, stride=1, padding="valid"):
    """Without a frame: each pixel gives its products to the outputs that see it."""
    (sh, sw), (kh, kw, _, filters), (count, height, width, _) = pair(stride), kernels.shape, images.shape
    if padding == "same":
        (top, bottom), (left, right) = same_by_trying(height, kh, sh), same_by_trying(width, kw, sw)
    else:
        (top, bottom), (left, right) = ((side, side) for side in pair(0 if padding == "valid" else padding))
    oh, ow = (height + top + bottom - kh) // sh + 1, (width + left + right - kw) // sw + 1
    out = np.zeros((count, oh, ow, filters))
    for y in range(height):
        for x in range(width):
            for a in range(kh):
                for b in range(kw):
                    (i, rest), (j, other) = divmod(y + top - a, sh), divmod(x + left - b, sw)
                    if rest == other == 0 and 0 <= i < oh and 0 <= j < ow:
                        out[:, i, j] += images[:, y, x] @ kernels[a, b]
    return out + bias


def field_by_steps(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


def field_by_sum(layers):
    return 1 + sum((f - 1) * math.prod(s for _, s in layers[:k]) for k, (f, _) in enumerate(layers))


def field_by_numpy(layers):
    table = np.array(layers, dtype=float).reshape(-1, 2)
    steps = np.concatenate([[1], np.cumprod(table[:, 1])])[:-1] if len(table) else np.zeros(0)
    return 1 + np.sum((table[:, 0] - 1) * steps)


def field_by_recursion(layers):
    if not layers:
        return 1
    *before, (kernel, stride) = layers
    distance = 1
    for _, s in before:
        distance = distance * s
    return field_by_recursion(before) + (kernel - 1) * distance


def field_by_looking(layers):
    """The first and the last input of an output pixel, layer by layer from the end."""
    first = last = 0
    for kernel, stride in layers[::-1]:
        first, last = first * stride, last * stride + kernel - 1
    return float(last - first + 1)


LENT = (
    "cnncourse.shapes.output_size",
    "cnncourse.shapes.same_padding",
    "cnncourse.padding_stride.pad2d",
)

TASKS = (
    Task(
        ASSIGNMENT,
        "output_size",
        "output_size(n, f, padding=0, stride=1)",
        count_places,
        size_cases,
        SIZE_MISCONCEPTIONS,
        read="padding_stride-output-size",
        accepted=(size_by_formula, size_by_floor, size_by_walking, size_by_numpy, size_by_divmod),
        explain=explain_size,
        result="number",
        keywords=("padding", "stride"),
    ),
    Task(
        ASSIGNMENT,
        "fits_exactly",
        "fits_exactly(n, f, padding, stride)",
        ends_at_the_end,
        exact_cases,
        EXACT_MISCONCEPTIONS,
        read="padding_stride-fits-exactly",
        helpers=("output_size",),
        accepted=(
            exact_by_remainder,
            exact_by_numpy,
            exact_as_number,
            exact_by_size,
            exact_by_walking,
            exact_by_division,
        ),
        explain=explain_exact,
        result="bool",
    ),
    Task(
        ASSIGNMENT,
        "same_padding",
        "same_padding(n, f, stride=1)",
        pads_of_same,
        same_cases,
        SAME_MISCONCEPTIONS,
        read="padding_stride-same-padding",
        helpers=("output_size", "fits_exactly"),
        accepted=(same_by_ceil, same_by_remainder, same_by_numpy, same_by_trying, same_by_last_window),
        explain=explain_same,
        result="table",
        shape="It is a pair: the pixels before, and the pixels after.",
        keywords=("stride",),
    ),
    Task(
        ASSIGNMENT,
        "pad2d",
        "pad2d(images, padding, value=0.0)",
        put_a_frame,
        pad_cases,
        PAD_MISCONCEPTIONS,
        read="padding_stride-pad2d",
        accepted=(pad_by_numpy, pad_by_loops, pad_by_joining, pad_by_matrices, pad_by_places),
        explain=explain_pad,
        shape="It is (N, H + 2p, W + 2q, C), with p more rows and q more columns on each side.",
        keywords=("value",),
    ),
    Task(
        ASSIGNMENT,
        "conv2d",
        'conv2d(images, kernels, bias, stride=1, padding="valid")',
        layer,
        layer_cases,
        LAYER_MISCONCEPTIONS,
        read="padding_stride-conv2d",
        helpers=("output_size", "fits_exactly", "same_padding", "pad2d"),
        may_use=LENT,
        accepted=(layer_by_loops, layer_by_subsampling, layer_by_slices, layer_by_columns, layer_by_stamping),
        explain=explain_layer,
        shape="An axis has ⌊(n + 2p − f) / s⌋ + 1 places, and ⌈n / s⌉ with “same”; the last axis counts the filters.",
        keywords=("stride", "padding"),
    ),
    Task(
        ASSIGNMENT,
        "receptive_field",
        "receptive_field(layers)",
        see,
        field_cases,
        FIELD_MISCONCEPTIONS,
        read="padding_stride-receptive-field",
        accepted=(field_by_steps, field_by_sum, field_by_numpy, field_by_recursion, field_by_looking),
        explain=explain_field,
        result="number",
    ),
)
