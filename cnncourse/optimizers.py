"""Gradient descent and its descendants: how a gradient changes a parameter.

``book/backprop.md`` compares them on SimpleConvNet, ``book/lenet.md`` trains with them. The functions take one step for
one array and return new arrays, so that each formula can be read by itself; the classes train whole networks, changing
their parameters in place, and give Keras's numbers step for step.
"""

from __future__ import annotations

import math

import numpy as np

from cnncourse.arrays import floats

__all__ = ["Adam", "Optimizer", "RMSprop", "SGD", "adam_step", "momentum_step", "rmsprop_step", "sgd_step"]

# Numbers of a parameter that are updated at a time.
PIECE = 2**16


def sgd_step(param, grad, state, lr):
    """One step of gradient descent: ``param - lr · grad``.

    Args:
        param: an array of any shape.
        grad: the loss's gradient with respect to it, in the same shape.
        state: a dict, empty before the first step. Plain gradient descent remembers nothing.
        lr: the learning rate.

    Returns:
        ``(new param, new state)``. What was given stays as it was.

    Raises:
        ValueError: ``grad`` has another shape than ``param``.

    >>> sgd_step([1.0, 2.0], [10, -10], {}, lr=0.1)
    (array([0., 3.]), {})

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), algorithm 8.1.
    """
    param, grad = _same_shape(param, grad)
    return param - float(lr) * grad, dict(state)


def momentum_step(param, grad, state, lr, momentum=0.9):
    """One step of gradient descent with momentum: a ball that keeps rolling.

    ``velocity ← momentum · velocity - lr · grad``, ``param ← param + velocity``

    Args:
        param, grad, lr: as for :func:`sgd_step`.
        state: a dict, empty before the first step; ``state["velocity"]`` afterwards.
        momentum: the share of the velocity that is kept from step to step.

    Returns:
        ``(new param, new state)``. What was given stays as it was.

    Raises:
        ValueError: ``grad`` has another shape than ``param``.

    >>> param, state = momentum_step([1.0], [1.0], {}, lr=0.1)
    >>> momentum_step(param, [0.0], state, lr=0.1)[0].round(6)
    array([0.81])

    Source: Polyak, *Some methods of speeding up the convergence of iteration methods* (1964); Goodfellow, Bengio &
    Courville, *Deep Learning* (2016), algorithm 8.2.
    """
    param, grad = _same_shape(param, grad)
    velocity = float(momentum) * state.get("velocity", 0.0) - float(lr) * grad
    return param + velocity, {"velocity": velocity}


def rmsprop_step(param, grad, state, lr, rho=0.9, eps=1e-7):
    """One step of RMSprop: every entry's step is divided by the size that its gradients had lately.

    ``v ← rho · v + (1 - rho) · grad²``, ``param ← param - lr · grad / √(v + eps)``

    Args:
        param, grad, lr: as for :func:`sgd_step`.
        state: a dict, empty before the first step; ``state["v"]`` afterwards.
        rho: the share of the running mean ``v`` that is kept from step to step.
        eps: keeps the division from 0.

    Returns:
        ``(new param, new state)``. What was given stays as it was.

    Raises:
        ValueError: ``grad`` has another shape than ``param``.

    >>> rmsprop_step([1.0, 1.0], [0.01, 100], {}, lr=0.1)[0].round(2)
    array([0.69, 0.68])

    Source: Tieleman & Hinton, *Neural networks for machine learning*, lecture 6.5 (2012); eps as in Keras's
    ``keras.optimizers.RMSprop``.
    """
    param, grad = _same_shape(param, grad)
    lr, rho, eps = float(lr), float(rho), float(eps)
    v = rho * state.get("v", 0.0) + (1 - rho) * grad**2
    return param - lr * grad / np.sqrt(v + eps), {"v": v}


