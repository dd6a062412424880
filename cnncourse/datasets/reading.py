"""Files of data, read as if a stranger had written them: what is cut off, foreign or more than data is refused.

These functions are behind :mod:`cnncourse.datasets`; no chapter teaches them. Each returns what a file holds, with a
digest of that content, which stays the same however the file around it was written.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import pickle
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from cnncourse.datasets.digest import content_digest

__all__ = [
    "Refused",
    "decoded",
    "read_messages",
    "read_npz",
    "read_pictures",
    "read_word_index",
    "what_is_wrong_with_pictures",
]

# More than any of the sets needs; what declares more is not read.
MOST_OF_A_FILE = 1_000_000_000
MOST_OF_LISTS = 32_000_000
MOST_OF_WORDS = 20_000_000
MOST_OF_MESSAGES = 2_000_000
MOST_OF_A_PICTURE = 200_000
MOST_MEMBERS = 100_000

PICTURE = re.compile(r"(cat|dog)\.(0|[1-9]\d{0,2})\.jpg")


class Refused(ValueError):
    """A file is not what its name promises; the message goes on where the name of the file ends."""


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever a broken file makes a reader raise becomes a sentence about the file."""
    try:
        yield
    except Refused:
        raise
    except FileNotFoundError as error:
        raise Refused("is a link to a file that is not there") from error
    except OSError as error:
        raise Refused(
            f"cannot be read ({error.strerror})" if error.strerror else f"is cut off or damaged ({error})"
        ) from error
    except Exception as error:  # zipfile, tarfile, zlib, pickle and json raise a dozen kinds, on what is broken
        reason = str(error) or type(error).__name__
        raise Refused(f"is cut off, damaged or another kind of file ({reason})") from error


def _opened(path: Path) -> BinaryIO:
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise Refused("is a folder, where a file belongs")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise Refused("is a pipe or a device, where a file belongs")
    if status.st_size > MOST_OF_A_FILE:
        raise Refused(f"has {status.st_size / 1e6:,.0f} MB, far more than the set")
    return open(path, "rb")


def _is_zip(file: BinaryIO) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"PK"


# Arrays


def read_npz(path: Path, layout: Mapping[str, tuple[tuple[int, ...], str]]) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of an ``.npz`` file, and their :func:`content_digest`.

    Args:
        path: the file.
        layout: for each array its shape, and ``"numbers"`` or ``"lists"``: whole numbers, or an array of objects whose
            every row is a list of whole numbers, pickled, as Keras keeps texts.

    Raises:
        Refused: a file that is cut off or damaged, has other arrays, or holds anything but whole numbers.
    """
    with _refusing(), _opened(path) as file, zipfile.ZipFile(file) as archive:
        arrays = {name: _array(archive, name, *layout[name]) for name in layout}
        try:
            return arrays, content_digest(arrays)
        except (TypeError, ValueError, OverflowError) as error:
            raise Refused("holds something else among its lists of whole numbers") from error


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise Refused(f"is of another set: it has no array {name}") from None
    count = int(np.prod(shape))
    if member.file_size > (MOST_OF_LISTS if kind == "lists" else 8 * count + 10_000):
        raise Refused(f"is of another set: its array {name} takes {member.file_size / 1e6:,.0f} MB")
    with archive.open(member) as stream:  # which never gives more bytes than were declared
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in header:
            raise Refused(f"is written in version {version[0]}.{version[1]} of NumPy's format, and 1.0 is expected")
        found, fortran, dtype = header[version](stream)
        if found != shape:
            raise Refused(f"is of another set: its array {name} has the shape {found}, and {shape} is expected")
        if dtype.kind not in ("O" if kind == "lists" else "iu"):
            raise Refused(f"is of another set: its array {name} holds {dtype}, and {kind} are expected")
        data = bytearray(stream.read())  # to the end, where zipfile compares the checksum
    if kind == "lists":
        return _lists(bytes(data), count)
    if len(data) != count * dtype.itemsize:
        raise Refused(f"is cut off or damaged: its array {name} has {len(data)} bytes, not {count * dtype.itemsize}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _lists(data: bytes, count: int) -> np.ndarray:
    """A pickled array of lists of whole numbers, read by a reader that knows nothing else."""
    _check_instructions(data, count)
    read = _ListsOnly(io.BytesIO(data)).load()
    rows = read.rows if type(read) is _Rows else None
    if type(rows) is not list or len(rows) != count or any(type(row) is not list for row in rows):
        raise Refused(f"does not hold {count:,} lists of whole numbers")
    # One list may stand in many rows, at no cost to the file; each number of an honest one takes a byte at least.
    if sum(map(len, rows)) > len(data):
        raise Refused("holds lists that are longer than the file")
    out = np.empty(count, object)
    out[:] = rows
    return out


# A pickle is a program, and these are the instructions that lists of whole numbers need. Numbers come in millions and
# are stepped over at once; the rest is counted, since a byte of it may ask for a great deal of memory.
_NUMBERS = re.compile(rb"(?:K.|M..|J.{4}|\x95.{8})*+", re.DOTALL)
_INSTRUCTION = re.compile(
    rb"\x80[\x02-\x04]|[](aeNRbt)\x85-\x89\x93\x94.]|[qh].|[rj](?P<place>.{4})"
    rb"|(?:[\x8cUC](?P<short>.)|X(?P<long>.)\0\0\0)|c[^\n]{1,100}\n[^\n]{1,100}\n",
    re.DOTALL,
)


def _check_instructions(data: bytes, count: int) -> None:
    at = 0
    for _ in range(10 * count + 1000):
        found = _INSTRUCTION.match(data, _NUMBERS.match(data, at).end())
        if not found or found["place"] and int.from_bytes(found["place"], "little") > len(data):
            break
        if found[0] == b".":
            return
        at = found.end() + ord(found["short"] or found["long"] or b"\0")
    raise Refused("is damaged, or holds something else than lists of whole numbers; nothing of it was run")


class _ListsOnly(pickle.Unpickler):
    """An unpickler that admits one array of lists, in the spellings of NumPy 1 and 2, and calls nothing of NumPy's."""

    def find_class(self, module: str, name: str):
        if (module, name) not in _ADMITTED:
            raise Refused(f"asks for {module}.{name}, where only lists of whole numbers belong; it was not run")
        return _ADMITTED[module, name]


