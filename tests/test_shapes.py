"""Sizes and stacks of layers: against Keras, TensorFlow's padding, published tables, and counting one by one."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.shapes import (
    ConvShape,
    DenseShape,
    EmbeddingShape,
    FlattenShape,
    GlobalPoolShape,
    PoolShape,
    SameShape,
    causal_padding,
    dilated_size,
    fits_exactly,
    layer_table,
    output_size,
    pair,
    receptive_field,
    same_padding,
)


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


@given(n=st.integers(1, 30), f=st.integers(1, 9), p=st.integers(0, 5), s=st.integers(1, 6))
def test_a_kernel_fits_exactly_when_one_of_its_places_ends_at_the_last_pixel(n, f, p, s):
    ends = [first + f for first in range(0, n + 2 * p, s) if first + f <= n + 2 * p]
    if ends:
        assert fits_exactly(n, f, p, s) is (ends[-1] == n + 2 * p)
    else:
        with pytest.raises(ValueError, match="does not fit"):
            fits_exactly(n, f, p, s)


def test_fits_exactly_answers_numpys_numbers_with_a_bool():
    assert fits_exactly(np.int64(7), np.int64(3), np.int64(0), np.int64(2)) is True


@settings(max_examples=25)
@given(f=st.integers(1, 6), dilation=st.integers(1, 4))
def test_causal_padding_is_that_of_keras(f, dilation):
    import keras

    layer = keras.layers.Conv1D(
        1, f, padding="causal", dilation_rate=dilation, kernel_initializer="ones", use_bias=False
    )
    steps = 2.0 ** np.arange(12)  # each sum tells which steps were added
    padded = np.pad(steps, causal_padding(f, dilation))
    sums = [padded[i : i + dilated_size(f, dilation) : dilation].sum() for i in range(12)]
    assert layer(steps[None, :, None]).numpy().ravel().tolist() == sums


def seen(layers):
    """The input pixels that reach an output pixel, walked back layer by layer."""
    pixels = {0}
    for kernel, stride, *dilation in reversed(layers):
        gap = dilation[0] if dilation else 1
        pixels = {stride * pixel + gap * entry for pixel in pixels for entry in range(kernel)}
    return pixels


LAYER = st.tuples(st.integers(1, 5), st.integers(1, 3)) | st.tuples(*[st.integers(1, 4)] * 3)


@given(st.lists(LAYER, max_size=5))
def test_receptive_field_reaches_from_the_first_pixel_that_is_seen_to_the_last(layers):
    assert receptive_field(layers) == max(seen(layers)) - min(seen(layers)) + 1


@pytest.mark.parametrize("layers", [[(3, 2), (2, 1)], [(5, 1), (2, 2), (3, 1)], [(3, 1, 2), (2, 2), (1, 1), (4, 1)]])
def test_receptive_field_is_where_keras_gradient_is_not_zero(layers):
    import tensorflow as tf
    from keras import layers as keras_layers

    network = [
        keras_layers.Conv1D(1, f, s, dilation_rate=d[0] if d else 1, kernel_initializer="ones") for f, s, *d in layers
    ]
    sequence = tf.Variable(tf.ones((1, 60, 1)))
    with tf.GradientTape() as tape:
        out = sequence
        for layer in network:
            out = layer(out)
        one = out[0, out.shape[1] // 2, 0]
    touched = np.flatnonzero(tape.gradient(one, sequence).numpy())
    assert receptive_field(layers) == touched[-1] - touched[0] + 1


VGG16 = [(3, 1), (3, 1), (2, 2)] * 2 + [(3, 1), (3, 1), (3, 1), (2, 2)] * 3


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], 1),
        ([(3, 1)] * 2, 5),  # Simonyan & Zisserman (2015), section 2.3
        ([(3, 1)] * 3, 7),
        (VGG16, 212),  # Araujo, Norris & Sim (2019), table 1
        ([(2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)], 16),  # van den Oord et al. (2016), figure 3
    ],
)
def test_receptive_field_gives_published_figures(layers, expected):
    assert receptive_field(layers) == expected


def keras_twin(layer, axes):
    """The Keras layers that do what one of ours describes."""
    from keras import layers

    dimensions = f"{axes}D"
    match layer:
        case ConvShape(filters, kernel_size, strides, padding, dilation_rate, use_bias):
            before = []
            if not isinstance(padding, str):
                before, padding = [getattr(layers, f"ZeroPadding{dimensions}")(padding)], "valid"
            conv = getattr(layers, f"Conv{dimensions}")
            return [
                *before,
                conv(filters, kernel_size, strides, padding, dilation_rate=dilation_rate, use_bias=use_bias),
            ]
        case PoolShape(pool_size, strides, padding):
            return [getattr(layers, f"MaxPooling{dimensions}")(pool_size, strides, padding)]
        case GlobalPoolShape():
            return [getattr(layers, f"GlobalMaxPooling{dimensions}")()]
        case FlattenShape():
            return [layers.Flatten()]
        case SameShape():
            return [layers.ReLU()]
        case DenseShape(units, use_bias):
            return [layers.Dense(units, use_bias=use_bias)]
        case EmbeddingShape(input_dim, output_dim):
            return [layers.Embedding(input_dim, output_dim)]


@st.composite
def stacks(draw):
    """An input shape, a stack that can read it, with a layer of every kind, and the number of its axes."""
    axes = draw(st.integers(1, 2))

    def size(most):
        either = st.integers(1, most)
        return draw(either | st.tuples(either, either)) if axes == 2 else draw(either)

    def convolution():
        strides = size(3)
        gap = size(2) if strides in (1, (1, 1)) else 1  # Keras refuses stride and dilation at once
        named = st.sampled_from(["valid", "same"] + ["causal"] * (axes == 1))
        padding = draw(named) if draw(st.booleans()) else size(2)
        return ConvShape(draw(st.integers(1, 5)), size(4), strides, padding, gap, draw(st.booleans()))

    def pooling():
        return PoolShape(size(3), size(3) if draw(st.booleans()) else None, draw(st.sampled_from(["valid", "same"])))

    layers = [convolution(), SameShape("relu"), pooling(), DenseShape(3, draw(st.booleans())), convolution()]
    layers += [draw(st.sampled_from([FlattenShape(), GlobalPoolShape()])), DenseShape(draw(st.integers(1, 9)))]
    if axes == 1 and draw(st.booleans()):
        return (draw(st.integers(40, 50)),), [EmbeddingShape(20, 4), *layers], axes
    return (*draw(st.tuples(*[st.integers(40, 50)] * axes)), draw(st.integers(1, 3))), layers, axes


@settings(max_examples=40)
@given(stacks())
def test_shapes_and_parameters_of_every_layer_are_those_of_keras(stack):
    shape, layers, axes = stack
    table = layer_table(shape, layers)
    assert [row.name for row in table] == ["input", *(layer.name for layer in layers)]
    for layer, row in zip(layers, table[1:], strict=True):
        parameters = 0
        for twin in keras_twin(layer, axes):
            twin.build((None, *shape))
            parameters += twin.count_params()
            shape = twin.compute_output_shape((None, *shape))[1:]
        assert (row.output_shape, row.parameters) == (shape, parameters)
    assert table.total.parameters == sum(row.parameters for row in table)


def counted_multiply_adds(sizes, channels, filters, kernel, strides, gaps, padding):
    """A convolution as one would write it first, with a count where the product would be."""
    count = 0
    reach = [(f - 1) * gap + 1 for f, gap in zip(kernel, gaps, strict=True)]
    starts = [range(-padding, n + padding - r + 1, s) for n, r, s in zip(sizes, reach, strides, strict=True)]
    for _ in product(*starts, range(filters)):
        for _ in product(*map(range, kernel), range(channels)):
            count += 1
    return count


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(5, 8), min_size=1, max_size=2),
    f=st.integers(1, 3),
    s=st.integers(1, 3),
    d=st.integers(1, 2),
    p=st.integers(0, 2),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    batch_size=st.integers(1, 3),
)
def test_multiply_adds_of_a_convolution_are_those_of_its_loops(sizes, f, s, d, p, channels, filters, batch_size):
    axes = len(sizes)
    layer = ConvShape(filters, f, s, padding=p, dilation_rate=d)
    counted = counted_multiply_adds(sizes, channels, filters, [f] * axes, [s] * axes, [d] * axes, p)
    table = layer_table((*sizes, channels), [layer], batch_size)
    assert table[1].multiply_adds == table.total.multiply_adds == batch_size * counted


def test_multiply_adds_of_a_rectangular_kernel_and_of_a_dense_layer():
    assert ConvShape(4, (3, 1), (1, 2)).multiply_adds((6, 5, 2)) == 4 * 3 * 4 * (3 * 1 * 2)
    assert DenseShape(10).multiply_adds((84,)) == 840
    assert DenseShape(10).multiply_adds((7, 84)) == 7 * 840  # one for each step of a sequence


def test_what_does_not_convolve_or_connect_multiplies_nothing():
    layers = [EmbeddingShape(100, 8), PoolShape(2), SameShape("dropout"), GlobalPoolShape()]
    assert layer_table((20,), layers).total.multiply_adds == 0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_memory_is_what_the_arrays_between_the_layers_take(dtype):
    layers = [ConvShape(4, 3, padding="same"), PoolShape(2), FlattenShape(), DenseShape(5)]
    array = np.zeros((3, 8, 6, 2), dtype)
    taken = [array.nbytes]
    for layer in layers:
        for twin in keras_twin(layer, axes=2):
            twin.dtype_policy = dtype
            array = twin(array).numpy()
        taken.append(array.nbytes)
    table = layer_table((8, 6, 2), layers, batch_size=3, dtype=dtype)
    assert [row.memory for row in table] == taken
    assert table.total.memory == sum(taken)


def test_a_table_prints_its_columns_under_one_another_and_sums_them_up():
    table = layer_table((32, 32, 1), [ConvShape(6, 5, name="C1"), PoolShape(name="S2")])
    lines = str(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[2].split() == ["C1", "28", "×", "28", "×", "6", "156", "117,600", "18,816"]
    assert lines[-1].split() == ["in", "all", "156", "117,600", f"{4 * (32 * 32 + 28 * 28 * 6 + 14 * 14 * 6):,}"]


def test_a_description_can_be_compared_and_cannot_be_changed():
    assert ConvShape(6, 5) == ConvShape(filters=6, kernel_size=5) != ConvShape(6, (5, 3))
    with pytest.raises(AttributeError):
        ConvShape(6, 5).filters = 7


@pytest.mark.parametrize(
    ("shape", "layer", "said"),
    [
        ((4, 9, 1), ConvShape(6, 5, name="C1"), r"C1, reading \(4, 9, 1\): a kernel of 5 does not fit into .* of 4"),
        ((9, 9, 1), ConvShape(0, 5), "filters must be at least 1, got 0"),
        ((9, 9, 1), ConvShape(2, 5, strides=0), "strides must be at least 1, got 0"),
        ((9, 9, 1), ConvShape(2, 5, padding=-1), "padding must be at least 0, got -1"),
        ((9, 9, 1), ConvShape(2, 5, padding="causal"), "got 'causal'"),
        ((9, 9, 1), ConvShape(2, 5, padding="full"), "got 'full'"),
        ((9, 9, 1), ConvShape(2, 3, dilation_rate=5), "a kernel of 11 does not fit"),
        ((9, 1), ConvShape(2, (3, 3)), r"kernel_size must be a whole number, got \(3, 3\)"),
        ((120,), ConvShape(2, 3), "got 0 axes before the channels"),
        ((9, 9, 1), PoolShape(0), "pool_size must be at least 1, got 0"),
        ((9,), DenseShape(0), "units must be at least 1, got 0"),
        ((9,), EmbeddingShape(0, 4), "input_dim must be at least 1, got 0"),
        ((9, 0), DenseShape(2), "input_shape must be at least 1, got 0"),
    ],
)
def test_a_layer_that_cannot_be_is_named_with_its_input(shape, layer, said):
    with pytest.raises(ValueError, match=said):
        layer_table(shape, [layer])


def test_importing_shapes_does_not_even_load_numpy():
    code = "import sys, cnncourse.shapes; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (lambda: output_size(0, 3), "0"),
        (lambda: output_size(5, 0), "0"),
        (lambda: output_size(5, 3, -1), "-1"),
        (lambda: output_size(5, 3, 0, 0), "0"),
        (lambda: output_size(2, 5), "5"),
        (lambda: same_padding(4, 3, -2), "-2"),
        (lambda: fits_exactly(5, 3, 0, 0), "0"),
        (lambda: fits_exactly(5, 3, -1, 1), "-1"),
        (lambda: causal_padding(0), "0"),
        (lambda: receptive_field([(3, 1), (0, 1)]), "0"),
        (lambda: receptive_field([(3, -1)]), "-1"),
        (lambda: receptive_field([(3, 1, 0)]), "0"),
        (lambda: receptive_field([(3, 1, 1, 1)]), r"\(3, 1, 1, 1\)"),
        (lambda: layer_table((3,), [], batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda: layer_table((3,), [], dtype="int8"), "int8"),
        (lambda: dilated_size(3, 0), "0"),
        (lambda: pair((1, 2, 3), "stride"), "3"),
        (lambda: pair("same", "stride"), "same"),
        (lambda: pair(1.5, "stride"), "1.5"),
    ],
)
def test_impossible_numbers_raise_and_are_named(call, number):
    with pytest.raises(ValueError, match=number):
        call()
