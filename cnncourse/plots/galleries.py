"""Grids of pictures: photographs, feature maps, a layer's kernels, and the images a network got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnncourse.plots.picture import (
    FAINT,
    INK,
    SMALL,
    SOFT,
    WIDE,
    Picture,
    canvas,
    checked,
    percent,
    place,
    say,
    series,
    width_of,
    written,
)

__all__ = ["feature_maps", "images", "kernels", "mistakes"]


def images(arrays: Sequence, titles: Sequence[str], columns: int = 3) -> Picture:
    """Photographs and feature maps in a grid.

    An array without negative numbers is drawn in grey, from its smallest number (black) to its largest (white). One
    with negative numbers is drawn in colours, blue below zero, white at zero, red above.

    Args:
        arrays: each ``(H, W)``, or ``(H, W, 3)`` with colours from 0 to 1.
        titles: one for each array.
        columns: how many stand side by side.

    Raises:
        ValueError: no arrays, one that is not an image, more or fewer titles than arrays, or ``columns`` below 1.

    >>> images([np.eye(3), -np.eye(3)], ["a", "b"])
    2 pictures. a: 3 × 3 pixels, from 0 to 1. b: 3 × 3 pixels, from -1 to 0.
    """
    arrays = [np.asarray(array) for array in arrays]
    if len(arrays) != len(titles):
        raise ValueError(f"there are {len(arrays)} images and {len(titles)} titles")
    if not arrays:
        raise ValueError("arrays must hold at least one image, got none")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
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
            axes.imshow(np.clip(np.nan_to_num(array, nan=1), 0, 1), interpolation="nearest")
        elif (array < 0).any():
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
        + ("all NaN." if np.isnan(a).all() else f"from {written(np.nanmin(a))} to {written(np.nanmax(a))}.")
        for title, a in zip(titles, arrays, strict=True)
    )
    return Picture(figure, f"{len(arrays)} picture{'s' if len(arrays) > 1 else ''}. {said}")


def kernels(
    kernels,
    before=None,
    channel: int | str | None = None,
    titles: tuple[str, str] = ("before training", "after training"),
    columns: int | None = None,
) -> Picture:
    """A layer's kernels as small grey pictures, all on one scale: black is the most negative, grey zero, white the most
    positive.

    Kernels with three channels are shown in colours, each channel as its share of red, green or blue around a grey zero.

    Args:
        kernels: ``(kh, kw, C, F)``, the weights of a convolutional layer.
        before: the same kernels at an earlier time, which are then shown to their left.
        channel: the one input channel to show, or ``"mean"`` for the mean over all of them. It can be left out when
            there are 1 or 3.
        titles: what stands above the two groups, when there is a ``before``.
        columns: how many stand side by side in a group.

    Raises:
        ValueError: the arrays are no kernels, are not alike in shape or not finite, or it is not said which of the
            channels to show.

    >>> kernels(np.array([[[[1, 0]], [[-2, 0]]]]))
    2 kernels of 1 × 2, numbered row by row from 0, in one row. One grey scale for all: -2 is black, 0 grey, 2 white. The weights go from -2 to 1. The largest stands in kernel 0; kernel 1 is 0 everywhere.
    """  # noqa: E501
    groups = [checked(kernels, "kernels", "kh", "kw", "C", "F").astype(float)]
    if before is not None:
        groups.insert(0, checked(before, "before", "kh", "kw", "C", "F").astype(float))
        if groups[0].shape != groups[1].shape:
            raise ValueError(f"before has the shape {groups[0].shape}, kernels has {groups[1].shape}")
        if len(titles) != 2:
            raise ValueError(f"titles must be two, for before and after, got {len(titles)}")
    kh, kw, channels, count = groups[0].shape
    groups, which = zip(*(_one_channel(group, channel) for group in groups), strict=True)
    reach = float(max(np.abs(group).max() for group in groups)) or 1.0
    colours = groups[0].ndim == 4

    room = WIDE if before is None else (WIDE - 0.3) / 2
    most = min(8, int(room / 0.28)) if count > 16 or before is None else 4
    grid = _Grid(count, _columns(columns, count, most), room, kh / kw, largest=1.1)
    head = 0.0 if before is None else 0.32
    across = (grid.width + 0.3) * len(groups) - 0.3
    width = max(across, 2.4)
    figure = canvas(width, head + grid.height + (0.3 if colours else 0.55))
    left = (width - across) / 2
    for title, group in zip(titles if before is not None else [""], groups, strict=True):
        say(figure, left + grid.width / 2, 0.05, title)
        for number in range(count):
            axes = grid.axes(figure, number, left, head, f"{number}")
            if colours:
                axes.imshow(0.5 + 0.5 * group[..., number] / reach, interpolation="nearest")
            else:
                axes.imshow(group[..., number], cmap="gray", vmin=-reach, vmax=reach, interpolation="nearest")
        left += grid.width + 0.3
    below = head + grid.height + 0.1
    if colours:
        say(figure, width / 2, below, f"grey is 0, the strongest weight ±{written(reach)}", fontsize=SMALL, color=SOFT)
    else:
        _scale(figure, below, -reach, reach, "weight" + which[0])

    alt = [f"{count} kernel{'s' * (count > 1)} of {kh} × {kw}{which[0]}, {grid.in_words()}."]
    if colours:
        alt.append(f"Shown in colours, in which 0 is a middle grey; the strongest weight is ±{written(reach)}.")
    else:
        alt.append(f"One grey scale for all: {written(-reach)} is black, 0 grey, {written(reach)} white.")
    if before is None:
        alt += [f"The weights go {_span(groups[0])}.", _standing_out(groups[0], "kernel", np.abs)]
    else:
        moved = np.abs(groups[1] - groups[0]).mean(axis=tuple(range(groups[0].ndim - 1)))
        alt.append(f"Left, {titles[0]}, they go {_span(groups[0])}; right, {titles[1]}, {_span(groups[1])}.")
        most, least = moved.argmax(), moved.argmin()
        if not moved.any():
            alt.append("No kernel changed.")
        elif count == 1:
            alt.append(f"It changed by {written(moved[0])} in the mean over its weights.")
        else:
            alt.append(f"Kernel {most} changed most, by {written(moved[most])} in the mean over its weights,")
            alt.append(f"kernel {least} least, by {written(moved[least])}.")
    return Picture(figure, " ".join(filter(None, alt)))


def feature_maps(
    maps, titles: Sequence[str] | None = None, columns: int | None = None, own_scale: bool = False
) -> Picture:
    """The feature maps of one image as a grid of grey pictures.

    Maps without negative numbers, as after a ReLU, go from 0 (black) to the largest number (white). Where there are
    negative numbers zero is a middle grey.

    Args:
        maps: ``(H, W, C)``, what a layer makes of one image.
        titles: one for each map; their numbers when left out.
        columns: how many stand side by side.
        own_scale: draw each map from its own smallest number to its own largest. Without it all share one scale, so
            that a faint map looks faint.

    Raises:
        ValueError: the array is not ``(H, W, C)`` or not finite, or there are more or fewer titles than maps.

    >>> feature_maps(np.array([[[0, 0], [3, 0]]]))
    2 feature maps of 1 × 2 pixels, numbered row by row from 0, in one row. One grey scale for all: 0 is black, 3 white. The largest stands in map 0; map 1 is 0 everywhere.
    """  # noqa: E501
    if np.ndim(maps) == 4:
        raise ValueError(f"maps must be those of one image, (H, W, C), got {np.shape(maps)}: take maps[0]")
    maps = checked(maps, "maps", "H", "W", "C")
    height, width, count = maps.shape
    if titles is not None and len(titles) != count:
        raise ValueError(f"there are {count} feature maps and {len(titles)} titles")
    lowest, highest = float(maps.min()), float(maps.max())
    low, high = (-max(-lowest, highest), max(-lowest, highest)) if lowest < 0 else (0.0, highest or 1.0)

    grid = _Grid(count, _columns(columns, count, 4 if count <= 16 else 8), WIDE, height / width, titled=bool(titles))
    across = max(grid.width, 2.4)
    figure = canvas(across, grid.height + (0.3 if own_scale else 0.55))
    for number in range(count):
        drawn = maps[..., number]
        limits = (drawn.min(), drawn.max()) if own_scale else (low, high)
        axes = grid.axes(figure, number, (across - grid.width) / 2, 0, str(titles[number]) if titles else f"{number}")
        axes.imshow(drawn, cmap="gray", vmin=limits[0], vmax=limits[1], interpolation="nearest")
    if own_scale:
        say(figure, across / 2, grid.height + 0.08, "each map on its own scale", fontsize=SMALL, color=SOFT)
    else:
        _scale(figure, grid.height + 0.1, low, high, "activation")

    names = f" They are {series([str(title) for title in titles])}." if titles else ""
    if own_scale:
        scale = "Each is drawn from its own smallest number, black, to its own largest, white."
    else:
        middle = ", 0 grey" if low else ""
        scale = f"One grey scale for all: {written(low)} is black{middle}, {written(high)} white."
    alt = f"{count} feature map{'s' * (count > 1)} of {height} × {width} pixels, {grid.in_words()}.{names} {scale}"
    return Picture(figure, " ".join(filter(None, [alt, _standing_out(maps, "map", np.asarray)])))


def mistakes(
    images,
    labels,
    predictions,
    probabilities=None,
    class_names: Sequence[str] | None = None,
    count: int = 25,
    columns: int = 5,
) -> Picture:
    """The images a network got wrong, those first of which it was surest; without probabilities, in their order.

    Args:
        images: ``(N, H, W)``, ``(N, H, W, 1)`` or ``(N, H, W, 3)``, with numbers from 0 to 1 or from 0 to 255; others
            are stretched from their smallest number to their largest.
        labels: ``(N,)``, the true classes, counted from 0.
        predictions: ``(N,)``, the classes the network said.
        probabilities: ``(N, classes)`` from a softmax, or ``(N,)`` or ``(N, 1)`` from a sigmoid: that of class 1.
        class_names: one for each class; their numbers when left out.
        count: how many to show at most.
        columns: how many stand side by side; fewer where the names are long.

    Raises:
        ValueError: the arrays do not belong together, a class has no name or no probability, or nothing is asked for.

    >>> mistakes(np.zeros((3, 2, 2)), labels=[0, 1, 1], predictions=[0, 0, 1], class_names=["cat", "dog"])
    1 of 3 images is classified wrongly (33.3 %). Shown: dog taken for cat.
    """
    labels, predictions = _classes(labels, "labels"), _classes(predictions, "predictions")
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    colour = images.ndim == 4 and images.shape[-1] == 3
    images = checked(images, "images", "N", "H", "W", *(["3"] if colour else []))
    for name, array in (("labels", labels), ("predictions", predictions)):
        if len(array) != len(images):
            raise ValueError(f"there are {len(images)} images and {len(array)} {name}")
    most = int(max(labels.max(), predictions.max()))
    if class_names is not None and len(class_names) <= most:
        raise ValueError(f"class_names has {len(class_names)} names, but there is a class {most}")
    if count < 1 or columns < 1:
        raise ValueError(f"count and columns must be at least 1, got {count} and {columns}")
    names = [str(name) for name in class_names] if class_names is not None else [str(k) for k in range(most + 1)]
    sure = None if probabilities is None else _confidence(probabilities, predictions)

    wrong = np.flatnonzero(labels != predictions)
    if sure is not None:
        wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    if not len(wrong):
        sentence = f"No mistakes: {len(images):,} of {len(images):,} are right."
        figure = canvas(WIDE, 0.8)
        say(figure, WIDE / 2, 0.4, sentence, va="center")
        return Picture(figure, sentence)
    shown = wrong[:count]

    beneath = [
        [
            f"is {names[labels[i]]}",
            f"said {names[predictions[i]]}" + (f", {percent(sure[i])}" if sure is not None else ""),
        ]
        for i in shown
    ]
    widest = max(width_of(line, SMALL) for lines in beneath for line in lines)
    gap = 0.12
    columns = max(1, min(columns, len(shown), int((WIDE + gap) / (widest + gap))))
    aspect = images.shape[1] / images.shape[2]
    grid = _Grid(len(shown), columns, WIDE, aspect, gap, largest=max(1.3, widest), foot=0.38)
    across = max(grid.width, 3.4)
    figure = canvas(across, grid.height + 0.36)
    every = len(shown) == len(wrong)
    head = f"{len(wrong):,} of {len(images):,} wrong" if every else f"{len(shown)} of {len(wrong):,} mistakes"
    if sure is not None and len(shown) > 1:
        head += ", the surest first"
    say(figure, across / 2, 0.05, head)
    low, high = _brightness(images)
    for number, i in enumerate(shown):
        axes = grid.axes(figure, number, (across - grid.width) / 2, 0.36)
        if colour:
            axes.imshow((images[i] - low) / (high - low), interpolation="nearest")
        else:
            axes.imshow(images[i], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        left, top, side, height = grid.box(number)
        middle, bottom = (across - grid.width) / 2 + left + side / 2, 0.36 + top + height
        for line, below in zip(beneath[number], (0.15, 0.31), strict=True):  # on baselines, which neighbours share
            say(figure, middle, bottom + below, line, va="baseline", fontsize=SMALL)

    told = [
        f"{names[labels[i]]} taken for {names[predictions[i]]}"
        + (f" with {percent(sure[i])}" if sure is not None else "")
        for i in shown
    ]
    alt = (
        f"{len(wrong):,} of {len(images):,} images {'are' if len(wrong) > 1 else 'is'} classified wrongly "
        f"({percent(len(wrong) / len(images))}). Shown{'' if every else f' are {len(shown)}'}"
        f"{', the surest first' if sure is not None and len(shown) > 1 else ''}: {series(told)}."
    )
    return Picture(figure, alt)


@dataclass(frozen=True)
class _Grid:
    """Where the pictures of a grid lie, in inches from its upper left corner.

    ``room`` is its largest width, ``aspect`` a picture's height by its width, ``largest`` a picture's largest width,
    ``foot`` the place below each picture. Titles above the pictures take their place where there is enough of it, or
    ``titled`` says so.
    """

    count: int
    columns: int
    room: float
    aspect: float
    gap: float = 0.07
    largest: float = 2.0
    foot: float = 0.0
    titled: bool = False

    @property
    def side(self) -> float:
        return min(self.largest, (self.room + self.gap) / self.columns - self.gap)

    @property
    def head(self) -> float:
        return 0.22 if not self.foot and (self.titled or self.side >= 0.4) else 0.0

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def width(self) -> float:
        return (self.side + self.gap) * self.columns - self.gap

    @property
    def height(self) -> float:
        return (self.side * self.aspect + self.head + self.foot + self.gap) * self.rows - self.gap

    def box(self, number: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of a picture."""
        row, column = divmod(number, self.columns)
        height = self.side * self.aspect
        top = row * (height + self.head + self.foot + self.gap) + self.head
        return column * (self.side + self.gap), top, self.side, height

    def axes(self, figure, number: int, left: float, top: float, title: str = ""):
        """A picture's axes: no ticks, a thin frame, which also shows where white ends."""
        x, y, width, height = self.box(number)
        axes = place(figure, left + x, top + y, width, height)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=FAINT, linewidth=0.8)
        if self.head:
            axes.set_title(title, fontsize=SMALL, color=INK, pad=2.5)
        return axes

    def in_words(self) -> str:
        rows = f"in {self.rows} rows of {self.columns}" if self.rows > 1 else "in one row"
        return f"numbered row by row from 0, {rows}" if self.count > 1 else "on its own"


