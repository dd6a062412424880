"""The arithmetic of sizes: how large an output is, how much padding it takes, and what a stack of layers costs.

Taught in the chapter ``book/padding_stride.md``; ``book/lenet.md`` and ``book/alexnet.md`` describe their networks with
:func:`layer_table`. Everything here works on plain numbers and knows nothing of arrays. ``n`` is the input's size,
``f`` the kernel's, ``p`` the padding on each side, ``s`` the stride. Shapes leave the batch out, as Keras's
``input_shape`` does: ``(H, W, C)`` for images, ``(T, C)`` for sequences, ``(units,)`` for plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from operator import index
from typing import NamedTuple

__all__ = [
    "ConvShape",
    "DenseShape",
    "EmbeddingShape",
    "FlattenShape",
    "GlobalPoolShape",
    "LayerRow",
    "LayerShape",
    "LayerTable",
    "PoolShape",
    "SameShape",
    "causal_padding",
    "dilated_size",
    "fits_exactly",
    "layer_table",
    "output_size",
    "pair",
    "receptive_field",
    "same_padding",
    "whole_number",
]

BYTES = {"float16": 2, "float32": 4, "float64": 8}


def whole_number(value, name: str, least: int = 1) -> int:
    """Read a whole number; ``ValueError`` when it is none, or below ``least``.

    >>> whole_number(3, "stride")
    3
    """
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
        return whole_number(value[0], name, least), whole_number(value[1], name, least)
    number = whole_number(value, name, least)
    return number, number


def dilated_size(f: int, dilation: int = 1) -> int:
    """The number of pixels that a kernel of ``f`` entries, ``dilation`` pixels apart, reaches over.

    (f - 1) · dilation + 1, from Dumoulin & Visin (2016), section 5.1.

    >>> dilated_size(3, dilation=2)
    5
    """
    return (whole_number(f, "f", 1) - 1) * whole_number(dilation, "dilation", 1) + 1


def output_size(n: int, f: int, padding: int = 0, stride: int = 1) -> int:
    """The size of a convolution's output along one axis: ⌊(n + 2p - f) / s⌋ + 1.

    Raises ``ValueError`` when the kernel does not fit into the padded input or a number is impossible
    (``n``, ``f``, ``stride`` below 1, ``padding`` below 0). Source: Dumoulin & Visin (2016), relationship 6.

    >>> output_size(7, 3, padding=1, stride=2)
    4
    """
    n, f = whole_number(n, "n", 1), whole_number(f, "f", 1)
    padding, stride = whole_number(padding, "padding", 0), whole_number(stride, "stride", 1)
    if f > n + 2 * padding:
        raise ValueError(f"a kernel of {f} does not fit into an input of {n} padded by {padding} on each side")
    return (n + 2 * padding - f) // stride + 1


def fits_exactly(n: int, f: int, padding: int, stride: int) -> bool:
    """Whether the kernel's last place ends at the input's last pixel: s divides n + 2p - f without a remainder.

    Where it does not, the output leaves out the pixels that remain. Raises ``ValueError`` as :func:`output_size` does.
    Source: Dumoulin & Visin (2016), section 2.4.

    >>> fits_exactly(5, 3, padding=1, stride=2), fits_exactly(6, 3, padding=1, stride=2)
    (True, False)
    """
    last_place = (output_size(n, f, padding, stride) - 1) * stride
    return bool(last_place + f == n + 2 * padding)


def same_padding(n: int, f: int, stride: int = 1) -> tuple[int, int]:
    """The padding (before, after) with which the output has ⌈n / s⌉ entries, as TensorFlow computes it.

    The odd pixel goes after. Raises ``ValueError`` for a number below 1. Source: TensorFlow's API guide to
    ``tf.nn.convolution``, padding ``"SAME"``.

    >>> same_padding(5, 3), same_padding(5, 2), same_padding(6, 3, stride=2)
    ((1, 1), (0, 1), (0, 1))
    """
    n, f, stride = whole_number(n, "n", 1), whole_number(f, "f", 1), whole_number(stride, "stride", 1)
    size = -(-n // stride)
    total = max((size - 1) * stride + f - n, 0)
    return total // 2, total - total // 2


def causal_padding(f: int, dilation: int = 1) -> tuple[int, int]:
    """The padding (before, after) with which no output sees a later input: (f - 1) · dilation before, none after.

    Raises ``ValueError`` for a number below 1. Source: van den Oord et al., *WaveNet* (2016), section 2.1; Keras's
    ``Conv1D`` with ``padding="causal"``.

    >>> causal_padding(3), causal_padding(3, dilation=4)
    ((2, 0), (8, 0))
    """
    return dilated_size(f, dilation) - 1, 0


def receptive_field(layers: Iterable[Sequence[int]]) -> int:
    """How much of the input one output pixel of a stack sees, along one axis: from the first pixel to the last.

    ``1 + Σ_l (f_l - 1) · d_l · s_1 · s_2 · … · s_(l-1)``: from one pixel of layer l's input to the next it is as far as
    all the strides before it, multiplied. Where a stride is longer than its kernel, pixels in between go unseen.

    Args:
        layers: one ``(kernel, stride)`` or ``(kernel, stride, dilation)`` for each convolution or pooling, first layer
            first.

    Returns:
        The size in pixels; 1 when there is no layer.

    Raises:
        ValueError: an entry of another length, or a number below 1.

    >>> receptive_field([(3, 1), (3, 1)]), receptive_field([(5, 1), (2, 2), (5, 1), (2, 2)])
    (5, 16)

    Source: Araujo, Norris & Sim, *Computing Receptive Fields of Convolutional Neural Networks*, Distill (2019).
    """
    size, step = 1, 1
    for layer in layers:
        if len(layer) not in (2, 3):
            raise ValueError(f"a layer must be (kernel, stride) or (kernel, stride, dilation), got {layer!r}")
        kernel, stride, *dilation = layer
        size += (dilated_size(kernel, *dilation) - 1) * step
        step *= whole_number(stride, "stride", 1)
    return size


@dataclass(frozen=True)
class LayerShape:
    """What :func:`layer_table` asks of a layer; one without parameters or multiplications only says its shape."""

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        raise NotImplementedError

    def parameters(self, input_shape: tuple[int, ...]) -> int:
        return 0

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Multiplications, each with the addition that follows it, for one image or sequence; biases do not count."""
        return 0


