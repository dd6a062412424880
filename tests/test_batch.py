"""A class is graded whatever happens meanwhile: to a submission, to a process, to the machine."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from lessons import NAME, Class
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.plugins import CsvExportPlugin

from cnncourse.cli import main
from cnncourse.grading import grade as module
from cnncourse.grading import workers
from cnncourse.grading.grade import Course, Record, grade
from cnncourse.grading.gradebook import Gradebook
from cnncourse.grading.job import Mark
from cnncourse.grading.release import CourseError
from cnncourse.grading.workers import Setup

TESTS = Path(__file__).parent
FAKE = "marking:mark"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """The course, nothing handed in."""
    return Class(tmp_path_factory.mktemp("batch") / "course")


@pytest.fixture
def course(empty, tmp_path, monkeypatch):
    monkeypatch.setenv("MARKING_LOG", str(tmp_path / "log" / "marking.log"))
    (tmp_path / "log").mkdir()
    monkeypatch.setattr(workers, "version", lambda assignment="": "this one")
    return empty.copy(tmp_path / "course")


def hand_in(course: Class, *students: str, answer: str = "half = 2.5") -> None:
    """As :meth:`Class.submit`, quickly."""
    first = course.released("first")
    next(cell for cell in first.cells if cell.id == "half").source = answer
    contents = {"first": json.dumps(first), "second": json.dumps(course.released("second"))}
    for student in students:
        folder = course.folder / "submitted" / student / NAME
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / f"{name}.ipynb").write_text(content)


def run(course: Class, deadline: float = 60, count: int = 2, sandbox: bool = True, **more):
    setup = Setup(FAKE, sandbox, deadline)
    return grade(course.folder, progress=False, count=count, sandbox=sandbox, setup=setup, **more)


def calls(course: Class) -> list[list[str]]:
    """Who was marked so far, in which process, and whether shut in."""
    log = course.folder.parent / "log" / "marking.log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def states(summary) -> dict[str, str]:
    return {outcome.student: outcome.state for outcome in summary.outcomes}


def contents(course: Class) -> dict[str, bytes]:
    """All that grading leaves, but for the time it took and the numbers that the database draws."""
    found = {}
    for path in sorted(course.folder.rglob("*")):
        step = path.relative_to(course.folder).parts[0]
        if path.is_file() and step in ("autograded", "feedback", "grades.csv"):
            content = path.read_bytes()
            if path.suffix == ".json":
                content = {key: value for key, value in json.loads(content).items() if key != "seconds"}
            found[str(path.relative_to(course.folder))] = content
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        found["grades"] = db.execute(
            "SELECT student_id, c.name, auto_score, needs_manual_grade FROM grade g "
            "JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook h ON h.id = g.notebook_id "
            "JOIN submitted_assignment s ON s.id = h.assignment_id ORDER BY student_id, c.name"
        ).fetchall()
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(condition, seconds: float = 30) -> bool:
    """Whether something comes true, in a generous time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


# One bad submission ---------------------------------------------------------------------------------------------------


def test_everybody_is_graded_whatever_becomes_of_a_neighbours_process(course):
    honest = ["a", "e", "g", "i", "slow-k", "z"]
    hand_in(course, *honest, "dies-b", "exits-c", "falters-d", "stumbles-f", "hangs-h")
    summary = run(course, deadline=1.0)
    bad = {
        "dies-b": "SIGKILL",
        "exits-c": "status 3",
        "stumbles-f": "no idea what to do",
        "hangs-h": "longer than 2 sec",
    }
    assert states(summary) == {
        **dict.fromkeys([*honest, "falters-d"], "graded"),
        **dict.fromkeys(bad, "needs a person"),
    }
    for outcome in summary.needs_a_person:
        assert outcome.note.startswith(f"submitted/{outcome.student}/{NAME} could not be marked: ")
        assert bad[outcome.student] in outcome.note
        assert Course(course.folder).record(NAME, outcome.student).problem == outcome.note
    tried = [student for student, *_ in calls(course)]
    assert {student: tried.count(student) for student in tried} == {
        **dict.fromkeys(honest, 1),
        **dict.fromkeys([*bad, "falters-d"], 2),
    }
    assert "\x1b" not in str(summary)
    assert {o.points for o in summary.outcomes if o.state == "graded"} == {5.0 + 4.0}


