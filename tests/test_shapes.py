"""Sizes: against TensorFlow's padding, the table of Dumoulin & Visin, and impossible arguments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.shapes import dilated_size, output_size, pair, same_padding


@pytest.mark.parametrize(
    ("n", "f", "p", "s", "expected"),
    [
        (4, 3, 0, 1, 2),
        (5, 4, 2, 1, 6),
        (5, 3, 1, 1, 5),
        (5, 3, 2, 1, 7),
        (5, 3, 0, 2, 2),
        (5, 3, 1, 2, 3),
        (6, 3, 1, 2, 3),
    ],
)
def test_output_size_gives_the_examples_of_dumoulin_and_visin(n, f, p, s, expected):
    assert output_size(n, f, p, s) == expected


@given(n=st.integers(1, 30), f=st.integers(1, 9), p=st.integers(0, 5), s=st.integers(1, 6))
def test_output_size_counts_the_places_of_the_kernel(n, f, p, s):
    places = sum(1 for first in range(0, n + 2 * p, s) if first + f <= n + 2 * p)
    if places:
        assert output_size(n, f, p, s) == places
    else:
        with pytest.raises(ValueError, match="does not fit"):
            output_size(n, f, p, s)


@given(n=st.integers(1, 30), f=st.integers(1, 9), s=st.integers(1, 5))
def test_same_padding_is_tensorflows(n, f, s):
    import tensorflow as tf

    # A kernel of ones over an input of ones counts the real pixels under each window: that tells the padding.
    counts = tf.nn.conv1d(np.ones((1, n, 1)), np.ones((f, 1, 1)), s, "SAME").numpy().ravel()
    before, after = same_padding(n, f, s)
    padded = np.pad(np.ones(n), (before, after))
    assert [padded[i : i + f].sum() for i in range(0, len(padded) - f + 1, s)] == counts.tolist()


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (lambda: output_size(0, 3), "0"),
        (lambda: output_size(5, 0), "0"),
        (lambda: output_size(5, 3, -1), "-1"),
        (lambda: output_size(5, 3, 0, 0), "0"),
        (lambda: output_size(2, 5), "5"),
        (lambda: same_padding(4, 3, -2), "-2"),
        (lambda: dilated_size(3, 0), "0"),
        (lambda: pair((1, 2, 3), "stride"), "3"),
        (lambda: pair("same", "stride"), "same"),
        (lambda: pair(1.5, "stride"), "1.5"),
    ],
)
def test_impossible_numbers_raise_and_are_named(call, number):
    with pytest.raises(ValueError, match=number):
        call()