def adam_step(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam: momentum, and a step size for every entry, both corrected for starting at 0.

    ``m ← beta1 · m + (1 - beta1) · grad``, ``v ← beta2 · v + (1 - beta2) · grad²``,
    ``m_hat = m / (1 - beta1^t)``, ``v_hat = v / (1 - beta2^t)``, ``param ← param - lr · m_hat / (√v_hat + eps)``

    Args:
        param, grad, lr: as for :func:`sgd_step`.
        state: a dict, empty before the first step; ``t``, the number of steps taken, ``m`` and ``v`` afterwards.
        beta1, beta2: the shares of the running means ``m`` and ``v`` that are kept from step to step.
        eps: keeps the division from 0. The paper's is 1e-8; Keras adds its 1e-7 elsewhere, see :class:`Adam`.

    Returns:
        ``(new param, new state)``. What was given stays as it was.

    Raises:
        ValueError: ``grad`` has another shape than ``param``.

    >>> adam_step([1.0, 1.0], [0.01, -100], {}, lr=0.1)[0].round(4)
    array([0.9, 1.1])

    Source: Kingma & Ba, *Adam: a method for stochastic optimization* (2015), algorithm 1.
    """
    param, grad = _same_shape(param, grad)
    lr, beta1, beta2, eps = float(lr), float(beta1), float(beta2), float(eps)
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}


class Optimizer:
    """What the optimizers share: every parameter finds its gradient, and what is remembered about it.

    Attributes:
        learning_rate: may be changed between updates.
        iterations: how many updates there have been.
    """

    def __init__(self, learning_rate):
        if not learning_rate >= 0:
            raise ValueError(f"learning_rate must be at least 0, got {learning_rate}")
        self.learning_rate = learning_rate
        self.iterations = 0
        self._shapes = {}
        self._memory = {}
        self._buffers = {}

    def update(self, params, gradients):
        """Take one step: change every parameter in place.

        Args:
            params: a dict of float arrays by name, or a list of them.
            gradients: a dict with the same names, or a list of the same length; each in its parameter's shape.

        Raises:
            ValueError: a parameter without a gradient, or a gradient without a parameter; another shape than in
                the update before; anything but arrays of floats. Then no parameter has been changed.

        >>> params = {"w": np.array([1.0, 2.0])}
        >>> SGD(learning_rate=0.1).update(params, {"w": np.array([10.0, -10.0])})
        >>> params["w"]
        array([0., 3.])
        """
        entries = _entries(params, gradients)
        for name, param, _ in entries:
            before = self._shapes.setdefault(name, param.shape)
            if before != param.shape:
                raise ValueError(f"parameter {name!r} had shape {before} before, got {param.shape}")
        self.iterations += 1
        for name, param, grad in entries:
            for first, some_param, some_grad in _pieces(param, grad):
                self.step(some_param, some_grad, float(self.learning_rate), self._memory.setdefault((name, first), {}))

    def step(self, param, grad, learning_rate, memory):
        """Change one parameter, or a piece of a large one, in place. ``memory`` is its own from update to update."""
        raise NotImplementedError

    def scratch(self, param):
        """An array like the parameter to compute in. All parameters share it: making a new one would take longer."""
        buffer = self._buffers.get(param.dtype)
        if buffer is None or buffer.size < param.size:
            buffer = self._buffers[param.dtype] = np.empty(param.size, param.dtype)
        return buffer[: param.size].reshape(param.shape)


class SGD(Optimizer):
    """Gradient descent, with momentum if you like: :func:`sgd_step` and :func:`momentum_step` for whole networks.

    Args:
        learning_rate: how far to go.
        momentum: the share of the velocity that is kept from step to step, from 0 to below 1.
        nesterov: whether to look ahead: the gradient counts as if it had been taken one step of momentum further on.

    >>> params = [np.array([1.0])]
    >>> optimizer = SGD(learning_rate=0.1, momentum=0.9)
    >>> for gradient in ([1.0], [0.0]):
    ...     optimizer.update(params, [gradient])
    >>> params[0].round(6)
    array([0.81])

    Source: Keras's ``keras.optimizers.SGD``; Sutskever, Martens, Dahl & Hinton, *On the importance of initialization
    and momentum in deep learning* (2013).
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False):
        super().__init__(learning_rate)
        self.momentum = _share("momentum", momentum)
        self.nesterov = nesterov

    def step(self, param, grad, learning_rate, memory):
        change = np.multiply(grad, learning_rate, out=self.scratch(param))
        if self.momentum == 0:
            param -= change
            return
        velocity = _remembered(memory, "velocity", param)
        velocity *= self.momentum
        velocity -= change
        if self.nesterov:
            param -= change
            param += np.multiply(velocity, self.momentum, out=change)
        else:
            param += velocity


class RMSprop(Optimizer):
    """RMSprop: :func:`rmsprop_step` for whole networks, with momentum if you like.

    Args:
        learning_rate: how far to go.
        rho: the share of the squared gradients' running mean that is kept from step to step, from 0 to below 1.
        momentum: the share of the last change that is added to the next, from 0 to below 1.
        epsilon: keeps the division from 0; it is added under the root.

    >>> params = [np.array([1.0, 1.0])]
    >>> RMSprop(learning_rate=0.1).update(params, [[0.01, 100]])
    >>> params[0].round(2)
    array([0.69, 0.68])

    Source: Keras's ``keras.optimizers.RMSprop``; Tieleman & Hinton, lecture 6.5 (2012).
    """

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7):
        super().__init__(learning_rate)
        self.rho = _share("rho", rho)
        self.momentum = _share("momentum", momentum)
        self.epsilon = float(epsilon)

    def step(self, param, grad, learning_rate, memory):
        change = np.square(grad, out=self.scratch(param))
        change *= 1 - self.rho
        v = _remembered(memory, "v", param)
        v *= self.rho
        v += change
        np.add(v, self.epsilon, out=change)
        np.sqrt(change, out=change)
        np.divide(grad, change, out=change)
        change *= learning_rate
        if self.momentum == 0:
            param -= change
            return
        velocity = _remembered(memory, "velocity", param)
        velocity *= self.momentum
        velocity += change
        param -= velocity


