"""What exercises are given besides arrays: functions of arrays, initializers, a network and its optimizer.

They run where the learner's function runs: a process in the sandbox makes its own from the same class and the same
data, and afterwards tells the judge what they have noted. Nothing in this file is secret.
"""

from __future__ import annotations

import itertools

import numpy as np

__all__ = ["Formula", "Given", "Initializer", "Network", "Optimizer", "Scalar"]

_CLOCK = itertools.count()


class Given:
    """Something that can be called, made of plain data: its attributes without an underscore in front.

    Attributes:
        NOTES: the names of those attributes that a call may change.
    """

    NOTES: tuple[str, ...] = ()

    def data(self) -> dict:
        """What another one like it is made of."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @classmethod
    def of(cls, data: dict) -> Given:
        """Another one like it."""
        made = cls.__new__(cls)
        vars(made).update(data)
        return made


class Formula(Given):
    """A function that an expression says.

    Args:
        arguments: the names of its arguments.
        expression: Python, with NumPy as ``np``.
        **names: what else stands in the expression.

    >>> print(Formula("x", "np.sum(weights * x**2)", weights=np.array([1.0, 2.0]))(np.array([3.0, 1.0])))
    11.0
    """

    def __init__(self, arguments: str, expression: str, **names):
        self.arguments, self.expression, self.names = arguments, expression, names

    def __call__(self, *args, **kwargs):
        if not hasattr(self, "_function"):
            self._function = eval(f"lambda {self.arguments}: {self.expression}", {"np": np, **self.names})
        return self._function(*args, **kwargs)


class Scalar(Given):
    """A function of an array that returns one number, and what to call it; with a ``shape`` it takes no other."""

    def __init__(self, words: str, expression: str, shape: tuple[int, ...] | None = None, **names):
        self.words, self.formula, self.shape = words, Formula("x", expression, **names), shape

    def __call__(self, x):
        if self.shape is not None and (np.shape(x) != self.shape or x.dtype.kind != "f"):
            raise TypeError(f"f takes floats of the shape {self.shape}, got {x.dtype} of the shape {np.shape(x)}")
        self._last = x  # some functions keep what they were given
        return self.formula(x)


class Initializer(Given):
    """Weights that change nothing; it notes the shapes that it is asked for, whether with a generator, and a number
    that the generator gives where it ``draws``."""

    NOTES = ("asked",)

    def __init__(self, width: int, draws: bool = False):
        self.width, self.draws, self.asked = width, draws, []

    def __call__(self, shape, rng):
        size = tuple(int(n) for n in np.ravel(shape))
        drawn = float(rng.random()) if self.draws else None
        self.asked.append((size, isinstance(rng, np.random.Generator), drawn))
        return np.eye(*(size if len(size) == 2 else (self.width, self.width)))


class Network(Given):
    """Notes the batches that it sees. Its gradients are 1, 2, 3, … in the order in which they were asked for.

    Args:
        loss: the name of one of :attr:`LOSSES`.
        params: a dict or a list with one array of two numbers.
    """

    NOTES = ("params", "batches", "notes")
    LOSSES = {
        "1": lambda network, x: 1.0,
        # 5 for a batch of 1, 4 for one of 2, and so on: short batches have other losses than full ones.
        "by size": lambda network, x: 12.0 / len(x) + 1,
        # 10 for the first batch of an epoch, 7 for the second, then 4, 1, …: the loss falls.
        "by turn": lambda network, x: 13.0 - 3 * len(network.batches),
        # The parameters as they are when the loss is taken: 0 at first, then what the steps have made of them.
        "by params": lambda network, x: 20.0 + float(network.weights[0]),
        "of all samples": lambda network, x: float(np.mean(x)),
    }

    def __init__(self, loss: str = "1", params=None):
        self.loss, self.params = loss, {"w": np.zeros(2)} if params is None else params
        self.batches, self.notes = [], []

    @property
    def weights(self) -> np.ndarray:
        """Its two parameters."""
        return self.params["w"] if isinstance(self.params, dict) else self.params[0]

    def loss_and_gradients(self, x, y):
        self.batches.append((np.array(x), np.array(y)))
        count = len(self.batches)
        self.notes.append((next(_CLOCK), "gradients", count))
        gradient = np.full(2, float(count))
        gradients = {"w": gradient} if isinstance(self.params, dict) else [gradient]
        return self.LOSSES[self.loss](self, self.batches[-1][0]), gradients


class Optimizer(Given):
    """Subtracts every gradient from its parameter, in place, and notes which."""

    NOTES = ("notes",)

    def __init__(self):
        self.notes = []

    def update(self, params, gradients):
        for name in gradients if isinstance(gradients, dict) else range(len(gradients)):
            self.notes.append((next(_CLOCK), "update", int(gradients[name][0])))
            params[name] -= gradients[name]
