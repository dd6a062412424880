"""Eight numbers of a layer under dropout: the mask, what is passed on, and the mean over all masks so far.

The first mask is the library's, from a seed; the script draws the others. Three ways to scale can be compared.
"""

import numpy as np

from cnncourse.dropout import dropout
from figures import Still, buttons, choice, grid, number, panel, row, slider, switch

NUMBERS = [2, -1, 3, 1, 0, -2, 4, 1]
SCALED = ["in training (Keras)", "in prediction (2014)", "nowhere (a mistake)"]
CELL = 40


def draw(numbers=NUMBERS, rate=0.5):
    x = np.array(numbers, float)
    passed, mask = dropout(x, rate, np.random.default_rng(1))
    rows = [
        panel("numbers of the layer, x", grid([numbers], classes="dr-x", cell=CELL)),
        panel("mask, m", grid([mask], classes="of-kernel dr-m", cell=CELL)),
        panel("passed on, y", grid([passed], classes="dr-y", cell=CELL)),
        panel("mean of y over all masks so far", grid([passed], classes="dr-mean", cell=CELL)),
    ]
    controls = buttons("New mask", "100 masks", "Start again") + slider("rate", "Rate", 0, 0.9, rate, 0.1)
    controls += choice("scaled", "Scaled", SCALED) + switch("predict", "Predict")
    return Still(row(*rows), words(x, mask, passed, rate), controls, [numbers, mask.astype(int).tolist()])


def words(x, mask, passed, rate):
    return (
        f"Training, mask 1: {int(mask.sum())} of {len(x)} kept, each times 1/(1 − {number(rate)}) = "
        f"{number(1 / (1 - rate))}.\nThe sum of y is {number(passed.sum())}; that of x is {number(x.sum())}. "
        f"Over 1 mask the mean sum of y is {number(passed.sum())}."
    )
