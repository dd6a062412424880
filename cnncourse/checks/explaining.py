"""What a tutor would say: from the outcomes of a task's cases to one finding, and the smallest input that shows it."""

from __future__ import annotations

import builtins
import inspect
import linecache
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnncourse.checks.calling import Frames, Outcome, is_a_plain_type
from cnncourse.checks.task import Case, Misconception, Panel, Rng, Task

__all__ = ["INPUTS_KEPT", "Finding", "agrees", "explain", "leeway", "smallest"]

# Results may come from another order of additions, or from float32: each entry may be off by this share of the largest
# expected entry. Counts are exact.
TOLERANCE = 1e-4
EXACT = 1e-9

INPUTS_KEPT = "inputs left unchanged, and a fresh result"
LIBRARY = str(Path(__file__).parents[1])
ROWS, COLUMNS = 10, 12  # of a table that is shown


@dataclass(frozen=True)
class Finding:
    """What is wrong: its name where it has one, a tutor's sentence, and the outcome that shows it."""

    name: str | None
    says: str
    shown: Outcome | None = None


# -- comparing -------------------------------------------------------------------------------------------------------


def agrees(task: Task, case: Case, value: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...]) -> bool:
    """Whether every number is as near as it has to be."""
    return len(value) == len(expected) and not any(_differs(task, case, value, expected))


def leeway(task: Task, case: Case, expected: np.ndarray, part: int = 0) -> float:
    """How far a number may be off."""
    if case.leeway is not None:
        return case.leeway
    if case.probe is None and task.kinds[_place(case, part)] in ("number", "bool", "table"):
        return EXACT
    return TOLERANCE * max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))


def _place(case: Case, k: int) -> int:
    """The place among all of the function's results of the case's result number k."""
    return case.parts[k] if case.parts else k


def _differs(task: Task, case: Case, value, expected) -> list[bool]:
    """Of each result, whether it differs from what is expected."""
    return [
        mine.shape != theirs.shape
        or not np.isfinite(mine).all()
        or bool(np.any(np.abs(mine - theirs) > leeway(task, case, theirs, k)))
        for k, (mine, theirs) in enumerate(zip(value, expected, strict=True))
    ]


def _first_part(task: Task, outcome: Outcome) -> int:
    """The first of the results that is wrong."""
    if outcome.value is None or len(outcome.value) != len(outcome.expected):
        return 0
    wrong = _differs(task, outcome.case, outcome.value, outcome.expected)
    return wrong.index(True) if True in wrong else 0


def _first(outcomes: list[Outcome]) -> Outcome | None:
    """The smallest that may be shown, else the smallest hidden one."""
    return next((outcome for outcome in outcomes if not outcome.hidden), outcomes[0] if outcomes else None)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" or noun == "ndarray" else f"a {noun}"


# -- before any arithmetic -------------------------------------------------------------------------------------------


def not_callable(task: Task, fn) -> Finding | None:
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


def wrong_arguments(task: Task, signature: inspect.Signature) -> Finding:
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    yours = signature.replace(parameters=bare, return_annotation=signature.empty)
    return Finding(
        "wrong arguments",
        f"`{task.name}` is called as `{task.signature}`; yours is defined as `{task.name}{yours}`.",
    )


def not_installed(task: Task, error: str) -> Finding:
    return Finding(
        "a framework is missing",
        f"`{task.name}` is built with Keras, which cannot be imported here ({error}). Nothing is wrong with your "
        'function: install the framework, `python -m pip install ".[exercises,keras]"` in the course folder, and '
        "restart the kernel.",
    )


def too_slow(task: Task, outcomes: list[Outcome], seconds: float) -> Finding:
    where = f"`{task.name}` was stopped in call number {len(outcomes) + 1}: it ran for more than {seconds:g} seconds"
    if task.seconds:
        says = f"{where}. Long work is expected here, but not so long: do less of it, or with something smaller."
    else:
        says = (
            f"{where} on inputs of a few numbers. Look for a `while` whose condition never becomes false, or a loop "
            "that adds to what it loops over."
        )
    return Finding("takes too long", says)


