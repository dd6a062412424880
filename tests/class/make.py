"""Make the demonstration class: a course folder with submissions of every kind an instructor meets.

    python tests/class/make.py [COURSE_FOLDER]        (default: _build/class)

Each file in ``01-convolution/`` is one learner. Its docstring says what they did, ``EXPECTED`` the points they deserve
for each function, worked out by hand; the rest is what they wrote, sorted into the notebook's cells by the names of the
functions. Optional: ``GOOD``, the learner from whom the functions they got right are taken; ``ANSWER``, to the question
in words; ``EDITS``, what they did to the assignment's cells; ``MISCONCEPTIONS`` and ``ENDED``, what the report must
name; ``MUST_NOT``, what must not have happened once it was graded; ``FILES``, what lies beside the notebook. Code
without a function is a cell of their own. Grading goes by name, and after each hostile submission comes an honest one.

``broken()`` adds submissions that are no notebooks. ``submitted/`` is made anew each time; what was graded stays.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
HEADER = ("EXPECTED", "GOOD", "ANSWER", "EDITS", "MISCONCEPTIONS", "ENDED", "MUST_NOT", "FILES")


@dataclass
class Learner:
    """What one source file says."""

    name: str
    about: str
    expected: dict[str, float]
    code: dict[str, str]
    good: str = ""
    answer: str = ""
    edits: list = field(default_factory=list)
    misconceptions: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    must_not: str = ""
    files: dict[str, str] = field(default_factory=dict)
    own: str = ""

    @property
    def total(self) -> float:
        return round(sum(self.expected.values()), 2)


def read(path: Path, functions: list[str], fill: Callable[[str], str] = str) -> Learner:
    """Split a learner's file into its header and the text of each solution cell.

    A cell gets its function and everything between the function before it and itself; what follows the last function
    stays with that one. ``fill`` makes the text from the file's.
    """
    text = fill(path.read_text(encoding="utf-8"))
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    header = {}
    code: dict[str, str] = {}
    waiting, last = "", None
    for number, node in enumerate(tree.body):
        name = node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""
        if number == 0 or name in HEADER:
            if name:
                header[name] = ast.literal_eval(node.value)
            continue
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        waiting += "".join(lines[start - 1 : node.end_lineno]) + "\n\n"
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            last = node.name
            code[last], waiting = waiting, ""
    own = ""
    if waiting and last is None:
        own = waiting
    elif waiting:
        code[last] += waiting
    return Learner(
        path.stem,
        ast.get_docstring(tree) or "",
        header["EXPECTED"],
        code,
        header.get("GOOD", ""),
        header.get("ANSWER", "").strip(),
        header.get("EDITS", []),
        header.get("MISCONCEPTIONS", {}),
        header.get("ENDED", {}),
        header.get("MUST_NOT", ""),
        header.get("FILES", {}),
        own,
    )


def learners(
    assignment: str = "01-convolution", folder: Path = HERE, fill: Callable[[str], str] = str
) -> list[Learner]:
    """Everybody, in the order in which they are graded. The good may be from the demonstration class."""
    from cnncourse.checks import functions

    names = functions(assignment)
    everybody = [read(path, names, fill) for path in sorted((folder / assignment).glob("*.py"))]
    by_name = {learner.name: learner for learner in everybody}
    if folder != HERE:
        by_name |= {learner.name: learner for learner in learners(assignment)}
    for learner in everybody:
        for function, text in by_name[learner.good].code.items() if learner.good else ():
            learner.code.setdefault(function, text)
    return everybody


def _find(notebook, grade_id: str) -> int:
    for index, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return index
    raise KeyError(f"the released notebook has no cell {grade_id!r}")


def write(released, learner: Learner):
    """The released notebook as this learner hands it in."""
    notebook = copy.deepcopy(released)
    if learner.own:
        own = nbformat.v4.new_code_cell(learner.own.rstrip())
        notebook.cells.insert(1 + _find(notebook, "imports"), own)
    for function, text in learner.code.items():
        notebook.cells[_find(notebook, function)].source = text.rstrip()
    if learner.answer:
        notebook.cells[_find(notebook, "question-locality")].source = learner.answer
    for edit, grade_id, *more in learner.edits:
        index = _find(notebook, grade_id)
        cell = notebook.cells[index]
        if edit == "delete":
            del notebook.cells[index]
        elif edit == "plain":
            del cell.metadata["nbgrader"]
        elif edit == "text":
            cell.source = more[0]
        elif edit == "tag":
            cell.metadata["tags"] = [more[0]]
        elif edit == "metadata":
            cell.metadata["nbgrader"].update(more[0])
        elif edit == "type":
            cell.cell_type = more[0]
        elif edit == "output":
            cell.outputs.append(nbformat.from_dict({"metadata": {}, "execution_count": 1} | more[0]))
        elif edit == "metadata-of-notebook":
            notebook.metadata.update(more[0])
        elif edit == "move":
            del notebook.cells[index]
            notebook.cells.insert(_find(notebook, more[1]) + (more[0] == "below"), cell)
        elif edit in ("cell-above", "cell-below"):
            made = nbformat.from_dict({"cell_type": more[0], "metadata": {}, "source": more[1]})
            if more[0] == "code":
                made.update(outputs=[], execution_count=None)
            notebook.cells.insert(index + (edit == "cell-below"), made)
        elif edit in ("copy-above", "copy-below"):
            twin = copy.deepcopy(cell)
            twin.id = f"{twin.id}-{len(notebook.cells)}"[-64:]
            if more:
                twin.source = more[0]
            notebook.cells.insert(index + (edit == "copy-below"), twin)
        else:
            raise ValueError(f"{learner.name}: no such edit: {edit!r}")
    return notebook


# What is handed in although it is no notebook, or not the one asked for: name → what the instructor must be told.
BROKEN = {
    "s31-text-file": "not a notebook",
    "s32-cut-off": "cut off",
    "s33-empty-folder": "no notebook",
    "s34-other-name": "rename it to convolution.ipynb",
    "s35-empty-file": "empty",
    "s36-json-but-no-notebook": "not a notebook",
}
# Handed in from an old program, in notebook format 3: nothing is lost in the conversion, so it is graded.
OLD_FORMAT = "s37-old-format"


def broken(course: Path, assignment: str, notebook: str, right) -> None:
    """Submissions that are no notebooks, then one in an old format that can be graded."""

    def folder(name: str) -> Path:
        path = course / "submitted" / name / assignment
        path.mkdir(parents=True)
        return path

    text = nbformat.writes(right)
    folder("s31-text-file").joinpath(notebook).write_text(
        "def correlate2d(image, kernel):\n    ...\n", encoding="utf-8"
    )
    folder("s32-cut-off").joinpath(notebook).write_text(text[: len(text) // 2], encoding="utf-8")
    folder("s33-empty-folder")
    folder("s34-other-name").joinpath("convolution (1).ipynb").write_text(text, encoding="utf-8")
    folder("s35-empty-file").joinpath(notebook).write_text("", encoding="utf-8")
    folder("s36-json-but-no-notebook").joinpath(notebook).write_text('{"score": 20}', encoding="utf-8")
    old = nbformat.convert(copy.deepcopy(right), 3)
    folder(OLD_FORMAT).joinpath(notebook).write_text(nbformat.writes(old, version=3), encoding="utf-8")


def release(course: Path, assignments: Iterable[str] = ("01-convolution",)) -> None:
    """Make a course folder with these assignments, or bring the one that is there up to date."""
    course.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "nbgrader_config.py", course / "nbgrader_config.py")
    shutil.copytree(
        REPOSITORY / "solutions", course / "solutions", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.ipynb")
    )
    environment = {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", *assignments]
    if len(list(assignments)) > 1:  # of which nbgrader's own command takes one at a time
        command = [sys.executable, "-m", "cnncourse", "release", *assignments]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {course}:\n{done.stdout}{done.stderr}")


def make(course: Path, assignment: str = "01-convolution", notebook: str = "convolution.ipynb") -> list[Learner]:
    """Make the course folder and everybody's submission."""
    release(course, [assignment])
    released = nbformat.read(course / "exercises" / assignment / notebook, as_version=4)
    shutil.rmtree(course / "submitted", ignore_errors=True)
    everybody = learners(assignment)
    for learner in everybody:
        folder = course / "submitted" / learner.name / assignment
        folder.mkdir(parents=True)
        nbformat.write(write(released, learner), folder / notebook)
    broken(course, assignment, notebook, write(released, everybody[0]))
    return everybody


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "_build" / "class"
    made = make(target.resolve())
    print(f"{len(made) + len(BROKEN) + 1} submissions in {target / 'submitted'}")
