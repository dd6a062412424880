"""Pooling a map whose pixels the reader changes, and the gradient's way back through the windows.

Options: ``input``, four rows of four whole numbers from -9 to 9.
"""

import numpy as np

from cnncourse.pooling import max_pool2d, max_pool2d_backward, max_pool2d_with_winners
from figures import CELL, Still, buttons, choice, grid, latex, panel, row, stage

SMALL = 36  # the side of a cell that nobody has to hit
INPUT = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


def draw(input=INPUT):
    image = np.array(input)
    if image.shape != (4, 4) or image.dtype.kind != "i" or np.abs(image).max() > 9:
        raise ValueError(f"input must be four rows of four whole numbers from -9 to 9, not {input}")
    image = image[None, :, :, None]
    out, winners = max_pool2d_with_winners(image, 2)
    coming = np.array([[1, 2], [3, 4]])
    back = max_pool2d_backward(coming[None, :, :, None], image, 2)[0, :, :, 0]
    forward = row(
        panel(
            "input",
            stage(
                grid(input, classes="po-in", over=over(winners[0, :, :, 0])),
                "Pixel of the input",
                f"row 0, column 0: {input[0][0]}",
                16,
            ),
        ),
        "→",
        panel("output", board(out[0, :, :, 0])),
    )
    backward = row(
        panel("gradient sent back", grid(back, classes="po-back")),
        "←",
        panel("arriving", board(coming)),
    )
    controls = buttons("Play", "Step", "Reset", "Pixel − 1", "Pixel + 1")
    controls += choice("reduce", "Keep the", ["maximum", "mean"]) + choice("stride", "Stride", [2, 1])
    controls += choice("coming", "Gradient arriving", ["1, 2, 3, …", "all ones"])
    first = [input[0][0], input[0][1], input[1][0], input[1][1]]
    once = "" if first.count(max(first)) == 1 else f" ({first.count(max(first))} times, the first wins)"
    words = (
        f"Window 1 of 4 holds {', '.join(map(str, first))}. The largest is {max(first)}{once}.\n"
        f"The gradient 1 goes to it, whole. That pixel has 1 in all."
    )
    formula = rf"{latex(input)}\;\rightarrow\;{latex(max_pool2d(image, 2)[0, :, :, 0])}"
    picture = f'<div class="po-both">{forward}{backward}</div>'
    return Still(picture, words, controls, input, formula)


def board(rows):
    """Two rows of two cells, in the middle of a picture that has room for three."""
    cells = grid(rows, cell=SMALL).split(">", 1)[1].rsplit("</svg>", 1)[0]
    side = 3 * SMALL + 2
    return (
        f'<svg viewBox="-1 -1 {side} {side}" width="{side}" height="{side}" aria-hidden="true">'
        f'<g class="po-cells" transform="translate({SMALL / 2:g} {SMALL / 2:g})">{cells}</g></svg>'
    )


def over(winners):
    """The winners' rings, the frame of the window in question, and the dashed frame of the chosen pixel."""
    rings = "".join(
        f'<circle cx="{CELL * (2 * j + b + 0.5):g}" cy="{CELL * (2 * i + a + 0.5):g}" r="16"/>'
        for (i, j), winner in np.ndenumerate(winners)
        for a, b in [divmod(int(winner), 2)]
    )
    return (
        f'<g class="po-rings">{rings}</g><g><rect class="po-frame" width="{2 * CELL}" height="{2 * CELL}" rx="3"/>'
        f'<rect class="po-pixel" x="4" y="4" width="{CELL - 8}" height="{CELL - 8}" rx="3"/></g>'
    )
