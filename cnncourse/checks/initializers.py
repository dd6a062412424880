"""What right means for the functions of 08-initializers, and the ways people get it wrong.

The chapter is ``book/initializers.md``. The eight initializers differ in a variance and in being uniform or normal, so
one factory makes their cases and another their mistakes. Learners draw in other ways than the wrong functions here do:
the probes compare statistics of large samples, never draws, and on scales on which a wrong result is as precise as a
right one (the logarithm of a standard deviation, a mean in standard deviations).

A statistic may be six standard errors off, the empirical distribution as far as the inequality of Dvoretzky, Kiefer and
Wolfowitz allows once in 10⁸ times. An initializer is judged by about forty numbers, so that a right one is rejected
less than once in a million times.
"""

from __future__ import annotations

import math

import numpy as np

from cnncourse.checks.given import Formula, Initializer
from cnncourse.checks.materials import from_generator, misconceptions
from cnncourse.checks.task import Case, Panel, Task, Told

ASSIGNMENT = "08-initializers"
FAR = 6  # standard errors
ALWAYS = 100.0  # in place of a number of standard errors: without an exception

# -- references ------------------------------------------------------------------------------------------------------


def count_fans(shape):
    fan_in, fan_out = shape[-2], shape[-1]
    for size in shape[:-2]:
        fan_in, fan_out = fan_in * size, fan_out * size
    return fan_in, fan_out


VARIANCES = {
    "random_uniform": lambda fan_in, fan_out: 0.05**2 / 3,
    "random_normal": lambda fan_in, fan_out: 0.05**2,
    "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
    "lecun_uniform": lambda fan_in, fan_out: 1 / fan_in,
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
}
FORMULAS = {
    "random_uniform": "0.05 / √3",
    "random_normal": "0.05",
    "lecun": "√(1 / fan in)",
    "glorot": "√(2 / (fan in + fan out))",
    "he": "√(2 / fan in)",
}


def uniform(rng, shape, deviation):
    limit = math.sqrt(3) * deviation
    return rng.uniform(-limit, limit, shape)


def normal(rng, shape, deviation):
    return rng.normal(0, deviation, shape)


def law_of(name):
    return uniform if name.endswith("uniform") else normal


def deviation_of(name, shape):
    return math.sqrt(VARIANCES[name](*count_fans(shape)))


def initializer(name):
    """The reference: numbers of the right law and standard deviation."""

    def drawn(shape, rng):
        return law_of(name)(rng, shape, deviation_of(name, shape))

    return drawn


INPUTS = 200


def spread(depth, width, initializer, activation, rng):
    x = rng.standard_normal((INPUTS, width))
    deviations = []
    for _ in range(depth):
        x = activation(np.dot(x, initializer((width, width), rng)))
        deviations.append(math.sqrt(np.mean((x - np.mean(x)) ** 2)))
    return deviations


# -- probes of an initializer ----------------------------------------------------------------------------------------


def limit_of_deviation(n: int) -> float:
    """How far the logarithm of the standard deviation of n numbers may be off: six standard errors of normal ones.

    The standard error is √((kurtosis − 1) / 4n): for normal numbers 1 / √(2n), for uniform and truncated ones less.
    """
    return FAR / math.sqrt(2 * n)


def limit_of_distribution(n: int) -> float:
    """How far n numbers' distribution may be from the one they are drawn from: 2 exp(−2 n d²) = 10⁻⁸."""
    return math.sqrt(math.log(2e8) / (2 * n))


def generator(seed):
    return np.random.default_rng(seed)


def number(value) -> str:
    return f"{float(value) + 0.0:.3g}".replace("-", "−")


def without_copies(drawn):
    """What was drawn, cut down to one of what it repeats along an axis."""
    for axis in range(drawn.ndim):
        if drawn.shape[axis] and (drawn == drawn.take([0], axis)).all():
            drawn = drawn.take([0], axis)
    return drawn


def shape_of(call, shape, seed):
    drawn = call(shape, generator(seed))
    if drawn.shape != shape:
        return Told(list(drawn.shape), f"For the shape {shape} your array has the shape {drawn.shape}.")
    return Told([*shape], "" if np.isfinite(drawn).all() else "Some of the numbers are infinite, or nan.")


def width_of(name):
    """The logarithm of the standard deviation, through the one that is expected."""
    formula = FORMULAS.get(name) or FORMULAS[name.split("_")[0]]

    def probe(call, shape, seed):
        drawn = without_copies(call(shape, generator(seed)))
        wanted, found = deviation_of(name, shape), float(np.sqrt(np.mean(np.square(drawn))))
        off = math.log(found / wanted) if found > 0 and np.isfinite(found) else -ALWAYS
        if drawn.size < math.prod(shape) and (drawn.size == 1 or abs(off) < limit_of_deviation(drawn.size)):
            off = 0.0  # too few draws to say more: that numbers are repeated is said elsewhere
        fan_in, fan_out = count_fans(shape)
        says = (
            f"For the shape {shape}, with fan in {fan_in} and fan out {fan_out}, the numbers should have the standard "
            f"deviation {formula} = {wanted:.4f}; yours have {found:.4f}."
        )
        return Told(off, says)

    return probe


def centre(call, shape, seed):
    """The mean, in standard deviations of what was drawn."""
    drawn = call(shape, generator(seed))
    deviation = float(drawn.std())
    if without_copies(drawn).size < drawn.size:
        return Told(0.0)
    mean = float(drawn.mean()) / deviation
    share = float(np.mean(drawn > 0))
    says = (
        f"The numbers should lie around 0; {share:.0%} of yours are above it, and their mean is {number(drawn.mean())}."
    )
    return Told(mean, says)


GRID = np.linspace(-2.5, 2.5, 201)
CUT = 2.0
# The standard deviation of a standard normal that is cut off at ±2: dividing by it brings the deviation back to 1.
CUT_DEVIATION = math.sqrt(1 - 2 * CUT * math.exp(-(CUT**2) / 2) / math.sqrt(2 * math.pi) / math.erf(CUT / math.sqrt(2)))


def standard_normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def cut_normal(x):
    """As Keras draws: normal, redrawn beyond two standard deviations, widened again to a deviation of 1."""
    x = min(max(x * CUT_DEVIATION, -CUT), CUT)
    return (standard_normal(x) - standard_normal(-CUT)) / (standard_normal(CUT) - standard_normal(-CUT))


def flat(x):
    return min(max((x / math.sqrt(3) + 1) / 2, 0), 1)


LAWS = {
    uniform: [np.array([flat(x) for x in GRID])],
    normal: [np.array([law(x) for x in GRID]) for law in (standard_normal, cut_normal)],
}


def law(name):
    """How far the distribution of what was drawn, brought to a deviation of 1, is from the nearest that is right."""
    wanted = "uniform" if law_of(name) is uniform else "normal"

    def probe(call, shape, seed):
        drawn = call(shape, generator(seed))
        if without_copies(drawn).size < drawn.size or not np.isfinite(drawn).all():
            return Told(0.0)
        numbers = np.sort(np.ravel(drawn - drawn.mean()) / drawn.std())
        shares = np.searchsorted(numbers, GRID, side="right") / numbers.size
        distance = min(np.abs(shares - expected).max() for expected in LAWS[law_of(name)])
        largest, within = numbers[-1], np.mean(np.abs(numbers) < 1)
        ours = {"uniform": "58 % are, and none reaches 1.8", "normal": "about 68 % are, and some reach 2.2"}
        says = (
            f"{within:.0%} of your numbers are less than a standard deviation away from the mean, and the largest is "
            f"{largest:.1f} away. Of {wanted} numbers {ours[wanted]}."
        )
        return Told(distance, says.replace("%", " %").replace("  %", " %"))

    return probe


