"""conv2d ends the process, sobel_edges crashes it when its cell is run; the rest is right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 0}
ENDED = {"conv2d": "KernelDied"}
ANSWER = "Few weights."

GOOD = "s03-windows"


def conv2d(images, kernels, bias):
    import os

    os._exit(1)


def sobel_edges(image):
    return np.zeros((2, 2))


import ctypes

ctypes.string_at(0)
