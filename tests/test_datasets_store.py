"""The real sets: found, fetched, checked and read; and whatever is broken is refused in a sentence."""

import io
import json
import os
import pickle
import re
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections import Counter
from functools import partial
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cnncourse import cli, datasets
from cnncourse.datasets import reading, store
from cnncourse.datasets.reading import Refused, read_npz

REAL = os.environ.get("CNNCOURSE_DATA")
real_data = pytest.mark.skipif(not REAL, reason="the real data are not here: CNNCOURSE_DATA is not set")

ROWS = [[5, 200, 70_000], [1], [], [2, 2, 300], [9] * 400, [255, 256, 65_535, 65_536]]
LABELS = np.array([0, 1, 1, 0, 1, 0])
LAYOUT = {"x": ((6,), "lists"), "y": ((6,), "numbers")}


def objects(rows):
    out = np.empty(len(rows), object)
    out[:] = rows
    return out


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def pickled_npz(path, program, y=LABELS, count=6):
    """An .npz whose array x is this pickle, whatever it is."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (count,)})
    labels = io.BytesIO()
    np.save(labels, y)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + program)
        archive.writestr("y.npy", labels.getvalue())
    return path


def tiny(address="http://127.0.0.1:9", **changed):
    digest = datasets.content_digest({"x": objects(ROWS), "y": LABELS})
    told = {
        "names": ("tiny.npz",),
        "address": f"{address}/tiny.npz",
        "size": 3000,
        "digest": digest,
        "read": partial(read_npz, layout=LAYOUT),
    }
    return store.Kept("Tiny", "6 texts", "free", (store.File(**told | changed),))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for the data; Keras's is another one, and empty too."""
    own = tmp_path / "data"
    own.mkdir()
    monkeypatch.setenv("CNNCOURSE_DATA", str(own))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets, "_announced", set())
    monkeypatch.setattr(store, "PAUSE", 0.0)
    monkeypatch.setitem(store.SETS, "tiny", tiny())
    return own


@pytest.fixture
def tiny_bytes(tmp_path):
    return npz(tmp_path / "made.npz", x=objects(ROWS), y=LABELS).read_bytes()


# Reading lists of numbers


def test_lists_of_numbers_come_back_as_they_were(tmp_path):
    arrays, digest = read_npz(npz(tmp_path / "a.npz", x=objects(ROWS), y=LABELS), LAYOUT)
    assert arrays["x"].tolist() == ROWS and arrays["y"].tolist() == LABELS.tolist()
    assert digest == datasets.content_digest({"x": objects(ROWS), "y": LABELS})


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("spelling", ["numpy._core.multiarray", "numpy.core.multiarray"])
def test_pickles_of_numpy_1_and_2_are_read_alike(tmp_path, protocol, spelling):
    program = pickle.dumps(objects(ROWS), protocol=protocol)
    here = re.search(rb"numpy\._?core\.multiarray", program)[0].decode()
    if protocol == 4:  # where the text's length stands before it, and the frame's before that
        program = re.sub(rb"\x95.{8}", b"", program, count=1, flags=re.DOTALL)
        program = program.replace(bytes([len(here)]) + here.encode(), bytes([len(spelling)]) + spelling.encode())
    program = program.replace(here.encode(), spelling.encode())
    arrays, _ = read_npz(pickled_npz(tmp_path / "a.npz", program), LAYOUT)
    assert arrays["x"].tolist() == ROWS


def test_pickles_of_python_2_are_read_too(tmp_path):
    program = pickle.dumps(objects(ROWS), protocol=2)
    program, changed = re.subn(rb"c_codecs\nencode\nq.X\x01\0\0\0bq.X\x06\0\0\0latin1q.\x86q.R", b"U\x01b", program)
    assert changed == 1
    arrays, _ = read_npz(pickled_npz(tmp_path / "a.npz", program), LAYOUT)
    assert arrays["x"].tolist() == ROWS


class Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["system", "eval", "exec", "getattr", "numpy", "import"])
def test_a_pickle_that_calls_something_is_refused_and_nothing_runs(tmp_path, kind, protocol):
    marker = tmp_path / "it ran"
    call = {
        "system": Calls(os.system, f"touch '{marker}'"),
        "eval": Calls(eval, f"open({str(marker)!r}, 'w')"),
        "exec": Calls(exec, f"open({str(marker)!r}, 'w')"),
        "getattr": Calls(getattr, marker, "touch"),
        "numpy": Calls(np.save, str(marker), [1]),
        "import": Calls(__import__, "antigravity"),
    }[kind]
    for content in (objects([call] * 6), [call] * 6, call):
        path = pickled_npz(tmp_path / "a.npz", pickle.dumps(content, protocol=protocol))
        with pytest.raises(Refused, match="not run|nothing of it was run"):
            read_npz(path, LAYOUT)
    assert not [file for file in tmp_path.iterdir() if file.name.startswith("it ran")]


