"""The engine that runs every task, in the learner's notebook and in the instructor's judge.

It calls a function on a task's cases, compares every entry of every result with the reference, looks for the
misconception that explains what it saw, and writes down what a tutor would say.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cnncourse.checks.feedback import Feedback
from cnncourse.checks.task import Case, Misconception, Panel, Task

__all__ = ["SECONDS", "Verdict", "judge"]

SECONDS = 10  # for all the calls of one function together; a loop in Python needs less than one

# Results may come from another order of additions, or from float32: each entry may be off by this share of the largest
# expected entry.
TOLERANCE = 1e-4

NOT_WRITTEN = "In place of `raise NotImplementedError` write your own `{}`, then run this check again."

INPUTS_KEPT = "inputs left unchanged, and a fresh result"


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a function: ``passed``, ``score`` from 0 to 1, ``misconception`` (a name or None), "
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
    value: object = None
    error: BaseException | None = None
    printed: bool = False
    changed: bool = False
    shared: bool = False
    fault: str = ""  # the kind of result that cannot be compared: "None", "list", …
    right: bool = False


class TooSlow(BaseException):
    """Raised inside the learner's function when its time is over. No ``except Exception`` catches it."""


def judge(task: Task, fn, seeds: list[tuple[int, bool]]) -> Verdict:
    """Run ``fn`` on the task's cases of every (seed, hidden) and say what is to be said."""
    problem = _not_callable(task, fn)
    if problem:
        return _verdict(task, [], *problem)
    drawn = [(case, expected, hidden) for seed, hidden in seeds for case, expected in task.draw(seed)]
    problem = _wrong_signature(task, fn, [case for case, _, _ in drawn])
    if problem:
        return _verdict(task, [], *problem)
    outcomes = []
    try:
        with _time_limit(SECONDS):
            for case, expected, hidden in drawn:
                outcome = _call(task, fn, case, expected, hidden)
                outcomes.append(outcome)
                if isinstance(outcome.error, NotImplementedError):
                    break
    except TooSlow:
        return _verdict(task, [], "takes too long", _too_slow(task, outcomes))
    if isinstance(outcomes[-1].error, NotImplementedError):
        return _verdict(task, [], "not written yet", NOT_WRITTEN.format(task.name))
    _look_for_reused_results(outcomes)
    counted = [outcome for outcome in outcomes if not outcome.case.advice]
    if all(outcome.right and not outcome.changed and not outcome.shared for outcome in counted):
        return _verdict(task, outcomes, None, "")
    name, sentence = _explain(task, counted)
    return _verdict(task, outcomes, name, sentence)


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
def _time_limit(seconds: float):
    """Raise :class:`TooSlow` in this block after some seconds. Only a main thread with POSIX signals can be stopped."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(signum, frame):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again, should a bare `except:` swallow the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _copy(argument):
    """A copy the function may spoil, with the memory layout of the original: views stay views."""
    if not isinstance(argument, np.ndarray):
        return argument
    if argument.flags.c_contiguous:
        return argument.copy()
    roomy = np.zeros((*argument.shape[:-1], 2 * argument.shape[-1]), dtype=argument.dtype)
    view = roomy[..., ::2]
    view[...] = argument
    return view


def _call(task: Task, fn: Callable, case: Case, expected: np.ndarray, hidden: bool) -> Outcome:
    outcome = Outcome(case, expected, hidden)
    args = tuple(_copy(argument) for argument in case.args)
    sink = _Sink()
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            outcome.value = fn(*args)
    except (KeyboardInterrupt, TooSlow):
        raise
    except BaseException as error:  # SystemExit and whatever else a submission may raise
        outcome.error = error
    outcome.printed = sink.used
    arrays = [(ours, theirs) for ours, theirs in zip(case.args, args, strict=True) if isinstance(ours, np.ndarray)]
    outcome.changed = any(not np.array_equal(ours, theirs) for ours, theirs in arrays)
    if outcome.error is None:
        outcome.fault = _fault(task, outcome.value)
    if outcome.error is None and not outcome.fault:
        if isinstance(outcome.value, np.ndarray):
            outcome.shared = any(np.may_share_memory(outcome.value, theirs) for _, theirs in arrays)
        original = outcome.value
        outcome.value = np.array(original, dtype=float)
        outcome.right = _agrees(outcome.value, expected)
        outcome.original = original
    return outcome


def _fault(task: Task, value) -> str:
    """Why a result cannot be compared with numbers, or nothing."""
    if value is None:
        return "None"
    if value is Ellipsis or isinstance(value, (str, bytes, dict, set)) or callable(value):
        return type(value).__name__
    if isinstance(value, (list, tuple)):
        return type(value).__name__
    if not isinstance(value, (np.ndarray, np.generic, int, float, complex)):
        return type(value).__name__
    kind = np.asarray(value).dtype.kind
    if kind == "c":
        return "complex"
    if kind not in "fiub":
        return "object"
    if task.result == "array" and not isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__
    return ""


def _agrees(value: np.ndarray, expected: np.ndarray) -> bool:
    if value.shape != expected.shape or not np.isfinite(value).all():
        return False
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return bool(np.all(np.abs(value - expected) <= TOLERANCE * scale))


def _look_for_reused_results(outcomes: list[Outcome]) -> None:
    """A function that hands out the same array each time overwrites its earlier answers."""
    for outcome in outcomes:
        original = getattr(outcome, "original", None)
        if isinstance(original, np.ndarray) and not outcome.fault:
            now = np.asarray(original, dtype=float)
            if now.shape != outcome.value.shape or not np.array_equal(now, outcome.value, equal_nan=True):
                outcome.shared = True


# -- explaining ------------------------------------------------------------------------------------------------------


def _not_callable(task: Task, fn):
    if fn is None:
        return "not defined", (
            f"There is no function called `{task.name}` yet. Run the cell that defines it, and keep the name as it is."
        )
    if not callable(fn):
        return "not a function", (
            f"`{task.name}` is {_a(type(fn).__name__)}, not a function. It may have been overwritten by a variable "
            "of the same name: run the cell that defines it again."
        )
    return None


def _wrong_signature(task: Task, fn, cases: list[Case]):
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return None  # some built-in functions do not tell; then the call itself will
    try:
        for count in {len(case.args) for case in cases}:
            signature.bind(*range(count))
    except TypeError:
        return "wrong arguments", (
            f"`{task.name}` is called as `{task.signature}`; yours is defined as `{task.name}{_names(signature)}`."
        )
    return None


def _names(signature: inspect.Signature) -> str:
    return "(" + ", ".join(str(p.replace(annotation=p.empty)) for p in signature.parameters.values()) + ")"


def _too_slow(task: Task, outcomes: list[Outcome]) -> str:
    calls = f"after {len(outcomes)} calls that ended" if outcomes else "in its first call"
    return (
        f"`{task.name}` was stopped {calls}: it ran for more than {SECONDS} seconds on inputs of a few numbers. "
        f"Look for "
        "a `while` whose condition never becomes false, or a loop that adds to what it loops over."
    )


def _explain(task: Task, outcomes: list[Outcome]) -> tuple[str | None, str]:
    """The misconception's name and sentence: first what no arithmetic explains, then the bank, then what is left."""
    wrong = [outcome for outcome in outcomes if not outcome.right]
    first = next((outcome for outcome in wrong if not outcome.hidden), wrong[0] if wrong else None)
    if wrong and all(outcome.fault for outcome in wrong):
        return _explain_fault(task, first)
    named = _match(task, outcomes, wrong) if wrong else None
    if named:
        return named.name, named.says
    if wrong and any(outcome.error is not None for outcome in wrong):
        return _explain_error(task, wrong)
    if any(outcome.changed for outcome in outcomes):
        return "input changed", (
            f"`{task.name}` changes the array it is given, so whoever calls it loses their data. Write into an "
            f"array of "
            "your own: an in-place operation (`+=`, `*=`, `array[...] = …`) on an argument is what to look for."
        )
    if any(outcome.shared for outcome in outcomes) and not wrong:
        return "result is not a fresh array", (
            f"The numbers are right, but `{task.name}` returns memory that belongs to someone else: its "
            f"argument, or an "
            "earlier answer of its own. Changing one then changes the other. Return a new array."
        )
    if all(outcome.fault for outcome in wrong if first.fault == outcome.fault) and first.fault:
        return _explain_fault(task, first)
    if any(outcome.value is not None and not outcome.fault and np.isnan(outcome.value).any() for outcome in wrong):
        return "not a number (nan)", (
            "Some entries of your result are nan. That is what 0 / 0 gives, and what an array made by "
            "`np.empty` may hold "
            "where nothing was written."
        )
    return _explain_values(task, outcomes, wrong, first)


