"""One axis with its padding, every window that fits, and the outputs; pixels that no window sees are marked.

Options: ``n`` (3 to 9), ``f`` (1 to 5), ``s`` (1 to 4), ``padding``: a key of PADDINGS. The kernel holds ones alone.
"""

from cnncourse.shapes import causal_padding, output_size, same_padding
from figures import Still, buttons, choice, number, slider, stage, switch

PADDINGS = {"valid": "valid: none", 1: "1 on each side", 2: "2 on each side", "same": "same", "causal": "causal"}
CELL = 24
LEFT = 4 * CELL + 1  # where the first pixel begins: there is room for four zeros before it
WIDTH, ROWS, OUT = 15 * CELL + 2, 66, 268  # the picture's width; where windows and outputs begin


def draw(n=6, f=3, padding=1, s=2):
    if padding not in PADDINGS or not (3 <= n <= 9 and 1 <= f <= 5 and 1 <= s <= 4):
        raise ValueError(f"n from 3 to 9, f from 1 to 5, s from 1 to 4, padding one of {list(PADDINGS)}")
    before, after = around(n, f, padding, s)
    windows = output_size(n + before + after, f, 0, s)  # refuses a kernel that does not fit
    cells = [0] * before + list(range(1, n + 1)) + [0] * after
    svg = (
        f'<svg viewBox="0 0 {WIDTH} 300" width="{WIDTH}" height="300" aria-hidden="true">'
        '<text class="ps-name" x="1" y="9">padding and pixels</text>'
        f'<text class="ps-name" x="1" y="{ROWS - 9}">windows</text>'
        f'<text class="ps-name" x="1" y="{OUT - 11}">outputs: the sum of each window</text>'
        f"<g>{picture(cells, before, f, s, windows)}</g></svg>"
    )
    first = cells[:f]
    controls = buttons("Play", "Step", "Reset")
    controls += slider("n", "Pixels <i>n</i>", 3, 9, n) + slider("f", "Kernel <i>f</i>", 1, 5, f)
    controls += choice("padding", "Padding", PADDINGS.values(), list(PADDINGS).index(padding))
    controls += slider("s", "Stride <i>s</i>", 1, 4, s) + switch("guess", "Let me predict first")
    said = "\n".join(
        [size(n, f, padding, s, before, after, windows), unseen(cells, f, s, windows), chosen(first, windows)]
    )
    return Still(stage(svg, "Which output", "output 0", windows), said, controls)


def around(n, f, padding, s):
    if padding == "same":
        return same_padding(n, f, s)
    if padding == "causal":
        return causal_padding(f)
    return (0, 0) if padding == "valid" else (padding, padding)


def picture(cells, before, f, s, windows):
    """The axis, every window, every output; the first is chosen. The script draws every other state."""
    seen = {k * s + a for k in range(windows) for a in range(f)}
    left = LEFT - before * CELL
    step = min(32, 176 / windows)
    parts = []
    for i, value in enumerate(cells):
        kind = ("ps-pixel" if value else "ps-zero") + (" ps-now" if i < f else "")
        x = left + i * CELL
        parts.append(f'<rect class="{kind}" x="{x}" y="18" width="{CELL}" height="28"/>')
        parts.append(f'<text x="{x + CELL / 2:g}" y="32.5">{value}</text>')
        if i not in seen:
            parts.append(f'<path class="ps-lost" d="M{x + 3} 43L{x + CELL - 3} 21M{x + 3} 21L{x + CELL - 3} 43"/>')
    for k in range(windows):
        x, now = left + k * s * CELL, " ps-now" if k == 0 else ""
        parts.append(
            f'<rect class="ps-window{now}" x="{x + 1}" y="{ROWS + k * step:g}" width="{f * CELL - 2}" '
            f'height="{0.7 * step:g}" rx="3"/>'
        )
        middle, total = x + f * CELL / 2, sum(cells[k * s : k * s + f])
        parts.append(f'<rect class="ps-out{now}" x="{middle - 12:g}" y="{OUT}" width="24" height="28"/>')
        parts.append(f'<text{" class=here" if now else ""} x="{middle:g}" y="{OUT + 14.5}">{number(total)}</text>')
    return "".join(parts)


def size(n, f, padding, s, before, after, windows):
    """The formula with its numbers, as the script writes it."""
    outputs = f"{windows} output" + "s" * (windows != 1)
    if padding == "same":
        return (
            f"⌈{n} / {s}⌉ = {outputs}. They reach over ({windows} − 1)·{s} + {f} = {(windows - 1) * s + f}: "
            f"zeros before {before}, after {after}."
        )
    room = f"{n} + {f - 1}" if padding == "causal" else f"{n} + 2·{before}"
    return f"⌊({room} − {f}) / {s}⌋ + 1 = ⌊{n + before + after - f} / {s}⌋ + 1 = {outputs}."


def unseen(cells, f, s, windows):
    lost = [cells[i] for i in range(len(cells)) if not any(k * s <= i < k * s + f for k in range(windows))]
    pixels, zeros = [str(x) for x in lost if x], lost.count(0)
    parts = ["pixel" + "s" * (len(pixels) > 1) + " " + ", ".join(pixels)] if pixels else []
    parts += [f"{zeros} zero" + "s" * (zeros > 1)] if zeros else []
    return "Seen by no window: " + (" and ".join(parts) or "nothing") + "."


def chosen(values, windows):
    return f"Output 0 of 0 to {windows - 1}: {' + '.join(map(str, values))} = {sum(values)}"
