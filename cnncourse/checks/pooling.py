"""What right means for the functions of 03-pooling, and the ways people get them wrong.

The chapter is ``book/pooling.md``. The references cut every window down to its real pixels and know of no padding,
written apart from :mod:`cnncourse.pooling`; the tests hold them against Keras and its gradients.
"""

from __future__ import annotations

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

ASSIGNMENT = "03-pooling"

# -- references ------------------------------------------------------------------------------------------------------


def pair(value):
    return value if isinstance(value, (tuple, list)) else (value, value)


def places_of(n, f, s, padding="valid"):
    """Along one axis: where the first window begins (before the image, at a negative place), and how many there are."""
    if padding == "valid":
        return 0, (n - f) // s + 1
    count = -(-n // s)
    return -(max((count - 1) * s + f - n, 0) // 2), count


def real_part(k, first, n, f, s):
    """The pixels of window k that exist."""
    begin = first + k * s
    return slice(max(begin, 0), min(begin + f, n))


def pool_by(reduce):
    """Pooling in which ``reduce`` makes one number of the real pixels of a window."""

    def pool2d(images, pool, stride=None, padding="valid"):
        images = np.asarray(images, float)
        count, height, width, channels = images.shape
        (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
        (top, oh), (left, ow) = places_of(height, ph, sh, padding), places_of(width, pw, sw, padding)
        out = np.zeros((count, oh, ow, channels))
        for i in range(oh):
            for j in range(ow):
                window = images[:, real_part(i, top, height, ph, sh), real_part(j, left, width, pw, sw)]
                out[:, i, j] = reduce(window, axis=(1, 2))
        return out

    return pool2d


max_pool = pool_by(np.max)
avg_pool = pool_by(np.mean)


def global_max(images):
    return np.max(np.asarray(images, float), axis=(1, 2))


def global_avg(images):
    return np.mean(np.asarray(images, float), axis=(1, 2))


def backward_by(share, add=True):
    """The gradient in which ``share(window, g)`` says what each pixel of a window gets of the window's gradient g."""

    def pool2d_backward(grad, images, pool, stride=None):
        grad, images = np.asarray(grad, float), np.asarray(images, float)
        (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
        d_images = np.zeros(images.shape)
        for n, i, j, c in np.ndindex(grad.shape):
            window = (n, slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw), c)
            if add:
                d_images[window] += share(images[window], grad[n, i, j, c])
            else:
                d_images[window] = share(images[window], grad[n, i, j, c])
        return d_images

    return pool2d_backward


def to_the_first_maximum(window, g):
    share = np.zeros(window.shape)
    share[np.unravel_index(np.argmax(window), window.shape)] = g
    return share


max_pool_backward = backward_by(to_the_first_maximum)

# -- cases -----------------------------------------------------------------------------------------------------------


def bright(rng, *shape):
    """Different whole numbers above zero: what goes wrong below zero is a property of its own."""
    return np.abs(whole_numbers(rng, *shape))


def dark(rng, *shape):
    return -bright(rng, *shape)


def greys(rng, *shape):
    return rng.random(shape)


def few_values(rng, *shape):
    return rng.integers(0, 3, shape).astype(float)


def pool_cases(rng):
    """Images to pool. Each property varies one thing."""
    cases = []

    def add(about, shape, *args, draw=bright):
        cases.append(Case(about, (draw(rng, *shape), *args)))

    about = "windows side by side"
    add(about, (1, 2, 2, 1), 2)
    add(about, (1, 4, 4, 1), 2)
    add(about, (1, 6, 6, 1), 2)
    add(about, (1, 6, 6, 1), 3)
    add(about, (1, 9, 9, 1), 3, draw=greys)
    add(about, (1, 4, 4, 1), 1)
    add(about, (1, 4, 4, 1), 4)
    add(about, (1, 4, 4, 1), 2, None)
    add(about, (1, 4, 4, 1), 2, None, "valid")
    add(about, (1, 4, 4, 1), 2, 2)
    about = "numbers below zero, and zeros"
    add(about, (1, 2, 2, 1), 2, draw=dark)
    add(about, (1, 4, 4, 1), 2, draw=dark)
    add(about, (1, 4, 4, 1), 2, draw=whole_numbers)
    add(about, (1, 6, 6, 1), 3, draw=whole_numbers)
    add(about, (2, 4, 4, 2), 2, draw=whole_numbers)
    add(about, (2, 6, 6, 2), 2, draw=normals)
    cases.append(Case(about, (np.zeros((1, 4, 4, 1)), 2)))
    cases.append(Case(about, (normals(rng, 1, 4, 4, 1) * (rng.random((1, 4, 4, 1)) < 0.5), 2)))
    cases.append(Case(about, (dark(rng, 1, 4, 4, 1) * np.eye(4)[:, :, None], 2)))
    cases.append(Case(about, (rng.integers(0, 2, (1, 6, 6, 1)).astype(float), 3)))
    about = "rows and columns left over"
    add(about, (1, 3, 3, 1), 2)
    add(about, (1, 5, 5, 1), 2)
    add(about, (1, 5, 5, 1), 3)
    add(about, (1, 8, 8, 1), 3)
    add(about, (1, 7, 7, 1), 4, draw=greys)
    add(about, (1, 6, 6, 1), 3, 2)
    add(about, (1, 4, 4, 1), 1, 2)
    add(about, (1, 7, 7, 1), 2, 3)
    add(about, (1, 5, 8, 1), (2, 3))
    about = "strides other than the pool's size"
    add(about, (1, 3, 3, 1), 2, 1)
    add(about, (1, 5, 5, 1), 3, 2)
    add(about, (1, 4, 4, 1), 3, 1)
    add(about, (1, 6, 6, 1), 4, 2)
    add(about, (1, 7, 7, 1), 3, 2, "valid", draw=greys)
    add(about, (1, 3, 3, 1), 1, 2)
    add(about, (1, 5, 5, 1), 2, 3)
    add(about, (1, 8, 8, 1), 2, 3)
    add(about, (1, 6, 6, 1), 2, 4, draw=greys)
    about = "rows and columns of different sizes"
    add(about, (1, 2, 4, 1), 2)
    add(about, (1, 6, 2, 1), 2)
    add(about, (1, 3, 5, 1), 2, 1)
    add(about, (1, 4, 4, 1), (1, 2))
    add(about, (1, 4, 4, 1), (2, 1))
    add(about, (1, 6, 6, 1), (2, 3))
    add(about, (1, 4, 4, 1), 2, (1, 2))
    add(about, (1, 4, 4, 1), 2, (2, 1))
    add(about, (1, 5, 5, 1), 2, (3, 1))
    add(about, (1, 5, 7, 1), (2, 3), (3, 2))
    add(about, (1, 6, 10, 1), (3, 2), (1, 4), draw=greys)
    about = "several images and channels"
    add(about, (1, 2, 2, 3), 2)
    add(about, (2, 2, 2, 1), 2)
    add(about, (3, 4, 4, 2), 2)
    add(about, (1, 4, 4, 2), 2)
    add(about, (2, 4, 4, 1), 2)
    add(about, (2, 6, 6, 4), 3, draw=greys)
    add(about, (1, 2, 2, 2), 1)
    about = "padding “same”"
    add(about, (1, 3, 3, 1), 2, None, "same")
    add(about, (1, 3, 3, 1), 2, None, "same", draw=dark)
    add(about, (1, 3, 3, 1), 2, 1, "same")
    add(about, (1, 3, 3, 1), 3, 1, "same")
    add(about, (1, 4, 4, 1), 3, 1, "same", draw=dark)
    add(about, (1, 4, 4, 1), 3, 2, "same")
    add(about, (1, 5, 5, 1), 3, 2, "same")
    add(about, (1, 4, 4, 1), 2, None, "same")
    add(about, (1, 4, 4, 1), 4, 1, "same")
    add(about, (1, 6, 6, 1), 4, 3, "same", draw=normals)
    add(about, (1, 3, 3, 1), 5, 2, "same")
    add(about, (1, 7, 7, 1), 5, 3, "same")
    add(about, (1, 4, 4, 1), 2, 3, "same")
    add(about, (1, 5, 5, 1), 1, 3, "same")
    add(about, (1, 6, 6, 1), 2, 5, "same")
    add(about, (1, 4, 4, 1), 5, 4, "same")
    cases.append(Case(about, (np.full((1, 3, 3, 1), float(rng.integers(3, 9))), 3, 1, "same")))
    cases.append(Case(about, (np.full((1, 4, 4, 1), -float(rng.integers(3, 9))), 3, 2, "same")))
    cases.append(Case(about, (20000 * dark(rng, 1, 3, 3, 1), 3, 2, "same")))
    add(about, (1, 3, 5, 1), (3, 2), (2, 3), "same")
    add(about, (1, 5, 4, 1), (2, 3), (1, 2), "same", draw=dark)
    add(about, (1, 2, 3, 1), 5, 1, "same", draw=dark)
    add(about, (2, 3, 4, 3), (3, 4), (1, 3), "same", draw=normals)
    images = dark(rng, 2, 3, 3, 2)
    images[1] -= 100
    images[..., 1] -= 1000
    cases.append(Case(about, (images, 3, 2, "same")))
    cases.append(Case(about, (whole_numbers(rng, 1, 3, 3, 1) * np.eye(3)[:, :, None], 2, 1, "same")))
    cases.append(Case(KINDS, (bright(rng, 1, 4, 4, 1).astype(int), 2)))
    cases.append(Case(KINDS, (dark(rng, 1, 3, 3, 1).astype(int), 2, 2, "same")))
    cases.append(Case(KINDS, (rng.integers(-9, 9, (2, 5, 5, 2)), 3, 2)))
    cases.append(Case(KINDS, (greys(rng, 1, 4, 4, 2).astype("f4"), 2)))
    cases.append(Case(KINDS, (greys(rng, 1, 4, 4, 2).astype("f4"), 2, 2, "same")))
    cases.append(Case(KINDS, (every_other(greys(rng, 1, 4, 4, 2)), 2)))
    cases.append(Case(KINDS, (backwards(greys(rng, 2, 5, 4, 2)), 2, 1)))
    cases.append(Case(KINDS, (greys(rng, 2, 4, 6, 3).transpose(3, 2, 1, 0), 2)))
    cases.append(Case(KINDS, (greys(rng, 1, 5, 4, 2).swapaxes(1, 2), (2, 3), 2)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 4, 4, 1), 2)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 5, 5, 3), 3, 2)))
    about = "everything at once"
    add(about, (2, 5, 7, 3), (2, 3), (3, 2), draw=normals)
    add(about, (3, 7, 4, 2), (3, 4), (2, 3), "same", draw=normals)
    add(about, (2, 6, 5, 4), (3, 2), None, "same", draw=dark)
    return cases


