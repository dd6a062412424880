"""What right means for every graded function, and the ways people get it wrong.

In a notebook a cell says ``check("01-convolution", "correlate2d", points=4)``. Everything else goes through
:func:`verdict`, the same engine:

>>> import numpy as np
>>> def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
...     return kh * kw * c_in * c_out
>>> opinion = verdict("01-convolution", "conv2d_params", conv2d_params)
>>> opinion.passed, opinion.misconception
(False, 'bias forgotten')
"""

from __future__ import annotations

import importlib
import os
import sys

from cnncourse.checks.engine import Verdict, in_a_kernel, judge
from cnncourse.checks.task import Case, Misconception, Panel, Task

__all__ = ["Case", "Mark", "Misconception", "Panel", "Task", "Verdict", "check", "functions", "task", "verdict"]

PUBLIC_SEED = 1
TOPICS = {
    "01-convolution": "convolution",
    "02-padding-stride": "padding_stride",
    "03-pooling": "pooling",
    "04-backprop": "backprop",
    "05-text": "text",
    "06-lenet": "lenet",
    "07-alexnet": "alexnet",
    "08-initializers": "initializers",
    "09-dropout": "dropout",
}


def assignments() -> list[str]:
    """The names of the graded assignments, in order."""
    return list(TOPICS)


def functions(assignment: str) -> list[str]:
    """The names of an assignment's graded functions, in order. Raises ``ValueError`` for an unknown assignment.

    >>> functions("01-convolution")
    ['correlate2d', 'convolve2d', 'conv2d', 'conv2d_params', 'sobel_edges']
    """
    return [task.name for task in _tasks(assignment)]


def task(assignment: str, function_name: str) -> Task:
    """The task of a graded function. Raises ``ValueError`` for a name that is not known."""
    for candidate in _tasks(assignment):
        if candidate.name == function_name:
            return candidate
    raise ValueError(f"{assignment} has no function {function_name!r}; it has {', '.join(functions(assignment))}")


def verdict(assignment: str, function_name: str, fn, seed: int | None = None) -> Verdict:
    """Judge one function.

    Args:
        assignment: the assignment's name, ``"01-convolution"``.
        function_name: the graded function's name, as in the notebook.
        fn: the function to judge; None when there is none.
        seed: the seed from which the inputs are drawn; without one, those that everybody sees.

    Returns:
        A :class:`Verdict`. Whatever ``fn`` does, it is described there and not raised.

    Raises:
        ValueError: an assignment or function name that is not known.
    """
    return judge(task(assignment, function_name), fn, [(PUBLIC_SEED if seed is None else seed, False)])


class Mark(float):
    """The points of a check: a number to nbgrader, a tutor's message to whoever looks at it."""

    verdict: Verdict
    hidden: bool

    def __repr__(self) -> str:
        return float.__repr__(self) if in_a_kernel() else self.verdict.message

    def _repr_mimebundle_(self, include=None, exclude=None):
        judged = self.verdict
        return {
            "text/plain": repr(self),
            "text/html": judged.html(),
            "application/vnd.cnncourse.verdict+json": {
                "assignment": judged.assignment,
                "function": judged.function,
                "passed": judged.passed,
                "score": judged.score,
                "misconception": judged.misconception,
                "hidden": self.hidden,
            },
        }


def check(assignment: str, function_name: str, *, points: float = 1, hidden: bool = False) -> Mark:
    """Check the function of this name where the call stands: in a notebook, the one you wrote.

    Args:
        assignment: the assignment's name, ``"01-convolution"``.
        function_name: the graded function's name.
        points: what the function is worth.
        hidden: also judge it on inputs drawn from the seed in the environment variable ``CNNCOURSE_HIDDEN_SEED``. These
            are never shown.

    Returns:
        A :class:`Mark`: the points earned, shown as a message. It never raises for a mistake in the function.

    Raises:
        ValueError: an assignment or function name that is not known.
    """
    fn = sys._getframe(1).f_globals.get(function_name)
    seeds = [(PUBLIC_SEED, False)]
    if hidden:
        seeds.append((int(os.environ.get("CNNCOURSE_HIDDEN_SEED", "0")), True))
    judged = judge(task(assignment, function_name), fn, seeds)
    mark = Mark(round(points * judged.score, 2))
    mark.verdict, mark.hidden = judged, hidden
    return mark


def _tasks(assignment: str) -> tuple[Task, ...]:
    if assignment not in TOPICS:
        raise ValueError(f"there is no assignment {assignment!r}; there are {', '.join(TOPICS)}")
    return importlib.import_module(f"cnncourse.checks.{TOPICS[assignment]}").TASKS
