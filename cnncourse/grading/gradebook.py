"""nbgrader's gradebook without nbgrader: its own tables, many marks at once, sums in SQL.

nbgrader takes 77 ms to write the marks of one submission and seconds to be imported. What is written here are the rows
that ``nbgrader autograde`` leaves (its ``SaveAutoGrades`` and ``AssignLatePenalties``), so every stock command and the
formgrader go on with them. A gradebook is a SQLite file or, by its URL, a PostgreSQL database.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from time import time_ns

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Interval,
    MetaData,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    create_engine,
    event,
    func,
    insert,
    inspect,
    literal_column,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from cnncourse.grading import cells
from cnncourse.grading.job import Cell, Mark, Marked, Notebook
from cnncourse.grading.release import CourseError

__all__ = ["TABLES", "Given", "Gradebook", "Penalty", "Score", "Student"]

PATIENCE = 30  # seconds to wait while another program writes
_AT_ONCE = 400  # submissions, so that a list of them fits into one statement

# As nbgrader.api declares them; a test compares.
TABLES = MetaData()


def _table(name: str, *columns: Column) -> Table:
    return Table(name, TABLES, *columns)


def _id(length: int = 32) -> Column:
    return Column("id", String(length), primary_key=True, nullable=False)


def _link(name: str, to: str, length: int = 32, nullable: bool = True) -> Column:
    return Column(name, String(length), ForeignKey(f"{to}.id"), nullable=nullable)


_course = _table("course", _id(128))
_assignment = _table(
    "assignment",
    _id(),
    Column("name", String(128), nullable=False),
    Column("duedate", DateTime()),
    _link("course_id", "course", 128, nullable=False),
)
_notebook = _table(
    "notebook",
    _id(),
    Column("name", String(128), nullable=False),
    _link("assignment_id", "assignment"),
    Column("kernelspec", String(1024)),
)
_base_cell = _table(
    "base_cell",
    _id(),
    Column("name", String(128), nullable=False),
    _link("notebook_id", "notebook", nullable=False),
    Column("type", String(50)),
)


def _part(name: str, *columns: Column) -> Table:
    return _table(name, Column("id", String(32), ForeignKey("base_cell.id"), primary_key=True), *columns)


_GRADED = ("max_score", Float()), ("cell_type", String(8))
_grade_cells = _part("grade_cells", *(Column(name, kind, nullable=False) for name, kind in _GRADED))
_solution_cells = _part("solution_cells")
_task_cells = _part("task_cells", *(Column(name, kind, nullable=False) for name, kind in _GRADED))
_source_cell = _table(
    "source_cell",
    _id(),
    Column("name", String(128), nullable=False),
    Column("cell_type", String(8), nullable=False),
    Column("locked", Boolean(), nullable=False),
    Column("source", Text()),
    Column("checksum", String(128)),
    _link("notebook_id", "notebook"),
)
_student = _table(
    "student", _id(128), *(Column(name, String(128)) for name in ("first_name", "last_name", "email", "lms_user_id"))
)
_submission = _table(
    "submitted_assignment",
    _id(),
    _link("assignment_id", "assignment"),
    _link("student_id", "student", 128),
    Column("timestamp", DateTime()),
    Column("extension", Interval()),
)
_handed_in = _table(
    "submitted_notebook",
    _id(),
    _link("assignment_id", "submitted_assignment"),
    _link("notebook_id", "notebook"),
    Column("flagged", Boolean()),
    Column("late_submission_penalty", Float()),
)
_grade = _table(
    "grade",
    _id(),
    _link("notebook_id", "submitted_notebook"),
    _link("cell_id", "base_cell"),
    *(Column(name, Float()) for name in ("auto_score", "manual_score", "extra_credit")),
    Column("needs_manual_grade", Boolean(), nullable=False),
)
_comment = _table(
    "comment",
    _id(),
    _link("notebook_id", "submitted_notebook"),
    _link("cell_id", "base_cell"),
    *(Column(name, Text()) for name in ("auto_comment", "manual_comment")),
)
# What nbgrader has no index for: without them its own pages take a minute for a class of a thousand.
_INDEXES = [
    Index(f"ix_{column.table.name}_{column.name}", column)
    for column in (
        _grade.c.notebook_id,
        _comment.c.notebook_id,
        _handed_in.c.assignment_id,
        _submission.c.student_id,
    )
]

# The points of a row of `grade`: a person's mark counts before the program's, extra credit on top, 0 without a mark.
_own = case(
    (_grade.c.manual_score.is_not(None), _grade.c.manual_score),
    else_=_grade.c.auto_score,
)
_points = func.coalesce(_own + func.coalesce(_grade.c.extra_credit, 0.0), 0.0)

#: (student, points of the notebook, seconds late) → points to take away, or None: nbgrader's late penalty.
Penalty = Callable[[str, float, float], float | None]


@dataclass(frozen=True)
class Score:
    """What the gradebook says of one submission, added up.

    ``points`` is None where nothing has a mark. What handing in late costs is not taken off yet: ``penalties`` has it
    by notebook. ``by_hand`` is how many answers wait for a person.
    """

    assignment: str
    student: str
    points: float | None
    most: float
    by_hand: int = 0
    penalties: dict[str, float] = field(default_factory=dict)
    timestamp: datetime | None = None

    @property
    def penalty(self) -> float:
        """What handing in late costs."""
        return sum(self.penalties.values())


@dataclass(frozen=True)
class Given:
    """What one cell of a submission was given: the program's mark and comment, and a person's. ``most`` is None for an
    answer without points of its own, which can only have a comment."""

    notebook: str
    cell: str
    most: float | None = None
    auto_score: float | None = None
    manual_score: float | None = None
    extra_credit: float | None = None
    needs_manual_grade: bool = False
    auto_comment: str | None = None
    manual_comment: str | None = None

    @property
    def points(self) -> float | None:
        """The points that count; None where there is no mark yet.

        >>> Given("pooling", "check", 4, auto_score=1, manual_score=3, extra_credit=0.5).points
        3.5
        """
        own = self.auto_score if self.manual_score is None else self.manual_score
        return None if own is None else own + (self.extra_credit or 0.0)

    @property
    def comment(self) -> str | None:
        """The comment that counts: a person's, else the program's."""
        return self.auto_comment if self.manual_comment is None else self.manual_comment


@dataclass(frozen=True)
class Student:
    """A learner in the gradebook, with what an instructor has entered there."""

    id: str
    last_name: str | None = None
    first_name: str | None = None
    email: str | None = None


@dataclass
class _Plan:
    """An assignment's rows: what a submission of it has a row for."""

    id: str
    duedate: datetime | None
    notebooks: dict[str, str]  # name → id
    graded: dict[str, dict[str, str]]  # notebook's id → cell's name → id of the cell that a grade belongs to
    commented: dict[str, dict[str, str]]  # the same for comments


