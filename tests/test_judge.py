"""The judge outside and the learner inside: what crosses the border, what the sandbox lets through, what is marked."""

import json
import socket
import struct
import tempfile
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from cnncourse.checks import TOPICS, calling, engine, functions, task
from cnncourse.checks.given import Network, Optimizer, Scalar
from cnncourse.checks.task import Case, Rng, Task
from cnncourse.grading import codec, judge, sandbox
from cnncourse.grading.cells import checksum
from cnncourse.grading.codec import Malformed, Reader, TooLarge, Writer
from cnncourse.grading.elsewhere import Died, Session
from cnncourse.grading.job import Cell, Job, Notebook
from cnncourse.grading.sandbox import Limits, Sandbox

pytestmark = pytest.mark.timeout(600)
needs_sandbox = pytest.mark.skipif(bool(sandbox.why_not()), reason=sandbox.why_not())
# What a private /tmp holds: matplotlib's list of fonts, and the way to this checkout where that lies below /tmp.
IN_TMP = ["matplotlib", *(sandbox.PACKAGE.parts[2:3] if sandbox.PACKAGE.is_relative_to("/tmp") else [])]
QUICK = Limits(cell=2, test=4, grace=1, later=1, notebook=40, restarts=4)

# The border -----------------------------------------------------------------------------------------------------------


def across(value):
    """A value as it comes out on the other side."""
    writer = Writer()
    tree = json.loads(json.dumps(writer.encode(value)))
    return Reader(b"".join(writer.buffers)).decode(tree)


@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(2**70), 0.1, "words ✓", b"\0\xff", (1, [2.5, "x"], {"a": None, (1, 2): True}), 3 - 4j, (), {}],
)
def test_plain_values_cross(value):
    assert across(value) == value and type(across(value)) is type(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.0])
def test_numbers_that_json_has_not(value):
    assert np.array_equal([across(value)], [value], equal_nan=True)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4)[::-1, ::2],
        np.asfortranarray(np.arange(6, dtype="i2").reshape(2, 3)),
        np.broadcast_to(np.float32(2), (3, 5)),
        np.array(["ab", "c"]),
        np.array(3),
        np.zeros((0, 4)),
        np.array([True, False]),
        np.arange(4, dtype=">f8"),
        np.lib.stride_tricks.sliding_window_view(np.arange(5.0), 2),
    ],
)
def test_arrays_cross_with_their_layout(array):
    found = across(array)
    assert found.dtype == array.dtype and np.array_equal(found, array) and found.flags.writeable
    if array.size > 1:
        assert found.strides == array.strides


def test_a_generator_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    rng.random(5), rng.integers(3, dtype="u1")
    there = across(rng)
    assert np.array_equal(there.random(4), rng.random(4))


def test_a_generator_that_stands_twice_is_one_generator():
    rng = np.random.default_rng(1)
    one, (other, third) = across((rng, [rng, np.random.default_rng(1)]))
    assert one is other and one is not third
    assert one.random() == third.random() == np.random.default_rng(1).random()


def test_what_cannot_cross_is_the_name_of_its_type():
    class Everything:
        def __eq__(self, other):
            return True

    found = across([Everything()])[0]
    assert type(found).__name__ == "Everything" and found != 1
    assert type(across(float.__subclasses__ and type("F", (float,), {})(2.5))) is float


def test_arrays_of_objects_cross_item_by_item():
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = [1, 2], np.array([3.0])
    found = across(ragged)
    assert found.dtype == object and found[0] == [1, 2] and np.array_equal(found[1], [3.0])


def test_too_much_is_refused_before_it_is_copied():
    with pytest.raises(TooLarge):
        Writer().encode(np.broadcast_to(1.0, (10**12,)))


@pytest.mark.parametrize(
    ("tree", "data"),
    [
        (["a", "f8", [3]], b"1234"),
        (["a", "O", [1]], b"12345678"),
        (["a", "f8", [-1]], b""),
        (["a", "f8", [10**12], [0], 0, 8], b"12345678"),
        (["a", "f8", [2], [8], 4, 16], b"1" * 16),
        (["a", "S0", [10**10]], b""),
        (["a", "V8", [1]], b"12345678"),
        (["s", "O"], b"12345678"),
        (["d", "a"], b""),
        (["d", *range(30_000)], b""),
        (["b", -1], b""),
        (["r", "0x1"], b""),
        (["?"], b""),
        ([], b""),
        ({}, b""),
        ([["t"]], b""),
        (["O", [3], 1], b""),
        (["c", "1"], b""),
    ],
)
def test_a_forged_value_is_refused(tree, data):
    with pytest.raises(Malformed):
        Reader(data).decode(tree)


def test_a_forged_value_cannot_be_nested_for_ever():
    tree = 1
    for _ in range(500):
        tree = ["l", tree]
    with pytest.raises(Malformed):
        Reader(b"").decode(tree)


