"""The layers of a network: each is a function of the chapters that remembers what its backward pass needs.

``book/backprop.md`` teaches them, ``book/text.md`` those for sequences, ``book/alexnet.md`` local response
normalisation, ``book/dropout.md`` dropout and batch normalisation. Names, arguments and defaults are Keras's. The
numbers are computed by the functions of the chapters; a layer adds only what a function cannot have: a memory.

A layer lives in four steps. ``build`` draws its parameters, ``forward`` computes and keeps what ``backward`` needs,
``backward`` takes the loss's gradient at the output, fills ``gradients`` and returns the gradient at the input, and an
optimizer changes ``params`` in place.

>>> layer = Dense(2, activation="relu")
>>> layer.build((3,), np.random.default_rng(0))
(2,)
>>> outputs = layer.forward(np.ones((5, 3), np.float32))
>>> layer.backward(np.ones_like(outputs)).shape, layer.gradients["kernel"].shape
((5, 3), (3, 2))

Source: the interface follows LeCun, Bottou, Bengio & Haffner (1998), section I.C, "modules" with a forward and a
backward function; the words are those of ``keras.layers``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnncourse import initializers, pooling, text
from cnncourse.activations import (
    affine,
    affine_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh_backward,
)
from cnncourse.alexnet import local_response_norm, local_response_norm_backward
from cnncourse.arrays import sum_over_rows
from cnncourse.convolution import conv2d, conv2d_backward
from cnncourse.dropout import (
    batch_norm,
    batch_norm_backward,
    dropout,
    dropout_backward,
    spatial_dropout1d,
    spatial_dropout2d,
)
from cnncourse.shapes import pair, whole_number

__all__ = [
    "Activation",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Layer",
    "LocalResponseNormalization",
    "MaxPooling1D",
    "MaxPooling2D",
    "SpatialDropout1D",
    "SpatialDropout2D",
]

IMAGES = ("rows", "columns", "channels")
SEQUENCES = ("steps", "channels")


def linear(x):
    return x


def linear_backward(grad, y):
    return grad


# Each activation, and its gradient from the gradient at its output and that output.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "linear": (linear, linear_backward),
    "relu": (relu, relu_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "softmax": (softmax, softmax_backward),
    "tanh": (np.tanh, tanh_backward),
}


class Layer:
    """What every layer has: ``params``, their ``gradients``, ``state`` that is not trained, and a memory, ``kept``.

    A layer of your own needs ``forward`` and ``backward``; with parameters also ``make_params``.
    """

    reads: tuple[str, ...] | None = None
    """The axes of one sample, for layers that read one kind of array only."""
    reads_tokens = False
    """Whether the input is whole numbers that name words."""

    def __init__(self):
        self.params: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self.state: dict[str, np.ndarray] = {}
        self.rng: np.random.Generator | None = None
        self.kept = None

    def build(self, input_shape, rng: np.random.Generator, dtype=np.float32) -> tuple[int, ...]:
        """Draw the parameters for samples of a shape, and find the shape that comes out.

        Args:
            input_shape: of one sample, without the batch axis: ``(28, 28, 1)``.
            rng: where random parameters come from, and what dropout draws its masks from.
            dtype: of parameters and outputs; float64 is for checking gradients.

        Returns:
            The output's shape, without the batch axis.

        Raises:
            ValueError: the layer cannot read such a sample.
        """
        input_shape = sample_shape(input_shape)
        if self.reads and len(input_shape) != len(self.reads):
            raise ValueError(f"expected an input of shape ({', '.join(self.reads)}), got {input_shape}")
        self.rng = rng
        self.gradients = {}
        self.make_params(input_shape, lambda array: np.array(array, dtype))
        # One blank sample on its way through shows the output's shape, and whether the layer can read it at all.
        output = self.forward(np.zeros((1, *input_shape), np.intp if self.reads_tokens else dtype))
        self.kept = None
        return output.shape[1:]

    def make_params(self, input_shape, as_dtype) -> None:
        """Fill ``params`` and ``state``; ``as_dtype`` copies an array into the network's type."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The output for a batch; ``training`` matters to dropout and batch normalisation."""
        raise NotImplementedError

    def backward(self, grad: np.ndarray, input_gradient: bool = True) -> np.ndarray | None:
        """Fill ``gradients`` and return the gradient at the input of the last ``forward``.

        Args:
            grad: the loss's gradient with respect to the output, in the output's shape.
            input_gradient: False where nobody needs the gradient at the input; a layer may then return None.

        Raises:
            RuntimeError: there was no ``forward`` to go back through.
        """
        raise NotImplementedError

    def check_built(self) -> None:
        """Raise ``RuntimeError`` when there are no parameters, or no ``rng``, yet."""
        if self.rng is None:
            raise RuntimeError(f"{type(self).__name__} does not know yet what it will read: call build first")

    def recall(self):
        """What ``forward`` kept."""
        if self.kept is None:
            raise RuntimeError(f"{type(self).__name__}.backward goes back through a forward pass: call forward first")
        return self.kept


