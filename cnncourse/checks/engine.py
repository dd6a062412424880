"""The engine that runs every task, in the learner's notebook and in the instructor's judge.

It calls a function on a task's cases, compares every entry of every result with the reference, looks for the
misconception that explains what it saw, and writes down what a tutor would say.
"""

from __future__ import annotations

import builtins
import contextlib
import decimal
import gc
import inspect
import io
import linecache
import numbers
import signal
import sys
import sysconfig
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.lib.array_utils import byte_bounds

from cnncourse.checks.feedback import Feedback
from cnncourse.checks.task import Case, Misconception, Panel, Task

__all__ = ["SECONDS", "Verdict", "judge"]

SECONDS = 5  # for all the calls of one function together; a loop in Python needs less than one

# Results may come from another order of additions, or from float32: each entry may be off by this share of the largest
# expected entry. Counts are exact.
TOLERANCE = 1e-4

# Where the work is done already. NumPy is what the course builds on.
OTHERS_WORK = frozenset(["cnncourse", "cv2", "jax", "keras", "scipy", "skimage", "sklearn", "tensorflow", "torch"])
TOOLS = ("cnncourse.checks", "cnncourse.plots")  # these do nobody's exercise
INSTALLED = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))

INPUTS_KEPT = "inputs left unchanged, and a fresh result"
LIBRARY = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Verdict:
    """What is said of a function: ``passed``, ``score`` from 0 to 1, ``misconception`` (a name or None), "
    "``message``."""

    assignment: str
    function: str
    passed: bool
    score: float
    misconception: str | None
    feedback: Feedback = field(repr=False)

    @property
    def message(self) -> str:
        """What a tutor would say, as text for a terminal."""
        return self.feedback.text()

    def html(self) -> str:
        """The same for a notebook."""
        return self.feedback.html()

    def __str__(self) -> str:
        return self.message


@dataclass
class Outcome:
    """What one call brought."""

    case: Case
    expected: np.ndarray
    hidden: bool
    result: object = None  # what came back
    value: np.ndarray | None = None  # the same as an array of floats, where it is numbers
    error: BaseException | None = None
    printed: bool = False
    changed: bool = False
    shared: bool = False
    borrowed: str = ""  # the function of another library, or of this one, that was called
    fault: str = ""  # the kind of result that cannot be compared: "None", "list", …
    right: bool = False


@dataclass(frozen=True)
class Finding:
    """What is wrong: its name where it has one, a tutor's sentence, and the outcome that shows it."""

    name: str | None
    says: str
    shown: Outcome | None = None


class TooSlow(BaseException):
    """Raised inside the learner's function when its time is over. No ``except Exception`` catches it."""


class NotFromScratch(BaseException):
    """Raised inside the learner's function where it begins to import what does its work."""


def judge(task: Task, fn, seeds: list[tuple[int, bool]]) -> Verdict:
    """Run ``fn`` on the task's cases of every (seed, hidden) and say what is to be said."""
    finding = _not_callable(task, fn)
    if finding:
        return _verdict(task, [], finding)
    drawn = [(case, expected, hidden) for seed, hidden in seeds for case, expected in task.draw(seed)]
    drawn.append(drawn[0])  # the same input again: an answer must not depend on what was asked before
    call = _calling(task, fn, [case for case, _, _ in drawn])
    if isinstance(call, Finding):
        return _verdict(task, [], call)
    outcomes = []
    try:
        with _state_kept(), _time_limit(SECONDS):
            for case, expected, hidden in drawn:
                outcomes.append(_call(task, call, Outcome(case, expected, hidden)))
    except TooSlow:
        return _verdict(task, [], _too_slow(task, outcomes))
    borrowed = next((outcome.borrowed for outcome in outcomes if outcome.borrowed), "")
    if borrowed:
        return _verdict(task, [], _not_from_scratch(task, borrowed))
    _look_for_reused_results(outcomes)
    counted = [outcome for outcome in outcomes if not outcome.case.advice]
    if all(isinstance(outcome.error, NotImplementedError) for outcome in counted):
        return _verdict(task, [], _not_written(task, counted[0].error))
    if all(outcome.right and not outcome.changed and not outcome.shared for outcome in counted):
        return _verdict(task, outcomes, None)
    return _verdict(task, outcomes, _explain(task, counted))


