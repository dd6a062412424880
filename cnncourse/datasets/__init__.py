"""The real data sets of the course, where they are, and honest stand-ins where they are not.

``book/lenet.md`` reads digits, ``book/text.md`` reviews, newswires and messages, ``book/alexnet.md`` dogs and cats. A
set is looked for in the folder named by ``CNNCOURSE_DATA`` and where Keras keeps its own. ``cnncourse data`` lists what
is here and fetches what is not; a loader downloads when it is asked to, and never by itself. Where a set cannot be had,
scikit-learn's digits or generated samples stand in for it: this is said once, and the captions of figures repeat it.

A file that is found and is not what it should be is an error, never a reason for a stand-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnncourse.datasets import generated, reading, store
from cnncourse.datasets.digest import content_digest, numbers_in_a_row
from cnncourse.datasets.generated import generated_messages

__all__ = ["Dataset", "cats_and_dogs", "content_digest", "generated_messages", "imdb", "mnist", "reuters", "sms_spam"]

SHUFFLED_BY = 113  # the seed of Keras's own shuffling

_announced: set[str] = set()


@dataclass(frozen=True, eq=False)
class Dataset:
    """A set of samples with their labels, split into training and test.

    Attributes:
        name: of the loader, ``"mnist"``.
        title: what to call it, ``"MNIST"`` or ``"scikit-learn's digits"``.
        real: whether it is the set itself and not a stand-in.
        digest: the SHA-256 of the whole set's content, whatever was then left out of it.
        class_names: of the labels 0, 1, …
        x_train, x_test: bytes ``N × H × W`` or ``N × H × W × 3`` for pictures; for texts, arrays of objects whose rows
            are lists of word numbers, or strings.
        y_train, y_test: ``(N,)``, whole numbers from 0.
        word_index: the rank of every word, where texts are numbers; in a text, a word's number is its rank + 3.
        caption: what every figure made from a stand-in has to say; empty for the real set.
    """

    name: str
    title: str
    real: bool
    digest: str
    class_names: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    word_index: dict[str, int] = field(default_factory=dict, repr=False)
    caption: str = ""

    def __repr__(self) -> str:
        samples = f"{len(self.x_train):,} training samples, {len(self.x_test):,} test samples"
        return f"<{self.title}: {samples}, {len(self.class_names)} classes{', a stand-in' * (not self.real)}>"


def mnist(size: int = 28, *, required: bool = False, download: bool = False) -> Dataset:
    """MNIST's handwritten digits, 60,000 for training and 10,000 for the test, as Keras gives them.

    Args:
        size: 28, or 32 for a border of two black pixels, which is what LeNet-5 reads.
        required: take no stand-in.
        download: fetch the set (11 MB) when it is not here.

    Returns:
        Images ``N × size × size`` of bytes, 0 for black, and their labels. Where the set is not here, scikit-learn's
        digits in the same form.

    Raises:
        ValueError: another ``size``; the set's file is broken or another; it is required, or to be downloaded, and
            cannot be had.

    Source: LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", Proceedings of
    the IEEE 86 (1998).
    """
    if size not in (28, 32):
        raise ValueError(f"size must be 28, or 32 with a border, got {size!r}")
    found = store.load("mnist", required, download)
    if found is None:
        return _stand_in("mnist", size=size)
    ((arrays, digest),) = found
    if size == 32:
        border = ((0, 0), (2, 2), (2, 2))
        arrays = {name: np.pad(array, border) if array.ndim == 3 else array for name, array in arrays.items()}
    return Dataset("mnist", "MNIST", True, digest, tuple("0123456789"), **arrays)


def imdb(num_words: int | None = None, *, required: bool = False, download: bool = False) -> Dataset:
    """IMDB's film reviews, 25,000 for training and 25,000 for the test, numbered and shuffled as Keras does it.

    A review is a list of word numbers. 1 begins it, 2 stands for a word that was left out, and the most frequent word
    has the number 4.

    Args:
        num_words: words with this number or a higher one are left out; None keeps all.
        required: take no stand-in.
        download: fetch the set (19 MB) when it is not here.

    Returns:
        Arrays of objects, each a list of word numbers, and labels: 0 for negative, 1 for positive. Where the set is not
        here, generated reviews in the same form.

    Raises:
        ValueError: an impossible ``num_words``; the set's files are broken or others; the set is required, or to be
            downloaded, and cannot be had.

    Source: Maas et al., "Learning word vectors for sentiment analysis", ACL (2011).
    """
    _check_num_words(num_words)
    found = store.load("imdb", required, download)
    if found is None:
        return _stand_in("imdb", num_words=num_words)
    (arrays, digest), (index, _) = found
    rng = np.random.RandomState(SHUFFLED_BY)
    parts = {}
    for part in ("train", "test"):
        order = np.arange(len(arrays[f"x_{part}"]))
        rng.shuffle(order)
        parts[f"x_{part}"] = _numbered(arrays[f"x_{part}"][order], num_words)
        parts[f"y_{part}"] = arrays[f"y_{part}"][order]
    return Dataset("imdb", "IMDB", True, digest, ("negative", "positive"), **parts, word_index=index)


def reuters(num_words: int | None = None, *, required: bool = False, download: bool = False) -> Dataset:
    """Reuters's newswires on 46 topics, 8,982 for training and 2,246 for the test, numbered and split as Keras does it.

    Args:
        num_words: as for :func:`imdb`.
        required: take no stand-in.
        download: fetch the set (3 MB) when it is not here.

    Returns:
        Arrays of objects, each a list of word numbers, and labels from 0 to 45. Where the set is not here, generated
        newswires in the same form.

    Raises:
        ValueError: as for :func:`imdb`.

    Source: Lewis, *Reuters-21578 text categorization test collection* (1997).
    """
    _check_num_words(num_words)
    found = store.load("reuters", required, download)
    if found is None:
        return _stand_in("reuters", num_words=num_words)
    (arrays, digest), (index, _) = found
    order = np.arange(len(arrays["x"]))
    np.random.RandomState(SHUFFLED_BY).shuffle(order)
    x, y = _numbered(arrays["x"][order], num_words), arrays["y"][order]
    cut = int(len(x) * 0.8)
    names = tuple(name for name, *_ in generated.TOPICS)
    return Dataset("reuters", "Reuters", True, digest, names, x[:cut], y[:cut], x[cut:], y[cut:], word_index=index)


def cats_and_dogs(size: int = 227, *, required: bool = False, download: bool = False) -> Dataset:
    """1,000 cats and 1,000 dogs of Kaggle's Dogs vs. Cats; the last fifth of each class is for the test.

    Args:
        size: rows, and columns; the pictures, of varying sizes, are brought to it by bilinear interpolation.
        required: take no stand-in.
        download: fetch the set (69 MB) when it is not here.

    Returns:
        Pictures ``N × size × size × 3`` of bytes, and labels: 0 for a cat, 1 for a dog. Where the set is not here,
        generated pictures in the same form.

    Raises:
        ValueError: an impossible ``size``; a picture is missing or damaged; the set is required, or to be downloaded,
            and cannot be had.

    Source: Elson, Douceur, Howell & Saul, "Asirra: a CAPTCHA that exploits interest-aligned manual image
    categorization", ACM CCS (2007).
    """
    if not isinstance(size, (int, np.integer)) or not 1 <= size <= 2000:
        raise ValueError(f"size must be a whole number from 1 to 2000, got {size!r}")
    found = store.load("cats_and_dogs", required, download)
    if found is None:
        return _stand_in("cats_and_dogs", size=size)
    ((pictures, digest),) = found
    parts = {"train": ([], []), "test": ([], [])}
    for name, data in pictures.items():
        files, labels = parts["test" if int(name.split(".")[1]) >= 800 else "train"]
        files.append(data)
        labels.append(int(name.startswith("dogs")))
    x_train, x_test = (reading.decoded(files, size) for files, _ in parts.values())
    y_train, y_test = (np.array(labels) for _, labels in parts.values())
    return Dataset("cats_and_dogs", "Dogs vs. Cats", True, digest, ("cat", "dog"), x_train, y_train, x_test, y_test)


def sms_spam(*, required: bool = False, download: bool = False) -> Dataset:
    """The SMS Spam Collection: 5,574 messages, 747 of them spam; about a fifth of each class is for the test.

    Some messages stand in it several times. All copies are on the same side, or the test would not be new.

    Args:
        required: take no stand-in.
        download: fetch the set (0.2 MB) when it is not here.

    Returns:
        Arrays of strings, and labels: 0 for ham, 1 for spam. Where the set is not here, generated messages in the same
        form.

    Raises:
        ValueError: the set's file is broken or another; it is required, or to be downloaded, and cannot be had.

    Source: Almeida, Gómez Hidalgo & Yamakami, "Contributions to the study of SMS spam filtering", DocEng (2011).
    """
    found = store.load("sms_spam", required, download)
    if found is None:
        return _stand_in("sms_spam")
    ((raw, digest),) = found
    rows = [line.split("\t", 1) for line in raw.decode("utf-8").splitlines()]
    labels = np.array([label == "spam" for label, _ in rows], np.int64)
    texts = np.array([text for _, text in rows], object)
    _, first, which = np.unique(texts.astype(str), return_index=True, return_inverse=True)
    rng = np.random.default_rng(SHUFFLED_BY)
    drawn = [rng.choice(some := np.flatnonzero(labels[first] == c), len(some) // 5, replace=False) for c in (0, 1)]
    test = np.isin(which, np.concatenate(drawn))
    parts = texts[~test], labels[~test], texts[test], labels[test]
    return Dataset("sms_spam", "SMS Spam Collection", True, digest, ("ham", "spam"), *parts)


def _check_num_words(num_words) -> None:
    if num_words is not None and (not isinstance(num_words, (int, np.integer)) or num_words < 1):
        raise ValueError(f"num_words must be None or a whole number of at least 1, got {num_words!r}")


def _numbered(rows: np.ndarray, num_words: int | None) -> np.ndarray:
    """As Keras numbers words: 1 begins a text, 2 stands for words left out, the words themselves begin at 4."""
    numbers = numbers_in_a_row(rows) + 3
    if num_words is not None:
        numbers[numbers >= num_words] = 2
    begin = 1 if num_words is None or num_words > 1 else 2
    numbers, at = numbers.tolist(), 0
    out = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        out[i] = [begin, *numbers[at : at + len(row)]]
        at += len(row)
    return out


def _stand_in(name: str, **options) -> Dataset:
    found = generated.stand_in(name, **options)
    if name not in _announced:  # on stdout, where a notebook shows it beside the results
        _announced.add(name)
        title, how = store.named(name).title, store.how_to_get(name)
        print(f"{title} is not on this computer; in its place: {found['title']}. {how}")
    return Dataset(name, real=False, **found)
