"""What right means for the functions of 05-text, and the ways people get them wrong.

The chapter is ``book/text.md``. The references are direct loops, written apart from :mod:`cnncourse.text`; the tests
hold them against Keras.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnncourse.checks.materials import (
    KINDS,
    backwards,
    every_other,
    in_a_sum,
    misconceptions,
    normals,
    number,
    products,
    whole_numbers,
)
from cnncourse.checks.models import compare, input_asked
from cnncourse.checks.task import Case, Panel, Task

ASSIGNMENT = "05-text"

# -- references ------------------------------------------------------------------------------------------------------


def padded(sequences, maxlen, padding="pre", truncating="pre", value=0):
    rows = []
    for sequence in sequences:
        tokens = list(sequence)
        if len(tokens) > maxlen:
            tokens = tokens[len(tokens) - maxlen :] if truncating == "pre" else tokens[:maxlen]
        filling = [value] * (maxlen - len(tokens))
        rows.append(filling + tokens if padding == "pre" else tokens + filling)
    return np.array(rows, float)


def looked_up(tokens, table):
    tokens, table = np.asarray(tokens), np.asarray(table, float)
    out = np.zeros((*tokens.shape, table.shape[1]))
    for place in np.ndindex(tokens.shape):
        out[place] = table[tokens[place]]
    return out


def zeros_around(steps, k, stride, padding):
    """How many zeros stand before and after a sequence, as TensorFlow counts them."""
    if padding == "causal":
        return k - 1, 0
    if padding == "same":
        total = max((-(-steps // stride) - 1) * stride + k - steps, 0)
        return total // 2, total - total // 2
    return 0, 0


def convolution_with(around):
    """A layer along time whose ``around(steps, k, stride, padding)`` says how many zeros stand before and after."""

    def forward(sequences, kernels, bias, stride=1, padding="valid"):
        sequences, kernels, bias = (np.asarray(array, float) for array in (sequences, kernels, bias))
        k, _, filters = kernels.shape
        sequences = np.pad(sequences, ((0, 0), around(sequences.shape[1], k, stride, padding), (0, 0)))
        steps = max((sequences.shape[1] - k) // stride + 1, 0)
        out = np.zeros((len(sequences), steps, filters))
        for n, t, f in np.ndindex(out.shape):
            out[n, t, f] = np.sum(sequences[n, t * stride : t * stride + k] * kernels[:, :, f]) + bias[f]
        return out

    return forward


convolved = convolution_with(zeros_around)


def pooled_by(reduce):
    def forward(sequences, pool, stride=None):
        sequences = np.asarray(sequences, float)
        stride = pool if stride is None else stride
        steps = (sequences.shape[1] - pool) // stride + 1
        return np.stack([reduce(sequences[:, t * stride : t * stride + pool]) for t in range(steps)], axis=1)

    return forward


def largest(window):
    return np.max(window, axis=1)


max_pooled = pooled_by(largest)


def globally_max_pooled(sequences):
    return np.max(np.asarray(sequences, float), axis=1)


def count_params(k, c_in, c_out, use_bias=True):
    return k * c_in * c_out + c_out * bool(use_bias)


# -- cases -----------------------------------------------------------------------------------------------------------


def sentences(rng, *lengths, below=90):
    """Lists of different tokens from 2 on."""
    drawn = iter(rng.permutation(np.arange(2, below))[: sum(lengths)].tolist())
    return [[next(drawn) for _ in range(length)] for length in lengths]


PRE_AND_POST = [(padding, truncating) for padding in ("pre", "post") for truncating in ("pre", "post")]


def padding_cases(rng):
    cases = []

    def add(about, lengths, maxlen, *options):
        cases.append(Case(about, (sentences(rng, *lengths), maxlen, *options)))

    about = "short sequences"
    add(about, (1,), 2)
    add(about, (2, 1), 3)
    add(about, (1, 3, 2), 4)
    add(about, (4, 1), 5, "pre")
    add(about, (7, 3, 5, 8), 12)
    about = 'padding="post"'
    add(about, (1,), 2, "post")
    add(about, (2, 1), 3, "post")
    add(about, (4, 1, 3), 5, "post")
    add(about, (7, 3, 5, 8), 12, "post")
    about = "long sequences"
    add(about, (3,), 2)
    add(about, (4, 5), 3)
    add(about, (7, 4, 9), 2, "pre")
    add(about, (3, 2), 1)
    add(about, (6, 7, 5, 8), 4, "post")
    about = 'truncating="post"'
    add(about, (3,), 2, "pre", "post")
    add(about, (4, 5), 3, "pre", "post")
    add(about, (7, 4, 9), 2, "post", "post")
    add(about, (6, 7, 5, 8), 4, "post", "post")
    about = "short and long sequences together"
    for options in PRE_AND_POST:
        add(about, (1, 3), 2, *options)
        add(about, (5, 2, 3, 1, 7), 3, *options)
    twice = [int(n) for n in rng.integers(2, 9, 7)]
    cases.append(Case(about, ([[*twice, *twice], [*twice[:2], *twice[:2]], [0, 5, 0], [0]], 6)))
    cases.append(Case(about, ([[*twice, 0], [7, 7, 0, 0], [0, 7, 7]], 4, "post", "pre")))
    cases.append(Case(about, (sentences(rng, 2, 4) + [[int(n) for n in rng.integers(70_000, 99_999, 5)]], 3)))
    filler = int(rng.integers(100, 200))
    add(about, (2, 4), 3, "post", "pre", filler)
    add(about, (4, 1), 2, "post", "post", filler)
    cases.append(Case(about, ([[3, 8, 3], [8, 3, 8, 3, 8], [3]], 4, "post", "post", 3)))
    about = "another value than 0"
    add(about, (1,), 2, "pre", "pre", filler)
    add(about, (3, 1), 4, "pre", "pre", -1)
    add(about, (0, 2), 3, "pre", "pre", 5)
    add(about, (2, 3, 1), 5, "pre", "post", 1)
    cases.append(Case(about, ([[0, 5, 0], [5]], 4, "pre", "pre", 7)))
    about = "empty sequences, a length of 1, a length that fits"
    add(about, (0,), 2)
    add(about, (1,), 1)
    add(about, (2,), 2)
    add(about, (1, 0, 1), 1)
    add(about, (0, 3, 0), 3)
    add(about, (0, 1), 1, "pre", "post")
    add(about, (0, 0), 2, "post", "post")
    for options in PRE_AND_POST:
        add(about, (3, 3), 3, *options)
    about = "tuples and arrays"
    cases.append(Case(about, ([tuple(s) for s in sentences(rng, 1, 4)], 3)))
    cases.append(Case(about, (tuple(sentences(rng, 3, 2)), 4)))
    cases.append(Case(about, ([np.array(s) for s in sentences(rng, 1, 4, 2)], 3)))
    cases.append(Case(about, ([np.array(s) for s in sentences(rng, 2, 4)], 4)))
    cases.append(Case(about, ([np.array(sentences(rng, 4)[0]), (5, 6), [7, 8, 9], np.array([], int)], 4)))
    cases.append(Case(about, (np.array(sentences(rng, 3, 3)), 2)))
    cases.append(Case(about, (np.array(sentences(rng, 2, 2)), 4)))
    cases.append(Case(about, (np.array(sentences(rng, 3, 3)).astype("i4"), 4)))
    cases.append(Case(about, (np.array(sentences(rng, 3, 3, 3)), 3)))
    cases.append(Case(about, (every_other(np.array(sentences(rng, 4, 4))), 6)))
    return cases


def embedding_cases(rng):
    cases = []

    def add(about, shape, words, size, draw=whole_numbers):
        tokens = rng.integers(1, words - 1, shape)  # the first and the last row have a property of their own
        cases.append(Case(about, (tokens, draw(rng, words, size))))

    def some(count, *tokens):
        return np.array([tokens]), normals(rng, count, 2)

    about = "one sequence"
    add(about, (1, 1), 3, 2)
    add(about, (1, 3), 4, 2)
    add(about, (1, 4), 5, 3, normals)
    add(about, (1, 9), 20, 4, normals)
    about = "several sequences"
    add(about, (2, 2), 4, 3)
    add(about, (2, 3), 5, 2)
    add(about, (3, 2), 7, 4, normals)
    add(about, (4, 4), 6, 4, normals)
    about = "a batch of one, and sequences of one word"
    add(about, (1, 1), 3, 2)
    add(about, (1, 3), 4, 2)
    add(about, (3, 1), 4, 3, normals)
    add(about, (1, 4), 5, 1)
    says = (
        "tokens may come in a batch, (N, T), or as one sequence, (T,). Yours needs the batch; NumPy's indexing takes "
        "any shape. This costs nothing."
    )
    cases.append(Case("any shape", (np.array([1, 0, 2]), whole_numbers(rng, 3, 2)), advice=says))
    cases.append(Case("any shape", (rng.integers(0, 3, (2, 1, 3)), whole_numbers(rng, 3, 2)), advice=says))
    about = "words that come twice"
    cases.append(Case(about, some(4, 2, 2)))
    cases.append(Case(about, some(4, 3, 1, 3, 1, 1)))
    cases.append(Case(about, (np.array([[1, 2, 1], [2, 1, 2]]), normals(rng, 3, 2))))
    cases.append(Case(about, (np.full((2, 3), 2), normals(rng, 4, 2))))
    about = "the first and the last row"
    cases.append(Case(about, some(3, 0)))
    cases.append(Case(about, some(3, 2)))
    cases.append(Case(about, some(4, 0, 3, 0, 3)))
    cases.append(Case(about, (np.array([[0, 0, 4], [0, 4, 1]]), normals(rng, 5, 3))))
    cases.append(Case(about, (np.zeros((2, 2), int), normals(rng, 1, 3))))
    about = "narrow, wide and square tables"
    add(about, (1, 3), 6, 1)
    add(about, (2, 3), 4, 9, normals)
    add(about, (1, 5), 4, 4)
    add(about, (4, 4), 4, 4, normals)
    cases.append(Case(about, (rng.integers(256, 399, (2, 5)), normals(rng, 400, 3))))
    about = KINDS
    add(about, (1, 3), 4, 2, lambda *shape: whole_numbers(*shape).astype(int))
    add(about, (2, 3), 4, 2, lambda *shape: normals(*shape).astype("f4"))
    add(about, (2, 3), 4, 3, lambda *shape: every_other(normals(*shape)))
    cases.append(Case(about, (rng.integers(1, 4, (2, 3)).astype("i4"), normals(rng, 2, 5).T)))
    cases.append(Case(about, (rng.integers(1, 4, (2, 4))[:, ::-1], backwards(normals(rng, 5, 2)))))
    cases.append(Case(about, (rng.integers(1, 4, (3, 2)).T, normals(rng, 5, 3))))
    return cases


def convolution_cases(rng):
    """Layers. Each property varies one thing; only "bias" has biases other than 0."""
    cases = []

    def add(about, sequences, kernels, *options, draw=normals, bias=False):
        x, w = draw(rng, *sequences), draw(rng, *kernels)
        b = draw(rng, kernels[-1]) if bias else np.zeros(kernels[-1])
        cases.append(Case(about, (x, w, b, *options)))

    about = "one channel, one filter"
    add(about, (1, 3, 1), (2, 1, 1), draw=whole_numbers)
    add(about, (1, 2, 1), (1, 1, 1), draw=whole_numbers)
    add(about, (1, 3, 1), (3, 1, 1), draw=whole_numbers)
    add(about, (1, 5, 1), (3, 1, 1), 1, draw=whole_numbers)
    add(about, (1, 9, 1), (4, 1, 1), 1, "valid")
    about = "several channels and filters"
    add(about, (1, 3, 2), (2, 2, 1), draw=whole_numbers)
    add(about, (1, 4, 3), (2, 3, 1))
    add(about, (1, 3, 1), (2, 1, 2), draw=whole_numbers)
    add(about, (1, 4, 1), (2, 1, 3))
    add(about, (1, 3, 2), (2, 2, 3), draw=whole_numbers)
    add(about, (1, 5, 3), (3, 3, 3))
    add(about, (1, 6, 4), (3, 4, 2))
    add(about, (1, 4, 2), (1, 2, 4))
    about = "bias"
    add(about, (1, 2, 1), (2, 1, 1), bias=True, draw=whole_numbers)
    add(about, (1, 4, 1), (2, 1, 3), bias=True, draw=whole_numbers)
    add(about, (1, 3, 2), (2, 2, 2), bias=True)
    add(about, (1, 6, 3), (3, 3, 4), bias=True)
    x, w = normals(rng, 1, 4, 1), normals(rng, 2, 1, 2)
    cases.append(Case(about, (x, w, whole_numbers(rng, 2).astype(int))))
    about = "several sequences"
    add(about, (2, 3, 1), (2, 1, 1), draw=whole_numbers)
    add(about, (4, 3, 1), (2, 1, 1))
    add(about, (2, 4, 2), (2, 2, 2))
    add(about, (3, 5, 2), (3, 2, 3))
    about = "strides"
    add(about, (1, 4, 1), (2, 1, 1), 2, draw=whole_numbers)
    add(about, (1, 5, 1), (2, 1, 1), 2, draw=whole_numbers)
    add(about, (1, 5, 1), (1, 1, 1), 3, draw=whole_numbers)
    add(about, (1, 6, 1), (3, 1, 1), 2, "valid")
    add(about, (1, 8, 1), (3, 1, 1), 3)
    add(about, (1, 9, 1), (2, 1, 1), 4)
    add(about, (1, 3, 1), (3, 1, 1), 5)
    add(about, (2, 7, 2), (3, 2, 2), 2)
    about = 'padding="same"'
    add(about, (1, 3, 1), (3, 1, 1), 1, "same", draw=whole_numbers)
    add(about, (1, 3, 1), (2, 1, 1), 1, "same", draw=whole_numbers)
    add(about, (1, 2, 1), (1, 1, 1), 1, "same", draw=whole_numbers)
    add(about, (1, 6, 1), (4, 1, 1), 1, "same")
    add(about, (1, 2, 1), (5, 1, 1), 1, "same")
    add(about, (1, 3, 1), (6, 1, 1), 1, "same")
    add(about, (2, 5, 2), (3, 2, 3), 1, "same")
    about = 'padding="causal"'
    add(about, (1, 3, 1), (2, 1, 1), 1, "causal", draw=whole_numbers)
    add(about, (1, 4, 1), (3, 1, 1), 1, "causal", draw=whole_numbers)
    add(about, (1, 2, 1), (1, 1, 1), 1, "causal", draw=whole_numbers)
    add(about, (1, 6, 1), (4, 1, 1), 1, "causal")
    add(about, (1, 2, 1), (5, 1, 1), 1, "causal")
    add(about, (2, 5, 2), (3, 2, 3), 1, "causal")
    about = "padding and strides together"
    for steps, k, stride in ((4, 2, 2), (5, 2, 2), (5, 3, 2), (6, 3, 2), (7, 4, 3), (4, 1, 2), (8, 2, 4), (3, 5, 2)):
        add(about, (1, steps, 1), (k, 1, 1), stride, "same")
        add(about, (1, steps, 1), (k, 1, 1), stride, "causal")
    add(about, (2, 7, 2), (3, 2, 2), 2, "same", bias=True)
    add(about, (2, 6, 2), (3, 2, 2), 2, "causal", bias=True)
    x, w, b = whole_numbers(rng, 1, 4, 1).astype(int), normals(rng, 2, 1, 1), np.zeros(1)
    cases.append(Case(KINDS, (x, w, b)))
    cases.append(Case(KINDS, (normals(rng, 1, 4, 1), whole_numbers(rng, 2, 1, 1).astype(int), b)))
    x, w = (whole_numbers(rng, *s).astype(int) for s in ((1, 4, 2), (2, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.zeros(2, int))))
    x, w = (normals(rng, *s).astype("f4") for s in ((1, 5, 2), (3, 2, 2)))
    cases.append(Case(KINDS, (x, w, np.zeros(2, "f4"))))
    cases.append(Case(KINDS, (every_other(normals(rng, 1, 4, 2)), every_other(normals(rng, 2, 2, 2)), np.zeros(2))))
    x, w = normals(rng, 1, 2, 5).swapaxes(1, 2), normals(rng, 3, 2, 2).transpose(2, 1, 0)
    cases.append(Case(KINDS, (x, w, np.zeros(3))))
    cases.append(Case(KINDS, (normals(rng, 2, 5, 1)[:, ::-1], backwards(normals(rng, 3, 1, 2)), np.zeros(2))))
    return cases


def positives(rng, *shape):
    return np.abs(whole_numbers(rng, *shape))


def fractions(rng, *shape):
    return np.abs(normals(rng, *shape)) + 0.01


def negatives(rng, *shape):
    return -positives(rng, *shape)


def pooling_cases(rng):
    cases = []

    def add(about, shape, *options, draw=positives):
        cases.append(Case(about, (draw(rng, *shape), *options)))

    about = "one channel"
    add(about, (1, 2, 1), 2)
    add(about, (1, 4, 1), 2)
    add(about, (1, 6, 1), 3)
    add(about, (1, 12, 1), 4, draw=fractions)
    add(about, (1, 9, 1), 3, None)
    about = "several channels"
    add(about, (1, 4, 2), 2)
    add(about, (1, 4, 3), 2)
    add(about, (1, 6, 4), 3, draw=fractions)
    about = "several sequences"
    add(about, (2, 4, 1), 2)
    add(about, (3, 6, 1), 3, draw=fractions)
    add(about, (4, 4, 2), 2, draw=fractions)
    about = "a rest that fills no window"
    add(about, (1, 3, 1), 2)
    add(about, (1, 7, 1), 3)
    add(about, (1, 11, 1), 4, draw=fractions)
    add(about, (2, 8, 2), 3)
    about = "a stride of its own"
    add(about, (1, 3, 1), 2, 1)
    add(about, (1, 5, 1), 3, 2)
    add(about, (1, 7, 1), 2, 3)
    add(about, (1, 9, 1), 3, 1, draw=fractions)
    add(about, (1, 8, 1), 3, 2)
    add(about, (1, 6, 1), 2, 5)
    add(about, (2, 7, 2), 4, 3)
    add(about, (1, 5, 1), 1, 2)
    about = "negative numbers only, and ties"
    add(about, (1, 2, 1), 2, draw=negatives)
    add(about, (1, 3, 1), 2, draw=negatives)
    add(about, (1, 6, 2), 3, draw=negatives)
    add(about, (1, 6, 2), 2, draw=whole_numbers)
    add(about, (2, 9, 2), 3, 2, draw=normals)
    add(about, (2, 5, 1), 2, 1, draw=negatives)
    cases.append(Case(about, (rng.integers(-3, 0, (1, 8, 2)).astype(float), 2)))
    cases.append(Case(about, (rng.integers(-(10**7), -(10**6), (1, 4, 1)).astype(float), 2)))
    cases.append(Case(about, (np.zeros((1, 4, 1)), 2)))
    about = "pools of 1 and of the whole sequence"
    add(about, (1, 3, 1), 1)
    add(about, (1, 5, 1), 5)
    add(about, (2, 3, 2), 3, 1)
    add(about, (1, 4, 2), 1, 1)
    add(about, (1, 1, 2), 1)
    about = KINDS
    cases.append(Case(about, (positives(rng, 1, 4, 1).astype(int), 2)))
    cases.append(Case(about, (fractions(rng, 1, 6, 2).astype("f4"), 2)))
    cases.append(Case(about, (every_other(fractions(rng, 1, 6, 2)), 3)))
    cases.append(Case(about, (fractions(rng, 2, 3, 6).swapaxes(1, 2), 2, 1)))
    cases.append(Case(about, (fractions(rng, 2, 6, 1)[:, ::-1], 2)))
    return cases


def global_cases(rng):
    cases = []

    def add(about, *shape, draw=positives):
        cases.append(Case(about, (draw(rng, *shape),)))

    about = "one channel"
    add(about, 1, 2, 1)
    add(about, 1, 4, 1)
    add(about, 1, 9, 1, draw=fractions)
    about = "several channels"
    add(about, 1, 2, 2)
    add(about, 1, 3, 4)
    add(about, 1, 6, 3, draw=fractions)
    add(about, 1, 5, 5, draw=fractions)
    about = "several sequences"
    add(about, 2, 3, 1)
    add(about, 3, 2, 2)
    add(about, 4, 5, 3, draw=fractions)
    add(about, 2, 2, 2, draw=fractions)
    about = "the largest number at each place"
    peaks = -np.abs(fractions(rng, 4, 4, 1))
    peaks[np.arange(4), rng.permutation(4), 0] = rng.integers(3, 9, 4)
    cases.append(Case(about, (peaks,)))
    for at in (0, 1, 4):
        peak = fractions(rng, 1, 5, 2)
        peak[0, at] += 10
        cases.append(Case(about, (peak,)))
    about = "negative numbers only, and ties"
    add(about, 1, 2, 1, draw=negatives)
    add(about, 2, 3, 2, draw=negatives)
    add(about, 1, 4, 2, draw=whole_numbers)
    add(about, 2, 3, 2, draw=normals)
    cases.append(Case(about, (rng.integers(-3, 0, (2, 5, 2)).astype(float),)))
    cases.append(Case(about, (rng.integers(-(10**7), -(10**6), (1, 3, 2)).astype(float),)))
    cases.append(Case(about, (np.zeros((1, 3, 2)),)))
    about = "sequences of one step"
    add(about, 1, 1, 1)
    add(about, 2, 1, 3)
    add(about, 3, 1, 1, draw=fractions)
    about = KINDS
    cases.append(Case(about, (positives(rng, 1, 3, 2).astype(int),)))
    cases.append(Case(about, (fractions(rng, 2, 4, 2).astype("f4"),)))
    cases.append(Case(about, (every_other(fractions(rng, 1, 4, 2)),)))
    cases.append(Case(about, (fractions(rng, 2, 3, 4).swapaxes(1, 2),)))
    cases.append(Case(about, (fractions(rng, 2, 4, 2)[:, ::-1],)))
    return cases


def params_cases(rng):
    k, c_in, c_out = (int(n) for n in rng.permutation(np.arange(2, 10))[:3])
    return [
        Case("one channel, one filter", (3, 1, 1)),
        Case("one channel, one filter", (1, 1, 1)),
        Case("one channel, one filter", (7, 1, 1, True)),
        Case("several channels", (3, 4, 1)),
        Case("several channels", (2, 50, 1)),
        Case("several filters", (3, 1, 5)),
        Case("several filters", (4, 1, 32, True)),
        Case("several channels and filters", (3, 2, 5)),
        Case("several channels and filters", (5, 4, 2, True)),
        Case("several channels and filters", (1, 3, 6)),
        Case("several channels and filters", (k, c_in, c_out)),
        Case("layers without a bias", (3, 1, 1, False)),
        Case("layers without a bias", (2, 3, 4, False)),
        Case("layers without a bias", (k, c_in, c_out, False)),
        Case("layers of real networks", (7, 32, 32)),
        Case("layers of real networks", (5, 64, 128)),
        Case("layers of real networks", (3, 300, 100)),
    ]


# -- what to show of a case ------------------------------------------------------------------------------------------


def numbered(prefix, array):
    return f"{prefix} {' × '.join(str(n) for n in np.shape(array))}"


def explain_embed(args, index):
    tokens, table = args
    *place, d = index
    token = int(tokens[tuple(place)])
    last_axes = tokens[tuple(place[:-2])] if tokens.ndim > 2 else np.atleast_2d(tokens)
    row, column = (place[-2] if len(place) > 1 else 0), place[-1]
    panels = [Panel(numbered("tokens", tokens), last_axes, (slice(row, row + 1), slice(column, column + 1)))]
    if len(table) <= 12:
        panels.append(Panel(numbered("table", table), table, (slice(token, token + 1), slice(0, table.shape[1]))))
    at = ", ".join(map(str, place))
    where = ", ".join(map(str, index))
    return panels, (
        f"The token at [{at}] is {token}, so row {token} of the table stands there; entry [{where}] is that row's "
        f"number {d}, counted from 0: {number(table[token, d])}."
    )


def explain_convolution(args, index):
    sequences, kernels, bias, stride, padding = (*args, *(1, "valid")[len(args) - 3 :])
    (n, t, f), k = index, len(kernels)
    before, after = zeros_around(sequences.shape[1], k, stride, padding)
    steps = np.pad(np.asarray(sequences[n], float), ((before, after), (0, 0)))
    window = steps[t * stride : t * stride + k]
    title = f"sequences[{n}] (steps × channels)"
    if before or after:
        title += f", zeros: {before} before, {after} after"
    panels = [
        Panel(title, steps, (slice(t * stride, t * stride + k), slice(0, steps.shape[1]))),
        Panel(f"kernels[:, :, {f}]", kernels[:, :, f]),
    ]
    total = float(np.sum(window * kernels[:, :, f]) + bias[f])
    options = f' Here stride={stride}, padding="{padding}".' if stride > 1 or padding != "valid" else ""
    return panels, (
        f"Entry [{n}, {t}, {f}] is {products(window, kernels[:, :, f])} + bias {in_a_sum(bias[f])} = "
        f"{number(total)}.{options}"
    )


def explain_pooling(args, index):
    sequences, pool = args[:2]
    stride = args[2] if len(args) > 2 and args[2] is not None else pool
    n, t, c = index
    window = slice(t * stride, t * stride + pool)
    panels = [Panel(f"sequences[{n}] (steps × channels)", sequences[n], (window, slice(c, c + 1)))]
    among = ", ".join(number(value) for value in sequences[n, window, c])
    return panels, (
        f"With pool={pool} and stride={stride}, entry [{n}, {t}, {c}] is the largest of {among}: "
        f"{number(sequences[n, window, c].max())}."
    )


def explain_global(args, index):
    (sequences,) = args
    n, c = index
    among = ", ".join(number(value) for value in sequences[n, :, c])
    whole = slice(0, sequences.shape[1])
    panels = [Panel(f"sequences[{n}] (steps × channels)", sequences[n], (whole, slice(c, c + 1)))]
    return panels, f"Entry [{n}, {c}] is the largest of {among}: {number(sequences[n, :, c].max())}."


# -- the ways people get padding wrong -------------------------------------------------------------------------------

OTHER_END = {"pre": "post", "post": "pre"}


def cut(tokens, maxlen, truncating):
    if len(tokens) <= maxlen:
        return tokens
    return tokens[len(tokens) - maxlen :] if truncating == "pre" else tokens[:maxlen]


def fill(tokens, maxlen, padding, value):
    filling = [value] * (maxlen - len(tokens))
    return filling + tokens if padding == "pre" else tokens + filling


def padding_by(cutting=cut, filling=fill):
    """``pad_sequences`` with its own way of cutting, or of filling up, one sequence."""

    def wrong(sequences, maxlen, padding="pre", truncating="pre", value=0):
        return [filling(cutting(list(s), maxlen, truncating), maxlen, padding, value) for s in sequences]

    return wrong


def each_row(change):
    """``change(tokens, maxlen, padding, truncating, value)`` makes a row of each sequence."""

    def wrong(sequences, maxlen, padding="pre", truncating="pre", value=0):
        return [change(list(s), maxlen, padding, truncating, value) for s in sequences]

    return wrong


def of_table(change):
    def wrong(sequences, maxlen, padding="pre", truncating="pre", value=0):
        return change(padded(sequences, maxlen, padding, truncating, value))

    return wrong


def padding_default(sequences, maxlen, padding="post", truncating="pre", value=0):
    return padded(sequences, maxlen, padding, truncating, value)


def truncating_default(sequences, maxlen, padding="pre", truncating="post", value=0):
    return padded(sequences, maxlen, padding, truncating, value)


def post_by_default(sequences, maxlen, padding="post", truncating="post", value=0):
    return padded(sequences, maxlen, padding, truncating, value)


def as_wide_as_the_longest(sequences, maxlen, padding="pre", truncating="pre", value=0):
    return padded(sequences, min(maxlen, max(map(len, sequences))), padding, truncating, value)


def never_cut(sequences, maxlen, padding="pre", truncating="pre", value=0):
    return padded(sequences, max(maxlen, *map(len, sequences), 0), padding, truncating, value)


def long_ones_left_out(sequences, maxlen, padding="pre", truncating="pre", value=0):
    return padded([s for s in sequences if len(s) <= maxlen], maxlen, padding, truncating, value)


def empty_ones_left_out(sequences, maxlen, padding="pre", truncating="pre", value=0):
    return padded([s for s in sequences if len(s)], maxlen, padding, truncating, value)


def from_the_back_whatever_the_length(tokens, maxlen, truncating):
    """``tokens[len(tokens) - maxlen:]`` on a short sequence starts to count at the end."""
    return tokens[len(tokens) - maxlen :] if truncating == "pre" else tokens[:maxlen]


def minus_zero(tokens, maxlen, padding, truncating, value):
    row, tokens = np.full(maxlen, value), cut(tokens, maxlen, truncating)
    if padding == "pre":
        row[-len(tokens) :] = tokens
    else:
        row[: len(tokens)] = tokens
    return row


def sums_instead_of_joins(sequences, maxlen, padding="pre", truncating="pre", value=0):
    rows = []
    for sequence in sequences:
        kept = cut(sequence, maxlen, truncating)
        filling = [value] * (maxlen - len(kept))
        rows.append(filling + kept if padding == "pre" else kept + filling)
    return rows


def truth_of_an_array(sequences, maxlen, padding="pre", truncating="pre", value=0):
    if any(isinstance(s, np.ndarray) and len(s) != 1 for s in sequences):
        raise ValueError("the truth value of an array is ambiguous")
    return padded(sequences, maxlen, padding, truncating, value)


def other_zeros_too(tokens, maxlen, padding, truncating, value):
    row = fill(cut(tokens, maxlen, truncating), maxlen, padding, value)
    return [value if token == 0 else token for token in row]


def zeros_dropped(tokens, maxlen, padding, truncating, value):
    return fill(cut([t for t in tokens if t], maxlen, truncating), maxlen, padding, value)


def filled_first(tokens, maxlen, padding, truncating, value):
    tokens = [value] * maxlen + tokens if padding == "pre" else tokens + [value] * maxlen
    return tokens[-maxlen:] if truncating == "pre" else tokens[:maxlen]


def halves(tokens, maxlen, padding, value):
    missing = maxlen - len(tokens)
    return [value] * (missing // 2) + tokens + [value] * (missing - missing // 2)


def wrapped_at_256(table):
    return table.astype(np.int64).astype(np.uint8)


def each_word_once(tokens, maxlen, padding, truncating, value):
    return fill(cut(list(dict.fromkeys(tokens)), maxlen, truncating), maxlen, padding, value)


TOO_SHORT = "Your table is ragged: some rows are shorter than `maxlen`. "

PADDING_MISCONCEPTIONS = misconceptions(
    (
        "padding at the wrong end",
        padding_by(filling=lambda t, n, padding, v: fill(t, n, OTHER_END[padding], v)),
        'Short sequences are filled up at the wrong end. "pre" is before the words, at the beginning of the row; '
        '"post" is after them.',
    ),
    (
        "cut at the wrong end",
        padding_by(lambda t, n, truncating: cut(t, n, OTHER_END[truncating])),
        'Of long sequences the wrong end is kept. `truncating="pre"` says where tokens are *cut off*: at the '
        "beginning, so that the last ones stay.",
    ),
    (
        "padding and truncating both at the wrong end",
        padding_by(
            lambda t, n, truncating: cut(t, n, OTHER_END[truncating]),
            lambda t, n, padding, v: fill(t, n, OTHER_END[padding], v),
        ),
        '"pre" and "post" are exchanged in all you do: "pre" is the beginning of a row, "post" its end.',
    ),
    (
        "padding after the words unless told otherwise",
        padding_default,
        "Called without `padding`, your function fills up at the end. The default is the beginning, as in Keras.",
    ),
    (
        "the end cut off unless told otherwise",
        truncating_default,
        "Called without `truncating`, your function cuts off the end. The default is the beginning, as in Keras.",
    ),
    (
        "post unless told otherwise",
        post_by_default,
        "Without further arguments your function fills up and cuts off at the end. Both defaults are the beginning, as "
        "in Keras.",
    ),
    (
        "padding ignored: always before",
        padding_by(filling=lambda t, n, padding, v: fill(t, n, "pre", v)),
        "Short sequences are filled up at the beginning whatever `padding` says.",
    ),
    (
        "padding ignored: always after",
        padding_by(filling=lambda t, n, padding, v: fill(t, n, "post", v)),
        "Short sequences are filled up at the end whatever `padding` says.",
    ),
    (
        "truncating ignored: the last ones always stay",
        padding_by(lambda t, n, truncating: cut(t, n, "pre")),
        "Long sequences keep their last tokens whatever `truncating` says.",
    ),
    (
        "truncating ignored: the first ones always stay",
        padding_by(lambda t, n, truncating: cut(t, n, "post")),
        "Long sequences keep their first tokens whatever `truncating` says.",
    ),
    (
        "both options ignored, before",
        padding_by(lambda t, n, truncating: cut(t, n, "pre"), lambda t, n, padding, v: fill(t, n, "pre", v)),
        "Neither `padding` nor `truncating` is looked at: you fill up and cut off at the beginning in any case.",
    ),
    (
        "both options ignored, after",
        padding_by(lambda t, n, truncating: cut(t, n, "post"), lambda t, n, padding, v: fill(t, n, "post", v)),
        "Neither `padding` nor `truncating` is looked at: you fill up and cut off at the end in any case.",
    ),
    (
        "one option used for both",
        each_row(lambda t, n, padding, truncating, v: fill(cut(t, n, padding), n, padding, v)),
        "Your function cuts where `padding` says. Cutting has an option of its own, `truncating`.",
    ),
    (
        "truncating used for both",
        each_row(lambda t, n, padding, truncating, v: fill(cut(t, n, truncating), n, truncating, v)),
        "Your function fills up where `truncating` says. Filling up has an option of its own, `padding`.",
    ),
    (
        "options exchanged",
        each_row(lambda t, n, padding, truncating, v: fill(cut(t, n, padding), n, truncating, v)),
        "The two options have changed places: `padding` is about short sequences, `truncating` about long ones.",
    ),
    (
        "value ignored",
        padding_by(filling=lambda t, n, padding, v: fill(t, n, padding, 0)),
        "The empty places are always filled with 0. The argument `value` says with what.",
    ),
    (
        "long sequences not cut",
        never_cut,
        "Sequences longer than `maxlen` keep all their tokens, and the table grows as wide as the longest. Every row "
        "has exactly `maxlen` numbers.",
    ),
    (
        "short sequences not filled up",
        padding_by(filling=lambda t, n, padding, v: t),
        TOO_SHORT + "A sequence that is too short is filled up to `maxlen`.",
    ),
    (
        "one number filled in, however many are missing",
        padding_by(filling=lambda t, n, padding, v: fill(t, min(n, len(t) + 1), padding, v)),
        TOO_SHORT + "A short sequence gets one number more, and may need several: `if` does something once.",
    ),
    (
        "filled up with one number too few",
        padding_by(filling=lambda t, n, padding, v: t if len(t) == n else fill(t, n - 1, padding, v)),
        TOO_SHORT
        + "From `len(sequence)` to `maxlen` there are `maxlen - len(sequence)` numbers to fill in; you are one "
        "short.",
    ),
    (
        "one token cut off, however many there are too many",
        padding_by(lambda t, n, truncating: cut(t, max(n, len(t) - 1), truncating)),
        "Of a long sequence one token is cut off, and there may be more to lose: `if` does something once.",
    ),
    (
        "one token too few kept",
        padding_by(lambda t, n, truncating: cut(t, n - 1, truncating) if len(t) > n else t),
        "Long sequences keep `maxlen - 1` tokens, and the row is filled up again. `maxlen` of them fit.",
    ),
    (
        "sequences that fit are cut",
        padding_by(lambda t, n, truncating: cut(t, n - 1, truncating) if len(t) >= n else t),
        "A sequence loses a token when it is as long as `maxlen`, and longer ones lose one too many. `maxlen` tokens "
        "fit.",
    ),
    (
        "short sequences cut too",
        padding_by(from_the_back_whatever_the_length),
        "Some short sequences lose tokens. `sequence[len(sequence) - maxlen:]` has a negative start when the "
        "sequence is short, and Python then counts from the end.",
    ),
    (
        "as wide as the longest sequence",
        as_wide_as_the_longest,
        "When all sequences are short, your table is as wide as the longest of them. It has `maxlen` columns, always.",
    ),
    (
        "cut and filled up in the wrong order",
        each_row(filled_first),
        "Every sequence is filled up first and cut afterwards; with different options the cut then takes the words and "
        "leaves the filling. Cut what is too long, and fill up what is too short.",
    ),
    (
        "long sequences left out",
        long_ones_left_out,
        "Sequences longer than `maxlen` are missing from your table. They are cut; every sequence has its row.",
    ),
    (
        "empty sequences left out",
        empty_ones_left_out,
        "Empty sequences are missing from your table. Every sequence has its row, even if there is nothing but filling "
        "in it.",
    ),
    (
        "empty sequences fail",
        each_row(minus_zero),
        "A sequence without any token ends in an error. `row[-len(sequence):]` is `row[-0:]` then, and −0 is 0: that "
        "is the whole row.",
    ),
    (
        "lists only",
        sums_instead_of_joins,
        "It is right for lists. `+` joins two lists; with an array it adds numbers, and with a tuple it fails. Make "
        "a list of each sequence first, or write it into an array that is filled already.",
    ),
    (
        "arrays asked whether they are true",
        truth_of_an_array,
        "Sequences may be arrays, and `if sequence:` does not know what to do with one. `len(sequence)` tells how many "
        "tokens there are, for arrays and lists alike.",
    ),
    (
        "words in reverse order",
        padding_by(lambda t, n, truncating: cut(t, n, truncating)[::-1]),
        "The words stand in reverse order. Padding moves them along and leaves their order as it is.",
    ),
    (
        "half of the filling on each side",
        padding_by(filling=halves),
        "The filling is shared between both ends. It goes to one of them: the one that `padding` names.",
    ),
    (
        "each word only once",
        each_row(each_word_once),
        "A word that comes twice in a sequence appears once in your table. Nothing is left out but what does not fit.",
    ),
    (
        "zeros of the sequence dropped",
        each_row(zeros_dropped),
        "A 0 in a sequence disappears. It is a token like any other; only the length of a sequence decides.",
    ),
    (
        "zeros of the sequence replaced",
        each_row(other_zeros_too),
        "A 0 that was in a sequence is replaced by `value`. Fill the places where no token stands, and no others.",
    ),
    (
        "only the first sequence",
        of_table(lambda table: np.concatenate([table[:1], np.zeros_like(table[1:])])),
        "Only the first row is written. Look at the indentation of `return`, or at the loop over the sequences.",
    ),
    (
        "only the first sequence returned",
        of_table(lambda table: table[:1]),
        "Only the first sequence comes back. Look at the indentation of `return`.",
    ),
    (
        "rows and columns exchanged",
        of_table(np.transpose),
        "Sequences stand in columns. Each sequence is a *row* of your table: its shape is (sequences, maxlen).",
    ),
    (
        "one long row",
        of_table(np.ravel),
        "All tokens stand in one row, and nobody can tell any more where a sequence begins. Each has a row of its own.",
    ),
    (
        "axes of size 1 lost",
        of_table(np.squeeze),
        "With a single sequence, or a `maxlen` of 1, an axis is lost. The result always has two, (sequences, maxlen).",
    ),
    (
        "tokens run over 255",
        of_table(wrapped_at_256),
        "Tokens above 255 come back as other ones: an array of type uint8 holds no larger numbers. There are more "
        "words than that.",
    ),
)

# -- the ways people look words up wrong -----------------------------------------------------------------------------


def of_rows(change):
    return lambda tokens, table: change(looked_up(tokens, table))


def with_tokens(change):
    def wrong(tokens, table):
        return looked_up(change(np.asarray(tokens), len(table)), table)

    return wrong


def with_table(change):
    return lambda tokens, table: looked_up(tokens, change(np.asarray(table, float)))


def columns_of(tokens, table):
    return np.asarray(table, float)[:, np.asarray(tokens)]


def columns_then_moved(tokens, table):
    return np.moveaxis(np.asarray(table, float)[:, np.asarray(tokens)], 0, -1)


def zero_means_nothing(tokens, table):
    out = looked_up(tokens, table)
    out[np.asarray(tokens) == 0] = 0
    return out


def whole_numbered(tokens, table):
    return np.trunc(looked_up(tokens, table))


def one_axis_only(tokens, table):
    if np.ndim(tokens) != 1:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")
    return looked_up(tokens, table)


def each_only_once(tokens, table):
    return np.asarray(table, float)[np.unique(tokens)]


def a_number_for_each(tokens, table):
    return np.asarray(table, float)[np.asarray(tokens), 0]


def token_times_row(tokens, table):
    return np.asarray(tokens)[..., None] * np.asarray(table, float)[0]


def unit_length(out):
    length = np.linalg.norm(out, axis=-1, keepdims=True)
    return out / np.where(length == 0, 1, length)


def only_first_word(tokens, table):
    out = looked_up(tokens, table)
    out[..., 1:, :] = out[..., :1, :]
    return out


def only_first_row_written(tokens, table):
    out = looked_up(tokens, table)
    out[1:] = 0
    return out


def by_place(tokens, table):
    """Row i of the table for place i: the loop's counter where the token belongs."""
    table, places = np.asarray(table, float), np.broadcast_to(np.arange(np.shape(tokens)[-1]), np.shape(tokens))
    return table[places]


