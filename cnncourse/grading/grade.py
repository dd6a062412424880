"""Grade a class: from what was handed in to gradebook, autograded notebooks, feedback and ``grades.csv``.

The gradebook and the notebooks are nbgrader's own, so stock commands and ``cnncourse grade`` can be mixed. Submissions
are marked by processes on this machine or on a cluster (:mod:`cnncourse.grading.workers`); what comes of them is
written here, by one writer, each thing in one step. So a run that was interrupted, in whatever way, goes on where it
stopped, and whoever is graded and has handed in nothing new is left alone.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import glob
import hashlib
import importlib
import io
import json
import os
import queue
import re
import stat
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tqdm import tqdm

from cnncourse.grading import cells, feedback, workers
from cnncourse.grading.frame import Book, plain, write_whole
from cnncourse.grading.gradebook import Given, Gradebook, Penalty, Score
from cnncourse.grading.job import Job, Mark, Marked, Notebook
from cnncourse.grading.learners import to_cell
from cnncourse.grading.release import CourseError, configuration
from cnncourse.grading.sandbox import why_not

__all__ = ["Course", "Outcome", "Record", "Summary", "grade", "why_not_gradable"]

GRADES = "grades.csv"
UNPROTECTED = (
    "Without a sandbox the learners' code runs as you: it can read and change your files, the gradebook and the other "
    "submissions, use the network, and fill memory and disk."
)
_IN_FLIGHT = 256 * 2**20  # bytes of submissions that are out for marking at a time
_TOGETHER = 32  # submissions that are written together
_SECONDS = 1.0  # after which what is there is written, however little
_MOST_FILES = 50 * 10**6  # bytes of what was handed in beside the notebooks


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
    gradebook: str
    feedback: Path
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def needs_a_person(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.state == "needs a person"]

    @property
    def grades(self) -> Path:
        return self.root / GRADES

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
            lines += [f"  {plain(outcome.student)}: {plain(outcome.note)}" for outcome in self.needs_a_person]
        lines += [f"Grades:    {self.grades}", f"Gradebook: {self.gradebook}", f"Feedback:  {self.feedback}"]
        return "\n".join(lines)


@dataclass
class Record:
    """What is remembered of a submission, in ``autograded/STUDENT/.ASSIGNMENT.json``.

    Args:
        submission: digest of what was marked, of what it was held against, and of the checks.
        problem: why it could not be graded, or nothing. The rest is then of the version before, if there was one.
        again: whether the next run tries again although nothing changed.
        given: digest of what the gradebook said when the feedback was written.
        sizes: bytes of each autograded notebook.
        marks: by notebook, what each graded cell earned.
        notes: for the instructor, each a sentence.
        seconds: what the marking took.
    """

    submission: str = ""
    problem: str = ""
    again: bool = False
    given: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record, or an empty one."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            made = cls(**content)
            made.marks = {name: [Mark(**mark) for mark in marks] for name, marks in made.marks.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return cls()
        return made

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self), ensure_ascii=False))


# A course's folder ----------------------------------------------------------------------------------------------------


class Course:
    """A course folder: its ``nbgrader_config.py``, its submissions, its gradebook.

    Args:
        root: the folder with ``nbgrader_config.py``.

    Raises:
        CourseError: it has none, or one that cannot be read.
    """

    def __init__(self, root: str | os.PathLike):
        self.root = Path(root).resolve()
        if not (self.root / "nbgrader_config.py").is_file():
            raise CourseError(
                f"{self.root} is not a course folder: it has no nbgrader_config.py. Give the folder that has one."
            )
        self.config, self.seed = configuration(self.root)
        self._notebooks: dict[str, tuple[Notebook, ...]] = {}
        with self.gradebook() as gradebook:
            self._names = gradebook.assignments()

    def _setting(self, name: str, default):
        return self.config.CourseDirectory.get(name, default)

    @property
    def db_url(self) -> str:
        """Where the gradebook is."""
        url = self._setting("db_url", "") or "sqlite:///gradebook.db"
        scheme, slashes, path = url.partition(":///")
        return f"{scheme}{slashes}{self.root / path}" if scheme.startswith("sqlite") else url

    def gradebook(self) -> Gradebook:
        return Gradebook(self.db_url)

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """The folder of a submission at a step: ``submitted``, ``autograded`` or ``feedback``."""
        usual = os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")
        structure = self._setting("directory_structure", usual)
        names = {"nbgrader_step": self.step(step), "student_id": student, "assignment_id": assignment}
        return self.root / structure.format(**names)

    def step(self, step: str) -> str:
        """The name of the folder of a step: ``source``, ``release``, ``submitted``, ``autograded``, ``feedback``."""
        return self._setting(f"{step}_directory", step)

    def assignments(self) -> list[str]:
        """The assignments that the gradebook knows."""
        return sorted(self._names)

    def notebooks(self, assignment: str) -> list[str]:
        """The file names of an assignment's notebooks."""
        return [f"{name}.ipynb" for name in self._names[assignment]]

    def handed_out(self, assignment: str) -> tuple[Notebook, ...]:
        """What a submission of the assignment is held against."""
        if assignment not in self._notebooks:
            with self.gradebook() as gradebook:
                released = self.root / self.step("release") / assignment
                self._notebooks[assignment] = gradebook.notebooks(assignment, released)
        return self._notebooks[assignment]

    def submissions(
        self, assignments: Iterable[str] | None = None, students: Iterable[str] | None = None
    ) -> list[tuple[str, str]]:
        """What was handed in: (assignment, student), in order.

        Raises:
            CourseError: the gradebook knows no assignment, or not one of these; there is no such student; or nobody
                handed in anything.
        """
        handed_in = self.root / self.step("submitted")
        excluded = self._setting("student_id_exclude", "").split(",")
        everybody = sorted(p.name for p in handed_in.iterdir() if p.is_dir()) if handed_in.is_dir() else []
        everybody = [name for name in everybody if not name.startswith(".") and name not in excluded]
        if not self._names:
            raise CourseError(
                f"The gradebook in {self.root} knows no assignment yet: run `cnncourse release` there, or "
                "`nbgrader generate_assignment NAME`."
            )
        what = "any assignment"
        if assignments is None:
            assignments = self.assignments()
        else:
            assignments = list(assignments)
            what = ", ".join(assignments)
            for name in assignments:
                if name not in self._names:
                    known = ", ".join(self.assignments())
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
        work = [(a, s) for a in assignments for s in everybody if self.folder("submitted", s, a).is_dir()]
        if not work:
            raise CourseError(
                f"There are no submissions of {what}: put each notebook into {handed_in}/STUDENT/ASSIGNMENT/, "
                "or fetch them with `nbgrader collect ASSIGNMENT`."
            )
        return work

    def record(self, assignment: str, student: str) -> Record:
        """What is remembered of a submission; an empty record if it was never looked at."""
        return Record.read(self.record_file(assignment, student))

    def record_file(self, assignment: str, student: str) -> Path:
        folder = self.folder("autograded", student, assignment)
        return folder.with_name(f".{folder.name}.json")

    def short(self, text: str | Path) -> str:
        """Without the way to the course's folder."""
        return str(text).replace(f"{self.root}{os.sep}", "")

    def penalty(self) -> Penalty | None:
        """nbgrader's penalty for handing in late, as it is configured; None where there is none."""
        plugin = self.config.AssignLatePenalties.get("plugin_class")
        if plugin is not None:  # a plugin of the instructor's own, which is made of nbgrader's
            if isinstance(plugin, str):
                module, _, name = plugin.rpartition(".")
                plugin = getattr(importlib.import_module(module), name)
            return plugin(config=self.config).late_submission_penalty
        if self.config.LateSubmissionPlugin.get("penalty_method") == "zero":
            return lambda student, points, late: points
        return None


