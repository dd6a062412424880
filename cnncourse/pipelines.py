"""What stands between a data set and a network: validation samples, arrays of one size, batches, augmentation.

``book/lenet.md``, ``book/text.md`` and ``book/alexnet.md`` teach the parts. All begin with :func:`split`, which draws
validation samples from the training samples; the test samples are only ever brought into the same form. Then
:func:`batches` serves the course's own networks and :func:`tf_dataset` Keras, and an :class:`Augmentation` both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from cnncourse.alexnet import random_flip
from cnncourse.arrays import channels_last, floats, in_data_format
from cnncourse.shapes import whole_number
from cnncourse.text import pad_sequences

__all__ = [
    "DIGITS",
    "PICTURES",
    "Augmentation",
    "Splits",
    "batches",
    "encode",
    "images",
    "sequences",
    "split",
    "tf_dataset",
    "tokens",
    "word_index",
]

START, LEFT_OUT, BEFORE_WORDS = 1, 2, 3  # Keras's numbers in texts; 0 fills up, and the most frequent word is 4


@dataclass(frozen=True)
class Splits:
    """Samples to train with, to choose with, and to test with once. ``word_index`` is empty unless they are texts."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    word_index: dict[str, int] = field(default_factory=dict, repr=False)


def split(dataset, validation, seed=0) -> Splits:
    """Put some of the training samples aside for validation; the test samples stay as they are.

    Every class gives its share, and copies of a sample stay together, or validation would ask for what was learned by
    heart. Both parts keep the order they had.

    Args:
        dataset: a :class:`cnncourse.datasets.Dataset`, or whatever has its ``x_train``, ``y_train``, ``x_test`` and
            ``y_test``.
        validation: how many samples (an int), or which share of the training samples (a float below 1). Where copies
            would have to be torn apart, a few less.
        seed: of the draw, or a ``np.random.Generator``. None draws nothing and takes the last samples, as they come.

    Returns:
        :class:`Splits`, in the data set's own form; ``x_test`` and ``y_test`` are the very same arrays.

    Raises:
        ValueError: not one label for each sample, a ``validation`` below 0, or one that leaves none for training.

    >>> from types import SimpleNamespace
    >>> x, y = np.arange(10), np.repeat([0, 1], 5)
    >>> parts = split(SimpleNamespace(x_train=x, y_train=y, x_test=x[:0], y_test=y[:0]), validation=0.2)
    >>> parts.x_train.shape, parts.y_val
    ((8,), array([0, 1]))

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 5.3; scikit-learn's ``train_test_split``
    with ``stratify``; Keras's ``validation_split`` without a seed.
    """
    x, y = _paired(dataset.x_train, dataset.y_train)
    _paired(dataset.x_test, dataset.y_test)
    if y.ndim != 1:
        raise ValueError(f"labels must be numbers of classes, one for each sample, got shape {y.shape}")
    count = _how_many(validation, len(x))
    if seed is None:
        last = len(x) - count
        return Splits(x[:last], y[:last], x[last:], y[last:], dataset.x_test, dataset.y_test)
    _, first, copy_of, copies = np.unique(_contents(x), return_index=True, return_inverse=True, return_counts=True)
    _, classes = np.unique(y, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    # Go round the classes so that each has given its share whenever you stop.
    of_class = classes[first][order]
    rank = np.empty(len(order))
    for number in np.unique(of_class):
        members = np.flatnonzero(of_class == number)
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = np.zeros(len(first), bool)
    for one in order[np.argsort(rank, kind="stable")]:
        if not count:
            break
        if copies[one] <= count:
            chosen[one] = True
            count -= copies[one]
    aside = chosen[copy_of]
    return Splits(x[~aside], y[~aside], x[aside], y[aside], dataset.x_test, dataset.y_test)


def images(dataset, validation, seed=0, data_format="channels_last", dtype="float32") -> Splits:
    """Pictures as networks read them: with channels, from 0 to 1.

    Args:
        dataset: a :class:`cnncourse.datasets.Dataset` of pictures, ``(N, H, W)`` or ``(N, H, W, C)``, uint8.
        validation, seed: as in :func:`split`.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dtype: ``"float32"`` is from 0 to 1. ``"uint8"`` leaves 0 to 255 in a quarter of the memory, for large
            pictures; :func:`batches` and :func:`tf_dataset` divide by 255 when a batch's turn comes.

    Returns:
        :class:`Splits` of ``(N, H, W, C)`` or ``(N, C, H, W)``, with int64 labels.

    Raises:
        ValueError: arrays that are no such pictures, an unknown ``data_format`` or ``dtype``, and as :func:`split`.

    >>> from types import SimpleNamespace
    >>> x, y = np.full((10, 28, 28), 255, np.uint8), np.arange(10)
    >>> dataset = SimpleNamespace(x_train=x, y_train=y, x_test=x, y_test=y)
    >>> parts = images(dataset, validation=0, data_format="channels_first")
    >>> parts.x_train.shape, parts.x_train.dtype.name, float(parts.x_train.max())
    ((10, 1, 28, 28), 'float32', 1.0)
    """
    if dtype not in ("float32", "uint8"):
        raise ValueError(f"dtype must be 'float32' or 'uint8', got {dtype!r}")
    channels_last(np.empty((0, 0)), data_format)  # an unknown one is found before the work
    return _prepared(split(dataset, validation, seed), lambda x: _as_images(x, data_format, dtype))


def sequences(
    dataset, maxlen: int, validation, seed=0, num_words: int | None = None, padding="pre", truncating="pre"
) -> Splits:
    """Texts as networks read them: a row of ``maxlen`` numbers each.

    Args:
        dataset: a :class:`cnncourse.datasets.Dataset` of texts, as Keras numbers them or as strings. Strings are
            numbered by :func:`encode`, with the :func:`word_index` of the samples that are left for training.
        maxlen, padding, truncating: as in :func:`cnncourse.text.pad_sequences`.
        validation, seed: as in :func:`split`.
        num_words: numbers from here on become 2, which stands for a word left out, as in Keras's loaders. None keeps
            all.

    Returns:
        :class:`Splits` of ``(N, maxlen)``, int32, with int64 labels and the ``word_index`` that was used. Numbers are
        below ``num_words``, or below ``len(word_index) + 4`` without it.

    Raises:
        ValueError: arrays that are no texts, a ``num_words`` below 4, and as :func:`cnncourse.text.pad_sequences` and
            :func:`split`.

    >>> from types import SimpleNamespace
    >>> texts, y = np.array(["Call me!", "call 0800", "Me?"], object), np.array([0, 1, 0])
    >>> dataset = SimpleNamespace(x_train=texts[:2], y_train=y[:2], x_test=texts[2:], y_test=y[2:])
    >>> parts = sequences(dataset, maxlen=4, validation=0)
    >>> parts.word_index
    {'call': 1, '!': 2, '0000': 3, 'me': 4}
    >>> parts.x_test  # 1 begins a text, 7 is "me", and 2 a word that the training set does not have
    array([[0, 1, 7, 2]], dtype=int32)
    """
    if num_words is not None:
        num_words = whole_number(num_words, "num_words", BEFORE_WORDS + 1)
    parts = split(dataset, validation, seed)
    strings = _are_strings(dataset)
    index = word_index(parts.x_train) if strings else dict(getattr(dataset, "word_index", {}))

    def rows(texts):
        texts = encode(texts, index) if strings else texts
        table = pad_sequences(texts, maxlen, padding, truncating).astype(np.int32)
        if num_words is not None:
            table[table >= num_words] = LEFT_OUT
        return table

    return replace(_prepared(parts, rows), word_index=index)


def tokens(text: str) -> list[str]:
    """A message's words in lower case, punctuation one by one, and numbers as how many digits they have.

    >>> tokens("WIN £1500 now!! Don't call 0800-123")
    ['win', '£', '0000', 'now', '!', '!', "don't", 'call', '0000', '-', '000']
    """
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|0+|[^\w\s]|_", re.sub(r"\d", "0", text.lower()))


def word_index(texts: Sequence[str]) -> dict[str, int]:
    """Every token of the texts with its rank, from 1 for the most frequent; equally frequent ones by the alphabet.

    Fit it on training samples alone: a word that only the test has is a word you have never seen.

    >>> word_index(["to be or not", "to be"])
    {'be': 1, 'to': 2, 'not': 3, 'or': 4}

    Source: Keras's ``imdb.get_word_index``.
    """
    counted = Counter(token for text in texts for token in tokens(text))
    return {word: rank for rank, word in enumerate(sorted(counted, key=lambda word: (-counted[word], word)), 1)}


def encode(texts: Sequence[str], word_index: Mapping[str, int]) -> list[list[int]]:
    """Texts as Keras numbers them: 1 to begin with, a word's rank plus 3, and 2 for a word that has no rank.

    >>> encode(["to see or not"], {"to": 1, "not": 2, "or": 3})
    [[1, 4, 2, 6, 5]]

    Source: Keras's ``imdb.load_data``, with its ``start_char``, ``oov_char`` and ``index_from``.
    """
    rank = {word: number + BEFORE_WORDS for word, number in word_index.items()}
    return [[START, *(rank.get(token, LEFT_OUT) for token in tokens(text))] for text in texts]


@dataclass(frozen=True)
class Augmentation:
    """Random changes to pictures that leave their class as it is; each picture gets its own. For training only.

    In this order: a picture is turned left to right with probability ½ (``flip``), rotated by up to ``rotation``
    degrees to either side, enlarged or reduced by up to ``zoom`` of its size, shifted by up to ``shift`` of its size in
    each direction; then its distance from each channel's mean is multiplied by 1 - ``contrast`` to 1 + ``contrast``,
    and what leaves 0 to 1 is cut off. Beyond the edges lies 0 (``fill_mode="constant"``) or the mirrored picture
    (``"reflect"``).

    Called with pictures and a generator it changes NumPy arrays; :meth:`keras` builds the same of Keras's layers.
    NumPy's way moves a picture once, Keras's layers once each, which blurs a little more.

    Raises:
        ValueError: ``rotation`` outside 0 to 180, another number outside 0 to below 1, an unknown ``fill_mode`` or
            ``data_format``.

    >>> shifted = Augmentation(shift=0.25)(np.ones((2, 4, 4, 1)), np.random.default_rng(3))
    >>> shifted.shape, bool(shifted.min() < 1)
    ((2, 4, 4, 1), True)

    Source: LeCun et al. (1998), section III.B, which distorts digits; Krizhevsky, Sutskever & Hinton (2012), section
    4.1; Keras's ``RandomFlip``, ``RandomRotation``, ``RandomZoom``, ``RandomTranslation`` and ``RandomContrast``.
    """

    flip: bool = False
    rotation: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    contrast: float = 0.0
    fill_mode: str = "constant"
    data_format: str = "channels_last"

    def __post_init__(self):
        if not 0 <= self.rotation <= 180:
            raise ValueError(f"rotation must be from 0 to 180 degrees, got {self.rotation}")
        for name in ("zoom", "shift", "contrast"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 to below 1, got {getattr(self, name)}")
        if self.fill_mode not in ("constant", "reflect"):
            raise ValueError(f"fill_mode must be 'constant' or 'reflect', got {self.fill_mode!r}")
        channels_last(np.empty((0, 0)), self.data_format)

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Pictures from 0 to 1, changed: a fresh array of the same shape; float32 stays float32."""
        (images,) = floats(images)
        if images.ndim != 4:
            raise ValueError(f"images must have 4 dimensions, got shape {images.shape}")
        out = channels_last(images, self.data_format)
        if self.flip:
            out = random_flip(out, rng)
        if self.rotation or self.zoom or self.shift:
            out = self._moved(out, rng)
        if self.contrast:
            factor = rng.uniform(1 - self.contrast, 1 + self.contrast, (len(out), 1, 1, 1)).astype(out.dtype)
            mean = out.mean(axis=(1, 2), keepdims=True)
            out = np.clip((out - mean) * factor + mean, 0, 1)
        out = in_data_format(out, self.data_format)
        return out.copy() if np.shares_memory(out, images) else out

    def keras(self, seed: int = 0):
        """The same as a ``keras.Sequential``, which changes pictures when it is called with ``training=True``."""
        from keras import Sequential, layers

        edge = {"fill_mode": self.fill_mode, "data_format": self.data_format}
        found = []
        if self.flip:
            found.append(layers.RandomFlip("horizontal", seed=seed, data_format=self.data_format))
        if self.rotation:
            found.append(layers.RandomRotation(self.rotation / 360, seed=seed + 1, **edge))
        if self.zoom:
            found.append(layers.RandomZoom(self.zoom, seed=seed + 2, **edge))
        if self.shift:
            found.append(layers.RandomTranslation(self.shift, self.shift, seed=seed + 3, **edge))
        if self.contrast:
            both = (self.contrast, self.contrast)  # with one number Keras only raises the contrast
            options = {"value_range": (0, 1), "data_format": self.data_format}
            found.append(layers.RandomContrast(both, seed=seed + 4, **options))
        return Sequential(found or [layers.Identity()], name="augmentation")

    def _moved(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Each picture rotated, resized and shifted at once: for every pixel, where it comes from."""
        count, rows, columns, _ = images.shape
        angle = np.radians(rng.uniform(-self.rotation, self.rotation, (count, 1, 1)))
        scale = rng.uniform(1 - self.zoom, 1 + self.zoom, (count, 1, 1))
        down, across = rng.uniform(-self.shift, self.shift, (2, count, 1, 1))
        y = np.arange(rows)[:, None] - (rows - 1) / 2 - down * rows
        x = np.arange(columns) - (columns - 1) / 2 - across * columns
        from_y = (np.cos(angle) * y + np.sin(angle) * x) * scale + (rows - 1) / 2
        from_x = (np.cos(angle) * x - np.sin(angle) * y) * scale + (columns - 1) / 2

        out = np.zeros_like(images)
        top, left = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
        for row in (top, top + 1):  # bilinear: the four pixels around, the nearer the more
            for column in (left, left + 1):
                weight = (1 - np.abs(from_y - row)) * (1 - np.abs(from_x - column))
                if self.fill_mode == "constant":
                    weight = weight * ((0 <= row) & (row < rows) & (0 <= column) & (column < columns))
                pixels = images[np.arange(count)[:, None, None], _mirrored(row, rows), _mirrored(column, columns)]
                out += pixels * weight[..., None].astype(images.dtype)
        return out


DIGITS = Augmentation(rotation=10, zoom=0.1, shift=1 / 16)  # up to 2 pixels of 32
PICTURES = Augmentation(flip=True, rotation=15, zoom=0.15, shift=0.1, contrast=0.2, fill_mode="reflect")


def batches(x, y, batch_size: int, rng: np.random.Generator, augment: Augmentation | None = None) -> Iterator[tuple]:
    """One epoch: every sample once, in a fresh order, ``batch_size`` at a time and the rest at last.

    Args:
        x: ``(N, …)``; uint8 is taken for pixels and divided by 255.
        y: ``(N, …)``, a label for each.
        batch_size: at least 1.
        rng: a NumPy generator. Calling again with it gives another order.
        augment: what changes each batch of pictures, or None.

    Yields:
        ``(x, y)`` of a batch, NumPy arrays.

    Raises:
        ValueError: not as many labels as samples, a ``batch_size`` below 1.

    >>> epoch = batches(np.arange(5), np.arange(5) * 10, batch_size=2, rng=np.random.default_rng(0))
    >>> [(x.tolist(), y.tolist()) for x, y in epoch]
    [([2, 4], [20, 40]), ([3, 0], [30, 0]), ([1], [10])]
    """
    x, y = _paired(x, y)
    batch_size = whole_number(batch_size, "batch_size")
    return _batches(x, y, batch_size, rng, augment)


def tf_dataset(x, y, batch_size: int, seed: int = 0, augment: Augmentation | None = None, training: bool = True):
    """The samples as a ``tf.data.Dataset`` for Keras's ``fit``, ``evaluate`` and ``predict``.

    Args:
        x: ``(N, …)``; uint8 is taken for pixels and divided by 255.
        y: ``(N, …)``, a label for each.
        batch_size: at least 1; the last batch has the rest.
        seed: of the order, which is another one in every epoch, and of ``augment``.
        augment: what changes each batch of pictures in training, or None.
        training: False keeps the order and changes nothing.

    Returns:
        Batches ``(x, y)``, the next ones being made while the network works.

    Raises:
        ValueError: not as many labels as samples, a ``batch_size`` below 1.

    >>> data = tf_dataset(np.zeros((5, 8, 8, 1), np.uint8), np.arange(5), batch_size=2, training=False)
    >>> [(x.shape[0], x.dtype.name, y.numpy().tolist()) for x, y in data]
    [(2, 'float32', [0, 1]), (2, 'float32', [2, 3]), (1, 'float32', [4])]
    """
    import tensorflow as tf

    x, y = _paired(x, y)
    batch_size = whole_number(batch_size, "batch_size")
    change = augment.keras(seed) if augment and training else None
    with tf.device("CPU"):
        x, y = tf.constant(x), tf.constant(y)
        data = tf.data.Dataset.range(len(x))  # numbers are shuffled, not pictures
        if training:
            data = data.shuffle(max(len(x), 1), seed=seed, reshuffle_each_iteration=True)

    def gathered(numbers):
        batch = tf.gather(x, numbers)
        if batch.dtype == tf.uint8:
            batch = tf.cast(batch, tf.float32) / 255
        # One batch after the other, so that each finds the random numbers it found last time.
        return (batch if change is None else change(batch, training=True)), tf.gather(y, numbers)

    return data.batch(batch_size).map(gathered).prefetch(tf.data.AUTOTUNE)


def _paired(x, y) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if not x.ndim or not y.ndim or len(x) != len(y):
        raise ValueError(f"x and y must have one label for each sample, got shapes {x.shape} and {y.shape}")
    return x, y


def _how_many(validation, there_are: int) -> int:
    if isinstance(validation, float):
        if not 0 <= validation < 1:
            raise ValueError(f"validation as a share must be from 0 to below 1, got {validation}")
        validation = round(validation * there_are)
    validation = whole_number(validation, "validation", 0)
    if validation >= there_are > 0:
        raise ValueError(f"validation must leave some of the {there_are} training samples, got {validation}")
    return validation


def _contents(x: np.ndarray) -> np.ndarray:
    """A number for each sample, the same for copies."""
    numbers = {}
    keys = (row if isinstance(row, str) else tuple(row) for row in x) if x.dtype == object else _bytes(x)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], int)


