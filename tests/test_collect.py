"""Collecting: what Moodle, Canvas, folders and the exchange hold comes into place, and nothing hostile with it."""

import csv
import io
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncourse.cli import main
from cnncourse.grading import archive, collect
from cnncourse.grading.archive import Aside
from cnncourse.grading.learners import Row, fold, folder_name, from_cell, read_learners, to_cell
from cnncourse.grading.release import CourseError

ASSIGNMENT, NOTEBOOK = "01-convolution", "convolution.ipynb"
ROOT = Path(__file__).parents[1]


def notebook(text="x = 1") -> bytes:
    cell = {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}).encode()


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    for name in (f"{ASSIGNMENT}/{NOTEBOOK}", "02-padding-stride/padding_stride.ipynb", "03-pooling/pooling.ipynb"):
        path = root / "exercises" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook("released"))
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    return root


def packed(path, files, when=(2026, 4, 1, 12, 0, 0)) -> Path:
    """A zip archive of (name or ZipInfo, content), written in this order."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # of duplicate names
        for name, content in files.items() if isinstance(files, dict) else files:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, content)
    return path


def filled(root, files) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def tree(root) -> dict[str, bytes]:
    """Every file below, by its path."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def handed_in(course) -> dict[str, bytes]:
    """Every collected file, without the list of learners."""
    found = tree(course / "submitted") if (course / "submitted").exists() else {}
    return {name: content for name, content in found.items() if name != "learners.csv"}


def rows(course) -> dict[tuple[str, str], Row]:
    return {(row.learner, row.assignment): row for row in read_learners(course / "submitted")}


def reasons(result) -> str:
    return "\n".join(f"{who}: {why}" for who, why in result.aside)


def test_a_course_that_names_its_folders_itself_has_its_submissions_there(course, tmp_path):
    (course / "exercises").rename(course / "handed out")
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.submitted_directory = 'in/handed'\n"
        "c.CourseDirectory.release_directory = 'handed out'\n"
    )
    source = filled(tmp_path / "from", {f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook("mine")})
    result = collect.collect(course, source)
    assert result.new == [("ada", ASSIGNMENT)] and not (course / "submitted").exists()
    assert (course / "in/handed/ada" / ASSIGNMENT / NOTEBOOK).read_bytes() == notebook("mine")
    assert [row.learner for row in read_learners(course / "in/handed")] == ["ada"]
    assert str(course / "in" / "handed") in str(result)
    assert collect.collect(course, source).unchanged == [("ada", ASSIGNMENT)]


def test_settings_that_cannot_be_read_are_named(course, tmp_path):
    (course / "nbgrader_config.py").write_text("c = get_config(\n")
    with pytest.raises(CourseError, match="nbgrader_config.py cannot be read"):
        collect.collect(course, filled(tmp_path / "from", {f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook()}))


# Moodle: the names that mod/assign/classes/downloader.php makes, and before it download_submissions in locallib.php ---

MOODLE = {
    "with folders": "{name}_{id}_assignsubmission_file/{file}",
    "with folders, before 4.1": "{name}_{id}_assignsubmission_file_/{file}",
    "without folders": "{name}_{id}_assignsubmission_file_{file}",
}


@pytest.mark.parametrize("pattern", MOODLE.values(), ids=MOODLE)
def test_moodles_archive_comes_into_place(course, tmp_path, pattern):
    people = {"Ada Lovelace": 501, "Zoë Müller-Ünal": 502, "김민준": 503, "נועה כהן": 504, "OBrien Sinéad": 505}
    files = {pattern.format(name=name, id=id, file=NOTEBOOK): notebook(name) for name, id in people.items()}
    source = packed(tmp_path / "CNN-Convolution-77.zip", files)
    result = collect.collect(course, source)
    expected = {f"{name.replace(' ', '-')}/{ASSIGNMENT}/{NOTEBOOK}": notebook(name) for name in people}
    assert handed_in(course) == expected
    assert result.kind == "moodle" and len(result.new) == 5 and not result.aside and not result.notes
    for name, id in people.items():
        row = rows(course)[name.replace(" ", "-"), ASSIGNMENT]
        assert (row.source, row.id, row.name, row.late) == ("moodle", str(id), name, "")


def test_moodles_words_in_the_text_field_are_no_submission_but_do_not_disturb_one(course, tmp_path):
    files = {
        "Ada Lovelace_1_assignsubmission_file_/convolution.ipynb": notebook(),
        "Ada Lovelace_1_assignsubmission_onlinetext_/onlinetext.html": b"<p>see file</p>",
        "Bo Ek_2_assignsubmission_onlinetext_/onlinetext.html": b"<p>here it is</p>",
    }
    result = collect.collect(course, packed(tmp_path / "m.zip", files))
    assert list(handed_in(course)) == [f"Ada-Lovelace/{ASSIGNMENT}/{NOTEBOOK}"]
    assert result.aside == [("Bo Ek", "handed in words in the text field, and no file")]


def test_a_file_of_ones_own_cannot_hand_in_for_somebody_else_in_moodle(course, tmp_path):
    # The learner chooses the file's name; Moodle leaves no underscore in the person's.
    name = "Ada Lovelace_1_assignsubmission_file_Kim_2_assignsubmission_file_convolution.ipynb"
    collect.collect(course, packed(tmp_path / "m.zip", {name: notebook()}))
    assert list(handed_in(course)) == [f"Ada-Lovelace/{ASSIGNMENT}/{NOTEBOOK}"]


def test_two_people_of_one_name_are_told_apart_by_their_numbers(course, tmp_path):
    files = {
        "Kim Minjun_501_assignsubmission_file_/convolution.ipynb": notebook("one"),
        "Kim Minjun_777_assignsubmission_file_/convolution.ipynb": notebook("other"),
    }
    source = packed(tmp_path / "m.zip", files)
    result = collect.collect(course, source)
    assert handed_in(course) == {
        f"Kim-Minjun-501/{ASSIGNMENT}/{NOTEBOOK}": notebook("one"),
        f"Kim-Minjun-777/{ASSIGNMENT}/{NOTEBOOK}": notebook("other"),
    }
    assert all("more than one Kim Minjun" in note for _, note in result.notes) and len(result.notes) == 2
    assert len(collect.collect(course, source).unchanged) == 2