@pytest.mark.parametrize("position", [-1, 625, 10**9])
def test_a_forged_state_of_numpys_generator_is_refused(position):
    """``np.random.set_state`` takes any position, and then reads memory beyond the state."""
    state = codec.global_state()
    with pytest.raises(Malformed):
        codec.set_global_state([state[0], state[1], position, 0, 0.0])


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("!II", 2**31, 0),
        struct.pack("!II", 4, 0) + b"\xff\xfe[]",
        struct.pack("!II", 200_000, 0) + b"[" * 200_000,
        struct.pack("!II", 2, 0) + b"[]",
        struct.pack("!II", 5, 0) + b'["!"]',
        struct.pack("!II", 5, 0) + b'["="]',
    ],
)
def test_a_forged_message_is_refused(sent):
    ours, theirs = socket.socketpair()
    theirs.sendall(sent)
    theirs.close()
    with ours, pytest.raises((Malformed, codec.Closed)):
        codec.Peer(ours).listen()


def test_silence_ends_at_the_deadline():
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(codec.Late):
        codec.Channel(ours).receive(0.0)


def test_an_answer_may_come_in_pieces():
    ours, theirs = socket.socketpair()
    message = struct.pack("!II", 5, 3) + b'["="]' + b"abc"

    def send():
        for byte in message:
            theirs.sendall(bytes([byte]))

    thread = threading.Thread(target=send)
    thread.start()
    with ours, theirs:
        assert codec.Channel(ours).receive() == (["="], b"abc")
    thread.join()


@pytest.mark.parametrize(
    ("error", "name", "kind"),
    [
        (ValueError("no"), "ValueError", ValueError),
        (KeyError("no"), "KeyError", KeyError),
        (np.linalg.LinAlgError("no"), "LinAlgError", ValueError),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), "UnicodeDecodeError", Exception),
        (StopIteration("no"), "StopIteration", Exception),
        (KeyboardInterrupt("no"), "KeyboardInterrupt", Exception),
    ],
)
def test_errors_cross_by_name(error, name, kind):
    found = codec.error_from(codec.error_tree(error, "f", "line"))
    assert isinstance(found, kind) and "no" in str(found)
    assert not isinstance(found, (KeyboardInterrupt, StopIteration))
    if kind is not Exception:
        assert type(found).__name__ == name and str(found) == str(error)


# The sandbox ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def box():
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def inside(box):
    """Run a cell in the sandbox: what it printed, or the name of its error."""
    sessions = []

    def run(source: str, limits: Limits = QUICK) -> str:
        session = Session(box, limits, source)
        sessions.append(session)
        state, printed, error = session.run(source, "<cell 1>", limits.cell)
        return printed.strip() if state == "ran" and error is None else state if error is None else type(error).__name__

    yield run
    for session in sessions:
        session.close()


@needs_sandbox
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9), 1)", "ConnectionRefusedError"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "OSError"),
        ("open('/usr/here', 'w')", "OSError"),
        ("open('/etc/passwd')", "FileNotFoundError"),
        (f"import os; print({{*os.listdir('/tmp')}} - {{*{IN_TMP}}}, os.listdir('/dev/shm'))", "set() []"),
        ("import os; print(os.getuid() != 0)", "True"),
        ("print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])", "0000000000000000"),
        ("print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])", "1"),
        ("import os; print([p for p in os.listdir('/proc') if p.isdigit()])", "['1']"),
        ("import os; print(sorted(n for n in os.environ if 'SEED' in n and 'CNN' in n))", "[]"),
        ("import os; os.kill(2, 9)", "ProcessLookupError"),
        ("import cnncourse.checks.convolution", "ModuleNotFoundError"),
        ("import os; print(sum(os.path.exists(f'/proc/self/fd/{n}') for n in range(3, 300)))", "1"),
        ("bytearray(5 * 2**30)", "MemoryError"),
        ("input()", "EOFError"),
        ("open('/tmp/large', 'wb').write(bytes(200 * 2**20))", "OSError"),
        ("while True: pass", "late"),
    ],
)
def test_what_is_inside_cannot_reach_out(inside, source, expected):
    assert inside(source) == expected


@needs_sandbox
def test_neither_the_course_nor_the_home_of_anybody_is_in_sight(inside):
    root = str(sandbox.PACKAGE.parent)
    seen = json.loads(inside(f"import os, json; print(json.dumps(os.listdir({root!r})))"))
    assert "solutions" not in seen and "tests" not in seen and "cnncourse" in seen