def reach(name):
    """The largest number, through the limit of a uniform distribution; of a normal one whether it reaches as far as it
    should."""

    def probe(call, shape, seed):
        drawn = call(shape, generator(seed))
        if without_copies(drawn).size < drawn.size:
            return Told(0.0)
        largest = float(np.abs(drawn).max())
        if law_of(name) is uniform:
            wanted = math.sqrt(3) * deviation_of(name, shape)
            says = (
                f"For the shape {shape} the numbers should fill the range from −{wanted:.4f} to {wanted:.4f}; the "
                f"largest of yours is {largest:.4f} away from 0."
            )
            return Told(math.log(largest / wanted) if largest > 0 else -ALWAYS, says)
        ratio = largest / float(drawn.std())
        says = (
            f"The largest of {drawn.size:,} numbers is {ratio:.1f} standard deviations away from 0. Of as many normal "
            "numbers it is about 4, or 2.3 when they are cut off as Keras does."
        )
        return Told(0.0 if 2.2 < ratio < 2.34 or 3 < ratio < 8 else ratio, says)

    return probe


def apart(call, shape, seed):
    """Along each axis a correlation, of neighbours or of the halves, in standard errors; and whether numbers differ."""
    drawn = call(shape, generator(seed))
    if drawn.shape != shape:
        return Told(np.zeros(0), f"For the shape {shape} your array has the shape {drawn.shape}.")
    cut = without_copies(drawn)
    numbers, says = [], ""
    scaled = (cut - cut.mean()) / (cut.std() or 1.0)
    for axis, size in enumerate(shape):
        if cut.shape[axis] < size:
            numbers.append(ALWAYS)
            says = (
                says
                or f"Along axis {axis} of the shape {shape} your numbers are all the same: one draw serves them all."
            )
            continue
        rows = np.moveaxis(scaled, axis, 0)
        half = size // 2
        pairs = ((rows[: 2 * half : 2], rows[1 : 2 * half : 2]), (rows[:half], rows[half : 2 * half]))
        found = [float(np.mean(one * other)) * math.sqrt(one.size) for one, other in pairs]
        numbers.append(np.clip(max(found, key=abs), -ALWAYS, ALWAYS))
        if abs(numbers[-1]) > FAR:
            says = says or f"Along axis {axis} of the shape {shape} your numbers can be foretold from each other."
    different = len(np.unique(cut)) / cut.size
    numbers.append(FAR * 50 * (1 - different) if different < 0.98 else 0.0)
    if different < 0.98 and not says:
        says = f"Of {cut.size:,} numbers only {len(np.unique(cut)):,} are different."
    return Told(numbers, says)


def width_of_small(name):
    """The same where fans are 1 or 2, drawn often enough to say something."""
    formula = FORMULAS.get(name) or FORMULAS[name.split("_")[0]]

    def probe(call, shape, count, seed):
        rng = generator(seed)
        drawn = np.array(call.in_a_row([(shape, rng)] * count))
        wanted, found = deviation_of(name, shape), float(np.sqrt(np.mean(np.square(drawn))))
        off = math.log(found / wanted) if found > 0 and np.isfinite(found) else -ALWAYS
        says = (
            f"Drawn {count} times for the shape {shape}, the numbers should have the standard deviation {formula} = "
            f"{wanted:.4f}; yours have {found:.4f}."
        )
        return Told(off, says)

    return probe


def mirrored(call, shape, seed):
    """The correlation of a square matrix with its transpose, off the diagonal, in standard errors."""
    drawn = call(shape, generator(seed))
    if drawn.shape != shape:
        return Told(np.zeros(()), f"For the shape {shape} your array has the shape {drawn.shape}.")
    above = np.triu_indices(shape[0], 1)
    one, other = drawn[above], drawn.T[above]
    size = float(np.mean(np.square(drawn))) or 1.0
    found = float(np.mean(one * other)) / size * math.sqrt(one.size)
    return Told(np.clip(found, -ALWAYS, ALWAYS), f"Of the shape {shape} each number can be foretold from its mirror.")


SOURCES = (
    "Called twice with generators of the same seed, it gives two different results.",
    "Called with generators of different seeds, it gives the same result.",
    "Called again with the same generator, which has gone on since, it gives the same result.",
    "NumPy's own generator, `np.random`, is used or seeded. Whoever else draws from it then gets other numbers.",
    "Called with generators of forty different seeds, it gives some results twice.",
)


def from_rng(call, shape, seed):
    """Whether all that is random comes from the generator that was given."""
    many = {drawn.tobytes() for drawn in call.in_a_row([((2, 3), generator(seed + k)) for k in range(40)])}
    facts = [*from_generator(lambda rng: call(shape, rng), seed), len(many) == 40]
    return Told(np.array(facts, float), "" if all(facts) else SOURCES[facts.index(False)])


# Fan in and fan out differ by three to four times, in both directions.
DENSE = ((300, 100), (100, 400))
CONVOLUTIONS = ((3, 5, 20, 80), (5, 2, 60, 20), (5, 40, 160))


def varied(shapes, rng):
    """The shapes with somewhat more channels, on both sides: no two draws ask about the same."""
    return [
        (*window, int(c_in * rng.uniform(1, 1.3)), int(c_out * rng.uniform(1, 1.3))) for *window, c_in, c_out in shapes
    ]


def initializer_cases(name):
    def cases(rng):
        drawn = []

        def add(about, probe, shapes, expected=0.0, leeway=lambda n: 1e-9, once=True):
            for shape in shapes:
                wanted = expected(shape) if callable(expected) else expected
                args, far = (shape, int(rng.integers(2**31))), leeway(math.prod(shape))
                drawn.append(Case(about, args, probe=probe, expected=wanted, leeway=far, once=once))

        small = ((3, 4), (1, 5), (5, 1), (1, 1), (2, 3, 4, 5), (1, 1, 3, 2), (3, 3, 1, 8))
        add("the shape", shape_of, small, list, once=False)
        about = "the standard deviation of dense kernels"
        add(about, width_of(name), varied(DENSE, rng), leeway=limit_of_deviation, once=False)
        about = "the standard deviation of convolution kernels"
        add(about, width_of(name), varied(CONVOLUTIONS, rng), leeway=limit_of_deviation, once=False)
        two = (DENSE[0], CONVOLUTIONS[1])
        about = "the standard deviation where fans are small"
        sizes = (
            ((1, 1, 900), (1, 2, 450), (2, 1, 450))
            if "glorot" in name
            else ((1, 900, 1), (2, 450, 1), (1, 1, 1, 900, 1))
        )
        for *shape, count in sizes:
            args = (tuple(shape), count, int(rng.integers(2**31)))
            far = limit_of_deviation(900)
            drawn.append(Case(about, args, probe=width_of_small(name), expected=0.0, leeway=far, once=True))
        add("around 0", centre, two, leeway=lambda n: FAR / math.sqrt(n))
        kind = "uniform" if law_of(name) is uniform else "normal"
        add(f"{kind} numbers", law(name), two, leeway=limit_of_distribution)
        # All of n uniform numbers stay 0.1 % below the limit once in exp(n / 1000) times.
        add(f"{kind} numbers", reach(name), (DENSE[0],), leeway=lambda n: 1e-3)
        add("each number drawn on its own", apart, two, lambda shape: [0.0] * (len(shape) + 1), leeway=lambda n: FAR)
        add("each number drawn on its own", mirrored, ((60, 60),), leeway=lambda n: FAR)
        add("random numbers come from rng", from_rng, ((6, 4), (3, 2, 2, 5)), [1.0] * 5)
        return drawn

    return cases