def global_cases(rng):
    cases = []

    def add(about, *shape, draw=bright):
        cases.append(Case(about, (draw(rng, *shape),)))

    about = "one image, one channel"
    add(about, 1, 2, 2, 1)
    add(about, 1, 3, 3, 1)
    add(about, 1, 5, 5, 1)
    for size, corner in ((6, (0, 0)), (6, (0, -1)), (6, (-1, 0)), (6, (-1, -1)), (9, (-1, 0)), (12, (0, -1))):
        image = greys(rng, 1, size, size, 1)
        image[0, *corner] += 100
        cases.append(Case(about, (image,)))
    about = "numbers below zero, and zeros"
    add(about, 1, 2, 2, 1, draw=dark)
    add(about, 1, 3, 3, 1, draw=whole_numbers)
    add(about, 1, 4, 4, 1, draw=dark)
    add(about, 2, 3, 3, 2, draw=dark)
    add(about, 3, 4, 4, 2, draw=normals)
    cases.append(Case(about, (20000 * dark(rng, 1, 3, 3, 1),)))
    cases.append(Case(about, (np.zeros((1, 2, 2, 1)),)))
    cases.append(Case(about, (bright(rng, 1, 3, 3, 1) * np.eye(3)[:, :, None],)))
    cases.append(Case(about, (dark(rng, 1, 3, 3, 1) * np.eye(3)[:, :, None],)))
    about = "several channels"
    add(about, 1, 2, 2, 2)
    add(about, 1, 3, 3, 2)
    add(about, 1, 2, 2, 3)
    add(about, 1, 4, 4, 5, draw=greys)
    about = "several images"
    add(about, 2, 2, 2, 1)
    add(about, 3, 2, 2, 1)
    add(about, 4, 3, 3, 1, draw=greys)
    about = "several images and channels"
    add(about, 2, 1, 1, 3)
    add(about, 2, 2, 2, 3)
    add(about, 3, 3, 3, 2)
    add(about, 4, 4, 4, 4, draw=greys)
    about = "images that are not square"
    add(about, 1, 1, 5, 1)
    add(about, 1, 4, 1, 1)
    add(about, 1, 2, 3, 1)
    add(about, 1, 5, 2, 1)
    add(about, 2, 3, 5, 2, draw=greys)
    cases.append(Case(KINDS, (bright(rng, 1, 3, 3, 1).astype(int),)))
    cases.append(Case(KINDS, (rng.integers(-9, 9, (2, 3, 3, 2)),)))
    cases.append(Case(KINDS, (greys(rng, 2, 3, 3, 2).astype("f4"),)))
    cases.append(Case(KINDS, (every_other(greys(rng, 2, 3, 3, 2)),)))
    cases.append(Case(KINDS, (backwards(greys(rng, 3, 4, 4, 2)),)))
    cases.append(Case(KINDS, (greys(rng, 2, 3, 3, 3).transpose(3, 2, 1, 0),)))
    cases.append(Case(KINDS, (bytes_of(rng, 1, 3, 3, 1),)))
    cases.append(Case(KINDS, (bytes_of(rng, 2, 4, 4, 3),)))
    about = "everything at once"
    add(about, 3, 2, 5, 4, draw=normals)
    add(about, 2, 4, 3, 5, draw=dark)
    return cases


def backward_cases(rng):
    """Gradients with the images they belong to. Each property varies one thing."""
    cases = []

    def grad_shape(shape, pool, stride=None):
        (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
        return shape[0], places_of(shape[1], ph, sh)[1], places_of(shape[2], pw, sw)[1], shape[3]

    def add(about, shape, pool, *stride, draw=bright, images=None):
        images = draw(rng, *shape) if images is None else np.asarray(images, float).reshape(shape)
        cases.append(Case(about, (whole_numbers(rng, *grad_shape(shape, pool, *stride)), images, pool, *stride)))

    about = "windows side by side"
    add(about, (1, 2, 2, 1), 2)
    add(about, (1, 4, 4, 1), 2)
    add(about, (1, 6, 6, 1), 2)
    add(about, (1, 6, 6, 1), 3)
    add(about, (1, 4, 4, 1), 2, None)
    add(about, (1, 4, 4, 1), 2, 2, draw=greys)
    add(about, (1, 3, 3, 1), 1)
    add(about, (1, 3, 3, 1), 3)
    about = "numbers below zero"
    add(about, (1, 2, 2, 1), 2, draw=dark)
    add(about, (1, 4, 4, 1), 2, draw=dark)
    add(about, (1, 6, 6, 1), 3, draw=dark)
    add(about, (2, 4, 4, 2), 2, draw=whole_numbers)
    add(about, (1, 6, 6, 1), 2, draw=normals)
    about = "equal maxima"
    add(about, (1, 2, 2, 1), 2, images=[[1, 3], [3, 2]])
    add(about, (1, 2, 2, 1), 2, images=[[1, 2], [3, 3]])
    add(about, (1, 2, 2, 1), 2, images=np.zeros((2, 2)))
    add(about, (1, 3, 3, 1), 3, images=[[0, 1, 7], [1, 7, 0], [7, 0, 7]])
    add(about, (1, 3, 3, 1), 3, images=[[0, 1, 2], [1, 6, 6], [6, 0, 1]])
    add(about, (1, 4, 4, 1), 2, draw=few_values)
    add(about, (1, 6, 6, 1), 3, draw=few_values)
    add(about, (1, 6, 6, 1), (3, 2), draw=few_values)
    add(about, (2, 4, 6, 2), (2, 3), draw=few_values)
    add(about, (1, 4, 4, 1), 2, 1, draw=few_values)
    add(about, (1, 4, 4, 1), 2, images=np.full((4, 4), 2))
    about = "pixels that lie in no window"
    add(about, (1, 3, 3, 1), 2)
    add(about, (1, 5, 5, 1), 2)
    add(about, (1, 5, 5, 1), 3)
    add(about, (1, 8, 8, 1), 3, draw=greys)
    add(about, (1, 7, 7, 1), 2, 3)
    add(about, (1, 3, 3, 1), 1, 2)
    add(about, (1, 5, 5, 1), 2, 3)
    add(about, (1, 8, 8, 1), 2, 3)
    about = "windows that overlap"
    add(about, (1, 3, 3, 1), 2, 1)
    add(about, (1, 3, 3, 1), 2, 1, images=[[1, 2, 3], [4, 9, 5], [6, 7, 8]])
    add(about, (1, 5, 5, 1), 3, 2)
    add(about, (1, 5, 5, 1), 3, 1)
    add(about, (1, 6, 6, 1), 4, 2, draw=greys)
    about = "rows and columns of different sizes"
    add(about, (1, 2, 4, 1), 2)
    add(about, (1, 6, 2, 1), 2)
    add(about, (1, 4, 4, 1), (1, 2))
    add(about, (1, 4, 4, 1), (2, 1))
    add(about, (1, 6, 6, 1), (2, 3))
    add(about, (1, 6, 6, 1), (3, 2))
    add(about, (1, 5, 6, 1), 2, (3, 2))
    add(about, (1, 6, 5, 1), 2, (2, 3))
    add(about, (1, 8, 7, 1), (3, 2), (5, 5))
    add(about, (1, 4, 9, 1), (1, 4), (1, 5), draw=greys)
    about = "several images and channels"
    add(about, (1, 2, 2, 2), 2)
    add(about, (2, 2, 2, 1), 2)
    add(about, (2, 4, 4, 3), 2)
    add(about, (3, 2, 2, 2), 2)
    add(about, (2, 4, 4, 2), 2, draw=greys)
    x = bright(rng, 1, 4, 4, 1)
    cases.append(Case(KINDS, (normals(rng, 1, 2, 2, 1), x.astype(int), 2)))
    cases.append(Case(KINDS, (whole_numbers(rng, 1, 2, 2, 1).astype(int), x, 2)))
    cases.append(Case(KINDS, (whole_numbers(rng, 1, 2, 2, 1).astype(int), x.astype(int), 2)))
    cases.append(Case(KINDS, tuple(greys(rng, 1, n, n, 2).astype("f4") for n in (2, 4)) + (2,)))
    cases.append(Case(KINDS, tuple(every_other(greys(rng, 1, n, n, 2)) for n in (2, 4)) + (2,)))
    cases.append(Case(KINDS, tuple(backwards(greys(rng, 2, n, n, 1)) for n in (2, 6)) + (3,)))
    cases.append(Case(KINDS, tuple(greys(rng, 2, n, n, 3).transpose(3, 2, 1, 0) for n in (2, 4)) + (2,)))
    cases.append(Case(KINDS, (normals(rng, 1, 2, 2, 1), bytes_of(rng, 1, 4, 4, 1), 2)))
    about = "everything at once"
    add(about, (2, 7, 5, 3), (3, 2), (2, 1), draw=normals)
    add(about, (3, 4, 8, 2), (2, 4), (1, 3), draw=dark)
    return cases


# -- what to show of a case ------------------------------------------------------------------------------------------


def window_at(args, index):
    """The image's plane of an entry, its window's real part, and how many places the window has."""
    images, pool, stride, padding = (*args, None, "valid")[:4] if len(args) < 4 else args
    (n, i, j, c), (ph, pw) = index, pair(pool)
    (sh, sw), (height, width) = pair(pool if stride is None else stride), images.shape[1:3]
    (top, _), (left, _) = places_of(height, ph, sh, padding), places_of(width, pw, sw, padding)
    window = real_part(i, top, height, ph, sh), real_part(j, left, width, pw, sw)
    return np.asarray(images[n, :, :, c], float), window, ph * pw


def told_of(args, index):
    plane, window, places = window_at(args, index)
    seen = plane[window]
    n, _, _, c = index
    call = ", ".join(f"{name} {value!r}" for name, value in zip(("pool", "stride", "padding"), args[1:], strict=False))
    says = f"With {call}: entry {list(index)} looks at the marked window"
    if seen.size < places:
        says += f", of which {seen.size} of {places} places are real pixels"
    return [Panel(f"images[{n}, :, :, {c}]", plane, window)], seen, says


def listing(numbers, most=9):
    numbers = np.ravel(numbers)
    shown = [number(value) for value in numbers[:most]]
    return ", ".join(shown) + (", …" if len(numbers) > most else "")


def explain_max(args, index):
    panels, seen, says = told_of(args, index)
    return panels, f"{says}. The largest of {listing(seen)} is {number(seen.max())}."


def explain_avg(args, index):
    panels, seen, says = told_of(args, index)
    added = " + ".join([in_a_sum(value) for value in seen.ravel()[:9]] + ["…"] * (seen.size > 9))
    total = added if seen.size == 1 else f"({added})"
    return panels, f"{says}. {total} / {seen.size} = {number(seen.mean())}."


def explain_global(reduce, word):
    def explain(args, index):
        (n, c), (images,) = index, args
        plane = np.asarray(images[n, :, :, c], float)
        says = f"Entry [{n}, {c}] is the {word} of all {plane.size} numbers of channel {c} of image {n}"
        return [Panel(f"images[{n}, :, :, {c}]", plane)], f"{says}: {number(reduce(plane))}."

    return explain


def explain_backward(args, index):
    grad, images, pool, stride = (*args, None)[:4]
    (n, row, column, c), (ph, pw) = index, pair(pool)
    sh, sw = pair(pool if stride is None else stride)
    plane, windows, won = np.asarray(images[n, :, :, c], float), [], []
    for i, j in np.ndindex(grad.shape[1:3]):
        rows, columns = slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw)
        if rows.start <= row < rows.stop and columns.start <= column < columns.stop:
            windows.append((i, j))
            if to_the_first_maximum(plane[rows, columns], 1.0)[row - rows.start, column - columns.start]:
                won.append((i, j))
    here = (slice(row, row + 1), slice(column, column + 1))
    panels = [Panel(f"images[{n}, :, :, {c}]", plane, here), Panel(f"grad[{n}, :, :, {c}]", grad[n, :, :, c])]
    call = f"With pool {pool!r}" + ("" if stride is None else f" and stride {stride!r}")
    pixel = f"{call}: the marked pixel lies in {len(windows)} window{'s' * (len(windows) != 1)}"
    if not won:
        return panels, f"{pixel} and is the first maximum of none: it gets 0."
    total = " + ".join(in_a_sum(grad[n, i, j, c]) for i, j in won)
    value = number(sum(float(grad[n, i, j, c]) for i, j in won))
    equals = f" = {value}" if len(won) > 1 else ""
    ours = " and ".join(f"[{i}, {j}]" for i, j in won)
    of = "it" if len(windows) == 1 else f"the window{'s' * (len(won) > 1)} of {ours}"
    return panels, f"{pixel}. It is the first maximum of {of}, and gets {total}{equals}."


# -- the ways people get pooling wrong -------------------------------------------------------------------------------


def largest(windows):
    return np.where(np.isnan(windows), -np.inf, windows).max(axis=(1, 2))


def mean(windows):
    with np.errstate(all="ignore"):
        return np.nansum(windows, axis=(1, 2)) / np.sum(~np.isnan(windows), axis=(1, 2))


def given(pool, stride):
    """How the arguments are meant."""
    return pair(pool), pair(pool if stride is None else stride)


def as_tensorflow(n, f, s, padding):
    """Padding before and after, and the number of windows, along one axis."""
    first, count = places_of(n, f, s, padding)
    return -first, max((count - 1) * s + f - n + first, 0), count


