"""The instructor's report: its figures are right, it names nobody wrongly, and nothing on it can run."""

import csv
import importlib.util
import io
import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from bs4 import BeautifulSoup
from test_feedback import EVIL, HOSTILE, TAGS, assert_nothing_runs, cell

from cnncourse.checks import check, functions, task
from cnncourse.grading import alike
from cnncourse.grading.classroom import ClassReport, Learner, Question, Spread
from cnncourse.grading.frame import Book, number, plain
from cnncourse.grading.grade import Course, Record
from cnncourse.grading.job import Mark, Marked
from cnncourse.grading.release import CourseError, release
from cnncourse.grading.report import Report, report

ROOT = Path(__file__).parents[1]
ASSIGNMENT, NOTEBOOK = "01-convolution", "convolution"
VERDICT = "application/vnd.cnncourse.verdict+json"

pytestmark = pytest.mark.timeout(900)

_spec = importlib.util.spec_from_file_location("demonstration_class", ROOT / "tests" / "class" / "make.py")
make = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = make
_spec.loader.exec_module(make)


def seen(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def words(element) -> str:
    return " ".join(element.get_text(" ").split())


def made(part: ClassReport, **more) -> Report:
    return Report([part], Path("report.html"), **more)


def section(html: str, title: str) -> BeautifulSoup:
    (found,) = [s for s in seen(html).select("section.card") if s.h3.get_text() == title]
    return found


F, G = Question("check-f", "f", 4.0, False), Question("check-g", "g", 2.0, False)
H = Question("question-h", "h", 3.0, True)


def learner(name: str, *points, **more) -> Learner:
    return Learner(name, dict(zip(("check-f", "check-g", "question-h"), points, strict=False)), **more)


# Figures --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 27, 100])
def test_quartiles_are_numpys(size):
    totals = [round(x, 2) for x in np.random.default_rng(size).uniform(0, 20, size)]
    found = Spread.of(totals)
    lower, median, upper = np.percentile(totals, [25, 50, 75])
    assert (found.mean, found.lower, found.median, found.upper) == pytest.approx(
        (np.mean(totals), lower, median, upper)
    )


def test_the_figures_of_a_class_worked_out_by_hand():
    class_ = ClassReport(
        ASSIGNMENT,
        [F, G, H],
        [
            learner("a", 4.0, 2.0, 3.0),
            learner("b", 4.0, 0.0, 1.0, late=1.5),
            learner("c", 1.0, 1.0, None, misconceptions={"g": "not written yet"}),
            learner("d", 0.0, 0.0, 0.0, late=2.0),
            Learner("e", needs=["nothing handed in"]),
        ],
    )
    assert [one.name for one in class_.graded] == ["a", "b", "c", "d"] and class_.most == 9
    assert [one.total for one in class_.graded] == [9.0, 3.5, 2.0, 0.0]  # 4 + 0 + 1 − 1.5; never below 0
    f, g, h = class_.items()
    assert (f.marked, f.mean, f.full, f.difficulty) == (4, 2.25, 0.5, 0.5625)  # 9/4; 2 of 4; 9 of 16
    assert (g.marked, g.mean, g.full, g.difficulty, g.unwritten) == (4, 0.75, 0.25, 0.375, 1)
    assert (h.marked, h.mean, h.full, h.difficulty) == (
        3,
        pytest.approx(4 / 3),
        pytest.approx(1 / 3),
        pytest.approx(4 / 9),
    )
    assert class_.to_mark() == [(H, ["c"])]
    assert class_.histogram() == [(k, k + 1, n) for k, n in enumerate([1, 0, 1, 1, 0, 0, 0, 0, 1])]


@pytest.mark.parametrize(("most", "size"), [(20.0, 60), (1.0, 30), (7.5, 30), (100.0, 500), (0.3, 20), (13.0, 1)])
def test_the_histogram_counts_as_numpy_does(most, size):
    rng = np.random.default_rng(int(most * 10) + size)
    totals = [round(x, 2) for x in rng.uniform(0, most, size)] + [most, 0.0]
    question = Question("check-f", "f", most, False)
    class_ = ClassReport("own", [question], [Learner(str(k), {"check-f": x}) for k, x in enumerate(totals)])
    bins = class_.histogram()
    assert 4 <= len(bins) <= 12 and bins[0][0] == 0 and bins[-1][1] == most
    assert [end for _, end, _ in bins[:-1]] == pytest.approx([start for start, *_ in bins[1:]])
    edges = [round(start, 9) for start, *_ in bins] + [most]
    assert [count for *_, count in bins] == np.histogram(totals, edges)[0].tolist()


def test_discrimination_is_the_correlation_with_the_rest():
    rng = np.random.default_rng(7)
    able = rng.uniform(0, 1, 40)
    points = np.round(np.clip(able[:, None] + rng.normal(0, 0.3, (40, 3)), 0, 1) * [4, 2, 3], 2)
    class_ = ClassReport(ASSIGNMENT, [F, G, H], [learner(str(k), *map(float, row)) for k, row in enumerate(points)])
    for k, item in enumerate(class_.items()):
        expected = scipy.stats.pearsonr(points[:, k], np.delete(points, k, axis=1).sum(axis=1)).statistic
        assert item.discrimination == pytest.approx(expected, abs=1e-12)
    # Where a person has not marked everybody, an answer does not belong to the rest of the others.
    class_.learners[3].points["question-h"] = None
    expected = scipy.stats.pearsonr(points[:, 0], points[:, 1]).statistic
    assert class_.item(F).discrimination == pytest.approx(expected, abs=1e-12)
    some = np.delete(points, 3, axis=0)
    expected = scipy.stats.pearsonr(some[:, 2], some[:, 0] + some[:, 1]).statistic
    assert class_.item(H).discrimination == pytest.approx(expected, abs=1e-12)


def test_discrimination_is_blank_for_few_learners_and_without_differences():
    def class_of(size, g):
        return ClassReport("own", [F, G], [learner(str(k), float(k % 5), g(k)) for k in range(size)])

    assert class_of(9, lambda k: k % 3).item(F).discrimination is None
    assert class_of(10, lambda k: k % 3).item(F).discrimination is not None
    assert class_of(30, lambda k: 2.0).item(F).discrimination is None
    assert class_of(30, lambda k: 2.0).item(G).discrimination is None
    one = ClassReport("own", [F], [learner(str(k), float(k % 5)) for k in range(30)])
    assert one.item(F).discrimination is None
    page = section(made(class_of(9, lambda k: k % 3)).html(), "Each function")
    assert [words(row.find_all("td")[-1]) for row in page.tbody.find_all("tr")] == ["", ""]
    assert "blank for fewer than 10 learners" in words(page)


def test_a_function_that_the_able_get_wrong_is_pointed_at():
    rows = [learner(str(k), 4.0 * (k < 10), 2.0 * (k >= 10)) for k in range(20)]
    page = section(made(ClassReport("own", [F, G], rows)).html(), "Each function")
    assert [words(row.find_all("td")[-1]) for row in page.tbody.find_all("tr")] == ["−1.00 look at it"] * 2


def test_misconceptions_are_ranked_by_how_many_have_them():
    mistakes = ["flipped"] * 3 + ["transposed"] * 5 + ["not written yet"] * 9
    rows = [learner(f"l{k:02}", 0.0, 0.0, misconceptions={"f": name}) for k, name in enumerate(mistakes)]
    rows[0].misconceptions["g"] = "transposed"
    class_ = ClassReport("own", [F, G], rows)
    assert [(f, name, len(who)) for f, name, who in class_.misconceptions()] == [
        ("f", "transposed", 5),
        ("f", "flipped", 3),
        ("g", "transposed", 1),
    ]


def test_an_empty_class_and_one_that_is_not_graded_have_a_report():
    for class_ in (
        ClassReport("own", [F], []),
        ClassReport("own", [F], [Learner("a", needs=["Not graded yet."])]),
        ClassReport("own", [], [Learner("a", {"x": 1.0})]),
    ):
        assert class_.text() and made(class_).html() and made(class_).csv()


# The page -------------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_to_teach_again_with_examples():
    asked = task(ASSIGNMENT, "convolve2d")
    question = Question("check-convolve2d", "convolve2d", 3.0, False, asked.read)
    released = "def convolve2d(image, kernel):\n    # Your code here.\n    raise NotImplementedError"
    rows = []
    for k in range(6):
        body = (
            "    return correlate2d(image, kernel)"
            if k < 4
            else f"    x = {k}\n    return correlate2d(image, kernel) < x"
        )
        code = {"convolve2d": f"def convolve2d(image, kernel):\n{body}"}
        rows.append(Learner(f"l{k}", {"check-convolve2d": 0.0}, {"convolve2d": "kernel not flipped"}, code=code))
    says = {("convolve2d", m.name): m.says for m in asked.misconceptions}
    class_ = ClassReport(ASSIGNMENT, [question], rows, [], says, {"convolve2d": released})
    page = section(made(class_, book=Book("../html", Book.find(ROOT).titles)).html(), "What was misunderstood")
    (entry,) = page.select("ol.met > li")
    assert words(entry.h4) == "convolve2d : kernel not flipped" and "6 learners" in words(entry)
    assert " ".join(says["convolve2d", "kernel not flipped"].replace("`", "").split()) in words(entry).replace("` ", "")
    assert entry.a["href"] == "../html/book/convolution.html#convolution-convolve2d"
    examples = [pre.get_text() for pre in entry.find_all("pre")]
    assert examples == ["return correlate2d(image, kernel)", "x = 4\nreturn correlate2d(image, kernel) < x"]


def test_the_histogram_is_drawn_to_scale_and_told_in_a_table():
    rows = [learner(str(k), float(points)) for k, points in enumerate([0, 0, 1, 1, 1, 1, 3, 4])]
    class_ = ClassReport("own", [Question("check-f", "f", 4.0, False)], rows)
    page = section(made(class_).html(), "At a glance")
    counts = [count for *_, count in class_.histogram()]
    heights = [float(bar["height"]) for bar in page.select("figure rect.part")]
    assert np.allclose(np.array(heights) / max(heights), np.array(counts) / max(counts))
    told = [[words(part) for part in row.find_all(["th", "td"])] for row in page.select("tbody tr")]
    assert told == [[f"{number(a)} to {number(b)}", str(n)] for a, b, n in class_.histogram()]
    assert page.svg["role"] == "img" and page.svg["aria-label"]


def hostile_class() -> ClassReport:
    questions = [Question("check-f", "f", 4.0, False, "convolution-conv2d"), Question("q", EVIL, 3.0, True)]
    rows = []
    for k in range(12):
        one = Learner(f"{EVIL} {k}", {"check-f": float(k % 3), "q": None}, {"f": EVIL}, {EVIL: "KernelDied"})
        one.needs, one.notes, one.late = [EVIL], [EVIL], 1.0
        one.code = {"f": EVIL + "\n" + "x = 1\n" * k, EVIL: EVIL}
        rows.append(one)
    groups = [alike.Group((rows[0].name, rows[1].name), {"f": (0.9, 1.0), EVIL: (1.0, 1.0)}, (EVIL,), 30.0)]
    return ClassReport(HOSTILE[0] + HOSTILE[2], questions, rows, groups, {("f", EVIL): EVIL + "`" + EVIL + "`"})


@pytest.mark.browser
def test_nothing_a_learner_wrote_runs_in_the_instructors_browser(chromium, tmp_path):
    tags = TAGS | set("h3 h4 dl dt dd ol nav figure figcaption path text b tfoot".split())
    html = made(hostile_class(), book=Book("https://example.org", {})).html()
    assert "onerror" in html, "it is there, as text"
    assert_nothing_runs(chromium, html, tmp_path, tags)


def test_the_page_needs_nothing_else_and_has_no_script():
    html = made(hostile_class()).html()
    page = seen(html)
    assert not page.find_all(["script", "link", "img", "iframe", "object"])
    assert not [tag for tag in page.find_all(True) if tag.has_attr("src") or tag.has_attr("srcset")]
    style = page.style.get_text()
    assert "url(" not in style and "@import" not in style
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_fits(graded, chromium, tmp_path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    one = report(graded, output=tmp_path / "report.html")
    two = Report(
        [*one.classes, ClassReport("02-padding-stride", [F, H], [learner("a", 1.0, None)])], one.path, one.book
    )
    two.write()
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(one.path.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(tab, options={"preload": False}).response["violations"]
    assert [(v["id"], [node["html"][:150] for node in v["nodes"]]) for v in found] == []
    assert complaints == []
    context.close()


# The terminal ---------------------------------------------------------------------------------------------------------


def test_what_is_printed_is_short_and_leaves_the_terminal_alone():
    rows = [
        learner(f"l{k:04}", 1.0, 0.0, misconceptions={"f": f"mistake {k % 40}"}, notes=["look"]) for k in range(1000)
    ]
    text = str(made(ClassReport(ASSIGNMENT, [F, G], rows)))
    assert len(text.splitlines()) < 60 and max(map(len, text.splitlines())) < 160
    assert "l0500" not in text and "more, on the page" in text
    text = str(made(hostile_class()))
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert plain("\x1b]0;title\x07\r\u202e\u2028") == "?]0;title????"


# The table ------------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_learner_and_no_formula():
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "ada", '이수, "x"\ny']
    first = ClassReport(ASSIGNMENT, [F, G, H], [learner(name, 4.0, 0.5, None, late=0.25) for name in names])
    second = ClassReport("=own", [Question("check-=cmd", "=cmd", 1.0, False)], [Learner("ada", needs=["no"])])
    rows = list(csv.reader(io.StringIO(Report([first, second], Path("x.html")).csv())))
    head, body = rows[0], {row[0]: row for row in rows[1:]}
    assert set(body) == {"'=HYPERLINK(1)", "'+1", "'-1", "'@x", "'\t=1", "ada", '이수, "x"\ny'}
    assert head == [
        "learner",
        *(f"{ASSIGNMENT} {what}" for what in ("state", "total", "of", "late", "f", "g", "h")),
        *(f"'=own {what}" for what in ("state", "total", "of", "late", "=cmd")),
    ]
    assert body["ada"][1:] == ["to be marked by hand", "4.25", "9.0", "0.25", "4.0", "0.5", "", "not graded"] + [""] * 4
    assert body["'+1"][8:] == [""] * 5
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell)]


