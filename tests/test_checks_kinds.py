"""What a check can ask for besides one array: several results, tables, errors, statistics, Keras models."""

import dataclasses

import numpy as np
import pytest

from cnncourse.checks import models
from cnncourse.checks.engine import INPUTS_KEPT, judge
from cnncourse.checks.task import Case, Misconception, Rng, Task, Told


def made(reference, cases, result="array", misconceptions=(), **more):
    return Task(
        "01-convolution",
        reference.__name__,
        f"{reference.__name__}(…)",
        reference,
        lambda rng: cases,
        tuple(misconceptions),
        read="convolution-conv2d",
        result=result,
        **more,
    )


def of(task, fn, hidden=False):
    return judge(task, fn, [(1, hidden)])


def text(verdict):
    return " ".join(verdict.message.split())


# -- several results -------------------------------------------------------------------------------------------------


def both(x):
    return x * 2, x + 1


X = np.array([[1.0, 2.0], [3.0, 5.0]])
BOTH = made(
    both,
    [Case("the double", (X,), parts=(0,)), Case("the next", (X,), parts=(1,)), Case("both", (X[:1],))],
    ("array", "array"),
    parts=("doubled", "following"),
)


def test_several_results_come_as_a_tuple_or_a_list():
    assert of(BOTH, both).passed
    assert of(BOTH, lambda x: [x * 2, x + 1]).passed


@pytest.mark.parametrize(
    ("fn", "name", "says"),
    [
        (lambda x: x * 2, "one thing instead of 2 results", "`return doubled, following`"),
        (lambda x: (x,), "1 result instead of 2 results", "2 results are asked for"),
        (lambda x: (x, x, x), "3 results instead of 2 results", "`return doubled, following`"),
        (lambda x: None, "nothing returned", "`return`"),
        (lambda x: (None, x + 1), "not an array", "As `doubled`, `both` returns nothing"),
        (lambda x: (x * 2, [1]), "a list instead of an array", "As `following`, `both` returns a list"),
        (lambda x: (x * 2, x), "result is not a fresh array", "someone else"),
    ],
)
def test_what_is_wrong_with_several_results_is_told(fn, name, says):
    found = of(BOTH, lambda x: fn(x))
    assert not found.passed
    if name == "result is not a fresh array":
        assert found.feedback.properties[INPUTS_KEPT] is False
    else:
        assert found.misconception == name and says in text(found)


def test_a_property_may_look_at_one_of_the_results():
    found = of(BOTH, lambda x: (x * 2, x + 2))
    assert found.feedback.properties == {"the double": True, "the next": False, "both": False}
    assert "following" in text(found)


# -- tables ----------------------------------------------------------------------------------------------------------


def sizes():
    return [(4, 4, 1), (2, 2, 3), (5,)]


TABLE = made(sizes, [Case("all", ())], "table")


@pytest.mark.parametrize(
    "kind", [list, tuple, lambda rows: [list(row) for row in rows], lambda rows: map_to_arrays(rows)]
)
def test_a_table_may_be_lists_tuples_or_arrays_of_different_lengths(kind):
    assert of(TABLE, lambda: kind(sizes())).passed


def map_to_arrays(rows):
    return [np.array(row) for row in rows]


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (7, "not a table of numbers"),
        ("four", "not a table of numbers"),
        ([("4", 4)], "not a table of numbers"),
        ([None], "not a table of numbers"),
        ([(4, 4, 1), (2, 2, 3)], None),
        ([(4, 4, 1), (2, 2, 3), (6,)], None),
        ([(4, 4, 1), (2, 3), (5,)], None),
    ],
)
def test_a_wrong_table_is_refused(rows, name):
    found = of(TABLE, lambda: rows)
    assert not found.passed and found.misconception == name


def test_counts_in_tables_are_exact_and_statistics_have_a_leeway():
    def pair(n):
        return n, n + 1

    assert not of(made(pair, [Case("all", (3,))], "table"), lambda n: (n, n + 1.001)).passed
    assert of(made(pair, [Case("all", (3,), leeway=0.01)], "table"), lambda n: (n, n + 1.001)).passed


# -- errors that are asked for ---------------------------------------------------------------------------------------


def places(n, f):
    if f > n:
        raise ValueError(f"a kernel of {f} does not fit into {n} pixels")
    return n - f + 1


PLACES = made(places, [Case("sizes", (5, 3)), Case("sizes", (4, 4)), Case("refused", (2, 3), raises=True)], "number")


def test_an_error_that_is_asked_for_is_right():
    assert of(PLACES, places).passed

    class Mine(ValueError):
        pass

    def refuses(n, f):
        if f > n:
            raise Mine
        return n - f + 1

    assert of(PLACES, refuses).passed


