"""Plain data across the border between the judge and a learner's process: a format that cannot carry code.

A message is a JSON text and a run of raw bytes for the arrays. What can cross is named in :class:`Writer`; anything
else arrives as :class:`Opaque`, the name of its type and nothing more. Sizes and depths are bounded on both sides, and
what is malformed raises :class:`Malformed`: the reader never trusts the writer.

A call copies its arguments over, and what it changed in them back, as if both sides had the same memory.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import decimal
import fractions
import json
import math
import re
import socket
import struct
import time
from collections.abc import Callable

import numpy as np
from numpy.lib.array_utils import byte_bounds

from cnncourse.checks import given
from cnncourse.checks.calling import Frames
from cnncourse.checks.given import Given

__all__ = ["Closed", "Late", "Malformed", "Opaque", "Peer", "Reader", "TooLarge", "Writer"]

MOST_BYTES = 96 * 2**20  # of arrays in one message
MOST_TEXT = 16 * 2**20  # of everything else
DEEPEST = 60
_HEAD = struct.Struct("!II")
_PLAIN = frozenset("biufcUSmM")
_NAME = re.compile(r"[^\W\d]\w{0,60}")


class Malformed(Exception):
    """Bytes that are no message."""


class TooLarge(Exception):
    """More than may cross; ``size`` is the number of entries, where it is an array."""

    def __init__(self, size: int):
        super().__init__(f"{size} entries are too many")
        self.size = size


class Closed(Exception):
    """The other side is gone."""


class Late(Exception):
    """The other side did not answer in time."""


class Opaque:
    """Stands for something that cannot cross. ``type(...).__name__`` is that of the original."""


def opaque(name: str) -> Opaque:
    """An :class:`Opaque` whose type has this name.

    >>> type(opaque("EagerTensor")).__name__
    'EagerTensor'
    """
    return type(name if _NAME.fullmatch(name) else "object", (Opaque,), {})()


# -- one value -------------------------------------------------------------------------------------------------------


class Writer:
    """Turns values into JSON, and keeps the bytes of their arrays.

    What crosses: None, truth values, numbers of Python and NumPy, text, bytes, lists, tuples, dicts, arrays (with the
    memory layout of a view), and generators of ``numpy.random`` by their state. ``other(writer, value, depth)`` may
    encode what is left over; it returns None where it cannot.

    Attributes:
        buffers: the bytes, in the order of :attr:`arrays`.
        arrays: the arrays and generators that were encoded, in their order.
        generators: the generators, each once.
        givens: what is :class:`cnncourse.checks.given.Given`, each once.
    """

    def __init__(self, other: Callable | None = None):
        self.buffers: list[bytes] = []
        self.arrays: list = []
        self.generators: list = []
        self.givens: list[Given] = []
        self.other = other

    def encode(self, value, depth: int = 0):
        """The value as JSON.

        Raises:
            TooLarge: an array with more than the bytes that may cross.
        """
        if depth > DEEPEST:
            return ["o", "nested_too_deeply"]
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            if -(2**63) <= value < 2**63:
                return value
            return ["i", hex(value)] if value.bit_length() < 10**6 else ["o", "int"]
        if kind is float:
            return value if math.isfinite(value) else ["f", str(value)]
        if kind in (tuple, list):
            return ["t" if kind is tuple else "l", *(self.encode(item, depth + 1) for item in value)]
        if kind is dict:
            return ["d", *(self.encode(part, depth + 1) for pair in value.items() for part in pair)]
        if isinstance(value, np.ndarray):
            return self._array(np.asarray(value), depth)
        if isinstance(value, np.generic):
            if value.dtype.kind not in _PLAIN:
                return ["o", kind.__name__]
            self.buffers.append(np.asarray(value).tobytes())
            return ["s", value.dtype.str]
        if kind in (bytes, bytearray):
            self.buffers.append(bytes(value))
            return ["b", len(value)]
        if isinstance(value, np.random.Generator) and value.bit_generator.state.get("bit_generator") == "PCG64":
            self.arrays.append(value)
            for k, known in enumerate(self.generators):
                if known is value:
                    return ["R", k]
            self.generators.append(value)
            return state_of(value)
        if self.other is not None:
            found = self.other(self, value, depth)
            if found is not None:
                return found
        return self._derived(value, depth)

    def given(self, value: Given, depth: int = 0):
        """What the other side makes its own of; for :attr:`other`, on the side that may send it."""
        for k, known in enumerate(self.givens):
            if known is value:
                return ["G", k]
        self.givens.append(value)
        return ["g", type(value).__name__, self.encode(value.data(), depth + 1)]

    def mark(self) -> tuple[int, int, int]:
        """Where we are, for :meth:`back_to`."""
        return len(self.buffers), len(self.arrays), len(self.generators)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what was encoded since, for want of an end."""
        del self.buffers[mark[0] :], self.arrays[mark[1] :], self.generators[mark[2] :]

    def _derived(self, value, depth):
        """Of a number, text or sequence of the learner's own type: what it is underneath."""
        if isinstance(value, (decimal.Decimal, fractions.Fraction)):
            return self.encode(float(value))
        if isinstance(value, complex):
            plain = complex.__complex__(value)
            return ["c", repr(plain.real), repr(plain.imag)]
        for base, underneath in (
            (int, int.__int__),
            (float, float.__float__),
            (str, str.__str__),
            (tuple, lambda v: tuple(tuple.__iter__(v))),
            (list, lambda v: list(list.__iter__(v))),
            (dict, lambda v: dict(dict.items(v))),
        ):
            if isinstance(value, base):
                return self.encode(underneath(value), depth + 1)
        return ["o", str(type(value).__name__)[:60]]

    def _array(self, array: np.ndarray, depth: int):
        if array.dtype.kind == "O":
            if array.size > 100_000:
                raise TooLarge(array.size)
            return ["O", list(array.shape), *(self.encode(item, depth + 1) for item in array.ravel().tolist())]
        if array.dtype.kind not in _PLAIN:
            return ["v"]
        if array.nbytes > MOST_BYTES or not 0 < array.dtype.itemsize <= 4096:
            raise TooLarge(array.size)
        self.arrays.append(array)
        low, high = byte_bounds(array)
        if array.flags.c_contiguous or not array.size or high - low > 4 * array.nbytes + 4096:
            self.buffers.append(array.tobytes())
            return ["a", array.dtype.str, list(array.shape)]
        self.buffers.append(ctypes.string_at(low, high - low))
        start = array.__array_interface__["data"][0] - low
        return ["a", array.dtype.str, list(array.shape), list(array.strides), start, high - low]


