"""The data of the experiments: split in a fixed way, so that only the seed of a training differs between runs."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from cnncourse import datasets
from cnncourse.experiments.engine import Splits
from cnncourse.text import pad_sequences

__all__ = ["digits", "messages", "pictures", "reviews"]


def digits(samples: int | None = None, validation: int = 10_000, test: int | None = None, border: int = 0) -> Splits:
    """MNIST from 0 to 1. The validation images follow the training images; the test is its own, or its beginning.

    Args:
        samples: how many to train on; all that validation leaves when left out.
        validation: how many to watch.
        test: how many of the test images.
        border: pixels of black around each image: 2 make it 32 × 32.
    """
    data = datasets.mnist()
    if not data.real:
        validation = min(validation, len(data.x_train) // 6)
        samples = None if samples is None else min(samples, len(data.x_train) - validation)
    samples = len(data.x_train) - validation if samples is None else samples
    around = ((0, 0), (border, border), (border, border), (0, 0))

    def ready(images):
        return np.pad(np.float32(images)[..., None] / np.float32(255), around)

    watched = slice(samples, samples + validation)
    return _splits(data, ready(data.x_train), data.y_train, slice(samples), watched, ready(data.x_test), test)


def reviews(name: str, num_words: int, maxlen: int, validation: float) -> Splits:
    """IMDB or Reuters as tables of words. The last texts for training are watched, as Keras's ``validation_split``.

    Args:
        name: "imdb" or "reuters".
        num_words: words that are rarer than the first so many are left out.
        maxlen: words of a text; longer ones lose their beginning.
        validation: the share to watch.
    """
    data = getattr(datasets, name)(num_words=num_words)
    x_train, x_test = (pad_sequences(list(x), maxlen).astype(np.int32) for x in (data.x_train, data.x_test))
    first = int(len(x_train) * (1 - validation))
    return _splits(data, x_train, data.y_train, slice(first), slice(first, None), x_test)


def messages(num_words: int, maxlen: int, validation: float) -> Splits:
    """The SMS messages as tables of words, numbered by how frequent they are in what is trained on."""
    data = datasets.sms_spam()
    texts = [re.findall(r"[a-z']+|\d+|[^\sa-z\d]", text.lower()) for text in data.x_train]
    first = int(len(texts) * (1 - validation))
    counts = Counter(_token(word) for text in texts[:first] for word in text)
    ranks = {word: 2 + i for i, (word, _) in enumerate(counts.most_common(num_words - 2))}

    def table(texts):
        return pad_sequences([[ranks.get(_token(w), 1) for w in text] or [1] for text in texts], maxlen).astype(
            np.int32
        )

    x_test = table([re.findall(r"[a-z']+|\d+|[^\sa-z\d]", text.lower()) for text in data.x_test])
    return _splits(data, table(texts), data.y_train, slice(first), slice(first, None), x_test)


def _token(word: str) -> str:
    """A number counts by how many digits it has."""
    return "0" * len(word) if word.isdigit() else word


def pictures(size: int, validation: int) -> Splits:
    """Dogs and cats, bytes; of each class the last so many for training are watched."""
    data = datasets.cats_and_dogs(size)
    y = np.asarray(data.y_train)
    watched = np.sort(np.concatenate([np.flatnonzero(y == label)[-validation // 2 :] for label in (0, 1)]))
    return _splits(data, data.x_train, y, np.setdiff1d(np.arange(len(y)), watched), watched, data.x_test)


def _splits(data, x, y, first, watched, x_test, test=None) -> Splits:
    y, y_test = np.asarray(y, np.int64), np.asarray(data.y_test, np.int64)
    told = {"name": data.name, "title": data.title, "real": data.real, "digest": data.digest}
    return Splits(x[first], y[first], x[watched], y[watched], x_test[:test], y_test[:test], told)