def not_written(task: Task, error: BaseException) -> Finding:
    """`raise NotImplementedError` is still there: in this function, or in one that it calls."""
    raised_in = raised_by(error) or task.name
    if raised_in != task.name and raised_in in task.helpers:
        return Finding(
            "needs a function that is not written yet",
            f"`{raised_in}`, which you use here, still says `raise NotImplementedError`. Finish it first.",
        )
    return Finding(
        "not written yet",
        f"In place of `raise NotImplementedError` write your own `{task.name}`, then run this check again.",
    )


def not_from_scratch(task: Task, borrowed: str) -> Finding:
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


# -- what is wrong ---------------------------------------------------------------------------------------------------


def explain(task: Task, outcomes: list[Outcome], match: Callable[[], Misconception | None]) -> Finding:
    """First what no arithmetic explains, then the bank of misconceptions, then what is left."""
    wrong = [outcome for outcome in outcomes if not outcome.right]
    changed = [outcome for outcome in outcomes if outcome.changed]
    if changed and all(outcome.only_rounding for outcome in changed):
        return Finding(
            "input changed by rounding",
            f"`{task.name}` changes what it is given and changes it back by the opposite sum, which leaves a speck of "
            "rounding each time. Keep the old value and put that back, or work on a copy.",
            _first(wrong),
        )
    if changed:
        return Finding(
            "input changed",
            f"`{task.name}` changes what it is given, so whoever calls it loses their data. Write into something of "
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
    named = match()
    failed = [outcome for outcome in wrong if outcome.error is not None]
    if named:
        with_value = [outcome for outcome in wrong if outcome.value is not None]
        says = named.says
        if any(not outcome.case.raises for outcome in failed) and with_value:
            says += f" On other inputs it ends with an error: {_error_text(_first(failed))}."
        return Finding(named.name, says, _first(with_value or wrong))
    possible = [outcome for outcome in wrong if not outcome.case.raises]
    if not possible:
        return _explain_no_error(task, _first(wrong))
    failed = [outcome for outcome in failed if not outcome.case.raises]
    if failed:
        return _explain_error(task, failed)
    faulty = [outcome for outcome in possible if outcome.fault]
    if faulty:
        return _explain_fault(task, _first(faulty))
    with_nan = [outcome for outcome in possible if any(np.isnan(part).any() for part in outcome.value)]
    if with_nan:
        return Finding(
            "not a number (nan)",
            "Some entries of your result are nan. 0 / 0 gives that, and so do infinity minus infinity and the square "
            "root of a negative number; an array made by `np.empty` may hold it where nothing was written.",
            _first(with_nan),
        )
    again = outcomes[-1]  # the first call, a second time
    first = next((outcome for outcome in outcomes if outcome.case is again.case), again)
    if not again.right and first.right:
        return Finding(
            "remembers earlier calls",
            "The same input gives another answer the second time. What lives outside your function, or in a default "
            "argument, and is not made anew for each call?",
            again,
        )
    return _explain_values(task, [outcome for outcome in outcomes if outcome.value is not None], possible)


def _explain_no_error(task: Task, outcome: Outcome) -> Finding:
    if outcome.error is not None:
        return Finding(
            "another error than asked for",
            f"For impossible arguments `{task.name}` raises {_error_text(outcome)}. A `ValueError` is asked for: it is "
            "what Python's own functions raise for an argument of the right type and an impossible value.",
            outcome,
        )
    return Finding(
        "impossible arguments accepted",
        f"`{task.name}` answers impossible arguments as if they were possible, and whoever called it finds out much "
        "later. Test for them first, and `raise ValueError(...)` with a sentence that says what is wrong.",
        outcome,
    )


def _explain_values(task: Task, outcomes: list[Outcome], wrong: list[Outcome]) -> Finding:
    plain = [outcome for outcome in outcomes if outcome.case.probe is None]
    first = plain[0] if plain else None
    varied = any(not _equal(outcome.expected, first.expected) for outcome in plain)
    if varied and all(_equal(outcome.value, first.value) for outcome in plain):
        return Finding(
            "same answer for every input",
            f"`{task.name}` gives the same answer whatever it is given. Something in it does not depend on the "
            "arguments: a variable of the notebook in their place, or a result kept from an earlier call?",
            _first(wrong),
        )
    with_shape = [
        outcome
        for outcome in wrong
        if outcome.case.probe is None and _shapes(outcome.value) != _shapes(outcome.expected)
    ]
    if with_shape:
        return _explain_shape(task, _first(with_shape))
    wrong_plain = [outcome for outcome in wrong if outcome.case.probe is None]
    pattern = _pattern(plain, wrong) if len(wrong_plain) == len(wrong) else None
    if pattern:
        return pattern
    names = ""
    if task.parts and wrong_plain:
        bad = {
            _place(o.case, k)
            for o in wrong_plain
            for k, flag in enumerate(_differs(task, o.case, o.value, o.expected))
            if flag
        }
        named = [f"`{name}`" for k, name in enumerate(task.parts) if k in bad]
        if len(named) < len(task.parts):
            names = (
                f"Of the {len(task.parts)} results {' and '.join(named)} {'is' if len(named) == 1 else 'are'} wrong. "
            )
    if len(wrong) == len(outcomes):
        exact = all(kind in ("number", "bool", "value", "table") for kind in task.kinds)
        start = "" if exact else "The shapes are right and the numbers are not. "
        what = "answer" if exact else "entry"
        says = f"{names or start}Compute the {what} below by hand, and let your code follow you."
        return Finding(None, says, _first(wrong))
    abouts = list(dict.fromkeys(outcome.case.about for outcome in wrong))
    inputs = "on some inputs" if any(outcome.case.args for outcome in outcomes) else "in some parts"
    where = "" if set(abouts) == {outcome.case.about for outcome in outcomes} else f": {'; '.join(abouts)}"
    return Finding(None, f"{names}It is right {inputs} and wrong {inputs[:3]}others{where}.", _first(wrong))


def _equal(one, other) -> bool:
    return all(a.shape == b.shape and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _shapes(parts) -> list[tuple]:
    return [part.shape for part in parts]


def _explain_shape(task: Task, shown: Outcome) -> Finding:
    k = next(k for k, (v, e) in enumerate(zip(shown.value, shown.expected, strict=True)) if v.shape != e.shape)
    value, expected, part = shown.value[k], shown.expected[k], _place(shown.case, k)
    whose = f"Of your results, `{task.parts[part]}`" if task.parts else "Your result"
    if task.kinds[part] == "table":
        return Finding(None, f"{whose} has not as many numbers as it should have. {task.shape}".rstrip(), shown)
    if value.ndim != expected.ndim:
        axes = "no axes: it is one number" if not value.ndim else f"{value.ndim} ax{'is' if value.ndim == 1 else 'es'}"
        return Finding(None, f"{whose} has {axes}. It should have {expected.ndim} axes, always.", shown)
    if shown.hidden:
        return Finding(None, f"The result's shape is not always the right one. {task.shape}".rstrip(), shown)
    says = f"{whose} has the shape {value.shape}, and {expected.shape} is expected. {task.shape}".rstrip()
    return Finding(None, says, shown)


def _pattern(outcomes: list[Outcome], wrong: list[Outcome]) -> Finding | None:
    """What can be seen from the numbers alone: nearly right, all zero, or off by the same factor or summand."""
    value = np.concatenate([part.ravel() for outcome in outcomes for part in outcome.value])
    expected = np.concatenate([part.ravel() for outcome in outcomes for part in outcome.expected])
    if value.shape != expected.shape or not np.isfinite(value).all() or not expected.any():
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
    fault = outcome.fault
    kind, wanted = fault.kind, fault.wanted
    ours = ("complex", "object", "text", "table", "too large")
    if outcome.hidden and not (kind in ours or is_a_plain_type(kind) or kind.endswith((" result", " results"))):
        kind = "thing of another kind"
    what = f"`{task.name}` returns" if len(task.kinds) == 1 else f"As `{task.parts[fault.part]}`, `{task.name}` returns"
    number = wanted in ("number", "bool", "value")
    asked = {
        "number": "a number",
        "bool": "True or False",
        "value": "a number",
        "table": "a table of numbers",
        "model": "a Keras model",
    }.get(wanted, "a NumPy array")
    if kind == "None" and outcome.printed:
        name, says = (
            "printed instead of returned",
            f"`{task.name}` prints its answer and gives nothing back. What a function prints, no other code can use: "
            "end it with `return`.",
        )
    elif kind == "None" and (fault.wanted.endswith("results") or len(task.kinds) == 1):
        name, says = (
            "nothing returned",
            f"`{task.name}` gives nothing back (None). Is there a `return` at its end, on every way through it?",
        )
    elif wanted.endswith("results"):
        returns = "one thing" if not kind.endswith(("result", "results")) else kind
        names = ", ".join(task.parts)
        name = f"{returns} instead of {wanted}"
        says = f"`{task.name}` returns {returns}; {wanted} are asked for, in this order: `return {names}`."
    elif kind in ("list", "tuple", "ndarray") and number:
        name = f"{_a('array' if kind == 'ndarray' else kind)} instead of a number"
        says = f"{what} {_a(kind)}; one number is asked for."
    elif kind in ("list", "tuple") and wanted == "array":
        name, says = (
            f"{_a(kind)} instead of an array",
            f"{what} {_a(kind)}. Whatever comes after it does arithmetic with whole arrays: return one NumPy array, "
            "which may well be made from what you have.",
        )
    elif kind == "generator":
        name, says = (
            "yielded instead of returned",
            "`yield` hands results out one by one, to whoever asks. Collect them in an array and `return` the whole.",
        )
    elif kind == "complex":
        name, says = (
            "complex numbers",
            f"{what} complex numbers. An inverse Fourier transform does, and so does a root of a negative number; real "
            "ones are asked for.",
        )
    elif kind == "object":
        name, says = (
            "an array of objects",
            f"{what} an array that holds Python objects instead of numbers. Rows of different lengths make one: fill "
            "an array made by `np.zeros` instead.",
        )
    elif kind == "text":
        name, says = "an array of text", f"{what} an array that holds no numbers."
    elif kind == "table":
        name, says = "not a table of numbers", f"{what} a list or tuple in which not everything is a number."
    elif kind == "too large":
        large = f"{fault.size:,} numbers" if not outcome.hidden else "far too many numbers"
        of = outcome.expected[fault.part].size if outcome.case.probe is None and not outcome.hidden else 0
        says = f"{what} {large}{f' where {of:,} are expected' if of else ''}. {task.shape}".rstrip()
        name = "far too large"
    else:
        name = {"a NumPy array": "not an array"}.get(asked, f"not {asked}")
        says = f"{what} {'nothing (None)' if kind == 'None' else _a(kind)}; {asked} is asked for."
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
    where = line_of(shown.error)
    says = f"`{task.name}` raises {_error_text(shown)}".rstrip(".") + "."
    return Finding("raises an error", f"{says} It happens in your line `{where}`." if where else says, shown)


def _error_text(outcome: Outcome) -> str:
    """An error in words: its type and what it says; of a hidden case, its type where Python or NumPy named it."""
    kind = type(outcome.error).__name__
    if outcome.hidden:
        return kind if getattr(builtins, kind, None) is type(outcome.error) else "an error"
    try:
        text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(outcome.error)).split())  # Keras colours its errors
    except Exception:  # an exception of the learner's own whose text cannot be made
        text = ""
    return f"{kind}: {text[:200]}{' …' if len(text) > 200 else ''}" if text else kind