def test_a_person_is_the_same_in_every_assignment_although_moodle_numbers_them_anew(course, tmp_path):
    first = {"Ada Lovelace_501_assignsubmission_file_/convolution.ipynb": notebook()}
    second = {"Ada Lovelace_9001_assignsubmission_file_/pooling.ipynb": notebook()}
    collect.collect(course, packed(tmp_path / "1.zip", first))
    collect.collect(course, packed(tmp_path / "2.zip", second))
    assert list(handed_in(course)) == [f"Ada-Lovelace/{ASSIGNMENT}/{NOTEBOOK}", "Ada-Lovelace/03-pooling/pooling.ipynb"]
    assert rows(course)["Ada-Lovelace", "03-pooling"].id == "9001"


def test_a_second_person_of_a_name_known_in_this_assignment_is_not_taken_for_the_first(course, tmp_path):
    collect.collect(
        course, packed(tmp_path / "1.zip", {"Kim_501_assignsubmission_file_/convolution.ipynb": notebook()})
    )
    other = {"Kim_777_assignsubmission_file_/convolution.ipynb": notebook("other")}
    collect.collect(course, packed(tmp_path / "2.zip", other))
    assert handed_in(course) == {
        f"Kim/{ASSIGNMENT}/{NOTEBOOK}": notebook(),
        f"Kim-777/{ASSIGNMENT}/{NOTEBOOK}": notebook("other"),
    }


def test_an_unpacked_archive_in_a_folder_is_recognised_too(course, tmp_path):
    files = {
        f"CNN-77/{name} {name}_{id}_assignsubmission_file_/{NOTEBOOK}": notebook() for id, name in enumerate("abc")
    }
    result = collect.collect(course, filled(tmp_path / "download", files))
    assert result.kind == "moodle" and sorted(learner for learner, _ in result.new) == ["a-a", "b-b", "c-c"]


# Canvas: the names that lib/content_zipper.rb makes -------------------------------------------------------------------


def test_canvass_archive_comes_into_place_with_its_late_marks(course, tmp_path):
    files = {
        "lovelaceada_12345_678910_convolution.ipynb": notebook("ada"),
        "müllerzoë_LATE_12346_678911_convolution-2.ipynb": notebook("zoë"),
        "o_connorsinéad_12347_678912_convolution.ipynb": notebook("sinéad"),
        "김민준_12348_678913_convolution.ipynb": notebook("kim"),
        "anon_x7Gd2_678914_convolution.ipynb": notebook("nobody"),
        "LATE_anon_y8He3_678915_convolution.ipynb": notebook("nobody late"),
        "hopper_12349_text.html": b"<p>my answer</p>",
    }
    result = collect.collect(course, packed(tmp_path / "submissions.zip", files))
    assert handed_in(course) == {
        f"{learner}/{ASSIGNMENT}/{NOTEBOOK}": content
        for learner, content in {
            "lovelaceada": notebook("ada"),
            "müllerzoë": notebook("zoë"),
            "o_connorsinéad": notebook("sinéad"),
            "김민준": notebook("kim"),
            "anon_x7Gd2": notebook("nobody"),
            "anon_y8He3": notebook("nobody late"),
        }.items()
    }
    assert result.kind == "canvas" and sorted(result.late) == ["anon_y8He3", "müllerzoë"]
    assert result.aside == [("hopper", "handed in words or a link, and no file")]
    assert rows(course)["müllerzoë", ASSIGNMENT].late == "late"
    assert rows(course)["müllerzoë", ASSIGNMENT].id == "12346"
    assert ("müllerzoë", "convolution-2.ipynb was taken as convolution.ipynb") in result.notes
    assert not list(course.rglob("timestamp.txt"))  # Canvas does not tell the time


def test_of_several_attempts_the_latest_counts_and_is_named(course, tmp_path):
    files = {  # the file's number grows with each upload; the one in the name does too, but not in step
        "lovelaceada_1_900_convolution-2.ipynb": notebook("third"),
        "lovelaceada_1_700_convolution.ipynb": notebook("first"),
        "lovelaceada_1_1000_convolution-10.ipynb": notebook("fourth"),
        "lovelaceada_1_800_convolution-1.ipynb": notebook("second"),
        "lovelaceada_1_701_data.csv": b"1,2",
    }
    result = collect.collect(course, packed(tmp_path / "submissions.zip", files))
    assert handed_in(course) == {
        f"lovelaceada/{ASSIGNMENT}/{NOTEBOOK}": notebook("fourth"),
        f"lovelaceada/{ASSIGNMENT}/data.csv": b"1,2",
    }
    assert ("lovelaceada", "4 attempts; the latest counts, convolution-10.ipynb") in result.notes


def test_two_people_whom_canvas_writes_alike_are_told_apart_by_their_numbers(course, tmp_path):
    files = {
        "kimmin_11_101_convolution.ipynb": notebook("one"),
        "kimmin_12_102_convolution.ipynb": notebook("two"),
    }
    collect.collect(course, packed(tmp_path / "c.zip", files))
    assert handed_in(course) == {
        f"kimmin/{ASSIGNMENT}/{NOTEBOOK}": notebook("one"),
        f"kimmin-12/{ASSIGNMENT}/{NOTEBOOK}": notebook("two"),
    }
    again = {"kimmin_12_202_pooling.ipynb": notebook("two")}  # numbers hold for the whole course
    collect.collect(course, packed(tmp_path / "c2.zip", again))
    assert "kimmin-12/03-pooling/pooling.ipynb" in handed_in(course)


