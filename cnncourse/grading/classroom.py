"""What a class did in one assignment: points, what was understood wrongly, and the figures that are made of them."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cnncourse.grading import alike
from cnncourse.grading.frame import number, plain

__all__ = ["ENDED", "FEW", "ClassReport", "Item", "Learner", "Question", "Spread"]

# What the checks say of functions that are not there or give nothing that could be understood wrongly.
NOT_WRITTEN = "not written yet"
NOT_A_MISUNDERSTANDING = {NOT_WRITTEN, "not defined"}
# What the checks say that a person should look at.
FOR_A_PERSON = {"not from scratch": "leaves the work to a library.", "takes too long": "takes too long."}
# The errors that a cell is left with which was ended from outside.
ENDED = {
    "KernelDied": "ended the Python process",
    "CellStuck": "ran for ever and could not be interrupted",
    "CellTimeoutError": "ran for ever",
    "CellNotRun": "was not run",
    "NoMark": "ended the check",
}
FEW = 10  # learners; a correlation of fewer says nothing
SHORT_TABLE = 40  # learners whose points are printed in a terminal
SHORT_LIST = 12


@dataclass(frozen=True)
class Question:
    """One thing that is marked: a function, or a question in words. ``read`` is the book's anchor for it."""

    name: str
    label: str
    most: float
    by_hand: bool
    read: str = ""


@dataclass
class Learner:
    """One learner: points by question (None where nothing was marked yet), and what there is to say.

    ``misconceptions``, ``ended`` and ``code`` go by the questions' labels. ``needs`` says why there are no points,
    ``notes`` what a person should look at; ``late`` is what handing in late cost.
    """

    name: str
    points: dict[str, float | None] = field(default_factory=dict)
    misconceptions: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    late: float = 0.0
    code: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return round(max(sum(points or 0 for points in self.points.values()) - self.late, 0), 2)

    def remarkable(self) -> list[str]:
        """What a person should look at."""
        if self.notes:
            return self.notes
        found = [f"{function} {ENDED[how]}; the rest was graded." for function, how in self.ended.items()]
        return found + [f"{f} {FOR_A_PERSON[name]}" for f, name in self.misconceptions.items() if name in FOR_A_PERSON]


@dataclass(frozen=True)
class Spread:
    """How totals lie: the mean, and the points below which a quarter, half and three quarters of the class are.

    >>> Spread.of([1, 2, 3, 10])
    Spread(mean=4.0, lower=1.75, median=2.5, upper=4.75)
    """

    mean: float
    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, totals: list[float]) -> Spread | None:
        if not totals:
            return None
        quarters = statistics.quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else totals * 3
        return cls(statistics.fmean(totals), *map(float, quarters))


@dataclass(frozen=True)
class Item:
    """How a class did in one question.

    ``marked`` learners have points for it, a ``full`` share of them all the points; ``difficulty`` is the share of the
    points that were earned. ``discrimination`` is the correlation with the points in the other questions; None where
    there are too few learners or no differences.
    """

    question: Question
    marked: int
    unwritten: int
    mean: float | None
    full: float | None
    difficulty: float | None
    discrimination: float | None


