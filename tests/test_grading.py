"""The mark: a class of every kind of submission gets what it deserves, from stock nbgrader and ``cnncourse grade``."""

import csv
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from cnncourse.checks import functions, task
from cnncourse.grading.execute import ExecuteAndReplay
from cnncourse.grading.grade import Course, grade
from cnncourse.grading.release import CourseError
from cnncourse.grading.report import report

ROOT = Path(__file__).parents[1]
ASSIGNMENT = "01-convolution"
NOTEBOOK = "convolution.ipynb"
VERDICT = "application/vnd.cnncourse.verdict+json"

_spec = importlib.util.spec_from_file_location("demonstration_class", ROOT / "tests" / "class" / "make.py")
make = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = make
_spec.loader.exec_module(make)

LEARNERS = {learner.name: learner for learner in make.learners(ASSIGNMENT)}
EXPECTED = {name: learner.expected for name, learner in LEARNERS.items()}
RIGHT = EXPECTED["s01-loops"]
EXPECTED[make.OLD_FORMAT] = RIGHT

pytestmark = pytest.mark.timeout(1500)


def nbgrader(course: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run nbgrader's own command in a course folder, as an instructor does."""
    own = {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}
    command = [shutil.which("nbgrader"), *arguments]
    return subprocess.run(command, cwd=course, env=own | environment, capture_output=True, text=True, timeout=1200)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The demonstration class, before anything is graded."""
    course = tmp_path_factory.mktemp("made")
    make.make(course)
    # Fixed: of thousands of numbers with six digits, one drawn anew each time would at times equal one that is shown.
    (course / ".hidden-seed").write_text("20260412\n")
    return course


@pytest.fixture(scope="session")
def stock(tmp_path_factory, made):
    """The demonstration class, graded with nbgrader's own commands and nothing else."""

    course = tmp_path_factory.mktemp("stock")
    shutil.copytree(made, course, dirs_exist_ok=True)
    # Four at a time, each a part of the class in the order of the names: the hostile ones are mostly waited for.
    with ThreadPoolExecutor() as four:
        parts = ("s0*", "s1[0-6]*", "s1[7-9]*", "s[23]*")
        runs = list(four.map(lambda part: nbgrader(course, "autograde", ASSIGNMENT, f"--student={part}"), parts))
    (course / "autograde.log").write_text("\n".join(run.stdout + run.stderr for run in runs))
    for step in (["generate_feedback", ASSIGNMENT], ["export"]):
        done = nbgrader(course, *step)
        assert done.returncode == 0, done.stderr
    return course


FEW = ("s02-slices", "s06-bias", "s13-half-finished")


@pytest.fixture(scope="session")
def few(tmp_path_factory, made):
    """Some of the class and all the broken files, graded by ``cnncourse grade``."""

    course = tmp_path_factory.mktemp("few")
    shutil.copytree(made, course, dirs_exist_ok=True)
    for folder in (course / "submitted").iterdir():
        if folder.name in LEARNERS and folder.name not in FEW:
            shutil.rmtree(folder)
    command = [sys.executable, "-m", "cnncourse", "grade", "--course", str(course)]
    own = {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=600)
    course.joinpath("grade.log").write_text(f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return course


@pytest.fixture
def course(few, tmp_path, monkeypatch):
    """A copy of the graded few, to do things to; its hidden seed is its own."""
    monkeypatch.delenv("CNNCOURSE_HIDDEN_SEED", raising=False)
    copy = tmp_path / "course"
    shutil.copytree(few, copy)
    return copy


def gradebook(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")


def points(course: Path) -> dict[str, dict[str, float]]:
    """What the gradebook says: points by student and function."""
    with gradebook(course) as book:
        return {
            submission.student.id: {
                grade.name.removeprefix("check-"): round(grade.auto_score or 0, 2)
                for grade in submission.notebooks[0].grades
                if grade.name.startswith("check-")
            }
            for submission in book.assignment_submissions(ASSIGNMENT)
        }


def autograded(course: Path, student: str):
    return nbformat.read(course / "autograded" / student / ASSIGNMENT / NOTEBOOK, as_version=4)


def checks(notebook) -> dict[str, list]:
    """The outputs of the check cells, by function."""
    found = {}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.startswith("check-"):
            found[name.removeprefix("check-")] = cell.outputs
    return found


def feedback(course: Path, student: str) -> str:
    return (course / "feedback" / student / ASSIGNMENT / NOTEBOOK).with_suffix(".html").read_text(encoding="utf-8")


# One cell is one cell: what runs a notebook ---------------------------------------------------------------------------


def run(*cells: tuple[str, str], **settings) -> dict[str, object]:
    """Run code cells, given as (name, source); a name that begins with "check" makes a cell that bears points."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for name, source in cells:
        mark = {"grade": name.startswith("check"), "solution": False, "locked": True, "grade_id": name, "points": 1}
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"nbgrader": mark | {"schema_version": 3}}))
    ExecuteAndReplay(**settings).preprocess(notebook, {"metadata": {"path": None}})
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells}


CHECK = "def check(): return 1.0\n"


def test_a_check_that_was_never_reached_earns_nothing():
    cells = run(("a", "import os; os._exit(0)"), ("check-1", "assert True"), max_restarts=0)
    assert determine_grade(cells["check-1"]) == (0, 1)
    assert cells["check-1"].outputs[0].ename == "CellNotRun"


def test_no_further_cell_is_started_when_the_notebooks_time_is_over():
    cells = run(("check-1", "assert True"), notebook_timeout=-1)
    assert determine_grade(cells["check-1"]) == (0, 1)


def test_a_check_that_passes_silently_keeps_its_points_and_one_whose_result_is_suppressed_has_none():
    silence = "from IPython.core.interactiveshell import InteractiveShell as S; S.ast_node_interactivity = 'none'"
    cells = run(("a", silence), ("check-1", "assert True"), ("check-2", CHECK + "check()"))
    assert determine_grade(cells["check-1"]) == (1, 1)
    assert determine_grade(cells["check-2"]) == (0, 1)


def test_only_the_result_of_the_cell_itself_counts_as_its_mark():
    forge = "import sys\ndef f():\n    sys.displayhook(1.0)\n    return 0.25"
    cells = run(("a", forge), ("check-1", "def check(): return f()\ncheck()"))
    assert determine_grade(cells["check-1"]) == (0.25, 1)


def test_hidden_cases_come_out_neither_printed_nor_in_an_error_nor_as_the_seed(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "123456789")
    spy = (
        "import os\nclass E(BaseException): pass\ndef f(secret, fail):\n    print(secret); os.write(2, secret.encode())"
    )
    spy += "\n    display(secret)\n    if fail: raise E(secret)\n    return 1.0"
    call = "# BEGIN HIDDEN TESTS\nf('4' + '2' * 9, {})"
    cells = run(("a", spy), ("check-1", call.format(False)), ("check-2", call.format(True)), ("b", "print(os.environ)"))
    assert determine_grade(cells["check-1"]) == (1, 1) and determine_grade(cells["check-2"]) == (0, 1)
    shown = json.dumps([cell.outputs for cell in cells.values()])
    assert "4222222222" not in shown and "123456789" not in shown
    assert "CNNCOURSE_HIDDEN_SEED" in shown and "not shown" in shown


# The class, with stock nbgrader ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("student", EXPECTED)
def test_everybody_gets_the_mark_they_deserve_from_stock_nbgrader(stock, student):
    assert points(stock)[student] == EXPECTED[student]


def test_the_class_is_large_and_mixed_enough_to_mean_something():
    totals = [learner.total for learner in LEARNERS.values()]
    assert len(LEARNERS) >= 14 and min(totals) == 0 and max(totals) == sum(RIGHT.values()) == 17
    assert {learner.total for learner in LEARNERS.values() if 0 < learner.total < 17}


def test_stock_nbgrader_names_the_files_it_cannot_grade_and_grades_the_rest(stock):
    log = (stock / "autograde.log").read_text()
    graded = points(stock)
    for student in make.BROKEN:
        assert student in log
        assert not any(graded.get(student, {}).values())
    assert make.OLD_FORMAT in graded  # the last in the order of grading
    assert "INPUT" not in log, "what learners print reaches the instructor's terminal"


@pytest.mark.parametrize("student", [name for name, learner in LEARNERS.items() if learner.misconceptions])
def test_the_check_names_the_misconception(stock, student):
    outputs = checks(autograded(stock, student))
    for function, name in LEARNERS[student].misconceptions.items():
        assert [output.data[VERDICT]["misconception"] for output in outputs[function]] == [name]


@pytest.mark.parametrize("student", [name for name, learner in LEARNERS.items() if learner.ended])
def test_a_cell_that_had_to_be_ended_says_so_in_a_sentence(stock, student):
    outputs = checks(autograded(stock, student))
    for function, name in LEARNERS[student].ended.items():
        (output,) = outputs[function]
        assert output.ename == name and output.evalue.endswith((".", "?"))
        assert output.evalue in feedback(stock, student)


def test_no_check_cell_is_left_without_an_output_or_with_text_on_stderr(stock):
    for student in EXPECTED:
        found = checks(autograded(stock, student))
        assert sorted(found) == sorted(functions(ASSIGNMENT))
        for outputs in found.values():
            assert outputs and outputs[-1].output_type in ("execute_result", "error")
            assert not [output for output in outputs if output.get("name") == "stderr"]


def test_an_answer_in_words_waits_for_a_person_and_no_answer_gets_nothing(stock):
    with gradebook(stock) as book:
        for name, learner in LEARNERS.items():
            grade = book.find_grade("question-locality", "convolution", ASSIGNMENT, name)
            assert grade.needs_manual_grade == bool(learner.answer), name
            assert grade.auto_score == (None if learner.answer else 0), name


def test_there_is_feedback_for_everybody_who_was_graded(stock):
    for student in EXPECTED:
        assert "correlate2d" in feedback(stock, student)


def test_feedback_and_autograded_notebooks_carry_neither_hidden_inputs_nor_the_seed(stock):
    seed = (stock / ".hidden-seed").read_text().strip()
    hidden = [case for case, _ in task(ASSIGNMENT, "correlate2d").draw(int(seed))]
    secret = {f"{number:.6f}" for case in hidden for number in fractions(case)}
    assert len(secret) > 50
    shown = 0
    for student in EXPECTED:
        notebook = json.dumps(autograded(stock, student))
        for text in (notebook, feedback(stock, student)):
            assert seed not in text, student
            numbers = set(re.findall(r"-?\d+\.\d{6}(?!\d)", text))
            assert not numbers & secret, student
        shown += "not shown" in notebook
    assert shown, "somebody in the class prints the inputs"


def fractions(case) -> list[float]:
    flat = np.concatenate([np.ravel(argument).astype(float) for argument in case.args])
    return [number for number in flat if number % 1]


def test_export_has_everybodys_total(stock):
    with (stock / "grades.csv").open() as file:
        given = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    for student, expected in EXPECTED.items():
        assert given[student] == pytest.approx(sum(expected.values()))


def test_report_counts_the_misconceptions_of_the_class(stock):
    made = report(stock, output=stock / "made" / "report.html")
    (part,) = made.classes
    met = {(function, name): who for function, name, who in part.misconceptions()}
    for student, learner in LEARNERS.items():
        for function, name in learner.misconceptions.items():
            if name not in ("not written yet", "not defined"):
                assert student in met[function, name]
    assert met["convolve2d", "kernel not flipped"] == ["s05-kernel-flipped", "s10-true-convolution"]
    mean = np.mean([expected["correlate2d"] for expected in EXPECTED.values()])
    assert part.mean(part.questions[0]) == pytest.approx(mean, abs=0.01)
    text = str(made)
    for student in make.BROKEN:
        assert f"submitted/{student}/" in text
    assert "kernel not flipped" in text and "To be marked by hand" in text and str(made.path) in text
    page = made.path.read_text()
    assert "bias forgotten" in page and "s06-bias" in page


# What ``cnncourse grade`` adds ----------------------------------------------------------------------------------------


def test_grade_gives_the_same_marks_as_stock_nbgrader(few, stock):
    ours, theirs = points(few), points(stock)
    for student in (*FEW, make.OLD_FORMAT):
        assert ours[student] == theirs[student] == EXPECTED[student]


def test_grade_names_bad_files_with_their_cure_and_succeeds(few):
    log = (few / "grade.log").read_text()
    assert log.startswith("exit 0")
    for student, told in make.BROKEN.items():
        (line,) = [line for line in log.splitlines() if line.strip().startswith(f"{student}: submitted/{student}/")]
        assert told in line, line
        assert re.search(r"ask for|rename", line), line
    assert str(few / "gradebook.db") in log and str(few / "feedback") in log


def test_grade_touches_nothing_that_was_handed_in(few, made):
    files = [path for path in (few / "submitted").rglob("*") if path.is_file()]
    assert len(files) == len(FEW) + len(make.BROKEN)  # one of the broken ones is an empty folder, one an old notebook
    for path in files:
        assert path.read_bytes() == (made / path.relative_to(few)).read_bytes()


def test_grade_lists_everybody_in_the_csv_also_those_it_could_not_grade(few):
    with (few / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores["s02-slices"] == 17
    assert all(scores[student] == 0 for student in make.BROKEN)


def states(summary) -> dict[str, str]:
    return {outcome.student: outcome.state for outcome in summary.outcomes}


def test_a_second_run_skips_what_is_graded_and_a_third_regrades_what_was_handed_in_anew(course):
    before = (course / "autograded" / "s02-slices" / ASSIGNMENT / NOTEBOOK).stat().st_mtime_ns
    found = states(grade(course, progress=False))
    assert {found[student] for student in FEW} == {"unchanged"}
    assert (course / "autograded" / "s02-slices" / ASSIGNMENT / NOTEBOOK).stat().st_mtime_ns == before

    shutil.copy(
        course / "submitted" / "s02-slices" / ASSIGNMENT / NOTEBOOK,
        course / "submitted" / "s13-half-finished" / ASSIGNMENT / NOTEBOOK,
    )
    found = states(grade(course, progress=False))
    assert found["s13-half-finished"] == "graded" and found["s02-slices"] == "unchanged"
    assert points(course)["s13-half-finished"] == RIGHT


def test_a_half_made_copy_is_graded_and_not_skipped(course):
    """An interrupted run leaves a copy without outputs; stock nbgrader would skip it and leave it ungraded."""
    made = course / "autograded" / "s06-bias" / ASSIGNMENT / NOTEBOOK
    made.chmod(stat.S_IRUSR | stat.S_IWUSR)
    shutil.copy(course / "submitted" / "s06-bias" / ASSIGNMENT / NOTEBOOK, made)
    (course / "autograded" / "s06-bias" / f".{ASSIGNMENT}.json").unlink()
    with gradebook(course) as book:
        book.remove_submission(ASSIGNMENT, "s06-bias")
    assert states(grade(course, students=["s06-bias"], progress=False)) == {"s06-bias": "graded"}
    assert points(course)["s06-bias"] == EXPECTED["s06-bias"]
    assert checks(autograded(course, "s06-bias"))["correlate2d"]


def test_marks_and_comments_given_by_hand_survive_a_regrade_and_reach_the_feedback(course):
    with gradebook(course) as book:
        mark = book.find_grade("question-locality", "convolution", ASSIGNMENT, "s02-slices")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        book.find_comment(
            "question-locality", "convolution", ASSIGNMENT, "s02-slices"
        ).manual_comment = "Locality: yes."
        book.db.commit()
    (outcome,) = grade(course, students=["s02-slices"], progress=False).outcomes
    assert (outcome.state, outcome.points) == ("unchanged", 19.5)
    assert "Locality: yes." in feedback(course, "s02-slices")

    (outcome,) = grade(course, students=["s02-slices"], force=True, progress=False).outcomes
    assert (outcome.state, outcome.points) == ("graded", 19.5)
    assert "Locality: yes." in feedback(course, "s02-slices")


def test_a_good_mark_stays_when_the_next_version_is_broken(course):
    (course / "submitted" / "s02-slices" / ASSIGNMENT / NOTEBOOK).write_text("{")
    (outcome,) = grade(course, students=["s02-slices"], progress=False).outcomes
    assert outcome.state == "needs a person" and "earlier version" in outcome.note and outcome.points == 17


def test_mistakes_of_the_instructor_end_with_a_sentence_that_says_what_to_do(course, tmp_path):
    with pytest.raises(CourseError, match="nbgrader_config.py"):
        grade(tmp_path)
    with pytest.raises(CourseError, match="02-pooling.*01-convolution.*generate_assignment"):
        grade(course, ["02-pooling"])
    with pytest.raises(CourseError, match="nobody"):
        grade(course, students=["nobody"])
    shutil.rmtree(course / "submitted")
    with pytest.raises(CourseError, match="no submissions.*collect"):
        grade(course)
    (course / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="knows no assignment.*generate_assignment"):
        grade(course)


def test_a_folder_name_nbgrader_cannot_work_with_is_named(course):
    (course / "submitted" / "s02-slices").rename(course / "submitted" / "s02[slices]")
    (outcome,) = grade(course, students=["s02[slices]"], progress=False).outcomes
    assert outcome.state == "needs a person" and "rename the folder" in outcome.note


def test_the_working_folder_and_the_environment_are_as_before(course):
    before, seed = os.getcwd(), os.environ.get("CNNCOURSE_HIDDEN_SEED")
    assert Course(course).seed == "20260412"
    assert (os.getcwd(), os.environ.get("CNNCOURSE_HIDDEN_SEED")) == (before, seed)


# The exchange ---------------------------------------------------------------------------------------------------------


def test_release_fetch_submit_and_collect_work_out_of_the_box(course, tmp_path):
    done = nbgrader(course, "release_assignment", ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    exchange = course / "exchange"
    assert stat.S_IMODE(exchange.stat().st_mode) == 0o777
    assert [p.name for p in (exchange / "cnncourse" / "outbound" / ASSIGNMENT).iterdir()] == [NOTEBOOK]

    learner = tmp_path / "learner"
    learner.mkdir()
    at = ["--course", "cnncourse", f"--Exchange.root={exchange}"]
    own = {"JUPYTER_DATA_DIR": str(tmp_path / "data")}
    for step in ("fetch_assignment", "submit"):
        done = nbgrader(learner, step, ASSIGNMENT, *at, **own)
        assert done.returncode == 0, done.stderr
    done = nbgrader(course, "collect", ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    released = nbformat.read(course / "exercises" / ASSIGNMENT / NOTEBOOK, as_version=4)
    (collected,) = [p for p in (course / "submitted").iterdir() if (p / ASSIGNMENT / "timestamp.txt").exists()]
    assert nbformat.read(collected / ASSIGNMENT / NOTEBOOK, as_version=4) == released


# A busy machine -------------------------------------------------------------------------------------------------------


def test_a_kernel_that_does_not_start_is_started_again(monkeypatch):
    """Two kernels that start at once can be given the same port, and one of them dies before it says a word."""
    started = []
    start = ExecuteAndReplay.start_new_kernel_client

    def dies_first(self):
        started.append(1)
        if len(started) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return start(self)

    monkeypatch.setattr(ExecuteAndReplay, "start_new_kernel_client", dies_first)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_code_cell("6 * 7")], metadata={"kernelspec": kernel})
    executed, _ = ExecuteAndReplay().preprocess(notebook, {})
    assert executed.cells[0].outputs[0]["data"]["text/plain"] == "42" and len(started) == 2
