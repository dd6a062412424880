"""The pictures of the notebooks and the book: windows sliding over numbers, the stacks of a layer, feature maps.

Every function returns a :class:`Picture`, which a notebook shows when it is a cell's last line, or when its ``show()``
is called. A picture carries its description in words, so those who cannot see it lose nothing. matplotlib is imported
when the first picture is drawn.
"""

from __future__ import annotations

import base64
import contextlib
import html
import io
from collections.abc import Iterator, Sequence

import numpy as np

__all__ = ["Picture", "images", "layer", "tables", "when_ready", "window"]

INK, FAINT, ACCENT, PAPER = "#1f2933", "#c3ccd5", "#c2410c", "#ffffff"
WINDOW, RESULT = "#fde8d7", "#d6e8fa"  # the pixels being read, the entry being written
PIXELS_PER_INCH = 84  # on the page; drawn at twice that


class Picture:
    """A figure with its description. Notebooks show it; in a terminal it prints the description.

    Args:
        figure: a ``matplotlib.figure.Figure``.
        alt: what can be seen in it, in words.
    """

    def __init__(self, figure, alt: str):
        self.figure = figure
        self.alt = alt

    def show(self) -> None:
        """Show the picture here, which a cell's last line does by itself."""
        _show(self)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        style = {"facecolor": PAPER, "bbox_inches": "tight", "pad_inches": 0.1}
        self.figure.savefig(file, format="png", dpi=2 * PIXELS_PER_INCH, **style)
        return file.getvalue()

    def _repr_html_(self) -> str:
        png = self.png()
        width = int.from_bytes(png[16:20], "big") // 2  # a PNG's header holds its width
        return (
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{html.escape(self.alt)}" '
            f'width="{width}" style="max-width: 100%; height: auto; border-radius: 6px">'
        )

    def __repr__(self) -> str:
        return self.alt


def window(image, kernel, row: int = 0, column: int = 0) -> Picture:
    """A kernel over one window of an image: the numbers it meets, and the output entry they make (cross-correlation).

    Args:
        image: ``(H, W)``, small enough to be read as numbers.
        kernel: ``(kh, kw)``, no larger than the image.
        row, column: where the window's upper left corner lies, which is also the output's entry.

    Raises:
        ValueError: the window does not lie inside the image.

    >>> window([[1, 2, 3], [4, 5, 6]], [[1, -1]], row=1, column=1)
    The window of the image at row 1, column 1 is [[5, 6]]. Times the kernel [[1, -1]], entry by entry and summed: 5·1 + 6·(-1) = -1, which is output entry [1, 1] of [[-1, -1], [-1, -1]].
    """  # noqa: E501
    from cnncourse.convolution import correlate2d

    image, kernel = np.asarray(image), np.asarray(kernel)
    output = correlate2d(image, kernel)
    if not (0 <= row < output.shape[0] and 0 <= column < output.shape[1]):
        raise ValueError(f"the output has shape {output.shape}, so there is no window at ({row}, {column})")
    rows, columns = slice(row, row + kernel.shape[0]), slice(column, column + kernel.shape[1])
    seen = image[rows, columns]
    product = " + ".join(
        f"{_number(a)}·{_number(b) if b >= 0 else f'({_number(b)})'}"
        for a, b in zip(seen.flat, kernel.flat, strict=True)
    )
    total = _number(output[row, column])

    figure, axes = _tables([image, kernel, output], ["image", "kernel", "output"], ["⋆", "="])
    _paint(axes[0], rows, columns, WINDOW, ACCENT)
    _paint(axes[1], slice(0, kernel.shape[0]), slice(0, kernel.shape[1]), WINDOW, ACCENT)
    _paint(axes[2], slice(row, row + 1), slice(column, column + 1), RESULT, INK)
    figure.text(0.5, -0.04, f"{product} = {total}", ha="center", va="top", fontsize=11, color=INK)
    alt = (
        f"The window of the image at row {row}, column {column} is {_listed(seen)}. Times the kernel "
        f"{_listed(kernel)}, entry by entry and summed: {product} = {total}, which is output entry [{row}, {column}] "
        f"of {_listed(output)}."
    )
    return Picture(figure, alt)


