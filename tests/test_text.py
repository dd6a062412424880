"""cnncourse.text against Keras and its gradients, loops along time, numerical gradients, and hand computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import CHANNELS, SEEDS, constants, meetings_in_time, numerical_gradient, pool2d
from oracles import conv1d as looped_conv1d
from oracles import conv1d_backward as looped_conv1d_backward

from cnncourse import columns, pooling, text
from cnncourse.arrays import in_data_format
from cnncourse.text import (
    avg_pool1d,
    avg_pool1d_backward,
    conv1d,
    conv1d_backward,
    conv1d_params,
    embed,
    embed_backward,
    global_avg_pool1d,
    global_avg_pool1d_backward,
    global_max_pool1d,
    global_max_pool1d_backward,
    max_pool1d,
    max_pool1d_backward,
    pad_sequences,
    text_cnn,
)

POOLS = {"max": (max_pool1d, max_pool1d_backward), "average": (avg_pool1d, avg_pool1d_backward)}
GLOBAL_POOLS = {
    "max": (global_max_pool1d, global_max_pool1d_backward),
    "average": (global_avg_pool1d, global_avg_pool1d_backward),
}
KINDS = pytest.mark.parametrize("kind", POOLS)
FORMATS = st.sampled_from(["channels_last", "channels_first"])
TILES = st.sampled_from([1, 50, 300, columns.TILE])
WORDS = st.sampled_from(["pre", "post"])


@st.composite
def layers_1d(draw, channels=CHANNELS, for_keras=False):
    """A layer along time that fits: sequences, kernels, bias, the gradient of its output, the arguments of conv1d."""
    rng = np.random.default_rng(draw(SEEDS))
    k, stride, dilation, number = rng.integers(1, [6, 5, 4, 6]).tolist()
    padding = ["valid", "same", "causal", number - 1][rng.integers(3 if for_keras else 4)]
    if for_keras:  # which refuses both at once
        stride, dilation = (1, dilation) if rng.random() < 0.5 else (stride, 1)
    reach = dilation * (k - 1) + 1
    least = {"valid": reach, "same": 1, "causal": 1}.get(padding) or max(1, reach - 2 * padding)
    count, steps, filters = rng.integers(1, 5), least + rng.integers(12), rng.integers(1, 5)
    c_in = rng.choice(channels)
    sequences, kernels = rng.standard_normal((count, steps, c_in)), rng.standard_normal((k, c_in, filters))
    _, length = meetings_in_time(steps, k, stride, padding, dilation)
    bias, grad = rng.standard_normal(filters), rng.standard_normal((count, length, filters))
    return sequences, kernels, bias, grad, dict(stride=stride, padding=padding, dilation=dilation)


@settings(max_examples=100)
@given(layers_1d(), TILES)
def test_conv1d_and_its_gradients_are_the_loops(layer, tile):
    sequences, kernels, bias, grad, options = layer
    with constants(text, TILE=tile), constants(columns, TILE=tile):
        out = conv1d(sequences, kernels, bias, **options)
        gradients = conv1d_backward(grad, sequences, kernels, **options)
    np.testing.assert_allclose(out, looped_conv1d(sequences, kernels, bias, **options), atol=1e-10)
    for ours, looped in zip(gradients, looped_conv1d_backward(grad, sequences, kernels, **options), strict=True):
        np.testing.assert_allclose(ours, looped, atol=1e-10)


@settings(max_examples=50)
@given(layers_1d(for_keras=True), TILES)
def test_conv1d_and_its_gradients_are_keras_causal_and_dilated_too(layer, tile):
    import keras
    import tensorflow as tf

    sequences, kernels, bias, grad, options = layer
    convolution = keras.layers.Conv1D(
        kernels.shape[2],
        kernels.shape[0],
        strides=options["stride"],
        padding=options["padding"],
        dilation_rate=options["dilation"],
        dtype="float64",
    )
    convolution.build(sequences.shape)
    convolution.set_weights([kernels, bias])
    variable = tf.Variable(sequences)
    with tf.GradientTape() as tape:
        expected = convolution(variable)
        loss = tf.reduce_sum(expected * grad)
    theirs = tape.gradient(loss, [variable, *(weight.value for weight in convolution.trainable_weights)])
    with constants(text, TILE=tile), constants(columns, TILE=tile):
        np.testing.assert_allclose(conv1d(sequences, kernels, bias, **options), expected.numpy(), atol=1e-10)
        for ours, gradient in zip(conv1d_backward(grad, sequences, kernels, **options), theirs, strict=True):
            np.testing.assert_allclose(ours, gradient.numpy(), atol=1e-10)


@settings(max_examples=15)
@given(layers_1d(channels=(1, 2, 16)))
def test_conv1d_backward_is_the_numerical_gradient(layer):
    *arrays, grad, options = layer
    arrays[0] = arrays[0][:1]
    for number, analytic in enumerate(conv1d_backward(grad[:1], *arrays[:2], **options)):

        def loss(moved, number=number):
            return np.sum(conv1d(*arrays[:number], moved, *arrays[number + 1 :], **options) * grad[:1])

        np.testing.assert_allclose(analytic, numerical_gradient(loss, arrays[number]), atol=1e-8)


@settings(max_examples=40)
@given(layers_1d(), FORMATS)
def test_conv1d_reads_views_and_both_formats_leaves_its_inputs_and_gives_fresh_results(layer, data_format):
    sequences, kernels, bias, grad, options = layer
    expected = (
        looped_conv1d(sequences, kernels, bias, **options),
        *looped_conv1d_backward(grad, sequences, kernels, **options),
    )
    arguments = []
    for array in (in_data_format(sequences, data_format), kernels, bias, in_data_format(grad, data_format)):
        wide = np.full([2 * n for n in array.shape], np.nan)
        arguments.append(wide[(slice(None, None, -2),) * array.ndim])
        arguments[-1][...] = array
        arguments[-1].flags.writeable = False
    before = [array.copy() for array in arguments]
    x, k, b, g = arguments
    options["data_format"] = data_format
    out, (d_x, d_k, d_b) = conv1d(x, k, b, **options), conv1d_backward(g, x, k, **options)
    nothing, again, _ = conv1d_backward(g, x, k, **options, input_gradient=False)
    assert nothing is None
    np.testing.assert_array_equal(again, d_k)
    expected = [in_data_format(a, data_format) for a in expected[:2]] + list(expected[2:])
    for ours, looped in zip((out, d_x, d_k, d_b), expected, strict=True):
        np.testing.assert_allclose(ours, looped, atol=1e-10)
        assert not any(np.may_share_memory(ours, array.base) for array in arguments)
    for array, original in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(array, original)


@given(layers_1d())
def test_with_causal_padding_no_output_sees_a_later_step(layer):
    sequences, kernels, bias, _, options = layer
    options = {**options, "padding": "causal", "stride": 1}
    out = conv1d(sequences, kernels, bias, **options)
    assert out.shape[:2] == sequences.shape[:2]
    now = sequences.shape[1] // 2
    changed = sequences.copy()
    changed[:, now + 1 :] = 7
    np.testing.assert_allclose(conv1d(changed, kernels, bias, **options)[:, : now + 1], out[:, : now + 1], atol=1e-12)


def test_conv1d_by_hand():
    sequence, kernel = np.array([1, 2, 3, 4])[None, :, None], np.array([1, 10])[:, None, None]
    assert conv1d(sequence, kernel)[0, :, 0].tolist() == [21, 32, 43]
    assert conv1d(sequence, kernel, [5], stride=2)[0, :, 0].tolist() == [26, 48]
    assert conv1d(sequence, kernel, padding="same")[0, :, 0].tolist() == [21, 32, 43, 4]
    assert conv1d(sequence, kernel, padding="causal")[0, :, 0].tolist() == [10, 21, 32, 43]
    assert conv1d(sequence, kernel, padding="causal", dilation=2)[0, :, 0].tolist() == [10, 20, 31, 42]
    assert conv1d(sequence, kernel, padding=1)[0, :, 0].tolist() == [10, 21, 32, 43, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(dtype):
    sequences, kernels, table = np.ones((2, 6, 3), dtype), np.ones((2, 3, 4), dtype), np.ones((5, 3), dtype)
    results = [conv1d(sequences, kernels, np.ones(4)), *conv1d_backward(np.ones((2, 5, 4)), sequences, kernels)]
    for forward, backward in POOLS.values():
        results += [forward(sequences, 2, 1, "same"), backward(np.ones((2, 6, 3)), sequences, 2, 1, "same")]
    for forward, backward in GLOBAL_POOLS.values():
        results += [forward(sequences), backward(np.ones((2, 3)), sequences)]
    results += [embed([[1, 2]], table), embed_backward(np.ones((1, 2, 3)), [[1, 2]], table)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool, list])
def test_whole_numbers_and_lists_are_as_good_as_floats(dtype):
    rng = np.random.default_rng(0)

    def numbers(*shape):
        array = rng.integers(0, 200, shape)
        return array.tolist() if dtype is list else array.astype(dtype)

    sequences, kernels, grad = numbers(2, 6, 3), numbers(2, 3, 4), numbers(2, 5, 4)
    x, k, g = (np.asarray(array, float) for array in (sequences, kernels, grad))
    results = conv1d(sequences, kernels), *conv1d_backward(grad, sequences, kernels)
    for ours, looped in zip(results, (looped_conv1d(x, k, 0), *looped_conv1d_backward(g, x, k)), strict=True):
        assert ours.dtype == np.float64
        np.testing.assert_array_equal(ours, looped)
    for kind, (forward, backward) in POOLS.items():
        out, d_x = pool2d(kind, x[:, None], (1, 2), None, "valid", x[:, None, :3])
        np.testing.assert_array_equal(forward(sequences, 2), out[:, 0])
        some = x[:, :3].tolist() if dtype is list else sequences[:, :3]
        np.testing.assert_array_equal(backward(some, sequences, 2), d_x[:, 0])
        forward, _ = GLOBAL_POOLS[kind]
        expected = x.max(axis=1) if kind == "max" else x.sum(axis=1) / 6
        np.testing.assert_allclose(forward(sequences), expected, rtol=1e-15)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 64, 128), (7, 32, 32)])
def test_conv1d_params_counts_what_keras_counts(shape, use_bias):
    import keras

    k, c_in, c_out = shape
    network = keras.Sequential([keras.Input((16, c_in)), keras.layers.Conv1D(c_out, k, use_bias=use_bias)])
    assert conv1d_params(*shape, use_bias) == network.count_params()


@st.composite
def pooled(draw, ties=False):
    """Sequences, the gradient of their pooled output, and the arguments; negative, all different or full of ties."""
    rng = np.random.default_rng(draw(SEEDS))
    pool, stride = rng.integers(1, [5, 6]).tolist()
    stride, padding = None if rng.random() < 0.3 else stride, ["valid", "same"][rng.integers(2)]
    shape = rng.integers(1, 5), (pool if padding == "valid" else 1) + rng.integers(10), rng.integers(1, 5)
    sequences = rng.integers(-3, 0, shape) if ties else rng.permutation(np.prod(shape)).reshape(shape) - 500
    _, length = meetings_in_time(shape[1], pool, stride or pool, padding, 1)
    grad = rng.standard_normal((shape[0], length, shape[2]))
    return sequences.astype(float), grad, dict(pool=pool, stride=stride, padding=padding)


@KINDS
@settings(max_examples=60)
@given(layer=pooled() | pooled(ties=True), tile=TILES)
def test_pooling_and_its_gradient_are_the_loops(kind, layer, tile):
    sequences, grad, options = layer
    wide = {**options, "pool": (1, options["pool"]), "stride": (1, options["stride"] or options["pool"])}
    expected, d_expected = pool2d(kind, sequences[:, None], **wide, grad=grad[:, None])
    before = sequences.copy()
    sequences.flags.writeable = grad.flags.writeable = False
    forward, backward = POOLS[kind]
    with constants(pooling, TILE=tile):
        results = forward(sequences, **options), backward(grad, sequences, **options)
    for ours, looped in zip(results, (expected[:, 0], d_expected[:, 0]), strict=True):
        np.testing.assert_allclose(ours, looped, atol=1e-12)
        assert ours.flags.writeable and not any(np.may_share_memory(ours, given) for given in (sequences, grad))
    np.testing.assert_array_equal(sequences, before)


@KINDS
@settings(max_examples=40)
@given(layer=pooled())
def test_pooling_and_its_gradient_are_keras(kind, layer):
    import keras
    import tensorflow as tf

    sequences, grad, options = layer
    layer = keras.layers.MaxPooling1D if kind == "max" else keras.layers.AveragePooling1D
    variable = tf.Variable(sequences)
    with tf.GradientTape() as tape:
        expected = layer(options["pool"], options["stride"], options["padding"], dtype="float64")(variable)
        loss = tf.reduce_sum(expected * grad)
    forward, backward = POOLS[kind]
    np.testing.assert_allclose(forward(sequences, **options), expected.numpy(), atol=1e-12)
    gradient = tape.gradient(loss, variable).numpy()
    np.testing.assert_allclose(backward(grad, sequences, **options), gradient, atol=1e-12)


@pytest.mark.parametrize("kind", GLOBAL_POOLS)
@settings(max_examples=30)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 4)), seed=st.integers(0, 1000))
def test_global_pooling_and_its_gradient_are_keras_and_the_numerical_one(kind, shape, seed):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    sequences = rng.permutation(np.prod(shape)).reshape(shape) - 50.0
    grad = rng.standard_normal((shape[0], shape[2]))
    layer = keras.layers.GlobalMaxPooling1D if kind == "max" else keras.layers.GlobalAveragePooling1D
    variable = tf.Variable(sequences)
    with tf.GradientTape() as tape:
        expected = layer(dtype="float64")(variable)
        loss = tf.reduce_sum(expected * grad)
    forward, backward = GLOBAL_POOLS[kind]
    np.testing.assert_allclose(forward(sequences), expected.numpy(), atol=1e-12)
    d_sequences = backward(grad, sequences)
    np.testing.assert_allclose(d_sequences, tape.gradient(loss, variable).numpy(), atol=1e-12)
    numeric = numerical_gradient(lambda moved: np.sum(forward(moved) * grad), sequences)
    np.testing.assert_allclose(d_sequences, numeric, atol=1e-8)
    for result in (forward(sequences), d_sequences):
        assert result.flags.writeable and not any(np.may_share_memory(result, given) for given in (sequences, grad))


def test_of_equal_steps_the_first_gets_the_global_gradient():
    d_sequences = global_max_pool1d_backward([[3, 4]], [[[1, 7], [5, 7], [5, 2]]])
    assert d_sequences.tolist() == [[[0, 4], [3, 0], [0, 0]]]


def test_empty_batches_stay_empty():
    sequences, kernels = np.zeros((0, 6, 3)), np.ones((2, 3, 4))
    out = conv1d(sequences, kernels)
    assert out.shape == (0, 5, 4)
    d_sequences, d_kernels, d_bias = conv1d_backward(out, sequences, kernels)
    assert d_sequences.shape == (0, 6, 3) and not d_kernels.any() and not d_bias.any()
    for forward, backward in POOLS.values():
        assert forward(sequences, 2).shape == (0, 3, 3)
        assert backward(np.zeros((0, 3, 3)), sequences, 2).shape == (0, 6, 3)


@pytest.mark.parametrize("kind", GLOBAL_POOLS)
def test_global_pooling_of_an_empty_batch_stays_empty(kind):
    forward, backward = GLOBAL_POOLS[kind]
    assert forward(np.zeros((0, 6, 3))).shape == (0, 3)
    assert backward(np.zeros((0, 3)), np.zeros((0, 6, 3))).shape == (0, 6, 3)


@settings(max_examples=150)
@given(
    sequences=st.lists(st.lists(st.integers(-5, 10_000), max_size=7), max_size=5),
    maxlen=st.integers(1, 6),
    padding=WORDS,
    truncating=WORDS,
    value=st.integers(-3, 3),
)
def test_pad_sequences_is_keras(sequences, maxlen, padding, truncating, value):
    import keras

    table = pad_sequences(sequences, maxlen, padding, truncating, value)
    expected = keras.utils.pad_sequences(sequences, maxlen, padding=padding, truncating=truncating, value=value)
    np.testing.assert_array_equal(table, expected)
    assert table.dtype == np.int64 and table.shape == (len(sequences), maxlen)


@settings(max_examples=60)
@given(
    sequences=st.lists(st.lists(st.floats(-9, 9), max_size=7), max_size=5),
    maxlen=st.integers(1, 6),
    padding=WORDS,
    truncating=WORDS,
    value=st.sampled_from([0, 0.5, -1, np.inf]),
)
def test_pad_sequences_of_floats_is_keras(sequences, maxlen, padding, truncating, value):
    import keras

    table = pad_sequences(sequences, maxlen, padding, truncating, value)
    expected = keras.utils.pad_sequences(sequences, maxlen, "float64", padding, truncating, value)
    np.testing.assert_array_equal(table, expected)
    if any(sequences) or isinstance(value, float):
        assert table.dtype == np.float64


def test_pad_sequences_takes_lists_tuples_arrays_and_a_generator_and_leaves_them():
    array = np.array([4, 5, 6, 7], np.int32)
    array.flags.writeable = False
    table = pad_sequences((sequence for sequence in ([], (1, 2), array)), 3)
    assert table.tolist() == [[0, 0, 0], [0, 1, 2], [5, 6, 7]]
    exact = pad_sequences([array, array], 4)
    exact[:] = 0
    assert array.tolist() == [4, 5, 6, 7]
    assert pad_sequences([[2**40]], 1).tolist() == [[2**40]]
    assert pad_sequences([], 3).shape == (0, 3)
    assert pad_sequences([[True, False]], 3).tolist() == [[0, 1, 0]]
    assert pad_sequences([[1], [2.5]], 2, value=-1).tolist() == [[-1, 1], [-1, 2.5]]
    assert pad_sequences([[1]], 2, value=0.5).tolist() == [[0.5, 1]]


TOKEN_SHAPES = st.lists(st.integers(0, 4), min_size=0, max_size=3).map(tuple)


@given(
    TOKEN_SHAPES,
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 1000),
    st.sampled_from([np.int8, np.uint16, np.int64]),
)
def test_embed_looks_rows_up_and_its_gradient_adds_them_up(shape, words, size, seed, dtype):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, words, shape).astype(dtype)
    table, grad = rng.standard_normal((words, size)), rng.standard_normal((*shape, size))
    for array in (tokens, table, grad):
        array.flags.writeable = False
    out = embed(tokens, table)
    assert out.shape == (*shape, size) and not np.may_share_memory(out, table)
    for place in np.ndindex(shape):
        np.testing.assert_array_equal(out[place], table[tokens[place]])
    expected = np.zeros((words, size))
    np.add.at(expected, tokens, grad)
    np.testing.assert_allclose(embed_backward(grad, tokens, table), expected, atol=1e-12)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 6), st.integers(1, 4), st.integers(0, 1000))
def test_embed_and_its_gradient_are_keras(count, steps, words, size, seed):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    tokens, table = rng.integers(0, words, (count, steps)), rng.standard_normal((words, size))
    grad = rng.standard_normal((count, steps, size))
    layer = keras.layers.Embedding(words, size, dtype="float64")
    layer.build()
    layer.set_weights([table])
    with tf.GradientTape() as tape:
        expected = layer(tokens)
        loss = tf.reduce_sum(expected * grad)
    np.testing.assert_array_equal(embed(tokens, table), expected.numpy())
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.embeddings.value)).numpy()
    np.testing.assert_allclose(embed_backward(grad, tokens, table), gradient, atol=1e-12)


def test_a_sentence_of_many_repetitions_is_added_up_and_words_unseen_get_0():
    tokens = np.array([[7, 0, 7, 7], [0, 7, 7, 3]])[:, ::-1]
    grad = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
    expected = np.zeros((9, 2), np.float32)
    np.add.at(expected, tokens, grad)
    assert expected[7].any()
    np.testing.assert_array_equal(embed_backward(grad, tokens, np.zeros((9, 2), np.float32)), expected)
    np.testing.assert_array_equal(embed_backward(grad, tokens.tolist(), np.zeros((9, 2), int)), expected)


SEQUENCES, KERNELS, TABLE = np.zeros((2, 5, 3)), np.zeros((3, 3, 4)), np.zeros((4, 2))
CONVOLUTIONS = [
    (dict(sequences=SEQUENCES[0]), r"sequences must have 3 dimensions, got shape \(5, 3\)"),
    (dict(kernels=KERNELS[0]), r"kernels must have 3 dimensions, got shape \(3, 4\)"),
    (dict(kernels=KERNELS[:, :2]), "kernels for 2 channels cannot read sequences of 3 channels"),
    (dict(kernels=np.zeros((0, 3, 4))), "f must be at least 1, got 0"),
    (dict(kernels=np.zeros((0, 3, 4)), padding="same"), "f must be at least 1, got"),
    (dict(kernels=np.zeros((0, 3, 4)), padding="causal"), "f must be at least 1, got"),
    (dict(kernels=np.zeros((6, 3, 4))), "a kernel of 6 does not fit into an input of 5"),
    (dict(stride=0), "stride must be at least 1, got 0"),
    (dict(stride=(1, 1)), r"stride must be a whole number, got \(1, 1\)"),
    (dict(dilation=0), "dilation must be at least 1, got 0"),
    (dict(dilation=3), "a kernel of 7 does not fit into an input of 5"),
    (dict(padding=-1), "padding must be at least 0, got -1"),
    (dict(padding="full"), "padding must be 'valid', 'same', 'causal' or an int, got 'full'"),
    (dict(padding=[1, 2]), r"padding must be a whole number, got \[1, 2\]"),
    (dict(data_format="NCW"), "data_format must be .* got 'NCW'"),
    (dict(sequences=np.zeros((2, 0, 3)), padding="same"), "n must be at least 1, got 0"),
]


@pytest.mark.parametrize(("arguments", "said"), CONVOLUTIONS)
def test_impossible_convolutions_raise_forward_and_backward_and_name_the_number(arguments, said):
    arguments = {"sequences": SEQUENCES, "kernels": KERNELS, **arguments}
    with pytest.raises(ValueError, match=said):
        conv1d(**arguments)
    with pytest.raises(ValueError, match=said):
        conv1d_backward(np.zeros((2, 3, 4)), **arguments)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: conv1d(SEQUENCES, KERNELS, np.zeros(3)), r"each of the 4 filters, got shape \(3,\)"),
        (
            lambda: conv1d_backward(np.zeros((2, 3)), SEQUENCES, KERNELS),
            r"grad must have 3 dimensions, got shape \(2, 3\)",
        ),
        (lambda: conv1d_backward(np.zeros((2, 4, 4)), SEQUENCES, KERNELS), r"shape \(2, 3, 4\), got \(2, 4, 4\)"),
        (
            lambda: conv1d_backward(
                np.zeros((2, 5, 4)), SEQUENCES.swapaxes(1, 2), KERNELS, padding="same", data_format="channels_first"
            ),
            r"grad must have the output's shape \(2, 4, 5\), got \(2, 5, 4\)",
        ),
        (lambda: max_pool1d_backward(np.zeros((2, 3, 3)), SEQUENCES, 2), r"shape \(2, 2, 3\), got \(2, 3, 3\)"),
        (lambda: conv1d_params(0, 1, 1), "k must be at least 1, got 0"),
        (lambda: conv1d_params(1, 1, 0), "c_out must be at least 1, got 0"),
        (lambda: max_pool1d(SEQUENCES[0], 2), r"sequences must have 3 dimensions, got shape \(5, 3\)"),
        (lambda: max_pool1d(SEQUENCES, 0), "pool must be at least 1, got 0"),
        (lambda: avg_pool1d(SEQUENCES, (1, 2)), r"pool must be a whole number, got \(1, 2\)"),
        (lambda: avg_pool1d(SEQUENCES, 2, 0), "stride must be at least 1, got 0"),
        (lambda: max_pool1d(SEQUENCES, 6), "a kernel of 6 does not fit into an input of 5"),
        (lambda: max_pool1d(SEQUENCES, 2, padding="causal"), "padding must be 'valid' or 'same', got 'causal'"),
        (lambda: avg_pool1d_backward(np.zeros((2, 3)), SEQUENCES, 2), r"shape \(2, 2, 3\), got \(2, 3\)"),
        (lambda: global_max_pool1d(SEQUENCES[0]), r"sequences must have 3 dimensions, got shape \(5, 3\)"),
        (lambda: global_avg_pool1d(SEQUENCES[:, :0]), "without pixels"),
        (lambda: global_max_pool1d_backward(np.zeros((2, 2)), SEQUENCES), r"\(2, 3\), got \(2, 2\)"),
        (lambda: pad_sequences([[1]], 0), "maxlen must be at least 1, got 0"),
        (lambda: pad_sequences([[1]], 2, padding="left"), "padding must be 'pre' or 'post', got 'left'"),
        (lambda: pad_sequences([[1]], 2, truncating=1), "truncating must be 'pre' or 'post', got 1"),
        (lambda: pad_sequences([[1], 2], 2), "each sequence must be a list of numbers, got 2 at place 1"),
        (lambda: pad_sequences([["a"]], 2), r"list of numbers, got \['a'\] at place 0"),
        (lambda: pad_sequences([[[1, 2]]], 2), r"list of numbers, got \[\[1, 2\]\] at place 0"),
        (lambda: embed([0, 4], TABLE), "tokens must lie between 0 and 3, got 4"),
        (lambda: embed([[0, -1]], TABLE), "tokens must lie between 0 and 3, got -1"),
        (lambda: embed([0.5], TABLE), "tokens must be whole numbers, got float64"),
        (lambda: embed([True], TABLE), "tokens must be whole numbers, got bool"),
        (lambda: embed([0], TABLE[0]), r"table must have 2 dimensions, got shape \(2,\)"),
        (
            lambda: embed_backward(np.zeros((1, 3)), [0], TABLE),
            r"grad must have the output's shape \(1, 2\), got \(1, 3\)",
        ),
        (lambda: embed_backward(np.zeros((1, 2)), [4], TABLE), "tokens must lie between 0 and 3, got 4"),
    ],
)
def test_impossible_arguments_raise_and_name_the_number(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_it_holds_every_function_that_the_assignment_asks_for():
    asked = {"pad_sequences", "embed", "conv1d", "max_pool1d", "global_max_pool1d", "conv1d_params", "text_cnn"}
    assert asked <= set(text.__all__)
    for name in text.__all__:
        assert ">>>" in getattr(text, name).__doc__, name


def test_tokens_may_be_whole_numbers_of_any_type():
    table = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(embed([[2.0, 0.0]], table), [[[4, 5], [0, 1]]])
    with pytest.raises(ValueError, match="whole numbers"):
        embed([0.5], table)


@pytest.mark.parametrize("num_classes", [1, 2, 46])
def test_text_cnn_answers_as_the_courses_own_network_with_the_same_weights(num_classes):
    from cnncourse.networks import TextCNN

    model, ours = text_cnn(60, 45, num_classes), TextCNN(60, 45, num_classes, seed=3)
    model.set_weights(ours.get_weights())
    tokens = np.random.default_rng(0).integers(0, 60, (3, 45))
    logits = ours.predict(tokens).astype(float)
    expected = 1 / (1 + np.exp(-logits)) if num_classes == 1 else np.exp(logits)
    expected /= 1 if num_classes == 1 else expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(tokens, verbose=0), expected, atol=1e-5)


def test_text_cnn_has_the_parameters_and_shapes_counted_by_hand():
    model = text_cnn(num_words=10_000, maxlen=500, num_classes=1)
    assert [layer.count_params() for layer in model.layers] == [320_000, 7 * 32 * 32 + 32, 0, 5 * 32 * 32 + 32, 0, 33]
    assert [tuple(layer.output.shape[1:]) for layer in model.layers[:4]] == [(500, 32), (494, 32), (70, 32), (66, 32)]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 50, 1), "num_words must be at least 1, got 0"),
        ((50, 40, 1), "maxlen must be at least 41, got 40"),
        ((50, 50, 0), "num_classes must be at least 1, got 0"),
    ],
)
def test_an_impossible_text_cnn_is_answered_with_the_number(sizes, message):
    with pytest.raises(ValueError, match=message):
        text_cnn(*sizes)
