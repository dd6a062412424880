"""What every test stands on: quiet frameworks, fixed seeds, the repository's root."""

import gc
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# nbgrader runs alembic by name, and notebooks' kernels are started by name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

from hypothesis import settings  # noqa: E402

settings.register_profile("course", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("course")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def float64():
    """Keras computes in float64, whatever it computes."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")


@pytest.fixture(scope="module", autouse=True)
def memory_given_back():
    """What a file's tests leave in circles of references is freed before the next file's begin."""
    yield
    gc.enable()
    gc.collect()


# Every move of the layout that the reader did not cause, with what moved. The list of a page's headings opens at the
# one that the reader has scrolled to.
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    if (shift.hadRecentInput) continue;
    if (shift.sources.every(({ node }) => node?.parentElement?.closest(".bd-sidebar-secondary"))) continue;
    window.shifts.push([shift.value, shift.sources.map((source) => source.node?.outerHTML?.slice(0, 80))]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def chromium():
    """A browser; without one what needs it is skipped, with a word."""
    from cnncourse.browser import FLAGS, ensure_chromium

    path, why = ensure_chromium()
    if path is None:
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def html(root) -> Path:
    """The folder of the built book."""
    from cnncourse.book import build_book

    return build_book(root).parent


@pytest.fixture
def visit(chromium, html):
    """Open a page; when the visit ends, nothing was asked from the network and nothing complained."""

    @contextmanager
    def visit(name, theme="light", width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, **options)
        page = context.new_page()
        elsewhere, complaints = [], []
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else elsewhere.append(r.url))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(SHIFTS)
        page.goto((html / f"{name}.html").as_uri())
        try:
            yield page
            assert elsewhere == []
            assert complaints == []
        finally:
            context.close()

    return visit