# Code that is alike ---------------------------------------------------------------------------------------------------

RELEASED = {
    name: f'def {name}(x):\n    """{name} of x."""\n    # Your code here.\n    raise NotImplementedError'
    for name in ("one", "two", "three", "short")
}


def written(rng: random.Random, function: str) -> str:
    """A function as somebody alone would write it: some twelve lines, drawn at random."""
    names = rng.sample(["out", "y", "total", "rows", "result", "k", "n", "part", "acc", "image", "left", "z"], 5)
    calls = ["sum", "len", "max", "np.dot", "np.zeros", "abs", "np.stack", "sorted"]
    lines = [f"def {function}(x):", f'    """{function} of x."""']
    for _ in range(12):
        a, b, c = (rng.choice(names) for _ in range(3))
        shapes = [
            f"{a} = {rng.choice(calls)}({b}) {rng.choice('+-*/')} {c}",
            f"{a}[{b}, {rng.randrange(4)}] = {c}",
            f"if {a} {rng.choice(['<', '>', '=='])} {b}: {c} = {rng.randrange(9)}",
            f"for {a} in range({b}.shape[{rng.randrange(4)}]): {c} += {a} ** {rng.randrange(9)}",
            f"{a}, {b} = {c}.shape, {rng.choice(calls)}(x)",
        ]
        lines.append(f"    {rng.choice(shapes)}")
    return "\n".join([*lines, f"    return {names[0]}"])


