"""The arithmetic of sizes: how large an output is and how much padding it takes.

Taught in the chapter on padding and stride. Everything here works on plain numbers, one axis at a time, and knows
nothing of arrays. ``n`` is the input's size, ``f`` the kernel's, ``p`` the padding on each side, ``s`` the stride.
"""

from __future__ import annotations

from operator import index

__all__ = ["dilated_size", "output_size", "pair", "same_padding"]


def _whole_number(value, name: str, least: int) -> int:
    try:
        number = index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def pair(value, name: str, least: int = 1) -> tuple[int, int]:
    """Read an int, or a pair (rows, columns), as a pair.

    Raises ``ValueError`` when it is neither, or when a number is below ``least``.

    >>> pair(2, "stride"), pair((1, 3), "stride")
    ((2, 2), (1, 3))
    """
    if isinstance(value, str):
        raise ValueError(f"{name} must be an int or a pair (rows, columns), got {value!r}")
    if hasattr(value, "__len__") and getattr(value, "ndim", 1):
        if len(value) != 2:
            raise ValueError(f"{name} must be an int or a pair (rows, columns), got {value!r}")
        return _whole_number(value[0], name, least), _whole_number(value[1], name, least)
    number = _whole_number(value, name, least)
    return number, number


def dilated_size(f: int, dilation: int = 1) -> int:
    """The number of pixels that a kernel of ``f`` entries, ``dilation`` pixels apart, reaches over.

    (f - 1) · dilation + 1, from Dumoulin & Visin (2016), section 5.1.

    >>> dilated_size(3, dilation=2)
    5
    """
    return (_whole_number(f, "f", 1) - 1) * _whole_number(dilation, "dilation", 1) + 1


def output_size(n: int, f: int, padding: int = 0, stride: int = 1) -> int:
    """The size of a convolution's output along one axis: ⌊(n + 2p - f) / s⌋ + 1.

    Raises ``ValueError`` when the kernel does not fit into the padded input or a number is impossible
    (``n``, ``f``, ``stride`` below 1, ``padding`` below 0). Source: Dumoulin & Visin (2016), relationship 6.

    >>> output_size(7, 3, padding=1, stride=2)
    4
    """
    n, f = _whole_number(n, "n", 1), _whole_number(f, "f", 1)
    padding, stride = _whole_number(padding, "padding", 0), _whole_number(stride, "stride", 1)
    if f > n + 2 * padding:
        raise ValueError(f"a kernel of {f} does not fit into an input of {n} padded by {padding} on each side")
    return (n + 2 * padding - f) // stride + 1


def same_padding(n: int, f: int, stride: int = 1) -> tuple[int, int]:
    """The padding (before, after) with which the output has ⌈n / s⌉ entries, as TensorFlow computes it.

    The odd pixel goes after. Raises ``ValueError`` for a number below 1. Source: TensorFlow's API guide to
    ``tf.nn.convolution``, padding ``"SAME"``.

    >>> same_padding(5, 3), same_padding(5, 2), same_padding(6, 3, stride=2)
    ((1, 1), (0, 1), (0, 1))
    """
    n, f, stride = _whole_number(n, "n", 1), _whole_number(f, "f", 1), _whole_number(stride, "stride", 1)
    size = -(-n // stride)
    total = max((size - 1) * stride + f - n, 0)
    return total // 2, total - total // 2