# One submission -------------------------------------------------------------------------------------------------------


def why_not_gradable(folder: Path, wanted: Iterable[str]) -> str:
    """Why a submission cannot be graded, in a sentence with the file and the cure; nothing if it can.

    Args:
        folder: ``submitted/STUDENT/ASSIGNMENT``.
        wanted: the file names of the assignment's notebooks.

    >>> why_not_gradable(Path("nobody"), ["convolution.ipynb"])
    'nobody holds no notebook: ask for convolution.ipynb, and put it there.'
    """
    try:
        for name, content in _notebooks_of(folder, wanted).items():
            cells.read_notebook(str(folder / name), content)
    except ValueError as problem:
        return str(problem)
    return ""


class _Unusable(ValueError):
    """A folder that cannot be what was asked for; the message names it and the cure."""


def _notebooks_of(folder: Path, wanted: Iterable[str]) -> dict[str, bytes]:
    """The notebooks in a submission's folder that were asked for."""
    wanted = sorted(wanted)
    try:
        found = sorted(path.name for path in folder.glob("*.ipynb"))
    except OSError as error:
        raise _Unusable(f"{folder} cannot be read ({error.strerror}): make it readable.") from error
    if folder.is_symlink():
        raise _Unusable(f"{folder} is a link to another place: put the files themselves there.")
    there = [name for name in wanted if name in found]
    if not there:
        needed = " and ".join(wanted)
        if len(found) == 1 and len(wanted) == 1:
            other = folder / found[0]
            raise _Unusable(f"{other} has another name than the assignment's notebook: rename it to {needed}.")
        if found:
            names = ", ".join(found[:5]) + (" and others" if len(found) > 5 else "")
            raise _Unusable(f"{folder} holds {names} but no {needed}: rename the right one to {needed}.")
        raise _Unusable(f"{folder} holds no notebook: ask for {needed}, and put it there.")
    return {name: _content(folder / name) for name in there}


