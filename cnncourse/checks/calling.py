"""Calling a function that a learner wrote: with copies, within limits, watched, its results made comparable."""

from __future__ import annotations

import builtins
import contextlib
import decimal
import functools
import gc
import importlib
import importlib.machinery
import inspect
import io
import itertools
import numbers
import os
import signal
import sys
import sysconfig
import threading
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.array_utils import byte_bounds

from cnncourse.checks.task import Case, Rng, Task, Told

__all__ = [
    "Elsewhere",
    "Fault",
    "Frames",
    "NotFromScratch",
    "Outcome",
    "Rules",
    "Sink",
    "TooSlow",
    "answer",
    "arguments_of",
    "as_arrays",
    "ask",
    "call_case",
    "copy_of",
    "first_call",
    "has_changed",
    "import_quietly",
    "load_aside",
    "notice_imports",
    "observe",
    "rules_of",
    "state_kept",
    "time_limit",
]

# Where the work is done already. NumPy is what the course builds on.
OTHERS_WORK = frozenset(
    ["cnncourse", "cv2", "jax", "keras", "scipy", "skimage", "sklearn", "subprocess", "tensorflow", "torch"]
)
TOOLS = ("cnncourse.blas", "cnncourse.checks", "cnncourse.grading", "cnncourse.plots")  # these do nobody's exercise
LEAVING = frozenset(["fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "execv", "execve"])  # for elsewhere
_UNWATCHED = sys.setprofile
INSTALLED = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))
HERE = __file__
LARGE = 100_000  # results with more entries are not kept to see whether they change later
KEPT = 50  # of a case's results that are; a function that hands out one array again and again shows it in two


class TooSlow(BaseException):
    """Raised inside the learner's function when its time is over. No ``except Exception`` catches it."""


class NotFromScratch(BaseException):
    """Raised inside the learner's function where it begins to import what does its work."""


class Fault(BaseException):
    """A result that cannot be compared with numbers. No probe is to go on with it, whatever it catches."""

    def __init__(self, kind: str, wanted: str, part: int = 0, size: int = 0):
        super().__init__(kind)
        self.kind, self.wanted, self.part, self.size = kind, wanted, part, size


@dataclass
class Outcome:
    """What one case brought."""

    case: Case
    expected: tuple[np.ndarray, ...] | None
    hidden: bool
    verdict: int = 0  # which verdict it belongs to
    number: int = 0  # which of its outcomes
    value: tuple[np.ndarray, ...] | None = None  # what came back, as arrays of numbers
    told: Told | None = None  # what the probe says of it
    error: BaseException | None = None
    fault: Fault | None = None
    printed: bool = False
    changed: bool = False
    only_rounding: bool = False  # changed, but by no more than adding and taking away again leaves behind
    shared: bool = False
    borrowed: str = ""  # the function of another library, or of this one, that was called
    returned: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # arrays, and what they held then
    right: bool = False


class Sink(io.TextIOBase):
    """Stands in for stdout and stderr: what a function prints is noticed and not shown."""

    used = False

    def writable(self):
        return True

    def write(self, text):
        self.used = self.used or bool(text)
        return len(text)


# -- limits ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def state_kept():
    """Put back what a function may set for everybody: NumPy's seed, its error and print settings, warning filters."""
    random_state = np.random.get_state()
    with np.errstate(), np.printoptions(), warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(random_state)


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise :class:`TooSlow` in this block after some seconds. Only a main thread with POSIX signals can be stopped."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    alarms = 0

    def out_of_the_except(frame, event, argument):
        if isinstance(sys.exception(), TooSlow):
            raise TooSlow  # the code is handling the first one: from in there a second one gets out
        return out_of_the_except

    def over(signum, frame):
        nonlocal alarms
        alarms += 1
        if alarms > 1:  # a bare `except:` swallows TooSlow as well: follow it step by step
            sys.settrace(out_of_the_except)
            while frame is not None and frame.f_code.co_filename != HERE:
                frame.f_trace, frame.f_trace_opcodes = out_of_the_except, True
                frame = frame.f_back
        raise TooSlow

    tracing = sys.gettrace()
    handler = signal.signal(signal.SIGALRM, over)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracing)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def import_quietly(name: str) -> None:
    """Import a framework with its greetings kept off the screen: nbgrader takes marks off for text on stderr."""
    if name in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            importlib.import_module(name)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


