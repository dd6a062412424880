"""What stands between two convolutions: activation functions, the affine layer, and the check of every gradient.

``book/foundations.md`` introduces them, ``book/backprop.md`` runs them backward. A backward function takes ``grad``,
the loss's gradient with respect to the forward function's output, and returns the gradients with respect to its
inputs. float32 stays float32, integers become float64, inputs are never written to, and results never share memory
with them.
"""

from __future__ import annotations

import numpy as np

from cnncourse.arrays import floats, sum_over_rows
from cnncourse.blas import one_blas_thread

__all__ = [
    "affine",
    "affine_backward",
    "numerical_gradient",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh_backward",
]


def affine(x, w, b=None):
    """A fully connected layer's forward pass: each output is a weighted sum of all inputs.

    ``out[n, m] = b[m] + Σ_d x[n, d] · w[d, m]``

    Args:
        x: ``(N, D)``.
        w: ``(D, M)``.
        b: ``(M,)``, or None.

    Returns:
        ``(N, M)``.

    Raises:
        ValueError: shapes that do not belong together.

    >>> affine([[1, 2]], [[1, 0, 1], [0, 1, 1]], [10, 20, 30])
    array([[11., 22., 33.]])

    Source: Keras's ``keras.layers.Dense``.
    """
    x, w = _matrices(x, w)
    with one_blas_thread():
        out = x @ w
    if b is not None:
        b = np.asarray(b, dtype=out.dtype)
        if b.shape != w.shape[1:]:
            raise ValueError(f"b must have one number for each of the {w.shape[1]} outputs, got shape {b.shape}")
        out += b
    return out


def affine_backward(grad, x, w, input_gradient=True):
    """The gradients of :func:`affine` with respect to its input, its weights and its bias.

    ``d_x = grad · wᵀ``, ``d_w = xᵀ · grad``, and ``d_b`` is ``grad`` summed over the batch.

    Args:
        grad: ``(N, M)``.
        x, w: as they were given to :func:`affine`.
        input_gradient: whether the input's gradient is wanted; a network's first layer has no use for it.

    Returns:
        ``(d_x, d_w, d_b)`` in the shapes of ``x``, ``w`` and ``(M,)``; ``d_x`` is None when ``input_gradient`` is
        False.

    Raises:
        ValueError: as :func:`affine`, and when ``grad`` has another shape than the output.

    >>> d_x, d_w, d_b = affine_backward(np.ones((1, 3)), np.array([[1.0, 2.0]]), np.ones((2, 3)))
    >>> d_w
    array([[1., 1., 1.],
           [2., 2., 2.]])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.5.6.
    """
    x, w = _matrices(x, w)
    grad = _like(grad, x, (len(x), w.shape[1]))
    with one_blas_thread():
        d_x, d_w = grad @ w.T if input_gradient else None, x.T @ grad
    return d_x, d_w, sum_over_rows(grad)


def relu(x):
    """The rectified linear unit: ``max(x, 0)``, entry by entry. Any shape.

    >>> relu([-2, 0, 3])
    array([0., 0., 3.])

    Source: Nair & Hinton, *Rectified linear units improve restricted Boltzmann machines* (2010).
    """
    (x,) = floats(x)
    return np.maximum(x, 0)


def relu_backward(grad, x):
    """The gradient of :func:`relu`: ``grad`` passes where ``x`` is above 0, and nowhere else (so not at 0).

    Args:
        grad: in the shape of ``x``.
        x: as it was given to :func:`relu`.

    Raises:
        ValueError: ``grad`` has another shape than ``x``.

    >>> relu_backward([5, 5, 5], [-2, 0, 3])
    array([0., 0., 5.])

    Source: Keras's ``keras.ops.relu``, whose gradient at 0 is 0 as well.
    """
    (x,) = floats(x)
    return _like(grad, x, x.shape) * (x > 0)


def sigmoid(x):
    """The logistic function ``1 / (1 + exp(-x))``, entry by entry. Any shape; nothing overflows.

    Where x is negative the fraction is expanded to ``exp(x) / (1 + exp(x))``, so that no power of e above 1 is taken.

    >>> sigmoid([-1000, 0, 1000])
    array([0. , 0.5, 1. ])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), equation 3.30.
    """
    (x,) = floats(x)
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def sigmoid_backward(grad, y):
    """The gradient of :func:`sigmoid` in terms of its output: ``grad · y · (1 - y)``.

    Args:
        grad: in the shape of ``y``.
        y: what :func:`sigmoid` returned.

    Raises:
        ValueError: ``grad`` has another shape than ``y``.

    >>> sigmoid_backward([8, 8], [0.5, 1])
    array([2., 0.])

    Source: LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), section 4.4.
    """
    (y,) = floats(y)
    return _like(grad, y, y.shape) * y * (1 - y)


