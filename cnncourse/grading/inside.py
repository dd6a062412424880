"""What runs inside the sandbox: an interpreter kept warm, and the processes forked from it, one for each submission.

Nothing here is trusted by the judge, since the learner's code runs in the same process and can change all of it. What
it knows it may give away: no expected value, no test and no seed ever comes here.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import ctypes
import gc
import importlib
import inspect
import io
import json
import linecache
import os
import re
import resource
import shutil
import signal
import socket
import sys
import types
import warnings
from dataclasses import dataclass, field

import numpy as np

from cnncourse.checks.calling import (
    Fault,
    NotFromScratch,
    Rules,
    Sink,
    TooSlow,
    copy_of,
    has_changed,
    load_aside,
    notice_imports,
    observe,
    time_limit,
)
from cnncourse.checks.explaining import line_of, raised_by
from cnncourse.checks.given import Given
from cnncourse.grading import codec
from cnncourse.grading.codec import Peer, Reader, TooLarge, Writer

# Lines that speak to Jupyter, and would say nothing here: where pictures go, what is timed, installed or explained.
_WITHOUT_MEANING = re.compile(
    r"^([ \t]*)(?:%(?:matplotlib|config|load_ext|autoreload|%time|%timeit|%capture)\b[^\n]*|![^\n]*|\?[^\n]*|"
    r"[\w.]+\?{1,2}[ \t]*$)",
    re.MULTILINE,
)
_FOR_IPYTHON = re.compile(r"^[ \t]*%|^[ \t]*[\w, ]+=[ \t]*[%!]\w|\bget_ipython\b", re.MULTILINE)
LONGEST = 100_000  # characters kept of what a cell prints
NOTHING = np.zeros(0)
LIBRARY = ["cnncourse.datasets", "cnncourse.padding_stride", "cnncourse.plots", "cnncourse.training"]


# -- a submission's process ------------------------------------------------------------------------------------------


class Printed(io.TextIOBase):
    """What a cell prints, as far as anybody wants to read it."""

    def __init__(self):
        self.text, self.length = [], 0

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        if self.length < LONGEST:
            self.text.append(text[: LONGEST - self.length])
        self.length += len(text)
        return len(text)


@dataclass
class Noted:
    """What :func:`cnncourse.checks.calling.observe` writes into, here."""

    borrowed: str = ""
    shared: bool = False
    returned: list = field(default_factory=list)


class Learner(Peer):
    """Runs a learner's cells, and answers the judge's questions about what they define."""

    def __init__(self, channel: socket.socket):
        super().__init__(channel)
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = vars(module)
        self.names.update(__builtins__=builtins, display=print)
        self.shell = None
        self.objects: list = []
        self.kept: dict[int, Noted] = {}
        self.verdict = 0
        self.numbers = codec.global_numbers()

    def answer(self, verb, tree, data):
        writer, reader = Writer(self._encode_other), Reader(data, self._decode_other)
        try:
            return getattr(self, f"on_{verb}")(tree, reader, writer), writer.buffers
        except TooLarge as error:
            return ["large", error.size], []

    # Values that stay here go out as a number; the judge's own come in as something that can be called.

    def _encode_other(self, writer, value, depth):
        if isinstance(value, types.FunctionType) and hasattr(value, "_number"):
            return ["j", value._number]
        if isinstance(value, Given):
            return ["o", type(value).__name__]
        if isinstance(value, (int, float, complex, str, tuple, list, dict)):
            return None
        self.objects.append(value)
        names = [n for n in ("predict", "__call__") if hasattr(type(value), n)]
        return ["h", len(self.objects) - 1, str(type(value).__name__)[:60], names]

    def _decode_other(self, reader, tag, rest, depth):
        if tag in ("g", "G"):
            return reader.given(tag, rest, depth)
        if tag == "h":
            return self.objects[int(rest[0])]
        if tag == "y":
            return getattr(builtins if rest[0] in ("bool", "int", "float", "complex", "str") else np, rest[0])
        return self._function(int(rest[0]))

    def _function(self, number):
        """A function of the judge's."""

        def function(*args, **kwargs):
            writer = Writer(self._encode_other)
            reply, data = self.ask("back", [number, writer.encode(args), writer.encode(kwargs)], writer.buffers)
            reader = Reader(data, self._decode_other)
            if reply[0] == "error":
                raise codec.error_from(reply[1])
            if reply[0] != "ok":
                raise ValueError("what came back is too large")
            result = reader.decode(reply[1])
            codec.write_back(writer.arrays, reply[2], reader)
            return result

        function._number = number
        return function

    # What the judge asks

    def on_files(self, tree, reader, writer):
        """Put the files that were handed in beside the notebook into the working folder."""
        for name, tree_ in tree:
            content = reader.decode(tree_)
            with contextlib.suppress(OSError, ValueError):
                path = os.path.join("/tmp", os.path.normpath(os.path.join("/", name)).lstrip("/"))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(content)
        if "/tmp" not in sys.path:
            sys.path.insert(0, "/tmp")
        return ["ok"]

    def on_run(self, tree, reader, writer):
        """Run a cell, for so many seconds."""
        source, filename, seconds = tree
        printed, error = Printed(), None
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                with time_limit(seconds):
                    self._run(source, filename)
            except TooSlow:
                return ["late", "".join(printed.text)]
            except BaseException as problem:  # also a notebook's sys.exit()
                error = problem
        return ["ran", "".join(printed.text), None if error is None else self._error(error)]

    def _run(self, source, filename):
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        plain = _WITHOUT_MEANING.sub(r"\1pass", source)  # the same number of lines
        if _FOR_IPYTHON.search(plain):
            return self._run_in_ipython(source)
        source = plain
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(source, filename, "exec", flags=flags)
        result = eval(code, self.names)
        if inspect.iscoroutine(result):
            asyncio.run(result)
        return None

    def _run_in_ipython(self, source):
        """What speaks to Jupyter is for IPython itself; it is loaded for those who use it."""
        if self.shell is None:
            from IPython.core.interactiveshell import InteractiveShell

            class Shell(InteractiveShell):
                def enable_gui(self, gui=None):
                    """There is no screen: ``%matplotlib`` may ask for any."""

            Shell.history_manager_enabled = False
            self.shell = Shell.instance(user_module=sys.modules["__main__"], user_ns=self.names)
            self.shell.showtraceback = lambda *args, **kwargs: None
        result = self.shell.run_cell(source, store_history=False)
        if result.error_before_exec or result.error_in_exec:
            raise result.error_before_exec or result.error_in_exec

    def on_describe(self, tree, reader, writer):
        """What stands under these names."""
        return ["ok", [self._described(str(name), writer) for name in tree]]

    def _described(self, name, writer):
        if name not in self.names:
            return ["missing"]
        value = self.names[name]
        if inspect.isclass(value):
            self.objects.append(value)
            return ["class", len(self.objects) - 1]
        if isinstance(value, types.ModuleType):
            return ["module", str(value.__name__)[:100]]
        if callable(value):
            self.objects.append(value)
            return ["function", len(self.objects) - 1, str(type(value).__name__)[:60], _signature(value)]
        return ["value", writer.encode(value)]

    def on_call(self, tree, reader, writer):
        """Call something: ``[object, attribute or None, args, kwargs, rules or None, verdict, outcome, state]``."""
        number, attribute, args, kwargs, rules, verdict, outcome, state = tree
        fn = self.objects[int(number)]
        if attribute is not None:
            fn = getattr(fn, attribute)
        args, kwargs = reader.decode(args), reader.decode(kwargs)
        self._take_state(state, reader)
        reply = self._one(fn, args, kwargs, rules, self._noted(verdict, outcome), reader.arrays, writer)
        return [*reply, codec.notes_of(reader.givens, writer), self._give_state(writer)]

    def on_calls(self, tree, reader, writer):
        """Call something several times: ``[object, verdict, rules, cases, state, row]``.

        A case is ``[outcome, args, kwargs, shares, times]``: with the same arguments so many times. Replies that are
        alike, but for the bytes of their arrays, are told once, with how many they are.
        """
        number, verdict, rules, cases, state, row = tree
        fn, replies = self.objects[int(number)], []
        self._take_state(state, reader)
        for outcome, args, kwargs, may_share, times in cases:
            given = reader.decode(args), reader.decode(kwargs)
            noted = self._noted(verdict, outcome)
            for k in range(times):
                args, kwargs = given if k == times - 1 else copy_of(given)
                arrays = codec.arrays_of([args, kwargs])
                reply = self._one(fn, args, kwargs, [*rules, may_share], noted, arrays, writer, row)
                if replies and replies[-1][:-1] == reply and not reply[-4]:
                    replies[-1][-1] += 1
                else:
                    replies.append([*reply, 1])
                if row and reply[0] != "ok":
                    break
            if row and replies[-1][0] != "ok":
                break
        generators = [codec.state_of(rng) for rng in reader.generators] if row else []
        notes = codec.notes_of(reader.givens, writer)
        return ["ok", replies, self._give_state(writer), generators, notes]

    def _one(self, fn, args, kwargs, rules, noted, arrays, writer, row=False):
        """One call: what came of it, what it changed, whether it printed, and what was noted."""
        if row:
            arrays = [array if isinstance(array, np.ndarray) else NOTHING for array in arrays]
        before = codec.snapshots(arrays)
        noted.shared = False
        printed = Sink()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                reply = ["ok", self._called(fn, args, kwargs, rules, noted)]
            except Fault as fault:
                reply = ["fault", fault.kind, fault.wanted]
            except NotFromScratch:
                reply = ["borrowed"]
            except BaseException as error:
                reply = ["error", self._error(error)]
        if reply[0] == "ok":
            mark = writer.mark()
            try:
                reply[1] = writer.encode(reply[1])
            except BaseException as error:  # too large, or what a learner's own class does when it is looked at
                writer.back_to(mark)
                reply = ["large", error.size] if isinstance(error, TooLarge) else ["error", self._error(error)]
        return [*reply, codec.changes(arrays, before, writer), printed.used, noted.shared, noted.borrowed]

    def _take_state(self, state, reader):
        if state is not None:
            codec.set_global_state(reader.decode(state))
            self.numbers = codec.global_numbers()

    def _give_state(self, writer):
        numbers = codec.global_numbers()
        moved = None if numbers == self.numbers else writer.encode(codec.global_state())
        self.numbers = numbers
        return moved

    def _called(self, fn, args, kwargs, rules, noted):
        if rules is None:
            return fn(*args, **kwargs)
        call = (lambda *given: fn(*given, **kwargs)) if kwargs else fn
        watched, helpers, may_use, results, may_share = rules
        return observe(call, args, Rules(watched, tuple(helpers), tuple(may_use), results, may_share), noted)

    def _noted(self, verdict, outcome):
        if verdict != self.verdict:
            self.kept.clear()
            self.verdict = verdict
        return self.kept.setdefault(outcome, Noted())

    def on_reused(self, tree, reader, writer):
        """The numbers of the outcomes whose arrays hold something else by now."""
        return ["ok", [number for number, noted in self.kept.items() if has_changed(noted)]]

    def on_rows(self, tree, reader, writer):
        """The layers of the Keras model that a function builds, or the shape of the input it asks for."""
        number, what, args, *more = tree
        from cnncourse.checks import models

        fn, args = self.objects[int(number)], reader.decode(args)
        printed = Sink()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                if what == "rows":
                    shape, dtype = reader.decode(more[0]), more[1]
                    rows = models.rows_built(lambda: fn(*args), shape, dtype)
                    found = [[r.kind, r.shape, r.params, r.activation, r.settings, r.initializers] for r in rows]
                else:
                    found = models.input_shape(fn, *args)
                return ["ok", writer.encode(found), printed.used]
            except Fault as fault:
                return ["fault", fault.kind, fault.wanted]
            except BaseException as error:
                return ["error", self._error(error)]

    def on_attribute(self, tree, reader, writer):
        """An attribute of an object: its value, or that it can be called."""
        try:
            value = getattr(self.objects[int(tree[0])], str(tree[1]))
            return ["method"] if callable(value) else ["value", writer.encode(value)]
        except Exception as error:
            return ["error", self._error(error)]

    def on_forget(self, tree, reader, writer):
        """Let go of what a check has looked at."""
        self.kept.clear()
        return ["ok"]

    def _error(self, error):
        try:
            return codec.error_tree(error, raised_by(error), line_of(error))
        except BaseException:
            return ["Exception", "Exception", "", "", ""]


