"""Bring what learners handed in into ``submitted/LEARNER/ASSIGNMENT/``.

It comes from a folder, from the archive of all submissions that Moodle or Canvas makes, or from nbgrader's exchange.
What learners packed and named is not to be trusted: nothing outside ``submitted/`` is written, one bad file never stops
the others, and no earlier version is lost (it moves to ``submitted/.earlier/``). Doing it twice changes nothing.

The names of files are those of Moodle's ``mod/assign/classes/downloader.php``, Canvas's ``lib/content_zipper.rb`` and
nbgrader's ``exchange/default/submit.py``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from cnncourse.grading import learners
from cnncourse.grading.archive import MEGABYTE, Aside, Entry, Source, opened, shown
from cnncourse.grading.frame import write_whole
from cnncourse.grading.learners import Row, fold, folder_name
from cnncourse.grading.release import CourseError, configuration

__all__ = ["KINDS", "Collected", "collect"]

KINDS = {"moodle": "Moodle", "canvas": "Canvas", "folder": "a folder", "exchange": "nbgrader's exchange"}
EARLIER = ".earlier"
LARGEST_SUBMISSION = 200 * MEGABYTE
LARGEST_TOTAL = 20_000 * MEGABYTE
MOST_FILES = 1_000  # of one submission

ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
NBGRADERS = {"timestamp.txt", "submission_secret.txt"}  # what nbgrader trusts, so a learner's own is not taken

# "Ada Lovelace_12345_assignsubmission_file_/convolution.ipynb"; without folders, the rest follows the underscore.
# Moodle leaves no underscore in a name, so the first one ends it; a group without a name has no number.
MOODLE = re.compile(
    r"(?P<name>[^_]+)(?:_(?P<id>[0-9]+))?_assignsubmission_(?P<plugin>[a-z0-9]+)(?:_(?P<rest>.*))?", re.S
)
# "lovelaceada_LATE_12345_678910_convolution-2.ipynb"; without names, "anon_x7Gd2_678910_convolution.ipynb".
CANVAS = re.compile(
    r"(?:(?P<name>.+?)_)??(?:(?P<late>LATE|late)_)?(?P<id>[0-9]+|anon_[0-9A-Za-z]+)"
    r"_(?:(?P<file>[0-9]+)_(?P<rest>.+)|(?:text|link)\.html)",
    re.S,
)
# "ada+01-convolution+2026-04-01 10:00:00.000000 UTC+cmFuZG9t"; a user's name may hold a plus.
EXCHANGE = re.compile(
    r"(?P<user>.+)\+(?P<assignment>[^+]+)\+(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [^+]*)(?:\+(?P<random>[^+]*))?", re.S
)


@dataclass
class Collected:
    """What a run of :func:`collect` did. ``str()`` of it is what the command prints.

    ``new``, ``replaced`` and ``unchanged`` hold (learner, assignment); ``aside`` and ``notes`` hold (who, what);
    ``late`` holds the learners whose submission the platform calls late.
    """

    submitted: Path
    source: Path
    kind: str
    new: list[tuple[str, str]] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[tuple[str, str]] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        assignments = sorted({assignment for _, assignment in self.new + self.replaced + self.unchanged})
        lines = [f"From {KINDS[self.kind]}, {shown(self.source.name)}: {', '.join(assignments) or 'nothing'}"]
        for label, found in (("new", self.new), ("replaced", self.replaced), ("unchanged", self.unchanged)):
            lines.append(f"  {label:<10}{len(found):>6}  {_some([learner for learner, _ in found], 6)}".rstrip())
        lines.append(f"  {'put aside':<10}{len(self.aside):>6}")
        lines += _paragraph("Put aside, for a person to see:", self.aside)
        if self.replaced:
            lines.append(f"What was replaced is kept in {self.submitted / EARLIER}.")
        lines += _paragraph("To know:", self.notes)
        if self.late:
            lines.append(f"Late, says {KINDS[self.kind]}: {_some(self.late, 20)}")
        lines.append(f"Who is who: {self.submitted / learners.FILE}")
        return "\n".join(lines)


def _some(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _paragraph(title: str, found: list[tuple[str, str]], most: int = 40) -> list[str]:
    lines = [f"  {who}: {what}" for who, what in found[:most]]
    if len(found) > most:
        lines.append(f"  and {len(found) - most} more")
    return [title, *lines] if found else []


@dataclass
class _Submission:
    """What one person handed in for one assignment, as the source tells it; ``order`` tells attempts apart."""

    kind: str
    key: str
    name: str
    assignment: str = ""
    order: str = ""
    time: str = ""
    late: bool = False
    files: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    learner: str = ""

    @property
    def rank(self) -> tuple[int, str]:
        return _rank(self.order)

    def add(self, parts: tuple[str, ...], entry: Entry) -> None:
        if parts in self.files:
            self.notes.append(f"{shown('/'.join(parts))} is there twice; the later one counts")
        self.files[parts] = entry


def _rank(order: str) -> tuple[int, str]:
    """Numbers as numbers, times as times."""
    return (len(order) if order.isdigit() else 0, order)


def collect(
    course_root: str | os.PathLike,
    source: str | os.PathLike,
    *,
    assignment: str | None = None,
    kind: str | None = None,
    progress: bool | None = None,
) -> Collected:
    """Bring submissions into the course folder.

    Args:
        course_root: the folder with ``nbgrader_config.py``.
        source: a folder or a zip archive.
        assignment: which assignment it is; without, the source tells.
        kind: ``"moodle"``, ``"canvas"``, ``"folder"`` or ``"exchange"``; without, the names of the files tell.
        progress: whether to show a progress bar; without, where stderr is a terminal.

    Returns:
        A :class:`Collected`. A submission that cannot be used is listed in it, and never an error.

    Raises:
        CourseError: there is no such course, source or assignment, or the source cannot be read at all.

    Interrupted, it has brought in some submissions whole and others not; the next run goes on.
    """
    root, path = Path(course_root).resolve(), Path(source)
    if not (root / "nbgrader_config.py").is_file():
        raise CourseError(f"{root} is not a course folder: it has no nbgrader_config.py. Give the folder that has one.")
    settings = configuration(root)[0].CourseDirectory
    known = _known(root, settings.get("release_directory", "exercises"), settings.get("source_directory", "solutions"))
    if assignment is not None and assignment not in known:
        raise CourseError(f"There is no assignment {assignment!r} in {root}; there are {', '.join(known)}.")
    submitted = root / settings.get("submitted_directory", "submitted")
    if submitted.resolve() in (path.resolve(), *path.resolve().parents):
        raise CourseError(f"{path} is where submissions lie already: give the folder or archive that they come from.")
    with opened(path) as files:
        kind, entries = _recognise(files, known, kind)
        submissions = _TAKEN[kind](files, entries, known, learners.read_learners(submitted))
        submissions = _of_assignment(submissions, known, assignment, path)
        submissions = _latest(_usable(submissions, known, files))
        result = Collected(submitted, path, kind, aside=files.aside)
        try:
            submitted.mkdir(parents=True, exist_ok=True)
            with _alone(submitted):
                rows = {(row.learner, row.assignment, row.source): row for row in learners.read_learners(submitted)}
                _name_learners(submissions, list(rows.values()), submitted)
                try:
                    _bring_in(submissions, submitted, rows, result, progress)
                finally:
                    _write_table(submitted / learners.FILE, rows)
        except OSError as error:
            raise CourseError(f"{submitted} cannot be written ({error.strerror}): make it writable.") from error
    return result


def _known(root: Path, release: str, source: str) -> dict[str, list[str]]:
    """The assignments of a course folder, each with the file names of its notebooks."""
    known: dict[str, list[str]] = {}
    for folder, pattern in ((release, "*.ipynb"), (source, "*.md"), (source, "*.ipynb")):
        found = defaultdict(list)
        for path in sorted((root / folder).glob(f"[!.]*/[!.]{pattern}")):
            found[path.parent.name].append(f"{path.stem}.ipynb")
        known = dict(found) | known  # what was released counts
    if not known:
        raise CourseError(f"{root} has no assignment yet: run `cnncourse release` there.")
    return dict(sorted(known.items()))


# Which kind of source it is -------------------------------------------------------------------------------------------


def _recognise(files: Source, known: dict, kind: str | None) -> tuple[str, list[Entry]]:
    """The kind, and the files as that kind has them: without a folder around all of them."""
    if not files.entries:
        reasons = "".join(f" {who}: {why}." for who, why in files.aside[:3])
        raise CourseError(f"{files.path} holds no file that can be used.{reasons}")
    tops = {entry.parts[0] for entry in files.entries}
    inner = [Entry(e.parts[1:], e.size, e.modified, e.read) for e in files.entries if len(e.parts) > 1]
    inside = len(tops) == 1 and len(inner) == len(files.entries) and not tops & known.keys()
    for entries in (files.entries, inner) if inside else (files.entries,):
        shares = {
            "moodle": sum(_moodle(entry) is not None for entry in entries),
            "canvas": sum(_canvas(entry) is not None for entry in entries),
            "exchange": sum(_exchange(entry) is not None for entry in entries),
        }
        if kind is not None and shares.get(kind):
            return kind, entries
        likely = [name for name, share in shares.items() if 2 * share >= len(entries)]
        if kind is None and len(likely) == 1:
            return likely[0], entries
        if kind is None and likely:
            options = " or ".join(f"--from {name}" for name in likely)
            raise CourseError(f"{files.path} may come from {' or '.join(likely)}: say which with {options}.")
    if kind not in (None, "folder"):
        raise CourseError(
            f"{files.path} does not look like {KINDS[kind]}; it holds {files.entries[0]}, for example. "
            "Leave --from out, or give what was downloaded as it is."
        )
    several = inside and len({entry.parts[0] for entry in inner}) > 1
    if several and not any(len(entry.parts) == 1 or entry.parts[0] in known for entry in inner):
        return "folder", inner
    return "folder", files.entries


def _moodle(entry: Entry) -> re.Match | None:
    match = MOODLE.fullmatch(entry.parts[0])
    return match if match and bool(match["rest"]) == (len(entry.parts) == 1) else None


def _canvas(entry: Entry) -> re.Match | None:
    return CANVAS.fullmatch(entry.parts[0]) if len(entry.parts) == 1 else None


def _exchange(entry: Entry) -> re.Match | None:
    return EXCHANGE.fullmatch(entry.parts[0]) if len(entry.parts) > 1 else None


# Who handed in what ---------------------------------------------------------------------------------------------------


def _is_notebook(name: str) -> bool:
    return name.casefold().endswith(".ipynb")


def _stem(name: str) -> str:
    return fold(name[: -len(".ipynb")])


def _from_moodle(files: Source, entries: list[Entry], known: dict, rows: list[Row]) -> list[_Submission]:
    found: dict[tuple[str, str], _Submission] = {}
    without_file: dict[tuple[str, str], str] = {}
    downloaded = max(entry.modified for entry in entries)  # later archives hold later dates
    for entry in entries:
        match = _moodle(entry)
        if match is None:
            files.put_aside(entry, "its name is not one that Moodle gives")
            continue
        name, number = match["name"].strip(), match["id"] or ""
        if match["plugin"] == "file":
            made = _Submission("moodle", number or name, name, order=downloaded)
            found.setdefault((name, number), made).add(entry.parts[1:] or (match["rest"],), entry)
        else:
            without_file[name, number] = match["plugin"]
    for (name, number), plugin in without_file.items():
        if (name, number) not in found:
            text = "handed in words in the text field, and no file"
            files.put_aside(name, text if plugin == "onlinetext" else "handed in no file")
    return list(found.values())


def _from_canvas(files: Source, entries: list[Entry], known: dict, rows: list[Row]) -> list[_Submission]:
    matches = []
    names = {(row.id, row.name) for row in rows if row.source == "canvas"}
    for entry in entries:
        match = _canvas(entry)
        if match is None:
            files.put_aside(entry, "its name is not one that Canvas gives")
            continue
        sure = len(re.findall(r"(?=_[0-9]+_[0-9]+_)", f"_{match[0]}")) <= 1
        matches.append((entry, match, sure))
        if sure:
            names.add((match["id"], match["name"] or ""))
    people: dict[tuple[str, str], _Submission] = {}
    uploads: dict[tuple[str, str], list[tuple[int, str, Entry]]] = defaultdict(list)
    for entry, match, sure in matches:
        number, name = match["id"], match["name"] or ""
        if not sure and (number, name) not in names:  # who calls themselves "x_12_34" looks like number 12
            files.put_aside(
                entry, f"it may be from number {number} or from somebody else: its name has too many numbers"
            )
            continue
        person = people.setdefault((number, name), _Submission("canvas", number, name))
        person.late = person.late or bool(match["late"])
        if match["rest"]:
            uploads[number, name].append((int(match["file"]), match["rest"], entry))
    for who, person in people.items():
        attempts = defaultdict(list)
        for upload in sorted(uploads[who], key=lambda upload: upload[:2]):
            # Canvas tells attempts apart by a number at the end, and by the file's own, which grows.
            attempts[re.sub(r"-[0-9]+(?=\.\w+$)", "", upload[1]).casefold()].append(upload)
        for found in attempts.values():
            number, name, entry = found[-1]
            person.add((name,), entry)
            if len(found) > 1:
                person.notes.append(f"{len(found)} attempts; the latest counts, {shown(name)}")
            if _is_notebook(name):
                person.order = str(max(number, int(person.order or 0)))
        if not attempts:
            files.put_aside(who[1] or who[0], "handed in words or a link, and no file")
    return [person for person in people.values() if person.files]


def _from_folder(files: Source, entries: list[Entry], known: dict, rows: list[Row]) -> list[_Submission]:
    """``LEARNER/…``, ``LEARNER/ASSIGNMENT/…``, ``ASSIGNMENT/LEARNER/…``, or notebooks with the learners' names."""
    found: dict[tuple[str, ...], _Submission] = {}
    stems = sorted({_stem(name) for names in known.values() for name in names}, key=len, reverse=True)
    for entry in entries:
        rest, assignment = entry.parts, ""
        if rest[0] in known and len(rest) > 1:
            assignment, *rest = rest
        if len(rest) > 1:
            name, *rest = rest
            if rest[0] in known and len(rest) > 1:
                assignment, *rest = rest
            key = name, assignment
        elif not _is_notebook(rest[0]):
            if rest[0].casefold().endswith(ARCHIVES):
                files.put_aside(entry, "it is an archive: collect it by itself")
            continue  # a list of names, say
        else:
            name = _whose(rest[0][: -len(".ipynb")], stems)
            key = name, assignment, rest[0]  # each notebook an attempt of its own
            if not name:
                what = "its name does not say whose it is: put it into a folder with the learner's name"
                files.put_aside(entry, what)
                continue
        submission = found.setdefault(key, _Submission("folder", name, name, assignment))
        submission.order = max(submission.order, entry.modified)
        submission.add(tuple(rest), entry)
    return list(found.values())