EMBEDDING_MISCONCEPTIONS = misconceptions(
    (
        "columns looked up",
        columns_of,
        "You take columns of the table. A word's vector is a *row*: row 5 belongs to token 5.",
    ),
    (
        "columns looked up, axes put right",
        columns_then_moved,
        "The shape would be right, but the numbers come from columns of the table. A word's vector is a *row*: row 5 "
        "belongs to token 5.",
    ),
    (
        "counted from 1",
        with_tokens(lambda tokens, words: tokens - 1),
        "Each word gets the vector of the row above its own, and token 0 gets the last one. Rows are counted from 0, "
        "as tokens are.",
    ),
    (
        "one row too far",
        with_tokens(lambda tokens, words: (tokens + 1) % words),
        "Each word gets the vector of the row below its own. Rows are counted from 0, as tokens are.",
    ),
    (
        "token 0 turned into zeros",
        zero_means_nothing,
        "Token 0 becomes a row of zeros. That it often stands for padding does not matter here: row 0 of the table "
        "belongs to it, and is learned like the others.",
    ),
    (
        "fractions cut off",
        whole_numbered,
        "What comes after the point is lost. An array made with the tokens' type, or by `zeros_like(tokens)`, holds "
        "whole numbers only.",
    ),
    (
        "words added up",
        of_rows(lambda out: out.sum(axis=-2)),
        "The vectors of a sequence are added up: the order of the words is gone. Each word keeps a vector of its own.",
    ),
    (
        "words averaged",
        of_rows(lambda out: out.mean(axis=-2)),
        "The vectors of a sequence are averaged: the order of the words is gone. Each word keeps a vector of its own.",
    ),
    (
        "vectors strung together",
        of_rows(lambda out: out.reshape(*out.shape[:-2], -1)),
        "The vectors of a sequence stand in one long row. The result has one axis more than the tokens.",
    ),
    (
        "all words in one list",
        of_rows(lambda out: out.reshape(-1, out.shape[-1])),
        "The words of all sequences stand in one list. The result has the tokens' axes, and one more.",
    ),
    (
        "vectors before the words",
        of_rows(lambda out: np.moveaxis(out, -1, -2)),
        "The last two axes are exchanged. Words come first, then the numbers of each word's vector.",
    ),
    (
        "vectors before everything",
        of_rows(lambda out: np.moveaxis(out, -1, 0)),
        "The axis of the vector comes first in your result; it is the last one.",
    ),
    (
        "sequences and words exchanged",
        of_rows(lambda out: out if out.ndim < 3 else out.swapaxes(0, 1)),
        "Sequences and words are exchanged: the result's first axes are those of the tokens, in their order.",
    ),
    (
        "one axis only",
        one_axis_only,
        "It works for a single sequence and fails for a batch. Tokens may have any shape; NumPy's indexing takes "
        "them all.",
    ),
    (
        "each word only once",
        each_only_once,
        "A word that comes twice has one vector in your result, and they stand in the order of the table. Every "
        "token has its vector, where it stands.",
    ),
    (
        "one number for each word",
        a_number_for_each,
        "You return one number for each word. A word has a whole row of the table.",
    ),
    (
        "the token multiplied",
        token_times_row,
        "The token is multiplied by a vector, as if word 6 meant twice as much as word 3. A token is a name: it says "
        "which row to take.",
    ),
    (
        "the place instead of the word",
        by_place,
        "The first word gets the first row, the second word the second. Not a word's place decides but its token.",
    ),
    (
        "the table's rows in reverse order",
        with_table(lambda table: table[::-1]),
        "Rows are counted from the end. Row 0 is the first.",
    ),
    (
        "the words in reverse order",
        of_rows(lambda out: out[..., ::-1, :]),
        "The words of each sequence stand in reverse order.",
    ),
    (
        "the first word for all",
        only_first_word,
        "Every word of a sequence has the vector of its first one.",
    ),
    (
        "only the first entry written",
        only_first_row_written,
        "Only the first entry along the first axis is filled. Look at the indentation of `return`, or at the loop.",
    ),
    (
        "vectors scaled to length 1",
        of_rows(unit_length),
        "The vectors are scaled to length 1. They are asked for as they stand in the table.",
    ),
    (
        "negative numbers cut off",
        of_rows(lambda out: np.maximum(out, 0)),
        "Negative numbers have become 0. Looking up changes no number.",
    ),
    (
        "axes of size 1 lost",
        of_rows(np.squeeze),
        "Axes of size 1 are gone from your result: `np.squeeze` does that. The result has the tokens' axes and one "
        "more.",
    ),
)

