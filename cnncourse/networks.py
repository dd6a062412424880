"""Layers one after the other, and the networks of the course, in NumPy.

``book/backprop.md`` builds :class:`SimpleConvNet`, ``book/lenet.md`` :class:`LeNet5`, ``book/text.md``
:class:`TextCNN`; each is a :class:`Sequential` of the layers in :mod:`cnncourse.layers`. Networks end in logits: the
loss contains the softmax or the sigmoid, where it is exact for large numbers too.

>>> network = SimpleConvNet()
>>> network.predict(np.zeros((3, 28, 28, 1))).shape
(3, 10)
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cnncourse import losses
from cnncourse.layers import (
    Activation,
    AveragePooling2D,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalMaxPooling1D,
    Layer,
    MaxPooling1D,
    MaxPooling2D,
    sample_shape,
)
from cnncourse.shapes import whole_number

__all__ = ["LeNet5", "Sequential", "SimpleConvNet", "TextCNN"]


class Sequential:
    """Layers one after the other, and a loss.

    ``params`` and ``state`` hold the layers' own arrays under names like ``"conv2d/kernel"``; an optimizer that changes
    them in place changes the network.

    Args:
        layers: of :mod:`cnncourse.layers`, each used once. They get Keras's names: ``conv2d``, ``conv2d_1``, …
        input_shape: of one sample, without the batch axis: ``(28, 28, 1)``.
        loss: ``"softmax_cross_entropy"`` (integer labels), ``"binary_cross_entropy"`` (one logit and labels 0 or 1),
            ``"mean_squared_error"``, or a function of (outputs, targets) that returns (mean loss, its gradient).
        seed: of all that is random in the network, or a ``np.random.Generator``.
        dtype: of parameters and outputs; float64 is for checking gradients.

    Raises:
        ValueError: a layer cannot read what the one before it gives (its name and the shape are said), a layer stands
            there twice, there are no layers, or the loss has no such name.

    >>> network = Sequential([Flatten(), Dense(10)], input_shape=(8, 8, 1))
    >>> sorted(network.params)
    ['dense/bias', 'dense/kernel']

    Source: ``keras.Sequential``.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape,
        loss: str | Callable = "softmax_cross_entropy",
        seed=0,
        dtype=np.float32,
    ):
        self.layers = list(layers)
        self.input_shape = sample_shape(input_shape)
        self.dtype = np.dtype(dtype)
        self.loss = _loss(loss)
        self.outputs: np.ndarray | None = None
        """What the last ``forward`` returned."""
        if not self.layers:
            raise ValueError("a network needs at least one layer, got none")
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("each layer may stand in a network once: its memory holds one forward pass")
        self.names = _names(self.layers)
        self.output_shapes: list[tuple[int, ...]] = []
        rng = np.random.default_rng(seed)
        shape = self.input_shape
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                shape = layer.build(shape, rng, self.dtype)
            except ValueError as error:
                raise ValueError(f"{name} cannot read samples of shape {shape}: {error}") from error
            self.output_shapes.append(shape)
        self.params = self._collect("params")
        self.state = self._collect("state")
        trained = (i for i, layer in enumerate(self.layers) if layer.params)
        self._first_trained = next(trained, len(self.layers))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of one sample, without the batch axis."""
        return self.output_shapes[-1]

    @property
    def gradients(self) -> dict[str, np.ndarray]:
        """The gradient of each of ``params``, from the last ``backward``."""
        return self._collect("gradients")

    def forward(self, x, training: bool = False) -> np.ndarray:
        """The outputs for a batch ``(N, *input_shape)``; every layer keeps what its backward pass needs.

        Raises ``ValueError`` when the samples have another shape than the network was built for.
        """
        x = self._samples(x)
        for layer in self.layers:
            x = layer.forward(x, training)
        self.outputs = x
        return x

    def backward(self, grad, input_gradient: bool = True) -> np.ndarray | None:
        """Take the loss's gradient back through all layers, and fill their ``gradients``.

        Args:
            grad: the loss's gradient with respect to the outputs of the last ``forward``.
            input_gradient: False saves the work of the gradient at the input, which training does not need.

        Returns:
            The gradient with respect to the network's input, or None.
        """
        first = 0 if input_gradient else self._first_trained
        for i in reversed(range(first, len(self.layers))):
            grad = self.layers[i].backward(grad, input_gradient or i > first)
        return grad

    def loss_and_gradients(self, x, y) -> tuple[float, dict[str, np.ndarray]]:
        """One step of training without the step: (the mean loss of a batch, the gradient of each parameter)."""
        loss, grad = self.loss(self.forward(x, training=True), y)
        self.backward(grad, input_gradient=False)
        return float(loss), self.gradients

    def predict(self, x, batch_size: int = 256) -> np.ndarray:
        """The outputs for any number of samples, ``batch_size`` at a time: memory is needed for one batch only."""
        x = self._samples(x, cast=False)
        out = np.empty((len(x), *self.output_shape), self.dtype)
        for start in range(0, len(x), whole_number(batch_size, "batch_size")):
            out[start : start + batch_size] = self.forward(x[start : start + batch_size])
        return out

    def evaluate(self, x, y, batch_size: int = 256) -> tuple[float, float]:
        """(The mean loss, the accuracy) over samples. :meth:`hits` says what counts as right."""
        x, y = self._samples(x, cast=False), np.asarray(y)
        if len(x) != len(y) or not len(x):
            raise ValueError(f"there must be one target for each sample, got {len(x)} samples and {len(y)} targets")
        loss = hits = 0.0
        for start in range(0, len(x), whole_number(batch_size, "batch_size")):
            targets = y[start : start + batch_size]
            outputs = self.forward(x[start : start + batch_size])
            loss += float(self.loss(outputs, targets)[0]) * len(targets)
            hits += self.hits(outputs, targets)
        return loss / len(x), hits / len(x)

    def hits(self, outputs, targets) -> int:
        """How many outputs name the right class.

        With several outputs the largest one is the answer, and targets are labels or one-hot rows. A single output
        answers yes above 0 where it is a logit (``binary_cross_entropy``), above ½ otherwise.
        """
        targets = np.asarray(targets)
        if outputs.shape[1:] in ((), (1,)):
            threshold = 0.0 if self.loss is losses.binary_cross_entropy else 0.5
            return int(np.sum((outputs.reshape(-1) > threshold) == (targets.reshape(-1) > 0.5)))
        return int(np.sum(outputs.argmax(axis=-1) == (targets if targets.ndim == 1 else targets.argmax(axis=-1))))

    def summary(self) -> None:
        """Print a line for each layer: its name, its output's shape, its parameters."""
        print(self)

    def __str__(self):
        rows = [("Layer", "Output shape", "Parameters")]
        for name, layer, shape in zip(self.names, self.layers, self.output_shapes, strict=True):
            size = sum(array.size for array in (*layer.params.values(), *layer.state.values()))
            rows.append((f"{name} ({type(layer).__name__})", str((None, *shape)), f"{size:,}"))
        wide = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:>{wide[2]}}".rstrip() for row in rows]
        rule = "─" * max(map(len, lines))
        trained, kept = (sum(a.size for a in arrays.values()) for arrays in (self.params, self.state))
        total = f"Parameters: {trained + kept:,}" + (f", of which {trained:,} are trained" if kept else "")
        return "\n".join([lines[0], rule, *lines[1:], rule, total])

    def get_weights(self) -> list[np.ndarray]:
        """Copies of parameters and state in Keras's order: ``keras_model.set_weights(network.get_weights())`` works."""
        return [array.copy() for array in self._weights().values()]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take over such a list: ``network.set_weights(keras_model.get_weights())`` works too.

        Raises ``ValueError``, and changes nothing, when the list does not fit.
        """
        own = self._weights()
        weights = [np.asarray(array, self.dtype) for array in weights]
        if len(weights) != len(own):
            raise ValueError(f"the network has {len(own)} arrays of weights, got {len(weights)}")
        for (name, array), given in zip(own.items(), weights, strict=True):
            if given.shape != array.shape:
                raise ValueError(f"{name} has shape {array.shape}, got {given.shape}")
        for array, given in zip(own.values(), weights, strict=True):
            array[...] = given

    def save(self, path) -> None:
        """Write parameters and state into a file of NumPy's ``npz`` format, under their names.

        The file gets exactly the name given. It appears in one step: if the program is stopped half-way, an older file
        of that name is still whole.

        Raises:
            ValueError: a weight is not a finite number; nothing is written.
            OSError: the path is a folder, or lies in none.
        """
        path = Path(path)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "the weights need a file's name, and this is a folder", str(path))
        weights = self._weights()
        _check_finite(weights, f"{path} was not written")
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with open(unfinished, "xb") as file:
                np.savez(file, **weights)
            os.replace(unfinished, path)
        except OSError as error:
            if error.filename:
                error.filename = str(path)  # the name that was asked for, and not the unfinished file's
            raise
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def load(self, path) -> None:
        """Read weights that :meth:`save` has written, from a network of the same layers.

        Nothing in the file is ever executed.

        Raises:
            ValueError: the file is damaged, or belongs to something else; it says which file, what is wrong and what to
                do. The network stays as it was.
        """
        own = self._weights()
        with open(path, "rb") as file:
            try:
                found = _read_archive(file)
            except Exception as error:  # what a damaged archive raises depends on which of its bytes are wrong
                raise ValueError(
                    f"{path} does not hold a network's weights, or is damaged: {error}. Save the network again."
                ) from error
        another, advice = f"{path} holds the weights of another network", "Load it into one of the same layers."
        if found.keys() != own.keys():
            differing = [f"{name} is missing" for name in own.keys() - found.keys()]
            differing += [f"{name} is unknown here" for name in found.keys() - own.keys()]
            raise ValueError(f"{another}: {', '.join(sorted(differing))}. {advice}")
        for name, array in found.items():
            if array.dtype.kind != "f" or array.shape != own[name].shape:
                raise ValueError(
                    f"{another}: {name} should be numbers of shape {own[name].shape}, got {array.dtype} of shape "
                    f"{array.shape}. {advice}"
                )
        with np.errstate(over="ignore"):
            found = {name: array.astype(self.dtype, copy=False) for name, array in found.items()}
        _check_finite(found, f"{path} was not loaded")
        for name, array in own.items():
            array[...] = found[name]

    def _collect(self, kind):
        return {
            f"{name}/{key}": array
            for name, layer in zip(self.names, self.layers, strict=True)
            for key, array in getattr(layer, kind).items()
        }

    def _weights(self):
        """Parameters and state in Keras's order: layer by layer, what is trained before what is not."""
        return {
            f"{name}/{key}": array
            for name, layer in zip(self.names, self.layers, strict=True)
            for key, array in (*layer.params.items(), *layer.state.items())
        }

    def _samples(self, x, cast=True):
        x = np.asarray(x, self.dtype if cast and not self.layers[0].reads_tokens else None)
        if x.shape[1:] != self.input_shape or not x.ndim:
            expected = ", ".join(["N", *map(str, self.input_shape)])
            raise ValueError(f"the network reads samples of shape ({expected}), got {x.shape}")
        return x


