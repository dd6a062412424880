"""What a set of data holds, as one number to compare."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

__all__ = ["content_digest", "numbers_in_a_row"]


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of arrays by name: of what they hold, however the file around them was written.

    Args:
        arrays: arrays of numbers, or arrays of objects whose every row is a sequence of whole numbers.

    >>> one = content_digest({"x": np.arange(3), "y": np.ones(2)})
    >>> one == content_digest({"y": np.ones(2), "x": np.arange(6)[:3]})
    True
    >>> one == content_digest({"x": np.arange(3), "y": np.zeros(2)})
    False
    """
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        sha.update(f"{name} {array.shape} ".encode())
        if array.dtype == object:  # sequences of word numbers
            sha.update(np.array([len(row) for row in array], "<i8").tobytes())
            sha.update(numbers_in_a_row(array).astype("<i8", copy=False).tobytes())
        else:
            array = np.ascontiguousarray(array)
            sha.update(array.astype(array.dtype.newbyteorder("<")).dtype.str.encode() + array.tobytes())
    return sha.hexdigest()


def numbers_in_a_row(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """All the numbers of some sequences, one sequence after the other, as one array of int64.

    >>> numbers_in_a_row([[1, 14, 22], [], [1, 194]])
    array([  1,  14,  22,   1, 194])
    """
    return np.fromiter(itertools.chain.from_iterable(rows), np.int64, sum(map(len, rows)))