def test_who_could_not_be_marked_is_tried_again_by_the_next_run_and_nobody_else(course):
    hand_in(course, "a", "dies-b")
    run(course)
    before = len(calls(course))
    assert states(run(course)) == {"a": "unchanged", "dies-b": "needs a person"}
    assert [student for student, *_ in calls(course)[before:]] == ["dies-b", "dies-b"]


def test_a_file_that_is_no_notebook_is_told_once_and_not_marked_again(course):
    hand_in(course, "a", "b")
    (course.folder / "submitted" / "b" / NAME / "first.ipynb").write_text("")
    told = f"submitted/b/{NAME}/first.ipynb is empty: ask for the file again."
    assert [outcome.note for outcome in run(course).needs_a_person] == [told]
    before = len(calls(course))
    assert [outcome.note for outcome in run(course).needs_a_person] == [told]
    assert len(calls(course)) == before


def test_a_process_is_asked_again_and_again_and_dies_only_for_its_own(course):
    hand_in(course, *(f"s{n}" for n in range(6)), "dies-s9")
    run(course, count=1)
    processes = [process for _, process, _ in calls(course)]
    assert len(set(processes[:6])) <= 3 and len(set(processes)) <= 4


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large", "folder link", "student link"])
def test_what_is_no_file_is_refused_with_a_sentence_and_nothing_hangs(course, kind):
    hand_in(course, "a", "b")
    folder = course.folder / "submitted" / "b" / NAME
    path = folder / "first.ipynb"
    if kind == "folder link":
        shutil.rmtree(folder)
        folder.symlink_to(course.folder / "submitted" / "a" / NAME)
    elif kind == "student link":
        shutil.rmtree(folder.parent)
        folder.parent.symlink_to(course.folder / "submitted" / "a")
    else:
        path.unlink()
        if kind == "link":
            path.symlink_to(course.folder / "submitted" / "a" / NAME / "first.ipynb")
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            with path.open("wb") as file:
                file.truncate(200 * 10**6)  # takes no room
    told = {"link": "a link", "large": "larger than 100 MB", "folder link": "a link", "student link": "a link"}
    summary = run(course)
    assert states(summary) == {"a": "graded", "b": "needs a person"}
    assert told.get(kind, "not a file") in summary.needs_a_person[0].note


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "x" * 200, " a", "a+b", "caf\udce9", "a\u202eb"])
def test_a_name_that_no_gradebook_can_hold_is_named(course, name):
    hand_in(course, "a", name)
    summary = run(course)
    assert states(summary)[name] == "needs a person" and "rename the folder" in summary.needs_a_person[0].note
    shown = str(summary)
    assert "\x1b" not in shown and "\u202e" not in shown and "a\nb" not in shown
    shown.encode()
    assert [student.id for student in Gradebook(course.url).students()] == ["a"]


def test_names_in_the_table_are_no_formulas_and_no_columns(course):
    hand_in(course, "=1,1", "@b", "c,d")
    assert set(states(run(course)).values()) == {"graded"}
    with (course.folder / "grades.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["student_id"] for row in rows] == ["'=1,1", "'@b", "c,d"]
    assert {row["score"] for row in rows} == {"9.0"}


# What is done is not done again ---------------------------------------------------------------------------------------


def test_grading_twice_gives_the_same_and_touches_nothing(course):
    hand_in(course, "a", "b")
    run(course)
    before = contents(course)
    times = {path: path.stat().st_mtime_ns for path in (course.folder / "autograded").rglob("*")}
    assert set(states(run(course)).values()) == {"unchanged"}
    assert contents(course) == before
    assert times == {path: path.stat().st_mtime_ns for path in (course.folder / "autograded").rglob("*")}
    assert set(states(run(course, force=True)).values()) == {"graded"}
    assert contents(course) == before and len(calls(course)) == 4


def change_answer(course, monkeypatch):
    hand_in(course, "b", answer="half = 'other'")


def change_timestamp(course, monkeypatch):
    (course.folder / "submitted" / "b" / NAME / "timestamp.txt").write_text("2026-03-02 13:00:00 UTC")


def change_checks(course, monkeypatch):
    monkeypatch.setattr(workers, "version", lambda assignment="": "another")


def change_gradebook(course, monkeypatch):
    with course.book() as book:
        book.remove_submission(NAME, "b")


def change_mark(course, monkeypatch):
    with course.book() as book:
        book.find_grade("check-half", "first", NAME, "b").auto_score = 1.0
        book.db.commit()


def change_autograded(course, monkeypatch):
    (course.folder / "autograded" / "b" / NAME / "first.ipynb").unlink()


def change_to_half_a_file(course, monkeypatch):
    path = course.folder / "autograded" / "b" / NAME / "second.ipynb"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])


