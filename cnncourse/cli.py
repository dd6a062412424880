"""The command line: seven verbs, and no logic of their own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cnncourse import __version__

EPILOG = """\
learners:     cnncourse check exercises/01-convolution/convolution.ipynb
readers:      cnncourse build, cnncourse experiment, cnncourse data
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
    sub.add_argument("--pdf", action="store_true", help="print the whole book to one file as well, _build/book.pdf")
    course(sub)

    sub = verb(
        "experiment",
        _experiment,
        "run an experiment of the book again",
        "Without a name they are listed. A training that has ended is remembered in _build/experiments, so an "
        "interrupted run goes on where it was. Without the real data (cnncourse data) a stand-in is trained on.",
    )
    sub.add_argument("name", nargs="?", help="which one")
    sub.add_argument("--quick", action="store_true", help="few samples, few epochs, one seed: does it work?")
    sub.add_argument("--only", nargs="+", default=[], metavar="VARIANT", help="these networks or rules alone")
    sub.add_argument("--seeds", nargs="+", type=int, metavar="N", help="other seeds than the recorded ones")
    sub.add_argument("--fresh", action="store_true", help="forget what was done, and begin again")
    sub.add_argument("--record", action="store_true", help="make the result the record that the book shows")
    course(sub)

    sub = verb(
        "data",
        _data,
        "list the real data sets, and fetch what is missing",
        "Without a name they are listed: what is here, where, how large, on which terms. They are looked for in the "
        "folder named by CNNCOURSE_DATA and where Keras keeps its own, and fetched into the first of these that can be "
        "written. An interrupted download goes on where it was.",
    )
    sub.add_argument("name", nargs="*", help="fetch these: mnist, imdb, reuters, cats_and_dogs, sms_spam")
    sub.add_argument("--all", action="store_true", help="fetch all of them (100 MB)")

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
    from cnncourse.book import BookError, build_book, print_book

    try:
        print(f"The book: {(print_book if args.pdf else build_book)(args.course)}")
    except BookError as error:
        raise ValueError(str(error)) from error
    return 0


def _experiment(args) -> int:
    from cnncourse import experiments

    if args.name is None:
        print(experiments.listing())
        return 0
    if args.record and (args.quick or args.only or args.seeds):
        raise ValueError("--record is for the whole experiment: leave --quick, --only and --seeds out")
    experiment = experiments.find(args.name)
    folder = args.course / "_build" / "experiments"
    options = {"only": args.only, "seeds": args.seeds, "quick": args.quick, "fresh": args.fresh}
    record = experiments.run(experiment, folder, **options)
    print(experiments.comparison(experiment, record))
    if args.record:
        print(f"Recorded: {experiments.keep(experiment, record)}")
    return 0


def _data(args) -> int:
    from cnncourse.datasets import store

    if args.name or args.all:
        troubles = store.provide(list(store.SETS) if args.all else args.name)
    else:
        table, troubles = store.listing()
        print(table)
    for trouble in troubles:
        print(f"cnncourse: {trouble}", file=sys.stderr)
    return 1 if troubles else 0


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
