"""The instructor's page: what :mod:`cnncourse.grading.classroom` found, drawn and put into words.

It is one file that needs no network and runs nothing; whatever a learner wrote stands on it as text.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable
from html import escape

from cnncourse.grading import alike
from cnncourse.grading.classroom import ENDED, FEW, ClassReport, Item, Learner, Question, Spread
from cnncourse.grading.frame import Book, bar, frame, number

__all__ = ["page"]

EXAMPLES, EXAMPLE_LINES, EXAMPLE_WIDTH = 2, 14, 160
FEWEST, MOST = 5, 12  # misconceptions that are shown with what to do; the others are listed
SOME = 30  # names in a sentence
GROUPS = 20  # of learners whose code is alike
WEAK = 0.1  # discrimination below which a function deserves a look


def page(classes: list[ClassReport], book: Book, names_hidden: bool = False) -> str:
    """The page on one or several assignments."""
    hidden = '<p class="soft">Names are hidden.</p>' if names_hidden else ""
    ways = "".join(f'<li><a href="#class-{k}">{escape(c.assignment)}</a></li>' for k, c in enumerate(classes, start=1))
    ways = f'<nav aria-label="Assignments"><ul>{ways}</ul></nav>' if len(classes) > 1 else ""
    body = "\n".join(_class(one, book, k) for k, one in enumerate(classes, start=1))
    head = f"<header>\n<h1>How the class did</h1>\n{hidden}{ways}</header>\n"
    return frame("How the class did", f"{head}<main>\n{body}\n</main>", _STYLE)


def _class(part: ClassReport, book: Book, k: int) -> str:
    """One assignment, the ``k``-th."""
    sections = [
        ("At a glance", _glance(part)),
        ("Each function", _functions(part)),
        ("What was misunderstood", _misunderstood(part, book)),
        ("Who needs a person", _person(part)),
        ("Code that is alike", _alike(part)),
        ("Points", _points(part)),
    ]
    body = "\n".join(
        f'<section class="card">\n<h3>{title}</h3>\n{inside}\n</section>' for title, inside in sections if inside
    )
    title = escape(part.assignment)
    return f'<section aria-labelledby="class-{k}">\n<h2 id="class-{k}">{title}</h2>\n{body}\n</section>'


# At a glance ----------------------------------------------------------------------------------------------------------


def _glance(part: ClassReport) -> str:
    spread = part.spread()
    waits = sum(len(who) for _, who in part.to_mark())
    tiles = [("handed in", str(len(part.learners))), ("graded", str(len(part.graded)))]
    if not_graded := len(part.learners) - len(part.graded):
        tiles.append(("not graded", str(not_graded)))
    if needs := len({who for who, _ in part.needs_a_person()}):
        tiles.append(("need a person", str(needs)))
    if waits:
        tiles.append(("answers to mark", str(waits)))
    if spread:
        tiles += [("mean", number(spread.mean)), ("median", number(spread.median))]
        tiles += [("middle half", f"{number(spread.lower)} – {number(spread.upper)}")]
        tiles += [("points at most", number(part.most))]
    made = "".join(f"<div><dt>{head}</dt><dd>{value}</dd></div>" for head, value in tiles)
    said = [f'<dl class="tiles">{made}</dl>']
    if spread and part.most:
        said.append(_histogram(part, spread))
    if waits:
        said.append('<p class="soft">Answers that nobody has marked yet count as 0: these totals will rise.</p>')
    return "\n".join(said)


def _histogram(part: ClassReport, spread: Spread) -> str:
    bins = part.histogram()
    highest = max(count for *_, count in bins)
    left, width, high, floor = 10, 340, 96, 116
    step = width / len(bins)

    def x(points: float) -> float:
        return left + min(points / bins[0][1], len(bins)) * step if len(bins) > 1 else left + points / part.most * width

    marks = []
    for k, (start, _, count) in enumerate(bins):
        tall = high * count / highest
        at = left + k * step
        marks.append(
            f'<rect class="part" x="{at + 1:.1f}" y="{floor - tall:.1f}" width="{step - 2:.1f}" height="{tall:.1f}"/>'
        )
        if count:
            marks.append(_text(at + step / 2, floor - tall - 4, str(count)))
        if len(bins) <= 7 or k % 2 == 0:
            marks.append(_text(at, floor + 14, number(start)))
    marks.append(_text(left + width, floor + 14, number(part.most)))
    marks.append(f'<path class="axis" d="M{left} {floor}H{left + width}"/>')
    middle = x(spread.median)
    marks.append(f'<path class="median" d="M{middle:.1f} {floor + 19}l-4 7h8z"/>')
    marks.append(_text(min(max(middle, 40), 320), floor + 38, f"median {number(spread.median)}", "median"))
    rows = "".join(
        f'<tr><th scope="row">{number(start)} to {number(end)}</th><td class="number">{count}</td></tr>'
        for start, end, count in bins
    )
    return (
        '<figure><svg viewBox="0 0 360 158" role="img" aria-label="A histogram; the table below says the same.">'
        f"{''.join(marks)}</svg><figcaption>How many learners have how many points.</figcaption></figure>"
        '<details><summary>The same as a table</summary><table><caption class="unseen">Learners by points</caption>'
        '<thead><tr><th scope="col">Points</th><th scope="col" class="number">Learners</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _text(x: float, y: float, said: str, kind: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}">{said}</text>'


# Each function --------------------------------------------------------------------------------------------------------

_ABOUT = """\
<p><b>Points earned</b> is the difficulty: the share of the points that the class earned; the smaller, the \
harder. <b>Discrimination</b> is the correlation of a learner’s points here with those in all other parts. \
From 0.3 upwards, those who did well elsewhere did well here too. Near 0 or below they did not; then the \
check, its points or the way it was taught deserves a look.{uncertain}{blank}</p>"""


def _functions(part: ClassReport) -> str:
    items = part.items()
    heads = ("Full marks", "Not written", "Mean")
    head = '<th scope="col">Function</th>' + "".join(f'<th scope="col" class="number">{name}</th>' for name in heads)
    head += '<th scope="col" class="number" colspan="2">Points earned</th>'
    head += '<th scope="col" class="number">Discrimination</th>'
    known = [item.marked for item in items if item.discrimination is not None]
    uncertain = blank = ""
    if known:
        error = number(round(2 / math.sqrt(min(known)), 1))
        uncertain = f" With {min(known)} learners such a number can be off by {error} by chance alone."
    if len(known) < len(items):
        blank = f" It is blank for fewer than {FEW} learners, and where all have the same points."
    return (
        f'<div class="wide" role="region" aria-label="{escape(part.assignment)}, functions" tabindex="0"><table>'
        f'<caption class="unseen">How the class did in each function</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(_row(part, item) for item in items)}</tbody></table></div>\n"
        + _ABOUT.format(uncertain=uncertain, blank=blank)
    )


def _row(part: ClassReport, item: Item) -> str:
    some = f' <span class="soft">({item.marked} marked)</span>' if item.marked < len(part.graded) else ""
    sign = "" if item.discrimination is None else f"{item.discrimination + 0.0:.2f}".replace("-", "−")
    weak = item.discrimination is not None and item.discrimination < WEAK
    kind, look = (" weak", " <span>look at it</span>") if weak else ("", "")
    cells = [_percent(item.full), str(item.unwritten or "–"), f"{number(item.mean)} of {number(item.question.most)}"]
    cells.append(_percent(item.difficulty))
    return (
        f'<tr><th scope="row">{_label(item.question)}{some}</th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in cells)
        + f'<td class="bars">{bar(item.difficulty or 0)}</td><td class="number{kind}">{sign}{look}</td></tr>'
    )


# What was misunderstood -----------------------------------------------------------------------------------------------


def _misunderstood(part: ClassReport, book: Book) -> str:
    met = part.misconceptions()
    if not met:
        return "<p>Nothing the checks have a name for.</p>"
    read = {question.label: question.read for question in part.questions}
    code = {learner.name: learner.code for learner in part.learners}
    often = [entry for entry in met if len(entry[2]) > 1]
    shown_whole = max(FEWEST, min(len(often), MOST))
    entries = []
    for function, name, who in met[:shown_whole]:
        inside = []
        if says := part.says.get((function, name)):
            inside.append(f"<p>{_inline(says)}</p>")
        if anchor := read.get(function):
            inside.append(f"<p>To teach again: {book.link(anchor)}.</p>")
        shown = _examples([(learner, _excerpt(part, code[learner], function)) for learner in who])
        if shown:
            what = "An example" if len(shown) == 1 else f"{len(shown)} examples"
            inside.append(_folded(what, "".join(_example(learner, text, function) for learner, text in shown)))
        count = "1 learner" if len(who) == 1 else f"{len(who)} learners"
        entries.append(
            f'<li><div class="count"><strong>{count}</strong>{bar(len(who) / len(met[0][2]))}</div>'
            f"<div><h4><code>{escape(function)}</code>: {escape(name)}</h4>{''.join(inside)}</div></li>"
        )
    rest = "".join(
        f"<li>{len(who)} × <code>{escape(function)}</code>: {escape(name)}</li>"
        for function, name, who in met[shown_whole:]
    )
    more = _folded(f"{len(met) - shown_whole} more that fewer learners met", f"<ul>{rest}</ul>") if rest else ""
    return f'<ol class="met">\n{"".join(entries)}\n</ol>{more}'


def _examples(written: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(who, what): a few, the shortest, all different."""
    found: dict[str, str] = {}
    for learner, text in written:
        if text.strip():
            found.setdefault(text, learner)
    return [(found[text], text) for text in sorted(found, key=len)[:EXAMPLES]]


