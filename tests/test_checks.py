"""The checks: every wrong implementation caught and named, every right one accepted, every oddity answered."""

import dataclasses
import functools
import importlib
import io
import os
import re
import signal
import subprocess
import sys
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import signal as scipy_signal

from cnncourse import checks, convolution, plots
from cnncourse.checks import check, functions, task, verdict
from cnncourse.checks import convolution as bank
from cnncourse.checks.engine import INPUTS_KEPT, judge
from cnncourse.checks.task import Case, Task

FUNCTIONS = [(assignment, name) for assignment in checks.assignments() for name in functions(assignment)]
MISTAKES = [(*where, mistake) for where in FUNCTIONS for mistake in task(*where).misconceptions]
SOLUTIONS = [(*where, solution) for where in FUNCTIONS for solution in task(*where).accepted]
SEEDS = [None, *range(20)]  # None has the inputs that everybody sees
FEW_SEEDS = SEEDS[:2]  # `make checks` has them all for the mistakes too


def right(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(image, float), kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)


# -- the references come from outside --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["correlate2d", "convolve2d"])
def test_the_reference_is_scipys(name):
    for case, (expected,) in task("01-convolution", name).draw(0):
        image, kernel = (argument.astype(float) for argument in case.args)
        np.testing.assert_allclose(expected, getattr(scipy_signal, name)(image, kernel, "valid"), atol=1e-5)


def test_the_layers_reference_is_keras():
    import keras

    for case, (expected,) in task("01-convolution", "conv2d").draw(0):
        images, kernels, bias = (np.array(argument, dtype=np.float64) for argument in case.args)
        layer = keras.ops.conv(images, kernels) + bias
        np.testing.assert_allclose(expected, layer, atol=1e-5)


def test_the_parameter_counts_are_keras():
    import keras

    for case, (expected,) in task("01-convolution", "conv2d_params").draw(0):
        kh, kw, c_in, c_out, *use_bias = case.args
        if c_in * c_out > 10**9:
            continue  # Keras would make the weights
        layer = keras.layers.Conv2D(c_out, (kh, kw), **({"use_bias": use_bias[0]} if use_bias else {}))
        layer.build((None, None, None, c_in))
        assert expected == layer.count_params()


def test_the_sobel_reference_is_scipys():
    from scipy import ndimage

    for case, (expected,) in task("01-convolution", "sobel_edges").draw(0):
        image = case.args[0].astype(float)
        both = np.hypot(ndimage.sobel(image, 0), ndimage.sobel(image, 1))[1:-1, 1:-1]
        np.testing.assert_allclose(expected, both, atol=1e-5)


# -- measured --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS)
def test_every_function_has_eight_misconceptions_and_five_right_solutions(assignment, name):
    bank_of = task(assignment, name)
    names = [mistake.name for mistake in bank_of.misconceptions]
    assert len(names) >= 8 and len(set(names)) == len(names)
    assert len(bank_of.accepted) >= 5


@pytest.mark.parametrize(("assignment", "name", "mistake"), MISTAKES, ids=lambda value: getattr(value, "name", value))
def test_a_misconception_is_caught_and_named(assignment, name, mistake):
    for seed in FEW_SEEDS:
        found = verdict(assignment, name, mistake.wrong, seed)
        assert not found.passed and found.score < 1
        assert found.misconception == mistake.name
        assert mistake.says in " ".join(found.message.split())


@pytest.mark.parametrize(("assignment", "name", "solution"), SOLUTIONS)
def test_a_right_solution_of_another_style_is_accepted(assignment, name, solution):
    for seed in SEEDS:
        found = verdict(assignment, name, solution, seed)
        assert found.passed and found.score == 1 and found.misconception is None, found.message


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS)
def test_the_librarys_own_function_is_right(assignment, name):
    fn = getattr(importlib.import_module(f"cnncourse.{checks.TOPICS[assignment]}"), name)
    allowing = dataclasses.replace(task(assignment, name), libraries=True)
    found = judge(allowing, fn, [(seed, False) for seed in range(5)])
    assert found.passed, found.message


