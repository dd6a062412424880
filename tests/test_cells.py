"""What was handed in as the notebook that is graded: nbgrader's own steps do the same, and nothing gets past them."""

import copy
import json
import warnings

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import NAME, Class
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import ClearOutput, OverwriteCells, OverwriteKernelspec
from nbgrader.utils import compute_checksum

from cnncourse.grading import cells
from cnncourse.grading.cells import Unreadable, automatic_comments, checksum, read_submission, restore
from cnncourse.grading.execute import RestoreCells
from cnncourse.grading.gradebook import Gradebook
from cnncourse.grading.job import Cell, Notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return Class(tmp_path_factory.mktemp("cells") / "course")


@pytest.fixture(scope="module")
def asked(course) -> Notebook:
    return Gradebook(course.url).notebooks(NAME, course.folder / "release" / NAME)[0]


@pytest.fixture(scope="module")
def released(course):
    return course.released("first")


def stock(course: Class, content: bytes) -> dict:
    """What nbgrader's own steps make of a file, with the one of ours among them."""
    notebook = nbformat.reads(content.decode(), as_version=4)
    names = {"notebook": "first", "assignment": NAME, "student": "ada", "db_url": course.url}
    for step in (ClearOutput(), RestoreCells(), OverwriteKernelspec(), OverwriteCells(add_missing_cells=True)):
        notebook, _ = step.preprocess(notebook, {"nbgrader": names})
    return json.loads(nbformat.writes(notebook))


def plainly(notebook: dict) -> dict:
    """Without what may differ: the ids of cells, and whether a text is in one piece."""
    made = copy.deepcopy(notebook)
    made.pop("nbformat_minor")
    for cell in made["cells"]:
        cell.pop("id", None)
        cell["source"] = "".join(cell["source"])
    return made


