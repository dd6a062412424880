"""How the receptive field grows: the reader adds layers, and sees which pixels of the input one number depends on.

Options: ``layers``, a list of rows of LAYERS (their numbers), first layer first.
"""

from cnncourse.shapes import dilated_size, receptive_field
from figures import Still, buttons, switch

# Name, kernel, stride, dilation.
LAYERS = [
    ["3 × 3", 3, 1, 1],
    ["3 × 3, stride 2", 3, 2, 1],
    ["pool 2, stride 2", 2, 2, 1],
    ["3 × 3, dilation 2", 3, 1, 2],
]
MOST, PIXELS, PITCH = 5, 65, 5.2  # layers; pixels of the input; units from one to the next
WIDTH, BOTTOM, STOREY = 340, 244, 44  # the input lies at BOTTOM, every layer a storey higher


def draw(layers=(0, 1, 0)):
    if len(layers) > MOST or any(kind not in range(len(LAYERS)) for kind in layers):
        raise ValueError(f"up to {MOST} layers, each a number from 0 to {len(LAYERS) - 1}, not {layers}")
    stack = [LAYERS[kind] for kind in layers]
    svg = (
        f'<svg viewBox="0 0 {WIDTH} 300" width="{WIDTH}" height="300" aria-hidden="true"><g>{picture(stack)}</g></svg>'
    )
    controls = buttons(*(f"Add {name}" for name, *_ in LAYERS), "Remove", "Clear")
    controls += switch("guess", "Hide the field: let me predict")
    return Still(f'<div class="rf-stack">{svg}</div>', words(stack), controls, [LAYERS, list(layers)])


def routes(stack):
    """From the output down to the input: at each level how many routes lead to each unit, and the units' distance."""
    levels, steps = [[1]], [1]
    for _, _, stride, _ in stack:
        steps.append(steps[-1] * stride)
    for _, kernel, stride, dilation in reversed(stack):
        above = levels[0]
        below = [0] * ((len(above) - 1) * stride + (kernel - 1) * dilation + 1)
        for i, ways in enumerate(above):
            for a in range(kernel):
                below[i * stride + a * dilation] += ways
        levels.insert(0, below)
    return levels, steps


def picture(stack):
    levels, steps = routes(stack)
    parts, outer = [], None
    for level, (ways, step) in enumerate(zip(levels, steps, strict=True)):
        y, half = BOTTOM - level * STOREY, (len(ways) - 1) * step * PITCH / 2
        if outer is not None:
            low, high = (WIDTH / 2 + side * reach for side in (-1, 1) for reach in (outer, half)), y + STOREY
            a, b, c, d = low
            parts.append(f'<path class="rf-cone" d="M{a:g} {high}L{b:g} {y}H{d:g}L{c:g} {high}Z"/>')
        if level:
            parts.append(f'<text class="rf-name" x="1" y="{y - 16}">{level}: {stack[level - 1][0]}</text>')
        outer = half
    for level, (ways, step) in enumerate(zip(levels, steps, strict=True)):
        y = BOTTOM - level * STOREY
        for i, many in enumerate(ways):
            x = WIDTH / 2 + (i - (len(ways) - 1) / 2) * step * PITCH
            if level and many:
                parts.append(f'<circle class="rf-unit" cx="{x:g}" cy="{y}" r="{4 if level == len(stack) else 2.4}"/>')
            if not level and many:
                tall = 44 * many / max(ways)
                parts.append(f'<rect class="rf-ways" x="{x - 2:g}" y="{BOTTOM + 12}" width="4" height="{tall:g}"/>')
    left = WIDTH / 2 - (PIXELS + 1 - len(levels[0]) % 2) * PITCH / 2  # an even field lies between two pixels
    lines = "".join(f"M{left + k * PITCH:g} {BOTTOM - 6}v12" for k in range(PIXELS + 1))
    parts.append(f'<path class="rf-axis" d="{lines}M0 {BOTTOM - 6}H{WIDTH}M0 {BOTTOM + 6}H{WIDTH}"/>')
    for i, many in enumerate(levels[0]):
        if many:
            x = WIDTH / 2 + (i - len(levels[0]) / 2) * PITCH
            parts.append(f'<rect class="rf-seen" x="{x:g}" y="{BOTTOM - 6}" width="{PITCH}" height="12"/>')
    parts.append(f'<text class="rf-name" x="1" y="{BOTTOM - 16}">input</text>')
    return "".join(parts)


def words(stack):
    steps, sizes = [1], []
    for _, kernel, stride, dilation in stack:
        sizes.append(dilated_size(kernel, dilation) - 1)
        steps.append(steps[-1] * stride)
    field = receptive_field([layer[1:] for layer in stack])
    total = " + ".join(["1"] + [f"{size}·{step}" for size, step in zip(sizes, steps, strict=False)])
    pixels = f"{field} pixel" + "s" * (field != 1)
    lines = [
        f"Receptive field: {total} = {pixels}." if stack else "No layer yet: the number is a pixel and sees 1 pixel."
    ]
    if stack:
        _, kernel, _, dilation = stack[-1]
        reach = f"({kernel} − 1)" + (f"·{dilation}" if dilation > 1 else "")
        plural = "s" * (sizes[-1] != 1), "s" * (steps[-2] != 1)
        lines.append(
            f"Layer {len(stack)} adds {reach} = {sizes[-1]} step{plural[0]} of {steps[-2]} pixel{plural[1]} "
            "(the strides below it, multiplied)."
        )
        seen = sum(map(bool, routes(stack)[0][0]))
        lines.append(
            "Every one of them is seen." if seen == field else f"Only {seen} of them are seen: there are holes."
        )
    return "\n".join(lines)