# -- calling ---------------------------------------------------------------------------------------------------------


class _Sink(io.TextIOBase):
    """Stands in for stdout and stderr: what a function prints is noticed and not shown."""

    used = False

    def writable(self):
        return True

    def write(self, text):
        self.used = self.used or bool(text)
        return len(text)


@contextlib.contextmanager
def _state_kept():
    """Put back what a function may set for everybody: NumPy's seed, its error and print settings, warning filters."""
    random_state = np.random.get_state()
    with np.errstate(), np.printoptions(), warnings.catch_warnings():
        try:
            yield
        finally:
            np.random.set_state(random_state)


@contextlib.contextmanager
def _time_limit(seconds: float):
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
            while frame is not None and frame.f_code.co_filename != __file__:
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


def _copy(argument):
    """A copy the function may spoil, with the very memory layout of the original: views stay the views they are."""
    if not isinstance(argument, np.ndarray):
        return argument
    low, high = byte_bounds(argument)
    offset = argument.__array_interface__["data"][0] - low
    copy = np.ndarray(argument.shape, argument.dtype, bytearray(high - low), offset, argument.strides)
    copy[...] = argument
    return copy


def _calling(task: Task, fn, cases: list[Case]) -> Callable | Finding:
    """How to call the function with a case's arguments: in their order, or the optional ones by their names."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return fn  # some built-in functions do not tell; then the call itself will
    positional = len(inspect.signature(task.reference).parameters) - len(task.keywords)

    def by_name(*args):
        return fn(*args[:positional], **dict(zip(task.keywords, args[positional:], strict=False)))

    for way in (fn, by_name) if task.keywords else (fn,):
        try:
            for count in {len(case.args) for case in cases}:
                names = dict(zip(task.keywords, range(count)[positional:], strict=False)) if way is by_name else {}
                signature.bind(*range(count - len(names)), **names)
            return way
        except TypeError:
            continue
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    yours = signature.replace(parameters=bare, return_annotation=signature.empty)
    return Finding(
        "wrong arguments",
        f"`{task.name}` is called as `{task.signature}`; yours is defined as `{task.name}{yours}`.",
    )


def _call(task: Task, call: Callable, outcome: Outcome) -> Outcome:
    args = tuple(_copy(argument) for argument in outcome.case.args)
    sink = _Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), _watched(task, outcome):
        try:
            outcome.result = call(*args)
            if inspect.iscoroutine(outcome.result):
                outcome.result.close()  # or Python complains that nobody waited for it
        except (KeyboardInterrupt, TooSlow):
            raise
        except BaseException as error:  # SystemExit and whatever else a submission may raise
            outcome.error = error
    outcome.printed = sink.used
    arrays = [(ours, theirs) for ours, theirs in zip(outcome.case.args, args, strict=True) if hasattr(ours, "flags")]
    outcome.changed = any(not np.array_equal(ours, theirs) for ours, theirs in arrays)
    if outcome.error is None:
        outcome.fault = _fault(task, outcome)
        if not outcome.fault:
            if isinstance(outcome.result, np.ndarray):
                outcome.shared = any(np.may_share_memory(outcome.result, theirs) for _, theirs in arrays)
            numbers_of = outcome.result.real if isinstance(outcome.result, complex) else outcome.result
            outcome.value = np.array(numbers_of, dtype=float)
            outcome.right = _agrees(task, outcome.value, outcome.expected)
    return outcome


@contextlib.contextmanager
def _watched(task: Task, outcome: Outcome):
    """Note the first call from the learner's code into a library that does the exercise for them."""

    def foreign(module: str) -> bool:
        return module.partition(".")[0] in OTHERS_WORK and not module.startswith(TOOLS)

    def by_the_learner(caller) -> bool:
        """Not by a library on its own behalf: matplotlib asks TensorFlow about every array it is given."""
        while caller and caller.f_code.co_filename.startswith("<frozen importlib"):
            caller = caller.f_back
        if caller is None or caller.f_code.co_name in task.helpers:  # a helper has a check of its own
            return False
        module = caller.f_globals.get("__name__") or ""
        if module.partition(".")[0] == "cnncourse":
            return module.startswith("cnncourse.checks")
        return not caller.f_code.co_filename.startswith(INSTALLED)

    def watch(frame, event, argument):
        if event == "call":
            module, name, caller = frame.f_globals.get("__name__"), frame.f_code.co_name, frame.f_back
        elif event == "c_call":
            module, name, caller = getattr(argument, "__module__", None), argument.__name__, frame
        else:
            return
        if not foreign(module or "") or f"{module}.{name}" in task.may_use or not by_the_learner(caller):
            return
        if name == "<module>" and not module.startswith("cnncourse"):  # a framework is imported: do not wait for it
            outcome.borrowed = module.partition(".")[0]
            sys.setprofile(before)
            raise NotFromScratch
        if not name.startswith(("<", "__")):
            outcome.borrowed = f"{module}.{name}"
            sys.setprofile(before)

    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # what it calls, it calls from the learner's line
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()