def find(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def edit(name):
    """A way to change a notebook, found by its name."""

    def change(notebook):
        def at(grade_id):
            return notebook.cells.index(find(notebook, grade_id))

        def twin(grade_id, offset, text=None):
            made = copy.deepcopy(find(notebook, grade_id))
            made.id = "twin"
            made.source = made.source if text is None else text
            notebook.cells.insert(at(grade_id) + offset, made)

        def without(*grade_ids):
            notebook.cells = [
                c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") not in grade_ids
            ]

        match name:
            case "nothing":
                pass
            case "answered":
                find(notebook, "half").source = "def half(): return 2.5"
                find(notebook, "why").source = "Since 2 + 2 = 4. ✓"
            case "locked text":
                find(notebook, "check-half").source = "2.5"
                find(notebook, "setup").source = "import os"
            case "check deleted":
                without("check-half")
            case "all deleted":
                notebook.cells = [new_code_cell("print('mine')")]
            case "pair and answer deleted":
                without("half", "check-half", "why", "draw")
            case "copy above":
                twin("half", 0, "def half(): return 1")
            case "copy below":
                twin("half", 1, "def half(): return 1")
            case "untouched copy below":
                find(notebook, "half").source = "def half(): return 1"
                twin("half", 1, "# YOUR CODE HERE\nraise NotImplementedError()")
            case "check copied":
                twin("check-half", 0, "5.0")
            case "metadata":
                find(notebook, "check-half").metadata.nbgrader.update(points=500, grade=False, locked=False)
                find(notebook, "half").metadata.nbgrader.update(schema_version=99, checksum="no", extra=1)
            case "unknown id":
                find(notebook, "half").metadata.nbgrader.grade_id = "mine"
            case "types":
                notebook.cells[at("half")] = new_markdown_cell("no code", metadata=find(notebook, "half").metadata)
                notebook.cells[at("why")] = new_code_cell("1 + 1", metadata=find(notebook, "why").metadata)
            case "order":
                notebook.cells = notebook.cells[::-1]
            case "own cells":
                notebook.cells.insert(0, new_raw_cell("<b>", metadata={"format": "text/html", "tags": ["a", "b"]}))
                picture = {"p.png": {"image/png": "iVBORw0KGgo="}}
                notebook.cells.insert(2, new_markdown_cell("![p](attachment:p.png)", attachments=picture))
                output = new_output("stream", name="stdout", text="x" * 100)
                about = {"collapsed": True, "scrolled": False, "tags": ["skip"], "jupyter": {"outputs_hidden": True}}
                own = new_code_cell(
                    "print()", outputs=[output], execution_count=7, metadata=about | {"own": {"a": [1]}}
                )
                notebook.cells.append(own)
                notebook.metadata.update(title="Mine", own={"deep": [1, {"a": None}]})
                notebook.metadata.kernelspec = {"name": "julia", "display_name": "Julia"}

    return change


EDITS = ["nothing", "answered", "locked text", "check deleted", "all deleted", "pair and answer deleted", "copy above"]
EDITS += ["copy below", "untouched copy below", "check copied", "metadata", "unknown id", "types", "order", "own cells"]


# Of a cell whose type was changed nbgrader asks for format 4.5, and throws away what is in an older one.
@pytest.mark.parametrize(
    "name, minor", [(name, minor) for name in EDITS for minor in (4, 5) if (name, minor) != ("types", 4)]
)
def test_a_submission_is_read_as_nbgraders_own_steps_read_it(course, asked, released, name, minor):
    notebook = copy.deepcopy(released)
    edit(name)(notebook)
    if minor == 4:
        notebook.nbformat_minor = 4
        for cell in notebook.cells:
            cell.pop("id", None)
    content = nbformat.writes(notebook).encode()
    made = read_submission(asked, content)
    assert plainly(made) == plainly(stock(course, content))
    assert_valid(made)
    assert read_submission(asked, content) == made


def test_an_old_format_is_converted_as_jupyter_does(course, asked, released):
    edit("answered")(old := copy.deepcopy(released))
    content = nbformat.writes(nbformat.convert(old, 3), version=3).encode()
    made = read_submission(asked, content)
    assert plainly(made) == plainly(stock(course, content))
    assert_valid(made)
    assert "def half(): return 2.5" in [cell["source"] for cell in made["cells"]]


def test_missing_checks_come_after_what_the_learner_wrote_for_them():
    asked = Notebook(
        "n",
        (
            Cell("a", "code", "a", solution=True),
            Cell("check-a", "code", "ca", grade=True, locked=True, points=1),
            Cell("b", "code", "b", solution=True),
            Cell("check-b", "code", "cb", grade=True, locked=True, points=1),
            Cell("why", "markdown", "w", grade=True, solution=True, points=1),
        ),
    )
    here = [
        {"metadata": {"nbgrader": {"grade_id": "a"}}, "source": "x"},
        {"metadata": {}, "source": "helper"},
        {"metadata": {"nbgrader": {"grade_id": "b"}}, "source": "y"},
        {"metadata": {}, "source": "another"},
    ]
    assert restore(here, asked) == ["check-a", "check-b", "why"]
    assert [cell["source"] for cell in here] == ["x", "helper", "ca", "y", "another", "cb", "w"]


def test_checksums_and_comments_are_nbgraders(course, asked, released):
    for cell in released.cells:
        known = next(one for one in asked.cells if one.name == cell.metadata.nbgrader.grade_id)
        assert checksum(known, cell.cell_type, cell.source) == compute_checksum(cell) == cell.metadata.nbgrader.checksum
    edit("answered")(notebook := copy.deepcopy(released))
    find(notebook, "why").source = released.cells[3].source
    made = read_submission(asked, nbformat.writes(notebook).encode())
    assert automatic_comments(asked, made) == {"half": None, "why": "No response.", "draw": None}


# What no editor writes ------------------------------------------------------------------------------------------------


def assert_valid(made: dict) -> None:
    """Jupyter and nbgrader read it without a word, and so does anything that reads JSON."""
    text = json.dumps(made, allow_nan=False, ensure_ascii=False).encode().decode()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)


def assert_complete(made: dict, asked: Notebook) -> None:
    """What is marked is there, once, as it was handed out."""
    found = [c for c in made["cells"] if "nbgrader" in c["metadata"]]
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in found]
    assert len(names) == len(set(names))
    for known in asked.cells:
        if known.grade or known.task:
            (cell,) = [c for c in found if c["metadata"]["nbgrader"]["grade_id"] == known.name]
            assert cell["cell_type"] == known.cell_type and cell["metadata"]["nbgrader"]["points"] == known.points
            assert not known.locked or cell["source"] == known.source


