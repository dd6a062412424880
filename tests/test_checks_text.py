"""The checks of 05-text: references from Keras and by hand; what of a Keras model counts and what does not."""

import numpy as np
import pytest

from cnncourse import text
from cnncourse.checks import functions, task, verdict
from cnncourse.checks import text as bank
from cnncourse.checks.engine import judge

ASSIGNMENT = "05-text"
SEEDS = range(5)


def drawn(name):
    return [pair for seed in SEEDS for pair in task(ASSIGNMENT, name).draw(seed)]


# -- the references come from outside --------------------------------------------------------------------------------


def test_the_padding_reference_is_keras():
    import keras

    for case, (expected,) in drawn("pad_sequences"):
        sequences, maxlen, *options = case.args
        named = dict(zip(("padding", "truncating", "value"), options, strict=False))
        np.testing.assert_array_equal(expected, keras.utils.pad_sequences(sequences, maxlen, **named))


def test_the_embedding_reference_is_keras():
    import keras

    for case, (expected,) in drawn("embed"):
        tokens, table = case.args
        layer = keras.layers.Embedding(*table.shape, dtype="float64")
        layer.build()
        layer.set_weights([table])
        np.testing.assert_allclose(expected, layer(np.ascontiguousarray(tokens)).numpy(), atol=1e-12)


def test_the_convolution_reference_is_keras():
    import keras

    for case, (expected,) in drawn("conv1d"):
        sequences, kernels, bias, *options = case.args
        named = dict(zip(("strides", "padding"), options, strict=False))
        layer = keras.layers.Conv1D(kernels.shape[2], len(kernels), dtype="float64", **named)
        layer.build(sequences.shape)
        layer.set_weights([kernels, bias])
        theirs = layer(np.array(sequences, dtype=float)).numpy()
        np.testing.assert_allclose(expected, theirs, atol=1e-6)


def test_the_pooling_references_are_keras():
    import keras

    for case, (expected,) in drawn("max_pool1d"):
        sequences, pool, *stride = case.args
        layer = keras.layers.MaxPooling1D(pool, stride[0] if stride else None, dtype="float64")
        np.testing.assert_array_equal(expected, layer(np.array(sequences, dtype=float)).numpy())
    for case, (expected,) in drawn("global_max_pool1d"):
        theirs = keras.layers.GlobalMaxPooling1D(dtype="float64")(np.array(case.args[0], dtype=float))
        np.testing.assert_array_equal(expected, theirs.numpy())


def test_the_parameter_counts_are_keras():
    import keras

    for case, (expected,) in task(ASSIGNMENT, "conv1d_params").draw(0):
        k, c_in, c_out, *use_bias = case.args
        layer = keras.layers.Conv1D(c_out, k, **({"use_bias": use_bias[0]} if use_bias else {}))
        layer.build((None, 50, c_in))
        assert expected == layer.count_params()


def test_the_references_by_hand():
    assert bank.padded([[1, 2], [3, 4, 5, 6]], 3).tolist() == [[0, 1, 2], [4, 5, 6]]
    assert bank.padded([[1, 2], [3, 4, 5, 6]], 3, "post", "post", 9).tolist() == [[1, 2, 9], [3, 4, 5]]
    sequence, kernel = np.array([1, 2, 3, 4])[None, :, None], np.array([1, 10])[:, None, None]
    assert bank.convolved(sequence, kernel, [5])[0, :, 0].tolist() == [26, 37, 48]
    assert bank.convolved(sequence, kernel, [0], 1, "same")[0, :, 0].tolist() == [21, 32, 43, 4]
    assert bank.convolved(sequence, kernel, [0], 1, "causal")[0, :, 0].tolist() == [10, 21, 32, 43]
    assert bank.convolved(sequence, kernel, [0], 3, "causal")[0, :, 0].tolist() == [10, 43]
    assert bank.max_pooled(np.array([3, 1, 4, 1, 5])[None, :, None], 2)[0, :, 0].tolist() == [3, 4]


def test_the_library_is_right():
    for name in functions(ASSIGNMENT):
        fn = getattr(text, name)
        task_of = task(ASSIGNMENT, name)
        allowing = task_of if task_of.libraries else bank_allowing(task_of, fn)
        found = judge(allowing, fn, [(seed, False) for seed in SEEDS])
        assert found.passed, found.message


def bank_allowing(task_of, fn):
    import dataclasses

    return dataclasses.replace(task_of, may_use=(f"{fn.__module__}.{task_of.name}",))


# -- what is asked, and how it is counted ----------------------------------------------------------------------------


def test_every_combination_of_pre_and_post_is_asked_and_a_value_and_every_kind_of_sequence():
    cases = [case for case, _ in task(ASSIGNMENT, "pad_sequences").draw(1)]
    combinations = {case.args[2:4] for case in cases if len(case.args) > 3}
    assert combinations == {(one, two) for one in ("pre", "post") for two in ("pre", "post")}
    assert {type(case.args[0]) for case in cases} == {list, tuple, np.ndarray}
    assert {type(s) for case in cases for s in case.args[0]} == {list, tuple, np.ndarray}
    lengths = {np.sign(len(s) - case.args[1]) for case in cases for s in case.args[0]}
    assert lengths == {-1, 0, 1} and any(len(s) == 0 for case in cases for s in case.args[0])


