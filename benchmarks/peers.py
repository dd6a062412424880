"""The same work in NumPy, TensorFlow, PyTorch and as textbooks write it; one function for each, ready to be timed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from benchmarks import textbook
from cnncourse.shapes import output_size

HAS_TORCH = importlib.util.find_spec("torch") is not None


@dataclass(frozen=True)
class Convolution:
    """A convolutional layer on a batch of images."""

    name: str
    images: tuple[int, int, int, int]
    kernel: tuple[int, int]
    filters: int
    stride: int = 1
    padding: int = 0

    @property
    def multiply_adds(self) -> int:
        """In one forward pass; a backward pass has twice as many."""
        count, *sizes, channels = self.images
        kh, kw = self.kernel
        oh, ow = (output_size(n, f, self.padding, self.stride) for n, f in zip(sizes, self.kernel, strict=True))
        return count * oh * ow * kh * kw * channels * self.filters

    def arrays(self):
        """Images, kernels, bias and the output's gradient, float32."""
        from cnncourse.convolution import conv2d

        rng = np.random.default_rng(0)
        images = rng.standard_normal(self.images, dtype=np.float32)
        kernels = rng.standard_normal((*self.kernel, self.images[3], self.filters), dtype=np.float32)
        bias = rng.standard_normal(self.filters, dtype=np.float32)
        out = conv2d(images, kernels, bias, self.stride, self.padding)
        return images, kernels, bias, rng.standard_normal(out.shape, dtype=np.float32)


CONVOLUTIONS = [
    Convolution("LeNet conv1, 100×28×28×1→6, 5×5", (100, 28, 28, 1), (5, 5), 6),
    Convolution("LeNet conv2, 100×14×14×6→16, 5×5", (100, 14, 14, 6), (5, 5), 16),
    Convolution("SimpleConvNet, 100×28×28×1→30, 5×5", (100, 28, 28, 1), (5, 5), 30),
    Convolution("VGG, 8×56×56×64→64, 3×3", (8, 56, 56, 64), (3, 3), 64, padding=1),
    Convolution("AlexNet conv1, 8×227×227×3→96, 11×11 s4", (8, 227, 227, 3), (11, 11), 96, stride=4),
    Convolution("AlexNet conv2, 8×27×27×96→256, 5×5", (8, 27, 27, 96), (5, 5), 256, padding=2),
    Convolution("Conv1D text, 128×500×32→32, k 7", (128, 1, 500, 32), (1, 7), 32),
]

# name, images, pool, stride
POOLS = [
    ("max-pool 2×2, 100×24×24×30", (100, 24, 24, 30), 2, 2),
    ("max-pool 2×2, 8×56×56×64", (8, 56, 56, 64), 2, 2),
    ("max-pool 3×3 s2, 8×55×55×96", (8, 55, 55, 96), 3, 2),
]


def convolution(case: Convolution, input_gradient=True) -> dict:
    """For each peer: (forward, forward and backward). Without ``input_gradient``, as in a network's first layer."""
    from cnncourse.convolution import conv2d, conv2d_backward
    from cnncourse.text import conv1d, conv1d_backward

    images, kernels, bias, grad = case.arrays()
    options = (case.stride, case.padding)

    def forward():
        if case.images[1] == 1:
            return conv1d(images[:, 0], kernels[0], bias, *options)
        return conv2d(images, kernels, bias, *options)

    def both():
        forward()
        if case.images[1] == 1:
            return conv1d_backward(grad[:, 0], images[:, 0], kernels[0], *options, input_gradient=input_gradient)
        return conv2d_backward(grad, images, kernels, *options, input_gradient=input_gradient)

    peers = {"numpy": (forward, both)}
    peers["tf"] = _tf_convolution(case, images, kernels, bias, grad, input_gradient)
    if HAS_TORCH:
        peers["torch"] = _torch_convolution(case, images, kernels, bias, grad, input_gradient)
    layer = textbook.Convolution(kernels.astype(float).transpose(3, 2, 0, 1).copy(), bias.astype(float), *options)
    first = images.astype(float).transpose(0, 3, 1, 2).copy()
    wide = grad.astype(float).transpose(0, 3, 1, 2).copy()
    peers["textbook"] = (lambda: layer.forward(first), lambda: (layer.forward(first), layer.backward(wide)))
    return peers


def winograd(case: Convolution) -> tuple[dict, float]:
    """For each peer: (forward, forward and backward); and the largest error, as a share of the largest output."""
    from cnncourse.convolution import conv2d
    from cnncourse.winograd import winograd_conv2d, winograd_conv2d_backward

    images, kernels, bias, grad = case.arrays()

    def forward():
        return winograd_conv2d(images, kernels, bias, case.padding)

    def both():
        forward()
        return winograd_conv2d_backward(grad, images, kernels, case.padding)

    peers = convolution(case)
    exact = conv2d(images.astype(float), kernels.astype(float), bias.astype(float), padding=case.padding)
    error = np.abs(forward() - exact).max() / np.abs(exact).max()
    return {"numpy": (forward, both), "conv2d": peers["numpy"], "tf": peers["tf"]}, float(error)


