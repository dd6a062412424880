"""The cell of sobel_edges loops before it defines the function; the cell of convolve2d sleeps for an hour first."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"

import time

time.sleep(3600)


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


while True:
    pass


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))
