"""The gradebook without nbgrader: the rows that nbgrader writes, the sums that nbgrader makes."""

import copy
import importlib.util
import itertools
import os
import shutil
import sqlite3
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import nbgrader.api
import pytest
from lessons import NAME, Class, first, second
from nbformat.v4 import new_output
from nbgrader.converters import Autograde
from sqlalchemy import text

from cnncourse.grading.cells import checksum
from cnncourse.grading.gradebook import TABLES, Given, Gradebook, Score
from cnncourse.grading.job import Mark, Marked
from cnncourse.grading.release import CourseError

PARTIAL = new_output("execute_result", {"text/plain": "2.5"}, execution_count=1)
WRONG = new_output("error", ename="AssertionError", evalue="", traceback=[])
LATE = "2026-03-02 13:00:00.500000 UTC"
DUE = datetime(2026, 3, 2, 12)
# What nbgrader makes of these, and what the judge would say: worked out by hand.
SUBMISSIONS = {
    "ada": {
        "first": {"half": {"source": "half = 1"}, "check-half": {"outputs": [PARTIAL]}, "why": {"source": "I see."}},
        "second": {"whole": {"source": "whole = 1"}},
    },
    "bob": {"first": {"check-half": {"outputs": [WRONG]}}},
    "carl": {
        "first": {"half": {"source": "half = 2"}, "check-half": {"outputs": [PARTIAL]}},
        "second": {"check-whole": {"outputs": [WRONG]}},
    },
}
NO = "No response."
MARKS = {
    "ada": {
        "first": [Mark("half", None, 0), Mark("check-half", 2.5, 5), Mark("why", None, 3), Mark("draw", None, 2)],
        "second": [Mark("whole", None, 0), Mark("check-whole", 4.0, 4)],
    },
    "bob": {
        "first": [
            Mark("half", None, 0, comment=NO),
            Mark("check-half", 0.0, 5),
            Mark("why", 0.0, 3, comment=NO),
            Mark("draw", None, 2),
        ],
    },
    "carl": {
        "first": [
            Mark("half", None, 0),
            Mark("check-half", 2.5, 5),
            Mark("why", 0.0, 3, comment=NO),
            Mark("draw", None, 2),
        ],
        "second": [Mark("whole", None, 0, comment=NO), Mark("check-whole", 0.0, 4)],
    },
}


def batch(*students):
    time = datetime(2026, 3, 2, 13, 0, 0, 500000)
    return [
        (Marked(NAME, student, marks=copy.deepcopy(MARKS[student])), time if student == "carl" else None)
        for student in students or MARKS
    ]


