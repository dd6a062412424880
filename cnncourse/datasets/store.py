"""Which files the real sets are, where they are looked for, and how they are fetched, checked and listed.

``cnncourse data`` and the loaders of :mod:`cnncourse.datasets` are made of these functions; no chapter teaches them.

A file is looked for in the folder named by ``CNNCOURSE_DATA`` and then where Keras keeps its own. It is read by
:mod:`cnncourse.datasets.reading` and accepted when the digest of its content is known, or when it is bit by bit the
file that was published.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from cnncourse.datasets import reading
from cnncourse.datasets.reading import Refused

__all__ = ["SETS", "File", "Kept", "alone", "fetch", "folders", "is_here", "listing", "load", "named", "provide"]

KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
TRIES = 4  # in a row without a byte more
PAUSE = 1.0  # seconds before the second try; twice as many before the next
PATIENCE = 30.0  # seconds to wait for an answer
LOCK = ".cnncourse.lock"


@dataclass(frozen=True)
class File:
    """One file of a set.

    Attributes:
        names: what it may be called, or the folder it may be unpacked in. A download keeps the name of its address.
        address: where it can be had.
        size: of a download, in bytes, about.
        digest: of the content, as ``read`` gives it.
        published: the SHA-256 or MD5 its publisher tells of the file itself.
        read: gives the content and its digest, or raises ``Refused``.
        explain: what is wrong with a content whose digest is unknown; None where that cannot be told.
    """

    names: tuple[str, ...]
    address: str
    size: int
    digest: str
    read: Callable[[Path], tuple[object, str]]
    published: str = ""
    explain: Callable[[object], str | None] = lambda content: None


@dataclass(frozen=True)
class Kept:
    """A set: what to call it, what it holds, on which terms, and its files."""

    title: str
    holds: str
    terms: str
    files: tuple[File, ...]


def _keras_npz(name: str, size: int, digest: str, published: str, **layout) -> File:
    read = partial(reading.read_npz, layout=layout)
    return File((f"{name}.npz",), f"{KERAS}/{name}.npz", size, digest, read, published)


def _keras_words(name: str, size: int, digest: str, published: str) -> File:
    name = f"{name}_word_index.json"
    return File((name,), f"{KERAS}/{name}", size, digest, reading.read_word_index, published)


# The published hashes are those in Keras's own loaders. The digests are of the same content in containers written anew.
SETS = {
    "mnist": Kept(
        "MNIST",
        "70,000 images",
        "CC BY-SA 3.0 (LeCun, Cortes)",
        (
            _keras_npz(
                "mnist",
                11_490_434,
                "5e99deed47c3628d4d0c61555efcc2715f62379c77a8d241a0253fd555f56b73",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                x_train=((60_000, 28, 28), "numbers"),
                y_train=((60_000,), "numbers"),
                x_test=((10_000, 28, 28), "numbers"),
                y_test=((10_000,), "numbers"),
            ),
        ),
    ),
    "imdb": Kept(
        "IMDB",
        "50,000 reviews",
        "cite Maas et al. 2011",
        (
            _keras_npz(
                "imdb",
                17_464_789,
                "235a4efead7faef8d8ab0011d82e61768fa4e61e9127abb3a9160e1e8388ebfc",
                "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
                x_train=((25_000,), "lists"),
                y_train=((25_000,), "numbers"),
                x_test=((25_000,), "lists"),
                y_test=((25_000,), "numbers"),
            ),
            _keras_words(
                "imdb",
                1_641_221,
                "98e8ef1ef521d731805e169974d8d47fb8a2f936ed48f38a6c1a8365400fa57e",
                "bfafd718b763782e994055a2d397834f",
            ),
        ),
    ),
    "reuters": Kept(
        "Reuters",
        "11,228 newswires",
        "Reuters-21578, for research",
        (
            _keras_npz(
                "reuters",
                2_110_848,
                "f818ca5ba9659df15dc1fb9e517967467b8f90ce1177a5923ffb15015e518c54",
                "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
                x=((11_228,), "lists"),
                y=((11_228,), "numbers"),
            ),
            _keras_words(
                "reuters",
                550_378,
                "dc14e4977870c0ea38a2a7f9d8a10114ecbf5025739b71425a5de8c319720750",
                "4d44cc38712099c9e383dc6e5f11a921",
            ),
        ),
    ),
    "cats_and_dogs": Kept(
        "Dogs vs. Cats",
        "2,000 pictures",
        "Kaggle Dogs vs. Cats, for research",
        (
            File(
                (
                    "dogs_vs_cats_2000_original.tar",
                    "dogs_vs_cats_2000.tar",
                    "dogs_vs_cats_2000",
                    "cats_and_dogs",
                    "cats_and_dogs_filtered",
                    "cats_and_dogs_filtered.zip",
                ),
                "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip",
                68_606_236,
                "3b7cb3af2d0d25e7b56fb02f13ce63c35ead9864547fc8ef0ad603e5d37ee683",
                reading.read_pictures,
                explain=reading.what_is_wrong_with_pictures,
            ),
        ),
    ),
    "sms_spam": Kept(
        "SMS Spam Collection",
        "5,574 messages",
        "free, by its readme (Almeida, Hidalgo)",
        (
            File(
                ("SMSSpamCollection", "sms+spam+collection.zip"),
                "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
                203_415,
                "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
                reading.read_messages,
            ),
        ),
    ),
}


def named(name: str) -> Kept:
    """The set of this name.

    Raises:
        ValueError: there is none.

    >>> named("mnist").holds
    '70,000 images'
    """
    if name not in SETS:
        raise ValueError(f"there is no set {name!r}; there are {', '.join(SETS)}")
    return SETS[name]


# Finding


def folders() -> list[Path]:
    """Where files are looked for: the folder named by ``CNNCOURSE_DATA``, then Keras's own."""
    own = os.environ.get("CNNCOURSE_DATA")
    return ([Path(own).expanduser()] if own else []) + [_keras_folder()]


