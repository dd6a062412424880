"""Make the hostile class: a course folder in which everybody tries something, and after each comes an honest one.

    python tests/attacks/make.py FOLDER [TABLE.md]      (with a second argument it is graded, too)

Each file in ``01-convolution/`` and in the folders beside it is a kind of submission, as in ``tests/class/make.py``:
its docstring says what it does, ``EXPECTED`` the points it deserves, worked out by hand, and ``MUST_NOT`` what must not
have happened. Its notebook begins with the cell ``guard.py``, which knows what lies outside. What is no code is made
here: files that are hardly notebooks (:data:`FILES`), and folders that hold something else (:data:`FOLDERS`).

A :class:`World` is what lies around the grading and may be hurt: files, a home folder, servers that listen.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gzip
import importlib.util
import json
import os
import re
import socket
import sqlite3
import stat
import sys
import sysconfig
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import numpy as np

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


def _the_class():
    """``tests/class/make.py``; the tests are no package."""
    name = "demonstration_class"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE.parent / "class" / "make.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


the_class = _the_class()

ASSIGNMENTS = sorted(path.name for path in HERE.glob("[0-9]*") if path.is_dir())
FIRST, NOTEBOOK = "01-convolution", "convolution.ipynb"
HONEST = ("s01-loops", "s02-slices", "s03-windows")  # of the demonstration class, one after the other
# Of eighteen digits, so that it is found nowhere by chance.
SEED = "602214076173205081"
TRACE = "cnncourse-was-here"  # the name of every file that a kind tries to leave somewhere


@dataclass
class Kind:
    """One kind of submission.

    ``expected`` are the points by function; None where there is nothing to grade and a person must be told. With
    ``or_refused`` both will do: it may also be refused with a sentence. ``files`` is what is handed in; ``place`` puts
    something else into the folder.
    """

    name: str
    about: str
    must_not: str
    expected: dict[str, float] | None
    assignment: str = FIRST
    or_refused: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    place: Callable[[Path, World], None] | None = None

    @property
    def total(self) -> float:
        return round(sum((self.expected or {}).values()), 2)


# What lies around ---------------------------------------------------------------------------------------------------


class World:
    """A course folder, and everything around it that a submission might reach. Close it when all is over."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.course, self.home = self.root / "course", self.root / "home"
        self.canary = self.root / "canary"
        self.reached: list[str] = []
        self._home()
        self._servers: list[socket.socket] = []
        self._before: dict[str, tuple] = {}

    def _home(self) -> None:
        (self.home / ".ssh").mkdir(parents=True)
        for name, text in {"thesis.txt": "three years\n", ".ssh/id_rsa": "secret\n", ".bashrc": "umask 022\n"}.items():
            (self.home / name).write_text(text)
        self.canary.write_text("")
        self.canary.chmod(0o666)

    def listen(self) -> None:
        """Wait for connections, on loopback and on two kinds of Unix sockets."""
        self.unix, self.abstract = str(self.root / "socket"), f"cnncourse-{os.getpid()}"
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        servers = {"loopback": tcp}
        for name, address in (("a Unix socket", self.unix), ("an abstract socket", "\0" + self.abstract)):
            servers[name] = socket.socket(socket.AF_UNIX)
            servers[name].bind(address)
            servers[name].listen()
        os.chmod(self.unix, 0o777)
        for name, server in servers.items():
            self._servers.append(server)
            threading.Thread(target=self._wait, args=(name, server), daemon=True).start()

    def _wait(self, name: str, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            self.reached.append(name)
            client.close()

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def fill(self, text: str) -> str:
        """Fill in what stands between two @ in a kind's source; ``@x*9@`` stands for nine of these."""
        known = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("pid", "mnt", "net")}
        known |= {"course": self.course, "home": self.home, "canary": self.canary, "repository": REPOSITORY}
        known |= {"port": self.port, "unix": self.unix, "abstract": self.abstract, "dees": SEED[::-1]}
        if "@shown@" in text:
            known["shown"] = json.dumps(shown_answers())
        for name, value in known.items():
            text = text.replace(f"@{name}@", str(value))
        return re.sub(r"@(.)\*(\d+)@", lambda found: found[1] * int(found[2]), text)

    # What was hurt

    def remember(self, *folders: Path) -> None:
        """From now on, nothing in these folders may change; without, in none that were handed in or written by hand."""
        self._folders = folders or (
            self.home,
            *(self.course / name for name in ("submitted", "solutions", "exercises")),
        )
        self._before = self._look()

    def _look(self) -> dict[str, tuple]:
        """Of every path what it is, and when it was last changed in any way, which nobody can set back."""
        found = {}
        for folder in self._folders:
            for path in folder.rglob("*"):
                status = path.lstat()
                found[str(path)] = (stat.filemode(status.st_mode), status.st_size, status.st_ctime_ns)
        return found

    def hurt(self) -> list[str]:
        """What has happened outside since the last call, in words; nothing, if all is well. Clears it up."""
        found = [f"{name} was reached" for name in self.reached]
        self.reached.clear()
        if told := self.canary.read_text():
            lines = sorted(set(told.splitlines()))
            found += [f"the canary says: {line}" for line in lines] if len(lines) < 20 else ["a file was written over"]
            self.canary.write_text("")
        now = self._look()
        for path in sorted(now.keys() | self._before.keys()):
            if now.get(path) != self._before.get(path):
                found.append(f"{path} was changed")
        self._before = now
        for folder in _places():
            for path in folder.glob(f"{TRACE}*"):
                found.append(f"{path} was left")
                with contextlib.suppress(OSError):
                    path.unlink()
        for path in Path("/proc").glob("[0-9]*/comm"):
            try:
                if path.read_text().strip() == "was-here":
                    found.append(f"process {path.parent.name} was left")
            except OSError:
                continue
        libc = ctypes.CDLL(None)
        for get, remove in (
            (lambda: libc.shmget(0x5EA, 0, 0), libc.shmctl),
            (lambda: libc.msgget(0x5EA, 0), libc.msgctl),
        ):
            if (number := get()) >= 0:
                found.append("System V memory or messages were left")
                remove(number, 0, None)
        if os.uname().machine == "x86_64" and (key := libc.syscall(249, b"user", TRACE.encode(), None, 0)) >= 0:
            found.append("a key of the kernel's was left")
            libc.syscall(250, 3, key)  # revoked
        return found