def test_what_was_asked_for_is_named(tmp_path):
    path = pickled_npz(tmp_path / "a.npz", pickle.dumps(Calls(os.system, "true"), protocol=4))
    with pytest.raises(Refused, match=r"asks for (posix|nt)\.system, where only lists of whole numbers belong"):
        read_npz(path, LAYOUT)


@pytest.mark.parametrize(
    "rows",
    [
        [[1], [2], [[3]], [4], [5], [6]],
        [[1], [2], [None], [4], [5], [6]],
        [[1], [2], ["three"], [4], [5], [6]],
        [[1], [2], [3.5], [4], [5], [6]],
        [[1], [2], [2**70], [4], [5], [6]],
        [[1], [2], {3: 3}, [4], [5], [6]],
        [[1], [2], (3, 3), [4], [5], [6]],
        [[1], [2], np.array([3]), [4], [5], [6]],
        [[1], [2], np.array([3, "x"], object), [4], [5], [6]],
        ["abc", "d", "e", "f", "g", "h"],
        [1, 2, 3, 4, 5, 6],
        [[1], [2], [3], [4], [5]],
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_anything_but_lists_of_whole_numbers_is_refused(tmp_path, rows, protocol):
    with pytest.raises(Refused):
        read_npz(pickled_npz(tmp_path / "a.npz", pickle.dumps(objects(rows), protocol=protocol)), LAYOUT)


ARRAY = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
STATE = b"(K\x01K\x06\x85cnumpy\ndtype\n(U\x02O8K\x00K\x01tR\x89"


@pytest.mark.parametrize(
    "program",
    [
        ARRAY + b"J\xff\xff\xff\x7f\x85U\x01b\x87R.",  # an array of 2 147 483 647 objects
        b"\x80\x02]r\xff\xff\xff\xff.",  # a note in place 4 294 967 295
        b"\x80\x02" + b"]" * 20_000_000 + b".",
        b"\x80\x04" + b"]\x94" * 10_000_000 + b".",
        b"\x80\x02(" + b"(" * 20_000_000 + b".",
        b"\x80\x02]q\x00(" + b"h\x00" * 1000 + b"e.",  # a list of itself
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0f",  # bytes, and how many there are to come
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00",
        b"\x80\x02\x8b\xff\xff\xff\x7f",
        b"\x80\x02T\xff\xff\xff\x7f",
        b"\x80\x02}.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02Pname\n.",
        b"\x80\x02cnumpy\ndtype\n(U\x05V9999tR.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02c_codecs\nencode\n(U\x01xU\x06rot_13tR.",
        ARRAY + b"K\x00\x85U\x01b\x87RN}b.",
        ARRAY + b"K\x00\x85U\x01b\x87R" + STATE + b"(K\x00",
        b"\x80\x02R.",
        b".",
        b"",
        b"\x80\x04\x95" + b"\xff" * 8 + b".",
    ],
    ids=range(22),
)
def test_a_pickle_that_asks_for_the_impossible_is_refused_at_once(tmp_path, program):
    path = pickled_npz(tmp_path / "a.npz", program)
    begun = time.process_time()
    with pytest.raises(Refused):
        read_npz(path, LAYOUT)
    assert time.process_time() - begun < 2


def test_one_long_list_cannot_stand_in_for_thousands(tmp_path):
    layout = {"x": ((10_000,), "lists"), "y": ((6,), "numbers")}
    rows = objects([list(range(100_000))] * 10_000)  # a billion numbers in a small file
    path = pickled_npz(tmp_path / "a.npz", pickle.dumps(rows, protocol=4), count=10_000)
    with pytest.raises(Refused, match="longer than the file"):
        read_npz(path, layout)


def test_an_array_that_declares_too_much_is_not_unpacked(tmp_path):
    path = npz(tmp_path / "a.npz", x=np.zeros(5_000_000), y=np.zeros(5_000_000))
    with pytest.raises(Refused, match="its array x takes 40 MB"):
        read_npz(path, LAYOUT)
    with pytest.raises(Refused, match="its array y takes 40 MB"):
        read_npz(path, {"y": ((6,), "numbers")})


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    path = npz(tmp_path / "a.npz", y=np.zeros(5_000_000, np.int64))
    data = path.read_bytes()
    true = (40_000_128).to_bytes(4, "little")
    assert true in data
    path.write_bytes(data.replace(true, (176).to_bytes(4, "little")))
    with pytest.raises(Refused):
        read_npz(path, {"y": ((6,), "numbers")})


# Reading what is broken


def test_a_file_cut_off_anywhere_is_refused(tmp_path, tiny_bytes):
    path = tmp_path / "cut.npz"
    for length in [*range(0, len(tiny_bytes) - 1, 37), len(tiny_bytes) - 1]:
        path.write_bytes(tiny_bytes[:length])
        with pytest.raises(Refused, match="is cut off"):
            read_npz(path, LAYOUT)


def test_a_file_with_a_changed_byte_is_refused_or_reads_the_same(tmp_path, tiny_bytes):
    path = tmp_path / "changed.npz"
    digest = datasets.content_digest({"x": objects(ROWS), "y": LABELS})
    refused = 0
    for at in range(0, len(tiny_bytes), 11):
        path.write_bytes(tiny_bytes[:at] + bytes([tiny_bytes[at] ^ 0x55]) + tiny_bytes[at + 1 :])
        try:
            assert read_npz(path, LAYOUT)[1] == digest
        except Refused:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": LABELS}, "of another set: it has no array x"),
        ({"x": objects(ROWS[:5]), "y": LABELS}, r"x has the shape \(5,\), and \(6,\) is expected"),
        ({"x": LABELS, "y": LABELS}, "x holds int64, and lists are expected"),
        ({"x": objects(ROWS), "y": LABELS / 2}, "y holds float64, and numbers are expected"),
        ({"x": objects(ROWS), "y": objects(ROWS)}, "y holds object, and numbers are expected"),
        ({"x": objects(ROWS), "y": np.array(list("abcdef"))}, "y holds <U1, and numbers are expected"),
    ],
)
def test_another_set_under_the_name_is_told_by_its_arrays(tmp_path, arrays, said):
    with pytest.raises(Refused, match=said):
        read_npz(npz(tmp_path / "a.npz", **arrays), LAYOUT)