# -- what a learner may bring ----------------------------------------------------------------------------------------


def prints(image, kernel):
    print("hello")


def changes_its_input(image, kernel):
    out = right(image, kernel)
    image[0, 0] += 1
    return out


def hands_out_its_argument(image, kernel):
    return image if np.array_equal(kernel, [[1.0]]) else right(image, kernel)


KEPT = {}


def hands_out_one_array(image, kernel):
    out = right(image, kernel)
    kept = KEPT.setdefault(out.shape, np.zeros(out.shape))
    kept[...] = out
    return kept


class EqualToEverything:
    shape = (2, 2)

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise AssertionError("asked to become an array")


def raises(error):
    def fn(image, kernel):
        raise error

    return fn


class Odd(BaseException):
    pass


class NoText(Exception):
    def __str__(self):
        raise RuntimeError


def yields(image, kernel):
    yield right(image, kernel)


async def waits(image, kernel):
    return right(image, kernel)


@pytest.mark.parametrize(
    ("fn", "misconception", "says"),
    [
        (None, "not defined", "no function called `correlate2d`"),
        (3, "not a function", "is an int, not a function"),
        (lambda image: image, "wrong arguments", "called as `correlate2d(image, kernel)`"),
        (lambda image, kernel, stride: image, "wrong arguments", "`correlate2d(image, kernel, stride)`"),
        (raises(NotImplementedError()), "not written yet", "write your own `correlate2d`"),
        (lambda image, kernel: None, "nothing returned", "`return`"),
        (prints, "printed instead of returned", "prints its answer"),
        (lambda image, kernel: right(image, kernel).tolist(), "a list instead of an array", "NumPy array"),
        (lambda image, kernel: (right(image, kernel),), "a tuple instead of an array", "NumPy array"),
        (lambda image, kernel: right(image, kernel) + 0j, "complex numbers", "real ones are asked for"),
        (lambda image, kernel: right(image, kernel).astype(object), "an array of objects", "np.zeros"),
        (lambda image, kernel: right(image, kernel).astype(str), "an array of text", "no numbers"),
        (lambda image, kernel: "0", "not an array", "returns a str"),
        (lambda image, kernel: EqualToEverything(), "not an array", "returns an EqualToEverything"),
        (lambda image, kernel: ..., "not an array", "ellipsis"),
        (lambda image, kernel: right(image, kernel) * np.nan, "not a number (nan)", "nan"),
        (lambda image, kernel: np.ones((2, 2)), "same answer for every input", "same answer"),
        (raises(ValueError("too small")), "raises an error", "ValueError: too small"),
        (raises(SystemExit(3)), "ends the program", "`exit`"),
        (raises(RecursionError()), "calls itself without end", "calls itself"),
        (raises(NoText()), "raises an error", "NoText"),
        (NoText, "a class instead of a function", "`def`"),
        (yields, "yielded instead of returned", "`yield`"),
        (waits, "not an array", "returns a coroutine"),
        (lambda image, kernel: np.zeros((300, 300)), "far too large", "90,000 numbers"),
        (lambda image, kernel: right(image, kernel).sum(), None, "no axes: it is one number"),
        (lambda image, kernel: right(image, kernel) * 3, "all numbers off by one factor", "3 times"),
        (lambda image, kernel: right(image, kernel) + 1, "a constant added", "1 too large"),
        (lambda image, kernel: right(image, kernel) * 0, "all zeros", "0 everywhere"),
        (lambda image, kernel: right(image, kernel) + 0.004, "digits missing", "Very near"),
        (raises(Odd("odd")), "raises an error", "Odd: odd"),
        (lambda image, kernel: correlate2d_of_nobody(image), "raises an error", "correlate2d_of_nobody"),  # noqa: F821
        (changes_its_input, "input changed", "changes what it is given"),
        (hands_out_its_argument, "result is not a fresh array", "someone else"),
        (hands_out_one_array, "result is not a fresh array", "earlier answer"),
    ],
)
def test_an_oddity_gets_a_sentence_and_no_traceback(fn, misconception, says):
    found = verdict("01-convolution", "correlate2d", fn)
    text = " ".join(found.message.split())
    assert not found.passed and found.score < 1
    assert found.misconception == misconception
    assert says in text
    assert "Traceback" not in text and "engine.py" not in text