def _content(path: Path) -> bytes:
    """A file's content, if it is a file: a link could be to somebody else's, and reading a pipe never ends."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise _Unusable(f"{path} is not a file: ask for the file itself.")
            if status.st_size > cells.LARGEST:
                raise _Unusable(cells.too_large(str(path)))
            return file.read()
    except OSError as error:
        if path.is_dir():
            raise _Unusable(f"{path} is not a file: ask for the file itself.") from error
        if path.is_symlink():
            raise _Unusable(f"{path} is a link to another place: ask for the file itself.") from error
        raise _Unusable(f"{path} cannot be read ({error.strerror}): make it readable.") from error


def _others_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files beside the notebooks, as far as they are files, and not more than is sensible."""
    left = _MOST_FILES
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".ipynb") or entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                continue
            if entry.stat(follow_symlinks=False).st_size <= left:
                try:
                    content = _content(Path(entry.path))
                except _Unusable:
                    continue
                left -= len(content)
                yield entry.name, content


def _why_not_named(name: str) -> str:
    """Why neither nbgrader nor a database can work with a learner's name, or nothing."""
    if glob.escape(name) != name or "+" in name or name != name.strip():
        return "nbgrader cannot work with this name: rename the folder, without * ? [ +."
    if len(name) > 128 or not name.isprintable() or "\\" in name:
        return "a gradebook cannot hold this name: rename the folder."
    return ""


def _job(course: Course, assignment: str, student: str) -> Job:
    """What is to be marked.

    Raises:
        ValueError: what was handed in cannot be graded; the message says why.
    """
    folder = course.folder("submitted", student, assignment)
    if problem := _why_not_named(student):
        raise _Unusable(f"{folder.parent}: {problem}")
    if folder.parent.is_symlink():
        raise _Unusable(f"{folder.parent} is a link to another place: put the files themselves there.")
    files = _notebooks_of(folder, course.notebooks(assignment))
    handed_out = course.root / course.step("release") / assignment
    others = dict(_others_of(folder)) | (dict(_others_of(handed_out)) if handed_out.is_dir() else {})
    return Job(assignment, student, course.handed_out(assignment), others | files, course.seed)