def _fault(task: Task, outcome: Outcome) -> str:
    """Why a result cannot be compared with numbers, or nothing."""
    value = outcome.result
    kind = type(value).__name__
    if outcome.hidden and getattr(builtins, kind, None) is not type(value):
        kind = "thing of another kind"  # a type's name could tell a hidden input
    if value is None:
        return "None"
    if task.result == "number" and isinstance(value, (numbers.Number, decimal.Decimal)):
        if isinstance(value, complex):
            return "" if value.imag == 0 else "complex"
        return ""
    if not isinstance(value, (np.ndarray, np.generic)):
        return kind
    if value.dtype.kind == "c":
        return "complex"
    if value.dtype.kind == "O":
        return "object"
    if value.dtype.kind not in "fiub":
        return "text"
    return "too large" if value.size > 100 * max(outcome.expected.size, 100) else ""


def _agrees(task: Task, value: np.ndarray, expected: np.ndarray) -> bool:
    if value.shape != expected.shape or not np.isfinite(value).all():
        return False
    return bool(np.all(np.abs(value - expected) <= _leeway(task, expected)))


def _leeway(task: Task, expected: np.ndarray) -> float:
    if task.result == "number":
        return 1e-9
    return TOLERANCE * max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))


def _look_for_reused_results(outcomes: list[Outcome]) -> None:
    """A function that hands out the same array each time overwrites its earlier answers."""
    for outcome in outcomes:
        if isinstance(outcome.result, np.ndarray) and outcome.value is not None:
            now = np.asarray(outcome.result, dtype=float)
            if now.shape != outcome.value.shape or not np.array_equal(now, outcome.value, equal_nan=True):
                outcome.shared = True


# -- explaining ------------------------------------------------------------------------------------------------------


def _not_callable(task: Task, fn) -> Finding | None:
    if fn is None:
        return Finding(
            "not defined",
            f"There is no function called `{task.name}` yet. Run the cell that defines it, and keep the name as it is.",
        )
    if inspect.isclass(fn):
        return Finding(
            "a class instead of a function",
            f"`{task.name}` is a class, a kind of thing. A function is asked for: it is defined by `def`.",
        )
    if not callable(fn):
        return Finding(
            "not a function",
            f"`{task.name}` is {_a(type(fn).__name__)}, not a function. It may have been overwritten by a variable "
            "of the same name: run the cell that defines it again.",
        )
    return None


def _too_slow(task: Task, outcomes: list[Outcome]) -> Finding:
    calls = f"in call number {len(outcomes) + 1}"
    return Finding(
        "takes too long",
        f"`{task.name}` was stopped {calls}: it ran for more than {SECONDS} seconds on inputs of a few numbers. "
        "Look for "
        "a `while` whose condition never becomes false, or a loop that adds to what it loops over.",
    )


