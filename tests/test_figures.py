"""The book's moving figures, in Chromium: by mouse, touch and keyboard, and standing still without script.

What a figure has to say after each move was worked out by hand from its numbers. The first of them, the
kernel that slides over an image, is in ``test_browser.py``.
"""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnncourse.datasets import store

pytestmark = pytest.mark.browser
BOOK = Path(__file__).parents[1] / "book"
PAGE = {
    name: f"book/{page.stem}"
    for page in sorted(BOOK.glob("*.md"))
    for name in re.findall(r"^```\{moving-figure\} (\w+)", page.read_text(encoding="utf-8"), re.M)
}


def test_every_figure_is_on_a_page():
    assert set(PAGE) == {path.stem for path in (BOOK / "_static/figures").glob("*.js")} - {"kit"}


class Figure:
    """A figure as a reader meets it."""

    def __init__(self, page, name):
        self.page, self.keyboard, self.mouse = page, page.keyboard, page.mouse
        self.box = page.locator(f".moving[data-name={name}]").first
        self.stage = self.box.locator(".moving-stage").first
        self.box.scroll_into_view_if_needed()

    @property
    def words(self):
        return self.box.locator(".moving-words").text_content()

    def says(self, *parts):
        words = self.words
        assert [part for part in parts if part not in words] == [], words
        return True

    def press(self, *keys, on=None):
        (on or self.stage).focus()
        for key in keys:
            self.keyboard.press(key)

    def click(self, name, times=1):
        for _ in range(times):
            self.box.get_by_role("button", name=name, exact=True).click()

    def set(self, **controls):
        """Move controls in turn: a choice to its option's place, a slider to a number, a switch on or off."""
        for name, value in controls.items():
            control = self.box.locator(f"[name={name}]")
            if isinstance(value, bool):
                control.set_checked(value)
            elif control.evaluate("(c) => c.tagName") == "SELECT":
                control.select_option(index=value)
            else:
                control.fill(str(value))

    def texts(self, selector):
        return self.box.locator(selector).all_text_contents()

    def numbers(self, selector):
        return [float(text.replace("−", "-")) for text in self.texts(selector)]

    def place(self, x, y):
        """Where a point of the stage's SVG, in its own units, is on the screen."""
        self.stage.scroll_into_view_if_needed()
        found = self.stage.evaluate(
            """(stage, [x, y]) => {
              const svg = stage.querySelector("svg") || stage;
              const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
              return [point.x, point.y];
            }""",
            [x, y],
        )
        return tuple(found)

    def drag(self, *points):
        self.mouse.move(*self.place(*points[0]))
        self.mouse.down()
        for point in points[1:]:
            self.mouse.move(*self.place(*point), steps=4)
        self.mouse.up()


@pytest.fixture
def figure(visit):
    @contextmanager
    def figure(name, **options):
        with visit(PAGE[name], **options) as page:
            yield Figure(page, name)

    return figure


@pytest.mark.parametrize("name", sorted(PAGE))
def test_without_script_a_figure_is_a_still_picture_with_the_same_words(figure, name):
    with figure(name, java_script_enabled=False) as still:
        assert still.box.get_by_text("A still picture").is_visible()
        assert still.box.locator(".moving-words").is_visible()
        assert still.box.locator("button, select, input").count() > 0
        assert not any(control.is_visible() for control in still.box.locator("button, select, input").all())
        without = still.words
    with figure(name) as moving:
        assert moving.words == without
        assert moving.box.locator(".moving-words").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("name", sorted(PAGE))
def test_a_figure_can_be_moved_by_keyboard_and_hit_with_a_finger(figure, name):
    with figure(name, width=390, has_touch=True) as found:
        stage = found.box.locator(".moving-stage, input[type=range], button").first

        def state():
            return found.words, stage.get_attribute("aria-valuetext"), stage.get_attribute("aria-valuenow")

        first = state()
        for key in ("End", "ArrowLeft", "Enter"):
            found.press(key, on=stage)
        assert state() != first
        for target in found.box.locator("button, select, label:has(input), .moving-stage").all():
            if target.is_visible():
                box = target.bounding_box()
                assert min(box["width"], box["height"]) >= 44, target.inner_text()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", sorted(PAGE))