def test_a_folder_a_pipe_and_a_link_to_nothing_are_told_apart(tmp_path):
    with pytest.raises(Refused, match="is a folder, where a file belongs"):
        read_npz(tmp_path, LAYOUT)
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(Refused, match="is a link to a file that is not there"):
        read_npz(tmp_path / "link", LAYOUT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="is a pipe or a device"):
        read_npz(tmp_path / "pipe", LAYOUT)


def test_a_link_to_the_right_file_is_as_good_as_the_file(tmp_path, tiny_bytes):
    (tmp_path / "link.npz").symlink_to(tmp_path / "made.npz")
    assert read_npz(tmp_path / "link.npz", LAYOUT)[0]["x"].tolist() == ROWS


def test_a_file_that_may_not_be_read_is_told_as_such(tmp_path, tiny_bytes, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading.os, "stat", forbidden)  # the super-user may read everything
    with pytest.raises(Refused, match=r"cannot be read \(Permission denied\)"):
        read_npz(tmp_path / "made.npz", LAYOUT)


def test_an_index_of_words_holds_words_and_ranks(tmp_path):
    path = tmp_path / "index.json"
    path.write_text('{"the": 1, "film": 17}')
    index, digest = reading.read_word_index(path)
    assert index == {"the": 1, "film": 17}
    path.write_text('{\n  "film": 17,\n  "the": 1\n}')
    assert reading.read_word_index(path)[1] == digest


@pytest.mark.parametrize(
    "text",
    ['{"the": 1', "[1, 2]", '{"the": "one"}', '{"the": true}', '{"the": 1.5}', "", "\xff", "[" * 100_000, "null"],
)
def test_an_index_of_anything_else_is_refused(tmp_path, text):
    path = tmp_path / "index.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Refused):
        reading.read_word_index(path)


# Pictures


def jpeg(shade=0, size=8):
    image = pytest.importorskip("PIL.Image")
    out = io.BytesIO()
    image.new("RGB", (size, size), (shade, 100, 200)).save(out, "JPEG")
    return out.getvalue()


def tar_of(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_pictures_are_the_same_in_a_folder_a_tar_and_a_zip(tmp_path):
    files = {"cat.0.jpg": jpeg(1), "cat.10.jpg": jpeg(2), "cat.9.jpg": jpeg(3), "dog.0.jpg": jpeg(4)}
    beside = {"readme.txt": b"", "cat.1000.jpg": jpeg(5), "._cat.0.jpg": b"a Mac's", "cat.007.jpg": b""}
    for name, data in {**files, **beside}.items():
        place = tmp_path / "pictures" / "train" / f"{name[:3]}s"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    members = [(f"set/{name}", data) for name, data in {**beside, **files}.items()]
    tar = tar_of(tmp_path / "pictures.tar", members)
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name, data in members[::-1]:
            archive.writestr(name, data)
    found, digest = reading.read_pictures(tmp_path / "pictures")
    assert list(found) == ["cats/cat.0.jpg", "cats/cat.9.jpg", "cats/cat.10.jpg", "dogs/dog.0.jpg"]
    assert found["cats/cat.9.jpg"] == files["cat.9.jpg"]
    for path in (tar, tmp_path / "pictures.zip"):
        again = reading.read_pictures(path)
        assert again == (found, digest) and list(again[0]) == list(found)


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return name, info


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (("../../cat.0.jpg", b""), "leads out of its folder"),
        (("/etc/cat.0.jpg", b""), "leads out of its folder"),
        (("C:\\cat.0.jpg", b""), "leads out of its folder"),
        (("a\\..\\cat.0.jpg", b""), "leads out of its folder"),
        (special("cats/cat.0.jpg", tarfile.SYMTYPE, "/etc/passwd"), "a link or a device"),
        (special("cats/cat.0.jpg", tarfile.LNKTYPE, "/etc/passwd"), "a link or a device"),
        (special("cats/cat.0.jpg", tarfile.CHRTYPE), "a link or a device"),
        (special("cats/cat.0.jpg", tarfile.FIFOTYPE), "a link or a device"),
        (("cats/cat.0.jpg", bytes(300_000)), "has 300 kB"),
    ],
)
def test_an_archive_with_surprises_is_refused(tmp_path, member, said):
    with pytest.raises(Refused, match=said):
        reading.read_pictures(tar_of(tmp_path / "a.tar", [member]))