def _explain_values(task, outcomes, wrong, first):
    numbers = [outcome.value for outcome in outcomes if outcome.error is None and not outcome.fault]
    alike = [value for value in numbers if value.shape == numbers[0].shape and np.array_equal(value, numbers[0])]
    expectations = {outcome.expected.tobytes() for outcome in outcomes}
    if len(numbers) > 2 and len(alike) == len(numbers) and len(expectations) > 1:
        return "same answer for every input", (
            f"`{task.name}` gives the same answer whatever it is given. Does it use its arguments, or a "
            f"variable of the "
            "notebook that has another name?"
        )
    with_shape = [outcome for outcome in wrong if outcome.value.shape != outcome.expected.shape]
    if with_shape:
        shown = next((outcome for outcome in with_shape if not outcome.hidden), None)
        if shown is None:
            return None, f"The result's shape is not always the right one. {task.shape}".strip()
        return None, (
            f"Your result has the shape {shown.value.shape}, and {shown.expected.shape} is expected. {task.shape}"
        )
    if len(wrong) == len(outcomes):
        return (
            None,
            "The shapes are right and the numbers are not. Compute the entry below by hand, and let your code "
            "follow you.",
        )
    abouts = list(dict.fromkeys(outcome.case.about for outcome in wrong))
    return None, f"It is right on some inputs and wrong on others: look at {_and(abouts)}."


