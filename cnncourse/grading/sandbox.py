"""A warm interpreter in which nothing can be reached, by bubblewrap, and a fork of it for each submission.

``python -m cnncourse.grading.sandbox`` makes sure that there is bubblewrap, and says so where there is not.
"""

from __future__ import annotations

import functools
import glob
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from cnncourse.grading.release import CourseError

__all__ = ["Limits", "Sandbox", "ensure_bubblewrap", "why_not"]

FONTS = "/etc/matplotlib"  # as the inside knows it
PACKAGE = Path(__file__).parents[1]
START = 120  # seconds that a warm interpreter may take to start: TensorFlow's import is slow on a busy machine
INSTALL = "install it (Debian, Ubuntu: `sudo apt-get install bubblewrap`; Fedora: `sudo dnf install bubblewrap`)"
ELSEWHERE = (
    "on macOS and Windows, and where it cannot be had, grade in the container that the instructors' page describes"
)


@dataclass(frozen=True)
class Limits:
    """What a submission may take.

    Args:
        cell: seconds for a cell of the learner's own.
        test: seconds for a test cell; a check of the course's own has its own limit.
        grace: seconds in which a cell must heed that its time is over.
        later: seconds for a cell, once one was too slow.
        notebook: seconds after which no further cell is started.
        restarts: how many new processes one notebook may cost.
        memory: bytes, for all its processes together.
        addresses: bytes that one process may reserve, used or not.
        disk: bytes in its private ``/tmp``, and in one file.
        processes: processes and threads at a time.
        cpu: seconds of a processor.
    """

    cell: float = 30
    test: float = 30
    grace: float = 4
    later: float = 12
    notebook: float = 300
    restarts: int = 10
    memory: int = 2 * 2**30
    addresses: int = 4 * 2**30
    disk: int = 128 * 2**20
    processes: int = 90
    cpu: int = 600

    def with_frameworks(self) -> Limits:
        """The same for a notebook that imports a framework, which takes more."""
        return Limits(**asdict(self) | {"memory": 4 * self.memory, "addresses": 64 * 2**30, "processes": 512})


