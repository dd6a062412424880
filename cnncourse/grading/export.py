"""Marks out of the gradebook: a plain table, or the file that Moodle's or Canvas's gradebook reads.

With a roster, which is what Moodle or Canvas itself wrote, that file is filled in: the same rows in the same order, the
same columns, and nothing changed but the marks. A mark that is missing stays empty and is never 0.

What the platforms read: Moodle's ``mod/assign/feedback/offline/importgradeslib.php`` (the grading worksheet of an
assignment) and ``grade/import/csv/classes/load_data.php`` (the gradebook), Canvas's ``lib/gradebook_importer.rb``.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.grading.frame import plain, write_whole
from cnncourse.grading.grade import Course
from cnncourse.grading.learners import Row, fold, read_learners, to_cell
from cnncourse.grading.release import CourseError

__all__ = ["KINDS", "Exported", "export"]

KINDS = ("csv", "moodle", "canvas")
PARTICIPANT = re.compile(r"\D+([0-9]+)")  # Moodle's "Participant 12345", in any language
NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
TITLE = re.compile(r"(.*) \([0-9]+\)", re.S)  # Canvas's "Convolution (4711)"
POSSIBLE = "Points Possible"
ON_HOLD = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.I)
KEEP = {"EX", "N/A"}  # excused, or not this person's assignment


@dataclass
class _Marks:
    """What the gradebook says of an assignment: what it is worth, the points of those who have a mark, late penalties
    taken off, and whose answers wait for a person's mark."""

    most: float
    points: dict[str, float] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)


@dataclass
class Exported:
    """What :func:`export` wrote. ``str()`` of it is what the command prints.

    ``marks`` counts the marks written and ``rows`` the people in the file; ``lost`` holds (learner, why) of those whose
    mark found no place; ``by_hand`` the learners whose answers wait for a person's mark; ``notes`` sentences.
    """

    path: Path
    kind: str
    assignments: list[str]
    marks: int = 0
    rows: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{', '.join(self.assignments)}: {self.marks} marks, {self.rows} people: {self.path}"]
        lines += [plain(note) for note in self.notes]
        if self.by_hand:
            names = ", ".join(map(plain, self.by_hand[:10])) + (", ..." if len(self.by_hand) > 10 else "")
            what = "has an answer" if len(self.by_hand) == 1 else "have answers"
            lines.append(f"{len(self.by_hand)} {what} still to be marked by hand; the mark is what there is: {names}")
        if self.lost:
            lines.append(f"{len(self.lost)} marks are not in it:")
            lines += [f"  {plain(learner)}: {plain(why)}" for learner, why in self.lost[:40]]
            lines += [f"  and {len(self.lost) - 40} more"] if len(self.lost) > 40 else []
        return "\n".join(lines)