def _columns(asked: int | None, count: int, most: int) -> int:
    """How many stand side by side: as many as asked for, or at most ``most`` in rows that are about equally full."""
    if asked is None:
        return -(-count // -(-count // most))
    if asked < 1:
        raise ValueError(f"columns must be at least 1, got {asked}")
    return min(asked, count)


def _scale(figure, top: float, low: float, high: float, words: str) -> None:
    """Below a grid: which number is which grey."""
    axes = place(figure, figure.get_size_inches()[0] / 2 - 0.9, top, 1.8, 0.1)
    axes.imshow(np.linspace(low, high, 256)[None], cmap="gray", extent=(low, high, 0, 1), aspect="auto")
    axes.set(yticks=[], xticks=[low, 0, high] if low < 0 else [low, high], label="scale")
    axes.set_xticklabels([written(tick) for tick in axes.get_xticks()])
    axes.tick_params(labelsize=SMALL, labelcolor=INK, length=0, pad=2)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.8)
    axes.set_xlabel(words, fontsize=SMALL, color=SOFT, labelpad=1)


def _one_channel(kernels: np.ndarray, channel) -> tuple[np.ndarray, str]:
    """What is shown of the kernels: ``(kh, kw, F)``, or ``(kh, kw, 3, F)`` in colours; and how to call it."""
    channels = kernels.shape[2]
    if channel is None:
        if channels == 3:
            return kernels, ""
        if channels == 1:
            return kernels[:, :, 0], ""
        raise ValueError(f"the kernels have {channels} channels: say which to show, channel=0 or channel='mean'")
    if isinstance(channel, str) and channel == "mean":
        return kernels.mean(axis=2), f", mean over {channels} channels"
    if isinstance(channel, (int, np.integer)) and 0 <= channel < channels:
        return kernels[:, :, channel], f", channel {channel} of {channels}"
    raise ValueError(f"channel must be 'mean' or a number from 0 to {channels - 1}, got {channel!r}")