def _excerpt(part: ClassReport, code: dict[str, str], function: str) -> str:
    """A learner's own lines of a function, as far as they fit."""
    own = alike.own_lines(code.get(function, "")[:20_000], part.released.get(function, ""))
    lines = textwrap.dedent(own).strip("\n").splitlines()
    cut = [line if len(line) <= EXAMPLE_WIDTH else f"{line[:EXAMPLE_WIDTH]} …" for line in lines[:EXAMPLE_LINES]]
    return "\n".join(cut + ["…"] * (len(lines) > EXAMPLE_LINES))


def _example(learner: str, text: str, function: str) -> str:
    label = f"{escape(function)}, from {escape(learner)}"
    return (
        f'<figure class="example"><figcaption>{_name(learner)}</figcaption>'
        f'<pre tabindex="0" role="region" aria-label="{label}"><code>{escape(text)}</code></pre></figure>'
    )


# Who needs a person ---------------------------------------------------------------------------------------------------


def _person(part: ClassReport) -> str:
    parts = []
    for title, found in (("Not graded", part.not_graded()), ("To be looked at", part.remarkable())):
        if found:
            parts.append(f"<h4>{title} ({len({who for who, _ in found})})</h4>{_list(found)}")
    for question, who in part.to_mark():
        parts.append(
            f"<h4>To be marked by hand: {len(who)} × {escape(question.label)}, {number(question.most)} points each</h4>"
            f'<p>nbgrader’s formgrader shows the answers. <span class="soft">{_names(who)}</span></p>'
        )
    return "\n".join(parts) or "<p>Nobody.</p>"