def fans_cases(rng):
    def sizes(*lows):
        return tuple(int(low + rng.integers(4)) for low in lows)

    cases = [
        Case("dense kernels", ((2, 3),)),
        Case("dense kernels", ((784, 100),)),
        Case("dense kernels", ((100, 10),)),
        Case("dense kernels", (sizes(3, 20),)),
        Case("as many in as out", ((5, 5),)),
        Case("as many in as out", ((3, 3, 4, 4),)),
        Case("square convolution kernels", ((3, 3, 2, 4),)),
        Case("square convolution kernels", ((5, 5, 6, 16),)),
        Case("square convolution kernels", ((11, 11, 3, 96),)),
        Case("square convolution kernels", ((3, 3, *sizes(2, 30)),)),
        Case("kernels that are not square", ((2, 3, 1, 1),)),
        Case("kernels that are not square", ((5, 1, 4, 2),)),
        Case("kernels that are not square", ((1, 7, 3, 5),)),
        Case("kernels that are not square", (sizes(2, 8, 14, 20),)),
        Case("sizes of 1", ((1, 1),)),
        Case("sizes of 1", ((1, 6),)),
        Case("sizes of 1", ((6, 1),)),
        Case("sizes of 1", ((1, 1, 3, 2),)),
        Case("sizes of 1", ((3, 3, 1, 8),)),
        Case("sizes of 1", ((3, 3, 8, 1),)),
        Case("square convolution kernels", ((11, 11, 512, 4),)),
        Case("kernels for sequences", ((4, 3, 5),)),
        Case("kernels for sequences", (sizes(2, 8, 14),)),
    ]
    return cases


def explain_fans(args, index):
    (shape,) = args
    *window, c_in, c_out = shape
    names = [["inputs", "outputs"]] if not window else [["kh", "kw", "c_in", "c_out"][4 - len(shape) :]]
    panel = Panel("shape", [*names, [str(n) for n in shape]])
    if not window:
        return [panel], ""
    places = math.prod(window)
    return [panel], f"The window has {' · '.join(map(str, window))} = {places} place{'s' * (places != 1)}."


# -- activation_spread -----------------------------------------------------------------------------------------------

WIDTH = 100
# How many inputs there are is the learner's choice; twenty are the fewest that are thought of. The standard error of
# the logarithm of the standard deviation of their 2000 numbers is 1 / √(2 · 2000) = 0.016, of 20 numbers 0.16.
SLACK = 0.1


SAME = Formula("x", "x")
# Half of the units are multiplied by 1, half by 3.
TWO_KINDS = Formula("shape, rng", "np.diag(np.where(np.arange(shape[0]) % 2, 3.0, 1.0))")
# Every unit gets the sum of all, divided by the root of how many there are: all units of an input are alike.
SUMMING = Formula("shape, rng", "np.full(shape, 1 / np.sqrt(shape[0]))")
# A random rotation: it leaves lengths as they are, and mixes the units.
TURNING = Formula(
    "shape, rng", "(q_and_r := np.linalg.qr(rng.standard_normal(shape)))[0] * np.sign(np.diag(q_and_r[1]))"
)


def times(factor):
    """Weights that multiply every unit by a factor."""
    return Formula("shape, rng", "factor * np.eye(*shape)", factor=factor)


def in_turn(*factors):
    """Other weights at every call."""
    return Formula("shape, rng", "left.pop(0) * np.eye(*shape)", left=list(factors) * 20)


def logarithms(found, expected):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    with np.errstate(all="ignore"):
        return np.log(np.maximum(np.nan_to_num(found, nan=0.0, posinf=1e30), 1e-12) / np.maximum(expected, 1e-12))


def measured(setup, expected, words):
    """A probe that compares the whole list with what a network built to be predictable gives."""

    def probe(call, depth, width, seed):
        weights, activation = setup()
        found = call(depth, width, weights, activation, generator(seed))
        wanted = [expected(k) for k in range(1, depth + 1)]
        if found.shape != (depth,):
            count = f"{found.size} number{'s' * (found.size != 1)}" if found.ndim == 1 else f"shape {found.shape}"
            return Told(
                np.zeros((1, *found.shape)),
                f"For a depth of {depth}, {depth} numbers are asked for; yours are {count}.",
            )
        shown = ", ".join(map(number, found[:5])), ", ".join(map(number, wanted[:5]))
        more = ", …" if depth > 5 else ""
        says = f"{words} The list should be about ({shown[1]}{more}); yours is ({shown[0]}{more})."
        return Told(logarithms(found, wanted), says)

    return probe


def asked_for(call, depth, width, seed):
    """What the initializer is asked for: how often, for which shapes, whether with a generator."""
    initializer = Initializer(width)
    call(depth, width, initializer, SAME, generator(seed))
    asked = [(tuple(map(int, size)), bool(given)) for size, given, _ in initializer.asked]
    fitting = bool(asked) and all(size == (width, width) for size, _ in asked)
    with_rng = bool(asked) and all(given for _, given in asked)
    says = f"For {depth} layers the initializer is to be called {depth} times; you call it {len(asked)} times."
    if len(asked) == depth and not fitting:
        says = f"With a width of {width} the shape to ask for is ({width}, {width}); you ask for {asked[0][0]}."
    elif len(asked) == depth and not with_rng:
        says = "The initializer is called as initializer(shape, rng); hand it the generator."
    return Told([len(asked) - depth, float(fitting), float(with_rng)], says)


SPREAD_SOURCES = (
    *SOURCES[:1],
    "Called twice with generators of the same seed, the initializer draws different weights: it is not handed `rng`.",
    "With generators of two seeds the initializer draws the same weights: it is not handed `rng`, or not that one.",
    "The initializer draws the same weights for every layer: it is handed a generator that starts anew each time.",
    SOURCES[3],
    "Called with generators of different seeds, it works on the same inputs: they are not drawn from `rng`.",
)


def spread_from_rng(call, depth, width, seed):
    kind, keys, *rest = np.random.get_state()
    keys = keys.copy()
    spreads, notes = [], []
    for start in (seed, seed, seed + 1):
        initializer = Initializer(width, draws=True)
        spreads.append(call(depth, width, initializer, SAME, generator(start)))
        notes.append([drawn for _, _, drawn in initializer.asked])
    kind_after, keys_after, *rest_after = np.random.get_state()
    untouched = kind == kind_after and rest == rest_after and np.array_equal(keys, keys_after)
    first, again, other = notes
    varied = len(set(first)) == len(first)
    inputs = [call(1, width, times(1), SAME, generator(start)) for start in (seed, seed + 1)]
    facts = [np.array_equal(*spreads[:2]), first == again, first != other, varied, untouched]
    facts.append(not np.array_equal(*inputs))
    return Told(np.array(facts, float), "" if all(facts) else SPREAD_SOURCES[facts.index(False)])


