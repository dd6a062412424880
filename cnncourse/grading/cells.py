"""A handed-in file as the notebook that is graded: the assignment's own cells put back, whatever came.

:func:`restore` is what ``nbgrader autograde`` does here too, through ``RestoreCells`` in
:mod:`cnncourse.grading.execute`. :func:`read_submission` does the whole way from the bytes that were handed in: what
they hold is rebuilt piece by piece, so that nothing a file can say reaches nbgrader, Jupyter or a database unchecked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re

from cnncourse.grading.job import Cell, Notebook

__all__ = [
    "LARGEST",
    "Unreadable",
    "automatic_comments",
    "checksum",
    "read_notebook",
    "read_submission",
    "restore",
    "too_large",
]

LARGEST = 100 * 10**6  # bytes of a file: outputs can be large, and go unread
_MOST_STRUCTURE = 10 * 10**6  # bytes of it that are not in quotes: each can cost a hundred when it is read
_MOST_CELLS = 5000
_DEEPEST = 20  # levels of metadata
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_JSON_MIME = re.compile(r"application/(.*\+)?json")
_NO_RESPONSE = "No response."


class Unreadable(ValueError):
    """A file that is no notebook, however kindly one looks at it. The message names the file and the cure."""


def read_submission(notebook: Notebook, content: bytes) -> dict:
    """Read a handed-in file and put the assignment's own cells back.

    Args:
        notebook: the notebook of the assignment that the file should be.
        content: the file.

    Returns:
        A notebook of format 4.5: no outputs, the kernel of the assignment, the assignment's cells with the metadata
        and, where they are locked, the text that the gradebook has. Everything else is the learner's. It is valid, and
        the same each time.

    Raises:
        Unreadable: the file is no notebook.

    >>> question = Cell("question", "markdown", "Why?", grade=True, solution=True, points=2)
    >>> made = read_submission(Notebook("pooling", (question,)), b'{"cells": []}')
    >>> [(cell["id"], cell["source"]) for cell in made["cells"]]
    [('question', 'Why?')]
    """
    made = read_notebook(f"{notebook.name}.ipynb", content)
    restore(made["cells"], notebook)
    kernelspec = json.loads(notebook.kernelspec) if notebook.kernelspec else None
    if kernelspec:
        made["metadata"]["kernelspec"] = kernelspec
    known = {cell.name: cell for cell in notebook.cells}
    for cell in made["cells"]:
        if asked := known.get(cell["metadata"].get("nbgrader", {}).get("grade_id")):
            _retype(cell, asked.cell_type)
            if asked.locked:
                cell["source"] = asked.source
    _name(made["cells"])
    return made


def restore(cells: list[dict], notebook: Notebook) -> list[str]:
    """Put the assignment's own cells back into a list of cells: their metadata, one of each, none missing.

    For every cell whose ``grade_id`` the gradebook knows, the metadata is what the gradebook says; cells it does not
    know are the learner's own. Of duplicates the last one counts (for an answer: the last one that was written in), as
    in stock nbgrader. A missing check cell comes back before the next cell of the assignment that is there, so after
    everything the learner wrote for it.

    Args:
        cells: a notebook's cells, changed in place. Each needs a ``source``, a string, and ``metadata``, a dictionary.
        notebook: what the gradebook says.

    Returns:
        The names of the cells that were missing.
    """
    known = {cell.name: cell for cell in notebook.cells}
    chosen: dict[str, int] = {}
    for index, cell in enumerate(cells):
        mark = cell["metadata"].pop("nbgrader", None)
        name = mark.get("grade_id") if isinstance(mark, dict) else None
        if not isinstance(name, str) or name not in known:
            continue
        untouched = cell["source"].strip() == known[name].source.strip()
        if name in chosen and known[name].solution and untouched:
            continue
        chosen[name] = index
    for name, index in chosen.items():
        cells[index]["metadata"]["nbgrader"] = _metadata(known[name])

    missing = []
    following = len(cells)  # backwards, so that an index found earlier stays right
    for cell in reversed(notebook.cells):
        if cell.name in chosen:
            following = min(following, chosen[cell.name])
        elif cell.grade or cell.task:
            missing.append(cell.name)
            new = {"cell_type": "markdown", "metadata": {"nbgrader": _metadata(cell)}, "source": cell.source}
            _retype(new, cell.cell_type)
            cells.insert(following, new)
    return missing[::-1]


def _metadata(cell: Cell) -> dict:
    """What nbgrader writes into a cell, in its schema 3."""
    made = {
        "grade": cell.grade,
        "solution": cell.solution,
        "task": cell.task,
        "locked": cell.locked,
        "grade_id": cell.name,
        "checksum": cell.checksum,
        "cell_type": cell.cell_type,
        "schema_version": 3,
    }
    if cell.grade or cell.task:
        made["points"] = cell.points
    return made


def checksum(cell: Cell, cell_type: str, source: str) -> str:
    """nbgrader's checksum of a cell of the assignment with this type and text.

    >>> asked = Cell("sum", "code", "raise NotImplementedError", solution=True)
    >>> checksum(asked, "code", asked.source)
    'cb094111483ab28edcbb6bb91c6e570c'
    """
    locked = not cell.solution and (cell.grade or cell.locked)
    parts = [source, cell_type, str(cell.grade), str(cell.solution), str(locked), cell.name]
    if cell.grade:
        parts.append(str(float(cell.points)))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def automatic_comments(notebook: Notebook, autograded: dict) -> dict[str, str | None]:
    """nbgrader's own comment on each answer that is there: "No response." where it is as it was handed out, or None."""
    known = {cell.name: cell for cell in notebook.cells if cell.solution or cell.task}
    comments: dict[str, str | None] = {}
    for cell in autograded["cells"]:
        asked = known.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if asked:
            same = checksum(asked, cell["cell_type"], _text(cell["source"])) == asked.checksum
            comments[asked.name] = _NO_RESPONSE if same and not asked.task else None
    return comments