# -- the ways people get a layer along time wrong --------------------------------------------------------------------


def of_convolution(change):
    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        return change(convolved(sequences, kernels, bias, stride, padding))

    return wrong


def with_kernels(change):
    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        return convolved(sequences, change(np.asarray(kernels)), bias, stride, padding)

    return wrong


def with_sequences(change):
    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        return convolved(change(np.asarray(sequences)), kernels, bias, stride, padding)

    return wrong


def with_bias(change):
    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        return convolved(sequences, kernels, change(np.asarray(bias, float)), stride, padding)

    return wrong


def bias_times(factor):
    """The bias added as often as ``factor(k, channels)`` says."""

    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        k, channels, _ = np.shape(kernels)
        return convolved(sequences, kernels, np.asarray(bias, float) * factor(k, channels), stride, padding)

    return wrong


def bias_along_time(sequences, kernels, bias, stride=1, padding="valid"):
    bias = np.asarray(bias, float)
    return convolved(sequences, kernels, bias * 0, stride, padding) + bias[:, None]


def scaled(factor):
    """The sum of products times ``factor(k, channels)``; the bias as it is."""

    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        k, channels, _ = np.shape(kernels)
        bias = np.asarray(bias, float)
        return convolved(sequences, kernels, bias * 0, stride, padding) * factor(k, channels) + bias

    return wrong