def a_class(size: int, seed: int = 1) -> dict[str, dict[str, str]]:
    rng = random.Random(seed)
    return {
        f"l{k:03}": {f: written(rng, f) for f in ("one", "two", "three")}
        | {"short": 'def short(x):\n    """short of x."""\n    return np.sum(x) + 1'}
        for k in range(size)
    }


def renamed(source: str) -> str:
    """The same code with other names and a comment on every line."""
    names = {"out": "answer", "y": "v", "total": "s", "rows": "r", "result": "res", "k": "i", "n": "m", "z": "w"}
    source = re.sub(r"\b(out|y|total|rows|result|k|n|z)\b", lambda met: names[met[0]], source)
    return "\n".join(f"{line}  # step {k}" for k, line in enumerate(source.split("\n")))


@pytest.mark.parametrize("size", [2, 3, 12, 60, 200])
def test_those_who_wrote_alone_are_not_listed(size):
    assert alike.groups(a_class(size), RELEASED) == []


@pytest.mark.parametrize("size", [3, 12, 60, 200])
def test_a_copy_is_found_also_with_other_names_and_comments(size):
    code = a_class(size)
    code["l001"] = dict(code["l000"])
    (group,) = alike.groups(code, RELEASED)
    assert group.learners == ("l000", "l001") and set(group.to_the_letter) == {"one", "two", "three"}
    assert "short" not in group.functions
    code["l001"] = {name: renamed(source) for name, source in code["l000"].items()}
    (group,) = alike.groups(code, RELEASED)
    assert group.learners == ("l000", "l001") and not group.to_the_letter
    assert all(most > alike.ALIKE for _, most in group.functions.values())