def state_of(rng: np.random.Generator) -> list:
    """A generator as JSON."""
    state = rng.bit_generator.state
    inner = state["state"]
    return ["r", hex(inner["state"]), hex(inner["inc"]), int(state["has_uint32"]), int(state["uinteger"])]


class Reader:
    """Turns a message back into values. ``other(reader, tag, rest, depth)`` reads what :class:`Writer`'s other wrote.

    Attributes:
        arrays: the arrays and generators that were read, in their order.
        generators: the generators, each once.
        givens: what is :class:`cnncourse.checks.given.Given`, each once.
    """

    def __init__(self, data: bytes, other: Callable | None = None):
        self.data, self.at, self.other = memoryview(data), 0, other
        self.arrays: list = []
        self.generators: list = []
        self.givens: list[Given] = []

    def decode(self, tree, depth: int = 0):
        """The value.

        Raises:
            Malformed: it is not what :class:`Writer` writes.
        """
        if tree is None or isinstance(tree, (bool, int, float)):
            return tree
        if isinstance(tree, str):
            return tree if tree.isascii() else tree.encode("utf-8", "replace").decode()  # no halves of characters
        if depth > 2 * DEEPEST:
            raise Malformed("nested too deeply")
        try:
            return self._decode(tree[0], tree[1:], depth + 1)
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError, MemoryError) as error:
            raise Malformed(f"{type(error).__name__}: {error}"[:300]) from None

    def _decode(self, tag, rest, depth: int):
        if tag == "t":
            return tuple([self.decode(item, depth) for item in rest])
        if tag == "l":
            return [self.decode(item, depth) for item in rest]
        if tag == "d":
            if len(rest) > 20_000:  # keys can be chosen so that a large table takes hours
                raise Malformed("too many entries")
            parts = [self.decode(item, depth) for item in rest]
            return dict(zip(parts[::2], parts[1::2], strict=True))
        if tag == "a":
            return self._array(*rest)
        if tag == "s":
            dtype = _dtype(rest[0])
            return np.frombuffer(bytes(self.take(dtype.itemsize)), dtype)[0]
        if tag == "i":
            return int(rest[0], 16)
        if tag == "f":
            return float(rest[0])
        if tag == "c":
            return complex(float(rest[0]), float(rest[1]))
        if tag == "b":
            return bytes(self.take(int(rest[0])))
        if tag == "O":
            found = np.empty(len(rest) - 1, dtype=object)
            for k, item in enumerate(rest[1:]):
                found[k] = self.decode(item, depth)
            return found.reshape(_shape(rest[0]))
        if tag == "v":
            return np.zeros((0,), "V1")
        if tag == "r":
            return self._generator(rest)
        if tag == "R":
            self.arrays.append(self.generators[int(rest[0])])
            return self.arrays[-1]
        if tag == "o":
            return opaque(str(rest[0]))
        if self.other is not None:
            return self.other(self, tag, rest, depth)
        raise Malformed(f"no such kind: {str(tag)[:20]}")

    def given(self, tag: str, rest, depth: int) -> Given:
        """What :meth:`Writer.given` wrote."""
        if tag == "G":
            return self.givens[int(rest[0])]
        kind = getattr(given, str(rest[0]))
        if not issubclass(kind, Given):
            raise Malformed("no such kind")
        made = kind.of({})
        self.givens.append(made)  # before what it is made of, as on the other side
        vars(made).update(self.decode(rest[1], depth))
        return made

    def take(self, count: int) -> memoryview:
        """The next bytes."""
        if count < 0 or self.at + count > len(self.data):
            raise Malformed("fewer bytes than announced")
        self.at += count
        return self.data[self.at - count : self.at]

    def several(self, tree, count: int) -> list:
        """So many values, all written as this tree is: arrays, or tuples of them, are read at one go."""
        together = isinstance(tree, list) and tree[:1] == ["t"]
        parts = tree[1:] if together else [tree]
        plain = parts and all(isinstance(part, list) and part[:1] == ["a"] and len(part) == 3 for part in parts)
        if count == 1 or not plain:
            return [self.decode(tree) for _ in range(count)]
        kinds = [(_dtype(dtype), _shape(shape)) for _, dtype, shape in parts]
        sizes = [math.prod(shape) * dtype.itemsize for dtype, shape in kinds]
        rows = np.frombuffer(bytearray(self.take(count * sum(sizes))), np.uint8).reshape(count, sum(sizes))
        columns, start = [], 0
        for (dtype, shape), size in zip(kinds, sizes, strict=True):
            column, start = rows[:, start : start + size], start + size
            column = column != 0 if dtype.kind == "b" else np.ascontiguousarray(column)
            column = column.view(dtype).reshape(count, *shape) if size else np.zeros((count, *shape), dtype)
            columns.append([column[k, ...] for k in range(count)])
        return list(zip(*columns, strict=True)) if together else columns[0]

    def _array(self, dtype, shape, strides=None, start=0, length=0) -> np.ndarray:
        dtype, shape = _dtype(dtype), _shape(shape)
        size = math.prod(shape) * dtype.itemsize
        if size > MOST_BYTES:  # strides of 0 would make much of few bytes
            raise Malformed("an array larger than any may be")
        if strides is None:
            memory = bytearray(self.take(size))
            if dtype.kind == "b":
                memory = bytearray(map(bool, memory))  # another byte than 0 or 1 is neither for NumPy
            array = np.frombuffer(memory, dtype).reshape(shape) if memory else np.zeros(shape, dtype)
        else:
            memory = bytearray(self.take(int(length)))
            if dtype.kind == "b":
                memory = bytearray(map(bool, memory))
            array = np.ndarray(shape, dtype, memory, int(start), [int(n) for n in strides])  # refuses what does not fit
        self.arrays.append(array)
        return array

    def _generator(self, rest) -> np.random.Generator:
        rng = np.random.Generator(np.random.PCG64(0))
        set_state(rng, rest)
        self.arrays.append(rng)
        self.generators.append(rng)
        return rng