def pooling(take, frame=as_tensorflow, read=given, fill=np.nan, mode="constant"):
    """Pooling that can be got wrong in each of its parts; padding is nan, and ``take`` passes it over."""

    def pool2d(images, pool, stride=None, padding="valid"):
        images = np.asarray(images, float)
        (ph, pw), (sh, sw) = read(pool, stride)
        *rows, oh = frame(images.shape[1], ph, sh, padding)
        *columns, ow = frame(images.shape[2], pw, sw, padding)
        how = {"constant_values": fill} if mode == "constant" else {}
        padded = np.pad(images, ((0, 0), rows, columns, (0, 0)), mode=mode, **how)
        out = np.zeros((len(images), oh, ow, images.shape[3]))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = take(padded[:, i * sh : i * sh + ph, j * sw : j * sw + pw])
        return out

    return pool2d


def when_same(frame):
    """A mistake that is made with padding "same" alone: ``frame(n, f, s)`` gives before, after and the count."""

    def of_axis(n, f, s, padding):
        return as_tensorflow(n, f, s, padding) if padding == "valid" else frame(n, f, s)

    return of_axis


def when_valid(count):
    """A wrong number of windows without padding; a window may then be cut short."""

    def of_axis(n, f, s, padding):
        return (0, 0, count(n, f, s)) if padding == "valid" else as_tensorflow(n, f, s, padding)

    return of_axis


def odd_pixel_before(n, f, s):
    before, after, count = as_tensorflow(n, f, s, "same")
    return after, before, count


def as_for_stride_1(n, f, s):
    return (f - 1) // 2, f // 2, -(-n // s)


def half_on_each_side(n, f, s):
    return f // 2, f // 2, (n + 2 * (f // 2) - f) // s + 1


def smaller_half_on_each_side(n, f, s):
    before = as_tensorflow(n, f, s, "same")[0]
    return before, before, (n + 2 * before - f) // s + 1


def all_before(n, f, s):
    before, after, count = as_tensorflow(n, f, s, "same")
    return before + after, 0, count


def all_after(n, f, s):
    before, after, count = as_tensorflow(n, f, s, "same")
    return 0, before + after, count


def no_frame(n, f, s):
    return as_tensorflow(n, f, s, "valid")


def whole_strides_only(n, f, s):
    count = n // s
    total = max((count - 1) * s + f - n, 0)
    return total // 2, total - total // 2, count


