"""The layers as textbooks write them: im2col and col2im over all images at once, in float64, channels first.

This is what the library is measured against, and what most people who write a CNN in NumPy end up with. It is right,
short and clear; it is slow because its matrix of columns is many times larger than the images and goes through memory
several times.
"""

from __future__ import annotations

import numpy as np


def im2col(images, kh, kw, stride=1, pad=0):
    """(N, C, H, W) to (N·oh·ow, C·kh·kw)."""
    count, channels, height, width = images.shape
    oh, ow = (height + 2 * pad - kh) // stride + 1, (width + 2 * pad - kw) // stride + 1
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.zeros((count, channels, kh, kw, oh, ow))
    for a in range(kh):
        for b in range(kw):
            columns[:, :, a, b] = padded[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride]
    return columns.transpose(0, 4, 5, 1, 2, 3).reshape(count * oh * ow, -1)


def col2im(columns, shape, kh, kw, stride=1, pad=0):
    """The adjoint of :func:`im2col`."""
    count, channels, height, width = shape
    oh, ow = (height + 2 * pad - kh) // stride + 1, (width + 2 * pad - kw) // stride + 1
    columns = columns.reshape(count, oh, ow, channels, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((count, channels, height + 2 * pad + stride - 1, width + 2 * pad + stride - 1))
    for a in range(kh):
        for b in range(kw):
            padded[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride] += columns[:, :, a, b]
    return padded[:, :, pad : height + pad, pad : width + pad]


class Convolution:
    def __init__(self, w, b, stride=1, pad=0):
        self.w, self.b, self.stride, self.pad = w, b, stride, pad

    def forward(self, x):
        filters, _, kh, kw = self.w.shape
        oh = (x.shape[2] + 2 * self.pad - kh) // self.stride + 1
        ow = (x.shape[3] + 2 * self.pad - kw) // self.stride + 1
        self.x, self.columns = x, im2col(x, kh, kw, self.stride, self.pad)
        out = self.columns @ self.w.reshape(filters, -1).T + self.b
        return out.reshape(len(x), oh, ow, filters).transpose(0, 3, 1, 2)

    def backward(self, grad):
        filters, _, kh, kw = self.w.shape
        grad = grad.transpose(0, 2, 3, 1).reshape(-1, filters)
        self.db = grad.sum(axis=0)
        self.dw = (self.columns.T @ grad).T.reshape(self.w.shape)
        return col2im(grad @ self.w.reshape(filters, -1), self.x.shape, kh, kw, self.stride, self.pad)


class MaxPool:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def forward(self, x):
        count, channels, height, width = x.shape
        oh, ow = (height - self.size) // self.stride + 1, (width - self.size) // self.stride + 1
        columns = im2col(x, self.size, self.size, self.stride).reshape(-1, self.size**2)
        self.x, self.winners = x, columns.argmax(axis=1)
        return columns.max(axis=1).reshape(count, oh, ow, channels).transpose(0, 3, 1, 2)

    def backward(self, grad):
        grad = grad.transpose(0, 2, 3, 1)
        sent = np.zeros((grad.size, self.size**2))
        sent[np.arange(grad.size), self.winners] = grad.ravel()
        columns = sent.reshape(np.prod(grad.shape[:3]), -1)
        return col2im(columns, self.x.shape, self.size, self.size, self.stride)


class Affine:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.w + self.b

    def backward(self, grad):
        self.dw, self.db = self.x.T @ grad, grad.sum(axis=0)
        return (grad @ self.w.T).reshape(self.shape)


class Relu:
    def forward(self, x):
        self.off = x <= 0
        out = x.copy()
        out[self.off] = 0
        return out

    def backward(self, grad):
        grad[self.off] = 0
        return grad


class SimpleConvNet:
    """Convolution, ReLU, pooling, affine, ReLU, affine, softmax, with Adam: the network of the speed comparison."""

    def __init__(self, rng, filters=30, hidden=100, std=0.01):
        def draw(*shape):
            return std * rng.standard_normal(shape)

        self.layers = [
            Convolution(draw(filters, 1, 5, 5), np.zeros(filters)),
            Relu(),
            MaxPool(2, 2),
            Affine(draw(filters * 12 * 12, hidden), np.zeros(hidden)),
            Relu(),
            Affine(draw(hidden, 10), np.zeros(10)),
        ]
        self.learned = [layer for layer in self.layers if hasattr(layer, "w")]
        self.m = [np.zeros_like(p) for layer in self.learned for p in (layer.w, layer.b)]
        self.v = [np.zeros_like(m) for m in self.m]
        self.steps = 0

    def step(self, x, labels, lr=0.001):
        for layer in self.layers:
            x = layer.forward(x)
        exp = np.exp(x - x.max(axis=1, keepdims=True))
        share = exp / exp.sum(axis=1, keepdims=True)
        loss = -np.log(share[np.arange(len(x)), labels] + 1e-7).mean()
        share[np.arange(len(x)), labels] -= 1
        grad = share / len(x)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        self.steps += 1
        rate = lr * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        params = [p for layer in self.learned for p in (layer.w, layer.b)]
        grads = [g for layer in self.learned for g in (layer.dw, layer.db)]
        for p, g, m, v in zip(params, grads, self.m, self.v, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g**2 - v)
            p -= rate * m / (np.sqrt(v) + 1e-7)
        return loss
