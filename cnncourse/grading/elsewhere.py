"""What a learner defined, as the judge sees it: stand-ins that ask the learner's process.

A :class:`Session` is one submission's process. When it dies or has to be killed, the next question starts another one
and runs the learner's cells again in it. The judge takes from it values, and names of errors; nothing that it says is
believed beyond that.
"""

from __future__ import annotations

import contextlib
import inspect
import time
import types
from collections.abc import Callable

import numpy as np

from cnncourse.checks.calling import (
    Elsewhere,
    Fault,
    NotFromScratch,
    Rules,
    TooSlow,
    arguments_of,
    copy_of,
    first_call,
    is_a_plain_type,
    rules_of,
)
from cnncourse.checks.given import Given
from cnncourse.checks.task import Rng
from cnncourse.grading import codec
from cnncourse.grading.codec import Closed, Late, Malformed, Peer, Reader, TooLarge, Writer
from cnncourse.grading.sandbox import Limits, Sandbox

__all__ = ["CannotGoOn", "Died", "Session"]

OUT_OF_MEMORY = 99
UNCLEAR = (Malformed, ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError)
LONGEST = 100_000  # characters of what a cell prints
MOST_BYTES = 2**30  # that one question may bring over, with all that is asked back
LOOKS = 10  # seconds for a look at something
LARGE = 2**20  # bytes that a call made ahead may bring over
CALLS = 60  # seconds for a call outside a check of ours
SHORT = 2  # seconds for a cell that is run again and was too slow before


class Died(TooSlow):
    """The process ended in the middle of a question."""


class CannotGoOn(TooSlow):
    """No further process is started for this submission."""