def set_state(rng: np.random.Generator, rest) -> None:
    """Put a generator into the state that :func:`state_of` wrote."""
    inner = {"state": int(rest[0], 16), "inc": int(rest[1], 16)}
    kept = {"has_uint32": int(rest[2]), "uinteger": int(rest[3])}
    rng.bit_generator.state = {"bit_generator": "PCG64", "state": inner, **kept}


def _dtype(text) -> np.dtype:
    dtype = np.dtype(str(text)[:20])
    if dtype.kind not in _PLAIN or not 0 < dtype.itemsize <= 4096:
        raise Malformed("no such numbers")
    return dtype


def _shape(sizes) -> tuple[int, ...]:
    shape = tuple(int(n) for n in sizes)
    if any(n < 0 for n in shape) or len(shape) > 32:
        raise Malformed("no such shape")
    return shape


def notes_of(givens: list[Given], writer: Writer) -> list:
    """What they have noted, by their number."""
    return [
        [k, [[name, writer.encode(getattr(one, name, None))] for name in one.NOTES]]
        for k, one in enumerate(givens)
        if one.NOTES
    ]


def take_notes(givens: list[Given], notes: list, reader: Reader) -> None:
    """Put down in ours what theirs have noted."""
    for number, values in notes:
        target = givens[int(number)]
        for name, value in values:
            if name not in target.NOTES:
                raise Malformed("no such note")
            setattr(target, name, reader.decode(value))