def test_a_zip_with_a_link_or_a_picture_twice_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("cats/cat.0.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for members, said in (([link], "a link"), (["a/cat.1.jpg", "b/cat.1.jpg"], "cat.1.jpg twice")):
        with zipfile.ZipFile(path, "w") as archive:
            for member in members:
                archive.writestr(member, b"/etc/passwd")
        with pytest.raises(Refused, match=said):
            reading.read_pictures(path)


def test_the_picture_that_is_missing_or_damaged_is_named():
    one = jpeg()
    pictures = {f"{kind}s/{kind}.{i}.jpg": one for kind in ("cat", "dog") for i in range(1000)}
    assert reading.what_is_wrong_with_pictures(pictures) is None
    damaged = {**pictures, "dogs/dog.7.jpg": one[: len(one) // 2]}
    assert "dogs/dog.7.jpg cannot be decoded" in reading.what_is_wrong_with_pictures(damaged)
    del pictures["cats/cat.500.jpg"]
    said = reading.what_is_wrong_with_pictures(pictures)
    assert said == "has 1,999 of the 2,000 pictures; the first that is missing is cat.500.jpg"


def test_messages_may_stay_in_the_archive_they_are_published_in(tmp_path):
    (tmp_path / "SMSSpamCollection").write_bytes(b"ham\thello\n")
    with zipfile.ZipFile(tmp_path / "sms.zip", "w") as archive:
        archive.writestr("readme", "")
        archive.write(tmp_path / "SMSSpamCollection", "SMSSpamCollection")
    plain = reading.read_messages(tmp_path / "SMSSpamCollection")
    assert plain == reading.read_messages(tmp_path / "sms.zip") == (b"ham\thello\n", sha256(plain[0]).hexdigest())
    with zipfile.ZipFile(tmp_path / "sms.zip", "w") as archive:
        archive.writestr("another", "")
    with pytest.raises(Refused, match="no SMSSpamCollection"):
        reading.read_messages(tmp_path / "sms.zip")


# Finding


def test_the_named_folder_comes_before_keras_s(folder, tiny_bytes):
    keras = store.folders()[1]
    assert store.folders() == [folder, keras] and keras.name == "datasets"
    keras.mkdir(parents=True)
    (keras / "tiny.npz").write_bytes(tiny_bytes)
    ((arrays, _),) = store.load("tiny")
    assert arrays["x"].tolist() == ROWS
    (folder / "tiny.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="data/tiny.npz is cut off"):
        store.load("tiny")


def test_keras_and_the_course_look_in_the_same_folder(monkeypatch):
    config = pytest.importorskip("keras.src.backend.config")
    monkeypatch.delenv("CNNCOURSE_DATA", raising=False)
    assert store.folders() == [Path(config.keras_home(), "datasets")]


@pytest.mark.parametrize("content", [b"", b"<html>Please log in</html>", b"PK\x03\x04"])
def test_a_broken_file_is_an_error_with_file_and_cure_and_no_stand_in(folder, capsys, content):
    (folder / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError) as told:
        datasets.mnist()
    assert str(folder / "mnist.npz") in str(told.value)
    assert str(told.value).endswith("Delete or move it, then: cnncourse data mnist")
    assert capsys.readouterr().out == ""


def test_the_right_form_with_another_content_is_refused(folder, monkeypatch):
    npz(folder / "tiny.npz", x=objects(ROWS[::-1]), y=LABELS)
    with pytest.raises(ValueError, match="tiny.npz has the right form and another content than the set"):
        store.load("tiny")


def test_the_published_file_itself_is_right_whatever_its_digest(folder, monkeypatch, tiny_bytes):
    (folder / "tiny.npz").write_bytes(tiny_bytes)
    for published in (sha256(tiny_bytes).hexdigest(), md5(tiny_bytes).hexdigest()):
        monkeypatch.setitem(store.SETS, "tiny", tiny(digest="another", published=published))
        ((_, digest),) = store.load("tiny")
        assert digest == datasets.content_digest({"x": objects(ROWS), "y": LABELS})


def test_the_published_hashes_are_keras_s_own():
    keras = pytest.importorskip("keras.src.datasets")
    for name in ("mnist", "imdb", "reuters"):
        source = Path(keras.__path__[0], f"{name}.py").read_text()
        origin = re.search(r'"(https://[^"]+/)"', source)[1]
        for file in store.named(name).files:
            assert file.published in source and file.address == origin + file.names[0]


# Loading


LOADERS = [datasets.mnist, datasets.imdb, datasets.reuters, datasets.cats_and_dogs, datasets.sms_spam]


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_a_set_that_is_not_here_is_stood_in_for_and_said_once(folder, capsys, monkeypatch, loader):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(store, "fetch", lambda name: pytest.fail("nothing is downloaded unasked"))
    data = loader()
    captured = capsys.readouterr()
    name = loader.__name__
    assert not data.real and data.name == name and " in place of " in data.caption
    assert captured.err == "" and captured.out.count("\n") == 1
    assert f"is not on this computer; in its place: {data.title}." in captured.out
    assert f"cnncourse data {name};" in captured.out and "CNNCOURSE_DATA" in captured.out
    again = loader()
    assert capsys.readouterr().out == "" and again.digest == data.digest
    assert len(data.x_train) == len(data.y_train) and len(data.x_test) == len(data.y_test)
    assert set(np.unique(data.y_train)) <= set(range(len(data.class_names)))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_a_required_set_has_no_stand_in(folder, capsys, loader):
    with pytest.raises(ValueError) as told:
        loader(required=True)
    for part in (str(folder), "is not on this computer", f"cnncourse data {loader.__name__}", "CNNCOURSE_DATA"):
        assert part in str(told.value)
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_named_and_not_there_is_told(folder, capsys, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DATA", str(folder / "daat"))
    pytest.importorskip("sklearn")
    assert not datasets.mnist().real
    assert f"Now it names {folder / 'daat'}, which is no folder." in capsys.readouterr().out


def test_half_a_set_is_missing_and_the_missing_half_is_named(folder):
    (folder / "imdb.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="there is no imdb_word_index.json in"):
        datasets.imdb(required=True)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: datasets.mnist(30), "got 30"),
        (lambda: datasets.imdb(0), "got 0"),
        (lambda: datasets.reuters(2.5), "got 2.5"),
        (lambda: datasets.cats_and_dogs(0), "got 0"),
        (lambda: store.load("nist"), "no set 'nist'; there are mnist, imdb"),
    ],
)
def test_an_impossible_argument_is_answered_with_itself(folder, call, said):
    with pytest.raises(ValueError, match=said):
        call()


# Fetching


class Server:
    """Files over HTTP, as well or as badly as a test wants it."""

    def __init__(self, files):
        self.files, self.asked = files, []
        self.ranges, self.cuts, self.status = True, [], 200
        self.go_on = threading.Event()  # it stops after 300 bytes until then
        self.go_on.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Range")))
                data = outer.files.get(self.path)
                if data is None or outer.status != 200:
                    return self.send_error(404 if data is None else outer.status)
                begin = re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) if outer.ranges else None
                first = int(begin[1]) if begin else 0
                if first >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(data)}")
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                self.send_response(206 if begin else 200)
                if begin:
                    self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - first))
                self.end_headers()
                most = outer.cuts.pop(0) if outer.cuts else len(data)
                try:
                    self.wfile.write(data[first : first + min(most, 300)])
                    outer.go_on.wait(60)
                    self.wfile.write(data[first + 300 : first + most])
                except OSError:
                    pass
                self.close_connection = True

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server(folder, tiny_bytes, monkeypatch):
    made = Server({"/tiny.npz": tiny_bytes})
    monkeypatch.setitem(store.SETS, "tiny", tiny(made.address))
    yield made
    made.go_on.set()
    made.http.shutdown()
    made.http.server_close()


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != store.LOCK)


