"""Pictures say in words what they show, and wait politely for functions that are not written yet."""

import doctest
import functools
import importlib
import io
import pkgutil
import re
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from cnncourse import plots
from cnncourse.shapes import ConvShape, DenseShape, FlattenShape, PoolShape, layer_table

RNG = np.random.default_rng(0)
LENET = [
    ("input", (32, 32, 1), 0),
    ("C1", (28, 28, 6), 156),
    ("S2", (14, 14, 6), 0),
    ("C3", (10, 10, 16), 2416),
    ("S4", (5, 5, 16), 0),
    ("C5", (1, 1, 120), 48120),
    ("F6", (84,), 10164),
    ("output", (10,), 850),
]
ALEXNET = [
    ("input", (227, 227, 3), 0),
    ("conv1", (55, 55, 96), 34944),
    ("pool1", (27, 27, 96), 0),
    ("conv2", (27, 27, 256), 614656),
    ("pool2", (13, 13, 256), 0),
    ("conv3", (13, 13, 384), 885120),
    ("conv4", (13, 13, 384), 1327488),
    ("conv5", (13, 13, 256), 884992),
    ("pool5", (6, 6, 256), 0),
    ("fc6", (4096,), 37752832),
    ("fc7", (4096,), 16781312),
    ("fc8", (1000,), 4097000),
]
HISTORY = {
    "loss": [0.9, 0.5, 0.3, 0.2],
    "val_loss": [0.8, 0.4, 0.45, 0.6],
    "accuracy": [0.6, 0.8, 0.9, 0.95],
    "val_accuracy": [0.7, 0.85, 0.84, 0.86],
}
ANIMALS = ["aeroplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse"]
TOPICS = [f"topic-{k}" for k in range(46)]

PICTURES = {
    "window": lambda: plots.window(np.arange(12).reshape(3, 4), np.eye(2), row=1, column=2),
    "tables": lambda: plots.tables([np.eye(2), np.ones((1, 3))], ["a", "b"], signs=["→"]),
    "layer": lambda: plots.layer((6, 7, 4), (3, 2, 4, 6)),
    "images": lambda: plots.images([np.eye(4), -np.eye(4), np.ones((3, 2, 3)), np.zeros((2, 2))], list("abcd")),
    "kernels": lambda: plots.kernels(RNG.normal(size=(5, 5, 1, 6)), before=RNG.normal(size=(5, 5, 1, 6))),
    "kernels in colours": lambda: plots.kernels(RNG.normal(size=(3, 3, 3, 8))),
    "feature maps": lambda: plots.feature_maps(RNG.normal(size=(4, 6, 5)), titles=ANIMALS[:5]),
    "learning curves": lambda: plots.learning_curves(HISTORY),
    "one epoch": lambda: plots.learning_curves({name: curve[:1] for name, curve in HISTORY.items()}),
    "histories": lambda: plots.learning_curves({"MLP": HISTORY, "CNN": {"loss": [0.5, 0.1], "val_loss": [0.4, 0.3]}}),
    "confusions of 5": lambda: plots.confusion_matrix(10000 * np.eye(5, dtype=int) + 1000, ANIMALS[:5]),
    "confusions of 8": lambda: plots.confusion_matrix(1111 * np.eye(8, dtype=int) + 100, ANIMALS),
    "confusions of 46": lambda: plots.confusion_matrix(np.triu(np.ones((46, 46))), TOPICS),
    "mistakes": lambda: plots.mistakes(
        RNG.random((9, 8, 8)), np.arange(9) % 8, (np.arange(9) + 1) % 8, np.full((9, 8), 0.9876), ANIMALS
    ),
    "LeNet-5": lambda: plots.architecture(LENET),
    "AlexNet": lambda: plots.architecture(ALEXNET),
}


@functools.cache
def drawn(name):
    return PICTURES[name]()