# -- messages --------------------------------------------------------------------------------------------------------


class Channel:
    """A socket that is read in large pieces."""

    def __init__(self, socket: socket.socket):
        self.socket = socket
        self._read = bytearray()

    def take(self, count: int, deadline: float | None) -> bytearray:
        """The next bytes. Raises :class:`Closed` or :class:`Late` where there are fewer."""
        while len(self._read) < count:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Late
                self.socket.settimeout(left)
            try:
                part = self.socket.recv(max(2**16, min(count - len(self._read), 2**20)))
            except TimeoutError:
                raise Late from None
            except OSError:
                raise Closed from None
            if not part:
                raise Closed
            self._read += part
        taken = self._read[:count]
        del self._read[:count]
        return taken

    def send(self, tree, buffers: list) -> None:
        """Write one message.

        Raises:
            TooLarge: it is larger than the other side would read.
            Closed, Late: the other side is gone, or does not read.
        """
        text = json.dumps(tree, separators=(",", ":")).encode("ascii")
        length = sum(map(len, buffers))
        if len(text) > MOST_TEXT or length > MOST_BYTES:
            raise TooLarge(len(text) + length)
        try:
            self.socket.sendall(b"".join([_HEAD.pack(len(text), length), text, *buffers]))
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed from None

    def receive(self, deadline: float | None = None) -> tuple[object, bytearray]:
        """Read one message: its tree, and its bytes.

        Args:
            deadline: when to give up, on the clock of ``time.monotonic``.

        Raises:
            Malformed: what came is no message. Nothing that comes after it can be understood either.
            Closed, Late: the other side is gone, or was silent for too long.
        """
        length, more = _HEAD.unpack(self.take(_HEAD.size, deadline))
        if length > MOST_TEXT or more > MOST_BYTES:
            raise Malformed("a message larger than any may be")
        text = self.take(length, deadline)
        data = self.take(more, deadline)
        try:
            return json.loads(text), data
        except (ValueError, RecursionError) as error:
            raise Malformed(f"no message: {type(error).__name__}") from None


# -- errors ----------------------------------------------------------------------------------------------------------


def error_tree(error: BaseException, raised_by: str = "", line: str = "") -> list:
    """An error as JSON: the type of Python's own that it is, its name, its text, and where it came from."""
    base = next(c.__name__ for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c)
    if base == "object":
        base = "Exception"
    try:
        text = str(error)
    except Exception:  # a text of the learner's own making
        text = ""
    return [base, str(type(error).__name__)[:60], text[:2000], str(raised_by)[:80], str(line)[:200]]


def error_from(tree) -> BaseException:
    """The error again. Where it was of a type that is not Python's own, its type is made up from the name."""
    try:
        base, name, text, raised_by, line = map(str, tree)
    except (TypeError, ValueError):
        raise Malformed("no error") from None
    kind = getattr(builtins, base[:60], None)
    if not isinstance(kind, type) or not issubclass(kind, BaseException):
        kind = Exception
    if issubclass(kind, (KeyboardInterrupt, GeneratorExit, StopIteration, StopAsyncIteration)):
        kind = Exception  # these would mean something to the code that asks
    if name != kind.__name__ and _NAME.fullmatch(name):
        kind = type(name, (kind,), {})
    said = _Said(text) if issubclass(kind, KeyError) else text
    error: BaseException = Exception(text)
    for base in kind.__mro__:  # some take other arguments than a text; then it is the next more general one
        with contextlib.suppress(TypeError):
            error = base(said)
            break
    error.__cause__ = Frames(raised_by[:80], line[:200])
    return error


class _Said(str):
    """A ``KeyError`` shows its argument by ``repr``; this one has been through that."""

    def __repr__(self):
        return str(self)


