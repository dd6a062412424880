"""From the instructor's text sources to the learners' notebooks, through nbgrader's own ``generate_assignment``.

``solutions/01-convolution/convolution.md`` is the source, MyST text that diffs. :func:`sync_sources` writes the
notebook beside it, which is what nbgrader reads; :func:`release` writes ``exercises/01-convolution/convolution.ipynb``.
The same text gives the same bytes on every machine, so ``exercises/`` can be committed and compared.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["CourseError", "configuration", "known_assignments", "prepare", "read_source", "release", "sync_sources"]

SEED_FILE = ".hidden-seed"
SEED_VARIABLE = "CNNCOURSE_HIDDEN_SEED"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MARKERS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")


class CourseError(ValueError):
    """Something in the course folder is wrong; the message names the file and the cure."""


def configuration(root: Path):
    """What ``nbgrader_config.py`` sets, and the seed of the hidden cases; the environment is as before.

    Raises:
        CourseError: the file cannot be read, or has something to say.
    """
    from traitlets.config import PyFileConfigLoader

    before, folder = os.environ.get(SEED_VARIABLE), os.getcwd()
    os.chdir(root)
    try:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        return config, os.environ.get(SEED_VARIABLE, "0")
    except SystemExit as end:  # what nbgrader_config.py has to say
        raise CourseError(str(end)) from end
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise CourseError(f"{root / 'nbgrader_config.py'} cannot be read ({said[:300]}): correct it.") from error
    finally:
        os.chdir(folder)
        os.environ.pop(SEED_VARIABLE, None)
        if before is not None:
            os.environ[SEED_VARIABLE] = before


def prepare(root: str | os.PathLike) -> None:
    """What every nbgrader command needs first; ``nbgrader_config.py`` calls it, so it is quick when nothing changed.

    Puts this environment's programs on the path (nbgrader calls ``alembic``), brings the notebooks in ``solutions/`` up
    to date, and gives the checks their hidden seed. What a person has to put right ends the command with a sentence; a
    Jupyter server, where it can be put right, says it and goes on.
    """
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
    try:
        os.environ.setdefault(SEED_VARIABLE, _hidden_seed(Path(root)))
        sync_sources(root)
    except CourseError as error:
        if not Path(sys.argv[0]).name.startswith("jupyter"):
            raise SystemExit(str(error)) from error
        print(error, file=sys.stderr)


def known_assignments(root: str | os.PathLike) -> list[str]:
    """The names of the assignments in ``solutions/``, in order."""
    folder = Path(root) / "solutions"
    return sorted({path.parent.name for path in (*folder.glob("[!.]*/*.md"), *folder.glob("[!.]*/*.ipynb"))})


def sync_sources(root: str | os.PathLike) -> list[Path]:
    """Write the notebook beside every text source in ``solutions/`` whose text has changed.

    Args:
        root: the course folder.

    Returns:
        The notebooks written, which is an empty list when all were up to date.

    Raises:
        CourseError: a text is not a notebook nbgrader can release, or a notebook was edited instead of its text or has
            no text.
    """
    written = []
    sources = sorted((Path(root) / "solutions").glob("[!.]*/*.md"))
    for notebook in sorted({path for source in sources for path in source.parent.glob("[!.]*.ipynb")}):
        if not notebook.with_suffix(".md").exists():
            raise CourseError(f"{notebook} has no text source, but its neighbour has; delete it or write one")
    for source in sources:
        notebook = source.with_suffix(".ipynb")
        # A notebook carries its text's date, to the nanosecond: equal dates are the quick way to see that all is well.
        dated = source.stat().st_mtime_ns
        if notebook.exists() and notebook.stat().st_mtime_ns == dated:
            continue
        content = _bytes(read_source(source))
        if notebook.exists() and notebook.stat().st_mtime_ns > dated:
            _refuse_edits(notebook, source, content)
        if not notebook.exists() or notebook.read_bytes() != content:
            _write(notebook, content)
            written.append(notebook)
        os.utime(notebook, ns=(dated, dated))
    return written


def read_source(source: str | os.PathLike):
    """Read a text source as a notebook, checked, without outputs and with cell ids that stay the same.

    Args:
        source: a MyST text in jupytext's ``md:myst`` format.

    Returns:
        An ``nbformat`` notebook. A cell's id is its ``grade_id``, or drawn from its text where it has none.

    Raises:
        CourseError: the text is not a notebook, or not one nbgrader can release.
    """
    import jupytext

    source = Path(source)
    try:
        text = source.read_text(encoding="utf-8")
        if not text.startswith("---\n") or "jupytext:" not in text.split("\n---", 1)[0]:
            raise CourseError("it does not begin with jupytext's header; copy the one of another source")
        notebook = jupytext.reads(text, fmt="md:myst")
        _check(notebook)
    except CourseError as error:
        raise CourseError(f"{source}: {error}") from error
    except Exception as error:  # jupytext passes on what YAML, JSON, the Markdown parser and the codec raise
        raise CourseError(
            f"{source} cannot be read as a notebook ({' '.join(str(error).split()) or type(error).__name__}). "
            "Look at its header, at the ``` fences and at the metadata after each +++ and each {code-cell}."
        ) from error

    notebook.metadata.clear()
    notebook.metadata.update(kernelspec=dict(KERNEL), language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken = {_grade_id(cell) for cell in notebook.cells}
    for cell in notebook.cells:
        cell.id = _grade_id(cell) or _id_from_text(cell.source, taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def release(
    root: str | os.PathLike,
    assignments: Iterable[str] | None = None,
    *,
    gradebook: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Generate ``exercises/`` from ``solutions/`` with nbgrader's own ``generate_assignment``.

    nbgrader writes to a temporary folder; files that differ are then put in place one by one, each in a single step, so
    nothing is ever half written and what did not change keeps its date.

    Args:
        root: the course folder, the one with ``nbgrader_config.py``.
        assignments: their names, such as ``["01-convolution"]``; all of them when None.
        gradebook: whether to record the assignments in the folder's gradebook too, as the stock command does.
        progress: called with one line for each assignment.

    Returns:
        The names of the assignments whose files changed.

    Raises:
        CourseError: an unknown assignment, or a source that cannot be released. Nothing was changed for it.
    """
    root = Path(root).absolute()
    known = known_assignments(root)
    names = known if assignments is None else [assignments] if isinstance(assignments, str) else list(assignments)
    if not known:
        raise CourseError(f"{root / 'solutions'} holds no assignments; is {root} the course folder?")
    for name in names:
        if name not in known:
            raise CourseError(f"there is no assignment {name!r} in {root / 'solutions'}; there are {', '.join(known)}")
    sync_sources(root)
    changed = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            _generate(root, name, Path(folder), gradebook=False)
            if gradebook:
                _generate(root, name, Path(folder), gradebook=True)
            differs = _replace(Path(folder) / name, root / "exercises" / name)
        if differs:
            changed.append(name)
        if progress:
            progress(f"exercises/{name}: {'written' if differs else 'up to date'}")
    return changed


