"""A page for each learner: what was earned, what went wrong in the words of the checks, and where to read on.

The page is one file that needs nothing else. Nothing on it can run, and what a learner wrote stands on it as text. It
lies where nbgrader's ``release_feedback`` looks for it.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cnncourse.grading.frame import Book, bar, frame, number, write_whole
from cnncourse.grading.job import Mark, Marked
from cnncourse.grading.release import CourseError

__all__ = ["ByHand", "answers", "page", "write"]

LONGEST = 20_000  # characters of one cell that are shown
# What release_feedback needs beside the page, as it was handed in.
TRAVELS = ("timestamp.txt", "submission_secret.txt")
NOT_WRITTEN = "not written yet"  # what the checks say of a function as it was handed out
NO_RESPONSE = "No response."  # what nbgrader says of an answer as it was handed out
# Why a check was ended from outside, where the notebook does not say it.
ENDED = {
    "CellTimeoutError": "This cell ran for too long and was stopped. Is there a loop that never ends?",
    "CellStuck": "This cell ran for too long and could not be interrupted.",
    "KernelDied": "The Python process died in this cell, as after os._exit or a crash in compiled code.",
    "CellNotRun": "This cell was not run, so it earns no points.",
    "NoMark": "The check ended without a mark, so this cell earns no points.",
}


@dataclass(frozen=True)
class ByHand:
    """What a person wrote into the gradebook for one cell; without points, those of the check count."""

    points: float | None = None
    extra: float = 0.0
    comment: str = ""


@dataclass(frozen=True)
class _Part:
    """One thing that is marked, as the page tells it."""

    label: str
    mark: Mark
    hand: ByHand
    by_a_person: bool
    source: str
    is_code: bool
    ended: str

    @property
    def points(self) -> float | None:
        own = self.mark.points if self.hand.points is None else self.hand.points
        return None if own is None else own + self.hand.extra

    @property
    def comments(self) -> list[str]:
        """The program's, where it says more than that there is no answer, and a person's."""
        said = (self.mark.comment, self.hand.comment)
        return [comment.strip() for comment in said if comment and comment.strip() and comment != NO_RESPONSE]

    @property
    def unwritten(self) -> bool:
        """Whether what stands there is what was handed out."""
        return (self.mark.verdict or {}).get("misconception") == NOT_WRITTEN or self.mark.comment == NO_RESPONSE

    @property
    def state(self) -> tuple[str, str]:
        """(the kind for the eye, the same in words)"""
        if self.points is None:
            return "waits", "waits for a person"
        if self.points >= self.mark.most:
            return "right", "right"
        if self.ended:
            return "wrong", "stopped"
        if self.unwritten:
            return "wrong", "no answer" if self.by_a_person else "not written yet"
        return ("part", "partly right") if self.points > 0 else ("wrong", "not yet right")


def page(
    marked: Marked,
    notebook: str,
    *,
    by_hand: Mapping[str, ByHand] | None = None,
    late: float = 0.0,
    title: str = "",
    book: Book | None = None,
) -> str:
    """The feedback on one notebook.

    Args:
        marked: what came of the submission.
        notebook: the notebook's name, without ``.ipynb``.
        by_hand: by cell, what a person wrote into the gradebook.
        late: points taken off because it was handed in late.
        title: the assignment's, as its notebook has it; without, made from the assignment's name.
        book: where the book is; without, its parts are named and not linked.

    Returns:
        The page, as HTML.
    """
    parts = _parts(marked, notebook, by_hand or {})
    title = title or marked.assignment.replace("-", " · ", 1).replace("-", " ")
    summary = _summary(parts, late)
    sections = "\n".join(_section(n, part, book or Book()) for n, part in enumerate(parts, start=1))
    body = (
        f'<header>\n<p class="over">Feedback for <bdi>{_e(marked.student)}</bdi></p>\n<h1>{_e(title)}</h1>\n</header>\n'
        f"<main>\n{summary}\n{sections}\n</main>\n"
        "<footer>\n<p>The checks also ask what they do not show here: other numbers of the same kind.</p>\n</footer>"
    )
    return frame(f"Feedback: {title}", body, _STYLE)


def write(
    folder: str | os.PathLike,
    marked: Marked,
    *,
    by_hand: Mapping[str, Mapping[str, ByHand]] | None = None,
    late: Mapping[str, float] | None = None,
    files: Mapping[str, bytes] | None = None,
    titles: Mapping[str, str] | None = None,
    book: Book | None = None,
) -> list[Path]:
    """Write the page of each notebook of a submission, ``FOLDER/STUDENT/ASSIGNMENT/NOTEBOOK.html``.

    Args:
        folder: the course's ``feedback`` folder.
        marked: what came of the submission.
        by_hand: by notebook and cell, what a person wrote into the gradebook.
        late: by notebook, points taken off because it was handed in late.
        files: what was handed in; the two small files that nbgrader's ``release_feedback`` asks for are put beside.
        titles: by notebook, the assignment's title.
        book: where the book is.

    Returns:
        The pages' paths.

    Raises:
        CourseError: a name cannot be the name of a folder or file.
    """
    for name in (marked.student, marked.assignment, *marked.notebooks):
        if name in ("", ".", "..") or re.search(r"[/\\\0]", name):
            raise CourseError(
                f"{name!r} cannot be the name of a file: rename the folder or notebook that is called so."
            )
    here = Path(folder) / marked.student / marked.assignment
    written = []
    for name in marked.notebooks:
        made = page(
            marked,
            name,
            by_hand=(by_hand or {}).get(name),
            late=(late or {}).get(name, 0.0),
            title=(titles or {}).get(name, ""),
            book=book,
        )
        written.append(here / f"{name}.html")
        write_whole(written[-1], made)
    for name in TRAVELS:
        if written and name in (files or {}):
            write_whole(here / name, files[name])
    return written


def answers(cells: Iterable[tuple[str, bool, bool]]) -> dict[str, list[str]]:
    """Where the learner's work for each graded cell stands: the names of the cells.

    It is the cell with the name of the check's function, or else what is to be written between the graded cell before
    and this one; for an answer that a person marks, the cell itself.

    Args:
        cells: of a notebook, in order: the name, whether it is graded, whether a solution is to be written there.

    >>> answers([("f", False, True), ("check-f", True, False), ("question", True, True)])
    {'check-f': ['f'], 'question': ['question']}
    """
    cells = list(cells)
    solutions = {name for name, _, solution in cells if solution}
    found: dict[str, list[str]] = {}
    between: list[str] = []
    for name, graded, solution in cells:
        if graded:
            function = name.removeprefix("check-")
            found[name] = [name] if solution else [function] if function in solutions else between
            between = []
        elif solution:
            between.append(name)
    return found


def _parts(marked: Marked, notebook: str, by_hand: Mapping[str, ByHand]) -> list[_Part]:
    cells = json.loads(marked.notebooks[notebook])["cells"] if notebook in marked.notebooks else []
    known = {name: c for c in cells if (name := c["metadata"].get("nbgrader", {}).get("grade_id"))}
    flags = {name: cell["metadata"]["nbgrader"] for name, cell in known.items()}
    asked = ((n, bool(f.get("grade") or f.get("task")), bool(f.get("solution"))) for n, f in flags.items())
    wrote = answers(asked)
    parts = []
    for mark in marked.marks.get(notebook, []):
        cell, flag = known.get(mark.cell, {"cell_type": "code"}), flags.get(mark.cell, {})
        if flag.get("solution") and not flag.get("grade"):
            continue  # no points of its own: it belongs to the check below it
        by_a_person = bool(flag.get("solution") or flag.get("task")) or cell["cell_type"] != "code"
        label = mark.cell.removeprefix("check-").removeprefix("question-")
        names = [] if flag.get("task") else wrote.get(mark.cell, [])
        mine = [known[name] for name in names]
        said = [by_hand[name].comment for name in dict.fromkeys([*names, mark.cell]) if name in by_hand]
        source = "\n\n".join("".join(c["source"]) for c in mine)
        ended = ""
        if mark.ended:
            errors = [output for output in cell.get("outputs", []) if output.get("ename") == mark.ended]
            ended = str(errors[0].get("evalue", ""))[:300] if errors else ""
            ended = ended or ENDED.get(mark.ended, "This check was ended before it gave a mark.")
        is_code = bool(mine) and mine[0]["cell_type"] == "code"
        hand = replace(by_hand.get(mark.cell, ByHand()), comment="\n".join(said))
        parts.append(_Part(label, mark, hand, by_a_person, source, is_code, ended))
    return parts


def _summary(parts: list[_Part], late: float) -> str:
    most = sum(part.mark.most for part in parts)
    earned = sum(part.points or 0 for part in parts)
    total = max(earned - late, 0)
    waits = [part for part in parts if part.points is None]
    lines = []
    if waits:
        open_points = number(sum(part.mark.most for part in waits))
        what = "An answer in words is" if len(waits) == 1 else f"{len(waits)} answers in words are"
        lines.append(f"<p>{what} still to be read by a person: {open_points} of the points are not decided yet.</p>")
    if late:
        lines.append(
            f"<p>You earned {number(earned)} points; {number(late)} "
            f"{'was' if late == 1 else 'were'} taken off because the work was handed in late.</p>"
        )
    rows = "\n".join(
        f'<tr><th scope="row"><a href="#part-{n}">{_label(part)}</a></th>'
        f'<td class="number">{number(part.points)} of {number(part.mark.most)}</td>'
        f'<td class="state {part.state[0]}">{_sign(part.state[0])}{part.state[1]}</td></tr>'
        for n, part in enumerate(parts, start=1)
    )
    so_far = " so far" if waits else ""
    return (
        '<section class="card sum" aria-labelledby="points">\n'
        f'<h2 id="points"><strong>{number(total)}</strong> of {number(most)} points{so_far}</h2>\n'
        f"{bar(total / most if most else 0)}\n{''.join(lines)}\n"
        '<table><caption class="unseen">Points by part</caption>'
        '<thead class="unseen"><tr><th scope="col">Part</th><th scope="col">Points</th><th scope="col">State</th></tr>'
        f"</thead><tbody>\n{rows}\n</tbody></table>\n</section>"
    )


def _section(n: int, part: _Part, book: Book) -> str:
    kind, words = part.state
    inside = []
    if part.ended:
        inside.append(f'<p class="ended">{_e(part.ended)} Every other function was checked all the same.</p>')
    elif part.mark.html:
        inside.append(_message(part.mark.html, book))
    elif part.by_a_person and part.unwritten:
        inside.append("<p>There is no answer here.</p>")
    elif part.by_a_person and part.points is None:
        inside.append("<p>A person reads this answer. Its points are still to come.</p>")
    elif not part.by_a_person:
        inside.append(f"<p>{words.capitalize()}.</p>")
    if part.hand.points is not None and not part.by_a_person:
        inside.append("<p>A person gave these points.</p>")
    if part.hand.extra:
        inside.append(f"<p>{number(part.hand.extra)} of the points are extra.</p>")
    for comment in part.comments:
        inside.append(f'<blockquote><p class="over">Comment</p>{_lines(comment)}</blockquote>')
    if part.source.strip() and not part.unwritten:
        what = "Your answer" if part.by_a_person else "Your code"
        text = part.source.strip("\n")
        text = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… and {len(text) - LONGEST} characters more"
        look = "" if part.is_code else ' class="answer"'
        inside.append(
            f"<details open><summary>{what}</summary>"
            f'<pre tabindex="0" role="region" aria-label="{what}: {_e(part.label)}"{look}><code>{_e(text)}</code></pre>'
            "</details>"
        )
    return (
        f'<section class="card part {kind}" aria-labelledby="part-{n}">\n<div class="head">'
        f'<h2 id="part-{n}">{_label(part)}</h2>'
        f'<p class="number"><strong>{number(part.points)}</strong> of {number(part.mark.most)} points</p></div>\n'
        f"{''.join(inside)}\n</section>"
    )


def _e(text: str) -> str:
    return html.escape(text)


def _lines(text: str) -> str:
    return "".join(f"<p>{_e(line)}</p>" for line in text.splitlines() if line.strip())


def _label(part: _Part) -> str:
    label = _e(part.label)
    return f"In your own words: {label.replace('-', ' ')}" if part.by_a_person else f"<code>{label}</code>"


def _sign(kind: str) -> str:
    sign = {"right": "✓", "part": "◐", "wrong": "✗", "waits": "…"}[kind]
    return f'<span aria-hidden="true">{sign} </span>'


# The message of a check: its HTML is known, so its look can be the page's own, in the dark as well -------------------

_READ = re.compile(r'<p>Read on: (?:<a href="[^"<>]*">)?<code>book/(\w+)\.html#([\w-]+)</code>(?:</a>)?</p>')
_PIECE = re.compile(r"<(/?)([a-z]+)((?: style=\"[^\"<>]*\")?)>|[^<>]+")
_KNOWN = frozenset("div p strong code table caption tr td ul li".split())


def _message(text: str, book: Book) -> str:
    """The check's message in the page's look; what is not exactly a message of a check becomes plain text."""
    read = _READ.search(text)
    text = _READ.sub("", text)
    pieces, opened, at = [], [], 0
    for piece in _PIECE.finditer(text):
        closes, tag, style = piece.groups()
        if piece.start() != at or tag is not None and tag not in _KNOWN:
            break
        at = piece.end()
        if tag is None:
            pieces.append(piece[0])
        elif closes:
            if not opened or opened.pop() != tag or style:
                break
            pieces.append(piece[0])
        else:
            pieces.append(f"<{tag}{_look(tag, style, len(opened))}>")
            opened.append(tag)
    else:
        if at == len(text) and not opened:
            where = f'<p class="read">Read on: {book.place(*read.groups())}.</p>' if read else ""
            return "".join(pieces) + where
    return f"<p>{_e(html.unescape(re.sub('<[^>]*>', ' ', text)).strip())}</p>"


def _look(tag: str, style: str, depth: int) -> str:
    """The class that says what the check's own style meant."""
    if tag == "td":
        kinds = [kind for kind, sign in (("words", "left"), ("window", "bold")) if sign in style]
        return f' class="{" ".join(kinds)}"' if kinds else ""
    if tag == "div":
        return ' class="message"' if not depth else ' class="panels" tabindex="0" role="group" aria-label="The numbers"'
    return ""