class Gradebook:
    """A course's gradebook.

    Args:
        url: as in nbgrader's ``CourseDirectory.db_url``: ``sqlite:////folder/gradebook.db``, ``postgresql://…``.

    Raises:
        CourseError: it cannot be opened, or it is of another version of nbgrader.
    """

    def __init__(self, url: str):
        self.url = make_url(url)
        self._lite = self.url.get_backend_name() == "sqlite"
        try:
            self._engine = create_engine(self.url, connect_args={"timeout": PATIENCE} if self._lite else {})
        except ImportError as error:
            raise CourseError(f"{self} needs the package {error.name}: pip install 'psycopg[binary]'") from error
        if self._lite:
            event.listen(self._engine, "connect", _no_hidden_begin)
            event.listen(self._engine, "begin", _begin)
        self._known = self._exists()

    def __str__(self) -> str:
        return str(self.url.database) if self._lite else self.url.render_as_string()  # without its password

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *problem) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    def _exists(self) -> bool:
        """Whether nbgrader has made its tables already."""
        if self._lite and not Path(str(self.url.database)).is_file():
            return False  # looking would make an empty one
        try:
            looked = inspect(self._engine)
            there = set(looked.get_table_names())
            if not there:
                return False
            for table in TABLES.tables.values():
                columns = {column["name"] for column in looked.get_columns(table.name)} if table.name in there else ()
                for column in table.columns:
                    if column.name not in columns:
                        raise CourseError(
                            f"{self} has no {table.name}.{column.name}, so it is of another version of nbgrader: "
                            "run `nbgrader db upgrade` in the course folder."
                        )
        except SQLAlchemyError as error:
            raise CourseError(f"{self} cannot be opened as a gradebook: {_said(error)}.") from error
        return True

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise CourseError(f"{self} cannot be read: {_said(error)}.") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction, alone from its first line: all of it is written, or nothing."""
        if not self._known:
            raise CourseError(f"{self} is not there: run `cnncourse release`, which makes it.")
        try:
            with self._engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
                yield connection
        except OperationalError as error:
            raise CourseError(
                f"{self} cannot be written: {_said(error)}. Is another program at work on it, or the disk full? "
                "Nothing is lost: run the same command again."
            ) from error

    # What was handed out ----------------------------------------------------------------------------------------------

    def assignments(self) -> dict[str, list[str]]:
        """The names of the assignments and of their notebooks, without those that have none."""
        found: dict[str, list[str]] = {}
        if self._known:
            which = select(_assignment.c.name, _notebook.c.name).join_from(_assignment, _notebook)
            with self._reading() as db:
                for assignment, notebook in db.execute(which.order_by(_assignment.c.name, _notebook.c.name)):
                    found.setdefault(assignment, []).append(notebook)
        return found

    def notebooks(self, assignment: str, released: Path | None = None) -> tuple[Notebook, ...]:
        """An assignment's notebooks.

        Args:
            assignment: its name.
            released: the folder of the notebooks that learners got. They tell the order of the cells and what else was
                handed out; without them the gradebook tells what it knows.

        Raises:
            CourseError: there is no such assignment.
        """
        with self._reading() as db:
            plan = self._plan(db, assignment)
            made = [self._one_notebook(db, name, id, released) for name, id in plan.notebooks.items()]
        return tuple(made)

    def notebook(self, assignment: str, name: str) -> Notebook:
        """One of an assignment's notebooks, as the gradebook has it."""
        with self._reading() as db:
            plan = self._plan(db, assignment)
            if name not in plan.notebooks:
                raise CourseError(f"{self} has no notebook {name!r} in {assignment}.")
            return self._one_notebook(db, name, plan.notebooks[name], None)

    def _one_notebook(self, db: Connection, name: str, id: str, released: Path | None) -> Notebook:
        points = {}
        for table in (_grade_cells, _task_cells):
            found = select(_base_cell.c.name, table.c.max_score).join_from(table, _base_cell)
            points[table] = dict(db.execute(found.where(_base_cell.c.notebook_id == id)).all())
        answers = select(_base_cell.c.name).join_from(_solution_cells, _base_cell)
        solutions = set(db.scalars(answers.where(_base_cell.c.notebook_id == id)))
        # In the order in which nbgrader wrote them, which is the notebook's.
        order = literal_column("source_cell.rowid" if self._lite else "source_cell.ctid")
        sources = db.execute(select(_source_cell).where(_source_cell.c.notebook_id == id).order_by(order)).all()
        made = [
            Cell(
                source.name,
                source.cell_type,
                source.source or "",
                grade=source.name in points[_grade_cells],
                solution=source.name in solutions,
                task=source.name in points[_task_cells],
                locked=bool(source.locked),
                points=float((points[_grade_cells] | points[_task_cells]).get(source.name, 0.0)),
                checksum=source.checksum or "",
            )
            for source in sources
        ]
        kernelspec = db.scalar(select(_notebook.c.kernelspec).where(_notebook.c.id == id)) or ""
        file = released / f"{name}.ipynb" if released else None
        handed_out = cells.read_notebook(file.name, file.read_bytes())["cells"] if file and file.is_file() else None
        if handed_out is None:
            pairs = [(cell.cell_type, cell.source) for cell in made]
        else:
            pairs = [(cell["cell_type"], cell["source"]) for cell in handed_out]
            marks = [cell["metadata"].get("nbgrader") for cell in handed_out]
            place = {mark.get("grade_id"): number for number, mark in enumerate(marks) if isinstance(mark, dict)}
            made.sort(key=lambda cell: place.get(cell.name, len(place)))
        return Notebook(name, tuple(made), tuple(pairs), kernelspec)

    def _plan(self, db: Connection, assignment: str) -> _Plan:
        row = db.execute(select(_assignment).where(_assignment.c.name == assignment)).first()
        if row is None:
            raise CourseError(f"{self} has no assignment {assignment!r}.")
        which = select(_notebook.c.name, _notebook.c.id).where(_notebook.c.assignment_id == row.id)
        notebooks = dict(db.execute(which.order_by(_notebook.c.name)).all())
        plan = _Plan(row.id, row.duedate, notebooks, {}, {})
        found = db.execute(select(_base_cell).where(_base_cell.c.notebook_id.in_(notebooks.values()))).all()
        for id in notebooks.values():
            own = [cell for cell in found if cell.notebook_id == id]
            plan.graded[id] = {cell.name: cell.id for cell in own if cell.type in ("GradeCell", "TaskCell")}
            plan.commented[id] = {cell.name: cell.id for cell in own if cell.type in ("SolutionCell", "TaskCell")}
        return plan

    # What was handed in -----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Add the indexes that nbgrader's tables lack, if they are missing."""
        with self._writing() as db:
            for index in _INDEXES:
                index.create(db, checkfirst=True)

    def add_students(self, names: Iterable[str]) -> None:
        """Make a row for every learner who has none, as ``nbgrader autograde`` does."""
        for part in _parts(names):
            with self._writing() as db:
                self._add_students(db, part)

    def _add_students(self, db: Connection, names: Sequence[str]) -> None:
        known = set(db.scalars(select(_student.c.id).where(_student.c.id.in_(names))))
        new = [name for name in dict.fromkeys(names) if name not in known]
        if new:
            db.execute(insert(_student), [{"id": name} for name in new])

    def write(self, batch: Iterable[tuple[Marked, datetime | None]], penalty: Penalty | None = None) -> None:
        """Write what came of submissions, all of it or nothing.

        The rows are those that ``nbgrader autograde`` leaves. Marks, comments and extra credit that a person gave are
        not touched; such a mark is flagged to be looked at again.

        Args:
            batch: each with the time at which it was handed in (UTC), None where that is not known.
            penalty: what handing in late costs; nothing without it.

        Raises:
            CourseError: the gradebook cannot be written, or does not know the assignment.
        """
        batch = [(marked, time) for marked, time in batch if not marked.problem]
        try:
            self._write(batch, penalty)
        except IntegrityError:  # another program wrote the same new row at the same moment; now it is there
            self._write(batch, penalty)

    def _write(self, batch: Sequence[tuple[Marked, datetime | None]], penalty: Penalty | None) -> None:
        with self._writing() as db:
            for assignment in dict.fromkeys(marked.assignment for marked, _ in batch):
                plan = self._plan(db, assignment)
                for part in _parts((m, time) for m, time in batch if m.assignment == assignment):
                    self._write_part(db, plan, part, penalty)

    def _write_part(self, db: Connection, plan: _Plan, batch: Sequence, penalty: Penalty | None) -> None:
        everybody = [marked.student for marked, _ in batch]
        self._add_students(db, everybody)
        times = {marked.student: time for marked, time in batch}

        rows = _Rows(db, _submission, "student_id")
        rows.read(and_(_submission.c.assignment_id == plan.id, _submission.c.student_id.in_(everybody)))
        for student, time in times.items():
            row = rows.get(student, assignment_id=plan.id, student_id=student, timestamp=None, extension=None)
            if time is not None:
                rows.set(row, timestamp=time)
        rows.write()
        submissions = rows.found

        notebooks = _Rows(db, _handed_in, "assignment_id", "notebook_id")
        notebooks.read(_handed_in.c.assignment_id.in_([row["id"] for row in submissions.values()]))
        for submission in submissions.values():
            for id in plan.notebooks.values():
                default = {"flagged": False, "late_submission_penalty": None}
                notebooks.get(submission["id"], id, assignment_id=submission["id"], notebook_id=id, **default)
        numbers = [row["id"] for row in notebooks.found.values()]
        grades = _Rows(db, _grade, "notebook_id", "cell_id")
        grades.read(_grade.c.notebook_id.in_(numbers))
        comments = _Rows(db, _comment, "notebook_id", "cell_id")
        comments.read(_comment.c.notebook_id.in_(numbers))

        for marked, _ in batch:
            submission = submissions[marked.student,]
            for name, id in plan.notebooks.items():
                notebook = notebooks.found[submission["id"], id]
                wanted = plan.graded[id].keys() | plan.commented[id].keys()
                for mark in marked.marks.get(name, ()):
                    if mark.cell not in wanted:
                        raise CourseError(
                            f"{self} has no cell {mark.cell!r}: run `cnncourse release`, then grade again."
                        )
                given = _set_grades(grades, plan.graded[id], notebook["id"], marked.marks.get(name))
                _set_comments(comments, plan.commented[id], notebook["id"], marked.marks.get(name))
                if name in marked.marks:
                    late = _seconds_late(submission, plan.duedate)
                    score = sum(_score(grade) for grade in given)
                    cost = penalty(marked.student, score, late) if penalty and late > 0 else None
                    cost = cost if cost is None else min(max(cost, 0.0), score)
                    notebooks.set(notebook, late_submission_penalty=cost)
        for rows in (notebooks, grades, comments):
            rows.write()

    # What it comes to -------------------------------------------------------------------------------------------------

    def students(self) -> list[Student]:
        """Everybody, in nbgrader's order."""
        columns = [_student.c[name] for name in ("id", "last_name", "first_name", "email")]
        order = (_student.c.last_name, _student.c.first_name, _student.c.id)
        with self._reading() as db:
            return [Student(*row) for row in db.execute(select(*columns).order_by(*order))]

    def duedates(self) -> dict[str, datetime | None]:
        """When each assignment is due (UTC)."""
        with self._reading() as db:
            return dict(db.execute(select(_assignment.c.name, _assignment.c.duedate)).all())

    def most(self) -> dict[str, float]:
        """The points that each assignment is worth."""
        worth = {}
        with self._reading() as db:
            for table in (_grade_cells, _task_cells):
                which = select(_assignment.c.name, func.sum(table.c.max_score)).select_from(
                    table.join(_base_cell).join(_notebook).join(_assignment)
                )
                for name, points in db.execute(which.group_by(_assignment.c.name)):
                    worth[name] = worth.get(name, 0.0) + points
        return worth

    def scores(self, assignment: str | None = None, students: Iterable[str] | None = None) -> list[Score]:
        """The sums of all submissions, or of those of an assignment, or of some students."""
        most = self.most()
        wanted = [] if assignment is None else [_assignment.c.name == assignment]
        if students is not None:
            wanted.append(_submission.c.student_id.in_(list(students)))
        whole = _submission.join(_assignment).join(_handed_in)
        penalties = (
            select(_submission.c.id, _notebook.c.name, _handed_in.c.late_submission_penalty)
            .select_from(whole.join(_notebook, _notebook.c.id == _handed_in.c.notebook_id))
            .where(*wanted, _handed_in.c.late_submission_penalty.is_not(None))
        )
        sums = (
            select(
                _submission.c.id,
                _assignment.c.name,
                _submission.c.student_id,
                _submission.c.timestamp,
                func.coalesce(func.sum(_points), 0.0),
                func.count(_own),
                func.coalesce(func.sum(case((_grade.c.needs_manual_grade, 1), else_=0)), 0),
            )
            .select_from(whole.outerjoin(_grade, _grade.c.notebook_id == _handed_in.c.id))
            .where(*wanted)
            .group_by(_submission.c.id, _assignment.c.name, _submission.c.student_id, _submission.c.timestamp)
            .order_by(_assignment.c.name, _submission.c.student_id)
        )
        with self._reading() as db:
            cost: dict[str, dict[str, float]] = {}
            for id, notebook, points in db.execute(penalties):
                cost.setdefault(id, {})[notebook] = points
            return [
                Score(name, student, points if marks else None, most.get(name, 0.0), by_hand, cost.get(id, {}), time)
                for id, name, student, time, points, marks, by_hand in db.execute(sums)
            ]

    def given(self, assignment: str, students: Iterable[str] | None = None) -> dict[str, list[Given]]:
        """Each cell's marks and comments, by student, in the order of the notebooks and of the cells' names."""
        wanted = [_assignment.c.name == assignment]
        if students is not None:
            wanted.append(_submission.c.student_id.in_(list(students)))
        found: dict[tuple, dict] = {}
        with self._reading() as db:
            for table in (_grade, _comment):
                own = [column for column in table.c if column.name not in ("id", "notebook_id", "cell_id")]
                which = (
                    select(_submission.c.student_id, _notebook.c.name, _base_cell.c.name.label("cell"), *own)
                    .select_from(table)
                    .join(_handed_in, table.c.notebook_id == _handed_in.c.id)
                    .join(_submission, _handed_in.c.assignment_id == _submission.c.id)
                    .join(_assignment, _submission.c.assignment_id == _assignment.c.id)
                    .join(_notebook, _handed_in.c.notebook_id == _notebook.c.id)
                    .join(_base_cell, table.c.cell_id == _base_cell.c.id)
                    .where(*wanted)
                )
                if table is _grade:
                    which = which.outerjoin(_grade_cells, _grade_cells.c.id == _base_cell.c.id)
                    which = which.outerjoin(_task_cells, _task_cells.c.id == _base_cell.c.id)
                    which = which.add_columns(
                        func.coalesce(_grade_cells.c.max_score, _task_cells.c.max_score).label("most")
                    )
                for row in db.execute(which):
                    values = {name: row._mapping[name] for name in row._fields[3:]}
                    found.setdefault(tuple(row[:3]), {}).update(values)
        made: dict[str, list[Given]] = {}
        for (student, notebook, cell), values in sorted(found.items()):
            made.setdefault(student, []).append(Given(notebook, cell, **values))
        return made


