"""cnncourse.padding_stride against Keras, counting window by window, and hand computation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import padding_stride
from cnncourse.padding_stride import conv2d, pad2d, pixel_utilisation, same_padding

PAIRS = st.tuples(st.integers(0, 3), st.integers(0, 3))


def test_it_holds_every_function_that_the_assignment_asks_for():
    asked = {"output_size", "fits_exactly", "same_padding", "pad2d", "conv2d", "receptive_field"}
    assert asked <= set(padding_stride.__all__)


@settings(max_examples=30)
@given(shape=st.tuples(*[st.integers(1, 4)] * 4), padding=st.integers(0, 3) | PAIRS)
def test_pad2d_is_keras_zero_padding(shape, padding):
    import keras

    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(pad2d(images, padding), keras.layers.ZeroPadding2D(padding)(images))


def test_pad2d_frames_every_channel_of_every_image_with_the_value():
    images = np.arange(8).reshape(2, 1, 2, 2)
    padded = pad2d(images, (1, 0), value=-1)
    assert padded[0, :, :, 0].tolist() == [[-1, -1], [0, 2], [-1, -1]]
    assert padded[1, :, :, 1].tolist() == [[-1, -1], [5, 7], [-1, -1]]


@pytest.mark.parametrize("value", [0.5, -np.inf])
def test_whole_numbers_can_be_framed_with_any_float(value):
    padded = pad2d(np.ones((1, 1, 1, 1), np.uint8), 1, value)
    assert padded.dtype == np.float64 and padded[0, 0, 0, 0] == value


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(dtype):
    assert pad2d(np.ones((1, 2, 2, 1), dtype), 1, value=np.float64(0.1)).dtype == dtype


def test_no_padding_gives_a_fresh_array_and_the_images_stay_as_they_are():
    images = np.arange(24.0).reshape(2, 3, 4, 1)[:, ::-1]
    before = images.copy()
    images.flags.writeable = False
    for padding in (0, 1):
        padded = pad2d(images, padding)
        assert not np.may_share_memory(padded, images)
        np.testing.assert_array_equal(padded[:, padding : padding + 3, padding : padding + 4], before)
    np.testing.assert_array_equal(images, before)


def test_an_empty_batch_stays_empty():
    assert pad2d(np.zeros((0, 3, 4, 2)), (1, 2)).shape == (0, 5, 8, 2)


@settings(max_examples=30)
@given(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 5]), st.integers(5, 9), st.integers(5, 9))
def test_same_padding_keeps_the_size_for_every_odd_kernel_and_is_keras(kh, kw, height, width):
    import keras

    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal((2, height, width, 2)), rng.standard_normal((kh, kw, 2, 3))
    out = conv2d(pad2d(images, (kh // 2, kw // 2)), kernels)
    assert out.shape == (2, height, width, 3)
    np.testing.assert_allclose(out, keras.ops.conv(images, kernels, padding="same"), atol=1e-10)
    assert same_padding(height, kh) == (kh // 2, kh // 2)


def counted_windows(sizes, kernel, strides, padding, gaps):
    """Every window puts a mark on each of its pixels; the marks outside the image are dropped."""
    counts = np.zeros(sizes, int)
    padded = [n + 2 * p for n, p in zip(sizes, padding, strict=True)]
    reach = [(f - 1) * gap + 1 for f, gap in zip(kernel, gaps, strict=True)]
    corners = [range(0, n - r + 1, s) for n, r, s in zip(padded, reach, strides, strict=True)]
    for top, left in product(*corners):
        for a, b in product(*map(range, kernel)):
            row, column = top + a * gaps[0] - padding[0], left + b * gaps[1] - padding[1]
            if 0 <= row < sizes[0] and 0 <= column < sizes[1]:
                counts[row, column] += 1
    return counts


ONE_TO_THREE = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(
    sizes=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    kernel=ONE_TO_THREE,
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=PAIRS,
    gaps=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_pixel_utilisation_counts_the_windows_over_each_pixel(sizes, kernel, strides, padding, gaps):
    expected = counted_windows(sizes, kernel, strides, padding, gaps)
    counts = pixel_utilisation(sizes, kernel, strides, padding, gaps)
    assert counts.dtype.kind == "i"
    np.testing.assert_array_equal(counts, expected)


def test_without_padding_a_corner_is_used_once_and_the_middle_nine_times():
    counts = pixel_utilisation(6, 3)
    assert counts.max() == 9 and {counts[0, 0], counts[0, -1], counts[-1, 0], counts[-1, -1]} == {1}
    assert pixel_utilisation(6, 3, padding="same")[0, 0] == 4


def test_a_stride_longer_than_the_kernel_leaves_pixels_out():
    assert pixel_utilisation((1, 8), (1, 2), stride=(1, 3)).tolist() == [[1, 1, 0, 1, 1, 0, 1, 1]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pad2d(np.zeros((3, 3)), 1), r"images must have 4 dimensions, got shape \(3, 3\)"),
        (lambda: pad2d(np.zeros((1, 3, 3, 1)), -1), "padding must be at least 0, got -1"),
        (lambda: pad2d(np.zeros((1, 3, 3, 1)), (1, 2, 3)), r"got \(1, 2, 3\)"),
        (lambda: pad2d(np.zeros((1, 3, 3, 1)), "same"), "got 'same'"),
        (lambda: pad2d(np.full((1, 1, 1, 1), "a"), 1), "arrays of numbers"),
        (lambda: pixel_utilisation(2, 3), "a kernel of 3 does not fit into an input of 2"),
        (lambda: pixel_utilisation(0, 1), "image_size must be at least 1, got 0"),
        (lambda: pixel_utilisation(5, 0), "kernel_size must be at least 1, got 0"),
        (lambda: pixel_utilisation(5, 3, stride=0), "stride must be at least 1, got 0"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()