def _generate(root: Path, name: str, folder: Path, gradebook: bool) -> None:
    """Run nbgrader's converter, with the course folder's settings, into ``folder``."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log
    from traitlets.config import PyFileConfigLoader

    if not (root / "nbgrader_config.py").is_file():
        raise CourseError(f"{root} has no nbgrader_config.py; copy the course's there to make it a course folder")
    try:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    except SystemExit as error:  # the settings' own way to say what is wrong
        raise CourseError(str(error)) from error
    config.CourseDirectory.update(root=str(root), assignment_id=name, release_directory=str(folder))
    config.GenerateAssignment.no_database = not gradebook
    config.GenerateAssignment.force = True
    config.SaveCells.enabled = gradebook
    result = capture_log(GenerateAssignment(coursedir=CourseDirectory(config=config), config=config))
    if not result["success"]:
        lines = [line for line in result.get("log", "").splitlines() if "Error" in line] or [result.get("error", "")]
        reason = lines[-1].strip()
        raise CourseError(f"nbgrader could not generate {name} from {root / 'solutions' / name}: {reason}")


def _replace(new: Path, old: Path) -> bool:
    """Make the folder ``old`` hold what ``new`` holds; whether anything had to be done."""
    wanted = {path.relative_to(new): path.read_bytes() for path in new.rglob("*") if path.is_file()}
    for name in wanted:
        if name.suffix == ".ipynb":
            wanted[name] = wanted[name].replace(b"\r\n", b"\n")  # nbgrader writes the system's line ends
    differs = False
    for name, content in wanted.items():
        if not (old / name).is_file() or (old / name).read_bytes() != content:
            _write(old / name, content)
            differs = True
    for path in sorted(old.rglob("*")):
        # A learner's or an editor's hidden files are not ours to remove.
        if path.is_file() and path.relative_to(old) not in wanted and not path.name.startswith("."):
            path.unlink()
            differs = True
    return differs


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever reads it sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _bytes(notebook) -> bytes:
    import nbformat

    return (nbformat.writes(notebook) + "\n").encode()


def _check(notebook) -> None:
    """Raise CourseError for what nbgrader would release wrongly, or refuse with a traceback."""
    from nbgrader.nbgraderformat import MetadataValidator, SchemaTooNewError, SchemaTooOldError, ValidationError

    seen = set()
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"cell {number} ({cell.source.strip().splitlines()[0] if cell.source.strip() else 'empty'!r})"
        grade_id = _grade_id(cell)
        if grade_id in seen:
            raise CourseError(f"the grade_id {grade_id!r} is used twice, again in {where}; give each cell its own")
        if grade_id:
            seen.add(grade_id)
            if len(grade_id) > 64:
                raise CourseError(f"the grade_id {grade_id!r} is longer than 64 characters; shorten it")
        if any(line.startswith(("```{code-cell}", "+++ {")) for line in cell.source.splitlines()):
            raise CourseError(f"{where} holds the beginning of another cell; close the ``` fence before it")
        for marker in MARKERS:
            _check_markers(cell.source, marker, where)
        settings = cell.metadata.get("nbgrader", {})
        if settings.get("solution") and "BEGIN SOLUTION" not in cell.source:
            raise CourseError(f"{where} is a solution without ### BEGIN SOLUTION and ### END SOLUTION; add them")
        for marker, key in (("SOLUTION", "solution"), ("HIDDEN TESTS", "grade")):
            if f"BEGIN {marker}" in cell.source and not settings.get(key):
                raise CourseError(f"{where} has a {marker} region; add `{key}: true` to its nbgrader metadata")
    try:
        MetadataValidator().validate_nb(notebook)
    except (ValidationError, SchemaTooNewError, SchemaTooOldError) as error:
        reason = " ".join(str(getattr(error, "message", error)).split())
        raise CourseError(
            f"its nbgrader metadata is not valid ({reason[:300]}); compare it with another cell's"
        ) from error


def _check_markers(text: str, marker: str, where: str) -> None:
    open_ = False
    for line in text.splitlines():
        if f"BEGIN {marker}" in line or f"END {marker}" in line:
            begins = f"BEGIN {marker}" in line
            if begins == open_:
                raise CourseError(f"{where} has ### {'BEGIN' if begins else 'END'} {marker} out of place; pair them")
            open_ = begins
    if open_:
        raise CourseError(f"{where} has ### BEGIN {marker} without ### END {marker}; add it")


def _refuse_edits(notebook: Path, source: Path, content: bytes) -> None:
    """Running and saving a generated notebook is fine; writing in it is not, since the text would overwrite it."""
    import nbformat

    def written(text: bytes) -> list:
        cells = nbformat.reads(text.decode(), as_version=4).cells
        return [(cell.cell_type, cell.source, cell.metadata.get("nbgrader")) for cell in cells if cell.source.strip()]

    try:
        edited = written(notebook.read_bytes()) != written(content)
    except Exception:
        return  # not a notebook any more: nothing in it to keep
    if edited:
        raise CourseError(
            f"{notebook} was edited, but it is made from {source.name}, which counts. Bring the change over to "
            f"{source}, then delete {notebook.name}. (JupyterLab opens {source.name} as a notebook too: Open With.)"
        )


def _grade_id(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _id_from_text(text: str, taken: set) -> str:
    """An id that stays when other cells are added, moved or removed."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    name = next(f"cell-{digest[i : i + 8]}" for i in range(56) if f"cell-{digest[i : i + 8]}" not in taken)
    taken.add(name)
    return name


def _hidden_seed(root: Path) -> str:
    """The course's private seed, drawn once and kept in a file only its owner can read."""
    path = root / SEED_FILE
    if not path.exists():
        handle, temporary = tempfile.mkstemp(dir=root, prefix=SEED_FILE)  # readable by its owner only
        with os.fdopen(handle, "w") as file:
            file.write(f"{secrets.randbelow(2**63)}\n")
        try:
            os.link(temporary, path)  # unlike a rename, this cannot replace a seed another process drew meanwhile
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)
    seed = path.read_text().strip()
    if not seed.isdigit():
        raise CourseError(f"{path} does not hold a number; delete it and a new seed is drawn")
    return seed