def test_nobody_hands_in_for_somebody_else_by_a_name_full_of_numbers_in_canvas(course, tmp_path):
    # Canvas takes _12_ out of a name, but makes _12_34_ of "x__12___34__y": as if from number 12.
    honest, forged = "kim_12_500_convolution.ipynb", "x_12_34_y_99_501_convolution.ipynb"
    for files in ({honest: notebook("kim"), forged: notebook("forged")}, {forged: notebook("forged")}):
        result = collect.collect(
            course, packed(tmp_path / "c.zip", files | {"ada_7_502_convolution.ipynb": notebook()})
        )
        assert "may be from number 12 or from somebody else" in reasons(result)
    assert handed_in(course)[f"kim/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("kim")
    assert not any(b"forged" in content for content in handed_in(course).values())


def test_a_file_with_many_numbers_is_taken_from_a_person_who_is_known(course, tmp_path):
    files = {"ada_7_500_convolution.ipynb": notebook(), "ada_7_501_run_1_2_log.txt": b"log"}
    collect.collect(course, packed(tmp_path / "c.zip", files))
    assert f"ada/{ASSIGNMENT}/run_1_2_log.txt" in handed_in(course)


# Folders --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout",
    [
        "{learner}/convolution.ipynb",
        "{learner}/01-convolution/convolution.ipynb",
        "01-convolution/{learner}/convolution.ipynb",
        "class/{learner}/convolution.ipynb",
        "{learner}_convolution.ipynb",
        "convolution - {learner} (1).ipynb",
        "{learner}-convolution-2.ipynb",
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_in_any_usual_layout_comes_into_place(course, tmp_path, layout, zipped):
    people = ["ada", "s31", "Jo Ann", "kim.minjun@uni.example"]
    files = {layout.format(learner=name): notebook(name) for name in people}
    source = packed(tmp_path / "class.zip", files) if zipped else filled(tmp_path / "from", files)
    result = collect.collect(course, source)
    assert result.kind == "folder"
    assert handed_in(course) == {f"{name}/{ASSIGNMENT}/{NOTEBOOK}": notebook(name) for name in people}


def test_a_folder_with_several_assignments_fills_them_all_and_one_can_be_chosen(course, tmp_path):
    files = {f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook("a"), "ada/03-pooling/pooling.ipynb": notebook("b")}
    source = filled(tmp_path / "from", files)
    collect.collect(course, source, assignment="03-pooling")
    assert list(handed_in(course)) == ["ada/03-pooling/pooling.ipynb"]
    collect.collect(course, source)
    assert handed_in(course) == files


def test_notebooks_without_an_owner_are_put_aside(course, tmp_path):
    files = {NOTEBOOK: notebook(), "ada_convolution.ipynb": notebook(), "names.txt": b"ada"}
    result = collect.collect(course, filled(tmp_path / "from", files))
    assert list(handed_in(course)) == [f"ada/{ASSIGNMENT}/{NOTEBOOK}"]
    assert result.aside == [
        (NOTEBOOK, "its name does not say whose it is: put it into a folder with the learner's name")
    ]


def test_the_instructors_own_name_for_a_learner_is_understood(course, tmp_path):
    """Something sent by post for a learner whom Moodle brought: the folder is called as in submitted/."""
    moodle = packed(tmp_path / "m.zip", {"Ada Lovelace_501_assignsubmission_file_/convolution.ipynb": notebook("old")})
    collect.collect(course, moodle)
    result = collect.collect(course, filled(tmp_path / "post", {"Ada-Lovelace/convolution.ipynb": notebook("new")}))
    assert result.replaced == [("Ada-Lovelace", ASSIGNMENT)]
    assert handed_in(course)[f"Ada-Lovelace/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("new")
    ids = {(row.source, row.id) for row in read_learners(course / "submitted")}
    assert ids == {("moodle", "501"), ("folder", "Ada-Lovelace")}  # Moodle's number is not forgotten
    # The archive once more does not undo it.
    result = collect.collect(course, moodle)
    assert handed_in(course)[f"Ada-Lovelace/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("new")
    assert "was changed since this was brought in" in reasons(result)


# nbgrader's exchange: exchange/default/submit.py ----------------------------------------------------------------------


def exchange(root, *submissions) -> Path:
    """user, assignment, time, content → the folders that ``nbgrader submit`` makes."""
    for number, (user, assignment, time, content) in enumerate(submissions):
        folder = f"cnncourse/inbound/{user}+{assignment}+{time}+cmFuZG9t{number}"
        stem = assignment.split("-", 1)[1].replace("-", "_")
        files = {f"{stem}.ipynb": content, "timestamp.txt": b"1999-01-01 00:00:00 UTC", "submission_secret.txt": b"s"}
        filled(root, {f"{folder}/{name}": data for name, data in files.items()})
    return root


@pytest.mark.parametrize("start", ["", "cnncourse", "cnncourse/inbound"])
def test_the_exchange_is_read_with_its_times_and_the_latest_attempt_counts(course, tmp_path, start):
    source = exchange(
        tmp_path / "exchange",
        ("ada", ASSIGNMENT, "2026-04-01 10:00:00.000000 UTC", notebook("first")),
        ("ada", ASSIGNMENT, "2026-04-01 11:30:00.000000 CET", notebook("before the first, in Paris's summer")),
        ("ada", ASSIGNMENT, "2026-04-02 09:00:00.000000 UTC", notebook("last")),
        ("a+da", "03-pooling", "2026-04-01 10:00:00.000000 UTC", notebook("plus")),
        ("kim", "09-unknown", "2026-04-01 10:00:00.000000 UTC", notebook()),
    )
    result = collect.collect(course, source / start)
    assert result.kind == "exchange"
    assert handed_in(course) == {
        f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook("last"),
        f"ada/{ASSIGNMENT}/timestamp.txt": b"2026-04-02 09:00:00.000000 UTC",  # the folder's, not the file's
        f"ada/{ASSIGNMENT}/submission_secret.txt": b"s",
        "ada-2/03-pooling/pooling.ipynb": notebook("plus"),  # nbgrader cannot work with a plus, and ada is another
        "ada-2/03-pooling/timestamp.txt": b"2026-04-01 10:00:00.000000 UTC",
        "ada-2/03-pooling/submission_secret.txt": b"s",
    }
    assert "3 attempts; the latest counts" in dict(result.notes)["ada"]
    assert "there is no assignment 09-unknown" in reasons(result)


def test_the_exchange_holds_what_nbgrader_itself_submits_and_both_collect_the_same(course, tmp_path, monkeypatch):
    """The layout comes from nbgrader's own code, and so does what must arrive."""
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.default import ExchangeCollect, ExchangeSubmit
    from traitlets.config import Config

    root = tmp_path / "exchange"
    (root / "cnncourse" / "inbound").mkdir(parents=True)
    filled(root / "cnncourse" / "outbound" / ASSIGNMENT, {NOTEBOOK: notebook("released")})
    monkeypatch.setenv("HOME", str(tmp_path))

    def nbgrader(kind, folder):
        config = Config()
        config.CourseDirectory.update(course_id="cnncourse", root=str(folder), assignment_id=ASSIGNMENT)
        config.Exchange.update(root=str(root), cache=str(tmp_path / "cache"), assignment_dir=str(folder))
        directory = CourseDirectory(config=config)
        kind(coursedir=directory, authenticator=Authenticator(config=config), config=config).start()

    for text in ("first", "second"):
        nbgrader(ExchangeSubmit, filled(tmp_path / "home", {f"{ASSIGNMENT}/{NOTEBOOK}": notebook(text)}))
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    nbgrader(ExchangeCollect, theirs)
    collect.collect(course, root)
    assert handed_in(course) == tree(theirs / "submitted") and len(handed_in(course)) == 3


def test_what_lies_in_the_exchange_under_a_name_of_somebody_else_is_put_aside(course, tmp_path, monkeypatch):
    times = "2026-04-01 10:00:00.000000 UTC", "2099-01-01 00:00:00.000000 UTC"
    source = exchange(
        tmp_path / "exchange",
        ("ada", ASSIGNMENT, times[0], notebook("ada's")),
        ("ada", ASSIGNMENT, times[1], notebook("forged")),
    )
    monkeypatch.setattr(archive, "_owner", lambda path: "mallory" if "2099" in path else "ada")
    result = collect.collect(course, source)
    assert handed_in(course)[f"ada/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("ada's")
    assert "it says ada, but belongs to mallory" in reasons(result)


# A second time --------------------------------------------------------------------------------------------------------


def test_done_twice_nothing_changes(course, tmp_path):
    files = {f"Ada L_{n}_assignsubmission_file_/{name}": notebook(name) for n, name in enumerate(["a.ipynb", NOTEBOOK])}
    source = packed(tmp_path / "m.zip", files)
    collect.collect(course, source, assignment=ASSIGNMENT)
    before = {path: path.stat() for path in (course / "submitted").rglob("*")}
    result = collect.collect(course, source, assignment=ASSIGNMENT)
    after = {path: path.stat() for path in (course / "submitted").rglob("*")}
    assert len(result.unchanged) == 2 and not result.new and not result.replaced
    assert {path: (s.st_mtime_ns, s.st_ino) for path, s in before.items()} == {
        path: (s.st_mtime_ns, s.st_ino) for path, s in after.items()
    }


def test_what_jupyter_and_the_finder_leave_behind_is_no_change(course, tmp_path):
    source = filled(tmp_path / "from", {"ada/convolution.ipynb": notebook()})
    collect.collect(course, source)
    left = {".ipynb_checkpoints/convolution-checkpoint.ipynb": b"", ".DS_Store": b""}
    filled(course / "submitted" / "ada" / ASSIGNMENT, left)
    assert collect.collect(course, source).unchanged == [("ada", ASSIGNMENT)]


def test_an_earlier_version_is_kept_and_an_old_download_does_not_come_back(course, tmp_path):
    name = "Ada L_1_assignsubmission_file_/convolution.ipynb"
    downloads = [
        packed(tmp_path / f"{hour}.zip", {name: notebook(f"version {hour}")}, (2026, 4, 1, hour, 0, 0))
        for hour in (8, 9, 10)
    ]
    for source in downloads:
        collect.collect(course, source)
    kept = {name: content for name, content in handed_in(course).items() if name.startswith(".earlier/")}
    assert kept == {
        f".earlier/Ada-L/{ASSIGNMENT}/1/{NOTEBOOK}": notebook("version 8"),
        f".earlier/Ada-L/{ASSIGNMENT}/2/{NOTEBOOK}": notebook("version 9"),
    }
    before = tree(course)
    result = collect.collect(course, downloads[0])
    assert "older than submitted/Ada-L/01-convolution, which stays" in reasons(result)
    assert tree(course) == before


def test_an_older_attempt_in_canvas_is_known_by_its_number(course, tmp_path):
    for number, text in ((1000, "new"), (999, "old")):
        source = packed(tmp_path / "c.zip", {f"ada_1_{number}_convolution.ipynb": notebook(text)})
        result = collect.collect(course, source)
    assert "older" in reasons(result)
    assert handed_in(course) == {f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook("new")}


def test_archives_without_dates_are_taken_as_they_come(course, tmp_path):
    for text in ("first", "second"):
        files = {"Ada L_1_assignsubmission_file_/convolution.ipynb": notebook(text)}
        collect.collect(course, packed(tmp_path / "m.zip", files, (1980, 1, 1, 0, 0, 0)))
    assert handed_in(course)[f"Ada-L/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("second")


def test_interrupted_at_the_worst_moment_nothing_is_lost(course, tmp_path, monkeypatch):
    collect.collect(course, filled(tmp_path / "from", {"ada/convolution.ipynb": notebook("old")}))
    source = filled(tmp_path / "from", {"ada/convolution.ipynb": notebook("new"), "bo/convolution.ipynb": notebook()})
    real, calls = os.replace, []

    def stop(before, after):
        calls.append(after)
        if len(calls) == 2:  # the old version is away, the new one not yet in place
            raise KeyboardInterrupt
        real(before, after)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        collect.collect(course, source)
    assert notebook("old") in handed_in(course).values()
    monkeypatch.setattr(os, "replace", real)
    (course / "submitted" / ".collect-left-by-kill").mkdir()
    collect.collect(course, source)
    assert handed_in(course) == {
        f"ada/{ASSIGNMENT}/{NOTEBOOK}": notebook("new"),
        f"bo/{ASSIGNMENT}/{NOTEBOOK}": notebook(),
        f".earlier/ada/{ASSIGNMENT}/1/{NOTEBOOK}": notebook("old"),
    }
    assert not list((course / "submitted").glob(".collect-*"))


def test_two_at_a_time_do_not_disturb_each_other(course, tmp_path):
    source = filled(tmp_path / "from", {"ada/convolution.ipynb": notebook()})
    (course / "submitted").mkdir()
    with collect._alone(course / "submitted"), pytest.raises(CourseError, match="Another `cnncourse collect`"):
        collect.collect(course, source)


# Names of notebooks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "convolution (1).ipynb",
        "convolution-2.ipynb",
        "Kopie von convolution.ipynb",
        "Convolution.ipynb",
        "convolution - 복사본.ipynb",
        "week one.ipynb",
        "work/convolution.ipynb",
    ],
)
def test_a_notebook_named_otherwise_is_taken_where_only_one_can_be_meant(course, tmp_path, name):
    source = filled(tmp_path / "from", {f"ada/{name}": notebook("mine"), "bo/convolution.ipynb": notebook()})
    result = collect.collect(course, source)
    assert handed_in(course)[f"ada/{ASSIGNMENT}/{NOTEBOOK}"] == notebook("mine")
    assert (("ada", f"{name} was taken as {NOTEBOOK}")) in result.notes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["one.ipynb", "two.ipynb"], "which of them is convolution.ipynb is not clear"),
        (["convolution (1).ipynb", "convolution (2).ipynb"], "which of them is convolution.ipynb is not clear"),
        (["pooling.ipynb"], "pooling.ipynb belongs to 03-pooling: ask for convolution.ipynb"),
        (["essay.docx"], "no notebook, but essay.docx: ask for convolution.ipynb"),
        (["homework.zip"], "no notebook, but homework.zip"),
    ],
)
def test_what_cannot_be_the_notebook_is_put_aside_and_named(course, tmp_path, names, said):
    files = {f"ada/{name}": notebook() for name in names} | {f"{n}/convolution.ipynb": notebook() for n in "bcd"}
    result = collect.collect(course, filled(tmp_path / "from", files))
    assert said in dict(result.aside)["ada"]
    assert len(result.new) == 3 and not any(name.startswith("ada/") for name in handed_in(course))


def test_what_lies_beside_the_notebook_comes_along_unless_nbgrader_would_trust_it(course, tmp_path):
    files = {
        "convolution.ipynb": notebook(),
        "data/numbers.csv": b"1,2",
        "timestamp.txt": b"1999-01-01 00:00:00 UTC",
        "submission_secret.txt": b"mine",
        "scratch.ipynb": notebook(),
        "homework.zip": b"PK",
        ".hidden": b"",
        ".ipynb_checkpoints/convolution-checkpoint.ipynb": notebook(),
        "__MACOSX/._convolution.ipynb": b"",
        ".DS_Store": b"",
        "Thumbs.db": b"",
    }
    result = collect.collect(course, filled(tmp_path / "from", {f"ada/{name}": data for name, data in files.items()}))
    kept = {NOTEBOOK, "data/numbers.csv"}
    assert set(handed_in(course)) == {f"ada/{ASSIGNMENT}/{name}" for name in kept}
    assert [note for _, note in result.notes] == [
        "homework.zip was left out: archives are not opened",
        "scratch.ipynb was left out: it is not the assignment's notebook",
        "timestamp.txt was left out: the learner may have written it",
    ]


# Names of people ------------------------------------------------------------------------------------------------------

NAMES = [
    "Zoë", unicodedata.normalize("NFD", "José"), "O'Brien", "نور الهدى", "נועה", "김 민준", "🦊", "ada 🦊", "..",
    " ada", "a*b?[c]", "a+b", "=cmd|' /C calc'!A0", "@SUM(1)", "-rf", "con", "aux.txt", "learners.csv", "x" * 200,
    "界" * 100, "\u202egnp.exe", "Ada", "ADA", "a{b}", "a:b", "<b>", "~root", "$HOME", "a.", "１２",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_name_becomes_a_folder_that_nbgrader_and_every_system_can_work_with(name):
    made = folder_name(name)
    assert made == made.strip(" .") and len(made) <= 65 and len(made.encode()) <= 255
    assert not set(made) & set('*?[]+/\\:"<>|{}') and made.isprintable()
    assert made == unicodedata.normalize("NFC", made) and not made.startswith(("-", "=", "@", "~", "$", "'"))
    assert made.casefold() != "learners.csv" and made.partition(".")[0].casefold() not in {"con", "aux"}


def test_no_two_people_share_a_folder_however_they_are_called(course, tmp_path):
    people = [name for name in NAMES if not name.startswith(".")]
    files = [(f"{name}_{id}_assignsubmission_file_/{NOTEBOOK}", notebook(str(id))) for id, name in enumerate(people, 1)]
    files = [(name, content) for name, content in files if not set(name) & set(':"<>|')]  # Moodle's clean_filename
    result = collect.collect(course, packed(tmp_path / "m.zip", files))
    folders = [name.split("/")[0] for name in handed_in(course)]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in folders}) == len(files) == len(result.new)
    assert sorted(handed_in(course).values()) == sorted(content for _, content in files)
    assert len(collect.collect(course, packed(tmp_path / "m.zip", files)).unchanged) == len(files)