# -- one call --------------------------------------------------------------------------------------------------------


class Frames(Exception):
    """Where an error of another process came from; it is the error's ``__cause__`` here."""

    def __init__(self, raised_by: str, line: str):
        super().__init__(raised_by, line)
        self.raised_by, self.line = raised_by, line


class Elsewhere:
    """A function that lives in another process. Its kind of ``observe`` asks that process to do it.

    ``observed(args, rules, outcome)`` does what :func:`observe` does, ``by_name(positional, keywords)`` is the same
    function called with names, ``reused()`` gives the numbers of the outcomes whose results have changed since,
    ``built(outcome, what, args, shape, dtype)`` asks for the layers of the Keras model that it builds,
    ``time_allowed(seconds, together)`` limits each call and all of them. ``ahead(task, outcomes)`` may call it for
    several cases at once, and ``in_a_row(task, outcome, arguments)`` several times for one case: then
    ``has_called(outcome, args)``, and ``called(outcome, args)`` gives the next result, and the arguments as they are
    afterwards.
    """


@dataclass(frozen=True)
class Rules:
    """What has to be known of a task where a function is called: plain data."""

    watched: bool  # whether calls into libraries are noted
    helpers: tuple[str, ...]
    may_use: tuple[str, ...]
    results: int  # how many results there are to be; 0 where it gives one, and not in a tuple
    may_share: bool


def ask(task: Task, fn: Callable, outcome: Outcome | None, *args, only: tuple[int, ...] = ()):
    """Call ``fn`` with copies of the arguments; return arrays of the kinds that the task names, or raise Fault.

    With ``only``, the results at the other places are taken as they are.

    What is noticed on the way (inputs changed, memory shared, a library used) is written into the outcome.
    """
    mine = arguments_of(args)
    if outcome is None:
        result = fn(*map(copy_of, mine))
    else:
        theirs = mine
        if isinstance(fn, Elsewhere) and fn.has_called(outcome, mine):
            result, theirs = fn.called(outcome, mine)
        else:
            theirs = tuple(map(copy_of, mine))
            where = fn.observed if isinstance(fn, Elsewhere) else functools.partial(observe, fn)
            result = where(theirs, rules_of(task, mine), outcome)
        if theirs is not mine and not all(map(_unchanged, mine, theirs)):
            outcome.only_rounding = not outcome.changed and all(map(_nearly, mine, theirs))
            outcome.changed = True
    results = _results(task, result)
    values = [
        part if only and k not in only else _comparable(task, kind, part, k)
        for k, (kind, part) in enumerate(zip(task.kinds, results, strict=True))
    ]
    return values[0] if isinstance(task.result, str) else tuple(values)


@dataclass(frozen=True)
class Call:
    """What a probe calls: the function, as :func:`ask` does it."""

    task: Task
    fn: Callable
    outcome: Outcome | None

    def __call__(self, *args, only: tuple[int, ...] = ()):
        return ask(self.task, self.fn, self.outcome, *args, only=only)

    def in_a_row(self, arguments: list[tuple]) -> list:
        """``[call(*args) for args in arguments]``; where the function is elsewhere, with one question.

        A generator that stands in several of them goes on from one call to the next.
        """
        there = self.outcome is not None and isinstance(self.fn, Elsewhere)
        if there:
            self.fn.in_a_row(self.task, self.outcome, arguments)
        try:
            return [self(*args) for args in arguments]
        finally:
            if there:
                self.fn.in_a_row(self.task, self.outcome, [])