class Activation(Layer):
    """``y = f(x)`` at each number: "relu", "tanh", "sigmoid", "softmax" (over the last axis) or "linear".

    Keeps: its output; each of these functions has a gradient that can be computed from it.
    """

    def __init__(self, activation: str):
        super().__init__()
        self.function, self.gradient = _activation(activation)

    def forward(self, x, training=False):
        self.kept = self.function(x)
        return self.kept

    def backward(self, grad, input_gradient=True):
        return self.gradient(grad, self.recall())


class _Kernel(Layer):
    """What Conv2D, Conv1D and Dense share: a kernel, a bias, and an activation that follows.

    Keeps: its input, and its output after the activation.
    """

    def __init__(self, units, name, use_bias, activation, kernel_initializer):
        super().__init__()
        self.units = whole_number(units, name)
        self.use_bias = use_bias
        self.activation = activation
        self.function, self.gradient = _activation(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)

    def make_kernel(self, shape, as_dtype):
        self.params = {"kernel": as_dtype(self.kernel_initializer(shape, self.rng))}
        if self.use_bias:
            self.params["bias"] = as_dtype(np.zeros(self.units))
        self.buffer = None

    def activate(self, x, z):
        """The output from ``z``, which this layer has made itself, so that ReLU may overwrite it."""
        y = np.maximum(z, 0, out=z) if self.activation == "relu" else self.function(z)
        self.kept = x, y
        return y

    def before_activation(self, grad, y):
        """The gradient before the activation, which stays in this layer.

        A new array of that size at every step would cost more than the multiplication, so ReLU keeps one.
        """
        if self.activation != "relu":
            return self.gradient(grad, y)
        if grad.shape != y.shape:
            raise ValueError(f"grad must have the output's shape {y.shape}, got {grad.shape}")
        if self.buffer is None or self.buffer.shape != y.shape:
            self.buffer = np.empty_like(y)
        return np.multiply(grad, y > 0, out=self.buffer)

    def keep_gradients(self, d_kernel, d_bias):
        self.gradients = {"kernel": d_kernel, "bias": d_bias} if self.use_bias else {"kernel": d_kernel}


class _Convolution(_Kernel):
    """What Conv2D and Conv1D share: their arguments, and the way through a function and its backward."""

    function_of_input: Callable
    gradient_of_input: Callable
    size: Callable

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        *,
        dilation_rate=1,
        use_bias=True,
        activation=None,
        kernel_initializer="glorot_uniform",
    ):
        super().__init__(filters, "filters", use_bias, activation, kernel_initializer)
        self.kernel_size = type(self).size(kernel_size, "kernel_size")
        self.options = {"stride": strides, "padding": padding, "dilation": dilation_rate}

    def make_params(self, input_shape, as_dtype):
        self.make_kernel((*np.atleast_1d(self.kernel_size), input_shape[-1], self.units), as_dtype)

    def forward(self, x, training=False):
        self.check_built()
        z = type(self).function_of_input(x, self.params["kernel"], self.params.get("bias"), **self.options)
        return self.activate(x, z)

    def backward(self, grad, input_gradient=True):
        x, y = self.recall()
        d_x, d_kernel, d_bias = type(self).gradient_of_input(
            self.before_activation(grad, y), x, self.params["kernel"], **self.options, input_gradient=input_gradient
        )
        self.keep_gradients(d_kernel, d_bias)
        return d_x


class Conv2D(_Convolution):
    """A convolution of images, ``(N, H, W, C)`` to ``(N, oh, ow, filters)``: :func:`cnncourse.convolution.conv2d`.

    Args:
        filters: how many.
        kernel_size, strides, dilation_rate: an int or a pair (rows, columns).
        padding: "valid", "same", or an int or a pair: zeros on both sides.
        use_bias: whether each filter adds a number of its own.
        activation: what follows, by name, as in :class:`Activation`.
        kernel_initializer: a name of :mod:`cnncourse.initializers`, or a function (shape, rng). Biases begin at 0.
    """

    reads = IMAGES
    function_of_input, gradient_of_input, size = conv2d, conv2d_backward, pair


class Conv1D(_Convolution):
    """A convolution of sequences, ``(N, T, C)`` to ``(N, ot, filters)``: :func:`cnncourse.text.conv1d`.

    The arguments are those of :class:`Conv2D`, each an int; ``padding`` may also be "causal": no step sees a later one.
    """

    reads = SEQUENCES
    function_of_input, gradient_of_input, size = text.conv1d, text.conv1d_backward, whole_number


