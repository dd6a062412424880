"""The built book, read as files: nothing comes from another host, every link leads somewhere, every page is light."""

import gzip
import json
import re
import shutil
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cnncourse import book, checks
from cnncourse.book import BookError, build_book

LOADING = {"link": "href", "object": "data", **dict.fromkeys(["script", "img", "iframe", "source", "video"], "src")}


class Page(HTMLParser):
    """What a page loads, where it links to, and which places it has."""

    def __init__(self, path):
        super().__init__()
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.loads, self.links, self.ids, self.meta = [], [], {""}, {}
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        if attributes.get(LOADING.get(tag)):
            self.loads.append(attributes[LOADING[tag]])
        self.loads += re.findall(r"url\(\s*['\"]?([^'\")]+)", attributes.get("style") or "")
        self.loads += [part.split()[0] for part in (attributes.get("srcset") or "").split(",") if part.strip()]
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "meta":
            self.meta[attributes.get("name") or attributes.get("property")] = attributes.get("content", "")

    def file(self, address):
        """The file an address on this page means, and the place inside it."""
        parts = urlsplit(address)
        path = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
        return path, unquote(parts.fragment)


@pytest.fixture(scope="session")
def pages(html):
    """Every page a reader can open; index.html only sends them on to the first."""
    found = [Page(path) for path in sorted(html.rglob("*.html")) if path != html / "index.html"]
    found = [page for page in found if not {"_static", "_sources"} & set(page.path.relative_to(html).parts)]
    assert {page.path.name for page in found} >= {"intro.html", "convolution.html", "search.html"}
    return found


def local(address):
    return not re.match(r"(?:[a-z][a-z0-9+.-]*:)?//|https?:", address, re.I)


def test_no_page_loads_anything_from_another_host(pages):
    assert [(page.path.name, address) for page in pages for address in page.loads if not local(address)] == []


def test_no_style_sheet_loads_anything_from_another_host(html):
    sheets = list(html.rglob("*.css"))
    assert len(sheets) > 5
    for sheet in sheets:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
        assert [address for address in addresses if not local(address)] == [], sheet


def test_no_script_inside_a_page_names_another_host(pages):
    for page in pages:
        for script in re.findall(r"<script[^>]*>(.*?)</script>", page.text, flags=re.S):
            assert not re.search(r"https?://", script), (page.path.name, script[:200])


def test_mathematics_is_rendered_at_build_time(pages):
    for page in pages:
        assert "mathjax@" not in page.text.lower() and "mathjax.js" not in page.text.lower()
        assert "katex-error" not in page.text
    chapter = next(page for page in pages if page.path.name == "convolution.html")
    assert chapter.text.count('class="katex-html"') > 20


def test_no_page_shows_its_markup_in_place_of_what_it_means(pages):
    """A table, a directive or a role that nobody read stands there as it was written."""
    for page in pages:
        prose = re.sub(r"<(script|style|pre|code)\b.*?</\1>|<[^>]+>", "", page.text, flags=re.S)
        table, block, role = r"\|\s*(?::[-–—]+|[-–—]{2,}):?\s*\|", ":::|```", r"\{(?:term|doc|numref|eq|cite:\w)\}"
        found = re.search(f"{table}|{block}|{role}", prose)
        assert found is None, (page.path.name, found)


def test_every_page_says_what_it_is_about(pages):
    texts = {page.path.name: page.meta.get("description", "") for page in pages}
    assert {name: text for name, text in texts.items() if not 20 < len(text) < 200} == {}
    assert len(set(texts.values())) == len(texts)
    for page in pages:
        if page.path.name != "search.html":
            assert page.meta["og:description"] == page.meta["description"]
            assert page.meta["og:site_name"] == "Convolutional networks from scratch"
            assert page.meta["og:image:alt"].endswith(page.meta["description"])