class _First(BaseException):
    """Ends a probe before its first call."""


class _FirstCall(Call):
    """Makes none: it tells what a probe would ask first."""

    def __call__(self, *args, only: tuple[int, ...] = ()):
        raise _First(args)

    def in_a_row(self, arguments: list[tuple]) -> list:
        raise _First(None)


def first_call(task: Task, case: Case) -> tuple | None:
    """The arguments of the first call for this case; None where that is not a single one."""
    if case.probe is None:
        return arguments_of(case.args)
    try:
        with state_kept():
            case.probe(_FirstCall(task, None, None), *case.args)
    except _First as first:
        return None if first.args[0] is None else arguments_of(first.args[0])
    except Exception:  # then it ends that way when it is asked in earnest
        return None
    return None


def arguments_of(args: tuple) -> tuple:
    """A case's arguments, with a new generator for each that is asked for."""
    return tuple(np.random.default_rng(a.seed) if isinstance(a, Rng) else a for a in args)


def rules_of(task: Task, args: tuple | None = None) -> Rules:
    """What holds for a call with these arguments; without any, what holds for all."""
    count = 0 if isinstance(task.result, str) else len(task.result)
    may_share = args is not None and task.may_share(*args)
    return Rules(not task.libraries, task.helpers, task.may_use, count, may_share)


def observe(fn: Callable, args: tuple, rules: Rules, outcome) -> object:
    """Call a function, and note in the outcome what can be seen only where the function lives.

    That is the library it calls (``borrowed``), memory it shares with its arguments (``shared``), and the arrays it
    returned with what they held then (``returned``).
    """
    with _Watch(rules, outcome) if rules.watched and not outcome.borrowed else contextlib.nullcontext():
        result = fn(*args)
        if inspect.iscoroutine(result):
            result.close()  # or Python complains that nobody waited for it
    results = (result,)
    if rules.results:
        if not isinstance(result, (tuple, list)) or len(result) != rules.results:
            return result
        results = tuple(result)
    if not rules.may_share:
        given = [array for argument in args for array in _arrays(argument)]
        plain = [argument for argument in args if isinstance(argument, np.ndarray)]
        outcome.shared = outcome.shared or any(
            np.may_share_memory(array, other)
            for part in results
            for array in _arrays(part)
            for other in (given if part is array else plain)  # a state may carry on what an older one held
        )
    returned = [array for part in results for array in _arrays(part)]
    small = (array for array in returned if array.size <= LARGE and array.dtype.kind in "fiub")
    outcome.returned += [(r, r.copy()) for r in itertools.islice(small, max(0, KEPT - len(outcome.returned)))]
    return result


def has_changed(outcome) -> bool:
    """Whether an array that a function returned holds something else by now: it hands out one array again and again."""
    return any(not np.array_equal(now, then, equal_nan=now.dtype.kind == "f") for now, then in outcome.returned)


def call_case(task: Task, fn: Callable, outcome: Outcome) -> Outcome:
    """Put one case to the function, and write down what came of it."""
    sink = Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        try:
            outcome.value, outcome.told = _probe(task, fn, outcome.case, outcome)
        except (KeyboardInterrupt, TooSlow):
            raise
        except Fault as fault:
            outcome.fault = fault
        except BaseException as error:  # SystemExit and whatever else a submission may raise
            outcome.error = error
    outcome.printed = outcome.printed or sink.used
    return outcome


def answer(task: Task, fn: Callable, case: Case) -> tuple[np.ndarray, ...]:
    """What a function of our own answers to a case: a reference, or a misconception."""
    return _probe(task, fn, case, None)[0]


def as_arrays(numbers_of) -> tuple[np.ndarray, ...]:
    """What a probe returns, as a tuple of arrays: a tuple has several parts."""
    parts = numbers_of if isinstance(numbers_of, tuple) else (numbers_of,)
    return tuple(np.array(part, dtype=float) for part in parts)