@dataclass(frozen=True)
class ConvShape(LayerShape):
    """A convolutional layer, along as many axes as its input has: ``(H, W, C)`` or ``(T, C)``. Keras's words.

    ``padding`` is ``"valid"``, ``"same"``, ``"causal"`` (sequences only), or the number of zeros on each side.

    >>> ConvShape(96, 11, strides=4).output_shape((227, 227, 3))
    (55, 55, 96)
    """

    filters: int
    kernel_size: int | tuple[int, int]
    strides: int | tuple[int, int] = 1
    padding: str | int | tuple[int, int] = "valid"
    dilation_rate: int | tuple[int, int] = 1
    use_bias: bool = True
    name: str = "conv"

    def output_shape(self, input_shape):
        places = _places(input_shape, self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return *places, whole_number(self.filters, "filters", 1)

    def parameters(self, input_shape):
        return (self._kernel_entries(input_shape) + bool(self.use_bias)) * int(self.filters)

    def multiply_adds(self, input_shape):
        return self._kernel_entries(input_shape) * prod(self.output_shape(input_shape))

    def _kernel_entries(self, input_shape):
        *sizes, channels = input_shape
        return prod(_each_axis(self.kernel_size, sizes, "kernel_size")) * channels


@dataclass(frozen=True)
class PoolShape(LayerShape):
    """Maximum or average pooling, along as many axes as its input has; ``strides`` defaults to ``pool_size``.

    >>> PoolShape(3, strides=2).output_shape((55, 55, 96))
    (27, 27, 96)
    """

    pool_size: int | tuple[int, int] = 2
    strides: int | tuple[int, int] | None = None
    padding: str | int | tuple[int, int] = "valid"
    name: str = "pool"

    def output_shape(self, input_shape):
        strides = self.pool_size if self.strides is None else self.strides
        return *_places(input_shape, self.pool_size, strides, self.padding, name="pool_size"), input_shape[-1]


@dataclass(frozen=True)
class GlobalPoolShape(LayerShape):
    """The maximum or the average of each channel.

    >>> GlobalPoolShape().output_shape((7, 7, 512))
    (512,)
    """

    name: str = "global pool"

    def output_shape(self, input_shape):
        return input_shape[-1:]


@dataclass(frozen=True)
class FlattenShape(LayerShape):
    """All numbers in one row.

    >>> FlattenShape().output_shape((6, 6, 256))
    (9216,)
    """

    name: str = "flatten"

    def output_shape(self, input_shape):
        return (prod(input_shape),)


@dataclass(frozen=True)
class SameShape(LayerShape):
    """A layer with neither parameters nor another shape: an activation, dropout, local response normalisation.

    >>> SameShape("dropout").output_shape((4096,))
    (4096,)
    """

    name: str

    def output_shape(self, input_shape):
        return input_shape


@dataclass(frozen=True)
class DenseShape(LayerShape):
    """A fully connected layer. As in Keras it reads the last axis only, so a :class:`FlattenShape` goes before it.

    >>> DenseShape(10).parameters((84,))
    850
    """

    units: int
    use_bias: bool = True
    name: str = "dense"

    def output_shape(self, input_shape):
        return *input_shape[:-1], whole_number(self.units, "units", 1)

    def parameters(self, input_shape):
        return (input_shape[-1] + bool(self.use_bias)) * int(self.units)

    def multiply_adds(self, input_shape):
        return input_shape[-1] * prod(self.output_shape(input_shape))


@dataclass(frozen=True)
class EmbeddingShape(LayerShape):
    """A table of ``output_dim`` numbers for each of ``input_dim`` tokens: rows are looked up, nothing is multiplied.

    >>> EmbeddingShape(10_000, 64).output_shape((200,))
    (200, 64)
    """

    input_dim: int
    output_dim: int
    name: str = "embedding"

    def output_shape(self, input_shape):
        return *input_shape, whole_number(self.output_dim, "output_dim", 1)

    def parameters(self, input_shape):
        return whole_number(self.input_dim, "input_dim", 1) * int(self.output_dim)


class LayerRow(NamedTuple):
    """One line of a :class:`LayerTable`. ``memory`` is that of the layer's output, in bytes."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    memory: int


class LayerTable(list):
    """A list of :class:`LayerRow`, the input's first. It prints as a table, with the sums in its last line."""

    @property
    def total(self) -> LayerRow:
        """The sums; its ``output_shape`` is that of the last layer."""
        sums = (sum(getattr(row, column) for row in self) for column in LayerRow._fields[2:])
        return LayerRow("in all", self[-1].output_shape, *sums)

    def __repr__(self) -> str:
        lines = [("layer", "output shape", "parameters", "multiply-adds", "memory (bytes)")]
        for row in self:
            lines.append((row.name, " × ".join(map(str, row.output_shape)), *(f"{number:,}" for number in row[2:])))
        lines.append(("in all", "", *(f"{number:,}" for number in self.total[2:])))
        name_width, *widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join([name.ljust(name_width), *map(str.rjust, cells, widths)]) for name, *cells in lines)


