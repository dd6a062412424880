"""What right means for the functions of 01-convolution, and the ways people get them wrong.

The chapter is ``book/convolution.md``. The references are direct sums, written apart from :mod:`cnncourse.convolution`;
the tests hold both against Keras and SciPy.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from cnncourse.checks.materials import (
    KINDS,
    backwards,
    bytes_of,
    every_other,
    filled,
    in_a_sum,
    normals,
    number,
    products,
    whole_numbers,
)
from cnncourse.checks.task import Case, Misconception, Panel, Task

ASSIGNMENT = "01-convolution"

# -- references ------------------------------------------------------------------------------------------------------


def correlate(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    (height, width), (kh, kw) = image.shape, kernel.shape
    out = np.zeros((height - kh + 1, width - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return out


def convolve(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    (height, width), (kh, kw) = image.shape, kernel.shape
    out = np.zeros((height - kh + 1, width - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for a in range(kh):
                for b in range(kw):
                    out[i, j] += image[i + kh - 1 - a, j + kw - 1 - b] * kernel[a, b]
    return out


def layer_by(correlation):
    """A layer's forward pass, in which every picture goes through this correlation."""

    def forward(images, kernels, bias):
        images, kernels, bias = (np.asarray(array, float) for array in (images, kernels, bias))
        maps = [
            [
                sum(correlation(image[..., c], kernels[..., c, f]) for c in range(kernels.shape[2])) + bias[f]
                for f in range(len(bias))
            ]
            for image in images
        ]
        return np.moveaxis(np.array(maps), 1, -1)

    return forward


layer = layer_by(correlate)


def count_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out + c_out * bool(use_bias)


SOBEL_X = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
SOBEL_Y = SOBEL_X.T


def sobel(image):
    return np.sqrt(correlate(image, SOBEL_X) ** 2 + correlate(image, SOBEL_Y) ** 2)


# -- cases -----------------------------------------------------------------------------------------------------------


def picture_cases(rng):
    """Images with kernels. Each property varies one thing, and has kernels without any symmetry."""
    cases = []

    def add(about, image_shape, kernel_shape, draw=whole_numbers):
        cases.append(Case(about, (draw(rng, *image_shape), draw(rng, *kernel_shape))))

    about = "square images and kernels"
    add(about, (3, 3), (2, 2))
    add(about, (5, 5), (3, 3))
    add(about, (6, 6), (2, 2), normals)
    add(about, (10, 10), (5, 5), normals)
    image, kernel = whole_numbers(rng, 4, 4), whole_numbers(rng, 3, 3)
    image[0, 1:3], kernel[1, 1], kernel[2, 0] = 0, 0, 0
    cases.append(Case(about, (image, kernel)))
    cases.append(Case(about, (normals(rng, 4, 4), np.abs(normals(rng, 3, 3)) + 1)))
    cases.append(Case(about, (normals(rng, 4, 4), np.zeros((2, 2)))))
    about = "images that are not square"
    add(about, (3, 4), (2, 2))
    add(about, (5, 3), (2, 2))
    add(about, (11, 4), (3, 3), normals)
    about = "kernels that are not square"
    add(about, (3, 3), (1, 2))
    add(about, (3, 3), (2, 1))
    add(about, (4, 4), (1, 4))
    add(about, (5, 5), (2, 3))
    add(about, (6, 6), (4, 3), normals)
    kernel = whole_numbers(rng, 2, 2)
    kernel[0, 1] = kernel[1, 0]
    cases.append(Case("square images and kernels", (whole_numbers(rng, 3, 3), kernel)))
    about = "the smallest and the largest kernels"
    add(about, (2, 2), (1, 1))
    cases.append(Case(about, (whole_numbers(rng, 3, 3), np.ones((1, 1)))))
    add(about, (2, 2), (2, 2))
    add(about, (3, 3), (3, 3))
    about = "images and kernels that are not square"
    add(about, (2, 4), (1, 2))
    add(about, (4, 6), (2, 3))
    add(about, (7, 5), (3, 2), normals)
    add(about, (9, 4), (1, 4), normals)
    cases.append(Case(KINDS, (whole_numbers(rng, 3, 3).astype(int), normals(rng, 2, 2))))
    cases.append(Case(KINDS, (normals(rng, 3, 3), whole_numbers(rng, 2, 2).astype(int))))
    cases.append(Case(KINDS, (whole_numbers(rng, 4, 4).astype(int), whole_numbers(rng, 3, 3).astype(int))))
    cases.append(Case(KINDS, (normals(rng, 4, 4).astype("f4"), normals(rng, 3, 3).astype("f4"))))
    cases.append(Case(KINDS, (every_other(normals(rng, 4, 4)), normals(rng, 2, 2).T)))
    cases.append(Case(KINDS, (normals(rng, 4, 4).T, backwards(normals(rng, 3, 3)))))
    cases.append(Case(KINDS, (bytes_of(rng, 3, 3), whole_numbers(rng, 2, 2).astype(int))))
    cases.append(Case(KINDS, (bytes_of(rng, 4, 4), normals(rng, 3, 3))))
    return cases


def layer_cases(rng):
    """Layers. Each property varies one thing; only "bias" has biases other than 0."""
    cases = []

    def add(about, images, kernels, draw=whole_numbers, bias=False):
        x, w = draw(rng, *images), draw(rng, *kernels)
        b = draw(rng, kernels[-1]) if bias else np.zeros(kernels[-1])
        cases.append(Case(about, (x, w, b)))

    about = "one channel, one filter"
    add(about, (1, 3, 3, 1), (2, 2, 1, 1))
    add(about, (1, 4, 4, 1), (3, 3, 1, 1), normals)
    add(about, (1, 8, 8, 1), (5, 5, 1, 1), normals)
    about = "several channels"
    add(about, (1, 3, 3, 2), (2, 2, 2, 1))
    add(about, (1, 4, 4, 3), (2, 2, 3, 1))
    add(about, (1, 4, 4, 3), (1, 1, 3, 1), normals)
    add(about, (1, 3, 3, 6), (2, 2, 6, 1))
    about = "several filters"
    add(about, (1, 3, 3, 1), (2, 2, 1, 2))
    add(about, (1, 3, 3, 1), (2, 2, 1, 3))
    add(about, (1, 4, 4, 1), (2, 2, 1, 5), normals)
    about = "several channels and filters"
    add(about, (1, 3, 3, 2), (2, 2, 2, 4), normals)
    add(about, (1, 3, 3, 3), (2, 2, 3, 3))
    add(about, (1, 4, 4, 3), (3, 3, 3, 2))
    about = "bias"
    add(about, (1, 2, 2, 1), (2, 2, 1, 1), bias=True)
    add(about, (1, 3, 3, 1), (2, 2, 1, 3), bias=True)
    add(about, (1, 4, 4, 2), (3, 3, 2, 2), bias=True)
    add(about, (1, 3, 3, 2), (2, 2, 2, 3), normals, bias=True)
    x, w = normals(rng, 1, 3, 3, 1), normals(rng, 2, 2, 1, 2)
    cases.append(Case(about, (x, w, whole_numbers(rng, 2).astype(int))))
    about = "several images"
    add(about, (2, 3, 3, 1), (2, 2, 1, 1))
    add(about, (4, 3, 3, 1), (2, 2, 1, 1), normals)
    add(about, (2, 3, 3, 2), (2, 2, 2, 2))
    about = "images and kernels that are not square"
    add(about, (1, 3, 4, 1), (2, 2, 1, 1))
    add(about, (1, 3, 3, 1), (2, 1, 1, 1))
    add(about, (1, 5, 3, 1), (2, 3, 1, 1))
    add(about, (1, 4, 6, 1), (1, 3, 1, 1), normals)
    x, w, b = whole_numbers(rng, 1, 3, 3, 1).astype(int), normals(rng, 2, 2, 1, 1), np.zeros(1)
    cases.append(Case(KINDS, (x, w, b)))
    cases.append(Case(KINDS, (normals(rng, 1, 3, 3, 1), whole_numbers(rng, 2, 2, 1, 1).astype(int), b)))
    x, w = (whole_numbers(rng, *s).astype(int) for s in ((1, 3, 3, 2), (2, 2, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.zeros(2, int))))
    x, w = (normals(rng, *s).astype("f4") for s in ((1, 4, 4, 2), (2, 2, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.zeros(2, "f4"))))
    x, w = every_other(normals(rng, 1, 4, 4, 2)), every_other(normals(rng, 2, 2, 2, 2))
    cases.append(Case(KINDS, (x, w, np.zeros(2))))
    x, w = normals(rng, 1, 4, 4, 2).swapaxes(1, 2), normals(rng, 2, 2, 2, 2).transpose(1, 0, 3, 2)
    cases.append(Case(KINDS, (x, w, np.zeros(2))))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 3, 3, 1), whole_numbers(rng, 2, 2, 1, 1).astype(int), np.zeros(1))))
    about = "everything at once"
    add(about, (2, 3, 4, 2), (2, 3, 2, 3), bias=True)
    add(about, (3, 4, 3, 5), (3, 1, 5, 4), normals, bias=True)
    return cases