@dataclass
class ClassReport:
    """What a class did in one assignment.

    ``says`` has the tutor's sentence by function and misconception, ``released`` by function what learners were given
    to fill in.
    """

    assignment: str
    questions: list[Question]
    learners: list[Learner]
    alike: list[alike.Group] = field(default_factory=list)
    says: dict[tuple[str, str], str] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)

    # -- figures

    @property
    def graded(self) -> list[Learner]:
        return [learner for learner in self.learners if learner.points]

    @property
    def most(self) -> float:
        return sum(question.most for question in self.questions)

    def spread(self) -> Spread | None:
        return Spread.of([learner.total for learner in self.graded])

    def histogram(self) -> list[tuple[float, float, int]]:
        """(from, to, how many totals), each from the one to below the other; the last with its end."""
        if not self.most:
            return []
        width = next(w * 10**k for k in range(-3, 9) for w in (1, 2, 2.5, 5) if self.most / (w * 10**k) <= 12)
        count = math.ceil(self.most / width - 1e-9)
        met = [0] * count
        for learner in self.graded:
            met[min(int(learner.total / width + 1e-9), count - 1)] += 1
        return [(k * width, min((k + 1) * width, self.most), n) for k, n in enumerate(met)]

    def mean(self, question: Question) -> float | None:
        """The mean of those who were marked, or None."""
        return self.item(question).mean

    def item(self, question: Question) -> Item:
        """How the class did in a question."""
        marked = [learner for learner in self.graded if learner.points.get(question.name) is not None]
        points = [learner.points[question.name] for learner in marked]
        unwritten = sum(learner.misconceptions.get(question.label) == NOT_WRITTEN for learner in self.graded)
        if not points:
            return Item(question, 0, unwritten, None, None, None, None)
        mean = statistics.fmean(points)
        full = sum(p >= question.most - 1e-9 for p in points) / len(points)
        share = mean / question.most if question.most else None
        return Item(question, len(points), unwritten, mean, full, share, self._discrimination(question, marked))

    def items(self) -> list[Item]:
        return [self.item(question) for question in self.questions]

    def _discrimination(self, question: Question, marked: list[Learner]) -> float | None:
        """The correlation of a question's points with those in the rest, as far as everybody was marked there."""
        rest = [
            other.name
            for other in self.questions
            if other.name != question.name and all(learner.points.get(other.name) is not None for learner in marked)
        ]
        own = [learner.points[question.name] for learner in marked]
        others = [math.fsum(learner.points[name] for name in rest) for learner in marked]
        if len(marked) < FEW or _constant(own) or _constant(others):
            return None
        return statistics.correlation(own, others)

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

    def not_graded(self) -> list[tuple[str, str]]:
        """(who, why)"""
        return [(learner.name, need) for learner in self.learners for need in learner.needs]

    def remarkable(self) -> list[tuple[str, str]]:
        """(who, what a person should look at)"""
        return [(learner.name, note) for learner in self.learners for note in learner.remarkable()]

    def needs_a_person(self) -> list[tuple[str, str]]:
        """Both of these."""
        return self.not_graded() + self.remarkable()

    # -- for a terminal

    def text(self) -> str:
        """The report for a terminal."""
        lines = [f"{plain(self.assignment)}: {len(self.graded)} of {len(self.learners)} submissions graded"]
        if spread := self.spread():
            lines.append(
                f"  of {number(self.most)} points: mean {number(spread.mean)}, median {number(spread.median)}, "
                f"the middle half from {number(spread.lower)} to {number(spread.upper)}   "
                f"0 {_sparks([n for *_, n in self.histogram()])} {number(self.most)}"
            )
        lines += ["", *(self._points_table() if len(self.learners) <= SHORT_TABLE else self._items_table())]
        lines += ["", "What was misunderstood"]
        met = self.misconceptions()
        lines += [f"  {len(who):3} × {plain(function)}: {plain(name)}" for function, name, who in met[:SHORT_LIST]]
        if len(met) > SHORT_LIST:
            lines.append(f"  and {len(met) - SHORT_LIST} more, on the page")
        if not met:
            lines.append("  nothing the checks have a name for")
        for question, who in self.to_mark():
            what = f"{len(who)} answer{'s' * (len(who) != 1)} to {plain(question.label)}"
            lines += ["", f"To be marked by hand: {what} ({number(question.most)} points each)"]
        needs = self.needs_a_person()
        if needs:
            lines += ["", "Who needs a person"]
            lines += [f"  {plain(who)}: {plain(why)}" for who, why in needs[: 2 * SHORT_LIST]]
        if len(needs) > 2 * SHORT_LIST:
            lines.append(f"  and {len(needs) - 2 * SHORT_LIST} more, on the page")
        if self.alike:
            lines += ["", "Code that is more alike than chance explains: a reason to talk, not a proof"]
            for group in self.alike[:SHORT_LIST]:
                who = ", ".join(map(plain, group.learners[:6])) + (" and others" if len(group.learners) > 6 else "")
                lines.append(f"  {who}: {', '.join(map(plain, group.functions))}")
        return "\n".join(lines)

    def _points_table(self) -> list[str]:
        width = max([len(plain(learner.name)) for learner in self.learners] + [8])
        heads = [plain(question.label)[:14] for question in self.questions]
        columns = [max(len(head), 6) for head in heads]

        def line(head: str, cells: Iterable[str], total: str) -> str:
            padded = (cell.rjust(w) for cell, w in zip(cells, columns, strict=True))
            return f"{head:{width}}  {'  '.join(padded)}  {total:>6}"

        lines = [line("", heads, "total")]
        for learner in self.learners:
            cells = [number(learner.points.get(q.name)) if learner.points else "" for q in self.questions]
            lines.append(line(plain(learner.name), cells, number(learner.total) if learner.points else "–"))
        spread = self.spread()
        lines.append(line("mean", [number(self.mean(q)) for q in self.questions], number(spread and spread.mean)))
        lines.append(line("of", [number(q.most) for q in self.questions], number(self.most)))
        return lines

    def _items_table(self) -> list[str]:
        width = max(len(plain(question.label)) for question in self.questions)
        lines = [f"{'':{width}}  full marks     mean       of"]
        for item in self.items():
            full = "–" if item.full is None else f"{item.full:.0%}"
            name, most = plain(item.question.label), number(item.question.most)
            lines.append(f"{name:{width}}  {full:>10}  {number(item.mean):>7}  {most:>7}")
        return lines

    # -- names

    def hidden(self, names: Mapping[str, str], words: Iterable[str] = ()) -> ClassReport:
        """The same with other names, in the order of these, and without comments and names in the code."""
        known = sorted({w for w in (*names, *words) if len(w) > 1}, key=len, reverse=True)
        begin = {first[0] for word in known if (first := re.search(r"\w+", word))}
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)")

        def say(text: str) -> str:
            if begin.isdisjoint(re.findall(r"\w+", text)):
                return text
            return pattern.sub(lambda met: names.get(met[0], "…"), text)

        def silent(source: str) -> str:
            return say(re.sub(r"(?m)(^|\s)#.*$", "", source))

        learners = [
            replace(
                learner,
                name=names[learner.name],
                needs=[say(need) for need in learner.needs],
                notes=[say(note) for note in learner.notes],
                code={label: silent(source) for label, source in learner.code.items()},
            )
            for learner in self.learners
        ]
        groups = [replace(group, learners=tuple(sorted(names[n] for n in group.learners))) for group in self.alike]
        return replace(self, learners=sorted(learners, key=lambda learner: learner.name), alike=groups)


def _constant(values: list[float]) -> bool:
    return max(values) - min(values) < 1e-9


def _sparks(counts: list[int]) -> str:
    """A row of small bars.

    >>> _sparks([0, 1, 4, 8])
    '▁▂▅█'
    """
    highest = max(counts, default=0)
    return "".join("▁▂▃▄▅▆▇█"[math.ceil(7 * n / highest) if highest else 0] for n in counts)
