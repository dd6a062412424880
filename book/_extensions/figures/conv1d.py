"""A kernel slides along a sentence of which each word has two numbers; the largest output is the global maximum.

Options: ``sentence`` and ``kernel``, numbers of SENTENCES and KERNELS, and ``padding``: one of PADDINGS.
"""

import numpy as np

from cnncourse.shapes import causal_padding, same_padding
from cnncourse.text import conv1d
from figures import Still, buttons, choice, number, stage

# How much a word praises, and whether it denies.
TABLE = {
    "the": [0, 0],
    "film": [1, 0],
    "is": [0, 0],
    "not": [0, 2],
    "good": [3, 0],
    "and": [0, 0],
    "too": [-1, 1],
    "long": [-1, 0],
}
SENTENCES = ["the film is not good and too long".split(), "the film is good and not too long".split()]
# Name, a row for each word the kernel reads, and the bias.
KERNELS = [
    ["not good", [[0, 2], [2, 0]], -6],
    ["good", [[1, 0]], 0],
    ["good, but not after not", [[0, -2], [2, 0]], -4],
    ["not too long", [[0, 2], [-1, 1], [-2, 0]], -6],
]
PADDINGS = ["valid", "same", "causal"]
CELL, TALL = 34, 38  # a word's width, a number's height
WIDTH, TABLE_TOP, OUT = 10 * CELL + 2, 50, 160


def draw(sentence=0, kernel=0, padding="valid"):
    if sentence not in range(len(SENTENCES)) or kernel not in range(len(KERNELS)) or padding not in PADDINGS:
        raise ValueError(f"sentence 0 or 1, kernel 0 to {len(KERNELS) - 1}, padding one of {PADDINGS}")
    words, (_, rows, bias) = SENTENCES[sentence], KERNELS[kernel]
    found = outputs(words, rows, bias, padding)
    svg = (
        f'<svg viewBox="0 0 {WIDTH} 232" width="{WIDTH}" height="232" aria-hidden="true">'
        '<text class="co-name" x="1" y="9">words; below each: praises, denies</text>'
        f'<text class="co-name" x="1" y="{OUT - 13}">outputs</text>'
        f"<g>{picture(words, rows, padding, found)}</g></svg>"
    )
    controls = buttons("Play", "Step", "Reset")
    controls += choice("sentence", "Sentence", [" ".join(words) for words in SENTENCES], sentence)
    controls += choice("kernel", "Kernel", [name for name, _, _ in KERNELS], kernel)
    controls += choice("padding", "Padding", PADDINGS, PADDINGS.index(padding))
    values = [[[[word, *TABLE[word]] for word in words] for words in SENTENCES], KERNELS]
    return Still(
        stage(svg, "Which output", "output 0", len(found)), said(words, rows, bias, padding, found), controls, values
    )


def outputs(words, rows, bias, padding):
    sequence = np.array([TABLE[word] for word in words], float)[None]
    found = conv1d(sequence, np.array(rows, float)[:, :, None], np.array([bias], float), padding=padding)
    return [int(value) for value in found[0, :, 0]]


def around(k, padding):
    """Zeros before and after."""
    if padding == "same":
        return same_padding(8, k)
    return causal_padding(k) if padding == "causal" else (0, 0)


def picture(words, rows, padding, found):
    """The sentence as a table with its padding, the kernel on its first place, and all outputs."""
    before, after = around(len(rows), padding)
    left = 1 + CELL * (2 if padding == "causal" else 1)  # where the first word begins
    parts = []
    for i in range(-before, len(words) + after):
        inside = 0 <= i < len(words)
        x = left + i * CELL
        if inside:
            parts.append(f'<text class="co-word" x="{x + CELL / 2:g}" y="35">{words[i]}</text>')
        for d in range(2):
            y = TABLE_TOP + d * TALL
            kind = "co-cell" if inside else "co-zero"
            parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL}" height="{TALL}"/>')
            value = number(TABLE[words[i]][d]) if inside else "0"
            parts.append(f'<text x="{x + CELL / 2:g}" y="{y + 15}">{value}</text>')
    x = left - before * CELL
    parts.append(
        f'<rect class="co-kernel" x="{x}" y="{TABLE_TOP}" width="{len(rows) * CELL}" height="{2 * TALL}" rx="3"/>'
    )
    for a, weights in enumerate(rows):
        for d, w in enumerate(weights):
            place = f'x="{x + a * CELL + CELL - 3}" y="{TABLE_TOP + d * TALL + 31}"'
            parts.append(f'<text class="co-weight" {place}>×{number(w)}</text>')
    best = found.index(max(found))
    for t, value in enumerate(found):
        x, now = left + t * CELL, " co-now" if t == 0 else ""
        parts.append(f'<rect class="co-out{now}" x="{x}" y="{OUT}" width="{CELL}" height="32"/>')
        parts.append(
            f'<text{" class=here" if t == best else ""} x="{x + CELL / 2:g}" y="{OUT + 16}">{number(value)}</text>'
        )
    middle = left + best * CELL + CELL / 2
    parts.append(f'<path class="co-max" d="M{middle:g} {OUT + 35}l6 9h-12z"/>')
    parts.append(f'<text class="co-most" x="{middle:g}" y="{OUT + 55}">max</text>')
    return "".join(parts)


def said(words, rows, bias, padding, found):
    """The first output, written as the script writes every other."""
    before, _ = around(len(rows), padding)
    read = [words[i] if i >= 0 else "0" for i in range(-before, len(rows) - before)]
    pairs = [
        (x, w) for name, ws in zip(read, rows, strict=True) for x, w in zip(TABLE.get(name, [0, 0]), ws, strict=True)
    ]
    terms = " + ".join(f"{number(x)}×{number(w) if w >= 0 else f'({number(w)})'}" for x, w in pairs)
    end = f", plus the bias {number(bias)}" if bias else ""
    return (
        f"Output 0 of 0 to {len(found) - 1} reads “{' '.join(read)}”:\n{terms}{end} = {number(found[0])}\n"
        f"Largest so far: {number(found[0])}, from “{' '.join(read)}”."
    )
