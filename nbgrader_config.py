"""nbgrader's settings. The folder this file lies in is a course folder; a copy of it makes another one."""

import os
from pathlib import Path

from cnncourse.grading.release import prepare

c = get_config()  # noqa: F821 -- nbgrader provides it

# Release: solutions/ is the source, exercises/ what learners get ------------------------------------------------------

c.CourseDirectory.course_id = "cnncourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# Text sources and private files stay here: nbgrader would copy everything beside a notebook to every learner.
c.CourseDirectory.ignore = ["*.md", "*.bak", ".*", "*.pyc", "__pycache__", "feedback"]
# exercises/ is committed, and nbgrader skips what exists: without this a fresh clone would record no assignment.
c.GenerateAssignment.force = True
c.ClearSolutions.code_stub = {"python": "# Your code here.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "*Write your answer here, in place of this line.*"

# Turns the text sources into notebooks, and gives the checks their hidden seed.
prepare(Path(__file__).parent)

# Grading: the marks a class deserves from `nbgrader autograde` --------------------------------------------------------

# The classes of cnncourse.grading.execute say what they do and why; the rest are nbgrader's own, in nbgrader's order.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "cnncourse.grading.execute.RestoreCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "cnncourse.grading.execute.ExecuteAndReplay",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OverwriteCells.add_missing_cells = True
# Where released and submitted work is exchanged on a machine that all share. nbgrader's default is a system folder that
# only an administrator can make; `nbgrader release_assignment` makes this one, open to everyone as it must be.
c.Exchange.root = os.environ.get("CNNCOURSE_EXCHANGE") or str(Path(__file__).parent / "exchange")
