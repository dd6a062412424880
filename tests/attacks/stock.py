"""What stock nbgrader does with each kind, graded in a course folder with plain settings; kept in ``stock.json``.

    python tests/attacks/stock.py FOLDER [PATTERN ...]      (without a pattern: all that are not in it yet)

It takes half an hour or more, one kind after the other, since many of them cost nbgrader its patience. Kinds that would
harm the machine are left out: there is nothing between them and it.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import make

OUTCOMES = make.HERE / "stock.json"
PATIENCE = 200  # seconds for a submission, after which a person would end it
# Not for a machine that is needed afterwards: what they do has no bounds, or would be done to everything outside.
DANGEROUS = {"a26-prints-without-end", "d08-device", "d12-sparse-giant", "d13-much-beside-it"}
GRADE = """
import sys
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
app = NbGrader()
app.initialize([])
done = NbGraderAPI(app.coursedir).autograde(sys.argv[1], sys.argv[2], force=True)
print("SUCCESS" if done["success"] else "FAILURE", done.get("error") or "", done.get("log") or "", sep="\\n")
"""


def is_dangerous(kind: make.Kind) -> bool:
    """Whether it does nothing outside a sandbox, by its own guard, or should not be let do it."""
    guarded = any(re.search(rb"(?<!def )(\\n|\b)arm\(\)", content) for content in kind.files.values())
    return guarded or kind.name in DANGEROUS


def plain(course: Path) -> None:
    """Let nbgrader's own steps grade, and not the ones that the course puts in their place."""
    settings = course / "nbgrader_config.py"
    text = settings.read_text()
    settings.write_text(text[: text.index("# Grading: ")])


def points(course: Path, kind: make.Kind) -> dict[str, float] | None:
    """What stands in the gradebook."""
    from cnncourse.grading.gradebook import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        try:
            given = book.given(kind.assignment, [kind.name]).get(kind.name, [])
        except UnicodeEncodeError:  # a name that no database takes
            return None
    if not given or all(one.auto_score is None and one.manual_score is None for one in given):
        return None
    return {
        one.cell.removeprefix("check-"): round(float(one.points or 0), 2)
        for one in given
        if one.cell.startswith("check-")
    }


def grade(world: make.World, kind: make.Kind) -> str:
    """Grade one, and say in words what came of it. It gets a gradebook of its own: some write to it."""
    shutil.copy(world.root / "gradebook.db", world.course / "gradebook.db")
    before = make.descendants()
    command = [sys.executable, "-c", GRADE, kind.assignment, kind.name]
    own = {name: str(world.root / "jupyter") for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    environment = {**os.environ, **own, "XDG_CACHE_HOME": str(world.root / "jupyter")}
    with subprocess.Popen(
        command, cwd=world.course, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            said = None
        for left in sorted(make.descendants() - before):
            try:
                os.kill(left, signal.SIGKILL)
            except OSError:
                pass
    given = points(world.course, kind)
    hurt = sorted({re.sub(r"/\S*/", "", what)[:80] for what in world.hurt()})
    if said is None:
        outcome = f"hung: ended after {PATIENCE} s"
    elif process.returncode < 0:
        outcome = f"nbgrader was ended by {signal.Signals(-process.returncode).name}"
    elif given is None:
        outcome = "no mark"
    elif given == kind.expected:
        outcome = "the mark deserved"
    else:
        total, deserved = sum(given.values()), sum((kind.expected or {}).values())
        outcome = f"{total:g} instead of {deserved:g}"
        if total == deserved:
            outcome = "the wrong functions"
    return "; ".join([outcome, *hurt[:3]])


def main() -> None:
    root, patterns = Path(sys.argv[1]), sys.argv[2:]
    shutil.rmtree(root, ignore_errors=True)
    world = make.World(root)
    kinds = make.make(world)
    plain(world.course)
    shutil.copy(world.course / "gradebook.db", world.root / "gradebook.db")
    outcomes = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
    for kind in kinds:
        wanted = any(fnmatch.fnmatch(kind.name, pattern) for pattern in patterns)
        if not (wanted or not patterns and kind.name not in outcomes):
            continue
        start = time.monotonic()
        outcomes[kind.name] = "not tried: dangerous" if is_dangerous(kind) else grade(world, kind)
        print(f"{time.monotonic() - start:5.0f} s  {kind.name!a}: {outcomes[kind.name]}", flush=True)
        OUTCOMES.write_text(json.dumps(outcomes, indent=1, sort_keys=True) + "\n")
    world.close()


if __name__ == "__main__":
    main()
