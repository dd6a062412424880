"""From solutions/ to exercises/: what learners get is what the text says, and nothing they should not see."""

import copy
import itertools
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from cnncourse.checks import functions
from cnncourse.grading.release import CourseError, known_assignments, prepare, read_source, release, sync_sources

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "solutions").glob("*/*.md"))


def announced(source: Path) -> dict[str, int]:
    """The points that a notebook's first table promises, by the names of the cells that are marked."""
    row = re.search(r"\| \*\*Points\*\* \| (\d+): (.*) \|", source.read_text(encoding="utf-8"))
    points = {f"check-{name}": int(n) for name, n in re.findall(r"`(\w+)` (\d+)", row[2])}
    points["question"] = int(re.search(r"a question in words (\d+)$", row[2])[1])
    assert sum(points.values()) == int(row[1])
    return points


POINTS = {source.parent.name: announced(source) for source in SOURCES}


@pytest.fixture(autouse=True)
def same_environment():
    """Loading the settings sets variables; the next test starts without them."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def course(tmp_path):
    """A course folder as a clone has it: settings, text sources, released exercises."""
    folder = tmp_path / "course"
    only_tracked = shutil.ignore_patterns(".*", "*.ipynb")
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=only_tracked)
    shutil.copytree(ROOT / "exercises", folder / "exercises", ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


@pytest.fixture
def small_course(course):
    """The same with its first assignment alone."""
    for folder in (*(course / "solutions").iterdir(), *(course / "exercises").iterdir()):
        if folder.name != "01-convolution":
            shutil.rmtree(folder)
    return course


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """exercises/ generated now, in a folder that never held one."""
    folder = tmp_path_factory.mktemp("fresh")
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=shutil.ignore_patterns(".*", "*.ipynb"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCOURSE_HIDDEN_SEED", "1")
        release(folder)
    return folder / "exercises"


def source_of(assignment: str) -> Path:
    return next(path for path in SOURCES if path.parent.name == assignment)


def released(assignment: str) -> Path:
    source = source_of(assignment)
    return ROOT / "exercises" / assignment / f"{source.stem}.ipynb"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder but hidden ones, which editors leave."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(n): (folder / n).read_bytes() for n in names if not any(part.startswith(".") for part in n.parts)}


def drift(committed: Path, generated: Path) -> list[str]:
    """The files that differ, or are in one of the two only."""
    ours, theirs = contents(committed), contents(generated)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    """A command as an instructor types it, without the environment's programs on the path."""
    environment = {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=300,
    )


def run_all(notebook, folder: Path):
    """Run All, as Jupyter does it: stops at an error."""
    return NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()


def outputs(cell, mime: str) -> str:
    parts = [output.get("data", {}).get(mime, output.get("text", "")) for output in cell.get("outputs", [])]
    return "\n".join(str(part) for part in parts)


def check_cells(notebook):
    return [cell for cell in notebook.cells if cell.id.startswith("check-")]


# What is released -----------------------------------------------------------------------------------------------------


def test_released_exercises_are_what_the_sources_give(fresh):
    assert drift(ROOT / "exercises", fresh) == [], (
        "exercises/ is generated: run `cnncourse release` and commit what it writes"
    )


@pytest.mark.parametrize("change", ["edited", "removed", "added"])
def test_drift_is_seen(fresh, tmp_path, change):
    copied = tmp_path / "exercises"
    shutil.copytree(fresh, copied)
    notebook = copied / "01-convolution" / "convolution.ipynb"
    if change == "edited":
        notebook.write_text(notebook.read_text().replace("about 90 minutes", "about 91 minutes"))
    elif change == "removed":
        notebook.unlink()
    else:
        (copied / "01-convolution" / "notes.txt").write_text("left over")
    expected = "01-convolution/notes.txt" if change == "added" else "01-convolution/convolution.ipynb"
    assert drift(copied, fresh) == [expected]


def test_a_second_release_changes_no_byte_and_no_date(course):
    release(course)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in course.rglob("*.ipynb")}
    said = []
    assert release(course, progress=said.append) == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in course.rglob("*.ipynb")} == before
    assert said == [f"exercises/{name}: up to date" for name in known_assignments(course)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parent.name)