class Sandbox:
    """A warm interpreter. Without ``private`` it is an ordinary process, and nothing is protected from it."""

    _numbers = itertools.count(os.getpid() % 1000 * 100)

    def __init__(self, private: bool = True, frameworks: tuple[str, ...] = ()):
        self.private = private
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        serve = f"from cnncourse.grading.inside import serve; serve({fd}, {private}, {list(frameworks)})"
        command = [sys.executable, "-I", "-c", serve]
        if private:
            command = [*_bubblewrap(), *command]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        alone = {} if private else {"start_new_session": True}
        self._process = subprocess.Popen(command, pass_fds=[fd], env=_environment(), **quiet, **alone)
        theirs.close()
        self._control = ours
        self._control.settimeout(START)
        try:
            ready = self._control.recv(8)
        except TimeoutError:
            ready = b""
        if ready != b'"ready"\n':
            self._process.kill()
            told = self._process.stderr.read().decode(errors="replace").strip().splitlines()
            raise CourseError(f"The sandbox does not start: {told[-1] if told else 'it says nothing'}")

    def fork(self, limits: Limits) -> tuple[int, socket.socket]:
        """A new process for a submission: its number, and the channel to it."""
        self._say({"do": "fork", "limits": asdict(limits), "number": next(self._numbers)})
        answer, fds, _, _ = socket.recv_fds(self._control, 100, 1)
        if not fds:
            raise CourseError("The sandbox has ended unexpectedly.")
        return json.loads(answer), socket.socket(fileno=fds[0])

    def end(self, pid: int) -> int:
        """End a submission's process and all that it has started. Returns its status: 99 for too much memory."""
        self._say({"do": "end", "pid": pid})
        return json.loads(self._control.recv(100) or b"1")

    def _say(self, request: dict) -> None:
        try:
            self._control.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            raise CourseError("The sandbox has ended unexpectedly.") from None

    def close(self) -> None:
        """End it, and whatever runs in it."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()


def _environment() -> dict[str, str]:
    """All that the inside knows of this process's environment."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "CNNCOURSE_DATA") if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "TF_NUM_INTEROP", "TF_NUM_INTRAOP")}
    return {
        **kept,
        **threads,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/tmp",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "KERAS_HOME": "/tmp/keras",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


def _bubblewrap() -> list[str]:
    """The command that shuts another in: a read-only system, Python and this package, and nothing else."""
    command = [
        *(shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net"),
        *("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox"),
        *("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"),
    ]
    if os.geteuid() == 0:
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_KILL"]
    else:
        command += ["--unshare-user"]
    # First, since a checkout may lie below /tmp.
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    made: set[Path] = {Path("/"), Path("/tmp")}

    def parents(path: Path) -> list[str]:
        missing = [p for p in reversed(path.parents) if p not in made]
        made.update(missing)
        return [part for p in missing for part in ("--perms", "0755", "--dir", str(p))]

    def bind(path: Path, source: Path | None = None) -> None:
        nonlocal command
        if any(made_ == path or made_ in path.parents for made_ in bound):
            return
        command += [*parents(path), "--ro-bind", str(source or path), str(path)]
        bound.append(path)

    bound: list[Path] = []
    for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), name]
        elif path.is_dir():
            bind(path)
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/etc/mime.types"):
        if Path(name).exists():
            bind(Path(name), Path(name).resolve())
    for prefix in (Path(sys.base_prefix).resolve(), Path(sys.base_prefix), Path(sys.prefix)):
        bind(prefix)
    executable = Path(os.path.realpath(sys.executable))
    if not any(place in executable.parents for place in bound) and not str(executable).startswith("/usr"):
        bind(executable)
    bind(PACKAGE)
    data = os.environ.get("CNNCOURSE_DATA")
    if data and Path(data).is_dir():
        bind(Path(data).absolute())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    for path in cache.glob("fontlist-*.json"):
        command += [*parents(Path(FONTS) / path.name), "--ro-bind", str(path), f"{FONTS}/{path.name}"]
    # The references and the right solutions that the checks hold themselves against are not for the inside.
    for path in _private_files():
        command += ["--ro-bind", "/dev/null", path]
    return [
        *command,
        *("--chdir", "/tmp"),
        *("--remount-ro", "/dev", "--remount-ro", "/"),  # what was made for the mounts belongs to whoever started this
        "--",
    ]


def _private_files() -> list[str]:
    from cnncourse.checks import TOPICS

    files = [str(PACKAGE / "checks" / f"{topic}.py") for topic in TOPICS.values()]
    for topic in TOPICS.values():
        files += glob.glob(str(PACKAGE / "checks" / "__pycache__" / f"{topic}.*"))
    return [path for path in files if os.path.exists(path)]


@functools.cache
def why_not() -> str:
    """Why there can be no sandbox here, with the cure; "" where there can."""
    if not sys.platform.startswith("linux"):
        return f"The sandbox for learners' code needs Linux; {ELSEWHERE}."
    if shutil.which("bwrap") is None:
        return f"The sandbox for learners' code needs bubblewrap, which is not here: {INSTALL}; {ELSEWHERE}."
    try:
        Sandbox().close()
    except CourseError as error:
        return f"The sandbox for learners' code does not work here ({error}); {ELSEWHERE}."
    return ""


def ensure_bubblewrap() -> str:
    """Install bubblewrap where that is one command, as root on Debian and Ubuntu. Returns why not, or ""."""
    if sys.platform.startswith("linux") and shutil.which("bwrap") is None:
        if shutil.which("apt-get") and os.geteuid() == 0:
            print("Installing bubblewrap with apt-get …", flush=True)
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for step in (["update"], ["install", "-y", "--no-install-recommends", "bubblewrap"]):
                subprocess.run(["apt-get", *step], env=environment, capture_output=True, check=False)
    return why_not()


if __name__ == "__main__":
    reason = ensure_bubblewrap()
    print(reason or "The sandbox for learners' code works.")
    raise SystemExit(1 if reason else 0)
