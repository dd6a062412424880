"""What right means for the functions of 09-dropout, and the ways people get it wrong.

The chapter is ``book/dropout.md``. Dropout is random, and learners draw in other ways than the wrong functions here do.
So the probes never compare draws: they report what has to hold for every draw, and shares of large samples.

A share of ``n`` coins may be six standard errors off (:func:`limit`), and so may a number counted in standard errors
(:data:`FAR`): one of them is that far off by chance twice in 10⁹ times. About twenty are looked at, so that a right
function is rejected less than once in a million times.
"""

from __future__ import annotations

import math

import numpy as np

from cnncourse.checks.materials import (
    KINDS,
    backwards,
    every_other,
    from_generator,
    in_a_sum,
    misconceptions,
    normals,
    number,
    whole_numbers,
)
from cnncourse.checks.task import Case, Panel, Task, Told

ASSIGNMENT = "09-dropout"
MOMENTUM, EPSILON = 0.9, 1e-5

# -- references ------------------------------------------------------------------------------------------------------


def drop(x, rate, rng, training=True):
    x = np.asarray(x, float)
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= rate).astype(float)
    return x * mask / (1 - rate), mask


def drop_backward(grad, mask, rate):
    return np.asarray(grad, float) * np.asarray(mask, float) / (1 - rate)


def drop_maps(images, rate, rng, training=True):
    images = np.asarray(images, float)
    shape = (images.shape[0], 1, 1, images.shape[3])
    if not training:
        return images.copy(), np.ones(shape)
    mask = (rng.random(shape) >= rate).astype(float)
    return images * mask / (1 - rate), mask


def normalise(x, gamma, beta, running, training=True):
    x, gamma, beta = (np.asarray(array, float) for array in (x, gamma, beta))
    kept = mean, variance = tuple(np.array(array, float) for array in running)
    if training:
        rows = x.reshape(-1, x.shape[-1])  # one row for each number that a channel has
        mean = sum(rows) / len(rows)
        variance = sum((rows - mean) ** 2) / len(rows)
        kept = tuple(MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(kept, (mean, variance), strict=True))
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta, kept


def stop_early(val_losses, patience):
    lowest, best = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < lowest:
            lowest, best = loss, epoch
        elif epoch - best == patience:
            return epoch, best
    return len(val_losses) - 1, best


# -- probes of what is random ----------------------------------------------------------------------------------------

FAR = 6  # standard errors
ALWAYS = 100.0  # in place of a number of standard errors: without an exception


def limit(p: float, n: int) -> float:
    """How far the share that n coins show may lie from p: six standard errors."""
    return FAR * math.sqrt(p * (1 - p) / n)


class Misfit(Exception):
    """A result whose shape does not belong to the input's."""


def probing(measure):
    """A probe that calls through :func:`fitting`; where the shapes do not fit, nothing can be measured."""

    def probe(call, *args):
        def asked(x, rate, rng, *training):
            return fitting(x, *call(x, rate, rng, *training))

        asked.in_a_row = lambda arguments: [
            fitting(args[0], *found) for args, found in zip(arguments, call.in_a_row(arguments), strict=True)
        ]
        try:
            return measure(asked, *args)
        except Misfit as misfit:
            return Told(np.zeros(0), str(misfit))

    return probe


def fitting(x, output, mask):
    """The output, and the mask with one entry for each number of x."""
    if output.shape != x.shape:
        raise Misfit(f"Your output has the shape {output.shape}, the input has {x.shape}; they are the same, always.")
    try:
        return output, np.broadcast_to(mask, x.shape)
    except ValueError:
        raise Misfit(f"Your mask has the shape {mask.shape}, which does not fit the input's {x.shape}.") from None


def generator(seed):
    return np.random.default_rng(seed)


def some_or_all(flags) -> float:
    """0 where nothing is true, 1 where everything is, a half between: what does not depend on the draw."""
    flags = np.asarray(flags)
    return 0.0 if not flags.any() else 1.0 if flags.all() else 0.5


def drawn_panels(x, output, mask):
    if x.size > 150:
        return ()

    def plane(array):
        return np.asarray(array, float)[0, :, :, 0] if array.ndim == 4 else np.atleast_2d(array)

    where = "[0, :, :, 0]" if x.ndim == 4 else ""
    names = ("input", "your mask", "your output")
    return tuple(Panel(name + where, plane(array)) for name, array in zip(names, (x, mask, output), strict=True))


def without_copies(mask):
    """The mask cut down to one of what it repeats along an axis, so that every entry was drawn on its own."""
    for axis in range(mask.ndim):
        if (mask == mask.take([0], axis)).all():
            mask = mask.take([0], axis)
    return mask


@probing
def enlarged(call, x, rate, seed):
    """What kept numbers are multiplied by, in four calls: whether it varies, and if not, how much it is."""
    found = call.in_a_row([(x, rate, generator(seed + k)) for k in range(4)])
    factors = np.concatenate([output[output != 0] / x[output != 0] for output, _ in found])
    wanted = f"With a rate of {rate:g} a number that is kept is multiplied by 1 / (1 − {rate:g}) = {1 / (1 - rate):.4g}"
    if not factors.size:
        return Told([0, 1 / (1 - rate)])
    if not np.isfinite(factors).all():
        return Told([0, factors[0]], f"{wanted}; yours are infinite, or nan.")
    low, high = factors.min(), factors.max()
    if high - low > 1e-3 * max(abs(low), abs(high)):
        says = f"{wanted}, in every call; yours by different factors, from {number(low)} to {number(high)}."
        return Told([1, 0], says, drawn_panels(x, *found[0]))
    return Told([0, low], f"{wanted}; yours by {low:.4g}.".replace("-", "−"), drawn_panels(x, *found[0]))


@probing
def told_by_the_mask(call, x, rate, seed):
    output, mask = call(x, rate, generator(seed))
    kept = mask != 0
    numbers = [some_or_all(output[~kept] != 0), some_or_all(output[kept] == 0)]
    says = "Where the mask is 0 the output is 0, and nowhere else." if any(numbers) else ""
    return Told(numbers, says, drawn_panels(x, output, mask))


@probing
def zeros_and_ones(call, x, rate, seed):
    output, mask = call(x, rate, generator(seed))
    other = some_or_all((np.abs(mask) > 1e-6) & (np.abs(mask - 1) > 1e-6))
    values = sorted(set(np.round(mask.ravel(), 2)))
    shown = ", ".join(map(number, values[:4])) + (", …" if len(values) > 4 else "")
    where = "" if x.any() else ", also where every input is 0"
    says = f"A mask holds a 1 for what is kept and a 0 for what is dropped{where}; yours holds {shown}."
    return Told([mask.min(), mask.max(), other], says)


def share_in(calls):
    """The share that is dropped in many calls with a small input, which each draw anew."""

    @probing
    def probe(call, x, rate, seed):
        rng = generator(seed)
        masks = [mask for _, mask in call.in_a_row([(x, rate, rng)] * calls)]
        if all((mask == masks[0]).all() for mask in masks):
            what = "nothing is" if masks[0].all() else "the same numbers are" if masks[0].any() else "everything is"
            return Told(-1, f"In {calls} calls with a rate of {rate:g}, with ever new draws to be had, {what} dropped.")
        dropped = np.mean([np.mean(mask == 0) for mask in masks])
        says = f"In {calls} calls with a rate of {rate:g}, {dropped:.0%} of the mask is 0; about {rate:.0%} should be."
        return Told(dropped, says)

    return probe


@probing
def share(call, x, rate, seed):
    """The share of a large input that is dropped, in standard errors: of all, of negative and of large numbers."""
    rng = generator(seed)
    _, mask = call(x, rate, rng)
    if (cut := without_copies(mask)).size == 1:  # all or nothing: then many calls tell how often
        corner = x[(slice(2),) * x.ndim]
        groups = [np.array([mask.flat[0] == 0 for _, mask in call.in_a_row([(corner, rate, rng)] * 1000)])]
    elif cut.size < mask.size:
        groups = [cut == 0]
    else:
        groups = [mask == 0, mask[x < 0] == 0, mask[x > 0] == 0, mask[np.abs(x) > 0.7] == 0]
    numbers = [min(ALWAYS, abs(g.mean() - rate) / math.sqrt(rate * (1 - rate) / g.size)) for g in groups]
    numbers += [0.0] * (4 - len(numbers))
    names = ("all numbers", "the numbers below 0", "the numbers above 0", "the numbers far from 0")
    worst = int(np.argmax(numbers[: len(groups)]))
    says = (
        f"With a rate of {rate:g} the share that is dropped of {names[worst]}, {groups[worst].size:,} draws, is "
        f"{groups[worst].mean():.1%}; it should be {rate:.1%}, and at most {100 * limit(rate, groups[worst].size):.1f} "
        "percentage points off."
    )
    return Told(numbers, says)


@probing
def alike(call, x, rate, seed):
    """How often two entries of the mask are equal, along each axis: side by side, half an axis apart, mirrored."""
    _, mask = call(x, rate, generator(seed))
    cut = without_copies(mask)
    expected = rate**2 + (1 - rate) ** 2
    numbers, says = [], ""
    for axis in range(x.ndim):
        if cut.shape[axis] < x.shape[axis]:
            numbers += [ALWAYS] * 3
            says = says or f"Along axis {axis} of the input all entries of your mask are equal."
            continue
        rows = np.moveaxis(cut, axis, 0)
        half = len(rows) // 2
        pairs = ((rows[: 2 * half : 2], rows[1 : 2 * half : 2]), (rows[:half], rows[half : 2 * half]))
        for one, other in (*pairs, (rows[:half], rows[::-1][:half])):
            same = np.mean(one == other)
            numbers.append((same - expected) / math.sqrt(expected * (1 - expected) / one.size))
            if abs(numbers[-1]) > FAR:
                says = says or (
                    f"Along axis {axis}, {same:.0%} of the mask's entries are equal to another one's; if each "
                    f"is drawn on its own, {expected:.0%} are."
                )
    return Told(np.clip(numbers, -ALWAYS, ALWAYS), says)