class Dense(_Kernel):
    """Every input with every unit, ``(N, D)`` to ``(N, units)``: ``x @ kernel + bias``, then the activation."""

    reads = ("features",)

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform"):
        super().__init__(units, "units", use_bias, activation, kernel_initializer)

    def make_params(self, input_shape, as_dtype):
        self.make_kernel((*input_shape, self.units), as_dtype)

    def forward(self, x, training=False):
        self.check_built()
        return self.activate(x, affine(x, self.params["kernel"], self.params.get("bias")))

    def backward(self, grad, input_gradient=True):
        x, y = self.recall()
        grad = self.before_activation(grad, y)
        d_x, d_kernel, d_bias = affine_backward(grad, x, self.params["kernel"], input_gradient)
        self.keep_gradients(d_kernel, d_bias)
        return d_x


class Embedding(Layer):
    """A row of a table for each token, ``(N, T)`` to ``(N, T, output_dim)``: :func:`cnncourse.text.embed`.

    Keeps: the tokens. They are names, so there is no gradient with respect to them: ``backward`` returns None.

    Args:
        input_dim: how many tokens there are; they are numbered 0 … input_dim - 1.
        output_dim: how many numbers stand for a token. They begin uniform in ±0.05.
    """

    reads = ("steps",)
    reads_tokens = True

    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.shape = whole_number(input_dim, "input_dim"), whole_number(output_dim, "output_dim")

    def make_params(self, input_shape, as_dtype):
        self.params = {"embeddings": as_dtype(initializers.random_uniform(self.shape, self.rng))}

    def forward(self, x, training=False):
        self.check_built()
        self.kept = x
        return text.embed(x, self.params["embeddings"])

    def backward(self, grad, input_gradient=True):
        self.gradients = {"embeddings": text.embed_backward(grad, self.recall(), self.params["embeddings"])}


class Flatten(Layer):
    """Each sample as one row, ``(N, …)`` to ``(N, D)``. Keeps: the input's shape."""

    def forward(self, x, training=False):
        self.kept = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad, input_gradient=True):
        return grad.reshape(self.recall())


class _Pooling(Layer):
    """A pooling: a function and its backward, which reads the input again. Keeps: the input."""

    function: Callable
    gradient: Callable

    def __init__(self, pool_size=2, strides=None, padding="valid"):
        super().__init__()
        self.options = pool_size, strides, padding

    def forward(self, x, training=False):
        self.kept = x
        return type(self).function(x, *self.options)

    def backward(self, grad, input_gradient=True):
        return type(self).gradient(grad, self.recall(), *self.options)


class MaxPooling2D(_Pooling):
    """The largest number of each window: :func:`cnncourse.pooling.max_pool2d`.

    Keeps: which pixel of each window won, so that ``backward`` need not look for it again.

    Args:
        pool_size: an int or a pair (rows, columns).
        strides: the same; None means ``pool_size``, windows side by side.
        padding: "valid" or "same"; padding never wins.
    """

    reads = IMAGES

    def forward(self, x, training=False):
        out, winners = pooling.max_pool2d_with_winners(x, *self.options)
        self.kept = winners, x.shape
        return out

    def backward(self, grad, input_gradient=True):
        winners, shape = self.recall()
        return pooling.max_pool2d_route(grad, winners, shape, *self.options)


class AveragePooling2D(_Pooling):
    """The mean of each window: :func:`cnncourse.pooling.avg_pool2d`. Its arguments are :class:`MaxPooling2D`'s."""

    reads = IMAGES
    function, gradient = pooling.avg_pool2d, pooling.avg_pool2d_backward


class MaxPooling1D(_Pooling):
    """The largest of each ``pool_size`` steps: :func:`cnncourse.text.max_pool1d`."""

    reads = SEQUENCES
    function, gradient = text.max_pool1d, text.max_pool1d_backward


class AveragePooling1D(_Pooling):
    """The mean of each ``pool_size`` steps: :func:`cnncourse.text.avg_pool1d`."""

    reads = SEQUENCES
    function, gradient = text.avg_pool1d, text.avg_pool1d_backward


class _GlobalPooling(_Pooling):
    """The window is the whole sample."""

    def __init__(self):
        super().__init__()
        self.options = ()


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest number of each channel, ``(N, H, W, C)`` to ``(N, C)``."""

    reads = IMAGES
    function, gradient = pooling.global_max_pool2d, pooling.global_max_pool2d_backward


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel, ``(N, H, W, C)`` to ``(N, C)``."""

    reads = IMAGES
    function, gradient = pooling.global_avg_pool2d, pooling.global_avg_pool2d_backward


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest number of each channel, ``(N, T, C)`` to ``(N, C)``."""

    reads = SEQUENCES
    function, gradient = text.global_max_pool1d, text.global_max_pool1d_backward


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel, ``(N, T, C)`` to ``(N, C)``."""

    reads = SEQUENCES
    function, gradient = text.global_avg_pool1d, text.global_avg_pool1d_backward