class Adam(Optimizer):
    """Adam, for whole networks, as Keras computes it.

    Keras follows a remark in the paper's section 2, which saves two divisions of whole arrays: both corrections go into
    the learning rate, ``param ← param - lr · √(1 - beta_2^t) / (1 - beta_1^t) · m / (√v + epsilon)``. Here epsilon
    stands beside ``√v`` (the paper calls it epsilon hat), in :func:`adam_step` beside ``√v_hat``, which is 32 times as
    large at the first step and the same after thousands. You see the difference where gradients are about as small as
    epsilon.

    Args:
        learning_rate: how far to go.
        beta_1: the share of the gradients' running mean that is kept from step to step, from 0 to below 1.
        beta_2: the same for the squared gradients' running mean.
        epsilon: keeps the division from 0.

    >>> params = [np.array([1.0, 1.0])]
    >>> Adam(learning_rate=0.1).update(params, [[0.01, -100]])
    >>> params[0].round(4)
    array([0.9, 1.1])

    Source: Kingma & Ba, *Adam: a method for stochastic optimization* (2015); Keras's ``keras.optimizers.Adam``.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        super().__init__(learning_rate)
        self.beta_1 = _share("beta_1", beta_1)
        self.beta_2 = _share("beta_2", beta_2)
        self.epsilon = float(epsilon)

    def step(self, param, grad, learning_rate, memory):
        m, v = _remembered(memory, "m", param), _remembered(memory, "v", param)
        # m ← beta_1 · m + (1 - beta_1) · grad, written as m + (1 - beta_1) · (grad - m); v in the same way.
        change = np.subtract(grad, m, out=self.scratch(param))
        change *= 1 - self.beta_1
        m += change
        np.square(grad, out=change)
        change -= v
        change *= 1 - self.beta_2
        v += change

        t = self.iterations
        np.sqrt(v, out=change)
        change += self.epsilon
        np.divide(m, change, out=change)
        change *= learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        param -= change


def _same_shape(param, grad):
    (param,), (grad,) = floats(param), floats(grad)
    if grad.shape != param.shape:
        raise ValueError(f"grad must have the parameter's shape {param.shape}, got {grad.shape}")
    return param, grad.astype(param.dtype, copy=False)


def _pieces(param, grad):
    """A parameter and its gradient in pieces that stay in the processor's cache from one operation to the next."""
    if not param.flags.c_contiguous:
        yield 0, param, grad
        return
    param, grad = param.reshape(-1), grad.reshape(-1)
    for first in range(0, param.size, PIECE):
        yield first, param[first : first + PIECE], grad[first : first + PIECE]


def _share(name, value) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be from 0 to below 1, got {value}")
    return float(value)


def _remembered(memory, name, param):
    """The array of that name, like the parameter; zeros at first."""
    if name not in memory:
        memory[name] = np.zeros_like(param)
    return memory[name]


def _entries(params, gradients):
    """(name, parameter, gradient) of each parameter, checked before any is changed."""
    if isinstance(params, dict) != isinstance(gradients, dict):
        raise ValueError(
            "params and gradients must both be dicts or both be lists,"
            f" got a {type(params).__name__} and a {type(gradients).__name__}"
        )
    if not isinstance(params, dict):
        params, gradients = dict(enumerate(params)), dict(enumerate(gradients))
    alone = {"gradient for parameter": params.keys() - gradients.keys()}
    alone["parameter for gradient"] = gradients.keys() - params.keys()
    for what, names in alone.items():
        if names:
            raise ValueError(f"no {what} {', '.join(sorted(map(repr, names)))}")
    entries = []
    for name, param in params.items():
        if not (isinstance(param, np.ndarray) and param.dtype.kind == "f"):
            kind = param.dtype if isinstance(param, np.ndarray) else type(param).__name__
            raise ValueError(f"parameter {name!r} must be an array of floats, to be changed in place, got {kind}")
        if not param.flags.writeable:
            raise ValueError(f"parameter {name!r} must be an array that may be changed in place, got a read-only one")
        (grad,) = floats(gradients[name])
        if grad.shape != param.shape:
            raise ValueError(f"the gradient for parameter {name!r} must have its shape {param.shape}, got {grad.shape}")
        entries.append((name, param, grad))
    return entries