def test_a_wrong_shape_that_nothing_explains_is_told_with_both_shapes():
    found = verdict("01-convolution", "correlate2d", lambda image, kernel: np.zeros((5, 7)) + image[0, 0])
    assert found.misconception is None
    assert "(5, 7)" in found.message and "n − f + 1" in found.message


def test_the_line_that_raised_is_the_learners_own():
    def correlate2d(image, kernel):
        wanted = image.shape[0] - 1
        return image.reshape(wanted, 1000)

    assert "image.reshape(wanted, 1000)" in verdict("01-convolution", "correlate2d", correlate2d).message


def test_a_loop_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(checks.engine, "SECONDS", 0.3)

    def forever(image, kernel):
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    def swallows_everything(image, kernel):
        while True:
            try:
                while True:
                    pass
            except:  # noqa: E722 -- this is what some learners write
                pass

    before = signal.getsignal(signal.SIGALRM)
    tracing, timer = sys.gettrace(), signal.getitimer(signal.ITIMER_REAL)[0]
    found = verdict("01-convolution", "correlate2d", forever)
    assert found.misconception == "takes too long" and not found.passed
    found = verdict("01-convolution", "correlate2d", swallows_everything)
    assert sys.gettrace() is tracing
    assert found.misconception == "takes too long" and not found.passed
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == pytest.approx(timer, abs=30)  # an alarm that was set goes on


def test_printing_and_warning_cost_nothing_and_are_mentioned(capfd):
    def talks(image, kernel):
        print("progress")
        sys.stderr.write("oh\n")
        warnings.warn("careful", stacklevel=1)
        return right(image, kernel)

    found = verdict("01-convolution", "correlate2d", talks)
    assert found.passed and found.score == 1
    assert "prints or warns" in found.message
    assert capfd.readouterr() == ("", "")


def test_numbers_of_every_kind_are_numbers():
    count = bank.count_params
    for kind in (int, float, np.int64, np.float32, np.array):
        assert verdict("01-convolution", "conv2d_params", lambda *a, kind=kind: kind(count(*a))).passed
    found = verdict("01-convolution", "conv2d_params", lambda *a: [count(*a)])
    assert not found.passed and found.misconception == "a list instead of a number"


def test_a_photograph_of_bytes_is_as_good_as_one_of_floats():
    def in_bytes(image):
        across, down = image[:, 2:] - image[:, :-2], image[2:] - image[:-2]
        gx = across[:-2] + 2 * across[1:-1] + across[2:]
        gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
        return np.hypot(gx, gy).astype(float)

    found = verdict("01-convolution", "sobel_edges", in_bytes)
    assert found.misconception == "bytes wrap around" and "uint8" in found.message


# -- partial credit --------------------------------------------------------------------------------------------------


def test_each_property_is_an_equal_share():
    def no_bias(images, kernels, bias):
        return bank.layer(images, kernels, np.zeros(len(bias)))

    found = verdict("01-convolution", "conv2d", no_bias)
    properties = found.feedback.properties
    assert [about for about, holds in properties.items() if not holds] == ["bias", "everything at once"]
    assert found.score == pytest.approx(7 / 9)


def test_spoiling_the_input_is_a_property_that_fails():
    found = verdict("01-convolution", "correlate2d", changes_its_input)
    properties = dict(found.feedback.properties)
    assert properties.pop(INPUTS_KEPT) is False and all(properties.values())
    assert found.score == pytest.approx(len(properties) / (len(properties) + 1))


def test_keeping_the_inputs_alone_earns_nothing():
    found = verdict("01-convolution", "correlate2d", lambda image, kernel: image * 0.5)
    assert found.score == 0 and INPUTS_KEPT not in found.feedback.properties