def raised_by(error: BaseException) -> str:
    """The name of the function that raised an error, where that is known."""
    if isinstance(error.__cause__, Frames):
        return error.__cause__.raised_by
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].name if frames else ""


def line_of(error: BaseException) -> str:
    """The last line of the learner's own code on the way to the error."""
    if isinstance(error.__cause__, Frames):
        return error.__cause__.line
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        library = "site-packages" in frame.filename or frame.filename.startswith((LIBRARY, "<__array"))
        line = linecache.getline(frame.filename, frame.lineno or 0).strip().replace("`", "'")
        if line and not library:
            return line if len(line) <= 120 else line[:117] + "…"
    return ""


# -- the smallest input that shows it --------------------------------------------------------------------------------


def smallest(task: Task, outcome: Outcome) -> tuple[list[Panel], str]:
    """The smallest failing input, with the window where the results first differ, and the arithmetic of that entry."""
    case, value, expected = outcome.case, outcome.value, outcome.expected
    if case.raises:
        gives = "" if value is None else f"gives {_told(task, value, case)} and "
        return _panels_of(case.args), f"{_call_text(task, case.args)} {gives}should raise a `ValueError`."
    if outcome.told is not None and outcome.told.says:
        return list(outcome.told.panels), outcome.told.says
    if case.says:
        return [], case.says
    if case.probe is not None:
        return [], _fact(task, outcome)
    k = _first_part(task, outcome)
    part = _place(case, k)
    if task.kinds[part] != "array":
        return _smallest_number(task, outcome, part)
    mine, theirs = (None if value is None else value[k]), expected[k]
    comparable = mine is not None and mine.shape == theirs.shape
    index = (0,) * theirs.ndim
    if comparable:
        differs = ~(np.abs(mine - theirs) <= leeway(task, case, theirs, k))
        index = tuple(int(i) for i in np.argwhere(differs)[0]) if differs.any() else index
    if task.explain:
        panels, arithmetic = task.explain(case.args, index, part) if task.parts else task.explain(case.args, index)
    else:
        panels, arithmetic = _panels_of(case.args), f"Called as {_call_text(task, case.args)}."
    name = f" {task.parts[part]}" if task.parts else ""
    axes = task.axes[part] if task.axes else (1, 2)
    if comparable:
        panels = [*panels, _plane_panel(f"your{name}" if name else "yours", mine, index, axes)]
    elif mine is not None and mine.ndim <= 4 and mine.size:
        shape = " × ".join(str(n) for n in mine.shape) or "one number"
        plane = _plane(mine, (0,) * mine.ndim)[:8, :8]
        panels = [*panels, Panel(f"{f'your{name}' if name else 'yours'}, {shape}", plane)]
    shape = "" if comparable else ", " + " × ".join(str(n) for n in theirs.shape)
    return [*panels, _plane_panel(f"expected{name}{shape}", theirs, index, axes)], arithmetic


