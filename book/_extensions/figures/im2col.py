"""Every window of a small image becomes a row of a matrix; on the way back every row is added to its window again.

Options: ``input``, a square of numbers, and ``kernel``, a smaller square.
"""

import numpy as np

from cnncourse.backprop import im2col
from figures import CELL, Still, buttons, choice, grid, latex, number, panel, row, stage, switch

INPUT = np.arange(1, 17).reshape(4, 4).tolist()
KERNEL = [[1, 0], [2, -1]]
LARGER = [[2, 0, 1], [0, 1, 2], [1, 0, 2]]
SMALL = 26  # the side of a cell of the matrix


def draw(input=INPUT, kernel=KERNEL):
    for rows in (input, kernel):
        if {len(row) for row in rows} != {len(rows)}:
            raise ValueError(f"as many numbers in each row as there are rows, not {rows}")
    if len(kernel) > len(input):
        raise ValueError("The kernel must fit inside the input.")
    kernels = [kernel, LARGER] if len(kernel) < 3 <= len(input) else [kernel]
    matrix = im2col(np.array(input, float)[None, :, :, None], len(kernel))
    weights = np.ravel(kernel)
    over = f'<g class="im-times"></g><g class="moving-window"><rect width="{CELL * len(kernel)}" '
    over += f'height="{CELL * len(kernel)}" rx="3"/></g>'
    places = len(matrix)
    image = stage(
        grid(input, classes="im-image", over=over), "Place of the window on the image", "row 0, column 0", places
    )
    picture = row(
        panel("image", image),
        "→",
        panel("windows as rows, times the kernel as a column", product(matrix, weights)),
    )
    controls = buttons("Play", "Step", "Reset")
    if len(kernels) > 1:
        controls += choice("kernel", "Kernel", [f"{len(k)} × {len(k)}" for k in kernels])
    controls += choice("stride", "Stride", ["1", "2"])
    controls += switch("back", "The way back (col2im)")
    formula = f"{latex(matrix)}{latex(weights[:, None])} = {latex((matrix @ weights)[:, None])}"
    return Still(picture, words(matrix[0], weights), controls, [input, kernels], formula)


def product(matrix, weights):
    """Matrix times column is column, as the script draws it for every other kernel and stride."""
    entries, height = matrix.shape[1], SMALL * max(matrix.shape)
    columns = [(matrix, "im-rows", 0), (weights[:, None], "im-kernel", entries * SMALL + 16)]
    columns.append(((matrix @ weights)[:, None], "im-out", entries * SMALL + SMALL + 32))
    parts = []
    for numbers, name, left in columns:
        down, across = numbers.shape
        wide = SMALL if name != "im-out" else 40
        top = (height - down * SMALL) / 2
        texts = "".join(
            f'<text x="{left + wide * (c + 0.5):g}" y="{top + SMALL * (r + 0.5):g}">{number(value)}</text>'
            for (r, c), value in np.ndenumerate(numbers)
        )
        parts.append(
            f'<rect class="{name}" x="{left}" y="{top:g}" width="{wide * across}" height="{SMALL * down}" rx="3"/>'
            f'<g class="{name}">{texts}</g>'
        )
    width = entries * SMALL + SMALL + 72
    return (
        f'<svg class="im-product" viewBox="-2 -2 {width + 4} {height + 4}" width="{width + 4}" height="{height + 4}" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def words(pixels, weights):
    """The first window, written as the script writes every other."""
    pairs = zip(pixels, weights, strict=True)
    terms = [f"{number(x)}×{number(w) if w >= 0 else f'({number(w)})'}" for x, w in pairs]
    return (
        "Window 0, its corner on row 0, column 0, becomes row 0 of the matrix.\n"
        f"Row 0 times the kernel: {' + '.join(terms)} = {number(pixels @ weights)}."
    )