def _probe(task, fn, case, outcome) -> tuple[tuple[np.ndarray, ...], Told | None]:
    call = Call(task, fn, outcome)
    told = None
    if case.probe is None and case.parts:
        results = call(*case.args, only=case.parts)
        found = tuple(results[k] for k in case.parts)
    elif case.probe is None:
        found = call(*case.args)
    else:
        found = case.probe(call, *case.args)
        if isinstance(found, Told):
            told, found = found, found.numbers
    return as_arrays(found), told


def copy_of(argument):
    """A copy the function may spoil, with the very memory layout of the original: views stay the views they are."""
    if isinstance(argument, (list, tuple)):
        return type(argument)(map(copy_of, argument))
    if isinstance(argument, dict):
        return {key: copy_of(value) for key, value in argument.items()}
    if not isinstance(argument, np.ndarray):
        return argument
    low, high = byte_bounds(argument)
    offset = argument.__array_interface__["data"][0] - low
    copy = np.ndarray(argument.shape, argument.dtype, bytearray(high - low), offset, argument.strides)
    copy[...] = argument
    return copy


def _unchanged(ours, theirs, same=lambda a, b: np.array_equal(a, b, equal_nan=a.dtype.kind == "f")) -> bool:
    """Whether an argument holds what it held."""
    if isinstance(ours, np.ndarray):
        return ours.shape == theirs.shape and ours.dtype == theirs.dtype and bool(same(ours, theirs))
    if isinstance(ours, (list, tuple)):
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(_unchanged(one, other, same) for one, other in pairs)
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(_unchanged(ours[key], theirs[key], same) for key in ours)
    return ours is theirs or not isinstance(ours, numbers.Number) or ours == theirs


def _nearly(ours, theirs) -> bool:
    """Whether it does but for rounding: what `+ eps`, `- 2 * eps`, `+ eps` leaves behind."""
    return _unchanged(ours, theirs, lambda a, b: np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))


def _arrays(argument) -> list[np.ndarray]:
    """The arrays in an argument that may be a list, tuple or dict of them."""
    if isinstance(argument, dict):
        argument = list(argument.values())
    if isinstance(argument, (list, tuple)):
        return [array for item in argument for array in _arrays(item)]
    return [argument] if isinstance(argument, np.ndarray) else []


# -- results ---------------------------------------------------------------------------------------------------------


def _results(task: Task, result) -> tuple:
    """The results one by one; a function with several returns them as a tuple, or as a list."""
    if isinstance(task.result, str):
        return (result,)
    wanted = f"{len(task.result)} results"
    if not isinstance(result, (tuple, list)):
        raise Fault(_kind_of(result), wanted)
    if len(result) != len(task.result):
        raise Fault(f"{len(result)} result{'s' * (len(result) != 1)}", wanted)
    return tuple(result)


def _comparable(task: Task, wanted: str, value, part: int):
    if wanted == "anything":
        return value
    if value is None:
        raise Fault("None", wanted, part)
    if wanted in ("number", "bool", "value") and isinstance(value, (numbers.Number, decimal.Decimal)):
        if isinstance(value, complex):
            if value.imag != 0:
                raise Fault("complex", wanted, part)
            value = value.real
        return np.array(value, dtype=float)
    if wanted == "table":
        if not isinstance(value, (list, tuple, np.ndarray)):
            raise Fault(_kind_of(value), wanted, part)
        try:
            value = task.convert(value) if task.convert else _rectangle(value)
        except (TypeError, ValueError):
            raise Fault("table", wanted, part) from None
    if not isinstance(value, (np.ndarray, np.generic)):
        raise Fault(_kind_of(value), wanted, part)
    if value.dtype.kind == "c":
        raise Fault("complex", wanted, part)
    if value.dtype.kind == "O":
        raise Fault("object", wanted, part)
    if value.dtype.kind not in "fiub":
        raise Fault("text", wanted, part)
    if value.size > 10_000_000:
        raise Fault("too large", wanted, part, value.size)
    return np.array(value, dtype=float)