def test_folders_that_differ_in_case_or_in_forbidden_letters_alone_stay_apart(course, tmp_path):
    files = {f"{name}/convolution.ipynb": notebook(name) for name in ("ada", "Ada", "a*da", "ada+")}
    for _ in range(2):  # also when they are known
        collect.collect(course, filled(tmp_path / "from", files))
        assert sorted(handed_in(course).values()) == sorted(files.values())
        assert len({name.casefold() for name in handed_in(course)}) == 4


def test_an_accent_written_in_two_ways_is_one_person(course, tmp_path):
    for form in ("NFC", "NFD"):
        files = {unicodedata.normalize(form, "José/convolution.ipynb"): notebook()}
        result = collect.collect(course, packed(tmp_path / "c.zip", files))
    assert result.unchanged == [("José", ASSIGNMENT)]


def test_names_do_no_harm_in_a_spreadsheet_or_a_terminal(course, tmp_path):
    files = {
        "=HYPERLINK(1)/convolution.ipynb": notebook(),
        "ada\u202e/\x1b[2Jconvolution.ipynb": notebook(),
        "bo/con\u202evolution.ipynb": notebook(),
        "+1/convolution.ipynb": notebook(),
    }
    printed = str(collect.collect(course, packed(tmp_path / "f.zip", files), kind="folder"))
    assert "\x1b" not in printed and "\u202e" not in printed
    text = (course / "submitted" / "learners.csv").read_text(encoding="utf-8")
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert "'=HYPERLINK(1)" in cells and not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert "=HYPERLINK(1)" in [row.id for row in read_learners(course / "submitted")]


