"""Two boxes on squared paper: the truth, and one that the reader moves and sizes. What they share, what they cover.

Options: ``truth`` and ``box``, each top, left, bottom and right on a paper of 10 × 10.
"""

from figures import Still, buttons, choice, number, slider, stage

PAPER, CELL = 10, 32


def draw(truth=(2, 2, 6, 7), box=(3, 3, 7, 8)):
    for name, (top, left, bottom, right) in (("truth", truth), ("box", box)):
        if not (0 <= top < bottom <= PAPER and 0 <= left < right <= PAPER):
            edges = (top, left, bottom, right)
            raise ValueError(f"{name} must be top, left, bottom and right on a paper of 10 × 10, not {edges}")
    side, size = PAPER * CELL, PAPER * CELL + 4
    lines = "".join(f"M0 {at}H{side}M{at} 0V{side}" for at in range(CELL, side, CELL))
    shared = (max(truth[0], box[0]), max(truth[1], box[1]), min(truth[2], box[2]), min(truth[3], box[3]))
    picture = (
        f'<svg class="grid" viewBox="-2 -2 {size} {size}" width="{size}" height="{size}" aria-hidden="true">'
        f'<rect width="{side}" height="{side}" rx="3"/><path d="{lines}"/>'
        f'<rect class="iu-shared" {place(shared)}/><rect class="iu-truth" {place(truth)}/>'
        f'<text class="iu-true" x="{truth[1] * CELL + 26}" y="{truth[0] * CELL - 11}">truth</text>'
        f'<g class="iu-mine"><rect {place(box)}/><circle cx="{box[3] * CELL}" cy="{box[2] * CELL}" r="9"/>'
        f'<text x="{box[1] * CELL + 28}" y="{box[2] * CELL + 14}">yours</text></g></svg>'
    )
    top, left, bottom, right = box
    text = f"row {top}, column {left}, {bottom - top} high, {right - left} wide"
    controls = slider("height", "Height", 1, PAPER, bottom - top) + slider("width", "Width", 1, PAPER, right - left)
    controls += choice("limit", "Counts as found from", [0.5, 0.75])
    controls += buttons("Half shared", "Inside", "Reset")
    return Still(
        stage(picture, "Your box", text, PAPER * PAPER, top * PAPER + left + 1),
        words(truth, box),
        controls,
        [truth, box],
        r"\frac{|A\cap B|}{|A\cup B|}",
    )


def place(box):
    top, left, bottom, right = (edge * CELL for edge in box)
    return f'x="{left}" y="{top}" width="{max(right - left, 0)}" height="{max(bottom - top, 0)}"'


def words(truth, box, limit=0.5):
    """The division, as the script writes it for every other place."""
    sides = [(bottom - top, right - left) for top, left, bottom, right in (truth, box)]
    height = max(min(truth[2], box[2]) - max(truth[0], box[0]), 0)
    width = max(min(truth[3], box[3]) - max(truth[1], box[1]), 0)
    if not height or not width:
        height = width = 0
    (a, b), shared = (h * w for h, w in sides), height * width
    union = a + b - shared
    found = "yes" if shared >= limit * union else "no"
    return (
        f"Truth {sides[0][0]} × {sides[0][1]} = {a}, yours {sides[1][0]} × {sides[1][1]} = {b}.\n"
        f"Intersection {height} × {width} = {shared}, union {a} + {b} − {shared} = {union}.\n"
        f"IoU {shared} / {union} = {number(shared / union)}. Found at {number(limit)}? {found}."
    )