def _rectangle(table) -> np.ndarray:
    """A table of numbers as an array; rows of different lengths are filled up with −1."""
    if isinstance(table, np.ndarray) and table.dtype.kind != "O":
        return table
    rows = [np.asarray(row) for row in table]
    if any(row.dtype.kind not in "fiub" for row in rows):
        raise ValueError("no numbers")
    if len({row.shape for row in rows}) <= 1:
        return np.array(rows, dtype=float)
    if max(row.ndim for row in rows) > 1:
        raise ValueError("rows of rows, of different sizes")
    rows = [np.atleast_1d(row) for row in rows]
    filled = np.full((len(rows), max(map(len, rows))), -1.0)
    for k, row in enumerate(rows):
        filled[k, : len(row)] = row
    return filled


def _kind_of(value) -> str:
    return "None" if value is None else type(value).__name__


def is_a_plain_type(kind: str) -> bool:
    """Whether this is the name of a type of Python's or NumPy's own; a learner's type could tell a hidden input."""
    return hasattr(builtins, kind) or hasattr(np, kind)


# -- from scratch ----------------------------------------------------------------------------------------------------


class _Watch:
    """Notes in an outcome the first call from the learner's code into a library that does the exercise for them.

    Following every call of a function takes as long as the function itself. As long as no such library has been
    imported there is none to call: then imports are followed, and ways out of the process.
    """

    def __init__(self, rules: Rules, outcome):
        self.rules, self.outcome = rules, outcome
        self.profiling = False

    def __enter__(self):
        global _watching
        self.before, self.around, self.collecting = sys.getprofile(), _watching, gc.isenabled()
        notice_imports()
        gc.disable()  # what it calls, it calls from the learner's line
        _watching = self
        threading.setprofile(self._called)
        if _imports.seen or _imports not in sys.meta_path:
            self._profile()

    def __exit__(self, *error):
        global _watching
        _watching = self.around
        if self.profiling or sys.getprofile() is not self.before:
            sys.setprofile(self.before)
        threading.setprofile(None)
        if self.collecting:
            gc.enable()

    def _profile(self) -> None:
        self.profiling = True
        sys.setprofile(self._called)

    def _called(self, frame, event, argument):
        """A profile function: see :func:`sys.setprofile`."""
        if event == "call":
            module = frame.f_globals.get("__name__")
            if module in _HARMLESS:
                return
            name, caller = frame.f_code.co_name, frame.f_back
        elif event == "c_call":
            module = getattr(argument, "__module__", None)
            if module in _HARMLESS:
                return
            name, caller = argument.__name__, frame
        else:
            return
        if event == "c_call" and (argument is _UNWATCHED or (name in LEAVING and module in ("posix", "nt"))):
            self._leaves(f"{'sys' if module == 'sys' else 'os'}.{name}", caller)
        elif not _foreign(module):
            if type(module) is str and module not in ("sys", "posix", "nt") and len(_HARMLESS) < 10_000:
                _HARMLESS.add(module)
        elif f"{module}.{name}" not in self.rules.may_use and self._by_the_learner(caller):
            if name == "<module>" and not module.startswith("cnncourse"):
                self._imports(module)
            elif not name.startswith(("<", "__")):
                self._notes(f"{module}.{name}")

    def imported(self, module: str, caller) -> None:
        """A library is about to be imported from this frame."""
        if module.startswith("cnncourse") or not self._by_the_learner(caller):
            self._profile()
        else:
            self._imports(module)

    def audited(self, event: str, caller) -> None:
        """An event of :func:`sys.addaudithook` that is a way out of the process, or of being watched."""
        name = event.rpartition(".")[2]
        while caller and caller.f_globals.get("__name__") == "subprocess":
            name, caller = caller.f_code.co_name, caller.f_back
            if name == "__init__":
                name = "Popen"
        if not event.startswith("subprocess"):
            self._leaves(event, caller)
        elif f"subprocess.{name}" not in self.rules.may_use and self._by_the_learner(caller):
            self._notes(f"subprocess.{name}")

    def _leaves(self, what: str, caller) -> None:
        if caller is None or caller.f_code.co_filename not in (HERE, threading.__file__):
            self._notes(what)

    def _notes(self, what: str) -> None:
        self.outcome.borrowed = self.outcome.borrowed or what
        sys.setprofile(self.before)

    def _imports(self, module: str) -> None:
        """A framework is imported: do not wait for it."""
        self._notes(module.partition(".")[0])
        raise NotFromScratch

    def _by_the_learner(self, caller) -> bool:
        """Not by a library on its own behalf: matplotlib asks TensorFlow about every array it is given."""
        while caller and caller.f_code.co_filename.startswith("<frozen importlib"):
            caller = caller.f_back
        if caller is None or caller.f_code.co_name in self.rules.helpers:  # a helper has a check of its own
            return False
        module = caller.f_globals.get("__name__") or ""
        if module.partition(".")[0] == "cnncourse":
            return module.startswith("cnncourse.checks")
        return not caller.f_code.co_filename.startswith(INSTALLED)