def _smallest_number(task: Task, outcome: Outcome, part: int) -> tuple[list[Panel], str]:
    """The same for a number or a table, which is shown as text."""
    case, value = outcome.case, outcome.value
    gives = "" if value is None else f"gives {_told(task, value, case)} and "
    panels, arithmetic = _panels_of(case.args), ""
    if task.explain:
        panels, arithmetic = task.explain(case.args, (), part) if task.parts else task.explain(case.args, ())
    whose = f"`{task.parts[part]}` of " if case.parts else ""
    text = f"{whose}{_call_text(task, case.args)} {gives}should give {_told(task, outcome.expected, case)}."
    return panels, f"{arithmetic} {text}".strip()


def _fact(task: Task, outcome: Outcome) -> str:
    """What a probe saw, in words: the first of its numbers that is off."""
    if outcome.value is None or not outcome.case.facts:
        return ""
    mine, theirs = (np.concatenate([part.ravel() for part in parts]) for parts in (outcome.value, outcome.expected))
    if mine.shape != theirs.shape or len(mine) != len(outcome.case.facts):
        return ""
    off = np.flatnonzero(~(np.abs(mine - theirs) <= leeway(task, outcome.case, theirs)))
    if not off.size:
        return ""
    k = int(off[0])
    return f"{outcome.case.facts[k]}: {number(mine[k])}, expected {number(theirs[k])}."