def test_an_answer_in_place_of_the_error_costs_its_property_and_is_told():
    found = of(PLACES, lambda n, f: n - f + 1)
    assert found.misconception == "impossible arguments accepted" and found.score == 1 / 2
    assert "`places(2, 3)` gives 0 and should raise a `ValueError`" in text(found)
    found = of(PLACES, lambda n, f: np.arange(n)[: n - f + 1].sum() / 0 if f > n else n - f + 1)
    assert not found.passed


def test_another_error_than_the_one_asked_for_is_told():
    def asserts(n, f):
        assert f <= n, "too large"
        return n - f + 1

    found = of(PLACES, asserts)
    assert found.misconception == "another error than asked for" and "AssertionError: too large" in text(found)


def test_an_error_everywhere_is_no_right_answer_anywhere_else():
    def always(n, f):
        raise ValueError

    assert of(PLACES, always).feedback.properties == {"sizes": False, "refused": True}


# -- randomness ------------------------------------------------------------------------------------------------------


def draws(n, rng):
    return rng.random(n)


def seen(call, n, rng):
    numbers = call(n, rng)
    return [numbers.mean(), numbers.std()]


RANDOM = made(
    draws,
    [
        Case(
            "uniform",
            (4000, Rng(1)),
            probe=seen,
            expected=[0.5, 12**-0.5],
            leeway=0.03,
            facts=("their mean", "their spread"),
        ),
        Case("same seed", (5, Rng(3)), probe=lambda call, *args: call(*args) - call(*args), expected=np.zeros(5)),
    ],
    misconceptions=[
        Misconception("centred", lambda n, rng: rng.random(n) - 0.5, "Your numbers are centred."),
        Misconception("global", lambda n, rng: np.random.random(n), "Use the rng."),
    ],
)


def test_a_generator_is_made_anew_for_each_call():
    assert of(RANDOM, lambda n, rng: rng.uniform(0, 1, size=n)).passed
    assert of(RANDOM, lambda n, rng: np.array([rng.random() for _ in range(n)])).passed


def test_statistics_name_what_was_drawn_in_another_way():
    found = of(RANDOM, lambda n, rng: rng.uniform(-0.5, 0.5, n))
    assert found.misconception == "centred" and "their mean: " in text(found) and "expected 0.5" in text(found)


def test_numbers_that_come_from_nowhere_are_caught_and_numpys_state_is_kept():
    before = np.random.get_state()[1].copy()
    found = of(RANDOM, lambda n, rng: np.random.uniform(size=n))
    assert found.misconception is None and found.feedback.properties == {"uniform": True, "same seed": False}
    assert np.array_equal(before, np.random.get_state()[1])


# -- what is given away, and what is not -----------------------------------------------------------------------------


def test_a_hint_stands_in_place_of_what_is_expected():
    hinted = made(
        sizes, [Case("C3", probe=lambda call: call()[1], expected=[2, 2, 3], says="How many places?")], "table"
    )
    found = of(hinted, lambda: [(4, 4, 1), (9, 9, 9), (5,)])
    assert "How many places?" in text(found) and "(2, 2, 3)" not in text(found)


def test_what_a_probe_tells_is_shown_but_never_of_a_hidden_case():
    def probe(call, x):
        return Told(call(x), "What it saw: 4711.")

    def same(x):
        return x.copy()

    telling = made(same, [Case("all", (X,), probe=probe)])
    assert "4711" in text(of(telling, lambda x: x + 1))
    assert "4711" not in text(of(telling, lambda x: x + 1, hidden=True))


def test_inputs_inside_lists_and_dicts_are_watched():
    def total(rows, state):
        return float(sum(map(sum, rows)))

    task = made(total, [Case("all", ([[1, 2], [3]], {"m": X}))], "value")

    def spoils_list(rows, state):
        rows[0].append(9)
        return 6.0

    def spoils_dict(rows, state):
        state["n"] = 1
        return 6.0

    def spoils_array(rows, state):
        state["m"] *= 2
        return 6.0

    assert of(task, total).passed
    for spoiler in (spoils_list, spoils_dict, spoils_array):
        assert of(task, spoiler).misconception == "input changed"


def test_what_rounding_leaves_in_an_input_is_told_as_such():
    def double(x):
        return x * 2

    def dusty(x):
        x += 0.1
        x -= 0.1
        return x * 2

    found = of(made(double, [Case("all", (X / 3,))]), dusty)
    assert found.misconception == "input changed by rounding" and found.feedback.properties[INPUTS_KEPT] is False