def export(
    course_root: str | os.PathLike,
    assignments: Iterable[str] | None = None,
    *,
    kind: str | None = None,
    roster: str | os.PathLike | None = None,
    output: str | os.PathLike | None = None,
) -> Exported:
    """Write the marks into a file.

    Args:
        course_root: the folder with ``nbgrader_config.py``.
        assignments: their names; without, all that have a mark. ``"01-convolution=Week 3 (4711)"`` says which column
            of the roster is meant, where names do not tell.
        kind: ``"csv"``, ``"moodle"`` or ``"canvas"``; without, what the roster is, or csv.
        roster: the grading worksheet or gradebook that Moodle wrote, or the gradebook that Canvas wrote.
        output: the file to write; without, ``marks.csv``, ``marks-moodle.csv`` or ``marks-canvas.csv`` in the course
            folder.

    Returns:
        An :class:`Exported`.

    Raises:
        CourseError: there is no such course, assignment or roster, or no mark, or it is not clear which column is
            meant. The message says what to do.
    """
    if kind is not None and kind not in KINDS:
        raise CourseError(f"Marks cannot be written for {kind!r}; there are {', '.join(KINDS)}.")
    course = Course(course_root)
    if not course.assignments():
        raise CourseError(f"The gradebook in {course.root} knows no assignment yet: run `cnncourse release` there.")
    columns = dict(_column(name) for name in assignments or ())
    for name in columns:
        if name not in course.assignments():
            raise CourseError(f"There is no assignment {name!r}; there are {', '.join(course.assignments())}.")
    marks = _marks(course)
    chosen = list(columns) or [name for name in course.assignments() if marks[name].points]
    if not any(marks[name].points for name in chosen):
        raise CourseError(f"There is no mark yet of {', '.join(chosen) or 'any assignment'}: run `cnncourse grade`.")
    table = _read(Path(roster)) if roster is not None else None
    if table is not None:
        if kind == "csv":
            raise CourseError("A roster belongs to Moodle or Canvas: leave --for csv out, or --roster.")
        kind = kind or table.kind
        if kind != table.kind:
            raise CourseError(f"{table.path} is {table.kind.capitalize()}'s and not {kind.capitalize()}'s.")
    kind = kind or "csv"
    path = Path(output) if output is not None else course.root / ("marks.csv" if kind == "csv" else f"marks-{kind}.csv")
    if table is not None and path.resolve() == table.path.resolve():
        raise CourseError(f"{path} is the roster itself: give another name with --output.")
    result = Exported(path, kind, chosen)
    people = _People(course, read_learners(course.root / course.step("submitted")))
    if table is not None:
        text = _fill(table, chosen, columns, marks, people, result)
    else:
        write = {"csv": _plain_table, "moodle": _worksheet, "canvas": _for_canvas}[kind]
        text = write({name: marks[name] for name in chosen}, people, result)
    result.by_hand = sorted(set().union(*(marks[name].by_hand for name in result.assignments)))
    try:
        write_whole(path, text)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}): give another place with --output.") from error
    return result


def _column(name: str) -> tuple[str, str]:
    assignment, _, column = name.partition("=")
    return assignment.strip(), column.strip()


def _marks(course: Course) -> dict[str, _Marks]:
    with course.gradebook() as gradebook:
        most = gradebook.most()
        marks = {name: _Marks(most.get(name, 0.0)) for name in course.assignments()}
        for score in gradebook.scores():
            if score.points is not None and score.assignment in marks:
                marks[score.assignment].points[score.student] = max(0.0, score.points - score.penalty)
                if score.by_hand:
                    marks[score.assignment].by_hand.add(score.student)
    return marks


def _number(points: float, comma: bool = False) -> str:
    """Two decimals at most, as both platforms keep them.

    >>> _number(17.0), _number(12345.678), _number(0.5, comma=True), _number(-0.001)
    ('17', '12345.68', '0,5', '0')
    """
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if comma else text


# Whose mark it is -----------------------------------------------------------------------------------------------------


class _People:
    """The learners of a course, as the gradebook and ``submitted/learners.csv`` know them."""

    def __init__(self, course: Course, rows: list[Row]):
        with course.gradebook() as gradebook:
            self._written = {student.id: student for student in gradebook.students()}
        self.learners = list(self._written)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self.rows[row.learner].append(row)

    def names(self, learner: str) -> list[str]:
        """What a person is called; the first is the best to show."""
        student = self._written.get(learner)
        written = " ".join(part for part in (student.first_name, student.last_name) if part) if student else ""
        turned = " ".join(part for part in (student.last_name, student.first_name) if part) if student else ""
        rows = [row.name for row in self.rows[learner] if row.source != "exchange"]
        own = [] if self.rows[learner] else [learner]
        return [name for name in dict.fromkeys([written, turned, *rows, *own]) if name]

    def keys(self, learner: str) -> set[str]:
        """What may stand in a column that identifies people: the folder's name, an address."""
        student = self._written.get(learner)
        own = {learner, *(row.id for row in self.rows[learner] if row.source in ("folder", "exchange"))}
        return {key.casefold() for key in own | {student.email if student else ""} if key}

    def number(self, learner: str, kind: str, assignment: str = "") -> str:
        """The number by which a platform knows a person; in Moodle another one for each assignment."""
        found = [row for row in self.rows[learner] if row.source == kind]
        here = [row.id for row in found if row.assignment == assignment]
        return here[0] if here else found[0].id if found and kind == "canvas" else ""