def _digest(job: Job) -> str:
    """What was handed in, and what it is held against: a change in either is a reason to grade again."""
    digest = hashlib.sha256(workers.version(job.assignment).encode())
    digest.update(repr((job.assignment, job.notebooks, job.seed)).encode())
    for name, content in sorted(job.files.items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _timestamp(files: dict[str, bytes]) -> datetime | None:
    """When it was handed in (UTC), as nbgrader's ``collect`` noted it; None where it did not.

    >>> _timestamp({"timestamp.txt": b"2026-03-01 10:30:00.5 +0200"})
    datetime.datetime(2026, 3, 1, 8, 30, 0, 500000)
    """
    from dateutil import parser, tz

    words = files.get("timestamp.txt", b"")[:100].decode(errors="replace").strip().split(" ")
    zone = None
    if len(words) == 3:  # the last is a number of hours and minutes, or the name of a place
        sign = re.fullmatch(r"([+-]?)(\d\d):?(\d\d)", words[2])
        if sign:
            offset = timedelta(hours=int(sign[2]), minutes=int(sign[3]))
            zone = tz.tzoffset(None, -offset if sign[1] == "-" else offset)
        elif re.fullmatch(r"[A-Za-z]\w*(/[A-Za-z]\w*)*", words[2]):  # no path: gettz would open the file
            zone = tz.gettz(words[2])
        words = words[:2]
    try:
        read = parser.parse(" ".join(words))
        if zone is not None and read.tzinfo is None:
            read = read.replace(tzinfo=zone)
        return read.replace(tzinfo=None) - (read.utcoffset() or timedelta()) if read.tzinfo else read
    except Exception:  # of a text that is no time, the parser can raise many things; of the year 9999, the sum
        return None


# Many -----------------------------------------------------------------------------------------------------------------


def grade(
    course_root: str | os.PathLike,
    assignments: Iterable[str] | None = None,
    students: Iterable[str] | None = None,
    *,
    force: bool = False,
    progress: bool | None = None,
    count: int | None = None,
    scheduler: str | None = None,
    local_cluster: bool = False,
    sandbox: bool = True,
    setup: workers.Setup | None = None,
) -> Summary:
    """Grade the submissions of a course folder and write feedback and ``grades.csv``.

    Args:
        course_root: the folder with ``nbgrader_config.py``; submissions lie in ``submitted/STUDENT/ASSIGNMENT/``.
        assignments: which assignments; without, all that somebody handed in.
        students: which students; without, everybody.
        force: grade again what is graded and unchanged. Marks and comments given by hand are kept in any case.
        progress: show a progress bar on stderr; without, where that is a terminal.
        count: how many processes mark; without, as many as there are processors.
        scheduler: the address of a Dask cluster that marks instead, such as ``tcp://10.0.0.1:8786``.
        local_cluster: start such a cluster on this machine.
        sandbox: shut the learners' code in; without, it can do whatever you can.
        setup: who marks, where that is not the judge.

    Returns:
        A :class:`Summary` with one :class:`Outcome` for each submission. A submission that cannot be graded is one of
        them, never an error; nothing in ``submitted/`` is touched.

    Raises:
        CourseError: there is no such course, assignment or student, or there are no submissions; or nobody can mark.
            The message says what to do.

    However it is interrupted, it leaves each submission either graded or to be graded by the next run.
    """
    start = time.monotonic()
    course = Course(course_root)
    work = course.submissions(assignments, students)
    setup = setup or workers.Setup(sandbox=sandbox, version=workers.version())
    if setup.sandbox and setup.mark == workers.MARK and not scheduler:
        if reason := why_not():
            raise CourseError(f"{reason} With --no-sandbox it is done without. {UNPROTECTED}")
    with course.gradebook() as gradebook:
        gradebook.prepare()
        with (
            tqdm(total=len(work), unit=" submissions", disable=None if progress is None else not progress) as bar,
            workers.crew(setup, count=count, scheduler=scheduler, local_cluster=local_cluster) as crew,
        ):
            try:
                outcomes = _Batch(course, gradebook, crew, force, bar).run(work)
            except PermissionError as error:
                raise CourseError(f"{error.filename} cannot be written: make it yours, then go on.") from error
        order = {submission: number for number, submission in enumerate(work)}
        outcomes.sort(key=lambda outcome: order[outcome.assignment, outcome.student])
        _write_grades(course.root / GRADES, gradebook)
        where = str(gradebook)
    return Summary(course.root, where, course.root / course.step("feedback"), outcomes, time.monotonic() - start)


@dataclass
class _Known:
    """What is known of a submission that is to be marked, until it is."""

    assignment: str
    student: str
    digest: str
    size: int
    files: dict[str, bytes]  # what lies beside the notebooks, for nbgrader's later steps
    timestamp: datetime | None


class _Batch:
    """One run: hands out what is new, and writes what comes back."""

    def __init__(self, course: Course, gradebook: Gradebook, crew, force: bool, bar: tqdm):
        self.course, self.gradebook, self.crew, self.force, self.bar = course, gradebook, crew, force, bar
        self.outcomes: list[Outcome] = []
        self.penalty = course.penalty()
        self.book = Book.find(course.root)
        self._finished: queue.SimpleQueue = queue.SimpleQueue()

    def run(self, work: list[tuple[str, str]]) -> list[Outcome]:
        todo = self._jobs(work)
        out: dict[object, _Known] = {}
        back: list[tuple[_Known, Marked | str]] = []
        written, more = time.monotonic(), True
        while more or out:
            while more and self._room(out):
                job, known = next(todo, (None, None))
                if job is None:
                    more = False
                    break
                future = self.crew.submit(job)
                out[future] = known
                future.add_done_callback(self._finished.put)
                del job, future
            if out:
                with contextlib.suppress(queue.Empty):  # then what is back is written meanwhile
                    future = self._finished.get(timeout=_SECONDS if back else None)
                    back.append((out.pop(future), self._result(future)))
                    del future
            if len(back) >= _TOGETHER or back and (time.monotonic() - written > _SECONDS or not out):
                self._write(back)
                back.clear()
                written = time.monotonic()
        return self.outcomes

    def _room(self, out: dict) -> bool:
        return not out or (len(out) < 4 * self.crew.size + 4 and sum(known.size for known in out.values()) < _IN_FLIGHT)

    def _result(self, future) -> Marked | str:
        """What came of a submission, or why nothing did."""
        try:
            return future.result()
        except CourseError:
            raise
        except CancelledError as error:
            raise CourseError(
                "The cluster is gone. Nothing is lost: start it again, and run the same command to go on."
            ) from error
        except Exception as error:
            return str(error) or type(error).__name__

    # What is to be done

    def _jobs(self, work: list[tuple[str, str]]) -> Iterator[tuple[Job, _Known]]:
        """What is new or changed; what is not is told at once."""
        for start in range(0, len(work), 200):
            part = work[start : start + 200]
            for assignment in dict.fromkeys(name for name, _ in part):
                students = [student for name, student in part if name == assignment]
                scores, given = self._in_gradebook(assignment, students)
                nobody = []
                for student in students:
                    known = self._look(assignment, student, scores.get(student), given.get(student, []))
                    if isinstance(known, str):
                        nobody.append(student)
                        self._needs_a_person(assignment, student, known, scores.get(student))
                    elif known:
                        yield known
                self.gradebook.add_students(name for name in nobody if not _why_not_named(name))

    def _in_gradebook(self, assignment: str, students: list[str]) -> tuple[dict[str, Score], dict[str, list[Given]]]:
        students = [name for name in students if not _why_not_named(name)]
        scores = {score.student: score for score in self.gradebook.scores(assignment, students)}
        return scores, self.gradebook.given(assignment, students)

    def _look(self, assignment: str, student: str, score: Score | None, given: list[Given]):
        """A job and what is known of it; None if there is nothing to do; or why it cannot be graded."""
        try:
            job = _job(self.course, assignment, student)
        except _Unusable as error:
            problem = self.course.short(str(error))
            if not _why_not_named(student):
                self._remember(assignment, student, "", problem, again=False)
            return problem
        digest = _digest(job)
        record = self.course.record(assignment, student)
        if not self.force and record.submission == digest:
            if record.problem and not record.again:
                return record.problem
            if not record.problem and score and self._agrees(record, given) and self._is_autograded(record, job):
                if record.given != _said(given, score) or not self._has_feedback(record, assignment, student):
                    self._write_feedback(self._marked_before(record, job), given, score, job.files)
                    record.given = _said(given, score)
                    record.write(self.course.record_file(assignment, student))
                self._done(assignment, student, "unchanged", score)
                return None
        wanted = self.course.notebooks(assignment)
        others = {name: content for name, content in job.files.items() if name not in wanted}
        size = sum(map(len, job.files.values()))
        return job, _Known(assignment, student, digest, size, others, _timestamp(job.files))

    def _agrees(self, record: Record, given: list[Given]) -> bool:
        """Whether the gradebook has the marks that were written into it."""
        there = {(one.notebook, one.cell): one.auto_score for one in given}
        marks = [(name, mark) for name, marks in record.marks.items() for mark in marks if mark.most]
        return bool(record.sizes) and all(there.get((name, m.cell), "none") == m.points for name, m in marks)

    def _is_autograded(self, record: Record, job: Job) -> bool:
        folder = self.course.folder("autograded", job.student, job.assignment)
        return all(_size(folder / f"{name}.ipynb") == size for name, size in record.sizes.items())

    def _has_feedback(self, record: Record, assignment: str, student: str) -> bool:
        folder = self.course.folder("feedback", student, assignment)
        return all(_size(folder / f"{name}.html") for name in record.sizes)

    def _marked_before(self, record: Record, job: Job) -> Marked:
        folder = self.course.folder("autograded", job.student, job.assignment)
        notebooks = {name: (folder / f"{name}.ipynb").read_bytes() for name in record.sizes}
        return Marked(job.assignment, job.student, "", notebooks, record.marks, record.notes, record.seconds)

    # What is written

    def _write(self, back: list[tuple[_Known, Marked | str]]) -> None:
        """Write what came back: notebooks, then the gradebook, then feedback, then the record that all is there."""
        good = []
        for known, marked in back:
            where = self.course.short(self.course.folder("submitted", known.student, known.assignment))
            if isinstance(marked, str):
                problem = f"{where} could not be marked: {marked}. Run the same command to try again, or look at it."
                self._refuse(known, problem, again=True)
            elif marked.problem:
                named = any(marked.problem.startswith(name) for name in self.course.notebooks(known.assignment))
                self._refuse(known, f"{where}{os.sep if named else ': '}{marked.problem}", again=False)
            else:
                good.append((known, marked))
        for known, marked in list(good):
            try:
                # Without its record a half-written submission is not taken for a whole one.
                self.course.record_file(known.assignment, known.student).unlink(missing_ok=True)
                self._write_autograded(known, marked)
            except (OSError, ValueError) as error:
                if getattr(error, "errno", None) == errno.ENOSPC:
                    raise CourseError("The disk is full: make room, and run the same command to go on.") from error
                good.remove((known, marked))
                where = self.course.short(self.course.folder("submitted", known.student, known.assignment))
                problem = f"{where}: what came of it could not be written ({plain(str(error))[:200]})."
                self._refuse(known, problem, again=True)
        self.gradebook.write([(marked, known.timestamp) for known, marked in good], self.penalty)
        for assignment in dict.fromkeys(known.assignment for known, _ in good):
            mine = [(known, marked) for known, marked in good if known.assignment == assignment]
            scores, given = self._in_gradebook(assignment, [known.student for known, _ in mine])
            for known, marked in mine:
                score, own = scores[known.student], given.get(known.student, [])
                self._write_feedback(marked, own, score, known.files)
                sizes = {name: len(content) for name, content in marked.notebooks.items()}
                record = Record(
                    known.digest, "", False, _said(own, score), sizes, marked.marks, marked.notes, marked.seconds
                )
                record.write(self.course.record_file(assignment, known.student))
                self._done(assignment, known.student, "graded", score)

    def _refuse(self, known: _Known, problem: str, again: bool) -> None:
        self._remember(known.assignment, known.student, known.digest, problem, again)
        self.gradebook.add_students([known.student])
        scores, _ = self._in_gradebook(known.assignment, [known.student])
        self._needs_a_person(known.assignment, known.student, problem, scores.get(known.student))

    def _remember(self, assignment: str, student: str, digest: str, problem: str, again: bool) -> None:
        """That a submission could not be graded; what is known of the version before stays."""
        record = self.course.record(assignment, student)
        if (record.submission, record.problem, record.again) != (digest, problem, again):
            record.submission, record.problem, record.again = digest, problem, again
            record.write(self.course.record_file(assignment, student))

    def _write_autograded(self, known: _Known, marked: Marked) -> None:
        folder = self.course.folder("autograded", known.student, known.assignment)
        files = known.files | {f"{name}.ipynb": content for name, content in marked.notebooks.items()}
        pages = self.course.folder("feedback", known.student, known.assignment)
        for name in self.course.notebooks(known.assignment):
            if name not in files:  # of a version before, which had it
                (folder / name).unlink(missing_ok=True)
                (pages / name).with_suffix(".html").unlink(missing_ok=True)
        mode = 0o664 if self.course.config.CourseDirectory.get("groupshared", False) else 0o444
        for name, content in files.items():
            write_whole(folder / name, content)
            (folder / name).chmod(mode)

    def _write_feedback(self, marked: Marked, given: list[Given], score: Score, files: dict[str, bytes]) -> None:
        by_hand: dict[str, dict[str, feedback.ByHand]] = {}
        for one in given:
            if one.manual_score is not None or one.extra_credit or one.manual_comment:
                hand = feedback.ByHand(one.manual_score, one.extra_credit or 0.0, one.manual_comment or "")
                by_hand.setdefault(one.notebook, {})[one.cell] = hand
        folder = self.course.root / self.course.step("feedback")
        titles = {notebook.name: _title(notebook) for notebook in self.course.handed_out(marked.assignment)}
        options = {"by_hand": by_hand, "late": score.penalties, "files": files, "titles": titles, "book": self.book}
        feedback.write(folder, marked, **options)

    def _needs_a_person(self, assignment: str, student: str, problem: str, score: Score | None) -> None:
        if score and score.points is not None:
            problem += " The mark in the gradebook is that of an earlier version."
        self._done(assignment, student, "needs a person", score, problem)

    def _done(self, assignment: str, student: str, state: str, score: Score | None, note: str = "") -> None:
        there = score is not None and score.points is not None
        mark = (round(score.points, 2), score.most, score.by_hand) if there else (None, None, 0)
        self.outcomes.append(Outcome(assignment, student, state, note, *mark))
        self.bar.update()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _title(notebook: Notebook) -> str:
    """A notebook's first heading, or nothing."""
    kind, text = next(iter(notebook.released), ("", ""))
    heading = re.match(r"# +(.+)", text)
    return heading[1].strip() if heading and kind == "markdown" else ""


def _said(given: list[Given], score: Score) -> str:
    """A digest of what the gradebook says of a submission: when it changes, so must the feedback."""
    return hashlib.sha256(repr((given, sorted(score.penalties.items()))).encode()).hexdigest()


def _write_grades(path: Path, gradebook: Gradebook) -> None:
    """``grades.csv``, with the columns of ``nbgrader export``: everybody in the gradebook, for every assignment."""
    scores = {(score.assignment, score.student): score for score in gradebook.scores()}
    most, students, text = gradebook.most(), gradebook.students(), io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"]
        + ["raw_score", "late_submission_penalty", "score", "max_score"]
    )
    for assignment, duedate in sorted(gradebook.duedates().items()):
        for student in students:
            names = [to_cell(part or "") for part in (student.id, student.last_name, student.first_name, student.email)]
            score = scores.get((assignment, student.id)) or Score(assignment, student.id, None, 0.0)
            raw = score.points or 0.0
            sums = [raw, score.penalty, max(0.0, raw - score.penalty), most.get(assignment, 0.0)]
            table.writerow([assignment, duedate or "", score.timestamp or "", *names, *map(float, sums)])
    write_whole(path, text.getvalue())