def _bytes(x):
    from hashlib import blake2b

    return (blake2b(np.ascontiguousarray(sample).tobytes()).digest() for sample in x)


def _prepared(parts: Splits, prepare) -> Splits:
    changed = {}
    for part in fields(Splits):
        array = getattr(parts, part.name)
        if part.name.startswith("x_"):
            changed[part.name] = prepare(array)
        elif part.name.startswith("y_"):
            changed[part.name] = np.asarray(array).astype(np.int64)
    return replace(parts, **changed)


def _as_images(x, data_format, dtype) -> np.ndarray:
    if x.dtype != np.uint8 or x.ndim not in (3, 4):
        raise ValueError(f"pictures must be uint8 of shape (N, H, W) or (N, H, W, C), got {x.dtype} of shape {x.shape}")
    x = x[..., None] if x.ndim == 3 else x
    return in_data_format(_from_0_to_1(x) if dtype == "float32" else x, data_format)


def _from_0_to_1(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float32)
    x /= 255
    return x


def _are_strings(dataset) -> bool:
    x = np.asarray(dataset.x_train)
    if x.ndim != 1 or x.dtype.kind not in "OU":
        raise ValueError(f"texts must be an array of lists of numbers or of strings, got {x.dtype} of shape {x.shape}")
    return bool(len(x)) and isinstance(x[0], str)


def _mirrored(places: np.ndarray, size: int) -> np.ndarray:
    """Places beyond an edge as those in front of it: … 1 0 | 0 1 2 | 2 1 0 …"""
    places = places % (2 * size)
    return np.where(places < size, places, 2 * size - 1 - places)


def _batches(x, y, batch_size, rng, augment):
    order = rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        numbers = order[start : start + batch_size]
        batch = _from_0_to_1(x[numbers]) if x.dtype == np.uint8 else x[numbers]
        yield batch if augment is None else augment(batch, rng), y[numbers]