def params_cases(rng):
    cases = [
        Case("square kernels", (3, 3, 1, 1)),
        Case("square kernels", (3, 3, 2, 5)),
        Case("square kernels", (2, 2, 3, 4, True)),
        Case("square kernels", (5, 5, 4, 2)),
        Case("kernels that are not square", (2, 3, 1, 1)),
        Case("kernels that are not square", (5, 1, 2, 3)),
        Case("kernels that are not square", (1, 4, 3, 2, True)),
        Case("layers without a bias", (3, 3, 1, 1, False)),
        Case("layers without a bias", (3, 3, 4, 2, False)),
        Case("layers without a bias", (2, 2, 3, 4, False)),
        Case("layers of real networks", (11, 11, 3, 96)),
        Case("layers of real networks", (3, 3, 256, 512)),
        Case("layers of real networks", (5, 5, 96, 256, True)),
        Case("layers of real networks", (1, 1, 64, 256)),
    ]
    kh, kw, c_in, c_out = (int(n) for n in rng.permutation(np.arange(2, 10))[:4])
    cases.append(Case("kernels that are not square", (kh, kw, c_in, c_out)))
    cases.append(Case("layers without a bias", (kh, kh, c_in, c_out, False)))
    return cases


def sobel_cases(rng):
    step = np.zeros((4, 5))
    step[:, 3:] = rng.integers(1, 10)
    return [
        Case("square images", (whole_numbers(rng, 3, 3),)),
        Case("square images", (whole_numbers(rng, 4, 4),)),
        Case("square images", (normals(rng, 10, 10),)),
        Case("images that are not square", (whole_numbers(rng, 3, 5),)),
        Case("images that are not square", (whole_numbers(rng, 5, 3),)),
        Case("images that are not square", (normals(rng, 4, 9),)),
        Case("even areas and straight edges", (np.full((4, 4), float(rng.integers(1, 10))),)),
        Case("even areas and straight edges", (np.ascontiguousarray(step[:, 1:]),)),
        Case("even areas and straight edges", (np.ascontiguousarray(step[:, 1:].T),)),
        Case("even areas and straight edges", (np.array([[0.0, 0, 0], [0, 0, 0], [0, 1, 6]]),)),
        Case("even areas and straight edges", (whole_numbers(rng, 4, 4) * np.eye(4),)),
        Case("brightness from 0 to 255", (rng.integers(0, 256, (4, 4)).astype(float),)),
        Case("brightness from 0 to 255", (rng.integers(0, 256, (5, 5)).astype(float),)),
        Case("brightness from 0 to 1", (rng.random((4, 4)),)),
        Case("brightness from 0 to 1", (rng.random((5, 5)),)),
        Case(KINDS, (whole_numbers(rng, 4, 4).astype(int),)),
        Case(KINDS, (rng.integers(0, 256, (4, 4)),)),
        Case(KINDS, (normals(rng, 4, 4).astype("f4"),)),
        Case(KINDS, (every_other(normals(rng, 4, 4)),)),
        Case(KINDS, (backwards(normals(rng, 4, 4)).T,)),
        Case(KINDS, (bytes_of(rng, 3, 3),)),
        Case(KINDS, (bytes_of(rng, 4, 4),)),
    ]


# -- what to show of a case ------------------------------------------------------------------------------------------


def explain_correlate(args, index, turn=np.asarray):
    image, kernel = args
    (i, j), (kh, kw) = index, kernel.shape
    window = (slice(i, i + kh), slice(j, j + kw))
    turned = "" if turn is np.asarray else " (kernel turned by 180°)"
    panels = [Panel(f"image {image.shape[0]} × {image.shape[1]}", image, window), Panel(f"kernel {kh} × {kw}", kernel)]
    value = np.sum(image[window] * turn(kernel))
    return panels, f"Entry [{i}, {j}] is {products(image[window], turn(kernel))} = {number(value)}{turned}."


def explain_convolve(args, index):
    return explain_correlate(args, index, np.flip)


def explain_layer(args, index):
    images, kernels, bias = args
    (n, i, j, f), (kh, kw, channels, _) = index, kernels.shape
    window = (slice(i, i + kh), slice(j, j + kw))
    panels, sums = [], []
    for c in range(channels):
        panels.append(Panel(f"images[{n}, :, :, {c}]", images[n, :, :, c], window))
        panels.append(Panel(f"kernels[:, :, {c}, {f}]", kernels[:, :, c, f]))
        sums.append(float(np.sum(images[n, i : i + kh, j : j + kw, c] * kernels[:, :, c, f])))
    total = sum(sums) + float(bias[f])
    by_channel = " + ".join(in_a_sum(value) for value in sums)
    return panels, (
        f"Entry [{n}, {i}, {j}, {f}] adds up the window's products, channel by channel, and the filter's bias: "
        f"{by_channel} + bias {in_a_sum(bias[f])} = {number(total)}."
    )


def explain_sobel(args, index):
    (image,) = args
    i, j = index
    window = (slice(i, i + 3), slice(j, j + 3))
    gx, gy = (float(np.sum(image[window] * kernel)) for kernel in (SOBEL_X, SOBEL_Y))
    return [Panel(f"image {image.shape[0]} × {image.shape[1]}", image, window)], (
        f"At entry [{i}, {j}] gx is {number(gx)} and gy is {number(gy)}; the gradient is "
        f"{number(np.hypot(gx, gy))} long."
    )


# -- the ways people get a sliding window wrong ----------------------------------------------------------------------


def each_window(image, kernel, make):
    """``make(window, kernel)`` for every window of the valid part."""
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    kh, kw = kernel.shape
    return filled(np.subtract(image.shape, kernel.shape) + 1, lambda i, j: make(image[i : i + kh, j : j + kw], kernel))


def padded(image, kernel, rows, columns):
    return correlate(np.pad(np.asarray(image, float), (rows, columns)), kernel)


