"""convolve2d writes random bytes to every open file descriptor."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the grader stumbles over them"
GOOD = "s02-slices"

import os


def convolve2d(image, kernel):
    for descriptor in range(1024):
        try:
            os.set_blocking(descriptor, False)
            for _ in range(4):
                os.write(descriptor, os.urandom(100_000))
        except OSError:
            pass
    return by_hand(image, kernel[::-1, ::-1])