def test_nbgrader_metadata_survives_text_to_notebook_and_back(source, tmp_path):
    first = read_source(source)
    nbformat.write(first, tmp_path / "first.ipynb")
    (tmp_path / "again.md").write_text(jupytext.writes(nbformat.read(tmp_path / "first.ipynb", 4), "md:myst"))
    second = read_source(tmp_path / "again.md")

    def graded(notebook):
        return [
            (c.id, c.cell_type, c.source, dict(c.metadata.nbgrader)) for c in notebook.cells if "nbgrader" in c.metadata
        ]

    assert len(graded(first)) == 2 * len(functions(source.parent.name)) + 2  # with the imports and the question
    assert graded(second) == graded(first)
    assert second == first


@pytest.mark.parametrize("assignment", POINTS)
def test_points_are_the_announced_ones(assignment):
    for notebook in (read_source(source_of(assignment)), nbformat.read(released(assignment), 4)):
        settings = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
        marked = {s["grade_id"]: s["points"] for s in settings if s.get("grade")}
        assert {re.sub("^question-.*", "question", name): n for name, n in marked.items()} == POINTS[assignment]
    assert 20 <= sum(POINTS[assignment].values()) <= 30


@pytest.mark.parametrize("assignment", POINTS)
def test_every_graded_function_is_written_and_checked_in_order(assignment):
    notebook = nbformat.read(released(assignment), 4)
    ids = [cell.id for cell in notebook.cells if not cell.id.startswith("cell-")]
    pairs = [name for function in functions(assignment) for name in (function, f"check-{function}")]
    assert [name for name in ids if name in pairs] == pairs
    cells = {cell.id: cell for cell in notebook.cells}
    for function in functions(assignment):
        stub = cells[function].source
        assert stub.startswith(f"def {function}(")
        assert stub.endswith("    # Your code here.\n    raise NotImplementedError")
        assert stub.count("NotImplementedError") == 1 and ">>> " in stub
        points = POINTS[assignment][f"check-{function}"]
        assert cells[f"check-{function}"].source == (
            f'from cnncourse.checks import check\n\ncheck("{assignment}", "{function}", points={points})'
        )


@pytest.mark.parametrize("assignment", POINTS)
def test_learners_get_no_solutions_no_hidden_tests_no_outputs_and_no_text_source(assignment):
    names = contents(ROOT / "exercises" / assignment)
    assert list(names) == [f"{source_of(assignment).stem}.ipynb"]
    text = names[f"{source_of(assignment).stem}.ipynb"].decode()
    assert not re.search(r"BEGIN|END |hidden\s*=|[Mm]odel answer|[Mm]arking guide|jupytext", text)

    released_notebook = nbformat.reads(text, 4)
    kept = "\n".join(cell.source for cell in released_notebook.cells)
    taken_away = 0
    for cell in read_source(source_of(assignment)).cells:
        for solution in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S):
            for line in filter(str.strip, solution.splitlines()):
                taken_away += 1
                assert line not in kept.splitlines()
    assert taken_away > 30
    for cell in released_notebook.cells:
        assert not cell.get("outputs") and not cell.get("execution_count")


# What it does in Jupyter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", POINTS)
def test_a_released_notebook_runs_to_its_end_and_says_what_is_missing(assignment, tmp_path):
    notebook = run_all(nbformat.read(released(assignment), 4), tmp_path)
    assert len(check_cells(notebook)) == len(functions(assignment))
    for cell in check_cells(notebook):
        assert outputs(cell, "text/plain") == "0.0"
        assert "not written yet" in outputs(cell, "text/html")
    waiting = [cell for cell in notebook.cells if "plots.when_ready" in cell.source]
    for function in functions(assignment):
        assert any(re.search(rf'when_ready\([^)]*"{function}"', cell.source) for cell in waiting), function
    for cell in waiting:
        assert "written yet" in outputs(cell, "text/plain")


@pytest.mark.parametrize("assignment", POINTS)
def test_wrong_functions_break_nothing_but_their_own_marks(assignment, tmp_path):
    notebook = nbformat.read(released(assignment), 4)
    bodies = ["return None", "return 1 / 0", "return object()", "import sys; return sys.no_such_name", "return 'seven'"]
    for body, name in zip(itertools.cycle(bodies), functions(assignment), strict=False):
        cell = next(cell for cell in notebook.cells if cell.id == name)
        cell.source = f"def {name}(*args, **kwargs):\n    {body}"
    notebook = run_all(notebook, tmp_path)
    assert [outputs(cell, "text/plain") for cell in check_cells(notebook)] == ["0.0"] * len(functions(assignment))
    for cell in notebook.cells:
        if "plots.when_ready" in cell.source:
            assert "failed with" in outputs(cell, "text/plain")


