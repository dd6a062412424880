"""cnncourse.columns and cnncourse.arrays: whatever the tiles and layouts, the numbers are those of the loops."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import SEEDS, constants, layers_2d, meetings, numerical_gradient, tensorflows_conv2d
from oracles import conv2d as looped_conv2d
from oracles import conv2d_backward as looped_conv2d_backward
from threadpoolctl import threadpool_info, threadpool_limits

from cnncourse import columns
from cnncourse.arrays import channels_last, floats, in_data_format
from cnncourse.blas import one_blas_thread
from cnncourse.columns import Geometry, aligned, folded, pixels_of, product, product_over_pixels
from cnncourse.convolution import conv2d, conv2d_backward

# A stride of 1 and many channels have their own way to the images' gradient.
ANY_OR_DEEP = pytest.mark.parametrize(
    "layers", [layers_2d(), layers_2d(channels=(16, 17, 20), strides=(1,))], ids=["any layer", "deep layers"]
)


@st.composite
def tilings(draw, kernels):
    """The output cut between images, between rows or not at all; the kernel cut or whole; products in blocks or not."""
    rng = np.random.default_rng(draw(SEEDS))
    kh, kw, c_in, filters = kernels.shape
    rows = int(rng.choice([1, 2, kh]))
    entries = rows * kw * c_in
    return dict(
        LONGEST=entries,
        TILE=entries * int(rng.choice([0, 5, 20, 60, 2**17])),
        SMALL_PRODUCT=int(rng.choice([0, 4, 8, 12, 40])) * (entries + 1) * filters,
    )


@ANY_OR_DEEP
@settings(max_examples=200)
@given(data=st.data())
def test_every_tiling_gives_what_the_loops_give(layers, data):
    images, kernels, bias, grad, options = data.draw(layers)
    tiling = data.draw(tilings(kernels))
    with constants(columns, **tiling):
        out = conv2d(images, kernels, bias, **options)
        gradients = conv2d_backward(grad, images, kernels, **options)
    np.testing.assert_allclose(out, looped_conv2d(images, kernels, bias, **options), atol=1e-10)
    for ours, looped in zip(gradients, looped_conv2d_backward(grad, images, kernels, **options), strict=True):
        np.testing.assert_allclose(ours, looped, atol=1e-10)


@ANY_OR_DEEP
@settings(max_examples=60)
@given(data=st.data())
def test_every_tiling_gives_what_tensorflow_and_its_gradient_tape_give(layers, data):
    import tensorflow as tf

    *arrays, grad, options = data.draw(layers)
    variables = [tf.Variable(array) for array in arrays]
    with tf.GradientTape() as tape:
        expected = tensorflows_conv2d(*variables, **options)
        loss = tf.reduce_sum(expected * grad)
    with constants(columns, **data.draw(tilings(arrays[1]))):
        out = conv2d(*arrays, **options)
        gradients = conv2d_backward(grad, *arrays[:2], **options)
    np.testing.assert_allclose(out, expected.numpy(), atol=1e-10)
    for ours, theirs in zip(gradients, tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)


@ANY_OR_DEEP
@settings(max_examples=15)
@given(data=st.data())
def test_every_tilings_gradients_are_the_numerical_ones(layers, data):
    *arrays, grad, options = data.draw(layers)
    with constants(columns, **data.draw(tilings(arrays[1]))):
        gradients = conv2d_backward(grad, *arrays[:2], **options)
        for number, analytic in enumerate(gradients):

            def loss(moved, number=number):
                return np.sum(conv2d(*arrays[:number], moved, *arrays[number + 1 :], **options) * grad)

            chosen = np.zeros(analytic.shape, bool)  # a whole array of 16 channels would take a second
            chosen.flat[:: max(1, chosen.size // 40)] = True

            def along(moved, whole=arrays[number], chosen=chosen, loss=loss):
                here = whole.copy()
                here[chosen] = moved
                return loss(here)

            numeric = numerical_gradient(along, arrays[number][chosen])
            np.testing.assert_allclose(analytic[chosen], numeric, atol=1e-8)


@settings(max_examples=40)
@given(st.data())
def test_float32_is_rounded_and_nothing_worse(data):
    images, kernels, bias, grad, options = data.draw(layers_2d())
    arguments = [array.astype(np.float32) for array in (images, kernels, bias, grad)]
    with constants(columns, **data.draw(tilings(kernels))):
        out = conv2d(*arguments[:3], **options)
        results = (out, *conv2d_backward(arguments[3], *arguments[:2], **options))
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    expected = (
        looped_conv2d(images, kernels, bias, **options),
        *looped_conv2d_backward(grad, images, kernels, **options),
    )
    for ours, looped in zip(results, expected, strict=True):
        # Each sum has at most this many terms, and each term is rounded.
        np.testing.assert_allclose(ours, looped, atol=1e-4)


@settings(max_examples=40)
@given(st.data(), st.sampled_from(["channels_last", "channels_first"]))
def test_views_are_as_good_as_copies_inputs_stay_and_results_are_fresh(data, data_format):
    images, kernels, bias, grad, options = data.draw(layers_2d())
    options["data_format"] = data_format
    expected = conv2d(in_data_format(images, data_format), kernels, bias, **options)
    gradients = conv2d_backward(
        in_data_format(grad, data_format), in_data_format(images, data_format), kernels, **options
    )

    def scattered(array):
        """The same numbers, with others between them, in the opposite order."""
        wide = np.full([2 * n for n in array.shape], np.nan)
        view = wide[(slice(None, None, -2),) * array.ndim]
        view[...] = array
        view.flags.writeable = False
        return view

    arguments = [scattered(in_data_format(a, data_format) if a.ndim == 4 else a) for a in (images, bias, grad)]
    arguments.append(scattered(kernels))
    before = [array.copy() for array in arguments]
    x, b, g, k = arguments
    with constants(columns, **data.draw(tilings(kernels))):
        results = (conv2d(x, k, b, **options), *conv2d_backward(g, x, k, **options))
    for ours, theirs in zip(results, (expected, *gradients), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
        assert ours.flags.c_contiguous and ours.flags.writeable
        assert not any(np.may_share_memory(ours, array.base) for array in arguments)
    for array, original in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(array, original)
    for number, ours in enumerate(results):
        assert not any(np.shares_memory(ours, other) for other in results[number + 1 :])


@pytest.mark.parametrize("c_in", [1, 3, 4, 5, 8, 15, 16, 17])
@pytest.mark.parametrize("padding", ["valid", "same", 1, 4, ((0, 2), (3, 0))])
def test_on_both_sides_of_every_threshold_the_loops_agree(c_in, padding):
    """A kernel row of 15, 16 or 17 numbers, 15, 16 or 17 channels, padding beyond the kernel's reach."""
    rng = np.random.default_rng(c_in)
    for kernel_size, stride in (((3, 3), 1), ((2, 4), (1, 1)), ((1, 1), 1), ((3, 2), (2, 1)), ((2, 2), 3)):
        images, kernels = rng.standard_normal((3, 5, 6, c_in)), rng.standard_normal((*kernel_size, c_in, 2))
        options = dict(stride=stride, padding=padding)
        with constants(columns, TILE=100, LONGEST=20):
            out = conv2d(images, kernels, [1, 2], **options)
            gradients = conv2d_backward(out, images, kernels, **options)
        np.testing.assert_allclose(out, looped_conv2d(images, kernels, [1, 2], **options), atol=1e-10)
        for ours, looped in zip(gradients, looped_conv2d_backward(out, images, kernels, **options), strict=True):
            np.testing.assert_allclose(ours, looped, atol=1e-9)


