"""The hostile class: each kind of submission gets the mark it deserves, and nothing and nobody else is touched."""

import csv
import importlib.util
import json
import re
import sqlite3
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from cnncourse.grading.grade import Course, grade
from cnncourse.grading.job import Job
from cnncourse.grading.report import report
from cnncourse.grading.sandbox import why_not

FOLDER = Path(__file__).parent / "attacks"


def _load(name: str, path: Path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _load("hostile_class", FOLDER / "make.py")
quick = _load("quick", FOLDER / "quick.py")

pytestmark = pytest.mark.timeout(900)
NAMES = make.names()
PLACED = {name for name, *_ in make.FOLDERS} | set(make.NAMES.values())
# Whose right answers come from a library that they call unseen. In their own process nobody can prove it, so the
# mark may stand, and a person is told to look.
UNSEEN = ("a81", "a82", "a83")
# Whose doubled process answers its own next questions too: that can cost it points, and earn it none.
DOUBLED = ("b10",)
LARGEST = 2_000_000  # characters of what is written for one submission, whatever it printed


def ids(name: str) -> str:
    return next((what for what, own in make.NAMES.items() if own == name), name)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The class, before anything is graded, and what lies around it."""
    if reason := why_not():
        pytest.skip(reason)
    world = make.World(tmp_path_factory.mktemp("attacks"))
    world.kinds = {kind.name: kind for kind in make.make(world)}
    world.handed_out = Course(world.course).handed_out
    yield world
    world.close()


@pytest.fixture(scope="module")
def hidden():
    """What no learner may see."""
    numbers = make.hidden_numbers()
    assert len(numbers) > 500
    return numbers


def points(marked) -> dict[str, float]:
    marks = [mark for notebook in marked.marks.values() for mark in notebook if mark.cell.startswith("check-")]
    return {mark.cell.removeprefix("check-"): mark.points for mark in marks}


def assert_shows_nothing_hidden(text: str, hidden: set[str]) -> None:
    assert make.SEED not in text
    assert not set(re.findall(r"-?\d+\.\d{6}(?!\d)|(?<![\d.])\d{6,}", text)) & hidden
    spelt = "".join(re.findall(r'(?:"ename": "|>\s*)D(\d)\b', text))  # digits in the names of errors
    assert not {spelt[k : k + 8] for k in range(len(spelt) - 7)} & hidden


def test_the_class_is_hostile_enough_to_mean_something():
    assert len(set(NAMES)) == len(NAMES) >= 130
    assert len([name for name in NAMES if name not in PLACED]) >= 100


# One by one -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest(world):
    """Marks an honest submission; they come in three styles, in turn."""
    notebooks = make.honest(world)
    turn = iter(range(10**6))

    def mark():
        files = {make.NOTEBOOK: notebooks[next(turn) % len(notebooks)]}
        return points(quick.mark(Job(make.FIRST, "honest", world.handed_out(make.FIRST), files, make.SEED)))

    assert mark() == make.RIGHT
    return mark


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PLACED])
def test_the_judge_gives_the_mark_deserved_and_the_next_one_theirs(world, honest, hidden, name):
    kind = world.kinds[name]
    running = make.descendants()
    marked = quick.mark(Job(kind.assignment, name, world.handed_out(kind.assignment), kind.files, make.SEED))
    assert honest() == make.RIGHT
    assert world.hurt() == []
    assert make.descendants() <= running
    if kind.expected is None or (marked.problem and kind.or_refused):
        assert marked.problem.endswith(".") and not marked.marks
        return
    assert not marked.problem
    if name.startswith(UNSEEN):
        assert any("look at it" in note for note in marked.notes)
    elif name.startswith(DOUBLED):
        assert all(given <= kind.expected[function] for function, given in points(marked).items())
    else:
        assert points(marked) == kind.expected
    (written,) = marked.notebooks.values()
    assert len(written) < LARGEST + 2 * sum(map(len, kind.files.values()))
    notebook = nbformat.reads(written.decode(), as_version=4)
    nbformat.validate(notebook)
    outputs = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert len(outputs) < LARGEST
    assert_shows_nothing_hidden(outputs, hidden)


# All together ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graded(world):
    """The whole class in one batch, by two workers."""
    running = make.descendants()
    world.summary = grade(world.course, count=2, setup=make.quick_setup(), progress=False)
    world.left = make.descendants() - running
    world.given = make.in_gradebook(world.course)
    return world


@pytest.mark.parametrize("name", NAMES, ids=ids)
def test_the_batch_gives_the_mark_deserved_and_the_next_one_theirs(graded, name):
    kind = graded.kinds[name]
    given = graded.given.get((name, kind.assignment))
    (outcome,) = [o for o in graded.summary.outcomes if (o.student, o.assignment) == (name, kind.assignment)]
    if given is None and (kind.expected is None or kind.or_refused):
        assert outcome.state == "needs a person" and outcome.note
    elif name.startswith(UNSEEN):
        record = Course(graded.course).record(kind.assignment, name)
        assert any("look at it" in note for note in record.notes)
    elif name.startswith(DOUBLED):
        assert all(points <= kind.expected[function] for function, points in given.items())
    else:
        assert given == kind.expected
    if name not in make.NAMES.values():
        assert graded.given[f"{name}-honest", make.FIRST] == make.RIGHT


def test_the_batch_hurts_nothing_outside_and_leaves_nothing_running(graded):
    assert graded.hurt() == []
    assert graded.left == set()
    with sqlite3.connect(graded.course / "gradebook.db") as book:
        assert book.execute("select name from sqlite_master where type = 'trigger'").fetchall() == []
        assert book.execute("select count(*) from grade where manual_score is not null").fetchone() == (0,)


class Page(HTMLParser):
    """What of a page a browser would run or fetch."""

    def __init__(self, text: str):
        super().__init__()
        self.runs: list[str] = []
        self.fetches: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "base", "form", "template", "link"):
            self.runs.append(tag)
        for name, value in attributes:
            value = re.sub(r"\s", "", value or "").lower()
            if name.startswith("on") or name in ("srcdoc", "action", "formaction"):
                self.runs.append(f"{tag} {name}")
            if name in ("src", "href", "xlink:href", "srcset", "data", "poster", "background"):
                if value.startswith(("javascript:", "data:text", "vbscript:")):
                    self.runs.append(value)
                elif "//" in value and not value.startswith("file:"):
                    self.fetches.append(value)


@pytest.fixture(scope="module")
def pages(graded):
    made = report(graded.course)
    found = [*(graded.course / "feedback").rglob("*.html"), made.path]
    assert len(found) > 200
    return found


def test_no_page_holds_a_script_or_asks_the_network_or_is_endless(pages):
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        assert (page.runs, page.fetches) == ([], []), path
        assert re.search(r"""http-equiv="Content-Security-Policy"[^>]*default-src 'none'""", text), path
        assert "script-src" not in text
        assert len(text) < 2 * LARGEST, path


def test_no_page_and_no_autograded_notebook_shows_what_is_hidden(graded, pages, hidden):
    for path in [*pages, *(graded.course / "autograded").rglob("*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = json.dumps([cell.get("outputs") for cell in cells])
        assert_shows_nothing_hidden(text, hidden)


def test_autograded_notebooks_keep_no_script_among_their_outputs(graded):
    for path in (graded.course / "autograded").rglob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                kinds = set(output.get("data", {}))
                assert not kinds & {"application/javascript", "image/svg+xml", "text/markdown", "text/latex"}, path
                assert "text/html" not in kinds or not Page(output["data"]["text/html"]).runs, path


@pytest.mark.browser
def test_no_script_runs_in_the_browser_that_shows_the_feedback(graded, pages, chromium):
    hostile = [path for path in pages if re.match(r"a30|a60|a64|a78|a85|c13|<script", path.parts[-3])]
    assert len(hostile) >= 6
    context = chromium.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: None if request.url.startswith("file:") else asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.add_init_script("window.hurts = 0; window.hurt = () => { window.hurts += 1; };")
    try:
        for path in [*hostile, pages[-1]]:
            page.goto(path.as_uri())
            page.wait_for_load_state()
            assert page.evaluate("window.hurts") == 0, path
            assert page.url.startswith("file:") and asked == [], path
    finally:
        context.close()


def test_what_is_said_moves_no_cursor_and_computes_nothing(graded):
    told = str(graded.summary) + str(report(graded.course))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told)
    with (graded.course / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 200
    for row in rows:
        for field in ("student_id", "first_name", "last_name", "email"):
            assert not (row[field] or "").startswith(("=", "+", "-", "@", "\t", "\r")), row
