"""cnncourse.datasets: what the generated data promise, seen from the outside."""

import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from cnncourse.datasets import generated, generated_messages
from cnncourse.datasets.generated import digits, headlines, sentiment, stand_in, textures

EVERY = 51_200


def test_texts_are_words_and_labels_are_0_and_1():
    texts, labels = generated_messages(500, seed=3)
    assert len(texts) == 500 and labels.shape == (500,) and labels.dtype == np.int64
    assert set(labels.tolist()) == {0, 1}
    for text in texts:
        assert text == " ".join(text.split()) and text.islower()
        assert all(word.isascii() and word.isalpha() for word in text.split())


def test_the_seed_decides_and_a_generator_may_stand_in_for_it():
    texts, labels = generated_messages(50, seed=4)
    again = generated_messages(50, seed=4)
    assert again[0] == texts and (again[1] == labels).all()
    assert generated_messages(50, seed=5)[0] != texts
    rng = np.random.default_rng(4)
    assert generated_messages(50, rng)[0] == texts
    assert generated_messages(50, rng)[0] != texts


def test_numpys_own_generator_is_left_alone():
    state = np.random.get_state()[1].copy()
    generated_messages(10)
    assert (np.random.get_state()[1] == state).all()


def test_all_messages_are_different_and_half_of_them_are_spam():
    texts, labels = generated_messages(EVERY, seed=0)
    assert len(set(texts)) == EVERY
    assert labels.sum() == EVERY / 2


def test_counting_words_tells_nothing_and_their_order_everything():
    texts, labels = generated_messages(EVERY, seed=0)
    spam, ham = ([text for text, label in zip(texts, labels, strict=True) if label == kind] for kind in (1, 0))
    counted = [Counter(" ".join(sorted(text.split())) for text in kind) for kind in (spam, ham)]
    assert counted[0] == counted[1]
    assert not set(spam) & set(ham)


def test_a_small_draw_has_both_kinds_in_about_equal_parts():
    for seed in range(10):
        _, labels = generated_messages(1000, seed)
        assert abs(labels.mean() - 0.5) < 6 * np.sqrt(0.25 / 1000)


@pytest.mark.parametrize("count", [0, -1, EVERY + 1, 2.5, "ten"])
def test_an_impossible_count_is_answered_with_the_number(count):
    with pytest.raises(ValueError, match=f"from 1 to {EVERY}, got {count!r}"):
        generated_messages(count)


def test_the_data_stand_beside_everything_and_need_numpy_only():
    code = "import sys, cnncourse.datasets; print(*(m for m in sys.modules if '.' not in m or 'cnncourse' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    course = {module for module in loaded if module.startswith("cnncourse.")}
    assert "cnncourse.datasets" in course
    assert all(module.startswith("cnncourse.datasets") for module in course)
    assert not {"sklearn", "PIL", "tensorflow", "keras", "scipy"} & set(loaded)


SEEDS = range(3)
SETS = ("mnist", "imdb", "reuters", "cats_and_dogs", "sms_spam")


def right(texts, labels, cut, ngrams) -> float:
    """The share of the texts after the cut that a linear classifier names right, counting runs of so many words."""
    counts = CountVectorizer(ngram_range=(ngrams, ngrams), token_pattern=r"\S+")
    model = LinearSVC(C=0.1).fit(counts.fit_transform(texts[:cut]), labels[:cut])
    return model.score(counts.transform(texts[cut:]), labels[cut:])


@pytest.fixture(scope="module", params=SEEDS)
def reviews(request):
    return sentiment(3000, request.param)


def test_reviews_are_20_to_120_words_of_a_vocabulary_of_hundreds_and_half_are_positive(reviews):
    texts, labels = reviews
    lengths = [len(text.split()) for text in texts]
    assert 20 <= min(lengths) < 30 and 105 < max(lengths) <= 120
    assert 300 < len({word for text in texts for word in text.split()}) < 1000
    assert len(set(texts)) == 3000 and labels.sum() == 1500 and labels.dtype == np.int64
    assert all(word.isascii() and word.isalpha() and word.islower() for text in texts for word in text.split())


def test_single_words_tell_nothing_of_a_review_pairs_something_and_triples_more(reviews):
    words, pairs, triples = (right(*reviews, 2000, n) for n in (1, 2, 3))
    assert 0.42 < words < 0.58
    assert pairs > 0.72
    assert triples > 0.82
    assert triples > pairs