# Without a roster -----------------------------------------------------------------------------------------------------


def _written(lines: Iterable[Iterable[str]], *, delimiter: str = ",", newline: str = "\n") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=newline).writerows(lines)
    return file.getvalue()


def _plain_table(marks: dict[str, _Marks], people: _People, result: Exported) -> str:
    titles = [f"{name} ({_number(of.most)})" for name, of in marks.items()]
    lines = [["learner", "name", *titles, "total"]]
    for learner in people.learners:
        points = [of.points.get(learner) for of in marks.values()]
        there = [value for value in points if value is not None]
        name = next(iter(people.names(learner)), "")
        cells = ["" if value is None else _number(value) for value in (*points, sum(there) if there else None)]
        lines.append([to_cell(learner), to_cell(name), *cells])
        result.marks += len(there)
    result.rows = len(lines) - 1
    return _written(lines)


def _worksheet(marks: dict[str, _Marks], people: _People, result: Exported) -> str:
    """Moodle's grading worksheet, for those whom Moodle's archive brought. Its words are those of Moodle in English."""
    if len(marks) != 1:
        raise CourseError(f"Moodle's worksheets hold one assignment each: name one of {', '.join(marks)}.")
    ((assignment, of),) = marks.items()
    lines = [["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"]]
    for learner in people.learners:
        number, points = people.number(learner, "moodle", assignment), of.points.get(learner)
        if number.isdecimal():
            called = next(iter(people.names(learner)), learner)
            mark = "" if points is None else _number(points)
            lines.append([f"Participant {number}", to_cell(called), mark, _number(of.most), "-"])
            result.marks += points is not None
        elif points is not None:
            result.lost.append((learner, "not from Moodle's archive: give Moodle's worksheet with --roster"))
    if len(lines) == 1:
        what = "give the worksheet that Moodle writes, with --roster"
        raise CourseError(f"Nobody's number in Moodle is known for {assignment}: {what}.")
    result.rows = len(lines) - 1
    return _written(lines)


def _for_canvas(marks: dict[str, _Marks], people: _People, result: Exported) -> str:
    """Canvas's gradebook, for those whom Canvas's archives brought."""
    lines = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *marks],
        [f"    {POSSIBLE}", "", "", "", "", *(_number(of.most) for of in marks.values())],
    ]
    for learner in people.learners:
        points = [of.points.get(learner) for of in marks.values()]
        number = people.number(learner, "canvas")
        if number.isdecimal():
            called = next((row.name for row in people.rows[learner] if row.source == "canvas"), learner)
            cells = ["" if value is None else _number(value) for value in points]
            lines.append([to_cell(called), number, "", "", "", *cells])
            result.marks += sum(value is not None for value in points)
        elif any(value is not None for value in points):
            result.lost.append((learner, "not from Canvas's archive: give Canvas's gradebook with --roster"))
    if len(lines) == 2:
        raise CourseError("Nobody's number in Canvas is known: give the gradebook that Canvas writes, with --roster.")
    result.rows = len(lines) - 2
    return _written(lines)


# With a roster --------------------------------------------------------------------------------------------------------


@dataclass
class _Roster:
    """A table as a platform wrote it. ``people`` are the numbers of its lines that are about a person."""

    path: Path
    kind: str
    lines: list[list[str]]
    people: list[int]
    delimiter: str
    newline: str
    mark: str  # the byte order mark, if it had one
    worksheet: bool = False

    @property
    def header(self) -> list[str]:
        return self.lines[0]

    def cell(self, line: int, column: int) -> str:
        return self.lines[line][column] if column < len(self.lines[line]) else ""

    def values(self, column: int) -> list[str]:
        return [self.cell(line, column).strip() for line in self.people]