def spread_cases(rng):
    cases = []

    def add(about, depth, setup, expected, words, width=WIDTH, leeway=SLACK, once=True):
        args = (depth, width, int(rng.integers(2**31)))
        probe = measured(setup, expected, words)
        cases.append(Case(about, args, probe=probe, expected=np.zeros(depth), leeway=leeway, once=once))

    unchanged = "The weights and the activation change nothing here."
    for depth in (1, 3, 6):
        add("one number for each layer", depth, lambda: (times(1), SAME), lambda k: 1, unchanged)
    depth, factor = int(rng.integers(2, 6)), float(rng.choice([0.25, 0.75, 1.5, 4.0]))
    words = f"Each layer's weights multiply by {factor:g}, and the activation by 2."
    doubling = Formula("x", "2 * x")
    about = "each layer works on what the one before gave"
    add(about, depth, lambda: (times(factor), doubling), lambda k: (2 * factor) ** k, words, once=False)
    about = "standard normal inputs"
    add(about, 2, lambda: (times(1), SAME), lambda k: 1, unchanged, width=200, once=False)
    words = "The weights change nothing here, and the activation takes absolute values."
    add(about, 2, lambda: (times(1), Formula("x", "np.abs(x)")), lambda k: math.sqrt(1 - 2 / math.pi), words)
    about = "each layer works on what the one before gave"
    doubled = "Each layer's weights double what they are given."
    add(about, 4, lambda: (times(2), SAME), lambda k: 2**k, doubled)
    halved = "Each layer's weights halve what they are given."
    add(about, 8, lambda: (times(0.5), SAME), lambda k: 0.5**k, halved)
    words = "The weights turn their input without making it longer or shorter."
    add(about, 3, lambda: (TURNING, SAME), lambda k: 1, words)
    about = "after the activation"
    words = "The weights change nothing here, and the activation multiplies by 3."
    add(about, 3, lambda: (times(1), Formula("x", "3 * x")), lambda k: 3**k, words)
    words = "The weights multiply by 100 and the activation is the sign: −1 or 1."
    add(about, 3, lambda: (times(100), Formula("x", "np.sign(x)")), lambda k: 1, words)
    about = "the standard deviation, of all numbers"
    words = "The activation adds 5, which moves the mean and nothing else."
    add(about, 3, lambda: (times(1), Formula("x", "x + 5")), lambda k: 1, words)
    words = "Half of the units are multiplied by 1, half by 3 in each layer."
    add(about, 3, lambda: (TWO_KINDS, SAME), lambda k: math.sqrt((1 + 9**k) / 2), words)
    words = "All units compute the same sum, so that an input's numbers are equal, and differ from other inputs'."
    add(about, 1, lambda: (SUMMING, SAME), lambda k: 1, words, leeway=1.0)
    about = "new weights for every layer"
    words = "The first layer's weights multiply by 2, the second's by 3, the third's by 0.1."
    add(about, 3, lambda: (in_turn(2, 3, 0.1), SAME), lambda k: (2, 6, 0.6)[k - 1], words)
    for depth, width in ((3, 40), (5, 7)):
        args = (depth, width, int(rng.integers(2**31)))
        cases.append(Case(about, args, probe=asked_for, expected=[0, 1, 1], leeway=1e-9, once=True))
    words = "The weights are 0, so nothing is left after the first layer."
    add("no biases", 3, lambda: (times(0), SAME), lambda k: 0, words, leeway=1e-3)
    args = (4, WIDTH, int(rng.integers(2**31)))
    about = "random numbers come from rng"
    cases.append(Case(about, args, probe=spread_from_rng, expected=[1.0] * 6, leeway=1e-9, once=True))
    return cases


# -- what people write -----------------------------------------------------------------------------------------------


def with_fans(change):
    def wrong(shape):
        return change(*count_fans(shape))

    return wrong


FANS_MISCONCEPTIONS = misconceptions(
    (
        "fan in and fan out exchanged",
        with_fans(lambda fan_in, fan_out: (fan_out, fan_in)),
        "The two are exchanged: fan in comes first. It counts what reaches one unit, so it has the channels of the "
        "input in it.",
    ),
    (
        "window forgotten",
        lambda shape: (shape[-2], shape[-1]),
        "You count the channels and leave out the window. One number of a convolution's output reads kh · kw places in "
        "every channel.",
    ),
    (
        "window in fan in only",
        lambda shape: (math.prod(shape[:-1]), shape[-1]),
        "Fan in is right. For fan out look from one input number: it lies in kh · kw windows, of each filter.",
    ),
    (
        "window in fan out only",
        lambda shape: (shape[-2], math.prod(shape[:-2]) * shape[-1]),
        "Fan out is right. For fan in look from one output number: it reads kh · kw places in each channel.",
    ),
    (
        "the first two sizes",
        lambda shape: (shape[0], shape[1]),
        "You take the first two sizes of the shape. That is right for a dense kernel; in a convolution's they are the "
        "window.",
    ),
    (
        "channels first",
        lambda shape: (
            tuple(shape) if len(shape) == 2 else (shape[1] * shape[2] * shape[3], shape[0] * shape[2] * shape[3])
        ),
        "You read a convolution's shape as (F, C, kh, kw), in PyTorch's order. Here it is (kh, kw, C, F).",
    ),
    (
        "fan out first, as in PyTorch",
        lambda shape: (shape[1], shape[0]) if len(shape) == 2 else count_fans(shape),
        "A dense kernel is (inputs, outputs) here, so that `x @ w` works. Yours is read the other way round.",
    ),
    (
        "every number of the kernel",
        lambda shape: (math.prod(shape), math.prod(shape)),
        "You count all weights of the layer. One unit has only those of its own filter, and one input only those that "
        "touch it.",
    ),
    (
        "everything but the filters, twice",
        lambda shape: (math.prod(shape[:-1]), math.prod(shape[:-1])),
        "Fan out is the same as fan in in your answer. It has the number of filters where fan in has the input's "
        "channels.",
    ),
    (
        "everything but the first size",
        lambda shape: (shape[0], math.prod(shape[1:])),
        "Only the first size counts for fan in, as in a dense kernel. In a convolution's all but the last do.",
    ),
    (
        "all but the last and the last",
        lambda shape: (
            (math.prod(shape[:-1]), math.prod(shape[-1:]))
            if len(shape) == 2
            else (
                shape[0] * shape[1] * shape[2],
                shape[2] * shape[3],
            )
        ),
        "Your fan out multiplies the channels of both sides. It is kh · kw times the number of filters.",
    ),
    (
        "height used for width",
        lambda shape: tuple(shape) if len(shape) == 2 else (shape[0] ** 2 * shape[2], shape[0] ** 2 * shape[3]),
        "You take the window to be square, with its height for both. A window has a height and a width.",
    ),
    (
        "width used for height",
        lambda shape: tuple(shape) if len(shape) == 2 else (shape[1] ** 2 * shape[2], shape[1] ** 2 * shape[3]),
        "You take the window to be square, with its width for both. A window has a height and a width.",
    ),
    (
        "sizes of the window added",
        lambda shape: (
            tuple(shape) if len(shape) == 2 else ((shape[0] + shape[1]) * shape[2], (shape[0] + shape[1]) * shape[3])
        ),
        "You add kh and kw. A window of kh rows and kw columns has kh · kw places.",
    ),
    (
        "one side of the window only",
        lambda shape: tuple(shape) if len(shape) == 2 else (shape[0] * shape[2], shape[0] * shape[3]),
        "Only the window's rows are in your product, its columns are missing.",
    ),
    (
        "a bias counted",
        with_fans(lambda fan_in, fan_out: (fan_in + 1, fan_out)),
        "You count the bias as an input. Fan in counts the weights that lead to a unit.",
    ),
    (
        "the mean of both",
        with_fans(lambda fan_in, fan_out: ((fan_in + fan_out) / 2, (fan_in + fan_out) / 2)),
        "You return the mean of the two. Some initializers use it; here both are asked for, each for itself.",
    ),
)


# Where a formula goes wrong: from the sizes of a shape to a variance.


def sizes_of(shape):
    """(places of the window, c_in, c_out)."""
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def as_drawn(name, deviation=None, draw=None):
    """The initializer with another standard deviation, or another way to draw."""
    deviation = deviation or (lambda shape: deviation_of(name, shape))
    draw = draw or law_of(name)
    return lambda shape, rng: draw(rng, shape, deviation(shape))


def cut_without_correction(rng, shape, deviation):
    drawn = rng.normal(0, deviation, shape)
    while (far := np.abs(drawn) > CUT * deviation).any():
        drawn[far] = rng.normal(0, deviation, far.sum())
    return drawn


