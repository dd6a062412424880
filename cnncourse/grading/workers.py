"""Processes that mark, on this machine or on many: whichever way one ends, its submission is not lost.

A crew takes jobs and gives futures. Behind each stands a :class:`Worker`, a process of its own that marks one
submission after another; it is ended when a submission takes too long, replaced when it dies, and dies with the
process that started it. On a Dask cluster the same processes stand behind Dask's own, so that a bad submission costs
the cluster nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

from cnncourse.grading import cells, sandbox
from cnncourse.grading.job import Job, Marked
from cnncourse.grading.release import CourseError

__all__ = ["DEADLINE", "MARK", "Lost", "Setup", "crew", "mark_here", "version"]

MARK = "cnncourse.grading.judge:mark"
DEADLINE = 900.0  # seconds for a notebook; the judge has its own, much shorter limits for cells and notebooks
_PR_SET_PDEATHSIG = 1
_CONNECT = 20  # seconds
_START = 120  # seconds, on a busy machine


@dataclass(frozen=True)
class Setup:
    """How to mark: the function, as ``module:name``, and whether learners' code is shut in."""

    mark: str = MARK
    sandbox: bool = True
    deadline: float = DEADLINE
    version: str = ""


class Lost(RuntimeError):
    """The process that marked ended before it was done; the message says how."""


@cache
def version(assignment: str = "") -> str:
    """What marks depend on besides the submission and the notebook: a digest of the checks and of the judge.

    >>> version("01-convolution") == version("02-padding-stride")
    False
    """
    from cnncourse.checks import TOPICS

    package = Path(__file__).parents[1]
    others = {f"{topic}.py" for name, topic in TOPICS.items() if assignment and name != assignment}
    files = [path for path in sorted((package / "checks").glob("*.py")) if path.name not in others]
    judge = ("cells", "codec", "elsewhere", "inside", "job", "judge", "sandbox")
    files += [path for name in judge if (path := package / "grading" / f"{name}.py").exists()]
    digest = sha256()
    for path in files:
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


# One process ----------------------------------------------------------------------------------------------------------


class Worker:
    """A process that marks one submission after another."""

    def __init__(self, setup: Setup):
        self.setup = setup
        self._process: subprocess.Popen | None = None
        self._closed = self._busy = False
        self._start()

    def _start(self) -> None:
        if self._closed:
            raise Lost("the work was stopped")
        ours, theirs = socket.socketpair()
        self._noise = tempfile.TemporaryFile("ab+", buffering=0)
        paths = [path for path in sys.path if path]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), str(os.getpid()), self.setup.mark],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._noise,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            )
        self._link, self._ready = Connection(ours.detach()), False

    def mark(self, job: Job) -> Marked:
        """Mark a submission; a second time where the process ends or takes too long.

        Raises:
            Lost: it ended both times.
        """
        self._busy = True
        try:
            return self._mark(job)
        except Lost:
            return self._mark(job)
        finally:
            self._busy = False

    def _mark(self, job: Job) -> Marked:
        try:
            return self._answer(job)
        except Lost:
            self.kill()
            raise

    def _answer(self, job: Job) -> Marked:
        if self._process is None:
            self._start()
        deadline = self.setup.deadline * max(1, len(job.notebooks))
        try:
            if not self._ready:
                if not self._link.poll(_START):
                    raise Lost(f"its process did not start within {_START} seconds")
                self._ready = self._link.recv()
            self._link.send((job, self.setup.sandbox))
            if not self._link.poll(deadline):
                raise Lost(f"it took longer than {deadline:g} seconds and was stopped")
            kind, said = self._link.recv()
        except (OSError, EOFError) as error:
            raise Lost(self._how_it_ended()) from error
        if kind == "lost":
            raise Lost(said)
        self._noise.truncate(0)
        return said

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "its process closed the connection"
        self._noise.seek(max(0, self._noise.seek(0, os.SEEK_END) - 2000))
        said = self._noise.read().decode(errors="replace").strip().splitlines()
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"its process was ended by {signal.Signals(-status).name}"
        return f"its process ended with status {status}" + (f": {said[-1][:200]}" if said else "")

    def kill(self) -> None:
        """End the process at once; what comes next gets a new one."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            self._link.close()
            self._noise.close()

    def close(self) -> None:
        """End it for good; what it is at is given up."""
        self._closed = True
        process = self._process
        if process and self._busy:
            process.kill()  # the thread that waits for its answer sees the end
        elif process:
            self._link.close()  # it sees that nobody is there any more, and puts its things in order
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            self.kill()


def _main() -> None:
    """The worker's side."""
    handle, parent, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    module, _, function = name.partition(":")
    mark = getattr(importlib.import_module(module), function)
    seen: set[str] = set()
    with Connection(handle) as link:
        link.send(True)
        while True:
            try:
                job, shut_in = link.recv()
            except EOFError:
                return
            try:
                link.send(("marked", _marked(mark, job, shut_in)))
            except CourseError as error:  # its sandbox ended: the next process has a new one
                link.send(("lost", str(error)))
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                said = traceback.format_exception_only(error)[-1].strip()
                link.send(("lost", f"{said[:300]} ({Path(where.filename).name}, line {where.lineno})"))
            if job.assignment not in seen:  # what is here by now stays: it need not be looked through again and again
                seen.add(job.assignment)
                gc.collect()
                gc.freeze()


