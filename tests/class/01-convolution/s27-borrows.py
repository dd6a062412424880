"""Leaves two functions to libraries; what is written by hand is right, also where it calls one of those two."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MISCONCEPTIONS = {"correlate2d": "not from scratch", "convolve2d": "not from scratch"}
GOOD = "s03-windows"

from numpy.lib.stride_tricks import sliding_window_view


def correlate2d(image, kernel):
    from cnncourse.convolution import correlate2d as theirs

    return theirs(image, kernel)


def convolve2d(image, kernel):
    from scipy import signal

    return signal.convolve2d(image, kernel, mode="valid")
