"""The real data sets of the course, where they are, and honest stand-ins where they are not."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnncourse.datasets.generated import generated_messages

__all__ = ["Dataset", "cats_and_dogs", "content_digest", "generated_messages", "imdb", "mnist", "reuters", "sms_spam"]

SHUFFLED_BY = 113  # the seed of Keras's own shuffling


@dataclass(frozen=True)
class Dataset:
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


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of arrays by name: of what they hold, however the file around them was written."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        sha.update(f"{name} {array.shape} ".encode())
        if array.dtype == object:  # sequences of word numbers
            sha.update(np.array([len(row) for row in array], "<i8").tobytes())
            sha.update(np.concatenate([np.asarray(row, "<i8") for row in array]).tobytes())
        else:
            array = np.ascontiguousarray(array)
            sha.update(array.astype(array.dtype.newbyteorder("<")).dtype.str.encode() + array.tobytes())
    return sha.hexdigest()


def _folder() -> Path:
    return Path(os.environ["CNNCOURSE_DATA"])


def _npz(name):
    with np.load(_folder() / f"{name}.npz", allow_pickle=True) as file:
        return {key: file[key] for key in file.files}


def mnist() -> Dataset:
    arrays = _npz("mnist")
    return Dataset("mnist", "MNIST", True, content_digest(arrays), tuple("0123456789"), **arrays)


def _numbered(rows, num_words):
    """As Keras numbers words: 1 begins a text, 2 stands for words left out, the words themselves begin at 4."""
    out = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        row = [1, *(word + 3 for word in row)]
        out[i] = [word if not num_words or word < num_words else 2 for word in row]
    return out


def imdb(num_words=None) -> Dataset:
    arrays = _npz("imdb")
    rng = np.random.RandomState(SHUFFLED_BY)
    parts = {}
    for part in ("train", "test"):
        order = np.arange(len(arrays[f"x_{part}"]))
        rng.shuffle(order)
        parts[f"x_{part}"] = _numbered(arrays[f"x_{part}"][order], num_words)
        parts[f"y_{part}"] = arrays[f"y_{part}"][order]
    index = json.loads((_folder() / "imdb_word_index.json").read_text())
    return Dataset("imdb", "IMDB", True, content_digest(arrays), ("negative", "positive"), **parts, word_index=index)


def reuters(num_words=None) -> Dataset:
    arrays = _npz("reuters")
    order = np.arange(len(arrays["x"]))
    np.random.RandomState(SHUFFLED_BY).shuffle(order)
    x, y = _numbered(arrays["x"][order], num_words), arrays["y"][order]
    cut = int(len(x) * 0.8)
    index = json.loads((_folder() / "reuters_word_index.json").read_text())
    names = tuple(json.loads((_folder() / "reuters_topic_names.json").read_text()))
    return Dataset(
        "reuters", "Reuters", True, content_digest(arrays), names, x[:cut], y[:cut], x[cut:], y[cut:], word_index=index
    )


def cats_and_dogs(size: int = 227) -> Dataset:
    import io
    import tarfile

    from PIL import Image

    pictures, labels, files = [], [], {}
    with tarfile.open(_folder() / "dogs_vs_cats_2000_original.tar") as tar:
        for member in tar.getmembers():
            if member.isfile() and member.name.endswith(".jpg"):
                files["/".join(member.name.split("/")[-2:])] = tar.extractfile(member).read()
    sha = hashlib.sha256()
    for name in sorted(files, key=lambda name: (name.split("/")[0], int(name.split(".")[-2]))):
        sha.update(f"{name} {len(files[name])} ".encode() + files[name])
        picture = Image.open(io.BytesIO(files[name])).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        pictures.append(np.asarray(picture))
        labels.append(int(name.startswith("dogs")))
    x, y = np.stack(pictures), np.array(labels)
    # The last fifth of each class is for the test.
    test = np.concatenate([np.flatnonzero(y == c)[-int(np.sum(y == c)) // 5 :] for c in (0, 1)])
    train = np.setdiff1d(np.arange(len(y)), test)
    return Dataset(
        "cats_and_dogs", "Dogs vs. Cats", True, sha.hexdigest(), ("cat", "dog"), x[train], y[train], x[test], y[test]
    )


def sms_spam() -> Dataset:
    raw = (_folder() / "SMSSpamCollection").read_bytes()
    rows = [line.split("\t", 1) for line in raw.decode("utf-8").splitlines()]
    labels = np.array([label == "spam" for label, _ in rows], np.int64)
    texts = np.array([text for _, text in rows], object)
    # Some messages stand there several times: all copies go to the same side, or the test would not be new.
    _, first, which = np.unique(texts.astype(str), return_index=True, return_inverse=True)
    rng = np.random.default_rng(SHUFFLED_BY)
    drawn = [rng.choice(some := np.flatnonzero(labels[first] == c), len(some) // 5, replace=False) for c in (0, 1)]
    is_test = np.isin(which, np.concatenate(drawn))
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    return Dataset(
        "sms_spam",
        "SMS Spam Collection",
        True,
        hashlib.sha256(raw).hexdigest(),
        ("ham", "spam"),
        texts[train],
        labels[train],
        texts[test],
        labels[test],
    )
