"""Grade a class: nbgrader's ``autograde``, ``generate_feedback`` and ``export``, for submissions as they really come.

The gradebook, the autograded notebooks and the feedback are nbgrader's own, so stock commands and ``cnncourse grade``
can be mixed. What is added: submissions that cannot be graded are named with file and cure, an interrupted run goes on
where it stopped, and whoever is graded and has handed in nothing new is left alone.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import json
import logging
import os
import time
import traceback
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from tqdm import tqdm

from cnncourse.grading.release import CourseError

__all__ = ["Outcome", "Summary", "grade", "open_course", "why_not_gradable"]

GRADES = "grades.csv"


@dataclass(frozen=True)
class Outcome:
    """What came of one submission.

    ``state`` is ``"graded"``, ``"unchanged"`` (graded before, nothing new handed in) or ``"needs a person"``; ``note``
    then says which file is wrong and what to do. ``points`` and ``most`` are those in the gradebook, None if there are
    none; ``by_hand`` is how many answers wait for a person's mark.
    """

    assignment: str
    student: str
    state: str
    note: str = ""
    points: float | None = None
    most: float | None = None
    by_hand: int = 0


@dataclass
class Summary:
    """What a run of :func:`grade` did. ``str()`` of it is what the command prints at its end."""

    root: Path
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def needs_a_person(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.state == "needs a person"]

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def grades(self) -> Path:
        return self.root / GRADES

    @property
    def feedback(self) -> Path:
        return self.root / "feedback"

    def __str__(self) -> str:
        counts = {state: sum(o.state == state for o in self.outcomes) for state in ("graded", "unchanged")}
        parts = [f"{counts['graded']} submissions graded in {self.seconds:.0f} s"]
        if counts["unchanged"]:
            parts.append(f"{counts['unchanged']} unchanged")
        lines = [", ".join(parts) + "."]
        if by_hand := sum(outcome.by_hand for outcome in self.outcomes):
            lines.append(f"{by_hand} answers in words are still to be marked: nbgrader's formgrader shows them.")
        if self.needs_a_person:
            lines.append(f"These {len(self.needs_a_person)} need a person:")
            lines += [f"  {outcome.student}: {outcome.note}" for outcome in self.needs_a_person]
        lines += [f"Grades:    {self.grades}", f"Gradebook: {self.gradebook}", f"Feedback:  {self.feedback}"]
        return "\n".join(lines)


def grade(
    course_root: str | os.PathLike,
    assignments: Iterable[str] | None = None,
    students: Iterable[str] | None = None,
    *,
    force: bool = False,
    progress: bool = True,
) -> Summary:
    """Grade the submissions of a course folder and write feedback and ``grades.csv``.

    Args:
        course_root: the folder with ``nbgrader_config.py``; submissions lie in ``submitted/STUDENT/ASSIGNMENT/``.
        assignments: which assignments; without, all that somebody handed in.
        students: which students; without, everybody.
        force: grade again what is graded and unchanged. Marks and comments given by hand are kept in any case.
        progress: show a progress bar on stderr.

    Returns:
        A :class:`Summary` with one :class:`Outcome` for each submission. A submission that cannot be graded is one of
        them, never an error; nothing in ``submitted/`` is touched.

    Raises:
        CourseError: there is no such course, assignment or student, or there are no submissions. The message says
            what to do.

    Interrupted by Ctrl-C, it leaves each submission either graded or to be graded by the next run.
    """
    start = time.monotonic()
    root = Path(course_root).resolve()
    with open_course(root) as course:
        work = course.submissions(assignments, students)
        summary = Summary(root)
        with tqdm(work, unit="submission", disable=not progress, dynamic_ncols=True) as bar:
            for assignment, student in bar:
                bar.set_postfix_str(student)
                summary.outcomes.append(course.grade_one(assignment, student, force))
        course.export()
    summary.seconds = time.monotonic() - start
    return summary


def why_not_gradable(folder: Path, wanted: Iterable[str]) -> str:
    """Why a submission cannot be graded, in a sentence with the file and the cure; nothing if it can.

    Args:
        folder: ``submitted/STUDENT/ASSIGNMENT``.
        wanted: the file names of the assignment's notebooks.

    >>> why_not_gradable(Path("nobody"), ["convolution.ipynb"])
    'nobody holds no notebook: ask for convolution.ipynb, and put it there.'
    """
    wanted = sorted(wanted)
    try:
        found = sorted(path.name for path in folder.glob("*.ipynb"))
    except OSError as error:
        return f"{folder} cannot be read ({error.strerror}): make it readable."
    there = [name for name in wanted if name in found]
    if not there:
        needed = " and ".join(wanted)
        if len(found) == 1 and len(wanted) == 1:
            return f"{folder / found[0]} has another name than the assignment's notebook: rename it to {needed}."
        if found:
            return f"{folder} holds {', '.join(found)} but no {needed}: rename the right one to {needed}."
        return f"{folder} holds no notebook: ask for {needed}, and put it there."
    for name in there:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            return f"{path} cannot be read ({error.strerror}): make it readable."
        except UnicodeDecodeError:
            return f"{path} is not a notebook, it is not even text: ask for the file again, saved by Jupyter."
        if not text.strip():
            return f"{path} is empty: ask for the file again."
        try:
            content = json.loads(text)
        except ValueError as error:
            if not text.lstrip().startswith("{"):
                return (
                    f"{path} is not a notebook, although its name says so: ask for the .ipynb file that Jupyter saves."
                )
            where = f"line {getattr(error, 'lineno', '?')}"
            return f"{path} is cut off or damaged at {where}, so it is no longer JSON: ask for the file again."
        if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
            return f"{path} is not a notebook, it has no cells: ask for the .ipynb file that Jupyter saves."
        try:
            nbformat.reads(text, as_version=4)
        except Exception as error:  # whatever a converter stumbles over in a file that is nearly a notebook
            problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            return f"{path} cannot be read as a notebook ({problem[:200]}): ask for the file again, saved by Jupyter."
    return ""


@contextlib.contextmanager
def open_course(root: str | os.PathLike):
    """The course of a folder, with its ``nbgrader_config.py`` in force; the working folder is the course meanwhile."""
    root = Path(root).resolve()
    if not (root / "nbgrader_config.py").is_file():
        raise CourseError(f"{root} is not a course folder: it has no nbgrader_config.py. Give the folder that has one.")
    from nbgrader.apps.baseapp import NbGrader
    from sqlalchemy.exc import SAWarning

    before = os.getcwd()
    os.chdir(root)
    log = io.StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            app = NbGrader()
            try:
                app.initialize([])
            except SystemExit as end:  # what nbgrader_config.py has to say
                raise CourseError(str(end)) from end
            handlers, app.log.handlers = app.log.handlers, [logging.StreamHandler(log)]
            app.log.propagate = False
            try:
                yield _Course(app, root, log)
            finally:
                app.log.handlers = handlers
    finally:
        os.chdir(before)


class _Course:
    """A course folder in nbgrader's eyes. What was graded is remembered in ``autograded/STUDENT/.ASSIGNMENT.json``."""

    def __init__(self, app, root: Path, log: io.StringIO):
        self.app, self.root, self.log = app, root, log
        self.directory = app.coursedir
        self._notebooks: dict[str, list[str]] = {}
        self._sources: dict[str, str] = {}

    def gradebook(self):
        from nbgrader.api import Gradebook

        return Gradebook(self.directory.db_url, self.directory.course_id)

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """The folder of a submission at a step: ``submitted``, ``autograded`` or ``feedback``."""
        return self.root / self.directory.format_path(getattr(self.directory, f"{step}_directory"), student, assignment)

    def submissions(self, assignments, students) -> list[tuple[str, str]]:
        """What is to be graded: (assignment, student), in order."""
        handed_in = self.root / self.directory.submitted_directory
        everybody = sorted(p.name for p in handed_in.iterdir() if p.is_dir()) if handed_in.is_dir() else []
        everybody = [name for name in everybody if not name.startswith(".")]
        with self.gradebook() as gradebook:
            for assignment in gradebook.assignments:
                if assignment.notebooks:
                    self._notebooks[assignment.name] = [f"{notebook.name}.ipynb" for notebook in assignment.notebooks]
                    cells = [(c.name, c.source) for n in assignment.notebooks for c in n.source_cells]
                    self._sources[assignment.name] = json.dumps(sorted(cells))
        if not self._notebooks:
            raise CourseError(
                f"The gradebook in {self.root} knows no assignment yet: run `cnncourse release` there, or "
                "`nbgrader generate_assignment NAME`."
            )
        if assignments is None:
            assignments = [a for a in sorted(self._notebooks) if any(self._handed_in(s, a) for s in everybody)]
        else:
            assignments = list(assignments)
            for name in assignments:
                if name not in self._notebooks:
                    known = ", ".join(sorted(self._notebooks))
                    raise CourseError(
                        f"There is no assignment {name!r} in the gradebook of {self.root}; it has {known}. "
                        f"`nbgrader generate_assignment {name}` adds a new one."
                    )
        if students is not None:
            students = list(students)
            for name in students:
                if name not in everybody:
                    raise CourseError(
                        f"{handed_in} has no folder {name!r}: see there how the students' folders are called."
                    )
            everybody = students
        work = [(a, s) for a in assignments for s in everybody if self._handed_in(s, a)]
        if not work:
            what = ", ".join(assignments) or "any assignment"
            raise CourseError(
                f"There are no submissions of {what}: put each notebook into {handed_in}/STUDENT/ASSIGNMENT/, "
                "or fetch them with `nbgrader collect ASSIGNMENT`."
            )
        return work

    def notebooks(self, assignment: str) -> list[str]:
        """The file names of the assignment's notebooks; :meth:`submissions` must have been called."""
        return self._notebooks[assignment]

    def grades(self, gradebook, assignment: str, student: str) -> dict[str, float | None] | None:
        """Points by the name of the graded cell, None where a person must mark; None if nothing was graded."""
        submission = self._submission(gradebook, assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades] if submission else []
        if all(grade.auto_score is None and grade.manual_score is None for grade in grades):
            return None
        unmarked = {g.name for g in grades if g.auto_score is None and g.manual_score is None}
        return {grade.name: None if grade.name in unmarked else round(grade.score, 2) for grade in grades}

    def _handed_in(self, student: str, assignment: str) -> bool:
        return self.folder("submitted", student, assignment).is_dir()

    # One submission

    def grade_one(self, assignment: str, student: str, force: bool) -> Outcome:
        handed_in = self.folder("submitted", student, assignment)
        shown = handed_in.relative_to(self.root)
        problem = why_not_gradable(handed_in, self._notebooks[assignment])
        if glob.escape(student) != student or "+" in student or student != student.strip():
            problem = f"{shown.parent}: nbgrader cannot work with this name: rename the folder, without * ? [ +."
        if problem:
            with self.gradebook() as gradebook:
                gradebook.update_or_create_student(student)
            earlier = self._points(assignment, student)
            if earlier["points"] is not None:
                problem += " The mark in the gradebook is that of an earlier version."
            return Outcome(
                assignment, student, "needs a person", problem.replace(f"{self.root}{os.sep}", ""), **earlier
            )
        digest = self._digest(assignment, handed_in)
        record = self.root / self.directory.autograded_directory / student / f".{assignment}.json"
        known = _read(record)
        points = self._points(assignment, student)
        state = "unchanged"
        if (
            force
            or known.get("submission") != digest
            or points["points"] is None
            or not self._is_autograded(assignment, student)
        ):
            # Without its record a half-made copy is not taken for a whole one, whenever this is interrupted.
            record.unlink(missing_ok=True)
            known, state = {}, "graded"
            failure = self._run("Autograde", assignment, student)
            if failure:
                note = f"nbgrader could not grade {shown}: {failure}"
                return Outcome(assignment, student, "needs a person", note, **self._points(assignment, student))
            points = self._points(assignment, student)
        marks = self._marks(assignment, student)
        if known.get("marks") != marks or not any(self.folder("feedback", student, assignment).glob("*.html")):
            failure = self._run("GenerateFeedback", assignment, student)
            if failure:
                note = f"{shown} is graded, but there is no feedback: {failure}"
                return Outcome(assignment, student, "needs a person", note, **points)
            _write(record, {"submission": digest, "marks": marks})
        return Outcome(assignment, student, state, **points)

    def _digest(self, assignment: str, folder: Path) -> str:
        """What was handed in, and what it is held against: a change in either is a reason to grade again."""
        digest = hashlib.sha256(self._sources[assignment].encode())
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(f"\0{path.relative_to(folder)}\0".encode(errors="surrogateescape"))
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _is_autograded(self, assignment: str, student: str) -> bool:
        folder = self.folder("autograded", student, assignment)
        return any((folder / name).is_file() for name in self._notebooks[assignment])

    def _submission(self, gradebook, assignment: str, student: str):
        from nbgrader.api import MissingEntry

        try:
            return gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None

    def _points(self, assignment: str, student: str) -> dict:
        with self.gradebook() as gradebook:
            if self.grades(gradebook, assignment, student) is None:
                return {"points": None, "most": None, "by_hand": 0}
            submission = self._submission(gradebook, assignment, student)
            by_hand = sum(
                bool(grade.needs_manual_grade) for notebook in submission.notebooks for grade in notebook.grades
            )
            return {"points": round(submission.score, 2), "most": submission.max_score, "by_hand": by_hand}

    def _marks(self, assignment: str, student: str) -> str:
        """All that a person or a program wrote into the gradebook: when it changes, so must the feedback."""
        with self.gradebook() as gradebook:
            submission = self._submission(gradebook, assignment, student)
            marks = []
            for notebook in submission.notebooks if submission else ():
                marks += [(g.name, g.auto_score, g.manual_score, g.extra_credit) for g in notebook.grades]
                marks += [(c.name, c.auto_comment, c.manual_comment) for c in notebook.comments]
            return hashlib.sha256(json.dumps(sorted(marks, key=str)).encode()).hexdigest()

    def _run(self, converter: str, assignment: str, student: str) -> str:
        """Run one of nbgrader's converters on one submission. Returns what went wrong, or nothing."""
        from nbgrader import converters
        from nbgrader.converters import NbGraderException

        self.directory.assignment_id, self.directory.student_id = assignment, student
        self.log.seek(0)
        self.log.truncate()
        try:
            made = getattr(converters, converter)(coursedir=self.directory, parent=self.app)
            made.force = True
            made.start()
        except NbGraderException:
            # nbgrader logs a traceback; its last line says what happened.
            lines = [line.strip() for line in self.log.getvalue().splitlines()]
            told = [
                line
                for line in lines
                if ": " in line and line.split(":")[0].endswith(("Error", "Exception", "Warning"))
            ]
            return told[-1] if told else (lines[-1] if lines else "nbgrader does not say why.")
        except Exception as error:
            return traceback.format_exception_only(error)[-1].strip()
        finally:
            self.directory.assignment_id, self.directory.student_id = "", "*"
        return ""

    def export(self) -> None:
        """Write ``grades.csv``, as ``nbgrader export`` does."""
        from nbgrader.plugins import CsvExportPlugin

        plugin = CsvExportPlugin(parent=self.app)
        plugin.to = str(self.root / GRADES)
        with self.gradebook() as gradebook:
            plugin.export(gradebook)


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: dict) -> None:
    """In one step, so that nobody ever reads half of it."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)
