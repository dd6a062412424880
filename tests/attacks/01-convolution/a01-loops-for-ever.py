"""convolve2d never ends."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    while True:
        pass
