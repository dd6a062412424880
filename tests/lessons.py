"""A course folder of two small notebooks, on which nbgrader's own converters work; nothing is run."""

import copy
import os
import shutil
from pathlib import Path

import nbformat
import nbgrader.api
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory

NAME = "lesson"


def cell(kind, name, source, *outputs, points=None, **flags):
    """A cell of an assignment, as nbgrader has it, with the outputs that running it would leave."""
    mark = {"grade": False, "solution": False, "locked": False, "task": False} | flags
    mark |= {"grade_id": name, "schema_version": 3, "cell_type": kind} | ({} if points is None else {"points": points})
    made = (new_code_cell if kind == "code" else new_markdown_cell)(source, metadata={"nbgrader": mark}, id=name)
    if outputs:
        made.outputs = list(outputs)
    return made


def first():
    return new_notebook(
        cells=[
            cell("code", "setup", "import numpy", locked=True),
            cell("code", "half", "### BEGIN SOLUTION\n2\n### END SOLUTION", solution=True),
            cell("code", "check-half", "half()", grade=True, locked=True, points=5),
            cell("markdown", "why", "Because.", grade=True, solution=True, points=3),
            cell("markdown", "draw", "Draw.", task=True, locked=True, points=2),
        ]
    )


def second():
    return new_notebook(
        cells=[
            cell("code", "whole", "### BEGIN SOLUTION\n2\n### END SOLUTION", solution=True),
            cell("code", "check-whole", "assert whole()", grade=True, locked=True, points=4),
        ]
    )


class Class:
    """The course folder. What is handed in has the outputs that a run would leave."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name, made in (("first", first()), ("second", second())):
            path = folder / "source" / NAME / f"{name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(made, path)
        (folder / "nbgrader_config.py").write_text("c = get_config()\n")
        self.stock(GenerateAssignment)

    def stock(self, converter, **settings) -> None:
        app = NbGrader()
        app.config.CourseDirectory.root = str(self.folder)
        app.config.CourseDirectory.assignment_id = NAME
        # As they come: the outputs in what was handed in are those of the run.
        app.config.Autograde.sanitize_preprocessors = []
        app.config.Autograde.autograde_preprocessors = [
            "nbgrader.preprocessors.SaveAutoGrades",
            "nbgrader.preprocessors.AssignLatePenalties",
        ]
        for section, values in settings.items():
            app.config[section].update(values)
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            directory = CourseDirectory(config=app.config)
            made = converter(coursedir=directory, config=app.config)
            made.force = True
            made.start()
        finally:
            os.chdir(before)

    def released(self, name: str):
        return nbformat.read(self.folder / "release" / NAME / f"{name}.ipynb", as_version=4)

    def submit(self, student: str, timestamp: str = "", **notebooks) -> None:
        """Hand in released notebooks with changes: by notebook, a dictionary of cell → what becomes of it."""
        folder = self.folder / "submitted" / student / NAME
        folder.mkdir(parents=True)
        for name, changes in notebooks.items():
            notebook = self.released(name)
            for one in notebook.cells:
                for key, value in changes.get(one.metadata.nbgrader.grade_id, {}).items():
                    one[key] = value
            nbformat.write(notebook, folder / f"{name}.ipynb")
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'gradebook.db'}"

    def book(self) -> nbgrader.api.Gradebook:
        return nbgrader.api.Gradebook(self.url)

    def copy(self, folder: Path) -> "Class":
        other = copy.copy(self)
        other.folder = folder
        shutil.copytree(self.folder, folder)
        return other