def _not_written(task: Task, error: BaseException) -> Finding:
    """`raise NotImplementedError` is still there: in this function, or in one that it calls."""
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    raised_in = frames[-1] if frames else task.name
    if raised_in != task.name and raised_in in task.helpers:
        return Finding(
            "needs a function that is not written yet",
            f"`{raised_in}`, which you use here, still says `raise NotImplementedError`. Finish it first.",
        )
    return Finding(
        "not written yet",
        f"In place of `raise NotImplementedError` write your own `{task.name}`, then run this check again.",
    )


def _not_from_scratch(task: Task, borrowed: str) -> Finding:
    module, _, name = borrowed.rpartition(".")
    library = borrowed.partition(".")[0]
    whose = "the course's own library" if library == "cnncourse" else library
    if name and module and not name.startswith("_"):
        whose = f"`{name}` of {whose}"
    return Finding(
        "not from scratch",
        f"`{task.name}` leaves the work to {whose}. Elsewhere that is right. Here the point is to know what such a "
        "function does inside, so write it yourself, with NumPy; then it counts.",
    )


def _explain(task: Task, outcomes: list[Outcome]) -> Finding:
    """First what no arithmetic explains, then the bank of misconceptions, then what is left."""
    wrong = [outcome for outcome in outcomes if not outcome.right]
    if any(outcome.changed for outcome in outcomes):
        return Finding(
            "input changed",
            f"`{task.name}` changes the array it is given, so whoever calls it loses their data. Write into an "
            "array of "
            "your own: an in-place operation (`+=`, `*=`, `array[...] = …`) on an argument is what to look for.",
            _first(wrong),
        )
    if not wrong:
        return Finding(
            "result is not a fresh array",
            f"The numbers are right, but `{task.name}` returns memory that belongs to someone else: its "
            "argument, or an earlier answer of its own. Changing one then changes the other. Return a new array.",
        )
    if all(outcome.fault for outcome in wrong):
        return _explain_fault(task, _first(wrong))
    named = _match(task, outcomes, wrong)
    failed = [outcome for outcome in wrong if outcome.error is not None]
    if named:
        with_value = [outcome for outcome in wrong if outcome.value is not None]
        says = named.says
        if failed and with_value:
            says += f" On other inputs it ends with an error: {_error_text(_first(failed))}."
        return Finding(named.name, says, _first(with_value or wrong))
    if failed:
        return _explain_error(task, failed)
    faulty = [outcome for outcome in wrong if outcome.fault]
    if faulty:
        return _explain_fault(task, _first(faulty))
    with_nan = [outcome for outcome in wrong if np.isnan(outcome.value).any()]
    if with_nan:
        return Finding(
            "not a number (nan)",
            "Some entries of your result are nan. 0 / 0 gives that, and so does the square root of a negative "
            "number; an "
            "array made by `np.empty` may hold it where nothing was written.",
            _first(with_nan),
        )
    again = outcomes[-1]  # the first input, a second time
    if not again.right and outcomes[0].right:
        return Finding(
            "remembers earlier calls",
            "The same input gives another answer the second time. What lives outside your function, or in a default "
            "argument, and is not made anew for each call?",
            again,
        )
    return _explain_values(task, outcomes, wrong)


def _explain_values(task: Task, outcomes: list[Outcome], wrong: list[Outcome]) -> Finding:
    numbers = [outcome.value for outcome in outcomes]
    if all(value.shape == numbers[0].shape and np.array_equal(value, numbers[0]) for value in numbers):
        return Finding(
            "same answer for every input",
            f"`{task.name}` gives the same answer whatever it is given. Something in it does not depend on the "
            "arguments: "
            "a variable of the notebook in their place, or a result kept from an earlier call?",
            _first(wrong),
        )
    with_shape = [outcome for outcome in wrong if outcome.value.shape != outcome.expected.shape]
    if with_shape:
        shown = _first(with_shape)
        value, expected = shown.value, shown.expected
        if value.ndim != expected.ndim:
            axes = (
                "no axes: it is one number" if not value.ndim else f"{value.ndim} ax{'is' if value.ndim == 1 else 'es'}"
            )
            return Finding(None, f"Your result has {axes}. It should have {expected.ndim} axes, always.", shown)
        if shown.hidden:
            return Finding(None, f"The result's shape is not always the right one. {task.shape}", shown)
        return Finding(
            None, f"Your result has the shape {value.shape}, and {expected.shape} is expected. {task.shape}", shown
        )
    pattern = _pattern(outcomes, wrong)
    if pattern:
        return pattern
    if len(wrong) == len(outcomes):
        what = "answer" if task.result == "number" else "entry"
        start = "" if task.result == "number" else "The shapes are right and the numbers are not. "
        return Finding(None, f"{start}Compute the {what} below by hand, and let your code follow you.", _first(wrong))
    abouts = {outcome.case.about for outcome in wrong}
    if abouts == {outcome.case.about for outcome in outcomes}:
        return Finding(None, "It is right on some inputs and wrong on others.", _first(wrong))
    return Finding(None, f"It is right on some inputs and wrong on others: {'; '.join(sorted(abouts))}.", _first(wrong))