def _keras_folder() -> Path:
    home = os.environ.get("KERAS_HOME")  # as Keras decides it
    if home is None:
        base = os.path.expanduser("~")
        home = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")
    return Path(home, "datasets")


def _find(file: File) -> Path | None:
    for folder in folders():
        for name in file.names:
            if os.path.lexists(folder / name):
                return folder / name
    return None


def is_here(name: str) -> bool:
    """Whether every file of a set is on this computer; none of them is read."""
    return all(_find(file) for file in named(name).files)


def _checked(name: str, file: File, path: Path) -> tuple[object, str]:
    """The content of a file and its digest, once it is known to be the right one."""
    try:
        return _right(file, path)
    except Refused as error:
        raise ValueError(f"{path} {error}. Delete or move it, then: cnncourse data {name}") from error


def _right(file: File, path: Path) -> tuple[object, str]:
    content, digest = file.read(path)
    if digest != file.digest and not _is_published(file, path):
        raise Refused(file.explain(content) or "has the right form and another content than the set")
    return content, digest


def _is_published(file: File, path: Path) -> bool:
    if not file.published or not path.is_file():
        return False
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "md5" if len(file.published) == 32 else "sha256").hexdigest() == (
            file.published
        )


def load(name: str, required: bool = False, download: bool = False) -> list[tuple[object, str]] | None:
    """The content of each file of a set with its digest, or None where the set is not on this computer.

    Args:
        name: one of ``SETS``.
        required: a set that is not here is an error.
        download: a set that is not here is fetched.

    Raises:
        ValueError: a file is broken or another than it should be; a set is required and not here; it cannot be fetched.
    """
    kept = named(name)
    paths = [_find(file) for file in kept.files]
    if download and None in paths:
        paths = fetch(name)
    if None not in paths:
        return [_checked(name, file, path) for file, path in zip(kept.files, paths, strict=True)]
    if required:
        absent = [file.names[0] for file, path in zip(kept.files, paths, strict=True) if path is None]
        raise ValueError(
            f"{kept.title} is not on this computer: there is no {' and no '.join(absent)} in "
            f"{' or '.join(map(str, folders()))}. {how_to_get(name)}"
        )
    return None


