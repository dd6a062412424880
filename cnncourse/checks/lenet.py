"""What right means for the functions of 06-lenet, and the ways people get them wrong.

The chapter is ``book/lenet.md``. The references are written apart from :mod:`cnncourse.lenet`; the tests hold them
against Keras, scikit-learn and the paper of 1998. Training is watched through networks and optimizers that only keep
notes, and what is random is judged by statistics, never by draws.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from cnncourse.checks.calling import Fault
from cnncourse.checks.given import Network, Optimizer
from cnncourse.checks.materials import (
    KINDS,
    backwards,
    every_other,
    from_generator,
    misconceptions,
    normals,
    number,
    whole_numbers,
)
from cnncourse.checks.task import Case, Panel, Rng, Task, Told

ASSIGNMENT = "06-lenet"

# -- one_hot ---------------------------------------------------------------------------------------------------------


def one_hot_rows(labels, num_classes):
    return np.array([[float(c == label) for c in range(num_classes)] for label in labels])


def one_hot_cases(rng):
    def some(count, classes):
        """Labels in which the last class occurs, out of order and more than once."""
        labels = rng.integers(0, classes - 1, count)
        labels[rng.integers(0, count)] = classes - 1
        return labels

    about = "as many labels as classes"
    cases = [Case(about, (np.array([1, 0]), 2)), Case(about, (np.array([1, 1, 2]), 3))]
    cases += [Case(about, (np.array([2, 0, 1]), 3)), Case(about, (some(6, 6), 6))]
    about = "more labels than classes"
    cases += [Case(about, (np.array([1, 0, 1, 1]), 2)), Case(about, (some(9, 4), 4)), Case(about, (some(25, 10), 10))]
    about = "fewer labels than classes"
    cases += [Case(about, (np.array([2]), 3)), Case(about, (np.array([4, 1]), 5)), Case(about, (some(4, 10), 10))]
    about = "classes that do not occur"
    cases += [Case(about, (np.array([0, 0]), 2)), Case(about, (np.array([1, 3, 1]), 6))]
    cases += [Case(about, (rng.integers(2, 7, 8), 10)), Case(about, (np.array([3, 3, 3, 3]), 4))]
    about = "labels of any whole-number type, and views"
    cases += [Case(about, (np.array([2, 0, 3], kind), 4)) for kind in ("u1", "i1", "i4", "u8")]
    cases += [Case(about, (every_other(some(5, 4)), 4)), Case(about, (backwards(some(5, 4)), 4))]
    cases.append(Case(about, (np.array([200, 7], "u1"), 201)))
    cases.append(Case(about, (some(40, 10).astype("u1"), 10)))
    return cases


def explain_one_hot(args, index):
    labels, num_classes = args
    i, c = index
    is_it = "so" if labels[i] == c else "not"
    return [Panel("labels", labels[None].astype(float), (slice(0, 1), slice(i, i + 1)))], (
        f"Row {i} belongs to label {labels[i]}; is that class {c}? It is {is_it}, hence {int(labels[i] == c)} at "
        f"entry [{i}, {c}]."
    )


def placed(column, width=lambda labels, num_classes: num_classes, value=lambda label: 1.0):
    """One-hot rows with their number in another column, of another width, or of another value."""

    def wrong(labels, num_classes):
        labels = np.asarray(labels).astype(int)
        out = np.zeros((len(labels), width(labels, num_classes)))
        for row, label in zip(out, labels, strict=True):
            row[column(label, num_classes)] = value(label)
        return out

    return wrong


def of_one_hot(change):
    return lambda labels, num_classes: change(one_hot_rows(labels, num_classes))


def every_column(labels, num_classes):
    out = np.zeros((len(labels), num_classes))
    out[:, np.asarray(labels, int)] = 1
    return out


def by_rank(labels, num_classes):
    _, ranks = np.unique(np.asarray(labels, int), return_inverse=True)
    return one_hot_rows(ranks.ravel(), num_classes)


ONE_HOT_MISCONCEPTIONS = misconceptions(
    (
        "every row gets every label",
        every_column,
        "Each row has a 1 for all the labels of the batch. With a `:` for the rows, NumPy takes every row for every "
        "label; each row has one label, its own.",
    ),
    (
        "rows and columns exchanged",
        of_one_hot(lambda out: out.T),
        "The samples are your columns. A sample is a row, as everywhere in the course; a class is a column.",
    ),
    (
        "counted from 1",
        placed(lambda label, n: label - 1),
        "Your 1 stands one column too far to the left: labels are counted from 0, so label 0 belongs into column 0.",
    ),
    (
        "one column too far to the right",
        placed(lambda label, n: label + 1, lambda labels, n: n + 1),
        "There is one column too many, and column 0 is never used: labels are counted from 0.",
    ),
    (
        "only as many columns as the labels need",
        placed(lambda label, n: label, lambda labels, n: labels.max() + 1),
        "The number of columns comes from the largest label that happens to occur. A batch without a nine would give a "
        "narrower table than the next: `num_classes` says how many columns there are.",
    ),
    (
        "columns only for the classes that occur",
        lambda labels, n: one_hot_rows(labels, n)[:, np.unique(np.asarray(labels, int))],
        "Classes that do not occur in this batch have no column. They are classes all the same: `num_classes` says how "
        "many columns there are.",
    ),
    (
        "ranks instead of labels",
        by_rank,
        "Labels are renumbered, the smallest that occurs becoming 0. A label is a column's number as it stands.",
    ),
    (
        "zeros and ones exchanged",
        of_one_hot(lambda out: 1 - out),
        "Your rows are 0 for the class and 1 elsewhere. It is the other way round: one is *hot*.",
    ),
    (
        "the label itself instead of 1",
        placed(lambda label, n: label, value=float),
        "The label's own number stands in its column. It is a 1 for every class; otherwise a nine would count nine "
        "times as much as a one, and a zero nothing.",
    ),
    (
        "ones up to the label",
        lambda labels, n: np.array([[float(c <= label) for c in range(n)] for label in labels]),
        "Each row has ones up to its label. That says “at least”; classes are no sizes, and one column is meant.",
    ),
    (
        "columns from right to left",
        of_one_hot(lambda out: out[:, ::-1]),
        "Class 0 is your last column. Columns are counted from the left.",
    ),
    (
        "labels' order lost",
        of_one_hot(lambda out: out[np.argsort(-out @ np.arange(out.shape[1]), kind="stable")[::-1]]),
        "Your rows are sorted by class. Row i belongs to label i, or it no longer belongs to its image.",
    ),
    (
        "labels ignored",
        lambda labels, n: np.eye(len(labels), n),
        "Row i has its 1 in column i, whatever the label is: this is the identity matrix. Choose its rows by the "
        "labels.",
    ),
    (
        "only the first label",
        lambda labels, n: one_hot_rows([labels[0]] * len(labels), n),
        "Every row is that of the first label.",
    ),
    (
        "one row for all labels",
        of_one_hot(lambda out: out.sum(axis=0)),
        "You have added up the rows, and counted the classes. Each label has a row of its own.",
    ),
    (
        "each row shared out",
        of_one_hot(lambda out: out / len(out)),
        "The ones are divided by the number of labels. The mean is taken later, in the loss.",
    ),
    (
        "minus one for the other classes",
        of_one_hot(lambda out: 2 * out - 1),
        "The other classes are −1 in your rows. They are 0.",
    ),
)


def one_hot_by_fancy_indices(labels, num_classes):
    out = np.zeros((len(labels), num_classes))
    out[np.arange(len(labels)), labels] = 1
    return out


def one_hot_by_identity(labels, num_classes):
    return np.eye(num_classes)[labels]


def one_hot_by_comparison(labels, num_classes):
    return (np.asarray(labels)[:, None] == np.arange(num_classes)).astype(np.float32)


def one_hot_by_loop(labels, num_classes):
    rows = []
    for label in labels:
        row = [0] * num_classes
        row[label] = 1
        rows.append(row)
    return np.array(rows)


def one_hot_by_put(labels, num_classes):
    out = np.zeros(len(labels) * num_classes)
    np.put(out, np.arange(len(labels)) * num_classes + labels.astype(np.int64), 1)
    return out.reshape(-1, num_classes)


# -- train_validation_split ------------------------------------------------------------------------------------------

PARTS = ("x_train", "y_train", "x_val", "y_val")


def split(x, y, fraction, rng):
    order = rng.permutation(len(x))
    count = round(fraction * len(x))
    held_out, kept = order[:count], order[count:]
    return x[kept], y[kept], x[held_out], y[held_out]


def out_of_order(count):
    """Different numbers, neither rising nor falling."""
    return 7919.0 * np.arange(1, count + 1) % 10_007 - 5000


def numbered(count, shape=(), labels=None):
    """Samples that can be told apart, and labels by which each can be told as well."""
    x = out_of_order(count * math.prod(shape)).reshape(count, *shape)
    y = 100 + 7 * np.arange(count)
    return x, (y if labels is None else labels(y))


def in_parts(call, *args):
    """The four arrays of a split; a fault where there is anything else."""
    return arrays_only(call(*args))


def arrays_only(parts):
    for k, found in enumerate(parts):
        if not isinstance(found, np.ndarray):
            raise Fault("None" if found is None else type(found).__name__, "array", k)
    return parts


def which(rows, of):
    """The number of each row within ``of``, −1 for rows that are none of them; None where the shapes differ."""
    if rows.ndim != of.ndim or rows.shape[1:] != of.shape[1:]:
        return None
    same = rows[:, None] == of
    if same.ndim > 2:
        same = same.reshape(len(rows), len(of), -1).all(axis=2)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)


def told(facts, found):
    """Whether each fact holds, as numbers; the first that does not, in words."""
    holds = [bool(fact) for fact in found]
    return Told(np.array(holds, float), "" if all(holds) else facts[holds.index(False)])


def sizes_of_split(call, x, y, fraction, rng):
    parts = in_parts(call, x, y, fraction, rng)
    sizes = [len(found) if found.ndim else -1 for found in parts]
    listed = ", ".join(f"{name} {size}" for name, size in zip(PARTS, sizes, strict=True))
    count = round(fraction * len(x))
    says = (
        f"Of {len(x)} samples a share of {fraction:g} is {number(fraction * len(x))}: put {count} aside, and "
        f"{len(x) - count} are left to train on. Yours: {listed}."
    )
    return Told(np.array(sizes, float), says)


ONCE = (
    "A sample is missing: it is in neither part.",
    "A sample is in both parts.",
    "A sample is twice in one part.",
)


def once(call, x, y, fraction, rng):
    parts = in_parts(call, x, y, fraction, rng)
    seen = [which(parts[0], x), which(parts[2], x)]
    if any(rows is None for rows in seen):
        return told(("Samples have lost their shape.",) * 3, (False,) * 3)
    kept, held_out = (np.array([np.sum(rows == k) for k in range(len(x))]) for rows in seen)
    return told(ONCE, ((kept + held_out > 0).all(), not ((kept > 0) & (held_out > 0)).any(), max(*kept, *held_out) < 2))


PAIRED = (
    "In the training part a sample has the label of another.",
    "In the validation part a sample has the label of another.",
    "The labels come in the order they came in, and the samples do not.",
)


def paired(call, x, y, fraction, rng):
    parts = in_parts(call, x, y, fraction, rng)
    found = _paired(parts, x, y)
    labels = [which(parts[k], y) for k in (1, 3)]
    in_order = any(rows is not None and len(rows) > 2 and (np.diff(rows) == 1).all() for rows in labels)
    return told(PAIRED, (*found, all(found) or not in_order))


def _paired(parts, x, y):
    found = []
    for k in (0, 2):
        samples, labels = which(parts[k], x), which(parts[k + 1], y)
        same = samples is not None and labels is not None and len(samples) == len(labels)
        found.append(same and (samples >= 0).all() and np.array_equal(samples, labels))
    return found


SHUFFLED = (
    "The samples put aside are the first ones, or the last ones, in a row.",
    "The training part is in the order it came in, with gaps where samples were put aside.",
    "The validation part is in the order it came in.",
)


def shuffled(call, x, y, fraction, rng):
    parts = in_parts(call, x, y, fraction, rng)
    kept, held_out = which(parts[0], x), which(parts[2], x)
    if kept is None or held_out is None or not len(kept) or not len(held_out):
        return told(("Samples have lost their shape, or one of the parts is empty.",) * 3, (False,) * 3)
    kept_order, held_order = np.diff(kept), np.diff(held_out)
    in_a_row = set(held_out.tolist()) in (set(range(len(held_out))), set(range(len(x) - len(held_out), len(x))))
    return told(
        SHUFFLED,
        (
            not in_a_row,
            (kept_order > 0).any() and (kept_order < 0).any(),
            (held_order > 0).any() and (held_order < 0).any(),
        ),
    )


SEEDED = (
    "Two generators with the same seed give two different splits: something random does not come from `rng`.",
    "Another seed gives the same split.",
    "A generator that was used before gives the same split again.",
    "NumPy's global generator, `np.random`, is used or seeded. Draw from `rng` alone.",
)


def seeded(call, x, y, fraction, seed):
    def drawn(rng):
        parts = in_parts(call, x, y, fraction, rng)
        return np.concatenate([parts[0].ravel(), parts[2].ravel()])

    return told(SEEDED, from_generator(drawn, seed))


def bounds(p, n, risk):
    """Between which two counts n throws of probability p fall, except with this risk: exact tails of the binomial."""
    k = np.arange(n + 1)
    logs = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(n + 1)])
    chances = np.exp(logs + k * math.log(p) + (n - k) * math.log(1 - p))
    below, above = np.cumsum(chances), np.cumsum(chances[::-1])[::-1]
    return int(k[below > risk / 2][0]), int(k[above > risk / 2][-1])


SPLITS, SAMPLES, HELD_OUT = 200, 12, 4
# 12 samples, 66 pairs and 12 first places are counted. Together they reject a right solution once in two million times.
RISK = 5e-7 / (2 * SAMPLES + SAMPLES * (SAMPLES - 1) // 2)
FAIR = (
    "Over {n} splits of {m} samples, some samples are put aside far more often than others.",
    "Over {n} splits of {m} samples, some pairs of samples are put aside together far more often than others.",
    "Over {n} splits of {m} samples, some samples come first in the training part far more often than others.",
)


def fair(call, x, y, fraction, seed):
    alone, together, first = np.zeros(SAMPLES), np.zeros((SAMPLES, SAMPLES)), np.zeros(SAMPLES)
    for parts in call.in_a_row([(x, y, fraction, np.random.default_rng([seed, k])) for k in range(SPLITS)]):
        parts = arrays_only(parts)
        kept, held_out = which(parts[0], x), which(parts[2], x)
        if kept is None or held_out is None or not len(kept) or min(kept.min(), held_out.min(initial=0)) < 0:
            return told(("Samples have lost their shape, or one of the parts is empty.",) * 3, (False,) * 3)
        alone[held_out] += 1
        together[np.ix_(held_out, held_out)] += 1
        first[kept[0]] += 1
    pairs = together[np.triu_indices(SAMPLES, 1)]
    found = []
    for counts, p in (
        (alone, HELD_OUT / SAMPLES),
        (pairs, HELD_OUT * (HELD_OUT - 1) / (SAMPLES * (SAMPLES - 1))),
        (first, 1 / SAMPLES),
    ):
        low, high = bounds(p, SPLITS, RISK)
        found.append(low <= counts.min() and counts.max() <= high)
    return told([words.format(n=SPLITS, m=SAMPLES) for words in FAIR], found)


WHOLE = ("A sample or a label is not what it was: values, shape or order within it have changed.",)


def whole(call, x, y, fraction, rng):
    """Samples of any shape and labels of any type stay what they are."""
    parts = in_parts(call, x, y, fraction, rng)
    seen = [which(found, array) for found, array in zip(parts, (x, y, x, y), strict=True)]
    known = all(rows is not None and (rows >= 0).all() for rows in seen)
    return told(PAIRED[:2] if known else WHOLE * 2, _paired(parts, x, y))


def split_cases(rng):
    cases = []
    about = "how many are put aside"
    for count, fraction in ((5, 0.2), (10, 0.3), (7, 0.4), (9, 0.3), (11, 0.25), (8, 0.45), (50, 0.1), (13, 0.75)):
        cases.append(Case(about, (*numbered(count), fraction, Rng(int(rng.integers(1000)))), probe=sizes_of_split))
    about = "shares that put aside nothing, or everything"
    for count, fraction in ((6, 0.0), (4, 0.1), (5, 1.0), (4, 0.9)):
        cases.append(Case(about, (*numbered(count), fraction, Rng(int(rng.integers(1000)))), probe=sizes_of_split))
    about = "every sample exactly once"
    for count, fraction, shape in ((40, 0.3, ()), (44, 0.25, (2,)), (50, 0.6, ())):
        args = (*numbered(count, shape), fraction, Rng(int(rng.integers(1000))))
        cases.append(Case(about, args, probe=once, expected=np.ones(3), facts=ONCE))
    about = "labels stay with their samples"
    for count, fraction in ((20, 0.3), (35, 0.4)):
        args = (*numbered(count), fraction, Rng(int(rng.integers(1000))))
        cases.append(Case(about, args, probe=paired, expected=np.ones(3), facts=PAIRED))
    about = "shuffled"
    for count, fraction in ((45, 0.4), (60, 0.5)):
        args = (*numbered(count), fraction, Rng(int(rng.integers(1000))))
        cases.append(Case(about, args, probe=shuffled, expected=np.ones(3), facts=SHUFFLED))
    about = "drawn from rng, and from nothing else"
    args = (*numbered(40), 0.25, int(rng.integers(1000)))
    cases.append(Case(about, args, probe=seeded, expected=np.ones(4), facts=SEEDED))
    about = "every sample equally likely"
    args = (*numbered(SAMPLES), HELD_OUT / SAMPLES, int(rng.integers(1000)))
    cases.append(Case(about, args, probe=fair, expected=np.ones(3), facts=FAIR, once=True))
    about = "samples of any shape, labels of any type"
    seeds = [Rng(int(seed)) for seed in rng.integers(1000, size=6)]
    options = (
        numbered(10, (2, 3, 1)),
        numbered(9, (2,), lambda y: np.array([f"label {n}" for n in y])),
        numbered(8, (3, 2), lambda y: np.stack([y, y + 1, -y], axis=1)),
        numbered(9, (), lambda y: y / 8),
        tuple(array.astype(kind) for array, kind in zip(numbered(9, (2,)), ("f4", "u1"), strict=True)),
        tuple(backwards(array) for array in numbered(11, (2,))),
    )
    for (x, y), seed in zip(options, seeds, strict=True):
        cases.append(Case(about, (x, y, 0.3, seed), probe=whole, expected=np.ones(2), facts=WHOLE * 2))
    return cases


def split_by(order, count=lambda n, fraction: round(fraction * n), labels=None):
    """The reference with another order, another count, or labels in an order of their own."""

    def wrong(x, y, fraction, rng):
        places, n = order(len(x), rng), count(len(x), fraction)
        of_labels = places if labels is None else labels(places, rng)
        return x[places[n:]], y[of_labels[n:]], x[places[:n]], y[of_labels[:n]]

    return wrong


def permutation(n, rng):
    return rng.permutation(n)


def last_ones(x, y, fraction, rng):
    n = len(x) - round(fraction * len(x))
    return x[:n].copy(), y[:n].copy(), x[n:].copy(), y[n:].copy()


def minus_zero(x, y, fraction, rng):
    order, count = rng.permutation(len(x)), round(fraction * len(x))
    return x[order[:-count]], y[order[:-count]], x[order[-count:]], y[order[-count:]]


def with_replacement(x, y, fraction, rng):
    count = round(fraction * len(x))
    kept, held_out = rng.integers(0, len(x), len(x) - count), rng.integers(0, len(x), count)
    return x[kept], y[kept], x[held_out], y[held_out]


def drawn_twice(x, y, fraction, rng):
    count = round(fraction * len(x))
    kept, held_out = rng.permutation(len(x))[: len(x) - count], rng.permutation(len(x))[:count]
    return x[kept], y[kept], x[held_out], y[held_out]


def trained_on_everything(x, y, fraction, rng):
    order, count = rng.permutation(len(x)), round(fraction * len(x))
    return x[order], y[order], x[order[:count]], y[order[:count]]


def in_order_within(x, y, fraction, rng):
    held_out = np.zeros(len(x), bool)
    held_out[rng.permutation(len(x))[: round(fraction * len(x))]] = True
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def block_from_anywhere(n, rng):
    return np.roll(np.arange(n), -int(rng.integers(n)))


def shuffled_in_parts(x, y, fraction, rng):
    count = round(fraction * len(x))
    held_out, kept = rng.permutation(count), count + rng.permutation(len(x) - count)
    return x[kept], y[kept], x[held_out], y[held_out]


def each_by_a_coin(x, y, fraction, rng):
    order = rng.permutation(len(x))
    held_out = rng.random(len(x)) < fraction
    return x[order[~held_out]], y[order[~held_out]], x[order[held_out]], y[order[held_out]]


NEAREST = "The share of N samples is rounded to the nearest whole number: 0.4 of 7 is 2.8, so 3."

SPLIT_MISCONCEPTIONS = misconceptions(
    (
        "not shuffled",
        last_ones,
        "Nothing is drawn: the samples stay in the order they came in, and the last ones, or the first, are put "
        "aside. Data often come sorted, all zeros first and all nines last: then the network never sees what it is "
        "tested on.",
    ),
    (
        "images and labels shuffled apart",
        split_by(permutation, labels=lambda places, rng: rng.permutation(len(places))),
        "Images and labels are shuffled by two different draws, so an image comes out with the label of another. Draw "
        "one order, and use it for both.",
    ),
    (
        "labels not shuffled",
        split_by(permutation, labels=lambda places, rng: np.arange(len(places))),
        "The samples are shuffled and the labels are not. Use the same order for both.",
    ),
    (
        "share of training instead of validation",
        split_by(permutation, lambda n, fraction: n - round(fraction * n)),
        "`fraction` is the share put aside; you keep that share for training.",
    ),
    (
        "order of the results exchanged",
        lambda x, y, fraction, rng: tuple(split(x, y, fraction, rng)[k] for k in (0, 2, 1, 3)),
        "The four arrays come back in another order than asked for: x_train, y_train, x_val, y_val. (scikit-learn's "
        "function returns both parts of x first.)",
    ),
    (
        "training and validation exchanged",
        lambda x, y, fraction, rng: tuple(split(x, y, fraction, rng)[k] for k in (2, 3, 0, 1)),
        "The part put aside comes back first. The order is x_train, y_train, x_val, y_val.",
    ),
    ("rounded down", split_by(permutation, lambda n, fraction: math.floor(fraction * n + 1e-9)), NEAREST),
    ("rounded up", split_by(permutation, lambda n, fraction: math.ceil(fraction * n - 1e-9)), NEAREST),
    (
        "nothing put aside turns into everything",
        minus_zero,
        "When nothing is to be put aside, your slice ends at −0, which is 0, and the two parts change places. Count "
        "from the front: a slice up to 0 is empty, as it should be.",
    ),
    (
        "one draw for every generator",
        lambda x, y, fraction, rng: split(x, y, fraction, np.random.default_rng(0)),
        "Every generator gives the same split: yours makes a new one with a seed of its own. Draw from the `rng` that "
        "you are given.",
    ),
    (
        "NumPy's global generator",
        lambda x, y, fraction, rng: split(x, y, fraction, np.random),
        "The order comes from `np.random` itself and not from `rng`, so nobody can repeat your split. Every draw is to "
        "be a method of `rng`.",
    ),
    (
        "the global generator seeded",
        lambda x, y, fraction, rng: (np.random.seed(0), split(x, y, fraction, np.random))[1],
        "`np.random.seed` fixes the split for good, and changes the draws of everybody else. Every draw is to be a "
        "method of `rng`.",
    ),
    (
        "samples drawn with replacement",
        with_replacement,
        "Some samples occur more than once and others never: `integers` and `choice` put each sample back before they "
        "draw the next one.",
    ),
    (
        "the two parts drawn one after the other",
        drawn_twice,
        "Each part has its samples once, but the two were drawn apart, so that they overlap. The network is then "
        "tested on what it has learned by heart. Draw one order, and cut it.",
    ),
    (
        "validation samples kept in training",
        trained_on_everything,
        "The samples put aside are still in the training part. The network is then tested on what it has learned by "
        "heart.",
    ),
    (
        "both parts in the old order",
        in_order_within,
        "Which samples are put aside is drawn, but within each part they come in the order they came in. Shuffle them "
        "too: sorted data make a poor first batch.",
    ),
    (
        "a block from anywhere",
        split_by(block_from_anywhere),
        "The start is drawn, and the samples put aside lie in a row behind it. Neighbours resemble each other: draw "
        "each sample on its own.",
    ),
    (
        "cut first, shuffled afterwards",
        shuffled_in_parts,
        "Each part is shuffled, and yet the same samples are put aside every time: the first ones. Shuffle before "
        "you cut.",
    ),
    (
        "a coin for each sample",
        each_by_a_coin,
        "Each sample is put aside with that probability, so the size of the parts is drawn as well. It is to be "
        "the rounded share, every time.",
    ),
)


def split_by_permutation(x, y, fraction, rng):
    order = rng.permutation(len(x))
    n = len(x) - int(np.rint(fraction * len(x)))
    return x[order[:n]], y[order[:n]], x[order[n:]], y[order[n:]]


def split_by_shuffle(x, y, fraction, rng):
    order = np.arange(x.shape[0])
    rng.shuffle(order)
    x, y = x[order], y[order]
    n = int(fraction * len(x) + 0.5)
    return [x[n:].copy(), y[n:].copy(), x[:n].copy(), y[:n].copy()]


def split_by_sorting(x, y, fraction, rng):
    order = np.argsort(rng.random(len(y)))
    held_out, kept = np.split(order, [round(fraction * len(y))])
    return (
        np.take(x, kept, axis=0),
        np.take(y, kept, axis=0),
        np.take(x, held_out, axis=0),
        np.take(y, held_out, axis=0),
    )


def split_by_loops(x, y, fraction, rng):
    places, held_out = list(range(len(x))), []
    while len(held_out) < round(fraction * len(x)):
        held_out.append(places.pop(int(rng.integers(len(places)))))
    rng.shuffle(places)

    def of(array, chosen):
        return np.array([array[k] for k in chosen], dtype=array.dtype).reshape(len(chosen), *array.shape[1:])

    return of(x, places), of(y, places), of(x, held_out), of(y, held_out)


def split_by_choice(x, y, fraction, rng):
    held_out = rng.choice(len(x), round(fraction * len(x)), replace=False)
    kept = rng.permutation(np.setdiff1d(np.arange(len(x)), held_out))
    return x[kept], y[kept], x[held_out], y[held_out]


# -- steps -----------------------------------------------------------------------------------------------------------


def sgd(param, grad, state, lr):
    return np.asarray(param, float) - lr * np.asarray(grad, float), {}


def with_momentum(param, grad, state, lr, momentum=0.9):
    velocity = momentum * state.get("velocity", 0.0) - lr * np.asarray(grad, float)
    return np.asarray(param, float) + velocity, {"velocity": velocity}


def adam(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    param, grad = np.asarray(param, float), np.asarray(grad, float)
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}


def adam_in_the_faster_order(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """The paper's section 2: both corrections go into the learning rate, epsilon stands beside the uncorrected root."""
    param, grad = np.asarray(param, float), np.asarray(grad, float)
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    rate = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    return param - rate * m / (np.sqrt(v) + eps), {"t": t, "m": m, "v": v}