def change_record(course, monkeypatch):
    (course.folder / "autograded" / "b" / f".{NAME}.json").write_text('{"submission": [')


CHANGES = [change_answer, change_timestamp, change_checks, change_gradebook, change_mark, change_autograded]
CHANGES += [change_to_half_a_file, change_record]


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_has_anything_new_is_marked_again(course, monkeypatch, change):
    hand_in(course, "a", "b")
    run(course)
    change(course, monkeypatch)
    found = states(run(course))
    assert found["b"] == "graded" and found["a"] == ("graded" if change is change_checks else "unchanged")
    assert set(states(run(course)).values()) == {"unchanged"}


def test_marks_given_by_hand_reach_the_feedback_without_marking_again(course):
    hand_in(course, "a")
    run(course)
    with course.book() as book:
        grade = book.find_grade("why", "first", NAME, "a")
        grade.manual_score, grade.needs_manual_grade = 2.0, False
        book.find_comment("why", "first", NAME, "a").manual_comment = "Locality: yes."
        book.db.commit()
    (outcome,) = run(course).outcomes
    assert (outcome.state, outcome.points, outcome.by_hand) == ("unchanged", 11.0, 1)
    assert "Locality: yes." in (course.folder / "feedback" / "a" / NAME / "first.html").read_text()
    (course.folder / "feedback" / "a" / NAME / "second.html").write_text("")
    run(course)
    assert (course.folder / "feedback" / "a" / NAME / "second.html").read_text()
    assert len(calls(course)) == 1
    (outcome,) = run(course, force=True).outcomes
    assert (outcome.points, outcome.by_hand) == (11.0, 2)  # nbgrader asks a person to look again


def test_a_mark_stays_when_the_next_version_is_broken_and_the_one_after_is_marked(course):
    hand_in(course, "a")
    run(course)
    earlier = Course(course.folder).record(NAME, "a")
    (course.folder / "submitted" / "a" / NAME / "second.ipynb").write_text("{")
    (outcome,) = run(course).outcomes
    assert (outcome.state, outcome.points) == ("needs a person", 9.0) and "earlier version" in outcome.note
    record = Course(course.folder).record(NAME, "a")
    assert (record.marks, record.sizes) == (earlier.marks, earlier.sizes) and "cut off" in record.problem
    hand_in(course, "a")
    assert [(outcome.state, outcome.points) for outcome in run(course).outcomes] == [("graded", 9.0)]


def test_a_notebook_that_is_handed_in_no_more_leaves_nothing_behind(course):
    hand_in(course, "a")
    run(course)
    (course.folder / "submitted" / "a" / NAME / "second.ipynb").unlink()
    assert run(course).outcomes[0].points == 5.0
    assert not (course.folder / "autograded" / "a" / NAME / "second.ipynb").exists()
    assert not (course.folder / "feedback" / "a" / NAME / "second.html").exists()


def test_what_lies_beside_the_notebooks_travels_as_in_nbgrader(course, tmp_path):
    hand_in(course, "a")
    folder = course.folder / "submitted" / "a" / NAME
    (folder / "picture.png").write_bytes(b"png")
    (folder / "timestamp.txt").write_text("2026-03-02 13:00:00 UTC")
    (folder / "other.ipynb").write_text("{}")
    (folder / "secret.txt").symlink_to(course.folder / "gradebook.db")
    stock = course.copy(tmp_path / "stock")
    (stock.folder / "submitted" / "a" / NAME / "secret.txt").unlink()
    stock.stock(Autograde)
    run(course)
    names = sorted(path.name for path in (course.folder / "autograded" / "a" / NAME).iterdir())
    assert names == sorted(path.name for path in (stock.folder / "autograded" / "a" / NAME).iterdir())
    assert (course.folder / "autograded" / "a" / NAME / "picture.png").read_bytes() == b"png"
    mode = (course.folder / "autograded" / "a" / NAME / "first.ipynb").stat().st_mode
    assert mode == (stock.folder / "autograded" / "a" / NAME / "first.ipynb").stat().st_mode
    with course.book() as ours, stock.book() as theirs:
        assert ours.find_submission(NAME, "a").timestamp == theirs.find_submission(NAME, "a").timestamp