@given(st.text(max_size=20))
def test_a_cell_gives_back_the_text_it_was_made_of(text):
    assert from_cell(to_cell(text)) == text and to_cell(text)[:1] not in tuple("=+-@\t\r\n")


def test_an_instructors_own_edits_of_the_list_are_read(course, tmp_path):
    path = course / "submitted" / "learners.csv"
    filled(course, {"submitted/learners.csv": b""})
    path.write_text("learner;assignment;source;id;name\nada;01-convolution;moodle;501;Ada Lovelace\n", "utf-8-sig")
    files = {"Ada Lovelace_501_assignsubmission_file_/convolution.ipynb": notebook()}
    collect.collect(course, packed(tmp_path / "m.zip", files))
    assert list(handed_in(course)) == [f"ada/{ASSIGNMENT}/{NOTEBOOK}"]
    path.write_text("who,what\nada,1\n", "utf-8")
    with pytest.raises(CourseError, match="has lost its columns"):
        collect.collect(course, tmp_path / "m.zip")


# Hostile archives -----------------------------------------------------------------------------------------------------

GOOD = {"ada/convolution.ipynb": notebook("good"), "bo/convolution.ipynb": notebook("good")}
ARRIVED = {f"{name}/{ASSIGNMENT}/{NOTEBOOK}": notebook("good") for name in ("ada", "bo")}


