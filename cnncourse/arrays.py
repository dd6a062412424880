"""What every operation does with its arrays before it begins: one floating type, channels last, one thread.

The functions of this module are the library's own; no chapter teaches them.
"""

from __future__ import annotations

import threading

import numpy as np

__all__ = ["channels_last", "floats", "in_data_format", "one_blas_thread"]


def floats(*arrays) -> list[np.ndarray]:
    """The arrays as one floating type: float32 with float32 stays float32, integers become float64.

    Raises ``ValueError`` for anything but numbers.

    >>> [array.dtype.name for array in floats([1, 2], np.float32(3))]
    ['float64', 'float64']
    """
    arrays = [np.asarray(array) for array in arrays]
    dtype = np.result_type(*arrays)
    if dtype.kind not in "fiub":
        raise ValueError(f"expected arrays of numbers, got {dtype}")
    return [array.astype(dtype if dtype.kind == "f" else np.float64, copy=False) for array in arrays]


def channels_last(array: np.ndarray, data_format: str) -> np.ndarray:
    """A view of the array with its channels as the last axis, as :mod:`cnncourse` computes.

    Raises ``ValueError`` when ``data_format`` is neither ``"channels_last"`` nor ``"channels_first"``.

    >>> channels_last(np.ones((8, 3, 28, 20)), "channels_first").shape
    (8, 28, 20, 3)
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
    return np.moveaxis(array, 1, -1) if data_format == "channels_first" else array


def in_data_format(array: np.ndarray, data_format: str) -> np.ndarray:
    """An array with its channels last, in the format that was asked for: the way back from :func:`channels_last`.

    >>> in_data_format(np.ones((8, 28, 20, 3)), "channels_first").shape
    (8, 3, 28, 20)
    """
    return np.ascontiguousarray(np.moveaxis(array, -1, 1)) if data_format == "channels_first" else array


def one_blas_thread():
    """Matrix products inside ``with one_blas_thread():`` are computed by one thread.

    The library's products are short. Shared out to threads, each waits for the slowest, and as soon as another program
    wants the same processor that takes many times as long as the work itself.

    >>> with one_blas_thread():
    ...     np.ones((2, 3)) @ np.ones((3, 1))
    array([[3.],
           [3.]])

    Source: threadpoolctl, which tells the BLAS that NumPy loaded.
    """
    return _ONE_BLAS_THREAD


class _OneBlasThread:
    """Counts who is inside, so that the last of several Python threads to leave restores what the first one found."""

    def __init__(self):
        self.lock = threading.Lock()
        self.inside = 0
        self.blas = self.limit = None

    def __enter__(self):
        with self.lock:
            if self.blas is None:
                from threadpoolctl import ThreadpoolController

                self.blas = ThreadpoolController().select(user_api="blas")
            if self.inside == 0:
                self.limit = self.blas.limit(limits=1)
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.limit.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()