class _Rows:
    """Rows of a table by what is unique in them: read once, changed here, written once."""

    def __init__(self, db: Connection, table: Table, *key: str):
        self.db, self.table, self.key = db, table, key
        self.found: dict[tuple, dict] = {}
        self._new: list[dict] = []
        self._changed: dict[str, dict] = {}

    def read(self, where) -> None:
        for row in self.db.execute(select(self.table).where(where)).mappings():
            self.found[tuple(row[name] for name in self.key)] = dict(row)

    def get(self, *key: str, **default) -> dict:
        """The row, or a new one with these values."""
        row = self.found.get(key)
        if row is None:
            row = self.found[key] = {"id": _new_id()} | default
            self._new.append(row)
            self._changed[row["id"]] = row  # so that it is not updated as well
        return row

    def set(self, row: dict, **values) -> None:
        if any(row[name] != value for name, value in values.items()):
            row.update(values)
            self._changed.setdefault(row["id"], row)

    def write(self) -> None:
        if self._new:
            self.db.execute(insert(self.table), self._new)
        new = {row["id"] for row in self._new}
        changed = [row for id, row in self._changed.items() if id not in new]
        if changed:
            columns = [column.name for column in self.table.c if column.name not in ("id", *self.key)]
            values = {name: bindparam(f"new_{name}") for name in columns}
            rows = [{"row": row["id"]} | {f"new_{name}": row[name] for name in columns} for row in changed]
            self.db.execute(update(self.table).where(self.table.c.id == bindparam("row")).values(values), rows)


