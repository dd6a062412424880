"""Arrays as tables of numbers, and a window sliding over one: what ``book/convolution.md`` begins with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnncourse.plots.picture import ACCENT, FAINT, INK, RESULT, WINDOW, Picture, listed, written

__all__ = ["tables", "window"]


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
        f"{written(a)}·{written(b) if b >= 0 else f'({written(b)})'}"
        for a, b in zip(seen.flat, kernel.flat, strict=True)
    )
    total = written(output[row, column])

    figure, axes = _tables([image, kernel, output], ["image", "kernel", "output"], ["⋆", "="])
    _paint(axes[0], rows, columns, WINDOW, ACCENT)
    _paint(axes[1], slice(0, kernel.shape[0]), slice(0, kernel.shape[1]), WINDOW, ACCENT)
    _paint(axes[2], slice(row, row + 1), slice(column, column + 1), RESULT, INK)
    figure.text(0.5, -0.04, f"{product} = {total}", ha="center", va="top", fontsize=11, color=INK)
    alt = (
        f"The window of the image at row {row}, column {column} is {listed(seen)}. Times the kernel "
        f"{listed(kernel)}, entry by entry and summed: {product} = {total}, which is output entry [{row}, {column}] "
        f"of {listed(output)}."
    )
    return Picture(figure, alt)


def tables(arrays: Sequence, titles: Sequence[str], signs: Sequence[str] = ()) -> Picture:
    """Small arrays as tables of numbers, side by side.

    Args:
        arrays: each ``(rows, columns)``.
        titles: one for each array.
        signs: what to write between neighbours, such as ``"→"``; nothing when left out.

    Raises:
        ValueError: no arrays, one that is not a table, or more or fewer titles or signs than belong to them.

    >>> tables([[[1, 2]], [[2, 1]]], ["kernel", "turned"], signs=["→"])
    kernel: [[1, 2]]; turned: [[2, 1]].
    """
    arrays = [np.asarray(array) for array in arrays]
    if not arrays:
        raise ValueError("arrays must hold at least one table, got none")
    if len(arrays) != len(titles):
        raise ValueError(f"there are {len(arrays)} tables and {len(titles)} titles")
    for title, array in zip(titles, arrays, strict=True):
        if array.ndim != 2 or not array.size:
            raise ValueError(f"{title!r} must have the shape (rows, columns), got {array.shape}")
    figure, _ = _tables(arrays, titles, signs)
    return Picture(figure, "; ".join(f"{t}: {listed(a)}" for t, a in zip(titles, arrays, strict=True)) + ".")


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
            axes.text(j + 0.5, i + 0.5, written(value), **style)
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