def same_size(image, kernel):
    kh, kw = np.shape(kernel)
    return padded(image, kernel, ((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2))


def full_size(image, kernel):
    kh, kw = np.shape(kernel)
    return padded(image, kernel, (kh - 1, kh - 1), (kw - 1, kw - 1))


def in_whole_numbers(image, kernel):
    out = np.zeros(correlate(image, kernel).shape, dtype=np.asarray(image).dtype)
    out[...] = correlate(image, kernel)
    return out


def truncated(image, kernel):
    return np.trunc(correlate(image, kernel))


def steps_of_the_kernel(image, kernel):
    kh, kw = np.shape(kernel)
    return correlate(image, kernel)[::kh, ::kw]


def running_sum(image, kernel):
    out = correlate(image, kernel)
    return np.cumsum(out).reshape(out.shape)


def one_size_for_both(axis):
    def wrong(image, kernel):
        image, kernel = np.asarray(image, float), np.asarray(kernel, float)
        f = kernel.shape[axis]
        return filled(np.array(image.shape) - f + 1, lambda i, j: np.sum(image[i : i + f, j : j + f] * kernel))

    return wrong


def one_image_size_for_both(axis):
    def wrong(image, kernel):
        image, kernel = np.asarray(image, float), np.asarray(kernel, float)
        n, (kh, kw) = image.shape[axis], kernel.shape
        return filled((n - kh + 1, n - kw + 1), lambda i, j: np.sum(image[i : i + kh, j : j + kw] * kernel))

    return wrong


def shape_exchanged(image, kernel):
    right = correlate(image, kernel)
    out = np.zeros(right.shape[::-1])
    for i, j in np.ndindex(right.shape):
        out[i, j] = right[i, j]
    return out


def window_at_exchanged(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    kh, kw = kernel.shape
    shape = np.subtract(image.shape, kernel.shape) + 1
    return filled(shape, lambda i, j: np.sum(image[j : j + kh, i : i + kw] * kernel))


def first_only(what):
    def wrong(image, kernel):
        out = correlate(image, kernel)
        kept = np.zeros_like(out)
        kept[what] = out[what]
        return kept

    return wrong


def wrapped_around(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    kh, kw = kernel.shape
    return correlate(np.pad(image, ((0, kh - 1), (0, kw - 1)), mode="wrap"), kernel)


def one_too_far(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    kh, kw = kernel.shape

    def entry(i, j):
        window = image[i + 1 : i + 1 + kh, j + 1 : j + 1 + kw]
        return np.sum(window * kernel[: window.shape[0], : window.shape[1]])

    return filled(np.subtract(image.shape, kernel.shape) + 1, entry)


def last_product(image, kernel):
    return each_window(image, kernel, lambda window, k: window[-1, -1] * k[-1, -1])


def from_row_to_row(image, kernel):
    """The sum goes back to 0 at each new row only."""
    return np.cumsum(correlate(image, kernel), axis=1)


def centred(image, kernel):
    """Half a kernel to each side of the pixel, as far as there are pixels."""
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    kh, kw = kernel.shape
    top, left = kh // 2, kw // 2

    def entry(i, j):
        rows, columns = range(i, i + 2 * top + kh % 2), range(j, j + 2 * left + kw % 2)
        return sum(image[r - top, c - left] * kernel[r - i, c - j] for r in rows for c in columns)

    return filled(np.subtract(image.shape, kernel.shape) + 1, entry)


def backwards_from_the_pixel(image, kernel):
    """Up and to the left of the pixel, where negative indices fetch the other side."""
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)

    def entry(i, j):
        return sum(image[i - a, j - b] * kernel[a, b] for a, b in np.ndindex(kernel.shape))

    return filled(np.subtract(image.shape, kernel.shape) + 1, entry)


def part_of_the_kernel(part):
    def wrong(image, kernel):
        used = np.zeros(np.shape(kernel))
        used[part] = np.asarray(kernel, float)[part]
        return correlate(image, used)

    return wrong


def image_sized(image, kernel):
    out = np.zeros(np.shape(image))
    right = correlate(image, kernel)
    out[: right.shape[0], : right.shape[1]] = right
    return out


def every_product(image, kernel):
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    return sliding_window_view(image, kernel.shape) * kernel


def as_rows_in_memory(image, kernel):
    """``as_strided`` with strides worked out from the shape: wrong for every view."""
    image = np.asarray(image)
    rows = np.lib.stride_tricks.as_strided(image, image.shape, (image.shape[1] * image.itemsize, image.itemsize))
    return correlate(rows.copy(), kernel)


def floats_only(image, kernel):
    if np.asarray(image).dtype.kind != "f" or np.asarray(kernel).dtype.kind != "f":
        raise TypeError("floats only")
    return correlate(image, kernel)


N_MINUS_F = (
    "An axis of n pixels has n − f + 1 places for a kernel of f. Count them for n = 3 and f = 2: counting to n − f "
    "leaves the last place out."
)


def sliding(turn, turned_name):
    """The window errors of correlation and convolution: ``turn`` brings the kernel into the position it slides in."""

    def after(wrong):
        return lambda image, kernel: wrong(np.asarray(image), turn(np.asarray(kernel)))

    def of_result(change):
        return lambda image, kernel: change(correlate(image, turn(np.asarray(kernel))))

    def by_window(make):
        return after(lambda image, kernel: each_window(image, kernel, make))

    return (
        Misconception(
            "kernel transposed",
            after(lambda image, kernel: correlate(image, kernel.T)),
            f"The kernel's rows meet the image's columns. Row a of the {turned_name} belongs to row a of the "
            f"window, column b to "
            "column b.",
        ),
        Misconception("last row and column missing", of_result(lambda out: out[:-1, :-1]), N_MINUS_F),
        Misconception(
            "last row missing", of_result(lambda out: out[:-1]), N_MINUS_F + " Your columns are right already."
        ),
        Misconception(
            "last column missing", of_result(lambda out: out[:, :-1]), N_MINUS_F + " Your rows are right already."
        ),
        Misconception(
            "last row and column left at zero",
            of_result(lambda out: np.pad(out[:-1, :-1], ((0, 1), (0, 1)))),
            "The result has the right shape, but its last row and column were never written: " + N_MINUS_F,
        ),
        Misconception(
            "padded to the same size",
            after(same_size),
            "Your result is as large as the image: zeros were put around it. Here only those places count where "
            "the whole kernel lies on real pixels, the valid part.",
        ),
        Misconception(
            "full instead of valid",
            after(full_size),
            "Your result is larger than the image: it counts every place where kernel and image touch. Here "
            "only those places count where the whole kernel lies on real pixels.",
        ),
        Misconception(
            "wrapped around the border",
            after(wrapped_around),
            "Windows at the border go on at the opposite side of the image. A Fourier transform or `np.roll` "
            "does that by itself; the valid part has no such windows.",
        ),
        Misconception(
            "result transposed",
            of_result(lambda out: out.T),
            "The numbers are right and lie on their side: rows and columns of your result are exchanged. "
            "`out[i, j]` belongs to the "
            "window whose first row is i and whose first column is j.",
        ),
        Misconception(
            "height and width of the result exchanged",
            after(shape_exchanged),
            "The array for the result has its two sizes exchanged. An image's shape is (rows, columns), in this "
            "order, and so is the result's.",
        ),
        Misconception(
            "rows and columns of the window exchanged",
            after(window_at_exchanged),
            "The window starts at row j and column i, and belongs the other way round: i counts rows, j counts "
            "columns.",
        ),
        Misconception(
            "kernel's height used for its width",
            after(one_size_for_both(0)),
            "Your code takes the kernel to be square, with its number of rows for both. A kernel has a height "
            "and a width.",
        ),
        Misconception(
            "kernel's width used for its height",
            after(one_size_for_both(1)),
            "Your code takes the kernel to be square, with its number of columns for both. A kernel has a "
            "height and a width.",
        ),
        Misconception(
            "image's height used for its width",
            after(one_image_size_for_both(0)),
            "Your code takes the image to be square, with its number of rows for both. An image has a height "
            "and a width.",
        ),
        Misconception(
            "image's width used for its height",
            after(one_image_size_for_both(1)),
            "Your code takes the image to be square, with its number of columns for both. An image has a height "
            "and a width.",
        ),
        Misconception(
            "mean instead of sum",
            by_window(lambda window, k: np.mean(window * k)),
            "The products of a window are averaged. They are added up: a kernel that should average carries the "
            "division in its own numbers.",
        ),
        Misconception(
            "divided by the kernel's sum",
            by_window(lambda window, k: np.sum(window * k) / (np.sum(k) or np.nan)),
            "The result is divided by the sum of the kernel. Image editors do this to keep brightness; a "
            "convolution does not.",
        ),
        Misconception(
            "maximum instead of sum",
            by_window(lambda window, k: np.max(window * k)),
            "The largest product of each window is kept. All of them are added up; the maximum belongs to pooling.",
        ),
        Misconception(
            "added instead of multiplied",
            by_window(lambda window, k: np.sum(window + k)),
            "Window and kernel are added. Each pixel is multiplied by the kernel's entry above it, and the "
            "products are added.",
        ),
        Misconception(
            "only the last product kept",
            after(last_product),
            "Each window keeps the last of its products. In the inner loops `=` overwrites where `+=` would add.",
        ),
        Misconception(
            "matrix product instead of elementwise",
            by_window(lambda window, k: np.sum(window @ k)),
            "`@` and `np.dot` multiply matrices. A kernel meets its window entry by entry: that is `*`.",
        ),
        Misconception(
            "steps as large as the kernel",
            after(steps_of_the_kernel),
            "The window jumps by the kernel's size. It moves one pixel at a time, so neighbouring windows overlap.",
        ),
        Misconception(
            "sum never reset",
            after(running_sum),
            "Each entry still contains those before it: the variable that adds up the products has to start at "
            "0 for every place.",
        ),
        Misconception(
            "negative results cut off",
            of_result(lambda out: np.maximum(out, 0)),
            "Negative sums have become 0. A feature map may be negative; cutting is a separate step (the ReLU).",
        ),
        Misconception(
            "signs lost",
            of_result(np.abs),
            "All your numbers are positive. A feature map keeps its sign: it tells dark-to-bright from bright-to-dark.",
        ),
        Misconception(
            "all signs the other way round",
            of_result(np.negative),
            "The numbers are right but for their signs, which are all the other way round.",
        ),
        Misconception(
            "sum reset at each row only",
            after(from_row_to_row),
            "The first entry of each row is right, and the others still carry their left neighbours. When does "
            "your sum go back to 0?",
        ),
        Misconception(
            "windows centred on the pixel",
            after(centred),
            "Half a kernel to each side works when a kernel has a middle, and leaves the image at its border. "
            "The window of entry [i, j] begins at pixel [i, j].",
        ),
        Misconception(
            "backwards from the pixel",
            after(backwards_from_the_pixel),
            "You walk up and to the left of the pixel. At the border Python's negative indices then fetch the "
            "other side of the image, without a word.",
        ),
        Misconception(
            "last row and column of the kernel not used",
            after(part_of_the_kernel(np.s_[:-1, :-1])),
            "The kernel's last row and column never take part. Its f entries are counted from 0 to f − 1.",
        ),
        Misconception(
            "first row and column of the kernel not used",
            after(part_of_the_kernel(np.s_[1:, 1:])),
            "The kernel's first row and column never take part. Python counts from 0.",
        ),
        Misconception(
            "only the kernel's first row used",
            after(part_of_the_kernel(np.s_[:1])),
            "Only the first row of the kernel takes part. Look at where the sum over its rows ends.",
        ),
        Misconception(
            "result as large as the image",
            after(image_sized),
            "Your numbers are right and sit in an array as large as the image, with zeros around them. How many places "
            "did the kernel really visit?",
        ),
        Misconception(
            "products not summed",
            after(every_product),
            "You still have every single product. Which axes belong to the window? Those are to be added up.",
        ),
        Misconception(
            "rows and columns lost",
            of_result(np.ravel),
            "The numbers are all there, in one long row. Give them back their rows and columns.",
        ),
        Misconception(
            "axes of size 1 lost",
            of_result(np.squeeze),
            "When one row or one column is left, an axis disappears: `np.squeeze` does that. The result always "
            "has two.",
        ),
        Misconception(
            "steps of two",
            of_result(lambda out: out[::2, ::2]),
            "Your window skips places. It moves by one pixel at a time.",
        ),
        Misconception(
            "a view taken for rows that lie side by side",
            after(as_rows_in_memory),
            "Wrong only for arrays that are views of others: your strides assume that the numbers lie side by side in "
            "memory. Every array has its own `strides`.",
        ),
        Misconception(
            "whole numbers refused",
            after(floats_only),
            "It works with floats and stops at integers. Both are numbers to this function.",
        ),
        Misconception(
            "rounded",
            of_result(np.round),
            "Your numbers are rounded. They are asked for as they come.",
        ),
        Misconception(
            "fractions cut off for whole-numbered images",
            after(in_whole_numbers),
            "With an image of whole numbers your result loses its fractions: an array made by "
            "`zeros_like(image)`, or with the "
            "image's dtype, can hold nothing else. Let it hold floats.",
        ),
        Misconception(
            "fractions cut off",
            after(truncated),
            "Your result holds whole numbers: what comes after the point is lost. Let the array hold floats.",
        ),
        Misconception(
            "window one pixel too far",
            after(one_too_far),
            "Your windows start one row and one column late. The first window starts at [0, 0], and so does the "
            "counting of `range`.",
        ),
        Misconception(
            "only the first entry written",
            after(first_only((0, 0))),
            "Only the first entry is filled. Look at the indentation of `return`: inside the loops it ends them "
            "at once.",
        ),
        Misconception(
            "only the first row written",
            after(first_only((0,))),
            "Only the first row is filled. Look at the indentation of `return`: inside the outer loop it ends "
            "it after one row.",
        ),
    )


def turned_half(array):
    return array[::-1, ::-1]


FLIP_SAYS = (
    "The kernel is flipped before it slides. That is the mathematical convolution; cross-correlation leaves the "
    "kernel as it is: the top left entry of the kernel meets the top left pixel of the window."
)

CORRELATE_MISCONCEPTIONS = (
    Misconception("kernel flipped", lambda image, kernel: correlate(image, turned_half(np.asarray(kernel))), FLIP_SAYS),
    Misconception(
        "kernel flipped upside down",
        lambda image, kernel: correlate(image, np.asarray(kernel)[::-1]),
        "The kernel's rows are in reverse order. Cross-correlation leaves the kernel as it is.",
    ),
    Misconception(
        "kernel flipped left to right",
        lambda image, kernel: correlate(image, np.asarray(kernel)[:, ::-1]),
        "The kernel's columns are in reverse order. Cross-correlation leaves the kernel as it is.",
    ),
    *sliding(lambda kernel: kernel, "kernel"),
)

CONVOLVE_MISCONCEPTIONS = (
    Misconception(
        "kernel not flipped",
        correlate,
        "This is the cross-correlation. A convolution turns the kernel by 180° first: its last entry meets the "
        "first pixel of the window.",
    ),
    Misconception(
        "kernel flipped upside down only",
        lambda image, kernel: correlate(image, np.asarray(kernel)[::-1]),
        "Only the kernel's rows are reversed. Turning by 180° reverses the rows and the columns.",
    ),
    Misconception(
        "kernel flipped left to right only",
        lambda image, kernel: correlate(image, np.asarray(kernel)[:, ::-1]),
        "Only the kernel's columns are reversed. Turning by 180° reverses the rows and the columns.",
    ),
    Misconception(
        "kernel transposed instead of turned",
        lambda image, kernel: correlate(image, np.asarray(kernel).T),
        "`.T` mirrors the kernel at its diagonal. Turning it by 180° reverses its rows and its columns.",
    ),
    Misconception(
        "kernel turned by −90°",
        lambda image, kernel: correlate(image, np.rot90(np.asarray(kernel), -1)),
        "The kernel is turned by a quarter. A convolution turns it by a half: two quarters.",
    ),
    Misconception(
        "kernel's rows and columns shifted while turning",
        lambda image, kernel: correlate(image, np.roll(turned_half(np.asarray(kernel)), (1, 1), (0, 1))),
        "The kernel is turned and then shifted by one. `kernel[-0]` is the first entry and not the last: which "
        "index is the last one when a is 0?",
    ),
    Misconception(
        "kernel turned by 90°",
        lambda image, kernel: correlate(image, np.rot90(np.asarray(kernel))),
        "`np.rot90` turns by a quarter. A convolution turns the kernel by a half: two quarters.",
    ),
    Misconception(
        "image turned instead of kernel",
        lambda image, kernel: correlate(turned_half(np.asarray(image)), kernel),
        "Your numbers are right and in reverse order, as they are when the image is turned, or the result once more. "
        "It is the kernel that is turned, and nothing else.",
    ),
    Misconception(
        "result turned instead of kernel",
        lambda image, kernel: turned_half(correlate(image, kernel)),
        "The result is turned, after a cross-correlation. It is the kernel that is turned, before it slides.",
    ),
    *sliding(turned_half, "turned kernel"),
)

# -- the ways people get a layer wrong -------------------------------------------------------------------------------


def no_bias(images, kernels, bias):
    return layer(images, kernels, np.zeros(np.shape(kernels)[3]))


def bias_times(factor):
    """The bias added as often as ``factor(kh, kw, channels)`` says."""

    def wrong(images, kernels, bias):
        kh, kw, channels, _ = np.shape(kernels)
        return no_bias(images, kernels, bias) + np.asarray(bias, float) * factor(kh, kw, channels)

    return wrong


def with_bias(change):
    return lambda images, kernels, bias: layer(images, kernels, change(np.asarray(bias, float)))


def with_kernels(change):
    return lambda images, kernels, bias: layer(images, change(np.asarray(kernels)), bias)


def of_layer(change):
    return lambda images, kernels, bias: change(layer(images, kernels, bias))


def one_channel(c):
    def wrong(images, kernels, bias):
        images, kernels = np.asarray(images), np.asarray(kernels)
        chosen = slice(c, c + 1) if c >= 0 else slice(-1, None)
        return layer(images[..., chosen], kernels[:, :, chosen], bias)

    return wrong


def mean_over_channels(images, kernels, bias):
    return no_bias(images, kernels, bias) / np.shape(kernels)[2] + np.asarray(bias, float)


def first_filter_for_all(images, kernels, bias):
    kernels = np.asarray(kernels)
    return layer(images, np.repeat(kernels[..., :1], kernels.shape[3], axis=3), bias)


def same_kernel_for_every_channel(images, kernels, bias):
    kernels = np.asarray(kernels)
    return layer(images, np.repeat(kernels[:, :, :1], kernels.shape[2], axis=2), bias)


def first_image_for_all(images, kernels, bias):
    out = layer(images, kernels, bias)
    return np.repeat(out[:1], len(out), axis=0)


def only_first_image(images, kernels, bias):
    out = layer(images, kernels, bias)
    kept = np.zeros_like(out)
    kept[0] = out[0]
    return kept


def sum_of_images(images, kernels, bias):
    return layer(np.asarray(images, float).sum(axis=0, keepdims=True), kernels, bias)


def filters_and_channels_exchanged(images, kernels, bias):
    return layer(images, np.asarray(kernels).transpose(0, 1, 3, 2), bias)


def kernels_reshaped(images, kernels, bias):
    kernels = np.asarray(kernels)
    kh, kw, channels, filters = kernels.shape
    return layer(images, kernels.reshape(filters, -1).T.reshape(kh, kw, channels, filters), bias)


def columns_ordered_by_channel(images, kernels, bias):
    """im2col with the channels first, against kernels whose channels come last."""
    kernels = np.asarray(kernels)
    kh, kw, channels, filters = kernels.shape
    return layer(images, kernels.reshape(channels, kh, kw, filters).transpose(1, 2, 0, 3), bias)


def channel_by_channel(images, kernels, bias):
    """Filter f looks at channel f only, as a depthwise layer does."""
    images, kernels, bias = np.asarray(images, float), np.asarray(kernels, float), np.asarray(bias, float)
    parts = [
        layer(
            images[..., f % images.shape[3], None], kernels[:, :, f % images.shape[3], f, None, None], bias[f : f + 1]
        )
        for f in range(kernels.shape[3])
    ]
    return np.concatenate(parts, axis=-1)


def running_over_filters(images, kernels, bias):
    return np.cumsum(no_bias(images, kernels, bias), axis=-1) + np.asarray(bias, float)


def whole_numbered_layer(images, kernels, bias):
    return layer(images, kernels, bias).astype(np.asarray(images).dtype)


def channels_not_summed(images, kernels, bias):
    """The products of each channel kept apart where they should meet: only one filter's worth fits."""
    images, kernels, bias = (np.asarray(array, float) for array in (images, kernels, bias))
    if images.shape[3] == 1:
        return layer(images, kernels, bias)
    parts = [layer(images[..., c : c + 1], kernels[:, :, c : c + 1], bias) for c in range(images.shape[3])]
    return np.concatenate(parts, axis=-1)


def bias_of_wrong_axis(axis):
    """The bias laid along another axis, where the sizes happen to agree."""

    def wrong(images, kernels, bias):
        out = no_bias(images, kernels, bias)
        shape = [1] * 4
        shape[axis] = len(bias)
        return out + np.reshape(np.asarray(bias, float), shape)

    return wrong


def carried_on(images, kernels, bias):
    return np.cumsum(no_bias(images, kernels, bias), axis=0) + np.asarray(bias, float)


def only_first_filter(images, kernels, bias):
    out = layer(images, kernels, bias)
    out[..., 1:] = 0
    return out


def filters_added(images, kernels, bias):
    out = layer(images, kernels, bias)
    return np.repeat(out.sum(axis=-1, keepdims=True), out.shape[-1], axis=-1)


def cut_in_the_wrong_order(images, kernels, bias):
    """Right numbers, collected filter by filter and then reshaped as if pixel by pixel."""
    out = layer(images, kernels, bias)
    return out.transpose(0, 3, 1, 2).reshape(out.shape)


def pixels_before_images(images, kernels, bias):
    out = layer(images, kernels, bias)
    return out.transpose(1, 2, 0, 3).reshape(out.shape)


def layer_by_channel_maps(images, kernels, bias):
    images, kernels = np.asarray(images, float), np.asarray(kernels, float)
    nothing = np.zeros(kernels.shape[3])
    parts = [layer(images[..., c : c + 1], kernels[:, :, c : c + 1], nothing) for c in range(images.shape[3])]
    return np.concatenate([part.sum(axis=-1, keepdims=True) for part in parts], axis=-1) + np.sum(bias)


LAYER_MISCONCEPTIONS = (
    Misconception(
        "bias forgotten",
        no_bias,
        "The bias is missing. After all products of a window are added up, the filter's own bias is added to "
        "them, once.",
    ),
    Misconception(
        "bias added for every channel",
        bias_times(lambda kh, kw, channels: channels),
        "The bias is added once for each channel. Channels are summed first; then the filter's bias is added, once.",
    ),
    Misconception(
        "bias added for every kernel entry",
        bias_times(lambda kh, kw, channels: kh * kw * channels),
        "The bias is added with every product. It belongs outside the sum over the window: once for each output entry.",
    ),
    Misconception(
        "bias added for every pixel of the window",
        bias_times(lambda kh, kw, channels: kh * kw),
        "The bias is added for each of the window's pixels. It belongs outside the sum: once for each output entry.",
    ),
    Misconception(
        "bias added for every kernel row",
        bias_times(lambda kh, kw, channels: kh),
        "The bias is added once for each row of the kernel. It belongs outside the sum: once for each output entry.",
    ),
    Misconception(
        "bias multiplied",
        lambda images, kernels, bias: no_bias(images, kernels, bias) * np.asarray(bias, float),
        "The bias multiplies the result. It is added: a bias of 0 changes nothing.",
    ),
    Misconception(
        "bias subtracted",
        with_bias(np.negative),
        "The bias is subtracted. It is added.",
    ),
    Misconception(
        "one bias for all filters",
        with_bias(lambda bias: np.full_like(bias, bias[0])),
        "Every filter gets the first filter's bias. There is one bias for each filter: `bias[f]` belongs to filter f.",
    ),
    Misconception(
        "all biases added to every filter",
        with_bias(lambda bias: np.full_like(bias, bias.sum())),
        "Every filter gets the sum of all biases. There is one bias for each filter: `bias[f]` belongs to filter f.",
    ),
    Misconception(
        "bias along the columns",
        bias_of_wrong_axis(2),
        "The bias is laid along the columns of the feature maps; where the sizes agree, NumPy does not complain. The "
        "filters are the result's last axis.",
    ),
    Misconception(
        "bias along the rows",
        bias_of_wrong_axis(1),
        "The bias is laid along the rows of the feature maps; where the sizes agree, NumPy does not complain. The "
        "filters are the result's last axis.",
    ),
    Misconception(
        "bias in reverse order",
        with_bias(lambda bias: bias[::-1]),
        "Each filter gets another one's bias: they are in reverse order. `bias[f]` belongs to filter f.",
    ),
    Misconception(
        "only the first channel used",
        one_channel(0),
        "Only the first channel is looked at. A filter has a kernel for every channel, and their results are added up.",
    ),
    Misconception(
        "only the last channel kept",
        one_channel(-1),
        "Only the last channel is left in the result: in the loop over channels `=` overwrites where `+=` would add.",
    ),
    Misconception(
        "mean over channels",
        mean_over_channels,
        "The channels are averaged. They are added up.",
    ),
    Misconception(
        "channels not summed",
        channels_not_summed,
        "Your result keeps a map for each channel. A filter looks at all channels at once and makes one map: "
        "the channels are added up.",
    ),
    Misconception(
        "each filter reads one channel",
        channel_by_channel,
        "Filter f looks at channel f alone, as a depthwise layer would. Here every filter looks at every channel.",
    ),
    Misconception(
        "one kernel for every channel",
        same_kernel_for_every_channel,
        "The kernel of the first channel is used on all of them. A filter has a kernel of its own for every channel.",
    ),
    Misconception(
        "first filter used for all",
        first_filter_for_all,
        "All your feature maps come from the first filter. Map f is made by `kernels[..., f]`.",
    ),
    Misconception(
        "only the first filter written",
        only_first_filter,
        "One feature map is there, the others are empty. Does your loop reach every filter?",
    ),
    Misconception(
        "filters added together",
        filters_added,
        "Your maps are all alike and hold the sum of all filters. Each filter makes a map of its own.",
    ),
    Misconception(
        "channels in reverse order",
        with_kernels(lambda kernels: kernels[:, :, ::-1]),
        "Channel 0 of the image meets the last channel of the kernel. Channel c belongs to channel c.",
    ),
    Misconception(
        "filters and channels exchanged",
        filters_and_channels_exchanged,
        "The kernels' last two axes are exchanged. Their shape is (kh, kw, channels in, filters), as in Keras.",
    ),
    Misconception(
        "filters not reset",
        running_over_filters,
        "Each feature map still contains the ones before it: the variable that adds up the products has to "
        "start at 0 for every filter.",
    ),
    Misconception(
        "first image used for all",
        first_image_for_all,
        "Every image of the batch gets the first one's result. Image n is `images[n]`.",
    ),
    Misconception(
        "last image used for all",
        lambda images, kernels, bias: np.repeat(layer(images, kernels, bias)[-1:], len(images), axis=0),
        "Every image of the batch has the last one's result. Is one and the same array stored each time?",
    ),
    Misconception(
        "images carried on",
        carried_on,
        "The second image's result still contains the first one's. Start afresh for each image.",
    ),
    Misconception(
        "mean over the batch",
        lambda images, kernels, bias: layer(np.asarray(images, float).mean(0, keepdims=True), kernels, bias),
        "The images of the batch are averaged. Each keeps a result of its own.",
    ),
    Misconception(
        "only the first image written",
        only_first_image,
        "Only the first image of the batch has a result. Look at the indentation of `return`, or for a loop "
        "over images.",
    ),
    Misconception(
        "only the first image returned",
        of_layer(lambda out: out[:1]),
        "The batch comes back as one image. The result's first axis counts the images, like the input's.",
    ),
    Misconception(
        "images summed over the batch",
        sum_of_images,
        "The images of the batch are added up. Each image has a result of its own: the first axis stays.",
    ),
    Misconception(
        "batch axis lost",
        of_layer(lambda out: np.squeeze(out, 0) if len(out) == 1 else out),
        "A batch of one image comes back without its batch axis. `np.squeeze` takes away every axis of size 1; "
        "the result always has four.",
    ),
    Misconception(
        "axes of size 1 lost",
        of_layer(np.squeeze),
        "Axes of size 1 are gone from your result: `np.squeeze` does that. The result always has four axes, (N, "
        "rows, columns, filters).",
    ),
    Misconception(
        "result cut in the wrong order",
        cut_in_the_wrong_order,
        "The shape is right and the numbers have changed places: `reshape` reads them in their order. In which "
        "order did you collect them, filter by filter or pixel by pixel?",
    ),
    Misconception(
        "images and pixels collected in the wrong order",
        pixels_before_images,
        "The shape is right and the numbers of different images have changed places: `reshape` reads in order, "
        "and images come before rows and columns.",
    ),
    Misconception(
        "channels first",
        of_layer(lambda out: out.transpose(0, 3, 1, 2)),
        "The filters come before the rows and columns in your result. Its shape is (N, rows, columns, filters): "
        "channels last.",
    ),
    Misconception(
        "rows and columns exchanged",
        of_layer(lambda out: out.transpose(0, 2, 1, 3)),
        "Rows and columns of your feature maps are exchanged. The result's shape is (N, rows, columns, filters).",
    ),
    Misconception(
        "kernel flipped",
        with_kernels(lambda kernels: kernels[::-1, ::-1]),
        "The kernels are flipped before they slide. Convolutional layers do not do this: they compute the "
        "cross-correlation, and leave "
        "flipping to mathematics.",
    ),
    Misconception(
        "kernel flipped along all axes",
        with_kernels(lambda kernels: kernels[::-1, ::-1, ::-1]),
        "The kernels are flipped along rows, columns and channels: a convolution over three axes does that. A "
        "layer computes the cross-correlation, in which channel c meets channel c.",
    ),
    Misconception(
        "everything about the kernels reversed",
        with_kernels(np.flip),
        "`np.flip` without axes reverses the filters and channels as well. A layer reverses nothing.",
    ),
    Misconception(
        "kernel transposed",
        lambda images, kernels, bias: layer(images, np.asarray(kernels).transpose(1, 0, 2, 3), bias),
        "The kernel's rows meet the image's columns. Kernels are shaped (rows, columns, channels, filters).",
    ),
    Misconception(
        "kernels reshaped instead of transposed",
        kernels_reshaped,
        "`reshape` does not exchange axes: it reads the numbers in their order and cuts them anew. With the "
        "filters last, `kernels.reshape(-1, filters)` keeps each filter together; another order needs `transpose`.",
    ),
    Misconception(
        "window and kernel flattened in different orders",
        columns_ordered_by_channel,
        "Window and kernel are flattened in different orders, so a pixel meets a weight of another channel. "
        "Bring the axes into one order first: rows, columns, channels.",
    ),
    Misconception(
        "negative results cut off",
        of_layer(lambda out: np.maximum(out, 0)),
        "Negative results have become 0. That is the ReLU, a layer of its own; here the sum is returned as it is.",
    ),
    Misconception(
        "padded to the same size",
        layer_by(same_size),
        "Your feature maps are as large as the images: zeros were put around them. Here only those places count "
        "where the whole kernel lies on real pixels.",
    ),
    Misconception("last row and column missing", of_layer(lambda out: out[:, :-1, :-1]), N_MINUS_F),
    Misconception(
        "last row missing", of_layer(lambda out: out[:, :-1]), N_MINUS_F + " Your columns are right already."
    ),
    Misconception(
        "last column missing", of_layer(lambda out: out[:, :, :-1]), N_MINUS_F + " Your rows are right already."
    ),
    Misconception(
        "last row and column left at zero",
        of_layer(lambda out: np.pad(out[:, :-1, :-1], ((0, 0), (0, 1), (0, 1), (0, 0)))),
        "The result has the right shape, but its last row and column were never written: " + N_MINUS_F,
    ),
    Misconception(
        "kernel's height used for its width",
        layer_by(one_size_for_both(0)),
        "Your code takes the kernel to be square, with its number of rows for both. A kernel has a height and a width.",
    ),
    Misconception(
        "kernel's width used for its height",
        layer_by(one_size_for_both(1)),
        "Your code takes the kernel to be square, with its number of columns for both. A kernel has a height "
        "and a width.",
    ),
    Misconception(
        "image's height used for its width",
        layer_by(one_image_size_for_both(0)),
        "Your code takes the images to be square, with their number of rows for both. An image has a height and "
        "a width.",
    ),
    Misconception(
        "image's width used for its height",
        layer_by(one_image_size_for_both(1)),
        "Your code takes the images to be square, with their number of columns for both. An image has a height "
        "and a width.",
    ),
    Misconception(
        "mean instead of sum",
        lambda images, kernels, bias: (
            no_bias(images, kernels, bias) / np.prod(np.shape(kernels)[:3]) + np.asarray(bias, float)
        ),
        "The products of a window are averaged. They are added up.",
    ),
    Misconception(
        "fractions cut off for whole-numbered images",
        whole_numbered_layer,
        "With images of whole numbers your result loses its fractions: an array that has the images' dtype can "
        "hold nothing else. Let it "
        "hold floats.",
    ),
    Misconception(
        "full instead of valid",
        layer_by(full_size),
        "Your feature maps are larger than the images: every place counts where kernel and image touch. Here "
        "only those places count where the whole kernel lies on real pixels.",
    ),
    Misconception(
        "all signs the other way round",
        of_layer(np.negative),
        "The numbers are right but for their signs, which are all the other way round.",
    ),
    Misconception(
        "steps of two",
        of_layer(lambda out: out[:, ::2, ::2]),
        "Your window skips places. It moves by one pixel at a time.",
    ),
    Misconception(
        "bias loses its fraction",
        with_bias(np.trunc),
        "Only the bias lost what comes after its point. Is it kept as a whole number?",
    ),
    Misconception(
        "one image without its batch",
        of_layer(lambda out: out[0]),
        "Your result is that of one image, without the batch's axis. The result's first axis counts the images, "
        "like the input's.",
    ),
    Misconception(
        "channels kept apart, filters added",
        layer_by_channel_maps,
        "Your result has a map for each channel. A filter looks at all channels at once: the channels are added "
        "up, and there is a map for each filter.",
    ),
    Misconception(
        "fractions cut off", of_layer(np.trunc), "Your result holds whole numbers: what comes after the point is lost."
    ),
)

# -- the ways people miscount ----------------------------------------------------------------------------------------


def counting(formula):
    def wrong(kh, kw, c_in, c_out, use_bias=True):
        return formula(kh, kw, c_in, c_out, bool(use_bias))

    return wrong


EACH_FILTER = "Each filter has kh · kw weights for every input channel, and one bias."


def without_unless_asked(kh, kw, c_in, c_out, use_bias=False):
    return count_params(kh, kw, c_in, c_out, use_bias)


PARAMS_MISCONCEPTIONS = (
    Misconception(
        "no bias unless asked for",
        without_unless_asked,
        "Called without `use_bias`, your layer has no biases. It has them unless `use_bias=False` is said.",
    ),
    *(
        Misconception(name, counting(formula), says)
        for name, formula, says in (
            (
                "bias forgotten",
                lambda kh, kw, ci, co, b: kh * kw * ci * co,
                "The biases are missing: one for each filter.",
            ),
            (
                "bias always counted",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + co,
                "The biases are counted although `use_bias` is False.",
            ),
            (
                "bias counted the wrong way round",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + (0 if b else co),
                "The biases are counted when `use_bias` is False and left out when it is True.",
            ),
            (
                "one bias for the whole layer",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + b,
                "One bias is counted for the whole layer. Each filter has a bias of its own.",
            ),
            (
                "a bias for each input channel",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + ci * b,
                "A bias is counted for each input channel. Biases belong to filters, the output channels.",
            ),
            (
                "a bias for each pair of channels",
                lambda kh, kw, ci, co, b: (kh * kw + b) * ci * co,
                "A bias is counted for every kernel of every input channel. A filter sums over its channels first "
                "and has one bias.",
            ),
            (
                "a bias for each weight",
                lambda kh, kw, ci, co, b: kh * kw * ci * co * (1 + b),
                "A bias is counted for each weight. A filter has many weights and one bias.",
            ),
            (
                "a bias for each weight of a filter",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + kh * kw * ci * b,
                "As many biases are counted as a filter has weights. A filter has one bias.",
            ),
            (
                "a bias for each input and output channel",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + (ci + co) * b,
                "Biases are counted for input channels as well. Biases belong to filters, the output channels.",
            ),
            (
                "input channels forgotten",
                lambda kh, kw, ci, co, b: kh * kw * co + co * b,
                "The input channels do not appear. " + EACH_FILTER,
            ),
            (
                "filters forgotten",
                lambda kh, kw, ci, co, b: kh * kw * ci + b,
                "This counts one filter. The layer has `c_out` of them.",
            ),
            (
                "filters forgotten among the weights",
                lambda kh, kw, ci, co, b: kh * kw * ci + co * b,
                "The weights of one filter are counted. The layer has `c_out` filters, each with weights of its own.",
            ),
            (
                "kernel's height used for its width",
                lambda kh, kw, ci, co, b: kh * kh * ci * co + co * b,
                "The kernel's number of rows is used twice. Kernels need not be square.",
            ),
            (
                "kernel's width used for its height",
                lambda kh, kw, ci, co, b: kw * kw * ci * co + co * b,
                "The kernel's number of columns is used twice. Kernels need not be square.",
            ),
            (
                "kernel's sides added",
                lambda kh, kw, ci, co, b: (kh + kw) * ci * co + co * b,
                "The kernel's sides are added. A kernel of kh rows and kw columns has kh · kw entries.",
            ),
            (
                "channels added",
                lambda kh, kw, ci, co, b: kh * kw * (ci + co) + co * b,
                "Input and output channels are added. Every filter has a kernel for every input channel: that is a "
                "product.",
            ),
            (
                "one kernel for all channels",
                lambda kh, kw, ci, co, b: kh * kw + co * b,
                "This counts the entries of one kernel. " + EACH_FILTER,
            ),
            (
                "nothing counted without a bias",
                lambda kh, kw, ci, co, b: kh * kw * ci * co + co if b else 0,
                "Without a bias your answer is 0. Does `if … else` reach over the whole sum? Brackets help.",
            ),
            (
                "kernels taken to be 3 × 3",
                lambda kh, kw, ci, co, b: 9 * ci * co + co * b,
                "Right for 3 × 3 kernels only. The arguments tell the kernel's size.",
            ),
            (
                "everything counted twice",
                lambda kh, kw, ci, co, b: 2 * (kh * kw * ci * co + co * b),
                "Everything is counted twice.",
            ),
            (
                "too large for its number type",
                lambda kh, kw, ci, co, b: int(np.array(kh * kw * ci * co + co * b).astype(np.int16)),
                "The number ran over the edge of a small integer type. Python's own integers have no edge.",
            ),
            (
                "use_bias ignored and biases left out twice",
                lambda kh, kw, ci, co, b: kh * kw * ci * co - (0 if b else co),
                "Without biases nothing is to be taken away: the weights alone are the answer.",
            ),
        )
    ),
)

# -- the ways people get the gradient wrong --------------------------------------------------------------------------


def of_sobel(combine, x=SOBEL_X, y=SOBEL_Y, correlation=correlate):
    return lambda image: combine(correlation(image, x), correlation(image, y))


def length(gx, gy):
    return np.sqrt(gx**2 + gy**2)


def spread_to_255(gx, gy):
    out = length(gx, gy)
    return out / out.max() * 255 if out.max() else out


def differences_of_bytes(middle):
    """Differences of neighbours in the image's own type; the middle row counts this many times."""

    def wrong(image):
        across, down = image[:, 2:] - image[:, :-2], image[2:] - image[:-2]
        gx = across[:-2] + middle * across[1:-1] + across[2:]
        return np.hypot(gx, down[:, :-2] + middle * down[:, 1:-1] + down[:, 2:]).astype(float)

    return wrong


PREWITT = np.sign(SOBEL_X)
SCHARR = np.array([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]])
TWO_KERNELS = "One kernel measures the change from left to right, the other from top to bottom."

SOBEL_MISCONCEPTIONS = tuple(
    Misconception(name, wrong, says)
    for name, wrong, says in (
        (
            "absolute values added",
            of_sobel(lambda gx, gy: np.abs(gx) + np.abs(gy)),
            "|gx| + |gy| is a shortcut that is too long on slanted edges. A length is the square root of the "
            "sum of squares.",
        ),
        (
            "only horizontal changes",
            of_sobel(lambda gx, gy: np.abs(gx)),
            "Only the change from left to right counts in your result, so horizontal edges are missed. " + TWO_KERNELS,
        ),
        (
            "only vertical changes",
            of_sobel(lambda gx, gy: np.abs(gy)),
            "Only the change from top to bottom counts in your result, so vertical edges are missed. " + TWO_KERNELS,
        ),
        (
            "only gx",
            of_sobel(lambda gx, gy: gx),
            "This is gx, with its sign. " + TWO_KERNELS + " The length of both is asked for.",
        ),
        (
            "only gy",
            of_sobel(lambda gx, gy: gy),
            "This is gy, with its sign. " + TWO_KERNELS + " The length of both is asked for.",
        ),
        (
            "square root forgotten",
            of_sobel(lambda gx, gy: gx**2 + gy**2),
            "This is the square of the length: the root is missing. Squares make strong edges outshine all others.",
        ),
        (
            "gx and gy added",
            of_sobel(lambda gx, gy: gx + gy),
            "gx and gy are added with their signs, and cancel on some edges. A length is the square root of the "
            "sum of squares.",
        ),
        (
            "sum's absolute value",
            of_sobel(lambda gx, gy: np.abs(gx + gy)),
            "gx and gy are added before their signs are dropped, and cancel on some edges. Square each, add, "
            "and take the root.",
        ),
        (
            "larger of the two",
            of_sobel(lambda gx, gy: np.maximum(np.abs(gx), np.abs(gy))),
            "The larger of |gx| and |gy| is kept. On a slanted edge both contribute: square each, add, and take "
            "the root.",
        ),
        (
            "mean of the two",
            of_sobel(lambda gx, gy: (np.abs(gx) + np.abs(gy)) / 2),
            "|gx| and |gy| are averaged. A length is the square root of the sum of squares.",
        ),
        (
            "root of the mean square",
            of_sobel(lambda gx, gy: np.sqrt((gx**2 + gy**2) / 2)),
            "The squares are averaged. A length is the square root of their sum.",
        ),
        (
            "squares subtracted",
            of_sobel(lambda gx, gy: np.sqrt(np.abs(gx**2 - gy**2))),
            "The squares are subtracted. By Pythagoras they are added.",
        ),
        (
            "two pictures instead of one",
            of_sobel(lambda gx, gy: np.stack([gx, gy])),
            "You return gx and gy. How long is the arrow that they make together?",
        ),
        (
            "gx and gy beside each other",
            of_sobel(lambda gx, gy: np.stack([gx, gy], axis=-1)),
            "You return gx and gy. How long is the arrow that they make together?",
        ),
        (
            "one number for the whole image",
            of_sobel(lambda gx, gy: np.sqrt(np.sum(gx**2 + gy**2))),
            "The length is taken over the whole picture. Each pixel has a length of its own.",
        ),
        (
            "halved instead of rooted",
            of_sobel(lambda gx, gy: (gx**2 + gy**2) / 2),
            "The sum of squares is halved. `** 1/2` does that: powers come before divisions.",
        ),
        (
            "root of the sum without squares",
            of_sobel(lambda gx, gy: np.sqrt(gx + gy)),
            "A root is taken of the sum of gx and gy themselves. Square each first; then nothing below the root "
            "is negative.",
        ),
        (
            "root of the absolute values",
            of_sobel(lambda gx, gy: np.sqrt(np.abs(gx) + np.abs(gy))),
            "A root is taken of |gx| + |gy|. Square each first, then add, then take the root.",
        ),
        (
            "even areas give nan",
            of_sobel(lambda gx, gy: np.abs(gx) * np.sqrt(1 + (gy / gx) ** 2)),
            "Where the picture does not change from left to right, gx is 0, and you divide by it.",
        ),
        (
            "normalised to nan on even areas",
            of_sobel(lambda gx, gy: length(gx, gy) / length(gx, gy).max()),
            "Your result is divided by its largest entry: two images can no longer be compared, and an even one "
            "gives 0 / 0.",
        ),
        (
            "bytes wrap around",
            differences_of_bytes(2),
            "On a picture of type uint8, as photographs are loaded, your sums and differences wrap around: 3 − 5 is "
            "254 there, and 200 + 100 is 44. Turn the image into floats first.",
        ),
        (
            "differences of bytes wrap around",
            differences_of_bytes(2.0),
            "On a picture of type uint8, as photographs are loaded, your subtraction wraps around: 3 − 5 is 254 "
            "there. Turn the image into floats first.",
        ),
        (
            "gradient's direction",
            of_sobel(lambda gx, gy: np.arctan2(gy, gx)),
            "This is the direction of the gradient, an angle. Its length is asked for.",
        ),
        (
            "one kernel used twice",
            of_sobel(length, SOBEL_X, SOBEL_X),
            "Both of your kernels measure the change from left to right. The second one is the first one "
            "transposed; flipping it only "
            "changes the sign.",
        ),
        (
            "the vertical kernel used twice",
            of_sobel(length, SOBEL_Y, SOBEL_Y),
            "Both of your kernels measure the change from top to bottom. One is the other transposed; flipping "
            "only changes the sign.",
        ),
        (
            "Prewitt's kernels",
            of_sobel(length, PREWITT, PREWITT.T),
            "All three rows weigh the same in your kernels: that is Prewitt's operator. Sobel's middle row "
            "counts twice.",
        ),
        (
            "Scharr's kernels",
            of_sobel(length, SCHARR, SCHARR.T),
            "Weights of 3 and 10 are Scharr's operator. Sobel's are 1 and 2.",
        ),
        (
            "one negative sign missing",
            of_sobel(length, np.abs(SOBEL_X), np.abs(SOBEL_Y)),
            "Your kernels have no negative side, so they blur. A kernel that measures change subtracts one side "
            "from the other.",
        ),
        (
            "differences of two neighbours",
            lambda image: length(*(g[1:-1, 1:-1] for g in np.gradient(np.asarray(image, float)))),
            "This is the difference between two neighbours, as `np.gradient` computes it. Sobel's kernels look "
            "at three rows, or three columns, at once.",
        ),
        (
            "padded to the same size",
            of_sobel(length, correlation=same_size),
            "Your result is as large as the image: zeros were put around it, and its border shows an edge that "
            "is not in the picture. Only the valid part is asked for.",
        ),
        (
            "last row and column missing",
            of_sobel(lambda gx, gy: length(gx, gy)[:-1, :-1]),
            N_MINUS_F,
        ),
        (
            "divided by 8",
            of_sobel(lambda gx, gy: length(gx, gy) / 8),
            "Your result is 8 times too small. Dividing by 8 turns Sobel's sums into a slope per pixel; here "
            "the sums are asked for.",
        ),
        (
            "divided by 4",
            of_sobel(lambda gx, gy: length(gx, gy) / 4),
            "Your result is 4 times too small: the kernels are applied as they are, without a division.",
        ),
        (
            "scaled to the largest",
            of_sobel(lambda gx, gy: length(gx, gy) / max(length(gx, gy).max(), 1e-300)),
            "Your result is divided by its largest entry. Then two images can no longer be compared: leave the "
            "numbers as they are.",
        ),
        (
            "spread from 0 to 255",
            of_sobel(spread_to_255),
            "Your result is stretched to 255. That is for looking at; the numbers are asked for as they are.",
        ),
        (
            "cut off at 255",
            of_sobel(lambda gx, gy: np.minimum(length(gx, gy), 255)),
            "Results above 255 are cut off. Lengths of gradients may be larger than any pixel.",
        ),
        (
            "cut off at 1",
            of_sobel(lambda gx, gy: np.minimum(length(gx, gy), 1)),
            "Results above 1 are cut off. Lengths of gradients may be larger than any pixel.",
        ),
        (
            "fractions cut off",
            of_sobel(lambda gx, gy: np.trunc(length(gx, gy))),
            "Your result holds whole numbers: what comes after the point is lost.",
        ),
        (
            "rows and columns exchanged",
            of_sobel(lambda gx, gy: length(gx, gy).T),
            "Rows and columns of your result are exchanged.",
        ),
    )
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def by_four_loops(image, kernel):
    height, width = len(image), len(image[0])
    kh, kw = len(kernel), len(kernel[0])
    out = np.zeros((height - kh + 1, width - kw + 1))
    for i in range(height - kh + 1):
        for j in range(width - kw + 1):
            total = 0.0
            for a in range(kh):
                for b in range(kw):
                    total += image[i + a][j + b] * kernel[a][b]
            out[i, j] = total
    return out


def by_shifted_slices(image, kernel):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns))
    for (a, b), weight in np.ndenumerate(kernel):
        out += weight * image[a : a + rows, b : b + columns]
    return out


def by_windows(image, kernel):
    return np.einsum("ijab,ab->ij", sliding_window_view(image, kernel.shape), kernel)


def by_strides(image, kernel):
    image = np.array(image, dtype=np.float32)
    kh, kw = kernel.shape
    shape = (image.shape[0] - kh + 1, image.shape[1] - kw + 1, kh, kw)
    return np.tensordot(as_strided(image, shape, image.strides * 2), kernel.astype(np.float32), axes=2)


def by_fourier(image, kernel):
    kh, kw = kernel.shape
    product = np.fft.rfft2(image) * np.conj(np.fft.rfft2(kernel, image.shape))
    return np.fft.irfft2(product, image.shape)[: image.shape[0] - kh + 1, : image.shape[1] - kw + 1]


def by_matrix(image, kernel):
    (kh, kw), (height, width) = kernel.shape, image.shape
    columns = [image[i : i + kh, j : j + kw].ravel() for i in range(height - kh + 1) for j in range(width - kw + 1)]
    return (np.stack(columns) @ kernel.ravel()).reshape(height - kh + 1, width - kw + 1)


CORRELATIONS = (by_four_loops, by_shifted_slices, by_windows, by_strides, by_fourier, by_matrix)


def turned_first(correlation):
    return lambda image, kernel: correlation(image, kernel[::-1, ::-1])


def layer_by_loops(images, kernels, bias):
    count, height, width, channels = images.shape
    kh, kw, _, filters = kernels.shape
    out = np.zeros((count, height - kh + 1, width - kw + 1, filters))
    for n in range(count):
        for i in range(height - kh + 1):
            for j in range(width - kw + 1):
                for f in range(filters):
                    out[n, i, j, f] = np.sum(images[n, i : i + kh, j : j + kw, :] * kernels[:, :, :, f]) + bias[f]
    return out


def layer_by_einsum(images, kernels, bias):
    windows = sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("nijcab,abcf->nijf", windows, kernels) + bias


def layer_by_slices(images, kernels, bias):
    kh, kw = kernels.shape[:2]
    rows, columns = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    out = np.zeros((len(images), rows, columns, kernels.shape[3])) + bias
    for a in range(kh):
        for b in range(kw):
            out += images[:, a : a + rows, b : b + columns] @ kernels[a, b]
    return out


def layer_by_columns(images, kernels, bias):
    kh, kw, channels, filters = kernels.shape
    windows = sliding_window_view(images.astype(np.float32), (kh, kw), axis=(1, 2))
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * channels)
    return (columns @ kernels.reshape(-1, filters).astype(np.float32) + bias).reshape(*windows.shape[:3], filters)