def _tf_convolution(case, images, kernels, bias, grad, input_gradient):
    import tensorflow as tf

    padding = "SAME" if case.padding else "VALID"  # the same thing for these shapes: stride 1, half the kernel
    x, w, b, dy = (tf.constant(array) for array in (images, kernels, bias, grad))

    @tf.function
    def forward(x, w, b):
        return tf.nn.bias_add(tf.nn.conv2d(x, w, case.stride, padding), b)

    @tf.function
    def both(x, w, b, dy):
        wanted = [x, w, b] if input_gradient else [w, b]
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            y = tf.nn.bias_add(tf.nn.conv2d(x, w, case.stride, padding), b)
        return y, tape.gradient(y, wanted, output_gradients=dy)

    return lambda: forward(x, w, b), lambda: both(x, w, b, dy)


def _torch_convolution(case, images, kernels, bias, grad, input_gradient):
    import torch

    torch.set_num_threads(1)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).requires_grad_(input_gradient)
    w = torch.from_numpy(kernels.transpose(3, 2, 0, 1).copy()).requires_grad_()
    b = torch.from_numpy(bias).requires_grad_()
    dy = torch.from_numpy(grad.transpose(0, 3, 1, 2).copy())
    wanted = [x, w, b] if input_gradient else [w, b]

    def forward():
        with torch.no_grad():
            return torch.nn.functional.conv2d(x, w, b, case.stride, case.padding)

    def both():
        y = torch.nn.functional.conv2d(x, w, b, case.stride, case.padding)
        return torch.autograd.grad(y, wanted, dy)

    return forward, both


def pool(shape, size, stride) -> dict:
    """For each peer: (forward, forward and backward)."""
    import tensorflow as tf

    from cnncourse.pooling import max_pool2d, max_pool2d_route, max_pool2d_with_winners

    rng = np.random.default_rng(0)
    images = rng.standard_normal(shape, dtype=np.float32)
    grad = rng.standard_normal(max_pool2d(images, size, stride).shape, dtype=np.float32)

    def both():
        _, winners = max_pool2d_with_winners(images, size, stride)
        return max_pool2d_route(grad, winners, shape, size, stride)

    peers = {"numpy": (lambda: max_pool2d(images, size, stride), both)}
    x, dy = tf.constant(images), tf.constant(grad)

    @tf.function
    def tf_forward(x):
        return tf.nn.max_pool2d(x, size, stride, "VALID")

    @tf.function
    def tf_both(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.max_pool2d(x, size, stride, "VALID")
        return y, tape.gradient(y, x, output_gradients=dy)

    peers["tf"] = (lambda: tf_forward(x), lambda: tf_both(x, dy))
    if HAS_TORCH:
        import torch

        tx = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).requires_grad_()
        tdy = torch.from_numpy(grad.transpose(0, 3, 1, 2).copy())

        def torch_forward():
            with torch.no_grad():
                return torch.nn.functional.max_pool2d(tx, size, stride)

        peers["torch"] = (
            torch_forward,
            lambda: torch.autograd.grad(torch.nn.functional.max_pool2d(tx, size, stride), tx, tdy),
        )
    layer = textbook.MaxPool(size, stride)
    first = images.astype(float).transpose(0, 3, 1, 2).copy()
    wide = grad.astype(float).transpose(0, 3, 1, 2).copy()
    peers["textbook"] = (lambda: layer.forward(first), lambda: (layer.forward(first), layer.backward(wide)))
    return peers


def epoch(images: int = 5000, batch_size: int = 100) -> dict:
    """For each peer, one epoch of SimpleConvNet with Adam; the pictures are random, which costs the same."""
    import keras

    from cnncourse.networks import SimpleConvNet
    from cnncourse.optimizers import Adam
    from cnncourse.training import Trainer

    rng = np.random.default_rng(0)
    x = rng.random((images, 28, 28, 1), dtype=np.float32)
    y = rng.integers(0, 10, images)

    trainer = Trainer(SimpleConvNet(), Adam(0.001), batch_size=batch_size)

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(30, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    book = textbook.SimpleConvNet(rng)
    wide = x.astype(float).transpose(0, 3, 1, 2).copy()

    def textbook_epoch():
        order = rng.permutation(images)
        for first in range(0, images, batch_size):
            batch = order[first : first + batch_size]
            book.step(wide[batch], y[batch])

    return {
        "numpy": lambda: trainer.fit(x, y, epochs=1, progress=False),
        "tf": lambda: model.fit(x, y, epochs=1, batch_size=batch_size, verbose=0),
        "textbook": textbook_epoch,
    }
