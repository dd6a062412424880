"""cnncourse.pipelines against Keras, SciPy and samples that carry a number of their own."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from cnncourse import pipelines
from cnncourse.pipelines import (
    DIGITS,
    PICTURES,
    Augmentation,
    batches,
    encode,
    images,
    sequences,
    split,
    tf_dataset,
    tokens,
    word_index,
)

KINDS = ("pictures", "numbers", "strings")


def dataset(count=100, tested=30, kind="pictures"):
    """Samples that carry their own number; a third of them are of class 1, and it is that number's last digit's."""
    numbers = np.arange(count + tested)
    y = (numbers % 3 == 0).astype(np.uint8)
    if kind == "pictures":
        x = np.zeros((len(numbers), 6, 5), np.uint8)
        x[:, 0, 0] = numbers
    else:
        rows = [
            [1, int(n) + 4, 7] if kind == "numbers" else f"number{'abcdefghij'[n // 100]}x{'y' * n} z" for n in numbers
        ]
        x = np.empty(len(rows), object)
        x[:] = rows
    return SimpleNamespace(x_train=x[:count], y_train=y[:count], x_test=x[count:], y_test=y[count:])


def numbers_of(x):
    """Which samples these are."""
    if isinstance(x[0], str):
        return [row.count("y") for row in x]
    if isinstance(x[0], list):
        return [row[1] - 4 for row in x]
    return np.asarray(x).reshape(len(x), -1)[:, 0].astype(int).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("validation, put_aside", [(20, 20), (0.25, 25), (0, 0), (0.0, 0), (99, 99)])
def test_every_training_sample_is_in_one_part_and_no_test_sample_is(kind, validation, put_aside):
    parts = split(dataset(kind=kind), validation, seed=3)
    train, val = numbers_of(parts.x_train), numbers_of(parts.x_val) if put_aside else []
    assert len(val) == put_aside
    assert sorted(train + val) == list(range(100))
    assert numbers_of(parts.x_test) == list(range(100, 130))


def test_the_test_set_is_not_even_copied():
    whole = dataset()
    parts = split(whole, 20)
    assert parts.x_test is whole.x_test and parts.y_test is whole.y_test


@pytest.mark.parametrize("kind", KINDS)
def test_labels_stay_with_their_samples_and_both_parts_keep_their_order(kind):
    parts = split(dataset(kind=kind), 0.3)
    for x, y in ((parts.x_train, parts.y_train), (parts.x_val, parts.y_val)):
        numbers = numbers_of(x)
        assert numbers == sorted(numbers)
        assert y.tolist() == [n % 3 == 0 for n in numbers]


def test_the_seed_decides_what_is_put_aside():
    aside = [numbers_of(split(dataset(), 20, seed).x_val) for seed in (0, 0, 1, np.random.default_rng(1))]
    assert aside[0] == aside[1] != aside[2] == aside[3]


@pytest.mark.parametrize("validation", [9, 30, 60])
def test_every_class_gives_its_share(validation):
    parts = split(dataset(count=90), validation)
    assert parts.y_val.sum() == validation / 3


def test_a_rare_class_is_never_put_aside_as_a_whole():
    x, y = np.arange(200), np.repeat([0, 1], [198, 2])
    for seed in range(20):
        parts = split(SimpleNamespace(x_train=x, y_train=y, x_test=x, y_test=y), 0.4, seed)
        assert parts.y_train.sum() >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_copies_of_a_sample_stay_together(kind):
    whole = dataset(kind=kind)
    twice = np.concatenate([np.arange(100), np.arange(50), np.arange(10)])
    whole.x_train, whole.y_train = whole.x_train[twice], whole.y_train[twice]
    for seed in range(10):
        parts = split(whole, 40, seed)
        assert len(parts.x_val) == 40
        assert not set(numbers_of(parts.x_train)) & set(numbers_of(parts.x_val))


@pytest.mark.parametrize(
    "validation, said", [(100, "100"), (-1, "-1"), (1.0, "1.0"), (-0.1, "-0.1"), ("ten", "ten"), (0.999, "100")]
)
def test_an_impossible_validation_is_answered_with_the_number(validation, said):
    with pytest.raises(ValueError, match=f"validation .*{said}"):
        split(dataset(), validation)


def test_labels_that_do_not_belong_to_the_samples_are_an_error():
    whole = dataset()
    whole.y_train = whole.y_train[:-1]
    with pytest.raises(ValueError, match=r"\(100, 6, 5\) and \(99,\)"):
        split(whole, 10)
    whole = dataset()
    whole.y_train = np.eye(2)[whole.y_train]
    with pytest.raises(ValueError, match=r"\(100, 2\)"):
        split(whole, 10)


# --- pictures ---


@pytest.mark.parametrize("channels", [None, 3])
def test_pictures_are_float32_from_0_to_1_with_channels(channels):
    whole = dataset()
    if channels:
        whole.x_train, whole.x_test = (np.repeat(x[..., None], channels, -1) for x in (whole.x_train, whole.x_test))
    whole.x_train[-1, 3, 2] = 255
    parts = images(whole, 20)
    assert parts.x_train.shape == (80, 6, 5, channels or 1)
    assert {x.dtype for x in (parts.x_train, parts.x_val, parts.x_test)} == {np.dtype(np.float32)}
    assert {y.dtype for y in (parts.y_train, parts.y_val, parts.y_test)} == {np.dtype(np.int64)}
    assert max(parts.x_train.max(), parts.x_val.max()) == 1
    expected = whole.x_test.reshape(30, 6, 5, -1).astype(np.float32) / np.float32(255)
    assert (parts.x_test == expected).all()


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_channels_first_is_channels_last_with_its_axes_exchanged(dtype):
    whole = dataset()
    rng = np.random.default_rng(0)
    whole.x_train, whole.x_test = (rng.integers(0, 256, (n, 6, 5, 3), np.uint8) for n in (100, 30))
    last, first = (images(whole, 0.2, 5, form, dtype) for form in ("channels_last", "channels_first"))
    for name in ("x_train", "x_val", "x_test"):
        assert getattr(first, name).shape[1:] == (3, 6, 5) and getattr(first, name).dtype == dtype
        assert (getattr(first, name) == getattr(last, name).transpose(0, 3, 1, 2)).all()
    assert (first.y_val == last.y_val).all()


def test_bytes_become_the_same_numbers_whenever_they_are_divided():
    whole = dataset()
    small, large = (images(whole, 20, dtype=dtype) for dtype in ("float32", "uint8"))
    assert large.x_train.dtype == np.uint8
    for one, other in zip(
        *(batches(p.x_train, p.y_train, 32, np.random.default_rng(0)) for p in (small, large)), strict=True
    ):
        assert one[0].dtype == other[0].dtype == np.float32
        assert (one[0] == other[0]).all()
    for one, other in zip(*(tf_dataset(p.x_val, p.y_val, 8, training=False) for p in (small, large)), strict=True):
        assert (one[0].numpy() == other[0].numpy()).all()


def test_what_is_no_picture_is_an_error():
    with pytest.raises(ValueError, match="object of shape"):
        images(dataset(kind="strings"), 10)
    with pytest.raises(ValueError, match="float64 of shape"):
        images(SimpleNamespace(**{k: np.ones((4, 2, 2)) if k[0] == "x" else np.ones(4) for k in vars(dataset())}), 1)
    with pytest.raises(ValueError, match="channels_middle"):
        images(dataset(), 10, data_format="channels_middle")
    with pytest.raises(ValueError, match="float16"):
        images(dataset(), 10, dtype="float16")


# --- texts ---


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_sequences_are_what_kerass_pad_sequences_makes_of_the_same_texts(padding, truncating):
    from keras.utils import pad_sequences

    rng = np.random.default_rng(0)
    whole = dataset(kind="numbers")
    for x in (whole.x_train, whole.x_test):
        x[:] = [[1, *rng.integers(4, 90, rng.integers(0, 12)).tolist()] for _ in x]
    parts = sequences(whole, 7, 0.2, seed=1, padding=padding, truncating=truncating)
    raw = split(whole, 0.2, seed=1)
    for name in ("x_train", "x_val", "x_test"):
        table = getattr(parts, name)
        assert table.dtype == np.int32
        assert (table == pad_sequences(getattr(raw, name), 7, padding=padding, truncating=truncating)).all()
    assert (parts.y_val == raw.y_val).all() and parts.y_val.dtype == np.int64


def test_num_words_leaves_out_what_has_that_number_or_more():
    whole = dataset(kind="numbers")
    some, every = sequences(whole, 4, 10, num_words=50), sequences(whole, 4, 10)
    assert every.x_test.max() == 133 and some.x_test.max() < 50
    assert (some.x_train == np.where(every.x_train < 50, every.x_train, 2)).all()
    with pytest.raises(ValueError, match="num_words must be at least 4, got 3"):
        sequences(whole, 4, 10, num_words=3)


def test_the_word_index_of_a_set_that_has_one_goes_along():
    whole = dataset(kind="numbers")
    whole.word_index = {"the": 1}
    assert sequences(whole, 4, 10).word_index == {"the": 1}


def test_words_of_validation_and_test_do_not_enter_the_vocabulary():
    """Every message has a word that no other has."""
    whole = dataset(kind="strings")
    parts, raw = sequences(whole, 5, 0.3, seed=2), split(whole, 0.3, seed=2)
    of_training = {word for text in raw.x_train for word in text.split()}
    assert set(parts.word_index) == of_training
    assert len(of_training) == 70 + 1  # and "z", which all have
    assert parts.word_index["z"] == 1
    # 0 0 1 (own word) z: to be read in training, left out elsewhere.
    assert (parts.x_train[:, 3] > 4).all() and len(set(parts.x_train[:, 3].tolist())) == 70
    for table in (parts.x_val, parts.x_test):
        assert (table == [0, 0, 1, 2, 4]).all()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Free entry in 2 a wkly comp", ["free", "entry", "in", "0", "a", "wkly", "comp"]),
        ("don't... U CAN'T", ["don't", ".", ".", ".", "u", "can't"]),
        ("£1.50/msg", ["£", "0", ".", "00", "/", "msg"]),
        ("'quoted' under_score", ["'", "quoted", "'", "under", "_", "score"]),
        ("Über 08452810075over18's", ["über", "00000000000", "over", "00", "'", "s"]),
        ("  \n", []),
    ],
)
def test_tokens_are_words_numbers_and_signs(text, expected):
    assert tokens(text) == expected


def test_messages_are_numbered_as_keras_numbers_reviews():
    texts = ["the film the end", "a film", "the sea"]
    index = word_index(texts)
    assert index == {"the": 1, "film": 2, "a": 3, "end": 4, "sea": 5}
    assert encode(["the sea a whale", ""], index) == [[1, 4, 8, 6, 2], [1]]


def test_what_is_no_text_is_an_error():
    with pytest.raises(ValueError, match=r"uint8 of shape \(100, 6, 5\)"):
        sequences(dataset(), 5, 10)


# --- batches ---


def epoch(data):
    """The numbers of the samples, in the order in which they come, and whether each has its own label."""
    numbers, labels = [], []
    for x, y in data:
        numbers += np.round(np.asarray(x).reshape(len(x), -1)[:, 0] * 255).astype(int).tolist()
        labels += np.asarray(y).tolist()
    assert labels == [n % 3 == 0 for n in numbers]
    return numbers


def by_numpy(x, y, size, seed, epochs=2):
    rng = np.random.default_rng(seed)
    return [epoch(batches(x, y, size, rng)) for _ in range(epochs)]


def by_tensorflow(x, y, size, seed, epochs=2):
    data = tf_dataset(x, y, size, seed)
    return [epoch(data) for _ in range(epochs)]


@pytest.mark.parametrize("epochs_of", [by_numpy, by_tensorflow])
def test_an_epoch_has_every_sample_once_with_its_label_and_an_order_of_its_own(epochs_of):
    whole = dataset()
    first, second = epochs_of(whole.x_train, whole.y_train, 32, 0)
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second and first != list(range(100))
    assert epochs_of(whole.x_train, whole.y_train, 32, 0) == [first, second]
    assert epochs_of(whole.x_train, whole.y_train, 32, 1) != [first, second]


@pytest.mark.parametrize("make", [lambda x, y, n: batches(x, y, n, np.random.default_rng(0)), tf_dataset])
def test_the_last_batch_has_the_rest(make):
    whole = dataset()
    assert [len(x) for x, _ in make(whole.x_train, whole.y_train, 32)] == [32, 32, 32, 4]
    assert [len(x) for x, _ in make(whole.x_train, whole.y_train, 500)] == [100]
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        make(whole.x_train, whole.y_train, 0)
    with pytest.raises(ValueError, match=r"\(100, 6, 5\) and \(30,\)"):
        make(whole.x_train, whole.y_test, 8)


def test_texts_stay_whole_numbers_in_batches():
    parts = sequences(dataset(kind="numbers"), 5, 10)
    for data in (
        batches(parts.x_train, parts.y_train, 32, np.random.default_rng(0)),
        tf_dataset(parts.x_train, parts.y_train, 32),
    ):
        x, _ = next(iter(data))
        assert np.asarray(x).dtype == np.int32 and x.shape == (32, 5)


def test_evaluation_keeps_the_order_and_is_never_augmented():
    parts = images(dataset(), 0)
    everything = Augmentation(True, 90, 0.5, 0.5, 0.9)
    data = tf_dataset(parts.x_test, parts.y_test, 8, augment=everything, training=False)
    assert (np.concatenate([x.numpy() for x, _ in data]) == parts.x_test).all()
    assert np.concatenate([y.numpy() for _, y in data]).tolist() == parts.y_test.tolist()
    assert (everything.keras()(parts.x_test, training=False).numpy() == parts.x_test).all()


def test_a_keras_model_learns_from_it_and_is_measured_on_it():
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    y = np.arange(64) % 2
    x = (rng.random((64, 8, 8, 1)) * 0.2 + 0.6 * y[:, None, None, None]).astype(np.float32)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(tf_dataset(x, y, 16, augment=DIGITS), epochs=8, shuffle=False, verbose=0)
    _, accuracy = model.evaluate(tf_dataset(x, y, 16, training=False), verbose=0)
    assert accuracy == 1


# --- augmentation ---


class Extreme:
    """A generator that always draws the upper end, or the lower."""

    def __init__(self, upper=True):
        self.upper = upper

    def random(self, size):
        return np.full(size, 0.0)

    def uniform(self, low, high, size):
        return np.full(size, high if self.upper else low, float)


PICTURE = np.random.default_rng(7).random((2, 12, 12, 3)).astype(np.float32)
SCIPY = {"constant": "grid-constant", "reflect": "reflect"}


def by_scipy(images, matrix, offset, mode):
    """Each channel of each picture, every pixel fetched from ``matrix @ pixel + offset``."""
    out = np.empty_like(images, np.float64)
    for n in range(len(images)):
        for c in range(images.shape[-1]):
            out[n, :, :, c] = ndimage.affine_transform(
                images[n, :, :, c].astype(float), matrix, offset, order=1, mode=SCIPY[mode]
            )
    return out


@pytest.mark.parametrize("mode", SCIPY)
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize(
    "rotation, zoom, shift", [(30, 0, 0), (0, 0.3, 0), (0, 0, 0.2), (10, 0.1, 1 / 16), (160, 0.6, 0.9)]
)
def test_a_picture_is_moved_as_scipy_moves_it(rotation, zoom, shift, upper, mode):
    sign = 1 if upper else -1
    a, scale, centre = np.radians(sign * rotation), 1 + sign * zoom, 5.5
    matrix = scale * np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    offset = centre - matrix @ np.full(2, centre + sign * shift * 12)
    ours = Augmentation(rotation=rotation, zoom=zoom, shift=shift, fill_mode=mode)(PICTURE, Extreme(upper))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, by_scipy(PICTURE, matrix, offset, mode), atol=2e-5)


@pytest.mark.parametrize("mode", SCIPY)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "options, layer",
    [
        ({"rotation": 30}, lambda layers, **edge: layers.RandomRotation((30 / 360, 30 / 360), **edge)),
        ({"zoom": 0.3}, lambda layers, **edge: layers.RandomZoom((0.3, 0.3), **edge)),
        ({"shift": 0.2}, lambda layers, **edge: layers.RandomTranslation((0.2, 0.2), (0.2, 0.2), **edge)),
    ],
    ids=["rotation", "zoom", "shift"],
)
def test_kerass_layers_move_a_picture_alike_when_they_draw_alike(options, layer, data_format, mode):
    from keras import layers

    x = PICTURE if data_format == "channels_last" else PICTURE.transpose(0, 3, 1, 2)
    ours = Augmentation(**options, fill_mode=mode, data_format=data_format)(x, Extreme())
    theirs = layer(layers, fill_mode=mode, data_format=data_format)(x, training=True)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-5)


def test_contrast_is_the_distance_from_each_channels_mean():
    x = np.array([0.2, 0.4, 0.6, 0.8], np.float32).reshape(1, 2, 2, 1)  # the mean is 0.5
    more = Augmentation(contrast=0.9)(x, Extreme())
    np.testing.assert_allclose(more.ravel(), [0, 0.31, 0.69, 1], atol=1e-6)
    less = Augmentation(contrast=0.9)(x, Extreme(upper=False))
    np.testing.assert_allclose(less.ravel(), [0.47, 0.49, 0.51, 0.53], atol=1e-6)


def test_a_picture_is_turned_left_to_right():
    assert (Augmentation(flip=True)(PICTURE, Extreme()) == PICTURE[:, :, ::-1]).all()


def test_keras_gets_the_same_ranges_in_the_same_order():
    built = Augmentation(True, 36, 0.3, 0.2, 0.4, "reflect", "channels_first").keras(5).layers
    configs = {type(layer).__name__: layer.get_config() for layer in built}
    assert list(configs) == ["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"]
    expected = {
        "RandomFlip": {"mode": "horizontal"},
        "RandomRotation": {"factor": (-0.1, 0.1), "fill_mode": "reflect"},
        "RandomZoom": {"height_factor": 0.3, "width_factor": None, "fill_mode": "reflect"},
        "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2, "fill_mode": "reflect"},
        "RandomContrast": {"factor": (0.4, 0.4), "value_range": (0, 1)},
    }
    for name, config in expected.items():
        for key, value in config.items():
            found = configs[name][key]
            assert (tuple(found) if isinstance(found, (list, tuple)) else found) == value, (name, key)
    assert all(layer.data_format == "channels_first" for layer in built)
    assert len({config["seed"] for config in configs.values()}) == 5


@pytest.mark.parametrize(
    "augment",
    [
        Augmentation(flip=True),
        Augmentation(rotation=30),
        Augmentation(zoom=0.3),
        Augmentation(shift=0.2),
        Augmentation(contrast=0.5),
        PICTURES,
    ],
    ids=["flip", "rotation", "zoom", "shift", "contrast", "all"],
)
def test_keras_augments_channels_first_as_channels_last(augment):
    last = augment.keras(3)(PICTURE, training=True).numpy()
    first = (
        replace(augment, data_format="channels_first").keras(3)(PICTURE.transpose(0, 3, 1, 2), training=True).numpy()
    )
    assert (last != PICTURE).any()
    np.testing.assert_allclose(first, last.transpose(0, 3, 1, 2), atol=1e-5)


@pytest.mark.parametrize(
    "augment", [PICTURES, DIGITS, Augmentation(flip=True), Augmentation(contrast=0.5), Augmentation()]
)
def test_channels_first_is_augmented_as_channels_last(augment):
    last = augment(PICTURE, np.random.default_rng(1))
    first = replace(augment, data_format="channels_first")(PICTURE.transpose(0, 3, 1, 2), np.random.default_rng(1))
    assert (first == last.transpose(0, 3, 1, 2)).all()


@pytest.mark.parametrize("augment", [PICTURES, DIGITS, Augmentation()])
def test_what_is_augmented_is_fresh_of_the_same_form_and_from_0_to_1(augment):
    kept = PICTURE.copy()
    out = augment(PICTURE, np.random.default_rng(0))
    assert out.shape == PICTURE.shape and out.dtype == np.float32
    assert not np.shares_memory(out, PICTURE) and (PICTURE == kept).all()
    assert out.min() >= 0 and out.max() <= 1 + 1e-6
    assert augment(PICTURE.astype(float), np.random.default_rng(0)).dtype == np.float64


def test_each_picture_gets_a_change_of_its_own():
    same = np.repeat(PICTURE[:1], 8, axis=0)
    for changed in (PICTURES(same, np.random.default_rng(0)), PICTURES.keras(0)(same, training=True).numpy()):
        assert len({picture.tobytes() for picture in changed}) == 8


@pytest.mark.parametrize("size", [28, 32])
def test_digits_move_by_two_pixels_at_most(size):
    middle = np.zeros((500, size, size, 1), np.float32)
    middle[:, size // 2 - 1 : size // 2 + 1, size // 2 - 1 : size // 2 + 1] = 1
    moved = DIGITS(middle, np.random.default_rng(0))[..., 0]
    places = np.arange(size) - (size - 1) / 2
    for axis in (1, 2):
        centre = (moved.sum(axis=axis) * places).sum(axis=1) / moved.sum(axis=(1, 2))
        assert 1.4 < np.abs(centre).max() <= 2.05
        assert abs(centre.mean()) < 0.2


def augmented_epochs(seed, augment=PICTURES, x=PICTURE):
    data = tf_dataset(np.repeat(x, 8, 0), np.arange(16), 4, seed, augment)
    return [
        {int(n): picture.numpy().tobytes() for x, y in data for n, picture in zip(y, x, strict=True)} for _ in range(2)
    ]


def test_two_epochs_have_different_pictures_and_the_same_seed_the_same():
    first, second = augmented_epochs(0)
    assert set(first) == set(second) == set(range(16))
    assert all(first[n] != second[n] for n in range(16))
    assert augmented_epochs(0) == [first, second]
    assert augmented_epochs(1) != [first, second]


def test_batches_of_numpy_are_augmented_and_the_seed_decides_how():
    def changed(seed):
        rng = np.random.default_rng(seed)
        return [x.tobytes() for x, _ in batches(PICTURE, np.arange(2), 1, rng, PICTURES)]

    assert changed(0) == changed(0) != changed(1)
    assert not set(changed(0)) & {picture[None].tobytes() for picture in PICTURE}


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"rotation": 200}, "rotation must be from 0 to 180 degrees, got 200"),
        ({"zoom": 1}, "zoom must be from 0 to below 1, got 1"),
        ({"shift": -0.1}, "shift must be from 0 to below 1, got -0.1"),
        ({"contrast": 2}, "contrast must be from 0 to below 1, got 2"),
        ({"fill_mode": "wrap"}, "fill_mode must be 'constant' or 'reflect', got 'wrap'"),
        ({"data_format": "first"}, "data_format must be .* got 'first'"),
    ],
)
def test_an_impossible_augmentation_is_answered_with_the_number(wrong, said):
    with pytest.raises(ValueError, match=said):
        Augmentation(**wrong)


def test_three_dimensions_are_no_pictures():
    with pytest.raises(ValueError, match=r"got shape \(12, 12, 3\)"):
        DIGITS(PICTURE[0], np.random.default_rng(0))


def test_the_framework_is_imported_by_what_uses_it():
    code = (
        "import sys, cnncourse.pipelines; print({'tensorflow', 'keras', 'sklearn', 'PIL', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert all(getattr(pipelines, name) for name in pipelines.__all__)


def test_without_a_seed_the_last_samples_are_put_aside_as_they_come():
    x, y = np.arange(10), np.arange(10) % 3
    parts = split(SimpleNamespace(x_train=x, y_train=y, x_test=x + 10, y_test=y), validation=4, seed=None)
    assert parts.x_train.tolist() == [0, 1, 2, 3, 4, 5] and parts.x_val.tolist() == [6, 7, 8, 9]
    assert parts.y_val.tolist() == [0, 1, 2, 0]
