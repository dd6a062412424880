"""The command line: nine verbs, and no logic of their own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cnncourse import __version__

EPILOG = """\
learners:     cnncourse check exercises/01-convolution/convolution.ipynb
readers:      cnncourse build, cnncourse experiment, cnncourse data
instructors:  cnncourse release, collect, grade, report, export, in this order
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
        "collect",
        _collect,
        "bring in what learners handed in",
        "From the archive of all submissions that Moodle or Canvas makes, from a folder, or from nbgrader's exchange, "
        "into submitted/LEARNER/ASSIGNMENT/. What is there already and has changed moves to submitted/.earlier/. "
        "Who is who stands in submitted/learners.csv.",
    )
    sub.add_argument("source", type=Path, help="the zip archive or folder")
    sub.add_argument(
        "--assignment", metavar="NAME", help="which one it is, where the files do not tell: 01-convolution"
    )
    sub.add_argument(
        "--from",
        dest="kind",
        choices=["moodle", "canvas", "folder", "exchange"],
        help="where it comes from, where the names of the files do not tell",
    )
    course(sub)

    sub = verb(
        "grade",
        _grade,
        "grade what was handed in, and write the feedback",
        "Submissions lie in submitted/LEARNER/ASSIGNMENT/. What is graded and unchanged is left as it is, so an "
        "interrupted run goes on where it was. One bad submission never stops the others. Learners' code runs in a "
        "sandbox, which needs bubblewrap on Linux.",
    )
    sub.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    sub.add_argument("--force", action="store_true", help="grade everything again; marks given by hand stay")
    sub.add_argument(
        "--workers", type=_number, metavar="N", help="how many processes mark (default: one for each processor)"
    )
    sub.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="let a Dask cluster mark, the one with this address"
    )
    sub.add_argument(
        "--local-cluster", action="store_true", help="start a Dask cluster on this machine, and let it mark"
    )
    sub.add_argument(
        "--no-sandbox", action="store_true", help="run learners' code unprotected, with all that you may do yourself"
    )
    course(sub)

    sub = verb(
        "export",
        _export,
        "write the marks for Moodle, for Canvas, or as a table",
        "With --roster, the file that Moodle or Canvas wrote is filled in, and nothing else in it changes. A mark that "
        "is missing stays empty.",
    )
    sub.add_argument(
        "assignment",
        nargs="*",
        help="their names, such as 01-convolution (default: all with marks); '01-convolution=TITLE' names the "
        "roster's column too",
    )
    sub.add_argument("--for", dest="kind", choices=["csv", "moodle", "canvas"], help="who reads it (default: csv)")
    sub.add_argument(
        "--roster", type=Path, metavar="FILE", help="Moodle's grading worksheet, or Moodle's or Canvas's gradebook"
    )
    sub.add_argument("--output", type=Path, metavar="FILE", help="where to write (default: marks-….csv in the course)")
    course(sub)

    sub = verb(
        "report",
        _report,
        "show the marks, and what the class misunderstood",
        "Prints a summary and writes a page, report.html, and a table, report.csv: distribution, difficulty, "
        "misconceptions with examples, who needs a person, code that is alike.",
    )
    sub.add_argument("assignment", nargs="*", help="their names, such as 01-convolution (default: all)")
    sub.add_argument("--hide-names", action="store_true", help="put stand-ins in the place of names, always the same")
    course(sub)
    return top


def _number(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: give 1 or more")
    return int(text)


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


def _collect(args) -> int:
    from cnncourse.grading.collect import collect

    collected = collect(args.course, args.source, assignment=args.assignment, kind=args.kind)
    print(collected)
    return 1 if collected.aside else 0


def _grade(args) -> int:
    from cnncourse.grading.grade import UNPROTECTED, grade

    if args.scheduler and args.local_cluster:
        raise ValueError("--scheduler is a cluster that is there, --local-cluster a new one: leave one of them out")
    if args.no_sandbox:
        print(f"cnncourse: {UNPROTECTED}", file=sys.stderr)
    where = {"scheduler": args.scheduler, "local_cluster": args.local_cluster}
    print(
        grade(
            args.course,
            args.assignment or None,
            force=args.force,
            count=args.workers,
            sandbox=not args.no_sandbox,
            **where,
        )
    )
    return 0


def _export(args) -> int:
    from cnncourse.grading.export import export

    exported = export(args.course, args.assignment, kind=args.kind, roster=args.roster, output=args.output)
    print(exported)
    return 1 if exported.lost else 0


def _report(args) -> int:
    from cnncourse.grading.report import report

    print(report(args.course, args.assignment or None, hide_names=args.hide_names))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