# -- the smallest failing input --------------------------------------------------------------------------------------


def test_the_smallest_failing_input_is_shown_with_its_window_and_arithmetic():
    def on_square_kernels_only(image, kernel):
        out = right(image, kernel)
        if kernel.shape[0] != kernel.shape[1]:
            out[-1, -1] += 1
        return out

    found = verdict("01-convolution", "correlate2d", on_square_kernels_only)
    wrong = [c for c, _ in task("01-convolution", "correlate2d").draw(1) if c.args[1].shape[0] != c.args[1].shape[1]]
    image, kernel = wrong[0].args
    (i, j), (kh, kw) = np.subtract(image.shape, kernel.shape), kernel.shape
    total = (image[i : i + kh, j : j + kw] * kernel).sum()
    assert f"Entry [{i}, {j}] is" in found.message
    assert f"= {total:g}.".replace("-", "−") in found.message
    assert found.message.count("[") >= kh * kw  # the window's entries stand in brackets


def test_the_message_says_where_to_read_on():
    for name in functions("01-convolution"):
        message = verdict("01-convolution", name, lambda *args: 1).message
        assert f"book/convolution.html#convolution-{name.replace('_', '-')}" in message


def test_html_escapes_what_a_learner_controls():
    found = verdict("01-convolution", "correlate2d", raises(ValueError("<script>alert(1)</script>")))
    assert "<script>" not in found.html() and "&lt;script&gt;" in found.html()


# -- names, marks and hidden cases -----------------------------------------------------------------------------------


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="there is no assignment '1'; there are 01-convolution"):
        verdict("1", "correlate2d", right)
    with pytest.raises(ValueError, match="no function 'correlate'; it has correlate2d, convolve2d"):
        verdict("01-convolution", "correlate", right)


def test_check_reads_the_function_where_it_is_called():
    scope = {"check": check, "correlate2d": right, "__name__": "learner"}
    mark = eval('check("01-convolution", "correlate2d", points=4)', scope)
    assert mark == 4.0 and mark.verdict.passed
    del scope["correlate2d"]
    mark = eval('check("01-convolution", "correlate2d", points=4)', scope)
    assert mark == 0.0 and mark.verdict.misconception == "not defined"


def test_a_mark_is_a_bare_number_to_nbgrader_and_a_message_to_people(monkeypatch):
    scope = {"check": check, "correlate2d": lambda image, kernel: right(image, kernel[::-1, ::-1])}
    mark = eval('check("01-convolution", "correlate2d", points=4)', scope)
    assert "kernel flipped" in repr(mark)  # in a terminal
    monkeypatch.setattr(checks, "in_a_kernel", lambda: True)
    bundle = mark._repr_mimebundle_()
    assert float(bundle["text/plain"]) == 0.0
    assert "kernel flipped" in bundle["text/html"]
    assert bundle["application/vnd.cnncourse.verdict+json"] == {
        "assignment": "01-convolution",
        "function": "correlate2d",
        "passed": False,
        "score": 0.0,
        "misconception": "kernel flipped",
        "hidden": False,
    }


def right_on_what_is_shown():
    drawn = task("01-convolution", "correlate2d").draw(checks.PUBLIC_SEED)
    shown = {case.args[0].tobytes() for case, _ in drawn}

    def fn(image, kernel):
        return right(image, kernel) + (0 if np.ascontiguousarray(image).tobytes() in shown else 1)

    return fn


def test_hidden_cases_catch_what_the_shown_ones_miss_and_are_not_shown(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "987654321")
    scope = {"check": check, "correlate2d": right_on_what_is_shown()}
    assert eval('check("01-convolution", "correlate2d", points=4)', scope) == 4
    mark = eval('check("01-convolution", "correlate2d", points=4, hidden=True)', scope)
    assert mark < 4
    text = mark.verdict.message + mark.verdict.html()
    assert "hidden" in text and "987654321" not in text
    assert not mark.verdict.feedback.panels and not mark.verdict.feedback.arithmetic