@pytest.mark.parametrize("assignment", POINTS)
def test_the_solution_earns_every_point_hidden_cases_included(assignment, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "20240229")
    notebook = read_source(source_of(assignment))
    examples = "import doctest; print(doctest.testmod(verbose=False))"
    notebook.cells.append(nbformat.v4.new_code_cell(examples, id="examples"))
    notebook = run_all(notebook, tmp_path)
    for cell in check_cells(notebook):
        assert float(outputs(cell, "text/plain")) == POINTS[assignment][cell.id]
        (output,) = cell.outputs
        assert output.data["application/vnd.cnncourse.verdict+json"]["hidden"] is True
    for cell in notebook.cells:
        if "plots.when_ready" in cell.source:
            assert "written yet" not in outputs(cell, "text/plain") and "failed" not in outputs(cell, "text/plain")
    assert "TestResults(failed=0, attempted=" in outputs(notebook.cells[-1], "text/plain")
    assert "attempted=0" not in outputs(notebook.cells[-1], "text/plain")


# With nbgrader's own commands -----------------------------------------------------------------------------------------


def test_the_stock_command_works_in_a_fresh_clone(course):
    done = nbgrader(course, "generate_assignment", "01-convolution")
    assert done.returncode == 0, done.stderr
    assert drift(course / "exercises", ROOT / "exercises") == []
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        points = gradebook.execute("SELECT sum(max_score) FROM grade_cells").fetchone()
        (stored,) = gradebook.execute("SELECT source FROM source_cell WHERE name = 'check-conv2d'").fetchone()
    assert points == (20.0,)
    assert "hidden=True" in stored  # the gradebook keeps the hidden tests, for grading
    seed = course / ".hidden-seed"
    assert seed.read_text().strip() not in done.stdout + done.stderr


def test_a_broken_source_ends_the_stock_command_with_a_sentence(course):
    source = course / "solutions" / "01-convolution" / "convolution.md"
    source.write_text(source.read_text().replace("grade_id: convolve2d", "grade_id: correlate2d"))
    before = contents(course / "exercises")
    done = nbgrader(course, "generate_assignment", "01-convolution")
    assert done.returncode == 1
    assert "'correlate2d' is used twice" in done.stderr and "Traceback" not in done.stderr
    assert contents(course / "exercises") == before


def test_releasing_leaves_the_gradebook_alone_unless_asked(course):
    release(course)
    assert not (course / "gradebook.db").exists()
    release(course, gradebook=True)
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        assert gradebook.execute("SELECT sum(max_score) FROM grade_cells").fetchone() == (
            sum(sum(points.values()) for points in POINTS.values()),
        )
    assert drift(course / "exercises", ROOT / "exercises") == []


def test_a_copy_of_the_settings_makes_another_course_folder(course, tmp_path):
    other = tmp_path / "class"
    shutil.copytree(course / "solutions", other / "solutions")
    shutil.copy(course / "nbgrader_config.py", other)
    assert release(other) == known_assignments(course)
    assert (other / ".hidden-seed").exists() and not (course / ".hidden-seed").exists()
    assert drift(other / "exercises", course / "exercises") == []


# The hidden seed ------------------------------------------------------------------------------------------------------


def test_the_hidden_seed_is_drawn_once_and_private(course, monkeypatch):
    seeds = []
    for _ in range(2):
        monkeypatch.delenv("CNNCOURSE_HIDDEN_SEED", raising=False)
        prepare(course)
        seeds.append(os.environ["CNNCOURSE_HIDDEN_SEED"])
    assert seeds[0] == seeds[1] == (course / ".hidden-seed").read_text().strip()
    assert seeds[0].isdigit()
    if os.name == "posix":
        assert stat.S_IMODE((course / ".hidden-seed").stat().st_mode) == 0o600
    assert [path.name for path in course.glob(".hidden-seed*")] == [".hidden-seed"]