def test_a_table_may_be_lists_or_an_array_and_a_spoiled_list_is_noticed():
    def spoils(sequences, maxlen, padding="pre", truncating="pre", value=0):
        table = bank.padded(sequences, maxlen, padding, truncating, value)
        for sequence in sequences:
            if isinstance(sequence, list):
                sequence.clear()
        return table

    assert verdict(ASSIGNMENT, "pad_sequences", bank.lists_of_lists).passed
    assert verdict(ASSIGNMENT, "pad_sequences", spoils).misconception == "input changed"


@pytest.mark.parametrize(
    ("name", "wrong", "lost"),
    [
        ("pad_sequences", bank.padding_by(filling=lambda t, n, padding, v: bank.fill(t, n, padding, 0)), 2),
        ("embed", bank.zero_means_nothing, 1),
        ("conv1d", bank.with_bias(np.zeros_like), 2),
        ("conv1d", bank.with_options(lambda stride, padding: (1, padding)), 2),
        ("conv1d", bank.around_if("causal", lambda steps, k, stride: (k, 0)), 2),
        ("max_pool1d", bank.of_pooling(bank.from_zero), 1),
        ("max_pool1d", bank.step_of_two, 5),
        ("global_max_pool1d", lambda x: bank.from_zero(bank.globally_max_pooled(x)), 1),
        ("conv1d_params", bank.counting(lambda k, ci, co, b: k * ci * co + co), 1),
        ("text_cnn", bank.ending(lambda classes: (classes, "softmax")), 1),
    ],
)
def test_one_mistake_costs_the_properties_that_it_touches_and_no_more(name, wrong, lost):
    found = verdict(ASSIGNMENT, name, wrong)
    assert list(found.feedback.properties.values()).count(False) == lost


def test_padding_may_come_from_the_earlier_assignment_and_from_nowhere_else():
    from cnncourse.padding_stride import same_padding

    def borrows_the_number_of_zeros(sequences, kernels, bias, stride=1, padding="valid"):
        around = bank.zeros_around(sequences.shape[1], len(kernels), stride, padding)
        if padding == "same":
            around = same_padding(sequences.shape[1], len(kernels), stride)
        return bank.layer_by_loops(np.pad(sequences, ((0, 0), around, (0, 0))), kernels, bias, stride)

    assert verdict(ASSIGNMENT, "conv1d", borrows_the_number_of_zeros).passed
    for name in functions(ASSIGNMENT)[:-1]:
        library = getattr(text, name)
        assert verdict(ASSIGNMENT, name, lambda *args, fn=library: fn(*args)).misconception == "not from scratch"


# -- the Keras model -------------------------------------------------------------------------------------------------


def test_masking_names_and_initializers_of_the_model_are_free():
    def free(num_words, maxlen, num_classes):
        import keras
        from keras import layers

        end = layers.Dense(1, "sigmoid", name="end")
        if num_classes > 1:
            end = layers.Dense(num_classes, "softmax", name="end")
        return keras.Sequential(
            [
                layers.Input((maxlen,), batch_size=None, name="tokens"),
                layers.Embedding(num_words, 32, embeddings_initializer="normal", name="words"),
                layers.Conv1D(32, 7, activation="relu", kernel_initializer="he_normal"),
                layers.MaxPooling1D(7, name="phrases"),
                layers.Conv1D(filters=32, kernel_size=5, activation="relu"),
                layers.GlobalMaxPooling1D(),
                end,
            ]
        )

    found = verdict(ASSIGNMENT, "text_cnn", free)
    assert found.passed, found.message


@pytest.mark.parametrize("returned", [None, 3, "model", [1, 2]])
def test_something_else_than_a_model_is_told_so(returned):
    found = verdict(ASSIGNMENT, "text_cnn", lambda *sizes: returned)
    assert not found.passed and found.score == 0
    assert found.misconception in ("nothing returned", "not a Keras model")


def test_both_layer_tables_are_shown():
    def two_pools_of_five(num_words, maxlen, num_classes):
        return bank.with_setting("pool", pool_size=5)(num_words, maxlen, num_classes)

    message = verdict(ASSIGNMENT, "text_cnn", two_pools_of_five).message
    assert "your layers" in message and "expected" in message
    assert "pool 5" in message and "pool 7" in message and "Embedding" in message


def test_the_length_of_the_input_counts_where_the_model_has_one():
    def for_texts_of(length):
        return lambda words, maxlen, classes: bank.model_of(
            bank.RIGHT.values(), words, maxlen, bank.right_end(classes), length(words, maxlen)
        )

    assert verdict(ASSIGNMENT, "text_cnn", for_texts_of(lambda words, maxlen: maxlen)).passed
    found = verdict(ASSIGNMENT, "text_cnn", for_texts_of(lambda words, maxlen: maxlen + 1))
    assert not found.passed and "61, expected 60" in found.message