def test_those_who_share_one_source_are_one_group():
    code = a_class(100)
    for k in range(1, 6):
        code[f"l{k:03}"] = dict(code["l000"])
    code["l051"] = dict(code["l050"])
    assert [group.learners for group in alike.groups(code, RELEASED)] == [
        ("l050", "l051"),  # what only two wrote is the more remarkable
        tuple(f"l{k:03}" for k in range(6)),
    ]


def test_what_was_handed_out_does_not_count():
    released = {name: written(random.Random(5), name) for name in ("one", "two", "three")}
    code = a_class(60)
    for k in range(2):  # who keeps what was handed out, where the others wrote something else
        code[f"l{k:03}"] = {name: f"{source}\n    # {k}\n    x = {k}" for name, source in released.items()}
    assert alike.groups(code, released) == []
    assert alike.groups(code, dict.fromkeys(released, "")) != []


def test_what_everybody_writes_does_not_count():
    code = a_class(40)
    common = {name: written(random.Random(9), name) for name in ("one", "two", "three")}
    for k in range(20):
        code[f"l{k:03}"] = dict(common)
    assert alike.groups(code, RELEASED) == []


def test_short_functions_do_not_count_however_many_they_are():
    rng = random.Random(2)
    released = {f"f{n}": "" for n in range(10)}
    code = {f"l{k}": {name: f"{rng.sample(range(99), 9)}"[1:-1] for name in released} for k in range(200)}
    assert {len(re.findall(r"\S", source.replace(" ", ""))) > 9 for source in code["l0"].values()} == {True}
    code["l1"] = dict(code["l0"])
    assert alike.groups(code, released) == []