def test_two_courses_draw_different_seeds(course, tmp_path, monkeypatch):
    seeds = set()
    for folder in (course, tmp_path):
        monkeypatch.delenv("CNNCOURSE_HIDDEN_SEED", raising=False)
        prepare(folder)
        seeds.add(os.environ["CNNCOURSE_HIDDEN_SEED"])
    assert len(seeds) == 2


def test_a_damaged_seed_file_is_named(course, monkeypatch):
    monkeypatch.delenv("CNNCOURSE_HIDDEN_SEED", raising=False)
    (course / ".hidden-seed").write_text("")
    with pytest.raises(SystemExit, match=r"\.hidden-seed does not hold a number; delete it"):
        prepare(course)


# Bad input ------------------------------------------------------------------------------------------------------------


def test_an_unknown_assignment_is_answered_with_the_known_ones(course):
    with pytest.raises(CourseError, match="no assignment '01-convolutoin' in .*; there are 01-convolution"):
        release(course, ["01-convolutoin"])


def test_a_folder_that_is_no_course_is_named(tmp_path):
    with pytest.raises(CourseError, match=f"{re.escape(str(tmp_path))} the course folder"):
        release(tmp_path)


SETTINGS = "nbgrader: {grade: false, grade_id: f, locked: false, schema_version: 3, solution: true}"
CELL = f"```{{code-cell}} ipython3\n---\n{SETTINGS}\n---\n"
WRONG_TEXTS = {
    "no header": (lambda text: text.split("---\n", 2)[2], "does not begin with jupytext's header"),
    "no header's end": (lambda text: text.replace("\n---\n", "\n", 1), "Look at its header|header"),
    "invalid YAML": (
        lambda text: text.replace("grade_id: conv2d\n", "grade_id: [conv2d\n"),
        "cannot be read as a notebook",
    ),
    "invalid JSON": (lambda text: text.replace('+++ {"nbgrader": ', '+++ {"nbgrader" '), "metadata after each"),
    "not UTF-8": (lambda text: text.replace("·", "\udcff", 1), "cannot be read as a notebook"),
    "same grade_id twice": (
        lambda text: text.replace("grade_id: check-conv2d\n", "grade_id: conv2d\n"),
        "'conv2d' is used twice",
    ),
    "fence left open": (
        lambda text: text.replace("### END HIDDEN TESTS\n```\n", "### END HIDDEN TESTS\n", 1),
        "close the ``` fence",
    ),
    "solution never ends": (lambda text: text.replace("    ### END SOLUTION\n", "", 1), "BEGIN SOLUTION without"),
    "solution ends twice": (
        lambda text: text.replace("    ### END SOLUTION\n", "    ### END SOLUTION\n    ### END SOLUTION\n", 1),
        "END SOLUTION out of place",
    ),
    "solution without markers": (
        lambda text: text + f"\n{CELL}def f(): ...\n```\n",
        "is a solution without ### BEGIN SOLUTION",
    ),
    "hidden tests in a plain cell": (
        lambda text: text + "\n```{code-cell} ipython3\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n```\n",
        "add `grade: true`",
    ),
    "points missing": (lambda text: text.replace("  points: 5\n", ""), "does not have points"),
    "unknown schema": (lambda text: text.replace("schema_version: 3", "schema_version: 9", 1), "metadata is not valid"),
}


@pytest.mark.parametrize("fault", WRONG_TEXTS)
def test_a_text_that_cannot_be_released_is_named_with_its_cure_and_changes_nothing(course, fault):
    change, sentence = WRONG_TEXTS[fault]
    source = course / "solutions" / "01-convolution" / "convolution.md"
    text = source.read_text()
    assert change(text) != text
    source.write_bytes(change(text).encode(errors="surrogateescape"))
    before = contents(course)
    with pytest.raises(CourseError, match=sentence) as caught:
        release(course)
    assert str(source) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(course) == before


def test_what_nbgrader_itself_refuses_is_told_in_a_sentence(course):
    folder = course / "solutions" / "50-no-text"
    folder.mkdir()
    region = "### BEGIN SOLUTION\n1\n### END SOLUTION"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(region)]), folder / "a.ipynb")
    with pytest.raises(CourseError, match=r"could not generate 50-no-text from .*50-no-text: .*Error") as caught:
        release(course, ["50-no-text"])
    assert "\n" not in str(caught.value)
    assert not (course / "exercises" / "50-no-text").exists()
    (folder / "a.ipynb").write_text("{")
    with pytest.raises(CourseError, match="could not generate 50-no-text"):
        release(course, ["50-no-text"])