def _whose(name: str, stems: list[str]) -> str:
    """The learner in the name of a notebook, which may hold the assignment's before or after.

    >>> [_whose(name, ["paddingstride"]) for name in ("padding_stride-ada (1)", "ada_k_padding_stride-2", "kim-2")]
    ['ada', 'ada_k', 'kim-2']
    """
    name = re.sub(r"\s*\([0-9]+\)$", "", name.strip())
    for text in (name, re.sub(r"[-_\s]+(copy)?\s*[0-9]*$", "", name, flags=re.I)):
        words = re.split(r"([\s_\-.]+)", text)
        for stem in stems:
            for cut in range(len(words) + 1):
                if fold("".join(words[cut:])) == stem:
                    return "".join(words[:cut]).strip(" _-.")
                if fold("".join(words[:cut])) == stem:
                    return "".join(words[cut:]).strip(" _-.")
    return name


def _from_exchange(files: Source, entries: list[Entry], known: dict, rows: list[Row]) -> list[_Submission]:
    found: dict[str, _Submission | None] = {}
    everybody = {owner for owners in files.owners.values() for owner in owners}
    trusted = {"root", _me()} if len(everybody) > 1 else everybody  # where all are one user, owners tell nothing
    for entry in entries:
        folder, match = entry.parts[0], _exchange(entry)
        if match is None:
            files.put_aside(entry, "its name is not one that nbgrader gives")
            continue
        if folder not in found:
            user, name, time = match["user"], match["assignment"], _utc(match["time"])
            strangers = files.owners.get(folder, set()) - trusted - {user}
            found[folder] = None
            if name not in known:
                files.put_aside(folder, f"there is no assignment {shown(name)}")
            elif not time:
                files.put_aside(folder, "its name holds no time")
            elif strangers:
                files.put_aside(folder, f"it says {shown(user)}, but belongs to {shown(', '.join(sorted(strangers)))}")
            else:
                found[folder] = _Submission("exchange", user, user, name, time, match["time"])
        if found[folder] is not None:
            found[folder].add(entry.parts[1:], entry)
    return [submission for submission in found.values() if submission]


