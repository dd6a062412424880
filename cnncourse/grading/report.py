"""What a class understood: points, misconceptions and who needs a person, for the terminal and as a page.

All of it is read from nbgrader's gradebook and from the verdicts that the checks left in the autograded notebooks, so
it can be made at any time, also after ``nbgrader autograde``.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.grading.grade import open_course, why_not_gradable

__all__ = ["ClassReport", "Learner", "Question", "Report", "report"]

VERDICT = "application/vnd.cnncourse.verdict+json"
# What the checks say of functions that are not there or give nothing that could be understood wrongly.
NOT_A_MISUNDERSTANDING = {"not written yet", "not defined"}
# The errors that cnncourse.grading.execute leaves in a cell which was ended from outside.
ENDED = {
    "KernelDied": "ended the Python process",
    "CellStuck": "ran for ever and could not be interrupted",
    "CellTimeoutError": "ran for ever",
    "CellNotRun": "was not run",
    "NoMark": "ended the check",
}


@dataclass(frozen=True)
class Question:
    """One thing that is marked: a function, or a question in words."""

    name: str
    label: str
    most: float
    by_hand: bool


@dataclass
class Learner:
    """One learner: points by question (None where nothing was marked yet), and what there is to say."""

    name: str
    points: dict[str, float | None] = field(default_factory=dict)
    misconceptions: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        return round(sum(points or 0 for points in self.points.values()), 2)


@dataclass
class ClassReport:
    """What a class did in one assignment: ``text()`` for a terminal, ``html()`` as a part of the page."""

    assignment: str
    questions: list[Question]
    learners: list[Learner]

    @property
    def graded(self) -> list[Learner]:
        return [learner for learner in self.learners if learner.points]

    @property
    def most(self) -> float:
        return sum(question.most for question in self.questions)

    def mean(self, question: Question) -> float | None:
        """The mean of those who were marked, or None."""
        marked = self._marked(question)
        return sum(marked) / len(marked) if marked else None

    def _marked(self, question: Question) -> list[float]:
        return [p for learner in self.graded if (p := learner.points.get(question.name)) is not None]

    def misconceptions(self) -> list[tuple[str, str, list[str]]]:
        """(function, misconception, who), the most frequent first."""
        met: dict[tuple[str, str], list[str]] = {}
        for learner in self.learners:
            for function, name in learner.misconceptions.items():
                if name not in NOT_A_MISUNDERSTANDING:
                    met.setdefault((function, name), []).append(learner.name)
        order = {question.label: number for number, question in enumerate(self.questions)}
        ranked = sorted(met.items(), key=lambda item: (-len(item[1]), order.get(item[0][0], 99), item[0][1]))
        return [(function, name, who) for (function, name), who in ranked]

    def to_mark(self) -> list[tuple[Question, list[str]]]:
        """The questions in words that still wait for a mark, with whose answers."""
        waiting = []
        for question in self.questions:
            if question.by_hand:
                who = [learner.name for learner in self.graded if learner.points.get(question.name) is None]
                if who:
                    waiting.append((question, who))
        return waiting

    def needs_a_person(self) -> list[tuple[str, str]]:
        """(who, why): submissions that were not graded, and functions that had to be ended from outside."""
        found = []
        for learner in self.learners:
            found += [(learner.name, need) for need in learner.needs]
            found += [
                (learner.name, f"{function} {ENDED[how]}; the rest was graded.")
                for function, how in learner.ended.items()
            ]
        return found

    def text(self) -> str:
        """The report for a terminal."""
        width = max([len(_plain(learner.name)) for learner in self.learners] + [8])
        heads = [question.label[:14] for question in self.questions]
        columns = [max(len(head), 6) for head in heads]
        head = "  ".join(h.rjust(w) for h, w in zip(heads, columns, strict=True))
        lines = [f"{self.assignment}: {len(self.graded)} of {len(self.learners)} submissions graded", ""]
        lines.append(f"{'':{width}}  {head}   total")
        for learner in self.learners:
            if learner.points:
                cells = [
                    _points(learner.points.get(q.name)).rjust(w) for q, w in zip(self.questions, columns, strict=True)
                ]
                total = _points(learner.total)
            else:
                cells, total = ["–".rjust(w) for w in columns], "–"
            lines.append(f"{_plain(learner.name):{width}}  {'  '.join(cells)}  {total:>6}")
        means = [_points(self.mean(q)).rjust(w) for q, w in zip(self.questions, columns, strict=True)]
        mosts = [_points(q.most).rjust(w) for q, w in zip(self.questions, columns, strict=True)]
        mean = sum(learner.total for learner in self.graded) / len(self.graded) if self.graded else None
        lines.append(f"{'mean':{width}}  {'  '.join(means)}  {_points(mean):>6}")
        lines.append(f"{'of':{width}}  {'  '.join(mosts)}  {_points(self.most):>6}")
        lines += ["", "What was misunderstood"]
        for function, name, who in self.misconceptions():
            lines.append(f"  {len(who):3} × {_plain(function)}: {_plain(name)}")
        if not self.misconceptions():
            lines.append("  nothing the checks have a name for")
        for question, who in self.to_mark():
            lines += [
                "",
                f"To be marked by hand: {len(who)} answers to {question.label} ({_points(question.most)} points each)",
            ]
        if self.needs_a_person():
            lines += ["", "Who needs a person"]
            lines += [f"  {_plain(who)}: {_plain(why)}" for who, why in self.needs_a_person()]
        return "\n".join(lines)

    def html(self) -> str:
        """The same for the page; whatever a learner wrote is escaped."""
        e = html.escape
        here = e(self.assignment)
        parts = [f"<h2>{here}</h2>", f"<p>{len(self.graded)} of {len(self.learners)} submissions are graded.</p>"]

        parts.append(f'<section aria-labelledby="{here}-means"><h3 id="{here}-means">Each function</h3>')
        rows = []
        for question in self.questions:
            mean = self.mean(question)
            share = (mean or 0) / question.most if question.most else 0
            said = "not marked yet" if mean is None else f"{_points(mean)} of {_points(question.most)}"
            if mean is not None and (marked := len(self._marked(question))) < len(self.graded):
                said += f" ({marked} marked)"
            rows.append((question.label, share, said))
        parts.append(_bars("Mean points", rows, "Mean"))
        parts.append("</section>")

        parts.append(
            f'<section aria-labelledby="{here}-misunderstood"><h3 id="{here}-misunderstood">What was misunderstood</h3>'
        )
        met = self.misconceptions()
        if met:
            largest = max(len(who) for _, _, who in met)
            rows = [(f"{function}: {name}", len(who) / largest, str(len(who))) for function, name, who in met]
            parts.append(_bars("Misconceptions by how many learners have them", rows, "Learners"))
        else:
            parts.append("<p>Nothing the checks have a name for.</p>")
        parts.append("</section>")

        waiting = self.to_mark()
        needs = self.needs_a_person()
        parts.append(f'<section aria-labelledby="{here}-person"><h3 id="{here}-person">For a person</h3>')
        for question, who in waiting:
            parts.append(
                f"<p>{len(who)} answers to <code>{e(question.label)}</code> are still to be marked "
                f"({_points(question.most)} points each): {e(', '.join(who))}.</p>"
            )
        if needs:
            parts.append("<dl>" + "".join(f"<dt>{e(who)}</dt><dd>{e(why)}</dd>" for who, why in needs) + "</dl>")
        if not waiting and not needs:
            parts.append("<p>Nothing to do.</p>")
        parts.append("</section>")

        parts.append(f'<section aria-labelledby="{here}-points"><h3 id="{here}-points">Points</h3>')
        head = "".join(f'<th scope="col">{e(q.label)}</th>' for q in self.questions)
        body = []
        for learner in self.learners:
            cells = "".join(self._cell(learner, question) for question in self.questions)
            total = f"<strong>{_points(learner.total)}</strong>" if learner.points else "–"
            body.append(f'<tr><th scope="row">{e(learner.name)}</th>{cells}<td>{total}</td></tr>')
        most = "".join(f"<td>{_points(q.most)}</td>" for q in self.questions)
        foot = f'<tr><th scope="row">at most</th>{most}<td>{_points(self.most)}</td></tr>'
        parts.append(
            f'<div class="wide" role="region" aria-label="Points in {here}" tabindex="0"><table>'
            "<caption>Points of each learner. A dot marks what was misunderstood.</caption>"
            f'<thead><tr><th scope="col">Learner</th>{head}<th scope="col">Total</th></tr></thead>'
            f"<tbody>{''.join(body)}</tbody><tfoot>{foot}</tfoot></table></div></section>"
        )
        return "\n".join(parts)

    def _cell(self, learner: Learner, question: Question) -> str:
        if not learner.points:
            return "<td>–</td>"
        said = learner.misconceptions.get(question.label) or ENDED.get(learner.ended.get(question.label, ""))
        points = _points(learner.points.get(question.name))
        if not said:
            return f"<td>{points}</td>"
        return f'<td>{points}<span class="why"><span aria-hidden="true"> • </span>{html.escape(said)}</span></td>'


@dataclass
class Report:
    """All of it: ``str()`` is what the command prints, ``html()`` a page that needs nothing else and runs no script."""

    classes: list[ClassReport]
    path: Path

    def __str__(self) -> str:
        return "\n\n\n".join([part.text() for part in self.classes]) + f"\n\nThe same as a page: {self.path}"

    def html(self) -> str:
        body = "\n".join(part.html() for part in self.classes)
        return _PAGE.format(title="How the class did", body=f"<h1>How the class did</h1>\n{body}")


def report(
    course_root: str | os.PathLike, assignments: Iterable[str] | None = None, *, output: str | os.PathLike | None = None
) -> Report:
    """Read what a class did, and write the page.

    Args:
        course_root: the folder with ``nbgrader_config.py``.
        assignments: which assignments; without, all that somebody handed in.
        output: where to write the page; without, ``report.html`` in the course folder. The result's ``path`` says
            where it is.

    Returns:
        The :class:`Report`, which can be printed.

    Raises:
        CourseError: no such course or assignment, or nothing was handed in.
    """
    root = Path(course_root).resolve()
    with open_course(root) as course:
        work = course.submissions(assignments, None)
        with course.gradebook() as gradebook:
            classes = [
                ClassReport(
                    assignment,
                    _questions(gradebook, assignment),
                    [_learner(course, gradebook, assignment, student) for name, student in work if name == assignment],
                )
                for assignment in dict.fromkeys(name for name, _ in work)
            ]
    made = Report(classes, Path(output).resolve() if output else root / "report.html")
    made.path.parent.mkdir(parents=True, exist_ok=True)
    made.path.write_text(made.html(), encoding="utf-8")
    return made


def _learner(course, gradebook, assignment: str, student: str) -> Learner:
    learner = Learner(student)
    problem = why_not_gradable(course.folder("submitted", student, assignment), course.notebooks(assignment))
    if problem:
        learner.needs.append(problem.replace(f"{course.root}{os.sep}", ""))
    grades = course.grades(gradebook, assignment, student)
    if grades is not None:
        learner.points = grades
        for notebook in course.notebooks(assignment):
            _read_verdicts(course.folder("autograded", student, assignment) / notebook, learner)
    elif not problem:
        learner.needs.append("Not graded yet: run `cnncourse grade`.")
    return learner


def _questions(gradebook, assignment: str) -> list[Question]:
    questions = []
    for notebook in gradebook.find_assignment(assignment).notebooks:
        marked = {cell.name: cell for cell in notebook.grade_cells}
        answers = {cell.name for cell in notebook.solution_cells}
        for source in notebook.source_cells:  # in the order of the notebook
            if source.name in marked:
                label = source.name.removeprefix("check-").removeprefix("question-")
                by_hand = source.name in answers or source.cell_type != "code"
                questions.append(Question(source.name, label, float(marked[source.name].max_score), by_hand))
    return questions


def _read_verdicts(path: Path, learner: Learner) -> None:
    """The misconceptions that the checks named, and the checks that had to be ended."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return
    for cell in cells:
        mark = cell.get("metadata", {}).get("nbgrader", {})
        if not mark.get("grade") or cell.get("cell_type") != "code":
            continue
        label = str(mark.get("grade_id", "")).removeprefix("check-")
        for output in cell.get("outputs", []):
            verdict = output.get("data", {}).get(VERDICT)
            if isinstance(verdict, dict) and isinstance(verdict.get("misconception"), str):
                learner.misconceptions[label] = verdict["misconception"][:100]
            if output.get("ename") in ENDED:
                learner.ended[label] = output["ename"]