def test_what_the_courses_own_solutions_write_does_not_count():
    code = a_class(12)
    code["l001"] = dict(code["l000"])
    usual = {name: [renamed(source)] for name, source in code["l000"].items()}
    assert alike.groups(code, RELEASED) != []
    assert alike.groups(code, RELEASED, usual) == []


def test_one_long_function_alone_needs_a_larger_share():
    """That two of many write one function alike happens; that they write three alike does not."""
    code = a_class(200)
    code["l001"] = code["l001"] | {"one": code["l000"]["one"]}
    assert alike.groups(code, RELEASED) == []


def test_answers_in_words_are_compared_as_words():
    answer = "Pixels that lie close together belong together, and the same pattern can stand anywhere. " * 4
    code = {f"l{k}": {"why": " ".join(random.Random(k).sample([f"w{n}" for n in range(400)], 60))} for k in range(9)}
    code["l1"] = {"why": answer}
    code["l2"] = {"why": answer.replace("close", "near")}
    released = {"why": "*Write your answer here.*"}
    found = alike.groups(code | {f"m{k}": dict(one) for k, one in enumerate(code.values())}, released, words=["why"])
    assert found == []  # one answer alone is not enough
    with_code = a_class(9)
    both = {f"l{k}": code[f"l{k}"] | with_code[f"l{k:03}"] for k in range(9)}
    both["l2"] |= {"one": both["l1"]["one"], "two": both["l1"]["two"]}
    (group,) = alike.groups(both, released | RELEASED, words=["why"])
    assert group.learners == ("l1", "l2") and list(group.functions) == ["why", "one", "two"]
    assert alike.ALIKE <= group.functions["why"][0] < 1