def test_a_result_may_share_memory_only_where_the_task_says_so():
    def turned(x):
        return x.T.copy()

    task = made(turned, [Case("all", (X,))])
    assert not of(task, lambda x: x.T).passed
    assert of(dataclasses.replace(task, may_share=lambda x: True), lambda x: x.T).passed


# -- Keras models ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def small(classes):
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def ways(keras):
    """The same network, built in every way there is."""
    layers, ops = keras.layers, keras.ops

    def functional(classes):
        image = keras.Input((8, 8, 1))
        x = layers.Conv2D(4, (3, 3), kernel_initializer=keras.initializers.HeNormal(seed=3))(image)
        x = layers.MaxPool2D()(layers.ReLU()(x))
        return keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))

    class Subclass(keras.Model):
        def __init__(self, classes):
            super().__init__()
            self.dense = layers.Dense(classes)
            self.conv = layers.Conv2D(4, 3, kernel_initializer="he_normal")
            self.pool, self.flat = layers.MaxPooling2D(2), layers.Flatten()

        def call(self, x):
            return ops.softmax(self.dense(self.flat(self.pool(ops.relu(self.conv(x))))))

    class WithTensorFlow(Subclass):
        def call(self, x):
            import tensorflow as tf

            return tf.nn.softmax(self.dense(self.flat(self.pool(tf.nn.relu(self.conv(x))))))

    def nested(classes):
        scaled = keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal")
        front = keras.Sequential([layers.Conv2D(4, 3, activation=ops.relu, kernel_initializer=scaled)])
        front.add(layers.MaxPooling2D(2))
        back = [layers.Flatten(), layers.Dense(classes), layers.Activation("softmax")]
        return keras.Sequential([front, *back])

    def compiled(classes):
        model = small(classes)
        model.compile("adam", "sparse_categorical_crossentropy")
        model(np.zeros((1, 8, 8, 1)))
        return model

    return [small, functional, Subclass, WithTensorFlow, nested, compiled]


def asked(classes):
    return (8, 8, 1), "float32"


LOOKS = {
    "layers": lambda row: row.kind,
    "shapes": lambda row: row.shape,
    "parameters": lambda row: row.params,
    "activations": lambda row: row.activation,
    "initializers": lambda row: row.initializers,
    "settings": lambda row: row.settings,
}
MODEL = made(
    small,
    [Case(about, (10,), probe=models.compare(small, look, asked)) for about, look in LOOKS.items()],
    "anything",
    imports=("keras",),
    libraries=True,
)


@pytest.mark.parametrize("way", range(6))
def test_every_way_to_build_the_same_model_is_right(keras, way):
    build = ways(keras)[way]
    found = of(MODEL, build if not isinstance(build, type) else lambda classes: build(classes))
    assert found.passed, found.message


def test_what_differs_in_a_model_costs_its_properties_and_is_shown_beside_what_is_expected(keras):
    layers = keras.layers

    def build(activation="relu", filters=4, pool=2, initializer="he_normal", classes=10):
        stack = [layers.Conv2D(filters, 3, activation=activation, kernel_initializer=initializer)]
        stack += [layers.MaxPooling2D(pool), layers.Flatten(), layers.Dense(classes, activation="softmax")]
        return keras.Sequential([keras.Input((8, 8, 1)), *stack])

    def failing(**settings):
        found = of(MODEL, lambda classes: build(**settings))
        return [about for about, holds in found.feedback.properties.items() if not holds], text(found)

    assert failing()[0] == []
    assert failing(activation="tanh")[0] == ["activations"]
    assert failing(initializer="glorot_uniform")[0] == ["initializers"]
    assert failing(filters=5)[0] == ["shapes", "parameters", "settings"]
    wrong, message = failing(pool=3)
    assert wrong == ["shapes", "parameters", "settings"]
    assert "→ MaxPooling2D 2 × 2 × 4 0 pool 3 × 3" in message and "→ MaxPooling2D 3 × 3 × 4 0 pool 2 × 2" in message


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (lambda classes: None, "nothing returned"),
        (lambda classes: [1], "not a Keras model"),
        (lambda classes: 1 / 0, "raises an error"),
    ],
)
def test_what_is_no_model_is_told(keras, fn, name):
    assert of(MODEL, fn).misconception == name


def test_no_weights_are_made(keras):
    def large(classes):
        stack = [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(100_000),
            keras.layers.Dense(100_000),
        ]
        return keras.Sequential(stack)  # 40 GB of weights

    assert not of(MODEL, large).passed


def test_a_missing_framework_is_told_with_its_cure():
    found = of(dataclasses.replace(MODEL, imports=("no_such_framework",)), small)
    assert found.misconception == "a framework is missing" and not found.passed
    assert 'pip install ".[exercises,keras]"' in text(found)