def _signature(value):
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    found = []
    for p in parameters:
        default = None
        if p.default is not p.empty:
            try:
                default = repr(p.default)[:60]
            except Exception:
                default = "…"
        found.append([p.name, int(p.kind), default])
    return found[:100]


# -- the warm interpreter --------------------------------------------------------------------------------------------

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 38, 47
FIRST_UID = 700_000  # of the users that submissions run as, where the sandbox is root's
FONTS = "/etc/matplotlib"
OUT_OF_MEMORY = 99  # the status of a submission that was ended for the memory it took


def serve(control: int, private: bool, frameworks: list[str]) -> None:
    """Wait for requests on a socket, and fork a process for each submission.

    Args:
        control: the file descriptor of the socket. A request is a line of JSON, and so is its reply.
        private: whether this is a sandbox, in which each submission gets namespaces of its own.
        frameworks: what is imported beforehand.
    """
    channel = socket.socket(fileno=control)
    _warm(frameworks)
    lines = channel.makefile("r", encoding="ascii")
    channel.sendall(b'"ready"\n')
    for line in lines:
        request = json.loads(line)
        if request["do"] == "fork":
            ours, theirs = socket.socketpair()
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    theirs.close()
                    channel.close()
                    status = _guard(ours, request["limits"], private, request["number"])
                finally:
                    os._exit(status)
            ours.close()
            socket.send_fds(channel, [json.dumps(pid).encode() + b"\n"], [theirs.fileno()])
            theirs.close()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(request["pid"], signal.SIGTERM)
            _, status = os.waitpid(request["pid"], 0)
            channel.sendall(json.dumps(os.waitstatus_to_exitcode(status)).encode() + b"\n")
    os._exit(0)


