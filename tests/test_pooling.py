"""cnncourse.pooling against loops, Keras and its gradients, numerical gradients, and hand computation."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import SEEDS, both, constants, meetings, numerical_gradient, pool2d

from cnncourse import pooling
from cnncourse.arrays import in_data_format
from cnncourse.pooling import (
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    max_pool2d_route,
    max_pool2d_with_winners,
)

POOLS = {"max": (max_pool2d, max_pool2d_backward), "average": (avg_pool2d, avg_pool2d_backward)}
GLOBAL_POOLS = {
    "max": (global_max_pool2d, global_max_pool2d_backward),
    "average": (global_avg_pool2d, global_avg_pool2d_backward),
}
KINDS = pytest.mark.parametrize("kind", POOLS)
TILES = st.sampled_from([1, 50, 300, pooling.TILE])
FORMATS = st.sampled_from(["channels_last", "channels_first"])
IMAGE = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])


@st.composite
def pooled(draw, values="normal"):
    """Images, the gradient of their pooled output, and the arguments: overlapping, side by side, with gaps, or cut off.

    ``values``: "normal"; "different", where no two numbers are within 1 of each other; "ties", few whole numbers. Only
    the seed is hypothesis's own: left to choose the sizes, it prefers small ones.
    """
    rng = np.random.default_rng(draw(SEEDS))

    def int_or_pair(high):
        numbers = tuple(rng.integers(1, high + 1, 2).tolist())
        return numbers if rng.random() < 0.5 else numbers[0]

    pool, stride, padding = int_or_pair(4), int_or_pair(5), ["valid", "same"][rng.integers(2)]
    stride = None if rng.random() < 0.3 else stride
    least = (1, 1) if padding == "same" else both(pool)
    shape = (rng.integers(1, 5), *(n + rng.integers(7) for n in least), [1, 2, 3, 5][rng.integers(4)])
    images = {
        "normal": lambda: rng.standard_normal(shape),
        "different": lambda: rng.permutation(np.prod(shape)).reshape(shape) - np.prod(shape) / 2,
        "ties": lambda: rng.integers(-2, 1, shape).astype(float),
    }[values]()
    _, out = meetings(shape, both(pool), both(stride or pool), padding, 1)
    return images, rng.standard_normal((shape[0], *out, shape[3])), dict(pool=pool, stride=stride, padding=padding)


def keras_pool(kind, images, pool, stride, padding):
    import keras

    pool = (pool, pool) if isinstance(pool, int) else pool
    function = keras.ops.max_pool if kind == "max" else keras.ops.average_pool
    images = keras.ops.convert_to_tensor(images)  # TensorFlow would pool NumPy's float64 as float32
    return function(images, pool, pool if stride is None else stride, padding)


def test_the_worked_example_of_the_chapter():
    images = IMAGE[None, :, :, None]
    assert max_pool2d(images, 2)[0, :, :, 0].tolist() == [[6, 8], [3, 4]]
    assert avg_pool2d(images, 2)[0, :, :, 0].tolist() == [[3.25, 5.25], [2, 2]]
    assert max_pool2d(images, 3, 1)[0, :, :, 0].tolist() == [[7, 8], [7, 8]]
    assert global_max_pool2d(images).tolist() == [[8]] and global_avg_pool2d(images).tolist() == [[50 / 16]]


def test_an_average_at_the_border_counts_only_real_pixels():
    ones = np.ones((1, 3, 3, 1))
    np.testing.assert_array_equal(avg_pool2d(ones, 2, 2, "same"), np.ones((1, 2, 2, 1)))
    assert avg_pool2d(IMAGE[None, :, :, None], (1, 3), 1, "same")[0, 0, :, 0].tolist() == [1, 4 / 3, 7 / 3, 3]


@KINDS
@settings(max_examples=80)
@given(layer=pooled(), tile=TILES)
def test_pooling_and_its_gradient_are_the_loops(kind, layer, tile):
    images, grad, options = layer
    expected, d_expected = pool2d(kind, images, **options, grad=grad)
    forward, backward = POOLS[kind]
    with constants(pooling, TILE=tile):
        np.testing.assert_allclose(forward(images, **options), expected, atol=1e-12)
        np.testing.assert_allclose(backward(grad, images, **options), d_expected, atol=1e-12)


@KINDS
@settings(max_examples=60)
@given(layer=pooled(values="different"), tile=TILES)
def test_pooling_and_its_gradient_are_keras(kind, layer, tile):
    import tensorflow as tf

    images, grad, options = layer
    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        expected = keras_pool(kind, variable, **options)
        loss = tf.reduce_sum(expected * grad)
    forward, backward = POOLS[kind]
    with constants(pooling, TILE=tile):
        np.testing.assert_allclose(forward(images, **options), expected.numpy(), atol=1e-12)
        gradient = tape.gradient(loss, variable).numpy()
        np.testing.assert_allclose(backward(grad, images, **options), gradient, atol=1e-12)


@KINDS
@settings(max_examples=20)
@given(layer=pooled(values="different"), tile=TILES)
def test_the_gradient_is_the_numerical_one(kind, layer, tile):
    images, grad, options = layer
    forward, backward = POOLS[kind]
    with constants(pooling, TILE=tile):
        numeric = numerical_gradient(lambda moved: np.sum(forward(moved, **options) * grad), images)
        np.testing.assert_allclose(backward(grad, images, **options), numeric, atol=1e-8)


@settings(max_examples=80)
@given(layer=pooled(values="ties"), tile=TILES, data_format=FORMATS)
def test_among_equal_pixels_the_first_in_row_order_gets_the_gradient(layer, tile, data_format):
    images, grad, options = layer
    expected, d_expected = pool2d("max", images, **options, grad=grad)
    options["data_format"] = data_format
    images, grad, expected, d_expected = (in_data_format(a, data_format) for a in (images, grad, expected, d_expected))
    with constants(pooling, TILE=tile):
        out, winners = max_pool2d_with_winners(images, **options)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(max_pool2d(images, **options), expected)
        for d_images in (
            max_pool2d_backward(grad, images, **options),
            max_pool2d_route(grad, winners, images.shape, **options),
        ):
            np.testing.assert_allclose(d_images, d_expected, atol=1e-12)


@settings(max_examples=40)
@given(layer=pooled(values="ties"))
def test_winners_number_their_windows_entries_in_row_order_from_0(layer):
    images, _, options = layer
    assume(options["padding"] == "valid")
    out, winners = max_pool2d_with_winners(images, **options)
    kh, kw = np.broadcast_to(options["pool"], 2)
    sh, sw = np.broadcast_to(options["pool"] if options["stride"] is None else options["stride"], 2)
    assert winners.dtype.kind in "iu" and winners.shape == out.shape
    for n, i, j, c in np.ndindex(out.shape):
        window = images[n, sh * i : sh * i + kh, sw * j : sw * j + kw, c]
        assert winners[n, i, j, c] == window.argmax() and out[n, i, j, c] == window.max()


@pytest.mark.parametrize("size", [(16, 16), (1, 257), (20, 17)])
def test_windows_of_more_entries_than_a_byte_counts_have_winners_too(size):
    images = np.arange(np.prod(size, dtype=float)).reshape(1, *size, 1)
    for turned in (images, images[:, ::-1, ::-1]):
        grad = np.full((1, 1, 1, 1), 3.0)
        _, winners = max_pool2d_with_winners(turned, size)
        assert winners.item() == turned.argmax()
        np.testing.assert_array_equal(max_pool2d_backward(grad, turned, size), 3.0 * (turned == turned.max()))


@settings(max_examples=30)
@given(layer=pooled(values="different"), lowest=st.sampled_from([-1000.0, -1e300]))
def test_padding_never_wins_even_against_negative_numbers(layer, lowest):
    images, grad, options = layer
    images, options = lowest * (1 + 0.5 * np.abs(images) / images.size), {**options, "padding": "same"}
    out = max_pool2d(images, **options)
    np.testing.assert_array_equal(out, keras_pool("max", images, **options))
    assert out.max() <= lowest
    total = max_pool2d_backward(np.ones_like(out), images, **options).sum()
    assert total == out.size  # no pixel's gradient went to the padding


def test_minus_infinity_loses_to_every_number_and_is_the_maximum_of_its_own_kind():
    images = np.full((1, 4, 4, 1), -np.inf)
    images[0, 1, 2] = -1e308
    assert max_pool2d(images, 2)[0, :, :, 0].tolist() == [[-np.inf, -1e308], [-np.inf, -np.inf]]
    d_images = max_pool2d_backward(np.ones((1, 2, 2, 1)), images, 2)[0, :, :, 0]
    assert d_images.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_where_all_pixels_are_minus_infinity_the_first_real_one_gets_the_gradient_not_the_padding():
    images, grad = np.full((1, 3, 3, 2), -np.inf), np.arange(18.0).reshape(1, 3, 3, 2)
    expected, d_expected = pool2d("max", images, 3, 1, "same", grad)
    np.testing.assert_array_equal(max_pool2d(images, 3, 1, "same"), expected)
    np.testing.assert_array_equal(max_pool2d_backward(grad, images, 3, 1, "same"), d_expected)


@KINDS
@settings(max_examples=40)
@given(layer=pooled())
def test_an_averages_or_maximums_gradient_adds_up_to_what_came_in(kind, layer):
    images, grad, options = layer
    d_images = POOLS[kind][1](grad, images, **options)
    np.testing.assert_allclose(d_images.sum(axis=(1, 2)), grad.sum(axis=(1, 2)), atol=1e-10)


@KINDS
@settings(max_examples=40)
@given(layer=pooled(), tile=TILES, data_format=FORMATS)
def test_views_are_as_good_as_copies_inputs_stay_and_results_are_fresh(kind, layer, tile, data_format):
    images, grad, options = layer
    expected, d_expected = (in_data_format(a, data_format) for a in pool2d(kind, images, **options, grad=grad))
    arguments = []
    for array in (images, grad):
        array = in_data_format(array, data_format)
        wide = np.full([2 * n for n in array.shape], np.nan)
        arguments.append(wide[::-2, ::-2, ::-2, ::-2])
        arguments[-1][...] = array
        arguments[-1].flags.writeable = False
    before = [array.copy() for array in arguments]
    forward, backward = POOLS[kind]
    with constants(pooling, TILE=tile):
        results = [forward(arguments[0], **options, data_format=data_format)]
        results.append(backward(arguments[1], arguments[0], **options, data_format=data_format))
        if kind == "max":
            results.extend(max_pool2d_with_winners(arguments[0], **options, data_format=data_format))
    for ours, theirs in zip(results, (expected, d_expected), strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    for ours in results:
        assert ours.flags.c_contiguous and ours.flags.writeable
        assert not any(np.may_share_memory(ours, array.base) for array in arguments)
    for array, original in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(array, original)


@KINDS
def test_a_pool_of_one_pixel_copies(kind):
    images = np.arange(24.0).reshape(2, 3, 4, 1)
    forward, backward = POOLS[kind]
    for result in (forward(images, 1), backward(images, images, 1)):
        np.testing.assert_array_equal(result, images)
        assert not np.may_share_memory(result, images)
    np.testing.assert_array_equal(forward(images, 1, (2, 3)), images[:, ::2, ::3])


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(kind, dtype):
    forward, backward = POOLS[kind]
    images = np.random.default_rng(0).standard_normal((2, 5, 5, 3)).astype(dtype)
    for stride, padding in ((2, "same"), (1, "valid"), (3, "same")):
        out = forward(images, 3, stride, padding)
        d_images = backward(out.astype(np.float64), images, 3, stride, padding)
        assert {out.dtype, d_images.dtype} == {np.dtype(dtype)}
        expected, d_expected = pool2d(kind, images.astype(float), 3, stride, padding, out)
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(d_images, d_expected, rtol=1e-5, atol=1e-6)


@KINDS
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_whole_numbers_are_as_good_as_floats_and_never_overflow(kind, dtype):
    rng = np.random.default_rng(0)
    images, grad = rng.integers(-128, 256, (2, 5, 5, 3)).astype(dtype), rng.integers(-9, 9, (2, 3, 3, 3))
    results = [function(*given) for function, given in zip(
        POOLS[kind], ((images, 2, 2, "same"), (grad, images, 2, 2, "same")), strict=True
    )]  # fmt: skip
    assert {result.dtype for result in results} == {np.dtype(np.float64)}
    for ours, looped in zip(results, pool2d(kind, images.astype(float), 2, 2, "same", grad), strict=True):
        np.testing.assert_allclose(ours, looped, rtol=1e-14)
    as_lists = [function(*given) for function, given in zip(
        POOLS[kind], ((images.tolist(), 2, 2, "same"), (grad.tolist(), images.tolist(), 2, 2, "same")), strict=True
    )]  # fmt: skip
    np.testing.assert_array_equal(results[0], as_lists[0])
    np.testing.assert_array_equal(results[1], as_lists[1])


@KINDS
def test_an_empty_batch_stays_empty(kind):
    images = np.zeros((0, 5, 6, 3), np.float32)
    for stride, padding in ((None, "valid"), (1, "same")):
        out = POOLS[kind][0](images, 2, stride, padding)
        assert out.shape == ((0, 2, 3, 3) if padding == "valid" else images.shape) and out.dtype == np.float32
        assert POOLS[kind][1](out, images, 2, stride, padding).shape == images.shape


@pytest.mark.parametrize("kind", GLOBAL_POOLS)
@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)),
    seed=st.integers(0, 1000),
    data_format=FORMATS,
)
def test_global_pooling_and_its_gradient_are_keras_and_the_loops(kind, shape, seed, data_format):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    last = rng.standard_normal(shape)
    grad = rng.standard_normal((shape[0], shape[3]))
    expected, d_expected = pool2d(kind, last, shape[1:3], None, "valid", grad[:, None, None])
    images, d_expected = in_data_format(last, data_format), in_data_format(d_expected, data_format)
    forward, backward = GLOBAL_POOLS[kind]
    results = forward(images, data_format), backward(grad, images, data_format)
    np.testing.assert_allclose(results[0], expected[:, 0, 0], atol=1e-12)
    np.testing.assert_allclose(results[1], d_expected, atol=1e-12)
    for result in results:
        assert result.flags.writeable and not any(np.may_share_memory(result, given) for given in (images, grad))
    name = "GlobalMaxPooling2D" if kind == "max" else "GlobalAveragePooling2D"
    layer = getattr(keras.layers, name)(data_format=data_format, dtype="float64")
    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        out = layer(variable)
        loss = tf.reduce_sum(out * grad)
    np.testing.assert_allclose(results[0], out.numpy(), atol=1e-12)
    np.testing.assert_allclose(results[1], tape.gradient(loss, variable).numpy(), atol=1e-12)


def test_of_equal_maxima_the_first_in_row_order_gets_the_global_gradient():
    rng = np.random.default_rng(0)
    images, grad = rng.integers(0, 2, (4, 3, 3, 5)), rng.standard_normal((4, 5))
    expected = pool2d("max", images, (3, 3), None, "valid", grad[:, None, None])[1]
    d_images = global_max_pool2d_backward(grad, images)
    np.testing.assert_array_equal(d_images, expected)
    turned = global_max_pool2d_backward(grad, np.moveaxis(images, 3, 1), "channels_first")
    np.testing.assert_array_equal(np.moveaxis(turned, 1, 3), expected)


@pytest.mark.parametrize("kind", GLOBAL_POOLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_global_pooling_keeps_floats_reads_views_and_leaves_its_inputs(kind, dtype):
    forward, backward = GLOBAL_POOLS[kind]
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2)).astype(dtype)[:, ::-1, ::2]
    before = images.copy()
    images.flags.writeable = False
    grad = np.ones((3, 2))
    results = forward(images), backward(grad, images)
    expected = np.float64 if dtype == np.uint8 else dtype
    assert {result.dtype for result in results} == {np.dtype(expected)}
    np.testing.assert_array_equal(images, before)
    for ours, looped in zip(
        results, pool2d(kind, before.astype(float), (4, 3), None, "valid", grad[:, None, None]), strict=True
    ):
        np.testing.assert_allclose(ours, looped[:, 0, 0] if ours.ndim == 2 else looped, rtol=1e-6)


@pytest.mark.parametrize("kind", GLOBAL_POOLS)
def test_global_pooling_of_an_empty_batch_stays_empty(kind):
    forward, backward = GLOBAL_POOLS[kind]
    images = np.zeros((0, 4, 5, 3))
    assert forward(images).shape == (0, 3)
    assert backward(np.zeros((0, 3)), images).shape == images.shape


IMAGES = np.zeros((2, 5, 6, 3))
IMPOSSIBLE = [
    (dict(images=IMAGES[0], pool=2), r"images must have 4 dimensions, got shape \(5, 6, 3\)"),
    (dict(pool=0), "pool must be at least 1, got 0"),
    (dict(pool=(2, -1)), "pool must be at least 1, got -1"),
    (dict(pool=2.0), "pool must be a whole number, got 2.0"),
    (dict(pool=(1, 2, 3)), r"pool must be an int or a pair .*got \(1, 2, 3\)"),
    (dict(pool=6), "a kernel of 6 does not fit into an input of 5"),
    (dict(pool=(1, 7)), "a kernel of 7 does not fit into an input of 6"),
    (dict(pool=2, stride=0), "stride must be at least 1, got 0"),
    (dict(pool=2, stride=(1, 1.5)), "stride must be a whole number, got 1.5"),
    (dict(pool=2, padding="full"), "padding must be 'valid' or 'same', got 'full'"),
    (dict(pool=2, padding=1), "padding must be 'valid' or 'same', got 1"),
    (dict(pool=2, data_format="NHWC"), "data_format must be .* got 'NHWC'"),
    (dict(images=np.zeros((1, 0, 3, 1)), pool=1), "n must be at least 1, got 0"),
    (dict(images=np.zeros((1, 0, 3, 1)), pool=1, padding="same"), "n must be at least 1, got 0"),
    (dict(images=np.full((1, 1, 1, 1), "a"), pool=1), "arrays of numbers"),
]


@pytest.mark.parametrize(("arguments", "said"), IMPOSSIBLE)
def test_impossible_arguments_raise_forward_and_backward_and_name_the_number(arguments, said):
    arguments = {"images": IMAGES, **arguments}
    grad = np.zeros((2, 2, 3, 3))
    for forward, backward in (*POOLS.values(), (max_pool2d_with_winners, max_pool2d_backward)):
        with pytest.raises(ValueError, match=said):
            forward(**arguments)
        with pytest.raises(ValueError, match=said):
            backward(grad, **arguments)
    images = arguments.pop("images")
    if images.dtype.kind == "f":
        with pytest.raises(ValueError, match=said):
            max_pool2d_route(grad, np.zeros((2, 2, 3, 3), int), images.shape, **arguments)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: max_pool2d_backward(np.zeros((2, 2, 2, 3)), IMAGES, 2), r"grad .*\(2, 2, 3, 3\), got \(2, 2, 2, 3\)"),
        (lambda: avg_pool2d_backward(np.zeros((2, 2, 3, 1)), IMAGES, 2), r"grad .*\(2, 2, 3, 3\), got \(2, 2, 3, 1\)"),
        (
            lambda: avg_pool2d_backward(np.zeros((2, 2, 3, 3)), IMAGES, 2, data_format="channels_first"),
            r"grad must have the output's shape \(2, 5, 3, 1\), got \(2, 2, 3, 3\)",
        ),
        (
            lambda: max_pool2d_route(np.zeros((2, 2, 3, 3)), np.zeros((1, 2, 3, 3)), (2, 5, 6, 3), 2),
            r"winners must have the output's shape \(2, 2, 3, 3\), got \(1, 2, 3, 3\)",
        ),
        (
            lambda: max_pool2d_route(np.zeros((2, 2, 3)), np.zeros((2, 2, 3, 3)), (2, 5, 6, 3), 2),
            r"grad must have the output's shape \(2, 2, 3, 3\), got \(2, 2, 3\)",
        ),
        (lambda: global_max_pool2d(IMAGES[0]), r"images must have 4 dimensions, got shape \(5, 6, 3\)"),
        (lambda: global_avg_pool2d(IMAGES[:, :0]), r"images without pixels .* got shape \(2, 0, 6, 3\)"),
        (lambda: global_max_pool2d(IMAGES, "NCHW"), "data_format must be .* got 'NCHW'"),
        (lambda: global_avg_pool2d(np.full((1, 1, 1, 1), "a")), "arrays of numbers"),
        (lambda: global_max_pool2d_backward(np.zeros(3), IMAGES), r"grad must .*\(2, 3\), got \(3,\)"),
        (lambda: global_avg_pool2d_backward(np.zeros((1, 3)), IMAGES), r"grad must .*\(2, 3\), got \(1, 3\)"),
    ],
)
def test_gradients_of_another_shape_and_images_without_pixels_are_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_it_holds_every_function_that_the_assignment_asks_for():
    asked = {"max_pool2d", "avg_pool2d", "global_max_pool2d", "global_avg_pool2d", "max_pool2d_backward"}
    assert asked <= set(pooling.__all__)
    for name in pooling.__all__:
        assert ">>>" in getattr(pooling, name).__doc__, name