def how_to_get(name: str) -> str:
    """What to do about a set that is not here, in a sentence.

    >>> how_to_get("mnist")
    'Fetch it (11 MB) with: cnncourse data mnist; or name the folder that has it in CNNCOURSE_DATA.'
    """
    size = _megabytes(sum(file.size for file in named(name).files))
    told = f"Fetch it ({size}) with: cnncourse data {name}; or name the folder that has it in CNNCOURSE_DATA."
    own = os.environ.get("CNNCOURSE_DATA")
    return f"{told} Now it names {own}, which is no folder." if own and not folders()[0].is_dir() else told


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.{0 if size >= 2e6 else 1}f} MB"


# Listing


def listing() -> tuple[str, list[str]]:
    """All sets as a table, each of them read and checked, and a sentence for each that is broken."""
    rows, troubles = [("", "", "holds", "size", "terms", "where")], []
    for name, kept in SETS.items():
        paths = [_find(file) for file in kept.files]
        where = ", ".join(sorted({str(path.parent) for path in paths if path}))
        if None in paths:
            absent = [file for file, path in zip(kept.files, paths, strict=True) if path is None]
            state, where, size = "missing", f"cnncourse data {name} fetches it", sum(file.size for file in absent)
        else:
            state, size = "here", sum(map(_size, paths))
            where = str(paths[0]) if len(paths) == 1 else where
            try:
                for file, path in zip(kept.files, paths, strict=True):
                    _checked(name, file, path)
            except ValueError as error:
                state = "broken"
                troubles.append(str(error))
        rows.append((name, state, kept.holds, _megabytes(size), kept.terms, where))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines), troubles


def _size(path: Path) -> int:
    files = path.rglob("*.jpg") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.exists())


# Fetching


def provide(names: list[str], say: Callable[[str], None] = print) -> list[str]:
    """Fetch what is missing of some sets, or of all, and tell of each where it is.

    Returns:
        A sentence for each set that could not be had. One that fails does not stop the others.
    """
    troubles = []
    for name in dict.fromkeys(names):
        named(name)  # a slip of the pen is told before anything is fetched
    for name in dict.fromkeys(names):
        try:
            paths = fetch(name)
        except ValueError as error:
            troubles.append(str(error))
        else:
            say(f"{name} is here: {', '.join(map(str, paths))}")
    return troubles


def fetch(name: str) -> list[Path]:
    """Download what is missing of a set, check it, and say where its files are.

    Downloads go into the folder named by ``CNNCOURSE_DATA`` when it is set and can be written, else where Keras looks
    as well. What was interrupted goes on where it was. Of two processes one downloads, and the other waits for it.

    Raises:
        ValueError: a file that is here is broken; there is no network; what was sent is not the set; there is no room.
    """
    paths = []
    for file in named(name).files:
        path = _find(file)
        if path:
            _checked(name, file, path)
        paths.append(path or _download(name, file))
    return paths


def _target() -> Path:
    """The first folder that can be written, made where it is not there yet."""
    for folder in folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            trouble = f"{folder} cannot be made ({error.strerror})"
            continue
        if os.access(folder, os.W_OK):
            return folder
        trouble = f"{folder} cannot be written"
    raise ValueError(f"{trouble}; name a folder for the data in CNNCOURSE_DATA")