def _me() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return "root"


def _utc(time: str) -> str:
    """nbgrader's time of a submission, to be compared; "" if it is none.

    >>> _utc("2026-01-31 12:00:00.000000 CET"), _utc("2026-99-31 12:00:00.000000 UTC")
    ('2026-01-31 11:00:00.000000', '')
    """
    from datetime import UTC

    from dateutil import parser, tz

    *clock, zone = time.split(" ")
    try:
        if len(clock) == 2:
            moment = parser.parse(" ".join(clock)).replace(tzinfo=tz.gettz(zone) or UTC)
        else:
            moment = parser.parse(time)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y-%m-%d %H:%M:%S.%f")
    except (ValueError, OverflowError):
        return ""


_TAKEN = {"moodle": _from_moodle, "canvas": _from_canvas, "folder": _from_folder, "exchange": _from_exchange}


# Which assignment, which notebook, which attempt ----------------------------------------------------------------------


def _of_assignment(submissions: list[_Submission], known: dict, wanted: str | None, path: Path) -> list[_Submission]:
    """Every submission with its assignment; where the source does not say, most of the notebooks' names do."""
    undecided = [submission for submission in submissions if not submission.assignment]
    if undecided and wanted is None:
        votes = Counter()
        for submission in undecided:
            stems = [_stem(parts[-1]) for parts in submission.files if _is_notebook(parts[-1])]
            votes.update(a for a, names in known.items() if any(_stem(n) in stem for n in names for stem in stems))
        ranked = votes.most_common(2)
        if not ranked or 2 * ranked[0][1] <= votes.total():
            names = " or ".join(name for name, _ in ranked) or "none of the notebooks has a name that is known"
            raise CourseError(f"{path} does not tell which assignment it is ({names}): say it with --assignment NAME.")
        wanted = ranked[0][0]
        for submission in undecided:
            submission.assignment = wanted
        return submissions
    for submission in undecided:
        submission.assignment = wanted
    return [submission for submission in submissions if wanted in (None, submission.assignment)]