def special(name, kind) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 4, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.ipynb", "leads elsewhere"),
        ("mallory/../../evil.ipynb", "leads elsewhere"),
        ("/etc/evil.ipynb", "absolute path"),
        ("C:/evil.ipynb", "absolute path"),
        ("c:evil.ipynb", "absolute path"),
        ("mallory\\..\\evil.ipynb", "backslash"),
        ("\\\\server\\evil.ipynb", "backslash"),
        ("mallory/" + "x" * 4000 + ".ipynb", "too long"),
        ("mallory/" + "x" * 300 + ".ipynb", "too long"),
        ("a/" * 500 + "evil.ipynb", "too long"),
        ("a/" * 30 + "evil.ipynb", "one in the other"),
        ("mallory/evil\n.ipynb", "control characters"),
        ("mallory/\x1b[2J.ipynb", "control characters"),
        ("mallory/evil\r.ipynb", "control characters"),
        (special("mallory/convolution.ipynb", stat.S_IFLNK), "link or a device"),
        (special("mallory/convolution.ipynb", stat.S_IFCHR), "link or a device"),
        (special("mallory/convolution.ipynb", stat.S_IFIFO), "link or a device"),
    ],
)
def test_a_name_or_a_kind_of_file_that_leads_elsewhere_is_put_aside(course, tmp_path, name, said):
    source = packed(tmp_path / "a.zip", [(name, b"/etc/passwd"), *GOOD.items()])
    outside = tree(tmp_path)
    result = collect.collect(course, source)
    assert said in reasons(result) and len(result.aside) == 1
    assert handed_in(course) == ARRIVED
    assert {name: data for name, data in tree(tmp_path).items() if not name.startswith("course/submitted/")} == outside
    assert "\n" not in result.aside[0][0] and "\x1b" not in result.aside[0][0] and len(result.aside[0][0]) <= 100


def patched(source: Path, name: bytes, central: int, value: bytes, local: int | None = None) -> Path:
    """Change a field of one file: at an offset in its record in the table of contents, and in the one before it."""
    data = bytearray(source.read_bytes())
    starts = [at for at in range(len(data)) if data[at : at + 4] == b"PK\x01\x02"]
    (at,) = [at for at in starts if data[at + 46 : at + 46 + len(name)] == name]
    data[at + central : at + central + len(value)] = value
    if local is not None:
        (offset,) = struct.unpack_from("<L", data, at + 42)
        data[offset + local : offset + local + len(value)] = value
    source.write_bytes(data)
    return source


def test_a_name_with_a_nul_is_not_what_it_seems(course, tmp_path):
    source = packed(tmp_path / "a.zip", {"mallory/convolution.ipynb?.txt": notebook("evil"), **GOOD})
    source.write_bytes(source.read_bytes().replace(b".ipynb?.txt", b".ipynb\0.txt"))
    result = collect.collect(course, source)
    assert "control characters" in reasons(result) and handed_in(course) == ARRIVED


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ((8, b"\x01\x00", 6), "encrypted"),
        ((8, b"\x41\x00", 6), "encrypted"),
        ((10, b"\x0e\x00", 8), "packed in a way"),  # LZMA
        ((10, b"\x0c\x00", 8), "packed in a way"),  # bzip2
        ((10, b"\x63\x00", 8), "packed in a way"),  # AES
        ((16, b"\0\0\0\0", None), "damaged"),  # a wrong checksum
        ((24, struct.pack("<L", 5), None), "damaged"),  # longer than it says
        ((24, struct.pack("<L", 50_000), None), "cut off"),  # shorter than it says
        ((42, struct.pack("<L", 9_999_999), None), "damaged"),  # lies after the end
        ((42, struct.pack("<L", 3), None), "damaged"),  # lies in the middle of something
    ],
)
def test_what_cannot_be_unpacked_is_put_aside_and_the_rest_is_not(course, tmp_path, field, said):
    source = packed(tmp_path / "a.zip", {"mallory/convolution.ipynb": notebook("evil" * 99), **GOOD})
    central, value, local = field
    result = collect.collect(course, patched(source, b"mallory/convolution.ipynb", central, value, local))
    assert said in reasons(result) and handed_in(course) == ARRIVED


def test_bombs_are_not_set_off(course, tmp_path):
    bomb = b"\0" * (50 * 2**20)
    files = {"mallory/convolution.ipynb": bomb, "mallet/convolution.ipynb": b"\0" * (101 * 2**20), **GOOD}
    result = collect.collect(course, packed(tmp_path / "bomb.zip", files))
    assert "more than 200 times its size" in reasons(result) and "larger than 100 MB" in reasons(result)
    assert handed_in(course) == ARRIVED


def test_a_bomb_of_files_that_overlap_is_not_set_off(course, tmp_path):
    """As in D. Fifield, "A better zip bomb" (2019): many entries of the table share one file's bytes."""
    source = packed(tmp_path / "a.zip", {f"m{n}/convolution.ipynb": notebook("x" * 5000) for n in range(3)} | GOOD)
    for n in (1, 2):
        patched(source, b"m%d/convolution.ipynb" % n, 42, struct.pack("<L", 0))
    result = collect.collect(course, source)
    assert sum("damaged" in why for _, why in result.aside) >= 2
    assert ARRIVED.items() <= handed_in(course).items() and not any("m1/" in name for name in handed_in(course))


def test_the_limits_hold_for_a_submission_and_for_all(course, tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "LARGEST_SUBMISSION", 10_000)
    monkeypatch.setattr(collect, "MOST_FILES", 5)
    files = GOOD | {"mallory/convolution.ipynb": notebook("x" * 10_000)}
    files |= {f"ada/{n}.txt": b"" for n in range(10)}
    result = collect.collect(course, filled(tmp_path / "from", files))
    assert "larger than" in dict(result.aside)["mallory"]
    assert sum(name.startswith("ada/") for name in handed_in(course)) == 5
    monkeypatch.setattr(collect, "LARGEST_TOTAL", 300)
    result = collect.collect(
        course, filled(tmp_path / "more", {f"{n}/convolution.ipynb": notebook(n) for n in "cdefg"})
    )
    assert 0 < len(result.new) < 5 and len(result.new) + len(result.aside) == 5
    assert "all submissions are together larger" in reasons(result)