def test_a_record_that_is_none_is_an_empty_one(tmp_path):
    path = tmp_path / "record.json"
    for text in ("", "[]", "null", '{"marks": 1}', '{"marks": {"a": [{"evil": 1}]}}', '{"evil": 1}', "\x00"):
        path.write_text(text)
        assert Record.read(path) == Record()
    record = Record("x", marks={"first": [Mark("a", None, 2.0, {"passed": False}, "<p>", "CellStuck", "No response.")]})
    record.write(path)
    assert Record.read(path) == record


def test_nbgraders_own_feedback_export_and_regrade_go_on_with_what_was_written(course):
    hand_in(course, "a", "b")
    run(course)
    course.stock(GenerateFeedback)
    page = (course.folder / "feedback" / "a" / NAME / "first.html").read_text()
    assert "Score: 5.0 / 10.0" in " ".join(page.split())
    with course.book() as book:
        plugin = CsvExportPlugin()
        plugin.to = str(course.folder / "theirs.csv")
        plugin.export(book)
    theirs, ours = ((course.folder / name).read_text().splitlines() for name in ("theirs.csv", "grades.csv"))
    assert sorted(theirs) == sorted(ours) and len(ours) == 3 and theirs[0] == ours[0]
    course.stock(Autograde)
    assert set(states(run(course)).values()) == {"graded"}  # nothing was run there, so other marks were written


def test_folders_and_gradebook_may_be_called_otherwise(course):
    hand_in(course, "a", "instructor")
    (course.folder / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.submitted_directory = 'in'\n"
        "c.CourseDirectory.autograded_directory = 'marked'\n"
        "c.CourseDirectory.feedback_directory = 'out'\n"
        "c.CourseDirectory.student_id_exclude = 'instructor,nobody'\n"
        "c.CourseDirectory.db_url = 'sqlite:///books/other.db'\n"
    )
    (course.folder / "submitted").rename(course.folder / "in")
    (course.folder / "books").mkdir()
    (course.folder / "gradebook.db").rename(course.folder / "books" / "other.db")
    summary = run(course)
    assert states(summary) == {"a": "graded"} and str(course.folder / "books" / "other.db") in str(summary)
    assert str(course.folder / "out") in str(summary)
    assert (course.folder / "marked" / "a" / NAME / "first.ipynb").exists()
    assert (course.folder / "out" / "a" / NAME / "first.html").exists()
    assert not (course.folder / "autograded").exists() and not (course.folder / "gradebook.db").exists()


@pytest.mark.parametrize("text", ["c = get_confi()", "def", "raise SystemExit('The seed is no number.')"])
def test_a_configuration_that_cannot_be_read_is_told(course, text):
    (course.folder / "nbgrader_config.py").write_text(text)
    told = "The seed is no number" if "seed" in text else "nbgrader_config.py cannot be read.*correct it"
    with pytest.raises(CourseError, match=told):
        Course(course.folder)


@pytest.mark.parametrize("wrong", [["--workers", "0"], ["--workers", "many"], ["--scheduler", "x", "--local-cluster"]])
def test_options_that_make_no_sense_are_refused(course, capsys, wrong):
    try:
        status = main(["grade", "--course", str(course.folder), *wrong])
    except SystemExit as end:
        status = end.code
    assert status in (1, 2) and ("1 or more" in (told := capsys.readouterr().err) or "leave one of them out" in told)


# Late -----------------------------------------------------------------------------------------------------------------

PLUGIN = """
from nbgrader.plugins import BasePlugin

class HalfPoint(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * (student_id == "a") + total_seconds_late / 10000
"""


