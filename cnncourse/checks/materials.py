"""What the banks of all topics are made of: numbers to draw, words for sums, probes that several functions need."""

from __future__ import annotations

import numpy as np

from cnncourse.checks.task import Misconception

# -- drawing ---------------------------------------------------------------------------------------------------------


def whole_numbers(rng, *shape):
    """Different whole numbers from 2 on, of both signs: no flip, turn or exchange of two leaves them alike."""
    size = int(np.prod(shape))
    return (rng.permutation(np.arange(2, size + 2)) * rng.choice([-1, 1], size)).astype(float).reshape(shape)


def normals(rng, *shape):
    return rng.standard_normal(shape)


def bytes_of(rng, *shape):
    """Brightness as photographs hold it: from 0 to 255, dark beside light, in a type that wraps around."""
    bright = rng.integers(0, 2, shape).astype(bool)
    bright.flat[:2] = True, False
    return np.where(bright, rng.integers(150, 256, shape), rng.integers(0, 100, shape)).astype(np.uint8)


def every_other(array):
    """The same numbers as a view that is not contiguous."""
    roomy = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
    roomy[..., ::2] = array
    return roomy[..., ::2]


def backwards(array):
    """The same numbers as a view whose rows lie in memory from the last to the first."""
    return np.ascontiguousarray(array[::-1])[::-1]


KINDS = "whole numbers, float32 and views"


def misconceptions(*triples) -> tuple[Misconception, ...]:
    """Misconceptions from (name, wrong function, what a tutor says)."""
    return tuple(Misconception(*triple) for triple in triples)


# -- words -----------------------------------------------------------------------------------------------------------


def products(window, kernel) -> str:
    pairs = [f"{in_a_sum(x)}·{in_a_sum(w)}" for x, w in zip(np.ravel(window), np.ravel(kernel), strict=True)]
    shown = pairs if len(pairs) <= 9 else [*pairs[:8], "…"]
    return " + ".join(shown)


def number(value) -> str:
    return f"{round(float(value), 2) + 0.0:g}".replace("-", "−")


def in_a_sum(value) -> str:
    """A number within a sum or a product: in parentheses when it is negative."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


# -- results ---------------------------------------------------------------------------------------------------------


def filled(shape, entry):
    """An array of this shape in which ``entry(i, j)`` stands at [i, j]."""
    out = np.zeros(shape)
    for i, j in np.ndindex(out.shape):
        out[i, j] = entry(i, j)
    return out


# -- probes ----------------------------------------------------------------------------------------------------------


def part(k: int):
    """A probe that looks at one of several results."""

    def probe(call, *args):
        return call(*args)[k]

    return probe
