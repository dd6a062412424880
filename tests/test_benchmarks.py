"""The benchmarks time equal work: every peer gives the same numbers. How long it takes is no test's business."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import peers, textbook
from cnncourse.convolution import conv2d, conv2d_backward
from cnncourse.networks import SimpleConvNet
from cnncourse.optimizers import Adam
from cnncourse.pooling import max_pool2d, max_pool2d_backward

CASES = [
    peers.Convolution("one channel", (3, 9, 8, 1), (5, 5), 6),
    peers.Convolution("padded", (2, 6, 7, 4), (3, 3), 5, padding=1),
    peers.Convolution("strided", (2, 13, 12, 3), (5, 5), 4, stride=2),
    peers.Convolution("text", (2, 1, 12, 4), (1, 3), 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_peer_computes_the_same_convolution_and_the_same_gradients(case):
    images, kernels, bias, grad = case.arrays()
    ours = [conv2d(images, kernels, bias, case.stride, case.padding)]
    ours += conv2d_backward(grad, images, kernels, case.stride, case.padding)
    got = peers.convolution(case)

    _, (forward, both) = got["numpy"], got["tf"]
    theirs, gradients = both()
    for mine, yours in zip(ours, [theirs, *gradients], strict=True):
        np.testing.assert_allclose(mine, yours.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(forward(), theirs)

    forward, both = got["textbook"]
    np.testing.assert_allclose(ours[0], forward().transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours[1], both()[1].transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-4)

    forward, both = got["numpy"]
    np.testing.assert_allclose(forward().reshape(ours[0].shape), ours[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(both()[0].reshape(images.shape), ours[1], rtol=1e-4, atol=1e-4)
    assert peers.convolution(case, input_gradient=False)["numpy"][1]()[0] is None


def test_multiply_adds_are_those_of_the_direct_loop():
    case = CASES[2]  # 5 × 4 places, each 5 · 5 · 3 numbers, 2 images, 4 filters
    assert case.multiply_adds == 2 * 5 * 4 * 75 * 4


def test_every_peer_pools_the_same():
    images = np.random.default_rng(0).standard_normal((2, 7, 8, 3), dtype=np.float32)
    got = peers.pool(images.shape, 3, 2)
    grad = np.random.default_rng(1).standard_normal((2, 3, 3, 3))
    layer = textbook.MaxPool(3, 2)
    np.testing.assert_array_equal(
        layer.forward(images.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1), max_pool2d(images, 3, 2)
    )
    expected = layer.backward(grad.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(max_pool2d_backward(grad, images.astype(float), 3, 2), expected)
    np.testing.assert_array_equal(got["numpy"][0](), got["tf"][0]())
    np.testing.assert_allclose(got["numpy"][1](), got["tf"][1]()[1], atol=1e-5)


def test_the_textbooks_network_takes_the_same_steps_as_ours():
    rng = np.random.default_rng(0)
    labels, images = rng.integers(0, 10, 20), rng.random((20, 28, 28, 1))
    ours = SimpleConvNet(dtype=np.float64)
    network = textbook.SimpleConvNet(rng)
    kernels, bias, hidden, hidden_bias, last, last_bias = ours.get_weights()
    hidden = hidden.reshape(12, 12, 30, 100).transpose(2, 0, 1, 3).reshape(-1, 100)  # channels first
    weights = [(kernels.transpose(3, 2, 0, 1), bias), (hidden, hidden_bias), (last, last_bias)]
    for layer, (w, b) in zip(network.learned, weights, strict=True):
        layer.w[...], layer.b[...] = w, b
    optimizer = Adam(0.001)
    for _ in range(4):
        loss, gradients = ours.loss_and_gradients(images, labels)
        optimizer.update(ours.params, gradients)
        assert network.step(images.transpose(0, 3, 1, 2), labels) == pytest.approx(loss, abs=1e-5)


def test_winograds_error_is_measured_against_exact_numbers():
    got, error = peers.winograd(peers.Convolution("small", (2, 8, 8, 4), (3, 3), 5, padding=1))
    assert 0 < error < 1e-5
    np.testing.assert_allclose(got["numpy"][0](), got["conv2d"][0](), atol=1e-4)


def test_the_command_says_what_it_can_do_and_refuses_what_it_cannot():
    help_ = subprocess.run([sys.executable, "-m", "benchmarks", "--help"], capture_output=True, text=True, check=True)
    assert "convolutions" in help_.stdout and "--repeats" in help_.stdout
    wrong = subprocess.run([sys.executable, "-m", "benchmarks", "poetry"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "no section poetry" in wrong.stderr