NO_DICT = np.array([-1.0])  # stands for the numbers of a function whose state is no dict


def walk(step, param, grads, options):
    """The parameter after each of several steps; None when a state comes back that is no dict."""
    state, path = {}, []
    for grad in grads:
        param, state = step(param, grad, state, *options)
        if not isinstance(state, dict):
            return None, state
        path.append(np.asarray(param, float))
        if path[-1].shape != np.shape(grad):
            break
    return path, state


def told_of_a_walk(call, formula, param, grads, options):
    path, state = walk(call, param, grads, options)
    if path is None:
        kind = "None" if state is None else f"a {type(state).__name__}"
        return Told(NO_DICT, f"As state, {kind} comes back. It is a dict: the next step gets it as its `state`.")
    if path[-1].shape != np.shape(param):
        return Told(path[-1], "The new parameter has another shape than the old one.")
    return Told(np.stack(path), *_arithmetic(formula, path, param, grads, options))


def _arithmetic(formula, path, param, grads, options):
    """The first entry of the first step that is off: its sum in words, and what came before it."""
    right, _ = walk(REFERENCES[formula], param, grads, options)
    off = [
        ~(np.abs(mine - theirs) <= 1e-4 * max(1.0, np.abs(theirs).max()))
        for mine, theirs in zip(path, right, strict=False)
    ]
    k = next((k for k, entries in enumerate(off) if entries.any()), None)
    if k is None:
        return "", ()
    mine, entry = path[k], int(np.flatnonzero(off[k].ravel())[0])
    before = np.ravel(param if k == 0 else right[k - 1])
    g = [float(np.ravel(grad)[entry]) for grad in grads[: k + 1]]
    words = formula(float(before[entry]), g, options)
    which_step = f"Step {k + 1}" if len(grads) > 1 else "One step"
    says = f"{which_step}, entry {entry}: {words} Yours is {shown(np.ravel(mine)[entry])}."
    window = (slice(0, 1), slice(entry, entry + 1)) if entry < 8 else None
    panels = [Panel("param before", before[None, :8], window)]
    panels += [Panel(f"grad of step {j + 1}", np.ravel(grads[j])[None, :8].astype(float), window) for j in range(k + 1)]
    return says, tuple(panels)


def shown(value) -> str:
    return f"{float(value):.4g}".replace("-", "−")


def counted(count, one, several="") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def bracketed(value) -> str:
    return f"({shown(value)})" if value < 0 else shown(value)


def sum_of_sgd(before, grads, options):
    (lr,) = options
    return f"{shown(before)} − {shown(lr)} · {bracketed(grads[-1])} = {shown(before - lr * grads[-1])}."


def sum_of_momentum(before, grads, options):
    lr, momentum = (*options, 0.9)[:2]
    velocity = 0.0
    for grad in grads[:-1]:
        velocity = momentum * velocity - lr * grad
    now = momentum * velocity - lr * grads[-1]
    return (
        f"the velocity is {shown(momentum)} · {bracketed(velocity)} − {shown(lr)} · {bracketed(grads[-1])} = "
        f"{shown(now)}, and {shown(before)} + {bracketed(now)} = {shown(before + now)}."
    )


def sum_of_adam(before, grads, options):
    lr, beta1, beta2, eps = (*options, *(0.9, 0.999, 1e-8)[len(options) - 1 :])
    m = v = 0.0
    for grad in grads:
        m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2
    t = len(grads)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    after = before - lr * m_hat / (math.sqrt(v_hat) + eps)
    return (
        f"m is {shown(m)} and v is {shown(v)}; corrected for t = {t} they are {shown(m_hat)} and {shown(v_hat)}, and "
        f"{shown(before)} − {shown(lr)} · {bracketed(m_hat)} / (√{shown(v_hat)} + {eps:g}) = {shown(after)}."
    )


REFERENCES = {sum_of_sgd: sgd, sum_of_momentum: with_momentum, sum_of_adam: adam}


def steps(formula):
    """A probe that takes several steps, feeding back what comes out."""

    def probe(call, param, grads, *options):
        return told_of_a_walk(call, formula, param, grads, options)

    return probe


def steps_of_adam_with_any_epsilon(call, param, grads, *options):
    """Where the paper lets epsilon stand in two places, both are right."""
    found = steps(sum_of_adam)(call, param, grads, *options)
    faster, _ = walk(adam_in_the_faster_order, param, grads, options)
    if np.shape(found.numbers) == np.shape(faster) and np.allclose(found.numbers, faster, rtol=1e-4, atol=1e-6):
        return Told(np.stack(walk(adam, param, grads, options)[0]))
    return found


def one_after_the_other(formula):
    """Two parameters take turns, each with a state of its own."""

    def probe(call, params, grads, *options):
        states, now, path = [{}, {}], list(params), []
        for grad in grads:
            for k in (0, 1):
                now[k], states[k] = call(now[k], grad * (k + 1), states[k], *options)
                if not isinstance(states[k], dict):
                    return Told(NO_DICT)
                path.append(np.asarray(now[k], float))
        return Told(
            np.stack(path),
            "Two parameters took turns, each with a state of its own. What is remembered of one must not reach the "
            "other: keep it in the state, and nowhere else.",
        )

    return probe