def _list(found: list[tuple[str, str]]) -> str:
    by_name: dict[str, list[str]] = {}
    for who, why in found:
        by_name.setdefault(who, []).append(f"<dd>{escape(why)}</dd>")
    entries = (f"<div><dt>{_name(who)}</dt>{''.join(why)}</div>" for who, why in by_name.items())
    return f'<dl class="people">{"".join(entries)}</dl>'


# Code that is alike ---------------------------------------------------------------------------------------------------

_REASON = """\
<p>Equal code is a reason to talk with those who wrote it, <b>not a proof</b>: who learnt together, from the \
same page or with the same assistant, writes alike.</p>"""
_HOW = f"""\
<p>The lines that were handed out are taken away. What is left is compared twice: as it was written, and \
with comments left out and all names of variables made the same. Alike means that at least {alike.ALIKE:.0%} \
of the tokens stand in both in the same order. Functions of fewer than {alike.SHORTEST} tokens, some three \
lines, are left out, because they are equal by chance; so is what the course’s own solutions also write. The \
more learners wrote something, the less it counts. Listed are groups that chance would give in fewer than \
one of {alike.RARE} classes like this one, if everybody had written each function alone.</p>"""


def _alike(part: ClassReport) -> str:
    compared = sum(bool(learner.code) for learner in part.learners)
    if compared < 2:
        return ""
    if not part.alike:
        said = f"<p>Of {compared} submissions no two are more alike than chance explains.</p>"
        return said + _folded("How this is found", _HOW)
    code = {learner.name: learner.code for learner in part.learners}
    parts = [_REASON]
    for group in part.alike[:GROUPS]:
        rows = "".join(
            f'<tr><th scope="row"><code>{escape(function)}</code></th><td>{_how_much(group, function)}</td></tr>'
            for function in group.functions
        )
        longest = max(group.functions, key=lambda function: len(code[group.learners[0]].get(function, "")))
        two = ((learner, _excerpt(part, code[learner], longest)) for learner in group.learners[:2])
        beside = "".join(_example(learner, text, longest) for learner, text in two)
        parts.append(
            f'<div class="group"><h4>{_names(list(group.learners))}</h4>'
            '<table><caption class="unseen">How much is alike</caption><thead class="unseen"><tr>'
            f'<th scope="col">Function</th><th scope="col">Alike</th></tr></thead><tbody>{rows}</tbody></table>'
            f'<p class="soft">By chance as unlikely as {group.bits:.0f} tosses of a coin that all show heads.</p>'
            + _folded(f"Two of them side by side: {escape(longest)}", f'<div class="beside">{beside}</div>')
            + "</div>"
        )
    if len(part.alike) > GROUPS:
        parts.append(f"<p>And {len(part.alike) - GROUPS} groups more, less remarkable than these.</p>")
    parts.append(_folded("How this is found", _HOW))
    return "\n".join(parts)


