"""The data of the experiments: split in a fixed way, so that runs differ by the seed of their training alone."""

from __future__ import annotations

from dataclasses import replace

from cnncourse import datasets
from cnncourse.datasets import Dataset
from cnncourse.pipelines import Splits, images, sequences

__all__ = ["digits", "messages", "pictures", "reviews"]


def digits(samples: int, validation: int, test: int | None = None, size: int = 28) -> tuple[Splits, Dataset]:
    """MNIST from 0 to 1. The validation images follow the training images.

    Args:
        samples: how many to train on, from the first.
        validation: how many to watch.
        test: how many of the test images, from the first; all of them when left out.
        size: 28, or 32 with a border.
    """
    data = datasets.mnist(size)
    if not data.real:  # fewer images, in the same proportion
        validation = round(len(data.x_train) * validation / (samples + validation))
        samples = len(data.x_train) - validation
    both = samples + validation
    some = {"x_train": data.x_train[:both], "y_train": data.y_train[:both]}
    some |= {"x_test": data.x_test[:test], "y_test": data.y_test[:test]}
    return images(replace(data, **some), validation, seed=None), data


def reviews(name: str, num_words: int, maxlen: int, validation: float) -> tuple[Splits, Dataset]:
    """IMDB or Reuters as tables of words. The last texts are watched, as by Keras's ``validation_split``.

    Args:
        name: "imdb" or "reuters".
        num_words: rarer words than the first so many are left out.
        maxlen: words of a text; longer ones lose their beginning.
        validation: the share to watch.
    """
    data = getattr(datasets, name)(num_words=num_words)
    texts = len(data.x_train)
    return sequences(data, maxlen, texts - int(texts * (1 - validation)), seed=None), data


def messages(num_words: int, maxlen: int, validation: float) -> tuple[Splits, Dataset]:
    """The SMS messages as tables of words, numbered by how frequent they are in what is trained on."""
    data = datasets.sms_spam()
    return sequences(data, maxlen, validation, num_words=num_words), data


def pictures(size: int, validation: int) -> tuple[Splits, Dataset]:
    """Dogs and cats, as bytes; as many cats as dogs are watched."""
    data = datasets.cats_and_dogs(size)
    return images(data, min(validation, len(data.x_train) // 4), dtype="uint8"), data