def _explain_fault(task: Task, outcome: Outcome):
    kind = outcome.fault
    if kind == "None" and outcome.printed:
        return "printed instead of returned", (
            f"`{task.name}` prints its answer and gives nothing back. What a function prints, no other code can use: "
            "end it with `return`."
        )
    if kind == "None":
        return "nothing returned", (
            f"`{task.name}` gives nothing back (None). Is there a `return` at its end, on every way through it?"
        )
    if kind in ("list", "tuple"):
        if task.result == "number":
            return f"{_a(kind)} instead of a number", f"`{task.name}` returns {_a(kind)}; one number is asked for."
        return f"{_a(kind)} instead of an array", (
            f"`{task.name}` returns {_a(kind)}. The layers that come after it do arithmetic with whole arrays: "
            f"return a "
            "NumPy array, for example one made by `np.zeros` and filled by your loops."
        )
    if kind == "complex":
        return "complex numbers", (
            f"`{task.name}` returns complex numbers. An inverse Fourier transform does: its real part is what you want."
        )
    if kind == "object":
        return "an array of objects", (
            f"`{task.name}` returns an array that holds Python objects. Rows of different lengths make one: "
            f"fill an array "
            "made by `np.zeros` instead."
        )
    wanted = "a number" if task.result == "number" else "a NumPy array"
    return "not an array" if task.result == "array" else "not a number", (
        f"`{task.name}` returns {_a(kind)}; {wanted} is asked for."
    )


def _explain_error(task: Task, wrong: list[Outcome]):
    failed = [outcome for outcome in wrong if outcome.error is not None]
    shown = next((outcome for outcome in failed if not outcome.hidden), None)
    if shown is None:
        return "raises an error", (
            f"On a hidden case `{task.name}` raises {type(failed[0].error).__name__}. Does it rely on one size, "
            f"one type, "
            "or as many rows as columns?"
        )
    error = shown.error
    text = str(error) if len(str(error)) <= 200 else str(error)[:200] + " …"
    says = f"`{task.name}` raises {type(error).__name__}" + (f": {text}" if text else "")
    where = _where(error)
    return "raises an error", says.rstrip(".") + (f". It happens in your line `{where}`." if where else ".")


