"""What a set of data holds, as one number to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

__all__ = ["content_digest"]


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of arrays by name: of what they hold, however the file around them was written."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        sha.update(f"{name} {array.shape} ".encode())
        if array.dtype == object:  # sequences of word numbers
            sha.update(np.array([len(row) for row in array], "<i8").tobytes())
            sha.update(np.concatenate([np.asarray(row, "<i8") for row in array]).tobytes())
        else:
            array = np.ascontiguousarray(array)
            sha.update(array.astype(array.dtype.newbyteorder("<")).dtype.str.encode() + array.tobytes())
    return sha.hexdigest()