def _how_much(group: alike.Group, function: str) -> str:
    if function in group.to_the_letter:
        return "the same to the letter"
    least, most = map(_percent, group.functions[function])
    return most if least == most else f"{least} to {most}"


# Points ---------------------------------------------------------------------------------------------------------------


def _points(part: ClassReport) -> str:
    late = any(learner.late for learner in part.learners)
    heads = ["Total"] + ["late"] * late + [question.label for question in part.questions]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Learner", *heads))
    body = []
    for learner in part.learners:
        cells = [f"<strong>{number(learner.total)}</strong>" if learner.points else "–"]
        cells += [number(-learner.late) if learner.late else ""] * late
        cells += [_points_of(learner, question) for question in part.questions]
        body.append(f'<tr><th scope="row">{_name(learner.name)}</th>{_cells(cells)}</tr>')
    rows = "\n".join(body)
    most = [number(part.most)] + [""] * late + [number(question.most) for question in part.questions]
    return (
        f'<div class="wide points" role="region" aria-label="{escape(part.assignment)}, points" tabindex="0"><table>'
        "<caption>Points of each learner, and what was misunderstood.</caption>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
        f'<tfoot><tr><th scope="row">at most</th>{_cells(most)}</tr></tfoot></table></div>'
    )


def _points_of(learner: Learner, question: Question) -> str:
    if not learner.points:
        return "–"
    said = ENDED.get(learner.ended.get(question.label, "")) or learner.misconceptions.get(question.label)
    points = number(learner.points.get(question.name))
    return f'{points}<span class="why">{escape(said)}</span>' if said else points