def layer_by_fourier(images, kernels, bias):
    (height, width), (kh, kw) = images.shape[1:3], kernels.shape[:2]
    spectrum = np.fft.fft2(images, axes=(1, 2))
    weights = np.conj(np.fft.fft2(kernels, (height, width), axes=(0, 1)))
    out = np.fft.ifft2(np.einsum("nhwc,hwcf->nhwf", spectrum, weights), axes=(1, 2)).real
    return out[:, : height - kh + 1, : width - kw + 1] + bias


def params_by_filter(kh, kw, c_in, c_out, use_bias=True):
    return c_out * (kh * kw * c_in + (1 if use_bias else 0))


def params_by_array(kh, kw, c_in, c_out, use_bias=True):
    kernels = np.broadcast_to(np.int8(0), (kh, kw, c_in, c_out))  # no memory is taken
    return kernels.size + (np.zeros(c_out).size if use_bias else 0)


def params_as_numpy(kh, kw, c_in, c_out, use_bias=True):
    return np.prod([kh, kw, c_in, c_out]) + np.int64(c_out) * use_bias


def params_as_float(kh, kw, c_in, c_out, use_bias=True):
    return float(kh) * kw * c_in * c_out + (float(c_out) if use_bias else 0.0)


def params_by_adding(kh, kw, c_in, c_out, use_bias=True):
    total = 0
    for _ in range(c_out):
        total += kh * kw * c_in
        if use_bias:
            total += 1
    return total


