"""The files of a folder or a zip archive that strangers filled: listed, checked, and read one by one.

Nothing is unpacked to disk here. What has a name that leads elsewhere, is a link or a device, is encrypted, damaged or
packed so well that it would fill the memory is not read; it is named with the reason.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.grading.frame import plain
from cnncourse.grading.release import CourseError

__all__ = ["Aside", "Entry", "Source", "opened", "shown"]

MEGABYTE = 2**20
LARGEST_FILE = 100 * MEGABYTE  # nbgrader's own limit
LARGEST_DIRECTORY = 64 * MEGABYTE  # an archive's table of contents
MOST_ENTRIES = 200_000
HARMLESS = 10 * MEGABYTE  # below it, nobody asks how well a file was packed
HIGHEST_RATIO = 200
DEEPEST = 20
LONGEST = 1_000

JUNK = {"__macosx", "thumbs.db", "desktop.ini", "__pycache__"}
NO_FILE = "it is a link or a device and no file"


class Aside(Exception):
    """Why something is not taken: the reason, in words that follow its name."""


@dataclass(frozen=True)
class Entry:
    """A file: its path in parts, how long it is, when it was written (local time, "" if unknown), how to read it.

    ``read()`` gives the content, or raises :class:`Aside`.
    """

    parts: tuple[str, ...]
    size: int
    modified: str
    read: Callable[[], bytes]

    def __str__(self) -> str:
        return shown("/".join(self.parts))


@dataclass
class Source:
    """The files of a source; what was put aside, as (path, reason); who owns the folders at its top, by their names."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    owners: dict[str, set[str]] = field(default_factory=dict)

    def put_aside(self, who: object, why: object) -> None:
        self.aside.append((shown(str(who)), str(why)))


def shown(text: str, most: int = 100) -> str:
    """A text from elsewhere as it can be shown: on one line, nothing that moves a terminal's cursor, not endless."""
    return plain(text if len(text) <= most else f"{text[: most - 4]} ...")


@contextlib.contextmanager
def opened(path: str | os.PathLike) -> Iterator[Source]:
    """The files of a folder or a zip archive, which stays open meanwhile.

    Raises:
        CourseError: it does not exist, is no zip archive, is cut off, or holds far too much.
    """
    path = Path(path)
    if path.is_dir():
        yield _listed(path)
    elif path.is_file():
        with open(path, "rb") as file:
            yield _packed(path, file)
    else:
        raise CourseError(f"{path} does not exist: give a folder, or the archive that Moodle or Canvas made.")


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a file's path; none if the file is nobody's work; :class:`Aside` if the path is not to be trusted.

    >>> _parts("./Ada/work.ipynb"), _parts("Ada/__MACOSX/._work.ipynb")
    (('Ada', 'work.ipynb'), ())
    """
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise Aside("its name holds control characters")
    if any(0xD800 <= ord(character) < 0xE000 for character in name):
        raise Aside("its name is no readable text (UTF-8)")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise Aside("its name is an absolute path")
    if "\\" in name:
        raise Aside("its name holds a backslash")
    parts = tuple(unicodedata.normalize("NFC", part) for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Aside("its name leads elsewhere (..)")
    if len(name) > LONGEST or any(len(part) > 255 for part in parts):
        raise Aside(f"its name is too long, with {len(name):,} characters")
    if len(parts) > DEEPEST:
        raise Aside(f"it lies in {len(parts) - 1} folders, one in the other")
    return () if any(part.startswith(".") or part.casefold() in JUNK for part in parts) else parts


# A folder -------------------------------------------------------------------------------------------------------------


def _listed(path: Path) -> Source:
    root = _inbound(path)
    source = Source(path)
    owners = defaultdict(set)

    def unreadable(error: OSError) -> None:
        source.put_aside(os.path.relpath(error.filename or root, root), f"it cannot be read ({error.strerror})")

    for folder, folders, files in os.walk(root, onerror=unreadable):
        inside = Path(folder).relative_to(root).parts
        for name in sorted(folders):
            if os.path.islink(os.path.join(folder, name)):
                source.put_aside("/".join((*inside, name)), "it is a link to another folder")
            elif not inside:
                owners[unicodedata.normalize("NFC", name)].add(_owner(os.path.join(folder, name)))
        # Links are not followed anyway. One level more than allowed is looked at, so that what lies there is named.
        hidden = {name for name in folders if name.startswith(".") or name.casefold() in JUNK}
        folders[:] = [] if len(inside) >= DEEPEST else sorted(set(folders) - hidden)
        for name in sorted(files):
            try:
                parts = _parts("/".join((*inside, name)))
                if parts:
                    status = os.lstat(os.path.join(folder, name))
                    if not stat.S_ISREG(status.st_mode):
                        raise Aside(NO_FILE)
                    read = _file_reader(root, (*inside, name))
                    source.entries.append(Entry(parts, status.st_size, _clock(status.st_mtime), read))
            except Aside as why:
                source.put_aside("/".join((*inside, name)), why)
            except OSError as error:
                source.put_aside("/".join((*inside, name)), f"it cannot be read ({error.strerror})")
            if len(source.entries) + len(source.aside) > MOST_ENTRIES:
                raise CourseError(f"{path} holds more than {MOST_ENTRIES:,} files: give a smaller folder.")
    source.owners = dict(owners)
    return source


def _inbound(path: Path) -> Path:
    """The folder in which submissions arrive, if this is nbgrader's exchange or a course's part of it."""
    if (path / "inbound").is_dir():
        return path / "inbound"
    courses = sorted(path.glob("*/inbound"))
    if len(courses) > 1:
        names = ", ".join(shown(course.parent.name) for course in courses)
        raise CourseError(f"{path} is the exchange of several courses ({names}): give the folder of one of them.")
    return courses[0] if courses else path


def _owner(path: str) -> str:
    try:
        import pwd

        return pwd.getpwuid(os.lstat(path).st_uid).pw_name
    except (ImportError, KeyError, OSError):
        return ""


def _clock(seconds: float) -> str:
    """As archives have it: local time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return ""