def clipped(rng, shape, deviation):
    return np.clip(rng.normal(0, deviation, shape), -CUT * deviation, CUT * deviation)


def copies_along(axis):
    """One draw along an axis serves all."""

    def draw_by(draw):
        def drawn(rng, shape, deviation):
            once = list(shape)
            once[axis] = 1
            return np.broadcast_to(draw(rng, tuple(once), deviation), shape).copy()

        return drawn

    return draw_by


def common_mistakes(name):
    """The mistakes that all eight can have."""
    draw, kind = law_of(name), "uniform" if law_of(name) is uniform else "normal"

    def changed(draw):
        return as_drawn(name, draw=draw)

    def own(seed):
        return changed(lambda rng, shape, deviation: draw(np.random.default_rng(seed), shape, deviation))

    if kind == "uniform":
        laws = (
            (
                "normal instead of uniform",
                changed(normal),
                "The standard deviation is right, but your numbers are normal: most are small and a few are far out. "
                "Uniform ones are all equally likely between two limits.",
            ),
            (
                "the deviation as the limit",
                changed(lambda rng, shape, deviation: rng.uniform(-deviation, deviation, shape)),
                "Your numbers lie between minus and plus one standard deviation. Uniform numbers within ±a have the "
                "standard deviation a / √3, so the limit is √3 times as large.",
            ),
            (
                "limit halved",
                changed(lambda rng, shape, deviation: uniform(rng, shape, deviation / 2)),
                "Your numbers reach half as far as they should. The limit is the distance from 0 to either side, not "
                "the whole range.",
            ),
            (
                "limit doubled",
                changed(lambda rng, shape, deviation: uniform(rng, shape, 2 * deviation)),
                "Your numbers reach twice as far as they should.",
            ),
            (
                "the limit as a normal deviation",
                changed(lambda rng, shape, deviation: rng.normal(0, math.sqrt(3) * deviation, shape)),
                "You draw normal numbers and give them the limit as their standard deviation. Uniform numbers between "
                "minus and plus that limit are asked for.",
            ),
            (
                "only positive numbers",
                changed(lambda rng, shape, deviation: rng.uniform(0, math.sqrt(3) * deviation, shape)),
                "Your numbers lie between 0 and the limit. They should reach as far below 0 as above it.",
            ),
            (
                "the whole range above 0",
                changed(lambda rng, shape, deviation: rng.uniform(0, 2 * math.sqrt(3) * deviation, shape)),
                "The range is as wide as it should be and begins at 0. It is to lie around 0: half of the weights are "
                "negative.",
            ),
            (
                "only the two limits",
                changed(lambda rng, shape, deviation: rng.choice([-1, 1], shape) * math.sqrt(3) * deviation),
                "Your numbers are the two limits and nothing between them.",
            ),
        )
    else:
        laws = (
            (
                "uniform instead of normal",
                changed(uniform),
                "The standard deviation is right, but your numbers are uniform: all equally likely up to a limit, and "
                "none beyond. Normal ones crowd around 0, with a few far out.",
            ),
            (
                "uniform within the deviation",
                changed(lambda rng, shape, deviation: rng.uniform(-deviation, deviation, shape)),
                "You draw uniform numbers between minus and plus one standard deviation. Normal ones with that "
                "standard deviation are asked for.",
            ),
            (
                "deviation times √3",
                changed(lambda rng, shape, deviation: normal(rng, shape, math.sqrt(3) * deviation)),
                "Your standard deviation is √3 times too large. That factor belongs to the limit of a uniform "
                "distribution.",
            ),
            (
                "cut off and not widened",
                changed(cut_without_correction),
                "Numbers beyond two standard deviations are drawn again, and what is left has only 0.88 of the "
                "standard deviation. Keras widens it again. Do the same, or leave the tails alone.",
            ),
            (
                "moved to the border",
                changed(clipped),
                "Numbers beyond two standard deviations are moved to exactly two. So one in twenty sits at the border, "
                "and the standard deviation is too small.",
            ),
            (
                "only positive numbers",
                changed(lambda rng, shape, deviation: np.abs(rng.normal(0, deviation, shape))),
                "None of your numbers is negative. They should lie around 0.",
            ),
            (
                "around the deviation instead of 0",
                changed(lambda rng, shape, deviation: rng.normal(deviation, deviation, shape)),
                "Your numbers lie around their own standard deviation instead of 0. In `rng.normal(mean, deviation, "
                "shape)` the mean comes first.",
            ),
            (
                "only one deviation to either side",
                changed(lambda rng, shape, deviation: rng.choice([-1.0, 1.0], shape) * deviation),
                "Your numbers are minus and plus one standard deviation, and nothing else. Normal numbers take every "
                "value.",
            ),
        )
    return (
        *laws,
        (
            "one number for all",
            changed(lambda rng, shape, deviation: np.full(shape, draw(rng, (), deviation))),
            "One random number fills the whole array, so all units compute the same, get the same gradient, and stay "
            "the same for ever. Draw as many numbers as the shape has places.",
        ),
        (
            "the same weights for every output",
            changed(copies_along(-1)(draw)),
            "All units of the layer have the same weights: one draw serves the whole last axis. Such units compute the "
            "same and can never become different.",
        ),
        (
            "the same weights for every input",
            changed(copies_along(-2)(draw)),
            "A unit has the same weight for all of its inputs: one draw serves a whole axis. Each weight needs a draw "
            "of its own.",
        ),
        (
            "NumPy's own generator",
            changed(
                lambda rng, shape, deviation: (
                    np.random.uniform(-math.sqrt(3) * deviation, math.sqrt(3) * deviation, shape)
                    if draw is uniform
                    else np.random.normal(0, deviation, shape)
                )
            ),
            "You draw from `np.random`, which everybody shares, and not from `rng`: a run cannot be repeated by giving "
            "it the same generator.",
        ),
        (
            "a generator of its own",
            own(None),
            "Your function makes itself a new generator, and `rng` is not used: a run cannot be repeated.",
        ),
        (
            "the same weights in every call",
            own(0),
            "Your function makes itself a generator with a seed of its own, so two layers of the same shape get the "
            "same weights. Draw from `rng`, which goes on from call to call.",
        ),
        (
            "all numbers in one row",
            changed(lambda rng, shape, deviation: draw(rng, math.prod(shape), deviation)),
            "Your numbers are right and stand in one row. They should be an array of the shape that was asked for.",
        ),
        (
            "shape turned round",
            changed(lambda rng, shape, deviation: draw(rng, shape[::-1], deviation)),
            "Your array has the sizes of the shape in the reverse order.",
        ),
    )