def maps_alike(call, *args):
    """The same for feature maps: along rows and columns of pixels all are alike, and nowhere else."""
    told = alike(call, *args)
    numbers = np.asarray(told.numbers)
    if numbers.size and (numbers[3:9] == ALWAYS).all() and not (numbers[[0, 9]] == ALWAYS).any():
        return told
    if numbers.size and not (numbers[3:9] == ALWAYS).all():
        says = "Within one feature map some pixels are dropped and some are not; a map is dropped as a whole."
        return Told(numbers, says)
    return Told(numbers, told.says.replace("axis 0", "the images").replace("axis 3", "the channels"))


def spread(calls, units):
    """How much the number of what is dropped varies from call to call, measured by what independent coins would do."""

    @probing
    def probe(call, x, rate, seed):
        rng = generator(seed)
        dropped = [np.mean(mask == 0) * units for _, mask in call.in_a_row([(x, rate, rng)] * calls)]
        found = float(np.mean((np.array(dropped) - rate * units) ** 2) / (units * rate * (1 - rate)))
        says = (
            f"In {calls} calls, of {units} between {min(dropped):.0f} and {max(dropped):.0f} are dropped. When each is "
            f"dropped with a probability of {rate:g}, whatever happens to the others, their number is sometimes "
            f"{math.floor(units * rate - 2)} or less, sometimes {math.ceil(units * rate + 2)} or more."
        )
        if found > 1:
            says = f"In {calls} calls the number of what is dropped, of {units}, varies more than independent draws do."
        return Told(min(found, 3.0), says)

    return probe


SOURCES = (
    "Called twice with generators of the same seed, it gives two different results.",
    "Called with generators of different seeds, it gives the same result.",
    "Called again with the same generator, which has gone on since, it gives the same result.",
    "NumPy's own generator, `np.random`, is used or seeded. Whoever else draws from it then gets other numbers.",
)


def from_rng(call, x, rate, seed):
    """Whether all that is random comes from the generator that was given."""
    facts = from_generator(lambda rng: call(x, rate, rng), seed)
    return Told(np.array(facts, float), "" if all(facts) else SOURCES[facts.index(False)])


@probing
def left_alone(call, x, rate, seed, training):
    """Output through input, and the mask, each by its smallest and largest number: 1 where nothing is dropped."""
    output, mask = call(x, rate, generator(seed), training)
    ratios = output / x
    when = "When predicting" if not training else "With a rate of 0"
    what = "output" if not np.allclose(ratios, 1, atol=1e-3) else "mask"
    says = f"{when} the output is the input, and the mask is 1 everywhere; your {what} is not."
    return Told([ratios.min(), ratios.max(), mask.min(), mask.max()], says, drawn_panels(x, output, mask))


@probing
def one_factor(call, x, rate, seed):
    """Whether all that is kept is multiplied by the same factor."""
    output, mask = call(x, rate, generator(seed))
    factors = output[output != 0] / x[output != 0]
    if not factors.size or np.ptp(factors) <= 1e-3 * np.abs(factors).max():
        return Told([0])
    kind = "holds whole numbers" if x.dtype.kind in "iu" else f"has the shape {x.shape}"
    says = (
        f"The input {kind}; what is kept is multiplied by different factors, from {number(factors.min())} to "
        f"{number(factors.max())}."
    )
    return Told([1], says, drawn_panels(x, output, mask))


def seeds_of(rng):
    while True:
        yield int(rng.integers(2**31))


def random_cases(rng, small, middle, large, tiny, units, others, alone, alike_probe, alike_expected, unit):
    """The cases of dropout and of spatial dropout; a unit is what is dropped together, a number or a feature map."""
    seeds = seeds_of(rng)
    cases = []

    def add(about, probe, x, rate, *more, expected, leeway=1e-3, once=False):
        args = (x, rate, next(seeds), *more)
        cases.append(Case(about, args, probe=probe, expected=expected, leeway=leeway, once=once))

    about = "what is kept is enlarged"
    for rate in (0.5, 0.2):
        add(about, enlarged, whole_numbers(rng, *small), rate, expected=[0, 1 / (1 - rate)])
    for rate in (0.75, 0.9):
        add(about, enlarged, normals(rng, *middle), rate, expected=[0, 1 / (1 - rate)])
    about = "what is dropped is 0, and the mask tells which"
    add(about, told_by_the_mask, whole_numbers(rng, *small), 0.5, expected=[0, 0])
    for rate in (0.3, 0.7):
        add(about, told_by_the_mask, normals(rng, *middle), rate, expected=[0, 0])
    about = "a mask of zeros and ones"
    for rate in (0.5, 0.2):
        add(about, zeros_and_ones, whole_numbers(rng, *middle), rate, expected=[0, 1, 0], leeway=0.05)
    add(about, zeros_and_ones, np.zeros(middle), 0.5, expected=[0, 1, 0], leeway=0.05)
    about = "the share that is dropped"
    for rate in (0.2, 0.75):
        add(about, share_in(200), whole_numbers(rng, *tiny), rate, expected=rate, leeway=limit(rate, 200), once=True)
    for rate in (0.07, 0.43, 0.5, 0.62):
        add(about, share, normals(rng, *large), rate, expected=np.zeros(4), leeway=FAR, once=True)
    add(about, share, normals(rng, *large), round(rng.uniform(0.1, 0.9), 2), expected=np.zeros(4), leeway=FAR)
    about = f"each {unit} on its own"
    for rate in (0.5, 0.3):
        add(about, alike_probe, normals(rng, *alone), rate, expected=alike_expected, leeway=FAR, once=rate == 0.5)
    # The variance of 200 counts has a standard error of 1/10 of it, and exceeds 1.7 of it once in 10⁸ times.
    add(about, spread(200, units), whole_numbers(rng, *small), 0.5, expected=1, leeway=0.7, once=True)
    add("random numbers come from rng", from_rng, normals(rng, *middle), 0.5, expected=np.ones(4))
    about = "predicting"
    add(about, left_alone, whole_numbers(rng, *small), 0.5, False, expected=np.ones(4))
    add(about, left_alone, normals(rng, *middle), 0.2, False, expected=np.ones(4))
    about = "a rate of 0"
    add(about, left_alone, whole_numbers(rng, *small), 0.0, True, expected=np.ones(4))
    add(about, left_alone, normals(rng, *small), 0, True, expected=np.ones(4))
    about = "any shape, " + KINDS
    for shape in others:
        add(about, one_factor, whole_numbers(rng, *shape), 0.5, expected=[0])
    add(about, one_factor, whole_numbers(rng, *small).astype(int), 0.2, expected=[0])
    add(about, one_factor, normals(rng, *small).astype("f4"), 0.3, expected=[0])
    add(about, one_factor, every_other(normals(rng, *small)), 0.3, expected=[0])
    add(about, one_factor, backwards(normals(rng, *small)).swapaxes(1, -1), 0.3, expected=[0])
    return cases


def drop_cases(rng):
    return random_cases(
        rng,
        small=(4, 6),
        middle=(20, 20),
        large=(150, 150),
        tiny=(2, 2),
        units=24,
        others=((7,), (3, 1), (2, 3, 4), (2, 3, 4, 2)),
        alone=(12, 10, 8, 10),
        alike_probe=alike,
        alike_expected=np.zeros(12),
        unit="number",
    )


def maps_cases(rng):
    return random_cases(
        rng,
        small=(4, 2, 3, 6),
        middle=(20, 3, 2, 20),
        large=(150, 2, 1, 150),
        tiny=(2, 2, 2, 2),
        units=24,
        others=((1, 2, 2, 3), (3, 1, 4, 2), (2, 5, 3, 1), (4, 4, 4, 4)),
        alone=(60, 3, 2, 40),
        alike_probe=maps_alike,
        alike_expected=[0] * 3 + [ALWAYS] * 6 + [0] * 3,
        unit="feature map",
    )


# -- cases of the rest -----------------------------------------------------------------------------------------------


