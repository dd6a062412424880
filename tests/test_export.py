"""Exporting: what Moodle and Canvas read, each person's own mark in their own line, and nothing else changed.

The samples are written after the programs that make and read such files, in the public sources of Moodle
(``mod/assign/gradingtable.php``, ``mod/assign/feedback/offline/``, ``grade/import/csv/``) and of Canvas
(``lib/gradebook_exporter.rb``, ``lib/gradebook_importer.rb``). ``moodle_reads`` and ``canvas_reads`` do what those do.
"""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from cnncourse.cli import main
from cnncourse.grading.collect import collect
from cnncourse.grading.export import export
from cnncourse.grading.learners import FILE, Row
from cnncourse.grading.learners import table as table_of
from cnncourse.grading.release import CourseError

FIRST, SECOND = "01-convolution", "03-pooling"


def table(text: str, delimiter=",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def moodle_reads(text: str, decimal: str = ".") -> dict[str, float]:
    """What Moodle takes from a grading worksheet: the number after "Participant ", and the grade where there is one."""
    header, *lines = table(text.removeprefix("\ufeff"))
    identifier, grade, most = (header.index(name) for name in ("Identifier", "Grade", "Maximum Grade"))
    assert "Last modified (grade)" in header  # without it the worksheet is refused
    read = {}
    for line in lines:
        assert len(line) == len(header)  # "csvweirdcolumns"
        value = line[grade].replace(" ", "").replace(decimal, ".")
        if value and 0 <= float(value) <= float(line[most].replace(decimal, ".")):
            read[line[identifier][len("Participant ") :]] = float(value)
    return read


def canvas_reads(text: str) -> dict[tuple[str, str], str]:
    """What Canvas takes from a gradebook: (student's number, assignment's number or title) → grade."""
    text = text.removeprefix("\ufeff")
    counts = {d: {len(line) for line in table("\n".join(text.splitlines()[:3]), d)} for d in ";,"}
    sizes = {d: min(found) if len(found) == 1 else 0 for d, found in counts.items()}
    header, *lines = table(text, ";" if sizes[";"] > sizes[","] else ",")
    assert "Student" in header[0] and "ID" in header[1] and len(header) > 3 and "Section" in header
    first, read = header.index("Section") + 1, {}
    for line in lines:
        if not any(cell.strip() for cell in line) or "Points Possible" in line[0]:
            continue
        if all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.I) for cell in line):
            continue
        for number in range(first, len(header)):
            title = re.fullmatch(r"(.*) \((\d+)\)", header[number])
            cell = line[number]
            if re.fullmatch(r"-?[0-9.,]+%?", cell):
                *whole, last = re.split("[,.]", cell)
                cell = f"{''.join(whole)}.{last}" if whole else last
            if not re.search("(Current|Final|Override) (Score|Points|Grade)", header[number]):
                read[line[1], title[2] if title else header[number]] = cell
    return read


# A course with marks --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A new gradebook of nbgrader's, which takes it seconds to make."""
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    Gradebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def course(tmp_path, empty):
    root = tmp_path / "course"
    for name in (f"{FIRST}/convolution.ipynb", f"{SECOND}/pooling.ipynb"):
        path = root / "exercises" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    shutil.copy(empty, root)
    return root


def mark(root: Path, assignment: str, points: dict[str, float | None], by_hand=(), most=17.0, question=3.0) -> None:
    """Write marks with nbgrader's own API: a check worth ``most``, and a question that a person marks."""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        commit, book.db.commit = book.db.commit, book.db.flush  # all at once is a hundred times as fast
        book.update_or_create_assignment(assignment)
        book.update_or_create_notebook("nb", assignment)
        book.update_or_create_grade_cell("check", "nb", assignment, max_score=most, cell_type="code")
        book.update_or_create_grade_cell("question", "nb", assignment, max_score=question, cell_type="markdown")
        for learner, value in points.items():
            book.update_or_create_student(learner)
            if value is None:
                continue
            submission = book.update_or_create_submission(assignment, learner)
            for grade in submission.notebooks[0].grades:
                grade.auto_score = value if grade.name == "check" else None
                grade.manual_score = None if grade.name == "check" or learner in by_hand else 0.0
                grade.needs_manual_grade = grade.name == "question" and learner in by_hand
            submission.timestamp = datetime(2026, 4, 1)
        commit()


def packed(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, json.dumps({"cells": [], "nbformat": 4, "nbformat_minor": 4, "metadata": {}}))
    return path


