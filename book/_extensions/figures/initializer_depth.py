"""How a signal, or a gradient, fares on its way through up to fifty layers, by initializer and activation.

The spreads are computed here with the course's library, from a seed: a batch of normal noise through layers of 100
units without biases, and noise as the gradient that comes back. The script shows them as bars on a logarithmic scale.
"""

import math

import numpy as np

from cnncourse import initializers
from cnncourse.activations import relu, relu_backward, tanh_backward
from figures import Still, choice, slider

DEPTH, WIDTH, SAMPLES = 50, 100, 200
ZERO = 0x500
RULES = [
    ("uniform ±0.05", initializers.random_uniform),
    ("LeCun", initializers.lecun_normal),
    ("Glorot", initializers.glorot_uniform),
    ("He", initializers.he_normal),
    ("normal, deviation 0.3", lambda shape, rng: rng.normal(0, 0.3, shape)),
]
ACTIVATIONS = [("ReLU", relu, relu_backward), ("tanh", np.tanh, tanh_backward)]
SIGNAL, GRADIENT = "signal, forwards", "gradient, backwards"


def draw(rule=0, activation=0, watch=0, depth=10):
    spreads = [[through(rule, a) for _, rule in RULES] for a in ACTIVATIONS]
    logs = shown(spreads[activation][rule][watch], watch, depth)
    picture = (
        f'<svg class="id-bars" viewBox="0 0 340 200" width="510" height="300" aria-hidden="true">{bars(logs)}</svg>'
    )
    controls = choice("rule", "Weights", [name for name, _ in RULES], rule)
    controls += choice("activation", "Activation", [name for name, *_ in ACTIVATIONS], activation)
    controls += choice("watch", "Watch the", [SIGNAL, GRADIENT], watch) + slider("depth", "Layers", 1, DEPTH, depth)
    packed = [[[pack(signal), pack(gradient[::-1])] for signal, gradient in rules] for rules in spreads]
    return Still(picture, words(RULES[rule][0], ACTIVATIONS[activation][0], watch, logs), controls, packed)


def pack(hundredths):
    """One letter for each layer: how much further than the layer before. As numbers they would be twice as long."""
    steps = np.diff(hundredths, prepend=0)
    return "".join(chr(ZERO + step) for step in steps)


def through(rule, activation):
    """Hundredths of the decimal logarithm of the standard deviation after each layer, and of the gradient there."""
    _, forward, backward = activation
    rng = np.random.default_rng(6)
    x, kept = rng.standard_normal((SAMPLES, WIDTH)), []
    for _ in range(DEPTH):
        w = rule((WIDTH, WIDTH), rng)
        x = forward(x @ w)
        kept.append((w, x))
    signal, grad, gradients = [x.std() for _, x in kept], rng.standard_normal(x.shape), []
    for w, x in reversed(kept):
        gradients.append(grad.std())
        grad = backward(grad, x) @ w.T
    return [[round(100 * math.log10(s)) for s in some] for some in (signal, gradients[::-1])]


def shown(hundredths, watch, depth):
    """The bars: for a gradient, compared with what arrives at the last layer."""
    return [(h - watch * hundredths[depth - 1]) / 100 for h in hundredths[:depth]]


def bars(logs):
    scale = next(s for s in (1, 2, 4, 8, 16, 32, 64) if s >= max(map(abs, logs)))
    step = 290 / len(logs)
    lines = "".join(f'<path d="M44 {y}H336"/>' for y in (20, 95, 170))
    ticks = "".join(f'<text x="22" y="{y}">{power(e)}</text>' for y, e in ((20, scale), (95, 0), (170, -scale)))
    rects = "".join(
        f'<rect x="{45 + step * i + 0.1 * step:.1f}" y="{95 - max(v, 0) * 75 / scale:.1f}" width="{0.8 * step:.1f}" '
        f'height="{abs(v) * 75 / scale:.1f}"/>'
        for i, v in enumerate(logs)
    )
    foot = f'<text x="{45 + step / 2:.1f}" y="190">1</text>'
    if len(logs) > 1:
        foot += f'<text x="{335 - max(step / 2, 8):.1f}" y="190">{len(logs)}</text>'
    return f'{lines}<g>{rects}</g>{ticks}{foot}<text x="190" y="190">layer</text>'


def power(exponent):
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{raised}"


def written(log):
    """A number from its logarithm, with two digits: 0.21, 6.1, 1.2·10⁻⁷."""
    exponent = math.floor(log)
    if -3 <= exponent <= 3:
        return f"{float(f'{10**log:.2g}'):g}"
    return f"{10 ** (log - exponent):.1f}·{power(exponent)}"


def words(rule, activation, watch, logs):
    depth = len(logs)
    what = (
        f"gradient at layer 1, for 1 at layer {depth}" if watch else f"signal after layer {depth}, for 1 at the input"
    )
    sentence = f"{activation}, {rule}: the {what}: {written(logs[0 if watch else -1])}."
    if depth == 1:
        return f"{sentence}\nOne layer: give it more."
    per_layer = 10 ** ((logs[0] - logs[-1]) * (1 if watch else -1) / (depth - 1))
    verdict = "It fades." if per_layer < 0.97 else "It grows." if per_layer > 1.03 else "It stays."
    return f"{sentence}\nFrom layer to layer times {per_layer:.2f} on average. {verdict}"