class LocalResponseNormalization(Layer):
    """AlexNet's competition between neighbouring channels: :func:`cnncourse.alexnet.local_response_norm`.

    Keeps: its input. Keras has no such layer; TensorFlow's ``tf.nn.local_response_normalization`` is the same with
    ``depth_radius=size // 2`` and ``bias=k``.
    """

    reads = IMAGES

    def __init__(self, size=5, k=2.0, alpha=1e-4, beta=0.75):
        super().__init__()
        self.options = size, k, alpha, beta

    def forward(self, x, training=False):
        self.kept = x
        return local_response_norm(x, *self.options)

    def backward(self, grad, input_gradient=True):
        return local_response_norm_backward(grad, self.recall(), *self.options)


class BatchNormalization(Layer):
    """Each channel gets mean 0 and variance 1, then a scale and a shift: :func:`cnncourse.dropout.batch_norm`.

    While training, mean and variance are the batch's, and ``state`` (``moving_mean``, ``moving_variance``) follows
    them; otherwise they are ``state``. Keeps: its input, and which of the two it was.

    Args:
        momentum: the share of ``state`` that stays at each step.
        epsilon: is added to the variance.
    """

    def __init__(self, *, momentum=0.99, epsilon=0.001):
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon

    def make_params(self, input_shape, as_dtype):
        ones, zeros = np.ones(input_shape[-1]), np.zeros(input_shape[-1])
        self.params = {"gamma": as_dtype(ones), "beta": as_dtype(zeros)}
        self.state = {"moving_mean": as_dtype(zeros), "moving_variance": as_dtype(ones)}

    def forward(self, x, training=False):
        self.check_built()
        mean, variance = self.state["moving_mean"], self.state["moving_variance"]
        y, (new_mean, new_variance) = batch_norm(
            x, **self.params, running=(mean, variance), training=training, momentum=self.momentum, epsilon=self.epsilon
        )
        mean[...], variance[...] = new_mean, new_variance
        self.kept = x, training
        return y

    def backward(self, grad, input_gradient=True):
        x, training = self.recall()
        gamma = self.params["gamma"]
        if training:
            d_x, d_gamma, d_beta = batch_norm_backward(grad, x, gamma, self.epsilon)
        else:  # mean and variance did not depend on x
            deviation = np.sqrt(self.state["moving_variance"] + self.epsilon)
            d_x = grad * (gamma / deviation)
            d_gamma = sum_over_rows(grad * (x - self.state["moving_mean"]) / deviation)
            d_beta = sum_over_rows(grad)
        self.gradients = {"gamma": d_gamma, "beta": d_beta}
        return d_x


class Dropout(Layer):
    """While training, each number is 0 with probability ``rate``, the others grow by 1 / (1 - rate): ``dropout``.

    Keeps: the mask of the last forward pass, None when it was not training and everything passed.
    """

    def __init__(self, rate):
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
        self.rate = rate

    def drop(self, x):
        return dropout(x, self.rate, self.rng)

    def forward(self, x, training=False):
        if training:
            self.check_built()
        y, mask = self.drop(x) if training else (x, None)
        self.kept = (mask,)
        return y

    def backward(self, grad, input_gradient=True):
        (mask,) = self.recall()
        return grad if mask is None else dropout_backward(grad, mask, self.rate)


class SpatialDropout2D(Dropout):
    """Dropout of whole feature maps, since neighbouring pixels say nearly the same: ``spatial_dropout2d``."""

    reads = IMAGES

    def drop(self, x):
        return spatial_dropout2d(x, self.rate, self.rng)


class SpatialDropout1D(Dropout):
    """Dropout of whole channels of a sequence: ``spatial_dropout1d``."""

    reads = SEQUENCES

    def drop(self, x):
        return spatial_dropout1d(x, self.rate, self.rng)


def sample_shape(shape) -> tuple[int, ...]:
    """The shape of one sample, after making sure that it is one."""
    if np.ndim(shape) != 1:
        raise ValueError(f"input_shape must be a tuple, like (28, 28, 1), got {shape!r}")
    return tuple(whole_number(size, "each size of input_shape") for size in shape)


def _activation(name):
    name = name or "linear"
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(sorted(ACTIVATIONS))}, got {name!r}")
    return ACTIVATIONS[name]
