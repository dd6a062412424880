"""Judges for the tests of a batch: each learner's name says what becomes of the process that marks them."""

import json
import os
import signal
import time
from pathlib import Path

from cnncourse.grading.cells import read_submission
from cnncourse.grading.job import Job, Mark, Marked


def mark(job: Job, *, sandbox: bool = True) -> Marked:
    """A point for each character of each solution, and each call noted in the file ``MARKING_LOG``."""
    with open(os.environ["MARKING_LOG"], "a") as log:
        log.write(f"{job.student} {os.getpid()} {sandbox}\n")
    kind = job.student.partition("-")[0]
    seen = Path(os.environ["MARKING_LOG"]).with_name(f"seen-{job.student}")
    again = seen.exists()
    seen.touch()
    if kind == "dies" or (kind == "falters" and not again):
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "exits":
        os._exit(3)
    if kind == "hangs":
        time.sleep(1000)
    if kind == "stumbles":
        raise RuntimeError("no idea what to do\n\x1b[2J")
    if kind == "slow":
        time.sleep(0.1)
    marked = Marked(job.assignment, job.student, notes=[f"Marked with seed {job.seed}."])
    for notebook in job.notebooks:
        content = job.files.get(f"{notebook.name}.ipynb")
        if content is None:
            continue
        made = read_submission(notebook, content)
        length = sum(len(c["source"]) for c in made["cells"] if c["metadata"].get("nbgrader", {}).get("solution"))
        marks = []
        for cell in notebook.cells:
            if cell.grade and not cell.solution:
                verdict = {
                    "function": cell.name,
                    "passed": length > 10,
                    "score": 1.0,
                    "misconception": None,
                    "hidden": False,
                }
                marks.append(
                    Mark(cell.name, float(min(length, cell.points)), cell.points, verdict, "<div><p>So.</p></div>")
                )
            elif cell.grade or cell.task:
                marks.append(Mark(cell.name, None, cell.points))
            elif cell.solution:
                marks.append(Mark(cell.name, None, 0.0))
        marked.marks[notebook.name] = marks
        marked.notebooks[notebook.name] = json.dumps(made).encode()
    return marked