def tanh_backward(grad, y):
    """The gradient of ``np.tanh`` in terms of its output: ``grad · (1 - y²)``.

    Args:
        grad: in the shape of ``y``.
        y: what ``np.tanh`` returned.

    Raises:
        ValueError: ``grad`` has another shape than ``y``.

    >>> tanh_backward([8, 8], [0, 0.5])
    array([8., 6.])

    Source: LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), section 4.4.
    """
    (y,) = floats(y)
    return _like(grad, y, y.shape) * (1 - y * y)


def softmax(logits):
    """Probabilities from scores, along the last axis: positive, and 1 in sum.

    ``softmax(z)[k] = exp(z[k]) / Σ_j exp(z[j])``. The largest score is subtracted first; it cancels, and no power
    of e overflows.

    Args:
        logits: ``(..., C)``, one score for each of C classes.

    Returns:
        ``(..., C)``.

    Raises:
        ValueError: there is no class.

    >>> softmax([[1000, 1000], [-1000, 1000]])
    array([[0.5, 0.5],
           [0. , 1. ]])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.2.2.3.
    """
    (logits,) = floats(logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits must hold at least one class along their last axis, got shape {logits.shape}")
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def softmax_backward(grad, y):
    """The gradient of :func:`softmax` in terms of its output: ``y · (grad - Σ_k grad[k] · y[k])``.

    A network that is trained with :func:`cnncourse.losses.softmax_cross_entropy` has no need of it: there both
    steps are taken at once.

    Args:
        grad: in the shape of ``y``.
        y: what :func:`softmax` returned.

    Raises:
        ValueError: ``grad`` has another shape than ``y``.

    >>> softmax_backward([1, 0], [0.5, 0.5])
    array([ 0.25, -0.25])

    Source: Bridle, *Training stochastic model recognition algorithms as networks* (1990).
    """
    (y,) = floats(y)
    grad = _like(grad, y, y.shape)
    return y * (grad - (grad * y).sum(axis=-1, keepdims=True))


def numerical_gradient(f, x, eps=1e-5):
    """The gradient of a function measured by trying: each entry is moved a little up, then a little down.

    ``gradient[i] ≈ (f(x + eps·e_i) - f(x - eps·e_i)) / (2 · eps)``, a centred difference. Its error
    shrinks with eps².

    ``x`` itself is moved, one entry at a time, and put back to the bit; so ``f`` may look at its argument or at a
    parameter that is the same array. Give float64: with float32 the rounding of ``f`` drowns what eps = 1e-5 changes.

    Args:
        f: a function of ``x`` that returns one number.
        x: an array of floats of any shape. Lists and whole numbers are copied as float64, read-only arrays are copied
            too, and ``f`` is given the copy.
        eps: how far to move.

    Returns:
        The gradient in float64, in the shape of ``x``.

    Raises:
        ValueError: ``eps`` is not above 0, or so small that an entry of ``x`` does not move; ``f`` returns more than
            one number.

    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 11.5.
    """
    eps = float(eps)
    if not eps > 0:
        raise ValueError(f"eps must be above 0, got {eps}")
    (x,) = floats(x)
    if not x.flags.writeable:
        x = x.copy()
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + eps
            above, f_above = float(x[index]), _one_number(f(x))
            x[index] = kept - eps
            below, f_below = float(x[index]), _one_number(f(x))
        finally:
            x[index] = kept
        if above == below:
            raise ValueError(f"eps={eps} is too small to move x{list(index)} = {kept} in {x.dtype}")
        # The way gone: 2 · eps, but for the rounding of x ± eps to x's type.
        gradient[index] = (f_above - f_below) / (above - below)
    return gradient


def _one_number(value) -> float:
    value = np.asarray(value)
    if value.size != 1:
        raise ValueError(f"f must return one number, got shape {value.shape}")
    return float(value.item())


def _like(grad, array, shape):
    """The gradient in the array's dtype, which must have the output's shape."""
    grad = np.asarray(grad, dtype=array.dtype)
    if grad.shape != shape:
        raise ValueError(f"grad must have the output's shape {shape}, got {grad.shape}")
    return grad


def _matrices(x, w):
    x, w = floats(x, w)
    for name, array in (("x", x), ("w", w)):
        if array.ndim != 2:
            raise ValueError(f"{name} must have 2 dimensions, got shape {array.shape}")
    if x.shape[1] != w.shape[0]:
        raise ValueError(f"w of shape {w.shape} expects {w.shape[0]} inputs, got x with {x.shape[1]}")
    return x, w