class SimpleConvNet(Sequential):
    """Convolution, ReLU, pooling, affine, ReLU, affine: the smallest network of the course that has one of each.

    ReLU keeps the order of numbers, so the largest of the positive parts is the positive part of the largest: pooling
    may go first, and leaves ReLU a quarter of the numbers. Outputs and gradients are the same, to the last bit.

    Args:
        input_shape: of one image, (rows, columns, channels).
        filters, kernel_size, padding, strides: of the convolution.
        hidden_units: of the first affine layer.
        classes: how many logits come out.
        weight_std: weights begin normal with this standard deviation, biases at 0.
        seed, dtype: as for :class:`Sequential`.

    >>> sum(array.size for array in SimpleConvNet().params.values())
    433890

    Source: Saito, *Deep Learning from Scratch* (2016), section 7.5.
    """

    def __init__(
        self,
        input_shape=(28, 28, 1),
        filters=30,
        kernel_size=5,
        padding="valid",
        strides=1,
        hidden_units=100,
        classes=10,
        weight_std=0.01,
        seed=0,
        dtype=np.float32,
    ):
        normal = partial(_normal, weight_std)
        layers = [
            Conv2D(filters, kernel_size, strides, padding, kernel_initializer=normal),
            MaxPooling2D(2),
            Activation("relu"),
            Flatten(),
            Dense(hidden_units, activation="relu", kernel_initializer=normal),
            Dense(classes, kernel_initializer=normal),
        ]
        super().__init__(layers, input_shape, seed=seed, dtype=dtype)