def all_points(student, points, late):
    """nbgrader's penalty "zero"."""
    return points


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Handed in, and not graded yet."""
    made = Class(tmp_path_factory.mktemp("gradebook") / "course")
    for student, notebooks in SUBMISSIONS.items():
        made.submit(student, LATE if student == "carl" else "", **notebooks)
    with made.book() as book:
        book.update_or_create_assignment(NAME, duedate=DUE)
    return made


@pytest.fixture
def course(fresh, tmp_path):
    return fresh.copy(tmp_path / "course")


@pytest.fixture(scope="module")
def graded(fresh, tmp_path_factory):
    """The same, graded by nbgrader."""
    made = fresh.copy(tmp_path_factory.mktemp("stock") / "course")
    made.stock(Autograde, LateSubmissionPlugin={"penalty_method": "zero"})
    return made


def rows(course: Class) -> dict[str, list[tuple]]:
    """All that a gradebook says of submissions, without the numbers that are drawn."""
    own = "student_id, notebook.name"
    of_submission = "submitted_notebook h JOIN submitted_assignment s ON s.id = h.assignment_id"
    of_cell = f"{of_submission} JOIN notebook ON notebook.id = h.notebook_id JOIN base_cell c ON c.id = x.cell_id"
    marks = "auto_score, manual_score, extra_credit, needs_manual_grade"
    questions = {
        "student": "SELECT * FROM student",
        "submission": "SELECT student_id, name, timestamp, extension FROM submitted_assignment s "
        "JOIN assignment a ON a.id = s.assignment_id",
        "notebook": f"SELECT {own}, flagged, late_submission_penalty FROM {of_submission} "
        "JOIN notebook ON notebook.id = h.notebook_id",
        "grade": f"SELECT {own}, c.name, c.type, {marks} FROM grade x JOIN {of_cell} AND h.id = x.notebook_id",
        "comment": f"SELECT {own}, c.name, c.type, auto_comment, manual_comment FROM comment x JOIN {of_cell} "
        "AND h.id = x.notebook_id",
    }
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        return {name: sorted(db.execute(question).fetchall(), key=str) for name, question in questions.items()}


# What stands in the tables --------------------------------------------------------------------------------------------


def test_the_tables_are_nbgraders():
    theirs = nbgrader.api.Base.metadata.tables
    assert sorted(TABLES.tables) == sorted(theirs)
    for name, table in TABLES.tables.items():
        assert sorted(table.c.keys()) == sorted(theirs[name].c.keys())
        for column in table.c:
            other = theirs[name].c[column.name]
            assert column.type.python_type == other.type.python_type, f"{name}.{column.name}"
            assert (column.nullable, column.primary_key) == (other.nullable, other.primary_key), f"{name}.{column.name}"
            assert [k.target_fullname for k in column.foreign_keys] == [k.target_fullname for k in other.foreign_keys]


def test_the_rows_are_those_that_nbgrader_writes(course, graded):
    before = rows(course)
    assert not before["grade"]
    Gradebook(course.url).write(batch(), all_points)
    written, stock = rows(course), rows(graded)
    for name in stock:
        assert written[name] == stock[name], name
    assert len(stock["grade"]) == 3 * 4 and len(stock["comment"]) == 3 * 4


def test_writing_twice_changes_nothing(course):
    book = Gradebook(course.url)
    book.write(batch(), all_points)
    before = rows(course)
    book.write(batch(), all_points)
    assert rows(course) == before


def test_what_a_person_gave_survives_a_regrade_as_in_nbgrader(course, graded, tmp_path):
    stock = graded.copy(tmp_path / "stock")
    ours = Gradebook(course.url)
    ours.write(batch(), all_points)
    for made in (course, stock):
        with made.book() as book:
            grade = book.find_grade("why", "first", NAME, "ada")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.0, 0.5, False
            book.find_grade("check-half", "first", NAME, "carl").manual_score = 5.0
            book.find_comment("half", "first", NAME, "bob").manual_comment = "Try it!"
            book.db.commit()
    ours.write(batch(), all_points)
    stock.stock(Autograde, LateSubmissionPlugin={"penalty_method": "zero"})
    assert rows(course) == rows(stock)
    assert ("bob", "first", "half", "SolutionCell", NO, "Try it!") in rows(course)["comment"]
    assert ("ada", "first", "why", "GradeCell", None, 2.0, 0.5, 1) in rows(course)["grade"]


def test_a_notebook_that_is_handed_in_no_more_has_no_points_and_one_that_comes_later_has_them(course):
    book = Gradebook(course.url)
    book.write(batch("ada"))
    assert book.scores()[0].points == 6.5
    (marked, time) = batch("ada")[0]
    kept = marked.marks.pop("second")
    book.write([(marked, time)])
    assert book.scores()[0].points == 2.5
    marked.marks["second"] = kept
    book.write([(marked, time)])
    assert book.scores()[0].points == 6.5


def test_an_extension_and_a_penalty_beyond_the_points_are_nbgraders(course):
    with course.book() as book:
        book.add_student("carl")
        book.add_submission(NAME, "carl", extension=timedelta(hours=2))
    ours = Gradebook(course.url)
    ours.write(batch("carl"), all_points)
    assert ours.scores()[0].penalty == 0
    with course.book() as book:
        book.grant_extension(NAME, "carl", minutes=30)
    asked = []
    ours.write(batch("carl"), lambda *what: asked.append(what) or 100.0)
    assert asked == [("carl", 2.5, 1800.5), ("carl", 0.0, 1800.5)]
    assert ours.scores()[0].penalties == {"first": 2.5, "second": 0.0}
    ours.write(batch("carl"), lambda *what: -1.0)
    assert ours.scores()[0].penalty == 0


def test_nothing_is_written_of_a_batch_that_cannot_be_written_whole(course):
    wrong = Marked(NAME, "dora", marks={"first": [Mark("no-such-cell", 1.0, 1)]})
    before = rows(course)
    with pytest.raises(CourseError, match="no-such-cell.*release"):
        Gradebook(course.url).write([*batch(), (wrong, None)])
    assert rows(course) == before


def test_a_submission_with_a_problem_is_not_written(course):
    Gradebook(course.url).write([(Marked(NAME, "eve", problem="It is empty."), None)])
    assert not rows(course)["submission"]


# What nbgrader reads --------------------------------------------------------------------------------------------------


def test_nbgrader_sees_the_same_sums(course):
    ours = Gradebook(course.url)
    ours.write(batch(), all_points)
    with course.book() as book:
        for score in ours.scores(NAME):
            submission = book.find_submission(NAME, score.student)
            assert score.points == submission.score
            assert score.most == submission.max_score == 14
            assert score.penalty == submission.late_submission_penalty
            assert score.timestamp == submission.timestamp
            waiting = [g for n in submission.notebooks for g in n.grades if g.needs_manual_grade]
            assert score.by_hand == len(waiting) > 0 and submission.needs_manual_grade
        (failed,) = [n for n in book.find_submission(NAME, "bob").notebooks if n.name == "first"]
        assert failed.failed_tests and failed.code_score == 0
        assert ours.most() == {NAME: book.find_assignment(NAME).max_score}
        assert ours.duedates() == {NAME: DUE}


def test_every_mixture_of_marks_adds_up_as_in_nbgrader(tmp_path):
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    mixtures = list(itertools.product((None, 0.0, 1.5), (None, 0.0, 2.25), (None, 0.0, 0.5)))
    with nbgrader.api.Gradebook(url) as book:
        book.add_assignment(NAME)
        book.add_notebook("first", NAME)
        for number in range(len(mixtures)):
            book.add_grade_cell(f"cell-{number:02}", "first", NAME, max_score=1, cell_type="code")
        book.add_student("ada")
        book.add_submission(NAME, "ada")
        for number, (auto, manual, extra) in enumerate(mixtures):
            grade = book.find_grade(f"cell-{number:02}", "first", NAME, "ada")
            grade.auto_score, grade.manual_score, grade.extra_credit = auto, manual, extra
        book.db.commit()
        ours = Gradebook(url)
        for given, mixture in zip(ours.given(NAME)["ada"], mixtures, strict=True):
            assert (given.auto_score, given.manual_score, given.extra_credit) == mixture
            assert (given.points or 0.0) == book.find_grade(given.cell, "first", NAME, "ada").score
        assert ours.scores()[0].points == book.find_submission(NAME, "ada").score


def test_marks_and_comments_are_told_by_cell(course):
    ours = Gradebook(course.url)
    ours.write(batch())
    assert ours.given(NAME, ["bob"])["bob"] == [
        Given("first", "check-half", 5, 0.0),
        Given("first", "draw", 2, needs_manual_grade=True),
        Given("first", "half", auto_comment=NO),
        Given("first", "why", 3, 0.0, auto_comment=NO),
        Given("second", "check-whole", 4, 0.0),
        Given("second", "whole"),
    ]
    assert Given("a", "b", auto_comment=NO, manual_comment="But!").comment == "But!"


def test_who_has_only_rows_has_no_points(course):
    with course.book() as book:
        book.add_student("ada")
        book.add_submission(NAME, "ada")
    assert Gradebook(course.url).scores() == [Score(NAME, "ada", None, 14.0, by_hand=4)]


def test_everybody_is_listed_in_nbgraders_order(course):
    with course.book() as book:
        for id, last in (("a", "Young"), ("b", "Adams"), ("c", None)):
            book.add_student(id, last_name=last)
        expected = [student.id for student in book.students]
    ours = Gradebook(course.url)
    ours.add_students(["a", "b"])
    assert [student.id for student in ours.students()] == expected


# What was handed out --------------------------------------------------------------------------------------------------


def test_an_assignment_is_read_as_it_was_handed_out(course):
    ours = Gradebook(course.url)
    assert ours.assignments() == {NAME: ["first", "second"]}
    one, two = ours.notebooks(NAME, course.folder / "release" / NAME)
    assert (one.name, two.name) == ("first", "second")
    kinds = [(c.name, c.grade, c.solution, c.task, c.locked, c.points) for c in one.cells]
    assert kinds == [
        ("setup", False, False, False, True, 0),
        ("half", False, True, False, False, 0),
        ("check-half", True, False, False, True, 5),
        ("why", True, True, False, False, 3),
        ("draw", False, False, True, True, 2),
    ]
    released = course.released("first")
    assert one.released == tuple((c.cell_type, c.source) for c in released.cells)
    for mine, theirs in zip(one.cells, released.cells, strict=True):
        assert mine.checksum == theirs.metadata.nbgrader.checksum
        assert checksum(mine, mine.cell_type, theirs.source) == mine.checksum
    # Without what was handed out, the gradebook's own cells.
    (alone, _) = ours.notebooks(NAME)
    assert alone.cells == one.cells and alone.released[1] == ("code", one.cells[1].source)


def test_cells_come_in_the_order_of_the_notebook_whatever_the_database_says(course):
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        table = db.execute("SELECT * FROM source_cell").fetchall()
        db.execute("DELETE FROM source_cell")
        db.executemany("INSERT INTO source_cell VALUES (?, ?, ?, ?, ?, ?, ?)", table[::-1])
    one, _ = Gradebook(course.url).notebooks(NAME, course.folder / "release" / NAME)
    assert [cell.name for cell in one.cells] == ["setup", "half", "check-half", "why", "draw"]


# A gradebook like other databases -------------------------------------------------------------------------------------


def test_the_missing_indexes_are_added_and_nbgrader_goes_on(course):
    ours = Gradebook(course.url)
    for _ in range(2):
        ours.prepare()
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM grade WHERE notebook_id = 'x'").fetchall()
    assert "ix_grade_notebook_id" in str(plan)
    course.stock(Autograde)
    assert len(rows(course)["submission"]) == 3


def test_no_gradebook_is_made_by_looking_for_one(tmp_path):
    path = tmp_path / "gradebook.db"
    ours = Gradebook(f"sqlite:///{path}")
    assert ours.assignments() == {} and not path.exists()
    with pytest.raises(CourseError, match="gradebook.db is not there.*release"):
        ours.write(batch())
    assert not path.exists()


def test_a_gradebook_of_another_version_or_no_gradebook_is_told(course, tmp_path):
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        db.execute("ALTER TABLE student DROP COLUMN lms_user_id")
    with pytest.raises(CourseError, match="student.lms_user_id.*nbgrader db upgrade"):
        Gradebook(course.url)
    (tmp_path / "text.db").write_text("no database, but long enough to have a header " * 20)
    with pytest.raises(CourseError, match="text.db cannot be opened as a gradebook: file is not a database"):
        Gradebook(f"sqlite:///{tmp_path / 'text.db'}")


def test_another_program_that_writes_is_waited_for(course, monkeypatch):
    monkeypatch.setattr("cnncourse.grading.gradebook.PATIENCE", 0.2)
    ours = Gradebook(course.url)
    other = sqlite3.connect(course.folder / "gradebook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CourseError, match="database is locked.*run the same command again"):
        ours.write(batch())
    other.execute("ROLLBACK")
    ours.write(batch())
    assert len(ours.scores()) == 3


def test_a_large_class_is_written_and_summed(course):
    """More than fits into one statement."""
    many = [(Marked(NAME, f"s{n:04}", marks=MARKS["ada"]), None) for n in range(1000)]
    ours = Gradebook(course.url)
    ours.write(many)
    scores = ours.scores(NAME)
    assert len(scores) == 1000 and {score.points for score in scores} == {6.5}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A PostgreSQL of our own, where the programs and the driver are there."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl") or not importlib.util.find_spec("psycopg"):
        pytest.skip("no PostgreSQL, or no psycopg")
    folder = tmp_path_factory.mktemp("postgres")
    as_user = []
    if os.geteuid() == 0:  # it does not work for root
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
        for parent in (folder, *folder.parents):
            if parent.stat().st_mode & 0o011 != 0o011 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    run = {"check": True, "capture_output": True, "text": True, "cwd": folder}
    subprocess.run([*as_user, "initdb", "-D", folder / "data", "-A", "trust", "-U", "course"], **run)
    options = f"-k {folder} -c listen_addresses= -F"
    start = ["pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options]
    subprocess.run([*as_user, *start, "start"], **run)
    yield f"postgresql+psycopg://course@/postgres?host={folder}"
    subprocess.run([*as_user, "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], **run)


def test_the_gradebook_may_be_postgresql(postgres, graded):
    with nbgrader.api.Gradebook(postgres) as book:
        for row in nbgrader.api.Gradebook(graded.url).db.execute(text("SELECT * FROM course")).mappings():
            if row["id"] != "default_course":
                book.db.execute(text("INSERT INTO course VALUES (:id)"), dict(row))
        book.add_assignment(NAME, duedate=DUE)
        for name, made in (("first", first()), ("second", second())):
            book.add_notebook(name, NAME, kernelspec="{}")
            for one in made.cells:
                mark = one.metadata.nbgrader
                worth = {"max_score": mark.get("points"), "cell_type": one.cell_type}
                if mark.grade:
                    book.add_grade_cell(mark.grade_id, name, NAME, **worth)
                if mark.solution:
                    book.add_solution_cell(mark.grade_id, name, NAME)
                if mark.task:
                    book.add_task_cell(mark.grade_id, name, NAME, **worth)
                source = {"source": one.source, "locked": mark.locked, "cell_type": one.cell_type}
                book.add_source_cell(mark.grade_id, name, NAME, **source)
    ours = Gradebook(postgres)
    ours.prepare()
    for _ in range(2):
        ours.write(batch(), all_points)
    expected = Gradebook(graded.url)
    assert ours.scores() == expected.scores() and ours.given(NAME) == expected.given(NAME)
    names = [cell.metadata.nbgrader.grade_id for cell in first().cells]
    assert [cell.name for cell in ours.notebook(NAME, "first").cells] == names
    with nbgrader.api.Gradebook(postgres) as book:
        assert book.find_submission(NAME, "ada").score == 6.5
