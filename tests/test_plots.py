"""Pictures say in words what they show, and wait politely for functions that are not written yet."""

import doctest
import io
import re
import subprocess
import sys

import numpy as np
import pytest

from cnncourse import plots

PICTURES = {
    "window": lambda: plots.window(np.arange(12).reshape(3, 4), np.eye(2), row=1, column=2),
    "tables": lambda: plots.tables([np.eye(2), np.ones((1, 3))], ["a", "b"], signs=["→"]),
    "layer": lambda: plots.layer((6, 7, 4), (3, 2, 4, 6)),
    "images": lambda: plots.images([np.eye(4), -np.eye(4), np.ones((3, 2, 3)), np.zeros((2, 2))], list("abcd")),
}


def test_the_examples_in_the_documentation_are_true():
    results = doctest.testmod(plots)
    assert results.failed == 0 and results.attempted >= 6


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, cnncourse.plots; print('matplotlib' in sys.modules, 'IPython' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_an_image_with_its_description(name):
    from matplotlib import image

    picture = PICTURES[name]()
    pixels = image.imread(io.BytesIO(picture.png()))
    assert pixels.shape[0] > 100 and pixels.shape[1] > 100
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 3  # something is drawn
    page = picture._repr_html_()
    assert picture.alt.endswith(".") and f'alt="{picture.alt}"' in page
    assert f'width="{pixels.shape[1] // 2}"' in page
    assert not re.search(r'(src|href)="http', page)
    assert repr(picture) == picture.alt


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_lies_over_another(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = PICTURES[name]().figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [text for axes in figure.axes for text in (axes.title, *axes.texts) if text.get_text()] + figure.texts
    boxes = [text.get_window_extent(renderer) for text in texts]
    assert len(boxes) >= 4
    for i, box in enumerate(boxes):
        for other in boxes[:i]:
            shared = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(shared) <= 1, f"{texts[i].get_text()!r} lies over another text"


def test_pictures_leave_no_figure_open_and_change_no_setting():
    import matplotlib.pyplot

    before = dict(matplotlib.rcParams)
    for make in PICTURES.values():
        make().png()
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_a_description_is_escaped():
    assert 'alt="1 picture. &lt;b&gt; &quot;x&quot;:' in plots.images([np.eye(2)], ['<b> "x"'])._repr_html_()


def test_inputs_stay_as_they_were():
    image = np.array([[-1.0, 2.0], [np.nan, 4.0]])
    kept = image.copy()
    plots.images([image], ["a"]).png()
    np.testing.assert_array_equal(image, kept)


def test_a_signed_map_has_its_zero_in_the_middle_of_the_colours():
    (shown, *_) = plots.images([np.array([[-1.0, 3.0]])], ["a"]).figure.axes[0].images
    assert shown.get_clim() == (-3.0, 3.0)
    (shown, *_) = plots.images([np.array([[1.0, 3.0]])], ["a"]).figure.axes[0].images
    assert shown.get_clim() == (1.0, 3.0) and shown.get_cmap().name == "gray"


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: plots.window(np.ones((3, 3)), np.ones((2, 2)), row=2), r"no window at \(2, 0\)"),
        (lambda: plots.window(np.ones((2, 2)), np.ones((3, 3))), "fit"),
        (lambda: plots.tables([np.eye(2)] * 3, list("abc"), signs=["→"]), "3 tables have 2 signs"),
        (lambda: plots.images([np.eye(2)], ["a", "b"]), "1 images and 2 titles"),
        (lambda: plots.images([None], ["edges"]), "'edges' is no image"),
        (lambda: plots.images([np.ones((2, 2, 4))], ["edges"]), r"\(2, 2, 4\)"),
        (lambda: plots.images([np.ones((0, 2))], ["edges"]), r"\(0, 2\)"),
        (lambda: plots.layer((4, 4, 3), (3, 3, 2, 1)), "3 channels, the filters have 2"),
        (lambda: plots.layer((4, 4, 3), (5, 5, 3, 1)), "5 × 5 kernel does not fit into 4 × 4"),
    ],
)
def test_what_cannot_be_drawn_is_said(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_picture_waits_for_a_function_that_is_not_written(capsys):
    with plots.when_ready("correlate2d", "convolve2d"):
        raise NotImplementedError
    said = capsys.readouterr()
    assert "your correlate2d and convolve2d, not all of which are written yet" in said.out and said.err == ""


def test_a_picture_drawn_with_a_wrong_function_says_what_failed(capsys):
    with plots.when_ready("correlate2d"):
        plots.images([None], ["<edges>"]).show()
    assert "your correlate2d, and that failed with ValueError: '<edges>' is no image" in capsys.readouterr().out


def test_a_learner_can_still_interrupt_a_picture():
    with pytest.raises(KeyboardInterrupt), plots.when_ready("correlate2d"):
        raise KeyboardInterrupt


def test_when_all_is_written_the_picture_is_shown(capsys):
    with plots.when_ready("correlate2d"):
        plots.images([np.eye(2)], ["edges"]).show()
    assert capsys.readouterr().out == "1 picture. edges: 2 × 2 pixels, from 0 to 1.\n"
