"""The engine that runs every task, in the learner's notebook and in the instructor's judge.

It puts a task's cases to a function, compares every number of every result with the reference, and looks for the
misconception that explains what it saw. What is then said is written in :mod:`cnncourse.checks.explaining`.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cnncourse.blas import one_blas_thread
from cnncourse.checks import explaining
from cnncourse.checks.calling import (
    Elsewhere,
    Fault,
    Outcome,
    Sink,
    TooSlow,
    answer,
    call_case,
    has_changed,
    import_quietly,
    state_kept,
    time_limit,
)
from cnncourse.checks.explaining import INPUTS_KEPT, Finding, agrees, leeway
from cnncourse.checks.feedback import Feedback
from cnncourse.checks.task import Misconception, Task

__all__ = ["INPUTS_KEPT", "SECONDS", "THERE_AND_BACK", "Verdict", "judge"]

_NUMBERS = itertools.count(1)  # of verdicts
THERE_AND_BACK = 3  # times as long, where each call crosses from one process to another
SECONDS = 5  # for all the calls of one function together; a loop in Python needs less than one


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


def judge(task: Task, fn, seeds: list[tuple[int, bool]]) -> Verdict:
    """Run ``fn`` on the task's cases of every (seed, hidden) and say what is to be said."""
    finding = explaining.not_callable(task, fn)
    if finding:
        return _verdict(task, [], finding)
    call = _calling(task, fn)
    if isinstance(call, Finding):
        return _verdict(task, [], call)
    try:
        for name in task.imports:
            import_quietly(name)
    except ImportError as error:
        return _verdict(task, [], explaining.not_installed(task, str(error)))
    drawn = [
        (case, expected, hidden)
        for k, (seed, hidden) in enumerate(seeds)
        for case, expected in task.draw(seed)
        if k == 0 or not case.once
    ]
    plain = next((entry for entry in drawn if entry[0].probe is None), None)
    if plain:
        drawn.append(plain)  # the same input again: an answer must not depend on what was asked before
    outcomes, number = [], next(_NUMBERS)
    # Long work is twice as long with hidden cases.
    seconds = limit = task.seconds * len(seeds) if task.seconds else SECONDS
    if isinstance(call, Elsewhere):
        call.time_allowed(seconds, THERE_AND_BACK * seconds)
        seconds *= THERE_AND_BACK
    try:
        with state_kept(), one_blas_thread(), time_limit(seconds):
            asked = [Outcome(*entry, number, k) for k, entry in enumerate(drawn)]
            for _, some in itertools.groupby(asked, key=lambda outcome: outcome.hidden):
                some = list(some)
                if isinstance(call, Elsewhere):
                    call.ahead(task, some)
                for outcome in some:
                    outcomes.append(_judged(task, call_case(task, call, outcome)))
            _look_for_reused_results(call, outcomes)
    except TooSlow:
        return _verdict(task, [], explaining.too_slow(task, outcomes, limit))
    finally:
        if isinstance(call, Elsewhere):
            call.time_allowed(None)
    borrowed = next((outcome.borrowed for outcome in outcomes if outcome.borrowed), "")
    if borrowed:
        return _verdict(task, [], explaining.not_from_scratch(task, borrowed))
    counted = [outcome for outcome in outcomes if not outcome.case.advice]
    if all(isinstance(outcome.error, NotImplementedError) for outcome in counted):
        return _verdict(task, [], explaining.not_written(task, counted[0].error))
    if all(outcome.right and not outcome.changed and not outcome.shared for outcome in counted):
        return _verdict(task, outcomes, None)
    wrong = [outcome for outcome in counted if not outcome.right]
    return _verdict(task, outcomes, explaining.explain(task, counted, lambda: _match(task, counted, wrong)))