class LeNet5(Sequential):
    """LeNet-5 with 61,706 parameters: every map of C3 sees all six maps of S2.

    Args:
        input_shape: ``(32, 32, 1)`` as in the paper. With ``(28, 28, 1)``, MNIST's size, the first convolution pads
            "same": the zeros that would make the image 32 × 32.
        classes: how many logits come out.
        modern: True has ReLU and max pooling, False the tanh and the mean pooling of 1998. The paper's trained pooling
            coefficients, its connection table and its radial basis output are left out.
        seed, dtype: as for :class:`Sequential`.

    >>> LeNet5().output_shapes[0], LeNet5(input_shape=(28, 28, 1)).output_shapes[0]
    ((28, 28, 6), (28, 28, 6))
    >>> sum(array.size for array in LeNet5().params.values())
    61706

    Source: LeCun, Bottou, Bengio & Haffner, *Gradient-based learning applied to document recognition* (1998), section
    II.B.
    """

    def __init__(self, input_shape=(32, 32, 1), classes=10, modern=True, seed=0, dtype=np.float32):
        activation, pooling = ("relu", MaxPooling2D) if modern else ("tanh", AveragePooling2D)
        layers = [
            Conv2D(6, 5, padding="same" if tuple(input_shape[:2]) == (28, 28) else "valid", activation=activation),
            pooling(2),
            Conv2D(16, 5, activation=activation),
            pooling(2),
            Conv2D(120, 5, activation=activation),
            Flatten(),
            Dense(84, activation=activation),
            Dense(classes),
        ]
        super().__init__(layers, input_shape, seed=seed, dtype=dtype)


