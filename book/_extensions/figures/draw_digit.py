"""The reader draws a digit, and a small LeNet reads it: every map that it makes on the way is shown.

The network and its weights are those of ``draw_digit_weights.py``. The ready digits are strokes of a pen, painted here
as the script paints the reader's own. Option: ``digit``, which of them is drawn first.
"""

import base64
import json
import struct
import zlib
from itertools import pairwise

import numpy as np

from cnncourse.activations import softmax
from figures import Still, buttons, panel, switch
from figures.draw_digit_weights import FILE, network, read

SIZE = 28
# The ways of a pen, a point after the other: x and y in pixels from the upper left corner, each a digit of base 36.
STROKES = [
    "e5a78c8galenilkgkci7e5",
    "f5dn",
    "89a6e5i7jahe8mkm",
    "96e5i7iaddifjjfn8m",
    "a58eje h5gn",
    "j5a59cebidjhhlcn8l",
    "h5c89e9jcnhmjigebf9i",
    "86j6eecn",
    "edaaa7e5i7iaed9h9lenjljhed",
    "i9f5a7abediai8hgen",
]
GREYS = np.array([[10, 30, 36], [132, 142, 146], [255, 255, 255]])
TEALS = np.array([[10, 30, 36], [85, 138, 146], [160, 245, 255]])
# Weights that are negative, small, positive, and the ground between the kernels.
SIGNED = np.array([[31, 35, 40], [208, 215, 222], [162, 71, 8], [255, 255, 255]])
NAMES = "C1, ReLU: 24 × 24", "S2, max-pooling: 12 × 12", "C3, ReLU: 8 × 8", "S4, max-pooling: 4 × 4"


def painted(strokes):
    """Strokes as 28 × 28 bytes: black ground, white ink, grey where a pixel is half covered."""
    pixels = np.zeros((SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    for stroke in strokes.split():
        points = np.reshape([int(letter, 36) for letter in stroke], (-1, 2)).astype(float)
        for (ax, ay), (bx, by) in pairwise(points):
            dx, dy = bx - ax, by - ay
            along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy or 1), 0, 1)
            distance = np.hypot(x - ax - along * dx, y - ay - along * dy)
            pixels = np.maximum(pixels, np.floor(255 * np.clip(1.8 - distance, 0, 1) + 0.5))
    return pixels


def centred(pixels):
    """Moved by whole pixels until the centre of mass lies in pixel (14, 14), as in MNIST: (pixels, rows, columns)."""
    if not pixels.any():
        return pixels, 0, 0
    middle = np.arange(SIZE) + 0.5
    rows, columns = (int(np.floor(15 - pixels.sum(axis=axis) @ middle / pixels.sum())) for axis in (1, 0))
    moved = np.zeros_like(pixels)
    of = [slice(max(0, -by), SIZE - max(0, by)) for by in (rows, columns)]
    to = [slice(max(0, by), SIZE - max(0, -by)) for by in (rows, columns)]
    moved[tuple(to)] = pixels[tuple(of)]
    return moved, rows, columns


def answer(pixels):
    """What the network makes of 28 × 28 bytes: the maps of its four layers, and ten probabilities."""
    built = network()
    x, maps = pixels[None, :, :, None] / 255, []
    for layer in built.layers:
        x = layer.forward(np.asarray(x, np.float32))
        maps.append(x[0])
    return maps[:4], softmax(x)[0]


def words(maps, probabilities, rows, columns):
    """The answer, and where it comes from, as the script writes it."""
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    told = f"Most likely a {first}, {percent(probabilities[first])}; then {second}, {percent(probabilities[second])}."
    row, column, kernel = np.unravel_index(maps[0].argmax(), maps[0].shape)
    where = f"Kernel {kernel} answers strongest: {maps[0].max():.2f} at row {row}, column {column}."
    return f"{told}\nMoved: rows {rows}, columns {columns}. {where}".replace("-", "−")


def percent(share):
    return f"{100 * share:.1f} %"