@needs_sandbox
def test_what_lies_below_tmp_and_is_needed_is_there_and_cannot_be_written(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        data = Path(folder) / "the data"
        (data / "one").mkdir(parents=True)
        (data / "one" / "two").write_text("three")
        monkeypatch.setenv("CNNCOURSE_DATA", str(data))
        made = Sandbox()
        session = Session(made, QUICK, "")
        try:
            look = f"print(open('{data}/one/two').read())"
            assert session.run(look, "<cell 1>", 2)[:2] == ("ran", "three\n")
            assert isinstance(session.run(f"open('{data}/one/two', 'w')", "<cell 1>", 2)[2], OSError)
        finally:
            session.close()
            made.close()


@needs_sandbox
def test_nothing_is_left_for_the_next_submission(box, inside):
    leave = "import os\nopen('/tmp/left', 'w').write('x')\nopen('/dev/shm/left', 'w').write('x')\n"
    leave += "import signal\nif os.fork() == 0:\n    os.setsid()\n    import time\n    time.sleep(600)"
    first = Session(box, QUICK, leave)
    first.run(leave, "<cell 1>", 2)
    first.close()
    look = f"import os; print({{*os.listdir('/tmp')}} - {{*{IN_TMP}}}, os.listdir('/dev/shm'),"
    look += " [p for p in os.listdir('/proc') if p.isdigit()])"
    assert inside(look) == "set() [] ['1']"


@needs_sandbox
def test_memory_is_counted_over_all_processes(box):
    source = (
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0: break\nb = bytearray(os.urandom(60 * 2**20))\n"
    )
    session = Session(box, Limits(cell=20, memory=200 * 2**20), source)
    with pytest.raises(Died):
        session.run(source + "time.sleep(15)", "<cell 1>", 20)
    assert session.ended == "memory"


@needs_sandbox
def test_shared_memory_is_counted_too(box):
    source = (
        "import mmap, time\nm = mmap.mmap(-1, 600 * 2**20)\nfor _ in range(600): m.write(bytes(2**20))\ntime.sleep(15)"
    )
    session = Session(box, Limits(cell=20, memory=400 * 2**20), source)
    with pytest.raises(Died):
        session.run(source, "<cell 1>", 20)
    assert session.ended == "memory"


# The same verdict on both sides ---------------------------------------------------------------------------------------

NUMPY = [(a, f) for a in TOPICS for f in functions(a) if not task(a, f).imports and f != "train_network"]


@pytest.mark.parametrize(("assignment", "function"), NUMPY)
def test_a_function_is_judged_from_outside_as_it_is_in_the_notebook(assignment, function):
    """The bank's own functions, called here and over there: everything that is said of them is the same."""
    asked = task(assignment, function)
    kinds = [("accepted", k) for k in range(len(asked.accepted))][:1]
    kinds += [("misconceptions", k) for k in range(len(asked.misconceptions))][::12]
    text = (sandbox.PACKAGE / "checks" / f"{TOPICS[assignment]}.py").read_text()
    session = Session(judge.sandbox_for(False, ()), Limits(restarts=100), text)
    try:
        for kind, k in kinds:
            wrong = "" if kind == "accepted" else ".wrong"
            cell = (
                f"from cnncourse.checks import task\n{function} = task({assignment!r}, {function!r}).{kind}[{k}]{wrong}"
            )
            session.run(cell, "<cell 1>", 60)
            session.ran, session.hidden_seen = session.ran[-1:], False
            fn = getattr(asked, kind)[k]
            here = engine.judge(asked, fn if kind == "accepted" else fn.wrong, [(1, False)])
            there = engine.judge(asked, session.describe([function])[function], [(1, False)])
            assert (there.score, there.misconception, there.message) == (here.score, here.misconception, here.message)
    finally:
        session.close()
        asked.forget()


@pytest.fixture
def in_a_row():
    """A function of a cell over there, called by a probe; with the verbs of all questions that it took."""
    asked, sessions, verbs = task("08-initializers", "random_normal"), [], []

    def made(source):
        session = Session(judge.sandbox_for(False, ()), QUICK, source)
        sessions.append(session)
        session.run(source, "<cell 1>", 10)
        question = session.question
        session.question = lambda verb, *rest: verbs.append(verb) or question(verb, *rest)
        fn = session.describe(["random_normal"])["random_normal"]
        del verbs[:]
        return calling.Call(asked, fn, calling.Outcome(asked.draw(1)[0][0], None, False, 1)), verbs

    yield made
    for session in sessions:
        session.close()


def test_many_calls_are_one_question_and_a_generator_goes_on_from_one_to_the_next(in_a_row):
    call, verbs = in_a_row("def random_normal(shape, rng): return rng.standard_normal(shape)")
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    found = call.in_a_row([((2, 3), rng)] * 20)
    assert np.array_equal(found, same.standard_normal((20, 2, 3)))
    assert verbs == ["calls"]
    assert rng.random() == same.random()
    assert np.array_equal(call((4,), rng), same.standard_normal(4))  # and nothing is left over of the others


def test_arguments_that_are_the_same_cross_once_and_each_call_has_its_own(in_a_row):
    call, _ = in_a_row("def random_normal(shape, rng):\n    shape[1].append(7.0)\n    return shape[0] + len(shape[1])")
    sent, question = [], call.fn._session.question
    call.fn._session.question = lambda verb, *rest: sent.append(rest) or question(verb, *rest)
    assert np.array_equal(call.in_a_row([((np.zeros((20, 30)), [1.0]), None)] * 50), np.full((50, 20, 30), 2.0))
    (_, buffers, _) = sent[0]
    assert len(sent) == 1 and buffers.count(np.zeros((20, 30)).tobytes()) == 1


def test_a_case_that_wants_a_new_generator_each_time_has_one(in_a_row):
    call, _ = in_a_row("def random_normal(shape, rng): return rng.standard_normal(shape)")
    found = call.in_a_row([((3,), Rng(4))] * 3)
    assert np.array_equal(found, [np.random.default_rng(4).standard_normal(3)] * 3)


def test_an_error_ends_many_calls_as_it_ends_a_loop(in_a_row):
    source = """
    calls = 0
    def random_normal(shape, rng):
        global calls
        calls += 1
        if calls == 3:
            raise KeyError("third")
        return np.full(shape, calls)
    """
    call, _ = in_a_row("import numpy as np\n" + textwrap.dedent(source))
    with pytest.raises(KeyError):
        call.in_a_row([((1,), None)] * 5)
    assert call((1,), None) == 4  # the other two were not made


def test_what_one_of_many_calls_changes_is_noticed(in_a_row):
    call, _ = in_a_row("def random_normal(shape, rng):\n    shape[0] += 1.0\n    return shape * 2")
    given = np.zeros(2)
    assert np.array_equal(call.in_a_row([(given, None)] * 3), [[2, 0]] * 3)
    assert call.outcome.changed and not given.any()


def test_many_calls_that_take_too_long_are_too_slow(in_a_row):
    call, _ = in_a_row("def random_normal(shape, rng):\n    while True: pass")
    call.fn.time_allowed(0.3, 1)
    with pytest.raises(calling.TooSlow):
        call.in_a_row([((2,), None)] * 5)


# Calls that are made ahead --------------------------------------------------------------------------------------------


@pytest.fixture
def judged():
    """Judges a function of a cell by probes; returns the numbers that each found, the verbs it took, the verdict."""
    sessions = []

    def made(source, *probes, seeds=((1, False),)):
        session = Session(judge.sandbox_for(False, ()), QUICK, source)
        sessions.append(session)
        session.run("import numpy as np\n" + textwrap.dedent(source), "<cell 1>", 10)
        fn, verbs, question = session.describe(["f"])["f"], [], session.question
        session.question = lambda verb, *rest: verbs.append(verb) or question(verb, *rest)
        found = [[] for _ in probes]

        def kept(k, probe):
            def noting(call):
                found[k].append(probe(call))
                return 0.0

            return noting

        cases = [Case(str(k), (), probe=kept(k, probe), expected=0.0) for k, probe in enumerate(probes)]
        made = Task("01-convolution", "f", "f(x, rng)", lambda x, rng: x, lambda rng: cases, (), "", result="anything")
        return found, verbs, engine.judge(made, fn, list(seeds))

    yield made
    for session in sessions:
        session.close()


def drawing(call):
    """A probe that goes on with the generator that it has lent."""
    rng = np.random.default_rng(3)
    return call(np.arange(2.0), rng).tolist(), rng.random()


def test_the_first_calls_of_all_probes_are_one_question(judged):
    found, verbs, verdict = judged("def f(x, rng): return x + rng.random(2)", *[drawing] * 5)
    rng = np.random.default_rng(3)
    expected = (np.arange(2.0) + rng.random(2)).tolist(), rng.random()
    assert found == [[expected]] * 5 and verdict.passed
    assert verbs.count("calls") == 1 and "call" not in verbs


def test_a_probe_that_asks_something_else_than_it_began_with_is_answered_anew(judged):
    asked = iter(range(100))
    found, verbs, _ = judged(
        "def f(x, rng): return x * 2", drawing, drawing, lambda call: (n := next(asked), float(call(n, None)))
    )
    (((n, twice),),) = found[2:]
    assert twice == 2 * n and n > 0 and verbs.count("call") == 1


def test_who_draws_from_everybodys_generator_is_asked_when_it_is_looked_at(judged):
    def untouched(call):
        before = np.random.get_state()[1].tolist()
        call(1.0, None)
        return before == np.random.get_state()[1].tolist()

    for line, kept in (
        ("np.random.seed(5)", [False, True, True]),  # and the same again
        ("np.random.standard_normal(700)", [False, False, False]),
        ("pass", [True, True, True]),
    ):
        found, verbs, _ = judged(f"def f(x, rng):\n    {line}\n    return x", *[untouched] * 3)
        assert [answer for (answer,) in found] == kept
        assert verbs.count("call") == (0 if all(kept) else 3)


def test_errors_and_changed_arguments_come_where_they_belong(judged):
    def failing(call):
        with pytest.raises(KeyError, match="negative"):
            call(-1.0, None)
        return "raised"

    def changing(call):
        given = np.ones(3)
        return call(given, None).tolist(), given.tolist()

    source = """
    def f(x, rng):
        if np.ndim(x) == 0:
            raise KeyError("negative")
        x += 1
        return x * 2
    """
    found, _, verdict = judged(source, failing, changing, failing, changing)
    assert found == [["raised"], [([4, 4, 4], [1, 1, 1])]] * 2
    assert not verdict.passed and "changes" in verdict.message


def test_a_process_that_ends_in_a_call_made_ahead_is_asked_one_by_one(judged):
    source = "def f(x, rng):\n    if x == 3: __import__('os')._exit(1)\n    return x"
    found, _, verdict = judged(source, *[lambda call, x=x: float(call(x, None)) for x in (1, 2, 3, 4)])
    assert found[:2] == [[1], [2]] and not verdict.passed


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([[True], [False]]),
        np.array(2.5),
        np.zeros((0, 3)),
        np.zeros((3, 2), "f4")[:, ::-1],
        (np.arange(3), np.array(True), np.zeros((2, 0)), np.array(["ab", "c"])),
        (np.arange(3), 1.5),
        (),
        7.0,
        [np.ones(2)],
    ],
)
def test_values_that_are_written_alike_are_read_as_one_by_one(value):
    writer, count = Writer(), 4
    trees = [json.dumps(writer.encode(value)) for _ in range(count)]
    tree, data = json.loads(trees[0]), b"".join(writer.buffers)
    reader, one_by_one = Reader(data), Reader(data)
    found, expected = reader.several(tree, count), [one_by_one.decode(tree) for _ in range(count)]
    assert len(found) == count and reader.at == len(data)
    for one, other in zip(found, expected, strict=True):
        assert type(one) is type(other)
        parts = (one, other) if isinstance(one, tuple) else ((one,), (other,))
        for a, b in zip(*parts, strict=True):
            assert type(a) is type(b) and np.array_equal(a, b)
            assert not isinstance(a, np.ndarray) or (a.dtype == b.dtype and a.shape == b.shape and a.flags.writeable)