class TextCNN(Sequential):
    """A small convolutional network that reads tokens.

    Args:
        num_words: how many tokens there are, numbered from 0.
        maxlen: how many tokens a text has, at least 41: see :func:`cnncourse.text.pad_sequences`.
        num_classes: 1 for a yes-or-no question, with one logit and binary cross-entropy; otherwise that many logits and
            softmax cross-entropy.
        seed, dtype: as for :class:`Sequential`.

    >>> TextCNN(num_words=1000, maxlen=100, num_classes=46).predict(np.zeros((2, 100), int)).shape
    (2, 46)

    Source: Chollet, *Deep Learning with Python* (2017), section 6.4.
    """

    def __init__(self, num_words, maxlen, num_classes=1, seed=0, dtype=np.float32):
        layers = [
            Embedding(num_words, 32),
            Conv1D(32, 7, activation="relu"),
            MaxPooling1D(7),
            Conv1D(32, 5, activation="relu"),
            GlobalMaxPooling1D(),
            Dense(num_classes),
        ]
        loss = "binary_cross_entropy" if num_classes == 1 else "softmax_cross_entropy"
        super().__init__(layers, (maxlen,), loss, seed=seed, dtype=dtype)


def _normal(std, shape, rng):
    return rng.normal(0, std, shape)


def _loss(loss):
    if callable(loss):
        return loss
    if loss not in losses.__all__:
        raise ValueError(f"loss must be a function or one of {', '.join(losses.__all__)}, got {loss!r}")
    return getattr(losses, loss)


def _names(layers):
    """conv2d, max_pooling2d, conv2d_1, …"""
    names, seen = [], {}
    for layer in layers:
        name = re.sub("([a-z])([A-Z])", r"\1_\2", type(layer).__name__).lower()
        count = seen[name] = seen.get(name, -1) + 1
        names.append(f"{name}_{count}" if count else name)
    return names


def _read_archive(file):
    if file.read(4) != b"PK\x03\x04":
        raise ValueError("it is not an npz archive")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        found = {name: archive[name] for name in archive.files}
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy hands out the bytes of whatever else is in a zip file
            raise ValueError(f"{name} is not an array")
    return found


def _check_finite(weights, what):
    for name, array in weights.items():
        wrong = array.size - np.count_nonzero(np.isfinite(array))
        if wrong:
            raise ValueError(
                f"{what}: {wrong} of the {array.size} numbers in {name} are infinite or not a number. The training has "
                "diverged; repeat it with a lower learning rate."
            )