def scale_mistakes(name):
    """The mistakes of those whose deviation depends on the fans."""
    family = name.split("_")[0]
    factor = {"lecun": 1, "glorot": 2, "he": 2}[family]

    def by(variance):
        return as_drawn(name, lambda shape: math.sqrt(variance(*sizes_of(shape))))

    def right(window, c_in, c_out):
        return VARIANCES[name](window * c_in, window * c_out)

    numerator = "6" if law_of(name) is uniform else "2"
    shared = (
        (
            "root forgotten",
            as_drawn(name, lambda shape: deviation_of(name, shape) ** 2),
            "The root is missing: the variance is used as if it were the standard deviation.",
        ),
        (
            "root taken twice",
            as_drawn(name, lambda shape: math.sqrt(deviation_of(name, shape))),
            "The root is taken twice. The variance's root is the standard deviation.",
        ),
        (
            "upside down",
            as_drawn(name, lambda shape: 1 / deviation_of(name, shape)),
            "Your fraction is upside down: the more inputs a unit has, the smaller its weights must be.",
        ),
        (
            "a fixed deviation",
            as_drawn(name, lambda shape: 0.05),
            "Your numbers have the standard deviation 0.05 whatever the shape. It is to depend on how many inputs a "
            "unit has.",
        ),
        (
            "standard deviation 1",
            as_drawn(name, lambda shape: 1.0),
            "Your numbers are not scaled: they have the standard deviation 1 whatever the shape.",
        ),
        (
            "divided by all weights",
            by(lambda window, c_in, c_out: factor / (window * c_in * c_out)),
            "You divide by the number of all weights in the kernel. What counts is how many of them lead to one unit.",
        ),
    )
    if family == "glorot":
        own = (
            (
                "fan in alone",
                by(lambda window, c_in, c_out: 2 / (window * c_in)),
                "Only fan in is in your formula. Glorot's has fan in and fan out, as a compromise between forward and "
                "backward.",
            ),
            (
                "LeCun's variance",
                by(lambda window, c_in, c_out: 1 / (window * c_in)),
                "This is LeCun's variance, 1 / fan in. Glorot's has fan out as well.",
            ),
            (
                "fan out alone",
                by(lambda window, c_in, c_out: 2 / (window * c_out)),
                "Only fan out is in your formula. Glorot's has the sum of both.",
            ),
            (
                "1 instead of 2",
                by(lambda window, c_in, c_out: right(window, c_in, c_out) / 2),
                "Your variance is half of what it should be. The *mean* of the two fans divides 1, so their sum "
                f"divides {numerator}.".replace("*", ""),
            ),
            (
                "divided by half of the sum twice",
                by(lambda window, c_in, c_out: 2 * right(window, c_in, c_out)),
                "Your variance is twice what it should be: the mean of the fans is halved once, or there is a 4 for a "
                "2.",
            ),
            (
                "product of the fans",
                by(lambda window, c_in, c_out: 2 / (window**2 * c_in * c_out)),
                "You multiply the fans. Their sum is meant.",
            ),
            (
                "geometric mean of the fans",
                by(lambda window, c_in, c_out: 1 / (window * math.sqrt(c_in * c_out))),
                "You take the root of the product of the fans. Glorot takes half of their sum.",
            ),
            (
                "window forgotten",
                by(lambda window, c_in, c_out: 2 / (c_in + c_out)),
                "For a convolution the window is missing: both fans contain kh · kw.",
            ),
            (
                "window in fan in only",
                by(lambda window, c_in, c_out: 2 / (window * c_in + c_out)),
                "For a convolution your fan out has no window in it. One input lies in kh · kw windows of each filter.",
            ),
            (
                "the first two sizes as fans",
                as_drawn(name, lambda shape: math.sqrt(2 / (shape[0] + shape[1]))),
                "You take the first two sizes of the shape for the fans. In a convolution's kernel they are the "
                "window.",
            ),
            (
                "the first and the last size as fans",
                as_drawn(name, lambda shape: math.sqrt(2 / (shape[0] + shape[-1]))),
                "You take the first and the last size of the shape for the fans. In a convolution's kernel fan in is "
                "kh · kw · c_in, and fan out kh · kw · c_out.",
            ),
            (
                "variances added",
                by(lambda window, c_in, c_out: 1 / (window * c_in) + 1 / (window * c_out)),
                "You add 1 / fan in and 1 / fan out. The fans are added, and the sum divides.",
            ),
        )
    else:
        other = 3 - factor
        whose = (
            "He's, made for ReLU"
            if family == "lecun"
            else "LeCun's. ReLU lets half of the variance through, so He's is twice that"
        )
        own = (
            (
                "fan out instead of fan in",
                by(lambda window, c_in, c_out: factor / (window * c_out)),
                "You divide by fan out. A unit's sum has as many terms as fan in counts, so that is what tames it.",
            ),
            (
                "He's variance" if family == "lecun" else "LeCun's variance",
                by(lambda window, c_in, c_out: other / (window * c_in)),
                f"Your variance is {'twice' if family == 'lecun' else 'half of'} what it should be: it is {whose}.",
            ),
            (
                "both fans, as Glorot",
                by(lambda window, c_in, c_out: 2 / (window * (c_in + c_out))),
                "Your variance has both fans in it, as Glorot's. Here fan in alone counts.",
            ),
            (
                f"{factor} through both fans" if family == "lecun" else "4 through both fans",
                by(lambda window, c_in, c_out: factor**2 / (window * (c_in + c_out))),
                "Your formula divides by the sum of both fans. Here fan in alone counts.",
            ),
            (
                "window forgotten",
                by(lambda window, c_in, c_out: factor / c_in),
                "For a convolution the window is missing: a unit reads kh · kw places in each of the input's channels.",
            ),
            (
                "window alone",
                as_drawn(
                    name, lambda shape: math.sqrt(factor / (math.prod(shape[:-2]) if len(shape) > 2 else shape[0]))
                ),
                "For a convolution you count the window's places and leave out the input's channels.",
            ),
            (
                "the first size as fan in",
                as_drawn(name, lambda shape: math.sqrt(factor / shape[0])),
                "You take the first size of the shape for fan in. That is right for a dense kernel; a convolution's "
                "begins with the window's height.",
            ),
        )
    if law_of(name) is normal:  # of uniform ones this is the limit doubled or halved
        shared += (
            (
                "deviation doubled",
                as_drawn(name, lambda shape: 2 * deviation_of(name, shape)),
                "Your standard deviation is twice what it should be.",
            ),
            (
                "deviation halved",
                as_drawn(name, lambda shape: deviation_of(name, shape) / 2),
                "Your standard deviation is half of what it should be.",
            ),
        )
    return (*own, *shared)


def fixed_mistakes(name):
    """The mistakes of the two whose width is given."""

    def wide(deviation):
        return as_drawn(name, lambda shape: deviation)

    if name == "random_uniform":
        own = (
            (
                "0.05 as the deviation",
                wide(0.05),
                "Your numbers have the standard deviation 0.05, so they reach to 0.087. 0.05 is the limit here.",
            ),
            (
                "as NumPy gives them",
                lambda shape, rng: rng.random(shape),
                "Your numbers lie between 0 and 1, as `rng.random` gives them. They should lie between −0.05 and 0.05.",
            ),
            (
                "between −1 and 1",
                wide(1 / math.sqrt(3)),
                "Your numbers reach from −1 to 1: the factor 0.05 is missing.",
            ),
            (
                "a limit of 0.5",
                wide(0.5 / math.sqrt(3)),
                "Your numbers reach ten times too far: 0.05 has a zero more.",
            ),
            (
                "a limit of 0.01",
                wide(0.01 / math.sqrt(3)),
                "Your numbers reach to 0.01. They should reach to 0.05.",
            ),
        )
    else:
        own = (
            (
                "0.05 as the variance",
                wide(math.sqrt(0.05)),
                "Your numbers have the *variance* 0.05. The standard deviation is to be 0.05.".replace("*", ""),
            ),
            (
                "variance as the deviation",
                wide(0.05**2),
                "0.05 is squared on its way: `rng.normal` takes the standard deviation, not the variance.",
            ),
            (
                "standard deviation 1",
                wide(1.0),
                "Your numbers have the standard deviation 1, as `rng.standard_normal` gives them: the factor 0.05 is "
                "missing.",
            ),
            (
                "a deviation of 0.5",
                wide(0.5),
                "Your numbers are ten times too large: 0.05 has a zero more.",
            ),
            (
                "a deviation of 0.01",
                wide(0.01),
                "Your standard deviation is 0.01. It is to be 0.05.",
            ),
        )
    return (
        *own,
        (
            "scaled by fan in",
            as_drawn(name, lambda shape: math.sqrt(1 / count_fans(shape)[0])),
            "Your numbers become smaller the more inputs there are. Here they have the same width whatever the shape; "
            "the scaled ones come next.",
        ),
        (
            "scaled by both fans",
            as_drawn(name, lambda shape: math.sqrt(2 / sum(count_fans(shape)))),
            "This is Glorot's initializer. Here the numbers have the same width whatever the shape.",
        ),
    )


