"""What a class understood, and who needs a person: for the terminal, as a page and as a table.

All of it is read from the gradebook, from what the marking left beside the autograded notebooks, and from those
notebooks, so it can be made at any time, also after ``nbgrader autograde``.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import hmac
import inspect
import io
import json
import os
import secrets
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.grading import alike, classpage
from cnncourse.grading.classroom import ENDED, ClassReport, Item, Learner, Question, Spread
from cnncourse.grading.feedback import answers
from cnncourse.grading.frame import Book, write_whole
from cnncourse.grading.learners import to_cell
from cnncourse.grading.release import CourseError

__all__ = ["ClassReport", "Item", "Learner", "Question", "Report", "Spread", "report"]

VERDICT = "application/vnd.cnncourse.verdict+json"
SECRET = ".names-secret"  # from which names that are hidden get their stand-ins


@dataclass
class Report:
    """All of it: ``str()`` is what the command prints, ``html()`` a page that needs nothing else and runs no script."""

    classes: list[ClassReport]
    path: Path
    book: Book = field(default_factory=Book)
    names_hidden: bool = False

    @property
    def table(self) -> Path:
        """Where the points are as a file."""
        return self.path.with_suffix(".csv")

    def __str__(self) -> str:
        made = "\n\n\n".join(part.text() for part in self.classes)
        return f"{made}\n\nThe page:  {self.path}\nThe table: {self.table}"

    def html(self) -> str:
        return classpage.page(self.classes, self.book, self.names_hidden)

    def csv(self) -> str:
        """One row for each learner: for each assignment the total and the points of each part."""
        names = sorted({learner.name for part in self.classes for learner in part.learners})
        head, columns = ["learner"], []
        for part in self.classes:
            head += [f"{part.assignment} {what}" for what in ("state", "total", "of", "late")]
            head += [f"{part.assignment} {question.label}" for question in part.questions]
            columns.append((part, {learner.name: learner for learner in part.learners}))
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([to_cell(cell) for cell in head])
        for name in names:
            row: list = [to_cell(name)]
            for part, learners in columns:
                learner = learners.get(name)
                if learner is None or not learner.points:
                    row += ["" if learner is None else "not graded"] + [""] * (3 + len(part.questions))
                    continue
                points = [learner.points.get(question.name) for question in part.questions]
                state = "to be marked by hand" if None in points else "graded"
                row += [state, learner.total, part.most, learner.late]
                row += ["" if value is None else round(value, 2) for value in points]
            rows.writerow(row)
        return text.getvalue()

    def write(self) -> None:
        write_whole(self.path, self.html())
        # A spreadsheet knows by the mark in front that it is UTF-8.
        write_whole(self.table, self.csv().encode("utf-8-sig", "replace"))


def report(
    course_root: str | os.PathLike,
    assignments: Iterable[str] | None = None,
    *,
    output: str | os.PathLike | None = None,
    hide_names: bool = False,
) -> Report:
    """Read what a class did, and write the page and the table.

    Args:
        course_root: the folder with ``nbgrader_config.py``.
        assignments: which assignments; without, all that somebody handed in.
        output: where to write the page; without, ``report.html`` in the course folder. The table is beside it. The
            result's ``path`` and ``table`` say where they are.
        hide_names: put stand-ins in the place of names. They stay the same in this course folder, and only its own
            secret, ``.names-secret``, leads back from them.

    Returns:
        The :class:`Report`, which can be printed.

    Raises:
        CourseError: no such course or assignment, or nothing was handed in.
    """
    from cnncourse.grading.grade import Course

    course = Course(course_root)
    work = course.submissions(assignments)
    classes = [
        _class(course, assignment, [student for name, student in work if name == assignment])
        for assignment in dict.fromkeys(name for name, _ in work)
    ]
    path = Path(output).resolve() if output else course.root / "report.html"
    if hide_names:
        names = _stand_ins(course.root, {student for _, student in work})
        with course.gradebook() as gradebook:
            people = [part for s in gradebook.students() for part in (s.id, s.first_name, s.last_name, s.email) if part]
        classes = [part.hidden(names, people) for part in classes]
    made = Report(classes, path, Book.find(course.root, path), hide_names)
    made.write()
    return made


# Reading --------------------------------------------------------------------------------------------------------------


def _class(course, assignment: str, students: list[str]) -> ClassReport:
    handed_out = course.handed_out(assignment)
    tasks = _tasks(assignment)
    questions, written, released = [], {}, {}
    for notebook in handed_out:
        sources = {cell.name: cell.source for cell in notebook.cells}
        wrote = answers((cell.name, cell.grade or cell.task, cell.solution) for cell in notebook.cells)
        for cell in notebook.cells:
            if not (cell.grade or cell.task):
                continue
            label = cell.name.removeprefix("check-").removeprefix("question-")
            by_hand = cell.solution or cell.task or cell.cell_type != "code"
            read = tasks[label].read if label in tasks and not by_hand else ""
            questions.append(Question(cell.name, label, float(cell.points), by_hand, read))
            if not cell.task:
                written[label] = notebook.name, wrote[cell.name]
                released[label] = "\n".join(sources[name] for name in wrote[cell.name])
    with course.gradebook() as gradebook:
        given = gradebook.given(assignment)
        scores = {score.student: score for score in gradebook.scores(assignment)}
    learners = []
    for student in students:
        learner = _learner(course, assignment, student, given.get(student, []), written)
        learner.late = scores[student].penalty if student in scores else 0.0
        learners.append(learner)
    words = [question.label for question in questions if question.by_hand]
    groups = alike.groups(
        {learner.name: learner.code for learner in learners if learner.code},
        released,
        {label: _solutions(task) for label, task in tasks.items() if label in released},
        words,
    )
    says = {(label, m.name): m.says for label, task in tasks.items() for m in task.misconceptions}
    return ClassReport(assignment, questions, learners, groups, says, released)


def _tasks(assignment: str) -> dict:
    """The checks' tasks by function; none for an assignment of the instructor's own."""
    from cnncourse import checks

    try:
        return {function: checks.task(assignment, function) for function in checks.functions(assignment)}
    except ValueError:
        return {}


def _solutions(task) -> list[str]:
    """Right solutions in many styles: to be like one of them means nothing."""
    found = []
    for solution in (task.reference, *task.accepted):
        with contextlib.suppress(OSError, TypeError):
            found.append(textwrap.dedent(inspect.getsource(solution)))
    return found


def _learner(course, assignment: str, student: str, given: list, written: dict) -> Learner:
    from cnncourse.grading.grade import why_not_gradable

    learner = Learner(student)
    record = course.record(assignment, student)
    if any(one.auto_score is not None or one.manual_score is not None for one in given):
        points = {one.cell: one.points for one in given if one.most is not None}
        learner.points = {cell: None if value is None else round(value, 2) for cell, value in points.items()}
    if record.problem:
        learner.needs.append(record.problem)
    elif not learner.points:
        problem = why_not_gradable(course.folder("submitted", student, assignment), course.notebooks(assignment))
        learner.needs.append(course.short(problem) or "Not graded yet: run `cnncourse grade`.")
    if not learner.points:
        return learner
    learner.notes = list(record.notes)
    for marks in record.marks.values():
        for mark in marks:
            _note(learner, mark.cell, mark.verdict, mark.ended)
    folder = course.folder("autograded", student, assignment)
    for name in course.notebooks(assignment):
        cells = _cells(folder / name)
        mine = {label: cells_ for label, (notebook, cells_) in written.items() if f"{notebook}.ipynb" == name}
        learner.code |= {label: "\n\n".join(cells[c][0] for c in part if c in cells) for label, part in mine.items()}
        if not record.marks:
            for cell, (_, outputs) in cells.items():
                with contextlib.suppress(AttributeError, TypeError):  # of a file that somebody changed
                    _read_outputs(learner, cell, outputs)
    return learner


def _cells(path: Path) -> dict[str, tuple[str, list]]:
    """The source and the outputs of each cell that nbgrader knows, by its name."""
    found = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        for cell in json.loads(path.read_bytes())["cells"]:
            if name := cell["metadata"].get("nbgrader", {}).get("grade_id"):
                found[name] = "".join(cell["source"]), cell.get("outputs", [])
    return found


def _read_outputs(learner: Learner, cell: str, outputs: list) -> None:
    """What a check left in the notebook, where there is no record of it."""
    verdict, ended = None, ""
    for output in outputs:
        verdict = output.get("data", {}).get(VERDICT) or verdict
        ended = output.get("ename", "") if output.get("ename") in ENDED else ended
    _note(learner, cell, verdict, ended)


def _note(learner: Learner, cell: str, verdict, ended: str) -> None:
    label = cell.removeprefix("check-").removeprefix("question-")
    if isinstance(verdict, dict) and isinstance(verdict.get("misconception"), str):
        learner.misconceptions[label] = verdict["misconception"][:100]
    if ended:
        learner.ended[label] = ended


# Names ----------------------------------------------------------------------------------------------------------------


def _stand_ins(root: Path, names: Iterable[str]) -> dict[str, str]:
    """A stand-in for each name. Whoever has names but not the secret cannot tell which is whose."""
    path = root / SECRET
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # of another process at the same moment
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f"{secrets.token_hex(32)}\n")
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret) < 32:
        raise CourseError(f"{path} is damaged: delete it, and names get new stand-ins.")
    made = {}
    for name in names:
        digest = hmac.new(secret.encode(), name.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        letters = [_LETTERS[byte % len(_LETTERS)] for byte in digest[:8]]
        made[name] = f"Learner {''.join(letters[:4])}-{''.join(letters[4:])}"
    return made


_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"  # nothing that could be mistaken, or become a word