PEOPLE = {"Ada Lovelace": 501, "Zoë Müller-Ünal": 502, "김민준": 503, "Sinéad OBrien": 504, "Kim Minjun": 505}
POINTS = {"Ada-Lovelace": 17.0, "Zoë-Müller-Ünal": 7.5, "김민준": 0.0, "Sinéad-OBrien": 12.3456, "Kim-Minjun": None}
READ = {"501": 17.0, "502": 7.5, "503": 0.0, "504": 12.35}  # by hand, from the two lines above


@pytest.fixture
def moodle(course, tmp_path):
    """The course, with what Moodle's archive brought, marked."""
    names = [f"{name}_{number}_assignsubmission_file_/convolution.ipynb" for name, number in PEOPLE.items()]
    collect(course, packed(tmp_path / "moodle.zip", names))
    mark(course, FIRST, POINTS)
    return course


WORKSHEET = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 505","Kim Minjun",kim@uni.example,"No submission",,20.00,Yes,-,-,
"Participant 504","Sinéad O'Brien",sinead@uni.example,"Submitted for grading",3.00,20.00,Yes,"Wednesday, 1 April 2026, \
10:00 AM","Thursday, 2 April 2026, 9:00 AM","Well, ""nearly"".
Read on."
"Participant 506","=cmd|' /C calc'!A0",eve@uni.example,"No submission",,20.00,Yes,-,-,
"Participant 503",김민준,minjun@uni.example,"Submitted for grading",,20.00,Yes,"Wednesday, 1 April 2026, 10:00 AM",-,
"Participant 502","Zoë Müller-Ünal",zoe@uni.example,"Submitted for grading - 3 hours late",,20.00,Yes,-,-,
"Participant 501","Ada Lovelace",ada@uni.example,"Submitted for grading",,20.00,Yes,-,-,
"""


@pytest.mark.parametrize("mark_first", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_moodles_worksheet_is_filled_in_and_comes_back_with_every_mark(moodle, tmp_path, mark_first, newline):
    text = mark_first + WORKSHEET.replace("\n", newline)
    roster = tmp_path / "Grades-CNN-Convolution-77.csv"
    roster.write_bytes(text.encode())
    result = export(moodle, [FIRST], roster=roster)
    filled = result.path.read_bytes().decode()
    assert moodle_reads(filled) == READ
    # Nothing but the marks has changed, to the byte order mark and the ends of lines.
    before, after = table(text.removeprefix("\ufeff")), table(filled.removeprefix("\ufeff"))
    assert filled.startswith("\ufeff") == bool(mark_first) and filled.count(newline) == text.count(newline)
    assert [line[:4] + line[5:] for line in after] == [line[:4] + line[5:] for line in before]
    assert [line[4] for line in after] == ["Grade", "", "12.35", "", "0", "7.5", "17"]
    assert (result.kind, result.marks, result.rows, result.lost) == ("moodle", 4, 6, [])
    assert roster.read_bytes() == text.encode()


def test_a_worksheet_in_another_language_is_filled_in_with_its_own_decimal_sign(moodle, tmp_path):
    header = "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;"
    header += "Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung);Feedback als Kommentar"
    lines = [f"Teilnehmer/in{n};{name};;Abgegeben;;20,00;Ja;-;-;" for name, n in PEOPLE.items()]
    roster = tmp_path / "Bewertungen.csv"
    roster.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    filled = export(moodle, [FIRST], roster=roster).path.read_text(encoding="utf-8")
    assert [line[4] for line in table(filled, ";")] == ["Bewertung", "17", "7,5", "0", "12,35", ""]
    assert [line[:4] + line[5:] for line in table(filled, ";")] == [
        line[:4] + line[5:] for line in table(roster.read_text(encoding="utf-8"), ";")
    ]


def test_without_a_worksheet_one_is_made_of_the_numbers_that_the_archive_held(moodle):
    result = export(moodle, kind="moodle")
    assert moodle_reads(result.path.read_text(encoding="utf-8")) == READ
    assert not result.lost and result.rows == 5


def test_the_worksheet_of_one_assignment_is_known_among_several_by_its_numbers(moodle, tmp_path):
    names = [f"{name}_{9000 + number}_assignsubmission_file_/pooling.ipynb" for name, number in PEOPLE.items()]
    collect(moodle, packed(tmp_path / "2.zip", names))
    mark(moodle, SECOND, {learner: 1.0 for learner in POINTS})
    roster = tmp_path / "w.csv"
    roster.write_text(WORKSHEET.replace("Participant 5", "Participant 95"), encoding="utf-8")
    result = export(moodle, roster=roster)
    assert result.assignments == [SECOND]
    expected = {str(9000 + number): 1.0 for number in PEOPLE.values()}
    assert moodle_reads(result.path.read_text(encoding="utf-8")) == expected


def test_a_worksheet_of_another_assignment_is_not_filled_in_by_names(moodle, tmp_path):
    roster = tmp_path / "w.csv"
    roster.write_text(WORKSHEET.replace("Participant 50", "Participant 90"), encoding="utf-8")
    result = export(moodle, [FIRST], roster=roster)
    assert moodle_reads(result.path.read_text(encoding="utf-8")) == {"904": 3.0}  # as it was
    assert len(result.lost) == 4 and "is it of this assignment and course?" in str(result)


def test_two_people_of_one_name_get_each_their_own_mark(course, tmp_path):
    names = [f"Kim Minjun_{number}_assignsubmission_file_/convolution.ipynb" for number in (501, 777)]
    collect(course, packed(tmp_path / "m.zip", names))
    mark(course, FIRST, {"Kim-Minjun-501": 4.0, "Kim-Minjun-777": 16.0})
    lines = [f'"Participant {n}","Kim Minjun",Submitted,,20.00,Yes,-,-' for n in (777, 888, 501)]
    roster = tmp_path / "w.csv"
    heading = "Identifier,Full name,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission)"
    roster.write_text("\n".join([f"{heading},Last modified (grade)", *lines]), encoding="utf-8")
    filled = export(course, [FIRST], roster=roster).path.read_text(encoding="utf-8")
    assert moodle_reads(filled) == {"501": 4.0, "777": 16.0}
    # In a gradebook without those numbers nobody can tell them apart, so nobody's mark is written.
    roster.write_text(
        '"First name",Surname,"ID number","Email address","Assignment: Convolution (Real)"\n'
        "Kim,Minjun,1,a@uni.example,-\nKim,Minjun,2,b@uni.example,-\n"
    )
    result = export(course, [FIRST], roster=roster)
    assert result.marks == 0 and [why for _, why in result.lost] == [
        f"{FIRST}, {points} points: there are several of this name" for points in (4, 16)
    ]


GRADES = """\
"First name",Surname,"ID number",Institution,Department,"Email address","Quiz: Kernels (Real)",\
"Assignment: Convolution (Real)","Assignment: Pooling (Real)","Course total (Real)","Last downloaded from this course"
Ada,Lovelace,s1,,,ada@uni.example,3.00,-,-,3.00,1775000000
Zoë,Müller-Ünal,s2,,,zoe@uni.example,-,-,5.00,5.00,1775000000
Jo,King,s3,,,jo@uni.example,-,2.00,-,2.00,1775000000
Max,Muster,s4,,,max@uni.example,-,-,-,-,1775000000
"""


def test_moodles_gradebook_is_filled_in_by_address_number_and_name(course, tmp_path):
    collect(course, packed(tmp_path / "m.zip", ["Ada Lovelace_501_assignsubmission_file_/convolution.ipynb"]))
    mark(course, FIRST, {"Ada-Lovelace": 17.0, "zoe@uni.example": 7.5, "S4": 3.0, "stranger": 9.0, "King": 1.0})
    mark(course, SECOND, {"Ada-Lovelace": 2.0})
    roster = tmp_path / "CNN Grades.csv"
    roster.write_text(GRADES, encoding="utf-8")
    result = export(course, roster=roster)
    before, after = table(GRADES), table(result.path.read_text(encoding="utf-8"))
    assert [line[:7] + line[9:] for line in after] == [line[:7] + line[9:] for line in before]
    assert [line[7:9] for line in after[1:]] == [["17", "2"], ["7.5", "5.00"], ["2.00", "-"], ["3", "-"]]
    assert [learner for learner, _ in result.lost] == ["King", "stranger"]  # a surname alone is nobody


def test_an_address_entered_in_nbgrader_finds_its_line(course, tmp_path):
    mark(course, FIRST, {"user17": 8.0})
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_student("user17", first_name="Someone", last_name="Else", email="Jo@uni.example")
    roster = tmp_path / "g.csv"
    roster.write_text(GRADES, encoding="utf-8")
    assert table(export(course, [FIRST], roster=roster).path.read_text(encoding="utf-8"))[3][7] == "8"


# Canvas ---------------------------------------------------------------------------------------------------------------

CANVAS = '''\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,Week 1: Convolution (4711),Pooling (4712),Essay (4713),\
Assignments Current Score,Final Score
,,,,,,Manual Posting,,,,
    Points Possible,,,,,,20.00,10.00,5.00,(read only),(read only)
"Lovelace, Ada",12345,,ada,CNN 1,,,,4.00,80.00,80.00
"Müller-Ünal, Zoë",12346,,zoe,CNN 1,"said: ""late""",EX,,,,
"O'Connor, Sinéad",12347,s7,sinead,"CNN 1, and CNN 2",,,9.00,,,
"=1+1, Eve",12348,,eve,CNN 2,,1.00,,,,
"Student, Test",99999,,abc,CNN 1,,,,,,
'''
UPLOADS = [
    "lovelaceada_12345_1_convolution.ipynb",
    "müllerünalzoë_LATE_12346_2_convolution.ipynb",
    "oconnorsinéad_12347_3_convolution-1.ipynb",
]


@pytest.fixture
def canvas(course, tmp_path):
    collect(course, packed(tmp_path / "submissions.zip", UPLOADS))
    mark(course, FIRST, {"lovelaceada": 17.0, "müllerünalzoë": 7.5, "oconnorsinéad": 12.3456})
    return course


@pytest.mark.parametrize("mark_first", ["", "\ufeff"])
def test_canvass_gradebook_is_filled_in_and_comes_back_with_every_mark(canvas, tmp_path, mark_first):
    mark(canvas, SECOND, {"lovelaceada": 6.0, "oconnorsinéad": None}, most=10.0, question=0.0)
    roster = tmp_path / "2026-04-01T1000_Grades-CNN.csv"
    roster.write_bytes((mark_first + CANVAS).encode())
    result = export(canvas, roster=roster)
    filled = result.path.read_bytes().decode()
    before, after = canvas_reads(mark_first + CANVAS), canvas_reads(filled)
    written = {("12345", "4711"): "17", ("12347", "4711"): "12.35", ("12345", "4712"): "6"}
    assert after == before | written and ("12347", "4712") in before
    lines = table(CANVAS)
    assert [line[:6] + line[8:] for line in table(filled.removeprefix("\ufeff"))] == [
        line[:6] + line[8:] for line in lines
    ]
    assert filled.startswith("\ufeff") == bool(mark_first)
    # Who is excused stays excused, and that is said.
    assert result.lost == [("müllerünalzoë", f"{FIRST}: EX stays; the mark is 7.5")]
    assert (result.kind, result.marks, result.rows) == ("canvas", 3, 5)


def test_canvas_in_a_language_with_a_decimal_comma_is_filled_in_so(canvas, tmp_path):
    text = "Student;ID;SIS Login ID;Section;Convolution (4711)\n    Points Possible;;;;20,00\n"
    text += "Lovelace, Ada;12345;ada;CNN 1;3,50\nO'Connor, Sinéad;12347;sinead;CNN 1;\n"
    roster = tmp_path / "c.csv"
    roster.write_text(text, encoding="utf-8")
    filled = export(canvas, roster=roster).path.read_text(encoding="utf-8")
    assert filled.splitlines()[3].endswith(";12,35")
    assert canvas_reads(filled) == {("12345", "4711"): "17", ("12347", "4711"): "12.35"}


def test_without_a_roster_canvas_gets_a_file_of_the_numbers_that_its_archive_held(canvas):
    mark(canvas, FIRST, {"by-post": 4.0})
    result = export(canvas, kind="canvas")
    read = canvas_reads(result.path.read_text(encoding="utf-8"))
    assert read == {("12345", FIRST): "17", ("12346", FIRST): "7.5", ("12347", FIRST): "12.35"}
    assert result.path.read_text(encoding="utf-8").splitlines()[1] == "    Points Possible,,,,,20"
    assert [learner for learner, _ in result.lost] == ["by-post"]


def test_a_number_that_belongs_to_somebody_of_another_name_is_not_filled_in(course, tmp_path):
    collect(course, packed(tmp_path / "c.zip", ["mallory_12345_1_convolution.ipynb"]))
    mark(course, FIRST, {"mallory": 17.0})
    roster = tmp_path / "c.csv"
    roster.write_text(CANVAS, encoding="utf-8")
    result = export(course, roster=roster)
    assert canvas_reads(result.path.read_text(encoding="utf-8")) == canvas_reads(CANVAS)
    assert "number 12345 is called Lovelace, Ada there" in str(result)


def test_people_who_came_otherwise_are_found_by_login_number_or_name(course, tmp_path):
    mark(course, FIRST, {"ada": 1.0, "S7": 2.0, "Zoë Müller-Ünal": 3.0, "12348": 4.0, "nobody": 5.0})
    roster = tmp_path / "c.csv"
    roster.write_text(CANVAS.replace("EX", ""), encoding="utf-8")
    read = canvas_reads(export(course, roster=roster).path.read_text(encoding="utf-8"))
    assert {number: grade for (number, a), grade in read.items() if a == "4711"} == {
        "12345": "1", "12347": "2", "12346": "3", "12348": "4", "99999": ""
    }  # fmt: skip


# Which column ---------------------------------------------------------------------------------------------------------


def test_a_column_can_be_named_where_names_do_not_tell(canvas, tmp_path):
    roster = tmp_path / "c.csv"
    roster.write_text(CANVAS.replace("Week 1: Convolution", "Homework"), encoding="utf-8")
    with pytest.raises(CourseError, match="Which column .*'Homework \\(4711\\)', 'Pooling"):
        export(canvas, [FIRST], roster=roster)
    with pytest.raises(CourseError, match="has no column for 01-convolution; there are 'Homework"):
        export(canvas, roster=roster)
    export(canvas, [f"{FIRST}=Homework (4711)"], roster=roster)
    with pytest.raises(CourseError, match="0 columns called 'Homework'"):
        export(canvas, [f"{FIRST}=Homework"], roster=roster)
    # A column that Canvas does not take back is no choice.
    locked = CANVAS.replace("Essay", "Convolution again").replace("10.00,5.00,", "10.00,(read only),")
    roster.write_text(locked, encoding="utf-8")
    assert export(canvas, [FIRST], roster=roster).marks == 2
    roster.write_text(CANVAS.replace("Essay", "Convolution again"), encoding="utf-8")
    with pytest.raises(CourseError, match="Which column .*Week 1: Convolution.*Convolution again"):
        export(canvas, [FIRST], roster=roster)


def test_another_maximum_is_said_and_nothing_is_scaled(moodle, tmp_path):
    roster = tmp_path / "w.csv"
    roster.write_text(WORKSHEET.replace("20.00", "10.00"), encoding="utf-8")
    result = export(moodle, [FIRST], roster=roster)
    assert "worth 20 points here and 10.00 there" in str(result) and "takes no mark above its maximum" in str(result)
    assert table(result.path.read_text(encoding="utf-8"))[6][4] == "17"


# The plain table, and what holds for all of them ----------------------------------------------------------------------


def test_the_plain_table_holds_everybody_and_what_is_missing_is_empty(moodle):
    mark(moodle, SECOND, {"Ada-Lovelace": 3.0, "late-comer": 1.25})
    result = export(moodle)
    lines = {line[0]: line[1:] for line in table(result.path.read_text(encoding="utf-8"))}
    assert result.path == moodle / "marks.csv"
    assert lines == {
        "learner": ["name", "01-convolution (20)", "03-pooling (20)", "total"],
        "Ada-Lovelace": ["Ada Lovelace", "17", "3", "20"],
        "Zoë-Müller-Ünal": ["Zoë Müller-Ünal", "7.5", "", "7.5"],
        "김민준": ["김민준", "0", "", "0"],
        "Sinéad-OBrien": ["Sinéad OBrien", "12.35", "", "12.35"],
        "Kim-Minjun": ["Kim Minjun", "", "", ""],
        "late-comer": ["late-comer", "", "1.25", "1.25"],
    }


def test_a_submission_that_nobody_marked_has_no_mark_and_not_0(course):
    mark(course, FIRST, {"ada": 5.0})
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_student("unmarked")
        book.add_submission(FIRST, "unmarked")
    assert ["unmarked", "unmarked", "", ""] in table(export(course).path.read_text(encoding="utf-8"))


def test_a_penalty_for_handing_in_late_is_taken_off_as_nbgrader_does(course):
    mark(course, FIRST, {"ada": 5.0, "bo": 2.0})
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for learner in ("ada", "bo"):
            book.find_submission(FIRST, learner).notebooks[0].late_submission_penalty = 3.0
        book.db.commit()
        handed_in = book.assignment_submissions(FIRST)
        expected = {s.student.id: max(0.0, s.score - s.late_submission_penalty) for s in handed_in}
    lines = table(export(course).path.read_text(encoding="utf-8"))[1:]
    assert {line[0]: float(line[2]) for line in lines} == expected == {"ada": 2.0, "bo": 0.0}


def test_answers_that_wait_for_a_person_are_said(course):
    mark(course, FIRST, {"ada": 5.0, "bo": 6.0, "cy": 7.0}, by_hand=("ada", "cy"))
    result = export(course)
    assert result.by_hand == ["ada", "cy"]
    assert "2 have answers still to be marked by hand; the mark is what there is: ada, cy" in str(result)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")'])
def test_no_name_becomes_a_formula(course, tmp_path, name):
    mark(course, FIRST, {name: 5.0})
    for kind in ("csv", "moodle", "canvas"):
        (course / "submitted").mkdir(exist_ok=True)
        rows = table_of([Row(name, FIRST, kind, "7", name)])
        (course / "submitted" / FILE).write_bytes(rows)
        lines = table(export(course, [FIRST], kind=kind).path.read_text(encoding="utf-8"))
        assert not [cell for line in lines for cell in line if cell[:1] in tuple("=+@\t\r")]
        assert not [cell for line in lines for cell in line if cell.startswith("-") and len(cell) > 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["05-text"], "there are 01-convolution"),
        (["--roster", "absent.csv"], "does not exist"),
        (["--roster", "latin.csv"], "is no CSV file in UTF-8"),
        (["--roster", "empty.csv"], "holds nobody"),
        (["--roster", "names.csv"], "neither a gradebook nor a grading worksheet"),
        (["--roster", "worksheet.csv", "--for", "canvas"], "is Moodle's and not Canvas's"),
        (["--roster", "worksheet.csv", "--for", "csv"], "leave --for csv out"),
        (["--roster", "worksheet.csv", "--output", "worksheet.csv"], "is the roster itself"),
        (["--for", "canvas"], "Nobody's number in Canvas is known"),
        (["--output", "course/nbgrader_config.py/x.csv"], "cannot be written"),
    ],
)
def test_what_a_person_can_put_right_is_said_in_a_sentence(moodle, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.csv").write_bytes("Identifier,Full name,Grade\nParticipant 1,Zoë,\n".encode("latin-1"))
    (tmp_path / "empty.csv").write_text("Identifier,Full name,Grade\n")
    (tmp_path / "names.csv").write_text("name,mark\nada,\n")
    (tmp_path / "worksheet.csv").write_text(WORKSHEET, encoding="utf-8")
    assert main(["export", *arguments, "--course", "course"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("cnncourse: ") and said in err and "Traceback" not in err
    assert (tmp_path / "worksheet.csv").read_text(encoding="utf-8") == WORKSHEET
    assert not list(moodle.glob("marks*"))


def test_nothing_is_exported_before_anything_is_marked(course):
    gradebook = (course / "gradebook.db").rename(course / "away.db")
    with pytest.raises(CourseError, match="run `cnncourse release`"):
        export(course)
    assert not (course / "gradebook.db").exists()
    gradebook.rename(course / "gradebook.db")
    mark(course, FIRST, {"ada": None})
    with pytest.raises(CourseError, match="There is no mark yet"):
        export(course)


def test_the_command_says_what_was_written_and_its_status_whether_anybody_was_left_out(moodle, tmp_path, capsys):
    roster = tmp_path / "w.csv"
    roster.write_text(WORKSHEET, encoding="utf-8")
    arguments = ["export", FIRST, "--roster", str(roster), "--course", str(moodle)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.splitlines() == [
        f"01-convolution: 4 marks, 6 people: {moodle / 'marks-moodle.csv'}",
        "2 people in w.csv have no mark here.",
    ]
    mark(moodle, FIRST, {"stranger\x1b[2J": 3.0})
    assert main(arguments) == 1
    out = capsys.readouterr().out
    assert "1 marks are not in it:" in out and "stranger?[2J: 01-convolution, 3 points: nobody there" in out


def test_exporting_does_not_wait_for_nbgrader(moodle):
    code = (
        "import sys; from cnncourse.cli import main;"
        f"main(['export', '--course', {str(moodle)!r}]);"
        "print([name for name in ('nbgrader', 'nbconvert', 'jupyter_client') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