@pytest.mark.parametrize("kind", ["none", "zero", "plugin"])
def test_handing_in_late_costs_what_it_costs_with_nbgrader(course, tmp_path, monkeypatch, kind):
    from datetime import datetime

    hand_in(course, "a", "b")
    (course.folder / "submitted" / "a" / NAME / "timestamp.txt").write_text("2026-03-02 13:00:00 UTC")
    with course.book() as book:
        book.update_or_create_assignment(NAME, duedate=datetime(2026, 3, 2, 12))
    settings = {
        "none": "",
        "zero": "c.LateSubmissionPlugin.penalty_method = 'zero'\n",
        "plugin": "c.AssignLatePenalties.plugin_class = 'lateness.HalfPoint'\n",
    }[kind]
    (tmp_path / "lateness.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    (course.folder / "nbgrader_config.py").write_text(f"c = get_config()\n{settings}")
    run(course)
    with course.book() as book:
        late = {s.student.id: s.late_submission_penalty for s in book.assignment_submissions(NAME)}
    assert late == {"a": {"none": 0.0, "zero": 9.0, "plugin": 2 * 0.86}[kind], "b": 0.0}
    with (course.folder / "grades.csv").open() as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(rows["a"]["score"]) == 9.0 - late["a"] and float(rows["a"]["raw_score"]) == 9.0
    assert rows["a"]["timestamp"] == "2026-03-02 13:00:00" and rows["a"]["duedate"] == "2026-03-02 12:00:00"


# Interrupted ----------------------------------------------------------------------------------------------------------

COMMAND = """
import sys
from cnncourse.grading import workers
from cnncourse.grading.grade import grade
from cnncourse.grading.workers import Setup
workers.version = lambda assignment="": "this one"
grade(sys.argv[1], progress=False, count=2, setup=Setup("marking:mark"))
"""


def start(course: Class) -> subprocess.Popen:
    """The command in a process group of its own, as a terminal starts it."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", COMMAND, str(course.folder)]
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def records(course: Class) -> list[Path]:
    return sorted((course.folder / "autograded").glob(f"*/.{NAME}.json"))


def assert_whole(course: Class) -> None:
    """Whoever has a record has all that it says, and the database is sound."""
    book = Gradebook(course.url)
    marks = book.given(NAME)
    for path in records(course):
        student = path.parent.name
        record = Record.read(path)
        assert record.submission and not record.problem
        for name, size in record.sizes.items():
            assert (path.parent / NAME / f"{name}.ipynb").stat().st_size == size
            assert (course.folder / "feedback" / student / NAME / f"{name}.html").read_text().endswith("</html>\n")
        given = {one.cell: one.auto_score for one in marks[student]}
        assert all(given[m.cell] == m.points for made in record.marks.values() for m in made if m.most)
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_at_any_moment_goes_on_where_it_was(course, empty, tmp_path, monkeypatch, how):
    students = [f"slow-{n:02}" for n in range(60)]
    hand_in(course, *students)
    done = 0
    for goal in (1, 15, 40):
        process = start(course)
        try:
            assert soon(lambda goal=goal: len(records(course)) >= goal), len(records(course))
            assert process.poll() is None, "it ended by itself"
            if how == signal.SIGKILL:
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
        finally:
            process.kill()
        mine = {int(number) for _, number, _ in calls(course)}
        assert soon(lambda mine=mine: not any(map(alive, mine))), "workers live on"
        assert_whole(course)
        done = len(records(course))
        assert done < len(students)
    before = len(calls(course))
    found = states(run(course))
    assert sorted(found.values()).count("unchanged") == done and set(found.values()) == {"graded", "unchanged"}
    assert len(calls(course)) - before == len(students) - done
    assert_whole(course)

    fresh = empty.copy(tmp_path / "fresh")
    hand_in(fresh, *students)
    run(fresh)
    left = {name: content for name, content in contents(course).items() if not name.endswith(".new")}
    assert left == contents(fresh)


def test_ctrl_c_says_that_nothing_is_lost(course):
    hand_in(course, *(f"slow-{n:02}" for n in range(60)))
    code = """
import sys
from cnncourse.cli import main
from cnncourse.grading import workers
judged = workers.Setup
workers.Setup = lambda **settings: judged("marking:mark", **settings)
sys.exit(main(["grade", "--course", sys.argv[1]]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(course.folder)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert soon(lambda: len(records(course)) >= 1)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and error.strip().endswith("run the same command again to go on.")
    assert "Traceback" not in error


def test_what_is_done_is_written_while_others_take_long(course):
    hand_in(course, "a", "b", "hangs-c", "hangs-d")
    process = start(course)
    try:
        assert soon(lambda: len(records(course)) == 2), "those who are done wait for those who are not"
    finally:
        process.kill()
        process.wait()
    assert_whole(course)


# Many at a time -------------------------------------------------------------------------------------------------------


class Held:
    """A crew that marks nobody until it has been given all it is given, and remembers how much that was."""

    size = 3

    def __init__(self):
        self.out, self.most, self.largest = [], 0, 0

    def submit(self, job):
        import marking

        future = Future()
        self.out.append((future, job))
        self.most = max(self.most, len(self.out))
        self.largest = max(self.largest, sum(len(c) for _, j in self.out for c in j.files.values()))
        future.add_done_callback(lambda done: None)
        future.mark = lambda: future.set_result(marking.mark(job))
        return future


def test_no_more_is_out_for_marking_than_the_workers_can_take(course, monkeypatch):
    hand_in(course, *(f"s{n:03}" for n in range(100)))
    held = Held()
    batch = module._Batch(Course(course.folder), Gradebook(course.url), held, False, module.tqdm(disable=True))

    class Waiting(module.queue.SimpleQueue):
        def get(self, timeout=None):
            future, _ = held.out.pop(0)
            future.mark()
            return super().get()

    held_queue = Waiting()
    batch._finished = held_queue
    work = Course(course.folder).submissions()
    assert len(batch.run(work)) == 100
    assert held.size < held.most <= 4 * held.size + 4

    # By size too: of large submissions a few are out, and at least one.
    monkeypatch.setattr(module, "_IN_FLIGHT", 50_000)
    held.most = held.largest = 0
    for student in ("s000", "s001", "s002", "s003"):
        (course.folder / "submitted" / student / NAME / "data.bin").write_bytes(os.urandom(40_000))
    batch.run(work)
    assert held.largest < 50_000 + 50_000 and held.most < 4


def test_without_a_sandbox_nothing_is_done_unless_that_is_asked_for(course, monkeypatch):
    hand_in(course, "a")
    monkeypatch.setattr(module, "why_not", lambda: "There is no bubblewrap: install it.")
    before = contents(course)
    with pytest.raises(
        CourseError, match="There is no bubblewrap: install it.*--no-sandbox.*read and change your files"
    ):
        grade(course.folder, progress=False)
    assert contents(course) == before
    run(course, sandbox=False)
    assert [shut_in for *_, shut_in in calls(course)] == ["False"]


def test_nothing_on_the_way_imports_nbgrader_or_jupyter(course):
    hand_in(course, "a", "b")
    code = COMMAND + "print([m for m in sys.modules if m.partition('.')[0] in ('nbgrader', 'nbconvert', 'nbformat', "
    code += "'jupyter_core', 'IPython', 'distributed', 'matplotlib', 'keras')])"
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", code, str(course.folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "[]", done.stderr


# Many machines --------------------------------------------------------------------------------------------------------


def test_a_cluster_gives_the_same_marks_and_loses_nothing_when_a_worker_is_killed(course, empty, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    students = [f"slow-{n:02}" for n in range(40)]
    hand_in(course, *students, "dies-b", "hangs-c")
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        killed = []

        def kill_one(student):
            if len(calls(course)) > 10 and not killed:
                killed.append(client.run(os.getpid))
                os.kill(next(iter(killed[0].values())), signal.SIGKILL)

        original = module._Batch._done

        def done(self, assignment, student, *more):
            kill_one(student)
            return original(self, assignment, student, *more)

        monkeypatch.setattr(module._Batch, "_done", done)
        summary = run(course, deadline=1.0, scheduler=cluster.scheduler_address)
        mine = {int(number) for _, number, _ in calls(course)}
    assert killed and len(killed[0]) == 2
    bad = {"dies-b": "SIGKILL", "hangs-c": "longer than"}
    assert states(summary) == {**dict.fromkeys(students, "graded"), **dict.fromkeys(bad, "needs a person")}
    for outcome in summary.needs_a_person:
        assert bad[outcome.student] in outcome.note
    assert_no_more = soon(lambda: not any(map(alive, mine)))
    assert assert_no_more, "workers live on"

    fresh = empty.copy(tmp_path / "fresh")
    hand_in(fresh, *students)
    run(fresh)
    marks = {row for row in contents(course)["grades"] if row[0] in students}
    assert marks == set(contents(fresh)["grades"])


def test_a_cluster_of_this_machine_is_started_and_ended(course):
    pytest.importorskip("distributed")
    hand_in(course, "a", "b", "c")
    assert set(states(run(course, local_cluster=True)).values()) == {"graded"}
    assert soon(lambda: not any(alive(int(number)) for _, number, _ in calls(course)))


def test_a_cluster_that_is_not_there_is_told(course, monkeypatch):
    pytest.importorskip("distributed")
    hand_in(course, "a")
    monkeypatch.setattr(workers, "_CONNECT", 1)
    with pytest.raises(CourseError, match="no Dask cluster.*tcp://127.0.0.1:9.*dask scheduler"):
        run(course, scheduler="tcp://127.0.0.1:9")


def test_a_machine_with_other_checks_is_told():
    with pytest.raises(CourseError, match="other checks.*same version"):
        workers.mark_here(None, Setup(FAKE, version="another"))
