"""Measure the checks: ``python -m cnncourse.checks``, or ``make checks``.

Every misconception of every function goes through its own check, as does every right solution, for some seeds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tqdm import tqdm

from cnncourse import checks

__all__ = ["Row", "measure", "table"]


@dataclass
class Row:
    """What was measured of one function: its misconceptions caught and called by their names, its right solutions
    accepted, and the seconds of the slowest verdict. ``tries`` and ``trials`` count over all seeds."""

    assignment: str
    function: str
    misconceptions: int = 0
    solutions: int = 0
    tries: int = 0
    caught: int = 0
    named: int = 0
    trials: int = 0
    accepted: int = 0
    slowest: float = 0.0
    missed: list[tuple[str, str]] = field(default_factory=list)  # what was named otherwise or refused, and how


def measure(assignments: Iterable[str] | None = None, seeds: Iterable[int] = range(20)) -> Iterator[Row]:
    """Put every misconception and every right solution of the banks to the checks.

    Args:
        assignments: their names; all of them when None.
        seeds: from which the inputs are drawn, one verdict each.

    Yields:
        A :class:`Row` for each function, in the order of the assignments.

    >>> rows = list(measure(["01-convolution"], seeds=[1]))
    >>> [row.function for row in rows if row.caught < row.tries or row.accepted < row.trials]
    []
    """
    seeds = list(seeds)
    for assignment in checks.assignments() if assignments is None else assignments:
        for name in checks.functions(assignment):
            yield _measured(assignment, checks.task(assignment, name), seeds)


def _measured(assignment: str, task: checks.Task, seeds: list[int]) -> Row:
    row = Row(assignment, task.name, len(task.misconceptions), len(task.accepted))

    def timed(fn, seed):
        start = time.perf_counter()
        verdict = checks.verdict(assignment, task.name, fn, seed)
        row.slowest = max(row.slowest, time.perf_counter() - start)
        return verdict

    for seed in seeds:
        for misconception in task.misconceptions:
            verdict = timed(misconception.wrong, seed)
            row.tries += 1
            row.caught += not verdict.passed
            row.named += verdict.misconception == misconception.name
            if verdict.misconception != misconception.name:
                row.missed.append((misconception.name, str(verdict.misconception)))
        for solution in task.accepted:
            verdict = timed(solution, seed)
            row.trials += 1
            row.accepted += verdict.passed
            if not verdict.passed:
                row.missed.append((getattr(solution, "__name__", "a right solution"), verdict.message))
        task.forget()
    return row


def table(rows: Iterable[Row]) -> list[list[str]]:
    """The rows as words, a heading first and a sum last."""
    rows = list(rows)
    words = [["assignment", "function", "misconceptions", "caught", "named", "right solutions", "accepted", "slowest"]]
    counts = ("misconceptions", "tries", "caught", "named", "solutions", "trials", "accepted")
    whole = Row("all", f"{len(rows)} functions")
    for name in counts:
        setattr(whole, name, sum(getattr(row, name) for row in rows))
    whole.slowest = max((row.slowest for row in rows), default=0.0)
    for row in (*rows, whole):
        words.append(
            [
                row.assignment,
                row.function,
                str(row.misconceptions),
                _share(row.caught, row.tries),
                _share(row.named, row.tries),
                str(row.solutions),
                _share(row.accepted, row.trials),
                f"{row.slowest:.2f} s",
            ]
        )
    return words


def _share(part: int, whole: int) -> str:
    """As "100 %"; a share that is not whole never looks as if it were."""
    if not whole:
        return "–"
    return f"{100 if part == whole else min(99.9, 100 * part / whole):.3g} %"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cnncourse.checks", description=__doc__.split("\n\n")[1])
    parser.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds to draw the inputs from (default: 20)")
    parser.add_argument("-v", "--verbose", action="store_true", help="also list what was named otherwise, or refused")
    args = parser.parse_args()
    assignments = args.assignment or checks.assignments()
    try:
        count = sum(len(checks.functions(assignment)) for assignment in assignments)
    except ValueError as error:
        parser.error(str(error))
    bar = tqdm(measure(assignments, range(args.seeds)), total=count, unit="function", disable=not sys.stderr.isatty())
    rows = list(bar)
    words = table(rows)
    widths = [max(map(len, column)) for column in zip(*words, strict=True)]
    for line in words:
        print(
            "  ".join(
                word.ljust(w) if k < 2 else word.rjust(w) for k, (word, w) in enumerate(zip(line, widths, strict=True))
            )
        )
    if args.verbose:
        for row in rows:
            for what, instead in dict.fromkeys(row.missed):
                print(f"{row.assignment} {row.function}: {what} -> {instead}")
    good = all(row.caught == row.tries and row.accepted == row.trials for row in rows)
    named, tries = sum(row.named for row in rows), sum(row.tries for row in rows)
    if not good:
        print("A mistake got through, or a right solution was refused: --verbose says which.")
    return 0 if good and named >= 0.95 * tries else 1


if __name__ == "__main__":
    raise SystemExit(main())
