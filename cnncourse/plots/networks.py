"""Networks drawn to scale: the stacks of one convolutional layer, and a whole architecture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

import numpy as np

from cnncourse.plots.picture import (
    INK,
    LARGE,
    PAPER,
    RESULT,
    SMALL,
    SOFT,
    WIDE,
    Picture,
    canvas,
    place,
    series,
    width_of,
)

__all__ = ["architecture", "layer"]

LINE = 0.165  # inches from one line of small print to the next


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
            style = {"fc": colours[depth], "ec": PAPER, "lw": 0.6, "zorder": 1 - depth}
            if size < 0.025:  # the lines between the pixels would leave nothing of them
                axes.add_patch(Rectangle((x, y), columns * size, rows * size, **style))
                continue
            for row, column in np.ndindex(rows, columns):
                axes.add_patch(Rectangle((x + column * size, y + row * size), size, size, **style))
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


def architecture(rows: Sequence, columns: int = 4) -> Picture:
    """A network's layers drawn to scale, one after the other, as the words of a text run from line to line.

    Feature maps ``(H, W, C)`` are boxes: as high as H, as long as there are channels, and as far back as W. All boxes
    share one scale for pixels and one for channels. ``(T, C)`` is a sheet, T high and C long. Plain numbers
    ``(units,)``, and maps of one pixel, are bars on a scale of their own. Layers with parameters to learn are blue,
    those without are white.

    Args:
        rows: one ``(name, output shape, parameters)`` for each layer, the input's first. Whatever else a row holds is
            left out, so a :func:`cnncourse.shapes.layer_table` can be drawn as it is, and so is Keras's ``None`` for
            the batch. ``None`` for the parameters leaves them unsaid, as the input's 0 does.
        columns: how many layers stand side by side.

    Raises:
        ValueError: no rows, a row or a shape that is none, or ``columns`` below 1.

    >>> architecture([("input", (28, 28, 1), 0), ("conv", (24, 24, 6), 156), ("dense", (10,), 34570)])
    A network of 3 layers, drawn to scale from left to right: input 28 × 28 × 1; conv 24 × 24 × 6 with 156 params; dense 10 with 34,570 params. In all 34,726 params. The feature maps are boxes, the first 28 high and 1 channel long, the last 24 high and 6 channels long. The plain numbers are bars of 10.
    """  # noqa: E501
    rows = [_row(row) for row in rows]
    if not rows:
        raise ValueError("rows must have at least one layer, got none")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = -(-len(rows) // -(-len(rows) // columns))
    cell = WIDE / columns
    scale = _Scale.fitting([shape for _, shape, _ in rows], min(cell - 0.32, 1.3))

    lines = [rows[start : start + columns] for start in range(0, len(rows), columns)]
    labels = [[_label(*row, is_input=row is rows[0], room=cell) for row in line] for line in lines]
    tall = [max(0.3, *(scale.size(shape)[1] for _, shape, _ in line)) for line in lines]
    feet = [0.32 + LINE * max(map(len, line)) for line in labels]
    total = sum(parameters or 0 for *_, parameters in rows)
    height = sum(tall) + sum(feet) + (0.12 if total else 0)
    figure = canvas(WIDE, height)
    axes = place(figure, 0, 0, WIDE, height)
    axes.set(xlim=(0, WIDE), ylim=(height, 0))
    axes.set_axis_off()
    top, style = 0.0, {"ha": "center", "color": INK}
    for number, line in enumerate(lines):
        middle = top + tall[number] / 2
        end = 0.02  # of the layer before, for the arrow that comes from it
        for k, (name, shape, parameters) in enumerate(line):
            width, _ = scale.size(shape)
            left = cell * (k + 0.5) - width / 2
            if k or number:
                _arrow(axes, end, left - 0.05, middle)
            scale.draw(axes, shape, left, middle, bool(parameters), name)
            for below, words in enumerate(labels[number][k]):  # on baselines, which neighbours share
                axes.text(cell * (k + 0.5), top + tall[number] + 0.2 + LINE * below, words, fontsize=SMALL, **style)
            end = left + width + 0.05
        if number < len(lines) - 1:
            _arrow(axes, end, WIDE - 0.02, middle)
        top += tall[number] + feet[number]
    if total:
        axes.text(WIDE / 2, height - 0.05, f"in all {total:,} params", fontsize=LARGE, **style)

    told = "; ".join(
        f"{name} {_times(shape)}" + (f" with {parameters:,} params" if parameters else "")
        for name, shape, parameters in rows
    )
    lie = "from left to right" + (f" in {len(lines)} lines" if len(lines) > 1 else "")
    alt = [f"A network of {len(rows)} layer{'s' * (len(rows) > 1)}, drawn to scale {lie}: {told}."]
    if total:
        alt.append(f"In all {total:,} params.")
    boxes = [shape for _, shape, _ in rows if not _is_bar(shape)]
    bars = [f"{shape[-1]:,}" for _, shape, _ in rows if _is_bar(shape)]
    if boxes:
        ends = [f"{b[0]} high and {b[-1]} channel{'s' * (b[-1] > 1)} long" for b in (boxes[0], boxes[-1])]
        first_and_last = f"the first {ends[0]}, the last {ends[1]}" if len(boxes) > 1 else ends[0]
        alt.append(f"The feature maps are {'boxes' if len(boxes[0]) == 3 else 'sheets'}, {first_and_last}.")
    if bars:
        alt.append(f"The plain numbers are bars of {series(bars)}.")
    return Picture(figure, " ".join(alt))


@dataclass(frozen=True)
class _Scale:
    """Inches for a pixel, a channel and a unit, and the bodies drawn with them."""

    pixel: float
    channel: float
    unit: float

    SLANT = 0.32  # how far to the right and up one pixel goes that lies further back
    BAR = 0.14

    @classmethod
    def fitting(cls, shapes: list[tuple[int, ...]], room: float) -> _Scale:
        """The largest scale at which every body is at most ``room`` long and about as high."""
        boxes = [shape for shape in shapes if not _is_bar(shape)]
        backs = [cls.SLANT * shape[1] if len(shape) == 3 else 0 for shape in boxes]  # in pixels
        pixel = min([1.0, *(1.25 / shape[0] for shape in boxes), *(0.6 * room / back for back in backs if back)])
        lengths = [(room - pixel * back) / shape[-1] for shape, back in zip(boxes, backs, strict=True)]
        return cls(pixel, min([0.1, *lengths]), 1.1 / max((shape[-1] for shape in shapes if _is_bar(shape)), default=1))

    def size(self, shape: tuple[int, ...]) -> tuple[float, float]:
        """The width and height of a body."""
        if _is_bar(shape):
            return self.BAR, self.unit * shape[-1]
        back = self._back(shape)
        return self.channel * shape[-1] + back, self.pixel * shape[0] + back

    def draw(self, axes, shape: tuple[int, ...], left: float, middle: float, learns: bool, name: str) -> None:
        """A box, a sheet or a bar around a height ``middle``."""
        front, top, side = (RESULT, "#eaf3fc", "#a9cbea") if learns else (PAPER, PAPER, "#e4e9ee")
        bottom = middle + self.size(shape)[1] / 2
        if _is_bar(shape):
            width, height, back = self.BAR, self.unit * shape[-1], 0.0
        else:
            width, height, back = self.channel * shape[-1], self.pixel * shape[0], self._back(shape)
        right, upper = left + width, bottom - height
        faces = {"front": (front, [(left, bottom), (right, bottom), (right, upper), (left, upper)])}
        if back:
            behind = [(right + back, upper - back), (left + back, upper - back)]
            faces["top"] = top, [(left, upper), (right, upper), *behind]
            faces["side"] = side, [(right, bottom), (right + back, bottom - back), behind[0], (right, upper)]
        from matplotlib.patches import Polygon

        style = {"ec": INK, "lw": 0.8, "joinstyle": "round", "clip_on": False}
        for face, (colour, corners) in faces.items():
            axes.add_patch(Polygon(corners, fc=colour, gid=f"{name}: {face}", **style))
        if not _is_bar(shape) and self.channel >= 0.03:  # wide enough to see one map behind the other
            for x in left + self.channel * np.arange(1, shape[-1]):
                axes.plot([x, x, x + back], [bottom, upper, upper - back], color=INK, lw=0.4)

    def _back(self, shape: tuple[int, ...]) -> float:
        return self.SLANT * self.pixel * shape[1] if len(shape) == 3 else 0.0


def _is_bar(shape: tuple[int, ...]) -> bool:
    return all(size == 1 for size in shape[:-1])


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" if len(shape) == 1 else str(size) for size in shape)


def _row(row) -> tuple[str, tuple[int, ...], int | None]:
    """A layer's name, shape without the batch, and parameters."""
    try:
        name, shape, parameters, *_ = row
        shape = tuple(index(size) for number, size in enumerate(shape) if number or size is not None)
        parameters = None if parameters is None else index(parameters)
    except (TypeError, ValueError):
        raise ValueError(f"a row must be (name, output shape, parameters), got {row!r}") from None
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(f"{name}: a shape must be (H, W, C), (T, C) or (units,), got {shape}")
    if parameters is not None and parameters < 0:
        raise ValueError(f"{name}: parameters must be at least 0, got {parameters}")
    return str(name), shape, parameters


def _label(name: str, shape: tuple[int, ...], parameters: int | None, is_input: bool, room: float) -> list[str]:
    """The lines beneath a layer; a long name goes over several."""
    lines = textwrap.wrap(name.replace("_", "_ "), max(4, int(room / 0.08))) or [""]
    lines = [line.replace("_ ", "_") for line in lines] + [_times(shape)]
    if parameters is not None and (parameters or not is_input):
        learnt = f"{parameters:,} params"
        lines += [learnt] if width_of(learnt, SMALL) < room - 0.06 else learnt.split()
    return lines


def _arrow(axes, start: float, end: float, height: float) -> None:
    style = {"arrowstyle": "->,head_width=0.18,head_length=0.28", "color": SOFT, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=(end, height), xytext=(start, height), arrowprops=style)