class Session(Peer):
    """One submission's process, and what has been run in it so far.

    Attributes:
        ended: "" or why the process ended during the latest question: "died", "memory", "late", "garbled".
    """

    def __init__(self, sandbox: Sandbox, limits: Limits, source: str, files: dict[str, bytes] | None = None):
        self.sandbox, self.limits, self.source, self.files = sandbox, limits, source, files or {}
        self.pid: int | None = None
        self.generation = 0
        self.started = time.monotonic()
        self.ran: list[tuple[str, str, float]] = []
        self.ended = ""
        self.hidden_seen = False  # whether hidden cases went in: from then on no text that comes out is shown
        self.handles: list = []
        self.each: float | None = None  # seconds that a call may take, while a check of ours is under way
        self.until = 0.0
        self._verdict = 0
        self._depth = 0

    # -- the process

    def _begin(self) -> None:
        if self.generation > self.limits.restarts:
            raise CannotGoOn
        self.generation += 1
        self.pid, channel = self.sandbox.fork(self.limits)
        super().__init__(channel)
        self.allowance = MOST_BYTES
        self._numbers = b""
        writer = Writer()
        files = [[name, writer.encode(content)] for name, content in self.files.items()]
        self.deadline = time.monotonic() + CALLS
        super().ask("files", files, writer.buffers)
        for source, filename, seconds in self.ran:
            self.deadline = time.monotonic() + seconds + self.limits.grace
            super().ask("run", [source, filename, seconds], [])

    def close(self) -> int:
        """End the process. Returns its status."""
        if self.pid is None:
            return 0
        pid, self.pid = self.pid, None
        with contextlib.suppress(OSError):
            self.channel.socket.close()
        return self.sandbox.end(pid)

    def question(self, verb: str, tree, buffers: list, seconds: float):
        """Ask, in a new process where there is none; raise :class:`Died` or ``TooSlow`` where there is no answer."""
        self.ended = ""
        try:
            if self.pid is None:
                self._begin()
            self.deadline = time.monotonic() + seconds
            if self._depth == 0 and verb != "call":
                self.allowance = MOST_BYTES
            return super().ask(verb, tree, buffers)
        except Late:
            self.ended = "late"
            self.close()
            raise TooSlow from None
        except Closed:
            self.ended = "memory" if self.close() == OUT_OF_MEMORY else "died"
            raise Died from None
        except UNCLEAR:
            self.ended = "garbled"
            self.close()
            raise Died from None
        except (CannotGoOn, TooLarge):
            raise
        except BaseException:
            self.ended = "late"
            self.close()  # interrupted in the middle of a message: what comes next could not be understood
            raise

    @property
    def left(self) -> float:
        """The seconds that the next call may take."""
        return CALLS if self.each is None else max(0.0, min(self.each, self.until - time.monotonic()))

    @contextlib.contextmanager
    def understood(self):
        """Around the reading of a reply: what cannot be understood ends the process."""
        try:
            yield
        except UNCLEAR:
            self.ended = "garbled"
            self.close()
            raise Died from None

    # -- cells

    def run(self, source: str, filename: str, seconds: float) -> tuple[str, str, BaseException | None]:
        """Run a cell. Returns "ran" or "late", what it printed, and the error it ended with."""
        reply, _ = self.question("run", [source, filename, seconds], [], seconds + self.limits.grace)
        with self.understood():
            state, printed = str(reply[0]), str(reply[1])[:LONGEST].encode("utf-8", "replace").decode()
            error = self._error(reply[2]) if state == "ran" and reply[2] is not None else None
        self.ran.append((source, filename, SHORT if state == "late" else seconds))
        return state, printed, error

    def describe(self, names: list[str]) -> dict[str, object]:
        """Stand-ins for what these names stand for; those that stand for nothing are left out."""
        reply, data = self.question("describe", names, [], LOOKS)
        reader = Reader(data, self._decode_other)
        found = {}
        with self.understood():
            for name, told in zip(names, reply[1], strict=True):
                kind = told[0]
                if kind == "function":
                    found[name] = Function(self, name, int(told[1]), self._signature(told[3]))
                elif kind == "class":
                    found[name] = _class_of(Function(self, name, int(told[1]), None), name)
                elif kind == "module":
                    found[name] = types.ModuleType(self.word(told[1], "module"))
                elif kind == "value":
                    found[name] = reader.decode(told[1])
        return found

    # -- what comes out

    def word(self, text, otherwise: str) -> str:
        """A name from the other side, where it is one that everybody may see: Python's, a library's, the source's."""
        text = str(text)
        known = is_a_plain_type(text) or text in _TYPES or hasattr(np.exceptions, text)
        return text if known or (text and len(text) < 61 and text in self.source) else otherwise

    def _error(self, tree) -> BaseException:
        base, name, text, raised_by, line = (str(part).encode("utf-8", "replace").decode() for part in tree)
        line = line if line.rstrip("…").replace("'", "`") in self.source.replace("'", "`") else ""
        text = "" if self.hidden_seen else text
        return codec.error_from([base, self.word(name, base), text, self.word(raised_by, ""), line])

    def _signature(self, parameters) -> inspect.Signature | None:
        if parameters is None:
            return None
        made = []
        try:
            for name, kind, default in parameters[:100]:
                shown = None if default is None else _Text(default if default in self.source else "…")
                plain = inspect.Parameter.empty if shown is None else shown
                made.append(inspect.Parameter(self.word(name, f"p{len(made)}"), list(_KINDS)[int(kind)], default=plain))
            return inspect.Signature(made)
        except (ValueError, TypeError, IndexError):
            return None

    def _decode_other(self, reader, tag, rest, depth):
        if tag == "j":
            return self.handles[int(rest[0])]
        if tag != "h":
            raise Malformed("no such kind")
        methods = [name for name in rest[2] if name in ("predict", "__call__")]
        return _object_of(self, self.generation, int(rest[0]), self.word(rest[1], "object"), methods)

    # -- what goes in

    def _encode_other(self, writer, value, depth):
        if isinstance(value, Thing):
            return ["h", value._number] if value._generation == self.generation else ["o", "object"]
        if isinstance(value, Function):
            return ["h", value.handle()]
        if isinstance(value, type) and (issubclass(value, np.generic) or value in (bool, int, float, complex, str)):
            return ["y", value.__name__]
        if isinstance(value, Given):
            return writer.given(value, depth)
        if not callable(value):
            return None
        self.handles.append(value)
        return ["j", len(self.handles) - 1]

    def answer(self, verb, tree, data):
        """The learner's code calls something of ours that it was given."""
        if verb != "back":
            raise Malformed("no such question")
        number, args, kwargs = tree
        reader, writer = Reader(data, self._decode_other), Writer(self._encode_other)
        target = self.handles[int(number)]
        if isinstance(target, type):
            raise Malformed("no function")
        args, kwargs = reader.decode(args), reader.decode(kwargs)
        before = codec.snapshots(reader.arrays)
        try:
            result = target(*args, **kwargs)
        except TooSlow:
            raise
        except Exception as error:
            return ["error", codec.error_tree(error)], []
        reply = ["ok", writer.encode(result)]
        return [*reply, codec.changes(reader.arrays, before, writer)], writer.buffers

    # -- calls

    def call(self, number, attribute, args, kwargs=None, rules: Rules | None = None, outcome=None):
        """Call something over there, as if it were here: what it changes in its arguments is changed here too."""
        writer = Writer(self._encode_other)
        if self._depth == 0 and (outcome is None or outcome.verdict != self._verdict):
            self.handles.clear()
            self.allowance = MOST_BYTES
            self._verdict = outcome.verdict if outcome is not None else 0
        if outcome is not None:
            self.hidden_seen = self.hidden_seen or outcome.hidden
        encoded = [writer.encode(args), writer.encode(kwargs or {})]
        told = None
        if rules is not None:
            told = [rules.watched, list(rules.helpers), list(rules.may_use), rules.results, rules.may_share]
        moved = self._give_state(writer)
        which = [outcome.verdict, outcome.number] if outcome is not None else [0, 0]
        reply, data = self.question(
            "call", [number, attribute, *encoded, told, *which, moved], writer.buffers, self.left
        )
        reader = Reader(data, self._decode_other)
        with self.understood():
            return self._reply(reply, reader, writer, outcome)

    def _give_state(self, writer):
        numbers = codec.global_numbers()
        moved = None if numbers == self._numbers else writer.encode(codec.global_state())
        self._numbers = numbers
        return moved

    def _take_state(self, moved, reader) -> None:
        if moved is not None:
            codec.set_global_state(reader.decode(moved))
            self._numbers = codec.global_numbers()

    def calls(self, number: int, verdict: int, rules: Rules, cases: list, given: Writer, seconds: float, row=False):
        """Call a function for several cases, encoded already. Returns triples of reply, result and changed arrays.

        In a row, they are calls for the same case: a generator goes on from one to the next, and an error is the end.
        The last entry of a case is how many times it is to be called.
        """
        if verdict != self._verdict:
            self.handles.clear()
        self.allowance = MOST_BYTES
        self._verdict = verdict
        writer = Writer()
        moved = self._give_state(writer)
        told = [rules.watched, list(rules.helpers), list(rules.may_use), rules.results]  # and whether it may share
        reply, data = self.question(
            "calls", [number, verdict, told, cases, moved, row], [*writer.buffers, *given.buffers], seconds
        )
        reader = Reader(data, self._decode_other)
        if reply[:1] == ["large"]:
            return []
        with self.understood():
            found, calls = [], sum(times for *_, times in cases)
            for *one, alike in reply[1]:
                if not 1 <= alike <= calls - len(found):
                    raise Malformed("more answers than questions")
                results = reader.several(one[1], alike) if one[0] == "ok" else [None] * alike
                changed = [[int(k), reader.decode(tree)] for k, tree in one[-4]]
                found += [(one, result, changed) for result in results]
            self._take_state(reply[2], reader)
            ended = row and found and found[-1][0][0] != "ok"
            if len(found) < calls and not ended:
                raise Malformed("not as many answers as questions")
            for rng, state in zip(given.generators if row else (), reply[3], strict=row):
                codec.set_state(rng, state[1:])
            codec.take_notes(given.givens, reply[4], reader)
            return found

    def _reply(self, reply, reader, writer, outcome):
        kind = reply[0]
        if kind == "large" and len(reply) == 2:
            raise TooLarge(int(reply[1]))
        changed, printed, shared, borrowed, notes, moved = reply[-6:]
        result = reader.decode(reply[1]) if kind == "ok" else None
        codec.write_back(writer.arrays, changed, reader)
        codec.take_notes(writer.givens, notes, reader)
        self._take_state(moved, reader)
        if outcome is not None:
            outcome.printed = outcome.printed or bool(printed)
            outcome.shared = outcome.shared or bool(shared)
            outcome.borrowed = outcome.borrowed or str(borrowed)[:100]
        return kind, result, reply


