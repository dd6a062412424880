"""AlexNet's eight layers, each a square whose area is to scale: its numbers, its parameters or its multiplications."""

from math import sqrt

from cnncourse.alexnet import alexnet_table
from cnncourse.shapes import ConvShape, layer_table
from figures import Still, buttons, choice, stage, switch

# Name, places before, channels, window, step, padding, filters, places behind the pooling (0: there is none). A dense
# layer has one place and a window of 1.
LAYERS = [
    ["conv1", 227, 3, 11, 4, 0, 96, 27],
    ["conv2", 27, 96, 5, 1, 2, 256, 13],
    ["conv3", 13, 256, 3, 1, 1, 384, 0],
    ["conv4", 13, 384, 3, 1, 1, 384, 0],
    ["conv5", 13, 384, 3, 1, 1, 256, 6],
    ["fc6", 1, 9216, 1, 1, 0, 4096, 0],
    ["fc7", 1, 4096, 1, 1, 0, 4096, 0],
    ["fc8", 1, 4096, 1, 1, 0, 1000, 0],
]
WIDTH, HEIGHT, SIDE = 85, 128, 80  # of a layer's field, and of the largest square


def draw():
    numbers = []
    for name, n, channels, f, s, p, filters, _ in LAYERS:
        row = layer_table((n, n, channels), [ConvShape(filters, f, s, p, name=name)])[-1]
        places, _, _ = row.output_shape
        numbers.append([places * places * filters, row.parameters, row.multiply_adds])
    learnt = [row for row in alexnet_table() if row.parameters]
    if [row[1:] for row in numbers] != [[row.parameters, row.multiply_adds] for row in learnt]:
        raise ValueError("the figure's layers are not those of the course's table")
    largest = max(row[0] for row in numbers)
    fields = "".join(field(i, numbers[i][0], largest) for i in range(8))
    width, height = 4 * WIDTH, 2 * HEIGHT
    svg = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">{fields}</svg>'
    controls = choice("what", "The area shows", ["numbers given out", "parameters", "multiplications"])
    controls += buttons("Show all", "Hide") + switch("cards", "Two graphics cards")
    return Still(stage(svg, "Layer", "conv1", 8), words(numbers), controls, LAYERS)


def field(i, value, largest):
    """A layer's place in the picture: its name, its number, and its square around the middle."""
    side = SIDE * sqrt(value / largest)
    x, y = WIDTH * (i % 4 + 0.5), HEIGHT * (i // 4)
    chosen = ' class="here"' if i == 0 else ""
    return (
        f'<g{chosen}><rect x="{x - side / 2:.1f}" y="{y + 62 - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}"/>'
        f'<text x="{x}" y="{y + 11}">{LAYERS[i][0]}</text><text x="{x}" y="{y + 113}">{value:,}</text></g>'
    )


def words(numbers):
    """conv1 in words, as the script writes every layer."""
    out, parameters, products = numbers[0]
    shares = [f"{100 * numbers[0][k] / sum(row[k] for row in numbers):.1f} %" for k in range(3)]
    return (
        f"conv1 reads 227 × 227 × 3, with 96 filters of 11 × 11, moved by 4.\n"
        f"Places: (227 + 2·0 − 11) / 4 + 1 = 55.\n"
        f"It gives out 55 × 55 × 96 = {out:,} numbers, {shares[0]} of all.\n"
        f"Parameters: 11·11·3·96 + 96 = {parameters:,}, {shares[1]} of all.\n"
        f"Multiplications: 55·55 · 11·11·3·96 = {products:,}, {shares[2]} of all.\n"
        f"A pooling, 3 × 3 moved by 2, leaves (55 − 3) / 2 + 1 = 27 places."
    )
