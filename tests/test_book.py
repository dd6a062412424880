"""The built book, read as files: nothing comes from another host, every link leads somewhere, every page is light."""

import gzip
import os
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
def html(root):
    return build_book(root).parent


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


def test_every_page_says_what_it_is_about(pages):
    texts = {page.path.name: page.meta.get("description", "") for page in pages}
    assert {name: text for name, text in texts.items() if not 20 < len(text) < 200} == {}
    assert len(set(texts.values())) == len(texts)
    for page in pages:
        if page.path.name != "search.html":
            assert page.meta["og:description"] == page.meta["description"]
            assert page.meta["og:site_name"] == "Convolutional networks from scratch"


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


def test_the_door_to_the_exercise_hands_out_the_released_notebook(pages, root):
    chapter = next(page for page in pages if page.path.name == "convolution.html")
    doors = [chapter.file(link)[0] for link in chapter.links if link.endswith("convolution.ipynb")]
    assert doors
    for door in doors:
        assert door.read_bytes() == (root / "exercises/01-convolution/convolution.ipynb").read_bytes()


def test_buttons_that_need_a_public_address_wait_for_one(pages, root):
    """`repository: url:` is one line of _config.yml; empty, it must not lead readers to nowhere."""
    if not re.search(r'^  url: ""', (root / "_config.yml").read_text(), re.M):
        pytest.skip("the public address is set")
    for page in pages:
        assert not re.search(r"colab\.research|mybinder|/issues/new|source-repository-button", page.text)


def test_every_page_is_light(pages):
    """Compressed: the page, every style and script it names, every font those styles may ask for."""
    for page in pages:
        # The pages before and after are named in <link>, too; a browser does not fetch those.
        files = {page.path} | {
            path for path in (page.file(address)[0] for address in page.loads) if path.suffix in (".css", ".js")
        }
        if 'class="katex"' in page.text:
            katex = next(path for path in files if path.name == "katex.min.css")
            files |= set(katex.parent.glob("fonts/*.woff2"))
        weight = sum(len(gzip.compress(path.read_bytes())) for path in files)
        assert 100_000 < weight < 1_500_000, (page.path.name, weight)


def test_the_interactive_figure_is_small(pages, html):
    chapter = next(page for page in pages if page.path.name == "convolution.html")
    markup = re.search(r'<div class="slide-kernel".*?(?=<figcaption)', chapter.text, re.S).group()
    files = [html / "_static" / name for name in ("slide-kernel.js", "slide-kernel.css")]
    assert len(markup.encode()) + sum(path.stat().st_size for path in files) < 15_000


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


WRONG = {
    r"Half a fraction: $\frac{1$.": "KaTeX cannot read this formula",
    "{ref}`nowhere`": "undefined label: 'nowhere'",
    "```{quiz}\nTrue?\n\n- [ ] Yes.\n\n  No.\n- [ ] No.\n\n  No.\n```": "at least one right one",
    "```{quiz}\nTrue?\n\n- [x] Yes.\n- [ ] No.\n\n  No.\n```": "says why it is right or wrong",
    "```{quiz}\nTrue?\n```": "A quiz is a question, an empty line, and then a list of answers",
    "```{exercise-door} 77-nothing\nGo.\n```": "exercises/77-nothing/nothing.ipynb is not there",
    "```{slide-kernel}\n:kernel: [[1, 2], [3]]\nSlide.\n```": "rows of numbers, all equally long",
    "```{slide-kernel}\n:input: [[1, 2], [3, 4]]\nSlide.\n```": "The kernel must fit inside the input",
}


def test_whatever_is_written_wrongly_is_named_with_its_file_and_line(small_book):
    folder, lines = small_book("\n\n".join(WRONG)), []
    with pytest.raises(BookError, match=r"book.page\.md:\d+: (WARNING|ERROR): "):
        build_book(folder, echo=lines.append)
    named = [line for line in lines if re.search(r"page\.md:\d+: (WARNING|ERROR): ", line)]
    assert [complaint for complaint in WRONG.values() if not any(complaint in line for line in named)] == []


FIGURE = "```{slide-kernel}\n:input: [[1, 2], [3, 4]]\n:kernel: [[1, -1], [0, 2]]\n:bias: -3\nSlide.\n```"


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
    assert re.search(r'class="sk-map".*?<g><text[^>]*>4</text></g>', page.text)
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
    with book.running([sys.executable, "-c", leave], dict(os.environ)) as process:
        (line,) = process.stdout
    assert process.returncode == 0
    status = Path(f"/proc/{int(line)}/status")
    while status.exists() and "(zombie)" not in status.read_text():
        time.sleep(0.05)