def test_broken_and_huge_code_is_compared_without_harm():
    rng = random.Random(3)
    sources = ["".join(rng.choice("\"'#\\\n()x1 .") for _ in range(20_000)) for _ in range(6)]
    sources += ['"""' * 50_000, "(" * 200_000, "\ud800\x00" * 99, "", "é" * 9999]
    code = {f"l{k}": {"one": source} for k, source in enumerate(sources)}
    assert isinstance(alike.groups(code, RELEASED), list)


# From a course's folder -----------------------------------------------------------------------------------------------


def judged(learner, released) -> tuple[Marked, dict]:
    """A learner's notebook as it is when its checks have run, in this process."""
    notebook = json.loads(json.dumps(make.write(released, learner)))
    names: dict = {"np": np, "check": check}
    marks = []
    for one in notebook["cells"]:
        mark = one["metadata"].get("nbgrader", {})
        name = mark.get("grade_id", "")
        if name in functions(ASSIGNMENT):
            exec(compile(one["source"], name, "exec"), names)
        elif name.startswith("check-"):
            call = f"check({ASSIGNMENT!r}, {name.removeprefix('check-')!r}, points={mark['points']})"
            found = eval(call, names)
            bundle = found._repr_mimebundle_()
            one["outputs"] = [{"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": 1}]
            marks.append(Mark(name, float(found), float(mark["points"]), bundle[VERDICT], bundle["text/html"]))
        elif mark.get("grade"):
            marks.append(Mark(name, None if learner.answer else 0.0, float(mark["points"])))
    content = json.dumps(notebook).encode()
    return Marked(ASSIGNMENT, learner.name, notebooks={NOTEBOOK: content}, marks={NOTEBOOK: marks}), notebook


