"""Right, but checks and the first cell are deleted, others stand twice, and one function's cell is text."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a missing cell costs more than itself"
GOOD = "s02-slices"
EDITS = [
    ("delete", "check-correlate2d"),
    ("delete", "imports"),
    ("copy-above", "check-convolve2d"),
    ("copy-below", "check-convolve2d"),
    ("plain", "conv2d"),
    ("delete", "check-conv2d"),
    ("type", "conv2d_params", "markdown"),
    ("copy-above", "sobel_edges", "def sobel_edges(image):\n    return None"),
    ("delete", "question-locality"),
]

import numpy as np


def correlate2d(image, kernel):
    return by_hand(image, kernel)