def _points(value: float | None) -> str:
    return "·" if value is None else f"{round(value, 2):g}"


def _plain(text: str) -> str:
    """Without characters that move a terminal's cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _bars(label: str, rows: list[tuple[str, float, str]], head: str) -> str:
    """A table whose last column is a bar, drawn in SVG. The number beside it says the same."""
    e = html.escape
    body = []
    for name, share, said in rows:
        share = min(max(share, 0), 1)
        bar = (
            '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
            f'<rect class="rest" width="100" height="8"/><rect class="bar" width="{100 * share:.1f}" height="8"/></svg>'
        )
        body.append(
            f'<tr><th scope="row">{e(name)}</th><td class="number">{e(said)}</td><td class="bars">{bar}</td></tr>'
        )
    return (
        f'<table class="bars"><caption>{e(label)}</caption><thead class="unseen"><tr><th scope="col">Name</th>'
        f'<th scope="col">{e(head)}</th><th scope="col">As a bar</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{
  color-scheme: light dark;
  --ink: #1b1f24; --paper: #ffffff; --line: #8c959f; --soft: #eef1f4; --bar: #1f6feb; --why: #8a3b00;
}}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6edf3; --paper: #14181e; --line: #6e7681; --soft: #262c36; --bar: #6cb0ff; --why: #ffb077; }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 70rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; }}
h2 {{ font-size: 1.35rem; margin: 2rem 0 .5rem; }}
h3 {{ font-size: 1.1rem; margin: 1.75rem 0 .5rem; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; padding: .25rem 0; }}
th, td {{ padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }}
th {{ text-align: left; font-weight: 600; }}
.wide {{ overflow-x: auto; }}
.wide th, .wide td {{ overflow-wrap: normal; }}
.wide td, .wide thead th:not(:first-child) {{ text-align: right; font-variant-numeric: tabular-nums; }}
.wide tbody th {{ white-space: nowrap; }}
.wide table {{ font-size: .9375rem; }}
.wide caption {{ position: sticky; left: 0; width: max-content; max-width: calc(100vw - 2rem); }}
.why {{ display: block; min-width: 6rem; font-size: .875rem; color: var(--why); }}
table.bars {{ width: 100%; table-layout: fixed; }}
table.bars th {{ width: 45%; font-weight: 400; }}
table.bars td.number {{ width: 22%; font-variant-numeric: tabular-nums; }}
td.bars {{ padding-top: .7rem; }}
svg {{ display: block; width: 100%; height: .6rem; }}
rect.rest {{ fill: var(--soft); }}
rect.bar {{ fill: var(--bar); }}
.unseen th {{
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); border: 0; padding: 0;
}}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .5rem 1rem; }}
@media print {{ .wide {{ overflow: visible; }} }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