def _places() -> set[Path]:
    """Folders in which a submission might leave something."""
    import cnncourse

    names = ["/", "/bin", "/boot", "/dev", "/dev/shm", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr"]
    names += ["/usr/lib", "/var", "/var/tmp", sys.prefix, os.path.expanduser("~"), os.path.dirname(os.__file__)]
    names += [*sysconfig.get_paths().values(), REPOSITORY, HERE, HERE.parent, os.getcwd()]
    package = Path(cnncourse.__file__).parent
    return {Path(name).resolve() for name in (*names, package, package / "checks", package / "grading")}


def descendants() -> set[int]:
    """The processes that this one has started, and those that they have."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, before = {os.getpid()}, 0
    while len(found) > before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {os.getpid()}


def shown_answers() -> dict[str, dict[str, object]]:
    """Of every function what is expected of the cases that everybody can see."""
    from cnncourse.checks import PUBLIC_SEED, functions, task

    def key(case):
        args = [getattr(value, "tolist", lambda value=value: value)() for value in case.args]
        return json.dumps(args + [True] * (isinstance(args[0], int) and len(args) == 4))

    return {
        name: {key(case): expected[0].tolist() for case, expected in task(FIRST, name).draw(PUBLIC_SEED)}
        for name in functions(FIRST)
    }


# Kinds that are code --------------------------------------------------------------------------------------------------


def dumped(notebook) -> bytes:
    """A notebook as a file; unlike nbformat, this writes whatever stands in it."""
    return json.dumps(notebook, indent=1).encode()


def with_code(world: World, assignment: str, released) -> list[Kind]:
    """The kinds in an assignment's folder."""
    guard = nbformat.v4.new_code_cell(world.fill((HERE / "guard.py").read_text()).rstrip())
    found = []
    for learner in the_class.learners(assignment, HERE, world.fill):
        notebook = the_class.write(released, learner)
        first = next(k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        notebook.cells.insert(first, copy.deepcopy(guard))
        files = {name_of(assignment): dumped(notebook)} | {name: text.encode() for name, text in learner.files.items()}
        found.append(Kind(learner.name, learner.about, learner.must_not, learner.expected, assignment, files=files))
    return found


def name_of(assignment: str) -> str:
    """The file name of an assignment's notebook."""
    (path,) = (REPOSITORY / "exercises" / assignment).glob("*.ipynb")
    return path.name


# Kinds that are files: what stands in them is hardly a notebook -------------------------------------------------------

RIGHT = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
FILES: list[tuple] = []


def file(name: str, must_not: str, expected=None, or_refused: bool = False):
    """Register what makes a file from an honest notebook; its docstring says what it is."""

    def register(make):
        FILES.append((name, make, must_not, expected, or_refused))
        return make

    return register


@file("c01-format-3", "what can be read is refused", RIGHT)
def _(good):
    """An honest notebook in the format of 2011."""
    return nbformat.writes(nbformat.convert(nbformat.from_dict(good), 3), version=3).encode()


@file("c02-format-2", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook in the format of 2010, which knew no metadata."""
    three = nbformat.convert(nbformat.from_dict(good), 3)
    cells = [
        {"cell_type": "code", "input": cell.input, "language": "python", "outputs": []}
        if cell.cell_type == "code"
        else {"cell_type": "markdown", "source": cell.source}
        for cell in three.worksheets[0].cells
    ]
    return dumped({"nbformat": 2, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


@file("c03-format-to-come", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """A notebook that says it is in format 99.7."""
    return dumped(good | {"nbformat": 99, "nbformat_minor": 7})


@file("c04-format-of-no-number", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """A notebook whose format is a list."""
    return dumped(good | {"nbformat": [4], "nbformat_minor": {"x": None}})


@file("c05-deep-json", "the reader recurses into it")
def _(good):
    """A hundred thousand brackets."""
    return b"[" * 100_000 + b"]" * 100_000


@file("c06-deep-metadata", "the reader recurses into it", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with metadata nested fifty thousand deep."""
    text = dumped(good | {"metadata": {"here": 0}}).decode()
    return text.replace('"here": 0', '"here": ' + "[" * 50_000 + "]" * 50_000).encode()


@file("c07-not-a-number", "a file is written that nobody can read", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with NaN and Infinity in its metadata, its points and its execution counts."""
    bad = copy.deepcopy(good)
    bad["metadata"]["widgets"] = {"x": float("nan"), "y": float("-inf")}
    for cell in bad["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = float("inf")
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = float("nan")
    return dumped(bad)


@file("c08-number-of-many-digits", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with a number of a hundred thousand digits, and one that is too large for a float."""
    text = dumped(good | {"metadata": {"here": 0, "there": 0}}).decode()
    return text.replace('"here": 0', '"here": ' + "7" * 100_000).replace('"there": 0', '"there": 1e999999').encode()


@file("c09-utf-16", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook in UTF-16."""
    return dumped(good).decode().encode("utf-16")


@file("c10-byte-order-mark", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook that begins with a byte order mark."""
    return b"\xef\xbb\xbf" + dumped(good)


@file("c11-not-utf-8", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with bytes in it that are no UTF-8."""
    return dumped(good).replace(b'"source": "', b'"source": "\xff\xfe\xed\xa0\x80', 1)


@file("c12-keys-twice", "the batch ends", RIGHT, or_refused=True)
def _(good):
    """An honest notebook that has every key twice, the second time empty."""
    return dumped(good)[:-2] + b',\n "metadata": {}, "nbformat": 4, "nbformat_minor": 5\n}'


@file("c13-hostile-metadata", "a kernel of the learner's is started, or the batch ends", RIGHT)
def _(good):
    """An honest notebook with a kernel of its own, a language, and identifiers of its own, twice and with a script."""
    bad = copy.deepcopy(good)
    evil = {"name": "../../evil", "argv": ["touch", f"/tmp/{TRACE}"], "display_name": "<script>hurt()</script>"}
    bad["metadata"] = {
        "kernelspec": evil | {"language": "bash"},
        "language_info": {"name": "<script>hurt()</script>", "codemirror_mode": [], "file_extension": "../.."},
        "nbgrader": 7,
        "widgets": [],
        "title": {"x": []},
    }
    for cell in bad["cells"]:
        cell["id"] = "<script>hurt()</script>"
        cell["metadata"]["tags"] = "skip-execution"
        cell["metadata"]["collapsed"] = "<script>hurt()</script>"
        cell["metadata"].setdefault("nbgrader", 5)
    return dumped(bad)


@file("c14-malformed-cells", "the batch ends", RIGHT)
def _(good):
    """An honest notebook with cells in between that are no cells: numbers, lists, unknown types, sources of null."""
    bad = copy.deepcopy(good)
    odd = [
        7,
        None,
        "text",
        [],
        {},
        {"cell_type": "code"},
        {"cell_type": 7, "source": []},
        {"cell_type": "video", "metadata": {}, "source": "x"},
        {"cell_type": "code", "metadata": None, "source": None, "outputs": None},
        {"cell_type": "code", "metadata": {}, "source": [["x"], 7, {}], "outputs": {}},
        {"cell_type": "code", "metadata": {"nbgrader": []}, "source": {"x": 1}, "outputs": [1, "x", None, {}]},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"output_type": "stream", "text": {"a": []}}]},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"output_type": "error", "traceback": 7}]},
        {"cell_type": "markdown", "metadata": {}, "source": "", "attachments": [[[]]]},
        {"cell_type": "raw", "metadata": {"nbgrader": {"grade_id": {}, "points": []}}, "source": 7},
    ]
    for number, cell in enumerate(odd):
        bad["cells"].insert(2 * number + 1, cell)
    return dumped(bad)


@file("c15-sources-in-lines", "the batch ends", RIGHT)
def _(good):
    """An honest notebook as Jupyter saves it, each source a list of lines, and with saved outputs."""
    bad = copy.deepcopy(good)
    for cell in bad["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": ["saved\n", "outputs\n"]}]
    return dumped(bad)


@file("c16-many-cells", "the others wait for it", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with two hundred thousand cells more."""
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None, "id": "x"}
    return json.dumps(good | {"cells": good["cells"] + [cell] * 200_000}).encode()


@file("c17-giant-cell", "the others wait for it, or the feedback holds it all", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with a cell of fifty megabytes."""
    cell = {"cell_type": "code", "metadata": {}, "source": "# " + "x" * 50_000_000, "outputs": [], "id": "giant"}
    return json.dumps(good | {"cells": good["cells"] + [cell]}).encode()


@file("c18-giant-output", "the others wait for it, or the feedback holds it all", RIGHT, or_refused=True)
def _(good):
    """An honest notebook with saved outputs of tens of megabytes, one nested a thousand deep."""
    bad = copy.deepcopy(good)
    deep: list = []
    for _ in range(900):
        deep = [deep]
    for cell in bad["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/html": "x" * 1_000_000, "application/json": deep}
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
        else:
            cell["attachments"] = {"a.png": {"image/png": "A" * 1_000_000}}
    return dumped(bad)


@file("c19-compressed", "the batch ends")
def _(good):
    """An honest notebook, compressed."""
    return gzip.compress(dumped(good))


@file("c20-cut-off", "the batch ends")
def _(good):
    """The first half of an honest notebook."""
    return dumped(good)[: len(dumped(good)) // 2]


@file("c21-nothing", "the batch ends")
def _(good):
    """An empty file."""
    return b""


@file("c22-no-notebook", "the batch ends")
def _(good):
    """JSON that is a mark and no notebook."""
    return b'{"cells": {"score": 20}, "nbformat": 4}'


@file("c23-a-page", "a script runs where the problem is shown")
def _(good):
    """A page with a script, under the notebook's name."""
    return b"<html><script>hurt()</script></html>"


@file("c24-odd-companions", "what lies beside the notebook is believed, or the batch ends", RIGHT)
def _(good):
    """Beside an honest notebook a time stamp that is no time, a secret that is a path, and another notebook."""
    return {
        NOTEBOOK: dumped(good),
        "timestamp.txt": b"9" * 100_000 + b" 99999-99-99 UTC\xff\x00 \x1b[2J",
        "submission_secret.txt": b"../../../../" * 1000,
        "other.ipynb": b"{",
        "gradebook.db": b"SQLite format 3\x00",
        "Makefile": b"all:\n\ttouch cnncourse-was-here\n",
    }


@file("c25-time-to-come", "the batch ends", RIGHT)
def _(good):
    """An honest notebook with a time stamp of the year 9999, in a time zone of its own."""
    return {NOTEBOOK: dumped(good), "timestamp.txt": b"9999-12-31 23:59:59.999999 -2359"}


@file("c26-time-from-a-file", "a file that the learner names is opened", RIGHT)
def _(good):
    """An honest notebook with a time stamp whose time zone is a file of the system's."""
    return {NOTEBOOK: dumped(good), "timestamp.txt": b"2026-03-01 10:30:00 /etc/passwd"}


# Kinds that are folders: something else lies where a notebook should --------------------------------------------------

FOLDERS: list[tuple] = []


def folder(name: str, must_not: str, expected=None, or_refused: bool = False):
    """Register what puts something into a submission's folder; its docstring says what."""

    def register(place):
        FOLDERS.append((name, place, must_not, expected, or_refused))
        return place

    return register


def _instead(path: Path) -> Path:
    """The notebook's place in a folder, free."""
    (path / NOTEBOOK).unlink()
    return path / NOTEBOOK


@folder("d01-link-to-another", "another learner's work is graded for it")
def _(path, world):
    """The notebook is a link to another learner's."""
    _instead(path).symlink_to(f"../../a01-loops-for-ever-honest/{FIRST}/{NOTEBOOK}")


@folder("d02-link-to-the-solution", "the solution is graded for it")
def _(path, world):
    """The notebook is a link to the instructor's solution."""
    _instead(path).symlink_to(f"../../../solutions/{FIRST}/{NOTEBOOK}")


@folder("d03-link-to-a-secret", "a file of the system is read or shown")
def _(path, world):
    """The notebook is a link to a list of the system's users."""
    _instead(path).symlink_to("/etc/passwd")


@folder("d04-linked-folder", "another learner's work is graded for it")
def _(path, world):
    """The assignment's folder is a link to another learner's."""
    _instead(path)
    path.rmdir()
    path.symlink_to(f"../a01-loops-for-ever-honest/{FIRST}")


@folder("d05-linked-learner", "another learner's work is graded for it")
def _(path, world):
    """The learner's folder is a link to another learner's."""
    _instead(path)
    path.rmdir()
    path.parent.rmdir()
    path.parent.symlink_to("a01-loops-for-ever-honest")


@folder("d06-pipe", "the batch waits for what is written to it")
def _(path, world):
    """The notebook is a named pipe."""
    os.mkfifo(_instead(path))


@folder("d07-folder", "the batch ends")
def _(path, world):
    """The notebook is a folder, with a notebook in it."""
    _instead(path).mkdir()
    (path / NOTEBOOK / NOTEBOOK).write_text("{}")


@folder("d08-device", "the batch reads for ever")
def _(path, world):
    """The notebook is a link to a device that never ends, or the device itself."""
    place = _instead(path)
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError:
        place.symlink_to("/dev/zero")


@folder("d09-socket", "the batch ends")
def _(path, world):
    """The notebook is a socket."""
    place = _instead(path)
    before = os.getcwd()
    os.chdir(path)  # a socket's path may not be long
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(place.name)
    finally:
        os.chdir(before)


@folder("d10-link-to-nothing", "the batch ends")
def _(path, world):
    """The notebook is a link to nothing."""
    _instead(path).symlink_to("nowhere")


@folder("d11-link-to-itself", "the batch ends")
def _(path, world):
    """The notebook is a link to itself."""
    _instead(path).symlink_to(NOTEBOOK)


@folder("d12-sparse-giant", "it is read whole")
def _(path, world):
    """The notebook is a file of twenty gigabytes that takes no space."""
    with open(_instead(path), "wb") as file:
        file.truncate(20 * 2**30)


@folder("d13-much-beside-it", "what lies beside it is read whole, followed, or imported", RIGHT)
def _(path, world):
    """Beside an honest notebook lie links, pipes, a giant file, thousands of files, and names of every kind."""
    (path / "passwd").symlink_to("/etc/passwd")
    (path / "solutions").symlink_to("../../../solutions")
    (path / "loop").symlink_to(".")
    os.mkfifo(path / "pipe")
    with open(path / "giant.csv", "wb") as file:
        file.truncate(20 * 2**30)
    for number in range(1_000):
        (path / f"{number}.txt").write_text("x")
    for name in ("-rf", "a\nb.txt", "\x1b[2J.txt", "<script>hurt()<.txt", "=1+1.csv", "x" * 250, "a'\"`$(id).txt"):
        (path / name).write_text("x")
    with open(os.fsencode(path) + b"/\xff\xfe.txt", "w") as file:
        file.write("x")


@folder("d14-many-folders", "the batch recurses into them", RIGHT)
def _(path, world):
    """Beside an honest notebook lie folders in folders, five hundred deep."""
    before = os.getcwd()
    os.chdir(path)
    try:
        for _ in range(500):
            os.mkdir("deeper")
            os.chdir("deeper")
    finally:
        os.chdir(before)


# Honest work, handed in under these names.
NAMES = {
    "an option": "-rf",
    "a formula": "=cmd|'calc'!A0",
    "a script": "<script>hurt()<",
    "a command": "$(touch cnncourse-was-here)",
    "a statement": "x'); DROP TABLE student; --",
    "escape sequences": "x\x1b[2J\x1b]0;owned\x07",
    "two lines": "two\nlines",
    "a turned direction": "\u202egnp.exe",
    "a placeholder": "{student_id}{0.__class__}%s",
    "a pattern": "*[a-z]?",
    "spaces at its ends": " spaces ",
    "dots": "x..",
    "a length of 250": "n" * 250,
    "quotes": "a\"b'c`d&e",
    "a backslash": "x\\..\\..\\evil",
    "Korean and a smile": "김민준 🧨",
    "bytes that are no text": os.fsdecode(b"\xff\xfe"),
}


def kinds(world: World) -> list[Kind]:
    """Every kind, in the order of their names; the course must have been released."""
    found = []
    for assignment in ASSIGNMENTS:
        path = world.course / "exercises" / assignment / name_of(assignment)
        found += with_code(world, assignment, nbformat.read(path, as_version=4))
    good = honest(world)[1]
    for name, make, must_not, expected, or_refused in FILES:
        files = make(json.loads(good))
        files = files if isinstance(files, dict) else {NOTEBOOK: files}
        found.append(Kind(name, make.__doc__, must_not, expected, or_refused=or_refused, files=files))
    for name, place, must_not, expected, or_refused in FOLDERS:
        about = place.__doc__
        found.append(Kind(name, about, must_not, expected, or_refused=or_refused, files={NOTEBOOK: good}, place=place))
    for what, name in NAMES.items():
        about, must_not = f"An honest notebook of a learner whose name is {what}.", "the name does something"
        found.append(Kind(name, about, must_not, RIGHT, or_refused=True, files={NOTEBOOK: good}))
    return found


def honest(world: World) -> list[bytes]:
    """Notebooks that are right throughout, in several styles."""
    released = nbformat.read(world.course / "exercises" / FIRST / NOTEBOOK, as_version=4)
    by_name = {learner.name: learner for learner in the_class.learners(FIRST)}
    return [dumped(the_class.write(released, by_name[name])) for name in HONEST]


def make(world: World) -> list[Kind]:
    """Make the course folder and everybody's submission, each followed by an honest one."""
    the_class.release(world.course, ASSIGNMENTS)
    (world.course / ".hidden-seed").write_text(f"{SEED}\n")
    world.listen()
    made, right = kinds(world), honest(world)
    for number, kind in enumerate(made):
        after = {NOTEBOOK: right[number % len(right)]}
        for name, assignment, files in (
            (kind.name, kind.assignment, kind.files),
            (f"{kind.name}-honest", FIRST, after),
        ):
            if len(os.fsencode(name)) > 255 or (name != kind.name and kind.name in NAMES.values()):
                continue
            path = world.course / "submitted" / name / assignment
            path.mkdir(parents=True)
            for file, content in files.items():
                (path / file).write_bytes(content)
    for kind in made:
        if kind.place:
            kind.place(world.course / "submitted" / kind.name / kind.assignment, world)
    world.remember()
    return made


# What came of it -----------------------------------------------------------------------------------------------------


def names() -> list[str]:
    """The names of all kinds, without making them."""
    code = [path.stem for assignment in ASSIGNMENTS for path in sorted((HERE / assignment).glob("*.py"))]
    return [*code, *(kind[0] for kind in FILES), *(kind[0] for kind in FOLDERS), *NAMES.values()]


def in_gradebook(course: Path) -> dict[tuple[str, str], dict[str, float]]:
    """What nbgrader's gradebook holds: by student and assignment, the points of each check."""
    query = """
        select submitted_assignment.student_id, assignment.name, base_cell.name, grade.auto_score, grade.manual_score
        from grade
        join base_cell on grade.cell_id = base_cell.id
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join assignment on submitted_assignment.assignment_id = assignment.id
        where base_cell.name like 'check-%'
    """
    found: dict = {}
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as book:
        for student, assignment, cell, auto, manual in book.execute(query):
            if auto is not None or manual is not None:
                points = found.setdefault((student, assignment), {})
                points[cell.removeprefix("check-")] = round(auto if manual is None else manual, 2)
    return found


def hidden_numbers() -> set[str]:
    """The fractions among the inputs and answers of the hidden cases of the first assignment, as text."""
    from cnncourse.checks import functions, task

    numbers = set()
    for name in functions(FIRST):
        for case, expected in task(FIRST, name).draw(int(SEED)):
            for array in (*case.args, *(expected or ())):
                numbers |= {float(number) for number in np.ravel(array) if float(number) % 1}
    spelt = {f"{abs(int(1e9 * number)):08d}"[:8] for number in numbers}
    return {f"{number:.6f}" for number in numbers} | {str(abs(int(1e6 * n))) for n in numbers if abs(n) > 0.2} | spelt


def table(kinds: list[Kind], graded: dict, hurt: list[str]) -> str:
    """What each kind deserved, was given, and did to the others; beside it what stock nbgrader made of it."""
    stock = json.loads((HERE / "stock.json").read_text(encoding="utf-8"))
    lines = [
        "| kind | what it does | deserved | given | others untouched | stock nbgrader |",
        "|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        given = graded.get((kind.name, kind.assignment))
        deserved = "a person is told" if kind.expected is None else f"{kind.total:g}"
        if kind.or_refused and kind.expected is not None:
            deserved += " or refused"
        told = "a person is told" if given is None else f"{sum(given.values()):g}"
        if given is not None and given != kind.expected:
            told += " (wrong)"
        after = graded.get((f"{kind.name}-honest", FIRST))
        alone = kind.name in NAMES.values()
        untouched = "no" if hurt or not (alone or after == RIGHT) else "yes"
        name = f"a name: {kind.about[39:-1]}" if alone else kind.name
        cells = (name, kind.about, deserved, told, untouched, stock.get(kind.name, "not recorded"))
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |")
    if hurt:
        lines += ["", "Hurt:", "", *(f"* {what}" for what in hurt)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the class; with a second argument, grade it and write the table there."""
    world = World(Path(sys.argv[1]))
    everybody = make(world)
    print(f"{len(everybody)} kinds in {world.course / 'submitted'}")
    if len(sys.argv) > 2:
        from cnncourse.grading.grade import grade

        print(grade(world.course, count=2, setup=quick_setup()))
        Path(sys.argv[2]).write_text(table(everybody, in_gradebook(world.course), world.hurt()), encoding="utf-8")
    world.close()


def quick_setup():
    """Workers that mark with less patience."""
    from cnncourse.grading import workers

    if str(HERE) not in sys.path:
        sys.path.append(str(HERE))
    return workers.Setup(mark="quick:mark", version=workers.version())


if __name__ == "__main__":
    main()