def _warm(frameworks: list[str]) -> None:
    warnings.simplefilter("ignore")
    import cnncourse.checks
    import cnncourse.checks.engine

    # A cell that calls a check has its answer from the judge; here it says nothing.
    cnncourse.checks.check = cnncourse.checks.verdict = lambda *args, **kwargs: None
    for name in frameworks:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if frameworks:
        import cnncourse.checks.models  # noqa: F401
    np.linalg.norm(np.ones((2, 2)))
    codec.global_numbers()  # NumPy imports its generators when they are first asked for
    load_aside(LIBRARY)
    notice_imports()
    gc.collect()
    gc.freeze()


def _guard(channel: socket.socket, limits: dict, private: bool, number: int) -> int:
    """Fork the learner's process, and see to it that it ends; returns its status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    if private:
        libc = ctypes.CDLL(None, use_errno=True)
        _must(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC), "unshare")
        _must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
        size = f"size={limits['disk']},nr_inodes=20000,mode=1777".encode()
        below = [(place, os.open(place, os.O_PATH)) for place in _mounted_below("/tmp/")]
        for place in (b"/tmp", b"/dev/shm"):
            _must(libc.mount(b"tmpfs", place, b"tmpfs", MS_NOSUID | MS_NODEV, size), "a private /tmp")
        for place, was in below:
            folder = os.path.isdir(f"/proc/self/fd/{was}")
            os.makedirs(place if folder else os.path.dirname(place), 0o755, exist_ok=True)
            if not folder:
                os.close(os.open(place, os.O_CREAT))
            _must(libc.mount(b"/proc/self/fd/%d" % was, place.encode(), None, MS_BIND | MS_REC, None), place)
            os.close(was)
    others, before = _processes(), _in_no_process()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _shut_in(channel, limits, private, number)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, signal.SIGTERM})
            status = 0
            with contextlib.suppress(codec.Closed, codec.Late):
                Learner(channel).listen()
        finally:
            os._exit(status)
    channel.close()
    over = False
    while True:
        signalled = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, 0.25)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return OUT_OF_MEMORY if over else 128 - code if code < 0 else code
        if signalled is not None and signalled.si_signo == signal.SIGTERM:
            os.kill(pid, signal.SIGKILL)
        elif 1024 * max(_memory(others), _in_no_process() - before) > limits["memory"]:
            over = True
            os.kill(pid, signal.SIGKILL)


def _mounted_below(folder: str) -> list[str]:
    """Where Python or this package lie in a folder that is about to be hidden: the outermost mounts below it."""
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
        names = [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split()[1]) for line in file]
    found: list[str] = []
    for name in sorted(name for name in names if name.startswith(folder)):
        if not any(name.startswith(f"{outer}/") for outer in found):
            found.append(name)
    return found


def _must(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"the sandbox cannot have {what}: {os.strerror(ctypes.get_errno())}")


def _shut_in(channel: socket.socket, limits: dict, private: bool, number: int) -> None:
    """Give up every right, and every file but the channel."""
    libc = ctypes.CDLL(None, use_errno=True)
    if private:
        # A /proc of its own, where it sees itself alone; or none, where that is forbidden.
        if libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None) != 0:
            _must(libc.mount(b"tmpfs", b"/proc", b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=4k"), "no /proc")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number_ in (0, 1, 2):
        os.dup2(nowhere, number_)
    kept = channel.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, 4096)
    for name, value in (
        ("RLIMIT_CPU", limits["cpu"]),
        ("RLIMIT_FSIZE", limits["disk"]),
        ("RLIMIT_DATA", limits["memory"]),
        ("RLIMIT_AS", limits["addresses"]),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", 128),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MEMLOCK", 0),
        ("RLIMIT_MSGQUEUE", 0),
    ):
        if hasattr(resource, name):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (value, value))
    os.umask(0o077)
    os.setsid()  # a signal to its group stays in it
    if private:
        if os.getuid() == 0:
            uid = FIRST_UID + number % 100_000
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        nothing = (ctypes.c_uint32 * 6)()
        _must(libc.capset(header, nothing), "no capabilities")
        _must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        keyctl = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine)
        if keyctl is not None:  # keys that a submission before left with the user
            for user_keyring in (-4, -5):
                libc.syscall(keyctl, 7, user_keyring)
            libc.syscall(keyctl, 1, None)
    os.chdir("/tmp")
    if private and os.path.isdir(FONTS):  # matplotlib's list of fonts takes seconds to make
        os.mkdir("/tmp/matplotlib")
        for name in os.listdir(FONTS):
            shutil.copy(os.path.join(FONTS, name), "/tmp/matplotlib")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _processes() -> set[str]:
    with contextlib.suppress(OSError):
        return {name for name in os.listdir("/proc") if name.isdigit()}
    return set()


def _memory(others: set[str]) -> int:
    """The kilobytes that all processes but these hold, in memory of their own or shared with each other."""
    total = 0
    for name in _processes() - others:
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/status") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))
    return total


def _in_no_process() -> int:
    """The kilobytes of the machine's memory in files that no disk holds: private /tmp, shared memory, unnamed files."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Shmem:"))
    return 0