def _where(error: BaseException) -> str:
    """The last line of the learner's own code on the way to the error."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        library = (
            "site-packages" in frame.filename or "cnncourse" in frame.filename or frame.filename.startswith("<__array")
        )
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if line and not library:
            return line if len(line) <= 120 else line[:117] + "…"
    return ""


def _match(task: Task, outcomes: list[Outcome], wrong: list[Outcome]) -> Misconception | None:
    """The misconception that answers as the learner does: on every case, or else on every case that failed.

    One failed case alone can be a coincidence, so it names nothing that the other cases contradict.
    """
    on_the_wrong_ones = None
    sink = _Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), np.errstate(all="ignore"):
        for misconception in task.misconceptions:
            answers = {}
            if all(_same_answer(misconception, outcome, answers) for outcome in wrong):
                if all(_same_answer(misconception, outcome, answers) for outcome in outcomes):
                    return misconception
                if len(wrong) > 1:
                    on_the_wrong_ones = on_the_wrong_ones or misconception
    return on_the_wrong_ones


def _same_answer(misconception: Misconception, outcome: Outcome, answers: dict) -> bool:
    if id(outcome) not in answers:
        try:
            answer = np.asarray(misconception.wrong(*(_copy(argument) for argument in outcome.case.args)), dtype=float)
        except Exception:
            answer = None  # this mistake ends in an error on this input
        answers[id(outcome)] = answer
    answer = answers[id(outcome)]
    if answer is None or outcome.error is not None:
        return answer is None and outcome.error is not None
    return not outcome.fault and answer.shape == outcome.value.shape and _close(outcome.value, answer)


def _close(value: np.ndarray, answer: np.ndarray) -> bool:
    scale = max(1.0, float(np.abs(answer[np.isfinite(answer)]).max(initial=0.0)))
    return bool(np.allclose(value, answer, rtol=0, atol=TOLERANCE * scale, equal_nan=True))


# -- saying ----------------------------------------------------------------------------------------------------------


def _verdict(task: Task, outcomes: list[Outcome], name: str | None, sentence: str) -> Verdict:
    counted = [outcome for outcome in outcomes if not outcome.case.advice]
    properties = {}
    for outcome in sorted(counted, key=lambda outcome: outcome.case.place):
        properties[outcome.case.about] = properties.get(outcome.case.about, True) and outcome.right
    if task.result == "array" and counted:
        kept = not any(outcome.changed or outcome.shared for outcome in counted)
        properties[INPUTS_KEPT] = any(properties.values()) and kept
    passed = bool(properties) and all(properties.values())
    score = sum(properties.values()) / len(properties) if properties else 0.0
    notes = []
    if passed:
        notes = [o.case.advice for o in outcomes if o.case.advice and not (o.right and not o.changed)][:1]
        if any(outcome.printed for outcome in counted):
            notes.append(
                f"`{task.name}` prints or warns while it works. Nobody else can use that text, and in a network "
                f"it would "
                "be printed thousands of times: take it out when you no longer need it."
            )
    panels, arithmetic, hidden_only = [], "", False
    if not passed and name not in ("printed instead of returned", "nothing returned"):
        wrong = [outcome for outcome in counted if not outcome.right]
        shown = next((outcome for outcome in wrong if not outcome.hidden), None)
        hidden_only = bool(wrong) and shown is None
        if shown is not None:
            panels, arithmetic = _smallest(task, shown)
    feedback = Feedback(
        function=task.name,
        score=score,
        misconception=name,
        sentence=sentence,
        panels=panels,
        arithmetic=arithmetic,
        properties=properties,
        notes=notes,
        read=task.read,
        hidden_only=hidden_only,
    )
    return Verdict(task.assignment, task.name, passed, score, name, feedback)


def _smallest(task: Task, outcome: Outcome) -> tuple[list[Panel], str]:
    """The smallest failing input, with the window where the results first differ, and the arithmetic that "
    "belongs there."""
    call = f"{task.name}({', '.join(repr(a) for a in outcome.case.args)})"
    comparable = outcome.error is None and not outcome.fault and outcome.value.shape == outcome.expected.shape
    if task.result == "number":
        if comparable:
            return [], f"{call} gives {outcome.value:g} and should give {outcome.expected:g}."
        return [], f"{call} should give {outcome.expected:g}."
    index = (0,) * outcome.expected.ndim
    if comparable:
        scale = max(1.0, float(np.abs(outcome.expected).max(initial=0.0)))
        differs = ~(np.abs(outcome.value - outcome.expected) <= TOLERANCE * scale)
        index = tuple(int(i) for i in np.argwhere(differs)[0])
    panels, arithmetic = task.explain(outcome.case.args, index)
    here = tuple(slice(i, i + 1) for i in _plane_index(index))
    if outcome.error is None and not outcome.fault:
        value = outcome.value
        if comparable:
            panels = [*panels, Panel("yours", _plane(value, index), here)]
        else:
            shape = " × ".join(str(n) for n in value.shape) or "one number"
            table = _plane(value, (0,) * value.ndim) if 0 < value.ndim <= 4 and value.size else np.zeros((0, 0))
            panels = [*panels, Panel(f"yours, {shape}", table[:8, :8])]
    shape = "" if comparable else ", " + " × ".join(str(n) for n in outcome.expected.shape)
    panels = [*panels, Panel(f"expected{shape}", _plane(outcome.expected, index), here)]
    return panels, arithmetic


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
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def _and(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def in_a_kernel() -> bool:
    """Whether this code runs in a notebook's kernel, where HTML is shown."""
    return (
        "ipykernel" in sys.modules
        and hasattr(sys.modules.get("IPython"), "get_ipython")
        and (type(sys.modules["IPython"].get_ipython()).__name__ == "ZMQInteractiveShell")
    )