def _file_reader(root: Path, parts: tuple[str, ...]) -> Callable[[], bytes]:
    """Reads a file below a folder. No link is followed on the way, should one have been put there meanwhile."""

    def read() -> bytes:
        handles = []
        try:
            if os.open in os.supports_dir_fd:
                handles.append(os.open(root, os.O_RDONLY))
                for part in parts[:-1]:
                    handles.append(os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handles[-1]))
                last = os.open(parts[-1], os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=handles[-1])
            else:
                last = os.open(root.joinpath(*parts), os.O_RDONLY | os.O_BINARY)
            with os.fdopen(last, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise Aside(NO_FILE)
                content = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise Aside(f"it cannot be read ({error.strerror})") from error
        finally:
            for handle in handles:
                os.close(handle)
        if len(content) > LARGEST_FILE:
            raise Aside(f"it is larger than {LARGEST_FILE // MEGABYTE} MB")
        return content

    return read


# A zip archive --------------------------------------------------------------------------------------------------------

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # and NotImplementedError, which is one
    ValueError,
)


def _packed(path: Path, file) -> Source:
    if _directory_size(file) > LARGEST_DIRECTORY:
        raise CourseError(f"{path} says that it holds far more files than a class can hand in: it is left alone.")
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise CourseError(
            f"{path} is cut off, damaged or no zip archive ({shown(str(error))}): download it again. "
            "Submissions come as a zip archive or in a folder."
        ) from error
    if len(archive.filelist) > MOST_ENTRIES:
        raise CourseError(f"{path} holds more than {MOST_ENTRIES:,} files: it is left alone.")
    source = Source(path)
    for info in archive.filelist:
        name = info.orig_filename  # `filename` ends at a NUL
        if not info.flag_bits & 0x800:  # without the mark for UTF-8; macOS writes UTF-8 all the same
            with contextlib.suppress(UnicodeError):
                name = name.encode("cp437").decode("utf-8")
        if name.endswith("/"):
            continue
        try:
            parts = _parts(name)
            if parts:
                _check(info)
                date = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
                date = "" if date.startswith("1980-01-01") else date  # where an archive begins to count: unknown
                source.entries.append(Entry(parts, info.file_size, date, _packed_reader(archive, info)))
        except Aside as why:
            source.put_aside(name, why)
    return source


def _directory_size(file) -> int:
    """How long an archive says that its table of contents is; 0 if it does not say."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - 65_557))  # the last record and the longest comment
    end = file.read()
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) < at + 22:
        return 0
    (length,) = struct.unpack_from("<L", end, at + 12)
    if length == 0xFFFFFFFF and start + at >= 76:  # it stands in the record for large archives, 76 bytes before
        file.seek(start + at - 76)
        record = file.read(56)
        if record[:4] == b"PK\x06\x06":
            (length,) = struct.unpack_from("<Q", record, 40)
    return length


def _check(info: zipfile.ZipInfo) -> None:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Aside(NO_FILE)
    if info.flag_bits & 0x41:
        raise Aside("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the two that unpack in small steps
        raise Aside("it is packed in a way that Moodle and Canvas do not use")
    if info.file_size > LARGEST_FILE:
        raise Aside(f"it is larger than {LARGEST_FILE // MEGABYTE} MB")
    if info.file_size > HARMLESS and info.file_size > HIGHEST_RATIO * info.compress_size:
        raise Aside(f"it would unpack to more than {HIGHEST_RATIO} times its size")


def _packed_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                content = file.read(info.file_size + 1)
        except _BROKEN as error:
            raise Aside(f"it is damaged in the archive ({shown(str(error)) or type(error).__name__})") from error
        if len(content) != info.file_size:
            raise Aside("it is cut off in the archive")
        return content

    return read