_TYPES = frozenset(
    "function generator coroutine method module builtin_function_or_method NoneType dict_keys dict_values dict_items "
    "EagerTensor KerasTensor Tensor Variable Sequential Functional Model LinAlgError DataFrame Series Fraction Decimal "
    "InvalidArgumentError ResourceExhaustedError deque defaultdict Counter OrderedDict csr_matrix".split()
)
_KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)


class _Text(str):
    """A default value, as it is written."""

    def __repr__(self):
        return str(self)


class Function(Elsewhere):
    """Stands for a function of the learner's."""

    def __init__(self, session: Session, name: str, number: int, signature, positional=None, keywords=()):
        self._session, self.__name__, self._number = session, name, number
        self._generation = session.generation
        self._positional, self._keywords = positional, keywords
        self._called: dict[int, list] = {}  # by outcome, what came of calls made already, the last one first
        if signature is not None:
            self.__signature__ = signature

    def handle(self) -> int:
        """Its number over there; in a new process it is looked up again."""
        if self._session.pid is None:
            self._session.question("forget", [], [], LOOKS)  # begins a new one
        if self._generation != self._session.generation:
            found = self._session.describe([self.__name__]).get(self.__name__)
            self._number = getattr(found, "_number", -1)
            self._generation = self._session.generation
        return self._number

    def __call__(self, *args, **kwargs):
        return _value(*self._session.call(self.handle(), None, args, kwargs), self._session)

    def observed(self, args: tuple, rules: Rules, outcome):
        """See :func:`cnncourse.checks.calling.observe`."""
        args, kwargs = self._split(args)
        try:
            found = self._session.call(self.handle(), None, args, kwargs, rules, outcome)
        except TooLarge as error:
            raise Fault("too large", "array", 0, error.size) from None
        return _value(*found, self._session)

    def ahead(self, task, outcomes: list) -> None:
        """Make the first call of each of these cases, all in one go. What then comes is what was said."""
        self._called = {}
        key = ("ahead", self._positional, *(id(outcome.case) for outcome in outcomes))
        if key not in task._answers:
            firsts = [(k, self._first(task, outcome.case)) for k, outcome in enumerate(outcomes)]
            task._answers[key] = [(k, *first) for k, first in firsts if first is not None]
        firsts = task._answers[key]
        if len(firsts) < 3:
            return
        cases = [[outcomes[k].number, *encoded, 1] for k, encoded, _, _ in firsts]
        given = Writer()
        for _, _, buffers, givens in firsts:
            given.buffers += buffers
            given.givens += givens
        self._session.hidden_seen = self._session.hidden_seen or outcomes[0].hidden
        number, numbers, state = self.handle(), codec.global_numbers(), np.random.get_state()
        try:
            found = self._session.calls(number, outcomes[0].verdict, rules_of(task), cases, given, self._session.left)
        except TooSlow:
            return  # one by one, each has its own time
        drawn = codec.global_numbers() != numbers
        if drawn:  # from everybody's generator: a probe may look for just that
            np.random.set_state(state)
        for (k, encoded, buffers, _), one in zip(firsts, found, strict=False):
            if outcomes[k].case.probe is None:
                self._called[outcomes[k].number] = [(None, one)]
            elif not drawn:
                self._called[outcomes[k].number] = [((encoded[:2], buffers), one)]

    def _first(self, task, case) -> tuple | None:
        """The first call of a case, encoded: ``([args, kwargs, may share], buffers, what it is given)``.

        None where it has to be made when the case is asked: for long work, of which each call has its own time, and
        where the case looks into what it has given.
        """
        args = None if case.probe and task.seconds else first_call(task, case)
        found = None if args is None else self._encoded(task, [args])
        if found is None or any(one.NOTES for one in found[1].givens) or sum(map(len, found[1].buffers)) > LARGE:
            return None
        return found[0][0], found[1].buffers, found[1].givens

    def in_a_row(self, task, outcome, arguments: list[tuple]) -> None:
        """Call it with all these arguments, one after the other up to the first error."""
        self._called.pop(outcome.number, None)
        if len(arguments) < 3:
            return
        different: list[list] = []  # one after the other, and how often each stands there
        for args in arguments:
            if different and args is different[-1][0] and not any(isinstance(a, Rng) for a in args):
                different[-1][1] += 1
            else:
                different.append([args, 1])
        encoded = self._encoded(task, [arguments_of(args) for args, _ in different])
        if encoded is None:
            return
        cases, writer = encoded
        cases = [[outcome.number, *one, times] for one, (_, times) in zip(cases, different, strict=True)]
        rules = rules_of(task)
        self._session.hidden_seen = self._session.hidden_seen or outcome.hidden
        number = self.handle()
        try:
            found = self._session.calls(number, outcome.verdict, rules, cases, writer, self._session.left, row=True)
        except TooSlow:
            return
        self._called[outcome.number] = [(None, one) for one in found[::-1]]

    def _encoded(self, task, arguments: list[tuple]) -> tuple[list, Writer] | None:
        """Of each call its arguments; None where they hold something of ours that has to be called here."""
        own: list = []

        def other(writer, value, depth):
            return writer.given(value, depth) if isinstance(value, Given) else own.append(value) or ["o", "object"]

        writer, found = Writer(other), []
        for one in arguments:
            args, kwargs = self._split(one)
            found.append([writer.encode(args), writer.encode(kwargs), bool(rules_of(task, one).may_share)])
        return None if own else (found, writer)

    def _split(self, args: tuple) -> tuple[tuple, dict]:
        if self._positional is None:
            return args, {}
        return args[: self._positional], dict(zip(self._keywords, args[self._positional :], strict=False))

    def has_called(self, outcome, args: tuple) -> bool:
        """Whether this very call was made already."""
        called = self._called.get(outcome.number)
        if not called or called[-1][0] is None:
            return bool(called)
        writer = Writer(lambda writer, value, depth: writer.given(value, depth) if isinstance(value, Given) else None)
        return ([writer.encode(part) for part in self._split(args)], writer.buffers) == called[-1][0]

    def called(self, outcome, args: tuple) -> tuple[object, tuple]:
        """What came of it, and the arguments as they are now; the very same tuple where nothing was changed."""
        _, (reply, result, changes) = self._called[outcome.number].pop()
        theirs = args
        with self._session.understood():
            _, printed, shared, borrowed = reply[-4:]
            outcome.printed = outcome.printed or bool(printed)
            outcome.shared = outcome.shared or bool(shared)
            outcome.borrowed = outcome.borrowed or str(borrowed)[:100]
            if changes:
                theirs = tuple(map(copy_of, args))
                arrays = codec.arrays_of(self._split(theirs))
                for k, new in changes:
                    target = arrays[k]
                    if isinstance(target, np.random.Generator):
                        target.bit_generator.state = new.bit_generator.state
                    elif (target.shape, target.dtype) == (new.shape, new.dtype):
                        target[...] = new
        if reply[0] == "large":
            raise Fault("too large", "array", 0, int(reply[1]))
        return _value(reply[0], result, reply, self._session), theirs

    def by_name(self, positional: int, keywords: tuple[str, ...]) -> Function:
        """The same function, which gets its last arguments by their names."""
        signature = getattr(self, "__signature__", None)
        return Function(self._session, self.__name__, self.handle(), signature, positional, keywords)

    def time_allowed(self, seconds: float | None, together: float = 0) -> None:
        """From now on each call may take so many seconds, and all of them so many together; None: no longer."""
        self._session.each = seconds
        self._session.until = time.monotonic() + together

    def reused(self) -> list[int]:
        """The numbers of the outcomes whose arrays hold something else by now."""
        reply, _ = self._session.question("reused", [], [], LOOKS)
        with self._session.understood():
            return [int(number) for number in reply[1][:10_000]]

    def built(self, outcome, what: str, args: tuple, shape=None, dtype=None):
        """The rows, or the input's shape, of the Keras model that it builds: see :mod:`cnncourse.checks.models`."""
        writer = Writer()
        self._session.hidden_seen = self._session.hidden_seen or outcome.hidden
        tree = [self.handle(), what, writer.encode(args), writer.encode(shape), dtype]
        reply, data = self._session.question("rows", tree, writer.buffers, self._session.left)
        with self._session.understood():
            kind, result = reply[0], None
            if kind == "ok":
                outcome.printed = outcome.printed or bool(reply[2])
                result = Reader(data, self._session._decode_other).decode(reply[1])
        return _value(kind, result, reply, self._session)


