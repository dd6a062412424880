"""``python -m benchmarks.grading``: how fast a class is graded, beside stock nbgrader, with the same marks.

The class is the demonstration class of the tests without those who are waited for, handed in again and again. Each row
is a run of its own; what starting costs is taken off by grading a small class first: the rest is the cost of one more
submission. Ratios compare what ran in the same minutes on the same machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.__main__ import Table

ROOT = Path(__file__).parents[1]
SECTIONS = ("batch", "stock", "gradebook")
FEW = 2  # the small class

# What a run does in a process of its own: the command's work, and what it took.
RUN = """
import json, resource, sys, time
start = time.perf_counter()
from cnncourse.grading import workers
from cnncourse.grading.grade import grade
course, count, cluster = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "cluster"
summary = grade(course, count=count, local_cluster=cluster)
json.dump({
    "seconds": time.perf_counter() - start,
    "graded": sum(outcome.state == "graded" for outcome in summary.outcomes),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}, sys.stdout)
"""


def _make():
    spec = importlib.util.spec_from_file_location("demonstration_class", ROOT / "tests" / "class" / "make.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


class Course:
    """A course folder and what is handed in, copied as often as is asked for."""

    def __init__(self, folder: Path, assignment: str, notebook: str):
        import nbformat

        self.make, self.folder, self.assignment, self.notebook = _make(), folder, assignment, notebook
        self.make.release(folder, [assignment])
        if (ROOT / "tests" / "class" / assignment).is_dir():
            released = nbformat.read(folder / "exercises" / assignment / notebook, as_version=4)
            honest = [
                one
                for one in self.make.learners(assignment)
                if not (one.ended or one.edits or "takes too long" in one.misconceptions.values())
            ]
            self.contents = [nbformat.writes(self.make.write(released, one)) for one in honest]
        else:  # the solution itself
            self.contents = [(folder / "solutions" / assignment / notebook).read_text(encoding="utf-8")]

    def hand_in(self, count: int) -> None:
        """Let this many hand in, and nothing be graded yet."""
        for step in ("submitted", "autograded", "feedback"):
            shutil.rmtree(self.folder / step, ignore_errors=True)
        for number in range(count):
            folder = self.folder / "submitted" / f"s{number:05}" / self.assignment
            folder.mkdir(parents=True)
            (folder / self.notebook).write_text(self.contents[number % len(self.contents)], encoding="utf-8")
        (self.folder / "gradebook.db").unlink(missing_ok=True)
        self.make.release(self.folder, [self.assignment])

    def points(self) -> list:
        from cnncourse.grading.gradebook import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            return [(score.student, score.points) for score in book.scores()]

    def ours(self, count: int, workers: int, cluster: str = "") -> dict:
        self.hand_in(count)
        command = [sys.executable, "-c", RUN, str(self.folder), str(workers), cluster]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=_environment())
        told = json.loads(done.stdout)
        assert told["graded"] == count, f"{told['graded']} of {count} were graded"
        return told | {"points": self.points()}

    def stock(self, count: int) -> dict:
        """nbgrader's own commands, autograde and feedback."""
        self.hand_in(count)
        seconds = {}
        for step in ("autograde", "generate_feedback"):
            start = time.perf_counter()
            command = [sys.executable, "-m", "nbgrader", step, self.assignment]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True, env=_environment())
            seconds[step] = time.perf_counter() - start
        return seconds | {"seconds": sum(seconds.values()), "points": self.points()}


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}


def batch(arguments, folder: Path) -> None:
    course = Course(folder / "batch", "01-convolution", "convolution.ipynb")
    many = arguments.submissions
    print(f"\n{many} submissions of 01-convolution, from submissions to gradebook, notebooks and feedback.\n")
    table = Table("who marks", "start, s", "ms a submission", "a second", "all, s", "parent's memory, MiB")
    for workers, cluster in [*((count, "") for count in arguments.workers), (arguments.workers[-1], "cluster")]:
        few, all_ = course.ours(FEW, workers, cluster), course.ours(many, workers, cluster)
        each = (all_["seconds"] - few["seconds"]) / (many - FEW)
        table.write(
            [
                f"{workers} Dask workers" if cluster else f"{workers} processes",
                f"{few['seconds'] - FEW * each:.1f}",
                f"{1e3 * each:.0f}",
                f"{1 / each:.1f}",
                f"{all_['seconds']:.0f}",
                f"{few['peak']:.0f} → {all_['peak']:.0f}",
            ]
        )


