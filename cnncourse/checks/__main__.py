"""Measure the checks: ``python -m cnncourse.checks``.

Every misconception of every function goes through its own check, as does every right solution, for some seeds.
"""

from __future__ import annotations

import argparse
import time

from cnncourse import checks


def measure(assignment: str, seeds) -> list[dict]:
    """A row for each function: mistakes caught and named, right solutions accepted, seconds of the slowest verdict."""
    rows = []

    def timed(row, fn, seed):
        start = time.perf_counter()
        verdict = checks.verdict(assignment, row["function"], fn, seed)
        row["slowest"] = max(row["slowest"], time.perf_counter() - start)
        return verdict

    for name in checks.functions(assignment):
        task = checks.task(assignment, name)
        row = dict(function=name, mistakes=0, caught=0, named=0, right=0, accepted=0, slowest=0.0, missed=[])
        for seed in seeds:
            for misconception in task.misconceptions:
                verdict = timed(row, misconception.wrong, seed)
                row["mistakes"] += 1
                row["caught"] += not verdict.passed
                row["named"] += verdict.misconception == misconception.name
                if verdict.misconception != misconception.name:
                    row["missed"].append((seed, misconception.name, verdict.misconception))
            for solution in task.accepted:
                verdict = timed(row, solution, seed)
                row["right"] += 1
                row["accepted"] += verdict.passed
                if not verdict.passed:
                    row["missed"].append((seed, getattr(solution, "__name__", "?"), verdict.message))
        rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cnncourse.checks", description=__doc__.split("\n\n")[1])
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds to draw the inputs from (default: 20)")
    parser.add_argument("-v", "--verbose", action="store_true", help="also list what was named otherwise, or refused")
    args = parser.parse_args()
    print(f"{'function':<20} {'caught':>13} {'named':>13} {'accepted':>13} {'slowest':>9}")
    good = True
    for assignment in checks.assignments():
        for row in measure(assignment, range(args.seeds)):
            caught, named = f"{row['caught']}/{row['mistakes']}", f"{row['named']}/{row['mistakes']}"
            accepted = f"{row['accepted']}/{row['right']}"
            print(f"{row['function']:<20} {caught:>13} {named:>13} {accepted:>13} {row['slowest']:>7.2f} s")
            good = good and row["caught"] == row["mistakes"] and row["accepted"] == row["right"]
            if args.verbose:
                for what, instead in dict.fromkeys((what, instead) for _, what, instead in row["missed"]):
                    print(f"    {what} -> {instead}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