def _read(path: Path) -> _Roster:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise CourseError(f"{path} does not exist: give the file that Moodle or Canvas wrote.") from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): make it readable.") from error
    except UnicodeDecodeError as error:
        again = "download it again as CSV, and leave it as it is: spreadsheets change it when they save it"
        raise CourseError(f"{path} is no CSV file in UTF-8: {again}.") from error
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=lambda d: len(next(csv.reader([first], delimiter=d), [])))
    newline = "\r\n" if first.endswith("\r") else "\n"
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV file ({error}): download it again.") from error
    filled = [number for number, line in enumerate(lines) if number and any(cell.strip() for cell in line)]
    if not filled:
        raise CourseError(f"{path} holds nobody: give the file that Moodle or Canvas wrote.")
    header = [cell.strip() for cell in lines[0]]
    roster = _Roster(path, "moodle", lines, filled, delimiter, newline, mark)
    if header[0] in ("Student", "LastName") and "ID" in header and "Section" in header:
        roster.kind = "canvas"
        roster.people = [n for n in filled if POSSIBLE not in lines[n][0] and not all(map(ON_HOLD.fullmatch, lines[n]))]
    else:
        numbered = all(PARTICIPANT.fullmatch(cell) for cell in roster.values(0))
        roster.worksheet = numbered and len({cell.rstrip("0123456789") for cell in roster.values(0)}) == 1
        if len(header) < 3:
            raise CourseError(f"{path} is neither a gradebook nor a grading worksheet: it has {len(header)} columns.")
    return roster


def _fill(
    roster: _Roster, chosen: list[str], columns: dict, marks: dict[str, _Marks], people: _People, result: Exported
) -> str:
    places = _places(roster, chosen, columns, people, result)
    result.assignments = list(places)
    comma = _decimal_comma(roster)
    written = set()
    for name, column in places.items():
        _compare_worth(roster, name, column, marks[name].most, result)
        points = marks[name].points
        found, lost = _match(roster, name, sorted(points), people)
        for learner, line in found.items():
            before = roster.cell(line, column).strip()
            if before.upper() in KEEP:
                result.lost.append((learner, f"{name}: {before} stays; the mark is {_number(points[learner])}"))
                continue
            cells = roster.lines[line]
            cells += [""] * (column + 1 - len(cells))
            cells[column] = _number(points[learner], comma)
            written.add(line)
            result.marks += 1
        result.lost += [(learner, f"{name}, {_number(points[learner])} points: {why}") for learner, why in lost]
    result.rows = len(roster.people)
    if len(written) < len(roster.people):
        result.notes.append(f"{len(roster.people) - len(written)} people in {roster.path.name} have no mark here.")
    return roster.mark + _written(roster.lines, delimiter=roster.delimiter, newline=roster.newline)