def _pattern(outcomes: list[Outcome], wrong: list[Outcome]) -> Finding | None:
    """What can be seen from the numbers alone: nearly right, all zero, or off by the same factor or summand."""
    value = np.concatenate([outcome.value.ravel() for outcome in outcomes])
    expected = np.concatenate([outcome.expected.ravel() for outcome in outcomes])
    if not np.isfinite(value).all():
        return None
    if not value.any():
        return Finding("all zeros", "Your result is 0 everywhere: was anything ever written into it?", _first(wrong))
    if np.allclose(value, expected, rtol=1e-2, atol=1e-2):
        return Finding(
            "digits missing",
            "Very near, but not near enough. Is something rounded, added to avoid a 0, or kept in float16?",
            _first(wrong),
        )
    factor = value @ expected / (expected @ expected)
    if np.allclose(value, factor * expected, rtol=1e-3, atol=1e-3) and factor:
        says = f"Each of your numbers is {factor:.3g} times what it should be.".replace("-", "−")
        return Finding("all numbers off by one factor", says, _first(wrong))
    summand = np.mean(value - expected)
    if np.allclose(value, expected + summand, rtol=1e-3, atol=1e-3):
        return Finding(
            "a constant added",
            f"All your numbers are {abs(summand):.3g} too {'large' if summand > 0 else 'small'}. Where does the "
            "sum start, and what does a fresh array hold?",
            _first(wrong),
        )
    return None


def _explain_fault(task: Task, outcome: Outcome) -> Finding:
    kind = outcome.fault
    number = task.result == "number"
    if kind == "None" and outcome.printed:
        name, says = (
            "printed instead of returned",
            (
                f"`{task.name}` prints its answer and gives nothing back. What a function prints, no other code "
                "can use: "
                "end it with `return`."
            ),
        )
    elif kind == "None":
        name, says = (
            "nothing returned",
            (f"`{task.name}` gives nothing back (None). Is there a `return` at its end, on every way through it?"),
        )
    elif kind in ("list", "tuple", "ndarray") and number:
        name = f"{_a('array' if kind == 'ndarray' else kind)} instead of a number"
        says = f"`{task.name}` returns {_a(kind)}; one number is asked for."
    elif kind in ("list", "tuple"):
        name, says = (
            f"{_a(kind)} instead of an array",
            (
                f"`{task.name}` returns {_a(kind)}. Whatever comes after it does arithmetic with whole arrays: "
                "return one NumPy array, which may well be made from what you have."
            ),
        )
    elif kind == "generator":
        name, says = (
            "yielded instead of returned",
            ("`yield` hands results out one by one, to whoever asks. Collect them in an array and `return` the whole."),
        )
    elif kind == "complex":
        name, says = (
            "complex numbers",
            (
                f"`{task.name}` returns complex numbers. An inverse Fourier transform does, and so does a root "
                "of a negative number; real ones are asked for."
            ),
        )
    elif kind == "object":
        name, says = (
            "an array of objects",
            (
                f"`{task.name}` returns an array that holds Python objects instead of numbers. Rows of "
                "different lengths make one: fill an array made by `np.zeros` instead."
            ),
        )
    elif kind == "text":
        name, says = "an array of text", f"`{task.name}` returns an array that holds no numbers."
    elif kind == "too large":
        size = f"{outcome.result.size:,} numbers" if not outcome.hidden else "far too many numbers"
        wanted = "" if outcome.hidden else f" where {outcome.expected.size:,} are expected"
        name, says = "far too large", f"`{task.name}` returns {size}{wanted}. {task.shape}"
    else:
        name = "not a number" if number else "not an array"
        says = f"`{task.name}` returns {_a(kind)}; {'a number' if number else 'a NumPy array'} is asked for."
    return Finding(name, says, None if kind == "None" else outcome)