def test_an_error_on_a_hidden_case_does_not_tell_its_message(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "987654321")
    fine = right_on_what_is_shown()

    def tells(image, kernel):
        out = fine(image, kernel)
        if not np.allclose(out, right(image, kernel)):
            raise ValueError(f"secret {image.tolist()}")
        return out

    mark = eval('check("01-convolution", "correlate2d", hidden=True)', {"check": check, "correlate2d": tells})
    text = mark.verdict.message + mark.verdict.html()
    assert mark < 1 and "ValueError" in text and "secret" not in text


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS)
def test_what_is_said_of_hidden_cases_alone_holds_nothing_of_them(assignment, name):
    this = task(assignment, name)
    static = " ".join([this.shape, *(mistake.says for mistake in this.misconceptions)])
    known = set(re.findall(r"\d+", static)) | {str(n) for n in range(10)}
    for mistake in this.misconceptions[:8]:
        found = judge(this, mistake.wrong, [(987654321, True)])
        assert not found.passed and not found.feedback.panels and not found.feedback.arithmetic
        assert set(re.findall(r"\d+", found.feedback.sentence)) <= known


def test_what_is_asked_once_is_left_to_the_first_seed():
    asked = []
    cases = [
        Case("a", (1.0,), expected=2.0),
        Case("b", (5.0,), probe=lambda call, x: call(x), expected=10.0, once=True),
    ]
    double = Task("01-convolution", "double", "double(x)", lambda x: 2 * x, lambda rng: cases, (), "", result="number")

    def noting(x):
        asked.append(x)
        return 2 * x

    assert judge(double, noting, [(0, False), (7, True)]).passed
    assert sorted(asked) == [1, 1, 1, 5]  # the first of all comes again at the end
    verdict = judge(double, lambda x: 2 if x == 1 else 0, [(0, False), (7, True)])
    assert verdict.score == 0.5 and not verdict.feedback.properties["b"]


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS)
def test_hidden_seeds_have_cases_of_their_own(assignment, name):
    """What is asked once draws many times; and each function has other cases that hidden seeds draw anew."""
    cases = [case for case, _ in task(assignment, name).draw(0)]
    once = [case for case in cases if case.once]
    assert len(once) < len(cases)
    assert all(case.probe is not None and case.expected is not None for case in once)


def test_the_shown_cases_do_not_depend_on_the_hidden_seed(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "5")
    one = verdict("01-convolution", "correlate2d", bank.convolve).message
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "6")
    assert verdict("01-convolution", "correlate2d", bank.convolve).message == one


def test_a_verdict_leaves_the_process_as_it_was():
    state = np.random.get_state()[1].copy()
    out, err, filters, errors = sys.stdout, sys.stderr, list(warnings.filters), np.geterr()
    environment, printing = dict(os.environ), np.get_printoptions()

    def meddles(*args):
        np.random.seed(0)
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        warnings.simplefilter("ignore")
        return np.float64(1) / 3

    for assignment, name in FUNCTIONS:
        verdict(assignment, name, meddles)
    assert (np.random.get_state()[1] == state).all()
    assert (sys.stdout, sys.stderr, warnings.filters, np.geterr()) == (out, err, filters, errors)
    assert dict(os.environ) == environment and np.get_printoptions() == printing