def from_the_same_place_again(formula):
    """Two ways lead on from one state, and the second must not know of the first."""

    def probe(call, param, grads, *options):
        after, state = call(param, grads[0], {}, *options)
        if not isinstance(state, dict):
            return Told(NO_DICT)
        ways = [call(after, grad, state, *options)[0] for grad in (grads[1], grads[2], grads[1])]
        return Told(
            np.stack([np.asarray(way, float) for way in ways]),
            "Three second steps were taken from the same parameter and the same state, the first and the third with "
            "the same gradient. They must not know of each other: keep nothing outside the state, and make a new one "
            "each time.",
        )

    return probe


def step_cases(formula, options=((),), extra=lambda rng, add: None, remembers=True):
    """Cases for a step. ``options`` are what may follow the learning rate, each a property with its cases."""

    def cases(rng):
        found = []

        def add(about, param, grads, *rest, probe=None):
            found.append(Case(about, (param, tuple(grads), *rest), probe=probe or steps(formula)))

        def some(*shape):
            """Numbers of both signs, none near 0, where Adam's epsilon would show."""
            drawn = normals(rng, *shape) * 3
            return drawn + np.sign(drawn)

        about = "one step"
        add(about, whole_numbers(rng, 2), [whole_numbers(rng, 2)], 0.5)
        add(about, whole_numbers(rng, 3), [whole_numbers(rng, 3)], 2.0)
        add(about, some(4), [some(4)], 0.25)
        add(about, np.zeros(2), [whole_numbers(rng, 2)], 1.0)
        add(about, whole_numbers(rng, 2), [np.array([0.0, 5.0])], 1.5)
        about = "several steps"
        add(about, whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(2)], 0.5)
        add(about, some(2), [some(2) for _ in range(3)], 1.5)
        add(about, some(3), [some(3) for _ in range(6)], 0.75)
        grad = whole_numbers(rng, 2)
        add(about, whole_numbers(rng, 2), [grad] * 4, 0.5)
        add(about, whole_numbers(rng, 2), [grad, -grad, grad], 0.5)
        about = "parameters of any shape"
        for shape in ((1,), (2, 3), (3, 1), (2, 2, 1, 3)):
            add(about, whole_numbers(rng, *shape), [1.5 * whole_numbers(rng, *shape) for _ in range(2)], 0.5)
        whole, small = whole_numbers(rng, 3).astype(int), whole_numbers(rng, 3).astype(int)
        add(KINDS, whole, [some(3)], 0.5)
        add(KINDS, some(3), [small], 0.25)
        add(KINDS, whole, [small, small[::-1].copy()], 0.25)
        add(KINDS, whole.astype("i1"), [(small * 9).astype("i1"), small.astype("i1")], 1)
        add(KINDS, some(3).astype("f4"), [some(3).astype("f4") for _ in range(2)], 0.5)
        add(KINDS, every_other(some(2, 2)), [some(2, 2).T, backwards(some(2, 2))], 0.5)
        about = "what is remembered lies in the state" if remembers else "nothing is remembered elsewhere"
        pair = (some(2), some(2))
        add(about, pair, [some(2) for _ in range(3)], 0.5, probe=one_after_the_other(formula))
        add(about, some(2), [some(2) for _ in range(3)], 0.5, probe=from_the_same_place_again(formula))
        extra(rng, add)
        return found

    return cases


def rates(rng, add):
    for lr in (1e-2, 1, 10.0):
        add("large and small learning rates", whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(2)], lr)
    add("large and small learning rates", np.array([3.0, -2.0]), [whole_numbers(rng, 2)], 0.0)


def momenta(rng, add):
    for momentum in (0.0, 0.5, 0.9, 0.99, 1.0):
        add("other momenta", whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(3)], 0.5, momentum)
    rates(rng, add)


def betas(rng, add):
    for beta1, beta2 in ((0.5, 0.999), (0.0, 0.999), (0.8, 0.999)):
        add("another beta1", whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(3)], 2.0, beta1)
        add("another beta1", whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(4)], 2.0, beta1, beta2)
    for beta2 in (0.5, 0.9, 0.0):
        add("another beta2", whole_numbers(rng, 2), [whole_numbers(rng, 2) for _ in range(4)], 2.0, 0.9, beta2)
    any_epsilon = {"probe": steps_of_adam_with_any_epsilon}
    about = "epsilon"
    for eps in (0.5, 2.0):
        grads = [whole_numbers(rng, 2) for _ in range(3)]
        add(about, whole_numbers(rng, 2), grads, 2.0, 0.9, 0.999, eps, **any_epsilon)
    add(about, np.array([1.0, 2.0]), [np.array([1e-8, -3e-8]), np.array([2e-8, 0.0])], 2.0, **any_epsilon)
    add(about, np.array([1.0, 2.0]), [np.array([0.0, 4.0]), np.array([0.0, 1.0])], 2.0, **any_epsilon)
    rates(rng, add)


def floats_of(step):
    """A wrong step that sees floats."""

    @functools.wraps(step)
    def wrong(param, grad, state, *options):
        return step(np.asarray(param, float), np.asarray(grad, float), state, *options)

    return wrong


def sgd_by(change):
    return floats_of(lambda param, grad, state, lr: (change(param, grad, lr), {}))


def sgd_with_a_tuple(param, grad, state, lr):
    return np.asarray(param, float) - lr * np.asarray(grad, float), ()


def sgd_that_adds_up(param, grad, state, lr):
    total = state.get("total", 0.0) + grad
    return param - lr * total, {"total": total}


def sgd_that_rolls(param, grad, state, lr):
    velocity = 0.9 * state.get("velocity", 0.0) - lr * grad
    return param + velocity, {"velocity": velocity}


def sgd_with_less_and_less(param, grad, state, lr):
    t = state.get("t", 0) + 1
    return param - lr / t * grad, {"t": t}


UPHILL = "The step goes uphill. The gradient points to where the loss grows, so it is subtracted: watch the sign, once."
A_DICT = (
    "What comes back as the state is no dict. The next step of the same parameter gets it as its `state`, and a dict "
    "is what everybody agreed on; an empty one, `{}`, when there is nothing to remember."
)

SGD_MISCONCEPTIONS = misconceptions(
    ("uphill", sgd_by(lambda p, g, lr: p + lr * g), UPHILL),
    (
        "learning rate ignored",
        sgd_by(lambda p, g, lr: p - g),
        "The whole gradient is subtracted, whatever the learning rate is.",
    ),
    (
        "only the step",
        sgd_by(lambda p, g, lr: -lr * g),
        "You return the step itself. The new parameter is the old one plus the step.",
    ),
    (
        "only the length of the step",
        sgd_by(lambda p, g, lr: lr * g),
        "You return learning rate times gradient. The new parameter is the old one minus that.",
    ),
    (
        "nothing learned",
        sgd_by(lambda p, g, lr: p.copy()),
        "The parameter comes back as it was. Did the step get lost on the way to `return`?",
    ),
    (
        "only the sign of the gradient",
        sgd_by(lambda p, g, lr: p - lr * np.sign(g)),
        "Each entry moves by the learning rate, however steep it is. Gradient descent goes further where it is "
        "steeper.",
    ),
    (
        "divided by the gradient's length",
        sgd_by(lambda p, g, lr: p - lr * g / (np.linalg.norm(g) or 1)),
        "Your step has the same length everywhere: the gradient was divided by its own length. Here it is taken as it "
        "is.",
    ),
    (
        "mean of the gradient",
        sgd_by(lambda p, g, lr: p - lr * np.mean(g)),
        "Every entry takes the same step, by the gradient's mean. Each entry has a gradient of its own.",
    ),
    (
        "divided by the number of entries",
        sgd_by(lambda p, g, lr: p - lr * g / g.size),
        "The gradient is divided by the number of entries. The mean over the samples is in it already.",
    ),
    (
        "the learning rate as a share",
        sgd_by(lambda p, g, lr: (1 - lr) * p - lr * g),
        "The parameter itself shrinks with every step, as with weight decay. Only the gradient is multiplied by the "
        "learning rate.",
    ),
    (
        "multiplied instead of subtracted",
        sgd_by(lambda p, g, lr: p * (1 - lr * g)),
        "The step is multiplied by the parameter: a parameter of 0 would stay 0 for ever.",
    ),
    (
        "divided by the learning rate",
        sgd_by(lambda p, g, lr: p - g / lr if lr else p.copy()),
        "The gradient is divided by the learning rate, so a smaller rate makes larger steps.",
    ),
    (
        "steps that grow from call to call",
        floats_of(sgd_that_adds_up),
        "The first step is right; from then on the gradients of all steps are added up. Plain gradient descent "
        "remembers nothing.",
    ),
    (
        "momentum",
        floats_of(sgd_that_rolls),
        "The first step is right, and later ones still roll on from the earlier: that is momentum, the next function. "
        "Plain gradient descent remembers nothing.",
    ),
    (
        "steps that shrink from call to call",
        floats_of(sgd_with_less_and_less),
        "The first step is right, and each later one is smaller. The learning rate stays what it is given as.",
    ),
    (
        "half the step",
        sgd_by(lambda p, g, lr: p - lr * g / 2),
        "Your steps are half as long as they should be.",
    ),
    (
        "fractions cut off",
        lambda p, g, state, lr: ((p - lr * g).astype(np.asarray(p).dtype), {}),
        "A parameter of whole numbers comes back in whole numbers: what comes after the point is lost. Make it floats "
        "first.",
    ),
    ("state is no dict", sgd_with_a_tuple, A_DICT),
)


def momentum_by(rule):
    """A wrong step from ``rule(param, grad, velocity, lr, momentum)``, which returns the new parameter and velocity."""

    def step(param, grad, state, lr, momentum=0.9):
        param, grad = np.asarray(param, float), np.asarray(grad, float)
        new, velocity = rule(param, grad, state.get("velocity", np.zeros_like(param)), lr, momentum)
        return new, {"velocity": velocity}

    return step


def first_of(rule):
    """``rule(param, grad, velocity, lr, momentum)`` gives the velocity; the parameter follows it."""

    def whole_rule(param, grad, velocity, lr, momentum):
        velocity = rule(param, grad, velocity, lr, momentum)
        return param + velocity, velocity

    return momentum_by(whole_rule)


ROLLS = (
    "The velocity is what is kept of the old one, minus learning rate times gradient; then the parameter moves by it."
)


def looking_ahead(p, g, v, lr, mu):
    new = mu * v - lr * g
    return p + mu * new - lr * g, new


def momentum_shared():
    """The velocity lies outside; the state tells no more than that there was a first step."""
    kept = {}

    def step(param, grad, state, lr, momentum=0.9):
        before = kept.get("velocity", 0.0) if state else 0.0
        kept["velocity"] = momentum * before - lr * np.asarray(grad, float)
        return np.asarray(param, float) + kept["velocity"], {"started": True}

    return step


def momentum_with_an_array(param, grad, state, lr, momentum=0.9):
    velocity = -lr * np.asarray(grad, float)
    return np.asarray(param, float) + velocity, velocity


MOMENTUM_MISCONCEPTIONS = misconceptions(
    (
        "nothing remembered",
        first_of(lambda p, g, v, lr, mu: -lr * g),
        "Each step is that of plain gradient descent. The velocity of the step before has to come out of `state`, and "
        "the new one to go into the state that you return.",
    ),
    ("uphill", first_of(lambda p, g, v, lr, mu: mu * v + lr * g), UPHILL),
    (
        "a running mean",
        first_of(lambda p, g, v, lr, mu: mu * v - (1 - mu) * lr * g),
        "The gradient is multiplied by 1 − momentum, as in Adam's running mean. Here the velocity gets it whole, so "
        "that a steady slope makes steps ten times as long with a momentum of 0.9.",
    ),
    (
        "looking ahead",
        momentum_by(looking_ahead),
        "This is Nesterov's momentum, which goes part of the next step as well. " + ROLLS,
    ),
    (
        "momentum and gradient exchanged",
        first_of(lambda p, g, v, lr, mu: lr * v - mu * g),
        "Momentum and learning rate have changed places: " + ROLLS[0].lower() + ROLLS[1:],
    ),
    (
        "the old velocity",
        momentum_by(lambda p, g, v, lr, mu: (p + v, mu * v - lr * g)),
        "The parameter moves by the velocity of the step before. First the new velocity, then the move.",
    ),
    (
        "velocity not updated",
        momentum_by(lambda p, g, v, lr, mu: (p + mu * v - lr * g, -lr * g)),
        "The state keeps the last gradient's step and not the velocity: what was rolling two steps ago is forgotten.",
    ),
    (
        "momentum of one",
        first_of(lambda p, g, v, lr, mu: v - lr * g),
        "The old velocity is kept whole, and nothing ever slows down: `momentum` is the share of it that is kept.",
    ),
    (
        "momentum always 0.9",
        first_of(lambda p, g, v, lr, mu: 0.9 * v - lr * g),
        "Right for a momentum of 0.9 only: the argument tells how much is kept.",
    ),
    (
        "momentum taken off",
        first_of(lambda p, g, v, lr, mu: -mu * v - lr * g),
        "The old velocity is subtracted, and the parameter swings to and fro. A ball rolls on in the direction it had.",
    ),
    (
        "learning rate on the velocity as well",
        first_of(lambda p, g, v, lr, mu: lr * (mu * v - g)),
        "The old velocity is multiplied by the learning rate a second time; it is in there already.",
    ),
    (
        "learning rate ignored",
        first_of(lambda p, g, v, lr, mu: mu * v - g),
        "The gradient goes into the velocity whole, whatever the learning rate is.",
    ),
    (
        "the share that is lost",
        first_of(lambda p, g, v, lr, mu: (1 - mu) * v - lr * g),
        "Of the old velocity, 1 − momentum is kept. `momentum` is the share that is kept, not the one that is lost.",
    ),
    (
        "gradient of the move added twice",
        momentum_by(lambda p, g, v, lr, mu: (p + (mu * v - lr * g) - lr * g, mu * v - lr * g)),
        "The gradient's step is taken twice: once within the velocity, once on its own.",
    ),
    (
        "only the velocity",
        momentum_by(lambda p, g, v, lr, mu: (mu * v - lr * g, mu * v - lr * g)),
        "You return the velocity. The new parameter is the old one plus the velocity.",
    ),
    (
        "one velocity for all parameters",
        momentum_shared(),
        "The velocity lives outside the state, so that two parameters share it and a training that starts afresh does "
        "not. Take it out of `state`, and return it in the new one.",
    ),
    ("state is no dict", momentum_with_an_array, A_DICT),
)


def adam_by(rule=None, start=0, m_of=None, v_of=None):
    """A wrong Adam: ``rule`` gives the step for a learning rate of 1, ``m_of`` and ``v_of`` the running means."""

    def step(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        param, grad = np.asarray(param, float), np.asarray(grad, float)
        t = state.get("t", start) + 1
        m, v = state.get("m", np.zeros_like(param)), state.get("v", np.zeros_like(param))
        m = m_of(m, grad, beta1, beta2) if m_of else beta1 * m + (1 - beta1) * grad
        v = v_of(v, grad, beta1, beta2) if v_of else beta2 * v + (1 - beta2) * grad**2
        change = (rule or _whole_rule)(m, v, t, beta1, beta2, eps, grad)
        return param - lr * change, {"t": t, "m": m, "v": v}

    return step


def _whole_rule(m, v, t, b1, b2, eps, grad):
    return m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)


