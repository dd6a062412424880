"""What a network's weights are before it has learned anything, as ``book/initializers.md`` explains.

Every initializer is called with a shape and a generator of random numbers and returns a fresh array. The numbers are
drawn in float64 and then rounded to ``dtype``, so that one seed gives one network in either precision. The normal ones
are not truncated; Keras's ``*_normal`` redraw what lies beyond two standard deviations, and widen the rest so that the
variance stays what the formula says, except ``random_normal``, which Keras does not truncate either.
"""

from __future__ import annotations

import math
from operator import index

import numpy as np

__all__ = [
    "activation_spread",
    "fans",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "random_normal",
    "random_uniform",
    "zeros",
]

SAMPLES = 1000


def fans(shape) -> tuple[int, int]:
    """How many inputs reach one unit (fan in), and how many units one input reaches (fan out).

    Args:
        shape: of a dense kernel ``(inputs, outputs)``; of a convolution's kernels of any rank, such as
            ``(kh, kw, c_in, c_out)``, where ``kh · kw`` counts for both fans; of a bias ``(n,)``, where both are ``n``;
            ``()``, where both are 1.

    Returns:
        ``(fan_in, fan_out)``.

    Raises:
        ValueError: a size that is not a whole number of at least 1.

    >>> fans((784, 100)), fans((5, 5, 1, 30))
    ((784, 100), (25, 750))

    Source: He, Zhang, Ren & Sun, *Delving deep into rectifiers* (2015), section 2.2; Keras's
    ``keras.initializers.VarianceScaling``.
    """
    shape = _sizes(shape)
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    *kernel, c_in, c_out = shape
    window = math.prod(kernel)
    return window * c_in, window * c_out


def random_uniform(shape, rng, dtype=np.float64):
    """Numbers between -0.05 and 0.05, each as likely as another.

    Args:
        shape: the array's shape.
        rng: a ``numpy.random.Generator``.
        dtype: float32 or float64.

    Returns:
        An array of that shape.

    Raises:
        ValueError: a size below 1, or a dtype that is not floating.

    >>> bool(np.abs(random_uniform((3, 3, 1, 8), np.random.default_rng(0))).max() < 0.05)
    True

    Source: Keras's ``keras.initializers.RandomUniform``.
    """
    return _uniform(shape, rng, dtype, limit=0.05)


def random_normal(shape, rng, dtype=np.float64):
    """Normal numbers with the standard deviation 0.05.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(random_normal((100, 100), np.random.default_rng(0)).std()), 3)
    0.05

    Source: Keras's ``keras.initializers.RandomNormal``.
    """
    return _normal(shape, rng, dtype, variance=0.05**2)


def lecun_normal(shape, rng, dtype=np.float64):
    """Normal numbers with the variance ``1 / fan_in``: what goes in with variance 1 comes out with variance 1.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(lecun_normal((100, 400), np.random.default_rng(0)).std()), 2)
    0.1

    Source: LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), section 4.6.
    """
    return _normal(shape, rng, dtype, variance=1 / fans(shape)[0])


def lecun_uniform(shape, rng, dtype=np.float64):
    """Uniform numbers with the variance ``1 / fan_in``, so between ``±√(3 / fan_in)``.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(lecun_uniform((300, 200), np.random.default_rng(0)).max()), 2)
    0.1

    Source: LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), section 4.6.
    """
    return _uniform(shape, rng, dtype, limit=math.sqrt(3 / fans(shape)[0]))


def glorot_normal(shape, rng, dtype=np.float64):
    """Normal numbers with the variance ``2 / (fan_in + fan_out)``, also called Xavier: for tanh, forward and backward.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(glorot_normal((150, 50), np.random.default_rng(0)).std()), 2)
    0.1

    Source: Glorot & Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010),
    equation 12.
    """
    return _normal(shape, rng, dtype, variance=2 / sum(fans(shape)))


def glorot_uniform(shape, rng, dtype=np.float64):
    """Uniform numbers with the variance ``2 / (fan_in + fan_out)``, so between ``±√(6 / (fan_in + fan_out))``.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(glorot_uniform((400, 200), np.random.default_rng(0)).max()), 2)
    0.1

    Source: Glorot & Bengio (2010), equation 16; what Keras's layers use unless told otherwise.
    """
    return _uniform(shape, rng, dtype, limit=math.sqrt(6 / sum(fans(shape))))