def _explain_error(task: Task, failed: list[Outcome]) -> Finding:
    shown = _first(failed)
    if isinstance(shown.error, SystemExit):
        says = f"`{task.name}` calls `exit`, which ends the whole notebook. `return` ends a function."
        return Finding("ends the program", says, shown)
    if isinstance(shown.error, RecursionError):
        says = f"`{task.name}` calls itself without an end: each call needs to come closer to one that does not."
        return Finding("calls itself without end", says, shown)
    if shown.hidden:
        return Finding(
            "raises an error",
            f"On a hidden case `{task.name}` raises {_error_text(shown)}. Does it rely on one size, one type, "
            "or as many rows as columns?",
            shown,
        )
    where = _where(shown.error)
    says = f"`{task.name}` raises {_error_text(shown)}".rstrip(".") + "."
    return Finding("raises an error", f"{says} It happens in your line `{where}`." if where else says, shown)


def _error_text(outcome: Outcome) -> str:
    """An error in words: its type and what it says; of a hidden case, its type where Python or NumPy named it."""
    kind = type(outcome.error).__name__
    if outcome.hidden:
        return kind if getattr(builtins, kind, None) is type(outcome.error) else "an error"
    try:
        text = " ".join(str(outcome.error).split())
    except Exception:  # an exception of the learner's own whose text cannot be made
        text = ""
    return f"{kind}: {text[:200]}{' …' if len(text) > 200 else ''}" if text else kind