def stock(arguments, folder: Path) -> None:
    from cnncourse.checks import TOPICS

    print("\nBeside nbgrader's own commands; seconds for one more submission.\n")
    table = Table(
        "assignment", "autograde", "feedback", *(f"ours, {n}" for n in arguments.workers), "× autograde", "× both"
    )
    for assignment, topic in TOPICS.items():
        notebook, many = topic, arguments.stock if assignment == "01-convolution" else FEW + 4
        course = Course(folder / assignment, assignment, f"{notebook}.ipynb")
        few, all_ = course.stock(FEW), course.stock(many)
        each = {step: (all_[step] - few[step]) / (many - FEW) for step in ("autograde", "generate_feedback")}
        ours = []
        for workers in arguments.workers:
            mine = course.ours(many, workers)
            assert mine["points"] == all_["points"], "other marks than nbgrader's"
            large = course.ours(5 * many, workers)
            ours.append((large["seconds"] - mine["seconds"]) / (4 * many))
        table.write(
            [
                assignment,
                *(f"{each[step]:.2f}" for step in each),
                *(f"{seconds:.3f}" for seconds in ours),
                " / ".join(f"{each['autograde'] / seconds:.0f}" for seconds in ours),
                " / ".join(f"{sum(each.values()) / seconds:.0f}" for seconds in ours),
            ]
        )


def gradebook(arguments, folder: Path) -> None:
    from cnncourse.grading.gradebook import Gradebook
    from cnncourse.grading.job import Mark, Marked

    course = Course(folder / "gradebook", "01-convolution", "convolution.ipynb")
    url = arguments.gradebook or f"sqlite:///{course.folder / 'gradebook.db'}"
    if arguments.gradebook:  # an empty database of another kind: the assignment is put there first
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", "01-convolution", f"--db={url}", "--force"]
        subprocess.run(command, cwd=course.folder, check=True, capture_output=True, env=_environment())
    book, many = Gradebook(url), arguments.marks
    book.prepare()
    (notebook,) = book.notebooks("01-convolution")
    marks = [
        Mark(cell.name, cell.points if cell.grade and not cell.solution else None, cell.points)
        for cell in notebook.cells
    ]
    marks = [mark for mark, cell in zip(marks, notebook.cells, strict=True) if cell.grade or cell.solution]
    print(f"\nThe marks of {many} submissions, in {book.url.get_backend_name()}; seconds.\n")
    table = Table("", "s")
    for name, most in (("written, 32 at once", 32), ("written again, all at once", many)):
        everybody = [(Marked("01-convolution", f"s{n:05}", marks={notebook.name: marks}), None) for n in range(many)]
        start = time.perf_counter()
        for first in range(0, many, most):
            book.write(everybody[first : first + most])
        table.write([name, f"{time.perf_counter() - start:.2f}"])
    start = time.perf_counter()
    scores = book.scores()
    table.write(["summed", f"{time.perf_counter() - start:.2f}"])
    assert len(scores) == many and {score.points for score in scores} == {17.0}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--submissions", type=int, default=1000, help="how large the class is (1000)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="with how many processes (1 2)")
    parser.add_argument("--stock", type=int, default=16, help="how many of them nbgrader grades, for comparison (16)")
    parser.add_argument("--marks", type=int, default=10_000, help="how many submissions' marks are written (10000)")
    parser.add_argument("--gradebook", metavar="URL", help="write the marks there instead, into an empty database")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        for section in arguments.sections or SECTIONS:
            globals()[section](arguments, Path(folder))


if __name__ == "__main__":
    main()
