"""Text as numbers and convolution along it, as the chapter ``book/text.md`` teaches it.

Sequences are shaped ``(N, T, C)``: batch, time (one step per word), channels. Kernels are shaped ``(k, C, F)``: steps,
channels in, filters. In one dimension pooling is the two-dimensional operation on images of one row, so that is how it
is computed. Convolution has it easier than in two dimensions: ``k`` steps of a sequence lie behind one another in
memory, so that a window is a row of a matrix as it stands, and nothing has to be copied. With
``data_format="channels_first"`` sequences are ``(N, C, T)``; kernels stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cnncourse.arrays import channels_last, filter_bias, floats, in_data_format, output_gradient, sum_over_rows
from cnncourse.blas import one_blas_thread
from cnncourse.columns import TILE, aligned, product
from cnncourse.convolution import conv2d, conv2d_backward, conv2d_params
from cnncourse.pooling import (
    Windows,
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from cnncourse.shapes import causal_padding, dilated_size, output_size, same_padding, whole_number

__all__ = [
    "avg_pool1d",
    "avg_pool1d_backward",
    "conv1d",
    "conv1d_backward",
    "conv1d_params",
    "embed",
    "embed_backward",
    "global_avg_pool1d",
    "global_avg_pool1d_backward",
    "global_max_pool1d",
    "global_max_pool1d_backward",
    "max_pool1d",
    "max_pool1d_backward",
    "pad_sequences",
    "text_cnn",
]


def pad_sequences(sequences: Sequence[Sequence], maxlen: int, padding="pre", truncating="pre", value=0) -> np.ndarray:
    """Sequences of different lengths as one table: short ones filled up, long ones cut.

    Args:
        sequences: lists of numbers.
        maxlen: the length all of them get, at least 1.
        padding: fill up at the beginning (``"pre"``) or at the end (``"post"``).
        truncating: cut off at the beginning (``"pre"``) or at the end (``"post"``).
        value: what to fill up with.

    Returns:
        ``(len(sequences), maxlen)``; whole numbers stay whole numbers (int64).

    Raises:
        ValueError: a ``maxlen`` below 1, another word than ``"pre"`` or ``"post"``, a sequence that is none.

    >>> pad_sequences([[1, 2], [3, 4, 5, 6]], maxlen=3)
    array([[0, 1, 2],
           [4, 5, 6]])

    Source: Keras's ``keras.utils.pad_sequences``.
    """
    maxlen = whole_number(maxlen, "maxlen", 1)
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ValueError(f"{name} must be 'pre' or 'post', got {where!r}")
    rows = []
    for number, sequence in enumerate(sequences):
        row = np.asarray(sequence)
        if row.ndim != 1 or row.dtype.kind not in "iufb":
            raise ValueError(f"each sequence must be a list of numbers, got {sequence!r} at place {number}")
        rows.append(row[len(row) - maxlen :] if truncating == "pre" and len(row) > maxlen else row[:maxlen])
    whole = all(row.dtype.kind in "iub" for row in (*filter(len, rows), np.asarray(value)))
    table = np.full((len(rows), maxlen), value, np.int64 if whole else np.float64)
    for line, row in zip(table, rows, strict=True):
        line[maxlen - len(row) :] = row if padding == "pre" else line[maxlen - len(row) :]
        if padding == "post":
            line[: len(row)] = row
    return table


def embed(tokens, table) -> np.ndarray:
    """The row of the table for each token: ``out[..., :] = table[tokens[...]]``.

    Args:
        tokens: whole numbers from 0 to V - 1, in any shape, usually ``(N, T)``.
        table: ``(V, D)``, a vector of D numbers for each of V words.

    Returns:
        The tokens' shape with one more axis of D.

    Raises:
        ValueError: tokens that are not whole numbers or not in the table.

    >>> embed([[1, 0]], np.array([[0.1, 0.2], [0.3, 0.4]]))
    array([[[0.3, 0.4],
            [0.1, 0.2]]])

    Source: Bengio et al., *A neural probabilistic language model* (2003), section 2.
    """
    (table,) = floats(table)
    return table[_tokens(tokens, table)]


def embed_backward(grad, tokens, table) -> np.ndarray:
    """The gradient of :func:`embed` with respect to its table: each word's row collects what its tokens received.

    Args:
        grad: the loss's gradient with respect to the output, in the output's shape.
        tokens, table: as they were given to :func:`embed`; of the table only shape and type are read.

    Returns:
        ``(V, D)``; zero for words that did not occur.

    Raises:
        ValueError: as :func:`embed`, and when ``grad`` has another shape than the output.

    >>> embed_backward(np.array([[[1.0], [2.0], [4.0]]]), [[1, 0, 1]], np.zeros((3, 1)))
    array([[2.],
           [5.],
           [0.]])
    """
    (table,) = floats(table)
    tokens = _tokens(tokens, table)
    grad = np.asarray(grad, table.dtype)
    if grad.shape != (*tokens.shape, table.shape[1]):
        raise ValueError(f"grad must have the output's shape {(*tokens.shape, table.shape[1])}, got {grad.shape}")
    width = table.shape[1]
    places = tokens.reshape(-1, 1) * width + np.arange(width)
    return np.bincount(places.ravel(), grad.ravel(), table.size).reshape(table.shape).astype(table.dtype)


def conv1d(sequences, kernels, bias=None, stride=1, padding="valid", dilation=1, data_format="channels_last"):
    """A one-dimensional convolutional layer's forward pass: kernels that slide along time.

    ``out[n, t, f] = bias[f] + Σ_a Σ_c sequences[n, s·t + d·a, c] · kernels[a, c, f]``

    Args:
        sequences: ``(N, T, C)``, or ``(N, C, T)`` with ``data_format="channels_first"``.
        kernels: ``(k, C, F)``.
        bias: ``(F,)``, or None.
        stride: an int, in steps.
        padding: ``"valid"`` (none), ``"same"`` (an output of ⌈T / stride⌉), ``"causal"`` (all of it before the
            sequence, so that no output sees a later step) or an int: zeros on both sides.
        dilation: an int: the distance between neighbouring entries of the kernel, in steps.
        data_format: ``"channels_last"`` or ``"channels_first"``.

    Returns:
        ``(N, t, F)``, or ``(N, F, t)`` with ``data_format="channels_first"``.

    Raises:
        ValueError: shapes that do not belong together, a kernel that does not fit, an impossible stride, padding,
            dilation or data format.

    >>> conv1d(np.arange(5.0)[None, :, None], np.ones((3, 1, 1)), padding="causal")[0, :, 0]
    array([0., 1., 3., 6., 9.])

    Source: Kim, *Convolutional neural networks for sentence classification* (2014), equation 2; causal padding: van den
    Oord et al., *WaveNet* (2016), section 2.1.
    """
    sequences, kernels, bias, around = _checked(sequences, kernels, bias, stride, padding, dilation, data_format)
    if dilation > 1:
        row = conv2d(sequences[:, None], kernels[None], bias, (1, stride), ((0, 0), around), (1, dilation))
        return in_data_format(row[:, 0], data_format)
    k, channels, filters = kernels.shape
    steps = output_size(sequences.shape[1] + sum(around), k, 0, stride)
    out = np.empty((len(sequences), steps, filters), sequences.dtype)
    matrix, biases = aligned(kernels.reshape(-1, filters)), np.tile(bias, (steps, 1))
    with one_blas_thread():
        for some, parts in _windows(sequences, around, k, stride, steps):
            for windows, where in parts:
                product(windows, matrix, out=out[some, where])
            out[some] += biases
    return in_data_format(out, data_format)


def conv1d_backward(
    grad,
    sequences,
    kernels,
    stride=1,
    padding="valid",
    dilation=1,
    data_format="channels_last",
    input_gradient=True,
):
    """The gradients of :func:`conv1d` with respect to its sequences, its kernels and its bias.

    Args:
        grad: the loss's gradient with respect to the layer's output, in the output's shape.
        sequences, kernels, stride, padding, dilation, data_format: as they were given to :func:`conv1d`.
        input_gradient: whether the sequences' gradient is wanted.

    Returns:
        ``(d_sequences, d_kernels, d_bias)``; ``d_sequences`` is None when ``input_gradient`` is False.

    Raises:
        ValueError: as :func:`conv1d`, and when ``grad`` has another shape than the output.

    >>> d_sequences, _, _ = conv1d_backward(np.ones((1, 3, 1)), np.ones((1, 4, 1)), np.ones((2, 1, 1)))
    >>> d_sequences[0, :, 0]
    array([1., 2., 2., 1.])
    """
    sequences, kernels, _, around = _checked(sequences, kernels, None, stride, padding, dilation, data_format)
    k, channels, filters = kernels.shape
    steps = output_size(sequences.shape[1] + sum(around), dilated_size(k, dilation), 0, stride)
    grad = _of_three_axes(grad, "grad").astype(kernels.dtype, copy=False)
    grad = output_gradient(grad, (len(sequences), steps, filters), data_format)
    if dilation > 1 or stride > 1:
        options = dict(stride=(1, stride), padding=((0, 0), around), dilation=(1, dilation))
        row, d_kernels, d_bias = conv2d_backward(
            grad[:, None], sequences[:, None], kernels[None], **options, input_gradient=input_gradient
        )
        return in_data_format(row[:, 0], data_format) if input_gradient else None, d_kernels[0], d_bias

    d_kernels = np.zeros((k * channels, filters), kernels.dtype)
    with one_blas_thread():
        for some, parts in _windows(sequences, around, k, stride, steps):
            for windows, where in parts:
                d_kernels += np.matmul(windows.mT, grad[some, where]).sum(axis=0)
    d_kernels, d_bias = d_kernels.reshape(kernels.shape), sum_over_rows(grad)
    if not input_gradient:
        return None, d_kernels, d_bias
    # A convolution again, with the kernels turned: over all places where a window may begin, of which some lie in the
    # padding.
    before, after = around
    d_padded = conv1d(grad, kernels[::-1].swapaxes(1, 2), padding=k - 1)
    d_sequences = d_padded[:, before : d_padded.shape[1] - after]
    return in_data_format(np.ascontiguousarray(d_sequences), data_format), d_kernels, d_bias


def conv1d_params(k: int, c_in: int, c_out: int, use_bias: bool = True) -> int:
    """How many parameters a one-dimensional convolutional layer has: ``k · c_in · c_out``, and one bias per filter.

    Raises ``ValueError`` for a size below 1.

    >>> conv1d_params(7, 32, 32)
    7200
    """
    return conv2d_params(1, whole_number(k, "k", 1), c_in, c_out, use_bias)


def max_pool1d(sequences, pool, stride=None, padding="valid"):
    """The largest number of every window of ``pool`` steps, channel by channel: ``(N, T, C)`` to ``(N, t, C)``.

    Arguments and errors are those of :func:`cnncourse.pooling.max_pool2d`, with ints for pool and stride.

    >>> max_pool1d(np.array([3, 1, 4, 1, 5])[None, :, None], pool=2)[0, :, 0]
    array([3., 4.])
    """
    return max_pool2d(_row(sequences), *_along_time(pool, stride), padding)[:, 0]


def max_pool1d_backward(grad, sequences, pool, stride=None, padding="valid"):
    """The gradient of :func:`max_pool1d` with respect to its sequences; the first of equal maxima gets it.

    >>> max_pool1d_backward([[[5]]], np.array([1, 2, 2])[None, :, None], pool=3)[0, :, 0]
    array([0., 5., 0.])
    """
    sequences, options = _row(sequences), (*_along_time(pool, stride), padding)
    count, _, steps, channels = Windows(sequences, *options, "channels_last").output_shape
    grad = output_gradient(grad, (count, steps, channels))
    return max_pool2d_backward(grad[:, None], sequences, *options)[:, 0]


def avg_pool1d(sequences, pool, stride=None, padding="valid"):
    """The mean of every window of ``pool`` steps, channel by channel; padding does not count.

    Arguments and errors are those of :func:`max_pool1d`.

    >>> avg_pool1d(np.array([3, 1, 4, 1, 5])[None, :, None], pool=2)[0, :, 0]
    array([2. , 2.5])
    """
    return avg_pool2d(_row(sequences), *_along_time(pool, stride), padding)[:, 0]


def avg_pool1d_backward(grad, sequences, pool, stride=None, padding="valid"):
    """The gradient of :func:`avg_pool1d` with respect to its sequences: an equal share for every step of a window.

    >>> avg_pool1d_backward([[[6]]], np.zeros((1, 3, 1)), pool=3)[0, :, 0]
    array([2., 2., 2.])
    """
    sequences, options = _row(sequences), (*_along_time(pool, stride), padding)
    count, _, steps, channels = Windows(sequences, *options, "channels_last").output_shape
    grad = output_gradient(grad, (count, steps, channels))
    return avg_pool2d_backward(grad[:, None], sequences, *options)[:, 0]


def global_max_pool1d(sequences):
    """The largest number of every channel: ``(N, T, C)`` to ``(N, C)``.

    >>> global_max_pool1d(np.array([[[1, 8], [5, 2]]]))
    array([[5., 8.]])

    Source: Collobert et al., *Natural language processing (almost) from scratch* (2011), section 3.3.2.
    """
    return global_max_pool2d(_row(sequences))


def global_max_pool1d_backward(grad, sequences):
    """The gradient of :func:`global_max_pool1d`: ``(N, C)`` to the sequences' shape; the first of equal maxima gets it.

    >>> global_max_pool1d_backward([[3]], np.array([[[1], [5], [5]]]))[0, :, 0]
    array([0., 3., 0.])
    """
    return global_max_pool2d_backward(grad, _row(sequences))[:, 0]


def global_avg_pool1d(sequences):
    """The mean of every channel: ``(N, T, C)`` to ``(N, C)``.

    >>> global_avg_pool1d(np.array([[[1, 8], [5, 2]]]))
    array([[3., 5.]])
    """
    return global_avg_pool2d(_row(sequences))


def global_avg_pool1d_backward(grad, sequences):
    """The gradient of :func:`global_avg_pool1d`: ``(N, C)`` to the sequences' shape, an equal share for every step.

    >>> global_avg_pool1d_backward([[6]], np.zeros((1, 3, 1)))[0, :, 0]
    array([2., 2., 2.])
    """
    return global_avg_pool2d_backward(grad, _row(sequences))[:, 0]


def text_cnn(num_words: int, maxlen: int, num_classes: int):
    """A small convolutional network that reads tokens, in Keras: :class:`cnncourse.networks.TextCNN` with its ending.

    Args:
        num_words: how many tokens there are, numbered from 0.
        maxlen: how many tokens a text has, at least 41: that is how many words one number of the second convolution
            depends on.
        num_classes: 1 for a yes-or-no question (a sigmoid); otherwise one probability for each class (a softmax).

    Returns:
        A ``keras.Sequential`` that is not compiled.

    Raises:
        ValueError: a number below 1, or a ``maxlen`` below 41.

    >>> text_cnn(num_words=1000, maxlen=100, num_classes=46).count_params()
    45870

    After Chollet, *Deep Learning with Python* (2017), section 6.4.
    """
    sizes = whole_number(num_words, "num_words"), whole_number(maxlen, "maxlen", 41)
    units = whole_number(num_classes, "num_classes")
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((sizes[1],), dtype="int32"),
            layers.Embedding(sizes[0], 32),
            layers.Conv1D(32, 7, activation="relu"),
            layers.MaxPooling1D(7),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(units, activation="sigmoid" if units == 1 else "softmax"),
        ]
    )


def _tokens(tokens, table) -> np.ndarray:
    tokens = np.asarray(tokens)
    if table.ndim != 2:
        raise ValueError(f"table must have 2 dimensions, got shape {table.shape}")
    if tokens.size and (tokens.dtype.kind not in "iuf" or (tokens != np.floor(tokens)).any()):
        raise ValueError(f"tokens must be whole numbers, got {tokens.dtype}")
    outside = tokens[(tokens < 0) | (tokens >= len(table))]
    if outside.size:
        raise ValueError(f"tokens must lie between 0 and {len(table) - 1}, got {outside.flat[0]}")
    return tokens.astype(np.intp)


def _of_three_axes(array, name) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 3:
        raise ValueError(f"{name} must have 3 dimensions, got shape {array.shape}")
    return array


def _row(sequences) -> np.ndarray:
    """Sequences as images of one row: ``(N, 1, T, C)``."""
    return _of_three_axes(sequences, "sequences")[:, None]


def _along_time(pool, stride):
    pool = whole_number(pool, "pool", 1)
    return (1, pool), (1, pool if stride is None else whole_number(stride, "stride", 1))


def _checked(sequences, kernels, bias, stride, padding, dilation, data_format):
    """The arrays, channels last and of one type, and the padding as (before, after)."""
    sequences, kernels = floats(_of_three_axes(sequences, "sequences"), _of_three_axes(kernels, "kernels"))
    sequences = channels_last(sequences, data_format)
    k, c_in, filters = kernels.shape
    if c_in != sequences.shape[2]:
        raise ValueError(f"kernels for {c_in} channels cannot read sequences of {sequences.shape[2]} channels")
    bias = filter_bias(bias, filters, kernels.dtype)
    reach = dilated_size(k, dilation)
    stride = whole_number(stride, "stride", 1)
    if padding == "causal":
        around = causal_padding(k, dilation)
    elif padding == "same":
        around = same_padding(sequences.shape[1], reach, stride)
    elif padding == "valid":
        around = (0, 0)
    elif isinstance(padding, str):
        raise ValueError(f"padding must be 'valid', 'same', 'causal' or an int, got {padding!r}")
    else:
        around = (whole_number(padding, "padding", 0),) * 2
    return sequences, kernels, bias, around


def _windows(sequences, around, k, stride, steps) -> Iterator[tuple[slice, list[tuple[np.ndarray, slice]]]]:
    """All windows of all sequences as matrices, without writing them out.

    Windows that begin at every ⌈k / stride⌉-th place do not overlap: cut into pieces of that length, a sequence is a
    matrix whose rows begin with these windows.

    Yields:
        Which sequences, as many as stay in the cache, and for each place where the cutting may begin their windows,
        ``(sequences, windows, k·C)``, a view, and which steps of the output they belong to.
    """
    count, length, channels = sequences.shape
    apart = -(-k // stride)
    needed = max(length + sum(around), (steps - 1 + apart) * stride)  # the last piece is a whole one
    together = max(1, TILE // (needed * channels))
    if needed > length:
        padded = np.zeros((min(together, count), needed, channels), sequences.dtype)
    for first in range(0, count, together):
        here = sequences[first : first + together]
        if needed > length:
            padded[: len(here), around[0] : around[0] + length] = here
            here = padded[: len(here)]
        parts = []
        for begin in range(min(apart, steps)):
            windows = -(-(steps - begin) // apart)
            pieces = here[:, begin * stride : (begin + windows * apart) * stride]
            pieces = pieces.reshape(len(here), windows, apart * stride * channels)
            parts.append((pieces[..., : k * channels], slice(begin, None, apart)))
        yield slice(first, first + together), parts