def test_a_figure_keeps_its_size_while_it_is_moved(figure, name, width):
    with figure(name, width=width) as found:
        size = found.box.bounding_box()["height"]
        stage = found.box.locator(".moving-stage, input[type=range], button").first
        for key in ("ArrowRight", "ArrowDown", "End", "Enter", "ArrowLeft", "ArrowUp", "Home"):
            found.press(key, on=stage)
            assert found.box.bounding_box()["height"] == pytest.approx(size, abs=1), key


def test_windows_become_rows_of_a_matrix_and_go_back(figure):
    with figure("im2col") as found:
        found.says("Window 0, its corner on row 0, column 0, becomes row 0", "1×1 + 2×0 + 5×2 + 6×(−1) = 5.")
        found.click("Step", 4)
        found.says("Window 4, its corner on row 1, column 1", "6×1 + 7×0 + 10×2 + 11×(−1) = 15.")
        found.press("End")
        assert found.stage.get_attribute("aria-valuetext") == "row 2, column 2"
        assert found.stage.get_attribute("aria-valuemax") == "9"
        found.set(back=True)
        found.press("End")
        found.says("Rows added: 9 of 9.", "1 2 2 1; 2 4 4 2; 2 4 4 2; 1 2 2 1. Pixel 11: 4 times 11 is 44.")
        back = found.numbers(".im-image > g:first-of-type text")
        assert back == [1, 4, 6, 4, 10, 24, 28, 16, 18, 40, 44, 24, 13, 28, 30, 16]
        found.set(back=False, kernel=1)
        found.click("Step", 3)
        found.says("= 101.")
        found.set(stride=1)
        assert found.stage.get_attribute("aria-valuemax") == "1"


def test_alexnets_layers_are_told_one_by_one(figure):
    with figure("alexnet", width=390) as found:
        found.says("conv1 reads 227 × 227 × 3, with 96 filters of 11 × 11, moved by 4.", "290,400 numbers, 44.0 %")
        found.press("ArrowRight")
        assert found.stage.get_attribute("aria-valuetext") == "conv2"
        found.says("(27 + 2·2 − 5) / 1 + 1 = 27", "447,897,600, 39.5 % of all.")
        found.set(cards=True)
        found.says("each of which sees 48 channels", "5·5·48·256 + 256 = 307,456", "223,948,800")
        found.set(cards=False)
        found.press("End", "ArrowLeft", "ArrowLeft")
        found.says("fc6", "9,216·4,096 + 4,096 = 37,752,832, 60.5 % of all.")
        found.set(what=1)
        found.click("Show all")
        shown = {text.replace(",", "") for text in found.texts(".moving-stage text")}
        # Krizhevsky's table in one tower: the parameters of the eight layers.
        assert shown >= set("34944 614656 885120 1327488 884992 37752832 16781312 4097000".split())
        found.press("Home")
        found.says("conv1")


def test_a_kernel_reads_a_sentence(figure):
    with figure("conv1d") as found:
        found.says("reads “the film”", "0×0 + 0×2 + 1×2 + 0×0, plus the bias −6 = −4", "Largest so far: −4,")
        found.press("ArrowRight", "ArrowRight", "ArrowRight")
        found.says("0×0 + 2×2 + 3×2 + 0×0, plus the bias −6 = 4", "Largest so far: 4, from “not good”.")
        assert found.stage.get_attribute("aria-valuetext") == "output 3, not good"
        found.press("End")
        found.press("ArrowRight")
        found.says("from “not good”.")
        found.drag((69, 90), (171, 90))
        assert found.stage.get_attribute("aria-valuenow") == "4"
        found.set(sentence=1, kernel=3, padding=2)
        found.press("End")
        found.says("Output 7 of 0 to 7 reads “not too long”:", "= 2")
        found.set(padding=1)
        found.press("Home")
        found.says("“0 the film”", "= −8")


def test_a_perceptron_learns_and_and_never_learns_xor(figure):
    """Rosenblatt's rule from zero weights, by hand: AND is learnt, XOR comes back to weights it had."""
    with figure("perceptron") as found:
        found.says("AND: 4 of 4 points right.")
        (last,) = found.box.locator("tbody tr").nth(3).all()
        assert "1×1 + 1×1 − 1.5 = 0.5" in last.text_content()
        found.set(task=2)
        found.says("XOR: 1 of 4 points right.")
        assert found.box.locator(".pe-wrong").count() == 3
        found.set(b=-0.5)
        found.says("XOR: 3 of 4 points right.")
        found.click("Zeros")
        found.click("Learn")
        found.says("Step 1, point (0, 0): the sum 0 gives 0, as wanted. Nothing changes. Now 2 of 4 right.")
        found.click("Learn")
        found.says("wanted 1. Add 1 to w₂ and b.")
        assert [found.box.locator(f"[name={name}]").input_value() for name in ("w1", "w2", "b")] == ["0", "1", "1"]
        found.click("Learn", 11)
        found.says("A round began with these weights before: it will go round for ever.")
        found.set(task=0)
        found.click("Zeros")
        found.click("Learn", 18)
        found.says("Now all 4 are right: nothing will change any more.")
        assert [found.box.locator(f"[name={name}]").input_value() for name in ("w1", "w2", "b")] == ["2", "1", "-2"]