def _usable(submissions: list[_Submission], known: dict, files: Source) -> list[_Submission]:
    usable = []
    for submission in submissions:
        try:
            _choose(submission, known)
            usable.append(submission)
        except Aside as why:
            files.put_aside(submission.name or submission.key, why)
    return usable


def _choose(submission: _Submission, known: dict) -> None:
    """Take the assignment's notebooks, under their own names, and what else belongs to them."""
    wanted = known[submission.assignment]
    elsewhere = {
        fold(name): other for other, names in known.items() if other != submission.assignment for name in names
    }
    notebooks = [parts for parts in submission.files if _is_notebook(parts[-1])]
    chosen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name in wanted:
        found = _find(name, [parts for parts in notebooks if fold(parts[-1]) not in elsewhere], len(wanted) == 1)
        if found is None:
            submission.notes += [f"there is no {name}"] if len(wanted) > 1 else []
            continue
        chosen[found] = (name,)
        if found != (name,):
            submission.notes.append(f"{shown('/'.join(found))} was taken as {name}")
    if not chosen:
        needed = " and ".join(wanted)
        names = ", ".join(shown("/".join(parts), 60) for parts in list(submission.files)[:5])
        other = next((elsewhere[fold(parts[-1])] for parts in notebooks if fold(parts[-1]) in elsewhere), "")
        if not notebooks:
            raise Aside(f"no notebook, but {names}: ask for {needed}")
        if other:
            raise Aside(f"{names} belongs to {other}: ask for {needed}")
        raise Aside(f"{names}, and which of them is {needed} is not clear: rename it")
    taken = {fold(name) for (name,) in chosen.values()}
    for parts in submission.files:
        why = ""
        if parts in chosen:
            continue
        if parts[-1].casefold() in NBGRADERS:
            if submission.kind == "exchange" or parts[-1].casefold() != "timestamp.txt":
                continue
            why = "the learner may have written it"
        elif parts in notebooks:
            why = "it is not the assignment's notebook"
        elif parts[-1].casefold().endswith(ARCHIVES):
            why = "archives are not opened"
        elif "/".join(parts).casefold() in taken:
            why = "another file has this name"
        elif any(len(part.encode()) > 255 for part in parts):
            why = "its name is too long"
        elif len(chosen) >= MOST_FILES:
            why = f"there are more than {MOST_FILES:,} files"
        if why:
            submission.notes.append(f"{shown('/'.join(parts))} was left out: {why}")
        else:
            taken.add("/".join(parts).casefold())
            chosen[parts] = parts
    secret = ("submission_secret.txt",)
    if submission.kind == "exchange" and secret in submission.files:  # `nbgrader release_feedback` needs it
        chosen[secret] = secret
    submission.files = {name: submission.files[found] for found, name in chosen.items()}
    if sum(entry.size for entry in submission.files.values()) > LARGEST_SUBMISSION:
        raise Aside(f"its files are together larger than {LARGEST_SUBMISSION // MEGABYTE} MB")