def sobel_by(correlation):
    def right(image):
        return np.hypot(correlation(np.asarray(image), SOBEL_X), correlation(np.asarray(image), SOBEL_X.T))

    return right


def sobel_by_differences(image):
    image = np.asarray(image, dtype=float)
    across = image[:, 2:] - image[:, :-2]
    down = image[2:] - image[:-2]
    gx = across[:-2] + 2 * across[1:-1] + across[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return (gx * gx + gy * gy) ** 0.5


def sobel_turned(image):
    """With both kernels flipped: only signs change, and the length has none."""
    return np.abs(convolve(image, SOBEL_X) + 1j * convolve(image, SOBEL_Y))


TASKS = (
    Task(
        ASSIGNMENT,
        "correlate2d",
        "correlate2d(image, kernel)",
        correlate,
        picture_cases,
        CORRELATE_MISCONCEPTIONS,
        read="convolution-correlate2d",
        accepted=CORRELATIONS,
        explain=explain_correlate,
        shape="An axis of n pixels has n − f + 1 places for a kernel of f.",
    ),
    Task(
        ASSIGNMENT,
        "convolve2d",
        "convolve2d(image, kernel)",
        convolve,
        picture_cases,
        CONVOLVE_MISCONCEPTIONS,
        read="convolution-convolve2d",
        helpers=("correlate2d",),
        accepted=tuple(turned_first(correlation) for correlation in CORRELATIONS),
        explain=explain_convolve,
        shape="An axis of n pixels has n − f + 1 places for a kernel of f.",
    ),
    Task(
        ASSIGNMENT,
        "conv2d",
        "conv2d(images, kernels, bias)",
        layer,
        layer_cases,
        LAYER_MISCONCEPTIONS,
        read="convolution-conv2d",
        helpers=("correlate2d", "convolve2d"),
        accepted=(layer_by_loops, layer_by_einsum, layer_by_slices, layer_by_columns, layer_by_fourier),
        explain=explain_layer,
        shape="It is (images, rows − kh + 1, columns − kw + 1, filters).",
    ),
    Task(
        ASSIGNMENT,
        "conv2d_params",
        "conv2d_params(kh, kw, c_in, c_out, use_bias=True)",
        count_params,
        params_cases,
        PARAMS_MISCONCEPTIONS,
        read="convolution-conv2d-params",
        accepted=(params_by_filter, params_by_array, params_as_numpy, params_as_float, params_by_adding),
        result="number",
        keywords=("use_bias",),
    ),
    Task(
        ASSIGNMENT,
        "sobel_edges",
        "sobel_edges(image)",
        sobel,
        sobel_cases,
        SOBEL_MISCONCEPTIONS,
        read="convolution-sobel-edges",
        helpers=("correlate2d", "convolve2d", "conv2d"),
        accepted=(
            *(sobel_by(c) for c in (by_shifted_slices, by_windows, by_strides)),
            sobel_by_differences,
            sobel_turned,
        ),
        explain=explain_sobel,
        shape="Both kernels are 3 × 3, so an axis of n pixels has n − 2 places.",
    ),
)