# From bytes to a notebook ---------------------------------------------------------------------------------------------


def read_notebook(name: str, content: bytes) -> dict:
    """Read a file as a valid notebook of format 4, without outputs; cells' ids and ``nbgrader`` are left as they came.

    Args:
        name: what the file is called, for the message.
        content: the file.

    Raises:
        Unreadable: it is no notebook.

    >>> read_notebook("pooling.ipynb", b"")
    Traceback (most recent call last):
    cnncourse.grading.cells.Unreadable: pooling.ipynb is empty: ask for the file again.
    """
    read = _json(name, content)
    if not isinstance(read, dict) or not isinstance(read.get("cells", read.get("worksheets")), list):
        raise Unreadable(f"{name} is not a notebook, it has no cells: ask for the .ipynb file that Jupyter saves.")
    version = read.get("nbformat", 4 if "cells" in read else 3)
    if not isinstance(version, int) or isinstance(version, bool) or version > 4:
        raise _no_format(name, f"its format is called {version!r}")
    if version < 4 or "cells" not in read:
        read = _modern(name, read)
    if len(read["cells"]) > _MOST_CELLS:
        raise _no_format(name, f"it has {len(read['cells']):,} cells, more than {_MOST_CELLS:,}")
    cells = [_cell(cell) for cell in read["cells"] if isinstance(cell, dict)]
    return {"cells": cells, "metadata": _about(read.get("metadata")), "nbformat": 4, "nbformat_minor": 5}


def _json(name: str, content: bytes):
    if len(content) > LARGEST:
        raise Unreadable(too_large(name))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(
            f"{name} is not a notebook, it is not even text: ask for the file again, saved by Jupyter."
        ) from None
    if not text.strip():
        raise Unreadable(f"{name} is empty: ask for the file again.")
    if len(content) > _MOST_STRUCTURE and len(_QUOTED.sub(b"", content)) > _MOST_STRUCTURE:
        raise _no_format(name, "it holds millions of values besides its text")
    try:
        return json.loads(text, parse_int=_whole)
    except ValueError as error:
        if not text.lstrip().startswith("{"):
            raise Unreadable(
                f"{name} is not a notebook, although its name says so: ask for the .ipynb file that Jupyter saves."
            ) from None
        where = f"line {getattr(error, 'lineno', '?')}"
        raise Unreadable(
            f"{name} is cut off or damaged at {where}, so it is no longer JSON: ask for the file again."
        ) from None
    except RecursionError:
        raise _no_format(name, "it is nested too deeply") from None


def too_large(name: str) -> str:
    """What there is to say of a file of more than :data:`LARGEST` bytes."""
    limit = f"{LARGEST // 10**6} MB"
    return f"{name} is larger than {limit}: ask for it again, saved after Edit, Clear Outputs of All Cells."


def _no_format(name: str, problem: str) -> Unreadable:
    problem = "".join(character if character.isprintable() else " " for character in problem)[:200]
    return Unreadable(f"{name} cannot be read as a notebook ({problem}): ask for the file again, saved by Jupyter.")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)  # a million digits take Python minutes


def _modern(name: str, read: dict) -> dict:
    """A notebook of format 1, 2 or 3 in format 4, by Jupyter's own conversion."""
    import nbformat

    sheets = read.get("worksheets", [read])
    for sheet in sheets if isinstance(sheets, list) else ():
        for cell in sheet.get("cells", ()) if isinstance(sheet, dict) else ():
            if isinstance(cell, dict) and "outputs" in cell:
                cell["outputs"] = []
    try:
        return nbformat.convert(nbformat.from_dict(read), 4)
    except Exception as error:  # whatever a converter stumbles over in a file that is nearly a notebook
        problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise _no_format(name, problem) from None


