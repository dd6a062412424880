"""convolve2d returns from two processes at once, so that every question has two answers."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the second answer is taken for the next function's"
GOOD = "s02-slices"

import os


def convolve2d(image, kernel):
    if os.fork() == 0:
        raise SystemExit
    return by_hand(image, kernel[::-1, ::-1])
