"""convolve2d ends the process with os._exit, and so does the cell of sobel_edges before its function."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
MUST_NOT = "the batch ends"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    import os

    os._exit(0)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


import os

os._exit(0)


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))
