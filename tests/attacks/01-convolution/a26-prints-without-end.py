"""The cell of sobel_edges prints for ever; convolve2d prints five megabytes at each call and is right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
MUST_NOT = "the memory fills up, or the feedback holds it all"
GOOD = "s02-slices"

import sys


def convolve2d(image, kernel):
    print("x" * 5_000_000)
    return by_hand(image, kernel[::-1, ::-1])


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


while True:
    print("edges " * 1000)
    sys.stdout.flush()


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))