def draw(digit=7):
    pixels = painted(STROKES[digit])
    moved, rows, columns = centred(pixels)
    maps, probabilities = answer(moved)
    kernels = np.moveaxis(read()[0][:, :, 0], 2, 0)
    y, x = (pixels.sum(axis=axis) @ (np.arange(SIZE) + 0.5) / pixels.sum() for axis in (1, 0))
    pad = (
        '<div class="moving-stage da-pad" role="slider" tabindex="0" aria-label="Pen: arrows move it, space puts it '
        f'down or lifts it" aria-valuemin="1" aria-valuemax="{SIZE * SIZE}" aria-valuenow="407" '
        'aria-valuetext="row 14, column 14">'
        + canvas(np.round(pixels / 127.5), GREYS, "Drawing")
        + '<svg viewBox="0 0 28 28" aria-hidden="true"><path d="M14.5 13.5v2m-1-1h2"/>'
        + f'<circle r=".7" cx="{x:.1f}" cy="{y:.1f}"/><path d="M0 0h1v1H0z"/></svg></div>'
    )
    sheets, names, top = [], "", 0
    for (name, drawn), height in zip(zip(NAMES, maps, strict=True), (24, 24, 50, 50), strict=True):
        sheets.append(sheet(np.round(2 * np.moveaxis(drawn, 2, 0) / (drawn.max() or 1)), 12))
        names += f'<span style="top:{top / 1.96:.1f}%">{name}</span>'
        top += 12 + height
    stack = f'<div class="da-stack">{canvas(np.concatenate(sheets), TEALS, "Feature maps")}{names}</div>'
    shares = kernels / np.abs(kernels).max(axis=(1, 2), keepdims=True)
    signed = sheet(1 + (shares > 0.25) - (shares < -0.25), 0, ground=3)
    bars = "".join(bar(k, p, p == probabilities.max()) for k, p in enumerate(probabilities))
    bars = f'<ul class="da-bars" aria-hidden="true">{bars}</ul>'
    shown = panel("kernels of C1: orange +, dark −", image(signed, SIGNED, "Six kernels"))
    picture = f'<div class="da-figure"><div>{panel("draw here", pad)}{bars}</div><div>{shown}{stack}</div></div>'
    controls = f'<span class="da-digits">{buttons(*map(str, range(10)))}</span>{buttons("Clear")}'
    controls += switch("centre", "Centre it, as MNIST was", on=True)
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    values = [stored["letters"], stored["scales"], STROKES, digit]
    return Still(picture, words(maps, probabilities, rows, columns), controls, values)


def bar(digit, probability, most):
    here = ' class="here"' if most else ""
    return f'<li style="--p:{100 * probability:.1f}"{here}>{digit}<span>{percent(probability)}</span></li>'


def sheet(maps, top, ground=0):
    """Maps side by side, six in a row, each 24 pixels wide whatever its size, two pixels apart."""
    times = 24 // maps.shape[1]
    side = times * maps.shape[1]
    out = np.full((top + 26 * -(-len(maps) // 6) - 2, 26 * 6 - 2), ground)
    for k, drawn in enumerate(maps):
        y, x = top + 26 * (k // 6), 26 * (k % 6)
        out[y : y + side, x : x + side] = np.kron(drawn, np.ones((times, times)))
    return out


def canvas(levels, palette, alt):
    """Where the script paints; without script, the picture inside is shown."""
    height, width = levels.shape
    return f'<canvas width="{width}" height="{height}">{image(levels, palette, alt)}</canvas>'


def image(levels, palette, alt):
    """Numbers from 0 to 3 as a PNG of two bits a pixel, inside the page."""
    height, width = levels.shape
    levels = np.pad(levels.astype(np.uint8), ((0, 0), (0, -width % 4)))
    packed = sum(levels[:, k::4] << 6 - 2 * k for k in range(4)).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    head = struct.pack(">IIBBBBB", width, height, 2, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += ((b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    data = base64.b64encode(png).decode()
    return f'<img class="dark-light" src="data:image/png;base64,{data}" width="{width}" height="{height}" alt="{alt}">'