def test_praise_and_blame_change_places_in_a_review_of_the_other_kind():
    """One seed draws the same labels, and from the same numbers the same review, whichever way it is meant."""
    for seed in range(20):
        for_, against = (
            generated._opinion(positive, iter(np.random.default_rng(seed).random(9))) for positive in (1, 0)
        )
        swapped = {"for": for_.split(), "against": against.split()}
        without = [[w for w in words if f"{w} " not in generated.DEGREES] for words in swapped.values()]
        assert sorted(without[0]) == sorted(without[1]) and without[0] != without[1]
        assert [w in generated.PRAISE for w in without[0]] == [w in generated.BLAME for w in without[1]]


@pytest.fixture(scope="module", params=SEEDS)
def newswires(request):
    return headlines(3000, request.param)


def test_topics_have_reuters_names_and_shares(newswires, root):
    names, sizes, *_ = zip(*generated.TOPICS, strict=True)
    assert len(set(names)) == 46 and sum(sizes) == 11_228
    # Keras's numbers of the topics of which there are most, and their sizes, as published.
    assert (names[3], sizes[3], names[4], sizes[4], names[19], sizes[19]) == (
        "earn",
        3972,
        "acq",
        2423,
        "money-fx",
        682,
    )
    found = np.bincount(newswires[1], minlength=46)
    assert found.min() >= 1 and found.sum() == 3000
    assert np.abs(found - np.array(sizes) * 3000 / 11_228).max() < 2
    assert np.bincount(newswires[1][:2400], minlength=46).min() >= 1


@pytest.mark.parametrize("count", [46, 47, 100])
def test_every_topic_occurs_from_46_newswires_on(count):
    assert len(set(headlines(count)[1].tolist())) == 46


def test_words_tell_most_topics_and_not_all(newswires):
    often = np.bincount(newswires[1][2400:]).max() / 600
    assert often < 0.4
    assert 0.75 < right(*newswires, 2400, 1) < 0.95


@pytest.fixture(scope="module", params=SEEDS)
def pictures(request):
    return textures(400, 64, request.param)


def coherence(pictures):
    """From 0 to 1: whether the brightness changes in one direction alone (the structure tensor's eigenvalues)."""
    down, across = np.gradient(pictures.astype(float).mean(axis=-1), axis=(1, 2))
    a, b, c = ((p * q).mean(axis=(1, 2)) for p, q in ((down, down), (across, across), (down, across)))
    return np.sqrt((a - b) ** 2 + 4 * c * c) / (a + b)


def test_colours_do_not_tell_stripes_from_spots(pictures):
    x, y = pictures
    assert x.shape == (400, 64, 64, 3) and x.dtype == np.uint8 and y.sum() == 200
    colours = np.concatenate(
        [x.mean(axis=(1, 2)), x.std(axis=(1, 2)), *np.quantile(x, [0.1, 0.5, 0.9], axis=(1, 2))], 1
    )
    for some in (colours[:, :3], colours):
        for model in (LinearDiscriminantAnalysis(), DecisionTreeClassifier(max_depth=4), KNeighborsClassifier(15)):
            assert 0.38 < cross_val_score(make_pipeline(StandardScaler(), model), some, y, cv=5).mean() < 0.62


def test_directions_tell_stripes_from_spots(pictures):
    x, y = pictures
    assert ((coherence(x) < 0.1) == y).mean() > 0.85


DIGESTS = {
    "mnist": "a8179932",
    "imdb": "111d70f2",
    "reuters": "9d4e0f78",
    "cats_and_dogs": "bd351cf1",
    "sms_spam": "582d5059",
}


def test_a_seed_is_the_same_pictures_and_texts_everywhere():
    """Digests made once. They hold on every machine, since nothing is computed that could round in another way."""
    made = {name: stand_in(name, **({"size": 48} if name == "cats_and_dogs" else {}))["digest"][:8] for name in SETS}
    assert made == DIGESTS


def test_digits_lie_bright_on_black_where_mnist_has_them():
    (x_train, y_train), (x_test, y_test) = digits()
    assert x_train.shape == (1437, 28, 28) and x_test.shape == (360, 28, 28)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y_test).tolist() == [36] * 10
    everything = np.concatenate([x_train, x_test])
    frame = np.ones((28, 28), bool)
    frame[4:-4, 4:-4] = False
    assert everything[:, frame].max() == 0 and everything.max() == 255
    assert 0.1 < everything.mean() / 255 < 0.2  # MNIST's is 0.13
    wide = np.concatenate([digits(32)[0][0], digits(32)[1][0]])
    assert (wide[:, 2:-2, 2:-2] == everything).all() and wide.shape[1:] == (32, 32)