def layer_table(
    input_shape: Sequence[int], layers: Iterable[LayerShape], batch_size: int = 1, dtype: str = "float32"
) -> LayerTable:
    """What each layer of a stack puts out and what it costs.

    Args:
        input_shape: the shape of one image or sequence, without the batch.
        layers: :class:`ConvShape`, :class:`PoolShape`, …, first layer first.
        batch_size: how many images or sequences go through at once; multiply-adds and memory grow with it.
        dtype: the type of every number: ``"float16"``, ``"float32"`` or ``"float64"``.

    Returns:
        One row for the input and one for each layer: name, output shape, parameters, multiply-adds of a forward pass
        (padding counted as if it were pixels) and the bytes of the output, counted for every layer, also where a
        library would not copy its input.

    Raises:
        ValueError: a layer that cannot read its input, an impossible number, an unknown dtype.

    >>> layer_table((28, 28, 1), [ConvShape(6, 5), PoolShape(2), FlattenShape(), DenseShape(10)])
    layer    output shape  parameters  multiply-adds  memory (bytes)
    input     28 × 28 × 1           0              0           3,136
    conv      24 × 24 × 6         156         86,400          13,824
    pool      12 × 12 × 6           0              0           3,456
    flatten           864           0              0           3,456
    dense              10       8,650          8,640              40
    in all                      8,806         95,040          23,912

    Source: Keras's ``Model.summary``; multiply-adds as counted by He et al., *Deep Residual Learning* (2016), table 1.
    """
    if dtype not in BYTES:
        raise ValueError(f"dtype must be one of {', '.join(BYTES)}, got {dtype!r}")
    batch_size = whole_number(batch_size, "batch_size", 1)
    shape = tuple(whole_number(size, "input_shape", 1) for size in input_shape)
    table = LayerTable([LayerRow("input", shape, 0, 0, prod(shape) * batch_size * BYTES[dtype])])
    for layer in layers:
        try:
            output = layer.output_shape(shape)
            multiply_adds = layer.multiply_adds(shape) * batch_size
            memory = prod(output) * batch_size * BYTES[dtype]
            table.append(LayerRow(layer.name, output, layer.parameters(shape), multiply_adds, memory))
        except ValueError as error:
            raise ValueError(f"{layer.name}, reading {shape}: {error}") from None
        shape = output
    return table


def _each_axis(value, sizes: Sequence[int], name: str, least: int = 1) -> tuple[int, ...]:
    """An int, or a pair where there are two axes, as one number for each axis."""
    if len(sizes) == 2:
        return pair(value, name, least)
    if len(sizes) == 1:
        return (whole_number(value, name, least),)
    raise ValueError(f"expected an input of (H, W, C) or (T, C), got {len(sizes)} axes before the channels")


def _places(input_shape, kernel_size, strides, padding, dilation=1, name="kernel_size") -> list[int]:
    """How many places a kernel or a pooling window has along each axis of ``(H, W, C)`` or ``(T, C)``."""
    sizes = input_shape[:-1]
    kernel = _each_axis(kernel_size, sizes, name)
    strides = _each_axis(strides, sizes, "strides")
    reach = map(dilated_size, kernel, _each_axis(dilation, sizes, "dilation_rate"))
    if padding == "same" or (padding == "causal" and len(sizes) == 1):
        return [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        raise ValueError(f"padding must be 'valid', 'same', 'causal' (sequences only) or numbers, got {padding!r}")
    return list(map(output_size, sizes, reach, _each_axis(padding, sizes, "padding", least=0), strides))