# -- both sides ------------------------------------------------------------------------------------------------------


class Peer:
    """One side of a channel. Each may ask the other, also while it is being asked.

    Attributes:
        deadline: when an answer is too late, on the clock of ``time.monotonic``; None for never.
        allowance: the bytes that may still come in; None for any.
    """

    def __init__(self, channel: socket.socket):
        self.channel = Channel(channel)
        self.deadline: float | None = None
        self.allowance: int | None = None
        self._depth = self._asked = 0

    def answer(self, verb: str, tree: list, data: bytes) -> tuple[list, list]:
        """What to reply, and the bytes with it."""
        raise NotImplementedError

    def ask(self, verb: str, tree: list, buffers: list) -> tuple[list, bytes]:
        """Send a question, answer what the other side asks meanwhile, and return its reply."""
        self._asked += 1
        self.channel.send(["?", self._asked, verb, *tree], buffers)
        return self.listen(self._asked)

    def listen(self, until: int = 0) -> tuple[list, bytes]:
        """Answer questions, until the reply to ours comes; one to an earlier question of ours is passed over."""
        self._depth += 1
        try:
            if self._depth > 20:
                raise Malformed("questions in questions, without end")
            while True:
                message, data = self.channel.receive(self.deadline)
                if self.allowance is not None:
                    self.allowance -= len(data)
                    if self.allowance < 0:
                        raise Malformed("more than anybody wants to know")
                if not isinstance(message, list) or len(message) < 3 or not isinstance(message[1], int):
                    raise Malformed("neither a question nor an answer")
                kind, number, *rest = message
                if kind == "?" and isinstance(rest[0], str):
                    reply, buffers = self.answer(rest[0], rest[1:], data)
                    try:
                        self.channel.send(["=", number, *reply], buffers)
                    except TooLarge as error:
                        self.channel.send(["=", number, "large", error.size], [])
                elif kind == "=" and number == until > 0:
                    return rest, data
                elif kind != "=" or number > self._asked or not until:
                    raise Malformed("an answer that nobody asked for")
        finally:
            self._depth -= 1


def arrays_of(value) -> list:
    """The arrays and generators in arguments, in the order in which :class:`Writer` meets them."""
    if isinstance(value, (np.ndarray, np.random.Generator)):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [array for item in value for array in arrays_of(item)]


def snapshots(arrays: list) -> list:
    """What arrays and generators hold, to be compared with :func:`changes`."""
    return [array.tobytes() if isinstance(array, np.ndarray) else state_of(array) for array in arrays]


def changes(arrays: list, before: list, writer: Writer) -> list:
    """Of the arrays and generators those that hold something else by now: pairs of (number, value)."""
    found = []
    for k, (array, held) in enumerate(zip(arrays, before, strict=True)):
        if isinstance(array, np.ndarray):
            if array.tobytes() != held:
                found.append([k, writer.encode(np.array(array))])
        elif state_of(array) != held:
            found.append([k, state_of(array)])
    return found


def write_back(arrays: list, changed, reader: Reader) -> None:
    """Bring over what the other side changed."""
    for k, tree in changed:
        new, target = reader.decode(tree), arrays[k]
        if isinstance(target, np.random.Generator) and isinstance(new, np.random.Generator):
            target.bit_generator.state = new.bit_generator.state
        elif isinstance(target, np.ndarray) and isinstance(new, np.ndarray) and new.shape == target.shape:
            if new.dtype == target.dtype and target.flags.writeable:
                target[...] = new


def global_numbers() -> bytes:
    """What changes when NumPy's global generator is used: a hundred times quicker to read than its state."""
    return ctypes.string_at(np.random.mtrand._rand._bit_generator.ctypes.state_address, 625 * 4)


def global_state() -> list:
    """The state of NumPy's global generator, as something that can be encoded."""
    name, keys, position, has_gauss, cached = np.random.get_state()
    return [name, keys.tobytes(), int(position), int(has_gauss), float(cached)]


def set_global_state(state: list) -> None:
    """Put NumPy's global generator into this state."""
    name, keys, position, has_gauss, cached = state
    numbers = np.frombuffer(bytes(keys), np.uint32)
    if numbers.size != 624 or not 0 <= position <= 624 or has_gauss not in (0, 1) or not math.isfinite(cached):
        raise Malformed("no state of a generator")  # NumPy does not look, and reads beyond its memory
    np.random.set_state(("MT19937", numbers, int(position), int(has_gauss), float(cached)))