def test_every_page_has_a_card_of_the_size_that_is_told(pages, html):
    for page in pages:
        if page.path.name != "search.html":
            head = (html / page.meta["og:image"]).read_bytes()[:24]
            assert head[:8] == b"\x89PNG\r\n\x1a\n"
            assert [int.from_bytes(head[at : at + 4], "big") for at in (16, 20)] == [1146, 600]
            assert [page.meta["og:image:width"], page.meta["og:image:height"]] == ["1146", "600"]


def test_every_chapter_can_be_downloaded_as_the_notebook_it_is(pages, root):
    for page in pages:
        source = root / "book" / f"{page.path.stem}.md"
        if source.is_file() and "kernelspec:" in source.read_text(encoding="utf-8"):
            ran = f"_sources/book/{page.path.stem}.ipynb"
            (notebook,) = {page.file(link)[0] for link in page.links if link.endswith(ran)}
            cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
            assert len(cells) == source.read_text(encoding="utf-8").count("```{code-cell}")


def test_every_link_inside_the_book_leads_somewhere(pages):
    by_path = {page.path: page for page in pages}
    broken = []
    for page in pages:
        for address in page.links + page.loads:
            if urlsplit(address).scheme or address == "#":
                continue
            path, place = page.file(address)
            known = by_path.get(path)
            if not path.is_file() or (known and place not in known.ids):
                broken.append((page.path.name, address))
    assert broken == []


def test_the_checks_have_where_to_send_a_learner(pages, html):
    places = {page.path.relative_to(html).as_posix(): page.ids for page in pages}
    for assignment in checks.assignments():
        for name in checks.functions(assignment):
            message = checks.verdict(assignment, name, None).message
            page, _, place = message.rpartition("Read on: ")[2].strip().partition("#")
            assert place in places[page], f"{page}#{place}"


# What a chapter is made of. The sources are read, so that a page says which part is missing before anything is built.

CHAPTERS = ["foundations", *(name.partition("-")[2].replace("-", "_") for name in checks.assignments()), "beyond"]