HOSTILE = {
    "cells that are none": {"cells": [None, 1, "x", [], {}]},
    "texts that are none": {"cells": [{"cell_type": "code", "source": s} for s in (None, 3, {"a": 1}, [1, "a", None])]},
    "metadata that is none": {"cells": [{"cell_type": "code", "metadata": m} for m in (None, [], "x", 3)]},
    "ids of every kind": {
        "cells": [{"cell_type": "code", "id": i} for i in ("", "a b", "é", "x" * 65, 3, None, "half")]
    },
    "the same id again and again": {"cells": [{"cell_type": "code", "id": "a"} for _ in range(30)]},
    "grade ids that are none": {
        "cells": [{"cell_type": "code", "metadata": {"nbgrader": {"grade_id": g}}} for g in (1, [], {}, None, "half")]
    },
    "nbgrader that is none": {
        "cells": [{"cell_type": "code", "metadata": {"nbgrader": n}} for n in (1, [], "x", None)]
    },
    "typed metadata": {
        "cells": [
            {"cell_type": kind, "metadata": {"tags": t, "name": "", "jupyter": 1, "format": 1, "execution": {"a": 1}}}
            for kind in ("code", "markdown", "raw")
            for t in (1, ["a", "a"], ["a,b"], [1], [""])
        ],
        "metadata": {"kernelspec": [], "language_info": {"name": 1}, "title": 1, "authors": {}, "orig_nbformat": "x"},
    },
    "attachments": {
        "cells": [
            {"cell_type": kind, "attachments": a}
            for kind in ("code", "markdown")
            for a in (1, {"a": 1}, {"a": {"image/png": 1}}, {"a": {"image/png": ["x"], "application/json": {"a": 1}}})
        ]
    },
    "types of cell": {"cells": [{"cell_type": t, "source": "x"} for t in (None, "heading", 1, [], {"a": 1})]},
    "numbers that are none": {"cells": [{"cell_type": "code", "metadata": {"a": [float("nan"), float("inf")]}}]},
    "large numbers": {"cells": [], "metadata": {"a": 10**4000}},
    "halves of characters": {"cells": [{"cell_type": "code", "source": "\ud800", "metadata": {"\udfff": "\udc00"}}]},
    "more keys": {"cells": [{"cell_type": "code", "evil": 1, "outputs": {"a": 1}, "execution_count": "x"}], "evil": 2},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_stands_in_a_notebook_what_comes_out_is_one(asked, name):
    content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}} | HOSTILE[name]).encode()
    made = read_submission(asked, content)
    assert_valid(made)
    assert_complete(made, asked)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["half", "code", "\ud83d"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.data())
def test_a_notebook_with_anything_anywhere_is_read_or_refused_with_a_sentence(asked, released, data):
    edit("own cells")(notebook := copy.deepcopy(released))
    here = parent = json.loads(nbformat.writes(notebook))
    content = here
    key = None
    while isinstance(here, dict | list) and here and (key is None or data.draw(st.integers(0, 4))):
        key = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        parent, here = here, here[key]
    parent[key] = data.draw(VALUES)
    try:
        made = read_submission(asked, json.dumps(content).encode())
    except Unreadable as problem:
        assert str(problem).startswith("first.ipynb ") and str(problem).isprintable() and "ask for" in str(problem)
    else:
        assert_valid(made)
        assert_complete(made, asked)


REFUSED = {
    "empty": b" \n",
    "not even text": b"\x89PNG\r\n\x1a\n\xff\xfe",
    "although its name says so": b"def half(): ...",
    "damaged at line 2": b'{"cells":\n [',
    "it has no cells": b'{"score": 20}',
    "its format is called 5": b'{"cells": [], "nbformat": 5}',
    "its format is called None": b'{"cells": [], "nbformat": null}',
    "its format is called True": b'{"cells": [], "nbformat": true}',
    "nested too deeply": b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "millions of values": b'{"cells": [' + b"{}," * 4_000_000 + b"{}]}",
    "cannot be read as a notebook": b'{"nbformat": 3, "worksheets": [{"cells": [1]}]}',
}


@pytest.mark.parametrize("told", REFUSED)
def test_what_is_no_notebook_is_refused_with_a_sentence(asked, told):
    with pytest.raises(Unreadable, match=told) as refused:
        read_submission(asked, REFUSED[told])
    assert str(refused.value).startswith("first.ipynb ") and "ask for" in str(refused.value)


def test_a_file_with_large_outputs_is_read_and_one_beyond_the_limit_is_told_the_limit(asked, released, monkeypatch):
    notebook = copy.deepcopy(released)
    text = new_output("stream", name="stdout", text='[1, {"a": 2}]\n' * 1_700_000)
    find(notebook, "half").outputs = [text] * 3
    content = json.dumps(notebook).encode()
    assert 80 * 10**6 < len(content) < cells.LARGEST
    assert plainly(read_submission(asked, content)) == plainly(
        read_submission(asked, nbformat.writes(released).encode())
    )
    monkeypatch.setattr(cells, "LARGEST", 10**6)
    with pytest.raises(Unreadable, match="larger than 1 MB.*Clear Outputs"):
        read_submission(asked, content)


def test_a_file_that_begins_with_windows_mark_is_read(asked, released):
    content = nbformat.writes(released).encode()
    assert read_submission(asked, b"\xef\xbb\xbf" + content) == read_submission(asked, content)