def test_an_archive_with_far_too_many_files_is_left_alone(course, tmp_path, monkeypatch):
    source = packed(tmp_path / "a.zip", GOOD | {f"x/{n}": b"" for n in range(50)})
    monkeypatch.setattr(archive, "MOST_ENTRIES", 20)
    with pytest.raises(CourseError, match="more than 20 files"):
        collect.collect(course, source)
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 200)  # bytes, before it is even read
    with pytest.raises(CourseError, match="far more files"):
        collect.collect(course, source)
    with pytest.raises(CourseError, match="more than 20 files"):
        collect.collect(course, filled(tmp_path / "from", {f"ada/{n}": b"" for n in range(30)}))


def test_nested_archives_are_not_opened(course, tmp_path):
    inner = packed(tmp_path / "inner.zip", {NOTEBOOK: notebook("inner")}).read_bytes()
    result = collect.collect(course, packed(tmp_path / "a.zip", {"mallory/inner.zip": inner, **GOOD}))
    assert handed_in(course) == ARRIVED and "no notebook, but inner.zip" in reasons(result)


def test_names_that_are_there_twice_or_differ_in_case_alone_do_not_overwrite(course, tmp_path):
    files = [
        ("ada/convolution.ipynb", notebook("first")),
        ("ada/convolution.ipynb", notebook("good")),
        ("ada/CONVOLUTION.ipynb", notebook("other")),
        ("ada/Data.csv", b"1"),
        ("ada/data.csv", b"2"),
        ("bo/convolution.ipynb", notebook("good")),
    ]
    result = collect.collect(course, packed(tmp_path / "a.zip", files))
    assert handed_in(course) == ARRIVED | {f"ada/{ASSIGNMENT}/Data.csv": b"1"}
    assert [note for _, note in result.notes] == [
        "convolution.ipynb is there twice; the later one counts",
        "CONVOLUTION.ipynb was left out: it is not the assignment's notebook",
        "data.csv was left out: another file has this name",
    ]


def test_a_file_and_a_folder_of_one_name_put_that_submission_aside_alone(course, tmp_path):
    files = [("mallory/convolution.ipynb", notebook()), ("mallory/x", b""), ("mallory/x/y", b""), *GOOD.items()]
    result = collect.collect(course, packed(tmp_path / "a.zip", files))
    assert "mallory" in dict(result.aside) and handed_in(course) == ARRIVED


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.9, 0.999])
def test_a_cut_off_archive_says_so(course, tmp_path, keep):
    source = packed(tmp_path / "a.zip", GOOD)
    source.write_bytes(source.read_bytes()[: int(keep * source.stat().st_size)])
    with pytest.raises(CourseError, match="cut off, damaged or no zip archive.*download it again"):
        collect.collect(course, source)
    assert not (course / "submitted").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.4", b"\x1f\x8b\x08\x00rest", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_says_so(course, tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(CourseError):
        collect.collect(course, tmp_path / "a.zip")


def test_names_in_the_encoding_of_old_programs_are_read(course, tmp_path):
    """macOS packs UTF-8 names without saying so; zip programs of old use code page 437."""
    source = packed(tmp_path / "a.zip", {"Zoë/convolution.ipynb": notebook("good"), **GOOD})
    patched(source, "Zoë/convolution.ipynb".encode(), 8, b"\0\0", 6)
    collect.collect(course, source)
    assert f"Zoë/{ASSIGNMENT}/{NOTEBOOK}" in handed_in(course)


PIECES = ["..", "/", "\\", "C:", "ada", "convolution.ipynb", "\x00", "\n", "é", "e\u0301", "_1_2_", "\u202e", ".", " ",
          "_5_assignsubmission_file_", "+01-convolution+2026-04-01 10:00:00 UTC", "*", "con", "learners.csv", "x" * 99,
          "🦊", ".earlier", ".collect-x", "01-convolution", "__MACOSX", "'", "="]  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join),
            st.sampled_from([stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR, 0]),
            st.binary(max_size=8),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([None, "moodle", "canvas", "folder", "exchange"]),
)
def test_whatever_an_archive_holds_nothing_outside_is_written(course, tmp_path, entries, kind):
    shutil.rmtree(course / "submitted", ignore_errors=True)
    files = [(special(name, mode), content) for name, mode, content in entries]
    source = packed(tmp_path / "fuzz.zip", files)
    before = tree(tmp_path)
    for _ in range(2):
        try:
            result = collect.collect(course, source, assignment=ASSIGNMENT, kind=kind)
        except CourseError:
            break
        after = tree(tmp_path)
        assert before.items() <= after.items()
        for name in after.keys() - before.keys() - {"course/submitted/learners.csv"}:
            _, folder, learner, assignment, *rest = name.split("/")
            assert (folder, assignment) == ("submitted", ASSIGNMENT) and folder_name(learner) == learner and rest
        assert not [path for path in tmp_path.rglob("*") if path.is_symlink() or path.name.startswith(".collect-")]
        assert str(result).isprintable() or "\n" in str(result)
        assert all(line.isprintable() for line in str(result).splitlines())
    else:
        assert tree(tmp_path) == after and not result.new and not result.replaced


# Hostile folders ------------------------------------------------------------------------------------------------------


