"""A perceptron of two inputs: the reader sets its weights, or has Rosenblatt's rule set them, and sees its line move.

Options: ``weights``, the starting values of w1, w2 and b, and ``task``, 0 for AND, 1 for OR, 2 for XOR.
"""

import numpy as np

from cnncourse.activations import affine
from figures import Still, buttons, choice, number, panel, row, slider

POINTS = [[0, 0], [0, 1], [1, 0], [1, 1]]
TASKS = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
UNIT = 120  # of the plane, in pixels; it shows both inputs from -0.5 to 1.5


def draw(weights=(1, 1, -1.5), task=0):
    if len(weights) != 3 or not 0 <= task < len(TASKS):
        raise ValueError(f"three weights and a task from 0 to {len(TASKS) - 1}, not {weights} and {task}")
    w1, w2, b = weights
    name, wanted = list(TASKS.items())[task]
    sums = affine(POINTS, [[w1], [w2]], [b])[:, 0]
    outputs = (sums > 0).astype(int).tolist()
    side, ends = half_plane(w1, w2, b)
    line = path(ends)[:-1] if len(ends) == 2 else ""  # without the z that would close it
    plane = (
        '<svg viewBox="0 0 275 270" width="275" height="270" aria-hidden="true">'
        f'<rect class="pe-plane" x="32" y="1" width="240" height="240" rx="3"/>'
        f'<path class="pe-side" d="{path(side)}"/><path class="pe-line" d="{line}"/>'
        + "".join(dot(*point, y == t, t) for point, y, t in zip(POINTS, outputs, wanted, strict=True))
        + "".join(f'<text x="{x}" y="257">{a}</text>' for x, a in ((92, "0"), (212, "1"), (258, "x₁")))
        + "".join(f'<text x="15" y="{y}">{a}</text>' for y, a in ((181, "0"), (61, "1"), (16, "x₂")))
        + "</svg>"
    )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("x₁, x₂", "w₁×x₁ + w₂×x₂ + b", "y", "wanted"))
    rows = "".join(
        f'<tr><th scope="row">{x1}, {x2}</th><td>{arithmetic(weights, x1, x2, total)}</td><td>{y}</td>'
        f"<td>{t}, {'right' if y == t else 'wrong'}</td></tr>"
        for (x1, x2), total, y, t in zip(POINTS, sums, outputs, wanted, strict=True)
    )
    table = f'<table class="pe-sums"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    controls = choice("task", "Task", TASKS, task)
    controls += "".join(
        slider(key, label, -3, 3, value, 0.5)
        for key, label, value in zip(("w1", "w2", "b"), ("w₁", "w₂", "b"), weights, strict=True)
    )
    controls += buttons("Learn", "Zeros")
    right = sum(y == t for y, t in zip(outputs, wanted, strict=True))
    picture = row(panel("shaded: y = 1", plane), panel("the sum at each point", table))
    formula = rf"y = 1 \text{{ if }} {number(w1)}\,x_1 + {number(w2)}\,x_2 + {number(b)} > 0"
    return Still(picture, f"{name}: {right} of 4 points right.", controls, list(TASKS.items()), formula)


def half_plane(w1, w2, b):
    """The part of the plane that is shown and in which the sum is above 0, and the ends of its border line."""
    corners = [(-0.5, -0.5), (1.5, -0.5), (1.5, 1.5), (-0.5, 1.5)]
    side, ends = [], []
    for p, q in zip(corners, corners[1:] + corners[:1], strict=True):
        at_p, at_q = (w1 * x1 + w2 * x2 + b for x1, x2 in (p, q))
        if at_p > 0:
            side.append(p)
        if (at_p > 0) != (at_q > 0):
            cut = tuple(np.add(p, np.subtract(q, p) * at_p / (at_p - at_q)).tolist())
            side.append(cut)
            ends.append(cut)
    return side, ends


def place(x1, x2):
    return f"{32 + UNIT * (x1 + 0.5):g} {1 + UNIT * (1.5 - x2):g}"


def path(points):
    return "M" + "L".join(place(*point) for point in points) + "z" if points else ""


def dot(x1, x2, right, wanted):
    classes = ("pe-one" if wanted else "pe-zero") + ("" if right else " pe-wrong")
    x, y = place(x1, x2).split()
    return f'<g class="{classes}"><circle cx="{x}" cy="{y}" r="16"/><text x="{x}" y="{y}">{wanted}</text></g>'


def arithmetic(weights, x1, x2, total):
    """One sum, written as the script writes every other."""
    w1, w2, b = weights
    second = number(w2) if w2 >= 0 else f"({number(w2)})"
    return f"{number(w1)}×{x1} + {second}×{x2} {'−' if b < 0 else '+'} {number(abs(b))} = {number(total)}"
