"""What travels between the one who hands out work, the judge, and the one who writes: plain data, by content.

A :class:`Job` holds everything that is needed to mark one submission, so that it can be done in another process or on
another machine; a :class:`Marked` everything that came of it. Neither names a file of the machine it was made on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Cell", "Job", "Mark", "Marked", "Notebook"]


@dataclass(frozen=True)
class Cell:
    """A cell of the assignment that nbgrader knows, as the gradebook has it.

    ``grade``, ``solution``, ``task`` and ``locked`` are nbgrader's flags. A cell with ``grade`` and not ``solution`` is
    a check; one with both is an answer that a person marks. ``checksum`` is nbgrader's, of the released text.
    """

    name: str
    cell_type: str
    source: str
    grade: bool = False
    solution: bool = False
    task: bool = False
    locked: bool = False
    points: float = 0.0
    checksum: str = ""


@dataclass(frozen=True)
class Notebook:
    """One notebook of an assignment: ``name`` without ``.ipynb``, the cells that nbgrader knows in their order, and the
    whole released notebook as pairs of (cell_type, source), the instructor's other cells included. ``kernelspec`` is
    the kernel that the notebook asks for, as the JSON that the gradebook has."""

    name: str
    cells: tuple[Cell, ...]
    released: tuple[tuple[str, str], ...] = ()
    kernelspec: str = ""


@dataclass(frozen=True)
class Job:
    """One submission to be marked. ``files`` is what was handed in, by file name; ``seed`` draws the hidden cases."""

    assignment: str
    student: str
    notebooks: tuple[Notebook, ...]
    files: dict[str, bytes]
    seed: str


@dataclass
class Mark:
    """What one graded cell earned.

    ``points`` is None where a person must mark. ``verdict`` is what the check said, as in the notebook's output:
    function, passed, score, misconception, hidden; None for a cell without a check of ours. ``html`` is the check's
    message for the learner, safe to show. ``ended`` is "" or why the cell had to be ended ("CellStuck", "KernelDied",
    …). ``comment`` is nbgrader's automatic one ("No response."); an answer without points of its own, whose ``most`` is
    0, is here for it alone.
    """

    cell: str
    points: float | None
    most: float
    verdict: dict | None = None
    html: str = ""
    ended: str = ""
    comment: str | None = None


@dataclass
class Marked:
    """What came of a :class:`Job`.

    ``problem`` is a sentence with file and cure where the submission cannot be graded at all; the rest is empty then.
    ``notebooks`` holds the autograded notebooks (JSON, as bytes) by name, ``marks`` the marks by notebook's name.
    ``notes`` are for the instructor: what a person should look at, each a sentence ("correlate2d was stopped …").
    """

    assignment: str
    student: str
    problem: str = ""
    notebooks: dict[str, bytes] = field(default_factory=dict)
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