def tables(arrays: Sequence, titles: Sequence[str], signs: Sequence[str] = ()) -> Picture:
    """Small arrays as tables of numbers, side by side.

    Args:
        arrays: each ``(rows, columns)``.
        titles: one for each array.
        signs: what to write between neighbours, such as ``"→"``; nothing when left out.

    >>> tables([[[1, 2]], [[2, 1]]], ["kernel", "turned"], signs=["→"])
    kernel: [[1, 2]]; turned: [[2, 1]].
    """
    arrays = [np.asarray(array) for array in arrays]
    figure, _ = _tables(arrays, titles, signs)
    return Picture(figure, "; ".join(f"{t}: {_listed(a)}" for t, a in zip(titles, arrays, strict=True)) + ".")


def images(arrays: Sequence, titles: Sequence[str], columns: int = 3) -> Picture:
    """Photographs and feature maps in a grid.

    An array without negative numbers is drawn in grey, from its smallest number (black) to its largest (white). One
    with negative numbers is drawn in colours, blue below zero, white at zero, red above.

    Args:
        arrays: each ``(H, W)``, or ``(H, W, 3)`` with colours from 0 to 1.
        titles: one for each array.
        columns: how many stand side by side.

    Raises:
        ValueError: an array is not an image, or there are more or fewer titles than arrays.

    >>> images([np.eye(3), -np.eye(3)], ["a", "b"])
    2 pictures. a: 3 × 3 pixels, from 0 to 1. b: 3 × 3 pixels, from -1 to 0.
    """
    arrays = [np.asarray(array) for array in arrays]
    if len(arrays) != len(titles):
        raise ValueError(f"there are {len(arrays)} images and {len(titles)} titles")
    for title, array in zip(titles, arrays, strict=True):
        if array.dtype.kind not in "biuf" or not array.size or not (array.ndim == 2 or array.shape[2:] == (3,)):
            raise ValueError(f"{title!r} is no image: its shape is {array.shape}, its type {array.dtype}")
    from matplotlib.figure import Figure

    across = min(columns, len(arrays))
    down = -(-len(arrays) // across)
    height = max(array.shape[0] / array.shape[1] for array in arrays)
    width = 10.0 / max(across, 2)
    figure = Figure(figsize=(width * across, (width * min(height, 1.5) + 0.35) * down), layout="constrained")
    for number, (title, array) in enumerate(zip(titles, arrays, strict=True), start=1):
        axes = figure.add_subplot(down, across, number)
        if array.ndim == 3:
            axes.imshow(np.clip(array, 0, 1), interpolation="nearest")
        elif np.nanmin(array) < 0:
            reach = np.nanmax(np.abs(array))
            drawn = axes.imshow(array, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
            bar = figure.colorbar(drawn, ax=axes, fraction=0.046 * array.shape[0] / array.shape[1], pad=0.02)
            bar.outline.set_visible(False)
            bar.ax.tick_params(labelsize=8, length=0)
        else:
            axes.imshow(array, cmap="gray", interpolation="nearest")
        axes.set_title(title, fontsize=10, color=INK)
        axes.set_axis_off()
    said = " ".join(
        f"{title}: {a.shape[0]} × {a.shape[1]} pixels{' in colour' if a.ndim == 3 else ''}, "
        f"from {_number(np.nanmin(a))} to {_number(np.nanmax(a))}."
        for title, a in zip(titles, arrays, strict=True)
    )
    return Picture(figure, f"{len(arrays)} picture{'s' if len(arrays) > 1 else ''}. {said}")


def layer(image_shape: tuple[int, int, int], kernels_shape: tuple[int, int, int, int]) -> Picture:
    """The stacks of a convolutional layer: an image's channels, the filters' channels, one feature map for each filter.

    Args:
        image_shape: ``(H, W, C)`` of one image.
        kernels_shape: ``(kh, kw, C, F)``.

    Raises:
        ValueError: the filters have another number of channels than the image, or do not fit.

    >>> layer((4, 5, 3), (3, 3, 3, 2))
    An image of 4 × 5 with 3 channels meets 2 filters of 3 × 3, each with 3 channels; every filter makes one feature map of 2 × 3, so the output has 2 channels.
    """  # noqa: E501
    (height, width, channels), (kh, kw, c_in, filters) = image_shape, kernels_shape
    if channels != c_in:
        raise ValueError(f"the image has {channels} channels, the filters have {c_in}")
    oh, ow = height - kh + 1, width - kw + 1
    if oh < 1 or ow < 1:
        raise ValueError(f"a {kh} × {kw} kernel does not fit into {height} × {width} pixels")
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(8.6, 3.0))
    axes = figure.add_axes((0, 0, 1, 1))
    sheet = 1.5 / max(height, width)  # one pixel's size on the paper
    shift = 0.16
    hues = ["#e76f51", "#2a9d8f", "#457b9d", "#e9c46a", "#8d6a9f"]

    def stack(left, middle, rows, columns, colours, size=sheet, shift=shift):
        """Sheets behind each other, the first in front."""
        top = middle + rows * size / 2 - shift * (len(colours) - 1) / 2
        for depth in reversed(range(len(colours))):
            x, y = left + shift * depth, top - rows * size + shift * depth
            for row, column in np.ndindex(rows, columns):
                corner = (x + column * size, y + row * size)
                axes.add_patch(Rectangle(corner, size, size, fc=colours[depth], ec=PAPER, lw=0.6, zorder=1 - depth))
        return left + columns * size + shift * (len(colours) - 1)

    def say(x, y, text, **style):
        axes.text(x, y, text, **{"ha": "center", "va": "center", "fontsize": 10, "color": INK} | style)

    inside = [hues[c % len(hues)] for c in range(channels)]
    outside = ["#1f2933", "#6b3fa0", "#3e6b1f", "#8a4b08", "#52606d"]  # dark enough for white letters
    made = [outside[f % len(outside)] for f in range(filters)]
    end = stack(0.2, 1.75, height, width, inside)
    say((0.2 + end) / 2, 0.25, f"image\n{height} × {width} × {channels}")
    say(end + 0.35, 1.75, "⋆", fontsize=20)
    room = 2.1 / filters  # for each filter, one below the other
    near = min(shift, 0.4 * room / max(channels - 1, 1))
    small = min(sheet * 1.2, (room - near * (channels - 1)) / kh)
    start = end + 0.8
    for f in range(filters):
        middle = 1.75 + (filters - 1 - 2 * f) * 2.5 / (2 * filters)
        stop = stack(start, middle, kh, kw, inside, small, near)
        say(stop + 0.5, middle, f"filter {f}", fontsize=9, color=PAPER, bbox={"fc": made[f], "ec": "none", "pad": 3})
    say((start + stop) / 2, 0.25, f"{filters} kernels\n{kh} × {kw} × {channels} each")
    say(stop + 1.25, 1.75, "+  bias  =", fontsize=11, ha="left")
    begin = stop + 2.35
    end = stack(begin, 1.75, oh, ow, made)
    say((begin + end) / 2, 0.25, f"output\n{oh} × {ow} × {filters}")
    axes.set(xlim=(0, end + 0.2), ylim=(0, 3.2), aspect="equal")
    axes.set_axis_off()
    alt = (
        f"An image of {height} × {width} with {channels} channels meets {filters} filters of {kh} × {kw}, each with "
        f"{channels} channels; every filter makes one feature map of {oh} × {ow}, so the output has {filters} channels."
    )
    return Picture(figure, alt)


@contextlib.contextmanager
def when_ready(*functions: str) -> Iterator[None]:
    """Draw with functions that may not be written yet: instead of an error, say what the picture is waiting for.

    >>> def correlate2d(image, kernel):
    ...     raise NotImplementedError
    >>> with when_ready("correlate2d"):
    ...     images([correlate2d(np.eye(3), np.ones((2, 2)))], ["edges"]).show()
    This picture is drawn with your correlate2d, which is not written yet. Come back when the check above passes.
    """
    names, one = " and ".join(functions), len(functions) == 1
    try:
        yield
    except NotImplementedError:
        waiting = "which is not written yet" if one else "not all of which are written yet"
        _show(_Note(f"This picture is drawn with your {names}, {waiting}. Come back when the check above passes."))
    except Exception as error:
        problem = f"{type(error).__name__}: {error}".removesuffix(": ")
        _show(_Note(f"This picture is drawn with your {names}, and that failed with {problem}. See the check above."))


class _Note:
    """A sentence in the place of a picture."""

    def __init__(self, text: str):
        self.text = text

    def _repr_html_(self) -> str:
        # The colours of whatever theme the notebook has.
        return (
            '<p style="border-left: 4px solid #9aa5b1; padding: 0.3em 0.8em; margin: 0.4em 0; opacity: 0.85">'
            f"{html.escape(self.text)}</p>"
        )

    def __repr__(self) -> str:
        return self.text


def _show(thing) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython and get_ipython():
        display(thing)
    else:
        print(thing)


def _tables(arrays, titles, signs=()):
    """A figure of number tables in a row; returns it with the axes of the tables."""
    from matplotlib.figure import Figure

    cell = 0.46  # inches
    if len(signs) not in (0, len(arrays) - 1):
        raise ValueError(f"{len(arrays)} tables have {len(arrays) - 1} signs between them, got {len(signs)}")
    gap, head = 0.62, 0.34
    tallest = max(a.shape[0] for a in arrays) * cell
    total = sum(a.shape[1] for a in arrays) * cell + gap * (len(arrays) - 1)
    figure = Figure(figsize=(total, tallest + head))
    found, left = [], 0.0
    for number, (array, title) in enumerate(zip(arrays, titles, strict=True)):
        rows, columns = array.shape
        bottom = (tallest - rows * cell) / 2
        axes = figure.add_axes(
            (left / total, bottom / (tallest + head), columns * cell / total, rows * cell / (tallest + head))
        )
        axes.set(xlim=(0, columns), ylim=(rows, 0))
        axes.set_axis_off()
        for line in range(columns + 1):
            axes.plot([line, line], [0, rows], color=FAINT, lw=1, clip_on=False, zorder=1)
        for line in range(rows + 1):
            axes.plot([0, columns], [line, line], color=FAINT, lw=1, clip_on=False, zorder=1)
        for (i, j), value in np.ndenumerate(array):
            style = {"ha": "center", "va": "center_baseline", "fontsize": 12, "color": INK, "zorder": 3}
            axes.text(j + 0.5, i + 0.5, _number(value), **style)
        axes.set_title(title, fontsize=10, color=INK, pad=6)
        left += columns * cell
        if number < len(signs):
            place = ((left + gap / 2) / total, tallest / 2 / (tallest + head))
            figure.text(*place, signs[number], ha="center", va="center", fontsize=22, color=INK)
        left += gap
        found.append(axes)
    return figure, found


def _paint(axes, rows: slice, columns: slice, face: str, edge: str) -> None:
    from matplotlib.patches import Rectangle

    corner, width, height = (columns.start, rows.start), columns.stop - columns.start, rows.stop - rows.start
    axes.add_patch(Rectangle(corner, width, height, fc=face, ec="none", zorder=0, clip_on=False))
    axes.add_patch(Rectangle(corner, width, height, fc="none", ec=edge, lw=2.2, zorder=4, clip_on=False))


def _number(value) -> str:
    return f"{float(value) + 0.0:.4g}"  # adding zero turns -0 into 0


def _listed(array: np.ndarray) -> str:
    return "[" + ", ".join("[" + ", ".join(map(_number, row)) + "]" for row in array) + "]"