def _set_grades(rows: _Rows, cells: dict[str, str], notebook: str, marks: Iterable[Mark] | None) -> list[dict]:
    """The rows of a notebook's grades. Without ``marks`` it was not handed in, and has no points."""
    default = {"auto_score": None, "manual_score": None, "extra_credit": None, "needs_manual_grade": True}
    mine = {name: rows.get(notebook, id, notebook_id=notebook, cell_id=id, **default) for name, id in cells.items()}
    if marks is None:
        for row in mine.values():
            rows.set(row, auto_score=0.0, needs_manual_grade=False)
    for mark in marks or ():
        if row := mine.get(mark.cell):
            by_hand = row["manual_score"] is not None or mark.points is None
            rows.set(row, auto_score=mark.points, needs_manual_grade=by_hand)
    return list(mine.values())


def _set_comments(rows: _Rows, cells: dict[str, str], notebook: str, marks: Iterable[Mark] | None) -> None:
    mine = {
        name: rows.get(notebook, id, notebook_id=notebook, cell_id=id, auto_comment=None, manual_comment=None)
        for name, id in cells.items()
    }
    for mark in marks or ():
        if row := mine.get(mark.cell):
            rows.set(row, auto_comment=mark.comment)


def _new_id() -> str:
    """As long as nbgrader's, which are drawn; later ones are larger, so that a database writes them side by side."""
    return f"{time_ns():016x}{secrets.token_hex(8)}"


def _parts(things: Iterable) -> Iterator[list]:
    things = iter(things)
    while part := list(islice(things, _AT_ONCE)):
        yield part


def _score(grade: dict) -> float:
    """As :data:`_points`, of a row that was read."""
    own = grade["auto_score"] if grade["manual_score"] is None else grade["manual_score"]
    return 0.0 if own is None else own + (grade["extra_credit"] or 0.0)


def _seconds_late(submission: dict, duedate: datetime | None) -> float:
    if duedate is None or submission["timestamp"] is None:
        return 0.0
    if submission["extension"] is not None:
        duedate += submission["extension"]
    return max(0.0, (submission["timestamp"] - duedate).total_seconds())


def _said(error: SQLAlchemyError) -> str:
    """What the database says, in a line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:200]


def _no_hidden_begin(connection, record) -> None:
    connection.isolation_level = None  # the driver begins transactions late; we say when
    connection.execute("PRAGMA cache_size = -65536")  # KiB: a large class's rows lie all over the file


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