def backward_cases(rng):
    cases = []

    def zeros_and_ones_of(*shape):
        mask = np.zeros(int(np.prod(shape)))
        mask[: max(1, mask.size // 2)] = 1
        return rng.permutation(mask).reshape(shape)

    def add(about, shape, rate, draw=whole_numbers):
        cases.append(Case(about, (draw(rng, *shape), zeros_and_ones_of(*shape), rate)))

    about = "half is dropped"
    add(about, (2, 2), 0.5)
    add(about, (3, 4), 0.5)
    add(about, (5, 6), 0.5, normals)
    about = "other rates"
    add(about, (2, 3), 0.75)
    add(about, (2, 3), 0.2)
    add(about, (4, 5), 0.1, normals)
    add(about, (4, 5), 0.9, normals)
    about = "a mask that drops nearly nothing, or nearly all"
    for rate in (0.25, 0.6):
        mask = np.ones((2, 3))
        mask[1, rng.integers(3)] = 0
        cases.append(Case(about, (whole_numbers(rng, 2, 3), mask, rate)))
        cases.append(Case(about, (whole_numbers(rng, 2, 3), 1 - mask, rate)))
    cases.append(Case(about, (whole_numbers(rng, 2, 2), np.zeros((2, 2)), 0.5)))
    about = "a rate of 0"
    cases.append(Case(about, (whole_numbers(rng, 2, 2), np.ones((2, 2)), 0.0)))
    cases.append(Case(about, (normals(rng, 3, 4), np.ones((3, 4)), 0)))
    about = "gradients of any shape"
    for shape in ((4,), (2, 1, 3), (2, 3, 2, 2)):
        add(about, shape, 0.5)
    grad = normals(rng, 3, 3)
    grad[1] = 0
    cases.append(Case("gradients of any shape", (grad, zeros_and_ones_of(3, 3), 0.5)))
    ones = zeros_and_ones_of(3, 4)
    cases += [
        Case(KINDS, (whole_numbers(rng, 3, 4).astype(int), ones, 0.2)),
        Case(KINDS, (whole_numbers(rng, 3, 4).astype(int), ones.astype(int), 0.3)),
        Case(KINDS, (normals(rng, 3, 4).astype("f4"), ones.astype("f4"), 0.3)),
        Case(KINDS, (every_other(normals(rng, 3, 4)), ones[::-1], 0.5)),
        Case(KINDS, (normals(rng, 4, 3).T, ones, 0.5)),
    ]
    broadcast = (
        "a mask as `spatial_dropout2d` may return it, of shape (N, 1, 1, C), does not work here. Let NumPy spread it "
        "over the pixels, and one backward pass serves both kinds of dropout."
    )
    maps = np.array([1.0, 0, 0, 1]).reshape(2, 1, 1, 2)
    cases.append(Case("masks of feature maps", (normals(rng, 2, 3, 3, 2), maps, 0.5), advice=broadcast))
    return cases


def explain_backward(args, index):
    grad, mask, rate = args
    panels = [Panel(name, plane_of(array, index)) for name, array in (("grad", grad), ("mask", mask))]
    place = ", ".join(map(str, index))
    value = float(grad[index] * mask[index] / (1 - rate))
    kept = "was kept" if mask[index] else "was dropped"
    text = (
        f"Entry [{place}] {kept} on the way forward: {in_a_sum(grad[index])} · {number(mask[index])} / "
        f"(1 − {rate:g}) = {number(value)}."
    )
    return panels, text


def plane_of(array, index):
    array = np.asarray(array, float)
    if array.ndim == 4:
        return array[index[0], :, :, index[3]]
    return array[index[:-2]] if array.ndim > 2 else np.atleast_2d(array)


def of_output(call, x, gamma, beta, running, *training):
    """The normalised numbers, with the arithmetic of the first one that is off."""
    output = call(x, gamma, beta, running, *training)[0]
    wanted = normalise(x, gamma, beta, running, *training)[0]
    if output.shape != wanted.shape:
        return Told(output, f"Your output has the shape {output.shape}; it should have the input's, {x.shape}.")
    off = np.argwhere(~(np.abs(output - wanted) <= 1e-4 * max(1, np.abs(wanted).max())))
    if not len(off):
        return Told(output)
    index = tuple(int(i) for i in off[0])
    c, place = index[-1], ", ".join(map(str, index))
    if training and not training[0]:
        mean, variance = (float(array[c]) for array in running)
        whose = "The running mean and variance of"
    else:
        mean, variance = float(np.mean(x[..., c])), float(np.var(x[..., c]))
        whose = "Mean and variance of"
    here = float(x[index])
    says = (
        f"{whose} channel {c} are {number4(mean)} and {number4(variance)}. Entry [{place}] is gamma · ({number4(here)} "
        f"− {number4(mean, True)}) / √({number4(variance)} + 0.00001) + beta with gamma = {number4(gamma[c])} and beta "
        f"= {number4(beta[c])}: {number4(wanted[index])}; yours is {number4(output[index])}."
    )
    rows = len(x) if x.ndim > 2 else x.size // x.shape[-1]
    shown = [(f"x[..., {c}]", x), (f"your output[..., {c}]", output), (f"expected[..., {c}]", wanted)]
    if rows > 10 or x[..., c].size > 60:
        return Told(output, says)
    return Told(output, says, tuple(Panel(title, array[..., c].reshape(rows, -1)) for title, array in shown))


def number4(value, in_sum=False):
    text = f"{float(value) + 0.0:.4g}".replace("-", "−")
    return f"({text})" if in_sum and text.startswith("−") else text


def of_running(k):
    """The new running mean (0) or variance (1)."""
    name = ("mean", "variance")[k]

    def probe(call, x, gamma, beta, running, *training):
        new = call(x, gamma, beta, running, *training)[1]
        wanted = normalise(x, gamma, beta, running, *training)[1][k]
        if new.shape != (2, x.shape[-1]):
            says = f"As new running numbers a pair is asked for, (mean, variance), each of shape ({x.shape[-1]},)."
            return Told(np.zeros(0), says)
        off = np.flatnonzero(~(np.abs(new[k] - wanted) <= 1e-4 * max(1, np.abs(wanted).max())))
        if not off.size:
            return Told(new[k])
        c = int(off[0])
        old, in_sum = number4(running[k][c]), number4(running[k][c], True)
        if training and not training[0]:
            says = f"When predicting, the running {name} stays what it was: {old} for channel {c}; yours is now "
        else:
            batch = float((np.mean, np.var)[k](x[..., c]))
            says = (
                f"The running {name} of channel {c} was {old} and the batch's is {number4(batch)}: 0.9 · {in_sum} + "
                f"0.1 · {number4(batch, True)} = {number4(wanted[c])}; yours is "
            )
        return Told(new[k], f"{says}{number4(new[k][c])}.")

    return probe


def norm_cases(rng):
    cases = []

    def numbers(*shape):
        """Channels with means and spreads of their own."""
        channels = shape[-1]
        return normals(rng, *shape) * rng.uniform(0.5, 3, channels) + rng.uniform(1, 4, channels) * rng.choice([-1, 1])

    def running_of(channels, kind=tuple):
        return kind((rng.uniform(1, 3, channels) * rng.choice([-1, 1], channels), rng.uniform(2, 5, channels)))

    def scales(channels):
        return rng.uniform(1.5, 3, channels) * rng.choice([-1, 1], channels)

    def add(about, x, gamma=None, beta=None, running=None, training=(), probe=of_output, leeway=None):
        channels = x.shape[-1]
        gamma = np.ones(channels) if gamma is None else gamma
        beta = np.zeros(channels) if beta is None else beta
        running = (np.zeros(channels), np.ones(channels)) if running is None else running
        cases.append(Case(about, (x, gamma, beta, running, *training), probe=probe, leeway=leeway))

    about = "mean 0 and variance 1"
    add(about, whole_numbers(rng, 3, 2))
    add(about, whole_numbers(rng, 4, 3), training=(True,))
    add(about, numbers(8, 8))
    add(about, numbers(2, 5), running=running_of(5))
    add(about, whole_numbers(rng, 4, 1), running=running_of(1, list))
    about = "gamma, the scale"
    add(about, whole_numbers(rng, 3, 2), gamma=scales(2))
    add(about, numbers(5, 5), gamma=scales(5))
    add(about, numbers(4, 3), gamma=np.zeros(3))
    about = "beta, the shift"
    add(about, whole_numbers(rng, 3, 2), beta=scales(2))
    add(about, numbers(5, 5), beta=scales(5))
    add(about, numbers(4, 3), gamma=scales(3), beta=scales(3))
    about = "pictures"
    add(about, whole_numbers(rng, 2, 2, 2, 2))
    add(about, numbers(2, 3, 4, 5))
    add(about, numbers(3, 3, 3, 3), running=running_of(3))
    add(about, numbers(1, 4, 3, 2), training=(True,))
    add(about, numbers(4, 1, 1, 3))
    says = (
        "x may have any number of axes: sequences, (N, T, C), have three, and yours gets those wrong. This costs "
        "nothing; `range(x.ndim - 1)` counts all axes but the last."
    )
    sequences = (numbers(2, 3, 2), np.ones(2), np.zeros(2), (np.zeros(2), np.ones(2)))
    cases.append(Case("sequences", sequences, probe=of_output, advice=says))
    for k, about in enumerate(("the running mean", "the running variance")):
        add(about, whole_numbers(rng, 3, 2), probe=of_running(k))
        add(about, whole_numbers(rng, 4, 3), scales(3), scales(3), running_of(3), probe=of_running(k))
        add(about, numbers(2, 2), running=running_of(2, list), training=(True,), probe=of_running(k))
        add(about, numbers(2, 3, 2, 3), scales(3), scales(3), running_of(3), probe=of_running(k))
    about = "predicting"
    add(about, whole_numbers(rng, 3, 2), running=running_of(2), training=(False,))
    add(about, numbers(4, 4), scales(4), scales(4), running_of(4, list), (False,))
    add(about, numbers(2, 3, 2, 3), scales(3), scales(3), running_of(3), (False,))
    add(about, numbers(1, 3), running=running_of(3), training=(False,))
    for k in (0, 1):
        add(about, whole_numbers(rng, 3, 2), running=running_of(2), training=(False,), probe=of_running(k))
        add(about, numbers(2, 3, 2, 3), running=running_of(3, list), training=(False,), probe=of_running(k))
    about = "small variances, and none"
    add(about, np.full((3, 2), 5.0), beta=scales(2))
    add(about, numbers(1, 3), beta=scales(3))
    add(about, normals(rng, 4, 2) * 0.004)
    add(about, normals(rng, 2, 3, 2, 3) * 0.01 + 1)
    add(about, normals(rng, 6, 2) * 0.0005)
    small = (normals(rng, 2) * 0.01, rng.uniform(0.5, 3, 2) * 1e-5)
    add(about, normals(rng, 3, 2) * 0.01, running=small, training=(False,))
    nothing = (np.zeros(2), np.zeros(2))
    add("the running variance", normals(rng, 5, 2) * 0.001, running=nothing, probe=of_running(1), leeway=1e-7)
    add(KINDS, whole_numbers(rng, 3, 2).astype(int), running=running_of(2))
    add(KINDS, whole_numbers(rng, 2, 2, 2, 2).astype(int), np.ones(2, int), np.zeros(2, int))
    small = (np.zeros(3, "f4"), np.ones(3, "f4"))
    add(KINDS, numbers(4, 3).astype("f4"), np.ones(3, "f4"), np.zeros(3, "f4"), small)
    add(KINDS, every_other(numbers(4, 3)))
    add(KINDS, backwards(numbers(2, 3, 2, 2)).swapaxes(1, 2))
    whole = (np.zeros(2, int), np.ones(2, int))
    add(KINDS, whole_numbers(rng, 3, 2).astype(int), running=whole, probe=of_running(0))
    return cases


def stop_cases(rng):
    def losses(*numbers):
        """The same ups and downs at another height: every number is scaled alike."""
        scale = float(rng.choice([0.1, 0.3, 0.5, 1, 2]))
        return [round(scale * n, 6) for n in numbers]

    return [
        Case("patience runs out", (losses(3, 1, 2, 4), 2)),
        Case("patience runs out", (losses(5, 4, 3, 6, 7, 8, 9), 3)),
        Case("patience runs out", (losses(9, 5, 4, 6, 5, 7, 8, 9, 10), 3)),
        Case("patience runs out", (losses(1, 2, 3, 4, 5), 2)),
        Case("patience runs out", (losses(4, 2, 5, 3.5, 3, 2.5, 2.2, 2.1), 4)),
        Case("patience of 1", (losses(2, 3), 1)),
        Case("patience of 1", (losses(3, 2, 4, 1), 1)),
        Case("patience of 1", (losses(6, 5, 4, 3, 3.5, 2), 1)),
        Case("the list ends first", ([float(rng.uniform(1, 2))], 1)),
        Case("the list ends first", (losses(3, 2, 1), 2)),
        Case("the list ends first", (losses(3, 1, 2), 2)),
        Case("the list ends first", (losses(4, 2, 3, 5, 6), 10)),
        Case("the list ends first", (losses(1, 2, 3), 5)),
        Case("the list ends first", (losses(1, 2, 3), 3)),
        Case("a lower loss starts the count again", (losses(5, 6, 4, 5, 3, 4, 5, 6, 7), 3)),
        Case("a lower loss starts the count again", (losses(5, 6, 4, 5, 3, 4, 2), 2)),
        Case("a lower loss starts the count again", (losses(9, 8, 8.5, 8.6, 7, 7.5, 7.6, 7.7, 6), 3)),
        Case("a lower loss starts the count again", (losses(5, 6, 7, 4, 8, 9, 10, 3), 3)),
        Case("lower than the epoch before is not lower than the best", (losses(1, 4, 3, 2), 2)),
        Case("lower than the epoch before is not lower than the best", (losses(2, 9, 8, 7, 6, 5, 1), 4)),
        Case("lower than the epoch before is not lower than the best", (losses(4, 2, 6, 5, 4.5, 3, 2.5, 1), 3)),
        Case("equal losses are no progress", (losses(2, 2), 1)),
        Case("equal losses are no progress", (losses(3, 1, 1, 2, 0.5), 2)),
        Case("equal losses are no progress", (losses(3, 1, 2, 1, 0.5), 2)),
        Case("equal losses are no progress", (losses(4, 3, 2, 2, 2, 2, 1), 3)),
        Case("equal losses are no progress", (losses(3, 1, 2, 1), 5)),
        Case("what comes after the stop is never seen", (losses(3, 2, 4, 5, 1), 2)),
        Case("what comes after the stop is never seen", (losses(5, 4, 6, 3, 7, 8, 9, 1, 0.5), 2)),
        Case("what comes after the stop is never seen", (losses(2, 3, 1), 1)),
        Case("tiny steps, negative and whole numbers", (losses(1, 0.9999, 0.9998, 0.9997, 0.9996), 2)),
        Case("tiny steps, negative and whole numbers", ([-1.0, -3.0, -2.0, -2.5, -4.0], 2)),
        Case("tiny steps, negative and whole numbers", ([0.0, -1.0, 0.0, 1.0], 3)),
        Case("tiny steps, negative and whole numbers", ([7, 5, 6, 4, 8, 9], 2)),
        Case("tiny steps, negative and whole numbers", ([0.5, 0.499999, 0.499998, 0.499997, 0.6], 2)),
        Case("tiny steps, negative and whole numbers", ([2.0, 0.0, 1.0, 0.5, 0.25, 0.1], 3)),
        Case("tiny steps, negative and whole numbers", (losses(3000, 2000, 2500, 2600, 100), 2)),
    ]


def explain_stop(args, index):
    losses, patience = args
    stop, _ = stop_early(losses, patience)
    rows = [["epoch", "loss", "lowest so far", "epochs since"]]
    best = 0
    for epoch, loss in enumerate(losses[: stop + 1]):
        best = epoch if loss < losses[best] else best
        rows.append([str(epoch), f"{loss:g}", f"{losses[best]:g}", str(epoch - best)])
    return [Panel(f"patience {patience}", [list(row) for row in zip(*rows, strict=True)])], ""


# -- what people write -----------------------------------------------------------------------------------------------


def kept_where(rng, shape, rate):
    return rng.random(shape) >= rate


def dropping(
    shape_of,
    draw=kept_where,
    scale=lambda rate, kept: 1 / (1 - rate),
    report=lambda kept, rate: kept,
    predict=lambda x, rate: x.copy(),
    when=bool,
):
    """Dropout with one thing done in another way."""

    def wrong(x, rate, rng, training=True):
        x = np.asarray(x, float)
        shape = shape_of(x.shape)
        if not when(training):
            return predict(x, rate), np.ones(shape)
        kept = np.asarray(draw(rng, shape, rate), float)
        return x * kept * scale(rate, kept), report(kept, rate)

    return wrong


def from_global(rng, shape, rate):
    return np.random.random(shape) >= rate


def exactly_that_share(rng, shape, rate):
    size = int(np.prod(shape))
    kept = np.ones(size)
    kept[rng.permutation(size)[: round(rate * size)]] = 0
    return kept.reshape(shape)


def at_the_front(rng, shape, rate):
    size = int(np.prod(shape))
    return (np.arange(size) >= round(rate * size)).reshape(shape)


def drawn_anew(seed):
    return lambda rng, shape, rate: np.random.default_rng(seed).random(shape) >= rate


def by_normals(rng, shape, rate):
    return rng.standard_normal(shape) > rate


def drop_mistakes(shape_of, unit, units):
    """The mistakes that dropout and spatial dropout have in common."""

    def changed(**parts):
        return dropping(shape_of, **parts)

    def without_parentheses(x, rate, rng, training=True):
        x = np.asarray(x, float)
        kept = np.ones(shape_of(x.shape)) if not training else kept_where(rng, shape_of(x.shape), rate).astype(float)
        return (x * kept / 1 - rate if training else x.copy()), kept

    def another_mask(x, rate, rng, training=True):
        output, _ = changed()(x, rate, rng, training)
        return output, changed()(x, rate, rng, training)[1]

    def mask_from_output(x, rate, rng, training=True):
        output, _ = changed()(x, rate, rng, training)
        return output, (output != 0).astype(float)

    def in_whole_numbers(x, rate, rng, training=True):
        output, mask = changed()(x, rate, rng, training)
        return output.astype(np.asarray(x).dtype), mask

    def exchanged(x, rate, rng, training=True):
        return changed()(x, rate, rng, training)[::-1]

    def mask_of_zeros(x, rate, rng, training=True):
        output, mask = changed()(x, rate, rng, training)
        return output, mask if training else 0 * mask

    def inverted_throughout(x, rate, rng, training=True):
        output, mask = changed()(x, rate, rng, training)
        return output, 1 - mask

    def mask_only(x, rate, rng, training=True):
        mask = changed()(x, rate, rng, training)[1]
        return np.broadcast_to(mask / (1 - rate if training else 1), np.shape(x)).copy(), mask

    return (
        (
            "kept and dropped exchanged",
            changed(draw=lambda rng, shape, rate: rng.random(shape) < rate),
            "Your mask is 1 with the probability `rate`. That is the share to be dropped: with a rate of 0.2, four of "
            f"five {units} stay.",
        ),
        (
            "not enlarged",
            changed(scale=lambda rate, kept: 1.0),
            f"The {units} that are kept stay as large as they were, so the sums behind them shrink by the share that "
            "is dropped. Inverted dropout makes up for it while training: what is kept is divided by the share that "
            "stays.",
        ),
        (
            "made smaller when predicting",
            changed(scale=lambda rate, kept: 1.0, predict=lambda x, rate: x * (1 - rate)),
            "This is dropout as it was first described: nothing is enlarged in training, and everything is made "
            "smaller when predicting. Inverted dropout does its scaling in training, so that predicting needs none.",
        ),
        (
            "scaled in training and when predicting",
            changed(predict=lambda x, rate: x * (1 - rate)),
            "You scale twice: what is kept is enlarged in training, and everything is made smaller when predicting. "
            "One of the two is enough, and inverted dropout has the first.",
        ),
        (
            "enlarged when predicting",
            changed(predict=lambda x, rate: x / (1 - rate)),
            "When predicting nothing is dropped, so there is nothing to make up for: the output is the input.",
        ),
        (
            "dropped when predicting",
            changed(when=lambda training: True),
            "`training` makes no difference in your function: it drops numbers when predicting too, and the same "
            "picture gets another answer each time.",
        ),
        (
            "training and predicting exchanged",
            changed(when=lambda training: not training),
            "Your function drops when `training` is False and leaves the input alone when it is True. It is the other "
            "way round.",
        ),
        (
            "divided by the rate",
            changed(scale=lambda rate, kept: np.divide(1.0, rate)),
            "What is kept is divided by the share that is dropped. With a rate of 0.5 nobody sees it; with 0.2, "
            "where four of five stay, numbers become five times as large.",
        ),
        (
            "multiplied by the share that stays",
            changed(scale=lambda rate, kept: 1 - rate),
            "What is kept is multiplied by 1 − rate, so the sums behind it shrink twice: once by what is missing, once "
            "by this. What is missing is made up for by dividing.",
        ),
        (
            "root of the share that stays",
            changed(scale=lambda rate, kept: 1 / np.sqrt(1 - rate)),
            "Dividing by √(1 − rate) keeps the mean of the squares. Dropout keeps the mean itself, so no root.",
        ),
        (
            "divided by the share that was kept this time",
            changed(scale=lambda rate, kept: kept.size / max(kept.sum(), 1)),
            "You divide by the share that happened to be kept in this draw, which is a little different each time. "
            "The probability 1 − rate is meant.",
        ),
        (
            "a mask that holds the factor",
            changed(report=lambda kept, rate: kept / (1 - rate)),
            "The output is right, and the mask you return has the factor 1 / (1 − rate) in it already. Zeros and ones "
            "are asked for: `dropout_backward` divides by itself.",
        ),
        (
            "a mask of what was dropped",
            inverted_throughout,
            "Your mask is 1 where something was dropped, and the backward pass would send the gradient the wrong way. "
            "1 stands for kept.",
        ),
        (
            "parentheses missing",
            without_parentheses,
            "`x * mask / 1 - rate` divides by 1 and then subtracts the rate, from the dropped numbers too. What is "
            "divided by needs parentheses.",
        ),
        (
            "the mask as the output",
            mask_only,
            "Your output is the mask with its factor; the input is missing from it.",
        ),
        (
            "half is dropped, whatever the rate",
            changed(draw=lambda rng, shape, rate: rng.integers(0, 2, shape)),
            "About half is dropped at every rate, as if a fair coin were thrown. Compare uniform numbers with the "
            "rate.",
        ),
        (
            "normal numbers compared with the rate",
            changed(draw=by_normals),
            "You compare normal numbers with the rate. Half of them are negative, so far more than `rate` lies below "
            "it. A number that is uniform from 0 to 1 lies below `rate` with that very probability.",
        ),
        (
            "draws that are not compared",
            changed(draw=lambda rng, shape, rate: rng.random(shape)),
            "The random numbers themselves are your mask, so everything is made a little smaller and nothing is "
            "dropped. Compare them with the rate first.",
        ),
        (
            f"one draw for all {units}",
            changed(draw=lambda rng, shape, rate: np.full(shape, rng.random() >= rate)),
            f"One random number decides for the whole array: everything is dropped or everything is kept. Each {unit} "
            "needs a draw of its own.",
        ),
        (
            "exactly that share",
            changed(draw=exactly_that_share),
            f"Each call drops the same number of {units}, as if a fixed count were drawn from a hat. Dropout throws a "
            f"coin for each {unit}, whatever the others do, so the count varies.",
        ),
        (
            f"the first {units} in a row",
            changed(draw=at_the_front),
            f"Always the first {units} of the array are dropped: nothing is random. Each {unit} needs a draw of its "
            "own.",
        ),
        (
            "NumPy's own generator",
            changed(draw=from_global),
            "You draw from `np.random`, which everybody shares, and not from `rng`: a run cannot be repeated by giving "
            "it the same generator.",
        ),
        (
            "a generator of its own",
            changed(draw=drawn_anew(None)),
            "Your function makes itself a new generator, and `rng` is not used: a run cannot be repeated.",
        ),
        (
            "the same draw in every call",
            changed(draw=drawn_anew(0)),
            f"Your function makes itself a generator with a seed of its own: every call drops the same {units}, and "
            "they never learn anything. Draw from `rng`, which goes on from call to call.",
        ),
        (
            "output and mask drawn apart",
            another_mask,
            "The mask you return is not the one you used: it was drawn a second time. Draw once, keep it, use it for "
            "both.",
        ),
        (
            "mask read off the output",
            mask_from_output,
            "Your mask is 0 wherever the output is 0. A number that was 0 to begin with may well have been kept, and "
            "after a ReLU many are.",
        ),
        (
            "a mask of zeros when predicting",
            mask_of_zeros,
            "When predicting everything is kept, so the mask is 1 everywhere; yours is 0.",
        ),
        (
            "fractions cut off",
            in_whole_numbers,
            "When the input holds whole numbers, so does your output: what comes after the point is lost. The result "
            "is to be of floats.",
        ),
        (
            "mask and output exchanged",
            exchanged,
            "You return the mask first. The output comes first: `return output, mask`.",
        ),
    )


def one_for_each(axes):
    """The shape of a mask that has a size of its own along these axes only."""
    return lambda shape: tuple(n if axis in axes else 1 for axis, n in enumerate(shape))


def shared_by_samples(rng, shape, rate):
    return np.broadcast_to(kept_where(rng, shape[1:], rate), shape)


def whole_samples(rng, shape, rate):
    return np.broadcast_to(kept_where(rng, (shape[0], *[1] * (len(shape) - 1)), rate), shape)


def whole_columns(rng, shape, rate):
    """One draw for each number along the last axis."""
    return np.broadcast_to(kept_where(rng, shape[-1:], rate), shape)


DROP_MISCONCEPTIONS = misconceptions(
    *drop_mistakes(lambda shape: shape, "number", "numbers"),
    (
        "one mask for all samples",
        dropping(lambda shape: shape, draw=shared_by_samples),
        "All samples of the batch lose the same numbers: your mask has no draws along the first axis. Draw as many "
        "random numbers as the input has entries.",
    ),
    (
        "whole samples dropped",
        dropping(lambda shape: shape, draw=whole_samples),
        "There is one draw for each sample: some vanish altogether, the others stay as they are. Each number needs a "
        "draw of its own.",
    ),
    (
        "whole channels dropped",
        dropping(lambda shape: shape, draw=whole_columns),
        "There is one draw for each place of the last axis, and everything that shares that place is dropped together. "
        "Each number needs a draw of its own.",
    ),
)


def channels_first(images, rate, rng, training=True):
    images = np.asarray(images, float)
    mask = np.ones((*images.shape[:2], 1, 1)) if not training else np.zeros((images.shape[0], images.shape[3], 1, 1))
    if training:
        mask += kept_where(rng, mask.shape, rate)
        return images * mask / (1 - rate), mask
    return images.copy(), mask


MAPS_MISCONCEPTIONS = misconceptions(
    (
        "single pixels dropped",
        dropping(lambda shape: shape),
        "This is ordinary dropout: each pixel has a draw of its own. Its neighbours say nearly the same, so little is "
        "lost; a feature map is to be dropped as a whole.",
    ),
    (
        "the same maps for all images",
        dropping(one_for_each((3,))),
        "All images of the batch lose the same feature maps. Each image needs draws of its own: the mask has as many "
        "entries as there are images times channels.",
    ),
    (
        "whole images dropped",
        dropping(one_for_each((0,))),
        "There is one draw for each image, and all of its channels share it. Each channel of each image needs a draw "
        "of its own.",
    ),
    (
        "pixels dropped through all channels",
        dropping(one_for_each((0, 1, 2))),
        "At a dropped pixel all channels are 0: you drop places. Feature maps are to be dropped, each over all its "
        "pixels; the mask varies along the first and the last axis.",
    ),
    (
        "channels looked for on the second axis",
        channels_first,
        "Your mask varies along the axes 0 and 1, as if the channels came second. Here images are (N, H, W, C): the "
        "channels are the last axis.",
    ),
    (
        "rows dropped",
        dropping(one_for_each((0, 1, 3))),
        "Your mask still varies from row to row of pixels. Along both the rows and the columns of an image one draw "
        "serves all.",
    ),
    (
        "columns dropped",
        dropping(one_for_each((0, 2, 3))),
        "Your mask still varies from column to column of pixels. Along both the rows and the columns of an image one "
        "draw serves all.",
    ),
    *drop_mistakes(one_for_each((0, 3)), "feature map", "feature maps"),
)


def back(change):
    def wrong(grad, mask, rate):
        return change(np.asarray(grad, float), np.asarray(mask, float), rate)

    return wrong


def back_in_whole_numbers(grad, mask, rate):
    return drop_backward(grad, mask, rate).astype(np.asarray(grad).dtype)


def kept_only(grad, mask, rate):
    return grad[mask != 0] / (1 - rate)


BACKWARD_MISCONCEPTIONS = misconceptions(
    (
        "scale forgotten",
        back(lambda grad, mask, rate: grad * mask),
        "The gradient goes where the numbers went, and it is not enlarged as they were. Forward each kept number was "
        "multiplied by 1 / (1 − rate); that is its derivative, so the gradient is multiplied by it too.",
    ),
    (
        "mask forgotten",
        back(lambda grad, mask, rate: grad / (1 - rate)),
        "The gradient is enlarged and not masked. A number that was dropped had no influence on the loss: its gradient "
        "is 0.",
    ),
    (
        "gradient passed through",
        back(lambda grad, mask, rate: grad.copy()),
        "The gradient comes out as it went in. What was dropped gets 0, and what was kept is enlarged as it was on the "
        "way forward.",
    ),
    (
        "mask turned round",
        back(lambda grad, mask, rate: grad * (1 - mask) / (1 - rate)),
        "The gradient goes to the numbers that were dropped. In the mask 1 stands for kept.",
    ),
    (
        "divided by the rate",
        back(lambda grad, mask, rate: np.divide(grad * mask, rate)),
        "You divide by the share that was dropped. The way forward divided by the share that stays, 1 − rate.",
    ),
    (
        "multiplied by the share that stays",
        back(lambda grad, mask, rate: grad * mask * (1 - rate)),
        "You multiply by 1 − rate, as if the way back had to undo the way forward. A derivative does not undo: what "
        "multiplied the numbers multiplies their gradient.",
    ),
    (
        "scaled twice",
        back(lambda grad, mask, rate: grad * mask / (1 - rate) ** 2),
        "The factor 1 / (1 − rate) is there twice. The mask you are given holds zeros and ones; the factor comes in "
        "once.",
    ),
    (
        "parentheses missing",
        back(lambda grad, mask, rate: grad * mask / 1 - rate),
        "`grad * mask / 1 - rate` divides by 1 and then subtracts the rate. What is divided by needs parentheses.",
    ),
    (
        "divided by the share that the mask kept",
        back(lambda grad, mask, rate: grad * mask * mask.size / max(mask.sum(), 1)),
        "You divide by the share of ones in this mask, which is a little different each time. The way forward divided "
        "by 1 − rate.",
    ),
    (
        "divided by the mask",
        back(lambda grad, mask, rate: grad / mask / (1 - rate)),
        "You divide by the mask, and where it is 0 the gradient becomes infinite. Multiply by it.",
    ),
    (
        "root of the share that stays",
        back(lambda grad, mask, rate: grad * mask / np.sqrt(1 - rate)),
        "You divide by √(1 − rate). The way forward has no root, so neither has the way back.",
    ),
    (
        "divided by 1 + rate",
        back(lambda grad, mask, rate: grad * mask / (1 + rate)),
        "You divide by 1 + rate. The share that stays is 1 − rate.",
    ),
    (
        "dropped ones not scaled, but there",
        back(lambda grad, mask, rate: np.where(mask != 0, grad / (1 - rate), grad)),
        "What was kept is right. What was dropped still gets its gradient, and should get 0: it had no influence on "
        "the loss.",
    ),
    (
        "the mask's factor alone",
        back(lambda grad, mask, rate: mask / (1 - rate)),
        "This is the derivative of the output by the input. By the chain rule it is multiplied by the gradient that "
        "arrives, `grad`.",
    ),
    (
        "only the kept ones returned",
        kept_only,
        "You return the gradients of the kept numbers only, in one row. The result has the shape of `grad`, with a 0 "
        "where something was dropped.",
    ),
    (
        "summed over the batch",
        back(lambda grad, mask, rate: (grad * mask / (1 - rate)).sum(axis=0)),
        "You sum over the first axis. Each number of the input gets a gradient of its own; sums belong to parameters "
        "that samples share, and dropout has none.",
    ),
    (
        "averaged over the batch",
        back(lambda grad, mask, rate: grad * mask / (1 - rate) / len(grad)),
        "Your gradient is divided by the number of samples. The mean over the batch is taken in the loss, once.",
    ),
    (
        "sign changed",
        back(lambda grad, mask, rate: -grad * mask / (1 - rate)),
        "Your gradient has the wrong sign. The step downhill is made by the optimiser.",
    ),
    (
        "fractions cut off",
        back_in_whole_numbers,
        "When the gradient holds whole numbers, so does your result: what comes after the point is lost.",
    ),
)


def norming(
    axes=lambda x: tuple(range(x.ndim - 1)),
    variance_of=np.var,
    normal=lambda x, mean, variance: (x - mean) / np.sqrt(variance + EPSILON),
    affine=lambda normal, gamma, beta: gamma * normal + beta,
    move=lambda old, new, count: MOMENTUM * old + (1 - MOMENTUM) * new,
    order=lambda pair: pair,
    when=bool,
    with_running=False,
    still=lambda running, batch, count: running,
):
    """Batch normalisation with one thing done in another way."""

    def wrong(x, gamma, beta, running, training=True):
        x, gamma, beta = (np.asarray(array, float) for array in (x, gamma, beta))
        running = tuple(np.asarray(array, float) for array in running)
        over = axes(x)
        count = x.size // x.shape[-1]
        batch = np.mean(x, axis=over, keepdims=True), variance_of(x, axis=over, keepdims=True)
        flat = tuple(np.mean(b, axis=tuple(range(x.ndim - 1))) * np.ones(x.shape[-1]) for b in batch)
        if when(training):
            new = tuple(move(old, b, count) for old, b in zip(running, flat, strict=True))
            used = new if with_running else batch
        else:
            new, used = still(running, flat, count), running
        return affine(normal(x, *used), gamma, beta), order(new)

    return wrong


def std_kept(x, gamma, beta, running, training=True):
    """The running standard deviation in place of the variance."""
    output, (mean, variance) = normalise(x, gamma, beta, running, training)
    if not training:
        return output, (mean, variance)
    deviation = np.std(x, axis=tuple(range(np.ndim(x) - 1)))
    return output, (mean, MOMENTUM * np.asarray(running[1], float) + (1 - MOMENTUM) * deviation)


def batch_kept(x, gamma, beta, running, training=True):
    output, new = normalise(x, gamma, beta, running, training)
    if not training:
        return output, new
    axes = tuple(range(np.ndim(x) - 1))
    return output, (np.mean(x, axis=axes), np.var(x, axis=axes))


def only_the_mean_moves(x, gamma, beta, running, training=True):
    output, (mean, _) = normalise(x, gamma, beta, running, training)
    return output, (mean, np.asarray(running[1], float))


def unbiased_kept(x, gamma, beta, running, training=True):
    """Normalises by the biased variance and keeps the unbiased one, as some frameworks do."""
    output, (mean, variance) = normalise(x, gamma, beta, running, training)
    count = np.size(x) // np.shape(x)[-1]
    if not training or count == 1:
        return output, (mean, variance)
    batch = np.var(x, axis=tuple(range(np.ndim(x) - 1)), ddof=1)
    return output, (mean, MOMENTUM * np.asarray(running[1], float) + (1 - MOMENTUM) * batch)


def unbiased(x, axis, keepdims):
    count = int(np.prod([x.shape[a] for a in np.atleast_1d(axis)]))
    return np.var(x, axis=axis, keepdims=keepdims) * count / max(count - 1, 1)


def norm_in_whole_numbers(x, gamma, beta, running, training=True):
    output, new = normalise(x, gamma, beta, running, training)
    return output.astype(np.asarray(x).dtype), new


def epsilon_of(value):
    return lambda x, mean, variance: (x - mean) / np.sqrt(variance + value)


NORM_MISCONCEPTIONS = misconceptions(
    (
        "over the first axis only",
        norming(axes=lambda x: (0,)),
        "For pictures, mean and variance are taken over the images alone, so each pixel has its own. A channel has one "
        "mean: over the images, the rows and the columns, all axes but the last.",
    ),
    (
        "over all axes",
        norming(axes=lambda x: tuple(range(x.ndim))),
        "One mean and one variance serve the whole array. Each channel has its own: the last axis stays.",
    ),
    (
        "each sample on its own",
        norming(axes=lambda x: tuple(range(1, x.ndim))),
        "Mean and variance are taken within each sample; that is layer normalisation. Batch normalisation looks at one "
        "channel across the whole batch.",
    ),
    (
        "over the channels",
        norming(axes=lambda x: (x.ndim - 1,)),
        "Mean and variance are taken over the last axis, which holds the channels. It is the one axis that stays.",
    ),
    (
        "each map of each image on its own",
        norming(axes=lambda x: tuple(range(1, x.ndim - 1)) or (0,)),
        "Each image is normalised by itself; that is instance normalisation. The batch counts too: all axes but the "
        "last.",
    ),
    (
        "momentum the wrong way round",
        norming(move=lambda old, new, count: 0.1 * old + 0.9 * new),
        "Your running numbers keep a tenth of what they were and take nine tenths of the batch. With a momentum of 0.9 "
        "they keep nine tenths, and one odd batch does little harm.",
    ),
    (
        "momentum of 0.99",
        norming(move=lambda old, new, count: 0.99 * old + 0.01 * new),
        "Your momentum is 0.99, as in Keras. Here it is 0.9.",
    ),
    (
        "running numbers left as they were",
        norming(move=lambda old, new, count: old),
        "The running mean and variance come back as they went in. In training they move a tenth of the way to the "
        "batch's; without that, predicting later uses numbers that know nothing of the data.",
    ),
    (
        "the batch's numbers in place of running ones",
        batch_kept,
        "You return the batch's own mean and variance. The running ones keep nine tenths of what they were.",
    ),
    (
        "old and new running numbers added up",
        norming(move=lambda old, new, count: old + 0.1 * new),
        "You add a tenth of the batch's numbers and keep all of the old ones, so they grow without end. The two shares "
        "add up to 1.",
    ),
    (
        "running numbers averaged in halves",
        norming(move=lambda old, new, count: (old + new) / 2),
        "Old and new count the same in your running numbers. The old ones have a share of 0.9.",
    ),
    (
        "old running numbers forgotten",
        norming(move=lambda old, new, count: 0.1 * new),
        "A tenth of the batch's numbers is there, and nine tenths of the old running ones are missing.",
    ),
    (
        "running deviation instead of variance",
        std_kept,
        "Your second running number moves towards the standard deviation. The variance is kept, which is its square; "
        "the root is taken when it is used.",
    ),
    (
        "only the running mean moves",
        only_the_mean_moves,
        "The running mean moves and the running variance stays where it was. Both follow the batch.",
    ),
    (
        "variance before mean",
        norming(order=lambda pair: pair[::-1]),
        "You return the running variance first. The pair is (mean, variance), as it came in.",
    ),
    (
        "normalised by the running numbers in training",
        norming(with_running=True),
        "In training your output is normalised by the running mean and variance. The batch's own are used there; the "
        "running ones wait for predicting.",
    ),
    (
        "the batch's numbers when predicting",
        norming(when=lambda training: True, order=tuple),
        "`training` makes no difference in your function: when predicting it still uses the batch's own mean and "
        "variance, so the answer for one picture depends on which others happen to be beside it.",
    ),
    (
        "running numbers moved when predicting",
        norming(
            still=lambda running, batch, count: tuple(0.9 * o + 0.1 * b for o, b in zip(running, batch, strict=True))
        ),
        "Your running numbers go on moving when `training` is False. Predicting is to change nothing.",
    ),
    (
        "training and predicting exchanged",
        norming(when=lambda training: not training),
        "Your function uses the batch when `training` is False and the running numbers when it is True. It is the "
        "other way round.",
    ),
    (
        "unbiased variance",
        norming(variance_of=unbiased),
        "You divide the sum of squares by n − 1. Here the mean of the squares is meant, n, which NumPy's `var` "
        "computes unless told otherwise.",
    ),
    (
        "unbiased variance kept",
        unbiased_kept,
        "Your running variance follows the unbiased variance, with n − 1, as PyTorch's does. Here, as in Keras, it is "
        "the same biased one that normalises.",
    ),
    (
        "divided by the variance",
        norming(normal=lambda x, mean, variance: (x - mean) / (variance + EPSILON)),
        "You divide by the variance. It is a square: its root has the unit of the numbers, and is what they are "
        "divided by.",
    ),
    (
        "mean not subtracted",
        norming(normal=lambda x, mean, variance: x / np.sqrt(variance + EPSILON)),
        "The numbers are divided by their deviation and the mean is not subtracted: they keep a mean that is not 0.",
    ),
    (
        "mean subtracted, nothing divided",
        norming(normal=lambda x, mean, variance: x - mean),
        "The mean is subtracted, and the division by the deviation is missing.",
    ),
    (
        "epsilon outside the root",
        norming(normal=lambda x, mean, variance: (x - mean) / (np.sqrt(variance) + EPSILON)),
        "Epsilon is added to the root. It belongs below it, to the variance: √(variance + epsilon). You see the "
        "difference where the variance is small.",
    ),
    (
        "epsilon missing",
        norming(normal=lambda x, mean, variance: np.divide(x - mean, np.sqrt(variance))),
        "There is no epsilon: where a channel is the same number everywhere, 0 is divided by 0.",
    ),
    (
        "epsilon missing where nothing varies",
        norming(normal=lambda x, mean, variance: (x - mean) / np.where(variance == 0, 1, np.sqrt(variance))),
        "You catch the division by 0 in another way than by epsilon, and small variances come out otherwise. Add 1e-5 "
        "to the variance, always.",
    ),
    (
        "epsilon of 1e-3",
        norming(normal=epsilon_of(1e-3)),
        "Your epsilon is 0.001, as in Keras. Here it is 0.00001.",
    ),
    (
        "epsilon of 1e-8",
        norming(normal=epsilon_of(1e-8)),
        "Your epsilon is smaller than 0.00001, which shows where the variance is as small as that.",
    ),
    (
        "epsilon in training only",
        lambda x, gamma, beta, running, training=True: norming(
            normal=epsilon_of(EPSILON if training else 0), when=lambda _: training
        )(x, gamma, beta, running),
        "When predicting there is no epsilon below your root. It belongs there in both cases.",
    ),
    (
        "gamma forgotten",
        norming(affine=lambda normal, gamma, beta: normal + beta),
        "gamma is not in your result: after normalising, each channel is multiplied by its own.",
    ),
    (
        "beta forgotten",
        norming(affine=lambda normal, gamma, beta: gamma * normal),
        "beta is not in your result: after scaling, each channel's own is added.",
    ),
    (
        "gamma and beta forgotten",
        norming(affine=lambda normal, gamma, beta: normal),
        "The numbers are normalised, and the scale and shift that the layer learns, gamma and beta, are missing.",
    ),
    (
        "gamma and beta exchanged",
        norming(affine=lambda normal, gamma, beta: beta * normal + gamma),
        "You multiply by beta and add gamma. It is the other way round.",
    ),
    (
        "beta added before gamma multiplies",
        norming(affine=lambda normal, gamma, beta: gamma * (normal + beta)),
        "beta is added first and then multiplied by gamma too. First scale, then shift.",
    ),
    (
        "scale and shift in training only",
        lambda x, gamma, beta, running, training=True: (
            normalise(x, gamma, beta, running, True)
            if training
            else normalise(x, np.ones(len(gamma)), np.zeros(len(beta)), running, False)
        ),
        "When predicting, gamma and beta are missing. They belong there in both cases.",
    ),
    (
        "unchanged when predicting",
        lambda x, gamma, beta, running, training=True: (
            normalise(x, gamma, beta, running, True)
            if training
            else (np.array(x, float), tuple(np.array(r, float) for r in running))
        ),
        "When predicting you return the input, as dropout does. Batch normalisation still normalises there, by the "
        "running mean and variance.",
    ),
    (
        "fractions cut off",
        norm_in_whole_numbers,
        "When the input holds whole numbers, so does your output: what comes after the point is lost.",
    ),
)


def stopping(
    better=lambda loss, lowest: loss < lowest,
    enough=lambda waited, patience: waited >= patience,
    reset=True,
    answer=lambda epoch, best, losses: (epoch, best),
    start=math.inf,
):
    """Early stopping with one thing done in another way."""

    def wrong(val_losses, patience):
        lowest, best, waited = start, 0, 0
        for epoch, loss in enumerate(val_losses):
            if better(loss, lowest):
                lowest, best = loss, epoch
                waited = 0 if reset else waited
            else:
                waited += 1
                if enough(waited, patience):
                    return answer(epoch, best, val_losses)
        return answer(len(val_losses) - 1, best, val_losses)

    return wrong


def than_the_epoch_before(val_losses, patience):
    waited, best = 0, 0
    for epoch, loss in enumerate(val_losses):
        best = epoch if loss < val_losses[best] else best
        waited = 0 if epoch == 0 or loss < val_losses[epoch - 1] else waited + 1
        if waited == patience:
            return epoch, best
    return len(val_losses) - 1, best


def stopped_by_the_epoch_before(val_losses, patience):
    """Compares with the epoch before and restores the one before the count began."""
    waited = 0
    for epoch in range(1, len(val_losses)):
        waited = 0 if val_losses[epoch] < val_losses[epoch - 1] else waited + 1
        if waited == patience:
            return epoch, epoch - patience
    return len(val_losses) - 1, len(val_losses) - 1 - waited


def last_when_not_stopped(val_losses, patience):
    stop, best = stop_early(val_losses, patience)
    return stop, best if stop - best == patience else stop


def minus_one_when_not_stopped(val_losses, patience):
    stop, best = stop_early(val_losses, patience)
    return (stop, best) if stop - best == patience else (-1, best)


def count_when_not_stopped(val_losses, patience):
    stop, best = stop_early(val_losses, patience)
    return (stop, best) if stop - best == patience else (len(val_losses), best)


def strictly_rising(val_losses, patience):
    """Waits for patience rises in a row."""
    rises = 0
    for epoch in range(1, len(val_losses)):
        rises = rises + 1 if val_losses[epoch] > val_losses[epoch - 1] else 0
        if rises == patience:
            return epoch, int(np.argmin(val_losses[: epoch + 1]))
    return len(val_losses) - 1, int(np.argmin(val_losses))


STOP_MISCONCEPTIONS = misconceptions(
    (
        "compared with the epoch before",
        than_the_epoch_before,
        "Each loss is compared with that of the epoch before. After a bad epoch any recovery then looks like progress; "
        "compare with the lowest loss so far.",
    ),
    (
        "one epoch too late",
        stopping(enough=lambda waited, patience: waited > patience),
        "You go on for one epoch more: with a patience of 2, the second epoch without a lower loss is the last.",
    ),
    (
        "one epoch too early",
        stopping(enough=lambda waited, patience: waited >= patience - 1 and waited > 0),
        "You stop one epoch before patience runs out: with a patience of 2, two epochs without a lower loss are "
        "waited for.",
    ),
    (
        "the epoch before the stop",
        stopping(answer=lambda epoch, best, losses: (epoch - 1 if epoch < len(losses) - 1 else epoch, best)),
        "The epoch you stop after is one too small: the epoch in which patience runs out has been trained, so it is "
        "the last one.",
    ),
    (
        "the last epoch restored",
        stopping(answer=lambda epoch, best, losses: (epoch, epoch)),
        "You keep the parameters of the epoch after which training ended. They are worse than those of the lowest "
        "loss, which is the epoch to restore.",
    ),
    (
        "the lowest of all losses, seen or not",
        stopping(answer=lambda epoch, best, losses: (epoch, int(np.argmin(losses)))),
        "The epoch to restore is looked for in the whole list. What comes after the stop was never trained: only "
        "epochs up to the stop count.",
    ),
    (
        "never stops",
        lambda val_losses, patience: (len(val_losses) - 1, int(np.argmin(val_losses))),
        "You always go to the end of the list. Training stops once `patience` epochs in a row have brought no lower "
        "loss, and what follows is never seen.",
    ),
    (
        "count not started again",
        stopping(reset=False),
        "A lower loss does not set your count back to 0, so bad epochs from long ago still count. They have to be in a "
        "row.",
    ),
    (
        "equal counts as progress",
        stopping(better=lambda loss, lowest: loss <= lowest),
        "An equal loss counts as progress in your function. Only a strictly lower one does, and of equal ones the "
        "first is restored.",
    ),
    (
        "the last of equal minima",
        stopping(
            answer=lambda epoch, best, losses: (epoch, max(k for k in range(epoch + 1) if losses[k] == losses[best]))
        ),
        "Of several equal lowest losses you restore the last. The first of them has had less training, and is asked "
        "for.",
    ),
    (
        "counted from 1",
        stopping(answer=lambda epoch, best, losses: (epoch + 1, best + 1)),
        "Both epochs are one too large: here the first epoch has the number 0.",
    ),
    (
        "stop counted from 1",
        stopping(answer=lambda epoch, best, losses: (epoch + 1, best)),
        "The epoch to stop after is one too large: it is a number counted from 0, not how many epochs were trained.",
    ),
    (
        "the two exchanged",
        stopping(answer=lambda epoch, best, losses: (best, epoch)),
        "The two numbers are right and exchanged. First the epoch to stop after, then the epoch to restore.",
    ),
    (
        "losses instead of epochs",
        stopping(answer=lambda epoch, best, losses: (losses[epoch], losses[best])),
        "You return losses. The numbers of the epochs are asked for.",
    ),
    (
        "the lowest loss in place of its epoch",
        stopping(answer=lambda epoch, best, losses: (epoch, losses[best])),
        "Your second number is the lowest loss itself. The number of its epoch is asked for.",
    ),
    (
        "higher is better",
        stopping(better=lambda loss, lowest: loss > lowest, start=-math.inf),
        "You wait for losses to rise. A loss is good when it is low; with accuracies it would be the other way round.",
    ),
    (
        "the last epoch where nothing stops",
        last_when_not_stopped,
        "When the list ends before patience does, you restore the last epoch. The lowest loss is still the one to go "
        "back to.",
    ),
    (
        "no epoch where nothing stops",
        minus_one_when_not_stopped,
        "When the list ends before patience does, the stop is -1 in your answer. Training then ended after the last "
        "epoch of the list.",
    ),
    (
        "how many epochs where nothing stops",
        count_when_not_stopped,
        "When the list ends before patience does, your stop is the list's length. The last epoch has a number one "
        "smaller, since counting starts at 0.",
    ),
    (
        "rises in a row",
        strictly_rising,
        "You count epochs in which the loss rose above the epoch before. It is enough that a loss is not lower than "
        "the lowest so far.",
    ),
    (
        "back by as many epochs as patience",
        stopped_by_the_epoch_before,
        "You compare with the epoch before, and restore the epoch at which the count began. Keep in mind which epoch "
        "had the lowest loss of all, and compare with that one.",
    ),
    (
        "a loss has to be clearly lower",
        stopping(better=lambda loss, lowest: loss < lowest - 1e-3),
        "A loss that is only a little lower does not count as progress in your function. Any strictly lower loss does.",
    ),
    (
        "lowest loss starts at 0",
        stopping(start=0.0),
        "Your lowest loss is 0 before the first epoch, and no loss is lower than that. Start with the first loss, or "
        "with infinity.",
    ),
    (
        "lowest loss starts at 1",
        stopping(start=1.0),
        "Your lowest loss is 1 before the first epoch, so larger losses never count. Start with the first loss, or "
        "with infinity.",
    ),
)

# -- right solutions in other styles ---------------------------------------------------------------------------------


def drop_by_binomial(x, rate, rng, training=True):
    if not training:
        return x.copy(), np.ones_like(x)
    mask = rng.binomial(1, 1 - rate, size=x.shape)
    return x * mask / (1 - rate), mask


def drop_by_choice(x, rate, rng, training=True):
    mask = rng.choice([0, 1], size=x.shape, p=[rate, 1 - rate]) if training else np.ones(x.shape, int)
    return np.where(mask == 1, x / (1 - rate if training else 1), 0.0), mask


def drop_one_by_one(x, rate, rng, training=True):
    output, mask = np.zeros(x.shape), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if not training:
            output[index], mask[index] = x[index], 1
        elif rng.random() >= rate:
            output[index], mask[index] = x[index] / (1 - rate), 1
    return output, mask


def drop_in_float32(x, rate, rng, training=True):
    x = np.array(x, dtype=np.float32)
    if not training or rate == 0:
        return x, np.ones(x.shape, dtype=np.float32)
    mask = (rng.random(x.shape, dtype=np.float32) < np.float32(1 - rate)).astype(np.float32)
    return x * mask * np.float32(1 / (1 - rate)), mask


def drop_with_a_mask_of_bools(x, rate, rng, training=True):
    mask = rng.uniform(0, 1, x.size).reshape(x.shape) > rate if training else np.full(x.shape, True)
    output = np.array(x, dtype=float)
    output[~mask] = 0
    if training:
        output /= 1 - rate
    return [output, mask]


def maps_by_repeating(images, rate, rng, training=True):
    """With a mask as large as the images."""
    count, height, width, channels = images.shape
    mask = np.ones(images.shape)
    if training:
        drawn = (rng.random((count, channels)) >= rate).astype(float)
        mask = np.repeat(np.repeat(drawn[:, None, None, :], height, axis=1), width, axis=2)
    return images * mask / (1 - rate * training), mask


def maps_by_loops(images, rate, rng, training=True):
    output, mask = np.array(images, dtype=float), np.ones((len(images), 1, 1, images.shape[3]))
    if training:
        for n in range(len(images)):
            for c in range(images.shape[3]):
                if rng.random() < rate:
                    output[n, :, :, c] = 0
                    mask[n, 0, 0, c] = 0
                else:
                    output[n, :, :, c] /= 1 - rate
    return output, mask


def maps_by_dropout(images, rate, rng, training=True):
    ones = np.ones((images.shape[0], 1, 1, images.shape[-1]))
    scaled, mask = drop(ones, rate, rng, training)
    return images * scaled, mask


def maps_by_moved_axes(images, rate, rng, training=True):
    if not training:
        return images.copy(), np.ones_like(images)
    mask = rng.binomial(1, 1 - rate, (images.shape[0], images.shape[3]))
    output = np.moveaxis(np.moveaxis(images, 3, 1) * mask[:, :, None, None] / (1 - rate), 1, 3)
    return np.ascontiguousarray(output), mask[:, None, None, :].astype(bool)


def maps_by_einsum(images, rate, rng, training=True):
    mask = np.float32(rng.uniform(size=(len(images), images.shape[3])) < 1 - rate) if training else None
    if mask is None:
        return images.astype(np.float32), np.ones((len(images), 1, 1, images.shape[3]), np.float32)
    return np.einsum("nhwc,nc->nhwc", images, mask / (1 - rate)), mask.reshape(len(images), 1, 1, -1)


def backward_one_by_one(grad, mask, rate):
    out = np.zeros(np.shape(grad))
    for index in np.ndindex(grad.shape):
        if mask[index]:
            out[index] = grad[index] / (1 - rate)
    return out


def backward_where(grad, mask, rate):
    return np.where(mask == 1, np.asarray(grad) / (1 - rate), 0)


def backward_scaled_mask(grad, mask, rate):
    factor = np.asarray(mask, np.float32) / np.float32(1 - rate)
    return factor * grad


def backward_by_index(grad, mask, rate):
    out = np.array(grad, dtype=float)
    out[np.broadcast_to(np.asarray(mask) == 0, out.shape)] = 0
    out *= 1 / (1 - rate)
    return out


def backward_by_einsum(grad, mask, rate):
    return np.einsum("...,...->...", grad, np.asarray(mask, float)) * (1 + rate / (1 - rate))


def norm_by_rows(x, gamma, beta, running, training=True):
    mean, variance = running
    if training:
        axes = tuple(range(x.ndim - 1))
        batch_mean, batch_variance = x.mean(axis=axes), x.var(axis=axes)
        out = (x - batch_mean) / np.sqrt(batch_variance + 1e-5)
        return gamma * out + beta, (0.9 * mean + 0.1 * batch_mean, 0.9 * variance + 0.1 * batch_variance)
    return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, running


def norm_by_channels(x, gamma, beta, running, training=True):
    out, new = np.zeros(np.shape(x)), np.array(running, dtype=float)
    for c in range(x.shape[-1]):
        numbers = x[..., c].astype(float)
        mean, variance = numbers.mean(), ((numbers - numbers.mean()) ** 2).mean()
        if training:
            new[0, c] = 0.9 * new[0, c] + 0.1 * mean
            new[1, c] = 0.9 * new[1, c] + 0.1 * variance
        else:
            mean, variance = new[:, c]
        out[..., c] = gamma[c] * (numbers - mean) * (variance + 1e-5) ** -0.5 + beta[c]
    return out, new


def norm_as_one_line(x, gamma, beta, running, training=True):
    """Scale and shift in one: gamma / root · x + (beta − mean · gamma / root)."""
    flat = x.reshape(-1, x.shape[-1]).astype(float)
    mean, variance = (flat.mean(0), (flat**2).mean(0) - flat.mean(0) ** 2) if training else running
    new = [r + 0.1 * (b - r) for r, b in zip(running, (mean, variance), strict=True)] if training else list(running)
    slope = gamma / np.sqrt(np.maximum(variance, 0) + 1e-5)
    return slope * x + (beta - mean * slope), new


def norm_in_float32(x, gamma, beta, running, training=True):
    x, gamma, beta = (np.asarray(array, np.float32) for array in (x, gamma, beta))
    mean, variance = (np.asarray(array, np.float32) for array in running)
    if training:
        axes = tuple(range(x.ndim - 1))
        batch = x.mean(axis=axes), x.var(axis=axes)
        mean, variance = np.float32(0.9) * mean + np.float32(0.1) * batch[0], 0.9 * variance + 0.1 * batch[1]
    else:
        batch = mean, variance
    return gamma * (x - batch[0]) / np.sqrt(batch[1] + np.float32(1e-5)) + beta, [mean, variance]


def norm_with_kept_axes(x, gamma, beta, running, training=True):
    mean, variance = np.asarray(running[0]), np.asarray(running[1])
    if not training:
        return (x - mean) / (variance + 1e-5) ** 0.5 * gamma + beta, (mean.copy(), variance.copy())
    axes = (0,) if x.ndim == 2 else (0, 1, 2)
    mu = np.sum(x, axis=axes, keepdims=True) * (x.shape[-1] / x.size)
    centred = x - mu
    sigma2 = np.sum(np.square(centred), axis=axes, keepdims=True) * (x.shape[-1] / x.size)
    new = (mean * 0.9 + mu.ravel() * 0.1).tolist(), (variance * 0.9 + sigma2.ravel() * 0.1).tolist()
    return centred / np.sqrt(sigma2 + 1e-5) * gamma.reshape(1, -1) + beta, new


def stop_by_counting(val_losses, patience):
    best_epoch, wait = 0, 0
    best = val_losses[0]
    for epoch in range(1, len(val_losses)):
        if val_losses[epoch] < best:
            best, best_epoch, wait = val_losses[epoch], epoch, 0
        else:
            wait += 1
        if wait >= patience:
            return [epoch, best_epoch]
    return [len(val_losses) - 1, best_epoch]


def stop_by_argmin(val_losses, patience):
    for epoch in range(len(val_losses)):
        best = int(np.argmin(val_losses[: epoch + 1]))
        if epoch - best >= patience:
            break
    return epoch, best


def stop_by_cumulative_minima(val_losses, patience):
    lowest = np.minimum.accumulate(val_losses)
    best = np.searchsorted(-lowest, -lowest, side="left")  # where each lowest loss was first reached
    late = np.flatnonzero(np.arange(len(lowest)) - best >= patience)
    stop = late[0] if late.size else len(lowest) - 1
    return np.array([stop, best[stop]])


def stop_by_searching(val_losses, patience):
    best = 0
    while True:
        lower = [k for k in range(best + 1, len(val_losses)) if val_losses[k] < val_losses[best]]
        if not lower or lower[0] > best + patience:
            return np.int64(min(best + patience, len(val_losses) - 1)), float(best)
        best = lower[0]


def stop_by_while(val_losses, patience):
    epoch, best, since = 0, 0, 0
    while epoch + 1 < len(val_losses) and since < patience:
        epoch += 1
        since += 1
        if val_losses[epoch] < val_losses[best]:
            best, since = epoch, 0
    return (epoch, best)


TASKS = (
    Task(
        ASSIGNMENT,
        "dropout",
        "dropout(x, rate, rng, training=True)",
        drop,
        drop_cases,
        DROP_MISCONCEPTIONS,
        read="dropout-dropout",
        accepted=(
            drop_by_binomial,
            drop_by_choice,
            drop_one_by_one,
            drop_in_float32,
            drop_with_a_mask_of_bools,
        ),
        result=("array", "array"),
        parts=("output", "mask"),
        keywords=("training",),
        shape="Output and mask have the input's shape.",
    ),
    Task(
        ASSIGNMENT,
        "dropout_backward",
        "dropout_backward(grad, mask, rate)",
        drop_backward,
        backward_cases,
        BACKWARD_MISCONCEPTIONS,
        read="dropout-dropout-backward",
        accepted=(
            backward_one_by_one,
            backward_where,
            backward_scaled_mask,
            backward_by_index,
            backward_by_einsum,
        ),
        explain=explain_backward,
        shape="It is the shape of `grad`: each number of the input has its own gradient.",
    ),
    Task(
        ASSIGNMENT,
        "spatial_dropout2d",
        "spatial_dropout2d(images, rate, rng, training=True)",
        drop_maps,
        maps_cases,
        MAPS_MISCONCEPTIONS,
        read="dropout-spatial-dropout2d",
        helpers=("dropout",),
        accepted=(
            maps_by_repeating,
            maps_by_loops,
            maps_by_dropout,
            maps_by_moved_axes,
            maps_by_einsum,
        ),
        result=("array", "array"),
        parts=("output", "mask"),
        keywords=("training",),
        shape="The output has the images' shape; the mask has it too, or (N, 1, 1, C).",
    ),
    Task(
        ASSIGNMENT,
        "batch_norm",
        "batch_norm(x, gamma, beta, running, training=True)",
        normalise,
        norm_cases,
        NORM_MISCONCEPTIONS,
        read="dropout-batch-norm",
        accepted=(
            norm_by_rows,
            norm_by_channels,
            norm_as_one_line,
            norm_in_float32,
            norm_with_kept_axes,
        ),
        result=("array", "table"),
        parts=("output", "running"),
        keywords=("training",),
        may_share=lambda x, gamma, beta, running, training=True: not training,
        shape="The output has the input's shape; running is a pair of (C,).",
    ),
    Task(
        ASSIGNMENT,
        "early_stopping",
        "early_stopping(val_losses, patience)",
        stop_early,
        stop_cases,
        STOP_MISCONCEPTIONS,
        read="dropout-early-stopping",
        accepted=(
            stop_by_counting,
            stop_by_argmin,
            stop_by_cumulative_minima,
            stop_by_searching,
            stop_by_while,
        ),
        explain=explain_stop,
        result="table",
        shape="Two numbers are asked for: the epoch to stop after, and the epoch to restore.",
    ),
)