_STYLE = """
.sum h2 { font-size: 1.15rem; font-weight: 500; margin-bottom: .6rem; }
.sum h2 strong { font-size: 2.4rem; font-weight: 750; letter-spacing: -.02em; }
.sum table { width: 100%; margin-top: .75rem; }
.sum tr:last-child > * { border-bottom: 0; }
.sum th { font-weight: 400; }
.sum td.number { width: 8rem; }
.state { width: 12.5rem; padding-left: 1.25rem; }
.state.right { color: var(--right); }
.state.part, .state.waits { color: var(--orange); }
.state.wrong { color: var(--wrong); }
.part { border-left-width: .35rem; scroll-margin-top: 1rem; }
.part.right { border-left-color: var(--right); }
.part { border-left-color: var(--orange); }
.part.wrong { border-left-color: var(--wrong); }
.head { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; align-items: baseline; justify-content: space-between; }
.head p { margin: 0; color: var(--soft); }
.head strong { color: var(--ink); font-size: 1.15rem; }
.panels { display: flex; flex-wrap: wrap; gap: .75rem 2rem; align-items: flex-start; overflow-x: auto; }
.panels { margin: .75rem 0; padding: 2px; }
.panels caption { white-space: nowrap; font-size: .9rem; }
.panels td { border: 1px solid var(--line); padding: .15rem .55rem; text-align: right; }
.panels td { font-variant-numeric: tabular-nums; }
.panels td.words { text-align: left; }
.panels td.window { font-weight: 700; background: var(--orange-paper); outline: 1px solid var(--orange); }
.message ul { list-style: none; padding: 0; }
.message li { padding: .1rem 0; }
blockquote { margin: .75rem 0; padding: .5rem 1rem; background: var(--teal-paper); border-radius: .4rem; }
blockquote p { margin: .2rem 0; }
pre.answer { white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; font-size: 1rem; }
pre.answer code { font-family: inherit; }
@media (max-width: 40rem) {
  .sum td { font-size: .9375rem; }
  .sum td.number { width: 5.5rem; }
  .state { width: 6.75rem; padding-left: .5rem; padding-right: 0; }
}
"""