@pytest.mark.parametrize(
    "tree", [["a", "<f8", [10**6]], ["t", ["a", "<f8", [2]], ["a", "|O", [1]]], ["a", "<f8", [-1]]]
)
def test_fewer_bytes_than_several_values_need_are_refused(tree):
    with pytest.raises((Malformed, TypeError, ValueError)):
        Reader(bytes(100)).several(tree, 5)


@pytest.mark.parametrize("alike", [0, -1, 4, 10**9, "3", None])
def test_a_reply_may_not_say_that_it_is_more_than_was_asked(in_a_row, alike):
    call, _ = in_a_row("def random_normal(shape, rng): return np.zeros(1)")
    reply = [["ok", ["a", "<f8", [1]], [], False, False, "", alike]]
    call.fn._session.question = lambda *rest: (["ok", reply, None, [], []], bytes(80))
    with pytest.raises(Died):
        call.fn._session.calls(0, 1, calling.rules_of(call.task), [[1, ["t"], ["d"], False, 3]], Writer(), 1)


def test_the_courses_modules_are_loaded_before_and_seen_only_when_imported():
    session = Session(judge.sandbox_for(False, ()), QUICK, "")
    look = (
        "import sys, cnncourse\n"
        "print([n for n in sys.modules if n.startswith('cnncourse.') and n.split('.')[1] in {'convolution', 'layers'}],"
        " hasattr(cnncourse, 'convolution'))\n"
    )
    use = (
        "from cnncourse import layers\nimport cnncourse.convolution, inspect\n"
        "print(cnncourse.convolution is sys.modules['cnncourse.convolution'], layers.Dense.__module__,"
        " 'def conv2d' in inspect.getsource(cnncourse.convolution))"
    )
    try:
        assert session.run(look + use, "<cell 1>", 10)[1].split("\n")[:2] == ["[] False", "True cnncourse.layers True"]
    finally:
        session.close()