NAMES = {
    "s01-loops": "ada",
    "s02-slices": "bob",
    "s05-kernel-flipped": "cleo",
    "s06-bias": "dora",
    "s07-transposed": "emil",
    "s10-true-convolution": "finn",
    "s13-half-finished": "gül",
    "s16-honest": "이수",  # the same as the first
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course folder with a small class, graded, and two files that cannot be."""
    import nbformat

    course = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    ignored = shutil.ignore_patterns("*.ipynb")
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, course / "solutions" / ASSIGNMENT, ignore=ignored)
    release(course, gradebook=True)
    released = nbformat.read(course / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", as_version=4)
    folder = Course(course)
    everybody = {one.name: one for one in make.learners(ASSIGNMENT)}
    batch = []
    for source, name in NAMES.items():
        one = everybody[source]
        one.name = name
        marked, notebook = judged(one, released)
        if name == "cleo":
            marked.notes = ["convolution: conv2d: not from scratch."]
        for step in ("submitted", "autograded"):
            path = folder.folder(step, name, ASSIGNMENT) / f"{NOTEBOOK}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(marked.notebooks[NOTEBOOK])
        record = Record("x", marks=marked.marks, notes=marked.notes)
        record.write(folder.record_file(ASSIGNMENT, name))
        batch.append((marked, None))
    with folder.gradebook() as gradebook:
        gradebook.write(batch)
    for name, content in (("hugo", b"{"), ("ines", b"")):
        path = folder.folder("submitted", name, ASSIGNMENT) / f"{NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return course


def test_the_report_of_a_course_folder(graded, tmp_path):
    found = report(graded, output=tmp_path / "made" / "report.html")
    (part,) = found.classes
    assert [one.name for one in part.learners] == sorted([*NAMES.values(), "hugo", "ines"])
    expected = {NAMES[one.name]: one.expected for one in make.learners(ASSIGNMENT) if one.name in NAMES}
    for one in part.graded:
        points = {name.removeprefix("check-"): value for name, value in one.points.items()}
        assert points.items() >= expected[one.name].items()
    assert part.mean(part.questions[0]) == pytest.approx(np.mean([e["correlate2d"] for e in expected.values()]))
    met = {(function, name): who for function, name, who in part.misconceptions()}
    assert met["convolve2d", "kernel not flipped"] == ["cleo", "finn"]
    assert dict(part.not_graded()).keys() == {"hugo", "ines"}
    assert "submitted/hugo/" in dict(part.not_graded())["hugo"] and "ask for" in dict(part.not_graded())["ines"]
    assert part.remarkable() == [("cleo", "convolution: conv2d: not from scratch.")]
    assert [group.learners for group in part.alike] == [("ada", "이수")]
    assert [question.label for question, _ in part.to_mark()] == ["locality"]

    text = str(found)
    for told in (
        "bias forgotten",
        "To be marked by hand",
        "submitted/hugo/",
        "ada, 이수",
        str(found.path),
        str(found.table),
    ):
        assert told in text
    html = found.path.read_text(encoding="utf-8")
    assert html == found.html() and "bias forgotten" in html and "dora" in html
    rows = list(csv.DictReader(io.StringIO(found.table.read_text(encoding="utf-8-sig"))))
    assert {row["learner"] for row in rows} == {*NAMES.values(), "hugo", "ines"}
    (dora,) = [row for row in rows if row["learner"] == "dora"]
    assert float(dora[f"{ASSIGNMENT} conv2d"]) == expected["dora"]["conv2d"]
    assert float(dora[f"{ASSIGNMENT} total"]) == pytest.approx(sum(expected["dora"].values()))


def test_after_stock_nbgrader_the_notebooks_tell_what_no_record_does(graded, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(graded, course)
    ours = report(course, output=tmp_path / "a.html").classes[0]
    for path in course.glob("autograded/*/.*.json"):
        path.unlink()
    theirs = report(course, output=tmp_path / "b.html").classes[0]
    assert theirs.misconceptions() == ours.misconceptions() and theirs.items() == ours.items()
    assert theirs.not_graded() == ours.not_graded()


def test_a_report_of_nothing_says_what_to_do(graded, tmp_path):
    with pytest.raises(CourseError, match="nbgrader_config.py"):
        report(tmp_path)
    with pytest.raises(CourseError, match="02-pooling.*01-convolution"):
        report(graded, ["02-pooling"])


def test_nbgrader_is_not_imported(graded, tmp_path):
    code = (
        "import sys; from cnncourse.cli import main; main(sys.argv[1:]);"
        "print([n for n in ('nbgrader', 'nbconvert', 'jupyter_core', 'IPython', 'matplotlib') if n in sys.modules])"
    )
    course = tmp_path / "course"
    shutil.copytree(graded, course)
    command = [sys.executable, "-c", code, "report", "--course", str(course), "--hide-names"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1"})
    assert done.stdout.splitlines()[-1] == "[]"
    assert (course / "report.html").is_file() and (course / "report.csv").is_file()
    assert "Learner " in done.stdout and "dora" not in done.stdout


# Names ----------------------------------------------------------------------------------------------------------------


def test_hidden_names_are_nowhere_and_their_stand_ins_stay_the_same(graded, tmp_path):
    import nbgrader.api

    course = tmp_path / "course"
    shutil.copytree(graded, course)
    with nbgrader.api.Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_student("cleo", first_name="Cleopatra", last_name="Philopator")
    path = course / "autograded" / "cleo" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    text = path.read_text(encoding="utf-8")
    signed = text.replace("def convolve2d(", "# by Cleopatra\\n\\ncleo = 'Philopator, dora'\\ndef convolve2d(")
    assert signed != text
    path.write_text(signed, encoding="utf-8")
    names = [*NAMES.values(), "hugo", "ines", "Cleopatra", "Philopator"]
    plainly = report(course, output=tmp_path / "plain.html")
    assert all(name in plainly.html() for name in names)
    found = report(course, output=tmp_path / "hidden.html", hide_names=True)
    for text in (found.html(), found.csv(), str(found).replace(str(tmp_path), "")):
        assert [name for name in names if re.search(rf"(?<!\w){name}(?!\w)", text)] == []
    stand_ins = [one.name for one in found.classes[0].learners]
    assert stand_ins == sorted(stand_ins), "in the order of the stand-ins: the names' own order would tell"
    assert all(re.fullmatch(r"Learner [B-Z2-9]{4}-[B-Z2-9]{4}", name) for name in stand_ins)
    totals = [sorted(one.total for one in each.classes[0].graded) for each in (found, plainly)]
    assert totals[0] == totals[1]
    again = report(course, output=tmp_path / "again.html", hide_names=True)
    assert again.csv() == found.csv() and again.html() == found.html()

    secret = course / ".names-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    before = secret.read_text()
    secret.unlink()
    other = report(course, output=tmp_path / "other.html", hide_names=True)
    assert not set(stand_ins) & {one.name for one in other.classes[0].learners}
    assert secret.read_text() != before, "without the secret nobody can make them again"
    secret.write_text("abc")
    with pytest.raises(CourseError, match="damaged"):
        report(course, output=tmp_path / "x.html", hide_names=True)


def test_an_assignment_without_checks_of_ours_has_a_report_too(tmp_path):
    from lessons import NAME, Class

    course = Class(tmp_path / "course")
    course.submit("ada", first={"half": {"source": "half = lambda: 2"}}, second={})
    folder = Course(course.folder)
    marks = {"first": [Mark("check-half", 5.0, 5.0), Mark("why", None, 3.0), Mark("draw", None, 2.0)]}
    marks["second"] = [Mark("check-whole", 0.0, 4.0, ended="CellStuck")]
    cells = [cell("code", "half = lambda: 2", "half", solution=True)]
    content = {name: json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}) for name in marks}
    marked = Marked(NAME, "ada", notebooks={k: v.encode() for k, v in content.items()}, marks=marks)
    Record("x", marks=marks).write(folder.record_file(NAME, "ada"))
    with folder.gradebook() as gradebook:
        gradebook.write([(marked, None)])
    found = report(course.folder)
    (part,) = found.classes
    assert [question.label for question in part.questions] == ["half", "why", "draw", "whole"]
    assert part.learners[0].total == 5.0 and part.remarkable()[0][0] == "ada"
    assert "ran for ever" in found.path.read_text(encoding="utf-8")