def _where(error: BaseException) -> str:
    """The last line of the learner's own code on the way to the error."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        library = "site-packages" in frame.filename or frame.filename.startswith((LIBRARY, "<__array"))
        line = linecache.getline(frame.filename, frame.lineno or 0).strip().replace("`", "'")
        if line and not library:
            return line if len(line) <= 120 else line[:117] + "…"
    return ""


def _match(task: Task, outcomes: list[Outcome], wrong: list[Outcome]) -> Misconception | None:
    """The misconception that answers as the learner does.

    Either on every case, errors included; or wherever the learner's function gave numbers and they were wrong. For the
    second, a case or two can be a coincidence: it takes a fifth of all.
    """
    with_value = [outcome for outcome in wrong if outcome.value is not None]
    on_the_wrong_ones = None
    sink = _Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), np.errstate(all="ignore"):
        for misconception in task.misconceptions:
            answers = {}
            if all(_same_answer(task, misconception, outcome, answers) for outcome in with_value):
                if all(_same_answer(task, misconception, outcome, answers) for outcome in outcomes):
                    return misconception
                if len(with_value) > len(outcomes) / 5:
                    on_the_wrong_ones = on_the_wrong_ones or misconception
    return on_the_wrong_ones


def _same_answer(task: Task, misconception: Misconception, outcome: Outcome, answers: dict) -> bool:
    if id(outcome) not in answers:
        try:
            answer = np.asarray(misconception.wrong(*(_copy(argument) for argument in outcome.case.args)), dtype=float)
        except Exception:
            answer = None  # this mistake ends in an error on this input
        answers[id(outcome)] = answer
    answer = answers[id(outcome)]
    if answer is None or outcome.value is None:
        return answer is None and outcome.error is not None
    if answer.shape != outcome.value.shape:
        return False
    return bool(np.allclose(outcome.value, answer, rtol=0, atol=_leeway(task, answer), equal_nan=True))


# -- saying ----------------------------------------------------------------------------------------------------------


def _verdict(task: Task, outcomes: list[Outcome], finding: Finding | None) -> Verdict:
    counted = [outcome for outcome in outcomes if not outcome.case.advice]
    properties = {}
    for outcome in sorted(counted, key=lambda outcome: outcome.case.place):
        properties[outcome.case.about] = properties.get(outcome.case.about, True) and outcome.right
    if any(outcome.changed or outcome.shared for outcome in counted):
        properties[INPUTS_KEPT] = False
    score = sum(properties.values()) / len(properties) if properties else 0.0
    notes = []
    if finding is None:
        notes = [o.case.advice for o in outcomes if o.case.advice and not (o.right and not o.changed)][:1]
        if any(outcome.printed for outcome in counted):
            notes.append(
                f"`{task.name}` prints or warns while it works. Nobody else can use that text, and in a network "
                "it would be printed thousands of times: take it out when you no longer need it."
            )
    wrong = [outcome for outcome in counted if not outcome.right]
    shown = finding.shown if finding else None
    panels, arithmetic = _smallest(task, shown) if shown and not shown.hidden else ([], "")
    name = finding.name if finding else None
    feedback = Feedback(
        function=task.name,
        passed=finding is None,
        misconception=name,
        sentence=finding.says if finding else "",
        panels=panels,
        arithmetic=arithmetic,
        properties=properties,
        notes=notes,
        read=task.read,
        hidden_only=bool(wrong) and all(outcome.hidden for outcome in wrong),
    )
    return Verdict(task.assignment, task.name, finding is None, score, name, feedback)


def _smallest(task: Task, outcome: Outcome) -> tuple[list[Panel], str]:
    """The smallest failing input, with the window where the results first differ, and the arithmetic of that entry."""
    value, expected = outcome.value, outcome.expected
    if task.result == "number":
        call = f"`{task.name}({', '.join(map(repr, outcome.case.args))})`"
        gives = f"gives {_count(value)} and " if value is not None and value.ndim == 0 else ""
        return [], f"{call} {gives}should give {_count(expected)}."
    comparable = value is not None and value.shape == expected.shape
    index = (0,) * expected.ndim
    if comparable:
        differs = ~(np.abs(value - expected) <= _leeway(task, expected))
        index = tuple(int(i) for i in np.argwhere(differs)[0]) if differs.any() else index
    panels, arithmetic = task.explain(outcome.case.args, index)
    here = tuple(slice(i, i + 1) for i in _plane_index(index))
    if comparable:
        panels = [*panels, Panel("yours", _plane(value, index), here)]
    elif value is not None and value.ndim <= 4 and value.size:
        shape = " × ".join(str(n) for n in value.shape) or "one number"
        panels = [*panels, Panel(f"yours, {shape}", _plane(value, (0,) * value.ndim)[:8, :8])]
    shape = "" if comparable else ", " + " × ".join(str(n) for n in expected.shape)
    panels = [*panels, Panel(f"expected{shape}", _plane(expected, index), here)]
    return panels, arithmetic


def _count(value: np.ndarray) -> str:
    number = float(value)
    text = str(int(number)) if np.isfinite(number) and number == int(number) else f"{number:g}"
    return text.replace("-", "−")


def _first(outcomes: list[Outcome]) -> Outcome | None:
    """The smallest that may be shown, else the smallest hidden one."""
    return next((outcome for outcome in outcomes if not outcome.hidden), outcomes[0] if outcomes else None)


def _plane_index(index: tuple) -> tuple[int, int]:
    """Which row and column of the shown plane an entry stands in: images are (N, H, W, C), pictures (H, W)."""
    if len(index) == 4:
        return index[1], index[2]
    return index if len(index) == 2 else (0, index[-1])


def _plane(array: np.ndarray, index: tuple) -> np.ndarray:
    if array.ndim == 4:
        return array[index[0], :, :, index[3]]
    return array if array.ndim == 2 else np.atleast_2d(array[(0,) * max(array.ndim - 2, 0)])


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" or noun == "ndarray" else f"a {noun}"


def in_a_kernel() -> bool:
    """Whether this code runs in a notebook's kernel, where HTML is shown."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "ipykernel" in sys.modules and type(shell).__name__ == "ZMQInteractiveShell"