@pytest.mark.parametrize(
    ("image_shape", "kernel_size", "options"),
    [
        ((1, 70, 66, 1), (3, 2), dict(stride=1)),  # one image, longer than a strip
        ((2, 66, 70, 2), (2, 3), dict(stride=1, padding="same", dilation=(2, 1))),
        ((1, 135, 138, 1), (3, 5), dict(stride=2, padding=1)),
        ((300, 4, 5, 1), (2, 2), dict(stride=1)),  # more images than go into one strip, the last strip not full
        ((450, 7, 5, 2), (3, 2), dict(stride=(2, 1), padding="same")),
        ((300, 7, 9, 1), (2, 2), dict(stride=(3, 4))),  # pixels that no window reaches, between and after
    ],
)
def test_strips_of_many_pixels_and_of_many_images_give_what_the_loops_give(image_shape, kernel_size, options):
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal(image_shape), rng.standard_normal((*kernel_size, image_shape[3], 2))
    grad = rng.standard_normal(conv2d(images, kernels, **options).shape)
    expected = looped_conv2d_backward(grad, images, kernels, **options)
    for tile in (1, columns.TILE):  # at least 4096 pixels are worked on at a time
        with constants(columns, TILE=tile):
            gradients = conv2d_backward(grad, images, kernels, **options)
        for ours, looped in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(ours, looped, atol=1e-8)