def _places(
    roster: _Roster, chosen: list[str], columns: dict[str, str], people: _People, result: Exported
) -> dict[str, int]:
    """The column of each assignment."""
    places: dict[str, int] = {}
    options = _mark_columns(roster)
    if roster.worksheet and len(chosen) > 1:  # its numbers are those of one assignment
        there = _numbers(roster).keys()
        of = [name for name in chosen if any(people.number(who, "moodle", name) in there for who in people.learners)]
        chosen = of if len(of) == 1 else chosen
    for name in chosen:
        column = columns.get(name, "")
        if column:
            same = [number for number, title in enumerate(roster.header) if title.strip() == column]
            if len(same) != 1:
                raise CourseError(f"{roster.path} has {len(same)} columns called {column!r}: name another.")
            places[name] = same[0]
        elif roster.worksheet:
            if len(chosen) > 1:
                raise CourseError(
                    f"A worksheet is of one assignment: name it, as in `cnncourse export {name} --roster …`."
                )
            if len(options) != 1:
                raise CourseError(
                    f"It is not clear which column of {roster.path} holds the marks: say it, as in '{name}=Grade'."
                )
            places[name] = options[0]
        else:
            found = _called(name, {number: roster.header[number] for number in options})
            if len(found) == 1:
                places[name] = found[0]
            elif name in columns or found:
                titles = ", ".join(repr(roster.header[number].strip()) for number in found or options[:12])
                raise CourseError(
                    f"Which column of {roster.path} is {name}'s? There are {titles}. Say it: '{name}=TITLE'."
                )
            else:
                result.notes.append(f"{roster.path.name} has no column for {name}.")
    if not places:
        titles = ", ".join(repr(roster.header[number].strip()) for number in options[:12]) or "none"
        raise CourseError(
            f"{roster.path} has no column for {', '.join(chosen)}; there are {titles}. Say it: '{chosen[0]}=TITLE'."
        )
    for column, count in Counter(places.values()).items():
        if count > 1:
            names = ", ".join(name for name, place in places.items() if place == column)
            raise CourseError(f"{names} cannot both be {roster.header[column]!r} in {roster.path}.")
    return places


def _mark_columns(roster: _Roster) -> list[int]:
    """The columns that can hold marks."""
    numbers = range(1, len(roster.header))
    if roster.kind == "canvas":
        possible = next((line for line in roster.lines[1:4] if line and POSSIBLE in line[0]), [])
        locked = {number for number, cell in enumerate(possible) if "read only" in cell.casefold()}
        return [n for n in numbers if n not in locked and TITLE.fullmatch(roster.header[n].strip())]
    free = [n for n in numbers if all(not cell or cell == "-" or NUMBER.fullmatch(cell) for cell in roster.values(n))]
    if not roster.worksheet:
        return free
    named = [n for n in free if roster.header[n].strip() == "Grade"]
    # In every language, the column of the marks stands before the one that says how high they can be.
    before = [n for n in free if len(set(roster.values(n + 1))) == 1 and NUMBER.fullmatch(roster.values(n + 1)[0])]
    return named or before


def _decimal_comma(roster: _Roster) -> bool:
    """Whether the platform writes 7,5 and not 7.5."""
    columns = {near for column in _mark_columns(roster) for near in (column, column + 1)}
    cells = [roster.cell(line, column).strip() for line in range(1, len(roster.lines)) for column in columns]
    numbers = [cell for cell in cells if NUMBER.fullmatch(cell)]
    return any("," in number for number in numbers) and not any("." in number for number in numbers)


def _personal_columns(roster: _Roster) -> list[int]:
    """The columns that say who somebody is: those before the first that is about an assignment."""
    header = [title.strip() for title in roster.header]
    if roster.kind == "canvas":
        end = header.index("Section") + 1
    elif roster.worksheet:
        end = min(_mark_columns(roster), default=len(header))
    else:
        end = next((number for number, title in enumerate(header) if ":" in title), len(header))
    return list(range(end))


def _called(assignment: str, titles: dict[int, str]) -> list[int]:
    """The columns whose titles name an assignment; the closest alone."""
    name, topic = fold(assignment), fold(re.sub(r"^[0-9]+[-_. ]*", "", assignment))
    shown = {number: TITLE.sub(r"\1", title.strip()) for number, title in titles.items()}
    for test in (
        lambda title: title in (name, topic),
        lambda title: name in title,
        lambda title: topic in title,
    ):
        found = [number for number, title in shown.items() if test(fold(title))]
        if found:
            return found
    return []