def test_a_signal_fades_or_stays_through_depth(figure):
    """He's factor for ReLU is 1 a layer. Under Glorot's, tanh takes 2 q² of the variance q in every layer, since tanh x
    is near x - x³/3: after l layers the variance is 1/(2 l), so after 50 the deviation is 0.1."""
    with figure("initializer_depth") as found:
        found.says("It fades.")
        found.set(rule=3, activation=0, depth=50)
        found.says("From layer to layer times 1.00 on average", "It stays.")
        assert found.box.locator(".id-bars rect").count() == 50
        found.set(rule=1, activation=1)
        assert 0.08 < float(re.search(r": (0\.\d+)\.", found.words)[1]) < 0.13
        found.set(depth=1)
        assert found.box.locator(".id-bars rect").count() == 1


def test_dropout_keeps_the_mean(figure):
    """x = 2 -1 3 1 0 -2 4 1, whose sum is 8; of the first mask 1 1 0 1 0 0 1 0 the sum is 6, scaled by 2: 12."""
    with figure("dropout") as found:
        found.says("4 of 8 kept", "times 1/(1 − 0.5) = 2", "The sum of y is 12; that of x is 8.")
        assert found.box.locator(".dr-off").count() == 8  # the four dropped, in x and in y
        found.set(predict=True)
        found.says("nothing scaled", "The sum of y is 8;")
        found.set(scaled=1)
        found.says("times 1 − 0.5 = 0.5", "The sum of y is 4;")
        found.set(scaled=0, predict=False)
        found.click("New mask")
        found.click("100 masks", 9)  # 902 masks, standard error 0.2
        assert float(re.search(r"the mean sum of y is ([\d.]+)\.", found.words)[1]) == pytest.approx(8, abs=0.8)
        found.set(rate=0)
        found.says("8 of 8 kept")
        found.set(rate=0.9)
        found.says("= 10")


def test_padding_and_stride_say_where_each_output_comes_from(figure):
    with figure("padding_stride") as found:
        found.says("⌊(6 + 2·1 − 3) / 2⌋ + 1 = ⌊5 / 2⌋ + 1 = 3 outputs.", "Seen by no window: 1 zero.")
        found.says("Output 0 of 0 to 2: 0 + 1 + 2 = 3")
        found.press("ArrowRight")
        found.says("Output 1 of 0 to 2: 2 + 3 + 4 = 9")
        found.press("End")
        found.says("4 + 5 + 6 = 15")
        assert found.stage.get_attribute("aria-valuetext") == "output 2"
        found.set(padding=3)
        found.says("⌈6 / 2⌉ = 3 outputs. They reach over (3 − 1)·2 + 3 = 7: zeros before 0, after 1.")
        found.set(guess=True)
        found.says("How many outputs?")
        assert "⌈" not in found.words
        found.set(guess=False, n=9, f=1, padding=0, s=3)
        found.says("Seen by no window: pixels 2, 3, 5, 6, 8, 9.")
        found.set(n=3, f=5, padding=0, s=1)
        found.says("No output.")


def test_a_receptive_field_grows_and_has_holes(figure):
    with figure("receptive_field") as found:
        found.says("Receptive field: 1 + 2·1 + 2·1 + 2·2 = 9 pixels.")
        assert found.box.locator(".rf-seen").count() == 9
        found.click("Add 3 × 3, dilation 2")
        found.click("Add pool 2, stride 2")
        found.says("1 + 2·1 + 2·1 + 2·2 + 4·2 + 1·2 = 19 pixels.")
        found.click("Add 3 × 3")
        found.says("There is room for five layers: remove one first.")
        found.click("Clear")
        found.click("Add 3 × 3, dilation 2", 2)
        found.says("1 + 4·1 + 4·1 = 9 pixels.", "Only 5 of them are seen")
        assert found.box.locator(".rf-seen").count() == 5
        found.set(guess=True)
        found.says("How many pixels does the number on top see?")
        assert found.box.locator(".rf-seen").count() == 0