def _cell(cell: dict) -> dict:
    kind = cell.get("cell_type")
    made = {"cell_type": kind if kind in ("code", "markdown", "raw") else "raw"}
    if isinstance(cell.get("id"), str):
        made["id"] = cell["id"]
    made["metadata"] = _cell_metadata(cell.get("metadata"), made["cell_type"])
    made["source"] = _text(cell.get("source"))
    if made["cell_type"] == "code":
        made |= {"execution_count": None, "outputs": []}
    elif isinstance(attached := cell.get("attachments"), dict):
        files = {_text(name): _bundle(bundle) for name, bundle in attached.items() if isinstance(bundle, dict)}
        made["attachments"] = files
    return made


def _bundle(bundle: dict) -> dict:
    made = {}
    for mime, data in bundle.items():
        if isinstance(data, str | list):
            made[_text(mime)] = _clean(data) if _JSON_MIME.fullmatch(mime) else _text(data)
    return made


def _text(value) -> str:
    """A text of a notebook: a string, or a list of its lines. Halves of characters, which no file can hold, are marked.

    >>> _text(["one\\n", "two", 3]), _text("\\ud800!"), _text(None)
    ('one\\ntwo', '\ufffd!', '')
    """
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _clean(value, depth: int = _DEEPEST):
    """A JSON value without what JSON does not have (NaN, halves of characters) and not deeper than is sensible."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not depth:
        return None
    if isinstance(value, list):
        return [_clean(part, depth - 1) for part in value]
    return {_text(key): _clean(part, depth - 1) for key, part in value.items()}


# What the notebook format asks of metadata that it has a meaning for; anything else may be there, and be anything.
_CELL_METADATA = {
    "jupyter": lambda value: isinstance(value, dict),
    "name": lambda value: isinstance(value, str) and value.strip() != "",
    "tags": lambda value: isinstance(value, list),
}
_BY_TYPE = {
    "code": {
        "collapsed": lambda value: False,  # these two are about outputs
        "scrolled": lambda value: False,
        "execution": lambda value: isinstance(value, dict) and all(isinstance(part, str) for part in value.values()),
    },
    "raw": {"format": lambda value: isinstance(value, str)},
    "markdown": {},
}
_LANGUAGE = ("name", "file_extension", "mimetype", "pygments_lexer")
_ABOUT = {
    "kernelspec": lambda value: isinstance(value, dict) and _strings(value, "name", "display_name"),
    "language_info": lambda value: (
        isinstance(value, dict)
        and _strings(value, "name")
        and all(isinstance(value.get(key, ""), str) for key in _LANGUAGE)
        and isinstance(value.get("codemirror_mode", ""), str | dict)
    ),
    "orig_nbformat": lambda value: False,  # these two are notes for a conversion
    "orig_nbformat_minor": lambda value: False,
    "title": lambda value: isinstance(value, str),
    "authors": lambda value: isinstance(value, list),
}


def _strings(value: dict, *keys: str) -> bool:
    return all(isinstance(value.get(key), str) for key in keys)


def _cell_metadata(value, kind: str) -> dict:
    made = _clean(value) if isinstance(value, dict) else {}
    for key, valid in (_CELL_METADATA | _BY_TYPE[kind]).items():
        if key in made and not valid(made[key]):
            del made[key]
    if "tags" in made:
        tags = [tag for tag in made["tags"] if isinstance(tag, str) and tag and "," not in tag and "\n" not in tag]
        made["tags"] = list(dict.fromkeys(tags))
    return made


def _about(value) -> dict:
    made = _clean(value) if isinstance(value, dict) else {}
    return {key: part for key, part in made.items() if key not in _ABOUT or _ABOUT[key](part)}


def _retype(cell: dict, kind: str) -> None:
    """Make it a cell of this type."""
    cell["cell_type"] = kind
    if kind == "code":
        cell.pop("attachments", None)
        cell.setdefault("execution_count", None)
        cell.setdefault("outputs", [])
    else:
        for key in ("execution_count", "outputs"):
            with contextlib.suppress(KeyError):
                del cell[key]


def _name(cells: list[dict]) -> None:
    """Give each cell an id: its own, if that is a valid one that no cell before it has; the same each time."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        own = cell.get("id") or cell["metadata"].get("nbgrader", {}).get("grade_id")
        name = own if isinstance(own, str) and _ID.fullmatch(own) else f"cell-{number}"
        stem = name[:50]
        while name in taken:
            counts[stem] = counts.get(stem, 1) + 1
            name = f"{stem}-{counts[stem]}"
        taken.add(name)
        cell["id"] = name