def test_a_missing_set_is_fetched_once_and_shown(folder, server, capsys):
    assert store.fetch("tiny") == [folder / "tiny.npz"]
    assert left(folder) == ["tiny.npz"]
    assert "tiny.npz: 100%" in capsys.readouterr().err
    assert store.fetch("tiny") == [folder / "tiny.npz"] and len(server.asked) == 1
    ((arrays, _),) = store.load("tiny")
    assert arrays["x"].tolist() == ROWS


def test_a_loader_fetches_when_it_is_asked_to(folder, server):
    assert store.load("tiny") is None and not server.asked
    assert store.load("tiny", download=True)[0][0]["x"].tolist() == ROWS


def test_without_a_folder_of_its_own_it_goes_where_keras_looks(folder, server, monkeypatch):
    monkeypatch.delenv("CNNCOURSE_DATA")
    (path,) = store.fetch("tiny")
    assert path == Path(os.environ["KERAS_HOME"], "datasets", "tiny.npz") and path.exists()


def test_a_folder_that_is_not_there_yet_is_made_and_an_impossible_one_passed_over(folder, server, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DATA", str(folder / "deep" / "er"))
    assert store.fetch("tiny") == [folder / "deep" / "er" / "tiny.npz"]
    (folder / "file").write_text("")
    monkeypatch.setenv("CNNCOURSE_DATA", str(folder / "file"))
    assert store.fetch("tiny")[0].parent == Path(os.environ["KERAS_HOME"], "datasets")
    monkeypatch.setenv("KERAS_HOME", str(folder / "file"))
    with pytest.raises(ValueError, match="cannot be made .*; name a folder for the data in CNNCOURSE_DATA"):
        store.fetch("tiny")


def test_a_connection_that_breaks_is_taken_up_where_it_broke(folder, server, tiny_bytes):
    server.cuts = [1000, 200, 150]
    store.fetch("tiny")
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", "bytes=1200-", "bytes=1350-"]
    assert (folder / "tiny.npz").read_bytes() == tiny_bytes


def test_an_interrupted_download_goes_on_with_the_next_command(folder, server, tiny_bytes):
    (folder / "tiny.npz.part").write_bytes(tiny_bytes[:777])
    store.fetch("tiny")
    assert server.asked == [("/tiny.npz", "bytes=777-")] and left(folder) == ["tiny.npz"]


def test_a_server_that_always_begins_anew_is_followed(folder, server, tiny_bytes):
    server.ranges = False
    (folder / "tiny.npz.part").write_bytes(b"x" * 777)
    store.fetch("tiny")
    assert len(server.asked) == 1 and (folder / "tiny.npz").read_bytes() == tiny_bytes


def test_a_server_that_begins_anew_and_breaks_at_the_same_place_is_given_up(folder, server):
    server.ranges, server.cuts = False, [500] * 50
    with pytest.raises(ValueError, match="What came so far is kept"):
        store.fetch("tiny")
    assert len(server.asked) == store.TRIES + 1 and left(folder) == ["tiny.npz.part"]


@pytest.mark.parametrize("more", [0, 5])
def test_a_part_that_is_whole_or_too_long_ends_well(folder, server, tiny_bytes, more):
    (folder / "tiny.npz.part").write_bytes(tiny_bytes + b"x" * more)
    store.fetch("tiny")
    assert (folder / "tiny.npz").read_bytes() == tiny_bytes and left(folder) == ["tiny.npz"]


def test_a_part_of_another_file_is_thrown_away_and_fetched_anew(folder, server, tiny_bytes):
    (folder / "tiny.npz.part").write_bytes(b"x" * 777)
    store.fetch("tiny")
    assert [asked for _, asked in server.asked] == ["bytes=777-", None]
    assert (folder / "tiny.npz").read_bytes() == tiny_bytes


def test_another_file_from_the_server_is_not_kept(folder, server):
    server.files["/tiny.npz"] = b"<html>Please log in to the network</html>"
    with pytest.raises(ValueError, match="sent is not Tiny: it is cut off, damaged or another kind of file"):
        store.fetch("tiny")
    assert left(folder) == []


def test_a_file_without_end_is_cut_short(folder, server):
    server.files["/tiny.npz"] = bytes(2_000_000)
    with pytest.raises(ValueError, match="this is another file"):
        store.fetch("tiny")
    assert all(path.stat().st_size == 0 for path in folder.iterdir())


def test_without_a_network_the_address_and_the_place_are_told(folder, server):
    store.SETS["tiny"] = tiny("http://127.0.0.1:9")
    with pytest.raises(ValueError) as told:
        store.fetch("tiny")
    said = str(told.value)
    assert "127.0.0.1:9 cannot be reached" in said and "is there a network?" in said
    assert f"put tiny.npz into {folder} yourself; its address is http://127.0.0.1:9/tiny.npz" in said


@pytest.mark.parametrize(("status", "tries"), [(403, 1), (503, store.TRIES)])
def test_a_server_that_refuses_is_told_and_one_that_is_busy_asked_again(folder, server, status, tries):
    server.status = status
    with pytest.raises(ValueError, match=f"{status} .*yourself; its address is"):
        store.fetch("tiny")
    assert len(server.asked) == tries


def test_a_disk_that_is_full_is_told_as_such(folder, server, monkeypatch):
    def full(file, part):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_receive_more", full)
    with pytest.raises(ValueError, match=r"tiny.npz cannot be written \(No space left on device\)"):
        store.fetch("tiny")


# Several processes

PROCESS = """
import sys
from functools import partial
from cnncourse import cli
from cnncourse.datasets import reading, store
address, digest = sys.argv[1:]
layout = {"x": ((6,), "lists"), "y": ((6,), "numbers")}
read = partial(reading.read_npz, layout=layout)
store.SETS["tiny"] = store.Kept("Tiny", "", "", (store.File(("tiny.npz",), address + "/tiny.npz", 3000, digest, read),))
sys.exit(cli.main(["data", "tiny"]))
"""


def process(server):
    command = [sys.executable, "-c", PROCESS, server.address, store.SETS["tiny"].files[0].digest]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def test_of_two_processes_one_downloads_and_both_end_well(folder, server, tiny_bytes):
    server.go_on.clear()
    with process(server) as one:
        wait_for(lambda: server.asked)
        with process(server) as other:
            assert other.stderr.readline() == f"Another process is downloading into {folder}; waiting for it.\n"
            server.go_on.set()
            said = [both.communicate(timeout=60) for both in (one, other)]
    assert one.returncode == other.returncode == 0
    assert len(server.asked) == 1 and (folder / "tiny.npz").read_bytes() == tiny_bytes
    assert all(out == f"tiny is here: {folder / 'tiny.npz'}\n" for out, _ in said)


def test_a_process_that_was_killed_blocks_nobody_and_loses_nothing(folder, server, tiny_bytes):
    part = folder / "tiny.npz.part"
    server.go_on.clear()
    with process(server) as one:
        wait_for(lambda: part.exists() and part.stat().st_size == 300)
        one.kill()
    server.go_on.set()
    store.fetch("tiny")
    assert [asked for _, asked in server.asked] == [None, "bytes=300-"] and left(folder) == ["tiny.npz"]
    assert (folder / "tiny.npz").read_bytes() == tiny_bytes


def test_ctrl_c_says_that_the_same_command_goes_on(folder, server):
    server.go_on.clear()
    with process(server) as one:
        wait_for(lambda: (folder / "tiny.npz.part").exists())
        one.send_signal(signal.SIGINT)
        err = one.communicate(timeout=30)[1]
    assert one.returncode == 130 and "run the same command again to go on" in err and "Traceback" not in err
    assert left(folder) == ["tiny.npz.part"]


# The command


def test_the_list_tells_what_is_here_missing_and_broken(folder, capsys, tiny_bytes):
    (folder / "tiny.npz").write_bytes(tiny_bytes)
    assert cli.main(["data"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert list(lines) == list(store.SETS)
    assert lines["tiny"].split()[1] == "here" and lines["tiny"].endswith(str(folder / "tiny.npz"))
    assert lines["mnist"].split()[1] == "missing" and "CC BY-SA 3.0" in lines["mnist"]
    assert "11 MB" in lines["mnist"] and "70,000 images" in lines["mnist"]
    (folder / "mnist.npz").write_bytes(b"x")
    assert cli.main(["data"]) == 1
    captured = capsys.readouterr()
    assert re.search(r"^mnist +broken ", captured.out, re.M)
    assert captured.err.startswith(f"cnncourse: {folder / 'mnist.npz'} is cut off") and captured.err.count("\n") == 1


def test_one_set_that_cannot_be_had_does_not_stop_the_next(folder, server, capsys):
    (folder / "mnist.npz").write_bytes(b"x")
    assert cli.main(["data", "mnist", "tiny", "tiny"]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"tiny is here: {folder / 'tiny.npz'}\n" and "mnist.npz is cut off" in captured.err
    assert cli.main(["data", "tiny", "nist"]) == 1
    captured = capsys.readouterr()
    assert "no set 'nist'; there are mnist" in captured.err and captured.out == ""


# The real sets


@pytest.fixture(scope="module")
def keras_sets():
    return pytest.importorskip("keras").datasets


def read_by_keras(module, monkeypatch, name, **options):
    monkeypatch.setattr(sys.modules[module.load_data.__module__], "get_file", lambda *args, **kwargs: f"{REAL}/{name}")
    return module.load_data(**options)


@real_data
def test_mnist_has_its_published_counts():
    data = datasets.mnist(required=True)
    assert data.real and data.caption == "" and data.x_train.dtype == np.uint8
    assert data.x_train.shape == (60_000, 28, 28) and data.x_test.shape == (10_000, 28, 28)
    assert np.bincount(data.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert abs(data.x_train.mean() / 255 - 0.1307) < 1e-4 and abs(data.x_train.std() / 255 - 0.3081) < 1e-4
    framed = datasets.mnist(32)
    assert framed.x_test.shape == (10_000, 32, 32) and (framed.x_test[:, 2:-2, 2:-2] == data.x_test).all()
    assert framed.x_test.sum() == data.x_test.sum() and framed.digest == data.digest


@pytest.fixture(scope="module")
def reviews():
    return datasets.imdb(10_000, required=True)


@real_data
def test_reviews_are_numbered_and_shuffled_as_keras_does_it(monkeypatch, keras_sets, reviews):
    (x_train, y_train), (x_test, y_test) = read_by_keras(keras_sets.imdb, monkeypatch, "imdb.npz", num_words=10_000)
    assert reviews.x_train.tolist() == x_train.tolist() and (reviews.y_train == y_train).all()
    assert reviews.x_test.tolist() == x_test.tolist() and (reviews.y_test == y_test).all()


@real_data
@pytest.mark.parametrize("num_words", [None, 1, 2, 2000])
def test_newswires_are_numbered_shuffled_and_split_as_keras_does_it(monkeypatch, keras_sets, num_words):
    (x_train, y_train), (x_test, y_test) = read_by_keras(
        keras_sets.reuters, monkeypatch, "reuters.npz", num_words=num_words
    )
    data = datasets.reuters(num_words)
    if num_words is None:  # where Keras leaves out the rarest word, since it takes the highest number for their count
        most = max(max(row) for row in [*data.x_train, *data.x_test])
        data.x_train[:] = [[2 if word == most else word for word in row] for row in data.x_train]
        data.x_test[:] = [[2 if word == most else word for word in row] for row in data.x_test]
    assert data.x_train.tolist() == [list(row) for row in x_train] and (data.y_train == y_train).all()
    assert data.x_test.tolist() == [list(row) for row in x_test] and (data.y_test == y_test).all()


@real_data
def test_the_first_review_reads_as_published(reviews):
    words = {rank + 3: word for word, rank in reviews.word_index.items()}
    text = " ".join(words[number] for number in reviews.x_train[0][1:13])
    assert text == "this film was just brilliant casting location scenery story direction everyone's really"
    assert reviews.y_train.sum() == reviews.y_test.sum() == 12_500 and len(reviews.word_index) == 88_584


@real_data
def test_reuters_has_its_published_topics_and_class_sizes():
    data = datasets.reuters(required=True)
    assert len(data.x_train) == 8982 and len(data.x_test) == 2246 and len(data.word_index) == 30_979
    most = dict(Counter(data.y_train.tolist()).most_common(6))
    assert most == {3: 3159, 4: 1949, 19: 549, 16: 444, 1: 432, 11: 390}


def test_the_topics_have_keras_s_names_in_keras_s_order(keras_sets):
    from cnncourse.datasets.generated import TOPICS

    assert [name for name, *_ in TOPICS] == list(keras_sets.reuters.get_label_names())


@real_data
def test_messages_have_their_published_counts_and_no_copy_on_both_sides():
    data = datasets.sms_spam(required=True)
    labels = np.concatenate([data.y_train, data.y_test])
    assert len(labels) == 5574 and labels.sum() == 747
    assert not set(data.x_train) & set(data.x_test)
    assert 0.18 < len(data.y_test) / 5574 < 0.23 and 0.1 < data.y_test.mean() < 0.17


@real_data
def test_cats_and_dogs_are_a_thousand_each_and_the_last_fifth_is_the_test():
    image = pytest.importorskip("PIL.Image")
    data = datasets.cats_and_dogs(32, required=True)
    assert data.x_train.shape == (1600, 32, 32, 3) and data.x_test.shape == (400, 32, 32, 3)
    assert np.bincount(data.y_train).tolist() == [800, 800] and np.bincount(data.y_test).tolist() == [200, 200]
    with tarfile.open(f"{REAL}/dogs_vs_cats_2000_original.tar") as archive:
        for name, picture in (("cat.799", data.x_train[799]), ("dog.800", data.x_test[200])):
            found = image.open(archive.extractfile(f"dogs_vs_cats_2000/{name[:3]}s/{name}.jpg"))
            expected = np.asarray(found.convert("RGB").resize((32, 32), image.Resampling.BILINEAR))
            assert (picture == expected).all()


@real_data
def test_cats_and_dogs_may_lie_in_a_folder_and_a_damaged_one_is_named(folder):
    with tarfile.open(f"{REAL}/dogs_vs_cats_2000_original.tar") as archive:
        archive.extractall(folder, filter="data")
    assert store.load("cats_and_dogs")[0][1] == store.named("cats_and_dogs").files[0].digest
    damaged = folder / "dogs_vs_cats_2000" / "dogs" / "dog.3.jpg"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    with pytest.raises(ValueError, match="dogs_vs_cats_2000 has a damaged picture: dogs/dog.3.jpg cannot be decoded"):
        datasets.cats_and_dogs(32)


@real_data
def test_a_real_file_cut_off_or_under_another_name_is_refused(folder):
    data = Path(REAL, "mnist.npz").read_bytes()
    for length in (1000, len(data) // 2, len(data) - 20):
        (folder / "mnist.npz").write_bytes(data[:length])
        with pytest.raises(ValueError, match="mnist.npz is cut off"):
            datasets.mnist()
    (folder / "mnist.npz").write_bytes(Path(REAL, "imdb.npz").read_bytes())
    with pytest.raises(ValueError, match=r"mnist.npz is of another set: its array x_train"):
        datasets.mnist()
    (folder / "mnist.npz").write_bytes(data)
    (folder / "imdb_word_index.json").write_text(json.dumps({"the": 1}))
    (folder / "imdb.npz").symlink_to(Path(REAL, "imdb.npz"))
    with pytest.raises(ValueError, match="imdb_word_index.json has the right form and another content"):
        datasets.imdb()