# Small things ---------------------------------------------------------------------------------------------------------


def _cells(cells: Iterable[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in cells)


def _name(name: str) -> str:
    """A name, which may be written from right to left, so that it turns nothing around it."""
    return f"<bdi>{escape(name)}</bdi>"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return ", ".join(map(_name, names[:SOME])) + more


def _label(question: Question) -> str:
    label = escape(question.label)
    return f"In words: {label.replace('-', ' ')}" if question.by_hand else f"<code>{label}</code>"


def _inline(text: str) -> str:
    """Escaped text in which `backticks` become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _folded(summary: str, inside: str) -> str:
    return f"<details><summary>{summary}</summary>{inside}</details>"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


_STYLE = """
header, main { max-width: 76rem; }
h2 { font-size: 1.6rem; margin: 2rem 0 0; }
h3 { font-size: 1.25rem; margin: 0 0 .6rem; }
h4 { font-size: 1rem; font-weight: 650; margin: 1rem 0 .3rem; line-height: 1.35; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; list-style: none; padding: 0; }
p, .met > li > div { max-width: 56rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem 1.25rem; }
.tiles { margin: 0 0 1rem; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.tiles dt { color: var(--soft); font-size: .9rem; }
.tiles dd { margin: 0; white-space: nowrap; font-size: 1.45rem; font-weight: 650; line-height: 1.25; }
figure { margin: .5rem 0; }
figcaption { color: var(--soft); font-size: .9rem; }
figure > svg { display: block; width: 100%; max-width: 36rem; height: auto; }
figure svg .part { fill: var(--teal); }
figure svg .axis { stroke: var(--edge); fill: none; }
figure svg text { font-size: 11px; fill: var(--ink); text-anchor: middle; }
figure svg .median { fill: var(--orange); }
.wide { overflow-x: auto; }
.wide table { min-width: 100%; }
.wide th, .wide td { overflow-wrap: normal; }
.wide tbody th { font-weight: 400; }
td.bars { width: 9rem; min-width: 5rem; padding-top: .85rem; }
.weak, .weak span { color: var(--orange); }
.weak span { display: block; font-size: .875rem; }
.met { list-style: none; padding: 0; margin: 0; }
.met > li { display: grid; grid-template-columns: 8rem 1fr; gap: 0 1.5rem; padding: .8rem 0; }
.met > li + li { border-top: 1px solid var(--line); }
.met h4 { margin-top: 0; }
.met p { margin: .3rem 0; }
.met > li > div { min-width: 0; }
.count .bar .part { fill: var(--orange); }
.people > div { padding: .25rem 0; }
.people dt { font-weight: 600; }
.people dd { margin: 0 0 0 1rem; }
.group { border-top: 1px solid var(--line); padding: .25rem 0 .75rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 1rem; }
.beside > figure { min-width: 0; }
.points { max-height: 40rem; overflow: auto; font-size: .9375rem; }
.points td, .points thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums; }
.points thead th { position: sticky; top: 0; background: var(--paper); }
.points tbody th { white-space: nowrap; }
.points caption { position: sticky; left: 0; width: max-content; max-width: min(100%, calc(100vw - 4rem)); }
.why { display: block; min-width: 6rem; font-size: .875rem; color: var(--orange); }
@media (max-width: 40rem) {
  .met > li { grid-template-columns: 1fr; }
  .count { display: grid; grid-template-columns: 6.5rem 1fr; align-items: center; gap: .75rem; }
  .met h4 { margin-top: .3rem; }
}
@media print {
  .wide, .points { overflow: visible; max-height: none; }
  .points { font-size: 8pt; }
  .points th, .points td { padding-right: .4rem; }
  .points thead th { position: static; overflow-wrap: anywhere; }
  .points tbody th { white-space: normal; }
  .why { min-width: 0; font-size: 7pt; }
}
"""