def test_the_examples_in_the_documentation_are_true():
    names = [module.name for module in pkgutil.iter_modules(plots.__path__, "cnncourse.plots.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(r.failed for r in results) == 0 and sum(r.attempted for r in results) >= len(plots.__all__)


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, cnncourse.plots; print('matplotlib' in sys.modules, 'IPython' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_an_image_with_its_description(name):
    from matplotlib import image

    picture = drawn(name)
    pixels = image.imread(io.BytesIO(picture.png()))
    assert pixels.shape[0] > 100 and pixels.shape[1] > 100
    assert len(np.unique((255 * pixels).astype(np.uint8).view(np.uint32))) > 3  # something is drawn
    page = picture._repr_html_()
    assert picture.alt.endswith(".") and f'alt="{picture.alt}"' in page
    assert f'width="{pixels.shape[1] // 2}"' in page
    assert not re.search(r'(src|href)="http', page)
    assert repr(picture) == picture.alt


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_lies_over_another(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = drawn(name).figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        texts += [axes.title, *axes.texts]
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            texts += [tick.label1 for tick in axes.xaxis.get_major_ticks() if tick.label1.get_visible()]
            texts += [tick.label1 for tick in axes.yaxis.get_major_ticks() if tick.label1.get_visible()]
    texts = [text for text in texts if text.get_text()]
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
        make()
    PICTURES["images"]().png()
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", [name for name in PICTURES if name not in ("window", "tables", "layer", "images")])
def test_a_picture_is_narrow_enough_for_a_telephone(name):
    # 390 pixels for at most 5.2 inches: nine points are then nine pixels.
    from matplotlib.text import Text

    figure = drawn(name).figure
    assert figure.get_figwidth() <= 5.2 + 1e-9
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 7


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


def test_images_without_a_number_are_drawn_without_a_warning():
    nothing = np.full((2, 3), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = plots.images([nothing, np.stack([nothing] * 3, axis=2)], ["a", "b"])
        assert picture.png()
    assert picture.alt == "2 pictures. a: 2 × 3 pixels, all NaN. b: 2 × 3 pixels in colour, all NaN."


def test_a_layer_of_a_photograph_is_drawn_as_whole_sheets():
    """A rectangle for each of its 154,587 pixels would take minutes, and its edges would cover it."""
    small, large = plots.layer((5, 6, 3), (3, 3, 3, 2)), plots.layer((227, 227, 3), (11, 11, 3, 2))
    assert len(small.figure.axes[0].patches) >= 3 * 5 * 6 + 2 * 3 * 3 * 3 + 2 * 3 * 4
    assert len(large.figure.axes[0].patches) < 1000
    assert large.png()


def shown(picture):
    """What a picture's images are made of, in order, and their limits; without the scale beneath them."""
    drawn = [axes.images[0] for axes in picture.figure.axes if axes.images and axes.get_label() != "scale"]
    return [np.asarray(image.get_array()) for image in drawn], {image.get_clim() for image in drawn}


def test_every_kernel_is_drawn_on_one_scale_with_zero_in_the_middle():
    weights = RNG.normal(size=(3, 5, 1, 7))
    weights[0, 0, 0, 2] = -9
    arrays, limits = shown(plots.kernels(weights))
    assert len(arrays) == 7 and limits == {(-9, 9)}
    for f, array in enumerate(arrays):
        np.testing.assert_array_equal(array, weights[:, :, 0, f])


def test_kernels_before_training_stand_left_of_the_same_kernels_after():
    before, after = RNG.uniform(-1, 1, (2, 3, 3, 1, 5))
    before[1, 1, 0, 4] = 2
    picture = plots.kernels(after, before=before)
    arrays, limits = shown(picture)
    assert limits == {(-2, 2)}
    boxes = [axes.get_position() for axes in picture.figure.axes[:10]]
    for f in range(5):
        np.testing.assert_array_equal(arrays[f], before[:, :, 0, f])
        np.testing.assert_array_equal(arrays[5 + f], after[:, :, 0, f])
        assert boxes[f].x1 < 0.5 < boxes[5 + f].x0
        assert boxes[f].y0 == pytest.approx(boxes[5 + f].y0)
    assert [text.get_text() for text in picture.figure.texts] == ["before training", "after training"]


def test_the_kernel_that_changed_most_is_named():
    before = np.zeros((2, 2, 1, 3))
    after = before.copy()
    after[..., 0], after[..., 1] = 0.5, [[[1], [-1]], [[1], [3]]]
    assert plots.kernels(after, before=before).alt.endswith(
        "Left, before training, they go from 0 to 0; right, after training, from -1 to 3. "
        "Kernel 1 changed most, by 1.5 in the mean over its weights, kernel 2 least, by 0."
    )
    assert plots.kernels(after, before=after).alt.endswith("No kernel changed.")


def test_three_channels_are_colours_around_grey():
    weights = np.zeros((1, 2, 3, 1))
    weights[0, 0, :, 0], weights[0, 1, :, 0] = [4, -4, 0], [2, 0, -1]
    (colours,), _ = shown(plots.kernels(weights))
    np.testing.assert_allclose(colours, [[[1, 0, 0.5], [0.75, 0.5, 0.375]]])


@pytest.mark.parametrize("channel, expected", [(0, [[1, -2]]), (3, [[7, 0]]), ("mean", [[3, -1]])])
def test_of_many_channels_the_one_asked_for_is_shown(channel, expected):
    weights = np.array([[[1, 3, 1, 7], [-2, -4, 2, 0]]])[..., None]
    (array,), _ = shown(plots.kernels(weights, channel=channel))
    np.testing.assert_array_equal(array, expected)
    assert ("mean over 4 channels" if channel == "mean" else f"channel {channel} of 4") in plots.kernels(
        weights, channel=channel
    ).alt


def test_kernels_of_zeros_can_be_drawn():
    arrays, limits = shown(plots.kernels(np.zeros((3, 3, 1, 2), dtype=int)))
    assert limits == {(-1, 1)} and not np.any(arrays)


def test_feature_maps_share_one_scale_that_begins_at_zero():
    maps = RNG.random((4, 6, 5)) + 1
    maps[2, 3, 1] = 8
    picture = plots.feature_maps(maps)
    arrays, limits = shown(picture)
    assert limits == {(0, 8)}
    np.testing.assert_array_equal(np.stack(arrays, axis=-1), maps)
    assert [axes.get_title() for axes in picture.figure.axes[:5]] == list("01234")
    assert "0 is black, 8 white. The largest stands in map 1." in picture.alt


def test_feature_maps_with_negative_numbers_have_zero_in_the_middle():
    _, limits = shown(plots.feature_maps(np.array([[[-3.0, 1.0]], [[0.0, 2.0]]])))
    assert limits == {(-3, 3)}


def test_each_feature_map_can_have_its_own_scale():
    maps = np.array([[[-3.0, 1.0, 0.0]], [[0.0, 2.0, 0.0]]])
    picture = plots.feature_maps(maps, own_scale=True)
    assert [axes.images[0].get_clim() for axes in picture.figure.axes] == [(-3, 0), (1, 2), (0, 0)]
    assert picture.alt.endswith("its own largest, white. The largest stands in map 1; map 2 is 0 everywhere.")


def test_the_pictures_of_a_grid_have_the_shape_of_their_arrays():
    figure = plots.feature_maps(np.ones((3, 9, 6))).figure
    width, height = figure.get_size_inches()
    for axes in figure.axes[:6]:
        box = axes.get_position()
        assert box.width * width / (box.height * height) == pytest.approx(3)


def curves(axes):
    """The curves of axes by what they say, without rings and marks of epochs."""
    return {line.get_label(): line.get_ydata().tolist() for line in axes.lines if not line.get_label().startswith("_")}


def rings(axes):
    return [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_markersize() == 12]


def test_losses_are_on_the_left_axis_and_accuracies_on_the_right():
    left, right = drawn("learning curves").figure.axes
    assert curves(left) == {"training loss": HISTORY["loss"], "validation loss": HISTORY["val_loss"]}
    assert curves(right) == {"training accuracy": HISTORY["accuracy"], "validation accuracy": HISTORY["val_accuracy"]}
    assert left.yaxis.get_label_position() == "left" and right.yaxis.get_label_position() == "right"
    assert left.get_ylim()[0] == 0 and right.get_ylim()[1] <= 1
    assert all(line.get_xdata()[0] == 1 for line in left.lines[:2])


def test_training_and_validation_differ_in_more_than_colour():
    train, valid = drawn("learning curves").figure.axes[0].lines[:2]
    assert train.get_linestyle() != valid.get_linestyle() and train.get_markerfacecolor() != valid.get_markerfacecolor()


def test_the_best_epoch_is_that_of_the_lowest_validation_loss():
    left, right = drawn("learning curves").figure.axes
    assert rings(left) == [(2, 0.4)] and rings(right) == []
    assert drawn("learning curves").alt == (
        "Learning curves over 4 epochs. The training loss falls from 0.9 to 0.2. The validation loss begins at 0.8, is "
        "lowest at epoch 2 with 0.4 and ends at 0.6. The training accuracy rises from 0.6 to 0.95. The validation "
        "accuracy rises from 0.7 to 0.86. Best by validation loss: epoch 2 with 0.4."
    )


def test_the_best_epoch_can_be_that_of_the_highest_accuracy():
    left, right = plots.learning_curves(HISTORY, monitor="val_accuracy").figure.axes
    assert rings(left) == [] and rings(right) == [(4, 0.86)]


def test_of_equally_good_epochs_the_first_is_best():
    (axes,) = plots.learning_curves({"val_loss": [0.5, 0.2, 0.3, 0.2]}).figure.axes
    assert rings(axes) == [(2, 0.2)]


def test_without_validation_no_epoch_is_best():
    picture = plots.learning_curves({"loss": [0.5, 0.2], "learning_rate": [0.1, 0.05]})
    (axes,) = picture.figure.axes
    assert rings(axes) == [] and curves(axes) == {"training loss": [0.5, 0.2]}
    assert picture.alt == "Learning curves over 2 epochs. The training loss falls from 0.5 to 0.2."


def test_accuracies_alone_are_drawn_too():
    (axes,) = plots.learning_curves({"val_accuracy": [0.5, 0.7, 0.7]}).figure.axes
    assert axes.get_ylabel() == "accuracy" and rings(axes) == [(2, 0.7)]


def test_one_epoch_is_a_point_on_the_paper():
    picture = drawn("one epoch")
    for axes in picture.figure.axes:
        for line in axes.lines[:2]:
            assert line.get_marker() in ("o", "s")
            assert axes.get_xlim()[0] < line.get_xdata()[0] < axes.get_xlim()[1]
            assert axes.get_ylim()[0] < line.get_ydata()[0] < axes.get_ylim()[1]
    assert "over 1 epoch. The training loss is 0.9." in picture.alt


def test_epochs_are_whole_numbers_from_1_to_the_last():
    for count, ticks in ((1, [1]), (3, [1, 2, 3]), (12, [2, 4, 6, 8, 10, 12]), (40, [5, 10, 15, 20, 25, 30, 35, 40])):
        axes = plots.learning_curves({"loss": np.ones(count)}).figure.axes[0]
        assert axes.get_xticks().tolist() == ticks


def test_epochs_without_validation_are_gaps():
    from cnncourse.networks import Dense, Sequential
    from cnncourse.optimizers import SGD
    from cnncourse.training import Trainer

    x, y = np.eye(4), np.arange(4)
    trainer = Trainer(Sequential([Dense(4)], (4,)), SGD(1.0))
    trainer.fit(x, y, 2, progress=False)
    history = trainer.fit(x, y, 3, validation_data=(x, y), progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = plots.learning_curves(history)
        both = plots.learning_curves({"a": history, "b": HISTORY})
        assert picture.png() and both.png()
    left = picture.figure.axes[0]
    np.testing.assert_array_equal(curves(left)["validation loss"], history["val_loss"])
    assert np.isnan(history["val_loss"][:2]).all()
    assert rings(left) == [(5, history["val_loss"][4])]
    assert np.isfinite(left.get_ylim()).all()
    for alt in (picture.alt, both.alt):
        assert "The validation loss, known for 3 of 5 epochs, falls from" in alt
        assert "Best by validation loss: epoch 5" in alt


def test_a_lone_epoch_between_gaps_has_its_mark():
    validation = [np.nan] * 20 + [0.5] + [np.nan] * 19
    axes = plots.learning_curves({"loss": [1.0] * 40, "val_loss": validation}).figure.axes[0]
    assert {line.get_label(): line.get_markevery() for line in axes.lines}["validation loss"] == 1


def test_histories_are_compared_panel_by_panel():
    losses, accuracies = drawn("histories").figure.axes
    drawn_losses = [line.get_ydata().tolist() for line in losses.lines if line.get_markersize() != 12]
    assert drawn_losses == [HISTORY["loss"], HISTORY["val_loss"], [0.5, 0.1], [0.4, 0.3]]
    assert len({(line.get_color(), line.get_marker()) for line in losses.lines if line.get_markersize() != 12}) == 2
    assert rings(losses) == [(2, 0.4), (2, 0.3)] and rings(accuracies) == []
    assert curves(accuracies) == {"MLP": HISTORY["val_accuracy"]}
    assert losses.get_xlim() == accuracies.get_xlim()
    assert losses.get_position().y0 > accuracies.get_position().y1
    said = [text.get_text() for text in drawn("histories").figure.legends[0].get_texts()]
    assert said == ["MLP", "CNN", "validation", "training", "best validation loss"]
    assert "CNN, 2 epochs: The training loss falls from 0.5 to 0.1." in drawn("histories").alt


def test_what_keras_returns_from_fit_can_be_drawn():
    returned = SimpleNamespace(history=HISTORY)
    assert plots.learning_curves(returned).alt == drawn("learning curves").alt
    alone = plots.learning_curves({"MLP": returned}).alt
    assert alone.startswith("Learning curves of 1 history. MLP, 4 epochs: The training loss falls from 0.9 to 0.2.")


COUNTS = np.array([[8, 2, 0], [0, 30, 10], [0, 0, 0]])


def test_confusions_are_shaded_by_their_share_of_the_true_class():
    (array,), limits = shown(plots.confusion_matrix(COUNTS))
    np.testing.assert_allclose(array**2, [[0.8, 0.2, 0], [0, 0.75, 0.25], [0, 0, 0]])
    assert limits == {(0, 1)}


def test_confusions_are_written_as_counts_and_shares():
    axes = plots.confusion_matrix(COUNTS, ["cat", "dog", "owl"]).figure.axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[0, 0] == "8\n80 %" and written[1, 0] == "2\n20 %"  # (column, row)
    assert written[2, 1] == "10\n25 %" and written[0, 1] == "0\n0 %" and written[2, 2] == "–"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat", "dog", "owl"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")


def test_confusions_are_told_from_the_most_frequent_on():
    assert plots.confusion_matrix(COUNTS, ["cat", "dog", "owl"]).alt == (
        "Confusion matrix of 3 classes, true ones in rows. 38 of 50 are right, on the diagonal (76 %). Most often "
        "confused: dog taken for owl, 10 times (25 % of dog); cat taken for dog, 2 times (20 % of cat). There is no "
        "example of owl. Counts: cat as cat 8, cat as dog 2, cat as owl 0; dog as cat 0, dog as dog 30, dog as owl 10; "
        "owl as cat 0, owl as dog 0, owl as owl 0."
    )
    assert "(100 %). Nothing is confused. Counts" in plots.confusion_matrix(np.eye(2)).alt


def test_with_ten_classes_the_share_that_is_right_stands_beside_each_row():
    matrix = np.diag(np.arange(10, 110, 10))
    matrix[3, 5] = 10
    axes = plots.confusion_matrix(matrix).figure.axes[0]
    beside = {text.get_position()[1]: text.get_text() for text in axes.texts if text.get_position()[0] > 9}
    assert beside[3] == "80 %" and beside[4] == "100 %"
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts[5, 3] == "10" and counts[3, 5] == "" and counts[9, 9] == "100"


def test_with_46_classes_only_shades_are_left_and_the_confusions_are_named():
    matrix = 100 * np.eye(46, dtype=int)
    for times, (i, j) in enumerate([(1, 2), (45, 0), (7, 8), (8, 7), (3, 40), (0, 1)], start=1):
        matrix[i, j] = times
    picture = plots.confusion_matrix(matrix, TOPICS)
    assert not picture.figure.axes[0].texts
    named = [
        "topic-0 taken for topic-1, 6 times (5.7 % of topic-0)",
        "topic-3 taken for topic-40, 5 times (4.8 % of topic-3)",
        "topic-8 taken for topic-7, 4 times (3.8 % of topic-8)",
        "topic-7 taken for topic-8, 3 times (2.9 % of topic-7)",
        "topic-45 taken for topic-0, 2 times (2 % of topic-45)",
    ]
    assert [text.get_text() for text in picture.figure.texts][1:] == ["most often confused:", *named]
    assert picture.alt.endswith(f"Most often confused: {'; '.join(named)}.")


def test_every_number_can_be_told_from_its_cell():
    from matplotlib.colors import to_rgb

    def luminance(colour):  # WCAG 2.2, relative luminance
        parts = np.asarray(colour[:3], float)
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for right in range(0, 101, 4):
        axes = plots.confusion_matrix([[right, 100 - right], [50, 50]]).figure.axes[0]
        for text in axes.texts[:2]:
            shade = axes.images[0].to_rgba(axes.images[0].get_array()[0, text.get_position()[0]])
            pair = luminance(shade), luminance(to_rgb(text.get_color()))
            assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5


def captions(picture):
    """The heading, and the two lines beneath each image."""
    head, *lines = [text.get_text() for text in picture.figure.texts]
    return head, list(zip(lines[::2], lines[1::2], strict=True))


def test_mistakes_come_with_the_surest_first():
    images = np.arange(5)[:, None, None] * np.full((1, 2, 3), 0.2)
    labels, predictions = [0, 1, 2, 0, 1], [1, 1, 0, 2, 0]
    probabilities = np.array([[0.3, 0.6, 0.1], [0, 1, 0], [0.9, 0.1, 0], [0.05, 0, 0.95], [0.6, 0.4, 0]])
    picture = plots.mistakes(images, labels, predictions, probabilities)
    arrays, limits = shown(picture)
    assert limits == {(0, 1)}
    for array, number in zip(arrays, [3, 2, 0, 4], strict=True):  # 0 and 4 are equally sure
        np.testing.assert_array_equal(array, images[number])
    head, lines = captions(picture)
    assert head == "4 of 5 wrong, the surest first"
    assert lines == [
        ("is 0", "said 2, 95 %"),
        ("is 2", "said 0, 90 %"),
        ("is 0", "said 1, 60 %"),
        ("is 1", "said 0, 60 %"),
    ]
    assert picture.alt == (
        "4 of 5 images are classified wrongly (80 %). Shown, the surest first: 0 taken for 2 with 95 %, 2 taken for 0 "
        "with 90 %, 0 taken for 1 with 60 % and 1 taken for 0 with 60 %."
    )


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_a_sigmoid_says_the_probability_of_class_1(shape):
    probabilities = np.reshape([0.2, 0.6, 0.9], shape)
    picture = plots.mistakes(np.zeros((3, 2, 2, 1)), [1, 0, 1], [0, 1, 1], probabilities, ["cat", "dog"])
    assert captions(picture)[1] == [("is dog", "said cat, 80 %"), ("is cat", "said dog, 60 %")]


def test_without_probabilities_mistakes_keep_their_order_and_only_so_many_are_shown():
    images = np.random.default_rng(1).integers(0, 256, (40, 3, 3, 3), dtype=np.uint8)
    labels, predictions = np.zeros(40, int), np.arange(40) % 2
    picture = plots.mistakes(images, labels, predictions, count=7)
    arrays, _ = shown(picture)
    np.testing.assert_allclose(arrays, images[1:14:2] / 255)
    head, lines = captions(picture)
    assert head == "7 of 20 mistakes" and lines == [("is 0", "said 1")] * 7
    assert picture.alt.startswith("20 of 40 images are classified wrongly (50 %). Shown are 7: 0 taken for 1, 0 taken")


def test_standardised_images_are_stretched_from_their_smallest_to_their_largest_number():
    images = np.array([[[-1.5, 0.0]], [[2.5, 1.0]]])
    _, limits = shown(plots.mistakes(images, [0, 1], [1, 1]))
    assert limits == {(-1.5, 2.5)}
    _, limits = shown(plots.mistakes(np.array([[[3.0, 9.0]]]), [0], [1]))
    assert limits == {(0, 255)}


def test_long_names_leave_room_for_themselves():
    names = ["a rather long name of a class", "another"]
    figure = plots.mistakes(np.zeros((9, 4, 4)), np.zeros(9, int), np.ones(9, int), class_names=names).figure
    assert len({round(axes.get_position().x0, 6) for axes in figure.axes}) == 2  # columns


def test_no_mistakes_are_said_and_not_drawn():
    picture = plots.mistakes(np.zeros((12, 2, 2)), np.ones(12), np.ones(12))
    assert picture.alt == "No mistakes: 12 of 12 are right." and not picture.figure.axes
    assert picture.figure.texts[0].get_text() == picture.alt


def bodies(picture):
    """The faces of every layer: ``{name: {face: (left, upper, right, lower)}}`` in inches."""
    found = {}
    for patch in picture.figure.axes[0].patches:
        if patch.get_gid():
            name, face = patch.get_gid().split(": ")
            x, y = patch.get_xy().T
            found.setdefault(name, {})[face] = x.min(), y.min(), x.max(), y.max()
    return found


def width(box):
    return box[2] - box[0]


def height(box):
    return box[3] - box[1]


@pytest.mark.parametrize("rows", [LENET, ALEXNET], ids=["LeNet-5", "AlexNet"])
def test_edges_are_proportional_to_height_width_channels_and_units(rows):
    found = bodies(plots.architecture(rows))
    assert list(found) == [name for name, _, _ in rows]
    maps = {name: shape for name, shape, _ in rows if len(shape) == 3 and shape[:2] != (1, 1)}
    units = {name: shape[-1] for name, shape, _ in rows if name not in maps}
    per_pixel = [height(found[name]["front"]) / shape[0] for name, shape in maps.items()]
    per_pixel_back = [width(found[name]["side"]) / shape[1] for name, shape in maps.items()]
    per_channel = [width(found[name]["front"]) / shape[2] for name, shape in maps.items()]
    per_unit = [height(found[name]["front"]) / count for name, count in units.items()]
    for ratios in (per_pixel, per_pixel_back, per_channel, per_unit):
        np.testing.assert_allclose(ratios, ratios[0])
    assert {len(found[name]) for name in maps} == {3} and {len(found[name]) for name in units} == {1}


@pytest.mark.parametrize("rows", [LENET, ALEXNET], ids=["LeNet-5", "AlexNet"])
def test_bodies_stand_apart_and_on_the_paper(rows):
    picture = plots.architecture(rows)
    right, lower = picture.figure.get_size_inches()
    boxes = [
        (min(b[0] for b in faces), min(b[1] for b in faces), max(b[2] for b in faces), max(b[3] for b in faces))
        for faces in (layer.values() for layer in bodies(picture).values())
    ]
    for i, a in enumerate(boxes):
        assert -1e-9 <= a[0] and a[2] <= right and -1e-9 <= a[1] and a[3] <= lower
        for b in boxes[:i]:
            assert min(a[2], b[2]) - max(a[0], b[0]) < 0 or min(a[3], b[3]) - max(a[1], b[1]) < 0


def test_names_shapes_and_parameters_stand_beneath_the_layers():
    said = [text.get_text() for text in drawn("LeNet-5").figure.axes[0].texts if text.get_text()]
    assert said[:5] == ["input", "32 × 32 × 1", "C1", "28 × 28 × 6", "156 params"]
    assert said[-4:] == ["output", "10", "850 params", "in all 61,706 params"]
    assert "0 params" in said
    alt = drawn("AlexNet").alt
    assert "conv1 55 × 55 × 96 with 34,944 params; pool1 27 × 27 × 96; conv2" in alt
    assert "In all 62,378,344 params. The feature maps are boxes, the first 227 high and 3 channels long" in alt
    assert alt.endswith("The plain numbers are bars of 4,096, 4,096 and 1,000.")


def test_layers_run_like_a_text_from_line_to_line():
    found = [faces["front"] for faces in bodies(plots.architecture(ALEXNET)).values()]
    middles = [(box[0] + box[2]) / 2 for box in found]
    for start in (0, 4, 8):
        assert middles[start : start + 4] == sorted(middles[start : start + 4])
    assert max(b[3] for b in found[:4]) < min(b[1] for b in found[4:8])
    assert max(b[3] for b in found[4:8]) < min(b[1] for b in found[8:])
    first, second = (faces["front"] for faces in bodies(plots.architecture(ALEXNET[-2:])).values())
    assert first[1] + first[3] == pytest.approx(second[1] + second[3]) and first[2] < second[0]


def test_a_layer_table_is_drawn_as_it_is():
    layers = [ConvShape(6, 5, name="C1"), PoolShape(2, name="S2"), FlattenShape(), DenseShape(10, name="output")]
    table = layer_table((28, 28, 1), layers)
    plain = [("input", (None, 28, 28, 1), 0), ("C1", (None, 24, 24, 6), 156), ("S2", (None, 12, 12, 6), 0)]
    plain += [("flatten", (None, 864), 0), ("output", (None, 10), 8650)]
    assert plots.architecture(table).alt == plots.architecture(plain).alt
    assert bodies(plots.architecture(table)) == bodies(plots.architecture(plain))


def test_sequences_are_sheets():
    rows = [("tokens", (50,), None), ("embedding", (50, 8), 4000), ("conv1d", (46, 16), 656)]
    picture = plots.architecture(rows)
    found = bodies(picture)
    assert all(list(faces) == ["front"] for faces in found.values())
    assert height(found["embedding"]["front"]) / height(found["conv1d"]["front"]) == pytest.approx(50 / 46)
    assert width(found["conv1d"]["front"]) / width(found["embedding"]["front"]) == pytest.approx(2)
    assert "The feature maps are sheets, the first 50 high and 8 channels long, the last 46 high and 16" in picture.alt


def test_no_input_of_a_picture_is_written_to():
    weights, maps = RNG.normal(size=(3, 3, 3, 2)), RNG.normal(size=(3, 3, 2))
    counts, images = COUNTS.copy(), RNG.random((3, 2, 2))
    history = {name: np.array(curve) for name, curve in HISTORY.items()}
    for array in (weights, maps, counts, images, *history.values()):
        array.flags.writeable = False
    plots.kernels(weights, before=weights)
    plots.feature_maps(maps)
    plots.confusion_matrix(counts)
    plots.learning_curves(history)
    plots.mistakes(images, [0, 1, 1], [1, 1, 0], [0.5, 0.6, 0.4])


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: plots.window(np.ones((3, 3)), np.ones((2, 2)), row=2), r"no window at \(2, 0\)"),
        (lambda: plots.window(np.ones((2, 2)), np.ones((3, 3))), "fit"),
        (lambda: plots.tables([np.eye(2)] * 3, list("abc"), signs=["→"]), "3 tables have 2 signs"),
        (lambda: plots.images([np.eye(2)], ["a", "b"]), "1 images and 2 titles"),
        (lambda: plots.tables([np.eye(2)] * 2, ["a"]), "2 tables and 1 titles"),
        (lambda: plots.tables([], []), "at least one table, got none"),
        (lambda: plots.tables([np.ones(3)], ["a"]), r"'a' must have the shape \(rows, columns\), got \(3,\)"),
        (lambda: plots.images([], []), "at least one image, got none"),
        (lambda: plots.images([np.eye(2)], ["a"], columns=0), "columns must be at least 1, got 0"),
        (lambda: plots.images([None], ["edges"]), "'edges' is no image"),
        (lambda: plots.images([np.ones((2, 2, 4))], ["edges"]), r"\(2, 2, 4\)"),
        (lambda: plots.images([np.ones((0, 2))], ["edges"]), r"\(0, 2\)"),
        (lambda: plots.layer((4, 4, 3), (3, 3, 2, 1)), "3 channels, the filters have 2"),
        (lambda: plots.layer((4, 4, 3), (5, 5, 3, 1)), "5 × 5 kernel does not fit into 4 × 4"),
        (lambda: plots.kernels(np.ones((3, 3, 4))), r"kernels must have the shape \(kh, kw, C, F\), got \(3, 3, 4\)"),
        (lambda: plots.kernels(np.ones((3, 3, 4, 2))), "have 4 channels: say which"),
        (lambda: plots.kernels(np.ones((3, 3, 4, 2)), channel=4), "from 0 to 3, got 4"),
        (lambda: plots.kernels(np.ones((3, 3, 1, 2)), channel="max"), "'mean' or a number from 0 to 0, got 'max'"),
        (lambda: plots.kernels(np.ones((3, 3, 1, 2)), np.ones((3, 3, 1, 3))), r"before has the shape \(3, 3, 1, 3\)"),
        (lambda: plots.kernels(np.full((3, 3, 1, 2), np.nan)), "18 of its 18 entries are NaN"),
        (lambda: plots.kernels(np.ones((3, 3, 1, 0))), r"at least one entry, got the shape \(3, 3, 1, 0\)"),
        (lambda: plots.kernels(np.ones((3, 3, 1, 2)), columns=0), "columns must be at least 1, got 0"),
        (lambda: plots.kernels([["a"]]), "kernels must hold numbers"),
        (lambda: plots.feature_maps(np.ones((1, 4, 4, 2))), r"those of one image, .* take maps\[0\]"),
        (lambda: plots.feature_maps(np.ones((4, 4))), r"maps must have the shape \(H, W, C\), got \(4, 4\)"),
        (lambda: plots.feature_maps(np.ones((4, 4, 2)), titles=["a"]), "2 feature maps and 1 titles"),
        (lambda: plots.feature_maps(np.full((4, 4, 2), np.inf)), "NaN or infinite"),
        (lambda: plots.learning_curves({}), "it is empty"),
        (lambda: plots.learning_curves({"mae": [1]}), "must have one of loss, val_loss, .* it has 'mae'"),
        (lambda: plots.learning_curves([0.1]), "dict of lists, got list"),
        (lambda: plots.learning_curves({"loss": []}), r"history\['loss'\] must have at least one"),
        (lambda: plots.learning_curves({"loss": [1, 2], "val_loss": [1]}), "{'loss': 2, 'val_loss': 1}"),
        (lambda: plots.learning_curves({"a": {"loss": [np.nan]}}), r"history\['a'\]\['loss'\] must be finite"),
        (lambda: plots.learning_curves({"loss": [1, np.nan]}), r"history\['loss'\] must be finite, but 1 of its 2"),
        (lambda: plots.learning_curves({"val_loss": [1, np.inf]}), r"history\['val_loss'\] must be finite, but 1 of"),
        (lambda: plots.learning_curves({"val_loss": [np.nan]}), "must have one of"),
        (lambda: plots.learning_curves({"loss": [1]}, monitor="mae"), "monitor must be one of .*, got 'mae'"),
        (lambda: plots.learning_curves({"loss": [1]}, monitor="val_loss"), "no 'val_loss' .* it has loss"),
        (lambda: plots.confusion_matrix(np.ones((2, 3))), r"square, .* got \(2, 3\)"),
        (lambda: plots.confusion_matrix([[3]]), r"two classes or more, got \(1, 1\)"),
        (lambda: plots.confusion_matrix([[1, -1], [0, 1]]), "counts"),
        (lambda: plots.confusion_matrix([[0.9, 0.1], [0, 1]]), "counts"),
        (lambda: plots.confusion_matrix(np.zeros((2, 2))), "at least one example"),
        (lambda: plots.confusion_matrix(np.full((2, 2), np.nan)), "NaN"),
        (lambda: plots.confusion_matrix(np.eye(2), ["cat"]), "2 classes and 1 class_names"),
        (lambda: plots.mistakes(np.ones((2, 3, 3)), [0], [0]), "2 images and 1 labels"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [0, 1]), "1 images and 2 predictions"),
        (lambda: plots.mistakes(np.ones((1, 3, 3, 2)), [0], [1]), r"images must have the shape \(N, H, W\)"),
        (lambda: plots.mistakes(np.ones((0, 3, 3)), [], []), "labels must have at least one entry"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [[0.1, 0.9]]), r"take predictions.argmax\(axis=1\)"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [0.9]), "predictions must be class numbers"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [2], None, ["a", "b"]), "2 names, but there is a class 2"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [2], [0.7]), "2 classes, but class 2 was said"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [1], [[0.7, 0.3]] * 2), "1 images and 2 probabilities"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [1], [[-3, 4.0]]), "from 0 to 1, got numbers from -3 to 4"),
        (lambda: plots.mistakes(np.ones((1, 3, 3)), [0], [1], count=0), "at least 1, got 0 and 5"),
        (lambda: plots.mistakes(np.full((1, 3, 3), np.nan), [0], [1]), "9 of its 9 entries are NaN"),
        (lambda: plots.architecture([]), "at least one layer"),
        (lambda: plots.architecture([("conv", (3, 3, 1))]), r"got \('conv', \(3, 3, 1\)\)"),
        (lambda: plots.architecture([("conv", (3, 2.5, 1), 0)]), "a row must be"),
        (lambda: plots.architecture([("conv", (0, 3, 1), 0)]), r"conv: a shape must be .* got \(0, 3, 1\)"),
        (lambda: plots.architecture([("conv", (), 0)]), r"conv: a shape must be .* got \(\)"),
        (lambda: plots.architecture([("conv", (3, 3, 1), -1)]), "conv: parameters must be at least 0, got -1"),
        (lambda: plots.architecture(LENET, columns=0), "columns must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_drawn_is_said(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_spread_that_shrinks_and_one_that_dies_are_drawn_and_told():
    picture = plots.spread({"small": [1, 1e-4, 1e-8], "zeros": [1, 0, 0]}, "gradients")
    assert picture.alt == (
        "Standard deviation of the gradients, layer by layer. small: from 1 to 1e-08 in 3 layers. "
        "zeros: from 1 to 0 in 3 layers."
    )
    (axes,) = picture.figure.axes
    assert axes.get_yscale() == "log"
    drawn = [line.get_ydata() for line in axes.lines]
    assert drawn[0].tolist() == [1, 1e-4, 1e-8]
    assert drawn[1][0] == 1 and np.isnan(drawn[1][1:]).all()
    assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("layers, sentence", [({}, "at least one network"), ({"a": [1, -1]}, r"layers\['a'\] .* -1")])
def test_a_spread_of_nothing_or_below_0_is_refused(layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.spread(layers)


def test_a_picture_from_a_stand_in_says_so_and_one_from_the_real_set_does_not():
    picture = plots.images([np.eye(2)], ["edges"])
    stand_in = picture.on(SimpleNamespace(caption="generated reviews in place of <IMDB>"))
    assert "<figcaption" in stand_in._repr_html_()
    assert "Made from generated reviews in place of &lt;IMDB&gt;." in stand_in._repr_html_()
    assert repr(stand_in) == f"{picture.alt} Made from generated reviews in place of <IMDB>."
    real = picture.on(SimpleNamespace(caption=""))
    assert "figcaption" not in real._repr_html_() and repr(real) == picture.alt


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