def test_links_pipes_and_sockets_in_a_folder_are_not_followed(course, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    filled(secret, {"convolution.ipynb": notebook("secret")})
    source = filled(tmp_path / "from", GOOD)
    (source / "mallory").mkdir()
    (source / "mallory" / "convolution.ipynb").symlink_to(secret / "convolution.ipynb")
    (source / "mallet").symlink_to(secret)
    (source / "loop").symlink_to(source)
    os.mkfifo(source / "mallory" / "convolution (1).ipynb")
    monkeypatch.chdir(source / "mallory")  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("convolution (2).ipynb")
    result = collect.collect(course, source)
    assert handed_in(course) == ARRIVED
    assert {who for who, _ in result.aside} == {
        "loop",
        "mallet",
        "mallory/convolution.ipynb",
        "mallory/convolution (1).ipynb",
        "mallory/convolution (2).ipynb",
    }


def test_a_file_that_becomes_a_link_while_it_is_read_is_not_followed(tmp_path):
    source = filled(tmp_path / "from", {"a/b/convolution.ipynb": notebook("mine")})
    with archive.opened(source) as files:
        (entry,) = files.entries
        filled(tmp_path / "secret", {"b/convolution.ipynb": b"secret"})
        shutil.move(source / "a", tmp_path / "moved")
        (source / "a").symlink_to(tmp_path / "secret")
        with pytest.raises(Aside, match="cannot be read"):
            entry.read()


def test_nothing_is_written_through_a_link_in_submitted(course, tmp_path):
    (course / "submitted").mkdir()
    (tmp_path / "elsewhere" / ASSIGNMENT).mkdir(parents=True)
    (course / "submitted" / "ada").symlink_to(tmp_path / "elsewhere")
    (course / "submitted" / "bo").mkdir()
    (course / "submitted" / "bo" / ASSIGNMENT).symlink_to(tmp_path / "elsewhere")
    result = collect.collect(course, filled(tmp_path / "from", GOOD))
    assert tree(tmp_path / "elsewhere") == {}
    assert len(result.aside) == 2 and "is a link or a file and no folder" in reasons(result)


def test_names_that_are_no_text_do_not_stop_the_others(course, tmp_path):
    source = filled(tmp_path / "from", GOOD)
    os.mkdir(os.fsencode(source) + b"/\xff\xfe")
    with open(os.fsencode(source) + b"/\xff\xfe/convolution.ipynb", "wb") as file:
        file.write(notebook())
    result = collect.collect(course, source)
    assert handed_in(course) == ARRIVED and "no readable text" in reasons(result)
    str(result).encode()


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_prints_a_short_table_and_its_status_says_whether_a_person_is_needed(course, tmp_path, capsys):
    source = filled(tmp_path / "from", GOOD)
    assert main(["collect", str(source), "--course", str(course)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "From a folder, from: 01-convolution",
        "  new            2  ada, bo",
        "  replaced       0",
        "  unchanged      0",
        "  put aside      0",
        f"Who is who: {course / 'submitted' / 'learners.csv'}",
    ]
    filled(source, {"ada/convolution.ipynb": notebook("new"), "kim/essay.docx": b""})
    assert main(["collect", str(source), "--course", str(course), "--assignment", ASSIGNMENT]) == 1
    out = capsys.readouterr().out
    assert "replaced       1  ada" in out and "unchanged      1  bo" in out and "put aside      1\n" in out
    assert "  kim: no notebook, but essay.docx: ask for convolution.ipynb" in out and ".earlier" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.zip"], "absent.zip does not exist"),
        (["from", "--assignment", "1"], "there are 01-convolution, 02-padding-stride, 03-pooling"),
        (["from", "--from", "canvas"], "does not look like Canvas"),
        (["empty"], "holds no file that can be used"),
        (["course/submitted"], "is where submissions lie already"),
        (["course/submitted/ada"], "is where submissions lie already"),
        (["unclear"], "does not tell which assignment it is (01-convolution or 03-pooling)"),
        (["nameless"], "say it with --assignment NAME"),
        (["both.zip"], "say which with --from moodle or --from canvas"),
        (["exchanges"], "several courses (a, b)"),
    ],
)
def test_what_a_person_can_put_right_is_said_in_a_sentence(course, tmp_path, monkeypatch, capsys, arguments, said):
    filled(tmp_path / "from", GOOD)
    (tmp_path / "empty").mkdir()
    filled(course / "submitted" / "ada" / ASSIGNMENT, {NOTEBOOK: notebook()})
    filled(tmp_path / "unclear", {"a/convolution.ipynb": notebook(), "b/pooling.ipynb": notebook()})
    filled(tmp_path / "nameless", {"a/work.ipynb": notebook(), "b/work.ipynb": notebook()})
    packed(tmp_path / "both.zip", {"kim_1_2_x_1_assignsubmission_file_convolution.ipynb": notebook()})
    packed(tmp_path / "both.zip", {"kim_1_assignsubmission_file_1_2_convolution.ipynb": notebook()})
    for name in "ab":
        (tmp_path / "exchanges" / name / "inbound").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    if arguments == ["both.zip"]:
        packed(tmp_path / "both.zip", {"kim_1_assignsubmission_file_x_11_12_convolution.ipynb": notebook()})
    before = tree(course)
    assert main(["collect", *arguments, "--course", str(course)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("cnncourse: ") and said in err and "Traceback" not in err
    assert tree(course) == before


def test_collecting_does_not_wait_for_nbgrader(course, tmp_path):
    filled(tmp_path / "from", GOOD)
    code = (
        "import sys; from cnncourse.cli import main;"
        f"main(['collect', {str(tmp_path / 'from')!r}, '--course', {str(course)!r}]);"
        "print([name for name in ('nbgrader', 'jupyter_core', 'nbformat', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]" and done.stderr == ""  # and no progress bar where nobody watches


@pytest.mark.timeout(600)
def test_stock_nbgrader_grades_what_was_collected_whatever_the_learners_are_called(tmp_path):
    course = tmp_path / "course"
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, course / "solutions" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    own = {key: value for key, value in os.environ.items() if key != "CNNCOURSE_HIDDEN_SEED"}
    command = [sys.executable, "-m", "nbgrader"]
    subprocess.run([*command, "generate_assignment", ASSIGNMENT], cwd=course, env=own, capture_output=True, check=True)
    released = (course / "exercises" / ASSIGNMENT / NOTEBOOK).read_bytes()
    people = ["O'Brien Sinéad", "=1+1 ; rm -rf *", "🦊 נועה"]
    files = {f"{name}_{id}_assignsubmission_file_/{NOTEBOOK}": released for id, name in enumerate(people)}
    result = collect.collect(course, packed(tmp_path / "m.zip", files))
    assert len(result.new) == len(people)
    done = subprocess.run([*command, "autograde", ASSIGNMENT], cwd=course, env=own, capture_output=True, text=True)
    graded = {path.parent.parent.name for path in (course / "autograded").glob(f"*/{ASSIGNMENT}/{NOTEBOOK}")}
    assert graded == {learner for learner, _ in result.new}, done.stderr
    assert fold("O'Brien Sinéad") == fold(rows(course)["O'Brien-Sinéad", ASSIGNMENT].name)
