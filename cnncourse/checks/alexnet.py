"""What right means for the functions of 07-alexnet, and the ways people get them wrong.

The chapter is ``book/alexnet.md``. The two tables are those of the paper, written out; the rest are direct loops, apart
from :mod:`cnncourse.alexnet`. The tests hold them against Keras, TensorFlow and the paper.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnncourse.checks import models
from cnncourse.checks.materials import (
    KINDS,
    backwards,
    bytes_of,
    every_other,
    from_generator,
    misconceptions,
    normals,
    number,
    whole_numbers,
)
from cnncourse.checks.models import compare
from cnncourse.checks.task import Case, Panel, Rng, Task, Told

ASSIGNMENT = "07-alexnet"

# -- references: the tables ------------------------------------------------------------------------------------------

TABLE = (
    ("input", (227, 227, 3), 0),
    ("conv1", (55, 55, 96), 11 * 11 * 3 * 96 + 96),
    ("pool1", (27, 27, 96), 0),
    ("conv2", (27, 27, 256), 5 * 5 * 96 * 256 + 256),
    ("pool2", (13, 13, 256), 0),
    ("conv3", (13, 13, 384), 3 * 3 * 256 * 384 + 384),
    ("conv4", (13, 13, 384), 3 * 3 * 384 * 384 + 384),
    ("conv5", (13, 13, 256), 3 * 3 * 384 * 256 + 256),
    ("pool5", (6, 6, 256), 0),
    ("fc6", (4096,), 6 * 6 * 256 * 4096 + 4096),
    ("fc7", (4096,), 4096 * 4096 + 4096),
    ("fc8", (1000,), 4096 * 1000 + 1000),
)
PLACES = "along one axis, (n + 2p − f) / s, rounded down, plus 1"
SHAPE_HINTS = {
    "input": "The list begins with what goes in, before any layer: a colour picture of 227 × 227, as (rows, columns, "
    "channels).",
    "conv1": "conv1 moves a kernel of 11 × 11 over 227 × 227 pixels in steps of 4, with no padding. At how many places "
    "does it stop along an axis, and how many filters are there? The first convolution's entry is wrong.",
    "pool1": "pool1 moves a window of 3 × 3 in steps of 2 over what conv1 gives. Pooling changes rows and columns; "
    "what does it do to the number of channels? The first pooling's entry is wrong.",
    "conv2": "conv2 has 256 kernels of 5 × 5 and pads by 2 on each side. What becomes of rows and columns then? The "
    "second convolution's entry is wrong.",
    "pool2": "pool2 moves a window of 3 × 3 in steps of 2 over what conv2 gives. The second pooling's entry is wrong.",
    "conv3": "conv3 has 384 kernels of 3 × 3 and pads by 1 on each side. Its entry is wrong.",
    "conv4": "conv4 has 384 kernels of 3 × 3 and pads by 1 on each side; between conv3 and conv4 nothing is pooled. "
    "Its entry is wrong.",
    "conv5": "conv5 has 256 kernels of 3 × 3 and pads by 1 on each side; between conv4 and conv5 nothing is pooled. "
    "Its entry is wrong.",
    "pool5": "pool5 moves a window of 3 × 3 in steps of 2 over what conv5 gives. The last pooling's entry is wrong.",
    "fc6": "fc6, the first dense layer, gives one number for each of its 4096 units: a shape with one entry.",
    "fc7": "fc7, the second dense layer, has 4096 units as well, and is an entry of its own.",
    "fc8": "fc8, the last layer, gives one number for each of ImageNet's classes. How many classes were there?",
}
PARAM_HINTS = {
    "conv1": "conv1 has 96 filters. How many numbers does one of them hold for a window of 11 × 11 pixels in three "
    "colours, its bias included?",
    "conv2": "conv2 has 256 filters of 5 × 5. How many channels does it read, so how many numbers has one filter?",
    "conv3": "conv3 has 384 filters of 3 × 3. How many channels does it read?",
    "conv4": "conv4 has 384 filters of 3 × 3. How many channels does it read?",
    "conv5": "conv5 has 256 filters of 3 × 3. How many channels does it read?",
    "fc6": "fc6 has 4096 units, each with a weight for every number that pool5 gives, and a bias. How many numbers are "
    "there in pool5's output, all rows, columns and channels of it?",
    "fc7": "fc7 has 4096 units, each with a weight for every unit of fc6, and a bias.",
    "fc8": "fc8 has 1000 units, each with a weight for every unit of fc7, and a bias.",
}
NOTHING_LEARNT = "{} takes maxima. How many numbers does it learn?"


def shapes():
    return [shape for _, shape, _ in TABLE]


def params():
    return [count for _, _, count in TABLE[1:]]


# -- references: arrays ----------------------------------------------------------------------------------------------

TO_FIRST, TO_LAST, KERNELS_TO_FIRST = (0, 3, 1, 2), (0, 2, 3, 1), (3, 2, 0, 1)


def moved(array, order):
    """Entry by entry: axis k of the result is axis ``order[k]`` of the array."""
    array = np.asarray(array)
    out = np.zeros([array.shape[axis] for axis in order], dtype=array.dtype)
    for index in np.ndindex(array.shape):
        out[tuple(index[axis] for axis in order)] = array[index]
    return out


def to_first(images):
    return moved(images, TO_FIRST)


def to_last(images):
    return moved(images, TO_LAST)


def kernels_to_first(kernels):
    return moved(kernels, KERNELS_TO_FIRST)


def neighbours(c, size, channels):
    """The channels from ``size // 2`` before c to as many after it, as far as there are channels."""
    return range(max(0, c - size // 2), min(channels, c + size // 2 + 1))


def normalised(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    images = np.asarray(images, float)
    channels = images.shape[-1]
    out = np.zeros(images.shape)
    for c in range(channels):
        total = sum(images[..., j] ** 2 for j in neighbours(c, size, channels))
        out[..., c] = images[..., c] / (k + alpha * total) ** beta
    return out


def flip(images, rng):
    out = np.array(images)
    for n in range(len(out)):
        if rng.random() < 0.5:
            out[n] = out[n][:, ::-1].copy()
    return out


def pair(size):
    return (size, size) if np.ndim(size) == 0 else tuple(size)


def crop(images, size, rng):
    rows, columns = pair(size)
    pieces = []
    for image in images:
        top = rng.integers(0, image.shape[0] - rows + 1)
        left = rng.integers(0, image.shape[1] - columns + 1)
        pieces.append(image[top : top + rows, left : left + columns])
    return np.array(pieces)


def top_k(probabilities, labels, k=5):
    hits = 0
    for row, label in zip(np.asarray(probabilities, float), labels, strict=True):
        best = sorted(range(len(row)), key=lambda c: row[c], reverse=True)[:k]
        hits += int(label) in best
    return hits / len(labels)


def network(input_shape, num_classes):
    from keras import Input, Sequential, layers

    def conv(filters, kernel_size, strides=1, padding="same"):
        return layers.Conv2D(filters, kernel_size, strides, padding, activation="relu", kernel_initializer="he_normal")

    def dense(units):
        return layers.Dense(units, activation="relu", kernel_initializer="he_normal")

    return Sequential(
        [
            Input(input_shape),
            conv(96, 11, strides=4, padding="valid"),
            layers.MaxPooling2D(3, strides=2),
            conv(256, 5),
            layers.MaxPooling2D(3, strides=2),
            conv(384, 3),
            conv(384, 3),
            conv(256, 3),
            layers.MaxPooling2D(3, strides=2),
            layers.Flatten(),
            dense(4096),
            layers.Dropout(0.5),
            dense(4096),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )


# -- cases: the tables -----------------------------------------------------------------------------------------------


def how_many(call):
    """How many entries the list has; −1 where it has more in a second call, since it is kept between them."""
    first, second = (len(np.atleast_1d(call())) for _ in range(2))
    return first if first == second else -1


def entry(k):
    """One of the list's entries, without what fills up shorter ones."""

    def probe(call):
        table = np.atleast_1d(call())
        row = np.atleast_1d(table[k]) if k < len(table) else np.zeros(0)
        return row[row != -1]

    return probe


PARTS = {"input": "the input", "conv": "convolutions", "pool": "poolings", "fc": "dense layers"}


def table_cases(first, hints, entries, says):
    def cases(rng):
        made = [Case(entries, probe=how_many, says=says, leeway=1e-6)]
        for k, (name, _, _) in enumerate(TABLE[first:]):
            hint = hints.get(name) or NOTHING_LEARNT.format(name)
            made.append(Case(PARTS[name.rstrip("0123456789")], probe=entry(k), says=hint, leeway=1e-6))
        return made

    return cases


shape_cases = table_cases(
    0,
    SHAPE_HINTS,
    "twelve entries",
    "The list has one entry for the input and one for each of the eleven layers that convolve, pool or connect fully: "
    "twelve in all, in every call. Flattening and normalising are no entries of their own.",
)
param_cases = table_cases(
    1,
    PARAM_HINTS,
    "eleven entries",
    "The list has one number for each of the eleven layers after the input: five convolutions, three poolings, three "
    "dense layers, in every call.",
)

# -- cases: arrays ---------------------------------------------------------------------------------------------------


def axes_cases(shape_of):
    """Four axes of every length; ``shape_of(n, h, w, c)`` puts them where the function expects them."""

    def cases(rng):
        made = []

        def add(about, *lengths, draw=whole_numbers, view=lambda array: array):
            made.append(Case(about, (view(draw(rng, *shape_of(*lengths))),)))

        about = "one square image"
        add(about, 1, 2, 2, 2)
        add(about, 1, 3, 3, 3)
        add(about, 1, 2, 2, 3)
        add(about, 1, 4, 4, 3, draw=normals)
        about = "images that are not square"
        add(about, 1, 2, 3, 2)
        add(about, 1, 3, 2, 2)
        add(about, 1, 2, 4, 3, draw=normals)
        add(about, 1, 5, 2, 3, draw=normals)
        about = "several images"
        add(about, 2, 2, 2, 2)
        add(about, 3, 2, 2, 3)
        add(about, 4, 3, 3, 2, draw=normals)
        about = "axes of length 1"
        add(about, 1, 1, 1, 1)
        add(about, 1, 2, 3, 1)
        add(about, 3, 2, 2, 1)
        add(about, 2, 1, 3, 2)
        add(about, 2, 3, 1, 2)
        add(KINDS, 1, 2, 2, 2, draw=lambda rng, *shape: whole_numbers(rng, *shape).astype(int))
        add(KINDS, 1, 2, 3, 2, draw=bytes_of)
        add(KINDS, 2, 2, 2, 3, draw=lambda rng, *shape: normals(rng, *shape).astype("f4"))
        add(KINDS, 2, 2, 3, 2, view=every_other)
        add(KINDS, 2, 3, 2, 3, draw=normals, view=backwards)
        add(KINDS, 2, 2, 3, 3, draw=normals, view=lambda array: array.swapaxes(1, 2))
        about = "everything at once"
        add(about, 2, 3, 4, 5)
        add(about, 5, 4, 2, 3)
        add(about, 3, 5, 4, 2, draw=normals)
        return made

    return cases


first_cases = axes_cases(lambda n, h, w, c: (n, h, w, c))
last_cases = axes_cases(lambda n, h, w, c: (n, c, h, w))
kernel_cases = axes_cases(lambda f, kh, kw, c: (kh, kw, c, f))


def norm_cases(rng):
    cases = []

    def add(about, shape, *constants, draw=whole_numbers, view=lambda array: array):
        cases.append(Case(about, (view(draw(rng, *shape)), *constants)))

    def hundreds(rng, *shape):
        return normals(rng, *shape) * 100

    def whole(rng, *shape):
        return whole_numbers(rng, *shape).astype(int)

    plain = (1.0, 1.0, 1.0)  # k, alpha, beta
    about = "neighbouring channels"
    add(about, (1, 1, 1, 4), 3, *plain)
    add(about, (1, 1, 1, 7), 5, *plain)
    add(about, (1, 1, 1, 9), 7, *plain)
    add(about, (1, 2, 2, 8), 3, *plain, draw=normals)
    add(about, (1, 2, 2, 12), 5, *plain, draw=normals)
    about = "fewer channels than the window"
    add(about, (1, 1, 1, 1), 3, *plain)
    add(about, (1, 1, 1, 2), 3, *plain)
    add(about, (1, 1, 1, 2), 5, *plain)
    add(about, (1, 1, 1, 3), 7, *plain)
    add(about, (1, 2, 2, 4), 9, *plain, draw=normals)
    about = "a window of one channel"
    add(about, (1, 1, 1, 3), 1, *plain)
    add(about, (1, 2, 2, 4), 1, *plain, draw=normals)
    about = "k, alpha and beta"
    add(about, (1, 1, 1, 4), 3, 2.0, 1.0, 1.0)
    add(about, (1, 1, 1, 4), 3, 5.0, 0.5, 1.0)
    add(about, (1, 1, 1, 4), 3, 1.0, 0.1, 0.75)
    add(about, (1, 1, 1, 4), 3, 1.0, 2.0, 0.5)
    add(about, (1, 1, 1, 4), 3, 0.5, 0.25, 2.0)
    add(about, (1, 1, 1, 4), 3, 3.0, 0.0, 0.75)
    add(about, (1, 1, 1, 4), 3, 3.0, 1.0, 0.0)
    about = "the paper's constants, where none are given"
    add(about, (1, 1, 1, 6), draw=hundreds)
    add(about, (1, 1, 1, 8), 3, draw=hundreds)
    add(about, (1, 1, 1, 8), 5, 1.0, draw=hundreds)
    add(about, (1, 1, 1, 8), 3, 4.0, 0.01, draw=hundreds)
    add(about, (1, 2, 2, 9), draw=hundreds)
    about = "several images, rows and columns"
    add(about, (1, 2, 2, 3), 3, *plain)
    add(about, (2, 1, 1, 3), 3, *plain)
    add(about, (1, 1, 4, 3), 3, *plain)
    add(about, (1, 4, 1, 3), 3, *plain)
    add(about, (3, 2, 4, 4), 3, *plain, draw=normals)
    about = "zeros"
    cases.append(Case(about, (np.zeros((1, 1, 1, 3)), 3, *plain)))
    bright = np.zeros((1, 1, 1, 7))
    bright[..., 3] = rng.integers(2, 9)
    cases.append(Case(about, (bright, 3, *plain)))
    partly = whole_numbers(rng, 1, 2, 2, 5)
    partly[..., 1::2] = 0
    cases.append(Case(about, (partly, 5, *plain)))
    add(KINDS, (1, 1, 1, 4), 3, *plain, draw=whole)
    add(KINDS, (1, 2, 2, 4), 3, 2, 1, 1, draw=whole)
    add(KINDS, (1, 2, 2, 4), 3, *plain, draw=bytes_of)
    add(KINDS, (1, 1, 1, 6), draw=bytes_of)
    add(KINDS, (1, 2, 2, 4), 3, *plain, draw=lambda rng, *shape: normals(rng, *shape).astype("f4"))
    add(KINDS, (1, 2, 2, 4), 3, *plain, view=every_other)
    add(KINDS, (3, 2, 2, 4), 3, *plain, draw=normals, view=backwards)
    add(KINDS, (1, 2, 3, 4), 3, *plain, draw=normals, view=lambda array: array.swapaxes(1, 3))
    about = "everything at once"
    add(about, (2, 2, 3, 7), 5, 2.0, 0.5, 0.75)
    add(about, (3, 3, 2, 6), 3, 1.5, 0.2, 0.6, draw=lambda rng, *shape: normals(rng, *shape) * 5)
    add(about, (2, 3, 4, 4), 7, 0.7, 0.9, 1.3, draw=normals)
    return cases


def accuracy_cases(rng):
    cases = []

    def scores(count, classes):
        """Every row a shuffle of shares that differ enough to be told apart."""
        rows = np.array([rng.permutation(np.arange(1, classes + 1)) for _ in range(count)], dtype=float)
        return rows / rows.sum(axis=1, keepdims=True)

    def label_of_rank(rows, ranks):
        """The class that is the ranks-th most probable of each row, counted from 1."""
        return np.array([np.argsort(row)[::-1][rank - 1] for row, rank in zip(rows, ranks, strict=True)])

    def add(about, count, classes, ranks, *k, change=lambda rows: rows, kind=np.int64):
        rows = scores(count, classes)
        cases.append(Case(about, (change(rows), label_of_rank(rows, ranks).astype(kind), *k)))

    about = "one sample"
    for rank in (1, 2, 3):
        add(about, 1, 3, [rank], 2)
    add(about, 1, 6, [4], 3)
    add(about, 1, 6, [3], 3)
    about = "several samples"
    add(about, 2, 3, [1, 3], 2)
    add(about, 3, 4, [2, 3, 4], 2)
    add(about, 4, 4, [1, 2, 3, 4], 3)
    add(about, 5, 6, [1, 1, 3, 4, 6], 3)
    add(about, 7, 5, rng.permutation([1, 2, 3, 3, 4, 5, 5]), 2)
    add(about, 30, 10, rng.integers(1, 11, 30), 4)
    about = "k = 1"
    add(about, 2, 3, [1, 2], 1)
    add(about, 3, 3, [1, 3, 2], 1)
    add(about, 5, 4, [1, 1, 1, 2, 4], 1)
    about = "k as large as the number of classes"
    add(about, 2, 2, [2, 1], 2)
    add(about, 3, 3, [1, 2, 3], 3)
    add(about, 4, 6, [6, 5, 1, 6], 6)
    about = "five, where k is not given"
    add(about, 2, 8, [5, 6])
    add(about, 3, 8, [1, 5, 8])
    add(about, 6, 10, [5, 5, 6, 6, 6, 4])
    add(about, 4, 7, [6, 6, 5, 7])
    add(about, 2, 5, [5, 1])
    add(about, 20, 100, [*range(1, 11), *rng.integers(20, 101, 10)])
    about = "all right, and none"
    add(about, 3, 5, [1, 2, 2], 2)
    add(about, 3, 5, [3, 4, 5], 2)
    add(about, 2, 4, [4, 4], 3)
    add(KINDS, 3, 4, [1, 3, 4], 2, change=lambda rows: np.round(rows * 1000).astype(int))
    # From 2 on: whoever sorts −p or 1 − p wraps around at 0 and 1, and is right all the same.
    add(KINDS, 3, 4, [3, 2, 4], 2, change=lambda rows: (np.argsort(np.argsort(rows, 1), 1) * 60 + 40).astype(np.uint8))
    add(KINDS, 4, 6, [1, 4, 2, 6], 3, change=lambda rows: rows.astype("f4"))
    add(KINDS, 3, 4, [2, 1, 4], 3, change=every_other)
    add(KINDS, 3, 5, [2, 3, 4], 2, change=lambda rows: np.asfortranarray(backwards(rows)))
    add(KINDS, 3, 5, [2, 3, 4], 3, kind=np.uint8)
    add(KINDS, 4, 5, [2, 3, 4, 1], 3, kind=np.int32)
    about = "scores of any size"
    add(about, 3, 4, [1, 2, 3], 2, change=lambda rows: rows * 10 - 5)
    add(about, 3, 4, [1, 3, 4], 2, change=np.log)
    add(about, 4, 6, [1, 3, 4, 6], 3, change=lambda rows: -100 + rows)
    return cases


# -- cases: what is random -------------------------------------------------------------------------------------------

FAR = 6  # standard errors: a right function is further off about twice in 10⁹ times, for each number that is measured


def limit(p: float, n: int) -> float:
    """How far the share that n coins show may lie from p."""
    return FAR * math.sqrt(p * (1 - p) / n)


def generator(seed):
    return np.random.default_rng(seed)


def fractions(rng, *shape):
    """Numbers from 0 to 1 that float32 holds exactly, so that whoever returns float32 returns them as they are."""
    return rng.random(shape).astype("f4").astype(float)


def seeds_of(rng):
    while True:
        yield int(rng.integers(2**31))


class Misshapen(Exception):
    """A result whose shape leaves nothing to measure; it carries what a probe tells then: the shape itself."""

    def __init__(self, result, expected):
        super().__init__()
        says = f"Your result has the shape {result.shape}; for these images it is {tuple(map(int, expected))}."
        self.told = Told(np.array([*result.shape, -1.0, -1.0]), says)


def measuring(probe):
    """A probe that tells the shape where the shape is wrong."""

    @functools.wraps(probe)
    def measured(*args):
        try:
            return probe(*args)
        except Misshapen as misshapen:
            return misshapen.told

    return measured


def many_results(call, calls, shape, *args):
    """The results of many calls with the same arguments, as one array."""
    results = call.in_a_row([args] * calls)
    for result in results:
        if result.shape != tuple(shape):
            raise Misshapen(result, shape)
    return np.array(results)


SOURCES = (
    "Called twice with generators of the same seed, it gives two different results.",
    "Called with generators of different seeds, it gives the same result.",
    "Called again with the same generator, which has gone on since, it gives the same result.",
    "NumPy's own generator, `np.random`, is used or seeded. Whoever else draws from it then gets other numbers.",
)


def from_rng(call, images, *rest):
    """Whether all that is random comes from the generator that was given; the last argument is the seed.

    Many calls are compared together, so that no two series of them are alike by chance, however few numbers are drawn.
    """
    *given, seed = rest

    facts = from_generator(lambda rng: call.in_a_row([(images, *given, rng)] * 50), seed)
    return Told(np.array(facts, float), "" if all(facts) else SOURCES[facts.index(False)])


def plane_panels(image, other, title):
    return (Panel("images[n, :, :, 0]", image[:, :, 0]), Panel(title, other[:, :, 0]))


CHANGES = {
    "mirrored left to right": lambda images: images[:, :, ::-1],
    "turned upside down": lambda images: images[:, ::-1],
    "turned by 180°": lambda images: images[:, ::-1, ::-1],
    "given its channels in reverse order": lambda images: images[:, :, :, ::-1],
    "mirrored, its channels in reverse order": lambda images: images[:, :, ::-1, ::-1],
}


def what_happens(calls):
    """What becomes of the images in many calls: which of the changes above there are, and which are not."""

    @measuring
    def probe(call, images, seed):
        found = {}
        given = np.asarray(images, float)
        ways = {"left as it is": given} | {name: change(given) for name, change in CHANGES.items()}
        results = many_results(call, calls, images.shape, images, generator(seed))
        unexplained = np.ones(results.shape[:2], bool)
        for name, way in (*ways.items(), ("something else", None)):
            here = unexplained if way is None else unexplained & (results == way).all(axis=(2, 3, 4))
            if here.any():
                k, n = np.argwhere(here)[0]
                found[name] = given[n], results[k, n]
            unexplained = unexplained & ~here
        names = (*ways, "something else")
        wrong = next((name for name in names[2:] if name in found), None)
        if wrong:
            what = "neither what it was nor mirrored" if wrong == "something else" else wrong
            says = f"This image comes back {what}."
            return Told([name in found for name in names], says, plane_panels(*found[wrong], "yours"))
        if len(images) == 1:  # how often is looked at elsewhere; here, what
            return Told(HAPPENS)
        missing = next((name for name in names[:2] if name not in found), "")
        says = f"In {calls} calls with {len(images)} images not one is {missing}." if missing else ""
        return Told([name in found for name in names], says)

    return probe


HAPPENS = [1, 1, 0, 0, 0, 0, 0]


def flipped(call, images, rng):
    """Of each image, whether it was flipped. Every image is wider than one pixel."""
    result = call(images, rng)
    if result.shape != images.shape:
        raise Misshapen(result, images.shape)
    return (result != images).any(axis=(1, 2, 3))


def many_flips(call, calls, images, seed):
    """The same in many calls: (calls, images)."""
    return (many_results(call, calls, images.shape, images, generator(seed)) != images).any(axis=(2, 3, 4))


@measuring
def share_flipped(call, images, seed):
    flags = flipped(call, images, generator(seed))
    if flags.all() or not flags.any():
        return Told(-1, f"Of {len(images):,} images {'all' if flags.all() else 'none'} are flipped.")
    says = f"Of {len(images):,} images {flags.mean():.1%} are flipped; it should be about half of them."
    return Told(flags.mean(), says)


def share_by_place(calls):
    """How often the first image of a small batch is flipped, the second, and so on, in many calls."""

    @measuring
    def probe(call, images, seed):
        flags = many_flips(call, calls, images, seed)
        if (flags == flags[0]).all():
            says = f"In {calls} calls, each with new random numbers, the same images are flipped every time."
            return Told(np.full(len(images), -1.0), says)
        shares = flags.mean(axis=0)
        worst = int(np.argmax(np.abs(shares - 0.5)))
        place = f"image number {worst} of {len(images)}" if len(images) > 1 else "the one image"
        return Told(shares, f"In {calls} calls {place} is flipped {shares[worst]:.0%} of the time.")

    return probe


@measuring
def flips_alike(call, images, seed):
    """How often two images share their fate: neighbours, half the batch apart, mirrored in the batch."""
    flags = flipped(call, images, generator(seed))
    half = len(flags) // 2
    pairs = ((flags[::2], flags[1::2]), (flags[:half], flags[half:]), (flags[:half], flags[::-1][:half]))
    same = [np.mean(one == other) for one, other in pairs]
    worst = int(np.argmax(np.abs(np.array(same) - 0.5)))
    which = ("two neighbours", "two images half a batch apart", "the n-th image and the n-th from the end")[worst]
    says = (
        f"In a batch of {len(flags):,}, {which} are both flipped or both left {same[worst]:.0%} of the time. If each "
        "has a coin of its own, that happens half of the time."
    )
    return Told(same, says)


def spread_of_flips(calls):
    """How much the number of flips varies from call to call, measured by what independent coins would do."""

    @measuring
    def probe(call, images, seed):
        counts = many_flips(call, calls, images, seed).sum(axis=1)
        found = np.var(counts) / (len(images) / 4)
        low, high = counts.min(), counts.max()
        says = (
            f"In {calls} calls with {len(images)} images, between {low} and {high} are flipped. With a coin for each "
            f"image it is about half of them, sometimes {len(images) // 2 - 5}, sometimes {len(images) // 2 + 5}, "
            "seldom more or less."
        )
        return Told(min(found, 3.0), says)

    return probe


def flip_cases(rng):
    seeds, cases = seeds_of(rng), []

    def add(about, probe, images, expected, leeway=0.1, once=False):
        cases.append(Case(about, (images, next(seeds)), probe=probe, expected=expected, leeway=leeway, once=once))

    # 30 calls with 8 images: one coin for each call shows one side only once in 5·10⁸ times.
    about = "left to right, and nothing else"
    for shape in ((8, 2, 2, 1), (8, 3, 3, 2), (8, 2, 3, 2), (8, 3, 4, 3)):
        add(about, what_happens(30), whole_numbers(rng, *shape), HAPPENS)
    about = "half of the images"
    add(about, share_flipped, whole_numbers(rng, 8000, 1, 2, 1), 0.5, limit(0.5, 8000))
    add(about, share_by_place(400), whole_numbers(rng, 1, 2, 2, 1), [0.5], limit(0.5, 400), once=True)
    about = "each image on its own"
    add(about, share_by_place(400), whole_numbers(rng, 3, 1, 2, 1), [0.5] * 3, limit(0.5, 400), once=True)
    add(about, flips_alike, whole_numbers(rng, 2000, 1, 2, 1), [0.5] * 3, limit(0.5, 1000))
    # The variance of 200 counts has a standard error of 1/10 of it, and exceeds 1.7 of it once in 10⁸ times.
    add(about, spread_of_flips(200), whole_numbers(rng, 40, 1, 2, 1), 1, 0.7, once=True)
    add("random numbers come from rng", from_rng, whole_numbers(rng, 2, 10, 12, 1), np.ones(4), once=True)
    about = "images of every shape"
    for shape in ((8, 1, 2, 1), (8, 4, 2, 3), (8, 1, 5, 2), (8, 3, 2, 5)):
        add(about, what_happens(30), whole_numbers(rng, *shape), HAPPENS)
    add(about, what_happens(30), whole_numbers(rng, 1, 2, 3, 2), HAPPENS)
    add(about, what_happens(30), whole_numbers(rng, 8, 2, 1, 2), [1, 0, 0, 0, 0, 0, 0])
    add(KINDS, what_happens(30), whole_numbers(rng, 8, 2, 3, 2).astype(int), HAPPENS)
    add(KINDS, what_happens(30), rng.permutation(8 * 2 * 3 * 2).astype(np.uint8).reshape(8, 2, 3, 2), HAPPENS)
    add(KINDS, what_happens(30), fractions(rng, 8, 2, 3, 2), HAPPENS)
    add(KINDS, what_happens(30), normals(rng, 8, 2, 3, 2).astype("f4"), HAPPENS)
    add(KINDS, what_happens(30), every_other(fractions(rng, 8, 2, 3, 2)), HAPPENS)
    add(KINDS, what_happens(30), backwards(fractions(rng, 8, 3, 2, 2)).swapaxes(1, 2), HAPPENS)
    return cases


def located(images, result):
    """For every number of the result, its index (n, i, j, c) in the images; −1 where it is not one of theirs."""
    values = np.asarray(images, float).ravel()
    order = np.argsort(values)
    place = np.minimum(np.searchsorted(values[order], result), values.size - 1)
    flat = np.where(values[order][place] == result, order[place], -1)
    index = np.array(np.unravel_index(np.maximum(flat, 0), images.shape))
    return np.where(flat < 0, -1, index)


FAULTS = (
    "A piece holds numbers that are nowhere in the images.",
    "A piece comes from another image: the result's n-th entry is cut out of the n-th image.",
    "The channels of a pixel do not stay together, or change places.",
    "The rows and columns of a piece do not lie side by side in its image.",
)


@measuring
def pieces(call, images, size, seed):
    """Whether every piece is one of its own image, whole, its pixels side by side and in their order."""
    expected = (len(images), *pair(size), images.shape[3])
    results = many_results(call, 6, expected, images, size, generator(seed))
    n, i, j, c = located(images, results)
    inside = (2, 3, 4)  # a piece: rows, columns, channels
    foreign = np.any(n < 0, axis=inside)
    of_another = np.any(n != np.arange(len(images))[:, None, None, None], axis=inside)
    mixed = np.any((c != np.arange(images.shape[3])) | (i != i[..., :1]) | (j != j[..., :1]), axis=inside)
    rows = i - i[:, :, :1, :1] != np.arange(expected[1])[:, None, None]
    columns = j - j[:, :, :1, :1] != np.arange(expected[2])[:, None]
    apart = np.any(rows | columns, axis=inside)
    found = np.array([foreign, of_another & ~foreign, mixed & ~foreign, apart & ~foreign])
    flags, shown = found.any(axis=(1, 2)), ()
    if found.any():
        k, worst = np.argwhere(found.any(axis=0))[0]
        shown = (
            Panel(f"images[{worst}, :, :, 0]", np.asarray(images, float)[worst, :, :, 0]),
            Panel(f"your piece {worst}", results[k, worst, :, :, 0]),
        )
    return Told(flags.astype(float), FAULTS[int(np.argmax(flags))] if flags.any() else "", shown)


def offsets(call, images, size, rng):
    """The row and the column at which each piece begins: (2, images)."""
    result, expected = call(images, size, rng), (len(images), *pair(size), images.shape[3])
    if result.shape != expected:
        raise Misshapen(result, expected)
    return located(images, result[:, 0, 0, 0])[1:3]


def many_offsets(call, calls, images, size, seed):
    """The same in many calls: (2, calls, images)."""
    expected = (len(images), *pair(size), images.shape[3])
    results = many_results(call, calls, expected, images, size, generator(seed))
    return located(images, results[:, :, 0, 0, 0])[1:3]


def places_of(images, size):
    return np.subtract(images.shape[1:3], pair(size)) + 1


@measuring
def share_of_places(call, images, size, seed):
    """How often each place is taken, by thousands of images."""
    rows, columns = places_of(images, size)
    found = offsets(call, images, size, generator(seed))
    if (found == found[:, :1]).all():
        return Told(np.full(rows * columns, -1.0), f"All {len(images):,} pieces are cut out at the same place.")
    shares = np.array([[np.mean((found[0] == i) & (found[1] == j)) for j in range(columns)] for i in range(rows)])
    table = [["", *(f"column {j}" for j in range(columns))]]
    table += [[f"row {i}", *(f"{share:.1%}" for share in row)] for i, row in enumerate(shares)]
    (height, width), (h, w) = images.shape[1:3], pair(size)
    says = (
        f"A piece of {h} × {w} can begin at {rows} × {columns} places of an image of {height} × {width}. The table "
        f"says how often each was taken by {len(images):,} images; every share should be near "
        f"{1 / (rows * columns):.1%}."
    )
    return Told(shares.ravel(), says, (Panel("where your pieces begin", table),))


@measuring
def offsets_alike(call, images, size, seed):
    """How often two images have the same row, and the same column: neighbours, half a batch apart, mirrored."""
    found = offsets(call, images, size, generator(seed))
    half = len(images) // 2
    numbers, says = [], ""
    for axis, name in enumerate(("row", "column")):
        at = found[axis]
        for one, other in ((at[::2], at[1::2]), (at[:half], at[half:]), (at[:half], at[::-1][:half])):
            share, wanted = np.mean(one == other), 1 / places_of(images, size)[axis]
            numbers.append(share)
            if abs(share - wanted) > limit(wanted, half):
                says = says or (
                    f"Two images' pieces begin at the same {name} {share:.0%} of the time; if each image has an "
                    f"offset of its own, {wanted:.0%} of the time."
                )
    return Told(numbers, says)


def offsets_by_place(calls):
    """How often each image of a small batch is cut at row 1, and at column 1, of the two that there are."""

    @measuring
    def probe(call, images, size, seed):
        found = many_offsets(call, calls, images, size, seed)
        if (found == found[:, :1]).all():
            says = f"In {calls} calls, each with new random numbers, the pieces are cut out at the same places."
            return Told(np.full(2 * len(images), -1.0), says)
        shares = (found == 1).mean(axis=1)
        axis, worst = np.unravel_index(np.argmax(np.abs(shares - 0.5)), shares.shape)
        says = (
            f"There are two {('rows', 'columns')[axis]} at which a piece can begin. In {calls} calls image number "
            f"{worst} begins at the second one {shares[axis, worst]:.0%} of the time."
        )
        return Told(shares.ravel(), says)

    return probe


@measuring
def always_there(call, images, size, seed):
    """0 where places vary; else, of the one place where everything is cut out, its number, counted from 1."""
    found = many_offsets(call, 5, images, size, seed).reshape(2, -1)
    if (found != found[:, :1]).any():
        return Told(0)
    row, column = (int(at) for at in found[:, 0])
    says = f"All pieces, in all calls, begin at row {row} and column {column}."
    return Told(1 + row * images.shape[2] + column, says)


def crop_cases(rng):
    seeds, cases = seeds_of(rng), []

    def add(about, probe, images, size, expected, leeway=0.1, once=False):
        args = (images, size, next(seeds))
        cases.append(Case(about, args, probe=probe, expected=expected, leeway=leeway, once=once))

    whole = np.zeros(4)
    about = "pieces of their own image, as they are"
    add(about, pieces, whole_numbers(rng, 6, 3, 3, 1), 2, whole)
    add(about, pieces, whole_numbers(rng, 6, 4, 4, 2), 2, whole)
    add(about, pieces, whole_numbers(rng, 8, 5, 5, 3), 3, whole)
    add(about, pieces, whole_numbers(rng, 6, 4, 4, 3), 1, whole)
    about = "images that are not square"
    add(about, pieces, whole_numbers(rng, 6, 3, 5, 1), 2, whole)
    add(about, pieces, whole_numbers(rng, 6, 6, 3, 2), 2, whole)
    about = "pieces that are not square"
    add(about, pieces, whole_numbers(rng, 6, 4, 4, 1), (2, 3), whole)
    add(about, pieces, whole_numbers(rng, 6, 5, 5, 2), (4, 1), whole)
    add(about, pieces, whole_numbers(rng, 6, 4, 4, 2), (2, 2), whole)
    about = "pieces as large as the image"
    for shape, size in (((2, 2, 2, 1), 2), ((2, 2, 3, 1), (2, 3)), ((3, 4, 4, 2), (4, 4))):
        images = whole_numbers(rng, *shape)
        cases.append(Case(about, (images, size, Rng(next(seeds))), expected=images))
    add(about, pieces, whole_numbers(rng, 6, 3, 3, 2), (3, 2), whole)
    add(about, pieces, whole_numbers(rng, 6, 3, 3, 2), (1, 3), whole)
    about = "every place as likely as any other"
    for shape, size, many in (((4, 5), 2, 4000), ((5, 3), (4, 1), 2000), ((2, 2), 1, 1000)):
        images = whole_numbers(rng, many, *shape, 1)
        count = int(np.prod(places_of(images, size)))
        add(about, share_of_places, images, size, np.full(count, 1 / count), limit(1 / count, many), once=many < 4000)
    about = "each image on its own"
    add(about, always_there, whole_numbers(rng, 8, 3, 3, 1), 1, 0)
    images = whole_numbers(rng, 2000, 3, 4, 1)
    wanted = [1 / 2] * 3 + [1 / 3] * 3
    add(about, offsets_alike, images, 2, wanted, limit(1 / 2, 1000))
    far = limit(0.5, 400)
    add(about, offsets_by_place(400), whole_numbers(rng, 3, 3, 3, 1), 2, np.full(6, 0.5), far, once=True)
    add(about, offsets_by_place(400), whole_numbers(rng, 1, 2, 3, 1), (1, 2), np.full(2, 0.5), far, once=True)
    add("random numbers come from rng", from_rng, whole_numbers(rng, 2, 12, 12, 1), 10, np.ones(4), once=True)
    add(KINDS, pieces, whole_numbers(rng, 6, 4, 4, 2).astype(int), 3, whole)
    add(KINDS, pieces, rng.permutation(200).astype(np.uint8).reshape(5, 4, 5, 2), (2, 3), whole)
    add(KINDS, pieces, fractions(rng, 6, 4, 4, 1), 3, whole)
    add(KINDS, pieces, normals(rng, 6, 4, 4, 2).astype("f4"), 3, whole)
    add(KINDS, pieces, every_other(fractions(rng, 6, 4, 5, 2)), 2, whole)
    add(KINDS, pieces, backwards(fractions(rng, 6, 5, 4, 2)).swapaxes(1, 2), (2, 3), whole)
    about = "everything at once"
    add(about, pieces, whole_numbers(rng, 9, 7, 5, 3), (4, 2), whole)
    add(about, pieces, whole_numbers(rng, 7, 4, 8, 4), (3, 6), whole)
    return cases


# -- cases: the model ------------------------------------------------------------------------------------------------

RESHAPING = {"Flatten", "Reshape"}  # either of them makes a row of numbers; the shape behind it tells
WEIGHTED = {"Conv2D", "Dense"}
SCALING = {
    "HeNormal": ("distribution=truncated_normal", "mode=fan_in", "scale=2"),
    "GlorotUniform": ("distribution=uniform", "mode=fan_avg", "scale=1"),
}


def input_of(input_shape, num_classes):
    return tuple(input_shape), "float32"


def not_reshaping(row):
    return row.kind not in RESHAPING


def working(row):
    return not_reshaping(row) and "Dropout" not in row.kind


def initial(row):
    """The initializers of a layer's weights, however they are written."""

    def plain(how):
        kind = how.partition("(")[0]
        if kind != "VarianceScaling":
            return kind if kind in ("HeNormal", "GlorotUniform", "Zeros") else how
        return next((name for name, parts in SCALING.items() if all(part in how for part in parts)), how)

    return tuple((name, plain(how)) for name, how in row.initializers)


def settings(row):
    return row.kind, row.settings


MODEL_PROPERTIES = {
    "the layers and their order": (
        lambda row: row.kind,
        not_reshaping,
        "The first row that differs is marked. Which layer is missing there, too many, or of another kind?",
    ),
    "the shape of every output": (
        lambda row: row.shape,
        working,
        f"The first row that differs is marked: {PLACES}.",
    ),
    "kernels, strides and padding": (
        settings,
        lambda row: "Conv" in row.kind or "Pool" in row.kind,
        "The marked layer moves another window, in other steps, or pads otherwise.",
    ),
    "parameters": (
        lambda row: row.params,
        working,
        "The marked layer has another number of parameters: look at its kernel, at what goes into it, and its bias.",
    ),
    "activations": (
        lambda row: row.activation,
        lambda row: row.kind in WEIGHTED,
        "The marked layer has another activation.",
    ),
    "dropout": (
        lambda row: (row.shape, row.setting("rate")),
        lambda row: "Dropout" in row.kind,
        "Two dropout layers, each behind one of the dense layers with 4096 units.",
    ),
    "how the weights begin": (
        initial,
        lambda row: row.kind in WEIGHTED,
        "The layers look right in this table; their `kernel_initializer` does not: he_normal where a ReLU follows, "
        "and Keras's own where the softmax is.",
    ),
}


def everything(row):
    return row.kind, row.shape, row.params, row.activation, row.settings, initial(row)


def input_asked_for(call, input_shape, num_classes):
    """The model's own input shape. Calling it does not tell: rows and columns exchanged make as many numbers."""
    shape = models.input_asked(call, input_shape, num_classes)
    if shape is None:
        return list(input_shape)  # a subclass reads what comes
    says = f"Called with `input_shape={input_shape}`, your model reads images of {shape}."
    return Told([n or 0 for n in shape], says)


def model_cases(rng):
    cases = []
    for about, (pick, keep, says) in MODEL_PROPERTIES.items():
        probe = compare(network, pick, input_of, keep, says)
        cases.append(Case(about, ((227, 227, 3), 1000), probe=probe))
    about = "other images, and other classes"
    height, width = (int(n) for n in rng.permutation(np.arange(80, 200))[:2])
    says = "`input_shape` and `num_classes` are given here; the first row that differs is marked."
    cases.append(Case(about, ((67, 80, 1), 2), probe=input_asked_for, expected=[67, 80, 1]))
    for shape, classes in (((67, 67, 1), 2), ((height, width, 3), int(rng.integers(3, 60)))):
        probe = compare(network, everything, input_of, not_reshaping, says)
        cases.append(Case(about, (shape, classes), probe=probe))
    return cases


# -- what to show of a case ------------------------------------------------------------------------------------------


def explain_axes(order, letters):
    names = dict(zip(letters, letters.lower(), strict=True))

    def explain(args, index):
        (array,) = args
        source = [0] * 4
        for axis, position in zip(order, index, strict=True):
            source[axis] = position
        what = "kernels" if letters.startswith("K") else "images"
        n, i, j, c = source
        plane = array[n, :, :, c]
        panels = [Panel(f"{what}[{n}, :, :, {c}]", plane, (slice(i, i + 1), slice(j, j + 1)))]
        there, here = (", ".join(map(str, place)) for place in (index, source))
        wanted = " × ".join(letters[axis] for axis in order)
        return panels, (
            f"Entry [{there}] of the result is {what}[{here}] = {number(array[tuple(source)])}. From "
            f"{' × '.join(letters)} to {wanted}: every number keeps its {words_of(names)}."
        )

    return explain


def words_of(names):
    if "K" in names:
        return "row, column, channel and filter"
    return "image, row, column and channel"


def explain_axes_of_kernels(args, index):
    (kernels,) = args
    f, c, a, b = index
    panels = [Panel(f"kernels[:, :, {c}, {f}]", kernels[:, :, c, f], (slice(a, a + 1), slice(b, b + 1)))]
    return panels, (
        f"Entry [{f}, {c}, {a}, {b}] of the result is kernels[{a}, {b}, {c}, {f}] = {number(kernels[a, b, c, f])}: "
        "row a and column b of the kernel with which filter f reads channel c."
    )


def explain_norm(args, index):
    images, size, k, alpha, beta = (*args, *(5, 2.0, 1e-4, 0.75)[len(args) - 1 :])
    n, i, j, c = index
    near = neighbours(c, size, images.shape[-1])
    values = np.asarray(images, float)[n, i, j]
    panels = [
        Panel(
            f"images[{n}, {i}, {j}, :], the channels of one pixel",
            values[None],
            (slice(0, 1), slice(near.start, near.stop)),
        )
    ]
    squares = [f"{number(v) if v >= 0 else f'({number(v)})'}²" for v in values[near.start : near.stop]]
    shown = " + ".join(squares if len(squares) <= 7 else [*squares[:6], "…"])
    divisor = (k + alpha * np.sum(values[near.start : near.stop] ** 2)) ** beta
    return panels, (
        f"Entry [{n}, {i}, {j}, {c}] with size {size}: the neighbours are channels {near.start} to {near.stop - 1}. It "
        f"is {number(values[c])} / ({k:g} + {alpha:g} · ({shown}))^{beta:g} = {values[c] / divisor:.4g}."
    ).replace("= -", "= −")


def explain_accuracy(args, index):
    probabilities, labels, k = (*args, *(5,)[len(args) - 2 :])
    texts = []
    for n, (row, label) in enumerate(zip(np.asarray(probabilities, float), labels, strict=True)):
        rank = int((row > row[label]).sum()) + 1
        texts.append(f"sample {n}: class {label} is number {rank}")
    shown = "; ".join(texts[:5]) + ("; …" if len(texts) > 5 else "")
    panels = [
        Panel("probabilities, a row for each sample", np.asarray(probabilities, float)[:10, :12]),
        Panel("labels", np.asarray(labels, float)[:10, None]),
    ]
    return panels, f"In the order of the probabilities, from the largest on, {shown}. Right is whoever is within {k}."


# -- the ways people get the tables wrong ----------------------------------------------------------------------------


def walk(
    size=227,
    filters=(96, 256, 384, 384, 256),
    kernels=(11, 5, 3, 3, 3),
    strides=(4, 1, 1, 1, 1),
    paddings=(0, 2, 1, 1, 1),
    pool=3,
    pool_stride=2,
    pooled=(1, 1, 0, 0, 1),
    dense=(4096, 4096, 1000),
    places=lambda n, f, p, s: (n + 2 * p - f) // s + 1,
):
    """AlexNet with other numbers: (name, shape, channels read, kernel) for the input and each layer."""
    rows, channels = [("input", (size, size, 3), 0, 0)], 3
    for k in range(5):
        size = places(size, kernels[k], paddings[k], strides[k])
        rows.append((f"conv{k + 1}", (size, size, filters[k]), channels, kernels[k]))
        channels = filters[k]
        if pooled[k]:
            size = places(size, pool, 0, pool_stride)
            rows.append((f"pool{k + 1}", (size, size, channels), channels, 0))
    reads = size * size * channels
    for k, units in enumerate(dense):
        rows.append((f"fc{k + 6}", (units,), reads, 1))
        reads = units
    return rows


def shapes_of(change=lambda shape, name: shape, **other):
    return lambda: [change(shape, name) for name, shape, _, _ in walk(**other)]


def without(*names):
    return lambda: [shape for name, shape, _ in TABLE if name not in names]


def with_extra(after, shape):
    def wrong():
        made = []
        for name, right, _ in TABLE:
            made.append(right)
            if name in after:
                made.append(right if shape is None else shape)
        return made

    return wrong


def one_forgotten(n, f, p, s):
    return (n + 2 * p - f) // s


POOLS = ("pool1", "pool2", "pool5")
HALVED = {(96, 5), (384, 3)}  # (channels read, kernel) of what reads only its own GPU's maps: conv2, conv4, conv5


def growing(make):
    kept = []

    def wrong():
        kept.extend(make())
        return list(kept)

    return wrong


SHAPE_MISCONCEPTIONS = misconceptions(
    (
        "input missing",
        without("input"),
        "Your list begins with the output of conv1. Its first entry is what goes in, the picture itself.",
    ),
    (
        "224 instead of 227",
        shapes_of(size=224),
        "You begin with 224 × 224, as the paper's text says, and then its own conv1 does not give 55 × 55: (224 − 11) "
        "/ 4 + 1 is 54.25. With 227 all sizes fit, and that is what is asked for.",
    ),
    (
        "224 for the input only",
        shapes_of(lambda shape, name: (224, 224, 3) if name == "input" else shape),
        "Your layers are right, and 224 × 224, the size in the paper's text, does not lead to them. Which size gives "
        "55 places to a kernel of 11 in steps of 4?",
    ),
    (
        "one place forgotten",
        shapes_of(places=one_forgotten),
        "(n + 2p − f) / s counts the steps. Before the first step the window has been somewhere already: one place "
        "more.",
    ),
    (
        "one place forgotten where the step is not 1",
        shapes_of(places=lambda n, f, p, s: one_forgotten(n, f, p, s) + (s == 1)),
        "Where the window moves in larger steps, your sizes are one too small: (n + 2p − f) / s counts the steps, and "
        "there is one place more than steps.",
    ),
    (
        "size divided by the step",
        shapes_of(places=lambda n, f, p, s: n if s == 1 else n // s),
        f"You divide the size by the step. That ignores the window, which has to fit in as a whole: {PLACES}.",
    ),
    (
        "size divided by the step and rounded up",
        shapes_of(places=lambda n, f, p, s: -(-n // s)),
        'Your sizes are n / s, rounded up: that is padding "same" everywhere. conv1 and the poolings of AlexNet do not '
        f"pad: {PLACES}.",
    ),
    (
        "poolings padded",
        shapes_of(places=lambda n, f, p, s: -(-n // s) if s == 2 else (n + 2 * p - f) // s + 1),
        "Your poolings pad, or round up. AlexNet's do neither: a window moves as far as it fits as a whole.",
    ),
    (
        "convolutions not padded",
        shapes_of(paddings=(0,) * 5),
        "conv2 to conv5 pad so that rows and columns stay as many as they were; yours do not, and the picture is used "
        "up on the way.",
    ),
    (
        "conv2 not padded",
        shapes_of(paddings=(0, 0, 1, 1, 1)),
        "conv2 with its kernel of 5 × 5 pads by 2 on each side, so that rows and columns stay as many as they were.",
    ),
    (
        "conv2 padded by 1",
        shapes_of(paddings=(0, 1, 1, 1, 1)),
        "A padding of 1 keeps the size for a kernel of 3. conv2 has one of 5: how much does it take there?",
    ),
    (
        "conv1 padded",
        shapes_of(places=lambda n, f, p, s: -(-n // s) if s == 4 else (n + 2 * p - f) // s + 1),
        "Your conv1 pads. It is the one convolution of AlexNet that does not: its kernel stays on real pixels.",
    ),
    (
        "conv1 padded by 2",
        shapes_of(paddings=(2, 2, 1, 1, 1)),
        "Your conv1 pads by 2. Some versions do so with a picture of 224; with 227 it has no padding.",
    ),
    (
        "conv1 in steps of 1",
        shapes_of(strides=(1,) * 5),
        "Your conv1 moves by one pixel at a time. Its steps are of 4, which is what makes a network of this size "
        "affordable.",
    ),
    (
        "conv1 in steps of 2",
        shapes_of(strides=(2, 1, 1, 1, 1)),
        "Your conv1 moves by two pixels at a time. Its steps are of 4.",
    ),
    (
        "steps as large as the pooling window",
        shapes_of(pool_stride=3),
        "Your pooling windows lie side by side. AlexNet's overlap: they are 3 wide and move by 2.",
    ),
    (
        "poolings in steps of 1",
        shapes_of(pool_stride=1),
        "Your pooling windows move by one pixel. They move by 2.",
    ),
    (
        "two halves",
        shapes_of(filters=(48, 128, 192, 192, 128), dense=(2048, 2048, 1000)),
        "These are the sizes on one of the paper's two GPUs. The network asked for is not split: put the halves "
        "together.",
    ),
    (
        "two halves of the feature maps",
        shapes_of(filters=(48, 128, 192, 192, 128)),
        "Your feature maps are those on one of the paper's two GPUs. The network asked for is not split: put the "
        "halves together.",
    ),
    (
        "the later, slimmer version",
        shapes_of(filters=(64, 192, 384, 256, 256)),
        "64, 192, 384, 256 and 256 filters are those of a later paper's version, which libraries ship under the same "
        "name. The table of 2012 has more of them in some layers.",
    ),
    (
        "channels first",
        shapes_of(lambda shape, name: (shape[2], *shape[:2]) if len(shape) == 3 else shape),
        "Your channels stand first. This course has them last, as Keras does: (rows, columns, channels).",
    ),
    (
        "three channels all the way",
        shapes_of(lambda shape, name: (*shape[:2], 3) if len(shape) == 3 else shape),
        "Your feature maps have as many channels as the picture has colours. A layer's output has one channel for each "
        "of its filters.",
    ),
    (
        "batch counted",
        shapes_of(lambda shape, name: (1, *shape)),
        "Your shapes have one axis more: the batch. They are asked for one picture.",
    ),
    (
        "flattening listed",
        with_extra(("pool5",), (9216,)),
        "The row of 9216 numbers behind the last pooling stands in your list. Flattening changes no number and is not "
        "one of the eleven layers.",
    ),
    (
        "normalising listed",
        with_extra(("conv1", "conv2"), None),
        "Two of your entries are those of local response normalisation, which keeps shapes as they are. It is not one "
        "of the eleven layers.",
    ),
    (
        "poolings missing",
        without(*POOLS),
        "The poolings are missing from your list. They learn nothing, and they do change the shape: each has an entry.",
    ),
    (
        "last pooling missing",
        without("pool5"),
        "The last pooling is missing from your list: there is one behind conv5 as well.",
    ),
    (
        "dense layers missing",
        without("fc6", "fc7", "fc8"),
        "Your list ends with the last pooling. Three dense layers follow.",
    ),
    (
        "one dense layer missing",
        without("fc7"),
        "There are two dense layers with 4096 units, and then the one that names the class.",
    ),
    (
        "last layer missing",
        without("fc8"),
        "The last layer is missing, the one with a unit for each class.",
    ),
    (
        "pooling behind every convolution",
        shapes_of(pooled=(1,) * 5, dense=(4096, 4096, 1000)),
        "You pool behind every convolution. conv3, conv4 and conv5 follow each other with nothing in between, and the "
        "pooling comes behind the third.",
    ),
    (
        "dense layers as pictures of one pixel",
        shapes_of(lambda shape, name: (1, 1, *shape) if len(shape) == 1 else shape),
        "Your dense layers give pictures of one pixel. A dense layer's output is a row of numbers: a shape with one "
        "entry.",
    ),
    (
        "numbers instead of shapes",
        lambda: [math.prod(shape) for shape in shapes()],
        "Each of your entries is a single number, the product. The shape itself is asked for: rows, columns, channels.",
    ),
    (
        "rows only",
        lambda: [(shape[0], shape[-1]) if len(shape) == 3 else shape for shape in shapes()],
        "Your shapes have one size where a picture has two, rows and columns, even when they are equal.",
    ),
    (
        "parameters instead of shapes",
        lambda: [0, *params()],
        "These are numbers of parameters, which the next function is about. Here each entry is a shape.",
    ),
    (
        "two shapes exchanged",
        shapes_of(filters=(96, 256, 384, 256, 384)),
        "conv4 and conv5 have each other's number of filters.",
    ),
    (
        "flattened sizes wrong from the last pooling on",
        lambda: [shape if name != "pool5" else (13, 13, 256) for name, shape, _ in TABLE],
        "Your last pooling changes nothing. A window of 3 moves in steps of 2 over 13 rows.",
    ),
    (
        "other list each time",
        growing(shapes),
        "Your list grows with every call: it lives outside the function. Make it anew in each call.",
    ),
)


def params_of(
    weights=lambda reads, kernel, units: reads * kernel * kernel * units, bias=lambda units, reads: units, **other
):
    """The number of parameters of each layer of a network that was walked through, by another rule."""

    def wrong():
        counts = []
        for name, shape, reads, kernel in walk(**other)[1:]:
            pooling = name.startswith("pool")
            counts.append(0 if pooling else weights(reads, kernel, shape[-1]) + bias(shape[-1], reads))
        return counts

    return wrong


def replaced(**numbers):
    return lambda: [numbers.get(name, count) for name, _, count in TABLE[1:]]


def fc6_reading(numbers):
    return replaced(fc6=numbers * 4096 + 4096)


def products_counted():
    counts = []
    for (name, shape, _, _), count in zip(walk()[1:], params(), strict=True):
        counts.append(count if name.startswith("fc") else count * shape[0] * shape[1])
    return counts


PARAM_MISCONCEPTIONS = misconceptions(
    (
        "bias forgotten",
        params_of(bias=lambda units, reads: 0),
        "Each filter, and each unit of a dense layer, has a bias besides its weights.",
    ),
    (
        "biases of the dense layers forgotten",
        lambda: [c - shape[0] if name.startswith("fc") else c for name, shape, c in TABLE[1:]],
        "Your convolutions are right. Each unit of a dense layer has a bias as well.",
    ),
    (
        "biases of the convolutions forgotten",
        lambda: [c - shape[2] if name.startswith("conv") else c for name, shape, c in TABLE[1:]],
        "Your dense layers are right. Each filter of a convolution has a bias as well.",
    ),
    (
        "poolings missing",
        lambda: [count for count in params() if count],
        "Your list has no entries for the poolings. They learn nothing, and that is a number as well: 0 for each.",
    ),
    (
        "input counted",
        lambda: [0, *params()],
        "Your list has an entry for the input. It is no layer: the list begins with conv1.",
    ),
    (
        "two halves",
        params_of(
            lambda reads, kernel, units: reads * kernel * kernel * units // (2 if (reads, kernel) in HALVED else 1)
        ),
        "conv2, conv4 and conv5 read half of the feature maps in your count: the other half lies on the paper's second "
        "GPU. The network asked for is not split, so every filter reads all maps.",
    ),
    (
        "one half",
        params_of(filters=(48, 128, 192, 192, 128), dense=(2048, 2048, 1000)),
        "This is one of the paper's two GPUs alone. The network asked for is not split.",
    ),
    (
        "half of the feature maps",
        params_of(filters=(48, 128, 192, 192, 128)),
        "Your convolutions are those on one of the paper's two GPUs. The network asked for is not split.",
    ),
    (
        "channels forgotten",
        params_of(lambda reads, kernel, units: (reads if kernel == 1 else 1) * kernel * kernel * units),
        "A filter of 5 × 5 holds 25 numbers for each channel of what it reads. The channels are missing from your "
        "convolutions.",
    ),
    (
        "three channels all the way",
        params_of(lambda reads, kernel, units: (reads if kernel == 1 else 3) * kernel * kernel * units),
        "All your convolutions read three channels. The second one reads what the first one gives: a channel for each "
        "of its filters.",
    ),
    (
        "one bias for each channel that is read",
        params_of(bias=lambda units, reads: reads),
        "Your biases are counted by what a layer reads. There is one for each filter, or unit, of the layer itself.",
    ),
    (
        "one bias for each layer",
        params_of(bias=lambda units, reads: 1),
        "You count one bias for a whole layer. Each filter, and each unit, has its own.",
    ),
    (
        "one bias for each weight",
        params_of(lambda reads, kernel, units: 2 * reads * kernel * kernel * units, lambda units, reads: 0),
        "You count a bias for every weight. There is one for each filter, or unit: it is added after the sum.",
    ),
    (
        "fc6 reads before the last pooling",
        fc6_reading(13 * 13 * 256),
        "Your fc6 reads 13 × 13 feature maps. There is a pooling between conv5 and fc6.",
    ),
    (
        "fc6 reads one number for each channel",
        fc6_reading(256),
        "Your fc6 reads one number for each of the 256 channels. All rows and columns of them are flattened into its "
        "input.",
    ),
    (
        "fc6 reads one plane",
        fc6_reading(36),
        "Your fc6 reads one plane of 6 × 6. There are 256 of them.",
    ),
    (
        "fc6 reads one row",
        fc6_reading(6 * 256),
        "Your fc6 reads 6 numbers for each channel. A feature map has 6 rows and 6 columns.",
    ),
    (
        "fc6 reads 7 × 7",
        fc6_reading(7 * 7 * 256),
        "Your fc6 reads feature maps of 7 × 7. Count the places of the last pooling again: a window of 3 in steps of 2 "
        "over 13, without padding.",
    ),
    (
        "fc6 reads 5 × 5",
        fc6_reading(5 * 5 * 256),
        "Your fc6 reads feature maps of 5 × 5. Count the places of the last pooling again: a window of 3 in steps of 2 "
        "over 13, and with the 227 pixels of the input.",
    ),
    (
        "fc7 and fc8 read the feature maps",
        replaced(fc7=9216 * 4096 + 4096, fc8=9216 * 1000 + 1000),
        "Every dense layer of yours reads the flattened feature maps. fc7 reads what fc6 gives, fc8 what fc7 gives.",
    ),
    (
        "poolings counted as convolutions",
        lambda: [
            count if not name.startswith("pool") else 9 * shape[2] * shape[2] + shape[2]
            for name, shape, count in TABLE[1:]
        ],
        "Your poolings have parameters. A maximum needs none: nothing in it is learnt.",
    ),
    (
        "poolings counted by their window",
        lambda: [count or 9 for count in params()],
        "You count the 9 places of a pooling window. Nothing in it is learnt, so it has no parameters.",
    ),
    (
        "weights counted at every place",
        products_counted,
        "You count a convolution's weights at every place where they are used. They are the same ones everywhere: that "
        "is the point of a convolution.",
    ),
    (
        "size of the output counted",
        lambda: [0 if name.startswith("pool") else math.prod(shape) for name, shape, _ in TABLE[1:]],
        "You count the numbers that a layer gives. Its parameters are what it learns: weights and biases.",
    ),
    (
        "sum instead of a list",
        lambda: [sum(params())],
        "This is the sum. The list has one number for each layer.",
    ),
    (
        "summed up on the way",
        lambda: list(itertools.accumulate(params())),
        "Each of your numbers contains those before it. One number for each layer on its own is asked for.",
    ),
    (
        "every kernel 3 × 3",
        params_of(kernels=(3,) * 5, strides=(1,) * 5, paddings=(1,) * 5, pool_stride=2, size=55),
        "All your kernels are 3 × 3. The first is 11 × 11, the second 5 × 5.",
    ),
    (
        "conv2 with a kernel of 3 × 3",
        replaced(conv2=9 * 96 * 256 + 256),
        "Your conv2 has a kernel of 3 × 3. It is 5 × 5.",
    ),
    (
        "the kernel's size not squared",
        params_of(lambda reads, kernel, units: reads * kernel * units),
        "A kernel of 5 has 5 rows and 5 columns: 25 numbers for each channel.",
    ),
    (
        "the later, slimmer version",
        params_of(filters=(64, 192, 384, 256, 256)),
        "64, 192, 384, 256 and 256 filters are those of a later paper's version, which libraries ship under the same "
        "name. The table of 2012 has more of them in some layers.",
    ),
    (
        "ten classes",
        params_of(dense=(4096, 4096, 10)),
        "Your last layer has 10 units. ImageNet's competition had 1000 classes.",
    ),
    (
        "fc7 missing",
        lambda: [count for name, _, count in TABLE[1:] if name != "fc7"],
        "There are two dense layers with 4096 units before the last one.",
    ),
    (
        "each filter reads itself only",
        params_of(lambda reads, kernel, units: (reads if kernel == 1 else units) * kernel * kernel * units),
        "Your convolutions have as many channels going in as coming out. What a layer reads is what the layer before "
        "it gives.",
    ),
    (
        "a row of words",
        lambda: [[k, count] for k, count in enumerate(params())],
        "Each of your entries has more than one number. A list of plain numbers is asked for, one for each layer.",
    ),
    (
        "other list each time",
        growing(params),
        "Your list grows with every call: it lives outside the function. Make it anew in each call.",
    ),
)

# -- the ways people get arrays wrong --------------------------------------------------------------------------------


def axes_misconceptions(order, letters, asked):
    """Every other order of the four axes, and what else happens to numbers that only change places.

    ``letters`` are the axes as they come in, "NHWC"; ``asked`` says in words what is asked for.
    """

    def by(change):
        return lambda array: change(np.asarray(array))

    def right(array):
        return np.asarray(array).transpose(order)

    def reshaped(array, memory="C"):
        return np.asarray(array).reshape([array.shape[axis] for axis in order], order=memory)

    def square_only(array):
        array, out = np.asarray(array, float), right(np.asarray(array, float))
        high, wide = (letters.index(letter) for letter in ("ab" if "a" in letters else "HW"))
        shape = list(out.shape)
        shape[order.index(wide)] = array.shape[high]
        cut = tuple(slice(0, n) for n in np.minimum(shape, out.shape))
        made = np.zeros(shape)
        made[cut] = out[cut]
        return made

    wanted = ", ".join(letters[axis] for axis in order)
    inverse = tuple(np.argsort(order))
    words = {
        (0, 1, 2, 3): ("nothing moved", "Your axes stand in the order in which they came."),
        inverse: ("the way back", "This is the way back: it undoes what is asked for."),
    }
    triples = [
        (
            "reshaped instead of transposed",
            reshaped,
            "The shape is right and the numbers sit at wrong places: `reshape` cuts the row of numbers in memory into "
            "other lengths and moves none of them. Axes change places by `transpose`, or `np.moveaxis`.",
        ),
        (
            "reshaped in Fortran's order",
            lambda array: reshaped(array, "F"),
            "The shape is right and the numbers sit at wrong places: `reshape` moves no axis, in whatever order it "
            "reads. Axes change places by `transpose`, or `np.moveaxis`.",
        ),
    ]
    for other in itertools.permutations(range(4)):
        if other == order:
            continue
        axes = ", ".join(letters[axis] for axis in other)
        name, says = words.get(other, (f"axes in the order {axes}", f"Your axes come out in the order ({axes})."))
        triples.append((name, by(lambda array, other=other: array.transpose(other)), f"{says} {asked} ({wanted})."))
    triples.sort(key=lambda triple: triple[0].startswith("axes in"))  # the commonest first
    triples += [
        (
            "axes of length 1 lost",
            by(lambda array: right(array).squeeze()),
            "Where an axis has the length 1 it disappears: `np.squeeze` does that. The result always has four axes.",
        ),
        (
            "the first one only",
            lambda array: right(array)[:1] if letters[0] == "N" else right(array)[:, :, :1],
            "You give back a part only. All images, or all of the kernels' entries, change their places.",
        ),
        (
            "one more axis",
            by(lambda array: right(array)[None]),
            "Your result has five axes. There are four before and four after.",
        ),
        (
            "upside down",
            by(lambda array: np.flip(right(array), order.index(letters.index("a" if "a" in letters else "H")))),
            "The axes are right, and the rows run backwards. Only the axes change places, nothing is flipped.",
        ),
        (
            "left and right exchanged",
            by(lambda array: np.flip(right(array), order.index(letters.index("b" if "b" in letters else "W")))),
            "The axes are right, and the columns run backwards. Only the axes change places, nothing is flipped.",
        ),
        (
            "channels in reverse order",
            by(lambda array: np.flip(right(array), order.index(letters.index("C")))),
            "The axes are right, and the channels run backwards, as between RGB and BGR. Only the axes change places.",
        ),
        (
            "rows taken for columns too",
            square_only,
            "Your result is made for squares: its number of columns is the number of rows. An image, and a kernel, has "
            "a height and a width.",
        ),
        (
            "fractions cut off",
            by(lambda array: right(array).astype(int)),
            "Your result holds whole numbers: what comes after the point is lost. Places change, numbers do not.",
        ),
        (
            "scaled to 0 to 1",
            by(lambda array: right(array) / 255),
            "Your numbers are divided by 255. Places change, numbers do not.",
        ),
        (
            "squeezed into bytes",
            by(lambda array: right(array).astype(np.int64).astype(np.uint8)),
            "Your numbers are bytes now, from 0 to 255: signs and fractions are lost. Places change, numbers do not.",
        ),
    ]
    return misconceptions(*triples)


FIRST_MISCONCEPTIONS = axes_misconceptions(TO_FIRST, "NHWC", "Asked for are images with their channels first,")
LAST_MISCONCEPTIONS = axes_misconceptions(TO_LAST, "NCHW", "Asked for are images with their channels last,")
KERNEL_MISCONCEPTIONS = axes_misconceptions(
    KERNELS_TO_FIRST, "abCF", "With a and b for a kernel's rows and columns, asked for is the order"
)


def paper(x, total, size, k, alpha, beta):
    return x / (k + alpha * total) ** beta


def normalised_by(divide=paper, window=neighbours, of=np.square, axis=-1):
    """Normalisation with another formula, another window, other terms, or along another axis."""

    def wrong(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
        x = np.moveaxis(np.asarray(images, float), axis, -1)
        out = np.zeros(x.shape)
        for c in range(x.shape[-1]):
            total = sum((of(x[..., j]) for j in window(c, size, x.shape[-1])), np.zeros(x.shape[:-1]))
            out[..., c] = divide(x[..., c], total, size, k, alpha, beta)
        return np.moveaxis(out, -1, axis)

    return wrong


def with_constants(**constants):
    """The constants that are given are not read, these are used."""

    def wrong(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
        given = {"size": size, "k": k, "alpha": alpha, "beta": beta} | constants
        return normalised(images, **given)

    return wrong


def with_defaults(**defaults):
    """Other constants where none are given."""

    def wrong(images, *constants):
        names = ("size", "k", "alpha", "beta")
        values = {"size": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75} | defaults
        return normalised(images, **(values | dict(zip(names, constants, strict=False))))

    return wrong


def count_divided(x, total, size, k, alpha, beta):
    return x / (k + alpha * total / size) ** beta


def mean_over_real_channels(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images, float)
    out = np.zeros(x.shape)
    for c in range(x.shape[-1]):
        near = neighbours(c, size, x.shape[-1])
        out[..., c] = x[..., c] / (k + alpha * np.mean(x[..., near.start : near.stop] ** 2, axis=-1)) ** beta
    return out


def negative_start(c, size, channels):
    return range(channels)[c - size // 2 : c + size // 2 + 1]


def negative_index(c, size, channels):
    """x[..., j] with j below 0 fetches channels from the end; above the end nothing is fetched."""
    return [j for j in range(c - size // 2, c + size // 2 + 1) if -channels <= j < channels]


def moved_inwards(c, size, channels):
    start = min(max(0, c - size // 2), max(0, channels - size))
    return range(start, min(channels, start + size))


def clipped(c, size, channels):
    return [min(max(j, 0), channels - 1) for j in range(c - size // 2, c + size // 2 + 1)]


def around(c, size, channels):
    return [j % channels for j in range(c - size // 2, c + size // 2 + 1)]


def mirrored_at_the_ends(c, size, channels):
    period = max(1, 2 * (channels - 1))
    folded = [j % period for j in range(c - size // 2, c + size // 2 + 1)]
    return [min(j, period - j) if channels > 1 else 0 for j in folded]


def in_place(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    """The channels before c are normalised already when c is reached."""
    x = np.array(images, float)
    for c in range(x.shape[-1]):
        total = sum(x[..., j] ** 2 for j in neighbours(c, size, x.shape[-1]))
        x[..., c] = x[..., c] / (k + alpha * total) ** beta
    return x


def over_pixels(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    """A window of size × size pixels within each channel."""
    x = np.asarray(images, float)
    out = np.zeros(x.shape)
    for i, j in np.ndindex(x.shape[1:3]):
        rows, columns = (neighbours(at, size, n) for at, n in zip((i, j), x.shape[1:3], strict=True))
        window = x[:, rows.start : rows.stop, columns.start : columns.stop]
        out[:, i, j] = x[:, i, j] / (k + alpha * np.sum(window**2, axis=(1, 2))) ** beta
    return out


def squares_in_their_own_type(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images)
    squares = (x * x).astype(float)
    out = np.zeros(x.shape)
    for c in range(x.shape[-1]):
        total = sum(squares[..., j] for j in neighbours(c, size, x.shape[-1]))
        out[..., c] = x[..., c] / (k + alpha * total) ** beta
    return out


def sums_in_their_own_type(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images)
    out = np.zeros(x.shape)
    for c in range(x.shape[-1]):
        near = neighbours(c, size, x.shape[-1])
        total = np.zeros(x.shape[:-1], x.dtype)
        for j in near:
            total += x[..., j] * x[..., j]
        out[..., c] = x[..., c] / (k + alpha * total.astype(float)) ** beta
    return out


def in_whole_numbers(images, *constants):
    return normalised(images, *constants).astype(np.asarray(images).dtype)


def first_image_only(images, *constants):
    out = normalised(images, *constants)
    out[1:] = 0
    return out


def averaged_over_the_batch(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images, float)
    squares = np.sum(x**2, axis=(0, 1, 2))
    out = np.zeros(x.shape)
    for c in range(x.shape[-1]):
        total = sum(squares[j] for j in neighbours(c, size, x.shape[-1]))
        out[..., c] = x[..., c] / (k + alpha * total) ** beta
    return out


def one_side(before, after):
    def window(c, size, channels):
        radius = size // 2
        return range(max(0, c - before(radius)), min(channels, c + after(radius) + 1))

    return window


def every_channel_in_reach(c, size, channels):
    return range(channels)


NORM_MISCONCEPTIONS = misconceptions(
    (
        "divided by the size",
        normalised_by(count_divided),
        "alpha is divided by the window's size in your code, as some libraries do. In the paper's formula it "
        "multiplies the plain sum.",
    ),
    (
        "mean instead of sum",
        mean_over_real_channels,
        "You average the squares of the neighbours. The paper adds them up: at the ends fewer are added, and nothing "
        "is divided by their number.",
    ),
    (
        "last neighbour missing",
        normalised_by(window=one_side(lambda r: r, lambda r: r - 1)),
        "The last neighbour is missing from your sums: a slice, and a `range`, ends before its second number. With "
        "size 5, channel c has two neighbours on each side.",
    ),
    (
        "first neighbour missing",
        normalised_by(window=one_side(lambda r: r - 1, lambda r: r)),
        "The first neighbour is missing from your sums. With size 5, channel c has two neighbours on each side.",
    ),
    (
        "size on each side",
        normalised_by(window=one_side(lambda r: 2 * r + 1, lambda r: 2 * r + 1)),
        "Your window reaches `size` channels to each side. `size` is all of it, the channel itself included: half of "
        "it, rounded down, lies on each side.",
    ),
    (
        "two channels on each side, whatever the size",
        with_constants(size=5),
        "Your window reaches two channels to each side always. Right for size 5; the reach follows from `size`.",
    ),
    (
        "start below 0",
        normalised_by(window=negative_start),
        "Near the first channel your window starts below 0, and a negative number in a slice counts from the end: the "
        "slice comes out empty, or wrong, without a word. The window ends where the channels end.",
    ),
    (
        "negative channels fetched from the end",
        normalised_by(window=negative_index),
        "Near the first channel your sum takes in channels of the other end: index −1 is the last one in Python. The "
        "window ends where the channels end.",
    ),
    (
        "around the ends",
        normalised_by(window=around),
        "Your channels form a ring: the first one's neighbours are the last ones. `np.roll` does that. At the ends "
        "there are fewer neighbours.",
    ),
    (
        "window moved inwards",
        normalised_by(window=moved_inwards),
        "At the ends your window moves inwards to keep its size, so that the channel is not in its middle any more. "
        "There are fewer neighbours at the ends.",
    ),
    (
        "last channel repeated",
        normalised_by(window=clipped),
        "Beyond the ends your window counts the outermost channel again and again. There are fewer neighbours at the "
        "ends.",
    ),
    (
        "mirrored at the ends",
        normalised_by(window=mirrored_at_the_ends),
        "Beyond the ends your window goes back and counts channels twice. There are fewer neighbours at the ends.",
    ),
    (
        "the channel itself left out",
        normalised_by(window=lambda c, size, channels: [j for j in neighbours(c, size, channels) if j != c]),
        "The channel itself is missing from its sum. The window is centred on it and contains it.",
    ),
    (
        "the channel itself only",
        with_constants(size=1),
        "Only the channel's own square is in your sum. Its neighbours belong to it: that they hold each other down is "
        "what the formula is for.",
    ),
    (
        "channels after it only",
        normalised_by(window=one_side(lambda r: 0, lambda r: 2 * r)),
        "Your window begins at the channel. Half of it lies before the channel.",
    ),
    (
        "channels before it only",
        normalised_by(window=one_side(lambda r: 2 * r, lambda r: 0)),
        "Your window ends at the channel. Half of it lies behind the channel.",
    ),
    (
        "all channels",
        normalised_by(window=every_channel_in_reach),
        "Your sum goes over all channels. It is local: it reaches half of `size` to each side.",
    ),
    (
        "not squared",
        normalised_by(of=lambda x: x),
        "The neighbours are added up as they are, and positive and negative ones cancel. Their squares are added.",
    ),
    (
        "absolute values instead of squares",
        normalised_by(of=np.abs),
        "The neighbours' absolute values are added. It is their squares.",
    ),
    (
        "sum squared",
        normalised_by(lambda x, total, size, k, alpha, beta: x / (k + alpha * total**2) ** beta, of=lambda x: x),
        "You square the sum. Each neighbour is squared first, then they are added.",
    ),
    (
        "along the columns",
        normalised_by(axis=2),
        "Your neighbours are pixels of the same row. They are channels of the same pixel: the last axis.",
    ),
    (
        "along the rows",
        normalised_by(axis=1),
        "Your neighbours are pixels of the same column. They are channels of the same pixel: the last axis. (In a text "
        "with channels first it is axis 1.)",
    ),
    (
        "along the batch",
        normalised_by(axis=0),
        "Your neighbours are other images. They are channels of the same pixel: the last axis.",
    ),
    (
        "over neighbouring pixels",
        over_pixels,
        "Your window lies on the picture, pixels of one channel. AlexNet's runs across the channels of one pixel.",
    ),
    (
        "all pixels together",
        averaged_over_the_batch,
        "You add up the squares of all pixels. Each pixel is normalised by itself: by its own channels only.",
    ),
    (
        "beta forgotten",
        with_constants(beta=1.0),
        "The sum below the fraction has to be raised to the power beta.",
    ),
    (
        "root instead of beta",
        with_constants(beta=0.5),
        "You take the square root. The power is beta, which is asked for, and 0.75 where it is not given.",
    ),
    (
        "beta for the sum only",
        normalised_by(lambda x, total, size, k, alpha, beta: x / (k + (alpha * total) ** beta)),
        "beta applies to your sum alone. k belongs inside the parentheses that are raised to it.",
    ),
    (
        "beta for the whole fraction",
        normalised_by(lambda x, total, size, k, alpha, beta: np.sign(x) * (np.abs(x) / (k + alpha * total)) ** beta),
        "You raise the whole fraction to the power beta. Only what stands below the line is raised.",
    ),
    (
        "multiplied instead of divided",
        normalised_by(lambda x, total, size, k, alpha, beta: x * (k + alpha * total) ** beta),
        "You multiply. Loud neighbours are to make a channel quieter: divide.",
    ),
    (
        "the divisor itself",
        normalised_by(lambda x, total, size, k, alpha, beta: (k + alpha * total) ** beta),
        "You return what the image is to be divided by.",
    ),
    (
        "one divided by the divisor",
        normalised_by(lambda x, total, size, k, alpha, beta: 1 / (k + alpha * total) ** beta),
        "You return the factor. The image itself is missing from the product.",
    ),
    (
        "k forgotten",
        with_constants(k=0.0),
        "k is missing below the line; where a pixel is 0 in all neighbours you divide by 0.",
    ),
    (
        "k not read",
        with_constants(k=2.0),
        "Your k is 2 always. It is an argument; 2 is what it is where it is not given.",
    ),
    (
        "k is 1 always",
        with_constants(k=1.0),
        "Your k is 1 always. It is an argument, and 2 where it is not given.",
    ),
    (
        "alpha not read",
        with_constants(alpha=1e-4),
        "Your alpha is 0.0001 always. It is an argument; that is what it is where it is not given.",
    ),
    (
        "alpha forgotten",
        with_constants(alpha=1.0),
        "alpha is missing: it multiplies the sum of squares.",
    ),
    (
        "beta not read",
        with_constants(beta=0.75),
        "Your beta is 0.75 always. It is an argument; that is what it is where it is not given.",
    ),
    (
        "alpha times k as well",
        normalised_by(lambda x, total, size, k, alpha, beta: x / (alpha * (k + total)) ** beta),
        "alpha multiplies k in your code. It multiplies the sum only.",
    ),
    (
        "k and alpha exchanged",
        normalised_by(lambda x, total, size, k, alpha, beta: x / (alpha + k * total) ** beta),
        "k and alpha stand in each other's place: alpha multiplies the sum, k is added to it.",
    ),
    (
        "alpha and beta exchanged",
        normalised_by(lambda x, total, size, k, alpha, beta: x / (k + beta * total) ** alpha),
        "alpha and beta stand in each other's place: alpha multiplies the sum, beta is the power.",
    ),
    (
        "k is 1 where it is not given",
        with_defaults(k=1.0),
        "Where k is not given it is 2, the paper's; yours is 1, as in some libraries.",
    ),
    (
        "a library's constants where none are given",
        with_defaults(k=1.0, alpha=1.0, beta=0.5),
        "Where they are not given, the constants are the paper's: k = 2, alpha = 0.0001, beta = 0.75. Yours are a "
        "library's.",
    ),
    (
        "another alpha where it is not given",
        with_defaults(alpha=1e-3),
        "Where alpha is not given it is 10⁻⁴, 0.0001, the paper's. Count the zeros.",
    ),
    (
        "normalised channels used again",
        in_place,
        "When you reach a channel, those before it are normalised already, and you add up their new numbers. Write "
        "into an array of your own, and read the images.",
    ),
    (
        "signs lost",
        lambda images, *constants: np.abs(normalised(images, *constants)),
        "All your numbers are positive. What is divided keeps its sign.",
    ),
    (
        "negative numbers cut off",
        lambda images, *constants: np.maximum(normalised(images, *constants), 0),
        "Negative numbers have become 0. In AlexNet a ReLU comes first; the normalisation itself cuts nothing off.",
    ),
    (
        "squares of small integers wrap around",
        squares_in_their_own_type,
        "On pictures of type uint8 your squares wrap around: 20² is 144 there. Turn the images into floats first.",
    ),
    (
        "sums of small integers wrap around",
        sums_in_their_own_type,
        "On pictures of type uint8 your squares and their sum wrap around: nothing above 255 fits. Turn the images "
        "into floats first.",
    ),
    (
        "fractions cut off for whole-numbered images",
        in_whole_numbers,
        "With images of whole numbers your result loses its fractions: an array made by `zeros_like(images)` can hold "
        "nothing else. Let it hold floats.",
    ),
    (
        "first image only",
        first_image_only,
        "Only the first image of the batch is worked on. Look at where `return` stands, or at an index 0.",
    ),
)


def accuracy_by(count):
    """An accuracy by another count of a sample's hits; the samples are averaged."""

    def wrong(probabilities, labels, k=5):
        rows = np.asarray(probabilities, float)
        return float(np.mean([count(row, int(label), k) for row, label in zip(rows, labels, strict=True)]))

    return wrong


def best(row, k):
    return np.argsort(row)[::-1][:k]


def of_the_accuracy(change):
    return lambda probabilities, labels, k=5: change(top_k(probabilities, labels, k), labels, k)


def by_any_sample(probabilities, labels, k=5):
    """``np.isin`` of all labels in all samples' best classes."""
    rows = np.asarray(probabilities, float)
    return float(np.mean(np.isin(labels, np.concatenate([best(row, k) for row in rows]))))


def among_the_samples(probabilities, labels, k=5):
    """Sorted along the wrong axis: the samples that are best for a class."""
    rows = np.asarray(probabilities, float)
    order = np.argsort(rows, axis=0)[::-1]
    return float(np.mean([int(label) in order[n, :k] for n, label in enumerate(labels)]))


def largest_missing_from_slice(row, label, k):
    return label in np.argsort(row)[-k:-1]


ACCURACY_MISCONCEPTIONS = misconceptions(
    (
        "the least probable ones",
        accuracy_by(lambda row, label, k: label in np.argsort(row)[:k]),
        "You look among the k least probable classes: `np.argsort` puts the smallest first.",
    ),
    (
        "k not used",
        accuracy_by(lambda row, label, k: label == np.argmax(row)),
        "Only the most probable class counts in your code. Any of the k most probable ones is good enough.",
    ),
    (
        "five always",
        accuracy_by(lambda row, label, k: label in best(row, 5)),
        "You look among five classes whatever k is.",
    ),
    (
        "one where k is not given",
        lambda probabilities, labels, k=1: top_k(probabilities, labels, k),
        "Where k is not given it is 5.",
    ),
    (
        "one class too few",
        accuracy_by(lambda row, label, k: label in best(row, k - 1)),
        "You look among k − 1 classes. Count them for k = 1.",
    ),
    (
        "one class too many",
        accuracy_by(lambda row, label, k: label in best(row, k + 1)),
        "You look among k + 1 classes. Count them for k = 1.",
    ),
    (
        "the most probable one left out",
        accuracy_by(largest_missing_from_slice),
        "The most probable class is missing: a slice that ends at −1 leaves the last one out, and the last one is the "
        "largest.",
    ),
    (
        "the k-th one only",
        accuracy_by(lambda row, label, k: label == best(row, k)[-1]),
        "A sample counts for you when its class is exactly number k. Numbers 1 to k − 1 are good enough as well.",
    ),
    (
        "share of wrong answers",
        of_the_accuracy(lambda share, labels, k: 1 - share),
        "This is the error, the share of samples that are wrong. The accuracy is the rest.",
    ),
    (
        "counted instead of averaged",
        of_the_accuracy(lambda share, labels, k: share * len(labels)),
        "This is how many samples are right. The share of them is asked for, from 0 to 1.",
    ),
    (
        "per cent",
        of_the_accuracy(lambda share, labels, k: 100 * share),
        "This is a percentage. A share is asked for, from 0 to 1.",
    ),
    (
        "divided by k as well",
        of_the_accuracy(lambda share, labels, k: share / k),
        "You average over all comparisons with the k classes. At most one of them can be right: ask of each sample "
        "whether *any* is, and average over the samples.",
    ),
    (
        "divided by the number of classes",
        lambda probabilities, labels, k=5: top_k(probabilities, labels, k) * len(labels) / np.shape(probabilities)[1],
        "You divide by the number of classes. The share is one of the samples.",
    ),
    (
        "anybody's best classes",
        by_any_sample,
        "A label counts for you when it is among the best classes of any sample, as `np.isin` with the whole table "
        "says. Each sample's label is looked for in its own row.",
    ),
    (
        "samples sorted instead of classes",
        among_the_samples,
        "You sort along the samples. The classes of one sample are compared, along the last axis.",
    ),
    (
        "order taken for a rank",
        accuracy_by(lambda row, label, k: np.argsort(row)[::-1][label] < k),
        "`np.argsort` says which class stands at a place. You read it as the place at which a class stands.",
    ),
    (
        "labels counted from 1",
        accuracy_by(lambda row, label, k: label - 1 in best(row, k)),
        "You subtract 1 from the labels. Classes are counted from 0, as Python counts.",
    ),
    (
        "probabilities compared with labels",
        accuracy_by(lambda row, label, k: label in np.sort(row)[::-1][:k]),
        "You look for the label among the probabilities themselves. Which *classes* are the most probable ones? "
        "`np.argsort` tells, `np.sort` does not.",
    ),
    (
        "classes above one k-th",
        accuracy_by(lambda row, label, k: row[label] > 1 / k),
        "You ask whether the true class has a probability above 1 / k. How many classes are above it does not matter, "
        "only how many are more probable.",
    ),
    (
        "classes above the mean",
        accuracy_by(lambda row, label, k: row[label] >= row.mean()),
        "You ask whether the true class is more probable than the average. It is to be among the k most probable ones.",
    ),
    (
        "probability of the true class",
        accuracy_by(lambda row, label, k: row[label]),
        "You average the probabilities of the true classes. A sample is right or wrong, 1 or 0.",
    ),
    (
        "probabilities of the best classes added up",
        accuracy_by(lambda row, label, k: row[best(row, k)].sum()),
        "You add up the probabilities of the best classes. The question is whether the label is among them.",
    ),
    (
        "first k classes",
        accuracy_by(lambda row, label, k: label < k),
        "You look among the first k classes. The k most probable ones come first only when the row is sorted.",
    ),
    (
        "all or nothing",
        of_the_accuracy(lambda share, labels, k: float(share == 1)),
        "You answer 1 when all samples are right, else 0. The share of right samples is asked for. (`//` and `int` cut "
        "a share off.)",
    ),
    (
        "any at all",
        of_the_accuracy(lambda share, labels, k: float(share > 0)),
        "You answer 1 when any sample is right. The share of right samples is asked for.",
    ),
    (
        "first sample only",
        lambda probabilities, labels, k=5: top_k(probabilities[:1], labels[:1], k),
        "Only the first sample is looked at. Look at the indentation of `return`.",
    ),
    (
        "last sample only",
        lambda probabilities, labels, k=5: top_k(probabilities[-1:], labels[-1:], k),
        "Only the last sample counts: in the loop `=` overwrites where `+=` would add.",
    ),
    (
        "last sample missing",
        lambda probabilities, labels, k=5: (
            top_k(probabilities[:-1], labels[:-1], k) * (len(labels) - 1) / len(labels) if len(labels) > 1 else 0.0
        ),
        "The last sample is never looked at: `range(n)` ends at n − 1 by itself.",
    ),
    (
        "rounded",
        of_the_accuracy(lambda share, labels, k: round(share)),
        "Your share is rounded to 0 or 1.",
    ),
    (
        "k for the classes that are not among the best",
        accuracy_by(lambda row, label, k: label not in best(row, k)[1:]),
        "A sample counts for you unless its class is one of numbers 2 to k. It has to be one of numbers 1 to k.",
    ),
)

# -- the ways people get what is random wrong ------------------------------------------------------------------------


def coins(rng, count):
    return rng.random(count) < 0.5


def mirrored(image):
    return image[:, ::-1]


def flip_by(decide=coins, change=mirrored):
    def wrong(images, rng):
        images = np.asarray(images)
        out = images.copy()
        flags = np.broadcast_to(decide(rng, len(images)), len(images))
        for n in range(len(images)):
            if flags[n]:
                out[n] = change(images[n])
        return out

    return wrong


def from_global(rng, count):
    return np.random.rand(count) < 0.5


def from_own(rng, count):
    return np.random.default_rng().random(count) < 0.5


def from_fixed_seed(rng, count):
    return np.random.default_rng(0).random(count) < 0.5


def seeding_numpy(rng, count):
    np.random.seed(0)
    return np.random.rand(count) < 0.5


def exactly_half(rng, count):
    flags = np.arange(count) < count // 2
    return rng.permutation(flags)


def but_the_first(rng, count):
    flags = coins(rng, count)
    flags[:1] = False
    return flags


def but_the_last(rng, count):
    flags = coins(rng, count)
    flags[-1:] = False
    return flags


def in_pairs(rng, count):
    return np.repeat(coins(rng, -(-count // 2)), 2)[:count]


def two_coins(rng, count):
    return rng.random((2, count)) < 0.5


def rows_on_their_own(images, rng):
    images = np.asarray(images)
    out = images.copy()
    flags = coins(rng, images.shape[:2])
    out[flags] = images[flags][:, ::-1]
    return out


def channels_on_their_own(images, rng):
    images = np.asarray(images)
    flags = coins(rng, (len(images), 1, 1, images.shape[3]))
    return np.where(flags, images[:, :, ::-1], images)


def flipped_either_way(images, rng):
    images = np.asarray(images)
    out = images.copy()
    sideways, upside_down = coins(rng, len(images)), coins(rng, len(images))
    out[sideways] = out[sideways][:, :, ::-1]
    out[upside_down] = out[upside_down][:, ::-1]
    return out


def flips_added(images, rng):
    images = np.asarray(images)
    return np.concatenate([images, images[coins(rng, len(images))][:, :, ::-1]])


def flipped_ones_only(images, rng):
    images = np.asarray(images)
    flags = coins(rng, len(images))
    flags[:1] |= not flags.any()
    return images[flags][:, :, ::-1]


def half_overwritten(images, rng):
    """Columns swapped one after the other in place: the second half is a copy of the first."""
    images = np.asarray(images)
    out = images.copy()
    for n in np.flatnonzero(coins(rng, len(images))):
        for j in range(images.shape[2]):
            out[n, :, j] = out[n, :, -1 - j]
    return out


def flip_in_order(images, rng):
    return np.asarray(images)[::-1] if rng.random() < 0.5 else np.asarray(images).copy()


def moved_by_a_column(images, rng):
    return flip_by(change=lambda image: np.roll(image[:, ::-1], 1, axis=1))(images, rng)


def normalised_bytes(images, rng):
    return flip_by()(np.asarray(images, float) / 255, rng)


def shuffled(images, rng):
    out = flip_by()(images, rng)
    return out[rng.permutation(len(out))]


ONLY_FROM_RNG = "Draw from `rng`: then a training can be repeated, number by number, by whoever knows its seed."

FLIP_MISCONCEPTIONS = misconceptions(
    (
        "one coin for the whole batch",
        flip_by(lambda rng, count: rng.random() < 0.5),
        "One coin decides for all images, so that all are flipped or none. Each image has a coin of its own: draw as "
        "many numbers as there are images.",
    ),
    (
        "all flipped",
        flip_by(lambda rng, count: True),
        "Every image is flipped. Half of them are to be, at random: the network should see both sides.",
    ),
    (
        "none flipped",
        flip_by(lambda rng, count: False),
        "No image is ever flipped. (`rng.integers(0, 1)` is always 0: its second number is left out.)",
    ),
    (
        "upside down",
        flip_by(change=lambda image: image[::-1]),
        "Your images stand on their heads: rows are reversed. From left to right means that the columns are.",
    ),
    (
        "turned by 180°",
        flip_by(change=lambda image: image[::-1, ::-1]),
        "Rows and columns are reversed, so that the image is turned by 180°. Reverse the columns only.",
    ),
    (
        "left to right, and upside down",
        flipped_either_way,
        "Your images are also turned upside down now and then. A dog on its head is no dog that the network will meet: "
        "left to right only.",
    ),
    (
        "channels reversed",
        flip_by(change=lambda image: image[:, :, ::-1]),
        "You reverse the last axis, the channels: red and blue change places. The columns are the axis before it.",
    ),
    (
        "columns and channels reversed",
        flip_by(change=lambda image: image[:, ::-1, ::-1]),
        "You reverse the columns, and the channels as well: red and blue change places. The columns only.",
    ),
    (
        "order of the images reversed",
        flip_in_order,
        "You reverse the first axis, so that the images change places and none is flipped. Labels would not fit any "
        "more.",
    ),
    (
        "images in another order",
        shuffled,
        "Your images come back in another order. Labels would not fit any more: image n stays image n.",
    ),
    (
        "rows flipped on their own",
        rows_on_their_own,
        "Each row of an image has a coin of its own, which tears pictures apart. One coin for each image.",
    ),
    (
        "channels flipped on their own",
        channels_on_their_own,
        "Each channel has a coin of its own, so that red may look left and blue look right. One coin for each image.",
    ),
    (
        "half of the image overwritten",
        half_overwritten,
        "Your flip reads from the array that it writes to: by the time it comes to the right half, the left one is "
        "gone. Read from the images, write into your own array.",
    ),
    (
        "moved by a column",
        moved_by_a_column,
        "Your flipped images are moved by one column. Column j and column W − 1 − j change places.",
    ),
    (
        "a quarter flipped",
        flip_by(lambda rng, count: rng.random(count) < 0.25),
        "About a quarter of the images is flipped. It should be half of them.",
    ),
    (
        "three quarters flipped",
        flip_by(lambda rng, count: rng.random(count) < 0.75),
        "About three quarters of the images are flipped. It should be half of them. (Two coins, and either of them is "
        "enough?)",
    ),
    (
        "a third flipped",
        flip_by(lambda rng, count: rng.integers(0, 3, count) == 0),
        "About a third of the images is flipped. It should be half of them. (`rng.normal()` is above ½ in 31 % of all "
        "cases; `rng.random()` is uniform from 0 to 1.)",
    ),
    (
        "two thirds flipped",
        flip_by(lambda rng, count: rng.integers(0, 3, count) > 0),
        "About two thirds of the images are flipped. It should be half of them: `rng.integers(0, 3)` has three "
        "results, and `rng.normal()` is below ½ in 69 % of all cases.",
    ),
    (
        "one in ten flipped",
        flip_by(lambda rng, count: rng.random(count) < 0.1),
        "About one image in ten is flipped. It should be half of them.",
    ),
    (
        "exactly half, every time",
        flip_by(exactly_half),
        "In every batch exactly half of the images are flipped. Their coins do not know of each other: sometimes it is "
        "more, sometimes less, and a batch of one is flipped half of the time.",
    ),
    (
        "every other one flipped",
        flip_by(lambda rng, count: np.arange(count) % 2 == 1),
        "Every other image is flipped, always the same ones. Who is flipped is to be drawn anew in every call.",
    ),
    (
        "first half flipped",
        flip_by(lambda rng, count: np.arange(count) < count // 2),
        "The first half of the batch is flipped, always. Who is flipped is to be drawn anew in every call.",
    ),
    (
        "first one never flipped",
        flip_by(but_the_first),
        "The first image of a batch is never flipped. Python counts from 0.",
    ),
    (
        "last one never flipped",
        flip_by(but_the_last),
        "The last image of a batch is never flipped. `range(n)` ends at n − 1 by itself.",
    ),
    (
        "two by two",
        flip_by(in_pairs),
        "Neighbours in the batch are always flipped together. Each image has a coin of its own.",
    ),
    (
        "from NumPy's own generator",
        flip_by(from_global),
        f"You draw from `np.random`, which everybody shares, and not from `rng`. {ONLY_FROM_RNG}",
    ),
    (
        "from another generator",
        flip_by(from_own),
        f"Your random numbers come from a generator of their own, not from `rng`. {ONLY_FROM_RNG}",
    ),
    (
        "the same numbers every time",
        flip_by(from_fixed_seed),
        "Each call flips the same images: your function makes itself a generator with a fixed seed. Draw from `rng`, "
        "which goes on from call to call.",
    ),
    (
        "NumPy's generator seeded",
        flip_by(seeding_numpy),
        "Your function seeds NumPy's own generator, so that each call flips the same images, and whoever else draws "
        "from it gets the same numbers again and again. Draw from `rng`.",
    ),
    (
        "flipped images added",
        flips_added,
        "Your batch grows by the flipped images. Each image comes back once, flipped or not, or its labels would have "
        "to grow as well.",
    ),
    (
        "flipped images only",
        flipped_ones_only,
        "You give back the flipped images only. The others belong to the batch as they are.",
    ),
    (
        "fractions cut off",
        lambda images, rng: flip_by()(images, rng).astype(int),
        "Your images hold whole numbers: what comes after the point is lost. Pixels change places, numbers do not "
        "change.",
    ),
    (
        "scaled to 0 to 1",
        normalised_bytes,
        "Your numbers are divided by 255. Pixels change places, numbers do not change.",
    ),
)


def crop_by(draw, cut=lambda image, top, left, h, w: image[top : top + h, left : left + w]):
    """``draw(rng, count, rows, columns)`` gives the offsets, of rows × columns that are possible."""

    def wrong(images, size, rng):
        images, (h, w) = np.asarray(images), pair(size)
        rows, columns = places_of(images, size)
        tops, lefts = (np.broadcast_to(at, len(images)) for at in draw(rng, len(images), rows, columns))
        return np.stack([cut(image, *at, h, w) for image, *at in zip(images, tops, lefts, strict=True)])

    return wrong


def anywhere(rng, count, rows, columns):
    return rng.integers(0, rows, count), rng.integers(0, columns, count)


def last_excluded(rng, count, rows, columns):
    return rng.integers(0, rows - 1, count), rng.integers(0, columns - 1, count)


def last_excluded_where_there_are_two(rng, count, rows, columns):
    return rng.integers(0, max(rows - 1, 1), count), rng.integers(0, max(columns - 1, 1), count)


def last_row_excluded(rng, count, rows, columns):
    return rng.integers(0, max(rows - 1, 1), count), rng.integers(0, columns, count)


def last_column_excluded(rng, count, rows, columns):
    return rng.integers(0, rows, count), rng.integers(0, max(columns - 1, 1), count)


def first_excluded(rng, count, rows, columns):
    return rng.integers(min(1, rows - 1), rows, count), rng.integers(min(1, columns - 1), columns, count)


def rounded_ends(rng, count, rows, columns):
    """Rounded to the nearest: the first and the last place get half."""
    return (np.round(rng.random(count) * (n - 1)).astype(int) for n in (rows, columns))


def near_the_middle(rng, count, rows, columns):
    return (((rng.random(count) + rng.random(count)) / 2 * n).astype(int) for n in (rows, columns))


def at_corners(rng, count, rows, columns):
    return (rng.integers(0, 2, count) * (n - 1) for n in (rows, columns))


def one_offset_for_both(rng, count, rows, columns):
    at = rng.integers(0, min(rows, columns), count)
    return at, at


def one_number_for_both(rng, count, rows, columns):
    at = rng.random(count)
    return (at * rows).astype(int), (at * columns).astype(int)


def rows_drawn_for_all(rng, count, rows, columns):
    return rng.integers(0, rows), rng.integers(0, columns, count)


def columns_drawn_for_all(rng, count, rows, columns):
    return rng.integers(0, rows, count), rng.integers(0, columns)


def other_source(make):
    return lambda rng, count, rows, columns: anywhere(make(), count, rows, columns)


def crop_from_global(rng, count, rows, columns):
    return np.random.randint(0, rows, count), np.random.randint(0, columns, count)


def crop_seeding_numpy(rng, count, rows, columns):
    np.random.seed(0)
    return crop_from_global(rng, count, rows, columns)


def size_turned(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    h, w = min(w, images.shape[1]), min(h, images.shape[2])
    return crop_by(anywhere)(images, (h, w), rng)


def size_of(axis):
    def wrong(images, size, rng):
        side = pair(size)[axis]
        return crop_by(anywhere)(images, (min(side, images.shape[1]), min(side, images.shape[2])), rng)

    return wrong


def whole_numbers_only(images, size, rng):
    rows, columns = size, size
    rows + 0  # a pair ends here, with a TypeError
    return crop_by(anywhere)(images, (rows, columns), rng)


def pairs_only(images, size, rng):
    rows, columns = size
    return crop_by(anywhere)(images, (rows, columns), rng)


def room_of(axis):
    """The room of one axis used for both; beyond the border nothing is left of a piece."""

    def wrong(images, size, rng):
        images, (h, w) = np.asarray(images), pair(size)
        room = images.shape[1 + axis] - (h, w)[axis] + 1
        out = np.zeros((len(images), h, w, images.shape[3]), images.dtype)
        for n, image in enumerate(images):
            top, left = rng.integers(0, room, 2)
            out[n] = image[top : top + h, left : left + w]
        return out

    return wrong


def without_regard_to_the_border(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    out = np.zeros((len(images), h, w, images.shape[3]), images.dtype)
    for n, image in enumerate(images):
        top, left = (int(rng.integers(0, length)) for length in image.shape[:2])
        piece = image[top : top + h, left : left + w]
        out[n, : piece.shape[0], : piece.shape[1]] = piece
    return out


def around_the_border(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    pieces_cut = []
    for image in images:
        top, left = (int(rng.integers(0, length)) for length in image.shape[:2])
        pieces_cut.append(np.roll(image, (-top, -left), axis=(0, 1))[:h, :w])
    return np.stack(pieces_cut)


def padded_first(images, size, rng):
    """As it is done with small images: zeros around them, then a piece of what is asked for."""
    images = np.asarray(images)
    return crop_by(anywhere)(np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))), size, rng)


def of_any_image(images, size, rng):
    images = np.asarray(images)
    return crop_by(anywhere)(images[rng.integers(0, len(images), len(images))], size, rng)


def pixels_anywhere(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    out = [
        image[np.sort(rng.choice(image.shape[0], h, False))][:, np.sort(rng.choice(image.shape[1], w, False))]
        for image in images
    ]
    return np.stack(out)


def made_smaller(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    rows, columns = (np.arange(n) * length // n for n, length in zip((h, w), images.shape[1:3], strict=True))
    return images[:, rows][:, :, columns].copy()


def channels_cut_apart(images, size, rng):
    images = np.asarray(images)
    channels = [crop_by(anywhere)(images[..., c : c + 1], size, rng) for c in range(images.shape[3])]
    return np.concatenate(channels, axis=3)


def channels_reversed(images, size, rng):
    return crop_by(anywhere)(images, size, rng)[..., ::-1].copy()


def rest_blackened(images, size, rng):
    images, (h, w) = np.asarray(images), pair(size)
    out = np.zeros_like(images)
    rows, columns = places_of(images, size)
    for n, image in enumerate(images):
        top, left = rng.integers(0, rows), rng.integers(0, columns)
        out[n, top : top + h, left : left + w] = image[top : top + h, left : left + w]
    return out


def flipped_too(images, size, rng):
    return flip(crop_by(anywhere)(images, size, rng), rng)


def turned_pieces(images, size, rng):
    return crop_by(anywhere)(images, size, rng)[:, ::-1].copy()


def one_pixel_less(images, size, rng):
    return crop_by(anywhere)(images, size, rng)[:, :-1, :-1].copy()


def one_pixel_more(images, size, rng):
    images = np.asarray(images)
    rows, columns = pair(size)
    return crop_by(anywhere)(images, (min(rows + 1, images.shape[1]), min(columns + 1, images.shape[2])), rng)


def cut_away(images, size, rng):
    """``size`` read as what is taken away."""
    images, (h, w) = np.asarray(images), pair(size)
    left_over = max(images.shape[1] - h, 1), max(images.shape[2] - w, 1)
    return crop_by(anywhere)(images, left_over, rng)


def first_image_repeated(images, size, rng):
    images = np.asarray(images)
    return crop_by(anywhere)(np.repeat(images[:1], len(images), axis=0), size, rng)


def cut_to_whole_numbers(images, size, rng):
    return crop_by(anywhere)(images, size, rng).astype(int)


def scaled_pieces(images, size, rng):
    return crop_by(anywhere)(images, size, rng) / 255


CROP_MISCONCEPTIONS = misconceptions(
    (
        "last place left out",
        crop_by(last_excluded),
        "Your pieces never reach the last row and column. An axis of n pixels has n − f + 1 places for a piece of f, "
        "and `rng.integers(0, m)` leaves m out. Where there is one place only, it finds nothing to draw from.",
    ),
    (
        "last place left out where there are two",
        crop_by(last_excluded_where_there_are_two),
        "Your pieces never reach the last row and column. An axis of n pixels has n − f + 1 places for a piece of f, "
        "and `rng.integers(0, m)` leaves m out.",
    ),
    (
        "last row left out",
        crop_by(last_row_excluded),
        "Your pieces never reach the last row. An axis of n pixels has n − f + 1 places for a piece of f. Your columns "
        "are right already.",
    ),
    (
        "last column left out",
        crop_by(last_column_excluded),
        "Your pieces never reach the last column. An axis of n pixels has n − f + 1 places for a piece of f. Your rows "
        "are right already.",
    ),
    (
        "first place left out",
        crop_by(first_excluded),
        "Your pieces never begin at row 0 or column 0. Places are counted from 0, as Python counts.",
    ),
    (
        "one place for the whole batch",
        crop_by(lambda rng, count, rows, columns: anywhere(rng, 1, rows, columns)),
        "All pieces of a batch are cut out at the same place. Each image has a place of its own: draw as many offsets "
        "as there are images.",
    ),
    (
        "one row for the whole batch",
        crop_by(rows_drawn_for_all),
        "All pieces of a batch begin at the same row. Each image has a row of its own, as it has a column.",
    ),
    (
        "one column for the whole batch",
        crop_by(columns_drawn_for_all),
        "All pieces of a batch begin at the same column. Each image has a column of its own, as it has a row.",
    ),
    (
        "one offset for rows and columns",
        crop_by(one_offset_for_both),
        "Row and column of a piece are always equal, so that pieces lie along the diagonal only. Draw two numbers for "
        "each image.",
    ),
    (
        "one random number for rows and columns",
        crop_by(one_number_for_both),
        "Row and column come from one random number, so that pieces lie along the diagonal only. Draw two numbers for "
        "each image.",
    ),
    (
        "the middle, always",
        crop_by(lambda rng, count, rows, columns: ((rows - 1) // 2, (columns - 1) // 2)),
        "Your pieces always come from the middle. That is what is done when predicting; here the place is random.",
    ),
    (
        "the top left corner, always",
        crop_by(lambda rng, count, rows, columns: (0, 0)),
        "Your pieces always come from the top left corner. The place is random.",
    ),
    (
        "corners only",
        crop_by(at_corners),
        "Your pieces come from the corners of the images only. Every place in between is as good.",
    ),
    (
        "rounded to the nearest place",
        crop_by(rounded_ends),
        "The first and the last place come up half as often as the others: rounding gives them half the room. "
        "`rng.integers` draws whole numbers, each as likely as any other.",
    ),
    (
        "places near the middle more often",
        crop_by(near_the_middle),
        "Places near the middle come up more often than those at the border. Every place is as likely as any other.",
    ),
    (
        "rows and columns of the size exchanged",
        size_turned,
        "The size is read as (columns, rows). It is (rows, columns), as everywhere in this course.",
    ),
    (
        "square pieces only: the rows",
        size_of(0),
        "Your pieces have as many columns as rows, whatever is asked for. A pair says (rows, columns).",
    ),
    (
        "square pieces only: the columns",
        size_of(1),
        "Your pieces have as many rows as columns, whatever is asked for. A pair says (rows, columns).",
    ),
    (
        "a pair not understood",
        whole_numbers_only,
        "Your function takes one number for the size, and stops at a pair (rows, columns). Both are asked for.",
    ),
    (
        "one number not understood",
        pairs_only,
        "Your function takes a pair for the size, and stops at one number, which stands for a square. Both are asked "
        "for.",
    ),
    (
        "the rows' room for both",
        room_of(0),
        "Rows and columns are both drawn from the places that the *rows* have. Where the image, or the piece, is not "
        "square, columns have another number of places.",
    ),
    (
        "the columns' room for both",
        room_of(1),
        "Rows and columns are both drawn from the places that the *columns* have. Where the image, or the piece, is "
        "not square, rows have another number of places.",
    ),
    (
        "over the border",
        without_regard_to_the_border,
        "Your pieces begin anywhere in the image and run over its border, where there is nothing. A piece of f has n − "
        "f + 1 places on an axis of n.",
    ),
    (
        "around the border",
        around_the_border,
        "Your pieces go on at the opposite side of the image. A piece of f has n − f + 1 places on an axis of n.",
    ),
    (
        "padded first",
        padded_first,
        "You put zeros around the images first. That is another augmentation; here pieces are cut out of the images as "
        "they are.",
    ),
    (
        "made smaller instead of cut",
        made_smaller,
        "Your pieces are the whole image made smaller: rows and columns are skipped. A piece is a window of the image, "
        "its pixels side by side.",
    ),
    (
        "rows and columns from anywhere",
        pixels_anywhere,
        "Your rows and columns are drawn one by one and do not lie side by side. Draw where the piece *begins*.",
    ),
    (
        "out of any image",
        of_any_image,
        "Your n-th piece does not come from the n-th image. Labels would not fit any more.",
    ),
    (
        "out of the first image",
        first_image_repeated,
        "All your pieces come from the first image. The n-th piece comes from the n-th image.",
    ),
    (
        "channels cut apart",
        channels_cut_apart,
        "Each channel is cut at a place of its own, so that red and blue no longer lie on each other. One place for "
        "each image.",
    ),
    (
        "channels reversed",
        channels_reversed,
        "Your channels come back in reverse order. They are not touched by a crop.",
    ),
    (
        "pieces turned upside down",
        turned_pieces,
        "Your pieces stand on their heads. Cutting does not turn them.",
    ),
    (
        "flipped as well",
        flipped_too,
        "Some of your pieces are mirrored as well. That is `random_flip`'s task; here pieces are cut out as they are.",
    ),
    (
        "the rest made black",
        rest_blackened,
        "Your images keep their size, and what is not in the piece is black. The piece alone is asked for.",
    ),
    (
        "one pixel less",
        one_pixel_less,
        "Your pieces have a row and a column too few. A slice leaves its end out by itself: `top : top + rows`.",
    ),
    (
        "one pixel more",
        one_pixel_more,
        "Your pieces have a row and a column too many.",
    ),
    (
        "size of what is cut away",
        cut_away,
        "You take `size` rows and columns away. `size` says how large the piece is.",
    ),
    (
        "from NumPy's own generator",
        crop_by(crop_from_global),
        f"You draw from `np.random`, which everybody shares, and not from `rng`. {ONLY_FROM_RNG}",
    ),
    (
        "from another generator",
        crop_by(other_source(np.random.default_rng)),
        f"Your random numbers come from a generator of their own, not from `rng`. {ONLY_FROM_RNG}",
    ),
    (
        "the same numbers every time",
        crop_by(other_source(lambda: np.random.default_rng(0))),
        "Each call cuts at the same places: your function makes itself a generator with a fixed seed. Draw from `rng`, "
        "which goes on from call to call.",
    ),
    (
        "NumPy's generator seeded",
        crop_by(crop_seeding_numpy),
        "Your function seeds NumPy's own generator, so that each call cuts at the same places, and whoever else draws "
        "from it gets the same numbers again and again. Draw from `rng`.",
    ),
    (
        "fractions cut off",
        cut_to_whole_numbers,
        "Your pieces hold whole numbers: what comes after the point is lost. Cutting changes no number.",
    ),
    (
        "scaled to 0 to 1",
        scaled_pieces,
        "Your numbers are divided by 255. Cutting changes no number.",
    ),
)

# -- the ways people get the model wrong -----------------------------------------------------------------------------


def network_with(
    filters=(96, 256, 384, 384, 256),
    kernels=(11, 5, 3, 3, 3),
    step=4,
    paddings=("valid", "same", "same", "same", "same"),
    pooled=(0, 1, 4),
    pool="MaxPooling2D",
    pool_arguments=(3, 2),
    units=(4096, 4096),
    dropouts=(0.5, 0.5),
    inside="relu",
    in_dense="",
    last="softmax",
    begin="he_normal",
    begin_last="glorot_uniform",
    flatten="Flatten",
    use_bias=True,
    groups=(1, 1, 1, 1, 1),
    behind_conv=None,
    first=None,
    shape_of=lambda shape: shape,
    classes_of=lambda classes: classes,
):
    """AlexNet with one thing changed."""

    def wrong(input_shape, num_classes):
        from keras import Input, Sequential, layers

        made = [Input(shape_of(tuple(input_shape)))]
        if first:
            made.append(first(layers))
        for k in range(5):
            made.append(
                layers.Conv2D(
                    filters[k],
                    kernels[k],
                    strides=step if k == 0 else 1,
                    padding=paddings[k],
                    groups=groups[k],
                    activation=inside,
                    use_bias=use_bias,
                    kernel_initializer=begin,
                )
            )
            if behind_conv:
                made += behind_conv(layers, k)
            if k in pooled:
                made.append(getattr(layers, pool)(*pool_arguments))
        if flatten:
            made.append(getattr(layers, flatten)())
        for n, rate in zip(units, dropouts, strict=False):
            activation = in_dense if in_dense != "" else inside
            made.append(layers.Dense(n, activation=activation, use_bias=use_bias, kernel_initializer=begin))
            if rate is not None:
                made.append(layers.Dropout(rate))
        classes = classes_of(num_classes)
        made.append(layers.Dense(classes, activation=last, use_bias=use_bias, kernel_initializer=begin_last))
        return Sequential(made)

    return wrong


def dropout_behind_the_last(input_shape, num_classes):
    from keras import Sequential, layers

    return Sequential([*network(input_shape, num_classes).layers, layers.Dropout(0.5)])


def dropout_before(input_shape, num_classes):
    from keras import Input, Sequential

    right = network(input_shape, num_classes).layers
    conv, (fc6, drop6, fc7, drop7, fc8) = right[:-5], right[-5:]
    return Sequential([Input(input_shape), *conv, drop6, fc6, drop7, fc7, fc8])


def of_the_tower(layers, k):
    return [layers.BatchNormalization()]


MODEL_MISCONCEPTIONS = misconceptions(
    (
        "ReLU forgotten",
        network_with(inside=None),
        "Your layers have no activation. Without a ReLU between them all of AlexNet's layers are one linear function.",
    ),
    (
        "ReLU forgotten in the convolutions",
        network_with(inside=None, in_dense="relu"),
        "Your convolutions have no activation: a ReLU belongs behind each of them, as behind the first two dense "
        "layers.",
    ),
    (
        "ReLU forgotten in the dense layers",
        network_with(in_dense=None),
        "The two dense layers with 4096 units have no activation: without a ReLU between them they are one.",
    ),
    (
        "softmax forgotten",
        network_with(last=None),
        "The last layer gives scores. A softmax makes probabilities of them.",
    ),
    (
        "sigmoid at the end",
        network_with(last="sigmoid"),
        "A sigmoid gives each class a probability of its own, and they do not add up to 1. A picture has one class: "
        "softmax.",
    ),
    (
        "ReLU at the end",
        network_with(last="relu"),
        "The last layer has a ReLU. It is to give probabilities: softmax.",
    ),
    (
        "tanh instead of ReLU",
        network_with(inside="tanh"),
        "Your activations are tanh, what networks had before AlexNet. The paper's first point is the ReLU, with which "
        "it learnt six times as fast.",
    ),
    (
        "sigmoid instead of ReLU",
        network_with(inside="sigmoid"),
        "Your activations are sigmoids. The paper's first point is the ReLU, with which deep networks learn faster.",
    ),
    (
        "poolings of 2 × 2",
        network_with(pool_arguments=(2, 2)),
        "Your pooling windows are 2 × 2. AlexNet's are 3 × 3 and move by 2, so that they overlap. The shapes are the "
        "same, which is why it is easily missed.",
    ),
    (
        "step of the poolings forgotten",
        network_with(pool_arguments=(3,)),
        "Your poolings move by 3: in Keras the step is the window where none is given. AlexNet's move by 2.",
    ),
    (
        "poolings padded",
        network_with(pool_arguments=(3, 2, "same")),
        'Your poolings pad ("same"). AlexNet\'s do not.',
    ),
    (
        "mean instead of maximum",
        network_with(pool="AveragePooling2D"),
        "Your poolings average. AlexNet's take the maximum.",
    ),
    (
        "padding forgotten",
        network_with(paddings=("valid",) * 5),
        'Keras does not pad unless it is told to. conv2 to conv5 have padding="same".',
    ),
    (
        "conv1 padded",
        network_with(paddings=("same",) * 5),
        'Your conv1 pads. It is the one convolution of AlexNet that does not (padding="valid").',
    ),
    (
        "step of conv1 forgotten",
        network_with(step=1),
        "Your conv1 moves by one pixel at a time. Its steps are of 4.",
    ),
    (
        "conv1 in steps of 2",
        network_with(step=2),
        "Your conv1 moves by two pixels at a time. Its steps are of 4.",
    ),
    (
        "Glorot's initial weights",
        network_with(begin="glorot_uniform"),
        "Your layers begin as Keras has it (glorot_uniform). For layers with a ReLU he_normal is asked for: "
        '`kernel_initializer="he_normal"`.',
    ),
    (
        "Glorot's initial weights in the dense layers",
        lambda *args: _begun(args, lambda layer, k: "glorot_uniform" if k >= 5 else "he_normal"),
        "Your dense layers begin as Keras has it. Those with a ReLU are to begin with he_normal, as the convolutions "
        "do.",
    ),
    (
        "he_normal in the last layer too",
        network_with(begin_last="he_normal"),
        "The last layer begins with he_normal as well. That is meant for a ReLU, and the last one has a softmax: leave "
        "it as Keras has it.",
    ),
    (
        "he_uniform",
        network_with(begin="he_uniform"),
        "Your layers begin with he_uniform. he_normal is asked for.",
    ),
    (
        "the paper's initial weights",
        network_with(begin="random_normal", begin_last="random_normal"),
        "Your layers begin with a normal distribution of fixed width, as the paper's did. The modern form has "
        "he_normal, and in the last layer what Keras has.",
    ),
    (
        "dropout forgotten",
        network_with(dropouts=(None, None)),
        "Dropout is missing behind the two dense layers with 4096 units. The paper needed it against overfitting.",
    ),
    (
        "one dropout missing",
        network_with(dropouts=(0.5, None)),
        "Dropout is missing behind the second dense layer with 4096 units.",
    ),
    (
        "first dropout missing",
        network_with(dropouts=(None, 0.5)),
        "Dropout is missing behind the first dense layer with 4096 units.",
    ),
    (
        "another rate of dropout",
        network_with(dropouts=(0.25, 0.25)),
        "Your dropout drops a quarter. AlexNet's drops one half.",
    ),
    (
        "dropout before the dense layers",
        dropout_before,
        "Your dropouts stand before the dense layers. Here each stands behind one: Dense, Dropout, Dense, Dropout.",
    ),
    (
        "dropout at the end",
        dropout_behind_the_last,
        "There is a dropout behind the last layer: it would set probabilities to 0.",
    ),
    (
        "input shape not used",
        network_with(shape_of=lambda shape: (227, 227, 3)),
        "Your model reads 227 × 227 × 3 whatever `input_shape` says.",
    ),
    (
        "rows and columns of the input exchanged",
        network_with(shape_of=lambda shape: (shape[1], shape[0], shape[2])),
        "Your model reads images of (columns, rows, channels). `input_shape` is (rows, columns, channels), as it is.",
    ),
    (
        "number of classes not used",
        network_with(classes_of=lambda classes: 1000),
        "Your last layer has 1000 units whatever `num_classes` says.",
    ),
    (
        "dense layers too narrow",
        network_with(units=(1024, 1024)),
        "Your dense layers have 1024 units. AlexNet's have 4096.",
    ),
    (
        "one dense layer missing",
        network_with(units=(4096,)),
        "There are two dense layers with 4096 units before the last one.",
    ),
    (
        "flattening forgotten",
        network_with(flatten=None),
        "Your dense layers work on every pixel by itself, since nothing flattens the feature maps before them.",
    ),
    (
        "averaged instead of flattened",
        network_with(flatten="GlobalAveragePooling2D"),
        "You average each feature map into one number, as later networks do. AlexNet flattens: that is where its 38 "
        "million weights of fc6 are.",
    ),
    (
        "last pooling missing",
        network_with(pooled=(0, 1)),
        "There is a pooling behind the fifth convolution as well.",
    ),
    (
        "pooling behind every convolution",
        network_with(pooled=(0, 1, 2, 3, 4), pool_arguments=(3, 2, "same")),
        "You pool behind every convolution. The third, fourth and fifth follow each other with nothing in between.",
    ),
    (
        "batch normalisation added",
        network_with(behind_conv=of_the_tower),
        "Your convolutions are followed by batch normalisation, which is three years younger than AlexNet. It is not "
        "asked for here.",
    ),
    (
        "dropout behind the convolutions",
        network_with(behind_conv=lambda layers, k: [layers.Dropout(0.5)] if k == 4 else []),
        "There is a dropout behind the convolutions too. AlexNet has it in the dense layers only, where the parameters "
        "are.",
    ),
    (
        "pixels rescaled",
        network_with(first=lambda layers: layers.Rescaling(1 / 255)),
        "Your model divides the pixels by 255 first. That may be useful, and is no layer of AlexNet's.",
    ),
    (
        "two halves",
        network_with(groups=(1, 2, 1, 2, 2)),
        "Some of your convolutions have `groups=2`, the split over two GPUs. The modern form is not split.",
    ),
    (
        "half of the feature maps",
        network_with(filters=(48, 128, 192, 192, 128), units=(2048, 2048)),
        "This is one of the paper's two GPUs alone. Put the halves together: 96, 256, 384, 384 and 256 filters.",
    ),
    (
        "the later, slimmer version",
        network_with(filters=(64, 192, 384, 256, 256)),
        "64, 192, 384, 256 and 256 filters are those of a later paper's version, which libraries ship under the same "
        "name. Here it is 96, 256, 384, 384 and 256.",
    ),
    (
        "every kernel 3 × 3",
        network_with(kernels=(3,) * 5),
        "All your kernels are 3 × 3. The first is 11 × 11, the second 5 × 5.",
    ),
    (
        "conv2 with a kernel of 3 × 3",
        network_with(kernels=(11, 3, 3, 3, 3)),
        "Your conv2 has a kernel of 3 × 3. It is 5 × 5.",
    ),
    (
        "conv4 and conv5 exchanged",
        network_with(filters=(96, 256, 384, 256, 384)),
        "conv4 has 384 filters and conv5 has 256; yours have each other's.",
    ),
    (
        "biases left out",
        network_with(use_bias=False),
        "Your layers have no biases (`use_bias=False`). AlexNet's have them, as Keras's do where nothing is said.",
    ),
)


def _begun(args, initializer):
    """The right network with other initial weights; k counts convolutions and dense layers."""
    from keras import Input, Sequential, layers

    made, k = [Input(args[0])], 0
    for layer in network(*args).layers:
        config = layer.get_config()
        if isinstance(layer, (layers.Conv2D, layers.Dense)):
            if config["activation"] == "relu":
                config["kernel_initializer"] = initializer(layer, k)
            k += 1
        made.append(type(layer).from_config(config))
    return Sequential(made)


# -- right solutions in other styles ---------------------------------------------------------------------------------


def shapes_in_lists():
    return [list(shape) for shape in shapes()]


def shapes_in_tuples():
    return tuple(tuple(np.int64(n) for n in shape) for shape in shapes())


def shapes_in_arrays():
    return [np.array(shape) for shape in shapes()]


def shapes_walked():
    return [shape for _, shape, _, _ in walk()]


def shapes_by_formula():
    def places(n, f, p=0, s=1):
        return math.floor((n + 2 * p - f) / s) + 1

    made, n = [(227, 227, 3)], 227
    plan = [(96, 11, 0, 4), (0, 3, 0, 2), (256, 5, 2, 1), (0, 3, 0, 2)]
    plan += [(384, 3, 1, 1), (384, 3, 1, 1), (256, 3, 1, 1), (0, 3, 0, 2)]
    for filters, f, p, s in plan:
        n = places(n, f, p, s)
        made.append((n, n, filters or made[-1][2]))
    return [*made, (4096,), (4096,), (1000,)]


def params_as_array():
    return np.array(params())


def params_as_floats():
    return tuple(float(count) for count in params())


def params_as_numpy():
    return [np.int64(count) for count in params()]


def params_from_shapes():
    made, before = [], shapes()[0]
    kernels = {1: 11, 3: 5, 5: 3, 6: 3, 7: 3}
    for k, shape in enumerate(shapes()[1:], start=1):
        if k in kernels:
            made.append((kernels[k] ** 2 * before[-1] + 1) * shape[-1])
        elif len(shape) == 1:
            made.append((int(np.prod(before)) + 1) * shape[0])
        else:
            made.append(0)
        before = shape
    return made


def axes_accepted(order, moving):
    """Transpositions; ``moving`` is (from, to) for ``np.moveaxis``."""
    letters = "wxyz"
    into = "".join(letters[axis] for axis in order)

    def by_loops(array):
        out = np.empty([array.shape[axis] for axis in order])
        for index in np.ndindex(out.shape):
            source = [0] * 4
            for axis, position in zip(order, index, strict=True):
                source[axis] = position
            out[index] = array[tuple(source)]
        return out

    def by_swapping(array):
        axes = list(range(4))
        for k, axis in enumerate(order):
            at = axes.index(axis)
            array = np.swapaxes(array, k, at)
            axes[k], axes[at] = axes[at], axes[k]
        return array.copy()

    def by_strides(array):
        strides = [array.strides[axis] for axis in order]
        return np.lib.stride_tricks.as_strided(array, [array.shape[axis] for axis in order], strides)

    return (
        lambda array: np.transpose(array, order),
        lambda array: np.ascontiguousarray(array.transpose(*order)).astype(np.float32),
        lambda array: np.einsum(f"{letters}->{into}", array),
        lambda array: np.moveaxis(array, *moving),
        by_loops,
        by_swapping,
        by_strides,
    )


def norm_by_windows(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images, np.float32)
    radius = size // 2
    padded = np.pad(x**2, ((0, 0), (0, 0), (0, 0), (radius, radius)))
    return x / (k + alpha * sliding_window_view(padded, size, axis=3).sum(axis=-1)) ** beta


def norm_by_differences(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    """Sums of windows as differences of sums from the start."""
    x = np.asarray(images, float)
    sums = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(x**2, axis=-1)], axis=-1)
    c = np.arange(x.shape[-1])
    last, first = np.minimum(c + size // 2 + 1, x.shape[-1]), np.maximum(c - size // 2, 0)
    return x * (k + alpha * (sums[..., last] - sums[..., first])) ** -float(beta)


def norm_by_matrix(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    """A band of ones says who is whose neighbour."""
    x = np.asarray(images, float)
    c = np.arange(x.shape[-1])
    band = (np.abs(c[:, None] - c) <= size // 2).astype(float)
    return x / np.power(k + alpha * (np.square(x) @ band), beta)


def norm_by_five_loops(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    out = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(images.shape):
        total = 0.0
        for d in range(c - size // 2, c + size // 2 + 1):
            if 0 <= d < images.shape[3]:
                total += float(images[n, i, j, d]) ** 2
        out[n, i, j, c] = float(images[n, i, j, c]) / (k + alpha * total) ** beta
    return out


def norm_by_convolving(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images, float)
    channels, radius = x.shape[-1], size // 2
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape[:-1]):
        total = np.convolve(x[index] ** 2, np.ones(size))[radius : radius + channels]
        out[index] = x[index] * np.exp(-beta * np.log(k + alpha * total))
    return out


def norm_by_rolling(images, size=5, k=2.0, alpha=1e-4, beta=0.75):
    x = np.asarray(images).astype("float64")
    roomy = np.zeros((*x.shape[:-1], x.shape[-1] + 2 * size))
    roomy[..., size:-size] = x**2
    total = sum(np.roll(roomy, shift, axis=-1) for shift in range(-(size // 2), size // 2 + 1))
    return x / (k + alpha * total[..., size:-size]) ** beta


def flip_by_where(images, rng):
    return np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images[:, :, ::-1, :], images)


def flip_by_mask(images, rng):
    out = images.copy()
    mask = rng.integers(0, 2, size=images.shape[0]).astype(bool)
    out[mask] = out[mask, :, ::-1]
    return out


def flip_by_stacking(images, rng):
    return np.stack([np.fliplr(image) if rng.choice([True, False]) else image for image in images])


def flip_by_take(images, rng):
    """Column j of a flipped image is column W − 1 − j."""
    width = images.shape[2]
    columns = np.where(rng.random(len(images))[:, None] >= 0.5, np.arange(width), np.arange(width)[::-1])
    return np.take_along_axis(images, columns[:, None, :, None], axis=2).astype(np.float64)


def flip_by_pixels(images, rng):
    out = np.empty(images.shape, dtype=np.float32)
    count, _, width, _ = images.shape
    for n in range(count):
        turned = rng.binomial(1, 0.5)
        for j in range(width):
            out[n, :, j] = images[n, :, width - 1 - j if turned else j]
    return out


def flip_by_normals(images, rng):
    out = np.array(images)
    for n in np.flatnonzero(rng.standard_normal(len(images)) > 0):
        out[n] = np.flip(images[n], axis=1)
    return out


def crop_by_indices(images, size, rng):
    height, width = pair(size)
    count = len(images)
    top = rng.integers(images.shape[1] - height + 1, size=count)
    left = rng.integers(images.shape[2] - width + 1, size=count)
    rows = top[:, None, None] + np.arange(height)[:, None]
    columns = left[:, None, None] + np.arange(width)
    return images[np.arange(count)[:, None, None], rows, columns]


def crop_by_windows(images, size, rng):
    windows = sliding_window_view(images, pair(size), axis=(1, 2))  # N × places × places × C × h × w
    count, rows, columns = windows.shape[:3]
    at = rng.integers(0, rows * columns, count)
    return windows[np.arange(count), at // columns, at % columns].transpose(0, 2, 3, 1).copy()


def crop_by_floats(images, size, rng):
    h, w = (size, size) if isinstance(size, int) else size
    out = np.zeros((images.shape[0], h, w, images.shape[3]))
    for n in range(images.shape[0]):
        top = int(rng.random() * (images.shape[1] - h + 1))
        left = int(np.floor(rng.uniform(0, images.shape[2] - w + 1)))
        out[n] = images[n, top : top + h, left : left + w, :]
    return out


def crop_inclusive(images, size, rng):
    if not isinstance(size, tuple):
        size = (size, size)
    room = np.subtract(images.shape[1:3], size)
    offsets_drawn = rng.integers([0, 0], room, size=(len(images), 2), endpoint=True)
    return np.array(
        [image[t : t + size[0], s : s + size[1]] for image, (t, s) in zip(images, offsets_drawn, strict=True)]
    ).astype("float32")


def crop_by_choice(images, size, rng):
    h, w = pair(size)
    made = []
    for image in images:
        top = rng.choice(image.shape[0] - h + 1)
        left = rng.choice(np.arange(image.shape[1] - w + 1))
        made.append(image[top:, left:][:h, :w])
    return np.stack(made)


def crop_by_rolling(images, size, rng):
    h, w = pair(size)
    rows, columns = images.shape[1] - h + 1, images.shape[2] - w + 1
    made = [np.roll(image, (-rng.integers(rows), -rng.integers(columns)), axis=(0, 1))[:h, :w] for image in images]
    return np.stack(made)


def accuracy_by_rank(probabilities, labels, k=5):
    own = probabilities[np.arange(len(labels)), labels]
    return np.mean((probabilities > own[:, None]).sum(axis=1) < k)


def accuracy_by_sorting(probabilities, labels, k=5):
    order = np.argsort(-probabilities, axis=1)[:, :k]
    return (order == np.asarray(labels)[:, None]).any(axis=1).mean()


def accuracy_by_partition(probabilities, labels, k=5):
    order = np.argpartition(probabilities, -k, axis=1)[:, -k:]
    return float(sum(label in row for label, row in zip(labels, order, strict=True))) / labels.shape[0]


def accuracy_by_threshold(probabilities, labels, k=5):
    lowest = np.sort(probabilities, axis=1)[:, ::-1][:, k - 1]
    return np.float32(np.count_nonzero(probabilities[range(len(labels)), labels] >= lowest) / len(labels))


def accuracy_by_removing(probabilities, labels, k=5):
    left, hits = np.array(probabilities, dtype=float), 0
    for _ in range(k):
        winners = left.argmax(axis=1)
        hits += np.sum(winners == labels)
        left[np.arange(len(left)), winners] = -np.inf
    return hits / len(left)


def accuracy_by_two_sorts(probabilities, labels, k=5):
    ranks = np.argsort(np.argsort(probabilities, axis=-1), axis=-1)
    classes = probabilities.shape[1]
    return np.array([ranks[n, label] >= classes - k for n, label in enumerate(labels)]).mean()


def functional(input_shape, num_classes):
    import keras
    from keras import layers

    he = keras.initializers.HeNormal(seed=1)
    inputs = x = keras.Input(shape=input_shape, name="picture")
    x = layers.Conv2D(96, (11, 11), strides=(4, 4), kernel_initializer=he)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPool2D((3, 3), (2, 2))(x)
    for filters, kernel, pooled in ((256, 5, True), (384, 3, False), (384, 3, False), (256, 3, True)):
        x = layers.Conv2D(filters, kernel, padding="same", kernel_initializer=he)(x)
        x = layers.Activation("relu")(x)
        if pooled:
            x = layers.MaxPooling2D(pool_size=3, strides=2)(x)
    x = layers.Reshape((-1,))(x)
    for _ in range(2):
        x = layers.Dense(4096, kernel_initializer=he)(x)
        x = layers.ReLU()(x)
        x = layers.Dropout(rate=0.5)(x)
    x = layers.Dense(num_classes)(x)
    return keras.Model(inputs, layers.Softmax()(x))


def by_ops(input_shape, num_classes):
    import keras
    from keras import layers, ops

    inputs = x = keras.Input(input_shape)
    for filters, kernel, strides, padding, pooled in (
        (96, 11, 4, "valid", True),
        (256, 5, 1, "same", True),
        (384, 3, 1, "same", False),
        (384, 3, 1, "same", False),
        (256, 3, 1, "same", True),
    ):
        x = ops.relu(layers.Conv2D(filters, kernel, strides, padding, kernel_initializer="he_normal")(x))
        if pooled:
            x = layers.MaxPooling2D(3, 2, padding="valid")(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(0.5)(keras.activations.relu(layers.Dense(4096, kernel_initializer="HeNormal")(x)))
    return keras.Model(inputs, ops.softmax(layers.Dense(num_classes)(x)))


def step_by_step(input_shape, num_classes):
    import keras

    he = keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal")
    options = {"activation": keras.activations.relu, "kernel_initializer": he}
    model = keras.models.Sequential(name="alexnet")
    model.add(keras.layers.Conv2D(96, 11, 4, input_shape=input_shape, **options))
    model.add(keras.layers.MaxPooling2D(3, 2))
    model.add(keras.layers.Conv2D(256, 5, padding="same", **options))
    model.add(keras.layers.MaxPooling2D(3, 2))
    for filters in (384, 384, 256):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", **options))
    model.add(keras.layers.MaxPooling2D(3, 2))
    model.add(keras.layers.Flatten())
    for _ in range(2):
        model.add(keras.layers.Dense(4096, **options))
        model.add(keras.layers.Dropout(0.5, seed=7))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    return model


def in_blocks(input_shape, num_classes):
    from keras import Input, Sequential, layers

    def conv(*args, **kwargs):
        return layers.Conv2D(*args, activation="relu", kernel_initializer="he_normal", **kwargs)

    features = Sequential(
        [
            conv(96, 11, strides=4),
            layers.MaxPooling2D(3, 2),
            conv(256, 5, padding="same"),
            layers.MaxPooling2D(3, 2),
            *(conv(filters, 3, padding="same") for filters in (384, 384, 256)),
            layers.MaxPooling2D(3, 2),
        ]
    )
    head = Sequential()
    head.add(layers.Flatten())
    for _ in range(2):
        head.add(layers.Dense(4096, "relu", kernel_initializer="he_normal"))
        head.add(layers.Dropout(0.5))
    head.add(layers.Dense(num_classes, "softmax"))
    return Sequential([Input(input_shape), features, head])


def subclass(input_shape, num_classes):
    import keras
    from keras import layers

    class AlexNet(keras.Model):
        def __init__(self):
            super().__init__()
            he = {"kernel_initializer": "he_normal"}
            self.convolutions = [
                layers.Conv2D(96, 11, 4, **he),
                layers.Conv2D(256, 5, padding="same", **he),
                *(layers.Conv2D(filters, 3, padding="same", **he) for filters in (384, 384, 256)),
            ]
            self.pool = layers.MaxPooling2D(3, strides=2)  # nothing in it is learnt: one serves all three places
            self.flatten = layers.Flatten()
            self.hidden = [layers.Dense(4096, activation="relu", **he) for _ in range(2)]
            self.drop = layers.Dropout(0.5)
            self.classify = layers.Dense(num_classes, activation="softmax")

        def call(self, x, training=False):
            for k, convolution in enumerate(self.convolutions):
                x = keras.ops.relu(convolution(x))
                if k in (0, 1, 4):
                    x = self.pool(x)
            x = self.flatten(x)
            for dense in self.hidden:
                x = self.drop(dense(x), training=training)
            return self.classify(x)

    return AlexNet()


TASKS = (
    Task(
        ASSIGNMENT,
        "alexnet_shapes",
        "alexnet_shapes()",
        shapes,
        shape_cases,
        SHAPE_MISCONCEPTIONS,
        read="alexnet-alexnet-shapes",
        may_use=("cnncourse.shapes.output_size", "cnncourse.shapes.same_padding"),
        accepted=(shapes_in_lists, shapes_in_tuples, shapes_in_arrays, shapes_walked, shapes_by_formula),
        result="table",
    ),
    Task(
        ASSIGNMENT,
        "alexnet_params",
        "alexnet_params()",
        params,
        param_cases,
        PARAM_MISCONCEPTIONS,
        read="alexnet-alexnet-params",
        helpers=("alexnet_shapes",),
        may_use=(
            "cnncourse.convolution.conv2d_params",
            "cnncourse.shapes.output_size",
            "cnncourse.shapes.same_padding",
        ),
        accepted=(params_as_array, params_as_floats, params_as_numpy, params_from_shapes, params_of()),
        result="table",
    ),
    Task(
        ASSIGNMENT,
        "to_channels_first",
        "to_channels_first(images)",
        to_first,
        first_cases,
        FIRST_MISCONCEPTIONS,
        read="alexnet-to-channels-first",
        helpers=("to_channels_last",),
        accepted=axes_accepted(TO_FIRST, (3, 1)),
        explain=explain_axes(TO_FIRST, "NHWC"),
        shape="It is (images, channels, rows, columns).",
        may_share=lambda *args: True,
    ),
    Task(
        ASSIGNMENT,
        "to_channels_last",
        "to_channels_last(images)",
        to_last,
        last_cases,
        LAST_MISCONCEPTIONS,
        read="alexnet-to-channels-last",
        helpers=("to_channels_first",),
        accepted=axes_accepted(TO_LAST, (1, 3)),
        explain=explain_axes(TO_LAST, "NCHW"),
        shape="It is (images, rows, columns, channels).",
        may_share=lambda *args: True,
    ),
    Task(
        ASSIGNMENT,
        "kernels_to_channels_first",
        "kernels_to_channels_first(kernels)",
        kernels_to_first,
        kernel_cases,
        KERNEL_MISCONCEPTIONS,
        read="alexnet-kernels-to-channels-first",
        helpers=("to_channels_first", "to_channels_last"),
        accepted=axes_accepted(KERNELS_TO_FIRST, ((3, 2), (0, 1))),
        explain=explain_axes_of_kernels,
        shape="It is (filters, channels, rows of a kernel, columns of a kernel).",
        may_share=lambda *args: True,
    ),
    Task(
        ASSIGNMENT,
        "local_response_norm",
        "local_response_norm(images, size=5, k=2.0, alpha=1e-4, beta=0.75)",
        normalised,
        norm_cases,
        NORM_MISCONCEPTIONS,
        read="alexnet-local-response-norm",
        accepted=(
            norm_by_windows,
            norm_by_differences,
            norm_by_matrix,
            norm_by_five_loops,
            norm_by_convolving,
            norm_by_rolling,
        ),
        explain=explain_norm,
        shape="It is the images' own shape.",
        keywords=("size", "k", "alpha", "beta"),
    ),
    Task(
        ASSIGNMENT,
        "random_flip",
        "random_flip(images, rng)",
        flip,
        flip_cases,
        FLIP_MISCONCEPTIONS,
        read="alexnet-random-flip",
        accepted=(
            flip_by_where,
            flip_by_mask,
            flip_by_stacking,
            flip_by_take,
            flip_by_pixels,
            flip_by_normals,
        ),
        shape="It is the images' own shape.",
        seconds=20,
    ),
    Task(
        ASSIGNMENT,
        "random_crop",
        "random_crop(images, size, rng)",
        crop,
        crop_cases,
        CROP_MISCONCEPTIONS,
        read="alexnet-random-crop",
        accepted=(
            crop_by_indices,
            crop_by_windows,
            crop_by_floats,
            crop_inclusive,
            crop_by_choice,
            crop_by_rolling,
        ),
        shape="It is (images, rows of a piece, columns of a piece, channels).",
        seconds=20,
    ),
    Task(
        ASSIGNMENT,
        "top_k_accuracy",
        "top_k_accuracy(probabilities, labels, k=5)",
        top_k,
        accuracy_cases,
        ACCURACY_MISCONCEPTIONS,
        read="alexnet-top-k-accuracy",
        accepted=(
            accuracy_by_rank,
            accuracy_by_sorting,
            accuracy_by_partition,
            accuracy_by_threshold,
            accuracy_by_removing,
            accuracy_by_two_sorts,
        ),
        explain=explain_accuracy,
        result="value",
        keywords=("k",),
    ),
    Task(
        ASSIGNMENT,
        "alexnet",
        "alexnet(input_shape, num_classes)",
        network,
        model_cases,
        MODEL_MISCONCEPTIONS,
        read="alexnet-alexnet",
        accepted=(functional, by_ops, step_by_step, in_blocks, subclass),
        result="anything",
        libraries=True,
        imports=("keras",),
        seconds=120,
    ),
)