def adam_only(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new, state = adam(param, grad, state, lr, beta1, beta2, eps)
    return new - param, state


def adam_uphill(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    return adam(param, grad, state, -lr, beta1, beta2, eps)


def adam_with_defaults(which_ones):
    def step(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        given = {"beta1": beta1, "beta2": beta2, "eps": eps}
        return adam(param, grad, state, lr, **{k: v for k, v in given.items() if k not in which_ones})

    return step


def adam_without_memory(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    return adam(param, grad, {}, lr, beta1, beta2, eps)[0], {}


def adam_that_stands_still(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """t stays 1."""
    new, state = adam(param, grad, state | {"t": 0} if state else {}, lr, beta1, beta2, eps)
    return new, state


def adam_shared():
    """t is counted outside, from the last start of any parameter."""
    kept = {"t": 0}

    def step(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        kept["t"] = kept["t"] + 1 if state else 1
        new, mine = adam(param, grad, {**state, "t": kept["t"] - 1}, lr, beta1, beta2, eps)
        return new, {"m": mine["m"], "v": mine["v"]}

    return step


def adam_with_a_tuple(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new, state = adam(param, grad, {}, lr, beta1, beta2, eps)
    return new, (state["m"], state["v"], state["t"])


BOTH_MEANS = (
    "Both running means start at 0 and are too small at first; each is divided by 1 minus its own beta to the power t."
)

ADAM_MISCONCEPTIONS = misconceptions(
    (
        "no correction for the start",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (np.sqrt(v) + eps)),
        "The running means are used as they are. " + BOTH_MEANS,
    ),
    (
        "only m corrected",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (np.sqrt(v) + eps)),
        "m is corrected for its start at 0, and v is not. " + BOTH_MEANS,
    ),
    (
        "only v corrected",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (np.sqrt(v / (1 - b2**t)) + eps)),
        "v is corrected for its start at 0, and m is not. " + BOTH_MEANS,
    ),
    (
        "steps counted one too far",
        adam_by(start=1),
        "The first step is counted as t = 2. It is 1: count up once, before t is used.",
    ),
    (
        "t stays 1",
        adam_that_stands_still,
        "Every step is corrected as if it were the first. t is counted up from step to step, so it has to be in the "
        "state that you return.",
    ),
    (
        "nothing remembered",
        adam_without_memory,
        "Each step is a first step: m, v and t have to come out of `state`, and to go into the state that you return.",
    ),
    (
        "root forgotten",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (v / (1 - b2**t) + eps)),
        "The step is divided by v itself, a square. Its root has the size of a gradient; only then does a step have "
        "the size of the learning rate.",
    ),
    (
        "epsilon under the root",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / np.sqrt(v / (1 - b2**t) + eps)),
        "Epsilon is added under the root, where 0.0001 of it becomes 0.01. It is added to the root.",
    ),
    (
        "epsilon forgotten",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / np.where(v == 0, 1, np.sqrt(v / (1 - b2**t)))),
        "Epsilon has no effect. It keeps very small gradients from making steps of full length.",
    ),
    (
        "epsilon fixed",
        adam_with_defaults(("eps",)),
        "Right for the usual epsilon only: the argument tells how large it is.",
    ),
    (
        "v without the square",
        adam_by(
            lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (np.sqrt(np.abs(v) / (1 - b2**t)) + eps),
            v_of=lambda v, g, b1, b2: b2 * v + (1 - b2) * g,
        ),
        "v is the running mean of the gradients themselves. It is that of their squares: it measures how large they "
        "are, whatever their signs.",
    ),
    (
        "v from m",
        adam_by(
            lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (np.sqrt(np.abs(m) / (1 - b2**t)) + eps),
        ),
        "v is made from m. It has a running mean of its own, of the squared gradients.",
    ),
    (
        "betas exchanged",
        adam_by(
            lambda m, v, t, b1, b2, eps, g: m / (1 - b2**t) / (np.sqrt(v / (1 - b1**t)) + eps),
            m_of=lambda m, g, b1, b2: b2 * m + (1 - b2) * g,
            v_of=lambda v, g, b1, b2: b1 * v + (1 - b1) * g**2,
        ),
        "beta1 and beta2 have changed places: beta1 belongs to m, beta2 to v.",
    ),
    (
        "beta1 for both",
        adam_by(
            lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (np.sqrt(v / (1 - b1**t)) + eps),
            v_of=lambda v, g, b1, b2: b1 * v + (1 - b1) * g**2,
        ),
        "beta1 is used for both running means. v has beta2, which remembers much longer.",
    ),
    (
        "betas exchanged in the corrections",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b2**t) / (np.sqrt(v / (1 - b1**t)) + eps)),
        "m is corrected with beta2 and v with beta1. " + BOTH_MEANS,
    ),
    (
        "corrected with beta times t",
        adam_by(
            lambda m, v, t, b1, b2, eps, g: m / ((1 - b1) * t) / (np.sqrt(v / ((1 - b2) * t)) + eps),
        ),
        "The first step is right, and later ones are not: the correction is 1 minus beta *to the power* t, `1 - "
        "beta**t`.",
    ),
    (
        "gradients added up whole",
        adam_by(
            m_of=lambda m, g, b1, b2: b1 * m + g,
            v_of=lambda v, g, b1, b2: b2 * v + g**2,
        ),
        "The new gradient goes into m and v whole. In a running mean it has the share 1 − beta, or the means grow.",
    ),
    (
        "shares exchanged",
        adam_by(
            m_of=lambda m, g, b1, b2: (1 - b1) * m + b1 * g,
            v_of=lambda v, g, b1, b2: (1 - b2) * v + b2 * g**2,
        ),
        "The old mean gets the share 1 − beta and the new gradient beta. beta is the share that is kept.",
    ),
    (
        "gradient instead of m",
        adam_by(lambda m, v, t, b1, b2, eps, g: g / (np.sqrt(v / (1 - b2**t)) + eps)),
        "The step is taken with the gradient itself, as in RMSprop. Adam takes it with m, the mean of the gradients "
        "lately.",
    ),
    (
        "one size for the whole parameter",
        adam_by(lambda m, v, t, b1, b2, eps, g: m / (1 - b1**t) / (np.sqrt(np.mean(v) / (1 - b2**t)) + eps)),
        "One v is used for all entries. Each entry has a size of its own.",
    ),
    ("uphill", adam_uphill, UPHILL),
    (
        "only the step",
        adam_only,
        "You return the step itself. The new parameter is the old one plus the step.",
    ),
    (
        "betas fixed",
        adam_with_defaults(("beta1", "beta2")),
        "Right for the usual betas only: the arguments tell how large they are.",
    ),
    (
        "steps counted for all parameters together",
        adam_shared(),
        "t is counted outside the state, so that all parameters share it, and a training that starts afresh does not "
        "start at 1. Keep it in the state.",
    ),
    ("state is no dict", adam_with_a_tuple, A_DICT),
)


def sgd_in_place_of_a_copy(param, grad, state, lr):
    new = np.array(param, dtype=float)
    new -= lr * grad
    return new, state


def sgd_in_float32(param, grad, state, lr):
    return np.float32(1) * param - np.float32(lr) * grad.astype(np.float32), dict(state)


def sgd_by_entries(param, grad, state, lr):
    new = np.empty(param.shape)
    for index, value in np.ndenumerate(param):
        new[index] = value - lr * grad[index]
    return new, {}


def sgd_that_counts(param, grad, state, lr):
    return np.subtract(param, np.multiply(lr, grad, dtype=float)), {"steps": state.get("steps", 0) + 1}


def sgd_as_a_list(param, grad, state, lr):
    return [param + (-lr) * grad.astype(float), {**state}]


def momentum_of_pytorch(param, grad, state, lr, momentum=0.9):
    """The velocity without the learning rate, which is multiplied in at the end."""
    buffer = momentum * state.get("buffer", np.zeros(param.shape)) + grad
    return param - lr * buffer, {"buffer": buffer}


def momentum_by_entries(param, grad, state, lr, momentum=0.9):
    old = state.get("v", np.zeros(param.shape))
    new, velocity = np.zeros(param.shape), np.zeros(param.shape)
    for index in np.ndindex(param.shape):
        velocity[index] = momentum * old[index] - lr * grad[index]
        new[index] = param[index] + velocity[index]
    return new, {"v": velocity}


def momentum_in_float32(param, grad, state, lr, momentum=0.9):
    velocity = np.zeros(param.shape, np.float32)
    if "velocity" in state:
        velocity += np.float32(momentum) * state["velocity"]
    velocity -= np.float32(lr) * grad.astype(np.float32)
    return param.astype(np.float32) + velocity, {**state, "velocity": velocity}


def momentum_by_memory_of_gradients(param, grad, state, lr, momentum=0.9):
    """All gradients so far, weighted by their age."""
    grads = [*map(np.copy, state.get("grads", [])), np.array(grad, float)]
    ages = range(len(grads) - 1, -1, -1)
    return param - lr * sum(momentum**age * g for age, g in zip(ages, grads, strict=True)), {"grads": grads}


def momentum_on_copies(param, grad, state, lr, momentum=0.9):
    state = {key: value.copy() for key, value in state.items()}
    if not state:
        state["velocity"] = np.zeros(grad.shape)
    state["velocity"] *= momentum
    state["velocity"] -= lr * grad
    return param + state["velocity"], state


def adam_as_it_stands(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = state.get("m", np.zeros(param.shape)), state.get("v", np.zeros(param.shape)), state.get("t", 0)
    t += 1
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad.astype(float) ** 2 - v)
    step = lr * (m / (1 - beta1**t)) / (eps + (v / (1 - beta2**t)) ** 0.5)
    return param - step, dict(m=m, v=v, t=t)