def number(value: float) -> str:
    """A number as it is shown: whole where it is whole, else with four digits."""
    value = float(value)
    text = str(int(value)) if np.isfinite(value) and value == int(value) else f"{value:.4g}"
    return text.replace("-", "−")


def _told(task: Task, parts: tuple[np.ndarray, ...], case: Case) -> str:
    """Results as text: `(1, 2)`, `3`."""
    kinds = [task.kinds[_place(case, k)] for k in range(len(parts))]
    texts = [
        str(bool(part)) if kind == "bool" and part in (0, 1) else _nested(part, exact=kind in ("number", "table"))
        for part, kind in zip(parts, kinds, strict=True)
    ]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _nested(array: np.ndarray, exact: bool) -> str:
    if array.ndim == 0:
        return f"{float(array):.10g}".replace("-", "−") if exact else number(array)
    text = "(" + ", ".join(_nested(entry, exact) for entry in array) + ")"
    return text if len(text) <= 300 else text[:297] + "…"


def _call_text(task: Task, args: tuple) -> str:
    """The call as the learner would write it; arrays that are shown beside it appear by their names."""
    names = list(inspect.signature(task.reference).parameters)
    return f"`{task.name}({', '.join(_argument(a, n) for a, n in zip(args, names, strict=False))})`"