@settings(max_examples=60)
@given(st.data())
def test_the_tiles_are_the_output_cut_into_parts_each_pixel_once_and_in_order(data):
    images, kernels, _, grad, options = data.draw(layers_2d())
    geometry = Geometry(images, kernels, **options, data_format="channels_last")
    assert geometry.output_shape == grad.shape
    numbers = np.arange(grad[..., 0].size).reshape(grad.shape[:3])
    with constants(columns, **data.draw(tilings(kernels))):
        cut = [numbers[tile].ravel() for tile in geometry.tiles()]
        rows = [np.arange(len(kernels))[part] for part in geometry.parts()]
    np.testing.assert_array_equal(np.concatenate(cut), numbers.ravel())
    np.testing.assert_array_equal(np.concatenate(rows), np.arange(len(kernels)))


@settings(max_examples=60)
@given(st.data())
def test_the_columns_of_a_tile_are_its_windows_entry_by_entry_and_a_one(data):
    images, kernels, _, grad, options = data.draw(layers_2d())
    met, _ = meetings(images.shape, kernels.shape[:2], **options)
    expected = np.zeros((*grad.shape[:3], *kernels.shape[:3]))
    for i, j, a, b, y, x in met:
        expected[:, i, j, a, b] = images[:, y, x]
    written = np.zeros(expected.shape[:4], int)
    with constants(columns, **data.draw(tilings(kernels))):
        for tile, part, here in Geometry(images, kernels, **options, data_format="channels_last").columns(images):
            windows = expected[tile][:, :, :, part]
            written[tile][:, :, :, part] += 1
            windows = windows.reshape(windows[..., 0, 0, 0].size, -1)
            one_more = np.insert(windows, windows.shape[1], 1, axis=1)
            np.testing.assert_array_equal(here.reshape(len(windows), -1), one_more)
            pixels = pixels_of(grad[tile], here)
            assert pixels.shape == (*here.shape[:2], grad.shape[3])
            np.testing.assert_array_equal(pixels.ravel(), grad[tile].ravel())
    assert (written == 1).all()


@settings(max_examples=60)
@given(layers_2d(), st.sampled_from([1, 2**17]))
def test_folding_is_the_loops_images_gradient(layer, tile):
    """Also for the layers whose gradient is computed in the other way."""
    images, kernels, _, grad, options = layer
    geometry = Geometry(images, kernels, **options, data_format="channels_last")
    with constants(columns, TILE=tile):
        padded = folded(grad, kernels, geometry)
    assert padded.shape == geometry.padded_shape
    expected = looped_conv2d_backward(grad, images, kernels, **options)[0]
    np.testing.assert_allclose(geometry.crop(padded), expected, atol=1e-10)


