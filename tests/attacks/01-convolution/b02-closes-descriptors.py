"""convolve2d closes every file descriptor, conv2d puts /dev/zero in their place."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the grader waits for an answer"
GOOD = "s02-slices"

import os


def convolve2d(image, kernel):
    os.closerange(0, 4096)
    return by_hand(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    zero = os.open("/dev/zero", os.O_RDWR)
    for descriptor in range(256):
        if descriptor != zero:
            os.dup2(zero, descriptor)
    return images