class _Imports:
    """Stands first in ``sys.meta_path`` and finds nothing: it sees which libraries are imported.

    Attributes:
        ready: whether it stands there.
        seen: whether one was that does somebody's exercise.
        aside: modules that were loaded and put out of sight: see :func:`load_aside`.
    """

    ready = seen = False

    def __init__(self):
        self.aside: dict[str, types.ModuleType] = {}

    def find_spec(self, name, path=None, target=None):
        """Import hook: see :class:`importlib.abc.MetaPathFinder`."""
        if name != "subprocess" and _foreign(name):
            if _watching is not None and not _watching.profiling:
                _watching.imported(name, sys._getframe(1))
            self.seen = True
        if name in self.aside:
            return importlib.machinery.ModuleSpec(name, self, is_package=hasattr(self.aside[name], "__path__"))
        return None

    def create_module(self, spec):
        """Import hook: see :class:`importlib.abc.Loader`."""
        return self.aside[spec.name]

    def exec_module(self, module):
        """Import hook: it has been executed."""


def _audited(event, arguments):
    if _watching is not None and event in _WAYS_OUT and not _watching.profiling:
        _watching.audited(event, sys._getframe(1))


def _foreign(module) -> bool:
    """Whether what is in this module would be others' work."""
    return bool(module) and module.partition(".")[0] in OTHERS_WORK and not module.startswith(TOOLS)


def notice_imports() -> None:
    """From now on notice which libraries are imported."""
    if _imports.ready:
        return
    _imports.ready = True
    loaded = (name for name in list(sys.modules) if name not in ("cnncourse", "subprocess"))
    _imports.seen = any(map(_foreign, loaded))
    sys.meta_path.insert(0, _imports)
    sys.addaudithook(_audited)


def load_aside(names: list[str]) -> None:
    """Import modules of the course, so that to import them again takes no time; until then nobody has them."""
    for name in names:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("cnncourse.") and _foreign(name)]:
        _imports.aside[name] = sys.modules.pop(name)
        package, _, attribute = name.rpartition(".")
        vars(sys.modules.get(package) or _imports.aside[package]).pop(attribute, None)


_imports, _watching = _Imports(), None
_HARMLESS = {None}  # names of modules that have been looked at
_WAYS_OUT = frozenset("os.fork os.forkpty os.posix_spawn os.system os.exec subprocess.Popen sys.setprofile".split())