def _find(name: str, notebooks: list[tuple[str, ...]], alone: bool) -> tuple[str, ...] | None:
    """The notebook of this name, or the only one that can be meant."""
    tests: list[Callable[[tuple[str, ...]], bool]] = [
        lambda parts: parts == (name,),
        lambda parts: parts[-1] == name,
        lambda parts: fold(parts[-1]) == fold(name),
        lambda parts: _stem(name) in _stem(parts[-1]),
        lambda parts: alone,
    ]
    for test in tests:
        found = [parts for parts in notebooks if test(parts)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _latest(submissions: list[_Submission]) -> list[_Submission]:
    attempts: dict[tuple, list[_Submission]] = defaultdict(list)
    for submission in submissions:
        attempts[_person(submission), submission.assignment].append(submission)
    for found in attempts.values():
        found.sort(key=lambda submission: submission.rank)
        if len(found) > 1:
            found[-1].notes.append(f"{len(found)} attempts; the latest counts, of {shown(found[-1].order)}")
    return [found[-1] for found in attempts.values()]


# Who is who -----------------------------------------------------------------------------------------------------------


def _person(of: Row | _Submission) -> tuple[str, ...]:
    """By what a source knows a person again. Moodle's numbers hold for one assignment, the others' for all."""
    kind, key = (of.source, of.id) if isinstance(of, Row) else (of.kind, of.key)
    return (kind, of.assignment, key) if kind == "moodle" else (kind, key)


def _spelling(name: str) -> str:
    """What two folders must not share on a system that does not tell upper case from lower."""
    return unicodedata.normalize("NFC", name).casefold()


def _name_learners(submissions: list[_Submission], rows: list[Row], submitted: Path) -> None:
    """Give every submission its learner's folder: the one known from before, or a new one."""
    folder_of = {_person(row): row.learner for row in rows}
    taken = {_spelling(row.learner) for row in rows}
    folders = {_spelling(path.name): path.name for path in submitted.iterdir() if path.is_dir()}
    tabled = {row.learner for row in rows}
    called_so = Counter((submission.assignment, fold(submission.name)) for submission in submissions)
    for submission in sorted(submissions, key=lambda s: (s.assignment, s.name, len(s.key), s.key)):
        person, called = _person(submission), submission.name or submission.key
        twins = submission.kind == "moodle" and called_so[submission.assignment, fold(submission.name)] > 1
        learner = folder_of.get(person, "")
        if not learner and submission.kind in ("folder", "exchange") and called in tabled:
            learner = called  # the instructor's own name for a learner whom another source brought
        if not learner and submission.kind == "moodle" and not twins:
            learner = _same_name(submission, rows)
        if not learner:
            base = folder_name(called.replace(" ", "-") if submission.kind == "moodle" else called)
            base = base or folder_name(f"learner-{submission.key}") or "learner"
            number = folder_name(submission.key) if submission.kind in ("moodle", "canvas") else ""
            choices = [base] * (not twins) + [f"{base}-{number}"] * bool(number)
            choices += [f"{base}-{n}" for n in range(2, len(taken) + 3)]
            learner = next(choice for choice in choices if _spelling(choice) not in taken)
            if learner != base:
                submission.notes.append(
                    f"there is more than one {shown(called)}; this is number {shown(submission.key)}"
                )
            elif submission.kind in ("folder", "exchange") and learner != called:
                submission.notes.append(f"{shown(called)} is no name for a folder; it is {learner} here")
            learner = folders.get(_spelling(learner), learner)
        taken.add(_spelling(learner))
        folder_of[person] = submission.learner = learner


def _same_name(submission: _Submission, rows: list[Row]) -> str:
    """Who has this name in other assignments of Moodle's, if there is no doubt."""
    mine = [row for row in rows if row.source == "moodle" and fold(row.name) == fold(submission.name) != ""]
    here = {row.learner for row in rows if row.source == "moodle" and row.assignment == submission.assignment}
    found = {row.learner for row in mine}
    return found.pop() if len(found) == 1 and not found & here else ""


# Into its place -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(submitted: Path):
    """One run at a time. What an interrupted run left half made is removed."""
    handle = None
    try:
        with contextlib.suppress(ImportError):
            import fcntl

            handle = os.open(submitted, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CourseError(f"Another `cnncourse collect` is at work in {submitted}: wait for it.") from error
        for left in submitted.glob(".collect-*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in submitted.glob(f".{learners.FILE}.*.new"):
            left.unlink(missing_ok=True)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _bring_in(submissions: list[_Submission], submitted: Path, rows: dict, result: Collected, progress) -> None:
    total, done = 0, set()
    hidden = None if progress is None else not progress
    for submission in tqdm(submissions, unit="submission", disable=hidden, dynamic_ncols=True):
        place = submission.learner, submission.assignment
        try:
            if place in done:
                raise Aside(f"{shown(submission.name)} has the same number as somebody else in this source")
            total += sum(entry.size for entry in submission.files.values())
            if total > LARGEST_TOTAL:
                raise Aside(f"all submissions are together larger than {LARGEST_TOTAL // MEGABYTE:,} MB")
            state = _store(submission, submitted, rows.get((*place, submission.kind)))
        except Aside as why:
            result.aside.append((submission.learner, str(why)))
            continue
        done.add(place)
        getattr(result, state).append(place)
        result.late += [submission.learner] * submission.late
        before, notes = rows.get((*place, submission.kind)), "; ".join(submission.notes)
        if before is not None and state == "unchanged":
            notes = before.notes
        else:
            result.notes += [(submission.learner, note) for note in submission.notes]
        rows[*place, submission.kind] = Row(
            *place,
            submission.kind,
            submission.key,
            _readable(submission.name),
            submission.order,
            "late" if submission.late else "",
            submission.time,
            notes,
        )


def _readable(name: str) -> str:
    """A name as a person reads it; the joiners that some scripts need are kept."""
    kept = (character for character in name if character.isprintable() or character in "\u200c\u200d")
    return " ".join("".join(kept).split())


def _store(submission: _Submission, submitted: Path, before: Row | None) -> str:
    """Put a submission into its place, in one step. Returns "new", "replaced" or "unchanged"."""
    folder = submitted / submission.learner / submission.assignment
    where = folder.relative_to(submitted.parent)
    if any(path.is_symlink() or (path.exists() and not path.is_dir()) for path in (folder.parent, folder)):
        raise Aside(f"{where} is a link or a file and no folder: move it away")
    contents = {}
    for parts, entry in submission.files.items():
        try:
            contents["/".join(parts)] = entry.read()
        except Aside as why:
            raise Aside(f"{entry}: {why}") from why
    if submission.time:
        contents["timestamp.txt"] = submission.time.encode()
    there = folder.is_dir() and any(folder.iterdir())
    if there and _holds(folder, contents):
        return "unchanged"
    if there and before is not None and submission.kind != "folder" and submission.order and before.attempt:
        if submission.rank < _rank(before.attempt):
            raise Aside(f"this is older than {where}, which stays; to have it all the same, move that away first")
        if submission.rank == _rank(before.attempt):
            raise Aside(f"{where} was changed since this was brought in, and stays; to have this one, move that away")
    draft = Path(tempfile.mkdtemp(prefix=".collect-", dir=submitted))
    try:
        for name, content in contents.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        draft.chmod(0o755)
        folder.parent.mkdir(exist_ok=True)
        if there:
            _put_away(folder, submitted / EARLIER / submission.learner / submission.assignment)
        elif folder.is_dir():
            folder.rmdir()
        os.replace(draft, folder)
    except OSError as error:
        raise Aside(f"{where} cannot be written ({error.strerror}): see to it, and collect again") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return "replaced" if there else "new"


def _holds(folder: Path, contents: dict[str, bytes]) -> bool:
    found = {path.relative_to(folder): path for path in folder.rglob("*") if not path.is_dir()}
    hidden = {name for name in found if any(part.startswith(".") for part in name.parts)}  # Jupyter's, the Finder's
    there = {name.as_posix(): path for name, path in found.items() if name not in hidden}
    try:
        return there.keys() == contents.keys() and all(
            not path.is_symlink() and path.stat().st_size == len(contents[name]) and path.read_bytes() == contents[name]
            for name, path in there.items()
        )
    except OSError:
        return False


def _put_away(folder: Path, earlier: Path) -> None:
    """Move an earlier version to ``.earlier/LEARNER/ASSIGNMENT/1``, ``2``, …"""
    earlier.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.name) for path in earlier.iterdir() if path.name.isdecimal()), default=0)
    os.replace(folder, earlier / str(number))


def _write_table(path: Path, rows: dict) -> None:
    content = learners.table(rows.values())
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)