@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 30), st.booleans())
def test_products_in_blocks_are_the_whole_product(count, pixels, entries, filters, block, turned):
    rng = np.random.default_rng(0)
    rows, matrix = rng.standard_normal((count, pixels, entries)), rng.standard_normal((entries, filters))
    if turned:
        rows = np.ascontiguousarray(rows.mT).mT
    grad, out = rng.standard_normal((count, pixels, filters)), np.full((count, pixels, filters), np.nan)
    with constants(columns, SMALL_PRODUCT=block * matrix.size):
        product(rows, aligned(matrix), out=out)
    np.testing.assert_allclose(out, np.einsum("npk,kf->npf", rows, matrix), atol=1e-12)
    np.testing.assert_allclose(product_over_pixels(rows, grad), np.einsum("npk,npf->kf", rows, grad), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (364, 96)])
def test_an_aligned_copy_begins_at_a_cache_line(dtype, shape):
    matrix = np.random.default_rng(0).standard_normal(shape[::-1]).astype(dtype).T
    for copy in [aligned(matrix) for _ in range(5)]:
        assert copy.ctypes.data % 64 == 0 and copy.flags.c_contiguous and copy.dtype == dtype
        np.testing.assert_array_equal(copy, matrix)
        assert not np.may_share_memory(copy, matrix)


@pytest.mark.parametrize("c_in", [3, 16])
def test_without_the_input_gradient_the_others_are_the_same(c_in):
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal((2, 5, 5, c_in)), rng.standard_normal((3, 3, c_in, 4))
    grad = rng.standard_normal((2, 3, 3, 4))
    without = conv2d_backward(grad, images, kernels, input_gradient=False)
    _, d_kernels, d_bias = conv2d_backward(grad, images, kernels)
    assert without[0] is None
    np.testing.assert_array_equal(without[1], d_kernels)
    np.testing.assert_array_equal(without[2], d_bias)


@pytest.mark.parametrize("c_in", [1, 16])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_an_empty_batch_has_an_empty_output_and_gradients_of_zero(c_in, data_format):
    images, kernels = np.zeros((0, 5, 6, c_in), np.float32), np.ones((3, 2, c_in, 4), np.float32)
    images = in_data_format(images, data_format)
    for stride in (1, 2):
        out = conv2d(images, kernels, np.ones(4), stride, data_format=data_format)
        assert out.dtype == np.float32 and out.size == 0
        gradients = conv2d_backward(out, images, kernels, stride, data_format=data_format)
        assert [gradient.shape for gradient in gradients] == [images.shape, (3, 2, c_in, 4), (4,)]
        assert not gradients[1].any() and not gradients[2].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
@pytest.mark.parametrize("c_in", [1, 16])
def test_whole_numbers_are_as_good_as_floats_and_never_overflow(dtype, c_in):
    rng = np.random.default_rng(0)
    images = rng.integers(-200, 200, (2, 5, 5, c_in)).astype(dtype)
    kernels, grad = rng.integers(-3, 3, (3, 3, c_in, 2)), rng.integers(-9, 9, (2, 3, 3, 2))
    results = conv2d(images, kernels, [1, -1]), *conv2d_backward(grad, images, kernels)
    assert {result.dtype for result in results} == {np.dtype(np.float64)}
    numbers = images.astype(float)
    expected = looped_conv2d(numbers, kernels, [1, -1]), *looped_conv2d_backward(grad, numbers, kernels)
    for ours, looped in zip(results, expected, strict=True):
        np.testing.assert_array_equal(ours, looped)


def test_one_image_full_of_infinities_leaves_the_others_alone():
    rng = np.random.default_rng(0)
    for c_in in (1, 16):
        images, kernels = rng.standard_normal((3, 5, 5, c_in)), rng.standard_normal((3, 3, c_in, 2))
        expected = conv2d(images, kernels), conv2d_backward(np.ones((3, 3, 3, 2)), images, kernels)[0]
        grad = np.ones((3, 3, 3, 2))
        images[1], grad[1] = np.inf, np.nan
        with np.errstate(invalid="ignore"):
            found = conv2d(images, kernels), conv2d_backward(grad, images, kernels)[0]
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours[[0, 2]], theirs[[0, 2]], atol=1e-12)
            assert not np.isfinite(ours[1]).any()


