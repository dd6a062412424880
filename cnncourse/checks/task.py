"""What a graded function is, as data: what right means, on which inputs, and how people get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

__all__ = ["Case", "Misconception", "Panel", "Rng", "Task", "Told"]


SEEDS_KEPT = 3  # of a task: what everybody sees, what is hidden, and one more


@dataclass(frozen=True)
class Rng:
    """Stands for a random generator among a case's arguments: each call gets a new one, made from this seed."""

    seed: int


class Told(NamedTuple):
    """What a probe found: the numbers that are compared, and what to show of them when they are wrong."""

    numbers: object
    says: str = ""
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True)
class Case:
    """One question to the learner's function: a call, or with a ``probe`` whatever calls it takes to see a property.

    Args:
        about: the property that the case belongs to ("rectangular kernels"). A property holds when all of its cases
            come out right, and each property is an equal share of the score.
        args: the arguments of the call, or of the probe. An :class:`Rng` among them becomes a new generator.
        advice: a case with advice costs nothing when it fails: the advice is added to the message.
        probe: ``probe(call, *args)`` calls the function as often as it likes and returns the numbers to compare, or
            :class:`Told`. ``call`` copies its arguments, and returns results that are arrays and of the right kind.
        expected: what is to come out, where that is known without the reference: statistics, facts.
        leeway: how far each number may be off; without it, what rounding explains.
        raises: the arguments are impossible, and ``ValueError`` is the right answer.
        facts: what each number of the probe's answer says, in words.
        says: shown, when this case fails, in place of what is expected: a hint that does not give the answer away.
        parts: which of several results the case looks at, by their places; all of them without. What the others are
            does not matter, so one who has written only ``d_bias`` earns that.
        once: with another seed it would ask the same again, a thousand draws perhaps: it is left to the first seed.
    """

    about: str
    args: tuple = ()
    advice: str = ""
    probe: Callable | None = None
    expected: object = None
    leeway: float | None = None
    raises: bool = False
    facts: tuple[str, ...] = ()
    says: str = ""
    parts: tuple[int, ...] = ()
    once: bool = False
    place: int = 0  # where among the task's cases it was drawn

    @property
    def size(self) -> int:
        return sum(map(_size, self.args))


@dataclass(frozen=True)
class Misconception:
    """A named wrong implementation, and the sentence a good tutor would say to the person who wrote it."""

    name: str
    wrong: Callable
    says: str


@dataclass(frozen=True)
class Panel:
    """A table of numbers or words to show, with the window (a pair of slices) that matters."""

    title: str
    table: np.ndarray | list[list[str]]
    window: tuple[slice, slice] | None = None


@dataclass(frozen=True)
class Task:
    """A graded function.

    Args:
        assignment: the folder's name, ``"01-convolution"``.
        name: the function's name.
        signature: how it is called, ``"correlate2d(image, kernel)"``.
        reference: the direct computation, written for clarity; it shares no code with the library. Its own signature is
            the one the learner's function must answer to.
        cases: draws the cases from a generator, the smallest ones included.
        misconceptions: the bank; the first that explains everything is the one that is named.
        accepted: right solutions in other styles; the checks are measured on them.
        read: the anchor in the book that teaches the function.
        explain: from the arguments and the index of one entry of the result (and the number of the result, where there
            are several), the panels to show and the arithmetic that makes the entry.
        result: what comes back: ``"array"``; ``"number"``, exact, where Python numbers are as good as NumPy's;
            ``"bool"``, a yes or no;
            ``"value"``, a number that may carry rounding; ``"table"``, exact numbers in lists, tuples or arrays;
            ``"anything"``, which only a probe can judge; or a tuple of these where there are several results.
        parts: the names of several results, ``("d_x", "d_w", "d_b")``.
        axes: of each result the two axes that are shown as rows and columns where it has more; (1, 2) without, as for
            (N, H, W, C).
        convert: turns a table into the array that is compared.
        shape: what to say when the result's shape is wrong and no misconception explains it.
        keywords: the names of the optional arguments at the end, for a function that takes them by name only.
        helpers: the assignment's other functions, which this one may call.
        may_use: functions of the library that this one may call, ``"cnncourse.convolution.conv2d"``.
        libraries: any library may be used.
        imports: frameworks that are imported, quietly, before the function is called.
        may_share: whether a result may share memory with these arguments, as a transposed view does.
        seconds: for all the calls together, where the engine's own limit is too short.
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
    result: str | tuple[str, ...] = "array"
    parts: tuple[str, ...] = ()
    axes: tuple[tuple[int, int], ...] = ()
    convert: Callable | None = None
    shape: str = ""
    keywords: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    may_use: tuple[str, ...] = ()
    libraries: bool = False
    imports: tuple[str, ...] = ()
    may_share: Callable[..., bool] = lambda *args: False
    seconds: float | None = None
    _drawn: dict = field(default_factory=dict, repr=False, compare=False)
    _answers: dict = field(default_factory=dict, repr=False, compare=False)  # of misconceptions, to cases drawn

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each result."""
        return (self.result,) if isinstance(self.result, str) else self.result

    def forget(self) -> None:
        """Give back the memory that cases and answers take."""
        self._drawn.clear()
        self._answers.clear()

    def draw(self, seed: int) -> list[tuple[Case, tuple[np.ndarray, ...] | None]]:
        """The cases of a seed with what is expected of each (None where it is an error), smallest first."""
        from cnncourse.checks.calling import answer, as_arrays

        if seed not in self._drawn:
            if len(self._drawn) >= SEEDS_KEPT:
                self.forget()
            cases = [replace(case, place=k) for k, case in enumerate(self.cases(np.random.default_rng(seed)))]
            cases.sort(key=lambda case: case.size)
            drawn = []
            for case in cases:
                expected = None
                if case.expected is not None:
                    expected = as_arrays(case.expected)
                elif not case.raises:
                    expected = answer(self, self.reference, case)
                for array in (*(expected or ()), *case.args):
                    if isinstance(array, np.ndarray):
                        array.flags.writeable = False  # kept for the next call: nobody is to write here
                drawn.append((case, expected))
            self._drawn[seed] = drawn
        return self._drawn[seed]


def _size(argument) -> int:
    """How much there is to look at."""
    if isinstance(argument, (list, tuple)):
        return 1 + sum(map(_size, argument))
    return np.size(argument) if isinstance(argument, np.ndarray) else 1