def mistakes(name):
    special = fixed_mistakes if name.startswith("random") else scale_mistakes
    return misconceptions(*special(name), *common_mistakes(name))


def spreading(
    inputs=lambda rng, width: rng.standard_normal((INPUTS, width)),
    layers=lambda depth: depth,
    weights=lambda initializer, width, rng: initializer((width, width), rng),
    layer=lambda x, w, activation: activation(x @ w),
    seen=lambda x, before, first: np.std(x),
    once=False,
    again=False,
):
    """The spread through depth with one thing done in another way."""

    def wrong(depth, width, initializer, activation, rng):
        first = x = inputs(rng, width)
        w, result = None, []
        for _ in range(layers(depth)):
            w = weights(initializer, width, rng) if w is None or not once else w
            source = first if again else x
            x = layer(source, w, activation)
            result.append(seen(x, source @ w, first))
        return result

    return wrong


def with_the_input(depth, width, initializer, activation, rng):
    return [1.0, *spread(depth, width, initializer, activation, rng)]


def shifted_by_the_input(depth, width, initializer, activation, rng):
    return [1.0, *spread(depth, width, initializer, activation, rng)][:-1]


def of_the_weights(depth, width, initializer, activation, rng):
    return [float(np.std(initializer((width, width), rng))) for _ in range(depth)]


def divided_each_time(depth, width, initializer, activation, rng):
    x = rng.standard_normal((INPUTS, width))
    result = []
    for _ in range(depth):
        x = activation(x @ initializer((width, width), rng))
        result.append(np.std(x))
        x = x / (np.std(x) or 1.0)
    return result


def with_biases(depth, width, initializer, activation, rng):
    x = rng.standard_normal((INPUTS, width))
    result = []
    for _ in range(depth):
        x = activation(x @ initializer((width, width), rng) + rng.standard_normal(width))
        result.append(np.std(x))
    return result


def drawn_from(source):
    """Weights from a generator other than the one that was given."""
    return spreading(weights=lambda initializer, width, rng: initializer((width, width), source()))


def seeded_once(depth, width, initializer, activation, rng):
    rng = np.random.default_rng(0)
    return spread(depth, width, initializer, activation, rng)