def _argument(argument, name: str) -> str:
    if isinstance(argument, np.ndarray):
        return name if argument.ndim else f"{argument:g}"
    if isinstance(argument, Rng):
        return "rng"
    if callable(argument) or isinstance(argument, dict):
        return name
    text = repr(argument)
    return text if len(text) <= 120 else name


def _panels_of(args: tuple) -> list[Panel]:
    """The arrays of a call, the first plane of each."""
    panels = []
    for argument in args:
        if isinstance(argument, np.ndarray) and argument.ndim and argument.size and argument.dtype.kind in "fiub":
            shape = " × ".join(str(n) for n in argument.shape)
            panels.append(Panel(shape, _plane(np.asarray(argument, float), (0,) * argument.ndim)[:ROWS, :COLUMNS]))
    return panels[:4]


def _plane_panel(title: str, array: np.ndarray, index: tuple, axes: tuple[int, int] = (1, 2)) -> Panel:
    """The plane of an array in which an entry stands, cut to a readable size around it."""
    plane, place = _plane(array, index, axes), _plane_index(index, axes)
    starts = [max(0, min(i - n // 2, size - n)) for i, n, size in zip(place, (ROWS, COLUMNS), plane.shape, strict=True)]
    if array.ndim > 2:
        shown = (axes if array.ndim > 3 else (array.ndim - 2, array.ndim - 1)) if array.ndim <= 4 else ()
        entries = ", ".join(":" if k in shown else str(i) for k, i in enumerate(index))
        title = f"{title}[{entries}]" if shown and not title.endswith("]") and "," not in title else title
    if plane.shape[0] > ROWS or plane.shape[1] > COLUMNS:
        title = f"{title} (rows from {starts[0]}, columns from {starts[1]})"
    (top, left), (row, column) = starts, (i - start for i, start in zip(place, starts, strict=True))
    here = (slice(row, row + 1), slice(column, column + 1))
    return Panel(title, plane[top : top + ROWS, left : left + COLUMNS], here)


def _plane_index(index: tuple, axes: tuple[int, int] = (1, 2)) -> tuple[int, int]:
    """Which row and column of the shown plane an entry stands in."""
    if len(index) == 4:
        return index[axes[0]], index[axes[1]]
    if len(index) < 2:
        return 0, index[0] if index else 0
    return index[-2], index[-1]


def _plane(array: np.ndarray, index: tuple, axes: tuple[int, int] = (1, 2)) -> np.ndarray:
    """Two axes of an array, at this entry of the others: of (N, H, W, C) the second and third, else the last two."""
    if array.ndim == 4:
        return array[tuple(slice(None) if k in axes else i for k, i in enumerate(index))]
    return array[index[:-2]] if array.ndim >= 2 else np.atleast_2d(array)