def _download(name: str, file: File) -> Path:
    kept, folder = named(name), _target()
    path = folder / urlsplit(file.address).path.split("/")[-1]
    part = path.with_name(f"{path.name}.part")
    try:
        with alone(folder / LOCK, f"Another process is downloading into {folder}; waiting for it."):
            if found := _find(file):  # fetched by the process that was waited for
                _checked(name, file, found)
                return found
            while True:
                begun = part.exists() and part.stat().st_size > 0
                _receive(file, part)
                try:
                    _right(file, part)
                except Refused as error:
                    part.unlink()
                    if begun:  # perhaps the beginning was of an older file
                        continue
                    raise ValueError(
                        f"what {file.address} sent is not {kept.title}: it {error}. It was not kept"
                    ) from (error)
                os.replace(part, path)
                return path
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror or error})") from error


def _receive(file: File, part: Path) -> None:
    """Download until all is there. A connection that breaks is taken up again where it broke."""
    from http.client import HTTPException
    from ssl import SSLError
    from urllib.error import HTTPError, URLError

    failures, most = 0, _length(part)
    while True:
        try:
            return _receive_more(file, part)
        except HTTPError as error:
            if error.code == 416:  # the part is as long as the file, or longer
                if error.headers.get("Content-Range") == f"bytes */{_length(part)}":
                    return
                part.unlink()
            elif error.code < 500:
                raise ValueError(f"{file.address} answers: {error.code} {error.reason}. {_by_hand(file)}") from error
            reason: object = f"{error.code} {error.reason}"
        except (URLError, HTTPException, ConnectionError, TimeoutError, SSLError) as error:
            reason = getattr(error, "reason", None) or error
        failures = failures + 1 if _length(part) <= most else 0
        most = max(most, _length(part))
        if failures == TRIES:
            kept = f" What came so far is kept ({part}), and the same command goes on." if _length(part) else ""
            host = urlsplit(file.address).netloc
            raise ValueError(f"{host} cannot be reached ({reason}): is there a network?{kept} {_by_hand(file)}")
        time.sleep(PAUSE * 2 ** max(failures - 1, 0))


def _by_hand(file: File) -> str:
    return f"You may also put {' or '.join(file.names)} into {folders()[0]} yourself; its address is {file.address}"


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _receive_more(file: File, part: Path) -> None:
    from urllib.request import Request, urlopen

    from tqdm import tqdm

    begun = _length(part)
    request = Request(file.address, headers={"User-Agent": "cnncourse", "Accept-Encoding": "identity"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    with urlopen(request, timeout=PATIENCE) as answer:
        if answer.status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
            part.unlink()
            raise ConnectionError("another piece was sent than was asked for")
        if answer.status != 206:  # some servers begin anew whatever they are asked
            begun = 0
        length = answer.headers.get("Content-Length", "")
        total = begun + int(length) if length.isdigit() else None
        bar = tqdm(total=total, initial=begun, unit="B", unit_scale=True, desc=part.name.removesuffix(".part"))
        with open(part, "ab" if begun else "wb", buffering=0) as out, bar:
            while chunk := answer.read1(1 << 16):  # what has come, so that little is lost
                out.write(chunk)
                bar.update(len(chunk))
                if out.tell() > 2 * file.size + 1_000_000:
                    out.truncate(0)
                    raise ValueError(
                        f"{file.address} sends more than {_megabytes(2 * file.size)}: this is another file"
                    )
    if total is not None and _length(part) < total:
        raise ConnectionError("the connection ended early")


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[None]:
    """One process at a time; the system gives the lock back when its holder ends, however it ends.

    Args:
        lock: a file that all of them name; it is made, and stays.
        waiting: what to tell a person while another process holds it.
    """
    with open(lock, "ab") as file:
        told = False
        while not _locked(file):
            if not told:
                print(waiting, file=sys.stderr)
            told = True
            time.sleep(0.2)
        yield


def _locked(file: BinaryIO) -> bool:
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks; what is downloaded is checked in any case
        return True
    return True