def test_windows_are_reduced_and_the_gradient_finds_its_way_back(figure):
    """The pooling example of the book: [[1 1 2 4] [5 6 7 8] [3 2 1 0] [1 2 3 4]], gradients 1, 2, 3, 4 coming back."""
    with figure("pooling") as found:

        def shows(outputs, back):
            shown = [text for text in found.texts(".po-cells text")[: len(outputs)]]
            assert [float(text.replace("−", "-")) for text in shown] == outputs
            assert found.numbers(".po-back > g:first-of-type text") == back

        shows([6, 8, 3, 4], [0, 0, 0, 0, 0, 1, 0, 2, 3, 0, 0, 0, 0, 0, 0, 4])
        found.says("Window 1 of 4 holds 1, 1, 5, 6. The largest is 6.", "That pixel has 1 in all.")
        found.click("Pixel + 1", 5)  # row 0, column 0 becomes 6 as well: a tie
        found.says("The largest is 6 (2 times, the first wins)")
        found.click("Reset")
        found.set(stride=1)
        shows([6, 7, 8, 6, 7, 8, 3, 3, 4], [0, 0, 0, 0, 0, 5, 7, 9, 7, 0, 0, 0, 0, 0, 8, 9])
        found.set(coming=1, reduce=1)
        quarter = [0.25, 0.5, 0.5, 0.25, 0.5, 1, 1, 0.5]
        shows([3.25, 4, 5.25, 4, 4, 4, 2, 2, 2], quarter + quarter[::-1])
        found.click("Step", 2)
        found.says("Window 2 of 9 holds 1, 2, 6, 7. The mean is 16 / 4 = 4.")


def test_the_overlap_of_two_boxes_is_told(figure):
    with figure("iou") as found:
        found.says("Intersection 3 × 4 = 12, union 20 + 20 − 12 = 28.", "IoU 12 / 28 = 0.43. Found at 0.5? no.")
        found.press("ArrowUp")
        found.says("Intersection 4 × 4 = 16, union 20 + 20 − 16 = 24.", "IoU 16 / 24 = 0.67. Found at 0.5? yes.")
        found.press("ArrowLeft")
        found.says("IoU 20 / 20 = 1.")
        found.set(height=2)
        found.says("IoU 10 / 20 = 0.5. Found at 0.5? yes.")
        found.set(limit=1)
        found.says("Found at 0.75? no.")
        found.click("Reset")
        found.says("IoU 12 / 28 = 0.43.")
        found.drag((176, 170), (144, 138))  # one cell up, one to the left: onto the truth
        found.says("IoU 20 / 20 = 1.")


def test_the_network_that_reads_drawings_reads_mnist_with_the_weights_the_page_carries(root, monkeypatch):
    if not store.is_here("mnist"):
        pytest.skip("MNIST is not on this computer")
    monkeypatch.syspath_prepend(str(root / "book" / "_extensions"))
    from figures.draw_digit_weights import measure

    assert measure() > 0.97


@pytest.mark.parametrize("digit", range(10))
def test_the_drawn_digit_is_read(figure, digit):
    with figure("draw_digit") as found:
        found.click(str(digit))
        found.says(f"Most likely a {digit}")
        assert found.box.locator(".da-bars li.here").count() == 1
        assert found.box.locator(".da-bars li").nth(digit).get_attribute("class") == "here"


def test_a_digit_is_drawn_by_keyboard_and_by_mouse(figure):
    with figure("draw_digit") as found:
        found.click("Clear")
        found.says("Nothing is drawn, and yet")
        pad = found.box.locator(".da-pad")
        found.press(*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 17, "Space", on=pad)
        found.says("Most likely a 1")
        assert pad.get_attribute("aria-valuetext") == "row 23, column 14"
        found.click("Clear")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        to = [(box["x"] + box["width"] * x / 28, box["y"] + box["height"] * y / 28) for x, y in SEVEN]
        found.mouse.move(*to[0])
        found.mouse.down()
        for point in to[1:]:
            found.mouse.move(*point, steps=12)
        found.mouse.up()
        found.says("Most likely a 7", "Moved: rows 3, columns 1")


SEVEN = [(8, 6), (19, 6), (14, 14), (12, 23)]