def _value(kind: str, result, reply, session: Session):
    """What a call gives: its value, or the error that it ended with."""
    if kind == "ok":
        return result
    with session.understood():
        error = session._error(reply[1]) if kind == "error" else None
    if error is not None:
        raise error
    if kind == "fault":
        raise Fault(session.word(reply[1], "object"), "model" if reply[2] == "model" else "array")
    if kind == "borrowed":
        raise NotFromScratch
    raise TooLarge(int(reply[1]) if kind == "large" else 0)


class Thing:
    """Stands for an object over there that cannot cross. It equals nothing but itself."""

    _session: Session
    _generation: int
    _number: int

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        if self._generation != self._session.generation or self._session.pid is None:
            raise Died
        reply, data = self._session.question("attribute", [self._number, name], [], LOOKS)
        if reply[:1] == ["value"]:
            with self._session.understood():
                return Reader(data, self._session._decode_other).decode(reply[1])
        if reply[:1] == ["method"]:
            return self._method(name)
        raise AttributeError(f"there is no {name!r}")

    def _method(self, name: str | None) -> Callable:
        def method(*args, **kwargs):
            if self._generation != self._session.generation or self._session.pid is None:
                raise Died
            return _value(*self._session.call(self._number, name, args, kwargs), self._session)

        return method


def _object_of(session: Session, generation: int, number: int, name: str, methods: list[str]) -> Thing:
    kind = type(name if name.isidentifier() else "object", (Thing,), {})
    if "__call__" in methods:
        kind.__call__ = lambda self, *args, **kwargs: self._method(None)(*args, **kwargs)
    found = kind()
    found._session, found._generation, found._number = session, generation, number
    return found


def _class_of(function: Function, name: str) -> type:
    """A class of the learner's: calling it makes an object over there."""
    return type(name, (), {"__new__": lambda cls, *args, **kwargs: function(*args, **kwargs)})
