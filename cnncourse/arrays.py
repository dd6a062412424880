"""What every operation does with its arrays before it begins: one floating type, channels last.

The functions of this module are the library's own; no chapter teaches them.
"""

from __future__ import annotations

import math

import numpy as np

from cnncourse.blas import one_blas_thread

__all__ = [
    "channels_last",
    "class_numbers",
    "filter_bias",
    "floats",
    "in_data_format",
    "output_gradient",
    "sum_over_rows",
]


def floats(*arrays) -> list[np.ndarray]:
    """The arrays as one floating type: float32 stays float32, integers on their own become float64.

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


def output_gradient(grad, shape: tuple[int, ...], data_format: str = "channels_last", name: str = "grad") -> np.ndarray:
    """The gradient with its channels last, once it is known to have the output's shape.

    Args:
        grad: in ``data_format``.
        shape: the output's, channels last.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        name: what to call it in the error.

    Raises:
        ValueError: another shape; the message has both as ``data_format`` orders them.

    >>> output_gradient(np.ones((1, 3, 4, 5)), (1, 4, 5, 3), "channels_first").shape
    (1, 4, 5, 3)
    """
    grad = np.asarray(grad)
    expected = (shape[0], shape[-1], *shape[1:-1]) if data_format == "channels_first" else tuple(shape)
    if grad.shape != expected:
        raise ValueError(f"{name} must have the output's shape {expected}, got {grad.shape}")
    return channels_last(grad, data_format)


def filter_bias(bias, filters: int, dtype) -> np.ndarray:
    """One number for each filter; zeros where there is no bias. Raises ``ValueError`` for another shape.

    >>> filter_bias(None, 2, np.float32)
    array([0., 0.], dtype=float32)
    """
    bias = np.zeros(filters, dtype) if bias is None else np.asarray(bias, dtype)
    if bias.shape != (filters,):
        raise ValueError(f"bias must have one number for each of the {filters} filters, got shape {bias.shape}")
    return bias


def class_numbers(numbers, num_classes: int, name: str) -> np.ndarray:
    """Labels as integers that do not overflow. Raises ``ValueError`` for a number that is no class.

    >>> class_numbers([2.0, 0.0], 3, "labels")
    array([2, 0])
    """
    numbers = np.asarray(numbers)
    wrong = (numbers < 0) | (numbers >= num_classes) | (numbers != np.floor(numbers))
    if wrong.any():
        raise ValueError(f"{name} must be whole numbers from 0 to {num_classes - 1}, got {numbers[wrong][0]}")
    return numbers.astype(int)


def sum_over_rows(array: np.ndarray, axes: int | None = None) -> np.ndarray:
    """The sum over all axes but the last: ``(…, C)`` to ``(C,)``; or over the ``axes`` before the last.

    Sums of 512 rows, then sums of 512 of these sums, and so on, each a product with ones. NumPy's ``sum`` along such
    axes adds one number after the other, which is slower, and in float32 loses a percent over a million rows.

    >>> sum_over_rows(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    >>> sum_over_rows(np.ones((5, 28, 28, 3)), axes=2).shape
    (5, 3)
    """
    kept = array.shape[: 0 if axes is None else array.ndim - 1 - axes]
    rows = array.reshape(math.prod(kept), math.prod(array.shape[len(kept) : -1]), array.shape[-1])
    with one_blas_thread():
        while rows.shape[1] > 512:
            whole = rows.shape[1] // 512 * 512
            sums = np.ones(512, rows.dtype) @ rows[:, :whole].reshape(len(rows), whole // 512, 512, rows.shape[2])
            rows = np.concatenate([sums, rows[:, whole:]], axis=1)
        return (np.ones(rows.shape[1], rows.dtype) @ rows).reshape(*kept, rows.shape[2])