class _Rows:
    rows = None

    def __setstate__(self, state) -> None:
        _, _, _, _, self.rows = state  # version, shape, type, order of the axes, and the objects


class _Objects:
    def __setstate__(self, state) -> None:
        """The rest of what a pickle tells of a type, which for objects is nothing."""


def _reconstruct(kind, shape, code) -> _Rows:
    if kind is not _NDARRAY or shape != (0,) or code not in (b"b", "b"):
        raise Refused("asks for an array of another kind than a list of lists")
    return _Rows()


def _dtype(kind, *flags) -> _Objects:
    if kind not in ("O", "O4", "O8"):
        raise Refused(f"holds an array of {kind!r} among its lists of whole numbers")
    return _Objects()


def _encode(text, encoding) -> bytes:
    if (text, encoding) != ("b", "latin1"):  # how Python 3 spells b"b" for Python 2
        raise Refused("holds text among its lists of whole numbers")
    return b"b"


_NDARRAY = object()
_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
}


# Words and messages


def read_word_index(path: Path) -> tuple[dict[str, int], str]:
    """The rank of every word, from a JSON file, and the SHA-256 of the words and ranks in alphabetical order.

    Raises:
        Refused: a file that is cut off or holds anything but words and ranks.
    """
    with _refusing(), _opened(path) as file:
        data = file.read(MOST_OF_WORDS + 1)
        if len(data) > MOST_OF_WORDS:
            raise Refused(f"has more than {MOST_OF_WORDS / 1e6:.0f} MB, too much for an index of words")
        index = json.loads(data)
        if type(index) is not dict or any(type(rank) is not int for rank in index.values()):
            raise Refused("holds something else than words and their ranks")
        lines = "\n".join([f"{word} {index[word]}" for word in sorted(index)])
        return index, hashlib.sha256(lines.encode()).hexdigest()