def adam_by_entries(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    out, means = np.zeros(param.shape), dict(state.get("means", {}))
    t = state.get("t", 0) + 1
    for index in np.ndindex(param.shape):
        m, v = means.get(index, (0.0, 0.0))
        g = float(grad[index])
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        means[index] = (m, v)
        out[index] = param[index] - lr * (m / (1 - beta1**t)) / (math.sqrt(v / (1 - beta2**t)) + eps)
    return out, {"t": t, "means": means}


def adam_by_powers(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Keeps the powers of the betas in place of t."""
    if not state:
        state = {"m": np.zeros(param.shape), "v": np.zeros(param.shape), "powers": (1.0, 1.0)}
    m = beta1 * state["m"] + (1 - beta1) * grad
    v = beta2 * state["v"] + (1 - beta2) * np.square(grad, dtype=float)
    one, two = state["powers"][0] * beta1, state["powers"][1] * beta2
    return param - lr * m / (1 - one) / (np.sqrt(v / (1 - two)) + eps), {"m": m, "v": v, "powers": (one, two)}


def adam_in_float32(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    g = grad.astype(np.float32)
    t = np.int64(state.get("t", 0)) + 1
    m = np.float32(beta1) * state.get("m", np.float32(0)) + np.float32(1 - beta1) * g
    v = np.float32(beta2) * state.get("v", np.float32(0)) + np.float32(1 - beta2) * g * g
    m_hat, v_hat = m / np.float32(1 - beta1**t), v / np.float32(1 - beta2**t)
    new = param.astype(np.float32) - np.float32(lr) * m_hat / (np.sqrt(v_hat) + np.float32(eps))
    return new, {"t": t, "m": m, "v": v}


# -- the table of LeNet-5 --------------------------------------------------------------------------------------------

SHAPES = [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (1, 1, 120), (84,), (10,)]
PARAMS = [156, 0, 2416, 0, 48_120, 10_164, 850]
C5 = 5


def the_shapes():
    return list(SHAPES)


def the_params():
    return list(PARAMS)


def shape_of(k):
    """A probe: the shape of entry k, filled up with −1; (−1, −1, −1) when there is no such entry."""

    def probe(call):
        table = np.atleast_2d(call())
        if table.ndim != 2 or k >= len(table):
            return np.full(3, -1.0)
        row = np.full(max(3, table.shape[1]), -1.0)
        row[: table.shape[1]] = table[k]
        if k == C5 and row.tolist() == [120, -1, -1]:  # as one speaks of a layer of 120 units
            row[:] = SHAPES[C5]
        return row

    return probe


def how_many(call):
    return float(len(np.atleast_1d(call())))


def param_of(k):
    def probe(call):
        row = call()
        return row[k] if row.ndim == 1 and k < len(row) else -1.0

    return probe


SHAPE_HINTS = (
    (
        "the input",
        "Entry 0 is the image itself, a digit in the middle of 32 rows and 32 columns, with one channel for grey: "
        "rows, columns, channels.",
    ),
    ("C1", "C1 slides six 5 × 5 kernels over 32 × 32 pixels: how many places has an axis, and how many maps come out?"),
    (
        "S2",
        "S2 replaces windows of 2 × 2, which do not overlap, by one number each. Does pooling change how many maps "
        "there are?",
    ),
    ("C3", "C3 slides 5 × 5 kernels over 14 × 14 maps: how many places has an axis? It has 16 filters."),
    ("S4", "S4 pools as S2 does, over the maps of C3."),
    ("C5", "C5 has 120 kernels of 5 × 5, and the maps of S4 are as large as the kernels: how many places are left?"),
    ("F6", "F6 is a dense layer with 84 units: a tuple with one number."),
    ("the output", "The last entry is the output: one number for each of the classes, in a tuple of its own."),
)
PARAM_HINTS = (
    ("C1", "C1 has 6 filters of 5 × 5 over 1 channel, and a bias for each filter."),
    ("S2", "S2 is pooling. What would it learn? (In the form of today nothing.)"),
    ("C3", "C3 has 16 filters of 5 × 5, over all 6 maps of S2, and a bias for each filter."),
    ("S4", "S4 is pooling. What would it learn? (In the form of today nothing.)"),
    ("C5", "C5 has 120 filters of 5 × 5, over the 16 maps of S4, and a bias for each filter."),
    ("F6", "F6 is dense: each of its 84 units has a weight for each of the 120 numbers before it, and a bias."),
    (
        "the output",
        "The output is dense: each of its 10 units has a weight for each of the 84 numbers before it, and a bias.",
    ),
)


def shapes_cases(rng):
    exact = {"leeway": 1e-9}
    cases = [Case(name, (), probe=shape_of(k), says=says, **exact) for k, (name, says) in enumerate(SHAPE_HINTS)]
    says = "The list has the input and the output of each of the seven layers: C1, S2, C3, S4, C5, F6, output."
    return [*cases, Case("as many entries as layers, and the input", (), probe=how_many, says=says)]


def params_cases(rng):
    exact = {"leeway": 1e-9}
    cases = [Case(name, (), probe=param_of(k), says=says, **exact) for k, (name, says) in enumerate(PARAM_HINTS)]
    says = "The list has one number for each of the seven layers: C1, S2, C3, S4, C5, F6, output. The input has none."
    return [*cases, Case("as many entries as layers", (), probe=how_many, says=says)]


def instead(right, **entries):
    """The list with other entries: ``_3=(10, 10, 6)``."""

    def wrong():
        return [entries.get(f"_{k}", entry) for k, entry in enumerate(right)]

    return wrong


N_MINUS_F = "An axis of n pixels has n − f + 1 places for a kernel of f."

SHAPES_MISCONCEPTIONS = misconceptions(
    (
        "padded to the same size",
        lambda: [(32, 32, 1), (32, 32, 6), (16, 16, 6), (16, 16, 16), (8, 8, 16), (8, 8, 120), (84,), (10,)],
        "Your convolutions keep the size of their input. LeNet-5's are valid: nothing is padded. " + N_MINUS_F,
    ),
    (
        "places counted as n − f",
        lambda: [(32, 32, 1), (27, 27, 6), (13, 13, 6), (8, 8, 16), (4, 4, 16), (1, 1, 120), (84,), (10,)],
        N_MINUS_F + " You have one too few.",
    ),
    (
        "kernels of 3 × 3",
        lambda: [(32, 32, 1), (30, 30, 6), (15, 15, 6), (13, 13, 16), (6, 6, 16), (4, 4, 120), (84,), (10,)],
        "Your convolutions have kernels of 3 × 3. LeNet-5's have 5 × 5.",
    ),
    (
        "an image of 28 × 28",
        lambda: [(28, 28, 1), (24, 24, 6), (12, 12, 6), (8, 8, 16), (4, 4, 16), (1, 1, 120), (84,), (10,)],
        "You start with 28 × 28, the size of a picture of MNIST. LeNet-5 reads 32 × 32: the digit with a margin, so "
        "that its ends can come to the middle of a kernel.",
    ),
    (
        "28 × 28 padded in C1",
        instead(SHAPES, _0=(28, 28, 1)),
        "You start with MNIST's 28 × 28, which C1 would have to pad. LeNet-5 reads 32 × 32.",
    ),
    (
        "the input left out",
        lambda: SHAPES[1:],
        "The list starts with C1. The input belongs to it, as entry 0.",
    ),
    (
        "pooling left out",
        lambda: [SHAPES[k] for k in (0, 1, 3, 5, 6, 7)],
        "The pooling layers have no entries of their own. They change the shape as well: S2 and S4 belong to the list.",
    ),
    (
        "C5 left out",
        lambda: [*SHAPES[:5], (84,), (10,)],
        "C5 is missing: after S4 come 120 kernels of 5 × 5.",
    ),
    (
        "flattened before C5",
        lambda: [*SHAPES[:5], (400,), (120,), (84,), (10,)],
        "You flatten the maps of S4 into an entry of its own. C5 is a convolution of 5 × 5 over maps of 5 × 5; "
        "flattening is no layer of the list.",
    ),
    (
        "flattened where C5 stands",
        instead(SHAPES, _5=(400,)),
        "Where C5 stands you have 400 numbers, the maps of S4 in a row. C5 has 120 kernels, and each fits into one "
        "place.",
    ),
    (
        "C5 padded",
        instead(SHAPES, _5=(5, 5, 120)),
        "C5's kernels are as large as the maps they slide over. How many places are there, when nothing is padded?",
    ),
    (
        "maps that never become more",
        lambda: [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 6), (5, 5, 6), (1, 1, 120), (84,), (10,)],
        "C3 has as many maps as S2 in your list. The number of maps is the number of filters: 16 of them.",
    ),
    (
        "channels multiplied",
        lambda: [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 96), (5, 5, 96), (1, 1, 120), (84,), (10,)],
        "C3 has 6 · 16 maps in your list. Every filter looks at all six maps and gives one: the channels are summed.",
    ),
    (
        "channels first",
        lambda: [shape[-1:] + shape[:-1] if len(shape) == 3 else shape for shape in SHAPES],
        "The number of maps comes first in your shapes. Here it comes last: rows, columns, channels.",
    ),
    (
        "pooling that moves by one",
        lambda: [(32, 32, 1), (28, 28, 6), (27, 27, 6), (23, 23, 16), (22, 22, 16), (18, 18, 120), (84,), (10,)],
        "Your pooling windows overlap, moving by one pixel. They move by their own size, so that each axis is halved.",
    ),
    (
        "no channels",
        lambda: [shape[:2] if len(shape) == 3 else shape for shape in SHAPES],
        "Rows and columns are there, the channels are missing: how many maps has each layer?",
    ),
    (
        "with the batch",
        lambda: [(1, *shape) for shape in SHAPES],
        "Your shapes begin with a batch of one image. The shapes of one image are asked for.",
    ),
    (
        "numbers in place of shapes",
        lambda: [math.prod(shape) for shape in SHAPES],
        "You count how many numbers each layer gives. Its shape is asked for: rows, columns, channels.",
    ),
    (
        "parameters in place of shapes",
        lambda: [0, *PARAMS],
        "These are parameters, which the next function asks for. Here it is the shape of each layer's output.",
    ),
    (
        "from the output to the input",
        lambda: SHAPES[::-1],
        "Your list runs backwards. It begins with the input.",
    ),
    (
        "the output has 84",
        instead(SHAPES, _7=(84,)),
        "The last layer answers with one number for each class. How many digits are there?",
    ),
    (
        "F6 of 100",
        instead(SHAPES, _6=(100,)),
        "F6 has 84 units: each answered with a little picture of 7 × 12 pixels.",
    ),
)

PARAMS_MISCONCEPTIONS = misconceptions(
    (
        "biases forgotten",
        lambda: [150, 0, 2400, 0, 48_000, 10_080, 840],
        "Each filter and each unit has a bias as well.",
    ),
    (
        "the table of 1998",
        lambda: [156, 12, 1516, 32, 48_120, 10_164, 840],
        "These are the counts of 1998: pooling had two coefficients for each map, C3 saw some of the maps only, and "
        "the output measured distances. Here the form of today is asked for.",
    ),
    (
        "C3 of 1998",
        instead(PARAMS, _2=1516),
        "In 1998 each map of C3 saw three, four or six of the maps of S2, which makes 1,516. Here every filter sees "
        "all six.",
    ),
    (
        "pooling of 1998",
        instead(PARAMS, _1=12, _3=32),
        "In 1998 each pooled map had a coefficient and a bias of its own. Pooling today has nothing to learn.",
    ),
    (
        "channels forgotten",
        lambda: [156, 0, 416, 0, 3120, 10_164, 850],
        "Your kernels have one layer each. A filter has a kernel for every map it looks at.",
    ),
    (
        "one bias for each layer",
        lambda: [151, 0, 2401, 0, 48_001, 10_081, 841],
        "You count one bias for a layer. Each filter, and each unit, has one of its own.",
    ),
    (
        "a bias for every pixel",
        lambda: [150 + 28 * 28 * 6, 0, 2400 + 1600, 0, 48_120, 10_164, 850],
        "You count a bias for every pixel of a map. A filter has one, for the whole of its map.",
    ),
    (
        "a bias for every kernel",
        lambda: [156, 0, 2400 + 96, 0, 48_000 + 1920, 10_164, 850],
        "You count a bias for each map that a filter looks at. A filter has one.",
    ),
    (
        "connections instead of parameters",
        lambda: [122_304, 0, 241_600, 0, 48_120, 10_164, 850],
        "These are connections: each parameter is counted at every place it is used. It is shared by all of them, and "
        "counts once.",
    ),
    (
        "numbers of the outputs",
        lambda: [4704, 1176, 1600, 400, 120, 84, 10],
        "You count the numbers that come out of each layer. Parameters are what goes into training: kernels, weights, "
        "biases.",
    ),
    (
        "the input counted",
        lambda: [0, *PARAMS],
        "Your list starts with the input. It has one number for each layer after it.",
    ),
    (
        "pooling left out",
        lambda: [p for p in PARAMS if p],
        "The pooling layers are missing. They belong to the list, with 0.",
    ),
    (
        "pooling counted as convolution",
        instead(PARAMS, _1=4 * 6 * 6 + 6, _3=4 * 16 * 16 + 16),
        "You count pooling as if it had kernels. A maximum or a mean has nothing to learn.",
    ),
    (
        "kernels of 3 × 3",
        lambda: [60, 0, 880, 0, 17_400, 10_164, 850],
        "Your kernels are 3 × 3. LeNet-5's are 5 × 5.",
    ),
    (
        "the dense layer of 400 inputs",
        instead(PARAMS, _5=400 * 84 + 84),
        "F6 has 400 inputs in your count: those are the numbers of S4. Between them stands C5, which gives 120.",
    ),
    (
        "sums instead of entries",
        lambda: np.cumsum(PARAMS),
        "Each of your numbers contains those before it. One number for each layer is asked for.",
    ),
    (
        "the total added",
        lambda: [*PARAMS, sum(PARAMS)],
        "At the end you have added the total. One number for each layer is asked for.",
    ),
    (
        "from the output to the input",
        lambda: PARAMS[::-1],
        "Your list runs backwards. It begins with C1.",
    ),
    (
        "three channels",
        instead(PARAMS, _0=456),
        "C1 has three channels in your count. The digits are grey: one channel.",
    ),
)


def shapes_by_arithmetic():
    shapes, n = [(32, 32, 1)], 32
    for filters in (6, 16):
        n = n - 5 + 1
        shapes.append((n, n, filters))
        n //= 2
        shapes.append((n, n, filters))
    return [*shapes, (n - 4, n - 4, 120), (84,), (10,)]


def shapes_as_lists():
    return [[32, 32, 1], [28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [120], [84], [10]]


def shapes_as_a_tuple():
    return (32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (120,), (84,), (10,)


def shapes_by_convolving():
    """By looking at what comes out."""
    x, shapes = np.zeros((32, 32, 1), bool), []
    shapes.append(x.shape)
    for f in (6, 16):
        x = np.zeros((*np.lib.stride_tricks.sliding_window_view(x, (5, 5), (0, 1)).shape[:2], f), bool)
        shapes.append(x.shape)
        x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, f).max(axis=(1, 3))
        shapes.append(x.shape)
    return [*shapes, (1, 1, 120), np.zeros(84).shape, np.zeros(10).shape]


def shapes_as_arrays():
    return [np.array(shape) for shape in shapes_as_a_tuple()]


def params_by_hand():
    return [
        6 * (5 * 5 * 1 + 1),
        0,
        16 * (5 * 5 * 6 + 1),
        0,
        120 * (5 * 5 * 16 + 1),
        84 * (120 + 1),
        10 * (84 + 1),
    ]


def params_as_array():
    return np.array([156, 0, 2416, 0, 48120, 10164, 850])


def params_as_tuple():
    return 156, 0, 2416, 0, 48120, 10164, 850


def params_by_a_loop():
    counts, before = [], 1
    for inputs, outputs in ((25, 6), (0, 6), (25, 16), (0, 16), (25, 120), (1, 84), (1, 10)):
        counts.append((inputs * before + 1) * outputs if inputs else 0)
        before = outputs
    return counts


def params_as_floats():
    return [156.0, 0.0, np.float64(2416), np.int32(0), 48120.0, np.int64(10164), 850]


# -- train_epoch -----------------------------------------------------------------------------------------------------


def epoch(network, x, y, batch_size, optimizer, rng):
    order, total = rng.permutation(len(x)), 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(network.params, gradients)
        total += loss * len(batch)
    return total / len(x)


def watched_epoch(call, x, y, batch_size, rng, loss="1", params=None):
    """An epoch with a network and an optimizer that keep notes: what came back, the batches, the notes, the network."""
    network, optimizer = Network(loss, params), Optimizer()
    result = call(network, x, y, batch_size, optimizer, rng)
    notes = [(what, k) for _, what, k in sorted(network.notes + optimizer.notes)]
    return result, network.batches, notes, network


def samples(count, shape=()):
    return out_of_order(count * math.prod(shape)).reshape(count, *shape) / 100, 10 * np.arange(count) + 3


def batch_sizes(call, x, y, batch_size, rng):
    """How many batches, the sizes of the first and of the last one, and whether those between are like the first."""
    _, batches, _, _ = watched_epoch(call, x, y, batch_size, rng)
    sizes = [len(batch) for batch, _ in batches] or [0]
    alike = all(size == sizes[0] for size in sizes[:-1])
    listed = ", ".join(str(size) for size in sizes[:12]) if batches else "there is none"
    full, rest = divmod(len(x), batch_size)
    wanted = ", ".join(str(size) for size in [batch_size] * full + [rest] * (rest > 0))
    says = (
        f"{counted(len(x), 'sample')} in batches of {batch_size}: the sizes of the batches should be {wanted}; yours: "
        f"{listed}."
    )
    return Told(np.array([len(batches), sizes[0], sizes[-1], alike], float), says)


EACH_ONCE = ("Some samples are never trained on.", "Some samples are trained on more than once.")


def each_once(call, x, y, batch_size, rng):
    _, batches, _, _ = watched_epoch(call, x, y, batch_size, rng)
    seen = np.concatenate([which(batch, x) if which(batch, x) is not None else [-1] for batch, _ in batches] or [[-1]])
    counts = [int(np.sum(seen == k)) for k in range(len(x))]
    return told(EACH_ONCE, (min(counts) > 0, max(counts) < 2))


WITH_LABELS = (
    "In a batch an image has the label of another.",
    "A batch holds what is no sample of the data.",
    "The labels come in the order in which they lie in y, and the images do not.",
)


def with_labels(call, x, y, batch_size, rng):
    _, batches, _, _ = watched_epoch(call, x, y, batch_size, rng)
    found = [(which(images, x), which(labels, y)) for images, labels in batches]
    whole = bool(found) and all(a is not None and b is not None and (a >= 0).all() and (b >= 0).all() for a, b in found)
    right = whole and all(np.array_equal(images, labels) for images, labels in found)
    in_order = whole and (np.diff(np.concatenate([labels for _, labels in found])) == 1).all()
    return told(WITH_LABELS, (right, whole, right or not in_order))


IN_ORDER = (
    "The samples come in the order in which they lie in x.",
    "Two generators with the same seed give two different orders: something random does not come from `rng`.",
    "Another seed gives the same order.",
    "The second epoch, with the same generator, has the order of the first.",
    "NumPy's global generator, `np.random`, is used or seeded. Draw from `rng` alone.",
    "Each batch has its samples in the order in which they lie in x, or is a run of neighbours.",
)


def order_drawn(call, x, y, batch_size, seed):
    orders = []

    def order(rng):
        _, batches, _, _ = watched_epoch(call, x, y, batch_size, rng)
        found = [which(batch, x) for batch, _ in batches]
        orders.append([[] if rows is None else rows.tolist() for rows in found])
        return orders[-1]

    seeded_alike, seeded_apart, goes_on, untouched = from_generator(order, seed)
    first = orders[0]
    flat = [number_ for batch in first for number_ in batch]
    in_a_run = all(np.all(np.abs(np.diff(batch)) == 1) for batch in first)
    rising = all(np.all(np.diff(batch) > 0) for batch in first)
    mixed = flat != sorted(flat) and flat != sorted(flat, reverse=True)
    return told(
        IN_ORDER,
        (mixed, seeded_alike, seeded_apart, goes_on, untouched, not in_a_run and not rising),
    )


EPOCHS, EPOCH_SAMPLES, EPOCH_BATCH = 200, 8, 3
# 8 first places, and 28 pairs that may meet in the first batch.
EPOCH_RISK = 5e-7 / (EPOCH_SAMPLES + EPOCH_SAMPLES * (EPOCH_SAMPLES - 1) // 2)
EVENLY = (
    "Over {n} epochs, some samples come first far more often than others.",
    "Over {n} epochs, some pairs of samples meet in the first batch far more often than others.",
)


def every_order(call, x, y, batch_size, seed):
    first, together = np.zeros(EPOCH_SAMPLES), np.zeros((EPOCH_SAMPLES, EPOCH_SAMPLES))
    networks = [Network() for _ in range(EPOCHS)]
    call.in_a_row(
        [
            (network, x, y, batch_size, Optimizer(), np.random.default_rng([seed, k]))
            for k, network in enumerate(networks)
        ]
    )
    for network in networks:
        seen = which(network.batches[0][0], x) if network.batches else None
        if seen is None or not len(seen) or min(seen) < 0:
            return told(("The batches hold no samples of the data.",) * 2, (False, False))
        first[seen[0]] += 1
        together[np.ix_(seen, seen)] += 1
    pairs = together[np.triu_indices(EPOCH_SAMPLES, 1)]
    chance = EPOCH_BATCH * (EPOCH_BATCH - 1) / (EPOCH_SAMPLES * (EPOCH_SAMPLES - 1))
    found = []
    for counts, p in ((first, 1 / EPOCH_SAMPLES), (pairs, chance)):
        low, high = bounds(p, EPOCHS, EPOCH_RISK)
        found.append(low <= counts.min() and counts.max() <= high)
    return told([words.format(n=EPOCHS) for words in EVENLY], found)


def mean_loss(loss, words):
    """A probe: what comes back, for a loss that depends on nothing drawn."""

    def probe(call, x, y, batch_size, rng):
        result, _, _, _ = watched_epoch(call, x, y, batch_size, rng, loss)
        wanted, _, _, _ = watched_epoch(epoch, x, y, batch_size, np.random.default_rng(0), loss)
        here = f"{len(x)} samples in batches of {batch_size} have a mean of {shown(wanted)} here, yours is"
        return Told(np.asarray(result, float), f"{words} {here} {shown(result)}.")

    return probe


LOSS_WORDS = {
    "by size": "The short batch at the end has another loss than the full ones. The mean is over samples, so each "
    "batch's loss counts as often as the batch has samples.",
    "by turn": "The loss was different for every batch. The mean over all samples of the epoch is asked for.",
    "by params": "The loss of this network follows its parameters, which the optimizer changes after each batch. Each "
    "batch's loss is the one that `loss_and_gradients` gives, before its own step.",
    "of all samples": "The loss of a batch is the mean of its samples' numbers here, so the epoch's is that of all.",
}


def a_step_each(params):
    """A probe: every batch's gradients go to the optimizer once, before the next batch is looked at."""

    def probe(call, x, y, batch_size, rng):
        kept = {key: value.copy() for key, value in params.items()} if isinstance(params, dict) else [params[0].copy()]
        _, batches, notes, network = watched_epoch(call, x, y, batch_size, rng, params=kept)
        asked = [k for what, k in notes if what == "gradients"]
        taken = [k for what, k in notes if what == "update"]
        pairs = [(what, k) for k in asked for what in ("gradients", "update")]
        weights = network.params["w"] if isinstance(params, dict) else network.params[0]
        wanted = -(-len(x) // batch_size)
        says = (
            f"There should be {counted(wanted, 'batch', 'batches')}: `loss_and_gradients` was called "
            f"{counted(len(asked), 'time')}, `optimizer.update` {counted(len(taken), 'time')}. After each batch comes "
            "one step, with that batch's gradients and the network's own `params`."
        )
        return Told(np.array([len(asked), len(taken), notes == pairs, weights[0], weights[1]], float), says)

    return probe


def epoch_cases(rng):
    def seed():
        return Rng(int(rng.integers(1000)))

    cases = []
    for count, size in ((6, 2), (12, 4), (8, 1)):
        cases.append(Case("full batches", (*samples(count), size, seed()), probe=batch_sizes))
    for count, size in ((5, 2), (7, 3), (10, 4), (9, 8)):
        cases.append(Case("the short batch at the end", (*samples(count), size, seed()), probe=batch_sizes))
    for count, size in ((3, 5), (4, 4), (1, 3)):
        cases.append(
            Case("a batch as large as the data, or larger", (*samples(count), size, seed()), probe=batch_sizes)
        )
    about = "every sample once, with its label"
    for count, size, shape in ((9, 3, ()), (11, 4, (2,)), (13, 5, (2, 2, 1))):
        args = (*samples(count, shape), size, seed())
        cases.append(Case(about, args, probe=each_once, expected=np.ones(2), facts=EACH_ONCE))
    for count, size, shape in ((20, 4, ()), (21, 5, (2,)), (22, 5, (2, 2, 1))):
        args = (*samples(count, shape), size, seed())
        cases.append(Case(about, args, probe=with_labels, expected=np.ones(3), facts=WITH_LABELS))
    x, y = samples(20, (2,))
    args = (x.astype("f4"), np.stack([y, -y], axis=1), 6, seed())
    cases.append(Case(about, args, probe=with_labels, expected=np.ones(3), facts=WITH_LABELS))
    args = (backwards(x), np.array([f"label {n}" for n in y]), 6, seed())
    cases.append(Case(about, args, probe=with_labels, expected=np.ones(3), facts=WITH_LABELS))
    about = "an order drawn from rng"
    args = (*samples(40), 8, int(rng.integers(1000)))
    cases.append(Case(about, args, probe=order_drawn, expected=np.ones(6), facts=IN_ORDER))
    args = (*samples(EPOCH_SAMPLES), EPOCH_BATCH, int(rng.integers(1000)))
    cases.append(Case(about, args, probe=every_order, expected=np.ones(2), facts=EVENLY, once=True))
    about = "a step after every batch"
    for params in ({"w": np.zeros(2)}, [np.zeros(2)], {"w": np.array([3.0, -1.0])}, [np.array([2.0, 5.0])]):
        for count, size in ((6, 2), (7, 3), (2, 5)):
            cases.append(Case(about, (*samples(count), size, seed()), probe=a_step_each(params)))
    about = "the mean loss"
    for loss, count, size in (
        ("by turn", 4, 2),
        ("by turn", 9, 3),
        ("by params", 6, 2),
        ("of all samples", 6, 3),
        ("by turn", 3, 9),
    ):
        cases.append(Case(about, (*samples(count), size, seed()), probe=mean_loss(loss, LOSS_WORDS[loss])))
    about = "every batch's loss counts as its samples do"
    for loss, count, size in (
        ("by size", 5, 4),
        ("by size", 7, 3),
        ("by turn", 7, 4),
        ("by size", 11, 5),
        ("of all samples", 9, 4),
    ):
        cases.append(Case(about, (*samples(count), size, seed()), probe=mean_loss(loss, LOSS_WORDS[loss])))
    return cases


def epoch_by(
    order=lambda n, rng: rng.permutation(n),
    batches=lambda order, size: [order[k : k + size] for k in range(0, len(order), size)],
    labels=lambda batch, order, rng: batch,
    mean=lambda losses, sizes: np.dot(losses, sizes) / np.sum(sizes),
    update=True,
):
    """An epoch with one thing exchanged."""

    def wrong(network, x, y, batch_size, optimizer, rng):
        places, losses, sizes = order(len(x), rng), [], []
        for batch in batches(places, batch_size):
            loss, gradients = network.loss_and_gradients(x[batch], y[labels(batch, places, rng)])
            if update:
                optimizer.update(network.params, gradients)
            losses.append(loss)
            sizes.append(len(batch))
        return mean(np.array(losses), np.array(sizes)) if losses else 0.0

    return wrong


def dropping_the_rest(order, size):
    return [order[k * size : (k + 1) * size] for k in range(len(order) // size)]


def filled_up(order, size):
    return [np.take(order, range(k, k + size), mode="wrap") for k in range(0, len(order), size)]


def of_equal_sizes(order, size):
    return np.array_split(order, -(-len(order) // size))


def always_new(order, size):
    """As many batches as an epoch has, each drawn anew from all samples; used with an rng kept aside."""
    return [order[k : k + size] for k in range(0, len(order), size)]


def drawn_each_time(network, x, y, batch_size, optimizer, rng):
    losses = []
    for _ in range(-(-len(x) // batch_size)):
        batch = rng.choice(len(x), min(batch_size, len(x)), replace=False)
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(network.params, gradients)
        losses.append(loss)
    return np.mean(losses)


def shuffled_within(order, size):
    return [np.sort(order)[k : k + size] for k in range(0, len(order), size)]


def batches_in_another_order(network, x, y, batch_size, optimizer, rng):
    """The batches are always the same, and come in a drawn order."""
    batches = [np.arange(k, min(k + batch_size, len(x))) for k in range(0, len(x), batch_size)]
    total = 0.0
    for k in rng.permutation(len(batches)):
        loss, gradients = network.loss_and_gradients(x[batches[k]], y[batches[k]])
        optimizer.update(network.params, gradients)
        total += loss * len(batches[k])
    return total / len(x)


def one_step_at_the_end(network, x, y, batch_size, optimizer, rng):
    order, total = rng.permutation(len(x)), 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        total += loss * len(batch)
    optimizer.update(network.params, gradients)
    return total / len(x)


def loss_taken_again(network, x, y, batch_size, optimizer, rng):
    order, total = rng.permutation(len(x)), 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        _, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(network.params, gradients)
        total += network.loss_and_gradients(x[batch], y[batch])[0] * len(batch)
    return total / len(x)


def a_copy_updated(network, x, y, batch_size, optimizer, rng):
    order, total = rng.permutation(len(x)), 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        params = network.params
        copies = {k: v.copy() for k, v in params.items()} if isinstance(params, dict) else [p.copy() for p in params]
        optimizer.update(copies, gradients)
        total += loss * len(batch)
    return total / len(x)


def returning_after_the_first(network, x, y, batch_size, optimizer, rng):
    batch = rng.permutation(len(x))[:batch_size]
    loss, gradients = network.loss_and_gradients(x[batch], y[batch])
    optimizer.update(network.params, gradients)
    return loss


def updated_twice(network, x, y, batch_size, optimizer, rng):
    order, total = rng.permutation(len(x)), 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(network.params, gradients)
        optimizer.update(network.params, gradients)
        total += loss * len(batch)
    return total / len(x)


EVERY_SAMPLE = "An epoch shows every sample once."

EPOCH_MISCONCEPTIONS = misconceptions(
    (
        "mean over batches",
        epoch_by(mean=lambda losses, sizes: np.mean(losses)),
        "You average the losses of the batches, so the few samples of the short batch count as much as those of a "
        "full one. Weight each batch's loss by how many samples it has.",
    ),
    (
        "the short batch left out",
        epoch_by(batches=dropping_the_rest),
        "The samples that do not fill a batch are never used. " + EVERY_SAMPLE + " Let the last batch be shorter.",
    ),
    (
        "the short batch filled up",
        epoch_by(batches=filled_up),
        "The last batch is filled up with samples that have had their turn. "
        + EVERY_SAMPLE
        + " Let the last batch be shorter.",
    ),
    (
        "batches of equal sizes",
        epoch_by(batches=of_equal_sizes),
        "The samples are dealt out evenly. Batches have `batch_size` samples, and only the last may have fewer.",
    ),
    (
        "not shuffled",
        epoch_by(order=lambda n, rng: np.arange(n)),
        "The samples come in the order in which they lie in x, every time. Draw a new order from `rng` at the start "
        "of the epoch.",
    ),
    (
        "images and labels in different orders",
        epoch_by(labels=lambda batch, order, rng: np.roll(order, 1)[np.argsort(order)[batch]]),
        "Images and labels are put into different orders, so that most images come with the label of another. One "
        "order serves both.",
    ),
    (
        "labels not shuffled",
        epoch_by(labels=lambda batch, order, rng: np.argsort(order)[batch]),
        "The images are shuffled and the labels are not. One order serves both.",
    ),
    (
        "every batch drawn from all samples",
        drawn_each_time,
        "Each batch is drawn anew from all samples, so that some come up twice and others not at all. " + EVERY_SAMPLE,
    ),
    (
        "the same batches in another order",
        batches_in_another_order,
        "Only the order of the batches is drawn: each holds neighbours, always the same ones. Shuffle the samples "
        "before you cut them into batches.",
    ),
    (
        "one draw for every generator",
        epoch_by(order=lambda n, rng: np.random.default_rng(0).permutation(n)),
        "Every epoch has the same order: yours comes from a generator with a seed of its own. Draw from the `rng` "
        "that you are given.",
    ),
    (
        "NumPy's global generator",
        epoch_by(order=lambda n, rng: np.random.permutation(n)),
        "The order comes from `np.random` itself and not from `rng`, so nobody can repeat your training.",
    ),
    (
        "no step",
        epoch_by(update=False),
        "The gradients are computed and never used: the network ends as it began. Hand them to `optimizer.update`.",
    ),
    (
        "one step for the whole epoch",
        one_step_at_the_end,
        "There is one step, after all batches, with the last batch's gradients. A step belongs to every batch: is "
        "your `update` inside the loop?",
    ),
    (
        "a copy is trained",
        a_copy_updated,
        "The optimizer is given copies of the parameters, and the network keeps its old ones. Pass `network.params` "
        "itself.",
    ),
    (
        "two steps for each batch",
        updated_twice,
        "Each batch's gradients are applied twice.",
    ),
    (
        "loss taken after the step",
        loss_taken_again,
        "You ask for the loss a second time, after the step. That doubles the work, and the gradients that come with "
        "it are thrown away: take the loss that came with the first.",
    ),
    (
        "the last loss only",
        epoch_by(mean=lambda losses, sizes: losses[-1]),
        "You return the loss of the last batch. The mean over all samples is asked for.",
    ),
    (
        "sum instead of mean",
        epoch_by(mean=lambda losses, sizes: np.sum(losses)),
        "You return the sum of the batches' losses. The mean over the samples is asked for.",
    ),
    (
        "not divided at the end",
        epoch_by(mean=lambda losses, sizes: np.dot(losses, sizes)),
        "Each batch's loss is weighted, and the sum is not divided by the number of samples.",
    ),
    (
        "divided by the number of samples once more",
        epoch_by(mean=lambda losses, sizes: np.sum(losses) / np.sum(sizes)),
        "The losses are means already, and you divide their sum by the number of samples. Multiply each by its "
        "batch's size first.",
    ),
    (
        "every batch counted as full",
        epoch_by(mean=lambda losses, sizes: np.sum(losses) * sizes[0] / np.sum(sizes)),
        "The short batch's loss counts as if it were a full one. Weight it by the samples it really has.",
    ),
    (
        "only the first batch",
        returning_after_the_first,
        "It ends after one batch. Is your `return` inside the loop?",
    ),
    (
        "one sample at a time",
        epoch_by(batches=lambda order, size: [order[k : k + 1] for k in range(len(order))]),
        "Your batches hold one sample each, whatever `batch_size` says.",
    ),
    (
        "all samples at once",
        epoch_by(batches=lambda order, size: [order]),
        "All samples are one batch, whatever `batch_size` says, and there is a single step.",
    ),
    (
        "as many batches as a batch has samples",
        epoch_by(batches=lambda order, size: np.array_split(order, min(size, len(order)))),
        "`batch_size` is the size of a batch; you make that many batches.",
    ),
)


def epoch_with_slices(network, x, y, batch_size, optimizer, rng):
    order = np.arange(len(x))
    rng.shuffle(order)
    shuffled_x, shuffled_y = x[order], y[order]
    total = seen = 0
    for start in range(0, len(x), batch_size):
        some_x, some_y = shuffled_x[start : start + batch_size], shuffled_y[start : start + batch_size]
        loss, gradients = network.loss_and_gradients(some_x, some_y)
        optimizer.update(network.params, gradients)
        total += loss * some_x.shape[0]
        seen += some_x.shape[0]
    return total / seen


def epoch_with_while(network, x, y, batch_size, optimizer, rng):
    left, losses, weights = list(rng.permutation(len(x))), [], []
    while left:
        batch, left = left[:batch_size], left[batch_size:]
        loss, gradients = network.loss_and_gradients(np.take(x, batch, axis=0), np.take(y, batch, axis=0))
        optimizer.update(network.params, gradients)
        losses.append(float(loss))
        weights.append(len(batch))
    return np.average(losses, weights=weights)


def epoch_by_splitting(network, x, y, batch_size, optimizer, rng):
    order, params = np.argsort(rng.random(len(y))), network.params
    mean = np.float32(0)
    for batch in np.split(order, range(batch_size, len(order), batch_size)):
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(params, gradients)
        mean += np.float32(loss) * np.float32(len(batch) / len(order))
    return mean


def epoch_by_counting(network, x, y, batch_size, optimizer, rng):
    n = len(x)
    order = rng.choice(n, n, replace=False)
    total = 0
    for k in range(math.ceil(n / batch_size)):
        batch = [order[i] for i in range(k * batch_size, min((k + 1) * batch_size, n))]
        loss, gradients = network.loss_and_gradients(x[batch], y[batch])
        optimizer.update(gradients=gradients, params=network.params)
        total = total + len(batch) / n * loss
    return np.array(total)


def epoch_with_a_helper(network, x, y, batch_size, optimizer, rng):
    def each():
        order = rng.permutation(x.shape[0])
        yield from (order[start : start + batch_size] for start in range(0, x.shape[0], batch_size))

    def train(batch):
        loss, gradients = network.loss_and_gradients(x=x[batch], y=y[batch])
        optimizer.update(network.params, gradients)
        return [loss] * len(batch)

    return np.mean(sum(map(train, each()), []))


# -- confusion_matrix ------------------------------------------------------------------------------------------------


def confusions(labels, predictions, num_classes):
    counts = np.zeros((num_classes, num_classes))
    for true, predicted in zip(labels, predictions, strict=True):
        counts[int(true), int(predicted)] += 1
    return counts


def confusion_cases(rng):
    def case(about, labels, predictions, classes):
        return Case(about, (np.asarray(labels), np.asarray(predictions), classes))

    def some(classes, count):
        labels = rng.integers(0, classes, count)
        predictions = np.where(rng.random(count) < 0.6, labels, rng.integers(0, classes, count))
        return labels, predictions

    about = "each pair once"
    cases = [case(about, [0, 0, 1], [0, 1, 1], 2), case(about, [1], [0], 2), case(about, [2, 0, 1], [1, 2, 1], 3)]
    about = "pairs that occur more than once"
    cases += [case(about, [0, 0], [1, 1], 2), case(about, [0, 1, 1, 0, 1], [0, 0, 0, 0, 1], 2)]
    cases += [case(about, [2, 2, 2, 0, 1], [0, 0, 1, 1, 1], 3), case(about, *some(3, 20), 3)]
    cases += [case(about, *some(10, 300), 10), case(about, np.repeat([0, 1, 0], 300), np.repeat([0, 1], [260, 640]), 2)]
    about = "mistakes in one direction"
    cases += [case(about, [0, 0, 1], [1, 1, 1], 2), case(about, [0, 1, 1, 2], [2, 2, 2, 2], 3)]
    labels, predictions = np.triu_indices(4)
    cases.append(case(about, labels, predictions, 4))
    about = "everything right, everything wrong"
    cases += [case(about, [0, 1, 1], [0, 1, 1], 2), case(about, [1, 1, 0], [0, 0, 1], 2)]
    labels = rng.integers(0, 4, 12)
    cases += [case(about, labels, labels, 4), case(about, labels, (labels + 1) % 4, 4)]
    about = "classes that do not occur"
    cases += [case(about, [0], [0], 3), case(about, [1, 1, 3], [1, 3, 1], 6), case(about, [2, 2], [0, 0], 5)]
    cases += [case(about, [0, 0, 1], [1, 0, 1], 4)]
    about = "labels of any whole-number type, and views"
    for kind in ("u1", "i1", "i4", "u8"):
        labels, predictions = some(3, 8)
        cases.append(case(about, labels.astype(kind), predictions.astype(kind), 3))
    labels, predictions = some(20, 40)
    labels[:2], predictions[:2] = 19, (19, 18)
    cases.append(case(about, labels.astype("u1"), predictions.astype("u1"), 20))
    labels, predictions = some(3, 8)
    cases.append(Case(about, (every_other(labels), backwards(predictions), 3)))
    cases.append(case(about, labels.astype("u1"), predictions, 3))
    return cases


def explain_confusion(args, index):
    labels, predictions, num_classes = args
    panels = [
        Panel("labels", np.asarray(labels, float)[None, :12]),
        Panel("predictions", np.asarray(predictions, float)[None, :12]),
    ]
    return panels, "Row: the true class; column: the predicted one; entry: how many samples are such a pair."


def of_confusions(change):
    return lambda labels, predictions, n: change(confusions(labels, predictions, n).astype(float))


def fancy(labels, predictions, num_classes):
    out = np.zeros((num_classes, num_classes))
    out[np.asarray(labels, int), np.asarray(predictions, int)] += 1
    return out


def of_those_that_occur(labels, predictions, num_classes):
    seen = np.union1d(labels, predictions)
    return confusions(np.searchsorted(seen, labels), np.searchsorted(seen, predictions), len(seen))


def up_to_the_largest(labels, predictions, num_classes):
    return confusions(labels, predictions, int(max(np.max(labels), np.max(predictions))) + 1)


def right_and_wrong(labels, predictions, num_classes):
    hits = int(np.sum(np.asarray(labels) == predictions))
    return [[hits, 0], [0, len(labels) - hits]]


CONFUSION_MISCONCEPTIONS = misconceptions(
    (
        "rows and columns exchanged",
        of_confusions(lambda out: out.T),
        "Your rows are the predictions. Here a row is a true class, and what it was taken for stands in its columns.",
    ),
    (
        "each pair counted once at most",
        fancy,
        "No entry is larger than 1: `matrix[labels, predictions] += 1` writes each place once, however often it is "
        "named. `np.add.at`, `np.bincount` or a loop counts.",
    ),
    (
        "only what is right",
        of_confusions(lambda out: np.diag(np.diag(out))),
        "Only the diagonal is filled. What lies beside it is what a confusion matrix is for.",
    ),
    (
        "only what is wrong",
        of_confusions(lambda out: out - np.diag(np.diag(out))),
        "The diagonal is empty: right answers belong there.",
    ),
    (
        "shares of each row",
        of_confusions(lambda out: out / np.maximum(out.sum(axis=1, keepdims=True), 1)),
        "Each row is divided by its sum. Counts are asked for; shares can be made from them, and not the other way "
        "round.",
    ),
    (
        "shares of each column",
        of_confusions(lambda out: out / np.maximum(out.sum(axis=0, keepdims=True), 1)),
        "Each column is divided by its sum. Counts are asked for.",
    ),
    (
        "shares of all",
        of_confusions(lambda out: out / out.sum()),
        "Everything is divided by the number of samples. Counts are asked for.",
    ),
    (
        "only the classes that occur",
        of_those_that_occur,
        "Classes that do not occur have no row. A class the network never met, or never said, is worth seeing: "
        "`num_classes` tells the size.",
    ),
    (
        "as many classes as the largest label needs",
        up_to_the_largest,
        "The size comes from the largest number that happens to occur. `num_classes` tells it.",
    ),
    (
        "direction lost",
        of_confusions(lambda out: out + out.T - np.diag(np.diag(out))),
        "Your matrix is symmetric: each mistake is counted in both directions. A four taken for a nine is not a nine "
        "taken for a four.",
    ),
    (
        "only the labels counted",
        of_confusions(lambda out: np.diag(out.sum(axis=1))),
        "You count how often each class occurs; the predictions make no difference.",
    ),
    (
        "only the predictions counted",
        of_confusions(lambda out: np.diag(out.sum(axis=0))),
        "You count how often each class was predicted; the labels make no difference.",
    ),
    (
        "right and wrong in all",
        right_and_wrong,
        "You count right and wrong answers over all classes. Each pair of classes has an entry of its own.",
    ),
    (
        "counted from 1",
        of_confusions(lambda out: np.roll(out, (-1, -1), axis=(0, 1))),
        "Everything stands one row too high and one column too far to the left: classes are counted from 0.",
    ),
    (
        "started at 1",
        of_confusions(lambda out: out + 1),
        "Every entry is one too large: the counts have to start from zeros, not ones.",
    ),
    (
        "columns from right to left",
        of_confusions(lambda out: out[:, ::-1]),
        "Class 0 is your last column. Columns are counted from the left.",
    ),
    (
        "a row with the sums",
        of_confusions(lambda out: np.vstack([out, out.sum(axis=0)])),
        "There is a row of sums at the end. Classes only.",
    ),
    (
        "one row in place of a table",
        of_confusions(np.ravel),
        "The counts are right, and stand in one long row. Give them their rows and columns.",
    ),
)


def confusion_by_loop(labels, predictions, num_classes):
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for true, predicted in zip(labels, predictions, strict=True):
        matrix[true][predicted] += 1
    return matrix


def confusion_by_add_at(labels, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def confusion_by_bincount(labels, predictions, num_classes):
    pairs = labels.astype(int) * num_classes + predictions.astype(int)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def confusion_by_product(labels, predictions, num_classes):
    rows = np.eye(num_classes, dtype=np.float32)
    return rows[labels].T @ rows[predictions]


def confusion_by_histogram(labels, predictions, num_classes):
    edges = np.arange(num_classes + 1) - 0.5
    return np.histogram2d(labels, predictions, bins=(edges, edges))[0]


def confusion_as_tuples(labels, predictions, num_classes):
    classes = range(num_classes)
    return tuple(
        tuple(int(np.count_nonzero((labels == true) & (predictions == said))) for said in classes) for true in classes
    )


# -- train_network ---------------------------------------------------------------------------------------------------


@functools.cache
def digits():
    """scikit-learn's 1,797 digits: images (N, 8, 8, 1) from 0 to 1, and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.images[..., None] / 16, found.target


FINE, NO_PREDICT, CLASSES, ONE_ROW, ACROSS, SHAPE, NOT_FINITE, OWN_DATA, TURNED, SHIFTED, BY_HEART, UNTRAINED = range(
    12
)
NO_LABELS, ONE_CLASS, TORN, GUESSING, FIRST_PART, CLASSES_MISSING, NOT_ENOUGH = range(12, 19)
RENAMED = "(In this check the digits have other names, so that only what you are given can be learned: a 3 may be a 7.)"


class NotScores(Exception):
    """What ``predict`` gives cannot be read as one row of ten scores for each image."""

    def __init__(self, code, says):
        super().__init__(says)
        self.code, self.says = code, says


def scores(network, x):
    """What the network answers: (N, 10)."""
    if network is None:
        raise Fault("None", "anything")
    if not callable(getattr(network, "predict", None)):
        kind = type(network).__name__
        raise NotScores(NO_PREDICT, f"`train_network` returns a {kind}, and that has no `predict`.")
    found = np.asarray(network.predict(x.copy()))
    shape = " × ".join(map(str, found.shape)) or "one number"
    says = f"For {len(x)} images `predict` gives {shape}; {len(x)} × 10 are expected, a row of ten scores for each."
    if found.shape == (len(x), 10) and found.dtype.kind in "fiub":
        return found.astype(float)
    if found.shape in ((10,), (1, 10)):
        raise NotScores(ONE_ROW, says)
    if found.shape in ((len(x),), (len(x), 1)):
        raise NotScores(CLASSES, says)
    raise NotScores(ACROSS if found.shape == (10, len(x)) else SHAPE, says)


def learned(network, x, y, x_test):
    """Its scores for other images, once it has shown that it is trained: an untrained network earns nothing."""
    found = scores(network, x_test)
    right = np.mean(scores(network, x).argmax(axis=1) == y)
    if right < 0.35:
        told_so = f"After a training on {len(x)} images the network names {right:.0%} of these very images right."
        raise NotScores(UNTRAINED, f"{told_so} Chance alone would name one in ten.")
    return found


def learns(call, x, y, x_test, y_test, names, seed, enough):
    """What the network has learned: a number that stands for a diagnosis, 0 for enough."""
    network = call(x, y, np.random.default_rng(seed))
    try:
        code, says = diagnosis(call, network, x, y, x_test, y_test, names, seed, enough)
    except NotScores as found:
        code, says = found.code, found.says
    return Told(np.array([code], float), says)


def diagnosis(call, network, x, y, x_test, y_test, names, seed, enough):
    answers = scores(network, x_test)
    if not np.isfinite(answers).all():
        return NOT_FINITE, "Some of the scores are infinite or not a number: the training went wrong on its way."
    said = answers.argmax(axis=1)
    accuracy, on_training = np.mean(said == y_test), np.mean(scores(network, x).argmax(axis=1) == y)
    if accuracy >= enough:
        return FINE, ""
    says = (
        f"Trained on {len(x)} images, your network names {accuracy:.1%} of {len(x_test)} others right, and "
        f"{on_training:.1%} of those it was trained on. Asked for are {enough:.0%} of the others. {RENAMED}"
    )
    if np.mean(names[said] == y_test) >= 0.6:
        return OWN_DATA, says
    if np.mean(answers.argmin(axis=1) == y_test) >= 0.6:
        return TURNED, says
    taken = confusions(y_test, said, 10)
    if len(set(taken.argmax(axis=1))) >= 9 and taken.max(axis=1).sum() >= 0.6 * len(said) and accuracy < 0.5:
        return SHIFTED, says
    if on_training >= 0.95 and accuracy < 0.5:
        return BY_HEART, says
    if accuracy < 0.25:
        why = _why_it_guesses(call, x, y, answers, x_test, seed)
        begun = why in (TORN, GUESSING) and min(accuracy, on_training) > 0.14
        return (NOT_ENOUGH if begun else why), says
    first = [m for m in (10, 16, 20, 25, 32, 50, 64, 100, 128) if m <= len(x) / 2]
    hits = scores(network, x).argmax(axis=1) == y
    if any(hits[:m].all() and hits[m:].mean() < 0.9 and hits[m:].mean() ** m < 1e-3 for m in first):
        return FIRST_PART, says
    never = [c for c in range(10) if np.sum(y_test == c) >= 5 and not np.any(said == c)]
    if never and np.mean((said == y_test)[~np.isin(y_test, never)]) >= 0.8:
        return CLASSES_MISSING, f"Of the ten classes, {len(never)} are never named. {says}"
    return NOT_ENOUGH, says


def _why_it_guesses(call, x, y, answers, x_test, seed):
    """Other labels, other images, and both once more: what makes a difference to the network?"""

    def trained(images, labels):
        return scores(call(images, labels, np.random.default_rng(seed)), x_test[:50])

    some = slice(0, 60), slice(60, 120)
    one, again = trained(x[some[0]], y[some[0]]), trained(x[some[0]], y[some[0]])
    if np.array_equal(one, again):
        if np.array_equal(one, trained(x[some[0]], (y[some[0]] + 1) % 10)):
            return UNTRAINED if np.array_equal(one, trained(x[some[1]], y[some[0]])) else NO_LABELS
    if (answers.argmax(axis=1) == answers[0].argmax()).all():
        return ONE_CLASS
    return TORN if np.array_equal(one, again) else GUESSING


ASKED = (
    "For a single image, `predict` does not give a single row of ten scores",
    "For seven images, `predict` does not give seven rows of ten scores",
    "An image gets other scores on its own than among others",
    "The same image gets other scores when it is asked about a second time",
    "`predict` changes the images it is given",
)


def asked(call, x, y, x_test, seed):
    """A trained network answers for any number of images, each on its own, and the same every time."""
    network = call(x, y, np.random.default_rng(seed))
    found = []
    try:
        together = learned(network, x, y, x_test)
        near = 1e-3 * max(1.0, np.abs(together[np.isfinite(together)]).max(initial=0))
        for count in (1, 7):
            try:
                found.append(len(scores(network, x_test[:count])) == count)
            except NotScores:
                found.append(False)
        alone = np.concatenate([scores(network, x_test[k : k + 1]) for k in range(5)]) if found[0] else together[:5] + 1
        found.append(np.allclose(alone, together[:5], rtol=0, atol=near))
        found.append(np.allclose(scores(network, x_test), together, rtol=0, atol=near))
        given = x_test.copy()
        network.predict(given)
        found.append(np.array_equal(given, x_test))
    except NotScores as error:
        return Told(np.full(5, -1.0), error.says)
    return told([f"{words}." for words in ASKED], found)


REPEATED = (
    "Two trainings on the same data, with generators of the same seed, give two different networks: something random "
    "does not come from `rng`, or something is left over from an earlier training.",
    "After a second training the first network answers differently: both calls return the same network. Build a new "
    "one in each.",
)


def repeated(call, x, y, x_other, y_other, x_test, seed):
    """The same seed gives the same network, and each call its own."""
    try:
        first = call(x, y, np.random.default_rng(seed))
        then = learned(first, x, y, x_test)
        call(x_other, y_other, np.random.default_rng(seed + 1))
        now = scores(first, x_test)
        again = scores(call(x, y, np.random.default_rng(seed)), x_test)
    except NotScores as error:
        return Told(np.full(2, -1.0), error.says)
    near = 1e-2 * max(1.0, np.abs(then[np.isfinite(then)]).max(initial=0))

    def same(one, other):
        return np.allclose(one, other, rtol=0, atol=near, equal_nan=True)

    return told(REPEATED, (same(then, again), same(then, now)))


def network_cases(rng):
    x, labels = digits()
    cases = []
    for count, enough, about in (
        (200, 0.80, "8 of 10 right, after 200 images"),
        (500, 0.90, "9 of 10 right, after 500 images"),
        (1100, 0.95, "95 of 100 right, after 1,100 images"),
    ):
        order = rng.permutation(len(x))
        start, names = int(rng.integers(1, 10)), np.arange(10)
        while (names == np.arange(10)).any() or any((np.roll(names, k) == np.arange(10)).sum() > 6 for k in (-1, 1)):
            names = rng.permutation(10)
        y = names[labels]
        kept, others = order[:count], order[count:]
        args = (x[kept], y[kept], x[others], y[others], names, start, enough)
        cases.append(Case(about, args, probe=learns, expected=np.array([FINE]), once=count != 500))
    order, names = rng.permutation(len(x)), rng.permutation(10)
    one, other, test = order[:100], order[100:200], order[200:230]
    y = names[labels]
    args = (x[one], y[one], x[test], int(rng.integers(1000)))
    about = "predict answers for any number of images"
    cases.append(Case(about, args, probe=asked, expected=np.ones(5), facts=ASKED))
    args = (x[one], y[one], x[other], y[other], x[test], int(rng.integers(1000)))
    about = "repeatable, and a network of its own for each call"
    cases.append(Case(about, args, probe=repeated, expected=np.ones(2), facts=REPEATED, once=True))
    return cases


class Answering:
    """Something with a ``predict``."""

    def __init__(self, predict):
        self.predict = predict


def flat(x):
    return np.reshape(x, (len(x), -1))


@functools.lru_cache(maxsize=128)
def answers_of(trained_on, labels, images):
    x, rows = np.frombuffer(trained_on).reshape(-1, 64), np.eye(10)[np.frombuffer(labels, int)]
    images = np.frombuffer(images).reshape(-1, 64)
    squares = np.sum(images**2, axis=1)[:, None] - 2 * images @ x.T + np.sum(x**2, axis=1)
    near = np.exp(2 * (squares.min(axis=1, keepdims=True) - squares))
    return near @ rows / near.sum(axis=1, keepdims=True)


def quickly(x, y):
    """Scores from the most similar images: what a good network would answer, in a few milliseconds."""
    trained_on, labels = np.asarray(x[:500], float).tobytes(), np.asarray(y[:500], int).tobytes()
    return lambda images: answers_of(trained_on, labels, np.asarray(images, float).tobytes()).copy()


def train(x, y, rng):
    return perceptron(x, y, rng)


def perceptron(x, y, rng, units=128, epochs=60, rate=0.005, batch_size=32):
    """A network with one hidden layer, trained by Adam, written out: the reference."""
    inputs = flat(x)
    params = [
        rng.standard_normal((64, units)) * 0.2,
        np.zeros(units),
        rng.standard_normal((units, 10)) * 0.1,
        np.zeros(10),
    ]
    states = [{} for _ in params]
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            hidden = np.maximum(inputs[batch] @ params[0] + params[1], 0)
            logits = hidden @ params[2] + params[3]
            exps = np.exp(logits - logits.max(axis=1, keepdims=True))
            d_logits = exps / exps.sum(axis=1, keepdims=True)
            d_logits[np.arange(len(batch)), y[batch]] -= 1
            d_logits /= len(batch)
            d_hidden = d_logits @ params[2].T * (hidden > 0)
            grads = [inputs[batch].T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_logits, d_logits.sum(axis=0)]
            for k, grad in enumerate(grads):
                params[k], states[k] = adam(params[k], grad, states[k], rate)
    return Answering(lambda images: np.maximum(flat(images) @ params[0] + params[1], 0) @ params[2] + params[3])


def wrongly(change=lambda answers: answers, labels=lambda y, rng: y, keep=lambda x, y: slice(None)):
    """A good network with one thing exchanged: its answers, the labels, or the samples it sees."""

    def wrong(x, y, rng):
        kept = keep(x, y)
        model = quickly(x[kept], labels(y, rng)[kept])
        return Answering(lambda images: change(model(images)))

    return wrong


def untrained(x, y, rng):
    weights = rng.standard_normal((64, 10))
    return Answering(lambda images: (flat(images) - 0.3) @ weights)


def on_its_own_data(x, y, rng):
    images, labels = digits()
    return Answering(quickly(images[:600], labels[:600]))


def by_heart(x, y, rng):
    known = {image.tobytes(): label for image, label in zip(np.asarray(x, float), y, strict=True)}

    def predict(images):
        found = [known.get(np.asarray(image, float).tobytes(), 0) for image in images]
        return np.eye(10)[found]

    return Answering(predict)


def mistaken(every):
    """Wrong about one image in so many."""

    def wrong(x, y, rng):
        model = quickly(x, y)

        def predict(images):
            answers, sums = model(images), np.rint(16 * flat(images).sum(axis=1)).astype(int)
            off = np.isin(sums % every[1], range(every[0]))
            answers[off] = np.take_along_axis(answers[off], rotated(answers[off]), axis=1)
            return answers

        return Answering(predict)

    return wrong


def rotated(answers):
    """Columns such that the best class becomes another one, each time another."""
    best = answers.argmax(axis=1)
    columns = np.tile(np.arange(10), (len(answers), 1))
    second = np.argsort(answers, axis=1)[:, -2]
    rows = np.arange(len(answers))
    columns[rows, best], columns[rows, second] = second, best
    return columns


def trained_with_what_nobody_knows(x, y, rng):
    model, noise = quickly(x, y), np.random.standard_normal(10)
    return Answering(lambda images: model(images) + 0.1 * noise)


KEPT = {}


def one_for_all(x, y, rng):
    """A network outside the function."""
    network = KEPT.setdefault("network", Answering(None))
    network.predict = quickly(x, y)
    return network


def dropping_when_asked(x, y, rng):
    model, noise = quickly(x, y), np.random.default_rng(0)
    return Answering(lambda images: model(images) + 0.05 * noise.standard_normal((len(images), 10)))


def relative_to_the_batch(x, y, rng):
    model = quickly(x, y)

    def predict(images):
        answers = model(images)
        return answers - 0.2 * answers.mean(axis=0)

    return Answering(predict)


def spoiling(x, y, rng):
    model = quickly(x, y)

    def predict(images):
        answers = model(images)
        images *= 0.5
        return answers

    return Answering(predict)


def not_a_number(x, y, rng):
    model = quickly(x, y)
    return Answering(lambda images: np.where(np.arange(10) == 9, np.nan, model(images)))


SAME_COLUMN = "Column k of the scores belongs to class k."

NETWORK_MISCONCEPTIONS = misconceptions(
    (
        "not trained",
        untrained,
        "The network answers as it was built: neither other images nor other labels make a difference. Did an epoch "
        "ever run, and was it this network that was trained?",
    ),
    (
        "labels ignored",
        wrongly(labels=lambda y, rng: np.arange(len(y)) % 10),
        "Other labels give the very same network. Are the `y` that you train on the ones you are given?",
    ),
    (
        "images and labels torn apart",
        wrongly(labels=lambda y, rng: rng.permutation(y)),
        "The network learns, and yet it guesses. When you shuffle, each image has to keep its label; if it does, the "
        "learning rate may be far off.",
    ),
    (
        "one class only",
        wrongly(change=lambda answers: answers + 100 * (np.arange(10) == 3)),
        "Every image gets the same class. With a learning rate that is too large, a network dies in its first steps: "
        "its ReLUs answer 0 to everything. Try a tenth of it.",
    ),
    (
        "trained on data of its own",
        on_its_own_data,
        "The network knows digits that it was not given: the ones in scikit-learn, with the names they have there. "
        "Train on the `x` and `y` of the call.",
    ),
    (
        "one image only",
        wrongly(change=lambda answers: answers[0]),
        "`predict` answers for one image, however many it gets. A batch of N images goes in, N rows of ten scores "
        "come out.",
    ),
    (
        "classes instead of scores",
        wrongly(change=lambda answers: answers.argmax(axis=1)),
        "`predict` gives one class for each image. Its ten scores are asked for, logits or probabilities: they also "
        "tell how sure it is.",
    ),
    (
        "classes in rows",
        wrongly(change=lambda answers: answers.T),
        "The scores lie on their side: a row belongs to an image, a column to a class.",
    ),
    (
        "not ten scores",
        wrongly(change=lambda answers: answers[:, :9]),
        "Each image gets another number of scores than there are digits. There are ten, also where one does not occur.",
    ),
    (
        "no network returned",
        lambda x, y, rng: {"loss": [2.3, 0.4], "accuracy": [0.2, 0.9]},
        "What comes back has no `predict`. Return the network itself; what `fit` or your epochs return is a record of "
        "the training.",
    ),
    (
        "infinite, or not a number",
        not_a_number,
        "Scores are infinite or not a number: the training diverged. Try a smaller learning rate.",
    ),
    (
        "the least likely class first",
        wrongly(change=np.negative),
        "The right class has the *lowest* score each time. Scores are higher for what is more likely: no minus sign, "
        "and no loss for each class.",
    ),
    (
        "classes in each other's columns",
        wrongly(change=lambda answers: np.roll(answers, 1, axis=1)),
        "The classes are told apart, and each has its scores in another one's column, always the same. " + SAME_COLUMN,
    ),
    (
        "learned by heart",
        by_heart,
        "It knows the images it was trained on, and no others. A network has to generalise: fewer parameters, or "
        "fewer epochs, or a look at what it does with an image it has not seen.",
    ),
    (
        "the first batch only",
        wrongly(keep=lambda x, y: slice(0, 32)),
        "The first images it is given are all learned, the later ones are not: an epoch goes through all of them, "
        "batch after batch.",
    ),
    (
        "some classes never learned",
        wrongly(keep=lambda x, y: y < 6),
        "Some classes are never named, and the others are learned well. Does every batch reach the network, and does "
        "it have ten outputs?",
    ),
    (
        "stopped too soon",
        mistaken((1, 3)),
        "It has begun to learn, and falls short everywhere. Give it more epochs, or a larger learning rate, and watch "
        "the loss.",
    ),
    (
        "a good start",
        mistaken((2, 19)),
        "It has learned the easy part. Train longer, or give the network something to see with: a convolution and "
        "pooling before the dense layers.",
    ),
    (
        "nearly there",
        mistaken((1, 18)),
        "It is good, and the last few in a hundred are missing. More epochs, or a convolutional network in place of a "
        "dense one, bring it there.",
    ),
    (
        "another network each time",
        trained_with_what_nobody_knows,
        "The same data and the same seed give another network each time, so nobody can repeat your experiment. "
        "Everything random, the first weights and the order of the samples, is to be drawn from `rng`.",
    ),
    (
        "one network for all calls",
        one_for_all,
        "The network is built once, outside, and every call trains the same one on. Then the first training's result "
        "is gone after the second: build the network inside the function.",
    ),
    (
        "random when asked",
        dropping_when_asked,
        "The same image gets other scores when it is asked about again. Is something random, dropout perhaps, still "
        "at work when `predict` is called?",
    ),
    (
        "images compared with each other",
        relative_to_the_batch,
        "An image's scores depend on the images beside it. A softmax over the wrong axis does that, or a "
        "normalisation by the batch: each row stands for itself.",
    ),
    (
        "predict changes the images",
        spoiling,
        "`predict` changes the images it is given. Write into something of your own.",
    ),
)


def with_the_courses_network(x, y, rng):
    from cnncourse.networks import SimpleConvNet
    from cnncourse.optimizers import Adam
    from cnncourse.training import Trainer

    network = SimpleConvNet((8, 8, 1), 16, 3, padding="same", hidden_units=48, weight_std=0.1, seed=rng)
    Trainer(network, Adam(0.002), batch_size=32, seed=rng).fit(x, y, epochs=25, progress=False)
    return network


def with_an_epoch_of_ones_own(x, y, rng):
    from cnncourse import layers
    from cnncourse.networks import Sequential
    from cnncourse.optimizers import SGD

    network = Sequential(
        [
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ],
        (8, 8, 1),
        seed=int(rng.integers(1000)),
    )
    optimizer = SGD(0.1, momentum=0.9)
    for _ in range(14):
        epoch(network, x, y, 32, optimizer, rng)
    return network


def with_random_features(x, y, rng):
    """A hidden layer that is never trained, and least squares after it."""
    weights, bias = rng.standard_normal((64, 500)) * 0.5, rng.standard_normal(500)

    def features(images):
        return np.tanh(flat(images) @ weights + bias)

    hidden = features(x)
    out = np.linalg.solve(hidden.T @ hidden + 2 * np.eye(500), hidden.T @ one_hot_rows(y, 10))
    return Answering(lambda images: (features(images) @ out).tolist())


def with_a_fixed_seed(x, y, rng):
    return perceptron(x.astype(np.float32), y, np.random.default_rng(7), units=100, epochs=40)


def as_probabilities(x, y, rng):
    network = perceptron(x, np.asarray(y), rng, epochs=40, batch_size=20, rate=0.004)

    def predict(images):
        logits = network.predict(images)
        exps = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exps / exps.sum(axis=1, keepdims=True)

    return Answering(predict)


# -- the tasks -------------------------------------------------------------------------------------------------------

NAMES = (
    "one_hot",
    "train_validation_split",
    "sgd_step",
    "momentum_step",
    "adam_step",
    "lenet5_shapes",
    "lenet5_params",
    "train_epoch",
    "confusion_matrix",
    "train_network",
)


def others(name):
    return tuple(other for other in NAMES if other != name)


TASKS = (
    Task(
        ASSIGNMENT,
        "one_hot",
        "one_hot(labels, num_classes)",
        one_hot_rows,
        one_hot_cases,
        ONE_HOT_MISCONCEPTIONS,
        read="lenet-one-hot",
        accepted=(
            one_hot_by_fancy_indices,
            one_hot_by_identity,
            one_hot_by_comparison,
            one_hot_by_loop,
            one_hot_by_put,
        ),
        explain=explain_one_hot,
        shape="There is a row for each label, and a column for each of the `num_classes` classes.",
        helpers=others("one_hot"),
    ),
    Task(
        ASSIGNMENT,
        "train_validation_split",
        "train_validation_split(x, y, fraction, rng)",
        split,
        split_cases,
        SPLIT_MISCONCEPTIONS,
        read="lenet-train-validation-split",
        accepted=(split_by_permutation, split_by_shuffle, split_by_sorting, split_by_loops, split_by_choice),
        result=("anything",) * 4,
        parts=PARTS,
        helpers=others("train_validation_split"),
    ),
    Task(
        ASSIGNMENT,
        "sgd_step",
        "sgd_step(param, grad, state, lr)",
        sgd,
        step_cases(sum_of_sgd, extra=rates, remembers=False),
        SGD_MISCONCEPTIONS,
        read="lenet-sgd-step",
        accepted=(sgd_in_place_of_a_copy, sgd_in_float32, sgd_by_entries, sgd_that_counts, sgd_as_a_list),
        result=("array", "anything"),
        parts=("new param", "new state"),
        helpers=others("sgd_step"),
    ),
    Task(
        ASSIGNMENT,
        "momentum_step",
        "momentum_step(param, grad, state, lr, momentum=0.9)",
        with_momentum,
        step_cases(sum_of_momentum, extra=momenta),
        MOMENTUM_MISCONCEPTIONS,
        read="lenet-momentum-step",
        accepted=(
            momentum_of_pytorch,
            momentum_by_entries,
            momentum_in_float32,
            momentum_by_memory_of_gradients,
            momentum_on_copies,
        ),
        result=("array", "anything"),
        parts=("new param", "new state"),
        keywords=("momentum",),
        helpers=others("momentum_step"),
    ),
    Task(
        ASSIGNMENT,
        "adam_step",
        "adam_step(param, grad, state, lr, beta1=0.9, beta2=0.999, eps=1e-8)",
        adam,
        step_cases(sum_of_adam, extra=betas),
        ADAM_MISCONCEPTIONS,
        read="lenet-adam-step",
        accepted=(
            adam_as_it_stands,
            adam_by_entries,
            adam_by_powers,
            adam_in_float32,
            adam_in_the_faster_order,
        ),
        result=("array", "anything"),
        parts=("new param", "new state"),
        keywords=("beta1", "beta2", "eps"),
        helpers=others("adam_step"),
    ),
    Task(
        ASSIGNMENT,
        "lenet5_shapes",
        "lenet5_shapes()",
        the_shapes,
        shapes_cases,
        SHAPES_MISCONCEPTIONS,
        read="lenet-lenet5-shapes",
        accepted=(shapes_by_arithmetic, shapes_as_lists, shapes_as_a_tuple, shapes_by_convolving, shapes_as_arrays),
        result="table",
        helpers=others("lenet5_shapes"),
    ),
    Task(
        ASSIGNMENT,
        "lenet5_params",
        "lenet5_params()",
        the_params,
        params_cases,
        PARAMS_MISCONCEPTIONS,
        read="lenet-lenet5-params",
        accepted=(params_by_hand, params_as_array, params_as_tuple, params_by_a_loop, params_as_floats),
        result="table",
        helpers=others("lenet5_params"),
    ),
    Task(
        ASSIGNMENT,
        "train_epoch",
        "train_epoch(network, x, y, batch_size, optimizer, rng)",
        epoch,
        epoch_cases,
        EPOCH_MISCONCEPTIONS,
        read="lenet-train-epoch",
        accepted=(epoch_with_slices, epoch_with_while, epoch_by_splitting, epoch_by_counting, epoch_with_a_helper),
        result="value",
        helpers=others("train_epoch"),
    ),
    Task(
        ASSIGNMENT,
        "confusion_matrix",
        "confusion_matrix(labels, predictions, num_classes)",
        confusions,
        confusion_cases,
        CONFUSION_MISCONCEPTIONS,
        read="lenet-confusion-matrix",
        accepted=(
            confusion_by_loop,
            confusion_by_add_at,
            confusion_by_bincount,
            confusion_by_product,
            confusion_by_histogram,
            confusion_as_tuples,
        ),
        explain=explain_confusion,
        result="table",
        shape="There is a row and a column for each of the `num_classes` classes.",
        helpers=others("confusion_matrix"),
    ),
    Task(
        ASSIGNMENT,
        "train_network",
        "train_network(x, y, rng)",
        train,
        network_cases,
        NETWORK_MISCONCEPTIONS,
        read="lenet-train-network",
        accepted=(
            with_the_courses_network,
            with_an_epoch_of_ones_own,
            with_random_features,
            with_a_fixed_seed,
            as_probabilities,
        ),
        result="anything",
        libraries=True,
        seconds=20,
        helpers=others("train_network"),
    ),
)
