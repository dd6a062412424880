"""Check a learner's whole notebook, or Python file, from a terminal: what ``cnncourse check`` does."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.checks import Verdict, assignments, functions, verdict

__all__ = ["Opened", "check_file", "open_file"]


@dataclass
class Opened:
    """What a file defines, which functions it is to be checked on, and which of its cells stopped with an error."""

    path: Path
    assignment: str
    names: dict = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)


def check_file(opened: Opened, function: str | None = None) -> Iterator[Verdict]:
    """The verdict on every graded function of a file, one after the other.

    Args:
        opened: the file, from :func:`open_file`.
        function: one function's name, to check that one alone.

    Raises:
        ValueError: a function that is not known.
    """
    wanted = functions(opened.assignment)
    if function is not None and function not in wanted:
        raise ValueError(f"{opened.assignment} has no function {function!r}; it has {', '.join(wanted)}")
    for name in [function] if function else wanted:
        yield verdict(opened.assignment, name, opened.names.get(name))


def open_file(path: str | Path, assignment: str | None = None) -> Opened:
    """Run the code of a notebook (``.ipynb``) or Python file, except its check cells, and keep what it defines.

    Args:
        path: the file.
        assignment: the assignment's name, where the file's cells and folder do not tell.

    Raises:
        ValueError: the file cannot be read as a notebook or as Python, or the assignment is not known.
    """
    path = Path(path)
    cells = _cells(path)
    opened = Opened(path, assignment or _assignment(path, cells))
    functions(opened.assignment)  # an unknown one is told before anything runs
    opened.names = {"__name__": "__main__"}
    for number, source in enumerate(cells, start=1):
        if _called_checks(source):
            continue
        error = _run(source, f"<cell {number} of {path.name}>", opened.names)
        if error is not None:
            opened.stopped.append(f"cell {number} of {path.name} stopped with {type(error).__name__}: {error}")
    return opened


def _cells(path: Path) -> list[str]:
    if not path.exists():
        raise ValueError(f"{path} does not exist")
    if path.suffix not in (".ipynb", ".py"):
        raise ValueError(f"{path} is neither a notebook (.ipynb) nor a Python file (.py)")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if path.suffix == ".py":
        return [text]
    try:
        content = json.loads(text)
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        return ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        cure = "open it in Jupyter and save it again, or start from a fresh copy of the exercise"
        raise ValueError(f"{path} is damaged or no notebook of today's format: {cure}") from error


def _assignment(path: Path, cells: list[str]) -> str:
    named = [found for source in cells for found in _called_checks(source)]
    if named:
        return named[0]
    if path.absolute().parent.name in assignments():
        return path.absolute().parent.name
    raise ValueError(f"{path} does not tell its assignment; name it with --assignment ({', '.join(assignments())})")


def _called_checks(source: str) -> list[str]:
    """The assignments named by this cell's calls of ``check``."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "check"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def _run(source: str, filename: str, names: dict) -> BaseException | None:
    """Run one cell quietly; lines that speak to Jupyter (``%matplotlib inline``) are left out."""
    lines = [line if not line.lstrip().startswith(("%", "!")) else "pass" for line in source.splitlines()]
    source = "\n".join(lines) + "\n"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, filename, "exec"), names)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also a notebook's sys.exit()
        return error
    return None
