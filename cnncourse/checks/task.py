"""What a graded function is, as data: what right means, on which inputs, and how people get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

__all__ = ["Case", "Misconception", "Panel", "Task"]


@dataclass(frozen=True)
class Case:
    """One call of the learner's function.

    ``about`` names the property that the call belongs to ("rectangular kernels"); a property holds when all of its
    calls come out right, and each property is an equal share of the score. A case with ``advice`` costs nothing when it
    fails: it adds the advice to the message.
    """

    about: str
    args: tuple
    advice: str = ""
    place: int = 0  # where among the task's cases it was drawn

    @property
    def size(self) -> int:
        return sum(np.size(argument) for argument in self.args)


@dataclass(frozen=True)
class Misconception:
    """A named wrong implementation, and the sentence a good tutor would say to the person who wrote it."""

    name: str
    wrong: Callable
    says: str


@dataclass(frozen=True)
class Panel:
    """A table of numbers to show, with the window (a pair of slices) that matters."""

    title: str
    table: np.ndarray
    window: tuple[slice, slice] | None = None


@dataclass(frozen=True)
class Task:
    """A graded function.

    Args:
        assignment: the folder's name, ``"01-convolution"``.
        name: the function's name.
        signature: how it is called, ``"correlate2d(image, kernel)"``.
        reference: the direct computation, written for clarity; it shares no code with the library.
        cases: draws the inputs from a generator, the smallest ones included.
        misconceptions: the bank; the first that explains everything is the one that is named.
        accepted: right solutions in other styles; the checks are measured on them.
        read: the anchor in the book that teaches the function.
        explain: from the arguments and the index of one entry of the result, the panels to show and the arithmetic
            that makes the entry.
        result: ``"array"``, or ``"number"`` where Python numbers are as good as NumPy's.
        shape: what to say when the result's shape is wrong and no misconception explains it.
        keywords: the names of the optional arguments at the end of a case's ``args``.
        helpers: the assignment's other functions, which this one may call.
        may_use: functions of the library that this one may call, ``"cnncourse.convolution.conv2d"``.
    """

    assignment: str
    name: str
    signature: str
    reference: Callable
    cases: Callable[[np.random.Generator], list[Case]]
    misconceptions: tuple[Misconception, ...]
    read: str
    accepted: tuple[Callable, ...] = ()
    explain: Callable | None = None
    result: str = "array"
    shape: str = ""
    keywords: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    may_use: tuple[str, ...] = ()
    _drawn: dict = field(default_factory=dict, repr=False, compare=False)

    def draw(self, seed: int) -> list[tuple[Case, np.ndarray]]:
        """The cases of a seed with what is expected of each, smallest first."""
        if seed not in self._drawn:
            cases = [replace(case, place=k) for k, case in enumerate(self.cases(np.random.default_rng(seed)))]
            cases.sort(key=lambda case: case.size)
            self._drawn[seed] = [(case, np.asarray(self.reference(*case.args), dtype=float)) for case in cases]
            for case, expected in self._drawn[seed]:
                for array in (expected, *case.args):
                    if isinstance(array, np.ndarray):
                        array.flags.writeable = False  # kept for the next call: nobody is to write here
        return self._drawn[seed]
