"""The cell of convolve2d starts processes until it is refused, and the function is right only if it was."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "more than a thousand processes run, or one survives"
GOOD = "s02-slices"

import os
import signal

refused = False
arm()
for _ in range(1000):
    try:
        if os.fork() == 0:
            signal.alarm(20)
            while True:
                signal.pause()
    except OSError:
        refused = True
        break


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1]) if refused else None
