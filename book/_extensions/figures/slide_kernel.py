"""A kernel slides over an image, and each place it visits fills one number of the feature map.

Options: ``input`` and ``kernel``, rows of numbers, and ``bias``.
"""

import numpy as np

from cnncourse.convolution import correlate2d
from figures import CELL, Still, buttons, choice, grid, latex, number, panel, row, stage, switch

INPUT = [[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]]
KERNEL = [[2, 0, 1], [0, 1, 2], [1, 0, 2]]
# Name, entries, and the number every sum is divided by. They stand beside a 3×3 kernel of the author's.
OTHER_KERNELS = [
    ["identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1],
    ["edges (Sobel)", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1],
    ["blur (mean)", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9],
]


def draw(input=INPUT, kernel=KERNEL, bias=0):
    for rows in (input, kernel):
        if {len(row) for row in rows} != {len(rows[0])}:
            raise ValueError(f"rows of numbers, all equally long, such as [[1, 2], [3, 4]], not {rows}")
    if len(kernel) > len(input) or len(kernel[0]) > len(input[0]):
        raise ValueError("The kernel must fit inside the input.")
    found = (correlate2d(np.array(input, float), np.array(kernel, float)) + bias).tolist()
    kernels = [["worked example" if kernel == KERNEL else "this chapter's", kernel, 1]]
    if (len(kernel), len(kernel[0])) == (3, 3):
        kernels += OTHER_KERNELS
    image = stage(
        grid(input, classes="sk-input", over=window(kernel)),
        "Place of the kernel on the input",
        "row 0, column 0",
        len(found) * len(found[0]),
    )
    picture = row(
        panel("input", image),
        "⋆",
        panel("kernel", grid(kernel, "Kernel", "of-kernel")),
        "=",
        panel("feature map", grid(found, "Feature map", "of-map")),
    )
    controls = buttons("Play", "Step", "Reset")
    controls += choice("kernel", "Kernel", [name for name, _, _ in kernels]) if len(kernels) > 1 else ""
    controls += switch("flip", "Flip the kernel (true convolution)")
    formula = " ".join([latex(input), r"\star", latex(kernel), f"+ {bias}" if bias else "", "=", latex(found)])
    return Still(picture, words(input, kernel, bias), controls, [input, kernels, bias], formula)


def window(kernel):
    """The kernel lying on the input: a frame, and each weight small in the corner of its cell."""
    height, width = len(kernel) * CELL, len(kernel[0]) * CELL
    weights = "".join(
        f'<text x="{CELL * (c + 1) - 4}" y="{CELL * (r + 1) - 4}">×{number(w)}</text>'
        for r, ws in enumerate(kernel)
        for c, w in enumerate(ws)
    )
    return f'<g class="moving-window"><rect width="{width}" height="{height}" rx="3"/>{weights}</g>'


def words(image, kernel, bias):
    """The sum at the first place, written as the script writes every other."""
    pairs = [list(zip(xs, ws, strict=False)) for xs, ws in zip(image, kernel, strict=False)]
    lines = [" + ".join(f"{number(x)}×{number(w) if w >= 0 else f'({number(w)})'}" for x, w in line) for line in pairs]
    total = sum(x * w for line in pairs for x, w in line)
    end = f"= {number(total)}" + (f", plus the bias {number(bias)} = {number(total + bias)}" if bias else "")
    return "Row 0, column 0:\n" + "\n+ ".join(lines) + "\n" + end