# From scratch ---------------------------------------------------------------------------------------------------------

PLAIN = """
import numpy as np
def plain(image, kernel):
    k, l = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(image, float), (k, l))
    return (windows * kernel).sum((2, 3))
"""
WITHOUT_LIBRARIES = {
    "nobody follows its calls": """
        import sys
        def correlate2d(image, kernel):
            assert sys.getprofile() is None
            return plain(image, kernel)
        """,
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        def correlate2d(image, kernel):
            return ThreadPoolExecutor(2).submit(plain, image, kernel).result()
        """,
    "an import of what does nobody's exercise": """
        def correlate2d(image, kernel):
            import cnncourse.plots, matplotlib.pyplot
            return plain(image, kernel)
        """,
}
WITH_LIBRARIES = {
    "imported before": ("from scipy.signal import correlate2d as theirs", "theirs(image, kernel, 'valid')", "scipy"),
    "imported where it is used": ("", "__import__('scipy.signal').signal.correlate2d(image, kernel, 'valid')", "scipy"),
    "imported by its name": (
        "import importlib",
        "importlib.import_module('scipy.signal').correlate2d(np.asarray(image, float), kernel, 'valid')",
        "scipy",
    ),
    "imported and hidden": (
        "import scipy.signal as theirs\nfor name in [n for n in sys.modules if 'scipy' in n]: del sys.modules[name]",
        "theirs.correlate2d(image, kernel, 'valid')",
        "scipy",
    ),
    "imported behind the back": (
        "del sys.meta_path[0]\nimport scipy.signal",
        "scipy.signal.correlate2d(image, kernel, 'valid')",
        "scipy",
    ),
    "the course's own": (
        "def theirs(*args):\n    from cnncourse.convolution import correlate2d\n    return correlate2d(*args)",
        "theirs(image, kernel)",
        "the course",
    ),
    "in a thread": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def theirs(*args):\n    from scipy import signal\n    return signal.correlate2d(*args, 'valid')",
        "ThreadPoolExecutor(1).submit(theirs, image, kernel).result()",
        "scipy",
    ),
    "in a thread that waited": (
        "import importlib\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
        "def theirs(*args):\n    return sys.modules['scipy.signal'].correlate2d(*args, 'valid')",
        "pool.submit(len, 'x').result() and importlib.import_module('scipy.signal') "
        "and pool.submit(theirs, np.asarray(image, float), kernel).result()",
        "scipy",
    ),
    "in a process": ("import subprocess", "subprocess.run(['true']) and plain(image, kernel)", "`run` of subprocess"),
    "in a process that stays": (
        "import subprocess",
        "subprocess.Popen(['true']) and plain(image, kernel)",
        "`Popen` of subprocess",
    ),
    "in a shell": ("import os", "[os.system('true'), plain(image, kernel)][1]", "`system` of os"),
    "in a copy": ("import os", "plain(image, kernel) if os.fork() else os._exit(0)", "`fork` of os"),
    "unwatched": ("", "[sys.setprofile(None), plain(image, kernel)][1]", "`setprofile` of sys"),
}


@pytest.fixture
def verdict_on():
    """The verdict on the ``correlate2d`` of a cell, in a process in which no library has been loaded."""
    sessions = []

    def said(source):
        session = Session(judge.sandbox_for(False, ()), Limits(), source)
        sessions.append(session)
        _, printed, error = session.run(PLAIN + source, "<cell 1>", 60)
        assert error is None, error
        fn = session.describe(["correlate2d"])["correlate2d"]
        return engine.judge(task("01-convolution", "correlate2d"), fn, [(0, False), (7, True)])

    yield said
    for session in sessions:
        session.close()


@pytest.mark.parametrize("kind", WITHOUT_LIBRARIES)
def test_what_is_written_from_scratch_counts(verdict_on, kind):
    found = verdict_on(textwrap.dedent(WITHOUT_LIBRARIES[kind]))
    assert found.passed, found.message


@pytest.mark.parametrize("kind", WITH_LIBRARIES)
def test_a_library_is_noticed_however_it_is_reached(verdict_on, kind):
    before, result, whose = WITH_LIBRARIES[kind]
    found = verdict_on(f"import sys\n{before}\ndef correlate2d(image, kernel):\n    return {result}\n")
    assert found.misconception == "not from scratch" and found.score == 0
    assert whose in " ".join(found.message.split())


# What is given --------------------------------------------------------------------------------------------------------


def test_what_is_given_runs_beside_the_function_and_its_notes_come_back():
    session = Session(judge.sandbox_for(False, ()), QUICK, "")
    try:
        session.run(
            "def f(network, optimizer, rng):\n"
            "    loss, gradients = network.loss_and_gradients(rng.random((3, 2)), [1, 2, 3])\n"
            "    optimizer.update(network.params, gradients)\n"
            "    return loss, network",
            "<cell 1>",
            10,
        )
        f = session.describe(["f"])["f"]
        asked, question = [], session.question
        session.question = lambda verb, *rest: asked.append(verb) or question(verb, *rest)
        session.answer = None  # nothing may be asked back
        network, optimizer = Network("by size"), Optimizer()
        loss, returned = f(network, optimizer, np.random.default_rng(1))
        assert asked == ["call"] and loss == 12 / 3 + 1
        assert type(returned).__name__ == "Network" and not isinstance(returned, Network)
        assert np.array_equal(network.batches[0][0], np.random.default_rng(1).random((3, 2)))
        assert np.array_equal(network.params["w"], [-1, -1])
        assert [(what, k) for _, what, k in sorted(network.notes + optimizer.notes)] == [
            ("gradients", 1),
            ("update", 1),
        ]
    finally:
        session.close()


def test_what_is_given_twice_is_one_thing_whatever_it_is_made_of():
    def given(writer, value, depth):
        return writer.given(value, depth)

    writer, scalar = Writer(given), Scalar("twice x", "2 * x", factor=np.ones(2))
    tree = json.loads(json.dumps(writer.encode([scalar, scalar.formula, scalar])))
    reader = Reader(b"".join(writer.buffers), lambda reader, tag, rest, depth: reader.given(tag, rest, depth))
    one, formula, other = reader.decode(tree)
    assert one is other and type(one) is Scalar and formula is one.formula and one(3.0) == 6
    assert list(map(type, reader.givens)) == list(map(type, writer.givens))


@pytest.mark.parametrize("notes", [[[0, [["loss", "by turn"]]]], [[5, []]], [[0, [["__class__", 1]]]], 7])
def test_only_notes_are_taken_back(notes):
    network = Network()
    with pytest.raises((Malformed, IndexError, TypeError)):
        codec.take_notes([network], notes, Reader(b""))
    assert network.loss == "1" and type(network) is Network


@pytest.mark.parametrize("tree", [["g", "Given_", ["d"]], ["g", "np", ["d"]], ["g", "itertools", ["d"]], ["G", 3]])
def test_only_what_can_be_given_is_made(tree):
    reader = Reader(b"", lambda reader, tag, rest, depth: reader.given(tag, rest, depth))
    with pytest.raises(Malformed):
        reader.decode(tree)


@pytest.mark.parametrize("tree", [["g", "Network", ["d"]], ["G", 0]])
def test_nothing_is_made_of_what_comes_out(tree):
    session = Session(judge.sandbox_for(False, ()), QUICK, "")
    with pytest.raises(Malformed):
        Reader(b"", session._decode_other).decode(tree)


# A notebook -----------------------------------------------------------------------------------------------------------


def notebook(*cells: tuple[str, str]) -> tuple[Notebook, bytes]:
    """A notebook of cells given as (name, source).

    "check-…" bears 2 points, "solution-…" is the learner's, "shown-…" the instructor's, "own" the learner's own.
    """
    known, handed_in, released = [], [], []
    for name, source in cells:
        kind = name.partition("-")[0]
        made = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        if kind in ("check", "solution"):
            flags = {"grade": kind == "check", "solution": kind == "solution", "locked": kind == "check"}
            cell = Cell(name, "code", source if kind == "check" else "...", **flags, points=2.0 * flags["grade"])
            cell = Cell(**{**vars(cell), "checksum": checksum(cell, "code", cell.source)})
            known.append(cell)
            made["metadata"]["nbgrader"] = {**flags, "grade_id": name, "schema_version": 3, "points": 2}
        if kind != "own":
            released.append(("code", source))
        handed_in.append(made)
    content = {"cells": handed_in, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return Notebook("work", tuple(known), tuple(released)), json.dumps(content).encode()


def marked(*cells: tuple[str, str], limits: Limits = QUICK):
    made, content = notebook(*cells)
    return judge.mark(Job("01-anything", "somebody", (made,), {"work.ipynb": content}, "20260412"), limits=limits)


def points(*cells: tuple[str, str], limits: Limits = QUICK) -> list[float]:
    """What the checks earned, in their order."""
    found = marked(*cells, limits=limits)
    assert not found.problem
    return [mark.points for mark in found.marks["work"] if mark.cell.startswith("check")]


@needs_sandbox
@pytest.mark.parametrize(
    ("solution", "test", "expected"),
    [
        ("def f(x): return x + 1", "assert f(1) == 2", 2),
        ("def f(x): return x + 2", "assert f(1) == 2", 0),
        ("def f(x): return x + 1", "f(1)", 2),
        ("def f(x): return x / 2", "f(1)", 0.5),
        (
            "def f(x): raise ValueError('no')",
            "try:\n    f(1)\nexcept ValueError as e:\n    assert str(e) == 'no'\nelse:\n    1/0",
            2,
        ),
        ("def f(x): x[0] = 9", "import numpy as np\na = np.zeros(2)\nf(a)\nassert a[0] == 9", 2),
        ("def f(x): return x", "import numpy as np\nnp.testing.assert_array_equal(f(np.arange(3)), [0, 1, 2])", 2),
        ("f = lambda *a, k=1: (a, k)", "assert f(1, 2, k=3) == ((1, 2), 3)", 2),
        ("answer = {'a': [1, 2]}", "assert answer == {'a': [1, 2]}", 2),
        (
            "class C:\n    def __init__(self, n): self.n = n\n    def twice(self): return 2 * self.n",
            "c = C(4)\nassert c.twice() == 8 and c.n == 4",
            2,
        ),
        ("import sys; print('noise', file=sys.stderr)\ndef f(): return 1", "assert f() == 1", 2),
        ("def f(): print('2.0')", "f()", 2),
        ("def f(g): return g(3) + 1", "assert f(lambda x: 2 * x) == 7", 2),
        ("%matplotlib inline\ndef f(): return 1", "assert f() == 1", 2),
        ("import asyncio\nawait asyncio.sleep(0)\ndef f(): return 1", "assert f() == 1", 2),
        ("def f(:", "assert f() == 1", 0),
        ("raise SystemExit", "assert True", 2),
        ("", "assert f() == 1", 0),
    ],
)
def test_tests_of_any_kind_are_judged_from_outside(solution, test, expected):
    assert points(("solution-f", solution), ("check-f", test)) == [expected]


ESCAPES = {
    "equal to everything": "class E:\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(*a): return E()",
    "assert taken out": "import builtins, numpy\nbuiltins.AssertionError = ValueError\ndef f(*a): return 5",
    "numpy.testing replaced": "import numpy as np\nnp.testing.assert_allclose = lambda *a: None\ndef f(*a): return 5",
    "frames": "import sys\ndef f(*a):\n    g = sys._getframe(1)\n    while g:\n        for v in g.f_locals.values():\n"
    "            if isinstance(v, float) and v == 0.123: return v\n        g = g.f_back\n    return 5",
    "objects": "import gc\ndef f(*a):\n    return [o for o in gc.get_objects() if isinstance(o, float)] + [5]",
    "printed": "def f(*a):\n    print(2.0)\n    raise KeyboardInterrupt",
    "hook": "import sys\nsys.excepthook = lambda *a: None\ndef f(*a): sys.displayhook(2.0); raise SystemExit(0)",
    "forged": "import json, os, struct, sys\ndef f(*a):\n    g = sys._getframe()\n"
    "    while g.f_code.co_name != 'listen': g = g.f_back\n"
    "    m = json.dumps(['=', g.f_locals['number'], 'ok', 0.123, [], [], False, False, '', None]).encode()\n"
    "    for n in range(3, 200):\n        try: os.write(n, struct.pack('!II', len(m), 0) + m)\n"
    "        except OSError: pass\n    return 5",
    "garbage": "import os\ndef f(*a):\n    for n in range(3, 200):\n        try: os.write(n, b'x' * 100000)\n"
    "        except OSError: pass\n    return 5",
}


@needs_sandbox
@pytest.mark.parametrize("kind", [k for k in ESCAPES if k != "forged"])
def test_what_a_learner_does_to_their_own_process_earns_nothing(kind):
    test = "import numpy as np\nexpected = 0.123\nnp.testing.assert_allclose(f(1.5), expected)"
    assert points(("solution-f", ESCAPES[kind]), ("check-f", test), ("check-g", "assert 1")) == [0, 2]


@needs_sandbox
def test_a_forged_answer_is_worth_what_its_value_is_worth():
    """Who writes the right number to the judge has the right number; the wrong one earns nothing."""
    right = ("check-f", "assert f(1.5) == 0.123")
    wrong = ("check-f", "assert f(1.5) == 0.124")
    assert points(("solution-f", ESCAPES["forged"]), right) == [2]
    assert points(("solution-f", ESCAPES["forged"]), wrong) == [0]


@needs_sandbox
def test_a_dead_process_costs_its_own_cell_and_the_rest_is_run_again():
    cells = [
        ("solution-f", "import os\nstate = []\ndef f(): os._exit(0)"),
        ("check-f", "assert f() == 1"),
        ("solution-g", "state.append(1)\ndef g(): return len(state)"),
        ("check-g", "assert g() == 1"),
        ("own", "os.kill(os.getpid(), 9); os.abort()"),
        ("check-h", "assert g() == 1"),
    ]
    found = marked(*cells)
    assert [(m.points, m.ended) for m in found.marks["work"] if m.cell.startswith("check")] == [
        (0, "KernelDied"),
        (2, ""),
        (2, ""),
    ]
    assert found.notes


@needs_sandbox
@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "sum(range(10**12))",
    ],
)
def test_an_endless_loop_costs_its_own_cell(loop):
    body = "".join(f"    {line}\n" for line in loop.splitlines())
    cells = [
        ("solution-f", f"def f():\n{body}"),
        ("check-f", "assert f() == 1"),
        ("solution-g", f"def g(): return 1\n{loop}"),
    ]
    found = marked(*cells, ("check-g", "assert g() == 1"), limits=Limits(cell=1, test=2, grace=1, later=1, restarts=4))
    ended = [mark.ended for mark in found.marks["work"] if mark.cell.startswith("check")]
    assert ended[0] == "CellTimeoutError"
    interruptible = "sum" not in loop
    assert [mark.points for mark in found.marks["work"] if mark.cell.startswith("check")] == [
        0,
        2 if interruptible else 0,
    ]


@needs_sandbox
def test_names_of_the_instructor_cannot_be_taken_by_a_learner():
    cells = [
        ("shown-imports", "import numpy as np\nfrom math import isclose\nlimit = 3"),
        ("solution-f", "isclose = lambda *a: True\nlimit = 99\nlen = lambda x: 7\ndef f(): return 5"),
        ("check-f", "assert isclose(f(), limit)"),
        ("check-g", "assert len([1]) == 1"),
    ]
    assert points(*cells) == [0, 2]


@needs_sandbox
def test_of_the_instructors_cells_what_is_needed_is_run_and_what_only_shows_is_not():
    cells = [
        ("shown-a", "import time\nbase = 40\ntable = {}\ntable['x'] = 2\nprint(time.time())\ntime.sleep(30)"),
        ("solution-f", "def f(): return base + table['x']"),
        ("check-f", "assert f() == 42 and base == 40"),
    ]
    assert points(*cells) == [2]


@needs_sandbox
def test_what_is_printed_after_hidden_cases_were_seen_is_not_shown():
    cells = [
        ("own", "print('before')\nseen = []"),
        ("solution-f", "def f(x): seen.append(x); print(x); return x"),
        ("check-f", "### BEGIN HIDDEN TESTS\nassert f(271828182) == 271828182\n### END HIDDEN TESTS"),
        ("own", "print(seen)"),
        ("own", "raise ValueError(str(seen))"),
    ]
    text = marked(*cells).notebooks["work"].decode()
    outputs = [cell["outputs"] for cell in json.loads(text)["cells"]]
    assert "before" in str(outputs) and "271828182" not in str(outputs) and "not shown" in str(outputs)


@needs_sandbox
def test_the_autograded_notebook_is_one_that_nbgrader_scores_alike():
    from nbgrader.utils import determine_grade

    nbformat = pytest.importorskip("nbformat")
    tests = ["assert f() == 0.5", "assert f() == 1", "f()", "'words'", "None", "print(1)", "f() * 0"]
    cells = [("solution-f", "def f(): return 0.5"), *((f"check-{k}", test) for k, test in enumerate(tests))]
    found = marked(*cells)
    read = nbformat.reads(found.notebooks["work"].decode(), as_version=4)
    nbformat.validate(read)
    ours = {mark.cell: mark.points for mark in found.marks["work"] if mark.cell.startswith("check")}
    for cell in read.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.startswith("check"):
            assert determine_grade(cell) == (ours[name], 2)
    assert list(ours.values()) == [2, 0, 0.5, 2, 2, 2, 0]


@needs_sandbox
def test_a_submission_without_the_notebook_has_a_problem_and_no_marks():
    made, _ = notebook(("check-f", "assert True"))
    found = judge.mark(Job("01", "somebody", (made,), {"other.ipynb": b"{}"}, "1"))
    assert "work.ipynb" in found.problem and not found.marks