def read_messages(path: Path) -> tuple[bytes, str]:
    """The file ``SMSSpamCollection``, on its own or in the archive it is published in, and its SHA-256.

    Raises:
        Refused: a file that is cut off, or an archive without it.
    """
    with _refusing(), _opened(path) as file:
        if _is_zip(file):
            with zipfile.ZipFile(file) as archive:
                names = [name for name in archive.namelist() if name.split("/")[-1] == "SMSSpamCollection"]
                if not names or archive.getinfo(names[0]).file_size > MOST_OF_MESSAGES:
                    raise Refused("is another archive: it has no SMSSpamCollection of half a megabyte")
                data = archive.read(names[0])
        else:
            data = file.read(MOST_OF_MESSAGES)
        return data, hashlib.sha256(data).hexdigest()


# Pictures


def read_pictures(path: Path) -> tuple[dict[str, bytes], str]:
    """The files ``cat.0.jpg`` to ``cat.999.jpg`` and ``dog.0.jpg`` to ``dog.999.jpg``, and the SHA-256 of them all.

    Args:
        path: a folder, a tar or a zip, in which they may lie at any depth. What else is in it is left alone, so
            Kaggle's whole set and its known excerpts will do.

    Returns:
        ``(pictures, digest)``: the bytes of each file as ``cats/cat.0.jpg``, cats before dogs and by number.

    Raises:
        Refused: an archive that is cut off, holds links or devices or names that lead out of it, or a picture twice.
    """
    found: dict[str, bytes] = {}
    with _refusing():
        for name, size, read in _members(path):
            match = PICTURE.fullmatch(PurePosixPath(name).name)
            if match:
                key = f"{match[1]}s/{match[0]}"
                if key in found:
                    raise Refused(f"holds {match[0]} twice")
                if size > MOST_OF_A_PICTURE:
                    raise Refused(f"is of another set: its {match[0]} has {size / 1e3:,.0f} kB")
                found[key] = read()
    pictures = {key: found[key] for key in sorted(found, key=lambda key: (key[:4], int(key.split(".")[1])))}
    sha = hashlib.sha256()
    for key, data in pictures.items():
        sha.update(f"{key} {len(data)} ".encode() + data)
    return pictures, sha.hexdigest()


def _members(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """``(name, size, read)`` of every file in a folder or an archive."""
    if path.is_dir():
        for folder, _, names in os.walk(path):
            for name in filter(PICTURE.fullmatch, names):
                file = Path(folder, name)
                if file.is_file():
                    yield file.as_posix(), file.stat().st_size, file.read_bytes
        return
    with _opened(path) as file:
        if _is_zip(file):
            with zipfile.ZipFile(file) as archive:
                for member in itertools.islice(archive.infolist(), MOST_MEMBERS):
                    _check_member(member.filename, stat.S_ISLNK(member.external_attr >> 16))
                    yield member.filename, member.file_size, lambda member=member: archive.read(member)
        else:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in itertools.islice(archive, MOST_MEMBERS):
                    _check_member(member.name, not (member.isreg() or member.isdir()) or member.issparse())
                    if member.isreg():
                        yield member.name, member.size, lambda member=member: archive.extractfile(member).read()


def _check_member(name: str, strange: bool) -> None:
    if strange:
        raise Refused(f"holds {name[:100]!r}, which is a link or a device and no picture")
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
        raise Refused(f"holds {name[:100]!r}, a name that leads out of its folder")


def decoded(pictures: Sequence[bytes], size: int) -> np.ndarray:
    """JPEG files as ``len(pictures) × size × size × 3`` bytes, each brought to this size by bilinear interpolation."""
    from PIL import Image

    out = np.empty((len(pictures), size, size, 3), np.uint8)
    for i, data in enumerate(pictures):
        with Image.open(io.BytesIO(data)) as picture:
            out[i] = picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return out


def what_is_wrong_with_pictures(pictures: Mapping[str, bytes]) -> str | None:
    """Which of the 2,000 pictures is missing or damaged, to be said after the file's name; None where all decode."""
    for kind in ("cat", "dog"):
        for number in range(1000):
            if f"{kind}s/{kind}.{number}.jpg" not in pictures:
                return f"has {len(pictures):,} of the 2,000 pictures; the first that is missing is {kind}.{number}.jpg"
    try:
        from PIL import Image
    except ImportError:
        return None
    for key, data in pictures.items():
        try:
            with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
                if max(picture.size) < 5000:
                    picture.load()
        except Exception:  # PIL raises many kinds
            return f"has a damaged picture: {key} cannot be decoded"
    return None