def with_options(change):
    """``change(stride, padding)`` gives the two that are used."""

    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        return convolved(sequences, kernels, bias, *change(stride, padding))

    return wrong


def around_if(name, zeros):
    """For one padding ``zeros(steps, k, stride)`` stand around the sequence; the others are right."""

    def around(steps, k, stride, padding):
        return zeros(steps, k, stride) if padding == name else zeros_around(steps, k, stride, padding)

    return convolution_with(around)


def perhaps_negative(steps, k, stride):
    total = (-(-steps // stride) - 1) * stride + k - steps
    return total // 2, total - total // 2


def padded_by_copies(mode):
    """What lies beyond the ends is taken from the sequence."""

    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        sequences = np.asarray(sequences, float)
        around = zeros_around(sequences.shape[1], len(kernels), stride, padding)
        return convolved(np.pad(sequences, ((0, 0), around, (0, 0)), mode), kernels, bias, stride)

    return wrong


def one_channel(c):
    def wrong(sequences, kernels, bias, stride=1, padding="valid"):
        chosen = slice(c, c + 1) if c >= 0 else slice(-1, None)
        return convolved(np.asarray(sequences)[..., chosen], np.asarray(kernels)[:, chosen], bias, stride, padding)

    return wrong


def filter_by_filter(sequences, kernels, bias, stride=1, padding="valid"):
    """Filter f looks at channel f only."""
    sequences, kernels, bias = np.asarray(sequences), np.asarray(kernels), np.asarray(bias)
    channels, filters = kernels.shape[1:]
    parts = [
        convolved(
            sequences[..., f % channels, None],
            kernels[:, f % channels, f, None, None],
            bias[f : f + 1],
            stride,
            padding,
        )
        for f in range(filters)
    ]
    return np.concatenate(parts, axis=-1)


def channels_apart(sequences, kernels, bias, stride=1, padding="valid"):
    sequences, kernels = np.asarray(sequences), np.asarray(kernels)
    parts = [
        convolved(sequences[..., c : c + 1], kernels[:, c : c + 1], bias, stride, padding)
        for c in range(kernels.shape[1])
    ]
    return np.concatenate(parts, axis=-1)


def in_the_sequences_type(sequences, kernels, bias, stride=1, padding="valid"):
    return convolved(sequences, kernels, bias, stride, padding).astype(np.asarray(sequences).dtype)


def only_first_step(axis):
    def change(out):
        kept = np.zeros_like(out)
        first = tuple(slice(0, 1) if a == axis else slice(None) for a in range(3))
        kept[first] = out[first]
        return kept

    return of_convolution(change)


def from_the_stride_on(sequences, kernels, bias, stride=1, padding="valid"):
    return convolved(sequences, kernels, bias, 1, padding)[:, stride - 1 :: stride]


def rounded_up(sequences, kernels, bias, stride=1, padding="valid"):
    """The number of places rounded up: the last window is filled up with zeros."""
    x, k = np.asarray(sequences, float), len(kernels)
    x = np.pad(x, ((0, 0), zeros_around(x.shape[1], k, stride, padding), (0, 0)))
    missing = (x.shape[1] - k) % stride
    return convolved(np.pad(x, ((0, 0), (0, (stride - missing) % stride), (0, 0))), kernels, bias, stride)


def without_plus_one(sequences, kernels, bias, stride=1, padding="valid"):
    return convolved(sequences, kernels, bias, stride, padding)[:, :-1]


def last_place_left_empty(out):
    out[:, -1] = 0
    return out


def stride_by_dividing_the_length(sequences, kernels, bias, stride=1, padding="valid"):
    """T // stride − k + 1 places."""
    out = convolved(sequences, kernels, bias, stride, padding)
    x, k = (
        np.shape(sequences)[1] + sum(zeros_around(np.shape(sequences)[1], len(kernels), stride, padding)),
        len(kernels),
    )
    wanted = max(x // stride - k + 1, 0)
    grown = np.zeros((out.shape[0], wanted, out.shape[2]))
    grown[:, : min(wanted, out.shape[1])] = out[:, :wanted]
    return grown


def kernels_reshaped(kernels):
    k, channels, filters = kernels.shape
    return kernels.reshape(channels, k, filters).transpose(1, 0, 2)


def filters_cut_anew(kernels):
    k, channels, filters = kernels.shape
    return kernels.reshape(filters, k, channels).transpose(1, 2, 0)


def carried_on(sequences, kernels, bias, stride=1, padding="valid"):
    bias = np.asarray(bias, float)
    return np.cumsum(convolved(sequences, kernels, bias * 0, stride, padding), axis=0) + bias


def time_carried_on(sequences, kernels, bias, stride=1, padding="valid"):
    return np.cumsum(convolved(sequences, kernels, bias, stride, padding), axis=1)


def side_by_side(sequences, kernels, bias, stride=None, padding="valid"):
    """Windows that do not overlap, unless a stride is given."""
    return convolved(sequences, kernels, bias, stride or len(kernels), padding)


def blind_for_now(sequences, kernels, bias, stride=1, padding="valid"):
    """With causal padding, an output that ends one step before its own."""
    if padding == "causal":
        sequences, padding = np.pad(np.asarray(sequences, float), ((0, 0), (len(kernels), 0), (0, 0)))[:, :-1], "valid"
    return convolved(sequences, kernels, bias, stride, padding)


CONVOLUTION_MISCONCEPTIONS = misconceptions(
    (
        "bias forgotten",
        with_bias(np.zeros_like),
        "The bias is missing. After all products of a window are added up, the filter's own bias is added, once.",
    ),
    (
        "bias added for every step of the window",
        bias_times(lambda k, channels: k),
        "The bias is added for each step of the window. It belongs outside the sum: once for each output entry.",
    ),
    (
        "bias added for every channel",
        bias_times(lambda k, channels: channels),
        "The bias is added once for each channel. Channels are summed first; then the filter's bias is added, once.",
    ),
    (
        "bias added with every product",
        bias_times(lambda k, channels: k * channels),
        "The bias is added with every product. It belongs outside the sum: once for each output entry.",
    ),
    (
        "one bias for all filters",
        with_bias(lambda bias: np.full_like(bias, bias[0])),
        "Every filter gets the first filter's bias: `bias[f]` belongs to filter f.",
    ),
    (
        "all biases added to every filter",
        with_bias(lambda bias: np.full_like(bias, bias.sum())),
        "Every filter gets the sum of all biases: `bias[f]` belongs to filter f.",
    ),
    (
        "bias along time",
        bias_along_time,
        "The bias is laid along the steps; where the sizes agree, NumPy does not complain. The filters are the last "
        "axis.",
    ),
    (
        "bias subtracted",
        with_bias(np.negative),
        "The bias is subtracted. It is added.",
    ),
    (
        "bias loses its fraction",
        with_bias(np.trunc),
        "Only the bias lost what comes after its point. Is it kept as a whole number?",
    ),
    (
        "kernel flipped along time",
        with_kernels(lambda kernels: kernels[::-1]),
        "The kernel runs backwards: its last step meets the first word of the window. `np.convolve` does that. A layer "
        "computes the cross-correlation, and flips nothing.",
    ),
    (
        "kernel's channels in reverse order",
        with_kernels(lambda kernels: kernels[:, ::-1]),
        "Channel 0 of the sequence meets the kernel's last channel. Channel c belongs to channel c.",
    ),
    (
        "kernel flipped along time and channels",
        with_kernels(lambda kernels: kernels[::-1, ::-1]),
        "The kernel is reversed along time and channels. A layer computes the cross-correlation, and flips nothing.",
    ),
    (
        "stride ignored",
        with_options(lambda stride, padding: (1, padding)),
        "Windows move on by one step whatever `stride` says.",
    ),
    (
        "windows side by side",
        side_by_side,
        "Without a `stride` your windows lie side by side, as in pooling. A kernel moves on by one step unless it is "
        "told otherwise, and windows overlap.",
    ),
    (
        "padding ignored",
        with_options(lambda stride, padding: (stride, "valid")),
        'The argument `padding` is not looked at: "same" and "causal" put zeros around the sequence.',
    ),
    (
        "same taken for causal",
        with_options(lambda stride, padding: (stride, "causal" if padding == "same" else padding)),
        'With "same" all zeros stand before the sequence. They are shared between both ends; it is "causal" that '
        "puts them all in front.",
    ),
    (
        "causal taken for same",
        with_options(lambda stride, padding: (stride, "same" if padding == "causal" else padding)),
        'With "causal" the zeros are shared between both ends, as for "same", so an output sees later steps. All k − '
        "1 of them stand before the sequence.",
    ),
    (
        "causal not padded",
        with_options(lambda stride, padding: (stride, "valid" if padding == "causal" else padding)),
        'With "causal" no zeros are added, and the output is too short. k − 1 of them stand before the sequence.',
    ),
    (
        "same not padded",
        with_options(lambda stride, padding: (stride, "valid" if padding == "same" else padding)),
        'With "same" no zeros are added. As many are needed as make the output ⌈T / stride⌉ steps long.',
    ),
    (
        "causal zeros after the sequence",
        around_if("causal", lambda steps, k, stride: (0, k - 1)),
        'With "causal" the zeros stand after the sequence, so an output sees later steps and nothing else. They stand '
        "before it, and no output sees what comes later.",
    ),
    (
        "causal with k zeros",
        around_if("causal", lambda steps, k, stride: (k, 0)),
        'With "causal" k zeros stand before the sequence. The window ends on the step itself: that leaves k − 1 '
        "before it.",
    ),
    (
        "causal zeros on both sides",
        around_if("causal", lambda steps, k, stride: (k - 1, k - 1)),
        'With "causal" k − 1 zeros stand on both sides, and the output is too long. They stand before the sequence '
        "only.",
    ),
    (
        "causal that does not see its own step",
        blind_for_now,
        'With "causal" your outputs end one step before their own. An output sees its own step, and the k − 1 before '
        "it.",
    ),
    (
        "half of the kernel before a causal sequence",
        around_if("causal", lambda steps, k, stride: (k // 2, 0)),
        'With "causal" only half a kernel of zeros stands before the sequence. It takes k − 1 of them for an output '
        "to end on its own step.",
    ),
    (
        "same: the odd zero before",
        around_if("same", lambda steps, k, stride: zeros_around(steps, k, stride, "same")[::-1]),
        'With "same" and an odd number of zeros, the one that is left over stands before the sequence. TensorFlow '
        "and Keras put it after.",
    ),
    (
        "same: all zeros after",
        around_if("same", lambda steps, k, stride: (0, sum(zeros_around(steps, k, stride, "same")))),
        'With "same" all zeros stand after the sequence. They are shared between both ends, the odd one after.',
    ),
    (
        "same: all zeros before",
        around_if("same", lambda steps, k, stride: (sum(zeros_around(steps, k, stride, "same")), 0)),
        'With "same" all zeros stand before the sequence. They are shared between both ends, the odd one after.',
    ),
    (
        "same: padding for a stride of 1",
        around_if("same", lambda steps, k, stride: ((k - 1) // 2, k // 2)),
        'With "same" k − 1 zeros are added whatever the stride. With larger strides fewer are needed: '
        "(⌈T / stride⌉ − 1) · stride + k − T, and never less than 0.",
    ),
    (
        "same: half a kernel on each side",
        around_if("same", lambda steps, k, stride: (k // 2, k // 2)),
        'With "same" k // 2 zeros stand on each side: that fits odd kernels and a stride of 1. In general '
        "(⌈T / stride⌉ − 1) · stride + k − T zeros are needed, the odd one after.",
    ),
    (
        "same: half of k − 1 on each side",
        around_if("same", lambda steps, k, stride: ((k - 1) // 2, (k - 1) // 2)),
        'With "same" (k − 1) // 2 zeros stand on each side: for an even kernel one is missing. In general '
        "(⌈T / stride⌉ − 1) · stride + k − T zeros are needed, the odd one after.",
    ),
    (
        "same: as many outputs as inputs",
        around_if(
            "same",
            lambda steps, k, stride: (
                ((steps - 1) * stride + k - steps) // 2,
                -(-((steps - 1) * stride + k - steps) // 2),
            ),
        ),
        'With "same" and a stride your output is as long as the sequence. The word is about a stride of 1; in '
        "general there are ⌈T / stride⌉ outputs.",
    ),
    (
        "same: fewer zeros than none",
        around_if("same", perhaps_negative),
        'With "same" and a stride longer than the kernel your number of zeros is negative. Then none are needed: it is '
        "never less than 0.",
    ),
    (
        "strides from the end of the first step",
        from_the_stride_on,
        "The first window is left out: of every `stride` windows you keep the last. Output 0 belongs to the window "
        "at step 0.",
    ),
    (
        "number of windows rounded up",
        rounded_up,
        "When the stride does not divide evenly, your output has one entry too many, from a window that reaches "
        "beyond the sequence. Windows that do not fit are left out: round down.",
    ),
    (
        "last window missing",
        without_plus_one,
        "The last window is missing: there are (T − k) // stride + 1 of them. Count them for T = 3, k = 2 and stride "
        "1.",
    ),
    (
        "last window left at zero",
        of_convolution(last_place_left_empty),
        "The result has the right shape, but its last step was never written.",
    ),
    (
        "length divided by the stride first",
        stride_by_dividing_the_length,
        "You divide the length by the stride and take k off afterwards. The kernel needs its k steps first; what is "
        "left, T − k, is divided by the stride.",
    ),
    (
        "borders repeated instead of zeros",
        padded_by_copies("edge"),
        "Beyond its ends the sequence goes on with its first and last step. Padding means zeros.",
    ),
    (
        "sequence wrapped around",
        padded_by_copies("wrap"),
        "Beyond its ends the sequence goes on at the other end. `np.roll` and negative indices do that; padding "
        "means zeros.",
    ),
    (
        "only the first channel used",
        one_channel(0),
        "Only the first channel is looked at. A filter has a weight for every channel, and all products are added up.",
    ),
    (
        "only the last channel kept",
        one_channel(-1),
        "Only the last channel is left in the result: in the loop over channels `=` overwrites where `+=` would add.",
    ),
    (
        "mean over channels",
        scaled(lambda k, channels: 1 / channels),
        "The channels are averaged. They are added up.",
    ),
    (
        "mean over the window",
        scaled(lambda k, channels: 1 / k),
        "The steps of a window are averaged. They are added up.",
    ),
    (
        "mean instead of sum",
        scaled(lambda k, channels: 1 / (k * channels)),
        "The products of a window are averaged. They are added up.",
    ),
    (
        "channels not summed",
        channels_apart,
        "Your result keeps the channels apart. A filter looks at all of them at once: their products are added up.",
    ),
    (
        "each filter reads one channel",
        filter_by_filter,
        "Filter f looks at channel f alone. Every filter looks at every channel.",
    ),
    (
        "one weight for every channel",
        with_kernels(lambda kernels: np.repeat(kernels[:, :1], kernels.shape[1], axis=1)),
        "The first channel's weights are used for all channels. Each channel has its own.",
    ),
    (
        "first filter used for all",
        with_kernels(lambda kernels: np.repeat(kernels[..., :1], kernels.shape[2], axis=2)),
        "All your outputs come from the first filter. Output f is made by `kernels[:, :, f]`.",
    ),
    (
        "filters added together",
        of_convolution(lambda out: np.repeat(out.sum(axis=-1, keepdims=True), out.shape[-1], axis=-1)),
        "All filters are added up. Each makes an output channel of its own.",
    ),
    (
        "only the first filter written",
        only_first_step(2),
        "One output channel is there, the others are empty. Does your loop reach every filter?",
    ),
    (
        "only the first step written",
        only_first_step(1),
        "Only the first step is filled. Look at the indentation of `return`: inside a loop it ends it at once.",
    ),
    (
        "only the first sequence written",
        only_first_step(0),
        "Only the first sequence of the batch has a result. Look at the indentation of `return`, or for a loop over "
        "sequences.",
    ),
    (
        "filters and channels exchanged",
        with_kernels(lambda kernels: kernels.swapaxes(1, 2)),
        "The kernels' last two axes are exchanged. Their shape is (k, channels in, filters), as in Keras.",
    ),
    (
        "window and kernel flattened in different orders",
        with_kernels(kernels_reshaped),
        "Window and kernel are flattened in different orders, so a number meets a weight of another channel. Bring the "
        "axes into one order first: steps, then channels.",
    ),
    (
        "kernels reshaped instead of transposed",
        with_kernels(filters_cut_anew),
        "`reshape` does not exchange axes: it reads the numbers in their order and cuts them anew. With the filters "
        "last, `kernels.reshape(-1, filters)` keeps each filter together.",
    ),
    (
        "first sequence used for all",
        of_convolution(lambda out: np.repeat(out[:1], len(out), axis=0)),
        "Every sequence of the batch gets the first one's result. Sequence n is `sequences[n]`.",
    ),
    (
        "last sequence used for all",
        of_convolution(lambda out: np.repeat(out[-1:], len(out), axis=0)),
        "Every sequence of the batch has the last one's result. Is one and the same array stored each time?",
    ),
    (
        "sequences carried on",
        carried_on,
        "The second sequence's result still contains the first one's. Start afresh for each.",
    ),
    (
        "only the first sequence returned",
        of_convolution(lambda out: out[:1]),
        "The batch comes back as one sequence. The result's first axis counts them, like the input's.",
    ),
    (
        "sum never reset",
        time_carried_on,
        "Each step still contains those before it: the variable that adds up the products has to start at 0 for every "
        "step.",
    ),
    (
        "channels first",
        of_convolution(lambda out: out.swapaxes(1, 2)),
        "Filters come before steps in your result. Its shape is (N, steps, filters): channels last.",
    ),
    (
        "result cut in the wrong order",
        of_convolution(lambda out: out.swapaxes(1, 2).reshape(out.shape)),
        "The shape is right and the numbers have changed places: `reshape` reads them in their order. In which order "
        "did you collect them, filter by filter or step by step?",
    ),
    (
        "sequences and steps collected in the wrong order",
        of_convolution(lambda out: out.swapaxes(0, 1).reshape(out.shape)),
        "The shape is right and the numbers of different sequences have changed places: `reshape` reads in order, and "
        "sequences come before steps.",
    ),
    (
        "axes of size 1 lost",
        of_convolution(np.squeeze),
        "Axes of size 1 are gone: `np.squeeze` does that. The result always has three, (N, steps, filters).",
    ),
    (
        "one sequence without its batch",
        of_convolution(lambda out: out[0]),
        "Your result is that of one sequence, without the batch's axis.",
    ),
    (
        "negative results cut off",
        of_convolution(lambda out: np.maximum(out, 0)),
        "Negative results have become 0. That is the ReLU, a step of its own; here the sum is returned as it is.",
    ),
    (
        "signs turned round",
        of_convolution(np.negative),
        "The numbers are right but for their signs, which are all the other way round.",
    ),
    (
        "fractions cut off for whole-numbered sequences",
        in_the_sequences_type,
        "With sequences of whole numbers your result loses its fractions: an array that has the sequences' dtype can "
        "hold nothing else.",
    ),
    (
        "fractions cut off",
        of_convolution(np.trunc),
        "Your result holds whole numbers: what comes after the point is lost.",
    ),
)

# -- the ways people get pooling along time wrong --------------------------------------------------------------------


def of_pooling(change):
    return lambda sequences, pool, stride=None: change(max_pooled(sequences, pool, stride))


def with_window(change):
    """``change(pool, stride)`` gives the two that are used; a stride that was left out is the pool's size."""

    def wrong(sequences, pool, stride=None):
        return max_pooled(sequences, *change(pool, pool if stride is None else stride))

    return wrong


def step_of_one(sequences, pool, stride=1):
    return max_pooled(sequences, pool, stride or 1)


def step_of_two(sequences, pool, stride=2):
    return max_pooled(sequences, pool, stride or 2)


def with_the_rest(filling):
    """A last window that is not full counts as well."""

    def wrong(sequences, pool, stride=None):
        x, stride = np.asarray(sequences, float), pool if stride is None else stride
        missing = -(x.shape[1] - pool) % stride
        return max_pooled(np.pad(x, ((0, 0), (0, missing), (0, 0)), constant_values=filling), pool, stride)

    return wrong


def every_start(sequences, pool, stride=None):
    """Every place where a window may begin, cut off by the end: ⌈T / stride⌉ of them."""
    x, stride = np.asarray(sequences, float), pool if stride is None else stride
    return np.stack([x[:, t : t + pool].max(axis=1) for t in range(0, x.shape[1], stride)], axis=1)


def kept_the_same_size(sequences, pool, stride=None):
    x, stride = np.asarray(sequences, float), pool if stride is None else stride
    before, after = zeros_around(x.shape[1], pool, stride, "same")
    return max_pooled(np.pad(x, ((0, 0), (before, after), (0, 0)), constant_values=-np.inf), pool, stride)


def length_over_stride(sequences, pool, stride=None):
    """T // stride windows."""
    x, stride = np.asarray(sequences, float), pool if stride is None else stride
    return np.stack([x[:, t * stride : t * stride + pool].max(axis=1) for t in range(x.shape[1] // stride)], axis=1)


def only_if_divisible(sequences, pool, stride=None):
    """Cut into pieces by ``reshape``, which takes lengths that divide evenly and no stride of its own."""
    x = np.asarray(sequences, float)
    return x.reshape(len(x), x.shape[1] // pool, pool, x.shape[2]).max(axis=2)


def pieces_whatever_the_stride(sequences, pool, stride=None):
    return max_pooled(sequences, pool)


def over_channels(sequences, pool, stride=None):
    """The window also covers all channels."""
    return max_pooled(sequences, pool, stride).max(axis=2, keepdims=True)


def along_channels(sequences, pool, stride=None):
    return max_pooled(np.asarray(sequences).swapaxes(1, 2), pool, stride).swapaxes(1, 2)


def strongest_step(window):
    best = window.sum(axis=2).argmax(axis=1)
    return window[np.arange(len(window)), best]


def strongest_in_the_first_channel(window):
    best = window[:, :, 0].argmax(axis=1)
    return window[np.arange(len(window)), best]


def first_channel_for_all(out):
    return np.repeat(out[..., :1], out.shape[-1], axis=-1)


def running_maximum(sequences, pool, stride=None):
    return np.maximum.accumulate(max_pooled(sequences, pool, stride), axis=1)


def maximum_over_filters_so_far(out):
    return np.maximum.accumulate(out, axis=-1)


def one_step_too_late(sequences, pool, stride=None):
    """Windows that begin one step late and are cut off by the end."""
    x, stride = np.asarray(sequences, float), pool if stride is None else stride
    steps = (x.shape[1] - pool) // stride + 1
    return np.stack([x[:, t * stride + 1 : t * stride + 1 + pool].max(axis=1) for t in range(steps)], axis=1)


def one_step_too_narrow(sequences, pool, stride=None):
    x, stride = np.asarray(sequences, float), pool if stride is None else stride
    steps = (x.shape[1] - pool) // stride + 1
    return np.stack([x[:, t * stride : t * stride + max(pool - 1, 1)].max(axis=1) for t in range(steps)], axis=1)


def last_step_left_empty(out):
    out[:, -1] = 0
    return out


def in_the_given_type(pooling):
    def wrong(sequences, *window):
        return pooling(sequences, *window).astype(np.asarray(sequences).dtype)

    return wrong


def first_one_only(axis):
    def change(out):
        kept = np.zeros_like(out)
        first = tuple(slice(0, 1) if a == axis else slice(None) for a in range(out.ndim))
        kept[first] = out[first]
        return kept

    return change


def from_zero(out):
    return np.maximum(out, 0)


MEAN_SAYS = "The numbers of a window are averaged. That is mean pooling; here the largest one is kept."
STARTS_AT_0 = (
    "Where all numbers are negative your maximum is 0. It starts at 0, and 0 is larger than all of them: start with "
    "the window's first number, or with −∞."
)

POOLING_MISCONCEPTIONS = misconceptions(
    ("maximum starts at 0", of_pooling(from_zero), STARTS_AT_0),
    ("mean instead of maximum", pooled_by(lambda window: window.mean(axis=1)), MEAN_SAYS),
    (
        "sum instead of maximum",
        pooled_by(lambda window: window.sum(axis=1)),
        "The numbers of a window are added up. The largest one is kept.",
    ),
    (
        "minimum instead of maximum",
        pooled_by(lambda window: window.min(axis=1)),
        "The smallest number of each window is kept. It is the largest that counts.",
    ),
    (
        "largest without its sign",
        pooled_by(lambda window: np.abs(window).max(axis=1)),
        "Signs are dropped before the comparison. −5 is smaller than 1.",
    ),
    (
        "farthest from 0",
        pooled_by(lambda window: np.take_along_axis(window, np.abs(window).argmax(1)[:, None], axis=1)[:, 0]),
        "The number farthest from 0 is kept, even if it is negative. −5 is smaller than 1.",
    ),
    (
        "median instead of maximum",
        pooled_by(lambda window: np.median(window, axis=1)),
        "This is the median of each window. The largest number is kept.",
    ),
    (
        "first number of each window",
        pooled_by(lambda window: window[:, 0]),
        "The first number of each window is kept, whatever comes after it. All of them are compared.",
    ),
    (
        "last number of each window",
        pooled_by(lambda window: window[:, -1]),
        "The last number of each window is kept. In a loop, does every number replace the one before, or only a "
        "larger one?",
    ),
    (
        "place instead of number",
        pooled_by(lambda window: window.argmax(axis=1)),
        "You return where the largest number stands (`argmax`). The number itself is asked for.",
    ),
    (
        "steps of one unless told otherwise",
        step_of_one,
        "Without a `stride` your windows move on by one step. In pooling they then lie side by side: the stride is the "
        "pool's size.",
    ),
    (
        "steps of two unless told otherwise",
        step_of_two,
        "Without a `stride` your windows move on by two steps. The default is the pool's size, whatever it is.",
    ),
    (
        "stride ignored",
        pieces_whatever_the_stride,
        "Windows lie side by side whatever `stride` says.",
    ),
    (
        "window as wide as the stride",
        with_window(lambda pool, stride: (stride, stride)),
        "Your window is as wide as the stride. Its width is `pool`; the stride says where the next one begins.",
    ),
    (
        "pool and stride exchanged",
        with_window(lambda pool, stride: (stride, pool)),
        "Pool and stride have changed places: `pool` is how many steps a window has, `stride` how far apart two of "
        "them begin.",
    ),
    (
        "the rest counts as a window",
        with_the_rest(-np.inf),
        "Steps at the end that fill no window make one more number. Without padding they are left out: "
        "(T − pool) // stride + 1 windows.",
    ),
    (
        "the rest filled up with zeros",
        with_the_rest(0.0),
        "Steps at the end that fill no window are filled up with zeros, and make one more number. Without padding "
        "they are left out: (T − pool) // stride + 1 windows.",
    ),
    (
        "windows beyond the end",
        every_start,
        "Windows that begin near the end and reach beyond it count as well. Only whole windows do: "
        "(T − pool) // stride + 1 of them.",
    ),
    (
        "as many windows as strides",
        length_over_stride,
        "There are T // stride numbers in your result, as if the window had no width of its own. Whole windows only: "
        "(T − pool) // stride + 1 of them.",
    ),
    (
        "padded to the same size",
        kept_the_same_size,
        'Your windows begin before the sequence, as with padding "same". There is no padding here.',
    ),
    (
        "only lengths that divide evenly",
        only_if_divisible,
        "`reshape` cuts a sequence into equal pieces: it fails when some steps are left over, and knows no stride "
        "but the pool's size.",
    ),
    (
        "last window missing",
        of_pooling(lambda out: out[:, :-1]),
        "The last window is missing: there are (T − pool) // stride + 1 of them. Count them for T = 4 and a pool of 2.",
    ),
    (
        "last window left at zero",
        of_pooling(last_step_left_empty),
        "The result has the right shape, but its last step was never written.",
    ),
    (
        "windows one step too late",
        one_step_too_late,
        "Your windows begin one step late. The first begins at step 0.",
    ),
    (
        "windows one step too narrow",
        one_step_too_narrow,
        "The last step of each window is not looked at. `x[t : t + pool]` ends before `t + pool`: that is `pool` "
        "steps.",
    ),
    (
        "largest over all channels",
        over_channels,
        "The channels are compared with each other, and one is left. Each channel is pooled by itself.",
    ),
    (
        "pooled along the channels",
        along_channels,
        "The window slides along the channels. It slides along time, the axis in the middle.",
    ),
    (
        "whole steps instead of numbers",
        pooled_by(strongest_step),
        "Of each window one whole step is kept, the one with the largest sum. Each channel is compared by itself, "
        "and may take its number from another step.",
    ),
    (
        "the first channel decides for all",
        pooled_by(strongest_in_the_first_channel),
        "The step that is largest in channel 0 is kept for all channels. Each channel is compared by itself.",
    ),
    (
        "first channel for all",
        of_pooling(first_channel_for_all),
        "Every channel has the first one's result. Channel c is `sequences[:, :, c]`.",
    ),
    (
        "maximum not reset between channels",
        of_pooling(maximum_over_filters_so_far),
        "A channel still remembers the largest number of the channels before it. Start afresh for each.",
    ),
    (
        "maximum never reset",
        running_maximum,
        "A window still remembers the largest number of the windows before it. Start afresh for each.",
    ),
    (
        "maximum over the batch",
        of_pooling(lambda out: np.repeat(out.max(axis=0, keepdims=True), len(out), axis=0)),
        "The sequences of a batch are compared with each other. Each has a result of its own.",
    ),
    (
        "sequences mixed into one",
        of_pooling(lambda out: out.max(axis=0, keepdims=True)),
        "The batch comes back as one sequence. Each has a result of its own: the first axis stays.",
    ),
    (
        "first sequence for all",
        of_pooling(lambda out: np.repeat(out[:1], len(out), axis=0)),
        "Every sequence of the batch has the first one's result. Sequence n is `sequences[n]`.",
    ),
    (
        "only the first sequence written",
        of_pooling(first_one_only(0)),
        "Only the first sequence of the batch has a result. Look at the indentation of `return`.",
    ),
    (
        "only the first window written",
        of_pooling(first_one_only(1)),
        "Only the first window has a result. Look at the indentation of `return`.",
    ),
    (
        "only the first channel written",
        of_pooling(first_one_only(2)),
        "Only the first channel has a result. Does your loop reach every channel?",
    ),
    (
        "steps and channels exchanged",
        of_pooling(lambda out: out.swapaxes(1, 2)),
        "Channels come before steps in your result. Its shape is (N, steps, channels).",
    ),
    (
        "axes of size 1 lost",
        of_pooling(np.squeeze),
        "Axes of size 1 are gone: `np.squeeze` does that. The result always has three, (N, steps, channels).",
    ),
    (
        "windows in reverse order",
        of_pooling(lambda out: out[:, ::-1]),
        "The windows come in reverse order. The first number belongs to the first window.",
    ),
    (
        "fractions cut off",
        of_pooling(np.trunc),
        "Your result holds whole numbers: what comes after the point is lost. Let the array hold floats.",
    ),
)

GLOBAL_MISCONCEPTIONS = misconceptions(
    ("maximum starts at 0", lambda x: from_zero(globally_max_pooled(x)), STARTS_AT_0),
    (
        "mean instead of maximum",
        lambda x: np.mean(np.asarray(x, float), axis=1),
        "The steps are averaged. That is global mean pooling; here the largest number of each channel is kept.",
    ),
    (
        "sum instead of maximum",
        lambda x: np.sum(np.asarray(x, float), axis=1),
        "The steps are added up. The largest number of each channel is kept.",
    ),
    (
        "minimum instead of maximum",
        lambda x: np.min(np.asarray(x, float), axis=1),
        "The smallest number of each channel is kept. It is the largest that counts.",
    ),
    (
        "median instead of maximum",
        lambda x: np.median(np.asarray(x, float), axis=1),
        "This is the median of each channel. The largest number is kept.",
    ),
    (
        "largest without its sign",
        lambda x: np.abs(np.asarray(x, float)).max(axis=1),
        "Signs are dropped before the comparison. −5 is smaller than 1.",
    ),
    (
        "maximum over the channels",
        lambda x: np.max(np.asarray(x, float), axis=2),
        "You compare the channels of each step. It is the *steps* that are compared, axis 1, and one number per "
        "channel is left.",
    ),
    (
        "maximum over the batch",
        lambda x: np.max(np.asarray(x, float), axis=0),
        "You compare the sequences of the batch. It is the *steps* that are compared, axis 1; axis 0 counts the "
        "sequences.",
    ),
    (
        "one number for each sequence",
        lambda x: np.max(np.asarray(x, float), axis=(1, 2)),
        "One number is left of each sequence. Each channel keeps its own: the result is (N, channels).",
    ),
    (
        "one number for each sequence, in a column",
        lambda x: np.max(np.asarray(x, float), axis=(1, 2))[:, None],
        "One number is left of each sequence. Each channel keeps its own: the result is (N, channels).",
    ),
    (
        "one number for everything",
        lambda x: np.array(np.max(np.asarray(x, float))),
        "One number is left of the whole batch: `np.max` without an axis looks at everything. Each channel of each "
        "sequence keeps its own.",
    ),
    (
        "one vector for the whole batch",
        lambda x: np.max(np.asarray(x, float), axis=(0, 1)),
        "All sequences are compared with each other. Each keeps numbers of its own: the result is (N, channels).",
    ),
    (
        "axis of time kept",
        lambda x: np.max(np.asarray(x, float), axis=1, keepdims=True),
        "Time is still there as an axis of size 1. The result has two axes, (N, channels).",
    ),
    (
        "first step instead of maximum",
        lambda x: np.asarray(x, float)[:, 0],
        "You return the first step. All steps are compared, channel by channel.",
    ),
    (
        "last step instead of maximum",
        lambda x: np.asarray(x, float)[:, -1],
        "You return the last step. In a loop, does every number replace the one before, or only a larger one?",
    ),
    (
        "last step not looked at",
        lambda x: np.max(np.asarray(x, float)[:, : max(np.shape(x)[1] - 1, 1)], axis=1),
        "The last step is never looked at: `range(T - 1)` ends one too early.",
    ),
    (
        "first step not looked at",
        lambda x: np.max(np.asarray(x, float)[:, min(1, np.shape(x)[1] - 1) :], axis=1),
        "The first step is never looked at. Python counts from 0.",
    ),
    (
        "whole steps instead of numbers",
        lambda x: strongest_step(np.asarray(x, float)),
        "One whole step is kept of each sequence, the one with the largest sum. Each channel is compared by itself, "
        "and may take its number from another step.",
    ),
    (
        "the first channel decides for all",
        lambda x: strongest_in_the_first_channel(np.asarray(x, float)),
        "The step that is largest in channel 0 is kept for all channels. Each channel is compared by itself.",
    ),
    (
        "place instead of number",
        lambda x: np.argmax(np.asarray(x, float), axis=1),
        "You return the step at which the largest number stands (`argmax`). The number itself is asked for.",
    ),
    (
        "first channel for all",
        lambda x: first_channel_for_all(globally_max_pooled(x)),
        "Every channel has the first one's result. Channel c is `sequences[:, :, c]`.",
    ),
    (
        "maximum not reset between channels",
        lambda x: np.maximum.accumulate(globally_max_pooled(x), axis=1),
        "A channel still remembers the largest number of the channels before it. Start afresh for each.",
    ),
    (
        "maximum not reset between sequences",
        lambda x: np.maximum.accumulate(globally_max_pooled(x), axis=0),
        "A sequence still remembers the largest number of the sequences before it. Start afresh for each.",
    ),
    (
        "first sequence for all",
        lambda x: np.repeat(globally_max_pooled(x)[:1], len(x), axis=0),
        "Every sequence has the first one's result. Sequence n is `sequences[n]`.",
    ),
    (
        "only the first sequence written",
        lambda x: first_one_only(0)(globally_max_pooled(x)),
        "Only the first sequence has a result. Look at the indentation of `return`.",
    ),
    (
        "only the first sequence returned",
        lambda x: globally_max_pooled(x)[:1],
        "The batch comes back as one sequence. The result's first axis counts them, like the input's.",
    ),
    (
        "only the first channel written",
        lambda x: first_one_only(1)(globally_max_pooled(x)),
        "Only the first channel has a result. Does your loop reach every channel?",
    ),
    (
        "sequences and channels exchanged",
        lambda x: globally_max_pooled(x).T,
        "Channels come before sequences in your result. Its shape is (N, channels).",
    ),
    (
        "axes of size 1 lost",
        lambda x: np.squeeze(globally_max_pooled(x)),
        "With one sequence or one channel an axis is lost. The result always has two, (N, channels).",
    ),
    (
        "scaled to the largest",
        lambda x: globally_max_pooled(x) / np.maximum(np.abs(globally_max_pooled(x)).max(), 1e-300),
        "The numbers are divided by the largest of them. They are asked for as they are.",
    ),
    (
        "fractions cut off",
        lambda x: np.trunc(globally_max_pooled(x)),
        "Your result holds whole numbers: what comes after the point is lost. Let the array hold floats.",
    ),
)

# -- the ways people miscount ----------------------------------------------------------------------------------------


def counting(formula):
    def wrong(k, c_in, c_out, use_bias=True):
        return formula(k, c_in, c_out, bool(use_bias))

    return wrong


def without_unless_asked(k, c_in, c_out, use_bias=False):
    return count_params(k, c_in, c_out, use_bias)


EACH_FILTER = "Each filter has k weights for every input channel, and one bias."

PARAMS_MISCONCEPTIONS = misconceptions(
    (
        "no bias unless asked for",
        without_unless_asked,
        "Called without `use_bias`, your layer has no biases. It has them unless `use_bias=False` is said.",
    ),
    (
        "bias forgotten",
        counting(lambda k, ci, co, b: k * ci * co),
        "The biases are missing: one for each filter.",
    ),
    (
        "bias always counted",
        counting(lambda k, ci, co, b: k * ci * co + co),
        "The biases are counted although `use_bias` is False.",
    ),
    (
        "bias counted the wrong way round",
        counting(lambda k, ci, co, b: k * ci * co + (0 if b else co)),
        "The biases are counted when `use_bias` is False and left out when it is True.",
    ),
    (
        "a square kernel",
        counting(lambda k, ci, co, b: k * k * ci * co + co * b),
        "The kernel is counted as k × k, as for images. Along time it has k steps, and no second side.",
    ),
    (
        "one bias for the whole layer",
        counting(lambda k, ci, co, b: k * ci * co + b),
        "One bias is counted for the whole layer. Each filter has a bias of its own.",
    ),
    (
        "a bias for each input channel",
        counting(lambda k, ci, co, b: k * ci * co + ci * b),
        "A bias is counted for each input channel. Biases belong to filters, the output channels.",
    ),
    (
        "a bias for each pair of channels",
        counting(lambda k, ci, co, b: (k + b) * ci * co),
        "A bias is counted for every input channel of every filter. A filter sums over its channels first and has "
        "one bias.",
    ),
    (
        "a bias for each step of the kernel",
        counting(lambda k, ci, co, b: k * (ci * co + co * b)),
        "A bias is counted for each step of the kernel. A filter has one bias, added after the sum.",
    ),
    (
        "a bias for each weight",
        counting(lambda k, ci, co, b: k * ci * co * (1 + b)),
        "A bias is counted for each weight. A filter has many weights and one bias.",
    ),
    (
        "input channels forgotten",
        counting(lambda k, ci, co, b: k * co + co * b),
        "The input channels do not appear. " + EACH_FILTER,
    ),
    (
        "filters forgotten",
        counting(lambda k, ci, co, b: k * ci + b),
        "This counts one filter. The layer has `c_out` of them.",
    ),
    (
        "filters forgotten among the weights",
        counting(lambda k, ci, co, b: k * ci + co * b),
        "The weights of one filter are counted. The layer has `c_out` filters, each with weights of its own.",
    ),
    (
        "channels added",
        counting(lambda k, ci, co, b: k * (ci + co) + co * b),
        "Input and output channels are added. Every filter has weights for every input channel: that is a product.",
    ),
    (
        "kernel forgotten",
        counting(lambda k, ci, co, b: ci * co + co * b),
        "The kernel's k steps do not appear. " + EACH_FILTER,
    ),
    (
        "one kernel for all channels",
        counting(lambda k, ci, co, b: k + co * b),
        "This counts the steps of one kernel. " + EACH_FILTER,
    ),
    (
        "everything added",
        counting(lambda k, ci, co, b: k + ci + co * (1 + b)),
        "The numbers are added up. " + EACH_FILTER + " Those are products.",
    ),
    (
        "nothing counted without a bias",
        counting(lambda k, ci, co, b: k * ci * co + co if b else 0),
        "Without a bias your answer is 0. Does `if … else` reach over the whole sum? Brackets help.",
    ),
    (
        "kernels taken to have 3 steps",
        counting(lambda k, ci, co, b: 3 * ci * co + co * b),
        "Right for kernels of 3 steps only. The argument k tells the size.",
    ),
    (
        "biases taken away",
        counting(lambda k, ci, co, b: k * ci * co - (0 if b else co)),
        "Without biases nothing is to be taken away, and with them they are added: the weights are k · c_in · c_out.",
    ),
)

# -- a whole model ---------------------------------------------------------------------------------------------------

# Each step of the network: what the layer is called in `keras.layers`, and its arguments.
RIGHT = {
    "embedding": ("Embedding", {"output_dim": 32}),
    "first": ("Conv1D", {"filters": 32, "kernel_size": 7, "activation": "relu"}),
    "pool": ("MaxPooling1D", {"pool_size": 7}),
    "second": ("Conv1D", {"filters": 32, "kernel_size": 5, "activation": "relu"}),
    "global": ("GlobalMaxPooling1D", {}),
}


def model_of(steps, num_words, maxlen, last, tokens=None):
    """A Sequential model of these steps; ``last`` is (units, activation)."""
    import keras

    layers = [keras.Input((tokens or maxlen,), dtype="int32")]
    for name, settings in steps:
        words = {"input_dim": num_words} if name == "Embedding" and "input_dim" not in settings else {}
        layers.append(getattr(keras.layers, name)(**words, **settings))
    return keras.Sequential([*layers, keras.layers.Dense(last[0], activation=last[1])])


def right_end(num_classes):
    return (1, "sigmoid") if num_classes == 1 else (num_classes, "softmax")


def network(num_words, maxlen, num_classes):
    return model_of(RIGHT.values(), num_words, maxlen, right_end(num_classes))


def with_steps(change):
    """The right network, after ``change(steps, num_words, maxlen, num_classes)`` to a dict of its steps."""

    def wrong(num_words, maxlen, num_classes):
        steps = {key: (name, dict(settings)) for key, (name, settings) in RIGHT.items()}
        steps = change(steps, num_words, maxlen, num_classes) or steps
        return model_of(steps.values(), num_words, maxlen, right_end(num_classes))

    return wrong


def with_setting(key, **settings):
    """One step with other settings; a setting may be worked out from (num_words, maxlen, num_classes)."""

    def change(steps, *sizes):
        steps[key][1].update({k: v(*sizes) if callable(v) else v for k, v in settings.items()})

    return with_steps(change)


def with_layer(key, name, **settings):
    """Another layer in place of one step."""

    def change(steps, *sizes):
        steps[key] = (name, settings)

    return with_steps(change)


def without(*keys):
    return with_steps(lambda steps, *sizes: {key: step for key, step in steps.items() if key not in keys})


def and_then(after, name, **settings):
    """One layer more."""

    def change(steps, *sizes):
        keys = list(steps)
        keys.insert(keys.index(after) + 1, "more")
        return {key: steps.get(key, (name, settings)) for key in keys}

    return with_steps(change)


def ending(last):
    """The right network with ``last(num_classes)`` as its end."""
    return lambda num_words, maxlen, num_classes: model_of(RIGHT.values(), num_words, maxlen, last(num_classes))


def both_convolutions(**settings):
    def change(steps, *sizes):
        for key in ("first", "second"):
            steps[key][1].update(settings)

    return with_steps(change)


def pooled_after_both(steps, *sizes):
    return {key: steps[key] for key in ("embedding", "first", "second", "pool", "global")}


def kernels_exchanged(steps, *sizes):
    steps["first"][1].update(kernel_size=5)
    steps["second"][1].update(kernel_size=7)


def input_of(num_words, maxlen, num_classes):
    return (maxlen,), "int32"


def model_cases(rng):
    """Each property looks at one thing of the same three models."""
    words, classes = int(rng.integers(61, 99)), int(rng.integers(3, 50))
    sizes = [(50, 41, 1), (words, 60, 2), (1000, 100, classes)]
    yes_or_no = [size for size in sizes if size[2] == 1]
    several = [size for size in sizes if size[2] > 1]

    def about(name, which, pick, keep=lambda row: True, says=""):
        return [Case(name, size, probe=compare(network, pick, input_of, keep, says)) for size in which]

    def convolutions(row):
        return row.kind == "Conv1D"

    def reads_words(row):
        return row.kind in ("Embedding", "Conv1D")

    return [
        *about("the layers and their order", sizes, lambda row: row.kind),
        *about(
            "the embedding",
            sizes,
            lambda row: (row.setting("input_dim"), row.setting("output_dim")),
            lambda row: row.kind == "Embedding",
            "The embedding has a row for each of num_words tokens, and 32 numbers in each row.",
        ),
        *about("the convolutions: filters and kernels", sizes, convolution_settings, convolutions),
        *about("the activations: a ReLU after each convolution", sizes, lambda row: row.activation, reads_words),
        *about(
            "the pooling: its window",
            sizes,
            lambda row: (row.setting("pool_size"), row.setting("strides"), row.setting("padding")),
            lambda row: row.kind == "MaxPooling1D",
        ),
        *about(
            "the end: one class",
            yes_or_no,
            lambda row: (row.shape, row.activation),
            lambda row: row.kind == "Dense",
            "For a yes-or-no question the last layer has one unit, and a sigmoid makes a probability of its number.",
        ),
        *about(
            "the end: several classes",
            several,
            lambda row: (row.shape, row.activation),
            lambda row: row.kind == "Dense",
            "For several classes the last layer has a unit for each, and a softmax makes probabilities that add up "
            "to 1.",
        ),
        *about("the shape after each layer", sizes, lambda row: row.shape),
        Case("the shape after each layer", sizes[1], probe=tokens_it_takes, expected=60, facts=(TOKENS,)),
        *about("the parameters of each layer", sizes, lambda row: row.params),
    ]


TOKENS = "with maxlen=60 the model's input takes this many tokens"


def tokens_it_takes(call, num_words, maxlen, num_classes):
    """The length of the text that a model was made for. One that says nothing about it takes any."""
    steps = input_asked(call, num_words, maxlen, num_classes)
    return steps[0] if steps and steps[0] is not None else maxlen


def convolution_settings(row):
    return tuple(row.setting(name) for name in ("filters", "kernel_size", "strides", "padding", "dilation_rate"))


MODEL_MISCONCEPTIONS = misconceptions(
    (
        "softmax for a single class",
        ending(lambda classes: (classes, "softmax")),
        "For one class your last layer is a softmax over a single number, and that is always 1: the network says the "
        "same of every text. A yes-or-no question ends in a sigmoid.",
    ),
    (
        "sigmoid for several classes",
        ending(lambda classes: (classes, "sigmoid")),
        "For several classes each probability is made by itself, and they do not add up to 1. A softmax makes them "
        "together.",
    ),
    (
        "two units for a yes-or-no question",
        ending(lambda classes: (max(classes, 2), "softmax")),
        "For `num_classes == 1` your network ends in two numbers. One is enough: a sigmoid makes the probability of "
        "yes.",
    ),
    (
        "always one unit",
        ending(lambda classes: (1, "sigmoid")),
        "Your network ends in one number whatever `num_classes` says. Above 1, there is one for each class, and a "
        "softmax.",
    ),
    (
        "no activation at the end",
        ending(lambda classes: (classes, None)),
        "Your network ends in logits. Here the last layer makes probabilities: by a sigmoid for one class, a softmax "
        "for more.",
    ),
    (
        "relu at the end",
        ending(lambda classes: (classes, "relu")),
        "The last layer has a ReLU. It makes probabilities: by a sigmoid for one class, a softmax for more.",
    ),
    (
        "no activation in the convolutions",
        both_convolutions(activation=None),
        "The convolutions have no activation. Without a ReLU between them two convolutions are no more than one.",
    ),
    (
        "no activation in the first convolution",
        with_setting("first", activation=None),
        "The first convolution has no activation. Both end in a ReLU.",
    ),
    (
        "no activation in the second convolution",
        with_setting("second", activation=None),
        "The second convolution has no activation. Both end in a ReLU.",
    ),
    (
        "tanh instead of ReLU",
        both_convolutions(activation="tanh"),
        "The convolutions end in a tanh. A ReLU is asked for.",
    ),
    (
        "flattened instead of pooled",
        with_layer("global", "Flatten"),
        "`Flatten` keeps every place apart, so the last layer must learn each feature anew for each place. "
        "`GlobalMaxPooling1D` asks whether a feature is anywhere in the text.",
    ),
    (
        "global mean instead of maximum",
        with_layer("global", "GlobalAveragePooling1D"),
        "You average over the whole text: a feature that fires once is drowned. The global *maximum* is asked for.",
    ),
    (
        "global pooling missing",
        without("global"),
        "There is no global pooling, so the last layer answers once for every step. The text needs one answer.",
    ),
    (
        "mean pooling between the convolutions",
        with_layer("pool", "AveragePooling1D", pool_size=7),
        "Between the convolutions you average. The maximum is asked for, `MaxPooling1D`.",
    ),
    (
        "pooling between the convolutions missing",
        without("pool"),
        "There is no pooling between the convolutions: the second one sees windows of 11 words instead of 41.",
    ),
    (
        "pooling after both convolutions",
        with_steps(pooled_after_both),
        "The pooling comes after both convolutions. It stands between them, so that the second one sees further.",
    ),
    (
        "pooling of two",
        with_layer("pool", "MaxPooling1D"),
        "`MaxPooling1D` without an argument has windows of 2 steps. Windows of 7 are asked for.",
    ),
    (
        "pooling that moves by one step",
        with_setting("pool", strides=1),
        "Your pooling moves by one step, and leaves the sequence almost as long as it was. Its windows lie side by "
        "side.",
    ),
    (
        "global pooling in place of both",
        with_steps(lambda steps, *sizes: {k: steps[k] for k in ("embedding", "first", "global")}),
        "The second convolution is missing, and the pooling before it. The text is read twice: first words, then "
        "groups of words.",
    ),
    (
        "second convolution missing",
        without("second"),
        "There is one convolution. A second one, with kernels of 5, follows the pooling.",
    ),
    (
        "kernels exchanged",
        with_steps(kernels_exchanged),
        "The two kernels have changed places: the first has 7 steps, the second 5.",
    ),
    (
        "both kernels of 7",
        with_setting("second", kernel_size=7),
        "The second kernel has 7 steps as well. It has 5.",
    ),
    (
        "both kernels of 5",
        with_setting("first", kernel_size=5),
        "The first kernel has 5 steps as well. It has 7.",
    ),
    (
        "kernels of 3",
        both_convolutions(kernel_size=3),
        "Your kernels have 3 steps, as is common in images. Here they have 7 and 5.",
    ),
    (
        "more filters in the second convolution",
        with_setting("second", filters=64),
        "The second convolution has 64 filters. Both have 32.",
    ),
    (
        "convolutions padded to the same size",
        both_convolutions(padding="same"),
        "Your convolutions add zeros around the text. No padding is asked for: n steps become n − k + 1.",
    ),
    (
        "convolutions that move by two",
        both_convolutions(strides=2),
        "Your convolutions skip every other step. They move by one.",
    ),
    (
        "convolutions without a bias",
        both_convolutions(use_bias=False),
        "Your convolutions have no bias. They have one for each filter, as Keras makes them unless told otherwise.",
    ),
    (
        "the text's length as the vocabulary",
        with_setting("embedding", input_dim=lambda words, maxlen, classes: maxlen),
        "The embedding has `maxlen` rows. It needs one for each *word* there is: `num_words`.",
    ),
    (
        "an input as long as the vocabulary",
        lambda words, maxlen, classes: model_of(RIGHT.values(), words, maxlen, right_end(classes), words),
        "Your model's input is `num_words` long. A text has `maxlen` tokens; how many different ones there are, the "
        "embedding has to know.",
    ),
    (
        "one row more in the table",
        with_setting("embedding", input_dim=lambda words, maxlen, classes: words + 1),
        "The embedding has one row too many. Tokens run from 0 to num_words − 1, and 0 is one of them: that makes "
        "num_words rows.",
    ),
    (
        "an embedding as long as the text",
        with_setting("embedding", output_dim=lambda words, maxlen, classes: maxlen),
        "The embedding has `maxlen` numbers for each word. How long a text is has nothing to do with it: 32 numbers "
        "stand for a word.",
    ),
    (
        "an embedding of 128",
        with_setting("embedding", output_dim=128),
        "The embedding has 128 numbers for each word; 32 are asked for.",
    ),
    (
        "an embedding of 64",
        with_setting("embedding", output_dim=64),
        "The embedding has 64 numbers for each word; 32 are asked for.",
    ),
    (
        "a dense layer more",
        and_then("global", "Dense", units=32, activation="relu"),
        "There is a dense layer too many. After the global pooling comes the last layer.",
    ),
    (
        "dropout before the end",
        and_then("global", "Dropout", rate=0.5),
        "There is a dropout before the last layer. It often helps, and is not asked for here.",
    ),
    (
        "dropout after the embedding",
        and_then("embedding", "Dropout", rate=0.5),
        "There is a dropout after the embedding. It often helps, and is not asked for here.",
    ),
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def rows_of_an_array(sequences, maxlen, padding="pre", truncating="pre", value=0):
    table = np.full((len(sequences), maxlen), value)
    for row, sequence in zip(table, sequences, strict=True):
        kept = sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen]
        if padding == "pre":
            row[maxlen - len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return table


def lists_of_lists(sequences, maxlen, padding="pre", truncating="pre", value=0):
    table = []
    for sequence in sequences:
        row = [int(token) for token in sequence]
        while len(row) > maxlen:
            row.pop(0 if truncating == "pre" else -1)
        while len(row) < maxlen:
            row.insert(0 if padding == "pre" else len(row), value)
        table.append(row)
    return table


def by_np_pad(sequences, maxlen, padding="pre", truncating="pre", value=0):
    rows = []
    for sequence in sequences:
        row = np.asarray(sequence, dtype=int)
        row = row[max(len(row) - maxlen, 0) :] if truncating == "pre" else row[:maxlen]
        missing = maxlen - row.size
        rows.append(np.pad(row, (missing, 0) if padding == "pre" else (0, missing), constant_values=value))
    return np.stack(rows)


def token_by_token(sequences, maxlen, padding="pre", truncating="pre", value=0):
    table = np.ones((len(sequences), maxlen), dtype=np.float32) * value
    for i, sequence in enumerate(sequences):
        extra = len(sequence) - maxlen
        for j in range(maxlen):
            at = j + extra if (extra < 0 and padding == "pre") or (extra > 0 and truncating == "pre") else j
            if 0 <= at < len(sequence):
                table[i, j] = sequence[at]
    return table


def by_concatenating(sequences, maxlen, padding="pre", truncating="pre", value=0):
    rows = []
    for sequence in sequences:
        tokens = tuple(sequence)
        filling = (value,) * max(0, maxlen - len(tokens))
        if filling:
            rows.append(filling + tokens if padding == "pre" else tokens + filling)
        else:
            rows.append(tokens[len(tokens) - maxlen :] if truncating == "pre" else tokens[:maxlen])
    return tuple(rows)


def by_indexing(tokens, table):
    return table[tokens]


def by_take(tokens, table):
    return np.take(table, tokens, axis=0)


def by_one_hot(tokens, table):
    return (np.eye(len(table))[tokens] @ table).astype(np.float32)


def by_comparing(tokens, table):
    return np.einsum("...v,vd->...d", tokens[..., np.newaxis] == np.arange(len(table)), table)


def by_recursion(tokens, table):
    if np.ndim(tokens) == 0:
        return np.array(table[int(tokens)], dtype=float)
    return np.array([by_recursion(token, table) for token in tokens])


def by_a_flat_list(tokens, table):
    return np.array([table[token] for token in tokens.ravel()]).reshape(tokens.shape + (-1,))


def prepared(sequences, k, stride, padding):
    """Sequences with their zeros around them."""
    if padding == "causal":
        return np.pad(sequences, ((0, 0), (k - 1, 0), (0, 0)))
    if padding == "same":
        steps = sequences.shape[1]
        missing = k - stride if steps % stride == 0 else k - steps % stride
        missing = max(missing, 0)
        return np.pad(sequences, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
    return sequences


def layer_by_loops(sequences, kernels, bias, stride=1, padding="valid"):
    count, k, filters = len(sequences), kernels.shape[0], kernels.shape[2]
    sequences = prepared(sequences, k, stride, padding)
    starts = range(0, sequences.shape[1] - k + 1, stride)
    out = np.zeros((count, len(starts), filters))
    for n in range(count):
        for t, start in enumerate(starts):
            for f in range(filters):
                out[n, t, f] = bias[f]
                for a in range(k):
                    for c in range(kernels.shape[1]):
                        out[n, t, f] += sequences[n, start + a, c] * kernels[a, c, f]
    return out


def layer_by_windows(sequences, kernels, bias, stride=1, padding="valid"):
    windows = sliding_window_view(prepared(sequences, len(kernels), stride, padding), len(kernels), axis=1)[:, ::stride]
    return np.einsum("ntck,kcf->ntf", windows, kernels) + bias


def layer_by_slices(sequences, kernels, bias, stride=1, padding="valid"):
    k = len(kernels)
    sequences = prepared(sequences, k, stride, padding)
    last = sequences.shape[1] - k + 1
    return sum(sequences[:, a : last + a : stride] @ kernels[a] for a in range(k)) + np.array(bias)


def layer_by_matrices(sequences, kernels, bias, stride=1, padding="valid"):
    k, channels, filters = kernels.shape
    sequences = prepared(np.asarray(sequences, dtype=np.float32), k, stride, padding)
    rows = [[s[t : t + k].ravel() for t in range(0, len(s) - k + 1, stride)] for s in sequences]
    return (np.array(rows) @ kernels.reshape(k * channels, filters) + bias).astype(np.float32)


def layer_by_tensordot(sequences, kernels, bias, stride=1, padding="valid"):
    k = len(kernels)
    sequences = prepared(sequences, k, stride, padding)
    steps = [
        np.tensordot(sequences[:, t : t + k, :], kernels, axes=([1, 2], [0, 1])) + bias
        for t in range(0, sequences.shape[1] - k + 1, stride)
    ]
    return np.stack(steps, axis=1)


def layer_by_convolve(sequences, kernels, bias, stride=1, padding="valid"):
    k, channels, filters = kernels.shape
    sequences = prepared(sequences, k, stride, padding)
    maps = [
        [
            sum(np.convolve(s[:, c], kernels[::-1, c, f], "valid") for c in range(channels))[::stride] + bias[f]
            for f in range(filters)
        ]
        for s in sequences
    ]
    return np.array(maps, dtype=float).transpose(0, 2, 1)


def pool_by_loops(sequences, pool, stride=None):
    if stride is None:
        stride = pool
    count, steps, channels = sequences.shape
    out = np.zeros((count, (steps - pool) // stride + 1, channels))
    for n in range(count):
        for t in range(out.shape[1]):
            for c in range(channels):
                best = float("-inf")
                for step in range(t * stride, t * stride + pool):
                    best = sequences[n, step, c] if sequences[n, step, c] > best else best
                out[n, t, c] = best
    return out


def pool_by_windows(sequences, pool, stride=None):
    return sliding_window_view(sequences, pool, axis=1)[:, :: stride or pool].max(axis=-1)


def pool_by_slices(sequences, pool, stride=None):
    stride = pool if stride is None else stride
    last = sequences.shape[1] - pool + 1
    out = sequences[:, 0:last:stride].astype(float)
    for a in range(1, pool):
        out = np.maximum(out, sequences[:, a : last + a : stride])
    return out


def pool_by_list(sequences, pool, stride=None):
    starts = range(0, sequences.shape[1] - pool + 1, stride or pool)
    return np.concatenate([np.amax(sequences[:, s : s + pool], 1, keepdims=True) for s in starts], 1).astype("f4")


def pool_by_index(sequences, pool, stride=None):
    stride = pool if stride is None else stride
    steps = np.arange((sequences.shape[1] - pool) // stride + 1)[:, None] * stride + np.arange(pool)
    return np.max(sequences[:, steps, :], axis=2)


def pool_by_sorting(sequences, pool, stride=None):
    windows = sliding_window_view(np.array(sequences), (1, pool, 1))[:, :: pool if stride is None else stride]
    return np.sort(windows.reshape(*windows.shape[:3], pool))[..., -1]


def global_by_max(sequences):
    return sequences.max(axis=1)


def global_by_loops(sequences):
    out = np.full((sequences.shape[0], sequences.shape[2]), -np.inf)
    for n in range(len(sequences)):
        for step in sequences[n]:
            for c, value in enumerate(step):
                out[n, c] = max(out[n, c], value)
    return out


def global_by_reduce(sequences):
    return np.maximum.reduce(sequences, axis=1).astype(np.float32)


def global_by_comparing(sequences):
    best = np.array(sequences[:, 0, :], dtype=float)
    for t in range(1, sequences.shape[1]):
        larger = sequences[:, t] > best
        best[larger] = sequences[:, t][larger]
    return best


def global_by_sorting(sequences):
    return np.sort(np.swapaxes(sequences, 1, 2))[:, :, -1] * 1.0


def global_by_index(sequences):
    return np.take_along_axis(sequences, sequences.argmax(axis=1)[:, None, :], axis=1)[:, 0, :]


def params_by_filter(k, c_in, c_out, use_bias=True):
    return c_out * (k * c_in + (1 if use_bias else 0))


def params_by_array(k, c_in, c_out, use_bias=True):
    return np.empty((k, c_in, c_out)).size + use_bias * np.empty(c_out).size


def params_as_numpy(k, c_in, c_out, use_bias=True):
    return np.prod([k, c_in, c_out]) + np.int64(c_out) * use_bias


def params_as_float(k, c_in, c_out, use_bias=True):
    return float(k * c_in * c_out) + (float(c_out) if use_bias else 0.0)


def params_by_adding(k, c_in, c_out, use_bias=True):
    total = 0
    for _ in range(c_out):
        total += k * c_in
        if use_bias:
            total += 1
    return total


def model_in_a_list(num_words, maxlen, num_classes):
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Embedding(num_words, 32),
            layers.Conv1D(32, 7, activation="relu"),
            layers.MaxPooling1D(7),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(num_classes, activation="sigmoid" if num_classes == 1 else "softmax"),
        ]
    )


def model_with_functions(num_words, maxlen, num_classes):
    import keras
    from keras import layers

    tokens = keras.Input(shape=(maxlen,))
    x = layers.Embedding(input_dim=num_words, output_dim=32)(tokens)
    x = layers.ReLU()(layers.Conv1D(32, kernel_size=(7,))(x))
    x = layers.MaxPool1D(pool_size=7, strides=7)(x)
    x = layers.Activation("relu")(layers.Conv1D(32, kernel_size=(5,), padding="valid")(x))
    x = layers.GlobalMaxPool1D()(x)
    if num_classes == 1:
        x = layers.Activation("sigmoid")(layers.Dense(1)(x))
    else:
        x = layers.Softmax()(layers.Dense(num_classes)(x))
    return keras.Model(tokens, x)


def model_compiled(num_words, maxlen, num_classes):
    model = network(num_words, maxlen, num_classes)
    loss = "binary_crossentropy" if num_classes == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"])
    return model


def model_of_any_length(num_words, maxlen, num_classes):
    import keras

    last = keras.layers.Dense(1, "sigmoid") if num_classes == 1 else keras.layers.Dense(num_classes, "softmax")
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    x = keras.layers.Embedding(num_words, 32, name="words")(tokens)
    x = keras.layers.Conv1D(32, 7, activation=keras.activations.relu)(x)
    x = keras.layers.MaxPooling1D(7)(x)
    x = keras.layers.Conv1D(32, 5, activation=keras.ops.relu)(x)
    return keras.Model(tokens, last(keras.layers.GlobalMaxPooling1D()(x)))


def model_as_a_class(num_words, maxlen, num_classes):
    import keras

    class TextCNN(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.Embedding(num_words, 32)
            self.first = keras.layers.Conv1D(32, 7, activation="relu")
            self.pool = keras.layers.MaxPooling1D(7)
            self.second = keras.layers.Conv1D(32, 5, activation="relu")
            self.anywhere = keras.layers.GlobalMaxPooling1D()
            self.last = keras.layers.Dense(num_classes, activation="sigmoid" if num_classes == 1 else "softmax")

        def call(self, tokens):
            return self.last(self.anywhere(self.second(self.pool(self.first(self.words(tokens))))))

    return TextCNN()


def model_in_two_halves(num_words, maxlen, num_classes):
    import keras

    reader = keras.Sequential(
        [keras.layers.Embedding(num_words, 32), keras.layers.Conv1D(32, 7, activation="relu")], name="reader"
    )
    model = keras.Sequential([keras.Input((maxlen,)), reader])
    model.add(keras.layers.MaxPooling1D(7))
    model.add(keras.layers.Conv1D(32, 5, activation="relu"))
    model.add(keras.layers.GlobalMaxPooling1D())
    model.add(keras.layers.Dense(num_classes, activation="softmax" if num_classes > 1 else "sigmoid"))
    return model


TASKS = (
    Task(
        ASSIGNMENT,
        "pad_sequences",
        'pad_sequences(sequences, maxlen, padding="pre", truncating="pre", value=0)',
        padded,
        padding_cases,
        PADDING_MISCONCEPTIONS,
        read="text-pad-sequences",
        accepted=(rows_of_an_array, lists_of_lists, by_np_pad, token_by_token, by_concatenating),
        result="table",
        shape="It is (sequences, maxlen): a row for each sequence, and each row has maxlen numbers.",
        keywords=("padding", "truncating", "value"),
    ),
    Task(
        ASSIGNMENT,
        "embed",
        "embed(tokens, table)",
        looked_up,
        embedding_cases,
        EMBEDDING_MISCONCEPTIONS,
        read="text-embed",
        accepted=(by_indexing, by_take, by_one_hot, by_comparing, by_recursion, by_a_flat_list),
        explain=explain_embed,
        shape="It has the tokens' axes, and one more for the numbers of a word's vector.",
    ),
    Task(
        ASSIGNMENT,
        "conv1d",
        'conv1d(sequences, kernels, bias, stride=1, padding="valid")',
        convolved,
        convolution_cases,
        CONVOLUTION_MISCONCEPTIONS,
        read="text-conv1d",
        accepted=(
            layer_by_loops,
            layer_by_windows,
            layer_by_slices,
            layer_by_matrices,
            layer_by_tensordot,
            layer_by_convolve,
        ),
        explain=explain_convolution,
        shape='It is (N, steps, filters): (T − k) // stride + 1 steps with "valid", ⌈T / stride⌉ with the others.',
        keywords=("stride", "padding"),
        may_use=("cnncourse.shapes.same_padding",),
    ),
    Task(
        ASSIGNMENT,
        "max_pool1d",
        "max_pool1d(sequences, pool, stride=None)",
        max_pooled,
        pooling_cases,
        POOLING_MISCONCEPTIONS,
        read="text-max-pool1d",
        accepted=(pool_by_loops, pool_by_windows, pool_by_slices, pool_by_list, pool_by_index, pool_by_sorting),
        explain=explain_pooling,
        shape="It is (N, steps, channels), with (T − pool) // stride + 1 steps.",
        keywords=("stride",),
    ),
    Task(
        ASSIGNMENT,
        "global_max_pool1d",
        "global_max_pool1d(sequences)",
        globally_max_pooled,
        global_cases,
        GLOBAL_MISCONCEPTIONS,
        read="text-global-max-pool1d",
        helpers=("max_pool1d",),
        accepted=(
            global_by_max,
            global_by_loops,
            global_by_reduce,
            global_by_comparing,
            global_by_sorting,
            global_by_index,
        ),
        explain=explain_global,
        shape="It is (N, channels): one number for each channel of each sequence.",
    ),
    Task(
        ASSIGNMENT,
        "conv1d_params",
        "conv1d_params(k, c_in, c_out, use_bias=True)",
        count_params,
        params_cases,
        PARAMS_MISCONCEPTIONS,
        read="text-conv1d-params",
        accepted=(params_by_filter, params_by_array, params_as_numpy, params_as_float, params_by_adding),
        result="number",
        keywords=("use_bias",),
    ),
    Task(
        ASSIGNMENT,
        "text_cnn",
        "text_cnn(num_words, maxlen, num_classes)",
        network,
        model_cases,
        MODEL_MISCONCEPTIONS,
        read="text-text-cnn",
        accepted=(
            model_in_a_list,
            model_with_functions,
            model_compiled,
            model_of_any_length,
            model_as_a_class,
            model_in_two_halves,
        ),
        result="anything",
        libraries=True,
        imports=("keras",),
        seconds=30,
    ),
)