def test_a_notebook_whose_text_was_renamed_is_not_released_by_accident(small_course):
    (notebook,) = sync_sources(small_course)
    notebook.with_suffix(".md").rename(notebook.with_name("filters.md"))
    with pytest.raises(CourseError, match="convolution.ipynb has no text source"):
        release(small_course)


def test_a_release_does_not_change_what_was_already_submitted_for(course):
    from nbgrader.api import Gradebook

    release(course, gradebook=True)
    before = contents(course / "exercises")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("01-convolution", "ada")
    source = course / "solutions" / "01-convolution" / "convolution.md"
    source.write_text(source.read_text().replace("grade_id: conv2d\n", "grade_id: conv2d_again\n"))
    with pytest.raises(CourseError, match="there are submissions associated with it"):
        release(course, gradebook=True)
    assert contents(course / "exercises") == before


def test_assignments_come_and_their_files_go(course):
    shutil.copytree(course / "solutions" / "01-convolution", course / "solutions" / "99-copy")
    assert "99-copy" in release(course)
    assert (course / "exercises" / "99-copy" / "convolution.ipynb").exists()
    (course / "exercises" / "99-copy" / "old.ipynb").write_text("{}")
    assert release(course, ["99-copy"]) == ["99-copy"]
    assert not (course / "exercises" / "99-copy" / "old.ipynb").exists()


def test_files_beside_a_notebook_go_along_but_text_backups_and_hidden_files_stay(small_course):
    folder = small_course / "solutions" / "01-convolution"
    for name in ("table.csv", "notes.bak", ".secret", ".DS_Store"):
        (folder / name).write_text("x")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "convolution-checkpoint.ipynb").write_text("{}")
    release(small_course)
    found = sorted(
        str(p.relative_to(small_course / "exercises")) for p in (small_course / "exercises").rglob("*") if p.is_file()
    )
    assert found == ["01-convolution/convolution.ipynb", "01-convolution/table.csv"]


# The notebook beside the text -----------------------------------------------------------------------------------------


def test_only_a_changed_text_is_written_again(small_course):
    notebook = small_course / "solutions" / "01-convolution" / "convolution.ipynb"
    source = notebook.with_suffix(".md")
    assert sync_sources(small_course) == [notebook]
    assert sync_sources(small_course) == []
    os.utime(source)  # touched, as a fresh checkout does, but the same text
    assert sync_sources(small_course) == []
    source.write_text(source.read_text().replace("about 90 minutes", "about 60 minutes"))
    assert sync_sources(small_course) == [notebook]
    assert "about 60 minutes" in notebook.read_text()


def test_a_notebook_that_was_run_and_saved_is_made_anew(small_course):
    (notebook,) = sync_sources(small_course)
    clean = notebook.read_bytes()
    content = nbformat.reads(clean.decode(), 4)
    content.cells[2].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(content, notebook)
    assert sync_sources(small_course) == [notebook]
    assert notebook.read_bytes() == clean


def test_work_done_in_the_notebook_instead_of_the_text_is_not_thrown_away(small_course):
    (notebook,) = sync_sources(small_course)
    content = nbformat.read(notebook, 4)
    edited = copy.deepcopy(content)
    edited.cells[0].source += "\n\nA new sentence."
    nbformat.write(edited, notebook)
    with pytest.raises(CourseError, match="was edited, but it is made from convolution.md"):
        sync_sources(small_course)
    assert "A new sentence." in notebook.read_text()


def test_cell_ids_are_valid_unique_and_stay_when_a_cell_is_added(course):
    source = course / "solutions" / "01-convolution" / "convolution.md"
    ids = [cell.id for cell in read_source(source).cells]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
    source.write_text(source.read_text().replace("\n## How to use", "\nAn added cell.\n\n+++\n\n## How to use", 1))
    more = [cell.id for cell in read_source(source).cells]
    assert len(more) == len(ids) + 1 and [name for name in more if name in ids] == ids


def test_the_notebook_is_valid_and_names_its_kernel():
    for assignment in POINTS:
        content = json.loads(released(assignment).read_text())
        nbformat.validate(content)
        assert content["metadata"] == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