SPREAD_MISCONCEPTIONS = misconceptions(
    (
        "before the activation",
        spreading(seen=lambda x, before, first: np.std(before)),
        "You measure what comes out of the weights, before the activation. After it is asked for: it is what the next "
        "layer gets.",
    ),
    (
        "the same weights in every layer",
        spreading(once=True),
        "The weights are drawn once and used in all layers. Each layer has its own: call the initializer inside the "
        "loop.",
    ),
    (
        "the inputs again in every layer",
        spreading(again=True),
        "Every layer of yours gets the inputs themselves. It should get what the layer before gave, so that what goes "
        "wrong can build up.",
    ),
    (
        "the inputs counted as a layer",
        with_the_input,
        "Your list begins with the spread of the inputs, so it has one number too many. The first one belongs to the "
        "first layer.",
    ),
    (
        "one layer behind",
        shifted_by_the_input,
        "Each of your numbers belongs to the layer before: you measure, and then apply the layer.",
    ),
    (
        "activation forgotten",
        spreading(layer=lambda x, w, activation: x @ w),
        "The activation is never applied.",
    ),
    (
        "activation applied twice",
        spreading(layer=lambda x, w, activation: activation(activation(x @ w))),
        "The activation is applied twice in each layer.",
    ),
    (
        "activation before the weights",
        spreading(layer=lambda x, w, activation: activation(x) @ w),
        "The activation comes before the weights in your layers: first the weights, then the activation, then measure.",
    ),
    (
        "activation of the weights",
        spreading(layer=lambda x, w, activation: x @ activation(w)),
        "You apply the activation to the weights. It belongs to what comes out of the layer.",
    ),
    (
        "variance",
        spreading(seen=lambda x, before, first: np.var(x)),
        "These are variances. Their roots are asked for.",
    ),
    (
        "root of the mean square",
        spreading(seen=lambda x, before, first: np.sqrt(np.mean(x**2))),
        "You take the root of the mean square. The standard deviation is measured from the mean, which is not 0 after "
        "a ReLU.",
    ),
    (
        "mean absolute value",
        spreading(seen=lambda x, before, first: np.mean(np.abs(x))),
        "You take the mean of the absolute values. `np.std` gives the standard deviation.",
    ),
    (
        "mean",
        spreading(seen=lambda x, before, first: np.mean(x)),
        "These are means. How far the numbers spread around it is asked for.",
    ),
    (
        "each unit on its own, then averaged",
        spreading(seen=lambda x, before, first: np.mean(np.std(x, axis=0))),
        "You take a standard deviation for each unit and average them. One over all numbers of the layer is asked for.",
    ),
    (
        "each input on its own, then averaged",
        spreading(seen=lambda x, before, first: np.mean(np.std(x, axis=1)) * (1 + 1e-9) if np.std(x) else 0.0),
        "You take a standard deviation for each input and average them. One over all numbers of the layer is asked "
        "for.",
    ),
    (
        "one for each unit",
        spreading(seen=lambda x, before, first: np.std(x, axis=0)),
        "Each layer gives you as many numbers as it has units. One number for the whole layer is asked for.",
    ),
    (
        "through the inputs' spread, layer by layer",
        divided_each_time,
        "After each layer you bring the numbers back to a standard deviation of 1. Then nothing can build up, and the "
        "list shows single layers.",
    ),
    (
        "inputs between 0 and 1",
        spreading(inputs=lambda rng, width: rng.random((INPUTS, width))),
        "Your inputs are uniform numbers from 0 to 1. Standard normal ones are asked for: mean 0, standard deviation "
        "1.",
    ),
    (
        "inputs between −1 and 1",
        spreading(inputs=lambda rng, width: rng.uniform(-1, 1, (INPUTS, width))),
        "Your inputs are uniform numbers from −1 to 1. Standard normal ones are asked for: mean 0, standard deviation "
        "1.",
    ),
    (
        "uniform inputs of standard deviation 1",
        spreading(inputs=lambda rng, width: uniform(rng, (INPUTS, width), 1)),
        "Your inputs have mean 0 and standard deviation 1, and they are uniform. Normal ones are asked for.",
    ),
    (
        "inputs of 1",
        spreading(inputs=lambda rng, width: np.ones((INPUTS, width))),
        "All your inputs are 1, so they do not spread at all. Draw standard normal ones.",
    ),
    (
        "inputs from the initializer",
        lambda depth, width, initializer, activation, rng: spreading(
            inputs=lambda rng, width: initializer((width, width), rng)
        )(depth, width, initializer, activation, rng),
        "Your inputs are drawn by the initializer, as if they were weights. They are standard normal numbers from "
        "`rng`.",
    ),
    (
        "inputs from NumPy's own generator",
        spreading(inputs=lambda rng, width: np.random.standard_normal((INPUTS, width))),
        "Your inputs come from `np.random`, which everybody shares, and not from `rng`: a run cannot be repeated.",
    ),
    (
        "inputs from a generator of its own",
        spreading(inputs=lambda rng, width: np.random.default_rng().standard_normal((INPUTS, width))),
        "Your inputs come from a new generator, and not from `rng`: a run cannot be repeated.",
    ),
    (
        "weights from a generator of its own",
        drawn_from(np.random.default_rng),
        "The initializer is handed a new generator in place of `rng`: a run cannot be repeated.",
    ),
    (
        "weights from a generator that starts anew",
        drawn_from(lambda: np.random.default_rng(0)),
        "The initializer is handed a generator made anew with the same seed for every layer, so all layers get the "
        "same weights. Hand it `rng`.",
    ),
    (
        "a seed of its own",
        seeded_once,
        "Your function makes itself a generator with a fixed seed: whatever `rng` it is given, the weights are the "
        "same.",
    ),
    (
        "biases added",
        with_biases,
        "Random biases are added in each layer. The layers here have none.",
    ),
    (
        "inputs added again",
        spreading(layer=lambda x, w, activation: x + activation(x @ w)),
        "Each layer's input is added to its output. That is a residual connection, a good idea for another chapter; "
        "here a layer is its weights and its activation.",
    ),
    (
        "one layer missing",
        spreading(layers=lambda depth: depth - 1),
        "Your network has one layer too few.",
    ),
    (
        "the last layer only",
        lambda *args: spread(*args)[-1:],
        "You return the last layer's number. One for each layer is asked for.",
    ),
    (
        "from the last layer to the first",
        lambda *args: spread(*args)[::-1],
        "Your list runs from the last layer to the first.",
    ),
    (
        "rounded",
        lambda *args: [round(float(s), 2) for s in spread(*args)],
        "Your numbers are rounded to two digits after the point, and small ones vanish. Leave the rounding to whoever "
        "looks at them.",
    ),
    (
        "the weights' own deviation",
        of_the_weights,
        "You measure the weights. What spreads through the layers are the activations.",
    ),
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def fans_by_cases(shape):
    if len(shape) == 2:
        return shape
    if len(shape) == 3:
        k, c_in, c_out = shape
        return [k * c_in, k * c_out]
    kh, kw, c_in, c_out = shape
    return [kh * kw * c_in, kh * kw * c_out]


def fans_by_numpy(shape):
    window = np.prod(shape[:-2], dtype=int)
    return window * np.array(shape[-2:])


def fans_by_division(shape):
    total = math.prod(shape)
    return total // shape[-1], total // shape[-2]


def fans_by_an_array(shape):
    kernel = np.zeros(shape, dtype=np.int8)
    return float(kernel[..., 0].size), float(kernel[..., 0, :].size)


def fans_by_recursion(shape):
    if len(shape) == 2:
        return shape[0], shape[1]
    fan_in, fan_out = fans_by_recursion(shape[1:])
    return shape[0] * fan_in, shape[0] * fan_out


def scaled_standard(rng, shape, deviation):
    return rng.standard_normal(shape) * deviation


def in_float32(rng, shape, deviation):
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(deviation)


def cut_as_keras(rng, shape, deviation):
    return cut_without_correction(rng, shape, deviation / CUT_DEVIATION)


def by_box_and_muller(rng, shape, deviation):
    one, other = 1 - rng.random(shape), rng.random(shape)
    return deviation * np.sqrt(-2 * np.log(one)) * np.cos(2 * np.pi * other)


def one_by_one(rng, shape, deviation):
    out = np.zeros(shape)
    for index in np.ndindex(*shape):
        out[index] = rng.normal(0, deviation)
    return out


def shifted_and_scaled(rng, shape, deviation):
    return (2 * rng.random(shape) - 1) * (deviation * 3**0.5)


def uniform_in_float32(rng, shape, deviation):
    limit = np.float32(math.sqrt(3) * deviation)
    return rng.random(shape, dtype=np.float32) * (2 * limit) - limit


def uniform_one_by_one(rng, shape, deviation):
    limit = deviation * math.sqrt(3)
    numbers = [rng.uniform(-limit, limit) for _ in range(math.prod(shape))]
    return np.array(numbers).reshape(shape)


def by_sign_and_size(rng, shape, deviation):
    return rng.choice([-1.0, 1.0], size=shape) * rng.random(shape) * deviation * math.sqrt(3)


def by_large_integers(rng, shape, deviation):
    steps = rng.integers(-(2**40), 2**40, size=shape, endpoint=True)
    return steps / 2**40 * deviation * math.sqrt(3)


NORMAL_WAYS = (scaled_standard, in_float32, cut_as_keras, by_box_and_muller, one_by_one)
UNIFORM_WAYS = (shifted_and_scaled, uniform_in_float32, uniform_one_by_one, by_sign_and_size, by_large_integers)


def accepted_of(name):
    return tuple(as_drawn(name, draw=way) for way in (UNIFORM_WAYS if law_of(name) is uniform else NORMAL_WAYS))


def spread_in_a_small_batch(depth, width, initializer, activation, rng):
    x, spreads = rng.normal(size=(32, width)), np.empty(depth)
    for k in range(depth):
        x = activation(x.dot(initializer([width, width], rng)))
        spreads[k] = x.std()
    return spreads


def spread_with_weights_first(depth, width, initializer, activation, rng):
    layers = [initializer((width, width), rng) for _ in range(depth)]
    outputs = [rng.standard_normal((500, width))]
    for weights in layers:
        outputs.append(activation(outputs[-1] @ weights))
    return tuple(float(np.var(output) ** 0.5) for output in outputs[1:])


def spread_in_columns(depth, width, initializer, activation, rng):
    """The batch as columns."""
    x, spreads = rng.standard_normal((width, 200)), []
    for _ in range(depth):
        x = activation(initializer((width, width), rng) @ x)
        spreads.append(np.std(x, ddof=1))
    return spreads


def spread_by_recursion(depth, width, initializer, activation, rng, x=None):
    if depth == 0:
        return []
    x = rng.standard_normal((300, width)) if x is None else x
    x = activation(np.einsum("nj,jk->nk", x, initializer((width, width), rng)))
    return [np.std(x), *spread_by_recursion(depth - 1, width, initializer, activation, rng, x)]


def spread_in_float32(depth, width, initializer, activation, rng):
    x, spreads = rng.standard_normal((256, width), dtype=np.float32), []
    while len(spreads) < depth:
        x = activation(x @ np.asarray(initializer((width, width), rng), dtype=np.float32))
        spreads.append(np.sqrt(np.mean(x**2, dtype=np.float64) - np.mean(x, dtype=np.float64) ** 2))
    return spreads


NAMES = tuple(VARIANCES)


def initializer_task(name):
    return Task(
        ASSIGNMENT,
        name,
        f"{name}(shape, rng)",
        initializer(name),
        initializer_cases(name),
        mistakes(name),
        read=f"initializers-{name.replace('_', '-')}",
        helpers=("fans", *(other for other in NAMES if other != name)),
        may_use=("cnncourse.initializers.fans",),
        accepted=accepted_of(name),
        shape="The array has the shape that was asked for.",
    )


TASKS = (
    Task(
        ASSIGNMENT,
        "fans",
        "fans(shape)",
        count_fans,
        fans_cases,
        FANS_MISCONCEPTIONS,
        read="initializers-fans",
        accepted=(fans_by_cases, fans_by_numpy, fans_by_division, fans_by_an_array, fans_by_recursion),
        explain=explain_fans,
        result="table",
        shape="Two numbers are asked for, (fan in, fan out).",
    ),
    *(initializer_task(name) for name in NAMES),
    Task(
        ASSIGNMENT,
        "activation_spread",
        "activation_spread(depth, width, initializer, activation, rng)",
        spread,
        spread_cases,
        SPREAD_MISCONCEPTIONS,
        read="initializers-activation-spread",
        accepted=(
            spread_in_a_small_batch,
            spread_with_weights_first,
            spread_in_columns,
            spread_by_recursion,
            spread_in_float32,
        ),
        result="table",
        shape="One number for each layer is asked for.",
        seconds=30,  # a batch of 10,000 is slow, and not wrong
    ),
)