def _span(array: np.ndarray) -> str:
    return f"from {written(array.min())} to {written(array.max())}"


def _standing_out(grid: np.ndarray, name: str, size) -> str:
    """Where the largest number of ``(H, W, F)`` stands, and which pictures are empty."""
    axes = tuple(range(grid.ndim - 1))
    empty = [str(k) for k in np.flatnonzero(~grid.any(axis=axes))]
    if len(empty) == grid.shape[-1]:
        return "All numbers are 0."
    largest = f"The largest stands in {name} {size(grid).max(axis=axes).argmax()}" if grid.shape[-1] > 1 else ""
    if not empty:
        return f"{largest}." if largest else ""
    these = f"{name} {empty[0]} is" if len(empty) == 1 else f"{name}s {series(empty)} are"
    return f"{largest}; {these} 0 everywhere."


def _classes(values, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] > 1:
        raise ValueError(f"{name} must be class numbers (N,), got {values.shape}: take {name}.argmax(axis=1)")
    values = checked(values, name, "N")
    if (values < 0).any() or (values != values.astype(int)).any():
        raise ValueError(f"{name} must be class numbers, counted from 0, got {values.flat[0]!r} and others")
    return values.astype(int)


def _confidence(probabilities, predictions: np.ndarray) -> np.ndarray:
    """How sure the network was of each prediction."""
    probabilities = np.asarray(probabilities)
    if probabilities.ndim == 2 and probabilities.shape[1] == 1:
        probabilities = probabilities[:, 0]
    probabilities = checked(probabilities, "probabilities", "N", *(["classes"] if probabilities.ndim == 2 else []))
    if len(probabilities) != len(predictions):
        raise ValueError(f"there are {len(predictions)} images and {len(probabilities)} probabilities")
    if probabilities.min() < 0 or probabilities.max() > 1 + 1e-6:
        raise ValueError(f"probabilities must lie from 0 to 1, got numbers {_span(probabilities)}")
    if probabilities.ndim == 1:
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    if predictions.max() >= probabilities.shape[1]:
        raise ValueError(f"probabilities has {probabilities.shape[1]} classes, but class {predictions.max()} was said")
    return probabilities[np.arange(len(predictions)), predictions]


def _brightness(images: np.ndarray) -> tuple[float, float]:
    """What is black and what is white in all of them."""
    low, high = float(images.min()), float(images.max())
    for most in (1.0, 255.0):
        if 0 <= low and high <= most:
            return 0.0, most
    return low, high