def part(text, heading):
    """What stands under a heading of the second level, up to the next one."""
    found = re.search(rf"^## {heading}[^\n]*\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1] if found else ""


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_all_its_parts(root, name):
    text = (root / "book" / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(r"^## A question", text, re.M)
    drawings = re.findall(r"^```\{figure\} (_static/drawings/[\w-]+\.svg)\n---\nalt: >-\n((?:  .*\n)+)", text, re.M)
    assert drawings and all(len(alt.split()) >= 15 for _, alt in drawings)
    assert all("<title>" in (root / "book" / path).read_text(encoding="utf-8") for path, _ in drawings)
    assert "```{moving-figure}" in text
    assert text.count("```{quiz}") >= 5
    assert 3 <= text.count("{admonition} Solution") <= 8
    assert part(text, "Summary") and part(text, "What to read next")
    assert "{bibliography}\n:filter: docname in docnames" in text
    assert len(re.findall(r"^ *assert\b", text, re.M)) >= 40
    if name not in ("foundations", "beyond"):
        (number,) = [n for n in checks.assignments() if n.endswith("-" + name.replace("_", "-"))]
        assert f"```{{exercise-door}} {number}\n" in text


@pytest.mark.parametrize("assignment", checks.assignments())
def test_every_graded_function_is_taught_where_its_check_sends_people_and_the_place_leads_back(root, assignment):
    topic = assignment.partition("-")[2].replace("-", "_")
    text = (root / "book" / f"{topic}.md").read_text(encoding="utf-8")
    exercise = re.search(r"^\((\S+-exercise)\)=\n## The graded exercise", text, re.M)[1]
    for name in checks.functions(assignment):
        anchor = f"({topic}-{name.replace('_', '-')})=\n"
        section = text[text.index(anchor) + len(anchor) :]
        section = section[: re.search(r"^\([\w-]+\)=$", section, re.M).start()]
        assert section.startswith("#"), f"{anchor.strip()} stands on no heading"
        assert re.search(rf"`{name}[`(]", section) and exercise in section, name


def test_every_term_has_its_korean_name_and_is_linked_from_a_page(root):
    text = (root / "book/glossary.md").read_text(encoding="utf-8")
    body = re.search(r"^```\{glossary\}\n(.*?)^```$", text, re.M | re.S)[1]
    entries = re.split(r"\n\n+(?=\S)", re.sub(r"^:sorted:\n+", "", body.strip("\n")))
    terms = [line for line in body.splitlines() if re.match(r"[^\s:]", line)]
    assert len(terms) >= 120 and len({term.lower() for term in terms}) == len(terms)
    described = [entry for entry in entries if "\n  " in entry]
    names = [re.search(r"\n  \*\*(.+?)\*\* – ", entry)[1] for entry in described]
    # What is written in Latin letters in Korean too, such as im2col, is the exception.
    assert sum(not re.search("[가-힣]", name) for name in names) <= 8
    linked = set()
    for page in root.glob("book/*.md"):
        if page.name != "glossary.md":
            for words in re.findall(r"\{term\}`([^`]+)`", page.read_text(encoding="utf-8"), re.S):
                target = re.search(r"<(.*)>$", " ".join(words.split()))
                linked.add((target[1] if target else " ".join(words.split())).lower())
    unlinked = [
        entry
        for entry in described
        if not any(term.strip().lower() in linked for term in entry.split("\n  ")[0].splitlines())
    ]
    assert [entry.splitlines()[0] for entry in unlinked] == []


def test_the_librarys_page_names_every_public_module(root):
    listed = set(re.findall(r"automodule:: ([\w.]+)", (root / "book/api.md").read_text(encoding="utf-8")))
    inner = {"__init__", "__main__", "arrays", "blas", "book", "browser", "cli", "pages"}
    modules = {f"cnncourse.{path.stem}" for path in (root / "cnncourse").glob("*.py") if path.stem not in inner}
    packages = {f"cnncourse.{name}" for name in ("checks", "datasets", "experiments", "plots")}
    assert listed == modules | packages


def test_the_sheet_of_notation_prints_on_two_sides(html, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.goto((html / "book/notation.html").as_uri())
    printed = page.pdf(format="A4")
    context.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2


def test_the_door_to_the_exercise_hands_out_the_released_notebook(pages, root):
    chapter = next(page for page in pages if page.path.name == "convolution.html")
    doors = [link for link in chapter.links if link.endswith("convolution.ipynb") and "_sources" not in link]
    doors = [chapter.file(link)[0] for link in doors]
    assert doors
    for door in doors:
        assert door.read_bytes() == (root / "exercises/01-convolution/convolution.ipynb").read_bytes()


def test_buttons_that_need_a_public_address_wait_for_one(pages, root):
    """`repository: url:` is one line of _config.yml; empty, it must not lead readers to nowhere."""
    if not re.search(r'^  url: ""', (root / "_config.yml").read_text(), re.M):
        pytest.skip("the public address is set")
    for page in pages:
        assert not re.search(r"colab\.research|mybinder|/issues/new|source-repository-button", page.text)


# A browser fetches these of KaTeX's fonts only for a formula that is set in them.
RARE_FONTS = {
    "Caligraphic": "mathcal",
    "Fraktur": "mathfrak",
    "SansSerif": "(?:math|text)sf",
    "Script": "mathscr",
    "Typewriter": "(?:math|text)tt",
}


def test_every_page_is_light(pages):
    """Compressed: the page, every style, script and picture it names, the fonts of its formulas."""
    for page in pages:
        files = {page.file(address)[0] for address in page.loads if local(address) and not address.startswith("data:")}
        # The pages before and after are named in <link>, too; a browser does not fetch those.
        files = {page.path} | {path for path in files if path.is_file() and path.suffix not in (".html", ".inv")}
        if 'class="katex"' in page.text:
            katex = next(path for path in files if path.name == "katex.min.css")
            unused = [font for font, mark in RARE_FONTS.items() if not re.search(rf'class="[^"]*{mark}', page.text)]
            fonts = katex.parent.glob("fonts/*.woff2")
            files |= {path for path in fonts if not any(f"KaTeX_{font}" in path.name for font in unused)}
        weight = sum(len(gzip.compress(path.read_bytes())) for path in files)
        assert 100_000 < weight < 1_500_000, (page.path.name, weight)


def test_every_moving_figure_is_small_and_on_a_page(pages, html):
    """Its markup, script and style; what all of them share is counted once, and is smaller than any of them may be."""
    static = html / "_static" / "figures"
    markup = {}
    for page in pages:
        for found in re.finditer(r'<div class="moving" data-name="(\w+)".*?(?=<figcaption)', page.text, re.S):
            markup[found[1]] = len(found[0].encode())
    assert set(markup) == {path.stem for path in static.glob("*.js")} - {"kit"} and len(markup) >= 12
    assert sum(path.stat().st_size for path in static.glob("kit.*")) < 15_000
    for name, size in markup.items():
        assert size + sum(path.stat().st_size for path in static.glob(f"{name}.[jc]s*")) < 15_000, name


# A book of one page, built with the course's own settings in a folder of its own.

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3, language: python}
myst: {html_meta: {description: A page that exists only to be built by a test.}}
---
# A page

BODY
"""


@pytest.fixture
def small_book(root, tmp_path):
    """Write the body of the page, get the folder."""

    def write(body, config=lambda text: text):
        for folder in ("_extensions", "_static", "_templates"):
            shutil.copytree(root / "book" / folder, tmp_path / "book" / folder, dirs_exist_ok=True)
        (tmp_path / "_config.yml").write_text(config((root / "_config.yml").read_text()))
        (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")
        (tmp_path / "book/references.bib").write_text("")
        (tmp_path / "book/page.md").write_text(PAGE.replace("BODY", body))
        return tmp_path

    return write


def build(folder):
    lines = []
    index = build_book(folder, echo=lines.append)
    return index, lines


CLAIM = "```{code-cell}\nassert 2 + 2 == NUMBER, 'four, by hand'\n```\n"


def test_a_false_claim_stops_the_build_every_time_until_it_is_mended(small_book):
    folder = small_book(CLAIM.replace("NUMBER", "5"))
    for _ in range(2):
        with pytest.raises(BookError, match=r"book.page\.md.*AssertionError: four, by hand"):
            build(folder)
    index, _ = build(small_book(CLAIM.replace("NUMBER", "4")))
    assert index.is_file()


def test_a_second_build_executes_nothing_until_library_records_or_data_change(small_book, monkeypatch, tmp_path):
    folder = small_book(CLAIM.replace("NUMBER", "4"))
    records = folder / "cnncourse/experiments/records"
    records.mkdir(parents=True)

    def executed():
        return any("Executing notebook" in line for line in build(folder)[1])

    assert executed() and not executed()
    (folder / "cnncourse/convolution.py").write_text("answer = 2\n")
    assert executed()
    (records / "mnist.json").write_text("{}\n")
    assert executed()
    (tmp_path / "SMSSpamCollection").write_text("ham\tyes\n")
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path))
    assert executed() and not executed()


SLIDE = "```{moving-figure} slide_kernel\n:options: OPTIONS\nSlide.\n```"
WRONG = {
    r"Half a fraction: $\frac{1$.": "KaTeX cannot read this formula",
    "{ref}`nowhere`": "undefined label: 'nowhere'",
    "```{quiz}\nTrue?\n\n- [ ] Yes.\n\n  No.\n- [ ] No.\n\n  No.\n```": "at least one right one",
    "```{quiz}\nTrue?\n\n- [x] Yes.\n- [ ] No.\n\n  No.\n```": "says why it is right or wrong",
    "```{quiz}\nTrue?\n```": "A quiz is a question, an empty line, and then a list of answers",
    "```{exercise-door} 77-nothing\nGo.\n```": "exercises/77-nothing/nothing.ipynb is not there",
    "```{moving-figure} nothing\nSlide.\n```": "There is no moving figure nothing; there are alexnet, ",
    SLIDE.replace("OPTIONS", '{"kernel": [[1, 2], [3]]}'): "rows of numbers, all equally long",
    SLIDE.replace("OPTIONS", '{"input": [[1, 2], [3, 4]]}'): "The kernel must fit inside the input",
}


def test_whatever_is_written_wrongly_is_named_with_its_file_and_line(small_book):
    folder, lines = small_book("\n\n".join(WRONG)), []
    with pytest.raises(BookError, match=r"book.page\.md:\d+: (WARNING|ERROR): "):
        build_book(folder, echo=lines.append)
    named = [line for line in lines if re.search(r"page\.md:\d+: (WARNING|ERROR): ", line)]
    assert [complaint for complaint in WRONG.values() if not any(complaint in line for line in named)] == []


FIGURE = SLIDE.replace("OPTIONS", '{"input": [[1, 2], [3, 4]], "kernel": [[1, -1], [0, 2]], "bias": -3}')


def test_a_book_of_other_content_with_an_address_and_without_node(small_book, monkeypatch):
    """By hand, [[1, 2], [3, 4]] with [[1, -1], [0, 2]] gives 1 - 2 + 0 + 8 = 7, and a bias of -3 makes it 4."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert shutil.which("node") is None
    folder = small_book(
        "$y = 2x$\n\n```{code-cell}\n1\n```\n\n```{exercise-door} 01-convolution\nGo.\n```\n\n" + FIGURE,
        lambda text: re.sub("(?m)^  url: .*", "  url: https://github.com/someone/course", text),
    )
    (folder / "exercises/01-convolution").mkdir(parents=True)
    (folder / "exercises/01-convolution/convolution.ipynb").write_text("{}")
    index, _ = build(folder)
    page = Page(index.parent / "book/page.html")
    assert 'class="katex-html"' in page.text
    assert "1×1 + 2×(−1)\n+ 3×0 + 4×2\n= 7, plus the bias −3 = 4</p>" in page.text
    assert re.search(r'class="grid of-map".*?<g><text[^>]*>4</text></g>', page.text)
    starts = [
        "https://github.com/someone/course",
        "https://github.com/someone/course/issues/new",
        "https://github.com/someone/course/edit/main/book/page.md",
        "https://mybinder.org/v2/gh/someone/course/main",
        "https://colab.research.google.com/github/someone/course/blob/main/exercises/01-convolution/convolution.ipynb",
    ]
    assert [start for start in starts if not any(link.startswith(start) for link in page.links)] == []


def test_a_folder_without_a_book_gets_a_sentence(tmp_path):
    with pytest.raises(BookError, match=r"_config\.yml is not there: run this in the folder of the repository"):
        build_book(tmp_path)


def test_missing_tools_are_named_with_their_cure(root, monkeypatch):
    monkeypatch.setattr(book, "NEEDED", ("no_such_builder",))
    with pytest.raises(BookError, match=r"no_such_builder is not installed .* pip install -e '\.\[book\]'"):
        build_book(root)


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_build_that_leaves_a_server_running_ends_and_the_server_with_it():
    server = "[sys.executable, '-c', 'import time; time.sleep(3600)']"
    leave = f"import subprocess, sys; print(subprocess.Popen({server}).pid)"
    with book.running([sys.executable, "-c", leave]) as process:
        (line,) = process.stdout
    assert process.returncode == 0
    status = Path(f"/proc/{int(line)}/status")
    while status.exists() and "(zombie)" not in status.read_text():
        time.sleep(0.05)
