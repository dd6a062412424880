"""The built book in Chromium, opened from the disk: accessible, quiet, still, and interactive by every means.

The worked example, by hand: [[1 2 3 0] [0 1 2 3] [3 0 1 2] [2 3 0 1]] with [[2 0 1] [0 1 2] [1 0 2]] gives
[[15 16] [6 15]]; with the kernel turned by 180 degrees its first place gives 2+0+3 + 0+1+0 + 3+0+2 = 11.
"""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
BOOK = Path(__file__).parents[1] / "book"
PAGES = [f"book/{path.stem}" for path in sorted(BOOK.glob("*.md"))] + ["search"]
SUMS = [15, 16, 6, 15]
VIEWS = [("light", 1280), ("dark", 390)]


@pytest.mark.parametrize(("theme", "width"), VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_a_rule_of_accessibility_or_overflows(visit, name, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    options = {
        "preload": False,  # of style sheets by script, which a browser forbids on file://
        "resultTypes": ["violations"],
        "rules": {"label-content-name-mismatch": {"enabled": True}},
    }
    with visit(name, theme, width) as page:
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        page.evaluate("document.getAnimations().forEach((animation) => animation.finish())")  # what opens fades in
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options=options).response["violations"]
        assert [(v["id"], [node["html"][:150] for node in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_while_a_page_loads_scrolls_and_plays(visit, name, width):
    with visit(name, width=width) as page:
        page.wait_for_load_state("load")
        for _ in range(page.evaluate("Math.ceil(document.documentElement.scrollHeight / 3000)")):
            page.mouse.wheel(0, 3000)
            page.wait_for_timeout(30)
        if name == "book/convolution":
            page.get_by_role("button", name="Play").click()
            page.get_by_role("button", name="Play").wait_for()  # "Pause" until the last place is reached
        page.wait_for_timeout(200)
        shifts = page.evaluate("window.shifts")
        # Formulas at the top may be painted before their fonts are there, which counts some 0.0004.
        assert sum(value for value, _ in shifts) < 0.002, shifts


def test_mathematics_is_set_in_its_own_fonts(visit):
    with visit("book/convolution") as page:
        page.evaluate("document.fonts.ready")
        loaded = page.evaluate("[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)")
        assert {"KaTeX_Main", "KaTeX_Math"} <= {name.strip('"') for name in loaded}


class Figure:
    """The figure "slide the kernel" as a reader meets it."""

    def __init__(self, page):
        self.page = page
        self.box = page.locator(".moving[data-name=slide_kernel]").first
        self.stage = self.box.get_by_role("slider")
        self.box.scroll_into_view_if_needed()
        data = page.evaluate("JSON.parse(document.querySelector('.moving[data-name=slide_kernel]').dataset.values)")
        self.bias = data[2]

    def cell(self, row, column):
        """The middle of a cell of the input, on the screen."""
        box = self.box.locator(".moving-stage svg").bounding_box()
        return box["x"] + box["width"] * (column + 0.5) / 4, box["y"] + box["height"] * (row + 0.5) / 4

    def shows(self, row, column, first_line, total):
        words = self.box.locator(".moving-words").text_content()
        assert words.startswith(f"Row {row}, column {column}:\n{first_line}\n"), words
        assert re.search(rf"= {total}(,|$)", words), words
        assert self.stage.get_attribute("aria-valuetext") == f"row {row}, column {column}"
        place = row * 2 + column
        assert self.stage.get_attribute("aria-valuenow") == str(place + 1)
        return True

    def map(self):
        """The numbers found so far, without the bias; None where there is none yet."""
        texts = self.box.locator(".of-map text").all_text_contents()
        return [float(text.replace("−", "-")) - self.bias if text else None for text in texts]


def test_the_figure_by_mouse(visit):
    with visit("book/convolution") as page:
        figure = Figure(page)
        assert figure.shows(0, 0, "1×2 + 2×0 + 3×1", 15)
        assert figure.map() == [15, None, None, None]
        page.mouse.move(*figure.cell(1, 1))
        page.mouse.down()
        page.mouse.move(*figure.cell(1, 2), steps=4)
        assert figure.shows(0, 1, "2×2 + 3×0 + 0×1", 16)
        page.mouse.move(*figure.cell(2, 2), steps=4)
        assert figure.shows(1, 1, "1×2 + 2×0 + 3×1", 15)
        page.mouse.move(*figure.cell(3, 0), steps=4)  # further than the kernel fits
        page.mouse.up()
        assert figure.shows(1, 0, "0×2 + 1×0 + 2×1", 6)
        page.mouse.move(*figure.cell(0, 3))  # let go: it stays
        assert figure.shows(1, 0, "0×2 + 1×0 + 2×1", 6)
        assert figure.map() == SUMS


def test_the_figure_by_keyboard(visit):
    with visit("book/convolution") as page:
        figure = Figure(page)
        figure.stage.focus()
        page.keyboard.press("ArrowUp")  # at the edge already
        assert figure.shows(0, 0, "1×2 + 2×0 + 3×1", 15)
        page.keyboard.press("ArrowRight")
        assert figure.shows(0, 1, "2×2 + 3×0 + 0×1", 16)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
        assert figure.shows(1, 0, "0×2 + 1×0 + 2×1", 6)
        assert figure.map() == SUMS
        assert figure.box.locator(".of-map").get_attribute("aria-label").count(";") == 1
        page.keyboard.press("Home")
        assert figure.shows(0, 0, "1×2 + 2×0 + 3×1", 15)
        page.keyboard.press("End")
        assert figure.shows(1, 1, "1×2 + 2×0 + 3×1", 15)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Play"


def test_the_figure_by_touch(visit):
    with visit("book/convolution", width=390, has_touch=True, is_mobile=True) as page:
        figure = Figure(page)
        scrolled = page.evaluate("scrollY")
        fingers = page.context.new_cdp_session(page)

        def touch(kind, *cell):
            points = [dict(zip("xy", figure.cell(*cell), strict=True))] if cell else []
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 1, 1)
        touch("touchMove", 1, 2)
        assert figure.shows(0, 1, "2×2 + 3×0 + 0×1", 16)
        touch("touchMove", 2, 2)
        touch("touchMove", 2, 1)
        touch("touchEnd")
        assert figure.shows(1, 0, "0×2 + 1×0 + 2×1", 6)
        assert figure.map() == SUMS
        assert page.evaluate("scrollY") == scrolled, "dragging the kernel must not scroll the page"
        page.touchscreen.tap(*figure.cell(0, 3))  # outside the window: it comes to the finger
        assert figure.shows(0, 1, "2×2 + 3×0 + 0×1", 16)


def test_the_figures_buttons_and_kernels(visit):
    with visit("book/convolution") as page:
        figure = Figure(page)
        step, reset = (figure.box.get_by_role("button", name=name) for name in ("Step", "Reset"))
        for _ in range(3):
            step.click()
        assert figure.map() == SUMS
        reset.click()
        assert figure.map() == [15, None, None, None]
        flip = figure.box.get_by_role("checkbox", name="Flip the kernel (true convolution)")
        flip.check()
        assert figure.map() == [11, None, None, None]
        kernels = figure.box.get_by_role("combobox", name="Kernel")
        kernels.select_option("edges (Sobel)")  # (3-1) + 2·(2-0) + (1-3) = 4, and turned -4
        assert figure.map()[0] == -4
        flip.uncheck()
        assert figure.map()[0] == 4
        assert figure.shows(0, 0, "1×(−1) + 2×0 + 3×1", 4)
        kernels.select_option("identity")
        assert figure.map()[0] == 1
        kernels.select_option("blur (mean)")  # 1+2+3 + 0+1+2 + 3+0+1 = 13, and 13/9 = 1.44…
        assert figure.map()[0] == pytest.approx(13 / 9, abs=0.006)
        assert "= 13, divided by 9 = 1.44" in figure.box.locator(".moving-words").text_content()


def test_the_figure_speaks_and_is_large_enough_to_touch(visit):
    with visit("book/convolution", width=390, reduced_motion="reduce") as page:
        figure = Figure(page)
        assert figure.box.locator(".moving-words").get_attribute("aria-live") == "polite"
        assert figure.box.locator(".moving-window").evaluate("(g) => getComputedStyle(g).transitionDuration") == "0s"
        targets = figure.box.locator("button, select, label:has(input), .moving-stage")
        assert targets.count() == 6
        for i in range(6):
            box = targets.nth(i).bounding_box()
            assert min(box["width"], box["height"]) >= 44, targets.nth(i).inner_text()


def test_without_script_the_figure_is_a_still_picture(visit):
    with visit("book/convolution", java_script_enabled=False) as page:
        figure = page.locator(".moving[data-name=slide_kernel]").first
        numbers = figure.locator(".of-map text")
        shown = [float(numbers.nth(i).text_content()) for i in range(4)]
        assert [b - a for a, b in zip(SUMS, shown, strict=True)] in ([0] * 4, [3] * 4)
        assert all(numbers.nth(i).is_visible() for i in range(4))
        assert figure.locator("button").first.is_hidden()
        assert figure.get_by_text("A still picture").is_visible()
        assert figure.locator(".moving-words").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_the_quiz_explains_every_answer_by_keyboard(visit, script):
    with visit("book/convolution", java_script_enabled=script) as page:
        quizzes = page.locator(".quiz")
        assert quizzes.count() >= 3
        for i in range(quizzes.count()):
            wrong = quizzes.nth(i).locator("details.quiz-wrong").first
            right = quizzes.nth(i).locator("details.quiz-right").first
            for answer, verdict in ((wrong, "Not quite."), (right, "Right.")):
                assert answer.locator(".quiz-verdict").is_hidden()
                answer.locator("summary").focus()
                page.keyboard.press("Enter")
                assert answer.locator(".quiz-verdict").is_visible()
                explanation = answer.locator("summary ~ *").all_inner_texts()
                assert explanation[0].startswith(verdict) and len(" ".join(explanation)) > len(verdict) + 15
            assert wrong.locator(".quiz-verdict").is_hidden()  # one answer is open at a time


def test_dark_and_light_can_be_chosen(visit):
    with visit("book/convolution", "light") as page:
        theme = "document.documentElement.dataset.theme"
        seen = []
        for _ in range(3):
            page.get_by_role("button", name="Color mode").click()
            seen.append(page.evaluate(theme))
        assert set(seen) == {"light", "dark"}