def _marked(mark, job: Job, shut_in: bool) -> Marked:
    try:
        return mark(job, sandbox=shut_in)
    except cells.Unreadable as error:
        return Marked(job.assignment, job.student, problem=str(error))


def _die_with(parent: int) -> None:
    """End when the process that started this one ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:

        def watch() -> None:
            while os.getppid() == parent:
                time.sleep(1)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=watch, daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


# Many -----------------------------------------------------------------------------------------------------------------


class _Team:
    """The workers of one process: as many as are asked for at the same time."""

    def __init__(self, setup: Setup):
        self.setup = setup
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._all: list[Worker] = []
        self._closed = False

    def start(self, count: int) -> None:
        with self._lock:
            new = [Worker(self.setup) for _ in range(count)]
            self._all += new
            self._idle += new

    def mark(self, job: Job) -> Marked:
        with self._lock:
            if self._closed:
                raise Lost("the work was stopped")
            if self._idle:
                worker = self._idle.pop()
            else:
                worker = Worker(self.setup)
                self._all.append(worker)
        try:
            return worker.mark(job)
        finally:
            with self._lock:
                self._idle.append(worker)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.close()
            self._all.clear()


@cache
def _team(setup: Setup) -> _Team:
    return _Team(setup)


def mark_here(job: Job, setup: Setup) -> Marked:
    """Mark a submission in a process beside this one, which stays for the next: what a cluster's workers are asked.

    Raises:
        Lost: the process ended before it was done, and so did a second one.
        CourseError: nothing can be marked here.
    """
    if setup.version and setup.version != version():
        raise CourseError(
            f"The machine {socket.gethostname()} has other checks than this one: install the same version of cnncourse "
            "there."
        )
    if setup.sandbox and setup.mark == MARK and (reason := sandbox.why_not()):
        raise CourseError(f"{socket.gethostname()}: {reason}")
    return _team(setup).mark(job)


class Local:
    """Processes on this machine."""

    def __init__(self, setup: Setup, count: int):
        self.size = count
        self._team = _Team(setup)
        self._team.start(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mark")

    def submit(self, job: Job) -> Future:
        return self._threads.submit(self._team.mark, job)

    def close(self) -> None:
        self._team.close()
        self._threads.shutdown(cancel_futures=True)


class Cluster:
    """A Dask cluster: one that is there, by its address, or one of ``count`` processes on this machine."""

    def __init__(self, setup: Setup, address: str | None, count: int):
        try:
            import distributed
        except ImportError as error:
            raise CourseError(
                "Marking on a cluster needs Dask, which is not installed: pip install 'cnncourse[cluster]'"
            ) from error
        self._setup = setup
        self._size, self._asked = 1, float("-inf")
        self._cluster = None
        for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what a person can put right we say ourselves
        if address is None:
            options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.CRITICAL}
            self._cluster = distributed.LocalCluster(n_workers=count, processes=True, **options)
        self.address = address or self._cluster.scheduler_address
        try:
            self._client = distributed.Client(self.address, timeout=_CONNECT, set_as_default=False)
            self._client.wait_for_workers(1, timeout=30)
        except (OSError, TimeoutError, ValueError) as error:
            if self._cluster:
                self._cluster.close()
            raise CourseError(
                f"There is no Dask cluster with a worker at {self.address} ({str(error).splitlines()[0]}): start one "
                f"with `dask scheduler` and, on each machine, `dask worker {self.address}`."
            ) from error

    @property
    def size(self) -> int:
        if time.monotonic() > self._asked + 5:  # workers come and go
            self._size, self._asked = max(1, sum(self._client.nthreads().values())), time.monotonic()
        return self._size

    def submit(self, job: Job) -> Future:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a submission may well be large
            return self._client.submit(mark_here, job, self._setup, pure=False, retries=1)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        if self._cluster:
            self._cluster.close(timeout=5)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def crew(
    setup: Setup, *, count: int | None = None, scheduler: str | None = None, local_cluster: bool = False
) -> Iterator[Local | Cluster]:
    """Who marks: processes on this machine, or a cluster. It is sent home at the end, whatever happened."""
    count = count or _cores()
    made = Cluster(setup, scheduler, count) if scheduler or local_cluster else Local(setup, count)
    try:
        yield made
    finally:
        made.close()


if __name__ == "__main__":
    # Under its own name, so that what is sent is what is known there.
    from cnncourse.grading import workers

    workers._main()