def _compare_worth(roster: _Roster, name: str, column: int, worth: float, result: Exported) -> None:
    """Say when the platform counts on another number of points."""
    if roster.worksheet:
        theirs = next(iter(roster.values(column + 1)), "")
    else:
        possible = next((line for line in roster.lines[1:4] if line and POSSIBLE in line[0]), [])
        theirs = possible[column].strip() if column < len(possible) else ""
    if NUMBER.fullmatch(theirs) and abs(float(theirs.replace(",", ".")) - worth) > 0.005:
        what = f"{name} is worth {_number(worth)} points here and {theirs} there; marks are written as points."
        skipped = (
            " Moodle takes no mark above its maximum."
            if roster.worksheet and float(theirs.replace(",", ".")) < worth
            else ""
        )
        result.notes.append(f"{what}{skipped} Change the maximum in {roster.kind.capitalize()}.")


def _match(
    roster: _Roster, assignment: str, learners: list[str], people: _People
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The line of each learner, and who has none, with the reason. By number first, then by key, then by name."""
    personal = _personal_columns(roster)
    number_of = _numbers(roster)
    names = 1 if roster.header[0].strip() == "Student" else 2
    keys = [n for n in personal[names:] if max(Counter(filter(None, roster.values(n))).values(), default=0) == 1]
    by_key, by_name = defaultdict(set), defaultdict(set)
    for line in roster.people:
        for column in keys:
            value = roster.cell(line, column).strip().casefold()
            by_key[value].add(line)
            by_key[value.partition("@")[0]].add(line)
        for name in _line_names(roster, line):
            by_name[name].add(line)
    found: dict[str, int] = {}
    lost: list[tuple[str, str]] = []
    rest: list[str] = []
    for learner in learners:
        number = people.number(learner, roster.kind, assignment)
        if number and number in number_of:
            line = number_of[number]
            if roster.kind == "canvas" and not _same_person(people.names(learner), _line_names(roster, line)):
                called = roster.cell(line, 0)
                lost.append((learner, f"number {number} is called {called} there: enter it by hand if that is right"))
            else:
                found[learner] = line
        elif number and number_of:
            lost.append(
                (learner, f"number {number} is not in {roster.path.name}: is it of this assignment and course?")
            )
        else:
            rest.append(learner)
    wanted = defaultdict(set)  # line → learners
    for learner in rest:
        lines = set().union(*(by_key.get(key, set()) for key in people.keys(learner)))
        lines = lines or set().union(*(by_name.get(fold(name), set()) for name in people.names(learner)))
        if len(lines) == 1:
            wanted[lines.pop()].add(learner)
        else:
            lost.append(
                (learner, "there are several of this name" if lines else "nobody there has this name or address")
            )
    filled = set(found.values())
    for line, claims in wanted.items():
        if len(claims) == 1 and line not in filled:
            found[claims.pop()] = line
        else:
            lost += [(learner, "somebody else fits the same line") for learner in claims]
    return found, sorted(lost)


def _numbers(roster: _Roster) -> dict[str, int]:
    """The lines by the platform's numbers; those in Canvas's column ID, or in Moodle's worksheet."""
    if roster.kind == "canvas":
        column = [title.strip() for title in roster.header].index("ID")
        return {roster.cell(line, column).strip(): line for line in roster.people}
    if roster.worksheet:
        return {PARTICIPANT.fullmatch(roster.cell(line, 0).strip())[1]: line for line in roster.people}
    return {}


def _line_names(roster: _Roster, line: int) -> set[str]:
    """What the person of a line may be called: both platforms write one column or two, in either order."""
    if roster.worksheet:
        called = [roster.cell(line, 1)]
    elif roster.header[0].strip() == "Student":
        called = [roster.cell(line, 0), " ".join(reversed(roster.cell(line, 0).split(", ", 1)))]
    else:
        one, other = roster.cell(line, 0), roster.cell(line, 1)
        called = [f"{one} {other}", f"{other} {one}"]
    return {fold(name) for name in called} - {""}


def _same_person(names: list[str], there: set[str]) -> bool:
    """Whether one of the names is there; a person without a name, as in anonymous marking, can be anybody."""
    folded = {fold(name) for name in names} - {""}
    return not folded or any(name in other or other in name for name in folded for other in there if len(other) > 1)