def he_normal(shape, rng, dtype=np.float64):
    """Normal numbers with the variance ``2 / fan_in``: ReLU lets half of it through, so twice as much goes in.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(he_normal((200, 400), np.random.default_rng(0)).std()), 2)
    0.1

    Source: He, Zhang, Ren & Sun, *Delving deep into rectifiers* (2015), equation 10.
    """
    return _normal(shape, rng, dtype, variance=2 / fans(shape)[0])


def he_uniform(shape, rng, dtype=np.float64):
    """Uniform numbers with the variance ``2 / fan_in``, so between ``±√(6 / fan_in)``.

    Args, returns and errors are those of :func:`random_uniform`.

    >>> round(float(he_uniform((600, 200), np.random.default_rng(0)).max()), 2)
    0.1

    Source: He, Zhang, Ren & Sun (2015), equation 10; Keras's ``keras.initializers.HeUniform``.
    """
    return _uniform(shape, rng, dtype, limit=math.sqrt(6 / fans(shape)[0]))


def zeros(shape, rng=None, dtype=np.float64):
    """Zeros: right for a bias, wrong for weights, whose units would all stay the same. Nothing is drawn from ``rng``.

    >>> zeros(3)
    array([0., 0., 0.])

    Source: Keras's ``keras.initializers.Zeros``.
    """
    return np.zeros(_sizes(shape), _floating(dtype))


def ones(shape, rng=None, dtype=np.float64):
    """Ones, as batch normalisation's gamma starts. Nothing is drawn from ``rng``.

    >>> ones(3)
    array([1., 1., 1.])

    Source: Keras's ``keras.initializers.Ones``.
    """
    return np.ones(_sizes(shape), _floating(dtype))


def get(name):
    """The initializer of that name, which is Keras's; a function is returned as it is.

    Raises:
        ValueError: there is no initializer of that name; the message lists them.

    >>> get("he_normal") is he_normal
    True

    Source: Keras's ``keras.initializers.get``.
    """
    if callable(name):
        return name
    initializers = [
        random_uniform,
        random_normal,
        lecun_normal,
        lecun_uniform,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        zeros,
        ones,
    ]
    known = {initializer.__name__: initializer for initializer in initializers}
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"no initializer is called {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


def activation_spread(depth, width, initializer, activation, rng):
    """How far the activations of a deep network spread, layer by layer, before any training.

    A batch of 1000 standard normal inputs passes through ``depth`` dense layers of ``width`` units without biases:
    ``x ← activation(x · initializer((width, width), rng))``. Where the spread falls to 0 or rises without end,
    gradients do the same, and nothing is learned.

    Args:
        depth: how many layers.
        width: how many inputs, and units in each layer.
        initializer: a function of (shape, rng), such as :func:`he_normal`.
        activation: a function of an array, such as ``np.tanh`` or :func:`cnncourse.activations.relu`.
        rng: a ``numpy.random.Generator``.

    Returns:
        A list of ``depth`` numbers: the standard deviation of all activations after each layer.

    Raises:
        ValueError: ``depth`` or ``width`` below 1, an initializer or an activation that is not a function.

    >>> spread = activation_spread(5, 100, lecun_normal, np.tanh, np.random.default_rng(0))
    >>> [round(s, 1) for s in spread]
    [0.6, 0.5, 0.4, 0.4, 0.3]

    Source: Glorot & Bengio (2010), section 4.2.1 and figure 6.
    """
    for argument, function in (("initializer", initializer), ("activation", activation)):
        if not callable(function):
            raise ValueError(f"{argument} must be a function, got {function!r}")
    for argument, number in (("depth", depth), ("width", width)):
        if number < 1:
            raise ValueError(f"{argument} must be at least 1, got {number}")
    x = rng.standard_normal((SAMPLES, width))
    spread = []
    for _ in range(depth):
        x = activation(x @ initializer((width, width), rng))
        spread.append(float(np.std(x)))
    return spread


def _uniform(shape, rng, dtype, limit):
    return rng.uniform(-limit, limit, _sizes(shape)).astype(_floating(dtype), copy=False)


def _normal(shape, rng, dtype, variance):
    return rng.normal(0, math.sqrt(variance), _sizes(shape)).astype(_floating(dtype), copy=False)


def _sizes(shape) -> tuple[int, ...]:
    try:
        sizes = tuple(index(n) for n in (shape if np.ndim(shape) else (shape,)))
    except (TypeError, ValueError):
        raise ValueError(f"shape must hold whole numbers, got {shape!r}") from None
    if any(n < 1 for n in sizes):
        raise ValueError(f"shape must hold sizes of at least 1, got {shape!r}")
    return sizes


def _floating(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise ValueError(f"dtype must be float32 or float64, got {dtype}")
    return dtype