def _calling(task: Task, fn) -> Callable | Finding:
    """How to call the function: with its arguments in their order, or the optional ones by their names."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return fn  # some built-in functions do not tell; then the call itself will
    asked = inspect.signature(task.reference).parameters.values()
    required = sum(parameter.default is parameter.empty for parameter in asked)
    positional = len(asked) - len(task.keywords)

    def with_names(*args):
        return fn(*args[:positional], **dict(zip(task.keywords, args[positional:], strict=False)))

    by_name = fn.by_name(positional, task.keywords) if isinstance(fn, Elsewhere) else with_names
    for way in (fn, by_name) if task.keywords else (fn,):
        try:
            for count in {required, len(asked)}:
                names = dict(zip(task.keywords, range(count)[positional:], strict=False)) if way is by_name else {}
                signature.bind(*range(count - len(names)), **names)
            return way
        except TypeError:
            continue
    return explaining.wrong_arguments(task, signature)


def _judged(task: Task, outcome: Outcome) -> Outcome:
    case, value, expected = outcome.case, outcome.value, outcome.expected
    if case.raises:
        outcome.right = isinstance(outcome.error, ValueError)
        return outcome
    if value is None:
        return outcome
    if case.probe is None:
        for k, (part, wanted) in enumerate(zip(value, expected, strict=True)):
            if part.size > 100 * max(wanted.size, 100):
                place = case.parts[k] if case.parts else k
                outcome.fault, outcome.value = Fault("too large", task.kinds[place], place, part.size), None
                return outcome
    outcome.right = agrees(task, case, value, expected)
    return outcome


def _look_for_reused_results(fn, outcomes: list[Outcome]) -> None:
    """A function that hands out the same array each time overwrites its earlier answers."""
    reused = set(fn.reused()) if isinstance(fn, Elsewhere) else ()
    for outcome in outcomes:
        if outcome.number in reused or has_changed(outcome):
            outcome.shared = True


def _match(task: Task, outcomes: list[Outcome], wrong: list[Outcome]) -> Misconception | None:
    """The misconception that answers as the learner does.

    Either on every case, errors included; or wherever the learner's function gave numbers and they were wrong. For the
    second, a case or two can be a coincidence: it takes a fifth of all.
    """
    with_value = [outcome for outcome in wrong if outcome.value is not None]
    on_the_wrong_ones = None
    sink = Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), np.errstate(all="ignore"), state_kept():
        for misconception in task.misconceptions:
            if all(_same_answer(task, misconception, outcome) for outcome in with_value):
                if all(_same_answer(task, misconception, outcome) for outcome in outcomes):
                    return misconception
                if len(with_value) > len(outcomes) / 5:
                    on_the_wrong_ones = on_the_wrong_ones or misconception
    return on_the_wrong_ones


def _same_answer(task: Task, misconception: Misconception, outcome: Outcome) -> bool:
    key = id(outcome.case), misconception.wrong
    if key not in task._answers:
        try:
            task._answers[key] = answer(task, misconception.wrong, outcome.case)
        except (Exception, Fault) as error:
            task._answers[key] = type(error)  # this mistake ends in an error on this input
    theirs = task._answers[key]
    if not isinstance(theirs, tuple) or outcome.value is None:
        if isinstance(theirs, tuple) or outcome.error is None:
            return False
        return not outcome.case.raises or issubclass(theirs, ValueError) == isinstance(outcome.error, ValueError)
    return len(theirs) == len(outcome.value) and all(
        part.shape == mine.shape
        and np.allclose(mine, part, rtol=0, atol=leeway(task, outcome.case, part, k), equal_nan=True)
        for k, (part, mine) in enumerate(zip(theirs, outcome.value, strict=True))
    )


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
    panels, arithmetic = explaining.smallest(task, shown) if shown and not shown.hidden else ([], "")
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


def in_a_kernel() -> bool:
    """Whether this code runs in a notebook's kernel, where HTML is shown."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "ipykernel" in sys.modules and type(shell).__name__ == "ZMQInteractiveShell"
