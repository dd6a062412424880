"""Right, but writes hundreds of megabytes to the file descriptors of stdout and stderr."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the memory fills up, the process waits for a reader, or the terminal shows it"
GOOD = "s02-slices"

import os

for descriptor in (1, 2):
    for _ in range(100):
        os.write(descriptor, b"flood " * 200_000)


def convolve2d(image, kernel):
    for descriptor in (1, 2):
        os.write(descriptor, b"flood " * 200_000)
    return by_hand(image, kernel[::-1, ::-1])