def test_the_name_of_a_type_cannot_carry_a_hidden_input_out(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", "987654321")
    fine = right_on_what_is_shown()

    def tells(image, kernel, raising):
        out = fine(image, kernel)
        if np.allclose(out, right(image, kernel)):
            return out
        secret = type("secret" + repr(image), (Exception,), {})
        if raising:
            raise secret
        return secret()

    for raising in (True, False):
        scope = {"check": check, "correlate2d": functools.partial(tells, raising=raising)}
        mark = eval('check("01-convolution", "correlate2d", hidden=True)', scope)
        assert mark < 1 and "secret" not in mark.verdict.message + mark.verdict.html()


def test_the_cases_cannot_be_written_to():
    for assignment, name in FUNCTIONS:
        for case, expected in task(assignment, name).draw(checks.PUBLIC_SEED):
            arrays = [array for array in (*(expected or ()), *case.args) if isinstance(array, np.ndarray)]
            assert not any(array.flags.writeable for array in arrays)


def test_views_reach_the_function_as_the_views_they_are():
    layouts = set()

    def looks(image, kernel):
        layouts.add((image.flags.c_contiguous, image.flags.f_contiguous, kernel.strides[0] < 0))
        return right(image, kernel)

    assert verdict("01-convolution", "correlate2d", looks).passed
    assert (False, False, False) in layouts  # every other column
    assert (False, True, True) in layouts  # a transposed image, and a kernel that lies backwards


def test_an_unwritten_helper_is_named():
    def correlate2d(image, kernel):
        raise NotImplementedError

    def sobel_edges(image):
        return correlate2d(image, np.ones((3, 3)))

    found = verdict("01-convolution", "sobel_edges", sobel_edges)
    assert found.misconception == "needs a function that is not written yet"
    assert "`correlate2d`" in found.message


def test_half_written_earns_its_half():
    def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
        if not use_bias:
            raise NotImplementedError
        return kh * kw * c_in * c_out + c_out

    assert verdict("01-convolution", "conv2d_params", conv2d_params).score == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    "fn",
    [
        lambda kh, kw, c_in, c_out, *, use_bias=True: bank.count_params(kh, kw, c_in, c_out, use_bias),
        functools.partial(bank.count_params, use_bias=True),
        lambda kh, kw, ci, co, b=True: bank.count_params(kh, kw, ci, co, b),
        lambda *args, **kwargs: bank.count_params(*args, **kwargs),
        lambda *args: Fraction(bank.count_params(*args)),
        lambda *args: Decimal(bank.count_params(*args)),
        lambda *args: complex(bank.count_params(*args)),
    ],
)
def test_optional_arguments_may_be_keywords_and_numbers_of_any_type(fn):
    assert verdict("01-convolution", "conv2d_params", fn).passed


def test_counts_are_exact():
    found = verdict("01-convolution", "conv2d_params", lambda *args: bank.count_params(*args) + 0.0005)
    assert not found.passed


def test_an_error_is_no_evidence_for_a_misconception():
    def refuses(image, kernel):
        if kernel.shape[0] != kernel.shape[1]:
            raise TypeError("square kernels only, please")
        return right(image, kernel)

    def also_odd(image, kernel):
        return refuses(image, kernel) * (1 if image.shape[0] == image.shape[1] else 1.5)

    for fn in (refuses, also_odd):
        found = verdict("01-convolution", "correlate2d", fn)
        assert "square kernels only, please" in found.message
    assert found.misconception == "raises an error"


# -- measuring -------------------------------------------------------------------------------------------------------


def test_the_measure_prints_the_catch_table(monkeypatch, capsys):
    from cnncourse.checks import __main__ as measure

    monkeypatch.setattr(sys, "argv", ["checks", "--seeds", "1", "01-convolution"])
    assert measure.main() == 0
    table = capsys.readouterr().out
    for name in functions("01-convolution"):
        n = len(task("01-convolution", name).misconceptions)
        cells = next(line for line in table.splitlines() if f" {name} " in line).split()
        assert cells[:6] == ["01-convolution", name, str(n), "100", "%", "100"]


def test_the_measure_fails_when_a_mistake_gets_through(monkeypatch):
    from cnncourse.checks import __main__ as measure

    harmless = bank.Misconception("no mistake at all", bank.count_params, "")
    this = task("01-convolution", "conv2d_params")
    monkeypatch.setattr(sys, "argv", ["checks", "--seeds", "1"])
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    blind = dataclasses.replace(this, misconceptions=(harmless,))
    monkeypatch.setattr(checks, "_tasks", lambda assignment: (blind,))
    assert measure.main() == 1


# -- from scratch means it --------------------------------------------------------------------------------------------


