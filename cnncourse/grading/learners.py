"""Who is who: ``submitted/learners.csv``, between the folders in ``submitted/`` and the names a platform knows.

:mod:`~cnncourse.grading.collect` writes it, :mod:`~cnncourse.grading.export` finds people again by it.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cnncourse.grading.release import CourseError

__all__ = ["FILE", "Row", "fold", "folder_name", "from_cell", "read_learners", "table", "to_cell"]

FILE = "learners.csv"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


@dataclass
class Row:
    """Who handed in an assignment, and how the source calls that person.

    ``learner`` is the folder in ``submitted/``; ``source`` one of moodle, canvas, folder, exchange; ``id`` the number
    or name by which the source knows the person, which in Moodle is another one for each assignment; ``attempt`` what
    orders attempts there; ``late`` "late" if the source said so; ``time`` when it was handed in, where that is known.
    """

    learner: str
    assignment: str
    source: str
    id: str
    name: str
    attempt: str = ""
    late: str = ""
    time: str = ""
    notes: str = ""


_COLUMNS = list(Row.__dataclass_fields__)


def read_learners(submitted: str | os.PathLike) -> list[Row]:
    """The rows of ``learners.csv`` in a course's folder of submissions; none where nothing was collected yet.

    Raises:
        CourseError: it is damaged.
    """
    path = Path(submitted) / FILE
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
        if not set(_COLUMNS[:5]) <= set(lines.fieldnames or ()):
            raise CourseError(f"{path} has lost its columns ({', '.join(_COLUMNS)}): delete it, and collect again.")
        return [Row(*(from_cell(line.get(column) or "") for column in _COLUMNS)) for line in lines if line["learner"]]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = f"{path} cannot be read ({error})"
        raise CourseError(f"{what}: save it as UTF-8, or delete it and collect again.") from error


def table(rows: Iterable[Row]) -> bytes:
    """The file's content, in an order that does not depend on that of the rows."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for row in sorted(rows, key=lambda row: (row.assignment, row.learner, row.source)):
        lines.writerow([to_cell(getattr(row, column)) for column in _COLUMNS])
    return file.getvalue().encode("utf-8", "replace")


def to_cell(text: str) -> str:
    """A text that a learner wrote, for a cell of a CSV file: no spreadsheet takes it for a formula.

    >>> to_cell("=1+1"), to_cell("Ada"), to_cell("'=1")
    ("'=1+1", 'Ada', "''=1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(text: str) -> str:
    """What :func:`to_cell` was given.

    >>> [from_cell(to_cell(text)) for text in ("=1+1", "Ada", "'=1", "'Ada")]
    ['=1+1', 'Ada', "'=1", "'Ada"]
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def fold(name: str) -> str:
    """A name as it is compared: without case, punctuation and blanks, an accent written in one way.

    Moodle leaves apostrophes out of file names, Canvas leaves out all but letters, digits and underscores.

    >>> fold("O'Brien, Zoe\\u0308") == fold("obrienzoë")
    True
    """
    name = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in unicodedata.normalize("NFC", name) if _is_letter(character))


def _is_letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def folder_name(name: str) -> str:
    """A name as a folder that every system and stock nbgrader can work with; "" if nothing is left of it.

    >>> folder_name(" .Zoë *O'Brien?[1]+ "), folder_name("con"), folder_name("=cmd|x")
    ("Zoë O'Brien1", '_con', 'cmdx')
    """
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name))
    name = "".join(character for character in name if character.isprintable() and character not in '*?[]{}+/\\:"<>|')
    name = name.strip(" .-=@'~$")[:64]
    while len(name.encode()) > 200:
        name = name[:-1]
    name = name.rstrip(" .-")
    return f"_{name}" if name.casefold() == FILE or name.partition(".")[0].casefold() in _WINDOWS else name
