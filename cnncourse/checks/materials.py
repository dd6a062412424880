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


def from_generator(draw, seed) -> list[bool]:
    """Whether all that is random in ``draw(rng)`` comes from ``rng``, as four facts.

    The same seed draws the same; another seed draws something else; a generator that goes on draws something else; and
    NumPy's own generator is neither used nor seeded. ``draw`` returns arrays, or lists of them.
    """
    np.random.seed(seed % 2**31 + 123_456)  # a state that no function leaves behind; the engine puts the old one back
    state = np.random.get_state()
    rng = np.random.default_rng(seed)
    first, later = draw(rng), draw(rng)
    again, other = draw(np.random.default_rng(seed)), draw(np.random.default_rng(seed + 1))
    untouched = all(np.array_equal(a, b) for a, b in zip(state, np.random.get_state(), strict=True))
    return [_alike(first, again), not _alike(first, other), not _alike(first, later), untouched]


def _alike(one, other) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return np.array_equal(one, other)