def test_digits_are_enlarged_as_pillow_does_it():
    """Pillow's triangle filter is bilinear interpolation when a picture grows."""
    found = load_digits()
    (x_train, y_train), (x_test, y_test) = digits()
    ours = {(label, picture[4:-4, 4:-4].tobytes()) for picture, label in zip(x_train, y_train, strict=True)}
    ours |= {(label, picture[4:-4, 4:-4].tobytes()) for picture, label in zip(x_test, y_test, strict=True)}
    pictures = np.array([np.frombuffer(pixels, np.uint8).reshape(20, 20) for _, pixels in sorted(ours)], float)
    labels = np.array([label for label, _ in sorted(ours)])
    for eight, label in list(zip(found.images, found.target, strict=True))[::40]:
        large = np.asarray(Image.fromarray(eight.astype(np.float32)).resize((20, 20), Image.Resampling.BILINEAR))
        assert np.abs(pictures[labels == label] - large * 255 / 16).max(axis=(1, 2)).min() <= 0.51


@pytest.fixture(scope="module", params=SETS)
def found(request):
    return request.param, stand_in(request.param, **({"size": 48} if request.param == "cats_and_dogs" else {}))


def contents(x):
    return [row.tobytes() if isinstance(row, np.ndarray) else str(row) for row in x]


def test_no_sample_for_training_is_in_the_test(found):
    _, parts = found
    train, test = contents(parts["x_train"]), contents(parts["x_test"])
    assert not set(train) & set(test)
    assert len(set(train)) == len(train) and len(set(test)) == len(test)


def test_a_stand_in_has_the_types_of_the_real_set(found):
    name, parts = found
    dtypes = {"mnist": np.uint8, "cats_and_dogs": np.uint8}
    for part in ("train", "test"):
        x, y = parts[f"x_{part}"], parts[f"y_{part}"]
        assert len(x) == len(y) and y.ndim == 1
        assert x.dtype == dtypes.get(name, object)
        assert y.dtype == (np.uint8 if name == "mnist" else np.int64)
        assert set(y.tolist()) == set(range(len(parts["class_names"])))
    first = parts["x_train"][0]
    shape = {"mnist": (28, 28), "cats_and_dogs": (48, 48, 3)}
    if name in shape:
        assert first.shape == shape[name]
    elif name == "sms_spam":
        assert isinstance(first, str)
    else:
        assert isinstance(first, list) and {type(word) for word in first} == {int}
    assert bool(parts["word_index"]) == (name in ("imdb", "reuters"))
    assert " in place of " in parts["caption"] and parts["caption"].startswith(parts["title"])
    assert len(parts["digest"]) == 64


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_words_are_numbered_as_keras_numbers_them(name):
    parts = stand_in(name)
    texts, _ = sentiment(2500) if name == "imdb" else headlines(3000)
    word = {rank + 3: word for word, rank in parts["word_index"].items()} | {1: "<start>"}
    rows = [*parts["x_train"], *parts["x_test"]]
    assert [" ".join(word[number] for number in row) for row in rows] == [f"<start> {text}" for text in texts]
    # Rank 1 is the most frequent, and no rank is left out.
    counted = Counter(w for text in texts for w in text.split())
    by_rank = sorted(parts["word_index"], key=parts["word_index"].get)
    assert [counted[w] for w in by_rank] == sorted(counted.values(), reverse=True)
    assert sorted(parts["word_index"].values()) == list(range(1, len(counted) + 1))


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_num_words_leaves_out_the_numbers_from_there_on_as_keras_does(name):
    whole, some = stand_in(name), stand_in(name, num_words=50)
    assert some["word_index"] == whole["word_index"] and some["digest"] == whole["digest"]
    for part in ("x_train", "x_test"):
        for all_of_it, row in zip(whole[part], some[part], strict=True):
            assert row == [number if number < 50 else 2 for number in all_of_it]


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: digits(20), "size must be 28 or 32, got 20"),
        (lambda: sentiment(0), "count must be a whole number of at least 1, got 0"),
        (lambda: headlines(2.5), "count must be a whole number of at least 1, got 2.5"),
        (lambda: textures(3, 0), "size must be a whole number of at least 1, got 0"),
        (lambda: stand_in("cifar10"), "got 'cifar10'"),
        (lambda: stand_in("imdb", num_words=0), "num_words must be a whole number of at least 1, got 0"),
    ],
)
def test_what_cannot_be_made_is_answered_with_the_number(make, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        make()


@pytest.mark.parametrize("make", [sentiment, headlines, lambda count, seed: textures(count, 24, seed)])
def test_the_seed_decides_what_is_made(make):
    one, again, other = make(30, 1), make(30, 1), make(30, 2)
    assert np.array_equal(one[0], again[0]) and np.array_equal(one[1], again[1])
    assert not np.array_equal(one[0], other[0])
    assert np.array_equal(make(30, np.random.default_rng(1))[0], one[0])