def windows_that_are_cut(n, f, s, padding):
    """The last window may hang over the border."""
    if padding == "same":
        return as_tensorflow(n, f, s, padding)
    count = -(-(n - f) // s) + 1
    return 0, max((count - 1) * s + f - n, 0), count


def interleaved(right):
    """``reshape`` with the window's axis before the places' axis, where the windows fill the image."""

    def wrong(images, pool, stride=None, padding="valid"):
        images = np.asarray(images, float)
        (ph, pw), strides = pair(pool), pair(pool if stride is None else stride)
        count, height, width, channels = images.shape
        if strides != (ph, pw) or height % ph or width % pw:
            return right(images, pool, stride, padding)
        mixed = images.reshape(count, ph, height // ph, pw, width // pw, channels)
        return right(mixed.transpose(0, 2, 1, 4, 3, 5).reshape(images.shape), pool)

    return wrong


def shared_mistakes(right, take, noun, over_all):
    """What goes wrong with any pooling; ``over_all`` reduces along an axis as the pooling does in its windows."""

    def of(change):
        return lambda images, pool, stride=None, padding="valid": change(right(images, pool, stride, padding))

    def reading(read):
        return pooling(take, read=read)

    def framing(frame):
        return pooling(take, frame=when_same(frame))

    def written_at(where):
        def change(out):
            kept = np.zeros_like(out)
            kept[where] = out[where]
            return kept

        return change

    def windows_one_apart(images, pool, stride=None, padding="valid"):
        """The window of entry [i, j] begins at pixel [i, j]."""
        out = right(images, pool, stride, padding)
        near = pooling(take, frame=as_tensorflow, read=lambda p, s: (pair(p), (1, 1)))
        return near(images, pool, stride, "valid")[:, : out.shape[1], : out.shape[2]]

    def too_large(images, pool, stride=None, padding="valid"):
        (ph, pw), (sh, sw) = given(pool, stride)
        out = right(images, pool, stride, padding)
        (top, _), (left, _) = (
            places_of(n, f, s, padding) for n, f, s in zip(np.shape(images)[1:3], (ph, pw), (sh, sw), strict=True)
        )
        images = np.asarray(images, float)
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                rows = real_part(i, top, images.shape[1], ph + 1, sh)
                columns = real_part(j, left, images.shape[2], pw + 1, sw)
                out[:, i, j] = over_all(images[:, rows, columns], axis=(1, 2))
        return out

    def without_the_last(images, pool, stride=None, padding="valid"):
        (ph, pw), strides = given(pool, stride)
        smaller = pooling(lambda windows: take(windows[:, : max(ph - 1, 1), : max(pw - 1, 1)]))
        return smaller(images, pool, strides, padding)

    def own_size(images, pool, stride=None, padding="valid"):
        return right(images, pool, 1 if padding == "same" else stride, padding)

    def whole_numbers_refused(images, pool, stride=None, padding="valid"):
        if np.asarray(images).dtype.kind != "f":
            raise TypeError("floats only")
        return right(images, pool, stride, padding)

    def same_refused(images, pool, stride=None, padding="valid"):
        if padding == "same":
            raise ValueError("not yet")
        return right(images, pool, stride, padding)

    def one_size_for_both(images, pool, stride=None, padding="valid"):
        images = np.asarray(images, float)
        side = images.shape[1]
        fitting = np.zeros((len(images), side, side, images.shape[3]))
        fitting[:, :, : images.shape[2]] = images[:, :, :side]
        if images.shape[2] < side:
            raise IndexError("index is out of bounds")
        return right(fitting, pool, stride, padding)

    fills = (
        "Padding “same” makes ⌈n / s⌉ windows and pads no more than they need; when that is an odd number of pixels, "
        "the odd one comes after the image."
    )
    return (
        (
            "steps of one unless a stride is given",
            reading(lambda p, s: (pair(p), (1, 1) if s is None else pair(s))),
            "Without a stride your window moves by one pixel. The stride is then the pool's size, so that windows lie "
            "side by side.",
        ),
        (
            "stride ignored",
            reading(lambda p, s: (pair(p), pair(p))),
            "Your windows lie side by side whatever the stride says. It may be smaller than the pool, and they "
            "overlap; or larger, and pixels between them are passed over.",
        ),
        (
            "steps of one, always",
            reading(lambda p, s: (pair(p), (1, 1))),
            "Your window moves by one pixel, whatever the stride. From window to window it is `stride` pixels, and the "
            "pool's size where no stride is given.",
        ),
        (
            "windows start one pixel apart",
            windows_one_apart,
            "The number of windows is right, but the window of entry [i, j] begins at pixel [i, j]. Each step is "
            "as long as the stride: where does window number i begin?",
        ),
        (
            "pool and stride exchanged",
            reading(lambda p, s: given(p, s)[::-1]),
            "The window is as large as the stride and moves by the pool's size: the two have changed places.",
        ),
        (
            "padding “same” ignored",
            framing(no_frame),
            "With padding “same” your result is that of “valid”. " + fills,
        ),
        (
            "odd pixel before the image",
            framing(odd_pixel_before),
            "The padding is as large as it should be, and its odd pixel lies before the image. As TensorFlow does it, "
            "the odd pixel comes after.",
        ),
        (
            "padded as for a stride of 1",
            framing(as_for_stride_1),
            "The padding is always that of a stride of 1: pool − 1 pixels. A longer stride needs less: only as many as "
            "the last window hangs over.",
        ),
        (
            "half the pool on each side",
            framing(half_on_each_side),
            "Half the pool's size is padded on each side. That is right for odd pools and a stride of 1. " + fills,
        ),
        (
            "as much after as before",
            framing(smaller_half_on_each_side),
            "The padding is divided by 2 and rounded down on both sides, so that an odd pixel is lost. It comes "
            "after the image.",
        ),
        (
            "padded before the image only",
            framing(all_before),
            "All the padding lies before the image. Half of it belongs after, and the odd pixel too.",
        ),
        (
            "padded after the image only",
            framing(all_after),
            "All the padding lies after the image. Half of it, rounded down, belongs before.",
        ),
        (
            "rows and columns left over with “same”",
            framing(whole_strides_only),
            "With “same” the last pixels are left over when the stride does not divide the size. There are ⌈n / s⌉ "
            "windows, rounded up.",
        ),
        (
            "“same” taken for the image's own size",
            own_size,
            "With “same” you move by one pixel, so that the result is as large as the image. The stride counts there "
            "as well: ⌈n / s⌉ windows along each axis.",
        ),
        (
            "“same” refused",
            same_refused,
            "“valid” is right. " + fills,
        ),
        (
            "padded with the opposite side",
            pooling(take, mode="wrap"),
            "Windows at the border go on at the opposite side of the image. Padding is empty: no pixel of the image "
            "belongs there.",
        ),
        (
            "windows that hang over the border",
            pooling(take, frame=windows_that_are_cut),
            "With “valid” you also pool what is left over at the end, in windows that are cut short. Only whole "
            "windows count: the number of places is rounded down.",
        ),
        (
            "last row and column missing",
            pooling(take, frame=when_valid(lambda n, f, s: (n - f) // s)),
            "An axis of n pixels has ⌊(n − f) / s⌋ + 1 places for a window of f. Without the + 1 the last one is "
            "left out.",
        ),
        (
            "as many windows as lie side by side",
            pooling(take, frame=when_valid(lambda n, f, s: n // f)),
            "Your result has n / f entries along an axis, as if the stride were the pool's size. With stride s there "
            "are ⌊(n − f) / s⌋ + 1.",
        ),
        (
            "as many windows as strides",
            pooling(take, frame=when_valid(lambda n, f, s: n // s)),
            "Your result has n / s entries along an axis. The last of these windows may not fit any more: "
            "⌊(n − f) / s⌋ + 1 places do.",
        ),
        (
            "window one pixel too large",
            too_large,
            "Your windows reach one row and one column too far. A slice ends before its second number.",
        ),
        (
            "last row and column of the window not used",
            without_the_last,
            "The last row and column of each window never take part. A pool of f pixels is counted from 0 to f − 1.",
        ),
        (
            "pool's height used for its width",
            reading(lambda p, s: ((pair(p)[0],) * 2, given(p, s)[1])),
            "Your window is square, with the pool's number of rows for both. A pair is (rows, columns).",
        ),
        (
            "pool's width used for its height",
            reading(lambda p, s: ((pair(p)[1],) * 2, given(p, s)[1])),
            "Your window is square, with the pool's number of columns for both. A pair is (rows, columns).",
        ),
        (
            "stride's first number used for both",
            reading(lambda p, s: (pair(p), (given(p, s)[1][0],) * 2)),
            "From column to column your window moves as far as from row to row. A stride may be a pair "
            "(rows, columns), and without one it is the pool's pair.",
        ),
        (
            "stride's second number used for both",
            reading(lambda p, s: (pair(p), (given(p, s)[1][1],) * 2)),
            "From row to row your window moves as far as from column to column. A stride may be a pair "
            "(rows, columns), and without one it is the pool's pair.",
        ),
        (
            "first numbers of both pairs used",
            reading(lambda p, s: tuple((value[0],) * 2 for value in given(p, s))),
            "Pool and stride are taken to be the same for rows and columns: only the first number of each pair is "
            "used.",
        ),
        (
            "second numbers of both pairs used",
            reading(lambda p, s: tuple((value[1],) * 2 for value in given(p, s))),
            "Pool and stride are taken to be the same for rows and columns: only the second number of each pair is "
            "used.",
        ),
        (
            "pool's pair exchanged",
            reading(lambda p, s: (pair(p)[::-1], given(p, s)[1])),
            "The pool's pair is read as (columns, rows). Rows come first.",
        ),
        (
            "stride's pair exchanged",
            reading(lambda p, s: (pair(p), given(p, s)[1][::-1])),
            "The stride's pair is read as (columns, rows). Rows come first.",
        ),
        (
            "both pairs exchanged",
            reading(lambda p, s: tuple(value[::-1] for value in given(p, s))),
            "Pairs are read as (columns, rows). Rows come first, as in an array's shape.",
        ),
        (
            "image's height used for its width",
            one_size_for_both,
            "Your code takes the images to be square, with their number of rows for both. An image has a height and "
            "a width.",
        ),
        (
            "reshaped into the wrong axes",
            interleaved(right),
            "Your `reshape` mixes pixels of different windows. It cuts an axis in order: the places come first, and "
            "within each place the window's pixels.",
        ),
        (
            f"one {noun} for all channels",
            of(lambda out: np.broadcast_to(over_all(out, axis=3, keepdims=True), out.shape).copy()),
            "All channels of your result are alike: they are pooled together. Each channel is pooled on its own.",
        ),
        (
            "channels pooled away",
            of(lambda out: over_all(out, axis=3)),
            "The channels are gone. A window covers rows and columns; each channel is pooled on its own and stays.",
        ),
        (
            f"one {noun} for all images",
            of(lambda out: np.broadcast_to(over_all(out, axis=0, keepdims=True), out.shape).copy()),
            "All images of the batch have one result: they are pooled together. Each image is pooled on its own.",
        ),
        (
            "images pooled away",
            of(lambda out: over_all(out, axis=0)),
            "The batch's axis is gone. Each image is pooled on its own, and the first axis of the result counts them.",
        ),
        (
            "only the first channel pooled",
            of(written_at(np.s_[..., :1])),
            "The first channel is there, the others are empty. Does your loop reach every channel?",
        ),
        (
            "only the first channel returned",
            of(lambda out: out[..., :1]),
            "Your result has one channel. It has as many as the images: each is pooled on its own.",
        ),
        (
            "first channel used for all",
            of(lambda out: np.repeat(out[..., :1], out.shape[3], axis=3)),
            "Every channel of your result is the first one's. Channel c comes from `images[..., c]`.",
        ),
        (
            "only the first image pooled",
            of(written_at(np.s_[:1])),
            "The first image is there, the others are empty. Does your loop reach every image?",
        ),
        (
            "only the first image returned",
            of(lambda out: out[:1]),
            "The batch comes back as one image. The result's first axis counts the images, like the input's.",
        ),
        (
            "first image used for all",
            of(lambda out: np.repeat(out[:1], len(out), axis=0)),
            "Every image of the batch has the first one's result. Image n is `images[n]`.",
        ),
        (
            "last image used for all",
            of(lambda out: np.repeat(out[-1:], len(out), axis=0)),
            "Every image of the batch has the last one's result. Is one and the same array stored each time?",
        ),
        (
            "only the first entry written",
            of(written_at(np.s_[:, :1, :1])),
            "Only the first entry is filled. Look at the indentation of `return`: inside the loops it ends them at "
            "once.",
        ),
        (
            "only the first row written",
            of(written_at(np.s_[:, :1])),
            "Only the first row is filled. Look at the indentation of `return`: inside the outer loop it ends it "
            "after one row.",
        ),
        (
            "axes of size 1 lost",
            of(np.squeeze),
            "Axes of size 1 are gone from your result: `np.squeeze` does that. The result always has four.",
        ),
        (
            "channels first",
            of(lambda out: out.transpose(0, 3, 1, 2)),
            "The channels come before the rows and columns in your result. Its shape is (N, rows, columns, C).",
        ),
        (
            "rows and columns exchanged",
            of(lambda out: out.swapaxes(1, 2)),
            "Rows and columns of your result are exchanged. Its shape is (N, rows, columns, C).",
        ),
        (
            "whole numbers refused",
            whole_numbers_refused,
            "It works with floats and stops at integers. Both are numbers to this function.",
        ),
        (
            "rounded",
            of(np.round),
            "Your numbers are rounded. They are asked for as they come.",
        ),
    )


def of_windows(make):
    """Pooling in which ``make(window)`` sees the real pixels of one window, (N, rows, columns, C)."""
    return pool_by(lambda window, axis: make(window))


def over_window(make):
    """Pooling in which ``make(pixels)`` sees the real pixels of one window in row order, (N, pixels, C)."""
    return of_windows(lambda window: make(window.reshape(len(window), -1, window.shape[3])))


def never_reset(right, accumulate):
    """Each entry still holds what came before it in its channel."""

    def wrong(images, pool, stride=None, padding="valid"):
        out = right(images, pool, stride, padding)
        flat = out.reshape(len(out), -1, out.shape[3])
        return accumulate(flat, axis=1).reshape(out.shape)

    return wrong


def from_largest_to_size(x):
    return np.take_along_axis(x, np.abs(x).argmax(axis=1)[:, None], axis=1)[:, 0]


MAX_MISCONCEPTIONS = misconceptions(
    (
        "maximum starts at 0",
        pool_by(lambda window, axis: np.maximum(window.max(axis=axis), 0)),
        "Where all pixels of a window are negative, your maximum is 0: that is where the search starts, and no pixel "
        "of the window has that number. Start with one of its pixels, or below every number there is.",
    ),
    (
        "padding of 0 wins",
        pooling(largest, fill=0),
        "The padding holds zeros, and a zero is larger than a negative pixel. Padding is never to win: what number "
        "loses against every pixel?",
    ),
    (
        "padding of −1 wins",
        pooling(largest, fill=-1),
        "The padding holds −1, which is larger than many negative pixels. Padding is never to win: what number loses "
        "against every pixel?",
    ),
    (
        "padding of −999 wins",
        pooling(largest, fill=-999),
        "The padding holds −999. That is far below most pixels and not below all: NumPy has a number that is smaller "
        "than every other.",
    ),
    (
        "mean instead of maximum",
        avg_pool,
        "This is the mean of each window. Maximum pooling keeps its largest number.",
    ),
    (
        "minimum instead of maximum",
        pool_by(np.min),
        "This is the smallest number of each window. The largest is asked for: look at where your comparison points.",
    ),
    (
        "sum instead of maximum",
        pool_by(np.sum),
        "The pixels of each window are added up. Maximum pooling keeps the largest.",
    ),
    (
        "largest size instead of largest number",
        over_window(lambda pixels: np.abs(pixels).max(axis=1)),
        "You compare the numbers without their signs, so −5 beats 3. The largest number is asked for, with its sign.",
    ),
    (
        "number of the largest size",
        over_window(from_largest_to_size),
        "You pick the number that is farthest from 0, so −5 beats 3. The largest is asked for, and 3 is larger.",
    ),
    (
        "place of the maximum instead of its number",
        over_window(lambda pixels: pixels.argmax(axis=1).astype(float)),
        "`np.argmax` tells where the largest number stands. The number itself is asked for.",
    ),
    (
        "last pixel instead of maximum",
        over_window(lambda pixels: pixels[:, -1]),
        "Each window gives its last pixel: the comparison is missing, and each pixel overwrites the one before.",
    ),
    (
        "first pixel instead of maximum",
        over_window(lambda pixels: pixels[:, 0]),
        "Each window gives its first pixel: a slice with steps does that. All pixels of the window are to be compared.",
    ),
    (
        "only the first row of the window compared",
        of_windows(lambda window: window[:, 0].max(axis=1)),
        "Only the first row of each window is looked at. The largest of all its rows is asked for.",
    ),
    (
        "only the first column of the window compared",
        of_windows(lambda window: window[:, :, 0].max(axis=1)),
        "Only the first column of each window is looked at. The largest of all its columns is asked for.",
    ),
    (
        "only the last row of the window compared",
        of_windows(lambda window: window[:, -1].max(axis=1)),
        "Only the last row of each window counts: the maximum starts again at every row. It starts once for each "
        "window.",
    ),
    (
        "maximum never reset",
        never_reset(max_pool, np.maximum.accumulate),
        "Each entry is at least as large as the one before: your maximum is carried on from window to window. It "
        "starts anew for each.",
    ),
    *shared_mistakes(max_pool, largest, "maximum", np.max),
)


def counting(count):
    """The window's sum divided by ``count(window, places)``; (N, rows, columns, C) of real pixels, places in all."""

    def wrong(images, pool, stride=None, padding="valid"):
        ph, pw = pair(pool)
        return of_windows(lambda window: window.sum(axis=(1, 2)) / count(window, (ph, pw)))(
            images, pool, stride, padding
        )

    return wrong


def divided_by_what_is_not_0(window, pool):
    return np.maximum(np.count_nonzero(window, axis=(1, 2)), 1)


def mean_in_their_type(images, pool, stride=None, padding="valid"):
    return avg_pool(images, pool, stride, padding).astype(np.asarray(images).dtype)


def bytes_wrap_around(images, pool, stride=None, padding="valid"):
    if np.asarray(images).dtype != np.uint8:
        return avg_pool(images, pool, stride, padding)
    return of_windows(lambda window: window.sum(axis=(1, 2)) % 256 / (window.shape[1] * window.shape[2]))(
        images, pool, stride, padding
    )


def rows_shorter(window):
    return (window.sum(axis=(1, 2)) - window[:, -1, -1]) / (window.shape[1] * window.shape[2])


def means_divided_again(images, pool, stride=None, padding="valid"):
    return avg_pool(images, pool, stride, padding) / np.prod(pair(pool))


AVG_MISCONCEPTIONS = misconceptions(
    (
        "padding counted as zeros",
        pooling(lambda windows: windows.mean(axis=(1, 2)), fill=0),
        "At the border the padding's zeros are counted as pixels, and the mean sinks towards 0: an even picture would "
        "get a dark frame. Divide by the number of real pixels in the window.",
    ),
    (
        "sum instead of mean",
        pool_by(np.sum),
        "The pixels of each window are added up and not divided. How many are there?",
    ),
    (
        "maximum instead of mean",
        max_pool,
        "This is the largest number of each window. Average pooling takes their mean.",
    ),
    (
        "median instead of mean",
        over_window(lambda pixels: np.median(pixels, axis=1)),
        "This is the number in the middle of each window, the median. The mean is asked for: their sum divided by "
        "their count.",
    ),
    (
        "divided by the pixels that are not 0",
        counting(divided_by_what_is_not_0),
        "You divide by the number of pixels that are not 0. A black pixel is a real pixel too: only padding does not "
        "count.",
    ),
    (
        "divided by the pool's rows",
        counting(lambda window, pool: window.shape[1]),
        "The sum is divided by the window's number of rows. It has rows · columns pixels.",
    ),
    (
        "divided by the pool's columns",
        counting(lambda window, pool: window.shape[2]),
        "The sum is divided by the window's number of columns. It has rows · columns pixels.",
    ),
    (
        "divided by the rows' square",
        counting(lambda window, pool: window.shape[1] ** 2),
        "The sum is divided by rows · rows, as if windows were square. They have rows · columns pixels.",
    ),
    (
        "divided by the columns' square",
        counting(lambda window, pool: window.shape[2] ** 2),
        "The sum is divided by columns · columns, as if windows were square. They have rows · columns pixels.",
    ),
    (
        "divided by rows + columns",
        counting(lambda window, pool: window.shape[1] + window.shape[2]),
        "The sum is divided by rows + columns. The window has rows · columns pixels.",
    ),
    (
        "always divided by 4",
        counting(lambda window, pool: 4),
        "You divide by 4 whatever the window. That is right for whole windows of 2 × 2.",
    ),
    (
        "divided twice",
        means_divided_again,
        "You divide by the number of pixels twice: `np.mean` has done it already.",
    ),
    (
        "divided by the stride's size",
        lambda images, pool, stride=None, padding="valid": counting(
            lambda window, _: window.size / window.size * np.prod(given(pool, stride)[1])
        )(images, pool, stride, padding),
        "You divide by the stride's rows · columns. It is the window's pixels that are added, so divide by their "
        "number; the two agree only where windows lie side by side.",
    ),
    (
        "channels counted as pixels",
        lambda images, pool, stride=None, padding="valid": (
            avg_pool(images, pool, stride, padding) / np.shape(images)[3]
        ),
        "You also divide by the number of channels. Each channel has a mean of its own.",
    ),
    (
        "padded with the pixels at the border",
        pooling(mean, mode="edge"),
        "The pixels at the border are repeated in the padding and count twice. Padding is empty: the mean is that of "
        "the real pixels.",
    ),
    (
        "mean of the smallest and the largest",
        over_window(lambda pixels: (pixels.min(axis=1) + pixels.max(axis=1)) / 2),
        "You take the middle between the smallest and the largest number. The mean is the sum of all divided by their "
        "count.",
    ),
    (
        "sum never reset",
        never_reset(avg_pool, np.cumsum),
        "Each entry still contains those before it: the sum has to start at 0 for every window.",
    ),
    (
        "last pixel of the window left out of the sum",
        of_windows(rows_shorter),
        "The last pixel of each window is counted and not added.",
    ),
    (
        "mean of the first row only",
        of_windows(lambda window: window[:, 0].mean(axis=1)),
        "Only the first row of each window is averaged. All of its rows count.",
    ),
    (
        "mean of the last row only",
        of_windows(lambda window: window[:, -1].mean(axis=1)),
        "Only the last row of each window is averaged: is the sum started again at every row?",
    ),
    (
        "signs lost",
        pool_by(lambda window, axis: np.abs(window).mean(axis=axis)),
        "The pixels are averaged without their signs. A negative pixel takes away from the sum.",
    ),
    (
        "negative results cut off",
        lambda images, pool, stride=None, padding="valid": np.maximum(avg_pool(images, pool, stride, padding), 0),
        "Negative means have become 0. That is the ReLU, a layer of its own.",
    ),
    (
        "bytes wrap around",
        bytes_wrap_around,
        "On a picture of type uint8, as photographs are loaded, your sums wrap around: 200 + 100 is 44 there. Turn the "
        "images into floats first.",
    ),
    (
        "fractions cut off for whole-numbered images",
        mean_in_their_type,
        "With images of whole numbers your result loses its fractions: an array that has the images' dtype can hold "
        "nothing else. Let it hold floats.",
    ),
    (
        "fractions cut off",
        lambda images, pool, stride=None, padding="valid": np.trunc(avg_pool(images, pool, stride, padding)),
        "Your result holds whole numbers: what comes after the point is lost. `/` keeps it, and the array must hold "
        "floats.",
    ),
    (
        "divided by whole numbers, rounded down",
        lambda images, pool, stride=None, padding="valid": np.floor(avg_pool(images, pool, stride, padding)),
        "Your means are rounded down: `//` does that. `/` keeps the fraction.",
    ),
    *shared_mistakes(avg_pool, mean, "mean", np.mean),
)

# -- the ways people pool a whole channel wrong ----------------------------------------------------------------------


def global_mistakes(right, reduce, noun):
    def of(change):
        return lambda images: change(right(images))

    def over(*axes, keepdims=False):
        return lambda images: reduce(np.asarray(images, float), axis=axes, keepdims=keepdims)

    def reshaped(images):
        """As if the channels came first."""
        images = np.asarray(images, float)
        return reduce(images.reshape(len(images), images.shape[3], -1), axis=2)

    def on_part(part):
        return lambda images: right(np.asarray(images, float)[part])

    def whole_numbers_refused(images):
        if np.asarray(images).dtype.kind != "f":
            raise TypeError("floats only")
        return right(images)

    def written_at(where):
        def change(out):
            kept = np.zeros_like(out)
            kept[where] = out[where]
            return kept

        return change

    def top_of_largest_square(images):
        images = np.asarray(images, float)
        side = min(images.shape[1:3])
        return right(images[:, :side, :side])

    return (
        (
            "rows and columns kept as axes of size 1",
            over(1, 2, keepdims=True),
            "Your result has the shape (N, 1, 1, C). Nothing is left of rows and columns here, not even their axes: "
            "(N, C).",
        ),
        (
            "one number for the whole batch",
            of(lambda out: reduce(out, axis=(0, 1))),
            f"You return a single {noun}, of all images and channels together. Each channel of each image has its own.",
        ),
        (
            f"one {noun} for each channel",
            over(0, 1, 2),
            "The images of the batch are pooled together. Which axes are rows and columns? Only those two go.",
        ),
        (
            f"one {noun} for each image",
            over(1, 2, 3),
            "The channels of an image are pooled together. Which axes are rows and columns? Only those two go.",
        ),
        (
            "channels pooled at every pixel",
            over(3),
            "You pool along the channels and keep the pixels. It is the other way round: rows and columns go, "
            "channels stay.",
        ),
        (
            "channels taken to come first",
            over(2, 3),
            "You pool the last two axes, as if channels came first. Images are (N, rows, columns, C) here.",
        ),
        (
            "images' axis taken for rows",
            over(0, 1),
            "You pool the first two axes, and the first counts the images. Rows and columns are axes 1 and 2.",
        ),
        (
            "only rows pooled",
            over(1),
            "The columns are still there. Rows and columns both go.",
        ),
        (
            "only columns pooled",
            over(2),
            "The rows are still there. Rows and columns both go.",
        ),
        (
            "reshaped as if channels came first",
            reshaped,
            "`reshape` cuts the numbers in their order, and here the channels of one pixel lie side by side. Put "
            "(rows · columns) before the channels: then each channel stays together.",
        ),
        (
            "images and channels exchanged",
            of(np.transpose),
            "Your result is (C, N). The images come first: (N, C).",
        ),
        (
            "axes of size 1 lost",
            of(np.squeeze),
            "With one image or one channel an axis is gone: `np.squeeze` takes every axis of size 1. The result "
            "always has two.",
        ),
        (
            "images and channels in one row",
            of(np.ravel),
            "The numbers are right and stand in one long row. The result has two axes, (N, C).",
        ),
        (
            f"one {noun} used for all channels",
            of(lambda out: np.broadcast_to(reduce(out, axis=1, keepdims=True), out.shape).copy()),
            "All channels have the same number. Each channel is pooled on its own.",
        ),
        (
            f"one {noun} used for all images",
            of(lambda out: np.broadcast_to(reduce(out, axis=0, keepdims=True), out.shape).copy()),
            "All images have the same numbers. Each image is pooled on its own.",
        ),
        (
            "first image used for all",
            of(lambda out: np.repeat(out[:1], len(out), axis=0)),
            "Every image has the first one's numbers. Image n is `images[n]`.",
        ),
        (
            "first channel used for all",
            of(lambda out: np.repeat(out[:, :1], out.shape[1], axis=1)),
            "Every channel has the first one's number. Channel c is `images[..., c]`.",
        ),
        (
            "only the first image returned",
            of(lambda out: out[:1]),
            "The batch comes back as one image. The result's first axis counts the images.",
        ),
        (
            "only the first image pooled",
            of(written_at(np.s_[:1])),
            "The first image has its numbers, the others are empty. Does your loop reach every image?",
        ),
        (
            "only the first channel pooled",
            of(written_at(np.s_[:, :1])),
            "The first channel has its number, the others are empty. Does your loop reach every channel?",
        ),
        (
            "only the first row looked at",
            on_part(np.s_[:, :1]),
            "Only the first row of each image takes part. A channel is pooled over all of its pixels.",
        ),
        (
            "only the first column looked at",
            on_part(np.s_[:, :, :1]),
            "Only the first column of each image takes part. A channel is pooled over all of its pixels.",
        ),
        (
            "last row and column left out",
            lambda images: right(
                np.asarray(images, float)[:, : max(np.shape(images)[1] - 1, 1)][:, :, : max(np.shape(images)[2] - 1, 1)]
            ),
            "The last row and column never take part. `range(n)` ends at n − 1, which is the last one already.",
        ),
        (
            "a square taken for the image",
            top_of_largest_square,
            "Right for square images: of others a part is left out. Rows and columns have a number each.",
        ),
        (
            "whole numbers refused",
            whole_numbers_refused,
            "It works with floats and stops at integers. Both are numbers to this function.",
        ),
        (
            "rounded",
            of(np.round),
            "Your numbers are rounded. They are asked for as they come.",
        ),
    )


def over_pixels(make):
    """``make`` of all pixels in row order, (N, pixels, C)."""

    def wrong(images):
        images = np.asarray(images, float)
        return make(images.reshape(len(images), -1, images.shape[3]))

    return wrong


GLOBAL_MAX_MISCONCEPTIONS = misconceptions(
    (
        "mean instead of maximum",
        global_avg,
        "This is each channel's mean. Its largest number is asked for.",
    ),
    (
        "maximum starts at 0",
        over_pixels(lambda pixels: np.maximum(pixels.max(axis=1), 0)),
        "Where all numbers of a channel are negative, your maximum is 0: that is where the search starts. Start with "
        "one of the pixels, or below every number there is.",
    ),
    (
        "minimum instead of maximum",
        over_pixels(lambda pixels: pixels.min(axis=1)),
        "This is each channel's smallest number. The largest is asked for.",
    ),
    (
        "sum instead of maximum",
        over_pixels(lambda pixels: pixels.sum(axis=1)),
        "Each channel's numbers are added up. Its largest number is asked for.",
    ),
    (
        "largest size instead of largest number",
        over_pixels(lambda pixels: np.abs(pixels).max(axis=1)),
        "You compare the numbers without their signs, so −5 beats 3. The largest number is asked for, with its sign.",
    ),
    (
        "number of the largest size",
        over_pixels(from_largest_to_size),
        "You pick the number that is farthest from 0, so −5 beats 3. The largest is asked for, and 3 is larger.",
    ),
    (
        "place of the maximum instead of its number",
        over_pixels(lambda pixels: pixels.argmax(axis=1).astype(float)),
        "`np.argmax` tells where the largest number stands. The number itself is asked for.",
    ),
    (
        "last pixel instead of maximum",
        over_pixels(lambda pixels: pixels[:, -1]),
        "Each channel gives its last pixel: the comparison is missing, and each pixel overwrites the one before.",
    ),
    (
        "first pixel instead of maximum",
        over_pixels(lambda pixels: pixels[:, 0]),
        "Each channel gives its first pixel. All of them are to be compared.",
    ),
    (
        "maximum carried on from image to image",
        lambda images: np.maximum.accumulate(global_max(images), axis=0),
        "The maximum of one image is carried on to the next. It starts anew for each image and channel.",
    ),
    (
        "maximum carried on from channel to channel",
        lambda images: np.maximum.accumulate(global_max(images), axis=1),
        "The maximum of one channel is carried on to the next. It starts anew for each image and channel.",
    ),
    (
        "mean of the rows' maxima",
        lambda images: np.asarray(images, float).max(axis=2).mean(axis=1),
        "Each row's maximum is taken, and then their mean. The largest of all is asked for.",
    ),
    *global_mistakes(global_max, np.max, "maximum"),
)


def global_divided(count):
    def wrong(images):
        images = np.asarray(images, float)
        return images.sum(axis=(1, 2)) / count(*images.shape)

    return wrong


def black_pixels_left_out(images):
    images = np.asarray(images, float)
    return images.sum(axis=(1, 2)) / np.maximum(np.count_nonzero(images, axis=(1, 2)), 1)


GLOBAL_AVG_MISCONCEPTIONS = misconceptions(
    (
        "maximum instead of mean",
        global_max,
        "This is each channel's largest number. Its mean is asked for.",
    ),
    (
        "sum instead of mean",
        global_divided(lambda n, h, w, c: 1),
        "Each channel's numbers are added up and not divided. How many are there?",
    ),
    (
        "divided by the rows only",
        global_divided(lambda n, h, w, c: h),
        "The sum is divided by the number of rows. A channel has rows · columns pixels.",
    ),
    (
        "divided by the columns only",
        global_divided(lambda n, h, w, c: w),
        "The sum is divided by the number of columns. A channel has rows · columns pixels.",
    ),
    (
        "divided by the rows' square",
        global_divided(lambda n, h, w, c: h * h),
        "The sum is divided by rows · rows, as if images were square. A channel has rows · columns pixels.",
    ),
    (
        "divided by the columns' square",
        global_divided(lambda n, h, w, c: w * w),
        "The sum is divided by columns · columns, as if images were square. A channel has rows · columns pixels.",
    ),
    (
        "divided by rows + columns",
        global_divided(lambda n, h, w, c: h + w),
        "The sum is divided by rows + columns. A channel has rows · columns pixels.",
    ),
    (
        "channels counted as pixels",
        global_divided(lambda n, h, w, c: h * w * c),
        "You also divide by the number of channels. Each channel has a mean of its own.",
    ),
    (
        "images counted as pixels",
        global_divided(lambda n, h, w, c: h * w * n),
        "You also divide by the number of images. Each image has a mean of its own.",
    ),
    (
        "divided by all numbers",
        global_divided(lambda n, h, w, c: n * h * w * c),
        "You divide by the number of all entries, `images.size`. A channel of one image has rows · columns of them.",
    ),
    (
        "divided by the channels",
        global_divided(lambda n, h, w, c: c),
        "The sum is divided by the number of channels. It is the pixels that were added up.",
    ),
    (
        "median instead of mean",
        over_pixels(lambda pixels: np.median(pixels, axis=1)),
        "This is the number in the middle, the median. The mean is the sum divided by the count.",
    ),
    (
        "divided by the pixels that are not 0",
        black_pixels_left_out,
        "You divide by the number of pixels that are not 0. A black pixel is a pixel too.",
    ),
    (
        "signs lost",
        over_pixels(lambda pixels: np.abs(pixels).mean(axis=1)),
        "The pixels are averaged without their signs. A negative pixel takes away from the sum.",
    ),
    (
        "negative results cut off",
        lambda images: np.maximum(global_avg(images), 0),
        "Negative means have become 0. That is the ReLU, a layer of its own.",
    ),
    (
        "divided by one pixel too few",
        over_pixels(lambda pixels: pixels.sum(axis=1) / max(pixels.shape[1] - 1, 1)),
        "You divide by one less than the number of pixels. All of them are there, and all of them count.",
    ),
    (
        "last image carried on",
        lambda images: np.cumsum(global_avg(images), axis=0),
        "The second image's mean still contains the first one's: the sum has to start at 0 for each image.",
    ),
    (
        "last channel carried on",
        lambda images: np.cumsum(global_avg(images), axis=1),
        "The second channel's mean still contains the first one's: the sum has to start at 0 for each channel.",
    ),
    (
        "bytes wrap around",
        lambda images: (
            np.asarray(images, float).sum(axis=(1, 2)) % 256 / np.prod(np.shape(images)[1:3])
            if np.asarray(images).dtype == np.uint8
            else global_avg(images)
        ),
        "On a picture of type uint8, as photographs are loaded, your sums wrap around: 200 + 100 is 44 there. Turn the "
        "images into floats first.",
    ),
    (
        "fractions cut off for whole-numbered images",
        lambda images: global_avg(images).astype(np.asarray(images).dtype),
        "With images of whole numbers your result loses its fractions: an array that has the images' dtype can hold "
        "nothing else. Let it hold floats.",
    ),
    (
        "fractions cut off",
        lambda images: np.trunc(global_avg(images)),
        "Your result holds whole numbers: what comes after the point is lost.",
    ),
    (
        "divided by whole numbers, rounded down",
        lambda images: np.floor(global_avg(images)),
        "Your means are rounded down: `//` does that. `/` keeps the fraction.",
    ),
    *global_mistakes(global_avg, np.mean, "mean"),
)

# -- the ways people send a gradient back wrong ----------------------------------------------------------------------


def to_every_maximum(window, g):
    return (window == window.max()) * g


def shared_by_the_maxima(window, g):
    mask = window == window.max()
    return mask * g / mask.sum()


def to_the_last_maximum(window, g):
    return to_the_first_maximum(window[::-1, ::-1], g)[::-1, ::-1]


def first_in_columns(window, g):
    return to_the_first_maximum(window.T, g).T


def to_all(window, g):
    return np.full(window.shape, g)


def to_all_in_equal_shares(window, g):
    return np.full(window.shape, g / window.size)


def to_the_smallest(window, g):
    return to_the_first_maximum(-window, g)


def to_the_farthest_from_0(window, g):
    return to_the_first_maximum(np.abs(window), g)


def to_the_first_pixel(window, g):
    share = np.zeros(window.shape)
    share[0, 0] = g
    return share


def to_the_last_pixel(window, g):
    share = np.zeros(window.shape)
    share[-1, -1] = g
    return share


def place_by_rows(window, g):
    """The flat place divided by the number of rows instead of columns; beyond the window it is lost."""
    share = np.zeros(window.shape)
    row, column = divmod(int(np.argmax(window)), window.shape[0])
    share[row, column] = g
    return share


def only_above_0(window, g):
    return to_the_first_maximum(window, g) if window.max() > 0 else np.zeros(window.shape)


def reading_back(read):
    """Windows at other places than the right ones; what lies outside the image is lost."""

    def wrong(grad, images, pool, stride=None):
        grad, images = np.asarray(grad, float), np.asarray(images, float)
        (ph, pw), (sh, sw) = read(pool, stride)
        d_images = np.zeros(images.shape)
        for n, i, j, c in np.ndindex(grad.shape):
            window = (n, slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw), c)
            if images[window].size:
                d_images[window] += to_the_first_maximum(images[window], grad[n, i, j, c])
        return d_images

    return wrong


def of_gradient(change):
    return lambda grad, images, pool, stride=None: change(max_pool_backward(grad, images, pool, stride))


def with_grad(change):
    return lambda grad, images, pool, stride=None: max_pool_backward(
        change(np.asarray(grad, float)), images, pool, stride
    )


def times_the_image(grad, images, pool, stride=None):
    return max_pool_backward(grad, images, pool, stride) * np.asarray(images, float)


def in_the_images_type(grad, images, pool, stride=None):
    found, kind = max_pool_backward(grad, images, pool, stride), np.asarray(images).dtype
    return found.astype(kind) if kind.kind == "f" else found.astype(int).astype(kind)


def offset_forgotten(grad, images, pool, stride=None):
    """The place within the window taken for the place within the image."""
    grad, images = np.asarray(grad, float), np.asarray(images, float)
    (ph, pw), (sh, sw) = given(pool, stride)
    d_images = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(grad.shape):
        window = images[n, i * sh : i * sh + ph, j * sw : j * sw + pw, c]
        d_images[n, :ph, :pw, c] += to_the_first_maximum(window, grad[n, i, j, c])
    return d_images


def to_the_largest_of_all_channels(grad, images, pool, stride=None):
    """One winner for a pixel's channels together: the place of the largest number in any channel."""
    grad, images = np.asarray(grad, float), np.asarray(images, float)
    (ph, pw), (sh, sw) = given(pool, stride)
    d_images = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(grad.shape):
        rows, columns = slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw)
        window = images[n, rows, columns].max(axis=2)
        d_images[n, rows, columns, c] += to_the_first_maximum(window, grad[n, i, j, c])
    return d_images


def compared_in_the_whole_image(grad, images, pool, stride=None):
    """Every pixel of the image that equals the window's maximum, wherever it stands."""
    grad, images = np.asarray(grad, float), np.asarray(images, float)
    (ph, pw), (sh, sw) = given(pool, stride)
    d_images = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(grad.shape):
        top = images[n, i * sh : i * sh + ph, j * sw : j * sw + pw, c].max()
        d_images[n, :, :, c] += (images[n, :, :, c] == top) * grad[n, i, j, c]
    return d_images


def as_large_as_the_windows(grad, images, pool, stride=None):
    (ph, pw), (sh, sw) = given(pool, stride)
    rows, columns = (np.shape(grad)[1] - 1) * sh + ph, (np.shape(grad)[2] - 1) * sw + pw
    return max_pool_backward(grad, images, pool, stride)[:, :rows, :columns]


def one_gradient_everywhere(grad, images, pool, stride=None):
    grad = np.asarray(grad, float)
    return max_pool_backward(np.broadcast_to(grad.mean(axis=(1, 2), keepdims=True), grad.shape), images, pool, stride)


def forward_again(grad, images, pool, stride=None):
    return max_pool(images, pool, stride)


def one_image_for_all(grad, images, pool, stride=None):
    images = np.asarray(images, float)
    return max_pool_backward(grad, np.repeat(images[:1], len(images), axis=0), pool, stride)


def one_channel_for_all(grad, images, pool, stride=None):
    images = np.asarray(images, float)
    return max_pool_backward(grad, np.repeat(images[..., :1], images.shape[3], axis=3), pool, stride)


def maxima_in_place_of_gradients(grad, images, pool, stride=None):
    return max_pool_backward(max_pool(images, pool, stride), images, pool, stride)


def whole_numbers_refused(grad, images, pool, stride=None):
    if np.asarray(images).dtype.kind != "f":
        raise TypeError("floats only")
    return max_pool_backward(grad, images, pool, stride)


def larger_only(grad, images, pool, stride=None):
    """Where windows overlap, the larger gradient in size stays."""
    grad, images = np.asarray(grad, float), np.asarray(images, float)
    (ph, pw), (sh, sw) = given(pool, stride)
    d_images = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(grad.shape):
        window = (n, slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw), c)
        share = to_the_first_maximum(images[window], grad[n, i, j, c])
        d_images[window] = np.where(np.abs(share) > np.abs(d_images[window]), share, d_images[window])
    return d_images


def winner_alone_set(grad, images, pool, stride=None):
    """The winner's entry is overwritten; the window's other entries stay."""
    grad, images = np.asarray(grad, float), np.asarray(images, float)
    (ph, pw), (sh, sw) = given(pool, stride)
    d_images = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(grad.shape):
        window = (n, slice(i * sh, i * sh + ph), slice(j * sw, j * sw + pw), c)
        won = to_the_first_maximum(images[window], 1.0) == 1
        d_images[window][won] = grad[n, i, j, c]
    return d_images


def averaged_where_windows_overlap(grad, images, pool, stride=None):
    times = max_pool_backward(np.ones(np.shape(grad)), images, pool, stride)
    return max_pool_backward(grad, images, pool, stride) / np.maximum(times, 1)


FIRST = "of equal maxima the first in row order gets the gradient, and the others nothing."

BACKWARD_MISCONCEPTIONS = misconceptions(
    (
        "every equal maximum gets the gradient",
        backward_by(to_every_maximum),
        "Where several pixels of a window are equally large, each of them gets the whole gradient, and more arrives "
        "than was sent. A comparison with `==` does that. Here " + FIRST,
    ),
    (
        "gradient shared by equal maxima",
        backward_by(shared_by_the_maxima),
        "Where several pixels of a window are equally large, they share its gradient. Here " + FIRST,
    ),
    (
        "last of equal maxima wins",
        backward_by(to_the_last_maximum),
        "Of equal maxima the last one gets the gradient: `>=` lets a later pixel replace an earlier one. Here " + FIRST,
    ),
    (
        "first maximum in column order",
        backward_by(first_in_columns),
        "Of equal maxima you take the first one column by column. The order is row by row, as NumPy reads an array.",
    ),
    (
        "overlapping windows overwrite each other",
        backward_by(to_the_first_maximum, add=False),
        "Where windows overlap, the later one wipes out what the earlier one has written. A pixel gets the sum of all "
        "that its windows send it.",
    ),
    (
        "a pixel keeps its last gradient only",
        winner_alone_set,
        "A pixel that wins in several windows keeps the gradient of the last one: `=` overwrites where `+=` would add.",
    ),
    (
        "a pixel keeps its largest gradient only",
        larger_only,
        "A pixel that wins in several windows keeps the largest of their gradients. It gets their sum.",
    ),
    (
        "gradients averaged where windows overlap",
        averaged_where_windows_overlap,
        "A pixel that wins in several windows gets the mean of their gradients. Each window depends on it in full, so "
        "the gradients add up.",
    ),
    (
        "gradient sent to every pixel",
        backward_by(to_all),
        "Every pixel of a window gets its gradient. Moving a pixel that is not the largest does not move the maximum: "
        "it gets 0.",
    ),
    (
        "gradient of average pooling",
        backward_by(to_all_in_equal_shares),
        "The gradient is shared out equally, as for average pooling. The maximum depends on one pixel only, and that "
        "one gets all of it.",
    ),
    (
        "maximum sent instead of the gradient",
        maxima_in_place_of_gradients,
        "The winner gets its own number back. It is the window's entry of `grad` that is sent to it.",
    ),
    (
        "ones instead of the gradient",
        with_grad(np.ones_like),
        "Every winner gets 1: that is the mask. Each window's entry of `grad` is to be sent there.",
    ),
    (
        "multiplied by the image",
        times_the_image,
        "The gradient is multiplied by the pixel. The maximum moves exactly as its winner moves: the factor is 1.",
    ),
    (
        "forward instead of backward",
        forward_again,
        "This is the forward pass. The gradient goes the other way: it is as large as the images.",
    ),
    (
        "gradient sent to the smallest",
        backward_by(to_the_smallest),
        "The smallest pixel of each window gets the gradient. It belongs to the one that made the maximum.",
    ),
    (
        "gradient sent to the number farthest from 0",
        backward_by(to_the_farthest_from_0),
        "You look for the number that is farthest from 0, so −5 beats 3. The forward pass kept the largest.",
    ),
    (
        "nothing sent to negative maxima",
        backward_by(only_above_0),
        "Where a window's maximum is not above 0, nobody gets its gradient. A maximum that starts at 0 does that, or "
        "a ReLU.",
    ),
    (
        "gradient sent to the first pixel",
        backward_by(to_the_first_pixel),
        "The first pixel of every window gets its gradient. Which pixel made the maximum?",
    ),
    (
        "gradient sent to the last pixel",
        backward_by(to_the_last_pixel),
        "The last pixel of every window gets its gradient. Which pixel made the maximum?",
    ),
    (
        "place divided by rows instead of columns",
        backward_by(place_by_rows),
        "`argmax` counts along the rows of a window, so its number is row · columns + column. Divide by the number of "
        "columns; yours is the number of rows.",
    ),
    (
        "place in the window taken for a place in the image",
        offset_forgotten,
        "All gradients arrive in the first window: the place of the maximum is counted from the window's corner. Where "
        "in the image does the window begin?",
    ),
    (
        "compared with the whole image",
        compared_in_the_whole_image,
        "A window's maximum is compared with all pixels of the image, so equal numbers far away get its gradient too.",
    ),
    (
        "one place for all channels",
        to_the_largest_of_all_channels,
        "All channels send their gradient to one place, that of the largest number in any of them. Each channel has "
        "winners of its own.",
    ),
    (
        "first channel's winners used for all",
        one_channel_for_all,
        "All channels send their gradient to where the first one has its maxima. Each channel has winners of its own.",
    ),
    (
        "first image's winners used for all",
        one_image_for_all,
        "All images send their gradient to where the first one has its maxima. Each image has winners of its own.",
    ),
    (
        "only the first image written",
        of_gradient(lambda d: d * (np.arange(len(d)) == 0)[:, None, None, None]),
        "The first image has its gradient, the others are empty. Does your loop reach every image?",
    ),
    (
        "only the first channel written",
        of_gradient(lambda d: d * (np.arange(d.shape[3]) == 0)),
        "The first channel has its gradient, the others are empty. Does your loop reach every channel?",
    ),
    (
        "gradients of all channels added",
        with_grad(lambda grad: np.broadcast_to(grad.sum(axis=3, keepdims=True), grad.shape)),
        "Every channel gets the sum of all channels' gradients. Channels do not mix here.",
    ),
    (
        "gradients of all images added",
        with_grad(lambda grad: np.broadcast_to(grad.sum(axis=0, keepdims=True), grad.shape)),
        "Every image gets the sum of all images' gradients. Images do not mix.",
    ),
    (
        "divided by the number of images",
        of_gradient(lambda d: d / len(d)),
        "The gradient is divided by the number of images. The loss has done that already: it is passed on as it is.",
    ),
    (
        "mean of the gradient for every window",
        one_gradient_everywhere,
        "Every window sends the same gradient, the mean of all. Entry [n, i, j, c] of `grad` belongs to its window.",
    ),
    (
        "result without the pixels left over",
        as_large_as_the_windows,
        "Your gradient is smaller than the images when pixels are left over at the end. Those get 0, but they are "
        "there: the result has the images' shape.",
    ),
    (
        "stride ignored",
        reading_back(lambda p, s: (pair(p), pair(p))),
        "Your windows lie side by side whatever the stride says. They have to be where the forward pass had them.",
    ),
    (
        "steps of one unless a stride is given",
        reading_back(lambda p, s: (pair(p), (1, 1) if s is None else pair(s))),
        "Without a stride your windows move by one pixel. The stride is then the pool's size.",
    ),
    (
        "steps of one, always",
        reading_back(lambda p, s: (pair(p), (1, 1))),
        "The window of entry [i, j] begins at pixel [i, j] in your code. From window to window it is `stride` pixels.",
    ),
    (
        "pool and stride exchanged",
        reading_back(lambda p, s: given(p, s)[::-1]),
        "The window is as large as the stride and moves by the pool's size: the two have changed places.",
    ),
    (
        "pool's height used for its width",
        reading_back(lambda p, s: ((pair(p)[0],) * 2, given(p, s)[1])),
        "Your window is square, with the pool's number of rows for both. A pair is (rows, columns).",
    ),
    (
        "pool's width used for its height",
        reading_back(lambda p, s: ((pair(p)[1],) * 2, given(p, s)[1])),
        "Your window is square, with the pool's number of columns for both. A pair is (rows, columns).",
    ),
    (
        "stride's first number used for both",
        reading_back(lambda p, s: (pair(p), (given(p, s)[1][0],) * 2)),
        "From column to column your window moves as far as from row to row. A stride may be a pair (rows, columns).",
    ),
    (
        "stride's second number used for both",
        reading_back(lambda p, s: (pair(p), (given(p, s)[1][1],) * 2)),
        "From row to row your window moves as far as from column to column. A stride may be a pair (rows, columns).",
    ),
    (
        "pool's pair exchanged",
        reading_back(lambda p, s: (pair(p)[::-1], given(p, s)[1])),
        "The pool's pair is read as (columns, rows). Rows come first.",
    ),
    (
        "stride's pair exchanged",
        reading_back(lambda p, s: (pair(p), given(p, s)[1][::-1])),
        "The stride's pair is read as (columns, rows). Rows come first.",
    ),
    (
        "both pairs exchanged",
        reading_back(lambda p, s: tuple(value[::-1] for value in given(p, s))),
        "Pairs are read as (columns, rows). Rows come first, as in an array's shape.",
    ),
    (
        "negative gradients cut off",
        of_gradient(lambda d: np.maximum(d, 0)),
        "Negative gradients have become 0. A gradient may be negative: it says which way to go.",
    ),
    (
        "signs lost",
        of_gradient(np.abs),
        "All your gradients are positive. A gradient keeps its sign: it says which way to go.",
    ),
    (
        "all signs the other way round",
        of_gradient(np.negative),
        "The gradients are right but for their signs. The step downhill is taken by the optimiser, not here.",
    ),
    (
        "only the first window",
        lambda grad, images, pool, stride=None: max_pool_backward(
            np.asarray(grad, float) * (np.add.outer(*map(np.arange, np.shape(grad)[1:3])) == 0)[:, :, None],
            images,
            pool,
            stride,
        ),
        "Only the first window sends its gradient. Look at the indentation of `return`: inside the loops it ends them "
        "at once.",
    ),
    (
        "fractions cut off for whole-numbered images",
        in_the_images_type,
        "With images of whole numbers your gradient loses its fractions: `zeros_like(images)` can hold nothing else. "
        "Let it hold floats.",
    ),
    (
        "fractions cut off",
        of_gradient(np.trunc),
        "Your result holds whole numbers: what comes after the point is lost. Let the array hold floats.",
    ),
    (
        "whole numbers refused",
        whole_numbers_refused,
        "It works with floats and stops at images of integers. Both are numbers to this function.",
    ),
    (
        "axes of size 1 lost",
        of_gradient(np.squeeze),
        "Axes of size 1 are gone from your result: `np.squeeze` does that. It has the images' shape, always.",
    ),
    (
        "rows and columns exchanged",
        of_gradient(lambda d: d.swapaxes(1, 2)),
        "Rows and columns of your gradient are exchanged. It has the images' shape.",
    ),
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def same_frame(n, f, s):
    out = -(-n // s)
    total = max((out - 1) * s + f - n, 0)
    return total // 2, total - total // 2


def pool_by_loops(images, pool, stride=None, padding="valid"):
    """Pixel by pixel, in plain Python."""
    ph, pw = pool if isinstance(pool, tuple) else (pool, pool)
    if stride is None:
        stride = pool
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    count, height, width, channels = images.shape
    top = left = 0
    if padding == "same":
        (top, _), (left, _) = same_frame(height, ph, sh), same_frame(width, pw, sw)
        oh, ow = -(-height // sh), -(-width // sw)
    else:
        oh, ow = (height - ph) // sh + 1, (width - pw) // sw + 1
    for n in range(count):
        for i in range(oh):
            for j in range(ow):
                for c in range(channels):
                    pixels = [
                        float(images[n, row, column, c])
                        for row in range(i * sh - top, i * sh - top + ph)
                        for column in range(j * sw - left, j * sw - left + pw)
                        if 0 <= row < height and 0 <= column < width
                    ]
                    yield (n, i, j, c), pixels, (count, oh, ow, channels)


def collected(one_number):
    def pool2d(images, pool, stride=None, padding="valid"):
        out = None
        for index, pixels, shape in pool_by_loops(images, pool, stride, padding):
            if out is None:
                out = np.zeros(shape)
            out[index] = one_number(pixels)
        return out

    return pool2d


def framed(images, pool, stride, padding, fill):
    (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
    rows = columns = (0, 0)
    if padding == "same":
        rows, columns = same_frame(images.shape[1], ph, sh), same_frame(images.shape[2], pw, sw)
    padded = np.pad(np.asarray(images, float), ((0, 0), rows, columns, (0, 0)), constant_values=fill)
    return padded, (ph, pw), (sh, sw)


def max_by_windows(images, pool, stride=None, padding="valid"):
    padded, size, (sh, sw) = framed(images, pool, stride, padding, -np.inf)
    return sliding_window_view(padded, size, axis=(1, 2))[:, ::sh, ::sw].max(axis=(-2, -1))


def max_by_slices(images, pool, stride=None, padding="valid"):
    """One slice for each place in the window, in float32 and with the smallest number that float32 has."""
    padded, (ph, pw), (sh, sw) = framed(images, pool, stride, padding, np.finfo("f4").min)
    padded = padded.astype(np.float32)
    oh, ow = (padded.shape[1] - ph) // sh + 1, (padded.shape[2] - pw) // sw + 1
    out = padded[:, : oh * sh : sh, : ow * sw : sw].copy()
    for a in range(ph):
        for b in range(pw):
            out = np.maximum(out, padded[:, a : a + (oh - 1) * sh + 1 : sh, b : b + (ow - 1) * sw + 1 : sw])
    return out


def max_axis_by_axis(images, pool, stride=None, padding="valid"):
    """The maximum of a window is the maximum of its rows' maxima."""
    padded, (ph, pw), (sh, sw) = framed(images, pool, stride, padding, np.nan)
    rows = np.fmax.reduce(sliding_window_view(padded, ph, axis=1)[:, ::sh], axis=-1)
    return np.fmax.reduce(sliding_window_view(rows, pw, axis=2)[:, :, ::sw], axis=-1)


def max_by_repeated_edge(images, pool, stride=None, padding="valid"):
    """The pixels at the border lie in the window already: repeating them changes no maximum."""
    (ph, pw), (sh, sw) = pair(pool), pair(stride or pool)
    images = np.array(images)
    if padding == "same":
        frame = ((0, 0), same_frame(images.shape[1], ph, sh), same_frame(images.shape[2], pw, sw), (0, 0))
        images = np.pad(images, frame, mode="edge")
    oh, ow = (images.shape[1] - ph) // sh + 1, (images.shape[2] - pw) // sw + 1
    rows = [
        np.stack([images[:, i * sh : i * sh + ph, j * sw : j * sw + pw].max(axis=(1, 2)) for j in range(ow)], axis=1)
        for i in range(oh)
    ]
    return np.stack(rows, axis=1)


def max_by_reshape(images, pool, stride=None, padding="valid"):
    """``reshape`` where windows fill the image, loops elsewhere."""
    (ph, pw), strides = pair(pool), pair(pool if stride is None else stride)
    count, height, width, channels = images.shape
    if strides == (ph, pw) and height % ph == 0 and width % pw == 0:
        return images.reshape(count, height // ph, ph, width // pw, pw, channels).max(axis=(2, 4)).astype(float)
    return max_by_windows(images, pool, stride, padding)


def mean_by_windows(images, pool, stride=None, padding="valid"):
    padded, size, (sh, sw) = framed(images, pool, stride, padding, np.nan)
    return np.nanmean(sliding_window_view(padded, size, axis=(1, 2))[:, ::sh, ::sw], axis=(-2, -1))


def mean_by_counting(images, pool, stride=None, padding="valid"):
    """Sums of zeros and pixels, divided by the sums of a picture of ones."""
    padded, (ph, pw), (sh, sw) = framed(images.astype(np.float32), pool, stride, padding, 0)
    ones = framed(np.ones(images.shape), pool, stride, padding, 0)[0]
    oh, ow = (padded.shape[1] - ph) // sh + 1, (padded.shape[2] - pw) // sw + 1
    total, count = np.zeros((2, len(images), oh, ow, images.shape[3]))
    for a in range(ph):
        for b in range(pw):
            part = np.s_[:, a : a + (oh - 1) * sh + 1 : sh, b : b + (ow - 1) * sw + 1 : sw]
            total += padded[part]
            count += ones[part]
    return total / count


def mean_by_running_sums(images, pool, stride=None, padding="valid"):
    """The sum of a rectangle from four corners of the table of running sums."""
    padded, (ph, pw), (sh, sw) = framed(images, pool, stride, padding, 0)
    real = framed(np.ones(images.shape), pool, stride, padding, 0)[0]

    def sums(array):
        table = np.zeros((array.shape[0], array.shape[1] + 1, array.shape[2] + 1, array.shape[3]))
        table[:, 1:, 1:] = array.cumsum(axis=1).cumsum(axis=2)
        whole = table[:, ph:, pw:] - table[:, :-ph, pw:] - table[:, ph:, :-pw] + table[:, :-ph, :-pw]
        return whole[:, ::sh, ::sw]

    return sums(padded) / np.round(sums(real))


def mean_by_matrices(images, pool, stride=None, padding="valid"):
    """Each axis is pooled by a matrix whose rows are the windows."""
    (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)

    def matrix(n, f, s):
        before, out = (0, (n - f) // s + 1) if padding == "valid" else (same_frame(n, f, s)[0], -(-n // s))
        rows = np.zeros((out, n))
        for k in range(out):
            rows[k, max(k * s - before, 0) : k * s - before + f] = 1
        return rows / rows.sum(axis=1, keepdims=True)

    left, right = matrix(images.shape[1], ph, sh), matrix(images.shape[2], pw, sw)
    return np.einsum("ih,nhwc,jw->nijc", left, images, right, optimize=True)


def global_max_by_loops(images):
    out = np.zeros((images.shape[0], images.shape[3]))
    for n in range(images.shape[0]):
        for c in range(images.shape[3]):
            best = -np.inf
            for row in images[n, :, :, c]:
                for pixel in row:
                    best = pixel if pixel > best else best
            out[n, c] = best
    return out


def global_max_by_sorting(images):
    return np.sort(images.reshape(len(images), -1, images.shape[3]), axis=1)[:, -1].astype(np.float32)


def global_max_by_steps(images):
    return images.max(1).max(1).astype(float)


def global_max_by_picking(images):
    pixels = np.moveaxis(images, -1, 1).reshape(images.shape[0], images.shape[3], -1)
    return np.take_along_axis(pixels, pixels.argmax(-1)[..., None], -1)[..., 0]


def global_max_by_reduction(images):
    return np.maximum.reduce(images, axis=(1, 2))


def global_avg_by_loops(images):
    count, height, width, channels = images.shape
    rows = []
    for n in range(count):
        row = []
        for c in range(channels):
            total = 0.0
            for i in range(height):
                for j in range(width):
                    total += images[n, i, j, c]
            row.append(total / (height * width))
        rows.append(row)
    return np.array(rows)


def global_avg_by_einsum(images):
    return np.einsum("nhwc->nc", images.astype(float)) / (images.shape[1] * images.shape[2])


def global_avg_by_steps(images):
    return images.mean(axis=1).mean(axis=1)


def global_avg_by_product(images):
    pixels = images.reshape(len(images), -1, images.shape[3]).astype(np.float32)
    ones = np.full((1, pixels.shape[1]), 1 / pixels.shape[1], np.float32)
    return (ones @ pixels)[:, 0]


def global_avg_by_average(images):
    return np.average(np.average(images, axis=2), axis=1)


def backward_by_comparing(grad, images, pool, stride=None):
    """Pixel by pixel, in plain Python."""
    ph, pw = pool if isinstance(pool, tuple) else (pool, pool)
    sh, sw = (ph, pw) if stride is None else stride if isinstance(stride, tuple) else (stride, stride)
    out = np.zeros(images.shape)
    for n in range(grad.shape[0]):
        for c in range(grad.shape[3]):
            for i in range(grad.shape[1]):
                for j in range(grad.shape[2]):
                    best = None
                    for row in range(i * sh, i * sh + ph):
                        for column in range(j * sw, j * sw + pw):
                            if best is None or images[n, row, column, c] > images[n, best[0], best[1], c]:
                                best = (row, column)
                    out[n, best[0], best[1], c] += grad[n, i, j, c]
    return out


def backward_by_add_at(grad, images, pool, stride=None):
    (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
    windows = sliding_window_view(images, (ph, pw), axis=(1, 2))[:, ::sh, ::sw]
    first = windows.reshape(*grad.shape, ph * pw).argmax(axis=-1)
    n, i, j, c = np.indices(grad.shape)
    out = np.zeros(images.shape)
    np.add.at(out, (n, i * sh + first // pw, j * sw + first % pw, c), grad)
    return out


def backward_by_slices(grad, images, pool, stride=None):
    """One slice for each place in the window, and a note of who has been served."""
    (ph, pw), (sh, sw) = pair(pool), pair(stride or pool)
    top = max_by_windows(images, pool, stride)
    served, out = np.zeros(grad.shape, bool), np.zeros(images.shape, np.float32)
    for a in range(ph):
        for b in range(pw):
            rows = slice(a, a + (grad.shape[1] - 1) * sh + 1, sh)
            columns = slice(b, b + (grad.shape[2] - 1) * sw + 1, sw)
            wins = (images[:, rows, columns] == top) & ~served
            out[:, rows, columns] += np.where(wins, grad, 0)
            served |= wins
    return out


def backward_by_bincount(grad, images, pool, stride=None):
    (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
    places = np.arange(images.size).reshape(images.shape)
    windows = sliding_window_view(np.asarray(images, float), (ph, pw), axis=(1, 2))[:, ::sh, ::sw]
    numbers = sliding_window_view(places, (ph, pw), axis=(1, 2))[:, ::sh, ::sw].reshape(*grad.shape, -1)
    first = windows.reshape(*grad.shape, -1).argmax(axis=-1)
    winners = np.take_along_axis(numbers, first[..., None], axis=-1).ravel()
    return np.bincount(winners, weights=grad.ravel(), minlength=images.size).reshape(images.shape)


def backward_by_masks(grad, images, pool, stride=None):
    """A mask for each window, made of the first place where it equals its maximum."""
    (ph, pw), (sh, sw) = pair(pool), pair(pool if stride is None else stride)
    out = np.zeros(images.shape)
    for i in range(grad.shape[1]):
        for j in range(grad.shape[2]):
            part = np.s_[:, i * sh : i * sh + ph, j * sw : j * sw + pw]
            window = images[part].reshape(len(images), ph * pw, -1)
            is_top = window == window.max(axis=1, keepdims=True)
            first = is_top & (np.cumsum(is_top, axis=1) == 1)
            out[part] += first.reshape(len(images), ph, pw, -1) * grad[:, i : i + 1, j : j + 1]
    return out


LENT = (
    "cnncourse.shapes.output_size",
    "cnncourse.shapes.same_padding",
    "cnncourse.padding_stride.pad2d",
)
PLACES = (
    "Along an axis of n pixels a pool of f with stride s has ⌊(n − f) / s⌋ + 1 places, and ⌈n / s⌉ with padding “same”."
)

TASKS = (
    Task(
        ASSIGNMENT,
        "max_pool2d",
        'max_pool2d(images, pool, stride=None, padding="valid")',
        max_pool,
        pool_cases,
        MAX_MISCONCEPTIONS,
        read="pooling-max-pool2d",
        accepted=(
            collected(max),
            max_by_windows,
            max_by_slices,
            max_axis_by_axis,
            max_by_repeated_edge,
            max_by_reshape,
        ),
        explain=explain_max,
        shape=PLACES,
        keywords=("stride", "padding"),
        may_use=LENT,
    ),
    Task(
        ASSIGNMENT,
        "avg_pool2d",
        'avg_pool2d(images, pool, stride=None, padding="valid")',
        avg_pool,
        pool_cases,
        AVG_MISCONCEPTIONS,
        read="pooling-avg-pool2d",
        helpers=("max_pool2d",),
        accepted=(
            collected(lambda pixels: sum(pixels) / len(pixels)),
            mean_by_windows,
            mean_by_counting,
            mean_by_running_sums,
            mean_by_matrices,
        ),
        explain=explain_avg,
        shape=PLACES,
        keywords=("stride", "padding"),
        may_use=LENT,
    ),
    Task(
        ASSIGNMENT,
        "global_max_pool2d",
        "global_max_pool2d(images)",
        global_max,
        global_cases,
        GLOBAL_MAX_MISCONCEPTIONS,
        read="pooling-global-max-pool2d",
        helpers=("max_pool2d", "avg_pool2d"),
        accepted=(
            global_max_by_loops,
            global_max_by_sorting,
            global_max_by_steps,
            global_max_by_picking,
            global_max_by_reduction,
        ),
        explain=explain_global(np.max, "largest"),
        shape="It is (images, channels).",
        may_use=LENT,
    ),
    Task(
        ASSIGNMENT,
        "global_avg_pool2d",
        "global_avg_pool2d(images)",
        global_avg,
        global_cases,
        GLOBAL_AVG_MISCONCEPTIONS,
        read="pooling-global-avg-pool2d",
        helpers=("max_pool2d", "avg_pool2d", "global_max_pool2d"),
        accepted=(
            global_avg_by_loops,
            global_avg_by_einsum,
            global_avg_by_steps,
            global_avg_by_product,
            global_avg_by_average,
        ),
        explain=explain_global(np.mean, "mean"),
        shape="It is (images, channels).",
        may_use=LENT,
    ),
    Task(
        ASSIGNMENT,
        "max_pool2d_backward",
        "max_pool2d_backward(grad, images, pool, stride=None)",
        max_pool_backward,
        backward_cases,
        BACKWARD_MISCONCEPTIONS,
        read="pooling-max-pool2d-backward",
        helpers=("max_pool2d", "avg_pool2d", "global_max_pool2d", "global_avg_pool2d"),
        accepted=(
            backward_by_comparing,
            backward_by_add_at,
            backward_by_slices,
            backward_by_bincount,
            backward_by_masks,
        ),
        explain=explain_backward,
        shape="It is the images' shape: every pixel has a gradient.",
        keywords=("stride",),
        may_use=LENT,
    ),
)