def by_scipy(image, kernel):
    return scipy_signal.correlate2d(np.asarray(image, float), kernel, "valid")


def by_the_course(image, kernel):
    from cnncourse.convolution import correlate2d as mine

    return mine(image, kernel)


def by_the_courses_layer(image, kernel):
    return convolution.conv2d(image[None, :, :, None], kernel[:, :, None, None])[0, :, :, 0]


def by_keras(image, kernel):
    import keras

    out = keras.ops.conv(np.asarray(image, float)[None, :, :, None], np.asarray(kernel, float)[:, :, None, None])
    return np.asarray(out)[0, :, :, 0]


def by_the_fourier_transform_of_scipy(image, kernel):
    return scipy_signal.fftconvolve(np.asarray(image, float), kernel[::-1, ::-1], "valid")


def now_and_then(image, kernel):
    return right(image, kernel) if image.size % 2 else by_scipy(image, kernel)


@pytest.mark.parametrize(
    ("borrower", "whose"),
    [
        (by_scipy, "to `correlate2d` of scipy"),
        (scipy_signal.correlate2d, "to `correlate2d` of scipy"),
        (functools.partial(scipy_signal.correlate2d, mode="valid"), "to `correlate2d` of scipy"),
        (by_the_course, "to `correlate2d` of the course's own library"),
        (convolution.correlate2d, "to `correlate2d` of the course's own library"),
        (by_the_courses_layer, "to `conv2d` of the course's own library"),
        (by_keras, "keras"),
        (by_the_fourier_transform_of_scipy, "scipy"),
        (now_and_then, "scipy"),
    ],
)
def test_a_function_that_leaves_the_work_to_a_library_is_told_so_and_earns_nothing(borrower, whose):
    found = verdict("01-convolution", "correlate2d", borrower)
    assert (found.passed, found.score, found.misconception) == (False, 0, "not from scratch")
    assert whose in " ".join(found.message.split())


def test_a_framework_that_would_have_to_be_imported_first_is_not_waited_for():
    code = (
        "import sys; from cnncourse.checks import verdict\n"
        "def correlate2d(image, kernel):\n"
        "    import tensorflow as tf\n"
        "    return tf.nn.conv2d(image, kernel, 1, 'VALID')\n"
        "found = verdict('01-convolution', 'correlate2d', correlate2d)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "print(found.score, found.misconception, 'to tensorflow.' in ' '.join(found.message.split()))\n"
        "import tensorflow\n"
        "print(tensorflow.constant(1).numpy())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0.0 not from scratch True", "1"]


def test_a_function_that_calls_a_borrowing_helper_is_judged_by_its_own_work():
    names = {}
    code = (
        "import numpy as np\nfrom cnncourse.convolution import correlate2d as mine\n"
        "def correlate2d(image, kernel):\n    return mine(image, kernel)\n"
        "def convolve2d(image, kernel):\n    return correlate2d(image, kernel[::-1, ::-1])\n"
    )
    exec(code, names)
    assert verdict("01-convolution", "correlate2d", names["correlate2d"]).score == 0
    assert verdict("01-convolution", "convolve2d", names["convolve2d"]).passed


def test_pictures_and_other_tools_of_the_course_may_be_called():
    def looks_first(image, kernel):
        if image.shape == (3, 4):
            plots.window(image, kernel)
        return right(image, kernel)

    found = verdict("01-convolution", "correlate2d", looks_first)
    assert found.passed, found.message


def test_a_task_may_allow_a_function_of_the_library():
    allowing = dataclasses.replace(
        task("01-convolution", "correlate2d"), may_use=("cnncourse.convolution.correlate2d",)
    )
    assert judge(allowing, by_the_course, [(0, False)]).passed
    assert not judge(allowing, by_the_courses_layer, [(0, False)]).passed


def test_a_profiler_that_was_there_is_there_again():
    seen = []

    def profiler(frame, event, argument):
        seen.append(event)

    sys.setprofile(profiler)
    try:
        verdict("01-convolution", "correlate2d", by_scipy)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
