"""The command line: five verbs, and no logic of their own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cnncourse import __version__

EPILOG = """\
learners:     cnncourse check exercises/01-convolution/convolution.ipynb
readers:      cnncourse build
instructors:  cnncourse release, then cnncourse grade and cnncourse report
              (nbgrader's own commands work in the same folder)
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="cnncourse",
        description="A course on convolutional networks whose exercises grade themselves.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"cnncourse {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, run, summary: str, more: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {more}")
        sub.set_defaults(run=run)
        return sub

    def course(sub) -> None:
        sub.add_argument(
            "--course",
            type=Path,
            default=Path("."),
            metavar="FOLDER",
            help="the course folder, the one with nbgrader_config.py (default: this one)",
        )

    sub = verb(
        "check", _check, "check your own notebook and be told what is wrong", "Your code is run on this machine."
    )
    sub.add_argument("file", nargs="*", type=Path, help="notebooks or Python files (default: all in exercises/)")
    sub.add_argument("--function", metavar="NAME", help="check this function alone")
    sub.add_argument(
        "--assignment", metavar="NAME", help="the assignment, where the file does not tell: 01-convolution"
    )

    sub = verb(
        "build",
        _build,
        "execute the chapters and build the book",
        "What changed is computed anew; a claim that fails on a page, or a warning, stops the build.",
    )
    course(sub)

    sub = verb(
        "release",
        _release,
        "make the learners' notebooks in exercises/ from solutions/",
        "This is nbgrader's generate_assignment: solutions and hidden tests are taken out.",
    )
    sub.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    course(sub)

    sub = verb(
        "grade",
        _grade,
        "grade what was handed in, and write the feedback",
        "Submissions lie in submitted/LEARNER/ASSIGNMENT/. What is graded and unchanged is left as it is, so an "
        "interrupted run goes on where it was. One bad submission never stops the others.",
    )
    sub.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    sub.add_argument("--force", action="store_true", help="grade everything again; marks given by hand stay")
    course(sub)

    sub = verb(
        "report",
        _report,
        "show the marks, and what the class misunderstood",
        "Prints a summary and writes it as a page, report.html.",
    )
    sub.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    course(sub)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status is 0 when all is well, 1 when a person has something to do."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is lost: run the same command again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ImportError as error:
        print(f"cnncourse: {error.name} is not installed: pip install -r requirements.txt", file=sys.stderr)
        return 1
    except ValueError as error:  # what a person can put right says so itself
        print(f"cnncourse: {error}", file=sys.stderr)
        return 1


def _check(args) -> int:
    os.environ.setdefault("MPLBACKEND", "Agg")  # pictures are not opened in windows
    from cnncourse.checks.notebook import check_file, open_file

    files = args.file or sorted(Path("exercises").glob("*/*.ipynb"))
    if not files:
        raise ValueError("there is no notebook in exercises/; name the file to check")
    right = True
    for file in files:
        opened = open_file(file, args.assignment)
        for note in opened.stopped:
            print(note, file=sys.stderr)
        for verdict in check_file(opened, args.function):
            print(f"{verdict}\n")
            right = right and verdict.passed
    return 0 if right else 1


def _build(args) -> int:
    from cnncourse.book import BookError, build_book

    try:
        print(f"The book: {build_book(args.course)}")
    except BookError as error:
        raise ValueError(str(error)) from error
    return 0


def _release(args) -> int:
    from cnncourse.grading.release import release

    release(args.course, args.assignment or None, gradebook=True, progress=print)
    return 0


def _grade(args) -> int:
    from cnncourse.grading.grade import grade

    print(grade(args.course, args.assignment or None, force=args.force))
    return 0


def _report(args) -> int:
    from cnncourse.grading.report import report

    print(report(args.course, args.assignment or None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