def test_alexnets_first_layer_needs_less_than_30_mebibytes_beyond_its_results():
    """Written out whole, its windows alone are 34 MiB."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((8, 227, 227, 3), dtype=np.float32)
    kernels = rng.standard_normal((11, 11, 3, 96), dtype=np.float32)
    grad = rng.standard_normal((8, 55, 55, 96), dtype=np.float32)
    for layer in (conv2d, partial(conv2d_backward, grad)):
        tracemalloc.start()
        try:
            results = layer(images, kernels, stride=4)
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        results = results if isinstance(results, tuple) else (results,)
        assert kept < sum(result.nbytes for result in results) + 2**20
        assert peak - kept < 30 * 2**20
        del results


def blas_threads():
    """The threads of every BLAS in this process, SciPy's and TensorFlow's included where they are loaded."""
    return {
        library["filepath"]: library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def numpys_blas():
    return {path: number for path, number in blas_threads().items() if "numpy" in path} or blas_threads()


@pytest.mark.parametrize("before", [1, 2])
def test_one_blas_thread_is_one_thread_and_the_former_number_afterwards(before):
    with threadpool_limits(before, user_api="blas"):
        former = blas_threads()
        with one_blas_thread():
            assert set(numpys_blas().values()) == {1}
            with one_blas_thread():
                assert set(numpys_blas().values()) == {1}
            assert set(numpys_blas().values()) == {1}
        assert blas_threads() == former


def test_the_former_number_of_threads_comes_back_after_an_error():
    with threadpool_limits(2, user_api="blas"):
        former = blas_threads()
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            raise ZeroDivisionError
        assert blas_threads() == former


def test_convolution_multiplies_with_one_thread_and_leaves_the_number_as_it_was(monkeypatch):
    seen = []
    real = columns.Geometry.columns

    def watched(self, images):
        for tile in real(self, images):
            seen.extend(numpys_blas().values())
            yield tile

    monkeypatch.setattr(columns.Geometry, "columns", watched)
    with threadpool_limits(2, user_api="blas"):
        former = blas_threads()
        for c_in in (2, 16):
            images, kernels = np.ones((1, 4, 4, c_in)), np.ones((3, 3, c_in, 2))
            conv2d_backward(conv2d(images, kernels), images, kernels)
        assert blas_threads() == former
    assert set(seen) == {1}


@pytest.mark.parametrize(
    ("arguments", "dtype"),
    [
        (([1, 2], 3), np.float64),
        ((np.float32(1), np.ones(2, np.float32)), np.float32),
        ((np.ones(2, np.float32), np.ones(2)), np.float64),
        ((np.ones(2, np.int8), np.ones(2, np.uint8)), np.float64),
        (([True, False],), np.float64),
        (([],), np.float64),
    ],
)
def test_floats_finds_one_type_for_all(arguments, dtype):
    arrays = floats(*arguments)
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    for array, argument in zip(arrays, arguments, strict=True):
        np.testing.assert_array_equal(array, argument)


@pytest.mark.parametrize("array", [["a"], [None], [1j], np.array([1], "M8[s]")])
def test_what_is_not_a_number_is_refused(array):
    with pytest.raises(ValueError, match="expected arrays of numbers, got"):
        floats(array)


@given(st.lists(st.integers(1, 4), min_size=3, max_size=4))
def test_channels_go_to_the_end_and_come_back(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    last = channels_last(array, "channels_first")
    assert last.shape == (shape[0], *shape[2:], shape[1]) and np.shares_memory(last, array)
    for index in np.ndindex(*shape):
        assert last[(index[0], *index[2:], index[1])] == array[index]
    np.testing.assert_array_equal(in_data_format(last, "channels_first"), array)
    assert channels_last(array, "channels_last") is array


KERNELS = np.zeros((3, 3, 3, 4))


@pytest.mark.parametrize(
    ("images", "kernels", "options", "said"),
    [
        ((2, 5, 6), KERNELS, {}, r"images must have 4 dimensions, got shape \(2, 5, 6\)"),
        ((2, 5, 6, 2), KERNELS, {}, "kernels for 3 channels cannot read images of 2 channels"),
        ((2, 5, 6, 3), KERNELS, dict(data_format="channels_first"), "kernels for 3 channels cannot read images of 5"),
        ((2, 5, 6, 3), np.zeros((0, 3, 3, 4)), {}, "f must be at least 1, got 0"),
        ((2, 5, 2, 3), KERNELS, {}, "a kernel of 3 does not fit into an input of 2"),
        (
            (2, 3, 3, 3),
            KERNELS,
            dict(dilation=2, padding=((1, 0), (1, 1))),
            "kernel of 5 does not fit into an input of 4",
        ),
        ((2, 5, 6, 3), KERNELS, dict(stride=(1, 0)), "stride must be at least 1, got 0"),
        ((2, 5, 6, 3), KERNELS, dict(stride=1.5), "stride must be a whole number, got 1.5"),
        ((2, 5, 6, 3), KERNELS, dict(stride=(1, 2, 3)), r"stride must be an int or a pair .*got \(1, 2, 3\)"),
        ((2, 5, 6, 3), KERNELS, dict(stride="1"), "stride must be an int or a pair .*got '1'"),
        ((2, 5, 6, 3), KERNELS, dict(dilation=-1), "dilation must be at least 1, got -1"),
        ((2, 5, 6, 3), KERNELS, dict(padding=((0, -2), (0, 0))), "padding must be at least 0, got -2"),
        ((2, 5, 6, 3), KERNELS, dict(padding=0.5), "padding must be a whole number, got 0.5"),
        ((2, 5, 6, 3), KERNELS, dict(padding=None), "padding must be a whole number, got None"),
        ((2, 5, 6, 3), KERNELS, dict(padding=(1, 2, 3)), r"padding must be an int or a pair .*got \(1, 2, 3\)"),
        ((2, 5, 6, 3), KERNELS, dict(padding="SAME"), "padding must be 'valid', 'same', .*got 'SAME'"),
        ((2, 5, 6, 3), KERNELS, dict(padding="causal"), "got 'causal'"),
        ((2, 5, 6, 3), KERNELS, dict(data_format="last"), "data_format must be .* got 'last'"),
    ],
)
def test_impossible_layers_raise_forward_and_backward_and_name_the_number(images, kernels, options, said):
    with pytest.raises(ValueError, match=said):
        conv2d(np.zeros(images), kernels, **options)
    with pytest.raises(ValueError, match=said):
        conv2d_backward(np.zeros((2, 3, 4, 4)), np.zeros(images), kernels, **options)


def test_a_gradient_of_another_shape_is_refused_in_the_format_it_came_in():
    images = np.zeros((2, 3, 5, 6))
    with pytest.raises(ValueError, match=r"grad must have the output's shape \(2, 4, 3, 4\), got \(2, 3, 4, 4\)"):
        conv2d_backward(np.zeros((2, 3, 4, 4)), images, KERNELS, data_format="channels_first")
    with pytest.raises(ValueError, match=r"bias must have one number for each of the 4 filters, got shape \(1,\)"):
        conv2d(np.zeros((1, 5, 5, 3)), KERNELS, [1])
    with pytest.raises(ValueError, match=r"each of the 4 filters, got shape \(\)"):
        conv2d(np.zeros((1, 5, 5, 3)), KERNELS, 1)


def test_python_threads_that_enter_and_leave_in_turn_restore_what_the_first_one_found():
    before = [(blas["filepath"], blas["num_threads"]) for blas in threadpool_info()]
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert [(blas["filepath"], blas["num_threads"]) for blas in threadpool_info()] == before
